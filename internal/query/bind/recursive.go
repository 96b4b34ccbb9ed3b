package bind

import (
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// recursion is a common table expression while the part of it is bound that reads it.
type recursion struct {
	id   int
	rel  *relation // what it shows
	used bool
}

// recursiveCTE binds a common table expression of WITH RECURSIVE: base UNION [ALL] step, where step mentions it. ok is false where it is not
// of that form.
func (b *binder) recursiveCTE(c *ctes) (rel *relation, ok bool, err error) {
	st, ok := c.def.Body.(*sql.QueryStmt)
	if !ok {
		return nil, false, nil
	}
	q := st.Query
	op, ok := q.Body.(*sql.SetOp)
	if !ok || op.Kind != sql.Union {
		return nil, false, nil
	}
	if b.depth++; b.depth > maxDepth {
		return nil, true, planError("Error during planning: views and sub-queries are nested too deep")
	}
	defer func() { b.depth-- }()
	with, err := withClause(q, c.top, c.at)
	if err != nil {
		return nil, true, err
	}
	base, err := b.body(op.L, nil, c.top, with)
	if errs.Is(err, errs.TableNotFound) { // it reads itself on the left, too, or something that is not there at all
		return nil, false, nil
	}
	if err != nil {
		return nil, true, err
	}
	b.recursions++
	r := &recursion{id: b.recursions, rel: &relation{}}
	n := &plan.Recursive{ID: r.id, All: op.All}
	types := make([]model.Type, len(base.cols))
	for i, col := range base.cols {
		if types[i] = col.col.Type; types[i].Kind == model.KindNull {
			types[i] = model.Int64
		}
		name := col.name
		if i < len(c.def.Columns) {
			name = c.def.Columns[i].Name
		}
		out := b.out.NewColumn(name, types[i])
		n.Out = append(n.Out, out)
		r.rel.cols = append(r.rel.cols, shown{name, out})
	}
	step, err := b.body(op.R, nil, c.top, &ctes{def: c.def, at: with, top: c.top, next: with, working: r})
	if err != nil {
		return nil, true, err
	}
	if !r.used {
		return nil, false, nil
	}
	if len(step.cols) != len(base.cols) {
		return nil, true, planError("Error during planning: Non-recursive term and recursive term must have the same number of columns (%d != %d)", len(base.cols), len(step.cols))
	}
	for i, col := range step.cols {
		if _, err := b.cast(col.col.Ref(), types[i]); err != nil {
			return nil, true, err
		}
	}
	n.Base, n.Step = b.converted(base, types), b.converted(step, types)
	rel = &relation{n, r.rel.cols}
	if len(q.OrderBy) > 0 {
		if rel, err = b.orderOutput(rel, q.OrderBy); err != nil {
			return nil, true, err
		}
	}
	rel, err = b.limit(rel, q.Limit, q.Offset)
	return rel, true, err
}

// working is the rows of the step before, where a recursive query mentions itself.
func (b *binder) working(r *recursion, name string) *relation {
	r.used = true
	n := &plan.Working{ID: r.id, Name: name}
	rel := &relation{node: n}
	for _, c := range r.rel.cols {
		out := b.out.NewColumn(c.name, c.col.Type)
		n.Of, n.Out = append(n.Of, c.col), append(n.Out, out)
		rel.cols = append(rel.cols, shown{c.name, out})
	}
	return rel
}

// withClause puts the definitions of a query's WITH in front of those in sight.
func withClause(q *sql.Query, outer *scope, with *ctes) (*ctes, error) {
	seen := map[string]bool{}
	for i := range q.With {
		d := &q.With[i]
		if seen[d.Name.Name] {
			return nil, planError(`Error during planning: WITH query name "%s" specified more than once`, d.Name.Name)
		}
		seen[d.Name.Name] = true
		with = &ctes{def: d, at: with, top: outer, next: with, recursive: q.Recurse}
	}
	return with, nil
}
