// Package journal keeps one row for everything that happens. The same rows are
// the timeline of a record, the change feed that later stages tail, the live
// events of the console, and the audit. A row is appended in the transaction
// that did the thing, or the thing was not done.
package journal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the journal's tables.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "journal", Files: files} }

// Entry is what happened, as its doer states it.
type Entry struct {
	Kind        string        // "clue.opened": the record's noun, then what happened to it
	Record      lanzha.ID     // whose timeline it stands in first
	About       []lanzha.ID   // other records in whose timelines it stands too
	Version     int64         // the record's version after it; 0 where the record has none
	Actor       lanzha.ID     // the account that did it; "" is the system itself
	Purpose     string        // why, where a purpose was stated
	Region      lanzha.Region // the scope in which it may be seen
	Institution lanzha.ID     // the institution that may see it as well; "" is none
	Payload     any           // a small JSON object; never personal data in the clear; nil is {}

	// Annex is what belongs to the payload and is too large for those who read
	// along; see Annex. The payload gets its SHA-256 as "annex".
	Annex []byte
}

// Row is an entry as recorded.
type Row struct {
	Cursor
	At          time.Time
	Kind        string
	Record      lanzha.ID
	Version     int64
	Actor       lanzha.ID
	Purpose     string
	Region      lanzha.Region
	Institution lanzha.ID
	Payload     json.RawMessage
}

// Into decodes the payload.
func (r Row) Into(v any) error {
	if err := json.Unmarshal(r.Payload, v); err != nil {
		return lanzha.Internal("journal.Into", fmt.Errorf("payload of %s %d: %w", r.Kind, r.Seq, err))
	}
	return nil
}

// Cursor is a place in the journal's order, which is the order in which
// transactions become visible to all: a reader that has passed a cursor has
// missed nothing before it. The zero Cursor stands before the first row.
type Cursor struct {
	Epoch int64 // counts restores from backup
	Xid   int64 // the transaction on PostgreSQL, 0 on SQLite
	Seq   int64 // the row
}

// String is the form that clients send back: "1.0.42".
func (c Cursor) String() string { return fmt.Sprintf("%d.%d.%d", c.Epoch, c.Xid, c.Seq) }

// ParseCursor reads what String wrote; "" is the zero Cursor.
func ParseCursor(s string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	parts := strings.Split(s, ".")
	var c Cursor
	if len(parts) != 3 {
		return c, lanzha.Invalid("cursor", "a journal cursor has three numbers, as 1.0.42")
	}
	for i, p := range []*int64{&c.Epoch, &c.Xid, &c.Seq} {
		n, err := strconv.ParseInt(parts[i], 10, 64)
		if err != nil || n < 0 {
			return Cursor{}, lanzha.Invalid("cursor", "a journal cursor has three numbers, as 1.0.42")
		}
		*p = n
	}
	return c, nil
}

// Before reports whether c stands before other.
func (c Cursor) Before(other Cursor) bool {
	return slices.Compare([]int64{c.Epoch, c.Xid, c.Seq}, []int64{other.Epoch, other.Xid, other.Seq}) < 0
}

// Journal appends, reads and tails. One per process and database.
type Journal struct {
	db     *sqldb.DB
	now    func() time.Time
	random io.Reader
	epoch  atomic.Int64 // 0 until the first use

	mu    sync.Mutex
	woken chan struct{} // closed at the next append of this process
	tails []*tail
}

// New makes the journal of a database. A nil random is crypto/rand.
func New(db *sqldb.DB, now func() time.Time, random io.Reader) *Journal {
	if random == nil {
		random = rand.Reader
	}
	return &Journal{db: db, now: now, random: random, woken: make(chan struct{})}
}

// Append writes an entry in tx and wakes those who tail once tx has committed.
func (j *Journal) Append(ctx context.Context, tx *sqldb.Tx, at time.Time, e Entry) error {
	payload := []byte("{}")
	if e.Payload != nil {
		var err error
		if payload, err = json.Marshal(e.Payload); err != nil {
			return lanzha.Internal("journal.Append", err)
		}
	}
	if len(e.Annex) > 0 {
		payload = withAnnex(payload, e.Annex)
	}
	epoch, err := j.currentEpoch(ctx, tx)
	if err != nil {
		return err
	}
	salt := make([]byte, 16)
	if _, err := io.ReadFull(j.random, salt); err != nil {
		return lanzha.Internal("journal.Append", err)
	}
	row := []any{
		epoch, int64(lanzha.At(at)), e.Kind, string(e.Record), e.Version, string(e.Actor), e.Purpose,
		string(e.Region), string(e.Institution), string(payload), salt, payloadHash(salt, payload),
	}
	about := []lanzha.ID{e.Record}
	for _, id := range e.About {
		if id != "" && !slices.Contains(about, id) {
			about = append(about, id)
		}
	}
	tx.After(func() { j.wake(e.Kind) })
	return insert(ctx, tx, row, about, e.Annex)
}

