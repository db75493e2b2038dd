package alert

import (
	"context"
	"encoding/json"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/work/detect/feature"
)

// RuleFigures are what became of the alerts of a rule that were raised in a
// period.
type RuleFigures struct {
	Rule     string
	Title    feature.Words // as the newest alert of the period has it
	Raised   int64
	Open     int64 // new or taken
	AtOnce   int64 // decided by the rule itself
	Decided  int64 // by officers
	Became   map[Decision]int64
	Right    int64 // by the latest feedback on each alert
	Wrong    int64
	Unsure   int64
	P50, P90 time.Duration // from raising to an officer's decision; 0 where there is none
	Days     []DayCount
}

// DayCount is how many alerts were raised on a day.
type DayCount struct {
	Day   string // "2026-11-25", in the centre's zone
	Count int64
}

// Figures counts by rule the alerts of a scope that were raised in [from, to).
// The days are those of the zone as it stands at from.
func (s *Store) Figures(ctx context.Context, q sqldb.Queryer, scope auth.Scope, from, to time.Time, zone *time.Location) ([]RuleFigures, error) {
	var where sqldb.Where
	where.And("raised_at >= ? AND raised_at < ?", int64(lanzha.At(from)), int64(lanzha.At(to)))
	inScope(&where, scope)
	rules, err := sqldb.All(ctx, q, func(row sqldb.Scanner) (RuleFigures, error) {
		f := RuleFigures{Became: map[Decision]int64{}, Days: []DayCount{}}
		var title string
		var became [4]int64
		var p50, p90 int64
		if err := row.Scan(&f.Rule, &title, &f.Raised, &f.Open, &f.AtOnce, &f.Decided, &became[0], &became[1], &became[2], &became[3],
			&f.Right, &f.Wrong, &f.Unsure, &p50, &p90); err != nil {
			return f, err
		}
		for i, d := range []Decision{DecisionClue, DecisionWarning, DecisionReferral, DecisionDismissed} {
			f.Became[d] = became[i]
		}
		f.P50, f.P90 = time.Duration(p50)*time.Microsecond, time.Duration(p90)*time.Microsecond
		return f, json.Unmarshal([]byte(title), &f.Title)
	}, `WITH l AS (
			SELECT rule, title, state, decision, verdict, CASE WHEN state <> 'decided' THEN 0 WHEN decided_by = '' THEN 1 ELSE 2 END AS way, decided_at - raised_at AS took,
				row_number() OVER (PARTITION BY rule ORDER BY id DESC) AS newest
			FROM alert WHERE `+where.String()+`),
		o AS (
			SELECT l.*, row_number() OVER (PARTITION BY rule, way ORDER BY took) AS n, count(*) OVER (PARTITION BY rule, way) AS of_n FROM l)
		SELECT rule, max(CASE WHEN newest = 1 THEN title END), count(*),
			count(*) FILTER (WHERE way = 0), count(*) FILTER (WHERE way = 1), count(*) FILTER (WHERE way = 2),
			count(*) FILTER (WHERE decision = 'clue'), count(*) FILTER (WHERE decision = 'warning'),
			count(*) FILTER (WHERE decision = 'referral'), count(*) FILTER (WHERE decision = 'dismissed'),
			count(*) FILTER (WHERE verdict = 'right'), count(*) FILTER (WHERE verdict = 'wrong'), count(*) FILTER (WHERE verdict = 'unsure'),
			coalesce(max(CASE WHEN way = 2 AND n = (of_n + 1) / 2 THEN took END), 0),
			coalesce(max(CASE WHEN way = 2 AND n = (of_n * 90 + 99) / 100 THEN took END), 0)
		FROM o GROUP BY rule ORDER BY rule`, where.Args()...)
	if err != nil {
		return nil, err
	}
	_, offset := from.In(zone).Zone()
	type ruleDay struct {
		rule  string
		day   int64
		count int64
	}
	shift := where.Arg(int64(offset) * int64(time.Second/time.Microsecond))
	days, err := sqldb.All(ctx, q, func(row sqldb.Scanner) (ruleDay, error) {
		var d ruleDay
		err := row.Scan(&d.rule, &d.day, &d.count)
		return d, err
	}, `SELECT rule, day, count(*) FROM (SELECT rule, (raised_at + `+shift+`) / 86400000000 AS day FROM alert WHERE `+where.String()+`) AS d
		GROUP BY rule, day ORDER BY rule, day`, where.Args()...)
	if err != nil {
		return nil, err
	}
	for i := range rules {
		for len(days) > 0 && days[0].rule == rules[i].Rule {
			rules[i].Days = append(rules[i].Days, DayCount{time.Unix(days[0].day*86400, 0).UTC().Format(time.DateOnly), days[0].count})
			days = days[1:]
		}
	}
	return rules, nil
}
