package place

import (
	"strings"

	"lanzha"
)

// Address is a written address taken apart. Every part is canonical: digits
// are Arabic, letters are capitals, what only names the kind of a part (号,
// 栋, 单元) is dropped. An empty part was not stated.
type Address struct {
	// Region is the deepest division known. Stated is what the text itself
	// names: it is "" when Region is the hint alone.
	Region lanzha.Region `json:"region"`
	Stated lanzha.Region `json:"stated"`
	Town   string        `json:"town,omitempty"`   // 街道、镇、乡, without suffix: "斗南"
	Road   string        `json:"road,omitempty"`   // with section and lane: "人民南路4段", "锦绣路200弄"
	Number string        `json:"number,omitempty"` // door: "1258", "12-1" (附、之), "甲12"
	// Village is a 村 or 社区 without suffix, Group its 组, 队 or 社. They
	// locate where there is no road.
	Village string `json:"village,omitempty"`
	Group   string `json:"group,omitempty"`
	// POI lists named places, such as an estate and a hotel in it.
	POI      []string `json:"poi,omitempty"`
	Section  string   `json:"section,omitempty"`  // part of an estate: "2期", "A区"
	Building string   `json:"building,omitempty"` // "3", "A", "主楼"
	Unit     string   `json:"unit,omitempty"`
	Floor    string   `json:"floor,omitempty"` // "8", "-1" below ground, "顶"
	Room     string   `json:"room,omitempty"`
	// Vague says that the text gives a neighbourhood only: 旁, 对面, 交叉口.
	Vague bool   `json:"vague,omitempty"`
	Rest  string `json:"rest,omitempty"` // what was not understood
}

// Parse takes an address apart. hint is a region in which the address most
// probably lies ("" is none): it settles names that several divisions bear and
// stands in when the text names no city. Parse takes any text; what it does
// not understand is in Rest.
func Parse(raw string, hint lanzha.Region) Address {
	const longest = 300 // runes; no address is longer
	text := fold(raw)
	if len(text) > longest {
		text = text[:longest]
	}
	if d, ok := RegionOf(hint); ok {
		hint = d.Code
	}
	for _, label := range []string{"安装地址", "装机地址", "详细地址", "地址", "住址", "位于", "现住"} {
		if hasPrefix(text, label) {
			text = text[len([]rune(label)):]
		}
	}
	text = []rune(strings.TrimLeft(string(text), "|:- "))
	r := readRegion(text, hint)
	// 306室，昆明市…: a foreign order puts the room in front.
	if first, after, ok := strings.Cut(string(text), "|"); ok && r.code == "" {
		if back := readRegion([]rune(after), hint); back.code != "" {
			text, r = []rune(after+"|"+first), back
		}
	}
	a := Address{Region: r.code, Stated: r.code}
	if a.Region == "" || a.Region.City() == "" && within(hint, a.Region) && a.Region.District() == "" {
		a.Region = hint
	}
	text = text[r.used:]
	for n := filler(text, r.used > 0); n > 0; n = filler(text, r.used > 0) {
		text = text[n:]
	}
	s := scanner{a: &a, text: arabic(text)}
	s.run()
	return a
}

// String writes the address in the usual order; Parse reads it back.
func (a Address) String() string {
	var b strings.Builder
	put := func(before, part, after string) {
		if part != "" {
			b.WriteString(before + part + after)
		}
	}
	put("", FullName(a.Region), "")
	put("", a.Town, "街道")
	put("", a.Village, "村")
	put("", a.Group, "组")
	put("", a.Road, "")
	put("", a.Number, "号")
	for _, p := range a.POI {
		put("", p, "")
	}
	put("", a.Section, "")
	if strings.HasSuffix(a.Building, "楼") || strings.HasSuffix(a.Building, "座") || strings.HasSuffix(a.Building, "塔") {
		put("", a.Building, "")
	} else {
		put("", a.Building, "栋")
	}
	put("", a.Unit, "单元")
	if below, ok := strings.CutPrefix(a.Floor, "-"); ok {
		put("负", below, "楼")
	} else {
		put("", a.Floor, "楼")
	}
	put("", a.Room, "室")
	return b.String()
}
