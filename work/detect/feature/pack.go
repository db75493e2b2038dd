// Package feature computes features that are declared, not coded: counts, sums,
// shares and times of the events of one key (a number, an account, a device, a
// cell, or a tuple of them) in a window that ends now or some time ago. A pack
// of features compiles to a fixed layout of state per key. Events go in one by
// one in the order of their time, and out come the features as they stood at
// that moment; the same code serves a file for those who train models (Export)
// and a stream. The package keeps its state in memory and does no I/O beyond
// the reader and the writer that Export is given.
package feature

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"lanzha"
	"lanzha/work/feed"
)

// Aggregate is what a feature makes of the events in its window.
type Aggregate string

// The aggregates.
const (
	Count     Aggregate = "count"      // of events
	Sum       Aggregate = "sum"        // of a field
	Mean      Aggregate = "mean"       // of a field; empty without events
	Min       Aggregate = "min"        // of a field; empty without events
	Max       Aggregate = "max"        // of a field; empty without events
	StdDev    Aggregate = "stddev"     // of a field, of a sample (n - 1); empty for fewer than two events
	Distinct  Aggregate = "distinct"   // how many values of a field
	Share     Aggregate = "share"      // of the events, for how many a condition holds: 0 to 1; empty without events
	Ratio     Aggregate = "ratio"      // of two features; empty when either is, or the second is 0
	FirstSeen Aggregate = "first_seen" // time of the first event, the present one included
	LastSeen  Aggregate = "last_seen"  // time of the last event before the present one
	Since     Aggregate = "since"      // seconds since the last event before the present one, or since the first (of: first_seen)
)

var aggregates = []Aggregate{Count, Sum, Mean, Min, Max, StdDev, Distinct, Share, Ratio, FirstSeen, LastSeen, Since}

// Pack is a set of features, checked.
type Pack struct {
	Name     string
	Version  int
	Features []*Feature // in the order of the file
	// Forget is how long a key may be idle until its features of all time are
	// forgotten; 0 is never. Features with a window are forgotten when their
	// windows are over, which changes no value.
	Forget time.Duration
	Lists  []string // that conditions read, each once
}

// Feature is one declared feature.
type Feature struct {
	Pack      string // its name
	Name      string
	Title     Words
	Event     feed.Kind
	Key       []feed.Field // whose events are looked at
	At        []feed.Kind  // at which events it has a value; Event itself unless declared otherwise
	Filter    string       // "" is every event
	Aggregate Aggregate
	Of        []string      // a field, a condition (share), or two features (ratio)
	Window    time.Duration // 0 is all time
	Offset    time.Duration // the window ends so long ago
	Panes     int           // 0 is exact
	Empty     *float64      // what stands for an empty value; nil is an empty cell
	Hidden    bool          // computed for others, and not written

	filter, of *condition
	field      *feed.Field // of
	cut        int         // of a text: so many bytes at its end do not tell it from others
	reads      map[feed.Kind][]feed.Field
	forget     time.Duration // of its pack
	parts      [2]int        // of a ratio: features by index
	form       form
}

// Words are a text in both languages of the console.
type Words struct {
	ZH string `yaml:"zh" json:"zh"`
	EN string `yaml:"en" json:"en"`
}

// Limits of a pack.
const (
	MinWindow   = time.Minute
	MaxWindow   = 30 * 24 * time.Hour
	MaxOffset   = 90 * 24 * time.Hour
	MaxPanes    = 1000
	MinPane     = 10 * time.Second // so that the panes of all times have numbers of 32 bits
	MaxFeatures = 500
	MaxForget   = 10 * 366 * 24 * time.Hour
	maxKey      = 4 // fields of a tuple
	maxCut      = 8
)

type document struct {
	Pack     string     `yaml:"pack"`
	Version  int        `yaml:"version"`
	Title    Words      `yaml:"title"`
	Event    string     `yaml:"event"`
	Zone     string     `yaml:"zone"`
	Forget   string     `yaml:"forget"`
	Features []declared `yaml:"features"`
}

