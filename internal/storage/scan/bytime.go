package scan

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
)

// byTime is the program of scans ordered by time. Clusters that have times in common are read together, in time order; their rows are
// collected, sorted and output before the next are looked at. With a limit, only that many of the best rows are kept, and as soon as there
// are as many, the worst of them bounds what still has to be read.
func (sc *scan) byTime(cs []*cluster, byCluster [][]task) func(context.Context) error {
	desc := sc.p.order == contract.OrderTimeDesc
	order := make([]int, len(cs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if desc {
			return cmp.Compare(cs[b].max, cs[a].max)
		}
		return cmp.Compare(cs[a].min, cs[b].min)
	})
	return func(ctx context.Context) error {
		left := sc.p.limit
		for i := 0; i < len(order); {
			lo, hi := cs[order[i]].min, cs[order[i]].max
			var tasks []task
			for ; i < len(order); i++ {
				c := cs[order[i]]
				if len(tasks) > 0 && (c.max < lo || c.min > hi) {
					break
				}
				lo, hi = min(lo, c.min), max(hi, c.max)
				ts := byCluster[order[i]]
				if desc {
					slices.Reverse(ts) // the last rows of a large series first
				}
				tasks = append(tasks, ts...)
			}
			t := &top{desc: desc, limit: left, bound: math.MaxInt64}
			if desc {
				t.bound = math.MinInt64
			}
			sc.cut = nil
			if sc.p.limit > 0 && !sc.p.lastRow { // a last row is not known to be wanted before its series was read
				sc.cut = t.cut
			}
			var rows sorted
			err := sc.work(ctx, tasks, func() sink {
				if sc.p.lastRow {
					return &lastRowSink{out: &topSink{sc: sc, top: t}}
				}
				return &topSink{sc: sc, top: t}
			}, func(s sink) error {
				if l, ok := s.(*lastRowSink); ok {
					s = l.out
				}
				rows.join(s.(*topSink))
				return nil
			})
			if err != nil {
				return err
			}
			n, err := rows.output(ctx, sc, t)
			if err != nil {
				return err
			}
			if left -= n; sc.p.limit > 0 && left <= 0 {
				return nil
			}
		}
		return nil
	}
}

// top is what the workers of a top-k share.
type top struct {
	desc  bool
	limit int64 // 0: none

	mu    sync.Mutex
	bound int64 // guarded by mu: the time of the worst row that any worker's best limit rows hold; rows beyond it are not wanted
}

// cut narrows times to what may still be wanted.
func (t *top) cut(r model.TimeRange) model.TimeRange {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.desc {
		r.Start = max(r.Start, t.bound)
	} else if t.bound < math.MaxInt64 {
		r.End = min(r.End, t.bound+1)
	}
	return r
}

func (t *top) tighten(bound int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.desc {
		t.bound = max(t.bound, bound)
	} else {
		t.bound = min(t.bound, bound)
	}
}

// topSink collects rows and their times; with a limit it drops all but the best each time it has grown to a few times that many.
type topSink struct {
	sc    *scan
	top   *top
	al    *aligned
	rows  *model.Batch // output columns
	times []int64
	idx   []int32
	sub   block
	done  []chunkOfRows // rows with tags coded by other dictionaries
}

type chunkOfRows struct {
	rows  *model.Batch
	times []int64
}

func (s *topSink) begin(_ context.Context, t *task) error {
	if s.al != t.c.al {
		s.seal()
	}
	s.al = t.c.al
	return nil
}

func (s *topSink) end(context.Context) error { return nil }

func (s *topSink) seal() {
	if s.rows != nil {
		s.done = append(s.done, chunkOfRows{s.rows, s.times})
		s.rows, s.times = nil, nil
	}
}

