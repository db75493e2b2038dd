package shelf

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/know/policy"
)

// Summary is a pack in a list.
type Summary struct {
	Name         string         `json:"name"`
	Title        policy.Words   `json:"title"`
	Summary      policy.Words   `json:"summary"`
	Jurisdiction string         `json:"jurisdiction" doc:"nation or a division code"`
	Places       []string       `json:"places" doc:"jurisdictions with rows of their own"`
	Effective    policy.Period  `json:"effective"`
	InForce      bool           `json:"inForce" doc:"whether the pack is applied today"`
	Version      int            `json:"version"`
	SHA256       string         `json:"sha256" doc:"of the pack's own text"`
	Origin       Origin         `json:"origin" enum:"release,operator"`
	ActivatedAt  time.Time      `json:"activatedAt"`
	ActivatedBy  lanzha.ID      `json:"activatedBy" doc:"empty is the release"`
	Drafts       int64          `json:"drafts" doc:"open ones"`
	Rows         map[string]int `json:"rows" doc:"rows of the tables by status: C, S, L, U"`
	Unset        int            `json:"unset" doc:"parameters that wait for the operator's citation, in the centre's region"`
}

// EditionBody is one activation.
type EditionBody struct {
	ID          lanzha.ID         `json:"id"`
	Number      int64             `json:"number" doc:"counts the activations of the pack"`
	Version     int               `json:"version" doc:"of the pack's own text"`
	SHA256      string            `json:"sha256" doc:"of the pack's own text"`
	Places      map[string]string `json:"places" doc:"by jurisdiction the hash that decisions name"`
	Origin      Origin            `json:"origin" enum:"release,operator"`
	Draft       lanzha.ID         `json:"draft" doc:"empty is the release's own"`
	ProposedBy  lanzha.ID         `json:"proposedBy"`
	ActivatedBy lanzha.ID         `json:"activatedBy"`
	ActivatedAt time.Time         `json:"activatedAt"`
	InForce     bool              `json:"inForce"`
}

// Body is a pack as it applies in a place, with all that it was.
type Body struct {
	Summary
	View     policy.View   `json:"view"`
	Versions []EditionBody `json:"versions" doc:"the newest first"`
}

// FileBody is a text, whole.
type FileBody struct {
	Name   string `json:"name"`
	Place  string `json:"place" doc:"nation or a division code"`
	SHA256 string `json:"sha256" doc:"of this file alone"`
	Text   string `json:"text"`
}

// TextBody is what a decision's hash names.
type TextBody struct {
	SHA256       string      `json:"sha256"`
	Pack         string      `json:"pack"`
	Version      int         `json:"version"`
	Jurisdiction string      `json:"jurisdiction" doc:"where the hash names these texts"`
	Edition      EditionBody `json:"edition" doc:"the first activation in which it served"`
	Files        []FileBody  `json:"files" doc:"the pack's own text and the overlays, as they were applied"`
}

// Evaluation is a question to a pack.
type Evaluation struct {
	Input        json.RawMessage `json:"input" doc:"by the pack's schema; what is left out or null is unknown"`
	At           string          `json:"at,omitempty" maxLength:"10" doc:"the day on which the law is read, 2024-12-01; left out, the input's own date or today"`
	Jurisdiction string          `json:"jurisdiction,omitempty" maxLength:"6" doc:"nation or a division code; left out, the nation, or the place that the hash is of"`
	SHA256       string          `json:"sha256,omitempty" maxLength:"64" doc:"the text by which an older decision was made; left out, the one in force"`
}

// Difference is two versions beside each other.
type Difference struct {
	Older   policy.Ref      `json:"older"`
	Newer   policy.Ref      `json:"newer"`
	Changes []policy.Change `json:"changes"`
}

func editionBody(e Edition, now lanzha.ID) EditionBody {
	b := EditionBody{
		ID: e.ID, Number: e.Number, Version: e.Version, SHA256: e.Base().Applied, Places: map[string]string{}, Origin: e.Origin, Draft: e.Draft,
		ProposedBy: e.ProposedBy, ActivatedBy: e.ActivatedBy, ActivatedAt: e.ActivatedAt, InForce: e.ID == now,
	}
	for _, t := range e.Texts {
		b.Places[t.Place] = t.Applied
	}
	return b
}

// today is the civil date in the centre's zone.
func (s *Shelf) today() string { return s.now().In(s.zone).Format(time.DateOnly) }

// covers reports whether a period holds a day.
func covers(p policy.Period, day string) bool {
	return !p.Never && (p.From == "" || p.From <= day) && (p.Until == "" || day < p.Until)
}

