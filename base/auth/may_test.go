package auth_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lanzha"
	"lanzha/base/auth"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	me      lanzha.ID = "01KB3V6N0Q8V4Y2ZC5T7R9WXH1"
	another lanzha.ID = "01KB3V6N0Q8V4Y2ZC5T7R9WXH2"
	mine    lanzha.ID = "01KB3V6N0Q8V4Y2ZC5T7R9WXH3"
	theirs  lanzha.ID = "01KB3V6N0Q8V4Y2ZC5T7R9WXH4"
	record  lanzha.ID = "01KB3V6N0Q8V4Y2ZC5T7R9WXH5"
)

// as is an actor of Kunming, or of the institution that is mine.
func as(roles ...auth.Role) auth.Actor {
	a := auth.Actor{ID: me, Login: "me", Roles: roles, Region: "530100", Via: auth.ViaSession}
	for _, r := range roles {
		if r == auth.Unit || r == auth.Responder {
			a.Institution, a.Region = mine, "530114"
		}
	}
	return a
}

func ctx(a auth.Actor) context.Context { return auth.WithActor(context.Background(), a) }

// TestRolesAndActions writes the whole table of who may do what: + is allowed,
// . is forbidden whatever the record, and out of scope must then be not_found
// or, where the action knows no scope, allowed as well (*).
func TestRolesAndActions(t *testing.T) {
	d := auth.NewDecider()
	var out strings.Builder
	fmt.Fprintf(&out, "%-24s", "action")
	for _, role := range auth.Roles() {
		fmt.Fprintf(&out, "%-10s", role)
	}
	out.WriteString("\n")
	for _, action := range d.Actions() {
		fmt.Fprintf(&out, "%-24s", action)
		for _, role := range auth.Roles() {
			c := ctx(as(role))
			home := auth.Resource{Type: "thing", ID: record, Region: "530114", Institution: mine, RequestedBy: another, Document: "昆公(刑)调证字〔2023〕1号", Purpose: "核查"}
			away := home
			away.Region, away.Institution = "520115", theirs
			mark := "?"
			switch inside, outside := lanzha.CodeOf(d.May(c, action, home)), lanzha.CodeOf(d.May(c, action, away)); {
			case inside == "" && outside == lanzha.CodeNotFound:
				mark = "+"
			case inside == "" && outside == "":
				mark = "*"
			case inside == lanzha.CodeForbidden && outside == lanzha.CodeForbidden:
				mark = "."
			}
			if gate := d.Gate(c, action); (gate == nil) != (mark == "+" || mark == "*") {
				t.Errorf("%s %s: the gate says %v, the record %s", role, action, gate, mark)
			}
			fmt.Fprintf(&out, "%-10s", mark)
		}
		out.WriteString("\n")
	}
	got := strings.ReplaceAll(out.String(), " \n", "\n")
	file := filepath.Join("testdata", "access.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("who may do what has changed (-update writes it anew):\n%s", diff)
	}
	if strings.Contains(got, "?") {
		t.Error("a decision is neither allowed, forbidden nor out of scope")
	}
}

