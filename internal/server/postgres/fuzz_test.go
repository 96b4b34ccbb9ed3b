package postgres

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	lang "github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// panics fails a test where a connection panicked.
type panics struct{ t testing.TB }

func (p panics) Enabled(context.Context, slog.Level) bool { return true }
func (p panics) WithAttrs([]slog.Attr) slog.Handler       { return p }
func (p panics) WithGroup(string) slog.Handler            { return p }
func (p panics) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "panicked") {
		r.Attrs(func(a slog.Attr) bool {
			p.t.Error(a.String())
			return true
		})
	}
	return nil
}

// sink is rows of COPY that are taken and forgotten.
type sink struct{ rows uint64 }

func (s *sink) Columns() []model.Column {
	return []model.Column{{ID: 1, Name: "ts", Type: model.Timestamp(model.Millisecond)}, {ID: 2, Name: "s", Type: model.String}, {ID: 3, Name: "f", Type: model.Float64}}
}
func (s *sink) Append(v *model.Vector, _ int, _ *lang.Literal) error { v.AppendNull(); return nil }
func (s *sink) Write(_ context.Context, b *model.Batch) (uint64, error) {
	s.rows += uint64(b.Len)
	return uint64(b.Len), nil
}
func (s *sink) End() {}

// FuzzConversation sends bytes in place of messages. The server may answer what it likes; it must neither panic nor keep the connection.
func FuzzConversation(f *testing.F) {
	add := func(ms ...pgproto3.FrontendMessage) {
		var b []byte
		for _, m := range ms {
			b, _ = m.Encode(b)
		}
		f.Add(b)
	}
	add(&pgproto3.Query{String: "SELECT 1; BEGIN; SELECT 2; COMMIT"})
	add(&pgproto3.Parse{Name: "p", Query: "SELECT $1::int", ParameterOIDs: []uint32{23}}, &pgproto3.Describe{ObjectType: 'S', Name: "p"},
		&pgproto3.Bind{PreparedStatement: "p", ParameterFormatCodes: []int16{1}, Parameters: [][]byte{{0, 0, 0, 1}}, ResultFormatCodes: []int16{1}},
		&pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{MaxRows: 1}, &pgproto3.Execute{}, &pgproto3.Close{ObjectType: 'S', Name: "p"}, &pgproto3.Sync{})
	add(&pgproto3.Query{String: "COPY t FROM STDIN (FORMAT csv)"}, &pgproto3.CopyData{Data: []byte("2024-01-01 00:00:00,\"a\"\"b\",1.5\nx,")}, &pgproto3.CopyData{Data: []byte("y,z\n")},
		&pgproto3.CopyDone{}, &pgproto3.Query{String: "SELECT 1"})
	add(&pgproto3.Query{String: "COPY t FROM STDIN (FORMAT binary)"}, &pgproto3.CopyData{Data: []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03")}, &pgproto3.CopyFail{})
	add(&pgproto3.Query{String: "DECLARE c CURSOR FOR SELECT 5"}, &pgproto3.Describe{ObjectType: 'P', Name: "c"}, &pgproto3.Query{String: "FETCH 2 FROM c; CLOSE c"}, &pgproto3.Flush{})
	add(&pgproto3.FunctionCall{Function: 1}, &pgproto3.Terminate{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		addr, _ := serve(t, Options{Log: slog.New(panics{t}), MaxMessage: 1 << 20, ReadTimeout: time.Second, LoginTimeout: time.Second,
			Load: func(context.Context, *model.Session, *lang.CopyStream) (Loading, error) { return &sink{}, nil }})
		c := dial(t, addr, nil)
		if got := c.until(); got != "ready I" {
			t.Fatal(got)
		}
		c.nc.Write(b)
		c.nc.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c.nc)
	})
}

// FuzzStartup sends bytes in place of a startup message.
func FuzzStartup(f *testing.F) {
	b, _ := (&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "u", "database": "public", "options": "-c a=b"}}).Encode(nil)
	f.Add(b)
	b, _ = (&pgproto3.SSLRequest{}).Encode(nil)
	f.Add(b)
	b, _ = (&pgproto3.CancelRequest{ProcessID: 1, SecretKey: []byte{1, 2, 3, 4}}).Encode(nil)
	f.Add(b)
	f.Add([]byte("\x16\x03\x01\x00\x05hello"))
	f.Fuzz(func(t *testing.T, b []byte) {
		addr, _ := serve(t, Options{Log: slog.New(panics{t}), LoginTimeout: time.Second, ReadTimeout: time.Second})
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(2 * time.Minute))
		nc.Write(b)
		nc.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, nc)
	})
}

// TestDrippingClient: a client that sends a message byte by byte is cut, however regular its bytes are.
func TestDrippingClient(t *testing.T) {
	addr, _ := serve(t, Options{ReadTimeout: 100 * time.Millisecond})
	c := dial(t, addr, nil)
	c.until()
	const size = 60_000_000 // more than can be sent so before it is cut
	c.nc.Write(binary.BigEndian.AppendUint32([]byte{'Q'}, size))
	for n := 4; ; n++ {
		if n == size {
			t.Fatal("the client is not cut")
		}
		if _, err := c.nc.Write([]byte{'x'}); err != nil {
			break
		}
	}
}
