package bind

import (
	"slices"
	"strings"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

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
