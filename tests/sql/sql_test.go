// Package sql runs the SQL scripts below this directory against a whole process: by calls within it and over each of its protocols.
package sql

import (
	"context"
	"flag"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/node"
	"github.com/goptimedb/goptimedb/tests/sql/scripttest"
)

var update = flag.Bool("update", false, "rewrite the results of the scripts")

// process is a standalone process inside of this one.
type process struct {
	t    *testing.T
	cfg  *config.Standalone
	node *node.Standalone
}

// start starts a process with ports of its own. It ends with the test.
func start(t *testing.T) *process { return startWith(t, func(*config.Standalone) {}) }

// startWith is start with a configuration that tune has changed.
func startWith(t *testing.T, tune func(cfg *config.Standalone)) *process {
	cfg := config.Default()
	cfg.Storage.DataHome = t.TempDir()
	cfg.HTTP.Addr, cfg.MySQL.Addr, cfg.Postgres.Addr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	tune(cfg)
	cfg.Resolve()
	p := &process{t: t, cfg: cfg}
	p.start()
	t.Cleanup(p.stop)
	return p
}

func (p *process) start() {
	n, err := node.Start(context.Background(), p.cfg, node.Options{Build: node.Build{Version: "test"}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.node = n
}

func (p *process) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := p.node.Stop(ctx); err != nil {
		p.t.Error(err)
	}
}

func (p *process) Restart() { p.stop(); p.start() }

func (p *process) Execute(ctx context.Context, sess *model.Session, text string) ([]model.Output, error) {
	return p.node.SQL().Execute(ctx, sess, text)
}

func TestScripts(t *testing.T) {
	scripttest.Run(t, ".", *update, func(t *testing.T) scripttest.Database { return start(t) }, overHTTP, overMySQL, overPostgres)
}
