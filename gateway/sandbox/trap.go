package sandbox

// Trap is a pair of numbers, from independent reports, whose addresses look
// like one place and are no ground for a suspected den.
type Trap struct {
	Kind    string    `json:"kind"` // look-alike | mass | outlet | hotel
	Numbers [2]string `json:"numbers"`
}

var trapKinds = [4]string{"look-alike", "mass", "outlet", "hotel"}

// Trap is the k-th pair, k below 10,000. One number is of the first carrier,
// the other of the second.
func (c *City) Trap(k int) Trap {
	k %= block
	return Trap{
		Kind:    trapKinds[k%4],
		Numbers: [2]string{c.mobile(0, segTrap, c.shuffle("trap", k)), c.mobile(1, segTrap, c.shuffle("trap", k))},
	}
}

type trapped struct {
	place   Address
	written string
	role    string
}

// trapLine is one half of a pair.
func (c *City) trapLine(at spot) trapped {
	k := c.unshuffle("trap", at.i)
	u := uint64(k)
	a := Address{Region: c.den, Road: c.road(denRoads + k%trapRoads)}
	// House numbers of look-alikes are no multiples of ten, those of their
	// partners are: 2 and 20, 13 and 130. No two pairs share a house.
	step := k / trapRoads
	a.Number = 1 + step/9*10 + step%9
	switch trapKinds[k%4] {
	case "look-alike":
		a.Building, a.Room = 1+c.pick("trapb", u, 6), c.room("trap", u)
		if at.carrier != 0 {
			a.Number *= 10
			return trapped{a, a.old(), "installation"}
		}
		return trapped{a, a.short(), "installation"}
	case "mass":
		a.Name = choose(c, "dormitory", u, hotelFirst) + choose(c, "dormitory2", u, hotelNext) + "集体宿舍"
		return trapped{a, a.short(), "mass"}
	case "outlet":
		a.Name = c.outlet(0, c.pick("trapoutlet", u, 12)).Name
		return trapped{a, a.String(), "outlet"}
	}
	a.Name = c.hotel(block - 1 - k) // the whole hotel: no room, no line
	if at.carrier != 0 {
		return trapped{a, a.wide(), "installation"}
	}
	return trapped{a, a.short(), "installation"}
}
