package alert

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
	"lanzha/base/vault"
	"lanzha/work/feed"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of alerts, suppressions and named lists.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "alert", Files: files} }

// Store keeps alerts; persons and evidence go through the vault.
type Store struct {
	vault *vault.Vault
}

// NewStore makes a store over a vault.
func NewStore(v *vault.Vault) *Store { return &Store{vault: v} }

// kept is a subject as its columns have it: what is shown, what is sealed and
// what it is found by.
type kept struct{ subject, sealed, index string }

// keep makes the columns of a subject of a row. Numbers, accounts and devices
// are clear, as those of clues are; of a person only the mask is.
func (s *Store) keep(table string, id lanzha.ID, of Subject) (kept, error) {
	if of.Domain != feed.Person {
		return kept{subject: of.Value, index: of.Key()}, nil
	}
	sealed, err := s.vault.Seal(vault.Field{Table: table, Column: "sealed", Row: id}, of.Value)
	k := kept{subject: lanzha.Mask(of.Value), sealed: sealed}
	if index := s.vault.Index(of.Value); len(index) > 0 {
		k.index = index[0]
	}
	return k, err
}

// open reads a subject back.
func (s *Store) open(table string, id lanzha.ID, domain string, k kept) (Subject, error) {
	d, ok := ParseDomain(domain)
	if !ok {
		return Subject{}, lanzha.Internal("alert.open", fmt.Errorf("the domain %q is unknown", domain))
	}
	if k.sealed == "" {
		return Subject{d, k.subject}, nil
	}
	value, err := s.vault.Unseal(vault.Field{Table: table, Column: "sealed", Row: id}, k.sealed)
	return Subject{d, value}, err
}

// indexes are all texts by which a subject may be found.
func (s *Store) indexes(of Subject) []string {
	if of.Domain == feed.Person {
		return s.vault.Index(of.Value) // one for each generation of keys
	}
	return []string{of.Key()}
}

const alertColumns = `id, version, state, log, seq, idx, rule, pack, pack_version, pack_sha, title, severity, score, domain, subject, sealed, subject_index,
	reasons, named_values, event_kind, event_id, event_at, raised_at, becomes, province, city, district, institution, decision, note,
	taken_by, taken_at, decided_by, decided_at, received_at, checked_at, verdict, clue`

const alertWidth = 38 // columns, without the evidence

func (s *Store) scan(row sqldb.Scanner) (Alert, error) {
	var a Alert
	var seq int64
	var title, domain, reasons, values, kind, index string
	var k kept
	var at, raised, taken, decided, received, checked lanzha.Micros
	var levels [3]lanzha.Region
	if err := row.Scan(&a.ID, &a.Version, &a.State, &a.Key.Log, &seq, &a.Key.Index, &a.Key.Rule, &a.Pack, &a.PackVersion, &a.PackSHA, &title, &a.Severity, &a.Score,
		&domain, &k.subject, &k.sealed, &index, &reasons, &values, &kind, &a.EventID, &at, &raised, &a.Becomes, &levels[0], &levels[1], &levels[2], &a.Institution,
		&a.Decision, &a.Note, &a.TakenBy, &taken, &a.DecidedBy, &decided, &received, &checked, &a.Verdict, &a.Clue); err != nil {
		return a, err
	}
	a.Key.Seq = uint64(seq)
	for _, r := range levels {
		if r != "" {
			a.Region = r
		}
	}
	a.At, a.RaisedAt, a.TakenAt, a.DecidedAt = at.Time(), raised.Time(), taken.Time(), decided.Time()
	a.ReceivedAt, a.CheckedAt = received.Time(), checked.Time()
	var err error
	if a.Kind, err = feed.ParseKind(kind); err != nil {
		return a, err
	}
	if a.Subject, err = s.open("alert", a.ID, domain, k); err != nil {
		return a, err
	}
	for _, part := range []struct {
		text string
		to   any
	}{{title, &a.Title}, {reasons, &a.Reasons}, {values, &a.Values}} {
		if err := json.Unmarshal([]byte(part.text), part.to); err != nil {
			return a, err
		}
	}
	return a, nil
}

