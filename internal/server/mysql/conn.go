package mysql

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/mysql"
)

// Reasons for which a statement's context ends.
var (
	errKilled = errs.New(errs.Cancelled, "Query execution was interrupted")
	errGone   = errs.New(errs.Cancelled, "the client is gone")
)

// errQuit ends a connection without an answer.
var errQuit = errors.New("quit")

// conn is one client. Its members belong to the goroutine of serve, save mu.
type conn struct {
	s    *Server
	id   uint32
	raw  net.Conn // what is closed
	nc   net.Conn // what is spoken over: raw, or TLS on it
	tls  bool
	r    *bufio.Reader // of the reading goroutine once that runs
	w    *wire.Writer
	caps wire.Capability
	salt [wire.SaltLen]byte
	sess *model.Session

	packed *packed // nil: nothing is compressed
	moving bool    // a packet is on its way; of the reading goroutine

	packets chan packet // from the reading goroutine; closed by it. Nil while nobody is logged in.

	stmts    map[uint32]*prepared
	lastStmt uint32
	named    map[string]*prepared    // of PREPARE … FROM
	vars     map[string]*sql.Literal // of SET @x = …
	warnings []string

	mu struct {
		sync.Mutex
		cancel context.CancelCauseFunc // of the running statement; nil between statements
		killed bool                    // the connection shall end
	}
}

// packet is a command, valid until the next one is received.
type packet struct {
	payload     []byte
	first, next byte
	packed      byte  // number of the compressed packet that an answer starts with
	err         error // wire.ErrTooLarge, or what ends the connection
}

func newConn(s *Server, nc net.Conn, id uint32) *conn {
	c := &conn{s: s, raw: nc, id: id, stmts: map[uint32]*prepared{}}
	c.speak(nc)
	c.resetSession()
	return c
}

// speak turns reading and writing to nc.
func (c *conn) speak(nc net.Conn) {
	seq := byte(0)
	if c.w != nil {
		seq = c.w.Seq()
	}
	c.nc = nc
	c.r = bufio.NewReaderSize(nc, 16<<10)
	c.w = wire.NewWriter(c.out())
	c.w.Reset(seq)
}

// out is where bytes for the client go.
func (c *conn) out() io.Writer { return &deadlineWriter{c.nc, c.s.opt.WriteTimeout} }

// arriving gives the next piece of a packet its time.
func (c *conn) arriving() {
	c.moving = true
	c.raw.SetReadDeadline(time.Now().Add(c.s.opt.ReadTimeout))
}

// resetSession forgets what the client set, prepared and was warned of.
func (c *conn) resetSession() {
	sess := model.NewSession("mysql")
	sess.Dialect = model.DialectMySQL
	sess.Timezone = c.s.opt.Zone
	sess.Client = c.raw.RemoteAddr().String()
	sess.ID = c.id
	if c.sess != nil {
		sess.User, sess.Rights, sess.Catalog, sess.Database = c.sess.User, c.sess.Rights, c.sess.Catalog, c.sess.Database
	}
	c.sess = sess
	c.forgetStatements()
	c.named, c.vars, c.warnings = nil, nil, nil
}

