package policy

import (
	"cmp"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// PartView is a part of the result as a reader knows it.
type PartView struct {
	Name  string      `json:"name"`
	Words Words       `json:"words" doc:"empty of a pack that does not say"`
	Note  *Words      `json:"note,omitempty"`
	Of    []InputView `json:"of" doc:"its values with their words; of rows their columns (which have a type), each with its values"`
}

// rowID is what every row of a table that collects gives beside its columns.
var rowID = InputView{Name: "id", Type: "string", Words: Words{"条目", "row"}, Of: []InputView{}}

// columnViews are the columns of a table. One without words of its own has those
// of the part of the result that reads it, or, where the table has no other,
// the table's.
func (p *program) columnViews(name string) []InputView {
	t, _ := p.doc.Tables.find(name)
	out := []InputView{}
	for _, g := range t.Gives {
		c := InputView{Name: g.Name, Type: g.Value.Type, Words: Words{g.Value.ZH, g.Value.EN}, Of: valueViews(g.Value.Of)}
		for _, r := range p.doc.Result {
			if r.Value.Is.Text == "="+name+"."+g.Name && c.Words == (Words{}) {
				c.Words = Words{r.Value.ZH, r.Value.EN}
			}
		}
		if len(t.Gives) == 1 && c.Words == (Words{}) {
			c.Words = Words{t.ZH, t.EN}
		}
		out = append(out, c)
	}
	return out
}

func valueViews(of ordered[Words]) []InputView {
	out := make([]InputView, len(of))
	for i, o := range of {
		out[i] = InputView{Name: o.Name, Words: o.Value, Of: []InputView{}}
	}
	return out
}

// valuesOf are the words of what an expression may give: of enums that it reads,
// and of the rows of tables that collect. loops are the values of loops'
// variables.
func (p *program) valuesOf(e ast.Expr, loops map[string][]InputView) []InputView {
	switch e.Kind() {
	case ast.IdentKind:
		name := strings.TrimPrefix(e.AsIdent(), ".")
		if of, ok := loops[e.AsIdent()]; ok {
			return of
		}
		if in, ok := p.doc.Inputs.find(name); ok {
			return in.view(name).Of
		}
		for _, t := range p.doc.Tables {
			if name == t.Name {
				return append([]InputView{rowID}, p.columnViews(t.Name)...)
			}
			if column, ok := strings.CutPrefix(name, t.Name+"."); ok {
				g, _ := t.Value.Gives.find(column)
				return valueViews(g.Of)
			}
		}
	case ast.SelectKind:
		for _, f := range p.valuesOf(e.AsSelect().Operand(), loops) {
			if f.Name == e.AsSelect().FieldName() {
				return f.Of
			}
		}
	case ast.CallKind:
		if c := e.AsCall(); c.FunctionName() == operators.Conditional {
			return either(p.valuesOf(c.Args()[1], loops), p.valuesOf(c.Args()[2], loops))
		}
	case ast.ComprehensionKind:
		loop := e.AsComprehension()
		over := p.valuesOf(loop.IterRange(), loops)
		switch loop.AccuVar() {
		case loopFilter:
			return over
		case loopMap:
			inner := map[string][]InputView{loop.IterVar(): over}
			for name, of := range loops {
				if name != loop.IterVar() {
					inner[name] = of
				}
			}
			return p.valuesOf(loop.LoopStep().AsCall().Args()[1], inner)
		}
	}
	return []InputView{}
}

// either is both, and of a name in both what a says.
func either(a, b []InputView) []InputView {
	out := slices.Clone(a)
	for _, v := range b {
		if !slices.ContainsFunc(out, func(o InputView) bool { return o.Name == v.Name }) {
			out = append(out, v)
		}
	}
	return out
}

// literalTexts are the texts that stand in an expression as what it may give.
func literalTexts(e ast.Expr) []string {
	switch e.Kind() {
	case ast.LiteralKind:
		if s, ok := e.AsLiteral().(types.String); ok {
			return []string{string(s)}
		}
	case ast.CallKind:
		if c := e.AsCall(); c.FunctionName() == operators.Conditional {
			return append(literalTexts(c.Args()[1]), literalTexts(c.Args()[2])...)
		}
	}
	return nil
}

// lacks is a text that a cell gives and that the column, an enum, does not have;
// "" is none. s is the cell's CEL; nil is a literal.
func (c column) lacks(cell cellText, s *sentence) string {
	if c.typ.options == nil || cell.Null {
		return ""
	}
	given := []string{cell.Text}
	if s != nil {
		given = literalTexts(s.checked.ast.Expr())
	}
	for _, text := range given {
		if !slices.Contains(c.typ.options, text) {
			return cmp.Or(text, "an empty text")
		}
	}
	return ""
}

// spoken are the parts with the words of what occurs in a result, since an answer
// is kept as long as the decision that rests on it.
func (p *program) spoken(result map[string]any) []PartView {
	out := make([]PartView, len(p.results))
	for i, r := range p.results {
		out[i] = r.said
		out[i].Of = occurring(r.said.Of, result[r.name])
	}
	return out
}

func occurring(of []InputView, v any) []InputView {
	out := []InputView{}
	for _, o := range of {
		switch {
		case o.Type != "": // a column of the rows
			if fields := fieldsOf(v, o.Name); len(fields) > 0 {
				o.Of = occurring(o.Of, fields)
				out = append(out, o)
			}
		case occurs(v, o.Name):
			out = append(out, o)
		}
	}
	return out
}

// fieldsOf is a field of a row or of each of several.
func fieldsOf(v any, name string) []any {
	switch v := v.(type) {
	case map[string]any:
		if x, ok := v[name]; ok {
			return []any{x}
		}
	case []any:
		out := []any{}
		for _, row := range v {
			out = append(out, fieldsOf(row, name)...)
		}
		return out
	}
	return nil
}

func occurs(v any, text string) bool {
	switch v := v.(type) {
	case string:
		return v == text
	case []any:
		return slices.ContainsFunc(v, func(x any) bool { return occurs(x, text) })
	}
	return false
}
