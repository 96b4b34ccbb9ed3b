package prom

import (
	"cmp"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
)

// series is the samples of one label set, by time, each time once. It is immutable once it was given out.
type series struct {
	lset   labels.Labels
	times  []int64 // milliseconds
	values []float64
	hash   uint64 // of lset
	next   int32  // another series with the same hash, -1: none
}

func (s *series) Labels() labels.Labels { return s.lset }

// Iterator reuses an iterator that it gave out before.
func (s *series) Iterator(it chunkenc.Iterator) chunkenc.Iterator {
	i, ok := it.(*iterator[int64])
	if !ok {
		i = new(iterator[int64])
	}
	*i = iterator[int64]{times: s.times, values: s.values, at: -1}
	return i
}

// iterator reads samples. at is -1 before the first. It has a type parameter, which is always int64, because vet takes a method
// Seek(int64) for one of io.Seeker's that was written wrongly.
type iterator[T int64] struct {
	times  []int64
	values []float64
	at     int
}

func (i *iterator[T]) Next() chunkenc.ValueType {
	if i.at+1 >= len(i.times) {
		i.at = len(i.times)
		return chunkenc.ValNone
	}
	i.at++
	return chunkenc.ValFloat
}

func (i *iterator[T]) Seek(after T) chunkenc.ValueType {
	t, from := int64(after), max(i.at, 0)
	if from >= len(i.times) {
		i.at = len(i.times)
		return chunkenc.ValNone
	}
	if i.times[from] < t {
		// Seeks mostly go a short way: steps of a query over samples of a like rate.
		step := 1
		for from+step < len(i.times) && i.times[from+step] < t {
			from += step
			step *= 2
		}
		n, _ := slices.BinarySearch(i.times[from:min(from+step+1, len(i.times))], t)
		from += n
	}
	i.at = from
	if from >= len(i.times) {
		return chunkenc.ValNone
	}
	return chunkenc.ValFloat
}

func (i *iterator[T]) At() (int64, float64) { return i.times[i.at], i.values[i.at] }
func (i *iterator[T]) AtT() int64           { return i.times[i.at] }
func (i *iterator[T]) AtST() int64          { return 0 }
func (i *iterator[T]) Err() error           { return nil }

func (i *iterator[T]) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) { return 0, nil }
func (i *iterator[T]) AtFloatHistogram(*histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	return 0, nil
}

// lazySet reads its series when it is first asked for one.
type lazySet struct {
	read   func() ([]*series, error)
	series []*series
	at     int // of the next
	err    error
}

var _ storage.SeriesSet = (*lazySet)(nil)

func (l *lazySet) Next() bool {
	if l.read != nil {
		l.series, l.err = l.read()
		l.read = nil
	}
	if l.err != nil || l.at >= len(l.series) {
		return false
	}
	l.at++
	return true
}

func (l *lazySet) At() storage.Series                { return l.series[l.at-1] }
func (l *lazySet) Err() error                        { return l.err }
func (l *lazySet) Warnings() annotations.Annotations { return nil }

// arena holds samples in large pieces, so that a series of a few samples is no allocation of its own.
type arena struct {
	times  []int64
	values []float64
	next   int // samples of the next piece
}

// Pieces of an arena have from firstPiece samples, doubling, to lastPiece: a query over thousands of small tables has one for each.
const (
	firstPiece = 256
	lastPiece  = 16 << 10
)

// rising leaves of samples by time those of one millisecond but the last, in place.
func rising(times []int64, values []float64) ([]int64, []float64) {
	for i := 1; i < len(times); i++ {
		if times[i] > times[i-1] {
			continue
		}
		n := i - 1
		for j := i; j < len(times); j++ {
			if times[j] != times[n] {
				n++
			}
			times[n], values[n] = times[j], values[j]
		}
		return times[:n+1], values[:n+1]
	}
	return times, values
}

// keep copies samples.
func (a *arena) keep(times []int64, values []float64) ([]int64, []float64) {
	if cap(a.times)-len(a.times) < len(times) {
		a.next = min(max(firstPiece, 2*a.next), lastPiece)
		n := max(a.next, len(times))
		a.times, a.values = make([]int64, 0, n), make([]float64, 0, n)
	}
	from, to := len(a.times), len(a.times)+len(times)
	a.times, a.values = append(a.times, times...), append(a.values, values...)
	return a.times[from:to:to], a.values[from:to:to]
}

// collection gathers series by label set.
type collection struct {
	series []*series
	byHash map[uint64]int32
	arena  arena
	block  []series
}

func newCollection() *collection { return &collection{byHash: map[uint64]int32{}} }

// find is the series of a label set, or nil, and the first one of its hash, or -1.
func (c *collection) find(hash uint64, lset labels.Labels) (*series, int32) {
	first, found := c.byHash[hash]
	if !found {
		return nil, -1
	}
	for i := first; i >= 0; i = c.series[i].next {
		if s := c.series[i]; labels.Equal(s.lset, lset) {
			return s, first
		}
	}
	return nil, first
}

// take takes the series of another collection, which is not used any more. Of samples of one series and time those of o stay.
func (c *collection) take(o *collection) {
	if len(c.series) == 0 {
		*c = *o
		return
	}
	c.series = slices.Grow(c.series, len(o.series))
	for _, s := range o.series {
		old, first := c.find(s.hash, s.lset)
		if old != nil {
			old.times, old.values = merge(old.times, old.values, s.times, s.values)
			continue
		}
		s.next = first
		c.byHash[s.hash] = int32(len(c.series))
		c.series = append(c.series, s)
	}
}

// add takes the samples of a label set. Samples of a label set that is there already, from another region or of a tag that is NULL in
// one row and empty in another, are merged with them.
func (c *collection) add(lset labels.Labels, times []int64, values []float64) {
	hash := lset.Hash()
	old, first := c.find(hash, lset)
	if old != nil {
		old.times, old.values = merge(old.times, old.values, times, values)
		return
	}
	if len(c.block) == cap(c.block) {
		c.block = make([]series, 0, min(max(8, 2*cap(c.block)), 1024))
	}
	c.block = append(c.block, series{lset: lset, hash: hash, next: first})
	s := &c.block[len(c.block)-1]
	s.times, s.values = c.arena.keep(times, values)
	c.byHash[hash] = int32(len(c.series))
	c.series = append(c.series, s)
}

// merge makes one list of two that rise in time; of samples at one time the second list's last one stays.
func merge(t1 []int64, v1 []float64, t2 []int64, v2 []float64) ([]int64, []float64) {
	times, values := make([]int64, 0, len(t1)+len(t2)), make([]float64, 0, len(t1)+len(t2))
	i := 0
	for j, t := range t2 {
		if j+1 < len(t2) && t2[j+1] == t {
			continue
		}
		for i < len(t1) && t1[i] < t {
			times, values = append(times, t1[i]), append(values, v1[i])
			i++
		}
		if i < len(t1) && t1[i] == t {
			i++
		}
		times, values = append(times, t), append(values, v2[j])
	}
	return append(times, t1[i:]...), append(values, v1[i:]...)
}

func (c *collection) sort() {
	slices.SortFunc(c.series, func(a, b *series) int { return cmp.Compare(labels.Compare(a.lset, b.lset), 0) })
}
