// Package outbox keeps whatever is owed later or to the outside: deadlines and
// sendings. What is owed is a row, written in the transaction that decided it,
// so that no crash forgets it. An attempt that may have reached the other side
// is repeated with the same key. Nothing promises more than the other side can
// keep: delivery is at least once, and the key tells repeats apart.
package outbox

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the outbox's tables.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "outbox", Files: files} }

// Item is one thing owed.
type Item struct {
	ID       lanzha.ID // set by Owe
	Key      string    // unique for good; carried by every attempt
	Kind     string    // names the handler: "lookup.send"
	Lane     string    // the bulkhead: the institution's ID for a sending, "deadline" for a clock
	Record   lanzha.ID // the record that owes it
	DueAt    time.Time // not before this
	Payload  any       // small JSON; nil is {}
	Attempts int       // how often it was tried, this attempt included; set when handled
	Started  time.Time // when this attempt began; set when handled

	payload []byte
}

// Into decodes the payload of an item that is being handled.
func (it Item) Into(v any) error {
	if err := json.Unmarshal(it.payload, v); err != nil {
		return lanzha.Internal("outbox.Into", err)
	}
	return nil
}

// Effect is what a handled item changes; it runs in the transaction that marks
// the item done, and only if nobody else has ended the item meanwhile. It may
// be nil.
type Effect func(ctx context.Context, tx *sqldb.Tx) error

// Handler fulfils an item. An error means that it is still owed: it is tried
// again after a back-off, with the same key. An effect that says conflict has
// been overtaken: nothing of it is kept, and the item counts as done.
type Handler func(ctx context.Context, it Item) (Effect, error)

// Options tune the worker; the zero value is what ships.
type Options struct {
	LaneWidth int           // attempts at once in one lane; 0 means 128
	Timeout   time.Duration // how long one attempt may take; 0 means 2 minutes
	Lease     time.Duration // how long a killed process's items wait for another; 0 means 15 s; renewed while an attempt runs
	MaxTries  int           // failures before an item is dead; 0 means 12, about half an hour of back-off
	Backoff   time.Duration // wait after the first failure, doubled each time up to 5 minutes; 0 means 1 s
	Poll      time.Duration // how late work of another process or a passing clock is noticed; 0 means 100 ms

	// Sent, when set, is called after each handler returns and before its
	// effect commits. Crash tests end the process there.
	Sent func(Item)
}

// Outbox owes and fulfils. One per process and database.
type Outbox struct {
	db       *sqldb.DB
	now      func() time.Time
	ids      *lanzha.IDs
	o        Options
	handlers map[string]Handler
	wake     chan struct{}

	mu      sync.Mutex
	busy    map[string]int     // attempts running, by lane
	running map[lanzha.ID]Item // the same, by ID
}

// New makes the outbox of a database.
func New(db *sqldb.DB, now func() time.Time, ids *lanzha.IDs, o Options) *Outbox {
	defaults := Options{LaneWidth: 128, Timeout: 2 * time.Minute, Lease: 15 * time.Second, MaxTries: 12, Backoff: time.Second, Poll: 100 * time.Millisecond}
	if o.LaneWidth == 0 {
		o.LaneWidth = defaults.LaneWidth
	}
	if o.Timeout == 0 {
		o.Timeout = defaults.Timeout
	}
	if o.Lease == 0 {
		o.Lease = defaults.Lease
	}
	if o.MaxTries == 0 {
		o.MaxTries = defaults.MaxTries
	}
	if o.Backoff == 0 {
		o.Backoff = defaults.Backoff
	}
	if o.Poll == 0 {
		o.Poll = defaults.Poll
	}
	return &Outbox{
		db: db, now: now, ids: ids, o: o, handlers: map[string]Handler{}, wake: make(chan struct{}, 1),
		busy: map[string]int{}, running: map[lanzha.ID]Item{},
	}
}

// Handle registers the handler of a kind, before Run.
func (b *Outbox) Handle(kind string, h Handler) { b.handlers[kind] = h }

