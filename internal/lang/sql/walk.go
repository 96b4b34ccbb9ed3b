package sql

// Walk visits n and everything below it, parents before children and children in the order they are written. Where fn
// returns false, what is below that node is left out. Nodes are Statements, *Query, QueryBody, TableExpr and Expr.
func Walk(n Node, fn func(Node) bool) {
	if n == nil || !fn(n) {
		return
	}
	eachChild(n, walker(fn))
}

// RewriteExpr replaces expressions from the leaves up: fn is called with every expression below e and with e itself,
// after what is below it has been rewritten, and what it returns takes the place. Queries inside e are entered.
//
// The tree is changed in place; Clone it first if someone else holds it. The first error ends the work and leaves the
// tree partly rewritten.
func RewriteExpr(e Expr, fn func(Expr) (Expr, error)) (Expr, error) {
	r := &rewriter{exprFn: fn}
	r.expr(&e)
	return e, r.err
}

// Rewrite does for everything below n what RewriteExpr does for an expression, and calls table likewise for every
// item of FROM. Either function may be nil. n itself is not replaced.
func Rewrite(n Node, expr func(Expr) (Expr, error), table func(TableExpr) (TableExpr, error)) error {
	r := &rewriter{exprFn: expr, tableFn: table}
	eachChild(n, r)
	return r.err
}

// slots is handed the places where a node holds its children.
type slots interface {
	expr(*Expr)
	table(*TableExpr)
	body(*QueryBody)
	query(*Query)
	stmt(Statement)
}

type walker func(Node) bool

func (w walker) expr(e *Expr)       { Walk(*e, w) }
func (w walker) table(t *TableExpr) { Walk(*t, w) }
func (w walker) body(b *QueryBody)  { Walk(*b, w) }
func (w walker) query(q *Query)     { Walk(q, w) }
func (w walker) stmt(s Statement)   { Walk(s, w) }

type rewriter struct {
	exprFn  func(Expr) (Expr, error)
	tableFn func(TableExpr) (TableExpr, error)
	err     error
}

func (r *rewriter) expr(e *Expr) {
	if r.err != nil || *e == nil {
		return
	}
	eachChild(*e, r)
	if r.err == nil && r.exprFn != nil {
		*e, r.err = r.exprFn(*e)
	}
}

func (r *rewriter) table(t *TableExpr) {
	if r.err != nil || *t == nil {
		return
	}
	eachChild(*t, r)
	if r.err == nil && r.tableFn != nil {
		*t, r.err = r.tableFn(*t)
	}
}

func (r *rewriter) body(b *QueryBody) { eachChild(*b, r) }
func (r *rewriter) query(q *Query)    { eachChild(q, r) }
func (r *rewriter) stmt(s Statement)  { eachChild(s, r) }

func eachExpr(s slots, list []Expr) {
	for i := range list {
		if list[i] != nil {
			s.expr(&list[i])
		}
	}
}

func someExpr(s slots, e *Expr) {
	if *e != nil {
		s.expr(e)
	}
}

func eachOrder(s slots, items []OrderItem) {
	for i := range items {
		someExpr(s, &items[i].Expr)
	}
}

func eachItem(s slots, items []SelectItem) {
	for i := range items {
		someExpr(s, &items[i].Expr)
	}
}

func eachWindow(s slots, w *WindowSpec) {
	if w == nil {
		return
	}
	eachExpr(s, w.PartitionBy)
	eachOrder(s, w.OrderBy)
	if w.Frame != nil {
		someExpr(s, &w.Frame.Start.N)
		someExpr(s, &w.Frame.End.N)
	}
}

func eachColumn(s slots, c *ColumnDef) { someExpr(s, &c.Default) }

func someQuery(s slots, q *Query) {
	if q != nil {
		s.query(q)
	}
}

func someStmt(s slots, st Statement) {
	if st != nil {
		s.stmt(st)
	}
}

// eachChild hands the places of n's children to s. It is the one list of what is below what.
func eachChild(n Node, s slots) {
	switch n := n.(type) {
	case Expr:
		exprChildren(n, s)
	case TableExpr:
		tableChildren(n, s)
	case *Query:
		for i := range n.With {
			someStmt(s, n.With[i].Body)
		}
		if n.Body != nil {
			s.body(&n.Body)
		}
		eachOrder(s, n.OrderBy)
		someExpr(s, &n.Limit)
		someExpr(s, &n.Offset)
	case *Select:
		eachExpr(s, n.DistinctOn)
		eachItem(s, n.Items)
		for i := range n.From {
			s.table(&n.From[i])
		}
		someExpr(s, &n.Where)
		eachExpr(s, n.GroupBy)
		someExpr(s, &n.Having)
		for i := range n.Windows {
			eachWindow(s, n.Windows[i].Spec)
		}
		someExpr(s, &n.Qualify)
		if a := n.Align; a != nil {
			someExpr(s, &a.Every.Expr)
			someExpr(s, &a.To)
			eachExpr(s, a.By)
		}
	case *SetOp:
		s.body(&n.L)
		s.body(&n.R)
	case *Values:
		for _, row := range n.Rows {
			eachExpr(s, row)
		}
	case Statement:
		statementChildren(n, s)
	}
}

