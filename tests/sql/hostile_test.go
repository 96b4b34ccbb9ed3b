package sql

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// bound is how long the worst of these statements may take on a slow machine that does other things, too.
const bound = 5 * time.Minute

// hostile runs a text within the process and says how it ended and how many rows it gave.
func hostile(t *testing.T, p *process, text string) (rows int, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	outs, err := p.Execute(ctx, model.NewSession("test"), text)
	for _, o := range outs {
		if o.Rows == nil {
			continue
		}
		for err == nil {
			var b *model.Batch
			if b, err = o.Rows.Next(ctx); err == nil {
				rows += b.Len
			}
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		o.Rows.Close()
	}
	if ctx.Err() != nil {
		t.Errorf("not done after %s: %.60s…", bound, text)
	}
	return rows, err
}

// TestHostileStatements sends statements that are too much of something. Each must work or be refused in words, in bounded time.
func TestHostileStatements(t *testing.T) {
	p := start(t)
	if _, err := hostile(t, p, "CREATE TABLE t (host STRING PRIMARY KEY, ts TIMESTAMP TIME INDEX, i BIGINT); INSERT INTO t VALUES ('a', 1, 7), ('b', 2, 99999)"); err != nil {
		t.Fatal(err)
	}
	list := func(n int, f func(i int) string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(f(i))
		}
		return b.String()
	}
	const refused = -1
	for _, c := range []struct {
		name, text string
		rows       int // refused: an error that is not ours
	}{
		{"a list of 100,000 numbers", "SELECT i FROM t WHERE i IN (" + list(100_000, func(i int) string { return fmt.Sprint(i) }) + ")", 2},
		{"a list of 100,000 tags", "SELECT i FROM t WHERE host IN ('b', " + list(100_000, func(i int) string { return fmt.Sprintf("'h%d'", i) }) + ")", 1},
		{"no list of 100,000 numbers", "SELECT i FROM t WHERE i NOT IN (" + list(100_000, func(i int) string { return fmt.Sprint(i) }) + ")", 0},
		{"9,000 statements", strings.Repeat("SET time_zone = 'UTC';", 9_000), 0},
		{"20,000 statements", strings.Repeat("SET time_zone = 'UTC';", 20_000), refused},
		{"10,000 parentheses", "SELECT " + strings.Repeat("(", 10_000) + "1" + strings.Repeat(")", 10_000), refused},
		{"10,000 minus signs", "SELECT " + strings.Repeat("- ", 10_000) + "1", refused},
		{"10,000 NOTs", "SELECT " + strings.Repeat("NOT ", 10_000) + "true", refused},
		{"10,000 sub-queries", "SELECT * FROM " + strings.Repeat("(SELECT * FROM ", 10_000) + "t" + strings.Repeat(") AS x", 10_000), refused},
		{"10,000 CASEs", "SELECT " + strings.Repeat("CASE WHEN true THEN ", 10_000) + "1" + strings.Repeat(" END", 10_000), refused},
		{"10,000 calls", "SELECT " + strings.Repeat("abs(", 10_000) + "1" + strings.Repeat(")", 10_000), refused},
		{"40,000 sums", "SELECT " + strings.Repeat("1 + ", 40_000) + "1", 1},
		{"20,000 sums of a column", "SELECT " + strings.Repeat("i + ", 20_000) + "i FROM t", 2},
		{"20,000 texts in a row", "SELECT " + strings.Repeat("host || ", 20_000) + "host FROM t", refused},
		{"10,000 casts", "SELECT 1" + strings.Repeat("::BIGINT", 10_000), 1},
		{"50,000 nested comments", "SELECT 1 " + strings.Repeat("/*", 50_000) + strings.Repeat("*/", 50_000), 1},
		{"an open comment", "SELECT 1 /*" + strings.Repeat("/*", 1000), refused},
		{"an interval of ages", "SELECT INTERVAL '99999999999999999999 years'", refused},
		{"a time moved by ages", "SELECT '2024-01-01 00:00:00'::TIMESTAMP(9) + INTERVAL '178000000 years'", refused},
		{"a day after all days", "SELECT '99999999999-01-01'::DATE", refused},
		{"a long string", "SELECT length('" + strings.Repeat("x", 32<<20) + "')", 1},
		{"a long name", "SELECT " + strings.Repeat("x", 1<<20) + " FROM t", refused},
		{"no UTF-8", "SELECT '\xff\xfe'", refused},
		{"no UTF-8 in a name", "SELECT \"\xff\" FROM t", refused},
		{"NUL", "SELECT 1\x00", refused},
		{"a pattern that explodes", "SELECT '" + strings.Repeat("a", 40) + "' ~ '(a*)*b'", 1},
		{"a bad pattern", "SELECT 'a' ~ '('", refused},
		{"a series without end", "SELECT count(*) FROM generate_series(1, 9223372036854775807, 0)", refused},
		{"a long text repeated", "SELECT length(repeat('x', 9223372036854775807))", refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			begun := time.Now()
			rows, err := hostile(t, p, c.text)
			t.Logf("%s", time.Since(begun))
			if code := errs.CodeOf(err); err != nil && (code == errs.Internal || code == errs.Unknown) {
				t.Errorf("an error of ours: %.300s", err)
			}
			if err != nil && len(err.Error()) > len(c.text)+64<<10 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			if (err != nil) != (c.rows == refused) || err == nil && rows != c.rows {
				t.Errorf("%d rows, %.300v; want %d", rows, err, c.rows)
			}
		})
	}
	if rows, err := hostile(t, p, "SELECT * FROM t"); rows != 2 || err != nil {
		t.Errorf("afterwards: %d rows, %v", rows, err)
	}
}

