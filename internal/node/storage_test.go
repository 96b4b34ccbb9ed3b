package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/model"
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

func TestMetadataThatIsDamagedOrGoneIsAnError(t *testing.T) {
	c := config.Default()
	c.Storage.DataHome = t.TempDir()
	c.HTTP.Addr, c.MySQL.Enable, c.Postgres.Enable = "127.0.0.1:0", false, false
	c.Resolve()
	c.Logging.AppendStdout, c.Logging.EnableFileLogging = false, false
	n, err := Start(t.Context(), c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.SQL().Execute(t.Context(), model.NewSession("http"), "CREATE TABLE t (ts TIMESTAMP TIME INDEX)"); err != nil {
		t.Fatal(err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused := func(why string) {
		t.Helper()
		n, err := Start(t.Context(), c, Options{})
		if err == nil {
			_ = n.Stop(t.Context())
			t.Fatal("it started")
		}
		if !strings.Contains(err.Error(), "meta.db") || !strings.Contains(err.Error(), why) {
			t.Error(err)
		}
	}
	name := filepath.Join(c.Storage.DataHome, metaName)
	if err := os.Truncate(name, 9000); err != nil {
		t.Fatal(err)
	}
	refused("damaged")
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	refused("missing")
}
