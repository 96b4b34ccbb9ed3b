package files

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// What a page may claim. The sizes that a stranger's file names are believed only as far as this, and memory is taken only for what the
// file's own bytes can fill.
const (
	// maxHeader is the longest page header: statistics may hold a smallest and a largest string.
	maxHeader = 16 << 20
	// maxFooter is the longest footer: wide files of many row groups have some MiB.
	maxFooter = 32 << 20
	// maxPage is the largest page, uncompressed; writers make pages of about 1 MiB, and dictionaries not much larger.
	maxPage = 256 << 20
	// maxPageValues is the most values of a page. A run of equal values takes a few bytes however long it is.
	maxPageValues = 1 << 24
	// maxHeld is what the current pages and dictionaries of all columns of a file may take together.
	maxHeld = 1 << 30
	// readAhead is what is read of a chunk at once.
	readAhead = 1 << 20
)

// unpackers decompress the pages of one file.
type unpackers struct {
	zstd *zstd.Decoder
	gzip *gzip.Reader
}

func (u *unpackers) close() {
	if u.zstd != nil {
		u.zstd.Close()
		u.zstd = nil
	}
}

// unpack decompresses src, which must give exactly n bytes, into dst's memory. n is at most maxPage.
func (u *unpackers) unpack(codec format.CompressionCodec, dst, src []byte, n int) ([]byte, error) {
	room := func(ratio int) error { // before memory is taken: can so few bytes become so many?
		if n/ratio > len(src)+64 {
			return fmt.Errorf("%d bytes cannot unpack to %d", len(src), n)
		}
		if cap(dst) < n {
			dst = make([]byte, n)
		}
		dst = dst[:n]
		return nil
	}
	stream := func(r io.Reader) error {
		if _, err := io.ReadFull(r, dst); err != nil {
			return err
		}
		var more [1]byte
		if k, _ := io.ReadFull(r, more[:]); k > 0 {
			return errPage
		}
		return nil
	}
	switch codec {
	case format.Snappy:
		if k, err := snappy.DecodedLen(src); err != nil {
			return nil, err
		} else if k != n {
			return nil, errPage
		}
		if err := room(32); err != nil { // a copy of 64 bytes takes 3
			return nil, err
		}
		return snappy.Decode(dst, src)
	case format.Zstd:
		if u.zstd == nil {
			d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPage), zstd.WithDecoderMaxWindow(maxWindow))
			if err != nil {
				return nil, err
			}
			u.zstd = d
		}
		if err := room(1 << 16); err != nil { // a block of 128 KiB takes 4 bytes
			return nil, err
		}
		out, err := u.zstd.DecodeAll(src, dst[:0])
		if err == nil && len(out) != n {
			err = errPage
		}
		return out, err
	case format.Gzip:
		if err := room(1100); err != nil { // deflate makes 258 bytes of two bits at best
			return nil, err
		}
		if u.gzip == nil {
			u.gzip = new(gzip.Reader)
		}
		if err := u.gzip.Reset(bytes.NewReader(src)); err != nil {
			return nil, err
		}
		return dst, stream(u.gzip)
	case format.Brotli:
		if err := room(1 << 22); err != nil {
			return nil, err
		}
		return dst, stream(brotli.NewReader(bytes.NewReader(src)))
	case format.Lz4Raw:
		if err := room(256); err != nil { // a byte of a match's length stands for 255
			return nil, err
		}
		k, err := lz4.UncompressBlock(src, dst)
		if err == nil && k != n {
			err = errPage
		}
		return dst, err
	}
	return nil, errs.New(errs.Unsupported, "pages compressed with %s are not supported", codec)
}

// chunk is the pages of one column chunk, in their order in the file.
type chunk struct {
	src   io.ReaderAt
	at    int64 // of what was read so far
	end   int64
	codec format.CompressionCodec
	buf   []byte // read and not used: buf[from:]
	from  int
	u     *unpackers
	body  []byte // of the current page
	held  *int64 // bytes that all chunks of the file hold
	mine  int64  // of them
}

func newChunk(src Source, m *format.ColumnMetaData, u *unpackers, held *int64) (*chunk, error) {
	c := &chunk{src: src, at: m.DataPageOffset, codec: m.Codec, u: u, held: held}
	if d := m.DictionaryPageOffset; d > 0 && d < c.at {
		c.at = d
	}
	if n := m.TotalCompressedSize; c.at < 4 || n < 0 || c.at > src.Size || n > src.Size-c.at {
		return nil, errors.New("the column chunk is not within the file")
	}
	c.end = c.at + m.TotalCompressedSize
	return c, nil
}

