package system

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/bench/process"
	"github.com/goptimedb/goptimedb/bench/query"
	"github.com/goptimedb/goptimedb/bench/tsbs"
)

const pointsOfGoptimeDB = "/v1/influxdb/write?db=public"

// GoptimeDB is our server, from the binary at path, in a folder below root. env is added to its environment (NAME=value).
func GoptimeDB(root, path string, env []string) (*System, error) {
	dir, addr, err := place(root, "goptimedb")
	if err != nil {
		return nil, err
	}
	base := "http://" + addr
	return &System{
		Name: "goptimedb", Dialect: query.SQL{}, Base: base, Points: base + pointsOfGoptimeDB, dir: dir,
		logDirs: []string{"wal"}, skip: []string{"logs"},
		command: process.Command{Name: "goptimedb", Path: path, Env: env, ReadyURL: base + "/health", LogFile: filepath.Join(root, "goptimedb.log"),
			Args: []string{"standalone", "start", "--http-addr", addr, "--mysql-addr", "127.0.0.1:0", "--postgres-addr", "127.0.0.1:0", "--data-home", dir}},
		flush: flushGoptimeDB, busy: busyGoptimeDB,
	}, nil
}

// RunningGoptimeDB is a server that somebody else runs at addr (host:port). Its memory and files are not measured.
func RunningGoptimeDB(addr string) *System {
	base := "http://" + addr
	return &System{Name: "goptimedb", Dialect: query.SQL{}, Base: base, Points: base + pointsOfGoptimeDB, flush: flushGoptimeDB,
		busy: busyGoptimeDB}
}

func flushGoptimeDB(ctx context.Context, s *System) error {
	for _, f := range []string{"flush_table", "compact_table"} {
		if _, err := s.post(ctx, "/v1/sql", url.Values{"sql": {fmt.Sprintf("ADMIN %s('%s')", f, cmp.Or(s.Table, tsbs.Table))}}); err != nil {
			return err
		}
	}
	return nil
}

func busyGoptimeDB(ctx context.Context, s *System) (bool, error) {
	page, err := s.get(ctx, "/metrics")
	if err != nil {
		return false, err
	}
	return gauge(page, "greptime_mito_inflight_compaction_count")+gauge(page, "greptime_mito_inflight_flush_count") > 0, nil
}

// SQL runs a statement and gives the body of the answer.
func (s *System) SQL(ctx context.Context, statement string) (string, error) {
	return s.post(ctx, "/v1/sql", url.Values{"sql": {statement}})
}

// Gauge sums the samples of one of the server's own metrics.
func (s *System) Gauge(ctx context.Context, name string) (float64, error) {
	page, err := s.get(ctx, "/metrics")
	return gauge(page, name), err
}

// Heap is the bytes of live memory of the server, garbage collected before.
func (s *System) Heap(ctx context.Context) (float64, error) {
	if _, err := s.get(ctx, "/debug/pprof/heap?gc=1"); err != nil {
		return 0, err
	}
	return s.Gauge(ctx, "go_memstats_heap_alloc_bytes")
}

// gauge sums the samples of a metric on a page in the Prometheus text format; zero where there are none.
func gauge(page, name string) float64 {
	var sum float64
	for sc := bufio.NewScanner(strings.NewReader(page)); sc.Scan(); {
		rest, ok := strings.CutPrefix(sc.Text(), name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		if i := strings.LastIndexByte(rest, ' '); i >= 0 {
			v, err := strconv.ParseFloat(rest[i+1:], 64)
			if err == nil {
				sum += v
			}
		}
	}
	return sum
}

// Profile is the address of a processor profile over so many seconds.
func (s *System) Profile(seconds int) string {
	return fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", s.Base, seconds)
}
