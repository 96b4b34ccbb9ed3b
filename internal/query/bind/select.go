package bind

import (
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
