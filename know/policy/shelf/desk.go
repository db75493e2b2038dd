package shelf

import (
	"context"
	"errors"
	"slices"
	"strings"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/know/policy"
)

// takeShipped puts in force what the release brought along under names that
// the centre has not changed. Where the centre has activated a text of its
// own, what is new is proposed as a draft, and what is in force goes on.
func (s *Shelf) takeShipped(ctx context.Context) error {
	known, err := shippedBefore(ctx, s.db.Read())
	if err != nil {
		return err
	}
	type brought struct {
		pack, digest, cases string
		texts               []Text
	}
	fresh := []brought{}
	for _, files := range policy.ShippedFiles() {
		b := brought{}
		for _, f := range files {
			h, err := policy.Head(f)
			if err != nil {
				return lanzha.Internal("shelf.takeShipped", err)
			}
			b.pack = h.Pack
			b.texts = append(b.texts, newText(h.Pack, h.Place, f.Text))
			b.digest += h.Place + string(f.Text)
		}
		cases, _ := policy.ShippedCases(b.pack)
		b.cases = string(cases.Text)
		b.digest = hashOf([]byte(b.digest + b.cases))
		if !known[[2]string{b.pack, b.digest}] {
			fresh = append(fresh, b)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		for _, b := range fresh {
			held, err := hold(ctx, tx, b.pack)
			if err != nil {
				return err
			}
			if first, err := noteShipped(ctx, tx, b.pack, b.digest); err != nil {
				return err
			} else if !first { // another process was faster
				continue
			}
			if err := s.bring(ctx, tx, held, b.pack, b.texts, b.cases); err != nil {
				return err
			}
		}
		return nil
	})
}

// bring takes in what a release brought along for one pack.
func (s *Shelf) bring(ctx context.Context, tx *sqldb.Tx, held lanzha.ID, pack string, texts []Text, cases string) error {
	now := Edition{Pack: pack}
	if held != "" {
		var err error
		if now, err = editionByID(ctx, tx, held); err != nil {
			return err
		}
	}
	changed := slices.DeleteFunc(slices.Clone(texts), func(t Text) bool {
		return slices.ContainsFunc(now.Texts, func(have Text) bool { return have.Place == t.Place && have.SHA == t.SHA })
	})
	if len(changed) == 0 && cases == now.Cases {
		return nil
	}
	if now.Origin != Operator && !slices.ContainsFunc(changed, func(t Text) bool { return counted(now, t) != nil }) {
		// The release's own tests have checked it.
		p, err := compiled(now.Next(changed, cases).Files())
		if err != nil {
			return err
		}
		_, err = s.activate(ctx, tx, now, Draft{Pack: pack, Origin: Release, Texts: changed, Cases: cases}, Check{pack: p}, "")
		return err
	}
	if len(changed) == 0 {
		return nil
	}
	c := check(now, changed, cases)
	d := Draft{
		ID: s.ids.Next(), Version: 1, Pack: pack, Place: changed[0].Place, Region: s.region, Origin: Release, State: Open,
		ProposedAt: s.now(), Problems: int64(len(c.Problems)), Cases: cases, Texts: changed,
	}
	if err := insertDraft(ctx, tx, d); err != nil {
		return err
	}
	return s.note(ctx, tx, "policy.drafted", d, "", map[string]any{"problems": d.Problems})
}

// activate makes an edition of a checked draft and puts it in force, in a
// transaction that holds the pack.
func (s *Shelf) activate(ctx context.Context, tx *sqldb.Tx, now Edition, d Draft, c Check, by lanzha.ID) (Edition, error) {
	next := now.Next(d.Texts, d.Cases)
	next.ID, next.Origin, next.Draft, next.ProposedBy, next.ActivatedBy, next.ActivatedAt = s.ids.Next(), d.Origin, d.ID, d.ProposedBy, by, s.now()
	if by != "" { // what two people of the centre decided on is theirs, whoever wrote it
		next.Origin = Operator
	}
	if err := next.settle(c.pack); err != nil {
		return next, err
	}
	if err := putInForce(ctx, tx, next); err != nil {
		return next, err
	}
	places := map[string]string{}
	for _, t := range next.Texts {
		places[t.Place] = t.Applied
	}
	return next, s.journal.Append(ctx, tx, s.now(), journal.Entry{
		Kind: "policy.activated", Record: next.ID, About: []lanzha.ID{d.ID}, Version: next.Number, Actor: by, Region: s.region,
		Payload: activated{Pack: next.Pack, Edition: next.ID, Draft: d.ID, Version: next.Version, SHA256: next.Base().Applied, Places: places, ProposedBy: d.ProposedBy},
	})
}

