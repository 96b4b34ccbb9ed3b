package process

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestStartStop(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	ready := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	defer ready.Close()
	log := filepath.Join(t.TempDir(), "log")
	s, err := Start(context.Background(), Command{Name: "sleeper", Path: sh, Args: []string{"-c", "exec sleep 1000"}, ReadyURL: ready.URL,
		LogFile: log})
	if err != nil {
		t.Fatal(err)
	}
	if s.PID() <= 0 {
		t.Error("no process id")
	}
	if err := s.Died(); err != nil {
		t.Error(err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if s.Died() == nil {
		t.Error("still there")
	}
	if err := s.Stop(); err != nil {
		t.Error("second stop:", err)
	}
}

func TestStartTellsWhy(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	never := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }))
	defer never.Close()
	_, err = Start(context.Background(), Command{Name: "broken", Path: sh, Args: []string{"-c", "echo no port left; exit 3"},
		ReadyURL: never.URL, LogFile: filepath.Join(t.TempDir(), "log")})
	if err == nil || !strings.Contains(err.Error(), "no port left") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("%v", err)
	}
	if _, err := Start(context.Background(), Command{Name: "none", Path: "/nowhere/at/all", LogFile: filepath.Join(t.TempDir(), "log")}); err == nil {
		t.Error("a program that is not there was started")
	}
}
