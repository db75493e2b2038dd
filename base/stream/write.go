package stream

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"lanzha"
)

const (
	// maxFrame bounds the bytes that share one sync.
	maxFrame = 2 << 20
	// tryFor is how long a frame is tried, through lost connections and elections
	// in a cluster, before its callers are told that the log is not available.
	tryFor = 30 * time.Second
	// leadIn is how long a new leader of a cluster may take to know its own end.
	leadIn = 3 * time.Second
)

// beat is after how long an idle writer says that it still lives.
var beat = 3 * time.Second

// Writer is the one who appends to a log, from its claim to somebody else's.
// Its methods may be called from many goroutines.
type Writer struct {
	l     *Log
	owner string
	name  uint64 // random: what it writes is known by it

	claimed Seq

	mu     sync.Mutex
	queue  []*Pending
	ending bool
	dead   error // for good

	wake  chan struct{} // holds one token: there is work, or an end
	lost  chan struct{}
	ended chan struct{}

	// What only its goroutine uses:
	frame   []byte        // the one on its way, or the last
	last    uint64        // message of the stream that is its last
	number  uint64        // of the last frame that it has made
	present uint64        // number of the last frame that is known to be in the log
	unsure  bool          // the outcome of the last attempt is not known
	at      lanzha.Micros // of the last frame
}

// Pending is data whose place in the order is fixed and which is not
// necessarily on disk yet.
type Pending struct {
	kind byte
	data []byte
	with int           // how many more of the same call come after it
	done chan struct{} // closed when what follows is known

	before, seq Seq
	err         error
}

// Claim makes the caller the one who appends, provided that the log ends at
// after: CodeConflict says that it went on, so follow it and try again. From
// then on whatever an earlier writer appends is refused. Owner names the
// claimer in the log, for people to read.
//
// An idle writer claims again every few seconds, so that those who follow see
// that it lives. Close it, or the log, to end it.
func (l *Log) Claim(ctx context.Context, after Seq, owner string) (*Writer, error) {
	const op = "stream.Claim"
	if owner == "" || len(owner) > 200 {
		return nil, lanzha.Invalid("owner", "who claims the event log has a name of at most 200 bytes")
	}
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, lanzha.Internal(op, err)
	}
	w := &Writer{l: l, owner: owner, name: binary.BigEndian.Uint64(random[:]), last: message(after),
		wake: make(chan struct{}, 1), lost: make(chan struct{}), ended: make(chan struct{})}
	if after != end(w.last) {
		return nil, claimed(op) // more entries of the same frame follow
	}
	if after > 0 {
		m, err := l.mark(ctx, w.last)
		if err != nil {
			return nil, l.wrap(op, err)
		}
		w.at = m.at
	}
	p := pending(kindClaim, []byte(owner))
	w.put(ctx, []*Pending{p})
	if p.err != nil {
		return nil, p.err
	}
	w.claimed = p.seq
	l.writers.Go(w.run)
	return w, nil
}

func pending(kind byte, data []byte) *Pending {
	return &Pending{kind: kind, data: data, done: make(chan struct{})}
}

func claimed(op string) *lanzha.Error {
	return &lanzha.Error{Code: lanzha.CodeConflict, Op: op, Message: "another has written to the event log",
		Hint: "follow the log to its end, and claim it when its writer is silent"}
}

// Append appends data as one entry each, next to each other, and returns the
// place of the last when all are on disk. Calls at the same time share a sync of
// the disk. Up to 1,024 entries of together 1 MiB are there all or not at all.
//
// CodeConflict says that another has claimed the log: the writer is dead for
// good. CodeUnavailable says that the disk is full or the log away; it may be
// repeated, though after a lost connection, as after the end of ctx, the entries
// may be in the log all the same. CodeTooLarge is an entry longer than MaxData;
// nothing was appended.
func (w *Writer) Append(ctx context.Context, data ...[]byte) (Seq, error) {
	if len(data) == 0 {
		return 0, lanzha.Invalid("data", "nothing to append to the event log")
	}
	all := make([]*Pending, len(data))
	for i, d := range data {
		all[i] = pending(kindData, d)
		all[i].with = len(data) - 1 - i
	}
	w.begin(all...)
	var seq Seq
	for _, p := range all {
		var err error
		if seq, err = p.Wait(ctx); err != nil {
			return 0, err
		}
	}
	return seq, nil
}

