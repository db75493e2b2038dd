package clue

import (
	"context"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/know/place"
)

// Body is a clue as the API shows it.
type Body struct {
	ID          lanzha.ID     `json:"id"`
	Version     int64         `json:"version"`
	Kind        Kind          `json:"kind" enum:"mobile,fixed,service,international,card,account,url,domain,app,im,device"`
	Value       string        `json:"value" example:"+8613888812345"`
	Truth       Truth         `json:"truth" enum:"unknown,true,spoofed,intermediate" doc:"what is thought of a presented caller number"`
	State       State         `json:"state" enum:"open,verified,closed"`
	Institution lanzha.ID     `json:"institution" doc:"who must answer; empty when the directory knows nobody"`
	Carrier     string        `json:"carrier" doc:"by the number plan, before porting"`
	Home        lanzha.Region `json:"home" doc:"where the number plan puts it"`
	HomeName    string        `json:"homeName"`
	Reports     int64         `json:"reports" doc:"how often it was told of"`
	OpenedAt    time.Time     `json:"openedAt"`
	DueAt       *time.Time    `json:"dueAt,omitempty" doc:"the soonest deadline of a pending lookup"`
	DueFrom     *time.Time    `json:"dueFrom,omitempty" doc:"when that deadline began to run"`
	Via         lanzha.ID     `json:"via" doc:"the clue through which it was found"`
	CloseReason string        `json:"closeReason"`
}

