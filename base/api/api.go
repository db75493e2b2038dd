// Package api is the HTTP kit: operations with typed input and output, errors
// as RFC 9457 problems, keyset cursors, If-Match, Idempotency-Key, CSV files,
// live events, and the OpenAPI 3.1 document that follows from the code. What
// an operation does belongs to its stage.
package api

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"lanzha"
	"lanzha/base/sqldb"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of the kit.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "api", Files: files} }

// Prefix is where the API lives.
const Prefix = "/api/v1"

// Gate says whether the caller in ctx may do an action at all, whatever the
// record; the stage asks again with the record in hand.
type Gate func(ctx context.Context, action string) error

// API collects the operations of all stages.
type API struct {
	huma huma.API
	mux  *http.ServeMux
	gate Gate
	ops  []Op

	bodies map[string]Op    // by pattern of the mux: what a body may be
	plain  map[string]plain // by path
	ending chan struct{}    // closed by EndStreams
	naming string           // the operation being registered, for the names of its schemas
}

// New makes an API whose every operation passes the gate first.
func New(version string, gate Gate) *API {
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Lanzha", version)
	config.OpenAPIPath = Prefix + "/openapi"
	config.DocsPath, config.SchemasPath = "", ""
	config.CreateHooks = nil // no $schema links in answers
	config.Transformers = append(config.Transformers, speak)
	a := &API{mux: mux, gate: gate, bodies: map[string]Op{}, plain: map[string]plain{}, ending: make(chan struct{})}
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", func(t reflect.Type, hint string) string { return schemaName(t, hint, a.naming) })
	config.Info.Description = "The operations platform of an anti-fraud centre. Every change takes If-Match, every create an Idempotency-Key."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: "lanzha_session"},
		"key":     {Type: "http", Scheme: "bearer"},
	}
	a.huma = humago.New(mux, config)
	return a
}

func init() {
	// huma keeps both as package variables; one program has one kind of error.
	huma.NewError = func(status int, message string, causes ...error) huma.StatusError {
		return problemOf(status, message, causes)
	}
	huma.DefaultArrayNullable = false
}

// Op describes an operation.
type Op struct {
	ID      string // "createReport": the name in the OpenAPI document, unique
	Method  string
	Path    string // below Prefix: "/reports/{id}"
	Action  string // what the gate and the access table know it by: "report.create"
	Summary string
	Public  bool  // without signing in
	Status  int   // the answer's status when all is well; 0 means 200, or 204 without a body
	MaxBody int64 // bytes; 0 means 1 MiB

	AnyBytes bool // the body need not be UTF-8: the operation knows its encodings
}

const defaultMaxBody = 1 << 20

// Register adds an operation. Errors that the handler returns become problems
// by their code.
func Register[I, O any](a *API, op Op, handler func(context.Context, *I) (*O, error)) {
	if op.MaxBody == 0 {
		op.MaxBody = defaultMaxBody
	}
	a.ops, a.naming = append(a.ops, op), op.ID
	a.bodies[op.Method+" "+Prefix+op.Path] = op
	operation := huma.Operation{
		OperationID: op.ID, Method: op.Method, Path: Prefix + op.Path, Summary: op.Summary,
		DefaultStatus: op.Status, MaxBodyBytes: op.MaxBody, Tags: []string{tag(op.Path)},
		// ServeHTTP has read the body. huma's own deadline, five seconds, would
		// stay on the connection and end the work on a request that takes longer.
		BodyReadTimeout: -1,
		Errors:          []int{http.StatusBadRequest, http.StatusInternalServerError},
		Extensions:      map[string]any{"x-action": op.Action},
	}
	if !op.Public {
		operation.Security = []map[string][]string{{"session": {}}, {"key": {}}}
		operation.Errors = append(operation.Errors, http.StatusUnauthorized, http.StatusForbidden)
	}
	if strings.Contains(op.Path, "{") {
		operation.Errors = append(operation.Errors, http.StatusNotFound)
	}
	bound := reflect.TypeFor[I]()
	for i := range bound.NumField() {
		// huma passes over these in silence, and the field would always be empty.
		if f := bound.Field(i); f.Anonymous && !f.IsExported() {
			panic("api: the input of " + op.ID + " embeds the unexported " + f.Name)
		}
	}
	if embeds[Change](bound) {
		operation.Errors = append(operation.Errors, http.StatusConflict, http.StatusPreconditionRequired)
	}
	slices.Sort(operation.Errors)
	huma.Register(a.huma, operation, func(ctx context.Context, in *I) (*O, error) {
		if !op.Public {
			if err := a.gate(ctx, op.Action); err != nil {
				return nil, Problemize(err)
			}
		}
		out, err := handler(ctx, in)
		if err != nil {
			return nil, Problemize(err)
		}
		return out, nil
	})
}

