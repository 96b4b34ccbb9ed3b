package series

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/bits"

	"github.com/klauspost/compress/zstd"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// The form of docs/formats/series-index.md:
//
//	"GSER" | version 1 | body length, uvarint | body, zstd | CRC32C of all before, 4 bytes little-endian
const (
	codecMagic   = "GSER"
	codecVersion = 1
	// maxBody is the longest body that Decode takes. A table of 100 million series is about a tenth of it.
	maxBody = 8 << 30
)

// How the codes of a tag are written.
const (
	codesPacked   = 0 // bits.Len(number of values) bits each
	codesConstant = 1 // one uvarint
	codesRising   = 2 // uvarint differences, the first to 0
)

// CorruptError tells that bytes given to Decode are no table. The table can be built again from the tag columns.
type CorruptError struct {
	Offset int // in the blob, or where Body is true, in its decompressed body
	Body   bool
	Reason string
}

func (e *CorruptError) Error() string {
	where := "blob"
	if e.Body {
		where = "body"
	}
	return fmt.Sprintf("series index is corrupt at %s offset %d: %s", where, e.Offset, e.Reason)
}

// Append appends the binary form of t to dst.
func Append(dst []byte, t *Table) ([]byte, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(false))
	if err != nil {
		return dst, errs.Wrap(errs.Internal, err, "encode series index")
	}
	defer enc.Close()
	body := appendBody(nil, t)
	from := len(dst)
	dst = append(dst, codecMagic...)
	dst = append(dst, codecVersion)
	dst = binary.AppendUvarint(dst, uint64(len(body)))
	dst = enc.EncodeAll(body, dst)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[from:], crc32.MakeTable(crc32.Castagnoli))), nil
}

// Decode reads what Append wrote. It keeps no reference to b. Errors are *CorruptError, or errs.Unsupported for a newer version.
func Decode(b []byte) (*Table, error) {
	if len(b) < len(codecMagic)+1+1+4 || string(b[:len(codecMagic)]) != codecMagic {
		return nil, &CorruptError{Reason: "no series index starts here"}
	}
	if v := b[len(codecMagic)]; v != codecVersion {
		return nil, errs.New(errs.Unsupported, "series index is of version %d, not %d", v, codecVersion)
	}
	end := len(b) - 4
	stored, sum := binary.LittleEndian.Uint32(b[end:]), crc32.Checksum(b[:end], crc32.MakeTable(crc32.Castagnoli))
	if stored != sum {
		return nil, &CorruptError{Offset: end, Reason: fmt.Sprintf("checksum is %08x, stored is %08x", sum, stored)}
	}
	at := len(codecMagic) + 1
	size, n := binary.Uvarint(b[at:end])
	if n <= 0 || size > maxBody {
		return nil, &CorruptError{Offset: at, Reason: "body length"}
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(max(size, 1<<20)))
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "decode series index")
	}
	defer dec.Close()
	body, err := dec.DecodeAll(b[at+n:end], nil)
	if err != nil || uint64(len(body)) != size {
		return nil, &CorruptError{Offset: at + n, Reason: fmt.Sprintf("body of %d bytes, not %d: %v", len(body), size, err)}
	}
	return decodeBody(body)
}

func appendBody(dst []byte, t *Table) []byte {
	n := t.Len()
	dst = binary.AppendUvarint(dst, uint64(n))
	dst = binary.AppendUvarint(dst, uint64(len(t.Tags)))
	for k, id := range t.Tags {
		typ := t.Types[k]
		dst = binary.AppendUvarint(dst, uint64(id))
		dst = append(dst, byte(typ.Kind), byte(typ.Unit), typ.Precision, typ.Scale)
		dst = binary.AppendUvarint(dst, uint64(typ.Dim))
		dst = appendDict(dst, t.Dicts[k])
		dst = appendCodes(dst, t.Codes[k], t.Dicts[k].Len())
	}
	for i := range n {
		dst = binary.AppendUvarint(dst, uint64(t.Start[i+1]-t.Start[i]))
	}
	return dst
}

