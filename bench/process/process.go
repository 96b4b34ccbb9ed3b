// Package process runs the servers that a benchmark measures, on ports of 127.0.0.1 that are free and in folders of their own.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Command says how a server is started.
type Command struct {
	Name string
	Path string   // of the program, or its name in PATH
	Args []string // after the program's name
	Env  []string // beside that of this process
	// ReadyURL answers with a status below 300 once the server works.
	ReadyURL string
	// LogFile takes what the server prints.
	LogFile string
}

// Server is a server that runs.
type Server struct {
	cmd  *exec.Cmd
	spec Command
	log  *os.File
	done chan struct{} // closed once the process is gone; then err is set
	err  error
}

// ErrDied is a server that ended without having been stopped.
var ErrDied = errors.New("the server ended by itself")

// readyPatience is how long a server may take to work: longer than reading back the log of a large load.
const readyPatience = 2 * time.Minute

// stopPatience is how long a server may take to end after SIGTERM before it is killed.
const stopPatience = time.Minute

// Start starts a server and waits until it works.
func Start(ctx context.Context, c Command) (*Server, error) {
	log, err := os.OpenFile(c.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	s := &Server{cmd: exec.Command(c.Path, c.Args...), spec: c, log: log, done: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.Env = append(os.Environ(), c.Env...)
	// The server does not get the terminal's interrupt: it is stopped by us, in order.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		log.Close()
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	if err := s.waitReady(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if Ready(ctx, s.spec.ReadyURL) {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("start %s: it ended: %v; see %s:\n%s", s.spec.Name, s.err, s.spec.LogFile, tail(s.spec.LogFile, 2000))
		case <-ctx.Done():
			return fmt.Errorf("start %s: %s does not answer: %w; see %s", s.spec.Name, s.spec.ReadyURL, ctx.Err(), s.spec.LogFile)
		case <-tick.C:
		}
	}
}

// Ready tells whether url answers with a status below 300.
func Ready(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode < 300
}

// PID is the id of the process.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Died is an error once the process has ended without having been stopped, with the end of what it printed; nil while it runs.
func (s *Server) Died() error {
	select {
	case <-s.done:
		return fmt.Errorf("%s: %w: %v:\n%s", s.spec.Name, ErrDied, s.err, tail(s.spec.LogFile, 8000))
	default:
		return nil
	}
}

// Stop ends the server with SIGTERM, and with SIGKILL where it does not end, which is an error. A second Stop does nothing.
func (s *Server) Stop() error {
	defer s.log.Close()
	select {
	case <-s.done:
		return nil
	default:
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", s.spec.Name, err)
	}
	patience := time.NewTimer(stopPatience)
	defer patience.Stop()
	select {
	case <-s.done:
		return nil
	case <-patience.C:
	}
	err := s.cmd.Process.Kill()
	<-s.done
	return errors.Join(fmt.Errorf("stop %s: still there %v after SIGTERM, killed", s.spec.Name, stopPatience), err)
}

// Kill ends the server with SIGKILL, as if it had crashed.
func (s *Server) Kill() error {
	defer s.log.Close()
	err := s.cmd.Process.Kill()
	<-s.done
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// FreeAddr is an address of 127.0.0.1 whose port nobody listens on.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("look for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func tail(file string, n int64) string {
	f, err := os.Open(filepath.Clean(file))
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > n {
		if _, err := f.Seek(-n, io.SeekEnd); err != nil {
			return err.Error()
		}
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
