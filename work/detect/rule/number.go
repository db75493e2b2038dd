package rule

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// state is whether there is a number.
type state uint8

const (
	present state = iota
	absent        // no comparison with it holds
	failed        // a division by zero
)

// number computes a number: yuan of an amount, seconds of a time.
type number func(x *moment) (float64, state)

// worst is the state of what is computed of two: what is absent is absent
// whatever the other is.
func worst(a, b state) state {
	if a == absent || b == absent {
		return absent
	}
	return max(a, b)
}

var turned = map[string]string{
	operators.Less: operators.Greater, operators.LessEquals: operators.GreaterEquals,
	operators.Greater: operators.Less, operators.GreaterEquals: operators.LessEquals,
	operators.Equals: operators.Equals,
}

// interval compiles a comparison of a feature with a literal to an interval of
// the integers that keep the feature; ok is false when e is none.
func (c *compiler) interval(e ast.Expr) (i interval, ok bool) {
	x, name, literal, ok := c.withLiteral(e)
	if !ok || x.Kind() != ast.IdentKind {
		return i, false
	}
	at, ok := c.features[strings.TrimPrefix(x.AsIdent(), ".")]
	if !ok {
		return i, false
	}
	low, high, ok := between(name, literal, c.pack.Features.Features[at].Scale())
	if !ok || low > high {
		return i, false
	}
	c.feature(x)
	return interval{at: c.places[at], low: low, width: uint64(high) - uint64(low)}, true
}

// withLiteral takes a comparison of something with a literal apart, the literal
// on its right.
func (c *compiler) withLiteral(e ast.Expr) (x ast.Expr, name string, literal float64, ok bool) {
	if e.Kind() != ast.CallKind || turned[e.AsCall().FunctionName()] == "" {
		return nil, "", 0, false
	}
	name = e.AsCall().FunctionName()
	args := e.AsCall().Args()
	if literal, ok = c.constant(args[1]); ok {
		return args[0], name, literal, true
	}
	literal, ok = c.constant(args[0])
	return args[1], turned[name], literal, ok
}

// constant is the value of a literal number.
func (c *compiler) constant(e ast.Expr) (float64, bool) {
	if e.Kind() != ast.LiteralKind {
		return 0, false
	}
	switch v := e.AsLiteral().(type) {
	case types.Int:
		return float64(v), true
	case types.Double:
		return float64(v), true
	}
	return 0, false
}

const (
	least    = math.MinInt64 + 1 // feature.Absent is less
	greatest = math.MaxInt64
	widest   = 1 << 62 // a bound beyond it is left to the closures
)

// between is the interval of the integers v that keep a feature of a scale for
// which v / scale stands so to the literal; ok is false when that is no interval.
func between(name string, literal float64, scale int64) (low, high int64, ok bool) {
	if scale == 0 {
		return betweenFloats(name, literal)
	}
	x := literal * float64(scale)
	if near := math.Round(x); math.Abs(x-near) <= 1e-9*math.Abs(x) { // 0.07 yuan times 100 is 7 fen
		x = near
	}
	if math.IsNaN(x) || math.Abs(x) > widest {
		return 0, 0, false
	}
	low, high = least, greatest
	switch name {
	case operators.GreaterEquals:
		low = int64(math.Ceil(x))
	case operators.Greater:
		low = int64(math.Floor(x)) + 1
	case operators.LessEquals:
		high = int64(math.Floor(x))
	case operators.Less:
		high = int64(math.Ceil(x)) - 1
	case operators.Equals:
		low, high = int64(x), int64(x)
		return low, high, x == math.Trunc(x)
	}
	return low, high, true
}

// betweenFloats is the same for bits of floats. Those of numbers from 0 on are
// in the order of the numbers; those of negative numbers are negative as
// integers, in the opposite order among themselves.
func betweenFloats(name string, literal float64) (low, high int64, ok bool) {
	if math.IsNaN(literal) || literal < 0 {
		return 0, 0, false
	}
	bits := int64(math.Float64bits(literal)) // of +0 for -0, which is not less than 0
	if literal == 0 {
		bits = 0
	}
	switch name {
	case operators.GreaterEquals:
		return bits, greatest, true
	case operators.Greater:
		return bits + 1, greatest, true
	case operators.LessEquals:
		return least, bits, true
	case operators.Less:
		return least, bits - 1, true
	}
	return bits, bits, true
}

// numbers compiles a comparison of numbers.
func (c *compiler) numbers(name string, e ast.Expr, args []ast.Expr) (part, error) {
	if i, ok := c.fieldInterval(e); ok {
		return sure(func(x *moment) bool { return i.holds(x.event) }), nil
	}
	x, xFails, err := c.number(args[0])
	if err != nil {
		return part{}, err
	}
	y, yFails, err := c.number(args[1])
	if err != nil {
		return part{}, err
	}
	var is func(a, b float64) bool
	switch name {
	case operators.Equals:
		is = func(a, b float64) bool { return a == b }
	case operators.NotEquals:
		is = func(a, b float64) bool { return a != b }
	case operators.Less:
		is = func(a, b float64) bool { return a < b }
	case operators.LessEquals:
		is = func(a, b float64) bool { return a <= b }
	case operators.Greater:
		is = func(a, b float64) bool { return a > b }
	case operators.GreaterEquals:
		is = func(a, b float64) bool { return a >= b }
	default:
		return part{}, c.wrong(args[0], "a condition does not use this part of CEL")
	}
	if !xFails && !yFails {
		return sure(func(m *moment) bool {
			p, s := x(m)
			if s != present {
				return false
			}
			q, s := y(m)
			return s == present && is(p, q)
		}), nil
	}
	return part{shaky: func(m *moment) answer {
		p, s := x(m)
		q, t := y(m)
		switch {
		case worst(s, t) == absent:
			return no
		case worst(s, t) == failed:
			return nothing
		case is(p, q):
			return yes
		}
		return no
	}}, nil
}

