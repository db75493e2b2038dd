package rule

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/containers"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"

	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// Conditions are written in a small part of CEL over features, the fields of
// the event and lists. Its library parses them and checks their types against
// these declarations alone. What they mean is closures, and where it can be, a
// comparison of a feature with a number: that is one interval of integers, which
// is tested without a call.

// moment is an event with all that conditions read.
type moment struct {
	batch  *feed.Batch
	event  *feed.Event
	values []feature.Value // in the order in which the machine has them
	places []int           // of each feature of the pack among the values; reasons read by it
}

// test decides a part of a condition.
type test func(x *moment) bool

// answer is what a condition comes to.
type answer uint8

const (
	no answer = iota
	yes
	nothing // it divides by zero, and that decides
)

// part is a part of a condition: a test, or what can come to nothing as well.
type part struct {
	sure  test
	shaky func(x *moment) answer
}

// asked is a part as if it could come to nothing.
func (p part) asked() func(x *moment) answer {
	if p.shaky != nil {
		return p.shaky
	}
	return func(x *moment) answer {
		if p.sure(x) {
			return yes
		}
		return no
	}
}

func sure(t test) part { return part{sure: t} }

// interval is a comparison of a feature with a number: its value lies in it.
// Absent, the least integer, lies in none.
type interval struct {
	low   int64
	width uint64
	at    int // of the value
}

func (i *interval) holds(values []feature.Value) bool {
	return uint64(int64(values[i.at])-i.low) <= i.width
}

// fieldInterval is a comparison of a field with a number.
type fieldInterval struct {
	field feed.Slot
	low   int64
	width uint64
}

func (i *fieldInterval) holds(e *feed.Event) bool {
	return e.Given(i.field) && uint64(e.NumAt(i.field)-i.low) <= i.width
}

// condition is a compiled condition: all intervals and all tests must hold.
type condition struct {
	scope *scope
	tree  *ast.AST

	intervals []interval
	fields    []fieldInterval
	tests     []test
	shaky     func(x *moment) answer // asked when all else holds; may be nil
	reads     []operand              // numbers, in the order of the text
	features  []int                  // all features that it reads, of the pack's
	asks      []listing
}

// operand is a number that a condition or a reason reads.
type operand struct {
	feature int    // of the pack's; -1 is a field
	field   string // of the event
}

// listing is a use of a list.
type listing struct {
	list   int // of the pack's
	domain feed.Domain
}

// decide is what the condition comes to.
func (c *condition) decide(x *moment) answer {
	for i := range c.intervals {
		if !c.intervals[i].holds(x.values) {
			return no
		}
	}
	return c.rest(x)
}

// rest is what it comes to when all intervals hold.
func (c *condition) rest(x *moment) answer {
	for i := range c.fields {
		if !c.fields[i].holds(x.event) {
			return no
		}
	}
	for _, t := range c.tests {
		if !t(x) {
			return no
		}
	}
	if c.shaky != nil {
		return c.shaky(x)
	}
	return yes
}

const (
	callHas    = "@has"
	callListed = "listed"
)

var momentType = types.NewOpaqueType("moment")

type language struct {
	parser    *parser.Parser
	functions []*decls.FunctionDecl
}

