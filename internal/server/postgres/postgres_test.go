package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	lang "github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// engine answers SELECTs with as many rows as their text's last word says, and blocks on "wait".
type engine struct {
	mu   sync.Mutex
	open int // streams that were given and not closed

	closed chan struct{} // a token for a stream that was closed
	rights atomic.Uint32 // of the session of the last statement
}

func (e *engine) Statement(ctx context.Context, sess *model.Session, st lang.Statement, params ...model.Value) (model.Output, error) {
	e.rights.Store(uint32(sess.Rights))
	switch st := st.(type) {
	case *lang.Use:
		if st.Database.Base() != "public" {
			return model.Output{}, errs.New(errs.DatabaseNotFound, "Database not found: %s", st.Database.Base())
		}
		return model.Output{}, nil
	case *lang.Insert:
		return model.Output{Affected: 3}, nil
	case *lang.QueryStmt:
		words := strings.Fields(st.Source())
		if words[len(words)-1] == "wait" {
			<-ctx.Done()
			return model.Output{}, ctx.Err()
		}
		n := 1
		if len(params) > 0 {
			n = int(params[0].Int)
		} else {
			fmt.Sscan(words[len(words)-1], &n)
		}
		e.mu.Lock()
		e.open++
		e.mu.Unlock()
		return model.Output{Rows: &rows{e: e, left: n}}, nil
	}
	return model.Output{}, errs.New(errs.Unsupported, "statement %T", st)
}

// rows are the numbers from left down to 1, in batches of up to 100.
type rows struct {
	e    *engine
	left int
	once sync.Once
}

func (r *rows) Fields() []model.Field { return []model.Field{{Name: "n", Type: model.Int64}} }

func (r *rows) Next(ctx context.Context) (*model.Batch, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if r.left == 0 {
		return nil, io.EOF
	}
	b := model.NewBatch(r.Fields(), 100)
	for ; b.Len < 100 && r.left > 0; b.Len++ {
		b.Cols[0].AppendInt(int64(r.left))
		r.left--
	}
	return b, nil
}

func (r *rows) Close() error {
	r.once.Do(func() {
		r.e.mu.Lock()
		r.e.open--
		r.e.mu.Unlock()
		select {
		case r.e.closed <- struct{}{}:
		default:
		}
	})
	return nil
}

func serve(t testing.TB, opt Options) (addr string, e *engine) {
	t.Helper()
	e = &engine{closed: make(chan struct{}, 1)}
	opt.SQL = e
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := errors.Join(s.Shutdown(ctx), <-done); err != nil {
			t.Error(err)
		}
		if e.open != 0 {
			t.Errorf("%d results are left open", e.open)
		}
	})
	return l.Addr().String(), e
}

// client speaks the protocol by hand.
type client struct {
	t   testing.TB
	nc  net.Conn
	f   *pgproto3.Frontend
	key pgproto3.BackendKeyData
}

func dial(t testing.TB, addr string, params map[string]string) *client {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(2 * time.Minute))
	c := &client{t: t, nc: nc, f: pgproto3.NewFrontend(nc, nc)}
	if params == nil {
		params = map[string]string{"user": "u", "database": "public"}
	}
	c.f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: params})
	if err := c.f.Flush(); err != nil {
		t.Fatal(err)
	}
	return c
}

