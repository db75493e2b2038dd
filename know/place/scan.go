package place

import (
	"regexp"
	"slices"
	"strings"
)

// scanner reads the part of an address behind the region, from left to right:
// numbered tokens (3栋, 306室) where they stand, and the words between them.
type scanner struct {
	a     *Address
	text  []rune
	words []rune // not yet understood, before the token at hand
	notes []string
	rest  []string
	note  bool // inside brackets: says more, contradicts nothing
	// placed is set when the last thing read was a named place: a number
	// behind it counts its buildings or rooms, not the doors of the road.
	placed bool
	// unsure is set when the last words end neither like a road nor like a
	// place: 王家桥 is where the doors are counted when a door follows.
	unsure bool
}

func (s *scanner) run() {
	s.scan(s.text)
	for _, n := range s.notes {
		s.note = true
		s.remark([]rune(n))
	}
	a := s.a
	if len(a.POI) == 0 && a.Number == "" && len(s.rest) > 0 && a.Road == "" && a.Village == "" && len([]rune(s.rest[0])) >= 2 {
		a.POI, s.rest = []string{s.rest[0]}, s.rest[1:]
	}
	if strings.HasSuffix(a.Road, "弄") && a.Number == "" { // houses of a lane are its buildings
		a.Number, a.Building = a.Building, ""
	}
	a.Rest = strings.Join(s.rest, " ")
}

// remark reads what stood in brackets: a branch (呈贡店), a place, or a hint
// for the courier, which decides nothing.
func (s *scanner) remark(text []rune) {
	t := string(text)
	switch {
	case isBranch(t):
		s.branch(t)
	case vague.MatchString(t):
		s.rest = append(s.rest, t)
	default:
		was := *s.a
		s.placed = false
		s.scan(text)
		keepStated(s.a, was)
	}
}

// keepStated lets a remark fill parts, not change them.
func keepStated(a *Address, was Address) {
	for _, p := range [][2]*string{
		{&a.Road, &was.Road}, {&a.Number, &was.Number}, {&a.Village, &was.Village}, {&a.Group, &was.Group},
		{&a.Section, &was.Section}, {&a.Building, &was.Building}, {&a.Unit, &was.Unit}, {&a.Floor, &was.Floor}, {&a.Room, &was.Room},
	} {
		if *p[1] != "" {
			*p[0] = *p[1]
		}
	}
}

func (s *scanner) scan(text []rune) {
	for i := 0; i < len(text); {
		switch r := text[i]; {
		case r == '(':
			end := slices.Index(text[i:], ')')
			if end < 0 {
				end = len(text) - i
			}
			s.flush(false)
			s.notes = append(s.notes, string(text[i+1:i+end]))
			i += end + 1
			continue
		case r == '|' || r == ' ' || r == ')', r == '-' && (i+1 == len(text) || !isLatin(text[i+1])):
			s.flush(false)
			i++
			continue
		}
		if n := s.token(text[i:]); n > 0 {
			i += n
			continue
		}
		s.words = append(s.words, text[i])
		i++
	}
	s.flush(false)
}

const (
	num  = `((?:[甲乙丙丁戊]|[A-Z]{0,2})\d+[A-Z]?|[A-Z]{1,2}|[甲乙丙丁])`
	tail = `(?:号房间|号房|号铺|号室|房间|号铺面|号商铺|号档口|号摊位|室|房|户|铺|号)`
)

var (
	vague = regexp.MustCompile(`斜?对面|旁边|旁|附近|隔壁|周边|交叉路?口|交汇处|交界处|十字路口|岔路?口|路口|[东南西北]+侧|后面|背后|背面|门口|楼下|之间|一带|沿线|左右|路边|街边|街口|巷口|村口`)

	vagueHere  = regexp.MustCompile(`^(?:` + vague.String() + `)`)
	roadToken  = regexp.MustCompile(`^(?:第?[A-Z]?\d+号?(?:大街|大道|公路|支路|路|街)|[GSX]?\d+(?:国道|省道|县道))`)
	moreRoad   = regexp.MustCompile(`^(?:\d+(?:支弄|弄|巷|段)|[东南西北中]段)`)
	buildToken = regexp.MustCompile(`^第?` + num + `-?(?:号楼栋|号住宅楼|号厂房|号仓库|号车间|号公寓|号楼|号栋|号幢|号座|#楼|#栋|#厂房|楼栋|栋楼|栋|幢|座|#|号库|号塔)`)
	namedBuild = regexp.MustCompile(`^(?:主楼|副楼|裙楼|塔楼|附楼|综合楼|办公楼|宿舍楼|教学楼|[东南西北中前后](?:楼|座|塔|栋))`)
	unitToken  = regexp.MustCompile(`^第?(\d+|[A-Z]|[甲乙丙丁东南西北中])(?:单元|号门|门|梯)`)
	floorToken = regexp.MustCompile(`^(?:第)?(负|地下|-|B)?(\d+)(?:楼|层|F)`)
	floorOther = regexp.MustCompile(`^(?:(B)(\d)|F(\d+)|(顶|底)(?:楼|层)|地下室)`)
	roomToken  = regexp.MustCompile(`^(?:ROOM|RM\.?|房号|客房|房间号?|室号|商铺|档口)?((?:[A-Z]?\d+[A-Z]?-)*[A-Z]?\d+[A-Z]?)` + tail)
	tripleTok  = regexp.MustCompile(`^([A-Z]?\d+)-(\d+)-([A-Z]?\d{3,4})(?:室|房|号)?`)
	doubleTok  = regexp.MustCompile(`^([A-Z]?\d+|[A-Z])-([A-Z]?\d{3,4})(?:室|房|号)?`)
	doorToken  = regexp.MustCompile(`^(?:NO\.?|门牌号?)?([甲乙丙丁戊]?[A-Z]?\d+[A-Z]?)(?:号?(?:附|之|-)(\d+))*号?(?:(?:附|之|-)(\d+)号?)?(?:大院|院)?`)
	subOnly    = regexp.MustCompile(`^附(\d+)号?`)
	groupToken = regexp.MustCompile(`^第?(\d+)(?:村民小组|居民小组|小组|组|生产队|队|社)`)
	sectToken  = regexp.MustCompile(`^(?:第?(\d+|[A-Z])(?:期|区|组团)|[东南西北中]区)`)
	digitsIn   = regexp.MustCompile(`\d+`)
)