// number compiles a number. fails reports whether it divides.
func (c *compiler) number(e ast.Expr) (n number, fails bool, err error) {
	if v, ok := c.constant(e); ok {
		return func(*moment) (float64, state) { return v, present }, false, nil
	}
	if i, ok := c.feature(e); ok {
		return readFeature(c.places[i], c.pack.Features.Features[i]), false, nil
	}
	if f, ok := c.field(e); ok && (f.Type == feed.Integer || f.Type == feed.Amount) {
		c.read(operand{-1, f.Name})
		return readField(f), false, nil
	}
	if e.Kind() != ast.CallKind {
		return nil, false, c.wrong(e, "a number is wanted: a feature, a field of the event, or a literal")
	}
	args := e.AsCall().Args()
	switch name := e.AsCall().FunctionName(); name {
	case "size":
		x, err := c.text(args[0])
		return func(m *moment) (float64, state) { return float64(utf8.RuneCount(x(m))), present }, false, err
	case "hour", "weekday":
		f, ok := c.field(args[0])
		if !ok {
			return nil, false, c.wrong(args[0], "the time of the event is wanted")
		}
		return c.clock(name, f), false, nil
	case operators.Negate:
		x, fails, err := c.number(args[0])
		return func(m *moment) (float64, state) {
			v, s := x(m)
			return -v, s
		}, fails, err
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide:
		return c.arithmetic(name, args)
	}
	return nil, false, c.wrong(e, "a number is wanted: a feature, a field of the event, or a literal")
}

func (c *compiler) arithmetic(name string, args []ast.Expr) (n number, fails bool, err error) {
	x, xFails, err := c.number(args[0])
	if err != nil {
		return nil, false, err
	}
	y, yFails, err := c.number(args[1])
	if err != nil {
		return nil, false, err
	}
	if v, ok := c.constant(args[1]); ok && name == operators.Divide {
		if v == 0 {
			return nil, false, c.wrong(args[1], "nothing can be divided by zero")
		}
		return func(m *moment) (float64, state) {
			p, s := x(m)
			return p / v, s
		}, xFails, nil
	}
	var of func(a, b float64) float64
	switch name {
	case operators.Add:
		of = func(a, b float64) float64 { return a + b }
	case operators.Subtract:
		of = func(a, b float64) float64 { return a - b }
	case operators.Multiply:
		of = func(a, b float64) float64 { return a * b }
	default:
		return func(m *moment) (float64, state) {
			p, s := x(m)
			q, t := y(m)
			if s = worst(s, t); s == present && q == 0 {
				s = failed
			}
			return p / q, s
		}, true, nil
	}
	return func(m *moment) (float64, state) {
		p, s := x(m)
		q, t := y(m)
		return of(p, q), worst(s, t)
	}, xFails || yFails, nil
}

func readFeature(at int, f *feature.Feature) number {
	scale := float64(f.Scale())
	if scale == 0 {
		return func(x *moment) (float64, state) {
			v := x.values[at]
			if v == feature.Absent {
				return 0, absent
			}
			return math.Float64frombits(uint64(v)), present
		}
	}
	return func(x *moment) (float64, state) {
		v := x.values[at]
		if v == feature.Absent {
			return 0, absent
		}
		return float64(v) / scale, present
	}
}

// fieldInterval compiles a comparison of a field with a literal; ok is false
// when e is none.
func (c *compiler) fieldInterval(e ast.Expr) (i fieldInterval, ok bool) {
	x, name, literal, ok := c.withLiteral(e)
	if !ok {
		return i, false
	}
	f, ok := c.field(x)
	if !ok || f.Type != feed.Integer && f.Type != feed.Amount {
		return i, false
	}
	low, high, ok := between(name, literal, fieldScale(f))
	if !ok || low > high {
		return i, false
	}
	c.read(operand{-1, f.Name})
	return fieldInterval{f.Slot(), low, uint64(high) - uint64(low)}, true
}

// fieldScale is how many units of a field make one of what people read: fen in
// a yuan.
func fieldScale(f feed.Field) int64 {
	if f.Type == feed.Amount {
		return 100
	}
	return 1
}

func readField(f feed.Field) number {
	scale, slot := float64(fieldScale(f)), f.Slot()
	return func(x *moment) (float64, state) {
		if !x.event.Given(slot) {
			return 0, absent
		}
		return float64(x.event.NumAt(slot)) / scale, present
	}
}

// clock reads the hour or the weekday of an instant of the event.
func (c *compiler) clock(name string, f feed.Field) number {
	zone, slot := c.pack.zone, f.Slot()
	return func(x *moment) (float64, state) {
		at := time.UnixMicro(x.event.NumAt(slot)).In(zone)
		if name == "hour" {
			return float64(at.Hour()), present
		}
		return float64((at.Weekday()+6)%7 + 1), present // Monday is 1
	}
}
