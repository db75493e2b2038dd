package rule

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"lanzha"
	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// Options are the choices of a machine.
type Options struct {
	// Late is by how much an event may come after a later one and still count at
	// its own time; 0 to 24 h.
	Late time.Duration
	// Clock gives nanoseconds of some clock that goes on; nil measures nothing.
	// Only RuleFigures.NS depends on it.
	Clock func() int64
	// Trial takes every rule as live, whatever its status.
	Trial bool
}

// AddOptions are the choices of one call of Add.
type AddOptions struct {
	All bool // verdicts of all events are wanted, with their values and the reasons of all hits
}

// Verdict is what the rules say of one event. It is valid until the function
// that is given it returns.
type Verdict struct {
	Score  int    // 0 to 100: the weights of the live rules that hold, those of subjects left alone not counted
	Band   string // low, medium or high
	Action string // allow, review, warn or hold: advice
	Hits   []Hit
	Values []feature.Value // in the order of Features(kind)
}

// Hit is a rule that holds.
type Hit struct {
	Rule       *Rule
	Domain     feed.Domain
	Subject    string
	Raise      bool // an alert: the rule is live, nothing holds it back, and the subject is not left alone
	Suppressed bool // the subject is left alone
	Held       bool // an alert of the subject holds it back
	Reasons    feature.Words
	Values     []NamedValue
	Err        error // the rule came to nothing; the rest is empty
}

// RuleFigures are what a rule has done since the machine, or the rule, began.
type RuleFigures struct {
	Pack       string  `json:"pack"`
	Rule       string  `json:"rule"`
	Status     Status  `json:"status"`
	Hits       int64   `json:"hits"`       // events for which it held
	Raised     int64   `json:"raised"`     // alerts; of a shadow rule, those that it would have raised
	Held       int64   `json:"held"`       // hits that an earlier alert held back
	Suppressed int64   `json:"suppressed"` // hits of subjects that are left alone
	Errors     int64   `json:"errors"`     // events for which it came to nothing
	LastError  string  `json:"last_error,omitempty"`
	NS         float64 `json:"ns"` // of one event of its kind, on a sample; 0 is not measured
}

// Machine is the state of detection: features, rules, lists, what is held back
// and who is left alone. It is pure, and belongs to one goroutine.
type Machine struct {
	o      Options
	packs  []*Pack
	engine *feature.Engine
	kinds  []program // by kind of event
	asked  map[string]*question

	lists    map[string]*list
	left     suppressions
	rules    map[string]*history // by id
	costs    map[string]*cost    // by id
	newest   int64               // time of the latest event
	present  int64               // at which features ask lists
	untils   []int64             // of all entries of lists, in order
	unsorted bool
	calls    int64 // of Add
	passed   int64 // events
	due      int64 // after how many events rules are measured next

	values  []feature.Value
	verdict Verdict
	moment  moment
}

// program is what is done with the events of one kind. A rule cannot hold when
// its guard does not, and most events end there: so the guards stand together.
type program struct {
	width  int // values of an event
	rules  []bound
	guards []interval // by rule; nil when events have no values
	bands  []*Pack    // that have rules of the kind

	misses [][]uint32 // by rule and interval: how often it did not hold, of a sample
	sample int        // events in it
	enough int        // events, after which the order is made anew
}

// bound is a rule over the values of the machine.
type bound struct {
	*Rule
	when    *condition // the guard is the first of its intervals
	subject feed.Slot
	places  []int
	history *history
	live    bool
	hold    int64 // microseconds
}

type cost struct{ ns, events int64 }

// errZero is the only way in which a condition comes to nothing.
var errZero = errors.New("it divides by zero")

// NewMachine makes a machine of packs; of none it takes events and says
// nothing.
func NewMachine(packs []*Pack, o Options) (*Machine, error) {
	m := &Machine{o: o, lists: map[string]*list{}, left: suppressions{}, rules: map[string]*history{}, costs: map[string]*cost{}}
	if err := m.load(packs); err != nil {
		return nil, err
	}
	return m, nil
}

// Packs are the packs that the machine runs.
func (m *Machine) Packs() []*Pack { return m.packs }

// Features are the features that have a value at the events of a kind.
func (m *Machine) Features(kind feed.Kind) []*feature.Feature {
	out := []*feature.Feature{}
	for _, i := range m.engine.Values(kind) {
		out = append(out, m.engine.Features()[i])
	}
	return out
}

