// Package policy is law as data: rule packs with dated, cited values and
// decision tables, and the engine that evaluates them. A pack is YAML that a
// lawyer can read (docs/policy-packs.md); an answer says what follows, from
// which rows, and what it still depends on.
package policy

import "time"

// Words are a text in the languages of the console.
type Words struct {
	ZH string `json:"zh" yaml:"zh"`
	EN string `json:"en" yaml:"en"`
}

// Ref names one text of a pack for good.
type Ref struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	SHA256  string `json:"sha256"` // lower-case hex, of the pack and its overlays as applied
}

// Status is how far a row has been confirmed.
type Status string

// The statuses. What is Unconfirmed is never computed with.
const (
	Confirmed   Status = "C" // the text was read
	Secondary   Status = "S" // press or an agency's explainer
	Local       Status = "L" // practice or rule of one place
	Unconfirmed Status = "U"
)

// Citation is where a row stands in law.
type Citation struct {
	Document  string   `json:"document"`
	Number    string   `json:"number,omitempty"`
	Bodies    []string `json:"bodies,omitempty"`
	Article   string   `json:"article,omitempty"`
	Inferred  bool     `json:"inferred,omitempty"` // the article's number is inferred: printed 条号待核
	Phrase    string   `json:"phrase,omitempty"`   // the operative words
	Effective string   `json:"effective,omitempty"`
	Publisher string   `json:"publisher,omitempty"`
	Status    Status   `json:"status"`
}

// Match is a row that held.
type Match struct {
	Row      string   `json:"row"`
	Table    string   `json:"table,omitempty"` // "" for a parameter's value
	Words    Words    `json:"words"`
	Applied  bool     `json:"applied"` // false of a row that held where another row of its table applies, or may
	Citation Citation `json:"citation"`
}

// Need is one thing on which the result still depends.
type Need struct {
	Name string   `json:"name"` // as in Answer.Missing
	Kind string   `json:"kind" enum:"input,parameter,confirmation,reading,holidays"`
	Why  Words    `json:"why"`
	For  []string `json:"for"` // the parts of the result that wait for it
}

// Silence is a question on which no clause was found.
type Silence struct {
	Row   string `json:"row"`
	Words Words  `json:"words"`
}

// Due is an obligation with its date.
type Due struct {
	Row      string   `json:"row"`
	Words    Words    `json:"words"`
	From     string   `json:"from,omitempty"` // a date, or an instant of RFC 3339; "" is not known yet
	Due      string   `json:"due,omitempty"`  // likewise
	Clock    Words    `json:"clock,omitzero"` // whose clock counts
	Waits    []string `json:"waits"`          // names that the date waits for; they are in Missing only when the result waits for them too
	Citation Citation `json:"citation"`
}

// Answer is the result of an evaluation with all that it rests on. It is a
// pure function of input, date, jurisdiction and pack.
type Answer struct {
	Result       map[string]any `json:"result"`                                                                                                               // null where it is not determined
	Parts        []PartView     `json:"parts,omitempty" doc:"the parts of the result in the pack's order, with words for them and for the values that occur"` // none of an answer that was kept before packs had words
	Matched      []Match        `json:"matched"`                                                                                                              // every row that held, in the pack's order
	Missing      []string       `json:"missing"`                                                                                                              // names of what could still change the result, and no others
	Needs        []Need         `json:"needs"`                                                                                                                // the same, explained
	Silent       []Silence      `json:"silent"`
	Due          []Due          `json:"due"`
	InForce      bool           `json:"inForce"` // false before, after, and for a draft
	At           string         `json:"at"`      // the legally relevant date
	Jurisdiction string         `json:"jurisdiction"`
	Pack         Ref            `json:"pack"`
}

// Options choose what is evaluated.
type Options struct {
	At           time.Time      // the civil date on which the law is read, in the centre's zone; zero takes the pack's date input, else Today
	Today        time.Time      // what counts as now
	Jurisdiction string         // a division code; "" is the nation
	Zone         *time.Location // the centre's, in which civil dates are counted; nil is Asia/Shanghai
}
