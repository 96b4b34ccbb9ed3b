package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// States of a transaction, as ReadyForQuery tells them. There are none in truth: statements stand on their own; but clients that begin
// one count on being told so, and on nothing being done after an error.
const (
	txIdle   = 'I'
	txOpen   = 'T'
	txFailed = 'E'
)

// conn is one client. Its members belong to the goroutine of serve, save mu.
type conn struct {
	s      *Server
	id     uint32
	secret [4]byte
	raw    net.Conn // what is closed
	nc     net.Conn // what is spoken over: raw, or TLS on it
	tls    bool
	back   *pgproto3.Backend
	w      writer
	sess   *model.Session

	// chunks are bytes from the reading goroutine, valid until the next ones are received. It closes the channel at the end of the connection.
	// Nil while nobody is logged in.
	chunks  chan []byte
	rest    []byte    // of the last chunk
	waiting bool      // for the first byte of a message
	due     time.Time // when the next piece of a message must have come
	piece   int       // bytes of it that came
	lost    bool      // no more bytes come

	tx       byte
	warned   bool // that there are no transactions
	skipping bool // an extended message failed: all up to Sync is passed over
	style    wire.Style
	vars     map[string]string // what SET chose, by lower-case name
	stmts    map[string]*prepared
	portals  map[string]*portal
	named    map[string]*prepared // of PREPARE
	cursors  map[string]*portal
	notices  []pgproto3.NoticeResponse

	mu struct {
		sync.Mutex
		cancel context.CancelCauseFunc // of the running statement; nil between statements
		ended  bool                    // the connection shall end
	}
}

func newConn(s *Server, nc net.Conn, id uint32) *conn {
	c := &conn{s: s, raw: nc, id: id, tx: txIdle, stmts: map[string]*prepared{}, portals: map[string]*portal{}, named: map[string]*prepared{},
		cursors: map[string]*portal{}, vars: map[string]string{}}
	rand.Read(c.secret[:])
	c.sess = model.NewSession("postgres")
	c.sess.Dialect = model.DialectPostgres
	c.sess.Timezone = s.opt.Zone
	c.sess.Client = nc.RemoteAddr().String()
	c.sess.ID = id
	c.speak(nc, nc)
	return c
}

// speak turns reading to r and writing to nc.
func (c *conn) speak(nc net.Conn, r io.Reader) {
	c.nc = nc
	c.back = pgproto3.NewBackend(r, io.Discard)
	c.w.w = &deadlineWriter{nc, c.s.opt.WriteTimeout}
}

// deadlineWriter gives every write a time limit, so that a client that stops reading does not hold a query for ever.
type deadlineWriter struct {
	nc      net.Conn
	timeout time.Duration
}

func (w *deadlineWriter) Write(b []byte) (int, error) {
	w.nc.SetWriteDeadline(time.Now().Add(w.timeout))
	return w.nc.Write(b)
}

// writer collects messages. Its first error stays.
type writer struct {
	w   io.Writer
	buf []byte
	err error
}

// flushAt is how many bytes are collected before they are written: a few packets, and little beside a batch of rows.
const flushAt = 64 << 10

func (w *writer) send(m pgproto3.BackendMessage) error {
	b, err := m.Encode(w.buf)
	if err != nil {
		return err
	}
	w.buf = b
	return w.room()
}

// room writes what was collected if it is much.
func (w *writer) room() error {
	if len(w.buf) < flushAt {
		return w.err
	}
	return w.flush()
}

func (w *writer) flush() error {
	if w.err == nil && len(w.buf) > 0 {
		_, w.err = w.w.Write(w.buf)
	}
	if cap(w.buf) > 16*flushAt {
		w.buf = nil // a rare giant gives its memory back
	}
	w.buf = w.buf[:0]
	return w.err
}

// Refuse tells a client that there is no room for it.
func (c *conn) Refuse() {
	c.raw.SetDeadline(time.Now().Add(c.s.opt.LoginTimeout))
	if m, err := c.startup(context.Background()); err == nil && m != nil {
		c.fatal(state("53300", "sorry, too many clients already"))
	}
}

// fatal sends an error that ends the connection.
func (c *conn) fatal(err error) {
	c.s.m.Errors.Inc()
	r := c.response(err, "")
	r.Severity, r.SeverityUnlocalized = "FATAL", "FATAL"
	c.w.send(r)
	c.w.flush()
}

// Cut closes the socket under the connection.
func (c *conn) Cut() { c.raw.Close() }

