package api

import (
	"reflect"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/journal"
)

func TestSchemaName(t *testing.T) {
	for want, v := range map[string]any{
		"Detail":             Detail{},
		"Problem":            &Problem{},
		"Error":              lanzha.Error{},
		"JournalRow":         journal.Row{},
		"ListJournalRow":     List[journal.Row]{},
		"ListDetail":         List[*Detail]{},
		"ListInt":            List[int]{},
		"TimeDuration":       time.Second,
		"CloseReportRequest": struct{ A int }{},
	} {
		if got := schemaName(reflect.TypeOf(v), "closeInBody", "closeReport"); got != want {
			t.Errorf("%T is named %s, want %s", v, got, want)
		}
	}
}