func tableChildren(n TableExpr, s slots) {
	switch n := n.(type) {
	case *TableFunc:
		for i := range n.Call.Args {
			someExpr(s, &n.Call.Args[i].Expr)
		}
	case *Derived:
		someQuery(s, n.Query)
	case *Join:
		s.table(&n.L)
		s.table(&n.R)
		someExpr(s, &n.On)
	case *Nested:
		s.table(&n.Table)
	}
}

func exprChildren(n Expr, s slots) {
	switch n := n.(type) {
	case *IntervalLit:
		someExpr(s, &n.Value)
	case *Star:
		eachItem(s, n.Replace)
	case *Unary:
		someExpr(s, &n.X)
	case *Binary:
		someExpr(s, &n.L)
		someExpr(s, &n.R)
	case *IsTest:
		someExpr(s, &n.X)
	case *IsDistinct:
		someExpr(s, &n.L)
		someExpr(s, &n.R)
	case *Between:
		someExpr(s, &n.X)
		someExpr(s, &n.Low)
		someExpr(s, &n.High)
	case *InList:
		someExpr(s, &n.X)
		eachExpr(s, n.List)
	case *InQuery:
		someExpr(s, &n.X)
		someQuery(s, n.Query)
	case *Like:
		someExpr(s, &n.X)
		someExpr(s, &n.Pattern)
	case *Quantified:
		someExpr(s, &n.X)
		someQuery(s, n.Query)
		someExpr(s, &n.Array)
	case *Exists:
		someQuery(s, n.Query)
	case *Subquery:
		someQuery(s, n.Query)
	case *Case:
		someExpr(s, &n.Operand)
		for i := range n.Whens {
			someExpr(s, &n.Whens[i].Cond)
			someExpr(s, &n.Whens[i].Then)
		}
		someExpr(s, &n.Else)
	case *Cast:
		someExpr(s, &n.X)
	case *Extract:
		someExpr(s, &n.X)
	case *AtTimeZone:
		someExpr(s, &n.X)
		someExpr(s, &n.Zone)
	case *Collate:
		someExpr(s, &n.X)
	case *FuncCall:
		for i := range n.Args {
			someExpr(s, &n.Args[i].Expr)
		}
		eachOrder(s, n.OrderBy)
		eachOrder(s, n.WithinGroup)
		someExpr(s, &n.Filter)
		eachWindow(s, n.Over)
	case *ArrayLit:
		eachExpr(s, n.Elems)
	case *StructLit:
		for i := range n.Fields {
			someExpr(s, &n.Fields[i].Value)
		}
	case *MapLit:
		for i := range n.Entries {
			someExpr(s, &n.Entries[i].Key)
			someExpr(s, &n.Entries[i].Value)
		}
	case *Row:
		eachExpr(s, n.Elems)
	case *Index:
		someExpr(s, &n.X)
		someExpr(s, &n.I)
	case *Slice:
		someExpr(s, &n.X)
		someExpr(s, &n.Lo)
		someExpr(s, &n.Hi)
		someExpr(s, &n.Step)
	case *Field:
		someExpr(s, &n.X)
	case *Grouping:
		for _, set := range n.Sets {
			eachExpr(s, set)
		}
	case *RangeExpr:
		someExpr(s, &n.X)
		someExpr(s, &n.Dur.Expr)
	}
}

func statementChildren(n Statement, s slots) {
	switch n := n.(type) {
	case *QueryStmt:
		someQuery(s, n.Query)
	case *Insert:
		for _, row := range n.Rows {
			eachExpr(s, row)
		}
		someQuery(s, n.Query)
	case *Delete:
		someExpr(s, &n.Where)
	case *CreateTable:
		for i := range n.Columns {
			eachColumn(s, &n.Columns[i])
		}
		if n.Partitions != nil {
			eachExpr(s, n.Partitions.Rules)
		}
	case *CreateView:
		someStmt(s, n.Body)
	case *CreateFlow:
		someExpr(s, &n.ExpireAfter)
		someExpr(s, &n.EvalInterval)
		someStmt(s, n.Body)
	case *Truncate:
		for i := range n.Ranges {
			someExpr(s, &n.Ranges[i].From)
			someExpr(s, &n.Ranges[i].To)
		}
	case *AlterTable:
		for _, op := range n.Ops {
			switch op := op.(type) {
			case *AddColumn:
				eachColumn(s, &op.Column)
			case *SetDefault:
				someExpr(s, &op.Default)
			case *PartitionTable:
				eachExpr(s, op.Partitions.Rules)
			case *Repartition:
				eachExpr(s, op.From)
				eachExpr(s, op.Into)
			}
		}
	case *CopyTable:
		someExpr(s, &n.Limit)
	case *CopyQuery:
		someStmt(s, n.Body)
	case *Show:
		someExpr(s, &n.Where)
	case *Explain:
		someStmt(s, n.Body)
	case *TQL:
		someExpr(s, &n.Start)
		someExpr(s, &n.End)
		someExpr(s, &n.Step)
		someExpr(s, &n.Lookback)
	case *Set:
		for i := range n.Vars {
			eachExpr(s, n.Vars[i].Values)
		}
	case *Admin:
		exprChildren(n.Call, s)
	case *Prepare:
		someStmt(s, n.Body)
	case *Execute:
		eachExpr(s, n.Args)
	case *DeclareCursor:
		someStmt(s, n.Body)
	}
}
