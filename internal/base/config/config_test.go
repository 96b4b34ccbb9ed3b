package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "c.toml")
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFileBeatsEnvironmentBeatsDefault(t *testing.T) {
	p := write(t, "[http]\naddr = '127.0.0.1:5000'\n[[region_engine]]\n[region_engine.mito]\nauto_flush_interval = '1h'\n")
	c, warnings, err := Load(p, DefaultEnvPrefix, []string{
		"GREPTIMEDB_STANDALONE__HTTP__ADDR=0.0.0.0:1", "GREPTIMEDB_STANDALONE__HTTP__BODY_LIMIT=1MB",
		"GREPTIMEDB_STANDALONE__REGION_ENGINE__MITO__WORKER_CHANNEL_SIZE=7", "GOPTIMEDB_STANDALONE__WAL__SYNC_WRITE=false",
	})
	if err != nil || len(warnings) != 0 {
		t.Fatal(err, warnings)
	}
	if c.HTTP.Addr != "127.0.0.1:5000" || c.HTTP.BodyLimit != 1<<20 || c.WAL.SyncWrite {
		t.Errorf("got %+v %+v", c.HTTP, c.WAL)
	}
	if m := c.Mito(); m.AutoFlushInterval.Std() != time.Hour || m.WorkerChannelSize != 7 || m.ManifestCheckpointDistance != 10 {
		t.Errorf("got %+v", m)
	}
}

func TestUnknownKeysAreNamed(t *testing.T) {
	p := write(t, "nonsense = 1\n[http]\naddr = '127.0.0.1:5000'\n[runtime]\nglobal_rt_size = 8\n")
	c, warnings, err := Load(p, DefaultEnvPrefix, nil)
	if err != nil || len(warnings) != 2 || c.HTTP.Addr != "127.0.0.1:5000" {
		t.Fatal(err, warnings)
	}
	if !strings.Contains(warnings[0], `c.toml:1: unknown key "nonsense"`) || !strings.Contains(warnings[1], "no effect") {
		t.Error(warnings)
	}
}

func TestFaultsAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"[http\n":                       "c.toml:1:",
		"[http]\nbody_limit = 'many'\n": "many",
		"[logging]\nlog_format = 3\n":   "LogFormat",
	} {
		if _, _, err := Load(write(t, text), DefaultEnvPrefix, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want it to name %q", text, err, want)
		}
	}
	c := Default()
	c.HTTP.Addr, c.Storage.Type, c.WAL.Provider = "x", "Tape", "paper"
	err := c.Validate()
	for _, want := range []string{"http.addr", "storage.type", "wal.provider"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func TestPrintedConfigReadsBack(t *testing.T) {
	c := Default()
	c.Resolve()
	text, err := c.TOML()
	if err != nil {
		t.Fatal(err)
	}
	d, warnings, err := Load(write(t, text), DefaultEnvPrefix, nil)
	if err != nil || len(warnings) != 0 {
		t.Fatal(err, warnings, text)
	}
	again, _ := d.TOML()
	if again != text {
		t.Errorf("printed:\n%s\nread back:\n%s", text, again)
	}
	if err := d.Validate(); err != nil {
		t.Error(err)
	}
}
