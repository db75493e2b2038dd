// Package backup writes the whole database to one file and makes a database
// from it again, of either kind: a SQLite that has grown too small becomes a
// PostgreSQL by backup and restore. The file is a zip: manifest.json, and for
// each table its rows as lines of JSON. The keys are not in it; without them
// names and ID numbers stay closed to whoever finds the file, and to you.
package backup

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
)

const (
	format       = 1
	manifestName = "manifest.json"
)

// Manifest says what is in a backup.
type Manifest struct {
	Format     int              `json:"format"`
	CreatedAt  time.Time        `json:"createdAt"`
	Dialect    sqldb.Dialect    `json:"dialect"`    // of the database that was written
	Versions   map[string]int64 `json:"versions"`   // of each room's tables
	Checkpoint string           `json:"checkpoint"` // the journal's newest one; "" before the first
	Tables     []Table          `json:"tables"`     // each after those that it refers to
}

// Table is one table of a backup.
type Table struct {
	sqldb.Table
	File   string `json:"file"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"` // of the lines in the order of the key, hexadecimal
}

// Rows is how many rows all tables have.
func (m Manifest) Rows() int64 {
	var n int64
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}

// Written is a backup that lies on disk.
type Written struct {
	Manifest
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // of the file, hexadecimal
}

// Write writes one consistent state of the database to a new file while others
// go on writing. The file has its name only once it is whole and on disk. A
// file that exists is CodeConflict.
func Write(ctx context.Context, db *sqldb.DB, path string, now time.Time) (Written, error) {
	if _, err := os.Lstat(path); err == nil {
		return Written{}, &lanzha.Error{Code: lanzha.CodeConflict, Op: "backup.Write", Message: "the file exists already", Hint: "choose another name; backups are not overwritten"}
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return Written{}, unwritten(err)
	}
	defer os.Remove(file.Name()) //nolint:errcheck // the name that counts is the link
	defer file.Close()           //nolint:errcheck // closed and checked below when all went well
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(file, sum), 1<<20)
	m, err := write(ctx, db, out, now)
	if err != nil {
		return Written{}, err
	}
	if err := errors.Join(out.Flush(), file.Sync()); err != nil {
		return Written{}, unwritten(err)
	}
	info, err := file.Stat()
	if err = errors.Join(err, file.Close()); err != nil {
		return Written{}, unwritten(err)
	}
	if err := os.Link(file.Name(), path); err != nil {
		return Written{}, unwritten(err)
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return Written{}, unwritten(err)
	}
	return Written{Manifest: m, Bytes: info.Size(), SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

func unwritten(err error) error {
	return &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "backup.Write", Message: "the backup could not be written", Hint: "check the folder, its permissions and the space left", Err: err}
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func write(ctx context.Context, db *sqldb.DB, w io.Writer, now time.Time) (Manifest, error) {
	m := Manifest{Format: format, CreatedAt: now.UTC().Truncate(time.Second), Dialect: db.Dialect}
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	err := db.Snapshot(ctx, func(q sqldb.Queryer) error {
		var err error
		if m.Versions, err = db.Versions(ctx, q); err != nil {
			return err
		}
		tables, err := db.Tables(ctx, q)
		if err != nil {
			return err
		}
		if len(tables) == 0 {
			return &lanzha.Error{Code: lanzha.CodeConflict, Op: "backup.Write", Message: "the database is empty", Hint: "check the address of the database"}
		}
		for i, t := range tables {
			entry := Table{Table: t, File: fmt.Sprintf("rows/%03d-%s.jsonl", i+1, t.Name)}
			part, err := z.CreateHeader(&zip.FileHeader{Name: entry.File, Method: zip.Deflate, Modified: m.CreatedAt})
			if err != nil {
				return unwritten(err)
			}
			if entry.Rows, entry.SHA256, err = dump(ctx, q, t, part); err != nil {
				return err
			}
			m.Tables = append(m.Tables, entry)
			if t.Name == "journal_checkpoint" {
				c, err := journal.Newest(ctx, q)
				if err != nil && lanzha.CodeOf(err) != lanzha.CodeNotFound {
					return err
				}
				m.Checkpoint = c.Note
			}
		}
		return nil
	})
	if err != nil {
		return m, err
	}
	part, err := z.CreateHeader(&zip.FileHeader{Name: manifestName, Method: zip.Deflate, Modified: m.CreatedAt})
	if err != nil {
		return m, unwritten(err)
	}
	encoder := json.NewEncoder(part)
	encoder.SetIndent("", "  ")
	if err := errors.Join(encoder.Encode(m), z.Close()); err != nil {
		return m, unwritten(err)
	}
	return m, nil
}
