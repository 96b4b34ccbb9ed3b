package bind

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// maxTypeText bounds the text of a nested type: a struct of two structs of two structs … doubles with every level.
const maxTypeText = 1 << 14

func checkNested(t model.Type) error {
	if len(t.Within) > maxTypeText {
		return planError("Error during planning: the type of a list, struct or map is too large")
	}
	return nil
}

// composite binds lists, structs and rows that are written out.
func (b *binder) composite(es *exprScope, e sql.Expr) (plan.Expr, error) {
	out := &plan.List{T: model.Type{Kind: model.KindStruct}}
	var elems []sql.Expr
	switch e := e.(type) {
	case *sql.ArrayLit:
		out.T = model.Type{Kind: model.KindList}
		elems = e.Elems
	case *sql.Row:
		elems, out.Tuple = e.Elems, true
	case *sql.StructLit:
		for _, f := range e.Fields {
			out.Names = append(out.Names, f.Name)
			elems = append(elems, f.Value)
		}
	}
	for _, x := range elems {
		y, err := b.expr(es, x)
		if err != nil {
			return nil, err
		}
		out.Elems = append(out.Elems, y)
	}
	if out.T.Kind == model.KindList {
		return b.list(out)
	}
	members := make([]model.Field, len(out.Elems))
	for i, x := range out.Elems {
		members[i] = model.Field{Name: "c" + itoa(i), Type: x.Type()}
		if !out.Tuple {
			members[i].Name = out.Names[i]
		}
	}
	if err := function.CheckMembers(members); err != nil {
		return nil, err
	}
	out.T = model.StructOf(members)
	return out, checkNested(out.T)
}

// list gives the elements of a list one type.
func (b *binder) list(l *plan.List) (plan.Expr, error) {
	t, ok := function.UnionOf(types(l.Elems))
	if !ok {
		return nil, planError("Error during planning: the elements of an array have no common type")
	}
	for i := range l.Elems {
		x, err := b.cast(l.Elems[i], t)
		if err != nil {
			return nil, err
		}
		l.Elems[i] = x
	}
	l.T = model.ListOf(t)
	return l, checkNested(l.T)
}

// index binds x[i]: an element of a list, counted from 1, or the member of a struct or map with a name.
func (b *binder) index(es *exprScope, e *sql.Index) (plan.Expr, error) {
	x, err := b.expr(es, e.X)
	if err != nil {
		return nil, err
	}
	i, err := b.expr(es, e.I)
	if err != nil {
		return nil, err
	}
	if k := x.Type().Kind; k == model.KindStruct || k == model.KindMap {
		return b.getField(x, i)
	}
	return b.callFn("array_element", x, i)
}

// getField binds a member of a struct, or the value that a map has for a key.
func (b *binder) getField(x, name plan.Expr) (plan.Expr, error) {
	t := x.Type()
	if t.Kind == model.KindMap {
		key, value := t.MapTypes()
		k, err := b.cast(name, key)
		if err != nil {
			return nil, err
		}
		return &plan.Call{Fn: "map value", Args: []plan.Expr{x, k}, T: value}, nil
	}
	if t.Kind != model.KindStruct {
		return nil, planError("Error during planning: The expression to get an indexed field is only valid for Struct, Map or List types, got %s", t)
	}
	l, ok := name.(*plan.Lit)
	if !ok || l.V.Type.Kind != model.KindString || l.V.Null() {
		return nil, planError("Error during planning: a member of a struct is found by a constant text only")
	}
	return b.member(x, l.V.Bytes)
}

func (b *binder) member(x plan.Expr, name string) (plan.Expr, error) {
	t := x.Type()
	if at, m := t.Member(name); at >= 0 {
		return &plan.Call{Fn: "get_field", Args: []plan.Expr{x, &plan.Lit{V: model.StringValue(name)}}, T: m}, nil
	}
	members := t.Members()
	if members == nil {
		return nil, errs.New(errs.Unsupported, "Not supported: a member of a struct whose type is not known while planning")
	}
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = quoteName(m.Name)
	}
	return nil, planError("Error during planning: Field %s not found in struct. Its fields are %s.", quoteName(name), strings.Join(names, ", "))
}

// field binds (x).name.
func (b *binder) field(es *exprScope, e *sql.Field) (plan.Expr, error) {
	x, err := b.expr(es, e.X)
	if err != nil {
		return nil, err
	}
	return b.getField(x, &plan.Lit{V: model.StringValue(e.Name.Name)})
}

