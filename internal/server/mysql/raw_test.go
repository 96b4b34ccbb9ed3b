package mysql

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"io"
	"math/rand"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/mysql"
)

// raw is a client that says whatever a test wants.
type raw struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func (h *harness) dial() *raw {
	h.t.Helper()
	c, err := net.Dial("tcp", h.addr)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(2 * time.Minute))
	return &raw{h.t, c, bufio.NewReader(c)}
}

func (r *raw) send(seq byte, payload string) {
	r.t.Helper()
	n := len(payload)
	if _, err := r.Write(append([]byte{byte(n), byte(n >> 8), byte(n >> 16), seq}, payload...)); err != nil {
		r.t.Log("send: ", err)
	}
}

func (r *raw) receive() (string, error) {
	p, _, _, err := wire.ReadPacket(r.r, nil, 1<<26, nil)
	return string(p), err
}

func (r *raw) want(prefix string) string {
	r.t.Helper()
	got, err := r.receive()
	if err != nil || !strings.HasPrefix(got, prefix) {
		r.t.Fatalf("answered %q, %v; want %q", got, err, prefix)
	}
	return got
}

// ended expects that the server says no more than an error and hangs up.
func (r *raw) ended() {
	r.t.Helper()
	for {
		p, err := r.receive()
		if err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				r.t.Error("the server did not hang up")
			}
			return
		}
		if p != "" && p[0] != 0xff && p[0] != 10 {
			r.t.Errorf("answered %q", p)
		}
	}
}

const oldCaps = wire.Protocol41 | wire.SecureConnection | wire.PluginAuth | wire.ConnectWithDB

// login enters as a client that knows neither DEPRECATE_EOF nor lenenc proofs.
func (h *harness) login() *raw {
	r := h.dial()
	r.want("\x0a8.4.2\x00")
	b := binary.LittleEndian.AppendUint32(nil, uint32(oldCaps))
	b = append(b, make([]byte, 28)...)
	r.send(1, string(b)+"root\x00\x00public\x00mysql_native_password\x00")
	r.want("\x00\x00\x00\x02\x00")
	return r
}

const okPacket = "\x00\x00\x00\x02\x00"

