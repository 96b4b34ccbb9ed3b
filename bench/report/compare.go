package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/goptimedb/goptimedb/bench/query"
)

// figure is one number of a System that is worth comparing.
type figure struct {
	name   string
	value  float64
	higher bool // higher is better
}

func (s *System) figures() []figure {
	var fs []figure
	if l := s.Load; l != nil {
		fs = append(fs, figure{"load, rows/s", l.RowRate, true}, figure{"load and settle, rows/s", l.SettledRate, true},
			figure{"write p50, ms", l.Latency.Median, false}, figure{"write p99, ms", l.Latency.P99, false},
			figure{"server processor, s", l.ServerCPU, false}, figure{"disk, bytes a point", l.BytesPerPoint, false},
			figure{"log, MiB", float64(l.LogBytes) / (1 << 20), false})
	}
	if l := s.Series; l != nil {
		fs = append(fs, figure{"new series, 1/s", l.RowRate, true})
	}
	fs = append(fs, figure{"peak memory, MiB", float64(s.PeakRSS) / (1 << 20), false})
	for _, group := range [][]query.Result{s.Queries, s.Panels} {
		for _, q := range group {
			if q.Latency.Count == 0 {
				continue
			}
			fs = append(fs, figure{q.Kind + ", ms", q.Latency.Median, false})
			if q.ColdMS > 0 {
				fs = append(fs, figure{q.Kind + " cold, ms", q.ColdMS, false})
			}
		}
	}
	return fs
}

// better says how many times better a is than b: above 1 it is.
func better(a, b figure) float64 {
	if a.higher {
		return a.value / b.value
	}
	return b.value / a.value
}

// ratios writes the figures that both have, and how many times better ours are than theirs.
func ratios(w io.Writer, ours, theirs *System) error {
	return table(w, ours.Name, theirs.Name, ours.figures(), theirs.figures(), better)
}

// Compare writes two runs side by side, database by database; the ratio is how many times better the second run is.
func Compare(w io.Writer, a, b *Report, nameA, nameB string) error {
	fmt.Fprintf(w, "a: %s  %s  commit %s\nb: %s  %s  commit %s\n", nameA, a.Started.Format("2006-01-02 15:04"), a.Machine.Commit, nameB,
		b.Started.Format("2006-01-02 15:04"), b.Machine.Commit)
	if a.Options != b.Options {
		fmt.Fprintf(w, "! the runs differ: a %+v, b %+v\n", a.Options, b.Options)
	}
	ma, mb := a.Machine, b.Machine
	ma.Commit, mb.Commit = "", ""
	if ma != mb {
		fmt.Fprintf(w, "! the machines differ: a %+v, b %+v\n", ma, mb)
	}
	for _, sa := range a.Systems {
		for _, sb := range b.Systems {
			if sa.Name != sb.Name {
				continue
			}
			fmt.Fprintf(w, "\n== %s\n", sa.Name)
			if err := table(w, "a", "b", sa.figures(), sb.figures(), func(x, y figure) float64 { return better(y, x) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func table(w io.Writer, nameA, nameB string, a, b []figure, ratio func(a, b figure) float64) error {
	other := map[string]figure{}
	for _, f := range b {
		other[f.name] = f
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "figure\t%s\t%s\tratio\t\t\n", nameA, nameB)
	for _, f := range a {
		g, ok := other[f.name]
		if !ok || f.value == 0 || g.value == 0 {
			continue
		}
		r := ratio(f, g)
		fmt.Fprintf(t, "%s\t%s\t%s\t%.2f\t%s\t\n", f.name, number(f.value), number(g.value), r, bar(r))
	}
	return t.Flush()
}

func number(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// bar marks what changed by more than noise does: a tenth, a half, three times.
func bar(ratio float64) string {
	mark := "+"
	if ratio < 1 {
		mark, ratio = "-", 1/ratio
	}
	switch {
	case ratio > 3:
		return strings.Repeat(mark, 3)
	case ratio > 1.5:
		return strings.Repeat(mark, 2)
	case ratio > 1.1:
		return mark
	}
	return ""
}
