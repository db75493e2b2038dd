package place

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKeys(t *testing.T) {
	a := Parse("昆明市呈贡区彩云南路1258号云岭假日酒店3楼306", "")
	b := Parse("呈贡县彩云南路1258号(云岭假日酒店)八楼", "")
	if Key(a) != Key(b) || Key(a) == "" {
		t.Errorf("keys %q and %q", Key(a), Key(b))
	}
	want := []string{"door|530100|彩云南路|1258", "poi|530100|云岭假日酒店"}
	if diff := cmp.Diff(want, Keys(a)); diff != "" {
		t.Errorf("Keys (-want +got):\n%s", diff)
	}
	if RoomKey(a) == "" || RoomKey(b) != "" {
		t.Errorf("room keys %q and %q: only the first states a room", RoomKey(a), RoomKey(b))
	}
	if got, _ := Same(a, b); got != SameBuilding {
		t.Errorf("Same = %v, want the same building: the floors differ", got)
	}
	for _, s := range []string{"", "昆明市呈贡区", "昆明市呈贡区彩云南路", "云南省彩云南路1258号", "昆明市呈贡区彩云南路1258号对面"} {
		if p := Parse(s, ""); Key(p) != "" || len(Keys(p)) != 0 {
			t.Errorf("%q has keys %q, %q", s, Key(p), Keys(p))
		}
	}
}

func TestSameExplains(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{"昆明市呈贡区彩云南路2号", "昆明市呈贡区彩云南路20号", "不同：门牌号（2，20）；一致：辖区、道路或村"},
		{"昆明市呈贡区彩云南路2号A座", "昆明市呈贡区彩云南路2号", "一致：辖区、道路或村、门牌号；无法判断：一方未写楼栋"},
		{"昆明市彩云南路2号", "昆明市呈贡区彩云南路2号3楼", "一致：城市（一方未写区县）、道路或村、门牌号"},
	} {
		if _, got := Same(Parse(test.a, ""), Parse(test.b, "")); got != test.want {
			t.Errorf("%s, %s: %s, want %s", test.a, test.b, got, test.want)
		}
	}
}