// until prints the messages up to ReadyForQuery, or to the end of the connection.
func (c *client) until() string {
	c.t.Helper()
	var out []string
	n := 0
	flush := func() {
		if n > 0 {
			out = append(out, fmt.Sprintf("%d rows", n))
		}
		n = 0
	}
	for {
		m, err := c.f.Receive()
		if err != nil {
			flush()
			return strings.Join(append(out, "end"), ", ")
		}
		switch m := m.(type) {
		case *pgproto3.DataRow:
			n++
			continue
		case *pgproto3.ReadyForQuery:
			flush()
			return strings.Join(append(out, "ready "+string(m.TxStatus)), ", ")
		case *pgproto3.CommandComplete:
			flush()
			out = append(out, string(m.CommandTag))
		case *pgproto3.ErrorResponse:
			flush()
			out = append(out, "error "+m.Code)
		case *pgproto3.NoticeResponse:
			out = append(out, "notice "+m.Code)
		case *pgproto3.BackendKeyData:
			c.key = pgproto3.BackendKeyData{ProcessID: m.ProcessID, SecretKey: append([]byte{}, m.SecretKey...)}
		case *pgproto3.ParameterStatus, *pgproto3.AuthenticationOk:
		case *pgproto3.ParameterDescription:
			out = append(out, fmt.Sprintf("params %v", m.ParameterOIDs))
		case *pgproto3.RowDescription:
			out = append(out, fmt.Sprintf("columns %d", len(m.Fields)))
		default:
			flush()
			out = append(out, strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3."))
		}
	}
}

func (c *client) send(ms ...pgproto3.FrontendMessage) {
	c.t.Helper()
	for _, m := range ms {
		c.f.Send(m)
	}
	if err := c.f.Flush(); err != nil {
		c.t.Fatal(err)
	}
}

func TestConversations(t *testing.T) {
	addr, _ := serve(t, Options{})
	q := func(s string) pgproto3.FrontendMessage { return &pgproto3.Query{String: s} }
	parse := func(name, s string) pgproto3.FrontendMessage { return &pgproto3.Parse{Name: name, Query: s} }
	bind := func(portal, name string, params ...string) pgproto3.FrontendMessage {
		b := &pgproto3.Bind{DestinationPortal: portal, PreparedStatement: name}
		for _, p := range params {
			b.Parameters = append(b.Parameters, []byte(p))
		}
		return b
	}
	exec := func(portal string, n uint32) pgproto3.FrontendMessage {
		return &pgproto3.Execute{Portal: portal, MaxRows: n}
	}
	sync := &pgproto3.Sync{}
	c := dial(t, addr, nil)
	if got := c.until(); got != "ready I" {
		t.Fatal(got)
	}
	for _, x := range []struct {
		send []pgproto3.FrontendMessage
		want string
	}{
		{[]pgproto3.FrontendMessage{q("")}, "EmptyQueryResponse, ready I"},
		{[]pgproto3.FrontendMessage{q("-- only a comment")}, "EmptyQueryResponse, ready I"},
		{[]pgproto3.FrontendMessage{q("select 250")}, "columns 1, 250 rows, SELECT 250, ready I"},
		{[]pgproto3.FrontendMessage{q("select 1; insert into t values (1); select 2")}, "columns 1, 1 rows, SELECT 1, INSERT 0 3, columns 1, 2 rows, SELECT 2, ready I"},
		{[]pgproto3.FrontendMessage{q("begin; insert into t values (1); nonsense x; select 1")}, "error 0A000, ready I"},
		{[]pgproto3.FrontendMessage{q("begin; insert into t values (1); drop table x; select 1")}, "notice 01000, BEGIN, INSERT 0 3, error 0A000, ready E"},
		{[]pgproto3.FrontendMessage{q("select 1")}, "error 25P02, ready E"},
		{[]pgproto3.FrontendMessage{q("rollback")}, "ROLLBACK, ready I"},
		{[]pgproto3.FrontendMessage{parse("", "select $1::bigint"), &pgproto3.Describe{ObjectType: 'S'}, bind("", "", "7"), exec("", 0), sync},
			"ParseComplete, params [20], columns 1, BindComplete, 7 rows, SELECT 7, ready I"},
		{[]pgproto3.FrontendMessage{q("begin"), parse("s", "select 250"), bind("p", "s"), exec("p", 120), exec("p", 120), exec("p", 120), exec("p", 1), sync},
			"BEGIN, ready T"},
		{nil, "ParseComplete, BindComplete, 120 rows, PortalSuspended, 120 rows, PortalSuspended, 10 rows, SELECT 10, SELECT 0, ready T"},
		{[]pgproto3.FrontendMessage{q("commit"), bind("p2", "s"), exec("p2", 100), sync}, "COMMIT, ready I"},
		{nil, "BindComplete, 100 rows, PortalSuspended, ready I"},
		{[]pgproto3.FrontendMessage{exec("p2", 0), sync}, "error 34000, ready I"},
		{[]pgproto3.FrontendMessage{parse("", "select 1; select 2"), bind("", ""), exec("", 0), sync}, "error 42601, ready I"},
		{[]pgproto3.FrontendMessage{parse("s", "select 1"), sync}, "error 42P05, ready I"},
		{[]pgproto3.FrontendMessage{&pgproto3.Close{ObjectType: 'S', Name: "s"}, parse("s", "select 1"), sync}, "CloseComplete, ParseComplete, ready I"},
		{[]pgproto3.FrontendMessage{bind("", "s", "1"), sync}, "error 08P01, ready I"},
		{[]pgproto3.FrontendMessage{bind("", "nothing"), exec("", 0), sync}, "error 26000, ready I"},
		{[]pgproto3.FrontendMessage{parse("", ""), bind("", ""), exec("", 0), sync}, "ParseComplete, BindComplete, EmptyQueryResponse, ready I"},
		{[]pgproto3.FrontendMessage{parse("", "select $1::bigint"), bind("", "", "x"), sync}, "ParseComplete, error 22023, ready I"},
		{[]pgproto3.FrontendMessage{q("declare c cursor for select 5"), q("fetch 2 from c"), q("fetch all from c; close c")}, "DECLARE CURSOR, ready I"},
		{nil, "columns 1, 2 rows, FETCH 2, ready I"},
		{nil, "columns 1, 3 rows, FETCH 3, CLOSE CURSOR, ready I"},
		{[]pgproto3.FrontendMessage{q("declare c cursor for select 5; declare c cursor for select 5")}, "DECLARE CURSOR, error 42P03, ready I"},
		{[]pgproto3.FrontendMessage{q("prepare p2 (bigint) as select $1; execute p2(3); deallocate p2; execute p2(3)")},
			"PREPARE, columns 1, 3 rows, SELECT 3, DEALLOCATE, error 26000, ready I"},
		{[]pgproto3.FrontendMessage{q("set nonsense = 1; show nonsense; show datestyle; reset all; discard all")},
			"notice 01000, SET, columns 1, 1 rows, SHOW, columns 1, 1 rows, SHOW, RESET, DISCARD ALL, ready I"},
		{[]pgproto3.FrontendMessage{&pgproto3.FunctionCall{}}, "error 0A000, ready I"},
		{[]pgproto3.FrontendMessage{&pgproto3.CopyDone{}, q("select 1")}, "columns 1, 1 rows, SELECT 1, ready I"},
	} {
		if x.send != nil {
			c.send(x.send...)
		}
		if got := c.until(); got != x.want {
			t.Errorf("%+v:\n got %s\nwant %s", x.send, got, x.want)
		}
	}
	c.send(&pgproto3.Terminate{})
	if got := c.until(); got != "end" {
		t.Error(got)
	}
}

func TestStartups(t *testing.T) {
	addr, _ := serve(t, Options{MaxConnections: 1, MaxMessage: 1 << 16})
	c := dial(t, addr, nil)
	c.until()
	if got := dial(t, addr, nil).until(); got != "error 53300, end" {
		t.Error(got)
	}
	c.send(&pgproto3.Query{String: strings.Repeat("x", 1<<17)})
	if got := c.until(); got != "error 08P01, end" {
		t.Error(got)
	}
	addr, _ = serve(t, Options{})
	for want, params := range map[string]map[string]string{
		"error 3D000, end": {"user": "u"}, "error 22023, end": {"user": "u", "database": "public", "datestyle": "nonsense"},
		"error 0A000, end": {"user": "u", "database": "public", "replication": "database"},
		"ready I":          {"user": "u", "database": "greptime-public", "options": "-c statement_timeout=0 --geqo=off"}} {
		if got := dial(t, addr, params).until(); got != want && !strings.HasPrefix(want, "ready") {
			t.Errorf("%v: %s, want %s", params, got, want)
		}
	}
	for _, garbage := range []string{"GET / HTTP/1.1\r\n\r\n", "\x00\x00\x00\x04", "\xff\xff\xff\xff\xff\xff\xff\xff", "\x00\x00\x00\x08\x04\xd2\x16\x2f" + "\x00\x00\x00\x08\x04\xd2\x16\x2f"} {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		nc.SetDeadline(time.Now().Add(2 * time.Minute))
		nc.Write([]byte(garbage))
		if _, err := io.Copy(io.Discard, nc); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%q: %v", garbage, err)
		}
		nc.Close()
	}
}

