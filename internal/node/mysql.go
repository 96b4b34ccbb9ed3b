package node

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
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

// wireServer is a server of a wire protocol.
type wireServer interface {
	Serve(l net.Listener) error
	Shutdown(ctx context.Context) error
}

// serveWire opens the listener of a wire protocol, whose section of the configuration has its name.
func (n *Standalone) serveWire(protocol, addr string, s wireServer) (*wireListener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, errs.Wrap(errs.InvalidArguments, err, "%s.addr (%[1]s.enable = false turns it off)", protocol)
	}
	return n.startWire(protocol, l, s.Serve, s.Shutdown), nil
}

// startWire serves a listener until shutdown is called.
func (n *Standalone) startWire(protocol string, l net.Listener, serve func(net.Listener) error, shutdown func(ctx context.Context) error) *wireListener {
	w := &wireListener{listen: l, shutdown: shutdown, served: make(chan struct{})}
	go func() {
		defer close(w.served)
		if err := serve(l); err != nil {
			n.failed <- fmt.Errorf("serve %s: %w", protocol, err)
		}
	}()
	return w
}

// serveMySQL opens the MySQL listener.
func (n *Standalone) serveMySQL(cfg *config.Standalone, reg prometheus.Registerer, zone *time.Location) (*wireListener, error) {
	tls, err := certs.Load(cfg.MySQL.TLS, n.log, time.Now)
	if err != nil {
		return nil, fmt.Errorf("mysql.tls: %w", err)
	}
	w := &cfg.MySQL
	s, err := mysql.New(mysql.Options{SQL: n.ops, Auth: n.mysqlAuth(), TLS: tls.Config, RequireTLS: tls.Required, NamedTLS: tls.Named, Build: n.build.Version, Zone: zone,
		Describe: n.describeText, Version: os.Getenv("GREPTIMEDB_MYSQL_SERVER_VERSION"), RejectNoDatabase: w.RejectNoDatabase,
		MaxConnections: w.MaxConnections, MaxPerUser: w.MaxConnectionsPerUser, MaxStatements: w.PreparedStmtCacheSize, MaxInText: cfg.Query.MaxStatements, MaxPacket: int(w.MaxAllowedPacket),
		LoginTimeout: w.LoginTimeout.Std(), IdleTimeout: w.IdleTimeout.Std(), ReadTimeout: w.ReadTimeout.Std(), WriteTimeout: w.WriteTimeout.Std(),
		KeepAlive: w.KeepAlive.Std(), Log: n.log, Metrics: reg})
	if err != nil {
		return nil, err
	}
	return n.serveWire("mysql", w.Addr, s)
}

// describeText tells the columns of a query without running it. Other statements nobody describes.
func (n *Standalone) describeText(ctx context.Context, sess *model.Session, text string) ([]model.Field, error) {
	st, err := sql.ParseOne(text, sql.MySQL)
	if err != nil {
		return nil, err
	}
	q, ok := st.(*sql.QueryStmt)
	if !ok {
		return nil, errs.New(errs.Unsupported, "only queries are described")
	}
	return n.ops.Describe(ctx, sess, q.Query, nil)
}

// MySQLAddr is where MySQL is spoken; empty: nowhere.
func (n *Standalone) MySQLAddr() string {
	if n.mysql == nil {
		return ""
	}
	return n.mysql.addr()
}
