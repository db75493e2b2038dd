package policy

import (
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// The logic of packs has three values: yes, no and unknown (Kleene's). What
// is known is known whatever the unknowns turn out to be. "No value", the
// outcome of a table in which no row holds, is no unknown: it is no as a
// condition, equals nothing, comes before and after nothing, and counts for
// nothing in arithmetic.

func and(a, b expr) expr {
	return func(f *frame) value {
		before := f.acc
		x := a(f)
		if x.kind != unknown {
			if !x.isTrue() {
				return no
			}
			return condition(b(f))
		}
		if y := b(f); y.isFalse() {
			f.acc = before
			return no
		}
		return missing
	}
}

func or(a, b expr) expr {
	return func(f *frame) value {
		before := f.acc
		x := a(f)
		if x.kind != unknown {
			if x.isTrue() {
				return yes
			}
			return condition(b(f))
		}
		if y := b(f); y.isTrue() {
			f.acc = before
			return yes
		}
		return missing
	}
}

func not(a expr) expr {
	return func(f *frame) value {
		x := a(f)
		if x.kind == unknown {
			return missing
		}
		return boolOf(!x.isTrue())
	}
}

// condition is v as a condition: no value is no.
func condition(v value) value {
	if v.kind == null {
		return no
	}
	return v
}

// choose is a ? b : c. It is known when both ways lead to the same.
func choose(a, b, c expr) expr {
	return func(f *frame) value {
		before := f.acc
		x := a(f)
		if x.kind != unknown {
			if x.isTrue() {
				return b(f)
			}
			return c(f)
		}
		y, z := b(f), c(f)
		if y.same(z) {
			f.acc = before
			return y
		}
		return missing
	}
}

// comparison compiles == != < <= > >=.
func (c *compiler) comparison(op string, args []ast.Expr, x []expr) (expr, error) {
	for _, side := range [2][2]int{{0, 1}, {1, 0}} {
		if err := c.options(args[side[0]], args[side[1]]); err != nil {
			return nil, err
		}
	}
	a, b := x[0], x[1]
	left, right := c.kind(args[0]), c.kind(args[1])
	if left != right { // a date and an instant
		if left == instant {
			a = func(f *frame) value { return f.civil(x[0](f)) }
		} else {
			b = func(f *frame) value { return f.civil(x[1](f)) }
		}
	}
	if v, ok := c.constant(args[1]); ok && left == right {
		return compareTo(op, a, v), nil
	}
	texts := left == text
	return func(f *frame) value {
		v, w := a(f), b(f)
		if v.kind <= null || w.kind <= null {
			if v.kind == unknown || w.kind == unknown {
				return missing
			}
			return boolOf(op == operators.NotEquals && v.kind != w.kind)
		}
		if texts {
			return boolOf((v.s == w.s) == (op == operators.Equals))
		}
		return boolOf(holds(op, v.n, w.n))
	}, nil
}

// compareTo compares with a constant, which most conditions do.
func compareTo(op string, a expr, with value) expr {
	absent := boolOf(op == operators.NotEquals) // what no value gives
	if with.kind == text {
		equal := op == operators.Equals
		return func(f *frame) value {
			v := a(f)
			switch v.kind {
			case unknown:
				return missing
			case null:
				return absent
			}
			return boolOf((v.s == with.s) == equal)
		}
	}
	return func(f *frame) value {
		v := a(f)
		switch v.kind {
		case unknown:
			return missing
		case null:
			return absent
		}
		return boolOf(holds(op, v.n, with.n))
	}
}

func holds(op string, a, b int64) bool {
	switch op {
	case operators.Equals:
		return a == b
	case operators.NotEquals:
		return a != b
	case operators.Less:
		return a < b
	case operators.LessEquals:
		return a <= b
	case operators.Greater:
		return a > b
	}
	return a >= b
}

// in compiles x in list.
func (c *compiler) in(args []ast.Expr, x []expr) expr {
	if args[1].Kind() == ast.ListKind {
		if fixed, ok := c.constants(args[1]); ok && c.kind(args[0]) == text {
			return func(f *frame) value {
				v := x[0](f)
				switch v.kind {
				case unknown:
					return missing
				case null:
					return no
				}
				for i := range fixed {
					if fixed[i].s == v.s {
						return yes
					}
				}
				return no
			}
		}
	}
	return func(f *frame) value {
		v, l := x[0](f), x[1](f)
		switch {
		case v.kind == null || l.kind == null:
			return no
		case l.kind == unknown:
			return missing
		}
		found := no
		for _, e := range *l.l {
			switch {
			case v.kind == unknown || e.kind == unknown:
				found = missing
			case v.same(e) && !e.doubt:
				return yes
			case v.same(e):
				found = missing
			}
		}
		return found
	}
}

// operation is a function of definite values: unknown in, unknown out; no
// value in, no value out.
type operation struct {
	one func(f *frame, a value) value
	two func(f *frame, a, b value) value
}

func (o operation) apply(x []expr) expr {
	if o.one != nil {
		a := x[0]
		return func(f *frame) value {
			v := a(f)
			if v.kind <= null {
				return v
			}
			return o.one(f, v)
		}
	}
	a, b := x[0], x[1]
	return func(f *frame) value {
		v, w := a(f), b(f)
		switch {
		case v.kind == unknown || w.kind == unknown:
			return missing
		case v.kind == null || w.kind == null:
			return none
		}
		return o.two(f, v, w)
	}
}

func arithmetic(do func(a, b int64) (int64, bool)) operation {
	return operation{two: func(_ *frame, a, b value) value {
		if n, ok := do(a.n, b.n); ok {
			return intOf(n)
		}
		return none
	}}
}

// moved shifts a date; an instant counts from its civil date.
func moved(shift func(f *frame, day, n int64) value) operation {
	return operation{two: func(f *frame, at, n value) value {
		if n.n > maxShift || n.n < -maxShift {
			return none
		}
		v := shift(f, f.civil(at).n, n.n)
		if v.kind == date && (v.n < firstDay || v.n > lastDay) {
			return none
		}
		return v
	}}
}

func later(micros int64) operation {
	return operation{two: func(_ *frame, at, n value) value {
		if n.n > maxShift*24*60 || n.n < -maxShift*24*60 {
			return none
		}
		return instantOf(at.n + n.n*micros)
	}}
}

func ofText(is func(s, part string) bool) operation {
	return operation{two: func(_ *frame, a, b value) value { return boolOf(is(a.s, b.s)) }}
}

var strict = map[string]operation{
	operators.Add: arithmetic(add), operators.Subtract: arithmetic(sub), operators.Multiply: arithmetic(mul),
	operators.Divide: arithmetic(div), operators.Modulo: arithmetic(mod),
	operators.Negate: {one: func(_ *frame, a value) value {
		if n, ok := sub(0, a.n); ok {
			return intOf(n)
		}
		return none
	}},
	"days":   moved(func(_ *frame, day, n int64) value { return dateOf(day + n) }),
	"months": moved(func(_ *frame, day, n int64) value { return dateOf(addMonths(day, n)) }),
	"years":  moved(func(_ *frame, day, n int64) value { return dateOf(addMonths(day, 12*n)) }),
	"workdays": moved(func(f *frame, day, n int64) value {
		d, year := f.program.holidays.add(day, n)
		if year != 0 {
			return f.met(value{n: int64(f.program.holidayName) + 1})
		}
		return dateOf(d)
	}),
	"hours": later(hourMicros), "minutes": later(minuteMicros),
	"earlier": {two: func(_ *frame, a, b value) value {
		if b.n < a.n {
			return b
		}
		return a
	}},
	"later": {two: func(_ *frame, a, b value) value {
		if b.n > a.n {
			return b
		}
		return a
	}},
	"startsWith": ofText(strings.HasPrefix), "endsWith": ofText(strings.HasSuffix), "contains": ofText(strings.Contains),
	"size": {one: func(_ *frame, a value) value {
		if a.kind == text {
			return intOf(int64(len([]rune(a.s))))
		}
		for _, e := range *a.l {
			if e.doubt {
				return missing
			}
		}
		return intOf(int64(len(*a.l)))
	}},
	"sum": {one: func(_ *frame, a value) value {
		total := intOf(0)
		for _, e := range *a.l {
			if total = plus(total, e); total.kind <= null {
				return total
			}
		}
		return total
	}},
}

// plus adds an element of a list to a total.
func plus(total, e value) value {
	switch {
	case e.kind == unknown || e.doubt && e.n != 0:
		return missing
	case e.kind == null:
		return total // a row without a figure adds nothing
	}
	if n, ok := add(total.n, e.n); ok {
		return intOf(n)
	}
	return none
}

// A loop reads a list element by element. An element in doubt may not be there.
type loopOf func(over, body expr, at int) expr

var loops = map[string]loopOf{
	loopExists: func(over, body expr, at int) expr { return quantifier(over, body, at, true) },
	loopAll:    func(over, body expr, at int) expr { return quantifier(over, body, at, false) },
	loopFilter: func(over, body expr, at int) expr {
		return eachOf(over, body, at, func(f *frame, e value, out *[]value) {
			switch keep := body(f); {
			case keep.kind == unknown:
				e.doubt = true
				*out = append(*out, e)
			case keep.isTrue():
				*out = append(*out, e)
			}
		})
	},
	loopMap: func(over, body expr, at int) expr {
		return eachOf(over, body, at, func(f *frame, e value, out *[]value) {
			v := body(f)
			v.doubt = v.doubt || e.doubt
			*out = append(*out, v)
		})
	},
	loopSum: func(over, body expr, at int) expr {
		return func(f *frame) value {
			l := over(f)
			if l.kind != list {
				return f.dry(l, body, at)
			}
			total := intOf(0)
			for _, e := range *l.l {
				f.locals[at] = e
				v := body(f)
				v.doubt = e.doubt
				if total = plus(total, v); total.kind <= null {
					return total
				}
			}
			return total
		}
	},
}

// quantifier is exists (until yes) or all (until no).
func quantifier(over, body expr, at int, until bool) expr {
	return func(f *frame) value {
		before := f.acc
		l := over(f)
		if l.kind != list {
			return condition(f.dry(l, body, at))
		}
		found := boolOf(!until)
		for _, e := range *l.l {
			f.locals[at] = e
			v := body(f)
			switch {
			case v.kind == unknown:
				found = missing
			case v.isTrue() == until && e.doubt:
				found = missing
			case v.isTrue() == until:
				f.acc = before
				return boolOf(until)
			}
		}
		if found.kind != unknown {
			f.acc = before
		}
		return found
	}
}

// dry runs the body of a loop whose list is unknown, for the names that it
// would read, and gives the unknown.
func (f *frame) dry(l value, body expr, at int) value {
	if l.kind == unknown {
		f.locals[at] = missing
		body(f)
	}
	return l
}

func eachOf(over, body expr, at int, do func(f *frame, e value, out *[]value)) expr {
	return func(f *frame) value {
		l := over(f)
		if l.kind != list {
			return f.dry(l, body, at)
		}
		out := make([]value, 0, len(*l.l))
		for _, e := range *l.l {
			f.locals[at] = e
			do(f, e, &out)
		}
		v := value{kind: list, l: &out}
		for _, e := range out {
			v.doubt = v.doubt || e.doubt || !e.known()
		}
		return v
	}
}
