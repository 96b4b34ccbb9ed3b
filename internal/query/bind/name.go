package bind

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/query/function"
)

// Header is the name of the result column of an expression that has no columns in it.
func Header(e sql.Expr) string { return (&binder{}).display(&scope{}, e) }

// header is the result column's name of an item without an alias: a column's bare name, else the whole expression.
func (b *binder) header(s *scope, e sql.Expr) string {
	switch e := e.(type) {
	case *sql.ColumnRef:
		if c, _ := s.find(e.Name); c == nil {
			return b.display(s, e) // maybe a member of a struct
		}
		return e.Name.Base()
	case *sql.Cast:
		if _, ok := e.X.(*sql.ColumnRef); ok && !aliasCast(e) {
			return b.header(s, e.X)
		}
	}
	return b.display(s, e)
}

// display prints an expression as headers and messages show it: columns with their tables, constants with their types.
func (b *binder) display(s *scope, e sql.Expr) string {
	switch e := e.(type) {
	case *sql.Literal:
		return displayLiteral(e)
	case *sql.IntervalLit:
		if v, ok := e.Value.(*sql.Literal); ok {
			if iv, err := sql.ParseInterval(v.Text, e.Unit); err == nil {
				return fmt.Sprintf(`IntervalMonthDayNano("IntervalMonthDayNano { months: %d, days: %d, nanoseconds: %d }")`, iv.Months, iv.Days, iv.Nanos)
			}
		}
		return "INTERVAL"
	case *sql.TypedLit:
		return "Utf8(" + quoteString(e.Text) + ")"
	case *sql.ColumnRef:
		if c, err := s.find(e.Name); err == nil && c != nil {
			return c.display()
		}
		if c, members := s.findMember(e.Name); c != nil {
			out := c.display()
			for _, m := range members {
				out += "[" + m.Name + "]"
			}
			return out
		}
		return e.Name.Base()
	case *sql.Placeholder:
		return fmt.Sprintf("$%d", e.Index)
	case *sql.Unary:
		switch e.Op {
		case sql.OpNot:
			return "NOT " + b.display(s, e.X)
		case sql.OpPos:
			return b.display(s, e.X)
		}
		return "(" + e.Op.String() + " " + b.display(s, e.X) + ")"
	case *sql.Binary:
		return b.displayChain(s, e)
	case *sql.IsTest:
		not := ""
		if e.Not {
			not = "NOT "
		}
		return b.display(s, e.X) + " IS " + not + [...]string{"NULL", "TRUE", "FALSE", "UNKNOWN"}[e.What]
	case *sql.IsDistinct:
		if e.Not {
			return b.display(s, e.L) + " IS NOT DISTINCT FROM " + b.display(s, e.R)
		}
		return b.display(s, e.L) + " IS DISTINCT FROM " + b.display(s, e.R)
	case *sql.Between:
		not := ""
		if e.Not {
			not = "NOT "
		}
		return b.display(s, e.X) + " " + not + "BETWEEN " + b.display(s, e.Low) + " AND " + b.display(s, e.High)
	case *sql.InList:
		return b.display(s, e.X) + notWord(e.Not) + " IN ([" + b.displayAll(s, e.List, ", ") + "])"
	case *sql.Like:
		return b.display(s, e.X) + notWord(e.Not) + " " + [...]string{"LIKE", "ILIKE", "SIMILAR TO", "~"}[e.Kind] + " " + b.display(s, e.Pattern)
	case *sql.Case:
		return b.displayCase(s, e)
	case *sql.Cast:
		if aliasCast(e) {
			if t, err := TypeOf(e.Type); err == nil {
				return "arrow_cast(" + b.display(s, e.X) + ",Utf8(" + quoteString(arrowName(t)) + "))"
			}
		}
		return b.display(s, e.X)
	case *sql.Extract:
		return "date_part(Utf8(" + quoteString(strings.ToUpper(e.Field)) + ")," + b.display(s, e.X) + ")"
	case *sql.Collate:
		return b.display(s, e.X)
	case *sql.AtTimeZone:
		return b.display(s, e.X) + " AT TIME ZONE " + b.display(s, e.Zone)
	case *sql.FuncCall:
		return b.displayCall(s, e)
	case *sql.RangeExpr:
		inner := *b
		inner.suffix = " RANGE " + rangeText(e)
		if e.Fill != nil {
			inner.fill = e.Fill
		}
		if inner.fill != nil {
			inner.suffix += " FILL " + fillText(inner.fill)
		}
		return inner.display(s, e.X)
	case *sql.ArrayLit:
		return "make_array(" + b.displayAll(s, e.Elems, ",") + ")"
	case *sql.StructLit:
		parts := make([]string, len(e.Fields))
		for i, f := range e.Fields {
			parts[i] = `Utf8("` + f.Name + `"),` + b.display(s, f.Value)
		}
		return "named_struct(" + strings.Join(parts, ",") + ")"
	case *sql.MapLit:
		keys, values := make([]string, len(e.Entries)), make([]string, len(e.Entries))
		for i, x := range e.Entries {
			keys[i], values[i] = b.display(s, x.Key), b.display(s, x.Value)
		}
		return "map(make_array(" + strings.Join(keys, ",") + "),make_array(" + strings.Join(values, ",") + "))"
	case *sql.Row:
		return "struct(" + b.displayAll(s, e.Elems, ",") + ")"
	case *sql.Index:
		if l, ok := e.I.(*sql.Literal); ok && l.Kind == sql.LitString {
			return b.display(s, e.X) + "[" + l.Text + "]"
		}
		return b.display(s, e.X) + "[" + b.display(s, e.I) + "]"
	case *sql.Slice:
		return "array_slice(" + b.display(s, e.X) + "," + b.displayAll(s, sliceBounds(e), ",") + ")"
	case *sql.Field:
		return b.display(s, e.X) + "[" + e.Name.Name + "]"
	case *sql.Variable:
		return e.Name
	case *sql.Subquery:
		return "(<subquery>)"
	case *sql.Exists:
		return "EXISTS (<subquery>)"
	case *sql.InQuery:
		return b.display(s, e.X) + notWord(e.Not) + " IN (<subquery>)"
	case *sql.Quantified:
		all := " ANY ("
		if e.All {
			all = " ALL ("
		}
		if e.Query == nil {
			return b.display(s, e.X) + " " + e.Op.String() + all + b.display(s, e.Array) + ")"
		}
		return b.display(s, e.X) + " " + e.Op.String() + all + "<subquery>)"
	}
	return strings.TrimPrefix(typeName(e), "*sql.")
}

