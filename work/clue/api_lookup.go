package clue

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
)

// PersonBody is who opened a line, masked.
type PersonBody struct {
	Name     string `json:"name"`
	IDNumber string `json:"idNumber"`
}

// AnswerBody is an answer as the API shows it: the person is masked.
type AnswerBody struct {
	Subscriber     *PersonBody `json:"subscriber,omitempty" doc:"masked; POST reveal shows it on a stated purpose"`
	Outlet         string      `json:"outlet"`
	OpenedOn       string      `json:"openedOn"`
	InstallAddress string      `json:"installAddress"`
	AddressRole    string      `json:"addressRole"`
	LineStatus     string      `json:"lineStatus"`
	Location       string      `json:"location" doc:"masked"`
	Reason         string      `json:"reason" doc:"why it was refused"`
	PlatformNo     string      `json:"platformNo"`
	At             *time.Time  `json:"at,omitempty" doc:"the institution's own time"`
	Unreadable     string      `json:"unreadable" doc:"what came and could not be parsed, its first 2,000 characters"`
}

// LookupBody is a lookup as the API shows it.
type LookupBody struct {
	ID                 lanzha.ID   `json:"id"`
	Version            int64       `json:"version"`
	Clue               lanzha.ID   `json:"clue"`
	ClueKind           Kind        `json:"clueKind"`
	ClueValue          string      `json:"clueValue"`
	Truth              Truth       `json:"truth" doc:"the presented number may be false"`
	Institution        lanzha.ID   `json:"institution"`
	InstitutionName    string      `json:"institutionName"`
	State              LookupState `json:"state" enum:"asked,sent,overdue,answered,refused,unreadable,cancelled"`
	Fields             []Field     `json:"fields"`
	Officers           []string    `json:"officers"`
	Purpose            string      `json:"purpose"`
	LegalBasis         string      `json:"legalBasis"`
	DocumentNo         string      `json:"documentNo"`
	LocationDecisionNo string      `json:"locationDecisionNo"`
	AskedBy            lanzha.ID   `json:"askedBy" doc:"empty when a report asked by itself"`
	AskedAt            time.Time   `json:"askedAt"`
	DueAt              time.Time   `json:"dueAt"`
	SentAt             *time.Time  `json:"sentAt,omitempty"`
	AnsweredAt         *time.Time  `json:"answeredAt,omitempty"`
	TookMS             int64       `json:"tookMs" doc:"from asked to answered; 0 while open"`
	Late               bool        `json:"late"`
	Escalation         int         `json:"escalation" doc:"0 none, 1 the institution's contact, 2 the leader on duty"`
	EscalatedTo        lanzha.ID   `json:"escalatedTo"`
	Answer             *AnswerBody `json:"answer,omitempty"`
}

// lookupBody renders a lookup; c is its clue.
func (d *Desk) lookupBody(ctx context.Context, l Lookup, c Clue) (LookupBody, error) {
	in, err := d.Directory.Get(ctx, d.DB.Read(), l.Institution)
	if err != nil && lanzha.CodeOf(err) != lanzha.CodeNotFound {
		return LookupBody{}, err
	}
	b := LookupBody{
		ID: l.ID, Version: l.Version, Clue: l.Clue, ClueKind: c.Kind, ClueValue: c.Value, Truth: c.Truth,
		Institution: l.Institution, InstitutionName: in.Name, State: l.State, Fields: l.Fields, Officers: l.Officers,
		Purpose: l.Purpose, LegalBasis: l.LegalBasis, DocumentNo: l.DocumentNo, LocationDecisionNo: l.LocationDecisionNo,
		AskedBy: l.AskedBy, AskedAt: l.AskedAt, DueAt: l.DueAt, SentAt: optional(l.SentAt), AnsweredAt: optional(l.AnsweredAt),
		TookMS: l.Took().Milliseconds(), Late: l.State == LookupOverdue || l.AnsweredAt.After(l.DueAt),
		Escalation: l.Escalation, EscalatedTo: l.EscalatedTo,
	}
	if l.Answer.State == "" {
		return b, nil
	}
	a := l.Answer
	b.Answer = &AnswerBody{
		Outlet: a.Outlet, OpenedOn: a.OpenedOn, InstallAddress: a.InstallAddress, AddressRole: a.AddressRole, LineStatus: a.LineStatus,
		Location: lanzha.Mask(a.Location), Reason: a.Reason, PlatformNo: a.PlatformNo, At: optional(a.At), Unreadable: firstText(a.Raw, 2000),
	}
	if a.Subscriber != nil {
		b.Answer.Subscriber = &PersonBody{Name: lanzha.Mask(a.Subscriber.Name), IDNumber: lanzha.Mask(a.Subscriber.IDNumber)}
	}
	return b, nil
}

