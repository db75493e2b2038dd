package batch

import (
	"context"
	"embed"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of batches. They stand on those of the register.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "register_batch", Files: files} }

// Store keeps batches, their entries, and what came back.
type Store struct{}

func deepest(levels [3]lanzha.Region) (out lanzha.Region) {
	for _, r := range levels {
		if r != "" {
			out = r
		}
	}
	return out
}

const entryColumns = `id, listing, action, province, city, district, at, batch, measures`

func scanEntry(row sqldb.Scanner) (Entry, error) {
	var e Entry
	var levels [3]lanzha.Region
	var at lanzha.Micros
	err := row.Scan(&e.ID, &e.Listing, &e.Action, &levels[0], &levels[1], &levels[2], &at, &e.Batch, &e.Measures)
	e.Region, e.At = deepest(levels), at.Time()
	return e, err
}

// Wait adds an entry that waits to be gathered.
func (Store) Wait(ctx context.Context, tx *sqldb.Tx, e Entry) error {
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO register_upward (`+entryColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0)`,
		string(e.ID), string(e.Listing), string(e.Action), string(e.Region.Province()), string(e.Region.City()), string(e.Region.District()), int64(lanzha.At(e.At)))
	return err
}

// Of lists the entries of a listing, the oldest first.
func (Store) Of(ctx context.Context, q sqldb.Queryer, listing lanzha.ID) ([]Entry, error) {
	return sqldb.All(ctx, q, scanEntry, `SELECT `+entryColumns+` FROM register_upward WHERE listing = $1 ORDER BY id LIMIT 100`, string(listing))
}

// Drop takes a listing's waiting entries away: what was never handed up need
// not be taken back.
func (Store) Drop(ctx context.Context, tx *sqldb.Tx, listing lanzha.ID) error {
	_, err := sqldb.Exec(ctx, tx, `DELETE FROM register_upward WHERE listing = $1 AND batch = ''`, string(listing))
	return err
}

// Waiting lists the entries of a region that wait, the oldest first.
func (Store) Waiting(ctx context.Context, q sqldb.Queryer, region lanzha.Region, limit int) ([]Entry, error) {
	var where sqldb.Where
	where.And("batch = ''")
	where.Region(region)
	n := where.Arg(limit)
	return sqldb.All(ctx, q, scanEntry, `SELECT `+entryColumns+` FROM register_upward WHERE `+where.String()+` ORDER BY id LIMIT `+n, where.Args()...)
}

// Take puts a waiting entry into a batch; false when somebody else has.
func (Store) Take(ctx context.Context, tx *sqldb.Tx, e Entry) (bool, error) {
	n, err := sqldb.Exec(ctx, tx, `UPDATE register_upward SET batch = $1, measures = $2 WHERE id = $3 AND batch = ''`, string(e.Batch), e.Measures, string(e.ID))
	return n == 1, err
}

// Free lets the entries of a batch wait again.
func (Store) Free(ctx context.Context, tx *sqldb.Tx, batch lanzha.ID) error {
	_, err := sqldb.Exec(ctx, tx, `UPDATE register_upward SET batch = '' WHERE batch = $1`, string(batch))
	return err
}

// Entries lists the entries of a batch in order.
func (Store) Entries(ctx context.Context, q sqldb.Queryer, batch, after lanzha.ID, limit int) ([]Entry, error) {
	return sqldb.All(ctx, q, scanEntry, `SELECT `+entryColumns+` FROM register_upward WHERE batch = $1 AND batch <> '' AND id > $2 ORDER BY id LIMIT $3`, string(batch), string(after), limit)
}

const batchColumns = `id, version, state, province, city, district, entries, made_by, made_at, handed_by, handed_at, sent_at, platform_no, receipt_at, reason`

func scanBatch(row sqldb.Scanner) (Batch, error) {
	var b Batch
	var levels [3]lanzha.Region
	var made, handed, sent, receipt lanzha.Micros
	err := row.Scan(&b.ID, &b.Version, &b.State, &levels[0], &levels[1], &levels[2], &b.Entries, &b.MadeBy, &made, &b.HandedBy, &handed, &sent, &b.PlatformNo, &receipt, &b.Reason)
	b.Region, b.MadeAt, b.HandedAt, b.SentAt, b.ReceiptAt = deepest(levels), made.Time(), handed.Time(), sent.Time(), receipt.Time()
	return b, err
}

