package crash_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
)

// ledger is what the house must hold in the end.
type ledger struct {
	reports  []lanzha.ID // acknowledged, each once
	lines    int         // numbers told, each of which is asked about once
	dens     int
	answered bool // nothing is open any more
	twice    int  // sendings that took a second attempt; 0 is not looked at
}

// check holds the database of a house that has ended in order, and the city's
// counts, against the ledger.
func (f *furnished) check(t *testing.T, city *simulation, l ledger) {
	t.Helper()
	ctx := context.Background()
	cfg, err := f.told.config()
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.Open(ctx, cfg.DatabaseAddress(), sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	count := func(what, query string, want int, args ...any) {
		t.Helper()
		n, err := sqldb.One(ctx, db.Read(), what, sqldb.Value[int64], query, args...)
		if err != nil {
			t.Fatal(err)
		}
		if n != int64(want) {
			t.Errorf("%d %s, want %d", n, what, want)
		}
	}
	now := int64(lanzha.At(time.Now()))

	kept, err := sqldb.All(ctx, db.Read(), sqldb.Value[lanzha.ID], `SELECT id FROM report`)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(kept)
	acknowledged := slices.Sorted(slices.Values(l.reports))
	if !slices.Equal(kept, acknowledged) {
		t.Errorf("%d reports are kept, %d were acknowledged; they must be the same", len(kept), len(acknowledged))
	}
	count("rows of received reports", `SELECT count(*) FROM journal WHERE kind = 'report.received'`, len(l.reports))

	count("clues of lines", `SELECT count(*) FROM clue WHERE kind IN ('mobile', 'fixed')`, l.lines)
	count("questions", `SELECT count(*) FROM lookup`, l.lines)
	count("clues without exactly one question", `SELECT count(*) FROM clue c WHERE kind IN ('mobile', 'fixed')
		AND (SELECT count(*) FROM lookup l WHERE l.clue = c.id) <> 1`, 0)
	count("rows of questions", `SELECT count(*) FROM journal WHERE kind = 'lookup.asked'`, l.lines)
	count("sendings owed or done", `SELECT count(*) FROM outbox WHERE kind = 'lookup.send'`, l.lines)
	if l.answered {
		count("questions without an answer", `SELECT count(*) FROM lookup WHERE state <> 'answered'`, 0)
		count("rows of answers", `SELECT count(*) FROM journal WHERE kind = 'lookup.answered'`, l.lines)
		count("sendings that are not done", `SELECT count(*) FROM outbox WHERE kind = 'lookup.send' AND state <> 'done'`, 0)
	}
	if l.twice > 0 {
		count("sendings with a second attempt", `SELECT count(*) FROM outbox WHERE kind = 'lookup.send' AND attempts > 1`, l.twice)
	}
	byWire, err := sqldb.One(ctx, db.Read(), "count", sqldb.Value[int64],
		`SELECT count(*) FROM lookup l JOIN institution i ON i.id = l.institution WHERE i.gateway <> 'manual'`)
	if err != nil {
		t.Fatal(err)
	}
	if st := city.counts(t); int64(st.Keys) != byWire || st.Conflicts != 0 {
		t.Errorf("the city saw %d keys and %d conflicts for %d questions: a repeat must carry its first key", st.Keys, st.Conflicts, byWire)
	}

	count("dens", `SELECT count(*) FROM den`, l.dens)
	count("rows of suspected dens", `SELECT count(*) FROM journal WHERE kind = 'den.suspected'`, l.dens)
	count("dossiers", `SELECT count(*) FROM dossier`, l.dens)
	count("dossiers without their den's outcome", `SELECT count(*) FROM dossier d JOIN den n ON n.id = d.den WHERE n.finished_at > 0 AND d.result <> n.state`, 0)
	count("things that happened twice", `SELECT count(*) FROM (SELECT record, kind, version FROM journal
		WHERE version > 0 GROUP BY record, kind, version HAVING count(*) > 1) twice`, 0)

	count("rows that stages could not take", `SELECT count(*) FROM journal_parked`, 0)
	count("items given up", `SELECT count(*) FROM outbox WHERE state = 'dead'`, 0)
	count("items owed and due", `SELECT count(*) FROM outbox WHERE state = 'owed' AND due_at <= $1`, 0, now)
	count("sendings owed", `SELECT count(*) FROM outbox WHERE state = 'owed' AND lane <> 'deadline'`, 0)
	count("deadlines of questions that are over", `SELECT count(*) FROM outbox o JOIN lookup l ON l.id = o.record
		WHERE o.state = 'owed' AND l.state NOT IN ('asked', 'sent', 'overdue')`, 0)

	found, err := journal.Verify(ctx, db, f.verifier.Verifier, f.checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	// On PostgreSQL the last rows wait while any transaction of the server is
	// still open, in other databases too.
	if !found.OK || found.Unsealed != 0 && db.Dialect == sqldb.SQLite {
		t.Errorf("the audit found %+v; %d rows are unsealed", found.Findings, found.Unsealed)
	}
}
