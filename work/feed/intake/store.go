package intake

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
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

// Schema is the tables of the intake.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "feed", Files: files} }

// store keeps letters and loads.
type store struct{ vault *vault.Vault }

// storedForm is a feed.Form as it is kept.
type storedForm struct {
	Kind    string      `json:"kind"`
	Format  feed.Format `json:"format"`
	Columns []string    `json:"columns"`
	Mapping string      `json:"mapping"`
}

func formOf(f feed.Form) storedForm {
	return storedForm{f.Kind.String(), f.Format, f.Columns, f.Mapping}
}

func (f storedForm) form() (feed.Form, error) {
	kind, err := feed.ParseKind(f.Kind)
	return feed.Form{Kind: kind, Format: f.Format, Columns: f.Columns, Mapping: f.Mapping}, err
}

// putForm keeps a form, once, and returns its ID.
func (s *store) putForm(ctx context.Context, tx *sqldb.Tx, f feed.Form, now time.Time) (string, error) {
	text, err := json.Marshal(formOf(f))
	if err != nil {
		return "", lanzha.Internal("intake.putForm", err)
	}
	columns, err := json.Marshal(f.Columns)
	if err != nil {
		return "", lanzha.Internal("intake.putForm", err)
	}
	sum := sha256.Sum256(text)
	id := hex.EncodeToString(sum[:])
	_, err = sqldb.Exec(ctx, tx, `INSERT INTO feed_form (id, kind, format, columns, mapping, used_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO UPDATE SET used_at = excluded.used_at`, id, f.Kind.String(), string(f.Format), string(columns), f.Mapping, int64(lanzha.At(now)))
	return id, err
}

func (s *store) form(ctx context.Context, q sqldb.Queryer, id string) (feed.Form, error) {
	return sqldb.One(ctx, q, "form", func(row sqldb.Scanner) (feed.Form, error) {
		var f storedForm
		var columns string
		if err := row.Scan(&f.Kind, &f.Format, &columns, &f.Mapping); err != nil {
			return feed.Form{}, err
		}
		if err := json.Unmarshal([]byte(columns), &f.Columns); err != nil {
			return feed.Form{}, err
		}
		return f.form()
	}, `SELECT kind, format, columns, mapping FROM feed_form WHERE id = $1`, id)
}

const (
	letterColumns = `id, version, state, channel, name, load, form, kind, row_number, field, reason, at, sent_by, province, city, district, institution, closed_by, closed_at, note`
	perInsert     = 50 // letters of one statement: 22 values each
)

func recordField(id lanzha.ID) vault.Field {
	return vault.Field{Table: "feed_letter", Column: "record", Row: id}
}

// insert adds letters.
func (s *store) insert(ctx context.Context, tx *sqldb.Tx, from Origin, form string, kind feed.Kind, refused []feed.Refusal, ids *lanzha.IDs, now time.Time) error {
	for len(refused) > 0 {
		var values []string
		var args []any
		for _, r := range refused[:min(perInsert, len(refused))] {
			id := ids.Next()
			sealed, err := s.vault.Seal(recordField(id), r.Record)
			if err != nil {
				return err
			}
			var once any
			if from.Source != "" {
				once = fmt.Sprintf("%s %d %s", from.Source, r.Row, r.Field)
			}
			row := []any{
				string(id), 1, string(Open), string(from.Channel), from.Name, string(from.Load), once, form, kind.String(), r.Row, r.Field, r.Reason, sealed,
				int64(lanzha.At(now)), string(from.Account), string(from.Region.Province()), string(from.Region.City()), string(from.Region.District()),
				string(from.Institution), "", 0, "",
			}
			places := make([]string, len(row))
			for i := range row {
				places[i] = fmt.Sprintf("$%d", len(args)+i+1)
			}
			values, args = append(values, "("+strings.Join(places, ", ")+")"), append(args, row...)
		}
		refused = refused[min(perInsert, len(refused)):]
		if _, err := sqldb.Exec(ctx, tx, `INSERT INTO feed_letter (id, version, state, channel, name, load, once, form, kind, row_number, field, reason, record,
			at, sent_by, province, city, district, institution, closed_by, closed_at, note) VALUES `+strings.Join(values, ", ")+` ON CONFLICT (once) DO NOTHING`, args...); err != nil {
			return err
		}
	}
	return nil
}

