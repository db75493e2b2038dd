package stream

import (
	"context"
	"crypto/rand"
	"encoding/hex"
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
	// groupEntries and groupBytes bound what shares one sync. The server takes
	// 1,000 entries a batch.
	groupEntries = 500
	groupBytes   = 8 << 20
	// beat is after how long an idle writer says that it still lives.
	beat = 3 * time.Second
	// tryFor is how long a group is tried, through lost connections and elections
	// in a cluster, before its callers are told that the log is not available.
	tryFor = 15 * time.Second
)

// Writer is the one who appends to a log, from its claim to somebody else's.
// Its methods may be called from many goroutines.
type Writer struct {
	l     *Log
	owner string
	name  string // random: what it writes is known by it

	mu     sync.Mutex
	queue  []*Pending
	ending bool
	dead   error // for good

	wake  chan struct{} // holds one token: there is work, or an end
	lost  chan struct{}
	ended chan struct{}

	// What only its goroutine uses:
	last    Seq           // its last entry
	number  uint64        // of the last entry that it has numbered
	present uint64        // of the last entry that is known to be in the log
	unsure  bool          // the outcome of the last attempt is not known
	at      lanzha.Micros // of the last entry
}

// Pending is data whose place in the order is fixed and which is not
// necessarily on disk.
type Pending struct {
	claim string
	data  []byte
	done  chan struct{} // closed when seq and err are known
	seq   Seq
	err   error
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
	if owner == "" {
		return nil, lanzha.Invalid("owner", "who claims the event log has a name")
	}
	var random [6]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, lanzha.Internal(op, err)
	}
	w := &Writer{l: l, owner: owner, name: hex.EncodeToString(random[:]), last: after,
		wake: make(chan struct{}, 1), lost: make(chan struct{}), ended: make(chan struct{})}
	if after > 0 {
		m, err := l.mark(ctx, after)
		if err != nil {
			return nil, l.wrap(op, err)
		}
		w.at = m.at
	}
	p := w.pending(owner, nil)
	w.put(ctx, []*Pending{p})
	if p.err != nil {
		return nil, p.err
	}
	l.writers.Go(w.run)
	return w, nil
}

func (w *Writer) pending(claim string, data []byte) *Pending {
	return &Pending{claim: claim, data: data, done: make(chan struct{})}
}