// Stream adds an operation that writes its answer itself: live events and
// files. It stands in the OpenAPI document like any other.
func Stream(a *API, op Op, contentType string, handler http.HandlerFunc) {
	a.ops = append(a.ops, op)
	a.huma.OpenAPI().AddOperation(&huma.Operation{
		OperationID: op.ID, Method: op.Method, Path: Prefix + op.Path, Summary: op.Summary, Tags: []string{tag(op.Path)},
		Extensions: map[string]any{"x-action": op.Action},
		Security:   []map[string][]string{{"session": {}}, {"key": {}}},
		Responses:  map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{contentType: {}}}},
	})
	a.mux.HandleFunc(op.Method+" "+Prefix+op.Path, func(w http.ResponseWriter, r *http.Request) {
		if err := a.gate(r.Context(), op.Action); err != nil {
			WriteProblem(w, r, err)
			return
		}
		handler(w, r)
	})
}

// Plain adds an operation that reads its request and writes its answer itself,
// for one of which thousands come in a second. It stands in the OpenAPI
// document as any other: I is the JSON of its body, O that of its answer.
func Plain[I, O any](a *API, op Op, handler http.HandlerFunc) {
	if op.MaxBody == 0 {
		op.MaxBody = defaultMaxBody
	}
	a.ops, a.naming = append(a.ops, op), op.ID
	pattern := op.Method + " " + Prefix + op.Path
	a.bodies[pattern] = op
	schemas := a.huma.OpenAPI().Components.Schemas
	content := func(kind string, t reflect.Type, hint string) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{kind: {Schema: schemas.Schema(t, true, hint)}}
	}
	a.huma.OpenAPI().AddOperation(&huma.Operation{
		OperationID: op.ID, Method: op.Method, Path: Prefix + op.Path, Summary: op.Summary, Tags: []string{tag(op.Path)},
		Extensions:  map[string]any{"x-action": op.Action},
		Security:    []map[string][]string{{"session": {}}, {"key": {}}},
		RequestBody: &huma.RequestBody{Required: true, Content: content("application/json", reflect.TypeFor[I](), "Request")},
		Responses: map[string]*huma.Response{
			"200":     {Description: "OK", Content: content("application/json", reflect.TypeFor[O](), "Response")},
			"default": {Description: "Error", Content: content("application/problem+json", reflect.TypeFor[Problem](), "Problem")},
		},
	})
	gated := func(w http.ResponseWriter, r *http.Request) {
		if err := a.gate(r.Context(), op.Action); err != nil {
			WriteProblem(w, r, err)
			return
		}
		handler(w, r)
	}
	a.mux.HandleFunc(pattern, gated)
	a.plain[Prefix+op.Path] = plain{op, pattern, gated}
}

// plain is an operation that is found by its path alone, without the mux.
type plain struct {
	op      Op
	pattern string
	handler http.HandlerFunc
}

func (a *API) plainOf(r *http.Request) (plain, bool) {
	p, ok := a.plain[r.URL.Path]
	return p, ok && p.op.Method == r.Method
}

func tag(path string) string {
	return strings.SplitN(strings.TrimPrefix(path, "/"), "/", 2)[0]
}

func embeds[T any](t reflect.Type) bool {
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && f.Type == reflect.TypeFor[T]() {
			return true
		}
	}
	return false
}

// Operations lists what was registered, for the access table.
func (a *API) Operations() []Op { return a.ops }

// Pattern is the operation that a request will reach, "GET /api/v1/reports/{id}",
// or "" for none: what may be logged and counted, as paths hold numbers.
func (a *API) Pattern(r *http.Request) string {
	if p, ok := a.plainOf(r); ok {
		return p.pattern
	}
	_, pattern := a.mux.Handler(r)
	return pattern
}

// EndStreams ends the live events, once, so that the server can stop; their
// readers come again with their cursor.
func (a *API) EndStreams() { close(a.ending) }

// OpenAPI is the document as JSON.
func (a *API) OpenAPI() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }

// ServeHTTP checks the body of a request before anything reads it: its size,
// and that text is UTF-8. The JSON decoder would quietly replace what is not.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.ContentLength == 0 {
		a.mux.ServeHTTP(w, r)
		return
	}
	limit := int64(defaultMaxBody)
	handler := http.Handler(a.mux)
	var op Op
	if p, ok := a.plainOf(r); ok {
		handler, op, limit = p.handler, p.op, p.op.MaxBody
	} else if op, ok = a.bodies[a.Pattern(r)]; ok {
		limit = op.MaxBody
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		WriteProblem(w, r, &lanzha.Error{Code: lanzha.CodeTooLarge, Field: "body", Message: "the body is larger than " + size(limit), Hint: "send less at once"})
		return
	} else if err != nil {
		WriteProblem(w, r, lanzha.Invalid("body", "the body could not be read to its end"))
		return
	}
	if !op.AnyBytes && !utf8.Valid(body) {
		at := 0
		for at < len(body) {
			c, n := utf8.DecodeRune(body[at:])
			if c == utf8.RuneError && n == 1 {
				break
			}
			at += n
		}
		e := lanzha.Invalid("body", "byte %d is not UTF-8", at)
		e.Row = 1 + bytes.Count(body[:at], []byte("\n"))
		e.Hint = "save the file as UTF-8 and send it again"
		WriteProblem(w, r, e)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	handler.ServeHTTP(w, r)
}