func scanLetter(row sqldb.Scanner) (Letter, error) {
	var l Letter
	var kind string
	var at, closed int64
	var province, city, district lanzha.Region
	if err := row.Scan(&l.ID, &l.Version, &l.State, &l.Channel, &l.Name, &l.Load, &l.Form, &kind, &l.Row, &l.Field, &l.Reason, &at, &l.Account,
		&province, &city, &district, &l.Institution, &l.ClosedBy, &closed, &l.Note); err != nil {
		return l, err
	}
	l.Region, l.At, l.ClosedAt = deepest(province, city, district), lanzha.Micros(at).Time(), lanzha.Micros(closed).Time()
	var err error
	l.Kind, err = feed.ParseKind(kind)
	return l, err
}

func deepest(levels ...lanzha.Region) (r lanzha.Region) {
	for _, level := range levels {
		if level != "" {
			r = level
		}
	}
	return r
}

func (s *store) letter(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Letter, error) {
	return sqldb.One(ctx, q, "letter", scanLetter, `SELECT `+letterColumns+` FROM feed_letter WHERE id = $1`, string(id))
}

func (s *store) record(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (string, error) {
	sealed, err := sqldb.One(ctx, q, "letter", func(row sqldb.Scanner) (sealed string, err error) { return sealed, row.Scan(&sealed) },
		`SELECT record FROM feed_letter WHERE id = $1`, string(id))
	if err != nil {
		return "", err
	}
	return s.vault.Unseal(recordField(id), sealed)
}

// update writes what can change, where the stored version is one less.
func (s *store) update(ctx context.Context, tx *sqldb.Tx, l Letter) error {
	n, err := sqldb.Exec(ctx, tx, `UPDATE feed_letter SET version = $1, state = $2, closed_by = $3, closed_at = $4, note = $5 WHERE id = $6 AND version = $7`,
		l.Version, string(l.State), string(l.ClosedBy), int64(lanzha.At(l.ClosedAt)), l.Note, string(l.ID), l.Version-1)
	if err == nil && n == 0 {
		return lanzha.Conflict("somebody changed this letter before you")
	}
	return err
}

func within(where *sqldb.Where, scope auth.Scope) {
	where.Region(scope.Region)
	if scope.Institution != "" {
		where.And("institution = ? AND institution <> ''", string(scope.Institution))
	}
}

// filter narrows letters.
type filter struct {
	scope auth.Scope
	state State
	load  lanzha.ID // "" is of any or none
	after lanzha.ID // behind this one
	limit int
}

// letters are the newest first.
func (s *store) letters(ctx context.Context, q sqldb.Queryer, f filter) ([]Letter, error) {
	var where sqldb.Where
	where.And("state = ?", string(f.state))
	within(&where, f.scope)
	if f.load != "" {
		where.And("load = ? AND load <> ''", string(f.load))
	}
	if f.after != "" {
		where.And("id < ?", string(f.after))
	}
	limit := where.Arg(f.limit)
	return sqldb.All(ctx, q, scanLetter, `SELECT `+letterColumns+` FROM feed_letter WHERE `+where.String()+` ORDER BY id DESC LIMIT `+limit, where.Args()...)
}

// open counts the open letters, up to a bound.
func (s *store) open(ctx context.Context, q sqldb.Queryer, scope auth.Scope, bound int) (int, error) {
	var where sqldb.Where
	where.And("state = ?", string(Open))
	within(&where, scope)
	limit := where.Arg(bound)
	return sqldb.One(ctx, q, "letters", func(row sqldb.Scanner) (n int, err error) { return n, row.Scan(&n) },
		`SELECT COUNT(*) FROM (SELECT 1 FROM feed_letter WHERE `+where.String()+` LIMIT `+limit+`) AS open_letters`, where.Args()...)
}

const loadColumns = `id, state, name, digest, attempt, form, last_row, taken, refused, skipped, started_at, ended_at, sent_by, province, city, district, institution`

func scanLoad(row sqldb.Scanner) (Load, error) {
	var l Load
	var form string
	var started, ended int64
	var province, city, district lanzha.Region
	if err := row.Scan(&l.ID, &l.State, &l.Name, &l.Digest, &l.Attempt, &form, &l.LastRow, &l.Taken, &l.Refused, &l.Skipped, &started, &ended,
		&l.Account, &province, &city, &district, &l.Institution); err != nil {
		return l, err
	}
	l.Region, l.Started, l.Ended = deepest(province, city, district), lanzha.Micros(started).Time(), lanzha.Micros(ended).Time()
	var stored storedForm
	if err := json.Unmarshal([]byte(form), &stored); err != nil {
		return l, err
	}
	var err error
	l.Form, err = stored.form()
	return l, err
}

func (s *store) insertLoad(ctx context.Context, tx *sqldb.Tx, l Load) error {
	form, err := json.Marshal(formOf(l.Form))
	if err != nil {
		return lanzha.Internal("intake.insertLoad", err)
	}
	_, err = sqldb.Exec(ctx, tx, `INSERT INTO feed_load (id, state, name, digest, attempt, form, last_row, taken, refused, skipped, started_at, ended_at,
		sent_by, province, city, district, institution) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, $7, 0, $8, $9, $10, $11, $12)`,
		string(l.ID), string(l.State), l.Name, l.Digest, l.Attempt, string(form), int64(lanzha.At(l.Started)), string(l.Account),
		string(l.Region.Province()), string(l.Region.City()), string(l.Region.District()), string(l.Institution))
	return err
}

// loadOf is the last load of a file by an institution, or by the centre.
func (s *store) loadOf(ctx context.Context, q sqldb.Queryer, digest string, institution lanzha.ID) (Load, bool, error) {
	l, err := sqldb.One(ctx, q, "load", scanLoad, `SELECT `+loadColumns+` FROM feed_load WHERE digest = $1 AND institution = $2 ORDER BY attempt DESC LIMIT 1`, digest, string(institution))
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return Load{}, false, nil
	}
	return l, err == nil, err
}

