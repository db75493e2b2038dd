package policy

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"lanzha"
)

// Pack is a rule pack, compiled, with its overlays. It does not change and may
// be used by many goroutines.
type Pack struct {
	base     *document
	files    []File // as they were loaded: the pack, then its overlays from wide to narrow
	programs map[string]*program
}

// Name is the pack's name.
func (p *Pack) Name() string { return p.base.Pack }

// Version counts the texts that have had the pack's name.
func (p *Pack) Version() int { return p.base.Version }

// Title is the pack's title.
func (p *Pack) Title() Words { return p.base.Title }

// Summary says what the pack answers.
func (p *Pack) Summary() Words { return p.base.Summary }

// InForce reports whether the pack applies on a day.
func (p *Pack) InForce(day time.Time) bool {
	return p.base.Effective.covers(dateOn(day.UnixMicro(), centreZone()))
}

// Parts names the parts of the result, in the pack's order.
func (p *Pack) Parts() []string {
	out := make([]string, len(p.base.Result))
	for i, e := range p.base.Result {
		out[i] = e.Name
	}
	return out
}

// Ref names the pack's text as it applies in a jurisdiction.
func (p *Pack) Ref(jurisdiction string) (Ref, error) {
	program, _, err := p.in(jurisdiction)
	if err != nil {
		return Ref{}, err
	}
	return program.ref, nil
}

// Files are the texts of the pack as it applies in a jurisdiction, whole.
func (p *Pack) Files(jurisdiction string) ([]File, error) {
	program, _, err := p.in(jurisdiction)
	if err != nil {
		return nil, err
	}
	return program.files, nil
}

// Parse reads a pack from its text and the texts of its overlays, in any
// order. What is wrong is CodeInvalid and names file and line.
func Parse(files ...File) (*Pack, error) {
	type loaded struct {
		file File
		doc  *document
	}
	all := make([]loaded, 0, len(files))
	for _, f := range files {
		d, err := read(f)
		if err != nil {
			return nil, err
		}
		all = append(all, loaded{f, d})
	}
	slices.SortStableFunc(all, func(a, b loaded) int {
		return cmp.Or(cmp.Compare(len(a.doc.Jurisdiction), len(b.doc.Jurisdiction)), cmp.Compare(a.doc.Jurisdiction, b.doc.Jurisdiction))
	})
	if len(all) == 0 {
		return nil, lanzha.Invalid("pack", "there is no text")
	}
	base := all[0]
	p := &Pack{base: base.doc, programs: map[string]*program{}}
	var shared *scope
	for i, it := range all {
		code := it.doc.Jurisdiction
		wrong := func(format string, args ...any) error {
			return &lanzha.Error{Code: lanzha.CodeInvalid, Field: it.file.Name, Message: fmt.Sprintf(format, args...), Hint: "an overlay has its pack's name and a narrower jurisdiction"}
		}
		switch {
		case it.doc.Pack != base.doc.Pack:
			return nil, wrong("this is a part of %q, and the pack is %q", it.doc.Pack, base.doc.Pack)
		case i > 0 && !strings.HasPrefix(code, base.doc.Jurisdiction):
			return nil, wrong("%s does not lie in the pack's jurisdiction", code)
		case p.programs[code] != nil:
			return nil, wrong("there are two texts for %s", it.doc.Jurisdiction)
		}
		p.files = append(p.files, it.file)
		doc, hash, applied := base.doc, sha256.New(), []File{}
		for j, over := range all[:i+1] {
			if !strings.HasPrefix(code, over.doc.Jurisdiction) {
				continue
			}
			applied = append(applied, over.file)
			hash.Write(over.file.Text)
			if j > 0 {
				var err error
				if doc, err = overlaid(doc, over.doc, over.file.Name); err != nil {
					return nil, err
				}
			}
		}
		ref := Ref{Name: base.doc.Pack, Version: base.doc.Version, SHA256: hex.EncodeToString(hash.Sum(nil))}
		program, err := build(it.file.Name, doc, ref, shared)
		if err != nil {
			return nil, err
		}
		program.files, program.place = applied, code
		shared = program.scope
		p.programs[code] = program
	}
	return p, nil
}