func rangeText(e *sql.RangeExpr) string {
	if e.Dur.Expr != nil {
		return sql.Format(e.Dur.Expr)
	}
	return e.Dur.Text
}

func notWord(not bool) string {
	if not {
		return " NOT"
	}
	return ""
}

// displayChain displays operators from the innermost left operand on, in one pass: a chain of them may be tens of thousands long.
func (b *binder) displayChain(s *scope, e *sql.Binary) string {
	chain := []*sql.Binary{e} // each the left operand of the one before
	var sb strings.Builder
	for {
		inner, ok := e.L.(*sql.Binary)
		if !ok {
			break
		}
		if looser(inner, e.Op) {
			sb.WriteByte('(')
		}
		chain = append(chain, inner)
		e = inner
	}
	sb.WriteString(b.display(s, e.L))
	for i, e := range slices.Backward(chain) {
		sb.WriteString(" " + e.Op.String() + " ")
		if right := b.display(s, e.R); looser(e.R, e.Op) {
			sb.WriteString("(" + right + ")")
		} else {
			sb.WriteString(right)
		}
		if i > 0 && looser(e, chain[i-1].Op) {
			sb.WriteByte(')')
		}
	}
	return sb.String()
}

// looser reports whether an operand binds less tightly than its operator, and so stands in parentheses.
func looser(operand sql.Expr, op sql.Op) bool {
	x, ok := operand.(*sql.Binary)
	return ok && precedence(x.Op) < precedence(op)
}

