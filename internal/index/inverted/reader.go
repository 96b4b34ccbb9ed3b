package inverted

import (
	"bytes"
	"context"

	"github.com/goptimedb/goptimedb/internal/index/analyze"
	"github.com/goptimedb/goptimedb/internal/index/blob"
	"github.com/goptimedb/goptimedb/internal/index/rowset"
	"github.com/goptimedb/goptimedb/internal/index/terms"
	"github.com/goptimedb/goptimedb/internal/index/values"
	"github.com/goptimedb/goptimedb/internal/model"
)

const (
	// maxScan is how many values a search looks through before it gives up: some 10 ms of work, above which it costs about what it saves.
	maxScan = 1 << 17
	// maxSegments bounds the bitmaps of a search.
	maxSegments = 1 << 28
)

// Index is an inverted index. It is immutable and safe for concurrent use.
type Index struct {
	r      *terms.Reader
	t      model.Type
	rows   int
	size   int
	n      int // segments
	nulls  model.Bitmap
	values model.Bitmap
}

// OpenIndex opens a blob that a Builder wrote.
func OpenIndex(ctx context.Context, src blob.Source) (*Index, error) {
	r, meta, err := terms.Open(ctx, src, Kind)
	if err != nil {
		return nil, err
	}
	x := &Index{r: r}
	x.rows, x.size = int(meta.Upto(1<<40, "number of rows")), int(meta.Upto(1<<24, "rows of a segment"))
	if meta.Err() == nil && x.size == 0 {
		meta.Fail("segments of no rows")
	}
	if err := meta.Err(); err != nil {
		return nil, err
	}
	if x.n = (x.rows + x.size - 1) / x.size; x.n > maxSegments {
		meta.Fail("%d segments", x.n)
		return nil, meta.Err()
	}
	x.t = values.ReadType(meta)
	x.nulls = terms.ReadSet(meta, x.n)
	x.values = terms.ReadSet(meta, x.n)
	return x, meta.End()
}

// Rows is how many rows the index covers.
func (x *Index) Rows() int { return x.rows }

// MemoryBytes is about how much memory the index holds.
func (x *Index) MemoryBytes() int64 {
	return x.r.MemoryBytes() + int64(len(x.nulls)+len(x.values))*8 + 128
}

// Search answers comparisons, IN, patterns, tests for NULL, and an AND of comparisons of the column (a range).
func (x *Index) Search(ctx context.Context, leaf *model.Expr) (rows []model.RowRange, exact, ok bool, err error) {
	s := &search{x: x, hit: model.NewBitmap(x.n)}
	switch leaf.Op {
	case model.OpIsNull:
		copy(s.hit, x.nulls)
		ok = true
	case model.OpNotNull:
		copy(s.hit, x.values)
		ok = true
	case model.OpEq, model.OpIn:
		ok, err = s.equal(ctx, leaf)
	case model.OpNe, model.OpNotIn:
		ok, err = s.notEqual(ctx, leaf)
	case model.OpLt, model.OpLe, model.OpGt, model.OpGe, model.OpAnd:
		ok, err = s.between(ctx, leaf)
	case model.OpRegex, model.OpNotRegex, model.OpContains, model.OpNotContains:
		ok, err = s.pattern(ctx, leaf)
	case model.OpMatchesTerm, model.OpNotMatchesTerm, model.OpMatches, model.OpNotMatches:
		ok, err = s.text(ctx, leaf)
	}
	if err != nil || !ok {
		return nil, false, false, err
	}
	rows = rowset.Of(s.hit, x.size, x.rows)
	return rows, len(rows) == 0, true, nil
}

// search is one search.
type search struct {
	x    *Index
	hit  model.Bitmap
	seen int
}

func (s *search) or(ctx context.Context, p terms.Posting) error {
	return s.x.r.Or(ctx, s.hit, s.x.n, p)
}

// scan adds the segments of values from ≤ value < to (nil: no end) that are kept. A value of length terms.MaxTerm may stand for longer ones.
func (s *search) scan(ctx context.Context, from, to []byte, keep func(value []byte) bool) (ok bool, err error) {
	ok = true
	err = s.x.r.Scan(ctx, from, to, func(term []byte, p terms.Posting) (bool, error) {
		if s.seen++; s.seen > maxScan {
			ok = false
			return false, nil
		}
		if keep != nil && !keep(term) {
			return true, nil
		}
		if err := s.or(ctx, p); err != nil {
			return false, err
		}
		// Where every segment has been found, no further value can add one.
		if s.seen%256 == 0 && s.hit.Count(s.x.n) == s.x.n {
			return false, nil
		}
		return true, nil
	})
	return ok, err
}

