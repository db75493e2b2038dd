package backup

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
)

// KindRestored is the kind of the first journal row after a restore.
const KindRestored = "journal.restored"

// Restored is what a restore did.
type Restored struct {
	Manifest
	Owed int64 `json:"owed"` // outbox items that were under way and are due again with their old keys
}

// Restore fills an empty database from a backup, all or nothing: the tables
// are made as they were, filled, read again and compared in one transaction,
// and brought up to date after it. A new epoch of the journal begins, so that
// cursors handed out before stay right and new rows stand after the old. A
// database with tables in it is CodeConflict.
func Restore(ctx context.Context, db *sqldb.DB, f *File, now func() time.Time, schemas ...sqldb.Schema) (Restored, error) {
	r := Restored{Manifest: f.Manifest}
	if err := f.fits(schemas); err != nil {
		return r, err
	}
	j := journal.New(db, now, nil)
	err := db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := empty(ctx, db, tx); err != nil {
			return err
		}
		for _, s := range schemas {
			if version, ok := f.Versions[s.Room]; ok {
				if err := tx.Create(ctx, s, version); err != nil {
					return err
				}
			}
		}
		if err := f.load(ctx, db, tx); err != nil {
			return err
		}
		if err := j.NewEpoch(ctx, tx, now()); err != nil {
			return err
		}
		var err error
		r.Owed, err = outbox.Resume(ctx, tx)
		return err
	})
	if err != nil {
		return r, err
	}
	if err := db.Migrate(ctx, schemas...); err != nil {
		return r, err
	}
	return r, db.Tx(ctx, func(tx *sqldb.Tx) error {
		err := j.Append(ctx, tx, now(), journal.Entry{Kind: KindRestored, Payload: map[string]any{
			"backup": f.CreatedAt, "from": f.Dialect, "rows": f.Rows(),
		}})
		return err
	})
}

// fits refuses a backup of tables that this program does not know.
func (f *File) fits(schemas []sqldb.Schema) error {
	latest := map[string]int64{}
	for _, s := range schemas {
		version, err := s.Latest()
		if err != nil {
			return lanzha.Internal("backup.Restore", err)
		}
		latest[s.Room] = version
	}
	for room, version := range f.Versions {
		if version > latest[room] {
			return &lanzha.Error{
				Code: lanzha.CodeInvalid, Op: "backup.Restore", Message: fmt.Sprintf("the backup holds %s as of version %d; this Lanzha knows version %d", room, version, latest[room]),
				Hint: "restore it with the version of Lanzha that wrote it, or a later one",
			}
		}
	}
	for _, room := range []string{journal.Schema().Room, outbox.Schema().Room} {
		if _, ok := f.Versions[room]; !ok {
			return lanzha.Invalid("file", "the backup has no %s", room)
		}
	}
	return nil
}

func empty(ctx context.Context, db *sqldb.DB, q sqldb.Queryer) error {
	versions, err := db.Versions(ctx, q)
	if err != nil {
		return err
	}
	tables, err := db.Tables(ctx, q)
	if err != nil || len(tables) > 0 || len(versions) > 0 {
		return &lanzha.Error{
			Code: lanzha.CodeConflict, Op: "backup.Restore", Message: "the database is not empty; nothing was restored",
			Hint: "restore into a new file or a new database, and move the old one away only when you have looked at the new", Err: err,
		}
	}
	return nil
}

// load fills the tables, which are those of the backup, and reads them again.
func (f *File) load(ctx context.Context, db *sqldb.DB, tx *sqldb.Tx) error {
	made, err := db.Tables(ctx, tx)
	if err != nil {
		return err
	}
	same := func(a Table, b sqldb.Table) bool { return a.Name == b.Name && slices.Equal(a.Columns, b.Columns) }
	if !slices.EqualFunc(f.Tables, made, same) {
		return lanzha.Invalid("file", "the tables of the backup are not those of the versions that it names")
	}
	for _, t := range slices.Backward(f.Tables) { // rows that the tables were made with
		if _, err := sqldb.Exec(ctx, tx, `DELETE FROM `+sqldb.Quote(t.Name)); err != nil {
			return err
		}
	}
	for _, t := range f.Tables {
		if err := f.fill(ctx, tx, t); err != nil {
			return err
		}
		if err := sqldb.CountOn(ctx, tx, t.Table); err != nil {
			return err
		}
	}
	for _, t := range f.Tables {
		n, sum, err := dump(ctx, tx, t.Table, io.Discard)
		if err != nil {
			return err
		}
		if n != t.Rows || sum != t.SHA256 {
			return &lanzha.Error{Code: lanzha.CodeInternal, Op: "backup.Restore", Message: fmt.Sprintf("the table %s came back with %d rows that are not the %d of the backup; nothing was restored", t.Name, n, t.Rows)}
		}
	}
	return nil
}

func (f *File) fill(ctx context.Context, tx *sqldb.Tx, t Table) error {
	most := max(1, min(256, 4000/len(t.Columns))) * len(t.Columns)
	args := make([]any, 0, most)
	flush := func() error {
		if len(args) == 0 {
			return nil
		}
		_, err := sqldb.Exec(ctx, tx, insert(t.Table, len(args)), args...)
		args = args[:0]
		return err
	}
	var row int64
	err := f.lines(t, func(line []byte) error {
		row++
		var cells []json.RawMessage
		if err := json.Unmarshal(line, &cells); err != nil {
			return fmt.Errorf("row %d: %w", row, err)
		}
		if len(cells) != len(t.Columns) {
			return fmt.Errorf("row %d has %d values for %d columns", row, len(cells), len(t.Columns))
		}
		for i, c := range t.Columns {
			v, err := parsed(c, cells[i])
			if err != nil {
				return fmt.Errorf("row %d, column %s: %w", row, c.Name, err)
			}
			args = append(args, v)
		}
		if len(args) == most {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return &lanzha.Error{Code: lanzha.CodeInvalid, Op: "backup.Restore", Message: "the table " + t.Name + " could not be filled; nothing was restored", Err: err}
	}
	return nil
}

func insert(t sqldb.Table, args int) string {
	var q strings.Builder
	fmt.Fprintf(&q, "INSERT INTO %s (%s) VALUES ", sqldb.Quote(t.Name), names(t))
	for i := range args {
		switch {
		case i%len(t.Columns) > 0:
			q.WriteString(", ")
		case i > 0:
			q.WriteString("), (")
		default:
			q.WriteByte('(')
		}
		fmt.Fprintf(&q, "$%d", i+1)
	}
	q.WriteByte(')')
	return q.String()
}
