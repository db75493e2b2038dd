package batch

import (
	"context"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/know/policy"
	"lanzha/work/register"
)

// Body is a batch as the API shows it.
type Body struct {
	ID         lanzha.ID     `json:"id"`
	Version    int64         `json:"version"`
	State      State         `json:"state" enum:"made,handed,sent,acknowledged,refused"`
	Region     lanzha.Region `json:"region"`
	Entries    int64         `json:"entries"`
	MadeBy     lanzha.ID     `json:"madeBy"`
	MadeAt     time.Time     `json:"madeAt"`
	HandedBy   lanzha.ID     `json:"handedBy"`
	HandedAt   *time.Time    `json:"handedAt,omitempty"`
	SentAt     *time.Time    `json:"sentAt,omitempty" doc:"the signed file is written: GET /platform/entries/{id}"`
	PlatformNo string        `json:"platformNo"`
	ReceiptAt  *time.Time    `json:"receiptAt,omitempty" doc:"the platform's own time"`
	Reason     string        `json:"reason" doc:"of a refusal"`
	Figures    *Figures      `json:"figures,omitempty" doc:"what was reported back; lists leave it out"`
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func bodyOf(b Batch) Body {
	return Body{
		ID: b.ID, Version: b.Version, State: b.State, Region: b.Region, Entries: b.Entries, MadeBy: b.MadeBy, MadeAt: b.MadeAt, HandedBy: b.HandedBy,
		HandedAt: optional(b.HandedAt), SentAt: optional(b.SentAt), PlatformNo: b.PlatformNo, ReceiptAt: optional(b.ReceiptAt), Reason: b.Reason,
	}
}

// EntryBody is an entry as the API shows it.
type EntryBody struct {
	ID      lanzha.ID     `json:"id"`
	Listing lanzha.ID     `json:"listing"`
	Action  Action        `json:"action" enum:"list,date,lift"`
	Region  lanzha.Region `json:"region"`
	At      time.Time     `json:"at"`
}

// Executed is how one measure of a listing stands where it is executed.
type Executed struct {
	Measure     string       `json:"measure"`
	Words       policy.Words `json:"words"`
	Action      Action       `json:"action" enum:"list,lift"`
	State       string       `json:"state" enum:"none,done,failed" doc:"none: nobody has reported yet"`
	Institution string       `json:"institution"`
	At          *time.Time   `json:"at,omitempty"`
	Note        string       `json:"note"`
}

// ByID is the input of operations on one record. It is exported because the
// HTTP kit passes over embedded types that are not.
type ByID struct {
	ID lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
}

type oneOut = api.One[Body]

func (d *Desk) one(ctx context.Context, b Batch) (*oneOut, error) {
	body := bodyOf(b)
	f, err := d.Store.Figures(ctx, d.Register.DB.Read(), b.ID)
	body.Figures = &f
	return api.NewOne(b.Version, body), err
}

func (d *Desk) read(ctx context.Context, may *auth.Decider, id lanzha.ID, action string) (Batch, error) {
	b, err := d.Store.Get(ctx, d.Register.DB.Read(), id)
	if err != nil {
		return b, err
	}
	return b, may.May(ctx, action, resource(b))
}

// Mount adds the operations of batches.
func (d *Desk) Mount(a *api.API, may *auth.Decider) {
	d.mountReading(a, may)
	d.mountSteps(a, may)
}

func (d *Desk) mountReading(a *api.API, may *auth.Decider) {
	db := d.Register.DB
	type listIn struct {
		api.Page
		State  State         `query:"state" enum:"made,handed,sent,acknowledged,refused" doc:"empty is all"`
		Region lanzha.Region `query:"region" maxLength:"6" doc:"narrows to this division; default your own scope"`
	}
	type listOut struct{ Body api.List[Body] }
	api.Register(a, api.Op{ID: "listBatches", Method: http.MethodGet, Path: "/register/batches", Action: "batch.list", Summary: "List upward batches, the newest first"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "batch.list")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			f := Filter{Region: scope.Region, State: in.State, Limit: in.Limit + 1}
			if _, err := in.After(&f.After); err != nil {
				return nil, err
			}
			found, err := d.Store.Batches(ctx, db.Read(), f)
			if err != nil {
				return nil, err
			}
			page := api.NewList(found, in.Limit, func(b Batch) any { return b.ID })
			out := &listOut{api.List[Body]{Items: make([]Body, len(page.Items)), Next: page.Next}}
			for i, b := range page.Items {
				out.Body.Items[i] = bodyOf(b)
			}
			return out, nil
		})

	api.Register(a, api.Op{ID: "getBatch", Method: http.MethodGet, Path: "/register/batches/{id}", Action: "batch.read", Summary: "Read a batch, and how far it was carried out"},
		func(ctx context.Context, in *ByID) (*oneOut, error) {
			b, err := d.read(ctx, may, in.ID, "batch.read")
			if err != nil {
				return nil, err
			}
			return d.one(ctx, b)
		})

	type entriesIn struct {
		ByID
		api.Page
	}
	type entriesOut struct{ Body api.List[EntryBody] }
	api.Register(a, api.Op{ID: "listBatchEntries", Method: http.MethodGet, Path: "/register/batches/{id}/entries", Action: "batch.read", Summary: "What a batch hands up"},
		func(ctx context.Context, in *entriesIn) (*entriesOut, error) {
			b, err := d.read(ctx, may, in.ID, "batch.read")
			if err != nil {
				return nil, err
			}
			var after lanzha.ID
			if _, err := in.After(&after); err != nil {
				return nil, err
			}
			found, err := d.Store.Entries(ctx, db.Read(), b.ID, after, in.Limit+1)
			if err != nil {
				return nil, err
			}
			page := api.NewList(found, in.Limit, func(e Entry) any { return e.ID })
			out := &entriesOut{api.List[EntryBody]{Items: make([]EntryBody, len(page.Items)), Next: page.Next}}
			for i, e := range page.Items {
				out.Body.Items[i] = EntryBody{e.ID, e.Listing, e.Action, e.Region, e.At}
			}
			return out, nil
		})

	type executedOut struct{ Body api.List[Executed] }
	api.Register(a, api.Op{ID: "listingExecutions", Method: http.MethodGet, Path: "/register/listings/{id}/executions", Action: "listing.read", Summary: "Whether each measure of a listing was carried out, and ended again, where it is executed"},
		func(ctx context.Context, in *ByID) (*executedOut, error) {
			l, err := d.Register.Store.Listing(ctx, db.Read(), in.ID)
			if err != nil {
				return nil, err
			}
			if err := may.May(ctx, "listing.read", register.Resource(l)); err != nil {
				return nil, err
			}
			reported, err := d.Store.Executions(ctx, db.Read(), l.ID)
			if err != nil {
				return nil, err
			}
			actions := []Action{List}
			if !l.LiftedAt.IsZero() {
				actions = append(actions, Lift)
			}
			out := &executedOut{api.List[Executed]{Items: []Executed{}}}
			for _, action := range actions {
				for _, m := range l.Measures {
					e := Executed{Measure: m.Row, Words: m.Words, Action: action, State: "none"}
					for _, r := range reported {
						if r.Measure == m.Row && r.Action == action {
							e.State, e.Institution, e.At, e.Note = r.State, r.Institution, optional(r.At), r.Note
						}
					}
					out.Body.Items = append(out.Body.Items, e)
				}
			}
			return out, nil
		})
}

