package rule

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed packs/*.yaml
var shipped embed.FS

// Shipped are the packs that come with the program, in the order of their
// names. Their thresholds are starting points for an operator, not law.
func Shipped() ([]*Pack, error) {
	packs := []*Pack{}
	for _, name := range shippedNames() {
		text, err := fs.ReadFile(shipped, "packs/"+name)
		if err != nil {
			return nil, err
		}
		p, err := Parse(name, text)
		if err != nil {
			return nil, err
		}
		packs = append(packs, p)
	}
	return packs, nil
}

func shippedNames() []string {
	paths, err := fs.Glob(shipped, "packs/*.yaml")
	if err != nil {
		panic(err) // the pattern is ours
	}
	names := []string{}
	for _, p := range paths {
		if !strings.HasSuffix(p, "_test.yaml") {
			names = append(names, path.Base(p))
		}
	}
	return names
}

// ShippedCases are the cases of a shipped pack, with the name of their file;
// ok is false when it has none.
func ShippedCases(p *Pack) (name string, text []byte, ok bool) {
	name = CasesOf(p.file)
	text, err := fs.ReadFile(shipped, "packs/"+name)
	return name, text, err == nil
}

// CasesOf is the name of the file of a pack's cases: NAME_test.yaml.
func CasesOf(file string) string { return strings.TrimSuffix(file, ".yaml") + "_test.yaml" }