// load replaces the packs. State of what stays is kept. On an error nothing
// changes.
func (m *Machine) load(packs []*Pack) error {
	declared, names, ids := []*feature.Pack{}, map[string]bool{}, map[string]string{}
	for _, p := range packs {
		if names[p.Name] {
			return &lanzha.Error{Code: lanzha.CodeInvalid, Field: p.file, Message: fmt.Sprintf("two packs have the name %s", p.Name), Hint: "give one of them another"}
		}
		names[p.Name] = true
		declared = append(declared, p.Features)
		for _, r := range p.Rules {
			if other, ok := ids[r.ID]; ok {
				return &lanzha.Error{Code: lanzha.CodeInvalid, Field: r.at.String(), Message: fmt.Sprintf("the pack %s has a rule %s too", other, r.ID), Hint: "alerts and suppressions name a rule by its id alone: give one of them another"}
			}
			ids[r.ID] = p.Name
		}
	}
	engine, err := feature.Online(declared, feature.OnlineOptions{Late: m.o.Late, Listed: m.listed})
	if err != nil {
		return err
	}
	lists, rules, costs := maps.Clone(m.lists), map[string]*history{}, map[string]*cost{}
	for _, p := range packs {
		for _, l := range p.Lists {
			if lists[l] == nil {
				lists[l] = &list{}
			}
		}
		for _, r := range p.Rules {
			if rules[r.ID] = m.rules[r.ID]; rules[r.ID] == nil {
				rules[r.ID] = &history{raised: map[string]int64{}}
			}
			if costs[r.ID] = m.costs[r.ID]; costs[r.ID] == nil {
				costs[r.ID] = &cost{}
			}
		}
	}
	b := &binder{packs: packs, engine: engine, lists: lists, rules: rules, trial: m.o.Trial}
	kinds, err := b.programs()
	if err != nil {
		return err
	}
	asked, err := b.questions()
	if err != nil {
		return err
	}
	if m.engine != nil {
		engine.Adopt(m.engine)
	}
	m.packs, m.engine, m.kinds, m.asked = packs, engine, kinds, asked
	m.lists, m.rules, m.costs = lists, rules, costs
	return nil
}

// binder compiles packs over the values of an engine.
type binder struct {
	packs  []*Pack
	engine *feature.Engine
	lists  map[string]*list
	rules  map[string]*history
	trial  bool
}

func (b *binder) programs() ([]program, error) {
	out := make([]program, len(feed.Kinds())+1)
	for _, kind := range feed.Kinds() {
		g := &out[kind]
		values := b.engine.Values(kind)
		g.width = len(values)
		for _, p := range b.packs {
			places := make([]int, len(p.Features.Features))
			for i, f := range p.Features.Features {
				places[i] = slices.Index(values, b.engine.Index(p.Name, f.Name))
			}
			for _, r := range p.Rules {
				if r.Event != kind || r.Status == Off && !b.trial {
					continue
				}
				if !slices.Contains(g.bands, p) {
					g.bands = append(g.bands, p)
				}
				when, err := r.when.bind(places, b.of(p))
				if err != nil {
					return nil, r.at.refused(r.ID, err)
				}
				g.rules = append(g.rules, bound{
					Rule: r, when: when, subject: r.Subject.Slot(), places: places, history: b.rules[r.ID],
					live: r.Status == Live || b.trial, hold: r.Hold.Microseconds(),
				})
				g.misses = append(g.misses, make([]uint32, len(when.intervals)))
			}
		}
		g.guard()
		g.enough = sampleFirst
	}
	return out, nil
}

func (b *binder) of(p *Pack) []*list {
	out := []*list{}
	for _, name := range p.Lists {
		out = append(out, b.lists[name])
	}
	return out
}

// chunk is how many events go through the features before the rules see them.
const chunk = 256

// Add takes the events of a batch in their order, refused ones not counted. f is
// called for each event with a hit, or for each event when all verdicts are
// wanted, in the order of the events; it may be nil.
func (m *Machine) Add(kind feed.Kind, b *feed.Batch, o AddOptions, f func(i int, v *Verdict)) {
	g := &m.kinds[kind]
	m.values = slices.Grow(m.values[:0], chunk*g.width)[:chunk*g.width]
	sampled := m.calls%sampleEvery == 0
	m.calls++
	for from := 0; from < len(b.Events); {
		events := b.Events[from:min(from+chunk, len(b.Events))]
		events = m.alike(events)
		m.engine.AddAll(kind, b, events, m.values)
		if sampled {
			g.learn(events, m.values)
		}
		if m.passed += int64(len(events)); m.o.Clock != nil && m.passed >= m.due && len(events) > 0 {
			m.due = m.passed + measureEvery
			m.measure(g, b, events)
		}
		for i := range events {
			if events[i].Refused {
				continue
			}
			if v := m.judge(g, b, &events[i], m.values[i*g.width:(i+1)*g.width], o.All); v != nil && f != nil {
				f(from+i, v)
			}
		}
		from += len(events)
	}
}

