// Package docs keeps the documents current where they follow from the code.
package docs

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/modfile"

	"lanzha/base/config"
)

var update = flag.Bool("update", false, "write the generated parts anew")

const root = "../../"

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(root + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestOptions keeps the table of options in docs/operate.md.
func TestOptions(t *testing.T) {
	loaded, err := config.Load(config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	table := "| option | environment | default | what it is |\n|---|---|---|---|\n"
	for _, o := range loaded.Print() {
		value := ""
		if o.Value != "" {
			value = "`" + o.Value + "`"
		}
		table += fmt.Sprintf("| `%s` | `%s` | %s | %s |\n", o.Path, o.Env, value, strings.ReplaceAll(o.Help, "|", "\\|"))
	}
	page := read(t, "docs/operate.md")
	part := regexp.MustCompile(`(?s)(<!-- options: [^>]*-->\n).*(<!-- end of options -->)`)
	want := part.ReplaceAllString(page, "${1}"+strings.ReplaceAll(table, "$", "$$")+"${2}")
	if *update {
		if err := os.WriteFile(root+"docs/operate.md", []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(page, want); diff != "" {
		t.Errorf("docs/operate.md is not current (-file +code): go test ./internal/docs -update\n%s", diff)
	}
}

// TestDependencies compares docs/dependencies.md with go.mod.
func TestDependencies(t *testing.T) {
	mod, err := modfile.ParseLax("go.mod", []byte(read(t, "go.mod")), nil)
	if err != nil {
		t.Fatal(err)
	}
	required := []string{}
	for _, r := range mod.Require {
		if !r.Indirect {
			required = append(required, r.Mod.Path)
		}
	}
	listed := []string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([a-z]\S+\.\S+) \| (.+) \| (.+) \|$`).FindAllStringSubmatch(read(t, "docs/dependencies.md"), -1) {
		listed = append(listed, row[1])
	}
	slices.Sort(required)
	if diff := cmp.Diff(required, listed); diff != "" {
		t.Errorf("docs/dependencies.md does not list what go.mod requires directly (-go.mod +list)\n%s", diff)
	}
}

// TestKinds wants every kind that the lives of a clue, a listing and an alert name to be one.
func TestKinds(t *testing.T) {
	known := read(t, "e2e/access/testdata/kinds.txt")
	for page, least := range map[string]int{"docs/life-of-a-clue.md": 30, "docs/life-of-a-listing.md": 20, "docs/life-of-an-alert.md": 15} {
		named := regexp.MustCompile("`([a-z]+\\.[a-z_]+)`").FindAllStringSubmatch(read(t, page), -1)
		if len(named) < least {
			t.Fatalf("%s names %d kinds only", page, len(named))
		}
		for _, n := range named {
			if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(n[1]) + ` `).MatchString(known) {
				t.Errorf("%s names %s, which the house never writes", page, n[1])
			}
		}
	}
}

// TestLinks wants every link between documents to lead somewhere.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob(root + "docs/*.md")
	if err != nil || len(pages) < 4 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		text := read(t, strings.TrimPrefix(page, root))
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", page, link[1])
			}
		}
	}
}
