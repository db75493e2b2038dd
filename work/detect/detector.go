// Package detect sees scams in events as they happen. Events go into the event
// log and then, in the order of the log, through the rules; alerts come out,
// and verdicts for those who asked. Everything that changes what the detector
// says - events, outcomes, entries of lists, suppressions, packs of rules -
// goes through the log, so that the same log gives the same alerts, byte by
// byte: on a standby, after a crash, in a later recomputation.
//
// Of several processes on one log one is active: it alone appends. The others
// follow and take over when it is silent. It never stops a payment or a line:
// what comes out is an alert or an advice.
package detect

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/stream"
	"lanzha/base/vault"
	"lanzha/work/detect/alert"
	"lanzha/work/detect/rule"
	"lanzha/work/feed"
)

// Options are the operator's and the tests' figures.
type Options struct {
	// Off says that this house detects nothing: Run ends at once, and whatever is
	// asked is refused.
	Off bool
	// Stream says where the event log is.
	Stream stream.Options
	// Dir is the folder of the snapshots, made when it is missing.
	Dir string
	// Late is how late an event may come and still count at its own time.
	Late time.Duration
	// Address is where this process can be reached; a standby tells it to those
	// who should ask the active one.
	Address string
	// Region is the centre's: in its scope the detector's journal rows stand.
	Region lanzha.Region
	// PerMinute is how many events an institution may have scored in a minute;
	// each process counts for itself.
	PerMinute int64
	// Snapshot is how often the state is written down; 0 is ten minutes.
	Snapshot time.Duration
	// Takeover is after how long a silence of the log a standby claims it; 0 is
	// ten seconds. The active one is heard every few seconds.
	Takeover time.Duration
	// Packs come with the program; nil is rule.Shipped.
	Packs []*rule.Pack
	// Stored is called with alerts after they are stored; benchmarks measure
	// with it. Nil does nothing.
	Stored func([]alert.Raised)
}

// Detector is one process's part in detection. Run does its work; its other
// methods may be called from many goroutines at any time.
type Detector struct {
	DB      *sqldb.DB
	Journal *journal.Journal
	Vault   *vault.Vault
	Alerts  *alert.Desk
	IDs     *lanzha.IDs
	Now     func() time.Time
	Log     *slog.Logger
	Options Options

	intake *intake
	raised *raised
	quotas quotas

	// mu guards what the log has made of the state: the machine, and how far it
	// has come. It is held while a batch is computed.
	mu      sync.Mutex
	machine *rule.Machine
	seq     stream.Seq         // of the last entry that was computed
	columns [maxKinds][]column // of answers; nil is not known yet
	decoded feed.Batch         // of the entry being read
	lost    bool               // the machine began empty, and the log does not hold what stands

	log    atomic.Pointer[stream.Log]
	status status
}

