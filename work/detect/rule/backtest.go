package rule

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"time"

	"lanzha"
	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// Input is stored events of one kind, in the order of time but for what may be
// late.
type Input struct {
	Kind   feed.Kind
	Source *feed.Source
}

// BacktestOptions are the choices of a backtest.
type BacktestOptions struct {
	Late    time.Duration
	Clock   func() int64             // nanoseconds, to measure rules; nil measures nothing
	Wrote   func(events int64)       // is told from time to time how far it is; may be nil
	Refused func(feed.Refusal) error // takes what is refused; nil counts it only
	Alert   func(BacktestAlert) error
}

// BacktestAlert is an alert that a version would have raised. It names its
// subject: it is for the operator's own files.
type BacktestAlert struct {
	Version string        `json:"version"` // here, or there: the version that is compared
	Kind    string        `json:"kind"`
	Row     int           `json:"row"` // of the input of this kind, the first behind a header being 2
	At      time.Time     `json:"at"`
	Rule    string        `json:"rule"`
	Subject string        `json:"subject"`
	Score   int           `json:"score"`
	Outcome string        `json:"outcome"` // confirmed, cleared or unknown
	Reason  feature.Words `json:"reason"`
}

// Outcomes counts events by what is known of them in hindsight.
type Outcomes struct {
	Confirmed int64 `json:"confirmed"`
	Cleared   int64 `json:"cleared"`
	Unknown   int64 `json:"unknown"`
}

func (o *Outcomes) count(outcome int64) {
	switch outcome {
	case feed.Confirmed:
		o.Confirmed++
	case feed.Cleared:
		o.Cleared++
	default:
		o.Unknown++
	}
}

// rate is the share confirmed among what is known; nil when nothing is.
func (o Outcomes) rate() *float64 {
	if o.Confirmed+o.Cleared == 0 {
		return nil
	}
	return share(o.Confirmed, o.Confirmed+o.Cleared)
}

func share(part, of int64) *float64 {
	if of == 0 {
		return nil
	}
	x := math.Round(1e4*float64(part)/float64(of)) / 1e4
	return &x
}

// BacktestRule is what a rule did.
type BacktestRule struct {
	RuleFigures
	Title    feature.Words `json:"title"`
	Subjects int           `json:"subjects"`       // with an alert
	Of       Outcomes      `json:"hits_by_known"`  // the hits by what is known of their events
	HitRate  *float64      `json:"hit_rate"`       // confirmed among the hits whose outcome is known; null when none is
	Found    *float64      `json:"found"`          // of all confirmed events of its kind; null when there is none
	Diff     *Difference   `json:"diff,omitempty"` // to the other version
}

// Difference is how the alerted subjects of two versions differ.
type Difference struct {
	Both      int   `json:"both"`
	OnlyHere  int   `json:"only_here"`
	OnlyThere int   `json:"only_there"`
	Hits      int64 `json:"hits_there"`
}

// BacktestKind is the events of a kind.
type BacktestKind struct {
	Kind    string   `json:"kind"`
	Events  int64    `json:"events"`
	WithHit int64    `json:"with_hit"` // for which a live or shadow rule held
	Of      Outcomes `json:"by_known"`
}

// Backtested is what came of a backtest.
type Backtested struct {
	Events  int64          `json:"events"`
	Refused int64          `json:"refused"`
	Skipped int64          `json:"skipped"` // by the mappings
	First   lanzha.Micros  `json:"-"`       // the earliest event
	Last    lanzha.Micros  `json:"-"`
	Kinds   []BacktestKind `json:"kinds"`
	Rules   []BacktestRule `json:"rules"`
	NS      float64        `json:"rules_ns_per_event"` // of all rules together, on a sample
}

// Backtest runs packs over stored events, and beside them the packs of another
// version when there are some. Inputs are merged by time.
func Backtest(ctx context.Context, inputs []Input, packs, against []*Pack, o BacktestOptions) (Backtested, error) {
	t := &backtest{o: o, kinds: make([]BacktestKind, len(feed.Kinds())+1)}
	var err error
	if t.here, err = newVersion("here", packs, o); err != nil {
		return t.out, err
	}
	if against != nil {
		if t.there, err = newVersion("there", against, BacktestOptions{Late: o.Late}); err != nil {
			return t.out, err
		}
	}
	if err := t.merge(ctx, inputs); err != nil {
		return t.out, err
	}
	return t.sum(inputs), nil
}

// backtest is one run.
type backtest struct {
	o           BacktestOptions
	here, there *version
	kinds       []BacktestKind
	out         Backtested
	err         error
}

// version is a machine with what its rules did.
type version struct {
	name    string
	machine *Machine
	rules   map[string]*did
}

// did is what a rule did.
type did struct {
	subjects map[string]bool
	of       Outcomes
}

func newVersion(name string, packs []*Pack, o BacktestOptions) (*version, error) {
	m, err := NewMachine(packs, Options{Late: o.Late, Clock: o.Clock})
	if err != nil {
		return nil, err
	}
	v := &version{name, m, map[string]*did{}}
	for _, p := range packs {
		for _, r := range p.Rules {
			v.rules[r.ID] = &did{subjects: map[string]bool{}}
		}
	}
	return v, nil
}

// cursor is an input with the batch that is being taken from it.
type cursor struct {
	Input
	batch feed.Batch
	next  int
}

// fill reads on until there is an event; false is the end.
func (c *cursor) fill(t *backtest) (bool, error) {
	for c.next >= len(c.batch.Events) {
		err := c.Source.Next(&c.batch)
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		c.next = 0
		t.out.Skipped += int64(c.batch.Skipped)
		for _, r := range c.batch.Refused {
			t.out.Refused++
			if t.o.Refused != nil {
				if err := t.o.Refused(r); err != nil {
					return false, err
				}
			}
		}
	}
	return true, nil
}

