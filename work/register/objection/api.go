package objection

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

// Body is an objection as lists show it.
type Body struct {
	ID         lanzha.ID     `json:"id"`
	Version    int64         `json:"version"`
	State      State         `json:"state" enum:"received,accepted,not_accepted,verified,upheld,dismissed"`
	Listing    lanzha.ID     `json:"listing"`
	Name       string        `json:"name" doc:"of the listed subject, masked; empty once erased"`
	Region     lanzha.Region `json:"region"`
	Ground     Ground        `json:"ground" enum:"designation,not_lifted,other"`
	Via        string        `json:"via" enum:"own,officer"`
	ReceivedAt time.Time     `json:"receivedAt"`
}

// bodies are objections with the names of who is listed.
func (d *Desk) bodies(ctx context.Context, objections ...Objection) ([]Body, error) {
	listings := make([]lanzha.ID, len(objections))
	for i, o := range objections {
		listings[i] = o.Listing
	}
	called, err := d.Register.Store.CalledOf(ctx, d.Register.DB.Read(), listings)
	if err != nil {
		return nil, err
	}
	out := make([]Body, len(objections))
	for i, o := range objections {
		out[i] = Body{
			ID: o.ID, Version: o.Version, State: o.State, Listing: o.Listing, Name: called[o.Listing].Name, Region: o.Region,
			Ground: o.Ground, Via: o.Via, ReceivedAt: o.ReceivedAt,
		}
	}
	return out, nil
}

// Page is an objection with its way and its clocks.
type Page struct {
	Body
	Steps  []StepBody       `json:"steps"`
	Due    []policy.Due     `json:"due" doc:"deadlines by the pack; one without a date waits for the operator's citation"`
	Silent []policy.Silence `json:"silent"`
}

// StepBody is one step.
type StepBody struct {
	State State     `json:"state" enum:"received,accepted,not_accepted,verified,upheld,dismissed"`
	By    lanzha.ID `json:"by" doc:"empty: the person"`
	Name  string    `json:"name"`
	At    time.Time `json:"at"`
	Words string    `json:"words"`
}

type pageOut = api.One[Page]

// ByID is the input of operations on one objection. It is exported because the
// HTTP kit passes over embedded types that are not.
type ByID struct {
	ID lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
}

func (d *Desk) page(ctx context.Context, o Objection) (*pageOut, error) {
	q := d.Register.DB.Read()
	steps, err := d.Store.Steps(ctx, q, o.ID)
	if err != nil {
		return nil, err
	}
	clocks, err := d.Clocks(ctx, q, o)
	if err != nil {
		return nil, err
	}
	body, err := d.bodies(ctx, o)
	if err != nil {
		return nil, err
	}
	page := Page{Body: body[0], Steps: []StepBody{}, Due: clocks.Due, Silent: clocks.Silent}
	for _, st := range steps {
		name := ""
		if st.Actor != "" && d.Register.OfficerName != nil {
			if name, err = d.Register.OfficerName(ctx, q, st.Actor); err != nil {
				return nil, err
			}
		}
		page.Steps = append(page.Steps, StepBody{st.State, st.Actor, name, st.At, st.Words})
	}
	return api.NewOne(o.Version, page), nil
}

// read reads an objection for one who may do the action to it.
func (d *Desk) read(ctx context.Context, may *auth.Decider, id lanzha.ID, action string) (Objection, error) {
	q := d.Register.DB.Read()
	o, err := d.Store.Get(ctx, q, id)
	if err != nil {
		return o, err
	}
	l, err := d.Register.Store.Listing(ctx, q, o.Listing)
	if err != nil {
		return o, err
	}
	return o, may.May(ctx, action, resource(o, l))
}

// Mount adds the operations of objections.
func (d *Desk) Mount(a *api.API, may *auth.Decider) {
	d.mountReading(a, may)
	d.mountSteps(a, may)
}

