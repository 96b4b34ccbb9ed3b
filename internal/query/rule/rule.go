// Package rule makes plans cheaper without changing their answers. Each rule has a file; Optimize runs them in an order in which each
// finds what the ones before it have laid open:
//
//	empty           what needs a row of a table that never has one is no rows
//	semi_join       IN (SELECT …) and EXISTS become joins
//	push_filter     conditions move towards the scans, and into them where a region can judge them; across joins by what is equal (equal),
//	                and outer joins that lose what makes them so become inner ones (outer_join)
//	key_set         … those too that say which keys the other side of a join has
//	partition       regions that hold none of the rows are left out
//	inline          a projection that only computes is merged into what is above it
//	rank            likewise number one of each group, newest first
//	distinct        SELECT DISTINCT is a grouping where regions can do that
//	last_row        the newest row of each group needs only the newest row of each series
//	aggregate       groupings that a region can do are done there
//	limit           so are limits, and the newest or oldest rows
//	prune           nobody computes or reads a column that nobody uses
package rule

import "github.com/goptimedb/goptimedb/internal/query/plan"

// Optimize applies all rules to the query.
func Optimize(q *plan.Query) error {
	if err := Spread(q); err != nil {
		return err
	}
	return Reduce(q)
}

// Spread applies the rules that bring conditions where they belong, and drops what is not read. What is asked before the rest, and becomes
// part of these conditions, is found out between Spread and Reduce.
func Spread(q *plan.Query) error {
	root, err := plan.Transform(q.Root, empty)
	if err != nil {
		return err
	}
	if root, err = plan.Transform(root, semiJoins); err != nil {
		return err
	}
	q.Root = pushFilters(root)
	prune(q)
	return nil
}

// Reduce applies the other rules.
func Reduce(q *plan.Query) (err error) {
	partitions(q.Root)
	for _, r := range []func(*plan.Query, plan.Node) (plan.Node, error){inline, lastRow, firstOfRank, distinct, aggregate, inline, limit} {
		q.Root, err = plan.Transform(q.Root, func(n plan.Node) (plan.Node, error) { return r(q, n) })
		if err != nil {
			return err
		}
	}
	prune(q)
	return nil
}

// pure reports an expression that may be computed again, earlier or later, with the same result.
func pure(e plan.Expr) bool {
	if plan.HasSub(e) {
		return false
	}
	if c, ok := e.(*plan.Call); ok && volatile(c.Fn) {
		return false
	}
	for _, c := range plan.Children(e) {
		if !pure(c) {
			return false
		}
	}
	return true
}

// substitute replaces columns that items make by how they are made.
func substitute(e plan.Expr, items []plan.Item) plan.Expr {
	return plan.Rewrite(e, func(x plan.Expr) plan.Expr {
		if c, ok := x.(*plan.Col); ok {
			for _, it := range items {
				if it.Col.ID == c.ID {
					return it.X
				}
			}
		}
		return nil
	})
}

// mergeable reports that e may be written with what items compute in place of their columns: it means the same, and is not too large.
func mergeable(e plan.Expr, items []plan.Item) bool {
	if plan.HasSub(e) {
		return false
	}
	ok, size := true, plan.Size(e)
	plan.Uses(e, func(id plan.ColID) {
		for _, it := range items {
			if ok && it.Col.ID == id {
				size += plan.Size(it.X)
				ok = size <= plan.MaxSize && pure(it.X)
			}
		}
	})
	return ok
}

func columnSet(n plan.Node) map[plan.ColID]bool {
	set := map[plan.ColID]bool{}
	for _, c := range n.Cols() {
		set[c.ID] = true
	}
	return set
}
