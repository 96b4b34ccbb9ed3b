// Command trial measures single promises of the storage engine; see bench/README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/goptimedb/goptimedb/bench/trial"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "trial:", err)
		os.Exit(1)
	}
}

func run() error {
	o := trial.Options{Out: os.Stdout}
	flag.StringVar(&o.Binary, "binary", "bin/goptime", "server to start")
	flag.StringVar(&o.Root, "dir", "", "folder for the data (default: a temporary one)")
	flag.IntVar(&o.Workers, "workers", max(2, runtime.NumCPU()), "write requests at a time")
	flag.IntVar(&o.Batch, "batch", 4000, "rows a write request")
	flag.IntVar(&o.Queries, "queries", 50, "questions of a kind")
	flag.IntVar(&o.Rows, "rows", 20_000_000, "needle: log rows")
	flag.BoolVar(&o.Remote, "remote", false, "needle: data in an object store that the trial runs, in memory")
	flag.IntVar(&o.Series, "series", 2_000_000, "cardinality: series that are alive at a time")
	flag.IntVar(&o.Minutes, "minutes", 3, "cardinality: rows of each before the churn")
	flag.IntVar(&o.Churn, "churn", 10_000_000, "cardinality: series by the end of the day; 0: no churn")
	flag.IntVar(&o.Steps, "steps", 12, "cardinality: times that are written of the day")
	flag.IntVar(&o.Scale, "scale", 1000, "compaction, latency, window: hosts")
	flag.Float64Var(&o.Rate, "rate", 200_000, "latency: rows a second")
	flag.DurationVar(&o.Duration, "duration", 30*time.Second, "latency: how long")
	flag.BoolVar(&o.Logs, "logs", false, "replay: log lines instead of metrics")
	wal := flag.Float64("log", 1, "replay: GB of records in the log")
	held := flag.Float64("held", 6, "pauses: GiB in the cache")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: trial [flags] cardinality|needle|compaction|latency|window|replay|pauses …")
		flag.PrintDefaults()
	}
	flag.Parse()
	o.LogBytes, o.Bytes = int64(*wal*1e9), int64(*held*(1<<30))
	if flag.NArg() == 0 {
		flag.Usage()
		return fmt.Errorf("no trial named")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for _, name := range flag.Args() {
		if err := trial.Run(ctx, name, o); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
