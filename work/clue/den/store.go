package den

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of dens. They stand on those of package clue.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "den", Files: files} }

// Store keeps sightings and dens.
type Store struct{}

const sightingColumns = `s.id, s.clue, s.source, s.origin, s.institution, s.role, s.raw, s.address, s.weight, s.at`

func scanSighting(row sqldb.Scanner) (Sighting, error) {
	var s Sighting
	var address string
	var at lanzha.Micros
	if err := row.Scan(&s.ID, &s.Clue, &s.Source, &s.Origin, &s.Institution, &s.Role, &s.Raw, &address, &s.Weight, &at); err != nil {
		return s, err
	}
	s.At = at.Time()
	return s, json.Unmarshal([]byte(address), &s.Address)
}

// InsertSighting adds a sighting under its keys. It reports false, and adds
// nothing, when its origin has one already.
func (Store) InsertSighting(ctx context.Context, tx *sqldb.Tx, s Sighting, keys []string) (bool, error) {
	address, err := json.Marshal(s.Address)
	if err != nil {
		return false, lanzha.Internal("den.InsertSighting", err)
	}
	n, err := sqldb.Exec(ctx, tx, `INSERT INTO sighting (id, clue, source, origin, institution, role, raw, address, weight, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (origin) DO NOTHING`,
		string(s.ID), string(s.Clue), s.Source, string(s.Origin), string(s.Institution), string(s.Role), s.Raw, string(address), int(s.Weight), int64(lanzha.At(s.At)))
	if err != nil || n == 0 {
		return false, err
	}
	if len(keys) == 0 {
		return true, nil
	}
	rows, args := "", []any{int(s.Weight), int64(lanzha.At(s.At)), string(s.ID)}
	for _, key := range keys {
		args = append(args, key)
		rows += fmt.Sprintf(", ($%d, $1, $2, $3)", len(args))
	}
	return true, sqldb.Later(ctx, tx, `INSERT INTO sighting_key (key, weight, at, sighting) VALUES `+rows[2:]+` ON CONFLICT DO NOTHING`, args...)
}

