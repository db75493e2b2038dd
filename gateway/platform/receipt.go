package platform

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"lanzha"
)

// Received is one row of a receipt file: what the platform says of an entry.
type Received struct {
	Row        int       `json:"row"` // in the file; the first row of data is 2, as in a spreadsheet
	Key        string    `json:"key"`
	Type       string    `json:"type"`  // lookup | disposal | register; set by Gateway.Receipts, else empty
	State      string    `json:"state"` // acknowledged | done | refused
	PlatformNo string    `json:"platformNo"`
	At         time.Time `json:"at"` // the platform's own time, UTC
	Reason     string    `json:"reason"`
}

// Bad is a row that was not taken.
type Bad struct {
	Row    int    `json:"row"`
	Raw    string `json:"raw"`    // the row as it came
	Reason string `json:"reason"` // what is wrong with it, for the officer
}

// MaxReceipt is the largest receipt file that is read, in bytes.
const MaxReceipt = 16 << 20

// Receipts reads a receipt file and keeps the rows that belong to an entry
// which this gateway wrote and signed. Every other row comes back as bad, with
// its number and the reason.
func (g *Gateway) Receipts(r io.Reader) (good []Received, bad []Bad, err error) {
	rows, bad, err := Receipt(r)
	if err != nil {
		return nil, nil, err
	}
	for _, row := range rows {
		e, ok, err := g.read(row.Key)
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			bad = append(bad, Bad{Row: row.Row, Raw: row.Key, Reason: "没有发出过此编号的报送"})
			continue
		}
		row.Type = e.Type
		good = append(good, row)
	}
	slices.SortStableFunc(bad, func(a, b Bad) int { return a.Row - b.Row })
	return good, bad, nil
}

// Receipt reads a receipt file: JSON (an array, one object a line, or an
// object with the array in "receipts") or CSV with a header, in UTF-8 or
// GB18030. Columns are key (编号), state (状态), platformNo (平台编号), at (时间),
// reason (原因), in any order; others are passed over. Times are RFC 3339, or
// 2006-01-02 15:04:05 in China's civil time. Good rows are returned, bad ones
// beside them; an error means that the file as a whole cannot be read.
func Receipt(r io.Reader) (good []Received, bad []Bad, err error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxReceipt+1))
	switch {
	case err != nil:
		return nil, nil, lanzha.Internal("platform.Receipt", err)
	case len(b) > MaxReceipt:
		return nil, nil, &lanzha.Error{Code: lanzha.CodeTooLarge, Message: "a receipt file has 16 MB at the most", Hint: "split it"}
	}
	if !utf8.Valid(b) {
		if b, err = simplifiedchinese.GB18030.NewDecoder().Bytes(b); err != nil || bytes.ContainsRune(b, utf8.RuneError) {
			return nil, nil, lanzha.Invalid("file", "neither UTF-8 nor GB18030")
		}
	}
	b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\ufeff")))
	if len(b) == 0 {
		return nil, nil, lanzha.Invalid("file", "the file is empty")
	}
	take := func(row int, raw string, cells map[string]string) {
		rc, reason := check(cells)
		if reason != "" {
			bad = append(bad, Bad{Row: row, Raw: raw, Reason: reason})
			return
		}
		rc.Row = row
		good = append(good, rc)
	}
	if b[0] == '[' || b[0] == '{' {
		err = readJSON(b, take)
	} else {
		err = readCSV(b, take)
	}
	if err != nil {
		return nil, nil, err
	}
	return good, bad, nil
}

// columns are the names that a column may have.
var columns = map[string]string{
	"key": "key", "编号": "key", "报送编号": "key",
	"state": "state", "状态": "state", "结果": "state",
	"platformno": "platformNo", "平台编号": "platformNo", "回执编号": "platformNo",
	"at": "at", "时间": "at", "回执时间": "at",
	"reason": "reason", "原因": "reason", "说明": "reason",
}

// states are the words for a state.
var states = map[string]string{
	"acknowledged": "acknowledged", "已接收": "acknowledged", "已受理": "acknowledged",
	"done": "done", "已完成": "done", "已办结": "done", "成功": "done",
	"refused": "refused", "已退回": "refused", "失败": "refused", "拒绝": "refused",
}

var zone = time.FixedZone("CST", 8*3600)

