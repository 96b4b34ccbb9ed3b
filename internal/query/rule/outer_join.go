package rule

import (
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// strictCalls are NULL where an argument is.
var strictCalls = []string{plan.Eq, plan.Ne, plan.Lt, plan.Le, plan.Gt, plan.Ge, plan.Not, "+", "-", "*", "/", "%", plan.Like, plan.NotLike, plan.ILike, plan.NotILik,
	plan.Match, plan.NoMatch, "~*", "!~*", "upper", "lower", "abs", "date_trunc"}

// simplifyOuter makes an outer join an inner one, or a full join one of a side, where the conditions above throw away every row that
// the join would fill up with NULLs.
func simplifyOuter(n *plan.Join, conds []plan.Expr, l, r map[plan.ColID]bool) {
	rejected := func(set map[plan.ColID]bool) bool {
		return slices.ContainsFunc(conds, func(c plan.Expr) bool { return rejectsNulls(c, set) })
	}
	switch n.Kind {
	case plan.Left:
		if rejected(r) {
			n.Kind = plan.Inner
		}
	case plan.Right:
		if rejected(l) {
			n.Kind = plan.Inner
		}
	case plan.Full:
		switch noL, noR := rejected(l), rejected(r); {
		case noL && noR:
			n.Kind = plan.Inner
		case noL: // rows without a left side go
			n.Kind = plan.Left
		case noR:
			n.Kind = plan.Right
		}
	}
}

// rejectsNulls reports a condition that is not true where all columns of the set are NULL.
func rejectsNulls(e plan.Expr, set map[plan.ColID]bool) bool {
	switch e := e.(type) {
	case *plan.Lit:
		return e.V.Type.Kind == model.KindBool && (e.V.Null() || !e.V.Bool)
	case *plan.Call:
		switch e.Fn {
		case plan.And:
			return slices.ContainsFunc(e.Args, func(a plan.Expr) bool { return rejectsNulls(a, set) })
		case plan.Or:
			return !slices.ContainsFunc(e.Args, func(a plan.Expr) bool { return !rejectsNulls(a, set) })
		case plan.NotNull:
			return nullWith(e.Args[0], set)
		}
	}
	return nullWith(e, set)
}

// nullWith reports an expression that is NULL where all columns of the set are.
func nullWith(e plan.Expr, set map[plan.ColID]bool) bool {
	switch e := e.(type) {
	case *plan.Col:
		return set[e.ID]
	case *plan.Cast:
		return nullWith(e.X, set)
	case *plan.In:
		return nullWith(e.X, set)
	case *plan.Call:
		if e.Fn == plan.And || e.Fn == plan.Or { // NULL only if both are
			return !slices.ContainsFunc(e.Args, func(a plan.Expr) bool { return !nullWith(a, set) })
		}
		return slices.Contains(strictCalls, e.Fn) && slices.ContainsFunc(e.Args, func(a plan.Expr) bool { return nullWith(a, set) })
	}
	return false
}
