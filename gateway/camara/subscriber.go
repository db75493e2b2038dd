package camara

import (
	"context"
	"slices"
	"strings"
	"time"

	"lanzha/work/clue"
)

// subscriber gathers what the operations say. Each field is written by one.
type subscriber struct {
	person     clue.Person
	address    string
	openedOn   string // civil date
	simChanged string // civil date
	recycled   bool
}

// answer keeps of it what the question asked for.
func (s *subscriber) answer(q clue.Question) clue.Answer {
	a := clue.Answer{State: clue.AnswerAnswered}
	for _, f := range q.Fields {
		switch f {
		case clue.FieldSubscriber:
			a.Subscriber = &s.person
		case clue.FieldInstallAddress:
			if s.address != "" {
				a.InstallAddress, a.AddressRole = s.address, "id"
			}
		case clue.FieldOpenedOn:
			a.OpenedOn = s.openedOn
		case clue.FieldStatus:
			a.LineStatus = s.status()
		case clue.FieldOutlet, clue.FieldLocation: // no interface says it
		}
	}
	return a
}

// status is what is known of the line's life, in words that the console shows
// as the institution's own.
func (s *subscriber) status() string {
	var out []string
	if s.recycled {
		out = append(out, "recycled within 90 days")
	}
	if s.simChanged != "" {
		out = append(out, "SIM since "+s.simChanged)
	}
	return strings.Join(out, "; ")
}

// filledIn is the part of KYC Fill-in that is used.
type filledIn struct {
	Name                 *string `json:"name"`
	GivenName            *string `json:"givenName"`
	FamilyName           *string `json:"familyName"`
	IDDocument           *string `json:"idDocument"`
	Address              *string `json:"address"`
	Country              *string `json:"country"`
	Region               *string `json:"region"`
	Locality             *string `json:"locality"`
	StreetName           *string `json:"streetName"`
	StreetNumber         *string `json:"streetNumber"`
	HouseNumberExtension *string `json:"houseNumberExtension"`
}

// name is the full name, put together where only its parts are given.
func (f filledIn) name() string {
	if n := text(f.Name); n != "" {
		return n
	}
	return text(f.FamilyName) + text(f.GivenName)
}

// address is the whole address, put together where only its parts are given.
func (f filledIn) address() string {
	if a := text(f.Address); a != "" {
		return a
	}
	if text(f.StreetName) == "" {
		return ""
	}
	return text(f.Region) + text(f.Locality) + text(f.StreetName) + text(f.StreetNumber) + text(f.HouseNumberExtension)
}

// text is a field that may be absent or null, which is "not said".
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// fillIn asks who the subscriber is. A reply that names nobody and nothing is
// unreadable: it answers no question.
func fillIn(ctx context.Context, c *Client, q clue.Question, s *subscriber) outcome {
	var f filledIn
	return c.call(ctx, q, fillInPath, map[string]string{}, &f, func() bool {
		s.person = clue.Person{Name: f.name(), IDNumber: text(f.IDDocument)}
		s.address = f.address()
		return s.person.Name != "" || s.person.IDNumber != "" || s.address != ""
	})
}

// recycled asks whether the number changed hands of late.
func recycled(ctx context.Context, c *Client, q clue.Question, s *subscriber) outcome {
	var r struct {
		Recycled *bool `json:"phoneNumberRecycled"`
	}
	since := day(q.AskedAt.Add(-recycling))
	return c.call(ctx, q, recycledPath, map[string]string{"specifiedDate": since.Format(time.DateOnly)}, &r, func() bool {
		if r.Recycled != nil {
			s.recycled = *r.Recycled
		}
		return r.Recycled != nil
	})
}

// life asks when the line began: of a mobile line when its SIM was changed
// last, if the status is asked, and from there when it was opened.
func life(ctx context.Context, c *Client, q clue.Question, s *subscriber) outcome {
	guess := time.Time{}
	if slices.Contains(q.Fields, clue.FieldStatus) && q.Kind != clue.KindFixed {
		var r struct {
			Latest *time.Time `json:"latestSimChange"` // null is "beyond what is kept"
		}
		o := c.call(ctx, q, simSwapPath, map[string]string{}, &r, func() bool {
			if r.Latest != nil {
				guess = day(*r.Latest)
				s.simChanged = guess.Format(time.DateOnly)
			}
			return true
		})
		if !o.well() {
			return o
		}
	}
	if !slices.Contains(q.Fields, clue.FieldOpenedOn) {
		return outcome{}
	}
	return opened(ctx, c, q, s, guess)
}

// earliest is before any line that is still in use.
var earliest = time.Date(1987, 1, 1, 0, 0, 0, 0, time.UTC)

// opened finds the day on which the line was opened. KYC Tenure only says
// whether it was opened by a given day, so it is asked for the guess and the
// day before, which settles it where the SIM is the first one, and else by
// halves, 16 times at the most.
func opened(ctx context.Context, c *Client, q clue.Question, s *subscriber, guess time.Time) outcome {
	today := day(q.AskedAt)
	by := func(n int) (bool, outcome) { // opened by day n, counted from earliest
		var r struct {
			Check *bool `json:"tenureDateCheck"`
		}
		date := earliest.AddDate(0, 0, n).Format(time.DateOnly)
		o := c.call(ctx, q, tenurePath, map[string]string{"tenureDate": date}, &r, func() bool { return r.Check != nil })
		return o.well() && *r.Check, o
	}
	// Not opened by day low; opened by day high, which is never asked at first:
	// today is a day that the carrier's clock may not have reached.
	low, high := 0, days(today)
	next := high - 1
	if g := days(guess); !guess.IsZero() && g > low && g < high {
		next = g
	}
	for high-low > 1 {
		yes, o := by(next)
		switch {
		case !o.well():
			return o
		case !yes:
			low, next = next, (next+high)/2
		case high == days(today): // the first that holds: perhaps the very day
			high, next = next, next-1
		default:
			high, next = next, (low+next)/2
		}
	}
	s.openedOn = earliest.AddDate(0, 0, high).Format(time.DateOnly)
	return outcome{}
}

// zone is the civil time of the carriers asked.
var zone = time.FixedZone("CST", 8*3600)

// day is the civil day of an instant, as its midnight in UTC.
func day(t time.Time) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// days counts from earliest.
func days(t time.Time) int { return int(t.Sub(earliest) / (24 * time.Hour)) }
