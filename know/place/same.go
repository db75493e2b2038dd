package place

import (
	"regexp"
	"slices"
	"strings"
)

// Match is what Same found.
type Match int

// What two addresses can be to each other.
const (
	Unknown      Match = iota // parts that would decide are missing
	Different                 // two places
	SameBuilding              // one building, different floors or rooms
	SamePlace                 // one building, and nothing finer differs
)

func (m Match) String() string {
	return [...]string{"unknown", "different", "same building", "same place"}[m]
}

// Same reports whether both are true of one building.
func (m Match) Same() bool { return m == SameBuilding || m == SamePlace }

// comparison gathers what agreed, differed and is missing, in the words of the
// person who will read it.
type comparison struct{ agreed, differed, missing []string }

func (c *comparison) reason() string {
	var out []string
	for _, part := range []struct {
		word  string
		items []string
	}{{"不同", c.differed}, {"一致", c.agreed}, {"无法判断", c.missing}} {
		if len(part.items) > 0 {
			out = append(out, part.word+"："+strings.Join(part.items, "、"))
		}
	}
	return strings.Join(out, "；")
}

// verdict is agree, differ, or absent when a side does not say.
type verdict int

const (
	absent verdict = iota
	agree
	differ
)

func compare(a, b string) verdict {
	switch {
	case a == "" || b == "":
		return absent
	case a == b:
		return agree
	}
	return differ
}

// Same decides whether a and b are one place, and says in Chinese which parts
// agreed, differed or were missing. It is symmetric. A road alone never makes
// a match; what only one side states of region, door, section or building
// leaves it open.
func Same(a, b Address) (Match, string) {
	var c comparison
	region := c.regions(a, b)
	if region == differ {
		return Different, c.reason()
	}
	if a.Vague || b.Vague {
		c.missing = append(c.missing, "地址只写明附近位置")
		return Unknown, c.reason()
	}
	site := c.site(a, b, region)
	if site != agree || region != agree {
		if site == differ {
			return Different, c.reason()
		}
		return Unknown, c.reason()
	}
	return c.building(a, b), c.reason()
}

func (c *comparison) regions(a, b Address) verdict {
	ra, rb := a.Region, b.Region
	switch {
	case !ra.Valid() || !rb.Valid():
		c.missing = append(c.missing, "辖区不明")
		return absent
	case !within(ra, rb) && !within(rb, ra):
		if !within(a.Stated, b.Stated) && !within(b.Stated, a.Stated) && a.Stated != "" && b.Stated != "" {
			c.differed = append(c.differed, "辖区（"+FullName(ra)+"，"+FullName(rb)+"）")
			return differ
		}
		c.missing = append(c.missing, "辖区为推定")
		return absent
	case cityOf(ra) == "" || cityOf(rb) == "":
		c.missing = append(c.missing, "城市不明")
		return absent
	case ra == rb && undivided(ra) && compare(a.Town, b.Town) == differ:
		c.differed = append(c.differed, "镇街（"+a.Town+"，"+b.Town+"）")
		return differ
	case ra == rb:
		c.agreed = append(c.agreed, "辖区")
		return agree
	}
	// One names the district, one the city only. Within one built-up area no
	// two roads bear one name (地名管理条例); a county has roads of its own.
	deeper := ra
	if within(rb, ra) {
		deeper = rb
	}
	if d, _ := RegionOf(deeper); d.Level == District && strings.HasSuffix(d.Name, "区") && cityOf(ra) == cityOf(rb) {
		c.agreed = append(c.agreed, "城市（一方未写区县）")
		return agree
	}
	c.missing = append(c.missing, "一方未写区县")
	return absent
}

