package prom

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/model"
)

// shape is what the columns of a result are.
type shape struct {
	time    string
	fields  []string // one evaluation each; "" where tables do not matter
	headers []string // of the value columns, as many as fields
	value   model.Type
	labels  []string // known before the result is; others follow, by name
	closed  bool     // there are no others
	order   string   // t, l and v: where time, labels and values stand, m: labels from late on; "d" for the order of the table's columns
	late    int
	table   *catalog.Table // of the first selector
	many    bool           // the first selector matches several tables: a column tells them apart
}

// unwrap takes off parentheses and what the parser adds around constants.
func unwrap(e parser.Expr) parser.Expr {
	for {
		switch x := e.(type) {
		case *parser.ParenExpr:
			e = x.Expr
		case *parser.StepInvariantExpr:
			e = x.Expr
		default:
			return e
		}
	}
}

// selected is what a selector reads.
type selected struct {
	table  string   // "" of several
	fields []string // that it chooses, none where a table has no number
	time   string
}

// selection finds what a selector reads; first is its table, if it is one. nil: there is none.
func (e *Engine) selection(database string, v *parser.VectorSelector) (s *selected, first *catalog.Table, err error) {
	sel, err := newSelector(database, v.LabelMatchers)
	if err != nil {
		return nil, nil, err
	}
	tables, err := e.tables(sel)
	if err != nil || len(tables) == 0 {
		return nil, nil, err
	}
	for _, m := range sel.fields {
		exact := m.Type == labels.MatchEqual || m.Type == labels.MatchNotEqual
		if exact && !slices.ContainsFunc(tables, func(t *catalog.Table) bool { return t.Schema.ByName(m.Value) != nil }) {
			return nil, nil, errs.New(errs.TableColumnNotFound, "Cannot find column %s in table %s", m.Value, tables[0].Name)
		}
	}
	s = &selected{table: tables[0].Name, time: tables[0].Schema.Time().Name}
	for _, c := range fieldsOf(tables[0].Schema, sel.fields) {
		s.fields = append(s.fields, c.Name)
	}
	if len(tables) == 1 {
		return s, tables[0], nil
	}
	s.table = ""
	for _, t := range tables {
		if fields := fieldsOf(t.Schema, sel.fields); len(s.fields) == 0 || len(fields) == 0 || fields[0].Name != s.fields[0] {
			s.fields = nil
		}
		if t.Schema.Time().Name != s.time {
			s.time = "time"
		}
	}
	s.fields = s.fields[:min(len(s.fields), 1)]
	return s, nil, nil
}

func (e *Engine) shape(database string, expr parser.Expr, alias string) (*shape, error) {
	s := &shape{time: "time", value: model.Float64, order: "tvl"}
	namer := namer{selected: map[*parser.VectorSelector]*selected{}}
	var failed error
	selects := false
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		v, ok := n.(*parser.VectorSelector)
		if !ok || failed != nil {
			return nil
		}
		selects = true
		sel, table, err := e.selection(database, v)
		if err != nil {
			failed = err
		}
		if sel == nil {
			return nil
		}
		if len(namer.selected) == 0 {
			s.table, s.time, s.many, s.fields = table, sel.time, table == nil, sel.fields
		}
		namer.selected[v] = sel
		return nil
	})
	if failed != nil {
		return nil, failed
	}
	if len(s.fields) == 0 {
		s.fields = []string{""}
	}
	if what := singleOnly(expr); len(s.fields) > 1 && (what != "" || alias != "") {
		if what == "" {
			what = "alias"
		}
		return nil, errs.New(errs.Unsupported, "Multi fields calculation is not supported in %s: choose a field by {__field__=\"%s\"}", what, s.fields[0])
	}
	top := unwrap(expr)
	s.labelsOf(top)
	for _, f := range s.fields {
		namer.field = f
		h := namer.name(top, false)
		if len(namer.selected) == 0 && selects {
			h = "value" // of nothing
		}
		if alias != "" {
			h = alias
			s.order = "vlt"
		}
		s.headers = append(s.headers, h)
	}
	if a, ok := top.(*parser.AggregateExpr); ok && (a.Op == parser.COUNT || a.Op == parser.COUNT_VALUES) {
		s.value = model.Int64
	}
	return s, nil
}

// singleOnly names the part of an expression that works on one value per row only, or "".
func singleOnly(expr parser.Expr) (what string) {
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if a, ok := n.(*parser.AggregateExpr); ok {
			switch a.Op {
			case parser.TOPK, parser.BOTTOMK, parser.COUNT_VALUES, parser.LIMITK, parser.LIMIT_RATIO:
				what = a.Op.String()
			}
		}
		if b, ok := n.(*parser.BinaryExpr); ok && b.Op.IsComparisonOperator() && !b.ReturnBool {
			what = "comparison filters"
		}
		return nil
	})
	return what
}

