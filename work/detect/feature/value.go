package feature

import (
	"math"
	"strconv"
	"time"
)

// Value is what a feature is at a moment: an integer, fen, microseconds, or the
// bits of a float64, as the feature's form says; Absent is none.
type Value int64

// Absent is the value of a mean without events, and of its like. No float of
// these has its bits: they are those of -0.
const Absent = Value(math.MinInt64)

type form uint8

const (
	integers form = iota
	amounts       // fen, shown in yuan
	seconds       // microseconds, shown in seconds
	instants      // microseconds since 1970 UTC
	floats
)

func float(x float64) Value {
	if x == 0 {
		return 0
	}
	return Value(math.Float64bits(x))
}

// Float is a value as a number: yuan, seconds, or seconds since 1970. ok is
// false for Absent.
func (f *Feature) Float(v Value) (x float64, ok bool) {
	if v == Absent {
		return 0, false
	}
	switch f.form {
	case floats:
		return math.Float64frombits(uint64(v)), true
	case amounts:
		return float64(v) / 100, true
	case seconds, instants:
		return float64(v) / 1e6, true
	}
	return float64(v), true
}

// Append appends a value as text: a decimal number, a time as RFC 3339 in UTC,
// nothing for Absent. A float has as many digits as tell it from its
// neighbours, and no exponent.
func (f *Feature) Append(dst []byte, v Value) []byte {
	if v == Absent {
		return dst
	}
	switch f.form {
	case floats:
		if v == 0 {
			return append(dst, '0')
		}
		return appendFloat(dst, math.Float64frombits(uint64(v)))
	case amounts:
		return appendDecimal(dst, int64(v), 2)
	case seconds:
		return appendDecimal(dst, int64(v), 6)
	case instants:
		return time.UnixMicro(int64(v)).UTC().AppendFormat(dst, "2006-01-02T15:04:05.999999Z07:00")
	}
	return strconv.AppendInt(dst, int64(v), 10)
}

// appendDecimal appends n with a point before its last places, and no zeros
// at the end behind the point.
func appendDecimal(dst []byte, n int64, places int) []byte {
	if n < 0 {
		dst, n = append(dst, '-'), -n
	}
	scale := int64(1)
	for range places {
		scale *= 10
	}
	dst = strconv.AppendInt(dst, n/scale, 10)
	if n%scale == 0 {
		return dst
	}
	dst = append(dst, '.')
	for rest := n % scale; rest > 0; rest %= scale {
		scale /= 10
		dst = append(dst, byte('0'+rest/scale))
	}
	return dst
}