// token reads one numbered part at the start of text and returns its length in
// runes, or 0 when there is none.
func (s *scanner) token(text []rune) int {
	str, a := string(text), s.a
	if m := vagueHere.FindString(str); m != "" && (len(s.words) > 0 || a.Road+a.Village+a.Number != "" || len(a.POI) > 0) {
		if n := len([]rune(m)); !(strings.HasSuffix(m, "侧") && len(text) > n && isDigit(text[n])) {
			if m == "路口" || m == "街口" || m == "巷口" || m == "路边" || m == "街边" || m == "村口" {
				s.words = append(s.words, text[0])
			}
			a.Vague = true
		}
		s.flush(false)
		return len([]rune(m))
	}
	if !isLatin(text[0]) && !strings.ContainsRune("第附负地甲乙丙丁戊东南西北中前后主副裙塔综办宿教顶底门房客室商档-", text[0]) {
		return 0
	}
	if m := moreRoad.FindString(str); m != "" {
		s.flush(true)
		if a.Road != "" && a.Number == "" && !s.placed {
			a.Road += plain(m)
			return len([]rune(m))
		}
	}
	if m := roadToken.FindString(str); m != "" && a.Road == "" && !strings.HasPrefix(str[len(m):], "口") {
		s.flush(false)
		a.Road, s.placed = strings.Replace(plain(strings.TrimPrefix(m, "第")), "号", "", 1), false
		return len([]rune(m))
	}
	if m := groupToken.FindStringSubmatch(str); m != nil {
		s.flush(true)
		if a.Village != "" && a.Group == "" {
			a.Group = plain(m[1])
			return len([]rune(m[0]))
		}
	}
	if m := sectToken.FindStringSubmatch(str); m != nil && (len(s.words) > 1 || len(a.POI) > 0 || a.Village != "") {
		s.flush(false)
		a.Section += strings.ReplaceAll(plain(strings.TrimPrefix(m[0], "第")), "组团", "区")
		return len([]rune(m[0]))
	}
	if m := buildToken.FindStringSubmatch(str); m != nil && a.Building == "" {
		s.flush(true)
		if strings.HasSuffix(m[0], "#") && a.Road != "" && a.Number == "" && !s.placed {
			a.Number = plain(m[1])
		} else {
			a.Building = plain(m[1])
		}
		s.placed = false
		return len([]rune(m[0]))
	}
	if m := namedBuild.FindString(str); m != "" && a.Building == "" && (len(s.words) == 0 && (a.Number != "" || len(a.POI) > 0) || endsPlace(string(s.words))) && !isRoadTail(text[len([]rune(m)):], 0) {
		s.flush(false)
		a.Building, s.placed = m, false
		return len([]rune(m))
	}
	if m := unitToken.FindStringSubmatch(str); m != nil && a.Unit == "" && !startsWith(str[len(m[0]):], "店", "面", "诊", "市", "票", "球") && (len(s.words) == 0 || strings.HasSuffix(m[0], "单元")) {
		s.flush(true)
		a.Unit = plain(m[1])
		return len([]rune(m[0]))
	}
	if n := s.floorOrRoom(str); n > 0 {
		return n
	}
	return s.door(str)
}

