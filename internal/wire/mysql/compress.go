package mysql

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// What is said after a login with Compress or ZstdCompress comes in compressed packets. The packets of the protocol lie within them as
// one stream: a compressed packet may hold a part of one, or several.
//
//	3 bytes   length of what follows the header
//	1 byte    number of the compressed packet, counted apart from those within
//	3 bytes   length once decompressed; 0: what follows is as it is
const compressedHeader = 7

const (
	// leastCompressed is the least bytes that are worth compressing, as in MySQL.
	leastCompressed = 50
	// mostCompressed bounds what one compressed packet holds: a client keeps as much in memory.
	mostCompressed = 1 << 20
	// zstdWindow bounds what a decompressor keeps of a stranger's stream: no packet holds more.
	zstdWindow = 16 << 20
	// mostZstd is as good as zstd compresses: the next level takes 34 MB of memory for every connection that is being answered.
	mostZstd = zstd.SpeedBetterCompression
)

// ErrCompressed is a compressed packet that does not hold what it says.
var ErrCompressed = errors.New("malformed compressed packet")

// Compression is what two sides agreed on.
type Compression struct {
	Algorithm Capability // Compress: zlib; ZstdCompress; 0: none
	Level     int        // of zstd, 1 to 22
}

// CompressionOf gives what the client of a login and a server that announced all of it agree on.
func CompressionOf(l *Login) Compression {
	switch {
	case l.Caps&Compress != 0:
		return Compression{Algorithm: Compress}
	case l.Caps&ZstdCompress != 0:
		return Compression{Algorithm: ZstdCompress, Level: l.ZstdLevel}
	}
	return Compression{}
}

// Compressors keeps the memory of compressors and decompressors, which is large, for all connections of a server. The zero value is
// ready; it is safe for concurrent use.
type Compressors struct {
	inflate, deflate sync.Pool               // io.ReadCloser with zlib.Resetter, *zlib.Writer
	unzstd           sync.Pool               // *zstd.Decoder
	zstd             [mostZstd + 1]sync.Pool // *zstd.Encoder, by its level
}

// decompressor is a decompressor of either kind, onto in.
func (p *Compressors) decompressor(a Capability, in *bufio.Reader) (io.Reader, error) {
	if a == ZstdCompress {
		if d, ok := p.unzstd.Get().(*zstd.Decoder); ok {
			return d, d.Reset(in)
		}
		return zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
	}
	if z, ok := p.inflate.Get().(io.ReadCloser); ok {
		return z, z.(zlib.Resetter).Reset(in, nil)
	}
	return zlib.NewReader(in)
}

// keep takes back a decompressor that has come to its end.
func (p *Compressors) keep(d io.Reader) {
	if z, ok := d.(*zstd.Decoder); ok {
		if z.Reset(nil) == nil {
			p.unzstd.Put(z)
		}
		return
	}
	p.inflate.Put(d)
}

// compress appends b compressed.
func (p *Compressors) compress(c Compression, dst, b []byte) ([]byte, error) {
	if c.Algorithm == ZstdCompress {
		level := min(zstd.EncoderLevelFromZstd(c.Level), mostZstd)
		e, ok := p.zstd[level].Get().(*zstd.Encoder)
		if !ok {
			var err error
			if e, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(mostCompressed)); err != nil {
				return nil, err
			}
		}
		dst = e.EncodeAll(b, dst)
		p.zstd[level].Put(e)
		return dst, nil
	}
	out := &appender{dst}
	w, ok := p.deflate.Get().(*zlib.Writer)
	if ok {
		w.Reset(out)
	} else {
		w = zlib.NewWriter(out)
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	dst, out.b = out.b, nil // the compressor keeps out
	p.deflate.Put(w)
	return dst, nil
}

// appender is a writer to the end of b.
type appender struct{ b []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.b = append(a.b, p...)
	return len(p), nil
}

// CompressedReader gives what compressed packets hold. Memory does not grow with what they claim. It is used by one goroutine.
type CompressedReader struct {
	in      pieces
	use     Compression
	pool    *Compressors
	now     io.Reader     // the packet's rest; nil between packets
	zipped  io.Reader     // the decompressor that now is; nil where the packet is as it is
	packed  *bufio.Reader // what the decompressor reads
	left    int           // bytes of the packet's content that were not read
	header  [compressedHeader]byte
	nextSeq byte
}

// NewCompressedReader reads packets of r. started is called when the header of one has arrived, and before every further piece.
func NewCompressedReader(r *bufio.Reader, use Compression, pool *Compressors, started func()) *CompressedReader {
	return &CompressedReader{in: pieces{r: r, started: started}, use: use, pool: pool}
}

// Seq is the number that the answer to what was read begins with.
func (c *CompressedReader) Seq() byte { return c.nextSeq }

