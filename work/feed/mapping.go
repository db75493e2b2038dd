package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"lanzha"
)

// Format is how records stand in a file.
type Format string

// The formats.
const (
	CSV    Format = "csv"    // RFC 4180, with any separator
	NDJSON Format = "ndjson" // one JSON object a line; Parquet needs no name, it is told by its first bytes
)

// Mapping says which columns of a foreign file are which fields. It is read
// from YAML by ParseMapping; docs/features.md is the reference of the form.
type Mapping struct {
	kind      Kind
	format    Format
	separator byte
	gb18030   bool
	header    bool     // the first record names the columns
	columns   []string // their names when the header does not tell
	strict    bool     // a column that no field has is refused: there is no mapping
	take      map[string][]string
	skip      map[string][]string
	fields    []mapped // of every record
	byColumn  string   // what decides on further fields; "" is nothing
	byValue   map[string][]mapped
	text      string // as its author wrote it
}

// mapped is where a field comes from.
type mapped struct {
	field   Field
	columns []string // joined by a space when there are two
	value   *string  // a constant instead
	values  map[string]string
	clock   *clock
	round   bool
}

// Kind is the kind of the events in the file.
func (m *Mapping) Kind() Kind { return m.kind }

// Canonical is the mapping of a file that has the canonical columns, by name
// and in any order. Trailing columns may be absent; a name that no field has is
// refused.
func Canonical(kind Kind, format Format) (*Mapping, error) {
	m := &Mapping{kind: kind, format: format, separator: ',', header: true, strict: true}
	for _, f := range kind.Fields() {
		x := mapped{field: f, columns: []string{f.Name}}
		if f.Type == Instant {
			c, err := newClock(rfc3339, time.UTC)
			if err != nil {
				return nil, err
			}
			x.clock = c
		}
		m.fields = append(m.fields, x)
	}
	return m, nil
}

// document is a mapping as its author wrote it.
type document struct {
	Kind      string                `yaml:"kind"`
	Format    Format                `yaml:"format"`
	Separator string                `yaml:"separator"`
	Encoding  string                `yaml:"encoding"`
	Header    *bool                 `yaml:"header"`
	Columns   []string              `yaml:"columns"`
	Take      map[string][]string   `yaml:"take"`
	Skip      map[string][]string   `yaml:"skip"`
	Fields    map[string]documented `yaml:"fields"`
	Cases     struct {
		Column string                           `yaml:"column"`
		Of     map[string]map[string]documented `yaml:"of"`
	} `yaml:"cases"`
}

// documented is a field: the name of a column alone, or all there is to say.
type documented struct {
	Column  string            `yaml:"column"`
	Columns []string          `yaml:"columns"`
	Value   *string           `yaml:"value"`
	Values  map[string]string `yaml:"values"`
	Layout  string            `yaml:"layout"`
	Zone    string            `yaml:"zone"`
	Unit    string            `yaml:"unit"`
	From    string            `yaml:"from"`
	Round   bool              `yaml:"round"`
}

// UnmarshalYAML takes a string as the name of a column.
func (d *documented) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&d.Column)
	}
	// Decode on a node forgets KnownFields.
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		if !slices.Contains([]string{"column", "columns", "value", "values", "layout", "zone", "unit", "from", "round"}, n.Content[i].Value) {
			return fmt.Errorf("line %d: a field has no %q", n.Content[i].Line, n.Content[i].Value)
		}
	}
	type plain documented
	return n.Decode((*plain)(d))
}

// ParseMapping reads a mapping. name is that of its file, for errors.
func ParseMapping(name string, text []byte) (*Mapping, error) {
	wrong := func(field, format string, args ...any) error {
		return &lanzha.Error{
			Code: lanzha.CodeInvalid, Field: strings.TrimSuffix(name+": "+field, ": "), Message: fmt.Sprintf(format, args...),
			Hint: "docs/features.md describes mappings",
		}
	}
	var d document
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&d); errors.Is(err, io.EOF) {
		return nil, wrong("", "the mapping is empty")
	} else if err != nil {
		return nil, wrong("", "%v", err)
	}
	if err := decoder.Decode(new(document)); !errors.Is(err, io.EOF) {
		return nil, wrong("", "one document is wanted, and more follows it")
	}
	kind, err := ParseKind(d.Kind)
	if err != nil {
		return nil, wrong("kind", "call, message, transfer or registration is wanted")
	}
	m := &Mapping{text: string(text), kind: kind, format: d.Format, separator: ',', header: d.Header == nil || *d.Header, columns: d.Columns, take: d.Take, skip: d.Skip, byColumn: d.Cases.Column}
	switch {
	case d.Format == "":
		m.format = CSV
	case d.Format != CSV && d.Format != NDJSON:
		return nil, wrong("format", "csv or ndjson is wanted")
	}
	switch {
	case len(d.Separator) > 1, strings.ContainsAny(d.Separator, "\"\r\n"):
		return nil, wrong("separator", "one byte is wanted, such as \",\" or \"|\" or \"\\t\"")
	case d.Separator != "":
		m.separator = d.Separator[0]
	}
	switch strings.ToLower(d.Encoding) {
	case "", "utf-8", "utf8":
	case "gb18030", "gbk", "gb2312":
		m.gb18030 = true
	default:
		return nil, wrong("encoding", "utf-8 or gb18030 is wanted")
	}
	if m.format == CSV && !m.header && len(m.columns) == 0 {
		return nil, wrong("columns", "a file without a header needs the names of its columns here")
	}
	if m.fields, err = mappedFields(kind, "fields", d.Fields, wrong); err != nil {
		return nil, err
	}
	if (m.byColumn == "") != (len(d.Cases.Of) == 0) {
		return nil, wrong("cases", "a column and the fields for each of its values (of) are wanted")
	}
	if m.byColumn != "" {
		m.byValue = map[string][]mapped{}
		for value, of := range d.Cases.Of {
			if m.byValue[value], err = mappedFields(kind, "cases.of."+value, of, wrong); err != nil {
				return nil, err
			}
			for _, x := range m.byValue[value] {
				if _, twice := d.Fields[x.field.Name]; twice {
					return nil, wrong("cases.of."+value, "%s is mapped among fields already", x.field.Name)
				}
			}
		}
	}
	for value, of := range m.alternatives() {
		where, given := "fields", uint16(0)
		if value != "" {
			where = "cases.of." + value
		}
		for _, x := range of {
			given |= 1 << x.field.index
		}
		for _, f := range kind.Fields() {
			if f.Required && given>>f.index&1 == 0 {
				return nil, wrong(where, "%s is wanted: a %s is nothing without it", f.Name, kind)
			}
		}
		if _, reason := kind.lacks(given); reason != "" {
			return nil, wrong(where, "%s", reason)
		}
	}
	return m, nil
}

