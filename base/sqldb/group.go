package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// writer is SQLite's one writing connection. Transactions take turns on it, in
// the order in which they came, and those that wait for each other share one
// commit, so that a burst costs one sync of the disk and not one each: a
// transaction that ends while others wait leaves its commit to them. None of
// them returns before that commit, and each is still all or nothing: from the
// second on they run within a savepoint.
type writer struct {
	conn    *sql.Conn
	turn    chan struct{} // holds one token: whose it is may use all but waiting
	waiting atomic.Int32

	open  *group
	stmts map[string]*sql.Stmt
}

// group is the transactions that share a commit.
type group struct {
	began time.Time
	size  int
	done  chan struct{} // closed when err is known
	err   error
}

const (
	// groupSize and groupFor bound how long the first of a group waits for the
	// last.
	groupSize = 64
	groupFor  = 20 * time.Millisecond
	// maxPrepared bounds the statements kept; the house has some 300 that write.
	maxPrepared = 500
)

// errGroupLost says that SQLite rolled back a whole group since one of it
// failed badly, as on a full disk; the others run again.
var errGroupLost = errors.New("another transaction of the group took this one with it")

func newWriter(ctx context.Context, pool *sql.DB) (*writer, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &writer{conn: conn, turn: make(chan struct{}, 1), stmts: map[string]*sql.Stmt{}}, nil
}

func (w *writer) close() error {
	w.turn <- struct{}{} // for good
	return w.conn.Close()
}

// run does fn in a transaction of its own and returns once it is on disk. It
// waits for its turn even when ctx ends, since a group may be left to it.
func (w *writer) run(ctx context.Context, tx *Tx, fn func(*Tx) error, committed func()) error {
	w.waiting.Add(1)
	w.turn <- struct{}{}
	w.waiting.Add(-1)
	begun, kept, ended := false, false, false
	defer func() {
		if !ended {
			w.end(begun, false, committed) // fn panicked
		}
	}()
	err := ctx.Err()
	if err == nil {
		err = w.begin()
		begun = err == nil
	}
	if begun {
		err = fn(tx)
		kept = err == nil
	}
	g := w.open
	ended = true
	w.end(begun, kept, committed)
	if err != nil {
		return err
	}
	<-g.done
	return g.err
}

// begin joins the open group or opens one.
func (w *writer) begin() error {
	if w.open != nil {
		return w.exec("SAVEPOINT one")
	}
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return wrap("sqldb.Begin", err)
	}
	w.open = &group{began: time.Now(), done: make(chan struct{})}
	return nil
}

// end keeps or drops what the transaction whose turn it is did, and gives the
// turn away; when nobody waits, it commits the group before.
func (w *writer) end(begun, kept bool, committed func()) {
	defer func() { <-w.turn }()
	g := w.open
	switch {
	case g == nil:
		return
	case g.size == 0 && !kept:
		w.finish(g, w.exec("ROLLBACK"))
		return
	case g.size == 0 || !begun:
	case kept:
		if err := w.exec("RELEASE one"); err != nil {
			w.lose(g)
			return
		}
	default:
		if w.exec("ROLLBACK TO one") != nil || w.exec("RELEASE one") != nil {
			w.lose(g)
			return
		}
	}
	if kept {
		g.size++
	}
	if w.waiting.Load() > 0 && g.size < groupSize && time.Since(g.began) < groupFor {
		return // who comes next commits
	}
	err := w.exec("COMMIT")
	if err != nil {
		_ = w.exec("ROLLBACK") // the error is what counts
		err = wrap("sqldb.Commit", err)
	} else if committed != nil {
		committed()
	}
	w.finish(g, err)
}

func (w *writer) finish(g *group, err error) {
	g.err, w.open = err, nil
	close(g.done)
}

func (w *writer) lose(g *group) {
	_ = w.exec("ROLLBACK") // there may be nothing left to roll back
	w.finish(g, errGroupLost)
}

func (w *writer) exec(statement string) error {
	s, err := w.prepared(statement)
	if err == nil {
		_, err = s.ExecContext(context.Background())
	}
	return err
}

// prepared keeps statements prepared, since parsing costs as much as running.
// What cannot be prepared, or is one too many, is the caller's to run.
func (w *writer) prepared(query string) (*sql.Stmt, error) {
	if s := w.stmts[query]; s != nil {
		return s, nil
	}
	if len(w.stmts) >= maxPrepared {
		return nil, fmt.Errorf("more than %d statements", maxPrepared)
	}
	s, err := w.conn.PrepareContext(context.Background(), query)
	if err == nil {
		w.stmts[query] = s
	}
	return s, err
}

// reader is SQLite's reading connections, with their statements prepared.
type reader struct {
	pool *sql.DB

	mu    sync.RWMutex
	stmts map[string]*sql.Stmt
}

func (r *reader) stmt(ctx context.Context, query string) *sql.Stmt {
	r.mu.RLock()
	s, full := r.stmts[query], len(r.stmts) >= maxPrepared
	r.mu.RUnlock()
	if s != nil || full {
		return s
	}
	s, err := r.pool.PrepareContext(ctx, query)
	if err != nil {
		return nil // it says so when it runs
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.stmts[query]; known != nil {
		_ = s.Close() // somebody was faster
		return known
	}
	r.stmts[query] = s
	return s
}

// QueryContext runs a query.
func (r *reader) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := r.stmt(ctx, query); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return r.pool.QueryContext(ctx, query, args...)
}

// QueryRowContext runs a query for one row.
func (r *reader) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := r.stmt(ctx, query); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return r.pool.QueryRowContext(ctx, query, args...)
}
