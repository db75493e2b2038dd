package shelf

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"lanzha"
	"lanzha/base/api"
	"lanzha/know/policy"
)

// Problem is what keeps a draft from being activated, or what a lawyer should
// look at.
type Problem struct {
	Rule  string         `json:"rule,omitempty" doc:"of the lint; text where it cannot be read or used, case where a test does not hold"`
	At    string         `json:"at" doc:"file and line, a row, or a case"`
	Text  policy.Words   `json:"message"`
	Next  policy.Words   `json:"hint,omitzero" doc:"the next step"`
	Input map[string]any `json:"input,omitempty" doc:"of a gap or an overlap: an input that shows it"`
}

// grave are the findings of the lint that keep a text out of force. The others
// are for a lawyer to look at.
var grave = []string{"gap", "overlap", "dates", "citation", "unanswered"}

// said is what an error says, in both languages.
func said(text string) policy.Words { return policy.Words{ZH: api.Chinese(text), EN: text} }

// Check is what was found in a draft: it is parsed, linted, its cases run, and
// compared with what is in force. It follows from the texts alone.
type Check struct {
	Problems []Problem         `json:"problems" doc:"errors: while there is one the draft cannot be activated"`
	Warnings []Problem         `json:"warnings" doc:"findings of the lint that do not stand against activation"`
	Cases    []policy.CaseView `json:"cases" doc:"its tests, each with how the answer differs"`

	pack *policy.Pack // nil when the texts cannot be read
}

// check looks at a draft's texts as they would come into an edition; the zero
// edition is a new pack.
func check(now Edition, texts []Text, cases string) Check {
	c := Check{Problems: []Problem{}, Warnings: []Problem{}, Cases: []policy.CaseView{}}
	for _, t := range texts {
		c.wrong(counted(now, t))
	}
	next := now.Next(texts, cases)
	pack, err := policy.Parse(next.Files()...)
	if err != nil {
		c.wrong(err)
		return c
	}
	c.pack = pack
	for _, f := range pack.Lint() {
		p := Problem{Rule: f.Rule, At: strings.TrimSpace(f.At + " " + f.Name), Text: f.Message, Input: f.Input}
		if slices.Contains(grave, f.Rule) {
			c.Problems = append(c.Problems, p)
		} else {
			c.Warnings = append(c.Warnings, p)
		}
	}
	if next.Cases == "" {
		c.Warnings = append(c.Warnings, Problem{Rule: "case", Text: policy.Words{ZH: "本规则包没有自带的用例", EN: "the pack has no cases of its own"}, Next: policy.Words{ZH: "请附上取自条文原文的用例", EN: "hand in tests taken from the text of the law"}})
		return c
	}
	if c.Cases, err = pack.Cases(policy.File{Name: next.Pack + "_test.yaml", Text: []byte(next.Cases)}); err != nil {
		c.Cases = []policy.CaseView{}
		c.wrong(err)
		return c
	}
	for _, run := range c.Cases {
		if len(run.Diff) > 0 {
			c.Problems = append(c.Problems, Problem{Rule: "case", At: run.Name, Text: said(strings.Join(run.Diff, "; ")), Next: policy.Words{ZH: "用例不符合：请修改文本，或者附上与之相符的用例", EN: "a case does not hold: mend the text, or hand in cases that fit it"}})
		}
	}
	return c
}

// wrong adds an error; nil is none.
func (c *Check) wrong(err error) {
	if err == nil {
		return
	}
	p := Problem{Rule: "text", Text: said(err.Error())}
	if e, ok := errors.AsType[*lanzha.Error](err); ok {
		p.At, p.Text, p.Next = e.Field, said(e.Message), said(e.Hint)
	}
	c.Problems = append(c.Problems, p)
}

// counted refuses a text that does not count up from the one that it takes the
// place of.
func counted(now Edition, t Text) error {
	for _, have := range now.Texts {
		if have.Place != t.Place {
			continue
		}
		if have.SHA == t.SHA {
			return &lanzha.Error{Field: t.File.Name, Message: "this text is in force already"}
		}
		was, errWas := policy.Head(have.File)
		is, errIs := policy.Head(t.File)
		if errWas == nil && errIs == nil && is.Version <= was.Version {
			return &lanzha.Error{
				Field: t.File.Name, Message: fmt.Sprintf("version %d is in force and the draft is version %d: a text that was activated does not change", was.Version, is.Version),
				Hint: fmt.Sprintf("write version: %d", was.Version+1),
			}
		}
	}
	return nil
}

// checked is check, kept.
func (s *Shelf) checked(now Edition, texts []Text, cases string) Check {
	key := string(now.ID) + hashOf([]byte(cases))
	for _, t := range texts {
		key += t.Place + t.SHA
	}
	s.mu.Lock()
	c, ok := s.checks[key]
	s.mu.Unlock()
	if ok {
		return c
	}
	c = check(now, texts, cases)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.checks) >= maxKept {
		clear(s.checks)
	}
	s.checks[key] = c
	return c
}
