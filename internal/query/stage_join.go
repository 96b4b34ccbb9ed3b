package query

import (
	"context"
	"fmt"
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/query/rule"
)

const (
	// maxKeys is how many keys are pushed one by one; of more, the least and the greatest.
	maxKeys = 1 << 16
	// maxKept is how many rows of the smaller side of a join are read ahead at most.
	maxKept = 1 << 20
	// worthAsking is how many rows that are made in memory, such as those of system tables, take longer to make than a query of its own
	// for the keys takes: about 3 ms.
	worthAsking = 20000
)

// joins asks the smaller sides of the joins below n, innermost first, where the other side can be narrowed by what they have.
func (s *stager) joins(ctx context.Context, n plan.Node) (plan.Node, error) {
	for i, in := range n.Inputs() {
		out, err := s.joins(ctx, in)
		if err != nil {
			return n, err
		}
		n.SetInput(i, out)
	}
	if j, ok := n.(*plan.Join); ok && !j.Lateral {
		return s.join(ctx, j)
	}
	return n, nil
}

// sides is a join seen from the side that is asked first.
type sides struct {
	join           *plan.Join
	small, large   int // inputs
	ofSmall, ofBig []plan.Expr
	rest           bool
}

func (s *stager) join(ctx context.Context, j *plan.Join) (plan.Node, error) {
	l, r, rest := rule.JoinKeys(j)
	if len(l) == 0 {
		return j, nil
	}
	left, right := s.guess(ctx, j.L), s.guess(ctx, j.R)
	var d sides
	switch {
	case rule.ReducesLeft(j.Kind) && right.less(left):
		d = sides{j, 1, 0, r, l, rest}
	case rule.ReducesRight(j.Kind) && left.less(right):
		d = sides{j, 0, 1, l, r, rest}
	default:
		return j, nil
	}
	in := j.Inputs()
	if made(in[d.large]) && max(left.read, right.read) < worthAsking {
		return j, nil
	}
	if slices.ContainsFunc(in[d.small].Cols(), func(c plan.Column) bool { return c.Type.Nested() }) {
		return j, nil // which are text once they have been read
	}
	if rule.ReadsOutside(in[0]) || rule.ReadsOutside(in[1]) {
		return j, nil
	}
	// A first look, with sets that nobody knows yet, tells whether they are of use.
	if _, _, any := rule.Narrow(plan.Clone(in[d.large]), d.sets(nil)); !any {
		return j, nil
	}
	if s.dry {
		return s.narrow(d, d.sets(nil), &plan.First{Rows: -1, Root: in[d.small]}, nil), nil
	}
	return s.ask(ctx, d)
}

// sets are the conditions on the large side, of the keys in columns of rows; nil: not known.
func (d *sides) sets(keys []*plan.KeySet) []*plan.InSet {
	var out []*plan.InSet
	for i, x := range d.ofBig {
		if !setType(x.Type()) {
			continue
		}
		set := &plan.KeySet{Name: plan.String(d.ofSmall[i])}
		if keys != nil {
			set = keys[i]
		}
		out = append(out, &plan.InSet{X: x, Set: set})
	}
	return out
}

// setType reports the types of which values can be told apart here as a scan does: not floats, of which 0 and -0 are equal.
func setType(t model.Type) bool { return t.Class() == model.ClassInt || t.Kind == model.KindString }

// ask reads the small side and narrows the other one.
func (s *stager) ask(ctx context.Context, d sides) (plan.Node, error) {
	small := d.join.Inputs()[d.small]
	cols := small.Cols()
	at := make([]int, len(d.ofSmall)) // of each key in the rows
	p := &plan.Project{Input: small}
	for _, c := range cols {
		p.Items = append(p.Items, plan.Item{Col: c, X: c.Ref()})
	}
	for i, x := range d.ofSmall {
		at[i] = -1
		if c, ok := x.(*plan.Col); ok {
			at[i] = slices.IndexFunc(cols, func(o plan.Column) bool { return o.ID == c.ID })
		}
		if at[i] < 0 {
			at[i] = len(p.Items)
			p.Items = append(p.Items, plan.Item{Col: s.q.NewColumn("key", x.Type()), X: x})
		}
	}
	root := small
	if len(p.Items) > len(cols) {
		root = p
	}
	q, err := s.part(ctx, root)
	if err != nil {
		return d.join, err
	}
	b, err := s.read(ctx, q, maxKept, s.r.engine.opts.KeepBytes)
	if err != nil || b == nil {
		return d.join, err
	}
	keys := make([]*plan.KeySet, len(at))
	for i, c := range at {
		if setType(d.ofSmall[i].Type()) {
			keys[i] = keysOf(plan.String(d.ofSmall[i]), b.Cols[c])
		}
	}
	first := &plan.First{Root: q.Root, Rows: int64(b.Len)}
	return s.narrow(d, d.sets(keys), first, kept(fmt.Sprintf("first %d", len(s.q.First)+1), cols, b)), nil
}

// narrow puts the sets into the large side. rows, if not nil, stand for the small one.
func (s *stager) narrow(d sides, sets []*plan.InSet, first *plan.First, rows plan.Node) plan.Node {
	names := ""
	complete := true
	for i, x := range sets {
		if i > 0 {
			names += ", "
		}
		names += x.Set.Name
		complete = complete && (!x.Set.Known || x.Set.Values != nil || x.Set.Count == 0)
	}
	first.Label = "keys of " + names
	s.q.First = append(s.q.First, *first)
	j := d.join
	large, all, _ := rule.Narrow(j.Inputs()[d.large], sets)
	if j.Kind == plan.Semi && d.small == 1 && len(sets) == 1 && len(d.ofBig) == 1 && !d.rest && complete && all {
		return large // whose rows are those of the join
	}
	j.SetInput(d.large, large)
	if rows != nil {
		j.SetInput(d.small, rows)
	}
	return j
}

// keysOf are the distinct values of a vector.
func keysOf(name string, v *model.Vector) *plan.KeySet {
	set := &plan.KeySet{Name: name, Known: true}
	bytes := v.Type.Class() == model.ClassBytes
	ints, texts := map[int64]bool{}, map[string]bool{}
	for i := range v.Len {
		if v.Null(i) {
			continue
		}
		if x := v.At(i); !set.Ranged {
			set.Min, set.Max, set.Ranged = x, x, true
		} else if x.Compare(set.Min) < 0 {
			set.Min = x
		} else if x.Compare(set.Max) > 0 {
			set.Max = x
		}
		if set.Count > maxKeys {
			continue
		}
		if bytes {
			texts[string(v.BytesAt(i))] = true
		} else {
			ints[v.Ints[i]] = true
		}
		set.Count = max(len(ints), len(texts))
	}
	if set.Count > maxKeys {
		set.Count = maxKeys
		return set
	}
	set.Values = make([]model.Value, 0, set.Count)
	for x := range ints {
		set.Values = append(set.Values, model.IntValue(v.Type, x))
	}
	for x := range texts {
		set.Values = append(set.Values, model.Value{Type: v.Type, Bytes: x})
	}
	slices.SortFunc(set.Values, model.Value.Compare)
	return set
}
