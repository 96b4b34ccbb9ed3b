package mysql

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/server/certs"
	wire "github.com/goptimedb/goptimedb/internal/wire/mysql"
)

// loginLimit bounds packets of clients that are not logged in.
const loginLimit = 64 << 10

// defaultUser is shown where a client gives no name.
const defaultUser = "greptime"

// newSalt gives a challenge without the bytes that clients take for its end or for a separator.
func newSalt() (salt [wire.SaltLen]byte) {
	rand.Read(salt[:])
	for i, b := range salt {
		if b &= 0x7f; b == 0 || b == '$' {
			b++
		}
		salt[i] = b
	}
	return salt
}

// login greets, encrypts if the client wants it, and finds out who the client is. It answers, also where it returns an error.
func (c *conn) login(ctx context.Context) error {
	c.salt = newSalt()
	g := wire.Greeting{Version: c.s.opt.Version, Connection: c.id, Salt: c.salt, Caps: c.s.capabilities(), Status: wire.StatusAutocommit,
		Plugin: wire.PluginNative}
	if err := c.send(g.AppendTo(c.w.Begin())); err != nil {
		return err
	}
	l, err := c.receiveLogin()
	if err != nil {
		return err
	}
	if l.TLS {
		if err := c.encrypt(ctx); err != nil {
			return err
		}
		if l, err = c.receiveLogin(); err != nil {
			return err
		}
	}
	if c.s.opt.RequireTLS && !c.tls {
		c.answerError(errorNumber{3159, "HY000"}, "Connections using insecure transport are prohibited.")
		c.w.Flush()
		return errs.New(errs.AccessDenied, "client did not encrypt")
	}
	c.caps = l.Caps & c.s.capabilities()
	if err := c.enter(ctx, l); err != nil {
		c.w.Flush()
		return err
	}
	if err := c.send(wire.AppendOK(c.w.Begin(), 0, 0, wire.StatusAutocommit, 0)); err != nil {
		return err
	}
	if use := wire.CompressionOf(l); use.Algorithm != 0 {
		c.compress(use)
	}
	return nil
}

// compress goes on in compressed packets.
func (c *conn) compress(use wire.Compression) {
	c.packed = &packed{wire.NewCompressedReader(c.r, use, &c.s.pool, c.arriving), wire.NewCompressedWriter(c.out(), use, &c.s.pool)}
	c.r = bufio.NewReaderSize(c.packed.r, 16<<10)
	c.w = wire.NewWriter(c.packed.w)
}

// packed is the two sides of a connection that compresses.
type packed struct {
	r *wire.CompressedReader // of the reading goroutine
	w *wire.CompressedWriter
}

// send finishes a packet and writes it at once.
func (c *conn) send(b []byte) error {
	if err := c.w.End(b); err != nil {
		return err
	}
	return c.w.Flush()
}

func (c *conn) receiveLogin() (*wire.Login, error) {
	p, err := c.receive(0)
	if err != nil {
		return nil, err
	}
	l, err := wire.ParseLogin(p.payload)
	if err != nil {
		c.answerError(errorNumber{1043, "08S01"}, "Bad handshake")
		c.w.Flush()
	}
	return l, err
}

// bufferedConn is a connection of which some bytes have been read already.
type bufferedConn struct {
	net.Conn
	r io.Reader
}

func (b *bufferedConn) Read(p []byte) (int, error) { return b.r.Read(p) }

// encrypt goes on over TLS. What the client sent ahead is part of that.
func (c *conn) encrypt(ctx context.Context) error {
	if c.s.opt.TLS == nil {
		return errs.New(errs.InvalidArguments, "client wants TLS, which was not offered")
	}
	t := tls.Server(&bufferedConn{c.raw, c.r}, c.s.opt.TLS)
	if err := t.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("tls handshake: %w", err)
	}
	c.speak(t)
	c.tls = true
	return nil
}

