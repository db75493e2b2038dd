package shelf

import (
	"context"
	"embed"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/know/policy"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of packs, drafts and comments.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "policy", Files: files} }

// keepText stores a text whole; one that is there already stays.
func keepText(ctx context.Context, tx *sqldb.Tx, t Text) error {
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO policy_text (sha256, name, text) VALUES ($1, $2, $3) ON CONFLICT (sha256) DO NOTHING`, t.SHA, t.File.Name, t.File.Text)
	return err
}

const editionColumns = `e.id, e.pack, e.number, e.version, e.origin, e.draft, e.proposed_by, e.activated_by, e.activated_at, e.cases`

func scanEdition(s sqldb.Scanner) (Edition, error) {
	var e Edition
	var version int64
	var at lanzha.Micros
	err := s.Scan(&e.ID, &e.Pack, &e.Number, &version, &e.Origin, &e.Draft, &e.ProposedBy, &e.ActivatedBy, &at, &e.Cases)
	e.Version, e.ActivatedAt = int(version), at.Time()
	return e, err
}

// ownedText is a text and the edition or draft that it belongs to.
type ownedText struct {
	owner lanzha.ID
	text  Text
}

func scanText(s sqldb.Scanner) (ownedText, error) {
	var o ownedText
	err := s.Scan(&o.owner, &o.text.Place, &o.text.SHA, &o.text.Applied, &o.text.File.Text)
	return o, err
}

// withTexts gives editions their texts, from wide to narrow.
func withTexts(ctx context.Context, q sqldb.Queryer, all []Edition, where string, args ...any) ([]Edition, error) {
	texts, err := sqldb.All(ctx, q, scanText, `SELECT p.edition, p.place, p.sha256, p.applied, t.text
		FROM policy_edition_text p JOIN policy_text t ON t.sha256 = p.sha256 JOIN policy_edition e ON e.id = p.edition
		WHERE `+where+` ORDER BY p.edition, CASE WHEN p.place = 'nation' THEN 0 ELSE length(p.place) END, p.place`, args...)
	if err != nil {
		return nil, err
	}
	at := map[lanzha.ID]int{}
	for i, e := range all {
		at[e.ID] = i
	}
	for _, o := range texts {
		if i, ok := at[o.owner]; ok {
			o.text.File.Name = fileName(all[i].Pack, o.text.Place)
			if len(all[i].Texts) == 0 { // a pack's own text, whatever its place
				o.text.File.Name = all[i].Pack + ".yaml"
			}
			all[i].Texts = append(all[i].Texts, o.text)
		}
	}
	return all, nil
}

// editions reads all that was ever in force, the oldest first; pack "" is all
// packs.
func editions(ctx context.Context, q sqldb.Queryer, pack string) ([]Edition, error) {
	where, args := "TRUE", []any{}
	if pack != "" {
		where, args = "e.pack = $1", []any{pack}
	}
	all, err := sqldb.All(ctx, q, scanEdition, `SELECT `+editionColumns+` FROM policy_edition e WHERE `+where+` ORDER BY e.pack, e.number`, args...)
	if err != nil {
		return nil, err
	}
	return withTexts(ctx, q, all, where, args...)
}

func oneEdition(ctx context.Context, q sqldb.Queryer, where string, args ...any) (Edition, error) {
	e, err := sqldb.One(ctx, q, "text", scanEdition, `SELECT `+editionColumns+` FROM policy_edition e WHERE `+where+` ORDER BY e.number LIMIT 1`, args...)
	if err != nil {
		return e, err
	}
	all, err := withTexts(ctx, q, []Edition{e}, "e.id = $1", string(e.ID))
	if err != nil {
		return e, err
	}
	return all[0], nil
}

func editionByID(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Edition, error) {
	return oneEdition(ctx, q, "e.id = $1", string(id))
}

// currentEdition is what is in force under a name; CodeNotFound when nothing is.
func currentEdition(ctx context.Context, q sqldb.Queryer, pack string) (Edition, error) {
	e, err := oneEdition(ctx, q, "e.id = (SELECT edition FROM policy_pack WHERE name = $1)", pack)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return e, &lanzha.Error{Code: lanzha.CodeNotFound, Field: "path.name", Message: "there is no such pack", Hint: "GET /api/v1/policy/packs lists them"}
	}
	return e, err
}

// editionOf is the first edition in which decisions of some place name a hash,
// and the place.
func editionOf(ctx context.Context, q sqldb.Queryer, applied string) (Edition, string, error) {
	type found struct {
		id    lanzha.ID
		place string
	}
	f, err := sqldb.One(ctx, q, "text", func(s sqldb.Scanner) (f found, err error) { return f, s.Scan(&f.id, &f.place) },
		`SELECT p.edition, p.place FROM policy_edition_text p JOIN policy_edition e ON e.id = p.edition WHERE p.applied = $1 ORDER BY e.number LIMIT 1`, applied)
	if err != nil {
		if lanzha.CodeOf(err) == lanzha.CodeNotFound {
			err = &lanzha.Error{Code: lanzha.CodeNotFound, Field: "sha256", Message: "no text with this hash was ever in force here", Hint: "a decision names the hash of the text that it was made by"}
		}
		return Edition{}, "", err
	}
	e, err := editionByID(ctx, q, f.id)
	return e, f.place, err
}

// currentEditions is which edition is in force of every pack.
func currentEditions(ctx context.Context, q sqldb.Queryer) (map[string]lanzha.ID, error) {
	out := map[string]lanzha.ID{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (struct{}, error) {
		var name string
		var id lanzha.ID
		err := s.Scan(&name, &id)
		out[name] = id
		return struct{}{}, err
	}, `SELECT name, edition FROM policy_pack WHERE edition <> '' ORDER BY name`)
	return out, err
}

// hold keeps a pack's place for this transaction, and says what is in force.
func hold(ctx context.Context, tx *sqldb.Tx, pack string) (lanzha.ID, error) {
	if _, err := sqldb.Exec(ctx, tx, `INSERT INTO policy_pack (name, edition) VALUES ($1, '') ON CONFLICT (name) DO NOTHING`, pack); err != nil {
		return "", err
	}
	return sqldb.One(ctx, tx, "pack", sqldb.Value[lanzha.ID], `SELECT edition FROM policy_pack WHERE name = $1`+tx.ForUpdate(), pack)
}

// putInForce stores an edition and makes it the current one. The caller holds
// the pack.
func putInForce(ctx context.Context, tx *sqldb.Tx, e Edition) error {
	if _, err := sqldb.Exec(ctx, tx, `INSERT INTO policy_edition (id, pack, number, version, origin, draft, proposed_by, activated_by, activated_at, cases)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		string(e.ID), e.Pack, e.Number, int64(e.Version), string(e.Origin), string(e.Draft), string(e.ProposedBy), string(e.ActivatedBy), int64(lanzha.At(e.ActivatedAt)), e.Cases); err != nil {
		return err
	}
	for _, t := range e.Texts {
		if err := keepText(ctx, tx, t); err != nil {
			return err
		}
		if _, err := sqldb.Exec(ctx, tx, `INSERT INTO policy_edition_text (edition, place, sha256, applied) VALUES ($1, $2, $3, $4)`, string(e.ID), t.Place, t.SHA, t.Applied); err != nil {
			return err
		}
	}
	_, err := sqldb.Exec(ctx, tx, `UPDATE policy_pack SET edition = $1 WHERE name = $2`, string(e.ID), e.Pack)
	return err
}