// New completes a detector of which the fields before intake are set.
func New(d *Detector) (*Detector, error) {
	if d.Options.Snapshot == 0 {
		d.Options.Snapshot = 10 * time.Minute
	}
	if d.Options.Takeover == 0 {
		d.Options.Takeover = 10 * time.Second
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	d.Options.Stream.Now, d.Options.Stream.Log = d.Now, d.Log
	d.intake, d.raised = newIntake(), newRaised()
	d.quotas.perMinute, d.quotas.now = d.Options.PerMinute, d.Now
	d.status.begin(d.Now)
	if d.Options.Off {
		d.status.set(Off)
		d.intake.why = errOff()
	}
	var err error
	d.machine, err = d.empty()
	return d, err
}

// empty is a machine that has seen nothing and has no rules.
func (d *Detector) empty() (*rule.Machine, error) {
	return rule.NewMachine(nil, rule.Options{Late: d.Options.Late})
}

// patience is how long Run waits after a failure, doubling from the first to
// the last.
const firstPatience, lastPatience = time.Second, 30 * time.Second

// Run opens the log and does the work until ctx ends: it follows, or is the
// active one. What fails is shown, and tried again: the rest of the house works
// on.
func (d *Detector) Run(ctx context.Context) error {
	patience := firstPatience
	for ctx.Err() == nil && !d.Options.Off {
		began := d.Now()
		err := d.session(ctx)
		if ctx.Err() != nil {
			if err != nil && !errors.Is(err, context.Canceled) {
				d.Log.Error("detector: the last state was not written down", "err", err)
			}
			return nil
		}
		if d.Now().Sub(began) > time.Minute {
			patience = firstPatience
		}
		d.status.fail(err)
		d.Log.Error("detector: stopped, and begins again", "err", err, "ms", patience.Milliseconds())
		select {
		case <-ctx.Done():
		case <-time.After(patience):
		}
		patience = min(2*patience, lastPatience)
	}
	return nil
}

// session is the work on one opened log.
func (d *Detector) session(ctx context.Context) (err error) {
	d.status.set(Starting)
	log, err := stream.Open(ctx, d.Options.Stream)
	if err != nil {
		return err
	}
	d.log.Store(log)
	defer func() {
		d.log.Store(nil)
		err = errors.Join(err, log.Close())
	}()
	if err := d.restore(ctx, log); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := d.follow(ctx, log); err != nil {
			return err
		}
		w, err := log.Claim(ctx, d.seq, owner{string(d.IDs.Next()), d.Options.Address}.String())
		if lanzha.CodeOf(err) == lanzha.CodeConflict {
			continue // the log went on
		} else if err != nil {
			return err
		}
		if err := d.active(ctx, log, w); err != nil {
			return err
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastPatience)
	defer cancel()
	return d.snapshot(last, log)
}

// handover is an entry by which the active one says that it goes.
const handover = 0xC2

// errSilent says that the active one was not heard for long enough.
var errSilent = errors.New("the log is silent")

// follow computes what others append, and returns when it is time to claim the
// log, or when ctx ends.
func (d *Detector) follow(ctx context.Context, log *stream.Log) error {
	_, last, err := log.Bounds(ctx)
	if err != nil {
		return err
	}
	gone := last == 0
	take := func(e stream.Entry) error {
		if len(e.Data) > 0 {
			gone = e.Data[0] == handover
		}
		if e.Claim != "" {
			gone = false
			d.status.heard(parseOwner(e.Claim))
		}
		if err := d.entry(e); err != nil || d.raised.pending() < maxRaised {
			return err
		}
		return d.storeSome(ctx, log.ID()) // nobody else may be there to do it
	}
	if err := log.Read(ctx, d.seq+1, last, take); err != nil {
		return err
	}
	d.passTo(last)
	// The embedded log is this process's alone.
	if gone || d.Options.Stream.URL == "" {
		return nil
	}
	d.status.set(Standby)
	following, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	silence := time.AfterFunc(d.Options.Takeover, func() { stop(errSilent) })
	defer silence.Stop()
	tending := make(chan struct{})
	go func() {
		defer close(tending)
		d.tendStandby(following, log)
	}()
	err = log.Follow(following, d.seq+1, func(e stream.Entry) error {
		if err := take(e); err != nil {
			return err
		}
		if gone {
			stop(errSilent)
		}
		silence.Reset(d.Options.Takeover)
		return nil
	})
	stop(nil)
	<-tending
	if errors.Is(context.Cause(following), errSilent) || ctx.Err() != nil {
		return nil
	}
	return err
}

// tendStandby keeps from a standby's memory the alerts that the active one has
// stored, and writes the state down from time to time.
func (d *Detector) tendStandby(ctx context.Context, log *stream.Log) {
	for tick := time.NewTicker(time.Second); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		if seq, err := cursor(ctx, d.DB.Read(), log.ID()); err == nil {
			d.raised.passed(seq)
		}
		if _, last, err := log.Bounds(ctx); err == nil {
			d.status.last.Store(uint64(last))
		}
		if d.snapshotDue() {
			if err := d.snapshot(ctx, log); err != nil && ctx.Err() == nil {
				d.trouble("the state cannot be written down", err)
			}
		}
	}
}

// trouble shows and logs what went wrong while the work goes on.
func (d *Detector) trouble(what string, err error) {
	d.status.note(what)
	d.Log.Error("detector: "+what, "err", err)
}

