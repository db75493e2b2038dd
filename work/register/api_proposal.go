package register

import (
	"context"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/know/policy"
)

// ProposalBody is a proposal as lists show it.
type ProposalBody struct {
	ID        lanzha.ID     `json:"id"`
	Version   int64         `json:"version"`
	State     ProposalState `json:"state" enum:"draft,proposed,reviewed,approved,refused"`
	Subject   lanzha.ID     `json:"subject"`
	Name      string        `json:"name" doc:"of the subject, masked; empty once erased"`
	Kind      SubjectKind   `json:"kind" enum:"individual,unit"`
	UnitOf    lanzha.ID     `json:"unitOf" doc:"the unit's proposal, of a directly responsible person"`
	Region    lanzha.Region `json:"region"`
	Pack      string        `json:"pack"`
	CreatedBy lanzha.ID     `json:"createdBy"`
	CreatedAt time.Time     `json:"createdAt"`
	Listing   lanzha.ID     `json:"listing" doc:"what came of it; empty is none"`
}

// ProposalPage is a proposal with facts, answer and way.
type ProposalPage struct {
	ProposalBody
	Who         SubjectBody    `json:"who"`
	Facts       map[string]any `json:"facts" doc:"the pack's input"`
	Evidence    []string       `json:"evidence"`
	Answer      policy.Answer  `json:"answer" doc:"as evaluated: every row with its article and phrase, what is missing, and on what the law is silent"`
	EvaluatedAt time.Time      `json:"evaluatedAt"`
	Blocked     string         `json:"blocked" doc:"what stands against proposing or approving it now; empty is nothing"`
	Review      bool           `json:"review" doc:"it rests on the provincial exception and waits for the province's review"`
	Level       string         `json:"level" enum:",city,province" doc:"which organ the row names to decide; empty is not determined"`
	Disagreed   []Remark       `json:"disagreed"`
	Confirmed   []Remark       `json:"confirmed"`
	DocumentNo  string         `json:"documentNo"`
	Steps       []StepBody     `json:"steps"`
	Persons     []ProposalBody `json:"persons" doc:"of a unit: the proposals of its responsible persons"`
}

// StepBody is a step of a proposal's way.
type StepBody struct {
	Step string    `json:"step"`
	By   lanzha.ID `json:"by"`
	Name string    `json:"name"`
	At   time.Time `json:"at"`
	Note string    `json:"note"`
}

// InChinese says what stands against it in the reader's language.
func (p ProposalPage) InChinese() any {
	p.Blocked = api.Chinese(p.Blocked)
	return p
}

type proposalOut = api.One[ProposalPage]

func proposalBody(p ProposalLine, name string) ProposalBody {
	return ProposalBody{
		ID: p.ID, Version: p.Version, State: p.State, Subject: p.Subject, Name: name, Kind: p.Kind, UnitOf: p.UnitOf, Region: p.Region, Pack: p.Pack,
		CreatedBy: p.CreatedBy, CreatedAt: p.CreatedAt, Listing: p.Listing,
	}
}

// proposalBodies are the rows of a list of proposals.
func (d *Desk) proposalBodies(ctx context.Context, lines []ProposalLine) ([]ProposalBody, error) {
	subjects := make([]lanzha.ID, len(lines))
	for i, l := range lines {
		subjects[i] = l.Subject
	}
	called, err := d.Store.Called(ctx, d.DB.Read(), subjects)
	if err != nil {
		return nil, err
	}
	out := make([]ProposalBody, len(lines))
	for i, l := range lines {
		out[i] = proposalBody(l, called[l.Subject].Name)
	}
	return out, nil
}

