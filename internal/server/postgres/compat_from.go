package postgres

import (
	"regexp"
	"strings"

	"github.com/goptimedb/goptimedb/internal/catalog/pgcatalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
)

// alias takes down the name that a statement gives a table of pg_catalog.
func (a *adapter) alias(t *sql.TableRef) {
	name := t.Name.Base()
	as := name
	if t.Alias != nil {
		as = t.Alias.Name.Name
	}
	if len(t.Name) > 1 && t.Name[len(t.Name)-2].Name != pgcatalog.Name || t.Alias != nil && len(t.Alias.Columns) > 0 {
		name = ""
	}
	if before, twice := a.aliases[as]; twice && before != name {
		name = ""
	}
	a.aliases[as] = name
}

// isUDT reports the columns of information_schema.columns that tell PostgreSQL's own name of a type.
func (a *adapter) isUDT(x *sql.ColumnRef) bool {
	name := x.Name.Base()
	return a.info && (name == "udt_name" || name == "udt_schema" || name == "udt_catalog")
}

// udt writes those columns with the types that there are.
func (a *adapter) udt(x *sql.ColumnRef) sql.Expr {
	if !a.isUDT(x) {
		return x
	}
	switch x.Name.Base() {
	case "udt_schema":
		return textLit(pgcatalog.Name)
	case "udt_catalog":
		return textLit(a.c.sess.Catalog)
	}
	ref := &sql.ColumnRef{Pos: x.Pos, Name: append(sql.ObjectName{}, x.Name...)}
	ref.Name[len(ref.Name)-1] = sql.Ident{Name: "data_type"}
	k := &sql.Case{Else: ref}
	when := func(of, is string) {
		k.Whens = append(k.Whens, sql.When{Cond: &sql.Binary{Op: sql.OpEq, L: ref, R: textLit(of)}, Then: textLit(is)})
	}
	for _, t := range [][2]string{{"string", "varchar"}, {"double", "float8"}, {"float", "float4"}, {"tinyint", "int2"}, {"smallint", "int2"}, {"int", "int4"},
		{"bigint", "int8"}, {"tinyint unsigned", "int2"}, {"smallint unsigned", "int4"}, {"int unsigned", "int8"}, {"bigint unsigned", "numeric"},
		{"boolean", "bool"}, {"varbinary", "bytea"}} {
		when(t[0], t[1])
	}
	k.Whens = append(k.Whens, sql.When{Cond: call("starts_with", ref, textLit("decimal")), Then: textLit("numeric")})
	for _, digits := range []string{"0", "3", "6", "9"} {
		when("timestamp("+digits+")", "timestamp")
	}
	return k
}

// exactly is x = 'name' for x ~ '^(name)$', which is how psql asks for one object: a scan knows what to do with it.
func exactly(x *sql.Binary) sql.Expr {
	lit, ok := x.R.(*sql.Literal)
	if !ok || lit.Kind != sql.LitString {
		return x
	}
	name, begun := strings.CutPrefix(lit.Text, "^(")
	name, ended := strings.CutSuffix(name, ")$")
	if !begun || !ended || name == "" || regexp.QuoteMeta(name) != name {
		return x
	}
	return &sql.Binary{Pos: x.Pos, Op: sql.OpEq, L: x.L, R: textLit(name)}
}

// oneRow is a function in FROM that is no table: one row with its value, in a column of the name that the function has there.
func (a *adapter) oneRow(fn *sql.TableFunc, name string) (sql.TableExpr, error) {
	x, err := a.call(fn.Call)
	if err != nil {
		return nil, err
	}
	as := &sql.Alias{Name: sql.Ident{Name: name}}
	if fn.Alias != nil {
		as = fn.Alias
	}
	column := as.Name
	if len(as.Columns) > 0 {
		column = as.Columns[0]
	}
	return &sql.Derived{Pos: fn.Pos, Query: &sql.Query{Body: &sql.Select{Items: []sql.SelectItem{{Expr: x, Alias: column}}}}, Alias: &sql.Alias{Name: as.Name}}, nil
}

// visible reports tables that are found without their database: those of the session's, and of pg_catalog.
func (a *adapter) visible(oid sql.Expr) sql.Expr {
	found := []sql.Expr{intLit(pgcatalog.NamespaceOID(a.c.sess.Database)), intLit(pgcatalog.NamespaceOID(pgcatalog.Name))}
	if ref, ok := oid.(*sql.ColumnRef); ok && len(ref.Name) == 2 && ref.Name.Base() == "oid" && a.aliases[ref.Name[0].Name] == "pg_class" {
		// The row says it itself, which is a condition that a scan can have.
		space := &sql.ColumnRef{Pos: ref.Pos, Name: sql.ObjectName{ref.Name[0], {Name: "relnamespace"}}}
		return &sql.InList{X: space, List: found}
	}
	const of = "gt_visible"
	ref := func(name string) sql.Expr { return &sql.ColumnRef{Name: sql.ObjectName{{Name: of}, {Name: name}}} }
	spaces := &sql.InList{X: ref("relnamespace"), List: found}
	return &sql.InQuery{X: oid, Query: &sql.Query{Body: &sql.Select{Items: []sql.SelectItem{{Expr: ref("oid")}},
		From:  []sql.TableExpr{&sql.TableRef{Name: sql.ObjectName{{Name: pgcatalog.Name}, {Name: "pg_class"}}, Alias: &sql.Alias{Name: sql.Ident{Name: of}}}},
		Where: spaces}}}
}

// table writes functions in FROM that are tables here.
func (a *adapter) table(t sql.TableExpr) (sql.TableExpr, error) {
	if ref, ok := t.(*sql.TableRef); ok && isSettings(ref.Name) {
		as := sql.Ident{Name: "pg_settings"}
		if ref.Alias != nil && len(ref.Alias.Columns) == 0 {
			as = ref.Alias.Name
		}
		return a.c.settings(as), nil
	}
	if ref, ok := t.(*sql.TableRef); ok {
		return a.standardView(ref), nil
	}
	fn, ok := t.(*sql.TableFunc)
	if !ok {
		return t, nil
	}
	switch name := strings.ToLower(fn.Call.FuncName()); name {
	case "pg_get_keywords":
		return &sql.TableRef{Pos: fn.Pos, Name: sql.ObjectName{{Name: pgcatalog.Name}, {Name: "pg_keywords"}}, Alias: fn.Alias}, nil
	case "_pg_expandarray", "generate_subscripts":
		x := a.arrayCall(strings.ToLower(fn.Call.FuncName()), fn.Call)
		if c, ok := x.(*sql.FuncCall); ok {
			fn.Call = c
		}
	case "unnest", "generate_series":
		if name := fn.Call.FuncName(); strings.EqualFold(name, "unnest") {
			a.arrayCall("unnest", fn.Call)
			for i := range fn.Call.Args { // several lists side by side
				if v := a.vectorOf(fn.Call.Args[i].Expr); v != nil {
					fn.Call.Args[i].Expr = v
				}
			}
		}
		if fn.Alias != nil && len(fn.Alias.Columns) == 0 && !fn.Ordinal && (len(fn.Call.Args) == 1 || strings.EqualFold(fn.Call.FuncName(), "generate_series")) { // PostgreSQL calls table and column so
			fn.Alias.Columns = []sql.Ident{fn.Alias.Name}
		}
	default:
		if rewritten(name) && !fn.Ordinal {
			return a.oneRow(fn, name)
		}
	}
	return t, nil
}
