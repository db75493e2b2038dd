package detect

import (
	"cmp"
	"context"
	"slices"
	"time"

	"lanzha/base/sqldb"
	"lanzha/base/stream"
	"lanzha/work/detect/alert"
	"lanzha/work/feed"
)

// Evidence of an alert is what its subject did in the last seven days, by hour,
// and whom or what it dealt with. It is read from the log: one scan serves all
// new alerts of a round, and a round rests longer than it worked.
const (
	evidenceOver   = 7 * 24 * time.Hour
	atOnce         = 200   // alerts in a round
	maxNeighbours  = 50    // kept of an alert
	maxNeighbourly = 5_000 // looked at of a subject: who deals with more deals with all
	shortRest      = 2 * time.Second
	longRest       = 10 * time.Minute
	restFactor     = 9 // a tenth of the time is spent scanning at most
)

// collect gathers evidence until ctx ends, and forgets the sources of which the
// log has nothing any more.
func (d *Detector) collect(ctx context.Context, log *stream.Log) {
	rest := shortRest
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(rest):
		}
		began := d.Now()
		if first, _, err := log.Bounds(ctx); err == nil { // else at the next round
			d.intake.forget(first)
		}
		if err := d.gather(ctx, log); err != nil && ctx.Err() == nil {
			d.trouble("the evidence of alerts cannot be gathered", err)
		}
		rest = min(max(shortRest, restFactor*d.Now().Sub(began)), longRest)
	}
}

// subject is what evidence is gathered of.
type subject struct {
	domain feed.Domain
	value  string
}

// gathered is what a scan found of a subject.
type gathered struct {
	hours      map[int64]*alert.Hour // by the hour's beginning, in microseconds
	neighbours map[subject]*alert.Neighbour
}

// gather makes one round.
func (d *Detector) gather(ctx context.Context, log *stream.Log) error {
	bare, err := d.Alerts.Bare(ctx, d.DB.Read(), atOnce)
	if err != nil || len(bare) == 0 {
		return err
	}
	found := map[subject]*gathered{}
	for _, b := range bare {
		found[subject{b.Subject.Domain, b.Subject.Value}] = &gathered{map[int64]*alert.Hour{}, map[subject]*alert.Neighbour{}}
	}
	if err := d.scan(ctx, log, found); err != nil {
		return err
	}
	for _, b := range bare {
		e := found[subject{b.Subject.Domain, b.Subject.Value}].evidence(b.At)
		if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error { return d.Alerts.SetEvidence(ctx, tx, b.Key, e) }); err != nil {
			return err
		}
	}
	return nil
}

// scan reads the log once, as far as it was computed.
func (d *Detector) scan(ctx context.Context, log *stream.Log, found map[subject]*gathered) error {
	first, _, err := log.Bounds(ctx)
	if err != nil {
		return err
	}
	d.mu.Lock()
	last := d.seq
	d.mu.Unlock()
	var b feed.Batch
	return log.Read(ctx, first, last, func(e stream.Entry) error {
		if e.Claim != "" || len(e.Data) == 0 || e.Data[0] == changed || e.Data[0] == handover {
			return nil
		}
		kind, _, err := b.Decode(e.Data)
		if err != nil {
			return err
		}
		look(&b, kind, found)
		return nil
	})
}

// look adds a batch's events to what they are about.
func look(b *feed.Batch, kind feed.Kind, found map[subject]*gathered) {
	named := []feed.Field{}
	for _, f := range kind.Fields() {
		if f.Type == feed.Text && f.Domain != feed.Other {
			named = append(named, f)
		}
	}
	answered, _ := kind.Field("answered")
	amount, _ := kind.Field("amount")
	for i := range b.Events {
		e := &b.Events[i]
		for k, f := range named {
			if !e.Has(f) {
				continue
			}
			value := b.Text(e, f)
			g := found[subject{f.Domain, string(value)}]
			if g == nil || slices.ContainsFunc(named[:k], func(o feed.Field) bool {
				return o.Domain == f.Domain && e.Has(o) && string(b.Text(e, o)) == string(value)
			}) { // of nobody, or counted already
				continue
			}
			g.hour(e, answered, amount)
			for _, o := range named {
				if e.Has(o) && (o.Domain != f.Domain || string(b.Text(e, o)) != string(value)) {
					g.neighbour(o.Domain, b.Text(e, o), e.Time)
				}
			}
		}
	}
}

func (g *gathered) hour(e *feed.Event, answered, amount feed.Field) {
	const hour = int64(time.Hour / time.Microsecond)
	at := e.Time - (e.Time%hour+hour)%hour
	h := g.hours[at]
	if h == nil {
		h = &alert.Hour{At: time.UnixMicro(at).UTC()}
		g.hours[at] = h
	}
	h.Count++
	if answered.Name != "" && e.Has(answered) {
		h.Answered += e.Num(answered)
	}
	if amount.Name != "" && e.Has(amount) {
		h.Amount += e.Num(amount)
	}
}

func (g *gathered) neighbour(domain feed.Domain, value []byte, at int64) {
	n := g.neighbours[subject{domain, string(value)}]
	moment := time.UnixMicro(at).UTC()
	if n == nil {
		if len(g.neighbours) >= maxNeighbourly {
			return
		}
		n = &alert.Neighbour{Domain: alert.DomainName(domain), Value: string(value), First: moment, Last: moment}
		g.neighbours[subject{domain, string(value)}] = n
	}
	n.Count++
	if moment.Before(n.First) {
		n.First = moment
	}
	if moment.After(n.Last) {
		n.Last = moment
	}
}

// evidence is what is kept for an alert of a moment: the seven days before it,
// and what followed until now.
func (g *gathered) evidence(at time.Time) alert.Evidence {
	e := alert.Evidence{Hours: []alert.Hour{}, Neighbours: []alert.Neighbour{}}
	for _, h := range g.hours {
		if h.At.Add(time.Hour).After(at.Add(-evidenceOver)) {
			e.Hours = append(e.Hours, *h)
		}
	}
	slices.SortFunc(e.Hours, func(a, b alert.Hour) int { return a.At.Compare(b.At) })
	for _, n := range g.neighbours {
		e.Neighbours = append(e.Neighbours, *n)
	}
	slices.SortFunc(e.Neighbours, func(a, b alert.Neighbour) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Value, b.Value))
	})
	e.Neighbours = e.Neighbours[:min(len(e.Neighbours), maxNeighbours)]
	return e
}
