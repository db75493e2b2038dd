package clue

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
)

const lookupColumns = `id, version, clue, institution, state, fields, officers, purpose, legal_basis, document_no, location_no, asked_by, report,
	province, city, district, asked_at, due_at, sent_at, answered_at, escalation, escalated_to, answer`

// InsertLookup adds a lookup.
func (s *Store) InsertLookup(ctx context.Context, tx *sqldb.Tx, l Lookup) error {
	fields, err := json.Marshal(l.Fields)
	if err != nil {
		return lanzha.Internal("clue.InsertLookup", err)
	}
	officers, err := json.Marshal(l.Officers)
	if err != nil {
		return lanzha.Internal("clue.InsertLookup", err)
	}
	return sqldb.Later(ctx, tx, `INSERT INTO lookup (`+lookupColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 0, 0, 0, '', '')`,
		string(l.ID), l.Version, string(l.Clue), string(l.Institution), string(l.State), string(fields), string(officers), l.Purpose, l.LegalBasis,
		l.DocumentNo, l.LocationDecisionNo, string(l.AskedBy), string(l.Report),
		string(l.Region.Province()), string(l.Region.City()), string(l.Region.District()), int64(lanzha.At(l.AskedAt)), int64(lanzha.At(l.DueAt)))
}

// UpdateLookup writes a lookup whose stored version is one less.
func (s *Store) UpdateLookup(ctx context.Context, tx *sqldb.Tx, l Lookup) error {
	text, err := json.Marshal(l.Answer)
	if err != nil {
		return lanzha.Internal("clue.UpdateLookup", err)
	}
	sealed, err := s.vault.Seal(answerField(l.ID), string(text))
	if err != nil {
		return err
	}
	n, err := sqldb.Exec(ctx, tx, `UPDATE lookup SET version = $1, state = $2, sent_at = $3, answered_at = $4, escalation = $5, escalated_to = $6, answer = $7
		WHERE id = $8 AND version = $9`,
		l.Version, string(l.State), int64(lanzha.At(l.SentAt)), int64(lanzha.At(l.AnsweredAt)), l.Escalation, string(l.EscalatedTo), sealed, string(l.ID), l.Version-1)
	if err == nil && n == 0 {
		return lanzha.Conflict("somebody changed this question before you")
	}
	return err
}

func answerField(id lanzha.ID) vault.Field {
	return vault.Field{Table: "lookup", Column: "answer", Row: id}
}

// Lookup reads one lookup with its answer.
func (s *Store) Lookup(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Lookup, error) {
	return sqldb.One(ctx, q, "lookup", s.scanLookup, `SELECT `+lookupColumns+` FROM lookup WHERE id = $1`, string(id))
}

// LookupLocked reads a lookup in order to change it.
func (s *Store) LookupLocked(ctx context.Context, tx *sqldb.Tx, id lanzha.ID) (Lookup, error) {
	return sqldb.One(ctx, tx, "lookup", s.scanLookup, `SELECT `+lookupColumns+` FROM lookup WHERE id = $1`+tx.ForUpdate(), string(id))
}

func (s *Store) scanLookup(row sqldb.Scanner) (Lookup, error) {
	l, sealed, err := scanLine(row)
	if err != nil || sealed == "" {
		return l, err
	}
	text, err := s.vault.Unseal(answerField(l.ID), sealed)
	if err != nil {
		return l, err
	}
	return l, json.Unmarshal([]byte(text), &l.Answer)
}

// scanLine reads a lookup and leaves its answer sealed: lists carry none.
func scanLine(row sqldb.Scanner) (l Lookup, sealed string, err error) {
	var fields, officers string
	var province, city, district lanzha.Region
	var asked, due, sent, answered lanzha.Micros
	if err := row.Scan(&l.ID, &l.Version, &l.Clue, &l.Institution, &l.State, &fields, &officers, &l.Purpose, &l.LegalBasis, &l.DocumentNo, &l.LocationDecisionNo,
		&l.AskedBy, &l.Report, &province, &city, &district, &asked, &due, &sent, &answered, &l.Escalation, &l.EscalatedTo, &sealed); err != nil {
		return l, "", err
	}
	for _, r := range []lanzha.Region{province, city, district} {
		if r != "" {
			l.Region = r
		}
	}
	l.AskedAt, l.DueAt, l.SentAt, l.AnsweredAt = asked.Time(), due.Time(), sent.Time(), answered.Time()
	if err := json.Unmarshal([]byte(fields), &l.Fields); err != nil {
		return l, "", err
	}
	return l, sealed, json.Unmarshal([]byte(officers), &l.Officers)
}

// OfClue lists the lookups of a clue, the newest first.
func (s *Store) OfClue(ctx context.Context, q sqldb.Queryer, clue lanzha.ID) ([]Lookup, error) {
	return sqldb.All(ctx, q, s.scanLookup, `SELECT `+lookupColumns+` FROM lookup WHERE clue = $1 ORDER BY asked_at DESC, id DESC LIMIT 200`, string(clue))
}

// soonest is the earliest deadline among a clue's pending lookups, and when it
// began to run; zero when none is pending.
func (s *Store) soonest(ctx context.Context, q sqldb.Queryer, clue lanzha.ID) (due, from time.Time, err error) {
	_, err = sqldb.One(ctx, q, "deadline", func(row sqldb.Scanner) (bool, error) {
		var d, f lanzha.Micros
		err := row.Scan(&d, &f)
		due, from = d.Time(), f.Time()
		return true, err
	}, `SELECT due_at, asked_at FROM lookup WHERE clue = $1 AND state IN ('asked', 'sent', 'overdue') ORDER BY due_at LIMIT 1`, string(clue))
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		err = nil
	}
	return due, from, err
}

// asked reports whether an institution was asked about a clue since an
// instant and has answered or may still.
func (s *Store) asked(ctx context.Context, q sqldb.Queryer, clue, institution lanzha.ID, since time.Time) (bool, error) {
	n, err := sqldb.One(ctx, q, "count", sqldb.Value[int64],
		`SELECT count(*) FROM lookup WHERE clue = $1 AND asked_at >= $2 AND institution = $3 AND state IN ('asked', 'sent', 'overdue', 'answered')`,
		string(clue), int64(lanzha.At(since)), string(institution))
	return n > 0, err
}

// IndexSubscriber makes a lookup's subscriber findable by the exact name.
func (s *Store) IndexSubscriber(ctx context.Context, tx *sqldb.Tx, l Lookup) error {
	if l.Answer.Subscriber == nil || l.Answer.Subscriber.Name == "" {
		return nil
	}
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO subscriber (name_index, lookup, clue) VALUES ($1, $2, $3) ON CONFLICT (name_index, lookup) DO NOTHING`,
		s.vault.Index(l.Answer.Subscriber.Name)[0], string(l.ID), string(l.Clue))
	return err
}

