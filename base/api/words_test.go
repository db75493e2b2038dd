package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"lanzha/base/auth"
)

// englishOnly are packages of the server whose errors end on a terminal, in the log or in a
// machine of another house, and never in an answer of the API.
var englishOnly = map[string]string{
	"app":                "what stops a start is read where the start was made",
	"base/config":        "settings are read at the start",
	"base/sqldb":         "a database that cannot be opened stops the start; what it fails at later is internal",
	"base/telemetry":     "the log is set up at the start",
	"base/vault":         "keys are read at the start; a field that does not open is internal",
	"work/feed/iso20022": "answers Tazama's clients, machines of other houses, in English",
	"gateway/sandbox":    "the simulated city answers as institutions do, in English",
}

// byHand are texts that no literal of ours makes: where each comes from.
var byHand = map[string]string{
	"the number is protected: only a leader may have it disposed of：%s": "work/clue/disposal adds whose number it is",
	"a quote is opened and never closed":                                "csv.go",
	`extraneous or missing " in quoted-field`:                           "encoding/csv",
	"%s: %s":                                   "a place and what is wrong with it",
	"invalid character %s":                     "encoding/json",
	"unexpected end of JSON input":             "encoding/json",
	"unexpected EOF":                           "encoding/json",
	"EOF":                                      "encoding/json",
	"json: cannot unmarshal %s into Go %s":     "encoding/json",
	"unknown content type: %s":                 "huma, of a body in another format",
	"validation failed: %s %s":                 "problemOf",
	"request body is too large limit=%d bytes": "huma",
	"is required":                              "problemOf",
	"something failed on our side; nothing of this request was kept": "Problemize",
	"try again; if it stays, tell the administrator the time":        "Problemize",

	"this is no time in the form that the file declares":           "work/feed, of a record",
	"a time between 1900 and 2999 is wanted":                       "work/feed, of a record",
	"a whole number of 0 or more is wanted":                        "work/feed, of a record",
	"a decimal amount of 0 or more is wanted":                      "work/feed, of a record",
	"the amount is beyond 90 trillion":                             "work/feed, of a record",
	"true or false is wanted":                                      "work/feed, of a record",
	"confirmed or cleared is wanted":                               "work/feed, of a record",
	"open, restore or replace is wanted":                           "work/feed, of a record",
	"the mapping has no such value":                                "work/feed, of a record",
	"it is missing":                                                "work/feed, of a record",
	"a record is longer than 1 MiB, or a quote in it does not end": "work/feed, of a record",
	"it has more cells than there are columns":                     "work/feed, of a record",
	"a registration has a number or an account":                    "work/feed, of a record",
	"a quote stands inside a cell that is not quoted":              "work/feed, of a record",
	"a quoted cell goes on behind its closing quote":               "work/feed, of a record",
	"this is no JSON object":                                       "work/feed, of a record",
	"a member stands in it twice":                                  "work/feed, of a record",
	"there is no such field":                                       "work/feed, of a record",
	"a list stands where a value is wanted":                        "work/feed, of a record",
	"an object stands where a value is wanted":                     "work/feed, of a record",
}

// everThere are what our own queries always find: sums, heads and states.
var everThere = map[string]bool{
	"answer": true, "annex": true, "count": true, "cursor": true, "deadline": true, "failure": true, "figures": true,
	"journal epoch": true, "law": true, "leaf": true, "leaf of the log": true, "next row": true, "number": true,
	"order": true, "revision": true, "size": true, "state of the log": true, "usage": true, "letters": true,
}

// said is a text of a source file that may reach a reader.
type said struct{ text, at string }

// reading collects what a package says to readers.
type reading struct {
	fset  *token.FileSet
	takes map[string][]int // functions of the package with a format or a message among their parameters: which
	holds map[string][]int // structs of the package with a message or a hint among their fields: which
	maps  map[string]*ast.CompositeLit
	texts []said
	nouns []said // of lanzha.NotFound and sqldb.One
	blind []string
}

