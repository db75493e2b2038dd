package feature

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/containers"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"

	"lanzha/work/feed"
)

// Conditions are written in a small part of CEL over the fields of an event.
// Its library parses them and checks their types against these declarations
// alone; what they mean is closures over the event.

// holds decides a condition.
type holds func(b *feed.Batch, e *feed.Event, l Lists) bool

// Lists tells whether a value stands in a list, by the name of the list and
// what the value names. nil is lists in which nothing stands.
type Lists func(list string, of feed.Domain, value []byte) bool

// condition is a compiled condition.
type condition struct {
	text  string
	holds holds
	late  bool // it reads the outcome
	lists []string
	zone  string // in which it reads a time; "" when it reads none
}

// number reads a number of an event: a count, or fen when the type is double.
// ok is false when it is absent, and then no comparison with it holds.
type number func(b *feed.Batch, e *feed.Event) (n int64, ok bool)

// text reads a text of an event; absent is empty.
type text func(b *feed.Batch, e *feed.Event) []byte

const callHas = "@has"

var momentType = types.NewOpaqueType("moment")

type language struct {
	parser    *parser.Parser
	functions []*decls.FunctionDecl
}

var theLanguage = sync.OnceValues(func() (*language, error) {
	p, err := parser.NewParser(
		parser.MaxRecursionDepth(40), parser.ExpressionSizeCodePointLimit(2000), parser.MaxExpressionNodeCount(300), parser.ErrorReportingLimit(1),
		parser.Macros(parser.NewGlobalMacro(operators.Has, 1, func(h parser.ExprHelper, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
			return h.NewCall(callHas, args[0]), nil
		})))
	if err != nil {
		return nil, err
	}
	l := &language{parser: p}
	a := types.NewTypeParamType("A")
	b, i, d, s, t := types.BoolType, types.IntType, types.DoubleType, types.StringType, momentType
	numbers := [][]*types.Type{{i, i, b}, {d, d, b}, {d, i, b}, {i, d, b}}
	for _, f := range []struct {
		name       string
		member     bool
		signatures [][]*types.Type // the result stands last
	}{
		{operators.LogicalAnd, false, [][]*types.Type{{b, b, b}}}, {operators.LogicalOr, false, [][]*types.Type{{b, b, b}}}, {operators.LogicalNot, false, [][]*types.Type{{b, b}}},
		{operators.Equals, false, append(numbers[:4:4], []*types.Type{s, s, b})}, {operators.NotEquals, false, append(numbers[:4:4], []*types.Type{s, s, b})},
		{operators.Less, false, numbers}, {operators.LessEquals, false, numbers}, {operators.Greater, false, numbers}, {operators.GreaterEquals, false, numbers},
		{operators.In, false, [][]*types.Type{{s, types.NewListType(s), b}, {i, types.NewListType(i), b}}},
		{"startsWith", true, [][]*types.Type{{s, s, b}}}, {"endsWith", true, [][]*types.Type{{s, s, b}}}, {"contains", true, [][]*types.Type{{s, s, b}}},
		{"size", false, [][]*types.Type{{s, i}}}, {"hour", false, [][]*types.Type{{t, i}}}, {"weekday", false, [][]*types.Type{{t, i}}},
		{callHas, false, [][]*types.Type{{a, b}}}, {"listed", false, [][]*types.Type{{s, s, b}}},
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

// celType is the type of a field in conditions; nil is none.
func celType(f feed.Field) *types.Type {
	switch f.Type {
	case feed.Text, feed.Outcome:
		return types.StringType
	case feed.Integer:
		return types.IntType
	case feed.Amount:
		return types.DoubleType
	case feed.Bool:
		return types.BoolType
	case feed.Instant:
		if f.Name != "known" { // what is known when is not the event's own
			return momentType
		}
	}
	return nil
}

type compiler struct {
	kind feed.Kind
	zone *time.Location
	tree *ast.AST

	late  bool
	lists []string
	timed bool // it reads an hour or a day
}

// compile parses, checks and compiles a condition.
func compile(expression string, kind feed.Kind, zone *time.Location) (*condition, error) {
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
	for _, f := range kind.Fields() {
		if t := celType(f); t != nil {
			if err := env.AddIdents(decls.NewVariable(f.Name, t)); err != nil {
				return nil, err
			}
		}
	}
	src := common.NewTextSource(expression)
	parsed, errs := l.parser.Parse(src)
	if err := firstError(errs); err != nil {
		return nil, err
	}
	tree, errs := checker.Check(parsed, src, env)
	if err := firstError(errs); err != nil {
		return nil, err
	}
	c := &compiler{kind: kind, zone: zone, tree: tree}
	h, err := c.condition(tree.Expr())
	if err != nil {
		return nil, err
	}
	out := &condition{text: expression, holds: h, late: c.late, lists: c.lists}
	if c.timed {
		out.zone = zone.String()
	}
	return out, nil
}

func firstError(errs *common.Errors) error {
	if errs == nil || len(errs.GetErrors()) == 0 {
		return nil
	}
	e := errs.GetErrors()[0]
	message, _, _ := strings.Cut(e.Message, " (in container")
	return fmt.Errorf("character %d: %s", e.Location.Column()+1, message)
}

func (c *compiler) wrong(e ast.Expr, format string, args ...any) error {
	at := c.tree.SourceInfo().GetStartLocation(e.ID())
	return fmt.Errorf("character %d: %s", at.Column()+1, fmt.Sprintf(format, args...))
}

// field is the field that e names by itself.
func (c *compiler) field(e ast.Expr) (feed.Field, bool) {
	if e.Kind() != ast.IdentKind {
		return feed.Field{}, false
	}
	f, ok := c.kind.Field(strings.TrimPrefix(e.AsIdent(), "."))
	if ok && f.Type == feed.Outcome {
		c.late = true
	}
	return f, ok
}

var errNotACondition = errors.New("yes or no is wanted: a comparison, such as amount >= 1000")

func (c *compiler) condition(e ast.Expr) (holds, error) {
	if c.tree.GetType(e.ID()).Kind() != types.BoolKind {
		return nil, errNotACondition
	}
	if f, ok := c.field(e); ok {
		return func(_ *feed.Batch, e *feed.Event, _ Lists) bool { return e.Num(f) != 0 }, nil
	}
	if e.Kind() == ast.LiteralKind {
		is := e.AsLiteral() == types.True
		return func(*feed.Batch, *feed.Event, Lists) bool { return is }, nil
	}
	if e.Kind() != ast.CallKind {
		return nil, c.wrong(e, "a condition does not use this part of CEL")
	}
	call := e.AsCall()
	args := call.Args()
	switch name := call.FunctionName(); name {
	case operators.LogicalAnd, operators.LogicalOr:
		x, err := c.condition(args[0])
		if err != nil {
			return nil, err
		}
		y, err := c.condition(args[1])
		if err != nil {
			return nil, err
		}
		if name == operators.LogicalAnd {
			return func(b *feed.Batch, e *feed.Event, l Lists) bool { return x(b, e, l) && y(b, e, l) }, nil
		}
		return func(b *feed.Batch, e *feed.Event, l Lists) bool { return x(b, e, l) || y(b, e, l) }, nil
	case operators.LogicalNot:
		x, err := c.condition(args[0])
		if err != nil {
			return nil, err
		}
		return func(b *feed.Batch, e *feed.Event, l Lists) bool { return !x(b, e, l) }, nil
	case callHas:
		f, ok := c.field(args[0])
		if !ok {
			return nil, c.wrong(e, "has() asks for a field of the event")
		}
		return func(_ *feed.Batch, e *feed.Event, _ Lists) bool { return e.Has(f) }, nil
	case operators.In:
		return c.in(e, args)
	case "listed":
		return c.listed(e, args)
	case "startsWith", "endsWith", "contains":
		return c.search(name, call.Target(), args[0])
	default:
		return c.comparison(name, e, args)
	}
}

// listed looks a value up in a list that others keep.
func (c *compiler) listed(e ast.Expr, args []ast.Expr) (holds, error) {
	list, ok := literal(args[0])
	if !ok || !goodPack.MatchString(list) {
		return nil, c.wrong(e, "the name of a list in quotes is wanted: small letters, digits and hyphens")
	}
	f, ok := c.field(args[1])
	if !ok || f.Type != feed.Text {
		return nil, c.wrong(e, "a text of the event is wanted: listed('couriers', caller)")
	}
	if !slices.Contains(c.lists, list) {
		c.lists = append(c.lists, list)
	}
	return func(b *feed.Batch, e *feed.Event, l Lists) bool {
		return l != nil && e.Has(f) && l(list, f.Domain, b.Text(e, f))
	}, nil
}

func (c *compiler) comparison(name string, e ast.Expr, args []ast.Expr) (holds, error) {
	if c.tree.GetType(args[0].ID()).Kind() == types.StringKind {
		if h, err := c.outcome(args); h != nil || err != nil {
			if name == operators.NotEquals && err == nil {
				return func(b *feed.Batch, e *feed.Event, l Lists) bool { return !h(b, e, l) }, nil
			}
			return h, err
		}
		x, err := c.text(args[0])
		if err != nil {
			return nil, err
		}
		y, err := c.text(args[1])
		if err != nil {
			return nil, err
		}
		want := name == operators.Equals
		return func(b *feed.Batch, e *feed.Event, _ Lists) bool { return bytes.Equal(x(b, e), y(b, e)) == want }, nil
	}
	x, y, err := c.numbers(args[0], args[1])
	if err != nil {
		return nil, err
	}
	compare := func(is func(a, b int64) bool) holds {
		return func(b *feed.Batch, e *feed.Event, _ Lists) bool {
			p, ok := x(b, e)
			if !ok {
				return false
			}
			q, ok := y(b, e)
			return ok && is(p, q)
		}
	}
	switch name {
	case operators.Equals:
		return compare(func(a, b int64) bool { return a == b }), nil
	case operators.NotEquals:
		return compare(func(a, b int64) bool { return a != b }), nil
	case operators.Less:
		return compare(func(a, b int64) bool { return a < b }), nil
	case operators.LessEquals:
		return compare(func(a, b int64) bool { return a <= b }), nil
	case operators.Greater:
		return compare(func(a, b int64) bool { return a > b }), nil
	case operators.GreaterEquals:
		return compare(func(a, b int64) bool { return a >= b }), nil
	}
	return nil, c.wrong(e, "a condition does not use this part of CEL")
}

// outcome compares the outcome with one of its words; nil when that is not
// what is compared.
func (c *compiler) outcome(args []ast.Expr) (holds, error) {
	for i, x := range args {
		f, ok := c.field(x)
		if !ok || f.Type != feed.Outcome {
			continue
		}
		other := args[1-i]
		s, ok := literal(other)
		code, known := map[string]int64{"confirmed": feed.Confirmed, "cleared": feed.Cleared, "": 0}[s]
		if !ok || !known {
			return nil, c.wrong(other, "an outcome is 'confirmed', 'cleared', or '' while nothing is known")
		}
		return func(_ *feed.Batch, e *feed.Event, _ Lists) bool { return e.Num(f) == code }, nil
	}
	return nil, nil
}

func literal(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

func (c *compiler) text(e ast.Expr) (text, error) {
	if s, ok := literal(e); ok {
		constant := []byte(s)
		return func(*feed.Batch, *feed.Event) []byte { return constant }, nil
	}
	f, ok := c.field(e)
	if !ok || f.Type != feed.Text {
		return nil, c.wrong(e, "a text of the event or a string is wanted")
	}
	return func(b *feed.Batch, e *feed.Event) []byte { return b.Text(e, f) }, nil
}

func (c *compiler) search(name string, target, arg ast.Expr) (holds, error) {
	x, err := c.text(target)
	if err != nil {
		return nil, err
	}
	y, err := c.text(arg)
	if err != nil {
		return nil, err
	}
	is := map[string]func(a, b []byte) bool{"startsWith": bytes.HasPrefix, "endsWith": bytes.HasSuffix, "contains": bytes.Contains}[name]
	return func(b *feed.Batch, e *feed.Event, _ Lists) bool { return is(x(b, e), y(b, e)) }, nil
}

// in looks a value up in a list of literals.
func (c *compiler) in(e ast.Expr, args []ast.Expr) (holds, error) {
	if args[1].Kind() != ast.ListKind {
		return nil, c.wrong(e, "a list is wanted, such as channel in ['app', 'web']")
	}
	items := args[1].AsList().Elements()
	each := []holds{}
	for _, item := range items {
		if item.Kind() != ast.LiteralKind {
			return nil, c.wrong(item, "the list holds strings or numbers")
		}
		h, err := c.comparison(operators.Equals, e, []ast.Expr{args[0], item})
		if err != nil {
			return nil, err
		}
		each = append(each, h)
	}
	return func(b *feed.Batch, e *feed.Event, l Lists) bool {
		for _, h := range each {
			if h(b, e, l) {
				return true
			}
		}
		return false
	}, nil
}

// numbers compiles two numbers that are compared, in fen when either is an
// amount.
func (c *compiler) numbers(x, y ast.Expr) (a, b number, err error) {
	fen := c.tree.GetType(x.ID()).Kind() == types.DoubleKind || c.tree.GetType(y.ID()).Kind() == types.DoubleKind
	if a, err = c.number(x, fen); err != nil {
		return nil, nil, err
	}
	b, err = c.number(y, fen)
	return a, b, err
}

func (c *compiler) number(e ast.Expr, fen bool) (number, error) {
	scale := int64(1)
	if fen && c.tree.GetType(e.ID()).Kind() != types.DoubleKind {
		scale = 100
	}
	if e.Kind() == ast.LiteralKind {
		switch v := e.AsLiteral().(type) {
		case types.Int:
			n := int64(v)
			if n > math.MaxInt64/100 || n < math.MinInt64/100 {
				return nil, c.wrong(e, "the number is too large")
			}
			n *= scale
			return func(*feed.Batch, *feed.Event) (int64, bool) { return n, true }, nil
		case types.Double:
			x := float64(v) * 100
			n := int64(math.Round(x))
			if math.Abs(x) > 1e17 || math.Abs(x-float64(n)) > 1e-6 {
				return nil, c.wrong(e, "an amount has two decimals at most")
			}
			return func(*feed.Batch, *feed.Event) (int64, bool) { return n, true }, nil
		}
	}
	if f, ok := c.field(e); ok && (f.Type == feed.Integer || f.Type == feed.Amount) {
		return func(_ *feed.Batch, e *feed.Event) (int64, bool) { return e.Num(f) * scale, e.Has(f) }, nil
	}
	if e.Kind() == ast.CallKind {
		arg := e.AsCall().Args()
		switch name := e.AsCall().FunctionName(); name {
		case "size":
			x, err := c.text(arg[0])
			if err != nil {
				return nil, err
			}
			return func(b *feed.Batch, e *feed.Event) (int64, bool) {
				return int64(utf8.RuneCount(x(b, e))) * scale, true
			}, nil
		case "hour", "weekday":
			f, ok := c.field(arg[0])
			if !ok {
				break
			}
			zone := c.zone
			c.timed = true
			return func(_ *feed.Batch, e *feed.Event) (int64, bool) {
				at := time.UnixMicro(e.Num(f)).In(zone)
				if name == "hour" {
					return int64(at.Hour()) * scale, true
				}
				return int64((at.Weekday()+6)%7+1) * scale, true // Monday is 1
			}, nil
		}
	}
	return nil, c.wrong(e, "a number of the event or a literal is wanted")
}