// BySubscriber lists the clues whose line was opened under an exact name, the
// newest first, 20 at most.
func (s *Store) BySubscriber(ctx context.Context, q sqldb.Queryer, name string) ([]Clue, error) {
	var places []string
	var args []any
	for i, index := range s.vault.Index(name) { // one for each generation of keys
		places, args = append(places, fmt.Sprintf("$%d", i+1)), append(args, index)
	}
	return sqldb.All(ctx, q, scanClue, `SELECT `+clueColumns+` FROM clue c
		WHERE c.id IN (SELECT clue FROM subscriber WHERE name_index IN (`+strings.Join(places, ", ")+`)) ORDER BY c.id DESC LIMIT 20`, args...)
}

// LookupFilter narrows Lookups. One of Institution, EscalatedTo and Region
// leads; State is always set.
type LookupFilter struct {
	Institution lanzha.ID
	EscalatedTo lanzha.ID
	Region      lanzha.Region // "" is the whole country
	State       LookupState
	After       *LookupKey
	Limit       int
}

// LookupKey is the place of a lookup in the list.
type LookupKey struct {
	Due lanzha.Micros `json:"due"`
	ID  lanzha.ID     `json:"id"`
}

// Lookups lists questions without their answers, the soonest deadline first.
func (s *Store) Lookups(ctx context.Context, q sqldb.Queryer, f LookupFilter) ([]Lookup, error) {
	var where sqldb.Where
	where.And("state = ?", string(f.State))
	if f.Institution != "" {
		where.And("institution = ?", string(f.Institution))
	}
	if f.EscalatedTo != "" {
		where.And("escalated_to = ? AND escalated_to <> ''", string(f.EscalatedTo))
	}
	where.Region(f.Region)
	if f.After != nil {
		where.And("(due_at, id) > (?, ?)", int64(f.After.Due), string(f.After.ID))
	}
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, func(row sqldb.Scanner) (Lookup, error) {
		l, _, err := scanLine(row)
		return l, err
	}, `SELECT `+lookupColumns+` FROM lookup WHERE `+where.String()+` ORDER BY due_at, id LIMIT `+limit, where.Args()...)
}