func TestRulesAgainstEveryPermit(t *testing.T) {
	d := auth.NewDecider()
	country := as(auth.Leader)
	country.Region = ""
	first := as(auth.Officer)
	first.MustChange = true
	home := auth.Resource{Type: "disposal", ID: record, Region: "530114", RequestedBy: another, Document: "1", Purpose: "x"}
	with := func(change func(*auth.Resource)) auth.Resource {
		r := home
		change(&r)
		return r
	}
	for _, c := range []struct {
		name   string
		actor  auth.Actor
		action string
		r      auth.Resource
		want   lanzha.Code
		says   string
	}{
		{"a leader approves", as(auth.Leader), "disposal.approve", home, "", ""},
		{"not the own request", as(auth.Leader), "disposal.approve", with(func(r *auth.Resource) { r.RequestedBy = me }), lanzha.CodeForbidden, "who asked"},
		{"not the own den", as(auth.Analyst, auth.Leader), "den.approve", with(func(r *auth.Resource) { r.RequestedBy = me }), lanzha.CodeForbidden, "who asked"},
		{"what the system asked for", as(auth.Leader), "disposal.approve", with(func(r *auth.Resource) { r.RequestedBy = "" }), "", ""},
		{"a second officer approves", as(auth.Officer), "disposal.approve", home, "", ""},
		{"the same officer does not", as(auth.Officer), "disposal.approve", with(func(r *auth.Resource) { r.RequestedBy = me }), lanzha.CodeForbidden, "who asked"},
		{"nor any officer a protected number", as(auth.Officer), "disposal.approve", with(func(r *auth.Resource) { r.Protected = true }), lanzha.CodeForbidden, "protected"},
		{"an officer does not approve an entry", as(auth.Officer), "den.approve", home, lanzha.CodeForbidden, "role"},
		{"an officer asks for a protected number", as(auth.Officer), "disposal.request", with(func(r *auth.Resource) { r.Protected = true }), lanzha.CodeForbidden, "protected"},
		{"a leader asks for a protected number", as(auth.Leader), "disposal.request", with(func(r *auth.Resource) { r.Protected = true }), "", ""},
		{"location without a decision", as(auth.Officer), "lookup.location", with(func(r *auth.Resource) { r.Document = "" }), lanzha.CodeForbidden, "document"},
		{"location by a decision", as(auth.Officer), "lookup.location", home, "", ""},
		{"entry without its document", as(auth.Leader), "den.approve", with(func(r *auth.Resource) { r.Document = "" }), lanzha.CodeForbidden, "document"},
		{"case without a decision", as(auth.Leader), "dossier.file", with(func(r *auth.Resource) { r.Document = "" }), lanzha.CodeForbidden, "document"},
		{"reveal without purpose", as(auth.Officer), "reveal", with(func(r *auth.Resource) { r.Purpose = "" }), lanzha.CodeForbidden, "purpose"},
		{"reveal with purpose", as(auth.Officer), "reveal", home, "", ""},
		{"out of scope first, rule after", as(auth.Leader), "disposal.approve", with(func(r *auth.Resource) { r.Region, r.RequestedBy = "520115", me }), lanzha.CodeNotFound, "no such disposal"},
		{"first password", first, "report.create", home, lanzha.CodeForbidden, "first password"},
		{"first password, own account", first, "me.write", home, "", ""},
		{"a second region of the record", as(auth.Officer), "clue.read", with(func(r *auth.Resource) { r.Region, r.Regions = "520115", []lanzha.Region{"530102"} }), "", ""},
		{"a record of unknown region", as(auth.Officer), "clue.read", with(func(r *auth.Resource) { r.Region = "" }), lanzha.CodeNotFound, ""},
		{"a record of unknown region, from the country", country, "clue.read", with(func(r *auth.Resource) { r.Region = "" }), "", ""},
		{"an institution's officer without institution", auth.Actor{ID: me, Roles: []auth.Role{auth.Responder}}, "lookup.read", with(func(r *auth.Resource) { r.Institution = "none" }), lanzha.CodeForbidden, "role"},
		{"no role", auth.Actor{ID: me}, "clue.read", home, lanzha.CodeForbidden, "role"},
		{"the system", auth.System(), "account.write", home, "", ""},
		{"the system without a document", auth.System(), "dossier.file", with(func(r *auth.Resource) { r.Document = "" }), lanzha.CodeForbidden, "document"},
		{"an unknown action", as(auth.Officer), "clue.eat", home, lanzha.CodeInternal, "clue.eat"},
	} {
		err := d.May(ctx(c.actor), c.action, c.r)
		if lanzha.CodeOf(err) != c.want || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q saying %q", c.name, err, c.want, c.says)
		}
	}
	if err := d.May(context.Background(), "clue.read", home); lanzha.CodeOf(err) != lanzha.CodeUnauthenticated {
		t.Errorf("nobody: %v", err)
	}
	if err := d.Gate(context.Background(), "clue.read"); lanzha.CodeOf(err) != lanzha.CodeUnauthenticated {
		t.Errorf("nobody: %v", err)
	}
	if err := d.Gate(ctx(first), "clue.read"); lanzha.CodeOf(err) != lanzha.CodeForbidden {
		t.Errorf("the gate with a first password: %v", err)
	}
}

