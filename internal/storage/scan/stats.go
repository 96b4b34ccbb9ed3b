package scan

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goptimedb/goptimedb/internal/contract"
)

// counters are a worker's own, added to the scan's when it ends.
type counters struct {
	rowsScanned, rowsMerged int64
}

// stats gathers what a scan did.
type stats struct {
	rowsOut atomic.Int64

	mu sync.Mutex
	s  contract.ScanStats // guarded by mu
}

// count takes in the sources before any pruning.
func (st *stats) count(o *Options) {
	for i, src := range o.Sources {
		if i < o.Memtables {
			st.s.Memtables++
			st.s.MemtableRows += int64(src.Rows())
			continue
		}
		st.s.Files++
		st.s.RowGroups += int64(max(0, len(src.Chunks())-1))
	}
}

// pruned takes in the inputs that the time range left, after their rows were pruned.
func (st *stats) pruned(ins []*input) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, in := range ins {
		if in.file {
			st.s.FilesAfterTime++
		}
		st.s.Series += int64(in.table.Len())
		st.s.SeriesAfterTags += int64(in.sel.Count())
		chunk := -1
		for _, r := range in.ranges {
			for c := max(chunk, 0); in.file && c+1 < len(in.chunks) && in.chunks[c] < r.End; c++ {
				if in.chunks[c+1] > r.Start && c > chunk {
					st.s.RowGroupsAfterStats++
					chunk = c
				}
			}
		}
	}
}

// add takes in a worker's counters.
func (st *stats) add(c *counters) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.s.RowsScanned += c.rowsScanned
	st.s.RowsMerged += c.rowsMerged
}

// took adds to a stage's time.
func (st *stats) took(stage string, d time.Duration) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.s.Elapsed == nil {
		st.s.Elapsed = map[string]time.Duration{}
	}
	st.s.Elapsed[stage] += d
}

func (st *stats) snapshot() contract.ScanStats {
	st.mu.Lock()
	defer st.mu.Unlock()
	out := st.s
	out.RowsOut = st.rowsOut.Load()
	out.Elapsed = maps.Clone(st.s.Elapsed)
	return out
}