// format is the literal, or the literals of a sum with %s for what is none;
// false for what only a run can tell.
func format(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return format(e.X)
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, okLeft := format(e.X)
		right, okRight := format(e.Y)
		if !okLeft {
			left = "%s"
		}
		if !okRight {
			right = "%s"
		}
		return left + right, okLeft || okRight
	case *ast.CallExpr:
		if called(e.Fun) == "Sprintf" {
			return format(e.Args[0])
		}
	}
	return "", false
}

func called(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.IndexExpr:
		return called(e.X)
	}
	return ""
}

// passes is an expression that hands on what was said elsewhere: an error's
// own text, or a parameter whose callers are read instead.
func passes(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return slices.Contains([]string{"format", "message", "what"}, e.Name)
	case *ast.SelectorExpr:
		return slices.Contains([]string{"Message", "Hint", "message", "hint"}, e.Sel.Name)
	case *ast.CallExpr:
		if called(e.Fun) == "Sprintf" {
			return passes(e.Args[0])
		}
		name := called(e.Fun)
		// The notes of the policies are read from their file; what an error of
		// ours says was read where it was made.
		return slices.Contains([]string{"string", "Error", "TrimPrefix", "both", "Chinese"}, name)
	case *ast.CompositeLit: // policy.Words holds both languages itself
		return called(e.Type) == "Words"
	}
	return false
}

func (r *reading) say(e ast.Expr) {
	at := r.fset.Position(e.Pos()).String()
	if index, ok := e.(*ast.IndexExpr); ok && r.maps[called(index.X)] != nil {
		for _, element := range r.maps[called(index.X)].Elts {
			r.say(element.(*ast.KeyValueExpr).Value)
		}
		return
	}
	if text, ok := format(e); ok {
		r.texts = append(r.texts, said{text, at})
	} else if !passes(e) {
		r.blind = append(r.blind, at)
	}
}

// read collects from one file.
func (r *reading) read(file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			name := called(n.Fun)
			of, _ := n.Fun.(*ast.SelectorExpr)
			ours := of == nil && file.Name.Name == "lanzha"
			if of != nil {
				pkg, ok := of.X.(*ast.Ident)
				ours = ok && pkg.Name == "lanzha"
			}
			switch {
			case ours && name == "Invalid":
				r.say(n.Args[1])
			case ours && (name == "Conflict" || name == "Forbidden"):
				r.say(n.Args[0])
			case ours && name == "NotFound", name == "One" && len(n.Args) > 3:
				noun := n.Args[0]
				if name == "One" {
					noun = n.Args[2]
				}
				if text, ok := format(noun); ok {
					r.nouns = append(r.nouns, said{text, r.fset.Position(noun.Pos()).String()})
				}
			case !ours:
				// Functions of one name may have their format in different places.
				for _, at := range r.takes[name] {
					if at < len(n.Args) {
						if text, ok := format(n.Args[at]); ok {
							r.texts = append(r.texts, said{text, r.fset.Position(n.Args[at].Pos()).String()})
						}
					}
				}
			}
		case *ast.CompositeLit:
			_, list := n.Type.(*ast.ArrayType) // whose keys are indexes
			for i, element := range n.Elts {
				if kv, ok := element.(*ast.KeyValueExpr); ok && !list {
					if key := called(kv.Key); key == "Message" || key == "Hint" {
						r.say(kv.Value)
					}
				} else if slices.Contains(r.holds[called(n.Type)], i) {
					r.say(element)
				}
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				name := called(left)
				if len(n.Lhs) != len(n.Rhs) {
					continue
				}
				switch {
				case n.Tok == token.ASSIGN && (name == "Hint" || name == "Message"):
					r.say(n.Rhs[i])
				case name == "message" || name == "hint":
					if text, ok := format(n.Rhs[i]); ok { // or what another function says
						r.texts = append(r.texts, said{text, r.fset.Position(n.Rhs[i].Pos()).String()})
					}
				}
			}
		}
		return true
	})
}