func cut(term []byte) bool { return len(term) == terms.MaxTerm }

// keys are the values of a leaf in the form of the index; ok is false where they are of another kind.
func (s *search) keys(leaf *model.Expr) (keys [][]byte, ok bool) {
	for _, v := range leaf.Values {
		if v.Null() {
			continue
		}
		if !values.Comparable(s.x.t, v.Type) {
			return nil, false
		}
		keys = append(keys, values.AppendValue(nil, v))
	}
	return keys, true
}

func (s *search) equal(ctx context.Context, leaf *model.Expr) (bool, error) {
	keys, ok := s.keys(leaf)
	if !ok {
		return false, nil
	}
	return true, s.lookup(ctx, keys)
}

func (s *search) lookup(ctx context.Context, keys [][]byte) error {
	for _, k := range keys {
		p, found, err := s.x.r.Get(ctx, terms.Clip(k))
		if err == nil && found {
			err = s.or(ctx, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *search) notEqual(ctx context.Context, leaf *model.Expr) (bool, error) {
	keys, ok := s.keys(leaf)
	if !ok {
		return false, nil
	}
	if leaf.Op == model.OpNe && len(keys) == 0 {
		return true, nil // a comparison with NULL
	}
	not := map[string]bool{}
	for _, k := range keys {
		not[string(k)] = true
	}
	return s.scan(ctx, nil, nil, func(term []byte) bool { return cut(term) || !not[string(term)] })
}

// between narrows the range of values by all comparisons. What is cut from a long value never makes it greater.
func (s *search) between(ctx context.Context, e *model.Expr) (bool, error) {
	var from, to []byte
	for _, leaf := range e.Conjuncts() {
		keys, ok := s.keys(leaf)
		if !ok || leaf.Op < model.OpEq || leaf.Op > model.OpGe || leaf.Op == model.OpNe || leaf.Column != e.Conjuncts()[0].Column {
			return false, nil
		}
		if len(keys) == 0 {
			return true, nil // a comparison with NULL
		}
		v := keys[0]
		if leaf.Op == model.OpGt || leaf.Op == model.OpGe || leaf.Op == model.OpEq {
			low := terms.Clip(v)
			if leaf.Op == model.OpGt && len(v) < terms.MaxTerm {
				low = append(v[:len(v):len(v)], 0)
			}
			if bytes.Compare(low, from) > 0 {
				from = low
			}
		}
		if leaf.Op == model.OpLt || leaf.Op == model.OpLe || leaf.Op == model.OpEq {
			high := v
			if leaf.Op != model.OpLt {
				high = append(v[:len(v):len(v)], 0)
			}
			if to == nil || bytes.Compare(high, to) < 0 {
				to = high
				if to == nil {
					to = []byte{}
				}
			}
		}
	}
	return s.scan(ctx, from, to, nil)
}

// pattern looks through the values with the pattern's beginning, or looks up the few that it stands for.
func (s *search) pattern(ctx context.Context, leaf *model.Expr) (bool, error) {
	if s.x.t.Class() != model.ClassBytes {
		return false, nil
	}
	if leaf.Op == model.OpRegex {
		if words, few := analyze.Literals(leaf.Pattern, analyze.FewLiterals); few {
			keys := make([][]byte, len(words))
			for i, w := range words {
				keys[i] = []byte(w)
			}
			return true, s.lookup(ctx, keys)
		}
	}
	p, err := analyze.CompilePattern(leaf.Op, leaf.Pattern)
	if err != nil {
		return false, nil // whoever judges rows tells what is wrong with it
	}
	if p.Prefix == "" {
		return s.scan(ctx, nil, nil, func(term []byte) bool { return cut(term) || p.Match(term) })
	}
	// A term that was cut within the prefix stands for values that have it.
	from := terms.Clip([]byte(p.Prefix))
	return s.scan(ctx, from, terms.PrefixEnd(from), func(term []byte) bool { return cut(term) || p.Match(term) })
}

// text decides text conditions for each value.
func (s *search) text(ctx context.Context, leaf *model.Expr) (bool, error) {
	if s.x.t.Class() != model.ClassBytes {
		return false, nil
	}
	var match func([]byte) bool
	switch leaf.Op {
	case model.OpMatchesTerm, model.OpNotMatchesTerm:
		match = analyze.CompileTerm(leaf.Pattern).Match
	default:
		q, err := analyze.ParseQuery(leaf.Pattern)
		if err != nil {
			return false, nil
		}
		match = q.Match
	}
	not := leaf.Op == model.OpNotMatchesTerm || leaf.Op == model.OpNotMatches
	return s.scan(ctx, nil, nil, func(term []byte) bool { return cut(term) || match(term) != not })
}
