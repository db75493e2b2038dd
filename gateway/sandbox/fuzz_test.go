package sandbox

import (
	"slices"
	"testing"
	"time"
)

func FuzzReadAnswer(f *testing.F) {
	for _, s := range []string{
		`{"key":"k","state":"answered","platformNo":"MN1","at":"2026-03-01T00:00:00Z"}`,
		`{"key":"k","state":"answered","subscriber":{"name":"赵十一","idNumber":"530199199001011234"},"openedOn":"2023-01-05","installAddress":"呈贡区","addressRole":"installation","platformNo":"MN1","at":"2026-03-01T00:00:00+08:00"}`,
		`{"key":"k","state":"refused","reason":"查无此号","platformNo":"","at":"0001-01-01T00:00:00Z"}`,
		`{"key":"other","state":"answered"}`, `{"key":"k","state":"answered"}{}`, `{"key":"k","state":"answered","openedOn":"2023-02-30"}`,
		`{"key":"k","state":"pending"}`, `null`, `[]`, ``, "\xff", `{"key":"k","state":"answered","at":"30000-01-01T00:00:00Z"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := readAnswer(b, "k")
		if err != nil {
			if a != (answerBody{}) {
				t.Fatalf("an answer beside an error: %+v", a)
			}
			return
		}
		if a.Key != "k" || (a.State != "answered" && a.State != "refused") || !slices.Contains(roles, a.AddressRole) {
			t.Fatalf("taken: %+v", a)
		}
		if a.State == "refused" && (a.Reason == "" || a.Subscriber != nil) {
			t.Fatalf("a refusal that answers: %+v", a)
		}
		if a.OpenedOn != "" {
			if _, err := time.Parse(time.DateOnly, a.OpenedOn); err != nil {
				t.Fatalf("opened on %q", a.OpenedOn)
			}
		}
	})
}

func FuzzReadReceipt(f *testing.F) {
	for _, s := range []string{
		`{"key":"k","state":"done","platformNo":"MN1","at":"2026-03-01T00:00:00Z"}`,
		`{"key":"k","state":"refused","reason":"非本网号码"}`, `{"key":"k","state":"refused"}`, `{"key":"k","state":"maybe"}`, `{}`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := readReceipt(b, "k")
		switch {
		case err != nil && r != (receiptBody{}):
			t.Fatalf("a receipt beside an error: %+v", r)
		case err == nil && (r.Key != "k" || !slices.Contains([]string{"acknowledged", "done", "refused"}, r.State)):
			t.Fatalf("taken: %+v", r)
		}
	})
}

func FuzzReadAsk(f *testing.F) {
	for _, s := range []string{
		`{"key":"k","kind":"mobile","value":"+8613888812345","fields":["subscriber"],"purpose":"x","askedAt":"2026-03-01T00:00:00Z","dueAt":"2026-03-01T00:03:00Z"}`,
		`{"key":"k","kind":"shutdown","valueKind":"mobile","value":"+8613888812345","reason":"x","dueAt":"2026-03-01T00:03:00Z"}`,
		`{"fields":["salary"]}`, `{`, ``,
	} {
		f.Add([]byte(s))
	}
	city := NewCity(1, "530114")
	server := NewServer(city, Options{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if q, err := readAsk(b); err == nil {
			for _, to := range server.site {
				if a := server.answer(to, q); a.State != "answered" && a.Reason == "" {
					t.Fatalf("neither an answer nor a refusal: %+v", a)
				}
			}
		}
		if o, err := readOrder(b); err == nil {
			if r := server.carryOut(server.site[0], o); r.State == "refused" && r.Reason == "" {
				t.Fatalf("refused without a reason: %+v", o)
			}
		}
	})
}

func FuzzLine(f *testing.F) {
	city := NewCity(1, "530114")
	for _, s := range []string{city.Story().Mobile, city.Story().Fixed, city.Trap(3).Numbers[1], "+8613888812345", "+86871", "", "+86\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, number string) {
		l, ok := city.Line(number)
		if ok && (l.Number != number || l.Address == "" || l.Owner.Name == "" || !slices.Contains(roles, l.Role)) {
			t.Fatalf("%q is %+v", number, l)
		}
	})
}

func TestNumeral(t *testing.T) {
	for n, want := range map[int]string{0: "零", 5: "五", 10: "十", 18: "十八", 20: "二十", 105: "一百零五", 110: "一百一十", 1206: "一千二百零六", 1010: "一千零一十", 3000: "三千", 9009: "九千零九"} {
		if got := numeral(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
