package sandbox

import (
	"fmt"
	"time"

	"lanzha/know/place"
)

// Line is what a carrier knows of one number.
type Line struct {
	Number  string // canonical
	Carrier int    // 0 to 2
	Fixed   bool
	Owner   Person
	Outlet  string // where it was opened
	Age     int    // days since it was opened
	SIMAge  int    // days since its SIM was last changed; Age where it never was; 0 for fixed lines
	Reused  bool   // the number belonged to somebody else before
	Place   Address
	Address string // Place as this carrier's clerk wrote it
	Role    string // installation | use | id | outlet | mass
	Status  string // active | suspended | closed
}

// Line looks a canonical number up. It reports false for a number that is not
// of this city's carriers, or that they have not given out.
func (c *City) Line(number string) (Line, bool) {
	at, ok := c.locate(number)
	if !ok {
		return Line{}, false
	}
	n := c.index(at, number)
	l := Line{
		Number: number, Carrier: at.carrier, Fixed: at.fixed, Owner: c.Person(n),
		Age: 90 + c.pick("age", n, 4000), Status: "active", Role: "installation", Reused: c.chance("reused", n, 60),
	}
	l.Outlet = c.outlet(at.carrier, c.pick("outlet", n, 12)).Name
	switch {
	case at.seg == segStory && (at.fixed || at.carrier == 0):
		l.Age = 6 + c.pick("denage", n, 40)
		if at.fixed {
			l.Place = c.denPlace(c.unshuffle("fixed", at.i))
			l.Address = l.Place.old()
		} else {
			l.Place = c.denPlace(c.unshuffle("mobile", at.i))
			l.Address = l.Place.short()
		}
	case at.seg == segStory:
		l.Age = 6 + c.pick("denage", n, 40)
		l.Place = c.denPlace(quietDens + c.unshuffle("quiet", at.i)/quietLines)
		if l.Address = l.Place.old(); at.carrier == camaraCarrier {
			l.Address = l.Place.wide()
		}
	case at.seg == segTrap && !at.fixed:
		t := c.trapLine(at)
		l.Place, l.Address, l.Role = t.place, t.written, t.role
	default:
		if at.seg < 0 && c.chance("unused", n, 30) {
			return Line{}, false
		}
		l.Place = c.home(n)
		l.Address = choose(c, "clerk", n, []func(Address) string{Address.String, Address.short, Address.wide, Address.old})(l.Place)
		if !at.fixed {
			l.Role = choose(c, "role", n, []string{"use", "use", "id"})
		}
		if c.chance("stopped", n, 80) {
			l.Status = choose(c, "stop", n, []string{"suspended", "closed"})
		}
	}
	if !at.fixed {
		l.SIMAge = l.Age
		if c.chance("swapped", n, 250) {
			l.SIMAge = 1 + c.pick("swap", n, l.Age)
		}
	}
	return l, true
}

// Dens that no story tells of: only what their lines do gives them away. Each
// has so many lines of each of two carriers.
const (
	quietDens  = 5000 // places of stories from here on
	quietLines = 100
)

// DenLines are the first n numbers, canonical, of the lines in the k-th den that
// no story tells of; n is 200 at most, and the first 100 dens have lines of
// their own. Neighbours in the list are of different carriers.
func (c *City) DenLines(k, n int) []string {
	out := []string{}
	for i := range min(n, 2*quietLines) {
		out = append(out, c.mobile(fixedCarrier+i%2, segStory, c.shuffle("quiet", (k*quietLines+i/2)%block)))
	}
	return out
}

// index numbers the city's own lines from 0, below 100,000, and gives
// everything else some place above.
func (c *City) index(at spot, number string) uint64 {
	switch {
	case at.seg < 0:
		return 100_000 + c.hash(number, 0)%1_000_000
	case at.fixed:
		return uint64((8+at.seg%2)*block + at.i) // exchange 0 shares with 2: dens have places of their own
	case at.seg >= segLife1:
		return uint64((at.carrier*2+at.seg-segLife1)*block + at.i)
	}
	return 200_000 + uint64((at.carrier*2+at.seg)*block+at.i)
}

// outlet is sales outlet i of a carrier.
func (c *City) outlet(carrier, i int) Address {
	d := c.districts[i%len(c.districts)]
	u := uint64(carrier*100 + i)
	a := Address{
		Region: d.Code, Road: c.road(denRoads + trapRoads + lifeRoads/2 + i%(lifeRoads/2)),
		Number: 3001 + int(u), // beyond the houses of home
	}
	a.Name = fmt.Sprintf("%s%s%s第%s营业厅", simulated, heads[carrier].owner, place.Stem(d.Name), numeral(1+i))
	return a
}

// on is the civil date so many days before an instant, in the centre's zone.
func on(now time.Time, daysAgo int) string {
	return now.In(zone).AddDate(0, 0, -daysAgo).Format(time.DateOnly)
}

// zone is China's civil time; a machine without zone data has it too.
var zone = time.FixedZone("CST", 8*3600)

const simulated = "模拟"
