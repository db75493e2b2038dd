package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"lanzha"
	"lanzha/app"
	"lanzha/base/config"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
	"lanzha/web"
)

// DoctorCmd checks that everything is in order. It changes nothing.
type DoctorCmd struct {
	JSON bool `name:"json" help:"Print one line of JSON."`
}

// finding is one check: "ok", "warn" (it works, but look at it) or "fail".
type finding struct {
	Check  string `json:"check"`
	Status string `json:"status"`
	Detail string `json:"detail"`
	Next   string `json:"next,omitempty"` // what to do
}

// doctor collects what it finds.
type doctor struct {
	now      func() time.Time
	findings []finding
}

func (d *doctor) ok(check, format string, args ...any) {
	d.findings = append(d.findings, finding{check, "ok", fmt.Sprintf(format, args...), ""})
}

func (d *doctor) warn(check, next, format string, args ...any) {
	d.findings = append(d.findings, finding{check, "warn", fmt.Sprintf(format, args...), next})
}

func (d *doctor) fail(check, next, format string, args ...any) {
	d.findings = append(d.findings, finding{check, "fail", fmt.Sprintf(format, args...), next})
}

// broken is a check that ended in an error.
func (d *doctor) broken(check string, err error) {
	next := "see the error"
	if e, ok := errors.AsType[*lanzha.Error](err); ok && e.Hint != "" {
		next = e.Hint
	}
	d.fail(check, next, "%v", err)
}

// Run prints a line for each check and fails when one of them does.
func (c *DoctorCmd) Run(ctx context.Context, std *Std, env *Env) error {
	d := &doctor{now: std.Now}
	d.examine(ctx, env)
	healthy := true
	var text bytes.Buffer
	for _, f := range d.findings {
		healthy = healthy && f.Status != "fail"
		fmt.Fprintf(&text, "%-4s %-14s %s\n", f.Status, f.Check, f.Detail)
		if f.Next != "" {
			fmt.Fprintf(&text, "     %-14s -> %s\n", "", f.Next)
		}
	}
	var err error
	if c.JSON {
		err = json.NewEncoder(std.Out).Encode(struct {
			OK     bool      `json:"ok"`
			Checks []finding `json:"checks"`
		}{healthy, d.findings})
	} else {
		_, err = std.Out.Write(text.Bytes())
	}
	if err == nil && !healthy {
		return errSilent
	}
	return err
}

func (d *doctor) examine(ctx context.Context, env *Env) {
	if web.Built() {
		d.ok("console", "built in")
	} else {
		d.warn("console", "build with `make`", "not built into this binary; the API works")
	}
	loaded, err := env.Load()
	if err != nil {
		d.broken("configuration", err)
		return
	}
	if len(loaded.Unknown) > 0 {
		d.warn("configuration", "`lanzha config print` lists the names", "these variables set nothing: %s", strings.Join(loaded.Unknown, ", "))
	} else {
		d.ok("configuration", "read and checked")
	}
	cfg := &loaded.Config
	if !d.folder(cfg) {
		return
	}
	d.keys(cfg)
	db, _, err := openExisting(ctx, env)
	if err != nil {
		d.broken("database", err)
		return
	}
	defer db.Close()
	d.database(ctx, db)
}

// Below these the disk is said to be nearly full, and full.
const (
	diskLow  = 2 << 30
	diskFull = 200 << 20
)

// folder looks at the data folder, and reports whether there is one.
func (d *doctor) folder(cfg *config.Config) bool {
	info, err := os.Stat(cfg.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.fail("data folder", "start `lanzha serve` once, which makes it, or name another with --data", "%s is not there", cfg.Data)
		return false
	case err != nil || !info.IsDir():
		d.fail("data folder", "name a folder with --data", "%s is not a folder that can be read", cfg.Data)
		return false
	}
	probe, err := os.CreateTemp(cfg.Data, ".doctor-*")
	if err != nil {
		d.fail("data folder", "give it to the user that runs Lanzha", "%s cannot be written", cfg.Data)
		return true
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name()) // the file is empty and its name says whose it is
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		d.warn("data folder", "chmod 700 "+cfg.Data, "%s is open to others (%v)", cfg.Data, mode)
	} else {
		d.ok("data folder", "%s can be written, by its owner alone", cfg.Data)
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(cfg.Data, &disk); err != nil {
		d.broken("disk", lanzha.Internal("doctor", err))
		return true
	}
	left := disk.Bavail * uint64(disk.Bsize)
	detail := fmt.Sprintf("%.1f GB left at %s", float64(left)/(1<<30), cfg.Data)
	switch {
	case left < diskFull:
		d.fail("disk", "make room before writing stops", "%s", detail)
	case left < diskLow:
		d.warn("disk", "make room", "%s", detail)
	default:
		d.ok("disk", "%s", detail)
	}
	return true
}

// keys looks at the keyset and at the journal's signing key.
func (d *doctor) keys(cfg *config.Config) {
	if _, err := vault.Open(vault.Options{File: cfg.KeysFile(), Text: cfg.Keys.Text, InUse: true}); err != nil {
		d.broken("keyset", err)
	} else if cfg.Keys.Text != "" {
		d.ok("keyset", "read from the environment")
	} else {
		d.private("keyset", cfg.KeysFile())
	}
	if _, err := journal.ReadKey(journalKey(cfg.Data)); err != nil {
		d.broken("journal key", err)
	} else {
		d.private("journal key", journalKey(cfg.Data))
	}
}

