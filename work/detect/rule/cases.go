package rule

import (
	"cmp"
	"encoding/json"
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

// suite is the file of a pack's own cases, NAME_test.yaml.
type suite struct {
	Start string      `yaml:"start"`
	Cases []yaml.Node `yaml:"cases"`
}

type testCase struct {
	Name   feature.Words       `yaml:"name"`
	Start  string              `yaml:"start"`
	Lists  map[string][]string `yaml:"lists"`
	Events []yaml.Node         `yaml:"events"`
	Alerts *[]wanted           `yaml:"alerts"`
}

// occasion is one event, or several alike: it names its kind and its fields.
type occasion struct {
	At    string `yaml:"at"`
	Every string `yaml:"every"`
	Times *int   `yaml:"times"`

	Call         yaml.Node `yaml:"call"`
	Message      yaml.Node `yaml:"message"`
	Transfer     yaml.Node `yaml:"transfer"`
	Registration yaml.Node `yaml:"registration"`
}

// wanted is an alert that must come.
type wanted struct {
	Rule    string `yaml:"rule"`
	Subject string `yaml:"subject"` // "" is any
	After   string `yaml:"after"`   // not before
	Before  string `yaml:"before"`  // not after
	Times   int    `yaml:"times"`   // exactly so many; 0 is one or more
}

// Limits of a file of cases.
const (
	MaxCases  = 1000
	MaxEvents = 200_000 // of one case
)

// defaultStart is when the events of a case begin: a Monday morning.
const defaultStart = "2026-03-02 10:00"

// Failure is a case that does not hold.
type Failure struct {
	Case feature.Words `json:"case"`
	At   string        `json:"at"`   // file and line
	Diff []string      `json:"diff"` // "- what was wanted", "+ what came"
}

// Tested is what came of a file of cases.
type Tested struct {
	Pack     string    `json:"pack"`
	Run      int       `json:"run"`
	Failures []Failure `json:"failures"`
	Untested []string  `json:"untested"` // rules that no case wants an alert of
}

// Test runs the cases of a file against a pack, each on a machine of its own.
// Every rule counts as live in them, whatever its status, so that it can be
// tried before it is.
func Test(p *Pack, name string, text []byte) (Tested, error) {
	out := Tested{Pack: p.Name, Failures: []Failure{}, Untested: []string{}}
	s := &suite{}
	root, err := readStrict(name, text, s)
	if err != nil {
		return out, err
	}
	if len(s.Cases) > MaxCases {
		return out, place{file: name}.wrong("cases", "a file has at most %d", MaxCases)
	}
	fires := map[string]bool{}
	for i := range s.Cases {
		t := &trial{pack: p, at: place{name, s.Cases[i].Line}, start: s.Start}
		if memberOf(root, "start") == nil {
			t.start = defaultStart
		}
		diff, err := t.run(&s.Cases[i])
		if err != nil {
			return out, err
		}
		out.Run++
		for _, w := range *t.Alerts {
			fires[w.Rule] = true
		}
		if len(diff) > 0 {
			out.Failures = append(out.Failures, Failure{Case: t.Name, At: t.at.String(), Diff: diff})
		}
	}
	for _, r := range p.Rules {
		if !fires[r.ID] {
			out.Untested = append(out.Untested, r.ID)
		}
	}
	return out, nil
}

// trial is a case that is run.
type trial struct {
	testCase
	pack    *Pack
	at      place
	start   string
	begin   time.Time
	machine *Machine
}

// made is an event of a case.
type made struct {
	at     time.Duration
	kind   feed.Kind
	record []byte // NDJSON
	where  place
}

// came is an alert.
type came struct {
	at      time.Duration
	rule    string
	subject string
	reason  string
}

func (t *trial) run(n *yaml.Node) (diff []string, err error) {
	if err := decodeAt(t.at.file, "cases", n, &t.testCase); err != nil {
		return nil, err
	}
	if t.Alerts == nil {
		return nil, t.at.wrong("alerts", "the alerts that must come are wanted; [] is none")
	}
	start := cmp.Or(t.testCase.Start, t.start)
	if t.begin, err = time.ParseInLocation("2006-01-02 15:04", start, t.pack.zone); err != nil {
		return nil, t.at.wrong("start", "a day and an hour are wanted, as in %s", defaultStart)
	}
	for _, w := range *t.Alerts {
		if !slices.ContainsFunc(t.pack.Rules, func(r *Rule) bool { return r.ID == w.Rule }) {
			return nil, t.at.wrong("alerts", "the pack has no rule %s", w.Rule)
		}
	}
	if t.machine, err = NewMachine([]*Pack{t.pack}, Options{Trial: true, Late: MaxLate}); err != nil {
		return nil, err
	}
	if err := t.lists(); err != nil {
		return nil, err
	}
	events, err := t.events()
	if err != nil {
		return nil, err
	}
	alerts, err := t.feed(events)
	if err != nil {
		return nil, err
	}
	return t.compare(alerts)
}

// MaxLate is by how much an event of a case may come after a later one.
const MaxLate = time.Hour

// lists puts values on lists, for all that the pack asks them about.
func (t *trial) lists() error {
	for _, name := range sortedKeys(t.Lists) {
		domains := t.pack.asks(name)
		if len(domains) == 0 {
			return t.at.wrong("lists", "no condition of the pack asks a list %s", name)
		}
		for _, value := range t.Lists[name] {
			for _, d := range domains {
				if err := t.machine.Apply(Change{List: &ListEntry{List: name, Domain: domainNames[d], Value: value}}, lanzha.At(t.begin)); err != nil {
					return t.at.wrong("lists", "a value is wanted")
				}
			}
		}
	}
	return nil
}

// asks are the things about which the pack's conditions ask a list; all, when
// a feature does.
func (p *Pack) asks(name string) []feed.Domain {
	out := []feed.Domain{}
	if slices.Contains(p.Features.Lists, name) {
		for d := range domainNames {
			out = append(out, feed.Domain(d))
		}
		return out
	}
	for _, r := range p.Rules {
		for _, a := range r.when.asks {
			if p.Lists[a.list] == name && !slices.Contains(out, a.domain) {
				out = append(out, a.domain)
			}
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	out := []string{}
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// events are the events of the case in the order of time.
func (t *trial) events() ([]made, error) {
	out := []made{}
	for i := range t.Events {
		n := &t.Events[i]
		at := place{t.at.file, n.Line}
		field := fmt.Sprintf("events[%d]", i+1)
		var o occasion
		if err := decodeAt(t.at.file, field, n, &o); err != nil {
			return nil, err
		}
		from, err := parseSpan(o.At)
		if err != nil {
			return nil, at.refused(field+".at", err)
		}
		times, every := 1, time.Duration(0)
		if o.Times != nil {
			times = *o.Times
		}
		if o.Every != "" {
			if every, err = parseSpan(o.Every); err != nil {
				return nil, at.refused(field+".every", err)
			}
		}
		if times < 1 || times > MaxEvents-len(out) {
			return nil, at.wrong(field+".times", "1 or more are wanted, and %d events a case at most", MaxEvents)
		}
		if (o.Times == nil) != (o.Every == "") {
			return nil, at.wrong(field, "every and times go together: every 5s, 40 times")
		}
		kind, values, err := o.event(at, field)
		if err != nil {
			return nil, err
		}
		for n := range times {
			when := from + time.Duration(n)*every
			record, err := t.record(kind, values, n, when)
			if err != nil {
				return nil, at.refused(field+"."+kind.String(), err)
			}
			out = append(out, made{when, kind, record, at})
		}
	}
	slices.SortStableFunc(out, func(a, b made) int { return cmp.Compare(a.at, b.at) })
	return out, nil
}

// event is the kind and the fields of an event.
func (o *occasion) event(at place, field string) (kind feed.Kind, values map[string]yaml.Node, err error) {
	for i, n := range []*yaml.Node{&o.Call, &o.Message, &o.Transfer, &o.Registration} {
		if n.IsZero() {
			continue
		}
		k := feed.Kinds()[i]
		if kind != 0 {
			return 0, nil, at.wrong(field, "an event is of one kind")
		}
		kind = k
		if err := decodeAt(at.file, field+"."+k.String(), n, &values); err != nil {
			return 0, nil, err
		}
	}
	if kind == 0 {
		return 0, nil, at.wrong(field, "an event is wanted: call, message, transfer or registration with its fields")
	}
	names := []string{}
	for _, f := range kind.Fields() {
		names = append(names, f.Name)
	}
	for _, name := range sortedKeys(values) {
		if slices.Contains(names, name) {
			continue
		}
		if meant := nearest(name, names); meant != "" {
			return 0, nil, at.wrong(field+"."+name, "a %s has no such field; %s is meant, perhaps", kind, meant)
		}
		return 0, nil, at.wrong(field+"."+name, "a %s has no such field; there are %s", kind, strings.Join(names, ", "))
	}
	return kind, values, nil
}

var counterHole = regexp.MustCompile(`\{n(?::(\d{1,2}))?(?:%(\d{1,6}))?\}`)

// record is an event as a line of JSON. {n} in a text counts from 0, {n:8} with
// zeros in front, {n%5} begins again after 4.
func (t *trial) record(kind feed.Kind, values map[string]yaml.Node, n int, at time.Duration) ([]byte, error) {
	out := map[string]any{}
	for name, v := range values {
		if v.Kind != yaml.ScalarNode {
			return nil, refuse("%s: a text, a number, or true or false is wanted", name)
		}
		text := counterHole.ReplaceAllStringFunc(v.Value, func(hole string) string {
			m := counterHole.FindStringSubmatch(hole)
			count := n
			if period := digits(m[2]); period > 0 {
				count %= period
			}
			return fmt.Sprintf("%0*d", digits(m[1]), count)
		})
		switch f, _ := kind.Field(name); {
		case f.Type == feed.Instant && f.Name == "known":
			after, err := parseSpan(text)
			if err != nil {
				return nil, err
			}
			out[name] = t.begin.Add(after).Format(time.RFC3339Nano)
		case f.Type == feed.Instant:
			return nil, refuse("%s: at says when", name)
		default:
			out[name] = text
		}
	}
	out[timeOf(kind)] = t.begin.Add(at).Format(time.RFC3339Nano)
	return json.Marshal(out)
}

// timeOf is the field that says when an event was.
func timeOf(kind feed.Kind) string { return kind.Fields()[1].Name }

// feed runs the events through the machine.
func (t *trial) feed(events []made) ([]came, error) {
	out := []came{}
	builders := map[feed.Kind]*feed.Builder{}
	for from := 0; from < len(events); {
		kind := events[from].kind
		b := builders[kind]
		if b == nil {
			b = feed.NewBuilder(kind)
			builders[kind] = b
		}
		b.Reset()
		to := from
		for ; to < len(events) && events[to].kind == kind; to++ {
			if !b.AddJSON(events[to].record) {
				r := b.Batch().Refused[len(b.Batch().Refused)-1]
				return nil, events[to].where.wrong(strings.Trim(kind.String()+"."+r.Field, "."), "%s", r.Reason)
			}
		}
		batch := b.Batch()
		t.machine.Add(kind, batch, AddOptions{}, func(i int, v *Verdict) {
			for _, h := range v.Hits {
				if h.Raise {
					at := time.Duration(batch.Events[i].Time-t.begin.UnixMicro()) * time.Microsecond
					out = append(out, came{at, h.Rule.ID, h.Subject, h.Reasons.ZH})
				}
			}
		})
		from = to
	}
	return out, nil
}

// compare says how the alerts differ from those that are wanted.
func (t *trial) compare(alerts []came) ([]string, error) {
	diff := []string{}
	matched := make([]bool, len(alerts))
	for i, w := range *t.Alerts {
		after, before := time.Duration(0), time.Duration(1<<62)
		var err error
		if w.After != "" {
			if after, err = parseSpan(w.After); err != nil {
				return nil, t.at.refused(fmt.Sprintf("alerts[%d].after", i+1), err)
			}
		}
		if w.Before != "" {
			if before, err = parseSpan(w.Before); err != nil {
				return nil, t.at.refused(fmt.Sprintf("alerts[%d].before", i+1), err)
			}
		}
		n := 0
		for k, a := range alerts {
			if a.rule == w.Rule && (w.Subject == "" || w.Subject == a.subject) && a.at >= after && a.at <= before {
				matched[k] = true
				n++
			}
		}
		if n == 0 || w.Times > 0 && n != w.Times {
			line := "- " + w.Rule
			if w.Subject != "" {
				line += " " + w.Subject
			}
			if w.After != "" {
				line += " after " + w.After
			}
			if w.Before != "" {
				line += " before " + w.Before
			}
			if w.Times > 0 {
				line += fmt.Sprintf(", %d times, and %d came", w.Times, n)
			}
			diff = append(diff, line)
		}
	}
	for k, a := range alerts {
		if !matched[k] {
			diff = append(diff, fmt.Sprintf("+ %s %s at %s: %s", a.rule, a.subject, spell(a.at), a.reason))
		}
	}
	return diff, nil
}

// spell writes a time as cases do: 1h5m, 90s.
func spell(d time.Duration) string {
	out := ""
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}, {time.Millisecond, "ms"}} {
		if n := d / u.unit; n > 0 {
			out += fmt.Sprintf("%d%s", n, u.name)
			d %= u.unit
		}
	}
	return cmp.Or(out, "0s")
}