// site compares down to the door or the named place.
func (c *comparison) site(a, b Address, region verdict) verdict {
	roads := compare(a.Road, b.Road)
	door := compare(a.Number, b.Number)
	if a.Road == "" && b.Road == "" {
		roads = compare(a.Village, b.Village)
		if roads == agree && compare(a.Town, b.Town) == differ {
			roads = differ
		}
		if group := compare(a.Group, b.Group); roads == agree && group == differ {
			roads = differ
		} else if group == absent && a.Group != b.Group && door == agree {
			c.missing = append(c.missing, "一方未写村组")
			door = absent
		}
	}
	places := comparePlaces(a.POI, b.POI)
	switch roads {
	case agree:
		c.agreed = append(c.agreed, "道路或村")
		switch door {
		case differ:
			c.differed = append(c.differed, "门牌号（"+a.Number+"，"+b.Number+"）")
			return differ
		case agree:
			c.agreed = append(c.agreed, "门牌号")
			if places == differ {
				if !tenantOf(a.POI, b.POI) {
					c.missing = append(c.missing, "门牌相同而名称不同")
					return absent
				}
			}
			if places == agree {
				c.agreed = append(c.agreed, "名称")
			}
			return agree
		}
	case differ:
		if places != agree || a.Number != "" && b.Number != "" {
			c.differed = append(c.differed, "道路或村")
			return differ
		}
		c.missing = append(c.missing, "名称相同而道路不同")
		return absent
	}
	switch places {
	case agree:
		c.agreed = append(c.agreed, "名称")
		if region == agree && a.Region != b.Region && roads != agree {
			c.missing = append(c.missing, "同名场所可能在别的区县")
			return absent
		}
		return agree
	case differ:
		if !tenantOf(a.POI, b.POI) && !similarPlaces(a.POI, b.POI) {
			c.differed = append(c.differed, "名称")
			return differ
		}
	}
	if roads == agree && a.Number == "" && b.Number == "" && a.Village != "" && a.Building != "" && a.Building == b.Building {
		return agree // an estate that is called a village: 桂花新村3栋
	}
	if places == differ {
		c.missing = append(c.missing, "名称不尽相同")
	} else {
		c.missing = append(c.missing, "门牌号或名称不全")
	}
	return absent
}

// building compares inside one site.
func (c *comparison) building(a, b Address) Match {
	for _, p := range []struct{ name, a, b string }{{"分区", a.Section, b.Section}, {"楼栋", a.Building, b.Building}} {
		switch {
		case p.a == p.b && p.a != "":
			c.agreed = append(c.agreed, p.name)
		case p.a == p.b:
		case p.a == "" || p.b == "":
			c.missing = append(c.missing, "一方未写"+p.name)
		default:
			c.differed = append(c.differed, p.name+"（"+p.a+"，"+p.b+"）")
		}
	}
	if len(c.differed) > 0 {
		return Different
	}
	if len(c.missing) > 0 {
		return Unknown
	}
	for _, p := range []struct{ name, a, b string }{{"单元", a.Unit, b.Unit}, {"楼层", floorOf(a), floorOf(b)}, {"房间", a.Room, b.Room}} {
		switch compare(p.a, p.b) {
		case agree:
			c.agreed = append(c.agreed, p.name)
		case differ:
			c.differed = append(c.differed, p.name)
		}
	}
	if a.Number == "" && a.Building == "" && compare(a.Room, b.Room) == differ && slices.ContainsFunc(a.POI, residential.MatchString) {
		c.missing = append(c.missing, "未写楼栋") // 听雨花园123号: a house or a room
		return Unknown
	}
	if len(c.differed) > 0 {
		return SameBuilding
	}
	return SamePlace
}

// comparePlaces agrees when one named place is on both sides and no branch
// contradicts it.
func comparePlaces(a, b []string) verdict {
	if len(a) == 0 || len(b) == 0 {
		return absent
	}
	for _, p := range a {
		for _, q := range b {
			x, bx, _ := strings.Cut(p, "(")
			y, by, _ := strings.Cut(q, "(")
			if x == y {
				return map[bool]verdict{true: agree, false: differ}[bx == by || bx == "" || by == ""]
			}
		}
	}
	return differ
}

// residential are estates of many buildings.
var residential = regexp.MustCompile(`(?:小区|住宅区|花园|家园|家苑|嘉园|苑|新村|新城|华庭|山庄|别墅|宿舍)$`)

var tenant = regexp.MustCompile(`(?:酒店|饭店|宾馆|旅馆|旅店|旅社|招待所|客栈|民宿|会所|网吧|网咖|影城|餐厅|饭馆|茶楼|茶室|公司|集团|银行|超市|诊所|营业厅|店|店\))$`)

// tenantOf reports whether one side names a house and the other a business
// that can be in it.
func tenantOf(a, b []string) bool {
	isTenant := func(p string) bool { return tenant.MatchString(p) }
	return allOf(a, isTenant) && !slices.ContainsFunc(b, isTenant) || allOf(b, isTenant) && !slices.ContainsFunc(a, isTenant)
}

func allOf(s []string, f func(string) bool) bool {
	return !slices.ContainsFunc(s, func(p string) bool { return !f(p) })
}

// similarPlaces reports names of which one begins like the whole other, less
// its kind: 云岭酒店 and 云岭假日酒店 may be one house.
func similarPlaces(a, b []string) bool {
	for _, p := range a {
		for _, q := range b {
			x, y := placeStem(p), placeStem(q)
			if x != y && x != "" && y != "" && (strings.HasPrefix(x, y) || strings.HasPrefix(y, x)) {
				return true
			}
		}
	}
	return false
}

func placeStem(p string) string {
	p, _, _ = strings.Cut(p, "(")
	for _, w := range placeWords {
		if s, ok := strings.CutSuffix(p, w); ok && s != "" {
			return s
		}
	}
	return p
}
