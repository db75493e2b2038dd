package feed

import (
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"lanzha"
)

// columns of a Parquet file come out as lines of JSON, which the reader of
// NDJSON then reads: a record that is refused stands so among the dead letters.
// Only the columns that the mapping names are read, a page of each at a time.
type columns struct {
	file   *parquet.File
	leaves []leaf
	groups []parquet.RowGroup // that are still to come
	left   int64              // rows of the present group
	text   []byte             // of the last rows, from done on not yet handed out
	done   int
	err    error
}

// leaf is a column, in the order of the file.
type leaf struct {
	name  string // members of groups behind a dot
	index int
	form  func(dst []byte, v parquet.Value) []byte

	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	ahead  [64]parquet.Value // valid while the page is kept
	read   []parquet.Value
}

// sized is what a Parquet file must be: its index stands at its end.
type sized interface {
	io.ReaderAt
	Size() int64
}

// regular is a file of the system, whose size does not change.
type regular struct {
	*os.File
	size int64
}

func (r regular) Size() int64 { return r.size }

// openColumns opens a Parquet file to read the columns that a mapping names.
func openColumns(r io.Reader, m *Mapping) (c *columns, err error) {
	in, ok := r.(sized)
	if f, isFile := r.(*os.File); isFile {
		info, err := f.Stat()
		if err != nil {
			return nil, failed(err)
		}
		in, ok = regular{f, info.Size()}, info.Mode().IsRegular()
	}
	if !ok || in.Size() < 12 {
		return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "input", Message: "a Parquet file is read from its end, and this one comes in a stream", Hint: "give it as a file that is not compressed as a whole"}
	}
	defer func() {
		if p := recover(); p != nil { // the library panics on some files that are damaged
			c, err = nil, failed(fmt.Errorf("%v", p))
		}
	}()
	file, err := parquet.OpenFile(in, in.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, failed(err)
	}
	c = &columns{file: file, groups: file.RowGroups()}
	named := m.named()
	var walk func(at *parquet.Column, path []string) error
	walk = func(at *parquet.Column, path []string) error {
		for _, child := range at.Columns() {
			path := append(slices.Clone(path), child.Name())
			name := strings.Join(path, ".")
			wanted := slices.Contains(named, name)
			switch {
			case !wanted && m.strict && len(path) == 1:
				if _, ok := m.kind.Field(name); !ok {
					return unknownColumn(m.kind, name)
				}
			case wanted && (!child.Leaf() || child.MaxRepetitionLevel() > 0):
				return &lanzha.Error{Code: lanzha.CodeInvalid, Field: name, Message: "the column holds lists or groups, and a value is wanted", Hint: "a member of a group is named behind a dot: to.number"}
			case wanted:
				l := leaf{name: name, index: child.Index(), form: form(child.Type())}
				if l.form == nil {
					return &lanzha.Error{Code: lanzha.CodeInvalid, Field: name, Message: "the column has a type that is not read"}
				}
				c.leaves = append(c.leaves, l)
			}
			if !child.Leaf() {
				if err := walk(child, path); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return c, walk(file.Root(), nil)
}

// names are the columns that are read.
func (c *columns) names() []string {
	out := []string{}
	for i := range c.leaves {
		out = append(out, c.leaves[i].name)
	}
	return out
}

// Read gives the next lines.
func (c *columns) Read(p []byte) (int, error) {
	for c.done == len(c.text) {
		if c.err != nil {
			return 0, c.err
		}
		c.text, c.done = c.text[:0], 0
		c.err = c.rows()
	}
	n := copy(p, c.text[c.done:])
	c.done += n
	return n, nil
}

// Close ends the file; the reader it was opened on stays open.
func (c *columns) close() {
	for i := range c.leaves {
		c.leaves[i].close()
	}
}

// rows writes some rows.
func (c *columns) rows() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	for c.left == 0 {
		if len(c.groups) == 0 {
			return io.EOF
		}
		group := c.groups[0]
		c.groups, c.left = c.groups[1:], group.NumRows()
		chunks := group.ColumnChunks()
		for i := range c.leaves {
			c.leaves[i].close()
			c.leaves[i].pages = chunks[c.leaves[i].index].Pages()
		}
	}
	for ; c.left > 0 && len(c.text) < readSize; c.left-- {
		c.text = append(c.text, '{')
		for i := range c.leaves {
			l := &c.leaves[i]
			v, err := l.next()
			if err != nil {
				return err
			}
			if v.IsNull() {
				continue
			}
			if c.text[len(c.text)-1] != '{' {
				c.text = append(c.text, ',')
			}
			c.text = appendString(c.text, l.name)
			c.text = append(c.text, ':', '"')
			c.text = append(l.form(c.text, v), '"')
		}
		c.text = append(c.text, '}', '\n')
	}
	return nil
}

// next is the value of the next row.
func (l *leaf) next() (parquet.Value, error) {
	for len(l.read) == 0 {
		if l.values == nil {
			page, err := l.pages.ReadPage()
			if errors.Is(err, io.EOF) {
				return parquet.Value{}, io.ErrUnexpectedEOF
			}
			if err != nil {
				return parquet.Value{}, err
			}
			l.page, l.values = page, page.Values()
		}
		n, err := l.values.ReadValues(l.ahead[:])
		l.read = l.ahead[:n]
		if errors.Is(err, io.EOF) && n == 0 {
			parquet.Release(l.page)
			l.page, l.values = nil, nil
		} else if err != nil && !errors.Is(err, io.EOF) {
			return parquet.Value{}, err
		}
	}
	v := l.read[0]
	l.read = l.read[1:]
	return v, nil
}

func (l *leaf) close() {
	if l.page != nil {
		parquet.Release(l.page)
	}
	if l.pages != nil {
		_ = l.pages.Close() // nothing is written
	}
	l.pages, l.page, l.values, l.read = nil, nil, nil, nil
}

// form is how the values of a type are written: times as RFC 3339, those
// without a zone as "yyyy-MM-dd HH:mm:ss.f", dates as yyyy-MM-dd, decimals and
// floating-point numbers without an exponent. nil is a type that has no form.
func form(t parquet.Type) func(dst []byte, v parquet.Value) []byte {
	if logical := t.LogicalType(); logical != nil {
		switch x := logical.Value.(type) {
		case *format.TimestampType:
			layout := "2006-01-02 15:04:05.999999"
			if x.IsAdjustedToUTC {
				layout = "2006-01-02T15:04:05.999999Z"
			}
			unit := int64(x.Unit.Value.Duration())
			return func(dst []byte, v parquet.Value) []byte { return appendTime(dst, v.Int64(), unit, layout) }
		case *format.TimeType:
			unit := int64(x.Unit.Value.Duration())
			return func(dst []byte, v parquet.Value) []byte { return appendTime(dst, integer(v), unit, "15:04:05.999999") }
		case *format.DateType:
			return func(dst []byte, v parquet.Value) []byte {
				return appendTime(dst, int64(v.Int32()), int64(24*time.Hour), time.DateOnly)
			}
		case *format.DecimalType:
			scale := int(x.Scale)
			if scale < 0 || scale > 76 { // 256 bits have no more digits
				return nil
			}
			return func(dst []byte, v parquet.Value) []byte { return appendDecimal(dst, v, scale) }
		case *format.IntType:
			if !x.IsSigned && t.Kind() == parquet.Int32 {
				return func(dst []byte, v parquet.Value) []byte { return strconv.AppendUint(dst, uint64(v.Uint32()), 10) }
			}
			if !x.IsSigned {
				return func(dst []byte, v parquet.Value) []byte { return strconv.AppendUint(dst, v.Uint64(), 10) }
			}
		}
	}
	switch t.Kind() {
	case parquet.Boolean:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendBool(dst, v.Boolean()) }
	case parquet.Int32, parquet.Int64:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendInt(dst, integer(v), 10) }
	case parquet.Int96: // a time of older programs: nanoseconds of a Julian day
		return func(dst []byte, v parquet.Value) []byte {
			x := v.Int96()
			nanos := int64(uint64(x[1])<<32 | uint64(x[0]))
			return time.Unix((int64(x[2])-2440588)*86400, nanos).UTC().AppendFormat(dst, "2006-01-02T15:04:05.999999Z")
		}
	case parquet.Float:
		return func(dst []byte, v parquet.Value) []byte {
			return strconv.AppendFloat(dst, float64(v.Float()), 'f', -1, 32)
		}
	case parquet.Double:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendFloat(dst, v.Double(), 'f', -1, 64) }
	}
	return func(dst []byte, v parquet.Value) []byte { return appendEscaped(dst, v.ByteArray()) }
}

