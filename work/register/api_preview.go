package register

import (
	"context"
	"net/http"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/know/policy"
)

// PreviewBody is what a pack says of facts that nobody has put forward yet.
type PreviewBody struct {
	Facts   map[string]any `json:"facts" doc:"as completed: the day and the level of the decision, the subject and its age"`
	Answer  policy.Answer  `json:"answer"`
	Blocked string         `json:"blocked" doc:"what stands against proposing them; empty is nothing"`
	Review  bool           `json:"review" doc:"they rest on the provincial exception"`
	Level   string         `json:"level" enum:",city,province" doc:"which organ the row names to decide; empty is not determined"`
}

// InChinese says what stands against them in the reader's language.
func (b PreviewBody) InChinese() any {
	b.Blocked = api.Chinese(b.Blocked)
	return b
}

// mountPreview adds the evaluation that a form shows beside the facts. It looks
// nobody up and keeps nothing: earlier listings come in when the proposal is
// opened.
func (d *Desk) mountPreview(a *api.API, may *auth.Decider) {
	type in struct {
		Body struct {
			Kind   SubjectKind    `json:"kind" enum:"individual,unit"`
			Number string         `json:"number,omitempty" maxLength:"40" doc:"a resident identity number gives the age on the day of the conduct"`
			UnitOf lanzha.ID      `json:"unitOf,omitempty" maxLength:"26"`
			Region lanzha.Region  `json:"region,omitempty" maxLength:"6" doc:"default your own"`
			Pack   string         `json:"pack,omitempty" maxLength:"64" doc:"default joint-punishment-2024"`
			Facts  map[string]any `json:"facts"`
		}
	}
	type out struct{ Body PreviewBody }
	api.Register(a, api.Op{ID: "previewProposal", Method: http.MethodPost, Path: "/register/proposals/preview", Action: "proposal.create", Status: http.StatusOK, Summary: "Evaluate facts as a proposal would, without opening one"},
		func(ctx context.Context, in *in) (*out, error) {
			actor, _ := auth.ActorFrom(ctx)
			b := in.Body
			if b.Region == "" {
				b.Region = actor.Region
			}
			if err := may.May(ctx, "proposal.create", auth.Resource{Type: "proposal", Region: b.Region}); err != nil {
				return nil, err
			}
			p := Proposal{Kind: b.Kind, UnitOf: b.UnitOf, Region: b.Region, Pack: b.Pack, State: Draft}
			if p.Pack == "" {
				p.Pack = DefaultPack
			}
			subject := Subject{Kind: b.Kind}
			if b.Kind == Individual {
				subject.NumberKind, subject.Number = ResidentID, CanonicalNumber(b.Number)
			}
			p.Facts = complete(b.Facts, circumstances{subject: subject, responsible: b.UnitOf != "", level: City, today: d.Today()})
			var err error
			if p.Answer, err = d.Law(p.Pack, p.Facts, policy.Options{Today: d.Now().In(d.Zone), Jurisdiction: string(p.Region)}); err != nil {
				return nil, inFacts(err)
			}
			f, err := Find(p.Answer)
			if err != nil {
				return nil, err
			}
			body := PreviewBody{Facts: p.Facts, Answer: p.Answer, Review: waitsForReview(p.Answer), Level: f.Level}
			if err := p.listable(true); err != nil {
				body.Blocked = api.Problemize(err).Detail
			}
			return &out{body}, nil
		})
}
