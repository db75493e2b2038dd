package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
)

// MountJournal registers the journal for those who inspect it.
func MountJournal(a *API, db *sqldb.DB, j *journal.Journal, may *auth.Decider) {
	type listIn struct {
		Kind   string    `query:"kind" maxLength:"60" doc:"as lookup.answered"`
		Actor  lanzha.ID `query:"actor" maxLength:"26"`
		Record lanzha.ID `query:"record" maxLength:"26"`
		Before int64     `query:"before" minimum:"0" doc:"rows with a smaller number; 0 starts at the newest"`
		Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
	}
	type listOut struct{ Body List[Event] }
	Register(a, Op{ID: "listJournal", Method: http.MethodGet, Path: "/journal", Action: "journal.read", Summary: "What happened, the newest first"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "journal.read")
			if err != nil {
				return nil, err
			}
			rows, err := j.Search(ctx, db.Read(), journal.Filter{
				Kind: in.Kind, Actor: in.Actor, Record: in.Record, Region: scope.Region, Before: in.Before, Limit: in.Limit + 1,
			})
			if err != nil {
				return nil, err
			}
			out := &listOut{Body: List[Event]{Items: []Event{}}}
			if len(rows) > in.Limit {
				rows = rows[:in.Limit]
				out.Body.Next = strconv.FormatInt(rows[in.Limit-1].Seq, 10)
			}
			for _, r := range rows {
				out.Body.Items = append(out.Body.Items, EventOf(r))
			}
			return out, nil
		})
}

// Visible is which rows of the live events a caller may see: those of its
// region or its institution, of the kinds whose record its roles may read. A
// kind of which no policy knows the record is nobody's.
func Visible(may *auth.Decider) func(context.Context) func(journal.Row) bool {
	return func(ctx context.Context) func(journal.Row) bool {
		scope, err := may.ScopeOf(ctx, "event.read")
		if err != nil {
			return func(journal.Row) bool { return false }
		}
		nouns := map[string]bool{}
		return func(r journal.Row) bool {
			noun, _, _ := strings.Cut(r.Kind, ".")
			readable, known := nouns[noun]
			if !known {
				readable = may.Gate(ctx, noun+".read") == nil
				nouns[noun] = readable
			}
			return readable && scope.Covers(auth.Resource{Region: r.Region, Institution: r.Institution})
		}
	}
}
