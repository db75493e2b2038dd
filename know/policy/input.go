package policy

import "strings"

type inputSlot struct {
	path     string
	spec     input
	typ      typ
	min, max int64
	of       []bounds // of a list: of each field
}

type bounds struct{ min, max int64 }

// branch is a JSON object of the input: names to slots or to further objects.
type branch struct {
	slot  int // -1 is an object
	below map[string]*branch
}

// maxInt bounds an input that names no bound: a thousand million yuan in fen
// has twelve digits, and products of two such stay in 64 bits or are refused.
const maxInt = 1_000_000_000_000_000

func limits(lo, hi *int64) bounds {
	l := bounds{-maxInt, maxInt}
	if lo != nil {
		l.min = *lo
	}
	if hi != nil {
		l.max = *hi
	}
	return l
}

func (b *builder) declareInputs() error {
	b.root = &branch{slot: -1, below: map[string]*branch{}}
	for _, e := range b.doc.Inputs {
		in := e.Value
		k, ok := typeKinds[in.Type]
		if !ok {
			return b.wrong(e.Line, "input %s: the type is bool, int, enum, string, date, instant or list", e.Name)
		}
		l := limits(in.Min, in.Max)
		s := inputSlot{path: e.Name, spec: in, typ: typ{kind: k}, min: l.min, max: l.max}
		switch {
		case in.Type == "enum" || in.Type == "list":
			if len(in.Of) == 0 {
				return b.wrong(e.Line, "input %s: `of` says what values or fields it has", e.Name)
			}
		case len(in.Of) > 0:
			return b.wrong(e.Line, "input %s: `of` belongs to an enum or a list", e.Name)
		}
		if in.Type == "enum" {
			for _, o := range in.Of {
				s.typ.options = append(s.typ.options, o.Name)
			}
		}
		if k == list {
			b.lists = append(b.lists, b.slots)
			s.typ.object = "input." + e.Name
			for _, o := range in.Of {
				fk, ok := typeKinds[o.Value.Type]
				if !ok || fk == list {
					return b.wrong(o.Line, "input %s: field %s: the type is bool, int, enum, string, date or instant", e.Name, o.Name)
				}
				ft := typ{kind: fk}
				if o.Value.Type == "enum" {
					for _, v := range o.Value.Of {
						ft.options = append(ft.options, v.Name)
					}
					if len(ft.options) == 0 {
						return b.wrong(o.Line, "input %s: field %s: `of` says what values it has", e.Name, o.Name)
					}
				}
				s.typ.fields = append(s.typ.fields, field{o.Name, ft})
				s.of = append(s.of, limits(o.Value.Min, o.Value.Max))
			}
		}
		slot, err := b.declare(e.Name, e.Line, s.typ)
		if err != nil {
			return err
		}
		if e.Name == b.doc.Date {
			if k != date && k != instant {
				return b.wrong(e.Line, "input %s carries the relevant date and is no date", e.Name)
			}
			b.dateSlot = slot
		}
		at := b.root
		parts := strings.Split(e.Name, ".")
		for i, p := range parts {
			next, ok := at.below[p]
			if !ok {
				next = &branch{slot: -1, below: map[string]*branch{}}
				at.below[p] = next
			}
			if next.slot >= 0 || i == len(parts)-1 && len(next.below) > 0 {
				return b.wrong(e.Line, "input %s: a place in the JSON is a value or an object, not both", e.Name)
			}
			at = next
		}
		at.slot = slot
		b.inputs = append(b.inputs, s)
		b.names = append(b.names, unknownName{name: e.Name, kind: needInput, why: Words{in.ZH, in.EN}, slot: slot})
	}
	if b.doc.Date != "" && b.dateSlot < 0 {
		return b.wrong(1, "date: there is no input %q", b.doc.Date)
	}
	return nil
}
