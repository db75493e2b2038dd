// Package cases keeps dossiers (工作专档): the working files that hold what
// belongs together. One opens by itself when a den is suspected and follows it
// to the end; it becomes a case (案件) only by a dated decision to file with its
// number. Rows of the journal come in, links and a timeline go out. It holds no
// copies of the records that it links, and never decides to file.
package cases

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/work/clue/den"
)

// State is where a dossier stands.
type State string

// The states: open -> filed -> closed, or open -> closed.
const (
	Open   State = "open"   // 在办
	Filed  State = "filed"  // 已立案: it is a case
	Closed State = "closed" // 已结
)

// Result is what came of the den of a dossier.
type Result string

// The results. "" is none yet.
const (
	Confirmed    Result = "confirmed"     // checked on site: it is one
	NothingFound Result = "nothing_found" // checked on site: there is none
	Dismissed    Result = "dismissed"     // not worth a visit
)

// Filing is the decision that made a dossier a case.
type Filing struct {
	DocumentNo string    `json:"documentNo" example:"昆公(刑)立字〔2026〕108号"`
	FiledOn    string    `json:"filedOn" doc:"the civil date of the decision" example:"2026-11-22"`
	By         lanzha.ID `json:"by" doc:"who entered it"`
	At         time.Time `json:"at" doc:"when it was entered"`
}

// Dossier is one working file.
type Dossier struct {
	ID      lanzha.ID     `json:"id"`
	Version int64         `json:"version"`
	No      string        `json:"no" example:"昆专档〔2026〕3号"`
	Title   string        `json:"title"`
	State   State         `json:"state" enum:"open,filed,closed"`
	Region  lanzha.Region `json:"region"`
	Den     lanzha.ID     `json:"den" doc:"the den that opened it; empty when opened by hand"`
	Result  Result        `json:"result" enum:",confirmed,nothing_found,dismissed" doc:"what came of the den; empty is nothing yet"`
	Outcome den.Outcome   `json:"outcome"`
	Filing  *Filing       `json:"filing,omitempty"`
	CaseNo  string        `json:"caseNo" doc:"the case's number; empty where none is known"`

	CloseReason string     `json:"closeReason"`
	OpenedBy    lanzha.ID  `json:"openedBy" doc:"empty when it opened by itself"`
	OpenedAt    time.Time  `json:"openedAt"`
	ClosedAt    *time.Time `json:"closedAt,omitempty"`
}

// Link says that a record belongs to a dossier.
type Link struct {
	Record lanzha.ID `json:"record"` // shown empty to whoever may not read the record
	Kind   string    `json:"kind" example:"clue"`
	By     lanzha.ID `json:"by" doc:"empty when it came by itself"`
	At     time.Time `json:"at"`
}

// number writes the number of a dossier: the centre's short name, the year, and
// the how manieth of that year.
func number(centre string, year int, n int64) string {
	return fmt.Sprintf("%s专档〔%d〕%d号", centre, year, n)
}

// titleOf is the title of a dossier that opens by itself.
func titleOf(address string) string {
	if address == "" {
		return "疑似窝点"
	}
	return "疑似窝点 " + address
}

// checkTitle refuses a title that a list cannot show.
func checkTitle(title string) error {
	if n := utf8.RuneCountInString(title); n < 1 || n > 200 || title != strings.TrimSpace(title) ||
		strings.ContainsFunc(title, func(r rune) bool { return r < ' ' }) {
		return lanzha.Invalid("title", "a title has 1 to 200 characters on one line")
	}
	return nil
}

const dayForm = "2006-01-02"

// File makes a dossier a case by the decision to file, once. today is the civil
// date of f.At where the centre is.
func (d Dossier) File(f Filing, caseNo, today string) (Dossier, error) {
	filed, err := time.Parse(dayForm, f.FiledOn)
	switch {
	case d.State == Filed:
		return d, lanzha.Conflict("the dossier is a case already")
	case d.State == Closed:
		return d, lanzha.Conflict("the dossier is closed")
	case f.DocumentNo == "" || utf8.RuneCountInString(f.DocumentNo) > 100:
		return d, lanzha.Invalid("documentNo", "a decision to file has a number of 1 to 100 characters")
	case err != nil || filed.Year() < 2000:
		return d, lanzha.Invalid("filedOn", "the date of the decision is written as 2026-11-22")
	case f.FiledOn > today:
		return d, lanzha.Invalid("filedOn", "the decision cannot be dated in the future")
	case utf8.RuneCountInString(caseNo) > 100:
		return d, lanzha.Invalid("caseNo", "a case number has up to 100 characters")
	}
	d.State, d.Filing, d.CaseNo = Filed, &f, caseNo
	return d, nil
}

// Close ends the work on a dossier, with the reason.
func (d Dossier) Close(reason string, at time.Time) (Dossier, error) {
	switch n := utf8.RuneCountInString(reason); {
	case d.State == Closed:
		return d, lanzha.Conflict("the dossier is closed already")
	case n < 1 || n > 1000:
		return d, lanzha.Invalid("reason", "a reason has 1 to 1000 characters")
	}
	d.State, d.CloseReason, d.ClosedAt = Closed, reason, &at
	return d, nil
}

// Learn notes what came of the den. It does so in every state: the police may
// go in after the file was closed.
func (d Dossier) Learn(r Result, o den.Outcome) Dossier {
	d.Result, d.Outcome = r, o
	return d
}
