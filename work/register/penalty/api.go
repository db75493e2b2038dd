package penalty

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/know/place"
	"lanzha/know/policy"
	"lanzha/work/register"
)

// PenaltyBody is a penalty as lists show it.
type PenaltyBody struct { //nolint:revive // it is called so in the API document
	ID         lanzha.ID            `json:"id"`
	Version    int64                `json:"version"`
	State      State                `json:"state" enum:"proposed,decided,refused"`
	Region     lanzha.Region        `json:"region"`
	RegionName string               `json:"regionName"`
	Kind       register.SubjectKind `json:"kind" enum:"individual,unit"`
	Name       string               `json:"name" doc:"masked; POST reveal shows it on a stated purpose"`
	Number     string               `json:"number" doc:"masked"`
	Conduct    Conduct              `json:"conduct"`
	Article    string               `json:"article"`
	Measure    Measure              `json:"measure" doc:"as proposed, as decided, or as it stands after reconsideration and suit"`
	Stands     bool                 `json:"stands" doc:"decided and not revoked"`
	Confiscate lanzha.Fen           `json:"confiscateFen" doc:"illegal gains, as long as the penalty stands"`
	DocumentNo string               `json:"documentNo"`
	DecidedOn  register.Day         `json:"decidedOn"`
	ProposedAt time.Time            `json:"proposedAt"`
}

func body(p Penalty) PenaltyBody {
	b := PenaltyBody{
		ID: p.ID, Version: p.Version, State: p.State, Region: p.Region, RegionName: place.FullName(p.Region), Kind: p.Kind, Name: lanzha.Mask(p.Name), Number: lanzha.Mask(p.No),
		Conduct: p.Facts.Conduct, Article: p.Band.Article, Measure: p.Proposed, Confiscate: p.ConfiscatedFen(), DocumentNo: p.DocumentNo, DecidedOn: p.DecidedOn, ProposedAt: p.ProposedAt,
	}
	if p.State == Decided {
		b.Measure, b.Stands = p.Stands()
	}
	return b
}

// PenaltyPage is a penalty with all that it rests on.
type PenaltyPage struct { //nolint:revive // likewise
	PenaltyBody
	Facts      Facts           `json:"facts"`
	Account    string          `json:"account" doc:"what happened"`
	Devices    []Device        `json:"devices"`
	Band       Band            `json:"band" doc:"what the law allows on these facts"`
	Proposed   Measure         `json:"proposed"`
	ProposedBy lanzha.ID       `json:"proposedBy"`
	Decided    *Measure        `json:"decided,omitempty"`
	DecidedBy  lanzha.ID       `json:"decidedBy" doc:"also of a refusal"`
	DecidedAt  *time.Time      `json:"decidedAt,omitempty"`
	Opinion    string          `json:"opinion"`
	Served     *Served         `json:"served,omitempty"`
	Remedies   []Remedy        `json:"remedies"`
	Pack       policy.Ref      `json:"pack"`
	Answer     json.RawMessage `json:"answer" doc:"of the rule pack, with article and phrase of every row that held, and what the law does not say"`
	Timeline   []api.Event     `json:"timeline" doc:"the newest first; the last hundred"`
}

const timelineRows = 100

func (d *Desk) page(ctx context.Context, may *auth.Decider, p Penalty) (*api.One[PenaltyPage], error) {
	answer, err := d.Store.Answer(ctx, d.DB.Read(), p.ID)
	if err != nil {
		return nil, err
	}
	events, err := api.Timeline(ctx, d.DB, d.Journal, p.ID, 0, timelineRows, api.Visible(may)(ctx))
	if err != nil {
		return nil, err
	}
	out := PenaltyPage{
		PenaltyBody: body(p), Facts: p.Facts, Account: p.Account, Devices: append([]Device{}, p.Devices...), Band: p.Band, Proposed: p.Proposed, ProposedBy: p.ProposedBy,
		DecidedBy: p.DecidedBy, Opinion: p.Opinion, Remedies: append([]Remedy{}, p.Remedies...), Pack: p.Pack, Answer: answer, Timeline: events.Items,
	}
	if !p.DecidedAt.IsZero() {
		out.DecidedAt = &p.DecidedAt
	}
	if p.State == Decided {
		out.Decided = &p.Decided
	}
	if p.Served.On != "" {
		out.Served = &p.Served
	}
	return api.NewOne(p.Version, out), nil
}

