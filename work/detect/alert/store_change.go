package alert

import (
	"context"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
)

const suppressionColumns = `id, version, rule, domain, subject, sealed, province, city, district, alert, until, why, made_by, made_at,
	lifted_by, lifted_at, lift_why, told_version`

func (s *Store) scanSuppression(row sqldb.Scanner) (Suppression, error) {
	var p Suppression
	var k kept
	var domain string
	var levels [3]lanzha.Region
	var until, made, lifted lanzha.Micros
	if err := row.Scan(&p.ID, &p.Version, &p.Rule, &domain, &k.subject, &k.sealed, &levels[0], &levels[1], &levels[2], &p.Alert, &until, &p.Why, &p.MadeBy, &made,
		&p.LiftedBy, &lifted, &p.LiftWhy, &p.Told); err != nil {
		return p, err
	}
	for _, r := range levels {
		if r != "" {
			p.Region = r
		}
	}
	p.Until, p.MadeAt, p.LiftedAt = until.Time(), made.Time(), lifted.Time()
	var err error
	p.Subject, err = s.open("suppression", p.ID, domain, k)
	return p, err
}

// insertSuppression adds a suppression; a subject that is left alone by the
// same rule already is a conflict. One that is over makes room.
func (s *Store) insertSuppression(ctx context.Context, tx *sqldb.Tx, p Suppression, now time.Time) error {
	k, err := s.keep("suppression", p.ID, p.Subject)
	if err != nil {
		return err
	}
	domain := DomainName(p.Subject.Domain)
	if err := sqldb.Later(ctx, tx, `UPDATE suppression SET lifted_at = until WHERE subject_index = $1 AND domain = $2 AND rule = $3 AND lifted_at = 0 AND until <= $4`,
		k.index, domain, p.Rule, int64(lanzha.At(now))); err != nil {
		return err
	}
	n, err := sqldb.Exec(ctx, tx, `INSERT INTO suppression (`+suppressionColumns+`, subject_index)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, '', 0, '', 0, $15)
		ON CONFLICT (subject_index, domain, rule) WHERE lifted_at = 0 DO NOTHING`,
		string(p.ID), p.Version, p.Rule, domain, k.subject, k.sealed, string(p.Region.Province()), string(p.Region.City()), string(p.Region.District()),
		string(p.Alert), int64(lanzha.At(p.Until)), p.Why, string(p.MadeBy), int64(lanzha.At(p.MadeAt)), k.index)
	if err == nil && n == 0 {
		return &lanzha.Error{Code: lanzha.CodeConflict, Message: "the subject is left alone by this rule already", Hint: "lift the suppression that is there first"}
	}
	return err
}

func (s *Store) updateSuppression(ctx context.Context, tx *sqldb.Tx, p Suppression) error {
	n, err := sqldb.Exec(ctx, tx, `UPDATE suppression SET version = $1, lifted_by = $2, lifted_at = $3, lift_why = $4 WHERE id = $5 AND version = $6`,
		p.Version, string(p.LiftedBy), int64(lanzha.At(p.LiftedAt)), p.LiftWhy, string(p.ID), p.Version-1)
	if err == nil && n == 0 {
		return lanzha.Conflict("somebody changed this suppression before you")
	}
	return err
}

// Suppression reads a suppression.
func (s *Store) Suppression(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Suppression, error) {
	return sqldb.One(ctx, q, "suppression", s.scanSuppression, `SELECT `+suppressionColumns+` FROM suppression WHERE id = $1`, string(id))
}

func (s *Store) suppressionLocked(ctx context.Context, tx *sqldb.Tx, id lanzha.ID) (Suppression, error) {
	return sqldb.One(ctx, tx, "suppression", s.scanSuppression, `SELECT `+suppressionColumns+` FROM suppression WHERE id = $1`+tx.ForUpdate(), string(id))
}

// SuppressionFilter narrows Suppressions; empty fields do not.
type SuppressionFilter struct {
	Scope     auth.Scope
	Subject   *Subject
	InForceAt time.Time
	Before    lanzha.ID // IDs before this one
	Limit     int
}

