package register

import (
	"context"
	"strings"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
)

// Called is by what a subject is told apart in a list: "李**", masked, as the
// number is; both are "" of one that was erased.
type Called struct {
	Name   string
	Number string
}

// Called tells how subjects are called. A page of a list asks once for all its
// rows.
func (s *Store) Called(ctx context.Context, q sqldb.Queryer, subjects []lanzha.ID) (map[lanzha.ID]Called, error) {
	return s.called(ctx, q, `SELECT id, id, name, number FROM register_subject WHERE id IN `, subjects)
}

// CalledOf tells it of the subjects of listings, by listing, for the rooms whose
// records stand on one.
func (s *Store) CalledOf(ctx context.Context, q sqldb.Queryer, listings []lanzha.ID) (map[lanzha.ID]Called, error) {
	return s.called(ctx, q, `SELECT l.id, s.id, s.name, s.number FROM listing l JOIN register_subject s ON s.id = l.subject WHERE l.id IN `, listings)
}

// called opens and masks at once: what is whole does not leave it.
func (s *Store) called(ctx context.Context, q sqldb.Queryer, query string, ids []lanzha.ID) (map[lanzha.ID]Called, error) {
	out := make(map[lanzha.ID]Called, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	values := make([]string, len(ids))
	for i, id := range ids {
		values[i] = string(id)
	}
	list, args := places(values)
	_, err := sqldb.All(ctx, q, func(row sqldb.Scanner) (of lanzha.ID, err error) {
		var subject lanzha.ID
		var name, number string
		if err = row.Scan(&of, &subject, &name, &number); err != nil {
			return of, err
		}
		if name, err = s.vault.Unseal(field("register_subject", "name", subject), name); err != nil {
			return of, err
		}
		number, err = s.vault.Unseal(field("register_subject", "number", subject), number)
		out[of] = Called{lanzha.Mask(name), lanzha.Mask(number)}
		return of, err
	}, query+`(`+list+`)`, args...)
	return out, err
}

// FindByNumber finds the listings in a scope of the subject that has a number,
// the newest first and at most limit. It is exact, under any generation of keys.
func (s *Store) FindByNumber(ctx context.Context, q sqldb.Queryer, number string, scope auth.Scope, limit int) ([]Listing, error) {
	return s.find(ctx, q, "number_index", s.vault.Index(CanonicalNumber(number)), scope, limit)
}

// FindByName is FindByNumber of all subjects that are called so; width, case and
// white space do not matter.
func (s *Store) FindByName(ctx context.Context, q sqldb.Queryer, name string, scope auth.Scope, limit int) ([]Listing, error) {
	return s.find(ctx, q, "name_index", s.vault.Index(name), scope, limit)
}

func (s *Store) find(ctx context.Context, q sqldb.Queryer, column string, indexes []string, scope auth.Scope, limit int) ([]Listing, error) {
	list, args := places(indexes)
	if len(args) == 0 {
		return nil, nil
	}
	var where sqldb.Where
	for _, a := range args {
		where.Arg(a)
	}
	// SQLite uses a partial index only where its condition is said again.
	where.And("subject IN (SELECT id FROM register_subject WHERE " + column + " IN (" + list + ") AND " + column + " <> '')")
	if level := scope.Level(); level != "" {
		// Few are of the name: an index of the region would only lead away from them.
		where.And(level+" || '' = ?", string(scope.Region))
	}
	most := where.Arg(limit)
	columns := strings.Replace(listingColumns, "measures, keeps", "'[]', '[]'", 1) // as in every list
	return sqldb.All(ctx, q, s.scanListing, `SELECT `+columns+` FROM listing WHERE `+where.String()+` ORDER BY id DESC LIMIT `+most, where.Args()...)
}
