// Package place knows where things are: the administrative divisions of
// GB/T 2260, and addresses as people and institutions write them.
//
// RegionOf and FullName answer for a code, Lookup for a name. Parse takes a
// written address apart, Keys tells under what it can be found, and Same says
// whether two addresses name one place, and why.
package place

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"lanzha"
)

//go:generate go run ./gen

//go:embed regions.txt
var regionsText string

//go:embed former.txt
var formerText string

// Level is the rank of a division.
type Level int

// The levels of the codes. There is no code for towns.
const (
	Province Level = 1 + iota // 省、自治区、直辖市、特别行政区
	City                      // 地级市、地区、自治州、盟
	District                  // 区、县、县级市、旗
)

// Division is one administrative division in force.
type Division struct {
	Code     lanzha.Region `json:"code"`
	Name     string        `json:"name"`     // its own name: "呈贡区"
	FullName string        `json:"fullName"` // with all above it: "云南省昆明市呈贡区"
	Level    Level         `json:"level"`
	Parent   lanzha.Region `json:"parent"` // what it lies in; "" for a province
}

type atlas struct {
	order    []lanzha.Region
	byCode   map[lanzha.Region]Division
	children map[lanzha.Region][]lanzha.Region
	// former maps a code that is no more to the division it became.
	former map[lanzha.Region]lanzha.Region
	// own names in force, each to the divisions that bear it; then own, former
	// and mended names (呈贡县) together.
	own, names map[string][]lanzha.Region
	// bare holds stems without suffix ("昆明"); a text must give more reason
	// to believe these than it must for names.
	bare map[string][]lanzha.Region
	// longest name or stem, in runes.
	longest int
}

var theAtlas = sync.OnceValue(func() *atlas {
	a := &atlas{
		byCode:   map[lanzha.Region]Division{},
		children: map[lanzha.Region][]lanzha.Region{},
		former:   map[lanzha.Region]lanzha.Region{},
		own:      map[string][]lanzha.Region{},
		names:    map[string][]lanzha.Region{},
		bare:     map[string][]lanzha.Region{},
	}
	for line := range strings.Lines(regionsText) {
		a.add(lanzha.Region(line[:6]), strings.TrimSpace(line[6:]))
	}
	for _, code := range a.order {
		a.variants(code)
	}
	for line := range strings.Lines(formerText) {
		name, to, ok := strings.Cut(strings.TrimSpace(line[6:]), " ")
		if !ok {
			continue
		}
		code, now := lanzha.Region(line[:6]), lanzha.Region(to)
		if _, ok := a.byCode[code]; !ok {
			a.former[code] = now
		}
		a.put(a.names, name, now)
		a.nickname(name, now)
	}
	return a
})

func (a *atlas) add(code lanzha.Region, name string) {
	d := Division{Code: code, Name: name, Level: Level(len(code.Levels()))}
	up := code.Levels()
	if len(up) == 1 && code[4:] != "00" {
		up = append(up, code) // a district right below the province
	}
	for _, u := range up[:len(up)-1] {
		above, ok := a.byCode[u]
		if ok && !Placeholder(above.Name) {
			d.FullName, d.Parent = above.FullName, u
		}
	}
	if d.FullName != name { // 北京市 is its own city
		d.FullName += name
	}
	a.order = append(a.order, code)
	a.byCode[code] = d
	if Placeholder(name) {
		return
	}
	if d.Parent != "" {
		a.children[d.Parent] = append(a.children[d.Parent], code)
	}
	// 北京市 is a province and its own city: by name it means the province.
	if above := a.byCode[code.Province()]; d.Level == City && above.Name == name {
		return
	}
	a.put(a.names, name, code)
	a.put(a.own, name, code)
}

// variants enters the stem of a division and its name with another suffix,
// unless that is the very name of another division: 大理市 is not 大理州.
func (a *atlas) variants(code lanzha.Region) {
	d := a.byCode[code]
	if !slices.Contains(a.names[d.Name], code) {
		return
	}
	a.nickname(d.Name, code)
}

func (a *atlas) nickname(name string, code lanzha.Region) {
	stem := Stem(name)
	if len([]rune(stem)) < 2 {
		return
	}
	kinds := []string{"区", "县", "市", "旗"}
	switch a.byCode[code].Level {
	case Province:
		kinds = []string{"省", "市"}
	case City:
		kinds = []string{"市", "州", "地区", "盟"}
	}
	a.put(a.bare, stem, code)
	for _, k := range kinds {
		if len(a.own[stem+k]) == 0 {
			a.put(a.names, stem+k, code)
		}
	}
}

