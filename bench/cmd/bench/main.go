// Command bench loads generated machine metrics into GoptimeDB, and into peers, asks the devops queries and prints figures; see bench/README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/goptimedb/goptimedb/bench/suite"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	o := suite.Options{Out: os.Stdout}
	flag.IntVar(&o.Data.Scale, "scale", 1000, "hosts")
	hours := flag.Float64("hours", 12, "hours of data")
	flag.DurationVar(&o.Data.Interval, "interval", 10*time.Second, "time between two rows of a host")
	flag.Uint64Var(&o.Data.Seed, "seed", 123, "of data and queries")
	flag.IntVar(&o.Workers, "workers", max(2, runtime.NumCPU()), "write requests at a time")
	flag.IntVar(&o.Batch, "batch", 4000, "rows a write request")
	flag.BoolVar(&o.Spool, "spool", false, "write lines to a file first, so that making them takes nothing from the server (345 bytes a row)")
	flag.StringVar(&o.Binary, "binary", "bin/goptime", "server to start")
	flag.StringVar(&o.Addr, "addr", "", "host:port of a server that runs, instead of starting one")
	flag.BoolVar(&o.SkipLoad, "skip-load", false, "the data are there already (with -addr)")
	flag.StringVar(&o.Memory, "memory", "", "memory limit of the server, such as 1GiB")
	flag.StringVar(&o.Root, "dir", "", "folder for the data (default: a temporary one)")
	flag.BoolVar(&o.Keep, "keep", false, "leave data and server logs where they are")
	flag.BoolVar(&o.Peers, "peers", false, "VictoriaMetrics and InfluxDB too")
	only := flag.String("only", "", "kinds of queries, or beginnings of their names, with commas between")
	flag.IntVar(&o.Queries, "queries", 100, "queries of a kind; heavy kinds ask half of that, lastpoint a tenth; 0 for none")
	flag.IntVar(&o.Warm, "warm", 3, "queries of a kind before those that count")
	flag.DurationVar(&o.Patience, "patience", time.Minute, "end a kind early once its queries took that long in all; 0 for never")
	flag.BoolVar(&o.Cold, "cold", false, "restart with an empty page cache before each kind, and time its first query apart")
	flag.IntVar(&o.Verify, "verify", 2, "queries of a kind whose answers are compared with the data, cell by cell")
	flag.IntVar(&o.Panels, "promql", 0, "times each PromQL panel is asked")
	flag.IntVar(&o.Series, "series-test", 0, "rows that each begin a series, loaded last, such as 1000000")
	flag.StringVar(&o.Profiles, "profiles", "", "folder for processor profiles of the server: of the load and of each kind")
	out := flag.String("out", "", "JSON file of the figures (default: bench/results/TIME.json)")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", flag.Arg(0))
	}
	o.Data.Duration = time.Duration(*hours * float64(time.Hour))
	if *only != "" {
		o.Only = strings.Split(*only, ",")
	}
	if *out == "" {
		*out = filepath.Join("bench", "results", time.Now().UTC().Format("20060102-150405")+".json")
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r, err := suite.Run(ctx, o)
	if r != nil && len(r.Systems) > 0 {
		if e := r.Print(os.Stdout); e != nil {
			return e
		}
		if e := r.Write(*out); e != nil {
			return e
		}
		fmt.Println("\nfigures in", *out)
	}
	if err != nil {
		return err
	}
	for _, s := range r.Systems[:1] {
		for _, q := range s.Queries {
			if q.Error != "" {
				return fmt.Errorf("%s: %s", q.Kind, q.Error)
			}
		}
	}
	return nil
}
