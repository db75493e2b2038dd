package rule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"lanzha"
)

// place is where in a file something stands.
type place struct {
	file string
	line int // 0 is the file as a whole
}

func (p place) String() string {
	if p.line == 0 {
		return p.file
	}
	return p.file + ":" + strconv.Itoa(p.line)
}

// wrong refuses a file: where, which member, and what is wanted.
func (p place) wrong(field, format string, args ...any) *lanzha.Error {
	where := p.String()
	if field != "" {
		where += ": " + field
	}
	return &lanzha.Error{Code: lanzha.CodeInvalid, Field: where, Message: fmt.Sprintf(format, args...), Hint: "docs/rules.md describes the file"}
}

// mistake is what is wrong with a member, and at which character of it.
type mistake struct {
	text      string
	character int // 0 is the member as a whole
}

func (m *mistake) Error() string { return m.text }

func refuse(format string, args ...any) error { return &mistake{text: fmt.Sprintf(format, args...)} }

// refused is a file with a mistake in a member.
func (p place) refused(field string, err error) *lanzha.Error {
	if m, ok := errors.AsType[*mistake](err); ok {
		if m.character > 0 {
			field = fmt.Sprintf("%s: character %d", field, m.character)
		}
		return p.wrong(field, "%s", m.text)
	}
	return p.wrong(field, "%v", err)
}

// readStrict decodes one YAML document into a struct and refuses members that
// it does not have, with the line and the name that was probably meant.
func readStrict(file string, text []byte, into any) (root *yaml.Node, err error) {
	at := place{file: file}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var whole yaml.Node
	if err := decoder.Decode(&whole); errors.Is(err, io.EOF) {
		return nil, at.wrong("", "the file is empty")
	} else if err != nil {
		return nil, at.syntax(err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, at.wrong("", "one document is wanted, and more follows it")
	}
	root = whole.Content[0]
	if err := shaped(file, "", root, reflect.TypeOf(into).Elem()); err != nil {
		return nil, err
	}
	if err := root.Decode(into); err != nil {
		return nil, at.syntax(err)
	}
	return root, nil
}

// syntax is an error of the YAML library, with its line where errors have it.
func (p place) syntax(err error) *lanzha.Error {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		number, what, _ := strings.Cut(rest, ": ")
		if line, err := strconv.Atoi(number); err == nil {
			p.line, message = line, what
		}
	}
	return p.wrong("", "this is no YAML: %s", message)
}

var nodeType, unmarshalerType = reflect.TypeFor[yaml.Node](), reflect.TypeFor[yaml.Unmarshaler]()

// decodeAt decodes a part of a file as strictly.
func decodeAt(file, field string, n *yaml.Node, into any) error {
	if err := shaped(file, field, n, reflect.TypeOf(into).Elem()); err != nil {
		return err
	}
	if err := n.Decode(into); err != nil {
		return place{file, n.Line}.syntax(err)
	}
	return nil
}

// shaped reports the first thing in a tree that a type has no place for.
func shaped(file, field string, n *yaml.Node, t reflect.Type) error {
	at := place{file, n.Line}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return at.wrong(field, "anchors and aliases are not read: write it out")
	}
	if t == nodeType || reflect.PointerTo(t).Implements(unmarshalerType) || n.Tag == "!!null" {
		return nil
	}
	switch t.Kind() {
	case reflect.Struct:
		return shapedStruct(file, field, n, t)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			return at.wrong(field, "a list is wanted")
		}
		for i, c := range n.Content {
			if err := shaped(file, fmt.Sprintf("%s[%d]", field, i+1), c, t.Elem()); err != nil {
				return err
			}
		}
	case reflect.Map:
		if n.Kind != yaml.MappingNode {
			return at.wrong(field, "names with values are wanted, as in {name: value}")
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if err := shaped(file, join(field, n.Content[i].Value), n.Content[i+1], t.Elem()); err != nil {
				return err
			}
		}
	case reflect.Int:
		if n.Tag != "!!int" {
			return at.wrong(field, "a whole number is wanted")
		}
	case reflect.String:
		if n.Kind != yaml.ScalarNode {
			return at.wrong(field, "a text is wanted; one with a brace, a colon or a hash stands in quotes")
		}
	}
	return nil
}

func shapedStruct(file, field string, n *yaml.Node, t reflect.Type) error {
	if n.Kind != yaml.MappingNode {
		return place{file, n.Line}.wrong(field, "names with values are wanted, as in {name: value}")
	}
	members, names := map[string]reflect.Type{}, []string{}
	for f := range t.Fields() {
		if name := f.Tag.Get("yaml"); name != "" && name != "-" {
			members[name], names = f.Type, append(names, name)
		}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		at := place{file, key.Line}
		member, ok := members[key.Value]
		switch {
		case !ok:
			if meant := nearest(key.Value, names); meant != "" {
				return at.wrong(join(field, key.Value), "there is no such member; %s is meant, perhaps", meant)
			}
			return at.wrong(join(field, key.Value), "there is no such member; there are %s", strings.Join(names, ", "))
		case seen[key.Value]:
			return at.wrong(join(field, key.Value), "this stands there twice")
		}
		seen[key.Value] = true
		if err := shaped(file, join(field, key.Value), n.Content[i+1], member); err != nil {
			return err
		}
	}
	return nil
}

func join(field, name string) string {
	if field == "" {
		return name
	}
	return field + "." + name
}

// nearest is the candidate that is probably meant; "" when none is near.
func nearest(name string, candidates []string) string {
	best, least := "", max(2, len(name)/3)+1
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := distance(name, c); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is how many letters must be changed, added or taken away, two
// letters that changed places counting once.
func distance(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		earlier := before
		before, row = row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := before[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, before[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], earlier[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
