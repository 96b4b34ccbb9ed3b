package engine

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/storage/memtable"
)

// readMetrics sum up what scans did.
type readMetrics struct {
	stages            *prometheus.HistogramVec
	rows, groups      *prometheus.CounterVec
	rowsInGroups      *prometheus.CounterVec
	batches, ssts     prometheus.Histogram
	filtered, decided prometheus.Counter
}

func newReadMetrics(reg prometheus.Registerer) *readMetrics {
	label := []string{"type"}
	counts := prometheus.ExponentialBuckets(1, 4, 10)
	m := &readMetrics{
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "greptime_mito_read_stage_elapsed", Help: "Seconds of the stages of scans.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 4, 10)}, []string{"stage"}),
		rows:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_mito_read_rows_total", Help: "Rows that scans looked at, in memtables and altogether."}, label),
		groups: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_mito_read_row_groups_total", Help: "Row groups of files in the times of scans, before and after pruning."}, label),
		rowsInGroups: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_mito_read_rows_in_row_group_total",
			Help: "Rows that scans looked at after pruning."}, label),
		batches:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: "greptime_mito_read_batches_return", Help: "Batches that a scan returned.", Buckets: counts}),
		ssts:     prometheus.NewHistogram(prometheus.HistogramOpts{Name: "greptime_mito_read_sst_count", Help: "Files that a scan read.", Buckets: counts}),
		filtered: prometheus.NewCounter(prometheus.CounterOpts{Name: "greptime_mito_merge_filter_rows_total", Help: "Rows that scans compared one by one because their sources overlapped."}),
		decided:  prometheus.NewCounter(prometheus.CounterOpts{Name: "greptime_mito_precise_filter_rows_total", Help: "Rows that scans looked at and did not return: predicates failed them, or they were reduced."}),
	}
	reg.MustRegister(m.stages, m.rows, m.groups, m.rowsInGroups, m.batches, m.ssts, m.filtered, m.decided)
	return m
}

// observe takes in a scan that ended.
func (m *readMetrics) observe(st *contract.ScanStats, batches int) {
	for stage, took := range st.Elapsed {
		m.stages.WithLabelValues(stage).Observe(took.Seconds())
	}
	m.rows.WithLabelValues("memtable").Add(float64(st.MemtableRows))
	m.rows.WithLabelValues("total").Add(float64(st.RowsScanned))
	m.groups.WithLabelValues("before_filtering").Add(float64(st.RowGroups))
	m.groups.WithLabelValues("after_filtering").Add(float64(st.RowGroupsAfterStats))
	m.rowsInGroups.WithLabelValues("after_filtering").Add(float64(st.RowsScanned))
	m.batches.Observe(float64(batches))
	m.ssts.Observe(float64(st.FilesAfterTime))
	m.filtered.Add(float64(st.RowsMerged))
	m.decided.Add(float64(max(0, st.RowsScanned-st.RowsOut)))
}

// memtableSum adds up a figure of all memtables.
func (e *Engine) memtableSum(of func(memtable.Stats) int64) float64 {
	n := int64(0)
	for _, r := range e.all() {
		v := r.pin()
		for _, m := range v.memtables() {
			n += of(m.Stats())
		}
		r.unpin(v)
	}
	return float64(n)
}