// private says whether only its owner may read a file.
func (d *doctor) private(check, path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		d.broken(check, lanzha.Internal("doctor", err))
	case info.Mode().Perm()&0o077 != 0:
		d.fail(check, "chmod 600 "+path, "%s can be read by others (%v)", path, info.Mode().Perm())
	default:
		d.ok(check, "%s, for its owner alone", path)
	}
}

func (d *doctor) database(ctx context.Context, db *sqldb.DB) {
	if err := db.Ping(ctx); err != nil {
		d.broken("database", err)
		return
	}
	d.ok("database", "%s answers", db.Dialect)
	if db.Dialect == sqldb.SQLite {
		d.private("database file", db.Address())
	}
	if !d.tables(ctx, db) {
		return
	}
	j := journal.New(db, d.now, nil)
	for _, check := range []struct {
		name string
		run  func() error
	}{
		{"clock", func() error { return d.clock(ctx, db, j) }},
		{"journal order", func() error {
			inOrder, err := j.InOrder(ctx)
			if err == nil && !inOrder {
				d.fail("journal order", "`lanzha backup` this database and `lanzha restore` into an empty one, which opens a new epoch", "the server's transactions count lower than the journal's rows: its files were put back by other means")
			} else if err == nil {
				d.ok("journal order", "new rows stand after the old")
			}
			return err
		}},
		{"parked rows", func() error {
			n, err := j.Parked(ctx)
			if err == nil && n > 0 {
				d.warn("parked rows", "the table journal_parked says which and why", "%d rows of the journal could not be taken by a stage", n)
			} else if err == nil {
				d.ok("parked rows", "none")
			}
			return err
		}},
		{"sealer", func() error { return d.sealer(ctx, j) }},
		{"outbox", func() error {
			n, err := outbox.New(db, d.now, lanzha.NewIDs(d.now, nil), outbox.Options{}).Dead(ctx)
			if err == nil && n > 0 {
				d.warn("outbox", "see to the institution that did not answer, then send again", "%d sendings were given up", n)
			} else if err == nil {
				d.ok("outbox", "nothing was given up")
			}
			return err
		}},
	} {
		if err := check.run(); err != nil {
			d.broken(check.name, err)
		}
	}
}

// tables compares the versions of the tables with what this program knows, and
// reports whether the rest can be asked.
func (d *doctor) tables(ctx context.Context, db *sqldb.DB) bool {
	have, err := db.Versions(ctx, db.Read())
	if err != nil {
		d.broken("tables", err)
		return false
	}
	var behind, ahead []string
	for _, s := range app.Schemas() {
		latest, err := s.Latest()
		if err != nil {
			d.broken("tables", err)
			return false
		}
		switch version := have[s.Room]; {
		case version < latest:
			behind = append(behind, s.Room)
		case version > latest:
			ahead = append(ahead, s.Room)
		}
	}
	switch {
	case len(ahead) > 0:
		d.fail("tables", "run the version of Lanzha that made them, or a later one", "they are newer than this program: %s", strings.Join(ahead, ", "))
	case len(have) == 0:
		d.fail("tables", "start `lanzha serve` once, or restore a backup", "the database is empty")
	case len(behind) > 0:
		d.warn("tables", "back up, then start `lanzha serve`, which brings them up to date", "they are older than this program: %s", strings.Join(behind, ", "))
	default:
		d.ok("tables", "up to date")
		return true
	}
	return false
}

// clock compares this machine with the database's and with the newest row.
func (d *doctor) clock(ctx context.Context, db *sqldb.DB, j *journal.Journal) error {
	there, err := db.Clock(ctx)
	if err != nil {
		return err
	}
	here := d.now()
	apart := here.Sub(there).Abs().Round(time.Millisecond)
	newest, err := j.Search(ctx, db.Read(), journal.Filter{Limit: 1})
	if err != nil {
		return err
	}
	next := "let both machines follow the same time server"
	switch {
	case apart > time.Minute:
		d.fail("clock", next, "%v apart from the database's", apart)
	case len(newest) > 0 && newest[0].At.After(here.Add(time.Minute)):
		d.fail("clock", next, "it went back: the newest row of the journal is of %s", newest[0].At.Format(time.RFC3339))
	case apart > 2*time.Second:
		d.warn("clock", next, "%v apart from the database's", apart)
	default:
		d.ok("clock", "%s, %v apart from the database's", here.UTC().Format(time.RFC3339), apart)
	}
	return nil
}

// sealer looks at how long rows have waited to be sealed.
func (d *doctor) sealer(ctx context.Context, j *journal.Journal) error {
	n, oldest, err := j.Lag(ctx)
	if err != nil {
		return err
	}
	switch age := d.now().Sub(oldest).Round(time.Second); {
	case n == 0:
		d.ok("sealer", "all rows are sealed")
	case age > time.Minute:
		d.warn("sealer", "start the server; if it runs, `lanzha audit verify --since` a checkpoint kept elsewhere", "%d rows or more have waited for up to %v", n, age)
	default:
		d.ok("sealer", "%d rows wait since %v", n, age)
	}
	return nil
}
