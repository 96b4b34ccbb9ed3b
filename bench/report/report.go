// Package report is what a benchmark has to say: as a JSON file, as a table, and two of them side by side.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/goptimedb/goptimedb/bench/load"
	"github.com/goptimedb/goptimedb/bench/measure"
	"github.com/goptimedb/goptimedb/bench/query"
)

// Report is one run.
type Report struct {
	Started time.Time       `json:"started"`
	Machine measure.Machine `json:"machine"`
	Options Options         `json:"options"`
	Systems []*System       `json:"systems"`
}

// Options are those of the run that figures depend on.
type Options struct {
	Seed     uint64 `json:"seed"`
	Scale    int    `json:"scale"`
	Interval string `json:"interval"`
	Duration string `json:"duration"`
	Rows     int64  `json:"rows"`
	Workers  int    `json:"workers"`
	Batch    int    `json:"batch"`
	Memory   string `json:"memory,omitempty"` // limit given to the server
	Spooled  bool   `json:"spooled"`          // lines were made before the load
}

// System is what one database did.
type System struct {
	Name string `json:"name"`
	Load *Load  `json:"load,omitempty"`
	// Series is the load of rows that each begin a series.
	Series  *load.Result   `json:"series,omitempty"`
	Queries []query.Result `json:"queries,omitempty"`
	Panels  []query.Result `json:"panels,omitempty"` // PromQL
	// PeakRSS is the largest of the peaks of the processes that ran, in bytes, up to the end of the run; zero where it is not known.
	PeakRSS int64  `json:"peak_rss_bytes"`
	Error   string `json:"error,omitempty"` // what ended the run of this database early
}

// Load is the load of the data set.
type Load struct {
	load.Result
	PointRate     float64 `json:"points_per_second"` // a point is a value of a field
	SettleSeconds float64 `json:"settle_seconds"`    // from the last acknowledgement until all is flushed and merged
	SettledRate   float64 `json:"rows_per_second_settled"`
	LogBytes      int64   `json:"log_bytes"`  // log of writes at the last acknowledgement
	DataBytes     int64   `json:"data_bytes"` // at rest, without the log of writes
	BytesPerPoint float64 `json:"bytes_per_point"`
}

// Write puts r into a file, whose folder is made.
func (r *Report) Write(path string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// Read reads a file of Write.
func Read(path string) (*Report, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// Print writes r as tables.
func (r *Report) Print(w io.Writer) error {
	m := r.Machine
	fmt.Fprintf(w, "\n%d cores (%s), %s, %s %s, commit %s\n", m.Cores, m.CPU, size(float64(m.RAM)), m.Go, m.OS, m.Commit)
	o := r.Options
	fmt.Fprintf(w, "%d hosts, every %s for %s: %d rows, %d points; %d workers, batches of %d rows", o.Scale, o.Interval, o.Duration, o.Rows,
		10*o.Rows, o.Workers, o.Batch)
	if o.Memory != "" {
		fmt.Fprintf(w, "; memory limit %s", o.Memory)
	}
	fmt.Fprintln(w)
	for _, s := range r.Systems {
		if err := s.print(w); err != nil {
			return err
		}
	}
	for _, peer := range r.Systems[min(1, len(r.Systems)):] {
		fmt.Fprintf(w, "\n%s / %s (above 1: %s is better, except where it says otherwise)\n", peer.Name, r.Systems[0].Name, r.Systems[0].Name)
		if err := ratios(w, r.Systems[0], peer); err != nil {
			return err
		}
	}
	return nil
}

func (s *System) print(w io.Writer) error {
	fmt.Fprintf(w, "\n== %s\n", s.Name)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if l := s.Load; l != nil {
		fmt.Fprintf(t, "load\t%.0f rows/s\t%.2f M points/s\t%.1f s\t%d requests, %d retries\n", l.RowRate, l.PointRate/1e6, l.Seconds, l.Requests, l.Retries)
		fmt.Fprintf(t, "settled\t%.0f rows/s\t\t%.1f s more\t\n", l.SettledRate, l.SettleSeconds)
		fmt.Fprintf(t, "write latency\tp50 %.1f ms\tp99 %.1f ms\tmax %.1f ms\t\n", l.Latency.Median, l.Latency.P99, l.Latency.Max)
		fmt.Fprintf(t, "processor\tserver %.1f s\tclient %.1f s\tgenerator %.1f s\tserver %.2f µs a row\n", l.ServerCPU, l.ClientCPU, l.GeneratorCPU,
			l.ServerCPU/float64(max(l.Rows, 1))*1e6)
		fmt.Fprintf(t, "disk\t%.3f bytes a point\t%s data\t%s log\t\n", l.BytesPerPoint, size(float64(l.DataBytes)), size(float64(l.LogBytes)))
		fmt.Fprintf(t, "memory\tpeak of load %s\tpeak of all %s\t\t\n", size(float64(l.PeakRSS)), size(float64(s.PeakRSS)))
	}
	if l := s.Series; l != nil {
		fmt.Fprintf(t, "new series\t%d\t%.0f a second\t%.1f s\tpeak memory %s, %d retries\n", l.Rows, l.RowRate, l.Seconds, size(float64(l.PeakRSS)), l.Retries)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, group := range [][]query.Result{s.Queries, s.Panels} {
		if len(group) == 0 {
			continue
		}
		fmt.Fprintln(w)
		t = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(t, "query\tcount\tmin ms\tmedian ms\tp95 ms\tmax ms\tcold ms\trows\tbytes\tverified\t")
		var wrong []string
		for _, q := range group {
			if q.Error != "" {
				wrong = append(wrong, fmt.Sprintf("%s: %s", q.Kind, q.Error))
			}
			if q.Latency.Count == 0 {
				continue
			}
			cold := "-"
			if q.ColdMS > 0 {
				cold = fmt.Sprintf("%.1f", q.ColdMS)
			}
			l := q.Latency
			fmt.Fprintf(t, "%s\t%d\t%.2f\t%.2f\t%.2f\t%.2f\t%s\t%.0f\t%.0f\t%d\t\n", q.Kind, l.Count, l.Min, l.Median, l.P95, l.Max, cold, q.Rows,
				q.Bytes, q.Verified)
		}
		if err := t.Flush(); err != nil {
			return err
		}
		for _, e := range wrong {
			fmt.Fprintln(w, "!", e)
		}
	}
	if s.Error != "" {
		fmt.Fprintln(w, "!", s.Error)
	}
	return nil
}

func size(bytes float64) string {
	for _, u := range []struct {
		name string
		size float64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if bytes >= u.size {
			return fmt.Sprintf("%.2f %s", bytes/u.size, u.name)
		}
	}
	return fmt.Sprintf("%.0f B", bytes)
}
