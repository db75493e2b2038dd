package shelf

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/know/policy"
)

// DraftSummary is a draft in a list.
type DraftSummary struct {
	ID           lanzha.ID     `json:"id"`
	Version      int64         `json:"version"`
	Pack         string        `json:"pack"`
	Place        string        `json:"place" doc:"whose rules it is: nation or a division code"`
	Region       lanzha.Region `json:"region" doc:"whose editors and leaders decide on it"`
	Origin       Origin        `json:"origin" enum:"release,operator"`
	State        State         `json:"state" enum:"open,activated,withdrawn"`
	Note         string        `json:"note"`
	ProposedBy   lanzha.ID     `json:"proposedBy" doc:"empty is a release that nobody has taken up"`
	ProposedAt   time.Time     `json:"proposedAt"`
	Problems     int64         `json:"problems" doc:"errors found when it was last written"`
	OpenComments int64         `json:"openComments"`
	DecidedBy    lanzha.ID     `json:"decidedBy"`
	DecidedAt    *time.Time    `json:"decidedAt,omitempty"`
	Reason       string        `json:"reason" doc:"of a withdrawal"`
	Edition      lanzha.ID     `json:"edition" doc:"the activation that it became"`
}

// CommentBody is a comment with its answer.
type CommentBody struct {
	ID           lanzha.ID  `json:"id"`
	DraftVersion int64      `json:"draftVersion" doc:"the text that was commented on"`
	Row          string     `json:"row" doc:"empty is the draft as a whole"`
	Text         string     `json:"text"`
	By           lanzha.ID  `json:"by"`
	Institution  lanzha.ID  `json:"institution" doc:"of whom it speaks; empty is the centre"`
	At           time.Time  `json:"at"`
	Accepted     bool       `json:"accepted"`
	Answer       string     `json:"answer"`
	AnsweredBy   lanzha.ID  `json:"answeredBy" doc:"empty while it is open"`
	AnsweredAt   *time.Time `json:"answeredAt,omitempty"`
}

// DraftBody is a draft with what was found in it and said of it.
type DraftBody struct {
	DraftSummary
	Files    []FileBody      `json:"files"`
	Cases    string          `json:"cases" doc:"its tests; empty keeps those in force"`
	Check    Check           `json:"check"`
	Changes  []policy.Change `json:"changes" doc:"how it differs from what is in force"`
	View     *policy.View    `json:"view,omitempty" doc:"what would be in force; left out when the text cannot be read"`
	Comments []CommentBody   `json:"comments"`
}

// NewDraft is a text as it is handed in.
type NewDraft struct {
	Pack  string `json:"pack,omitempty" maxLength:"100" doc:"left out, as the text says"`
	Place string `json:"place,omitempty" maxLength:"6" doc:"left out, as the text says"`
	Text  string `json:"text" minLength:"1" maxLength:"1000000" doc:"YAML of a pack, or of an overlay for a place"`
	Cases string `json:"cases,omitempty" maxLength:"1000000" doc:"its tests, as YAML; left out, those in force"`
	Note  string `json:"note,omitempty" maxLength:"1000" doc:"what it is for"`
}

// NewValues are values for parameters that the law leaves open.
type NewValues struct {
	Pack   string  `json:"pack" minLength:"1" maxLength:"100"`
	Place  string  `json:"place" minLength:"2" maxLength:"6" doc:"the division for which they hold"`
	Values []Value `json:"values" minItems:"1" maxItems:"50"`
	Note   string  `json:"note,omitempty" maxLength:"1000"`
}

func (d Draft) resource() auth.Resource {
	return auth.Resource{Type: "draft", ID: d.ID, Region: d.Region, RequestedBy: d.ProposedBy}
}

func summaryOf(d Draft) DraftSummary {
	return DraftSummary{
		ID: d.ID, Version: d.Version, Pack: d.Pack, Place: d.Place, Region: d.Region, Origin: d.Origin, State: d.State, Note: d.Note, ProposedBy: d.ProposedBy, ProposedAt: d.ProposedAt,
		Problems: d.Problems, OpenComments: d.OpenComments, DecidedBy: d.DecidedBy, DecidedAt: given(d.DecidedAt), Reason: d.Reason, Edition: d.Edition,
	}
}

