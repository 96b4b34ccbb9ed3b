package postgres

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/server/certs"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// loginLimit bounds messages of clients that are not logged in.
const loginLimit = 64 << 10

// defaultUser is shown where a client gives no name.
const defaultUser = "greptime"

// alpn is the name of the protocol in TLS, for clients that begin with it.
const alpn = "postgresql"

// bufferedConn is a connection of which some bytes have been read already.
type bufferedConn struct {
	net.Conn
	r io.Reader
}

func (b *bufferedConn) Read(p []byte) (int, error) { return b.r.Read(p) }

// startup answers what comes before the startup message, and gives that; nil where the client only wanted something cancelled.
func (c *conn) startup(ctx context.Context) (*pgproto3.StartupMessage, error) {
	br := bufio.NewReaderSize(c.raw, 1)
	first, err := br.Peek(1)
	if err != nil {
		return nil, err
	}
	c.listen(&bufferedConn{c.raw, br})
	if first[0] == 0x16 && c.s.opt.TLS != nil { // a TLS handshake without asking for it
		if err := c.encrypt(ctx, &bufferedConn{c.raw, br}); err != nil {
			return nil, err
		}
		if t, ok := c.nc.(*tls.Conn); ok && t.ConnectionState().NegotiatedProtocol != alpn {
			return nil, errs.New(errs.InvalidArguments, "the client began with TLS, but not for %s", alpn)
		}
	}
	for range 4 { // more questions than that no client has
		m, err := c.back.ReceiveStartupMessage()
		if err != nil {
			return nil, err
		}
		switch m := m.(type) {
		case *pgproto3.SSLRequest:
			if c.s.opt.TLS == nil || c.tls {
				_, err = c.nc.Write([]byte{'N'})
			} else if _, err = c.nc.Write([]byte{'S'}); err == nil {
				// What came in clear together with the request must not be taken for part of what is said in secret: the decoder that
				// holds it is dropped.
				err = c.encrypt(ctx, &bufferedConn{c.raw, br})
			}
			if err != nil {
				return nil, err
			}
		case *pgproto3.GSSEncRequest:
			if _, err := c.nc.Write([]byte{'N'}); err != nil {
				return nil, err
			}
		case *pgproto3.CancelRequest:
			if c.s.cancel(m.ProcessID, m.SecretKey) {
				c.s.opt.Log.Debug("cancel request", "protocol", "postgres", "connection", m.ProcessID)
			}
			return nil, nil
		case *pgproto3.StartupMessage:
			return m, nil
		}
	}
	return nil, errs.New(errs.InvalidArguments, "no startup message")
}

// listen has messages cut from r until the client is logged in, and from the reading goroutine then.
func (c *conn) listen(nc net.Conn) { c.speak(nc, &source{c: c, before: nc}) }

// encrypt goes on over TLS.
func (c *conn) encrypt(ctx context.Context, nc net.Conn) error {
	t := tls.Server(nc, c.s.tls)
	if err := t.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("tls handshake: %w", err)
	}
	c.listen(t)
	c.tls = true
	return nil
}

// login finds out who the client is and what it wants, and tells it about the session. It answers, also where it returns an error.
func (c *conn) login(ctx context.Context) error {
	m, err := c.startup(ctx)
	if err != nil {
		return err
	}
	if m == nil {
		return errQuit
	}
	if c.s.opt.RequireTLS && !c.tls {
		c.fatal(state("28000", "No encryption"))
		return errs.New(errs.AccessDenied, "client did not encrypt")
	}
	if err := c.version(m); err != nil {
		return err
	}
	if m.Parameters["replication"] != "" && m.Parameters["replication"] != "false" {
		err := state("0A000", "replication is not supported")
		c.fatal(err)
		return err
	}
	rights, err := c.authenticate(ctx, m.Parameters["user"])
	if err != nil {
		c.s.m.AuthFailed.WithLabelValues(errs.CodeOf(err).String()).Inc()
		c.fatal(state("28P01", "password authentication failed for user %q", m.Parameters["user"]))
		return err
	}
	if t, ok := c.nc.(*tls.Conn); c.s.opt.NamedTLS && (!ok || certs.Name(t.ConnectionState()) != m.Parameters["user"]) {
		c.s.m.AuthFailed.WithLabelValues(errs.AccessDenied.String()).Inc()
		err := state("28000", "certificate authentication failed for user %q", m.Parameters["user"])
		err.detail = "The client's certificate is made out to somebody else."
		c.fatal(err)
		return err
	}
	c.sess.Rights = rights
	if c.sess.User = m.Parameters["user"]; c.sess.User == "" {
		c.sess.User = defaultUser
	}
	if !c.s.conns.Claim(c.id, c.sess.User) {
		err := state("53300", "too many connections for role %q", c.sess.User)
		c.fatal(err)
		return err
	}
	if err := c.database(ctx, m.Parameters["database"]); err != nil {
		c.fatal(err)
		return err
	}
	if err := c.choose(ctx, m.Parameters); err != nil {
		c.fatal(err)
		return err
	}
	c.w.send(&pgproto3.AuthenticationOk{})
	for _, p := range c.parameters() {
		c.w.send(&p)
	}
	c.w.send(&pgproto3.BackendKeyData{ProcessID: c.id, SecretKey: c.secret[:]})
	return c.ready()
}

