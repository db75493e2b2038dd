package penalty

import (
	"context"
	"slices"
	"strings"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/work/register"
)

// By is what totals are told by.
type By string

// What totals are told by.
const (
	ByConduct By = "conduct"
	ByRegion  By = "region" // the divisions of the next level
	ByMonth   By = "month"
)

// Total sums penalties by one key.
type Total struct {
	Key           string               `json:"key" doc:"a conduct, a month as 2026-11, or a region: that asked for itself sums what belongs to no division below it"`
	Penalties     int64                `json:"penalties" doc:"that were decided"`
	Revoked       int64                `json:"revoked" doc:"of which were revoked; they are in no sum but of devices"`
	Detained      int64                `json:"detained" doc:"persons"`
	DetentionDays int64                `json:"detentionDays"`
	FineFen       lanzha.Fen           `json:"fineFen"`
	ConfiscateFen lanzha.Fen           `json:"confiscateFen"`
	Devices       map[DeviceKind]int64 `json:"devices" doc:"seized, by kind"`
}

// total is what one penalty adds to the sums; nothing before it is decided.
func (p Penalty) total() (t Total) {
	if p.State != Decided {
		return t
	}
	m, stands := p.Stands()
	t = Total{Penalties: 1, DetentionDays: int64(m.DetentionDays), FineFen: m.FineFen, ConfiscateFen: p.ConfiscatedFen(), Devices: map[DeviceKind]int64{}}
	if !stands {
		t.Revoked = 1
	}
	if m.DetentionDays > 0 {
		t.Detained = 1
	}
	for _, d := range p.Devices {
		t.Devices[d.Kind] = d.Count
	}
	return t
}

func (t Total) minus(o Total) Total {
	out := Total{
		Penalties: t.Penalties - o.Penalties, Revoked: t.Revoked - o.Revoked, Detained: t.Detained - o.Detained, DetentionDays: t.DetentionDays - o.DetentionDays,
		FineFen: t.FineFen - o.FineFen, ConfiscateFen: t.ConfiscateFen - o.ConfiscateFen, Devices: map[DeviceKind]int64{},
	}
	for _, kind := range DeviceKinds {
		if n := t.Devices[kind] - o.Devices[kind]; n != 0 {
			out.Devices[kind] = n
		}
	}
	return out
}

// month is the month of a day, "2026-11".
func month(d register.Day) string { return string(d[:min(len(d), len("2026-11"))]) }

const country = "-" // stands above the country

// above is the division that a region lies in.
func above(r lanzha.Region) string {
	switch {
	case r == "":
		return country
	case r.District() != "":
		return string(r.City())
	case r.City() != "":
		return string(r.Province())
	}
	return ""
}

// sum adds what a change of a penalty changes in the sums, from the country
// down to its region.
func sum(ctx context.Context, tx *sqldb.Tx, was, p Penalty) error {
	add := p.total().minus(was.total())
	if add.Penalties == 0 && add.Revoked == 0 && add.Detained == 0 && add.DetentionDays == 0 && add.FineFen == 0 && add.ConfiscateFen == 0 && len(add.Devices) == 0 {
		return nil
	}
	type place struct{ parent, region string }
	places := []place{{country, ""}}
	for _, r := range p.Region.Levels() {
		places = append(places, place{above(r), string(r)})
	}
	if p.Region.District() == "" {
		places = append(places, place{string(p.Region), string(p.Region)})
	}
	for _, at := range places {
		if _, err := sqldb.Exec(ctx, tx, `INSERT INTO penalty_total (parent, region, month, conduct, penalties, revoked, detained, detention_days, fine_fen, confiscate_fen)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (parent, region, month, conduct) DO UPDATE SET
			penalties = penalty_total.penalties + excluded.penalties, revoked = penalty_total.revoked + excluded.revoked, detained = penalty_total.detained + excluded.detained,
			detention_days = penalty_total.detention_days + excluded.detention_days, fine_fen = penalty_total.fine_fen + excluded.fine_fen,
			confiscate_fen = penalty_total.confiscate_fen + excluded.confiscate_fen`,
			at.parent, at.region, month(p.DecidedOn), string(p.Facts.Conduct), add.Penalties, add.Revoked, add.Detained, add.DetentionDays, int64(add.FineFen), int64(add.ConfiscateFen)); err != nil {
			return err
		}
		for _, kind := range DeviceKinds {
			if add.Devices[kind] == 0 {
				continue
			}
			if _, err := sqldb.Exec(ctx, tx, `INSERT INTO penalty_seized (parent, region, month, conduct, kind, n) VALUES ($1, $2, $3, $4, $5, $6)
				ON CONFLICT (parent, region, month, conduct, kind) DO UPDATE SET n = penalty_seized.n + excluded.n`,
				at.parent, at.region, month(p.DecidedOn), string(p.Facts.Conduct), string(kind), add.Devices[kind]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Span narrows totals: months are inclusive, as 2026-01; region "" is the whole
// country.
type Span struct {
	From, Until string
	Region      lanzha.Region
	Conduct     Conduct
	By          By
}

func (f Span) where() (where sqldb.Where) {
	if f.By == ByRegion {
		where.And("parent = ?", string(f.Region))
	} else {
		where.And("parent = ? AND region = ?", above(f.Region), string(f.Region))
	}
	where.And("month >= ? AND month <= ?", f.From, f.Until)
	if f.Conduct != "" {
		where.And("conduct = ?", string(f.Conduct))
	}
	return where
}

// Totals sums what was decided, in the order of the keys. A district has no
// divisions below it.
func (s *Store) Totals(ctx context.Context, q sqldb.Queryer, f Span) ([]Total, error) {
	where, key := f.where(), string(f.By)
	if f.By == ByRegion && f.Region.District() != "" {
		f.By = ByConduct // one row for the whole district
		where, key = f.where(), "region"
	}
	totals, err := sqldb.All(ctx, q, func(row sqldb.Scanner) (Total, error) {
		t := Total{Devices: map[DeviceKind]int64{}}
		err := row.Scan(&t.Key, &t.Penalties, &t.Revoked, &t.Detained, &t.DetentionDays, &t.FineFen, &t.ConfiscateFen)
		return t, err
	}, `SELECT `+key+`, CAST(sum(penalties) AS BIGINT), CAST(sum(revoked) AS BIGINT), CAST(sum(detained) AS BIGINT), CAST(sum(detention_days) AS BIGINT),
		CAST(sum(fine_fen) AS BIGINT), CAST(sum(confiscate_fen) AS BIGINT) FROM penalty_total WHERE `+where.String()+` GROUP BY `+key+` ORDER BY `+key, where.Args()...)
	if err != nil {
		return nil, err
	}
	type seized struct {
		key  string
		kind DeviceKind
		n    int64
	}
	devices, err := sqldb.All(ctx, q, func(row sqldb.Scanner) (d seized, err error) { return d, row.Scan(&d.key, &d.kind, &d.n) },
		`SELECT `+key+`, kind, CAST(sum(n) AS BIGINT) FROM penalty_seized WHERE `+where.String()+` GROUP BY `+key+`, kind`, where.Args()...)
	for _, d := range devices {
		if at, ok := slices.BinarySearchFunc(totals, d.key, func(t Total, key string) int { return strings.Compare(t.Key, key) }); ok {
			totals[at].Devices[d.kind] = d.n
		}
	}
	return totals, err
}
