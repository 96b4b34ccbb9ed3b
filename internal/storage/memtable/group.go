package memtable

import (
	"math"
	"slices"
	"sort"
	"sync"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// A group is the rows of one value of the leading tag. Where a memtable has the rows of many tables, one value of the leading tag each, a
// query for one of them must not wait until the rows of all are sorted:
//
//	groups     of the memtable: which series each value has, and their order, made when a value is first asked for
//	leadIndex  of a run: its rows by value, not sorted any further: a counting of the rows, once
//	share      the rows of a value in some consecutive runs, sorted; kept by the first of the runs

// Between how many values of the leading tag groups are worth their index.
const (
	minLeads = 16
	maxLeads = 1 << 14
	// leadSeries is how many series a value must have on average.
	leadSeries = 4
	// groupRows is how many rows a snapshot must have: fewer are as quickly sorted all.
	minGroupedRows = 2048
	// indexRows is how many rows a run must have to get an index: fewer are looked through.
	indexRows = 4096
)

// SourcesOf is Sources for a reader that wants rows of which pred is true: where pred binds the leading tag to one value, and that pays,
// the sources have the rows of that value only, and these are all that is sorted.
func (s *Snapshot) SourcesOf(schema *model.Schema, times model.TimeRange, pred *model.Expr) []source.Source {
	v, ok := leadingValue(schema, pred)
	st := s.state
	if !ok || len(st.tags) == 0 || st.tags[0] != schema.PrimaryKey[0] || st.types[0] != v.Type || s.rows < minGroupedRows {
		return s.Sources(schema, times)
	}
	if n := st.dicts[0].Len(); n < minLeads || n > maxLeads || n*leadSeries > st.n {
		return s.Sources(schema, times)
	}
	g := s.m.groups.Load()
	if g == nil {
		s.m.groups.CompareAndSwap(nil, &groups{m: s.m, codes: map[string]uint32{}})
		g = s.m.groups.Load()
	}
	bytes := series.AppendSortableValue(nil, v)
	l := g.lead(st, bytes)
	if l == nil {
		return nil // no row has the value
	}
	var out []source.Source
	key := keyOf(schema)
	for _, w := range s.windows {
		at := w.from
		for at < w.to {
			n := span(at-w.from, w.full-at)
			if p := l.share(s.runs[at:at+n], bytes); p.rows() > 0 && times.Overlaps(p.minT, p.maxT) {
				out = append(out, &shareSource{p: p, schema: schema, key: key, id: s.id, number: at, chunks: [2]int{0, p.rows()}})
			}
			at += n
		}
	}
	return out
}

// span is how many runs from place at on, of which left are whole, make up one share: 64, 16, 4 or 1, so that shares are seldom made anew.
func span(at, left int) int {
	for _, n := range [...]int{64, 16, 4} {
		if at%n == 0 && left >= n {
			return n
		}
	}
	return 1
}

// leadingValue is the value that pred binds the first tag to.
func leadingValue(schema *model.Schema, pred *model.Expr) (model.Value, bool) {
	if len(schema.PrimaryKey) == 0 {
		return model.Value{}, false
	}
	for _, e := range pred.Conjuncts() {
		if e.Column == schema.PrimaryKey[0] && (e.Op == model.OpEq || e.Op == model.OpIn) && len(e.Values) == 1 && !e.Values[0].Null() {
			return e.Values[0], true
		}
	}
	return model.Value{}, false
}

// groups is the series of a memtable by the value of their leading tag.
type groups struct {
	m *Memtable

	mu    sync.Mutex
	state *tagState         // the newest seen
	codes map[string]uint32 // by value
	leads []*lead           // by code; those of codes without a series are nil
	place []uint32          // by number of a series: its place in its lead's numbers
	bytes int64             // as counted in the memtable's
}

// lead is one value of the leading tag.
type lead struct {
	g       *groups
	code    uint32
	numbers []uint32 // of its series, in order of first sight; guarded by groups.mu, only grows

	mu    sync.Mutex
	order *ordering // over places in numbers instead of numbers; nil until a sort needed it
}

// lead gives the lead of a value, nil if no series has it.
func (g *groups) lead(st *tagState, value []byte) *lead {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.extend(st)
	code, ok := g.codes[string(value)]
	if !ok || int(code) >= len(g.leads) {
		return nil
	}
	return g.leads[code]
}

// extend takes in the series of a state. g.mu held.
func (g *groups) extend(st *tagState) {
	if g.state != nil && g.state.n >= st.n && len(g.state.tags) >= len(st.tags) {
		return
	}
	width := len(st.tags)
	d := st.dicts[0]
	for i := len(g.codes); i < d.Len(); i++ {
		g.codes[string(d.At(uint32(i)))] = uint32(i) + 1
	}
	for n := len(g.place); n < st.n; n++ {
		code := st.tuples[n*width]
		for int(code) >= len(g.leads) {
			g.leads = append(g.leads, nil)
		}
		l := g.leads[code]
		if l == nil {
			l = &lead{g: g, code: code}
			g.leads[code] = l
		}
		g.place = append(g.place, uint32(len(l.numbers)))
		l.numbers = append(l.numbers, uint32(n))
	}
	g.state = st
	held := 4*int64(cap(g.place)+len(g.place)) + 128*int64(len(g.leads))
	g.m.cached.Add(held - g.bytes)
	g.bytes = held
}

// ordering is the order of all series of the value, and places by number of series.
func (l *lead) ordering() (*ordering, []uint32) {
	l.g.mu.Lock()
	numbers, place, st := l.numbers, l.g.place, l.g.state
	l.g.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if o := l.order; o != nil && o.n >= len(numbers) {
		return o, place
	}
	t, order := st.table(numbers, nil)
	o := &ordering{n: len(numbers), order: order, rank: make([]uint32, len(numbers)), table: t}
	for r, p := range order {
		o.rank[p] = uint32(r)
	}
	l.g.m.cached.Add(o.bytes())
	if l.order != nil {
		l.g.m.cached.Add(-l.order.bytes())
	}
	l.order = o
	return o, place
}

// leadIndex is the rows of a run, in the order of writing, by the code of their leading tag.
type leadIndex struct {
	rows  []uint16
	start []uint32 // by code, and one more
}

// leadRows appends the rows of a value, their series and their times. Rows are those as written.
func (r *run) leadRows(code uint32, value []byte, rows, numbers []uint32, times []int64, high uint32) ([]uint32, []uint32, []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.view != nil { // sorted already: they lie together
		t := r.view.table
		d := t.Dicts[0]
		at := sort.Search(d.Len(), func(i int) bool { return string(d.At(uint32(i))) >= string(value) })
		if at == d.Len() || string(d.At(uint32(at))) != string(value) {
			return rows, numbers, times
		}
		from, _ := slices.BinarySearch(t.Codes[0], uint32(at)+1)
		to, _ := slices.BinarySearch(t.Codes[0], uint32(at)+2)
		for s := from; s < to; s++ {
			for i := t.Start[s]; i < t.Start[s+1]; i++ {
				rows, numbers, times = append(rows, high|r.view.perm[i]), append(numbers, r.view.numbers[s]), append(times, r.view.times[i])
			}
		}
		return rows, numbers, times
	}
	width, tuples := len(r.tags.tags), r.tags.tuples
	if r.rows < indexRows {
		for i, n := range r.raw.series {
			if tuples[int(n)*width] == code {
				rows, numbers, times = append(rows, high|uint32(i)), append(numbers, n), append(times, r.raw.times[i])
			}
		}
		return rows, numbers, times
	}
	x := r.lead
	if x == nil {
		x = &leadIndex{rows: make([]uint16, r.rows), start: make([]uint32, r.tags.dicts[0].Len()+2)}
		codes := make([]uint32, r.rows)
		for i, n := range r.raw.series {
			c := tuples[int(n)*width]
			codes[i] = c
			x.start[c+1]++
		}
		for c := 1; c < len(x.start); c++ {
			x.start[c] += x.start[c-1]
		}
		next := slices.Clone(x.start)
		for i, c := range codes {
			x.rows[next[c]] = uint16(i)
			next[c]++
		}
		r.lead = x
		r.count(2*int64(len(x.rows)) + 4*int64(len(x.start)))
	}
	if int(code)+1 >= len(x.start) {
		return rows, numbers, times // a value that came later
	}
	for _, i := range x.rows[x.start[code]:x.start[code+1]] {
		rows, numbers, times = append(rows, high|uint32(i)), append(numbers, r.raw.series[i]), append(times, r.raw.times[i])
	}
	return rows, numbers, times
}

// share is the rows of one value of the leading tag in some runs. What is asked for is made, once, and kept.
type share struct {
	l          *lead
	runs       []*run
	minT, maxT int64
	n          int // rows

	mu      sync.Mutex
	rowsOf  []uint32 // the rows as written, run<<maxChunkBits | row; nil once sorted
	numbers []uint32 // the series of each; likewise
	times   []int64  // likewise
	view    *sorted  // perm: as rowsOf; numbers: places of the lead
	cols    []sortedColumn
}

// share gives the rows of the value in runs.
func (l *lead) share(runs []*run, value []byte) *share {
	first := runs[0]
	first.mu.Lock()
	p := first.shares[l.code]
	first.mu.Unlock()
	if p != nil && len(p.runs) == len(runs) {
		return p
	}
	bigger := p == nil || len(p.runs) < len(runs)
	p = &share{l: l, runs: slices.Clone(runs), minT: math.MaxInt64, maxT: math.MinInt64}
	for i, r := range runs {
		p.rowsOf, p.numbers, p.times = r.leadRows(l.code, value, p.rowsOf, p.numbers, p.times, uint32(i)<<maxChunkBits)
	}
	p.n = len(p.rowsOf)
	for _, t := range p.times {
		p.minT, p.maxT = min(p.minT, t), max(p.maxT, t)
	}
	if !bigger || runs[0].rows < indexRows { // of an old snapshot, or of a run that lasts until the next write only
		return p
	}
	for i, r := range runs { // smaller ones are of no more use
		r.mu.Lock()
		if old := r.shares[l.code]; old != nil {
			r.count(-old.held())
			delete(r.shares, l.code)
		}
		if i == 0 {
			if r.shares == nil {
				r.shares = map[uint32]*share{}
			}
			r.shares[l.code] = p
			r.count(p.held())
		}
		r.mu.Unlock()
	}
	return p
}

// held is about what a share holds once it was sorted and its value read: it is counted from the beginning.
func (p *share) held() int64 { return 28*int64(p.n) + 128 }

func (p *share) rows() int { return p.n }

func (p *share) sort() *sorted {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sortLocked()
}

func (p *share) sortLocked() *sorted {
	if p.view != nil {
		return p.view
	}
	o, place := p.l.ordering()
	for i, n := range p.numbers {
		p.numbers[i] = place[n]
	}
	where := p.rowsOf
	v := sortRows(p.numbers, p.times, nil, o, func(a, b uint32) bool { return where[a] > where[b] })
	for i, x := range v.perm {
		v.perm[i] = where[x]
	}
	p.rowsOf, p.numbers, p.times = nil, nil, nil
	p.view = v
	return v
}