// theLanguage is what conditions may use. Whole numbers stand as literals only:
// every feature and field that is a number is a double, whatever keeps it.
var theLanguage = sync.OnceValues(func() (*language, error) {
	p, err := parser.NewParser(
		parser.MaxRecursionDepth(60), parser.ExpressionSizeCodePointLimit(4000), parser.MaxExpressionNodeCount(600), parser.ErrorReportingLimit(1),
		parser.Macros(parser.NewGlobalMacro(operators.Has, 1, func(h parser.ExprHelper, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
			return h.NewCall(callHas, args[0]), nil
		})))
	if err != nil {
		return nil, err
	}
	l := &language{parser: p}
	b, i, d, s, t := types.BoolType, types.IntType, types.DoubleType, types.StringType, momentType
	numbers := func(result *types.Type) [][]*types.Type {
		return [][]*types.Type{{d, d, result}, {d, i, result}, {i, d, result}, {i, i, result}}
	}
	equal := append(numbers(b), []*types.Type{s, s, b}, []*types.Type{b, b, b})
	for _, f := range []struct {
		name       string
		member     bool
		signatures [][]*types.Type // the result stands last
	}{
		{operators.LogicalAnd, false, [][]*types.Type{{b, b, b}}}, {operators.LogicalOr, false, [][]*types.Type{{b, b, b}}}, {operators.LogicalNot, false, [][]*types.Type{{b, b}}},
		{operators.Equals, false, equal}, {operators.NotEquals, false, equal},
		{operators.Less, false, numbers(b)}, {operators.LessEquals, false, numbers(b)}, {operators.Greater, false, numbers(b)}, {operators.GreaterEquals, false, numbers(b)},
		{operators.Add, false, numbers(d)}, {operators.Subtract, false, numbers(d)}, {operators.Multiply, false, numbers(d)}, {operators.Divide, false, numbers(d)},
		{operators.Negate, false, [][]*types.Type{{d, d}, {i, d}}},
		{operators.In, false, [][]*types.Type{{s, types.NewListType(s), b}, {d, types.NewListType(i), b}, {d, types.NewListType(d), b}}},
		{"startsWith", true, [][]*types.Type{{s, s, b}}}, {"endsWith", true, [][]*types.Type{{s, s, b}}}, {"contains", true, [][]*types.Type{{s, s, b}}},
		{"size", false, [][]*types.Type{{s, d}}}, {"hour", false, [][]*types.Type{{t, d}}}, {"weekday", false, [][]*types.Type{{t, d}}},
		{callListed, false, [][]*types.Type{{s, s, b}}},
		{callHas, false, [][]*types.Type{{d, b}, {s, b}, {t, b}, {b, b}}},
	} {
		options := []decls.FunctionOpt{}
		for n, sig := range f.signatures {
			overload := decls.Overload
			if f.member {
				overload = decls.MemberOverload
			}
			options = append(options, overload(fmt.Sprintf("%s/%d", f.name, n), sig[:len(sig)-1], sig[len(sig)-1]))
		}
		decl, err := decls.NewFunction(f.name, options...)
		if err != nil {
			return nil, fmt.Errorf("declaring %s: %w", f.name, err)
		}
		l.functions = append(l.functions, decl)
	}
	return l, nil
})

// celType is the type of a field in conditions; nil is none: what is known
// later than the event is not the event's own.
func celType(f feed.Field) *types.Type {
	switch f.Type {
	case feed.Text:
		return types.StringType
	case feed.Integer, feed.Amount:
		return types.DoubleType
	case feed.Bool:
		return types.BoolType
	case feed.Instant:
		if f.Name != "known" {
			return momentType
		}
	}
	return nil
}

// scope is what the conditions of one kind of event may name.
type scope struct {
	pack     *Pack
	kind     feed.Kind
	key      *feed.Field    // of a signal: there is no event, and features of this key alone have values
	features map[string]int // by name, of the pack's
}

func (p *Pack) scope(kind feed.Kind, key *feed.Field) *scope {
	s := &scope{pack: p, kind: kind, key: key, features: map[string]int{}}
	for i, f := range p.Features.Features {
		if key == nil && slices.Contains(f.At, kind) || key != nil && p.about(f, key.Domain) {
			s.features[f.Name] = i
		}
	}
	return s
}

// about reports whether a feature can be read of a single thing of a domain.
func (p *Pack) about(f *feature.Feature, of feed.Domain) bool {
	if f.Aggregate != feature.Ratio {
		return len(f.Key) == 1 && f.Key[0].Domain == of
	}
	for _, g := range p.Features.Features {
		if slices.Contains(f.Of, g.Name) && !p.about(g, of) {
			return false
		}
	}
	return true
}

// names are all names that a condition may use.
func (s *scope) names() []string {
	out := []string{}
	for n := range s.features {
		out = append(out, n)
	}
	if s.key == nil {
		for _, f := range s.kind.Fields() {
			if celType(f) != nil {
				out = append(out, f.Name)
			}
		}
	}
	return out
}

var undeclared = regexp.MustCompile(`undeclared reference to '([^']*)'`)

// misread is an error of CEL's library in words of ours.
func (s *scope) misread(errs *common.Errors) error {
	if errs == nil || len(errs.GetErrors()) == 0 {
		return nil
	}
	e := errs.GetErrors()[0]
	out := &mistake{character: e.Location.Column() + 1}
	if m := undeclared.FindStringSubmatch(e.Message); m != nil {
		out.text = s.unknown(m[1]).Error()
		return out
	}
	message, _, _ := strings.Cut(e.Message, " (in container")
	switch {
	case strings.HasPrefix(message, "found no matching overload"), strings.HasPrefix(message, "expected type"):
		out.text = refuse("numbers are compared with numbers and texts with texts, and a condition is yes or no").Error()
	case strings.HasPrefix(message, "Syntax error"):
		message, _, _ = strings.Cut(strings.TrimPrefix(message, "Syntax error: "), " expecting ")
		out.text = refuse("this is not understood: %s", message).Error()
	default:
		out.text = message
	}
	return out
}

