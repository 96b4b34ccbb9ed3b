package bind

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

func itoa(n int) string { return strconv.Itoa(n) }

// scope is the columns that names can mean.
type scope struct {
	cols   []scopeCol
	parent *scope // of the query around; nil at the top
	// windows are those that the query names.
	windows []sql.NamedWindow
}

type scopeCol struct {
	catalog, database, table string // table is the alias, if there is one, and then the others are empty
	name                     string
	col                      plan.Column
	// merged: a column of the right side of USING, which is found only by its qualified name.
	merged bool
	// anyCase: names are compared without regard to case.
	anyCase bool
	// as, if set, is what the unqualified name means: the common column of a full join by USING.
	as plan.Expr
}

func (c *scopeCol) is(name sql.ObjectName) bool {
	n := len(name)
	if n == 0 || n > 4 || !c.same(c.name, name[n-1].Name) {
		return false
	}
	if n == 1 {
		return !c.merged
	}
	return c.ofTable(name[:n-1])
}

func (c *scopeCol) same(own, asked string) bool {
	return own == asked || c.anyCase && strings.EqualFold(own, asked)
}

func (c *scopeCol) ofTable(q sql.ObjectName) bool {
	parts := []string{c.catalog, c.database, c.table}
	if len(q) > 3 {
		return false
	}
	for i, p := range parts[3-len(q):] {
		if !c.same(p, q[i].Name) {
			return false
		}
	}
	return true
}

// display is the column's name with its table.
func (c *scopeCol) display() string {
	if c.table == "" {
		return quoteName(c.name)
	}
	return quoteName(c.table) + "." + quoteName(c.name)
}

// find looks a column up, here and then around.
func (s *scope) find(name sql.ObjectName) (*scopeCol, error) {
	for at := s; at != nil; at = at.parent {
		var found *scopeCol
		for i := range at.cols {
			c := &at.cols[i]
			if !c.is(name) {
				continue
			}
			if found != nil {
				return nil, planError("Schema error: Ambiguous reference to unqualified field %s", quoteName(name.Base()))
			}
			found = c
		}
		if found != nil {
			return found, nil
		}
	}
	return nil, nil
}

func (s *scope) unknown(name sql.ObjectName) error {
	parts := make([]string, len(name))
	for i, p := range name {
		parts[i] = quoteName(p.Name)
	}
	msg := "No field named " + strings.Join(parts, ".") + "."
	if len(s.cols) > 0 {
		valid := make([]string, len(s.cols))
		for i := range s.cols {
			valid[i] = s.cols[i].display()
		}
		msg += " Valid fields are " + strings.Join(valid, ", ") + "."
	}
	return planError("%s", msg)
}

// quoteName quotes a name that would not be read back as it is.
func quoteName(n string) string {
	plain := n != ""
	for i := 0; i < len(n); i++ {
		c := n[i]
		plain = plain && (c >= 'a' && c <= 'z' || c == '_' || i > 0 && c >= '0' && c <= '9')
	}
	if plain {
		return n
	}
	return `"` + strings.ReplaceAll(n, `"`, `""`) + `"`
}

// source is a bound item of FROM.
type source struct {
	node plan.Node
	cols []scopeCol
}

// from binds a FROM clause: its items are joined, each pair with each.
func (b *binder) from(items []sql.TableExpr, outer *scope, with *ctes) (*source, error) {
	if len(items) == 0 {
		return &source{node: &plan.Values{Rows: [][]plan.Expr{{}}}}, nil
	}
	var all *source
	for _, it := range items {
		s, err := b.tableExpr(it, outer, with, all)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = s
			continue
		}
		all = &source{&plan.Join{Kind: plan.Inner, L: all.node, R: s.node, Lateral: lateral(it) || readsLeft(it, s, all)}, append(all.cols, s.cols...)}
	}
	return all, nil
}

func lateral(t sql.TableExpr) bool {
	switch t := t.(type) {
	case *sql.Derived:
		return t.Lateral
	case *sql.TableFunc:
		return t.Lateral
	}
	return false
}

// readsLeft reports that a table function reads columns of what stands before it.
func readsLeft(t sql.TableExpr, r, left *source) bool {
	if _, fn := t.(*sql.TableFunc); !fn {
		return false
	}
	found := false
	cols := left.node.Cols()
	plan.Walk(r.node, func(n plan.Node) {
		for _, x := range plan.Exprs(n) {
			plan.Uses(x, func(id plan.ColID) {
				found = found || slices.ContainsFunc(cols, func(c plan.Column) bool { return c.ID == id })
			})
		}
	})
	return found
}

