package api

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"lanzha"
)

// CSVRow is one row of a file, by column name.
type CSVRow struct {
	N      int // as a spreadsheet counts: the header is 1
	header []string
	fields []string
}

// Get returns a column's text without surrounding space; "" where the row or
// the file does not have it.
func (r CSVRow) Get(column string) string {
	if i := slices.Index(r.header, column); i >= 0 && i < len(r.fields) {
		return strings.TrimSpace(r.fields[i])
	}
	return ""
}

// Imported is the outcome of a file: good rows are taken, bad ones come back.
type Imported struct {
	Taken   int      `json:"taken" doc:"rows taken"`
	Refused []Detail `json:"refused" doc:"rows refused, with column and reason; the first thousand"`
	Count   int      `json:"refusedCount" doc:"rows refused"`
	File    string   `json:"refusedFile" doc:"the refused rows as CSV, with a column reason, to mend and send again"`
}

const (
	maxRows    = 100_000
	maxDetails = 1000
)

// ImportCSV reads a CSV with a header row and calls take for each row. An
// error of take refuses that row and no other. A file without the required
// columns is refused as a whole; one that is broken in a row goes on with the
// next. The file is UTF-8 or GB18030; its operation takes AnyBytes.
func ImportCSV(r io.Reader, required, known []string, take func(CSVRow) error) (Imported, error) {
	out := Imported{Refused: []Detail{}}
	rows, err := newRows(r)
	if err != nil {
		return out, lanzha.Invalid("body", "the file could not be read to its end")
	}
	header, err := rows.next()
	if err != nil {
		return out, lanzha.Invalid("body", "the file is empty: its first row names the columns %s", strings.Join(known, ", "))
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff") // Excel's mark
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	for _, column := range required {
		if !slices.Contains(header, column) {
			e := lanzha.Invalid(column, "the file has no column %q", column)
			e.Row, e.Hint = 1, "the columns are "+strings.Join(known, ", ")
			return out, e
		}
	}
	for _, column := range header {
		if !slices.Contains(known, column) && column != "reason" {
			e := lanzha.Invalid(column, "there is no column of this name")
			e.Row, e.Hint = 1, "the columns are "+strings.Join(known, ", ")
			return out, e
		}
	}
	// A file that came back is mended and sent again with its reasons.
	width := len(header)
	if header[width-1] == "reason" {
		width--
	}
	var back strings.Builder
	writer := csv.NewWriter(&back)
	refuse := func(n int, fields []string, err error) error {
		d := Detail{Row: n, Message: "the row could not be taken"}
		if e, ok := errors.AsType[*lanzha.Error](err); ok {
			if e.Code == lanzha.CodeInternal || e.Code == lanzha.CodeUnavailable {
				return err // ours, not the row's
			}
			d.Location, d.Message = strings.TrimPrefix(e.Field, "body."), e.Message // a file has columns
		} else if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			d.Message = parse.Err.Error()
		} else {
			return err
		}
		if out.Count == 0 {
			_ = writer.Write(append(slices.Clone(header[:width]), "reason")) // a Builder does not fail
		}
		out.Count++
		if len(out.Refused) < maxDetails {
			out.Refused = append(out.Refused, d)
		}
		row := make([]string, width, width+1)
		copy(row, fields)
		for i := range row {
			row[i] = strings.ToValidUTF8(row[i], "\ufffd") // what comes back can be read and mended
		}
		reason := d.Message
		if d.Location != "" {
			reason = d.Location + ": " + reason
		}
		_ = writer.Write(append(row, reason))
		return nil
	}
	for n := 2; ; n++ {
		fields, err := rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if n-1 > maxRows {
			return out, &lanzha.Error{Code: lanzha.CodeTooLarge, Field: "body", Row: n, Message: "a file has 100,000 rows at most", Hint: "the rows before this one were taken; send the rest in another file"}
		}
		switch {
		case err != nil:
		case len(fields) > len(header):
			err = lanzha.Invalid("", "the row has %d fields, the header %d", len(fields), len(header))
		case slices.ContainsFunc(fields, func(f string) bool { return strings.ContainsRune(f, 0) }):
			err = lanzha.Invalid("", "the row holds a zero byte")
		case slices.ContainsFunc(fields, func(f string) bool { return !utf8.ValidString(f) }):
			err = lanzha.Invalid("", "the row is not UTF-8, nor the file GB18030")
		default:
			err = take(CSVRow{N: n, header: header, fields: fields})
		}
		if err == nil {
			out.Taken++
		} else if err := refuse(n, fields, err); err != nil {
			return out, err
		}
	}
	writer.Flush()
	out.File = back.String()
	return out, nil
}

// rows reads a CSV record by record. A quote that is never closed would make
// an ordinary reader swallow everything behind it; here it costs its own line.
type rows struct {
	lines []string
	at    int
}

// spanLines is how many lines one quoted field may run over.
const spanLines = 200

func newRows(r io.Reader) (*rows, error) {
	text, err := io.ReadAll(r)
	return &rows{lines: strings.SplitAfter(decode(text), "\n")}, err
}

// decode makes text of a file's bytes: UTF-8, or GB18030 as Chinese
// spreadsheets save CSV. What is neither stays as it is, and its rows are
// refused.
func decode(file []byte) string {
	if utf8.Valid(file) {
		return string(file)
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(file)
	if err != nil || strings.ContainsRune(string(text), utf8.RuneError) {
		return string(file)
	}
	return string(text)
}

// next is the next record; io.EOF when there is none. A *csv.ParseError is of
// this record alone, and comes with what its line holds.
func (r *rows) next() ([]string, error) {
	for r.at < len(r.lines) && strings.TrimSpace(r.lines[r.at]) == "" {
		r.at++
	}
	if r.at == len(r.lines) {
		return nil, io.EOF
	}
	record, quotes := "", 0
	for n := range min(spanLines, len(r.lines)-r.at) {
		line := r.lines[r.at+n]
		record += line
		if quotes += strings.Count(line, `"`); quotes%2 == 0 {
			r.at += n + 1
			reader := csv.NewReader(strings.NewReader(record))
			reader.FieldsPerRecord, reader.LazyQuotes = -1, true
			return reader.Read()
		}
	}
	line := strings.TrimRight(r.lines[r.at], "\r\n")
	r.at++
	return strings.Split(line, ","), &csv.ParseError{Err: errors.New("a quote is opened and never closed")}
}