func (d *Desk) proposalPage(ctx context.Context, p Proposal) (*proposalOut, error) {
	q := d.DB.Read()
	s, err := d.Store.Subject(ctx, q, p.Subject)
	if err != nil {
		return nil, err
	}
	f, err := Find(p.Answer)
	if err != nil {
		return nil, err
	}
	who := subjectBody(s)
	page := ProposalPage{
		ProposalBody: proposalBody(p.line(), who.Name), Who: who, Facts: p.Facts, Evidence: orEmpty(p.Evidence), Answer: p.Answer, EvaluatedAt: p.EvaluatedAt,
		Review: waitsForReview(p.Answer), Level: f.Level, Disagreed: orEmpty(p.Disagreed), Confirmed: orEmpty(p.Confirmed), DocumentNo: p.DocumentNo,
		Steps: []StepBody{},
	}
	if p.State != Approved && p.State != Refused {
		if err := p.listable(p.State == Draft); err != nil {
			page.Blocked = api.Problemize(err).Detail
		}
	}
	steps, err := d.Store.Steps(ctx, q, p.ID)
	if err != nil {
		return nil, err
	}
	for _, st := range steps {
		name, err := d.officer(ctx, st.Actor)
		if err != nil {
			return nil, err
		}
		page.Steps = append(page.Steps, StepBody{st.Name, st.Actor, name, st.At, st.Note})
	}
	persons, err := d.Store.PersonsOf(ctx, q, p.ID)
	if err != nil {
		return nil, err
	}
	lines := make([]ProposalLine, len(persons))
	for i, o := range persons {
		lines[i] = o.line()
	}
	if page.Persons, err = d.proposalBodies(ctx, lines); err != nil {
		return nil, err
	}
	return api.NewOne(p.Version, page), nil
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// SubjectIn is who is to be listed.
type SubjectIn struct {
	Kind       SubjectKind `json:"kind" enum:"individual,unit"`
	NumberKind NumberKind  `json:"numberKind,omitempty" enum:"resident_id,other,credit_code" doc:"default by kind: resident_id of an individual, credit_code of a unit"`
	Name       string      `json:"name" minLength:"1" maxLength:"100"`
	Number     string      `json:"number" minLength:"5" maxLength:"40"`
}

func (d *Desk) mountProposals(a *api.API, may *auth.Decider) {
	type listIn struct {
		api.Page
		State  ProposalState `query:"state" enum:"draft,proposed,reviewed,approved,refused" doc:"empty is all"`
		Region lanzha.Region `query:"region" maxLength:"6" doc:"narrows to this division; default your own scope"`
	}
	type listOut struct{ Body api.List[ProposalBody] }
	api.Register(a, api.Op{ID: "listProposals", Method: http.MethodGet, Path: "/register/proposals", Action: "proposal.list", Summary: "List proposals, the newest first"},
		func(ctx context.Context, in *listIn) (*listOut, error) {
			scope, err := may.ScopeOf(ctx, "proposal.list")
			if err != nil {
				return nil, err
			}
			if scope, err = scope.Narrow(in.Region); err != nil {
				return nil, err
			}
			f := ProposalFilter{Region: scope.Region, State: in.State, Limit: in.Limit + 1}
			if _, err := in.After(&f.After); err != nil {
				return nil, err
			}
			found, err := d.Store.Proposals(ctx, d.DB.Read(), f)
			if err != nil {
				return nil, err
			}
			page := api.NewList(found, in.Limit, func(l ProposalLine) any { return l.ID })
			items, err := d.proposalBodies(ctx, page.Items)
			return &listOut{api.List[ProposalBody]{Items: items, Next: page.Next}}, err
		})

	type createIn struct {
		api.Create
		Body struct {
			Subject  SubjectIn      `json:"subject"`
			UnitOf   lanzha.ID      `json:"unitOf,omitempty" maxLength:"26" doc:"of a directly responsible person: the unit's proposal"`
			Region   lanzha.Region  `json:"region,omitempty" maxLength:"6" doc:"the handling unit; default your own"`
			Pack     string         `json:"pack,omitempty" maxLength:"64" doc:"default joint-punishment-2024"`
			Facts    map[string]any `json:"facts" doc:"the input of the pack: GET /policy/packs or lanzha policy show PACK --inputs"`
			Evidence []string       `json:"evidence,omitempty" maxItems:"100" doc:"what the facts rest on; kept encrypted"`
		}
	}
	api.Register(a, api.Op{ID: "createProposal", Method: http.MethodPost, Path: "/register/proposals", Action: "proposal.create", Status: http.StatusCreated, Summary: "Open a proposal to list a subject, on facts that the pack evaluates at once"},
		func(ctx context.Context, in *createIn) (*proposalOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			b := in.Body
			if b.Region == "" {
				b.Region = actor.Region
			}
			if b.Region != "" && !b.Region.Valid() {
				return nil, lanzha.Invalid("body.region", "a region has six digits, as 530114")
			}
			if err := may.May(ctx, "proposal.create", auth.Resource{Type: "proposal", Region: b.Region}); err != nil {
				return nil, err
			}
			s, err := NewSubject(b.Subject.Kind, b.Subject.NumberKind, b.Subject.Name, b.Subject.Number)
			if err != nil {
				return nil, err
			}
			// What is remembered for repeats is the ID: nothing personal.
			id, err := api.Once(ctx, d.DB, actor.ID, in.Key, in.Body, d.Now(), func(tx *sqldb.Tx) (lanzha.ID, error) {
				p, err := d.Create(ctx, tx, DraftProposal{Subject: s, UnitOf: b.UnitOf, Region: b.Region, Pack: b.Pack, Facts: b.Facts, Evidence: b.Evidence}, actor.ID)
				return p.ID, err
			})
			if err != nil {
				return nil, err
			}
			p, err := d.Store.Proposal(ctx, d.DB.Read(), id)
			if err != nil {
				return nil, err
			}
			return d.proposalPage(ctx, p)
		})

	api.Register(a, api.Op{ID: "getProposal", Method: http.MethodGet, Path: "/register/proposals/{id}", Action: "proposal.read", Summary: "Read a proposal: the facts, each row of the answer with its phrase, and what stands against it"},
		func(ctx context.Context, in *ByID) (*proposalOut, error) {
			p, err := d.readProposal(ctx, may, in.ID, "proposal.read", auth.Resource{})
			if err != nil {
				return nil, err
			}
			return d.proposalPage(ctx, p)
		})

	type timelineOut struct{ Body api.List[api.Event] }
	api.Register(a, api.Op{ID: "proposalTimeline", Method: http.MethodGet, Path: "/register/proposals/{id}/timeline", Action: "proposal.read", Summary: "All that happened to a proposal, the newest first"},
		func(ctx context.Context, in *TimelineOf) (*timelineOut, error) {
			if _, err := d.readProposal(ctx, may, in.ID, "proposal.read", auth.Resource{}); err != nil {
				return nil, err
			}
			events, err := api.Timeline(ctx, d.DB, d.Journal, in.ID, in.Before, in.Limit, api.Visible(may)(ctx))
			return &timelineOut{events}, err
		})

	type revealOut struct{ Body api.Revealed }
	api.Register(a, api.Op{ID: "revealProposal", Method: http.MethodPost, Path: "/register/proposals/{id}/reveal", Action: "reveal", Status: http.StatusOK, Summary: "Show a masked field on a stated purpose"},
		func(ctx context.Context, in *RevealIn) (*revealOut, error) {
			p, err := d.readProposal(ctx, may, in.ID, "reveal", auth.Resource{Purpose: in.Body.Purpose})
			if err != nil {
				return nil, err
			}
			shown, err := d.reveal(ctx, in, "proposal.revealed", p.Subject, p.Region)
			return &revealOut{shown}, err
		})
}

// readProposal reads a proposal for one who may do the action to it; with says
// what the action brings along.
func (d *Desk) readProposal(ctx context.Context, may *auth.Decider, id lanzha.ID, action string, with auth.Resource) (Proposal, error) {
	p, err := d.Store.Proposal(ctx, d.DB.Read(), id)
	if err != nil {
		return p, err
	}
	return p, may.May(ctx, action, auth.Resource{Type: "proposal", ID: p.ID, Region: p.Region, RequestedBy: p.CreatedBy, Document: with.Document, Purpose: with.Purpose})
}

// act does a command for the caller, who must have read the version that it
// changes.
func (d *Desk) act(ctx context.Context, may *auth.Decider, id lanzha.ID, read api.Change, c Command) (*proposalOut, error) {
	version, err := read.Version()
	if err != nil {
		return nil, err
	}
	p, err := d.readProposal(ctx, may, id, c.Verb.Action(), auth.Resource{Document: c.DocumentNo})
	if err != nil {
		return nil, err
	}
	actor, _ := auth.ActorFrom(ctx)
	if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		p, err = d.Act(ctx, tx, id, version, c, Officer{actor.ID, LevelOf(actor.Region)})
		return err
	}); err != nil {
		return nil, err
	}
	return d.proposalPage(ctx, p)
}

