package disposal

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/work/clue"
)

// IDIn names a record in the path. It is exported since huma passes over
// embedded types that are not.
type IDIn struct {
	ID lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
}

type (
	oneOut  = api.One[Body]
	manyOut struct{ Body api.List[Body] }
)

// Mount adds the operations of disposals and of the protected list.
func (d *Desk) Mount(a *api.API, may *auth.Decider) {
	d.mountOrders(a, may)
	d.mountDecisions(a, may)
	d.mountReceipts(a, may)
	d.mountPerson(a, may)
	d.mountWhy(a, may)
	d.mountProtected(a, may)
}

func (d *Desk) many(ctx context.Context, found []Disposal, next string) (*manyOut, error) {
	out := &manyOut{api.List[Body]{Items: []Body{}, Next: next}}
	called := map[lanzha.ID]string{} // a page has few institutions
	for _, o := range found {
		if _, known := called[o.Institution]; !known {
			name, err := d.called(ctx, o.Institution)
			if err != nil {
				return nil, err
			}
			called[o.Institution] = name
		}
		out.Body.Items = append(out.Body.Items, d.bodyOf(o, called[o.Institution]))
	}
	return out, nil
}
func (d *Desk) mountOrders(a *api.API, may *auth.Decider) {
	type createIn struct {
		api.Create
		Body RequestBody
	}
	api.Register(a, api.Op{ID: "requestDisposals", Method: http.MethodPost, Path: "/disposals", Action: "disposal.request", Summary: "Request disposals of clues or values; more than one waits for a second officer", Status: http.StatusCreated},
		func(ctx context.Context, in *createIn) (*manyOut, error) {
			ids, err := d.Request(ctx, may, in.Body, in.Key)
			if err != nil {
				return nil, err
			}
			found := []Disposal{}
			for _, id := range ids {
				o, err := d.Store.Get(ctx, d.Clues.DB.Read(), id)
				if err != nil {
					return nil, err
				}
				found = append(found, o)
			}
			return d.many(ctx, found, "")
		})

	type listIn struct {
		api.Page
		State       State         `query:"state" enum:"open,requested,approved,rejected,sent,acknowledged,done,refused,undone" doc:"open is approved, sent and acknowledged; default open, of a clue or a batch every state"`
		Kind        Kind          `query:"kind" enum:"shutdown,intercept,block,recheck,restore"`
		Region      lanzha.Region `query:"region"`
		Institution lanzha.ID     `query:"institution" maxLength:"26"`
		Clue        lanzha.ID     `query:"clue" maxLength:"26"`
		Batch       lanzha.ID     `query:"batch" maxLength:"26"`
	}
	api.Register(a, api.Op{ID: "listDisposals", Method: http.MethodGet, Path: "/disposals", Action: "disposal.list", Summary: "List disposals, the soonest deadline first; an institution sees its own"},
		func(ctx context.Context, in *listIn) (*manyOut, error) {
			scope, err := may.ScopeOf(ctx, "disposal.list")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			f := Filter{
				State: in.State, Kind: in.Kind, Region: scope.Region, Institution: scope.Institution, Clue: in.Clue, Batch: in.Batch,
				Decided: scope.Institution != "", Limit: in.Limit + 1,
			}
			if f.Institution == "" {
				f.Institution = in.Institution
			}
			if f.State == "" && f.Clue == "" && f.Batch == "" {
				f.State = StateOpen
			}
			var key Key
			if more, err := in.After(&key); err != nil {
				return nil, err
			} else if more {
				f.After = &key
			}
			found, err := d.Store.List(ctx, d.Clues.DB.Read(), f)
			if err != nil {
				return nil, err
			}
			page := api.NewList(found, in.Limit, func(o Disposal) any { return Key{Due: lanzha.At(o.DueAt), ID: o.ID} })
			return d.many(ctx, page.Items, page.Next)
		})

	api.Register(a, api.Op{ID: "getDisposal", Method: http.MethodGet, Path: "/disposals/{id}", Action: "disposal.read", Summary: "Read a disposal with its notice and objections"},
		func(ctx context.Context, in *IDIn) (*oneOut, error) {
			o, err := d.read(ctx, may, in.ID, "disposal.read")
			if err != nil {
				return nil, err
			}
			b, err := d.body(ctx, o)
			if err != nil {
				return nil, err
			}
			// What a citizen said is the unit's to read, not the institution's.
			if may.May(ctx, "disposal.object", resource(o)) == nil {
				all, err := d.Store.Objections(ctx, d.Clues.DB.Read(), o.ID)
				if err != nil {
					return nil, err
				}
				for _, ob := range all {
					b.Objections = append(b.Objections, objectionBody(ob))
				}
			}
			return api.NewOne(o.Version, b), nil
		})

	type timelineIn struct {
		IDIn
		Before int64 `query:"before" minimum:"0" doc:"rows with a smaller number; 0 starts at the newest"`
		Limit  int   `query:"limit" minimum:"1" maximum:"500" default:"100"`
	}
	type timelineOut struct{ Body api.List[api.Event] }
	api.Register(a, api.Op{ID: "disposalTimeline", Method: http.MethodGet, Path: "/disposals/{id}/timeline", Action: "disposal.read", Summary: "All that happened to a disposal, the newest first"},
		func(ctx context.Context, in *timelineIn) (*timelineOut, error) {
			if _, err := d.read(ctx, may, in.ID, "disposal.read"); err != nil {
				return nil, err
			}
			scope, err := may.ScopeOf(ctx, "disposal.read")
			if err != nil {
				return nil, err
			}
			events, err := api.Timeline(ctx, d.Clues.DB, d.Clues.Journal, in.ID, in.Before, in.Limit, func(r journal.Row) bool {
				return scope.Covers(auth.Resource{Region: r.Region, Institution: r.Institution})
			})
			return &timelineOut{events}, err
		})

	type kindBody struct {
		Kind        Kind        `json:"kind" enum:"shutdown,intercept,block,recheck,restore"`
		Text        Words       `json:"text"`
		ClueKinds   []clue.Kind `json:"clueKinds" doc:"what it can be done to; block of a mobile number is for virtual numbers only"`
		Institution []string    `json:"institutions" doc:"kinds of institutions that carry it out"`
		Bases       []Basis     `json:"bases" doc:"provisions that it may rest on"`
		Categories  []Category  `json:"categories"`
	}
	type kindsOut struct{ Body api.List[kindBody] }
	api.Register(a, api.Op{ID: "disposalKinds", Method: http.MethodGet, Path: "/disposals/kinds", Action: "disposal.list", Summary: "What can be done to which values, by whom, on which legal basis"},
		func(context.Context, *struct{}) (*kindsOut, error) {
			out := &kindsOut{api.List[kindBody]{Items: []kindBody{}}}
			for _, k := range Kinds {
				b := kindBody{Kind: k, Text: names[k], ClueKinds: values[k], Institution: []string{}, Bases: bases[k], Categories: categoriesOf(k)}
				if k == Restore {
					b.ClueKinds = clue.Kinds
				}
				for _, i := range by[k] {
					b.Institution = append(b.Institution, string(i))
				}
				out.Body.Items = append(out.Body.Items, b)
			}
			return out, nil
		})
}