func commentOf(c Comment) CommentBody {
	return CommentBody{
		ID: c.ID, DraftVersion: c.DraftVersion, Row: c.Row, Text: c.Text, By: c.By, Institution: c.Institution, At: c.At, Accepted: c.Accepted, Answer: c.Answer,
		AnsweredBy: c.AnsweredBy, AnsweredAt: given(c.AnsweredAt),
	}
}

func given(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// inBody says of a wrong input that it stands in a part of the body.
func inBody(err error, part string) error {
	e, ok := errors.AsType[*lanzha.Error](err)
	if !ok || e.Field == "" || strings.HasPrefix(e.Field, "body.") {
		return err
	}
	moved := *e
	moved.Field = "body." + strings.TrimSuffix(part+"."+e.Field, "."+part)
	return &moved
}

// place reads a place as it is handed in; "" is none.
func place(text string) (string, error) {
	if text == "" || text == Nation {
		return text, nil
	}
	r := lanzha.Region(text + strings.Repeat("0", max(0, 6-len(text))))
	if len(text)%2 != 0 || !r.Valid() {
		return "", lanzha.Invalid("body.place", "a place is nation or a division code of two, four or six digits")
	}
	return placeOf(r), nil
}

// body is a draft as it stands against what is in force.
func (s *Shelf) body(ctx context.Context, q sqldb.Queryer, d Draft) (DraftBody, error) {
	out := DraftBody{DraftSummary: summaryOf(d), Files: []FileBody{}, Cases: d.Cases, Changes: []policy.Change{}, Comments: []CommentBody{}}
	for _, t := range d.Texts {
		out.Files = append(out.Files, FileBody{t.File.Name, t.Place, t.SHA, string(t.File.Text)})
	}
	comments, err := listComments(ctx, q, d.ID)
	if err != nil {
		return out, err
	}
	for _, c := range comments {
		out.Comments = append(out.Comments, commentOf(c))
	}
	now, err := s.before(ctx, q, d)
	if err != nil {
		return out, err
	}
	out.Check = s.checked(now, d.Texts, d.Cases)
	if out.Check.pack == nil {
		return out, nil
	}
	told := map[string]bool{}
	for _, p := range d.places() {
		newer, err := out.Check.pack.View(p)
		if err != nil {
			return out, err
		}
		if p == d.Place {
			out.View = &newer
		}
		older := policy.View{}
		if len(now.Texts) > 0 {
			if older, err = s.View(now, p); err != nil && lanzha.CodeOf(err) != lanzha.CodeNotFound {
				return out, err
			}
		}
		for _, c := range policy.Diff(older, newer) {
			key, err := json.Marshal(c)
			if err != nil {
				return out, lanzha.Internal("shelf.body", err)
			}
			if !told[string(key)] {
				told[string(key)] = true
				out.Changes = append(out.Changes, c)
			}
		}
	}
	return out, nil
}

// before is the edition against which a draft stands: what is in force, or
// what was when it was activated.
func (s *Shelf) before(ctx context.Context, q sqldb.Queryer, d Draft) (Edition, error) {
	if d.State != Activated {
		return current(ctx, q, d.Pack)
	}
	became, err := editionByID(ctx, q, d.Edition)
	if err != nil || became.Number == 1 {
		return Edition{Pack: d.Pack}, err
	}
	return oneEdition(ctx, q, "e.pack = $1 AND e.number = $2", d.Pack, became.Number-1)
}

func (s *Shelf) mountDrafts(a *api.API, may *auth.Decider) {
	type listIn struct {
		api.Page
		Pack  string `query:"pack" maxLength:"100"`
		State State  `query:"state" enum:"open,activated,withdrawn"`
	}
	type listOut struct{ Body api.List[DraftSummary] }
	api.Register(a, api.Op{ID: "listPackDrafts", Method: http.MethodGet, Path: "/policy/drafts", Action: "policy.list", Summary: "List drafts of packs, the newest first"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			f := DraftFilter{Pack: in.Pack, State: in.State, Limit: in.Limit + 1}
			if _, err := in.After(&f.After); err != nil {
				return nil, err
			}
			found, err := listDrafts(ctx, s.db.Read(), f)
			items := []DraftSummary{}
			for _, d := range found {
				items = append(items, summaryOf(d))
			}
			return &listOut{api.NewList(items, in.Limit, func(d DraftSummary) any { return d.ID })}, err
		})

	type createIn struct {
		api.Create
		Body NewDraft
	}
	api.Register(a, api.Op{ID: "createPackDraft", Method: http.MethodPost, Path: "/policy/drafts", Action: "policy.draft", Status: http.StatusCreated, MaxBody: 4 << 20, Summary: "Propose a pack's text or an overlay; it is kept with whatever is wrong with it"},
		func(ctx context.Context, in *createIn) (*api.One[DraftBody], error) {
			at, err := place(in.Body.Place)
			if err != nil {
				return nil, err
			}
			return s.propose(ctx, may, in.Key, Proposal{Pack: in.Body.Pack, Place: at, Text: in.Body.Text, Cases: in.Body.Cases, Note: in.Body.Note})
		})

	type valuesIn struct {
		api.Create
		Body NewValues
	}
	api.Register(a, api.Op{ID: "createPackValues", Method: http.MethodPost, Path: "/policy/drafts/values", Action: "policy.draft", Status: http.StatusCreated, Summary: "Propose values for parameters that the law leaves open, with the operator's citation; they become the place's overlay"},
		func(ctx context.Context, in *valuesIn) (*api.One[DraftBody], error) {
			at, err := place(in.Body.Place)
			if err != nil {
				return nil, err
			}
			e, err := currentEdition(ctx, s.db.Read(), in.Body.Pack)
			if err != nil {
				return nil, inBody(lanzha.Invalid("pack", "there is no such pack"), "")
			}
			if at == e.Base().Place {
				return nil, lanzha.Invalid("body.place", "an operator sets values for its own division; the text of %s itself is changed by a draft of it", at)
			}
			view, err := s.View(e, at)
			if err != nil {
				return nil, err
			}
			for i, v := range in.Body.Values {
				if err := v.check(i, view); err != nil {
					return nil, err
				}
			}
			var have *Text
			if i := slices.IndexFunc(e.Texts, func(t Text) bool { return t.Place == at }); i >= 0 {
				have = &e.Texts[i]
			}
			text, err := overlay(view, at, have, in.Body.Values)
			if err != nil {
				return nil, err
			}
			return s.propose(ctx, may, in.Key, Proposal{Pack: e.Pack, Place: at, Text: text, Note: in.Body.Note})
		})

	type getIn struct {
		ID lanzha.ID `path:"id" maxLength:"26"`
	}
	api.Register(a, api.Op{ID: "getPackDraft", Method: http.MethodGet, Path: "/policy/drafts/{id}", Action: "policy.read", Summary: "Read a draft: its findings, its tests, how it differs from what is in force, and the comments"},
		func(ctx context.Context, in *getIn) (*api.One[DraftBody], error) {
			return s.read(ctx, in.ID)
		})

	type timelineIn struct {
		ID     lanzha.ID `path:"id" maxLength:"26"`
		Before int64     `query:"before" minimum:"0" doc:"rows with a smaller number; 0 starts at the newest"`
		Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
	}
	type timelineOut struct{ Body api.List[api.Event] }
	visible := api.Visible(may)
	api.Register(a, api.Op{ID: "packDraftTimeline", Method: http.MethodGet, Path: "/policy/drafts/{id}/timeline", Action: "policy.read", Summary: "What happened to a draft, the newest first"},
		func(ctx context.Context, in *timelineIn) (*timelineOut, error) {
			if _, err := draftByID(ctx, s.db.Read(), in.ID); err != nil {
				return nil, err
			}
			list, err := api.Timeline(ctx, s.db, s.journal, in.ID, in.Before, in.Limit, visible(ctx))
			return &timelineOut{list}, err
		})
}

func (s *Shelf) read(ctx context.Context, id lanzha.ID) (*api.One[DraftBody], error) {
	d, err := draftByID(ctx, s.db.Read(), id)
	if err != nil {
		return nil, err
	}
	out, err := s.body(ctx, s.db.Read(), d)
	return api.NewOne(d.Version, out), err
}

// propose keeps what was handed in, once for the caller's key.
func (s *Shelf) propose(ctx context.Context, may *auth.Decider, key string, p Proposal) (*api.One[DraftBody], error) {
	actor, _ := auth.ActorFrom(ctx)
	read, text, err := p.read()
	if err != nil {
		return nil, err
	}
	if err := may.May(ctx, "policy.draft", auth.Resource{Type: "place", Region: s.regionOf(read.Place)}); err != nil {
		return nil, err
	}
	now, err := current(ctx, s.db.Read(), read.Pack)
	if err != nil {
		return nil, err
	}
	s.checked(now, []Text{text}, p.Cases) // outside the transaction, for which others wait
	id, err := api.Once(ctx, s.db, actor.ID, key, p, s.now(), func(tx *sqldb.Tx) (lanzha.ID, error) {
		d, err := s.Propose(ctx, tx, p, actor.ID)
		return d.ID, err
	})
	if err != nil {
		return nil, err
	}
	return s.read(ctx, id)
}

// change runs fn on an open draft of the version that the caller has read.
func (s *Shelf) change(ctx context.Context, may *auth.Decider, action string, id lanzha.ID, version int64, fn func(tx *sqldb.Tx, d Draft, by lanzha.ID) error) (*api.One[DraftBody], error) {
	actor, _ := auth.ActorFrom(ctx)
	if err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		d, err := draftByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := may.May(ctx, action, d.resource()); err != nil {
			return err
		}
		if err := d.open(version); err != nil {
			return err
		}
		return fn(tx, d, actor.ID)
	}); err != nil {
		return nil, err
	}
	return s.read(ctx, id)
}

