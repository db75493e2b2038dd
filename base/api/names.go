package api

import (
	"path"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// schemaName names a type in the OpenAPI document by its package and its own
// name, since every stage has a Body and a Summary: institution.Body is
// InstitutionBody, api.List[cases.Summary] is ListCasesSummary. Types of the
// kit and of the vocabulary need no package. A type without a name is called
// after the operation that is being registered.
func schemaName(t reflect.Type, hint, operation string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := t.Name()
	if name == "" {
		part := huma.DefaultSchemaNamer(t, hint)
		switch {
		case strings.HasSuffix(part, "InBody"):
			part = "Request"
		case strings.HasSuffix(part, "OutBody"):
			part = "Response"
		}
		return capital(operation) + part
	}
	var out strings.Builder
	parts := strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("[]*,", r) })
	for i, part := range parts {
		room, base := path.Base(t.PkgPath()), part
		if i > 0 { // a type argument carries its whole path
			dot := strings.LastIndexByte(part, '.')
			room, base = path.Base(part[:max(dot, 0)]), part[dot+1:]
		}
		if room != "api" && room != "lanzha" && room != "." && !strings.HasPrefix(strings.ToLower(base), room) {
			out.WriteString(capital(room))
		}
		out.WriteString(capital(base))
	}
	return out.String()
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
