package shelf

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"lanzha"
	"lanzha/know/policy"
)

// Value is what an operator sets for a parameter that the law leaves open,
// with the citation on which it rests.
type Value struct {
	Parameter   string        `json:"parameter" minLength:"1" maxLength:"100"`
	Value       string        `json:"value" minLength:"1" maxLength:"200" doc:"a number, true or false, a date or a text, as the parameter's type wants it; money in fen"`
	From        string        `json:"from" format:"date" doc:"the first day on which it holds"`
	Until       string        `json:"until,omitempty" format:"date" doc:"the first day on which it holds no more; empty is open"`
	Document    string        `json:"document" minLength:"1" maxLength:"300" doc:"the document that sets it"`
	Number      string        `json:"number,omitempty" maxLength:"100"`
	Publisher   string        `json:"publisher,omitempty" maxLength:"200"`
	Published   string        `json:"published,omitempty" format:"date"`
	Article     string        `json:"article" minLength:"1" maxLength:"100"`
	Phrase      string        `json:"phrase" minLength:"1" maxLength:"1000" doc:"its operative words"`
	Status      policy.Status `json:"status" enum:"C,S,L" doc:"how far the text has been confirmed; what is unconfirmed cannot be set"`
	ConfirmedBy string        `json:"confirmedBy,omitempty" maxLength:"100" doc:"which office read the text"`
	ConfirmedOn string        `json:"confirmedOn,omitempty" format:"date"`
}

// check refuses what is no value of a parameter of the pack. row counts the
// values from 0.
func (v Value) check(row int, pack policy.View) error {
	wrong := func(field, format string, args ...any) error {
		return lanzha.Invalid(fmt.Sprintf("body.values[%d].%s", row, field), format, args...)
	}
	at := slices.IndexFunc(pack.Parameters, func(p policy.ParameterView) bool { return p.Name == v.Parameter })
	if at < 0 {
		return wrong("parameter", "the pack has no such parameter")
	}
	for field, day := range map[string]string{"from": v.From, "until": v.Until, "published": v.Published, "confirmedOn": v.ConfirmedOn} {
		if day == "" && field != "from" {
			continue
		}
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return wrong(field, "this is no date; write it as 2024-12-01")
		}
	}
	if v.Until != "" && v.Until <= v.From {
		return wrong("until", "it ends before it begins")
	}
	if (v.ConfirmedBy == "") != (v.ConfirmedOn == "") {
		return wrong("confirmedOn", "who confirmed the text and when belong together")
	}
	var err error
	switch kind := pack.Parameters[at].Type; kind {
	case "int":
		_, err = strconv.ParseInt(v.Value, 10, 64)
	case "bool":
		_, err = strconv.ParseBool(v.Value)
	case "date":
		_, err = time.Parse(time.DateOnly, v.Value)
	case "instant":
		_, err = time.Parse(time.RFC3339, v.Value)
	default:
		if strings.HasPrefix(v.Value, "=") {
			return wrong("value", "a value is written as it is; an expression belongs into a pack's text")
		}
	}
	if err != nil {
		return wrong("value", "the parameter takes a value of type %s", pack.Parameters[at].Type)
	}
	return nil
}

