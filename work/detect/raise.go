package detect

import (
	"context"
	"slices"
	"sync"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/stream"
	"lanzha/work/detect/alert"
	"lanzha/work/detect/rule"
)

// raised is the alerts that were computed and are not known to be stored, in
// the order of the log. The active process stores them; a standby keeps them
// until the active one has, and stores the rest when it takes over.
type raised struct {
	mu     sync.Mutex
	alerts []alert.Raised
	seq    stream.Seq    // up to here all were computed
	kept   stream.Seq    // up to here all are stored
	more   chan struct{} // holds a token when there may be work
	moved  chan struct{} // closed when kept moves
}

const (
	// maxRaised bounds the alerts in memory, about a kB each: beyond it the
	// computing waits for the database.
	maxRaised = 50_000
	// storedAtOnce is how many alerts go into a transaction.
	storedAtOnce = 500
	// restCursor is how often the cursor moves when there are no alerts.
	restCursor = time.Second
)

func newRaised() *raised {
	return &raised{more: make(chan struct{}, 1), moved: make(chan struct{})}
}

// reset begins anew from what is stored of a log.
func (r *raised) reset(kept stream.Seq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alerts, r.seq, r.kept = nil, 0, kept
}

func (r *raised) add(a alert.Raised) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if stream.Seq(a.Seq) > r.kept {
		r.alerts = append(r.alerts, a)
		r.nudge()
	}
}

func (r *raised) nudge() {
	select {
	case r.more <- struct{}{}:
	default:
	}
}

// computed says that the alerts of all entries up to seq were added.
func (r *raised) computed(seq stream.Seq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq = max(r.seq, seq)
}

func (r *raised) pending() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.alerts)
}

// next is what is to be stored now, and how far all is stored then.
func (r *raised) next() ([]alert.Raised, stream.Seq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.alerts) <= storedAtOnce {
		return slices.Clone(r.alerts), r.seq
	}
	return slices.Clone(r.alerts[:storedAtOnce]), stream.Seq(r.alerts[storedAtOnce].Seq) - 1
}

// passed says that the alerts of entries up to seq, and n of those that follow,
// are stored.
func (r *raised) passed(seq stream.Seq) { r.drop(seq, 0) }

func (r *raised) drop(seq stream.Seq, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n < len(r.alerts) && stream.Seq(r.alerts[n].Seq) <= seq {
		n++
	}
	r.alerts = slices.Delete(r.alerts, 0, n)
	r.kept = max(r.kept, seq)
	close(r.moved)
	r.moved = make(chan struct{})
}

// until waits until cond holds.
func (r *raised) until(ctx context.Context, cond func() bool) error {
	for {
		r.mu.Lock()
		ok, moved := cond(), r.moved
		r.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// room waits until there is room for more alerts.
func (r *raised) room(ctx context.Context) {
	_ = r.until(ctx, func() bool { return len(r.alerts) < maxRaised }) // whoever ends ctx ends the computing too
}

// drained waits until all alerts are stored.
func (r *raised) drained(ctx context.Context) error {
	r.nudge()
	return r.until(ctx, func() bool { return len(r.alerts) == 0 && r.kept >= r.seq })
}

// keptUpTo waits until the alerts of all entries up to seq are stored.
func (r *raised) keptUpTo(ctx context.Context, seq stream.Seq) error {
	return r.until(ctx, func() bool { return r.kept >= seq })
}

// store stores alerts as they come, until ctx ends.
func (d *Detector) store(ctx context.Context, log *stream.Log) {
	patience := 100 * time.Millisecond
	for tick := time.NewTicker(restCursor); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-d.raised.more:
		case <-tick.C:
		}
		err := d.storeSome(ctx, log.ID())
		switch {
		case ctx.Err() != nil:
		case err != nil:
			d.trouble("alerts cannot be stored", err)
			select {
			case <-ctx.Done():
			case <-time.After(patience):
			}
			patience = min(2*patience, lastPatience)
			d.raised.nudge()
		default:
			patience = 100 * time.Millisecond
			if d.raised.pending() > 0 {
				d.raised.nudge()
			}
		}
	}
}

// storeSome stores the next alerts and moves the cursor in one transaction.
func (d *Detector) storeSome(ctx context.Context, log string) error {
	some, upTo := d.raised.next()
	if len(some) == 0 && upTo <= d.raised.keptNow() {
		return nil
	}
	if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := d.Alerts.Raise(ctx, tx, some); err != nil {
			return err
		}
		return moveCursor(ctx, tx, log, upTo, lanzha.At(d.Now()))
	}); err != nil {
		return err
	}
	d.status.alerts.Add(int64(len(some)))
	if d.Options.Stored != nil && len(some) > 0 {
		d.Options.Stored(some)
	}
	d.raised.drop(upTo, len(some))
	return nil
}

func (r *raised) keptNow() stream.Seq {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept
}

// raisedOf is an alert of a hit. Nothing in it points into the batch.
func raisedOf(log string, seq stream.Seq, i int, e *entry, v *rule.Verdict, h *rule.Hit) alert.Raised {
	event := &e.batch.Events[i]
	a := alert.Raised{
		Log: log, Seq: uint64(seq), Index: i, Rule: h.Rule.ID, Title: h.Rule.Title, Pack: h.Rule.Pack.Name, Version: h.Rule.Pack.Version, PackSHA: h.Rule.Pack.SHA256,
		Severity: h.Rule.Severity, Domain: h.Domain, Subject: h.Subject, At: lanzha.Micros(event.Time), Score: v.Score, Becomes: h.Rule.Becomes,
		Reasons: h.Reasons, Kind: e.kind,
	}
	if id, ok := e.kind.Field("id"); ok && event.Has(id) {
		a.EventID = string(e.batch.Text(event, id))
	}
	for _, n := range h.Values {
		a.Values = append(a.Values, alert.NamedValue{Name: n.Name, Title: n.Title, Text: n.Value})
	}
	return a
}