func precedence(op sql.Op) int {
	switch op {
	case sql.OpOr, sql.OpXor:
		return 5
	case sql.OpAnd:
		return 10
	case sql.OpAdd, sql.OpSub:
		return 40
	case sql.OpMul, sql.OpDiv, sql.OpMod, sql.OpIntDiv:
		return 45
	}
	if op.Comparison() {
		return 20
	}
	return 30
}

func displayLiteral(l *sql.Literal) string {
	switch l.Kind {
	case sql.LitNull:
		return "NULL"
	case sql.LitBool:
		return "Boolean(" + strings.ToLower(l.Text) + ")"
	case sql.LitInt:
		if n, ok := l.Int64(); ok {
			return "Int64(" + strconv.FormatInt(n, 10) + ")"
		}
		if n, ok := l.Uint64(); ok {
			return "UInt64(" + strconv.FormatUint(n, 10) + ")"
		}
	case sql.LitString:
		return `Utf8("` + l.Text + `")`
	case sql.LitBytes:
		parts := make([]string, len(l.Text))
		for i := range len(l.Text) {
			parts[i] = itoa(int(l.Text[i]))
		}
		return `Binary("` + strings.Join(parts, ",") + `")`
	}
	f, _ := l.Float64()
	return "Float64(" + floatName(f) + ")"
}

// floatName writes a number as headers do: all of its digits, without an exponent.
func floatName(f float64) string {
	if math.IsInf(f, 0) {
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(f, 'f', -1, 64), "+"))
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

func (b *binder) displayAll(s *scope, es []sql.Expr, sep string) string {
	parts := make([]string, len(es))
	for i, e := range es {
		parts[i] = b.display(s, e)
	}
	return strings.Join(parts, sep)
}

func (b *binder) displayCase(s *scope, e *sql.Case) string {
	var sb strings.Builder
	sb.WriteString("CASE ")
	if e.Operand != nil {
		sb.WriteString(b.display(s, e.Operand) + " ")
	}
	for _, w := range e.Whens {
		sb.WriteString("WHEN " + b.display(s, w.Cond) + " THEN " + b.display(s, w.Then) + " ")
	}
	if e.Else != nil {
		sb.WriteString("ELSE " + b.display(s, e.Else) + " ")
	}
	sb.WriteString("END")
	return sb.String()
}

func (b *binder) displayCall(s *scope, f *sql.FuncCall) string {
	name := strings.ToLower(f.FuncName())
	if a, ok := function.LookupAggregate(name); ok {
		name = a.Name
	} else if fn, ok := function.Lookup(name); ok {
		name = fn.Name
	} else {
		name = function.PlannedName(name)
	}
	suffix := ""
	if _, agg := function.LookupAggregate(name); agg && b.suffix != "" {
		inner := *b
		suffix, inner.suffix = b.suffix, ""
		b = &inner
	}
	switch name {
	case "unnest":
		name = "UNNEST"
	case "get_field": // shows as the bracket that means the same
		if l, ok := lastArg(f).(*sql.Literal); ok && len(f.Args) == 2 && l.Kind == sql.LitString {
			return b.display(s, f.Args[0].Expr) + "[" + l.Text + "]"
		}
	}
	parts := make([]string, len(f.Args))
	for i, a := range f.Args {
		if _, star := a.Expr.(*sql.Star); star {
			parts[i] = "*"
		} else {
			parts[i] = b.display(s, a.Expr)
		}
	}
	out := name + "("
	if name == "count" && len(parts) == 0 {
		parts = []string{"*"}
	}
	if f.Distinct {
		out += "DISTINCT "
	}
	out += strings.Join(parts, ",") + ")"
	if f.Filter != nil {
		out += " FILTER (WHERE " + b.display(s, f.Filter) + ")"
	}
	if f.Nulls == sql.NullsIgnored {
		out += " IGNORE NULLS"
	}
	if len(f.OrderBy) > 0 {
		out += " ORDER BY [" + b.displayOrder(s, f.OrderBy) + "]"
	}
	if len(f.WithinGroup) > 0 {
		out += " WITHIN GROUP [" + b.displayOrder(s, f.WithinGroup) + "]"
	}
	if f.Over != nil {
		out += b.displayOver(s, f.Over)
	}
	return out + suffix
}