func TestCancelAndGone(t *testing.T) {
	addr, e := serve(t, Options{WriteTimeout: 200 * time.Millisecond})
	c := dial(t, addr, nil)
	c.until()
	cancel := func(secret []byte) {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		b, err := (&pgproto3.CancelRequest{ProcessID: c.key.ProcessID, SecretKey: secret}).Encode(nil)
		if err != nil {
			t.Fatal(err)
		}
		nc.Write(b)
		nc.SetDeadline(time.Now().Add(2 * time.Minute))
		io.Copy(io.Discard, nc) // until the server is done with it
	}
	cancel([]byte{1, 2, 3, 4})
	c.send(&pgproto3.Query{String: "select 'wait' as wait"})
	got := make(chan string, 1)
	go func() { got <- c.until() }()
	for done := false; !done; { // the statement may not have begun yet
		cancel(c.key.SecretKey)
		select {
		case s := <-got:
			if done = true; s != "error 57014, ready I" {
				t.Error(s)
			}
		case <-time.After(5 * time.Millisecond):
		}
	}
	// A client that goes away ends its statement; one that reads nothing is cut. The server's end checks that nothing is left.
	c.send(&pgproto3.Query{String: "select 'wait' as wait"})
	c.nc.Close()
	slow := dial(t, addr, nil)
	slow.until()
	slow.send(&pgproto3.Query{String: "select 1000000000"})
	select {
	case <-e.closed:
	case <-time.After(2 * time.Minute):
		t.Error("a client that reads nothing holds its query")
	}
}

