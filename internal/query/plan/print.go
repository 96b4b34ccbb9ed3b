package plan

import (
	"fmt"
	"strings"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Key prints an expression so that two expressions with the same key are the same.
func Key(e Expr) string {
	var sb strings.Builder
	printExpr(&sb, e, true)
	return sb.String()
}

// String prints an expression for people.
func String(e Expr) string {
	var sb strings.Builder
	printExpr(&sb, e, false)
	return sb.String()
}

func printExpr(sb *strings.Builder, e Expr, exact bool) {
	list := func(es []Expr) {
		for i, x := range es {
			if i > 0 {
				sb.WriteString(", ")
			}
			printExpr(sb, x, exact)
		}
	}
	switch e := e.(type) {
	case *Col:
		if exact {
			fmt.Fprintf(sb, "#%d", e.ID)
		} else {
			sb.WriteString(e.Name)
		}
	case *Lit:
		if exact {
			fmt.Fprintf(sb, "%s:", e.V.Type)
		}
		if e.V.Type.Class() == model.ClassInterval && !e.V.IsNull {
			fmt.Fprintf(sb, "%+v", e.V.Interval)
			return
		}
		sb.WriteString(e.V.String())
	case *Call:
		if !exact && printOperator(sb, e) {
			return
		}
		fmt.Fprintf(sb, "%s(", e.Fn)
		list(e.Args)
		sb.WriteByte(')')
	case *Cast:
		if e.Try {
			sb.WriteString("TRY_")
		}
		sb.WriteString("CAST(")
		printExpr(sb, e.X, exact)
		fmt.Fprintf(sb, " AS %s)", e.T)
	case *Case:
		sb.WriteString("CASE")
		for _, w := range e.Whens {
			sb.WriteString(" WHEN ")
			printExpr(sb, w.Cond, exact)
			sb.WriteString(" THEN ")
			printExpr(sb, w.Then, exact)
		}
		if e.Else != nil {
			sb.WriteString(" ELSE ")
			printExpr(sb, e.Else, exact)
		}
		sb.WriteString(" END")
	case *In:
		printExpr(sb, e.X, exact)
		if e.Not {
			sb.WriteString(" NOT")
		}
		sb.WriteString(" IN (")
		list(e.List)
		sb.WriteByte(')')
	case *InSet:
		printExpr(sb, e.X, exact)
		if exact {
			fmt.Fprintf(sb, " IN %p", e.Set)
		} else {
			sb.WriteString(" IN " + e.Set.String())
		}
	case *Sub:
		if e.X != nil {
			printExpr(sb, e.X, exact)
			sb.WriteByte(' ')
		}
		if e.Op != "" {
			sb.WriteString(e.Op + " ")
		}
		if e.Not {
			sb.WriteString("NOT ")
		}
		sb.WriteString([...]string{"", "EXISTS ", "IN ", "ANY ", "ALL "}[e.Kind])
		if exact {
			fmt.Fprintf(sb, "(%p)", e.Query)
		} else {
			sb.WriteString("(subquery)")
		}
	case *List:
		sb.WriteByte('[')
		if exact && len(e.Names) > 0 {
			fmt.Fprintf(sb, "%q:", e.Names)
		}
		list(e.Elems)
		sb.WriteByte(']')
	}
}

// printOperator prints a call of an operator as it is written in SQL; false where the call is of a function.
func printOperator(sb *strings.Builder, e *Call) bool {
	operand := func(x Expr) {
		if c, ok := x.(*Call); ok && isOperator(c.Fn) {
			sb.WriteByte('(')
			printExpr(sb, x, false)
			sb.WriteByte(')')
			return
		}
		printExpr(sb, x, false)
	}
	switch {
	case e.Fn == And || e.Fn == Or:
		for i, x := range Operands(nil, e.Fn, e) {
			if i > 0 {
				sb.WriteString(" " + strings.ToUpper(e.Fn) + " ")
			}
			operand(x)
		}
	case !isOperator(e.Fn):
		return false
	case e.Fn == Not && len(e.Args) == 1:
		sb.WriteString("NOT ")
		operand(e.Args[0])
	case len(e.Args) == 1 && (e.Fn == IsNull || e.Fn == NotNull):
		operand(e.Args[0])
		sb.WriteString(" " + strings.ToUpper(e.Fn))
	case len(e.Args) >= 2: // LIKE has its escape as a third
		operand(e.Args[0])
		sb.WriteString(" " + strings.ToUpper(e.Fn) + " ")
		operand(e.Args[1])
	default:
		return false
	}
	return true
}

func isOperator(fn string) bool {
	switch fn {
	case And, Or, Not, IsNull, NotNull, Like, NotLike, ILike, NotILik:
		return true
	}
	c := fn[0] | 0x20
	return (c < 'a' || c > 'z') && c != '_'
}

// Print draws a plan as a tree, a line an operator, inputs indented below.
func Print(n Node) string {
	var sb strings.Builder
	printNode(&sb, n, 0)
	return strings.TrimSuffix(sb.String(), "\n")
}

func printNode(sb *strings.Builder, n Node, depth int) {
	sb.WriteString(strings.Repeat("  ", depth))
	sb.WriteString(describe(n))
	sb.WriteByte('\n')
	for _, x := range Exprs(n) {
		printSubs(sb, x, depth+1)
	}
	for _, in := range n.Inputs() {
		printNode(sb, in, depth+1)
	}
}

func printSubs(sb *strings.Builder, e Expr, depth int) {
	if s, ok := e.(*Sub); ok {
		sb.WriteString(strings.Repeat("  ", depth) + "Subquery:\n")
		printNode(sb, s.Query, depth+1)
	}
	for _, c := range Children(e) {
		printSubs(sb, c, depth)
	}
}

func join[T any](xs []T, f func(T) string) string {
	parts := make([]string, len(xs))
	for i, x := range xs {
		parts[i] = f(x)
	}
	return strings.Join(parts, ", ")
}

func printItem(it Item) string {
	s := String(it.X)
	if s != it.Col.Name {
		s += " AS " + it.Col.Name
	}
	return s
}

func printKey(k SortKey) string {
	s := String(k.X)
	if k.Desc {
		s += " DESC"
	} else {
		s += " ASC"
	}
	if k.NullsFirst {
		return s + " NULLS FIRST"
	}
	return s + " NULLS LAST"
}

func printAgg(a Agg) string {
	s := a.Fn + "("
	if a.Distinct {
		s += "DISTINCT "
	}
	s += join(a.Args, String)
	if len(a.OrderBy) > 0 {
		s += " ORDER BY " + join(a.OrderBy, printKey)
	}
	s += ")"
	if a.Filter != nil {
		s += " FILTER (WHERE " + String(a.Filter) + ")"
	}
	return s
}

func describe(n Node) string {
	switch n := n.(type) {
	case *Scan:
		return n.describe()
	case *Filter:
		return "Filter: " + String(n.Cond)
	case *Project:
		return "Projection: " + join(n.Items, printItem)
	case *Aggregate:
		s := fmt.Sprintf("Aggregate: groupBy=[%s], aggr=[%s]", join(n.Keys, printItem), join(n.Aggs, printAgg))
		if n.Sets != nil {
			s += fmt.Sprintf(", sets=%v", n.Sets)
		}
		return s
	case *Window:
		return "Window: " + join(n.Calls, func(c WindowCall) string {
			return printAgg(c.Agg) + " OVER (PARTITION BY " + join(c.PartitionBy, String) + " ORDER BY " + join(c.Order, printKey) + ")"
		})
	case *Join:
		s := n.Kind.String() + " Join"
		if n.On != nil {
			s += ": " + String(n.On)
		}
		return s
	case *SetOp:
		if n.All {
			return n.Kind + " ALL"
		}
		return n.Kind
	case *Sort:
		return "Sort: " + join(n.Keys, printKey)
	case *Limit:
		return fmt.Sprintf("Limit: skip=%d, fetch=%d", n.Offset, n.Count)
	case *Distinct:
		if len(n.On) > 0 {
			return "Distinct: on=[" + join(n.On, String) + "], order=[" + join(n.Order, printKey) + "]"
		}
		return "Distinct"
	case *Values:
		return fmt.Sprintf("Values: %d rows of %d columns", len(n.Rows), len(n.Out))
	case *Range:
		return n.describe()
	case *Recursive:
		return fmt.Sprintf("RecursiveQuery: %d, distinct=%v", n.ID, !n.All)
	case *Working:
		return fmt.Sprintf("WorkingTable: %s of %d", n.Name, n.ID)
	case *Unnest:
		return "Unnest: " + join(n.Items, func(it Item) string { return String(it.X) })
	case *TableFunc:
		return "TableFunction: " + n.Fn + "(" + join(n.Args, String) + ")"
	}
	return fmt.Sprintf("%T", n)
}

func (n *Scan) describe() string {
	var sb strings.Builder
	if n.Table.Database == "" { // rows that are there already
		return fmt.Sprintf("Rows: of %s columns=[%s]", n.Table.Name, join(n.Out, func(c Column) string { return c.Name }))
	}
	fmt.Fprintf(&sb, "Scan: %s.%s columns=[%s]", n.Table.Database, n.Table.Name, join(n.Out, func(c Column) string { return c.Name }))
	switch regions := len(n.Table.Regions); {
	case n.Pruned > 0:
		fmt.Fprintf(&sb, " regions=%d of %d", regions, regions+n.Pruned)
	case regions > 1:
		fmt.Fprintf(&sb, " regions=%d", regions)
	}
	name := func(id model.ColumnID) string {
		if c := n.Table.Schema.Column(id); c != nil {
			return c.Name
		}
		return fmt.Sprintf("#%d", id)
	}
	r := &n.Request
	if r.TimeRange != model.AllTime && r.TimeRange != (model.TimeRange{}) {
		fmt.Fprintf(&sb, " time=%s", r.TimeRange)
	}
	if r.Predicate != nil {
		fmt.Fprintf(&sb, " where=%s", predicate(r.Predicate, name))
	}
	if len(n.Sets) > 0 {
		fmt.Fprintf(&sb, " sets=[%s]", join(n.Sets, func(f SetFilter) string { return f.Column + ": " + f.Set.String() }))
	}
	if r.LastRow {
		sb.WriteString(" last_row")
	}
	if a := r.Aggregate; a != nil {
		fmt.Fprintf(&sb, " group=[%s] aggregate=[%s]", join(a.Keys, func(k model.GroupKey) string {
			if k.Bucket != nil {
				return fmt.Sprintf("bucket(%s, %d, %d)", name(k.Column), k.Bucket.Width, k.Bucket.Origin)
			}
			return name(k.Column)
		}), join(a.Aggs, func(a model.Agg) string {
			filter := a.Filter
			a.Filter = nil
			text := a.Text(name)
			if filter != nil {
				text += " where " + predicate(filter, name)
			}
			return text
		}))
		if a.Partial {
			sb.WriteString(" partial")
		}
		if a.Slots > 0 {
			fmt.Fprintf(&sb, " newest=%d", a.Slots)
		} else if a.Slots < 0 {
			fmt.Fprintf(&sb, " oldest=%d", -a.Slots)
		}
	}
	if r.Order != contract.OrderNone {
		fmt.Fprintf(&sb, " order=%s", [...]string{"", "series", "time", "time desc"}[r.Order])
	}
	if r.Limit > 0 {
		fmt.Fprintf(&sb, " limit=%d", r.Limit)
	}
	return sb.String()
}

// shownValues is how many values of a list are printed.
const shownValues = 20

func predicate(e *model.Expr, name func(model.ColumnID) string) string {
	switch e.Op {
	case model.OpTrue, model.OpFalse:
		return e.Op.String()
	case model.OpAnd, model.OpOr:
		parts := make([]string, len(e.Args))
		for i, a := range e.Args {
			parts[i] = predicate(a, name)
		}
		return "(" + strings.Join(parts, " "+e.Op.String()+" ") + ")"
	case model.OpIsNull, model.OpNotNull:
		return name(e.Column) + " " + e.Op.String()
	case model.OpRegex, model.OpNotRegex, model.OpContains, model.OpNotContains, model.OpMatchesTerm, model.OpNotMatchesTerm, model.OpMatches,
		model.OpNotMatches:
		return fmt.Sprintf("%s %s %q", name(e.Column), e.Op, e.Pattern)
	case model.OpIn, model.OpNotIn:
		if n := len(e.Values); n > shownValues {
			return fmt.Sprintf("%s %s %d values", name(e.Column), e.Op, n)
		}
		return fmt.Sprintf("%s %s %v", name(e.Column), e.Op, e.Values)
	}
	return fmt.Sprintf("%s %s %s", name(e.Column), e.Op, e.Values[0])
}
