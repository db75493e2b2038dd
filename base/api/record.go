package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
)

// Page is the input of every list.
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"records a page"`
	Cursor string `query:"cursor" maxLength:"500" doc:"the next of the page before; empty is the first page"`
}

// List is a page of records. It never counts them.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next" doc:"the cursor of the next page; empty when this is the last"`
}

// NewList makes a page of rows that were read with a limit one higher than
// asked: the surplus row says that there is a next page, which follows the
// key of the last one kept.
func NewList[T any](rows []T, limit int, key func(T) any) List[T] {
	if rows == nil {
		rows = []T{}
	}
	if len(rows) <= limit {
		return List[T]{Items: rows}
	}
	rows = rows[:limit]
	text, err := json.Marshal(key(rows[limit-1]))
	if err != nil {
		panic("api: a cursor key cannot be encoded: " + err.Error())
	}
	return List[T]{Items: rows, Next: base64.RawURLEncoding.EncodeToString(text)}
}

// After decodes the page's cursor into key; it reports false on the first
// page. A cursor that was not ours is an invalid input.
func (p Page) After(key any) (bool, error) {
	if p.Cursor == "" {
		return false, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err == nil {
		err = json.Unmarshal(text, key)
	}
	if err != nil {
		return false, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "query.cursor", Message: "this is not a cursor of this list", Hint: "start from the first page"}
	}
	return true, nil
}

// Change is embedded in the input of every operation that changes a record.
type Change struct {
	IfMatch string `header:"If-Match" maxLength:"30" doc:"the version that was read, as its ETag had it"`
}

// Version is the version that the caller has read.
func (c Change) Version() (int64, error) {
	if c.IfMatch == "" {
		return 0, &lanzha.Error{
			Code: lanzha.CodePrecondition, Field: "header.If-Match", Message: "a change needs the version that was read",
			Hint: "read the record and send its ETag as If-Match",
		}
	}
	n, err := strconv.ParseInt(strings.Trim(c.IfMatch, `"`), 10, 64)
	if err != nil || n < 0 {
		return 0, lanzha.Invalid("header.If-Match", "a version is a number in quotes")
	}
	return n, nil
}

// ETag is the header of a record's version.
func ETag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// One is the answer with one record.
type One[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

// NewOne answers with a record of a version.
func NewOne[T any](version int64, body T) *One[T] {
	return &One[T]{ETag: ETag(version), Body: body}
}

// Create is embedded in the input of every operation that creates.
type Create struct {
	Key string `header:"Idempotency-Key" maxLength:"200" doc:"a value of the caller's choice; a repeat with the same value gets the first answer and creates nothing"`
}

// Once runs fn in a transaction, and once only for a caller's key: a repeat
// returns what the first returned, and a different request under a known key
// is a conflict. The answer commits together with what fn wrote. An empty key
// runs fn every time.
func Once[T any](ctx context.Context, db *sqldb.DB, caller lanzha.ID, key string, request any, now time.Time, fn func(tx *sqldb.Tx) (T, error)) (T, error) {
	var out T
	err := db.Tx(ctx, func(tx *sqldb.Tx) error {
		var err error
		if key == "" {
			out, err = fn(tx)
			return err
		}
		text, err := json.Marshal(request)
		if err != nil {
			return lanzha.Internal("api.Once", err)
		}
		// The types stand for the operation: two that take the same body differ
		// in what they return or read.
		sum := sha256.Sum256(fmt.Appendf(text, " %T %T", request, out))
		// The row comes first, so that of two repeats at once the second waits
		// for the first and then finds its answer.
		n, err := sqldb.Exec(ctx, tx, `INSERT INTO api_once (actor, key, request, response, at) VALUES ($1, $2, $3, '', $4) ON CONFLICT (actor, key) DO NOTHING`,
			string(caller), key, sum[:], int64(lanzha.At(now)))
		if err != nil {
			return err
		}
		if n == 0 {
			var first []byte
			var response string
			if _, err := sqldb.One(ctx, tx, "answer", func(s sqldb.Scanner) (bool, error) { return true, s.Scan(&first, &response) },
				`SELECT request, response FROM api_once WHERE actor = $1 AND key = $2`, string(caller), key); err != nil {
				return err
			}
			if !slices.Equal(first, sum[:]) {
				return &lanzha.Error{
					Code: lanzha.CodeConflict, Field: "header.Idempotency-Key", Message: "this key was used for a different request",
					Hint: "use a new key for a new request",
				}
			}
			return json.Unmarshal([]byte(response), &out)
		}
		if out, err = fn(tx); err != nil {
			return err
		}
		if text, err = json.Marshal(out); err != nil {
			return lanzha.Internal("api.Once", err)
		}
		_, err = sqldb.Exec(ctx, tx, `UPDATE api_once SET response = $1 WHERE actor = $2 AND key = $3`, string(text), string(caller), key)
		return err
	})
	return out, err
}

// Forget deletes answers older than seven days.
func Forget(ctx context.Context, db *sqldb.DB, now time.Time) error {
	return db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := sqldb.Exec(ctx, tx, `DELETE FROM api_once WHERE at < $1`, int64(lanzha.At(now.AddDate(0, 0, -7))))
		return err
	})
}

// Revealed is a masked field in the clear, for a minute.
type Revealed struct {
	Value string    `json:"value"`
	Until time.Time `json:"until" doc:"when the console hides it again"`
}

// Reveal shows a value for a minute. The caller has asked the gate and left
// the journal row.
func Reveal(value string, now time.Time) Revealed {
	return Revealed{Value: value, Until: now.Add(time.Minute)}
}