// Begin fixes the place of data in the order, so that callers can go on before
// it is on disk. Data must not be changed until Wait has returned without the
// end of its context; how much is begun and not yet waited for is the caller's
// to bound.
func (w *Writer) Begin(data []byte) *Pending {
	p := pending(kindData, data)
	w.begin(p)
	return p
}

// Wait returns the place of the data once it is on disk. It may be called again
// and returns the same, unless ctx had ended. Its errors are those of Append.
func (p *Pending) Wait(ctx context.Context) (Seq, error) {
	select {
	case <-p.done:
		return p.seq, p.err
	default:
	}
	select {
	case <-p.done:
		return p.seq, p.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Before is the place of the entry just before this one, once Wait has returned
// without an error. Whoever computes what it appends without reading it again
// sees by it whether something else stands between: a claim, or an entry whose
// acknowledgement was lost.
func (p *Pending) Before() Seq { return p.before }

func (w *Writer) begin(all ...*Pending) {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.dead
	if err == nil && w.ending {
		err = &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "stream.Append", Message: "the event log's writer is closed"}
	}
	for _, p := range all {
		if err == nil && len(p.data) > MaxData {
			err = &lanzha.Error{Code: lanzha.CodeTooLarge, Op: "stream.Append", Message: "an entry of the event log is too large",
				Hint: fmt.Sprintf("append at most %d bytes as one entry", MaxData)}
		}
	}
	if err != nil {
		finish(all, 0, err)
		return
	}
	w.queue = append(w.queue, all...)
	w.nudge()
}

func (w *Writer) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Claimed is the place of the claim with which the writer began.
func (w *Writer) Claimed() Seq { return w.claimed }

// Lost is closed when another has claimed the log and the writer has seen it,
// at the latest when it would claim again a few seconds later.
func (w *Writer) Lost() <-chan struct{} { return w.lost }

// Close waits for what was begun and ends the writer. Its claim stays in the log
// until another claims.
func (w *Writer) Close() error {
	w.mu.Lock()
	w.ending = true
	w.mu.Unlock()
	w.nudge()
	<-w.ended
	return nil
}

// finish tells the callers of a frame whose last entry stands at a place.
func finish(all []*Pending, last Seq, err error) {
	for i, p := range all {
		if p.err = err; err == nil {
			p.seq = last - Seq(len(all)-1-i)
			p.before = p.seq - 1
			if i == 0 {
				p.before = last - frameEntries // the end of the message before
			}
		}
		close(p.done)
	}
}

// run sends what is begun, frame after frame: what comes while one is on its way
// to the disk is the next.
func (w *Writer) run() {
	defer close(w.ended)
	idle := time.NewTimer(beat)
	defer idle.Stop()
	for {
		group, ending := w.take()
		if len(group) > 0 {
			w.put(w.l.ctx, group)
			idle.Reset(beat)
			continue
		}
		if ending {
			return
		}
		select {
		case <-w.wake:
		case <-idle.C:
			// Its error waits for the next who appends: it is not over with it.
			w.put(w.l.ctx, []*Pending{pending(kindClaim, []byte(w.owner))})
			idle.Reset(beat)
		case <-w.l.ctx.Done():
			w.die(closed("stream.Append"))
		}
	}
}

// take removes the next frame's entries from the queue.
func (w *Writer) take() (group []*Pending, ending bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	limit := min(maxFrame, int(w.l.nc.MaxPayload())-messageHeaders)
	n, whole, size := 0, 0, frameHeader
	for n < len(w.queue) && n < frameEntries {
		p := w.queue[n]
		if size += entryHeader + len(p.data); n > 0 && size > limit {
			break
		}
		if n++; p.with == 0 {
			whole = n
		}
	}
	if whole > 0 { // a call is not torn unless it is too long for a frame
		n = whole
	}
	group = w.queue[:n:n]
	if w.queue = w.queue[n:]; len(w.queue) == 0 {
		w.queue = nil
	}
	return group, w.ending || w.dead != nil
}

// messageHeaders is more than the headers that stand beside a frame, in bytes.
const messageHeaders = 256

// die ends the writer for good.
func (w *Writer) die(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	finish(w.queue, 0, err)
	w.queue, w.dead = nil, err
}

// put appends a frame and tells its callers.
func (w *Writer) put(ctx context.Context, group []*Pending) {
	w.at = max(w.at, lanzha.At(w.l.o.Now()))
	w.number++
	w.frame = mark{w.name, w.number, w.at}.appendTo(w.frame[:0])
	for _, p := range group {
		w.frame = appendEntry(w.frame, p.kind, p.data)
	}
	err := w.settle(ctx)
	finish(group, end(w.last), err)
	if err == nil {
		_ = w.l.nc.Publish(w.l.stored, nil) // a hint for followers, who look by themselves too
	} else if lanzha.CodeOf(err) == lanzha.CodeConflict {
		close(w.lost)
		w.die(err)
	}
}

var (
	errFence   = errors.New("the log does not end where the writer thinks")
	errShort   = errors.New("the log ends before that")
	errRefused = errors.New("there is no room")
	errSick    = errors.New("writing fails")
)

// settle sends the frame until it is in the log for certain, is refused, or
// tryFor is over.
func (w *Writer) settle(ctx context.Context) error {
	const op = "stream.Append"
	began := time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		err := w.try(ctx)
		if err == nil {
			return nil
		}
		tried := time.Since(began)
		switch {
		case lanzha.CodeOf(err) == lanzha.CodeConflict:
			return err
		case errors.Is(err, errRefused):
			return &lanzha.Error{Code: lanzha.CodeUnavailable, Op: op, Message: "the event log has no room left",
				Hint: "make room on its disk, or lower its retention; it goes on by itself then", Err: err}
		case errors.Is(err, errSick):
			return &lanzha.Error{Code: lanzha.CodeUnavailable, Op: op, Message: "the event log cannot be written",
				Hint: "the program's log says why; it is tried again with the next entry", Err: err}
		case errors.Is(err, errShort) && (w.l.server != nil || tried > leadIn):
			return &lanzha.Error{Code: lanzha.CodeConflict, Op: op, Message: "the event log ends before that place",
				Hint: "it is an older copy, or another log: begin at its end", Err: err}
		case w.l.ctx.Err() != nil:
			return closed(op)
		case ctx.Err() != nil:
			return ctx.Err()
		case tried > tryFor:
			return silent(op, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// try sends the frame unless it is there already.
func (w *Writer) try(ctx context.Context) error {
	if s := w.l.server; s != nil {
		if err := s.heal(); err != nil {
			return err
		}
		if err := s.room(len(w.frame)); err != nil {
			return err
		}
	}
	if err := w.look(ctx); err != nil || w.present == w.number {
		return err
	}
	return w.publish(ctx)
}

// look finds out where the log ends when the outcome of an attempt is not known,
// and whether another has claimed it.
func (w *Writer) look(ctx context.Context) error {
	if !w.unsure {
		return nil
	}
	b, err := w.l.bounds(ctx)
	if err != nil {
		return err
	}
	if b.Last < w.last {
		return errShort
	}
	if b.Last > w.last {
		m, err := w.l.mark(ctx, b.Last)
		if err != nil {
			return err
		}
		if m.writer != w.name {
			return claimed("stream.Append")
		}
		w.last, w.present = b.Last, m.number
	}
	w.unsure = false
	return nil
}

// publish sends the frame once and waits until it is on disk. The server takes
// it only when the log ends at the writer's last message.
func (w *Writer) publish(ctx context.Context) error {
	w.unsure = true
	answer, err := w.l.ask(ctx, &nats.Msg{
		Subject: w.l.subject,
		Header:  nats.Header{"Nats-Expected-Last-Sequence": {strconv.FormatUint(w.last, 10)}},
		Data:    w.frame,
	})
	if err != nil {
		return err
	}
	var ack struct {
		Seq   uint64    `json:"seq"`
		Error *apiError `json:"error"`
	}
	if err := json.Unmarshal(answer, &ack); err != nil {
		return err
	}
	switch {
	case ack.Error == nil:
		w.last, w.present, w.unsure = ack.Seq, w.number, false
		return nil
	case ack.Error.wrongLast():
		return errors.Join(errFence, ack.Error)
	case ack.Error.noRoom():
		w.unsure = false
		return errors.Join(errRefused, ack.Error)
	}
	return ack.Error
}
