package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lanzha"
	"lanzha/app"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
	"lanzha/know/policy"
	"lanzha/work/register"
)

// facts lead to a class B listing of two years by the shipped pack.
var facts = map[string]any{
	"decision": map[string]any{"date": "2025-12-10"}, "ground": "designated", "subject": map[string]any{"kind": "individual"},
	"conduct":     map[string]any{"kind": "rent", "firstOn": "2025-05-01", "lastOn": "2025-06-01", "occasions": 1, "counterparties": 1},
	"objects":     []any{map[string]any{"kind": "phone_card", "count": 3}},
	"designation": map[string]any{"level": "city"},
}

// fillRegister makes n listings of n persons: the first as a decision makes it,
// the others by SQL after it. Their indexes are made afterwards, as a restore
// would.
func fillRegister(ctx context.Context, house *app.App, n int, now time.Time) error {
	packs, err := policy.Shipped()
	if err != nil {
		return err
	}
	pack, err := packs.Pack("joint-punishment-2024")
	if err != nil {
		return err
	}
	answer, err := pack.Eval(facts, policy.Options{Today: now})
	if err != nil {
		return err
	}
	found, err := register.Find(answer)
	if err != nil {
		return err
	}
	if len(found.Measures) == 0 {
		return fmt.Errorf("the pack finds no measures on the facts of the measurement: %v", answer.Missing)
	}
	today := register.DayOf(now, house.Config.Location())
	store := register.NewStore(house.Vault)
	f := &filler{house: house, now: int64(lanzha.At(now))}
	l := register.Listing{
		Version: 1, Kind: register.Individual, Region: "530100", Pack: answer.Pack, Class: found.Class, Grounds: found.Grounds, Measures: found.Measures, Keeps: found.Keeps,
		TermMonths: found.TermMonths, CapMonths: found.CapMonths, DecidedOn: today.AddMonths(-3), Start: today.AddMonths(-3),
		Span: register.Span{From: today.AddMonths(-3), Until: today.AddMonths(found.TermMonths - 3)}, DocumentNo: "模惩字1号", MadeAt: now,
	}
	return house.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		indexes, err := dropIndexes(ctx, tx, "listing", "register_subject")
		if err != nil {
			return err
		}
		l.ID, l.Subject = f.id('1', 0), f.id('0', 0)
		if err := f.subjects(ctx, tx, 0, 1); err != nil {
			return err
		}
		if err := store.InsertListing(ctx, tx, l); err != nil {
			return err
		}
		const page = 500
		for from := 1; from < n; from += page {
			to := min(from+page, n)
			if err := f.subjects(ctx, tx, from, to); err != nil {
				return err
			}
			if err := f.listings(ctx, tx, l.ID, from, to); err != nil {
				return err
			}
		}
		if tx.Dialect == sqldb.Postgres {
			indexes = append(indexes, "ANALYZE") // as PostgreSQL does by itself within a minute
		}
		for _, statement := range indexes {
			if _, err := sqldb.Exec(ctx, tx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// filler writes many rows by few statements.
type filler struct {
	house *app.App
	now   int64
}

// id is the n-th ID of a sort, in order.
func (f *filler) id(sort byte, n int) lanzha.ID {
	return lanzha.ID(fmt.Sprintf("01KB%c%021d", sort, n))
}

func (f *filler) subjects(ctx context.Context, tx *sqldb.Tx, from, to int) error {
	var values strings.Builder
	args := []any{f.now}
	for n := from; n < to; n++ {
		id, name, number := f.id('0', n), nameOf(n), numberOf(n)
		sealed := [2]string{}
		for i, field := range []struct{ column, value string }{{"name", name}, {"number", number}} {
			var err error
			if sealed[i], err = f.house.Vault.Seal(vault.Field{Table: "register_subject", Column: field.column, Row: id}, field.value); err != nil {
				return err
			}
		}
		at := len(args)
		if n > from {
			values.WriteByte(',')
		}
		fmt.Fprintf(&values, "($%d, 'individual', 'resident_id', $%d, $%d, $%d, $%d, $1, 0)", at+1, at+2, at+3, at+4, at+5)
		args = append(args, string(id), sealed[0], sealed[1], f.house.Vault.Index(number)[0], f.house.Vault.Index(name)[0])
	}
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO register_subject (id, kind, number_kind, name, number, number_index, name_index, created_at, erased_at) VALUES `+values.String(), args...)
	return err
}

// listings copies the first listing for other subjects.
func (f *filler) listings(ctx context.Context, tx *sqldb.Tx, first lanzha.ID, from, to int) error {
	columns := `version, subject_kind, province, city, district, proposal, pack, pack_version, pack_sha, class, grounds, law, term_months, cap_months,
		decided_on, start_on, from_on, until_on, capped, document_no, proposed_by, decided_by, made_at, lifted_at, lifted_by, lift_ground, lift_reason, erased_at`
	var values strings.Builder
	args := []any{string(first)}
	for n := from; n < to; n++ {
		if n > from {
			values.WriteByte(',')
		}
		fmt.Fprintf(&values, "($%d, $%d)", len(args)+1, len(args)+2)
		args = append(args, string(f.id('1', n)), string(f.id('0', n)))
	}
	_, err := sqldb.Exec(ctx, tx, `WITH x (id, subject) AS (VALUES `+values.String()+`)
		INSERT INTO listing (id, subject, `+columns+`) SELECT x.id, x.subject, `+columns+` FROM x CROSS JOIN (SELECT `+columns+` FROM listing WHERE id = $1) l`, args...)
	return err
}
