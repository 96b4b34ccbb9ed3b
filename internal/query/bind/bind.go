// Package bind turns the tree of a parsed query into a plan: names become columns, literals and operands get types, functions are
// found, sub-queries and common table expressions are put in place. Where types meet, it writes the conversions out, so that nothing
// after it needs rules of coercion; what it can compute without rows, it computes.
//
//	bind.go     the door, WITH, set operations, VALUES
//	from.go     FROM: tables, views, joins, and the scope of names that they make
//	select.go   SELECT: grouping, windows, the order of a query
//	expr*.go    expressions; fold.go computes constants
//	name.go     the header that an expression without an alias gets
//
// Common table expressions and views are bound anew at each mention, so that predicates can be pushed into each.
package bind

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// Catalog is where tables are found.
type Catalog interface {
	// Table finds a table or view. Names are complete. One that is not there is errs.TableNotFound, or errs.DatabaseNotFound.
	Table(ctx context.Context, sess *model.Session, catalog, database, table string) (*plan.Table, error)
}

// Env is what a query is bound in.
type Env struct {
	Catalog Catalog
	Session *model.Session
	Now     time.Time     // of the statement
	Params  []model.Value // of a prepared statement
	// Version is what version() says.
	Version string
	// MaxSetOps bounds the queries of one chain of set operations. Zero: 4096, what the relational half plans in a few seconds.
	MaxSetOps int
	// TQL evaluates PromQL and gives the result as a table with Rows. Nil: not supported within queries.
	TQL func(ctx context.Context, sess *model.Session, st *sql.TQL) (*plan.Table, error)
}

// maxDepth bounds how deep views and sub-queries nest, so that a view that contains itself ends in an error.
const maxDepth = 64

// Query binds a query.
func Query(ctx context.Context, env Env, q *sql.Query) (*plan.Query, error) {
	b := &binder{ctx: ctx, env: env, out: &plan.Query{}}
	rel, err := b.query(q, nil, nil)
	if err != nil {
		return nil, err
	}
	b.out.Root = rel.node
	for _, c := range rel.cols {
		b.out.Names = append(b.out.Names, c.name)
	}
	return b.out, nil
}

// Const binds an expression that reads no rows, such as a limit or a parameter of TQL, and computes it if it can.
func Const(ctx context.Context, env Env, e sql.Expr) (plan.Expr, error) {
	b := &binder{ctx: ctx, env: env, out: &plan.Query{}}
	return b.expr(&exprScope{scope: &scope{}}, e)
}

type binder struct {
	ctx   context.Context // of the call of Query
	env   Env
	out   *plan.Query
	depth int
	// recursions counts the recursive queries.
	recursions int
	anyCase    bool // a table was read whose columns are found by names in any case
	// relations counts tables, as mentions of views and common table expressions multiply.
	relations int
	// suffix follows every aggregate that display prints: the RANGE around it.
	suffix string
	// fill is the one of ALIGN, for display.
	fill *sql.Fill
}

// maxRelations bounds how many tables a query reads.
const maxRelations = 2000

// relation is a bound query: its rows, and the columns that it shows of them, in order.
type relation struct {
	node plan.Node
	cols []shown
}

type shown struct {
	name string
	col  plan.Column
}

// ctes are the common table expressions in sight, innermost first.
type ctes struct {
	def  *sql.CTE
	at   *ctes  // what def itself sees
	top  *scope // the scope around def's query
	next *ctes
	// recursive: def may read itself.
	recursive bool
	// working is set where def is read within itself.
	working *recursion
}

func (c *ctes) find(name string) *ctes {
	for ; c != nil; c = c.next {
		if c.def.Name.Name == name {
			return c
		}
	}
	return nil
}

func planError(format string, args ...any) error {
	return errs.New(errs.PlanQuery, "Failed to plan SQL: "+format, args...)
}

// query binds a query; outer is the scope around it, for correlation.
func (b *binder) query(q *sql.Query, outer *scope, with *ctes) (*relation, error) {
	if b.depth++; b.depth > maxDepth {
		return nil, planError("Error during planning: views and sub-queries are nested too deep")
	}
	defer func() { b.depth-- }()
	with, err := withClause(q, outer, with)
	if err != nil {
		return nil, err
	}
	rel, err := b.body(q.Body, q.OrderBy, outer, with)
	if err != nil {
		return nil, err
	}
	return b.limit(rel, q.Limit, q.Offset)
}

