package series

import (
	"bytes"
	"math/bits"
	"slices"
	"sort"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/index/analyze"
	"github.com/goptimedb/goptimedb/internal/model"
)

// leaf is a comparison of one tag, in terms of its codes.
type leaf struct {
	tag      int
	from, to uint32 // codes from ≤ c < to may match; the others do not
	// One of: nothing more (a range), the codes of list only, all but those of list, or what match decides.
	list    []uint32 // ascending
	except  bool     // list is what does not match
	match   func([]byte) bool
	negate  bool
	decided model.Bitmap // by code: whether it matches; nil until worth making
	dict    *model.Dict
	memo    uint32 // the code decided last by match, for runs of equal codes
	memoHas bool
}

func (l *leaf) isRange() bool { return l.list == nil && l.match == nil }

func newLeaf(t *Table, k int, e *model.Expr) (*leaf, error) {
	d := t.Dicts[k]
	end := uint32(d.Len()) + 1
	l := &leaf{tag: k, dict: d, from: 1, to: end, memo: NoCode}
	var x []byte
	if e.Op >= model.OpEq && e.Op <= model.OpGe {
		if len(e.Values) != 1 {
			return nil, errs.New(errs.InvalidArguments, "comparison on column %d has %d values", e.Column, len(e.Values))
		}
		if e.Values[0].Null() {
			l.to = l.from
			return l, nil
		}
	}
	for _, v := range e.Values {
		if v.Type.Class() != t.Types[k].Class() {
			return nil, errs.New(errs.InvalidArguments, "predicate %s compares tag column %d of type %s with a %s", e, e.Column, t.Types[k], v.Type)
		}
	}
	if len(e.Values) > 0 {
		x = AppendSortableValue(nil, e.Values[0])
	}
	switch e.Op {
	case model.OpEq:
		l.from, l.to = equalRange(d, x)
	case model.OpNe:
		l.exclude(equalRange(d, x))
	case model.OpLt:
		l.to, _ = equalRange(d, x)
	case model.OpLe:
		_, l.to = equalRange(d, x)
	case model.OpGt:
		_, l.from = equalRange(d, x)
	case model.OpGe:
		l.from, _ = equalRange(d, x)
	case model.OpIsNull:
		l.from, l.to = 0, 1
	case model.OpNotNull:
	case model.OpIn, model.OpNotIn:
		values := make([][]byte, len(e.Values))
		for i, v := range e.Values {
			values[i] = AppendSortableValue(nil, v)
		}
		l.setList(values, e.Op == model.OpNotIn)
	case model.OpRegex, model.OpNotRegex, model.OpContains, model.OpNotContains:
		if t.Types[k].Class() != model.ClassBytes {
			return nil, errs.New(errs.InvalidArguments, "pattern %q on tag column %d of type %s", e.Pattern, e.Column, t.Types[k])
		}
		return l, l.setPattern(e)
	case model.OpMatchesTerm, model.OpNotMatchesTerm, model.OpMatches, model.OpNotMatches:
		if t.Types[k].Class() != model.ClassBytes {
			return nil, errs.New(errs.InvalidArguments, "text %q on tag column %d of type %s", e.Pattern, e.Column, t.Types[k])
		}
		return l, l.setText(e)
	default:
		return nil, errs.New(errs.Unsupported, "predicate %s on tag column %d", e.Op, e.Column)
	}
	return l, nil
}

// equalRange is the codes that equal x, of which there is one or none; an empty range stands where x would be.
func equalRange(d *model.Dict, x []byte) (from, to uint32) {
	n := d.Len()
	i := sort.Search(n, func(i int) bool { return bytes.Compare(d.At(uint32(i)), x) >= 0 })
	from = uint32(i) + 1
	if i < n && bytes.Equal(d.At(uint32(i)), x) {
		return from, from + 1
	}
	return from, from
}

// exclude takes the codes [from, to), one or none, out of a leaf that matches everything.
func (l *leaf) exclude(from, to uint32) {
	if from < to {
		l.list, l.except = []uint32{from}, true
	}
}

// setList makes the leaf match the given values only, or all but them.
func (l *leaf) setList(values [][]byte, except bool) {
	l.list = []uint32{}
	for _, v := range values {
		if from, to := equalRange(l.dict, v); from < to {
			l.list = append(l.list, from)
		}
	}
	slices.Sort(l.list)
	l.list = slices.Compact(l.list)
	l.except = except
	switch {
	case except && len(l.list) == 0:
		l.list, l.except = nil, false
	case !except && len(l.list) == 0:
		l.list, l.to = nil, l.from
	case !except:
		l.from, l.to = l.list[0], l.list[len(l.list)-1]+1
		if int(l.to-l.from) == len(l.list) { // fast path: neighbours
			l.list = nil
		}
	}
}

