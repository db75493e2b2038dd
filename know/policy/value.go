package policy

import "math"

// kind is what a value is. The zero kind is unknown: what nobody has said.
type kind uint8

const (
	unknown kind = iota
	null         // no value: the outcome of a table in which no row holds
	boolean
	integer // also money, in fen
	text    // also an enum
	date    // a civil date
	instant
	list
	object
)

var kindNames = [...]string{"unknown", "null", "bool", "int", "string", "date", "instant", "list", "object"}

func (k kind) String() string { return kindNames[k] }

// value is one value in the course of an evaluation. It is passed in
// registers and nothing is boxed.
type value struct {
	kind kind
	// doubt: of an element of a list, that it may not belong there; of a list,
	// that something in it is in doubt or unknown.
	doubt bool
	// assumed: nobody has said so; the search for what is missing tries it.
	assumed bool
	n       int64    // 0 or 1; the integer; days since 1970-01-01; microseconds since 1970 UTC; of unknown: its name's number plus 1, 0 is derived
	s       string   // text
	l       *[]value // of a list or an object
}

var (
	yes     = value{kind: boolean, n: 1}
	no      = value{kind: boolean}
	none    = value{kind: null}
	missing = value{}
)

func boolOf(b bool) value {
	if b {
		return yes
	}
	return no
}

func intOf(n int64) value     { return value{kind: integer, n: n} }
func textOf(s string) value   { return value{kind: text, s: s} }
func dateOf(n int64) value    { return value{kind: date, n: n} }
func instantOf(n int64) value { return value{kind: instant, n: n} }

// isTrue: a definite yes. No value is no.
func (v value) isTrue() bool { return v.kind == boolean && v.n != 0 }

// known reports whether v and all in it are determined.
func (v value) known() bool {
	switch v.kind {
	case unknown:
		return false
	case list, object:
		if v.doubt {
			return false
		}
		for _, e := range *v.l {
			if !e.known() || e.doubt {
				return false
			}
		}
	}
	return true
}

// same reports whether two determined values are one; an unknown equals
// nothing.
func (v value) same(w value) bool {
	if v.kind != w.kind || v.kind == unknown {
		return false
	}
	switch v.kind {
	case null:
		return true
	case text:
		return v.s == w.s
	case list, object:
		if len(*v.l) != len(*w.l) || v.doubt || w.doubt {
			return false
		}
		for i, e := range *v.l {
			if f := (*w.l)[i]; e.doubt || f.doubt || !e.same(f) {
				return false
			}
		}
		return true
	}
	return v.n == w.n
}

// The arithmetic of packs is total: what cannot be said in 64 bits, and what
// is divided by nothing, is no value.

func add(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

func sub(a, b int64) (int64, bool) {
	c := a - b
	return c, (c < a) == (b > 0)
}

func mul(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	c := a * b
	return c, c/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
}

func div(a, b int64) (int64, bool) {
	if b == 0 || a == math.MinInt64 && b == -1 {
		return 0, false
	}
	return a / b, true
}

func mod(a, b int64) (int64, bool) {
	if b == 0 || b == -1 {
		return 0, b == -1
	}
	return a % b, true
}
