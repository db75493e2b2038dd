// Package shelf keeps rule packs: which texts were ever in force, which are
// proposed, what is said of them, and who put them in force. It hands every
// process the packs in force within a second; what they mean is package
// policy's.
package shelf

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/know/policy"
)

// Nation is the place of a pack's own text, when it is made for the country.
const Nation = "nation"

// Origin is where a text came from.
type Origin string

// The origins.
const (
	Release  Origin = "release"  // it came with the house
	Operator Origin = "operator" // somebody of the centre wrote it
)

// Text is one file of a pack: its own, or the overlay of a place.
type Text struct {
	Place string // Nation or a division code
	SHA   string // of the bytes
	File  policy.File

	// Applied is the hash of all texts that apply in the place together, by
	// which decisions name them; "" in a draft.
	Applied string
}

// newText reads which place a file is for. What cannot be read keeps the place
// that its author named.
func newText(pack, place string, body []byte) Text {
	return Text{Place: place, SHA: hashOf(body), File: policy.File{Name: fileName(pack, place), Text: body}}
}

func fileName(pack, place string) string {
	if place == Nation {
		return pack + ".yaml"
	}
	return pack + "@" + place + ".yaml"
}

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Edition is what is or was in force under a pack's name: its own text, its
// overlays and its tests. It never changes.
type Edition struct {
	ID          lanzha.ID
	Pack        string
	Number      int64 // counts the editions of the pack from 1
	Version     int   // of the pack's own text
	Origin      Origin
	Draft       lanzha.ID // "" of a release
	ProposedBy  lanzha.ID // likewise
	ActivatedBy lanzha.ID // likewise
	ActivatedAt time.Time
	Cases       string // its tests, as YAML; "" is none
	Texts       []Text
}

// Files are the texts as the engine takes them.
func (e Edition) Files() []policy.File {
	out := make([]policy.File, len(e.Texts))
	for i, t := range e.Texts {
		out[i] = t.File
	}
	return out
}

// Base is the pack's own text.
func (e Edition) Base() Text {
	return slices.MinFunc(e.Texts, func(a, b Text) int { return width(a.Place) - width(b.Place) })
}

// width orders places from wide to narrow.
func width(place string) int {
	if place == Nation {
		return 0
	}
	return len(place)
}

// Next is what would be in force once texts and cases came into an edition:
// each takes the place of the text for its place. "" keeps the cases there are.
func (e Edition) Next(texts []Text, cases string) Edition {
	next := Edition{Pack: e.Pack, Number: e.Number + 1, Version: e.Version, Cases: e.Cases, Texts: slices.Clone(e.Texts)}
	if cases != "" {
		next.Cases = cases
	}
	for _, t := range texts {
		if at := slices.IndexFunc(next.Texts, func(have Text) bool { return have.Place == t.Place }); at >= 0 {
			next.Texts[at] = t
		} else {
			next.Texts = append(next.Texts, t)
		}
	}
	slices.SortStableFunc(next.Texts, func(a, b Text) int {
		if n := width(a.Place) - width(b.Place); n != 0 {
			return n
		}
		return strings.Compare(a.Place, b.Place)
	})
	return next
}

// settle fills in what follows from the compiled texts: the version and the
// hash of each place.
func (e *Edition) settle(p *policy.Pack) error {
	e.Version = p.Version()
	for i := range e.Texts {
		ref, err := p.Ref(e.Texts[i].Place)
		if err != nil {
			return err
		}
		e.Texts[i].Applied = ref.SHA256
	}
	return nil
}

// Shelf keeps the packs of a house. One per process and database; it is safe
// for use by many goroutines.
type Shelf struct {
	Library *policy.Library // what may be asked

	db      *sqldb.DB
	journal *journal.Journal
	ids     *lanzha.IDs
	now     func() time.Time
	zone    *time.Location
	region  lanzha.Region // the centre's

	mu     sync.Mutex
	cursor journal.Cursor             // the library holds what was activated before it
	late   error                      // why the library is behind; nil is that it is not
	packs  map[lanzha.ID]*policy.Pack // by their edition
	views  map[string]policy.View     // by edition and place; neither changes
	checks map[string]Check           // of drafts, by all that they depend on
}