func (c *cursor) time() int64 { return c.batch.Events[c.next].Time }

// merge takes events of all inputs in the order of time, as many of one as come
// before the next of another.
func (t *backtest) merge(ctx context.Context, inputs []Input) error {
	open := []*cursor{}
	for _, in := range inputs {
		open = append(open, &cursor{Input: in})
	}
	for {
		for i := 0; i < len(open); i++ {
			more, err := open[i].fill(t)
			if err != nil {
				return err
			}
			if !more {
				open = slices.Delete(open, i, i+1)
				i--
			}
		}
		if len(open) == 0 {
			return nil
		}
		first, until := open[0], int64(math.MaxInt64)
		for _, c := range open[1:] {
			if c.time() < first.time() {
				first, until = c, min(until, first.time())
			} else {
				until = min(until, c.time())
			}
		}
		from := first.next
		for first.next++; first.next < len(first.batch.Events) && first.time() <= until; first.next++ {
		}
		part := first.batch
		part.Events = part.Events[from:first.next]
		if err := t.take(first.Kind, &part); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
	}
}

// take runs events through the versions.
func (t *backtest) take(kind feed.Kind, b *feed.Batch) error {
	outcome, _ := kind.Field("outcome")
	k := &t.kinds[kind]
	for i := range b.Events {
		e := &b.Events[i]
		if at := lanzha.Micros(e.Time); t.out.Events == 0 {
			t.out.First, t.out.Last = at, at
		} else {
			t.out.First, t.out.Last = min(t.out.First, at), max(t.out.Last, at)
		}
		t.out.Events++
		k.Events++
		k.Of.count(e.Num(outcome))
	}
	for _, v := range []*version{t.here, t.there} {
		if v == nil {
			continue
		}
		v.machine.Add(kind, b, AddOptions{}, func(i int, x *Verdict) {
			if v == t.here {
				k.WithHit++
			}
			e := &b.Events[i]
			for n := range x.Hits {
				h := &x.Hits[n]
				did := v.rules[h.Rule.ID]
				did.of.count(e.Num(outcome))
				if h.Held || h.Suppressed {
					continue
				}
				did.subjects[h.Subject] = true
				if t.o.Alert != nil && t.err == nil {
					t.err = t.o.Alert(alertOf(v, kind, e, x, h, e.Num(outcome)))
				}
			}
		})
	}
	if t.o.Wrote != nil {
		t.o.Wrote(t.out.Events)
	}
	return t.err
}

func alertOf(v *version, kind feed.Kind, e *feed.Event, x *Verdict, h *Hit, outcome int64) BacktestAlert {
	return BacktestAlert{
		Version: v.name, Kind: kind.String(), Row: e.Row, At: lanzha.Micros(e.Time).Time(), Rule: h.Rule.ID, Subject: h.Subject, Score: x.Score,
		Outcome: [...]string{0: "unknown", feed.Confirmed: "confirmed", feed.Cleared: "cleared"}[outcome], Reason: h.Reasons,
	}
}

// sum adds up.
func (t *backtest) sum(inputs []Input) Backtested {
	for _, in := range inputs {
		k := &t.kinds[in.Kind]
		if k.Kind == "" {
			k.Kind = in.Kind.String()
			t.out.Kinds = append(t.out.Kinds, *k)
		}
	}
	costs := map[feed.Kind]float64{}
	for _, f := range t.here.machine.Figures() {
		r := t.here.rule(f.Rule)
		k, did := t.kinds[r.Event], t.here.rules[f.Rule]
		if k.Kind == "" || f.Status == Off {
			continue
		}
		costs[r.Event] += f.NS
		x := BacktestRule{RuleFigures: f, Title: r.Title, Subjects: len(did.subjects), Of: did.of, HitRate: did.of.rate(), Found: share(did.of.Confirmed, k.Of.Confirmed)}
		if t.there != nil {
			x.Diff = t.diff(f.Rule)
		}
		t.out.Rules = append(t.out.Rules, x)
	}
	for kind, ns := range costs { // by how many events of a kind there are
		t.out.NS += ns * float64(t.kinds[kind].Events) / float64(max(1, t.out.Events))
	}
	if t.there == nil {
		return t.out
	}
	for _, f := range t.there.machine.Figures() { // rules that are only there
		r := t.there.rule(f.Rule)
		if t.here.rules[f.Rule] == nil && t.kinds[r.Event].Kind != "" && f.Status != Off {
			t.out.Rules = append(t.out.Rules, BacktestRule{RuleFigures: RuleFigures{Pack: f.Pack, Rule: f.Rule, Status: Off}, Title: r.Title, Diff: t.diff(f.Rule)})
		}
	}
	return t.out
}

func (v *version) rule(id string) *Rule {
	for _, p := range v.machine.Packs() {
		for _, r := range p.Rules {
			if r.ID == id {
				return r
			}
		}
	}
	return nil
}

// diff compares whom a rule alerts here and there.
func (t *backtest) diff(id string) *Difference {
	d, here, there := &Difference{}, t.here.rules[id], t.there.rules[id]
	if here != nil {
		d.OnlyHere = len(here.subjects)
	}
	if there == nil {
		return d
	}
	d.Hits = there.of.Confirmed + there.of.Cleared + there.of.Unknown
	for s := range there.subjects {
		if here != nil && here.subjects[s] {
			d.Both++
		} else {
			d.OnlyThere++
		}
	}
	d.OnlyHere -= d.Both
	return d
}
