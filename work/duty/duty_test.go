package duty_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lanzha"
	"lanzha/work/duty"
)

var (
	zone = time.FixedZone("CST", 8*3600)
	day  = time.Date(2026, 11, 22, 0, 0, 0, 0, zone)

	accounts = []lanzha.ID{"01KB3V6N0Q8V4Y2ZC5T7R9WXH1", "01KB3V6N0Q8V4Y2ZC5T7R9WXH2", "01KB3V6N0Q8V4Y2ZC5T7R9WXH3"}
)

func hour(h int) time.Time { return day.Add(time.Duration(h) * time.Hour) }

func turn(who int, role duty.Role, from, to int) duty.Entry {
	return duty.Entry{Account: accounts[who], Role: role, From: hour(from), To: hour(to)}
}

func TestRemarks(t *testing.T) {
	const o, l = duty.Officer, duty.Leader
	for _, c := range []struct {
		name  string
		turns []duty.Entry
		want  []string
	}{
		{"covered", []duty.Entry{turn(0, o, 0, 24), turn(1, l, 0, 24)}, []string{}},
		{"by a turn of the day before and one into the next", []duty.Entry{turn(0, o, -4, 8), turn(1, o, 8, 32), turn(2, l, -24, 24)}, []string{}},
		{"nobody", nil, []string{"11-22 00:00–24:00 没有带班领导", "11-22 00:00–24:00 没有值班民警"}},
		{"a gap between", []duty.Entry{turn(0, o, 0, 8), turn(1, o, 9, 24), turn(2, l, 0, 24)}, []string{"11-22 08:00–09:00 没有值班民警"}},
		{"a gap at the end", []duty.Entry{turn(0, o, 0, 24), turn(2, l, 0, 18)}, []string{"11-22 18:00–24:00 没有带班领导"}},
		{"a short turn within a long one leaves no gap", []duty.Entry{turn(0, o, 0, 24), turn(1, o, 3, 4), turn(2, l, 0, 24)}, []string{}},
		{"two officers at once are usual", []duty.Entry{turn(0, o, 0, 24), turn(1, o, 0, 24), turn(2, l, 0, 24)}, []string{}},
		{"two leaders", []duty.Entry{turn(0, o, 0, 24), turn(1, l, 0, 13), turn(2, l, 12, 24)}, []string{"11-22 12:00–13:00 有两名带班领导"}},
		{"one person twice", []duty.Entry{turn(0, o, 0, 24), turn(0, l, 8, 24), turn(1, l, 0, 8)}, []string{"11-22 08:00–24:00 同一人排了两个班"}},
		{"twice, but not on this day", []duty.Entry{turn(0, o, 0, 30), turn(0, o, 25, 40), turn(1, l, 0, 24)}, []string{}},
	} {
		got := []string{}
		for _, r := range duty.Remarks(c.turns, hour(0), hour(24), zone) {
			got = append(got, r.ZH)
			if r.EN == "" || !r.From.Before(r.To) {
				t.Errorf("%s: remark %+v", c.name, r)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// An hour lies in a gap of a role exactly when nobody is on duty in it.
func TestGapsAgainstAskingEveryHour(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		turns := []duty.Entry{}
		for range rapid.IntRange(0, 6).Draw(t, "turns") {
			from := rapid.IntRange(-30, 30).Draw(t, "from")
			turns = append(turns, turn(0, rapid.SampledFrom([]duty.Role{duty.Officer, duty.Leader}).Draw(t, "role"), from, from+rapid.IntRange(1, 48).Draw(t, "hours")))
		}
		remarks := duty.Remarks(turns, hour(0), hour(24), zone)
		for _, role := range []duty.Role{duty.Officer, duty.Leader} {
			for h := range 24 {
				covered, inGap := false, false
				for _, e := range turns {
					covered = covered || e.Role == role && !e.From.After(hour(h)) && e.To.After(hour(h))
				}
				for _, r := range remarks {
					inGap = inGap || r.Kind == "gap" && r.Role == role && !r.From.After(hour(h)) && r.To.After(hour(h))
				}
				if covered == inGap {
					t.Fatalf("%s at %d: covered %v, gap %v", role, h, covered, inGap)
				}
			}
		}
	})
}