// Suppressions lists suppressions, the newest first.
func (s *Store) Suppressions(ctx context.Context, q sqldb.Queryer, f SuppressionFilter) ([]Suppression, error) {
	var where sqldb.Where
	where.Region(f.Scope.Region)
	if f.Subject != nil {
		s.about(&where, *f.Subject)
	}
	if !f.InForceAt.IsZero() {
		where.And("lifted_at = 0 AND until > ?", int64(lanzha.At(f.InForceAt)))
	}
	if f.Before != "" {
		where.And("id < ?", string(f.Before))
	}
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, s.scanSuppression, `SELECT `+suppressionColumns+` FROM suppression WHERE `+where.String()+` ORDER BY id DESC LIMIT `+limit, where.Args()...)
}

const entryColumns = `id, version, list, domain, subject, sealed, clue, until, why, made_by, made_at, removed_by, removed_at, remove_why, told_version`

func (s *Store) scanEntry(row sqldb.Scanner) (Entry, error) {
	var e Entry
	var k kept
	var domain string
	var until, made, removed lanzha.Micros
	if err := row.Scan(&e.ID, &e.Version, &e.List, &domain, &k.subject, &k.sealed, &e.Clue, &until, &e.Why, &e.MadeBy, &made,
		&e.RemovedBy, &removed, &e.RemoveWhy, &e.Told); err != nil {
		return e, err
	}
	e.Until, e.MadeAt, e.RemovedAt = until.Time(), made.Time(), removed.Time()
	var err error
	e.Subject, err = s.open("named_list_entry", e.ID, domain, k)
	return e, err
}

// insertEntry adds an entry; it reports false where the value, or the clue, is
// on the list already. One that is over makes room.
func (s *Store) insertEntry(ctx context.Context, tx *sqldb.Tx, e Entry, now time.Time) (bool, error) {
	k := kept{}
	key, conflict := `clue = $2 AND clue <> ''`, `(clue, list) WHERE removed_at = 0 AND clue <> ''`
	by := string(e.Clue)
	if e.Clue == "" { // the value of a clue stays with the clue
		var err error
		if k, err = s.keep("named_list_entry", e.ID, e.Subject); err != nil {
			return false, err
		}
		key, conflict, by = `clue = '' AND subject_index = $2`, `(list, subject_index, domain) WHERE removed_at = 0 AND clue = ''`, k.index
	}
	domain := DomainName(e.Subject.Domain)
	if err := sqldb.Later(ctx, tx, `UPDATE named_list_entry SET removed_at = until WHERE list = $1 AND `+key+` AND domain = $3 AND removed_at = 0 AND until > 0 AND until <= $4`,
		e.List, by, domain, int64(lanzha.At(now))); err != nil {
		return false, err
	}
	n, err := sqldb.Exec(ctx, tx, `INSERT INTO named_list_entry (`+entryColumns+`, subject_index)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', 0, '', 0, $12) ON CONFLICT `+conflict+` DO NOTHING`,
		string(e.ID), e.Version, e.List, domain, k.subject, k.sealed, string(e.Clue), int64(lanzha.At(e.Until)), e.Why, string(e.MadeBy), int64(lanzha.At(e.MadeAt)), k.index)
	return n == 1, err
}

func (s *Store) updateEntry(ctx context.Context, tx *sqldb.Tx, e Entry) error {
	n, err := sqldb.Exec(ctx, tx, `UPDATE named_list_entry SET version = $1, until = $2, why = $3, removed_by = $4, removed_at = $5, remove_why = $6
		WHERE id = $7 AND version = $8`,
		e.Version, int64(lanzha.At(e.Until)), e.Why, string(e.RemovedBy), int64(lanzha.At(e.RemovedAt)), e.RemoveWhy, string(e.ID), e.Version-1)
	if err == nil && n == 0 {
		return lanzha.Conflict("somebody changed this entry before you")
	}
	return err
}

// Entry reads an entry.
func (s *Store) Entry(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Entry, error) {
	return sqldb.One(ctx, q, "entry", s.scanEntry, `SELECT `+entryColumns+` FROM named_list_entry WHERE id = $1`, string(id))
}

func (s *Store) entryLocked(ctx context.Context, tx *sqldb.Tx, id lanzha.ID) (Entry, error) {
	return sqldb.One(ctx, tx, "entry", s.scanEntry, `SELECT `+entryColumns+` FROM named_list_entry WHERE id = $1`+tx.ForUpdate(), string(id))
}

