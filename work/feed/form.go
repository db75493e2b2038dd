package feed

import (
	"errors"
	"io"
	"strings"

	"lanzha"
)

// Form is what it takes to read one record of a file again.
type Form struct {
	Kind    Kind
	Format  Format   // CSV or NDJSON; records of a Parquet file stand as NDJSON
	Columns []string // names by position, of CSV
	Mapping string   // as its author wrote it; "" is the canonical columns
}

// Form is how the records of the file stand.
func (s *Source) Form() Form {
	f := Form{Kind: s.mapping.kind, Format: s.format, Mapping: s.mapping.text}
	if s.format == CSV {
		f.Columns = s.columns
	}
	return f
}

// Read reads one record. The event stands alone in the batch; an error says
// with its field what is wrong.
func (f Form) Read(record string) (*Batch, error) {
	m, err := Canonical(f.Kind, f.Format)
	if f.Mapping != "" {
		m, err = ParseMapping("mapping", []byte(f.Mapping))
	}
	if err != nil {
		return nil, err
	}
	m.format, m.gb18030 = f.Format, false
	if f.Format == CSV {
		m.header, m.columns = false, f.Columns
	}
	s, err := Open(io.MultiReader(strings.NewReader(record)), m)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	b := &Batch{}
	if err := s.Next(b); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case len(b.Refused) > 0:
		return nil, lanzha.Invalid(b.Refused[0].Field, "%s", b.Refused[0].Reason)
	case b.Skipped > 0:
		return nil, lanzha.Invalid("record", "the mapping leaves such a record out")
	case len(b.Events) != 1:
		return nil, lanzha.Invalid("record", "one record is wanted")
	}
	return b, nil
}