func (s *Shelf) summary(e Edition, drafts int64) (Summary, error) {
	v, err := s.View(e, e.Base().Place)
	if err != nil {
		return Summary{}, err
	}
	local, err := s.View(e, placeOf(s.region))
	if lanzha.CodeOf(err) == lanzha.CodeNotFound { // the pack is of another place
		local, err = v, nil
	}
	out := Summary{
		Name: e.Pack, Title: v.Title, Summary: v.Summary, Jurisdiction: v.Jurisdiction, Places: v.Places, Effective: v.Effective, InForce: covers(v.Effective, s.today()),
		Version: e.Version, SHA256: v.SHA256, Origin: e.Origin, ActivatedAt: e.ActivatedAt, ActivatedBy: e.ActivatedBy, Drafts: drafts, Rows: map[string]int{},
	}
	for _, t := range v.Tables {
		for _, r := range t.Rows {
			out.Rows[string(r.Citation.Status)]++
		}
	}
	for _, p := range local.Parameters {
		if p.Unset != nil {
			out.Unset++
		}
	}
	return out, err
}

// Mount adds the operations on packs and drafts.
func (s *Shelf) Mount(a *api.API, may *auth.Decider) {
	s.mountPacks(a)
	s.mountDrafts(a, may)
	s.mountDecisions(a, may)
}

func (s *Shelf) mountPacks(a *api.API) {
	type none struct{}
	type nameIn struct {
		Name string `path:"name" maxLength:"100"`
	}
	type listOut struct{ Body api.List[Summary] }
	api.Register(a, api.Op{ID: "listPacks", Method: http.MethodGet, Path: "/policy/packs", Action: "policy.list", Summary: "List the rule packs in force by name"},
		func(ctx context.Context, _ *none) (*listOut, error) {
			inForce, err := currentEditions(ctx, s.db.Read())
			if err != nil {
				return nil, err
			}
			drafts, err := countDrafts(ctx, s.db.Read())
			if err != nil {
				return nil, err
			}
			out := &listOut{Body: api.List[Summary]{Items: []Summary{}}}
			for name, id := range inForce {
				e, err := editionByID(ctx, s.db.Read(), id)
				if err != nil {
					return nil, err
				}
				item, err := s.summary(e, drafts[name])
				if err != nil {
					return nil, err
				}
				out.Body.Items = append(out.Body.Items, item)
			}
			slices.SortFunc(out.Body.Items, func(a, b Summary) int { return strings.Compare(a.Name, b.Name) })
			return out, nil
		})

	type getIn struct {
		Name  string `path:"name" maxLength:"100"`
		Place string `query:"place" maxLength:"6" doc:"nation or a division code: with the rules of that place; left out, the pack's own text"`
	}
	api.Register(a, api.Op{ID: "getPack", Method: http.MethodGet, Path: "/policy/packs/{name}", Action: "policy.read", Summary: "Read a pack: its tables with their citations, and every version that was in force"},
		func(ctx context.Context, in *getIn) (*api.One[Body], error) {
			all, err := editions(ctx, s.db.Read(), in.Name)
			if err != nil {
				return nil, err
			}
			e, err := currentEdition(ctx, s.db.Read(), in.Name)
			if err != nil {
				return nil, err
			}
			drafts, err := countDrafts(ctx, s.db.Read())
			if err != nil {
				return nil, err
			}
			out := Body{Versions: []EditionBody{}}
			if out.Summary, err = s.summary(e, drafts[e.Pack]); err != nil {
				return nil, err
			}
			place := in.Place
			if place == "" {
				place = e.Base().Place
			}
			if out.View, err = s.View(e, place); err != nil {
				return nil, err
			}
			for _, old := range slices.Backward(all) {
				out.Versions = append(out.Versions, editionBody(old, e.ID))
			}
			return api.NewOne(e.Number, out), nil
		})

	type schemaOut struct{ Body map[string]any }
	api.Register(a, api.Op{ID: "getPackSchema", Method: http.MethodGet, Path: "/policy/packs/{name}/schema", Action: "policy.read", Summary: "The JSON Schema of a pack's input"},
		func(ctx context.Context, in *nameIn) (*schemaOut, error) {
			e, err := currentEdition(ctx, s.db.Read(), in.Name)
			if err != nil {
				return nil, err
			}
			p, err := s.of(e)
			if err != nil {
				return nil, err
			}
			return &schemaOut{p.Schema()}, nil
		})

	type casesOut struct {
		Body struct {
			Items  []policy.CaseView `json:"items"`
			Failed int               `json:"failed"`
		}
	}
	api.Register(a, api.Op{ID: "testPack", Method: http.MethodGet, Path: "/policy/packs/{name}/cases", Action: "policy.read", Summary: "Run a pack's own cases and show them"},
		func(ctx context.Context, in *nameIn) (*casesOut, error) {
			e, err := currentEdition(ctx, s.db.Read(), in.Name)
			if err != nil {
				return nil, err
			}
			out := &casesOut{}
			out.Body.Items = []policy.CaseView{}
			if e.Cases == "" {
				return out, nil
			}
			p, err := s.of(e)
			if err != nil {
				return nil, err
			}
			if out.Body.Items, err = p.Cases(policy.File{Name: e.Pack + "_test.yaml", Text: []byte(e.Cases)}); err != nil {
				return nil, err
			}
			for _, c := range out.Body.Items {
				if len(c.Diff) > 0 {
					out.Body.Failed++
				}
			}
			return out, nil
		})

	type diffIn struct {
		Name  string `path:"name" maxLength:"100"`
		Older string `query:"older" required:"true" maxLength:"64" doc:"a hash that decisions name"`
		Newer string `query:"newer" required:"true" maxLength:"64"`
	}
	type diffOut struct{ Body Difference }
	api.Register(a, api.Op{ID: "diffPack", Method: http.MethodGet, Path: "/policy/packs/{name}/diff", Action: "policy.read", Summary: "How two versions of a pack differ, row by row"},
		func(ctx context.Context, in *diffIn) (*diffOut, error) {
			views := [2]policy.View{}
			for i, sha := range []string{in.Older, in.Newer} {
				e, place, err := editionOf(ctx, s.db.Read(), sha)
				if err != nil {
					return nil, err
				}
				if e.Pack != in.Name {
					return nil, lanzha.Invalid([]string{"query.older", "query.newer"}[i], "this is a text of %s", e.Pack)
				}
				if views[i], err = s.View(e, place); err != nil {
					return nil, err
				}
			}
			return &diffOut{Difference{views[0].Ref, views[1].Ref, policy.Diff(views[0], views[1])}}, nil
		})

	type textIn struct {
		SHA string `path:"sha256" maxLength:"64" doc:"the hash that a decision names"`
	}
	type textOut struct{ Body TextBody }
	api.Register(a, api.Op{ID: "getPackText", Method: http.MethodGet, Path: "/policy/texts/{sha256}", Action: "policy.read", Summary: "The whole text behind a decision's hash, however old"},
		func(ctx context.Context, in *textIn) (*textOut, error) {
			e, place, err := editionOf(ctx, s.db.Read(), in.SHA)
			if err != nil {
				return nil, err
			}
			now, err := currentEditions(ctx, s.db.Read())
			if err != nil {
				return nil, err
			}
			out := &textOut{TextBody{SHA256: in.SHA, Pack: e.Pack, Version: e.Version, Jurisdiction: place, Edition: editionBody(e, now[e.Pack]), Files: []FileBody{}}}
			for _, t := range e.Texts {
				if t.Place == Nation || strings.HasPrefix(place, t.Place) {
					out.Body.Files = append(out.Body.Files, FileBody{t.File.Name, t.Place, t.SHA, string(t.File.Text)})
				}
			}
			return out, nil
		})

	type evalIn struct {
		Name string `path:"name" maxLength:"100"`
		Body Evaluation
	}
	type evalOut struct{ Body policy.Answer }
	api.Register(a, api.Op{ID: "evalPack", Method: http.MethodPost, Path: "/policy/packs/{name}/eval", Action: "policy.eval", Summary: "Evaluate a pack on an input; an old hash explains an old decision; nothing is kept"},
		func(ctx context.Context, in *evalIn) (*evalOut, error) {
			answer, err := s.evaluate(ctx, in.Name, in.Body)
			return &evalOut{answer}, err
		})
}