func integer(v parquet.Value) int64 {
	if v.Kind() == parquet.Int32 {
		return int64(v.Int32())
	}
	return v.Int64()
}

// appendTime writes n units since 1970, nanoseconds long each.
func appendTime(dst []byte, n, unit int64, layout string) []byte {
	per := max(1, int64(time.Second)/unit) // of them in a second; a day is longer
	seconds := floorDiv(n, per)
	nanos := (n - seconds*per) * unit
	if unit > int64(time.Second) {
		seconds, nanos = n*(unit/int64(time.Second)), 0
	}
	return time.Unix(seconds, nanos).UTC().AppendFormat(dst, layout)
}

func appendDecimal(dst []byte, v parquet.Value, scale int) []byte {
	var digits string
	switch v.Kind() {
	case parquet.Int32, parquet.Int64:
		digits = strconv.FormatInt(integer(v), 10)
	default:
		b := v.ByteArray()
		n := new(big.Int).SetBytes(b)
		if len(b) > 0 && b[0] >= 0x80 { // two's complement
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		digits = n.String()
	}
	if rest, negative := strings.CutPrefix(digits, "-"); negative {
		dst, digits = append(dst, '-'), rest
	}
	if scale == 0 {
		return append(dst, digits...)
	}
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	return append(append(dst, '.'), digits[len(digits)-scale:]...)
}

// appendString writes a string of JSON.
func appendString(dst []byte, s string) []byte {
	return append(appendEscaped(append(dst, '"'), []byte(s)), '"')
}

// appendEscaped writes what stands between the quotes of a string of JSON. What
// is not UTF-8 stays, and is refused where it is read.
func appendEscaped(dst, s []byte) []byte {
	const hex = "0123456789abcdef"
	for _, c := range s {
		switch {
		case c == '"', c == '\\':
			dst = append(dst, '\\', c)
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
