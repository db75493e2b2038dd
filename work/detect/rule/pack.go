// Package rule decides what events mean: rules over the features of an event,
// its fields and lists. A pack of rules compiles to a machine that events,
// entries of lists and suppressions go through in one order; out come verdicts
// with the rules that hold, and the reasons in words. The machine is pure: it
// reads no clock, no file and no network, and the same input in the same order
// gives the same verdicts, byte by byte.
package rule

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"lanzha"
	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// Pack is a file of rules and of the features that they read, checked.
type Pack struct {
	Name     string
	Version  int
	Title    feature.Words
	Features *feature.Pack // may have none
	Rules    []*Rule       // in the order of the file
	Bands    Bands
	Actions  map[string]string // by band
	Signals  []*Signal
	Lists    []string // that conditions may name
	Text     []byte   // of the file
	SHA256   string   // of Text, in hex

	file  string
	zone  *time.Location
	lines map[string]place // of bands, lists and each feature
}

// Bands are from which score on a verdict is medium or high; below is low.
type Bands struct {
	Medium int `json:"medium"`
	High   int `json:"high"`
}

// The bands of a score.
const (
	Low    = "low"
	Medium = "medium"
	High   = "high"
)

// Of is the band of a score.
func (b Bands) Of(score int) string {
	switch {
	case score >= b.High:
		return High
	case score >= b.Medium:
		return Medium
	}
	return Low
}

// The actions: advice to the caller's own checks, never an order.
var actions = []string{"allow", "review", "warn", "hold"}

// Status is what is done with a rule that holds.
type Status string

// The statuses.
const (
	Live   Status = "live"   // raises alerts and counts for the score
	Shadow Status = "shadow" // is counted, and no more
	Off    Status = "off"    // is not computed
)

// Rule is one rule, compiled.
type Rule struct {
	ID       string
	Title    feature.Words
	Event    feed.Kind
	Subject  feed.Field // whose value the alert is about
	Severity string     // low, medium or high
	Weight   int        // 1 to 100
	When     string
	Reason   feature.Words // with holes: {name}
	Hold     time.Duration // at most one alert of a subject within it; 0 is no limit
	Becomes  string        // clue, warning, referral or none
	Status   Status
	Pack     *Pack

	at      place
	when    *condition
	reasons [2]template // zh, en
	shown   []operand   // what the condition and the reasons read, once each
}

// Signal is a question of other institutions that is answered by yes, no or
// unknown, and nothing else.
type Signal struct {
	ID    string
	Title feature.Words
	Event feed.Kind
	Key   feed.Field // whose value is asked about
	When  string

	at   place
	when *condition
}

// Limits of a pack.
const (
	MaxRules   = 500
	MaxSignals = 50
	MaxLists   = 64
	MaxHold    = 90 * 24 * time.Hour
	// DefaultHold is how long a rule is silent about a subject when it does not say.
	DefaultHold = time.Hour
)

type document struct {
	Pack     string            `yaml:"pack"`
	Version  int               `yaml:"version"`
	Title    feature.Words     `yaml:"title"`
	Event    string            `yaml:"event"`
	Zone     string            `yaml:"zone"`
	Forget   string            `yaml:"forget"` // of the features
	Features []yaml.Node       `yaml:"features"`
	Bands    *declaredBands    `yaml:"bands"`
	Actions  map[string]string `yaml:"actions"`
	Lists    []string          `yaml:"lists"`
	Rules    []declaredRule    `yaml:"rules"`
	Signals  []declaredSignal  `yaml:"signals"`
}

type declaredBands struct {
	Medium int `yaml:"medium"`
	High   int `yaml:"high"`
}

type declaredRule struct {
	ID       string        `yaml:"id"`
	Title    feature.Words `yaml:"title"`
	Event    string        `yaml:"event"`
	Subject  string        `yaml:"subject"`
	Severity string        `yaml:"severity"`
	Weight   int           `yaml:"weight"`
	When     string        `yaml:"when"`
	Reason   feature.Words `yaml:"reason"`
	Hold     string        `yaml:"hold"`
	Becomes  string        `yaml:"becomes"`
	Status   string        `yaml:"status"`
}

type declaredSignal struct {
	ID    string        `yaml:"id"`
	Title feature.Words `yaml:"title"`
	Event string        `yaml:"event"`
	Key   string        `yaml:"key"`
	When  string        `yaml:"when"`
}

