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
// collected, sorted and output before the next are looked at. With a limit, they are read in windows of time, the first of which is about as
// wide as the limit needs and each next one much wider; only as many of the best rows are kept, and as soon as there are as many, the
// worst of them bounds what still has to be read.
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
			rows := 0
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
				for _, in := range c.ins {
					rows += in.src.Rows()
				}
			}
			ws := windows{desc: desc, rest: model.AllTime}
			if sc.p.limit > 0 && !sc.p.lastRow { // a last row is not known to be wanted before its series was read
				ws.begin(max(lo, sc.p.times.Start), min(hi, sc.p.times.End-1), rows, left)
			}
			for !ws.rest.Empty() {
				n, err := sc.sortWindow(ctx, tasks, ws.next(), left)
				if err != nil {
					return err
				}
				if left -= n; sc.p.limit > 0 && left <= 0 {
					return nil
				}
			}
		}
		return nil
	}
}

// sortWindow outputs the rows of the tasks that are in the window, or the best limit of them (0: all), and says how many there were.
func (sc *scan) sortWindow(ctx context.Context, tasks []task, window model.TimeRange, limit int64) (int64, error) {
	t := &top{desc: sc.p.order == contract.OrderTimeDesc, limit: limit, window: window, bound: math.MaxInt64}
	if t.desc {
		t.bound = math.MinInt64
	}
	sc.cut = nil
	if limit > 0 && !sc.p.lastRow {
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
		return 0, err
	}
	defer func() { sc.mem.GiveBack(rows.charged) }()
	return rows.output(ctx, sc, t)
}

// windows cuts times into pieces, in the order of output, that grow from one to the next.
type windows struct {
	desc  bool
	rest  model.TimeRange // not given yet
	width uint64          // of the next piece; 0: all of the rest
}

// windowGrowth is how much wider each window is than the one before: a wrong guess at first costs few more rounds.
const windowGrowth = 16

// begin sets the width of the first window so that, were the rows spread evenly over the times from lo to hi, both inclusive, it held a few
// times as many as wanted.
func (ws *windows) begin(lo, hi int64, rows int, wanted int64) {
	if lo > hi || int64(rows) <= 8*wanted || wanted > math.MaxInt64/8 {
		return
	}
	ws.width = max(1, uint64(float64(uint64(hi-lo))/float64(rows)*float64(4*wanted)))
	ws.rest = model.TimeRange{Start: lo, End: hi + 1} // hi is within the plan's times, so less than MaxInt64
}

// next gives the next window.
func (ws *windows) next() model.TimeRange {
	w := ws.rest
	if ws.width == 0 || ws.width >= uint64(ws.rest.End-ws.rest.Start) {
		ws.rest = model.TimeRange{}
		return w
	}
	if ws.desc {
		w.Start = int64(uint64(w.End) - ws.width)
		ws.rest.End = w.Start
	} else {
		w.End = int64(uint64(w.Start) + ws.width)
		ws.rest.Start = w.End
	}
	if ws.width *= windowGrowth; ws.width > math.MaxInt64/windowGrowth {
		ws.width = 0
	}
	return w
}

// top is what the workers of a top-k share.
type top struct {
	desc  bool
	limit int64 // 0: none
	// window is the times that are looked at; others may be in another window.
	window model.TimeRange

	mu    sync.Mutex
	bound int64 // guarded by mu: the time of the worst row that any worker's best limit rows hold; rows beyond it are not wanted
}

// cut narrows times to what may still be wanted.
func (t *top) cut(r model.TimeRange) model.TimeRange {
	t.mu.Lock()
	defer t.mu.Unlock()
	r = r.Intersect(t.window)
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

	sealed, charged int64 // of memory: bytes of done; what is accounted for
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
		s.sealed += s.bytes()
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
	return s.sc.grow(&s.charged, s.sealed+s.bytes(), "the rows of an order by time: ask for fewer rows or columns, or raise memory.limit")
}

// bytes is what the rows that are collected take.
func (s *topSink) bytes() int64 { return s.rows.Bytes() + int64(8*cap(s.times)) }

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
type sorted struct {
	parts   []chunkOfRows
	charged int64 // of memory
}

func (r *sorted) join(s *topSink) {
	s.seal()
	r.parts = append(r.parts, s.done...)
	r.charged += s.charged
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
		if err := sc.send(ctx, sc.queue(nil), gatherBatch(all.rows, idx[:n])); err != nil {
			return sent, err
		}
		sent += int64(n)
		idx = idx[n:]
	}
	return sent, nil
}
