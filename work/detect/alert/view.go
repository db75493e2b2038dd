package alert

import (
	"context"
	"regexp"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/know/place"
	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// Body is an alert as lists show it.
type Body struct {
	ID              lanzha.ID     `json:"id"`
	Version         int64         `json:"version"`
	State           State         `json:"state" enum:"new,taken,decided"`
	Severity        Severity      `json:"severity" enum:"low,medium,high"`
	Score           int           `json:"score" doc:"0 to 100"`
	Rule            string        `json:"rule" example:"goip-many-sims"`
	Title           feature.Words `json:"title" doc:"of the rule, as it was then"`
	Pack            string        `json:"pack"`
	PackVersion     int           `json:"packVersion"`
	Domain          string        `json:"domain" enum:"other,number,account,device,sim,cell,person,outlet" doc:"what the subject is"`
	Subject         string        `json:"subject" doc:"persons are masked: POST reveal shows them on a stated purpose; auditors see every subject masked"`
	Reasons         feature.Words `json:"reasons" doc:"in words, with the values that fired"`
	At              time.Time     `json:"at" doc:"of the event"`
	RaisedAt        time.Time     `json:"raisedAt"`
	Region          lanzha.Region `json:"region"`
	RegionName      string        `json:"regionName"`
	Becomes         string        `json:"becomes" enum:"clue,warning,referral,none" doc:"what the rule wanted"`
	Decision        Decision      `json:"decision" enum:",clue,warning,referral,dismissed" doc:"empty until decided"`
	AtOnce          bool          `json:"atOnce" doc:"the rule decided, and no officer"`
	Institution     lanzha.ID     `json:"institution" doc:"to which a warning or a referral was handed; empty: nobody yet"`
	InstitutionName string        `json:"institutionName"`
	TakenBy         lanzha.ID     `json:"takenBy"`
	TakenByName     string        `json:"takenByName"`
	DecidedAt       *time.Time    `json:"decidedAt,omitempty"`
	ReceivedAt      *time.Time    `json:"receivedAt,omitempty" doc:"when the institution said that it has it"`
	CheckedAt       *time.Time    `json:"checkedAt,omitempty" doc:"when the institution said what it found"`
	Verdict         Verdict       `json:"verdict" enum:",right,wrong,unsure" doc:"the latest feedback"`
	Clue            lanzha.ID     `json:"clue" doc:"that came of it"`
}

// FeedbackBody is what somebody found.
type FeedbackBody struct {
	ID              lanzha.ID `json:"id"`
	Verdict         Verdict   `json:"verdict" enum:"right,wrong,unsure"`
	Note            string    `json:"note"`
	By              lanzha.ID `json:"by"`
	ByName          string    `json:"byName"`
	Institution     lanzha.ID `json:"institution" doc:"empty: the centre"`
	InstitutionName string    `json:"institutionName"`
	At              time.Time `json:"at"`
}

// Page is an alert with all that is known of it.
type Page struct {
	Body
	PackSHA       string            `json:"packSha" doc:"SHA-256 of the rules that raised it"`
	EventKind     string            `json:"eventKind" enum:"call,message,transfer,registration"`
	EventID       string            `json:"eventId"`
	Values        []NamedValue      `json:"values" doc:"that fired: a decimal number, yuan, or a time"`
	Note          string            `json:"note" doc:"of the decision"`
	DecidedBy     lanzha.ID         `json:"decidedBy" doc:"empty: the rule"`
	DecidedByName string            `json:"decidedByName"`
	TakenAt       *time.Time        `json:"takenAt,omitempty"`
	Next          feature.Words     `json:"next" doc:"what happens now, and what this house does not do"`
	Clueable      bool              `json:"clueable" doc:"a clue can be opened about the subject"`
	Evidence      Evidence          `json:"evidence" doc:"the subject's last seven days and its neighbours; an institution and an auditor see no neighbours"`
	Feedback      []FeedbackBody    `json:"feedback" doc:"the newest first; an institution sees its own"`
	Suppressions  []SuppressionBody `json:"suppressions" doc:"of the subject, in force"`
	Others        []Body            `json:"others" doc:"other alerts about the subject in your scope, the newest first, 20 at most"`
}

// resource is what the gate is asked.
func resource(a Alert) auth.Resource {
	return auth.Resource{Type: "alert", ID: a.ID, Region: a.Region, Institution: a.Institution}
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// viewer is who looks, and names institutions and accounts, each read once.
type viewer struct {
	desk  *Desk
	actor auth.Actor
	clear bool // sees subjects: those who work on alerts, and who they were handed to
	known map[lanzha.ID]string
}

func (d *Desk) viewer(ctx context.Context, may *auth.Decider) viewer {
	actor, _ := auth.ActorFrom(ctx)
	return viewer{d, actor, actor.Institution != "" || may.Gate(ctx, "alert.decide") == nil, map[lanzha.ID]string{}}
}

func (v viewer) name(id lanzha.ID, read func() (string, error)) (string, error) {
	if id == "" {
		return "", nil
	}
	if name, ok := v.known[id]; ok {
		return name, nil
	}
	name, err := read()
	if err != nil && lanzha.CodeOf(err) != lanzha.CodeNotFound {
		return "", err
	}
	v.known[id] = name
	return name, nil
}

func (v viewer) institution(ctx context.Context, id lanzha.ID) (string, error) {
	return v.name(id, func() (string, error) {
		in, err := v.desk.Directory.Get(ctx, v.desk.DB.Read(), id)
		return in.Name, err
	})
}

func (v viewer) account(ctx context.Context, id lanzha.ID) (string, error) {
	return v.name(id, func() (string, error) { return v.desk.OfficerName(ctx, v.desk.DB.Read(), id) })
}

// subject is a subject as the viewer may see it.
func (v viewer) subject(s Subject) string {
	if v.clear && s.Domain != feed.Person {
		return s.Value
	}
	return lanzha.Mask(s.Value)
}

// long are the digits of a number or an account in a text.
var long = regexp.MustCompile(`\+?[0-9]{7,}`)

// text is a text about a subject as the viewer may see it: an auditor reads
// what was said and no number.
func (v viewer) text(s Subject, text string) string {
	if s.Domain == feed.Person || !v.clear {
		text = strings.ReplaceAll(text, s.Value, lanzha.Mask(s.Value))
	}
	if v.clear {
		return text
	}
	return long.ReplaceAllStringFunc(text, lanzha.Mask)
}

func (v viewer) body(ctx context.Context, a Alert) (Body, error) {
	b := Body{
		ID: a.ID, Version: a.Version, State: a.State, Severity: a.Severity, Score: a.Score, Rule: a.Key.Rule, Title: a.Title, Pack: a.Pack, PackVersion: a.PackVersion,
		Domain: DomainName(a.Subject.Domain), Subject: v.subject(a.Subject),
		Reasons: feature.Words{ZH: v.text(a.Subject, a.Reasons.ZH), EN: v.text(a.Subject, a.Reasons.EN)},
		At:      a.At, RaisedAt: a.RaisedAt, Region: a.Region, RegionName: place.FullName(a.Region), Becomes: a.Becomes, Decision: a.Decision, AtOnce: a.AtOnce(),
		Institution: a.Institution, TakenBy: a.TakenBy,
		DecidedAt: optional(a.DecidedAt), ReceivedAt: optional(a.ReceivedAt), CheckedAt: optional(a.CheckedAt), Verdict: a.Verdict, Clue: a.Clue,
	}
	var err error
	if b.InstitutionName, err = v.institution(ctx, a.Institution); err != nil {
		return b, err
	}
	b.TakenByName, err = v.account(ctx, a.TakenBy)
	return b, err
}

// page reads all that is shown of an alert.
func (d *Desk) page(ctx context.Context, may *auth.Decider, a Alert) (Page, error) {
	v, q := d.viewer(ctx, may), d.DB.Read()
	body, err := v.body(ctx, a)
	if err != nil {
		return Page{}, err
	}
	p := Page{
		Body: body, PackSHA: a.PackSHA, EventKind: a.Kind.String(), EventID: a.EventID, Values: a.Values, Note: v.text(a.Subject, a.Note), DecidedBy: a.DecidedBy,
		TakenAt: optional(a.TakenAt), Next: a.next(), Clueable: a.Subject.Clueable(), Feedback: []FeedbackBody{}, Suppressions: []SuppressionBody{}, Others: []Body{},
	}
	if p.DecidedByName, err = v.account(ctx, a.DecidedBy); err != nil {
		return p, err
	}
	if p.Evidence, err = d.Store.Evidence(ctx, q, a.ID); err != nil {
		return p, err
	}
	if v.actor.Institution != "" || !v.clear {
		p.Evidence.Neighbours = []Neighbour{}
	}
	for i, n := range p.Evidence.Neighbours {
		if domain, _ := ParseDomain(n.Domain); domain == feed.Person {
			p.Evidence.Neighbours[i].Value = lanzha.Mask(n.Value)
		}
	}
	if p.Feedback, err = d.feedback(ctx, v, a); err != nil {
		return p, err
	}
	if v.actor.Institution == "" {
		found, err := d.Store.Suppressions(ctx, q, SuppressionFilter{Scope: auth.Scope{All: true}, Subject: &a.Subject, InForceAt: d.Now(), Limit: 20})
		if err != nil {
			return p, err
		}
		for _, s := range found {
			b, err := d.suppressionBody(ctx, v, s)
			if err != nil {
				return p, err
			}
			p.Suppressions = append(p.Suppressions, b)
		}
	}
	p.Others, err = d.others(ctx, may, v, a)
	return p, err
}

func (d *Desk) feedback(ctx context.Context, v viewer, a Alert) ([]FeedbackBody, error) {
	found, err := d.Store.FeedbackOf(ctx, d.DB.Read(), a.ID)
	out := []FeedbackBody{}
	for _, f := range found {
		if v.actor.Institution != "" && f.Institution != v.actor.Institution {
			continue
		}
		b := FeedbackBody{ID: f.ID, Verdict: f.Verdict, Note: v.text(a.Subject, f.Note), By: f.Actor, Institution: f.Institution, At: f.At}
		if b.ByName, err = v.account(ctx, f.Actor); err != nil {
			return nil, err
		}
		if b.InstitutionName, err = v.institution(ctx, f.Institution); err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, err
}

// others are the other alerts about the subject in the viewer's scope.
func (d *Desk) others(ctx context.Context, may *auth.Decider, v viewer, a Alert) ([]Body, error) {
	scope, err := may.ScopeOf(ctx, "alert.list")
	if err != nil {
		return nil, err
	}
	found, err := d.Store.List(ctx, d.DB.Read(), Filter{Scope: scope, Subject: &a.Subject, Limit: 21})
	out := []Body{}
	for _, other := range found {
		if other.ID == a.ID || len(out) == 20 {
			continue
		}
		b, err := v.body(ctx, other)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, err
}

// next says plainly what happens to the alert now.
func (a Alert) next() feature.Words {
	switch {
	case a.Decision == DecisionClue:
		return feature.Words{ZH: "已转为线索，按线索核查。", EN: "It is a clue now, and is verified as one."}
	case a.Decision == DecisionWarning && a.Institution == "":
		return feature.Words{ZH: "待劝阻，尚未交办：名录中没有管辖该地的派出所，请指定单位。", EN: "A warning is due and nobody has it: the directory knows no police of the place. Name a unit."}
	case a.Decision == DecisionWarning:
		return feature.Words{
			ZH: "已列入该单位待劝阻名单，由社区民警联系本人。本系统尚不记录劝阻过程，结果请以反馈填写。",
			EN: "It stands in the unit's list of warnings due; the community police speak to the person. This house does not keep the talk itself yet: say what came of it as feedback.",
		}
	case a.Decision == DecisionReferral && a.CheckedAt.IsZero():
		return feature.Words{ZH: "已转协作单位自行核查，等待反馈；转办不是止付或关停要求。", EN: "Handed to the institution for its own checks, whose answer is awaited. It is no order to stop anything."}
	case a.Decision == DecisionReferral:
		return feature.Words{ZH: "协作单位已反馈核查结果。", EN: "The institution has said what it found."}
	case a.Decision == DecisionDismissed:
		return feature.Words{ZH: "已排除，不再处理。", EN: "Dismissed; nothing more is done."}
	case a.Becomes == string(DecisionClue) && !a.Subject.Clueable():
		return feature.Words{ZH: "模型建议转线索，但此类对象无单位可核查，请人工决定。", EN: "The rule asks for a clue, but nobody can be asked about such a subject: an officer decides."}
	case a.Becomes == string(DecisionReferral):
		return feature.Words{ZH: "模型建议转协作单位，但名录中没有持有该对象的单位，请人工决定。", EN: "The rule asks for a referral, but the directory knows nobody who holds the subject: an officer decides."}
	}
	return feature.Words{ZH: "等待人工决定。", EN: "An officer decides."}
}