func bodyOf(c Clue) Body {
	return Body{
		ID: c.ID, Version: c.Version, Kind: c.Kind, Value: c.Value, Truth: c.Truth, State: c.State, Institution: c.Institution,
		Carrier: c.Carrier, Home: c.Home, HomeName: place.FullName(c.Home), Reports: c.Reports, OpenedAt: c.OpenedAt,
		DueAt: optional(c.DueAt), DueFrom: optional(c.DueFrom), Via: c.Via, CloseReason: c.CloseReason,
	}
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// SourceBody is who told of a clue. A source outside the caller's scope shows
// that it exists and nothing more.
type SourceBody struct {
	ID         lanzha.ID     `json:"id" doc:"of the report, lead or alert; empty when it lies outside your scope"`
	Kind       string        `json:"kind" enum:"report,lead,officer,alert"`
	Region     lanzha.Region `json:"region"`
	RegionName string        `json:"regionName"`
	At         time.Time     `json:"at"`
}

// Page is a clue with what hangs on it.
type Page struct {
	Body
	Sources []SourceBody `json:"sources"`
	Lookups []LookupBody `json:"lookups"`
}

// resource is what the gate must know of a clue: every region that told of it.
func (d *Desk) resource(ctx context.Context, c Clue) (auth.Resource, error) {
	regions, err := d.Store.Regions(ctx, d.DB.Read(), c.ID)
	return auth.Resource{Type: "clue", ID: c.ID, Regions: regions}, err
}

func (d *Desk) read(ctx context.Context, may *auth.Decider, id lanzha.ID, action string) (Clue, error) {
	c, err := d.Store.Get(ctx, d.DB.Read(), id)
	if err != nil {
		return c, err
	}
	r, err := d.resource(ctx, c)
	if err != nil {
		return c, err
	}
	return c, may.May(ctx, action, r)
}

// Mount adds the operations of clues, leads and lookups.
func (d *Desk) Mount(a *api.API, may *auth.Decider) {
	d.mountClues(a, may)
	d.mountLeads(a, may)
	d.mountLookups(a, may)
}

// IDIn names a record in the path. It is exported since huma passes over
// embedded types that are not.
type IDIn struct {
	ID lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
}

func (d *Desk) mountClues(a *api.API, may *auth.Decider) {
	type createIn struct {
		api.Create
		Body struct {
			Value  string        `json:"value" minLength:"1" maxLength:"2000" doc:"as it was presented: a number, account, site or name"`
			Region lanzha.Region `json:"region" minLength:"6" maxLength:"6"`
			Via    lanzha.ID     `json:"via,omitempty" maxLength:"26" doc:"the clue through which it was found"`
		}
	}
	api.Register(a, api.Op{ID: "createClue", Method: http.MethodPost, Path: "/clues", Action: "clue.create", Summary: "Open a clue, or find the one that its value has", Status: http.StatusCreated},
		func(ctx context.Context, in *createIn) (*api.One[Body], error) {
			actor, _ := auth.ActorFrom(ctx)
			if err := may.May(ctx, "clue.create", auth.Resource{Type: "clue", Region: in.Body.Region}); err != nil {
				return nil, err
			}
			if !in.Body.Region.Valid() {
				return nil, lanzha.Invalid("body.region", "a region has six digits, as 530114")
			}
			if in.Body.Via != "" {
				if _, err := d.read(ctx, may, in.Body.Via, "clue.read"); err != nil {
					return nil, err
				}
			}
			kind, value, err := Canonical(in.Body.Value, d.Now())
			if err != nil {
				return nil, err
			}
			out, err := api.Once(ctx, d.DB, actor.ID, in.Key, in.Body, d.Now(), func(tx *sqldb.Tx) (Body, error) {
				c, _, err := d.Open(ctx, tx, kind, value, Source{Kind: "officer", Region: in.Body.Region, At: d.Now()}, in.Body.Via, actor.ID)
				return bodyOf(c), err
			})
			return api.NewOne(out.Version, out), err
		})

	type listIn struct {
		api.Page
		State  State         `query:"state" enum:"open,verified,closed" default:"open"`
		Kind   Kind          `query:"kind" enum:"mobile,fixed,service,international,card,account,url,domain,app,im,device"`
		Region lanzha.Region `query:"region" doc:"narrows to this division; default your own scope"`
		Q      string        `query:"q" maxLength:"2000" doc:"a value as presented: finds its clue, in any state"`
		Source lanzha.ID     `query:"source" maxLength:"26" doc:"a report or lead: the clues that it led to"`
	}
	type listOut struct{ Body api.List[Body] }
	api.Register(a, api.Op{ID: "listClues", Method: http.MethodGet, Path: "/clues", Action: "clue.list", Summary: "List clues: late first, then the soonest deadline, then the newest"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "clue.list")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			if in.Q != "" || in.Source != "" {
				found, err := d.find(ctx, scope, in.Q, in.Source)
				return &listOut{api.List[Body]{Items: found}}, err
			}
			f := Filter{Region: scope.Region, State: in.State, Kind: in.Kind, Limit: in.Limit + 1}
			var key Key
			if more, err := in.After(&key); err != nil {
				return nil, err
			} else if more {
				f.After = &key
			}
			clues, err := d.Store.List(ctx, d.DB.Read(), f)
			if err != nil {
				return nil, err
			}
			page := api.NewList(clues, in.Limit, func(c Clue) any { return KeyOf(c) })
			items := make([]Body, len(page.Items))
			for i, c := range page.Items {
				items[i] = bodyOf(c)
			}
			return &listOut{api.List[Body]{Items: items, Next: page.Next}}, nil
		})

	type pageOut = api.One[Page]
	api.Register(a, api.Op{ID: "getClue", Method: http.MethodGet, Path: "/clues/{id}", Action: "clue.read", Summary: "Read a clue with its sources and lookups"},
		func(ctx context.Context, in *IDIn) (*pageOut, error) {
			c, err := d.read(ctx, may, in.ID, "clue.read")
			if err != nil {
				return nil, err
			}
			page, err := d.page(ctx, may, c)
			return api.NewOne(c.Version, page), err
		})

	type truthIn struct {
		IDIn
		api.Change
		Body struct {
			Truth Truth `json:"truth" enum:"unknown,true,spoofed,intermediate"`
		}
	}
	api.Register(a, api.Op{ID: "judgeClue", Method: http.MethodPut, Path: "/clues/{id}/truth", Action: "clue.verify", Summary: "Say what is thought of a caller number"},
		func(ctx context.Context, in *truthIn) (*api.One[Body], error) {
			return d.change(ctx, may, in.ID, in.Change, "clue.verify", "clue.judged", func(c Clue) (Clue, error) { return Judge(c, in.Body.Truth) },
				map[string]any{"truth": in.Body.Truth})
		})

	type closeIn struct {
		IDIn
		api.Change
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"1000"`
		}
	}
	api.Register(a, api.Op{ID: "closeClue", Method: http.MethodPost, Path: "/clues/{id}/close", Action: "clue.close", Summary: "Close a clue"},
		func(ctx context.Context, in *closeIn) (*api.One[Body], error) {
			return d.change(ctx, may, in.ID, in.Change, "clue.close", "clue.closed", func(c Clue) (Clue, error) { return Close(c, in.Body.Reason) },
				map[string]any{})
		})

	type timelineIn struct {
		IDIn
		Before int64 `query:"before" minimum:"0" doc:"rows with a smaller number; 0 starts at the newest"`
		Limit  int   `query:"limit" minimum:"1" maximum:"500" default:"100"`
	}
	type timelineOut struct{ Body api.List[api.Event] }
	api.Register(a, api.Op{ID: "clueTimeline", Method: http.MethodGet, Path: "/clues/{id}/timeline", Action: "clue.read", Summary: "All that happened to a clue, the newest first"},
		func(ctx context.Context, in *timelineIn) (*timelineOut, error) {
			if _, err := d.read(ctx, may, in.ID, "clue.read"); err != nil {
				return nil, err
			}
			events, err := api.Timeline(ctx, d.DB, d.Journal, in.ID, in.Before, in.Limit, api.Visible(may)(ctx))
			return &timelineOut{events}, err
		})
}

// change reads a clue, decides, and writes it with its journal row.
func (d *Desk) change(ctx context.Context, may *auth.Decider, id lanzha.ID, read api.Change, action, kind string, decide func(Clue) (Clue, error), payload map[string]any) (*api.One[Body], error) {
	version, err := read.Version()
	if err != nil {
		return nil, err
	}
	if _, err := d.read(ctx, may, id, action); err != nil {
		return nil, err
	}
	actor, _ := auth.ActorFrom(ctx)
	var c Clue
	err = d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		var err error
		if c, err = d.Store.GetLocked(ctx, tx, id); err != nil {
			return err
		}
		if c.Version != version {
			return lanzha.Conflict("somebody changed this clue before you")
		}
		if c, err = decide(c); err != nil {
			return err
		}
		if err := d.Store.Update(ctx, tx, c); err != nil {
			return err
		}
		err = d.Journal.Append(ctx, tx, d.Now(), journal.Entry{Kind: kind, Record: c.ID, Version: c.Version, Actor: actor.ID, Region: actor.Region, Payload: payload})
		return err
	})
	return api.NewOne(c.Version, bodyOf(c)), err
}

// find is the list by value or by source: few records, each checked against
// the scope by itself.
func (d *Desk) find(ctx context.Context, scope auth.Scope, q string, source lanzha.ID) ([]Body, error) {
	var clues []Clue
	if source != "" {
		found, err := d.Store.OfSource(ctx, d.DB.Read(), source)
		if err != nil {
			return nil, err
		}
		clues = found
	} else if kind, value, err := Canonical(q, d.Now()); err == nil {
		c, err := d.Store.Find(ctx, d.DB.Read(), kind, value)
		if err == nil {
			clues = []Clue{c}
		} else if lanzha.CodeOf(err) != lanzha.CodeNotFound {
			return nil, err
		}
	}
	out := []Body{}
	for _, c := range clues {
		r, err := d.resource(ctx, c)
		if err != nil {
			return nil, err
		}
		if scope.Covers(r) {
			out = append(out, bodyOf(c))
		}
	}
	return out, nil
}

func (d *Desk) page(ctx context.Context, may *auth.Decider, c Clue) (Page, error) {
	page := Page{Body: bodyOf(c), Sources: []SourceBody{}, Lookups: []LookupBody{}}
	scope, err := may.ScopeOf(ctx, "clue.read")
	if err != nil {
		return page, err
	}
	sources, err := d.Store.Sources(ctx, d.DB.Read(), c.ID)
	if err != nil {
		return page, err
	}
	for _, s := range sources {
		b := SourceBody{ID: s.ID, Kind: s.Kind, Region: s.Region, RegionName: place.FullName(s.Region), At: s.At}
		if !scope.Covers(auth.Resource{Region: s.Region}) {
			b.ID = ""
		}
		page.Sources = append(page.Sources, b)
	}
	lookups, err := d.Store.OfClue(ctx, d.DB.Read(), c.ID)
	if err != nil {
		return page, err
	}
	for _, l := range lookups {
		if !scope.Covers(auth.Resource{Region: l.Region}) {
			l = l.elsewhere()
		}
		b, err := d.lookupBody(ctx, l, c)
		if err != nil {
			return page, err
		}
		page.Lookups = append(page.Lookups, b)
	}
	return page, nil
}

func (d *Desk) mountLeads(a *api.API, may *auth.Decider) {
	type leadBody struct {
		ID     lanzha.ID     `json:"id"`
		Clue   lanzha.ID     `json:"clue"`
		Region lanzha.Region `json:"region"`
		At     time.Time     `json:"at"`
		Ref    string        `json:"ref"`
		Note   string        `json:"note"`
	}
	type createIn struct {
		api.Create
		Body struct {
			Value  string        `json:"value" minLength:"1" maxLength:"2000" doc:"the number, account or site"`
			Region lanzha.Region `json:"region" minLength:"6" maxLength:"6" doc:"the division that should act on it"`
			Ref    string        `json:"ref,omitempty" maxLength:"100" doc:"your own number of the lead"`
			Note   string        `json:"note,omitempty" maxLength:"2000"`
		}
	}
	api.Register(a, api.Op{ID: "pushLead", Method: http.MethodPost, Path: "/leads", Action: "lead.push", Summary: "Push a lead of another centre", Status: http.StatusCreated},
		func(ctx context.Context, in *createIn) (*api.One[leadBody], error) {
			actor, _ := auth.ActorFrom(ctx)
			if err := may.May(ctx, "lead.push", auth.Resource{Type: "lead", Region: in.Body.Region, Institution: actor.Institution}); err != nil {
				return nil, err
			}
			if !in.Body.Region.Valid() {
				return nil, lanzha.Invalid("body.region", "a region has six digits, as 530114")
			}
			out, err := api.Once(ctx, d.DB, actor.ID, in.Key, in.Body, d.Now(), func(tx *sqldb.Tx) (leadBody, error) {
				l, c, err := d.Push(ctx, tx, in.Body.Value, in.Body.Region, in.Body.Ref, in.Body.Note, actor.Institution, actor.ID)
				return leadBody{ID: l.ID, Clue: c.ID, Region: l.Region, At: l.At, Ref: l.Ref, Note: l.Note}, err
			})
			return api.NewOne(1, out), err
		})
}
