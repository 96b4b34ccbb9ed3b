package prom

import (
	"encoding/binary"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/prom/window"
)

// streamSink computes series of a region as they are read. Small ones at once; where there is more to do, series are gathered to chunks
// that workers compute, while the reader goes on, and that a goroutine adds up in the order in which they were read:
//
//	reader ──┬─ work ──► workers: values at each moment ──┐
//	         └─ order ─► adder: waits for the chunk ◄─────┘, adds its series to their groups
type streamSink struct {
	*job
	into     *partial
	workers  int
	table    string
	narrowed narrowed

	tags  []*model.Column
	shown []int // positions of tags that results have, or of rankings their groups, by name
	all   []int // positions of all tags, by name

	builder labels.ScratchBuilder
	key     []byte
	prevKey []byte
	lset    labels.Labels // of the series that is read, where results are series
	group   *group        // of the series that is read; at first nil

	scratch window.Scratch
	out     []float64
	chunk   *chunk
	work    chan *chunk
	order   chan *chunk
	free    chan *chunk
	wg      sync.WaitGroup
	adder   sync.WaitGroup
}

// chunk is some series.
type chunk struct {
	items  []item
	times  []int64
	values []float64
	out    []float64 // of each series that is aggregated, a value a window
	done   chan struct{}
}

// item is a series of a chunk: its samples end at end, and its values go to group, of rankings as those of lset, or stay in values.
type item struct {
	end    int32
	group  *group
	lset   labels.Labels
	values []float64
	any    bool // it had values before functions and operators looked at them
}

// A chunk is handed over when it has so many samples or values: what a worker does in a tenth of a millisecond or so.
const chunkSize = 8 << 10

// chooseLabels settles which tags results have.
func (s *streamSink) chooseLabels() {
	for i := range s.tags {
		s.all = append(s.all, i)
	}
	slices.SortFunc(s.all, func(a, b int) int { return strings.Compare(s.tags[a].Name, s.tags[b].Name) })
	for _, i := range s.all {
		if s.agg == nil || slices.Contains(s.agg.by, s.tags[i].Name) != s.agg.without {
			s.shown = append(s.shown, i)
		}
	}
	s.builder = labels.NewScratchBuilder(len(s.all) + 1)
}

// begin implements seriesSink.
func (s *streamSink) begin(b *model.Batch, row int) (skip bool, err error) {
	for i := range s.tags {
		v := b.Cols[i]
		if v.Type.Class() == model.ClassBytes && !v.Null(row) && len(v.BytesAt(row)) == 0 {
			return false, errUnfit // a series of the same labels may have NULL there
		}
	}
	for _, f := range s.narrowed.tags {
		if i := slices.Index(s.tags, f.column); !f.matcher.Matches(textOf(b.Cols[i], row)) {
			return true, nil
		}
	}
	if s.agg == nil || s.agg.k > 0 {
		s.builder.Reset()
		if s.named {
			s.builder.Add(nameLabel, s.table)
		}
		s.lset = s.labels(s.all, b, row)
	}
	if s.agg == nil {
		return false, nil
	}
	key := s.key[:0]
	for _, i := range s.shown {
		v := b.Cols[i]
		if v.Null(row) {
			continue
		}
		name := s.tags[i].Name
		key = append(binary.AppendUvarint(key, uint64(len(name))), name...)
		if v.Type.Class() == model.ClassBytes {
			x := v.BytesAt(row)
			key = append(binary.AppendUvarint(key, uint64(len(x))), x...)
		} else {
			x := textOf(v, row)
			key = append(binary.AppendUvarint(key, uint64(len(x))), x...)
		}
	}
	s.key = key
	if s.group != nil && string(key) == string(s.prevKey) { // neighbours are often of one group
		return false, nil
	}
	s.group, err = s.into.group(key, func() labels.Labels {
		s.builder.Reset()
		return s.labels(s.shown, b, row)
	})
	s.prevKey = append(s.prevKey[:0], key...)
	return false, err
}

// labels adds labels of some tags to those that the builder has.
func (s *streamSink) labels(tags []int, b *model.Batch, row int) labels.Labels {
	for _, i := range tags {
		if v := textOf(b.Cols[i], row); v != "" {
			s.builder.Add(s.tags[i].Name, v)
		}
	}
	s.builder.Sort()
	return s.builder.Labels()
}

