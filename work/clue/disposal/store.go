package disposal

import (
	"context"
	"embed"
	"encoding/json"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of disposals, objections and the protected list.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "disposal", Files: files} }

// Store keeps them.
type Store struct {
	vault *vault.Vault
}

// NewStore makes a store; what citizens say in objections goes through the
// vault.
func NewStore(v *vault.Vault) *Store { return &Store{vault: v} }

const columns = `id, version, batch, clue, value_kind, value, institution, kind, state, category, reason, legal_basis, document_no, papers, protected,
	province, city, district, requested_by, requested_at, decided_by, decided_at, decision_note, deadline, due_at, sent_at, acknowledged_at, noticed_at,
	ended_at, undone_at, until_at, undoes, lifted_by, escalation, escalated_to, overdue_at, outcome, remark, platform_no, raw,
	notice_zh, notice_en, served_how, served_at, served_by, served_note`

func scan(row sqldb.Scanner) (Disposal, error) {
	var d Disposal
	var papers string
	var province, city, district lanzha.Region
	var deadline int64
	var requested, decided, due, sent, acknowledged, noticed, ended, undone, until, overdue, served lanzha.Micros
	if err := row.Scan(&d.ID, &d.Version, &d.Batch, &d.Clue, &d.ValueKind, &d.Value, &d.Institution, &d.Kind, &d.State, &d.Category, &d.Reason,
		&d.LegalBasis, &d.DocumentNo, &papers, &d.Protected, &province, &city, &district, &d.RequestedBy, &requested, &d.DecidedBy, &decided,
		&d.DecisionNote, &deadline, &due, &sent, &acknowledged, &noticed, &ended, &undone, &until, &d.Undoes, &d.LiftedBy, &d.Escalation,
		&d.EscalatedTo, &overdue, &d.Outcome, &d.Remark, &d.PlatformNo, &d.Raw, &d.Notice.ZH, &d.Notice.EN, &d.Served.How, &served,
		&d.Served.By, &d.Served.Note); err != nil {
		return d, err
	}
	for _, r := range []lanzha.Region{province, city, district} {
		if r != "" {
			d.Region = r
		}
	}
	d.Deadline = time.Duration(deadline) * time.Microsecond
	d.RequestedAt, d.DecidedAt, d.DueAt, d.SentAt = requested.Time(), decided.Time(), due.Time(), sent.Time()
	d.AcknowledgedAt, d.NoticedAt, d.EndedAt, d.UndoneAt = acknowledged.Time(), noticed.Time(), ended.Time(), undone.Time()
	d.Until, d.OverdueAt, d.Served.At = until.Time(), overdue.Time(), served.Time()
	return d, json.Unmarshal([]byte(papers), &d.Papers)
}

// Insert adds a disposal. One that stands already for the same value at the
// same institution is a conflict.
func (s *Store) Insert(ctx context.Context, tx *sqldb.Tx, d Disposal) error {
	papers, err := json.Marshal(d.Papers)
	if err != nil {
		return lanzha.Internal("disposal.Insert", err)
	}
	n, err := sqldb.Exec(ctx, tx, `INSERT INTO disposal (`+columns+`, standing) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
		$16, $17, $18, $19, $20, $21, $22, '', $23, $24, 0, 0, 0, 0, 0, $25, $26, '', 0, '', 0, '', '', '', $27, '', '', '', 0, '', '', $28)
		ON CONFLICT DO NOTHING`,
		string(d.ID), d.Version, string(d.Batch), string(d.Clue), string(d.ValueKind), d.Value, string(d.Institution), string(d.Kind), string(d.State),
		string(d.Category), d.Reason, d.LegalBasis, d.DocumentNo, string(papers), d.Protected,
		string(d.Region.Province()), string(d.Region.City()), string(d.Region.District()), string(d.RequestedBy), int64(lanzha.At(d.RequestedAt)),
		string(d.DecidedBy), int64(lanzha.At(d.DecidedAt)), d.Deadline.Microseconds(), int64(lanzha.At(d.DueAt)), int64(lanzha.At(d.Until)),
		string(d.Undoes), []byte{}, d.Standing())
	if err == nil && n == 0 {
		e := lanzha.Conflict("this is being done to the value already, or was and stands")
		e.Hint = "look at the value's disposals"
		return e
	}
	return err
}

