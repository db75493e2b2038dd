package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"lanzha"
	"lanzha/base/api"
	"lanzha/work/feed"
)

// Subject is where events are sent over NATS: lanzha.feed.call and so on.
const Subject = "lanzha.feed."

// Bus is a NATS server or cluster of others on which events come in.
type Bus struct {
	URL         string
	Credentials string // file, as nsc writes it; "" connects without
}

const (
	busWorkers  = 4                // messages that are taken at once
	busWaiting  = 256              // messages that wait; more are lost, and their sender has no answer
	busPatience = 30 * time.Second // how long one may take
)

// Follow takes events from a bus until ctx ends, and then those that are under
// way to their end. Processes that follow the same bus share what comes.
func (d *Desk) Follow(ctx context.Context, bus Bus) error {
	options := []nats.Option{
		nats.Name("lanzha"), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true), nats.ReconnectWait(2 * time.Second),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { d.warn("events over NATS", err) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { d.warn("the connection to NATS is lost", err) }),
	}
	if bus.Credentials != "" {
		options = append(options, nats.UserCredentials(bus.Credentials))
	}
	c, err := nats.Connect(bus.URL, options...)
	if err != nil {
		return &lanzha.Error{Code: lanzha.CodeInvalid, Field: "feed.nats", Message: "the NATS server cannot be used", Hint: "check the address and the credentials", Err: err}
	}
	defer c.Close()
	waiting := make(chan *nats.Msg, busWaiting)
	sub, err := c.ChanQueueSubscribe(Subject+"*", "lanzha", waiting)
	if err != nil {
		return lanzha.Internal("intake.Follow", err)
	}
	var workers sync.WaitGroup
	for range busWorkers {
		workers.Go(func() {
			for m := range waiting {
				d.message(context.WithoutCancel(ctx), m)
			}
		})
	}
	<-ctx.Done()
	err = sub.Unsubscribe()
	close(waiting)
	workers.Wait()
	return errors.Join(err, c.FlushTimeout(5*time.Second))
}

func (d *Desk) warn(what string, err error) {
	if d.Logger != nil && err != nil {
		d.Logger.Warn(what, "err", err)
	}
}

// message takes the events of a message and answers its sender.
func (d *Desk) message(ctx context.Context, m *nats.Msg) {
	ctx, cancel := context.WithTimeout(ctx, busPatience)
	defer cancel()
	var answer any
	out, err := d.fromBus(ctx, m)
	if answer = out; err != nil {
		answer = api.Problemize(err)
		if lanzha.CodeOf(err) == lanzha.CodeInternal || m.Reply == "" {
			d.warn("a message of events was not taken", err)
		}
	}
	if m.Reply == "" {
		return
	}
	text, err := json.Marshal(answer)
	if err == nil {
		err = m.Respond(text)
	}
	d.warn("an answer over NATS", err)
}

func (d *Desk) fromBus(ctx context.Context, m *nats.Msg) (*Taken, error) {
	kind, err := feed.ParseKind(strings.TrimPrefix(m.Subject, Subject))
	if err != nil {
		return nil, err
	}
	from := Origin{Sender: Sender{Region: d.Region}, Channel: NATS}
	if id := m.Header.Get(nats.MsgIdHdr); id != "" {
		sum := sha256.Sum256(m.Data)
		from.Source = "nats/" + id + "/" + hex.EncodeToString(sum[:12])
	}
	s, done, err := open(kind, m.Header.Get("Content-Type"), m.Header.Get("Content-Encoding"), m.Data)
	if err != nil {
		return nil, err
	}
	defer done()
	return d.Take(ctx, from, s, 0, nil)
}
