package outbox

import (
	"context"
	"sync"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
)

// Run fulfils what is due until ctx ends, then waits for the attempts that are
// under way. A worker that is killed leaves its items leased; they are tried
// again when the lease ends.
func (b *Outbox) Run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	for {
		claimed, err := b.claim(ctx)
		if ctx.Err() != nil {
			return nil
		}
		for _, it := range claimed {
			group.Go(func() {
				b.attempt(ctx, it)
				b.leave(it.Lane)
			})
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

func (b *Outbox) leave(lane string) {
	b.mu.Lock()
	full := b.busy[lane] >= b.o.LaneWidth
	b.busy[lane]--
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
	work, cancel := context.WithTimeout(ctx, b.o.Lease*9/10)
	defer cancel()
	it.Started = b.now()
	handler := b.handlers[it.Kind]
	var effect Effect
	var err error
	if handler == nil {
		err = &lanzha.Error{Code: lanzha.CodeInternal, Message: "no handler for " + it.Kind}
	} else {
		effect, err = handler(work, it)
	}
	if b.o.Sent != nil {
		b.o.Sent(it)
	}
	if ctx.Err() != nil {
		// Stopping: hand the item back so that the next start need not wait for
		// the lease. What was sent is sent again with the same key.
		release, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer stop()
		if err != nil {
			b.fail(release, it, err, 0) //nolint:errcheck // the lease ends by itself
			return
		}
		b.settle(release, it, effect) //nolint:errcheck // the lease ends by itself
		return
	}
	if err == nil {
		if err = b.settle(ctx, it, effect); err == nil {
			return
		}
	}
	b.fail(ctx, it, err, b.backoff(it.Attempts)) //nolint:errcheck // the lease ends by itself
}

func (b *Outbox) backoff(attempts int) time.Duration {
	d := b.o.Backoff
	for range attempts - 1 {
		if d *= 2; d >= 5*time.Minute {
			return 5 * time.Minute
		}
	}
	return d
}

func (b *Outbox) settle(ctx context.Context, it Item, effect Effect) error {
	return b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if effect != nil {
			if err := effect(ctx, tx); err != nil && lanzha.CodeOf(err) != lanzha.CodeConflict {
				return err
			}
		}
		now := b.now()
		if _, err := sqldb.Exec(ctx, tx, `UPDATE outbox SET state = 'done', finished_at = $1 WHERE id = $2`,
			int64(lanzha.At(now)), string(it.ID)); err != nil {
			return err
		}
		return record(ctx, tx, it, now, "")
	})
}

func (b *Outbox) fail(ctx context.Context, it Item, cause error, again time.Duration) error {
	return b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		now := b.now()
		state, finished := "owed", int64(0)
		if it.Attempts >= b.o.MaxTries {
			state, finished = "dead", int64(lanzha.At(now))
		}
		if _, err := sqldb.Exec(ctx, tx, `UPDATE outbox SET state = $1, next_at = $2, finished_at = $3 WHERE id = $4 AND state = 'owed'`,
			state, int64(lanzha.At(now.Add(again))), finished, string(it.ID)); err != nil {
			return err
		}
		return record(ctx, tx, it, now, reason(cause))
	})
}

func record(ctx context.Context, tx *sqldb.Tx, it Item, now time.Time, failure string) error {
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO outbox_attempt (item, n, started_at, ended_at, error) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (item, n) DO NOTHING`, string(it.ID), it.Attempts, int64(lanzha.At(it.Started)), int64(lanzha.At(now)), failure)
	return err
}
