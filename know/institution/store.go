package institution

import (
	"context"
	"embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the directory's tables.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "institution", Files: files} }

// Directory keeps institutions and routes to them. One per process and
// database; it is safe for use by many goroutines.
type Directory struct {
	db      *sqldb.DB
	journal *journal.Journal
	vault   *vault.Vault
	now     func() time.Time
	ids     *lanzha.IDs

	loading sync.Mutex // held by the one who renews the routes

	mu       sync.RWMutex // guards what follows
	routes   *routes      // nil until the first use
	revision int64        // of routes
	checked  time.Time    // when revision was last compared with the database
}

// New makes the directory of a database.
func New(db *sqldb.DB, j *journal.Journal, v *vault.Vault, now func() time.Time, ids *lanzha.IDs) *Directory {
	return &Directory{db: db, journal: j, vault: v, now: now, ids: ids}
}

const columns = `id, version, code, name, name_en, kind, region, gateway, endpoint, secret, contacts, answer_target, disabled`

func field(column string, id lanzha.ID) vault.Field {
	return vault.Field{Table: "institution", Column: column, Row: id}
}

// Create adds an institution; its ID and version are set. A code that is taken
// is a conflict.
func (d *Directory) Create(ctx context.Context, tx *sqldb.Tx, actor lanzha.ID, in Institution) (Institution, error) {
	if err := in.Check(); err != nil {
		return in, err
	}
	in.ID, in.Version = d.ids.Next(), 1
	secret, contacts, err := d.seal(in)
	if err != nil {
		return in, err
	}
	n, err := sqldb.Exec(ctx, tx, `INSERT INTO institution (`+columns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (code) DO NOTHING`,
		string(in.ID), in.Version, in.Code, in.Name, in.NameEn, string(in.Kind), string(in.Region), string(in.Gateway), in.Endpoint,
		secret, contacts, int64(in.AnswerTarget/time.Second), in.Disabled)
	if err != nil {
		return in, err
	}
	if n == 0 {
		e := lanzha.Conflict("another institution has this code")
		e.Field, e.Hint = "code", "choose another code, or change that institution"
		return in, e
	}
	if err := insertRanges(ctx, tx, in); err != nil {
		return in, err
	}
	return in, d.changed(ctx, tx, actor, "institution.created", in, map[string]any{"code": in.Code, "kind": in.Kind})
}

// Update replaces an institution where in.Version is still the stored one, and
// returns it with the next. An older version is a conflict. The code stays.
func (d *Directory) Update(ctx context.Context, tx *sqldb.Tx, actor lanzha.ID, in Institution) (Institution, error) {
	if err := in.Check(); err != nil {
		return in, err
	}
	old, err := d.Get(ctx, tx, in.ID)
	if err != nil {
		return in, err
	}
	if old.Code != in.Code {
		return in, lanzha.Invalid("code", "the code of an institution does not change: files and people know it by it")
	}
	secret, contacts, err := d.seal(in)
	if err != nil {
		return in, err
	}
	n, err := sqldb.Exec(ctx, tx, `UPDATE institution SET version = version + 1, name = $1, name_en = $2, kind = $3, region = $4, gateway = $5,
		endpoint = $6, secret = $7, contacts = $8, answer_target = $9, disabled = $10 WHERE id = $11 AND version = $12`,
		in.Name, in.NameEn, string(in.Kind), string(in.Region), string(in.Gateway), in.Endpoint,
		secret, contacts, int64(in.AnswerTarget/time.Second), in.Disabled, string(in.ID), in.Version)
	if err != nil {
		return in, err
	}
	if n == 0 {
		return in, lanzha.Conflict("somebody changed this institution before you")
	}
	in.Version++
	if !slices.Equal(old.Ranges, in.Ranges) {
		if _, err := sqldb.Exec(ctx, tx, `DELETE FROM institution_range WHERE institution = $1`, string(in.ID)); err != nil {
			return in, err
		}
		if err := insertRanges(ctx, tx, in); err != nil {
			return in, err
		}
	}
	return in, d.changed(ctx, tx, actor, "institution.changed", in, map[string]any{"code": in.Code, "fields": difference(old, in)})
}

// difference names the fields in which two versions differ. Their values stay
// out of the journal: some are personal, some secret.
func difference(a, b Institution) []string {
	out := []string{}
	for _, f := range []struct {
		name   string
		differ bool
	}{
		{"name", a.Name != b.Name}, {"nameEn", a.NameEn != b.NameEn}, {"kind", a.Kind != b.Kind}, {"region", a.Region != b.Region},
		{"gateway", a.Gateway != b.Gateway}, {"endpoint", a.Endpoint != b.Endpoint}, {"secret", a.Secret != b.Secret},
		{"contacts", !slices.Equal(a.Contacts, b.Contacts)}, {"ranges", !slices.Equal(a.Ranges, b.Ranges)},
		{"answerTargetS", a.AnswerTarget != b.AnswerTarget}, {"disabled", a.Disabled != b.Disabled},
	} {
		if f.differ {
			out = append(out, f.name)
		}
	}
	return out
}

func (d *Directory) seal(in Institution) (secret, contacts string, err error) {
	if secret, err = d.vault.Seal(field("secret", in.ID), string(in.Secret)); err != nil || len(in.Contacts) == 0 {
		return secret, "", err
	}
	text, err := json.Marshal(in.Contacts)
	if err != nil {
		return "", "", lanzha.Internal("institution.seal", err)
	}
	contacts, err = d.vault.Seal(field("contacts", in.ID), string(text))
	return secret, contacts, err
}

func insertRanges(ctx context.Context, tx *sqldb.Tx, in Institution) error {
	for n, r := range in.Ranges {
		if _, err := sqldb.Exec(ctx, tx, `INSERT INTO institution_range (institution, n, kind, prefix) VALUES ($1, $2, $3, $4)`,
			string(in.ID), n, string(r.Kind), r.Prefix); err != nil {
			return err
		}
	}
	return nil
}

// changed counts the revision up and writes the journal.
func (d *Directory) changed(ctx context.Context, tx *sqldb.Tx, actor lanzha.ID, kind string, in Institution, payload map[string]any) error {
	if _, err := d.bump(ctx, tx); err != nil {
		return err
	}
	err := d.journal.Append(ctx, tx, d.now(), journal.Entry{
		Kind: kind, Record: in.ID, Version: in.Version, Actor: actor, Region: in.Region, Institution: in.ID, Payload: payload,
	})
	return err
}

// bump counts the revision up. Its row is locked until tx ends, so that
// revisions become visible in order.
func (d *Directory) bump(ctx context.Context, tx *sqldb.Tx) (int64, error) {
	tx.After(func() {
		d.mu.Lock()
		d.checked = time.Time{} // look again at the next route
		d.mu.Unlock()
	})
	return sqldb.One(ctx, tx, "revision", sqldb.Value[int64], `UPDATE institution_revision SET n = n + 1 WHERE one = 1 RETURNING n`)
}

// Port notes that numbers (E.164, mobile or fixed) were carried to an
// institution, or, with back, that they left it for the range they were born
// in. Of the latter those that it does not hold stay as they are.
func (d *Directory) Port(ctx context.Context, tx *sqldb.Tx, actor lanzha.ID, in Institution, back bool, numbers []string) error {
	revision, err := d.bump(ctx, tx)
	if err != nil {
		return err
	}
	query, args := `INSERT INTO institution_ported (number, institution, revision) VALUES ($1, $2, $3)
		ON CONFLICT (number) DO UPDATE SET institution = excluded.institution, revision = excluded.revision`, []any{string(in.ID), revision}
	if back {
		query = `UPDATE institution_ported SET institution = '', revision = $3 WHERE number = $1 AND institution = $2`
	}
	changed := int64(0)
	for _, number := range numbers {
		n, err := sqldb.Exec(ctx, tx, query, append([]any{number}, args...)...)
		if err != nil {
			return err
		}
		changed += n
	}
	err = d.journal.Append(ctx, tx, d.now(), journal.Entry{
		Kind: "institution.ported", Record: in.ID, Version: in.Version, Actor: actor, Region: in.Region, Institution: in.ID,
		Payload: map[string]any{"numbers": changed, "back": back},
	})
	return err
}

// Get reads an institution, with its secret and contacts in the clear.
func (d *Directory) Get(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Institution, error) {
	return d.one(ctx, q, `id = $1`, string(id))
}

// ByCode reads an institution by its code.
func (d *Directory) ByCode(ctx context.Context, q sqldb.Queryer, code string) (Institution, error) {
	return d.one(ctx, q, `code = $1`, code)
}

func (d *Directory) one(ctx context.Context, q sqldb.Queryer, where string, arg string) (Institution, error) {
	in, err := sqldb.One(ctx, q, "institution", d.scan, `SELECT `+columns+` FROM institution WHERE `+where, arg)
	if err != nil {
		return in, err
	}
	in.Ranges, err = sqldb.All(ctx, q, func(s sqldb.Scanner) (Range, error) {
		var r Range
		return r, s.Scan(&r.Kind, &r.Prefix)
	}, `SELECT kind, prefix FROM institution_range WHERE institution = $1 ORDER BY n`, string(in.ID))
	return in, err
}

func (d *Directory) scan(s sqldb.Scanner) (Institution, error) {
	var in Institution
	var secret, contacts string
	var target int64
	if err := s.Scan(&in.ID, &in.Version, &in.Code, &in.Name, &in.NameEn, &in.Kind, &in.Region, &in.Gateway, &in.Endpoint,
		&secret, &contacts, &target, &in.Disabled); err != nil {
		return in, err
	}
	in.AnswerTarget = time.Duration(target) * time.Second
	clear, err := d.vault.Unseal(field("secret", in.ID), secret)
	if err != nil {
		return in, err
	}
	in.Secret = lanzha.Secret(clear)
	if clear, err = d.vault.Unseal(field("contacts", in.ID), contacts); err != nil || clear == "" {
		return in, err
	}
	return in, json.Unmarshal([]byte(clear), &in.Contacts)
}

// Filter narrows List; empty fields do not.
type Filter struct {
	Kind   Kind
	Region lanzha.Region // of this region and below
	Text   string        // a part of name, English name or code
	Only   lanzha.ID     // this one alone: what its own officer sees
	After  string        // codes after this one
	Limit  int
}

// List reads institutions by code, without their ranges.
func (d *Directory) List(ctx context.Context, q sqldb.Queryer, f Filter) ([]Institution, error) {
	var where sqldb.Where
	where.And("code > ?", f.After)
	if f.Kind != "" {
		where.And("kind = ?", string(f.Kind))
	}
	where.Within("region", f.Region)
	if f.Text != "" {
		escape := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
		where.And(`lower(code || ' ' || name || ' ' || name_en) LIKE ? ESCAPE '\'`, "%"+escape.Replace(strings.ToLower(f.Text))+"%")
	}
	if f.Only != "" {
		where.And("id = ?", string(f.Only))
	}
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, d.scan, `SELECT `+columns+` FROM institution WHERE `+where.String()+` ORDER BY code LIMIT `+limit, where.Args()...)
}