type declared struct {
	Name      string   `yaml:"name"`
	Title     Words    `yaml:"title"`
	Event     string   `yaml:"event"`
	Key       names    `yaml:"key"`
	At        names    `yaml:"at"`
	Read      reads    `yaml:"read"`
	Filter    string   `yaml:"filter"`
	Aggregate string   `yaml:"aggregate"`
	Of        names    `yaml:"of"`
	Cut       int      `yaml:"cut"`
	Window    string   `yaml:"window"`
	Offset    string   `yaml:"offset"`
	Panes     int      `yaml:"panes"`
	Exact     bool     `yaml:"exact"`
	Empty     *float64 `yaml:"empty"`
	Hidden    bool     `yaml:"hidden"`
}

// names is a list that may be written as one name.
type names []string

// UnmarshalYAML implements yaml.Unmarshaler.
func (n *names) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*n = names{node.Value}
		return nil
	}
	return node.Decode((*[]string)(n))
}

// reads are the fields of the present event that name the key: the same names
// for all kinds of event, or a list for each.
type reads struct {
	all    names
	byKind map[string]names
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (r *reads) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.MappingNode {
		return node.Decode(&r.byKind)
	}
	return r.all.UnmarshalYAML(node)
}

var (
	goodPack = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)
	goodName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)
)

// Parse reads a pack of features from YAML. name is that of its file, for
// errors. docs/features.md is the reference of the form.
func Parse(name string, text []byte) (*Pack, error) {
	wrong := func(field, format string, args ...any) error {
		return &lanzha.Error{
			Code: lanzha.CodeInvalid, Field: strings.TrimSuffix(name+": "+field, ": "), Message: fmt.Sprintf(format, args...),
			Hint: "docs/features.md describes feature packs",
		}
	}
	var d document
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&d); errors.Is(err, io.EOF) {
		return nil, wrong("", "the pack is empty")
	} else if err != nil {
		return nil, wrong("", "%v", err)
	}
	if err := decoder.Decode(new(document)); !errors.Is(err, io.EOF) {
		return nil, wrong("", "one document is wanted, and more follows it")
	}
	switch {
	case !goodPack.MatchString(d.Pack):
		return nil, wrong("pack", "a name of small letters, digits and hyphens is wanted")
	case d.Version < 1:
		return nil, wrong("version", "a number from 1 on is wanted")
	case len(d.Features) == 0:
		return nil, wrong("features", "none are declared")
	case len(d.Features) > MaxFeatures:
		return nil, wrong("features", "a pack has at most %d", MaxFeatures)
	}
	zone, err := time.LoadLocation(cmpOr(d.Zone, "Asia/Shanghai"))
	if err != nil || d.Zone == "Local" {
		return nil, wrong("zone", "there is no such zone; name it as in Asia/Shanghai")
	}
	p := &Pack{Name: d.Pack, Version: d.Version}
	if p.Forget, err = parseSpan(d.Forget, 24*time.Hour, MaxForget); err != nil {
		return nil, wrong("forget", "%v", err)
	}
	for i, x := range d.Features {
		f, field, err := p.feature(x, d.Event, zone)
		if err != nil {
			return nil, wrong(strings.TrimSuffix(fmt.Sprintf("features[%d] %s: %s", i+1, x.Name, field), ": "), "%v", err)
		}
		p.Features = append(p.Features, f)
	}
	return p, nil
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// feature checks one declaration. field is what is wrong in it.
func (p *Pack) feature(d declared, event string, zone *time.Location) (f *Feature, field string, err error) {
	f = &Feature{Pack: p.Name, forget: p.Forget, Name: d.Name, Title: d.Title, Filter: d.Filter, Aggregate: Aggregate(d.Aggregate), Of: d.Of, Panes: d.Panes, Empty: d.Empty, Hidden: d.Hidden}
	if !goodName.MatchString(d.Name) {
		return nil, "name", errors.New("letters, digits and underscores are wanted, a letter first")
	}
	if p.index(d.Name) >= 0 {
		return nil, "name", errors.New("this name is declared already")
	}
	if !slices.Contains(aggregates, f.Aggregate) {
		return nil, "aggregate", fmt.Errorf("there is no such aggregate; there are %v", aggregates)
	}
	if f.Event, err = feed.ParseKind(cmpOr(d.Event, event)); err != nil {
		return nil, "event", err
	}
	if f.Aggregate == Ratio {
		field, err := p.ratio(f, d)
		return f, field, err
	}
	if f.Key, err = keyFields(f.Event, d.Key); err != nil {
		return nil, "key", err
	}
	if field, err := f.readers(d); err != nil {
		return nil, field, err
	}
	if f.Window, err = parseSpan(d.Window, MinWindow, MaxWindow); err != nil {
		return nil, "window", err
	}
	if f.Offset, err = parseSpan(d.Offset, 0, MaxOffset); err != nil {
		return nil, "offset", err
	}
	if d.Filter != "" {
		if f.filter, err = compile(d.Filter, f.Event, zone); err != nil {
			return nil, "filter", err
		}
		p.reads(f.filter)
	}
	if err := f.subject(zone); err != nil {
		return nil, "of", err
	}
	p.reads(f.of)
	if f.cut = d.Cut; f.cut != 0 && (f.cut < 0 || f.cut > maxCut || f.Aggregate != Distinct || f.field.Type != feed.Text) {
		return nil, "cut", fmt.Errorf("1 to %d bytes at the end of a text of which the distinct ones are counted can be left out", maxCut)
	}
	if field, err := f.panes(d); err != nil {
		return nil, field, err
	}
	if f.late() && slices.Contains([]Aggregate{Min, Max, Distinct, FirstSeen, LastSeen, Since}, f.Aggregate) {
		return nil, "filter", fmt.Errorf("an outcome comes later than its event; count, sum, mean, stddev and share can follow it, %s cannot", f.Aggregate)
	}
	return f, "", nil
}

