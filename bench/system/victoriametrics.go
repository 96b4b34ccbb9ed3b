package system

import (
	"context"
	"os/exec"
	"path/filepath"

	"github.com/goptimedb/goptimedb/bench/process"
	"github.com/goptimedb/goptimedb/bench/query"
)

// VictoriaMetrics is the program `victoria-metrics`, in a folder below root. It does not sync what it acknowledges.
func VictoriaMetrics(root string) (*System, error) {
	path, err := exec.LookPath("victoria-metrics")
	if err != nil {
		return nil, err
	}
	dir, addr, err := place(root, "victoriametrics")
	if err != nil {
		return nil, err
	}
	base := "http://" + addr
	return &System{
		Name: "victoriametrics", Dialect: query.PromQL{}, Base: base, Points: base + "/write", dir: dir,
		command: process.Command{Name: "victoriametrics", Path: path, ReadyURL: base + "/health", LogFile: filepath.Join(root, "victoriametrics.log"),
			// The data are some years old; results are kept for nobody.
			Args: []string{"-storageDataPath=" + dir, "-httpListenAddr=" + addr, "-retentionPeriod=100y", "-search.disableCache"}},
		flush: func(ctx context.Context, s *System) error {
			_, err := s.get(ctx, "/internal/force_flush")
			return err
		},
		busy: func(ctx context.Context, s *System) (bool, error) {
			page, err := s.get(ctx, "/metrics")
			return gauge(page, "vm_active_merges") > 0, err
		},
	}, nil
}
