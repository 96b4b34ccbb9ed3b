package memtable

import (
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// ordering is the first n series of a dictionary in tag order. Runs that use the same one share its dictionaries, which makes aligning them
// cheap.
type ordering struct {
	n     int
	rank  []uint32      // by number: place in order
	order []uint32      // by rank: number
	table *series.Table // by rank; Start is of no meaning
}

func (o *ordering) bytes() int64 { return 4*int64(len(o.rank)+len(o.order)) + o.table.Bytes() }

// newOrdering sorts all series of a state.
func newOrdering(s *tagState) *ordering {
	numbers := make([]uint32, s.n)
	for i := range numbers {
		numbers[i] = uint32(i)
	}
	t, order := s.table(numbers, nil)
	o := &ordering{n: s.n, order: order, rank: make([]uint32, s.n), table: t}
	for r, n := range order {
		o.rank[n] = uint32(r)
	}
	return o
}

// table sorts the given distinct series, with rows rows each (nil: one); order lists places in numbers.
func (s *tagState) table(numbers, rows []uint32) (*series.Table, []uint32) {
	width := len(s.tags)
	if width == 0 {
		t := &series.Table{Tags: s.tags, Types: s.types, Start: make([]uint32, 1, 2)}
		order := make([]uint32, len(numbers)) // there is one series at most
		for i := range numbers {
			n := uint32(1)
			if rows != nil {
				n = rows[i]
			}
			t.Start = append(t.Start, t.Start[i]+n)
		}
		return t, order
	}
	codes, dicts := make([][]uint32, width), make([]*model.Dict, width)
	for k := range codes {
		c := make([]uint32, len(numbers))
		for i, n := range numbers {
			c[i] = s.tuples[int(n)*width+k]
		}
		dicts[k] = s.dicts[k]
		if dicts[k].Len() > 2*len(numbers) { // sort only the values in use
			dicts[k] = usedValues(dicts[k], c)
		}
		codes[k] = c
	}
	return series.FromTuples(s.tags, s.types, dicts, codes, rows)
}

// usedValues is a dictionary of the values that codes use; codes are changed to it.
func usedValues(d *model.Dict, codes []uint32) *model.Dict {
	used := slices.Clone(codes)
	slices.Sort(used)
	used = slices.Compact(used)
	if len(used) > 0 && used[0] == 0 {
		used = used[1:]
	}
	out := &model.Dict{}
	for _, c := range used {
		out.Append(d.At(c - 1))
	}
	for i, c := range codes {
		if c > 0 {
			at, _ := slices.BinarySearch(used, c)
			codes[i] = uint32(at) + 1
		}
	}
	return out
}

// fewSeries is how many series are always sorted together rather than those of one run: it costs about a millisecond.
const fewSeries = 16 << 10

// orderingFor is an ordering that has all series of s, or nil if making one costs too much for a run of the given rows.
func (m *Memtable) orderingFor(s *tagState, rows int) *ordering {
	if o := m.ordering.Load(); o != nil && o.n >= s.n {
		return o
	}
	enough := max(fewSeries, 4*rows)
	if s.n > enough {
		return nil
	}
	if now := m.state.Load(); now.n <= enough { // serves the runs to come as well
		s = now
	}
	m.orderMu.Lock()
	defer m.orderMu.Unlock()
	old := m.ordering.Load()
	if old != nil && old.n >= s.n {
		return old
	}
	o := newOrdering(s)
	m.ordering.Store(o)
	m.cached.Add(o.bytes())
	if old != nil {
		m.cached.Add(-old.bytes())
	}
	return o
}

// sorted is the result of sorting rows.
type sorted struct {
	perm    []uint32 // by sorted place: row
	numbers []uint32 // by series of table: its number
	table   *series.Table
	times   []int64 // in sorted order
	unique  bool
}

// sortRows orders rows by (series in tag order, time, newer first), where newer reports that row a was written after row b. s has all of the
// rows' series, o (may be nil) is an ordering with all of them.
func sortRows(numbers []uint32, times []int64, s *tagState, o *ordering, newer func(a, b uint32) bool) *sorted {
	var out *sorted
	switch {
	case o != nil && o.n <= 4*len(numbers)+1024:
		out = countRows(numbers, o)
	default:
		out = groupRows(numbers, s, o)
	}
	out.times = make([]int64, len(times))
	for i, p := range out.perm {
		out.times[i] = times[p]
	}
	out.unique = true
	start := out.table.Start
	for i := range out.numbers {
		t := out.times[start[i]:start[i+1]]
		for j := 1; j < len(t); j++ {
			if t[j] <= t[j-1] {
				if sortTimes(t, out.perm[start[i]:start[i+1]], newer) {
					out.unique = false
				}
				break
			}
		}
	}
	return out
}

// countRows sorts by series, stably, by counting.
func countRows(numbers []uint32, o *ordering) *sorted {
	count := make([]uint32, o.n+1)
	for _, n := range numbers {
		count[o.rank[n]+1]++
	}
	have := 0
	for r := 1; r <= o.n; r++ {
		if count[r] > 0 {
			have++
		}
	}
	out := &sorted{perm: make([]uint32, len(numbers)), numbers: make([]uint32, 0, have)}
	t := &series.Table{Tags: o.table.Tags, Types: o.table.Types, Dicts: o.table.Dicts, Start: make([]uint32, 1, have+1)}
	ranks := make([]uint32, 0, have)
	for r := range o.n {
		c := count[r+1]
		count[r+1] += count[r]
		if c > 0 {
			t.Start = append(t.Start, count[r+1])
			ranks = append(ranks, uint32(r))
		}
	}
	for i, n := range numbers {
		at := &count[o.rank[n]]
		out.perm[*at] = uint32(i)
		*at++
	}
	out.numbers, out.table = o.take(t, ranks), t
	return out
}

// take fills t with the series of the given ranks, ascending, and gives their numbers.
func (o *ordering) take(t *series.Table, ranks []uint32) (numbers []uint32) {
	if len(ranks) == o.n { // fast path: all of them, shared
		t.Codes = o.table.Codes
		return o.order
	}
	t.Codes = make([][]uint32, len(o.table.Codes))
	for k, all := range o.table.Codes {
		c := make([]uint32, len(ranks))
		for i, r := range ranks {
			c[i] = all[r]
		}
		t.Codes[k] = c
	}
	numbers = make([]uint32, len(ranks))
	for i, r := range ranks {
		numbers[i] = o.order[r]
	}
	return numbers
}

// groupRows sorts by series where the series are many more than the rows: it never looks at the others.
func groupRows(numbers []uint32, s *tagState, o *ordering) *sorted {
	keys := make([]uint64, len(numbers))
	for i, n := range numbers {
		if o != nil {
			n = o.rank[n]
		}
		keys[i] = uint64(n)<<32 | uint64(i)
	}
	slices.Sort(keys)
	var groups, start []uint32
	for i, k := range keys {
		if i == 0 || uint32(k>>32) != groups[len(groups)-1] {
			groups, start = append(groups, uint32(k>>32)), append(start, uint32(i))
		}
	}
	start = append(start, uint32(len(keys)))
	out := &sorted{perm: make([]uint32, len(keys))}
	if o != nil {
		for i, k := range keys {
			out.perm[i] = uint32(k)
		}
		out.table = &series.Table{Tags: o.table.Tags, Types: o.table.Types, Dicts: o.table.Dicts, Start: start}
		out.numbers = o.take(out.table, groups)
		return out
	}
	rows := make([]uint32, len(groups))
	for i := range rows {
		rows[i] = start[i+1] - start[i]
	}
	t, order := s.table(groups, rows)
	out.table, out.numbers = t, make([]uint32, len(groups))
	for i, g := range order {
		out.numbers[i] = groups[g]
		for j, k := range keys[start[g]:start[g+1]] {
			out.perm[t.Start[i]+uint32(j)] = uint32(k)
		}
	}
	return out
}

// sortTimes orders the rows of one series by (time, newer first) and reports whether two have the same time.
func sortTimes(times []int64, perm []uint32, newer func(a, b uint32) bool) (repeated bool) {
	type row struct {
		t int64
		p uint32
	}
	rows := make([]row, len(times))
	for i := range rows {
		rows[i] = row{times[i], perm[i]}
	}
	slices.SortFunc(rows, func(a, b row) int {
		switch {
		case a.t != b.t && a.t < b.t, a.t == b.t && a.p != b.p && newer(a.p, b.p):
			return -1
		case a == b:
			return 0
		}
		return 1
	})
	for i, r := range rows {
		times[i], perm[i] = r.t, r.p
		if i > 0 && r.t == rows[i-1].t {
			repeated = true
		}
	}
	return repeated
}