// change reads a disposal, asks the gate, runs fn in a transaction on the
// version that the caller has read, and answers with the disposal as it then
// is.
func (d *Desk) change(ctx context.Context, may *auth.Decider, id lanzha.ID, read api.Change, action string, fn func(tx *sqldb.Tx, actor auth.Actor) error) (*oneOut, error) {
	version, err := read.Version()
	if err != nil {
		return nil, err
	}
	if _, err := d.read(ctx, may, id, action); err != nil {
		return nil, err
	}
	actor, _ := auth.ActorFrom(ctx)
	if err := d.Clues.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		o, err := d.Store.Locked(ctx, tx, id)
		if err != nil {
			return err
		}
		if o.Version != version {
			return lanzha.Conflict("somebody changed this disposal before you")
		}
		return fn(tx, actor)
	}); err != nil {
		return nil, err
	}
	o, err := d.Store.Get(ctx, d.Clues.DB.Read(), id)
	if err != nil {
		return nil, err
	}
	b, err := d.body(ctx, o)
	return api.NewOne(o.Version, b), err
}

type (
	plainIn struct {
		IDIn
		api.Change
	}
	reasonIn struct {
		IDIn
		api.Change
		Body struct {
			Reason string `json:"reason" minLength:"2" maxLength:"500"`
		}
	}
)

