package node

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/server/certs"
	"github.com/goptimedb/goptimedb/internal/server/mysql"
)

// wireListener is a listener of a wire protocol and the goroutine that serves it.
type wireListener struct {
	listen   net.Listener
	shutdown func(ctx context.Context) error
	served   chan struct{}
}

func (w *wireListener) addr() string { return w.listen.Addr().String() }

func (w *wireListener) stop(ctx context.Context) error {
	err := w.shutdown(ctx)
	<-w.served
	return err
}

// serveMySQL opens the MySQL listener.
func (n *Standalone) serveMySQL(cfg *config.Standalone, reg prometheus.Registerer, zone *time.Location) (*wireListener, error) {
	tls, required, err := certs.Load(cfg.MySQL.TLS, n.log, time.Now)
	if err != nil {
		return nil, fmt.Errorf("mysql.tls: %w", err)
	}
	s, err := mysql.New(mysql.Options{SQL: n.ops, Auth: n.mysqlAuth(), TLS: tls, RequireTLS: required, Build: n.build.Version, Zone: zone, Log: n.log, Metrics: reg})
	if err != nil {
		return nil, err
	}
	w := &wireListener{shutdown: s.Shutdown, served: make(chan struct{})}
	if w.listen, err = net.Listen("tcp", cfg.MySQL.Addr); err != nil {
		return nil, errs.Wrap(errs.InvalidArguments, err, "mysql.addr (mysql.enable = false turns it off)")
	}
	go func() {
		defer close(w.served)
		if err := s.Serve(w.listen); err != nil {
			n.failed <- fmt.Errorf("serve mysql: %w", err)
		}
	}()
	return w, nil
}

// MySQLAddr is where MySQL is spoken; empty: nowhere.
func (n *Standalone) MySQLAddr() string {
	if n.mysql == nil {
		return ""
	}
	return n.mysql.addr()
}
