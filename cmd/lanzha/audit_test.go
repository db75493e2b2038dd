package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/app"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/base/vault"
)

// lanzhaRuns runs a command line and returns what it printed, and its status.
func lanzhaRuns(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(context.Background(), args, &Std{In: strings.NewReader(""), Out: &out, Err: &errs, Now: time.Now})
	return out.String(), errs.String(), status
}

// house makes a data folder as a server leaves it: keys, and a sealed journal
// of three rows.
func house(t *testing.T) (data string, db *sqldb.DB) {
	t.Helper()
	ctx := context.Background()
	data = filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Open(vault.Options{File: filepath.Join(data, "keyset.json")}); err != nil {
		t.Fatal(err)
	}
	key, err := journal.LoadKey(journalKey(data))
	if err != nil {
		t.Fatal(err)
	}
	if db, err = sqldb.Open(ctx, filepath.Join(data, "lanzha.db"), sqldb.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(ctx, app.Schemas()...); err != nil {
		t.Fatal(err)
	}
	j := journal.New(db, time.Now, nil)
	for _, record := range []lanzha.ID{"R1", "R2", "R3"} {
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			err := j.Append(ctx, tx, time.Now(), journal.Entry{Kind: "report.received", Record: record})
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := journal.NewSealer(j, key).Seal(ctx); err != nil || n != 3 {
		t.Fatalf("sealed %d, %v", n, err)
	}
	return data, db
}

func execute(t *testing.T, db *sqldb.DB, statement string) {
	t.Helper()
	if _, err := db.Pool().ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestAuditFindsWhatWasChanged(t *testing.T) {
	data, db := house(t)
	note, public, status := lanzhaRuns(t, "--data", data, "audit", "checkpoint")
	if status != 0 || !strings.HasPrefix(note, "lanzha/journal\n3\n") || !strings.Contains(public, "lanzha/journal+") {
		t.Fatalf("checkpoint: %d, %q, %q", status, note, public)
	}
	kept := filepath.Join(t.TempDir(), "checkpoint")
	if err := os.WriteFile(kept, []byte(strings.ReplaceAll(note, "\n", "\r\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	key := public[strings.Index(public, "lanzha/journal+"):]
	verify := []string{"--data", data, "audit", "verify", "--since", kept, "--key", strings.TrimSpace(key)}
	if out, errs, status := lanzhaRuns(t, verify...); status != 0 || !strings.HasPrefix(out, "ok: 3 rows sealed") {
		t.Errorf("before: %d, %s%s", status, out, errs)
	}
	execute(t, db, `UPDATE journal SET actor = 'X' WHERE seq = 2`)
	if out, _, status := lanzhaRuns(t, verify...); status != 1 || !strings.HasPrefix(out, "changed   row 2 (report.received of R2)") {
		t.Errorf("after: %d, %s", status, out)
	}
	out, _, status := lanzhaRuns(t, append(verify, "--json")...)
	var r journal.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || status != 1 || r.OK || r.First() == nil || r.First().Fault != journal.FaultChanged || r.First().Seq != 2 {
		t.Errorf("as JSON: %d, %s, %v", status, out, err)
	}
	if _, errs, status := lanzhaRuns(t, "--data", data, "audit", "verify", "--key", "x"); status != 1 || !strings.Contains(errs, "no public key") {
		t.Errorf("a key that is none: %d, %s", status, errs)
	}
}

// The drill that an operator should hold: back up, restore beside it, verify
// the restored journal against the checkpoint, and look with the doctor.
func TestRestoreDrill(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { drill(t, "") })
	t.Run("postgres", func(t *testing.T) { drill(t, sqltest.PostgresURL(t)) })
}

// drill restores into the database at an address; "" is the file in the new
// data folder.
func drill(t *testing.T, address string) {
	data, _ := house(t)
	dir := t.TempDir()
	file, kept, second := filepath.Join(dir, "backup.zip"), filepath.Join(dir, "checkpoint"), filepath.Join(dir, "second")
	note, _, _ := lanzhaRuns(t, "--data", data, "audit", "checkpoint")
	if err := os.WriteFile(kept, []byte(note), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, errs, status := lanzhaRuns(t, "--data", data, "backup", file); status != 0 || !strings.Contains(out, "keys are NOT in it") {
		t.Fatalf("backup: %d, %s%s", status, out, errs)
	}
	if _, errs, status := lanzhaRuns(t, "--data", data, "restore", file); status != 1 || !strings.Contains(errs, "not empty") {
		t.Errorf("over the running one: %d, %s", status, errs)
	}
	if out, errs, status := lanzhaRuns(t, "--data", second, "--database", address, "restore", file); status != 0 || !strings.Contains(out, "read again and compared") {
		t.Fatalf("restore: %d, %s%s", status, out, errs)
	}
	if failing := examined(t, 1, "--data", second, "--database", address); !cmp.Equal(failing, map[string]string{"keyset": "fail", "journal key": "fail"}) {
		t.Errorf("without the keys the doctor says %v", failing)
	}
	for _, name := range []string{"keyset.json", "journal.key"} {
		text, err := os.ReadFile(filepath.Join(data, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(second, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if failing := examined(t, 0, "--data", second, "--database", address); len(failing) > 0 {
		t.Errorf("with the keys the doctor says %v", failing)
	}
	if out, errs, status := lanzhaRuns(t, "--data", second, "--database", address, "audit", "verify", "--since", kept); status != 0 || !strings.HasPrefix(out, "ok: 3 rows sealed, 1 not yet") {
		t.Errorf("verify: %d, %s%s", status, out, errs)
	}
}

// examined runs the doctor and returns what is not well. Whether the console
// is built, how full the disk is and which variables are set depends on the
// machine.
func examined(t *testing.T, want int, flags ...string) map[string]string {
	t.Helper()
	out, errs, status := lanzhaRuns(t, append(flags, "doctor", "--json")...)
	if status != want {
		t.Errorf("doctor: status %d, want %d: %s%s", status, want, out, errs)
	}
	var report struct {
		Checks []finding `json:"checks"`
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Checks) < 3 {
		t.Errorf("doctor: %s, %v", out, err)
	}
	bad := map[string]string{}
	for _, f := range report.Checks {
		if f.Status != "ok" && f.Next == "" {
			t.Errorf("no next step: %+v", f)
		}
		if f.Status != "ok" && !slices.Contains([]string{"console", "disk", "configuration"}, f.Check) {
			bad[f.Check] = f.Status
		}
	}
	return bad
}

func TestDoctorSaysWhatIsWrong(t *testing.T) {
	if bad := examined(t, 1, "--data", filepath.Join(t.TempDir(), "none")); !cmp.Equal(bad, map[string]string{"data folder": "fail"}) {
		t.Errorf("no data folder: %v", bad)
	}
	if _, _, status := lanzhaRuns(t, "--data", t.TempDir(), "--listen", "nowhere", "doctor"); status != 1 {
		t.Errorf("a bad configuration: status %d", status)
	}
	data, db := house(t)
	if bad := examined(t, 0, "--data", data); len(bad) > 0 {
		t.Errorf("all is well: %v", bad)
	}
	for _, path := range []string{data, filepath.Join(data, "keyset.json")} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, db, `INSERT INTO journal_parked (name, seq, at, reason) VALUES ('stage', 1, 0, 'x')`)
	execute(t, db, `INSERT INTO outbox (id, key, kind, lane, record, state, due_at, next_at, attempts, payload, finished_at) VALUES ('1', 'k', 's', 'l', 'R', 'dead', 0, 0, 12, '{}', 0)`)
	execute(t, db, `UPDATE journal SET at = at - 3600000000`)
	execute(t, db, `UPDATE journal SET at = at + 9000000000 WHERE seq = 3`)
	execute(t, db, `UPDATE journal_seal SET seq = 1`)
	want := map[string]string{"data folder": "warn", "keyset": "fail", "parked rows": "warn", "outbox": "warn", "clock": "fail", "sealer": "warn"}
	if diff := cmp.Diff(want, examined(t, 1, "--data", data)); diff != "" {
		t.Error(diff)
	}
	execute(t, db, `UPDATE schema_journal SET version_id = version_id + 1 WHERE version_id = (SELECT max(version_id) FROM schema_journal)`)
	if bad := examined(t, 1, "--data", data); bad["tables"] != "fail" {
		t.Errorf("tables of a later version: %v", bad)
	}
}