// Update writes a disposal whose stored version is one less.
func (s *Store) Update(ctx context.Context, tx *sqldb.Tx, d Disposal) error {
	raw := d.Raw
	if raw == nil {
		raw = []byte{}
	}
	n, err := sqldb.Exec(ctx, tx, `UPDATE disposal SET version = $1, state = $2, protected = $3, decided_by = $4, decided_at = $5, decision_note = $6, due_at = $7,
		sent_at = $8, acknowledged_at = $9, noticed_at = $10, ended_at = $11, undone_at = $12, lifted_by = $13, escalation = $14, escalated_to = $15,
		overdue_at = $16, outcome = $17, remark = $18, platform_no = $19, raw = $20, notice_zh = $21, notice_en = $22,
		served_how = $23, served_at = $24, served_by = $25, served_note = $26, standing = $27 WHERE id = $28 AND version = $29`,
		d.Version, string(d.State), d.Protected, string(d.DecidedBy), int64(lanzha.At(d.DecidedAt)), d.DecisionNote, int64(lanzha.At(d.DueAt)),
		int64(lanzha.At(d.SentAt)), int64(lanzha.At(d.AcknowledgedAt)), int64(lanzha.At(d.NoticedAt)), int64(lanzha.At(d.EndedAt)),
		int64(lanzha.At(d.UndoneAt)), string(d.LiftedBy), d.Escalation, string(d.EscalatedTo), int64(lanzha.At(d.OverdueAt)), d.Outcome, d.Remark,
		d.PlatformNo, raw, d.Notice.ZH, d.Notice.EN, d.Served.How, int64(lanzha.At(d.Served.At)), string(d.Served.By), d.Served.Note,
		d.Standing(), string(d.ID), d.Version-1)
	if err == nil && n == 0 {
		return lanzha.Conflict("somebody changed this disposal before you")
	}
	return err
}

// Get reads a disposal.
func (s *Store) Get(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Disposal, error) {
	return sqldb.One(ctx, q, "disposal", scan, `SELECT `+columns+` FROM disposal WHERE id = $1`, string(id))
}

// Locked reads a disposal in order to change it.
func (s *Store) Locked(ctx context.Context, tx *sqldb.Tx, id lanzha.ID) (Disposal, error) {
	return sqldb.One(ctx, tx, "disposal", scan, `SELECT `+columns+` FROM disposal WHERE id = $1`+tx.ForUpdate(), string(id))
}

// Batch lists what was requested at once.
func (s *Store) Batch(ctx context.Context, q sqldb.Queryer, batch lanzha.ID) ([]Disposal, error) {
	return sqldb.All(ctx, q, scan, `SELECT `+columns+` FROM disposal WHERE batch = $1 AND batch <> '' ORDER BY id`, string(batch))
}

// OfValue lists what was done to a value, the newest first, 200 at most.
func (s *Store) OfValue(ctx context.Context, q sqldb.Queryer, value string) ([]Disposal, error) {
	return sqldb.All(ctx, q, scan, `SELECT `+columns+` FROM disposal WHERE value = $1 ORDER BY id DESC LIMIT 200`, value)
}

// Liftable lists what can be lifted of a clue.
func (s *Store) Liftable(ctx context.Context, q sqldb.Queryer, clue lanzha.ID) ([]Disposal, error) {
	found, err := sqldb.All(ctx, q, scan, `SELECT `+columns+` FROM disposal WHERE clue = $1 ORDER BY id`, string(clue))
	out := []Disposal{}
	for _, d := range found {
		if d.Liftable() == nil {
			out = append(out, d)
		}
	}
	return out, err
}

// StateOpen in a Filter stands for approved, sent and acknowledged together.
const StateOpen State = "open"

// Filter narrows List. State is set, unless Clue or Batch leads.
type Filter struct {
	State       State
	Kind        Kind
	Decided     bool          // without what is requested or was rejected: the view of institutions
	Region      lanzha.Region // "" is the whole country
	Institution lanzha.ID
	Clue        lanzha.ID
	Batch       lanzha.ID
	After       *Key
	Limit       int
}

