package den

import (
	"slices"
	"strings"
	"time"

	"lanzha"
	"lanzha/know/place"
	"lanzha/work/clue"
)

// Role says how an address relates to a line.
type Role string

// The roles. What an institution calls by another name is RoleUnknown.
const (
	RoleUnknown      Role = ""
	RoleInstallation Role = "installation" // the line is installed there
	RoleUse          Role = "use"          // it is used there
	RoleID           Role = "id"           // it stands on the subscriber's ID
	RoleOutlet       Role = "outlet"       // the line was sold there
	RoleMass         Role = "mass"         // a dormitory, a whole hotel: the address of many
)

// RoleOf reads the role that an institution stated.
func RoleOf(stated string) Role {
	switch r := Role(stated); r {
	case RoleInstallation, RoleUse, RoleID, RoleOutlet, RoleMass:
		return r
	}
	return RoleUnknown
}

// Sighting is one answer that puts a clue at an address.
type Sighting struct {
	ID          lanzha.ID
	Clue        lanzha.ID
	Source      string    // lookup, or lead
	Origin      lanzha.ID // the lookup or lead; there is one sighting of each
	Institution lanzha.ID // who said so
	Role        Role
	Raw         string // the address as it was said
	Address     place.Address
	Weight      Weight
	At          time.Time // when it was said
}

// Weight is how far a sighting speaks for a place.
type Weight int

// The weights. Two that raise a den are Counts and Counts, or Counts and
// Beside.
const (
	Supports Weight = iota // shown as evidence, raises nothing
	Beside                 // raises with one that counts, not with its like
	Counts                 // speaks for the place by itself
)

// Weigh decides how far an address speaks for a place.
//
//   - The address on an ID is where a person is registered (it is not even kept:
//     see fromLookup), and a sales outlet
//     is where a card was sold to anybody: neither says where the line is. They
//     support.
//   - A fixed line is where it is installed, in a hotel as anywhere: the line
//     itself singles out the place. It counts, whatever else the address is
//     called.
//   - What the institution itself calls the address of many supports.
//   - A hotel, dormitory or estate without a room is the address of hundreds.
//     Two mobiles "at" it have met no more than two guests have. Where the
//     institution says that the mobile is installed or used there it stands
//     beside a line or room that singles the place out (the two leads of one
//     hotel, a mobile and a fixed line); otherwise it supports.
//   - Every other address counts. That its role is unknown lowers the
//     confidence.
func Weigh(kind clue.Kind, role Role, a place.Address) Weight {
	switch {
	case role == RoleID || role == RoleOutlet:
		return Supports
	case kind == clue.KindFixed:
		return Counts
	case role == RoleMass:
		return Supports
	case !Mass(a):
		return Counts
	case role == RoleInstallation || role == RoleUse:
		return Beside
	}
	return Supports
}

var (
	// rented by the room: only a room singles one out
	lodgings = strings.Fields("酒店 饭店 宾馆 旅馆 旅店 旅社 招待所 客栈 民宿 宿舍 公寓 学校 大学 学院 中学 医院 养老院 大厦 大楼 写字楼 中心 广场 商场 商城 市场 网吧 工业园 产业园 科技园")
	// of many houses: a house is enough
	estates = strings.Fields("小区 花园 家园 家苑 嘉园 嘉苑 雅苑 雅园 佳园 佳苑 新村 新城 新居 社区 苑 庭 城 湾")
)

// Mass reports whether an address is that of many: a place that is let by the
// room and no room is named, or an estate and no house in it.
func Mass(a place.Address) bool {
	if a.Room != "" {
		return false
	}
	for _, p := range a.POI {
		name, _, _ := strings.Cut(p, "(")
		if slices.ContainsFunc(lodgings, func(w string) bool { return strings.Contains(name, w) }) {
			return true
		}
		if a.Building == "" && a.Unit == "" && slices.ContainsFunc(estates, func(w string) bool { return strings.HasSuffix(name, w) }) {
			return true
		}
	}
	return false
}

