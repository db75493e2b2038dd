// Package sandbox is a simulated city: people, lines, cards, hotels, outlets,
// three carriers, two banks and a provincial centre, all made from a seed, and
// a server that answers for them over real HTTP with delays, errors, outages
// and, when told to, lies. Client asks it.
//
// A city is arithmetic: who stands behind a number follows from the seed and
// the number, nothing is stored, and the same seed gives the same city. Nobody
// in it exists: persons are called by numerals (赵三十一), institutions are
// called 模拟 (simulated), ID numbers carry a division code that was never
// given out. Number segments are real ones of the region, so that everything
// that reads numbers sees what it would see.
//
// It is for demonstrations, exercises and tests, never for a real lookup.
package sandbox

import (
	"slices"
	"strings"

	"lanzha"
	"lanzha/know/place"
)

// City is one simulated city. It never changes and may be used from many
// goroutines.
type City struct {
	seed   uint64
	region lanzha.Region // the city
	den    lanzha.Region // the district in which the dens are; the city where it has no districts
	name   string        // full name of the city: 云南省昆明市
	short  string        // 昆明
	// districts of the city in which ordinary lines are; never empty.
	districts []place.Division
	plan      plan
}

// NewCity makes the city of a seed. region is the city (530100), or a district
// of it (530114), which is then where the dens are; of a province its capital
// is taken, and of an unknown code Kunming.
func NewCity(seed uint64, region lanzha.Region) *City {
	c := &City{seed: seed}
	if place.FullName(region) == "" {
		region = "530114"
	}
	city := region.City()
	if city == "" {
		city = capital(region)
	}
	c.region, c.name = city, place.FullName(city)
	// Districts that belong to no city hang below the province in the register.
	for _, d := range slices.Concat(place.Children(city), place.Children(city.Province())) {
		if d.Level == place.District && d.Code.City() == city {
			c.districts = append(c.districts, d)
		}
	}
	if len(c.districts) == 0 {
		d, _ := place.RegionOf(city)
		c.districts = []place.Division{d}
	}
	c.den = region.District()
	if c.den == "" {
		c.den = c.districts[c.pick("den", 0, len(c.districts))].Code
	}
	own, _ := place.RegionOf(city)
	if place.Placeholder(own.Name) || own.Name == "" {
		own, _ = place.RegionOf(city.Province())
		c.name = own.FullName
	}
	c.short = place.Stem(own.Name)
	c.plan = c.findPlan()
	return c
}

// Seed is what the city is made from.
func (c *City) Seed() uint64 { return c.seed }

// Region is the city's code; Den is the district in which its dens are.
func (c *City) Region() lanzha.Region { return c.region }

// Den is the district in which the story's places are.
func (c *City) Den() lanzha.Region { return c.den }

// capital is the first city of a province.
func capital(province lanzha.Region) lanzha.Region {
	if of := place.Children(province); len(of) > 0 {
		return of[0].Code
	}
	return province
}

// hash is the city's only source of variety: the same label and n give the
// same value for ever.
func (c *City) hash(label string, n uint64) uint64 {
	h := mix(c.seed ^ 0x9e3779b97f4a7c15)
	for i := range len(label) {
		h = (h ^ uint64(label[i])) * 0x100000001b3
	}
	return mix(h ^ mix(n+0x632be59bd9b4e019))
}

// mix is the finaliser of SplitMix64.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// pick chooses below n, which is at least 1.
func (c *City) pick(label string, i uint64, n int) int {
	return int(c.hash(label, i) % uint64(n))
}

// chance is true in p of 1000 cases.
func (c *City) chance(label string, i uint64, p int) bool {
	return c.pick(label, i, 1000) < p
}

// choose picks one of a list.
func choose[T any](c *City, label string, i uint64, of []T) T {
	return of[c.pick(label, i, len(of))]
}

// blocks of numbers have block numbers each.
const block = 10000

// shuffle is a permutation of a block that depends on the seed and a label;
// unshuffle is its inverse. 6967 and 7303 are inverse modulo 10000.
func (c *City) shuffle(label string, n int) int {
	return (n*6967 + c.pick("shuffle"+label, 0, block)) % block
}

func (c *City) unshuffle(label string, x int) int {
	return (x + block - c.pick("shuffle"+label, 0, block)) * 7303 % block
}

// numeral writes n, 0 to 9999, in Chinese numerals: 1206 is 一千二百零六.
func numeral(n int) string {
	if n == 0 {
		return "零"
	}
	digits := []rune("零一二三四五六七八九")
	var b strings.Builder
	zero := false
	for i, unit := range []string{"千", "百", "十", ""} {
		p := []int{1000, 100, 10, 1}[i]
		d := n / p % 10
		switch {
		case d == 0:
			zero = b.Len() > 0
			continue
		case zero:
			b.WriteRune('零')
			zero = false
		}
		if d != 1 || p != 10 || b.Len() > 0 { // 十八, not 一十八
			b.WriteRune(digits[d])
		}
		b.WriteString(unit)
	}
	return b.String()
}
