package feature

import (
	"math"
	"math/bits"
	"strconv"
)

// fives are the powers of 5 that fit into 63 bits.
var fives = func() (f [28]uint64) {
	f[0] = 1
	for i := 1; i < len(f); i++ {
		f[i] = 5 * f[i-1]
	}
	return f
}()

// appendFloat appends the shortest decimal that reads back as x, 0 or more,
// without an exponent. Means and shares are most of what an export writes, so
// it is done here for numbers such as they are, from 1e-9 to 1e14, and left to
// strconv for others.
//
// x is m * 2^e, m of 53 bits. In units of its 17th digit it is m * 10^k * 2^e =
// m * 5^k / 2^s. The product has less than 128 bits, so all is exact. A decimal
// c of these units reads back as x when it is nearer than half the distance to
// the next number: 2 * |c * 2^s - m * 5^k| < 5^k. With 17 digits one always is;
// 15 and 16 are tried before, and a shorter one then ends in zeros.
func appendFloat(dst []byte, x float64) []byte {
	whole := int64(x)
	if float64(whole) == x && x < 1e14 {
		return strconv.AppendInt(dst, whole, 10)
	}
	b := math.Float64bits(x)
	m, e := b&(1<<52-1)|1<<52, int(b>>52)-1075
	if x < 1e-9 || x >= 1e14 || m == 1<<52 { // below a power of 2 the next number is nearer
		return strconv.AppendFloat(dst, x, 'f', -1, 64)
	}
	k := 16 - (e+52)*78913>>18 // 78913 / 2^18 is log10(2); at most one too many
	high, low := bits.Mul64(m, fives[k])
	s := uint(-e - k)
	if high<<(64-s)|low>>s >= 1e17 {
		k--
		s++
		high, low = bits.Mul64(m, fives[k])
	}
	digits := nearest(high, low, s, 100)
	if !readsBack(digits, high, low, s, fives[k]) {
		if digits = nearest(high, low, s, 10); !readsBack(digits, high, low, s, fives[k]) {
			digits = nearest(high, low, s, 1)
		}
	}
	return appendDigits(dst, digits, k)
}

// nearest is the multiple of a unit that is nearest to a number of 128 bits
// divided by 2^s; of two the even one.
func nearest(high, low uint64, s uint, unit uint64) uint64 {
	whole := high<<(64-s) | low>>s
	n := whole
	switch unit { // a division by a constant is a multiplication
	case 100:
		n = whole / 100
	case 10:
		n = whole / 10
	}
	// Twice what is left, in units: beyond 1 it is nearer to the next.
	left, more := 2*(whole-n*unit), low<<(64-s)
	if unit == 1 {
		left, more = more>>63, more<<1
	}
	if left > unit || left == unit && (more != 0 || n&1 == 1) {
		n++
	}
	return n * unit
}

// readsBack reports whether c * 2^s is nearer to a number than half of five.
func readsBack(c, high, low uint64, s uint, five uint64) bool {
	h, l := c>>(64-s), c<<s
	if h < high || h == high && l < low {
		h, l, high, low = high, low, h, l
	}
	l, borrow := bits.Sub64(l, low, 0)
	h, _ = bits.Sub64(h, high, borrow)
	return h == 0 && l < 1<<62 && 2*l < five
}

// appendDigits appends digits, of which the last k stand behind the point,
// without zeros at the end there.
func appendDigits(dst []byte, digits uint64, k int) []byte {
	var buffer [20]byte
	text := strconv.AppendUint(buffer[:0], digits, 10)
	point := len(text) - k
	end := len(text)
	for end > max(point, 0) && text[end-1] == '0' {
		end--
	}
	if point > 0 {
		dst = append(dst, text[:point]...)
		if end > point {
			dst = append(append(dst, '.'), text[point:end]...)
		}
		return dst
	}
	dst = append(dst, "0."...)
	for range -point {
		dst = append(dst, '0')
	}
	return append(dst, text[:end]...)
}
