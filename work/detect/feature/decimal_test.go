package feature

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// TestDecimals: what is written is what the standard library finds shortest,
// for means, for shares and for any number.
func TestDecimals(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, x float64) {
		if got, want := string(appendFloat(nil, x)), strconv.FormatFloat(x, 'f', -1, 64); got != want {
			t.Fatalf("%b: %s, want %s", x, got, want)
		}
	}
	for _, x := range []float64{0, 1, 0.1, 0.3, 0.5, 2.0 / 3, 1e-9, math.Nextafter(1e-9, 0), 1e14, math.Nextafter(1e14, 0), 123456789.125, 9.999999999999999e15, 1e-8, 1e23, 0.1 + 0.2, 99999999999999.98, 5e-324} {
		check(t, x)
	}
	for exponent := -9; exponent < 15; exponent++ {
		x := math.Pow10(exponent)
		check(t, x)
		check(t, math.Nextafter(x, 0))
		check(t, math.Nextafter(x, math.Inf(1)))
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range 300_000 {
		n := 1 + random.Int64N(1<<random.IntN(30))
		check(t, float64(random.Int64N(1<<random.IntN(50)+1))/(100*float64(n)))
		check(t, float64(random.Int64N(n))/float64(n))
		check(t, math.Ldexp(random.Float64(), random.IntN(90)-45))
	}
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.Float64Range(0, 1e16).Draw(t, "x")) })
}