var goodID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)

// Parse reads a pack from YAML. name is that of its file, for errors, which say
// line, member and what is wanted. docs/rules.md is the reference of the form.
func Parse(name string, text []byte) (*Pack, error) {
	d := &document{}
	root, err := readStrict(name, text, d)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	p := &Pack{
		Name: d.Pack, Version: d.Version, Title: d.Title, Lists: d.Lists, file: name,
		Text: slices.Clone(text), SHA256: hex.EncodeToString(sum[:]),
	}
	r := &reader{pack: p, root: root, document: d}
	p.lines = map[string]place{"bands": r.at(root, "bands"), "lists": r.at(root, "lists")}
	for _, read := range []func() error{r.head, r.features, r.bands, r.lists, r.rules, r.signals} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// reader reads the parts of one file.
type reader struct {
	*document
	pack *Pack
	root *yaml.Node
}

// at is where a member stands, or what would hold it.
func (r *reader) at(n *yaml.Node, member string) place {
	member, _, _ = strings.Cut(member, ".")
	if of := memberOf(n, member); of != nil {
		n = of
	}
	return place{r.pack.file, n.Line}
}

func memberOf(n *yaml.Node, name string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

func (r *reader) head() error {
	if !goodID.MatchString(r.Pack) {
		return r.at(r.root, "pack").wrong("pack", "a name of small letters, digits and hyphens is wanted")
	}
	if r.Version < 1 {
		return r.at(r.root, "version").wrong("version", "a number from 1 on is wanted")
	}
	zone := r.Zone
	if zone == "" {
		zone = "Asia/Shanghai"
	}
	var err error
	if r.pack.zone, err = time.LoadLocation(zone); err != nil || zone == "Local" {
		return r.at(r.root, "zone").wrong("zone", "there is no such zone; name it as in Asia/Shanghai")
	}
	if _, err := feed.ParseKind(r.Event); r.Event != "" && err != nil {
		return r.at(r.root, "event").wrong("event", "there is no such kind of event; there are %s", kinds())
	}
	return nil
}

func kinds() string {
	names := []string{}
	for _, k := range feed.Kinds() {
		names = append(names, k.String())
	}
	return strings.Join(names, ", ")
}

var (
	featureAt   = regexp.MustCompile(`^(.*: )?features\[(\d+)\]`)
	unknownName = regexp.MustCompile(`line (\d+): field (\S+) not found`)
	badType     = regexp.MustCompile(`line (\d+): (cannot unmarshal .*)`)
)

// features hands the part of the file that declares features to their own
// parser, every line in its place, and gives its errors their lines.
func (r *reader) features() error {
	if len(r.Features) == 0 {
		r.pack.Features = &feature.Pack{Name: r.Pack, Version: r.Version}
		return nil
	}
	if r.root.Style&yaml.FlowStyle != 0 {
		return place{r.pack.file, r.root.Line}.wrong("", "the members of a pack stand on lines of their own")
	}
	lines := strings.Split(string(r.pack.Text), "\n")
	for i := 0; i < len(r.root.Content); i += 2 {
		key := r.root.Content[i]
		if !slices.Contains([]string{"bands", "actions", "lists", "rules", "signals"}, key.Value) {
			continue
		}
		end := len(lines)
		if i+2 < len(r.root.Content) {
			end = r.root.Content[i+2].Line - 1
		}
		for n := key.Line - 1; n < end; n++ {
			lines[n] = ""
		}
	}
	var err error
	if r.pack.Features, err = feature.Parse(r.pack.file, []byte(strings.Join(lines, "\n"))); err == nil {
		for i, f := range r.pack.Features.Features {
			r.pack.lines["feature "+f.Name] = place{r.pack.file, r.Features[i].Line}
		}
		for _, name := range r.pack.Features.Lists {
			if !slices.Contains(r.Lists, name) {
				return r.at(r.root, "lists").wrong("lists", "a feature asks a list %s, and the pack does not name it here", name)
			}
		}
		return nil
	}
	e, ok := errors.AsType[*lanzha.Error](err)
	if !ok {
		return err
	}
	at, field := place{file: r.pack.file}, strings.TrimPrefix(strings.TrimPrefix(e.Field, r.pack.file), ": ")
	if m := unknownName.FindStringSubmatch(e.Message); m != nil {
		at.line = digits(m[1])
		return at.wrong("features: "+m[2], "there is no such member of a feature")
	}
	if m := badType.FindStringSubmatch(e.Message); m != nil {
		at.line = digits(m[1])
		return at.wrong("features", "this is not what is wanted here: %s", m[2])
	}
	if m := featureAt.FindStringSubmatch(e.Field); m != nil {
		n := r.Features[digits(m[2])-1]
		at.line = n.Line
		if _, member, ok := strings.Cut(field[strings.IndexByte(field, ']'):], ": "); ok {
			at = r.at(&n, member)
		}
	}
	return &lanzha.Error{Code: e.Code, Field: at.String() + ": " + field, Message: e.Message, Hint: e.Hint, Err: e.Err}
}

// digits is the number of digits that a pattern has found.
func digits(s string) (n int) {
	for _, c := range s {
		n = n*10 + int(c-'0')
	}
	return n
}

func (r *reader) bands() error {
	r.pack.Bands = Bands{Medium: 40, High: 70}
	if b := r.Bands; b != nil {
		if b.Medium < 1 || b.High <= b.Medium || b.High > 100 {
			return r.at(r.root, "bands").wrong("bands", "medium is 1 or more, high more than medium, and 100 at most")
		}
		r.pack.Bands = Bands(*b)
	}
	r.pack.Actions = map[string]string{Low: "allow", Medium: "review", High: "hold"}
	for band, action := range r.Actions {
		at := r.at(r.root, "actions")
		if r.pack.Actions[band] == "" {
			return at.wrong("actions."+band, "there is no such band; there are low, medium, high")
		}
		if !slices.Contains(actions, action) {
			return at.wrong("actions."+band, "there is no such action; there are %s", strings.Join(actions, ", "))
		}
		r.pack.Actions[band] = action
	}
	return nil
}

func (r *reader) lists() error {
	at := r.at(r.root, "lists")
	if len(r.Lists) > MaxLists {
		return at.wrong("lists", "a pack names at most %d", MaxLists)
	}
	for i, name := range r.Lists {
		if !goodID.MatchString(name) {
			return at.wrong("lists", "a list has a name of small letters, digits and hyphens")
		}
		if slices.Contains(r.Lists[:i], name) {
			return at.wrong("lists", "%s stands there twice", name)
		}
	}
	return nil
}

func (r *reader) rules() error {
	if len(r.Rules) > MaxRules {
		return r.at(r.root, "rules").wrong("rules", "a pack has at most %d", MaxRules)
	}
	seen := map[string]bool{}
	for i := range r.Rules {
		n, d := memberOf(r.root, "rules").Content[i], &r.Rules[i]
		rule, field, err := r.rule(d)
		if err == nil && seen[d.ID] {
			field, err = "id", refuse("another rule has this id")
		}
		if err != nil {
			return r.at(n, field).refused(strings.TrimSuffix(fmt.Sprintf("rules[%d] %s", i+1, d.ID), " ")+": "+field, err)
		}
		seen[d.ID] = true
		rule.at = place{r.pack.file, n.Line}
		r.pack.Rules = append(r.pack.Rules, rule)
	}
	return nil
}

// oneOf is a word that must be one of some; the first stands for none.
func oneOf(word string, of ...string) (string, error) {
	if word == "" {
		word = of[0]
	}
	if !slices.Contains(of, word) {
		return "", refuse("one of these is wanted: %s", strings.Join(of, ", "))
	}
	return word, nil
}

// rule checks and compiles one rule. field is what is wrong in it.
func (r *reader) rule(d *declaredRule) (rule *Rule, field string, err error) {
	rule = &Rule{ID: d.ID, Title: d.Title, Weight: d.Weight, When: d.When, Reason: d.Reason, Hold: DefaultHold, Pack: r.pack}
	if !goodID.MatchString(d.ID) {
		return nil, "id", refuse("a name of small letters, digits and hyphens is wanted")
	}
	if rule.Event, err = r.kind(d.Event); err != nil {
		return nil, "event", err
	}
	if rule.Subject, err = subject(rule.Event, d.Subject); err != nil {
		return nil, "subject", err
	}
	if rule.Severity, err = oneOf(d.Severity, Medium, Low, High); err != nil {
		return nil, "severity", err
	}
	if d.Weight < 1 || d.Weight > 100 {
		return nil, "weight", refuse("1 to 100 is wanted")
	}
	if d.Hold != "" {
		if rule.Hold, err = parseSpan(d.Hold); err != nil || rule.Hold > MaxHold {
			return nil, "hold", refuse("a time up to 90d is wanted, written as 15m, 6h or 1d; 0s is no limit")
		}
	}
	if rule.Becomes, err = oneOf(d.Becomes, "none", "clue", "warning", "referral"); err != nil {
		return nil, "becomes", err
	}
	status, err := oneOf(d.Status, string(Live), string(Shadow), string(Off))
	if err != nil {
		return nil, "status", err
	}
	rule.Status = Status(status)
	s := r.pack.scope(rule.Event, nil)
	if rule.when, err = s.compile(d.When); err != nil {
		return nil, "when", err
	}
	rule.shown = slices.Clone(rule.when.reads)
	for i, text := range []string{d.Reason.ZH, d.Reason.EN} {
		if rule.reasons[i], err = s.template(text); err != nil {
			return nil, "reason." + []string{"zh", "en"}[i], err
		}
		for _, p := range rule.reasons[i] {
			if p.as != asText && !slices.Contains(rule.shown, p.of) {
				rule.shown = append(rule.shown, p.of)
			}
		}
	}
	return rule, "", nil
}

func (r *reader) kind(declared string) (feed.Kind, error) {
	if declared == "" {
		declared = r.Event
	}
	kind, err := feed.ParseKind(declared)
	if err != nil {
		return 0, refuse("a kind of event is wanted here or for the whole pack: %s", kinds())
	}
	return kind, nil
}

// subject finds a text field that names something.
func subject(kind feed.Kind, name string) (feed.Field, error) {
	f, ok := kind.Field(name)
	if ok && f.Type == feed.Text && f.Domain != feed.Other {
		return f, nil
	}
	names := []string{}
	for _, f := range kind.Fields() {
		if f.Type == feed.Text && f.Domain != feed.Other {
			names = append(names, f.Name)
		}
	}
	return f, refuse("a field that names somebody or something is wanted; a %s has %s", kind, strings.Join(names, ", "))
}

func (r *reader) signals() error {
	if len(r.Signals) > MaxSignals {
		return r.at(r.root, "signals").wrong("signals", "a pack has at most %d", MaxSignals)
	}
	for i := range r.Signals {
		n, d := memberOf(r.root, "signals").Content[i], &r.Signals[i]
		s, field, err := r.signal(d)
		if err == nil && slices.ContainsFunc(r.pack.Signals, func(o *Signal) bool { return o.ID == d.ID }) {
			field, err = "id", refuse("another signal has this id")
		}
		if err != nil {
			return r.at(n, field).refused(strings.TrimSuffix(fmt.Sprintf("signals[%d] %s", i+1, d.ID), " ")+": "+field, err)
		}
		s.at = place{r.pack.file, n.Line}
		r.pack.Signals = append(r.pack.Signals, s)
	}
	return nil
}

func (r *reader) signal(d *declaredSignal) (s *Signal, field string, err error) {
	s = &Signal{ID: d.ID, Title: d.Title, When: d.When}
	if !goodID.MatchString(d.ID) {
		return nil, "id", refuse("a name of small letters, digits and hyphens is wanted")
	}
	if s.Event, err = r.kind(d.Event); err != nil {
		return nil, "event", err
	}
	if s.Key, err = subject(s.Event, d.Key); err != nil {
		return nil, "key", err
	}
	if s.when, err = r.pack.scope(s.Event, &s.Key).compile(d.When); err != nil {
		return nil, "when", err
	}
	return s, "", nil
}

// spanParts are the units of a time, the longest first.
var spanParts = regexp.MustCompile(`^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$`)

// parseSpan reads 15m, 6h, 1d or 1h30m.
func parseSpan(s string) (time.Duration, error) {
	m := spanParts.FindStringSubmatch(s)
	if m == nil || s == "" {
		return 0, refuse("a time is written as 90s, 15m, 6h, 1d or 1h30m")
	}
	total := time.Duration(0)
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second, time.Millisecond} {
		if len(m[i+1]) > 7 {
			return 0, refuse("the time is too long")
		}
		total += time.Duration(digits(m[i+1])) * unit
	}
	return total, nil
}