// Read implements io.Reader. It waits for no more than one packet.
func (c *CompressedReader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for c.now == nil {
		if err := c.open(); err != nil {
			return 0, err
		}
	}
	n, err := c.now.Read(b[:min(len(b), c.left)])
	c.left -= n
	switch {
	case c.left == 0:
		return n, c.end()
	case err == nil:
		return n, nil
	case c.in.err != nil:
		return n, c.in.err
	case err == io.EOF:
		return n, fmt.Errorf("%w: %d bytes are missing", ErrCompressed, c.left)
	}
	return n, fmt.Errorf("%w: %w", ErrCompressed, err)
}

// open begins the next packet.
func (c *CompressedReader) open() error {
	if _, err := io.ReadFull(c.in.r, c.header[:]); err != nil {
		return err
	}
	h := &c.header
	c.in.begin()
	c.nextSeq = h[3] + 1
	c.in.left = int(h[0]) | int(h[1])<<8 | int(h[2])<<16
	c.left = int(h[4]) | int(h[5])<<8 | int(h[6])<<16
	if c.left == 0 {
		if c.left = c.in.left; c.left > 0 {
			c.now, c.zipped = &c.in, nil
		}
		return nil
	}
	if c.packed == nil {
		c.packed = bufio.NewReader(nil) // of bytes, as decompressors want
	}
	c.packed.Reset(&c.in)
	var err error
	if c.zipped, err = c.pool.decompressor(c.use.Algorithm, c.packed); err != nil {
		if c.in.err != nil {
			return c.in.err
		}
		return fmt.Errorf("%w: %w", ErrCompressed, err)
	}
	c.now = c.zipped
	return nil
}

// end checks that a packet holds no more than it said.
func (c *CompressedReader) end() error {
	c.now = nil
	if c.zipped == nil {
		return nil
	}
	var more [1]byte
	n, err := io.ReadFull(c.zipped, more[:])
	switch {
	case c.in.err != nil:
		return c.in.err
	case n != 0 || err != io.EOF || c.packed.Buffered() != 0 || c.in.left != 0:
		return fmt.Errorf("%w: more than it says", ErrCompressed)
	}
	c.packed.Reset(nil) // decompressors keep it, and must not keep the connection with it
	c.pool.keep(c.zipped)
	c.zipped = nil
	return nil
}

// pieces is what follows a header. It tells of every piece that is awaited, and keeps the error of the stream below apart from those of
// what it holds.
type pieces struct {
	r       *bufio.Reader
	started func()
	left    int // bytes of the packet
	got     int // bytes of the piece
	err     error
}

func (p *pieces) begin() {
	p.got = 0
	p.started()
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n, err := p.r.Read(b[:min(len(b), p.left)])
	p.left -= n
	if p.got += n; p.got >= flushBytes && p.left > 0 {
		p.begin()
	}
	if err != nil {
		p.err = unexpected(err)
		return n, p.err
	}
	return n, nil
}

// CompressedWriter puts what is written into compressed packets, one or more for every Write. It is used by one goroutine.
type CompressedWriter struct {
	w    io.Writer
	use  Compression
	pool *Compressors
	buf  []byte
	seq  byte
}

// NewCompressedWriter makes a writer onto w.
func NewCompressedWriter(w io.Writer, use Compression, pool *Compressors) *CompressedWriter {
	return &CompressedWriter{w: w, use: use, pool: pool}
}

// Reset sets the number of the next compressed packet.
func (c *CompressedWriter) Reset(seq byte) { c.seq = seq }

// Write implements io.Writer.
func (c *CompressedWriter) Write(b []byte) (written int, err error) {
	for len(b) > 0 {
		n := min(len(b), mostCompressed)
		if err := c.packet(b[:n]); err != nil {
			return written, err
		}
		written += n
		b = b[n:]
	}
	return written, nil
}

func (c *CompressedWriter) packet(b []byte) (err error) {
	out := append(c.buf[:0], make([]byte, compressedHeader)...)
	plain := 0
	if len(b) >= leastCompressed {
		if out, err = c.pool.compress(c.use, out, b); err != nil {
			return fmt.Errorf("compress: %w", err)
		}
		plain = len(b)
	}
	if plain == 0 || len(out)-compressedHeader >= len(b) {
		out, plain = append(out[:compressedHeader], b...), 0
	}
	n := len(out) - compressedHeader
	copy(out, []byte{byte(n), byte(n >> 8), byte(n >> 16), c.seq, byte(plain), byte(plain >> 8), byte(plain >> 16)})
	c.seq++
	_, err = c.w.Write(out)
	if c.buf = out; cap(out) > keepBytes {
		c.buf = nil
	}
	return err
}
