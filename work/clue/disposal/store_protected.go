package disposal

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/work/clue"
)

const protectedColumns = `id, value, prefix, kind, name, category, until_at, by_account, at, why`

func scanProtected(row sqldb.Scanner) (Protected, error) {
	var p Protected
	var until, at lanzha.Micros
	err := row.Scan(&p.ID, &p.Value, &p.Prefix, &p.Kind, &p.Name, &p.Category, &until, &p.By, &at, &p.Why)
	p.Until, p.At = until.Time(), at.Time()
	return p, err
}

// Protects finds who a value is protected for: by the plan, or by an entry that
// holds now.
func (s *Store) Protects(ctx context.Context, q sqldb.Queryer, kind clue.Kind, value string, now time.Time) (Protected, bool, error) {
	if p, ok := ByPlan(value); ok {
		return p, true, nil
	}
	places, args := []string{}, []any{}
	for _, c := range candidates(kind, value) {
		args = append(args, c)
		places = append(places, fmt.Sprintf("$%d", len(args)))
	}
	found, err := sqldb.All(ctx, q, scanProtected, `SELECT `+protectedColumns+` FROM protected WHERE value IN (`+strings.Join(places, ", ")+`) ORDER BY value DESC`, args...)
	for _, p := range found {
		if p.protects(kind, value, now) {
			return p, true, err
		}
	}
	return Protected{}, false, err
}

// Protect adds an entry; one for the same value is a conflict.
func (s *Store) Protect(ctx context.Context, tx *sqldb.Tx, p Protected) error {
	n, err := sqldb.Exec(ctx, tx, `INSERT INTO protected (`+protectedColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (value, kind, prefix) DO NOTHING`,
		string(p.ID), p.Value, p.Prefix, string(p.Kind), p.Name, p.Category, int64(lanzha.At(p.Until)), string(p.By), int64(lanzha.At(p.At)), p.Why)
	if err == nil && n == 0 {
		e := lanzha.Conflict("this value stands on the list already")
		e.Hint = "remove the entry first to change it"
		return e
	}
	return err
}

// Unprotect removes an entry and returns it.
func (s *Store) Unprotect(ctx context.Context, tx *sqldb.Tx, id lanzha.ID) (Protected, error) {
	return sqldb.One(ctx, tx, "protected value", scanProtected, `DELETE FROM protected WHERE id = $1 RETURNING `+protectedColumns, string(id))
}

// ListProtected reads entries by value.
func (s *Store) ListProtected(ctx context.Context, q sqldb.Queryer, after Protected, limit int) ([]Protected, error) {
	return sqldb.All(ctx, q, scanProtected, `SELECT `+protectedColumns+` FROM protected WHERE (value, id) > ($1, $2) ORDER BY value, id LIMIT $3`,
		after.Value, string(after.ID), limit)
}
