package lanzha_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/oklog/ulid/v2"

	"lanzha"
)

func TestNewIDAgreesWithULIDLibrary(t *testing.T) {
	at := time.UnixMilli(1700000000123)
	random := [10]byte{1, 2, 3, 4, 5, 250, 251, 252, 253, 254}
	want := ulid.MustNew(ulid.Timestamp(at), bytes.NewReader(random[:])).String()
	if got := string(lanzha.NewID(at, random)); got != want {
		t.Fatalf("NewID = %s, want %s", got, want)
	}
	if _, err := lanzha.ParseID(want); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "x", want + "0", "8" + want[1:], "I" + want[1:]} {
		if _, err := lanzha.ParseID(bad); lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("ParseID(%q) = %v, want invalid", bad, err)
		}
	}
}

func TestIDsAscendWithinAMillisecond(t *testing.T) {
	at := time.UnixMilli(1700000000123)
	ids := lanzha.NewIDs(func() time.Time { return at }, nil)
	last := ids.Next()
	for range 10_000 {
		next := ids.Next()
		if next <= last {
			t.Fatalf("%s does not follow %s", next, last)
		}
		last = next
	}
}

func TestRegion(t *testing.T) {
	if diff := cmp.Diff([]lanzha.Region{"530000", "530100", "530114"}, lanzha.Region("530114").Levels()); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		outer, inner lanzha.Region
		want         bool
	}{
		{"", "530114", true}, {"", "", true}, {"530000", "530114", true}, {"530100", "530114", true},
		{"530114", "530114", true}, {"530114", "530100", false}, {"530100", "530302", false},
		{"530000", "520000", false}, {"530000", "", false}, {"53", "530114", false}, {"530100", "530000", false},
		{"810001", "810002", false}, {"810000", "810001", true}, {"429000", "429004", true}, // districts right below a province
	} {
		if got := c.outer.Contains(c.inner); got != c.want {
			t.Errorf("Region(%q).Contains(%q) = %v", c.outer, c.inner, got)
		}
	}
}

func TestRegionPrefixKeepsItsZeros(t *testing.T) {
	for region, want := range map[lanzha.Region]string{
		"500000": "50", "421000": "4210", "530114": "530114", "530110": "530110", "810001": "810001", "": "",
	} {
		if got := region.Prefix(); got != want {
			t.Errorf("Region(%q).Prefix() = %q, want %q", region, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	err := fmt.Errorf("while saving: %w", lanzha.Invalid("text", "too long"))
	if lanzha.CodeOf(err) != lanzha.CodeInvalid {
		t.Errorf("CodeOf = %q", lanzha.CodeOf(err))
	}
	if lanzha.CodeOf(errors.New("x")) != lanzha.CodeInternal || lanzha.CodeOf(nil) != "" {
		t.Error("an unclassed error is internal, nil has no code")
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "张三丰": "张**", "13888128000": "138****8000", "530102199001011234": "5301**********1234",
	} {
		if got := lanzha.Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
}