// Judge gives the verdict of an event whose features are at hand, in the order
// of Features(kind): it is what Add does behind the features. It is nil when no
// rule holds, unless all verdicts are wanted.
func (m *Machine) Judge(kind feed.Kind, b *feed.Batch, e *feed.Event, values []feature.Value, o AddOptions) *Verdict {
	return m.judge(&m.kinds[kind], b, e, values, o.All)
}

// Condition is the condition of a rule by itself, over an event and its features
// in the order of Features(kind); nil when the machine does not compute the
// rule. The function belongs to one goroutine.
func (m *Machine) Condition(id string) func(b *feed.Batch, e *feed.Event, values []feature.Value) bool {
	for k := range m.kinds {
		g := &m.kinds[k]
		for i := range g.rules {
			if g.rules[i].ID != id {
				continue
			}
			when, x := *g.rules[i].when, &moment{}
			return func(b *feed.Batch, e *feed.Event, values []feature.Value) bool {
				x.batch, x.event, x.values = b, e, values
				return when.decide(x) == yes
			}
		}
	}
	return nil
}

func (m *Machine) judge(g *program, b *feed.Batch, e *feed.Event, values []feature.Value, all bool) *Verdict {
	m.newest = max(m.newest, e.Time)
	x, v := &m.moment, &m.verdict
	x.batch, x.event, x.values = b, e, values
	v.Score, v.Hits = 0, v.Hits[:0]
	if g.guards == nil {
		for i := range g.rules {
			m.ask(&g.rules[i], all)
		}
	}
	for i := range g.guards {
		if g.guards[i].holds(values) {
			m.ask(&g.rules[i], all)
		}
	}
	if len(v.Hits) == 0 && !all {
		return nil
	}
	v.Score = min(v.Score, 100)
	v.Band, v.Action = g.band(v)
	v.Values = values
	return v
}

// Asked is how many rules are looked at beyond their first comparison when an
// event has these values.
func (m *Machine) Asked(kind feed.Kind, values []feature.Value) int {
	g := &m.kinds[kind]
	if g.guards == nil {
		return len(g.rules)
	}
	n := 0
	for i := range g.guards {
		if g.guards[i].holds(values) {
			n++
		}
	}
	return n
}

// band is the highest band that a pack with a live hit gives the score; without
// one it is the lowest, by the first pack.
func (g *program) band(v *Verdict) (band, action string) {
	band, action = Low, "allow"
	if len(g.bands) > 0 {
		action = g.bands[0].Actions[Low]
	}
	for i, h := range v.Hits {
		if h.Err != nil || h.Suppressed || i > 0 && h.Rule.Pack == v.Hits[i-1].Rule.Pack {
			continue
		}
		p := h.Rule.Pack
		if of := p.Bands.Of(v.Score); of == High || of == Medium && band == Low {
			band, action = of, p.Actions[of]
		}
	}
	return band, action
}

// ask decides one rule.
func (m *Machine) ask(r *bound, all bool) {
	x := &m.moment
	for i := 1; i < len(r.when.intervals); i++ {
		if !r.when.intervals[i].holds(x.values) {
			return
		}
	}
	if !x.event.Given(r.subject) {
		return // there is nobody to speak of
	}
	switch r.when.rest(x) {
	case no:
		return
	case nothing:
		r.history.figures.Errors++
		r.history.figures.LastError = errZero.Error()
		if all {
			m.verdict.Hits = append(m.verdict.Hits, Hit{Rule: r.Rule, Err: errZero})
		}
		return
	}
	m.hit(r, all)
}

// hit is a rule that holds.
func (m *Machine) hit(r *bound, all bool) {
	x := &m.moment
	subject := x.batch.TextAt(x.event, r.subject)
	h := Hit{Rule: r.Rule, Domain: r.Subject.Domain}
	n := &r.history.figures
	n.Hits++
	switch {
	case m.left.has(r.ID, h.Domain, subject, x.event.Time):
		h.Suppressed = true
		n.Suppressed++
	case r.history.holds(subject, x.event.Time, r.hold):
		h.Held = true
		n.Held++
	default:
		h.Raise = r.live
		n.Raised++
		h.Subject = string(subject)
		r.history.raise(h.Subject, x.event.Time, r.hold, m.newest-m.o.Late.Microseconds())
	}
	if r.live && !h.Suppressed {
		m.verdict.Score += r.Weight
	}
	if h.Subject == "" {
		h.Subject = string(subject)
	}
	if !h.Held && !h.Suppressed || all {
		x.places = r.places
		h.Reasons.ZH = string(r.reasons[zh].fill(nil, r.Rule, x, zh))
		h.Reasons.EN = string(r.reasons[en].fill(nil, r.Rule, x, en))
		h.Values = r.named(x)
	}
	m.verdict.Hits = append(m.verdict.Hits, h)
}

