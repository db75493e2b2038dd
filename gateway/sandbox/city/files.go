package city

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lanzha"
	"lanzha/work/feed"
)

// files are the names of what Write writes.
var files = [...]string{feed.Call: "calls.csv", feed.Message: "messages.csv", feed.Transfer: "transfers.csv", feed.Registration: "registrations.csv"}

// Written says what Write wrote.
type Written struct {
	Calls         int `json:"calls"`
	Messages      int `json:"messages"`
	Transfers     int `json:"transfers"`
	Registrations int `json:"registrations"`
	Cases         int `json:"cases"`
	LookAlikes    int `json:"look_alikes"`
}

// Write lives the city's time and writes its events into a folder, one file
// of canonical CSV a kind, and truth.json. labels adds the columns outcome and
// known, as they will be known a day after each event.
func (c *City) Write(ctx context.Context, dir string, labels bool) (w Written, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return w, unwritable(err)
	}
	var out [len(files)]*bufio.Writer
	for _, kind := range feed.Kinds() {
		f, err := os.Create(filepath.Join(dir, files[kind]))
		if err != nil {
			return w, unwritable(err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out[kind] = bufio.NewWriterSize(f, 256<<10)
		if _, err := out[kind].WriteString(Header(kind, labels)); err != nil {
			return w, unwritable(err)
		}
	}
	var line []byte
	for {
		var failed error
		more := c.Hour(func(e Event) {
			line = e.Append(line[:0], labels)
			if _, err := out[e.Kind].Write(line); err != nil && failed == nil {
				failed = err
			}
		})
		if failed != nil {
			return w, unwritable(failed)
		}
		if err := ctx.Err(); err != nil {
			return w, err
		}
		if !more {
			break
		}
	}
	for _, kind := range feed.Kinds() {
		if err := out[kind].Flush(); err != nil {
			return w, unwritable(err)
		}
	}
	text, err := json.MarshalIndent(c.truth, "", " ")
	if err != nil {
		return w, lanzha.Internal("city.Write", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "truth.json"), append(text, '\n'), 0o644); err != nil {
		return w, unwritable(err)
	}
	return Written{
		Calls: c.counts[feed.Call], Messages: c.counts[feed.Message], Transfers: c.counts[feed.Transfer], Registrations: c.counts[feed.Registration],
		Cases: len(c.truth.Cases), LookAlikes: len(c.truth.LookAlikes),
	}, nil
}

func unwritable(err error) error {
	return &lanzha.Error{Code: lanzha.CodeUnavailable, Field: "output", Message: "the folder cannot be written", Hint: "is there room, and may you write there?", Err: err}
}

// Part is events of one kind that follow each other in time.
type Part struct {
	Kind   feed.Kind
	Batch  *feed.Batch // good until the next part
	Events []Event     // the same events
}

// slice is how much of the city's time a part covers. Parts of one slice
// follow each other by kind, so an event may stand behind one of another kind
// that is up to so much later.
const slice = time.Minute

// Parts lives the city's time and hands out its events as batches, one of each
// kind for every minute in which something of the kind happened.
func (c *City) Parts(ctx context.Context, give func(Part) error) error {
	var builders [len(files)]*feed.Builder
	for _, kind := range order {
		builders[kind] = feed.NewBuilder(kind)
	}
	for more := true; more; {
		var held [len(files)][]Event
		end := int64(0)
		flush := func() error {
			for _, kind := range order {
				if len(held[kind]) == 0 {
					continue
				}
				b := builders[kind]
				b.Reset()
				for _, e := range held[kind] {
					if !e.put(b) {
						return lanzha.Internal("city.Parts", fmt.Errorf("%s is refused: %s", e.ID(), b.Batch().Refused[0].Reason))
					}
				}
				if err := give(Part{Kind: kind, Batch: b.Batch(), Events: held[kind]}); err != nil {
					return err
				}
				held[kind] = held[kind][:0]
			}
			return nil
		}
		var failed error
		more = c.Hour(func(e Event) {
			if e.event.at >= end {
				if failed == nil {
					failed = flush()
				}
				end = e.event.at - e.event.at%slice.Microseconds() + slice.Microseconds()
			}
			held[e.Kind] = append(held[e.Kind], e)
		})
		if failed == nil {
			failed = flush()
		}
		if failed != nil {
			return failed
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// order is that of the kinds within a slice: a line or an account is there
// before it is used, and a call before the payment that it leads to.
var order = [...]feed.Kind{feed.Registration, feed.Call, feed.Message, feed.Transfer}

// field finds a field that is there.
func field(kind feed.Kind, name string) feed.Field {
	f, ok := kind.Field(name)
	if !ok {
		panic("city: a " + kind.String() + " has no " + name)
	}
	return f
}

// columns are the fields behind id and time, in the order of the headers.
var columns = func() (out [len(files)][]feed.Field) {
	for _, kind := range feed.Kinds() {
		for _, name := range strings.Split(headers[kind], ",") {
			out[kind] = append(out[kind], field(kind, name))
		}
	}
	return out
}()

// put adds the event to a batch.
func (e Event) put(b *feed.Builder) bool {
	x, f := e.event, columns[e.Kind]
	text := func(i int, s string) feed.Value { return feed.Value{Field: f[i], Text: s} }
	id := text(0, e.ID())
	at := x.at / 1000 * 1000 // files have milliseconds
	switch e.Kind {
	case feed.Call:
		answered := int64(0)
		if x.yes {
			answered = 1
		}
		return b.Put(at, id, text(2, x.a), text(3, x.b), feed.Value{Field: f[4], Num: x.n}, feed.Value{Field: f[5], Num: answered},
			text(6, x.imei), text(7, x.imsi), text(8, x.cell), text(9, x.phone), text(10, x.person))
	case feed.Message:
		return b.Put(at, id, text(2, x.a), text(3, x.b), text(4, x.word), text(5, x.imei), text(6, x.cell), text(7, x.person))
	case feed.Transfer:
		return b.Put(at, id, text(2, x.a), text(3, x.b), feed.Value{Field: f[4], Num: x.n}, text(5, "CNY"), text(6, x.word), text(7, x.phone), text(8, x.person))
	}
	return b.Put(at, id, text(2, x.word), text(3, x.a), text(4, x.b), text(5, x.outlet), text(6, x.imei), text(7, x.cell), text(8, x.person))
}
