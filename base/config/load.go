package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"lanzha"
)

// Sources are where options are read from; the zero value is an empty
// configuration, which runs.
type Sources struct {
	File  string            // path of the YAML file; "" is none
	Env   []string          // "NAME=value", as os.Environ gives it
	Flags map[string]string // option path -> text, only of flags that were given
}

// Loaded is a checked configuration that knows its origins.
type Loaded struct {
	Config
	// Unknown lists variables LANZHA_* that set nothing. They are a warning and
	// no error, since an orchestrator may set such names by itself.
	Unknown []string

	options []*option
}

// option is one leaf of Config.
type option struct {
	path   string
	env    string
	help   string
	secret bool
	inFile bool
	origin string
	value  reflect.Value
}

// Load reads all sources and checks the result. An unknown key, a value of the
// wrong type or one that does not fit is CodeInvalid with file and line, or the
// name of the variable or flag.
func Load(s Sources) (*Loaded, error) {
	l := &Loaded{}
	if err := l.collect("", reflect.ValueOf(&l.Config).Elem()); err != nil {
		return nil, err
	}
	if s.File != "" {
		data, err := os.ReadFile(s.File)
		if err != nil {
			code := lanzha.CodeUnavailable
			if errors.Is(err, fs.ErrNotExist) {
				code = lanzha.CodeInvalid
			}
			return nil, &lanzha.Error{Code: code, Op: "config.Load", Message: "the configuration file cannot be read", Err: err}
		}
		if err := l.file(s.File, data); err != nil {
			return nil, err
		}
	}
	if err := l.environment(s.Env); err != nil {
		return nil, err
	}
	for path, text := range s.Flags {
		o := l.option(path)
		if o == nil {
			return nil, lanzha.Invalid(path, "no such option")
		}
		if err := o.set(text, "--"+kebab(path)); err != nil {
			return nil, err
		}
	}
	if err := l.check(); err != nil {
		return nil, l.located(err)
	}
	return l, nil
}

// Print lists every option with its value and origin, secrets redacted.
func (l *Loaded) Print() []Line {
	out := make([]Line, 0, len(l.options))
	for _, o := range l.options {
		out = append(out, Line{Path: o.path, Value: redacted(o), Origin: o.origin, Env: o.env, Help: o.help})
	}
	return out
}

// located adds to an error of check where the offending value came from.
func (l *Loaded) located(err error) error {
	e, ok := errors.AsType[*lanzha.Error](err)
	if !ok {
		return err
	}
	if o := l.option(e.Field); o != nil {
		e.Hint = "it was set by " + o.origin
	}
	return e
}

func (l *Loaded) option(path string) *option {
	for _, o := range l.options {
		if o.path == path {
			return o
		}
	}
	return nil
}

// collect lists the leaves of a struct and gives them their defaults.
func (l *Loaded) collect(prefix string, v reflect.Value) error {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := f.Tag.Get("yaml")
		inFile := name != "-"
		if !inFile {
			name = strings.ToLower(f.Name)
		}
		path := strings.TrimPrefix(prefix+"."+name, ".")
		if f.Type.Kind() == reflect.Struct {
			if err := l.collect(path, v.Field(i)); err != nil {
				return err
			}
			continue
		}
		o := &option{
			path: path, env: f.Tag.Get("env"), help: f.Tag.Get("help"), inFile: inFile,
			secret: f.Tag.Get("secret") == "true", value: v.Field(i), origin: "default",
		}
		if o.env == "" {
			o.env = "LANZHA_" + strings.ToUpper(strings.ReplaceAll(kebab(path), "-", "_"))
		}
		if text := f.Tag.Get("default"); text != "" {
			if err := o.set(text, "default"); err != nil {
				return err
			}
		}
		l.options = append(l.options, o)
	}
	return nil
}