// unknown says what a name may have meant.
func (s *scope) unknown(name string) error {
	for _, f := range s.pack.Features.Features {
		switch {
		case f.Name != name:
		case s.key == nil:
			return refuse("%s is a feature of a %s, and has no value at a %s: at says where it has one", name, f.Event, s.kind)
		default:
			return refuse("%s is not a feature of the %s that is asked about", name, s.key.Name)
		}
	}
	if f, ok := s.kind.Field(name); ok {
		if s.key != nil {
			return refuse("a signal has no event: it reads features of the %s that is asked about", s.key.Name)
		}
		return refuse("%s is known only after the event: no rule can read it", f.Name)
	}
	if meant := nearest(name, s.names()); meant != "" {
		return refuse("there is no %s; %s is meant, perhaps", name, meant)
	}
	return refuse("there is no feature, field or function %s", name)
}

// compile parses, checks and compiles a condition.
func (s *scope) compile(text string) (*condition, error) {
	if strings.TrimSpace(text) == "" {
		return nil, refuse("a condition is wanted, such as calls_1h >= 20")
	}
	l, err := theLanguage()
	if err != nil {
		return nil, err
	}
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	env, err := checker.NewEnv(containers.DefaultContainer, registry)
	if err != nil {
		return nil, err
	}
	if err := env.AddFunctions(l.functions...); err != nil {
		return nil, err
	}
	for n := range s.features {
		if _, ok := s.kind.Field(n); ok && s.key == nil {
			return nil, refuse("%s is both a feature and a field of a %s: give the feature another name", n, s.kind)
		}
		if err := env.AddIdents(decls.NewVariable(n, types.DoubleType)); err != nil {
			return nil, err
		}
	}
	for _, f := range s.kind.Fields() {
		if t := celType(f); t != nil && s.key == nil {
			if err := env.AddIdents(decls.NewVariable(f.Name, t)); err != nil {
				return nil, err
			}
		}
	}
	src := common.NewTextSource(text)
	parsed, errs := l.parser.Parse(src)
	if err := s.misread(errs); err != nil {
		return nil, err
	}
	tree, errs := checker.Check(parsed, src, env)
	if err := s.misread(errs); err != nil {
		return nil, err
	}
	// Where the values will stand is the machine's to say; until then it is
	// compiled to be checked.
	out := &condition{scope: s, tree: tree}
	return out.bind(make([]int, len(s.pack.Features.Features)), make([]*list, len(s.pack.Lists)))
}

// bind compiles a checked condition over values in their places.
func (c *condition) bind(places []int, lists []*list) (*condition, error) {
	x := &compiler{scope: c.scope, tree: c.tree, places: places, lists: lists, out: &condition{scope: c.scope, tree: c.tree}}
	if err := x.all(c.tree.Expr()); err != nil {
		return nil, err
	}
	return x.out, nil
}

type compiler struct {
	*scope
	tree   *ast.AST
	places []int   // by feature of the pack
	lists  []*list // by list of the pack
	out    *condition
}

func (c *compiler) wrong(e ast.Expr, format string, args ...any) error {
	return &mistake{fmt.Sprintf(format, args...), c.tree.SourceInfo().GetStartLocation(e.ID()).Column() + 1}
}

func (c *compiler) kindOf(e ast.Expr) types.Kind { return c.tree.GetType(e.ID()).Kind() }

// all compiles what must hold together. What can come to nothing stands last,
// so that it is asked only when all else holds.
func (c *compiler) all(e ast.Expr) error {
	for _, x := range conjuncts(e, nil) {
		if i, ok := c.interval(x); ok {
			c.out.intervals = append(c.out.intervals, i)
			continue
		}
		if i, ok := c.fieldInterval(x); ok {
			c.out.fields = append(c.out.fields, i)
			continue
		}
		p, err := c.condition(x)
		switch {
		case err != nil:
			return err
		case p.shaky == nil:
			c.out.tests = append(c.out.tests, p.sure)
		case c.out.shaky == nil:
			c.out.shaky = p.shaky
		default:
			c.out.shaky = both(c.out.shaky, p.shaky)
		}
	}
	return nil
}

