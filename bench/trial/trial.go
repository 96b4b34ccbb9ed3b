// Package trial measures one promise of the storage engine at a time, on a server of its own, and prints goal and figure side by side.
//
//	cardinality   series by the million, then churn: rows a second, flush, point queries, memory of a series that rests
//	needle        one trace among many log rows, near and from an object store with nothing near
//	compaction    ingest while compaction runs, against ingest while it does not
//	latency       writes at a fixed rate
//	window        a fixed hour of a table that grows tenfold
//	replay        start after a crash with a long log
//	pauses        stops of the garbage collector with gigabytes in caches
//
// A trial never fails because of a figure: machines differ. It fails where an answer is wrong.
package trial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/goptimedb/goptimedb/bench/load"
	"github.com/goptimedb/goptimedb/bench/measure"
	"github.com/goptimedb/goptimedb/bench/system"
)

// Options of all trials; each uses what it needs.
type Options struct {
	Binary  string // of the server
	Root    string // folder for data; empty: a temporary one, deleted at the end
	Out     io.Writer
	Workers int // write requests at a time
	Batch   int // rows a request

	Rows     int           // needle: log rows
	Series   int           // cardinality: series that are alive at a time
	Minutes  int           // cardinality: rows of each before the churn
	Churn    int           // cardinality: series by the end of the day
	Steps    int           // cardinality: times that the day is cut into
	Scale    int           // hosts of compaction, latency, window
	Rate     float64       // latency: rows a second
	Duration time.Duration // latency: how long
	LogBytes int64         // replay
	Logs     bool          // replay: log lines instead of metrics
	Bytes    int64         // pauses: bytes in caches
	Remote   bool          // needle: on an object store
	Queries  int           // of a kind
}

// Trial is one of the measurements.
type Trial func(context.Context, *bench) error

// Trials are all of them, by name.
func Trials() map[string]Trial {
	return map[string]Trial{"cardinality": cardinality, "needle": needle, "compaction": compaction, "latency": latency, "window": window,
		"replay": replay, "pauses": pauses}
}

// bench is a trial that runs.
type bench struct {
	Options
	root string
	rows []figure
}

// figure is a line of the table at the end.
type figure struct{ name, goal, got string }

// Run runs a trial by name and prints its figures.
func Run(ctx context.Context, name string, o Options) (err error) {
	t := Trials()[name]
	if t == nil {
		names := []string{}
		for n := range Trials() {
			names = append(names, n)
		}
		slices.Sort(names)
		return fmt.Errorf("no trial %q; there are %s", name, strings.Join(names, ", "))
	}
	b := &bench{Options: o, root: o.Root}
	if b.root == "" {
		if b.root, err = os.MkdirTemp("", "goptimedb-trial-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(b.root)) }()
	} else if err := os.MkdirAll(b.root, 0o755); err != nil {
		return err
	}
	before := machineLoad()
	err = t(ctx, b)
	b.print(name, before)
	return err
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.Out, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// figure takes a figure down.
func (b *bench) figure(name, goal, format string, args ...any) {
	f := figure{name, goal, fmt.Sprintf(format, args...)}
	b.rows = append(b.rows, f)
	b.say("%s: %s", f.name, f.got)
}

func (b *bench) print(name, before string) {
	m := measure.ThisMachine()
	fmt.Fprintf(b.Out, "\n%s: %d cores, load average before and after: %s; %s\n\n", name, m.Cores, before, machineLoad())
	w := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "figure\tgoal\tmeasured")
	for _, f := range b.rows {
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.name, f.goal, f.got)
	}
	_ = w.Flush()
}

// machineLoad is the load averages of the machine: other work on it shows in all figures.
func machineLoad() string {
	text, err := os.ReadFile("/proc/loadavg")
	if f := strings.Fields(string(text)); err == nil && len(f) >= 3 {
		return strings.Join(f[:3], " ")
	}
	return "not known"
}

// start starts a server with settings beside the usual ones; its environment's names are given without the prefix.
func (b *bench) start(ctx context.Context, settings ...string) (*system.System, error) {
	var env []string
	for _, s := range settings {
		env = append(env, "GOPTIMEDB_STANDALONE__"+s)
	}
	s, err := system.GoptimeDB(b.root, b.Binary, env)
	if err != nil {
		return nil, err
	}
	return s, s.Start(ctx)
}

// load writes a source and gives its result.
func (b *bench) load(ctx context.Context, s *system.System, src load.Source, rate float64, workers, batch int) (load.Result, error) {
	return load.Run(ctx, src, load.Options{URL: s.Points, Workers: workers, Batch: batch, PID: s.PID(), Rate: rate, ProgressEvery: 10 * time.Second,
		Progress: func(p load.Progress) { b.say("%d rows, %.0f rows/s, memory %d MiB", p.Rows, p.RowRate, p.RSS>>20) }})
}

// first is at most so many rows of a source; what is left can be had by another.
type first struct {
	load.Source
	left int64
}

// Next implements load.Source.
func (f *first) Next(buf []byte, max int) ([]byte, int, error) {
	if f.left <= 0 {
		return buf, 0, io.EOF
	}
	buf, n, err := f.Source.Next(buf, int(min(int64(max), f.left)))
	f.left -= int64(n)
	return buf, n, err
}

// ask times a statement so many times; of numbers it makes the one for query i. Each answer must contain what want says.
func (b *bench) ask(ctx context.Context, s *system.System, n int, of func(i int) (sql, want string)) (measure.Summary, error) {
	var took []time.Duration
	for i := range n {
		sql, want := of(i)
		start := time.Now()
		body, err := s.SQL(ctx, sql)
		if err != nil {
			return measure.Summary{}, fmt.Errorf("%s: %w", sql, err)
		}
		took = append(took, time.Since(start))
		if !strings.Contains(body, want) {
			return measure.Summary{}, fmt.Errorf("%s: the answer has no %s: %.300s", sql, want, body)
		}
	}
	return measure.Summarize(took), nil
}

// spread is the middle and the ends of times, as text.
func spread(x measure.Summary) string {
	return fmt.Sprintf("median %.1f ms, p95 %.1f, max %.1f (%d)", x.Median, x.P95, x.Max, x.Count)
}