// DraftBody is what an officer states of a penalty.
type DraftBody struct {
	Facts   Facts    `json:"facts"`
	Account string   `json:"account" minLength:"1" maxLength:"4000" doc:"what happened; kept encrypted"`
	Devices []Device `json:"devices,omitempty" maxItems:"20" doc:"seized, each kind once"`
	Measure
}

func (b DraftBody) draft() Draft {
	return Draft{Facts: b.Facts, Account: b.Account, Devices: b.Devices, Measure: b.Measure}
}

// Mount adds the operations of penalties.
func (d *Desk) Mount(a *api.API, may *auth.Decider) {
	d.mountReading(a, may)
	d.mountTotals(a, may)

	type pageOut = api.One[PenaltyPage]
	type previewIn struct {
		Body struct {
			Kind   register.SubjectKind `json:"kind" enum:"individual,unit"`
			Region lanzha.Region        `json:"region" minLength:"6" maxLength:"6"`
			Facts  Facts                `json:"facts"`
		}
	}
	type previewOut struct {
		Body struct {
			Band   *Band         `json:"band,omitempty" doc:"absent: not determined, see answer.missing, or not the police's to punish"`
			Answer policy.Answer `json:"answer"`
		}
	}
	api.Register(a, api.Op{ID: "previewPenalty", Method: http.MethodPost, Path: "/register/penalties/preview", Action: "penalty.create", Status: http.StatusOK, Summary: "Article and bands that follow from facts; nothing is kept"},
		func(ctx context.Context, in *previewIn) (*previewOut, error) {
			if err := may.May(ctx, "penalty.create", auth.Resource{Type: "penalty", Region: in.Body.Region}); err != nil {
				return nil, err
			}
			facts, err := checkFacts(in.Body.Facts, d.today())
			if err != nil {
				return nil, err
			}
			out := &previewOut{}
			answer, band, err := d.find(facts, in.Body.Kind, in.Body.Region)
			if out.Body.Answer = answer; err == nil {
				out.Body.Band = &band
			} else if answer.Pack.Name == "" || lanzha.CodeOf(err) == lanzha.CodeInternal {
				return nil, err
			}
			return out, nil
		})

	type createIn struct {
		api.Create
		Body struct {
			Region  lanzha.Region `json:"region" minLength:"6" maxLength:"6" example:"530114"`
			Subject struct {
				Kind       register.SubjectKind `json:"kind" enum:"individual,unit"`
				NumberKind register.NumberKind  `json:"numberKind,omitempty" enum:"resident_id,other,credit_code"`
				Name       string               `json:"name" minLength:"1" maxLength:"100"`
				Number     string               `json:"number" minLength:"5" maxLength:"40"`
			} `json:"subject"`
			DraftBody
		}
	}
	api.Register(a, api.Op{ID: "createPenalty", Method: http.MethodPost, Path: "/register/penalties", Action: "penalty.create", Status: http.StatusCreated, Summary: "Propose a penalty within the bands that follow from the facts"},
		func(ctx context.Context, in *createIn) (*pageOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			if place.FullName(in.Body.Region) == "" {
				return nil, lanzha.Invalid("body.region", "there is no such division; a region is a code of GB/T 2260")
			}
			if err := may.May(ctx, "penalty.create", auth.Resource{Type: "penalty", Region: in.Body.Region}); err != nil {
				return nil, err
			}
			subject, err := register.NewSubject(in.Body.Subject.Kind, in.Body.Subject.NumberKind, in.Body.Subject.Name, in.Body.Subject.Number)
			if err != nil {
				return nil, err
			}
			draft := in.Body.draft()
			draft.Subject, draft.Region = subject, in.Body.Region
			// What is remembered for repeats is the ID: the rest stays encrypted.
			id, err := api.Once(ctx, d.DB, actor.ID, in.Key, in.Body, d.Now(), func(tx *sqldb.Tx) (lanzha.ID, error) {
				p, err := d.Open(ctx, tx, draft, actor.ID)
				return p.ID, err
			})
			if err != nil {
				return nil, err
			}
			p, err := d.Store.Get(ctx, d.DB.Read(), id)
			if err != nil {
				return nil, err
			}
			return d.page(ctx, may, p)
		})

	// change reads a penalty in a transaction, asks whether the caller may, and
	// has fn change the version that the caller read.
	change := func(ctx context.Context, id lanzha.ID, c api.Change, action, document string, fn func(tx *sqldb.Tx, p Penalty, by lanzha.ID) (Penalty, error)) (*pageOut, error) {
		version, err := c.Version()
		if err != nil {
			return nil, err
		}
		actor, _ := auth.ActorFrom(ctx)
		var p Penalty
		if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			old, err := d.Store.Get(ctx, tx, id)
			if err != nil {
				return err
			}
			r := resource(old)
			r.Document = document
			if err := may.May(ctx, action, r); err != nil {
				return err
			}
			if old.Version != version {
				return lanzha.Conflict("somebody changed this penalty before you")
			}
			p, err = fn(tx, old, actor.ID)
			return err
		}); err != nil {
			return nil, err
		}
		return d.page(ctx, may, p)
	}

	type changeIn struct {
		register.ByID
		api.Change
		Body DraftBody
	}
	api.Register(a, api.Op{ID: "changePenalty", Method: http.MethodPut, Path: "/register/penalties/{id}", Action: "penalty.change", Summary: "Propose a penalty anew, until it is decided"},
		func(ctx context.Context, in *changeIn) (*pageOut, error) {
			return change(ctx, in.ID, in.Change, "penalty.change", "", func(tx *sqldb.Tx, p Penalty, by lanzha.ID) (Penalty, error) {
				return d.Change(ctx, tx, p, in.Body.draft(), by)
			})
		})

	type decideIn struct {
		register.ByID
		api.Change
		Body Decision
	}
	api.Register(a, api.Op{ID: "decidePenalty", Method: http.MethodPost, Path: "/register/penalties/{id}/decide", Action: "penalty.decide", Summary: "Impose a penalty, within the bands, by the number of the decision"},
		func(ctx context.Context, in *decideIn) (*pageOut, error) {
			return change(ctx, in.ID, in.Change, "penalty.decide", in.Body.DocumentNo, func(tx *sqldb.Tx, p Penalty, by lanzha.ID) (Penalty, error) {
				return d.Decide(ctx, tx, p, in.Body, by)
			})
		})

	type refuseIn struct {
		register.ByID
		api.Change
		Body struct {
			Opinion string `json:"opinion" minLength:"1" maxLength:"1000"`
		}
	}
	api.Register(a, api.Op{ID: "refusePenalty", Method: http.MethodPost, Path: "/register/penalties/{id}/refuse", Action: "penalty.refuse", Summary: "Refuse a penalty that was proposed"},
		func(ctx context.Context, in *refuseIn) (*pageOut, error) {
			return change(ctx, in.ID, in.Change, "penalty.refuse", "", func(tx *sqldb.Tx, p Penalty, by lanzha.ID) (Penalty, error) {
				now, err := p.Refuse(in.Body.Opinion, by, lanzha.At(d.Now()).Time())
				return d.step(ctx, tx, "penalty.refused", p, now, by, nil, err)
			})
		})

	type serveIn struct {
		register.ByID
		api.Change
		Body struct {
			How ServedHow    `json:"how" enum:"direct,left,post,public_notice,electronic"`
			On  register.Day `json:"on" format:"date"`
		}
	}
	api.Register(a, api.Op{ID: "servePenalty", Method: http.MethodPost, Path: "/register/penalties/{id}/serve", Action: "penalty.serve", Summary: "Record how and when the decision was served"},
		func(ctx context.Context, in *serveIn) (*pageOut, error) {
			return change(ctx, in.ID, in.Change, "penalty.serve", "", func(tx *sqldb.Tx, p Penalty, by lanzha.ID) (Penalty, error) {
				now, err := p.Serve(Served{How: in.Body.How, On: in.Body.On, By: by}, d.today())
				return d.step(ctx, tx, "penalty.served", p, now, by, map[string]any{"how": in.Body.How, "on": in.Body.On}, err)
			})
		})

	type fileIn struct {
		register.ByID
		api.Change
		Body struct {
			Kind    RemedyKind   `json:"kind" enum:"reconsideration,suit"`
			FiledOn register.Day `json:"filedOn" format:"date"`
			Organ   string       `json:"organ" minLength:"1" maxLength:"100" doc:"who decides it"`
		}
	}
	api.Register(a, api.Op{ID: "filePenaltyRemedy", Method: http.MethodPost, Path: "/register/penalties/{id}/remedies", Action: "penalty.remedy", Summary: "Record that the person asked for reconsideration or went to court", Status: http.StatusOK},
		func(ctx context.Context, in *fileIn) (*pageOut, error) {
			return change(ctx, in.ID, in.Change, "penalty.remedy", "", func(tx *sqldb.Tx, p Penalty, by lanzha.ID) (Penalty, error) {
				now, err := p.File(Remedy{Kind: in.Body.Kind, FiledOn: in.Body.FiledOn, Organ: in.Body.Organ}, d.today())
				return d.step(ctx, tx, "penalty.contested", p, now, by, map[string]any{"kind": in.Body.Kind, "filedOn": in.Body.FiledOn}, err)
			})
		})

	type closeIn struct {
		register.ByID
		Kind RemedyKind `path:"kind" enum:"reconsideration,suit"`
		api.Change
		Body struct {
			Outcome    Outcome      `json:"outcome" enum:"upheld,changed,revoked,withdrawn"`
			DecidedOn  register.Day `json:"decidedOn" format:"date"`
			DocumentNo string       `json:"documentNo,omitempty" maxLength:"100"`
			Changed    *Measure     `json:"changed,omitempty" doc:"what is imposed instead, where the penalty was changed"`
		}
	}
	api.Register(a, api.Op{ID: "closePenaltyRemedy", Method: http.MethodPost, Path: "/register/penalties/{id}/remedies/{kind}", Action: "penalty.remedy", Summary: "Record what came of a reconsideration or suit", Status: http.StatusOK},
		func(ctx context.Context, in *closeIn) (*pageOut, error) {
			return change(ctx, in.ID, in.Change, "penalty.remedy", "", func(tx *sqldb.Tx, p Penalty, by lanzha.ID) (Penalty, error) {
				now, err := p.Close(Remedy{Kind: in.Kind, Outcome: in.Body.Outcome, DecidedOn: in.Body.DecidedOn, DocumentNo: in.Body.DocumentNo, Changed: in.Body.Changed}, d.today())
				return d.step(ctx, tx, "penalty.reviewed", p, now, by, map[string]any{"kind": in.Kind, "outcome": in.Body.Outcome, "decidedOn": in.Body.DecidedOn}, err)
			})
		})
}

