package access_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanzha/app"
	"lanzha/base/auth"
)

// TestOpenAPI keeps the document of the whole API, and wants of every
// operation what programs and people need to use it.
func TestOpenAPI(t *testing.T) {
	got, err := app.OpenAPI()
	must(t, err)
	want, err := os.ReadFile("../../base/api/testdata/openapi.json")
	must(t, err)
	if diff := cmp.Diff(strings.Split(string(bytes.TrimSpace(want)), "\n"), strings.Split(string(bytes.TrimSpace(got)), "\n")); diff != "" {
		t.Error("base/api/testdata/openapi.json is not what the code says: make generate")
	}
	actions, seen := auth.NewDecider().Actions(), map[string]bool{}
	for _, op := range emptyHouse(t).API.Operations() {
		switch {
		case seen[op.ID]:
			t.Errorf("two operations are called %s", op.ID)
		case op.Summary == "" || strings.HasSuffix(op.Summary, "."):
			t.Errorf("%s: the summary %q is no line without a full stop", op.ID, op.Summary)
		case op.Public != (op.Action == ""):
			t.Errorf("%s is public and has an action, or neither", op.ID)
		case !op.Public && !slices.Contains(actions, op.Action):
			t.Errorf("%s: no policy knows the action %q", op.ID, op.Action)
		}
		seen[op.ID] = true
	}
}
