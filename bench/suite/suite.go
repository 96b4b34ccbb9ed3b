// Package suite is a run of the benchmark: for each database in turn, start it, load it, let it come to rest, ask it, check its answers, stop it.
package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/bench/load"
	"github.com/goptimedb/goptimedb/bench/measure"
	"github.com/goptimedb/goptimedb/bench/process"
	"github.com/goptimedb/goptimedb/bench/query"
	"github.com/goptimedb/goptimedb/bench/report"
	"github.com/goptimedb/goptimedb/bench/system"
	"github.com/goptimedb/goptimedb/bench/tsbs"
)

// Options of a run. Data, Workers, Batch, Binary (or Addr) and Out are needed.
type Options struct {
	Data    tsbs.Options
	Workers int // requests at a time
	Batch   int // rows a request
	Spool   bool

	Binary string // of our server
	Addr   string // of a server that runs, instead of one of ours
	Memory string // memory limit of our server, such as 1GiB
	Env    []string
	Root   string // folder for data, made and removed; empty: a temporary one
	Keep   bool   // leave the folder
	Peers  bool   // VictoriaMetrics and InfluxDB too

	SkipLoad bool     // the data are there (Addr)
	Only     []string // kinds to ask, by prefix; none: all
	// Queries is how many of a kind that would ask 100; others are scaled alike, and ask one at least. Zero: none.
	Queries int
	Warm    int // queries of a kind before those that count
	// Patience ends a kind early once its queries took that long in all. Zero: never.
	Patience time.Duration
	Cold     bool
	Verify   int // queries of a kind whose answers are compared with the data set
	Panels   int // times each PromQL panel is asked
	Series   int // rows that each begin a series, after all else; zero: none

	RestFor  time.Duration // see system.System
	Profiles string        // folder for processor profiles of our server; empty: none
	Out      io.Writer
}

// progressEvery is the pause between two lines about a load.
const progressEvery = 5 * time.Second

type run struct {
	o      Options
	data   *tsbs.Dataset
	root   string
	report *report.Report
}

// Run runs the benchmark. The report holds what was measured up to an error.
func Run(ctx context.Context, o Options) (r *report.Report, err error) {
	data, err := tsbs.New(o.Data)
	if err != nil {
		return nil, err
	}
	root := o.Root
	if root == "" {
		if root, err = os.MkdirTemp("", "goptimedb-bench-"); err != nil {
			return nil, err
		}
	} else if err = os.MkdirAll(root, 0o755); err != nil {
		return nil, err
	}
	defer func() {
		if o.Keep {
			fmt.Fprintln(o.Out, "data left in", root)
		} else if o.Root == "" {
			err = errors.Join(err, os.RemoveAll(root))
		}
	}()
	b := &run{o: o, data: data, root: root, report: &report.Report{
		Started: time.Now().UTC(), Machine: machine(ctx),
		Options: report.Options{Seed: o.Data.Seed, Scale: o.Data.Scale, Interval: o.Data.Interval.String(), Duration: o.Data.Duration.String(),
			Rows: data.Rows(), Workers: o.Workers, Batch: o.Batch, Memory: o.Memory, Spooled: o.Spool},
	}}
	systems, err := b.systems()
	if err != nil {
		return b.report, err
	}
	for _, s := range systems {
		rep := &report.System{Name: s.Name}
		b.report.Systems = append(b.report.Systems, rep)
		if err := b.measure(ctx, s, rep); err != nil {
			rep.Error = err.Error()
			if ctx.Err() != nil || s == systems[0] {
				return b.report, err
			}
			b.say("%s: %v", s.Name, err) // a peer that fails is not our failure
		}
	}
	return b.report, nil
}

func machine(ctx context.Context) measure.Machine {
	m := measure.ThisMachine()
	if m.Commit == "" { // `go run` does not record it
		if out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output(); err == nil {
			m.Commit = strings.TrimSpace(string(out))
		}
	}
	return m
}