// Owe records items in tx. An item whose key is known already is left as it
// is: what is owed once is owed once.
func (b *Outbox) Owe(ctx context.Context, tx *sqldb.Tx, items ...Item) error {
	if len(items) == 0 {
		return nil
	}
	query, args := "", []any{}
	for _, it := range items {
		payload := []byte("{}")
		if it.Payload != nil {
			var err error
			if payload, err = json.Marshal(it.Payload); err != nil {
				return lanzha.Internal("outbox.Owe", err)
			}
		}
		n := len(args)
		query += fmt.Sprintf(", ($%d, $%d, $%d, $%d, $%d, 'owed', $%d, $%d, 0, $%d, 0)", n+1, n+2, n+3, n+4, n+5, n+6, n+6, n+7)
		args = append(args, string(b.ids.Next()), it.Key, it.Kind, it.Lane, string(it.Record), int64(lanzha.At(it.DueAt)), string(payload))
	}
	tx.After(b.nudge)
	return sqldb.Later(ctx, tx, `INSERT INTO outbox (id, key, kind, lane, record, state, due_at, next_at, attempts, payload, finished_at)
		VALUES `+query[2:]+` ON CONFLICT (key) DO NOTHING`, args...)
}

// Forgive ends what is owed under the keys without an attempt: the deadline of
// a question that has been answered.
func (b *Outbox) Forgive(ctx context.Context, tx *sqldb.Tx, keys ...string) error {
	places, args := "", []any{int64(lanzha.At(b.now()))}
	for _, key := range keys {
		args = append(args, key)
		places += fmt.Sprintf(", $%d", len(args))
	}
	if places == "" {
		return nil
	}
	return sqldb.Later(ctx, tx, `UPDATE outbox SET state = 'forgiven', finished_at = $1 WHERE key IN (`+places[2:]+`) AND state = 'owed'`, args...)
}

// Revive makes a dead item owed again, at once; it gets one more attempt.
func (b *Outbox) Revive(ctx context.Context, tx *sqldb.Tx, id lanzha.ID) error {
	n, err := sqldb.Exec(ctx, tx, `UPDATE outbox SET state = 'owed', next_at = $1, finished_at = 0 WHERE id = $2 AND state = 'dead'`,
		int64(lanzha.At(b.now())), string(id))
	if err == nil && n == 0 {
		return lanzha.NotFound("dead item")
	}
	tx.After(b.nudge)
	return err
}

// Resume makes every item that was under way or waiting for its next attempt
// due as it was at first, after a restore: what a worker of the old database
// sent is sent again with the same key. It returns how many those were.
func Resume(ctx context.Context, tx *sqldb.Tx) (int64, error) {
	return sqldb.Exec(ctx, tx, `UPDATE outbox SET next_at = due_at WHERE state = 'owed' AND next_at > due_at`)
}

// Attempt is one try as it was recorded.
type Attempt struct {
	Key            string
	Kind           string
	N              int
	Started, Ended time.Time
	Error          string // empty when it went well
}

// Attempts lists all tries at what a record owes, in order.
func (b *Outbox) Attempts(ctx context.Context, record lanzha.ID) ([]Attempt, error) {
	return sqldb.All(ctx, b.db.Read(), func(s sqldb.Scanner) (Attempt, error) {
		var a Attempt
		var started, ended int64
		err := s.Scan(&a.Key, &a.Kind, &a.N, &started, &ended, &a.Error)
		a.Started, a.Ended = lanzha.Micros(started).Time(), lanzha.Micros(ended).Time()
		return a, err
	}, `SELECT o.key, o.kind, a.n, a.started_at, a.ended_at, a.error FROM outbox o JOIN outbox_attempt a ON a.item = o.id
		WHERE o.record = $1 ORDER BY a.started_at, a.n`, string(record))
}

// Dead counts the items given up.
func (b *Outbox) Dead(ctx context.Context) (int64, error) {
	return sqldb.One(ctx, b.db.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM outbox WHERE state = 'dead'`)
}

func (b *Outbox) nudge() {
	select {
	case b.wake <- struct{}{}:
	default: // woken already
	}
}

// reason is the text of an error as it may be kept: an error of ours without
// its wrapped cause, which may quote what the other side sent.
func reason(err error) string {
	if e, ok := errors.AsType[*lanzha.Error](err); ok {
		return strings.TrimSpace(string(e.Code) + ": " + e.Message)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "unavailable: no answer in time"
	}
	return "internal: the attempt failed"
}