// firstText is what can be shown of bytes that nobody could read.
func firstText(raw []byte, n int) string {
	r := []rune(strings.ToValidUTF8(string(raw), "\ufffd"))
	return string(r[:min(n, len(r))])
}

func lookupResource(l Lookup) auth.Resource {
	return auth.Resource{Type: "lookup", ID: l.ID, Region: l.Region, Institution: l.Institution, RequestedBy: l.AskedBy, Document: l.LocationDecisionNo}
}

func (d *Desk) readLookup(ctx context.Context, may *auth.Decider, id lanzha.ID, action string) (Lookup, Clue, error) {
	l, err := d.Store.Lookup(ctx, d.DB.Read(), id)
	if err != nil {
		return l, Clue{}, err
	}
	if err := may.May(ctx, action, lookupResource(l)); err != nil {
		return l, Clue{}, err
	}
	c, err := d.Store.Get(ctx, d.DB.Read(), l.Clue)
	return l, c, err
}

// AskBody is a question as it is handed in.
type AskBody struct {
	Clues              []lanzha.ID   `json:"clues" minItems:"1" maxItems:"200"`
	Institutions       []lanzha.ID   `json:"institutions,omitempty" maxItems:"20" doc:"default: whom the directory routes to"`
	Fields             []Field       `json:"fields,omitempty" maxItems:"6" enum:"subscriber,outlet,openedOn,installAddress,status,location" doc:"default: the usual fields"`
	Officers           []string      `json:"officers,omitempty" maxItems:"4" doc:"who stands for it; default you"`
	Purpose            string        `json:"purpose" minLength:"2" maxLength:"200"`
	LegalBasis         string        `json:"legalBasis" minLength:"2" maxLength:"200"`
	DocumentNo         string        `json:"documentNo,omitempty" maxLength:"100" doc:"调取证据通知书; accounts need one"`
	LocationDecisionNo string        `json:"locationDecisionNo,omitempty" maxLength:"100" doc:"the recorded decision; location needs one"`
	DeadlineSeconds    int64         `json:"deadlineSeconds,omitempty" minimum:"0" maximum:"7776000" doc:"default: the institution's own target"`
	Region             lanzha.Region `json:"region,omitempty" maxLength:"6" doc:"the unit that asks; default your own"`
}

func (b AskBody) ask(actor auth.Actor) Ask {
	a := Ask{
		Fields: b.Fields, Officers: b.Officers, Purpose: b.Purpose, LegalBasis: b.LegalBasis, DocumentNo: b.DocumentNo,
		LocationDecisionNo: b.LocationDecisionNo, Deadline: time.Duration(b.DeadlineSeconds) * time.Second, AskedBy: actor.ID, Region: b.Region,
	}
	if len(a.Officers) == 0 {
		a.Officers = []string{actor.Name}
	}
	if a.Region == "" {
		a.Region = actor.Region
	}
	return a
}

// allowed asks the gate for a question: the region that asks must be the
// caller's, and location is an action of its own.
func allowed(ctx context.Context, may *auth.Decider, a Ask) error {
	if err := may.May(ctx, "lookup.ask", auth.Resource{Type: "lookup", Region: a.Region}); err != nil {
		return err
	}
	if slices.Contains(a.Fields, FieldLocation) {
		return may.May(ctx, "lookup.location", auth.Resource{Type: "lookup", Region: a.Region, Document: a.LocationDecisionNo})
	}
	return nil
}

