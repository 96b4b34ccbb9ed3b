package postgres

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/catalog/pgcatalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// PostgreSQL's clients ask for the catalog in words that the dialect does not have: functions that tell about objects, casts to names of
// objects, arrays in columns. Each is written in words that it has.

// marks are what a text contains that is to be adapted, in lower case.
var marks = []string{"pg_", "reg", "current_set", "current_sch", "set_config", "version", "collate", "operator", "_description", "has_", "format_type",
	"quote_", "array", "any", "oid", "::name", "\"char\"", "xid", "int2vector", "txid", "inet_", "unnest", "col_desc", "to_reg", "udt_", "current_role", "current_user", "current_dat",
	"information_schema."}

// adapts reports whether a text may have something to adapt.
func adapts(text string) bool {
	for i := range len(text) {
		c := text[i] | 0x20
		for _, m := range marks {
			if c == m[0]|0x20 && len(text)-i >= len(m) && strings.EqualFold(text[i:i+len(m)], m) {
				return true
			}
		}
	}
	return false
}

// adapt changes a statement to the dialect's words.
func (c *conn) adapt(ctx context.Context, st sql.Statement) error { return c.adaptFor(ctx, st, false) }

// adaptFor is adapt; where a statement is only described, what it would do besides giving rows is not done.
func (c *conn) adaptFor(ctx context.Context, st sql.Statement, describes bool) error {
	if _, insert := st.(*sql.Insert); insert || !adapts(st.Source()) {
		return nil
	}
	switch st.(type) {
	case *sql.QueryStmt, *sql.Explain, *sql.CreateView:
	default:
		return nil
	}
	text := strings.ToLower(st.Source())
	a := &adapter{c: c, ctx: ctx, describes: describes, catalog: strings.Contains(text, "pg_"), info: strings.Contains(text, "information_schema"),
		whole: strings.Contains(text, "deferr") || strings.Contains(text, "table_catalog"), vectors: map[string]bool{}, aliases: map[string]string{}}
	sql.Walk(st, func(n sql.Node) bool {
		switch n := n.(type) {
		case *sql.Select:
			a.names(n)
		case *sql.TableRef:
			a.alias(n)
		case *sql.Derived:
			if n.Alias != nil {
				a.aliases[n.Alias.Name.Name] = "" // seen before what is within
			}
		}
		return true
	})
	return sql.Rewrite(st, a.expr, a.table)
}

// catalogTypes are the types that PostgreSQL gives the columns of a query of pg_catalog, 0 for those that have none of their own; nil for
// any other statement. Drivers that look types up in binary rely on them.
func catalogTypes(st sql.Statement, fields []model.Field) []uint32 {
	q, ok := st.(*sql.QueryStmt)
	if !ok || !adapts(q.Source()) {
		return nil
	}
	if !catalogOnly(q.Query) {
		return nil
	}
	out := make([]uint32, len(fields))
	for i, f := range fields {
		out[i] = pgcatalog.ColumnOID(f.Name, f.Type)
	}
	return out
}

type adapter struct {
	c         *conn
	ctx       context.Context
	describes bool // the statement is not run
	catalog   bool // the statement asks for the catalog: columns get the names that clients expect
	info      bool // the statement asks information_schema
	whole     bool // it names columns of table_constraints that PostgreSQL has beside the dialect's
	// vectors are the names that queries within give to columns that are vectors.
	vectors map[string]bool
	// aliases are the tables of pg_catalog by the names that the statement gives them; "" where a name stands for several.
	aliases map[string]string
}

// ofLists are functions of the dialect's lists, whose columns have the dialect's names outside of the catalog.
func ofLists(name string) bool {
	switch name {
	case "array_to_string", "array_length", "array_remove":
		return true
	}
	return false
}

