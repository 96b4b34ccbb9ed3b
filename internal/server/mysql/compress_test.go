package mysql

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	driver "github.com/go-sql-driver/mysql"

	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/mysql"
)

// TestCompressedClient: a real driver that compresses, with small and large statements and answers.
func TestCompressedClient(t *testing.T) {
	h := start(t, Options{})
	f := []model.Field{{Name: "s", Type: model.String}}
	large := strings.Repeat("all work and no play ", 1<<20)
	h.rows("SELECT large", f, batch(f, []any{large}, []any{"small"}))
	db := h.db(func(c *driver.Config) {
		if err := c.Apply(driver.EnableCompression(true)); err != nil {
			t.Fatal(err)
		}
	})
	db.SetMaxOpenConns(1)
	rows, err := db.Query("SELECT large")
	if got := strs(t, rows, err); len(got) != 2 || got[0][0] != large || got[1][0] != "small" {
		t.Error("the large answer came otherwise")
	}
	if _, err := db.Exec("INSERT INTO t VALUES ('" + large + "')"); err != nil || len(h.last()) < len(large) {
		t.Errorf("a large statement: %v, %d bytes", err, len(h.last()))
	}
	for range 3 {
		if _, err := db.Exec("INSERT INTO t VALUES (1)"); err != nil {
			t.Error(err)
		}
	}
	if err := db.PingContext(context.Background()); err != nil {
		t.Error(err)
	}
}

// packedClient speaks compressed packets by hand.
type packedClient struct {
	*raw
	in  *wire.CompressedReader
	out *wire.CompressedWriter
	r   *bufio.Reader
}

func (h *harness) loginCompressed(use wire.Compression) *packedClient {
	r := h.dial()
	r.want("\x0a8.4.2\x00")
	b := binary.LittleEndian.AppendUint32(nil, uint32(oldCaps|use.Algorithm))
	b = append(b, make([]byte, 28)...)
	b = append(b, "root\x00\x00public\x00mysql_native_password\x00"...)
	if use.Algorithm == wire.ZstdCompress {
		b = append(b, byte(use.Level))
	}
	r.send(1, string(b))
	r.want("\x00\x00\x00\x02\x00")
	pool := &wire.Compressors{}
	c := &packedClient{raw: r, in: wire.NewCompressedReader(r.r, use, pool, func() {}), out: wire.NewCompressedWriter(r.Conn, use, pool)}
	c.r = bufio.NewReader(c.in)
	return c
}

// say sends packets, of which each is a command, in one compressed packet.
func (c *packedClient) say(commands ...string) {
	c.t.Helper()
	var all []byte
	for _, s := range commands {
		all = append(all, byte(len(s)), byte(len(s)>>8), byte(len(s)>>16), 0)
		all = append(all, s...)
	}
	c.out.Reset(0)
	if _, err := c.out.Write(all); err != nil {
		c.t.Log("send: ", err)
	}
}

func (c *packedClient) hear(prefix string) {
	c.t.Helper()
	got, _, _, err := wire.ReadPacket(c.r, nil, 1<<26, nil)
	if err != nil || !strings.HasPrefix(string(got), prefix) {
		c.t.Fatalf("answered %q, %v; want %q", got, err, prefix)
	}
}

// TestCompressedPackets: both algorithms, numbers of packets, several commands in one, and packets that are broken.
func TestCompressedPackets(t *testing.T) {
	h := start(t, Options{MaxPacket: 1 << 20})
	f := []model.Field{{Name: "x", Type: model.String}}
	h.rows("SELECT 1", f, batch(f, []any{strings.Repeat("a", 1000)}))
	for _, use := range []wire.Compression{{Algorithm: wire.Compress}, {Algorithm: wire.ZstdCompress, Level: 3}, {Algorithm: wire.ZstdCompress, Level: 200}, {Algorithm: wire.Compress | wire.ZstdCompress}} {
		if use.Algorithm == wire.Compress|wire.ZstdCompress {
			use.Algorithm = wire.Compress // first of what both know
		}
		c := h.loginCompressed(use)
		c.say("\x0e")
		c.hear(okPacket)
		if c.in.Seq() != 2 {
			t.Errorf("%v: the answer was packet %d", use, c.in.Seq()-1)
		}
		c.say("\x0e", "\x0e", "\x02other")
		c.hear(okPacket)
		c.hear(okPacket)
		c.hear(okPacket)
		h.rows("SELECT 1", f, batch(f, []any{strings.Repeat("a", 1000)}))
		c.say("\x03SELECT 1")
		c.hear("\x01")
		c.hear("\x03def")
		c.hear("\xfe")
		c.hear("\xfc\xe8\x03aaa")
		c.hear("\xfe")
		c.say("\x03" + strings.Repeat("x", 1<<21)) // over MaxPacket once it is decompressed
		c.hear("\xff\x81\x04#08S01")               // 1153
		c.say("\x0e")
		c.hear(okPacket)
		if _, err := c.Write(append([]byte{20, 0, 0, 0, 200, 0, 0}, bytes.Repeat([]byte{7}, 20)...)); err != nil {
			t.Fatal(err)
		}
		c.hear("\xff\x85\x04#08S01") // 1157
		if _, err := c.r.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("%v: after a broken packet: %v", use, err)
		}
	}
}