func lastArg(f *sql.FuncCall) sql.Expr {
	if len(f.Args) == 0 {
		return nil
	}
	return f.Args[len(f.Args)-1].Expr
}

func (b *binder) displayOrder(s *scope, order []sql.OrderItem) string {
	parts := make([]string, len(order))
	for i, o := range order {
		k := sortKey(o, nil)
		parts[i] = b.display(s, o.Expr) + map[bool]string{false: " ASC", true: " DESC"}[k.Desc] + map[bool]string{false: " NULLS LAST", true: " NULLS FIRST"}[k.NullsFirst]
	}
	return strings.Join(parts, ", ")
}

// wholeWindow puts what a window takes over from one that has a name into it.
func (s *scope) wholeWindow(w *sql.WindowSpec, depth int) *sql.WindowSpec {
	base := s.namedWindow(w.Base.Name)
	if base == nil || depth > 16 {
		return w
	}
	out := *s.wholeWindow(base, depth+1)
	out.PartitionBy = append(slices.Clone(out.PartitionBy), w.PartitionBy...)
	out.OrderBy = append(slices.Clone(out.OrderBy), w.OrderBy...)
	if w.Frame != nil {
		out.Frame = w.Frame
	}
	return &out
}

func (b *binder) displayOver(s *scope, w *sql.WindowSpec) string {
	var out string
	w = s.wholeWindow(w, 0)
	if len(w.PartitionBy) > 0 {
		out += " PARTITION BY [" + b.displayAll(s, w.PartitionBy, ", ") + "]"
	}
	if len(w.OrderBy) > 0 {
		out += " ORDER BY [" + b.displayOrder(s, w.OrderBy) + "]"
	}
	bound := func(x sql.Bound) string {
		kind := [...]string{"UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING"}[x.Kind]
		switch n := x.N.(type) {
		case *sql.Literal:
			return n.Text + " " + kind
		case *sql.IntervalLit:
			if l, ok := n.Value.(*sql.Literal); ok {
				return strings.TrimSpace(l.Text+" "+n.Unit) + " " + kind
			}
		}
		return kind
	}
	switch {
	case w.Frame != nil:
		out += " " + [...]string{"ROWS", "RANGE", "GROUPS"}[w.Frame.Unit] + " BETWEEN " + bound(w.Frame.Start) + " AND " + bound(w.Frame.End)
	case len(w.OrderBy) > 0:
		out += " RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
	default:
		out += " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
	}
	return out
}

// aliasCast reports a cast to one of our own type names, which is rewritten to arrow_cast and shows as that.
func aliasCast(e *sql.Cast) bool {
	if e.Try || e.Type == nil {
		return false
	}
	switch n := strings.ToUpper(e.Type.Name); n {
	case "TIMESTAMP":
		return len(e.Type.Args) > 0
	case "TIMESTAMP_S", "TIMESTAMP_SEC", "TIMESTAMPSECOND", "TIMESTAMP_MS", "TIMESTAMPMILLISECOND", "TIMESTAMP_US", "TIMESTAMPMICROSECOND",
		"TIMESTAMP_NS", "TIMESTAMPNANOSECOND", "DATETIME", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "FLOAT32", "FLOAT64":
		return true
	}
	return false
}
