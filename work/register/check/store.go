package check

import (
	"context"
	"embed"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of quotas, usage and sweeps.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "check", Files: files} }

// Quota is what an institution may ask.
type Quota struct {
	Institution lanzha.ID
	Version     int64 // 0: the house's quota holds
	PerMinute   int64 // checks; 0 is none at all
	Reason      string
	SetBy       lanzha.ID
	SetAt       time.Time
}

const quotaColumns = `institution, version, per_minute, reason, set_by, set_at`

func scanQuota(s sqldb.Scanner) (Quota, error) {
	var q Quota
	var at lanzha.Micros
	err := s.Scan(&q.Institution, &q.Version, &q.PerMinute, &q.Reason, &q.SetBy, &at)
	q.SetAt = at.Time()
	return q, err
}

// quotas reads all quotas that differ from the house's.
func quotas(ctx context.Context, q sqldb.Queryer) ([]Quota, error) {
	return sqldb.All(ctx, q, scanQuota, `SELECT `+quotaColumns+` FROM check_quota ORDER BY institution`)
}

// setQuota writes a quota whose stored version is one less; 1 is a new one.
func setQuota(ctx context.Context, tx *sqldb.Tx, q Quota) error {
	n, err := sqldb.Exec(ctx, tx, `INSERT INTO check_quota (`+quotaColumns+`) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (institution) DO UPDATE SET version = excluded.version, per_minute = excluded.per_minute, reason = excluded.reason,
			set_by = excluded.set_by, set_at = excluded.set_at WHERE check_quota.version = excluded.version - 1`,
		string(q.Institution), q.Version, q.PerMinute, q.Reason, string(q.SetBy), int64(lanzha.At(q.SetAt)))
	if err == nil && n == 0 {
		return lanzha.Conflict("somebody set this quota before you")
	}
	return err
}

// addUsage adds what this process counted to an institution's hour, and
// returns the whole.
func addUsage(ctx context.Context, tx *sqldb.Tx, institution lanzha.ID, hour time.Time, u usage) (usage, error) {
	at := int64(lanzha.At(hour))
	if _, err := sqldb.Exec(ctx, tx, `INSERT INTO check_usage (institution, hour, checks, listed, refused, persons, sequences, sketch)
		VALUES ($1, $2, 0, 0, 0, 0, 0, $3) ON CONFLICT (institution, hour) DO NOTHING`, string(institution), at, []byte{}); err != nil {
		return u, err
	}
	have, err := sqldb.One(ctx, tx, "usage", func(s sqldb.Scanner) (usage, error) {
		var u usage
		var text []byte
		err := s.Scan(&u.checks, &u.listed, &u.refused, &u.sequences, &text)
		u.persons.merge(text)
		return u, err
	}, `SELECT checks, listed, refused, sequences, sketch FROM check_usage WHERE institution = $1 AND hour = $2`+tx.ForUpdate(), string(institution), at)
	if err != nil {
		return u, err
	}
	u.checks, u.listed, u.refused, u.sequences = u.checks+have.checks, u.listed+have.listed, u.refused+have.refused, u.sequences+have.sequences
	u.persons.merge(have.persons[:])
	_, err = sqldb.Exec(ctx, tx, `UPDATE check_usage SET checks = $1, listed = $2, refused = $3, persons = $4, sequences = $5, sketch = $6
		WHERE institution = $7 AND hour = $8`, u.checks, u.listed, u.refused, u.persons.count(), u.sequences, u.persons[:], string(institution), at)
	return u, err
}

// hours reads the persons of the hours in which an institution asked, before
// an hour and since another.
func hours(ctx context.Context, q sqldb.Queryer, institution lanzha.ID, since, before time.Time) ([]int64, error) {
	return sqldb.All(ctx, q, sqldb.Value[int64], `SELECT persons FROM check_usage WHERE institution = $1 AND hour >= $2 AND hour < $3`,
		string(institution), int64(lanzha.At(since)), int64(lanzha.At(before)))
}