// names gives columns that are about to change the names that PostgreSQL gives them: the function's, or the column's that is cast.
func (a *adapter) names(sel *sql.Select) {
	seen, named := map[string]bool{}, map[string]bool{}
	for i := range sel.Items {
		it := &sel.Items[i]
		if it.Alias.Name != "" {
			if a.vectorOf(it.Expr) != nil {
				a.vectors[it.Alias.Name] = true
			}
			named[it.Alias.Name] = true
			continue
		}
		if _, star := it.Expr.(*sql.Star); !star { // columns of one name are fine in PostgreSQL
			text := sql.FormatFor(it.Expr, sql.Postgres)
			if seen[text] {
				it.Alias = sql.Ident{Name: "?column?_" + strconv.Itoa(i+1), Quoted: true}
				continue
			}
			seen[text] = true
		}
		x := it.Expr
		for {
			if cast, ok := x.(*sql.Cast); ok {
				x = cast.X
			} else if col, ok := x.(*sql.Collate); ok {
				x = col.X
			} else if at, ok := x.(*sql.Index); ok && a.catalog {
				x = at.X
			} else {
				break
			}
		}
		name := ""
		if ref, ok := it.Expr.(*sql.ColumnRef); ok && a.catalog && starred(sel, ref) {
			it.Alias = sql.Ident{Name: ref.Name.Base() + "_" + strconv.Itoa(i+1), Quoted: true}
			continue
		}
		switch x := x.(type) {
		case *sql.FuncCall:
			if f := strings.ToLower(x.FuncName()); rewritten(f) && (a.catalog || !ofLists(f)) {
				name = f
			}
		case *sql.ColumnRef:
			if _, ok := it.Expr.(*sql.ColumnRef); !ok || a.isUDT(x) {
				name = x.Name.Base()
			}
		}
		if name == "" {
			continue
		}
		if named[name] {
			name += "_" + strconv.Itoa(i+1)
		}
		named[name] = true
		it.Alias = sql.Ident{Name: name, Quoted: true}
	}
}

// starred reports a column that a table.* beside it gives too, as in SELECT t.oid, t.*: clients find that one by its name.
func starred(sel *sql.Select, ref *sql.ColumnRef) bool {
	for i := range sel.Items {
		star, ok := sel.Items[i].Expr.(*sql.Star)
		if ok && len(ref.Name) == 2 && len(star.Qualifier) == 1 && star.Qualifier[0].Name == ref.Name[0].Name {
			return true
		}
	}
	return false
}

func rewritten(name string) bool {
	switch name {
	case "format_type", "quote_ident", "quote_literal", "current_setting", "set_config", "version", "current_schemas", "obj_description", "col_description",
		"shobj_description", "generate_subscripts", "array", "to_regclass", "to_regtype", "array_to_string", "txid_current", "current_role", "array_upper", "array_lower",
		"current_schema", "current_database", "current_user", "session_user":
		return true
	}
	return strings.HasPrefix(name, "pg_") || strings.HasPrefix(name, "has_") || strings.HasPrefix(name, "inet_")
}

// Small builders of trees.
func textLit(s string) sql.Expr { return &sql.Literal{Kind: sql.LitString, Text: s} }
func intLit(n uint32) sql.Expr {
	return &sql.Literal{Kind: sql.LitInt, Text: strconv.FormatUint(uint64(n), 10)}
}
func boolLit(b bool) sql.Expr { return &sql.Literal{Kind: sql.LitBool, Text: strconv.FormatBool(b)} }
func nullText() sql.Expr      { return castTo(&sql.Literal{Kind: sql.LitNull}, "TEXT") }

func castTo(x sql.Expr, name string) sql.Expr {
	return &sql.Cast{X: x, Type: &sql.TypeName{Name: name}}
}

func call(name string, args ...sql.Expr) sql.Expr {
	f := &sql.FuncCall{Name: sql.ObjectName{{Name: name}}}
	for _, x := range args {
		f.Args = append(f.Args, sql.Arg{Expr: x})
	}
	return f
}

// lookup is (SELECT column FROM pg_catalog.table WHERE key = x AND …).
func lookup(column, table string, where ...any) sql.Expr {
	ref := func(name string) sql.Expr {
		return &sql.ColumnRef{Name: sql.ObjectName{{Name: "gt_lookup"}, {Name: name}}}
	}
	var cond sql.Expr
	for i := 0; i < len(where); i += 2 {
		eq := &sql.Binary{Op: sql.OpEq, L: ref(where[i].(string)), R: where[i+1].(sql.Expr)}
		if cond == nil {
			cond = eq
		} else {
			cond = &sql.Binary{Op: sql.OpAnd, L: cond, R: eq}
		}
	}
	return &sql.Subquery{Query: &sql.Query{Body: &sql.Select{Items: []sql.SelectItem{{Expr: call("max", ref(column)), Alias: sql.Ident{Name: column}}},
		From:  []sql.TableExpr{&sql.TableRef{Name: sql.ObjectName{{Name: pgcatalog.Name}, {Name: table}}, Alias: &sql.Alias{Name: sql.Ident{Name: "gt_lookup"}}}},
		Where: cond}}}
}

