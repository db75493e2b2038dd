package register

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"lanzha"
	"lanzha/know/policy"
)

// Finding is what the register reads from a pack's answer. A pointer that is
// nil is a question that the answer leaves open.
type Finding struct {
	Class      Class    // "" is none, or open
	Grounds    []string // "A", "B1" ... all that hold
	Way        string   // sentence, threshold, no_threshold, provincial_exception
	Listable   *bool
	Excluded   *bool
	Level      string // who decides: "city" or "province"; "" is open
	Measures   []Measure
	TermMonths int // 0 is open
	CapMonths  int // 0 is open
	Start      Day // "" is open: imprisoned and not released
}

// answerForm is the result of a joint-punishment pack, as far as it is read.
type answerForm struct {
	Class     string     `json:"class"`
	Grounds   []string   `json:"grounds"`
	Way       string     `json:"way"`
	Listable  *bool      `json:"listable"`
	Excluded  *bool      `json:"excluded"`
	Level     string     `json:"level"`
	Measures  []ruleForm `json:"measures"`
	StaysOpen []ruleForm `json:"staysOpen"`
	Term      int        `json:"termMonths"`
	CapYears  int        `json:"capYears"`
	Start     Day        `json:"start"`
}

type ruleForm struct {
	Row         string `json:"row"`
	Kind        string `json:"kind"`
	Measure     string `json:"measure"`
	Service     string `json:"service"`
	Institution string `json:"institution"`
	Keeps       string `json:"keeps"`
	Item        string `json:"item"`
}

// Find reads an answer. A measure takes its words and citation from the row on
// which it stands; one whose row did not match, or matched without a citation,
// is a mistake of the pack and CodeInternal.
func Find(a policy.Answer) (Finding, error) {
	text, err := json.Marshal(a.Result)
	if err != nil {
		return Finding{}, lanzha.Internal("register.Find", err)
	}
	var form answerForm
	if err := json.Unmarshal(text, &form); err != nil {
		return Finding{}, lanzha.Internal("register.Find", err)
	}
	f := Finding{
		Grounds: form.Grounds, Way: form.Way, Listable: form.Listable, Excluded: form.Excluded, Level: form.Level,
		TermMonths: form.Term, CapMonths: 12 * form.CapYears, Start: form.Start,
	}
	if form.Class == string(ClassA) || form.Class == string(ClassB) {
		f.Class = Class(form.Class)
	}
	if _, known := levels[f.Level]; !known {
		f.Level = ""
	}
	rows := map[string]policy.Match{}
	for _, m := range a.Matched {
		rows[m.Row] = m
	}
	kept := map[string]*Kept{}
	for _, s := range form.StaysOpen {
		row, ok := rows[s.Row]
		if !ok || row.Citation.Document == "" {
			return f, lanzha.Internal("register.Find", errNoRow(s.Row))
		}
		kept[s.Item] = &Kept{Item: s.Item, Row: s.Row, Words: row.Words, Citation: row.Citation}
	}
	for _, m := range form.Measures {
		row, ok := rows[m.Row]
		if !ok || row.Citation.Document == "" {
			return f, lanzha.Internal("register.Find", errNoRow(m.Row))
		}
		f.Measures = append(f.Measures, Measure{
			Row: m.Row, Kind: m.Kind, Measure: m.Measure, Service: m.Service, Institution: m.Institution, Words: row.Words, Citation: row.Citation, Keeps: kept[m.Keeps],
		})
	}
	return f, nil
}

type errNoRow string

func (e errNoRow) Error() string {
	return "the measure " + string(e) + " stands on no row with a citation"
}

// complete fills in what the decision itself decides: the day, and the level of
// the organ. What the facts state already, of a decision on paper, stands.
func complete(facts map[string]any, level Level, today Day) map[string]any {
	out := maps.Clone(facts)
	if out == nil {
		out = map[string]any{}
	}
	fill(out, "decision.on", string(today))
	if out["ground"] == "designated" || out["ground"] == "both" {
		fill(out, "designation.level", level.String())
	}
	return out
}

// withReview is the facts once the province has upheld the exception.
func withReview(facts map[string]any) map[string]any {
	out := maps.Clone(facts)
	fill(out, "designation.provincialReview", true)
	return out
}

// fill sets a place of two parts in an input where it is not given. The inner
// object is copied: it may be somebody else's.
func fill(in map[string]any, place string, v any) {
	outer, inner, _ := strings.Cut(place, ".")
	object, ok := in[outer].(map[string]any)
	if !ok && in[outer] != nil {
		return // ill-typed: the pack refuses it and names it
	}
	if _, given := object[inner]; given {
		return
	}
	object = maps.Clone(object)
	if object == nil {
		object = map[string]any{}
	}
	object[inner] = v
	in[outer] = object
}

// review is the input that only the province can answer.
const review = "designation.provincialReview"

// waitsForReview reports whether the answer rests on the exception for conduct
// below the threshold, and the province has not been asked yet.
func waitsForReview(a policy.Answer) bool {
	f, err := Find(a)
	return err == nil && f.Way == "provincial_exception" && f.Listable == nil && slices.Contains(a.Missing, review)
}

// dates are the parts of the result that only say when: they may stay open,
// since a term whose start is not known has no end.
var dates = []string{"start", "end"}

// decisive reports whether the decision waits for what is missing, and not only
// its dates or what comes after it.
func decisive(n policy.Need) bool {
	return slices.ContainsFunc(n.For, func(part string) bool { return !slices.Contains(dates, part) })
}

// SameDecision reports whether two answers decide the same by the same rows: the
// days may differ, since a designation counts from the day on which it is made.
func SameDecision(a, b policy.Answer) bool {
	said := func(a policy.Answer) string {
		result := maps.Clone(a.Result)
		for _, part := range dates {
			delete(result, part)
		}
		text, err := json.Marshal([]any{result, a.Matched, a.Missing, a.Silent, a.InForce})
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	return said(a) == said(b)
}
