package disposal

import (
	"context"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/know/place"
	"lanzha/work/clue"
)

// Body is a disposal as the API shows it.
type Body struct {
	ID              lanzha.ID       `json:"id"`
	Version         int64           `json:"version"`
	Batch           lanzha.ID       `json:"batch" doc:"shared by what was requested at once; empty for a single value"`
	Clue            lanzha.ID       `json:"clue"`
	ClueKind        clue.Kind       `json:"clueKind"`
	Value           string          `json:"value"`
	Institution     lanzha.ID       `json:"institution"`
	InstitutionName string          `json:"institutionName"`
	Kind            Kind            `json:"kind" enum:"shutdown,intercept,block,recheck,restore"`
	State           State           `json:"state" enum:"requested,approved,rejected,sent,acknowledged,done,refused,undone"`
	Category        Category        `json:"category" enum:"suspected,case,abnormal,spoofed,passed,objection,ended,mistaken"`
	CategoryText    Words           `json:"categoryText"`
	Reason          string          `json:"reason"`
	LegalBasis      string          `json:"legalBasis"`
	DocumentNo      string          `json:"documentNo"`
	Protected       bool            `json:"protected" doc:"the value stood on the protected list"`
	Region          lanzha.Region   `json:"region" doc:"of the unit that decides"`
	RegionName      string          `json:"regionName"`
	Unit            string          `json:"unit"`
	RequestedBy     lanzha.ID       `json:"requestedBy" doc:"empty: the end that was set beforehand"`
	RequestedAt     time.Time       `json:"requestedAt"`
	ApprovedBy      lanzha.ID       `json:"approvedBy" doc:"the second officer; empty where none was needed"`
	DecidedAt       *time.Time      `json:"decidedAt,omitempty"`
	DecisionNote    string          `json:"decisionNote" doc:"why it was rejected"`
	DueAt           time.Time       `json:"dueAt" doc:"the institution's deadline; after a recheck's notice, until when the user may verify"`
	SentAt          *time.Time      `json:"sentAt,omitempty"`
	AcknowledgedAt  *time.Time      `json:"acknowledgedAt,omitempty"`
	NoticedAt       *time.Time      `json:"noticedAt,omitempty" doc:"of a recheck: when the carrier told the user"`
	DoneAt          *time.Time      `json:"doneAt,omitempty" doc:"done or refused"`
	UndoneAt        *time.Time      `json:"undoneAt,omitempty"`
	Until           *time.Time      `json:"until,omitempty" doc:"when it is lifted by itself"`
	Undoes          lanzha.ID       `json:"undoes" doc:"of a restore: what it lifts"`
	LiftedBy        lanzha.ID       `json:"liftedBy" doc:"the restore that lifts it"`
	Escalation      int             `json:"escalation" doc:"0 none, 1 the institution's contact, 2 the leader on duty"`
	EscalatedTo     lanzha.ID       `json:"escalatedTo"`
	OverdueAt       *time.Time      `json:"overdueAt,omitempty"`
	Late            bool            `json:"late"`
	Outcome         string          `json:"outcome" doc:"of a recheck: verified or suspended"`
	Remark          string          `json:"remark" doc:"what the institution said: why it refused, or how it was done"`
	PlatformNo      string          `json:"platformNo"`
	Unreadable      string          `json:"unreadable" doc:"a receipt that could not be parsed, its first 2,000 characters"`
	Notice          string          `json:"notice" doc:"to the person concerned, as it was when sent; empty before"`
	NoticeEn        string          `json:"noticeEn"`
	Remedy          string          `json:"remedy"`
	RemedyEn        string          `json:"remedyEn"`
	Papers          []string        `json:"papers"`
	ServedHow       string          `json:"servedHow" enum:",sms,phone,counter,post,carrier"`
	ServedAt        *time.Time      `json:"servedAt,omitempty"`
	ServedBy        lanzha.ID       `json:"servedBy"`
	ServedNote      string          `json:"servedNote"`
	Objections      []ObjectionBody `json:"objections" doc:"of one disposal; lists carry none, and institutions see none"`
}

