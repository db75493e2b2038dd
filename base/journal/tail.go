package journal

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"lanzha"
	"lanzha/base/sqldb"
)

// TailFunc takes one row in the transaction in which the cursor moves past it.
// It may be called again for the same row when the transaction fails; it has
// no effect outside the transaction.
type TailFunc func(ctx context.Context, tx *sqldb.Tx, row Row) error

type tail struct {
	name  string
	kinds []string
	fn    TailFunc
	bell  chan struct{} // rung when this process has appended a row of the kinds
	made  bool          // the cursor's row is known to exist
}

// guarded makes a panic a failure of its row: it must not end the process,
// which would start, come to the row and end again.
func (t *tail) guarded(ctx context.Context, tx *sqldb.Tx, r Row) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &lanzha.Error{Code: lanzha.CodeInternal, Op: "journal.tail", Message: t.name + " panicked"}
		}
	}()
	return t.fn(ctx, tx, r)
}

const (
	tailBatch = 64 // rows taken in one transaction
	// tailFor is how long one transaction goes on taking rows. Others wait for
	// it: on SQLite to write, on PostgreSQL to see what was written after it
	// began.
	tailFor   = 50 * time.Millisecond
	tailRead  = 512 // rows read ahead when looking for ours
	tailTries = 5   // attempts at a row before it is parked

	// tailPoll is how late a process notices rows that another process wrote.
	tailPoll = 200 * time.Millisecond
	tailSoon = 2 * time.Millisecond
)

// Tail registers a stage that follows the journal by kind, before Run. Its
// cursor and its effect commit together: each row takes effect exactly once,
// whichever process runs it. A row that fails five times is parked with its
// reason, and the stage goes on.
func (j *Journal) Tail(name string, kinds []string, fn TailFunc) {
	j.tails = append(j.tails, &tail{name: name, kinds: kinds, fn: fn, bell: make(chan struct{}, 1)})
}

// Run tails until ctx ends, which is no error.
func (j *Journal) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, t := range j.tails {
		group.Go(func() error { return j.follow(ctx, t) })
	}
	return group.Wait()
}

