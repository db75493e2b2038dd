// Package index answers what crosses all stages: one search box that takes a
// number, an account, an address, a document's number or an ID and goes to the
// record. Each stage finds in its own tables, inside the caller's scope; the
// index only asks them in turn.
package index

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/know/institution"
	"lanzha/know/place"
	"lanzha/work/cases"
	"lanzha/work/clue"
	"lanzha/work/clue/den"
	"lanzha/work/report"
)

// Hit is one record found.
type Hit struct {
	Kind   string    `json:"kind" enum:"report,clue,den,dossier,institution" doc:"where it lives"`
	ID     lanzha.ID `json:"id"`
	Title  string    `json:"title" doc:"how it is called in one line"`
	Detail string    `json:"detail" doc:"state or place, to tell it from others"`
}

// finder searches one stage inside a scope. A text that means nothing to it
// finds nothing.
type finder struct {
	action string // what the caller must be allowed to do: "clue.list"
	find   func(ctx context.Context, scope auth.Scope, text string) ([]Hit, error)
}

const perSource = 8

// Index searches the stages that it is given.
type Index struct {
	DB        *sqldb.DB
	Reports   *report.Store
	Clues     *clue.Store
	Dens      den.Store
	Cases     cases.Store
	Directory *institution.Directory
	Now       func() time.Time
}

// Mount adds the search. A stage that the caller may not list is passed over.
func (x *Index) Mount(a *api.API, may *auth.Decider) {
	finders := []finder{
		{"clue.list", x.clues}, {"report.list", x.reports}, {"den.list", x.dens}, {"dossier.list", x.dossiers}, {"institution.list", x.institutions},
	}
	type in struct {
		Q string `query:"q" minLength:"1" maxLength:"200" required:"true" doc:"a number, account, site, address, document number or ID"`
	}
	type out struct{ Body api.List[Hit] }
	api.Register(a, api.Op{ID: "search", Method: http.MethodGet, Path: "/search", Action: "search", Summary: "Find a record by what is known of it"},
		func(ctx context.Context, in *in) (*out, error) {
			text := strings.TrimSpace(in.Q)
			if utf8.RuneCountInString(text) < 2 {
				return nil, lanzha.Invalid("query.q", "search for two characters at least")
			}
			hits := []Hit{}
			for _, f := range finders {
				scope, err := may.ScopeOf(ctx, f.action)
				if lanzha.CodeOf(err) == lanzha.CodeForbidden {
					continue
				} else if err != nil {
					return nil, err
				}
				found, err := f.find(ctx, scope, text)
				if err != nil {
					return nil, err
				}
				hits = append(hits, found...)
			}
			return &out{api.List[Hit]{Items: hits}}, nil
		})
}

// none passes over a record that is not there.
func none(err error) error {
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return nil
	}
	return err
}

// clues are found by ID, by value, and by the exact name of a subscriber.
func (x *Index) clues(ctx context.Context, scope auth.Scope, text string) ([]Hit, error) {
	var found []clue.Clue
	var one clue.Clue
	var err error
	if id, bad := lanzha.ParseID(text); bad == nil {
		one, err = x.Clues.Get(ctx, x.DB.Read(), id)
	} else if kind, value, bad := clue.Canonical(text, x.Now()); bad == nil {
		one, err = x.Clues.Find(ctx, x.DB.Read(), kind, value)
	} else {
		found, err = x.Clues.BySubscriber(ctx, x.DB.Read(), text)
	}
	if err != nil {
		return nil, none(err)
	}
	if one.ID != "" {
		found = []clue.Clue{one}
	}
	hits := []Hit{}
	for _, c := range found {
		regions, err := x.Clues.Regions(ctx, x.DB.Read(), c.ID)
		if err != nil {
			return nil, err
		}
		if len(hits) < perSource && scope.Covers(auth.Resource{Regions: regions}) {
			hits = append(hits, Hit{Kind: "clue", ID: c.ID, Title: c.Value, Detail: string(c.State)})
		}
	}
	return hits, nil
}

func (x *Index) reports(ctx context.Context, scope auth.Scope, text string) ([]Hit, error) {
	if id, err := lanzha.ParseID(text); err == nil {
		r, err := x.Reports.Get(ctx, x.DB.Read(), id)
		if err != nil || !scope.Covers(auth.Resource{Region: r.Region}) {
			return nil, none(err)
		}
		return []Hit{{Kind: "report", ID: r.ID, Title: r.Ref110, Detail: string(r.Type)}}, nil
	}
	lines, err := x.Reports.List(ctx, x.DB.Read(), report.Filter{Region: scope.Region, Ref110: text, Limit: perSource})
	hits := []Hit{}
	for _, l := range lines {
		hits = append(hits, Hit{Kind: "report", ID: l.ID, Title: l.Ref110, Detail: string(l.Type)})
	}
	return hits, err
}

func (x *Index) dens(ctx context.Context, scope auth.Scope, text string) ([]Hit, error) {
	var found []den.Den
	if id, err := lanzha.ParseID(text); err == nil {
		d, err := x.Dens.Get(ctx, x.DB.Read(), id)
		if err != nil {
			return nil, none(err)
		}
		found = []den.Den{d}
	} else if keys := place.Keys(place.Parse(text, scope.Region)); len(keys) > 0 {
		under, err := x.Dens.Under(ctx, x.DB.Read(), keys)
		if err != nil {
			return nil, err
		}
		found = under
	}
	hits := []Hit{}
	for _, d := range found {
		if len(hits) < perSource && scope.Covers(auth.Resource{Region: d.Region, Institution: d.Unit}) {
			hits = append(hits, Hit{Kind: "den", ID: d.ID, Title: d.Address(), Detail: string(d.State)})
		}
	}
	return hits, nil
}

func (x *Index) dossiers(ctx context.Context, scope auth.Scope, text string) ([]Hit, error) {
	var d cases.Dossier
	var err error
	if id, bad := lanzha.ParseID(text); bad == nil {
		d, err = x.Cases.Get(ctx, x.DB.Read(), id)
	} else {
		d, err = x.Cases.ByNo(ctx, x.DB.Read(), text)
	}
	if err != nil || !scope.Covers(auth.Resource{Region: d.Region}) {
		return nil, none(err)
	}
	return []Hit{{Kind: "dossier", ID: d.ID, Title: d.No, Detail: d.Title}}, nil
}

func (x *Index) institutions(ctx context.Context, scope auth.Scope, text string) ([]Hit, error) {
	found, err := x.Directory.List(ctx, x.DB.Read(), institution.Filter{Text: text, Only: scope.Institution, Limit: perSource})
	hits := []Hit{}
	for _, in := range found {
		hits = append(hits, Hit{Kind: "institution", ID: in.ID, Title: in.Name, Detail: in.Code})
	}
	return hits, err
}