func TestCommands(t *testing.T) {
	h := start(t, Options{})
	f := []model.Field{{Name: "x", Type: model.Int64}}
	h.rows("SELECT 1", f, batch(f, []any{1}, []any{nil}))
	r := h.login()
	do := func(payload, prefix string) string {
		t.Helper()
		r.send(0, payload)
		return r.want(prefix)
	}
	do("\x0e", okPacket)                       // ping
	do("\x1f", okPacket)                       // reset
	do("\x02other", okPacket)                  // init db
	do("\x02nope", "\xff\x4e\x04#42000")       // 1102
	do("\x04t\x00", "\xfe")                    // field list
	do("\x09", "Uptime: ")                     // statistics
	do("\x1b\x00\x00", "\xfe")                 // set option
	do("\x1c\x01\x00\x00\x00", "\xff\xdb\x04") // fetch from what was not prepared: 1243
	do("\x7e", "\xff\x17\x04#08S01")           // 1047
	do("\x0c\xff\xff\xff\x7f", "\xff\x46\x04") // kill nobody: 1094
	do("\x03", "\xff\x29\x04#42000")           // empty query: 1065
	do("\x03 ; ", "\xff\x29\x04#42000")
	do("\x03-- nothing", okPacket)
	do("\x17\x09\x00\x00\x00\x00\x01\x00\x00\x00", "\xff\xdb\x04") // execute what was not prepared: 1243
	do("\x17", "\xff")
	do("\x1a\x09\x00\x00\x00", "\xff\xdb\x04")

	do("\x03SELECT 1; SELECT 1", "\xff\xd3\x04") // this client did not say that it takes many results: 1235

	// Rows with the packets that newer clients do without.
	do("\x03SELECT 1", "\x01")
	r.want("\x03def\x00\x00\x00\x01x\x01x\x0c\x3f\x00")
	r.want("\xfe\x00\x00\x02\x00")
	r.want("\x011")
	r.want("\xfb")
	r.want("\xfe\x00\x00\x02\x00")

	// A statement with long data in two pieces, and with types that are not repeated.
	do("\x16INSERT INTO t VALUES (?, ?)", "\x00\x01\x00\x00\x00\x00\x00\x02\x00")
	r.want("\x03def")
	r.want("\x03def")
	r.want("\xfe")
	r.send(0, "\x18\x01\x00\x00\x00\x00\x00it'")
	r.send(0, "\x18\x01\x00\x00\x00\x00\x00s long")
	do("\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00\x01\xfd\x00\x01\x00\x05", "\x00\x03")
	if got := h.last(); got != "INSERT INTO t VALUES ('it''s long', 5)" {
		t.Error(got)
	}
	do("\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x02ab\xff", "\x00\x03")
	if got := h.last(); got != "INSERT INTO t VALUES ('ab',  -1)" {
		t.Error(got)
	}
	r.send(0, "\x18\x01\x00\x00\x00\x07\x00none") // told at the execution
	do("\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x02ab\xff", "\xff\xba\x04")
	r.send(0, "\x18\x01\x00\x00\x00\x00\x00forgotten")
	do("\x1a\x01\x00\x00\x00", okPacket)
	do("\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x02ab\xff", "\x00\x03")
	if got := h.last(); got != "INSERT INTO t VALUES ('ab',  -1)" {
		t.Error(got)
	}
	do("\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\xfe", "\xff\xba\x04") // cut: 1210
	r.send(0, "\x19\x01\x00\x00\x00")
	do("\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x02ab\xff", "\xff\xdb\x04")

	do("\x11guest\x00\x00other\x00\x21\x00mysql_native_password\x00", okPacket) // change user
	do("\x03SELECT DATABASE()", "\x01")
	r.want("\x03def")
	r.want("\xfe")
	r.want("\x05other")
	r.want("\xfe")
	r.send(0, "\x01")
	r.ended()
}

// TestCursors: rows that clients take by COM_STMT_FETCH.
func TestCursors(t *testing.T) {
	f := []model.Field{{Name: "x", Type: model.Int64}}
	h := start(t, Options{Describe: func(_ context.Context, _ *model.Session, text string) ([]model.Field, error) {
		if text != "SELECT x FROM t LIMIT 1" {
			return nil, errors.New("LIMIT takes numbers")
		}
		return f, nil
	}})
	h.rows("SELECT x FROM t LIMIT 4", f, batch(f, []any{1}, []any{2}, []any{3}), batch(f, []any{4}))
	r := h.login()
	do := func(payload, prefix string) {
		t.Helper()
		r.send(0, payload)
		r.want(prefix)
	}
	column := "\x03def\x00\x00\x00\x01x\x01x\x0c\x3f\x00"
	do("\x16SELECT x FROM t LIMIT ?", "\x00\x01\x00\x00\x00\x01\x00\x01\x00") // one column, one parameter
	r.want("\x03def")
	r.want("\xfe")
	r.want(column)
	r.want("\xfe")
	open := "\x17\x01\x00\x00\x00\x01\x01\x00\x00\x00\x00\x01\x01\x00\x04"
	fetch := "\x1c\x01\x00\x00\x00\x02\x00\x00\x00"
	row := func(n byte) { t.Helper(); r.want("\x00\x00" + string(rune(n)) + "\x00") }
	none := "\xff\x8d\x05#HY000" // 1421

	do(fetch, none)
	do(open, "\x01")
	r.want(column)
	r.want("\xfe\x00\x00\x42\x00") // a cursor is there
	do("\x0e", okPacket)           // other commands may come between
	do(fetch, "\x00\x00\x01")
	row(2)
	r.want("\xfe\x00\x00\x42\x00")
	do(fetch, "\x00\x00\x03")
	row(4)
	r.want("\xfe\x00\x00\x82\x00") // the last row was sent
	do(fetch, none)

	do(open, "\x01") // again, and left open
	r.want(column)
	r.want("\xfe")
	do("\x1a\x01\x00\x00\x00", okPacket) // COM_STMT_RESET closes it
	do(fetch, none)
	do(open, "\x01")
	r.want(column)
	r.want("\xfe")
	r.send(0, "\x01") // quitting does, too: the harness looks
	r.ended()
}