// staleAfter is how long routes are used without asking whether another
// process changed the directory.
const staleAfter = 250 * time.Millisecond

// Route names the institutions that answer for a value of a clue's kind: who
// holds it if it was ported, else who has the longest matching prefix, and of
// several those nearest to `near` ("" where that is unknown). Nobody is an
// empty list. Changes of any process count within half a second. q must not be
// a transaction that itself changed the directory.
func (d *Directory) Route(ctx context.Context, q sqldb.Queryer, kind, value string, near lanzha.Region) ([]Institution, error) {
	if err := d.refresh(ctx, q); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.routes.find(kind, value, near), nil
}

// Known is Get from memory: like a route, what it says may be half a second
// old. An institution that is not known yet is read.
func (d *Directory) Known(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Institution, error) {
	if err := d.refresh(ctx, q); err != nil {
		return Institution{}, err
	}
	d.mu.RLock()
	in := d.routes.byID[id]
	d.mu.RUnlock()
	if in == nil {
		return d.Get(ctx, q, id)
	}
	return *in, nil
}

// refresh renews the routes when they are old. Whoever comes while another
// renews goes on with the ones there are.
func (d *Directory) refresh(ctx context.Context, q sqldb.Queryer) error {
	d.mu.RLock()
	known, since := d.routes != nil, d.now().Sub(d.checked)
	d.mu.RUnlock()
	if known && since >= 0 && since < staleAfter {
		return nil
	}
	if !d.loading.TryLock() {
		if known {
			return nil
		}
		d.loading.Lock()
	}
	defer d.loading.Unlock()
	return d.load(ctx, q)
}