func (s *store) load(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Load, error) {
	return sqldb.One(ctx, q, "load", scanLoad, `SELECT `+loadColumns+` FROM feed_load WHERE id = $1`, string(id))
}

// passed adds a part to the figures of a load, once.
func (s *store) passed(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, part *Taken, last int) error {
	_, err := sqldb.Exec(ctx, tx, `UPDATE feed_load SET last_row = $1, taken = taken + $2, refused = refused + $3, skipped = skipped + $4 WHERE id = $5 AND last_row < $1`,
		last, part.Taken, part.Count, part.Skipped, string(id))
	return err
}

func (s *store) endLoad(ctx context.Context, tx *sqldb.Tx, l Load) error {
	_, err := sqldb.Exec(ctx, tx, `UPDATE feed_load SET state = $1, ended_at = $2 WHERE id = $3`, string(l.State), int64(lanzha.At(l.Ended)), string(l.ID))
	return err
}

// loadKey is the place of a load in the list.
type loadKey struct {
	At lanzha.Micros `json:"at"`
	ID lanzha.ID     `json:"id"`
}

// loads are the newest first.
func (s *store) loads(ctx context.Context, q sqldb.Queryer, scope auth.Scope, after *loadKey, limit int) ([]Load, error) {
	var where sqldb.Where
	within(&where, scope)
	if after != nil {
		where.And("(started_at, id) < (?, ?)", int64(after.At), string(after.ID))
	}
	n := where.Arg(limit)
	return sqldb.All(ctx, q, scanLoad, `SELECT `+loadColumns+` FROM feed_load WHERE `+where.String()+` ORDER BY started_at DESC, id DESC LIMIT `+n, where.Args()...)
}

// forget deletes in steps, so that nobody waits long for one.
func (s *store) forget(ctx context.Context, db *sqldb.DB, now time.Time) error {
	letters, loads := int64(lanzha.At(now.Add(-keepLetters))), int64(lanzha.At(now.Add(-keepLoads)))
	for {
		n := int64(0)
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			var err error
			n, err = sqldb.Exec(ctx, tx, `DELETE FROM feed_letter WHERE id IN (SELECT id FROM feed_letter WHERE at < $1 LIMIT 1000)`, letters)
			return err
		}); err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	return db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, formErr := sqldb.Exec(ctx, tx, `DELETE FROM feed_form WHERE used_at < $1`, letters)
		_, loadErr := sqldb.Exec(ctx, tx, `DELETE FROM feed_load WHERE started_at < $1`, loads)
		return errors.Join(formErr, loadErr)
	})
}
