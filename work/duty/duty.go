// Package duty knows who is on duty: lists by region and day, each written as a
// whole. Whoever must be called at an hour is found here, the nearest region
// first. It never calls anybody.
package duty

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/know/place"
)

// Role is what somebody is on duty as.
type Role string

// The roles.
const (
	Officer Role = "officer" // 值班民警
	Leader  Role = "leader"  // 带班领导
)

var roles = []Role{Officer, Leader}

// Entry is one person's turn.
type Entry struct {
	ID      lanzha.ID `json:"id"`
	Account lanzha.ID `json:"account"`
	Role    Role      `json:"role" enum:"officer,leader"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to" doc:"the first instant after the turn"`
	Phone   string    `json:"phone" doc:"where to be reached in that turn; may be empty"`
}

// List is the list of one region for one day: the turns that begin on it.
type List struct {
	ID      lanzha.ID     `json:"id"`
	Version int64         `json:"version"` // 0 is a day without a list
	Region  lanzha.Region `json:"region"`  // "" is the centre itself
	Day     string        `json:"day" example:"2026-11-22"`
	Entries []Entry       `json:"entries"`
}

const (
	maxEntries = 200
	maxTurn    = 48 * time.Hour

	dayForm = "2006-01-02"
)

// bounds gives the first instant of a civil day and of the one after it.
func bounds(day string, zone *time.Location) (from, to time.Time, err error) {
	from, err = time.ParseInLocation(dayForm, day, zone)
	if err != nil || from.Year() < 2000 || from.Year() > 2100 {
		return from, to, lanzha.Invalid("day", "a day is written as 2026-11-22")
	}
	return from, from.AddDate(0, 0, 1), nil
}

// Check refuses a list that nobody can serve, as Invalid with the field, and
// one of a day that is over: that one is a record.
func (d List) Check(zone *time.Location, now time.Time) error {
	from, to, err := bounds(d.Day, zone)
	switch {
	case err != nil:
		return err
	case d.Region != "" && place.FullName(d.Region) == "":
		return lanzha.Invalid("region", "there is no such division; a region is a code of GB/T 2260, or empty for the centre itself")
	case !to.After(now):
		return lanzha.Conflict("the day is over; its list stays as it was served")
	case len(d.Entries) > maxEntries:
		return lanzha.Invalid("entries", "a day has up to %d turns", maxEntries)
	}
	for i, e := range d.Entries {
		at := func(name string) string { return fmt.Sprintf("entries[%d].%s", i, name) }
		switch _, err := lanzha.ParseID(string(e.Account)); {
		case err != nil:
			return lanzha.Invalid(at("account"), "an account is named by its ID")
		case !slices.Contains(roles, e.Role):
			return lanzha.Invalid(at("role"), "a role is officer or leader")
		case e.From.Before(from) || !e.From.Before(to):
			return lanzha.Invalid(at("from"), "a turn begins on the day of the list")
		case !e.To.After(e.From) || e.To.Sub(e.From) > maxTurn:
			return lanzha.Invalid(at("to"), "a turn ends after it begins and lasts up to %d hours", int(maxTurn.Hours()))
		case utf8.RuneCountInString(e.Phone) > 40 || strings.ContainsFunc(e.Phone, func(r rune) bool { return r < ' ' }):
			return lanzha.Invalid(at("phone"), "a phone has up to 40 characters")
		}
	}
	return nil
}

// Remark is something about a day's list that its author should see.
type Remark struct {
	Kind string    `json:"kind" enum:"gap,overlap"`
	Role Role      `json:"role"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	ZH   string    `json:"zh"`
	EN   string    `json:"en"`
}

// Remarks finds, between two instants, the hours that nobody covers in a role,
// the hours with two leaders (who decides?), and accounts that are on duty
// twice at once. turns are all that touch the span, those begun before it too.
func Remarks(turns []Entry, from, to time.Time, zone *time.Location) []Remark {
	out := []Remark{}
	turns = slices.Clone(turns)
	slices.SortStableFunc(turns, func(a, b Entry) int { return a.From.Compare(b.From) })
	for _, role := range roles {
		covered := from
		for _, e := range turns {
			if e.Role != role || !e.To.After(from) || !e.From.Before(to) {
				continue
			}
			if e.From.After(covered) {
				out = append(out, gap(role, covered, e.From, zone))
			}
			if e.To.After(covered) {
				covered = e.To
			}
		}
		if covered.Before(to) {
			out = append(out, gap(role, covered, to, zone))
		}
	}
	for i, a := range turns {
		for _, b := range turns[i+1:] {
			since, until := later(b.From, from), earlier(earlier(a.To, b.To), to)
			if !since.Before(until) {
				continue
			}
			switch {
			case a.Account == b.Account:
				out = append(out, Remark{
					Kind: "overlap", Role: b.Role, From: since, To: until,
					ZH: span(since, until, zone) + " 同一人排了两个班", EN: "one person has two turns " + span(since, until, zone),
				})
			case a.Role == Leader && b.Role == Leader:
				out = append(out, Remark{
					Kind: "overlap", Role: Leader, From: since, To: until,
					ZH: span(since, until, zone) + " 有两名带班领导", EN: "two leaders are on duty " + span(since, until, zone),
				})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Remark) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Role, b.Role))
	})
	return out
}

func gap(role Role, from, to time.Time, zone *time.Location) Remark {
	who := map[Role][2]string{Officer: {"值班民警", "officer"}, Leader: {"带班领导", "leader"}}[role]
	return Remark{
		Kind: "gap", Role: role, From: from, To: to,
		ZH: span(from, to, zone) + " 没有" + who[0], EN: "no " + who[1] + " is on duty " + span(from, to, zone),
	}
}

// span writes two instants as a clock on the wall shows them; midnight at the
// end of a day is 24:00.
func span(from, to time.Time, zone *time.Location) string {
	from, to = from.In(zone), to.In(zone)
	end := to.Format("15:04")
	switch midnight := time.Date(from.Year(), from.Month(), from.Day()+1, 0, 0, 0, 0, zone); {
	case to.Equal(midnight):
		end = "24:00"
	case to.After(midnight):
		end = to.Format("01-02 15:04")
	}
	return from.Format("01-02 15:04") + "–" + end
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// chain lists the regions in which to look for somebody, the nearest first;
// the centre is the last.
func chain(r lanzha.Region) []lanzha.Region {
	levels := r.Levels()
	slices.Reverse(levels)
	return append(levels, "")
}