// shippedBefore lists the digests of what releases have brought along, by pack.
func shippedBefore(ctx context.Context, q sqldb.Queryer) (map[[2]string]bool, error) {
	out := map[[2]string]bool{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (struct{}, error) {
		var k [2]string
		err := s.Scan(&k[0], &k[1])
		out[k] = true
		return struct{}{}, err
	}, `SELECT pack, digest FROM policy_shipped`)
	return out, err
}

// noteShipped remembers what a release brought along; false says that it was
// known.
func noteShipped(ctx context.Context, tx *sqldb.Tx, pack, digest string) (bool, error) {
	n, err := sqldb.Exec(ctx, tx, `INSERT INTO policy_shipped (pack, digest) VALUES ($1, $2) ON CONFLICT (pack, digest) DO NOTHING`, pack, digest)
	return n == 1, err
}

const draftColumns = `d.id, d.version, d.pack, d.place, d.region, d.origin, d.state, d.note, d.proposed_by, d.proposed_at, d.problems, d.cases, d.decided_by, d.decided_at, d.reason, d.edition`

const openComments = `(SELECT count(*) FROM policy_comment c WHERE c.draft = d.id AND c.answered_by = '')`

func scanDraft(s sqldb.Scanner) (Draft, error) {
	var d Draft
	var proposed, decided lanzha.Micros
	err := s.Scan(&d.ID, &d.Version, &d.Pack, &d.Place, &d.Region, &d.Origin, &d.State, &d.Note, &d.ProposedBy, &proposed, &d.Problems, &d.Cases, &d.DecidedBy, &decided, &d.Reason, &d.Edition, &d.OpenComments)
	d.ProposedAt, d.DecidedAt = proposed.Time(), decided.Time()
	return d, err
}

