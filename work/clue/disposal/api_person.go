package disposal

import (
	"context"
	"net/http"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/work/clue"
)

// mountPerson adds what is done towards the person concerned: the notice is
// served, an objection is taken and answered.
func (d *Desk) mountPerson(a *api.API, may *auth.Decider) {
	type serveIn struct {
		IDIn
		api.Change
		Body struct {
			How  string    `json:"how" enum:"sms,phone,counter,post,carrier"`
			At   time.Time `json:"at,omitzero" doc:"default now"`
			Note string    `json:"note,omitempty" maxLength:"200" doc:"a parcel or message number; nothing of the person"`
		}
	}
	api.Register(a, api.Op{ID: "serveDisposal", Method: http.MethodPost, Path: "/disposals/{id}/serve", Action: "disposal.serve", Summary: "Record how and when the person concerned was told"},
		func(ctx context.Context, in *serveIn) (*oneOut, error) {
			return d.change(ctx, may, in.ID, in.Change, "disposal.serve", func(tx *sqldb.Tx, actor auth.Actor) error {
				s := Served{How: in.Body.How, At: in.Body.At, By: actor.ID, Note: in.Body.Note}
				if s.At.IsZero() {
					s.At = d.Clues.Now()
				}
				_, err := d.Tell(ctx, tx, in.ID, s)
				return err
			})
		})

	type objectIn struct {
		IDIn
		api.Create
		Body struct {
			Note string `json:"note" minLength:"2" maxLength:"2000" doc:"what the person says; kept encrypted"`
		}
	}
	type objectionOut = api.One[ObjectionBody]
	api.Register(a, api.Op{ID: "objectDisposal", Method: http.MethodPost, Path: "/disposals/{id}/object", Action: "disposal.object", Summary: "Take an objection of the person concerned", Status: http.StatusCreated},
		func(ctx context.Context, in *objectIn) (*objectionOut, error) {
			if _, err := d.read(ctx, may, in.ID, "disposal.object"); err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			// What is remembered for repeats is the ID: the words stay encrypted.
			id, err := api.Once(ctx, d.Clues.DB, actor.ID, in.Key, []any{in.ID, in.Body}, d.Clues.Now(), func(tx *sqldb.Tx) (lanzha.ID, error) {
				ob, err := d.Object(ctx, tx, in.ID, in.Body.Note, actor.ID)
				return ob.ID, err
			})
			if err != nil {
				return nil, err
			}
			return d.objection(ctx, in.ID, id)
		})

	type answerIn struct {
		IDIn
		api.Change
		Body struct {
			Objection lanzha.ID `json:"objection" minLength:"26" maxLength:"26"`
			Accepted  bool      `json:"accepted" doc:"accepted lifts the disposal at once"`
			Answer    string    `json:"answer" minLength:"2" maxLength:"2000" doc:"told to the person"`
		}
	}
	api.Register(a, api.Op{ID: "answerObjection", Method: http.MethodPost, Path: "/disposals/{id}/answer", Action: "disposal.object", Summary: "Answer an objection; one that is accepted lifts the disposal at once"},
		func(ctx context.Context, in *answerIn) (*oneOut, error) {
			return d.change(ctx, may, in.ID, in.Change, "disposal.object", func(tx *sqldb.Tx, actor auth.Actor) error {
				_, err := d.Answer(ctx, tx, in.ID, in.Body.Objection, in.Body.Accepted, in.Body.Answer, actor.ID)
				return err
			})
		})
}

func (d *Desk) objection(ctx context.Context, disposal, id lanzha.ID) (*api.One[ObjectionBody], error) {
	all, err := d.Store.Objections(ctx, d.Clues.DB.Read(), disposal)
	if err != nil {
		return nil, err
	}
	for _, ob := range all {
		if ob.ID == id {
			return api.NewOne(1, objectionBody(ob)), nil
		}
	}
	return nil, lanzha.NotFound("objection")
}