// file takes the options of a YAML document.
func (l *Loaded) file(name string, data []byte) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return &lanzha.Error{Code: lanzha.CodeInvalid, Op: "config.Load", Message: name + " is not YAML", Err: err}
	}
	if doc.Kind == 0 || doc.Content[0].Tag == "!!null" {
		return nil // empty, or comments only
	}
	return l.mapping(name, "", doc.Content[0], map[string]int{})
}

func (l *Loaded) mapping(file, prefix string, node *yaml.Node, seen map[string]int) error {
	at := func(n *yaml.Node) string { return fmt.Sprintf("%s:%d", file, n.Line) }
	if node.Kind != yaml.MappingNode {
		return lanzha.Invalid(prefix, "%s: want keys and values", at(node))
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		path := strings.TrimPrefix(prefix+"."+key.Value, ".")
		if line, twice := seen[path]; twice {
			return lanzha.Invalid(path, "%s: the key stands twice, first on line %d", at(key), line)
		}
		seen[path] = key.Line
		o := l.option(path)
		var err error
		switch {
		case o != nil && o.inFile && value.Kind == yaml.ScalarNode && value.Tag == "!!null":
			continue // a key without a value keeps its default
		case o != nil && o.inFile && value.Kind == yaml.ScalarNode:
			err = o.set(value.Value, at(value))
		case o != nil && o.inFile && value.Kind == yaml.SequenceNode && o.value.Kind() == reflect.Slice:
			var items []string
			for _, item := range value.Content {
				items = append(items, item.Value)
			}
			err = o.set(strings.Join(items, ","), at(value))
		case o != nil && o.inFile:
			err = lanzha.Invalid(path, "%s: want a single value", at(value))
		case slices.ContainsFunc(l.options, func(o *option) bool { return o.inFile && strings.HasPrefix(o.path, path+".") }):
			if value.Tag == "!!null" {
				continue
			}
			err = l.mapping(file, path, value, seen)
		default:
			e := lanzha.Invalid(path, "%s: unknown key", at(key))
			e.Hint = "the keys here are " + strings.Join(l.keys(prefix), ", ")
			err = e
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keys lists the keys that may stand below a path.
func (l *Loaded) keys(prefix string) []string {
	var out []string
	for _, o := range l.options {
		rest, below := o.path, true
		if prefix != "" {
			rest, below = strings.CutPrefix(o.path, prefix+".")
		}
		name, _, _ := strings.Cut(rest, ".")
		if below && o.inFile && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func (l *Loaded) environment(env []string) error {
	for _, pair := range env {
		name, text, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "LANZHA_") {
			continue
		}
		i := slices.IndexFunc(l.options, func(o *option) bool { return o.env == name })
		if i < 0 {
			l.Unknown = append(l.Unknown, name)
			continue
		}
		if err := l.options[i].set(text, name); err != nil {
			return err
		}
	}
	return nil
}

// set gives the option a value from text. The error never repeats the text,
// which may be a secret.
func (o *option) set(text, origin string) error {
	switch p := o.value.Addr().Interface().(type) {
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return lanzha.Invalid(o.path, "%s: want a duration, as 720h or 30m", origin)
		}
		*p = d
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return lanzha.Invalid(o.path, "%s: want true or false", origin)
		}
		*p = b
	case *int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return lanzha.Invalid(o.path, "%s: want a whole number", origin)
		}
		*p = n
	case *[]string:
		*p = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	default:
		if o.value.Kind() != reflect.String {
			return lanzha.Internal("config.set", fmt.Errorf("an option of type %s", o.value.Type()))
		}
		o.value.SetString(text)
	}
	o.origin = origin
	return nil
}

func (o *option) text() string {
	if list, ok := o.value.Interface().([]string); ok {
		return strings.Join(list, ",")
	}
	return fmt.Sprint(o.value.Interface())
}

// kebab turns "oidc.clientId" into "oidc-client-id".
func kebab(path string) string {
	var b strings.Builder
	for _, r := range path {
		switch {
		case r == '.':
			b.WriteByte('-')
		case unicode.IsUpper(r):
			b.WriteByte('-')
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