// version answers clients of a later minor version of the protocol with ours.
func (c *conn) version(m *pgproto3.StartupMessage) error {
	var unknown []string
	for name := range m.Parameters {
		if strings.HasPrefix(name, "_pq_.") {
			unknown = append(unknown, name)
		}
	}
	if m.ProtocolVersion <= pgproto3.ProtocolVersion30 && len(unknown) == 0 {
		return nil
	}
	c.w.send(&pgproto3.NegotiateProtocolVersion{NewestMinorProtocol: pgproto3.ProtocolVersion30, UnrecognizedOptions: unknown})
	return c.w.flush()
}

// database turns the session to [catalog-]schema; the catalog's own name is its default schema.
func (c *conn) database(ctx context.Context, name string) error {
	if name == "" {
		return state("3D000", "Database not specified")
	}
	schema := name
	if catalog, s, ok := strings.Cut(name, "-"); ok && catalog == model.DefaultCatalog && s != "" {
		schema = s
	}
	err := c.use(ctx, schema)
	if err != nil && name == model.DefaultCatalog {
		err = c.use(ctx, model.DefaultDatabase)
	}
	if errs.Is(err, errs.DatabaseNotFound) || errs.Is(err, errs.InvalidArguments) {
		return state("3D000", "Database not found: %s", name)
	}
	return err
}

func (c *conn) use(ctx context.Context, schema string) error {
	p := sql.Printer{Dialect: sql.Postgres}
	name := sql.Ident{Name: schema, Quoted: true}
	text := p.Text("USE ").Ident(name).String()
	_, err := c.s.opt.SQL.Statement(ctx, c.sess, &sql.Use{Stmt: sql.Stmt{Src: text}, Database: sql.ObjectName{name}})
	return err
}

// authenticate lets the client prove its password.
func (c *conn) authenticate(ctx context.Context, user string) (model.Rights, error) {
	auth := c.s.opt.Auth
	if auth == nil {
		return model.ReadWrite, nil
	}
	if auth.AllSCRAM() {
		return c.scram(ctx, user)
	}
	c.w.send(&pgproto3.AuthenticationCleartextPassword{})
	if err := c.w.flush(); err != nil {
		return 0, err
	}
	if err := c.back.SetAuthType(pgproto3.AuthTypeCleartextPassword); err != nil {
		return 0, err
	}
	m, err := c.answer()
	if err != nil {
		return 0, err
	}
	p, ok := m.(*pgproto3.PasswordMessage)
	if !ok {
		return 0, errs.New(errs.InvalidAuthHeader, "%T in place of a password", m)
	}
	return auth.Check(ctx, user, p.Password)
}

// answer gives the client's next message of the login.
func (c *conn) answer() (pgproto3.FrontendMessage, error) {
	c.back.SetMaxBodyLen(loginLimit)
	m, err := c.back.Receive()
	if err != nil {
		return nil, errs.Wrap(errs.InvalidAuthHeader, err, "login")
	}
	return m, nil
}

// scram is SCRAM-SHA-256.
func (c *conn) scram(ctx context.Context, user string) (model.Rights, error) {
	c.w.send(&pgproto3.AuthenticationSASL{AuthMechanisms: []string{wire.ScramName}})
	if err := c.w.flush(); err != nil {
		return 0, err
	}
	if err := c.back.SetAuthType(pgproto3.AuthTypeSASL); err != nil {
		return 0, err
	}
	m, err := c.answer()
	if err != nil {
		return 0, err
	}
	first, ok := m.(*pgproto3.SASLInitialResponse)
	if !ok || first.AuthMechanism != wire.ScramName {
		return 0, errs.New(errs.UnsupportedPasswordType, "the client wants to log in by other than %s", wire.ScramName)
	}
	keys, rights, known := c.s.opt.Auth.SCRAM(ctx, user)
	exchange := wire.NewScram(keys)
	reply, err := exchange.First(first.Data)
	if err != nil {
		return 0, errs.Wrap(errs.InvalidAuthHeader, err, "scram")
	}
	c.w.send(&pgproto3.AuthenticationSASLContinue{Data: reply})
	if err := c.w.flush(); err != nil {
		return 0, err
	}
	if err := c.back.SetAuthType(pgproto3.AuthTypeSASLContinue); err != nil {
		return 0, err
	}
	if m, err = c.answer(); err != nil {
		return 0, err
	}
	last, ok := m.(*pgproto3.SASLResponse)
	if !ok {
		return 0, errs.New(errs.InvalidAuthHeader, "%T in place of a proof", m)
	}
	reply, err = exchange.Final(last.Data)
	switch {
	case err != nil && !known:
		return 0, errs.New(errs.UserNotFound, "User not found, username: %s", user)
	case err != nil:
		return 0, errs.Wrap(errs.UserPasswordMismatch, err, "username: %s", user)
	case !known:
		return 0, errs.New(errs.UserNotFound, "User not found, username: %s", user)
	}
	c.w.send(&pgproto3.AuthenticationSASLFinal{Data: reply})
	return rights, nil
}