// read reads a penalty for one who may do the action to it.
func (d *Desk) read(ctx context.Context, may *auth.Decider, id lanzha.ID, action, purpose string) (Penalty, error) {
	p, err := d.Store.Get(ctx, d.DB.Read(), id)
	if err != nil {
		return p, err
	}
	r := resource(p)
	r.Purpose = purpose
	return p, may.May(ctx, action, r)
}

func (d *Desk) mountReading(a *api.API, may *auth.Decider) {
	type listIn struct {
		api.Page
		State   State         `query:"state" enum:"proposed,decided,refused" doc:"empty is all"`
		Conduct Conduct       `query:"conduct" enum:"fraud_activity,illegal_device,personal_data_sale,crypto_laundering,other_support,trade_rent_lend,verification_help,false_opening"`
		Region  lanzha.Region `query:"region" maxLength:"6" doc:"narrows to this division; default your own scope"`
	}
	type listOut struct{ Body api.List[PenaltyBody] }
	api.Register(a, api.Op{ID: "listPenalties", Method: http.MethodGet, Path: "/register/penalties", Action: "penalty.list", Summary: "List penalties, the newest first"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "penalty.list")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			f := Filter{Region: scope.Region, State: in.State, Conduct: in.Conduct, Limit: in.Limit + 1}
			if _, err := in.After(&f.Before); err != nil {
				return nil, err
			}
			found, err := d.Store.List(ctx, d.DB.Read(), f)
			items := []PenaltyBody{}
			for _, p := range found {
				items = append(items, body(p))
			}
			return &listOut{api.NewList(items, in.Limit, func(b PenaltyBody) any { return b.ID })}, err
		})

	api.Register(a, api.Op{ID: "getPenalty", Method: http.MethodGet, Path: "/register/penalties/{id}", Action: "penalty.read", Summary: "Read a penalty with facts, article, bands, and what became of it"},
		func(ctx context.Context, in *register.ByID) (*api.One[PenaltyPage], error) {
			p, err := d.read(ctx, may, in.ID, "penalty.read", "")
			if err != nil {
				return nil, err
			}
			return d.page(ctx, may, p)
		})

	type searchIn struct {
		Body struct {
			Number  string `json:"number" minLength:"5" maxLength:"40" doc:"the whole number: the search is exact"`
			Purpose string `json:"purpose" maxLength:"200" doc:"stands in the journal with your name"`
		}
	}
	api.Register(a, api.Op{ID: "searchPenalties", Method: http.MethodPost, Path: "/register/penalties/search", Action: "penalty.search", Status: http.StatusOK, Summary: "Find the penalties of one person or unit in your scope, by the whole number and on a stated purpose"},
		func(ctx context.Context, in *searchIn) (*listOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			if err := may.May(ctx, "penalty.search", auth.Resource{Type: "penalty", Region: actor.Region, Purpose: in.Body.Purpose}); err != nil {
				return nil, err
			}
			found, err := d.Store.Of(ctx, d.DB.Read(), in.Body.Number)
			if err != nil {
				return nil, err
			}
			out, record, about := &listOut{api.List[PenaltyBody]{Items: []PenaltyBody{}}}, actor.ID, []lanzha.ID{}
			for _, p := range found {
				if may.May(ctx, "penalty.read", resource(p)) == nil {
					out.Body.Items, about = append(out.Body.Items, body(p)), append(about, p.ID)
				}
			}
			if len(about) > 0 {
				record = about[0]
			}
			return out, d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
				return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
					Kind: "penalty.searched", Record: record, About: about, Actor: actor.ID, Purpose: in.Body.Purpose, Region: actor.Region,
					Payload: map[string]any{"number": lanzha.Mask(register.CanonicalNumber(in.Body.Number)), "found": len(about)},
				})
			})
		})

	type revealIn struct {
		register.ByID
		Body struct {
			Field   string `json:"field" enum:"name,number"`
			Purpose string `json:"purpose" maxLength:"200"`
		}
	}
	type revealOut struct{ Body api.Revealed }
	api.Register(a, api.Op{ID: "revealPenalty", Method: http.MethodPost, Path: "/register/penalties/{id}/reveal", Action: "reveal", Status: http.StatusOK, Summary: "Show a masked field on a stated purpose"},
		func(ctx context.Context, in *revealIn) (*revealOut, error) {
			p, err := d.read(ctx, may, in.ID, "reveal", in.Body.Purpose)
			if err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			value := p.Name
			if in.Body.Field == "number" {
				value = p.No
			}
			return &revealOut{api.Reveal(value, d.Now())}, d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
				return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
					Kind: "penalty.revealed", Record: p.ID, Actor: actor.ID, Purpose: in.Body.Purpose, Region: p.Region, Payload: map[string]string{"field": in.Body.Field},
				})
			})
		})
}