// activated is the payload of policy.activated, by which every process learns
// what is in force.
type activated struct {
	Pack       string            `json:"pack"`
	Edition    lanzha.ID         `json:"edition"`
	Draft      lanzha.ID         `json:"draft,omitempty"` // what it was; "" is a release's own
	Version    int               `json:"version"`
	SHA256     string            `json:"sha256"`
	Places     map[string]string `json:"places"` // the hash by place
	ProposedBy lanzha.ID         `json:"proposedBy,omitempty"`
}

// note leaves the journal row of what was done to a draft.
func (s *Shelf) note(ctx context.Context, tx *sqldb.Tx, kind string, d Draft, by lanzha.ID, more map[string]any) error {
	payload := map[string]any{"pack": d.Pack, "places": d.places()}
	for k, v := range more {
		payload[k] = v
	}
	return s.journal.Append(ctx, tx, s.now(), journal.Entry{Kind: kind, Record: d.ID, Version: d.Version, Actor: by, Region: d.Region, Payload: payload})
}

// Proposal is a text as it is handed in.
type Proposal struct {
	Pack  string // what it is for; "" takes the text's word
	Place string // likewise
	Text  string // YAML, of the pack or of an overlay
	Cases string // its tests; "" keeps those in force
	Note  string
}

// read makes a draft's text of what was handed in. A text that cannot be read
// is kept for the pack and place that its author names.
func (p Proposal) read() (Proposal, Text, error) {
	h, err := policy.Head(policy.File{Name: "text", Text: []byte(p.Text)})
	if err != nil {
		if p.Pack == "" || p.Place == "" {
			e, _ := errors.AsType[*lanzha.Error](err)
			return p, Text{}, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "body.text", Message: e.Message, Hint: "mend it, or name pack and place to keep it as a draft with its errors"}
		}
		return p, newText(p.Pack, p.Place, []byte(p.Text)), nil
	}
	if p.Pack != "" && p.Pack != h.Pack {
		return p, Text{}, lanzha.Invalid("body.pack", "the text is of %s, and %s is named", h.Pack, p.Pack)
	}
	if p.Place != "" && p.Place != h.Place {
		return p, Text{}, lanzha.Invalid("body.place", "the text is for %s, and %s is named", h.Place, p.Place)
	}
	p.Pack, p.Place = h.Pack, h.Place
	return p, newText(h.Pack, h.Place, []byte(p.Text)), nil
}

// current is what is in force under a name; the zero edition when nothing is.
func current(ctx context.Context, q sqldb.Queryer, pack string) (Edition, error) {
	e, err := currentEdition(ctx, q, pack)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return Edition{Pack: pack}, nil
	}
	return e, err
}

// Propose keeps a text as a draft, with whatever is wrong with it.
func (s *Shelf) Propose(ctx context.Context, tx *sqldb.Tx, p Proposal, by lanzha.ID) (Draft, error) {
	p, text, err := p.read()
	if err != nil {
		return Draft{}, err
	}
	now, err := current(ctx, tx, p.Pack)
	if err != nil {
		return Draft{}, err
	}
	d := Draft{
		ID: s.ids.Next(), Version: 1, Pack: p.Pack, Place: p.Place, Region: s.regionOf(p.Place), Origin: Operator, State: Open,
		Note: strings.TrimSpace(p.Note), ProposedBy: by, ProposedAt: s.now(), Cases: p.Cases, Texts: []Text{text},
	}
	d.Problems = int64(len(s.checked(now, d.Texts, d.Cases).Problems))
	if err := insertDraft(ctx, tx, d); err != nil {
		return d, err
	}
	return d, s.note(ctx, tx, "policy.drafted", d, by, map[string]any{"problems": d.Problems})
}