// enter checks the password and the database. An error has been answered.
func (c *conn) enter(ctx context.Context, l *wire.Login) error {
	plugin, rights, err := c.authenticate(ctx, l)
	if t, ok := c.nc.(*tls.Conn); err == nil && c.s.opt.NamedTLS && (!ok || certs.Name(t.ConnectionState()) != l.User) {
		err = errs.New(errs.AccessDenied, "the certificate is not made out to user %q", l.User)
	}
	if err != nil {
		c.s.m.AuthFailed.WithLabelValues(errs.CodeOf(err).String()).Inc()
		c.answerError(errorNumber{1698, "28000"}, fmt.Sprintf("Authenticate failed, user: %q, auth_plugin: %q", l.User, plugin))
		return err
	}
	c.sess.Rights = rights
	if c.sess.User = l.User; l.User == "" {
		c.sess.User = defaultUser
	}
	if !c.s.conns.Claim(c.id, c.sess.User) {
		c.answerError(errorNumber{1203, "42000"}, fmt.Sprintf("User %s already has more than 'max_user_connections' active connections", c.sess.User))
		return errs.New(errs.RateLimited, "user %s has as many connections as one may have", c.sess.User)
	}
	if l.Database == "" {
		if c.s.opt.RejectNoDatabase {
			c.answerError(errorNumber{1102, "42000"}, "database required on connection")
			return errs.New(errs.InvalidArguments, "database required on connection")
		}
		return nil
	}
	if err := c.useDatabase(ctx, l.Database); err != nil {
		c.answer(err)
		return err
	}
	return nil
}

// authenticate lets the client prove its password. The name is that of the way it was tried.
func (c *conn) authenticate(ctx context.Context, l *wire.Login) (plugin string, rights model.Rights, err error) {
	plugin = l.Plugin
	if plugin == "" {
		plugin = wire.PluginNative
	}
	var acc Account
	var unknown error
	open := c.s.opt.Auth == nil
	if !open {
		if acc, err = c.s.opt.Auth.Account(ctx, l.User); err != nil {
			if !errs.Is(err, errs.UserNotFound) {
				return plugin, acc.Rights, err
			}
			unknown, acc.Rights = err, 0 // the exchange takes the course that it takes for the user whom the name resembles
			if acc.Password == nil && acc.NativeHash == nil && acc.Check == nil {
				acc.Password = fmt.Appendf(nil, "%x", newSalt())
			}
		}
	}
	proof := l.Auth
	native := open || acc.Password != nil || acc.NativeHash != nil
	use := plugin
	switch {
	case plugin == wire.PluginNative && native, plugin == wire.PluginClear && c.tls:
	case plugin == wire.PluginCachingSHA2 && len(proof) == sha256.Size:
	case plugin == wire.PluginCachingSHA2:
		use = "" // the client awaits the challenge under this name: the greeting's was for another
	case native:
		plugin, use = wire.PluginNative, ""
	default:
		plugin, use = wire.PluginCachingSHA2, ""
	}
	if use == "" {
		if proof, err = c.switchTo(plugin); err != nil {
			return plugin, acc.Rights, err
		}
	}
	switch {
	case open && plugin == wire.PluginCachingSHA2 && len(proof) > 1:
		err = c.send(wire.AppendAuthMore(c.w.Begin(), []byte{fastAuthOK})) // such a client awaits a word on its proof
	case open:
	case plugin == wire.PluginNative:
		err = c.checkNative(proof, acc)
	case plugin == wire.PluginCachingSHA2:
		err = c.checkCachingSHA2(ctx, proof, acc)
	default:
		err = checkClear(ctx, proof, acc)
	}
	if unknown != nil {
		err = unknown
	}
	return plugin, acc.Rights, err
}

// switchTo asks the client to log in another way, and gives what it answers.
func (c *conn) switchTo(plugin string) ([]byte, error) {
	if c.caps&wire.PluginAuth == 0 {
		return nil, errs.New(errs.UnsupportedPasswordType, "client cannot log in by %s", plugin)
	}
	if err := c.send(wire.AppendAuthSwitch(c.w.Begin(), plugin, c.salt)); err != nil {
		return nil, err
	}
	p, err := c.receive(c.s.opt.LoginTimeout)
	return p.payload, err
}

