package register

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/know/policy"
)

// ProposalState is where a proposal stands.
type ProposalState string

// The states. The last two are final.
const (
	Draft    ProposalState = "draft"    // facts are gathered; they can be changed
	Proposed ProposalState = "proposed" // the facts stand; a leader must decide
	Reviewed ProposalState = "reviewed" // the province upheld the exception
	Approved ProposalState = "approved" // a listing came of it
	Refused  ProposalState = "refused"
)

// ProposalStates lists them in the order of the work.
var ProposalStates = []ProposalState{Draft, Proposed, Reviewed, Approved, Refused}

// Remark is what an officer says of one step of the answer: that they disagree
// with a row, or that they hold a reading which the law leaves to them.
type Remark struct {
	Row    string    `json:"row"` // a row of the answer, or a name in missing
	Reason string    `json:"reason"`
	By     lanzha.ID `json:"by"`
	At     time.Time `json:"at"`
}

// Proposal is the way from facts to a decision (认定建议).
type Proposal struct {
	ID      lanzha.ID
	Version int64
	State   ProposalState
	Subject lanzha.ID
	Kind    SubjectKind
	UnitOf  lanzha.ID // the unit's proposal, of a directly responsible person
	Region  lanzha.Region

	Pack        string
	Facts       map[string]any // the pack's input
	Evidence    []string
	Answer      policy.Answer
	EvaluatedAt time.Time
	Disagreed   []Remark // with rows of the answer
	Confirmed   []Remark // readings that the law leaves to the organ

	CreatedBy  lanzha.ID
	CreatedAt  time.Time
	ProposedBy lanzha.ID
	ProposedAt time.Time
	ReviewedBy lanzha.ID
	ReviewedAt time.Time
	DecidedBy  lanzha.ID
	DecidedAt  time.Time
	DocumentNo string
	Listing    lanzha.ID // what came of it
}

// Verb is what somebody does to a proposal. The action that allows it is
// "proposal." and the verb.
type Verb string

// The verbs.
const (
	Change   Verb = "change"   // facts and evidence
	Evaluate Verb = "evaluate" // the pack anew on the same facts
	Disagree Verb = "disagree" // with a row of the answer
	Propose  Verb = "propose"
	Return   Verb = "return" // to its author
	Review   Verb = "review" // the province, of the exception
	Approve  Verb = "approve"
	Refuse   Verb = "refuse"
)

// Action is what the gate knows the verb by.
func (v Verb) Action() string { return "proposal." + string(v) }

// way is what a verb needs, where it leads, and how its step is called, after
// "proposal." in the journal.
type way struct {
	from []ProposalState
	to   ProposalState // "" stays
	done string
}

var ways = map[Verb]way{
	Change:   {[]ProposalState{Draft}, "", "changed"},
	Evaluate: {[]ProposalState{Draft, Proposed, Reviewed}, "", "evaluated"},
	Disagree: {[]ProposalState{Draft, Proposed, Reviewed}, "", "disagreed"},
	Propose:  {[]ProposalState{Draft}, Proposed, "proposed"},
	Return:   {[]ProposalState{Proposed, Reviewed}, Draft, "returned"},
	Review:   {[]ProposalState{Proposed}, Reviewed, "reviewed"},
	Approve:  {[]ProposalState{Proposed, Reviewed}, Approved, "approved"},
	Refuse:   {[]ProposalState{Proposed, Reviewed}, Refused, "refused"},
}

// Level is how high a police organ stands: of a county, a districted city, a
// province, or the ministry.
type Level int

// The levels.
const (
	County Level = iota
	City
	Province
	Ministry
)

// levels are the pack's words for them.
var levels = map[string]Level{"county": County, "city": City, "province": Province, "ministry": Ministry}

func (l Level) String() string {
	for word, level := range levels {
		if level == l {
			return word
		}
	}
	return ""
}

// LevelOf is the level of the organ whose division is r; "" is the ministry.
func LevelOf(r lanzha.Region) Level {
	switch {
	case r == "":
		return Ministry
	case r.District() != "":
		return County
	case r.City() != "":
		return City
	}
	return Province
}

// Officer is who acts, as far as a decision depends on it.
type Officer struct {
	ID    lanzha.ID
	Level Level
}

// Command is what somebody does, with what it takes.
type Command struct {
	Verb       Verb
	Facts      map[string]any // Change
	Evidence   []string       // Change
	Answer     policy.Answer  // Change, Evaluate, Propose, Review, Approve: what the pack says now
	Row        string         // Disagree
	Confirm    []Remark       // Propose: readings that are held, with reasons
	Note       string         // the opinion or reason
	DocumentNo string         // Approve: of the decision (认定决定书)
}