// alternatives are the fields of a record by the value that decides.
func (m *Mapping) alternatives() map[string][]mapped {
	if m.byColumn == "" {
		return map[string][]mapped{"": m.fields}
	}
	out := map[string][]mapped{}
	for value, of := range m.byValue {
		out[value] = slices.Concat(m.fields, of)
	}
	return out
}

func mappedFields(kind Kind, path string, of map[string]documented, wrong func(field, format string, args ...any) error) ([]mapped, error) {
	out := []mapped{}
	for name, d := range of {
		path := path + "." + name
		f, ok := kind.Field(name)
		if !ok {
			names := []string{}
			for _, f := range kind.Fields() {
				names = append(names, f.Name)
			}
			return nil, wrong(path, "a %s has no such field; it has %s", kind, strings.Join(names, ", "))
		}
		x := mapped{field: f, columns: d.Columns, value: d.Value, values: d.Values, round: d.Round}
		if d.Column != "" {
			x.columns = append(x.columns, d.Column)
		}
		switch {
		case (len(x.columns) == 0) == (x.value == nil):
			return nil, wrong(path, "a column or a value is wanted")
		case len(x.columns) > 2, len(x.columns) == 2 && f.Type != Instant:
			return nil, wrong(path, "one column is wanted, or a date and a time for an instant")
		case f.Type != Instant && (d.Layout != "" || d.Zone != "" || d.Unit != "" || d.From != ""):
			return nil, wrong(path, "layout, zone, unit and from are for times")
		case f.Type != Amount && d.Round:
			return nil, wrong(path, "round is for amounts")
		case f.Type == Instant && (x.value != nil || x.values != nil):
			return nil, wrong(path, "a time comes from a column")
		}
		if f.Type == Instant {
			var err error
			if x.clock, err = d.clock(); err != nil {
				message := err.Error()
				if e, ok := errors.AsType[*lanzha.Error](err); ok {
					path, message = path+"."+e.Field, e.Message
				}
				return nil, wrong(path, "%s", message)
			}
		}
		for from, to := range x.values {
			if _, reason := f.read([]byte(to), nil, d.Round); to != "" && reason != "" {
				return nil, wrong(path+".values."+from, "%s", reason)
			}
		}
		if x.value != nil {
			if _, reason := f.read([]byte(*x.value), nil, d.Round); reason != "" {
				return nil, wrong(path+".value", "%s", reason)
			}
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b mapped) int { return a.field.index - b.field.index })
	return out, nil
}

func (d documented) clock() (*clock, error) {
	zone := time.UTC
	if d.Zone != "" {
		var err error
		if zone, err = time.LoadLocation(d.Zone); err != nil || d.Zone == "Local" {
			return nil, lanzha.Invalid("zone", "there is no such zone; name it as in Asia/Shanghai")
		}
	}
	if d.Unit == "" {
		if d.From != "" {
			return nil, lanzha.Invalid("from", "from is where a number of units counts from: a unit is wanted too")
		}
		layout := d.Layout
		if layout == "" {
			layout = rfc3339
		}
		c, err := newClock(layout, zone)
		if err == nil && d.Zone != "" && slices.ContainsFunc(c.parts, func(p part) bool { return p.unit == 'Z' }) {
			return nil, lanzha.Invalid("zone", "the layout has an offset of its own (Z)")
		}
		return c, err
	}
	units := map[string]int64{"us": 1, "ms": 1000, "s": second, "minute": 60 * second, "hour": 3600 * second, "day": day}
	unit, ok := units[d.Unit]
	if !ok || d.Layout != "" || d.Zone != "" {
		return nil, lanzha.Invalid("unit", "us, ms, s, minute, hour or day is wanted, without a layout and a zone")
	}
	c := &clock{unit: unit}
	if d.From != "" {
		origin, err := newClock(rfc3339, time.UTC)
		if err != nil {
			return nil, err
		}
		var reason string
		if c.origin, reason = origin.parse([]byte(d.From)); reason != "" {
			return nil, lanzha.Invalid("from", "an instant as RFC 3339 writes it is wanted, such as 2023-01-01T00:00:00+08:00")
		}
	}
	return c, nil
}

// read reads a value that is given. A text reads as 0.
func (f Field) read(b []byte, c *clock, round bool) (n int64, reason string) {
	switch f.Type {
	case Text:
		if f.Of != nil && !slices.ContainsFunc(f.Of, func(s string) bool { return s == string(b) }) {
			return 0, badWord
		}
		return 0, ""
	case Instant:
		return c.parse(b)
	case Integer:
		return parseInteger(b)
	case Amount:
		return parseAmount(b, round)
	case Bool:
		return parseBool(b)
	default:
		return parseOutcome(b)
	}
}
