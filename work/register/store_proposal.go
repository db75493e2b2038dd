package register

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
)

const proposalColumns = `id, version, state, subject, subject_kind, unit_of, province, city, district, pack, facts, evidence, answer, remarks, evaluated_at,
	created_by, created_at, proposed_by, proposed_at, reviewed_by, reviewed_at, decided_by, decided_at, document_no, listing`

// remarks are what officers said of an answer, in one column.
type remarks struct {
	Disagreed []Remark `json:"disagreed"`
	Confirmed []Remark `json:"confirmed"`
}

func (s *Store) scanProposal(row sqldb.Scanner) (Proposal, error) {
	var p Proposal
	var province, city, district lanzha.Region
	var facts, evidence, answer, said string
	var evaluated, created, proposed, reviewed, decided lanzha.Micros
	if err := row.Scan(&p.ID, &p.Version, &p.State, &p.Subject, &p.Kind, &p.UnitOf, &province, &city, &district, &p.Pack, &facts, &evidence, &answer, &said, &evaluated,
		&p.CreatedBy, &created, &p.ProposedBy, &proposed, &p.ReviewedBy, &reviewed, &p.DecidedBy, &decided, &p.DocumentNo, &p.Listing); err != nil {
		return p, err
	}
	p.Region = deepest(province, city, district)
	p.EvaluatedAt, p.CreatedAt, p.ProposedAt = evaluated.Time(), created.Time(), proposed.Time()
	p.ReviewedAt, p.DecidedAt = reviewed.Time(), decided.Time()
	if err := json.Unmarshal([]byte(answer), &p.Answer); err != nil {
		return p, lanzha.Internal("register.scanProposal", err)
	}
	var both remarks
	for _, part := range []struct {
		column, sealed string
		into           any
	}{{"facts", facts, &p.Facts}, {"evidence", evidence, &p.Evidence}, {"remarks", said, &both}} {
		text, err := s.vault.Unseal(field("proposal", part.column, p.ID), part.sealed)
		if err != nil {
			return p, err
		}
		if text == "" {
			continue // erased
		}
		if err := json.Unmarshal([]byte(text), part.into); err != nil {
			return p, lanzha.Internal("register.scanProposal", err)
		}
	}
	p.Disagreed, p.Confirmed = both.Disagreed, both.Confirmed
	return p, nil
}

// sealed are the parts of a proposal that are kept encrypted, and its answer.
func (s *Store) sealed(p Proposal) (facts, evidence, said, answer string, err error) {
	for _, part := range []struct {
		column string
		v      any
		into   *string
	}{{"facts", p.Facts, &facts}, {"evidence", p.Evidence, &evidence}, {"remarks", remarks{p.Disagreed, p.Confirmed}, &said}} {
		text, err := jsonOf(part.v)
		if err != nil {
			return "", "", "", "", err
		}
		if *part.into, err = s.vault.Seal(field("proposal", part.column, p.ID), text); err != nil {
			return "", "", "", "", err
		}
	}
	answer, err = jsonOf(p.Answer)
	return facts, evidence, said, answer, err
}