const insertRow = `INSERT INTO journal (epoch, at, kind, record, version, actor, purpose, region, institution, payload, salt, payload_hash)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING seq`

// insert writes a row, the timelines in which it stands and its annex; on
// PostgreSQL in one statement, for which nobody has to wait.
func insert(ctx context.Context, tx *sqldb.Tx, row []any, about []lanzha.ID, annex []byte) error {
	if tx.Dialect == sqldb.Postgres {
		with, args := `WITH j AS (`+insertRow+`)`, append(row, about)
		if len(annex) > 0 {
			with, args = with+`, x AS (INSERT INTO journal_annex (seq, data) SELECT j.seq, $14::bytea FROM j)`, append(args, annex)
		}
		return sqldb.Later(ctx, tx, with+` INSERT INTO journal_about (record, seq) SELECT a.record, j.seq FROM j, unnest($13::text[]) AS a (record)`, args...)
	}
	seq, err := sqldb.One(ctx, tx, "journal row", sqldb.Value[int64], insertRow, row...)
	if err != nil {
		return err
	}
	if len(annex) > 0 {
		if err := sqldb.Later(ctx, tx, `INSERT INTO journal_annex (seq, data) VALUES ($1, $2)`, seq, annex); err != nil {
			return err
		}
	}
	query, args := `INSERT INTO journal_about (record, seq) VALUES `, []any{seq}
	for i, id := range about {
		if i > 0 {
			query += ", "
		}
		args = append(args, string(id))
		query += fmt.Sprintf("($%d, $1)", len(args))
	}
	return sqldb.Later(ctx, tx, query, args...)
}

// payloadHash is what the sealed log keeps of a payload: without the salt it
// cannot be guessed back from a small set of likely payloads.
func payloadHash(salt, payload []byte) []byte {
	h := sha256.New()
	h.Write(salt)
	h.Write(payload)
	return h.Sum(nil)
}

func (j *Journal) currentEpoch(ctx context.Context, q sqldb.Queryer) (int64, error) {
	if n := j.epoch.Load(); n != 0 {
		return n, nil
	}
	n, err := sqldb.One(ctx, q, "journal epoch", sqldb.Value[int64], `SELECT max(n) FROM journal_epoch`)
	if err == nil {
		j.epoch.Store(n)
	}
	return n, err
}

