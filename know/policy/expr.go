package policy

import (
	"fmt"
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
)

// CEL is parsed and type-checked by its own library, against declarations of
// ours alone: what is not declared here is refused when the pack is loaded.
// The checked tree is then compiled to closures (compile.go).

var (
	dateType    = types.NewOpaqueType("date")
	instantType = types.NewOpaqueType("instant")
)

// typ is the type of a name: CEL's, and what CEL does not know of it.
type typ struct {
	kind    kind
	options []string // values of an enum; none is any text
	object  string   // of a list: the name of its elements' type
	fields  []field  // of a list: its elements' fields
}

type field struct {
	name string
	typ  typ
}

func (t typ) cel() *types.Type {
	switch t.kind {
	case boolean:
		return types.BoolType
	case integer:
		return types.IntType
	case text:
		return types.StringType
	case date:
		return dateType
	case instant:
		return instantType
	case list:
		return types.NewListType(types.NewObjectType(t.object))
	}
	return types.ErrorType
}

// kindOf is the kind behind one of CEL's types.
func kindOf(t *types.Type) kind {
	switch {
	case t.Kind() == types.BoolKind:
		return boolean
	case t.Kind() == types.IntKind:
		return integer
	case t.Kind() == types.StringKind:
		return text
	case t.Kind() == types.ListKind:
		return list
	case t.Kind() == types.StructKind:
		return object
	case t.TypeName() == dateType.TypeName():
		return date
	case t.TypeName() == instantType.TypeName():
		return instant
	}
	return unknown
}

// The accumulators of our macros say which macro a loop came from.
const (
	loopExists = "@exists"
	loopAll    = "@all"
	loopFilter = "@filter"
	loopMap    = "@map"
	loopSum    = "@sum"

	callGiven  = "@given"
	callAppend = "@append"
)

// language is the subset of CEL that a pack may use.
type language struct {
	parser    *parser.Parser
	functions []*decls.FunctionDecl
}

var theLanguage = sync.OnceValues(newLanguage)

func newLanguage() (*language, error) {
	p, err := parser.NewParser(
		parser.MaxRecursionDepth(60), parser.ExpressionSizeCodePointLimit(4000), parser.MaxExpressionNodeCount(1000),
		parser.ErrorReportingLimit(1),
		parser.Macros(
			parser.NewGlobalMacro(operators.Has, 1, func(h parser.ExprHelper, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
				return h.NewCall(callGiven, args[0]), nil
			}),
			loopMacro("exists", loopExists), loopMacro("all", loopAll), loopMacro("filter", loopFilter),
			loopMacro("map", loopMap), loopMacro("sum", loopSum),
		))
	if err != nil {
		return nil, err
	}
	l := &language{parser: p}
	a := types.NewTypeParamType("A")
	lists := types.NewListType(a)
	b, i, s, d, t := types.BoolType, types.IntType, types.StringType, dateType, instantType
	for _, f := range []struct {
		name       string
		signatures [][]*types.Type // the result stands last
	}{
		{operators.LogicalAnd, [][]*types.Type{{b, b, b}}},
		{operators.LogicalOr, [][]*types.Type{{b, b, b}}},
		{operators.LogicalNot, [][]*types.Type{{b, b}}},
		{operators.Conditional, [][]*types.Type{{b, a, a, a}}},
		{operators.Equals, [][]*types.Type{{b, b, b}, {i, i, b}, {s, s, b}, {d, d, b}, {t, t, b}, {d, t, b}, {t, d, b}}},
		{operators.NotEquals, [][]*types.Type{{b, b, b}, {i, i, b}, {s, s, b}, {d, d, b}, {t, t, b}, {d, t, b}, {t, d, b}}},
		{operators.Less, ordering}, {operators.LessEquals, ordering}, {operators.Greater, ordering}, {operators.GreaterEquals, ordering},
		{operators.Add, [][]*types.Type{{i, i, i}}}, {operators.Subtract, [][]*types.Type{{i, i, i}}}, {operators.Multiply, [][]*types.Type{{i, i, i}}},
		{operators.Divide, [][]*types.Type{{i, i, i}}}, {operators.Modulo, [][]*types.Type{{i, i, i}}}, {operators.Negate, [][]*types.Type{{i, i}}},
		{operators.In, [][]*types.Type{{a, lists, b}}},
		{"size", [][]*types.Type{{lists, i}, {s, i}}},
		{"date", [][]*types.Type{{s, d}, {t, d}}},
		{"days", [][]*types.Type{{d, i, d}, {t, i, d}}}, {"months", [][]*types.Type{{d, i, d}, {t, i, d}}},
		{"years", [][]*types.Type{{d, i, d}, {t, i, d}}}, {"workdays", [][]*types.Type{{d, i, d}, {t, i, d}}},
		{"hours", [][]*types.Type{{t, i, t}}}, {"minutes", [][]*types.Type{{t, i, t}}},
		{"earlier", [][]*types.Type{{d, d, d}, {t, t, t}, {i, i, i}}}, {"later", [][]*types.Type{{d, d, d}, {t, t, t}, {i, i, i}}},
		{"startsWith", [][]*types.Type{{s, s, b}}}, {"endsWith", [][]*types.Type{{s, s, b}}}, {"contains", [][]*types.Type{{s, s, b}}},
		{"sum", [][]*types.Type{{types.NewListType(i), i}}},
		{callGiven, [][]*types.Type{{a, b}}}, {callAppend, [][]*types.Type{{lists, a, lists}}},
	} {
		options := []decls.FunctionOpt{}
		for n, sig := range f.signatures {
			args, result, id := sig[:len(sig)-1], sig[len(sig)-1], fmt.Sprintf("%s/%d", f.name, n)
			switch f.name {
			case "startsWith", "endsWith", "contains":
				options = append(options, decls.MemberOverload(id, args, result))
			case "size":
				options = append(options, decls.Overload(id, args, result), decls.MemberOverload(id+"m", args, result))
			default:
				options = append(options, decls.Overload(id, args, result))
			}
		}
		decl, err := decls.NewFunction(f.name, options...)
		if err != nil {
			return nil, fmt.Errorf("declaring %s: %w", f.name, err)
		}
		l.functions = append(l.functions, decl)
	}
	return l, nil
}