// follow alternates between looking (outside any transaction, so that rows of
// no interest cost no commit) and taking. `seen` is how far looking has come.
func (j *Journal) follow(ctx context.Context, t *tail) error {
	var seen Cursor
	batch, failures, pause := tailBatch, 0, tailPoll
	for {
		found, err := j.look(ctx, t, &seen)
		if err == nil && len(found) > 0 {
			seen, err = j.take(ctx, t, batch, seen, found)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			// One bad row must not hold up its batch: go on one by one.
			if batch > 1 {
				batch = 1
				continue
			}
			if failures++; failures >= tailTries {
				if err := j.park(ctx, t, err); err == nil {
					batch, failures = tailBatch, 0
					continue
				}
			}
			wait(ctx, time.Duration(failures)*tailPoll)
		case len(found) > 0:
			batch, failures = tailBatch, 0
		default:
			select {
			case <-t.bell:
				// On PostgreSQL a row shows up when all transactions before it
				// have ended, which may be a moment after its own.
				if pause = tailPoll; j.db.Dialect == sqldb.Postgres {
					pause = tailSoon
				}
			case <-ctx.Done():
				return nil
			case <-time.After(pause):
				pause = min(4*pause, tailPoll)
			}
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// look reads on from `seen` until a row of the stage's kinds shows up, and
// returns the rows that follow `seen` then. After a long stretch without any it
// stores the cursor, so that a restart need not read it again.
func (j *Journal) look(ctx context.Context, t *tail, seen *Cursor) ([]Row, error) {
	if *seen == (Cursor{}) {
		c, err := cursor(ctx, j.db.Read(), t.name, "")
		if err != nil {
			return nil, err
		}
		*seen = c
	}
	for {
		rows, err := j.After(ctx, j.db.Read(), *seen, tailRead)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if slices.Contains(t.kinds, r.Kind) {
				return rows, nil
			}
		}
		if len(rows) == 0 {
			return nil, nil
		}
		*seen = rows[len(rows)-1].Cursor
		if len(rows) < tailRead {
			return nil, nil
		}
		if err := j.db.Tx(ctx, func(tx *sqldb.Tx) error {
			c, err := j.hold(ctx, tx, t)
			if err != nil || !c.Before(*seen) {
				return err
			}
			return j.move(ctx, tx, t.name, *seen)
		}); err != nil {
			return nil, err
		}
	}
}

// take runs the stage on the next rows in one transaction: on those that look
// found after `seen`, unless another process has come further.
func (j *Journal) take(ctx context.Context, t *tail, batch int, seen Cursor, found []Row) (Cursor, error) {
	var at Cursor
	err := j.db.Tx(ctx, func(tx *sqldb.Tx) error {
		c, err := j.hold(ctx, tx, t)
		if err != nil {
			return err
		}
		at = c
		rows := found
		if seen.Before(c) {
			if rows, err = j.After(ctx, tx, c, tailRead); err != nil {
				return err
			}
		}
		taken, began := 0, time.Now()
		for _, r := range rows {
			if slices.Contains(t.kinds, r.Kind) {
				if taken == batch || taken > 0 && time.Since(began) > tailFor {
					break
				}
				if err := t.guarded(ctx, tx, r); err != nil {
					return err
				}
				taken++
			}
			at = r.Cursor
		}
		if at == c {
			return nil
		}
		return j.move(ctx, tx, t.name, at)
	})
	return at, err
}

// park sets the first row of the stage's kinds after its cursor aside. The
// reason is kept without its data: only the error's own message.
func (j *Journal) park(ctx context.Context, t *tail, cause error) error {
	reason := string(lanzha.CodeOf(cause))
	if e, ok := errors.AsType[*lanzha.Error](cause); ok {
		reason = e.Error()
	}
	return j.db.Tx(ctx, func(tx *sqldb.Tx) error {
		c, err := j.hold(ctx, tx, t)
		if err != nil {
			return err
		}
		for {
			rows, err := j.After(ctx, tx, c, tailRead)
			if err != nil || len(rows) == 0 {
				return err
			}
			for _, r := range rows {
				c = r.Cursor
				if !slices.Contains(t.kinds, r.Kind) {
					continue
				}
				if _, err := sqldb.Exec(ctx, tx, `INSERT INTO journal_parked (name, seq, at, reason) VALUES ($1, $2, $3, $4)`,
					t.name, r.Seq, int64(lanzha.At(j.now())), reason); err != nil {
					return err
				}
				return j.move(ctx, tx, t.name, c)
			}
		}
	})
}

// Parked counts the rows that stages could not take.
func (j *Journal) Parked(ctx context.Context) (int64, error) {
	return sqldb.One(ctx, j.db.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM journal_parked`)
}

// hold reads a cursor and keeps it from other processes until tx ends. The row
// is made first: what does not exist cannot be locked.
func (j *Journal) hold(ctx context.Context, tx *sqldb.Tx, t *tail) (Cursor, error) {
	if !t.made {
		if _, err := sqldb.Exec(ctx, tx, `INSERT INTO journal_cursor (name, epoch, xid, seq) VALUES ($1, 0, 0, 0) ON CONFLICT (name) DO NOTHING`, t.name); err != nil {
			return Cursor{}, err
		}
		tx.After(func() { t.made = true })
	}
	return cursor(ctx, tx, t.name, tx.ForUpdate())
}

func cursor(ctx context.Context, q sqldb.Queryer, name, lock string) (Cursor, error) {
	c, err := sqldb.One(ctx, q, "cursor", func(s sqldb.Scanner) (Cursor, error) {
		var c Cursor
		err := s.Scan(&c.Epoch, &c.Xid, &c.Seq)
		return c, err
	}, `SELECT epoch, xid, seq FROM journal_cursor WHERE name = $1`+lock, name)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return Cursor{}, nil
	}
	return c, err
}

func (j *Journal) move(ctx context.Context, tx *sqldb.Tx, name string, c Cursor) error {
	return sqldb.Later(ctx, tx, `UPDATE journal_cursor SET epoch = $1, xid = $2, seq = $3 WHERE name = $4`, c.Epoch, c.Xid, c.Seq, name)
}
