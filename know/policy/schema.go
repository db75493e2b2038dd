package policy

import (
	"strings"
)

// Schema is the JSON Schema (2020-12) of the pack's input. Titles are Chinese
// and descriptions English; nothing is required, since what is absent is
// unknown. Every call makes a new one.
func (p *Pack) Schema() map[string]any {
	root := objectSchema()
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"], root["description"] = p.base.Title.ZH, p.base.Title.EN
	for _, e := range p.base.Inputs {
		at := root
		parts := strings.Split(e.Name, ".")
		for _, name := range parts[:len(parts)-1] {
			properties := at["properties"].(map[string]any) // objectSchema made it
			next, ok := properties[name].(map[string]any)
			if !ok {
				next = objectSchema()
				properties[name] = next
			}
			at = next
		}
		one := e.Value.schema()
		if e.Name == p.base.Date {
			one["description"] = e.Value.EN + " (the law is read on this day)"
		}
		at["properties"].(map[string]any)[parts[len(parts)-1]] = one
	}
	return root
}

func objectSchema() map[string]any {
	return map[string]any{"type": "object", "additionalProperties": false, "required": []any{}, "properties": map[string]any{}}
}

func (in input) schema() map[string]any {
	if in.Type != "list" {
		of := ordered[Words]{}
		for _, o := range in.Of {
			of = append(of, entry[Words]{Name: o.Name, Value: Words{o.Value.ZH, o.Value.EN}})
		}
		return scalarSchema(in.Type, Words{in.ZH, in.EN}, in.Min, in.Max, of)
	}
	item := objectSchema()
	for _, o := range in.Of {
		item["properties"].(map[string]any)[o.Name] = scalarSchema(o.Value.Type, Words{o.Value.ZH, o.Value.EN}, o.Value.Min, o.Value.Max, o.Value.Of)
	}
	return map[string]any{"type": "array", "title": in.ZH, "description": in.EN, "maxItems": maxItems, "items": item}
}

func scalarSchema(kind string, words Words, lo, hi *int64, of ordered[Words]) map[string]any {
	s := map[string]any{"title": words.ZH, "description": words.EN}
	switch kind {
	case "bool":
		s["type"] = "boolean"
	case "int":
		s["type"] = "integer"
		l := limits(lo, hi)
		s["minimum"], s["maximum"] = l.min, l.max
	case "date":
		s["type"], s["format"] = "string", "date"
	case "instant":
		s["type"], s["format"] = "string", "date-time"
	case "string":
		s["type"] = "string"
	case "enum":
		s["type"] = "string"
		values, said := []any{}, []any{}
		for _, e := range of {
			values = append(values, e.Name)
			said = append(said, map[string]any{"const": e.Name, "title": e.Value.ZH, "description": e.Value.EN})
		}
		s["enum"], s["oneOf"] = values, said
	}
	return s
}
