package iso20022

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"lanzha"
)

//go:embed maps/*.json
var maps embed.FS

// PublicMap names the map that Tazama's own test collections are written for:
// one rule that counts what an account sent in a day.
const PublicMap = "public"

// Map is a configuration of Tazama: its network map with the rules and the
// typologies that the map names, in the form in which its administration
// service hands them out. Those rules are computed here that are a count over
// the messages themselves: 901 (what the debtor's account sent) and 902 (what
// the creditor's account received), and EFRuP, which without conditions says
// "none". A map that names another rule is refused.
type Map struct {
	network  networkMap
	message  mapMessage // of the pacs.002
	typology []*typology
	rules    map[string]*ruleConfig // by id@cfg
}

type networkMap struct {
	Active   bool         `json:"active"`
	Name     string       `json:"name,omitempty"`
	Cfg      string       `json:"cfg"`
	TenantID string       `json:"tenantId,omitempty"`
	Messages []mapMessage `json:"messages"`
}

type mapMessage struct {
	ID         string        `json:"id"`
	Cfg        string        `json:"cfg"`
	TxTp       string        `json:"txTp"`
	Typologies []mapTypology `json:"typologies"`
}

type mapTypology struct {
	ID       string   `json:"id"`
	Cfg      string   `json:"cfg"`
	TenantID string   `json:"tenantId,omitempty"`
	Rules    []ruleID `json:"rules"`
}

type ruleID struct {
	ID  string `json:"id"`
	Cfg string `json:"cfg"`
}

type ruleConfig struct {
	ruleID
	Config struct {
		Parameters struct {
			MaxQueryRange int64 `json:"maxQueryRange"` // milliseconds
		} `json:"parameters"`
		ExitConditions []band `json:"exitConditions"`
		Bands          []band `json:"bands"`
	} `json:"config"`
}

type band struct {
	Ref   string   `json:"subRuleRef"`
	Lower *float64 `json:"lowerLimit"` // from
	Upper *float64 `json:"upperLimit"` // below
}

type typology struct {
	ruleID
	Workflow workflow `json:"workflow"`
	Rules    []struct {
		ruleID
		Term    string   `json:"termId"`
		Weights []weight `json:"wghts"`
	} `json:"rules"`
	Expression []any `json:"expression"`
}

type workflow struct {
	AlertThreshold        float64  `json:"alertThreshold"`
	InterdictionThreshold *float64 `json:"interdictionThreshold,omitempty"`
	FlowProcessor         string   `json:"flowProcessor,omitempty"`
}

type weight struct {
	Ref    string `json:"ref"`
	Weight loose  `json:"wght"`
}

// loose is a number that may be written as a text.
type loose float64

// UnmarshalJSON reads 100 and "100".
func (l *loose) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	*l = loose(f)
	return err
}

// LoadMap reads a map: PublicMap, or a file of JSON with "networkMap", "rules"
// and "typologies".
func LoadMap(name string) (*Map, error) {
	text, err := maps.ReadFile("maps/" + name + ".json")
	if err != nil {
		text, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "iso20022.LoadMap", Field: "feed.tazama.map", Message: "the map cannot be read", Hint: "name a file, or public", Err: err}
	}
	return ParseMap(text)
}

// ParseMap reads a map. An error names the rule or typology.
func ParseMap(text []byte) (*Map, error) {
	var in struct {
		NetworkMap networkMap   `json:"networkMap"`
		Rules      []ruleConfig `json:"rules"`
		Typologies []*typology  `json:"typologies"`
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "feed.tazama.map", Message: "the map is not JSON of the form that is wanted", Err: err}
	}
	m := &Map{network: in.NetworkMap, rules: map[string]*ruleConfig{}}
	for i := range in.Rules {
		m.rules[in.Rules[i].ID+"@"+in.Rules[i].Cfg] = &in.Rules[i]
	}
	i := slices.IndexFunc(in.NetworkMap.Messages, func(m mapMessage) bool { return strings.HasPrefix(m.TxTp, "pacs.002") })
	if i < 0 {
		return nil, wrongMap("networkMap.messages", "a pacs.002 is wanted: it is what is evaluated")
	}
	m.message = in.NetworkMap.Messages[i]
	for _, named := range m.message.Typologies {
		k := slices.IndexFunc(in.Typologies, func(t *typology) bool { return t.ID == named.ID && t.Cfg == named.Cfg })
		if k < 0 {
			return nil, wrongMap(named.Cfg, "the typologies hold none of this cfg")
		}
		t := in.Typologies[k]
		if err := m.check(t, named); err != nil {
			return nil, err
		}
		m.typology = append(m.typology, t)
	}
	if len(m.typology) == 0 {
		return nil, wrongMap("networkMap.messages", "the pacs.002 names no typology")
	}
	return m, nil
}