func (b *binder) limit(rel *relation, limit, offset sql.Expr) (*relation, error) {
	l := &plan.Limit{Input: rel.node, Count: -1}
	var err error
	if limit != nil {
		if l.Count, err = b.rowCount(limit, "LIMIT", -1); err != nil {
			return nil, err
		}
	}
	if offset != nil {
		if l.Offset, err = b.rowCount(offset, "OFFSET", 0); err != nil {
			return nil, err
		}
	}
	if l.Count < 0 && l.Offset == 0 {
		return rel, nil
	}
	return &relation{l, rel.cols}, nil
}

func (b *binder) rowCount(e sql.Expr, clause string, null int64) (int64, error) {
	if _, ok := e.(*sql.Subquery); ok {
		return 0, errs.New(errs.Unsupported, "Unsupported %s expression: a subquery", clause)
	}
	x, err := b.expr(&exprScope{scope: &scope{}}, e)
	if err != nil {
		return 0, err
	}
	l, ok := x.(*plan.Lit)
	if !ok {
		return 0, errs.New(errs.Unsupported, "Unsupported %s expression: %s", clause, plan.String(x))
	}
	if l.V.Null() {
		return null, nil
	}
	if !l.V.Type.Integer() {
		return 0, errs.New(errs.EngineExecuteQuery, "Expected %s to be an integer or null, but got %s", clause, l.V.Type)
	}
	if l.V.Type.Unsigned() && l.V.Int < 0 { // above 2^63: MySQL's way of saying all rows from an offset on
		return math.MaxInt64, nil
	}
	if l.V.Int < 0 {
		return 0, planError("Error during planning: %s must be >= 0, '%d' was provided.", clause, l.V.Int)
	}
	return l.V.Int, nil
}

func (b *binder) body(body sql.QueryBody, order []sql.OrderItem, outer *scope, with *ctes) (*relation, error) {
	if s, ok := body.(*sql.Select); ok {
		return b.selectQuery(s, order, outer, with)
	}
	var rel *relation
	var err error
	switch body := body.(type) {
	case *sql.Query:
		rel, err = b.query(body, outer, with)
	case *sql.SetOp:
		rel, err = b.setOp(body, outer, with)
	case *sql.Values:
		rel, err = b.values(body, outer, with)
	default:
		return nil, errs.New(errs.Internal, "query body %T", body)
	}
	if err != nil || len(order) == 0 {
		return rel, err
	}
	return b.orderOutput(rel, order)
}

// orderOutput orders rows by their own columns, as a set operation's are.
func (b *binder) orderOutput(rel *relation, order []sql.OrderItem) (*relation, error) {
	sc := &scope{}
	for _, c := range rel.cols {
		sc.cols = append(sc.cols, scopeCol{name: c.name, col: c.col})
	}
	s := &plan.Sort{Input: rel.node}
	for _, o := range order {
		if n, ok := ordinal(o.Expr); ok {
			if n < 1 || n > len(rel.cols) {
				return nil, orderBounds(n, len(rel.cols))
			}
			s.Keys = append(s.Keys, sortKey(o, rel.cols[n-1].col.Ref()))
			continue
		}
		x, err := b.expr(&exprScope{scope: sc}, o.Expr)
		if err != nil {
			return nil, err
		}
		s.Keys = append(s.Keys, sortKey(o, x))
	}
	return &relation{s, rel.cols}, nil
}

func orderBounds(n, limit int) error {
	return planError("Error during planning: Order by column out of bounds, specified: %d, max: %d", n, limit)
}

func sortKey(o sql.OrderItem, x plan.Expr) plan.SortKey {
	k := plan.SortKey{X: x, Desc: o.Desc, NullsFirst: o.Desc}
	if o.NullsGiven {
		k.NullsFirst = o.NullsFirst
	}
	return k
}

func ordinal(e sql.Expr) (int, bool) {
	l, ok := e.(*sql.Literal)
	if !ok || l.Kind != sql.LitInt {
		return 0, false
	}
	n, ok := l.Int64()
	return int(n), ok
}

