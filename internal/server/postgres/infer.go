package postgres

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// infer fills in the types of parameters that the client left to us: from casts, from the columns they are compared with or written to,
// and from where they stand; text where nothing tells.
func (c *conn) infer(ctx context.Context, p *prepared) {
	in := &inference{c: c, ctx: ctx, oids: p.oids}
	sql.Walk(p.st, func(n sql.Node) bool {
		if t, ok := n.(*sql.TableRef); ok {
			in.table(t.Name)
		}
		return true
	})
	if ins, ok := p.st.(*sql.Insert); ok {
		in.insert(ins)
	}
	if del, ok := p.st.(*sql.Delete); ok {
		in.table(del.Table)
	}
	sql.Walk(p.st, func(n sql.Node) bool { in.node(n); return true })
	for i, oid := range p.oids {
		if oid == 0 {
			p.oids[i] = wire.OIDText
		}
	}
}

type inference struct {
	c    *conn
	ctx  context.Context
	oids []uint32
	cols map[string]model.Type // of all tables that the statement names
}

func (in *inference) columns(name sql.ObjectName) []model.Column {
	if in.c.s.opt.Columns == nil {
		return nil
	}
	cols, err := in.c.s.opt.Columns(in.ctx, in.c.sess, name)
	if err != nil {
		return nil // the statement's own error will tell
	}
	return cols
}

func (in *inference) table(name sql.ObjectName) {
	if in.cols == nil {
		in.cols = map[string]model.Type{}
	}
	for _, col := range in.columns(name) {
		in.cols[col.Name] = col.Type
	}
}

// is says that a parameter has a type, unless another place said so before.
func (in *inference) is(x sql.Expr, oid uint32) {
	ph, ok := x.(*sql.Placeholder)
	if ok && ph.Index >= 1 && ph.Index <= len(in.oids) && in.oids[ph.Index-1] == 0 && oid != 0 {
		in.oids[ph.Index-1] = oid
	}
}

// paramOID is the type that clients shall send for a column's: numbers wider than a column has, so that any value can be told.
func paramOID(t model.Type) uint32 {
	switch {
	case t.Kind == model.KindList:
		return wire.OIDText
	case t.Kind == model.KindJSON || t.Nested():
		return wire.OIDText
	}
	oid, _, _ := wire.TypeOf(t)
	return oid
}

func (in *inference) insert(st *sql.Insert) {
	cols := in.columns(st.Table)
	var order []model.Type
	if st.Columns == nil {
		for _, col := range cols {
			order = append(order, col.Type)
		}
	}
	for _, id := range st.Columns {
		t := model.String
		for _, col := range cols {
			if col.Name == id.Name {
				t = col.Type
			}
		}
		order = append(order, t)
	}
	row := func(list []sql.Expr) {
		for i, x := range list {
			if i < len(order) {
				in.is(x, paramOID(order[i]))
			}
		}
	}
	for _, r := range st.Rows {
		row(r)
	}
	if st.Query != nil {
		if sel, ok := st.Query.Body.(*sql.Select); ok {
			for i, it := range sel.Items {
				if i < len(order) {
					in.is(it.Expr, paramOID(order[i]))
				}
			}
		}
	}
}

// typeOf is the parameter type that goes with an expression; 0: not known.
func (in *inference) typeOf(x sql.Expr) uint32 {
	switch x := x.(type) {
	case *sql.ColumnRef:
		if t, ok := in.cols[x.Name.Base()]; ok {
			return paramOID(t)
		}
	case *sql.Literal:
		switch x.Kind {
		case sql.LitInt:
			return wire.OIDInt8
		case sql.LitFloat:
			return wire.OIDFloat8
		case sql.LitBool:
			return wire.OIDBool
		case sql.LitString:
			return wire.OIDText
		}
	case *sql.Cast:
		return castOID(x.Type)
	case *sql.Placeholder:
		if x.Index >= 1 && x.Index <= len(in.oids) {
			return in.oids[x.Index-1]
		}
	case *sql.Unary:
		return in.typeOf(x.X)
	case *sql.Binary:
		switch {
		case x.Op.Comparison() || x.Op == sql.OpAnd || x.Op == sql.OpOr:
			return wire.OIDBool
		case x.Op == sql.OpConcat:
			return wire.OIDText
		}
		if oid := in.typeOf(x.L); oid != 0 {
			return oid
		}
		return in.typeOf(x.R)
	case *sql.FuncCall:
		switch x.FuncName() {
		case "count", "length", "character_length", "char_length", "row_number":
			return wire.OIDInt8
		case "avg", "stddev", "sqrt", "ln", "exp", "floor", "ceil", "round":
			return wire.OIDFloat8
		case "lower", "upper", "concat", "substr", "substring", "trim", "btrim", "replace":
			return wire.OIDText
		case "now", "current_timestamp", "to_timestamp":
			return wire.OIDTimestamp
		case "date_bin":
			if len(x.Args) > 1 {
				return in.typeOf(x.Args[1].Expr)
			}
		case "sum", "min", "max", "abs", "coalesce", "first_value", "last_value":
			for _, a := range x.Args {
				if oid := in.typeOf(a.Expr); oid != 0 {
					return oid
				}
			}
		case "date_trunc":
			if len(x.Args) == 2 {
				return in.typeOf(x.Args[1].Expr)
			}
		}
	}
	return 0
}

