package register

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of subjects, proposals and listings.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "register", Files: files} }

// Store keeps subjects, proposals and listings. Personal fields go through the
// vault.
type Store struct {
	vault *vault.Vault
}

// NewStore makes a store over a vault.
func NewStore(v *vault.Vault) *Store { return &Store{vault: v} }

func field(table, column string, row lanzha.ID) vault.Field {
	return vault.Field{Table: table, Column: column, Row: row}
}

// newest is the blind index to store; "" of the empty value.
func (s *Store) newest(value string) string {
	if all := s.vault.Index(value); len(all) > 0 {
		return all[0]
	}
	return ""
}

const subjectColumns = `id, kind, number_kind, name, number, created_at, erased_at`

func (s *Store) scanSubject(row sqldb.Scanner) (Subject, error) {
	var out Subject
	var name, number string
	var created, erased lanzha.Micros
	if err := row.Scan(&out.ID, &out.Kind, &out.NumberKind, &name, &number, &created, &erased); err != nil {
		return out, err
	}
	out.CreatedAt, out.ErasedAt = created.Time(), erased.Time()
	var err error
	if out.Name, err = s.vault.Unseal(field("register_subject", "name", out.ID), name); err != nil {
		return out, err
	}
	out.Number, err = s.vault.Unseal(field("register_subject", "number", out.ID), number)
	return out, err
}