// expr rewrites one expression; what is below it is rewritten already.
func (a *adapter) expr(x sql.Expr) (sql.Expr, error) {
	switch x := x.(type) {
	case *sql.Collate:
		return x.X, nil
	case *sql.Cast:
		return a.cast(x)
	case *sql.FuncCall:
		if x.Over != nil {
			return x, nil
		}
		return a.call(x)
	case *sql.Quantified:
		return a.quantified(x)
	case *sql.Index:
		return a.index(x), nil
	case *sql.Binary:
		if a.catalog && x.Op == sql.OpRegex {
			return exactly(x), nil
		}
	case *sql.ColumnRef:
		if len(x.Name) == 1 && !x.Name[0].Quoted && (x.Name[0].Name == "current_role" || x.Name[0].Name == "user" && a.catalog) {
			return textLit(a.c.sess.User), nil
		}
		return a.udt(x), nil
	}
	return x, nil
}

func (a *adapter) cast(x *sql.Cast) (sql.Expr, error) {
	lit, isLit := x.X.(*sql.Literal)
	if isLit && lit.Kind != sql.LitString {
		isLit = false
	}
	if x.Type.Elem != nil {
		return a.castArray(x, isLit), nil
	}
	switch strings.ToLower(x.Type.Name) {
	case "regclass":
		if isLit {
			return a.class(lit.Text)
		}
		if named(x.X) {
			return a.oidOf(x.X), nil
		}
		return lookup("relname", "pg_class", "oid", x.X), nil
	case "regtype":
		if lit, ok := x.X.(*sql.Literal); ok && lit.Kind == sql.LitNull {
			return nullText(), nil
		}
		if isLit {
			oid, ok := pgcatalog.TypeOID(lit.Text)
			if !ok {
				return nil, state("42704", "type %q does not exist", lit.Text)
			}
			return intLit(oid), nil
		}
		if named(x.X) { // "pg_catalog"."varchar"
			bare := call("regexp_replace", castTo(x.X, "TEXT"), textLit(`^.*\.|"`), textLit(""), textLit("g"))
			return typeName(lookup("oid", "pg_type", "typname", bare), nil), nil
		}
		return &sql.Case{Whens: []sql.When{{Cond: &sql.Binary{Op: sql.OpEq, L: castTo(x.X, "BIGINT"), R: intLit(0)}, Then: textLit("-")},
			{Cond: &sql.IsTest{X: x.X, What: sql.IsNull}, Then: nullText()}}, Else: typeName(x.X, nil)}, nil
	case "regnamespace":
		if isLit {
			return intLit(pgcatalog.NamespaceOID(lit.Text)), nil
		}
		return lookup("nspname", "pg_namespace", "oid", x.X), nil
	case "regrole":
		return textLit("greptime"), nil
	case "oid", "xid", "xid8", "tid", "cid":
		if inner, ok := x.X.(*sql.Literal); ok && inner.Kind == sql.LitInt {
			return inner, nil
		}
		return castTo(x.X, "BIGINT"), nil
	case "name", "cstring", "bpchar", "citext", "regproc", "regprocedure", "regoper", "int2vector", "oidvector", "pg_node_tree", "aclitem", "inet", "uuid", "refcursor":
		return castTo(x.X, "TEXT"), nil
	case "jsonb":
		return castTo(x.X, "JSON"), nil
	}
	return x, nil
}

// class is the id of a table that a text names, or that it is.
func (a *adapter) class(name string) (sql.Expr, error) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return intLit(uint32(n)), nil
	}
	if a.c.s.opt.ClassOID != nil {
		if oid, ok := a.c.s.opt.ClassOID(a.c.sess, name); ok {
			return intLit(oid), nil
		}
	}
	return nil, state("42P01", "relation %q does not exist", name)
}

// typeName is what format_type prints.
func typeName(oid, modifier sql.Expr) sql.Expr {
	names := pgcatalog.TypeNames()
	k := &sql.Case{Operand: castTo(oid, "BIGINT"), Else: &sql.Case{Whens: []sql.When{{Cond: &sql.IsTest{X: oid, What: sql.IsNull}, Then: nullText()}}, Else: textLit("???")}}
	for _, n := range sortedKeys(names) {
		k.Whens = append(k.Whens, sql.When{Cond: intLit(n), Then: textLit(names[n])})
	}
	if modifier == nil {
		return k
	}
	// numeric(10,2): both are in the modifier, less four
	m := &sql.Binary{Op: sql.OpSub, L: castTo(modifier, "BIGINT"), R: intLit(4)}
	digits := call("concat", textLit("numeric("), castTo(call("floor", &sql.Binary{Op: sql.OpDiv, L: m, R: &sql.Literal{Kind: sql.LitFloat, Text: "65536.0"}}), "BIGINT"), textLit(","),
		castTo(&sql.Binary{Op: sql.OpMod, L: m, R: intLit(1 << 16)}, "BIGINT"), textLit(")"))
	return &sql.Case{Whens: []sql.When{{Cond: &sql.Binary{Op: sql.OpAnd, L: &sql.Binary{Op: sql.OpEq, L: oid, R: intLit(wire.OIDNumeric)},
		R: &sql.Binary{Op: sql.OpGt, L: modifier, R: intLit(0)}}, Then: digits}}, Else: k}
}