func (d *Desk) mountLookups(a *api.API, may *auth.Decider) {
	type manyOut struct{ Body api.List[LookupBody] }
	type askIn struct {
		api.Create
		Body AskBody
	}
	api.Register(a, api.Op{ID: "askLookups", Method: http.MethodPost, Path: "/lookups", Action: "lookup.ask", Summary: "Ask institutions about clues, at once and in parallel", Status: http.StatusCreated},
		func(ctx context.Context, in *askIn) (*manyOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			ask := in.Body.ask(actor)
			if err := allowed(ctx, may, ask); err != nil {
				return nil, err
			}
			for _, id := range in.Body.Clues {
				if _, err := d.read(ctx, may, id, "clue.read"); err != nil {
					return nil, err
				}
			}
			items, err := api.Once(ctx, d.DB, actor.ID, in.Key, in.Body, d.Now(), func(tx *sqldb.Tx) ([]lanzha.ID, error) {
				ids := []lanzha.ID{}
				for _, id := range in.Body.Clues {
					c, err := d.Store.Get(ctx, tx, id)
					if err != nil {
						return nil, err
					}
					asked, err := d.Ask(ctx, tx, c, in.Body.Institutions, ask)
					if err != nil {
						return nil, err
					}
					for _, l := range asked {
						ids = append(ids, l.ID)
					}
				}
				return ids, nil
			})
			if err != nil {
				return nil, err
			}
			out := &manyOut{api.List[LookupBody]{Items: []LookupBody{}}}
			for _, id := range items {
				l, c, err := d.readLookup(ctx, may, id, "lookup.read")
				if err != nil {
					return nil, err
				}
				b, err := d.lookupBody(ctx, l, c)
				if err != nil {
					return nil, err
				}
				out.Body.Items = append(out.Body.Items, b)
			}
			return out, nil
		})

	type listIn struct {
		api.Page
		State       LookupState   `query:"state" enum:"asked,sent,overdue,answered,refused,unreadable,cancelled" default:"sent"`
		Region      lanzha.Region `query:"region"`
		Institution lanzha.ID     `query:"institution" maxLength:"26"`
		Escalated   bool          `query:"escalated" doc:"those escalated to you"`
	}
	api.Register(a, api.Op{ID: "listLookups", Method: http.MethodGet, Path: "/lookups", Action: "lookup.list", Summary: "List questions, the soonest deadline first; an institution sees its own"},
		func(ctx context.Context, in *listIn) (*manyOut, error) {
			scope, err := may.ScopeOf(ctx, "lookup.list")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			f := LookupFilter{Region: scope.Region, Institution: scope.Institution, State: in.State, Limit: in.Limit + 1}
			if f.Institution == "" {
				f.Institution = in.Institution
			}
			if in.Escalated {
				actor, _ := auth.ActorFrom(ctx)
				f.EscalatedTo = actor.ID
			}
			var key LookupKey
			if more, err := in.After(&key); err != nil {
				return nil, err
			} else if more {
				f.After = &key
			}
			lookups, err := d.Store.Lookups(ctx, d.DB.Read(), f)
			if err != nil {
				return nil, err
			}
			page := api.NewList(lookups, in.Limit, func(l Lookup) any { return LookupKey{Due: lanzha.At(l.DueAt), ID: l.ID} })
			out := &manyOut{api.List[LookupBody]{Items: []LookupBody{}, Next: page.Next}}
			for _, l := range page.Items {
				c, err := d.Store.Get(ctx, d.DB.Read(), l.Clue)
				if err != nil {
					return nil, err
				}
				b, err := d.lookupBody(ctx, l, c)
				if err != nil {
					return nil, err
				}
				out.Body.Items = append(out.Body.Items, b)
			}
			return out, nil
		})

	type oneOut = api.One[LookupBody]
	one := func(ctx context.Context, l Lookup, c Clue) (*oneOut, error) {
		b, err := d.lookupBody(ctx, l, c)
		return api.NewOne(l.Version, b), err
	}
	api.Register(a, api.Op{ID: "getLookup", Method: http.MethodGet, Path: "/lookups/{id}", Action: "lookup.read", Summary: "Read a question and its answer"},
		func(ctx context.Context, in *IDIn) (*oneOut, error) {
			l, c, err := d.readLookup(ctx, may, in.ID, "lookup.read")
			if err != nil {
				return nil, err
			}
			return one(ctx, l, c)
		})

	// settle brings an answer typed in by a person: the institution's officer,
	// or one of ours with a paper in hand.
	settle := func(ctx context.Context, id lanzha.ID, change api.Change, action string, answer Answer) (*oneOut, error) {
		version, err := change.Version()
		if err != nil {
			return nil, err
		}
		l, c, err := d.readLookup(ctx, may, id, action)
		if err != nil {
			return nil, err
		}
		if l.Version != version {
			return nil, lanzha.Conflict("somebody changed this question before you")
		}
		actor, _ := auth.ActorFrom(ctx)
		err = d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			l, err = d.Receive(ctx, tx, id, answer, d.Now(), actor.ID)
			return err
		})
		if err != nil {
			return nil, err
		}
		return one(ctx, l, c)
	}
	type answerIn struct {
		IDIn
		api.Change
		Body struct {
			Subscriber     *Person `json:"subscriber,omitempty"`
			Outlet         string  `json:"outlet,omitempty" maxLength:"200"`
			OpenedOn       string  `json:"openedOn,omitempty" format:"date"`
			InstallAddress string  `json:"installAddress,omitempty" maxLength:"300"`
			AddressRole    string  `json:"addressRole,omitempty" enum:"installation,use,id,outlet,mass,unknown"`
			LineStatus     string  `json:"lineStatus,omitempty" maxLength:"50"`
			Location       string  `json:"location,omitempty" maxLength:"300"`
		}
	}
	api.Register(a, api.Op{ID: "answerLookup", Method: http.MethodPost, Path: "/lookups/{id}/answer", Action: "lookup.answer", Summary: "Answer a question"},
		func(ctx context.Context, in *answerIn) (*oneOut, error) {
			b := in.Body
			if b.Subscriber == nil && b.Outlet+b.OpenedOn+b.InstallAddress+b.LineStatus+b.Location == "" {
				return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "body", Message: "the answer says nothing", Hint: "fill in what is known, or refuse with the reason"}
			}
			if b.OpenedOn != "" {
				if day, err := time.Parse(time.DateOnly, b.OpenedOn); err != nil || day.Year() < 1950 || day.After(d.Now().AddDate(0, 0, 1)) {
					return nil, lanzha.Invalid("body.openedOn", "a line was opened between 1950 and today")
				}
			}
			return settle(ctx, in.ID, in.Change, "lookup.answer", Answer{
				State: AnswerAnswered, Subscriber: b.Subscriber, Outlet: b.Outlet, OpenedOn: b.OpenedOn, InstallAddress: b.InstallAddress,
				AddressRole: b.AddressRole, LineStatus: b.LineStatus, Location: b.Location, At: d.Now(),
			})
		})

	type reasonIn struct {
		IDIn
		api.Change
		Body struct {
			Reason string `json:"reason" minLength:"2" maxLength:"500"`
		}
	}
	api.Register(a, api.Op{ID: "refuseLookup", Method: http.MethodPost, Path: "/lookups/{id}/refuse", Action: "lookup.refuse", Summary: "Refuse a question with the reason"},
		func(ctx context.Context, in *reasonIn) (*oneOut, error) {
			return settle(ctx, in.ID, in.Change, "lookup.refuse", Answer{State: AnswerRefused, Reason: in.Body.Reason, At: d.Now()})
		})
	api.Register(a, api.Op{ID: "cancelLookup", Method: http.MethodPost, Path: "/lookups/{id}/cancel", Action: "lookup.cancel", Summary: "Withdraw a question"},
		func(ctx context.Context, in *reasonIn) (*oneOut, error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			l, c, err := d.readLookup(ctx, may, in.ID, "lookup.cancel")
			if err != nil {
				return nil, err
			}
			if l.Version != version {
				return nil, lanzha.Conflict("somebody changed this question before you")
			}
			actor, _ := auth.ActorFrom(ctx)
			if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
				l, err = d.Withdraw(ctx, tx, in.ID, in.Body.Reason, actor.ID)
				return err
			}); err != nil {
				return nil, err
			}
			return one(ctx, l, c)
		})

	type revealIn struct {
		IDIn
		Body struct {
			Field   string `json:"field" enum:"subscriber.name,subscriber.idNumber,location"`
			Purpose string `json:"purpose" minLength:"2" maxLength:"200"`
		}
	}
	type revealOut struct{ Body api.Revealed }
	api.Register(a, api.Op{ID: "revealLookup", Method: http.MethodPost, Path: "/lookups/{id}/reveal", Action: "reveal", Summary: "Show a masked field on a stated purpose"},
		func(ctx context.Context, in *revealIn) (*revealOut, error) {
			l, err := d.Store.Lookup(ctx, d.DB.Read(), in.ID)
			if err != nil {
				return nil, err
			}
			what := lookupResource(l)
			what.Purpose = in.Body.Purpose
			if err := may.May(ctx, "reveal", what); err != nil {
				return nil, err
			}
			value := l.Answer.Location
			if l.Answer.Subscriber != nil {
				switch in.Body.Field {
				case "subscriber.name":
					value = l.Answer.Subscriber.Name
				case "subscriber.idNumber":
					value = l.Answer.Subscriber.IDNumber
				}
			} else if in.Body.Field != "location" {
				value = ""
			}
			actor, _ := auth.ActorFrom(ctx)
			shown := l
			shown.Purpose = in.Body.Purpose
			if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
				return d.note(ctx, tx, "lookup.revealed", shown, actor.ID, map[string]any{"field": in.Body.Field})
			}); err != nil {
				return nil, err
			}
			return &revealOut{api.Reveal(value, d.Now())}, nil
		})

	type importIn struct {
		api.Create
		RawBody []byte `contentType:"text/csv"`
	}
	type importOut struct{ Body api.Imported }
	api.Register(a, api.Op{ID: "importLookups", Method: http.MethodPost, Path: "/lookups/import", Action: "lookup.import", Summary: "Ask about many values from a CSV file", MaxBody: 16 << 20, AnyBytes: true},
		func(ctx context.Context, in *importIn) (*importOut, error) {
			out, err := d.Import(ctx, string(in.RawBody), in.Key, may)
			return &importOut{out}, err
		})

	d.mountFigures(a, may)
}