// labelsOf says which labels the result of an expression has, as far as the text tells, and where they stand.
func (s *shape) labelsOf(top parser.Expr) {
	tags := func() {
		if s.table != nil {
			for _, c := range labelColumns(s.table.Schema) {
				s.labels = append(s.labels, c.Name)
			}
		}
	}
	switch x := top.(type) {
	case *parser.VectorSelector:
		tags()
		if s.table != nil {
			s.order = "d"
		}
	case *parser.AggregateExpr:
		switch {
		case x.Op == parser.TOPK || x.Op == parser.BOTTOMK || x.Op == parser.LIMITK || x.Op == parser.LIMIT_RATIO:
			s.order = "vlt"
			tags()
		case x.Op == parser.COUNT_VALUES:
			s.order, s.late = "vltm", len(x.Grouping)
			if x.Without {
				break
			}
			s.labels, s.closed = slices.Clone(x.Grouping), true
			if l, ok := unwrap(x.Param).(*parser.StringLiteral); ok && !slices.Contains(s.labels, l.Val) {
				s.labels = append(s.labels, l.Val)
			}
		case x.Without:
			s.order = "ltv"
			tags()
			s.labels = slices.DeleteFunc(s.labels, func(l string) bool { return slices.Contains(x.Grouping, l) })
		default:
			s.order = "ltv"
			s.labels, s.closed = slices.Clone(x.Grouping), true
		}
	case *parser.Call:
		switch x.Func.Name {
		case "absent", "absent_over_time", "scalar", "vector", "time", "pi":
		default:
			tags()
		}
	case *parser.BinaryExpr:
		s.order = "ltv"
		if x.LHS.Type() == parser.ValueTypeVector && x.RHS.Type() == parser.ValueTypeVector && x.VectorMatching != nil && x.VectorMatching.On {
			break
		}
		if x.Type() == parser.ValueTypeVector {
			if _, ok := unwrap(x.LHS).(*parser.AggregateExpr); ok {
				break
			}
			tags()
		}
	case *parser.UnaryExpr, *parser.SubqueryExpr:
		tags()
	}
}

// namer makes the header of a value column.
type namer struct {
	selected map[*parser.VectorSelector]*selected
	field    string // that is computed, of tables that have it
}

// fieldOf is the field that a selector takes, "" where nothing is known of it.
func (n namer) fieldOf(s *selected) string {
	switch {
	case s == nil || len(s.fields) == 0:
		return ""
	case slices.Contains(s.fields, n.field):
		return n.field
	}
	return s.fields[0]
}

// name is what the value of an expression is called; qualified puts the table's name before a field.
func (n namer) name(e parser.Expr, qualified bool) string {
	switch x := unwrap(e).(type) {
	case *parser.VectorSelector:
		s := n.selected[x]
		f := n.fieldOf(s)
		switch {
		case f == "":
			return "value"
		case qualified && s.table != "":
			return s.table + "." + f
		}
		return f
	case *parser.MatrixSelector:
		return n.name(x.VectorSelector, qualified)
	case *parser.SubqueryExpr:
		return n.name(x.Expr, qualified)
	case *parser.AggregateExpr:
		switch x.Op {
		case parser.TOPK, parser.BOTTOMK, parser.LIMITK, parser.LIMIT_RATIO: // rows are left out
			return n.name(x.Expr, false)
		case parser.COUNT_VALUES:
			return "count(" + n.name(x.Expr, true) + ")"
		}
		return x.Op.String() + "(" + n.name(x.Expr, true) + ")"
	case *parser.UnaryExpr:
		return "(- " + n.name(x.Expr, qualified) + ")"
	case *parser.NumberLiteral:
		return "value"
	case *parser.Call:
		return n.call(x)
	case *parser.BinaryExpr:
		l, r := x.LHS, x.RHS
		if l.Type() == parser.ValueTypeScalar && r.Type() == parser.ValueTypeScalar {
			return "value"
		}
		switch {
		case x.Op.IsSetOperator(), x.Op.IsComparisonOperator() && !x.ReturnBool: // rows are left out
			if l.Type() == parser.ValueTypeScalar {
				l = r
			}
			return n.name(l, qualified)
		}
		return n.side(l, r, "lhs") + " " + x.Op.String() + " " + n.side(r, l, "rhs")
	}
	return "value"
}

func (n namer) side(e, other parser.Expr, alias string) string {
	e, other = unwrap(e), unwrap(other)
	if num, ok := e.(*parser.NumberLiteral); ok {
		return "Float64(" + strconv.FormatFloat(num.Val, 'g', -1, 64) + ")"
	}
	a, ok1 := e.(*parser.VectorSelector)
	b, ok2 := other.(*parser.VectorSelector)
	if x, y := n.selected[a], n.selected[b]; ok1 && ok2 && x != nil && y != nil && x.table == y.table {
		return alias + "." + n.name(e, false)
	}
	return n.name(e, ok1 && ok2)
}

func (n namer) call(x *parser.Call) string {
	switch x.Func.Name {
	case "time":
		return "time / Float64(1000)"
	case "scalar":
		return "scalar(" + n.name(x.Args[0], false) + ")"
	case "label_replace", "label_join", "info", "sort", "sort_desc", "sort_by_label", "sort_by_label_desc":
		return n.name(x.Args[0], false)
	case "absent", "absent_over_time", "vector", "pi":
		return "value"
	}
	for _, a := range x.Args {
		m, ok := unwrap(a).(*parser.MatrixSelector)
		if !ok {
			continue
		}
		v := n.name(m.VectorSelector, false)
		switch x.Func.Name {
		case "rate", "increase", "delta":
			time := "time"
			if s := n.selected[m.VectorSelector.(*parser.VectorSelector)]; s != nil {
				time = s.time
			}
			return fmt.Sprintf("prom_%s(%s_range,%s,%s,Int64(%d))", x.Func.Name, time, v, time, m.Range.Milliseconds())
		}
		return "prom_" + x.Func.Name + "(" + v + ")"
	}
	for _, a := range x.Args {
		if a.Type() == parser.ValueTypeVector || a.Type() == parser.ValueTypeMatrix {
			return x.Func.Name + "(" + n.name(a, false) + ")"
		}
	}
	return x.Func.Name + "()"
}