//go:embed packs
var shippedFiles embed.FS

// Library holds the packs that may be asked. Many may read while one adds.
type Library struct {
	mu    sync.RWMutex
	packs map[string][]*Pack // by name, the newest version last
	bySHA map[string]*Pack
}

// NewLibrary makes an empty library.
func NewLibrary() *Library {
	return &Library{packs: map[string][]*Pack{}, bySHA: map[string]*Pack{}}
}

// Shipped is a new library of the packs that come with the house.
func Shipped() (*Library, error) {
	packs, err := shippedPacks()
	if err != nil {
		return nil, err
	}
	l := NewLibrary()
	for _, p := range packs {
		if err := l.Add(p); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// shippedPacks compiles the embedded packs once.
var shippedPacks = sync.OnceValues(func() ([]*Pack, error) {
	packs := []*Pack{}
	for _, files := range ShippedFiles() {
		p, err := Parse(files...)
		if err != nil {
			return nil, err
		}
		packs = append(packs, p)
	}
	return packs, nil
})

// ShippedFiles are the texts that come with the house: of each pack its own
// and its overlays, NAME.yaml and NAME@CODE.yaml.
func ShippedFiles() [][]File {
	paths, _ := fs.Glob(shippedFiles, "packs/*.yaml") // the pattern is right
	out := [][]File{}
	last := ""
	for _, path := range paths {
		name := strings.TrimPrefix(path, "packs/")
		if name == "holidays.yaml" || strings.HasSuffix(name, "_test.yaml") {
			continue
		}
		text, _ := shippedFiles.ReadFile(path) // it is compiled in
		pack, _, _ := strings.Cut(strings.TrimSuffix(name, ".yaml"), "@")
		if pack != last {
			out = append(out, nil)
		}
		last = pack
		out[len(out)-1] = append(out[len(out)-1], File{Name: name, Text: text})
	}
	return out
}

// Add takes a pack in. The newest version of a name serves from then on, and
// every text stays to be found by its hash. Another text under a name and
// version that are taken is CodeConflict; the same text is no change.
func (l *Library) Add(p *Pack) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	versions := l.packs[p.Name()]
	at, taken := slices.BinarySearchFunc(versions, p.Version(), func(q *Pack, v int) int { return cmp.Compare(q.Version(), v) })
	if taken {
		old, now := versions[at].programs[versions[at].base.Jurisdiction].ref, p.programs[p.base.Jurisdiction].ref
		if old.SHA256 != now.SHA256 {
			return lanzha.Conflict("version %d of %s is another text; a changed pack has a new version", p.Version(), p.Name())
		}
		versions = slices.Clone(versions)
		versions[at] = p
	} else {
		versions = slices.Insert(slices.Clone(versions), at, p)
	}
	l.packs[p.Name()] = versions
	for _, program := range p.programs {
		l.bySHA[program.ref.SHA256] = p
	}
	return nil
}

// Pack is the newest version of a name; CodeNotFound when there is none.
func (l *Library) Pack(name string) (*Pack, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	versions := l.packs[name]
	if len(versions) == 0 {
		return nil, &lanzha.Error{Code: lanzha.CodeNotFound, Field: "pack", Message: fmt.Sprintf("there is no pack %q", name), Hint: "lanzha policy list names the packs; a file is named by its path"}
	}
	return versions[len(versions)-1], nil
}

// BySHA is the pack whose text, or whose text with the overlays of some place,
// has this hash; CodeNotFound when no such text was ever loaded.
func (l *Library) BySHA(sha string) (*Pack, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if p := l.bySHA[sha]; p != nil {
		return p, nil
	}
	return nil, &lanzha.Error{Code: lanzha.CodeNotFound, Field: "sha256", Message: "no pack with this hash was loaded", Hint: "a decision names the hash of the text it was made by"}
}

// Packs lists the newest version of every pack, by name.
func (l *Library) Packs() []*Pack {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := []*Pack{}
	for _, versions := range l.packs {
		out = append(out, versions[len(versions)-1])
	}
	slices.SortFunc(out, func(a, b *Pack) int { return cmp.Compare(a.Name(), b.Name()) })
	return out
}