func (d *Desk) mountReading(a *api.API, may *auth.Decider) {
	db := d.Register.DB
	type listIn struct {
		api.Page
		State   State         `query:"state" enum:"received,accepted,not_accepted,verified,upheld,dismissed" doc:"empty is all"`
		Listing lanzha.ID     `query:"listing" maxLength:"26"`
		Region  lanzha.Region `query:"region" maxLength:"6" doc:"narrows to this division; default your own scope"`
	}
	type listOut struct{ Body api.List[Body] }
	api.Register(a, api.Op{ID: "listObjections", Method: http.MethodGet, Path: "/register/objections", Action: "objection.list", Summary: "List objections, the newest first"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "objection.list")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			f := Filter{Region: scope.Region, State: in.State, Listing: in.Listing, Limit: in.Limit + 1}
			if _, err := in.After(&f.After); err != nil {
				return nil, err
			}
			found, err := d.Store.List(ctx, db.Read(), f)
			if err != nil {
				return nil, err
			}
			page := api.NewList(found, in.Limit, func(o Objection) any { return o.ID })
			items, err := d.bodies(ctx, page.Items...)
			return &listOut{api.List[Body]{Items: items, Next: page.Next}}, err
		})

	type createIn struct {
		api.Create
		Body struct {
			Listing lanzha.ID `json:"listing" minLength:"26" maxLength:"26"`
			Ground  Ground    `json:"ground" enum:"designation,not_lifted,other"`
			Words   string    `json:"words" minLength:"2" maxLength:"2000" doc:"what the person says; kept encrypted"`
		}
	}
	api.Register(a, api.Op{ID: "createObjection", Method: http.MethodPost, Path: "/register/objections", Action: "objection.create", Status: http.StatusCreated, Summary: "Take an objection that came by letter, telephone or at the counter"},
		func(ctx context.Context, in *createIn) (*pageOut, error) {
			l, err := d.Register.Store.Listing(ctx, db.Read(), in.Body.Listing)
			if err != nil {
				return nil, err
			}
			if err := may.May(ctx, "objection.create", register.Resource(l)); err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			// What is remembered for repeats is the ID: the words stay encrypted.
			id, err := api.Once(ctx, db, actor.ID, in.Key, in.Body, d.Register.Now(), func(tx *sqldb.Tx) (lanzha.ID, error) {
				o, err := d.Take(ctx, tx, l, in.Body.Ground, in.Body.Words, actor.ID)
				return o.ID, err
			})
			if err != nil {
				return nil, err
			}
			o, err := d.Store.Get(ctx, db.Read(), id)
			if err != nil {
				return nil, err
			}
			return d.page(ctx, o)
		})

	api.Register(a, api.Op{ID: "getObjection", Method: http.MethodGet, Path: "/register/objections/{id}", Action: "objection.read", Summary: "Read an objection: its steps, and its deadlines as far as they are known"},
		func(ctx context.Context, in *ByID) (*pageOut, error) {
			o, err := d.read(ctx, may, in.ID, "objection.read")
			if err != nil {
				return nil, err
			}
			return d.page(ctx, o)
		})
}

func (d *Desk) mountSteps(a *api.API, may *auth.Decider) {
	act := func(ctx context.Context, id lanzha.ID, read api.Change, action, words string, decide func(Objection) (Objection, error)) (*pageOut, error) {
		version, err := read.Version()
		if err != nil {
			return nil, err
		}
		o, err := d.read(ctx, may, id, action)
		if err != nil {
			return nil, err
		}
		actor, _ := auth.ActorFrom(ctx)
		if err := d.Register.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			o, err = d.act(ctx, tx, id, version, words, actor.ID, decide)
			return err
		}); err != nil {
			return nil, err
		}
		return d.page(ctx, o)
	}

	type acceptIn struct {
		ByID
		api.Change
		Body struct {
			Accepted bool   `json:"accepted"`
			Words    string `json:"words" minLength:"1" maxLength:"2000" doc:"told to the person; why, where it is not accepted"`
		}
	}
	api.Register(a, api.Op{ID: "acceptObjection", Method: http.MethodPost, Path: "/register/objections/{id}/accept", Action: "objection.accept", Status: http.StatusOK, Summary: "Accept an objection to be dealt with, or not"},
		func(ctx context.Context, in *acceptIn) (*pageOut, error) {
			return act(ctx, in.ID, in.Change, "objection.accept", in.Body.Words, func(o Objection) (Objection, error) { return o.Accept(in.Body.Accepted, in.Body.Words) })
		})

	type verifyIn struct {
		ByID
		api.Change
		Body struct {
			Words string `json:"words" minLength:"1" maxLength:"2000" doc:"what was found; for the file, not told to the person"`
		}
	}
	api.Register(a, api.Op{ID: "verifyObjection", Method: http.MethodPost, Path: "/register/objections/{id}/verify", Action: "objection.verify", Status: http.StatusOK, Summary: "Record what the verification found"},
		func(ctx context.Context, in *verifyIn) (*pageOut, error) {
			return act(ctx, in.ID, in.Change, "objection.verify", in.Body.Words, func(o Objection) (Objection, error) { return o.Verify(in.Body.Words) })
		})

	type answerIn struct {
		ByID
		api.Change
		Body struct {
			Upheld bool   `json:"upheld" doc:"upheld lifts the listing at once"`
			Words  string `json:"words" minLength:"1" maxLength:"2000" doc:"told to the person"`
		}
	}
	api.Register(a, api.Op{ID: "answerListingObjection", Method: http.MethodPost, Path: "/register/objections/{id}/answer", Action: "objection.answer", Status: http.StatusOK, Summary: "Uphold an objection, which lifts the listing at once, or dismiss it"},
		func(ctx context.Context, in *answerIn) (*pageOut, error) {
			return act(ctx, in.ID, in.Change, "objection.answer", in.Body.Words, func(o Objection) (Objection, error) { return o.Answer(in.Body.Upheld, in.Body.Words) })
		})
}
