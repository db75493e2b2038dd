package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"lanzha"
)

// DecodeInput reads the JSON of an input. Numbers keep all their digits; a name
// that stands twice is refused.
func DecodeInput(text []byte) (map[string]any, error) {
	wrong := func(err error) error {
		return &lanzha.Error{
			Code: lanzha.CodeInvalid, Field: "input", Message: "this is no JSON object", Err: err,
			Hint: "lanzha policy show PACK --inputs prints the JSON Schema of the input",
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	x, err := decodeValue(decoder, 0)
	if err != nil {
		return nil, wrong(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, wrong(errors.New("something follows it"))
	}
	o, ok := x.(map[string]any)
	if !ok {
		return nil, wrong(errors.New("it is another value"))
	}
	return o, nil
}

// decodeValue reads one value; the standard decoder would let the second of
// two equal names win.
func decodeValue(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	if depth > 16 {
		return nil, errors.New("it nests too deep")
	}
	if open == '[' {
		out := []any{}
		for d.More() {
			x, err := decodeValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
		_, err := d.Token()
		return out, err
	}
	out := map[string]any{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := key.(string) // the decoder allows nothing else here
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("%q stands there twice", name)
		}
		if out[name], err = decodeValue(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err = d.Token()
	return out, err
}

// take reads an object of the input. Its errors have no path yet, since most
// inputs have none.
func (f *frame) take(b *branch, in map[string]any) *inputError {
	for key, x := range in {
		if x == nil {
			continue // null is not given
		}
		next, ok := b.below[key]
		if !ok {
			return errUnknown
		}
		if next.slot < 0 {
			o, ok := x.(map[string]any)
			if !ok {
				return errObject
			}
			if err := f.take(next, o); err != nil {
				return err
			}
			continue
		}
		if err := f.give(next.slot, x); err != nil {
			return err
		}
	}
	return nil
}

// inputError is what is wrong with a place of the input.
type inputError struct{ message, hint string }

var (
	errUnknown = &inputError{"the pack has no such input", ""}
	errObject  = &inputError{"an object is wanted here", ""}
)

func (f *frame) give(slot int, x any) *inputError {
	in := &f.program.inputs[slot]
	if in.typ.kind == list {
		return f.giveList(slot, in, x)
	}
	v, err := read1(x, in.typ, in.min, in.max, in.spec.Min != nil || in.spec.Max != nil)
	if err != nil {
		return err
	}
	f.vals[slot] = v
	return nil
}

func (f *frame) giveList(slot int, in *inputSlot, x any) *inputError {
	items, ok := x.([]any)
	if !ok {
		return &inputError{"a list is wanted here", ""}
	}
	if len(items) > maxItems {
		return &inputError{fmt.Sprintf("a list has at most %d elements", maxItems), ""}
	}
	of := make([]value, len(items))
	out := value{kind: list, l: &of}
	f.deps[slot] = nameSet{}
	for i, item := range items {
		o, ok := item.(map[string]any)
		if !ok {
			return &inputError{"each element is an object", "its fields are " + fieldNames(in.typ.fields)}
		}
		fields := make([]value, len(in.typ.fields))
		seen := 0
		for k, fd := range in.typ.fields {
			x, ok := o[fd.name]
			if ok {
				seen++
			}
			if x == nil {
				if n := len(f.program.names) + len(f.extra); n < maxNames {
					f.extra = append(f.extra, extraName{fmt.Sprintf("%s[%d].%s", in.path, i, fd.name), slot, i, k})
					fields[k] = value{n: int64(n) + 1}
					f.deps[slot].add(n)
				}
				out.doubt = true
				continue
			}
			v, err := read1(x, fd.typ, in.of[k].min, in.of[k].max, in.spec.Of[k].Value.Min != nil || in.spec.Of[k].Value.Max != nil)
			if err != nil {
				return &inputError{fmt.Sprintf("element %d, %s: %s", i, fd.name, err.message), err.hint}
			}
			fields[k] = v
		}
		if seen != len(o) {
			return &inputError{fmt.Sprintf("element %d has a field that the pack does not know", i), "its fields are " + fieldNames(in.typ.fields)}
		}
		of[i] = value{kind: object, l: &fields}
	}
	f.vals[slot] = out
	return nil
}

// maxItems bounds a list of the input.
const maxItems = 1000

func fieldNames(of []field) string {
	names := make([]string, len(of))
	for i, f := range of {
		names[i] = f.name
	}
	return strings.Join(names, ", ")
}

// read1 reads one scalar of the input.
func read1(x any, t typ, lo, hi int64, bounded bool) (value, *inputError) {
	switch t.kind {
	case boolean:
		if b, ok := x.(bool); ok {
			return boolOf(b), nil
		}
		return missing, &inputError{"true or false is wanted here", "leave it out, or give null, when it is not known"}
	case integer:
		n, ok := wholeNumber(x)
		switch {
		case !ok:
			return missing, &inputError{"a whole number is wanted here", "money is in fen"}
		case n < lo || n > hi:
			if !bounded {
				return missing, &inputError{"the number is too large", ""}
			}
			return missing, &inputError{fmt.Sprintf("the number lies outside %s", printBounds(lo, hi)), ""}
		}
		return intOf(n), nil
	case text:
		s, ok := x.(string)
		if !ok {
			return missing, &inputError{"a string is wanted here", ""}
		}
		if t.options != nil && !slices.Contains(t.options, s) {
			return missing, &inputError{"this is none of the values", "the values are " + strings.Join(t.options, ", ")}
		}
		return textOf(s), nil
	case date:
		if at, ok := x.(time.Time); ok { // YAML knows dates
			return dateOf(dateOn(at.UnixMicro(), time.UTC)), nil
		}
		s, _ := x.(string)
		n, wrong := parseDate(s)
		if wrong != nil {
			return missing, &inputError{"a date is wanted here", `write it as "2024-12-01"`}
		}
		return dateOf(n), nil
	case instant:
		s, _ := x.(string)
		n, wrong := parseInstant(s)
		if wrong != nil {
			return missing, &inputError{"an instant is wanted here", `write it as "2024-12-01T10:00:00+08:00"`}
		}
		return instantOf(n), nil
	}
	return missing, errUnknown
}

func printBounds(lo, hi int64) string {
	switch {
	case hi == maxInt:
		return fmt.Sprintf("%d and more", lo)
	case lo == -maxInt:
		return fmt.Sprintf("%d and less", hi)
	}
	return fmt.Sprintf("%d to %d", lo, hi)
}

// wholeNumber reads a number as JSON and YAML decode it.
func wholeNumber(x any) (int64, bool) {
	switch n := x.(type) {
	case float64:
		return int64(n), n == math.Trunc(n) && math.Abs(n) < 1<<53
	case int:
		return int64(n), true
	case int64:
		return n, true
	case json.Number:
		i, err := n.Int64()
		return i, err == nil
	}
	return 0, false
}

// firstWrong says which place of the input is wrong: the first by name, so
// that the answer does not depend on the order of a map.
func (p *program) firstWrong(f *frame, input map[string]any, found *inputError) error {
	var walk func(b *branch, in map[string]any, path string) error
	walk = func(b *branch, in map[string]any, path string) error {
		keys := make([]string, 0, len(in))
		for k := range in {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			x, at := in[k], path+k
			if x == nil {
				continue
			}
			next, ok := b.below[k]
			if !ok {
				names := []string{}
				for n := range b.below {
					names = append(names, n)
				}
				slices.Sort(names)
				return wrongAt(at, &inputError{errUnknown.message, "here it has " + strings.Join(names, ", ")})
			}
			if next.slot >= 0 {
				if err := f.give(next.slot, x); err != nil {
					return wrongAt(at, err)
				}
				continue
			}
			o, ok := x.(map[string]any)
			if !ok {
				return wrongAt(at, errObject)
			}
			if err := walk(next, o, at+"."); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(p.root, input, ""); err != nil {
		return err
	}
	return wrongAt("input", found)
}

func wrongAt(path string, err *inputError) error {
	e := lanzha.Invalid(path, "%s", err.message)
	e.Hint = err.hint
	if e.Hint == "" {
		e.Hint = "lanzha policy show PACK --inputs prints what the pack takes"
	}
	return e
}