// Rewrite replaces the text of a draft for its place; who writes it last
// proposes it.
func (s *Shelf) Rewrite(ctx context.Context, tx *sqldb.Tx, d Draft, p Proposal, by lanzha.ID) (Draft, error) {
	p.Pack, p.Place = d.Pack, d.Place
	p, text, err := p.read()
	if err != nil {
		return d, err
	}
	now, err := current(ctx, tx, d.Pack)
	if err != nil {
		return d, err
	}
	d.Texts = slices.Clone(d.Texts)
	for i := range d.Texts {
		if d.Texts[i].Place == text.Place {
			d.Texts[i] = text
		}
	}
	d.Version++
	d.Note, d.Cases, d.ProposedBy, d.ProposedAt = strings.TrimSpace(p.Note), p.Cases, by, s.now()
	d.Problems = int64(len(s.checked(now, d.Texts, d.Cases).Problems))
	if err := updateDraft(ctx, tx, d); err != nil {
		return d, err
	}
	return d, s.note(ctx, tx, "policy.redrafted", d, by, map[string]any{"problems": d.Problems})
}

// TakeUp makes somebody the proposer of what a release brought along.
func (s *Shelf) TakeUp(ctx context.Context, tx *sqldb.Tx, d Draft, by lanzha.ID) (Draft, error) {
	if d.ProposedBy != "" {
		return d, lanzha.Conflict("this draft has a proposer already")
	}
	d.Version++
	d.ProposedBy, d.ProposedAt = by, s.now()
	if err := updateDraft(ctx, tx, d); err != nil {
		return d, err
	}
	return d, s.note(ctx, tx, "policy.taken_up", d, by, nil)
}

// Withdraw ends a draft without effect.
func (s *Shelf) Withdraw(ctx context.Context, tx *sqldb.Tx, d Draft, reason string, by lanzha.ID) (Draft, error) {
	d.Version++
	d.State, d.Reason, d.DecidedBy, d.DecidedAt = Withdrawn, strings.TrimSpace(reason), by, s.now()
	if err := updateDraft(ctx, tx, d); err != nil {
		return d, err
	}
	return d, s.note(ctx, tx, "policy.withdrawn", d, by, nil)
}

// Activate puts a draft in force; by is another than who proposed it and has
// seen how many comments are open. c is the check against the edition `over`;
// when another was activated meanwhile it is CodeConflict.
func (s *Shelf) Activate(ctx context.Context, tx *sqldb.Tx, d Draft, over Edition, c Check, openComments int64, by lanzha.ID) (Draft, Edition, error) {
	held, err := hold(ctx, tx, d.Pack)
	if err != nil {
		return d, over, err
	}
	if held != over.ID {
		return d, over, lanzha.Conflict("another text of %s was activated meanwhile", d.Pack)
	}
	if err := d.mayActivate(by, openComments, c); err != nil {
		return d, over, err
	}
	next, err := s.activate(ctx, tx, over, d, c, by)
	if err != nil {
		return d, next, err
	}
	d.Version++
	d.State, d.DecidedBy, d.DecidedAt, d.Edition = Activated, by, s.now(), next.ID
	return d, next, updateDraft(ctx, tx, d)
}

// Say adds a comment to an open draft.
func (s *Shelf) Say(ctx context.Context, tx *sqldb.Tx, d Draft, row, text string, by, institution lanzha.ID) (Comment, error) {
	if d.State != Open {
		return Comment{}, lanzha.Conflict("the draft is %s already", d.State)
	}
	c := Comment{ID: s.ids.Next(), Draft: d.ID, DraftVersion: d.Version, Row: row, Text: strings.TrimSpace(text), By: by, Institution: institution, At: s.now()}
	if err := insertComment(ctx, tx, c); err != nil {
		return c, err
	}
	return c, s.note(ctx, tx, "policy.commented", d, by, map[string]any{"comment": c.ID, "row": row})
}

// Answer answers a comment.
func (s *Shelf) Answer(ctx context.Context, tx *sqldb.Tx, d Draft, id lanzha.ID, accepted bool, text string, by lanzha.ID) (Comment, error) {
	c, err := commentByID(ctx, tx, d.ID, id)
	if err != nil {
		return c, err
	}
	if c, err = c.answer(accepted, text, by, s.now()); err != nil {
		return c, err
	}
	if err := answerComment(ctx, tx, c); err != nil {
		return c, err
	}
	return c, s.note(ctx, tx, "policy.answered", d, by, map[string]any{"comment": c.ID, "accepted": accepted})
}