func TestChangeUserRefused(t *testing.T) {
	h := start(t, Options{Auth: users{}})
	r := h.dial()
	greeting := r.want("\x0a8.4.2\x00")
	var salt [wire.SaltLen]byte
	copy(salt[:8], greeting[11:])
	copy(salt[8:], greeting[38:])
	b := append(binary.LittleEndian.AppendUint32(nil, uint32(oldCaps&^wire.ConnectWithDB)), make([]byte, 28)...)
	r.send(1, string(b)+"plain\x00\x00dialog\x00") // a way to log in that is not known: the server switches
	sw := r.want("\xfemysql_native_password\x00")
	if sw[23:43] != string(salt[:]) {
		t.Errorf("another challenge: %q, greeting %q", sw[23:], greeting)
	}
	r.send(3, string(nativeProof("123456", salt)))
	r.want(okPacket)
	r.send(0, "\x11plain\x00\x14"+string(nativeProof("123456", salt))+"other\x00\x21\x00mysql_native_password\x00")
	r.want(okPacket)
	r.send(0, "\x11plain\x00\x14"+string(nativeProof("1234567", salt))+"other\x00\x21\x00mysql_native_password\x00")
	r.want("\xff\xa2\x06#28000")
	r.ended()
}

// nativeProof is what a client of mysql_native_password answers to a challenge.
func nativeProof(password string, salt [wire.SaltLen]byte) []byte {
	once := sha1.Sum([]byte(password))
	twice := sha1.Sum(once[:])
	mask := sha1.Sum(append(salt[:], twice[:]...))
	out := make([]byte, len(once))
	subtle.XORBytes(out, once[:], mask[:])
	return out
}

// Commands made of noise: each is answered or ends its connection, and the server goes on.
func TestRandomCommands(t *testing.T) {
	h := start(t, Options{ReadTimeout: 10 * time.Second})
	rnd := rand.New(rand.NewSource(7))
	texts := []string{"SELECT 1", "INSERT INTO t VALUES (?, ?)", "SET @a = 1, time_zone = 'UTC'", "SHOW VARIABLES", "EXECUTE x USING @a", "KILL QUERY 99", "/*", "'",
		"PREPARE x FROM 'SELECT ?'", "DEALLOCATE PREPARE x", "USE other", "SELECT @@x, @a, connection_id()"}
	r := h.login()
	hungUp := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, r.r)
		hungUp <- err
	}()
	for range 3000 {
		cmd := []byte{byte(rnd.Intn(0x20))}
		if rnd.Intn(2) == 0 {
			cmd[0] = byte([]wire.Command{wire.ComQuery, wire.ComStmtPrepare, wire.ComStmtExecute, wire.ComStmtSendLongData}[rnd.Intn(4)])
		}
		switch wire.Command(cmd[0]) {
		case wire.ComQuit, wire.ComChangeUser, wire.ComProcessKill:
			continue // they end the connection here
		}
		switch rnd.Intn(3) {
		case 0:
			cmd = append(cmd, texts[rnd.Intn(len(texts))]...)
		case 1:
			cmd = append(cmd, byte(rnd.Intn(4)), 0, 0, 0)
		}
		for range rnd.Intn(24) * rnd.Intn(2) {
			cmd = append(cmd, byte(rnd.Intn(256))>>rnd.Intn(8))
		}
		r.send(0, string(cmd))
	}
	r.send(0, "\x01")
	if err := await(t, hungUp, "end of the connection"); err != nil {
		t.Error(err)
	}
	if n := h.s.asked.Load(); n < 50 {
		t.Errorf("only %d statements were run: the connection ended early", n)
	}
	if err := h.db(nil).Ping(); err != nil {
		t.Error(err)
	}
}

