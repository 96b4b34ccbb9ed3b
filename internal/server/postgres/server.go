// Package postgres serves SQL to PostgreSQL clients: logins, the simple and the extended protocol, portals, cursors, COPY, cancelling,
// session variables, and the forms in which clients ask for their catalog. Messages are pgproto3's; values are wire/postgres's;
// statements are done by SQL.
//
//	server.go    the door; connections are accepted, found and stopped by server/conns
//	conn.go      one connection: its messages, one after the other
//	login.go     TLS, passwords, what is told at the start
//	query.go     statements in, results out
//	extended.go  Parse, Bind, Describe, Execute, Close
//	infer.go     types of parameters
//	front.go     statements that are about the session and answered here
//	variables.go SET, SHOW, RESET
//	copy.go      COPY to the client, and its options; copyin.go from it
//	compat.go    what clients say to PostgreSQL in the words of our dialect
//
// A connection has two goroutines. One reads bytes, and so notices a client that goes away while its statement runs; the other runs
// the messages one after the other and is the only one to write. Both are waited for by Shutdown.
package postgres

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	lang "github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/server/conns"
)

// SQL runs statements. It is called by many goroutines at once.
type SQL interface {
	// Statement runs one statement; params are the values of its placeholders. What is wrong with it, or with its rows, is an error with
	// a code. It does not change st.
	Statement(ctx context.Context, sess *model.Session, st lang.Statement, params ...model.Value) (model.Output, error)
}

// Options of a server. SQL is required.
type Options struct {
	SQL SQL
	// Auth knows the users. Nil: everybody is let in, under any name and password.
	Auth Authenticator
	// TLS, if not nil, is offered to clients; RequireTLS refuses those that do not take it.
	TLS        *tls.Config
	RequireTLS bool
	// NamedTLS refuses users whom the client's certificate is not made out to. Its name is trusted: TLS has to verify certificates.
	NamedTLS bool
	// Describe tells the columns of a query without running it. params have the types of its placeholders; their values do not matter.
	// Nil: queries are described by running them.
	Describe func(ctx context.Context, sess *model.Session, q *lang.Query, params []model.Value) ([]model.Field, error)
	// Load begins to write rows of COPY … FROM STDIN, for a user who may. Nil: it is not supported.
	Load func(ctx context.Context, sess *model.Session, st *lang.CopyStream) (Loading, error)
	// Columns are those of a table, in order, for the types of parameters. Nil: nobody knows.
	Columns func(ctx context.Context, sess *model.Session, name lang.ObjectName) ([]model.Column, error)
	// ClassOID gives the OID of a table that a name with or without a database stands for, for 'name'::regclass. Nil: none has one.
	ClassOID func(sess *model.Session, name string) (uint32, bool)

	Version string         // of PostgreSQL that is announced. Empty: 16.3
	Product string         // Empty: GoptimeDB
	Build   string         // version of the product. Empty: it is left out
	Zone    *time.Location // of sessions that set none. Nil: UTC

	MaxConnections int // 0: no limit
	MaxPerUser     int // connections of one user. 0: no limit
	MaxStatements  int // prepared, or cursors declared, by one connection. 0: 10000
	MaxInText      int // statements of one text. 0: lang.MaxStatements
	MaxMessage     int // bytes of a message. 0: 64 MiB

	LoginTimeout time.Duration // from connecting to being logged in. 0: 10 s
	IdleTimeout  time.Duration // between messages. 0: no limit
	// ReadTimeout and WriteTimeout bound how long a client may stop in the middle of a message, or stop reading. Shorter gives up on slow
	// clients earlier; longer keeps their queries' memory longer. 0: 60 s.
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
		o.Version = "16.3"
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
	if o.MaxMessage == 0 {
		o.MaxMessage = 64 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
}

// Server is a PostgreSQL server on any number of listeners.
type Server struct {
	opt Options
	m   *conns.Metrics
	tls *tls.Config // Options.TLS for alpn; nil: none

	conns *conns.Set[*conn]
}

// New makes a server that has nothing to listen to yet.
func New(opt Options) (*Server, error) {
	if opt.SQL == nil {
		return nil, errs.New(errs.InvalidArguments, "postgres server: no SQL to serve")
	}
	if opt.RequireTLS && opt.TLS == nil {
		return nil, errs.New(errs.InvalidArguments, "postgres server: TLS is required but not configured")
	}
	opt.defaults()
	s := &Server{opt: opt, m: conns.NewMetrics("postgres", "PostgreSQL", opt.Metrics), tls: forProtocol(opt.TLS)}
	s.conns = conns.New(conns.Options[*conn]{Protocol: "postgres", Log: opt.Log, MaxConnections: opt.MaxConnections, MaxPerUser: opt.MaxPerUser, KeepAlive: opt.KeepAlive, Count: s.m.Connections,
		New: func(nc net.Conn, id uint32) *conn { return newConn(s, nc, id) }})
	return s, nil
}

// forProtocol is a configuration that names the protocol, also where it chooses another one for each client.
func forProtocol(conf *tls.Config) *tls.Config {
	if conf == nil {
		return nil
	}
	out := conf.Clone()
	out.NextProtos = []string{alpn}
	if choose := conf.GetConfigForClient; choose != nil {
		out.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			chosen, err := choose(h)
			return forProtocol(chosen), err
		}
	}
	return out
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

// cancel ends what the connection of an id runs, if the caller knows its secret.
func (s *Server) cancel(id uint32, secret []byte) bool {
	c := s.find(id)
	if c == nil || subtle.ConstantTimeCompare(c.secret[:], secret) != 1 {
		return false
	}
	return c.kill(errCanceled)
}