// tableExpr binds an item of FROM; left is what stands before it, which LATERAL items see.
func (b *binder) tableExpr(t sql.TableExpr, outer *scope, with *ctes, left *source) (*source, error) {
	if _, fn := t.(*sql.TableFunc); left != nil && (fn || lateral(t)) { // a function sees them without the word, too
		outer = &scope{cols: left.cols, parent: outer}
	}
	switch t := t.(type) {
	case *sql.TableRef:
		return b.tableRef(t, with)
	case *sql.Derived:
		rel, err := b.query(t.Query, outer, with)
		if err != nil {
			return nil, err
		}
		return b.aliased(rel, t.Alias, "")
	case *sql.Nested:
		s, err := b.tableExpr(t.Table, outer, with, left)
		if err != nil {
			return nil, err
		}
		rel := &relation{node: s.node}
		for _, c := range s.cols {
			rel.cols = append(rel.cols, shown{c.name, c.col})
		}
		return b.aliased(rel, t.Alias, "")
	case *sql.TableFunc:
		return b.tableFunc(t, outer, with)
	case *sql.Join:
		return b.join(t, outer, with, left)
	}
	return nil, errs.New(errs.Unsupported, "Not supported: FROM item %T", t)
}

// aliased gives a relation's columns the alias's names, or the given table name.
func (b *binder) aliased(rel *relation, a *sql.Alias, table string) (*source, error) {
	s := &source{node: rel.node}
	for _, c := range rel.cols {
		s.cols = append(s.cols, scopeCol{table: table, name: c.name, col: c.col, anyCase: b.anyCase})
	}
	return s, rename(s, a)
}

func rename(s *source, a *sql.Alias) error {
	if a == nil {
		return nil
	}
	if len(a.Columns) > len(s.cols) {
		return planError("Error during planning: Source table contains %d columns but %d names given as column alias", len(s.cols), len(a.Columns))
	}
	for i := range s.cols {
		s.cols[i].catalog, s.cols[i].database, s.cols[i].table = "", "", a.Name.Name
		if i < len(a.Columns) {
			s.cols[i].name = a.Columns[i].Name
		}
	}
	return nil
}

func (b *binder) tableRef(t *sql.TableRef, with *ctes) (*source, error) {
	if b.relations++; b.relations > maxRelations {
		return nil, planError("Error during planning: the query reads more than %d tables", maxRelations)
	}
	if len(t.Name) == 1 {
		if c := with.find(t.Name[0].Name); c != nil {
			return b.cte(c, t)
		}
	}
	if len(t.Name) > 3 {
		return nil, planError("Error during planning: Unsupported compound identifier '%s'", t.Name)
	}
	catalog, database, table := t.Name.Split()
	if catalog == "" {
		catalog = b.env.Session.Catalog
	}
	if database == "" {
		database = b.env.Session.Database
	}
	tab, err := b.env.Catalog.Table(b.ctx, b.env.Session, catalog, database, table)
	if errs.Is(err, errs.TableNotFound) {
		return nil, errs.New(errs.TableNotFound, "Failed to plan SQL: Table not found: %s.%s.%s", catalog, database, table)
	}
	if err != nil {
		return nil, err
	}
	if tab.View != "" {
		return b.view(tab, t)
	}
	sc := &plan.Scan{Table: tab}
	sc.Request.TimeRange = model.AllTime
	s := &source{node: sc}
	// Who writes "INFORMATION_SCHEMA" in quotes reads columns by MySQL's names for them.
	upper := tab.AnyCase && database != tab.Database && database == strings.ToUpper(tab.Database)
	b.anyCase = b.anyCase || tab.AnyCase
	for _, c := range tab.Schema.Columns {
		if upper {
			c.Name = strings.ToUpper(c.Name)
		}
		col := b.out.NewColumn(c.Name, c.Type)
		sc.Out = append(sc.Out, col)
		sc.Source = append(sc.Source, c.ID)
		s.cols = append(s.cols, scopeCol{catalog: tab.Catalog, database: tab.Database, table: tab.Name, name: c.Name, col: col, anyCase: tab.AnyCase})
	}
	return s, rename(s, t.Alias)
}

func (b *binder) cte(c *ctes, t *sql.TableRef) (*source, error) {
	rel, err := b.cteRelation(c)
	if err != nil {
		return nil, err
	}
	s, err := b.aliased(rel, &sql.Alias{Name: c.def.Name, Columns: c.def.Columns}, "")
	if err != nil {
		return nil, err
	}
	return s, rename(s, t.Alias)
}

func (b *binder) cteRelation(c *ctes) (*relation, error) {
	if c.working != nil {
		return b.working(c.working, c.def.Name.Name), nil
	}
	if c.recursive {
		if rel, ok, err := b.recursiveCTE(c); ok || err != nil {
			return rel, err
		}
	}
	return b.relationOf(c.def.Body, c.top, c.at)
}

