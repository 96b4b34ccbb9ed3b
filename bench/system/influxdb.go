package system

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/goptimedb/goptimedb/bench/process"
	"github.com/goptimedb/goptimedb/bench/query"
)

// InfluxDB is the program `influxd` of version 1, in a folder below root, with its own defaults except that it writes its cache out soon
// after a load.
func InfluxDB(root string) (*System, error) {
	path, err := exec.LookPath("influxd")
	if err != nil {
		return nil, err
	}
	dir, addr, err := place(root, "influxdb")
	if err != nil {
		return nil, err
	}
	control, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(root, "influxdb.conf")
	text := fmt.Sprintf(`reporting-disabled = true
bind-address = %q
[meta]
  dir = %q
[data]
  dir = %q
  wal-dir = %q
  query-log-enabled = false
  cache-snapshot-write-cold-duration = "5s"
[monitor]
  store-enabled = false
[http]
  bind-address = %q
  log-enabled = false
  max-row-limit = 0
`, control, filepath.Join(dir, "meta"), filepath.Join(dir, "data"), filepath.Join(dir, "wal"), addr)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return nil, err
	}
	base := "http://" + addr
	return &System{
		Name: "influxdb", Dialect: query.InfluxQL{}, Base: base, Points: base + "/write?db=" + query.InfluxDatabase, dir: dir,
		logDirs: []string{"wal"},
		command: process.Command{Name: "influxdb", Path: path, ReadyURL: base + "/ping", LogFile: filepath.Join(root, "influxdb.log"),
			Args: []string{"run", "-config", config}},
		prepare: func(ctx context.Context, s *System) error {
			_, err := s.post(ctx, "/query", url.Values{"q": {"CREATE DATABASE " + query.InfluxDatabase}})
			return err
		},
		// Its cache is written out a few seconds after the last write: longer than the rest that Settle waits for.
		flush: waitForCache,
	}, nil
}

// waitForCache waits until the log of writes is all but empty, which is when the cache has been written out.
func waitForCache(ctx context.Context, s *System) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	tick := time.NewTicker(restPoll)
	defer tick.Stop()
	for {
		_, log, err := s.Sizes()
		if err != nil {
			return err
		}
		if log < 64<<10 {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil // its own affair; Settle waits for rest
		case <-tick.C:
		}
	}
}