func (d *Desk) mountTotals(a *api.API, may *auth.Decider) {
	type totalsIn struct {
		From    string        `query:"from" required:"true" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$" example:"2026-01" doc:"the first month of decisions"`
		Until   string        `query:"until" required:"true" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$" example:"2026-12" doc:"the last month"`
		By      By            `query:"by" required:"true" enum:"conduct,region,month"`
		Region  lanzha.Region `query:"region" maxLength:"6" doc:"narrows to this division; default your own scope"`
		Conduct Conduct       `query:"conduct" enum:"fraud_activity,illegal_device,personal_data_sale,crypto_laundering,other_support,trade_rent_lend,verification_help,false_opening"`
	}
	type totalsOut struct {
		Body struct {
			Items []Total `json:"items"`
		}
	}
	api.Register(a, api.Op{ID: "totalPenalties", Method: http.MethodGet, Path: "/register/penalties/totals", Action: "penalty.list", Summary: "Sum what was decided, as it stands after reconsideration and suit"},
		func(ctx context.Context, in *totalsIn) (*totalsOut, error) {
			scope, err := may.ScopeOf(ctx, "penalty.list")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			if in.From > in.Until {
				return nil, lanzha.Invalid("query.until", "the last month lies before the first")
			}
			out := &totalsOut{}
			out.Body.Items, err = d.Store.Totals(ctx, d.DB.Read(), Span{From: in.From, Until: in.Until, Region: scope.Region, Conduct: in.Conduct, By: in.By})
			return out, err
		})
}
