// Package index answers what crosses all stages: one search box that takes a
// number, an account, an address, a document's number or an ID and goes to the
// record. Each stage finds in its own tables, inside the caller's scope; the
// index only asks them in turn.
package index

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
)

// Hit is one record found.
type Hit struct {
	Kind   string    `json:"kind" enum:"report,clue,den,dossier,institution" doc:"where it lives"`
	ID     lanzha.ID `json:"id"`
	Title  string    `json:"title" doc:"how it is called in one line"`
	Detail string    `json:"detail" doc:"state or place, to tell it from others"`
}

// Finder is a stage's own search, inside the scope of the caller in ctx. A
// text that means nothing to it finds nothing.
type Finder func(ctx context.Context, text string, limit int) ([]Hit, error)

// Source is a stage that can be searched.
type Source struct {
	Action string // what the caller must be allowed to do: "clue.list"
	Find   Finder
}

const perSource = 8

// Mount adds the search. Sources answer in the given order; one that the
// caller may not list is passed over.
func Mount(a *api.API, may *auth.Decider, sources ...Source) {
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
			for _, s := range sources {
				if may.Gate(ctx, s.Action) != nil {
					continue
				}
				found, err := s.Find(ctx, text, perSource)
				if err != nil {
					return nil, err
				}
				hits = append(hits, found...)
			}
			return &out{api.List[Hit]{Items: hits}}, nil
		})
}