// Serve is the life of a connection.
func (c *conn) Serve() {
	log := c.s.opt.Log.With("protocol", "postgres", "client", c.raw.RemoteAddr().String(), "connection", c.id)
	defer func() {
		if p := recover(); p != nil {
			log.Error("connection panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	ctx, cancel := context.WithCancelCause(c.s.conns.Context())
	defer cancel(nil)
	c.raw.SetDeadline(time.Now().Add(c.s.opt.LoginTimeout))
	if err := c.login(ctx); err != nil {
		log.Debug("login", "err", err)
		return
	}
	c.raw.SetDeadline(time.Time{})
	c.back.SetMaxBodyLen(c.s.opt.MaxMessage)

	c.chunks = make(chan []byte)
	done := make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() { c.read(done, cancel) })
	defer reading.Wait()
	defer c.raw.Close() // before the wait: it ends the reading
	defer close(done)
	defer c.forget()
	err := c.messages(ctx)
	if s := (*stated)(nil); errors.As(err, &s) && s != errGone {
		c.fatal(s)
	}
	if err != nil && err != errQuit {
		log.Debug("connection ended", "err", err)
	}
}

// forget closes all that is open.
func (c *conn) forget() {
	c.closePortals()
	for name := range c.cursors {
		c.closeCursor(name)
	}
	c.s.m.Prepared.Sub(float64(len(c.stmts) + len(c.named)))
	clear(c.stmts)
	clear(c.named)
}

// source is what the reading goroutine reads from, and Read what the messages are cut from once it runs.
type source struct {
	c      *conn
	before io.Reader // while nobody is logged in
}

func (r *source) Read(p []byte) (int, error) {
	if r.c.chunks == nil {
		return r.before.Read(p)
	}
	return r.c.receive(p)
}

// read passes bytes on until the connection ends, and then ends the statement that runs. Two buffers take turns: whoever receives a
// chunk is done with the one before.
func (c *conn) read(done <-chan struct{}, gone context.CancelCauseFunc) {
	defer close(c.chunks)
	var bufs [2][]byte
	for i := 0; ; i = 1 - i {
		if bufs[i] == nil {
			bufs[i] = make([]byte, 16<<10)
		}
		n, err := c.nc.Read(bufs[i])
		if err != nil {
			gone(errGone)
		}
		if n > 0 {
			select {
			case c.chunks <- bufs[i][:n]:
			case <-done:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// pieceBytes is how much of a message has to come within ReadTimeout.
const pieceBytes = 64 << 10

// receive gives bytes that came. Between messages it may take as long as idle clients may; within one, a piece as long as reading may.
func (c *conn) receive(p []byte) (int, error) {
	if len(c.rest) == 0 {
		limit, stop := time.Duration(0), (<-chan struct{})(nil)
		if c.waiting {
			limit, stop = c.s.opt.IdleTimeout, c.s.conns.Stopping()
		} else if limit = time.Until(c.due); limit <= 0 {
			return 0, errStuck
		}
		var late <-chan time.Time
		if limit > 0 {
			t := time.NewTimer(limit)
			defer t.Stop()
			late = t.C
		}
		select {
		case k, ok := <-c.chunks:
			if !ok {
				c.lost = true
				return 0, io.EOF
			}
			c.rest = k
			if c.piece += len(k); c.piece >= pieceBytes {
				c.begin()
			}
		case <-late:
			if c.waiting {
				return 0, errIdle
			}
			return 0, errStuck
		case <-stop:
			return 0, errTerminated
		}
	}
	if c.waiting {
		c.waiting = false
		c.begin()
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// begin starts the time of a piece.
func (c *conn) begin() { c.piece, c.due = 0, time.Now().Add(c.s.opt.ReadTimeout) }

// next gives the next message, which is valid until the one after.
func (c *conn) next() (pgproto3.FrontendMessage, error) {
	c.waiting = true
	m, err := c.back.Receive()
	if err == nil {
		return m, nil
	}
	var big *pgproto3.ExceededMaxBodyLenErr
	var own *stated
	switch {
	case errors.As(err, &own):
		return nil, own
	case errors.As(err, &big):
		return nil, state("08P01", "invalid message length: %d bytes where %d are allowed", big.ActualBodyLen, big.MaxExpectedBodyLen)
	case c.lost:
		return nil, errGone
	}
	return nil, state("08P01", "invalid message: %s", err)
}

// messages runs the client's messages until one of both has enough.
func (c *conn) messages(ctx context.Context) error {
	for {
		if c.hasEnded() {
			return errTerminated
		}
		m, err := c.next()
		if err != nil {
			return err
		}
		if err := c.message(ctx, m); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if c.w.err != nil {
			return c.w.err
		}
	}
}

// message runs one message. An error ends the connection.
func (c *conn) message(ctx context.Context, m pgproto3.FrontendMessage) error {
	switch m.(type) {
	case *pgproto3.Terminate:
		return errQuit
	case *pgproto3.Sync:
		c.skipping = false
		if c.tx == txIdle {
			c.closePortals()
		}
		return c.ready()
	}
	if c.skipping {
		return nil
	}
	if err := c.stillThere(ctx); err != nil {
		return err
	}
	var err error
	text := ""
	switch m := m.(type) {
	case *pgproto3.Query:
		c.skipping = false
		return c.simple(ctx, m.String)
	case *pgproto3.Parse:
		text, err = m.Query, c.parse(ctx, m)
	case *pgproto3.Bind:
		err = c.bind(ctx, m)
	case *pgproto3.Describe:
		text, err = c.describe(ctx, m)
	case *pgproto3.Execute:
		text, err = c.execute(ctx, m)
	case *pgproto3.Close:
		err = c.close(m)
	case *pgproto3.Flush:
		return c.w.flush()
	case *pgproto3.CopyData, *pgproto3.CopyDone, *pgproto3.CopyFail:
		return nil // of a COPY that failed: the rest of what the client had sent
	case *pgproto3.FunctionCall:
		err = state("0A000", "function calls are not supported, use SELECT")
		c.fail(err, "")
		return c.ready()
	default:
		return state("08P01", "unexpected message %T", m)
	}
	if err != nil {
		c.fail(err, text)
		c.skipping = true
		return c.w.flush() // a client may wait for it before it sends Sync: a Flush that it sent is passed over
	}
	return c.w.err
}

// stillThere looks up what the user may do by now. The connection of a user who was taken away since the login ends.
func (c *conn) stillThere(ctx context.Context) error {
	if c.s.opt.Auth == nil {
		return nil
	}
	rights, err := c.s.opt.Auth.Rights(ctx, c.sess.User)
	if errs.Is(err, errs.UserNotFound) {
		return state("28000", "role %q was dropped", c.sess.User)
	}
	if err == nil {
		c.sess.Rights = rights
	}
	return err
}

// fail sends an error that ends a statement.
func (c *conn) fail(err error, text string) {
	c.s.m.Errors.Inc()
	if c.tx == txOpen {
		c.tx = txFailed
	}
	c.tell()
	c.w.send(c.response(err, text))
}

// ready says that the next statement may come, and sends all there is.
func (c *conn) ready() error {
	c.tell()
	c.w.send(&pgproto3.ReadyForQuery{TxStatus: c.tx})
	return c.w.flush()
}

// notice keeps a warning until it may be sent.
func (c *conn) notice(code, msg string) {
	c.notices = append(c.notices, pgproto3.NoticeResponse{Severity: severityNotice(code), SeverityUnlocalized: severityNotice(code), Code: code, Message: msg})
}

func severityNotice(code string) string {
	if code == "00000" {
		return "NOTICE"
	}
	return "WARNING"
}

// tell sends what warnings there are.
func (c *conn) tell() {
	for i := range c.notices {
		c.w.send(&c.notices[i])
	}
	c.notices = nil
}

// run has a statement run under a context that kill ends, and that is ctx's child. The second result must be called.
func (c *conn) running(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, c.watch(cancel, true)
}

// watch makes cancel what kill calls, until the result is called, which ends the context too if end.
func (c *conn) watch(cancel context.CancelCauseFunc, end bool) func() {
	c.mu.Lock()
	before := c.mu.cancel
	c.mu.cancel = cancel
	c.mu.Unlock()
	return func() {
		c.mu.Lock()
		c.mu.cancel = before
		c.mu.Unlock()
		if end {
			cancel(nil)
		}
	}
}

// kill ends the running statement, if any, for a reason; errTerminated ends the connection too. Any goroutine may call it.
func (c *conn) kill(why error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.cancel != nil {
		c.mu.cancel(why)
	}
	if why == errTerminated {
		c.mu.ended = true
		if c.mu.cancel == nil { // nothing runs: nobody would look at ended before the client says something
			c.raw.Close()
		}
	}
	return true
}

func (c *conn) hasEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.ended
}