// row is an alert in the order of alertColumns.
func (s *Store) row(a Alert) ([]any, error) {
	k, err := s.keep("alert", a.ID, a.Subject)
	if err != nil {
		return nil, err
	}
	texts := [3]string{}
	for i, v := range []any{a.Title, a.Reasons, a.Values} {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, lanzha.Internal("alert.row", err)
		}
		texts[i] = string(text)
	}
	return []any{
		string(a.ID), a.Version, string(a.State), a.Key.Log, int64(a.Key.Seq), a.Key.Index, a.Key.Rule, a.Pack, a.PackVersion, a.PackSHA, texts[0],
		string(a.Severity), a.Score, DomainName(a.Subject.Domain), k.subject, k.sealed, k.index, texts[1], texts[2], a.Kind.String(), a.EventID,
		int64(lanzha.At(a.At)), int64(lanzha.At(a.RaisedAt)), a.Becomes,
		string(a.Region.Province()), string(a.Region.City()), string(a.Region.District()), string(a.Institution), string(a.Decision), a.Note,
		string(a.TakenBy), int64(lanzha.At(a.TakenAt)), string(a.DecidedBy), int64(lanzha.At(a.DecidedAt)),
		int64(lanzha.At(a.ReceivedAt)), int64(lanzha.At(a.CheckedAt)), string(a.Verdict), string(a.Clue),
	}, nil
}

// Insert adds alerts and says which of them were new.
func (s *Store) Insert(ctx context.Context, tx *sqldb.Tx, alerts []Alert) (map[lanzha.ID]bool, error) {
	fresh := map[lanzha.ID]bool{}
	if len(alerts) == 0 {
		return fresh, nil
	}
	var query strings.Builder
	args := make([]any, 0, len(alerts)*alertWidth)
	for _, a := range alerts {
		row, err := s.row(a)
		if err != nil {
			return nil, err
		}
		query.WriteString(", (")
		for range row {
			args = append(args, row[0])
			row = row[1:]
			fmt.Fprintf(&query, "$%d, ", len(args))
		}
		query.WriteString("'')") // the evidence comes later
	}
	ids, err := sqldb.All(ctx, tx, sqldb.Value[lanzha.ID], `INSERT INTO alert (`+alertColumns+`, evidence) VALUES `+query.String()[2:]+`
		ON CONFLICT (log, seq, idx, rule) DO NOTHING RETURNING id`, args...)
	for _, id := range ids {
		fresh[id] = true
	}
	return fresh, err
}

// Update writes what changes of an alert, whose stored version is one less.
func (s *Store) Update(ctx context.Context, tx *sqldb.Tx, a Alert) error {
	n, err := sqldb.Exec(ctx, tx, `UPDATE alert SET version = $1, state = $2, institution = $3, decision = $4, note = $5, taken_by = $6, taken_at = $7,
			decided_by = $8, decided_at = $9, received_at = $10, checked_at = $11, verdict = $12 WHERE id = $13 AND version = $14`,
		a.Version, string(a.State), string(a.Institution), string(a.Decision), a.Note, string(a.TakenBy), int64(lanzha.At(a.TakenAt)),
		string(a.DecidedBy), int64(lanzha.At(a.DecidedAt)), int64(lanzha.At(a.ReceivedAt)), int64(lanzha.At(a.CheckedAt)), string(a.Verdict),
		string(a.ID), a.Version-1)
	if err == nil && n == 0 {
		return errOvertaken()
	}
	return err
}

func errOvertaken() error { return lanzha.Conflict("somebody changed this alert before you") }

// SetClue keeps which clue came of an alert; nobody's version changes by it.
func (s *Store) SetClue(ctx context.Context, tx *sqldb.Tx, id, clue lanzha.ID) error {
	return sqldb.Later(ctx, tx, `UPDATE alert SET clue = $1 WHERE id = $2`, string(clue), string(id))
}