func (s *Shelf) mountDecisions(a *api.API, may *auth.Decider) {
	type putIn struct {
		api.Change
		ID   lanzha.ID `path:"id" maxLength:"26"`
		Body NewDraft
	}
	api.Register(a, api.Op{ID: "changePackDraft", Method: http.MethodPut, Path: "/policy/drafts/{id}", Action: "policy.draft", MaxBody: 4 << 20, Summary: "Write a draft anew; who writes it last proposes it"},
		func(ctx context.Context, in *putIn) (*api.One[DraftBody], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			return s.change(ctx, may, "policy.draft", in.ID, version, func(tx *sqldb.Tx, d Draft, by lanzha.ID) error {
				_, err := s.Rewrite(ctx, tx, d, Proposal{Text: in.Body.Text, Cases: in.Body.Cases, Note: in.Body.Note}, by)
				return err
			})
		})

	type changeIn struct {
		api.Change
		ID lanzha.ID `path:"id" maxLength:"26"`
	}
	api.Register(a, api.Op{ID: "takeUpPackDraft", Method: http.MethodPost, Path: "/policy/drafts/{id}/take-up", Action: "policy.draft", Summary: "Propose what a release brought along, so that another can activate it"},
		func(ctx context.Context, in *changeIn) (*api.One[DraftBody], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			return s.change(ctx, may, "policy.draft", in.ID, version, func(tx *sqldb.Tx, d Draft, by lanzha.ID) error {
				_, err := s.TakeUp(ctx, tx, d, by)
				return err
			})
		})

	type withdrawIn struct {
		api.Change
		ID   lanzha.ID `path:"id" maxLength:"26"`
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"1000"`
		}
	}
	api.Register(a, api.Op{ID: "withdrawPackDraft", Method: http.MethodPost, Path: "/policy/drafts/{id}/withdraw", Action: "policy.draft", Summary: "End a draft without effect"},
		func(ctx context.Context, in *withdrawIn) (*api.One[DraftBody], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			return s.change(ctx, may, "policy.draft", in.ID, version, func(tx *sqldb.Tx, d Draft, by lanzha.ID) error {
				_, err := s.Withdraw(ctx, tx, d, in.Body.Reason, by)
				return err
			})
		})

	type activateIn struct {
		api.Change
		ID   lanzha.ID `path:"id" maxLength:"26"`
		Body struct {
			OpenComments int64 `json:"openComments,omitempty" minimum:"0" doc:"how many comments its doer has seen to be open: activation in spite of them is meant"`
		}
	}
	api.Register(a, api.Op{ID: "activatePackDraft", Method: http.MethodPost, Path: "/policy/drafts/{id}/activate", Action: "policy.activate", Summary: "Put a draft in force; another than its proposer does it, and every process serves it within a second"},
		func(ctx context.Context, in *activateIn) (*api.One[DraftBody], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			return s.serve(ctx, may, in.ID, version, in.Body.OpenComments)
		})

	type commentIn struct {
		api.Create
		ID   lanzha.ID `path:"id" maxLength:"26"`
		Body struct {
			Row  string `json:"row,omitempty" maxLength:"100" doc:"the ID of a row, value, parameter or obligation; left out, the draft as a whole"`
			Text string `json:"text" minLength:"1" maxLength:"4000" doc:"no personal data"`
		}
	}
	type commentOut struct{ Body CommentBody }
	api.Register(a, api.Op{ID: "commentPackDraft", Method: http.MethodPost, Path: "/policy/drafts/{id}/comments", Action: "policy.comment", Status: http.StatusCreated, Summary: "Comment on a row of a draft"},
		func(ctx context.Context, in *commentIn) (*commentOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			if strings.TrimSpace(in.Body.Text) == "" {
				return nil, lanzha.Invalid("body.text", "is empty")
			}
			read, err := s.read(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if v := read.Body.View; in.Body.Row != "" && v != nil && !v.Has(in.Body.Row) && !slices.ContainsFunc(read.Body.Changes, func(c policy.Change) bool { return c.ID == in.Body.Row }) {
				return nil, lanzha.Invalid("body.row", "the draft has no such row")
			}
			type request struct {
				Draft lanzha.ID
				Body  any
			}
			made, err := api.Once(ctx, s.db, actor.ID, in.Key, request{in.ID, in.Body}, s.now(), func(tx *sqldb.Tx) (CommentBody, error) {
				d, err := draftByID(ctx, tx, in.ID)
				if err != nil {
					return CommentBody{}, err
				}
				c, err := s.Say(ctx, tx, d, in.Body.Row, in.Body.Text, actor.ID, actor.Institution)
				return commentOf(c), err
			})
			return &commentOut{made}, err
		})

	type answerIn struct {
		ID      lanzha.ID `path:"id" maxLength:"26"`
		Comment lanzha.ID `path:"comment" maxLength:"26"`
		Body    struct {
			Accepted bool   `json:"accepted"`
			Answer   string `json:"answer,omitempty" maxLength:"4000" doc:"why, where it is not accepted"`
		}
	}
	api.Register(a, api.Op{ID: "answerPackComment", Method: http.MethodPost, Path: "/policy/drafts/{id}/comments/{comment}/answer", Action: "policy.answer", Summary: "Answer a comment: accepted, or not and why"},
		func(ctx context.Context, in *answerIn) (*commentOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			out := &commentOut{}
			err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
				d, err := draftByID(ctx, tx, in.ID)
				if err != nil {
					return err
				}
				if err := may.May(ctx, "policy.answer", d.resource()); err != nil {
					return err
				}
				c, err := s.Answer(ctx, tx, d, in.Comment, in.Body.Accepted, in.Body.Answer, actor.ID)
				out.Body = commentOf(c)
				return err
			})
			return out, err
		})
}

// serve activates a draft and serves it in this process at once; the
// others learn of it from the journal.
func (s *Shelf) serve(ctx context.Context, may *auth.Decider, id lanzha.ID, version, openComments int64) (*api.One[DraftBody], error) {
	d, err := draftByID(ctx, s.db.Read(), id)
	if err != nil {
		return nil, err
	}
	over, err := current(ctx, s.db.Read(), d.Pack)
	if err != nil {
		return nil, err
	}
	checked := s.checked(over, d.Texts, d.Cases) // outside the transaction, for which others wait; what it rests on is compared inside
	var next Edition
	out, err := s.change(ctx, may, "policy.activate", id, version, func(tx *sqldb.Tx, now Draft, by lanzha.ID) error {
		if now.Version != d.Version {
			return lanzha.Conflict("somebody changed this draft before you")
		}
		var err error
		_, next, err = s.Activate(ctx, tx, now, over, checked, openComments, by)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, s.add(next)
}
