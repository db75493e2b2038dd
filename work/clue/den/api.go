package den

import (
	"context"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
)

// DenFigures are what became of the dens that were raised in a period.
type DenFigures struct {
	Raised        int64    `json:"raised"`
	Confirmed     int64    `json:"confirmed"`
	NothingFound  int64    `json:"nothingFound"`
	Dismissed     int64    `json:"dismissed"`
	Precision     *float64 `json:"precision,omitempty" doc:"confirmed / (confirmed + nothing found); absent while none was checked"`
	MedianSeconds *int64   `json:"medianSeconds,omitempty" doc:"from suspected to checked on site; absent while none was checked"`
}

// ByID is the input of operations on one den. It is exported because the HTTP
// kit passes over embedded types that are not.
type ByID struct {
	ID lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
}

type pageOut = api.One[DenPage]

// Mount adds the operations of dens.
func (d *Desk) Mount(a *api.API, may *auth.Decider) {
	d.mountReading(a, may)
	d.mountJudging(a, may)
	d.mountChecking(a, may)
	d.mountFigures(a, may)
}

func (d *Desk) mountReading(a *api.API, may *auth.Decider) {
	type listIn struct {
		api.Page
		State  State         `query:"state" enum:"suspected,analysed,approved,dispatched,received,confirmed,nothing_found,dismissed" doc:"empty is all"`
		Region lanzha.Region `query:"region" maxLength:"6" doc:"narrows to this division; default your own scope"`
	}
	type listOut struct{ Body api.List[DenBody] }
	api.Register(a, api.Op{ID: "listDens", Method: http.MethodGet, Path: "/dens", Action: "den.list", Summary: "List dens, the newest first; a unit sees those dispatched to it"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "den.list")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			f := Filter{Scope: scope, State: in.State, Limit: in.Limit + 1}
			if _, err := in.After(&f.After); err != nil {
				return nil, err
			}
			dens, err := d.Store.List(ctx, d.DB.Read(), f)
			if err != nil {
				return nil, err
			}
			page, n := api.NewList(dens, in.Limit, func(den Den) any { return den.ID }), d.namer()
			out := &listOut{api.List[DenBody]{Items: make([]DenBody, len(page.Items)), Next: page.Next}}
			for i, den := range page.Items {
				if out.Body.Items[i], err = d.body(ctx, n, den); err != nil {
					return nil, err
				}
			}
			return out, nil
		})

	api.Register(a, api.Op{ID: "getDen", Method: http.MethodGet, Path: "/dens/{id}", Action: "den.read", Summary: "Read a den with its evidence, reasons and steps"},
		func(ctx context.Context, in *ByID) (*pageOut, error) {
			den, err := d.Store.Get(ctx, d.DB.Read(), in.ID)
			if err != nil {
				return nil, err
			}
			if err := may.May(ctx, "den.read", resource(den)); err != nil {
				return nil, err
			}
			page, err := d.page(ctx, den)
			return api.NewOne(den.Version, page), err
		})
}

// act does a command for the caller, who must have read the version that it
// changes. What the gate knew of the den holds for that version.
func (d *Desk) act(ctx context.Context, may *auth.Decider, id lanzha.ID, read api.Change, c Command) (*pageOut, error) {
	version, err := read.Version()
	if err != nil {
		return nil, err
	}
	den, err := d.Store.Get(ctx, d.DB.Read(), id)
	if err != nil {
		return nil, err
	}
	r := resource(den)
	r.Document = c.DocumentNo
	if err := may.May(ctx, c.Verb.Action(), r); err != nil {
		return nil, err
	}
	actor, _ := auth.ActorFrom(ctx)
	if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		den, err = d.Act(ctx, tx, id, version, c, actor.ID)
		return err
	}); err != nil {
		return nil, err
	}
	page, err := d.page(ctx, den)
	return api.NewOne(den.Version, page), err
}

type reasonIn struct {
	ByID
	api.Change
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000"`
	}
}

