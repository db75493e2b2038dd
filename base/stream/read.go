package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"lanzha"
)

var (
	// windowMessages and windowBytes bound what the server sends at a request.
	windowMessages uint64 = 512
	windowBytes           = 4 << 20
)

const (
	// answerIn is how long the server may be silent before it is asked again, as it
	// is when a cluster loses a server. To ask twice does no harm.
	answerIn = 2 * time.Second
	// lookAgain is how often a follower looks without having been told, since
	// what tells it is lost with a connection.
	lookAgain = 500 * time.Millisecond
)

// Read calls f for the entries from one place to another, both included, in
// order; what retention has removed is skipped. It ends at to, at the last entry
// there is, or at the first error of f, which it returns.
func (l *Log) Read(ctx context.Context, from, to Seq, f func(Entry) error) error {
	r, err := l.newReader()
	if err != nil {
		return l.wrap("stream.Read", err)
	}
	defer r.close()
	for more := true; more && from <= to; {
		if from, more, err = r.window(ctx, from, to, f); err != nil {
			return err
		}
	}
	return nil
}

// Follow calls f for every entry from a place on, in order, and waits for more
// until ctx ends, whose error it returns, or until f fails. It outlives lost
// connections and lost servers of a cluster.
func (l *Log) Follow(ctx context.Context, from Seq, f func(Entry) error) error {
	r, err := l.newReader()
	if err != nil {
		return l.wrap("stream.Follow", err)
	}
	defer r.close()
	told := make(chan struct{}, 1)
	sub, err := l.nc.Subscribe(l.stored, func(*nats.Msg) {
		select {
		case told <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return l.wrap("stream.Follow", err)
	}
	defer func() { _ = sub.Unsubscribe() }() // the connection may be gone
	again := time.NewTimer(lookAgain)
	defer again.Stop()
	for {
		var more bool
		from, more, err = r.window(ctx, from, ^Seq(0), f)
		if err != nil && !errors.Is(err, errAway) {
			return err
		}
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

func away(err error) *lanzha.Error {
	return silent("stream.Read", errors.Join(errAway, err))
}

// reader asks for windows of the log. The server answers each with messages and
// a sign of their end. It keeps no consumer on the server, whose state could
// stall: what was not answered is asked again.
type reader struct {
	l       *Log
	inbox   string
	sub     *nats.Subscription
	asked   int
	entries []Entry
}

func (l *Log) newReader() (*reader, error) {
	r := &reader{l: l, inbox: l.nc.NewRespInbox()}
	var err error
	r.sub, err = l.nc.SubscribeSync(r.inbox + ".*")
	return r, err
}

func (r *reader) close() { _ = r.sub.Unsubscribe() } // the connection may be gone

// window asks for messages from a place on and hands their entries to f. It
// returns the place to go on from, and whether there is more right now.
func (r *reader) window(ctx context.Context, from, to Seq, f func(Entry) error) (next Seq, more bool, err error) {
	if err := ctx.Err(); err != nil {
		return from, false, err
	}
	from = max(from, 1)
	n := windowMessages
	if last := message(to); to < ^Seq(0)-frameEntries {
		n = min(n, last-message(from)+1)
	}
	request, err := json.Marshal(struct {
		Seq   uint64 `json:"seq"`
		Batch uint64 `json:"batch"`
		Bytes int    `json:"max_bytes"`
	}{message(from), n, windowBytes})
	if err != nil {
		return from, false, lanzha.Internal("stream.Read", err)
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
			return from, from <= to && m.Header.Get("Nats-Num-Pending") != "0", nil
		case "404": // nothing from here on
			return from, false, nil
		default:
			return from, false, away(fmt.Errorf("status %s", status))
		}
		if m.Header.Get("Nats-Last-Sequence") != before {
			return from, true, nil // an answer was lost on the way: ask again from here
		}
		before = m.Header.Get("Nats-Sequence")
		at, err := strconv.ParseUint(before, 10, 64)
		if err != nil {
			return from, false, away(err)
		}
		if r.entries, err = entries(r.entries[:0], at, m.Data); errors.Is(err, errForeign) {
			r.l.o.Log.Warn("event log: a message of somebody else on its subject is skipped", "seq", at)
			from = end(at) + 1
			continue
		} else if err != nil {
			return from, false, lanzha.Internal("stream.Read", err)
		}
		for _, e := range r.entries {
			if e.Seq < from || e.Seq > to {
				continue
			}
			if err := f(e); err != nil {
				return from, false, err
			}
			from = e.Seq + 1
		}
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

func closed(op string) *lanzha.Error {
	return &lanzha.Error{Code: lanzha.CodeUnavailable, Op: op, Message: "the event log is closed"}
}
