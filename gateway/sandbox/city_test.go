package sandbox_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/gateway/sandbox"
	"lanzha/know/institution"
	"lanzha/know/number"
	"lanzha/know/place"
	"lanzha/work/report/extract"
)

var at = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// regions are a city with districts, one of its districts, a municipality, a
// city without districts, a county under a province, an autonomous prefecture,
// and a city whose 区 and 县 are namesakes.
var regions = []lanzha.Region{"530100", "530114", "110000", "441900", "469001", "632700", "140200"}

func TestSameSeedSameCity(t *testing.T) {
	a, b := sandbox.NewCity(7, "530114"), sandbox.NewCity(7, "530114")
	other := sandbox.NewCity(8, "530114")
	view := func(c *sandbox.City) []any {
		out := []any{c.Institutions("http://127.0.0.1:1"), c.Story().Place, c.Story().Found, c.Person(3), c.Card(0, 5)}
		for i := range 20 {
			out = append(out, c.Background(i).Text(at), c.Background(i).Caller, c.Lead(i), c.Trap(i))
		}
		return out
	}
	if diff := cmp.Diff(view(a), view(b)); diff != "" {
		t.Errorf("the same seed made another city:\n%s", diff)
	}
	was, is := view(a), view(other)
	for i := range was {
		if cmp.Equal(was[i], is[i]) {
			t.Errorf("another seed left part %d as it was: %v", i, is[i])
		}
	}
}

// lines looks both up.
func lines(t *testing.T, c *sandbox.City, a, b string) (sandbox.Line, sandbox.Line) {
	t.Helper()
	x, ok := c.Line(a)
	y, ok2 := c.Line(b)
	if !ok || !ok2 {
		t.Fatal("a number of the story has no line")
	}
	return x, y
}

func read(c *sandbox.City, l sandbox.Line) place.Address { return place.Parse(l.Address, c.Region()) }

func TestStoryMeetsInOneRoom(t *testing.T) {
	for _, region := range regions {
		c := sandbox.NewCity(uint64(len(region))+1, region)
		seen := map[string]int{}
		for n := range 60 {
			s := c.StoryAt(n)
			mobile, fixed := lines(t, c, s.Mobile, s.Fixed)
			if mobile.Carrier == fixed.Carrier || mobile.Address == fixed.Address {
				t.Errorf("%s story %d: both lines come from one carrier or are written alike", region, n)
			}
			if mobile.Role != "installation" || fixed.Role != "installation" {
				t.Errorf("%s story %d: roles %s and %s", region, n, mobile.Role, fixed.Role)
			}
			a, b := read(c, mobile), read(c, fixed)
			if m, why := place.Same(a, b); !m.Same() {
				t.Errorf("%s story %d: %s and %s are not seen as one place: %s", region, n, mobile.Address, fixed.Address, why)
			}
			truth := place.Parse(s.Place.String(), "")
			if m, why := place.Same(a, truth); !m.Same() || a.Region != c.Den() {
				t.Errorf("%s story %d: %s is not the place %s in %s: %s", region, n, mobile.Address, s.Place, c.Den(), why)
			}
			for _, key := range place.Keys(a) {
				if was, ok := seen[key]; ok {
					t.Errorf("%s: stories %d and %d share %s", region, was, n, key)
				}
				seen[key] = n
			}
			for _, l := range []sandbox.Line{mobile, fixed} {
				if got, err := number.Parse(l.Number); err != nil || got.Value != l.Number {
					t.Errorf("%s: number.Parse(%s) = %v, %v", region, l.Number, got, err)
				}
			}
			if f := s.Found; f.People < 3 || f.People > 6 || f.Devices.GOIP < 1 || f.Devices.Router < 1 || f.Devices.SIMPool < 1 || f.Cards.Phone < 1 {
				t.Errorf("%s story %d: found %+v", region, n, f)
			}
		}
	}
}

// A clerk writes the numbers of a city as the ministry's plan gives them out.
func TestNumbersAreOfTheCity(t *testing.T) {
	for _, region := range []lanzha.Region{"530114", "110000", "441900"} {
		c := sandbox.NewCity(3, region)
		s := c.Story()
		for _, n := range append([]string{s.Mobile, s.Fixed}, c.Background(0).Numbers[0], c.Background(1).Numbers[0], c.Background(2).Numbers[0]) {
			got, err := number.Parse(n)
			if err != nil || !got.Region.Contains(c.Region()) || got.Region == "" {
				t.Errorf("%s: %s is a number of %s (%v)", region, n, got.Region, err)
			}
		}
	}
}