// Get reads an alert.
func (s *Store) Get(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Alert, error) {
	return sqldb.One(ctx, q, "alert", s.scan, `SELECT `+alertColumns+` FROM alert WHERE id = $1`, string(id))
}

// GetLocked reads an alert in order to change it.
func (s *Store) GetLocked(ctx context.Context, tx *sqldb.Tx, id lanzha.ID) (Alert, error) {
	return sqldb.One(ctx, tx, "alert", s.scan, `SELECT `+alertColumns+` FROM alert WHERE id = $1`+tx.ForUpdate(), string(id))
}

func evidenceField(id lanzha.ID) vault.Field {
	return vault.Field{Table: "alert", Column: "evidence", Row: id}
}

// SetEvidence keeps the evidence of the alert of a key.
func (s *Store) SetEvidence(ctx context.Context, tx *sqldb.Tx, key Key, e Evidence) error {
	id, err := sqldb.One(ctx, tx, "alert", sqldb.Value[lanzha.ID], `SELECT id FROM alert WHERE log = $1 AND seq = $2 AND idx = $3 AND rule = $4`,
		key.Log, int64(key.Seq), key.Index, key.Rule)
	if err != nil {
		return err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return lanzha.Internal("alert.SetEvidence", err)
	}
	sealed, err := s.vault.Seal(evidenceField(id), string(text))
	if err != nil {
		return err
	}
	return sqldb.Later(ctx, tx, `UPDATE alert SET evidence = $1 WHERE id = $2`, sealed, string(id))
}

// Bare is an alert without evidence.
type Bare struct {
	Key     Key
	Subject Subject
	At      time.Time // of the event
}

// bareFor is how far back evidence is gathered.
const bareFor = 7 * 24 * time.Hour

// Bare lists the alerts raised within seven days whose evidence has not been
// set, the newest first.
func (s *Store) Bare(ctx context.Context, q sqldb.Queryer, now time.Time, limit int) ([]Bare, error) {
	found, err := sqldb.All(ctx, q, s.scan, `SELECT `+alertColumns+` FROM alert WHERE evidence = '' AND id >= $1 ORDER BY id DESC LIMIT $2`,
		string(lanzha.NewID(now.Add(-bareFor), [10]byte{})), limit)
	out := make([]Bare, len(found))
	for i, a := range found {
		out[i] = Bare{a.Key, a.Subject, a.At}
	}
	return out, err
}

// Evidence reads the evidence of an alert; empty where none came.
func (s *Store) Evidence(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Evidence, error) {
	e := Evidence{Hours: []Hour{}, Neighbours: []Neighbour{}}
	sealed, err := sqldb.One(ctx, q, "alert", sqldb.Value[string], `SELECT evidence FROM alert WHERE id = $1`, string(id))
	if err != nil || sealed == "" {
		return e, err
	}
	text, err := s.vault.Unseal(evidenceField(id), sealed)
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal([]byte(text), &e)
}

// AddFeedback records what somebody found.
func (s *Store) AddFeedback(ctx context.Context, tx *sqldb.Tx, alert lanzha.ID, f Feedback) error {
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO alert_feedback (id, alert, verdict, note, actor, institution, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		string(f.ID), string(alert), string(f.Verdict), f.Note, string(f.Actor), string(f.Institution), int64(lanzha.At(f.At)))
	return err
}

// FeedbackOf lists the feedback on an alert, the newest first, 100 at most.
func (s *Store) FeedbackOf(ctx context.Context, q sqldb.Queryer, alert lanzha.ID) ([]Feedback, error) {
	return sqldb.All(ctx, q, func(row sqldb.Scanner) (Feedback, error) {
		var f Feedback
		var at lanzha.Micros
		err := row.Scan(&f.ID, &f.Verdict, &f.Note, &f.Actor, &f.Institution, &at)
		f.At = at.Time()
		return f, err
	}, `SELECT id, verdict, note, actor, institution, at FROM alert_feedback WHERE alert = $1 ORDER BY id DESC LIMIT 100`, string(alert))
}