func BenchmarkSelect1(b *testing.B) {
	addr, _ := serve(b, Options{})
	c := dial(b, addr, nil)
	c.nc.SetDeadline(time.Time{})
	c.until()
	for b.Loop() {
		c.send(&pgproto3.Query{String: "select 1"})
		c.until()
	}
}

func BenchmarkRows(b *testing.B) {
	addr, _ := serve(b, Options{})
	c := dial(b, addr, nil)
	c.nc.SetDeadline(time.Time{})
	c.until()
	for b.Loop() {
		c.send(&pgproto3.Query{String: "select 1000000"})
		c.until()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "Mrows/s")
}

// TestMalformed: messages whose bytes are not what their type says end the connection with a word about it.
func TestMalformed(t *testing.T) {
	addr, _ := serve(t, Options{})
	for _, m := range []string{"P\x00\x00\x00\x05a", "P\x00\x00\x00\x04", "B\x00\x00\x00\x05a", "D\x00\x00\x00\x06Xx", "E\x00\x00\x00\x04", "C\x00\x00\x00\x04", "Q\x00\x00\x00\x03", "Q\x00\x00\x00\x04",
		"Q\x7f\xff\xff\xff", "?\x00\x00\x00\x04", "F\x00\x00\x00\x04", "f\x00\x00\x00\x05a", "p\x00\x00\x00\x05a"} {
		c := dial(t, addr, nil)
		if got := c.until(); got != "ready I" {
			t.Fatal(got)
		}
		if _, err := c.nc.Write([]byte(m + "S\x00\x00\x00\x04")); err != nil {
			t.Fatal(err)
		}
		if got := c.until(); got != "error 08P01, end" {
			t.Errorf("%q: %s", m, got)
		}
	}
}
