package rule

import (
	"fmt"
	"slices"

	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// Finding is something in a pack that is likely wrong. A pack with a finding
// still runs.
type Finding struct {
	Rule    string        `json:"rule" enum:"unused,untested,words,unreachable"`
	At      string        `json:"at"`   // file and line
	Name    string        `json:"name"` // of the rule, feature, list or signal
	Message feature.Words `json:"message"`
}

// The rules of the lint.
const (
	lintUnused      = "unused"      // a feature or list that nothing reads
	lintUntested    = "untested"    // a rule without a case in which it fires, or a pack without a look-alike
	lintWords       = "words"       // Chinese or English is missing, or tells other values
	lintUnreachable = "unreachable" // a band that no event can reach
)

type linter struct {
	pack *Pack
	out  []Finding
}

func (l *linter) find(rule string, at place, name, zh, en string) {
	l.out = append(l.out, Finding{rule, at.String(), name, feature.Words{ZH: zh, EN: en}})
}

// Lint looks for features and lists that nothing reads, rules without cases,
// missing words, and bands that no event can reach. cases is the file of the
// pack's own cases; nil is none. The findings are the same on every run.
func (p *Pack) Lint(name string, cases []byte) ([]Finding, error) {
	l := &linter{pack: p, out: []Finding{}}
	l.words()
	if len(p.Rules)+len(p.Signals) > 0 {
		l.unused()
	}
	l.bands()
	return l.out, l.tested(name, cases)
}

func (l *linter) words() {
	both := func(at place, name string, w feature.Words) {
		if w.ZH == "" || w.EN == "" {
			l.find(lintWords, at, name, "缺中文或英文", "Chinese or English is missing")
		}
	}
	p := l.pack
	both(place{file: p.file}, "title", p.Title)
	for _, r := range p.Rules {
		both(r.at, r.ID+".title", r.Title)
		both(r.at, r.ID+".reason", r.Reason)
		holes := func(t template) (out []operand) {
			for _, piece := range t {
				if piece.as != asText && !slices.Contains(out, piece.of) {
					out = append(out, piece.of)
				}
			}
			return out
		}
		zh, en := holes(r.reasons[zh]), holes(r.reasons[en])
		for _, h := range append(slices.Clone(zh), en...) {
			if r.Reason.ZH != "" && r.Reason.EN != "" && slices.Contains(zh, h) != slices.Contains(en, h) {
				n := p.operandName(h)
				l.find(lintWords, r.at, r.ID+".reason", "中英文所列数值不一致："+n, "Chinese and English tell different values: "+n)
			}
		}
		for _, o := range r.shown {
			if o.feature >= 0 {
				f := p.Features.Features[o.feature]
				both(r.at, r.ID+": "+f.Name+".title", f.Title)
			}
		}
	}
	for _, s := range p.Signals {
		both(s.at, s.ID+".title", s.Title)
	}
}

func (p *Pack) operandName(o operand) string {
	if o.feature >= 0 {
		return p.Features.Features[o.feature].Name
	}
	return o.field
}

func (l *linter) unused() {
	p := l.pack
	read, asked := map[string]bool{}, map[string]bool{}
	note := func(c *condition) {
		for _, i := range c.features {
			read[p.Features.Features[i].Name] = true
		}
		for _, a := range c.asks {
			asked[p.Lists[a.list]] = true
		}
	}
	for _, r := range p.Rules {
		note(r.when)
		for _, o := range r.shown {
			read[p.operandName(o)] = true
		}
	}
	for _, s := range p.Signals {
		note(s.when)
	}
	for i := len(p.Features.Features) - 1; i >= 0; i-- { // the parts of a ratio stand before it
		f := p.Features.Features[i]
		if read[f.Name] && f.Aggregate == feature.Ratio {
			for _, of := range f.Of {
				read[of] = true
			}
		}
	}
	for _, f := range p.Features.Features {
		if !read[f.Name] {
			l.find(lintUnused, p.lines["feature "+f.Name], f.Name, "没有规则用到这个特征", "no rule reads this feature")
		}
	}
	for _, name := range p.Lists {
		if !asked[name] && !slices.Contains(p.Features.Lists, name) {
			l.find(lintUnused, p.lines["lists"], name, "没有条件用到这个名单", "no condition asks this list")
		}
	}
}

// bands looks for bands that the weights of all rules of a kind of event do not
// reach together.
func (l *linter) bands() {
	p := l.pack
	for _, kind := range feed.Kinds() {
		sum, any := 0, false
		for _, r := range p.Rules {
			if r.Event == kind && r.Status != Off {
				sum, any = sum+r.Weight, true
			}
		}
		for _, b := range []struct {
			name string
			from int
		}{{Medium, p.Bands.Medium}, {High, p.Bands.High}} {
			if any && sum < b.from {
				l.find(lintUnreachable, p.lines["bands"], b.name,
					fmt.Sprintf("%s 的规则权重合计 %d，永远达不到 %s（%d 分起）", kind, sum, b.name, b.from),
					fmt.Sprintf("the weights of all rules of a %s add up to %d and never reach %s, from %d on", kind, sum, b.name, b.from))
			}
		}
	}
}

// tested looks for rules that no case lets fire.
func (l *linter) tested(name string, cases []byte) error {
	p := l.pack
	if len(p.Rules) == 0 {
		return nil
	}
	fires, quiet := map[string]bool{}, false
	if cases != nil {
		s := &suite{}
		if _, err := readStrict(name, cases, s); err != nil {
			return err
		}
		for i := range s.Cases {
			var c testCase
			if err := decodeAt(name, "cases", &s.Cases[i], &c); err != nil {
				return err
			}
			if c.Alerts == nil {
				continue
			}
			for _, w := range *c.Alerts {
				fires[w.Rule] = true
			}
			quiet = quiet || len(*c.Alerts) == 0
		}
	}
	for _, r := range p.Rules {
		if !fires[r.ID] && r.Status != Off {
			l.find(lintUntested, r.at, r.ID, "没有案例让这条规则报警", "no case lets this rule fire")
		}
	}
	if !quiet {
		l.find(lintUntested, place{file: p.file}, "cases", "没有不应报警的相似案例（alerts: []）", "no case is a look-alike for which nothing may fire (alerts: [])")
	}
	return nil
}