// reads notes the lists that a condition reads.
func (p *Pack) reads(c *condition) {
	if c == nil {
		return
	}
	for _, list := range c.lists {
		if !slices.Contains(p.Lists, list) {
			p.Lists = append(p.Lists, list)
		}
	}
}

// readers checks at which events a feature has a value, and which of their
// fields name the key.
func (f *Feature) readers(d declared) (field string, err error) {
	f.At, f.reads = []feed.Kind{f.Event}, map[feed.Kind][]feed.Field{}
	if len(d.At) > 0 {
		f.At = nil
	}
	for _, name := range d.At {
		kind, err := feed.ParseKind(name)
		if err != nil {
			return "at", err
		}
		if slices.Contains(f.At, kind) {
			return "at", fmt.Errorf("%s stands there twice", name)
		}
		f.At = append(f.At, kind)
	}
	slices.Sort(f.At)
	for name := range d.Read.byKind {
		if kind, err := feed.ParseKind(name); err != nil || !slices.Contains(f.At, kind) {
			return "read", fmt.Errorf("the feature has no value at %q; at says where", name)
		}
	}
	for _, kind := range f.At {
		of := d.Read.all
		if d.Read.byKind != nil {
			of = d.Read.byKind[kind.String()]
		}
		if len(of) == 0 {
			of = d.Key
		}
		fields, err := keyFields(kind, of)
		if err != nil {
			return "read", err
		}
		if !slices.EqualFunc(f.Key, fields, func(a, b feed.Field) bool { return a.Domain == b.Domain }) {
			return "read", errors.New("what is read must name the same things as the key: a number a number, an account an account")
		}
		f.reads[kind] = fields
	}
	return "", nil
}

// late reports whether what the feature counts can change after the event.
func (f *Feature) late() bool {
	return f.filter != nil && f.filter.late || f.of != nil && f.of.late
}

func (p *Pack) index(name string) int {
	return slices.IndexFunc(p.Features, func(f *Feature) bool { return f.Name == name })
}

// ratio checks a feature that is made of two others.
func (p *Pack) ratio(f *Feature, d declared) (field string, err error) {
	if d.Filter != "" || d.Window != "" || d.Offset != "" || d.Panes != 0 || d.Exact || d.Cut != 0 || len(d.Key) > 0 || len(d.At) > 0 || len(d.Read.all) > 0 || len(d.Read.byKind) > 0 {
		return "aggregate", errors.New("a ratio is of two features and has no key, at, filter, window, offset or panes of its own")
	}
	if len(d.Of) != 2 {
		return "of", errors.New("two features that stand before it are wanted")
	}
	for i, name := range d.Of {
		at := p.index(name)
		if at < 0 {
			return "of", fmt.Errorf("no feature %q stands before this one", name)
		}
		part := p.Features[at]
		if i == 0 {
			f.Event, f.At = part.Event, slices.Clone(part.At)
		}
		f.At = slices.DeleteFunc(f.At, func(k feed.Kind) bool { return !slices.Contains(part.At, k) })
		if len(f.At) == 0 || part.form == instants {
			return "of", fmt.Errorf("%s is a time, or of another kind of event", name)
		}
		f.parts[i] = at
	}
	f.form = floats
	return "", nil
}