// Insert adds a batch.
func (Store) Insert(ctx context.Context, tx *sqldb.Tx, b Batch) error {
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO register_batch (`+batchColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', 0, 0, '', 0, '')`,
		string(b.ID), b.Version, string(b.State), string(b.Region.Province()), string(b.Region.City()), string(b.Region.District()), b.Entries, string(b.MadeBy), int64(lanzha.At(b.MadeAt)))
	return err
}

// Update writes a batch whose stored version is one less.
func (Store) Update(ctx context.Context, tx *sqldb.Tx, b Batch) error {
	n, err := sqldb.Exec(ctx, tx, `UPDATE register_batch SET version = $1, state = $2, handed_by = $3, handed_at = $4, sent_at = $5, platform_no = $6, receipt_at = $7, reason = $8
		WHERE id = $9 AND version = $10`,
		b.Version, string(b.State), string(b.HandedBy), int64(lanzha.At(b.HandedAt)), int64(lanzha.At(b.SentAt)), b.PlatformNo, int64(lanzha.At(b.ReceiptAt)), b.Reason, string(b.ID), b.Version-1)
	if err == nil && n == 0 {
		return errOvertaken()
	}
	return err
}

func errOvertaken() error { return lanzha.Conflict("somebody changed this batch before you") }

// Get reads a batch.
func (Store) Get(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Batch, error) {
	return sqldb.One(ctx, q, "batch", scanBatch, `SELECT `+batchColumns+` FROM register_batch WHERE id = $1`, string(id))
}

// Filter narrows Batches; empty fields do not.
type Filter struct {
	Region lanzha.Region
	State  State
	After  lanzha.ID
	Limit  int
}

// Batches reads a page of batches, the newest first.
func (Store) Batches(ctx context.Context, q sqldb.Queryer, f Filter) ([]Batch, error) {
	var where sqldb.Where
	where.Region(f.Region)
	if f.State != "" {
		where.And("state = ?", string(f.State))
	}
	if f.After != "" {
		where.And("id < ?", string(f.After))
	}
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, scanBatch, `SELECT `+batchColumns+` FROM register_batch WHERE `+where.String()+` ORDER BY id DESC LIMIT `+limit, where.Args()...)
}

// Report records what an institution reported; a later report of the same
// measure replaces an earlier one, which the journal keeps.
func (Store) Report(ctx context.Context, tx *sqldb.Tx, batch lanzha.ID, e Execution, by lanzha.ID, at time.Time) error {
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO register_execution (listing, action, measure, state, institution, at, note, batch, recorded_by, recorded_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (listing, action, measure) DO UPDATE SET state = excluded.state, institution = excluded.institution, at = excluded.at, note = excluded.note,
			batch = excluded.batch, recorded_by = excluded.recorded_by, recorded_at = excluded.recorded_at`,
		string(e.Listing), string(e.Action), e.Measure, e.State, e.Institution, int64(lanzha.At(e.At)), e.Note, string(batch), string(by), int64(lanzha.At(at)))
	return err
}

// Executions lists what was reported of a listing.
func (Store) Executions(ctx context.Context, q sqldb.Queryer, listing lanzha.ID) ([]Execution, error) {
	return sqldb.All(ctx, q, func(row sqldb.Scanner) (Execution, error) {
		var e Execution
		var at lanzha.Micros
		err := row.Scan(&e.Listing, &e.Action, &e.Measure, &e.State, &e.Institution, &at, &e.Note)
		e.At = at.Time()
		return e, err
	}, `SELECT listing, action, measure, state, institution, at, note FROM register_execution WHERE listing = $1 ORDER BY action, measure`, string(listing))
}

// Figures are how a batch was carried out.
type Figures struct {
	Expected int64 `json:"expected" doc:"measures of all entries"`
	Done     int64 `json:"done"`
	Failed   int64 `json:"failed"`
}

// Missing is how many measures nobody has reported on.
func (f Figures) Missing() int64 { return f.Expected - f.Done - f.Failed }

// Figures counts what was reported on a batch.
func (Store) Figures(ctx context.Context, q sqldb.Queryer, batch lanzha.ID) (Figures, error) {
	return sqldb.One(ctx, q, "figures", func(row sqldb.Scanner) (f Figures, err error) { return f, row.Scan(&f.Expected, &f.Done, &f.Failed) },
		`SELECT (SELECT coalesce(sum(measures), 0) FROM register_upward WHERE batch = $1),
			count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'failed') FROM register_execution WHERE batch = $1`, string(batch))
}
