package blob

import (
	"context"
	"encoding/binary"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// The frame, little-endian:
//
//	head, 8 │ parts … │ footer │ its length, 4 │ head, 8 │ CRC32C, 4, of footer, length and head
//
// where head is "GIDX", the version, the kind and two zeros. Readers begin at the end; the head at the beginning is for people.
const (
	magic    = "GIDX"
	version  = 1
	HeadSize = 8
	tailSize = 16

	// firstRead is read from the end at once: most footers are shorter, so that one request opens a blob.
	firstRead = 16 << 10
)

// AppendHead begins a blob.
func AppendHead(dst []byte, kind byte) []byte {
	return append(append(dst, magic...), version, kind, 0, 0)
}

// AppendTail ends a blob with its footer.
func AppendTail(dst []byte, kind byte, footer []byte) []byte {
	at := len(dst)
	dst = append(dst, footer...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(footer)))
	dst = AppendHead(dst, kind)
	return binary.LittleEndian.AppendUint32(dst, Sum(dst[at:]))
}

// ReadFooter checks the end of a blob of a kind, and gives the footer and where it begins.
func ReadFooter(ctx context.Context, src Source, kind byte) (*Decoder, int64, error) {
	size := src.Size()
	if size < HeadSize+tailSize {
		return nil, 0, Corrupt(0, "%d bytes are no index blob", size)
	}
	n := min(size, firstRead)
	b, err := Read(ctx, src, size-n, n)
	if err != nil {
		return nil, 0, err
	}
	tail := b[n-tailSize:]
	if string(tail[4:8]) != magic {
		return nil, 0, Corrupt(size-12, "the end is not %s", magic)
	}
	if tail[8] != version {
		return nil, 0, errs.New(errs.Unsupported, "index blob of version %d; this build reads version %d", tail[8], version)
	}
	if tail[9] != kind {
		return nil, 0, Corrupt(size-7, "a blob of kind %d, not %d", tail[9], kind)
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	if length > size-HeadSize-tailSize {
		return nil, 0, Corrupt(size-tailSize, "footer of %d bytes in a blob of %d", length, size)
	}
	if length+tailSize > n {
		n = length + tailSize
		if b, err = Read(ctx, src, size-n, n); err != nil {
			return nil, 0, err
		}
	}
	b = b[int64(len(b))-length-tailSize:]
	at := size - length - tailSize
	if got, want := Sum(b[:len(b)-4]), binary.LittleEndian.Uint32(b[len(b)-4:]); got != want {
		return nil, 0, Corrupt(at, "checksum of the footer is %08x, not %08x", got, want)
	}
	return NewDecoder(b[:length], at), at, nil
}

// Read is src.ReadAt, with what lies outside of the blob told as damage: the place was read from it.
func Read(ctx context.Context, src Source, off, n int64) ([]byte, error) {
	if size := src.Size(); off < 0 || n < 0 || off > size || n > size-off {
		return nil, Corrupt(off, "%d bytes are wanted of a blob of %d", n, size)
	}
	b, err := src.ReadAt(ctx, off, n)
	if err == nil && int64(len(b)) != n {
		err = Corrupt(off, "%d bytes were read, not %d", len(b), n)
	}
	return b, err
}

// ReadSum reads n bytes and the checksum that follows them.
func ReadSum(ctx context.Context, src Source, off, n int64) ([]byte, error) {
	b, err := Read(ctx, src, off, n+4)
	if err != nil {
		return nil, err
	}
	return CheckSum(b, off)
}

// CheckSum takes the checksum off b, which lies at offset off and is at least 4 bytes.
func CheckSum(b []byte, off int64) ([]byte, error) {
	n := len(b) - 4
	if got, want := Sum(b[:n]), binary.LittleEndian.Uint32(b[n:]); got != want {
		return nil, Corrupt(off, "checksum is %08x, not %08x", got, want)
	}
	return b[:n], nil
}

// AppendSum appends the checksum of dst[from:].
func AppendSum(dst []byte, from int) []byte {
	return binary.LittleEndian.AppendUint32(dst, Sum(dst[from:]))
}

// Decoder reads the parts of a footer or block. After the first error it gives zeros; Err tells it.
type Decoder struct {
	b    []byte
	at   int
	base int64
	err  error
}

// NewDecoder reads b, which lies at offset base of its blob.
func NewDecoder(b []byte, base int64) *Decoder { return &Decoder{b: b, base: base} }

// Err is the first error.
func (d *Decoder) Err() error { return d.err }

// Len is how many bytes are left.
func (d *Decoder) Len() int { return len(d.b) - d.at }

// Fail makes an error at the present place, unless there is one.
func (d *Decoder) Fail(format string, args ...any) {
	if d.err == nil {
		d.err = Corrupt(d.base+int64(d.at), format, args...)
	}
}

// Uvarint reads a number.
func (d *Decoder) Uvarint() uint64 {
	if d.err != nil {
		return 0
	}
	v, n := binary.Uvarint(d.b[d.at:])
	if n <= 0 {
		d.Fail("number is cut off")
		return 0
	}
	d.at += n
	return v
}

// Upto reads a number that is at most limit.
func (d *Decoder) Upto(limit uint64, what string) uint64 {
	v := d.Uvarint()
	if v > limit {
		d.Fail("%s is %d, more than %d", what, v, limit)
		return 0
	}
	return v
}

// Bytes gives the next n bytes, which are those of the source.
func (d *Decoder) Bytes(n uint64) []byte {
	if d.err != nil {
		return nil
	}
	if n > uint64(d.Len()) {
		d.Fail("%d bytes are wanted where %d are left", n, d.Len())
		return nil
	}
	b := d.b[d.at : d.at+int(n) : d.at+int(n)]
	d.at += int(n)
	return b
}

// Byte reads one byte.
func (d *Decoder) Byte() byte {
	if b := d.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// Uint32 reads four bytes.
func (d *Decoder) Uint32() uint32 {
	if b := d.Bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// End checks that nothing is left, and gives the first error.
func (d *Decoder) End() error {
	if d.err == nil && d.Len() > 0 {
		d.Fail("%d bytes too many", d.Len())
	}
	return d.err
}
