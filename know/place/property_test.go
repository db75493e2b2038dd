package place

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// written draws an address that is complete to the door, as parts.
type written struct{ region, road, number, poi, building, unit, room string }

func (w written) String() string {
	return w.region + w.road + w.number + "号" + w.poi + w.building + w.unit + w.room
}

func draw(t *rapid.T) written {
	optional := func(label, format string, top int) string {
		if n := rapid.IntRange(0, top).Draw(t, label); n > 0 {
			return fmt.Sprintf(format, n)
		}
		return ""
	}
	pick := func(label, words string) string { return rapid.SampledFrom(strings.Split(words, " ")).Draw(t, label) }
	name := pick("name1", "青 白 柳 枫 望 云 晨 星") + pick("name2", "松 溪 岭 霞 竹 鹭 石 湖")
	w := written{
		region: rapid.SampledFrom([]string{"云南省昆明市呈贡区", "北京市朝阳区", "广东省东莞市", "湖北省仙桃市", "大理白族自治州大理市", "香港特别行政区香港岛中西区"}).Draw(t, "region"),
		road:   name + pick("kind", "路 街 大道 巷 南路 胡同"),
		number: fmt.Sprint(rapid.IntRange(1, 3000).Draw(t, "number")),
		poi:    rapid.SampledFrom([]string{"", "听雨酒店", "银河大厦", "晴川花园", "远山科技园"}).Draw(t, "poi"),
	}
	if sub := optional("sub", "-%d", 9); sub != "" {
		w.number += sub
	}
	w.building = optional("building", "%d栋", 40)
	if w.building != "" {
		w.unit = optional("unit", "%d单元", 6)
	}
	if floor := rapid.IntRange(0, 33).Draw(t, "floor"); floor > 0 {
		w.room = fmt.Sprintf("%d楼%d%02d室", floor, floor, rapid.IntRange(1, 20).Draw(t, "room"))
	}
	return w
}

// What is written and read again is the same address.
func TestStringParses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Parse(draw(t).String(), "")
		again := Parse(a.String(), "")
		if diff := cmp.Diff(a, again); diff != "" {
			t.Fatalf("%s (-first +again):\n%s", a, diff)
		}
		if m, reason := Same(a, again); m != SamePlace {
			t.Fatalf("%s and itself: %v (%s)", a, m, reason)
		}
	})
}

// The order of two addresses decides nothing; equal keys are one place.
func TestSameIsSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := Parse(draw(t).String(), ""), Parse(draw(t).String(), "")
		if rapid.Bool().Draw(t, "near") {
			b.Region, b.Stated, b.Road, b.Number = a.Region, a.Stated, a.Road, a.Number
		}
		ab, _ := Same(a, b)
		ba, _ := Same(b, a)
		if ab != ba {
			t.Fatalf("%s, %s: %v, turned about %v", a, b, ab, ba)
		}
		if ab.Same() && !shareKey(a, b) {
			t.Fatalf("%s, %s: %v, and no key in common", a, b, ab)
		}
	})
}

// Another door is another place, however the rest agrees.
func TestNumberDecides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := draw(t)
		other := w
		other.number = fmt.Sprint(rapid.IntRange(1, 3000).Draw(t, "other"))
		m, reason := Same(Parse(w.String(), ""), Parse(other.String(), ""))
		if (m == Different) != (w.number != other.number) {
			t.Fatalf("%s, %s: %v (%s)", w, other, m, reason)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"昆明市呈贡区彩云南路1258号云岭假日酒店3楼306", "上海浦东新区锦绣一路200弄5号楼301", "(((", "甲附之-号", "負1樓", "\xff路1号", "3-2-501", "A区B1#"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a := Parse(s, "530100")
		if m, reason := Same(a, a); m == Different || m == SameBuilding {
			t.Errorf("%q differs from itself: %s", s, reason)
		}
		if (Key(a) == "") != (len(Keys(a)) == 0) {
			t.Errorf("%q: key %q, keys %q", s, Key(a), Keys(a))
		}
		Parse(a.String(), "")
	})
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		Parse("云南省昆明市呈贡区彩云南路1258号云岭假日酒店3楼306", "530100")
	}
}

// A hostile text costs no more than a long one.
func TestParseIsBounded(t *testing.T) {
	for _, s := range []string{strings.Repeat("昆明市", 5000), strings.Repeat("吉林", 5000), strings.Repeat("(", 5000), strings.Repeat("9", 5000), strings.Repeat("大理州大理市", 3000)} {
		a := Parse(s, "")
		if m, reason := Same(a, a); m == Different {
			t.Errorf("%.20s… differs from itself: %s", s, reason)
		}
	}
}