// entriesOf lists the entries of a clue that are not removed.
func (s *Store) entriesOf(ctx context.Context, q sqldb.Queryer, list string, clue lanzha.ID) ([]Entry, error) {
	return sqldb.All(ctx, q, s.scanEntry, `SELECT `+entryColumns+` FROM named_list_entry WHERE clue = $1 AND clue <> '' AND list = $2 AND removed_at = 0`, string(clue), list)
}

// EntryFilter narrows Entries; empty fields do not.
type EntryFilter struct {
	List      string
	Subject   *Subject
	InForceAt time.Time
	Before    lanzha.ID
	Limit     int
}

// Entries lists entries, the newest first.
func (s *Store) Entries(ctx context.Context, q sqldb.Queryer, f EntryFilter) ([]Entry, error) {
	var where sqldb.Where
	if f.List != "" {
		where.And("list = ?", f.List)
	}
	if f.Subject != nil {
		s.about(&where, *f.Subject)
	}
	if !f.InForceAt.IsZero() {
		where.And("removed_at = 0 AND (until = 0 OR until > ?)", int64(lanzha.At(f.InForceAt)))
	}
	if f.Before != "" {
		where.And("id < ?", string(f.Before))
	}
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, s.scanEntry, `SELECT `+entryColumns+` FROM named_list_entry WHERE `+where.String()+` ORDER BY id DESC LIMIT `+limit, where.Args()...)
}

// ListNames are the lists that have entries, by name: hopping along the index,
// so that a list of a million values costs one step.
func (s *Store) ListNames(ctx context.Context, q sqldb.Queryer) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], `
		WITH RECURSIVE names (name) AS (
			SELECT min(list) FROM named_list_entry
			UNION ALL
			SELECT (SELECT min(e.list) FROM named_list_entry e WHERE e.list > names.name) FROM names WHERE names.name IS NOT NULL
		) SELECT name FROM names WHERE name IS NOT NULL`)
}

// told keeps which version of a record the detector has.
func (s *Store) told(ctx context.Context, tx *sqldb.Tx, table string, id lanzha.ID, version int64) error {
	return sqldb.Later(ctx, tx, `UPDATE `+table+` SET told_version = $1 WHERE id = $2 AND told_version < $1`, version, string(id))
}

// version is a version of a record.
type version struct {
	ID      lanzha.ID
	Version int64
}

func scanVersion(row sqldb.Scanner) (version, error) {
	var v version
	err := row.Scan(&v.ID, &v.Version)
	return v, err
}

// ended is the column that says when a record of a table was ended by somebody.
var ended = map[string]string{"suppression": "lifted_at", "named_list_entry": "removed_at"}

// behind lists records of a table that the detector has not been told as they
// stand, made or ended before an instant, tellBatch at most.
func (s *Store) behind(ctx context.Context, q sqldb.Queryer, table string, before time.Time) ([]version, error) {
	return sqldb.All(ctx, q, scanVersion, `SELECT id, version FROM `+table+` WHERE told_version < version AND made_at < $1 AND `+ended[table]+` < $1 ORDER BY id LIMIT $2`,
		int64(lanzha.At(before)), tellBatch)
}

// untold marks records of a table that are in force as not told, the first
// after an ID, tellBatch at most, and lists them.
func (s *Store) untold(ctx context.Context, tx *sqldb.Tx, table string, after lanzha.ID, now time.Time) ([]version, error) {
	found, err := sqldb.All(ctx, tx, scanVersion, `SELECT id, version FROM `+table+` WHERE id > $1 AND `+ended[table]+` = 0 AND (until = 0 OR until > $2) ORDER BY id LIMIT $3`,
		string(after), int64(lanzha.At(now)), tellBatch)
	if err != nil || len(found) == 0 {
		return found, err
	}
	return found, sqldb.Later(ctx, tx, `UPDATE `+table+` SET told_version = 0 WHERE id > $1 AND id <= $2 AND `+ended[table]+` = 0`, string(after), string(found[len(found)-1].ID))
}

// ForgetEnded deletes the suppressions and entries that ended before an
// instant.
func (s *Store) ForgetEnded(ctx context.Context, tx *sqldb.Tx, before time.Time) error {
	at := int64(lanzha.At(before))
	if err := sqldb.Later(ctx, tx, `DELETE FROM suppression WHERE until < $1`, at); err != nil {
		return err
	}
	return sqldb.Later(ctx, tx, `DELETE FROM named_list_entry WHERE removed_at > 0 AND removed_at < $1 OR until > 0 AND until < $1`, at)
}
