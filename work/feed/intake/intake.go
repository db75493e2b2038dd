// Package intake is where events come in: over HTTP, from files, over NATS. It
// has them decoded by feed, puts what was refused among the dead letters, and
// the rest into the event log; who sent is told what became of each record. It
// judges no event and keeps none: events stand in the log alone.
package intake

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
	"lanzha/work/feed"
)

// Channel is the way on which events came in.
type Channel string

// The channels.
const (
	HTTP     Channel = "http"
	File     Channel = "file"
	NATS     Channel = "nats"
	ISO20022 Channel = "iso20022"
)

// Sender is who sends events, and the scope in which their letters stand.
type Sender struct {
	Account     lanzha.ID // "" is nobody in person
	Institution lanzha.ID // "" is the centre itself
	Region      lanzha.Region
}

// Origin is where events come from.
type Origin struct {
	Sender
	Channel Channel
	Name    string    // of the file; "" is none
	Load    lanzha.ID // "" is none
	Source  string    // of the log's header: what comes again is taken once; "" is taken every time
}

// Desk takes events in. Its fields are set before it is mounted.
type Desk struct {
	DB      *sqldb.DB
	Vault   *vault.Vault
	Journal *journal.Journal
	IDs     *lanzha.IDs
	Now     func() time.Time
	Log     feed.Log
	Region  lanzha.Region // the centre's: of senders that have none
	Logger  *slog.Logger  // nil is silent; it is told of no record

	rates rates
}

func (d *Desk) store() *store { return &store{d.Vault} }

// sender is who acts in ctx.
func (d *Desk) sender(ctx context.Context) Sender {
	actor, _ := auth.ActorFrom(ctx)
	s := Sender{actor.ID, actor.Institution, actor.Region}
	if s.Region == "" {
		s.Region = d.Region
	}
	return s
}

// Refused is a record that was not taken, as its sender is told.
type Refused struct {
	Row    int    `json:"row" doc:"record of what was sent; of CSV the first after the header is 2"`
	Field  string `json:"field" doc:"column; empty when the record as a whole is wrong"`
	Reason string `json:"reason"`
}

// Taken is what became of what was sent.
type Taken struct {
	Taken   int64     `json:"taken" doc:"records that stand in the event log"`
	Skipped int64     `json:"skipped" doc:"records that the mapping leaves out"`
	Count   int64     `json:"refusedCount" doc:"records refused; they stand among the dead letters"`
	Refused []Refused `json:"refused" doc:"which, where and why: the first thousand"`
	Again   bool      `json:"again" doc:"all of it was taken before and nothing was written"`

	fresh bool // something was written
}

// InChinese says why records were refused.
func (t Taken) InChinese() any {
	t.Refused = slices.Clone(t.Refused)
	for i := range t.Refused {
		t.Refused[i].Reason = api.Chinese(t.Refused[i].Reason)
	}
	return t
}

// maxTold is how many refusals a sender is told of.
const maxTold = 1000

// add adds what became of a part.
func (t *Taken) add(part *Taken) {
	t.Taken, t.Skipped, t.Count = t.Taken+part.Taken, t.Skipped+part.Skipped, t.Count+part.Count
	t.Refused = append(t.Refused, part.Refused[:min(len(part.Refused), maxTold-len(t.Refused))]...)
	t.fresh = t.fresh || part.fresh
	t.Again = t.Taken > 0 && !t.fresh
}

// Take takes a file to its end, behind a record of it. done is called when a
// part is in the log, with the record that it ends with.
func (d *Desk) Take(ctx context.Context, from Origin, s *feed.Source, after int, done func(part *Taken, last int) error) (*Taken, error) {
	out := &Taken{Refused: []Refused{}}
	parts := feed.NewParts(s, after)
	b := &feed.Batch{}
	for {
		last, err := parts.Next(b)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		var part *Taken
		if err == nil {
			part, err = d.put(ctx, from, s.Form(), b, last)
		}
		if err == nil && done != nil {
			err = done(part, last)
		}
		if err != nil {
			return out, behind(err, out)
		}
		out.add(part)
	}
}

// behind says how much was taken before an error, so that nobody sends it twice.
func behind(err error, out *Taken) error {
	e, ok := errors.AsType[*lanzha.Error](err)
	if !ok || out.Taken+out.Count == 0 {
		return err
	}
	told := *e
	told.Hint = "a part was taken before this; send all of it again with the same Idempotency-Key, or go on with the load, and nothing is taken twice"
	return &told
}

// Put takes a batch that was decoded elsewhere; number grows with each of one
// source. The batch must not be used after an error.
func (d *Desk) Put(ctx context.Context, from Origin, b *feed.Batch, number int64) (*Taken, error) {
	return d.put(ctx, from, feed.Form{Kind: b.Kind(), Format: feed.NDJSON}, b, int(number))
}

// put writes the letters of a batch first and its events then: what is cut off
// between the two comes again, and its letters are known.
func (d *Desk) put(ctx context.Context, from Origin, form feed.Form, b *feed.Batch, number int) (*Taken, error) {
	out := &Taken{Skipped: int64(b.Skipped), Count: int64(len(b.Refused)), Refused: []Refused{}}
	kind := b.Kind()
	for i := range b.Events {
		if !b.Events[i].Refused {
			out.Taken++
		}
	}
	for _, r := range b.Refused[:min(len(b.Refused), maxTold)] {
		out.Refused = append(out.Refused, Refused{r.Row, r.Field, r.Reason})
	}
	if len(b.Refused) > 0 {
		if err := d.Keep(ctx, from, form, b.Refused); err != nil {
			return nil, err
		}
	}
	if out.Taken > 0 {
		var err error
		if out.fresh, err = d.Log.Append(ctx, kind, b, feed.Header{Source: from.Source, Number: int64(number)}); err != nil {
			return nil, err
		}
		out.Again = !out.fresh
	}
	if !out.Again {
		d.Count(from.Channel, from.Institution, kind, out.Taken, out.Count)
	}
	return out, nil
}
