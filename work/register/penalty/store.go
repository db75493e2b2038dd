package penalty

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
	"lanzha/know/policy"
	"lanzha/work/register"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of penalties.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "penalty", Files: files} }

// Store keeps penalties. Personal fields and officers' words go through the
// vault.
type Store struct {
	vault *vault.Vault
}

// NewStore makes a store over a vault.
func NewStore(v *vault.Vault) *Store { return &Store{vault: v} }

const columns = `id, version, state, kind, number_kind, name, number, province, city, district, facts, account, band, devices, proposed, proposed_by, proposed_at,
	decided, document_no, decided_on, decided_by, decided_at, opinion, served, remedies, pack`

func field(column string, row lanzha.ID) vault.Field {
	return vault.Field{Table: "penalty", Column: column, Row: row}
}

func (s *Store) scan(row sqldb.Scanner) (Penalty, error) {
	var p Penalty
	var province, city, district lanzha.Region
	var proposedAt, decidedAt lanzha.Micros
	var facts, band, devices, proposed, decided, served, remedies, pack string
	if err := row.Scan(&p.ID, &p.Version, &p.State, &p.Kind, &p.Number, &p.Name, &p.No, &province, &city, &district, &facts, &p.Account, &band, &devices,
		&proposed, &p.ProposedBy, &proposedAt, &decided, &p.DocumentNo, &p.DecidedOn, &p.DecidedBy, &decidedAt, &p.Opinion, &served, &remedies, &pack); err != nil {
		return p, err
	}
	for _, r := range []lanzha.Region{province, city, district} {
		if r != "" {
			p.Region = r
		}
	}
	p.ProposedAt, p.DecidedAt = proposedAt.Time(), decidedAt.Time()
	for _, part := range []struct {
		text string
		into any
	}{{facts, &p.Facts}, {band, &p.Band}, {devices, &p.Devices}, {proposed, &p.Proposed}, {decided, &p.Decided}, {served, &p.Served}, {remedies, &p.Remedies}, {pack, &p.Pack}} {
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return p, lanzha.Internal("penalty.scan", err)
		}
	}
	for column, value := range map[string]*string{"name": &p.Name, "number": &p.No, "account": &p.Account, "opinion": &p.Opinion} {
		var err error
		if *value, err = s.vault.Unseal(field(column, p.ID), *value); err != nil {
			return p, err
		}
	}
	return p, nil
}

