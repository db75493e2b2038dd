package report

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of reports.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "report", Files: files} }

// Store keeps reports.
type Store struct {
	vault *vault.Vault
}

// NewStore makes a store whose personal fields go through the vault.
func NewStore(v *vault.Vault) *Store { return &Store{vault: v} }

const columns = `id, version, type, channel, ref110, state, province, city, district, received_at, occurred_at, amount_fen, text, caller, parties, finds, taken_by, close_note`

// Insert adds a report.
func (s *Store) Insert(ctx context.Context, tx *sqldb.Tx, r Report) error {
	caller, err := json.Marshal(r.Caller)
	if err != nil {
		return lanzha.Internal("report.Insert", err)
	}
	sealed, err := s.vault.Seal(callerField(r.ID), string(caller))
	if err != nil {
		return err
	}
	parties, err := json.Marshal(r.Parties)
	if err != nil {
		return lanzha.Internal("report.Insert", err)
	}
	finds, err := json.Marshal(r.Finds)
	if err != nil {
		return lanzha.Internal("report.Insert", err)
	}
	_, err = sqldb.Exec(ctx, tx, `INSERT INTO report (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		string(r.ID), r.Version, string(r.Type), string(r.Channel), r.Ref110, string(r.State),
		string(r.Region.Province()), string(r.Region.City()), string(r.Region.District()),
		int64(lanzha.At(r.ReceivedAt)), int64(lanzha.At(r.OccurredAt)), int64(r.AmountFen), r.Text, sealed, string(parties), string(finds),
		string(r.TakenBy), r.CloseNote)
	return err
}

// Update writes what can change, where the stored version is one less.
func (s *Store) Update(ctx context.Context, tx *sqldb.Tx, r Report) error {
	n, err := sqldb.Exec(ctx, tx, `UPDATE report SET version = $1, state = $2, close_note = $3 WHERE id = $4 AND version = $5`,
		r.Version, string(r.State), r.CloseNote, string(r.ID), r.Version-1)
	if err == nil && n == 0 {
		return lanzha.Conflict("somebody changed this report before you")
	}
	return err
}

// Get reads one report.
func (s *Store) Get(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Report, error) {
	return sqldb.One(ctx, q, "report", s.scan, `SELECT `+columns+` FROM report WHERE id = $1`, string(id))
}

func (s *Store) scan(row sqldb.Scanner) (Report, error) {
	var r Report
	var province, city, district lanzha.Region
	var received, occurred int64
	var sealed, parties, finds string
	if err := row.Scan(&r.ID, &r.Version, &r.Type, &r.Channel, &r.Ref110, &r.State, &province, &city, &district,
		&received, &occurred, &r.AmountFen, &r.Text, &sealed, &parties, &finds, &r.TakenBy, &r.CloseNote); err != nil {
		return r, err
	}
	r.ReceivedAt, r.OccurredAt = lanzha.Micros(received).Time(), lanzha.Micros(occurred).Time()
	r.Region = deepest(province, city, district)
	caller, err := s.vault.Unseal(callerField(r.ID), sealed)
	if err != nil {
		return r, err
	}
	for _, part := range []struct {
		text string
		into any
	}{{caller, &r.Caller}, {parties, &r.Parties}, {finds, &r.Finds}} {
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return r, fmt.Errorf("report %s: %w", r.ID, err)
		}
	}
	return r, nil
}

func callerField(id lanzha.ID) vault.Field {
	return vault.Field{Table: "report", Column: "caller", Row: id}
}

func deepest(levels ...lanzha.Region) lanzha.Region {
	for i := len(levels) - 1; i >= 0; i-- {
		if levels[i] != "" {
			return levels[i]
		}
	}
	return ""
}

// Line is a report as a list shows it: no text, nothing encrypted.
type Line struct {
	ID         lanzha.ID
	Version    int64
	Type       Type
	Channel    Channel
	Ref110     string
	State      State
	Region     lanzha.Region
	ReceivedAt lanzha.Micros
	AmountFen  lanzha.Fen
	TakenBy    lanzha.ID
}

// Filter narrows List; empty fields do not.
type Filter struct {
	Region lanzha.Region
	Type   Type
	Ref110 string
	After  *Key // rows behind this one
	Limit  int
}

// Key is the place of a report in the list.
type Key struct {
	At lanzha.Micros `json:"at"`
	ID lanzha.ID     `json:"id"`
}

// List reads reports, the newest first.
func (s *Store) List(ctx context.Context, q sqldb.Queryer, f Filter) ([]Line, error) {
	var where sqldb.Where
	where.Region(f.Region)
	if f.Type != "" {
		where.And("type = ?", string(f.Type))
	}
	if f.Ref110 != "" {
		where.And("ref110 = ? AND ref110 <> ''", f.Ref110)
	}
	if f.After != nil {
		where.And("(received_at, id) < (?, ?)", int64(f.After.At), string(f.After.ID))
	}
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, func(row sqldb.Scanner) (Line, error) {
		var l Line
		var province, city, district lanzha.Region
		err := row.Scan(&l.ID, &l.Version, &l.Type, &l.Channel, &l.Ref110, &l.State, &province, &city, &district, &l.ReceivedAt, &l.AmountFen, &l.TakenBy)
		l.Region = deepest(province, city, district)
		return l, err
	}, `SELECT id, version, type, channel, ref110, state, province, city, district, received_at, amount_fen, taken_by
		FROM report WHERE `+where.String()+` ORDER BY received_at DESC, id DESC LIMIT `+limit, where.Args()...)
}
