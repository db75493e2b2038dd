package city

import "math"

// dice are the randomness of one actor in one hour. They follow from the seed
// and from what they are thrown for, so that no actor disturbs another.
type dice struct{ state uint64 }

// dice are thrown for the i-th of what label names, at n.
func (c *City) dice(label string, i, n int) *dice {
	h := c.seed ^ 0x9e3779b97f4a7c15
	for k := range len(label) {
		h = (h ^ uint64(label[k])) * 0x100000001b3
	}
	return &dice{mix(h ^ mix(uint64(i)+0x632be59bd9b4e019) ^ mix(uint64(n)*0xd1342543de82ef95+1))}
}

// mix is the finaliser of SplitMix64.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	return mix(d.state)
}

// n is below n, which is 1 or more.
func (d *dice) n(n int) int { return int(d.next() >> 11 % uint64(n)) }

// between is from low to high, both included.
func (d *dice) between(low, high int) int { return low + d.n(high-low+1) }

// f is from 0 to below 1.
func (d *dice) f() float64 { return float64(d.next()>>11) / (1 << 53) }

// chance is true with a probability.
func (d *dice) chance(p float64) bool { return d.f() < p }

// exp is exponential.
func (d *dice) exp(mean float64) float64 { return -mean * math.Log(1-d.f()) }

// about is log-normal: half of the values lie below the median, two thirds
// between median/e^spread and median*e^spread.
func (d *dice) about(median, spread float64) float64 {
	normal := math.Sqrt(-2*math.Log(1-d.f())) * math.Cos(2*math.Pi*d.f())
	return median * math.Exp(spread*normal)
}

// times is how often something happens that happens so often on average.
func (d *dice) times(mean float64) int {
	if mean > 30 { // in parts, so that the exponential stays far from 0
		return d.times(mean/2) + d.times(mean/2)
	}
	limit, p, n := math.Exp(-mean), d.f(), 0
	for p > limit {
		p *= d.f()
		n++
	}
	return n
}

// choose picks one of a list.
func choose[T any](d *dice, of []T) T { return of[d.n(len(of))] }