// row is a penalty as its columns keep it, by name.
func (s *Store) row(p Penalty) (map[string]any, error) {
	out := map[string]any{
		"version": p.Version, "state": string(p.State), "kind": string(p.Kind), "number_kind": string(p.Number), "number_index": s.vault.Index(p.No)[0],
		"province": string(p.Region.Province()), "city": string(p.Region.City()), "district": string(p.Region.District()), "conduct": string(p.Facts.Conduct),
		"proposed_by": string(p.ProposedBy), "proposed_at": int64(lanzha.At(p.ProposedAt)), "document_no": p.DocumentNo, "decided_on": string(p.DecidedOn),
		"decided_by": string(p.DecidedBy), "decided_at": int64(lanzha.At(p.DecidedAt)),
	}
	for column, value := range map[string]any{
		"facts": p.Facts, "band": p.Band, "devices": p.Devices, "proposed": p.Proposed, "decided": p.Decided, "served": p.Served, "remedies": p.Remedies, "pack": p.Pack,
	} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, lanzha.Internal("penalty.row", err)
		}
		out[column] = string(text)
	}
	for column, value := range map[string]string{"name": p.Name, "number": p.No, "account": p.Account, "opinion": p.Opinion} {
		var err error
		if out[column], err = s.vault.Seal(field(column, p.ID), value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func sorted(row map[string]any) []string {
	names := make([]string, 0, len(row))
	for name := range row {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Insert adds a penalty with the answer that its band was read from.
func (s *Store) Insert(ctx context.Context, tx *sqldb.Tx, p Penalty, a policy.Answer) error {
	row, err := s.row(p)
	if err != nil {
		return err
	}
	answer, err := json.Marshal(a)
	if err != nil {
		return lanzha.Internal("penalty.Insert", err)
	}
	row["id"], row["answer"] = string(p.ID), string(answer)
	names, places, args := sorted(row), []string{}, []any{}
	for _, name := range names {
		args = append(args, row[name])
		places = append(places, fmt.Sprintf("$%d", len(args)))
	}
	_, err = sqldb.Exec(ctx, tx, `INSERT INTO penalty (`+strings.Join(names, ", ")+`) VALUES (`+strings.Join(places, ", ")+`)`, args...)
	return err
}

// Update writes a penalty whose stored version is one less, and what that
// changes in the sums; answer, where one is given, is what its band was read
// from anew.
func (s *Store) Update(ctx context.Context, tx *sqldb.Tx, was, p Penalty, answer *policy.Answer) error {
	row, err := s.row(p)
	if err != nil {
		return err
	}
	if answer != nil {
		text, err := json.Marshal(answer)
		if err != nil {
			return lanzha.Internal("penalty.Update", err)
		}
		row["answer"] = string(text)
	}
	sets, args := []string{}, []any{string(p.ID), p.Version - 1}
	for _, name := range sorted(row) {
		args = append(args, row[name])
		sets = append(sets, fmt.Sprintf("%s = $%d", name, len(args)))
	}
	n, err := sqldb.Exec(ctx, tx, `UPDATE penalty SET `+strings.Join(sets, ", ")+` WHERE id = $1 AND version = $2`, args...)
	if err != nil {
		return err
	}
	if n == 0 {
		return lanzha.Conflict("somebody changed this penalty before you")
	}
	return sum(ctx, tx, was, p)
}

// Get reads a penalty.
func (s *Store) Get(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Penalty, error) {
	return sqldb.One(ctx, q, "penalty", s.scan, `SELECT `+columns+` FROM penalty WHERE id = $1`, string(id))
}

// Answer reads what the pack answered on a penalty's facts.
func (s *Store) Answer(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (json.RawMessage, error) {
	text, err := sqldb.One(ctx, q, "penalty", sqldb.Value[string], `SELECT answer FROM penalty WHERE id = $1`, string(id))
	return json.RawMessage(text), err
}

// Of reads the penalties of a person or unit, the oldest first.
func (s *Store) Of(ctx context.Context, q sqldb.Queryer, number string) ([]Penalty, error) {
	places, args := []string{}, []any{}
	for _, index := range s.vault.Index(register.CanonicalNumber(number)) {
		args = append(args, index)
		places = append(places, fmt.Sprintf("$%d", len(args)))
	}
	if len(args) == 0 {
		return nil, nil
	}
	return sqldb.All(ctx, q, s.scan, `SELECT `+columns+` FROM penalty WHERE number_index IN (`+strings.Join(places, ", ")+`) ORDER BY id`, args...)
}

// Filter narrows List; empty fields do not.
type Filter struct {
	Region  lanzha.Region
	State   State
	Conduct Conduct
	Before  lanzha.ID // made before this one
	Limit   int
}

// List reads penalties, the newest first.
func (s *Store) List(ctx context.Context, q sqldb.Queryer, f Filter) ([]Penalty, error) {
	var where sqldb.Where
	where.Region(f.Region)
	if f.State != "" {
		where.And("state = ?", string(f.State))
	}
	if f.Conduct != "" {
		where.And("conduct = ?", string(f.Conduct))
	}
	if f.Before != "" {
		where.And("id < ?", string(f.Before))
	}
	return sqldb.All(ctx, q, s.scan, `SELECT `+columns+` FROM penalty WHERE `+where.String()+` ORDER BY id DESC LIMIT `+where.Arg(f.Limit), where.Args()...)
}
