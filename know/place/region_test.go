package place

import (
	"encoding/csv"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanzha"
)

func TestRegionOf(t *testing.T) {
	for code, want := range map[lanzha.Region]Division{
		"530000": {"530000", "云南省", "云南省", Province, ""},
		"530100": {"530100", "昆明市", "云南省昆明市", City, "530000"},
		"530114": {"530114", "呈贡区", "云南省昆明市呈贡区", District, "530100"},
		"530121": {"530114", "呈贡区", "云南省昆明市呈贡区", District, "530100"}, // 呈贡县 until 2011
		"110101": {"110101", "东城区", "北京市东城区", District, "110100"},
		"429004": {"429004", "仙桃市", "湖北省仙桃市", District, "420000"},
		"810101": {"810101", "中西区", "香港特别行政区香港岛中西区", District, "810100"},
		"710000": {"710000", "台湾省", "台湾省", Province, ""},
	} {
		got, ok := RegionOf(code)
		if !ok {
			t.Errorf("RegionOf(%s): unknown", code)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("RegionOf(%s) (-want +got):\n%s", code, diff)
		}
	}
	for _, code := range []lanzha.Region{"", "53", "539999", "000000", "昆明"} {
		if d, ok := RegionOf(code); ok {
			t.Errorf("RegionOf(%q) = %v, want unknown", code, d)
		}
	}
}

func TestLookup(t *testing.T) {
	for _, test := range []struct {
		name   string
		within lanzha.Region
		want   string
	}{
		{"昆明", "", "530100"},
		{"昆明市", "", "530100"},
		{"呈贡", "", "530114"},
		{"呈贡县", "", "530114"},
		{"云南省昆明市呈贡区", "", "530114"},
		{"云南昆明呈贡", "", "530114"},
		{"大理州", "", "532900"},
		{"大理市", "", "532901"},
		{"大理", "532900", "532900 532901"},
		{"石林县", "", "530126"},
		{"吉林", "", "220000 220200"},
		{"北京", "", "110000"},
		{"朝阳区", "110000", "110105"},
		{"鼓楼区", "", "320106 320302 350102 410204"},
		{"襄樊市", "", "420600"},
		{"闸北区", "", "310106"},
		{"内蒙古", "", "150000"},
		{"香港", "", "810000"},
		{"没有这个县", "", ""},
		{"", "", ""},
	} {
		var got []string
		for _, d := range Lookup(test.name, test.within) {
			got = append(got, string(d.Code))
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("Lookup(%q, %q) = %s, want %s", test.name, test.within, s, test.want)
		}
	}
}

// The embedded table has the shape of the standard: every division lies in one
// that is there, and the counts are those of the state that was published.
func TestTable(t *testing.T) {
	count := map[Level]int{}
	for _, p := range Children("") {
		count[Province]++
		for _, c := range Children(p.Code) {
			count[c.Level]++
			for _, d := range Children(c.Code) {
				count[d.Level]++
				if !c.Code.Contains(d.Code) {
					t.Errorf("%v is not in %v", d, c)
				}
			}
		}
	}
	want := map[Level]int{Province: 34, City: 342, District: 2874}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("divisions (-want +got):\n%s", diff)
	}
	for code, now := range theAtlas().former {
		if d, ok := RegionOf(now); !ok || Placeholder(d.Name) {
			t.Errorf("former %s became %s, which is not in force", code, now)
		}
	}
}

// Another publication of the codes, which is not shipped, agrees with ours;
// its own statistical zones (codes ending 71 to 79) are no divisions.
func TestAgainstAnotherPublication(t *testing.T) {
	f, err := os.Open("../../../shared/data/divisions/areas.csv")
	if os.IsNotExist(err) {
		t.Skip("shared data is absent")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	agreed := 0
	for _, row := range rows[1:] {
		d, ok := theAtlas().byCode[lanzha.Region(row[0])]
		switch {
		case ok && d.Name == row[1]:
			agreed++
		case ok:
			t.Errorf("%s is %s there and %s here", row[0], row[1], d.Name)
		case row[0][4] != '7' && row[0][2:4] != "90":
			t.Logf("%s %s is not here", row[0], row[1])
		}
	}
	if agreed < 2840 {
		t.Errorf("only %d divisions agree", agreed)
	}
}
