// Package telemetry is how the house is watched: a log with a fixed list of
// keys, health and readiness, metrics, and the HTTP middleware that feeds them.
// It never sees a body, a query or a raw path, and it keeps no globals.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"slices"

	"lanzha"
)

// keys is every key that may stand in a log line, with its meaning. A value
// under any other key is masked, so that a careless line cannot spill personal
// data.
var keys = map[string]string{
	"account":  "ID of the account that acted",
	"action":   "what was asked to be done, as noun.verb",
	"address":  "address the server listens on",
	"attempt":  "how often it was tried, from 1",
	"bytes":    "size of an answer or a file",
	"check":    "name of a readiness check",
	"code":     "class of an error",
	"count":    "how many",
	"database": "sqlite or postgres",
	"due":      "when an obligation is due",
	"err":      "what went wrong, without personal data",
	"id":       "ID of a record",
	"kind":     "kind of a journal row, an obligation or a record",
	"method":   "HTTP method",
	"name":     "name of a part of the program",
	"ms":       "duration in milliseconds",
	"request":  "ID of an HTTP request, as X-Request-Id",
	"route":    "route pattern, never the raw path",
	"seq":      "row of the journal",
	"signal":   "signal that ends the program",
	"stack":    "where the program was when it panicked",
	"status":   "HTTP status",
	"tail":     "name of a journal tail",
	"variable": "name of an environment variable",
	"version":  "version of the program",
}

// Key is a log key and what stands under it.
type Key struct{ Name, Meaning string }

// Keys lists all keys by name, for the documentation.
func Keys() []Key {
	out := make([]Key, 0, len(keys))
	for name, meaning := range keys {
		out = append(out, Key{name, meaning})
	}
	slices.SortFunc(out, func(a, b Key) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}

// NewLogger makes the program's log. Level is debug, info, warn or error,
// format text or json; anything else is CodeInvalid.
func NewLogger(w io.Writer, level, format string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, lanzha.Invalid("log.level", "want debug, info, warn or error")
	}
	options := &slog.HandlerOptions{Level: l, ReplaceAttr: listed}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, lanzha.Invalid("log.format", "want text or json")
}

// listed masks what stands under a key that is not on the list.
func listed(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
		return a
	}
	if _, ok := keys[a.Key]; !ok {
		return slog.String(a.Key, "(not a listed key)")
	}
	return a
}

type requestKey struct{}

// RequestID is the ID of the HTTP request that ctx belongs to, or "". It
// stands in the log and in the answer's X-Request-Id.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
