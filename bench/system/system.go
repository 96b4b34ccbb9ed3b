// Package system holds the databases that are measured: how each is started, written to, asked, brought to rest and sized up.
package system

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/bench/measure"
	"github.com/goptimedb/goptimedb/bench/process"
	"github.com/goptimedb/goptimedb/bench/query"
)

// System is one database. A running one has a Base; one that we started also has a process and a folder.
type System struct {
	Name    string
	Dialect query.Dialect
	Base    string // scheme and authority
	// Points is the address that takes lines by POST, below Base.
	Points string
	// Table is what Settle flushes and compacts; empty: that of the machine metrics.
	Table string
	// RestFor is how long data must not have changed before the database counts as at rest. Zero: three seconds.
	RestFor time.Duration

	command process.Command
	server  *process.Server
	dir     string   // empty: not ours
	logDirs []string // names of folders of its log of writes, which is not data at rest
	skip    []string // names of folders that hold neither
	prepare func(ctx context.Context, s *System) error
	flush   func(ctx context.Context, s *System) error
	busy    func(ctx context.Context, s *System) (bool, error) // background work under way; nil: not known
}

// Start starts the database, over the data it had where it was stopped before.
func (s *System) Start(ctx context.Context) error {
	server, err := process.Start(ctx, s.command)
	if err != nil {
		return err
	}
	s.server = server
	if s.prepare != nil {
		if err := s.prepare(ctx, s); err != nil {
			return errors.Join(fmt.Errorf("prepare %s: %w", s.Name, err), s.Stop())
		}
	}
	return nil
}

// Ours tells whether we started the database, so that we may stop it.
func (s *System) Ours() bool { return s.dir != "" }

// Dir is the folder of a database that is ours.
func (s *System) Dir() string { return s.dir }

// Stop ends the database, if we started it.
func (s *System) Stop() error {
	if s.server == nil {
		return nil
	}
	err := s.server.Stop()
	s.server = nil
	return err
}

// Kill ends the database at once, as a crash does.
func (s *System) Kill() error {
	if s.server == nil {
		return nil
	}
	err := s.server.Kill()
	s.server = nil
	return err
}

// Remove deletes the folder of a stopped database that is ours.
func (s *System) Remove() error {
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}

// Restart stops and starts the database.
func (s *System) Restart(ctx context.Context) error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.Start(ctx)
}

// Died is an error once the process has ended without having been stopped.
func (s *System) Died() error {
	if s.server == nil {
		return nil
	}
	return s.server.Died()
}

// PID is the id of the process; zero where it is not ours.
func (s *System) PID() int {
	if s.server == nil {
		return 0
	}
	return s.server.PID()
}

// Sizes are the bytes of the data and of the log of writes; zero where the folder is not ours.
func (s *System) Sizes() (data, log int64, err error) {
	if s.dir == "" {
		return 0, 0, nil
	}
	all, err := measure.FolderSize(s.dir, s.skip...)
	if err != nil {
		return 0, 0, err
	}
	data, err = measure.FolderSize(s.dir, append(s.logDirs, s.skip...)...)
	return data, all - data, err
}

// How often a database is looked at for rest, how long it must have been at rest by default, and how long that may take to come.
const (
	restPoll     = 250 * time.Millisecond
	restFor      = 3 * time.Second
	restPatience = 15 * time.Minute
)

// Settle writes out what is in memory and waits until the database is at rest: no background work, and data that do not change.
// It returns how long that took, the rest itself not counted.
func (s *System) Settle(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	if s.flush != nil {
		if err := s.flush(ctx, s); err != nil {
			return time.Since(start), fmt.Errorf("flush %s: %w", s.Name, err)
		}
	}
	moved := time.Now()
	var before int64
	rest := cmp.Or(s.RestFor, restFor)
	tick := time.NewTicker(min(restPoll, rest))
	defer tick.Stop()
	for {
		data, _, err := s.Sizes()
		if err != nil {
			return 0, err
		}
		busy := false
		if s.busy != nil {
			if busy, err = s.busy(ctx, s); err != nil {
				return 0, err
			}
		}
		if busy || data != before {
			moved, before = time.Now(), data
		}
		if time.Since(moved) >= rest {
			return moved.Sub(start), nil
		}
		if time.Since(start) > restPatience {
			return time.Since(start), fmt.Errorf("%s is not at rest after %v", s.Name, restPatience)
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-tick.C:
		}
	}
}

// get asks a page of the database.
func (s *System) get(ctx context.Context, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Base+path, nil)
	if err != nil {
		return "", err
	}
	return answer(req)
}

func (s *System) post(ctx context.Context, path string, form url.Values) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return answer(req)
}

func answer(req *http.Request) (string, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode >= 300 {
		return "", fmt.Errorf("%s: status %d: %s", req.URL, resp.StatusCode, strings.TrimSpace(string(b)))
	}
	return string(b), nil
}

// place makes a folder for a database below root and finds it a port.
func place(root, name string) (dir, addr string, err error) {
	dir = filepath.Join(root, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", "", err
	}
	addr, err = process.FreeAddr()
	return dir, addr, err
}
