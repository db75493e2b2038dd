package register

import (
	"time"

	"lanzha"
)

// Day is a civil date in the centre's zone, "2026-11-25". Days compare as
// strings do. "" is a day that is not known, or that does not apply.
type Day string

// DayOf is the civil date of an instant in a zone.
func DayOf(t time.Time, zone *time.Location) Day { return Day(t.In(zone).Format(time.DateOnly)) }

// ParseDay reads a day from the year 1949 to 2199; the field names the input
// that an error is about. "" stays "".
func ParseDay(field, text string) (Day, error) {
	if text == "" {
		return "", nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1949 || t.Year() > 2199 {
		return "", lanzha.Invalid(field, "want a day, as 2026-11-25")
	}
	return Day(text), nil
}

func (d Day) time() time.Time {
	t, _ := time.Parse(time.DateOnly, string(d)) // days are checked where they come in
	return t
}

// AddMonths moves a day by calendar months, which clip: 31 January and a month
// is 28 or 29 February. "" stays "".
func (d Day) AddMonths(n int) Day {
	if d == "" {
		return ""
	}
	t := d.time()
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return Day(first.AddDate(0, 0, min(t.Day(), last)-1).Format(time.DateOnly))
}

// AddDays moves a day by days. "" stays "".
func (d Day) AddDays(n int) Day {
	if d == "" {
		return ""
	}
	return Day(d.time().AddDate(0, 0, n).Format(time.DateOnly))
}