// InsertProposal adds a draft.
func (s *Store) InsertProposal(ctx context.Context, tx *sqldb.Tx, p Proposal) error {
	facts, evidence, said, answer, err := s.sealed(p)
	if err != nil {
		return err
	}
	_, err = sqldb.Exec(ctx, tx, `INSERT INTO proposal (`+proposalColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, '', 0, '', 0, '', 0, '', '')`,
		string(p.ID), p.Version, string(p.State), string(p.Subject), string(p.Kind), string(p.UnitOf), string(p.Region.Province()), string(p.Region.City()), string(p.Region.District()),
		p.Pack, facts, evidence, answer, said, int64(lanzha.At(p.EvaluatedAt)), string(p.CreatedBy), int64(lanzha.At(p.CreatedAt)))
	return err
}

// UpdateProposal writes a proposal whose stored version is one less.
func (s *Store) UpdateProposal(ctx context.Context, tx *sqldb.Tx, p Proposal) error {
	facts, evidence, said, answer, err := s.sealed(p)
	if err != nil {
		return err
	}
	n, err := sqldb.Exec(ctx, tx, `UPDATE proposal SET version = $1, state = $2, facts = $3, evidence = $4, answer = $5, remarks = $6, evaluated_at = $7,
			proposed_by = $8, proposed_at = $9, reviewed_by = $10, reviewed_at = $11, decided_by = $12, decided_at = $13, document_no = $14, listing = $15
		WHERE id = $16 AND version = $17`,
		p.Version, string(p.State), facts, evidence, answer, said, int64(lanzha.At(p.EvaluatedAt)), string(p.ProposedBy), int64(lanzha.At(p.ProposedAt)),
		string(p.ReviewedBy), int64(lanzha.At(p.ReviewedAt)), string(p.DecidedBy), int64(lanzha.At(p.DecidedAt)), p.DocumentNo, string(p.Listing), string(p.ID), p.Version-1)
	if err == nil && n == 0 {
		return lanzha.Conflict("somebody changed this proposal before you")
	}
	return err
}

// Proposal reads a proposal.
func (s *Store) Proposal(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Proposal, error) {
	return sqldb.One(ctx, q, "proposal", s.scanProposal, `SELECT `+proposalColumns+` FROM proposal WHERE id = $1`, string(id))
}

// Open reports whether a subject has a proposal that is not decided.
func (s *Store) Open(ctx context.Context, q sqldb.Queryer, subject lanzha.ID) (bool, error) {
	n, err := sqldb.One(ctx, q, "count", sqldb.Value[int64], `SELECT count(*) FROM proposal WHERE subject = $1 AND state IN ('draft', 'proposed', 'reviewed')`, string(subject))
	return n > 0, err
}

// PersonsOf lists the proposals of a unit's responsible persons, the oldest first.
func (s *Store) PersonsOf(ctx context.Context, q sqldb.Queryer, unit lanzha.ID) ([]Proposal, error) {
	return sqldb.All(ctx, q, s.scanProposal, `SELECT `+proposalColumns+` FROM proposal WHERE unit_of = $1 AND unit_of <> '' ORDER BY id LIMIT 200`, string(unit))
}

// ProposalFilter narrows Proposals; empty fields do not.
type ProposalFilter struct {
	Region lanzha.Region
	State  ProposalState
	After  lanzha.ID
	Limit  int
}

// ProposalLine is a proposal as a list shows it: nothing encrypted.
type ProposalLine struct {
	ID        lanzha.ID
	Version   int64
	State     ProposalState
	Subject   lanzha.ID
	Kind      SubjectKind
	UnitOf    lanzha.ID
	Region    lanzha.Region
	Pack      string
	CreatedBy lanzha.ID
	CreatedAt time.Time
	Listing   lanzha.ID
}

// line is a proposal as a list shows it.
func (p Proposal) line() ProposalLine {
	return ProposalLine{
		ID: p.ID, Version: p.Version, State: p.State, Subject: p.Subject, Kind: p.Kind, UnitOf: p.UnitOf, Region: p.Region, Pack: p.Pack,
		CreatedBy: p.CreatedBy, CreatedAt: p.CreatedAt, Listing: p.Listing,
	}
}

// Proposals reads a page of proposals, the newest first.
func (s *Store) Proposals(ctx context.Context, q sqldb.Queryer, f ProposalFilter) ([]ProposalLine, error) {
	var where sqldb.Where
	where.Region(f.Region)
	if f.State != "" {
		where.And("state = ?", string(f.State))
	}
	if f.After != "" {
		where.And("id < ?", string(f.After))
	}
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, func(row sqldb.Scanner) (ProposalLine, error) {
		var l ProposalLine
		var province, city, district lanzha.Region
		var created lanzha.Micros
		err := row.Scan(&l.ID, &l.Version, &l.State, &l.Subject, &l.Kind, &l.UnitOf, &province, &city, &district, &l.Pack, &l.CreatedBy, &created, &l.Listing)
		l.Region, l.CreatedAt = deepest(province, city, district), created.Time()
		return l, err
	}, `SELECT id, version, state, subject, subject_kind, unit_of, province, city, district, pack, created_by, created_at, listing
		FROM proposal WHERE `+where.String()+` ORDER BY id DESC LIMIT `+limit, where.Args()...)
}

// Step is one step of a proposal's way.
type Step struct {
	Version int64
	Name    string // created, changed, evaluated, proposed ...
	Actor   lanzha.ID
	At      time.Time
	Note    string // the opinion or reason
}

// stepField is where a step's note is sealed: the step has no ID, so its
// version stands in the column.
func stepField(proposal lanzha.ID, version int64) vault.Field {
	return field("proposal_step", "note_"+strconv.FormatInt(version, 10), proposal)
}

// AddStep records a step.
func (s *Store) AddStep(ctx context.Context, tx *sqldb.Tx, proposal lanzha.ID, st Step) error {
	note, err := s.vault.Seal(stepField(proposal, st.Version), st.Note)
	if err != nil {
		return err
	}
	_, err = sqldb.Exec(ctx, tx, `INSERT INTO proposal_step (proposal, version, step, actor, at, note) VALUES ($1, $2, $3, $4, $5, $6)`,
		string(proposal), st.Version, st.Name, string(st.Actor), int64(lanzha.At(st.At)), note)
	return err
}

// Steps lists a proposal's steps in order.
func (s *Store) Steps(ctx context.Context, q sqldb.Queryer, proposal lanzha.ID) ([]Step, error) {
	return sqldb.All(ctx, q, func(row sqldb.Scanner) (Step, error) {
		var st Step
		var at lanzha.Micros
		var note string
		if err := row.Scan(&st.Version, &st.Name, &st.Actor, &at, &note); err != nil {
			return st, err
		}
		st.At = at.Time()
		var err error
		st.Note, err = s.vault.Unseal(stepField(proposal, st.Version), note)
		return st, err
	}, `SELECT version, step, actor, at, note FROM proposal_step WHERE proposal = $1 ORDER BY version LIMIT 500`, string(proposal))
}

// EraseSubject empties every personal field of a subject and of its proposals
// and listings. What remains says that somebody was listed, by which rows, from
// when to when, and by whom.
func (s *Store) EraseSubject(ctx context.Context, tx *sqldb.Tx, subject lanzha.ID, at time.Time) error {
	if _, err := sqldb.Exec(ctx, tx, `UPDATE register_subject SET name = '', number = '', number_index = '', name_index = '', erased_at = $1 WHERE id = $2`,
		int64(lanzha.At(at)), string(subject)); err != nil {
		return err
	}
	if _, err := sqldb.Exec(ctx, tx, `UPDATE proposal SET facts = '', evidence = '', remarks = '', version = version + 1 WHERE subject = $1`, string(subject)); err != nil {
		return err
	}
	if _, err := sqldb.Exec(ctx, tx, `UPDATE proposal_step SET note = '' WHERE proposal IN (SELECT id FROM proposal WHERE subject = $1)`, string(subject)); err != nil {
		return err
	}
	_, err := sqldb.Exec(ctx, tx, `UPDATE listing SET lift_reason = '', erased_at = $1, version = version + 1 WHERE subject = $2`, int64(lanzha.At(at)), string(subject))
	return err
}
