package policy_test

import (
	"strings"
	"testing"

	"lanzha/know/policy"
)

// TestShippedPacks: every shipped pack is clean, and its own cases hold.
func TestShippedPacks(t *testing.T) {
	for _, files := range policy.ShippedFiles() {
		t.Run(strings.TrimSuffix(files[0].Name, ".yaml"), func(t *testing.T) {
			p, err := policy.Parse(files...)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range p.Lint() { // a row without a citation is one of them
				t.Errorf("%s: %s: %s: %s", f.At, f.Rule, f.Name, f.Message.EN)
			}
			cases, ok := policy.ShippedCases(p.Name())
			if !ok {
				t.Fatal("the pack has no cases")
			}
			run, failures, err := p.Test(cases)
			if err != nil {
				t.Fatal(err)
			}
			if run == 0 {
				t.Error("the file has no cases")
			}
			for _, f := range failures {
				t.Errorf("%s: %s\n%s", f.At, f.Case, strings.Join(f.Diff, "\n"))
			}
		})
	}
}
