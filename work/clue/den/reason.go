package den

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"lanzha"
	"lanzha/know/place"
	"lanzha/work/clue"
)

// Confidence is how much speaks for a den. It is a sum that a person can do:
// every reason for it counts one, every reason against it takes one away; two
// or more is high, less than zero is low, what lies between is medium.
type Confidence string

// The levels.
const (
	Low    Confidence = "low"
	Medium Confidence = "medium"
	High   Confidence = "high"
)

// Reason is one sentence on a confidence: its code, and the figure or words in
// it. The sentence is rendered on reading.
type Reason struct {
	Code string `json:"code"`
	N    int    `json:"n,omitempty"`
	What string `json:"what,omitempty"`
}

type sentence struct {
	weight int
	zh, en string
}

// sentences holds every code. {n} and {what} are the reason's.
var sentences = map[string]sentence{
	"two_independent_clues":  {0, "两条互不关联的线索指向同一地点", "two clues that have nothing to do with each other point to one place"},
	"three_or_more":          {1, "{n}条互不关联的线索指向同一地点", "{n} clues that have nothing to do with each other point to one place"},
	"different_institutions": {1, "地址由{n}家单位分别反馈", "{n} institutions gave the address, each by itself"},
	"same_room":              {1, "反馈到同一房间：{what}", "the answers name one room: {what}"},
	"fixed_line_installed":   {1, "有{n}条固定电话装在该处", "fixed lines installed there: {n}"},
	"same_building_only":     {-1, "同一楼栋，楼层或房间不同", "one building, but different floors or rooms"},
	"mass_address":           {-1, "属多人共用地址（酒店、宿舍、小区等），没有具体房间", "an address of many (hotel, dormitory, estate), and no room is named"},
	"address_vague":          {-1, "有{n}条地址没有写明区县，按反馈单位所在城市推定", "{n} of the addresses name no district; the city is taken from who answered"},
	"role_unknown":           {-1, "有{n}条地址没有说明是装机、使用还是登记地址", "for {n} of the addresses nobody said whether the line is installed or used there"},
	"old_answer":             {-1, "最早与最近的反馈相隔{n}天", "the oldest and the newest answer lie {n} days apart"},
	"door_only":              {-1, "门牌相同，场所名称不一致，需现场核对", "one door number, but different names: to be checked on site"},
	"too_few_left":           {-9, "线索改判后，已不足两条互不关联的有效线索", "after clues were judged anew there are no two independent ones left"},
}

// Zh and En render the sentence.
func (r Reason) Zh() string { return r.fill(sentences[r.Code].zh) }

// En renders the sentence in English.
func (r Reason) En() string { return r.fill(sentences[r.Code].en) }

// Weight is what the reason counts: 1 for the den, -1 against it, 0 neither;
// -9 outweighs everything.
func (r Reason) Weight() int { return sentences[r.Code].weight }

func (r Reason) fill(text string) string {
	return strings.NewReplacer("{n}", strconv.Itoa(r.N), "{what}", r.What).Replace(text)
}

// apart is how far answers may lie apart before their age speaks against them:
// people move on.
const apart = 7 * 24 * time.Hour

// Assess says how much speaks for a den, and why. best is the core of all.
func Assess(all, best []Evidence) (Confidence, []Reason) {
	if len(best) < 2 {
		return Low, []Reason{{Code: "too_few_left"}}
	}
	var out []Reason
	add := func(when bool, r Reason) {
		if when {
			out = append(out, r)
		}
	}
	n := len(best)
	add(n == 2, Reason{Code: "two_independent_clues"})
	add(n > 2, Reason{Code: "three_or_more", N: n})

	institutions := map[lanzha.ID]bool{}
	oldest, newest := best[0].At, best[0].At
	fixed, vague, unknown := 0, 0, 0
	for _, e := range best {
		institutions[e.Institution] = true
		if e.At.Before(oldest) {
			oldest = e.At
		}
		if e.At.After(newest) {
			newest = e.At
		}
		fixed += count(e.Subject.Kind == clue.KindFixed)
		vague += count(vaguely(e.Address))
		unknown += count(e.Role == RoleUnknown)
	}
	room, finer := rooms(best)
	add(len(institutions) > 1, Reason{Code: "different_institutions", N: len(institutions)})
	add(room != "", Reason{Code: "same_room", What: room})
	add(fixed > 0, Reason{Code: "fixed_line_installed", N: fixed})
	add(!finer, Reason{Code: "same_building_only"})
	add(!slices.ContainsFunc(best, func(e Evidence) bool { return !Mass(e.Address) }), Reason{Code: "mass_address"})
	add(vague > 0, Reason{Code: "address_vague", N: vague})
	add(unknown > 0, Reason{Code: "role_unknown", N: unknown})
	add(newest.Sub(oldest) > apart, Reason{Code: "old_answer", N: int(newest.Sub(oldest) / (24 * time.Hour))})
	add(slices.ContainsFunc(all, func(e Evidence) bool {
		m, _ := place.Same(e.Address, best[0].Address)
		return e.weight() > Supports && !m.Same() && sameDoor(e.Address, best[0].Address)
	}), Reason{Code: "door_only"})

	sum := 0
	for _, r := range out {
		sum += r.Weight()
	}
	switch {
	case sum >= 2:
		return High, out
	case sum < 0:
		return Low, out
	}
	return Medium, out
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rooms finds a room that two of the evidence name, and whether any two agree
// as far as both go.
func rooms(best []Evidence) (room string, finer bool) {
	for i, a := range best {
		for _, b := range best[i+1:] {
			if m, _ := place.Same(a.Address, b.Address); m != place.SamePlace {
				continue
			}
			finer = true
			if a.Address.Room != "" && a.Address.Room == b.Address.Room {
				room = a.Address.Room
			}
		}
	}
	return room, finer
}

// vaguely reports that the district was left out where there are districts.
func vaguely(a place.Address) bool {
	if a.Stated.District() != "" {
		return false
	}
	city := a.Stated.City()
	return city == "" || len(place.Children(city)) > 0
}

func sameDoor(a, b place.Address) bool { return place.Key(a) != "" && place.Key(a) == place.Key(b) }
