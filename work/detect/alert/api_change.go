package alert

import (
	"context"
	"net/http"
	"slices"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
)

// SuppressionBody is a suppression as the API shows it.
type SuppressionBody struct {
	ID         lanzha.ID     `json:"id"`
	Version    int64         `json:"version"`
	Standing   Standing      `json:"standing" enum:"in_force,over,lifted"`
	Told       bool          `json:"told" doc:"the detector has it as it stands"`
	Rule       string        `json:"rule" doc:"empty: every rule"`
	Domain     string        `json:"domain" enum:"other,number,account,device,sim,cell,person,outlet"`
	Subject    string        `json:"subject" doc:"persons are masked"`
	Region     lanzha.Region `json:"region"`
	Alert      lanzha.ID     `json:"alert" doc:"that led to it"`
	Until      time.Time     `json:"until"`
	Why        string        `json:"why"`
	MadeBy     lanzha.ID     `json:"madeBy"`
	MadeByName string        `json:"madeByName"`
	MadeAt     time.Time     `json:"madeAt"`
	LiftedBy   lanzha.ID     `json:"liftedBy"`
	LiftedName string        `json:"liftedByName"`
	LiftedAt   *time.Time    `json:"liftedAt,omitempty"`
	LiftWhy    string        `json:"liftWhy"`
}

func (d *Desk) suppressionBody(ctx context.Context, v viewer, s Suppression) (SuppressionBody, error) {
	b := SuppressionBody{
		ID: s.ID, Version: s.Version, Standing: s.Standing(d.Now()), Told: s.Told == s.Version, Rule: s.Rule, Domain: DomainName(s.Subject.Domain),
		Subject: v.subject(s.Subject), Region: s.Region, Alert: s.Alert, Until: s.Until, Why: v.text(s.Subject, s.Why),
		MadeBy: s.MadeBy, MadeAt: s.MadeAt, LiftedBy: s.LiftedBy, LiftWhy: v.text(s.Subject, s.LiftWhy),
	}
	if s.LiftedBy != "" {
		b.LiftedAt = &s.LiftedAt
	}
	var err error
	if b.MadeByName, err = v.account(ctx, s.MadeBy); err != nil {
		return b, err
	}
	b.LiftedName, err = v.account(ctx, s.LiftedBy)
	return b, err
}

// parseSubject reads a subject of a request.
func parseSubject(domain, value string) (Subject, error) {
	d, ok := ParseDomain(domain)
	if !ok {
		return Subject{}, lanzha.Invalid("body.domain", "must be number, account, device, sim, cell, person, outlet or other")
	}
	return Subject{d, value}, nil
}