// InsertSubject adds a subject.
func (s *Store) InsertSubject(ctx context.Context, tx *sqldb.Tx, in Subject) error {
	name, err := s.vault.Seal(field("register_subject", "name", in.ID), in.Name)
	if err != nil {
		return err
	}
	number, err := s.vault.Seal(field("register_subject", "number", in.ID), in.Number)
	if err != nil {
		return err
	}
	_, err = sqldb.Exec(ctx, tx, `INSERT INTO register_subject (id, kind, number_kind, name, number, number_index, name_index, created_at, erased_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
		string(in.ID), string(in.Kind), string(in.NumberKind), name, number, s.newest(in.Number), s.newest(in.Name), int64(lanzha.At(in.CreatedAt)))
	return err
}

// Rename corrects a subject's name.
func (s *Store) Rename(ctx context.Context, tx *sqldb.Tx, in Subject) error {
	name, err := s.vault.Seal(field("register_subject", "name", in.ID), in.Name)
	if err != nil {
		return err
	}
	_, err = sqldb.Exec(ctx, tx, `UPDATE register_subject SET name = $1, name_index = $2 WHERE id = $3 AND erased_at = 0`, name, s.newest(in.Name), string(in.ID))
	return err
}

// Subject reads a subject.
func (s *Store) Subject(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Subject, error) {
	return sqldb.One(ctx, q, "subject", s.scanSubject, `SELECT `+subjectColumns+` FROM register_subject WHERE id = $1`, string(id))
}

// HoldSubject reads a subject and keeps every other writer from it until tx
// ends: what is added up is added up by one at a time.
func (s *Store) HoldSubject(ctx context.Context, tx *sqldb.Tx, id lanzha.ID) (Subject, error) {
	return sqldb.One(ctx, tx, "subject", s.scanSubject, `SELECT `+subjectColumns+` FROM register_subject WHERE id = $1`+tx.ForUpdate(), string(id))
}

// FindSubject finds a subject by its number, under any generation of keys.
func (s *Store) FindSubject(ctx context.Context, q sqldb.Queryer, number string) (Subject, error) {
	list, args := places(s.vault.Index(CanonicalNumber(number)))
	if len(args) == 0 {
		return Subject{}, lanzha.NotFound("subject")
	}
	return sqldb.One(ctx, q, "subject", s.scanSubject, `SELECT `+subjectColumns+` FROM register_subject WHERE number_index IN (`+list+`) AND number_index <> ''`, args...)
}

// Indexes are the blind indexes of a subject's number and name; "" once erased.
func (s *Store) Indexes(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (number, name string, err error) {
	pair, err := sqldb.One(ctx, q, "subject", func(row sqldb.Scanner) (p [2]string, err error) { return p, row.Scan(&p[0], &p[1]) },
		`SELECT number_index, name_index FROM register_subject WHERE id = $1`, string(id))
	return pair[0], pair[1], err
}

func places(values []string) (string, []any) {
	list, args := make([]string, len(values)), make([]any, len(values))
	for i, v := range values {
		list[i], args[i] = fmt.Sprintf("$%d", i+1), v
	}
	return strings.Join(list, ", "), args
}

const listingColumns = `id, version, subject, subject_kind, province, city, district, proposal, pack, pack_version, pack_sha, class, grounds, measures, keeps, term_months, cap_months,
	decided_on, start_on, from_on, until_on, capped, document_no, proposed_by, decided_by, made_at, lifted_at, lifted_by, lift_ground, lift_reason, erased_at`

// listings are the rows that listingColumns are read from.
const listings = ` FROM listing JOIN listing_law ON sha = law`

func (s *Store) scanListing(row sqldb.Scanner) (Listing, error) {
	var l Listing
	var province, city, district lanzha.Region
	var grounds, measures, keeps, reason string
	var made, lifted, erased lanzha.Micros
	if err := row.Scan(&l.ID, &l.Version, &l.Subject, &l.Kind, &province, &city, &district, &l.Proposal, &l.Pack.Name, &l.Pack.Version, &l.Pack.SHA256, &l.Class,
		&grounds, &measures, &keeps, &l.TermMonths, &l.CapMonths, &l.DecidedOn, &l.Start, &l.Span.From, &l.Span.Until, &l.Span.Capped, &l.DocumentNo, &l.ProposedBy,
		&l.DecidedBy, &made, &lifted, &l.LiftedBy, &l.LiftGround, &reason, &erased); err != nil {
		return l, err
	}
	l.Region = deepest(province, city, district)
	l.MadeAt, l.LiftedAt, l.ErasedAt = made.Time(), lifted.Time(), erased.Time()
	for _, part := range []struct {
		text string
		into any
	}{{grounds, &l.Grounds}, {measures, &l.Measures}, {keeps, &l.Keeps}} {
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return l, lanzha.Internal("register.scanListing", err)
		}
	}
	var err error
	l.LiftReason, err = s.vault.Unseal(field("listing", "lift_reason", l.ID), reason)
	return l, err
}

func deepest(levels ...lanzha.Region) lanzha.Region {
	for i := len(levels) - 1; i >= 0; i-- {
		if levels[i] != "" {
			return levels[i]
		}
	}
	return ""
}

// jsonOf is a value as its column keeps it.
func jsonOf(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", lanzha.Internal("register.jsonOf", err)
	}
	return string(text), nil
}

// lawOf names what a listing binds to and leaves open by its text.
func lawOf(measures, keeps string) string {
	sum := sha256.Sum256([]byte(measures + "\n" + keeps))
	return hex.EncodeToString(sum[:])
}

// Law reads the measures and what stays open of all listings that share them.
func (s *Store) Law(ctx context.Context, q sqldb.Queryer, law string) (measures []Measure, keeps []Kept, err error) {
	_, err = sqldb.One(ctx, q, "law", func(row sqldb.Scanner) (bool, error) {
		var m, k string
		if err := row.Scan(&m, &k); err != nil {
			return false, err
		}
		return true, errors.Join(json.Unmarshal([]byte(m), &measures), json.Unmarshal([]byte(k), &keeps))
	}, `SELECT measures, keeps FROM listing_law WHERE sha = $1`, law)
	return measures, keeps, err
}

// InsertListing adds a listing.
func (s *Store) InsertListing(ctx context.Context, tx *sqldb.Tx, l Listing) error {
	grounds, err := jsonOf(l.Grounds)
	if err != nil {
		return err
	}
	measures, err := jsonOf(l.Measures)
	if err != nil {
		return err
	}
	keeps, err := jsonOf(l.Keeps)
	if err != nil {
		return err
	}
	law := lawOf(measures, keeps)
	if err := sqldb.Later(ctx, tx, `INSERT INTO listing_law (sha, measures, keeps) VALUES ($1, $2, $3) ON CONFLICT (sha) DO NOTHING`, law, measures, keeps); err != nil {
		return err
	}
	_, err = sqldb.Exec(ctx, tx, `INSERT INTO listing (`+strings.Replace(listingColumns, "measures, keeps", "law", 1)+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, 0, '', '', '', 0)`,
		string(l.ID), l.Version, string(l.Subject), string(l.Kind), string(l.Region.Province()), string(l.Region.City()), string(l.Region.District()), string(l.Proposal),
		l.Pack.Name, l.Pack.Version, l.Pack.SHA256, string(l.Class), grounds, law, l.TermMonths, l.CapMonths, string(l.DecidedOn), string(l.Start),
		string(l.Span.From), string(l.Span.Until), l.Span.Capped, l.DocumentNo, string(l.ProposedBy), string(l.DecidedBy), int64(lanzha.At(l.MadeAt)))
	return err
}

// UpdateListing writes what can change, where the stored version is one less.
func (s *Store) UpdateListing(ctx context.Context, tx *sqldb.Tx, l Listing) error {
	reason, err := s.vault.Seal(field("listing", "lift_reason", l.ID), l.LiftReason)
	if err != nil {
		return err
	}
	n, err := sqldb.Exec(ctx, tx, `UPDATE listing SET version = $1, start_on = $2, from_on = $3, until_on = $4, capped = $5,
			lifted_at = $6, lifted_by = $7, lift_ground = $8, lift_reason = $9, erased_at = $10 WHERE id = $11 AND version = $12`,
		l.Version, string(l.Start), string(l.Span.From), string(l.Span.Until), l.Span.Capped,
		int64(lanzha.At(l.LiftedAt)), string(l.LiftedBy), string(l.LiftGround), reason, int64(lanzha.At(l.ErasedAt)), string(l.ID), l.Version-1)
	if err == nil && n == 0 {
		return lanzha.Conflict("somebody changed this listing before you")
	}
	return err
}

// Listing reads a listing.
func (s *Store) Listing(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Listing, error) {
	return sqldb.One(ctx, q, "listing", s.scanListing, `SELECT `+listingColumns+listings+` WHERE id = $1`, string(id))
}

// ListingsOf reads all listings of a subject, the oldest first.
func (s *Store) ListingsOf(ctx context.Context, q sqldb.Queryer, subject lanzha.ID) ([]Listing, error) {
	return sqldb.All(ctx, q, s.scanListing, `SELECT `+listingColumns+listings+` WHERE subject = $1 ORDER BY id`, string(subject))
}

// Filter narrows Listings; empty fields do not.
type Filter struct {
	Region     lanzha.Region
	State      State
	Class      Class
	EndsBefore Day // those whose end is known and lies before this day
	Today      Day
	After      *Key // rows behind this one
	Limit      int
}

// Key is the place of a listing in a list: its day or instant, where the list
// goes by one, and its ID.
type Key struct {
	Day Day           `json:"day,omitempty"`
	At  lanzha.Micros `json:"at,omitempty"`
	ID  lanzha.ID     `json:"id"`
}

// order is how a list goes, so that an index leads to its rows: those that are
// rare in a register of millions are not looked for among the others.
type order int

const (
	newestFirst order = iota
	firstToEnd
	firstToStart
	lastLifted
)

func (f Filter) order() order {
	switch {
	case f.State == Lifted:
		return lastLifted
	case f.State == Upcoming:
		return firstToStart
	case f.State == Ended, f.EndsBefore != "":
		return firstToEnd
	}
	return newestFirst
}

// KeyOf is the place of a listing in this list.
func (f Filter) KeyOf(l Listing) Key {
	switch f.order() {
	case firstToEnd:
		return Key{Day: l.Span.Until, ID: l.ID}
	case firstToStart:
		return Key{Day: l.Span.From, ID: l.ID}
	case lastLifted:
		return Key{At: lanzha.At(l.LiftedAt), ID: l.ID}
	case newestFirst:
	}
	return Key{ID: l.ID}
}

// Listings reads a page of the register.
func (s *Store) Listings(ctx context.Context, q sqldb.Queryer, f Filter) ([]Listing, error) {
	var where sqldb.Where
	where.Region(f.Region)
	if f.Class != "" {
		where.And("class = ?", string(f.Class))
	}
	today := string(f.Today)
	switch f.State {
	case "":
	case Lifted:
		where.And("lifted_at > 0")
	case Pending:
		where.And("from_on = '' AND lifted_at = 0")
	case Upcoming:
		where.And("from_on > ? AND lifted_at = 0", today)
	case Running:
		where.And("from_on <> '' AND from_on || '' <= ? AND lifted_at = 0", today)
		if f.order() == firstToEnd {
			where.And("until_on > ?", today)
		} else {
			// Most of a register runs: the order by age finds a page at once, and
			// an index by days would only lead away from it.
			where.And("until_on || '' > ?", today)
		}
	case Ended:
		where.And("until_on <> '' AND until_on <= ? AND lifted_at = 0", today)
	}
	if f.EndsBefore != "" {
		where.And("until_on <> '' AND until_on < ?", string(f.EndsBefore))
	}
	by, after := "id DESC", Key{}
	if f.After != nil {
		after = *f.After
	}
	switch f.order() {
	case newestFirst:
		if f.After != nil {
			where.And("id < ?", string(after.ID))
		}
	case firstToEnd:
		if by = "until_on, id"; f.After != nil {
			where.And("(until_on, id) > (?, ?)", string(after.Day), string(after.ID))
		}
	case firstToStart:
		if by = "from_on, id"; f.After != nil {
			where.And("(from_on, id) > (?, ?)", string(after.Day), string(after.ID))
		}
	case lastLifted:
		if by = "lifted_at DESC, id DESC"; f.After != nil {
			where.And("(lifted_at, id) < (?, ?)", int64(after.At), string(after.ID))
		}
	}
	limit := where.Arg(f.Limit)
	// A list carries no payloads: what its listings bind to is not read.
	columns := strings.Replace(listingColumns, "measures, keeps", "'[]', '[]'", 1)
	return sqldb.All(ctx, q, s.scanListing, `SELECT `+columns+` FROM listing WHERE `+where.String()+` ORDER BY `+by+` LIMIT `+limit, where.Args()...)
}

// Current is what a check needs of a listing that may still bind.
type Current struct {
	Listing lanzha.ID
	Index   string // blind, of the subject's number
	Name    string // blind, of the subject's name
	Span    Span
	Law     string // what Store.Law reads; most listings share it
}

const current = `SELECT l.id, s.number_index, s.name_index, l.from_on, l.until_on, l.law FROM listing l JOIN register_subject s ON s.id = l.subject
	WHERE l.lifted_at = 0 AND l.erased_at = 0`

func scanCurrent(row sqldb.Scanner) (Current, error) {
	var c Current
	err := row.Scan(&c.Listing, &c.Index, &c.Name, &c.Span.From, &c.Span.Until, &c.Law)
	return c, err
}

// Current reads a listing as a check needs it; one that was lifted or erased
// is CodeNotFound.
func (s *Store) Current(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Current, error) {
	return sqldb.One(ctx, q, "listing", scanCurrent, current+` AND l.id = $1`, string(id))
}

// EachCurrent hands over every listing that may still bind on a day or later,
// in no order, as one query streams them; it ends with the first error of fn.
func (s *Store) EachCurrent(ctx context.Context, q sqldb.Queryer, today Day, fn func(Current) error) error {
	rows, err := q.QueryContext(ctx, current+` AND (l.until_on = '' OR l.until_on > $1)`, string(today))
	if err != nil {
		return lanzha.Internal("register.EachCurrent", err)
	}
	defer rows.Close()
	for rows.Next() {
		c, err := scanCurrent(rows)
		if err != nil {
			return lanzha.Internal("register.EachCurrent", err)
		}
		if err := fn(c); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return lanzha.Internal("register.EachCurrent", err)
	}
	return nil
}