func (d *Desk) mountWhy(a *api.API, may *auth.Decider) {
	type whyIn struct {
		Number  string `query:"number" required:"true" minLength:"1" maxLength:"2000" doc:"as the caller says it; also a site or an account"`
		Purpose string `query:"purpose" maxLength:"200" default:"答复号码使用人询问" doc:"stands in the journal"`
	}
	type whyOut struct{ Body api.List[Why] }
	api.Register(a, api.Op{ID: "whyDisposed", Method: http.MethodGet, Path: "/disposals/why", Action: "disposal.why", Summary: "Who stopped this number: the unit, the clock, the remedy and the papers"},
		func(ctx context.Context, in *whyIn) (*whyOut, error) {
			kind, value, err := canonical(in.Number, d.Clues.Now())
			if err != nil {
				return nil, lanzha.Invalid("query.number", "this is no number, site or account")
			}
			found, err := d.AskWhy(ctx, may, kind, value, in.Purpose)
			return &whyOut{api.List[Why]{Items: found}}, err
		})
}

// ProtectedBody is an entry of the protected list as the API shows it.
type ProtectedBody struct {
	ID       lanzha.ID  `json:"id" doc:"empty of what the number plan itself protects"`
	Version  int64      `json:"version"`
	Value    string     `json:"value"`
	Prefix   bool       `json:"prefix" doc:"all values that begin so; all domains below it"`
	Kind     clue.Kind  `json:"kind"`
	Name     string     `json:"name" doc:"whose it is"`
	Category string     `json:"category" enum:"hospital,service,emergency,other"`
	Until    *time.Time `json:"until,omitempty"`
	By       lanzha.ID  `json:"by"`
	At       *time.Time `json:"at,omitempty"`
	Why      string     `json:"why"`
}

func protectedBody(p Protected) ProtectedBody {
	return ProtectedBody{
		ID: p.ID, Version: 1, Value: p.Value, Prefix: p.Prefix, Kind: p.Kind, Name: p.Name, Category: p.Category,
		Until: optional(p.Until), By: p.By, At: optional(p.At), Why: p.Why,
	}
}