func keyFields(kind feed.Kind, names []string) ([]feed.Field, error) {
	if len(names) == 0 || len(names) > maxKey {
		return nil, fmt.Errorf("a field of the event, or up to %d of them, are wanted", maxKey)
	}
	out := []feed.Field{}
	for _, name := range names {
		f, ok := kind.Field(name)
		if !ok || f.Type != feed.Text {
			return nil, fmt.Errorf("a %s has no text field %q", kind, name)
		}
		if slices.ContainsFunc(out, func(g feed.Field) bool { return g.Name == f.Name }) {
			return nil, fmt.Errorf("%s stands there twice", name)
		}
		out = append(out, f)
	}
	return out, nil
}

// subject checks what the aggregate is of, and decides the form of the values.
func (f *Feature) subject(zone *time.Location) error {
	one := ""
	if len(f.Of) == 1 {
		one = f.Of[0]
	}
	field, known := f.Event.Field(one)
	switch f.Aggregate {
	case Count, FirstSeen, LastSeen:
		if len(f.Of) > 0 {
			return fmt.Errorf("%s is of events, not of a field; a filter says of which", f.Aggregate)
		}
		if f.form = integers; f.Aggregate != Count {
			f.form = instants
		}
	case Since:
		if len(f.Of) > 0 && one != string(FirstSeen) && one != string(LastSeen) {
			return errors.New("last_seen (the default) or first_seen is wanted")
		}
		f.form = seconds
	case Share:
		if one == "" {
			return errors.New("a condition is wanted, such as outcome == 'confirmed'")
		}
		var err error
		if f.of, err = compile(one, f.Event, zone); err != nil {
			return err
		}
		f.form = floats
	case Distinct:
		if !known || field.Type != feed.Text && field.Type != feed.Integer && field.Type != feed.Amount {
			return errors.New("a field of text or a number is wanted")
		}
		f.field, f.form = &field, integers
	default:
		if !known || field.Type != feed.Integer && field.Type != feed.Amount {
			return errors.New("a field that is a number is wanted")
		}
		f.field = &field
		switch {
		case f.Aggregate == Mean || f.Aggregate == StdDev:
			f.form = floats
		case field.Type == feed.Amount:
			f.form = amounts
		default:
			f.form = integers
		}
	}
	return nil
}

// panes checks the choice between exact and panes.
func (f *Feature) panes(d declared) (field string, err error) {
	switch {
	case d.Panes == 0:
		return "", nil
	case d.Exact:
		return "exact", errors.New("exact and panes exclude each other")
	case d.Panes < 2 || d.Panes > MaxPanes:
		return "panes", fmt.Errorf("2 to %d panes are wanted", MaxPanes)
	case f.Window == 0:
		return "panes", errors.New("panes divide a window, and there is none")
	case f.Window%(time.Duration(d.Panes)*time.Microsecond) != 0:
		return "panes", errors.New("the window cannot be divided so without a rest")
	case f.Window/time.Duration(d.Panes) < MinPane:
		return "panes", fmt.Errorf("a pane is %v long at least", MinPane)
	case f.Offset%(f.Window/time.Duration(d.Panes)) != 0:
		return "offset", fmt.Errorf("the offset is a multiple of a pane, which is %v", f.Window/time.Duration(d.Panes))
	case f.Aggregate == Distinct && f.Offset > 0:
		return "panes", errors.New("panes know the distinct values up to now only: leave out the offset or the panes")
	case slices.Contains([]Aggregate{FirstSeen, LastSeen, Since}, f.Aggregate):
		return "panes", fmt.Errorf("%s is exact always and keeps no events", f.Aggregate)
	}
	return "", nil
}

// parseSpan reads "90s", "15m", "12h" or "7d"; "" is 0.
func parseSpan(s string, low, high time.Duration) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 31)
	unit, ok := units[s[len(s)-1]]
	if err != nil || !ok || n > uint64(high/unit) || time.Duration(n)*unit < low {
		return 0, fmt.Errorf("%s to %s are wanted, written as 15m, 12h or 7d", spell(low), spell(high))
	}
	return time.Duration(n) * unit, nil
}

func spell(d time.Duration) string {
	switch day := 24 * time.Hour; {
	case d >= day && d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	default:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
}
