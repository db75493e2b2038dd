package feed

import (
	"encoding/json"
	"unicode/utf8"
)

// Refusal is a record that could not be taken, and why. The reason never
// quotes it; the record itself is personal data and belongs into the place of
// dead letters alone.
type Refusal struct {
	Row    int    // of the file
	Field  string // column; "" when the record as a whole is wrong
	Reason string
	Record string // as it stood in the file
}

// Append appends the dead letter as a line of JSON: row, field, reason and
// record; record_base64 instead when the record is not UTF-8.
func (r Refusal) Append(dst []byte) ([]byte, error) {
	letter := struct {
		Row    int    `json:"row"`
		Field  string `json:"field,omitempty"`
		Reason string `json:"reason"`
		Record string `json:"record,omitempty"`
		Bytes  []byte `json:"record_base64,omitempty"`
	}{Row: r.Row, Field: r.Field, Reason: r.Reason}
	if utf8.ValidString(r.Record) {
		letter.Record = r.Record
	} else {
		letter.Bytes = []byte(r.Record)
	}
	line, err := json.Marshal(letter)
	if err != nil {
		return dst, err
	}
	return append(append(dst, line...), '\n'), nil
}