// ordering: a date and an instant compare by the civil date in the centre's zone.
var ordering = [][]*types.Type{
	{types.IntType, types.IntType, types.BoolType}, {dateType, dateType, types.BoolType}, {instantType, instantType, types.BoolType},
	{dateType, instantType, types.BoolType}, {instantType, dateType, types.BoolType},
}

// loopMacro is list.name(x, e): a loop over the list whose accumulator tells
// the macros apart.
func loopMacro(name, accumulator string) parser.Macro {
	return parser.NewReceiverMacro(name, 2, func(h parser.ExprHelper, target ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
		if args[0].Kind() != ast.IdentKind || strings.Contains(args[0].AsIdent(), ".") {
			return nil, h.NewError(args[0].ID(), "a simple name is wanted here")
		}
		x, e := args[0].AsIdent(), args[1]
		acc := func() ast.Expr { return h.NewIdent(accumulator) }
		var start, step ast.Expr
		switch accumulator {
		case loopExists:
			start, step = h.NewLiteral(types.False), h.NewCall(operators.LogicalOr, acc(), e)
		case loopAll:
			start, step = h.NewLiteral(types.True), h.NewCall(operators.LogicalAnd, acc(), e)
		case loopSum:
			start, step = h.NewLiteral(types.IntZero), h.NewCall(operators.Add, acc(), e)
		case loopMap:
			start, step = h.NewList(), h.NewCall(callAppend, acc(), e)
		default: // filter
			start, step = h.NewList(), h.NewCall(operators.Conditional, e, h.NewCall(callAppend, acc(), h.NewIdent(x)), acc())
		}
		return h.NewComprehension(target, x, accumulator, start, h.NewLiteral(types.True), step, acc()), nil
	})
}

// scope is the names that the expressions of one pack may use.
type scope struct {
	language *language
	env      *checker.Env
	names    map[string]name
	inputs   int                 // the first slots are inputs
	loops    int                 // loops compiled so far
	cache    map[string]*checked // by text
}

// name is one thing that an expression can read.
type name struct {
	slot int
	typ  typ
}

// checked is an expression whose types are right.
type checked struct {
	text string
	ast  *ast.AST
}

// structs tells the checker of the lists' elements.
type structs struct {
	types.Provider
	of map[string][]field
}

// FindStructType implements types.Provider.
func (s structs) FindStructType(name string) (*types.Type, bool) {
	_, ok := s.of[name]
	return types.NewTypeTypeWithParam(types.NewObjectType(name)), ok
}

// FindStructFieldNames implements types.Provider.
func (s structs) FindStructFieldNames(name string) ([]string, bool) {
	fields, ok := s.of[name]
	names := make([]string, 0, len(fields))
	for _, f := range fields {
		names = append(names, f.name)
	}
	return names, ok
}

// FindStructFieldType implements types.Provider.
func (s structs) FindStructFieldType(name, want string) (*types.FieldType, bool) {
	for _, f := range s.of[name] {
		if f.name == want {
			return &types.FieldType{Type: f.typ.cel()}, true
		}
	}
	return nil, false
}

func newScope(names map[string]name, inputs int) (*scope, error) {
	l, err := theLanguage()
	if err != nil {
		return nil, err
	}
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	s := structs{Provider: registry, of: map[string][]field{}}
	variables := []*decls.VariableDecl{}
	for n, it := range names {
		if it.typ.kind == list {
			s.of[it.typ.object] = it.typ.fields
		}
		variables = append(variables, decls.NewVariable(n, it.typ.cel()))
	}
	env, err := checker.NewEnv(containers.DefaultContainer, s)
	if err != nil {
		return nil, err
	}
	if err := env.AddFunctions(l.functions...); err != nil {
		return nil, err
	}
	if err := env.AddIdents(variables...); err != nil {
		return nil, err
	}
	return &scope{language: l, env: env, names: names, inputs: inputs, cache: map[string]*checked{}}, nil
}

// check parses and type-checks an expression. The error says where in it.
func (s *scope) check(expression string) (*checked, error) {
	if c, ok := s.cache[expression]; ok {
		return c, nil
	}
	src := common.NewTextSource(expression)
	parsed, errs := s.language.parser.Parse(src)
	if err := firstError(errs); err != nil {
		return nil, err
	}
	tree, errs := checker.Check(parsed, src, s.env)
	if err := firstError(errs); err != nil {
		return nil, err
	}
	c := &checked{text: expression, ast: tree}
	s.cache[expression] = c
	return c, nil
}

func firstError(errs *common.Errors) error {
	if errs == nil || len(errs.GetErrors()) == 0 {
		return nil
	}
	e := errs.GetErrors()[0]
	message, _, _ := strings.Cut(e.Message, " (in container")
	return fmt.Errorf("character %d: %s", e.Location.Column()+1, message)
}