func (d *Desk) mountFigures(a *api.API, may *auth.Decider) {
	type figuresBody struct {
		Institution lanzha.ID `json:"institution"`
		Name        string    `json:"name"`
		TargetS     int64     `json:"targetS" doc:"its own answer target in seconds; 0 is none stated"`
		Asked       int64     `json:"asked"`
		Answered    int64     `json:"answered"`
		Refused     int64     `json:"refused"`
		Pending     int64     `json:"pending"`
		Due         int64     `json:"due" doc:"answered, refused, or past the deadline: what the share is of"`
		InTime      int64     `json:"inTime"`
		Share       *float64  `json:"share,omitempty" doc:"inTime / due; absent when nothing was due"`
		P50MS       int64     `json:"p50Ms"`
		P95MS       int64     `json:"p95Ms"`
	}
	type figuresIn struct {
		From   time.Time     `query:"from" doc:"default 24 hours ago"`
		To     time.Time     `query:"to" doc:"default now"`
		Region lanzha.Region `query:"region"`
	}
	type figuresOut struct{ Body api.List[figuresBody] }
	api.Register(a, api.Op{ID: "institutionFigures", Method: http.MethodGet, Path: "/figures/institutions", Action: "figures.read", Summary: "How fast institutions answer"},
		func(ctx context.Context, in *figuresIn) (*figuresOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			if in.To.IsZero() {
				in.To = d.Now()
			}
			if in.From.IsZero() {
				in.From = in.To.Add(-24 * time.Hour)
			}
			if !in.From.Before(in.To) || in.To.Sub(in.From) > 366*24*time.Hour {
				return nil, lanzha.Invalid("query.from", "a period ends after it begins and lasts a year at most")
			}
			scope, err := auth.Scope{All: actor.Region == "", Region: actor.Region}.Narrow(in.Region)
			if err != nil {
				return nil, err
			}
			figures, err := d.Figures(ctx, scope.Region, in.From, in.To)
			if err != nil {
				return nil, err
			}
			out := &figuresOut{api.List[figuresBody]{Items: []figuresBody{}}}
			for _, f := range figures {
				if actor.Institution != "" && f.Institution != actor.Institution {
					continue // an institution sees its own figures
				}
				known, err := d.Directory.Get(ctx, d.DB.Read(), f.Institution)
				if err != nil && lanzha.CodeOf(err) != lanzha.CodeNotFound {
					return nil, err
				}
				b := figuresBody{
					Institution: f.Institution, Name: known.Name, TargetS: int64(known.AnswerTarget / time.Second), Asked: f.Asked, Answered: f.Answered,
					Refused: f.Refused, Pending: f.Pending, Due: f.Due, InTime: f.InTime, P50MS: f.P50.Milliseconds(), P95MS: f.P95.Milliseconds(),
				}
				if f.Due > 0 {
					share := float64(f.InTime) / float64(f.Due)
					b.Share = &share
				}
				out.Body.Items = append(out.Body.Items, b)
			}
			return out, nil
		})
}