func (d *Desk) mountDecisions(a *api.API, may *auth.Decider) {
	// mayApprove asks about the protected list as it is now.
	mayApprove := func(ctx context.Context, q sqldb.Queryer, o Disposal) error {
		if o.Kind != Restore {
			var err error
			if _, o.Protected, err = d.Store.Protects(ctx, q, o.ValueKind, o.Value, d.Clues.Now()); err != nil {
				return err
			}
		}
		return may.May(ctx, "disposal.approve", resource(o))
	}
	api.Register(a, api.Op{ID: "approveDisposal", Method: http.MethodPost, Path: "/disposals/{id}/approve", Action: "disposal.approve", Summary: "Let a requested disposal out: the second officer"},
		func(ctx context.Context, in *plainIn) (*oneOut, error) {
			return d.change(ctx, may, in.ID, in.Change, "disposal.approve", func(tx *sqldb.Tx, actor auth.Actor) error {
				o, err := d.Store.Get(ctx, tx, in.ID)
				if err != nil {
					return err
				}
				if err := mayApprove(ctx, tx, o); err != nil {
					return err
				}
				_, err = d.Approve(ctx, tx, in.ID, actor.ID)
				return err
			})
		})
	api.Register(a, api.Op{ID: "rejectDisposal", Method: http.MethodPost, Path: "/disposals/{id}/reject", Action: "disposal.reject", Summary: "Reject a requested disposal with the reason"},
		func(ctx context.Context, in *reasonIn) (*oneOut, error) {
			return d.change(ctx, may, in.ID, in.Change, "disposal.reject", func(tx *sqldb.Tx, actor auth.Actor) error {
				_, err := d.Reject(ctx, tx, in.ID, in.Body.Reason, actor.ID)
				return err
			})
		})

	// A batch is decided as a whole: all that is still requested of it, or
	// nothing.
	decide := func(ctx context.Context, batch lanzha.ID, action string, each func(tx *sqldb.Tx, o Disposal, actor auth.Actor) error) (*manyOut, error) {
		actor, _ := auth.ActorFrom(ctx)
		all, err := d.Store.Batch(ctx, d.Clues.DB.Read(), batch)
		if err != nil {
			return nil, err
		}
		waiting := slices.DeleteFunc(slices.Clone(all), func(o Disposal) bool { return o.State != Requested })
		if len(all) == 0 {
			return nil, lanzha.NotFound("batch")
		}
		for _, o := range all {
			if err := may.May(ctx, action, resource(o)); err != nil {
				return nil, err
			}
		}
		if len(waiting) == 0 {
			return nil, lanzha.Conflict("the batch is decided already")
		}
		if err := d.Clues.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			for _, o := range waiting {
				if err := each(tx, o, actor); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return nil, err
		}
		if all, err = d.Store.Batch(ctx, d.Clues.DB.Read(), batch); err != nil {
			return nil, err
		}
		return d.many(ctx, all, "")
	}
	api.Register(a, api.Op{ID: "approveDisposalBatch", Method: http.MethodPost, Path: "/disposals/batches/{id}/approve", Action: "disposal.approve", Summary: "Let a batch out: the second officer"},
		func(ctx context.Context, in *IDIn) (*manyOut, error) {
			return decide(ctx, in.ID, "disposal.approve", func(tx *sqldb.Tx, o Disposal, actor auth.Actor) error {
				if err := mayApprove(ctx, tx, o); err != nil {
					return err
				}
				_, err := d.Approve(ctx, tx, o.ID, actor.ID)
				return err
			})
		})
	type rejectIn struct {
		IDIn
		Body struct {
			Reason string `json:"reason" minLength:"2" maxLength:"500"`
		}
	}
	api.Register(a, api.Op{ID: "rejectDisposalBatch", Method: http.MethodPost, Path: "/disposals/batches/{id}/reject", Action: "disposal.reject", Summary: "Reject a batch with the reason"},
		func(ctx context.Context, in *rejectIn) (*manyOut, error) {
			return decide(ctx, in.ID, "disposal.reject", func(tx *sqldb.Tx, o Disposal, actor auth.Actor) error {
				_, err := d.Reject(ctx, tx, o.ID, in.Body.Reason, actor.ID)
				return err
			})
		})

	type undoIn struct {
		IDIn
		api.Change
		Body struct {
			Reason     string   `json:"reason" minLength:"2" maxLength:"500"`
			Category   Category `json:"category,omitempty" enum:"passed,objection,ended,mistaken"`
			LegalBasis string   `json:"legalBasis,omitempty" maxLength:"300" doc:"default law article 32 paragraph 3"`
			DocumentNo string   `json:"documentNo,omitempty" maxLength:"100"`
		}
	}
	api.Register(a, api.Op{ID: "undoDisposal", Method: http.MethodPost, Path: "/disposals/{id}/undo", Action: "disposal.undo", Summary: "Lift a disposal at the institution that carried it out, or withdraw your own request"},
		func(ctx context.Context, in *undoIn) (*oneOut, error) {
			return d.change(ctx, may, in.ID, in.Change, "disposal.undo", func(tx *sqldb.Tx, actor auth.Actor) error {
				o, err := d.Store.Get(ctx, tx, in.ID)
				if err != nil {
					return err
				}
				if o.State == Requested {
					if o.RequestedBy != actor.ID {
						return lanzha.Forbidden("only who requested it withdraws it; others reject it")
					}
					_, err := d.Reject(ctx, tx, in.ID, in.Body.Reason, actor.ID)
					return err
				}
				basis := in.Body.LegalBasis
				if strings.TrimSpace(basis) == "" {
					basis = bases[Restore][0].Citation
				}
				_, err = d.Lift(ctx, tx, in.ID, Request{Category: in.Body.Category, Reason: in.Body.Reason, LegalBasis: basis, DocumentNo: in.Body.DocumentNo, By: actor.ID})
				return err
			})
		})
}

