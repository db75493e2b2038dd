package backup_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/backup"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
)

// things has every kind of column, tables that stand before what they refer
// to, one without a key, names that SQL reserves, and a row it is born with.
func things(migrations int) sqldb.Schema {
	files := fstest.MapFS{"schema/001.sql": {Data: []byte(`
CREATE TABLE zone (id TEXT PRIMARY KEY, "order" BIGINT NOT NULL);
INSERT INTO zone (id, "order") VALUES ('born', 1);
CREATE TABLE a_part (zone TEXT NOT NULL REFERENCES zone (id), n BIGINT NOT NULL, PRIMARY KEY (n, zone));
CREATE TABLE thing (n SERIAL_KEY, name TEXT, data BYTES, done BOOLEAN NOT NULL DEFAULT FALSE, share DOUBLE PRECISION);
CREATE TABLE loose (x TEXT, y BIGINT);`)}}
	if migrations > 1 {
		files["schema/002.sql"] = &fstest.MapFile{Data: []byte(`ALTER TABLE thing ADD COLUMN size BIGINT NOT NULL DEFAULT 7;`)}
	}
	return sqldb.Schema{Room: "things", Files: files}
}

func schemas(migrations int) []sqldb.Schema {
	return []sqldb.Schema{journal.Schema(), outbox.Schema(), things(migrations)}
}

var at = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func now() time.Time { return at }