// forget deletes the hours before one, and sweeps that were answered before a
// time.
func forget(ctx context.Context, tx *sqldb.Tx, hour, answered time.Time) error {
	if _, err := sqldb.Exec(ctx, tx, `DELETE FROM check_usage WHERE hour < $1`, int64(lanzha.At(hour))); err != nil {
		return err
	}
	_, err := sqldb.Exec(ctx, tx, `DELETE FROM check_sweep WHERE finding <> '' AND answered_at < $1`, int64(lanzha.At(answered)))
	return err
}

// Usage is what an institution asked since a time.
type Usage struct {
	Institution lanzha.ID `json:"institution"`
	Checks      int64     `json:"checks"`
	Listed      int64     `json:"listed" doc:"of which met somebody whom a measure binds"`
	Refused     int64     `json:"refused" doc:"checks beyond the quota"`
}

// used sums what each institution asked since an hour.
func used(ctx context.Context, q sqldb.Queryer, since time.Time) ([]Usage, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (u Usage, err error) {
		return u, s.Scan(&u.Institution, &u.Checks, &u.Listed, &u.Refused)
	}, `SELECT institution, CAST(sum(checks) AS BIGINT), CAST(sum(listed) AS BIGINT), CAST(sum(refused) AS BIGINT) FROM check_usage WHERE hour >= $1 GROUP BY institution ORDER BY institution`,
		int64(lanzha.At(since)))
}

const sweepColumns = `id, version, institution, hour, kind, persons, usual, sequences, noticed_at, finding, note, answered_by, answered_at`

func scanSweep(row sqldb.Scanner) (Sweep, error) {
	var s Sweep
	var hour, noticed, answered lanzha.Micros
	err := row.Scan(&s.ID, &s.Version, &s.Institution, &hour, &s.Kind, &s.Persons, &s.Usual, &s.Sequences, &noticed, &s.Finding, &s.Note, &s.AnsweredBy, &answered)
	s.Hour, s.NoticedAt, s.AnsweredAt = hour.Time(), noticed.Time(), answered.Time()
	return s, err
}

// notice adds a sweep unless it was noticed before.
func notice(ctx context.Context, tx *sqldb.Tx, s Sweep) (bool, error) {
	n, err := sqldb.Exec(ctx, tx, `INSERT INTO check_sweep (`+sweepColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', '', 0)
		ON CONFLICT (institution, hour, kind) DO NOTHING`,
		string(s.ID), s.Version, string(s.Institution), int64(lanzha.At(s.Hour)), string(s.Kind), s.Persons, s.Usual, s.Sequences, int64(lanzha.At(s.NoticedAt)))
	return n == 1, err
}

func sweepByID(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Sweep, error) {
	return sqldb.One(ctx, q, "sweep", scanSweep, `SELECT `+sweepColumns+` FROM check_sweep WHERE id = $1`, string(id))
}

// answerSweep writes the finding where the stored version is one less.
func answerSweep(ctx context.Context, tx *sqldb.Tx, s Sweep) error {
	n, err := sqldb.Exec(ctx, tx, `UPDATE check_sweep SET version = $1, finding = $2, note = $3, answered_by = $4, answered_at = $5 WHERE id = $6 AND version = $7`,
		s.Version, string(s.Finding), s.Note, string(s.AnsweredBy), int64(lanzha.At(s.AnsweredAt)), string(s.ID), s.Version-1)
	if err == nil && n == 0 {
		return lanzha.Conflict("somebody answered this sweep before you")
	}
	return err
}

// listSweeps reads sweeps, the newest first: the open ones, or all.
func listSweeps(ctx context.Context, q sqldb.Queryer, open bool, before lanzha.ID, limit int) ([]Sweep, error) {
	var where sqldb.Where
	if open {
		where.And("finding = ''")
	}
	if before != "" {
		where.And("id < ?", string(before))
	}
	return sqldb.All(ctx, q, scanSweep, `SELECT `+sweepColumns+` FROM check_sweep WHERE `+where.String()+` ORDER BY id DESC LIMIT `+where.Arg(limit), where.Args()...)
}