// Filter narrows List; empty fields do not.
type Filter struct {
	Scope    auth.Scope
	State    State
	Severity Severity
	Rule     string
	Domain   string
	Decision Decision
	Subject  *Subject
	Find     string    // a subject of whatever domain, as it may be written
	Since    time.Time // raised then or later, to the millisecond
	Unhanded bool      // nobody has it: a warning without a unit
	Open     bool      // handed over, and not checked yet
	After    lanzha.ID
	Limit    int
}

// inScope narrows a query to a scope.
func inScope(where *sqldb.Where, s auth.Scope) {
	if s.Institution != "" {
		where.And("institution = ? AND institution <> ''", string(s.Institution))
		return
	}
	where.Region(s.Region)
}

// List reads alerts, the newest first. What is about one subject, and what
// nobody has, are few: they are picked first, whatever the planner thinks of
// walking through a whole city.
func (s *Store) List(ctx context.Context, q sqldb.Queryer, f Filter) ([]Alert, error) {
	var where, few sqldb.Where
	if f.Subject != nil {
		s.about(&few, *f.Subject)
	}
	if f.Find != "" {
		s.called(&few, append(s.indexes(Subject{feed.Person, f.Find}), f.Find, Subject{feed.Number, f.Find}.Key())...)
	}
	if f.Unhanded {
		few.And("institution = '' AND decision IN ('warning', 'referral')")
	}
	from, picked := "alert", ""
	if few.String() != "TRUE" {
		from, picked = "few", "WITH few AS MATERIALIZED (SELECT * FROM alert WHERE "+few.String()+") "
		for _, arg := range few.Args() {
			where.Arg(arg)
		}
	}
	inScope(&where, f.Scope)
	for _, c := range []struct{ column, value string }{
		{"state", string(f.State)}, {"severity", string(f.Severity)}, {"rule", f.Rule}, {"domain", f.Domain}, {"decision", string(f.Decision)},
	} {
		if c.value != "" {
			where.And(c.column+" = ?", c.value)
		}
	}
	if !f.Since.IsZero() {
		where.And("id >= ?", string(lanzha.NewID(f.Since, [10]byte{}))) // an ID holds the time: the list is read no further
	}
	if f.Open {
		where.And("checked_at = 0 AND institution <> ''")
	}
	if f.After != "" {
		where.And("id < ?", string(f.After))
	}
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, s.scan, picked+`SELECT `+alertColumns+` FROM `+from+` WHERE `+where.String()+` ORDER BY id DESC LIMIT `+limit, where.Args()...)
}

// about narrows a query to a subject.
func (s *Store) about(where *sqldb.Where, of Subject) {
	s.called(where, s.indexes(of)...)
	where.And("domain = ?", DomainName(of.Domain))
}

// called narrows a query to subjects that are found by any of some texts.
func (*Store) called(where *sqldb.Where, indexes ...string) {
	if len(indexes) == 0 {
		where.And("FALSE")
		return
	}
	values := make([]any, len(indexes))
	for i, index := range indexes {
		values[i] = index
	}
	where.And("subject_index IN (?"+strings.Repeat(", ?", len(indexes)-1)+")", values...)
}

// forgetBatch is how many rows one transaction deletes.
const forgetBatch = 1000

// Forget deletes a batch of the alerts that were decided, or raised and never
// decided, before an instant, and says how many they were.
func (s *Store) Forget(ctx context.Context, tx *sqldb.Tx, before time.Time) (int64, error) {
	return sqldb.Exec(ctx, tx, `DELETE FROM alert WHERE id IN (
			SELECT id FROM alert WHERE raised_at < $1 AND (state = 'decided' AND decided_at < $1 OR state <> 'decided') ORDER BY raised_at LIMIT $2)`,
		int64(lanzha.At(before)), forgetBatch)
}
