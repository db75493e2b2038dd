// Package archtest holds the rules of the house that a compiler does not
// check. Each failure says why the rule is there.
package archtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rooms is the list of design section 3: a package imports only what stands
// before it. A room covers the folders below it, unless one of those stands in
// the list itself.
var rooms = []string{
	"lanzha",
	"lanzha/base/config", "lanzha/base/telemetry", "lanzha/base/vault", "lanzha/base/sqldb",
	"lanzha/base/journal", "lanzha/base/outbox", "lanzha/base/backup", "lanzha/base/auth", "lanzha/base/api", "lanzha/base/stream",
	"lanzha/know/policy", "lanzha/know/place", "lanzha/know/number", "lanzha/know/institution",
	"lanzha/work/duty", "lanzha/work/feed", "lanzha/work/detect", "lanzha/work/report/extract", "lanzha/work/report",
	"lanzha/work/clue", "lanzha/work/clue/disposal", "lanzha/work/clue/den",
	"lanzha/work/cases",
	"lanzha/work/register", "lanzha/work/register/check", "lanzha/work/register/penalty",
	"lanzha/work/register/notice", "lanzha/work/register/objection", "lanzha/work/register/batch", "lanzha/work/register/own",
	"lanzha/work/index",
	"lanzha/gateway", "lanzha/web", "lanzha/docs/examples", "lanzha/app", "lanzha/cmd/lanzha", "lanzha/e2e",
}

// may lists what stands against the order and why it is right all the same.
var may = map[[2]string]string{
	{"lanzha/base/sqldb/sqltest", "lanzha/base/sqldb"}: "the test kit of the room itself",
}

type listed struct {
	ImportPath   string
	Dir          string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Doc          string
	GoFiles      []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	c := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,TestImports,XTestImports,Doc,GoFiles", "lanzha/...")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// room finds the place of a package in the list; -1 is none.
func room(path string) int {
	best := -1
	for i, r := range rooms {
		if (path == r || (r != "lanzha" && strings.HasPrefix(path, r+"/"))) && (best < 0 || len(r) > len(rooms[best])) {
			best = i
		}
	}
	return best
}

func TestImportsStandBefore(t *testing.T) {
	for _, p := range packages(t) {
		own := room(p.ImportPath)
		if own < 0 {
			if !strings.HasPrefix(p.ImportPath, "lanzha/internal/") && !strings.HasPrefix(p.ImportPath, "lanzha/tools/") && !strings.HasPrefix(p.ImportPath, "lanzha/know/") {
				t.Errorf("%s stands nowhere in the house: give it a place in the list, or in a room that has one", p.ImportPath)
			}
			continue
		}
		for _, imported := range p.Imports {
			if !strings.HasPrefix(imported, "lanzha") || may[[2]string{p.ImportPath, imported}] != "" {
				continue
			}
			if other := room(imported); other > own {
				t.Errorf("%s imports %s, which stands after it: a stage never calls the stage after it, it leaves a journal row that the later one tails", p.ImportPath, imported)
			}
		}
	}
}

func TestVocabularyImportsTheStandardLibraryOnly(t *testing.T) {
	for _, p := range packages(t) {
		if p.ImportPath != "lanzha" {
			continue
		}
		for _, imported := range p.Imports {
			if strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") {
				t.Errorf("the vocabulary imports %s: every package speaks it, so it may drag nothing along", imported)
			}
		}
	}
}

func TestPackagesAreNamedForWhatTheyDo(t *testing.T) {
	vague := regexp.MustCompile(`/(utils?|common|helpers?|misc|shared|models?|types)(/|$)`)
	for _, p := range packages(t) {
		if vague.MatchString(p.ImportPath) {
			t.Errorf("%s: a name that says nothing collects everything", p.ImportPath)
		}
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("%s has no package comment: say what comes in, what goes out, what it never does", p.ImportPath)
		}
	}
}

// sources are the Go files that ship, with their paths from the root.
func sources(t *testing.T) []string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "node_modules", "dist", "bin"}, d.Name()):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			out = append(out, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFilesStayReadable(t *testing.T) {
	for _, path := range sources(t) {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for s := bufio.NewScanner(f); s.Scan(); {
			n++
		}
		f.Close()
		if n > 800 {
			t.Errorf("%s has %d lines: beyond 800 nobody finds their way; split it by noun", path, n)
		}
	}
}

// TestSQLLivesInStores: whoever looks for a statement finds it in a store.
func TestSQLLivesInStores(t *testing.T) {
	statement := regexp.MustCompile(`^\s*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|WITH \w+)\b`)
	allowed := regexp.MustCompile(`/(base/[^/]+|app|cmd/lanzha|e2e)/|/store[^/]*\.go$|/gateway/gatewaytest/`)
	for _, path := range sources(t) {
		if allowed.MatchString(path) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && statement.MatchString(strings.Trim(lit.Value, "`\"")) {
				t.Errorf("%s holds SQL: it belongs into the room's store.go", path)
				return false
			}
			return true
		})
	}
}

// TestDecisionsTakeTheirClock: what reads the clock or rolls dice by itself
// cannot be tested or replayed.
func TestDecisionsTakeTheirClock(t *testing.T) {
	banned := map[string][]string{"time": {"Now", "Since", "Until"}, "rand": {"Int", "Intn", "Float64", "N"}, "os": {"Getenv"}}
	free := regexp.MustCompile(`/(base|app|cmd|tools|internal|gateway|web|e2e)/`)
	for _, path := range sources(t) {
		if free.MatchString(path) {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
				if pkg, ok := sel.X.(*ast.Ident); ok && slices.Contains(banned[pkg.Name], sel.Sel.Name) {
					t.Errorf("%s: %s.%s: pass the clock, the randomness and the settings in", fset.Position(n.Pos()), pkg.Name, sel.Sel.Name)
				}
			}
			return true
		})
	}
}

func TestModuleHasNoReplace(t *testing.T) {
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if regexp.MustCompile(`(?m)^\s*replace\b`).Match(text) {
		t.Error("go.mod replaces a module: what is built here would not be what others build")
	}
}
