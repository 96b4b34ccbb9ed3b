package engine

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/storage/memtable"
)

// metrics are named as dashboards of the original know them.
type metrics struct {
	requests           *prometheus.HistogramVec
	stages             *prometheus.HistogramVec
	rows               *prometheus.CounterVec
	writeStalls        prometheus.Counter
	writeRejects       prometheus.Counter
	writeStalling      prometheus.Gauge
	flushRequests      *prometheus.CounterVec
	flushElapsed       *prometheus.HistogramVec
	flushBytes         prometheus.Counter
	flushFiles         prometheus.Counter
	flushFailures      prometheus.Counter
	flushing           prometheus.Gauge
	compactions        prometheus.Counter
	compactElapsed     prometheus.Histogram
	compactFailed      prometheus.Counter
	compactStages      *prometheus.HistogramVec
	compactMemRejected prometheus.Counter
	compactMemWait     prometheus.Histogram
	expired            prometheus.Counter
	gcRuns             prometheus.Counter
	gcErrors           prometheus.Counter
	gcIndexes          prometheus.Counter
	gcUnparsable       prometheus.Counter
	gcElapsed          prometheus.Histogram
	compactIn          prometheus.Counter
	compactOut         prometheus.Counter
	compacting         prometheus.Gauge
	scanning           prometheus.Gauge
	readRows           prometheus.Counter
	reads              *readMetrics
	requestWait        prometheus.Histogram
	handleWrite        prometheus.Histogram
	manifestOps        *prometheus.HistogramVec
	orphans            prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, e *Engine) *metrics {
	var all []prometheus.Collector
	seconds := prometheus.ExponentialBuckets(0.0005, 4, 10)
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		all = append(all, c)
		return c
	}
	gauge := func(name, help string) prometheus.Gauge {
		c := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
		all = append(all, c)
		return c
	}
	gaugeFunc := func(name, help string, f func() float64) {
		all = append(all, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f))
	}
	hist := func(name, help, label string) *prometheus.HistogramVec {
		c := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: seconds}, []string{label})
		all = append(all, c)
		return c
	}
	vec := func(name, help, label string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
		all = append(all, c)
		return c
	}
	m := &metrics{
		requests:      hist("greptime_mito_handle_request_elapsed", "Seconds that region requests took.", "type"),
		stages:        hist("greptime_mito_write_stage_elapsed", "Seconds of the stages of a write.", "stage"),
		rows:          vec("greptime_mito_write_rows_total", "Rows written to regions.", "type"),
		writeStalls:   counter("greptime_mito_write_stall_total", "Writes that waited for memory."),
		writeRejects:  counter("greptime_mito_write_reject_total", "Writes refused because memtables were full."),
		writeStalling: gauge("greptime_mito_write_stalling_count", "Writes that wait for memory now."),
		flushRequests: vec("greptime_mito_flush_requests_total", "Flushes asked for, by reason.", "reason"),
		flushElapsed:  hist("greptime_mito_flush_elapsed", "Seconds of the stages of a flush.", "type"),
		flushBytes:    counter("greptime_mito_flush_bytes_total", "Bytes of the files that flushes wrote."),
		flushFiles:    counter("greptime_mito_flush_file_total", "Files that flushes wrote."),
		flushFailures: counter("greptime_mito_flush_failure_total", "Flushes that failed; they are tried again."),
		flushing:      gauge("greptime_mito_inflight_flush_count", "Flushes that run now."),
		compactions:   counter("greptime_mito_compaction_requests_total", "Compactions started."),
		compactFailed: counter("greptime_mito_compaction_failure_total", "Compactions that failed."),
		compactIn:     counter("greptime_mito_compaction_input_bytes", "Bytes of the files that compactions read."),
		compactOut:    counter("greptime_mito_compaction_output_bytes", "Bytes of the files that compactions wrote."),
		compacting:    gauge("greptime_mito_inflight_compaction_count", "Compactions that run now."),
		scanning:      gauge("greptime_mito_in_progress_scan", "Scans that run now."),
		readRows:      counter("greptime_mito_read_rows_return", "Rows that scans returned."),
		orphans:       counter("greptime_mito_gc_files_deleted_total", "Files of failed jobs that were deleted."),
	}
	m.compactStages = hist("greptime_mito_compaction_stage_elapsed", "Seconds of the stages of a compaction.", "stage")
	m.compactMemRejected = counter("greptime_mito_compaction_memory_rejected_total", "Compactions put off because there was no memory for them.")
	m.expired = counter("greptime_mito_expired_file_total", "Files dropped because all of their rows had outlived the TTL.")
	m.gcRuns = counter("greptime_mito_gc_runs_total", "Collections of garbage, each of all regions.")
	m.gcErrors = counter("greptime_mito_gc_errors_total", "Regions whose garbage could not be looked for or deleted.")
	m.gcIndexes = counter("greptime_mito_gc_orphaned_index_files", "Index files that were deleted as garbage.")
	m.gcUnparsable = counter("greptime_mito_gc_skipped_unparsable_files", "Files in the directories of regions that are not the engine's, each time they are seen.")
	m.compactMemWait = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "greptime_mito_compaction_memory_wait_seconds",
		Help: "Seconds that compactions waited for memory.", Buckets: seconds})
	m.gcElapsed = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "greptime_mito_gc_duration_seconds",
		Help: "Seconds that collections of garbage took.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 10)})
	all = append(all, m.compactMemWait, m.gcElapsed)
	gaugeFunc("greptime_mito_compaction_memory_in_use_bytes", "Memory that compactions have reserved.", func() float64 { return float64(e.compMem.used()) })
	gaugeFunc("greptime_mito_compaction_memory_limit_bytes", "What they may reserve together; 0: no limit.", func() float64 { return float64(e.compMem.limit) })
	m.compactElapsed = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "greptime_mito_compaction_total_elapsed",
		Help: "Seconds that compactions took.", Buckets: prometheus.ExponentialBuckets(0.01, 4, 10)})
	all = append(all, m.compactElapsed)
	gaugeFunc("greptime_mito_region_count", "Open regions.", func() float64 { return float64(e.regionCount()) })
	gaugeFunc("greptime_mito_write_buffer_bytes", "Bytes in memtables.", func() float64 { return float64(e.buffer.used.Load()) })
	m.reads = newReadMetrics(reg)
	m.manifestOps = hist("greptime_manifest_op_elapsed", "Seconds of operations on manifests.", "op")
	m.requestWait = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "greptime_mito_request_wait_time", Help: "Seconds that requests waited for their worker.", Buckets: seconds})
	m.handleWrite = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "greptime_region_worker_handle_write", Help: "Seconds that groups of writes took, log and memtables together.", Buckets: seconds})
	all = append(all, m.requestWait, m.handleWrite)
	gaugeFunc("greptime_mito_memtable_active_series_count", "Series in memtables.", func() float64 { return e.memtableSum(func(s memtable.Stats) int64 { return int64(s.Series) }) })
	for _, c := range all {
		reg.MustRegister(c)
	}
	return m
}
