package postgres

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/catalog/pgcatalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// vectorOf is the list in a column of pg_catalog that PostgreSQL calls an int2vector or oidvector and that is text here, "1 2"; nil for
// anything else. Vectors are counted from 0, arrays from 1.
func (a *adapter) vectorOf(x sql.Expr) sql.Expr {
	ref, ok := x.(*sql.ColumnRef)
	if !ok || !pgcatalog.Vector(ref.Name.Base()) && !a.vectors[ref.Name.Base()] {
		return nil
	}
	return call("pg_vector", ref)
}

// castArray writes a cast to an array: of a list element by element; an array that is none is taken to have the type.
func (a *adapter) castArray(x *sql.Cast, isLit bool) sql.Expr {
	if isLit {
		lit := x.X.(*sql.Literal)
		p, err := wire.ParseParam(wire.OIDTextArray, wire.Text, []byte(lit.Text), nil)
		if err != nil {
			return x
		}
		list := &sql.ArrayLit{Pos: x.Pos}
		for _, v := range p.Array {
			if v.Null() {
				list.Elems = append(list.Elems, &sql.Literal{Kind: sql.LitNull})
				continue
			}
			list.Elems = append(list.Elems, textLit(v.Bytes))
		}
		x.X = list
	}
	if v := a.vectorOf(x.X); v != nil {
		return v
	}
	list, ok := x.X.(*sql.ArrayLit)
	if !ok {
		return x.X
	}
	if len(list.Elems) == 0 {
		return call("pg_empty_array")
	}
	elem := x.Type.Elem
	switch strings.ToLower(elem.Name) {
	case "oid", "regclass", "regtype", "xid":
		elem = &sql.TypeName{Name: "BIGINT"}
	case "name", "char", "bpchar", "aclitem", "citext", "cstring":
		elem = &sql.TypeName{Name: "TEXT"}
	}
	for i, e := range list.Elems {
		list.Elems[i] = &sql.Cast{Pos: x.Pos, X: e, Type: elem}
	}
	return list
}

// index takes an element of an array, or of a vector.
func (a *adapter) index(x *sql.Index) sql.Expr {
	if v := a.vectorOf(x.X); v != nil {
		return &sql.Index{X: v, I: &sql.Binary{Op: sql.OpAdd, L: x.I, R: intLit(1)}}
	}
	return x
}

// quantified writes x = ANY(array) for vectors, and for the list that a cast stands around.
func (a *adapter) quantified(x *sql.Quantified) (sql.Expr, error) {
	if x.Query != nil {
		return x, nil
	}
	if v := a.vectorOf(x.Array); v != nil {
		x.Array = v
	}
	switch arr := x.Array.(type) {
	case *sql.ArrayLit:
		if len(arr.Elems) == 0 {
			return boolLit(x.All), nil
		}
	case *sql.Literal:
		if arr.Kind == sql.LitString {
			x.Array = a.castArray(&sql.Cast{X: arr, Type: &sql.TypeName{Name: "ARRAY", Elem: &sql.TypeName{Name: "TEXT"}}}, true)
		}
	}
	if empty, ok := x.Array.(*sql.FuncCall); ok && empty.FuncName() == "pg_empty_array" {
		return boolLit(x.All), nil
	}
	return x, nil
}

// arrayCall writes functions of arrays, which vectors are for them too.
func (a *adapter) arrayCall(name string, f *sql.FuncCall) sql.Expr {
	if len(f.Args) == 0 {
		return f
	}
	first := 1 // the number of the first element
	if v := a.vectorOf(f.Args[0].Expr); v != nil {
		f.Args[0].Expr, first = v, 0
	}
	list := f.Args[0].Expr
	series := func() sql.Expr {
		return call("generate_series", intLit(uint32(first)), &sql.Binary{Op: sql.OpSub, L: castTo(call("array_length", list), "BIGINT"), R: intLit(uint32(1 - first))})
	}
	switch name {
	case "array":
		if q, ok := list.(*sql.Subquery); ok && len(f.Args) == 1 {
			return arrayOfQuery(q)
		}
	case "generate_subscripts":
		return call("unnest", series())
	case "_pg_expandarray":
		return call("unnest", call("pg_expand_array", list))
	case "array_upper":
		return &sql.Binary{Op: sql.OpSub, L: castTo(call("array_length", list), "BIGINT"), R: intLit(uint32(1 - first))}
	case "array_lower":
		return &sql.Case{Whens: []sql.When{{Cond: &sql.Binary{Op: sql.OpGt, L: call("cardinality", list), R: intLit(0)}, Then: intLit(uint32(first))}}}
	}
	return f
}

// arrayOfQuery is ARRAY(query): the values of its one column, in its order.
func arrayOfQuery(q *sql.Subquery) sql.Expr {
	const of = "gt_items"
	value := &sql.ColumnRef{Name: sql.ObjectName{{Name: of}, {Name: "item"}}}
	inner := &sql.Query{Body: &sql.Select{Items: []sql.SelectItem{{Expr: call("array_agg", value), Alias: sql.Ident{Name: "array"}}},
		From: []sql.TableExpr{&sql.Derived{Query: q.Query, Alias: &sql.Alias{Name: sql.Ident{Name: of}, Columns: []sql.Ident{{Name: "item"}}}}}}}
	return call("coalesce", &sql.Subquery{Query: inner}, call("pg_empty_array"))
}

// named reports an expression that is the name of an object, not its number, as far as that can be told without types.
func named(x sql.Expr) bool {
	switch x := x.(type) {
	case *sql.Placeholder:
		return true
	case *sql.Cast:
		switch strings.ToLower(x.Type.Name) {
		case "text", "varchar", "string", "name", "cstring":
			return true
		}
	case *sql.FuncCall:
		switch strings.ToLower(x.FuncName()) {
		case "concat", "quote_ident", "format", "lower":
			return true
		}
	case *sql.Binary:
		return x.Op == sql.OpConcat
	}
	return false
}

// oidOf finds a table by a name that is known when the statement runs: a bare one is looked for in the session's database.
func (a *adapter) oidOf(name sql.Expr) sql.Expr {
	name = castTo(name, "TEXT")
	as := &sql.Binary{Op: sql.OpOr, L: &sql.Binary{Op: sql.OpGt, L: call("strpos", name, textLit(".")), R: intLit(0)},
		R: &sql.Binary{Op: sql.OpEq, L: call("substr", name, intLit(1), intLit(3)), R: textLit("pg_")}}
	qualified := &sql.Case{Whens: []sql.When{{Cond: as, Then: name}}, Else: call("concat", textLit(pgcatalog.QuoteIdent(a.c.sess.Database)+"."), name)}
	return lookup("oid", "pg_object_names", "name", qualified)
}