// ofCity refuses officers of a county: counties collect, and the city hands up
// (JP-26).
func ofCity(a auth.Actor) error {
	if register.LevelOf(a.Region) >= register.City {
		return nil
	}
	e := lanzha.Forbidden("a county does not hand the register up")
	e.Hint = "ask an officer of the city"
	return e
}

func (d *Desk) mountSteps(a *api.API, may *auth.Decider) {
	db := d.Register.DB
	type createIn struct {
		api.Create
		Body struct {
			Region lanzha.Region `json:"region,omitempty" maxLength:"6" doc:"whose changes are gathered; default your own"`
		}
	}
	api.Register(a, api.Op{ID: "createBatch", Method: http.MethodPost, Path: "/register/batches", Action: "batch.create", Status: http.StatusCreated, Summary: "Gather what waits to go up: listings, their dates, liftings"},
		func(ctx context.Context, in *createIn) (*oneOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			region := in.Body.Region
			if region == "" {
				region = actor.Region
			}
			if region != "" && !region.Valid() {
				return nil, lanzha.Invalid("body.region", "a region has six digits, as 530100")
			}
			if err := may.May(ctx, "batch.create", auth.Resource{Type: "batch", Region: region}); err != nil {
				return nil, err
			}
			if err := ofCity(actor); err != nil {
				return nil, err
			}
			id, err := api.Once(ctx, db, actor.ID, in.Key, in.Body, d.Register.Now(), func(tx *sqldb.Tx) (lanzha.ID, error) {
				b, err := d.Make(ctx, tx, region, actor.ID)
				return b.ID, err
			})
			if err != nil {
				return nil, err
			}
			b, err := d.Store.Get(ctx, db.Read(), id)
			if err != nil {
				return nil, err
			}
			return d.one(ctx, b)
		})

	// act does a step to the version that was read.
	act := func(ctx context.Context, id lanzha.ID, read api.Change, action string, step func(tx *sqldb.Tx, version int64, by lanzha.ID) (Batch, error)) (*oneOut, error) {
		version, err := read.Version()
		if err != nil {
			return nil, err
		}
		b, err := d.read(ctx, may, id, action)
		if err != nil {
			return nil, err
		}
		if b.Version != version {
			return nil, errOvertaken()
		}
		actor, _ := auth.ActorFrom(ctx)
		if err := ofCity(actor); err != nil {
			return nil, err
		}
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			b, err = step(tx, version, actor.ID)
			return err
		}); err != nil {
			return nil, err
		}
		return d.one(ctx, b)
	}

	type handIn struct {
		ByID
		api.Change
	}
	api.Register(a, api.Op{ID: "handBatch", Method: http.MethodPost, Path: "/register/batches/{id}/hand", Action: "batch.hand", Status: http.StatusOK, Summary: "Hand a batch to the platform's gateway, which writes the signed file"},
		func(ctx context.Context, in *handIn) (*oneOut, error) {
			return act(ctx, in.ID, in.Change, "batch.hand", func(tx *sqldb.Tx, version int64, by lanzha.ID) (Batch, error) {
				return d.Hand(ctx, tx, in.ID, version, by)
			})
		})

	type receiveIn struct {
		ByID
		api.Change
		Body struct {
			Acknowledged bool      `json:"acknowledged" doc:"false: the platform sent it back, and what it held waits again"`
			PlatformNo   string    `json:"platformNo" minLength:"1" maxLength:"64"`
			At           time.Time `json:"at" doc:"the platform's own time"`
			Reason       string    `json:"reason,omitempty" maxLength:"1000"`
		}
	}
	api.Register(a, api.Op{ID: "receiveBatch", Method: http.MethodPost, Path: "/register/batches/{id}/receive", Action: "batch.receive", Status: http.StatusOK, Summary: "Record the platform's receipt; a receipt file does it at POST /platform/receipts"},
		func(ctx context.Context, in *receiveIn) (*oneOut, error) {
			return act(ctx, in.ID, in.Change, "batch.receive", func(tx *sqldb.Tx, version int64, by lanzha.ID) (Batch, error) {
				return d.Receive(ctx, tx, in.ID, version, Receipt{in.Body.Acknowledged, in.Body.PlatformNo, in.Body.At, in.Body.Reason}, by)
			})
		})

	type reportIn struct {
		ByID
		api.Change
		Body struct {
			Reports []Execution `json:"reports" minItems:"1" maxItems:"1000"`
		}
	}
	api.Register(a, api.Op{ID: "reportBatch", Method: http.MethodPost, Path: "/register/batches/{id}/report", Action: "batch.report", Status: http.StatusOK, Summary: "Record what executing institutions report back, for each listing and measure"},
		func(ctx context.Context, in *reportIn) (*oneOut, error) {
			return act(ctx, in.ID, in.Change, "batch.report", func(tx *sqldb.Tx, _ int64, by lanzha.ID) (Batch, error) {
				return d.Report(ctx, tx, in.ID, in.Body.Reports, by)
			})
		})
}
