package node

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/catalog/infoschema"
	"github.com/goptimedb/goptimedb/internal/catalog/pgcatalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/server/certs"
	"github.com/goptimedb/goptimedb/internal/server/postgres"
)

// servePostgres opens the PostgreSQL listener.
func (n *Standalone) servePostgres(cfg *config.Standalone, cat *catalog.Catalog, reg prometheus.Registerer, zone *time.Location) (*wireListener, error) {
	names := &pgcatalog.Source{Catalog: cat, Info: &infoschema.Source{Catalog: cat}}
	tls, err := certs.Load(cfg.Postgres.TLS, n.log, time.Now)
	if err != nil {
		return nil, fmt.Errorf("postgres.tls: %w", err)
	}
	w := &cfg.Postgres
	s, err := postgres.New(postgres.Options{SQL: n.ops, Auth: n.postgresAuth(), TLS: tls.Config, RequireTLS: tls.Required, NamedTLS: tls.Named, Build: n.build.Version, Zone: zone,
		Describe: n.ops.Describe,
		Columns:  n.ops.Columns,
		Load: func(ctx context.Context, sess *model.Session, st *sql.CopyStream) (postgres.Loading, error) {
			return n.ops.Load(ctx, sess, st)
		},
		ClassOID: func(sess *model.Session, name string) (uint32, bool) {
			return names.ClassOID(sess.Database, name)
		},
		MaxConnections: w.MaxConnections, MaxPerUser: w.MaxConnectionsPerUser, MaxStatements: w.PreparedStmtCacheSize, MaxInText: cfg.Query.MaxStatements, MaxMessage: int(w.MaxAllowedPacket),
		LoginTimeout: w.LoginTimeout.Std(), IdleTimeout: w.IdleTimeout.Std(), ReadTimeout: w.ReadTimeout.Std(), WriteTimeout: w.WriteTimeout.Std(),
		KeepAlive: w.KeepAlive.Std(), Log: n.log, Metrics: reg})
	if err != nil {
		return nil, err
	}
	return n.serveWire("postgres", w.Addr, s)
}

// PostgresAddr is where PostgreSQL is spoken; empty: nowhere.
func (n *Standalone) PostgresAddr() string {
	if n.pg == nil {
		return ""
	}
	return n.pg.addr()
}