// evaluate answers a question by the text in force, or by the one it names.
func (s *Shelf) evaluate(ctx context.Context, pack string, e Evaluation) (policy.Answer, error) {
	o := policy.Options{Today: s.now(), Zone: s.zone, Jurisdiction: e.Jurisdiction}
	if e.At != "" {
		var err error
		if o.At, err = time.ParseInLocation(time.DateOnly, e.At, s.zone); err != nil {
			return policy.Answer{}, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "body.at", Message: "this is no date", Hint: "write it as 2024-12-01"}
		}
	}
	input := map[string]any{}
	if len(e.Input) > 0 {
		var err error
		if input, err = policy.DecodeInput(e.Input); err != nil {
			return policy.Answer{}, inBody(err, "input")
		}
	}
	var edition Edition
	var err error
	if e.SHA256 == "" {
		edition, err = currentEdition(ctx, s.db.Read(), pack)
	} else {
		var place string
		edition, place, err = editionOf(ctx, s.db.Read(), e.SHA256)
		if err == nil && edition.Pack != pack {
			err = lanzha.Invalid("body.sha256", "this is a text of %s", edition.Pack)
		}
		if o.Jurisdiction == "" {
			o.Jurisdiction = place
		}
	}
	if err != nil {
		return policy.Answer{}, err
	}
	p, err := s.of(edition)
	if err != nil {
		return policy.Answer{}, err
	}
	answer, err := p.Eval(input, o)
	if err != nil {
		return answer, inBody(err, "input")
	}
	if e.SHA256 != "" && answer.Pack.SHA256 != e.SHA256 {
		return answer, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "body.jurisdiction", Message: "the hash names no text that applies there", Hint: "leave the jurisdiction out: the hash says where its text applies"}
	}
	return answer, nil
}
