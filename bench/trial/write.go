package trial

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/bench/load"
	"github.com/goptimedb/goptimedb/bench/measure"
	"github.com/goptimedb/goptimedb/bench/system"
	"github.com/goptimedb/goptimedb/bench/tsbs"
)

// cpuRows is machine metrics of Scale hosts, as long as they are wanted.
func (b *bench) cpuRows() (*tsbs.Lines, error) {
	d, err := tsbs.New(tsbs.Options{Seed: 123, Scale: b.Scale, Interval: 10 * time.Second, Duration: 10 * 365 * 24 * time.Hour})
	if err != nil {
		return nil, err
	}
	return d.Lines(), nil
}

// spooled makes the next rows of a source beforehand, so that the generator takes no processor time from the server.
func (b *bench) spooled(src load.Source, rows int64) (*load.Spool, error) {
	return load.NewSpool(filepath.Join(b.root, "lines"), &first{src, rows}, b.Batch)
}

const (
	compactionRows  = 1_500_000 // of a stretch
	compactionPairs = 3
)

// compaction writes stretches of rows in turn without compaction and with it; files of the first wait for the second.
func compaction(ctx context.Context, b *bench) error {
	s, err := b.start(ctx, "REGION_ENGINE__MITO__GLOBAL_WRITE_BUFFER_SIZE=128MB", "REGION_ENGINE__MITO__MIN_COMPACTION_INTERVAL=0s")
	if err != nil {
		return err
	}
	defer s.Stop()
	src, err := b.cpuRows()
	if err != nil {
		return err
	}
	stretch := func(trigger int) (load.Result, float64, error) {
		spool, err := b.spooled(src, compactionRows)
		if err != nil {
			return load.Result{}, 0, err
		}
		defer spool.Close()
		if trigger > 0 {
			if _, err := s.SQL(ctx, fmt.Sprintf("ALTER TABLE %s SET 'compaction.twcs.trigger_file_num'='%d'", tsbs.Table, trigger)); err != nil {
				return load.Result{}, 0, err
			}
		}
		busy := watchBusy(ctx, s)
		r, err := b.load(ctx, s, spool, 0, b.Workers, b.Batch)
		return r, busy(), err
	}
	if _, _, err := stretch(0); err != nil { // makes the table and warms up
		return err
	}
	var ratios []float64
	for range compactionPairs {
		quiet, _, err := stretch(1000)
		if err != nil {
			return err
		}
		if _, err := s.SQL(ctx, fmt.Sprintf("ALTER TABLE %s SET 'compaction.twcs.trigger_file_num'='2'", tsbs.Table)); err != nil {
			return err
		}
		if _, err := s.SQL(ctx, "ADMIN flush_table('"+tsbs.Table+"')"); err != nil { // the end of a flush looks for work
			return err
		}
		busy, share, err := stretch(0)
		if err != nil {
			return err
		}
		b.figure("ingest without and with compaction", "", "%.0f and %.0f rows/s; compaction ran %.0f %% of the time", quiet.RowRate, busy.RowRate, 100*share)
		ratios = append(ratios, 1-busy.RowRate/quiet.RowRate)
		if _, err := s.Settle(ctx); err != nil {
			return err
		}
	}
	slices.Sort(ratios)
	b.figure("drop of ingest while compaction runs, median", "<= 20 %", "%.0f %%", 100*ratios[len(ratios)/2])
	return nil
}

// watchBusy looks from time to time whether compaction runs; the function that it gives ends that and tells the share of the looks.
func watchBusy(ctx context.Context, s *system.System) func() float64 {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan float64)
	go func() {
		looks, seen := 0, 0
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				done <- float64(seen) / float64(max(looks, 1))
				return
			case <-tick.C:
				n, err := s.Gauge(ctx, "greptime_mito_inflight_compaction_count")
				if err == nil {
					looks++
				}
				if n > 0 {
					seen++
				}
			}
		}
	}()
	return func() float64 { cancel(); return <-done }
}

// latency writes at a fixed rate, flushes and compactions included.
func latency(ctx context.Context, b *bench) error {
	s, err := b.start(ctx, "REGION_ENGINE__MITO__GLOBAL_WRITE_BUFFER_SIZE=256MB")
	if err != nil {
		return err
	}
	defer s.Stop()
	src, err := b.cpuRows()
	if err != nil {
		return err
	}
	if _, err := b.load(ctx, s, &first{src, 200_000}, 0, b.Workers, b.Batch); err != nil {
		return err
	}
	spool, err := b.spooled(src, int64(b.Rate*b.Duration.Seconds()))
	if err != nil {
		return err
	}
	defer spool.Close()
	batch := min(b.Batch, 1000)
	workers := max(b.Workers, 8)
	r, err := b.load(ctx, s, spool, b.Rate, workers, batch)
	if err != nil {
		return err
	}
	l := r.Latency
	b.figure("rate that was kept", fmt.Sprintf("%.0f rows/s", b.Rate), "%.0f rows/s; the server used %.2f cores, the client %.2f", r.RowRate, r.ServerCPU/r.Seconds, r.ClientCPU/r.Seconds)
	b.figure("latency of writes, from when they were due", "p99 < 50 ms", "median %.1f ms, p95 %.1f, p99 %.1f, max %.1f (%d requests of up to %d rows, %d retries)", l.Median, l.P95, l.P99, l.Max, l.Count, batch, r.Retries)
	files, err := s.Gauge(ctx, "greptime_mito_flush_file_total")
	if err != nil {
		return err
	}
	jobs, err := s.Gauge(ctx, "greptime_mito_compaction_requests_total")
	if err != nil {
		return err
	}
	b.figure("meanwhile", "", "%.0f files flushed, %.0f compactions", files, jobs)
	return nil
}