func (s *topSink) block(ctx context.Context, b *block) error {
	times, err := b.times(ctx)
	if err != nil {
		return err
	}
	if s.top.limit > 0 {
		r := s.top.cut(model.AllTime)
		s.idx = s.idx[:0]
		for i, t := range times {
			if r.Contains(t) {
				s.idx = append(s.idx, int32(i))
			}
		}
		if len(s.idx) == 0 {
			return nil
		}
		if len(s.idx) < b.n {
			b = s.sub.only(b, s.idx)
			if times, err = b.times(ctx); err != nil {
				return err
			}
		}
	}
	batch, err := b.output(ctx)
	if err != nil {
		return err
	}
	return s.add(ctx, batch, times, nil)
}

func (s *topSink) finish(context.Context) error { return nil }

func (s *topSink) add(_ context.Context, b *model.Batch, times []int64, _ []run) error {
	if s.rows == nil {
		s.rows = emptyLike(s.sc.p, b, b.Len)
	}
	for i, v := range b.Cols {
		s.rows.Cols[i].AppendVector(v, 0, b.Len)
	}
	s.rows.Len += b.Len
	s.times = append(s.times, times...)
	if k := int(s.top.limit); k > 0 && s.rows.Len >= 2*k+2*s.sc.p.batch {
		s.shrink(k)
	}
	return nil
}

// shrink keeps the best k rows.
func (s *topSink) shrink(k int) {
	idx := sortTimes(s.times, s.top.desc)[:k]
	s.top.tighten(s.times[idx[k-1]])
	slices.Sort(idx)
	s.times = kernel.Gather(make([]int64, 0, k), s.times, 0, idx)
	s.rows = gatherBatch(s.rows, idx)
}

// emptyLike makes a batch to collect rows like b's in: tags stay coded.
func emptyLike(p *plan, b *model.Batch, n int) *model.Batch {
	out := model.NewBatch(p.fields, n)
	for i, ref := range p.out {
		if ref.isTag() && b.Cols[i].Coded() {
			out.Cols[i] = &model.Vector{Type: b.Cols[i].Type, Dict: b.Cols[i].Dict}
		}
	}
	return out
}

// sortTimes gives the rows in time order.
func sortTimes(times []int64, desc bool) []int32 {
	idx := make([]int32, len(times))
	for i := range idx {
		idx[i] = int32(i)
	}
	slices.SortFunc(idx, func(a, b int32) int {
		c := cmp.Compare(times[a], times[b])
		if desc {
			c = -c
		}
		return cmp.Or(c, cmp.Compare(a, b))
	})
	return idx
}

func gatherBatch(b *model.Batch, idx []int32) *model.Batch {
	out := &model.Batch{Len: len(idx)}
	for _, v := range b.Cols {
		g := model.NewVector(v.Type, len(idx))
		if v.Coded() {
			g = &model.Vector{Type: v.Type, Dict: v.Dict}
		}
		kernel.GatherVector(g, v, 0, idx)
		out.Cols = append(out.Cols, g)
	}
	return out
}

// sorted is the rows of all workers.
type sorted struct{ parts []chunkOfRows }

func (r *sorted) join(s *topSink) {
	s.seal()
	r.parts = append(r.parts, s.done...)
}

// output sorts and sends the rows, as far as the limit allows, and says how many there were.
func (r *sorted) output(ctx context.Context, sc *scan, t *top) (int64, error) {
	if len(r.parts) == 0 {
		return 0, nil
	}
	all := r.parts[0]
	for _, part := range r.parts[1:] {
		for i, v := range part.rows.Cols {
			appendRows(all.rows.Cols[i], v, 0, v.Len)
		}
		all.rows.Len += part.rows.Len
		all.times = append(all.times, part.times...)
	}
	idx := sortTimes(all.times, t.desc)
	if t.limit > 0 && int64(len(idx)) > t.limit {
		idx = idx[:t.limit]
	}
	sent := int64(0)
	for len(idx) > 0 {
		n := min(len(idx), sc.p.batch)
		select {
		case sc.queues[0] <- gatherBatch(all.rows, idx[:n]):
		case <-ctx.Done():
			return sent, ctx.Err()
		}
		sent += int64(n)
		idx = idx[n:]
	}
	return sent, nil
}