// parameters notes the functions that hand on a format or a message, and the
// structs and maps that hold some.
func (r *reading) parameters(file *ast.File) {
	note := func(name string, t *ast.FuncType) {
		at := 0
		for _, field := range t.Params.List {
			for _, id := range field.Names {
				if kind, ok := field.Type.(*ast.Ident); ok && kind.Name == "string" && (id.Name == "format" || id.Name == "message") {
					r.takes[name] = append(r.takes[name], at)
				}
				at++
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			note(n.Name.Name, n.Type)
		case *ast.TypeSpec:
			if s, ok := n.Type.(*ast.StructType); ok {
				at := 0
				for _, field := range s.Fields.List {
					for _, id := range field.Names {
						if id.Name == "message" || id.Name == "hint" {
							r.holds[n.Name.Name] = append(r.holds[n.Name.Name], at)
						}
						at++
					}
				}
			}
		case *ast.ValueSpec:
			for i, value := range n.Values {
				if m, ok := value.(*ast.CompositeLit); ok {
					if _, ok := m.Type.(*ast.MapType); ok {
						r.maps[n.Names[i].Name] = m
					}
				}
			}
		case *ast.AssignStmt:
			for i, right := range n.Rhs {
				if f, ok := right.(*ast.FuncLit); ok && i < len(n.Lhs) {
					note(called(n.Lhs[i]), f.Type)
				}
			}
		}
		return true
	})
}

// readFolder collects from the files of one package.
func readFolder(t *testing.T, dir string) *reading {
	t.Helper()
	r := &reading{fset: token.NewFileSet(), takes: map[string][]int{}, holds: map[string][]int{}, maps: map[string]*ast.CompositeLit{}}
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files := []*ast.File{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(r.fset, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	for _, file := range files {
		r.parameters(file)
	}
	for _, file := range files {
		r.read(file)
	}
	return r
}

// ours collects from every package of the module that the server is made of:
// what app does not mount answers nobody.
func ours(t *testing.T) *reading {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{.ImportPath}} {{.Dir}}", "lanzha/app")
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	all, spared := &reading{}, map[string]bool{}
	for line := range strings.Lines(string(out)) {
		path, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		room, is := strings.CutPrefix(path+"/", "lanzha/")
		if !is {
			continue
		}
		if room = strings.TrimSuffix(room, "/"); englishOnly[room] != "" {
			spared[room] = true
			continue
		}
		r := readFolder(t, dir)
		all.texts, all.nouns, all.blind = append(all.texts, r.texts...), append(all.nouns, r.nouns...), append(all.blind, r.blind...)
	}
	for room := range englishOnly {
		if !spared[room] {
			t.Errorf("%s is no part of the server: it needs no excuse", room)
		}
	}
	policies, err := os.ReadFile("../auth/policies.cedar")
	if err != nil {
		t.Fatal(err)
	}
	for _, note := range regexp.MustCompile(`@(?:message|hint)\("([^"]*)"\)`).FindAllSubmatch(policies, -1) {
		all.texts = append(all.texts, said{string(note[1]), "policies.cedar"})
	}
	return all
}

// humas collects what huma finds wrong with a request.
func humas(t *testing.T) []said {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/danielgtaylor/huma/v2")
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	dir, texts := strings.TrimSpace(string(out)), []said{}
	for _, name := range []string{"validation/messages.go", "huma.go", "validate.go"} {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		take := func(e ast.Expr) {
			if text, ok := format(e); ok {
				texts = append(texts, said{text, fset.Position(e.Pos()).String()})
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, v := range n.Values {
					if strings.HasPrefix(n.Names[i].Name, "Msg") {
						take(v)
					}
				}
			case *ast.CallExpr:
				switch called(n.Fun) {
				case "Add":
					if len(n.Args) == 3 {
						take(n.Args[2])
					}
				case "WriteErr", "NewErrorWithContext":
					take(n.Args[len(n.Args)-2])
				case "New":
					take(n.Args[0])
				}
			case *ast.KeyValueExpr:
				if key := called(n.Key); key == "Msg" || key == "Message" {
					take(n.Value)
				}
			}
			return true
		})
	}
	return texts
}

func letters(s string) bool {
	return strings.ContainsFunc(verb.ReplaceAllString(s, ""), unicode.IsLetter)
}