func conjuncts(e ast.Expr, to []ast.Expr) []ast.Expr {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalAnd {
		for _, a := range e.AsCall().Args() {
			to = conjuncts(a, to)
		}
		return to
	}
	return append(to, e)
}

// both is x && y: no is no whatever the other comes to.
func both(x, y func(*moment) answer) func(*moment) answer {
	return func(m *moment) answer {
		a := x(m)
		if a == no {
			return no
		}
		if b := y(m); b != yes {
			return b
		}
		return a
	}
}

// either is x || y: yes is yes whatever the other comes to.
func either(x, y func(*moment) answer) func(*moment) answer {
	return func(m *moment) answer {
		a := x(m)
		if a == yes {
			return yes
		}
		if b := y(m); b != no {
			return b
		}
		return a
	}
}

// condition compiles what is yes or no.
func (c *compiler) condition(e ast.Expr) (part, error) {
	if c.kindOf(e) != types.BoolKind {
		return part{}, c.wrong(e, "yes or no is wanted: a comparison, such as calls_1h >= 20")
	}
	if f, ok := c.field(e); ok {
		slot := f.Slot()
		return sure(func(x *moment) bool { return x.event.NumAt(slot) != 0 }), nil
	}
	if e.Kind() == ast.LiteralKind {
		is := e.AsLiteral() == types.True
		return sure(func(*moment) bool { return is }), nil
	}
	if e.Kind() != ast.CallKind {
		return part{}, c.wrong(e, "a condition does not use this part of CEL")
	}
	call := e.AsCall()
	args := call.Args()
	switch name := call.FunctionName(); name {
	case operators.LogicalAnd, operators.LogicalOr:
		return c.joined(name, args)
	case operators.LogicalNot:
		return c.not(args[0])
	case callHas:
		return c.has(args[0])
	case callListed:
		return c.listed(e, args)
	case operators.In:
		return c.in(e, args)
	case "startsWith", "endsWith", "contains":
		return c.search(name, call.Target(), args[0])
	default:
		if i, ok := c.interval(e); ok {
			return sure(func(x *moment) bool { return i.holds(x.values) }), nil
		}
		return c.comparison(name, e, args)
	}
}

func (c *compiler) joined(name string, args []ast.Expr) (part, error) {
	a, err := c.condition(args[0])
	if err != nil {
		return part{}, err
	}
	b, err := c.condition(args[1])
	if err != nil {
		return part{}, err
	}
	and := name == operators.LogicalAnd
	if a.shaky == nil && b.shaky == nil {
		x, y := a.sure, b.sure
		if and {
			return sure(func(m *moment) bool { return x(m) && y(m) }), nil
		}
		return sure(func(m *moment) bool { return x(m) || y(m) }), nil
	}
	if and {
		return part{shaky: both(a.asked(), b.asked())}, nil
	}
	return part{shaky: either(a.asked(), b.asked())}, nil
}

func (c *compiler) not(e ast.Expr) (part, error) {
	p, err := c.condition(e)
	if err != nil {
		return part{}, err
	}
	if x := p.sure; x != nil {
		return sure(func(m *moment) bool { return !x(m) }), nil
	}
	return part{shaky: func(m *moment) answer {
		switch p.shaky(m) {
		case no:
			return yes
		case yes:
			return no
		}
		return nothing
	}}, nil
}

// field is the field that e names by itself.
func (c *compiler) field(e ast.Expr) (feed.Field, bool) {
	if e.Kind() != ast.IdentKind {
		return feed.Field{}, false
	}
	f, ok := c.scope.kind.Field(strings.TrimPrefix(e.AsIdent(), "."))
	return f, ok
}

// feature is the feature that e names by itself.
func (c *compiler) feature(e ast.Expr) (int, bool) {
	if e.Kind() != ast.IdentKind {
		return 0, false
	}
	i, ok := c.features[strings.TrimPrefix(e.AsIdent(), ".")]
	if ok {
		c.read(operand{feature: i})
		if !slices.Contains(c.out.features, i) {
			c.out.features = append(c.out.features, i)
		}
	}
	return i, ok
}

func (c *compiler) read(n operand) {
	if !slices.Contains(c.out.reads, n) {
		c.out.reads = append(c.out.reads, n)
	}
}

func (c *compiler) has(e ast.Expr) (part, error) {
	if i, ok := c.feature(e); ok {
		at := c.places[i]
		return sure(func(x *moment) bool { return x.values[at] != feature.Absent }), nil
	}
	if f, ok := c.field(e); ok {
		slot := f.Slot()
		return sure(func(x *moment) bool { return x.event.Given(slot) }), nil
	}
	return part{}, c.wrong(e, "has() asks for a feature or a field of the event")
}

