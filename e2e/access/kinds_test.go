package access_test

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lanzha/base/auth"
	"lanzha/base/sqldb"
)

// A kind is the record's noun and what happened to it.
var (
	kindForm   = regexp.MustCompile(`^[a-z]+\.[a-z_]+$`)
	prefixForm = regexp.MustCompile(`^[a-z]+\.$`)
	fileForm   = regexp.MustCompile(`\.(json|key|db|yaml|csv|sql|cedar|js|com|cn)$`)
)

// alike are texts of the form that are no kinds: fields of a request or of a
// session, columns, and what the outbox owes.
var alike = []string{
	"body.clues", "body.note", "body.reason", "body.values", "body.why", "caller.name", "j.region", "lookup.send", "namedlist.tell", "oidc.nonce", "oidc.pkce",
	"oidc.state", "subscriber.name", "suppression.tell",
}

// kindsTable reads testdata/kinds.txt: the roles that may see a kind live.
func kindsTable(t *testing.T) map[string][]string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "kinds.txt"))
	must(t, err)
	defer f.Close()
	table := map[string][]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) > 1 && words[0] != "kind" {
			table[words[0]] = words[1:]
		}
	}
	return table
}

// writeKinds makes the table of the kinds: who may see them in the live events.
func writeKinds(t *testing.T, kinds []string) string {
	t.Helper()
	may := auth.NewDecider()
	text := fmt.Sprintf("%-26s %s\n", "kind", "who may see it live, in the scope of event.read")
	for _, kind := range slices.Sorted(slices.Values(kinds)) {
		noun, _, _ := strings.Cut(kind, ".")
		who := []string{}
		for _, role := range auth.Roles() {
			if slices.Contains(may.Actions(), noun+".read") && reachOf(t, may, role, noun+".read") != never && reachOf(t, may, role, "event.read") != never {
				who = append(who, string(role))
			}
		}
		if len(who) == 0 {
			who = []string{"-"}
		}
		text += fmt.Sprintf("%-26s %s\n", kind, strings.Join(who, " "))
	}
	return text
}

// scan collects what the Go sources write as kinds: the Kind of every
// journal.Entry, and every other text in those packages that has the form of
// one and is neither an action of the policies nor the kind of an outbox row.
// Prefixes are of kinds that are put together, as "den." + step.
func scan(t *testing.T) (kinds, prefixes []string) {
	t.Helper()
	actions := auth.NewDecider().Actions()
	must(t, filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == "web" || name == "e2e" || name == "cmd" || name == "tools" || name == "demo" || strings.HasPrefix(name, ".") && name != "../.." && len(name) > 2 {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if !writesJournal(filepath.Dir(path)) {
			return nil
		}
		owed := map[ast.Node]bool{}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit: // an outbox row, or an error's operation
				name := ""
				if of, ok := n.Type.(*ast.SelectorExpr); ok {
					name = of.Sel.Name
				}
				for _, e := range n.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok {
						key := fmt.Sprint(kv.Key)
						if key == "Kind" && name == "Entry" {
							if lit := text(kv.Value); kindForm.MatchString(lit) {
								kinds = append(kinds, lit) // also where an action is called the same
							}
						}
						if key == "Kind" && name != "Entry" || key == "Op" || key == "Field" || key == "Lane" || key == "Action" {
							owed[kv.Value] = true
						}
					}
				}
			case *ast.CallExpr:
				name := ""
				switch f := n.Fun.(type) {
				case *ast.SelectorExpr:
					name = f.Sel.Name
				case *ast.Ident:
					name = f.Name
				}
				if name == "Handle" || name == "Invalid" || name == "Internal" || name == "at" {
					for _, arg := range n.Args {
						owed[arg] = true
					}
				}
			case *ast.BasicLit:
				lit := text(n)
				switch {
				case owed[n], slices.Contains(alike, lit):
				case prefixForm.MatchString(lit):
					prefixes = append(prefixes, lit)
				case kindForm.MatchString(lit) && !fileForm.MatchString(lit) && !slices.Contains(actions, lit):
					kinds = append(kinds, lit)
				}
			}
			return true
		})
		return nil
	}))
	slices.Sort(kinds)
	slices.Sort(prefixes)
	return slices.Compact(kinds), slices.Compact(prefixes)
}

func text(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	s, _ := strconv.Unquote(lit.Value) // the parser has read it
	return s
}

// writesJournal reports whether a package appends to the journal or names
// kinds for those that do.
func writesJournal(dir string) bool {
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		source, err := os.ReadFile(f)
		if err == nil && (strings.Contains(string(source), "journal.Entry{") || strings.Contains(string(source), "const Kind")) {
			return true
		}
	}
	return false
}

// TestKindsTable keeps the table of all kinds, so that a new one is seen, and
// with it who may follow it live.
func TestKindsTable(t *testing.T) {
	kinds, prefixes := scan(t)
	if len(kinds) < 30 || len(prefixes) < 3 {
		t.Fatalf("the sources hold %d kinds and the beginnings %q: the scan does not find them", len(kinds), prefixes)
	}
	table := kindsTable(t)
	if !*update {
		for _, kind := range kinds {
			if table[kind] == nil {
				t.Errorf("testdata/kinds.txt does not list %q: read who would see it live, then run: go test ./e2e/access -update", kind)
			}
		}
	}
	for kind := range table {
		noun, _, _ := strings.Cut(kind, ".")
		if !slices.Contains(kinds, kind) && !slices.Contains(prefixes, noun+".") {
			t.Errorf("testdata/kinds.txt lists %q, which nothing writes any more", kind)
		}
	}
	golden(t, "kinds.txt", writeKinds(t, append(slices.Collect(maps.Keys(missing(table, kinds))), slices.Collect(maps.Keys(table))...)))
}

// missing are the kinds that a table lacks.
func missing(table map[string][]string, kinds []string) map[string]bool {
	out := map[string]bool{}
	for _, kind := range kinds {
		if table[kind] == nil {
			out[kind] = true
		}
	}
	return out
}

// kindsWritten compares what a played house has written with the table.
func (w *world) kindsWritten(t *testing.T) {
	t.Helper()
	kinds, err := sqldb.All(t.Context(), w.house.DB.Read(), sqldb.Value[string], `SELECT DISTINCT kind FROM journal`)
	must(t, err)
	table := kindsTable(t)
	if *update {
		golden(t, "kinds.txt", writeKinds(t, append(slices.Collect(maps.Keys(missing(table, kinds))), slices.Collect(maps.Keys(table))...)))
		return
	}
	for kind := range missing(table, kinds) {
		t.Errorf("the house wrote %q, which testdata/kinds.txt does not list: read who would see it live, then run: go test ./e2e/access -update", kind)
	}
	if len(kinds) < 40 {
		t.Errorf("the house wrote %d kinds only: the story is not played out", len(kinds))
	}
}
