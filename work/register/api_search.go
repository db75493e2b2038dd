package register

import (
	"context"
	"net/http"
	"strings"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
)

// FoundBody is a listing that was looked for. Several subjects may have the
// name: the number tells them apart.
type FoundBody struct {
	ListingBody
	Number string `json:"number" doc:"of the subject, masked"`
}

// mostFound is how many listings a search answers with. A name that more have
// is no way to a person.
const mostFound = 100

func (d *Desk) mountSearch(a *api.API, may *auth.Decider) {
	type searchIn struct {
		Body struct {
			Number  string `json:"number,omitempty" minLength:"5" maxLength:"40" doc:"the whole identity number or credit code: the search is exact"`
			Name    string `json:"name,omitempty" minLength:"1" maxLength:"100" doc:"the whole name, in place of the number"`
			Purpose string `json:"purpose" maxLength:"200" doc:"stands in the journal with your name"`
		}
	}
	type searchOut struct{ Body api.List[FoundBody] }
	api.Register(a, api.Op{ID: "searchListings", Method: http.MethodPost, Path: "/register/listings/search", Action: "listing.search", Status: http.StatusOK, Summary: "Find listings in your scope by the subject's whole number, or by the whole name, on a stated purpose"},
		func(ctx context.Context, in *searchIn) (*searchOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			if err := may.May(ctx, "listing.search", auth.Resource{Type: "listing", Region: actor.Region, Purpose: in.Body.Purpose}); err != nil {
				return nil, err
			}
			number, name := CanonicalNumber(in.Body.Number), strings.TrimSpace(in.Body.Name)
			if (number == "") == (name == "") {
				return nil, lanzha.Invalid("body.name", "give the whole number or the whole name, one of the two")
			}
			scope, err := may.ScopeOf(ctx, "listing.read")
			if err != nil {
				return nil, err
			}
			var found []Listing
			asked := map[string]any{}
			if name != "" {
				asked["name"] = lanzha.Mask(name)
				found, err = d.Store.FindByName(ctx, d.DB.Read(), name, scope, mostFound+1)
			} else {
				asked["number"] = lanzha.Mask(number)
				found, err = d.Store.FindByNumber(ctx, d.DB.Read(), number, scope, mostFound+1)
			}
			if err != nil {
				return nil, err
			}
			tooMany := len(found) > mostFound
			if tooMany {
				found = nil // nobody's listing is shown
			}
			called, err := d.calledIn(ctx, found)
			if err != nil {
				return nil, err
			}
			out, about := &searchOut{api.List[FoundBody]{Items: make([]FoundBody, len(found))}}, make([]lanzha.ID, len(found))
			for i, l := range found {
				who := called[l.Subject]
				out.Body.Items[i], about[i] = FoundBody{listingBody(l, who.Name, d.Today()), who.Number}, l.ID
			}
			asked["found"] = len(found)
			record := actor.ID // nothing was found: the row stands with who asked
			if len(about) > 0 {
				record = about[0]
			}
			if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
				return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
					Kind: "listing.searched", Record: record, About: about, Actor: actor.ID, Purpose: in.Body.Purpose, Region: actor.Region, Payload: asked,
				})
			}); err != nil {
				return nil, err
			}
			if tooMany {
				e := lanzha.Invalid("body.name", "more than %d listings in your scope have this name", mostFound)
				e.Hint = "look the person up by the number"
				return nil, e
			}
			return out, nil
		})
}
