package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/config"
)

func TestStorageThatCannotOpenIsAnError(t *testing.T) {
	c := config.Default()
	c.Storage.DataHome = t.TempDir()
	c.WAL.Dir = filepath.Join(t.TempDir(), "wal")
	c.Resolve()
	if err := os.WriteFile(c.WAL.Dir, []byte("a file where the log's folder should be"), 0o644); err != nil {
		t.Fatal(err)
	}
	c.Logging.AppendStdout, c.Logging.EnableFileLogging = false, false
	if n, err := Start(t.Context(), c, Options{}); err == nil {
		_ = n.Stop(t.Context())
		t.Fatal("it started")
	} else if !strings.Contains(err.Error(), "write-ahead log") {
		t.Error(err)
	}
}