// Subject is what independence depends on of a clue.
type Subject struct {
	ID      lanzha.ID
	Kind    clue.Kind
	Value   string
	Truth   clue.Truth
	Via     []lanzha.ID // the clues through which it was found, the nearest first
	Sources []clue.Source
}

// Independent reports whether two clues stand by themselves: different values,
// neither found through the other, and told by two different sources. Two
// numbers from one report are one telling; they become independent when
// somebody else tells of either.
func Independent(a, b Subject) bool {
	switch {
	case a.ID == b.ID || a.Value == b.Value:
		return false
	case slices.Contains(a.Via, b.ID) || slices.Contains(b.Via, a.ID):
		return false
	case len(a.Sources) == 0 || len(b.Sources) == 0:
		return false
	}
	return len(a.Sources) > 1 || len(b.Sources) > 1 || a.Sources[0].ID != b.Sources[0].ID
}

// Evidence is a sighting with its clue.
type Evidence struct {
	Sighting
	Subject Subject
}

// weight is what the sighting weighs now: whoever presented a spoofed number
// was not at its line, and who owns the line is a stranger to the fraud.
func (e Evidence) weight() Weight {
	if e.Subject.Truth == clue.TruthSpoofed {
		return Supports
	}
	return e.Weight
}

// core finds the most clues that are independent of each other, one sighting
// of each, with at least one that counts; nil when there are no two. It is
// greedy from every start, so that two are found wherever there are two.
func core(all []Evidence) []Evidence {
	var candidates []Evidence
	for _, e := range all {
		if e.weight() > Supports {
			candidates = append(candidates, e)
		}
	}
	slices.SortStableFunc(candidates, func(a, b Evidence) int {
		if a.Weight != b.Weight {
			return int(b.Weight - a.Weight)
		}
		return b.At.Compare(a.At)
	})
	var best []Evidence
	for i, first := range candidates {
		if first.Weight != Counts {
			break
		}
		found := []Evidence{first}
		for j, e := range candidates {
			if i != j && !slices.ContainsFunc(found, func(f Evidence) bool { return !meet(e, f) }) {
				found = append(found, e)
			}
		}
		if len(found) > 1 && len(found) > len(best) {
			best = found
		}
	}
	return best
}

// meet reports whether two are independent, and nothing says that they are at
// two places. All were found at one: the hotel by its name and the hotel by its
// door need not know of each other.
func meet(a, b Evidence) bool {
	if !Independent(a.Subject, b.Subject) {
		return false
	}
	m, _ := place.Same(a.Address, b.Address)
	return m != place.Different
}

// common is what the evidence agrees on: parts that one side leaves out are
// taken from the other, but unit, floor and room stand only where all name the
// same.
func common(all []Evidence) place.Address {
	a := all[0].Address
	for _, e := range all[1:] {
		b := e.Address
		if len(b.Region.Levels()) > len(a.Region.Levels()) {
			a.Region = b.Region
		}
		if len(b.Stated.Levels()) > len(a.Stated.Levels()) {
			a.Stated = b.Stated
		}
		for _, part := range []struct{ mine, other *string }{
			{&a.Town, &b.Town}, {&a.Road, &b.Road}, {&a.Number, &b.Number}, {&a.Village, &b.Village},
			{&a.Group, &b.Group}, {&a.Section, &b.Section}, {&a.Building, &b.Building},
		} {
			if *part.mine == "" {
				*part.mine = *part.other
			}
		}
		if len(b.POI) > len(a.POI) {
			a.POI = b.POI
		}
		for _, part := range []struct{ mine, other *string }{{&a.Unit, &b.Unit}, {&a.Floor, &b.Floor}, {&a.Room, &b.Room}} {
			if *part.mine != *part.other {
				*part.mine = ""
			}
		}
	}
	a.Rest, a.Vague = "", false
	return a
}
