package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"lanzha"
)

// Problem is an error as RFC 9457 tells it, with our code and the next step.
// It never echoes a value: values are personal data.
type Problem struct { //nolint:errname // RFC 9457 calls it so
	Type   string   `json:"type" example:"about:blank"`
	Title  string   `json:"title" example:"Conflict"`
	Status int      `json:"status" example:"409"`
	Detail string   `json:"detail" doc:"what failed, in a sentence"`
	Code   string   `json:"code" example:"conflict" doc:"the class of the error, by which a program decides"`
	Hint   string   `json:"hint,omitempty" doc:"the next step"`
	Errors []Detail `json:"errors,omitempty"`

	cause error
}

// Detail is one wrong input.
type Detail struct {
	Location string `json:"location" example:"body.text" doc:"which input: a path into the request, or a column"`
	Message  string `json:"message"`
	Row      int    `json:"row,omitempty" doc:"the row of a file, counted as a spreadsheet does"`
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus is for huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is for huma.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// Unwrap gives the cause, for the log.
func (p *Problem) Unwrap() error { return p.cause }

// statuses is the one table from code to status.
var statuses = map[lanzha.Code]int{
	lanzha.CodeInvalid:         http.StatusUnprocessableEntity,
	lanzha.CodeNotFound:        http.StatusNotFound,
	lanzha.CodeConflict:        http.StatusConflict,
	lanzha.CodePrecondition:    http.StatusPreconditionRequired,
	lanzha.CodeUnauthenticated: http.StatusUnauthorized,
	lanzha.CodeForbidden:       http.StatusForbidden,
	lanzha.CodeTooMany:         http.StatusTooManyRequests,
	lanzha.CodeTooLarge:        http.StatusRequestEntityTooLarge,
	lanzha.CodeUnavailable:     http.StatusServiceUnavailable,
	lanzha.CodeInternal:        http.StatusInternalServerError,
}

// Problemize makes a problem of any error. The text of an internal error stays
// behind; the log has it.
func Problemize(err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	p := &Problem{Type: "about:blank", Code: string(lanzha.CodeOf(err)), cause: err}
	p.Status = statuses[lanzha.CodeOf(err)]
	p.Title = http.StatusText(p.Status)
	e, ok := errors.AsType[*lanzha.Error](err)
	if !ok || e.Code == lanzha.CodeInternal {
		p.Detail, p.Hint = "something failed on our side; nothing of this request was kept", "try again; if it stays, tell the administrator the time"
		return p
	}
	p.Detail, p.Hint = e.Message, e.Hint
	if p.Detail == "" {
		p.Detail = strings.ReplaceAll(string(e.Code), "_", " ")
	}
	if e.Field != "" || e.Row != 0 {
		p.Errors = []Detail{{Location: e.Field, Message: e.Message, Row: e.Row}}
	}
	return p
}

// absent is how huma says that a property is missing: at its parent.
var absent = regexp.MustCompile(`^expected required property (\S+) to be present$`)

// problemOf makes a problem of what huma found wrong with a request.
func problemOf(status int, message string, causes []error) *Problem {
	p := &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: message, Code: string(lanzha.CodeInternal)}
	for code, s := range statuses {
		if s == status {
			p.Code = string(code)
		}
	}
	if status == http.StatusBadRequest {
		p.Code = string(lanzha.CodeInvalid)
	}
	for _, cause := range causes {
		if cause == nil {
			continue
		}
		var d huma.ErrorDetailer
		if errors.As(cause, &d) {
			found := d.ErrorDetail()
			detail := Detail{Location: found.Location, Message: found.Message}
			if m := absent.FindStringSubmatch(found.Message); m != nil {
				detail.Location, detail.Message = strings.TrimPrefix(found.Location+"."+m[1], "."), "is required"
			}
			p.Errors = append(p.Errors, detail)
		} else {
			p.cause = errors.Join(p.cause, cause)
		}
	}
	if len(p.Errors) > 0 {
		p.Detail = fmt.Sprintf("%s: %s %s", message, p.Errors[0].Location, p.Errors[0].Message)
	}
	return p
}

// WriteProblem answers a plain handler's request with an error, in the
// language that the request wants.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := Problemize(err)
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Add("Vary", "Accept-Language")
	body := any(p)
	if wantsChinese(r.Header.Get("Accept-Language")) {
		w.Header().Set("Content-Language", "zh-CN")
		body = p.InChinese()
	}
	if (p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable) && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(body) // the client has gone
}

func size(n int64) string {
	if n >= 1<<20 {
		return strconv.FormatInt(n>>20, 10) + " MB"
	}
	return strconv.FormatInt(n>>10, 10) + " kB"
}