// Options are what the house decides.
type Options struct {
	Region lanzha.Region  // the centre's; it decides on packs for the whole country as they serve here
	Zone   *time.Location // in which civil dates are counted
}

// New makes the shelf of a database. Load fills its library.
func New(db *sqldb.DB, j *journal.Journal, ids *lanzha.IDs, now func() time.Time, o Options) *Shelf {
	return &Shelf{
		Library: policy.NewLibrary(), db: db, journal: j, ids: ids, now: now, zone: o.Zone, region: o.Region,
		packs: map[lanzha.ID]*policy.Pack{}, views: map[string]policy.View{}, checks: map[string]Check{},
	}
}

// regionOf is whose editors and leaders decide on a text for a place: those of
// the place, and for the whole country those of the centre, whom it serves.
func (s *Shelf) regionOf(place string) lanzha.Region {
	if place == Nation {
		return s.region
	}
	return lanzha.Region(place + strings.Repeat("0", max(0, 6-len(place))))
}

// placeOf is the jurisdiction of a region: "5301" of "530100".
func placeOf(r lanzha.Region) string {
	if p := r.Prefix(); p != "" {
		return p
	}
	return Nation
}

// Load takes in what the release brought along and reads all that was ever
// activated into the library.
func (s *Shelf) Load(ctx context.Context) error {
	if err := s.takeShipped(ctx); err != nil {
		return err
	}
	cursor, err := s.journal.Last(ctx, s.db.Read())
	if err != nil {
		return err
	}
	all, err := editions(ctx, s.db.Read(), "")
	if err != nil {
		return err
	}
	current, err := currentEditions(ctx, s.db.Read())
	if err != nil {
		return err
	}
	for _, e := range all {
		// An old text that this release cannot compile stays stored whole and
		// can be read; only what is in force must run.
		if err := s.add(e); err != nil && current[e.Pack] == e.ID {
			return &lanzha.Error{
				Code: lanzha.CodeInternal, Op: "shelf.Load", Message: fmt.Sprintf("the text of %s that is in force cannot be used by this release", e.Pack),
				Hint: "start the release that was used before, and activate a text that both can read", Err: err,
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cursor = cursor
	return nil
}

// add compiles an edition into the library.
func (s *Shelf) add(e Edition) error {
	p, err := s.of(e)
	if err != nil {
		return err
	}
	return s.Library.Add(p)
}

// of is the compiled pack of an edition.
func (s *Shelf) of(e Edition) (*policy.Pack, error) {
	s.mu.Lock()
	p, ok := s.packs[e.ID]
	s.mu.Unlock()
	if ok {
		return p, nil
	}
	p, err := compiled(e.Files())
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.packs[e.ID] = p
	return p, nil
}

// compiled compiles texts, or finds them as the release has compiled them.
func compiled(files []policy.File) (*policy.Pack, error) {
	shipped, err := policy.Shipped()
	if err != nil {
		return nil, err
	}
	for _, p := range shipped.Packs() {
		if slices.EqualFunc(p.All(), files, func(a, b policy.File) bool { return string(a.Text) == string(b.Text) }) {
			return p, nil
		}
	}
	return policy.Parse(files...)
}

// View shows an edition as it applies in a place.
func (s *Shelf) View(e Edition, place string) (policy.View, error) {
	key := string(e.ID) + "@" + place
	s.mu.Lock()
	v, ok := s.views[key]
	s.mu.Unlock()
	if ok {
		return v, nil
	}
	p, err := s.of(e)
	if err != nil {
		return v, err
	}
	if v, err = p.View(place); err != nil {
		return v, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.views) >= maxKept {
		clear(s.views)
	}
	s.views[key] = v
	return v, nil
}

// maxKept bounds what is kept so that it need not be computed again.
const maxKept = 500