func (d *Desk) mountReceipts(a *api.API, may *auth.Decider) {
	// settle brings a receipt typed in by a person: the institution's officer,
	// or one of ours with a paper in hand.
	settle := func(ctx context.Context, id lanzha.ID, change api.Change, action string, r Receipt) (*oneOut, error) {
		return d.change(ctx, may, id, change, action, func(tx *sqldb.Tx, actor auth.Actor) error {
			if r.At.IsZero() {
				r.At = d.Clues.Now()
			}
			o, err := d.Receive(ctx, tx, id, r, d.Clues.Now(), actor.ID)
			if err == nil && o.Kind == Recheck && r.State == ReceiptDone && r.Outcome == "" {
				return lanzha.Invalid("body.outcome", "say how the second real-name check ended: verified or suspended")
			}
			return err
		})
	}
	type acknowledgeIn struct {
		IDIn
		api.Change
		Body struct {
			NoticedAt  time.Time `json:"noticedAt,omitzero" doc:"of a recheck: when the user was told; the 24 hours count from it; default now"`
			PlatformNo string    `json:"platformNo,omitempty" maxLength:"64"`
		} `required:"false"`
	}
	api.Register(a, api.Op{ID: "acknowledgeDisposal", Method: http.MethodPost, Path: "/disposals/{id}/acknowledge", Action: "disposal.acknowledge", Summary: "Take an order on; of a recheck, tell when the user was told"},
		func(ctx context.Context, in *acknowledgeIn) (*oneOut, error) {
			if in.Body.NoticedAt.After(d.Clues.Now()) {
				return nil, lanzha.Invalid("body.noticedAt", "the future cannot be recorded")
			}
			return settle(ctx, in.ID, in.Change, "disposal.acknowledge", Receipt{State: ReceiptAcknowledged, At: in.Body.NoticedAt, PlatformNo: in.Body.PlatformNo})
		})
	type doneIn struct {
		IDIn
		api.Change
		Body struct {
			Outcome    string `json:"outcome,omitempty" enum:"verified,suspended" doc:"of a recheck, which needs one"`
			Note       string `json:"note,omitempty" maxLength:"500"`
			PlatformNo string `json:"platformNo,omitempty" maxLength:"64"`
		} `required:"false"`
	}
	api.Register(a, api.Op{ID: "doneDisposal", Method: http.MethodPost, Path: "/disposals/{id}/done", Action: "disposal.done", Summary: "Say that an order was carried out"},
		func(ctx context.Context, in *doneIn) (*oneOut, error) {
			return settle(ctx, in.ID, in.Change, "disposal.done", Receipt{State: ReceiptDone, Outcome: in.Body.Outcome, Reason: in.Body.Note, PlatformNo: in.Body.PlatformNo})
		})
	api.Register(a, api.Op{ID: "refuseDisposal", Method: http.MethodPost, Path: "/disposals/{id}/refuse", Action: "disposal.refuse", Summary: "Refuse an order with the reason"},
		func(ctx context.Context, in *reasonIn) (*oneOut, error) {
			return settle(ctx, in.ID, in.Change, "disposal.refuse", Receipt{State: ReceiptRefused, Reason: in.Body.Reason})
		})
}
