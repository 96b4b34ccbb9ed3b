package promremote

import (
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Codec undoes the compression of requests. It is used by many goroutines at once.
type Codec struct {
	zstd *zstd.Decoder
	max  int
}

// minWindow keeps the decoder from refusing small limits: it counts its window as memory.
const minWindow = 1 << 20

// NewCodec makes a codec that refuses bodies of more than max bytes once decompressed, before it allocates them.
func NewCodec(max int) (*Codec, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(uint64(max)+minWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "make zstd decoder")
	}
	return &Codec{zstd: d, max: max}, nil
}

// Close ends the codec's goroutines.
func (c *Codec) Close() { c.zstd.Close() }

// Decompress replaces what dst holds by the decompressed src. Senders are known to announce one encoding and use the other, so the
// one not announced is tried as well.
func (c *Codec) Decompress(dst, src []byte, announcedZstd bool) ([]byte, error) {
	first, second := c.snappy, c.unzstd
	if announcedZstd {
		first, second = second, first
	}
	out, err := first(dst, src)
	if err == nil || errs.Is(err, errs.RuntimeResourcesExhausted) {
		return out, err
	}
	if out, err2 := second(dst, src); err2 == nil {
		return out, nil
	}
	return nil, err
}

func (c *Codec) snappy(dst, src []byte) ([]byte, error) {
	n, err := snappy.DecodedLen(src)
	if err != nil {
		return nil, errs.Wrap(errs.InvalidArguments, err, "decompress snappy body")
	}
	if n > c.max {
		return nil, c.tooLarge()
	}
	out, err := snappy.Decode(dst[:cap(dst)], src)
	return out, errs.Wrap(errs.InvalidArguments, err, "decompress snappy body of %d bytes", len(src))
}

func (c *Codec) unzstd(dst, src []byte) ([]byte, error) {
	out, err := c.zstd.DecodeAll(src, dst[:0])
	switch {
	case err == zstd.ErrDecoderSizeExceeded, err == nil && len(out) > c.max:
		return nil, c.tooLarge()
	case err != nil:
		return nil, errs.Wrap(errs.InvalidArguments, err, "decompress zstd body of %d bytes", len(src))
	}
	return out, nil
}

// tooLarge is told from other faults by its code; servers answer 413.
func (c *Codec) tooLarge() error {
	return errs.New(errs.RuntimeResourcesExhausted, "decompressed body is larger than %d bytes", c.max)
}