func (d *Desk) mountProtected(a *api.API, may *auth.Decider) {
	type listIn struct{ api.Page }
	type listOut struct{ Body api.List[ProtectedBody] }
	api.Register(a, api.Op{ID: "listProtected", Method: http.MethodGet, Path: "/protected", Action: "protected.read", Summary: "What only a leader may have disposed of; the number plan's own come first"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			if err := may.May(ctx, "protected.read", auth.Resource{Type: "protected value"}); err != nil {
				return nil, err
			}
			type place struct {
				Value string    `json:"value"`
				ID    lanzha.ID `json:"id"`
			}
			var after place
			more, err := in.After(&after)
			if err != nil {
				return nil, err
			}
			found, err := d.Store.ListProtected(ctx, d.Clues.DB.Read(), Protected{Value: after.Value, ID: after.ID}, in.Limit+1)
			if err != nil {
				return nil, err
			}
			page := api.NewList(found, in.Limit, func(p Protected) any { return place{p.Value, p.ID} })
			out := &listOut{api.List[ProtectedBody]{Items: []ProtectedBody{}, Next: page.Next}}
			if !more {
				for _, value := range planned {
					if p, ok := ByPlan(value); ok {
						out.Body.Items = append(out.Body.Items, protectedBody(p))
					}
				}
			}
			for _, p := range page.Items {
				out.Body.Items = append(out.Body.Items, protectedBody(p))
			}
			return out, nil
		})

	type createIn struct {
		api.Create
		Body struct {
			Value    string    `json:"value" minLength:"3" maxLength:"253" doc:"as presented; with prefix, its beginning: +8687163 or 0871-63; of a domain its end"`
			Prefix   bool      `json:"prefix,omitempty"`
			Name     string    `json:"name" minLength:"1" maxLength:"100" doc:"whose it is"`
			Category string    `json:"category,omitempty" enum:"hospital,service,emergency,other" default:"other"`
			Until    time.Time `json:"until,omitzero" doc:"default for good"`
			Why      string    `json:"why" minLength:"1" maxLength:"300"`
		}
	}
	api.Register(a, api.Op{ID: "protect", Method: http.MethodPost, Path: "/protected", Action: "protected.write", Summary: "Protect a value, or all with its beginning", Status: http.StatusCreated},
		func(ctx context.Context, in *createIn) (*api.One[ProtectedBody], error) {
			if err := may.May(ctx, "protected.write", auth.Resource{Type: "protected value"}); err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			kind, value, err := protectable(in.Body.Value, in.Body.Prefix, d.Clues.Now())
			if err != nil {
				return nil, err
			}
			p := Protected{
				Value: value, Prefix: in.Body.Prefix, Kind: kind, Name: strings.TrimSpace(in.Body.Name), Category: in.Body.Category,
				Until: in.Body.Until, By: actor.ID, At: d.Clues.Now(), Why: strings.TrimSpace(in.Body.Why),
			}
			if err := p.Check(d.Clues.Now()); err != nil {
				return nil, err
			}
			out, err := api.Once(ctx, d.Clues.DB, actor.ID, in.Key, in.Body, d.Clues.Now(), func(tx *sqldb.Tx) (ProtectedBody, error) {
				p.ID = d.Clues.IDs.Next()
				if err := d.Store.Protect(ctx, tx, p); err != nil {
					return ProtectedBody{}, err
				}
				return protectedBody(p), d.noteProtected(ctx, tx, "protected.added", p, actor)
			})
			return api.NewOne(1, out), err
		})

	type deleteIn struct {
		IDIn
		api.Change
	}
	api.Register(a, api.Op{ID: "unprotect", Method: http.MethodDelete, Path: "/protected/{id}", Action: "protected.write", Summary: "Take a value off the protected list"},
		func(ctx context.Context, in *deleteIn) (*struct{}, error) {
			if version, err := in.Version(); err != nil {
				return nil, err
			} else if version != 1 {
				return nil, lanzha.Conflict("an entry has version 1 as long as it stands")
			}
			if err := may.May(ctx, "protected.write", auth.Resource{Type: "protected value", ID: in.ID}); err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			return &struct{}{}, d.Clues.DB.Tx(ctx, func(tx *sqldb.Tx) error {
				p, err := d.Store.Unprotect(ctx, tx, in.ID)
				if err != nil {
					return err
				}
				return d.noteProtected(ctx, tx, "protected.removed", p, actor)
			})
		})
}

// noteProtected leaves the row of a change of the list. Its values are
// institutions' own numbers, but a slip may enter a person's: they are masked.
func (d *Desk) noteProtected(ctx context.Context, tx *sqldb.Tx, kind string, p Protected, actor auth.Actor) error {
	err := d.Clues.Journal.Append(ctx, tx, d.Clues.Now(), journal.Entry{
		Kind: kind, Record: p.ID, Version: 1, Actor: actor.ID, Purpose: p.Why, Region: actor.Region,
		Payload: map[string]any{"value": lanzha.Mask(p.Value), "prefix": p.Prefix, "name": p.Name, "category": p.Category},
	})
	return err
}

// protectable reads the value of an entry; a beginning is digits, and of a
// domain its end is a domain.
func protectable(raw string, prefix bool, now time.Time) (clue.Kind, string, error) {
	if !prefix {
		return canonical(raw, now)
	}
	raw = strings.NewReplacer(" ", "", "-", "").Replace(strings.TrimSpace(raw))
	switch digits := strings.TrimPrefix(raw, "+"); {
	case strings.Trim(digits, "0123456789") != "":
	case strings.HasPrefix(raw, "+"):
		return clue.KindFixed, raw, nil
	case strings.HasPrefix(raw, "0"):
		return clue.KindFixed, "+86" + raw[1:], nil
	case strings.HasPrefix(raw, "1") && len(raw) > 6, strings.HasPrefix(raw, "400"), strings.HasPrefix(raw, "800"):
		return clue.KindMobile, "+86" + raw, nil
	default:
		return clue.KindService, raw, nil
	}
	kind, value, err := canonical(strings.TrimPrefix(strings.TrimPrefix(raw, "*"), "."), now)
	if err == nil && kind != clue.KindDomain {
		err = lanzha.Invalid("body.value", "a beginning is of a number, an end of a domain")
	}
	return kind, value, err
}