var lookupColumnsCSV = []string{"value", "region", "institution", "purpose", "legal_basis", "document_no", "officers"}

// Import asks about the value of each good row; institution is a code of the
// directory, empty for whom it routes to.
func (d *Desk) Import(ctx context.Context, file, key string, may *auth.Decider) (api.Imported, error) {
	actor, _ := auth.ActorFrom(ctx)
	return api.ImportCSV(strings.NewReader(file), []string{"value", "region", "purpose", "legal_basis"}, lookupColumnsCSV, func(row api.CSVRow) error {
		region := lanzha.Region(row.Get("region"))
		if !region.Valid() {
			return lanzha.Invalid("region", "a region has six digits, as 530114")
		}
		body := AskBody{Purpose: row.Get("purpose"), LegalBasis: row.Get("legal_basis"), DocumentNo: row.Get("document_no"), Region: region}
		if names := row.Get("officers"); names != "" {
			body.Officers = strings.FieldsFunc(names, func(r rune) bool { return strings.ContainsRune(";,、 ", r) })
		}
		if err := allowed(ctx, may, body.ask(actor)); err != nil {
			return lanzha.Invalid("region", "outside your scope")
		}
		kind, value, err := Canonical(row.Get("value"), d.Now())
		if err != nil {
			return lanzha.Invalid("value", "is no number, account, site or name that can be verified")
		}
		var to []lanzha.ID
		if code := row.Get("institution"); code != "" {
			in, err := d.Directory.ByCode(ctx, d.DB.Read(), code)
			if err != nil {
				return lanzha.Invalid("institution", "the directory has no institution with this code")
			}
			to = []lanzha.ID{in.ID}
		}
		rowKey := ""
		if key != "" {
			rowKey = key + "#" + strconv.Itoa(row.N)
		}
		_, err = api.Once(ctx, d.DB, actor.ID, rowKey, []any{value, body, to}, d.Now(), func(tx *sqldb.Tx) (int, error) {
			c, _, err := d.Open(ctx, tx, kind, value, Source{Kind: "officer", Region: region, At: d.Now()}, "", actor.ID)
			if err != nil {
				return 0, err
			}
			asked, err := d.Ask(ctx, tx, c, to, body.ask(actor))
			return len(asked), err
		})
		return err
	})
}

// Withdraw cancels a question. What has left the house is not unsaid: an
// answer that still comes is refused.
func (d *Desk) Withdraw(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, reason string, actor lanzha.ID) (Lookup, error) {
	l, err := d.Store.LookupLocked(ctx, tx, id)
	if err != nil {
		return l, err
	}
	if l, err = l.Cancel(); err != nil {
		return l, err
	}
	if err := d.Store.UpdateLookup(ctx, tx, l); err != nil {
		return l, err
	}
	if err := d.Outbox.Forgive(ctx, tx, string(l.ID), l.halfKey(), l.fullKey()); err != nil {
		return l, err
	}
	if err := d.refresh(ctx, tx, l.Clue, ""); err != nil {
		return l, err
	}
	return l, d.note(ctx, tx, "lookup.cancelled", l, actor, map[string]any{"reason": reason})
}
