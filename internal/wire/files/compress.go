package files

import (
	"bufio"
	"compress/bzip2"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Compression is how a text file is compressed.
type Compression uint8

// The compressions. Bzip2 can be read only.
const (
	NoCompression Compression = iota
	Gzip
	Zstd
	Bzip2
	Xz
)

// Extension is the end of a compressed file's name.
func (c Compression) Extension() string { return [...]string{"", ".gz", ".zst", ".bz2", ".xz"}[c] }

// ParseCompression reads the value of compression_type.
func ParseCompression(s string) (Compression, error) {
	switch strings.ToLower(s) {
	case "", "none", "uncompressed":
		return NoCompression, nil
	case "gzip", "gz":
		return Gzip, nil
	case "zstd", "zst":
		return Zstd, nil
	case "bzip2", "bz2":
		return Bzip2, nil
	case "xz":
		return Xz, nil
	}
	return 0, errs.New(errs.InvalidArguments, "Unsupported compression type: %s; must be gzip, zstd, bzip2 or xz", s)
}

// maxWindow bounds what a compressed stream may ask of memory to look back into; encoders use up to 8 MiB.
const maxWindow = 128 << 20

// decompress reads a compressed stream; close frees its memory.
func decompress(c Compression, r io.Reader) (out io.Reader, close func(), err error) {
	close = func() {}
	switch c {
	case Gzip:
		out, err = gzip.NewReader(r)
	case Zstd:
		var d *zstd.Decoder
		if d, err = zstd.NewReader(r, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(1)); err == nil {
			out, close = d, d.Close
		}
	case Bzip2:
		out = bzip2.NewReader(bufio.NewReader(r))
	case Xz:
		out, err = xz.ReaderConfig{DictCap: 8 << 20}.NewReader(bufio.NewReader(r))
	default:
		out = r
	}
	return out, close, err
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// compress writes a compressed stream, which Close ends.
func compress(c Compression, w io.Writer) (io.WriteCloser, error) {
	switch c {
	case Gzip:
		return gzip.NewWriter(w), nil
	case Zstd:
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	case Bzip2:
		return nil, errs.New(errs.Unsupported, "Not supported: writing bzip2; use gzip, zstd or xz")
	case Xz:
		return xz.NewWriter(w)
	}
	return nopCloser{w}, nil
}
