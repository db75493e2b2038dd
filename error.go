package lanzha

import (
	"errors"
	"fmt"
)

// Code classes an error by what the caller can do about it. The list is
// closed; the HTTP layer maps each to one status.
type Code string

// The codes.
const (
	CodeInvalid         Code = "invalid"         // mend the input and send again
	CodeNotFound        Code = "not_found"       // there is no such record in your scope
	CodeConflict        Code = "conflict"        // somebody was faster, or the state does not allow it: read again
	CodePrecondition    Code = "precondition"    // a version (If-Match) is required and was not sent
	CodeUnauthenticated Code = "unauthenticated" // sign in
	CodeForbidden       Code = "forbidden"       // signed in, but not for this
	CodeTooMany         Code = "too_many"        // wait, then repeat
	CodeTooLarge        Code = "too_large"       // send less at once
	CodeUnavailable     Code = "unavailable"     // the other side is down: repeat later
	CodeInternal        Code = "internal"        // our fault; the text is for the log, not for the user
)

// Error is an error with a class, a cause and a next step. Message is shown to
// users: a sentence without personal data. Err is the wrapped cause, for the
// log only.
type Error struct {
	Code    Code
	Op      string // where it happened, "clue.Open"; may be empty
	Field   string // which input is wrong, as a JSON path or a CSV column; may be empty
	Row     int    // which row of a file, the first row of data being 2 as in a spreadsheet; 0 is none
	Message string
	Hint    string // the next step; may be empty
	Err     error
}

func (e *Error) Error() string {
	s := e.Message
	if s == "" {
		s = string(e.Code)
	}
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Row != 0 {
		s = fmt.Sprintf("row %d: %s", e.Row, s)
	}
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// CodeOf finds the code of err: "" for nil, CodeInternal for an error that has
// none.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// Invalid says that an input field is wrong.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// NotFound says that there is no such record, or none in the caller's scope:
// the two are not told apart, so that IDs cannot be probed.
func NotFound(what string) *Error {
	return &Error{Code: CodeNotFound, Message: "no such " + what, Hint: "check the region: what lies outside your own region or institution is not found either"}
}

// Conflict says that the record's state or version does not allow the action.
func Conflict(format string, args ...any) *Error {
	return &Error{Code: CodeConflict, Message: fmt.Sprintf(format, args...), Hint: "read the record again and decide anew"}
}

// Forbidden says that the caller is known but not allowed.
func Forbidden(format string, args ...any) *Error {
	return &Error{Code: CodeForbidden, Message: fmt.Sprintf(format, args...)}
}

// Internal wraps a failure of our own.
func Internal(op string, err error) *Error {
	return &Error{Code: CodeInternal, Op: op, Message: "the operation failed", Err: err}
}
