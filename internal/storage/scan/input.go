package scan

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// input is a source with what the scan knows of it before looking at rows. Workers share it; it does not change once prepared.
type input struct {
	src            source.Source
	chunks         []int
	min, max       int64 // times, inclusive
	minSeq, maxSeq model.Sequence
	deletes        bool
	compare        bool            // its own rows must be compared with one another: it may repeat keys and the mode does not keep all
	file           bool            // not a memtable, whose columns are all decoded
	covered        bool            // the plan's times hold all of its rows
	shared         model.TimeRange // times at which other inputs may hold versions of its rows; empty: none, or nobody asks
	group          int             // inputs of different groups have no time in common; groups ascend in time

	table  *series.Table
	sel    series.Selection  // series that the tag predicates leave
	rows   []source.RowRange // of these series; nil: all
	ranges []source.RowRange
	hidden []source.RowRange // deleted rows, see source.Masked; no piece holds any of them

	// The surviving series are counted 0, 1, … ("positions"), in key order. Set by align.
	count    int
	selected []uint32 // by position: the series of table; nil: the same
	global   []uint32 // by position: the common number, ascending; nil: the same
}

// series is the series of the table at a position.
func (in *input) series(at int) int {
	if in.selected == nil {
		return at
	}
	return int(in.selected[at])
}

// globalOf is the common number of the series at a position.
func (in *input) globalOf(at int) uint32 {
	if in.global == nil {
		return uint32(at)
	}
	return in.global[at]
}

// rowsAt is the rows of the series at a position.
func (in *input) rowsAt(at int) (from, to int) {
	l := in.series(at)
	return int(in.table.Start[l]), int(in.table.Start[l+1])
}

// positionFrom is the first position whose common number is g or more.
func (in *input) positionFrom(g uint32) int {
	if in.global == nil {
		return min(int(g), in.count)
	}
	at, _ := slices.BinarySearch(in.global, g)
	return at
}

// positionOf is the first position whose rows end after row.
func (in *input) positionOf(row int) int {
	return sort.Search(in.count, func(at int) bool { _, to := in.rowsAt(at); return to > row })
}

// prepare opens the sources that have rows in the plan's times: groups them by time, loads their series, evaluates the tag predicates and
// asks for the rows that indexes leave. Inputs without any row left are dropped.
func prepare(ctx context.Context, p *plan, o *Options, parallel int, st *stats) ([]*input, error) {
	var ins []*input
	for i, s := range o.Sources {
		if s.Rows() == 0 {
			continue
		}
		in := &input{src: s, chunks: s.Chunks(), deletes: s.HasDeletes(), file: i >= o.Memtables}
		in.min, in.max = s.TimeRange()
		if !p.times.Overlaps(in.min, in.max) {
			continue
		}
		in.minSeq, in.maxSeq = s.Sequences()
		in.compare = p.dedup() && !s.Unique()
		in.covered = p.times.Covers(in.min, in.max)
		ins = append(ins, in)
	}
	slices.SortStableFunc(ins, func(a, b *input) int { return cmp.Compare(a.min, b.min) })
	groupByTime(p, ins)

	ms := &matches{}
	if err := each(ins, parallel, func(in *input) error { return in.open(ctx, p, ms) }); err != nil {
		return nil, err
	}
	findShared(p, ins)
	if err := each(ins, parallel, func(in *input) error {
		if in.sel.Empty() {
			return nil
		}
		if err := in.prune(ctx, p); err != nil || len(in.ranges) == 0 {
			return err
		}
		return in.hide(ctx)
	}); err != nil {
		return nil, err
	}
	st.pruned(ins)
	return slices.DeleteFunc(ins, func(in *input) bool { return len(in.ranges) == 0 }), nil
}

// each calls f for the inputs, some of them at a time, and gives the first error of them in order.
func each(ins []*input, parallel int, f func(in *input) error) error {
	errOf := make([]error, len(ins))
	var next atomic.Int64
	some := func() {
		for i := int(next.Add(1) - 1); i < len(ins); i = int(next.Add(1) - 1) {
			if errOf[i] = f(ins[i]); errOf[i] != nil {
				errOf[i] = fmt.Errorf("open %s: %w", ins[i].src.Name(), errOf[i])
			}
		}
	}
	var wg sync.WaitGroup
	for range min(parallel, len(ins)) - 1 {
		wg.Go(some)
	}
	some()
	wg.Wait()
	for _, err := range errOf {
		if err != nil {
			return err
		}
	}
	return nil
}

// groupByTime numbers the groups of inputs (in order of min) that overlap in time within the plan's times.
func groupByTime(p *plan, ins []*input) {
	groups := 0
	var end int64
	for _, in := range ins {
		if lo := max(in.min, p.times.Start); groups == 0 || lo > end {
			groups++
			end = in.max
		}
		end = max(end, in.max)
		in.group = groups - 1
	}
}

// open loads the series and evaluates the tag predicates.
func (in *input) open(ctx context.Context, p *plan, ms *matches) (err error) {
	if in.table, err = in.src.Series(ctx); err != nil {
		return err
	}
	in.sel, err = ms.match(in.table, p.tagPred)
	return err
}

// matches is what the tag predicates select of the tables looked at so far: most tables of a region have the same series.
type matches struct {
	mu     sync.Mutex
	tables []*series.Table
	sels   []series.Selection // of each
}

func (ms *matches) match(t *series.Table, pred *model.Expr) (series.Selection, error) {
	if pred == nil {
		return t.All(), nil
	}
	ms.mu.Lock()
	defer ms.mu.Unlock()
	for i, o := range ms.tables {
		if t.Alike(o) {
			return ms.sels[i], nil
		}
	}
	sel, err := series.Match(t, pred)
	if err == nil {
		ms.tables, ms.sels = append(ms.tables, t), append(ms.sels, sel)
	}
	return sel, err
}

// intersect is the rows in both of two ascending, disjoint lists.
func intersect(a, b []source.RowRange) []source.RowRange {
	var out []source.RowRange
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if s, e := max(a[i].Start, b[j].Start), min(a[i].End, b[j].End); s < e {
			out = append(out, source.RowRange{Start: s, End: e})
		}
		if a[i].End <= b[j].End {
			i++
		} else {
			j++
		}
	}
	return out
}