func (b *run) systems() ([]*system.System, error) {
	var list []*system.System
	if b.o.Addr != "" {
		s := system.RunningGoptimeDB(b.o.Addr)
		s.RestFor = b.o.RestFor
		list = append(list, s)
	} else {
		env := b.o.Env
		if b.o.Memory != "" {
			env = append(slices.Clone(env), "GOPTIMEDB_STANDALONE__MEMORY__LIMIT="+b.o.Memory)
		}
		s, err := system.GoptimeDB(b.root, b.o.Binary, env)
		if err != nil {
			return nil, err
		}
		s.RestFor = b.o.RestFor
		list = append(list, s)
	}
	if b.o.Peers {
		for name, open := range map[string]func(string) (*system.System, error){"victoriametrics": system.VictoriaMetrics, "influxdb": system.InfluxDB} {
			s, err := open(b.root)
			if err != nil {
				b.say("%s is left out: %v", name, err)
				continue
			}
			list = append(list, s)
		}
		slices.SortFunc(list[1:], func(x, y *system.System) int { return strings.Compare(y.Name, x.Name) })
	}
	return list, nil
}

func (b *run) say(format string, args ...any) {
	fmt.Fprintf(b.o.Out, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// measure runs one database from start to stop.
func (b *run) measure(ctx context.Context, s *system.System, rep *report.System) (err error) {
	if s.Ours() {
		b.say("%s: starting at %s", s.Name, s.Base)
		if err := s.Start(ctx); err != nil {
			return err
		}
		defer func() {
			b.peak(s, rep)
			if err == nil || !errors.Is(err, process.ErrDied) {
				err = errors.Join(s.Died(), err)
			}
			err = errors.Join(err, s.Stop())
			if !b.o.Keep {
				err = errors.Join(err, s.Remove())
			}
		}()
	}
	if !b.o.SkipLoad {
		if err := b.load(ctx, s, rep); err != nil {
			return err
		}
	}
	if b.o.Queries > 0 || b.o.Verify > 0 {
		if err := b.ask(ctx, s, rep); err != nil {
			return err
		}
	}
	if b.o.Panels > 0 {
		b.askPanels(ctx, s, rep)
	}
	if b.o.Series > 0 {
		return b.series(ctx, s, rep)
	}
	return ctx.Err()
}

func (b *run) peak(s *system.System, rep *report.System) {
	if pid := s.PID(); pid != 0 {
		if u, err := measure.OfProcess(pid); err == nil {
			rep.PeakRSS = max(rep.PeakRSS, u.PeakRSS)
		}
	}
}

func (b *run) loadOptions(s *system.System, total int64) load.Options {
	return load.Options{URL: s.Points, Workers: b.o.Workers, Batch: b.o.Batch, PID: s.PID(), ProgressEvery: progressEvery,
		Progress: func(p load.Progress) {
			b.say("%s: %5.1f %%  %d rows  %.0f rows/s  memory %d MiB", s.Name, 100*float64(p.Rows)/float64(total), p.Rows, p.RowRate, p.RSS>>20)
		}}
}

func (b *run) load(ctx context.Context, s *system.System, rep *report.System) error {
	var src load.Source = b.data.Lines()
	if b.o.Spool {
		b.say("%s: making lines beforehand", s.Name)
		spool, err := load.NewSpool(filepath.Join(b.root, "lines"), src, b.o.Batch)
		if err != nil {
			return err
		}
		defer spool.Close()
		src = spool
	}
	b.say("%s: loading %d rows", s.Name, b.data.Rows())
	wait := b.profile(ctx, s, "load", loadProfile)
	defer wait() // longer than a short load: not to be waited for before it is over
	res, err := load.Run(ctx, src, b.loadOptions(s, b.data.Rows()))
	if err != nil {
		return err
	}
	l := &report.Load{Result: res, PointRate: res.RowRate * tsbs.FieldCount}
	rep.Load = l
	if _, l.LogBytes, err = s.Sizes(); err != nil {
		return err
	}
	b.say("%s: %.0f rows/s; waiting for flush and compaction", s.Name, res.RowRate)
	settle, err := s.Settle(ctx)
	if err != nil {
		return err
	}
	l.SettleSeconds = settle.Seconds()
	l.SettledRate = float64(res.Rows) / (res.Seconds + l.SettleSeconds)
	if l.DataBytes, _, err = s.Sizes(); err != nil {
		return err
	}
	l.BytesPerPoint = float64(l.DataBytes) / float64(res.Rows*tsbs.FieldCount)
	b.peak(s, rep)
	l.PeakRSS = rep.PeakRSS
	return nil
}

func (b *run) wanted(name string) bool {
	return len(b.o.Only) == 0 || slices.ContainsFunc(b.o.Only, func(p string) bool { return strings.HasPrefix(name, p) })
}

// Seeds of queries: those that are verified and those that warm up are others than those that count.
const (
	seedTimed = iota + 1
	seedWarm
	seedVerified
)

func (b *run) ask(ctx context.Context, s *system.System, rep *report.System) error {
	c := &query.Client{Base: s.Base, Dialect: s.Dialect, Data: b.data, Patience: b.o.Patience}
	defer c.Close()
	for _, k := range query.Kinds() {
		if !b.wanted(k.Name) {
			continue
		}
		n := 0
		if b.o.Queries > 0 {
			n = max(1, k.Count*b.o.Queries/100)
		}
		seed := func(which uint64) uint64 { return b.o.Data.Seed<<2 + which }
		qs := query.Make(b.data, k, n, seed(seedTimed))
		warm := query.Make(b.data, k, min(b.o.Warm, n), seed(seedWarm))
		var cold float64
		if b.o.Cold && s.Ours() && n > 0 {
			took, err := b.cold(ctx, s, rep, c, qs[0])
			if err != nil {
				return err
			}
			cold = took
		}
		r := c.Run(ctx, k, warm, qs)
		r.ColdMS = cold
		if _, ours := s.Dialect.(query.SQL); ours && r.Error == "" {
			b.verify(ctx, c, k, seed(seedVerified), &r)
		}
		if r.Error == query.Unsupported {
			continue
		}
		if r.Error != "" {
			b.say("%s: %s: %s", s.Name, k.Name, r.Error)
		} else {
			b.say("%s: %-22s median %8.2f ms  p95 %8.2f ms", s.Name, k.Name, r.Latency.Median, r.Latency.P95)
			b.profileKind(ctx, s, c, k, qs)
		}
		rep.Queries = append(rep.Queries, r)
		if err := errors.Join(ctx.Err(), s.Died()); err != nil {
			return err
		}
	}
	return nil
}

// cold restarts the database with an empty page cache and asks one query. Where the cache cannot be emptied, it says so and goes on.
func (b *run) cold(ctx context.Context, s *system.System, rep *report.System, c *query.Client, q query.Query) (float64, error) {
	b.peak(s, rep)
	if err := s.Stop(); err != nil {
		return 0, err
	}
	if err := measure.DropCaches(); err != nil {
		b.say("cold only as far as the process goes: %v", err)
	}
	if err := s.Start(ctx); err != nil {
		return 0, err
	}
	c.Close()
	took, err := c.Ask(ctx, q)
	if err != nil {
		return 0, nil // Run tells what is wrong, or that the kind is not expressible
	}
	return float64(took) / float64(time.Millisecond), nil
}

// verifiedWindow bounds the windows of queries for rows of all hosts, whose answers are decoded and compared cell by cell. The number of rows
// of full windows is checked nonetheless, once.
const verifiedWindow = int64(time.Hour)

func (b *run) verify(ctx context.Context, c *query.Client, k query.Kind, seed uint64, r *query.Result) {
	for i, q := range query.Make(b.data, k, b.o.Verify, seed) {
		if k.Shape == query.HighCPU && len(q.Hosts) == 0 {
			if i == 0 {
				if err := c.VerifyCount(ctx, q); err != nil {
					r.Error = err.Error()
					return
				}
			}
			q.To = min(q.To, q.From+verifiedWindow)
		}
		if err := c.Verify(ctx, q); err != nil {
			r.Error = err.Error()
			return
		}
		r.Verified++
	}
}

func (b *run) askPanels(ctx context.Context, s *system.System, rep *report.System) {
	if _, ok := s.Dialect.(query.InfluxQL); ok {
		return
	}
	c := &query.Client{Base: s.Base, Dialect: s.Dialect, Data: b.data}
	defer c.Close()
	for _, p := range query.Panels() {
		r := c.RunPanel(ctx, p, b.o.Panels)
		if r.Error != "" {
			b.say("%s: %s: %s", s.Name, p.Name, r.Error)
		} else {
			b.say("%s: %-22s median %8.2f ms  p95 %8.2f ms", s.Name, p.Name, r.Latency.Median, r.Latency.P95)
		}
		rep.Panels = append(rep.Panels, r)
	}
}

func (b *run) series(ctx context.Context, s *system.System, rep *report.System) error {
	b.say("%s: %d new series", s.Name, b.o.Series)
	wait := b.profile(ctx, s, "series", 5)
	res, err := load.Run(ctx, tsbs.NewSeries(b.o.Series), b.loadOptions(s, int64(b.o.Series)))
	wait()
	if err != nil {
		return err
	}
	rep.Series = &res
	return nil
}
