package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"lanzha"
)

const (
	// windowEntries and windowBytes bound what the server sends at a request.
	windowEntries = 512
	windowBytes   = 4 << 20
	// answerIn is how long the server may be silent before it is asked again.
	answerIn = 5 * time.Second
	// lookAgain is how often a follower looks without having been told, since
	// what tells it may be lost with a connection.
	lookAgain = 500 * time.Millisecond
)

// Read calls f for the entries from one place to another, both included, in
// order; what retention has removed is skipped. It ends at the last entry there
// is, at to, or at the first error of f, which it returns.
func (l *Log) Read(ctx context.Context, from, to Seq, f func(Entry) error) error {
	r, err := l.newReader()
	if err != nil {
		return l.wrap("stream.Read", err)
	}
	defer r.close()
	for from = max(from, 1); from <= to; {
		next, more, err := r.window(ctx, from, to, f)
		if err != nil {
			return err
		}
		if !more {
			return nil
		}
		from = next
	}
	return nil
}

// Follow calls f for every entry from a place on, in order, and waits for more
// until ctx ends, whose error it returns, or until f fails. It survives that the
// connection or a server of the cluster is lost.
func (l *Log) Follow(ctx context.Context, from Seq, f func(Entry) error) error {
	r, err := l.newReader()
	if err != nil {
		return l.wrap("stream.Follow", err)
	}
	defer r.close()
	told := make(chan *nats.Msg, 1) // the client drops what does not fit, which is fine
	sub, err := l.nc.ChanSubscribe(l.stored, told)
	if err != nil {
		return l.wrap("stream.Follow", err)
	}
	defer func() { _ = sub.Unsubscribe() }() // the connection may be gone
	again := time.NewTimer(lookAgain)
	defer again.Stop()
	for from = max(from, 1); ; {
		next, more, err := r.window(ctx, from, ^Seq(0), f)
		if err != nil && !errors.Is(err, errAway) {
			return err
		}
		from = next
		if more {
			continue
		}
		again.Reset(lookAgain)
		select {
		case <-told:
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-l.ctx.Done():
			return closed("stream.Follow")
		}
	}
}

// errAway is within what a follower gets over by asking again.
var errAway = errors.New("no answer")

// reader asks for windows of the log. The server answers each with entries and
// a mark at their end. There is no consumer on the server whose state could
// stall: what was not answered is asked again.
type reader struct {
	l     *Log
	inbox string
	sub   *nats.Subscription
	asked int
}

func (l *Log) newReader() (*reader, error) {
	r := &reader{l: l, inbox: l.nc.NewRespInbox()}
	var err error
	r.sub, err = l.nc.SubscribeSync(r.inbox + ".*")
	return r, err
}

func (r *reader) close() { _ = r.sub.Unsubscribe() } // the connection may be gone

// window asks for entries from a place on and hands them to f. It returns the
// place to go on from, and whether there is more right now.
func (r *reader) window(ctx context.Context, from, to Seq, f func(Entry) error) (next Seq, more bool, err error) {
	n := Seq(windowEntries)
	if to-from < n {
		n = to - from + 1
	}
	request, err := json.Marshal(struct {
		Seq   Seq `json:"seq"`
		Batch Seq `json:"batch"`
		Bytes int `json:"max_bytes"`
	}{from, n, windowBytes})
	if err != nil {
		return from, false, err
	}
	r.asked++
	reply := r.inbox + "." + strconv.Itoa(r.asked)
	if err := r.l.nc.PublishRequest("$JS.API.DIRECT.GET."+r.l.stream, reply, request); err != nil {
		return from, false, away(err)
	}
	before := "0"
	for {
		m, err := r.next(ctx, reply)
		if err != nil {
			return from, false, err
		}
		switch status := m.Header.Get("Status"); status {
		case "":
		case "204": // the end of the window
			return from, m.Header.Get("Nats-Num-Pending") != "0", nil
		case "404": // nothing from here on
			return from, false, nil
		default:
			return from, false, away(fmt.Errorf("status %s", status))
		}
		if m.Header.Get("Nats-Last-Sequence") != before {
			return from, true, nil // an answer was lost on the way: ask again from here
		}
		before = m.Header.Get("Nats-Sequence")
		e, err := entry(m.Header, m.Data)
		if err != nil {
			return from, false, err
		}
		if e.Seq > to {
			return from, false, nil
		}
		if err := f(e); err != nil {
			return from, false, err
		}
		from = e.Seq + 1
	}
}

func (r *reader) next(ctx context.Context, reply string) (*nats.Msg, error) {
	wait, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	for {
		m, err := r.sub.NextMsgWithContext(wait)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, ctx.Err()
		case r.l.ctx.Err() != nil:
			return nil, closed("stream.Read")
		case err != nil:
			return nil, away(err)
		case m.Subject == reply:
			return m, nil
		}
	}
}

// Headers of an entry. numberHeader is writer.number.micros: which claim wrote
// it, its number within that claim, and when.
const (
	numberHeader = "Lanzha-Entry"
	claimHeader  = "Lanzha-Claim"
)

func entry(h nats.Header, data []byte) (Entry, error) {
	seq, err := strconv.ParseUint(h.Get("Nats-Sequence"), 10, 64)
	if err != nil {
		return Entry{}, lanzha.Internal("stream.Read", fmt.Errorf("an answer without a sequence: %w", err))
	}
	e := Entry{Seq: Seq(seq), Claim: h.Get(claimHeader), Data: data}
	if m, ok := parseMark(h.Get(numberHeader)); ok {
		e.At = m.at
	} else if at, err := time.Parse(time.RFC3339Nano, h.Get("Nats-Time-Stamp")); err == nil {
		e.At = lanzha.At(at)
	}
	return e, nil
}

// mark is what a writer writes beside an entry, so that the entry is known again
// when its acknowledgement was lost.
type mark struct {
	writer string
	number uint64
	at     lanzha.Micros
}

func (m mark) String() string { return fmt.Sprintf("%s.%d.%d", m.writer, m.number, m.at) }

func parseMark(s string) (mark, bool) {
	writer, rest, _ := strings.Cut(s, ".")
	number, at, ok := strings.Cut(rest, ".")
	n, err1 := strconv.ParseUint(number, 10, 64)
	micros, err2 := strconv.ParseInt(at, 10, 64)
	return mark{writer, n, lanzha.Micros(micros)}, ok && err1 == nil && err2 == nil
}

func away(err error) *lanzha.Error {
	return unavailable("stream.Read", "the event log does not answer", errors.Join(errAway, err))
}

func closed(op string) *lanzha.Error {
	return &lanzha.Error{Code: lanzha.CodeUnavailable, Op: op, Message: "the event log is closed"}
}
