package number_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/know/number"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ in, want string }{ // value kind carrier region city
		{"13888812345", "+8613888812345 mobile 中国移动 530100 昆明市"},
		{"138 8881 2345", "+8613888812345 mobile 中国移动 530100 昆明市"},
		{"+86 138-8881-2345", "+8613888812345 mobile 中国移动 530100 昆明市"},
		{"008613888812345", "+8613888812345 mobile 中国移动 530100 昆明市"},
		{"8613888812345", "+8613888812345 mobile 中国移动 530100 昆明市"},
		{"013888812345", "+8613888812345 mobile 中国移动 530100 昆明市"},
		{"１３８８８８１２３４５", "+8613888812345 mobile 中国移动 530100 昆明市"},
		{"幺三八八八八一二三四五", "+8613888812345 mobile 中国移动 530100 昆明市"},
		{"19912345678", "+8619912345678 mobile 中国电信  "},
		{"19212345678", "+8619212345678 mobile 中国广电  "},
		{"19612345678", "+8619612345678 mobile 中国联通  "},
		{"17012345678", "+8617012345678 virtual 中国电信  "},
		{"17052345678", "+8617052345678 virtual 中国移动 150100 呼和浩特市"},
		{"17092345678", "+8617092345678 virtual 中国联通 500000 "},
		{"16212345678", "+8616212345678 virtual 中国电信  "},
		{"16512345678", "+8616512345678 virtual 中国移动  "},
		{"16712345678", "+8616712345678 virtual 中国联通  "},
		{"17401234567", "+8617401234567 satellite 中国电信（卫星）  "},
		{"13491234567", "+8613491234567 satellite 中国电信（卫星）  "},
		{"14912345678", "+8614912345678 iot 中国电信  "},
		{"1064812345678", "+861064812345678 iot 中国移动  "},
		{"1440012345678", "+861440012345678 iot 中国移动  "},
		{"0871-63161234", "+8687163161234 fixed  530100 昆明市"},
		{"(0871) 6316 1234", "+8687163161234 fixed  530100 昆明市"},
		{"+86 871 6316 1234", "+8687163161234 fixed  530100 昆明市"},
		{"010-62345678", "+861062345678 fixed  110000 "},
		{"021 62345678", "+862162345678 fixed  310000 "},
		{"0755-26912345", "+8675526912345 fixed  440300 深圳市"},
		{"0512-67891234", "+8651267891234 fixed  320500 苏州市"},
		{"0710-3512345", "+867103512345 fixed  420600 襄阳市"},
		{"0898-66512345", "+8689866512345 fixed  460000 "},
		{"0728-3212345", "+867283212345 fixed  429004 仙桃市"},
		{"028-62345678", "+862862345678 fixed  510100 成都市、资阳市、眉山市"},
		{"0634-6212345", "+866346212345 fixed  370100 济南市"},
		{"400-800-1234", "+864008001234 freephone 中国电信  "},
		{"8008101234", "+868008101234 freephone 中国电信  "},
		{"95588", "95588 service   "},
		{"+86 95588", "95588 service   "},
		{"10086", "10086 service 中国移动  "},
		{"96110", "96110 service   "},
		{"12345", "12345 service   "},
		{"95013123", "95013123 service   "},
		{"110", "110 emergency   "},
		{"+86110", "110 emergency   "},
		{"10690123456", "10690123456 port   "},
		{"+852 9123 4567", "+85291234567 international 3  "},
		{"0085291234567", "+85291234567 international 3  "},
		{"+1 415 555 2671", "+14155552671 international   "},
	} {
		n, err := number.Parse(c.in)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.in, err)
			continue
		}
		got := strings.Join([]string{n.Value, string(n.Kind), n.Carrier, string(n.Region), n.City}, " ")
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Parse(%q): %s", c.in, diff)
		}
		if again, err := number.Parse(n.Value); err != nil || again != n {
			t.Errorf("Parse(%q) is not stable: %+v, %v", n.Value, again, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{
		"", "   ", "abc", "+", "++8613888812345", "1388881234", "138888123456", "12888812345", "16012345678",
		"0871-1234567", "0871-631612345", "0999912345678", "63161234", "010-6234567", "20230220", "+0123456", "+999123456789",
		strings.Repeat("1", 40), strings.Repeat("1", 4000), "138\xff88812345", "13888812345a", "+86", "0086",
	} {
		n, err := number.Parse(in)
		if lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("Parse(%.20q) = %+v, %v, want an error of code invalid", in, n, err)
		}
		if err != nil && len(in) > 6 && strings.Contains(err.Error(), in) {
			t.Errorf("the error repeats the number: %v", err)
		}
	}
}

// The area codes are compared with the ones every officer knows; the generator
// does not know them.
func TestAreaCodes(t *testing.T) {
	for code, region := range map[string]lanzha.Region{
		"0871": "530100", "0874": "530300", "0877": "530400", "0875": "530500", "0870": "530600", "0888": "530700", "0879": "530800", "0883": "530900",
		"0878": "532300", "0873": "532500", "0876": "532600", "0691": "532800", "0872": "532900", "0692": "533100", "0886": "533300", "0887": "533400",
		"010": "110000", "020": "440100", "021": "310000", "022": "120000", "023": "500000", "024": "210100", "025": "320100", "027": "420100", "028": "510100", "029": "610100",
		"0311": "130100", "0351": "140100", "0371": "410100", "0431": "220100", "0451": "230100", "0471": "150100", "0531": "370100", "0551": "340100",
		"0571": "330100", "0591": "350100", "0731": "430100", "0771": "450100", "0791": "360100", "0851": "520100", "0891": "540100", "0931": "620100",
		"0951": "640100", "0971": "630100", "0991": "650100", "0433": "222400", "0993": "659001", "0859": "522300", "0743": "433100",
	} {
		local := "62345678"
		n, err := number.Parse(code + local)
		if err != nil || n.Region != region || n.AreaCode != code {
			t.Errorf("area code %s: %q (%q), %v, want %s", code, n.Region, n.AreaCode, err, region)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"13888812345", "+86 871 6316 1234", "(0871)63161234", "95588", "+85291234567", "幺三八八八八一二三四五", "\xff", "00", "+86", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		n, err := number.Parse(raw)
		if err != nil {
			if lanzha.CodeOf(err) != lanzha.CodeInvalid {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		again, err := number.Parse(n.Value)
		if err != nil || again.Value != n.Value || again.Kind != n.Kind {
			t.Fatalf("%q gives %+v, which gives %+v, %v", raw, n, again, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := number.Parse("138 8881 2345"); err != nil {
			b.Fatal(err)
		}
	}
}