// view binds a view's text as if it stood there in parentheses. It shows the columns that it had when it was made: ones that its tables
// got since are left out, and ones that are gone make an error.
func (b *binder) view(tab *plan.Table, t *sql.TableRef) (*source, error) {
	st, err := sql.ParseOne(tab.View, sql.Greptime)
	if err != nil {
		return nil, errs.Wrap(errs.Unexpected, err, "view %s", tab.Name)
	}
	rel, err := b.relationOf(st, nil, nil)
	if errs.Is(err, errs.PlanQuery) && strings.Contains(err.Error(), "No field named") {
		return nil, errs.Wrap(errs.Unexpected, err, "Failed to decode the plan of view %s", tab.Name)
	}
	if err != nil {
		return nil, errs.Wrap(errs.CodeOf(err), err, "view %s", tab.Name)
	}
	shows := &relation{node: rel.node}
	if tab.ViewColumns == nil { // whatever the query gives
		shows = rel
	}
	next := map[string]int{} // where to look for the next column of a name
	for _, c := range tab.ViewColumns {
		at := next[c.Source]
		for at < len(rel.cols) && rel.cols[at].name != c.Source {
			at++
		}
		if at == len(rel.cols) {
			return nil, errs.New(errs.Unexpected, "Failed to decode the plan of view %s: No field named %s.", tab.Name, quoteName(c.Source))
		}
		next[c.Source] = at + 1
		col := rel.cols[at].col
		if col.Type != c.Type {
			return nil, errs.New(errs.Unexpected, "View plan columns changed from: %s %s to: %s %s", c.Source, c.Type, c.Source, col.Type)
		}
		shows.cols = append(shows.cols, shown{c.Name, col})
	}
	s, err := b.aliased(shows, nil, tab.Name)
	if err != nil {
		return nil, err
	}
	for i := range s.cols {
		s.cols[i].catalog, s.cols[i].database = tab.Catalog, tab.Database
	}
	return s, rename(s, t.Alias)
}

// relationOf binds what a view or a common table expression consists of.
func (b *binder) relationOf(st sql.Statement, outer *scope, with *ctes) (*relation, error) {
	switch st := st.(type) {
	case *sql.QueryStmt:
		return b.query(st.Query, outer, with)
	case *sql.TQL:
		return b.tql(st)
	}
	return nil, errs.New(errs.Unsupported, "Not supported: %s in a query", strings.TrimPrefix(typeName(st), "*sql."))
}

// tql evaluates PromQL, whose columns depend on the data, and reads the rows as those of a table.
func (b *binder) tql(st *sql.TQL) (*relation, error) {
	if b.env.TQL == nil {
		return nil, errs.New(errs.Unsupported, "Not supported: TQL within a query")
	}
	if st.Kind != sql.TQLEval {
		return nil, planError("Error during planning: Only TQL EVAL is supported in CTEs")
	}
	tab, err := b.env.TQL(b.ctx, b.env.Session, st)
	if err != nil {
		return nil, err
	}
	sc := &plan.Scan{Table: tab}
	sc.Request.TimeRange = model.AllTime
	rel := &relation{node: sc}
	for _, c := range tab.Schema.Columns {
		col := b.out.NewColumn(c.Name, c.Type)
		sc.Out = append(sc.Out, col)
		sc.Source = append(sc.Source, c.ID)
		rel.cols = append(rel.cols, shown{c.Name, col})
	}
	return rel, nil
}

func (b *binder) tableFunc(t *sql.TableFunc, outer *scope, with *ctes) (*source, error) {
	name := strings.ToLower(t.Call.FuncName())
	if name == "unnest" {
		rel, err := b.unnestTable(&exprScope{scope: &scope{parent: outer}, with: with}, t)
		if err != nil {
			return nil, err
		}
		return b.aliased(rel, t.Alias, "")
	}
	if name != "generate_series" && name != "range" {
		return b.oneRow(t, outer, with)
	}
	f := &plan.TableFunc{Fn: name}
	counted, err := b.seriesArgs(&exprScope{scope: &scope{parent: outer}, with: with}, f, t.Call.Args)
	if err != nil {
		return nil, err
	}
	f.Out = []plan.Column{b.out.NewColumn("value", counted)}
	rel := &relation{f, []shown{{"value", f.Out[0]}}}
	if t.Ordinal {
		c := b.out.NewColumn("ordinality", model.Int64)
		f.Ordinal, f.Out = true, append(f.Out, c)
		rel.cols = append(rel.cols, shown{"ordinality", c})
	}
	return b.aliased(rel, t.Alias, name)
}