// Figures are how an institution answers.
type Figures struct {
	Institution lanzha.ID
	Asked       int64         // questions of the period
	Answered    int64         // answered, late ones among them
	Refused     int64         //
	Pending     int64         // still open, overdue ones among them
	InTime      int64         // answered or refused by the deadline
	Due         int64         // answered, refused, or past the deadline: what InTime is a share of
	P50, P95    time.Duration // of answers; 0 when there is none
}

// Figures counts by institution the questions asked in [from, to). A question
// still within its deadline counts for nobody yet.
func (s *Store) Figures(ctx context.Context, q sqldb.Queryer, region lanzha.Region, from, to, now time.Time) ([]Figures, error) {
	var where sqldb.Where
	where.And("asked_at >= ? AND asked_at < ? AND state <> 'cancelled'", int64(lanzha.At(from)), int64(lanzha.At(to)))
	where.Region(region)
	late := where.Arg(int64(lanzha.At(now)))
	return sqldb.All(ctx, q, func(row sqldb.Scanner) (Figures, error) {
		var f Figures
		var p50, p95 int64
		err := row.Scan(&f.Institution, &f.Asked, &f.Answered, &f.Refused, &f.Pending, &f.InTime, &f.Due, &p50, &p95)
		f.P50, f.P95 = time.Duration(p50)*time.Microsecond, time.Duration(p95)*time.Microsecond
		return f, err
	}, `WITH l AS (
			SELECT institution, state, due_at, asked_at, answered_at,
				row_number() OVER (PARTITION BY institution, CASE WHEN state = 'answered' THEN 1 ELSE 0 END ORDER BY answered_at - asked_at) AS n,
				count(*) OVER (PARTITION BY institution, CASE WHEN state = 'answered' THEN 1 ELSE 0 END) AS of_n
			FROM lookup WHERE `+where.String()+`)
		SELECT institution, count(*),
			count(*) FILTER (WHERE state = 'answered'), count(*) FILTER (WHERE state = 'refused'),
			count(*) FILTER (WHERE state IN ('asked', 'sent', 'overdue')),
			count(*) FILTER (WHERE state IN ('answered', 'refused') AND answered_at <= due_at),
			count(*) FILTER (WHERE state IN ('answered', 'refused', 'unreadable') OR due_at < `+late+`),
			coalesce(max(CASE WHEN state = 'answered' AND n = (of_n + 1) / 2 THEN answered_at - asked_at END), 0),
			coalesce(max(CASE WHEN state = 'answered' AND n = (of_n * 95 + 99) / 100 THEN answered_at - asked_at END), 0)
		FROM l GROUP BY institution ORDER BY institution`, where.Args()...)
}
