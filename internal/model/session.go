package model

import "time"

// Dialect is the set of lexical rules by which a session's SQL is read.
type Dialect uint8

// The dialects: HTTP and gRPC speak Greptime's, the wire protocols their own.
const (
	DialectGreptime Dialect = iota
	DialectMySQL
	DialectPostgres
)

// Session is what a client connection or request brings with it. One goroutine at a time uses it.
type Session struct {
	Catalog  string
	Database string
	User     string // empty: nobody logged in
	Rights   Rights // of the user
	Client   string // address of the client; empty: not known
	Dialect  Dialect
	Protocol string         // "http", "mysql", "postgres", "influxdb", "prometheus" …: for metrics and the process list
	Timezone *time.Location // never nil
	Timeout  time.Duration  // of one statement; 0: none
	ID       uint32         // of the connection, as connection_id() and pg_backend_pid() tell it; 0: none
	Hints    map[string]string
	// Vars are the session's variables that SET wrote and nothing else keeps, such as datestyle, by name in lower case. Nil: none.
	Vars map[string]string
}

// ClientName is protocol and address of the client, as the process list shows them: mysql[127.0.0.1:4711].
func (s *Session) ClientName() string { return s.Protocol + "[" + s.Client + "]" }

// The names of the places that exist from the start.
const (
	DefaultCatalog  = "greptime"
	DefaultDatabase = "public"
	PrivateDatabase = "greptime_private"
)

// NewSession is a session of the default database in UTC.
func NewSession(protocol string) *Session {
	return &Session{Catalog: DefaultCatalog, Database: DefaultDatabase, Protocol: protocol, Timezone: time.UTC}
}