// Append appends data as one entry each, next to each other, and returns the
// place of the last when all are on disk. Calls at the same time share a sync.
//
// CodeConflict says that another has claimed the log: the writer is dead for
// good. CodeUnavailable says that the disk is full or the log away; it may be
// repeated. When the connection was lost on the way, or ctx has ended, the
// entries may be in the log all the same. CodeTooLarge is data longer than
// MaxData, of which nothing was appended.
func (w *Writer) Append(ctx context.Context, data ...[]byte) (Seq, error) {
	if len(data) == 0 {
		return 0, lanzha.Invalid("data", "nothing to append")
	}
	all := make([]*Pending, len(data))
	for i, d := range data {
		all[i] = w.pending("", d)
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
// it is on disk. Data must not be changed until Wait has returned; how much is
// begun and not yet waited for is the caller's to bound.
func (w *Writer) Begin(data []byte) *Pending {
	p := w.pending("", data)
	w.begin(p)
	return p
}

// Wait returns the place of the data once it is on disk. It may be called again
// and returns the same, unless ctx ended. Its errors are those of Append.
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

func (w *Writer) begin(all ...*Pending) {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.dead
	if err == nil && w.ending {
		err = &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "stream.Append", Message: "the event log's writer is closed"}
	}
	for _, p := range all {
		if len(p.data) > MaxData {
			err = &lanzha.Error{Code: lanzha.CodeTooLarge, Op: "stream.Append",
				Message: "an entry of the event log is too large", Hint: fmt.Sprintf("append at most %d bytes at once", MaxData)}
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

// Lost is closed when another has claimed the log and the writer has seen it,
// at the latest with its next claim a few seconds later.
func (w *Writer) Lost() <-chan struct{} { return w.lost }

// Close waits for what was begun and ends the writer. The claim stays until
// another claims.
func (w *Writer) Close() error {
	w.mu.Lock()
	w.ending = true
	w.mu.Unlock()
	w.nudge()
	<-w.ended
	return nil
}

func finish(all []*Pending, last Seq, err error) {
	for i, p := range all {
		if err == nil {
			p.seq = last - Seq(len(all)-1-i)
		}
		p.err = err
		close(p.done)
	}
}

// run sends what is begun, group after group: what comes while a group is on
// its way to the disk is the next group.
func (w *Writer) run() {
	defer close(w.ended)
	idle := time.NewTimer(beat)
	defer idle.Stop()
	for {
		group, ending := w.take()
		switch {
		case len(group) > 0:
			w.put(w.l.ctx, group)
		case ending:
			return
		default:
			select {
			case <-w.wake:
				continue
			case <-idle.C:
				// An error is for the next who appends: it is not over with it.
				w.put(w.l.ctx, []*Pending{w.pending(w.owner, nil)})
			case <-w.l.ctx.Done():
				w.die(closed("stream.Append"))
				return
			}
		}
		idle.Reset(beat)
	}
}

// take removes the next group from the queue.
func (w *Writer) take() (group []*Pending, ending bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, size := 0, 0
	for n < len(w.queue) && n < groupEntries && (n == 0 || size+len(w.queue[n].data) <= groupBytes) {
		size += len(w.queue[n].data)
		n++
	}
	group = w.queue[:n:n]
	if w.queue = w.queue[n:]; len(w.queue) == 0 {
		w.queue = nil
	}
	return group, w.ending || w.dead != nil
}

// die ends the writer for good.
func (w *Writer) die(err error) {
	w.mu.Lock()
	queue := w.queue
	w.queue, w.dead = nil, err
	w.mu.Unlock()
	finish(queue, 0, err)
}

// put appends a group and tells its callers.
func (w *Writer) put(ctx context.Context, group []*Pending) {
	w.at = max(w.at, lanzha.At(w.l.o.Now()))
	first := w.number + 1
	w.number += uint64(len(group))
	last, err := w.settle(ctx, group, first)
	finish(group, last, err)
	if err == nil {
		_ = w.l.nc.Publish(w.l.stored, nil) // a hint for followers, who look by themselves too
	} else if lanzha.CodeOf(err) == lanzha.CodeConflict {
		close(w.lost)
		w.die(err)
	}
}

var (
	errFence   = errors.New("the log does not end where the writer thinks")
	errRefused = errors.New("the server has no room")
)

// settle sends a group until it is in the log for certain, is refused, or tryFor
// is over.
func (w *Writer) settle(ctx context.Context, group []*Pending, first uint64) (Seq, error) {
	until := time.Now().Add(tryFor)
	for pause := time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		err := w.look(ctx)
		if err == nil {
			rest := group
			if w.present >= first {
				rest = group[w.present+1-first:]
			}
			if len(rest) == 0 {
				return w.last, nil
			}
			if err = w.publish(ctx, rest, w.number+1-uint64(len(rest))); err == nil {
				return w.last, nil
			}
		}
		switch {
		case lanzha.CodeOf(err) == lanzha.CodeConflict:
			return 0, err
		case errors.Is(err, errRefused):
			return 0, &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "stream.Append", Message: "the event log has no room left",
				Hint: "make room on its disk, or lower its retention; it goes on by itself then", Err: err}
		case ctx.Err() != nil && w.l.ctx.Err() != nil:
			return 0, closed("stream.Append")
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case time.Now().After(until):
			return 0, unavailable("stream.Append", "the event log does not answer", err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// look finds out where the log ends when the outcome of the last attempt is not
// known, and whether another has claimed it.
func (w *Writer) look(ctx context.Context) error {
	if !w.unsure {
		return nil
	}
	s, err := w.l.state(ctx)
	if err != nil {
		return err
	}
	if Seq(s.LastSeq) > w.last {
		m, err := w.l.mark(ctx, Seq(s.LastSeq))
		if err != nil {
			return err
		}
		if m.writer != w.name {
			return &lanzha.Error{Code: lanzha.CodeConflict, Op: "stream.Append", Message: "another has claimed the event log", Hint: "follow the log, and claim it again when its writer is silent"}
		}
		w.last, w.present = Seq(s.LastSeq), m.number
	}
	w.unsure = false
	return nil
}

// publish sends entries, the first of them with a number, as one atomic batch
// and returns when the server has them on disk.
func (w *Writer) publish(ctx context.Context, group []*Pending, number uint64) error {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	w.unsure = true
	batch := w.name + "." + strconv.FormatUint(number, 10)
	var answer *nats.Msg
	for i, p := range group {
		m := &nats.Msg{Subject: w.l.subject, Data: p.data, Header: nats.Header{
			numberHeader: {mark{w.name, number + uint64(i), w.at}.String()},
		}}
		if p.claim != "" {
			m.Header[claimHeader] = []string{p.claim}
		}
		if i == 0 {
			m.Header["Nats-Expected-Last-Sequence"] = []string{strconv.FormatUint(uint64(w.last), 10)}
		}
		if len(group) > 1 {
			m.Header["Nats-Batch-Id"] = []string{batch}
			m.Header["Nats-Batch-Sequence"] = []string{strconv.Itoa(i + 1)}
		}
		if i < len(group)-1 {
			if err := w.l.nc.PublishMsg(m); err != nil {
				return err
			}
			continue
		}
		if len(group) > 1 {
			m.Header["Nats-Batch-Commit"] = []string{"1"}
		}
		var err error
		if answer, err = w.l.nc.RequestMsgWithContext(ctx, m); err != nil {
			return err
		}
	}
	var ack struct {
		Seq   Seq `json:"seq"`
		Error *struct {
			Code int    `json:"err_code"`
			Text string `json:"description"`
		} `json:"error"`
	}
	if err := json.Unmarshal(answer.Data, &ack); err != nil {
		return err
	}
	if ack.Error != nil {
		err := fmt.Errorf("%s (%d)", ack.Error.Text, ack.Error.Code)
		switch ack.Error.Code {
		case 10071, 10164:
			return errors.Join(errFence, err)
		case 10002, 10023, 10028, 10047, 10077:
			w.unsure = false
			return errors.Join(errRefused, err)
		}
		return err
	}
	w.last, w.present, w.unsure = ack.Seq, number+uint64(len(group))-1, false
	return nil
}

// mark reads beside an entry who wrote it, from the server that leads the stream.
func (l *Log) mark(ctx context.Context, seq Seq) (mark, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	answer, err := l.nc.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+l.stream, fmt.Appendf(nil, `{"seq":%d}`, seq))
	if err != nil {
		return mark{}, err
	}
	var got struct {
		Message struct {
			Headers []byte `json:"hdrs"`
		} `json:"message"`
		Error *struct {
			Code int    `json:"err_code"`
			Text string `json:"description"`
		} `json:"error"`
	}
	if err := json.Unmarshal(answer.Data, &got); err != nil {
		return mark{}, err
	}
	if got.Error != nil {
		const notFound = 10037
		if got.Error.Code == notFound {
			return mark{}, nil
		}
		return mark{}, fmt.Errorf("%s (%d)", got.Error.Text, got.Error.Code)
	}
	h, err := nats.DecodeHeadersMsg(got.Message.Headers)
	if err != nil {
		return mark{}, nil // somebody else's message: without headers
	}
	m, _ := parseMark(h.Get(numberHeader)) // the same
	return m, nil
}