// overlay writes the values into the overlay of a place: the one that is in
// force there, or a new one. The pack is as it applies in the place.
func overlay(pack policy.View, place string, inForce *Text, values []Value) (string, error) {
	root := &yaml.Node{Kind: yaml.MappingNode}
	if inForce != nil {
		var document yaml.Node
		if err := yaml.Unmarshal(inForce.File.Text, &document); err != nil || len(document.Content) != 1 {
			return "", lanzha.Internal("shelf.overlay", fmt.Errorf("the overlay in force cannot be read: %w", err))
		}
		root = document.Content[0]
		h, err := policy.Head(inForce.File)
		if err != nil {
			return "", err
		}
		set(root, "version", scalar(strconv.Itoa(h.Version+1), false))
	} else {
		first := slices.MinFunc(values, func(a, b Value) int { return strings.Compare(a.From, b.From) })
		set(root, "pack", scalar(pack.Name, false))
		set(root, "version", scalar("1", false))
		title := mapping(root, "title")
		title.Style = yaml.FlowStyle
		set(title, "zh", scalar(pack.Title.ZH+"（"+place+"）", true))
		set(title, "en", scalar(pack.Title.EN+" ("+place+")", true))
		set(root, "jurisdiction", scalar(place, true))
		effective := mapping(root, "effective")
		effective.Style = yaml.FlowStyle
		set(effective, "from", scalar(first.From, false))
	}
	for _, v := range values {
		source := sourceFor(mapping(root, "sources"), v)
		parameter := mapping(mapping(root, "parameters"), v.Parameter)
		list := child(parameter, "values")
		if list == nil {
			list = &yaml.Node{Kind: yaml.SequenceNode}
			set(parameter, "values", list)
		}
		entry := &yaml.Node{Kind: yaml.MappingNode}
		id := v.Parameter + "@" + place + "-" + v.From
		set(entry, "id", scalar(id, true))
		set(entry, "from", scalar(v.From, false))
		if v.Until != "" {
			set(entry, "until", scalar(v.Until, false))
		}
		kind := pack.Parameters[slices.IndexFunc(pack.Parameters, func(p policy.ParameterView) bool { return p.Name == v.Parameter })].Type
		set(entry, "value", scalar(v.Value, kind == "string" || kind == "enum"))
		set(entry, "source", scalar(source, false))
		set(entry, "article", scalar(v.Article, true))
		set(entry, "phrase", scalar(v.Phrase, true))
		set(entry, "status", scalar(string(v.Status), false))
		if v.ConfirmedBy != "" {
			confirmed := mapping(entry, "confirmed")
			confirmed.Style = yaml.FlowStyle
			set(confirmed, "by", scalar(v.ConfirmedBy, true))
			set(confirmed, "on", scalar(v.ConfirmedOn, false))
		}
		for _, before := range list.Content { // what has no end ends where the next begins
			if from := child(before, "from"); child(before, "until") == nil && from != nil && from.Value < v.From {
				set(before, "until", scalar(v.From, false))
			}
		}
		list.Content = slices.DeleteFunc(list.Content, func(n *yaml.Node) bool { c := child(n, "id"); return c != nil && c.Value == id })
		list.Content = append(list.Content, entry)
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return "", lanzha.Internal("shelf.overlay", err)
	}
	return out.String(), nil
}

// sourceFor names the source of a value's document, which it adds where the
// overlay does not cite it yet.
func sourceFor(sources *yaml.Node, v Value) string {
	for i := 0; i+1 < len(sources.Content); i += 2 {
		document, number := child(sources.Content[i+1], "document"), child(sources.Content[i+1], "number")
		if document != nil && document.Value == v.Document && (number == nil && v.Number == "" || number != nil && number.Value == v.Number) {
			return sources.Content[i].Value
		}
	}
	name := ""
	for n := 1; name == "" || child(sources, name) != nil; n++ {
		name = "cited" + strconv.Itoa(n)
	}
	source := mapping(sources, name)
	set(source, "document", scalar(v.Document, true))
	for _, f := range []struct {
		key, value string
		quoted     bool
	}{{"number", v.Number, true}, {"published", v.Published, false}, {"publisher", v.Publisher, true}} {
		if f.value != "" {
			set(source, f.key, scalar(f.value, f.quoted))
		}
	}
	return name
}

func scalar(text string, quoted bool) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: text}
	if quoted {
		n.Tag, n.Style = "!!str", yaml.DoubleQuotedStyle
	}
	return n
}

// child is what a mapping has under a key; nil is nothing.
func child(of *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(of.Content); i += 2 {
		if of.Content[i].Value == key {
			return of.Content[i+1]
		}
	}
	return nil
}

// mapping is the mapping under a key, which is made where it is missing.
func mapping(of *yaml.Node, key string) *yaml.Node {
	if c := child(of, key); c != nil {
		return c
	}
	c := &yaml.Node{Kind: yaml.MappingNode}
	set(of, key, c)
	return c
}

func set(of *yaml.Node, key string, to *yaml.Node) {
	for i := 0; i+1 < len(of.Content); i += 2 {
		if of.Content[i].Value == key {
			of.Content[i+1] = to
			return
		}
	}
	of.Content = append(of.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, to)
}