// window asks for the same hour of a table before and after it has grown tenfold.
func window(ctx context.Context, b *bench) error {
	s, err := b.start(ctx)
	if err != nil {
		return err
	}
	defer s.Stop()
	src, err := b.cpuRows()
	if err != nil {
		return err
	}
	part := int64(b.Scale) * 2 * 360 // two hours
	from, to := tsbs.Epoch+int64(30*time.Minute), tsbs.Epoch+int64(90*time.Minute)
	in := fmt.Sprintf("greptime_timestamp >= %d::TIMESTAMP(9) AND greptime_timestamp < %d::TIMESTAMP(9)", from, to)
	kinds := []struct{ name, sql string }{
		{"one host by minute", "SELECT date_bin(INTERVAL '1 minute', greptime_timestamp) AS m, max(usage_user) FROM cpu WHERE " + in + " AND hostname = 'host_%d' GROUP BY m ORDER BY m"},
		{"all hosts by minute", "SELECT date_bin(INTERVAL '1 minute', greptime_timestamp) AS m, max(usage_user) FROM cpu WHERE " + in + " GROUP BY m ORDER BY m"},
	}
	const sixty = `"total_rows":60` // minutes
	ask := func() ([]measure.Summary, error) {
		var out []measure.Summary
		for _, k := range kinds {
			of := func(i int) (string, string) {
				if strings.Contains(k.sql, "%d") {
					return fmt.Sprintf(k.sql, i*17%b.Scale), sixty
				}
				return k.sql, sixty
			}
			if _, err := b.ask(ctx, s, 5, of); err != nil {
				return nil, err
			}
			x, err := b.ask(ctx, s, 2*b.Queries, of)
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
		return out, nil
	}
	grow := func(rows int64) error {
		if _, err := b.load(ctx, s, &first{src, rows}, 0, b.Workers, b.Batch); err != nil {
			return err
		}
		_, err := s.Settle(ctx)
		return err
	}
	if err := grow(part); err != nil {
		return err
	}
	before, err := ask()
	if err != nil {
		return err
	}
	if err := grow(9 * part); err != nil {
		return err
	}
	after, err := ask()
	if err != nil {
		return err
	}
	for i, k := range kinds {
		b.figure(fmt.Sprintf("an hour, %s, at %d rows", k.name, part), "", "%s", spread(before[i]))
		b.figure(fmt.Sprintf("an hour, %s, at %d rows", k.name, 10*part), "", "%s", spread(after[i]))
		b.figure("growth of the median", "<= 1.2", "%.2f", after[i].Median/cmp.Or(before[i].Median, 1))
	}
	return nil
}

// replay fills the log, kills the server, and times its next start.
func replay(ctx context.Context, b *bench) error {
	s, err := b.start(ctx, "REGION_ENGINE__MITO__GLOBAL_WRITE_BUFFER_SIZE=12GB", "REGION_ENGINE__MITO__GLOBAL_WRITE_BUFFER_REJECT_SIZE=14GB",
		"REGION_ENGINE__MITO__DEFAULT_REGION_WRITE_BUFFER_SIZE=24GB", "WAL__PURGE_THRESHOLD=16GB", "MEMORY__LIMIT=14GB")
	if err != nil {
		return err
	}
	defer func() { _ = s.Stop() }()
	var src load.Source = newLogs(1 << 40)
	table := logTable
	if !b.Logs {
		if src, err = b.cpuRows(); err != nil {
			return err
		}
		table = tsbs.Table
	}
	written := func() int64 {
		n, _ := s.Gauge(ctx, "raft_engine_write_size_sum")
		return int64(n)
	}
	var rows int64
	for written() < b.LogBytes {
		r, err := b.load(ctx, s, &first{src, 500_000}, 0, b.Workers, b.Batch)
		if err != nil {
			return err
		}
		rows += r.Rows
		if rows > 1_000_000 && written() == 0 {
			return fmt.Errorf("the server does not tell how long its log is")
		}
	}
	size := written()
	if err := s.Kill(); err != nil {
		return err
	}
	start := time.Now()
	if err := s.Start(ctx); err != nil {
		return err
	}
	ready := time.Since(start)
	x, err := b.ask(ctx, s, 1, func(int) (string, string) { return "SELECT count(*) FROM " + table, fmt.Sprintf("[[%d]]", rows) })
	if err != nil {
		return err
	}
	u, err := measure.OfProcess(s.PID())
	if err != nil {
		return err
	}
	b.figure("log", "", "%.2f GiB of records, %d rows", float64(size)/(1<<30), rows)
	b.figure("from the start of the process until it answers", "1 GB in <= 5 s", "%.1f s, %.1f s of processor time; a count of all rows then %.0f ms", ready.Seconds(), u.CPU.Seconds(), x.Max)
	return os.RemoveAll(filepath.Join(b.root, "lines"))
}