// NewEpoch opens a new epoch, after a restore: the counter of transactions
// starts anew there, and rows written from now on sort after all before.
func (j *Journal) NewEpoch(ctx context.Context, tx *sqldb.Tx, at time.Time) error {
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO journal_epoch (n, at) SELECT max(n) + 1, $1 FROM journal_epoch`, int64(lanzha.At(at)))
	tx.After(func() { j.epoch.Store(0) })
	return err
}

// wake tells those who wait for any row, and the stages that follow the kind.
func (j *Journal) wake(kind string) {
	j.mu.Lock()
	close(j.woken)
	j.woken = make(chan struct{})
	j.mu.Unlock()
	for _, t := range j.tails {
		if slices.Contains(t.kinds, kind) {
			select {
			case t.bell <- struct{}{}:
			default: // rung already
			}
		}
	}
}

// Appended returns a channel that is closed at this process's next append.
// Take it before reading, so that nothing slips between.
func (j *Journal) Appended() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.woken
}

const columns = `j.epoch, j.xid, j.seq, j.at, j.kind, j.record, j.version, j.actor, j.purpose, j.region, j.institution, j.payload`

func scanRow(s sqldb.Scanner) (Row, error) {
	var r Row
	var at int64
	var payload string
	err := s.Scan(&r.Epoch, &r.Xid, &r.Seq, &at, &r.Kind, &r.Record, &r.Version, &r.Actor, &r.Purpose, &r.Region, &r.Institution, &payload)
	r.At, r.Payload = lanzha.Micros(at).Time(), json.RawMessage(payload)
	return r, err
}

// settled is the condition that every earlier transaction has ended, so that
// no row can still appear before this one. On SQLite commits are in order
// anyway.
func (j *Journal) settled() string {
	if j.db.Dialect == sqldb.Postgres {
		return ` AND (j.epoch < (SELECT max(n) FROM journal_epoch) OR j.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)`
	}
	return ""
}

// After reads up to limit rows that follow the cursor, in order.
func (j *Journal) After(ctx context.Context, q sqldb.Queryer, c Cursor, limit int) ([]Row, error) {
	return sqldb.All(ctx, q, scanRow, `SELECT `+columns+j.following(), c.Epoch, c.Xid, c.Seq, limit)
}

// following is the rest of a query for up to $4 settled rows of a journal j
// after the cursor ($1, $2, $3), in order. SQLite's index ends in the row's own
// number, which it does not use in a comparison of three columns: that would
// read the epoch from its first row. So it gets the three stretches one by one.
func (j *Journal) following() string {
	from := ` FROM journal j WHERE (j.epoch, j.xid, j.seq) > ($1, $2, $3)` + j.settled()
	if j.db.Dialect == sqldb.SQLite {
		from = ` FROM (
			SELECT epoch, xid, seq FROM journal WHERE epoch = $1 AND xid = $2 AND seq > $3
			UNION ALL SELECT epoch, xid, seq FROM journal WHERE epoch = $1 AND xid > $2
			UNION ALL SELECT epoch, xid, seq FROM journal WHERE epoch > $1
			ORDER BY epoch, xid, seq LIMIT $4) c CROSS JOIN journal j ON j.seq = c.seq`
	}
	return from + ` ORDER BY j.epoch, j.xid, j.seq LIMIT $4`
}

// Since reads up to limit settled rows of some kinds that follow the cursor, in
// order, and says how far the reading went: whoever goes on from there has
// missed none. It is for those who follow a few kinds among many rows, each
// process for itself; a stage whose effect must happen once uses Tail.
func (j *Journal) Since(ctx context.Context, q sqldb.Queryer, c Cursor, kinds []string, limit int) ([]Row, Cursor, error) {
	last, err := j.Last(ctx, q)
	if err != nil || !c.Before(last) {
		return nil, c, err
	}
	var where sqldb.Where
	if j.db.Dialect == sqldb.SQLite { // commits come in the order of the numbers, and the index of kinds ends in them
		where.And("j.seq > ? AND j.seq <= ?", c.Seq, last.Seq)
	} else {
		where.And("(j.epoch, j.xid, j.seq) > (?, ?, ?) AND (j.epoch, j.xid, j.seq) <= (?, ?, ?)", c.Epoch, c.Xid, c.Seq, last.Epoch, last.Xid, last.Seq)
	}
	places := make([]string, len(kinds))
	for i, kind := range kinds {
		places[i] = where.Arg(kind)
	}
	where.And("j.kind IN (" + strings.Join(places, ", ") + ")")
	rows, err := sqldb.All(ctx, q, scanRow, `SELECT `+columns+` FROM journal j WHERE `+where.String()+` ORDER BY j.epoch, j.xid, j.seq LIMIT `+where.Arg(limit), where.Args()...)
	if err == nil && len(rows) == limit {
		last = rows[limit-1].Cursor
	}
	return rows, last, err
}

// Last is the cursor of the last settled row: whoever starts there sees only
// what comes.
func (j *Journal) Last(ctx context.Context, q sqldb.Queryer) (Cursor, error) {
	rows, err := sqldb.All(ctx, q, scanRow, `SELECT `+columns+` FROM journal j
		WHERE 1 = 1`+j.settled()+` ORDER BY j.epoch DESC, j.xid DESC, j.seq DESC LIMIT 1`)
	if err != nil || len(rows) == 0 {
		return Cursor{}, err
	}
	return rows[0].Cursor, nil
}

// Timeline reads what happened to a record, the newest first, up to limit rows
// before the row number `before`; 0 starts at the end.
func (j *Journal) Timeline(ctx context.Context, q sqldb.Queryer, record lanzha.ID, before int64, limit int) ([]Row, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	return sqldb.All(ctx, q, scanRow, `SELECT `+columns+` FROM journal_about a JOIN journal j ON j.seq = a.seq
		WHERE a.record = $1 AND a.seq < $2 ORDER BY a.seq DESC LIMIT $3`, string(record), before, limit)
}

// Filter narrows Search; empty fields do not.
type Filter struct {
	Kind   string
	Actor  lanzha.ID
	Record lanzha.ID
	Region lanzha.Region // rows of this region and below; "" is all
	Before int64         // rows with a smaller number; 0 starts at the end
	Limit  int
}

// Search reads the journal for those who inspect it, the newest first.
func (j *Journal) Search(ctx context.Context, q sqldb.Queryer, f Filter) ([]Row, error) {
	if f.Before == 0 {
		f.Before = 1<<63 - 1
	}
	from, where := `journal j`, sqldb.Where{}
	where.And("j.seq < ?", f.Before)
	if f.Record != "" {
		from = `journal_about a JOIN journal j ON j.seq = a.seq`
		where.And("a.record = ?", string(f.Record))
	}
	if f.Kind != "" {
		where.And("j.kind = ?", f.Kind)
	}
	if f.Actor != "" {
		where.And("j.actor = ?", string(f.Actor))
	}
	where.Within("j.region", f.Region)
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, scanRow, `SELECT `+columns+` FROM `+from+` WHERE `+where.String()+` ORDER BY j.seq DESC LIMIT `+limit, where.Args()...)
}
