package access_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("testdata/%s is not what the code says (-file +code); read the difference, then run: go test ./e2e/access -update\n%s", name, diff)
	}
}

// reach is how far a role's action goes by the policies.
type reach string

const (
	never    reach = "-"
	ownScope reach = "own"
	anywhere reach = "all"
)

// reachOf asks the policies about a role of here.
func reachOf(t *testing.T, may *auth.Decider, role auth.Role, action string) reach {
	t.Helper()
	a := auth.Actor{ID: lanzha.ID(strings.Repeat("0", 26)), Roles: []auth.Role{role}, Region: here}
	if role == auth.Unit || role == auth.Responder {
		a.Region, a.Institution = "", lanzha.ID(strings.Repeat("1", 26))
	}
	scope, err := may.ScopeOf(auth.WithActor(t.Context(), a), action)
	switch {
	case lanzha.CodeOf(err) == lanzha.CodeForbidden:
		return never
	case err != nil:
		t.Fatalf("action %q: %v", action, err)
	case scope.All:
		return anywhere
	}
	return ownScope
}

// TestOperationsTable says for every operation and role what the policies
// allow, and keeps it in a file, so that a change of either is seen.
func TestOperationsTable(t *testing.T) {
	w := newWorldless(t)
	may := auth.NewDecider()
	var text strings.Builder
	fmt.Fprintf(&text, "%-6s %-44s %-24s", "method", "path", "action")
	for _, role := range auth.Roles() {
		fmt.Fprintf(&text, " %-9s", role)
	}
	text.WriteString(" nobody\n")
	lines := []string{}
	for _, op := range w.Operations() {
		line := fmt.Sprintf("%-6s %-44s %-24s", op.Method, op.Path, op.Action)
		for _, role := range auth.Roles() {
			r := anywhere
			if !op.Public {
				r = reachOf(t, may, role, op.Action)
			}
			line += fmt.Sprintf(" %-9s", r)
		}
		nobody := never
		if op.Public {
			nobody = anywhere
		}
		lines = append(lines, line+" "+string(nobody))
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[7:], b[7:]) })
	text.WriteString(strings.Join(lines, "\n") + "\n")
	golden(t, "operations.txt", text.String())
}

// TestEveryOperationHasACase needs no house, so that a new operation is told
// of at once.
func TestEveryOperationHasACase(t *testing.T) {
	known := cases()
	ids := []string{}
	for _, op := range newWorldless(t).Operations() {
		ids = append(ids, op.ID)
		if known[op.ID].fresh == nil {
			t.Errorf("%s (%s %s, action %q) has no access case: say in e2e/access/cases_test.go how it is called on a record of one city, and how a stranger is answered", op.ID, op.Method, op.Path, op.Action)
		}
	}
	for id := range known {
		if !slices.Contains(ids, id) {
			t.Errorf("cases_test.go has a case for %s, which is no operation any more", id)
		}
	}
}

// TestHouse plays the story on both databases, and then looks at the house from
// here and from elsewhere.
func TestHouse(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, part := range []struct {
			name string
			test func(*testing.T, *world)
		}{
			{"search", testSearch}, {"lists", testListsUnderEveryFilter}, {"shared clue", testSharedClue}, {"dossier", testDossierGraph},
			{"journal", testJournalOfLeaders}, {"district", testSmallerScope}, {"end", testAKeyThatEnds}, {"events", testEvents},
			{"operations", testEveryOperationAsEveryone},
		} {
			t.Run(part.name, func(t *testing.T) { w.within(t, func() { part.test(t, w) }) })
		}
		w.strangersLeftNothing(t)
		w.kindsWritten(t)
	})
}

// within makes what the world cannot do a failure of t.
func (w *world) within(t *testing.T, fn func()) {
	whole := w.t
	w.t = t
	defer func() { w.t = whole }()
	fn()
}

// testEveryOperationAsEveryone calls every operation as nobody and as every
// role inside and outside its scope.
func testEveryOperationAsEveryone(t *testing.T, w *world) {
	ops, ids := map[string]api.Op{}, []string{}
	for _, op := range w.house.API.Operations() {
		ops[op.ID] = op
		ids = append(ids, op.ID)
	}
	known := cases()
	for _, id := range last(ids) {
		t.Run(id, func(t *testing.T) { w.within(t, func() { w.try(t, ops[id], known[id]) }) })
	}
}

