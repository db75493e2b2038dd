package place

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"lanzha"
)

var hintIn = regexp.MustCompile(`hint (\d{6})`)

// Every line of the pair files holds the answer, two addresses and why.
func TestPairs(t *testing.T) {
	for _, file := range []string{"testdata/held.txt", "testdata/pairs.txt", "testdata/messy.txt", "testdata/later.txt"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			f := strings.SplitN(line, " | ", 4)
			if len(f) != 4 {
				t.Fatalf("%s: %q has %d fields", file, line, len(f))
			}
			var hint lanzha.Region
			if m := hintIn.FindStringSubmatch(f[3]); m != nil {
				hint = lanzha.Region(m[1])
			}
			a, b := Parse(f[1], hint), Parse(f[2], hint)
			match, reason := Same(a, b)
			got := match.String()
			if match.Same() {
				got = "same"
			}
			if got != f[0] {
				t.Errorf("%s: %s\n got %s (%s)\n%+v\n%+v", file, line, got, reason, a, b)
			}
			if got == "same" && !shareKey(a, b) {
				t.Errorf("%s: the same place shares no key: %s\n%v\n%v", file, line, Keys(a), Keys(b))
			}
		}
	}
}

func shareKey(a, b Address) bool {
	for _, k := range Keys(a) {
		for _, l := range Keys(b) {
			if k == l {
				return true
			}
		}
	}
	return false
}