// Key is the place of a disposal in the list.
type Key struct {
	Due lanzha.Micros `json:"due"`
	ID  lanzha.ID     `json:"id"`
}

// List reads disposals, the soonest deadline first.
func (s *Store) List(ctx context.Context, q sqldb.Queryer, f Filter) ([]Disposal, error) {
	var where sqldb.Where
	switch f.State {
	case "":
	case StateOpen:
		where.And("state IN ('approved', 'sent', 'acknowledged')")
	default:
		where.And("state = ?", string(f.State))
	}
	if f.Decided {
		where.And("state NOT IN ('requested', 'rejected')")
	}
	if f.Kind != "" {
		where.And("kind = ?", string(f.Kind))
	}
	if f.Clue != "" {
		where.And("clue = ?", string(f.Clue))
	}
	if f.Batch != "" {
		where.And("batch = ? AND batch <> ''", string(f.Batch))
	}
	if f.Institution != "" {
		where.And("institution = ?", string(f.Institution))
	}
	where.Region(f.Region)
	if f.After != nil {
		where.And("(due_at, id) > (?, ?)", int64(f.After.Due), string(f.After.ID))
	}
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, scan, `SELECT `+columns+` FROM disposal WHERE `+where.String()+` ORDER BY due_at, id LIMIT `+limit, where.Args()...)
}

// Objection is what the person concerned said, and what was answered.
type Objection struct {
	ID         lanzha.ID
	Disposal   lanzha.ID
	At         time.Time
	By         lanzha.ID // the officer who took it
	Note       string
	AnsweredAt time.Time // zero while open
	AnsweredBy lanzha.ID
	Accepted   bool
	Answer     string
}

func (s *Store) field(column string, id lanzha.ID) vault.Field {
	return vault.Field{Table: "disposal_objection", Column: column, Row: id}
}

// InsertObjection adds an objection.
func (s *Store) InsertObjection(ctx context.Context, tx *sqldb.Tx, o Objection) error {
	note, err := s.vault.Seal(s.field("note", o.ID), o.Note)
	if err != nil {
		return err
	}
	_, err = sqldb.Exec(ctx, tx, `INSERT INTO disposal_objection (id, disposal, at, by_account, note, answered_at, answered_by, accepted, answer)
		VALUES ($1, $2, $3, $4, $5, 0, '', FALSE, '')`, string(o.ID), string(o.Disposal), int64(lanzha.At(o.At)), string(o.By), note)
	return err
}

// AnswerObjection writes the answer to an objection that has none.
func (s *Store) AnswerObjection(ctx context.Context, tx *sqldb.Tx, o Objection) error {
	answer, err := s.vault.Seal(s.field("answer", o.ID), o.Answer)
	if err != nil {
		return err
	}
	n, err := sqldb.Exec(ctx, tx, `UPDATE disposal_objection SET answered_at = $1, answered_by = $2, accepted = $3, answer = $4
		WHERE id = $5 AND answered_at = 0`, int64(lanzha.At(o.AnsweredAt)), string(o.AnsweredBy), o.Accepted, answer, string(o.ID))
	if err == nil && n == 0 {
		return lanzha.Conflict("the objection is answered already")
	}
	return err
}

// Objections lists those to a disposal, the oldest first.
func (s *Store) Objections(ctx context.Context, q sqldb.Queryer, disposal lanzha.ID) ([]Objection, error) {
	return sqldb.All(ctx, q, func(row sqldb.Scanner) (Objection, error) {
		var o Objection
		var at, answered lanzha.Micros
		if err := row.Scan(&o.ID, &o.Disposal, &at, &o.By, &o.Note, &answered, &o.AnsweredBy, &o.Accepted, &o.Answer); err != nil {
			return o, err
		}
		o.At, o.AnsweredAt = at.Time(), answered.Time()
		var err error
		if o.Note, err = s.vault.Unseal(s.field("note", o.ID), o.Note); err != nil {
			return o, err
		}
		o.Answer, err = s.vault.Unseal(s.field("answer", o.ID), o.Answer)
		return o, err
	}, `SELECT id, disposal, at, by_account, note, answered_at, answered_by, accepted, answer FROM disposal_objection WHERE disposal = $1 ORDER BY id`, string(disposal))
}
