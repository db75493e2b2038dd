package penalty

import (
	"context"
	"slices"
	"strings"

	"lanzha"
	"lanzha/base/sqldb"
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
	Key           string               `json:"key" doc:"a conduct, a region, or a month as 2026-11; empty is of no division of the next level"`
	Penalties     int64                `json:"penalties" doc:"that were decided"`
	Revoked       int64                `json:"revoked" doc:"of which were revoked; they are in no sum but of devices"`
	Detained      int64                `json:"detained" doc:"persons"`
	DetentionDays int64                `json:"detentionDays"`
	FineFen       lanzha.Fen           `json:"fineFen"`
	ConfiscateFen lanzha.Fen           `json:"confiscateFen"`
	Devices       map[DeviceKind]int64 `json:"devices" doc:"seized, by kind"`
}

// Span narrows totals: months are inclusive, as 2026-01; region "" is the whole
// country.
type Span struct {
	From, Until string
	Region      lanzha.Region
	Conduct     Conduct
	By          By
}

// column is what the totals are told by, as the tables keep it.
func (f Span) column() string {
	switch {
	case f.By == ByMonth:
		return "month"
	case f.By == ByConduct:
		return "conduct"
	case f.Region == "":
		return "province"
	case f.Region.City() == "":
		return "city"
	}
	return "district"
}

func (f Span) where() (where sqldb.Where) {
	where.Region(f.Region)
	// A decided penalty has a month; the indexes hold no others.
	where.And("month <> '' AND month >= ? AND month <= ?", f.From, f.Until)
	if f.Conduct != "" {
		where.And("conduct = ?", string(f.Conduct))
	}
	return where
}

// Totals sums what was decided, in the order of the keys.
func (s *Store) Totals(ctx context.Context, q sqldb.Queryer, f Span) ([]Total, error) {
	where, key := f.where(), f.column()
	totals, err := sqldb.All(ctx, q, func(row sqldb.Scanner) (Total, error) {
		t := Total{Devices: map[DeviceKind]int64{}}
		err := row.Scan(&t.Key, &t.Penalties, &t.Revoked, &t.Detained, &t.DetentionDays, &t.FineFen, &t.ConfiscateFen)
		return t, err
	}, `SELECT `+key+`, count(*), CAST(sum(1 - stands) AS BIGINT), CAST(sum(CASE WHEN detention_days > 0 THEN 1 ELSE 0 END) AS BIGINT), CAST(sum(detention_days) AS BIGINT),
		CAST(sum(fine_fen) AS BIGINT), CAST(sum(confiscate_fen) AS BIGINT) FROM penalty WHERE `+where.String()+` GROUP BY `+key+` ORDER BY `+key, where.Args()...)
	if err != nil {
		return nil, err
	}
	type seized struct {
		key  string
		kind DeviceKind
		n    int64
	}
	where = f.where()
	devices, err := sqldb.All(ctx, q, func(row sqldb.Scanner) (d seized, err error) { return d, row.Scan(&d.key, &d.kind, &d.n) },
		`SELECT `+key+`, kind, CAST(sum(n) AS BIGINT) FROM penalty_device WHERE `+where.String()+` GROUP BY `+key+`, kind`, where.Args()...)
	for _, d := range devices {
		if at, ok := slices.BinarySearchFunc(totals, d.key, func(t Total, key string) int { return strings.Compare(t.Key, key) }); ok {
			totals[at].Devices[d.kind] = d.n
		}
	}
	return totals, err
}