// TestEveryMessageHasChinese reads the sources: whatever they say to a reader
// is in the catalogue, and the catalogue holds nothing else.
func TestEveryMessageHasChinese(t *testing.T) {
	known := map[string]bool{}
	for _, p := range phrases() {
		if known[p.en] {
			t.Errorf("%q stands twice", p.en)
		}
		known[p.en] = true
	}
	used := map[string]bool{}
	for text := range byHand {
		used[text] = true
		if !known[text] {
			t.Errorf("%q has no Chinese", text)
		}
	}
	read := ours(t)
	for _, at := range read.blind {
		t.Errorf("%s: what is said here cannot be read from the source: say it in a literal or a format", at)
	}
	missing := map[string]string{}
	for _, s := range append(read.texts, humas(t)...) {
		used[s.text] = true
		if letters(s.text) && !known[s.text] {
			missing[s.text] = s.at
		}
	}
	for text, at := range missing {
		t.Errorf("%s: %q has no Chinese in the words_*.go", at, text)
	}
	for text := range known {
		if !used[text] {
			t.Errorf("nobody says %q any more: take it out of the catalogue", text)
		}
	}
	for _, s := range read.nouns {
		if !everThere[s.text] && names["record"][s.text] == "" {
			t.Errorf("%s: no Chinese for the record %q", s.at, s.text)
		}
	}
}

// TestPhrasesRoundTrip renders every format and wants its own Chinese back,
// with all that the verbs gave.
func TestPhrasesRoundTrip(t *testing.T) {
	for _, p := range phrases() {
		verbs := verb.FindAllStringSubmatch(p.en, -1)
		args, want := make([]any, len(verbs)), make([]string, len(verbs))
		for i, v := range verbs {
			if args[i], want[i] = any(fmt.Sprintf("v%d", i)), fmt.Sprintf("v%d", i); v[1] == "d" {
				args[i], want[i] = 40+i, strconv.Itoa(40+i)
			}
		}
		if diff := cmp.Diff(fill(p.zh, want), Chinese(fmt.Sprintf(p.en, args...))); diff != "" {
			t.Errorf("%q (-want +got)\n%s", p.en, diff)
		}
		seen := map[string]bool{}
		for _, h := range hole.FindAllStringSubmatch(p.zh, -1) {
			seen[h[1]] = true
			if n, _ := strconv.Atoi(h[1]); n < 1 || n > len(verbs) {
				t.Errorf("%q has no %s", p.zh, h[0])
			}
			if h[2] != "" && h[2] != "text" && h[2] != "fen" && names[h[2]] == nil {
				t.Errorf("%q names the group %s, which is not there", p.zh, h[2])
			}
		}
		if len(seen) != len(verbs) {
			t.Errorf("%q loses something of %q", p.zh, p.en)
		}
		if said := hole.ReplaceAllString(p.zh, ""); letters(said) && !strings.ContainsFunc(said, func(r rune) bool { return unicode.Is(unicode.Han, r) }) && !strings.Contains(p.zh, ":text}") {
			t.Errorf("%q is not Chinese", p.zh)
		}
	}
}

// TestNamesAgreeWithTheConsole compares what both name: the console's word for
// a state or a kind is the word of the errors.
func TestNamesAgreeWithTheConsole(t *testing.T) {
	paths, err := filepath.Glob("../../web/src/*/words.ts")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	word := regexp.MustCompile(`(?m)^\s+"([\w.]+)\.(\w+)": \["([^"]*)"`)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range word.FindAllSubmatch(text, -1) {
			group, code, zh := string(m[1]), string(m[2]), string(m[3])
			if names[group] != nil && !strings.Contains(zh, "{") && names[group][code] != zh {
				t.Errorf("%s.%s: the console says %s, the errors %s", group, code, zh, names[group][code])
			}
		}
	}
}

// TestEveryActionHasChinese reads the golden API document.
func TestEveryActionHasChinese(t *testing.T) {
	text, err := os.ReadFile("testdata/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]struct {
			Action string `json:"x-action"`
		} `json:"paths"`
	}
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&document); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, action := range auth.NewDecider().Actions() {
		used[action] = true
	}
	for path, operations := range document.Paths {
		for method, o := range operations {
			if o.Action != "" && names["action"][o.Action] == "" {
				t.Errorf("%s %s: no Chinese for %s", method, path, o.Action)
			}
		}
	}
	for action := range names["action"] {
		if !used[action] {
			t.Errorf("no policy knows %s", action)
		}
	}
}
