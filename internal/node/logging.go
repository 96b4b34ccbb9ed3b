package node

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// OpenLog makes the process's logger as the configuration says. level can be changed while it runs. Close the closer last.
func OpenLog(c config.Logging, stdout io.Writer, now func() time.Time) (log *slog.Logger, level *slog.LevelVar, closer io.Closer, err error) {
	level = &slog.LevelVar{}
	// "info,storage=debug" filters by module in the original; the first part is the level of everything, the rest has no meaning here.
	first, _, _ := strings.Cut(c.Level, ",")
	if err := level.UnmarshalText([]byte(first)); err != nil {
		return nil, nil, nil, errs.New(errs.InvalidArguments, "logging.level: %q is not debug, info, warn or error", c.Level)
	}
	var outs []io.Writer
	if c.AppendStdout {
		outs = append(outs, stdout)
	}
	files := &hourly{dir: c.Dir, keep: c.MaxLogFiles, now: now}
	if c.EnableFileLogging {
		if err := os.MkdirAll(c.Dir, 0o755); err != nil {
			return nil, nil, nil, errs.Wrap(errs.StorageUnavailable, err, "logging.dir")
		}
		outs = append(outs, files)
	}
	w := io.MultiWriter(outs...)
	opts := &slog.HandlerOptions{Level: level}
	if strings.EqualFold(c.LogFormat, "json") {
		return slog.New(slog.NewJSONHandler(w, opts)), level, files, nil
	}
	return slog.New(slog.NewTextHandler(w, opts)), level, files, nil
}

// hourly writes to one file an hour, goptimedb.2006-01-02-15, and removes the oldest.
type hourly struct {
	dir  string
	keep int
	now  func() time.Time

	mu   sync.Mutex
	hour string
	file *os.File
}

const logPrefix = "goptimedb."

// Write implements io.Writer. A log that cannot be written is not worth failing for: the caller gets no error.
func (h *hourly) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if hour := h.now().UTC().Format("2006-01-02-15"); hour != h.hour || h.file == nil {
		if h.file != nil {
			_ = h.file.Close()
		}
		f, err := os.OpenFile(filepath.Join(h.dir, logPrefix+hour), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			h.file = nil
			return len(p), nil
		}
		h.file, h.hour = f, hour
		h.removeOld()
	}
	_, _ = h.file.Write(p)
	return len(p), nil
}

func (h *hourly) removeOld() {
	names, err := filepath.Glob(filepath.Join(h.dir, logPrefix+"????-??-??-??"))
	if err != nil || h.keep <= 0 || len(names) <= h.keep {
		return
	}
	slices.Sort(names)
	for _, n := range names[:len(names)-h.keep] {
		_ = os.Remove(n)
	}
}

// Close closes the file.
func (h *hourly) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.file == nil {
		return nil
	}
	f := h.file
	h.file = nil
	if err := f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("close log file: %w", err)
	}
	return nil
}
