package series

import (
	"slices"
	"sort"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Match selects the series for which pred, over tags of t only, is true. Each leaf is decided at most once per distinct value of its tag;
// leading tags that are bound narrow the series by binary search first. A nil pred selects all, and a nil argument
// of a conjunction or disjunction is true. Errors: InvalidArguments for a pattern
// that does not compile or a column that is no tag.
func Match(t *Table, pred *model.Expr) (Selection, error) {
	m := matcher{t: t}
	if pred == nil {
		return t.All(), nil
	}
	leaves := map[*model.Expr]*leaf{}
	if err := m.compile(pred, leaves); err != nil {
		return Selection{}, err
	}
	m.leaves = leaves
	lo, hi := 0, t.Len()
	rest := slices.Clone(pred.Conjuncts())
	// Narrow by the leading tags: within series that agree on all tags before, the codes of the next tag rise.
	for k := range t.Tags {
		if lo >= hi {
			break
		}
		for i := 0; i < len(rest); {
			l := leaves[rest[i]]
			if l == nil || l.tag != k || !l.isRange() {
				i++
				continue
			}
			lo, hi = codeRange(t.Codes[k], lo, hi, l.from, l.to)
			rest = slices.Delete(rest, i, i+1)
		}
		if lo >= hi || t.Codes[k][lo] != t.Codes[k][hi-1] {
			break
		}
	}
	if lo >= hi {
		return Selection{}, nil
	}
	if len(rest) == 0 {
		return Selection{From: lo, To: hi}, nil
	}
	bits := m.seed(rest, lo, hi)
	if bits == nil {
		bits = m.evalAll(rest, lo, hi)
	}
	s := Selection{From: lo, To: hi, Bits: bits}
	if s.Empty() {
		return Selection{}, nil
	}
	return s, nil
}

// codeRange narrows [lo, hi), in which codes rise, to those with from ≤ code < to.
func codeRange(codes []uint32, lo, hi int, from, to uint32) (int, int) {
	c := codes[lo:hi]
	a := sort.Search(len(c), func(i int) bool { return c[i] >= from })
	b := a + sort.Search(len(c)-a, func(i int) bool { return c[a+i] >= to })
	return lo + a, lo + b
}

type matcher struct {
	t      *Table
	leaves map[*model.Expr]*leaf
}

func (m *matcher) compile(e *model.Expr, into map[*model.Expr]*leaf) error {
	if e == nil {
		return nil
	}
	switch e.Op {
	case model.OpTrue, model.OpFalse:
		return nil
	case model.OpAnd, model.OpOr:
		for _, x := range e.Args {
			if err := m.compile(x, into); err != nil {
				return err
			}
		}
		return nil
	}
	k := m.t.Tag(e.Column)
	if k < 0 {
		return errs.New(errs.InvalidArguments, "predicate %s is on column %d, which is no tag", e, e.Column)
	}
	l, err := newLeaf(m.t, k, e)
	if err != nil {
		return err
	}
	into[e] = l
	return nil
}

// seed is for a condition that holds for few values of the tag by which [lo, hi) is ordered: it finds their series by binary search and
// looks at the other conditions there only. nil: no such condition.
func (m *matcher) seed(rest []*model.Expr, lo, hi int) model.Bitmap {
	k := 0
	for k < len(m.t.Tags) && m.t.Codes[k][lo] == m.t.Codes[k][hi-1] {
		k++
	}
	for i, e := range rest {
		l := m.leaves[e]
		if l == nil || l.tag != k || l.list == nil || l.except || len(l.list)*64 > hi-lo {
			continue
		}
		out := model.NewBitmap(hi - lo)
		others := slices.Delete(slices.Clone(rest), i, i+1)
		from := lo
		for _, c := range l.list {
			a, b := codeRange(m.t.Codes[k], from, hi, c, c+1)
			from = b
			if len(others) == 0 {
				out.SetRange(a-lo, b-lo)
				continue
			}
			for j := a; j < b; j++ {
				if m.allHold(others, j) {
					out.Set(j - lo)
				}
			}
		}
		return out
	}
	return nil
}

func (m *matcher) allHold(es []*model.Expr, i int) bool {
	for _, e := range es {
		if !m.holds(e, i) {
			return false
		}
	}
	return true
}

// holds decides e for one series.
func (m *matcher) holds(e *model.Expr, i int) bool {
	if e == nil {
		return true
	}
	switch e.Op {
	case model.OpTrue:
		return true
	case model.OpFalse:
		return false
	case model.OpAnd:
		return m.allHold(e.Args, i)
	case model.OpOr:
		for _, x := range e.Args {
			if m.holds(x, i) {
				return true
			}
		}
		return false
	}
	l := m.leaves[e]
	return l.has(m.t.Codes[l.tag][i])
}

// evalAll is the series of [lo, hi) for which all of es hold; bit i is series lo+i.
func (m *matcher) evalAll(es []*model.Expr, lo, hi int) model.Bitmap {
	out := model.NewBitmap(hi - lo)
	out.SetRange(0, hi-lo)
	for _, e := range es {
		m.and(e, lo, out, hi-lo)
	}
	return out
}

// and clears the bits of out, of n series from lo on, for which e is not true.
func (m *matcher) and(e *model.Expr, lo int, out model.Bitmap, n int) {
	if e == nil {
		return
	}
	switch e.Op {
	case model.OpTrue:
	case model.OpFalse:
		clear(out)
	case model.OpAnd:
		for _, x := range e.Args {
			m.and(x, lo, out, n)
		}
	case model.OpOr:
		any := model.NewBitmap(n)
		for _, x := range e.Args {
			one := slices.Clone(out)
			m.and(x, lo, one, n)
			for i, w := range one {
				any[i] |= w
			}
		}
		copy(out, any)
	default:
		l := m.leaves[e]
		l.and(m.t.Codes[l.tag][lo:lo+n], out)
	}
}
