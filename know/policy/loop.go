package policy

// A loop reads a list element by element. An element in doubt may not be there.
type loopOf func(over, body expr, at int) expr

var loops = map[string]loopOf{
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
func quantifier(over expr, body cond, at int, until truth) cond {
	return func(f *frame) truth {
		before := f.acc
		l := over(f)
		if l.kind != list {
			if l.kind == unknown { // for the names that the body would read
				f.locals[at] = missing
				body(f)
			}
			return truthOf(l)
		}
		found := until.not()
		for _, e := range *l.l {
			f.locals[at] = e
			switch v := body(f); {
			case v == unclear, v == until && e.doubt:
				found = unclear
			case v == until:
				f.acc = before
				return until
			}
		}
		if found != unclear {
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
