package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDataDirIsLockedAndMarked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b")
	d, err := openDataDir(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openDataDir(path); err == nil || !strings.Contains(err.Error(), "in use") || !strings.Contains(err.Error(), path) {
		t.Fatalf("second open: %v", err)
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	if d, err = openDataDir(path); err != nil {
		t.Fatal(err)
	}
	_ = d.close()
	if err := os.WriteFile(filepath.Join(path, markerName), []byte(`{"product":"goptimedb","layout":99}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openDataDir(path); err == nil || !strings.Contains(err.Error(), "layout 99") {
		t.Fatalf("newer layout: %v", err)
	}
}

func TestForeignDirectoryIsRefused(t *testing.T) {
	path := t.TempDir()
	if err := os.WriteFile(filepath.Join(path, "thesis.doc"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openDataDir(path); err == nil || !strings.Contains(err.Error(), "thesis.doc") {
		t.Fatalf("got %v", err)
	}
}