// draftByID reads a draft with its texts. In a transaction it is kept from
// others until the end.
func draftByID(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Draft, error) {
	lock := ""
	if tx, ok := q.(*sqldb.Tx); ok {
		lock = tx.ForUpdate()
	}
	d, err := sqldb.One(ctx, q, "draft", scanDraft, `SELECT `+draftColumns+`, `+openComments+` FROM policy_draft d WHERE d.id = $1`+lock, string(id))
	if err != nil {
		return d, err
	}
	texts, err := sqldb.All(ctx, q, scanText, `SELECT p.draft, p.place, p.sha256, '', t.text
		FROM policy_draft_text p JOIN policy_text t ON t.sha256 = p.sha256 WHERE p.draft = $1 ORDER BY p.place`, string(id))
	for _, o := range texts {
		o.text.File = policy.File{Name: fileName(d.Pack, o.text.Place), Text: o.text.File.Text}
		d.Texts = append(d.Texts, o.text)
	}
	return d, err
}

// DraftFilter narrows a list of drafts; empty fields do not.
type DraftFilter struct {
	Pack  string
	State State
	After lanzha.ID // drafts older than this one
	Limit int
}

// listDrafts reads drafts without their texts, the newest first.
func listDrafts(ctx context.Context, q sqldb.Queryer, f DraftFilter) ([]Draft, error) {
	var where sqldb.Where
	if f.Pack != "" {
		where.And("d.pack = ?", f.Pack)
	}
	if f.State != "" {
		where.And("d.state = ?", string(f.State))
	}
	if f.After != "" {
		where.And("d.id < ?", string(f.After))
	}
	limit := where.Arg(f.Limit)
	return sqldb.All(ctx, q, scanDraft, `SELECT `+draftColumns+`, `+openComments+` FROM policy_draft d WHERE `+where.String()+` ORDER BY d.id DESC LIMIT `+limit, where.Args()...)
}

// countDrafts counts the open drafts of each pack.
func countDrafts(ctx context.Context, q sqldb.Queryer) (map[string]int64, error) {
	out := map[string]int64{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (struct{}, error) {
		var pack string
		var n int64
		err := s.Scan(&pack, &n)
		out[pack] = n
		return struct{}{}, err
	}, `SELECT pack, count(*) FROM policy_draft WHERE state = 'open' GROUP BY pack`)
	return out, err
}