func (w *world) try(t *testing.T, op api.Op, c access) {
	if c.fresh == nil {
		t.Fatal("there is no access case: see TestEveryOperationHasACase")
	}
	send := func(who *actor, request call) answer {
		request.method = op.Method
		return w.do(who, request)
	}
	// Whoever is denied uses nothing up: one request serves them all. It is that
	// of an officer, so that nothing else is wrong with it.
	officer := w.in[auth.Officer]
	password := officer.password
	denied := c.fresh(w, officer)
	officer.password = password
	want := http.StatusUnauthorized
	if c.nobody != 0 {
		want = c.nobody
	}
	if op.Public != (c.nobody != 0) {
		t.Errorf("the operation is public: %v, its case thinks otherwise", op.Public)
	}
	if got := send(w.unsure, denied); got.status != want {
		t.Errorf("nobody gets %d, want %d: %s", got.status, want, got.body)
	}
	if op.Public {
		return
	}
	for _, role := range auth.Roles() {
		in, out := w.in[role], w.out[role]
		if c.as != nil {
			in = c.as(w, role)
		}
		reach := reachOf(t, w.house.Auth.Decider, role, op.Action)
		if reach == never {
			if got := send(in, denied); got.status != http.StatusForbidden {
				t.Errorf("%s gets %d, want 403: %s", role, got.status, got.body)
			}
			continue
		}
		request := c.fresh(w, in)
		if reach == ownScope && !slices.Contains(c.open, role) {
			w.tryStranger(t, c, out, send(out, request))
		}
		got := send(in, request)
		switch {
		case c.refused != 0 && got.status != c.refused:
			t.Errorf("%s inside its scope gets %d, want %d: %s", role, got.status, c.refused, got.body)
		case c.refused == 0 && got.status >= 300:
			t.Errorf("%s inside its scope gets %d: %s", role, got.status, got.body)
		case c.stranger == untaken && !strings.Contains(got.body, `"taken":1`):
			t.Errorf("%s inside its scope: no row of the file was taken: %s", role, got.body)
		}
	}
}

func (w *world) tryStranger(t *testing.T, c access, who *actor, got answer) {
	t.Helper()
	switch c.stranger {
	case hidden:
		if got.status != http.StatusNotFound && got.status != http.StatusForbidden {
			t.Errorf("%s of elsewhere gets %d, want 404: %s", who.role, got.status, got.body)
		}
	case untaken:
		if got.status == http.StatusOK && !strings.Contains(got.body, `"taken":0`) {
			t.Errorf("%s of elsewhere had a row taken: %s", who.role, got.body)
		}
	case elsewhere:
		if got.status != http.StatusOK {
			t.Errorf("%s of elsewhere gets %d, want a list of their own: %s", who.role, got.status, got.body)
		}
	}
	leaks := w.leaks(got.body)
	if who.institution != "" && strings.Contains(got.body, string(w.carriers[0].ID)) {
		leaks = append(leaks, "the carrier of here")
	}
	if len(leaks) > 0 {
		t.Errorf("%s of elsewhere reads %q: %s", who.role, leaks, got.body)
	}
}

// strangersLeftNothing reads from the journal that whoever is of elsewhere
// changed nothing of here.
func (w *world) strangersLeftNothing(t *testing.T) {
	t.Helper()
	for role, who := range w.out {
		var rows struct{ Items []api.Event }
		w.ok(w.country(), call{method: http.MethodGet, path: "/journal?limit=500&actor=" + string(who.id)}).into(t, &rows)
		for _, row := range rows.Items {
			noun, _, _ := strings.Cut(row.Kind, ".")
			switch {
			case noun == "account" && row.Record == who.id: // signing in and out
			case there.Contains(row.Region) && (noun == "report" || noun == "clue" || noun == "dossier"): // their own work
			case there.Contains(row.Region) && (row.Kind == "listing.searched" || row.Kind == "penalty.searched"): // their own look-up, which found nothing
			case row.Kind == "disposal.why", noun == "protected": // everybody's who holds the role
			case role == auth.Responder && noun == "clue": // a lead that was pushed here
			default:
				t.Errorf("%s of elsewhere did %s to %s", role, row.Kind, row.Record)
			}
		}
	}
}

// country is an auditor of the whole country.
func (w *world) country() *actor {
	return w.account(auth.Draft{Roles: []auth.Role{auth.Auditor}})
}

// certificate is a client certificate that nobody else has.
func certificate(w *world) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(w.t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(w.serial.Add(1)), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(w.t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// newWorldless is the API of a house that nobody has moved into.
func newWorldless(t *testing.T) *api.API {
	t.Helper()
	return emptyHouse(t).API
}