// Decide does a command to a proposal. Its errors are CodeConflict where the
// state or the answer does not allow it, CodeForbidden where the same person
// would decide twice or the level is not enough, and CodeInvalid where
// something that it takes is missing.
func Decide(p Proposal, c Command, by Officer, now time.Time) (Proposal, error) {
	w, ok := ways[c.Verb]
	if !ok {
		return p, lanzha.Invalid("verb", "there is no such step")
	}
	if !slices.Contains(w.from, p.State) {
		return p, lanzha.Conflict("the proposal is %s; this needs one that is %s", p.State, w.from[0])
	}
	c.Note, c.DocumentNo = strings.TrimSpace(c.Note), strings.TrimSpace(c.DocumentNo)
	if utf8.RuneCountInString(c.Note) > longestReason {
		return p, lanzha.Invalid("body.note", "a note has up to %d characters", longestReason)
	}
	was := p
	if w.to != "" {
		p.State = w.to
	}
	p.Version++
	var err error
	switch c.Verb {
	case Change:
		p.Facts, p.Evidence, p.Answer, p.EvaluatedAt = c.Facts, c.Evidence, c.Answer, now
	case Evaluate:
		p.Answer, p.EvaluatedAt = c.Answer, now
	case Disagree:
		err = p.disagree(c, by, now)
	case Propose:
		err = p.propose(c, by, now)
	case Return:
		err = p.giveBack(c)
	case Review:
		err = p.review(c, by, now)
	case Approve:
		err = p.approve(c, by, now)
	case Refuse:
		err = p.refuse(c, by, now)
	}
	if err != nil {
		return was, err
	}
	return p, nil
}

func (p *Proposal) disagree(c Command, by Officer, now time.Time) error {
	known := slices.ContainsFunc(p.Answer.Matched, func(m policy.Match) bool { return m.Row == c.Row }) ||
		slices.ContainsFunc(p.Answer.Silent, func(s policy.Silence) bool { return s.Row == c.Row })
	switch {
	case !known:
		return lanzha.Invalid("body.row", "the answer has no row of this name")
	case c.Note == "":
		return lanzha.Invalid("body.reason", "say why")
	}
	p.Disagreed = append(slices.Clone(p.Disagreed), Remark{Row: c.Row, Reason: c.Note, By: by.ID, At: now})
	return nil
}

// propose fixes the facts. What could still change the decision must have been
// answered, or be held with a reason where the law leaves it to the organ.
func (p *Proposal) propose(c Command, by Officer, now time.Time) error {
	p.Answer, p.EvaluatedAt = c.Answer, now
	for i, r := range c.Confirm {
		need := p.need(r.Row)
		switch {
		case need == nil:
			return lanzha.Invalid("body.confirm", "%s: the answer does not wait for this", r.Row)
		case !discretionary(*need):
			return lanzha.Invalid("body.confirm", "%s is a fact or a figure: it is found out and entered, not confirmed", r.Row)
		case strings.TrimSpace(r.Reason) == "":
			return lanzha.Invalid("body.confirm", "%s: say why it is held so", r.Row)
		}
		c.Confirm[i] = Remark{Row: r.Row, Reason: strings.TrimSpace(r.Reason), By: by.ID, At: now}
	}
	p.Confirmed = c.Confirm
	if err := p.listable(true); err != nil {
		return err
	}
	if f, err := Find(p.Answer); err != nil {
		return err
	} else if f.Discretion && c.Note == "" {
		return lanzha.Invalid("body.note", "the law leaves this to the organ: state why it should be listed all the same")
	}
	p.ProposedBy, p.ProposedAt = by.ID, now
	return nil
}

func (p *Proposal) giveBack(c Command) error {
	if c.Note == "" {
		return lanzha.Invalid("body.reason", "say why")
	}
	p.ProposedBy, p.ProposedAt, p.ReviewedBy, p.ReviewedAt = "", time.Time{}, "", time.Time{}
	return nil
}

// review is the province's word on the exception for conduct below the
// threshold; the answer is that on the facts with it.
func (p *Proposal) review(c Command, by Officer, now time.Time) error {
	switch {
	case !waitsForReview(p.Answer):
		return lanzha.Conflict("this proposal does not rest on the provincial exception: there is nothing to review")
	case by.ID == p.ProposedBy || by.ID == p.CreatedBy:
		return errTwice("review")
	case by.Level < Province:
		return errLevel("review", Province)
	case c.Note == "":
		return lanzha.Invalid("body.opinion", "a review states why the impact is large and the listing necessary")
	}
	p.Facts = withReview(p.Facts)
	p.Answer, p.EvaluatedAt = c.Answer, now
	p.ReviewedBy, p.ReviewedAt = by.ID, now
	return p.listable(false)
}