// ReasonIn is the input of a step that takes a reason.
type ReasonIn struct {
	ByID
	api.Change
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000"`
	}
}

func (d *Desk) mountDeciding(a *api.API, may *auth.Decider) {
	type changeIn struct {
		ByID
		api.Change
		Body struct {
			Facts    map[string]any `json:"facts"`
			Evidence []string       `json:"evidence,omitempty" maxItems:"100"`
		}
	}
	api.Register(a, api.Op{ID: "changeProposal", Method: http.MethodPut, Path: "/register/proposals/{id}", Action: Change.Action(), Summary: "Change the facts of a draft; the pack evaluates them at once"},
		func(ctx context.Context, in *changeIn) (*proposalOut, error) {
			return d.act(ctx, may, in.ID, in.Change, Command{Verb: Change, Facts: in.Body.Facts, Evidence: in.Body.Evidence})
		})

	type evaluateIn struct {
		ByID
		api.Change
	}
	api.Register(a, api.Op{ID: "evaluateProposal", Method: http.MethodPost, Path: "/register/proposals/{id}/evaluate", Action: Evaluate.Action(), Summary: "Evaluate the same facts anew, by the pack as it is today"},
		func(ctx context.Context, in *evaluateIn) (*proposalOut, error) {
			return d.act(ctx, may, in.ID, in.Change, Command{Verb: Evaluate})
		})

	type disagreeIn struct {
		ByID
		api.Change
		Body struct {
			Row    string `json:"row" minLength:"1" maxLength:"64" doc:"a row of the answer"`
			Reason string `json:"reason" minLength:"1" maxLength:"2000"`
		}
	}
	api.Register(a, api.Op{ID: "disagreeProposal", Method: http.MethodPost, Path: "/register/proposals/{id}/disagree", Action: Disagree.Action(), Summary: "Disagree with a row of the answer, with the reason; whoever approves must answer it"},
		func(ctx context.Context, in *disagreeIn) (*proposalOut, error) {
			return d.act(ctx, may, in.ID, in.Change, Command{Verb: Disagree, Row: in.Body.Row, Note: in.Body.Reason})
		})

	type proposeIn struct {
		ByID
		api.Change
		Body struct {
			Confirm []struct {
				Row    string `json:"row" minLength:"1" maxLength:"64" doc:"a name in missing that the law leaves to the organ"`
				Reason string `json:"reason" minLength:"1" maxLength:"2000"`
			} `json:"confirm,omitempty" maxItems:"50"`
			Note string `json:"note,omitempty" maxLength:"2000"`
		}
	}
	api.Register(a, api.Op{ID: "proposeProposal", Method: http.MethodPost, Path: "/register/proposals/{id}/propose", Action: Propose.Action(), Summary: "Put a draft before the leader; what is missing must be answered, or held with a reason where the law leaves it to the organ"},
		func(ctx context.Context, in *proposeIn) (*proposalOut, error) {
			c := Command{Verb: Propose, Note: in.Body.Note}
			for _, r := range in.Body.Confirm {
				c.Confirm = append(c.Confirm, Remark{Row: r.Row, Reason: r.Reason})
			}
			return d.act(ctx, may, in.ID, in.Change, c)
		})
	api.Register(a, api.Op{ID: "returnProposal", Method: http.MethodPost, Path: "/register/proposals/{id}/return", Action: Return.Action(), Summary: "Give a proposal back to its author"},
		func(ctx context.Context, in *ReasonIn) (*proposalOut, error) {
			return d.act(ctx, may, in.ID, in.Change, Command{Verb: Return, Note: in.Body.Reason})
		})

	type reviewIn struct {
		ByID
		api.Change
		Body struct {
			Opinion string `json:"opinion" minLength:"1" maxLength:"2000" doc:"why the impact is large and the listing truly necessary"`
		}
	}
	api.Register(a, api.Op{ID: "reviewProposal", Method: http.MethodPost, Path: "/register/proposals/{id}/review", Action: Review.Action(), Summary: "The province upholds the exception for conduct below the threshold"},
		func(ctx context.Context, in *reviewIn) (*proposalOut, error) {
			return d.act(ctx, may, in.ID, in.Change, Command{Verb: Review, Note: in.Body.Opinion})
		})

	type approveIn struct {
		ByID
		api.Change
		Body struct {
			DocumentNo string `json:"documentNo" maxLength:"100" doc:"number of the decision (认定决定书)"`
			Note       string `json:"note,omitempty" maxLength:"2000" doc:"required where an officer disagrees with a row"`
		}
	}
	api.Register(a, api.Op{ID: "approveProposal", Method: http.MethodPost, Path: "/register/proposals/{id}/approve", Action: Approve.Action(), Summary: "Designate: by another leader, of the level that the row names"},
		func(ctx context.Context, in *approveIn) (*proposalOut, error) {
			return d.act(ctx, may, in.ID, in.Change, Command{Verb: Approve, DocumentNo: in.Body.DocumentNo, Note: in.Body.Note})
		})
	api.Register(a, api.Op{ID: "refuseProposal", Method: http.MethodPost, Path: "/register/proposals/{id}/refuse", Action: Refuse.Action(), Summary: "Refuse a proposal"},
		func(ctx context.Context, in *ReasonIn) (*proposalOut, error) {
			return d.act(ctx, may, in.ID, in.Change, Command{Verb: Refuse, Note: in.Body.Reason})
		})
}
