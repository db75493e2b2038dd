package cases

import (
	"context"
	"embed"
	"encoding/json"

	"lanzha"
	"lanzha/base/sqldb"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of dossiers.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "cases", Files: files} }

// Store keeps dossiers. It holds no state.
type Store struct{}

const columns = `id, version, no, title, state, region, den, result, outcome, document_no, filed_on, filed_by, filed_at, case_no, close_reason, opened_by, opened_at, closed_at`

// NextNumber counts the dossiers of a centre in a year, from 1. Its row is
// locked until tx ends, so that numbers have no gaps.
func (Store) NextNumber(ctx context.Context, tx *sqldb.Tx, centre string, year int) (int64, error) {
	return sqldb.One(ctx, tx, "number", sqldb.Value[int64], `INSERT INTO dossier_number (centre, year, n) VALUES ($1, $2, 1)
		ON CONFLICT (centre, year) DO UPDATE SET n = dossier_number.n + 1 RETURNING n`, centre, year)
}

// Insert adds a dossier.
func (Store) Insert(ctx context.Context, tx *sqldb.Tx, d Dossier) error {
	outcome, err := json.Marshal(d.Outcome)
	if err != nil {
		return lanzha.Internal("cases.Insert", err)
	}
	_, err = sqldb.Exec(ctx, tx, `INSERT INTO dossier (`+columns+`, province, city, district)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', '', 0, '', '', $10, $11, 0, $12, $13, $14)`,
		string(d.ID), d.Version, d.No, d.Title, string(d.State), string(d.Region), string(d.Den), string(d.Result), string(outcome),
		string(d.OpenedBy), int64(lanzha.At(d.OpenedAt)), string(d.Region.Province()), string(d.Region.City()), string(d.Region.District()))
	return err
}

// Update writes what can change where the stored version is still d.Version,
// and counts it up. Another version is a conflict.
func (Store) Update(ctx context.Context, tx *sqldb.Tx, d Dossier) (Dossier, error) {
	outcome, err := json.Marshal(d.Outcome)
	if err != nil {
		return d, lanzha.Internal("cases.Update", err)
	}
	f := Filing{}
	if d.Filing != nil {
		f = *d.Filing
	}
	closed := lanzha.Micros(0)
	if d.ClosedAt != nil {
		closed = lanzha.At(*d.ClosedAt)
	}
	n, err := sqldb.Exec(ctx, tx, `UPDATE dossier SET version = version + 1, state = $1, result = $2, outcome = $3, document_no = $4, filed_on = $5,
		filed_by = $6, filed_at = $7, case_no = $8, close_reason = $9, closed_at = $10 WHERE id = $11 AND version = $12`,
		string(d.State), string(d.Result), string(outcome), f.DocumentNo, f.FiledOn, string(f.By), int64(lanzha.At(f.At)),
		d.CaseNo, d.CloseReason, int64(closed), string(d.ID), d.Version)
	if err == nil && n == 0 {
		err = lanzha.Conflict("the dossier was changed before you")
	}
	d.Version++
	return d, err
}

func scan(s sqldb.Scanner) (Dossier, error) {
	var d Dossier
	var f Filing
	var outcome string
	var filed, opened, closed lanzha.Micros
	if err := s.Scan(&d.ID, &d.Version, &d.No, &d.Title, &d.State, &d.Region, &d.Den, &d.Result, &outcome,
		&f.DocumentNo, &f.FiledOn, &f.By, &filed, &d.CaseNo, &d.CloseReason, &d.OpenedBy, &opened, &closed); err != nil {
		return d, err
	}
	if filed != 0 {
		f.At = filed.Time()
		d.Filing = &f
	}
	d.OpenedAt = opened.Time()
	if closed != 0 {
		d.ClosedAt = new(closed.Time())
	}
	return d, json.Unmarshal([]byte(outcome), &d.Outcome)
}

// Get reads a dossier.
func (Store) Get(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Dossier, error) {
	return sqldb.One(ctx, q, "dossier", scan, `SELECT `+columns+` FROM dossier WHERE id = $1`, string(id))
}

// ByNo reads the dossier of a number, as it stands on paper.
func (Store) ByNo(ctx context.Context, q sqldb.Queryer, no string) (Dossier, error) {
	return sqldb.One(ctx, q, "dossier", scan, `SELECT `+columns+` FROM dossier WHERE no = $1`, no)
}

// OfDen reads the dossier that a den opened.
func (Store) OfDen(ctx context.Context, q sqldb.Queryer, den lanzha.ID) (Dossier, error) {
	return sqldb.One(ctx, q, "dossier", scan, `SELECT `+columns+` FROM dossier WHERE den = $1 AND den <> ''`, string(den))
}

// Filter narrows List; empty fields do not.
type Filter struct {
	Region lanzha.Region // of this region and below; "" is the whole country
	State  State
	Record lanzha.ID // those that link it
	Before lanzha.ID // opened before this one
	Limit  int
}

// List reads dossiers, the newest first.
func (Store) List(ctx context.Context, q sqldb.Queryer, f Filter) ([]Dossier, error) {
	var where sqldb.Where
	where.Region(f.Region)
	if f.State != "" {
		where.And("state = ?", string(f.State))
	}
	if f.Record != "" {
		where.And("id IN (SELECT dossier FROM dossier_link WHERE record = ?)", string(f.Record))
	}
	if f.Before != "" {
		where.And("id < ?", string(f.Before))
	}
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, scan, `SELECT `+columns+` FROM dossier WHERE `+where.String()+` ORDER BY id DESC LIMIT `+limit, where.Args()...)
}

// Link adds a record to a dossier and reports whether it is new there.
func (Store) Link(ctx context.Context, tx *sqldb.Tx, dossier lanzha.ID, l Link) (bool, error) {
	n, err := sqldb.Exec(ctx, tx, `INSERT INTO dossier_link (dossier, record, kind, by_whom, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (dossier, record) DO NOTHING`,
		string(dossier), string(l.Record), l.Kind, string(l.By), int64(lanzha.At(l.At)))
	return n == 1, err
}

// Links reads what belongs to a dossier, in the order in which it came.
func (Store) Links(ctx context.Context, q sqldb.Queryer, dossier lanzha.ID) ([]Link, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (Link, error) {
		var l Link
		var at int64
		err := s.Scan(&l.Record, &l.Kind, &l.By, &at)
		l.At = lanzha.Micros(at).Time()
		return l, err
	}, `SELECT record, kind, by_whom, at FROM dossier_link WHERE dossier = $1 ORDER BY at, kind, record`, string(dossier))
}
