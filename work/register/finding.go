package register

import (
	"encoding/json"
	"fmt"
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
	Keeps      []Kept
	TermMonths int // 0 is open
	CapMonths  int // 0 is open
	Start      Day // "" is open: imprisoned and not released

	// Discretion says that the organ may list and need not, or that no clause
	// was found on such a subject: it states its reasons.
	Discretion bool
}

// reasoned are the silences on which the organ decides and states its reasons:
// minors and first offenders.
var reasoned = []string{"JP-31", "JP-31-first"}

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
	May       bool       `json:"discretionary"`
}

type ruleForm struct {
	Row         string `json:"id"`
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
		Discretion: form.May || slices.ContainsFunc(a.Silent, func(s policy.Silence) bool { return slices.Contains(reasoned, s.Row) }),
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
	for _, s := range form.StaysOpen {
		row, ok := rows[s.Row]
		if !ok || row.Citation.Document == "" {
			return f, lanzha.Internal("register.Find", uncited(s.Row))
		}
		f.Keeps = append(f.Keeps, Kept{Item: s.Item, Row: s.Row, Words: row.Words, Citation: row.Citation})
	}
	for _, m := range form.Measures {
		row, ok := rows[m.Row]
		if !ok || row.Citation.Document == "" {
			return f, lanzha.Internal("register.Find", uncited(m.Row))
		}
		f.Measures = append(f.Measures, Measure{
			Row: m.Row, Kind: m.Kind, Measure: m.Measure, Service: m.Service, Institution: m.Institution, Words: row.Words, Citation: row.Citation, Keeps: kept(f.Keeps, m.Keeps),
		})
	}
	return f, nil
}

func kept(all []Kept, item string) *Kept {
	for _, k := range all {
		if k.Item == item {
			return &k
		}
	}
	return nil
}

func uncited(row string) error {
	return fmt.Errorf("what follows from row %s stands on no match with a citation", row)
}

// circumstances are what the register itself knows beside the facts.
type circumstances struct {
	subject     Subject
	responsible bool  // listed beside a unit
	level       Level // of the organ that decides, or is to
	today       Day
	others      []Listing // the subject's listings so far
}

// complete fills in what nobody needs to enter: the day and the level of the
// decision, what the subject is and how old it was, and what stands of it
// already. What the facts state themselves stands.
func complete(facts map[string]any, c circumstances) map[string]any {
	out := maps.Clone(facts)
	if out == nil {
		out = map[string]any{}
	}
	fill(out, "decision.date", string(c.today))
	if out["ground"] == "designated" || out["ground"] == "both" {
		fill(out, "designation.level", c.level.String())
	}
	switch {
	case c.responsible:
		fill(out, "subject.kind", "responsible")
	default:
		fill(out, "subject.kind", string(c.subject.Kind))
	}
	if conduct, ok := out["conduct"].(map[string]any); ok {
		on, _ := conduct["firstOn"].(string)
		if age, ok := c.subject.ageOn(Day(on)); ok {
			fill(out, "subject.ageYears", float64(age)) // as JSON has numbers
		}
	}
	var run *Listing // the last one that was counted
	for i, l := range c.others {
		if state := l.State(c.today); state != Running && state != Upcoming && state != Pending {
			continue
		}
		if l.Older() {
			if run == nil {
				fill(out, "previous.regime", l.Pack.Name)
			}
			continue
		}
		if l.Span.From != "" && (run == nil || l.Span.Until > run.Span.Until) {
			run = &c.others[i]
		}
	}
	if run != nil {
		begin := runBegin(c.others, *run)
		out["previous"] = map[string]any{"regime": "measures_2024", "runFrom": string(begin), "runUntil": string(run.Span.Until)}
	}
	return out
}

// ownWord are places of the input that nobody enters: the province answers the
// one by its review, and what runs already is read from the register.
var ownWord = map[string]string{
	review:              "the province answers this by its review",
	"previous.runFrom":  "what runs already is read from the register",
	"previous.runUntil": "what runs already is read from the register",
}

// checkFacts refuses facts that the register knows better itself, a decision of
// the future, and a kind of subject that is another than the subject's.
func checkFacts(facts map[string]any, kind SubjectKind, today Day) error {
	at := func(place string) (any, bool) {
		outer, inner, _ := strings.Cut(place, ".")
		object, _ := facts[outer].(map[string]any)
		v, given := object[inner]
		return v, given && v != nil
	}
	for _, place := range slices.Sorted(maps.Keys(ownWord)) {
		if _, given := at(place); given {
			return &lanzha.Error{Code: lanzha.CodeInvalid, Field: "body.facts." + place, Message: ownWord[place], Hint: "leave it out"}
		}
	}
	if v, _ := at("decision.date"); v != nil {
		if day, ok := v.(string); ok && Day(day) > today {
			return lanzha.Invalid("body.facts.decision.date", "the decision lies in the future")
		}
	}
	if v, given := at("subject.kind"); given && (v == string(UnitKind)) != (kind == UnitKind) {
		return lanzha.Invalid("body.facts.subject.kind", "the subject of this proposal is of another kind")
	}
	return nil
}

// decidedOn is the day of the decision, as the facts have it.
func decidedOn(facts map[string]any, today Day) Day {
	decision, _ := facts["decision"].(map[string]any)
	if day, ok := decision["date"].(string); ok && day != "" {
		return Day(day)
	}
	return today
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

// exception is the way of a listing below the threshold.
const exception = "provincial_exception"

// review is the input that only the province can answer.
const review = "designation.provincialReview"

// waitsForReview reports whether the answer rests on the exception for conduct
// below the threshold, and the province has not been asked yet.
func waitsForReview(a policy.Answer) bool {
	f, err := Find(a)
	return err == nil && f.Way == exception && f.Listable == nil && slices.Contains(a.Missing, review)
}

// decisions are the parts of the result that decide; the others only say when,
// or what comes after.
var decisions = []string{"class", "grounds", "way", "listable", "excluded", "level", "measures", "staysOpen", "termMonths", "termYears", "capYears", "published"}

// release is the one fact that the start of a term may wait for.
const release = "sentence.releasedOn"

// decisive reports whether a listing cannot be made without what is missing. A
// term may wait for the release, or for how the text is read; it may not wait
// for a day that is known to the court.
func decisive(n policy.Need) bool {
	for _, part := range n.For {
		if slices.Contains(decisions, part) || part == "start" && n.Name != release && n.Kind != "reading" {
			return true
		}
	}
	return false
}

// SameDecision reports whether two answers decide the same by the same rows: the
// days may differ, since a designation counts from the day on which it is made.
func SameDecision(a, b policy.Answer) bool {
	said := func(a policy.Answer) string {
		result := maps.Clone(a.Result)
		for _, part := range []string{"start", "end", "runFrom", "runUntil"} {
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