// appendDict writes a sorted dictionary: lengths of what each value shares with the one before, lengths of the rest, the rests.
func appendDict(dst []byte, d *model.Dict) []byte {
	n := d.Len()
	dst = binary.AppendUvarint(dst, uint64(n))
	shared := make([]uint32, n)
	for i := 1; i < n; i++ {
		shared[i] = uint32(commonPrefix(d.At(uint32(i-1)), d.At(uint32(i))))
	}
	for _, s := range shared {
		dst = binary.AppendUvarint(dst, uint64(s))
	}
	for i, s := range shared {
		dst = binary.AppendUvarint(dst, uint64(len(d.At(uint32(i))))-uint64(s))
	}
	for i, s := range shared {
		dst = append(dst, d.At(uint32(i))[s:]...)
	}
	return dst
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

func appendCodes(dst []byte, codes []uint32, card int) []byte {
	rising, constant := true, true
	for i := 1; i < len(codes); i++ {
		if codes[i] != codes[i-1] {
			constant = false
			if codes[i] < codes[i-1] {
				rising = false
				break
			}
		}
	}
	switch {
	case len(codes) == 0 || constant:
		dst = append(dst, codesConstant)
		c := uint32(0)
		if len(codes) > 0 {
			c = codes[0]
		}
		return binary.AppendUvarint(dst, uint64(c))
	case rising:
		dst = append(dst, codesRising)
		last := uint32(0)
		for _, c := range codes {
			dst = binary.AppendUvarint(dst, uint64(c-last))
			last = c
		}
		return dst
	}
	dst = append(dst, codesPacked)
	width := packedWidth(card)
	var word uint64
	free := uint(0) // bits of word in use
	for _, c := range codes {
		word |= uint64(c) << free
		for free += width; free >= 8; free -= 8 {
			dst = append(dst, byte(word))
			word >>= 8
		}
	}
	if free > 0 {
		dst = append(dst, byte(word))
	}
	return dst
}

// bodyReader reads a body front to back. The first fault sticks in err.
type bodyReader struct {
	b   []byte
	at  int
	err error
}

func (r *bodyReader) fail(reason string) {
	if r.err == nil {
		r.err = &CorruptError{Offset: r.at, Body: true, Reason: reason}
	}
}

func (r *bodyReader) uvarint(limit uint64, what string) uint64 {
	if r.err != nil {
		return 0
	}
	if r.at < len(r.b) && r.b[r.at] < 0x80 && uint64(r.b[r.at]) <= limit { // fast path: one byte
		r.at++
		return uint64(r.b[r.at-1])
	}
	v, n := binary.Uvarint(r.b[r.at:])
	if n <= 0 || v > limit {
		r.fail(what)
		return 0
	}
	r.at += n
	return v
}

func (r *bodyReader) bytes(n uint64, what string) []byte {
	if r.err != nil {
		return nil
	}
	if n > uint64(len(r.b)-r.at) {
		r.fail(what)
		return nil
	}
	r.at += int(n)
	return r.b[r.at-int(n) : r.at]
}

func decodeBody(b []byte) (*Table, error) {
	r := &bodyReader{b: b}
	left := uint64(len(b))
	n := int(r.uvarint(left, "number of series")) // a series takes at least a byte, that of its row count
	tags := int(r.uvarint(left/8, "number of tags"))
	t := &Table{}
	for range tags {
		t.Tags = append(t.Tags, model.ColumnID(r.uvarint(math.MaxUint32, "column id")))
		p := r.bytes(4, "type")
		if r.err != nil {
			return nil, r.err
		}
		typ := model.Type{Kind: model.Kind(p[0]), Unit: model.TimeUnit(p[1]), Precision: p[2], Scale: p[3]}
		typ.Dim = uint32(r.uvarint(math.MaxUint32, "dimension"))
		if typ.Kind > model.KindStruct || typ.Unit > model.Nanosecond {
			r.fail("type")
		}
		t.Types = append(t.Types, typ)
		d := r.dict(typ)
		t.Dicts = append(t.Dicts, d)
		t.Codes = append(t.Codes, r.codes(n, d.Len()))
		if r.err != nil {
			return nil, r.err
		}
	}
	if n > len(b)-r.at {
		r.fail("row counts")
		return nil, r.err
	}
	t.Start = make([]uint32, n+1)
	for i := range n {
		c := r.uvarint(math.MaxUint32-uint64(t.Start[i]), "row count")
		t.Start[i+1] = t.Start[i] + uint32(c)
	}
	if r.at != len(b) {
		r.fail("bytes after the end")
	}
	for i := 1; i < n && r.err == nil; i++ {
		if t.compare(i-1, i) >= 0 {
			r.fail(fmt.Sprintf("series %d does not come after the one before", i))
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	return t, nil
}

func (r *bodyReader) dict(typ model.Type) *model.Dict {
	n := int(r.uvarint(uint64(len(r.b)-r.at)/2, "number of values"))
	if r.err != nil || n == 0 {
		return &model.Dict{}
	}
	shared, rest := make([]uint32, n), make([]uint32, n)
	var total, last, suffixes uint64
	for i := range shared {
		shared[i] = uint32(r.uvarint(math.MaxUint32, "shared length"))
	}
	for i := range rest {
		rest[i] = uint32(r.uvarint(math.MaxUint32, "length"))
		if uint64(shared[i]) > last {
			r.fail("shared length")
		}
		last = uint64(shared[i]) + uint64(rest[i])
		total += last
		suffixes += uint64(rest[i])
	}
	p := r.bytes(suffixes, "values")
	// A short body cannot describe much more than it holds, except by values that are long and alike.
	if total > math.MaxUint32 {
		r.fail("values are longer than 4 GiB")
	}
	if r.err != nil {
		return &model.Dict{}
	}
	d := &model.Dict{Offsets: make([]uint32, 1, n+1), Data: make([]byte, 0, total)}
	width := sortableWidth(typ.Class())
	for i := range n {
		from := uint32(len(d.Data))
		if i > 0 {
			d.Data = append(d.Data, d.Data[d.Offsets[i-1]:d.Offsets[i-1]+shared[i]]...)
		}
		d.Data = append(d.Data, p[:rest[i]]...)
		p = p[rest[i]:]
		d.Offsets = append(d.Offsets, uint32(len(d.Data)))
		if width >= 0 && len(d.Data)-int(from) != width || i > 0 && bytes.Compare(d.At(uint32(i-1)), d.At(uint32(i))) >= 0 {
			r.fail(fmt.Sprintf("value %d is out of order or of a wrong length", i))
			return &model.Dict{}
		}
	}
	return d
}

func (r *bodyReader) codes(n, card int) []uint32 {
	mode := r.bytes(1, "form of codes")
	if r.err != nil {
		return nil
	}
	limit := uint64(card)
	switch mode[0] {
	case codesConstant:
		c := uint32(r.uvarint(limit, "code"))
		out := make([]uint32, n)
		fill(out, c)
		return out
	case codesRising:
		if n > len(r.b)-r.at {
			r.fail("codes")
			return nil
		}
		out := make([]uint32, n)
		last := uint64(0)
		for i := range out {
			last += r.uvarint(limit-last, "code")
			out[i] = uint32(last)
		}
		return out
	case codesPacked:
		width := packedWidth(card)
		p := r.bytes((uint64(n)*uint64(width)+7)/8, "codes")
		if r.err != nil {
			return nil
		}
		out := make([]uint32, n)
		var word uint64
		have := uint(0)
		mask := uint64(1)<<width - 1
		for i := range out {
			for have < width {
				word |= uint64(p[0]) << have
				p = p[1:]
				have += 8
			}
			c := word & mask
			word >>= width
			have -= width
			if c > limit {
				r.fail(fmt.Sprintf("code %d of %d values", c, card))
				return nil
			}
			out[i] = uint32(c)
		}
		return out
	}
	r.fail("form of codes")
	return nil
}

// packedWidth is how many bits a packed code has where a tag has card values: room for card, and 0.
func packedWidth(card int) uint { return uint(bits.Len(uint(card))) }
