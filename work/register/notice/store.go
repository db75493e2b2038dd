package notice

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

// Schema is the tables of notices. They stand on those of the register.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "register_notice", Files: files} }

// Store keeps notices; what names a person goes through the vault.
type Store struct {
	vault *vault.Vault
}

// NewStore makes a store over a vault.
func NewStore(v *vault.Vault) *Store { return &Store{vault: v} }

func field(column string, row lanzha.ID) vault.Field {
	return vault.Field{Table: "register_notice", Column: column, Row: row}
}

const columns = `id, version, listing, kind, number, province, city, district, text, made_by, made_at, code_at, served_how, served_at, served_by, receipt_no, recorded_by`

func (s *Store) scan(row sqldb.Scanner) (Notice, error) {
	var n Notice
	var levels [3]lanzha.Region
	var text, by string
	var made, code, served lanzha.Micros
	if err := row.Scan(&n.ID, &n.Version, &n.Listing, &n.Kind, &n.Number, &levels[0], &levels[1], &levels[2], &text, &n.MadeBy, &made, &code,
		&n.Served.How, &served, &by, &n.Served.ReceiptNo, &n.Served.RecordedBy); err != nil {
		return n, err
	}
	for _, r := range levels {
		if r != "" {
			n.Region = r
		}
	}
	n.MadeAt, n.CodeAt, n.Served.At = made.Time(), code.Time(), served.Time()
	var err error
	if n.Served.By, err = s.vault.Unseal(field("served_by", n.ID), by); err != nil {
		return n, err
	}
	plain, err := s.vault.Unseal(field("text", n.ID), text)
	if err != nil || plain == "" {
		return n, err
	}
	return n, json.Unmarshal([]byte(plain), &n.Text)
}

// Insert adds a notice.
func (s *Store) Insert(ctx context.Context, tx *sqldb.Tx, n Notice) error {
	plain, err := json.Marshal(n.Text)
	if err != nil {
		return lanzha.Internal("notice.Insert", err)
	}
	text, err := s.vault.Seal(field("text", n.ID), string(plain))
	if err != nil {
		return err
	}
	_, err = sqldb.Exec(ctx, tx, `INSERT INTO register_notice (id, version, listing, kind, number, province, city, district, text, made_by, made_at,
			code_hash, code_at, served_how, served_at, served_by, receipt_no, recorded_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', 0, '', 0, '', '', '')`,
		string(n.ID), n.Version, string(n.Listing), string(n.Kind), n.Number, string(n.Region.Province()), string(n.Region.City()), string(n.Region.District()),
		text, string(n.MadeBy), int64(lanzha.At(n.MadeAt)))
	return err
}

// Update writes the proof of delivery, where the stored version is one less.
func (s *Store) Update(ctx context.Context, tx *sqldb.Tx, n Notice) error {
	by, err := s.vault.Seal(field("served_by", n.ID), n.Served.By)
	if err != nil {
		return err
	}
	changed, err := sqldb.Exec(ctx, tx, `UPDATE register_notice SET version = $1, served_how = $2, served_at = $3, served_by = $4, receipt_no = $5, recorded_by = $6
		WHERE id = $7 AND version = $8`,
		n.Version, n.Served.How, int64(lanzha.At(n.Served.At)), by, n.Served.ReceiptNo, string(n.Served.RecordedBy), string(n.ID), n.Version-1)
	if err == nil && changed == 0 {
		return lanzha.Conflict("somebody changed this notice before you")
	}
	return err
}

// SetCode replaces the code of a notice: the one before opens nothing any more.
func (s *Store) SetCode(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, hash string, at time.Time) error {
	_, err := sqldb.Exec(ctx, tx, `UPDATE register_notice SET code_hash = $1, code_at = $2, version = version + 1 WHERE id = $3`, hash, int64(lanzha.At(at)), string(id))
	return err
}

// Get reads a notice.
func (s *Store) Get(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Notice, error) {
	return sqldb.One(ctx, q, "notice", s.scan, `SELECT `+columns+` FROM register_notice WHERE id = $1`, string(id))
}

// ByCode finds the notice that a code opens; CodeNotFound when it opens none.
func (s *Store) ByCode(ctx context.Context, q sqldb.Queryer, code string) (Notice, error) {
	hash := HashOf(code)
	if hash == "" {
		return Notice{}, lanzha.NotFound("code")
	}
	return sqldb.One(ctx, q, "code", s.scan, `SELECT `+columns+` FROM register_notice WHERE code_hash = $1 AND code_hash <> ''`, hash)
}

// Count is how many notices a listing has, by which they are numbered.
func (s *Store) Count(ctx context.Context, q sqldb.Queryer, listing lanzha.ID) (int64, error) {
	return sqldb.One(ctx, q, "count", sqldb.Value[int64], `SELECT count(*) FROM register_notice WHERE listing = $1`, string(listing))
}

// Filter narrows List; empty fields do not.
type Filter struct {
	Region   lanzha.Region
	Listing  lanzha.ID
	Unserved bool
	After    lanzha.ID
	Limit    int
}

// List reads notices without their texts, the newest first.
func (s *Store) List(ctx context.Context, q sqldb.Queryer, f Filter) ([]Notice, error) {
	var where sqldb.Where
	where.Region(f.Region)
	if f.Listing != "" {
		where.And("listing = ?", string(f.Listing))
	}
	if f.Unserved {
		where.And("served_at = 0")
	}
	if f.After != "" {
		where.And("id < ?", string(f.After))
	}
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, s.scan, `SELECT id, version, listing, kind, number, province, city, district, '', made_by, made_at, code_at, served_how, served_at, '', receipt_no, recorded_by
		FROM register_notice WHERE `+where.String()+` ORDER BY id DESC LIMIT `+limit, where.Args()...)
}

// Erase empties what names the person, and closes the code.
func (s *Store) Erase(ctx context.Context, tx *sqldb.Tx, listing lanzha.ID) error {
	_, err := sqldb.Exec(ctx, tx, `UPDATE register_notice SET text = '', served_by = '', code_hash = '', version = version + 1 WHERE listing = $1`, string(listing))
	return err
}
