package scan

import (
	"context"
	"slices"
	"sort"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// hide asks a masked source for its deleted rows and takes them out of the input's ranges.
func (in *input) hide(ctx context.Context) (err error) {
	m, ok := in.src.(source.Masked)
	if !ok {
		return nil
	}
	if in.hidden, err = m.Hidden(ctx); err != nil || len(in.hidden) == 0 {
		in.hidden = nil
		return err
	}
	in.ranges = without(in.ranges, in.hidden)
	return nil
}

// visible appends the pieces of rows [a, b) of need i that are not hidden. Ranges alone do not do: small holes in them are read over.
func (r *reader) visible(rd int32, i, a, b int, out []piece) []piece {
	h := r.in.hidden
	for k := sort.Search(len(h), func(k int) bool { return h[k].End > a }); a < b; k++ {
		end := b
		if k < len(h) {
			end = min(b, h[k].Start)
		}
		if a < end {
			out = append(out, piece{rd, int32(i), int32(a), int32(end)})
		}
		if k == len(h) {
			break
		}
		a = max(a, h[k].End)
	}
	return out
}

// without is the rows of a that are not in b; both are ascending and disjoint.
func without(a, b []source.RowRange) []source.RowRange {
	var out []source.RowRange
	k := 0
	for _, r := range a {
		for k < len(b) && b[k].End <= r.Start {
			k++
		}
		for j := k; r.Start < r.End; j++ {
			if j == len(b) || b[j].Start >= r.End {
				out = append(out, r)
				break
			}
			if r.Start < b[j].Start {
				out = append(out, source.RowRange{Start: r.Start, End: b[j].Start})
			}
			r.Start = max(r.Start, b[j].End)
		}
	}
	return out
}

// Union is the rows in any of two ascending, disjoint lists.
func Union(a, b []source.RowRange) []source.RowRange {
	if len(a) == 0 || len(b) == 0 {
		return append(slices.Clone(a), b...)
	}
	all := append(slices.Clone(a), b...)
	slices.SortFunc(all, func(x, y source.RowRange) int { return x.Start - y.Start })
	out := all[:1]
	for _, r := range all[1:] {
		if last := &out[len(out)-1]; r.Start <= last.End {
			last.End = max(last.End, r.End)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// Matching gives the rows of a source, read through schema, that are in the times and for which pred (nil: always) is true: exactly these,
// every stored row judged by itself. Tombstones are never among them.
func Matching(ctx context.Context, src source.Source, schema *model.Schema, times model.TimeRange, pred *model.Expr) ([]source.RowRange, error) {
	o := &Options{Sources: []source.Source{src}, Schema: schema, Merge: contract.MergeAppend}
	p, err := newPlan(o, &contract.ScanRequest{TimeRange: times, Predicate: pred})
	if err != nil || p.times.Empty() {
		return nil, err
	}
	sc := &scan{p: p, parallel: 1}
	ins, err := prepare(ctx, p, o, 1, &sc.st)
	if err != nil || len(ins) == 0 {
		return nil, err
	}
	cs := clusters(p, ins, false)
	var tasks []task
	for _, c := range cs {
		if c.al, err = align(c.ins); err != nil {
			return nil, err
		}
		ts, err := c.tasks(ctx, p, maxTaskRows)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, ts...)
	}
	rows := &numberSink{}
	if err := sc.work(ctx, tasks, func() sink { return rows }, nil); err != nil {
		return nil, err
	}
	slices.SortFunc(rows.out, func(a, b source.RowRange) int { return a.Start - b.Start })
	joined := rows.out[:0]
	for _, r := range rows.out {
		if n := len(joined); n > 0 && joined[n-1].End == r.Start {
			joined[n-1].End = r.End
		} else {
			joined = append(joined, r)
		}
	}
	return joined, nil
}

// numberSink keeps the row numbers of the blocks of one source.
type numberSink struct{ out []source.RowRange }

func (s *numberSink) begin(context.Context, *task) error { return nil }
func (s *numberSink) end(context.Context) error          { return nil }

func (s *numberSink) add(from, to int) {
	if n := len(s.out); n > 0 && s.out[n-1].End == from {
		s.out[n-1].End = to
		return
	}
	s.out = append(s.out, source.RowRange{Start: from, End: to})
}

func (s *numberSink) block(_ context.Context, b *block) error {
	if b.sel == nil {
		for _, x := range b.slices {
			s.add(int(x.from), int(x.to))
		}
		return nil
	}
	k, before := 0, int32(0) // slice, rows of the block before it
	for _, i := range b.sel {
		for i-before >= b.slices[k].to-b.slices[k].from {
			before += b.slices[k].to - b.slices[k].from
			k++
		}
		row := int(b.slices[k].from + i - before)
		s.add(row, row+1)
	}
	return nil
}

// Check tells what a scan by the schema would find wrong with a predicate.
func Check(schema *model.Schema, pred *model.Expr) error {
	_, err := newPlan(&Options{Schema: schema, Merge: contract.MergeAppend}, &contract.ScanRequest{TimeRange: model.AllTime, Predicate: pred})
	return err
}
