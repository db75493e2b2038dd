package outbox

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
)

// Run fulfils what is due until ctx ends, then waits for the attempts that are
// under way. A process that is killed leaves its items leased: on PostgreSQL
// another takes them when the lease ends, on SQLite, where there is no other,
// the next start does at once.
func (b *Outbox) Run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { b.renew(ctx) })
	orphans := b.db.Dialect == sqldb.SQLite
	for {
		var claimed []Item
		var err error
		if orphans {
			err = b.adopt(ctx)
			orphans = err != nil
		}
		if err == nil {
			claimed, err = b.claim(ctx)
		}
		// What was claimed is tried even when ctx has just ended: the attempt
		// hands it back.
		for _, it := range claimed {
			group.Go(func() {
				b.attempt(ctx, it)
				b.leave(it)
			})
		}
		if ctx.Err() != nil {
			return nil
		}
		pause := b.o.Poll
		if err != nil {
			pause = time.Second // the database is away: what is owed stays owed
		} else if len(claimed) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-b.wake:
		case <-time.After(pause):
		}
	}
}

// adopt makes what a killed process had leased due now. A lease shows as an
// attempt that was begun and has no record of its end.
func (b *Outbox) adopt(ctx context.Context) error {
	return b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := sqldb.Exec(ctx, tx, `UPDATE outbox SET next_at = $1 WHERE state = 'owed' AND next_at > $1 AND attempts > 0
			AND NOT EXISTS (SELECT 1 FROM outbox_attempt a WHERE a.item = outbox.id AND a.n = outbox.attempts)`, int64(lanzha.At(b.now())))
		return err
	})
}