// castOID is the type that clients shall send for a parameter that is cast.
func castOID(t *sql.TypeName) uint32 {
	if t.Elem != nil {
		return wire.ArrayOf(castOID(t.Elem))
	}
	switch t.Name {
	case "TIMESTAMPTZ":
		return wire.OIDTimestamptz
	case "OID":
		return wire.OIDOid
	}
	r, err := t.Resolve()
	if err != nil {
		return wire.OIDText
	}
	if r.Kind == sql.KindInterval {
		return wire.OIDInterval
	}
	if r.Kind == sql.KindDecimal {
		return wire.OIDNumeric
	}
	mt, err := model.ParseType(string(r.Kind))
	if err != nil {
		return wire.OIDText
	}
	return paramOID(mt)
}

// node tells what one node says about the parameters right below it.
func (in *inference) node(n sql.Node) {
	both := func(l, r sql.Expr) {
		in.is(l, in.typeOf(r))
		in.is(r, in.typeOf(l))
	}
	switch n := n.(type) {
	case *sql.Cast:
		in.is(n.X, castOID(n.Type))
	case *sql.Binary:
		switch n.Op {
		case sql.OpAnd, sql.OpOr:
			in.is(n.L, wire.OIDBool)
			in.is(n.R, wire.OIDBool)
		case sql.OpConcat, sql.OpRegex, sql.OpRegexI, sql.OpNotRegex, sql.OpNotRegexI:
			in.is(n.L, wire.OIDText)
			in.is(n.R, wire.OIDText)
		case sql.OpAdd, sql.OpSub:
			if t := in.typeOf(n.L); t == wire.OIDTimestamp || t == wire.OIDDate {
				in.is(n.R, wire.OIDInterval)
			}
			both(n.L, n.R)
		default:
			both(n.L, n.R)
		}
	case *sql.Unary:
		if n.Op == sql.OpNot {
			in.is(n.X, wire.OIDBool)
		}
	case *sql.IsDistinct:
		both(n.L, n.R)
	case *sql.Between:
		t := in.typeOf(n.X)
		if t == 0 {
			t = in.typeOf(n.Low)
		}
		in.is(n.X, t)
		in.is(n.Low, t)
		in.is(n.High, t)
	case *sql.InList:
		t := in.typeOf(n.X)
		for _, x := range n.List {
			if t == 0 {
				t = in.typeOf(x)
			}
		}
		in.is(n.X, t)
		for _, x := range n.List {
			in.is(x, t)
		}
	case *sql.Quantified:
		if n.Array != nil {
			in.is(n.Array, wire.ArrayOf(in.typeOf(n.X)))
		}
	case *sql.Like:
		in.is(n.X, wire.OIDText)
		in.is(n.Pattern, wire.OIDText)
	case *sql.Query:
		in.is(n.Limit, wire.OIDInt8)
		in.is(n.Offset, wire.OIDInt8)
	case *sql.Case:
		for _, w := range n.Whens {
			if n.Operand == nil {
				in.is(w.Cond, wire.OIDBool)
			} else {
				both(n.Operand, w.Cond)
			}
			if n.Else != nil {
				both(w.Then, n.Else)
			}
		}
	case *sql.FuncCall:
		t := uint32(0)
		switch n.FuncName() {
		case "coalesce", "nullif", "greatest", "least", "ifnull":
			t = in.typeOf(n)
			for _, a := range n.Args {
				if t == 0 {
					t = in.typeOf(a.Expr)
				}
			}
		case "sum", "avg", "sqrt", "abs", "round", "floor", "ceil", "ln", "exp", "power", "generate_series":
			t = wire.OIDFloat8
			if n.FuncName() == "generate_series" {
				t = wire.OIDInt8
			}
		case "pg_sleep":
			t = wire.OIDFloat8
		}
		if t != 0 {
			for _, a := range n.Args {
				in.is(a.Expr, t)
			}
		}
	}
}
