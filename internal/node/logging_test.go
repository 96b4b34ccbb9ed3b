package node

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/config"
)

func TestLogFilesTurnByTheHour(t *testing.T) {
	now := time.Date(2024, 1, 1, 10, 59, 0, 0, time.UTC)
	dir := t.TempDir()
	var out bytes.Buffer
	log, level, closer, err := OpenLog(config.Logging{Dir: dir, Level: "warn,x=debug", LogFormat: "json", AppendStdout: true, EnableFileLogging: true, MaxLogFiles: 2},
		&out, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	log.Info("not shown")
	for _, msg := range []string{"first", "second", "third"} {
		log.Warn(msg)
		now = now.Add(time.Hour)
	}
	level.Set(-4)
	log.Debug("shown now")
	if err := closer.Close(); err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	last, err := os.ReadFile(filepath.Join(dir, "goptimedb.2024-01-01-13"))
	if err != nil || len(names) != 2 || !strings.Contains(string(last), "shown now") {
		t.Fatal(err, names, string(last))
	}
	if s := out.String(); strings.Contains(s, "not shown") || strings.Count(s, "\n") != 4 {
		t.Error(s)
	}
}