// findMember looks for the column whose member a name with dots means: the longest beginning that is a column of nested type.
func (s *scope) findMember(name sql.ObjectName) (c *scopeCol, members sql.ObjectName) {
	for n := len(name) - 1; n > 0; n-- {
		c, err := s.find(name[:n])
		if err == nil && c != nil && (c.col.Type.Kind == model.KindStruct || c.col.Type.Kind == model.KindMap) {
			return c, name[n:]
		}
	}
	return nil, nil
}

// memberColumn binds s.a.b where s is a column; nil where it is none.
func (b *binder) memberColumn(es *exprScope, name sql.ObjectName) (plan.Expr, error) {
	c, members := es.scope.findMember(name)
	if c == nil {
		return nil, nil
	}
	x := c.ref(len(name)-len(members) == 1)
	for _, m := range members {
		var err error
		if x, err = b.getField(x, &plan.Lit{V: model.StringValue(m.Name)}); err != nil {
			return nil, err
		}
	}
	return x, nil
}

func (b *binder) slice(es *exprScope, e *sql.Slice) (plan.Expr, error) {
	x, err := b.expr(es, e.X)
	if err != nil {
		return nil, err
	}
	args := []plan.Expr{x}
	for _, e := range sliceBounds(e) {
		i, err := b.expr(es, e)
		if err != nil {
			return nil, err
		}
		args = append(args, i)
	}
	return b.callFn("array_slice", args...)
}

// sliceBounds are the bounds of a slice, those that were left out put in, and its step if it has one.
func sliceBounds(e *sql.Slice) []sql.Expr {
	bound := func(x sql.Expr, open string) sql.Expr {
		if x != nil {
			return x
		}
		return &sql.Literal{Pos: e.Pos, Kind: sql.LitInt, Text: open}
	}
	out := []sql.Expr{bound(e.Lo, "1"), bound(e.Hi, "-1")}
	if e.Step != nil {
		out = append(out, e.Step)
	}
	return out
}

// mapLit binds MAP {key: value, …}.
func (b *binder) mapLit(es *exprScope, e *sql.MapLit) (plan.Expr, error) {
	keys, values := &plan.List{}, &plan.List{}
	for _, p := range e.Entries {
		k, err := b.expr(es, p.Key)
		if err != nil {
			return nil, err
		}
		v, err := b.expr(es, p.Value)
		if err != nil {
			return nil, err
		}
		keys.Elems, values.Elems = append(keys.Elems, k), append(values.Elems, v)
	}
	k, err := b.list(keys)
	if err != nil {
		return nil, err
	}
	v, err := b.list(values)
	if err != nil {
		return nil, err
	}
	return b.callFn("map", k, v)
}

// structCall binds the functions of structs whose types depend on constant names: named_struct('a', x, …) and get_field(s, 'a', …).
func (b *binder) structCall(es *exprScope, name string, f *sql.FuncCall) (plan.Expr, error) {
	args := make([]plan.Expr, len(f.Args))
	for i, a := range f.Args {
		x, err := b.expr(es, a.Expr)
		if err != nil {
			return nil, err
		}
		args[i] = x
	}
	if name == "get_field" {
		if len(args) < 2 {
			return nil, function.NoMatch(name, types(args))
		}
		x := args[0]
		for _, m := range args[1:] {
			var err error
			if x, err = b.getField(x, m); err != nil {
				return nil, err
			}
		}
		return x, nil
	}
	if len(args) == 0 || len(args)%2 != 0 {
		return nil, errs.New(errs.EngineExecuteQuery, "Execution error: named_struct requires an even number of arguments, got %d instead", len(args))
	}
	out := &plan.List{}
	var members []model.Field
	for i := 0; i < len(args); i += 2 {
		l, ok := args[i].(*plan.Lit)
		if !ok || l.V.Type.Kind != model.KindString || l.V.Null() {
			return nil, errs.New(errs.EngineExecuteQuery, "Execution error: named_struct requires its names to be constant texts")
		}
		out.Names = append(out.Names, l.V.Bytes)
		out.Elems = append(out.Elems, args[i+1])
		members = append(members, model.Field{Name: l.V.Bytes, Type: args[i+1].Type()})
	}
	if err := function.CheckMembers(members); err != nil {
		return nil, err
	}
	out.T = model.StructOf(members)
	return out, checkNested(out.T)
}