func (a *atlas) put(m map[string][]lanzha.Region, name string, code lanzha.Region) {
	if !slices.Contains(m[name], code) {
		m[name] = append(m[name], code)
	}
	a.longest = max(a.longest, len([]rune(name)))
}

// RegionOf tells of a code. A code that was abolished since 2002 is answered
// with what it became ("530121" with 530114, Chenggong). It reports false for
// a code that never was.
func RegionOf(code lanzha.Region) (Division, bool) {
	a := theAtlas()
	if d, ok := a.byCode[code]; ok {
		return d, true
	}
	d, ok := a.byCode[a.former[code]]
	return d, ok
}

// FullName is the full Chinese name of a code, "云南省昆明市呈贡区" for
// "530114", and "" for a code that is unknown.
func FullName(code lanzha.Region) string {
	d, _ := RegionOf(code)
	return d.FullName
}

// Children lists the divisions right below code, by code; the provinces for
// "". Beijing has its districts as children of "110100", as GB/T 2260 has.
func Children(code lanzha.Region) []Division {
	a := theAtlas()
	var out []Division
	if code == "" {
		for _, c := range a.order {
			if a.byCode[c].Level == Province && a.byCode[c].Parent == "" {
				out = append(out, a.byCode[c])
			}
		}
		return out
	}
	for _, c := range a.children[code] {
		out = append(out, a.byCode[c])
	}
	return out
}

// Lookup finds the divisions that a name may mean inside within ("" is the
// whole country), the highest level first, then by code. It knows full names
// ("云南省昆明市"), own names, names without or with another suffix ("昆明",
// "呈贡县"), and former names. Nothing found is an empty list.
func Lookup(name string, within lanzha.Region) []Division {
	a := theAtlas()
	var found []lanzha.Region
	text := []rune(strings.TrimSpace(name))
	found = slices.Concat(a.names[string(text)], a.bare[string(text)])
	if r := readRegion(text, within); len(found) == 0 && r.used == len(text) && r.code != "" {
		found = []lanzha.Region{r.code}
	}
	var out []Division
	for _, c := range found {
		d := a.byCode[c]
		if within.Contains(c) && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(x, y Division) int {
		if x.Level != y.Level {
			return int(x.Level - y.Level)
		}
		return strings.Compare(string(x.Code), string(y.Code))
	})
	return out
}

// Placeholder reports whether name is one of the headings that GB/T 2260 puts
// between a province and districts that belong to no city ("市辖区", "县",
// "省直辖县级行政区划"): no place is called so.
func Placeholder(name string) bool {
	return name == "市辖区" || name == "县" || name == "市" || strings.Contains(name, "直辖")
}

var suffixes = []string{
	"特别行政区", "自治区", "自治州", "自治县", "自治旗", "地区", "林区", "特区",
	"省", "市", "区", "县", "旗", "州", "盟",
}

// peoples are the nationalities in names of autonomous divisions, longest
// first where one begins another.
var peoples = strings.Fields("维吾尔 柯尔克孜 哈萨克 蒙古族 蒙古 达斡尔族 鄂温克族 鄂伦春 哈尼族 彝族 傣族 景颇族 傈僳族 白族 藏族 羌族 苗族 侗族 布依族 土家族 壮族 瑶族 回族 满族 朝鲜族 黎族 畲族 水族 纳西族 拉祜族 佤族 布朗族 独龙族 怒族 普米族 东乡族 保安族 撒拉族 裕固族 土族 锡伯 塔吉克 仡佬族 仫佬族 毛南族 各族 僳僳族 哈萨克族 柯尔克孜族 回")

// Stem drops what kind of division a name names: 昆明市 and 昆明 are one, so
// are 大理白族自治州 and 大理. A stem keeps at least two characters: 沙县, 郊区.
func Stem(name string) string {
	for _, s := range suffixes {
		rest, ok := strings.CutSuffix(name, s)
		if !ok || len([]rune(rest)) < 2 {
			continue
		}
		if strings.HasPrefix(s, "自治") {
			rest = dropPeoples(rest)
		}
		return rest
	}
	return name
}

func dropPeoples(name string) string {
	for again := true; again; {
		again = false
		for _, p := range peoples {
			if rest, ok := strings.CutSuffix(name, p); ok && len([]rune(rest)) >= 2 {
				name, again = rest, true
			}
		}
	}
	return name
}
