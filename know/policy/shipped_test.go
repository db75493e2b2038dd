package policy_test

import (
	"strings"
	"testing"

	"lanzha/know/policy"
)

// TestShippedCases runs every shipped pack's own cases.
func TestShippedCases(t *testing.T) {
	for _, files := range policy.ShippedFiles() {
		t.Run(strings.TrimSuffix(files[0].Name, ".yaml"), func(t *testing.T) {
			p, err := policy.Parse(files...)
			if err != nil {
				t.Fatal(err)
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