// ObjectionBody is an objection as the API shows it.
type ObjectionBody struct {
	ID         lanzha.ID  `json:"id"`
	At         time.Time  `json:"at"`
	By         lanzha.ID  `json:"by" doc:"the officer who took it"`
	Note       string     `json:"note"`
	AnsweredAt *time.Time `json:"answeredAt,omitempty"`
	AnsweredBy lanzha.ID  `json:"answeredBy"`
	Accepted   bool       `json:"accepted"`
	Answer     string     `json:"answer"`
}

func objectionBody(o Objection) ObjectionBody {
	return ObjectionBody{
		ID: o.ID, At: o.At, By: o.By, Note: o.Note, AnsweredAt: optional(o.AnsweredAt), AnsweredBy: o.AnsweredBy, Accepted: o.Accepted, Answer: o.Answer,
	}
}

// called is an institution's name; one that is gone has none.
func (d *Desk) called(ctx context.Context, id lanzha.ID) (string, error) {
	in, err := d.Clues.Directory.Get(ctx, d.Clues.DB.Read(), id)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return "", nil
	}
	return in.Name, err
}

func (d *Desk) body(ctx context.Context, o Disposal) (Body, error) {
	name, err := d.called(ctx, o.Institution)
	return d.bodyOf(o, name), err
}

func (d *Desk) bodyOf(o Disposal, institution string) Body {
	p := d.party(o.Region, institution)
	b := Body{
		ID: o.ID, Version: o.Version, Batch: o.Batch, Clue: o.Clue, ClueKind: o.ValueKind, Value: o.Value, Institution: o.Institution, InstitutionName: institution,
		Kind: o.Kind, State: o.State, Category: o.Category, CategoryText: categories[o.Category].Words, Reason: o.Reason, LegalBasis: o.LegalBasis,
		DocumentNo: o.DocumentNo, Protected: o.Protected, Region: o.Region, RegionName: place.FullName(o.Region), Unit: p.Unit,
		RequestedBy: o.RequestedBy, RequestedAt: o.RequestedAt, ApprovedBy: o.DecidedBy, DecidedAt: optional(o.DecidedAt), DecisionNote: o.DecisionNote,
		DueAt: o.DueAt, SentAt: optional(o.SentAt), AcknowledgedAt: optional(o.AcknowledgedAt), NoticedAt: optional(o.NoticedAt),
		DoneAt: optional(o.EndedAt), UndoneAt: optional(o.UndoneAt), Until: optional(o.Until), Undoes: o.Undoes, LiftedBy: o.LiftedBy,
		Escalation: o.Escalation, EscalatedTo: o.EscalatedTo, OverdueAt: optional(o.OverdueAt),
		Late: !o.OverdueAt.IsZero() || o.EndedAt.After(o.DueAt), Outcome: o.Outcome, Remark: o.Remark, PlatformNo: o.PlatformNo,
		Unreadable: firstText(o.Raw, 2000), Notice: o.Notice.ZH, NoticeEn: o.Notice.EN, Papers: o.Papers,
		ServedHow: o.Served.How, ServedAt: optional(o.Served.At), ServedBy: o.Served.By, ServedNote: o.Served.Note, Objections: []ObjectionBody{},
	}
	if o.Kind != Restore {
		way := remedy(p.Unit, p.Contact, institution)
		b.Remedy, b.RemedyEn = way.ZH, way.EN
	}
	if o.State == Rejected {
		b.ApprovedBy = ""
	}
	return b
}

// firstText is what can be shown of bytes that nobody could read.
func firstText(raw []byte, n int) string {
	r := []rune(strings.ToValidUTF8(string(raw), "\ufffd"))
	return string(r[:min(n, len(r))])
}

// resource is what the gate must know of a disposal. A restore takes nothing
// from anybody: it is not protected against.
func resource(o Disposal) auth.Resource {
	return auth.Resource{
		Type: "disposal", ID: o.ID, Region: o.Region, Institution: o.seenBy(), RequestedBy: o.RequestedBy,
		Protected: o.Protected && o.Kind != Restore, Document: o.DocumentNo,
	}
}

// read gives a disposal to those who may do the action to it.
func (d *Desk) read(ctx context.Context, may *auth.Decider, id lanzha.ID, action string) (Disposal, error) {
	o, err := d.Store.Get(ctx, d.Clues.DB.Read(), id)
	if err != nil {
		return o, err
	}
	return o, may.May(ctx, action, resource(o))
}
