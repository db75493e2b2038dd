package policy

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// The logic of packs has three values: yes, no and unknown (Kleene's). What
// is known is known whatever the unknowns turn out to be. "No value", the
// outcome of a table in which no row holds, is no unknown: it is no as a
// condition, equals nothing, comes before and after nothing, and counts for
// nothing in arithmetic.

// truth is the outcome of a condition. The zero truth is unknown.
type truth uint8

const (
	unclear truth = iota
	isNot
	is
)

func truthIf(b bool) truth {
	if b {
		return is
	}
	return isNot
}

// truthOf is v as a condition.
func truthOf(v value) truth {
	if v.kind == unknown {
		return unclear
	}
	return truthIf(v.isTrue())
}

func (t truth) value() value {
	if t == unclear {
		return missing
	}
	return boolOf(t == is)
}

func (t truth) not() truth {
	if t == unclear {
		return unclear
	}
	return is + isNot - t
}

// cond is a compiled condition: an expression that gives yes or no.
type cond func(f *frame) truth

func (c cond) expr() expr { return func(f *frame) value { return c(f).value() } }

// condition compiles what is used as a condition.
func (c *compiler) condition(e ast.Expr) (cond, error) {
	if slot, ok := c.inputSlot(e); ok {
		return func(f *frame) truth {
			if v := &f.vals[slot]; v.kind > null {
				return isNot + truth(v.n)
			}
			return truthOf(f.read(slot))
		}, nil
	}
	if cond, err := c.logic(e); cond != nil || err != nil {
		return cond, err
	}
	x, err := c.compile(e)
	return func(f *frame) truth { return truthOf(x(f)) }, err
}

// logic compiles the operators whose outcome is yes, no or unknown and never
// no value; of all else it gives nil.
func (c *compiler) logic(e ast.Expr) (cond, error) {
	if e.Kind() == ast.ComprehensionKind {
		switch loop := e.AsComprehension(); loop.AccuVar() {
		case loopExists, loopAll:
			return c.quantified(loop)
		}
	}
	if e.Kind() != ast.CallKind {
		return nil, nil
	}
	args := e.AsCall().Args()
	switch name := e.AsCall().FunctionName(); name {
	case operators.LogicalAnd, operators.LogicalOr:
		a, err := c.condition(args[0])
		if err != nil {
			return nil, err
		}
		b, err := c.condition(args[1])
		if name == operators.LogicalAnd {
			return both(a, b, isNot), err
		}
		return both(a, b, is), err
	case operators.LogicalNot:
		a, err := c.condition(args[0])
		return func(f *frame) truth { return a(f).not() }, err
	case callGiven:
		return c.given(args[0])
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return c.comparison(name, args)
	case operators.In:
		return c.in(args)
	}
	return nil, nil
}

// both is a && b, which no settles, or a || b, which yes does.
func both(a, b cond, settles truth) cond {
	return func(f *frame) truth {
		before := f.acc
		x := a(f)
		if x != unclear {
			if x == settles {
				return settles
			}
			return b(f)
		}
		if b(f) == settles {
			f.acc = before
			return settles
		}
		return unclear
	}
}

// choose is a ? b : c. It is known when both ways lead to the same.
func choose(a cond, b, c expr) expr {
	return func(f *frame) value {
		before := f.acc
		switch a(f) {
		case is:
			return b(f)
		case isNot:
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
func (c *compiler) comparison(op string, args []ast.Expr) (cond, error) {
	for _, side := range [2][2]int{{0, 1}, {1, 0}} {
		if err := c.options(args[side[0]], args[side[1]]); err != nil {
			return nil, err
		}
	}
	x, err := c.all(args)
	if err != nil {
		return nil, err
	}
	left, right := c.kind(args[0]), c.kind(args[1])
	if with, ok := c.constant(args[1]); ok && left == right {
		to := comparer(op, with)
		if slot, ok := c.inputSlot(args[0]); ok { // what most conditions are
			return func(f *frame) truth {
				if v := &f.vals[slot]; v.kind > null {
					return to(v.kind, v.n, v.s)
				}
				return to(f.read(slot).kind, 0, "")
			}, nil
		}
		return func(f *frame) truth {
			v := x[0](f)
			return to(v.kind, v.n, v.s)
		}, nil
	}
	return func(f *frame) truth {
		v, w := x[0](f), x[1](f)
		if left != right { // a date and an instant
			v, w = f.civil(v), f.civil(w)
		}
		if v.kind <= null || w.kind <= null {
			if v.kind == unknown || w.kind == unknown {
				return unclear
			}
			return truthIf(op == operators.NotEquals && v.kind != w.kind)
		}
		if left == text {
			return truthIf((v.s == w.s) == (op == operators.Equals))
		}
		return truthIf(holds(op, v.n, w.n))
	}, nil
}

// comparer compares with a constant.
func comparer(op string, with value) func(k kind, n int64, s string) truth {
	absent := [2]truth{unclear, truthIf(op == operators.NotEquals)} // by kind: unknown, no value
	m, t := with.n, with.s
	if with.kind == text {
		equal := op == operators.Equals
		return func(k kind, n int64, s string) truth {
			if k <= null {
				return absent[k]
			}
			return truthIf((s == t) == equal)
		}
	}
	switch op {
	case operators.Equals:
		return func(k kind, n int64, _ string) truth {
			if k <= null {
				return absent[k]
			}
			return truthIf(n == m)
		}
	case operators.NotEquals:
		return func(k kind, n int64, _ string) truth {
			if k <= null {
				return absent[k]
			}
			return truthIf(n != m)
		}
	case operators.Less:
		return func(k kind, n int64, _ string) truth {
			if k <= null {
				return absent[k]
			}
			return truthIf(n < m)
		}
	case operators.LessEquals:
		return func(k kind, n int64, _ string) truth {
			if k <= null {
				return absent[k]
			}
			return truthIf(n <= m)
		}
	case operators.Greater:
		return func(k kind, n int64, _ string) truth {
			if k <= null {
				return absent[k]
			}
			return truthIf(n > m)
		}
	}
	return func(k kind, n int64, _ string) truth {
		if k <= null {
			return absent[k]
		}
		return truthIf(n >= m)
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
func (c *compiler) in(args []ast.Expr) (cond, error) {
	if err := c.options(args[0], args[1]); err != nil {
		return nil, err
	}
	x, err := c.all(args)
	if err != nil {
		return nil, err
	}
	if args[1].Kind() == ast.ListKind {
		if fixed, ok := c.constants(args[1]); ok {
			return func(f *frame) truth {
				v := x[0](f)
				if v.kind == unknown {
					return unclear
				}
				for i := range fixed {
					if fixed[i].n == v.n && fixed[i].s == v.s && v.kind != null {
						return is
					}
				}
				return isNot
			}, nil
		}
	}
	return func(f *frame) truth {
		v, l := x[0](f), x[1](f)
		switch {
		case v.kind == null || l.kind == null:
			return isNot
		case l.kind == unknown:
			return unclear
		}
		found := isNot
		for _, e := range *l.l {
			switch {
			case v.kind == unknown || e.kind == unknown:
				found = unclear
			case v.same(e) && !e.doubt:
				return is
			case v.same(e):
				found = unclear
			}
		}
		return found
	}, nil
}