// finish implements seriesSink.
func (s *streamSink) finish(times []int64, values []float64) error {
	x := item{group: s.group, lset: s.lset}
	if s.agg != nil {
		if err := s.into.join(s.group); err != nil {
			return err
		}
	}
	if s.agg == nil {
		if err := s.into.reserve(1); err != nil {
			return err
		}
		x.values = make([]float64, s.windows.N)
		s.into.lsets, s.into.values = append(s.into.lsets, s.lset), append(s.into.values, x.values)
	}
	if s.workers == 1 {
		if s.agg != nil {
			s.out = slices.Grow(s.out[:0], s.windows.N)[:s.windows.N]
			x.values = s.out
		}
		s.series(&s.scratch, times, values, &x)
		s.add(x)
		return nil
	}
	if s.chunk == nil {
		s.chunk = s.newChunk()
	}
	c := s.chunk
	c.times, c.values = append(c.times, times...), append(c.values, values...)
	x.end = int32(len(c.times))
	c.items = append(c.items, x)
	if len(c.times) >= chunkSize || len(c.items)*s.windows.N >= chunkSize {
		s.hand()
	}
	return nil
}

// series gives the values of a series at each window.
func (s *streamSink) series(scratch *window.Scratch, times []int64, values []float64, x *item) {
	if !s.raw {
		times, values = scratch.Clean(times, values)
	}
	s.compute(scratch, &s.windows, times, values, x.values)
	if s.rate {
		x.any = scratch.Found || s.inner == nil && slices.ContainsFunc(x.values, present)
	}
	for _, f := range s.each {
		f(x.values)
	}
}

// add takes the values of a series, in the order of series.
func (s *streamSink) add(x item) {
	switch {
	case x.group == nil:
	case x.group.ranking != nil:
		s.into.rank(x.group, x.lset, x.values)
	default:
		x.group.sum.Add(x.values)
	}
	if x.any {
		s.into.seen[s.table] = true
	}
}

func (s *streamSink) newChunk() *chunk {
	select {
	case c := <-s.free:
		c.items, c.times, c.values = c.items[:0], c.times[:0], c.values[:0]
		return c
	default:
		return &chunk{done: make(chan struct{}, 1)}
	}
}

// hand gives the chunk to the workers, which begin with the first one.
func (s *streamSink) hand() {
	if s.work == nil {
		s.work, s.order, s.free = make(chan *chunk, 2*s.workers), make(chan *chunk, 2*s.workers), make(chan *chunk, 4*s.workers)
		for range s.workers {
			s.wg.Go(func() {
				var scratch window.Scratch
				for c := range s.work {
					s.computeChunk(&scratch, c)
					c.done <- struct{}{}
				}
			})
		}
		s.adder.Go(func() {
			for c := range s.order {
				<-c.done
				s.addChunk(c)
				select {
				case s.free <- c:
				default:
				}
			}
		})
	}
	s.order <- s.chunk
	s.work <- s.chunk
	s.chunk = nil
}

func (s *streamSink) computeChunk(scratch *window.Scratch, c *chunk) {
	n := s.windows.N
	if s.agg != nil {
		c.out = slices.Grow(c.out[:0], n*len(c.items))[:n*len(c.items)]
	}
	from := int32(0)
	for i := range c.items {
		x := &c.items[i]
		if s.agg != nil {
			x.values = c.out[i*n : (i+1)*n]
		}
		s.series(scratch, c.times[from:x.end], c.values[from:x.end], x)
		from = x.end
	}
}

func (s *streamSink) addChunk(c *chunk) {
	for _, x := range c.items {
		s.add(x)
	}
}

// end computes what is left and waits for the workers.
func (s *streamSink) end() {
	if s.work != nil {
		close(s.work)
		close(s.order)
		s.wg.Wait()
		s.adder.Wait()
	}
	if s.chunk != nil {
		s.computeChunk(&s.scratch, s.chunk)
		s.addChunk(s.chunk)
		s.chunk = nil
	}
}
