package policy

import (
	"strings"

	"cel.dev/cel-go/common/operators"
)

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
