package sandbox

import (
	"strconv"
	"strings"

	"lanzha"
	"lanzha/know/place"
)

// Address is a place in the city as it truly is. Zero numbers and empty names
// are parts it does not have.
type Address struct {
	Region   lanzha.Region `json:"region"` // district
	Road     string        `json:"road"`
	Number   int           `json:"number"` // 号
	Name     string        `json:"name"`   // hotel, estate, outlet
	Building int           `json:"building"`
	Unit     int           `json:"unit"`
	Room     int           `json:"room"`
}

// String writes the address in full, the way registers do:
// 云南省昆明市呈贡区望湖路88号晚枫酒店3栋1单元1206室.
func (a Address) String() string {
	return a.write(place.FullName(a.Region), strconv.Itoa, "号", "栋", "单元", "室", "", "")
}

// The other writers are how clerks write the same place.

// short leaves the province out and writes 幢 and 房.
func (a Address) short() string {
	full := place.FullName(a.Region)
	if p := place.FullName(a.Region.Province()); len(p) < len(full) {
		full = strings.TrimPrefix(full, p)
	}
	return a.write(full, strconv.Itoa, "号", "幢", "单元", "房", "", "")
}

// old writes Chinese numerals, brackets, and the district as it was called
// when it was a county.
func (a Address) old() string {
	return a.write(county(a.Region), numeral, "号", "号楼", "单元", "室", "\uff08", "\uff09")
}

// wide writes full-width digits and brackets, with spaces between the parts.
func (a Address) wide() string {
	return a.write(county(a.Region)+" ", func(n int) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r - '0' + '\uff10'
			}
			return r
		}, strconv.Itoa(n))
	}, "号", "栋", "单元", "号房", "\uff08", "\uff09")
}

func (a Address) write(region string, num func(int) string, number, building, unit, room, open, shut string) string {
	var b strings.Builder
	b.WriteString(region + a.Road + num(a.Number) + number)
	if a.Name != "" {
		b.WriteString(open + a.Name + shut)
	}
	for _, part := range []struct {
		n    int
		word string
	}{{a.Building, building}, {a.Unit, unit}, {a.Room, room}} {
		if part.n != 0 {
			b.WriteString(num(part.n) + part.word)
		}
	}
	return b.String()
}

// county is the full name of a district with 县 for 区 and 区 for 县, where
// that names nothing else: clerks and old registers mix them up. Other
// divisions keep their name.
func county(r lanzha.Region) string {
	d, ok := place.RegionOf(r)
	if !ok || r.District() == "" {
		return place.FullName(r)
	}
	for _, swap := range [][2]string{{"区", "县"}, {"县", "区"}} {
		stem, ok := strings.CutSuffix(d.Name, swap[0])
		if !ok || len([]rune(stem)) < 2 || strings.HasSuffix(stem, "自治") || strings.HasSuffix(stem, "新") {
			continue
		}
		if hits := place.Lookup(stem+swap[1], r.City()); len(hits) == 1 && hits[0].Code == r {
			return strings.TrimSuffix(d.FullName, d.Name) + stem + swap[1]
		}
	}
	return d.FullName
}

var (
	roadFirst  = strings.Split("望湖 晴岚 青槐 白鹭 听松 石榴 竹溪 云杉 落霞 芦花 春城 星河 玉兰 古渡 梨园 枫桥", " ")
	roadSecond = strings.Split("路 街 大道 巷", " ")
	hotelFirst = strings.Split("晚枫 远帆 悦栖 归雁 半山 南屏 拾光 知秋 云宿 栖霞 木棉 朝露", " ")
	hotelNext  = strings.Split("听涛 揽月 逸居 清和 临风 望野 雅筑 澄园 沐光 鹿鸣 花间 湖畔", " ")
	hotelKinds = strings.Split("酒店 宾馆 公寓酒店 客栈", " ")
)

// Roads: of 64 names, the first 8 hold dens, the next 8 traps, the rest
// everybody else, in the seed's order; so that no ordinary line ever stands at
// the place of a den by chance.
const (
	denRoads  = 8
	trapRoads = 8
	lifeRoads = 48
)

func (c *City) road(i int) string {
	i = (i*27 + c.pick("roads", 0, 64)) % 64
	return roadFirst[i%16] + roadSecond[i/16]
}

// hotel is the name of hotel n, n below 10,000; no two are called the same.
func (c *City) hotel(n int) string {
	n = c.shuffle("hotel", n)
	name := hotelFirst[n%12] + hotelNext[n/12%12] + hotelKinds[n/144%4]
	if branch := n / 576; branch > 0 {
		name += "第" + numeral(branch+1) + "分店"
	}
	return name
}

// room is a room number on floors 2 to 19.
func (c *City) room(label string, n uint64) int {
	return (2+c.pick(label+"floor", n, 18))*100 + 1 + c.pick(label+"door", n, 24)
}

// denPlace is the place of story n: no two of the first 10,000 share a house.
func (c *City) denPlace(n int) Address {
	n %= block
	u := uint64(n)
	house := c.shuffle("house", n)
	a := Address{
		Region: c.den, Road: c.road(house % denRoads), Number: 1 + house/denRoads,
		Name: c.hotel(n), Room: c.room("den", u),
	}
	if c.chance("denbuilding", u, 500) {
		a.Building = 1 + c.pick("denb", u, 6)
	}
	return a
}

// home is the place of an ordinary line. Lines of the city's own numbers
// (n below 100,000) never share a house.
func (c *City) home(n uint64) Address {
	const houses = 2500
	n = (n*7919 + c.hash("home", 0)%1000) % (lifeRoads * houses) // 7919 is prime and divides neither
	r := int(n % lifeRoads)
	return Address{
		Region:   c.districts[r%len(c.districts)].Code,
		Road:     c.road(denRoads + trapRoads + r),
		Number:   1 + int(n/lifeRoads),
		Building: 1 + c.pick("homeb", n, 12), Unit: 1 + c.pick("homeu", n, 3), Room: c.room("home", n),
	}
}