// approve is the designation: by another person than the proposer and the
// reviewer, of the level that the row names, on an answer that has not changed
// since it was read.
func (p *Proposal) approve(c Command, by Officer, now time.Time) error {
	before := *p
	p.Answer, p.EvaluatedAt = c.Answer, now
	f, err := Find(p.Answer)
	if err != nil {
		return err
	}
	need, known := levels[f.Level]
	switch {
	case by.ID == "" || by.ID == p.ProposedBy || by.ID == p.CreatedBy || by.ID == p.ReviewedBy:
		return errTwice("approve")
	case !SameDecision(before.Answer, c.Answer):
		e := lanzha.Conflict("the answer has changed since this proposal was evaluated")
		e.Hint = "evaluate it again, read what is different, and approve the new version"
		return e
	case f.Way == exception && p.ReviewedBy == "":
		return lanzha.Conflict("the conduct lies below the threshold: the province must review it first")
	case !known:
		need = City
	}
	switch {
	case by.Level < max(need, City):
		return errLevel("approve", max(need, City))
	case c.DocumentNo == "" || utf8.RuneCountInString(c.DocumentNo) > 100:
		return lanzha.Invalid("body.documentNo", "a designation has the number of its decision, of up to 100 characters")
	case len(p.Disagreed) > 0 && c.Note == "":
		return lanzha.Invalid("body.note", "an officer disagrees with a row of the answer: say why the proposal is approved all the same")
	}
	if err := p.listable(false); err != nil {
		return err
	}
	p.DecidedBy, p.DecidedAt, p.DocumentNo = by.ID, now, c.DocumentNo
	return nil
}

func (p *Proposal) refuse(c Command, by Officer, now time.Time) error {
	switch {
	case c.Note == "":
		return lanzha.Invalid("body.reason", "say why")
	case by.ID == p.ProposedBy || by.ID == p.CreatedBy:
		return errTwice("refuse")
	}
	p.DecidedBy, p.DecidedAt = by.ID, now
	return nil
}

func (p *Proposal) need(name string) *policy.Need {
	for i, n := range p.Answer.Needs {
		if n.Name == name {
			return &p.Answer.Needs[i]
		}
	}
	return nil
}

// discretionary reports whether what is missing is left to the organ: how an
// open text is read, or whether an unconfirmed one is followed. Facts, figures
// and calendars are not.
func discretionary(n policy.Need) bool { return n.Kind == "reading" || n.Kind == "confirmation" }

// listable says what stands against listing. review allows that the province
// has still to review the exception.
func (p *Proposal) listable(review bool) error {
	f, err := Find(p.Answer)
	if err != nil {
		return err
	}
	switch {
	case !p.Answer.InForce:
		e := lanzha.Conflict("the rules of pack %s were not in force on %s", p.Pack, p.Answer.At)
		e.Hint = "a record made under older rules is imported with its own term and text"
		return e
	case f.Excluded != nil && *f.Excluded:
		return &lanzha.Error{
			Code: lanzha.CodeConflict, Field: "body.facts", Message: "these rules do not apply to this conduct: it is excluded",
			Hint: "read the row that excludes it in the answer",
		}
	case review && waitsForReview(p.Answer):
		return nil
	}
	if err := p.waits(); err != nil {
		return err
	}
	switch {
	case f.Class == "" || f.Listable != nil && !*f.Listable:
		return &lanzha.Error{Code: lanzha.CodeConflict, Field: "body.facts", Message: "by the rules these facts do not make a listing", Hint: "read in the answer which rows hold and which do not"}
	case len(f.Measures) == 0 || f.TermMonths == 0:
		return lanzha.Conflict("the answer gives no measures or no term")
	}
	return nil
}

// waits says what the decision still waits for: facts and figures first, then
// readings that nobody has taken.
func (p *Proposal) waits() error {
	var facts, readings []string
	var why policy.Words
	for _, n := range p.Answer.Needs {
		held := slices.ContainsFunc(p.Confirmed, func(r Remark) bool { return r.Row == n.Name })
		switch {
		case !decisive(n), held:
			continue
		case discretionary(n):
			readings = append(readings, n.Name)
		default:
			facts = append(facts, n.Name)
		}
		if why == (policy.Words{}) {
			why = n.Why
		}
	}
	switch {
	case len(facts) > 0:
		return &lanzha.Error{
			Code: lanzha.CodeConflict, Field: "body.facts." + facts[0], Message: "the decision waits for what is missing: " + strings.Join(facts, ", "),
			Hint: "find it out and enter it",
		}
	case len(readings) > 0:
		return &lanzha.Error{
			Code: lanzha.CodeConflict, Field: "body.confirm", Message: "the text does not say, and the decision depends on it: " + strings.Join(readings, ", ") + ": " + why.ZH,
			Hint: "ask the organ above; what it says is cited in an overlay of the pack",
		}
	}
	return nil
}

func errTwice(verb string) error {
	e := lanzha.Forbidden("who wrote, proposed or reviewed it cannot %s it", verb)
	e.Hint = "ask another leader"
	return e
}

func errLevel(verb string, need Level) error {
	e := lanzha.Forbidden("only an organ of the level %s or above can %s this", need, verb)
	e.Hint = "ask a leader of that level; the row in the answer names it"
	return e
}
