package place

import (
	"strings"

	"lanzha"
)

// Key names the building that a names, as a string that is equal for all
// spellings of one address. It is "" when the address does not reach a
// building: no city, neither a door number nor a named place, or vague. Equal
// keys mean one place; one place can have several keys (a hotel by name and by
// number), so that a store looks up by Keys and confirms by Same.
func Key(a Address) string {
	area := string(a.Region)
	if a.Town != "" && (undivided(a.Region) || a.Road == "" && a.Village != "") { // there, towns tell places apart
		area += "/" + a.Town
	}
	k := firstKey(a, area)
	if k == "" {
		return ""
	}
	return k + "|" + a.Section + "|" + a.Building
}

// RoomKey is Key with unit, floor and room, and "" where Key is or no room is
// stated.
func RoomKey(a Address) string {
	k := Key(a)
	if k == "" || a.Room == "" {
		return ""
	}
	return k + "|" + a.Unit + "|" + floorOf(a) + "|" + a.Room
}

// Keys lists all keys under which the place may be found: one for its door
// number, one for each named place. They go by city, since the district is
// often left out, and stop at the door, since the building is. It is empty
// where Key is "".
func Keys(a Address) []string {
	city := cityOf(a.Region)
	if city == "" || a.Vague {
		return nil
	}
	var out []string
	if k := doorKey(a, string(city)); k != "" {
		out = append(out, k)
	}
	for _, p := range a.POI {
		base, _, _ := strings.Cut(p, "(")
		out = append(out, placeKey(string(city), base))
	}
	return out
}

func firstKey(a Address, region string) string {
	if cityOf(a.Region) == "" || a.Vague {
		return ""
	}
	if k := doorKey(a, region); k != "" {
		return k
	}
	if len(a.POI) > 0 {
		return placeKey(region, a.POI[0])
	}
	return ""
}

func doorKey(a Address, region string) string {
	switch {
	case a.Number == "" && a.Road == "" && a.Village != "" && a.Building != "": // 桂花新村3栋
		return placeKey(region, a.Village+"村")
	case a.Number == "":
		return ""
	case a.Road != "":
		return "door|" + region + "|" + a.Road + "|" + a.Number
	case a.Village != "":
		return "village|" + region + "|" + a.Village + "|" + a.Group + "|" + a.Number
	}
	return ""
}

func placeKey(region, name string) string { return "poi|" + region + "|" + name }

// cityOf is the city of r: the province itself for the four municipalities and
// for Taiwan, Hongkong and Macau, and "" when only a province is known.
func cityOf(r lanzha.Region) lanzha.Region {
	switch {
	case !r.Valid():
		return ""
	case strings.Contains("11 12 31 50 71 81 82", string(r[:2])):
		return r.Province()
	}
	return r.City()
}

// undivided reports a city that has no districts, as 东莞: its towns name
// their roads for themselves.
func undivided(r lanzha.Region) bool {
	return r.City() == r && r != "" && len(theAtlas().children[r]) == 0
}

// floorOf is the floor as stated, or as the room number tells it: 306 is on
// the third.
func floorOf(a Address) string {
	if a.Floor == "" && (len(a.Room) == 3 || len(a.Room) == 4) && !strings.ContainsFunc(a.Room, func(r rune) bool { return !isDigit(r) }) {
		return a.Room[:len(a.Room)-2]
	}
	return a.Floor
}
