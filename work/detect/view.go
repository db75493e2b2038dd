package detect

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/work/detect/alert"
	"lanzha/work/detect/feature"
	"lanzha/work/detect/rule"
	"lanzha/work/feed"
)

// PackView is a pack as its parser reads it.
type PackView struct {
	Title    feature.Words     `json:"title"`
	Bands    rule.Bands        `json:"bands" doc:"from which score on a verdict is medium or high"`
	Actions  map[string]string `json:"actions" doc:"advice by band: allow, review, warn, hold"`
	Lists    []string          `json:"lists" doc:"named lists that its conditions read"`
	Rules    []RuleView        `json:"rules"`
	Features []FeatureView     `json:"features"`
	Signals  []SignalView      `json:"signals"`
}

// RuleView is a rule.
type RuleView struct {
	ID       string        `json:"id"`
	Title    feature.Words `json:"title"`
	Event    string        `json:"event" enum:"call,message,transfer,registration"`
	Subject  string        `json:"subject" doc:"field of the event that the alert is about"`
	Domain   string        `json:"domain" enum:"other,number,account,device,sim,cell,person,outlet" doc:"what the subject is"`
	Severity string        `json:"severity" enum:"low,medium,high"`
	Weight   int           `json:"weight" doc:"what it adds to the score of an event"`
	When     string        `json:"when"`
	Reason   feature.Words `json:"reason"`
	Hold     int64         `json:"holdSeconds" doc:"at most one alert of a subject within it; 0 is no limit"`
	Becomes  string        `json:"becomes" enum:"clue,warning,referral,none"`
	Status   rule.Status   `json:"status" enum:"live,shadow,off"`
}

// FeatureView is a feature.
type FeatureView struct {
	Name      string        `json:"name"`
	Title     feature.Words `json:"title"`
	Event     string        `json:"event" enum:"call,message,transfer,registration"`
	Key       []string      `json:"key" doc:"fields whose events are looked at"`
	Filter    string        `json:"filter" doc:"empty is every event"`
	Aggregate string        `json:"aggregate"`
	Of        []string      `json:"of"`
	Window    int64         `json:"windowSeconds" doc:"0 is all time"`
	Offset    int64         `json:"offsetSeconds" doc:"the window ends so long ago"`
}

// SignalView is a question of other institutions.
type SignalView struct {
	ID    string        `json:"id"`
	Title feature.Words `json:"title"`
	Key   string        `json:"key" doc:"field whose value is asked about"`
	When  string        `json:"when"`
}

func packView(p *rule.Pack) PackView {
	v := PackView{Title: p.Title, Bands: p.Bands, Actions: maps.Clone(p.Actions), Lists: append([]string{}, p.Lists...), Rules: []RuleView{}, Features: []FeatureView{}, Signals: []SignalView{}}
	if v.Actions == nil {
		v.Actions = map[string]string{}
	}
	for _, r := range p.Rules {
		v.Rules = append(v.Rules, RuleView{
			ID: r.ID, Title: r.Title, Event: r.Event.String(), Subject: r.Subject.Name, Domain: alert.DomainName(r.Subject.Domain), Severity: r.Severity, Weight: r.Weight,
			When: r.When, Reason: r.Reason, Hold: int64(r.Hold.Seconds()), Becomes: r.Becomes, Status: r.Status,
		})
	}
	for _, s := range p.Signals {
		v.Signals = append(v.Signals, SignalView{s.ID, s.Title, s.Key.Name, s.When})
	}
	if p.Features == nil {
		return v
	}
	for _, f := range p.Features.Features {
		v.Features = append(v.Features, FeatureView{
			Name: f.Name, Title: f.Title, Event: f.Event.String(), Key: fieldNames(f.Key), Filter: f.Filter, Aggregate: string(f.Aggregate), Of: append([]string{}, f.Of...),
			Window: int64(f.Window.Seconds()), Offset: int64(f.Offset.Seconds()),
		})
	}
	return v
}

func fieldNames(of []feed.Field) []string {
	out := []string{}
	for _, f := range of {
		out = append(out, f.Name)
	}
	return out
}

// shippedCases are the cases of a pack that came with this release; "" where
// the text is another.
func shippedCases(p *rule.Pack) string {
	shipped, err := rule.Shipped()
	if err != nil {
		return "" // the packs of the release are tested with it
	}
	i := slices.IndexFunc(shipped, func(s *rule.Pack) bool { return s.SHA256 == p.SHA256 })
	if i < 0 {
		return ""
	}
	_, text, _ := rule.ShippedCases(shipped[i])
	return string(text)
}

// CheckedBody is what is said of a pack that is written.
type CheckedBody struct {
	View     PackView       `json:"view"`
	Findings []rule.Finding `json:"findings" doc:"likely wrong; the pack runs all the same"`
	Run      int            `json:"run" doc:"cases that were run"`
	Failures []rule.Failure `json:"failures" doc:"cases that do not hold"`
}

// check reads a text as propose would, and keeps nothing.
func (d *Detector) check(ctx context.Context, text, cases string) (*CheckedBody, error) {
	p, err := rule.Parse("body.text", []byte(text))
	if err != nil {
		return nil, err
	}
	active, err := activePacks(ctx, d.DB.Read())
	if err != nil {
		return nil, err
	}
	if err := d.together(p, active); err != nil {
		return nil, err
	}
	out := &CheckedBody{View: packView(p), Failures: []rule.Failure{}}
	var suite []byte
	if cases != "" {
		suite = []byte(cases)
		tested, err := rule.Test(p, "body.cases", suite)
		if err != nil {
			return nil, err
		}
		out.Run, out.Failures = tested.Run, tested.Failures
	}
	if out.Findings, err = p.Lint("body.cases", suite); err != nil {
		return nil, err
	}
	return out, nil
}

func (d *Detector) mountCheck(a *api.API, may *auth.Decider) {
	type checkIn struct {
		Body struct {
			Text  string `json:"text" minLength:"1" maxLength:"500000" doc:"YAML; docs/rules.md describes it"`
			Cases string `json:"cases,omitempty" maxLength:"500000" doc:"the pack's own cases"`
		}
	}
	type checkOut struct{ Body CheckedBody }
	api.Register(a, api.Op{ID: "checkRulePack", Method: http.MethodPost, Path: "/detector/packs/check", Action: "rulepack.draft", MaxBody: 2 << 20, Summary: "Try a pack of detection rules and its cases without keeping it; what cannot be read is refused by line"},
		func(ctx context.Context, in *checkIn) (*checkOut, error) {
			if err := may.May(ctx, "rulepack.draft", auth.Resource{Type: "pack", Region: d.Options.Region}); err != nil {
				return nil, err
			}
			out, err := d.check(ctx, in.Body.Text, in.Body.Cases)
			if err != nil {
				return nil, err
			}
			return &checkOut{*out}, nil
		})
}
