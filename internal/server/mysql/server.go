// Package mysql serves SQL to MySQL clients: connections, logins, commands, prepared statements, and the statements that clients send
// when they connect, which need no engine. The bytes are wire/mysql's; statements are done by server.SQL.
//
// A connection has two goroutines. One reads packets, and so notices a client that goes away while its statement runs; the other runs
// the commands one after the other and is the only one to write. Both are waited for by Shutdown.
package mysql

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/server"
	"github.com/goptimedb/goptimedb/internal/server/conns"
	wire "github.com/goptimedb/goptimedb/internal/wire/mysql"
)

// Options of a server. SQL is required.
type Options struct {
	SQL server.SQL
	// Auth knows the users. Nil: everybody is let in, under any name and password.
	Auth Authenticator
	// TLS, if not nil, is offered to clients; RequireTLS refuses those that do not take it.
	TLS        *tls.Config
	RequireTLS bool
	// NamedTLS refuses users whom the client's certificate is not made out to. Its name is trusted: TLS has to verify certificates.
	NamedTLS bool
	// Describe tells the columns that a statement with placeholders will give, for the answer to a prepare. Nil: clients learn them when
	// they execute. An error means that nobody knows.
	Describe func(ctx context.Context, sess *model.Session, text string) ([]model.Field, error)

	Version string         // that the greeting names. Empty: 8.4.2
	Product string         // of @@version_comment. Empty: GoptimeDB
	Build   string         // version of the product, the last part of version(). Empty: it is left out
	Zone    *time.Location // of sessions that set none. Nil: UTC

	MaxConnections int // 0: no limit
	MaxPerUser     int // connections of one user. 0: no limit
	MaxStatements  int // prepared by one connection. 0: 10000
	MaxInText      int // statements of one text. 0: sql.MaxStatements
	MaxPacket      int // bytes of a statement. 0: 64 MiB
	// RejectNoDatabase refuses clients that name no database when they connect.
	RejectNoDatabase bool

	LoginTimeout time.Duration // from connecting to being logged in. 0: 10 s
	IdleTimeout  time.Duration // between statements. 0: no limit
	// ReadTimeout and WriteTimeout bound how long a client may stop in the middle of a packet, or stop reading. Shorter gives up on slow
	// clients earlier; longer keeps their queries' memory longer. 0: 60 s, as in MySQL.
	ReadTimeout  time.Duration
	WriteTimeout time.Duration
	KeepAlive    time.Duration // of TCP. 0: the system's

	Log     *slog.Logger          // nil: silent
	Metrics prometheus.Registerer // nil: not counted
}

func (o *Options) defaults() {
	or := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	or(&o.LoginTimeout, 10*time.Second)
	or(&o.ReadTimeout, time.Minute)
	or(&o.WriteTimeout, time.Minute)
	if o.Version == "" {
		o.Version = "8.4.2"
	}
	if o.Product == "" {
		o.Product = "GoptimeDB"
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.MaxStatements == 0 {
		o.MaxStatements = 10000
	}
	if o.MaxPacket == 0 {
		o.MaxPacket = 64 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
}

// Server is a MySQL server on any number of listeners.
type Server struct {
	opt   Options
	m     *conns.Metrics
	keys  rsaKey
	start time.Time
	asked atomic.Uint64 // statements since start
	pool  wire.Compressors

	conns *conns.Set[*conn]
}

// New makes a server that has nothing to listen to yet.
func New(opt Options) (*Server, error) {
	if opt.SQL == nil {
		return nil, errs.New(errs.InvalidArguments, "mysql server: no SQL to serve")
	}
	if opt.RequireTLS && opt.TLS == nil {
		return nil, errs.New(errs.InvalidArguments, "mysql server: TLS is required but not configured")
	}
	opt.defaults()
	s := &Server{opt: opt, m: conns.NewMetrics("mysql", "MySQL", opt.Metrics), start: time.Now()}
	s.conns = conns.New(conns.Options[*conn]{Protocol: "mysql", Log: opt.Log, MaxConnections: opt.MaxConnections, MaxPerUser: opt.MaxPerUser, KeepAlive: opt.KeepAlive, Count: s.m.Connections,
		New: func(nc net.Conn, id uint32) *conn { return newConn(s, nc, id) }})
	return s, nil
}

// Serve answers clients of l until Shutdown; then it returns nil. It closes l.
func (s *Server) Serve(l net.Listener) error { return s.conns.Serve(l) }

// Shutdown stops accepting and lets running statements finish until ctx ends; then it cancels them and cuts their connections. It
// returns when no goroutine of the server is left.
func (s *Server) Shutdown(ctx context.Context) error { return s.conns.Shutdown(ctx) }

// find gives the connection of an id, or nil.
func (s *Server) find(id uint32) *conn {
	c, _ := s.conns.Find(id)
	return c
}

// capabilities that the greeting announces.
func (s *Server) capabilities() wire.Capability {
	caps := wire.LongPassword | wire.FoundRows | wire.LongFlag | wire.ConnectWithDB | wire.IgnoreSpace | wire.Protocol41 | wire.Interactive |
		wire.Transactions | wire.SecureConnection | wire.MultiStatements | wire.MultiResults | wire.PSMultiResults | wire.PluginAuth |
		wire.ConnectAttrs | wire.PluginAuthLenEnc | wire.DeprecateEOF | wire.Compress | wire.ZstdCompress
	if s.opt.TLS != nil {
		caps |= wire.SSL
	}
	return caps
}