func (d *Desk) mountJudging(a *api.API, may *auth.Decider) {
	type analyseIn struct {
		ByID
		api.Change
		Body struct {
			Opinion string `json:"opinion" minLength:"1" maxLength:"2000" doc:"what the evidence says, and what should be done"`
		}
	}
	api.Register(a, api.Op{ID: "analyseDen", Method: http.MethodPost, Path: "/dens/{id}/analyse", Action: Analyse.Action(), Summary: "Judge a suspected den worth a check"},
		func(ctx context.Context, in *analyseIn) (*pageOut, error) {
			return d.act(ctx, may, in.ID, in.Change, Command{Verb: Analyse, Note: in.Body.Opinion})
		})
	api.Register(a, api.Op{ID: "dismissDen", Method: http.MethodPost, Path: "/dens/{id}/dismiss", Action: Dismiss.Action(), Summary: "Judge a suspected den not worth a check"},
		func(ctx context.Context, in *reasonIn) (*pageOut, error) {
			return d.act(ctx, may, in.ID, in.Change, Command{Verb: Dismiss, Note: in.Body.Reason})
		})

	type approveIn struct {
		ByID
		api.Change
		Body struct {
			DocumentKind DocumentKind `json:"documentKind" enum:"inspection,search" doc:"检查证 or 搜查证"`
			DocumentNo   string       `json:"documentNo" minLength:"1" maxLength:"100"`
			Note         string       `json:"note,omitempty" maxLength:"2000"`
		}
	}
	api.Register(a, api.Op{ID: "approveDen", Method: http.MethodPost, Path: "/dens/{id}/approve", Action: Approve.Action(), Summary: "Approve the check on site, by the document that entry needs"},
		func(ctx context.Context, in *approveIn) (*pageOut, error) {
			return d.act(ctx, may, in.ID, in.Change, Command{Verb: Approve, DocumentKind: in.Body.DocumentKind, DocumentNo: in.Body.DocumentNo, Note: in.Body.Note})
		})
	api.Register(a, api.Op{ID: "rejectDen", Method: http.MethodPost, Path: "/dens/{id}/reject", Action: Reject.Action(), Summary: "Send an analysed den back to the analyst"},
		func(ctx context.Context, in *reasonIn) (*pageOut, error) {
			return d.act(ctx, may, in.ID, in.Change, Command{Verb: Reject, Note: in.Body.Reason})
		})

	type dispatchIn struct {
		ByID
		api.Change
		Body struct {
			Institution lanzha.ID `json:"institution" minLength:"26" maxLength:"26" doc:"a police unit in whose region the place lies"`
			Note        string    `json:"note,omitempty" maxLength:"2000"`
		}
	}
	api.Register(a, api.Op{ID: "dispatchDen", Method: http.MethodPost, Path: "/dens/{id}/dispatch", Action: Dispatch.Action(), Summary: "Hand an approved den to the police of the place; the clock to receive it starts"},
		func(ctx context.Context, in *dispatchIn) (*pageOut, error) {
			unit, err := d.Directory.Get(ctx, d.DB.Read(), in.Body.Institution)
			if lanzha.CodeOf(err) == lanzha.CodeNotFound {
				return nil, lanzha.Invalid("body.institution", "the directory has no such institution")
			} else if err != nil {
				return nil, err
			}
			return d.act(ctx, may, in.ID, in.Change, Command{Verb: Dispatch, Unit: unit, Note: in.Body.Note})
		})
}

func (d *Desk) mountChecking(a *api.API, may *auth.Decider) {
	type receiveIn struct {
		ByID
		api.Change
	}
	api.Register(a, api.Op{ID: "receiveDen", Method: http.MethodPost, Path: "/dens/{id}/receive", Action: Receive.Action(), Summary: "Receive a den that was dispatched to your unit"},
		func(ctx context.Context, in *receiveIn) (*pageOut, error) {
			return d.act(ctx, may, in.ID, in.Change, Command{Verb: Receive})
		})

	type confirmIn struct {
		ByID
		api.Change
		Body struct {
			Outcome
			CheckedAt time.Time `json:"checkedAt,omitempty" doc:"when the police were on site; default now"`
		}
	}
	api.Register(a, api.Op{ID: "confirmDen", Method: http.MethodPost, Path: "/dens/{id}/confirm", Action: Confirm.Action(), Summary: "Say what was found on site"},
		func(ctx context.Context, in *confirmIn) (*pageOut, error) {
			return d.act(ctx, may, in.ID, in.Change, Command{Verb: Confirm, Outcome: in.Body.Outcome, CheckedAt: in.Body.CheckedAt})
		})

	type nothingIn struct {
		ByID
		api.Change
		Body struct {
			Note      string    `json:"note" minLength:"1" maxLength:"2000" doc:"what was seen on site"`
			CheckedAt time.Time `json:"checkedAt,omitempty" doc:"when the police were on site; default now"`
		}
	}
	api.Register(a, api.Op{ID: "nothingFoundDen", Method: http.MethodPost, Path: "/dens/{id}/nothing-found", Action: FindNothing.Action(), Summary: "Say that nothing was found on site: an outcome too"},
		func(ctx context.Context, in *nothingIn) (*pageOut, error) {
			return d.act(ctx, may, in.ID, in.Change, Command{Verb: FindNothing, Note: in.Body.Note, CheckedAt: in.Body.CheckedAt})
		})
}

func (d *Desk) mountFigures(a *api.API, may *auth.Decider) {
	type figuresIn struct {
		From   time.Time     `query:"from" doc:"default 30 days ago"`
		To     time.Time     `query:"to" doc:"default now"`
		Region lanzha.Region `query:"region" maxLength:"6"`
	}
	type figuresOut struct{ Body DenFigures }
	api.Register(a, api.Op{ID: "denFigures", Method: http.MethodGet, Path: "/figures/dens", Action: "figures.read", Summary: "What became of the dens raised in a period"},
		func(ctx context.Context, in *figuresIn) (*figuresOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			if in.To.IsZero() {
				in.To = d.Now()
			}
			if in.From.IsZero() {
				in.From = in.To.AddDate(0, 0, -30)
			}
			if !in.From.Before(in.To) || in.To.Sub(in.From) > 366*24*time.Hour {
				return nil, lanzha.Invalid("query.from", "a period ends after it begins and lasts a year at most")
			}
			scope := auth.Scope{All: actor.Region == "" && actor.Institution == "", Region: actor.Region, Institution: actor.Institution}
			scope, err := scope.Narrow(in.Region)
			if err != nil {
				return nil, err
			}
			f, err := d.Store.Figures(ctx, d.DB.Read(), scope, in.From, in.To)
			if err != nil {
				return nil, err
			}
			out := DenFigures{Raised: f.Raised, Confirmed: f.Confirmed, NothingFound: f.NothingFound, Dismissed: f.Dismissed}
			if checked := f.Confirmed + f.NothingFound; checked > 0 {
				out.Precision, out.MedianSeconds = new(float64(f.Confirmed)/float64(checked)), new(int64(f.Median/time.Second))
			}
			return &figuresOut{out}, nil
		})
}