// TestHostilePackets sends what is no protocol to every listener, and clients that stop in the middle. The process must go on and have
// nothing left of them.
func TestHostilePackets(t *testing.T) {
	p := start(t)
	wide := "SELECT repeat('x', 10000) FROM generate_series(1, 20000)" // 200 MB: more than sockets buffer
	if _, err := hostile(t, p, "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	before := goleak.IgnoreCurrent()
	rnd := rand.New(rand.NewSource(1))
	noise := func(n int) string {
		b := make([]byte, n)
		rnd.Read(b)
		return string(b)
	}
	packet := func(seq byte, body string) string {
		head := binary.LittleEndian.AppendUint32(nil, uint32(len(body)))
		head[3] = seq
		return string(head) + body
	}
	// A login of MySQL without a password: capabilities of 4.1 with plugins, and names.
	login := packet(1, "\x0d\xa2\x08\x00\x00\x00\x00\x01\x21"+strings.Repeat("\x00", 23)+"root\x00\x00public\x00mysql_native_password\x00")
	startup := string(binary.BigEndian.AppendUint32(nil, uint32(8+len("user\x00root\x00database\x00public\x00\x00")))) + "\x00\x03\x00\x00user\x00root\x00database\x00public\x00\x00"
	pgQuery := func(text string) string {
		return "Q" + string(binary.BigEndian.AppendUint32(nil, uint32(len(text)+5))) + text + "\x00"
	}
	form := "sql=" + url.QueryEscape(wide)
	http := fmt.Sprintf("POST /v1/sql HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(form), form)
	for _, c := range []struct {
		name, addr string
		send       []string
	}{
		{"http: noise", p.node.Addr(), []string{noise(4096)}},
		{"http: half a request", p.node.Addr(), []string{"POST /v1/sql HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nsql=SEL"}},
		{"http: no number of bytes", p.node.Addr(), []string{"POST /v1/sql HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"}},
		{"http: bad chunks", p.node.Addr(), []string{"POST /v1/sql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}},
		{"http: a client that does not read", p.node.Addr(), []string{http}},
		{"mysql: nothing", p.node.MySQLAddr(), nil},
		{"mysql: noise", p.node.MySQLAddr(), []string{noise(4096)}},
		{"mysql: a packet that never ends", p.node.MySQLAddr(), []string{"\xff\xff\xff\x01" + noise(100)}},
		{"mysql: noise after login", p.node.MySQLAddr(), []string{login, packet(0, noise(200))}},
		{"mysql: every command, empty", p.node.MySQLAddr(), append([]string{login}, commands(packet)...)},
		{"mysql: a client that does not read", p.node.MySQLAddr(), []string{login, packet(0, "\x03"+wide)}},
		{"postgres: nothing", p.node.PostgresAddr(), nil},
		{"postgres: noise", p.node.PostgresAddr(), []string{noise(4096)}},
		{"postgres: a long startup", p.node.PostgresAddr(), []string{"\x7f\xff\xff\xff\x00\x03\x00\x00"}},
		{"postgres: noise after login", p.node.PostgresAddr(), []string{startup, noise(200)}},
		{"postgres: a long message", p.node.PostgresAddr(), []string{startup, "Q\x7f\xff\xff\xffSELECT 1"}},
		{"postgres: a client that does not read", p.node.PostgresAddr(), []string{startup, pgQuery(wide)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, reads := range []bool{true, false} { // the end comes with, or without, a goodbye
				nc, err := net.Dial("tcp", c.addr)
				if err != nil {
					t.Fatal(err)
				}
				if tc := nc.(*net.TCPConn); !reads {
					tc.SetReadBuffer(4096)
					tc.SetLinger(0)
				}
				nc.SetDeadline(time.Now().Add(10 * time.Second))
				for _, s := range c.send {
					if _, err := io.WriteString(nc, s); err != nil {
						break // the server had enough of it
					}
				}
				if reads {
					nc.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
					io.CopyN(io.Discard, nc, 64<<10)
				}
				nc.Close()
			}
			if rows, err := hostile(t, p, "SELECT 1"); rows != 1 || err != nil {
				t.Errorf("afterwards: %d rows, %v", rows, err)
			}
		})
	}
	// What those clients had begun ends, as nobody is there to take it.
	left := goleak.Find(before, goleak.IgnoreTopFunction("testing.(*T).Run"))
	for end := time.Now().Add(bound); left != nil && time.Now().Before(end); { // Find itself waits a second for them
		left = goleak.Find(before, goleak.IgnoreTopFunction("testing.(*T).Run"))
	}
	if err := left; err != nil {
		buf := make([]byte, 1<<20)
		t.Errorf("left behind: %v\n%s", err, buf[:min(8000, runtime.Stack(buf, true))])
	}
	if _, err := hostile(t, p, "SELECT count(*) FROM information_schema.process_list"); err != nil {
		t.Error(err)
	}
}

// commands are all of MySQL's commands without what belongs to them, but the one that ends the connection.
func commands(packet func(byte, string) string) (out []string) {
	for c := range 40 {
		if c != 1 {
			out = append(out, packet(0, string([]byte{byte(c)})), packet(0, string([]byte{byte(c), 0xff, 0xff, 0xff, 0xff, 0xff})))
		}
	}
	return out
}