// setOp binds a set operation. A chain of operations for which order of evaluation does not matter becomes a tree that is as shallow as
// it can be, since every level of a plan costs the levels above it.
func (b *binder) setOp(s *sql.SetOp, outer *scope, with *ctes) (*relation, error) {
	bodies := []sql.QueryBody{s.R}
	left := s.L
	for s.Kind != sql.Except {
		l, ok := left.(*sql.SetOp)
		if !ok || l.Kind != s.Kind || l.All != s.All {
			break
		}
		bodies = append(bodies, l.R)
		left = l.L
	}
	bodies = append(bodies, left)
	if most := cmp.Or(b.env.MaxSetOps, 4096); len(bodies) > most {
		return nil, planError("Error during planning: %d queries in one %s, at most %d are supported (query.max_union_parts); use several statements, or VALUES", len(bodies), s.Kind, most)
	}
	slices.Reverse(bodies)
	rels := make([]*relation, len(bodies))
	for i, body := range bodies {
		var err error
		if rels[i], err = b.body(body, nil, outer, with); err != nil {
			return nil, err
		}
	}
	return b.setTree(s, rels)
}

func (b *binder) setTree(s *sql.SetOp, rels []*relation) (*relation, error) {
	if len(rels) == 1 {
		return rels[0], nil
	}
	half := (len(rels) + 1) / 2
	l, err := b.setTree(s, rels[:half])
	if err != nil {
		return nil, err
	}
	r, err := b.setTree(s, rels[half:])
	if err != nil {
		return nil, err
	}
	if len(l.cols) != len(r.cols) {
		return nil, planError("Error during planning: %s queries have different number of columns: left has %d columns whereas right has %d columns", s.Kind, len(l.cols), len(r.cols))
	}
	op := &plan.SetOp{Kind: s.Kind.String(), All: s.All}
	out := &relation{node: op}
	types := make([]model.Type, len(l.cols))
	for i := range l.cols {
		t, ok := function.Union(l.cols[i].col.Type, r.cols[i].col.Type)
		if !ok {
			return nil, planError("Error during planning: %s: column %d is %s on one side and %s on the other", s.Kind, i+1, l.cols[i].col.Type, r.cols[i].col.Type)
		}
		types[i] = t
		c := b.out.NewColumn(l.cols[i].name, t)
		op.Out = append(op.Out, c)
		out.cols = append(out.cols, shown{l.cols[i].name, c})
	}
	op.L, op.R = b.converted(l, types), b.converted(r, types)
	return out, nil
}

// converted projects a relation to exactly its shown columns, as the given types.
func (b *binder) converted(rel *relation, types []model.Type) plan.Node {
	p := &plan.Project{Input: rel.node}
	for i, c := range rel.cols {
		p.Items = append(p.Items, plan.Item{Col: b.out.NewColumn(c.name, types[i]), X: convert(c.col.Ref(), types[i])})
	}
	return p
}

func (b *binder) values(v *sql.Values, outer *scope, with *ctes) (*relation, error) {
	es := &exprScope{scope: &scope{parent: outer}, with: with}
	var rows [][]plan.Expr
	types := make([]model.Type, len(v.Rows[0]))
	for _, r := range v.Rows {
		if len(r) != len(types) {
			return nil, planError("Error during planning: Inconsistent data length across values list: got %d values in one row but expected %d", len(r), len(types))
		}
		row := make([]plan.Expr, len(r))
		for i, e := range r {
			x, err := b.expr(es, e)
			if err != nil {
				return nil, err
			}
			t, ok := function.Union(types[i], x.Type())
			if !ok {
				return nil, planError("Error during planning: Inconsistent data type across values list: column %d is %s and %s", i+1, types[i], x.Type())
			}
			row[i], types[i] = x, t
		}
		rows = append(rows, row)
	}
	n := &plan.Values{}
	rel := &relation{node: n}
	for i, t := range types {
		name := "column" + itoa(i+1)
		c := b.out.NewColumn(name, t)
		n.Out = append(n.Out, c)
		rel.cols = append(rel.cols, shown{name, c})
	}
	for _, row := range rows {
		for i := range row {
			x, err := b.cast(row[i], types[i])
			if err != nil {
				return nil, err
			}
			row[i] = x
		}
		n.Rows = append(n.Rows, row)
	}
	return rel, nil
}
