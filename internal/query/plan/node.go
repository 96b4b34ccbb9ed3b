package plan

import (
	"context"
	"fmt"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Node is a relational operator.
type Node interface {
	// Cols are the columns of the operator's rows, in order.
	Cols() []Column
	// Inputs are the operators it reads.
	Inputs() []Node
	// SetInput replaces input i.
	SetInput(i int, n Node)
}

// Table is what a plan must know of a table. It is immutable.
type Table struct {
	Catalog, Database, Name string
	ID                      model.TableID
	Schema                  *model.Schema
	Merge                   contract.MergeMode
	Regions                 []model.RegionID
	Partition               *model.Partition // of Regions; nil: any of them may hold any row
	// View is the text of a view's query, in the Greptime dialect; then of the rest only the names and ViewColumns are set.
	View string
	// ViewColumns are the columns that the view shows.
	ViewColumns []ViewColumn
	// Rows, if set, makes the rows of a table that has no regions, such as one of information_schema: all columns of Schema, in
	// order. The session says whose rows they are.
	Rows func(ctx context.Context, sess *model.Session) (model.RowStream, error)
	// RowsOf, if set beside Rows, makes some columns only, in the order of the ids. It may leave out rows for which pred is not true, and
	// need not; nil is no condition.
	RowsOf func(ctx context.Context, sess *model.Session, ids []model.ColumnID, pred *model.Expr) (model.RowStream, error)
	// About is about how many rows a table with Rows has; 0: not known.
	About int64
	// Held is how many bytes Rows has in memory for this query alone, which accounts for them.
	Held int64
	// Empty is set for a table that never has rows.
	Empty bool
	// AnyCase is set for a table whose columns are found by names in any case.
	AnyCase bool
}

// ViewColumn is a column of a view: which of the query's columns it is, and what it was when the view was made.
type ViewColumn struct {
	Name, Source string
	Type         model.Type
}

// Scan reads a table. What rules push into it is in Request, which applies to each of the table's regions.
type Scan struct {
	Table *Table
	Out   []Column
	// Source says which column of the table each of Out is. Not with Request.Aggregate, whose outputs Out are.
	Source []model.ColumnID
	// Request has Region and Projection unset; they follow from Table and Source.
	Request contract.ScanRequest
	// Pruned is how many regions partition rules have left out.
	Pruned int
	// Rows is about how many rows there are, before Request reduces them; 0: not known.
	Rows int64
	// Sets are the key sets that are part of Request, for people.
	Sets []SetFilter
}

// ColumnOf is the table's column that the scan gives as id, or nil.
func (s *Scan) ColumnOf(id ColID) *model.Column {
	if s.Request.Aggregate != nil {
		return nil
	}
	for i, c := range s.Out {
		if c.ID == id {
			return s.Table.Schema.Column(s.Source[i])
		}
	}
	return nil
}

// Filter keeps the rows for which Cond is true.
type Filter struct {
	Input Node
	Cond  Expr
}

// Item is an expression and the column that it becomes.
type Item struct {
	Col Column
	X   Expr
}

// Project computes columns.
type Project struct {
	Input Node
	Items []Item
}

// SortKey is a key of an order.
type SortKey struct {
	X          Expr
	Desc       bool
	NullsFirst bool
}

// Agg is an aggregate call, and with Frame or Over a window call.
type Agg struct {
	Col      Column
	Fn       string
	Args     []Expr
	Distinct bool
	Filter   Expr // nil: none
	OrderBy  []SortKey
	// IgnoreNulls of lag, lead, first_value, last_value, nth_value.
	IgnoreNulls bool
}

// Aggregate groups rows. With no Keys there is one group, even of no rows.
type Aggregate struct {
	Input Node
	Keys  []Item
	Sets  [][]int // grouping sets as indexes into Keys; nil: one set of all keys
	Aggs  []Agg
}

// Bound is an end of a window frame.
type Bound struct {
	Kind string // "UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING"
	N    Expr   // of PRECEDING and FOLLOWING
}

// Frame is the frame of a window.
type Frame struct {
	Unit       string // "ROWS", "RANGE", "GROUPS"
	Start, End Bound
}

// Calendar reports bounds that count months: the order is one of times, and rows are as far apart as the calendar says.
func (f *Frame) Calendar() bool {
	if f == nil {
		return false
	}
	for _, b := range []Bound{f.Start, f.End} {
		if b.N != nil && b.N.Type().Kind == model.KindInterval {
			return true
		}
	}
	return false
}

// WindowCall is a function over a window of rows.
type WindowCall struct {
	Agg
	PartitionBy []Expr
	Order       []SortKey
	Frame       *Frame // nil: the default
}

// Window adds columns of window calls to its input.
type Window struct {
	Input Node
	Calls []WindowCall
}

// JoinKind is the kind of a join.
type JoinKind uint8

// The kinds of join. Semi and anti joins give the columns of the left side only.
const (
	Inner JoinKind = iota
	Left
	Right
	Full
	Semi
	Anti
)

func (k JoinKind) String() string {
	return [...]string{"INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI"}[k]
}

// Join joins two inputs. On may be nil for Inner: every pair.
type Join struct {
	Kind    JoinKind
	L, R    Node
	On      Expr
	Lateral bool // R reads columns of L
}

// SetOp combines two inputs, whose columns correspond by position and have the types of Out.
type SetOp struct {
	Kind string // "UNION", "INTERSECT", "EXCEPT"
	All  bool
	L, R Node
	Out  []Column
}

// Sort orders rows.
type Sort struct {
	Input Node
	Keys  []SortKey
}

// Limit keeps Count rows after leaving out Offset.
type Limit struct {
	Input  Node
	Count  int64 // -1: all
	Offset int64
}

// Distinct keeps one row of equal ones; with On, the first by Order of those that are equal in On.
type Distinct struct {
	Input Node
	On    []Expr
	Order []SortKey // of the output, too; starts with On
}

// Values is constant rows; one row of no columns is what SELECT without FROM reads.
type Values struct {
	Out  []Column
	Rows [][]Expr
}

// TableFunc is a function that gives rows: "generate_series", "range", or "unnest", which puts the elements of lists side by side, NULL
// where one is shorter, or takes a struct apart.
type TableFunc struct {
	Fn   string
	Args []Expr
	Out  []Column
	// Ordinal: the last of Out counts the rows, from 1.
	Ordinal bool
}

// Unnest adds columns to its input: for every row of that, a row for every element of the longest of the lists, none where all are empty.
type Unnest struct {
	Input Node
	Items []Item // lists, and the columns of their elements
}

func items(xs []Item) []Column {
	out := make([]Column, len(xs))
	for i, x := range xs {
		out[i] = x.Col
	}
	return out
}

func (n *Scan) Cols() []Column    { return n.Out }
func (n *Filter) Cols() []Column  { return n.Input.Cols() }
func (n *Project) Cols() []Column { return items(n.Items) }
func (n *Aggregate) Cols() []Column {
	out := items(n.Keys)
	for _, a := range n.Aggs {
		out = append(out, a.Col)
	}
	return out
}
func (n *Window) Cols() []Column {
	out := append([]Column(nil), n.Input.Cols()...)
	for _, c := range n.Calls {
		out = append(out, c.Col)
	}
	return out
}
func (n *Join) Cols() []Column {
	if n.Kind == Semi || n.Kind == Anti {
		return n.L.Cols()
	}
	return append(append([]Column(nil), n.L.Cols()...), n.R.Cols()...)
}
func (n *Unnest) Cols() []Column {
	return append(append([]Column(nil), n.Input.Cols()...), items(n.Items)...)
}
func (n *SetOp) Cols() []Column     { return n.Out }
func (n *Sort) Cols() []Column      { return n.Input.Cols() }
func (n *Limit) Cols() []Column     { return n.Input.Cols() }
func (n *Distinct) Cols() []Column  { return n.Input.Cols() }
func (n *Values) Cols() []Column    { return n.Out }
func (n *TableFunc) Cols() []Column { return n.Out }

func (n *Scan) Inputs() []Node      { return nil }
func (n *Filter) Inputs() []Node    { return []Node{n.Input} }
func (n *Project) Inputs() []Node   { return []Node{n.Input} }
func (n *Aggregate) Inputs() []Node { return []Node{n.Input} }
func (n *Window) Inputs() []Node    { return []Node{n.Input} }
func (n *Join) Inputs() []Node      { return []Node{n.L, n.R} }
func (n *SetOp) Inputs() []Node     { return []Node{n.L, n.R} }
func (n *Sort) Inputs() []Node      { return []Node{n.Input} }
func (n *Limit) Inputs() []Node     { return []Node{n.Input} }
func (n *Distinct) Inputs() []Node  { return []Node{n.Input} }
func (n *Unnest) Inputs() []Node    { return []Node{n.Input} }
func (n *Values) Inputs() []Node    { return nil }
func (n *TableFunc) Inputs() []Node { return nil }

func (n *Scan) SetInput(int, Node)          {}
func (n *Filter) SetInput(_ int, x Node)    { n.Input = x }
func (n *Project) SetInput(_ int, x Node)   { n.Input = x }
func (n *Aggregate) SetInput(_ int, x Node) { n.Input = x }
func (n *Window) SetInput(_ int, x Node)    { n.Input = x }
func (n *Join) SetInput(i int, x Node) {
	if i == 0 {
		n.L = x
	} else {
		n.R = x
	}
}
func (n *SetOp) SetInput(i int, x Node) {
	if i == 0 {
		n.L = x
	} else {
		n.R = x
	}
}
func (n *Sort) SetInput(_ int, x Node)     { n.Input = x }
func (n *Limit) SetInput(_ int, x Node)    { n.Input = x }
func (n *Distinct) SetInput(_ int, x Node) { n.Input = x }
func (n *Unnest) SetInput(_ int, x Node)   { n.Input = x }
func (n *Values) SetInput(int, Node)       {}
func (n *TableFunc) SetInput(int, Node)    {}

// Query is a whole plan: Root, and the names of the result's columns, which are Root's in order.
type Query struct {
	Root  Node
	Names []string
	// First are the parts that are asked before the rest, in order.
	First []First

	next *ColID // last column's, of all parts
}

// NewColumn makes a column with an id that no other has.
func (q *Query) NewColumn(name string, t model.Type) Column {
	if q.next == nil {
		q.next = new(ColID)
	}
	*q.next++
	return Column{ID: *q.next, Name: name, Type: t}
}

// Part is a query of a part of the plan, which makes columns that q does not have.
func (q *Query) Part(root Node) *Query {
	if q.next == nil {
		q.next = new(ColID)
	}
	part := &Query{Root: root, next: q.next}
	for _, c := range root.Cols() {
		part.Names = append(part.Names, c.Name)
	}
	return part
}

// Fields describe the rows of the result.
func (q *Query) Fields() []model.Field {
	cols := q.Root.Cols()
	out := make([]model.Field, len(cols))
	for i, c := range cols {
		out[i] = model.Field{Name: q.Names[i], Type: c.Type}
	}
	return out
}

// Walk calls f with n and all operators below it, those of sub-queries in expressions included, parents first.
func Walk(n Node, f func(Node)) {
	f(n)
	for _, x := range Exprs(n) {
		walkSubs(x, f)
	}
	for _, in := range n.Inputs() {
		Walk(in, f)
	}
}

func walkSubs(e Expr, f func(Node)) {
	if s, ok := e.(*Sub); ok {
		Walk(s.Query, f)
	}
	for _, c := range Children(e) {
		walkSubs(c, f)
	}
}

// Transform replaces every operator below n by what f makes of it, inputs first, sub-queries in expressions included.
func Transform(n Node, f func(Node) (Node, error)) (Node, error) {
	for i, in := range n.Inputs() {
		out, err := Transform(in, f)
		if err != nil {
			return nil, err
		}
		n.SetInput(i, out)
	}
	for _, x := range Exprs(n) {
		if err := transformSubs(x, f); err != nil {
			return nil, err
		}
	}
	return f(n)
}

func transformSubs(e Expr, f func(Node) (Node, error)) error {
	if s, ok := e.(*Sub); ok {
		q, err := Transform(s.Query, f)
		if err != nil {
			return err
		}
		s.Query = q
	}
	for _, c := range Children(e) {
		if err := transformSubs(c, f); err != nil {
			return err
		}
	}
	return nil
}

// Exprs are the expressions of one operator.
func Exprs(n Node) []Expr {
	var out []Expr
	keys := func(ks []SortKey) {
		for _, k := range ks {
			out = append(out, k.X)
		}
	}
	agg := func(a *Agg) {
		out = append(out, a.Args...)
		if a.Filter != nil {
			out = append(out, a.Filter)
		}
		keys(a.OrderBy)
	}
	switch n := n.(type) {
	case *Filter:
		out = append(out, n.Cond)
	case *Project:
		for _, it := range n.Items {
			out = append(out, it.X)
		}
	case *Aggregate:
		for _, it := range n.Keys {
			out = append(out, it.X)
		}
		for i := range n.Aggs {
			agg(&n.Aggs[i])
		}
	case *Window:
		for i := range n.Calls {
			c := &n.Calls[i]
			agg(&c.Agg)
			out = append(out, c.PartitionBy...)
			keys(c.Order)
			if c.Frame != nil {
				for _, b := range []Bound{c.Frame.Start, c.Frame.End} {
					if b.N != nil {
						out = append(out, b.N)
					}
				}
			}
		}
	case *Join:
		if n.On != nil {
			out = append(out, n.On)
		}
	case *Sort:
		keys(n.Keys)
	case *Distinct:
		out = append(out, n.On...)
		keys(n.Order)
	case *Unnest:
		for _, it := range n.Items {
			out = append(out, it.X)
		}
	case *Values:
		for _, r := range n.Rows {
			out = append(out, r...)
		}
	case *TableFunc:
		out = append(out, n.Args...)
	}
	return out
}

// Key prints the call without its column, so that two calls with the same key are the same.
func (a *Agg) Key() string {
	s := fmt.Sprintf("%s/%v/%v(", a.Fn, a.Distinct, a.IgnoreNulls)
	for _, x := range a.Args {
		s += Key(x) + ","
	}
	for _, k := range a.OrderBy {
		s += fmt.Sprintf(" by %s %v %v", Key(k.X), k.Desc, k.NullsFirst)
	}
	if a.Filter != nil {
		s += " filter " + Key(a.Filter)
	}
	return s + ")"
}

// Rewrite replaces every expression of the call by what f makes of it.
func (a *Agg) Rewrite(f func(Expr) Expr) {
	for i := range a.Args {
		a.Args[i] = f(a.Args[i])
	}
	for i := range a.OrderBy {
		a.OrderBy[i].X = f(a.OrderBy[i].X)
	}
	if a.Filter != nil {
		a.Filter = f(a.Filter)
	}
}

// Rewrite replaces every expression of the call by what f makes of it.
func (c *WindowCall) Rewrite(f func(Expr) Expr) {
	c.Agg.Rewrite(f)
	for i := range c.PartitionBy {
		c.PartitionBy[i] = f(c.PartitionBy[i])
	}
	for i := range c.Order {
		c.Order[i].X = f(c.Order[i].X)
	}
}