func insertDraft(ctx context.Context, tx *sqldb.Tx, d Draft) error {
	if _, err := sqldb.Exec(ctx, tx, `INSERT INTO policy_draft (id, version, pack, place, region, origin, state, note, proposed_by, proposed_at, problems, cases, decided_by, decided_at, reason, edition)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', 0, '', '')`,
		string(d.ID), d.Version, d.Pack, d.Place, string(d.Region), string(d.Origin), string(d.State), d.Note, string(d.ProposedBy), int64(lanzha.At(d.ProposedAt)), d.Problems, d.Cases); err != nil {
		return err
	}
	return insertDraftTexts(ctx, tx, d)
}

func insertDraftTexts(ctx context.Context, tx *sqldb.Tx, d Draft) error {
	for _, t := range d.Texts {
		if err := keepText(ctx, tx, t); err != nil {
			return err
		}
		if _, err := sqldb.Exec(ctx, tx, `INSERT INTO policy_draft_text (draft, place, sha256) VALUES ($1, $2, $3)`, string(d.ID), t.Place, t.SHA); err != nil {
			return err
		}
	}
	return nil
}

// updateDraft writes a draft whose stored version is one less.
func updateDraft(ctx context.Context, tx *sqldb.Tx, d Draft) error {
	n, err := sqldb.Exec(ctx, tx, `UPDATE policy_draft SET version = $1, state = $2, note = $3, proposed_by = $4, proposed_at = $5, problems = $6, cases = $7,
		decided_by = $8, decided_at = $9, reason = $10, edition = $11 WHERE id = $12 AND version = $13`,
		d.Version, string(d.State), d.Note, string(d.ProposedBy), int64(lanzha.At(d.ProposedAt)), d.Problems, d.Cases,
		string(d.DecidedBy), int64(lanzha.At(d.DecidedAt)), d.Reason, string(d.Edition), string(d.ID), d.Version-1)
	if err == nil && n == 0 {
		return lanzha.Conflict("somebody changed this draft before you")
	}
	if err != nil || d.State != Open {
		return err
	}
	if _, err := sqldb.Exec(ctx, tx, `DELETE FROM policy_draft_text WHERE draft = $1`, string(d.ID)); err != nil {
		return err
	}
	return insertDraftTexts(ctx, tx, d)
}

const commentColumns = `id, draft, draft_version, row_id, text, by_account, institution, at, accepted, answer, answered_by, answered_at`

func scanComment(s sqldb.Scanner) (Comment, error) {
	var c Comment
	var at, answered lanzha.Micros
	err := s.Scan(&c.ID, &c.Draft, &c.DraftVersion, &c.Row, &c.Text, &c.By, &c.Institution, &at, &c.Accepted, &c.Answer, &c.AnsweredBy, &answered)
	c.At, c.AnsweredAt = at.Time(), answered.Time()
	return c, err
}

func listComments(ctx context.Context, q sqldb.Queryer, draft lanzha.ID) ([]Comment, error) {
	return sqldb.All(ctx, q, scanComment, `SELECT `+commentColumns+` FROM policy_comment WHERE draft = $1 ORDER BY id`, string(draft))
}

func commentByID(ctx context.Context, tx *sqldb.Tx, draft, id lanzha.ID) (Comment, error) {
	return sqldb.One(ctx, tx, "comment", scanComment, `SELECT `+commentColumns+` FROM policy_comment WHERE id = $1 AND draft = $2`+tx.ForUpdate(), string(id), string(draft))
}

func insertComment(ctx context.Context, tx *sqldb.Tx, c Comment) error {
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO policy_comment (`+commentColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, FALSE, '', '', 0)`,
		string(c.ID), string(c.Draft), c.DraftVersion, c.Row, c.Text, string(c.By), string(c.Institution), int64(lanzha.At(c.At)))
	return err
}

func answerComment(ctx context.Context, tx *sqldb.Tx, c Comment) error {
	_, err := sqldb.Exec(ctx, tx, `UPDATE policy_comment SET accepted = $1, answer = $2, answered_by = $3, answered_at = $4 WHERE id = $5`,
		c.Accepted, c.Answer, string(c.AnsweredBy), int64(lanzha.At(c.AnsweredAt)), string(c.ID))
	return err
}