// hold counts memory that the chunk holds beside what it held.
func (c *chunk) hold(n int) error {
	c.mine += int64(n)
	if *c.held += int64(n); *c.held > maxHeld {
		return fmt.Errorf("the pages of a few rows take more than %d bytes", maxHeld)
	}
	return nil
}

func (c *chunk) close() {
	*c.held -= c.mine
	c.mine = 0
}

// fill makes n bytes be in the buffer, or all that the chunk has left.
func (c *chunk) fill(n int) error {
	have := len(c.buf) - c.from
	if have >= n {
		return nil
	}
	want := int(min(int64(max(n, readAhead)-have), c.end-c.at))
	if want == 0 {
		return nil
	}
	if c.from > 0 {
		c.buf = c.buf[:copy(c.buf, c.buf[c.from:])]
		c.from = 0
	}
	if cap(c.buf) < have+want {
		if err := c.hold(have + want - cap(c.buf)); err != nil {
			return err
		}
		c.buf = append(make([]byte, 0, have+want), c.buf...)
	}
	k, err := c.src.ReadAt(c.buf[have:have+want], c.at)
	if k < want {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	c.buf = c.buf[:have+want]
	c.at += int64(want)
	return nil
}

// next gives the next page's header and body, valid until the following call; io.EOF at the end. Pages of version 2 have their levels, which
// are never compressed, apart from the body.
func (c *chunk) next() (h pageHeader, levels, body []byte, err error) {
	for want := 256; ; want *= 4 {
		if err := c.fill(min(want, maxHeader)); err != nil {
			return h, nil, nil, err
		}
		have := c.buf[c.from:]
		if len(have) == 0 {
			return h, nil, nil, io.EOF
		}
		var n int
		if h, n, err = parsePageHeader(have); err == nil {
			c.from += n
			break
		}
		if !errors.Is(err, errHeaderShort) || want >= maxHeader || len(have) < want {
			return h, nil, nil, err
		}
	}
	if h.uncompressed > maxPage || h.values > maxPageValues {
		return h, nil, nil, fmt.Errorf("a page of %d values in %d bytes; at most %d and %d are read", h.values, h.uncompressed, maxPageValues, maxPage)
	}
	if int64(h.compressed) > int64(len(c.buf)-c.from)+c.end-c.at {
		return h, nil, nil, fmt.Errorf("a page of %d bytes does not end in its column chunk", h.compressed)
	}
	if err := c.fill(h.compressed); err != nil {
		return h, nil, nil, err
	}
	raw := c.buf[c.from:][:h.compressed]
	c.from += h.compressed
	if h.checked {
		if sum := crc32.ChecksumIEEE(raw); sum != h.crc {
			return h, nil, nil, fmt.Errorf("the checksum of a page is %08x, not %08x", sum, h.crc)
		}
	}
	if h.kind == format.DataPageV2 {
		n := h.defBytes + h.repBytes
		if n > len(raw) || n > h.uncompressed {
			return h, nil, nil, errPage
		}
		levels, raw = raw[:n], raw[n:]
	}
	if c.codec == format.Uncompressed || h.plain {
		return h, levels, raw, nil
	}
	was := cap(c.body)
	if c.body, err = c.u.unpack(c.codec, c.body[:0], raw, h.uncompressed-len(levels)); err != nil {
		return h, nil, nil, fmt.Errorf("unpack a page: %w", err)
	}
	return h, levels, c.body, c.hold(max(0, cap(c.body)-was))
}

// pageLevels gives which values of a data page are not NULL (bytes of 0 and 1, in mem's memory; nil for a column without NULLs), how many
// they are, and the values' bytes.
func pageLevels(h pageHeader, levels, body []byte, optional bool, mem []byte) (valid []byte, n int, values []byte, err error) {
	if !optional {
		return nil, h.values, body, nil
	}
	if h.kind == format.DataPageV2 {
		levels = levels[h.repBytes:]
	} else {
		if h.levels != format.RLE {
			return nil, 0, nil, errs.New(errs.Unsupported, "levels encoded as %s are not supported", h.levels)
		}
		if len(body) < 4 || uint64(binary.LittleEndian.Uint32(body)) > uint64(len(body)-4) {
			return nil, 0, nil, errPage
		}
		k := binary.LittleEndian.Uint32(body)
		levels, body = body[4:4+k], body[4+k:]
	}
	mem = resize(mem, h.values)
	n, err = unpackLevels(mem, levels)
	return mem, n, body, err
}
