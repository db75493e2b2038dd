package backup

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"lanzha"
	"lanzha/base/sqldb"
)

// dump writes a table as lines of JSON, in the order of its key, the same from
// either kind of database.
func dump(ctx context.Context, q sqldb.Queryer, t sqldb.Table, w io.Writer) (int64, string, error) {
	fail := func(err error) (int64, string, error) {
		return 0, "", &lanzha.Error{Code: lanzha.CodeInternal, Op: "backup.dump", Message: "the table " + t.Name + " could not be read", Err: err}
	}
	rows, err := q.QueryContext(ctx, fmt.Sprintf(`SELECT %s FROM %s ORDER BY %s`, names(t), sqldb.Quote(t.Name), list(t.Key)))
	if err != nil {
		return fail(err)
	}
	defer rows.Close()
	sum := sha256.New()
	out := bufio.NewWriter(io.MultiWriter(w, sum))
	encoder := json.NewEncoder(out) // ends each value with a newline
	encoder.SetEscapeHTML(false)
	values, dest := make([]any, len(t.Columns)), make([]any, len(t.Columns))
	for i := range values {
		dest[i] = &values[i]
	}
	var n int64
	for ; rows.Next(); n++ {
		if err := rows.Scan(dest...); err != nil {
			return fail(err)
		}
		for i, c := range t.Columns {
			if values[i], err = portable(c, values[i]); err != nil {
				return fail(err)
			}
		}
		if err := encoder.Encode(values); err != nil {
			return fail(err)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fail(err)
	}
	if err := out.Flush(); err != nil {
		return 0, "", unwritten(err)
	}
	return n, hex.EncodeToString(sum.Sum(nil)), nil
}

// raw is text that is not UTF-8, which JSON cannot hold.
type raw struct {
	Base64 string `json:"base64"`
}

// portable makes of a value as the driver gives it what both databases mean.
func portable(c sqldb.Column, v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		switch c.Kind {
		case sqldb.Text:
			if !utf8.ValidString(v) {
				return raw{base64.StdEncoding.EncodeToString([]byte(v))}, nil
			}
			return v, nil
		case sqldb.Bytes:
			return base64.StdEncoding.EncodeToString([]byte(v)), nil
		}
	case []byte:
		switch c.Kind {
		case sqldb.Bytes:
			return base64.StdEncoding.EncodeToString(v), nil
		case sqldb.Text:
			return portable(c, string(v))
		}
	case int64:
		switch c.Kind {
		case sqldb.Int:
			return v, nil
		case sqldb.Bool:
			return v != 0, nil
		case sqldb.Float:
			return float64(v), nil
		}
	case bool:
		if c.Kind == sqldb.Bool {
			return v, nil
		}
	case float64:
		if c.Kind == sqldb.Float {
			return v, nil
		}
	}
	return nil, fmt.Errorf("column %s is %s and holds a %T", c.Name, c.Kind, v)
}

// parsed makes of a JSON value what the driver takes.
func parsed(c sqldb.Column, v json.RawMessage) (any, error) {
	if string(v) == "null" {
		return nil, nil
	}
	switch c.Kind {
	case sqldb.Int:
		return decode[int64](v)
	case sqldb.Float:
		return decode[float64](v)
	case sqldb.Bool:
		return decode[bool](v)
	case sqldb.Bytes:
		return decode[[]byte](v) // base64 by encoding/json
	case sqldb.Text:
		if v[0] == '{' {
			r, err := decode[struct {
				Base64 []byte `json:"base64"`
			}](v)
			return string(r.Base64), err
		}
		return decode[string](v)
	}
	return nil, fmt.Errorf("column %s is of no known kind", c.Name)
}

func decode[T any](text []byte) (T, error) {
	var v T
	err := json.Unmarshal(text, &v)
	return v, err
}

func names(t sqldb.Table) string {
	var out []string
	for _, c := range t.Columns {
		out = append(out, c.Name)
	}
	return list(out)
}

func list(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, sqldb.Quote(n))
	}
	return strings.Join(out, ", ")
}