// active is the work of the one who appends, until it is superseded or ctx
// ends.
func (d *Detector) active(ctx context.Context, log *stream.Log, w *stream.Writer) (err error) {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	var others sync.WaitGroup
	defer func() {
		stop()
		others.Wait()
		d.status.set(Starting)
	}()
	d.status.heard(owner{"", d.Options.Address})
	d.passTo(w.Claimed())
	queue := d.intake.open(w)
	d.status.set(Active)
	others.Go(func() { d.store(working, log) })
	others.Go(func() { d.collect(working, log) })
	others.Go(func() { d.tendPacks(working) })

	ending, tick := ctx.Done(), time.NewTicker(time.Second)
	defer tick.Stop()
	for open := true; open; {
		var e *entry
		select {
		case e, open = <-queue:
			if !open {
				continue
			}
		case <-w.Lost():
			d.intake.close(errSuperseded(), false)
			continue
		case <-ending:
			ending = nil
			d.intake.close(errStopping(), true)
			continue
		case <-tick.C:
			if d.snapshotDue() {
				if err := d.snapshotBeside(working, log, &others); err != nil {
					d.trouble("the state cannot be written down", err)
				}
			}
			continue
		}
		if err := d.process(working, log, e); err != nil {
			d.intake.close(err, false)
			for e := range queue {
				d.intake.settle(e, err)
			}
			return err
		}
	}
	if ctx.Err() != nil {
		// The alerts of what was computed, then word to whoever waits.
		last, cancel := context.WithTimeout(working, 5*time.Second)
		defer cancel()
		if err := d.raised.drained(last); err != nil {
			d.trouble("alerts were left for the next start", err)
		}
		if _, err := w.Append(last, []byte{handover}); err != nil {
			d.trouble("the others were not told that this process goes", err)
		}
	}
	return w.Close()
}

// process waits until an entry is on disk and computes it.
func (d *Detector) process(ctx context.Context, log *stream.Log, e *entry) error {
	seq, err := e.pending.Wait(ctx)
	d.intake.stored(e)
	if err != nil {
		d.intake.settle(e, err)
		if lanzha.CodeOf(err) == lanzha.CodeConflict {
			d.intake.close(errSuperseded(), false)
		} else {
			d.trouble("the event log takes nothing", err)
		}
		return nil
	}
	if before := e.pending.Before(); before > d.seq {
		// Claims of our own, and what was written though the answer was lost.
		if err := log.Read(ctx, d.seq+1, before, d.entry); err != nil {
			d.intake.settle(e, err)
			return err
		}
		d.passTo(before)
	}
	d.compute(log.ID(), seq, e)
	d.intake.settle(e, nil)
	d.raised.room(ctx)
	return nil
}

// passTo says that the log holds nothing more up to an entry.
func (d *Detector) passTo(seq stream.Seq) {
	d.mu.Lock()
	d.seq = max(d.seq, seq)
	d.mu.Unlock()
	d.raised.computed(d.seq)
}

// entry computes an entry as the log holds it.
func (d *Detector) entry(s stream.Entry) error {
	if s.Seq <= d.seq {
		return nil
	}
	if s.Claim != "" || len(s.Data) == 0 || s.Data[0] == handover {
		d.passTo(s.Seq)
		return nil
	}
	e := &entry{}
	if s.Data[0] == changed {
		var err error
		if e.change, err = decodeChange(s.Data); err != nil {
			return err
		}
	} else {
		e.batch = &d.decoded
		var err error
		if e.kind, e.header, err = e.batch.Decode(s.Data); err != nil {
			return err
		}
	}
	d.compute(d.log.Load().ID(), s.Seq, e)
	return nil
}

// compute feeds an entry to the machine.
func (d *Detector) compute(log string, seq stream.Seq, e *entry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e.change != nil {
		if err := d.machine.Apply(e.change.Change, e.change.At); err != nil {
			e.refused = err
			d.status.note("a change was refused by the rules")
		}
		d.columns = [maxKinds][]column{}
	} else if !d.intake.had(e.header) {
		d.computeBatch(log, seq, e)
	}
	d.seq = seq
	d.intake.took(e.header, seq)
	d.raised.computed(seq)
}

func (d *Detector) computeBatch(log string, seq stream.Seq, e *entry) {
	at, next := 0, 0 // of the requests: whose event is next
	d.machine.Add(e.kind, e.batch, rule.AddOptions{All: len(e.requests) > 0}, func(i int, v *rule.Verdict) {
		for k := range v.Hits {
			if h := &v.Hits[k]; h.Raise {
				d.raised.add(raisedOf(log, seq, i, e, v, h))
			}
		}
		for at < len(e.requests) && i >= next+e.requests[at].count {
			next += e.requests[at].count
			at++
		}
		if at < len(e.requests) {
			e.requests[at].columns = d.columnsOf(e.kind)
			e.requests[at].answer(v)
		}
	})
	d.status.count(e.kind, len(e.batch.Events), d.Now())
}

var _ feed.Log = (*Detector)(nil)