// oneRow is a scalar function in FROM: one row with its value. The column has the alias's name, as in PostgreSQL.
func (b *binder) oneRow(t *sql.TableFunc, outer *scope, with *ctes) (*source, error) {
	name := strings.ToLower(t.Call.FuncName())
	if _, scalar := function.Lookup(name); !scalar || len(t.Call.Name) > 1 {
		return nil, planError("Error during planning: table function '%s' not found", t.Call.FuncName())
	}
	x, err := b.expr(&exprScope{scope: &scope{parent: outer}, with: with}, t.Call)
	if err != nil {
		return nil, err
	}
	column := name
	if t.Alias != nil {
		column = t.Alias.Name.Name
	}
	p := &plan.Project{Input: &plan.Values{Rows: [][]plan.Expr{{}}}}
	rel := &relation{node: p}
	add := func(name string, x plan.Expr) {
		c := b.out.NewColumn(name, x.Type())
		p.Items = append(p.Items, plan.Item{Col: c, X: x})
		rel.cols = append(rel.cols, shown{name, c})
	}
	add(column, x)
	if t.Ordinal {
		add("ordinality", &plan.Lit{V: model.IntValue(model.Int64, 1)})
	}
	return b.aliased(rel, t.Alias, name)
}

func (b *binder) join(j *sql.Join, outer *scope, with *ctes, left *source) (*source, error) {
	l, err := b.tableExpr(j.L, outer, with, left)
	if err != nil {
		return nil, err
	}
	r, err := b.tableExpr(j.R, outer, with, l)
	if err != nil {
		return nil, err
	}
	n := &plan.Join{L: l.node, R: r.node, Lateral: lateral(j.R) || readsLeft(j.R, r, l)}
	swapped := false
	switch j.Kind {
	case sql.InnerJoin, sql.CrossJoin:
		n.Kind = plan.Inner
	case sql.LeftJoin:
		n.Kind = plan.Left
	case sql.RightJoin:
		n.Kind = plan.Right
	case sql.FullJoin:
		n.Kind = plan.Full
	case sql.LeftSemiJoin:
		n.Kind = plan.Semi
	case sql.LeftAntiJoin:
		n.Kind = plan.Anti
	case sql.RightSemiJoin:
		n.Kind, swapped = plan.Semi, true
	case sql.RightAntiJoin:
		n.Kind, swapped = plan.Anti, true
	}
	out := &source{node: n, cols: append(slices.Clone(l.cols), r.cols...)}
	using := make([]string, len(j.Using))
	for i, u := range j.Using {
		using[i] = u.Name
	}
	if j.Natural {
		using = commonNames(l.cols, r.cols)
	}
	switch {
	case len(using) > 0:
		if err := b.using(n, out, len(l.cols), using); err != nil {
			return nil, err
		}
	case j.On != nil:
		x, err := b.expr(&exprScope{scope: &scope{cols: out.cols, parent: outer}, with: with}, j.On)
		if err != nil {
			return nil, err
		}
		if n.On, err = b.cast(x, model.Bool); err != nil {
			return nil, err
		}
	}
	if swapped {
		n.L, n.R = n.R, n.L
	}
	if n.Kind == plan.Semi || n.Kind == plan.Anti {
		out.cols = l.cols
		if swapped {
			out.cols = r.cols
		}
	}
	return out, nil
}

func commonNames(l, r []scopeCol) []string {
	var out []string
	for _, a := range l {
		if slices.ContainsFunc(r, func(c scopeCol) bool { return c.name == a.name }) {
			out = append(out, a.name)
		}
	}
	return out
}

// using joins by equality of columns of the same name, which become one.
func (b *binder) using(n *plan.Join, out *source, left int, names []string) error {
	var conds []plan.Expr
	for _, name := range names {
		var l, r *scopeCol
		for i := range out.cols {
			c := &out.cols[i]
			if c.name != name || c.merged {
				continue
			}
			if i < left {
				l = c
			} else {
				r = c
			}
		}
		if l == nil || r == nil {
			return planError("No field named %s on both sides of the join.", quoteName(name))
		}
		cond, err := b.compare(plan.Eq, l.col.Ref(), r.col.Ref())
		if err != nil {
			return err
		}
		conds = append(conds, cond)
		switch n.Kind {
		case plan.Right:
			l.as = r.col.Ref()
		case plan.Full:
			t, _ := function.Common(l.col.Type, r.col.Type)
			l.as = &plan.Call{Fn: "coalesce", Args: []plan.Expr{convert(l.col.Ref(), t), convert(r.col.Ref(), t)}, T: t}
		}
		r.merged = true
	}
	n.On = plan.Conj(conds)
	return nil
}
