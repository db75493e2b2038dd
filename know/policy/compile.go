package policy

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// expr is a compiled expression. It is total and pure: it reads the frame,
// notes there which unknowns it met, and has no other effect.
type expr func(f *frame) value

// compiler turns one checked expression into closures.
type compiler struct {
	scope  *scope
	tree   *ast.AST
	limit  int // slots from here on stand later in the pack
	locals []local
}

// local is the variable of a loop. Every loop of a pack has a place of its own
// in the frame, since a table may be computed in the middle of another's loop.
type local struct {
	name string
	at   int
	typ  typ // of the list whose elements it names
}

// compile checks and compiles an expression that must give a kind; any of the
// kinds does when several are named. limit is the first slot it may not read.
func (s *scope) compile(expression string, limit int, want ...kind) (expr, *checked, error) {
	c, err := s.check(expression)
	if err != nil {
		return nil, nil, err
	}
	got := kindOf(c.ast.GetType(c.ast.Expr().ID()))
	if len(want) > 0 && !slices.Contains(want, got) {
		return nil, nil, fmt.Errorf("this gives a %s, and a %s is wanted", got, want[0])
	}
	e, err := (&compiler{scope: s, tree: c.ast, limit: limit}).compile(c.ast.Expr())
	return e, c, err
}

// condition checks and compiles an expression that must give yes or no.
func (s *scope) condition(expression string, limit int) (cond, *checked, error) {
	c, err := s.check(expression)
	if err != nil {
		return nil, nil, err
	}
	if got := kindOf(c.ast.GetType(c.ast.Expr().ID())); got != boolean {
		return nil, nil, fmt.Errorf("this gives a %s, and a bool is wanted", got)
	}
	e, err := (&compiler{scope: s, tree: c.ast, limit: limit}).condition(c.ast.Expr())
	return e, c, err
}

func (c *compiler) wrong(e ast.Expr, format string, args ...any) error {
	at := c.tree.SourceInfo().GetStartLocation(e.ID())
	return fmt.Errorf("character %d: %s", at.Column()+1, fmt.Sprintf(format, args...))
}

func (c *compiler) kind(e ast.Expr) kind { return kindOf(c.tree.GetType(e.ID())) }

// compile compiles any expression.
func (c *compiler) compile(e ast.Expr) (expr, error) {
	if cond, err := c.logic(e); cond != nil || err != nil {
		return cond.expr(), err
	}
	switch e.Kind() {
	case ast.LiteralKind:
		v, err := c.literal(e)
		return func(*frame) value { return v }, err
	case ast.IdentKind:
		return c.ident(e)
	case ast.SelectKind:
		return c.selection(e)
	case ast.ListKind:
		return c.list(e)
	case ast.CallKind:
		return c.call(e)
	case ast.ComprehensionKind:
		return c.loop(e)
	}
	return nil, c.wrong(e, "a pack does not use this part of CEL")
}

func (c *compiler) literal(e ast.Expr) (value, error) {
	switch v := e.AsLiteral().(type) {
	case types.Bool:
		return boolOf(bool(v)), nil
	case types.Int:
		return intOf(int64(v)), nil
	case types.String:
		return textOf(string(v)), nil
	}
	return missing, c.wrong(e, "a pack uses true, false, integers and strings")
}

// constant is the value of a literal, or of date("...").
func (c *compiler) constant(e ast.Expr) (value, bool) {
	if e.Kind() == ast.LiteralKind {
		v, err := c.literal(e)
		return v, err == nil
	}
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "date" && e.AsCall().Args()[0].Kind() == ast.LiteralKind {
		s, _ := c.literal(e.AsCall().Args()[0])
		day, err := parseDate(s.s)
		return dateOf(day), err == nil
	}
	return missing, false
}

// typeOf is what is known of the values of an expression beside their kind.
func (c *compiler) typeOf(e ast.Expr) typ {
	switch e.Kind() {
	case ast.IdentKind:
		if i := c.local(e.AsIdent()); i >= 0 {
			return c.locals[i].typ
		}
		return c.scope.names[strings.TrimPrefix(e.AsIdent(), ".")].typ
	case ast.SelectKind:
		for _, f := range c.typeOf(e.AsSelect().Operand()).fields {
			if f.name == e.AsSelect().FieldName() {
				return f.typ
			}
		}
	case ast.ComprehensionKind:
		if e.AsComprehension().AccuVar() == loopFilter {
			return c.typeOf(e.AsComprehension().IterRange())
		}
	case ast.CallKind:
		if call := e.AsCall(); call.FunctionName() == operators.Conditional {
			return c.typeOf(call.Args()[1])
		}
	}
	return typ{}
}

// local finds a loop's variable, the innermost first.
func (c *compiler) local(name string) int {
	for i := len(c.locals) - 1; i >= 0; i-- {
		if c.locals[i].name == name {
			return i
		}
	}
	return -1
}

// inputSlot is the slot of an input or parameter that e names by itself.
func (c *compiler) inputSlot(e ast.Expr) (slot int, ok bool) {
	if e.Kind() != ast.IdentKind || c.local(e.AsIdent()) >= 0 {
		return 0, false
	}
	n, ok := c.scope.names[strings.TrimPrefix(e.AsIdent(), ".")]
	return n.slot, ok && n.slot < c.scope.inputs
}

func (c *compiler) ident(e ast.Expr) (expr, error) {
	if i := c.local(e.AsIdent()); i >= 0 {
		at := c.locals[i].at
		return func(f *frame) value { return f.locals[at] }, nil
	}
	n, ok := c.scope.names[strings.TrimPrefix(e.AsIdent(), ".")]
	if !ok {
		return nil, c.wrong(e, "there is no %q", e.AsIdent())
	}
	if n.slot >= c.limit {
		return nil, c.wrong(e, "%q stands later in the pack: only what stands before can be read", e.AsIdent())
	}
	slot := n.slot
	return func(f *frame) value { return f.read(slot) }, nil
}

