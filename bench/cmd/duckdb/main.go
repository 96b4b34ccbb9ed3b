// Command duckdb asks GoptimeDB and the embedded DuckDB the benchmark's questions about the same Parquet files, in turns, and prints how
// they compare. The files are those that a run of the benchmark with -keep has left.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/goptimedb/goptimedb/bench/duckdb"
	"github.com/goptimedb/goptimedb/bench/measure"
	"github.com/goptimedb/goptimedb/bench/query"
	"github.com/goptimedb/goptimedb/bench/system"
	"github.com/goptimedb/goptimedb/bench/tsbs"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "duckdb:", err)
		os.Exit(1)
	}
}

// figures of one kind of query.
type figures struct {
	Kind         string          `json:"kind"`
	Ours, DuckDB measure.Summary // ms
	Ratio        float64         // of the medians: more than 1 means that GoptimeDB is faster
	Verified     int             // answers of both that were right, cell by cell
	// Cold is the first query after a start with an empty page cache, in ms; zero where that was not asked for.
	OursCold, DuckDBCold float64
}

func run() (err error) {
	o := tsbs.Options{}
	flag.IntVar(&o.Scale, "scale", 1000, "hosts of the data")
	hours := flag.Float64("hours", 12, "hours of the data")
	flag.DurationVar(&o.Interval, "interval", 10*time.Second, "time between two rows of a host")
	flag.Uint64Var(&o.Seed, "seed", 123, "of data and queries")
	binary := flag.String("binary", "bin/goptime", "server to start")
	dir := flag.String("dir", "", "folder that bench -keep -dir has left")
	queries := flag.Int("queries", 10, "different queries of a kind")
	rounds := flag.Int("rounds", 3, "times that each is asked and counted, after one that is not; 0: only that one, so that nothing is cached")
	cold := flag.Bool("cold", false, "before each kind restart both with an empty page cache (root), and time a first query of the kind apart")
	verify := flag.Int("verify", 1, "queries of a kind whose answers are compared with the data, cell by cell, on both sides")
	only := flag.String("only", "", "kinds of queries, or beginnings of their names, with commas between")
	out := flag.String("out", "", "JSON file of the figures")
	flag.Parse()
	if *dir == "" {
		return errors.New("-dir is missing")
	}
	o.Duration = time.Duration(*hours * float64(time.Hour))
	data, err := tsbs.New(o)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	sys, err := system.GoptimeDB(*dir, *binary, nil)
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sys.Stop()) }()
	duck, err := duckdb.Serve(filepath.Join(sys.Dir(), "data"))
	if err != nil {
		return err
	}
	defer func() { duck.Close() }()
	ours := &query.Client{Base: sys.Base, Dialect: query.SQL{}, Data: data}
	theirs := &query.Client{Base: duck.Base, Dialect: query.DuckDB{}, Data: data}
	defer ours.Close()
	defer theirs.Close()

	fmt.Printf("%d hosts, %s: %d rows in %d files\n\n%24s  %12s  %12s  %8s  %8s", o.Scale, o.Duration, data.Rows(), duck.Files, "query", "ours, ms", "DuckDB, ms", "ratio", "verified")
	if *cold {
		fmt.Printf("  %14s  %14s", "ours cold, ms", "DuckDB cold, ms")
	}
	fmt.Println()
	var all []figures
	for _, k := range query.Kinds() {
		if !chosen(k.Name, *only) {
			continue
		}
		f := figures{Kind: k.Name}
		if *cold {
			q := query.Make(data, k, 1, o.Seed+1)[0]
			if err := empty(sys.Stop, func() error { return sys.Start(ctx) }); err != nil {
				return err
			}
			ours.Close()
			if f.OursCold, err = first(ctx, ours, q); err != nil {
				return fmt.Errorf("%s: %w", k.Name, err)
			}
			err := empty(duck.Close, func() (err error) {
				duck, err = duckdb.Serve(filepath.Join(sys.Dir(), "data"))
				return err
			})
			if err != nil {
				return err
			}
			theirs.Close()
			theirs.Base = duck.Base
			if f.DuckDBCold, err = first(ctx, theirs, q); err != nil {
				return fmt.Errorf("DuckDB, %s: %w", k.Name, err)
			}
		}
		var a, b []time.Duration
		for i, q := range query.Make(data, k, *queries, o.Seed) {
			for r := range *rounds + 1 {
				ta, err := ours.Ask(ctx, q)
				if err != nil {
					return fmt.Errorf("%s: %w", k.Name, err)
				}
				tb, err := theirs.Ask(ctx, q)
				if err != nil {
					return fmt.Errorf("DuckDB, %s: %w", k.Name, err)
				}
				if r > 0 || *rounds == 0 {
					a, b = append(a, ta), append(b, tb)
				}
			}
			if i < *verify && !(k.Shape == query.HighCPU && k.Hosts == 0) {
				if err := errors.Join(ours.Verify(ctx, q), theirs.Verify(ctx, q)); err != nil {
					return fmt.Errorf("%s: %w", k.Name, err)
				}
				f.Verified++
			}
		}
		f.Ours, f.DuckDB = measure.Summarize(a), measure.Summarize(b)
		f.Ratio = f.DuckDB.Median / f.Ours.Median
		all = append(all, f)
		fmt.Printf("%24s  %12.2f  %12.2f  %8.1f  %8d", k.Name, f.Ours.Median, f.DuckDB.Median, f.Ratio, f.Verified)
		if *cold {
			fmt.Printf("  %14.1f  %14.1f", f.OursCold, f.DuckDBCold)
		}
		fmt.Println()
	}
	if *out == "" {
		return nil
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(*out, append(text, '\n'), 0o644)
}

// empty stops a system and starts it again with an empty page cache; where that cannot be emptied, the figures are of empty caches of the
// process alone, and it says so.
func empty(stop, start func() error) error {
	if err := stop(); err != nil {
		return err
	}
	if err := measure.DropCaches(); err != nil {
		fmt.Fprintln(os.Stderr, "cold only as far as the process goes:", err)
	}
	return start()
}

// first asks once, and tells how many milliseconds that took.
func first(ctx context.Context, c *query.Client, q query.Query) (float64, error) {
	took, err := c.Ask(ctx, q)
	return float64(took) / float64(time.Millisecond), err
}

func chosen(name, only string) bool {
	if only == "" {
		return true
	}
	for _, p := range strings.Split(only, ",") {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}