// listed looks a field up in a list.
func (c *compiler) listed(e ast.Expr, args []ast.Expr) (part, error) {
	if c.key != nil {
		return part{}, c.wrong(e, "a signal has no event: it asks no list")
	}
	s, ok := literal(args[0])
	if !ok {
		return part{}, c.wrong(args[0], "the name of a list is wanted in quotes, as in listed('couriers', caller)")
	}
	at := slices.Index(c.pack.Lists, s)
	if at < 0 {
		if meant := nearest(s, c.pack.Lists); meant != "" {
			return part{}, c.wrong(args[0], "the pack names no list %s; %s is meant, perhaps", s, meant)
		}
		return part{}, c.wrong(args[0], "the pack names no list %s: add it to lists", s)
	}
	f, ok := c.field(args[1])
	if !ok || f.Type != feed.Text || f.Domain == feed.Other {
		return part{}, c.wrong(args[1], "a field that names somebody or something is wanted, as in listed('couriers', caller)")
	}
	c.out.asks = append(c.out.asks, listing{at, f.Domain})
	in, of, slot := c.lists[at], f.Domain, f.Slot()
	return sure(func(x *moment) bool { return in.has(of, x.batch.TextAt(x.event, slot), x.event.Time) }), nil
}

func literal(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// text reads a text of the event; absent is empty.
type text func(x *moment) []byte

func (c *compiler) text(e ast.Expr) (text, error) {
	if s, ok := literal(e); ok {
		constant := []byte(s)
		return func(*moment) []byte { return constant }, nil
	}
	f, ok := c.field(e)
	if !ok || f.Type != feed.Text {
		return nil, c.wrong(e, "a text of the event or a string is wanted")
	}
	slot := f.Slot()
	return func(x *moment) []byte { return x.batch.TextAt(x.event, slot) }, nil
}

func (c *compiler) search(name string, target, arg ast.Expr) (part, error) {
	x, err := c.text(target)
	if err != nil {
		return part{}, err
	}
	y, err := c.text(arg)
	if err != nil {
		return part{}, err
	}
	is := map[string]func(a, b []byte) bool{"startsWith": bytes.HasPrefix, "endsWith": bytes.HasSuffix, "contains": bytes.Contains}[name]
	return sure(func(m *moment) bool { return is(x(m), y(m)) }), nil
}

// in looks a value up among literals.
func (c *compiler) in(e ast.Expr, args []ast.Expr) (part, error) {
	if args[1].Kind() != ast.ListKind {
		return part{}, c.wrong(e, "values are wanted, such as channel in ['app', 'web']; listed('name', field) asks a list")
	}
	out := sure(func(*moment) bool { return false })
	for i, item := range args[1].AsList().Elements() {
		if item.Kind() != ast.LiteralKind {
			return part{}, c.wrong(item, "strings or numbers are wanted here")
		}
		p, err := c.comparison(operators.Equals, e, []ast.Expr{args[0], item})
		switch {
		case err != nil:
			return part{}, err
		case i == 0:
			out = p
		case p.shaky != nil:
			out = part{shaky: either(out.asked(), p.shaky)}
		default:
			x, y := out.sure, p.sure
			out = sure(func(m *moment) bool { return x(m) || y(m) })
		}
	}
	return out, nil
}

// comparison compiles a comparison of texts, of yes and no, or of numbers.
func (c *compiler) comparison(name string, e ast.Expr, args []ast.Expr) (part, error) {
	want := name == operators.Equals
	switch c.kindOf(args[0]) {
	case types.StringKind:
		x, err := c.text(args[0])
		if err != nil {
			return part{}, err
		}
		y, err := c.text(args[1])
		if err != nil {
			return part{}, err
		}
		return sure(func(m *moment) bool { return bytes.Equal(x(m), y(m)) == want }), nil
	case types.BoolKind:
		a, err := c.condition(args[0])
		if err != nil {
			return part{}, err
		}
		b, err := c.condition(args[1])
		if err != nil {
			return part{}, err
		}
		if a.shaky != nil || b.shaky != nil {
			return part{}, c.wrong(e, "write this with && and ||: a part of it divides")
		}
		return sure(func(m *moment) bool { return (a.sure(m) == b.sure(m)) == want }), nil
	}
	return c.numbers(name, e, args)
}
