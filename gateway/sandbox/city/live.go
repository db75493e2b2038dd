package city

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"lanzha"
	"lanzha/gateway"
	"lanzha/work/feed"
)

// LiveOptions are how a city speaks to a house.
type LiveOptions struct {
	City Options // Begin is the day on which Past lies
	// Base is the house's address, as http://127.0.0.1:9611; Key the API key of
	// an account that may send events.
	Base string
	Key  lanzha.Secret
	// Past is how long ago the events begin, so that there is a life before now.
	Past time.Duration
	// Pace is how many seconds of the city pass in one until it has caught up
	// with the clock, 1 or more; from then on it is the clock.
	Pace float64
	Now  func() time.Time
	// Pause waits; it returns early with the context's error.
	Pause func(ctx context.Context, d time.Duration) error
	// Tell is told now and then how far it is; nil is nobody.
	Tell func(LiveState)
}

// LiveState is how far a live city is.
type LiveState struct {
	At     time.Time // of the city
	Events int       // taken by the house so far
}

const (
	tick     = time.Second     // between two sendings
	patience = 2 * time.Second // before a sending that failed is repeated
	stride   = 5 * time.Minute // of the city's time, at most, in one sending
	sending  = 30 * time.Second
)

// Live sends the events of a city to a house over its feed, kind by kind, as
// they fall due: what lies in the past at a quick pace, the rest as it happens.
// It ends with the city's time or with ctx. A house that is not there is tried
// again with the same Idempotency-Key, so that nothing is taken twice; one that
// refuses is an error.
func Live(ctx context.Context, o LiveOptions) error {
	start := o.Now()
	o.City.Begin = start.Add(-o.Past)
	c, err := New(o.City)
	if err != nil {
		return err
	}
	l := &live{LiveOptions: o, start: start, from: time.UnixMicro(c.begin).In(Zone)}
	if first := start.Add(-o.Past); l.from.Before(first) {
		l.from = first
	}
	l.until = l.from
	for more := true; more; {
		var failed error
		more = c.Hour(func(e Event) {
			if failed == nil {
				failed = l.take(ctx, e)
			}
		})
		if failed != nil {
			return failed
		}
	}
	return l.send(ctx)
}

// live is a city on its way.
type live struct {
	LiveOptions
	start time.Time // of the clock, when it began
	from  time.Time // of the city
	until time.Time // what lies before it is due
	text  [len(files)]bytes.Buffer
	held  [len(files)]int
	state LiveState
	sent  int
}

// take waits until an event is due.
func (l *live) take(ctx context.Context, e Event) error {
	at := e.At()
	if at.Before(l.from) {
		return nil
	}
	for !at.Before(l.until) {
		if err := l.send(ctx); err != nil {
			return err
		}
		if err := l.wait(ctx); err != nil {
			return err
		}
	}
	text := &l.text[e.Kind]
	if l.held[e.Kind] == 0 {
		text.Reset()
		text.WriteString(Header(e.Kind, false))
	}
	text.Write(e.Append(text.AvailableBuffer(), false))
	l.held[e.Kind]++
	l.state.At = at
	return nil
}

// wait moves on what is due.
func (l *live) wait(ctx context.Context) error {
	now := l.Now()
	due := l.from.Add(time.Duration(float64(now.Sub(l.start)) * l.Pace))
	if due.After(now) {
		due = now
	}
	if next := l.until.Add(stride); due.After(next) {
		l.until = next // it lags: go on at once, in bites
		return ctx.Err()
	}
	l.until = due
	return l.Pause(ctx, tick)
}

// send sends what is held, a request for each kind.
func (l *live) send(ctx context.Context) error {
	for _, kind := range order {
		if l.held[kind] == 0 {
			continue
		}
		l.sent++
		key := fmt.Sprintf("city-%d-%d-%d", l.City.Seed, l.start.Unix(), l.sent)
		for {
			err := l.post(ctx, kind, key)
			if err == nil {
				break
			}
			if e, ok := errors.AsType[*lanzha.Error](err); ok && e.Code != lanzha.CodeUnavailable {
				return err
			}
			if err := l.Pause(ctx, patience); err != nil {
				return err
			}
		}
		l.state.Events += l.held[kind]
		l.held[kind] = 0
	}
	if l.Tell != nil {
		l.Tell(l.state)
	}
	return ctx.Err()
}

func (l *live) post(ctx context.Context, kind feed.Kind, key string) error {
	ctx, cancel := context.WithTimeout(ctx, sending)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.Base+"/api/v1/feeds/"+kind.String(), bytes.NewReader(l.text[kind].Bytes()))
	if err != nil {
		return lanzha.Invalid("base", "not a URL")
	}
	req.Header.Set("Content-Type", "text/csv")
	req.Header.Set("Authorization", "Bearer "+string(l.Key))
	req.Header.Set("Idempotency-Key", key)
	reply, err := gateway.Exchange(http.DefaultClient, req)
	switch {
	case err != nil:
		return &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "the house is not there", Err: err}
	case reply.Status >= 500 || reply.Status == http.StatusTooManyRequests:
		return &lanzha.Error{Code: lanzha.CodeUnavailable, Message: fmt.Sprintf("the house answered events with status %d", reply.Status)}
	case reply.Status >= 300:
		return &lanzha.Error{Code: lanzha.CodeInvalid, Message: fmt.Sprintf("the house refused %s events with status %d", kind, reply.Status), Hint: "may the account of the key send events?"}
	}
	return nil
}