// Hold keeps every other process from the places under the keys, which are
// sorted and not empty, until tx ends. SQLite has one writer anyway.
func (Store) Hold(ctx context.Context, tx *sqldb.Tx, keys []string) error {
	if tx.Dialect == sqldb.SQLite {
		return nil
	}
	list, args := places(keys)
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO den_place (key) VALUES (`+strings.ReplaceAll(list, ", ", "), (")+`) ON CONFLICT (key) DO UPDATE SET key = excluded.key`, args...)
	return err
}

// places writes "$1, $2" for values.
func places(values []string) (string, []any) {
	list, args := make([]string, len(values)), make([]any, len(values))
	for i, v := range values {
		list[i], args[i] = fmt.Sprintf("$%d", i+1), v
	}
	return strings.Join(list, ", "), args
}

// near is how many sightings of one weight are looked at under one key.
const near = 50

// SightingsAt lists the sightings of one weight under a key from one instant
// to another, the newest first.
func (Store) SightingsAt(ctx context.Context, q sqldb.Queryer, key string, weight Weight, from, to time.Time) ([]Sighting, error) {
	return sqldb.All(ctx, q, scanSighting, `SELECT `+sightingColumns+` FROM sighting_key k JOIN sighting s ON s.id = k.sighting
		WHERE k.key = $1 AND k.weight = $2 AND k.at >= $3 AND k.at <= $4 ORDER BY k.at DESC, k.sighting DESC LIMIT $5`,
		key, int(weight), int64(lanzha.At(from)), int64(lanzha.At(to)), near)
}

// SightingsOf lists a clue's sightings since an instant, the newest first.
func (Store) SightingsOf(ctx context.Context, q sqldb.Queryer, clue lanzha.ID, since time.Time) ([]Sighting, error) {
	return sqldb.All(ctx, q, scanSighting, `SELECT `+sightingColumns+` FROM sighting s WHERE s.clue = $1 AND s.at >= $2 ORDER BY s.at DESC, s.id DESC LIMIT 20`,
		string(clue), int64(lanzha.At(since)))
}

// Evidence lists the sightings of a den, the oldest first.
func (Store) Evidence(ctx context.Context, q sqldb.Queryer, den lanzha.ID) ([]Sighting, error) {
	return sqldb.All(ctx, q, scanSighting, `SELECT `+sightingColumns+` FROM den_evidence e JOIN sighting s ON s.id = e.sighting
		WHERE e.den = $1 ORDER BY s.at, s.id LIMIT 500`, string(den))
}

// AddEvidence puts a sighting to a den and the den under its keys; it reports
// false when it was there.
func (Store) AddEvidence(ctx context.Context, tx *sqldb.Tx, den, sighting lanzha.ID, keys []string, at time.Time) (bool, error) {
	n, err := sqldb.Exec(ctx, tx, `INSERT INTO den_evidence (den, sighting, at) VALUES ($1, $2, $3) ON CONFLICT (den, sighting) DO NOTHING`,
		string(den), string(sighting), int64(lanzha.At(at)))
	if err != nil || n == 0 {
		return false, err
	}
	for _, key := range keys {
		if _, err := sqldb.Exec(ctx, tx, `INSERT INTO den_key (key, den) VALUES ($1, $2) ON CONFLICT (key, den) DO NOTHING`, key, string(den)); err != nil {
			return false, err
		}
	}
	return true, nil
}

const denColumns = `d.id, d.version, d.state, d.key, d.place, d.region, d.confidence, d.reasons, d.clues, d.analysed_by, d.approved_by, d.document_kind, d.document_no,
	d.unit, d.suspected_at, d.approved_at, d.dispatched_at, d.finished_at, d.checked_at, d.outcome`

func scanDen(row sqldb.Scanner) (Den, error) {
	var d Den
	var place, reasons, outcome string
	var suspected, approved, dispatched, finished, checked lanzha.Micros
	if err := row.Scan(&d.ID, &d.Version, &d.State, &d.Key, &place, &d.Region, &d.Confidence, &reasons, &d.Clues, &d.AnalysedBy, &d.ApprovedBy,
		&d.DocumentKind, &d.DocumentNo, &d.Unit, &suspected, &approved, &dispatched, &finished, &checked, &outcome); err != nil {
		return d, err
	}
	d.SuspectedAt, d.ApprovedAt, d.DispatchedAt = suspected.Time(), approved.Time(), dispatched.Time()
	d.FinishedAt, d.CheckedAt = finished.Time(), checked.Time()
	if err := json.Unmarshal([]byte(place), &d.Place); err != nil {
		return d, err
	}
	if err := json.Unmarshal([]byte(reasons), &d.Reasons); err != nil {
		return d, err
	}
	return d, json.Unmarshal([]byte(outcome), &d.Outcome)
}

// texts are the parts of a den that are kept as JSON.
func texts(d Den) (place, reasons, outcome string, err error) {
	for _, part := range []struct {
		to *string
		v  any
	}{{&place, d.Place}, {&reasons, d.Reasons}, {&outcome, d.Outcome}} {
		text, err := json.Marshal(part.v)
		if err != nil {
			return "", "", "", lanzha.Internal("den.texts", err)
		}
		*part.to = string(text)
	}
	return place, reasons, outcome, nil
}

// Insert adds a den that was just raised. It reports false, and adds nothing,
// when one is under way at its key.
func (Store) Insert(ctx context.Context, tx *sqldb.Tx, d Den) (bool, error) {
	place, reasons, outcome, err := texts(d)
	if err != nil {
		return false, err
	}
	n, err := sqldb.Exec(ctx, tx, `INSERT INTO den (id, version, state, key, place, province, city, district, region, confidence, reasons, clues, analysed_by, approved_by,
			document_kind, document_no, unit, suspected_at, approved_at, dispatched_at, finished_at, checked_at, outcome)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', '', '', '', '', $13, 0, 0, 0, 0, $14)
		ON CONFLICT (key) WHERE state NOT IN ('confirmed', 'nothing_found', 'dismissed') DO NOTHING`,
		string(d.ID), d.Version, string(d.State), d.Key, place, string(d.Region.Province()), string(d.Region.City()), string(d.Region.District()), string(d.Region),
		string(d.Confidence), reasons, d.Clues, int64(lanzha.At(d.SuspectedAt)), outcome)
	return n == 1, err
}

// Update writes a den whose stored version is one less.
func (Store) Update(ctx context.Context, tx *sqldb.Tx, d Den) error {
	place, reasons, outcome, err := texts(d)
	if err != nil {
		return err
	}
	n, err := sqldb.Exec(ctx, tx, `UPDATE den SET version = $1, state = $2, place = $3, province = $4, city = $5, district = $6, region = $7, confidence = $8,
			reasons = $9, analysed_by = $10, approved_by = $11, document_kind = $12, document_no = $13, unit = $14,
			approved_at = $15, dispatched_at = $16, finished_at = $17, checked_at = $18, outcome = $19, clues = $20
		WHERE id = $21 AND version = $22`,
		d.Version, string(d.State), place, string(d.Region.Province()), string(d.Region.City()), string(d.Region.District()), string(d.Region), string(d.Confidence),
		reasons, string(d.AnalysedBy), string(d.ApprovedBy), string(d.DocumentKind), d.DocumentNo, string(d.Unit),
		int64(lanzha.At(d.ApprovedAt)), int64(lanzha.At(d.DispatchedAt)), int64(lanzha.At(d.FinishedAt)), int64(lanzha.At(d.CheckedAt)), outcome,
		d.Clues, string(d.ID), d.Version-1)
	if err == nil && n == 0 {
		return errOvertaken()
	}
	return err
}

func errOvertaken() error { return lanzha.Conflict("somebody changed this den before you") }

// Get reads a den.
func (Store) Get(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Den, error) {
	return sqldb.One(ctx, q, "den", scanDen, `SELECT `+denColumns+` FROM den d WHERE d.id = $1`, string(id))
}

// GetLocked reads a den in order to change it.
func (Store) GetLocked(ctx context.Context, tx *sqldb.Tx, id lanzha.ID) (Den, error) {
	return sqldb.One(ctx, tx, "den", scanDen, `SELECT `+denColumns+` FROM den d WHERE d.id = $1`+tx.ForUpdate(), string(id))
}

// Under lists the dens under any of some keys, the newest first.
func (Store) Under(ctx context.Context, q sqldb.Queryer, keys []string) ([]Den, error) {
	list, args := places(keys)
	return sqldb.All(ctx, q, scanDen, `SELECT `+denColumns+` FROM den d
		WHERE d.id IN (SELECT k.den FROM den_key k WHERE k.key IN (`+list+`)) ORDER BY d.id DESC LIMIT 50`, args...)
}

// UnderWay reads the den that is under way at a key of a den.
func (Store) UnderWay(ctx context.Context, q sqldb.Queryer, key string) (Den, error) {
	return sqldb.One(ctx, q, "den", scanDen, `SELECT `+denColumns+` FROM den d WHERE d.key = $1 AND d.state NOT IN ('confirmed', 'nothing_found', 'dismissed')`, key)
}

// Step is one step of a den's way.
type Step struct {
	Version int64
	Name    string // suspected, analysed, dismissed, approved ...
	Actor   lanzha.ID
	At      time.Time
	Note    string // the opinion or reason
}

// AddStep records a step.
func (Store) AddStep(ctx context.Context, tx *sqldb.Tx, den lanzha.ID, s Step) error {
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO den_step (den, version, step, actor, at, note) VALUES ($1, $2, $3, $4, $5, $6)`,
		string(den), s.Version, s.Name, string(s.Actor), int64(lanzha.At(s.At)), s.Note)
	return err
}