func (s *scanner) floorOrRoom(str string) int {
	a := s.a
	if m := floorToken.FindStringSubmatch(str); m != nil && a.Floor == "" {
		s.flush(true)
		a.Floor = plain(m[2])
		if m[1] != "" {
			a.Floor = "-" + a.Floor
		}
		return len([]rune(m[0]))
	}
	if m := floorOther.FindStringSubmatch(str); m != nil && a.Floor == "" && !startsWith(str[len(m[0]):], "座", "栋", "区", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "-") {
		s.flush(true)
		switch {
		case m[1] != "":
			a.Floor = "-" + m[2]
		case m[3] != "":
			a.Floor = plain(m[3])
		case m[4] != "":
			a.Floor = map[string]string{"顶": "顶", "底": "1"}[m[4]]
		default:
			a.Floor = "-1"
		}
		return len([]rune(m[0]))
	}
	if m := tripleTok.FindStringSubmatch(str); m != nil && a.Building == "" && a.Unit == "" {
		s.flush(true)
		a.Building, a.Unit, a.Room = plain(m[1]), plain(m[2]), plain(m[3])
		return len([]rune(m[0]))
	}
	if m := doubleTok.FindStringSubmatch(str); m != nil && a.Room == "" {
		s.flush(true)
		switch {
		case a.Building == "" && (s.placed || a.Number != ""):
			a.Building, a.Room = plain(m[1]), plain(m[2])
			return len([]rune(m[0]))
		case a.Building != "" && a.Unit == "":
			a.Unit, a.Room = plain(m[1]), plain(m[2])
			return len([]rune(m[0]))
		}
	}
	m := roomToken.FindStringSubmatch(str)
	if m == nil || a.Room != "" {
		return 0
	}
	s.flush(true)
	if strings.HasSuffix(m[0], "号") && (s.wantsDoor() || len(digitsIn.FindString(m[1])) < 3) {
		return 0
	}
	a.Room = plain(m[1])
	return len([]rune(m[0]))
}

// wantsDoor reports whether the next number is the door of a road or village.
func (s *scanner) wantsDoor() bool {
	a := s.a
	return a.Number == "" && (!s.placed || s.unsure) && a.Building+a.Unit+a.Floor == "" && (a.Road != "" || a.Village != "" || len(a.POI) == 0)
}

// door reads a number that no word but 号 explains.
func (s *scanner) door(str string) int {
	a := s.a
	if m := subOnly.FindStringSubmatch(str); m != nil {
		s.flush(true)
		switch {
		case a.Number == "" && a.Road+a.Village != "":
			a.Number = "附" + plain(m[1])
		case a.Number != "" && !s.placed && a.Building == "":
			a.Number += "-" + plain(m[1])
		default:
			s.rest = append(s.rest, m[0])
		}
		return len([]rune(m[0]))
	}
	m := doorToken.FindStringSubmatch(str)
	if m == nil {
		return 0
	}
	// 21号-1楼 ends with a floor, 12号-3栋 with a building: not sub-numbers.
	if cut := strings.LastIndexAny(m[0], "-"); cut > 0 && !strings.HasSuffix(m[0], "号") && startsWith(str[len(m[0]):], "楼", "层", "F", "栋", "幢", "座", "单元", "室", "房", "#") {
		m = doorToken.FindStringSubmatch(m[0][:cut])
	}
	marked := strings.Contains(m[0], "号")
	after := str[len(m[0]):]
	loose := !marked && after != "" && !strings.ContainsAny(after[:1], "|() -0123456789")
	if len(s.words) > 0 && loose && !endsRoad(s.words) {
		return 0 // 七天8连锁: a digit in a name
	}
	s.flush(true)
	if len(s.words) > 0 {
		return 0
	}
	var parts []string
	for _, d := range append([]string{m[1]}, subs(m[0][strings.Index(m[0], m[1])+len(m[1]):])...) {
		parts = append(parts, plain(d))
	}
	value := strings.Join(parts, "-")
	switch digits := len(digitsIn.FindString(m[1])); {
	case s.unsure && s.wantsDoor() && marked && a.Road+a.Village == "" && len(s.rest) > 0:
		a.Road, s.rest = s.rest[len(s.rest)-1], s.rest[:len(s.rest)-1]
		a.Number, s.placed, s.unsure = value, false, false
	case !s.unsure && s.wantsDoor() && (marked || !loose || a.Road != ""):
		if a.Road+a.Village == "" && loose {
			return 0
		}
		// At a crossing, the number is exact.
		a.Number, a.Vague = value, false
	case loose:
		return 0
	case marked && digits < 3 && a.Building == "":
		a.Building = value
	case a.Room == "" && (digits >= 3 || a.Floor+a.Unit+a.Building != ""):
		a.Room = value
	default:
		s.rest = append(s.rest, m[0])
	}
	return len([]rune(m[0]))
}

func subs(s string) []string { return digitsIn.FindAllString(s, -1) }

// plain drops leading zeros of every number: 03栋 is 3栋.
func plain(s string) string {
	return digitsIn.ReplaceAllStringFunc(s, func(d string) string {
		if t := strings.TrimLeft(d, "0"); t != "" {
			return t
		}
		return "0"
	})
}

func startsWith(s string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(s, w) })
}
