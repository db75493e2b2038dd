package detect

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lanzha"
	"lanzha/base/stream"
	"lanzha/work/detect/rule"
	"lanzha/work/feed"
)

// State is what a process does in detection.
type State string

// The states.
const (
	Starting State = "starting" // opens the log and computes what it holds
	Standby  State = "standby"  // follows the active one
	Active   State = "active"   // appends
	Failed   State = "failed"   // cannot work now, and tries again
	Off      State = "off"      // the configuration says so
)

// status is what is shown of the work.
type status struct {
	mu        sync.Mutex
	state     State
	since     time.Time
	ready     bool   // it has come to the end of the log once
	active    owner  // who was last heard to hold the log
	trouble   string // the last; "" is none
	troubleAt time.Time
	kinds     [maxKinds]int64 // events since the start, by kind
	seconds   [rateOver]second

	snapshotAt  time.Time // when the last one began
	snapshotSeq stream.Seq
	snapshotHas int64 // bytes

	alerts atomic.Int64
	last   atomic.Uint64 // entry of the log that a standby knows of
	now    func() time.Time
}

// maxKinds is more than there are kinds of event; 0 is none.
const maxKinds = 8

// rateOver is over how many seconds rates are taken.
const rateOver = 60

type second struct {
	at    int64
	kinds [maxKinds]int64
}

func (s *status) begin(now func() time.Time) {
	s.now, s.state, s.since, s.snapshotAt = now, Starting, now(), now()
}

func (s *status) set(state State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != state {
		s.state, s.since = state, s.now()
	}
	if state == Standby || state == Active {
		s.ready = true
	}
}

func (s *status) fail(err error) {
	s.set(Failed)
	text := "the event log cannot be worked with"
	if err != nil && lanzha.CodeOf(err) != lanzha.CodeInternal {
		text = err.Error()
	}
	s.note(text)
}

func (s *status) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble, s.troubleAt = what, s.now()
}

func (s *status) heard(o owner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active = o
}

// count counts events that were computed.
func (s *status) count(kind feed.Kind, n int, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kinds[kind] += int64(n)
	at := now.Unix()
	x := &s.seconds[uint64(at)%rateOver]
	if x.at != at {
		*x = second{at: at}
	}
	x.kinds[kind] += int64(n)
}

// rates are the events a second by kind over the last minute.
func (s *status) rates(now time.Time) (out [maxKinds]float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.seconds {
		if x := &s.seconds[i]; x.at < now.Unix() && x.at >= now.Unix()-rateOver {
			for k, n := range x.kinds {
				out[k] += float64(n) / rateOver
			}
		}
	}
	return out
}

func (s *status) snapshot() (time.Time, stream.Seq) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snapshotAt, s.snapshotSeq
}

func (s *status) snapshotBegan(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshotAt = at
}

func (s *status) snapshotKept(at time.Time, seq stream.Seq, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshotAt, s.snapshotSeq, s.snapshotHas = at, seq, size
}

// refuse is why something cannot be asked of this process now: who can be asked
// is told.
func (d *Detector) refuse(err error) error {
	d.status.mu.Lock()
	defer d.status.mu.Unlock()
	if d.status.state != Standby || lanzha.CodeOf(err) != lanzha.CodeUnavailable {
		return err
	}
	e := &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "this process stands by; another one is active", Hint: "ask the active one"}
	if d.status.active.address != "" {
		e.Hint = "ask the active one at " + d.status.active.address
	}
	return e
}

// Ready is for the readiness check: a process that follows is ready too.
func (d *Detector) Ready(context.Context) error {
	d.status.mu.Lock()
	defer d.status.mu.Unlock()
	if d.status.state == Off || d.status.ready && d.status.state != Failed {
		return nil
	}
	return fmt.Errorf("the detector is %s: %s", d.status.state, d.status.trouble)
}

// Lists are the named lists that the rules in force ask for.
func (d *Detector) Lists() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []string{}
	for _, p := range d.machine.Packs() {
		out = append(out, p.Lists...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Packs are the rules in force. They are read only.
func (d *Detector) Packs() []*rule.Pack {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.machine.Packs())
}

// lag is how many groups of entries, each synced at once, the log is known to
// hold beyond seq. Within a group places differ by less than 1024.
func (d *Detector) lag(seq stream.Seq) uint64 {
	last := stream.Seq(d.status.last.Load())
	if last <= seq {
		return 0
	}
	return uint64(last-seq+1023) / 1024
}

// Describe implements prometheus.Collector.
func (d *Detector) Describe(out chan<- *prometheus.Desc) {
	for _, m := range metrics {
		out <- m
	}
}

var (
	activeMetric   = prometheus.NewDesc("lanzha_detect_active", "1 while this process appends to the event log.", nil, nil)
	positionMetric = prometheus.NewDesc("lanzha_detect_position", "Place in the event log up to which all is computed.", nil, nil)
	lagMetric      = prometheus.NewDesc("lanzha_detect_lag", "Groups of entries, each synced at once, that are not computed yet.", nil, nil)
	eventsMetric   = prometheus.NewDesc("lanzha_detect_events_total", "Events computed.", []string{"kind"}, nil)
	alertsMetric   = prometheus.NewDesc("lanzha_detect_alerts_total", "Alerts stored.", nil, nil)
	pendingMetric  = prometheus.NewDesc("lanzha_detect_alerts_pending", "Alerts that are not known to be stored.", nil, nil)
	hitsMetric     = prometheus.NewDesc("lanzha_detect_rule_hits_total", "How often a rule held.", []string{"rule"}, nil)
	errorsMetric   = prometheus.NewDesc("lanzha_detect_rule_errors_total", "How often a rule failed.", []string{"rule"}, nil)
	metrics        = []*prometheus.Desc{activeMetric, positionMetric, lagMetric, eventsMetric, alertsMetric, pendingMetric, hitsMetric, errorsMetric}
)

// Collect implements prometheus.Collector: counts, and nothing of what was
// counted.
func (d *Detector) Collect(out chan<- prometheus.Metric) {
	gauge := func(m *prometheus.Desc, v float64) {
		out <- prometheus.MustNewConstMetric(m, prometheus.GaugeValue, v)
	}
	counter := func(m *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(m, prometheus.CounterValue, v, labels...)
	}
	d.mu.Lock()
	seq, figures := d.seq, d.machine.Figures()
	d.mu.Unlock()
	d.status.mu.Lock()
	active, kinds := d.status.state == Active, d.status.kinds
	d.status.mu.Unlock()
	gauge(activeMetric, map[bool]float64{true: 1}[active])
	gauge(positionMetric, float64(seq))
	gauge(lagMetric, float64(d.lag(seq)))
	for _, kind := range feed.Kinds() {
		counter(eventsMetric, float64(kinds[kind]), kind.String())
	}
	counter(alertsMetric, float64(d.status.alerts.Load()))
	gauge(pendingMetric, float64(d.raised.pending()))
	for _, f := range figures {
		counter(hitsMetric, float64(f.Hits), f.Rule)
		counter(errorsMetric, float64(f.Errors), f.Rule)
	}
}