// TestScopeAgreesWithPolicies: a list shows exactly the records that May
// allows.
func TestScopeAgreesWithPolicies(t *testing.T) {
	d := auth.NewDecider()
	regions := rapid.SampledFrom([]lanzha.Region{"", "530000", "530100", "530114", "530102", "530302", "520000", "520115"})
	institutions := rapid.SampledFrom([]lanzha.ID{"", mine, theirs})
	covered := 0
	rapid.Check(t, func(t *rapid.T) {
		role := rapid.SampledFrom(auth.Roles()).Draw(t, "role")
		actor := auth.Actor{ID: me, Roles: []auth.Role{role}, Region: regions.Draw(t, "scope"), Institution: institutions.Draw(t, "of")}
		if role != auth.Unit && role != auth.Responder && rapid.Bool().Draw(t, "second role") {
			actor.Roles = append(actor.Roles, rapid.SampledFrom([]auth.Role{auth.Officer, auth.Leader, auth.Admin, auth.Auditor}).Draw(t, "and"))
		}
		action := rapid.SampledFrom(d.Actions()).Draw(t, "action")
		scope, err := d.ScopeOf(ctx(actor), action)
		r := auth.Resource{
			ID: record, Region: regions.Draw(t, "region"), Regions: rapid.SliceOfN(regions, 0, 2).Draw(t, "regions"),
			Institution: institutions.Draw(t, "institution"), Document: "1", Purpose: "x",
		}
		may := d.May(ctx(actor), action, r)
		if lists := err == nil && scope.Covers(r); lists != (may == nil) {
			t.Fatalf("%v %s: the list (%+v) shows it: %v; May says %v", actor, action, scope, lists, may)
		}
		if may == nil {
			covered++
		}
	})
	if covered == 0 {
		t.Error("no allowed record was drawn: the property was not tried")
	}
}

func TestScopeColumns(t *testing.T) {
	d := auth.NewDecider()
	for region, want := range map[lanzha.Region]string{"530000": "province", "530100": "city", "530114": "district", "": ""} {
		a := as(auth.Officer)
		a.Region = region
		s, err := d.ScopeOf(ctx(a), "clue.list")
		if err != nil || s.Level() != want || s.Region != region || s.All != (region == "") {
			t.Errorf("%q: %+v %q, %v", region, s, s.Level(), err)
		}
	}
	s, err := d.ScopeOf(ctx(as(auth.Responder)), "lookup.list")
	if diff := cmp.Diff(auth.Scope{Institution: mine}, s); diff != "" || err != nil {
		t.Errorf("%s %v", diff, err)
	}
	if _, err := d.ScopeOf(ctx(as(auth.Responder)), "clue.list"); lanzha.CodeOf(err) != lanzha.CodeForbidden {
		t.Errorf("a responder's clues: %v", err)
	}
}

func BenchmarkMay(b *testing.B) {
	d := auth.NewDecider()
	r := auth.Resource{Type: "clue", ID: record, Region: "530114", Institution: mine}
	for _, c := range []struct {
		name string
		ctx  context.Context
		want lanzha.Code
	}{
		{"allowed", ctx(as(auth.Officer)), ""},
		{"forbidden", ctx(as(auth.Responder)), lanzha.CodeForbidden},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := d.May(c.ctx, "clue.read", r); lanzha.CodeOf(err) != c.want {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestScopeNarrows(t *testing.T) {
	city := auth.Scope{Region: "530100"}
	for _, c := range []struct {
		scope auth.Scope
		asked lanzha.Region
		want  auth.Scope
		code  lanzha.Code
	}{
		{city, "", city, ""}, {city, "530114", auth.Scope{Region: "530114"}, ""}, {city, "530000", city, ""},
		{city, "520000", auth.Scope{}, lanzha.CodeForbidden}, {city, "53", auth.Scope{}, lanzha.CodeInvalid},
		{auth.Scope{All: true}, "530114", auth.Scope{Region: "530114"}, ""}, {auth.Scope{All: true}, "", auth.Scope{All: true}, ""},
		{auth.Scope{Institution: mine}, "520000", auth.Scope{Institution: mine}, ""},
	} {
		got, err := c.scope.Narrow(c.asked)
		if lanzha.CodeOf(err) != c.code || err == nil && got != c.want {
			t.Errorf("%+v narrowed to %q: %+v, %v", c.scope, c.asked, got, err)
		}
	}
}
