package clue

import (
	"context"
	"embed"
	"fmt"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of clues and lookups.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "clue", Files: files} }

// Store keeps clues and lookups.
type Store struct {
	vault *vault.Vault
}

// NewStore makes a store whose personal fields go through the vault.
func NewStore(v *vault.Vault) *Store { return &Store{vault: v} }

const clueColumns = `c.id, c.version, c.kind, c.value, c.truth, c.state, c.institution, c.carrier, c.home, c.reports, c.opened_at, c.due_at, c.due_from, c.via, c.close_reason`

func scanClue(row sqldb.Scanner) (Clue, error) {
	var c Clue
	var opened, due, from lanzha.Micros
	err := row.Scan(&c.ID, &c.Version, &c.Kind, &c.Value, &c.Truth, &c.State, &c.Institution, &c.Carrier, &c.Home, &c.Reports, &opened, &due, &from, &c.Via, &c.CloseReason)
	c.OpenedAt, c.DueAt, c.DueFrom = opened.Time(), due.Time(), from.Time()
	return c, err
}

// Get reads a clue.
func (s *Store) Get(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Clue, error) {
	return sqldb.One(ctx, q, "clue", scanClue, `SELECT `+clueColumns+` FROM clue c WHERE c.id = $1`, string(id))
}

// GetLocked reads a clue in order to change it.
func (s *Store) GetLocked(ctx context.Context, tx *sqldb.Tx, id lanzha.ID) (Clue, error) {
	return sqldb.One(ctx, tx, "clue", scanClue, `SELECT `+clueColumns+` FROM clue c WHERE c.id = $1`+tx.ForUpdate(), string(id))
}

// Find reads the clue of a value.
func (s *Store) Find(ctx context.Context, q sqldb.Queryer, kind Kind, value string) (Clue, error) {
	return sqldb.One(ctx, q, "clue", scanClue, `SELECT `+clueColumns+` FROM clue c WHERE c.value = $1 AND c.kind = $2`, value, string(kind))
}

// Insert adds a clue and reports whether it was new; it is not when its value
// has one already.
func (s *Store) Insert(ctx context.Context, tx *sqldb.Tx, c Clue) (bool, error) {
	n, err := sqldb.Exec(ctx, tx, `INSERT INTO clue (id, version, kind, value, truth, state, institution, carrier, home, reports, opened_at, due_at, due_from, via, close_reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (value, kind) DO NOTHING`,
		string(c.ID), c.Version, string(c.Kind), c.Value, string(c.Truth), string(c.State), string(c.Institution), c.Carrier, string(c.Home),
		c.Reports, int64(lanzha.At(c.OpenedAt)), int64(lanzha.At(c.DueAt)), int64(lanzha.At(c.DueFrom)), string(c.Via), c.CloseReason)
	return n == 1, err
}

// Update writes a clue whose stored version is one less, and its place in the
// lists.
func (s *Store) Update(ctx context.Context, tx *sqldb.Tx, c Clue) error {
	n, err := sqldb.Exec(ctx, tx, `UPDATE clue SET version = $1, truth = $2, state = $3, institution = $4, reports = $5, due_at = $6, due_from = $7, close_reason = $8
		WHERE id = $9 AND version = $10`,
		c.Version, string(c.Truth), string(c.State), string(c.Institution), c.Reports, int64(lanzha.At(c.DueAt)), int64(lanzha.At(c.DueFrom)), c.CloseReason, string(c.ID), c.Version-1)
	if err != nil {
		return err
	}
	if n == 0 {
		return lanzha.Conflict("somebody changed this clue before you")
	}
	return sqldb.Later(ctx, tx, `UPDATE clue_region SET state = $1, rank = $2 WHERE clue = $3`, string(c.State), c.rank(), string(c.ID))
}

// setDue writes the first deadline of a clue that tx itself has opened: nobody
// else has read it yet, so its version stays.
func (s *Store) setDue(ctx context.Context, tx *sqldb.Tx, c Clue) error {
	if err := sqldb.Later(ctx, tx, `UPDATE clue SET due_at = $1, due_from = $2 WHERE id = $3`, int64(lanzha.At(c.DueAt)), int64(lanzha.At(c.DueFrom)), string(c.ID)); err != nil {
		return err
	}
	return sqldb.Later(ctx, tx, `UPDATE clue_region SET rank = $1 WHERE clue = $2`, c.rank(), string(c.ID))
}

// Place makes a clue visible in a region and in all that contain it; "" is
// seen by the whole country only.
func (s *Store) Place(ctx context.Context, tx *sqldb.Tx, c Clue, region lanzha.Region) error {
	query, args := "", []any{string(c.ID), string(c.State), string(c.Kind), c.rank()}
	for _, level := range append([]lanzha.Region{""}, region.Levels()...) {
		args = append(args, string(level))
		query += fmt.Sprintf(", ($1, $%d, $2, $3, $4)", len(args))
	}
	return sqldb.Later(ctx, tx, `INSERT INTO clue_region (clue, region, state, kind, rank) VALUES `+query[2:]+` ON CONFLICT (clue, region) DO NOTHING`, args...)
}

