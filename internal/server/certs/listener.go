package certs

import (
	"crypto/tls"
	"net"
	"sync"
)

// Listen encrypts the connections of l as t says. Where that is not required, clients that do not begin with a TLS handshake are served in
// clear, on the same port: for protocols whose clients speak first, as HTTP's do.
func (t TLS) Listen(l net.Listener) net.Listener {
	switch {
	case t.Config == nil:
		return l
	case t.Required:
		return tls.NewListener(l, t.Config)
	}
	return &either{l, t.Config}
}

type either struct {
	net.Listener
	conf *tls.Config
}

func (e *either) Accept() (net.Conn, error) {
	c, err := e.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &eitherConn{Conn: c, conf: e.conf}, nil
}

// eitherConn decides by the first byte that the client sends.
type eitherConn struct {
	net.Conn
	conf *tls.Config

	once sync.Once
	rest net.Conn // what is read and written after that
	err  error
}

// handshakeRecord is the first byte of TLS; no method of HTTP begins with it.
const handshakeRecord = 0x16

func (c *eitherConn) decide() {
	c.once.Do(func() {
		first := make([]byte, 1)
		if _, c.err = c.Conn.Read(first); c.err != nil {
			return
		}
		c.rest = &unread{Conn: c.Conn, b: first}
		if first[0] == handshakeRecord {
			c.rest = tls.Server(c.rest, c.conf)
		}
	})
}

func (c *eitherConn) Read(p []byte) (int, error) {
	if c.decide(); c.err != nil {
		return 0, c.err
	}
	return c.rest.Read(p)
}

func (c *eitherConn) Write(p []byte) (int, error) {
	if c.decide(); c.err != nil {
		return 0, c.err
	}
	return c.rest.Write(p)
}

// unread gives bytes that were read before.
type unread struct {
	net.Conn
	b []byte
}

func (u *unread) Read(p []byte) (int, error) {
	if len(u.b) > 0 && len(p) > 0 {
		n := copy(p, u.b)
		u.b = u.b[n:]
		return n, nil
	}
	return u.Conn.Read(p)
}