// renew prolongs the leases of the attempts under way. One that fails to is no
// worse than a killed process: another may try the item too, and what ends
// first counts.
func (b *Outbox) renew(ctx context.Context) {
	every := time.NewTicker(b.o.Lease / 3)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		b.mu.Lock()
		held := slices.Collect(maps.Values(b.running))
		b.mu.Unlock()
		if len(held) == 0 {
			continue
		}
		_ = b.db.Tx(ctx, func(tx *sqldb.Tx) error { // tried again with the next tick
			for _, it := range held {
				if _, err := sqldb.Exec(ctx, tx, `UPDATE outbox SET next_at = $1 WHERE id = $2 AND state = 'owed' AND attempts = $3`,
					int64(lanzha.At(b.now().Add(b.o.Lease))), string(it.ID), it.Attempts); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func (b *Outbox) leave(it Item) {
	b.mu.Lock()
	lane := it.Lane
	full := b.busy[lane] >= b.o.LaneWidth
	b.busy[lane]--
	delete(b.running, it.ID)
	b.mu.Unlock()
	if full {
		b.nudge() // others of the lane were waiting for room
	}
}

// claim leases due items lane by lane, as many as each has room for.
func (b *Outbox) claim(ctx context.Context) ([]Item, error) {
	now := b.now()
	lanes, err := b.dueLanes(ctx, now)
	if err != nil || len(lanes) == 0 {
		return nil, err
	}
	room := map[string]int{}
	b.mu.Lock()
	for _, lane := range lanes {
		if free := b.o.LaneWidth - b.busy[lane]; free > 0 {
			room[lane] = free
		}
	}
	b.mu.Unlock()
	if len(room) == 0 {
		return nil, nil
	}
	var claimed []Item
	err = b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		claimed = claimed[:0]
		for lane, free := range room {
			items, err := b.lease(ctx, tx, lane, free, now)
			if err != nil {
				return err
			}
			claimed = append(claimed, items...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	for _, it := range claimed {
		b.busy[it.Lane]++
		b.running[it.ID] = it
	}
	b.mu.Unlock()
	return claimed, nil
}

// dueLanes hops from lane to lane along the index, so that a lane with a
// hundred thousand items costs no more than one with a single item.
func (b *Outbox) dueLanes(ctx context.Context, now time.Time) ([]string, error) {
	return sqldb.All(ctx, b.db.Read(), sqldb.Value[string], `
		WITH RECURSIVE lanes (lane) AS (
			SELECT (SELECT min(lane) FROM outbox WHERE state = 'owed')
			UNION ALL
			SELECT (SELECT min(o.lane) FROM outbox o WHERE o.state = 'owed' AND o.lane > lanes.lane) FROM lanes WHERE lanes.lane IS NOT NULL
		)
		SELECT lane FROM lanes WHERE lane IS NOT NULL
			AND EXISTS (SELECT 1 FROM outbox o WHERE o.state = 'owed' AND o.lane = lanes.lane AND o.next_at <= $1)`,
		int64(lanzha.At(now)))
}

// lease takes items by moving next_at to the end of the lease. The outer
// condition on next_at makes two processes that choose the same rows safe: the
// second finds them moved.
func (b *Outbox) lease(ctx context.Context, tx *sqldb.Tx, lane string, limit int, now time.Time) ([]Item, error) {
	skip := ""
	if tx.Dialect == sqldb.Postgres {
		skip = " FOR UPDATE SKIP LOCKED"
	}
	return sqldb.All(ctx, tx, func(s sqldb.Scanner) (Item, error) {
		it := Item{Started: now}
		var due int64
		var payload string
		err := s.Scan(&it.ID, &it.Key, &it.Kind, &it.Lane, &it.Record, &due, &it.Attempts, &payload)
		it.DueAt, it.payload = lanzha.Micros(due).Time(), []byte(payload)
		return it, err
	}, `UPDATE outbox SET next_at = $1, attempts = attempts + 1 WHERE id IN (
			SELECT id FROM outbox WHERE state = 'owed' AND lane = $2 AND next_at <= $3 ORDER BY next_at LIMIT $4`+skip+`)
		AND state = 'owed' AND next_at <= $3
		RETURNING id, key, kind, lane, record, due_at, attempts, payload`,
		int64(lanzha.At(now.Add(b.o.Lease))), lane, int64(lanzha.At(now)), limit)
}

// attempt runs one item and records how it went. When even recording fails the
// lease runs out and the item is tried again with its key.
func (b *Outbox) attempt(ctx context.Context, it Item) {
	work, cancel := context.WithTimeout(ctx, b.o.Timeout)
	defer cancel()
	it.Started = b.now()
	var effect Effect
	err := guard(func() (err error) {
		handler := b.handlers[it.Kind]
		if handler == nil {
			return &lanzha.Error{Code: lanzha.CodeInternal, Message: "no handler for " + it.Kind}
		}
		effect, err = handler(work, it)
		return err
	})
	if b.o.Sent != nil {
		b.o.Sent(it)
	}
	stopping := ctx.Err() != nil
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
	defer stop()
	if err == nil {
		err = guard(func() error { return b.settle(end, it, effect) })
	}
	switch {
	case err == nil:
	case stopping:
		b.release(end, it) //nolint:errcheck // the lease ends by itself
	default:
		b.fail(end, it, err) //nolint:errcheck // the lease ends by itself
	}
}

// guard makes a panic a failure of its item: it must not end the process, which
// would start, take the item up and end again.
func guard(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &lanzha.Error{Code: lanzha.CodeInternal, Op: "outbox.attempt", Message: "the attempt ended in a panic"}
		}
	}()
	return fn()
}

// endWithin is how long recording the end of an attempt may take, also while
// the process is stopping.
const endWithin = 5 * time.Second

// backoff is the wait after so many failures.
func (b *Outbox) backoff(failures int64) time.Duration {
	d := b.o.Backoff
	for range failures - 1 {
		if d *= 2; d >= 5*time.Minute {
			return 5 * time.Minute
		}
	}
	return d
}

// settle applies the effect and marks the item done, in one transaction. Where
// somebody was faster the effect is undone: the item was forgiven, or another
// process took it over and ended it.
func (b *Outbox) settle(ctx context.Context, it Item, effect Effect) error {
	err := b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if effect != nil {
			if err := effect(ctx, tx); err != nil {
				return err
			}
		}
		n, err := b.finish(ctx, tx, it)
		if err == nil && n == 0 {
			return lanzha.Conflict("the item is not owed any more")
		}
		return err
	})
	if lanzha.CodeOf(err) == lanzha.CodeConflict {
		err = b.db.Tx(ctx, func(tx *sqldb.Tx) error {
			_, err := b.finish(ctx, tx, it)
			return err
		})
	}
	return err
}

// finish marks the item done and records the attempt; it returns 0 when the
// item had ended before.
func (b *Outbox) finish(ctx context.Context, tx *sqldb.Tx, it Item) (int64, error) {
	now := b.now()
	n, err := sqldb.Exec(ctx, tx, `UPDATE outbox SET state = 'done', finished_at = $1 WHERE id = $2 AND state = 'owed'`,
		int64(lanzha.At(now)), string(it.ID))
	if err != nil {
		return 0, err
	}
	return n, record(ctx, tx, it, now, "")
}

// release hands an item back because the process is stopping, which is no
// failure. What was sent is sent again with the same key.
func (b *Outbox) release(ctx context.Context, it Item) error {
	return b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := sqldb.Exec(ctx, tx, `UPDATE outbox SET next_at = $1 WHERE id = $2 AND state = 'owed' AND attempts = $3`,
			int64(lanzha.At(b.now())), string(it.ID), it.Attempts)
		return err
	})
}

// fail records a failure and says when the item is tried again; after MaxTries
// of them it is dead. Attempts that a killed process did not end are no
// failures of the item.
func (b *Outbox) fail(ctx context.Context, it Item, cause error) error {
	return b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		now := b.now()
		failures, err := sqldb.One(ctx, tx, "count", sqldb.Value[int64], `SELECT count(*) + 1 FROM outbox_attempt WHERE item = $1 AND error <> ''`, string(it.ID))
		if err != nil {
			return err
		}
		state, finished := "owed", int64(0)
		if failures >= int64(b.o.MaxTries) {
			state, finished = "dead", int64(lanzha.At(now))
		}
		if err := sqldb.Later(ctx, tx, `UPDATE outbox SET state = $1, next_at = $2, finished_at = $3 WHERE id = $4 AND state = 'owed' AND attempts = $5`,
			state, int64(lanzha.At(now.Add(b.backoff(failures)))), finished, string(it.ID), it.Attempts); err != nil {
			return err
		}
		return record(ctx, tx, it, now, reason(cause))
	})
}

func record(ctx context.Context, tx *sqldb.Tx, it Item, now time.Time, failure string) error {
	return sqldb.Later(ctx, tx, `INSERT INTO outbox_attempt (item, n, started_at, ended_at, error) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (item, n) DO NOTHING`, string(it.ID), it.Attempts, int64(lanzha.At(it.Started)), int64(lanzha.At(now)), failure)
}