func (c *compiler) selection(e ast.Expr) (expr, error) {
	sel := e.AsSelect()
	of, err := c.compile(sel.Operand())
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(c.typeOf(sel.Operand()).fields, func(f field) bool { return f.name == sel.FieldName() })
	if at < 0 {
		return nil, c.wrong(e, "there is no field %q here", sel.FieldName())
	}
	return func(f *frame) value {
		o := of(f)
		if o.kind != object {
			return o
		}
		return f.met((*o.l)[at])
	}, nil
}

func (c *compiler) list(e ast.Expr) (expr, error) {
	items, err := c.all(e.AsList().Elements())
	if err != nil {
		return nil, err
	}
	if fixed, ok := c.constants(e); ok {
		v := value{kind: list, l: &fixed}
		return func(*frame) value { return v }, nil
	}
	return func(f *frame) value {
		of := make([]value, len(items))
		v := value{kind: list, l: &of}
		for i, item := range items {
			of[i] = item(f)
			v.doubt = v.doubt || !of[i].known()
		}
		return v
	}, nil
}

func (c *compiler) constants(e ast.Expr) ([]value, bool) {
	out := []value{}
	for _, item := range e.AsList().Elements() {
		v, ok := c.constant(item)
		if !ok {
			return nil, false
		}
		out = append(out, v)
	}
	return out, true
}

func (c *compiler) all(of []ast.Expr) ([]expr, error) {
	out := make([]expr, len(of))
	for i, e := range of {
		var err error
		if out[i], err = c.compile(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// options refuses a text that an enum does not have: it could never hold.
func (c *compiler) options(of, other ast.Expr) error {
	options := c.typeOf(of).options
	if options == nil {
		return nil
	}
	texts := []ast.Expr{other}
	if other.Kind() == ast.ListKind {
		texts = other.AsList().Elements()
	}
	for _, t := range texts {
		if v, ok := c.constant(t); ok && v.kind == text && !slices.Contains(options, v.s) {
			return c.wrong(t, "%q is none of the values of this name (%s)", v.s, strings.Join(options, ", "))
		}
	}
	return nil
}

func (c *compiler) call(e ast.Expr) (expr, error) {
	call := e.AsCall()
	args := call.Args()
	if call.IsMemberFunction() {
		args = append([]ast.Expr{call.Target()}, args...)
	}
	name := call.FunctionName()
	if v, ok := c.constant(e); ok {
		return func(*frame) value { return v }, nil
	}
	if name == operators.Conditional {
		a, err := c.condition(args[0])
		if err != nil {
			return nil, err
		}
		x, err := c.all(args[1:])
		if err != nil {
			return nil, err
		}
		return choose(a, x[0], x[1]), nil
	}
	x, err := c.all(args)
	if err != nil {
		return nil, err
	}
	if name == "date" {
		if args[0].Kind() == ast.LiteralKind || c.kind(args[0]) == text {
			return nil, c.wrong(args[0], `a date is written as date("2024-12-01")`)
		}
		return func(f *frame) value { return f.civil(x[0](f)) }, nil
	}
	if op, ok := strict[name]; ok {
		return op.apply(x), nil
	}
	return nil, c.wrong(e, "a pack does not use %s", name)
}

// given is has(x): whether an input, or a field of a list's element, was
// given. It is never unknown.
func (c *compiler) given(e ast.Expr) (cond, error) {
	if slot, ok := c.inputSlot(e); ok {
		return func(f *frame) truth {
			if f.free && f.vals[slot].kind == unknown {
				return truthOf(f.read(slot))
			}
			return f.given(f.vals[slot])
		}, nil
	}
	if e.Kind() == ast.SelectKind {
		of, err := c.compile(e)
		return func(f *frame) truth {
			before := f.acc
			v := of(f)
			f.acc = before
			return f.given(v)
		}, err
	}
	return nil, c.wrong(e, "has() asks whether an input was given, and this is none")
}

// enter opens a loop: from here on its variable is a name.
func (c *compiler) enter(loop ast.ComprehensionExpr) (over expr, at int, err error) {
	if over, err = c.compile(loop.IterRange()); err != nil {
		return nil, 0, err
	}
	at = c.scope.loops
	c.scope.loops++
	c.locals = append(c.locals, local{loop.IterVar(), at, c.typeOf(loop.IterRange())})
	return over, at, nil
}

func (c *compiler) leave() { c.locals = c.locals[:len(c.locals)-1] }

// quantified compiles exists and all.
func (c *compiler) quantified(loop ast.ComprehensionExpr) (cond, error) {
	over, at, err := c.enter(loop)
	if err != nil {
		return nil, err
	}
	defer c.leave()
	body, err := c.condition(loop.LoopStep().AsCall().Args()[1])
	if err != nil {
		return nil, err
	}
	if loop.AccuVar() == loopExists {
		return quantifier(over, body, at, is), nil
	}
	return quantifier(over, body, at, isNot), nil
}

// loop compiles filter, map and sum.
func (c *compiler) loop(e ast.Expr) (expr, error) {
	loop := e.AsComprehension()
	over, at, err := c.enter(loop)
	if err != nil {
		return nil, err
	}
	defer c.leave()
	args := loop.LoopStep().AsCall().Args()
	body := args[1]
	if loop.AccuVar() == loopFilter {
		body = args[0]
	}
	inner, err := c.compile(body)
	if err != nil {
		return nil, err
	}
	return loops[loop.AccuVar()](over, inner, at), nil
}