func TestTraps(t *testing.T) {
	c := sandbox.NewCity(11, "530114")
	kinds := map[string]int{}
	for k := range 400 {
		trap := c.Trap(k)
		kinds[trap.Kind]++
		x, y := lines(t, c, trap.Numbers[0], trap.Numbers[1])
		a, b := read(c, x), read(c, y)
		m, why := place.Same(a, b)
		switch trap.Kind {
		case "look-alike":
			if m != place.Different {
				t.Errorf("%s and %s are taken for one place: %s", x.Address, y.Address, why)
			}
			if x.Role != "installation" || y.Role != "installation" || x.Place.Road != y.Place.Road || x.Place.Room != y.Place.Room {
				t.Errorf("%+v and %+v are too easy", x.Place, y.Place)
			}
		case "mass", "outlet":
			if x.Role != trap.Kind || y.Role != trap.Kind || !m.Same() {
				t.Errorf("%s: roles %s and %s, %v", trap.Kind, x.Role, y.Role, m)
			}
		case "hotel":
			if x.Role != "installation" || place.RoomKey(a) != "" || place.RoomKey(b) != "" || !m.Same() {
				t.Errorf("a hotel without a room: %s and %s, %v", x.Address, y.Address, m)
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"look-alike": 100, "mass": 100, "outlet": 100, "hotel": 100}, kinds); diff != "" {
		t.Error(diff)
	}
}

// Ordinary lines never meet: no building has two of them, and none is in the
// building of a den.
func TestOrdinaryLinesNeverMeet(t *testing.T) {
	c := sandbox.NewCity(5, "530100")
	seen := map[string]string{}
	see := func(number, key string) {
		if key == "" {
			t.Fatalf("%s: an address that cannot be found", number)
		}
		if was, ok := seen[key]; ok && was != number {
			t.Errorf("%s and %s meet at %s", was, number, key)
		}
		seen[key] = number
	}
	for n := range 500 {
		l, _ := c.Line(c.StoryAt(n).Mobile)
		see(l.Number, place.Key(read(c, l)))
	}
	for i := range 8000 {
		if i%8 >= 6 { // traps mean to meet
			continue
		}
		l, ok := c.Line(c.Background(i).Numbers[0])
		if !ok {
			t.Fatalf("report %d names a number that nobody has", i)
		}
		see(l.Number, place.Key(read(c, l)))
	}
}

// What the city's citizens say can be read: the number, the amount, the time.
func TestTextsCanBeRead(t *testing.T) {
	c := sandbox.NewCity(1, "530100")
	shanghai := time.FixedZone("CST", 8*3600)
	check := func(name string, r sandbox.Report, at time.Time) {
		text := r.Text(at)
		finds := map[string]bool{}
		var when string
		for _, f := range extract.Extract(text, at, shanghai) {
			finds[f.Value] = true
			if f.Kind == extract.Time {
				when = f.Value
			}
		}
		for _, n := range r.Numbers {
			if !finds[n] {
				t.Errorf("%s: %s is not found in %q: %v", name, n, text, finds)
			}
		}
		if r.AmountFen != 0 && !finds[strconv.FormatInt(int64(r.AmountFen), 10)] {
			t.Errorf("%s: %d fen are not found in %q: %v", name, r.AmountFen, text, finds)
		}
		if told, err := time.Parse(time.RFC3339, when); err != nil || told.After(at) || told.Before(at.Add(-r.Ago-5*time.Minute)) {
			t.Errorf("%s: happened at %s by %q, %v before %v", name, when, text, r.Ago, at)
		}
		if when == "" || strings.Contains(text, "{") {
			t.Errorf("%s: no time in %q", name, text)
		}
	}
	for n := range 60 {
		check("story", c.StoryAt(n).Report, at.Add(time.Duration(n)*37*time.Minute))
	}
	for i := range 200 {
		check("background", c.Background(i), at.Add(time.Duration(i)*37*time.Minute))
	}
}

func TestDirectory(t *testing.T) {
	for _, region := range regions {
		c := sandbox.NewCity(2, region)
		codes := map[string]bool{}
		kinds := map[institution.Kind]int{}
		station := false
		for _, in := range c.Institutions("http://127.0.0.1:9612/") {
			if err := in.Check(); err != nil {
				t.Errorf("%s: %s: %v", region, in.Code, err)
			}
			if _, err := lanzha.ParseID(string(in.ID)); err != nil || codes[in.Code] || codes[string(in.ID)] {
				t.Errorf("%s: %s has no ID of its own", region, in.Code)
			}
			codes[in.Code], codes[string(in.ID)] = true, true
			kinds[in.Kind]++
			station = station || in.Kind == institution.Police && in.Region == c.Den()
		}
		if kinds[institution.Carrier] != 3 || kinds[institution.Bank] != 2 || !station {
			t.Errorf("%s: %v, a station for the den: %v", region, kinds, station)
		}
	}
}

func TestRangesNameTheCarrier(t *testing.T) {
	c := sandbox.NewCity(9, "530114")
	all := c.Institutions("http://127.0.0.1:1")
	route := func(kind institution.RangeKind, value string) string {
		best, code := 0, ""
		for _, in := range all {
			for _, r := range in.Ranges {
				if r.Kind == kind && strings.HasPrefix(value, r.Prefix) && len(r.Prefix) > best {
					best, code = len(r.Prefix), in.Code
				}
			}
		}
		return code
	}
	s := c.Story()
	for _, tt := range []struct {
		kind        institution.RangeKind
		value, want string
	}{
		{institution.Mobile, s.Mobile, "sim-carrier-1"},
		{institution.Fixed, s.Fixed, "sim-carrier-2"},
		{institution.Mobile, "+8613012345678", "sim-carrier-3"},
		{institution.Card, c.Card(0, 1), "sim-bank-1"},
		{institution.Card, c.Card(1, 1), "sim-bank-2"},
	} {
		if got := route(tt.kind, tt.value); got != tt.want {
			t.Errorf("%s %s goes to %q, want %q", tt.kind, tt.value, got, tt.want)
		}
	}
}

func TestPeopleAndCards(t *testing.T) {
	c := sandbox.NewCity(4, "530100")
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	for i := range uint64(500) {
		p := c.Person(i)
		sum := 0
		for j, w := range weights {
			sum += int(p.IDNumber[j]-'0') * w
		}
		if want := "10X98765432"[sum%11]; p.IDNumber[17] != want || !strings.HasPrefix(p.IDNumber, "530199") {
			t.Errorf("ID number %s: want check digit %c and a division that does not exist", p.IDNumber, want)
		}
		card := c.Card(int(i%2), int(i))
		sum = 0
		for j := range card {
			d := int(card[len(card)-1-j] - '0')
			if j%2 == 1 {
				d = d*2/10 + d*2%10
			}
			sum += d
		}
		acc, ok := c.Account(card)
		if sum%10 != 0 || !ok || acc.Bank != int(i%2) {
			t.Errorf("card %s: Luhn %d, account %v", card, sum%10, ok)
		}
	}
	card := []byte(c.Card(0, 1))
	card[18] = '0' + (card[18]-'0'+1)%10
	if _, ok := c.Account(string(card)); ok {
		t.Error("a card with a wrong check digit has an account")
	}
}

func TestLineOfNobody(t *testing.T) {
	c := sandbox.NewCity(4, "530100")
	for _, n := range []string{"", "+86", "110", "+8519912345678", "+861", "+86138888123456", "+8619212345678", "+862187654321", "+86abcdefghijk"} {
		if l, ok := c.Line(n); ok {
			t.Errorf("%q has a line: %+v", n, l)
		}
	}
}

// A den that no story tells of stands in one room too, written differently by
// each carrier, and no story has that place.
func TestQuietDensMeetInOneRoom(t *testing.T) {
	for _, region := range regions {
		c := sandbox.NewCity(5, region)
		var others []place.Address
		for n := range 60 {
			others = append(others, place.Parse(c.StoryAt(n).Place.String(), ""))
		}
		seen := map[string]bool{}
		for k := range 20 {
			numbers := c.DenLines(k, 30)
			if len(numbers) != 30 {
				t.Fatalf("%s: den %d has %d lines", region, k, len(numbers))
			}
			var first place.Address
			for i := 0; i < len(numbers); i += 2 {
				a, b := lines(t, c, numbers[i], numbers[i+1])
				if seen[a.Number] || seen[b.Number] || a.Carrier == b.Carrier {
					t.Errorf("%s den %d: lines %d come twice or from one carrier", region, k, i)
				}
				seen[a.Number], seen[b.Number] = true, true
				if m, why := place.Same(read(c, a), read(c, b)); !m.Same() {
					t.Errorf("%s den %d: %s and %s are not seen as one place: %s", region, k, a.Address, b.Address, why)
				}
				if i == 0 {
					first = read(c, a)
				} else if m, why := place.Same(first, read(c, a)); !m.Same() {
					t.Errorf("%s den %d: its lines are in two places: %s", region, k, why)
				}
			}
			for _, other := range others {
				if m, why := place.Same(first, other); m.Same() {
					t.Errorf("%s den %d: a story, or another den, has this place: %s", region, k, why)
				}
			}
			others = append(others, first)
		}
	}
}