func (d *Desk) mountSuppressions(a *api.API, may *auth.Decider) {
	type one = api.One[SuppressionBody]
	show := func(ctx context.Context, s Suppression) (*one, error) {
		b, err := d.suppressionBody(ctx, d.viewer(ctx, may), s)
		return api.NewOne(s.Version, b), err
	}

	type listIn struct {
		api.Page
		InForce bool          `query:"inForce" doc:"only those that hold now"`
		Region  lanzha.Region `query:"region" maxLength:"6" doc:"narrows to this division; default your own scope"`
	}
	type listOut struct {
		Body api.List[SuppressionBody]
	}
	api.Register(a, api.Op{ID: "listSuppressions", Method: http.MethodGet, Path: "/suppressions", Action: "suppression.read", Summary: "List who is left alone for a time, the newest first"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "suppression.read")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			f := SuppressionFilter{Scope: scope, Limit: in.Limit + 1}
			if in.InForce {
				f.InForceAt = d.Now()
			}
			if _, err := in.After(&f.Before); err != nil {
				return nil, err
			}
			found, err := d.Store.Suppressions(ctx, d.DB.Read(), f)
			if err != nil {
				return nil, err
			}
			page, v := api.NewList(found, in.Limit, func(s Suppression) any { return s.ID }), d.viewer(ctx, may)
			out := &listOut{api.List[SuppressionBody]{Items: make([]SuppressionBody, len(page.Items)), Next: page.Next}}
			for i, s := range page.Items {
				if out.Body.Items[i], err = d.suppressionBody(ctx, v, s); err != nil {
					return nil, err
				}
			}
			return out, nil
		})

	type makeIn struct {
		api.Create
		Body struct {
			Alert  lanzha.ID `json:"alert,omitempty" maxLength:"26" doc:"whose subject is left alone; then domain and value are left out"`
			Domain string    `json:"domain,omitempty" enum:"number,account,device,sim,cell,person,outlet,other"`
			Value  string    `json:"value,omitempty" maxLength:"100"`
			Rule   string    `json:"rule,omitempty" maxLength:"100" doc:"empty: every rule"`
			Until  time.Time `json:"until" doc:"within a year"`
			Why    string    `json:"why" minLength:"1" maxLength:"2000"`
		}
	}
	api.Register(a, api.Op{ID: "makeSuppression", Method: http.MethodPost, Path: "/suppressions", Action: "suppression.make", Status: http.StatusCreated, Summary: "Leave a subject alone for a time that is known to be good"},
		func(ctx context.Context, in *makeIn) (*one, error) {
			actor, _ := auth.ActorFrom(ctx)
			s := Suppression{Rule: in.Body.Rule, Alert: in.Body.Alert, Until: in.Body.Until.UTC(), Why: in.Body.Why, MadeBy: actor.ID}
			if in.Body.Alert != "" {
				found, err := d.read(ctx, may, in.Body.Alert, "alert.read")
				if err != nil {
					return nil, err
				}
				s.Subject, s.Region = found.Subject, found.Region
			} else {
				var err error
				if s.Subject, err = parseSubject(in.Body.Domain, in.Body.Value); err != nil {
					return nil, err
				}
				s.Region = d.regionOf(s.Subject)
			}
			if err := may.May(ctx, "suppression.make", auth.Resource{Type: "suppression", Region: s.Region}); err != nil {
				return nil, err
			}
			// What is remembered for repeats is the ID: a person stays encrypted.
			id, err := api.Once(ctx, d.DB, actor.ID, in.Key, in.Body, d.Now(), func(tx *sqldb.Tx) (lanzha.ID, error) {
				made, err := d.Suppress(ctx, tx, s)
				return made.ID, err
			})
			if err != nil {
				return nil, err
			}
			if s, err = d.Store.Suppression(ctx, d.DB.Read(), id); err != nil {
				return nil, err
			}
			return show(ctx, s)
		})

	read := func(ctx context.Context, id lanzha.ID, action string) (Suppression, error) {
		s, err := d.Store.Suppression(ctx, d.DB.Read(), id)
		if err != nil {
			return s, err
		}
		return s, may.May(ctx, action, auth.Resource{Type: "suppression", ID: s.ID, Region: s.Region})
	}
	api.Register(a, api.Op{ID: "getSuppression", Method: http.MethodGet, Path: "/suppressions/{id}", Action: "suppression.read", Summary: "Read a suppression"},
		func(ctx context.Context, in *ByID) (*one, error) {
			s, err := read(ctx, in.ID, "suppression.read")
			if err != nil {
				return nil, err
			}
			return show(ctx, s)
		})

	type liftIn struct {
		ByID
		api.Change
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"2000"`
		}
	}
	api.Register(a, api.Op{ID: "liftSuppression", Method: http.MethodPost, Path: "/suppressions/{id}/lift", Action: "suppression.lift", Summary: "End a suppression early"},
		func(ctx context.Context, in *liftIn) (*one, error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			s, err := read(ctx, in.ID, "suppression.lift")
			if err != nil {
				return nil, err
			}
			actor, _ := auth.ActorFrom(ctx)
			if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
				s, err = d.Lift(ctx, tx, in.ID, version, in.Body.Reason, actor.ID)
				return err
			}); err != nil {
				return nil, err
			}
			return show(ctx, s)
		})
}

// ListBody is a named list.
type ListBody struct {
	Name  string `json:"name" example:"couriers"`
	House bool   `json:"house" doc:"the house keeps it by itself: clues holds the values of open clues, dens those of confirmed dens"`
	Asked bool   `json:"asked" doc:"rules in force ask for it"`
}

// EntryBody is an entry of a named list.
type EntryBody struct {
	ID          lanzha.ID  `json:"id"`
	Version     int64      `json:"version"`
	List        string     `json:"list"`
	Standing    Standing   `json:"standing" enum:"in_force,over,lifted"`
	Told        bool       `json:"told" doc:"the detector has it as it stands"`
	Domain      string     `json:"domain" enum:"other,number,account,device,sim,cell,person,outlet"`
	Subject     string     `json:"subject" doc:"persons are masked; empty on a list of the house, where the clue holds the value"`
	Clue        lanzha.ID  `json:"clue" doc:"whose value it is, on a list of the house"`
	Until       *time.Time `json:"until,omitempty" doc:"absent: until it is removed"`
	Why         string     `json:"why" doc:"on the list of dens: the den"`
	MadeBy      lanzha.ID  `json:"madeBy" doc:"empty: the house"`
	MadeByName  string     `json:"madeByName"`
	MadeAt      time.Time  `json:"madeAt"`
	RemovedBy   lanzha.ID  `json:"removedBy"`
	RemovedName string     `json:"removedByName"`
	RemovedAt   *time.Time `json:"removedAt,omitempty"`
	RemoveWhy   string     `json:"removeWhy"`
}

func (d *Desk) entryBody(ctx context.Context, v viewer, e Entry) (EntryBody, error) {
	b := EntryBody{
		ID: e.ID, Version: e.Version, List: e.List, Standing: e.Standing(d.Now()), Told: e.Told == e.Version, Domain: DomainName(e.Subject.Domain),
		Clue: e.Clue, Until: optional(e.Until), Why: e.Why, MadeBy: e.MadeBy, MadeAt: e.MadeAt, RemovedBy: e.RemovedBy, RemoveWhy: e.RemoveWhy,
	}
	if e.Clue == "" {
		b.Subject, b.Why, b.RemoveWhy = v.subject(e.Subject), v.text(e.Subject, e.Why), v.text(e.Subject, e.RemoveWhy)
	}
	if b.Standing == Removed {
		b.RemovedAt = optional(e.RemovedAt)
	}
	var err error
	if b.MadeByName, err = v.account(ctx, e.MadeBy); err != nil {
		return b, err
	}
	b.RemovedName, err = v.account(ctx, e.RemovedBy)
	return b, err
}

// InList names a list in the path. It is exported because the HTTP kit passes
// over embedded types that are not.
type InList struct {
	List string `path:"list" maxLength:"40" pattern:"^[a-z][a-z0-9-]*$"`
}

// InEntry names an entry in the path.
type InEntry struct {
	InList
	ID lanzha.ID `path:"id" minLength:"26" maxLength:"26"`
}

func (d *Desk) mountLists(a *api.API, may *auth.Decider) {
	type one = api.One[EntryBody]
	show := func(ctx context.Context, e Entry) (*one, error) {
		b, err := d.entryBody(ctx, d.viewer(ctx, may), e)
		return api.NewOne(e.Version, b), err
	}

	type listsOut struct{ Body api.List[ListBody] }
	api.Register(a, api.Op{ID: "listNamedLists", Method: http.MethodGet, Path: "/lists", Action: "namedlist.read", Summary: "List the named lists that rules ask for"},
		func(ctx context.Context, _ *struct{}) (*listsOut, error) {
			names, err := d.Store.ListNames(ctx, d.DB.Read())
			if err != nil {
				return nil, err
			}
			asked := []string{}
			if d.Named != nil {
				asked = d.Named()
			}
			names = append(append(names, ClueList, DenList), asked...)
			slices.Sort(names)
			out := &listsOut{api.List[ListBody]{Items: []ListBody{}}}
			for _, name := range slices.Compact(names) {
				out.Body.Items = append(out.Body.Items, ListBody{Name: name, House: IsHouseList(name), Asked: slices.Contains(asked, name)})
			}
			return out, nil
		})

	type entriesIn struct {
		InList
		api.Page
		InForce bool `query:"inForce" doc:"only those that hold now"`
	}
	type entriesOut struct{ Body api.List[EntryBody] }
	api.Register(a, api.Op{ID: "listEntries", Method: http.MethodGet, Path: "/lists/{list}/entries", Action: "namedlist.read", Summary: "List the entries of a named list, the newest first"},
		func(ctx context.Context, in *entriesIn) (*entriesOut, error) {
			f := EntryFilter{List: in.List, Limit: in.Limit + 1}
			if in.InForce {
				f.InForceAt = d.Now()
			}
			if _, err := in.After(&f.Before); err != nil {
				return nil, err
			}
			found, err := d.Store.Entries(ctx, d.DB.Read(), f)
			if err != nil {
				return nil, err
			}
			page, v := api.NewList(found, in.Limit, func(e Entry) any { return e.ID }), d.viewer(ctx, may)
			out := &entriesOut{api.List[EntryBody]{Items: make([]EntryBody, len(page.Items)), Next: page.Next}}
			for i, e := range page.Items {
				if out.Body.Items[i], err = d.entryBody(ctx, v, e); err != nil {
					return nil, err
				}
			}
			return out, nil
		})

	type enterIn struct {
		InList
		api.Create
		Body struct {
			Domain string    `json:"domain" enum:"number,account,device,sim,cell,person,outlet,other"`
			Value  string    `json:"value" minLength:"1" maxLength:"100"`
			Until  time.Time `json:"until,omitempty" doc:"default: until it is removed"`
			Why    string    `json:"why" minLength:"1" maxLength:"2000"`
		}
	}
	api.Register(a, api.Op{ID: "createEntry", Method: http.MethodPost, Path: "/lists/{list}/entries", Action: "namedlist.write", Status: http.StatusCreated, Summary: "Put a value on a named list"},
		func(ctx context.Context, in *enterIn) (*one, error) {
			actor, _ := auth.ActorFrom(ctx)
			subject, err := parseSubject(in.Body.Domain, in.Body.Value)
			if err != nil {
				return nil, err
			}
			request := struct{ List, Body any }{in.List, in.Body}
			id, err := api.Once(ctx, d.DB, actor.ID, in.Key, request, d.Now(), func(tx *sqldb.Tx) (lanzha.ID, error) {
				e, err := d.Enter(ctx, tx, Entry{List: in.List, Subject: subject, Until: in.Body.Until.UTC(), Why: in.Body.Why, MadeBy: actor.ID})
				return e.ID, err
			})
			if err != nil {
				return nil, err
			}
			e, err := d.Store.Entry(ctx, d.DB.Read(), id)
			if err != nil {
				return nil, err
			}
			return show(ctx, e)
		})

	api.Register(a, api.Op{ID: "getEntry", Method: http.MethodGet, Path: "/lists/{list}/entries/{id}", Action: "namedlist.read", Summary: "Read an entry of a named list"},
		func(ctx context.Context, in *InEntry) (*one, error) {
			e, err := d.Store.Entry(ctx, d.DB.Read(), in.ID)
			if err != nil {
				return nil, err
			}
			if e.List != in.List {
				return nil, lanzha.NotFound("entry")
			}
			return show(ctx, e)
		})

	change := func(ctx context.Context, read api.Change, do func(tx *sqldb.Tx, version int64, by lanzha.ID) (Entry, error)) (*one, error) {
		version, err := read.Version()
		if err != nil {
			return nil, err
		}
		actor, _ := auth.ActorFrom(ctx)
		var e Entry
		if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			e, err = do(tx, version, actor.ID)
			return err
		}); err != nil {
			return nil, err
		}
		return show(ctx, e)
	}

	type keepIn struct {
		InEntry
		api.Change
		Body struct {
			Until time.Time `json:"until,omitempty" doc:"default: until it is removed"`
			Why   string    `json:"why" minLength:"1" maxLength:"2000"`
		}
	}
	api.Register(a, api.Op{ID: "changeEntry", Method: http.MethodPut, Path: "/lists/{list}/entries/{id}", Action: "namedlist.write", Summary: "Change until when an entry holds, and why"},
		func(ctx context.Context, in *keepIn) (*one, error) {
			return change(ctx, in.Change, func(tx *sqldb.Tx, version int64, by lanzha.ID) (Entry, error) {
				return d.Keep(ctx, tx, in.List, in.ID, version, in.Body.Until.UTC(), in.Body.Why, by)
			})
		})

	type removeIn struct {
		InEntry
		api.Change
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"2000"`
		}
	}
	api.Register(a, api.Op{ID: "removeEntry", Method: http.MethodPost, Path: "/lists/{list}/entries/{id}/remove", Action: "namedlist.write", Summary: "Take a value off a named list"},
		func(ctx context.Context, in *removeIn) (*one, error) {
			return change(ctx, in.Change, func(tx *sqldb.Tx, version int64, by lanzha.ID) (Entry, error) {
				return d.TakeOff(ctx, tx, in.List, in.ID, version, in.Body.Reason, by)
			})
		})
}
