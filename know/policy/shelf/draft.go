package shelf

import (
	"slices"
	"strings"
	"time"

	"lanzha"
)

// State is where a draft stands.
type State string

// The states. A draft that was activated or withdrawn does not change again.
const (
	Open      State = "open"
	Activated State = "activated"
	Withdrawn State = "withdrawn"
)

// Draft is a text that is proposed for activation.
type Draft struct {
	ID         lanzha.ID
	Version    int64
	Pack       string
	Place      string        // whose rules its text is
	Region     lanzha.Region // whose editors and leaders decide on it
	Origin     Origin
	State      State
	Note       string    // what it is for
	ProposedBy lanzha.ID // who wrote it last; "" is a release that nobody has taken up
	ProposedAt time.Time
	Problems   int64  // found when it was last written
	Cases      string // its tests, as YAML; "" keeps those in force
	DecidedBy  lanzha.ID
	DecidedAt  time.Time
	Reason     string    // of a withdrawal
	Edition    lanzha.ID // what it became
	Texts      []Text

	OpenComments int64
}

// Comment is what somebody said of a draft.
type Comment struct {
	ID           lanzha.ID
	Draft        lanzha.ID
	DraftVersion int64  // what was commented on
	Row          string // "" is the draft as a whole
	Text         string
	By           lanzha.ID
	Institution  lanzha.ID // of whom it speaks; "" is the centre
	At           time.Time
	Accepted     bool
	Answer       string    // why, where it was not accepted
	AnsweredBy   lanzha.ID // "" while open
	AnsweredAt   time.Time
}

// open refuses what is done to a draft that is decided, or that is not the one
// its doer has read.
func (d Draft) open(version int64) error {
	switch {
	case d.State != Open:
		return lanzha.Conflict("the draft is %s already", d.State)
	case d.Version != version:
		return lanzha.Conflict("somebody changed this draft before you")
	}
	return nil
}

// mayActivate decides whether a draft can be put in force by somebody who has
// seen how many comments are open. The check is of the draft as it is.
func (d Draft) mayActivate(by lanzha.ID, openComments int64, c Check) error {
	switch {
	case d.ProposedBy == "":
		return &lanzha.Error{
			Code: lanzha.CodeConflict, Message: "nobody has taken up what the release brought along; activation needs two people",
			Hint: "an analyst or another leader takes it up first",
		}
	case d.ProposedBy == by: // the policies say the same; activation does not rest on them alone
		return &lanzha.Error{Code: lanzha.CodeForbidden, Message: "who proposed it cannot activate it", Hint: "ask another leader"}
	case len(c.Problems) > 0:
		p := c.Problems[0]
		return &lanzha.Error{Code: lanzha.CodeConflict, Field: p.At, Message: "a draft with an error is never activated: " + p.Text.EN, Hint: "mend the text; what is in force goes on"}
	case openComments != d.OpenComments:
		e := lanzha.Conflict("%d comments on this draft are open", d.OpenComments)
		e.Field, e.Hint = "body.openComments", "answer them, or confirm their number"
		return e
	}
	return nil
}

// answer is a comment with what was said to it.
func (c Comment) answer(accepted bool, text string, by lanzha.ID, at time.Time) (Comment, error) {
	switch {
	case c.AnsweredBy != "":
		return c, lanzha.Conflict("this comment was answered already")
	case !accepted && strings.TrimSpace(text) == "":
		e := lanzha.Invalid("body.answer", "a comment that is not accepted is told why")
		return c, e
	}
	c.Accepted, c.Answer, c.AnsweredBy, c.AnsweredAt = accepted, strings.TrimSpace(text), by, at
	return c, nil
}

// places are whose rules a draft has.
func (d Draft) places() []string {
	out := []string{}
	for _, t := range d.Texts {
		out = append(out, t.Place)
	}
	slices.Sort(out)
	return out
}
