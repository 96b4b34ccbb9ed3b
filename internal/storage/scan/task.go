package scan

import (
	"context"
	"sort"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// cluster is inputs that are read together, series by series.
type cluster struct {
	ins []*input
	al  *aligned
	// simple: one input, none of whose rows need be compared. Its rows may be cut anywhere.
	simple   bool
	min, max int64 // times, inclusive
}

// task is a part of a cluster for one worker: the series [g0, g1) and, where not all of their rows, either the times or (simple clusters)
// the rows in a range.
type task struct {
	c      *cluster
	g0, g1 uint32
	times  model.TimeRange
	rows   source.RowRange
	index  int // among all tasks
}

// clusters puts inputs that overlap in time together; where no rows are compared and no order is asked for, each input stands alone.
// series: all inputs go in one cluster, so that all rows of a series come together.
func clusters(p *plan, ins []*input, bySeries bool) []*cluster {
	var out []*cluster
	for i, in := range ins {
		n := len(out)
		join := i > 0 && (bySeries || p.dedup() && in.group == ins[i-1].group)
		if !join {
			out = append(out, &cluster{min: in.min, max: in.max})
			n++
		}
		c := out[n-1]
		c.ins = append(c.ins, in)
		c.max = max(c.max, in.max)
	}
	for _, c := range out {
		c.simple = len(c.ins) == 1 && !c.ins[0].compare
	}
	return out
}

// Rows of a task: enough that its fixed cost does not matter, few enough that workers end together and queues stay short.
const (
	minTaskRows = 32 << 10
	maxTaskRows = 512 << 10
)

// cutRows is what tasks are cut at multiples of, counted from the start of a chunk: so that no page need be decoded by two of them.
const cutRows = 8192

// tasks cuts a cluster into tasks of about target rows, in series order.
func (c *cluster) tasks(ctx context.Context, p *plan, target int) ([]task, error) {
	if c.simple && !p.lastRow {
		return c.rowTasks(p, target), nil
	}
	var out []task
	al := c.al
	before := c.rowsBefore()
	for g := 0; g < al.n; {
		end := sort.Search(al.n, func(i int) bool { return before[i+1] > before[g]+uint64(target) })
		if end <= g {
			end = g + 1
		}
		if !p.lastRow && end == g+1 && before[end]-before[g] > 2*uint64(target) {
			cuts, err := c.timeCuts(ctx, p, g, target)
			if err != nil {
				return nil, err
			}
			start := p.times.Start
			for _, t := range append(cuts, p.times.End) {
				if t = min(t, p.times.End); start < t {
					out = append(out, task{c: c, g0: uint32(g), g1: uint32(end), times: model.TimeRange{Start: start, End: t}})
					start = t
				}
			}
		} else {
			out = append(out, task{c: c, g0: uint32(g), g1: uint32(end), times: p.times})
		}
		g = end
	}
	return out, nil
}

// rowsBefore counts, for each series and for the end, the rows of the series before, over all inputs.
func (c *cluster) rowsBefore() []uint64 {
	rows := make([]uint64, c.al.n+1)
	for _, in := range c.ins {
		for at := range in.count {
			from, to := in.rowsAt(at)
			rows[in.globalOf(at)+1] += uint64(to - from)
		}
	}
	for g := range c.al.n {
		rows[g+1] += rows[g]
	}
	return rows
}

// rowTasks cuts the rows that are left of a single input, at chunk borders where chunks are not larger than a task.
func (c *cluster) rowTasks(p *plan, target int) []task {
	in := c.ins[0]
	var out []task
	start, n := in.ranges[0].Start, 0
	cut := func(at int) {
		if n > 0 {
			out = append(out, task{c: c, g1: uint32(c.al.n), times: p.times, rows: source.RowRange{Start: start, End: at}})
			start, n = at, 0
		}
	}
	chunk := 0
	for _, r := range in.ranges {
		for a := r.Start; a < r.End; {
			for in.chunks[chunk+1] <= a {
				chunk++
			}
			end := min(r.End, in.chunks[chunk+1])
			if end-a > target {
				end = a + target
				if at := end - (end-in.chunks[chunk])%cutRows; at > a {
					end = at
				}
			}
			if n > 0 && n+end-a > target+target/2 {
				cut(a)
			}
			n += end - a
			if n >= target {
				cut(end)
			}
			a = end
		}
	}
	cut(in.src.Rows())
	return out
}

// timeCuts gives times that cut a series too large for one task, about every target rows of its largest input.
func (c *cluster) timeCuts(ctx context.Context, p *plan, g, target int) ([]int64, error) {
	var big *input
	var from, to int
	for _, in := range c.ins {
		at := in.positionFrom(uint32(g))
		if at == in.count || in.globalOf(at) != uint32(g) {
			continue
		}
		if s, e := in.rowsAt(at); e-s > to-from {
			big, from, to = in, s, e
		}
	}
	var cuts []int64
	for row := from + target; row < to; row += target {
		ch := sort.Search(len(big.chunks), func(i int) bool { return big.chunks[i] > row }) - 1
		at := row - big.chunks[ch]
		v, err := big.src.Chunk(ctx, p.schema.TimeIndex, ch, at, at+1)
		if err != nil {
			return nil, err
		}
		cuts = append(cuts, v.Ints[at])
	}
	return cuts, nil
}