// check makes a row of its cells, or says what is wrong.
func check(cells map[string]string) (Received, string) {
	rc := Received{
		Key: cells["key"], PlatformNo: cells["platformNo"], Reason: cells["reason"],
		State: states[strings.ToLower(cells["state"])],
	}
	switch {
	case !keyForm.MatchString(rc.Key):
		return rc, "编号缺失或格式不对"
	case rc.State == "":
		return rc, "状态缺失或无法识别"
	case rc.PlatformNo == "" || utf8.RuneCountInString(rc.PlatformNo) > 64:
		return rc, "平台编号缺失或过长"
	case rc.State == "refused" && rc.Reason == "":
		return rc, "退回须有原因"
	case utf8.RuneCountInString(rc.Reason) > 1000:
		return rc, "原因过长"
	}
	var err error
	if rc.At, err = time.Parse(time.RFC3339, cells["at"]); err != nil {
		if rc.At, err = time.ParseInLocation(time.DateTime, cells["at"], zone); err != nil {
			return rc, "时间缺失或格式不对"
		}
	}
	if rc.At = rc.At.UTC(); rc.At.Year() < 2000 || rc.At.Year() > 2200 {
		return rc, "时间不合理"
	}
	return rc, ""
}

// readCSV reads a header and rows. A row whose quotes are broken is bad; the
// rows after it are read.
func readCSV(b []byte, take func(int, string, map[string]string)) error {
	lines := slices.Collect(bytes.Lines(b))
	head, n := record(lines, 0)
	names := make([]string, len(head))
	for i, h := range head {
		names[i] = columns[strings.ToLower(strings.TrimSpace(h))]
	}
	if !slices.Contains(names, "key") || !slices.Contains(names, "state") {
		return lanzha.Invalid("file", "the header needs the columns key (编号) and state (状态)")
	}
	for i, row := n, 2; i < len(lines); i, row = i+n, row+1 {
		var rec []string
		rec, n = record(lines[i:], len(names))
		raw := strings.TrimRight(string(bytes.Join(lines[i:i+n], nil)), "\r\n")
		cells := map[string]string{} // stays empty where the columns are not to be trusted
		for j, v := range rec {
			if names[j] != "" {
				cells[names[j]] = strings.TrimSpace(v)
			}
		}
		if raw != "" {
			take(row, raw, cells)
		}
	}
	return nil
}

// longest is how many lines one row with quoted line breaks may have.
const longest = 50

// record reads the row that begins the lines, of as many fields as wanted (0
// is any), and tells how many lines it took. A line that begins no such row is
// a row by itself, without fields.
func record(lines [][]byte, fields int) ([]string, int) {
	quotes := 0
	for n := 1; n <= min(len(lines), longest); n++ {
		quotes += bytes.Count(lines[n-1], []byte{'"'})
		if quotes%2 != 0 {
			continue
		}
		r := csv.NewReader(bytes.NewReader(bytes.Join(lines[:n], nil)))
		r.FieldsPerRecord = fields
		if rec, err := r.Read(); err == nil {
			return rec, n
		}
		break
	}
	return nil, 1
}

// readJSON reads an array, an object with the array in "receipts", or objects
// one after another. Row numbers count as in a table with a header. Where an
// array breaks off, its good rows are taken and the rest is one bad row; a
// broken object ends with its line.
func readJSON(b []byte, take func(int, string, map[string]string)) error {
	var wrapped struct {
		Receipts []json.RawMessage `json:"receipts"`
	}
	var items []json.RawMessage
	switch {
	case b[0] == '[':
		items = array(b)
	case json.Unmarshal(b, &wrapped) == nil && wrapped.Receipts != nil:
		items = wrapped.Receipts
	default:
		items = objects(b)
	}
	for i, item := range items {
		var row map[string]any
		cells := map[string]string{}
		if json.Unmarshal(item, &row) == nil {
			for _, name := range slices.Sorted(maps.Keys(row)) {
				if s, ok := row[name].(string); ok && columns[strings.ToLower(name)] != "" {
					cells[columns[strings.ToLower(name)]] = strings.TrimSpace(s)
				}
			}
		}
		take(i+2, string(item), cells)
	}
	return nil
}

func array(b []byte) (items []json.RawMessage) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.Token() //nolint:errcheck // the bracket that was seen
	for d.More() {
		var item json.RawMessage
		at := d.InputOffset()
		if d.Decode(&item) != nil {
			return append(items, bytes.TrimLeft(b[at:], ", \t\r\n"))
		}
		items = append(items, item)
	}
	return items
}

func objects(b []byte) (items []json.RawMessage) {
	for b = bytes.TrimSpace(b); len(b) != 0; b = bytes.TrimSpace(b) {
		var item json.RawMessage
		d := json.NewDecoder(bytes.NewReader(b))
		n := int64(len(b))
		if d.Decode(&item) == nil {
			n = d.InputOffset()
		} else if line := bytes.IndexByte(b, '\n'); line >= 0 {
			n = int64(line)
		}
		items = append(items, bytes.TrimSpace(b[:n]))
		b = b[n:]
	}
	return items
}