func sortedKeys(m map[uint32]string) []uint32 {
	keys := make([]uint32, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (a *adapter) call(f *sql.FuncCall) (sql.Expr, error) {
	if len(f.Name) > 2 || len(f.Name) == 2 && f.Name[0].Name != pgcatalog.Name && f.Name[0].Name != "information_schema" {
		return f, nil
	}
	name := strings.ToLower(f.FuncName())
	arg := func(i int) sql.Expr {
		if i < len(f.Args) {
			return f.Args[i].Expr
		}
		return &sql.Literal{Kind: sql.LitNull}
	}
	constant := func(i int) (string, bool) {
		if l, ok := arg(i).(*sql.Literal); ok && l.Kind != sql.LitNull {
			return l.Text, true
		}
		return "", false
	}
	c := a.c
	switch name {
	case "array", "unnest", "generate_subscripts", "_pg_expandarray", "array_upper", "array_lower", "array_length", "array_to_string", "cardinality", "array_position":
		return a.arrayCall(name, f), nil
	case "version":
		v := "PostgreSQL " + c.s.opt.Version + " " + c.s.opt.Product
		if c.s.opt.Build != "" {
			v += " " + c.s.opt.Build
		}
		return textLit(v), nil
	case "pg_backend_pid":
		return intLit(c.id), nil
	case "pg_cancel_backend", "pg_terminate_backend":
		pid, ok := constant(0)
		n, err := strconv.ParseUint(pid, 10, 32)
		if !ok || err != nil {
			return nil, state("0A000", "%s takes a constant process id", name)
		}
		victim := c.s.find(uint32(n))
		if victim == nil {
			c.notice("01000", "PID "+pid+" is not a PostgreSQL server process")
			return boolLit(false), nil
		}
		if user, _ := c.s.conns.User(victim.id); c.sess.Rights != model.ReadWrite && user != c.sess.User {
			return nil, state("42501", "permission denied to end what another user runs")
		}
		why := error(errCanceled)
		if name == "pg_terminate_backend" {
			why = errTerminated
		}
		if victim != c && !a.describes {
			victim.kill(why)
		}
		return boolLit(true), nil
	case "pg_sleep":
		s, ok := constant(0)
		seconds, err := strconv.ParseFloat(s, 64)
		if !ok || err != nil || seconds > 1e6 {
			return nil, state("0A000", "pg_sleep takes a constant number of seconds")
		}
		if a.describes {
			seconds = 0
		}
		ctx := a.ctx
		if c.sess.Timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeoutCause(ctx, c.sess.Timeout, errTimeout)
			defer cancel()
		}
		t := time.NewTimer(time.Duration(seconds * float64(time.Second)))
		defer t.Stop()
		select {
		case <-t.C:
			return textLit(""), nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	case "current_setting":
		s, ok := constant(0)
		if !ok {
			return nil, state("0A000", "current_setting takes a constant name")
		}
		if v, ok := c.variable(strings.ToLower(s)); ok {
			return textLit(v), nil
		}
		if missing, _ := constant(1); missing == "true" {
			return nullText(), nil
		}
		return nil, unrecognized(s)
	case "set_config":
		s, ok := constant(0)
		v, ok2 := constant(1)
		if !ok || !ok2 {
			return nil, state("0A000", "set_config takes constants")
		}
		before := c.parameters()
		if err := c.assign(a.ctx, strings.ToLower(s), []string{v}); err != nil {
			return nil, err
		}
		for _, p := range c.changed(before) {
			c.w.send(&p)
		}
		return textLit(v), nil
	case "current_schemas":
		list := &sql.ArrayLit{}
		if all, _ := constant(0); all == "true" {
			list.Elems = append(list.Elems, textLit(pgcatalog.Name))
		}
		list.Elems = append(list.Elems, textLit(c.sess.Database))
		return list, nil
	case "pg_get_userbyid", "current_role":
		return textLit("greptime"), nil
	case "format_type":
		return typeName(arg(0), arg(1)), nil
	case "pg_get_expr":
		return arg(0), nil
	case "pg_get_indexdef":
		if len(f.Args) > 1 {
			if n, ok := constant(1); !ok || n != "0" { // of one column
				return lookup("attname", "pg_attribute", "attrelid", arg(0), "attnum", arg(1)), nil
			}
		}
		return lookup("definition", "pg_index_definitions", "oid", arg(0)), nil
	case "pg_get_constraintdef":
		return lookup("definition", "pg_constraint_definitions", "oid", arg(0)), nil
	case "pg_get_viewdef":
		return lookup("definition", "pg_view_definitions", "oid", arg(0)), nil
	case "obj_description":
		return lookup("description", "pg_description", "objoid", arg(0), "objsubid", intLit(0)), nil
	case "col_description":
		return lookup("description", "pg_description", "objoid", arg(0), "objsubid", arg(1)), nil
	case "to_regclass":
		if named(arg(0)) {
			return a.oidOf(arg(0)), nil
		}
		if s, ok := constant(0); ok {
			if x, err := a.class(s); err == nil {
				return x, nil
			}
		}
		return castTo(&sql.Literal{Kind: sql.LitNull}, "BIGINT"), nil
	case "to_regtype":
		if s, ok := constant(0); ok {
			if oid, ok := pgcatalog.TypeOID(s); ok {
				return intLit(oid), nil
			}
		}
		return castTo(&sql.Literal{Kind: sql.LitNull}, "BIGINT"), nil
	case "quote_ident":
		plain := &sql.Binary{Op: sql.OpRegex, L: arg(0), R: textLit("^[a-z_][a-z0-9_$]*$")}
		return &sql.Case{Whens: []sql.When{{Cond: plain, Then: arg(0)}},
			Else: call("concat", textLit(`"`), call("replace", arg(0), textLit(`"`), textLit(`""`)), textLit(`"`))}, nil
	case "format":
		if pattern, ok := arg(0).(*sql.Literal); ok && pattern.Kind == sql.LitString && (a.catalog || a.info) {
			return a.format(f, pattern.Text)
		}
		return f, nil
	case "quote_literal":
		return call("concat", textLit("'"), call("replace", castTo(arg(0), "TEXT"), textLit("'"), textLit("''")), textLit("'")), nil
	case "shobj_description", "pg_get_partkeydef", "pg_get_statisticsobjdef_columns", "pg_get_statisticsobjdef", "pg_get_function_result",
		"pg_get_function_arguments", "pg_get_function_identity_arguments", "pg_get_functiondef", "pg_get_serial_sequence", "pg_get_triggerdef", "pg_get_ruledef",
		"pg_tablespace_location", "inet_server_addr", "inet_client_addr", "pg_advisory_lock", "pg_advisory_unlock_all", "pg_export_snapshot",
		"pg_get_partition_constraintdef", "pg_notify":
		return nullText(), nil
	case "inet_server_port", "inet_client_port":
		return castTo(&sql.Literal{Kind: sql.LitNull}, "INT"), nil
	case "pg_encoding_to_char":
		return textLit("UTF8"), nil
	case "pg_char_to_encoding":
		return intLit(6), nil
	case "pg_my_temp_schema", "pg_relation_size", "pg_total_relation_size", "pg_table_size", "pg_indexes_size", "pg_database_size", "pg_stat_get_numscans",
		"pg_tablespace_size", "pg_current_xact_id", "pg_column_size":
		return intLit(0), nil
	case "txid_current", "pg_current_snapshot":
		return intLit(1), nil
	case "pg_is_in_recovery", "pg_is_other_temp_schema", "pg_relation_is_publishable", "pg_has_role_none":
		return boolLit(false), nil
	case "pg_has_role", "pg_try_advisory_lock", "pg_advisory_unlock", "pg_relation_is_updatable", "pg_index_column_has_property":
		return boolLit(true), nil
	case "pg_size_pretty":
		return call("concat", castTo(arg(0), "TEXT"), textLit(" bytes")), nil
	case "pg_postmaster_start_time", "pg_conf_load_time":
		return call("now"), nil
	case "pg_typeof":
		return call("arrow_typeof", arg(0)), nil
	}
	if _, ok := constant(0); name == "pg_table_is_visible" && !ok {
		return a.visible(arg(0)), nil
	}
	if strings.HasSuffix(name, "_is_visible") && strings.HasPrefix(name, "pg_") || strings.HasPrefix(name, "has_") && strings.HasSuffix(name, "_privilege") {
		return boolLit(true), nil
	}
	return f, nil
}
