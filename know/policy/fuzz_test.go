package policy_test

import (
	"encoding/json"
	"testing"

	"lanzha/know/policy"
)

// FuzzParse: no text makes the loader panic, and what it takes can be linted
// and evaluated.
func FuzzParse(f *testing.F) {
	f.Add([]byte(head + layered))
	f.Add([]byte(head + term))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := policy.Parse(policy.File{Name: "p.yaml", Text: text})
		if err != nil {
			return
		}
		p.Lint()
		if _, err := json.Marshal(p.Schema()); err != nil {
			t.Error(err)
		}
		a, err := p.Eval(nil, policy.Options{At: policy.Day(2025, 1, 1)})
		if err != nil {
			return // two rows of a unique table hold
		}
		if _, err := json.Marshal(a); err != nil {
			t.Error(err)
		}
	})
}

// FuzzInput: no input makes an evaluation panic, and one that is taken gives
// the same answer twice.
func FuzzInput(f *testing.F) {
	p, err := policy.Parse(policy.File{Name: "p.yaml", Text: []byte(head + term)})
	if err != nil {
		f.Fatal(err)
	}
	things, err := policy.Parse(policy.File{Name: "p.yaml", Text: []byte(head + "result: {is: '=things.filter(x, x.count > n).sum(x, x.count) >= 3 && months(on, n) < date(at)', name: '=name'}\n")})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"a":true,"n":4,"on":"2026-01-31","who":{"kind":"unit"}}`))
	f.Add([]byte(`{"things":[{"kind":"card","count":2},{}],"n":-1,"at":"2026-02-27T16:30:00Z","name":"公司"}`))
	f.Add([]byte(`{"n":1e3,"on":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		in, err := policy.DecodeInput(text)
		if err != nil {
			return
		}
		for _, p := range []*policy.Pack{p, things} {
			a, err := p.Eval(in, policy.Options{At: policy.Day(2025, 1, 1)})
			b, again := p.Eval(in, policy.Options{At: policy.Day(2025, 1, 1)})
			if (err == nil) != (again == nil) {
				t.Fatalf("%v, then %v", err, again)
			}
			one, _ := json.Marshal(a)
			two, _ := json.Marshal(b)
			if string(one) != string(two) {
				t.Fatalf("%s\n%s", one, two)
			}
		}
	})
}