func mismatch() error { return errs.New(errs.UserPasswordMismatch, "wrong password") }

func (c *conn) checkNative(proof []byte, acc Account) error {
	var hash [sha1.Size]byte
	if len(acc.NativeHash) == len(hash) {
		copy(hash[:], acc.NativeHash)
	} else {
		hash = wire.NativeHash(acc.Password)
	}
	if !wire.CheckNative(proof, c.salt, hash) {
		return mismatch()
	}
	return nil
}

// Words of caching_sha2_password.
const (
	askForKey  = 2 // client: what is your public key?
	fastAuthOK = 3 // server: the proof will do
	needClear  = 4 // server: send the password itself
)

// checkCachingSHA2 takes the proof where the password is known; else it asks for the password, over TLS or encrypted.
func (c *conn) checkCachingSHA2(ctx context.Context, proof []byte, acc Account) error {
	if len(proof) <= 1 {
		return mismatch() // an empty password is nobody's
	}
	if acc.Password != nil {
		if !wire.CheckCachingSHA2(proof, c.salt, acc.Password) {
			return mismatch()
		}
		return c.send(wire.AppendAuthMore(c.w.Begin(), []byte{fastAuthOK}))
	}
	if err := c.send(wire.AppendAuthMore(c.w.Begin(), []byte{needClear})); err != nil {
		return err
	}
	p, err := c.receive(c.s.opt.LoginTimeout)
	if err != nil {
		return err
	}
	if c.tls {
		return checkClear(ctx, p.payload, acc)
	}
	key, public, err := c.s.keys.get()
	if err != nil {
		return err
	}
	if len(p.payload) == 1 && p.payload[0] == askForKey {
		if err := c.send(wire.AppendAuthMore(c.w.Begin(), public)); err != nil {
			return err
		}
		if p, err = c.receive(c.s.opt.LoginTimeout); err != nil {
			return err
		}
	}
	clear, err := rsa.DecryptOAEP(sha1.New(), nil, key, p.payload, nil)
	if err != nil {
		return mismatch()
	}
	for i := range clear {
		clear[i] ^= c.salt[i%len(c.salt)]
	}
	return checkClear(ctx, clear, acc)
}

// checkClear checks a password that a zero byte ends.
func checkClear(ctx context.Context, password []byte, acc Account) error {
	if n := len(password); n > 0 && password[n-1] == 0 {
		password = password[:n-1]
	}
	switch {
	case len(password) == 0:
		return mismatch()
	case acc.Check != nil:
		return acc.Check(ctx, password)
	case acc.Password != nil:
		have, want := sha1.Sum(password), sha1.Sum(acc.Password) // equal lengths, so that the comparison does not tell them
		if subtle.ConstantTimeCompare(have[:], want[:]) != 1 || len(password) != len(acc.Password) {
			return mismatch()
		}
		return nil
	case len(acc.NativeHash) == sha1.Size:
		if h := wire.NativeHash(password); subtle.ConstantTimeCompare(h[:], acc.NativeHash) != 1 {
			return mismatch()
		}
		return nil
	}
	return errs.New(errs.UnsupportedPasswordType, "the user's password cannot be checked")
}

// rsaKey is a key pair that lasts as long as the server and is made when first needed.
type rsaKey struct {
	once   sync.Once
	key    *rsa.PrivateKey
	public []byte
	err    error
}

func (k *rsaKey) get() (*rsa.PrivateKey, []byte, error) {
	k.once.Do(func() {
		if k.key, k.err = rsa.GenerateKey(rand.Reader, 2048); k.err != nil {
			return
		}
		var der []byte
		if der, k.err = x509.MarshalPKIXPublicKey(&k.key.PublicKey); k.err == nil {
			k.public = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		}
	})
	return k.key, k.public, k.err
}