// Regions lists the districts (or what was known) in which a clue was told.
func (s *Store) Regions(ctx context.Context, q sqldb.Queryer, id lanzha.ID) ([]lanzha.Region, error) {
	return sqldb.All(ctx, q, sqldb.Value[lanzha.Region], `SELECT DISTINCT region FROM clue_source WHERE clue = $1 ORDER BY region`, string(id))
}

// Source is who told of a clue.
type Source struct {
	ID     lanzha.ID // of the report, the lead or the alert; of the clue itself where an officer entered it
	Kind   string    // report, lead, officer, alert
	Region lanzha.Region
	At     time.Time
}

// AddSource records who told; it reports false when that was known.
func (s *Store) AddSource(ctx context.Context, tx *sqldb.Tx, clue lanzha.ID, src Source) (bool, error) {
	n, err := sqldb.Exec(ctx, tx, `INSERT INTO clue_source (clue, source, kind, region, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (clue, source, region) DO NOTHING`,
		string(clue), string(src.ID), src.Kind, string(src.Region), int64(lanzha.At(src.At)))
	return n == 1, err
}

// firstSource records who told of a clue that was just opened.
func (s *Store) firstSource(ctx context.Context, tx *sqldb.Tx, clue lanzha.ID, src Source) error {
	return sqldb.Later(ctx, tx, `INSERT INTO clue_source (clue, source, kind, region, at) VALUES ($1, $2, $3, $4, $5)`,
		string(clue), string(src.ID), src.Kind, string(src.Region), int64(lanzha.At(src.At)))
}

// Sources lists who told of a clue, the newest first, 200 at most.
func (s *Store) Sources(ctx context.Context, q sqldb.Queryer, clue lanzha.ID) ([]Source, error) {
	return sqldb.All(ctx, q, func(row sqldb.Scanner) (Source, error) {
		var src Source
		var at lanzha.Micros
		err := row.Scan(&src.ID, &src.Kind, &src.Region, &at)
		src.At = at.Time()
		return src, err
	}, `SELECT source, kind, region, at FROM clue_source WHERE clue = $1 ORDER BY at DESC, source DESC LIMIT 200`, string(clue))
}

// OfSource lists the clues that a report or a lead led to.
func (s *Store) OfSource(ctx context.Context, q sqldb.Queryer, source lanzha.ID) ([]Clue, error) {
	return sqldb.All(ctx, q, scanClue, `SELECT `+clueColumns+` FROM clue_source s JOIN clue c ON c.id = s.clue WHERE s.source = $1 ORDER BY c.id`, string(source))
}

// Lead is what another centre pushes: a value it has found.
type Lead struct {
	ID          lanzha.ID
	Clue        lanzha.ID
	Institution lanzha.ID // the centre that pushed it
	Region      lanzha.Region
	At          time.Time
	Ref         string // the other centre's number
	Note        string
}

// InsertLead adds a lead.
func (s *Store) InsertLead(ctx context.Context, tx *sqldb.Tx, l Lead) error {
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO lead (id, clue, institution, region, at, ref, note) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		string(l.ID), string(l.Clue), string(l.Institution), string(l.Region), int64(lanzha.At(l.At)), l.Ref, l.Note)
	return err
}

// Lead reads a lead.
func (s *Store) Lead(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Lead, error) {
	return sqldb.One(ctx, q, "lead", func(row sqldb.Scanner) (Lead, error) {
		var l Lead
		var at lanzha.Micros
		err := row.Scan(&l.ID, &l.Clue, &l.Institution, &l.Region, &at, &l.Ref, &l.Note)
		l.At = at.Time()
		return l, err
	}, `SELECT id, clue, institution, region, at, ref, note FROM lead WHERE id = $1`, string(id))
}

// Filter narrows List. Region and State are always set: "" is the whole
// country.
type Filter struct {
	Region lanzha.Region
	State  State
	Kind   Kind // "" is all
	After  *Key
	Limit  int
}

// Key is the place of a clue in the list.
type Key struct {
	Rank int64     `json:"rank"`
	ID   lanzha.ID `json:"id"`
}

// KeyOf is the place of c in the list.
func KeyOf(c Clue) Key { return Key{Rank: c.rank(), ID: c.ID} }

// List reads clues: late first, then soonest deadline, then the newest.
func (s *Store) List(ctx context.Context, q sqldb.Queryer, f Filter) ([]Clue, error) {
	var where sqldb.Where
	where.And("r.region = ? AND r.state = ?", string(f.Region), string(f.State))
	if f.Kind != "" {
		where.And("r.kind = ?", string(f.Kind))
	}
	if f.After != nil {
		where.And("(r.rank, r.clue) > (?, ?)", f.After.Rank, string(f.After.ID))
	}
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, scanClue, `SELECT `+clueColumns+` FROM clue_region r JOIN clue c ON c.id = r.clue
		WHERE `+where.String()+` ORDER BY r.rank, r.clue LIMIT `+limit, where.Args()...)
}
