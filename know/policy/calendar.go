package policy

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a centre's zone is known on every machine

	"go.yaml.in/yaml/v3"

	"lanzha"
)

const (
	secondMicros = 1_000_000
	minuteMicros = 60 * secondMicros
	hourMicros   = 60 * minuteMicros
	daySeconds   = 24 * 60 * 60
)

// centreZone is where legal days are counted when nothing else is said.
var centreZone = sync.OnceValue(func() *time.Location {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil { // cannot be: the zones are compiled in
		return time.FixedZone("CST", 8*60*60)
	}
	return zone
})

// Days are counted from 1970-01-01, and months clip: the thirty-first of a
// month and one month is the last day of the next.

func dayOf(year int, month time.Month, day int) int64 {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / daySeconds
}

func civil(day int64) (int, time.Month, int) {
	return time.Unix(day*daySeconds, 0).UTC().Date()
}

// dateOn is the civil date of an instant in a zone.
func dateOn(micros int64, zone *time.Location) int64 {
	y, m, d := timeOf(micros).In(zone).Date()
	return dayOf(y, m, d)
}

func addMonths(day, n int64) int64 {
	y, m, d := civil(day)
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.Unix()/daySeconds + int64(min(d, last)) - 1
}

// The calendar of packs: nothing is said of days before 0001 or after 9999.
const (
	firstDay = -719162
	lastDay  = 2932896
	maxShift = 4_000_000 // days, months or years that a date is moved by
)

// parseDate reads 2024-12-01. Inputs are full of dates, so it does not go
// through the layouts of package time.
func parseDate(s string) (int64, error) {
	if len(s) == 10 && s[4] == '-' && s[7] == '-' {
		digits := func(s string) (n int, ok bool) {
			for i := range len(s) {
				if s[i] < '0' || s[i] > '9' {
					return 0, false
				}
				n = 10*n + int(s[i]-'0')
			}
			return n, true
		}
		y, ok1 := digits(s[:4])
		m, ok2 := digits(s[5:7])
		d, ok3 := digits(s[8:])
		if ok1 && ok2 && ok3 && y >= 1 && m >= 1 && m <= 12 && d >= 1 && (d <= 28 || d <= monthDays(y, m)) {
			return daysTo(y, m) + int64(d) - 1, nil
		}
	}
	return 0, fmt.Errorf("%q is no date; write it as 2024-12-01", s)
}

func monthDays(y, m int) int { return int(daysTo(y+m/12, m%12+1) - daysTo(y, m)) }

// daysTo counts the days from 1970-01-01 to the first of a month, in the
// Gregorian calendar: years begin in March, so that the leap day is the last.
func daysTo(y, m int) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	return int64(365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 - 719468)
}

func parseInstant(s string) (int64, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1 {
		return 0, fmt.Errorf("%q is no instant; write it as 2024-12-01T10:00:00+08:00", s)
	}
	return t.UnixMicro(), nil
}

func printDate(day int64) string {
	return time.Unix(day*daySeconds, 0).UTC().Format(time.DateOnly)
}

func timeOf(micros int64) time.Time { return time.UnixMicro(micros) }

func printInstant(micros int64, zone *time.Location) string {
	return timeOf(micros).In(zone).Format(time.RFC3339Nano)
}

//go:embed packs/holidays.yaml
var holidayText []byte

// holidays knows which days are worked, in the years whose notices were read.
type holidays struct {
	years  map[int]bool
	off    map[int64]bool
	worked map[int64]bool
}

// shippedHolidays are the yearly notices of the State Council's General Office.
var shippedHolidays = sync.OnceValues(func() (*holidays, error) { return parseHolidays(holidayText) })

func parseHolidays(text []byte) (*holidays, error) {
	var file struct {
		Years []struct {
			Year int       `yaml:"year"`
			Off  []yamlDay `yaml:"off"`
			Work []yamlDay `yaml:"work"`
		} `yaml:"years"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "holidays.yaml", Message: "this is no table of holidays", Hint: "see the shipped file", Err: err}
	}
	h := &holidays{years: map[int]bool{}, off: map[int64]bool{}, worked: map[int64]bool{}}
	for _, y := range file.Years {
		h.years[y.Year] = true
		for _, d := range y.Off {
			h.off[int64(d)] = true
		}
		for _, d := range y.Work {
			h.worked[int64(d)] = true
		}
	}
	return h, nil
}

// yamlDay is a civil date in a file, as days since 1970-01-01.
type yamlDay int64

// UnmarshalYAML reads 2024-12-01.
func (d *yamlDay) UnmarshalYAML(n *yaml.Node) error {
	day, err := parseDate(strings.TrimSpace(n.Value))
	if err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	*d = yamlDay(day)
	return nil
}

// works reports whether a day is worked; known is false in a year whose
// notice has not been read.
func (h *holidays) works(day int64) (worked, known bool) {
	t := time.Unix(day*daySeconds, 0).UTC()
	if !h.years[t.Year()] {
		return false, false
	}
	switch {
	case h.worked[day]:
		return true, true
	case h.off[day]:
		return false, true
	}
	return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday, true
}

// add moves a date by n working days, the day itself not counted: 1 is the
// next day that is worked, -1 the one before, 0 the day itself. When a year on
// the way is not known, it says which.
func (h *holidays) add(day, n int64) (result int64, unknownYear int) {
	step := int64(1)
	if n < 0 {
		step, n = -1, -n
	}
	for n > 0 {
		day += step
		worked, known := h.works(day)
		if !known {
			y, _, _ := civil(day)
			return 0, y
		}
		if worked {
			n--
		}
	}
	return day, 0
}
