package cases

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
	"lanzha/know/place"
)

// Summary is a dossier in a list.
type Summary struct {
	ID         lanzha.ID     `json:"id"`
	Version    int64         `json:"version"`
	No         string        `json:"no"`
	Title      string        `json:"title"`
	State      State         `json:"state" enum:"open,filed,closed"`
	Region     lanzha.Region `json:"region"`
	RegionName string        `json:"regionName"`
	Den        lanzha.ID     `json:"den"`
	Result     Result        `json:"result" enum:",confirmed,nothing_found,dismissed"`
	CaseNo     string        `json:"caseNo"`
	People     int           `json:"people"`
	OpenedAt   time.Time     `json:"openedAt"`
}

// Body is a dossier as the API shows it.
type Body struct {
	Dossier
	RegionName string      `json:"regionName"`
	Links      []Link      `json:"links"`
	Timeline   []api.Event `json:"timeline" doc:"what happened to it and to all that it links, the newest first; the last hundred"`
}

const timelineRows = 100

func resource(d Dossier) auth.Resource {
	return auth.Resource{Type: "dossier", ID: d.ID, Region: d.Region}
}

// visible says which rows of the journal the caller may see.
func visible(ctx context.Context, may *auth.Decider) func(journal.Row) bool {
	return func(r journal.Row) bool {
		return may.May(ctx, "event.read", auth.Resource{Type: "event", ID: r.Record, Region: r.Region, Institution: r.Institution}) == nil
	}
}