// guard puts the comparison of each rule first that holds least often, as far
// as a sample knows. It changes what is asked first, and no answer.
func (g *program) guard() {
	g.sample = 0
	if g.width == 0 {
		return
	}
	g.guards = g.guards[:0]
	for i := range g.rules {
		of, misses := g.rules[i].when.intervals, g.misses[i]
		if len(of) == 0 {
			g.guards = append(g.guards, interval{low: math.MinInt64, width: math.MaxUint64}) // holds always
			continue
		}
		for k := 1; k < len(of); k++ {
			for n := k; n > 0 && misses[n] > misses[n-1]; n-- {
				of[n], of[n-1], misses[n], misses[n-1] = of[n-1], of[n], misses[n-1], misses[n]
			}
		}
		g.guards = append(g.guards, of[0])
		clear(misses)
	}
}

const (
	sampleEvery = 16  // calls of Add, one of which is looked at
	sampleOf    = 32  // events of a chunk, at most
	sampleFirst = 256 // events, after which the order is made for the first time; then after twice as many
	sampleMost  = 8192
)

// learn counts which comparisons do not hold.
func (g *program) learn(events []feed.Event, values []feature.Value) {
	if g.width == 0 {
		return
	}
	for i := range min(len(events), sampleOf) {
		row := values[i*g.width : (i+1)*g.width]
		for r := range g.rules {
			of := g.rules[r].when.intervals
			for k := range of {
				if !of[k].holds(row) {
					g.misses[r][k]++
				}
			}
		}
		g.sample++
	}
	if g.sample >= g.enough {
		g.guard()
		g.enough = min(2*g.enough, sampleMost)
	}
}

const (
	measureEvery = 16384 // events, behind which the rules of one kind are measured
	measureOf    = 1024  // times that a rule is asked then
)

// measure asks each rule by itself about some events, again and again, and
// remembers how long that took. Nothing else comes of it.
func (m *Machine) measure(g *program, b *feed.Batch, events []feed.Event) {
	x := &moment{batch: b}
	for i := range g.rules {
		r := &g.rules[i]
		start := m.o.Clock()
		for n := range measureOf {
			k := n % len(events)
			x.event, x.values = &events[k], m.values[k*g.width:(k+1)*g.width]
			r.when.decide(x)
		}
		c := m.costs[r.ID]
		c.ns += m.o.Clock() - start
		c.events += measureOf
	}
}

// Figures are what the rules have done, in the order of the packs.
func (m *Machine) Figures() []RuleFigures {
	out := []RuleFigures{}
	for _, p := range m.packs {
		for _, r := range p.Rules {
			n, c := m.rules[r.ID].figures, m.costs[r.ID]
			x := RuleFigures{
				Pack: p.Name, Rule: r.ID, Status: r.Status, Hits: n.Hits, Raised: n.Raised, Held: n.Held,
				Suppressed: n.Suppressed, Errors: n.Errors, LastError: n.LastError,
			}
			if c.events > 0 { // to a tenth
				x.NS = math.Round(10*float64(c.ns)/float64(c.events)) / 10
			}
			out = append(out, x)
		}
	}
	return out
}

// listed is what the filters of features ask.
func (m *Machine) listed(name string, of feed.Domain, value []byte) bool {
	l := m.lists[name]
	return l != nil && l.has(of, value, m.present)
}

// alike is the beginning of some events at all of which lists hold the same: no
// entry ends between the earliest and the latest. It sets the present to it.
func (m *Machine) alike(events []feed.Event) []feed.Event {
	if m.unsorted {
		m.sortUntils()
	}
	if len(events) == 0 || len(m.untils) == 0 {
		return events
	}
	low, high := events[0].Time, events[0].Time
	for i := range events {
		low, high = min(low, events[i].Time), max(high, events[i].Time)
	}
	m.present = low
	if i, _ := slices.BinarySearch(m.untils, low+1); i < len(m.untils) && m.untils[i] <= high {
		m.present = events[0].Time
		return events[:1]
	}
	return events
}

// sortUntils collects when entries end.
func (m *Machine) sortUntils() {
	m.untils, m.unsorted = m.untils[:0], false
	for _, l := range m.lists {
		for _, values := range l.of {
			for _, until := range values {
				if until != 0 {
					m.untils = append(m.untils, until)
				}
			}
		}
	}
	slices.Sort(m.untils)
	m.untils = slices.Compact(m.untils)
}