func wrongMap(field, message string) error {
	return &lanzha.Error{Code: lanzha.CodeInvalid, Field: field, Message: message, Hint: "docs/iso20022.md lists what a map may say"}
}

func (m *Map) check(t *typology, named mapTypology) error {
	terms := []string{}
	for _, r := range named.Rules {
		k := slices.IndexFunc(t.Rules, func(x struct {
			ruleID
			Term    string   `json:"termId"`
			Weights []weight `json:"wghts"`
		}) bool {
			return x.ruleID == r
		})
		if k < 0 {
			return wrongMap(named.Cfg+"."+r.ID, "the typology gives this rule no weights")
		}
		terms = append(terms, t.Rules[k].Term)
		switch kernel(r.ID) {
		case "EFRuP":
		case "901", "902":
			c := m.rules[r.ID+"@"+r.Cfg]
			if c == nil || len(c.Config.Bands) == 0 || c.Config.Parameters.MaxQueryRange <= 0 {
				return wrongMap(r.ID, "the rules hold no config of it with bands and maxQueryRange")
			}
		default:
			return wrongMap(r.ID, "this rule is not computed here: 901, 902 and EFRuP are")
		}
	}
	for i, x := range t.Expression {
		term, ok := x.(string)
		if i == 0 && term != "Add" || !ok {
			return wrongMap(named.Cfg+".expression", `a sum of terms is wanted: ["Add", ...]`)
		}
		if i > 0 && !slices.Contains(terms, term) {
			return wrongMap(named.Cfg+".expression", "a term names no rule of the map")
		}
	}
	return nil
}

// kernel is the rule of "901@1.0.0".
func kernel(id string) string {
	name, _, _ := strings.Cut(id, "@")
	return name
}

// counter counts pacs.002 about an account.
type counter func(ctx context.Context, column, account string, span time.Duration) (int64, error)

// evaluate is what the map's typologies say of a transfer. took is the time
// since an instant, in nanoseconds.
func (m *Map) evaluate(ctx context.Context, t *Transfer, code, tenant string, count counter, took func() int64) ([]typologyResult, error) {
	results := []typologyResult{}
	for i, typ := range m.typology {
		out := typologyResult{ID: typ.ID, Cfg: typ.Cfg, TenantID: tenant, Workflow: typ.Workflow, RuleResults: []ruleResult{}}
		values := map[string]float64{}
		for _, id := range m.message.Typologies[i].Rules {
			r := ruleResult{ruleID: id, TenantID: tenant, SubRuleRef: "none"}
			if kernel(id.ID) != "EFRuP" {
				var err error
				if r.SubRuleRef, r.Value, err = m.rules[id.ID+"@"+id.Cfg].outcome(ctx, t, code, count); err != nil {
					return nil, err
				}
			}
			for _, weighed := range typ.Rules {
				for _, w := range weighed.Weights {
					if weighed.ruleID == id && w.Ref == r.SubRuleRef {
						r.Weight = float64(w.Weight)
					}
				}
				if weighed.ruleID == id {
					values[weighed.Term] = r.Weight
				}
			}
			r.Took = took()
			out.RuleResults = append(out.RuleResults, r)
		}
		for _, x := range typ.Expression[min(1, len(typ.Expression)):] {
			out.Result += values[fmt.Sprint(x)]
		}
		out.Review = typ.Workflow.AlertThreshold > 0 && out.Result >= typ.Workflow.AlertThreshold ||
			typ.Workflow.InterdictionThreshold != nil && out.Result >= *typ.Workflow.InterdictionThreshold
		out.Took = took()
		results = append(results, out)
	}
	return results, nil
}

// outcome is the band of a count, or ".x00" for a transfer that did not
// succeed, or ".err" for a count in no band.
func (c *ruleConfig) outcome(ctx context.Context, t *Transfer, code string, count counter) (string, float64, error) {
	if code != "ACCC" {
		return ".x00", 0, nil
	}
	column, account := "payer", t.DebtorAccount
	if kernel(c.ID) == "902" {
		column, account = "payee", t.CreditorAccount
	}
	n, err := count(ctx, column, account, time.Duration(c.Config.Parameters.MaxQueryRange)*time.Millisecond)
	if err != nil {
		return "", 0, err
	}
	for _, b := range c.Config.Bands {
		if (b.Lower == nil || float64(n) >= *b.Lower) && (b.Upper == nil || float64(n) < *b.Upper) {
			return b.Ref, float64(n), nil
		}
	}
	return ".err", float64(n), nil
}