// Strangers: none of them may hang or hurt the server.
func TestBadClients(t *testing.T) {
	hasty := start(t, Options{LoginTimeout: 200 * time.Millisecond})
	for _, bytes := range []string{"", "GET / HTTP/1.1\r\n\r\n", "\xff\xff\xff\x01", "\x00\x00\x00\x01", "\x01\x00\x00\x01\x00", strings.Repeat("\x00", 100000),
		"\x20\x00\x00\x01\x05\xa2\x00\x00" + strings.Repeat("\xff", 28), "\x20\x00\x00\x09" + strings.Repeat("\x00", 32),
		"\x20\x00\x00\x01\x00\x0a\x00\x00" + strings.Repeat("\x00", 28)} {
		r := hasty.dial()
		r.want("\x0a")
		r.Write([]byte(bytes))
		r.ended()
	}
	h := start(t, Options{MaxPacket: 1 << 20})
	r := h.login()
	r.send(5, "\x0e")
	r.ended()
	r = h.login()
	r.send(0, "")
	r.want("\xff")
	r.ended()
	// A header whose payload does not come.
	r = start(t, Options{ReadTimeout: 50 * time.Millisecond}).login()
	r.Write([]byte("\xff\xff\x0f\x00\x03SELECT"))
	r.ended()
	// A statement over the limit is refused; the connection goes on.
	r = h.login()
	r.send(0, "\x03"+strings.Repeat("x", 1<<20))
	r.want("\xff\x81\x04#08S01Got a packet bigger")
	r.send(0, "\x0e")
	r.want(okPacket)
	// Statements that are not text.
	r.send(0, "\x03SELECT '\xff'")
	r.want("\xff")
	r.send(0, "\x03SELECT "+strings.Repeat("(", 100000))
	r.want("\xff")
	r.send(0, "\x16SELECT "+strings.Repeat("?,", 70000)+"?")
	r.want("\xff\x6e\x05")
	r.send(0, "\x0e")
	r.want(okPacket)
	// Many statements at once are answered one after the other.
	var all bytes.Buffer
	for range 100 {
		all.WriteString("\x01\x00\x00\x00\x0e")
	}
	go io.Copy(r.Conn, &all)
	for range 100 {
		r.want(okPacket)
	}
	if err := h.db(nil).Ping(); err != nil {
		t.Error(err)
	}
}

// FuzzConversation sends bytes in place of commands. The server may answer what it likes; it must neither panic nor keep the connection.
func FuzzConversation(f *testing.F) {
	packet := func(body string) string { return string([]byte{byte(len(body)), 0, 0, 0}) + body }
	f.Add([]byte(packet("\x03SELECT 1; SET @a = 5; SELECT @a, @@version")))
	f.Add([]byte(packet("\x16SELECT ?") + packet("\x18\x01\x00\x00\x00\x00\x00long") + packet("\x17\x01\x00\x00\x00\x01\x01\x00\x00\x00\x00\x01\x0c\x00\x04\xe8\x07\x01\x02") +
		packet("\x1c\x01\x00\x00\x00\x02\x00\x00\x00") + packet("\x1a\x01\x00\x00\x00") + packet("\x19\x01\x00\x00\x00")))
	f.Add([]byte(packet("\x11guest\x00\x00other\x00\x21\x00mysql_native_password\x00") + packet("\x02public") + packet("\x1f")))
	f.Add([]byte(packet("\x03PREPARE p FROM 'SELECT ?'") + packet("\x03EXECUTE p USING @a") + packet("\x0c\x01\x00\x00\x00")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		h := start(t, Options{MaxPacket: 1 << 20})
		h.rows("SELECT 1", []model.Field{{Name: "x", Type: model.Int64}}, batch([]model.Field{{Name: "x", Type: model.Int64}}, []any{1}))
		r := h.login()
		r.Write(b)
		r.Conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, r.Conn)
	})
}