// forgetStatements closes what COM_STMT_PREPARE opened.
func (c *conn) forgetStatements() {
	for _, p := range c.stmts {
		p.closeCursor(c)
	}
	c.s.m.Prepared.Sub(float64(len(c.stmts)))
	clear(c.stmts)
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

// Refuse tells a client that there is no room for it.
func (c *conn) Refuse() {
	c.raw.SetDeadline(time.Now().Add(c.s.opt.LoginTimeout))
	c.w.End(wire.AppendErr(c.w.Begin(), 1040, "08004", "Too many connections"))
	c.w.Flush()
}

// Cut closes the socket under the connection.
func (c *conn) Cut() { c.raw.Close() }

// Serve is the life of a connection.
func (c *conn) Serve() {
	log := c.s.opt.Log.With("protocol", "mysql", "client", c.raw.RemoteAddr().String(), "connection", c.id)
	defer func() {
		c.forgetStatements()
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

	c.packets = make(chan packet)
	done := make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() { c.read(done, cancel) })
	defer reading.Wait()
	defer c.raw.Close() // before the wait: it ends the reading
	defer close(done)
	if err := c.commands(ctx); err != nil {
		log.Debug("connection ended", "err", err)
	}
}

// read passes packets on until the connection ends, and then ends the statement that runs. Two buffers take turns: whoever receives a
// packet is done with the one before.
func (c *conn) read(done <-chan struct{}, gone context.CancelCauseFunc) {
	defer close(c.packets)
	var bufs [2][]byte
	for i := 0; ; i = 1 - i {
		if cap(bufs[i]) > 256<<10 {
			bufs[i] = nil // a rare giant gives its memory back
		}
		var p packet
		p.payload, p.first, p.next, p.err = wire.ReadPacket(c.r, bufs[i], c.s.opt.MaxPacket, c.arriving)
		fatal := p.err != nil && !errors.Is(p.err, wire.ErrTooLarge)
		if c.moving && !fatal {
			c.moving = false
			c.raw.SetReadDeadline(time.Time{})
		}
		if c.packed != nil {
			p.packed = c.packed.r.Seq()
		}
		bufs[i] = p.payload
		if fatal {
			gone(errGone)
		}
		select {
		case c.packets <- p:
		case <-done:
			return
		}
		if fatal {
			return
		}
	}
}

// receive gives the next packet, which must come within d if d is not 0.
func (c *conn) receive(d time.Duration) (packet, error) {
	if c.packets == nil { // logging in: nobody reads for us
		var p packet
		p.payload, p.first, p.next, p.err = wire.ReadPacket(c.r, nil, loginLimit, nil)
		if p.err == nil && p.first != c.w.Seq() {
			p.err = wire.ErrSequence
		}
		c.w.Reset(p.next)
		return p, p.err
	}
	var late <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		late = t.C
	}
	select {
	case p, ok := <-c.packets:
		if !ok {
			return p, io.EOF
		}
		c.number(p.next, p.packed)
		return p, p.err
	case <-late:
		return packet{}, errs.New(errs.DeadlineExceeded, "the client was idle for %s", d)
	case <-c.s.conns.Stopping():
		return packet{}, errs.New(errs.Suspended, "Server shutdown in progress")
	}
}

// number sets what the packets that follow are numbered from; packed is for compressed ones.
func (c *conn) number(seq, packed byte) {
	c.w.Reset(seq)
	if c.packed != nil {
		c.packed.w.Reset(packed)
	}
}

// commands runs the client's commands until one of both has enough.
func (c *conn) commands(ctx context.Context) error {
	for {
		if c.isKilled() {
			return errKilled
		}
		p, err := c.receive(c.s.opt.IdleTimeout)
		switch {
		case err == nil && p.first != 0:
			err = wire.ErrSequence
			c.answerError(errorNumber{1156, "08S01"}, err.Error())
		case err == nil && len(p.payload) == 0:
			err = errs.New(errs.InvalidArguments, "empty command")
			c.answerError(errorNumber{1835, "HY000"}, "Malformed communication packet.")
		case err == nil:
			err = c.command(ctx, wire.Command(p.payload[0]), p.payload[1:])
		case errors.Is(err, wire.ErrTooLarge):
			err = c.answerError(errorNumber{1153, "08S01"}, "Got a packet bigger than 'max_allowed_packet' bytes")
		case errors.Is(err, wire.ErrCompressed):
			c.answerError(errorNumber{1157, "08S01"}, "Couldn't uncompress communication packet")
		case errs.Is(err, errs.Suspended):
			c.number(0, 0) // nobody asked
			c.answerError(errorNumber{1053, "08S01"}, "Server shutdown in progress")
		case errs.Is(err, errs.DeadlineExceeded):
			c.number(0, 0)
			c.answerError(errorNumber{4031, "HY000"}, "The client was disconnected by the server because of inactivity.")
		}
		if err != nil {
			c.w.Flush()
			return err
		}
		if err := c.w.Flush(); err != nil {
			return err
		}
	}
}

// statementContext makes the context of one statement, which KILL QUERY ends. The second result must be called.
func (c *conn) statementContext(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := c.watch(cancel)
	return ctx, func() {
		done()
		cancel(nil)
	}
}

// watch makes cancel what KILL QUERY calls, until the result is called.
func (c *conn) watch(cancel context.CancelCauseFunc) func() {
	c.mu.Lock()
	c.mu.cancel = cancel
	c.mu.Unlock()
	return func() {
		c.mu.Lock()
		c.mu.cancel = nil
		c.mu.Unlock()
	}
}

// kill ends the running statement, if any, and unless query the connection too. Any goroutine may call it.
func (c *conn) kill(query bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.cancel != nil {
		c.mu.cancel(errKilled)
	}
	if !query {
		c.mu.killed = true
		if c.mu.cancel == nil { // nothing runs: nobody would look at killed before the client says something
			c.raw.Close()
		}
	}
}

func (c *conn) isKilled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.killed
}
