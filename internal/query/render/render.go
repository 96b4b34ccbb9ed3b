// Package render writes a plan as one statement of relational: every scan becomes src(i), every other operator a SELECT around its
// input. Columns are named c<id>, after their ids, so that a name means the same column everywhere in the statement; DuckDB's planner
// merges the nesting away.
package render

import (
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// Statement is a plan as text.
type Statement struct {
	SQL   string
	Scans []plan.Node  // src(i) is Scans[i]: a *plan.Scan or a *plan.Range
	Types []model.Type // of the result's columns
}

// Query writes the plan.
func Query(q *plan.Query) (*Statement, error) {
	w := &writer{st: &Statement{}}
	cols := q.Root.Cols()
	var sb strings.Builder
	sb.WriteString("SELECT ")
	for i, c := range cols {
		if i > 0 {
			sb.WriteString(", ")
		}
		sb.WriteString(name(c.ID))
		w.st.Types = append(w.st.Types, c.Type)
	}
	if len(cols) == 0 {
		return nil, errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: SELECT without columns")
	}
	from, err := w.from(q.Root)
	if err != nil {
		return nil, err
	}
	w.st.SQL = sb.String() + " FROM " + from
	return w.st, nil
}

// Expr writes an expression that reads no column.
func Expr(e plan.Expr) (string, error) {
	w := &writer{st: &Statement{}}
	return w.expr(e)
}

type writer struct {
	st    *Statement
	depth int // of the expression that is being written
}

func name(id plan.ColID) string { return "c" + strconv.Itoa(int(id)) }

// from writes a node as an item of FROM.
func (w *writer) from(n plan.Node) (string, error) {
	switch n := n.(type) {
	case *plan.Scan, *plan.Range:
		w.st.Scans = append(w.st.Scans, n)
		return "src(" + strconv.Itoa(len(w.st.Scans)-1) + ")", nil
	case *plan.Join:
		return w.join(n)
	}
	s, err := w.query(n)
	return "(" + s + ")", err
}

// query writes a node as a SELECT.
func (w *writer) query(n plan.Node) (string, error) {
	switch n := n.(type) {
	case *plan.Filter:
		return w.around(n.Input, "*", func(sel string) (string, error) {
			c, err := w.expr(n.Cond)
			return sel + " WHERE " + c, err
		})
	case *plan.Project:
		return w.project(n)
	case *plan.Aggregate:
		return w.aggregate(n)
	case *plan.Window:
		return w.window(n)
	case *plan.SetOp:
		return w.setOp(n)
	case *plan.Sort:
		return w.around(n.Input, "*", func(sel string) (string, error) {
			k, err := w.keys(n.Keys)
			return sel + " ORDER BY " + k, err
		})
	case *plan.Limit:
		return w.limit(n)
	case *plan.Distinct:
		return w.distinct(n)
	case *plan.Values:
		return w.values(n)
	case *plan.TableFunc:
		return w.tableFunc(n)
	case *plan.Unnest:
		return w.unnest(n)
	case *plan.Recursive:
		return w.recursive(n)
	case *plan.Working:
		return w.working(n), nil
	}
	from, err := w.from(n)
	return "SELECT * FROM " + from, err
}

func (w *writer) around(input plan.Node, items string, rest func(sel string) (string, error)) (string, error) {
	from, err := w.from(input)
	if err != nil {
		return "", err
	}
	return rest("SELECT " + items + " FROM " + from)
}

// project writes the items; a filter right below becomes the WHERE of the same SELECT.
func (w *writer) project(n *plan.Project) (string, error) {
	items, err := w.items(n.Items)
	if err != nil {
		return "", err
	}
	if items == "" {
		items = "1 AS nothing"
	}
	if f, ok := n.Input.(*plan.Filter); ok {
		return w.around(f.Input, items, func(sel string) (string, error) {
			c, err := w.expr(f.Cond)
			return sel + " WHERE " + c, err
		})
	}
	return w.around(n.Input, items, func(sel string) (string, error) { return sel, nil })
}

func (w *writer) items(items []plan.Item) (string, error) {
	parts := make([]string, len(items))
	for i, it := range items {
		x, err := w.expr(it.X)
		if err != nil {
			return "", err
		}
		parts[i] = x + " AS " + name(it.Col.ID)
	}
	return strings.Join(parts, ", "), nil
}

func (w *writer) aggregate(n *plan.Aggregate) (string, error) {
	var parts, keys []string
	for _, k := range n.Keys {
		x, err := w.expr(k.X)
		if err != nil {
			return "", err
		}
		keys = append(keys, x)
		parts = append(parts, x+" AS "+name(k.Col.ID))
	}
	for i := range n.Aggs {
		x, err := w.call(&n.Aggs[i], "")
		if err != nil {
			return "", err
		}
		parts = append(parts, x+" AS "+name(n.Aggs[i].Col.ID))
	}
	if len(parts) == 0 {
		parts = []string{"1 AS nothing"}
	}
	return w.around(n.Input, strings.Join(parts, ", "), func(sel string) (string, error) {
		switch {
		case n.Sets != nil:
			sets := make([]string, len(n.Sets))
			for i, s := range n.Sets {
				in := make([]string, len(s))
				for j, k := range s {
					in[j] = keys[k]
				}
				sets[i] = "(" + strings.Join(in, ", ") + ")"
			}
			return sel + " GROUP BY GROUPING SETS (" + strings.Join(sets, ", ") + ")", nil
		case len(keys) > 0:
			ordinals := make([]string, len(keys))
			for i := range keys {
				ordinals[i] = strconv.Itoa(i + 1)
			}
			return sel + " GROUP BY " + strings.Join(ordinals, ", "), nil
		case len(n.Aggs) == 0:
			return sel + " GROUP BY GROUPING SETS (())", nil
		}
		return sel, nil
	})
}

func (w *writer) call(a *plan.Agg, over string) (string, error) {
	f, ok := function.LookupAggregate(a.Fn)
	if !ok {
		return "", errs.New(errs.Internal, "no aggregate function %s", a.Fn)
	}
	c := function.Call{Result: a.Col.Type, Distinct: a.Distinct, Over: over, IgnoreNulls: a.IgnoreNulls}
	var err error
	if c.Args, err = w.args(a.Args); err != nil {
		return "", err
	}
	if c.OrderBy, err = w.keys(a.OrderBy); err != nil {
		return "", err
	}
	if a.Filter != nil {
		if c.Filter, err = w.expr(a.Filter); err != nil {
			return "", err
		}
	}
	if c.IgnoreNulls && !f.Placed(over != "") { // the same for a function of values, whose order among the NULLs does not count
		c.IgnoreNulls = false
		if len(c.Args) > 0 {
			c.Filter = function.AndNotNull(c.Filter, c.Args[0])
		}
	}
	return f.SQL(c)
}

func (w *writer) window(n *plan.Window) (string, error) {
	items := "*"
	for i := range n.Calls {
		c := &n.Calls[i]
		frame := c.Frame
		if f, ok := function.LookupAggregate(c.Fn); ok && f.Framed && wholePartition(c) {
			frame = nearlyWhole
		}
		over, err := w.over(c, frame)
		if err != nil {
			return "", err
		}
		x, err := w.call(&c.Agg, over)
		if err != nil {
			return "", err
		}
		items += ", " + x + " AS " + name(c.Col.ID)
	}
	return w.around(n.Input, items, func(sel string) (string, error) { return sel, nil })
}

// wholePartition reports a window in which every row sees all of its partition.
func wholePartition(c *plan.WindowCall) bool {
	if c.Frame == nil {
		return len(c.Order) == 0
	}
	whole := c.Frame.Start.Kind == "UNBOUNDED PRECEDING" && c.Frame.End.Kind == "UNBOUNDED FOLLOWING"
	return whole || c.Frame.Unit == "RANGE" && len(c.Order) == 0
}

// nearlyWhole is a frame of the whole partition that the engine does not take for one: it gives what is computed once for a partition to
// functions of ours in a way that these cannot tell from another.
var nearlyWhole = &plan.Frame{Unit: "ROWS", Start: plan.Bound{Kind: "UNBOUNDED PRECEDING"}, End: plan.Bound{Kind: "FOLLOWING", N: &plan.Lit{V: model.IntValue(model.Int64, 1<<40)}}}

func (w *writer) over(c *plan.WindowCall, frame *plan.Frame) (string, error) {
	var parts []string
	if len(c.PartitionBy) > 0 {
		args, err := w.args(c.PartitionBy)
		if err != nil {
			return "", err
		}
		names := make([]string, len(args))
		for i, a := range args {
			names[i] = a.SQL
		}
		parts = append(parts, "PARTITION BY "+strings.Join(names, ", "))
	}
	if len(c.Order) > 0 {
		k, err := w.keysAs(c.Order, func(x string, t model.Type) string {
			if c.Frame.Calendar() {
				return function.ToStamp(x, t)
			}
			return x
		})
		if err != nil {
			return "", err
		}
		parts = append(parts, "ORDER BY "+k)
	}
	if f := frame; f != nil {
		s, err := w.bound(f.Start)
		if err != nil {
			return "", err
		}
		e, err := w.bound(f.End)
		if err != nil {
			return "", err
		}
		parts = append(parts, f.Unit+" BETWEEN "+s+" AND "+e)
	}
	return "(" + strings.Join(parts, " ") + ")", nil
}

func (w *writer) bound(b plan.Bound) (string, error) {
	if b.N == nil {
		return b.Kind, nil
	}
	n, err := w.expr(b.N)
	return n + " " + b.Kind, err
}

func (w *writer) join(n *plan.Join) (string, error) {
	l, err := w.from(n.L)
	if err != nil {
		return "", err
	}
	r, err := w.from(n.R)
	if err != nil {
		return "", err
	}
	if _, nested := n.R.(*plan.Join); nested {
		r = "(" + r + ")"
	}
	if n.Lateral {
		r = "LATERAL " + r
	}
	if n.Kind == plan.Semi || n.Kind == plan.Anti {
		// The engine forgets the right side by its alias, and scans share one: that of their function.
		alias := "right_side"
		if cols := n.R.Cols(); len(cols) > 0 {
			alias += "_" + name(cols[0].ID)
		}
		r = "(SELECT * FROM " + r + ") AS " + alias
	}
	if n.On == nil {
		if n.Kind == plan.Inner {
			return l + " CROSS JOIN " + r, nil
		}
		return l + " " + n.Kind.String() + " JOIN " + r + " ON true", nil
	}
	on, err := w.expr(n.On)
	return l + " " + n.Kind.String() + " JOIN " + r + " ON " + on, err
}

func (w *writer) setOp(n *plan.SetOp) (string, error) {
	side := func(in plan.Node) (string, error) {
		cols := in.Cols()
		parts := make([]string, len(cols))
		for i, c := range cols {
			parts[i] = name(c.ID) + " AS " + name(n.Out[i].ID)
		}
		return w.around(in, strings.Join(parts, ", "), func(sel string) (string, error) { return "(" + sel + ")", nil })
	}
	l, err := side(n.L)
	if err != nil {
		return "", err
	}
	r, err := side(n.R)
	if err != nil {
		return "", err
	}
	op := " " + n.Kind + " "
	if n.All {
		op = " " + n.Kind + " ALL "
	}
	return l + op + r, nil
}

// limit writes a limit in the SELECT of the order below it, where there is one.
func (w *writer) limit(n *plan.Limit) (string, error) {
	inner, err := w.query(n.Input)
	if err != nil {
		return "", err
	}
	switch n.Input.(type) {
	case *plan.Sort, *plan.Filter, *plan.Project, *plan.Aggregate, *plan.Distinct, *plan.Scan, *plan.Range:
	default:
		inner = "SELECT * FROM (" + inner + ")"
	}
	if n.Count >= 0 {
		inner += " LIMIT " + strconv.FormatInt(n.Count, 10)
	}
	if n.Offset > 0 {
		inner += " OFFSET " + strconv.FormatInt(n.Offset, 10)
	}
	return inner, nil
}

func (w *writer) distinct(n *plan.Distinct) (string, error) {
	if len(n.On) == 0 {
		return w.around(n.Input, "DISTINCT *", func(sel string) (string, error) { return sel, nil })
	}
	on, err := w.args(n.On)
	if err != nil {
		return "", err
	}
	names := make([]string, len(on))
	for i, a := range on {
		names[i] = a.SQL
	}
	return w.around(n.Input, "DISTINCT ON ("+strings.Join(names, ", ")+") *", func(sel string) (string, error) {
		if len(n.Order) == 0 {
			return sel, nil
		}
		k, err := w.keys(n.Order)
		return sel + " ORDER BY " + k, err
	})
}

func (w *writer) values(n *plan.Values) (string, error) {
	if len(n.Out) == 0 && len(n.Rows) == 0 {
		return "SELECT 1 AS nothing WHERE false", nil
	}
	if len(n.Out) == 0 {
		return "SELECT 1 AS nothing", nil
	}
	var rows []string
	for _, r := range n.Rows {
		args, err := w.args(r)
		if err != nil {
			return "", err
		}
		cells := make([]string, len(args))
		for i, a := range args {
			cells[i] = a.SQL
		}
		rows = append(rows, "("+strings.Join(cells, ", ")+")")
	}
	names := make([]string, len(n.Out))
	for i, c := range n.Out {
		names[i] = name(c.ID)
	}
	if len(rows) == 0 {
		cells := make([]string, len(n.Out))
		for i, c := range n.Out {
			cells[i] = function.Literal(model.NullOf(c.Type)) + " AS " + names[i]
		}
		return "SELECT " + strings.Join(cells, ", ") + " WHERE false", nil
	}
	return "SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") v(" + strings.Join(names, ", ") + ")", nil
}

func (w *writer) keys(ks []plan.SortKey) (string, error) {
	return w.keysAs(ks, func(x string, _ model.Type) string { return x })
}

// keysAs writes the keys, each as another text makes of it.
func (w *writer) keysAs(ks []plan.SortKey, as func(x string, t model.Type) string) (string, error) {
	parts := make([]string, len(ks))
	for i, k := range ks {
		x, err := w.expr(k.X)
		if err != nil {
			return "", err
		}
		if _, lit := k.X.(*plan.Lit); lit {
			x = "(" + x + " || '')" // a bare number would be an ordinal
		}
		dir := " ASC"
		if k.Desc {
			dir = " DESC"
		}
		nulls := " NULLS LAST"
		if k.NullsFirst {
			nulls = " NULLS FIRST"
		}
		parts[i] = as(x, k.X.Type()) + dir + nulls
	}
	return strings.Join(parts, ", "), nil
}
