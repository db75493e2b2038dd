package objection

import (
	"context"
	"embed"
	"strconv"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of objections. They stand on those of the register.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "register_objection", Files: files} }

// Store keeps objections; what people say goes through the vault.
type Store struct {
	vault *vault.Vault
}

// NewStore makes a store over a vault.
func NewStore(v *vault.Vault) *Store { return &Store{vault: v} }

const columns = `id, version, state, listing, province, city, district, ground, via, received_at`

func scan(row sqldb.Scanner) (Objection, error) {
	var o Objection
	var levels [3]lanzha.Region
	var received lanzha.Micros
	err := row.Scan(&o.ID, &o.Version, &o.State, &o.Listing, &levels[0], &levels[1], &levels[2], &o.Ground, &o.Via, &received)
	for _, r := range levels {
		if r != "" {
			o.Region = r
		}
	}
	o.ReceivedAt = received.Time()
	return o, err
}

// Insert adds an objection; one that is open at the listing already is
// CodeConflict.
func (s *Store) Insert(ctx context.Context, tx *sqldb.Tx, o Objection) error {
	n, err := sqldb.Exec(ctx, tx, `INSERT INTO register_objection (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (listing) WHERE state IN ('received', 'accepted', 'verified') DO NOTHING`,
		string(o.ID), o.Version, string(o.State), string(o.Listing), string(o.Region.Province()), string(o.Region.City()), string(o.Region.District()),
		string(o.Ground), o.Via, int64(lanzha.At(o.ReceivedAt)))
	if err == nil && n == 0 {
		e := lanzha.Conflict("an objection against this listing is being dealt with")
		e.Hint = "wait for its answer, or tell the officer who deals with it"
		return e
	}
	return err
}

// Update writes a state, where the stored version is one less.
func (s *Store) Update(ctx context.Context, tx *sqldb.Tx, o Objection) error {
	n, err := sqldb.Exec(ctx, tx, `UPDATE register_objection SET version = $1, state = $2 WHERE id = $3 AND version = $4`, o.Version, string(o.State), string(o.ID), o.Version-1)
	if err == nil && n == 0 {
		return lanzha.Conflict("somebody changed this objection before you")
	}
	return err
}

// Get reads an objection.
func (s *Store) Get(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Objection, error) {
	return sqldb.One(ctx, q, "objection", scan, `SELECT `+columns+` FROM register_objection WHERE id = $1`, string(id))
}

// OfListing lists the objections against a listing, the newest first.
func (s *Store) OfListing(ctx context.Context, q sqldb.Queryer, listing lanzha.ID) ([]Objection, error) {
	return sqldb.All(ctx, q, scan, `SELECT `+columns+` FROM register_objection WHERE listing = $1 ORDER BY id DESC LIMIT 100`, string(listing))
}

// Open reports whether an objection against a listing waits for its answer.
func (s *Store) Open(ctx context.Context, q sqldb.Queryer, listing lanzha.ID) (bool, error) {
	n, err := sqldb.One(ctx, q, "count", sqldb.Value[int64], `SELECT count(*) FROM register_objection WHERE listing = $1 AND state IN ('received', 'accepted', 'verified')`, string(listing))
	return n > 0, err
}

// Filter narrows List; empty fields do not.
type Filter struct {
	Region  lanzha.Region
	State   State
	Listing lanzha.ID
	After   lanzha.ID
	Limit   int
}

// List reads objections, the newest first.
func (s *Store) List(ctx context.Context, q sqldb.Queryer, f Filter) ([]Objection, error) {
	var where sqldb.Where
	where.Region(f.Region)
	if f.State != "" {
		where.And("state = ?", string(f.State))
	}
	if f.Listing != "" {
		where.And("listing = ?", string(f.Listing))
	}
	if f.After != "" {
		where.And("id < ?", string(f.After))
	}
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, scan, `SELECT `+columns+` FROM register_objection WHERE `+where.String()+` ORDER BY id DESC LIMIT `+limit, where.Args()...)
}

// wordsField is where a step's words are sealed: the step has no ID, so its
// version stands in the column.
func wordsField(objection lanzha.ID, version int64) vault.Field {
	return vault.Field{Table: "register_objection_step", Column: "words_" + strconv.FormatInt(version, 10), Row: objection}
}

// AddStep records a step.
func (s *Store) AddStep(ctx context.Context, tx *sqldb.Tx, objection lanzha.ID, st Step) error {
	words, err := s.vault.Seal(wordsField(objection, st.Version), st.Words)
	if err != nil {
		return err
	}
	_, err = sqldb.Exec(ctx, tx, `INSERT INTO register_objection_step (objection, version, state, actor, at, words) VALUES ($1, $2, $3, $4, $5, $6)`,
		string(objection), st.Version, string(st.State), string(st.Actor), int64(lanzha.At(st.At)), words)
	return err
}

// Steps lists the steps of an objection in order.
func (s *Store) Steps(ctx context.Context, q sqldb.Queryer, objection lanzha.ID) ([]Step, error) {
	return sqldb.All(ctx, q, func(row sqldb.Scanner) (Step, error) {
		var st Step
		var at lanzha.Micros
		var words string
		if err := row.Scan(&st.Version, &st.State, &st.Actor, &at, &words); err != nil {
			return st, err
		}
		st.At = at.Time()
		var err error
		st.Words, err = s.vault.Unseal(wordsField(objection, st.Version), words)
		return st, err
	}, `SELECT version, state, actor, at, words FROM register_objection_step WHERE objection = $1 ORDER BY version LIMIT 20`, string(objection))
}

// Erase empties what was said about a listing.
func (s *Store) Erase(ctx context.Context, tx *sqldb.Tx, listing lanzha.ID) error {
	_, err := sqldb.Exec(ctx, tx, `UPDATE register_objection_step SET words = '' WHERE objection IN (SELECT id FROM register_objection WHERE listing = $1)`, string(listing))
	return err
}