// Steps lists a den's steps in order.
func (Store) Steps(ctx context.Context, q sqldb.Queryer, den lanzha.ID) ([]Step, error) {
	return sqldb.All(ctx, q, func(row sqldb.Scanner) (Step, error) {
		var s Step
		var at lanzha.Micros
		err := row.Scan(&s.Version, &s.Name, &s.Actor, &at, &s.Note)
		s.At = at.Time()
		return s, err
	}, `SELECT version, step, actor, at, note FROM den_step WHERE den = $1 ORDER BY version LIMIT 500`, string(den))
}

// Filter narrows List.
type Filter struct {
	Scope auth.Scope
	State State // "" is all
	After lanzha.ID
	Limit int
}

// keep narrows a query to a scope.
func keep(where *sqldb.Where, s auth.Scope) {
	if s.Institution != "" {
		where.And("unit = ?", string(s.Institution))
		return
	}
	where.Region(s.Region)
}

// List reads dens, the newest first.
func (Store) List(ctx context.Context, q sqldb.Queryer, f Filter) ([]Den, error) {
	var where sqldb.Where
	keep(&where, f.Scope)
	if f.State != "" {
		where.And("state = ?", string(f.State))
	}
	if f.After != "" {
		where.And("id < ?", string(f.After))
	}
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, scanDen, `SELECT `+denColumns+` FROM den d WHERE `+where.String()+` ORDER BY d.id DESC LIMIT `+limit, where.Args()...)
}

// Figures are what became of the dens raised in a period.
type Figures struct {
	Raised       int64
	Confirmed    int64
	NothingFound int64
	Dismissed    int64
	Median       time.Duration // from suspected to checked on site; 0 when none was
}

// Figures counts the dens of a scope that were raised in [from, to).
func (Store) Figures(ctx context.Context, q sqldb.Queryer, scope auth.Scope, from, to time.Time) (Figures, error) {
	var where sqldb.Where
	where.And("suspected_at >= ? AND suspected_at < ?", int64(lanzha.At(from)), int64(lanzha.At(to)))
	keep(&where, scope)
	return sqldb.One(ctx, q, "figures", func(row sqldb.Scanner) (Figures, error) {
		var f Figures
		var median int64
		err := row.Scan(&f.Raised, &f.Confirmed, &f.NothingFound, &f.Dismissed, &median)
		f.Median = time.Duration(median) * time.Microsecond
		return f, err
	}, `WITH raised AS (SELECT state, suspected_at, checked_at FROM den WHERE `+where.String()+`),
		took AS (SELECT checked_at - suspected_at AS t, row_number() OVER (ORDER BY checked_at - suspected_at) AS n, count(*) OVER () AS of_n FROM raised WHERE checked_at > 0)
		SELECT count(*), count(*) FILTER (WHERE state = 'confirmed'), count(*) FILTER (WHERE state = 'nothing_found'), count(*) FILTER (WHERE state = 'dismissed'),
			coalesce((SELECT max(t) FROM took WHERE n = (of_n + 1) / 2), 0) FROM raised`, where.Args()...)
}