// maxLiterals bounds into how many strings a pattern is expanded; beyond, running the pattern is cheaper.
const maxLiterals = 1024

// setPattern compiles a pattern. Patterns that stand for a few strings ("a|b|c", as dashboards send) become a list, a literal beginning
// narrows the range.
func (l *leaf) setPattern(e *model.Expr) error {
	op := model.OpContains
	l.negate = e.Op == model.OpNotRegex || e.Op == model.OpNotContains
	if e.Op == model.OpRegex || e.Op == model.OpNotRegex {
		op = model.OpRegex
		if words, ok := analyze.Literals(e.Pattern, maxLiterals); ok {
			values := make([][]byte, len(words))
			for i, w := range words {
				values[i] = []byte(w)
			}
			l.setList(values, l.negate)
			return nil
		}
	}
	p, err := analyze.CompilePattern(op, e.Pattern)
	if err != nil {
		return errs.Wrap(errs.InvalidArguments, err, "pattern on tag column %d", e.Column)
	}
	if prefix := []byte(p.Prefix); len(prefix) > 0 && !l.negate {
		l.from, _ = equalRange(l.dict, prefix)
		n := l.dict.Len()
		l.to = 1 + uint32(sort.Search(n, func(i int) bool {
			v := l.dict.At(uint32(i))
			return bytes.Compare(v[:min(len(v), len(prefix))], prefix) > 0
		}))
	}
	l.match = p.Match
	return nil
}

// setText makes the leaf decide what a condition of full text says of each value.
func (l *leaf) setText(e *model.Expr) error {
	l.negate = e.Op == model.OpNotMatchesTerm || e.Op == model.OpNotMatches
	if e.Op == model.OpMatchesTerm || e.Op == model.OpNotMatchesTerm {
		l.match = analyze.CompileTerm(e.Pattern).Match
		return nil
	}
	q, err := analyze.ParseQuery(e.Pattern)
	if err != nil {
		return err
	}
	l.match = q.Match
	return nil
}

// has decides one code.
func (l *leaf) has(c uint32) bool {
	if c < l.from || c >= l.to {
		return false
	}
	if l.decided != nil {
		return l.decided.Get(int(c))
	}
	if l.list != nil {
		_, found := slices.BinarySearch(l.list, c)
		return found != l.except
	}
	if l.match == nil {
		return true
	}
	if c != l.memo {
		l.memo, l.memoHas = c, l.match(l.dict.At(c-1)) != l.negate
	}
	return l.memoHas
}

// and clears the bits of out whose code does not match; bit i belongs to codes[i].
func (l *leaf) and(codes []uint32, out model.Bitmap) {
	n := len(codes)
	if l.isRange() {
		from, width := l.from, l.to-l.from
		for w := range out {
			if out[w] == 0 {
				continue
			}
			var keep uint64
			for i, c := range codes[w<<6 : min(n, w<<6+64)] {
				if c-from < width {
					keep |= 1 << i
				}
			}
			out[w] &= keep
		}
		return
	}
	// A bitmap by code pays where it decides fewer values than there are series left to look at.
	if int(l.to-l.from) <= out.Count(n) {
		l.decide()
	}
	if l.decided == nil {
		for w, x := range out {
			for ; x != 0; x &= x - 1 {
				i := bits.TrailingZeros64(x)
				if !l.has(codes[w<<6+i]) {
					out[w] &^= 1 << i
				}
			}
		}
		return
	}
	for w := range out {
		if out[w] == 0 {
			continue
		}
		var keep uint64
		for i, c := range codes[w<<6 : min(n, w<<6+64)] {
			keep |= (l.decided[c>>6] >> (c & 63) & 1) << i
		}
		out[w] &= keep
	}
}

func (l *leaf) decide() {
	if l.decided != nil {
		return
	}
	b := model.NewBitmap(l.dict.Len() + 1)
	if l.list != nil {
		if l.except {
			b.SetRange(int(l.from), int(l.to))
		}
		for _, c := range l.list {
			if l.except {
				b.Clear(int(c))
			} else {
				b.Set(int(c))
			}
		}
	} else {
		for c := l.from; c < l.to; c++ {
			if l.match(l.dict.At(c-1)) != l.negate {
				b.Set(int(c))
			}
		}
	}
	l.decided = b
}