// populate fills all tables: the journal sealed in part, one item of the
// outbox under way.
func populate(t *testing.T, db *sqldb.DB, k journal.Key) {
	t.Helper()
	ctx := context.Background()
	j := journal.New(db, now, nil)
	s := journal.NewSealer(j, k)
	b := outbox.New(db, now, lanzha.NewIDs(now, nil), outbox.Options{})
	err := db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := b.Owe(ctx, tx, outbox.Item{Key: "k1", Kind: "send", Lane: "a", Record: "R1", DueAt: at}, outbox.Item{Key: "k2", Kind: "send", Lane: "a", Record: "R1", DueAt: at.Add(time.Hour)}); err != nil {
			return err
		}
		for i := range 700 { // more than one statement takes
			if err := j.Append(ctx, tx, at, journal.Entry{Kind: "clue.opened", Record: lanzha.ID(fmt.Sprint("C", i)), Payload: map[string]string{"text": "线索 <&> \u2028\x7f"}}); err != nil {
				return err
			}
		}
		for _, row := range [][]any{
			{"\x00", []byte{}, true, 0.1}, {"", []byte{0, 255}, false, -1e300}, {nil, nil, true, nil}, {strings.Repeat("长\n\"", 9000), []byte("x"), false, 3.0},
		} {
			if tx.Dialect == sqldb.Postgres && row[0] == "\x00" {
				row[0] = "no zero byte there"
			}
			if _, err := sqldb.Exec(ctx, tx, `INSERT INTO thing (name, data, done, share) VALUES ($1, $2, $3, $4)`, row...); err != nil {
				return err
			}
		}
		for _, q := range []string{`INSERT INTO zone VALUES ('z', 2)`, `INSERT INTO a_part VALUES ('z', 1), ('born', 1)`, `INSERT INTO loose VALUES ('b', 1), ('a', 2)`, `DELETE FROM thing WHERE n = 2`} {
			if _, err := sqldb.Exec(ctx, tx, q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sealAll(t, db, s, 700)
	// A worker takes k1 and is lost with the machine.
	if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := sqldb.Exec(ctx, tx, `UPDATE outbox SET next_at = $1, attempts = 1 WHERE key = 'k1'`, at.Add(2*time.Minute).UnixMicro())
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// sealAll seals until the log has so many rows: on PostgreSQL a row settles
// only when every transaction of the server that began before it has ended.
func sealAll(t *testing.T, db *sqldb.DB, s *journal.Sealer, rows int64) {
	t.Helper()
	ctx := context.Background()
	for deadline := time.Now().Add(20 * time.Second); ; {
		if _, err := s.Seal(ctx); err != nil {
			t.Fatal(err)
		}
		n, err := sqldb.One(ctx, db.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM journal_leaf`)
		if err != nil {
			t.Fatal(err)
		}
		if n == rows {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d rows are sealed after 20 s, want %d", n, rows)
		}
	}
}

func write(t *testing.T, db *sqldb.DB) (string, backup.Written) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "backup.zip")
	w, err := backup.Write(context.Background(), db, path, at)
	if err != nil {
		t.Fatal(err)
	}
	return path, w
}

func restore(db *sqldb.DB, path string, schemas ...sqldb.Schema) (backup.Restored, error) {
	f, err := backup.Open(path)
	if err != nil {
		return backup.Restored{}, err
	}
	defer f.Close()
	return backup.Restore(context.Background(), db, f, now, schemas...)
}

// sums is what a restore must not change: all but where it says that it
// happened.
func sums(m backup.Manifest, but ...string) map[string]string {
	out := map[string]string{}
	for _, t := range m.Tables {
		out[t.Name] = fmt.Sprint(t.Rows, " ", t.SHA256)
	}
	for _, name := range but {
		delete(out, name)
	}
	return out
}

func TestRestoreIntoEitherDatabase(t *testing.T) {
	opens := map[string]func(testing.TB, ...sqldb.Schema) *sqldb.DB{"sqlite": sqltest.OpenSQLite, "postgres": sqltest.OpenPostgres}
	for from, openFrom := range opens {
		for to, openTo := range opens {
			t.Run(from+" to "+to, func(t *testing.T) {
				ctx := context.Background()
				k, _, err := journal.NewKey(nil)
				if err != nil {
					t.Fatal(err)
				}
				source := openFrom(t, schemas(1)...)
				populate(t, source, k)
				if from == "sqlite" && to == "postgres" { // which holds no zero bytes
					if _, err := source.Pool().ExecContext(ctx, `UPDATE thing SET name = 'x' WHERE n = 1`); err != nil {
						t.Fatal(err)
					}
				}
				path, written := write(t, source)
				target := openTo(t)
				restored, err := restore(target, path, schemas(1)...)
				if err != nil {
					t.Fatal(err)
				}
				if restored.Owed != 1 {
					t.Errorf("%d items due again, want k1 alone", restored.Owed)
				}
				_, again := write(t, target)
				changed := []string{"journal", "journal_about", "journal_epoch", "outbox"}
				if diff := cmp.Diff(sums(written.Manifest, changed...), sums(again.Manifest, changed...)); diff != "" {
					t.Errorf("what came back differs: %s", diff)
				}
				if len(written.Tables) != 15 {
					t.Errorf("%d tables written", len(written.Tables))
				}

				// The journal goes on in a new epoch, and its seal holds.
				j := journal.New(target, now, nil)
				sealAll(t, target, journal.NewSealer(j, k), 701)
				c, err := j.Last(ctx, target.Read())
				if err != nil || c.Epoch != 2 || c.Seq != 701 {
					t.Errorf("the journal goes on at %v, %v", c, err)
				}
				rows, err := j.After(ctx, target.Read(), journal.Cursor{Epoch: 1, Xid: 1 << 62}, 9)
				if err != nil || len(rows) != 1 || rows[0].Kind != backup.KindRestored {
					t.Errorf("after every old cursor: %v, %v", rows, err)
				}
				report, err := journal.Verify(ctx, target, k.Verifier, []byte(written.Checkpoint))
				if err != nil || !report.OK || report.Sealed != 701 {
					t.Errorf("verify: %+v, %v", report, err)
				}

				// What was under way is due again with its key, at its first time.
				due, err := sqldb.All(ctx, target.Read(), sqldb.Value[string], `SELECT key FROM outbox WHERE state = 'owed' AND next_at = $1`, at.UnixMicro())
				if diff := cmp.Diff([]string{"k1"}, due); diff != "" || err != nil {
					t.Errorf("due: %s, %v", diff, err)
				}

				// The counter goes on after the highest number.
				if err := target.Tx(ctx, func(tx *sqldb.Tx) error {
					n, err := sqldb.One(ctx, tx, "number", sqldb.Value[int64], `INSERT INTO thing (name) VALUES ('next') RETURNING n`)
					if n != 5 {
						t.Errorf("the next thing is number %d, want 5", n)
					}
					return err
				}); err != nil {
					t.Error(err)
				}
				if _, err := restore(target, path, schemas(1)...); lanzha.CodeOf(err) != lanzha.CodeConflict {
					t.Errorf("into a database that is not empty: %v", err)
				}
			})
		}
	}
}

// A backup of an older version is restored as it was and then brought up to
// date; one of a later version is refused.
func TestVersions(t *testing.T) {
	sqltest.Run(t, schemas(1), func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		k, _, err := journal.NewKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		populate(t, db, k)
		path, _ := write(t, db)
		newer := sqltest.OpenSQLite(t)
		if _, err := restore(newer, path, schemas(2)...); err != nil {
			t.Fatal(err)
		}
		n, err := sqldb.One(ctx, newer.Read(), "sum", sqldb.Value[int64], `SELECT sum(size) FROM thing`)
		if err != nil || n != 21 {
			t.Errorf("sum of the new column = %d, %v", n, err)
		}
		path, _ = write(t, newer)
		older := sqltest.OpenSQLite(t)
		if _, err := restore(older, path, schemas(1)...); lanzha.CodeOf(err) != lanzha.CodeInvalid || !strings.Contains(err.Error(), "things as of version 2") {
			t.Errorf("a backup of a later version: %v", err)
		}
		mustBeEmpty(t, older)
	})
}

func mustBeEmpty(t *testing.T, db *sqldb.DB) {
	t.Helper()
	tables, err := db.Tables(context.Background(), db.Read())
	if err != nil || len(tables) != 0 {
		t.Errorf("tables were left behind: %v, %v", tables, err)
	}
}

// Every cut and every flipped byte is noticed before anything is restored.
func TestADamagedFileIsRefused(t *testing.T) {
	db := sqltest.OpenSQLite(t, schemas(1)...)
	k, _, err := journal.NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	populate(t, db, k)
	path, written := write(t, db)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(whole)) != written.Bytes {
		t.Errorf("%d bytes, written %d", len(whole), written.Bytes)
	}
	bad := filepath.Join(t.TempDir(), "bad.zip")
	target := sqltest.OpenSQLite(t)
	try := func(what string, data []byte) {
		t.Helper()
		if err := os.WriteFile(bad, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := restore(target, bad, schemas(1)...)
		if e, ok := errors.AsType[*lanzha.Error](err); !ok || e.Code != lanzha.CodeInvalid || e.Message == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	try("nothing", nil)
	try("no zip", []byte("backup"))
	for _, n := range []int{1, len(whole) / 2, len(whole) - 1} {
		try(fmt.Sprintf("cut to %d bytes", n), whole[:n])
	}
	// In the compressed rows of the first tables and in the manifest's.
	for _, i := range []int{200, len(whole) / 4, len(whole) / 2, bytes.LastIndex(whole, []byte("PK\x03\x04")) + 80} {
		flipped := bytes.Clone(whole)
		flipped[i] ^= 0x10
		try(fmt.Sprintf("byte %d flipped", i), flipped)
	}
	mustBeEmpty(t, target)
	if _, err := restore(target, filepath.Join(t.TempDir(), "none"), schemas(1)...); lanzha.CodeOf(err) != lanzha.CodeInvalid {
		t.Errorf("no file: %v", err)
	}
	if _, err := backup.Write(context.Background(), db, path, at); lanzha.CodeOf(err) != lanzha.CodeConflict {
		t.Errorf("writing over a backup: %v", err)
	}
	if _, err := backup.Write(context.Background(), target, path+"2", at); lanzha.CodeOf(err) != lanzha.CodeConflict {
		t.Errorf("of an empty database: %v", err)
	}
	if left, err := fs.Glob(os.DirFS(filepath.Dir(path)), "*"); err != nil || len(left) != 1 {
		t.Errorf("files left behind: %v, %v", left, err)
	}
}

// What the new database cannot take is found out in the middle, and undone.
func TestARestoreThatFailsLeavesNothing(t *testing.T) {
	source, target := sqltest.OpenSQLite(t, schemas(1)...), sqltest.OpenPostgres(t)
	k, _, err := journal.NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	populate(t, source, k) // with a text that holds a zero byte
	path, _ := write(t, source)
	if _, err := restore(target, path, schemas(1)...); lanzha.CodeOf(err) != lanzha.CodeInvalid || !strings.Contains(err.Error(), "thing") {
		t.Errorf("err = %v", err)
	}
	mustBeEmpty(t, target)
}

// Text that a broken client got into SQLite is carried as it is.
func TestTextThatIsNotUTF8(t *testing.T) {
	source, target := sqltest.OpenSQLite(t, schemas(1)...), sqltest.OpenSQLite(t)
	ctx := context.Background()
	if _, err := source.Pool().ExecContext(ctx, `INSERT INTO thing (name, data) VALUES ('a' || CAST(x'ff00' AS TEXT), 'text')`); err != nil {
		t.Fatal(err)
	}
	path, _ := write(t, source)
	if _, err := restore(target, path, schemas(1)...); err != nil {
		t.Fatal(err)
	}
	got, err := sqldb.One(ctx, target.Read(), "thing", sqldb.Value[string], `SELECT hex(name) || hex(data) FROM thing`)
	if err != nil || got != "61FF00"+"74657874" {
		t.Errorf("%s, %v", got, err)
	}
}

// FuzzRestore holds that no file makes a restore panic, and that one that is
// not taken leaves nothing.
func FuzzRestore(f *testing.F) {
	seed := func(manifest, rows string) {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for name, text := range map[string]string{"manifest.json": manifest, "rows/1": rows} {
			w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
			if err != nil {
				f.Fatal(err)
			}
			if _, err := w.Write([]byte(text)); err != nil {
				f.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	seed(`{"format":1,"versions":{"journal":1,"outbox":1},"tables":[{"name":"zone","columns":[{"name":"id","kind":"text"}],"key":["id"],"file":"rows/1","rows":1}]}`, "[\"a\"]\n")
	seed(`{"format":1,"versions":{"things":1}}`, `[1,2`)
	seed(`{"format":1,"tables":[{"name":"zone","file":"rows/1"}]}`, ``)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "b.zip")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := backup.Open(path)
		if err != nil {
			return
		}
		defer file.Close()
		db, err := sqldb.Open(context.Background(), filepath.Join(t.TempDir(), "x.db"), sqldb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := backup.Restore(context.Background(), db, file, now, schemas(1)...); err != nil {
			mustBeEmpty(t, db)
		}
	})
}
