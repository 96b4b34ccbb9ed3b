package bind

import (
	"slices"
	"strings"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// selected is an item of the select list.
type selected struct {
	name    string
	aliased bool
	x       plan.Expr
}

// selectBinder binds one SELECT. The stages follow the order in which rows go through the clauses.
type selectBinder struct {
	b     *binder
	s     *sql.Select
	scope *scope
	es    *exprScope // of everything after WHERE
	node  plan.Node
	input []plan.Column // what node gave before grouping

	items  []selected
	keys   []plan.Item
	sets   [][]int // grouping sets as places in keys; nil: one set of all
	common []int   // keys that stood before the first grouping sets
	order  []plan.SortKey
	orders []string    // as messages show them
	on     []plan.Expr // of DISTINCT ON
	aggs   aggCalls
	wins   windowCalls
	lists  unnestCalls // that the select list takes apart
}

func (b *binder) selectQuery(s *sql.Select, order []sql.OrderItem, outer *scope, with *ctes) (*relation, error) {
	src, err := b.from(s.From, outer, with)
	if err != nil {
		return nil, err
	}
	sb := &selectBinder{b: b, s: s, scope: &scope{cols: src.cols, parent: outer, windows: s.Windows}, node: src.node}
	if s.Where != nil {
		cond, err := b.condition(&exprScope{scope: sb.scope, with: with}, s.Where)
		if err != nil {
			return nil, err
		}
		sb.node = &plan.Filter{Input: sb.node, Cond: cond}
	}
	sb.input = sb.node.Cols()
	sb.es = &exprScope{scope: sb.scope, with: with, aggs: &sb.aggs, wins: &sb.wins, unnests: &sb.lists}
	if s.Align != nil {
		return b.selectRange(sb, order)
	}
	if err := sb.selectList(); err != nil {
		return nil, err
	}
	having, qualify, err := sb.bindTail(order)
	if err != nil {
		return nil, err
	}
	if err := sb.group(&having, &qualify); err != nil {
		return nil, err
	}
	if having != nil {
		sb.node = &plan.Filter{Input: sb.node, Cond: having}
	}
	if len(sb.wins.calls) > 0 {
		sb.node = &plan.Window{Input: sb.node, Calls: sb.wins.calls}
	}
	if qualify != nil {
		sb.node = &plan.Filter{Input: sb.node, Cond: qualify}
	}
	sb.node = sb.lists.above(sb.node)
	return sb.project()
}

// condition binds an expression that must be a boolean.
func (b *binder) condition(es *exprScope, e sql.Expr) (plan.Expr, error) {
	x, err := b.expr(es, e)
	if err != nil {
		return nil, err
	}
	if k := x.Type().Kind; k != model.KindBool && k != model.KindNull {
		return nil, planError("Error during planning: Cannot create filter with non-boolean predicate '%s' returning %s", b.display(es.scope, e), x.Type())
	}
	return b.cast(x, model.Bool)
}

// selectList binds the items.
func (sb *selectBinder) selectList() error {
	for _, it := range sb.s.Items {
		if star, ok := it.Expr.(*sql.Star); ok {
			if err := sb.star(star); err != nil {
				return err
			}
			continue
		}
		if ok, err := sb.unnestStruct(it); ok || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		x, err := sb.b.expr(sb.es, it.Expr)
		if err != nil {
			return err
		}
		item := selected{name: it.Alias.Name, aliased: it.Alias.Name != "", x: x}
		if !item.aliased {
			item.name = sb.b.header(sb.scope, it.Expr)
		}
		sb.items = append(sb.items, item)
	}
	if err := sb.uniqueNames(); err != nil {
		return err
	}
	if len(sb.items) == 0 {
		return planError("Error during planning: SELECT list is empty")
	}
	return nil
}

// uniqueNames reports two items of one name. Columns of different tables may share theirs.
func (sb *selectBinder) uniqueNames() error {
	seen := map[string]int{}
	for i, it := range sb.items {
		name := it.name
		if c, ok := it.x.(*plan.Col); ok && !it.aliased {
			for k := range sb.scope.cols {
				if s := &sb.scope.cols[k]; s.col.ID == c.ID {
					name = s.display()
				}
			}
		}
		if other, twice := seen[name]; twice {
			return planError(`Error during planning: Projections require unique expression names but the expression "%s" at position %d and "%s" at position %d have the same name. Consider aliasing ("AS") one of them.`, name, other, name, i)
		}
		seen[name] = i
	}
	return nil
}

func (sb *selectBinder) star(star *sql.Star) error {
	if len(sb.scope.cols) == 0 && len(sb.s.From) == 0 {
		return planError("Error during planning: SELECT * with no tables specified is not valid")
	}
	left := map[string]bool{}
	for _, e := range star.Except {
		left[e.Name] = true
	}
	found := false
	for i := range sb.scope.cols {
		c := &sb.scope.cols[i]
		if star.Qualifier != nil && !c.ofTable(star.Qualifier) || star.Qualifier == nil && c.merged {
			continue
		}
		found = true
		if left[c.name] {
			continue
		}
		item := selected{name: c.name, x: c.ref(star.Qualifier == nil)}
		for _, r := range star.Replace {
			if r.Alias.Name == c.name {
				x, err := sb.b.expr(sb.es, r.Expr)
				if err != nil {
					return err
				}
				item.x = x
			}
		}
		sb.items = append(sb.items, item)
	}
	if !found {
		return planError("Error during planning: Invalid qualifier %s", star.Qualifier)
	}
	return nil
}

// ref reads the column; unqualified names of a join by USING may mean more than one side.
func (c *scopeCol) ref(unqualified bool) plan.Expr {
	if unqualified && c.as != nil {
		return c.as
	}
	return c.col.Ref()
}

// alias finds an item by the name that the query gives it.
func (sb *selectBinder) alias(name string) plan.Expr {
	for _, it := range sb.items {
		if it.aliased && it.name == name {
			return it.x
		}
	}
	return nil
}

// bindTail binds what may name items by their aliases: GROUP BY, HAVING, QUALIFY, ORDER BY.
func (sb *selectBinder) bindTail(order []sql.OrderItem) (having, qualify plan.Expr, err error) {
	sb.es.alias = sb.alias
	if err := sb.groupKeys(); err != nil {
		return nil, nil, err
	}
	if sb.s.Having != nil {
		es := *sb.es
		es.aliases = sb.rowsHaving()
		if having, err = sb.b.condition(&es, sb.s.Having); err != nil {
			return nil, nil, err
		}
	}
	if sb.s.Qualify != nil {
		if qualify, err = sb.b.condition(sb.es, sb.s.Qualify); err != nil {
			return nil, nil, err
		}
	}
	return having, qualify, sb.orderKeys(order)
}

// orderKeys binds ORDER BY, and DISTINCT ON, whose names mean the same.
func (sb *selectBinder) orderKeys(order []sql.OrderItem) error {
	for _, o := range order {
		x, err := sb.orderExpr(o.Expr)
		if err != nil {
			return err
		}
		sb.order = append(sb.order, sortKey(o, x))
		sb.orders = append(sb.orders, sb.b.display(sb.scope, o.Expr))
	}
	for _, e := range sb.s.DistinctOn {
		x, err := sb.orderExpr(e)
		if err != nil {
			return err
		}
		sb.on = append(sb.on, x)
	}
	return nil
}

// orderExpr binds a key of ORDER BY: an ordinal, else the name of an item, else an expression over the input.
func (sb *selectBinder) orderExpr(e sql.Expr) (plan.Expr, error) {
	if n, ok := ordinal(e); ok {
		if n < 1 || n > len(sb.items) {
			return nil, orderBounds(n, len(sb.items))
		}
		return sb.items[n-1].x, nil
	}
	if c, ok := e.(*sql.ColumnRef); ok && len(c.Name) == 1 {
		if x := sb.alias(c.Name[0].Name); x != nil {
			return x, nil
		}
		if x := sb.selectedColumn(c.Name[0].Name); x != nil {
			return x, nil
		}
	}
	return sb.b.expr(sb.es, e)
}

// selectedColumn is the only column of that name that the select list shows: `ORDER BY host` of `SELECT a.host FROM a JOIN b …` means it,
// although b has a host, too.
func (sb *selectBinder) selectedColumn(name string) plan.Expr {
	var found plan.Expr
	for _, it := range sb.items {
		if _, ok := it.x.(*plan.Col); !ok || it.aliased || it.name != name {
			continue
		}
		if found != nil {
			return nil
		}
		found = it.x
	}
	return found
}

// groupKeys binds GROUP BY.
func (sb *selectBinder) groupKeys() error {
	if sb.s.GroupAll {
		for _, it := range sb.items {
			if !sb.aggs.uses(it.x) {
				sb.addKey(it.x, it.name)
			}
		}
		return nil
	}
	for _, g := range sb.s.GroupBy {
		if gr, ok := g.(*sql.Grouping); ok {
			if err := sb.groupingSets(gr); err != nil {
				return err
			}
			continue
		}
		x, err := sb.groupExpr(g)
		if err != nil {
			return err
		}
		if sb.aggs.uses(x) {
			return planError("Error during planning: Aggregate functions are not allowed in GROUP BY")
		}
		if _, ok := x.(*plan.Lit); ok {
			continue // a constant does not part the rows
		}
		k := sb.addKey(x, sb.b.header(sb.scope, g))
		for i := range sb.sets {
			sb.sets[i] = append(sb.sets[i], k)
		}
		sb.common = append(sb.common, k)
	}
	return nil
}

// addKey gives the place of the key among all keys, each different one of which is there once.
func (sb *selectBinder) addKey(x plan.Expr, name string) int {
	for i, k := range sb.keys {
		if plan.Key(k.X) == plan.Key(x) {
			return i
		}
	}
	sb.keys = append(sb.keys, plan.Item{Col: sb.b.out.NewColumn(name, x.Type()), X: x})
	return len(sb.keys) - 1
}

// maxGroupingSets bounds what CUBE multiplies out to.
const maxGroupingSets = 4096

// groupingSets multiplies the sets so far with those of one GROUPING SETS, ROLLUP or CUBE.
func (sb *selectBinder) groupingSets(g *sql.Grouping) error {
	var lists [][]int
	for _, set := range g.Sets {
		list := []int{}
		for _, e := range set {
			x, err := sb.groupExpr(e)
			if err != nil {
				return err
			}
			list = append(list, sb.addKey(x, sb.b.header(sb.scope, e)))
		}
		lists = append(lists, list)
	}
	switch {
	case g.Kind == sql.Rollup: // all, all but the last, …, none
		var sets [][]int
		for n := len(lists); n >= 0; n-- {
			sets = append(sets, slices.Concat(lists[:n]...))
		}
		lists = sets
	case g.Kind == sql.Cube && len(lists) > 12:
		return planError("Error during planning: CUBE of %d expressions makes too many grouping sets", len(lists))
	case g.Kind == sql.Cube: // every choice
		var sets [][]int
		for choice := range 1 << len(lists) {
			set := []int{}
			for i, l := range lists {
				if choice>>i&1 == 1 {
					set = append(set, l...)
				}
			}
			sets = append(sets, set)
		}
		lists = sets
	}
	before := sb.sets
	if before == nil {
		before = [][]int{sb.common}
	}
	if len(before)*len(lists) > maxGroupingSets {
		return planError("Error during planning: too many grouping sets")
	}
	sb.sets = [][]int{}
	for _, a := range before {
		for _, b := range lists {
			sb.sets = append(sb.sets, slices.Concat(a, b))
		}
	}
	return nil
}

func (sb *selectBinder) groupExpr(g sql.Expr) (plan.Expr, error) {
	if n, ok := ordinal(g); ok {
		if n < 1 || n > len(sb.items) {
			return nil, planError("Error during planning: Cannot find column with position %d in SELECT clause. Valid columns: 1 to %d", n, len(sb.items))
		}
		return sb.items[n-1].x, nil
	}
	plain := *sb.es
	plain.aggs, plain.wins = nil, nil
	return sb.b.expr(&plain, g)
}

// rowsHaving reports that HAVING is what MySQL makes of it in a query that groups nothing: a condition on rows, in which the names of the
// select list come first. Its drivers list tables so.
func (sb *selectBinder) rowsHaving() bool {
	grouped := sb.s.GroupAll || len(sb.s.GroupBy) > 0 || len(sb.aggs.calls) > 0
	return sb.s.Having != nil && !grouped && sb.b.env.Session.Dialect == model.DialectMySQL
}

// checkGrouping refuses calls of grouping() of what is no key of the groups.
func checkGrouping(n *plan.Aggregate, byKey map[string]plan.Expr) error {
	for _, call := range n.Aggs {
		if call.Fn != "grouping" {
			continue
		}
		if len(call.Args) == 0 {
			return planError("Error during planning: grouping needs a key of GROUP BY")
		}
		for _, x := range call.Args {
			if _, ok := byKey[plan.Key(x)]; !ok {
				return planError("Error during planning: the argument of %s is not in the grouping columns", call.Col.Name)
			}
		}
	}
	return nil
}

// group puts the Aggregate into the plan, if there is anything to group, and makes all later expressions read its columns.
func (sb *selectBinder) group(rest ...*plan.Expr) error {
	grouped := sb.s.GroupAll || len(sb.s.GroupBy) > 0
	if !grouped && len(sb.aggs.calls) == 0 {
		if sb.s.Having != nil && !sb.rowsHaving() {
			return planError("Error during planning: HAVING clause references: %s must appear in the GROUP BY clause or be used in an aggregate function", sb.b.display(sb.scope, sb.s.Having))
		}
		return nil
	}
	if grouped && len(sb.keys) == 0 && len(sb.aggs.calls) == 0 { // GROUP BY of constants only: one group where there are rows
		sb.keys = []plan.Item{{Col: sb.b.out.NewColumn("group", model.Int64), X: &plan.Lit{V: model.IntValue(model.Int64, 1)}}}
	}
	if slices.ContainsFunc(sb.keys, func(k plan.Item) bool { return sb.lists.usedBy(k.X) }) { // groups of elements
		sb.node = sb.lists.above(sb.node)
		sb.lists = unnestCalls{}
	}
	agg := &plan.Aggregate{Input: sb.node, Keys: sb.keys, Sets: sb.sets, Aggs: sb.aggs.calls}
	if grouped && len(sb.keys) == 0 && len(sb.aggs.calls) > 0 && len(sb.s.GroupBy) > 0 {
		agg.Keys = []plan.Item{{Col: sb.b.out.NewColumn("group", model.Int64), X: &plan.Lit{V: model.IntValue(model.Int64, 1)}}}
	}
	sb.node = agg
	byKey := map[string]plan.Expr{}
	for _, k := range sb.keys {
		byKey[plan.Key(k.X)] = k.Col.Ref()
	}
	if err := checkGrouping(agg, byKey); err != nil {
		return err
	}
	input := map[plan.ColID]string{}
	for _, c := range sb.input {
		input[c.ID] = c.Name
	}
	var lost string
	regroup := func(x plan.Expr) plan.Expr {
		y := plan.Rewrite(x, func(e plan.Expr) plan.Expr {
			if c, ok := byKey[plan.Key(e)]; ok {
				return c
			}
			if s, ok := e.(*plan.Sub); ok {
				seeKeys(s, sb.keys)
			}
			return nil
		})
		plan.Uses(y, func(c plan.ColID) {
			if n, ok := input[c]; ok && lost == "" {
				lost = n
			}
		})
		return y
	}
	for i := range sb.items {
		sb.items[i].x = regroup(sb.items[i].x)
	}
	for i := range sb.order {
		sb.order[i].X = regroup(sb.order[i].X)
	}
	for i := range sb.on {
		sb.on[i] = regroup(sb.on[i])
	}
	for _, x := range rest {
		if *x != nil {
			*x = regroup(*x)
		}
	}
	for i := range sb.wins.calls {
		sb.wins.calls[i].Rewrite(regroup)
	}
	sb.lists.rewrite(regroup)
	if lost != "" {
		return sb.notGrouped(lost)
	}
	return nil
}

// seeKeys lets a sub-query that is computed for each group read the group's keys where it reads the columns that these are.
func seeKeys(s *plan.Sub, keys []plan.Item) {
	own := map[plan.ColID]*plan.Col{}
	for _, k := range keys {
		if c, ok := k.X.(*plan.Col); ok {
			own[c.ID] = k.Col.Ref()
		}
	}
	var see func(e plan.Expr)
	see = func(e plan.Expr) {
		if c, ok := e.(*plan.Col); ok {
			if k := own[c.ID]; k != nil {
				*c = *k // the sub-query's own reference: nothing else holds it
			}
		}
		for _, x := range plan.Children(e) {
			see(x)
		}
	}
	plan.Walk(s.Query, func(n plan.Node) {
		for _, x := range plan.Exprs(n) {
			see(x)
		}
	})
}

func (sb *selectBinder) notGrouped(column string) error {
	var ok []string
	for _, c := range sb.node.Cols() {
		ok = append(ok, c.Name)
	}
	column = sb.displayed(column)
	return planError(`Error during planning: Column in SELECT must be in GROUP BY or an aggregate function: While expanding wildcard, column "%s" must appear in the GROUP BY clause or must be part of an aggregate function, currently only "%s" appears in the SELECT clause satisfies this requirement`,
		column, strings.Join(ok, ", "))
}

// displayed is a column as messages name it: with its table, where it has one.
func (sb *selectBinder) displayed(column string) string {
	for i := range sb.scope.cols {
		if c := &sb.scope.cols[i]; c.name == column {
			return c.display()
		}
	}
	return column
}

// project computes the items, and hidden ones for the order, puts DISTINCT and the order on top, and leaves out what was hidden.
func (sb *selectBinder) project() (*relation, error) {
	p := &plan.Project{Input: sb.node}
	rel := &relation{node: p}
	at := map[string]plan.Column{}
	add := func(name string, x plan.Expr) plan.Column {
		c := sb.b.out.NewColumn(name, x.Type())
		p.Items = append(p.Items, plan.Item{Col: c, X: x})
		if _, ok := at[plan.Key(x)]; !ok {
			at[plan.Key(x)] = c
		}
		return c
	}
	for _, it := range sb.items {
		rel.cols = append(rel.cols, shown{it.name, add(it.name, it.x)})
	}
	hide := func(x plan.Expr) plan.Expr {
		c, ok := at[plan.Key(x)]
		if !ok {
			c = add(plan.String(x), x)
		}
		return c.Ref()
	}
	var keys []plan.SortKey
	var hidden []string
	for i, k := range sb.order {
		if _, ok := k.X.(*plan.Lit); ok {
			continue
		}
		n := len(p.Items)
		if k.X = hide(k.X); len(p.Items) > n {
			hidden = append(hidden, sb.orders[i])
		}
		keys = append(keys, k)
	}
	switch {
	case len(sb.on) > 0:
		d := &plan.Distinct{Input: p, Order: keys}
		for _, x := range sb.on {
			d.On = append(d.On, hide(x))
		}
		for i := range d.On {
			if i < len(keys) && plan.Key(keys[i].X) != plan.Key(d.On[i]) {
				return nil, planError("Error during planning: SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
			}
		}
		rel.node = d
		if len(keys) > 0 { // what DISTINCT ON keeps is in that order, too
			rel.node = &plan.Sort{Input: d, Keys: keys}
		}
	case sb.s.Distinct:
		if len(hidden) > 0 {
			return nil, planError("Error during planning: For SELECT DISTINCT, ORDER BY expressions %s must appear in select list", strings.Join(hidden, ", "))
		}
		rel.node = &plan.Distinct{Input: p}
		if len(keys) > 0 {
			rel.node = &plan.Sort{Input: rel.node, Keys: keys}
		}
	case len(keys) > 0:
		rel.node = &plan.Sort{Input: p, Keys: keys}
	}
	if len(p.Items) > len(sb.items) {
		cut := &plan.Project{Input: rel.node}
		for i, c := range rel.cols {
			out := sb.b.out.NewColumn(c.name, c.col.Type)
			cut.Items = append(cut.Items, plan.Item{Col: out, X: c.col.Ref()})
			rel.cols[i].col = out
		}
		rel.node = cut
	}
	return rel, nil
}