// Find is the Finder of dossiers, for links from one to another.
func (k *Desk) Find(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (auth.Resource, error) {
	d, err := k.Store.Get(ctx, q, id)
	return resource(d), err
}

// Mount adds the operations of dossiers.
func (k *Desk) Mount(a *api.API, may *auth.Decider) {
	show := func(ctx context.Context, d Dossier) (*api.One[Body], error) {
		links, err := k.Store.Links(ctx, k.DB.Read(), d.ID)
		if err != nil {
			return nil, err
		}
		rows, err := k.Timeline(ctx, k.DB.Read(), d, links, 0, timelineRows, visible(ctx, may))
		if err != nil {
			return nil, err
		}
		// Of a record that the caller may not read, that something is linked.
		for i, l := range links {
			find := k.Finders[l.Kind]
			if find == nil {
				continue
			}
			r, err := find(ctx, k.DB.Read(), l.Record)
			if err == nil {
				err = may.May(ctx, l.Kind+".read", r)
			}
			switch code := lanzha.CodeOf(err); {
			case code == lanzha.CodeNotFound, code == lanzha.CodeForbidden:
				links[i] = Link{Kind: l.Kind, At: l.At}
			case err != nil:
				return nil, err
			}
		}
		return api.NewOne(d.Version, Body{Dossier: d, RegionName: place.FullName(d.Region), Links: links, Timeline: events(rows)}), nil
	}
	// change reads a dossier, asks whether the caller may, and has fn change the
	// version that the caller read.
	change := func(ctx context.Context, id lanzha.ID, c api.Change, action string, with func(*auth.Resource), fn func(tx *sqldb.Tx, d Dossier, actor lanzha.ID) (Dossier, error)) (*api.One[Body], error) {
		actor, _ := auth.ActorFrom(ctx)
		version, err := c.Version()
		if err != nil {
			return nil, err
		}
		var d Dossier
		if err := k.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			old, err := k.Store.Get(ctx, tx, id)
			if err != nil {
				return err
			}
			r := resource(old)
			with(&r)
			if err := may.May(ctx, action, r); err != nil {
				return err
			}
			if old.Version != version {
				return lanzha.Conflict("the dossier was changed before you")
			}
			d, err = fn(tx, old, actor.ID)
			return err
		}); err != nil {
			return nil, err
		}
		return show(ctx, d)
	}

	type createIn struct {
		api.Create
		Body struct {
			Title  string        `json:"title" minLength:"1" maxLength:"200"`
			Region lanzha.Region `json:"region" minLength:"6" maxLength:"6" example:"530114"`
		}
	}
	api.Register(a, api.Op{ID: "createDossier", Method: http.MethodPost, Path: "/dossiers", Action: "dossier.write", Summary: "Open a dossier by hand", Status: http.StatusCreated},
		func(ctx context.Context, in *createIn) (*api.One[Body], error) {
			actor, _ := auth.ActorFrom(ctx)
			if err := checkNew(in.Body.Title, in.Body.Region); err != nil {
				return nil, err
			}
			wanted := Dossier{Title: in.Body.Title, Region: in.Body.Region, OpenedBy: actor.ID}
			if err := may.May(ctx, "dossier.write", resource(wanted)); err != nil {
				return nil, err
			}
			made, err := api.Once(ctx, k.DB, actor.ID, in.Key, in.Body, k.Now(), func(tx *sqldb.Tx) (Dossier, error) { return k.Open(ctx, tx, wanted, nil) })
			if err != nil {
				return nil, err
			}
			return show(ctx, made)
		})

	type listIn struct {
		api.Page
		Region lanzha.Region `query:"region" maxLength:"6" doc:"narrows to this division; default your own scope"`
		State  State         `query:"state" enum:"open,filed,closed"`
		Record lanzha.ID     `query:"record" maxLength:"26" doc:"those that link this record"`
	}
	type listOut struct{ Body api.List[Summary] }
	api.Register(a, api.Op{ID: "listDossiers", Method: http.MethodGet, Path: "/dossiers", Action: "dossier.list", Summary: "List dossiers, the newest first"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "dossier.list")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			f := Filter{Region: scope.Region, State: in.State, Record: in.Record, Limit: in.Limit + 1}
			if _, err := in.After(&f.Before); err != nil {
				return nil, err
			}
			found, err := k.Store.List(ctx, k.DB.Read(), f)
			items := []Summary{}
			for _, d := range found {
				items = append(items, Summary{
					ID: d.ID, Version: d.Version, No: d.No, Title: d.Title, State: d.State, Region: d.Region, RegionName: place.FullName(d.Region),
					Den: d.Den, Result: d.Result, CaseNo: d.CaseNo, People: d.Outcome.People, OpenedAt: d.OpenedAt,
				})
			}
			return &listOut{api.NewList(items, in.Limit, func(s Summary) any { return s.ID })}, err
		})

	type idIn struct {
		ID lanzha.ID `path:"id" maxLength:"26"`
	}
	api.Register(a, api.Op{ID: "getDossier", Method: http.MethodGet, Path: "/dossiers/{id}", Action: "dossier.read", Summary: "Read a dossier with its links and timeline"},
		func(ctx context.Context, in *idIn) (*api.One[Body], error) {
			d, err := k.Store.Get(ctx, k.DB.Read(), in.ID)
			if err != nil {
				return nil, err
			}
			if err := may.May(ctx, "dossier.read", resource(d)); err != nil {
				return nil, err
			}
			return show(ctx, d)
		})

	type timelineIn struct {
		ID     lanzha.ID `path:"id" maxLength:"26"`
		Before int64     `query:"before" minimum:"0" doc:"rows before this number; 0 starts at the end"`
		Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
	}
	type timelineOut struct {
		Body struct {
			Items []api.Event `json:"items"`
		}
	}
	api.Register(a, api.Op{ID: "dossierTimeline", Method: http.MethodGet, Path: "/dossiers/{id}/timeline", Action: "dossier.read", Summary: "Read on in the timeline of a dossier"},
		func(ctx context.Context, in *timelineIn) (*timelineOut, error) {
			d, err := k.Store.Get(ctx, k.DB.Read(), in.ID)
			if err != nil {
				return nil, err
			}
			if err := may.May(ctx, "dossier.read", resource(d)); err != nil {
				return nil, err
			}
			links, err := k.Store.Links(ctx, k.DB.Read(), d.ID)
			if err != nil {
				return nil, err
			}
			rows, err := k.Timeline(ctx, k.DB.Read(), d, links, in.Before, in.Limit, visible(ctx, may))
			out := &timelineOut{}
			out.Body.Items = events(rows)
			return out, err
		})

	type linkIn struct {
		ID lanzha.ID `path:"id" maxLength:"26"`
		api.Change
		Body struct {
			Record lanzha.ID `json:"record" minLength:"26" maxLength:"26"`
			Kind   string    `json:"kind" maxLength:"20" example:"clue"`
		}
	}
	api.Register(a, api.Op{ID: "linkDossier", Method: http.MethodPost, Path: "/dossiers/{id}/links", Action: "dossier.write", Summary: "Link a record to a dossier"},
		func(ctx context.Context, in *linkIn) (*api.One[Body], error) {
			find := k.Finders[in.Body.Kind]
			if find == nil {
				return nil, lanzha.Invalid("kind", "a record of this kind cannot be linked")
			}
			return change(ctx, in.ID, in.Change, "dossier.write", func(*auth.Resource) {}, func(tx *sqldb.Tx, d Dossier, actor lanzha.ID) (Dossier, error) {
				if in.Body.Record == d.ID {
					return d, lanzha.Invalid("record", "a dossier is not linked to itself")
				}
				// What the caller cannot read cannot be linked: its timeline
				// would show.
				r, err := find(ctx, tx, in.Body.Record)
				if err != nil {
					return d, err
				}
				if err := may.May(ctx, in.Body.Kind+".read", r); err != nil {
					return d, err
				}
				return k.Link(ctx, tx, d, Link{Record: in.Body.Record, Kind: in.Body.Kind, By: actor})
			})
		})

	type fileIn struct {
		ID lanzha.ID `path:"id" maxLength:"26"`
		api.Change
		Body struct {
			DocumentNo string `json:"documentNo" maxLength:"100" doc:"the number of the decision to file (立案决定书)"`
			FiledOn    string `json:"filedOn" format:"date" doc:"the date of the decision"`
			CaseNo     string `json:"caseNo,omitempty" maxLength:"100"`
		}
	}
	api.Register(a, api.Op{ID: "fileDossier", Method: http.MethodPost, Path: "/dossiers/{id}/file", Action: "dossier.file", Summary: "Make a dossier a case by the decision to file"},
		func(ctx context.Context, in *fileIn) (*api.One[Body], error) {
			document := strings.TrimSpace(in.Body.DocumentNo)
			return change(ctx, in.ID, in.Change, "dossier.file", func(r *auth.Resource) { r.Document = document }, func(tx *sqldb.Tx, d Dossier, actor lanzha.ID) (Dossier, error) {
				return k.File(ctx, tx, d, Filing{DocumentNo: document, FiledOn: in.Body.FiledOn, By: actor}, strings.TrimSpace(in.Body.CaseNo))
			})
		})

	type closeIn struct {
		ID lanzha.ID `path:"id" maxLength:"26"`
		api.Change
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"1000"`
		}
	}
	api.Register(a, api.Op{ID: "closeDossier", Method: http.MethodPost, Path: "/dossiers/{id}/close", Action: "dossier.write", Summary: "Close a dossier, with the reason"},
		func(ctx context.Context, in *closeIn) (*api.One[Body], error) {
			return change(ctx, in.ID, in.Change, "dossier.write", func(*auth.Resource) {}, func(tx *sqldb.Tx, d Dossier, actor lanzha.ID) (Dossier, error) {
				return k.Close(ctx, tx, d, strings.TrimSpace(in.Body.Reason), actor)
			})
		})
}

func events(rows []journal.Row) []api.Event {
	out := []api.Event{}
	for _, r := range rows {
		out = append(out, api.EventOf(r))
	}
	return out
}