func (d *Directory) load(ctx context.Context, q sqldb.Queryer) error {
	at := d.now()
	// The revision first: what comes in while reading is read again next time.
	revision, err := sqldb.One(ctx, q, "revision", sqldb.Value[int64], `SELECT n FROM institution_revision WHERE one = 1`)
	if err != nil {
		return err
	}
	if revision == d.revision { // only written under loading
		d.mu.Lock()
		d.checked = at
		d.mu.Unlock()
		return nil
	}
	all, err := sqldb.All(ctx, q, d.scan, `SELECT `+columns+` FROM institution`)
	if err != nil {
		return err
	}
	index := make(map[lanzha.ID]int, len(all))
	for i := range all {
		index[all[i].ID] = i
	}
	if _, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (struct{}, error) {
		var id lanzha.ID
		var r Range
		err := s.Scan(&id, &r.Kind, &r.Prefix)
		if i, ok := index[id]; ok && err == nil {
			all[i].Ranges = append(all[i].Ranges, r)
		}
		return struct{}{}, err
	}, `SELECT institution, kind, prefix FROM institution_range ORDER BY institution, n`); err != nil {
		return err
	}
	fresh := newRoutes(all)
	type ported struct {
		number uint64
		to     lanzha.ID
	}
	moved, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (ported, error) {
		var number, to string
		if err := s.Scan(&number, &to); err != nil {
			return ported{}, err
		}
		n, _ := digits(number) // Port's callers canonicalise
		p := ported{number: n}
		if in := fresh.byID[lanzha.ID(to)]; in != nil {
			p.to = in.ID // one string for all its numbers
		}
		return p, nil
	}, `SELECT number, institution FROM institution_ported WHERE revision > $1`, d.revision)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.routes != nil {
		fresh.ported = d.routes.ported
	}
	for _, p := range moved {
		if p.to == "" {
			delete(fresh.ported, p.number)
		} else {
			fresh.ported[p.number] = p.to
		}
	}
	d.routes, d.revision, d.checked = fresh, revision, at
	return nil
}
