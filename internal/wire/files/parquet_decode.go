package files

import (
	"encoding/binary"
	"math"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// hybridRun is a run of the encoding that mixes runs of one value with packed ones: count values, packed in data, or equal to value.
type hybridRun struct {
	count int
	data  []byte // nil: all are value
	value uint32
}

// nextRun takes a run of at most left values off src.
func nextRun(src []byte, width, left int) (r hybridRun, rest []byte, err error) {
	h, k := binary.Uvarint(src)
	if k <= 0 || h>>1 == 0 {
		return r, nil, errPage
	}
	src = src[k:]
	if h&1 == 0 {
		size := (width + 7) / 8
		if len(src) < size {
			return r, nil, errPage
		}
		for i := range size {
			r.value |= uint32(src[i]) << (8 * i)
		}
		r.count = int(min(h>>1, uint64(left)))
		return r, src[size:], nil
	}
	groups := min(h>>1, uint64(left+7)/8)
	r.count = min(int(groups)*8, left)
	size := int(groups) * width
	if size > len(src) { // some writers leave the unused end of the last group out
		size = len(src)
		if (r.count*width+7)/8 > size {
			return r, nil, errPage
		}
	}
	r.data = src[:size:size]
	return r, src[size:], nil
}

// unpackLevels decodes levels of 0 and 1, one a value, and counts the ones.
func unpackLevels(dst, src []byte) (ones int, err error) {
	for at := 0; at < len(dst); {
		var r hybridRun
		if r, src, err = nextRun(src, 1, len(dst)-at); err != nil {
			return 0, err
		}
		out := dst[at : at+r.count]
		at += r.count
		if r.data == nil {
			if r.value > 1 {
				return 0, errPage
			}
			for i := range out {
				out[i] = byte(r.value)
			}
			ones += r.count * int(r.value)
			continue
		}
		for i := range out {
			x := r.data[i>>3] >> (i & 7) & 1
			out[i] = x
			ones += int(x)
		}
	}
	return ones, nil
}

// unpackCodes decodes the places of values in a dictionary of size entries.
func unpackCodes(dst []uint32, src []byte, size int) error {
	if len(dst) == 0 {
		return nil
	}
	if len(src) == 0 || src[0] > 32 {
		return errPage
	}
	width := int(src[0])
	src = src[1:]
	for at := 0; at < len(dst); {
		r, rest, err := nextRun(src, width, len(dst)-at)
		if err != nil {
			return err
		}
		src = rest
		out := dst[at : at+r.count]
		at += r.count
		if r.data != nil {
			unpackBits(out, r.data, width)
			continue
		}
		for i := range out {
			out[i] = r.value
		}
	}
	for _, x := range dst {
		if x >= uint32(size) {
			return errPage
		}
	}
	return nil
}

// unpackBits reads numbers of width bits, the least significant first; src holds them all.
func unpackBits(dst []uint32, src []byte, width int) {
	mask := uint64(1)<<width - 1
	i, bit := 0, 0
	for ; i < len(dst) && bit>>3+8 <= len(src); i++ { // fast path: eight bytes at a time
		dst[i] = uint32(binary.LittleEndian.Uint64(src[bit>>3:]) >> (bit & 7) & mask)
		bit += width
	}
	for ; i < len(dst); i++ {
		var tail [8]byte
		copy(tail[:], src[min(bit>>3, len(src)):])
		dst[i] = uint32(binary.LittleEndian.Uint64(tail[:]) >> (bit & 7) & mask)
		bit += width
	}
}

// unpackDeltas decodes n numbers of DELTA_BINARY_PACKED into dst's memory and gives what follows them.
func unpackDeltas(dst []int64, src []byte, n int) (out []int64, rest []byte, err error) {
	var head [3]uint64 // values of a block, parts of a block, values
	for i := range head {
		v, k := binary.Uvarint(src)
		if k <= 0 {
			return nil, nil, errPage
		}
		head[i], src = v, src[k:]
	}
	value, k := binary.Varint(src)
	if k <= 0 || head[0] == 0 || head[0] > 1<<16 || head[1] == 0 || head[1] > head[0] || head[0]%head[1] != 0 || (head[0]/head[1])%8 != 0 || head[2] != uint64(n) {
		return nil, nil, errPage
	}
	src = src[k:]
	out = dst[:0]
	if n == 0 {
		return out, src, nil
	}
	if n>>16 > len(src) { // a block takes some bytes at least
		return nil, nil, errPage
	}
	if cap(out) < n {
		out = make([]int64, 0, n)
	}
	out = append(out, value)
	parts, size := int(head[1]), int(head[0]/head[1])
	for len(out) < n {
		least, k := binary.Varint(src)
		if k <= 0 || len(src)-k < parts {
			return nil, nil, errPage
		}
		widths := src[k : k+parts]
		src = src[k+parts:]
		for _, w := range widths {
			take := min(size, n-len(out))
			if take == 0 {
				break
			}
			width := int(w)
			bytes := size / 8 * width
			if width > 64 {
				return nil, nil, errPage
			}
			if bytes > len(src) {
				if bytes = len(src); (take*width+7)/8 > bytes {
					return nil, nil, errPage
				}
			}
			data := src[:bytes]
			src = src[bytes:]
			if width == 0 {
				for range take {
					value += least
					out = append(out, value)
				}
				continue
			}
			bit := 0
			mask := uint64(math.MaxUint64) >> (64 - width)
			for range take {
				at, shift := bit>>3, bit&7
				var x uint64
				if at+9 <= len(data) {
					x = binary.LittleEndian.Uint64(data[at:]) >> shift
					if shift+width > 64 {
						x |= uint64(data[at+8]) << (64 - shift)
					}
				} else {
					var tail [16]byte
					copy(tail[:], data[at:])
					x = binary.LittleEndian.Uint64(tail[:]) >> shift
					if shift+width > 64 {
						x |= uint64(tail[8]) << (64 - shift)
					}
				}
				value += least + int64(x&mask)
				out = append(out, value)
				bit += width
			}
		}
	}
	return out, src, nil
}

// scratch is memory of decoding that pages use one after the other.
type scratch struct {
	lengths, prefixes []int64
	split             []byte
}

// resize gives a slice of n elements in s's memory where it has room.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// bytesOf is the size of a physical type's plain values; 0 where they have none of their own.
func bytesOf(kind parquet.Kind, width int) int {
	switch kind {
	case parquet.Int32, parquet.Float:
		return 4
	case parquet.Int64, parquet.Double:
		return 8
	case parquet.Int96:
		return 12
	case parquet.FixedLenByteArray:
		return width
	}
	return 0
}

// decodePage decodes n values of a page into dst. Memory of dst is used again; bytes may lie in src.
func (c *cursor) decodePage(dst *values, src []byte, enc format.Encoding, n int) error {
	size := bytesOf(c.kind, c.width)
	switch enc {
	case format.Plain:
		switch {
		case c.kind == parquet.Boolean:
			if len(src) < (n+7)/8 {
				return errPage
			}
			dst.bools = src
			return nil
		case c.kind == parquet.ByteArray:
			return dst.plainBytes(src, n)
		case size <= 0 || len(src)/size < n:
			return errPage
		}
		return c.fixed(dst, src[:n*size], n)
	case format.RLE:
		if c.kind != parquet.Boolean || len(src) < 4 || uint64(binary.LittleEndian.Uint32(src)) > uint64(len(src)-4) {
			return errPage
		}
		c.scratch.split = resize(c.scratch.split, n)
		if _, err := unpackLevels(c.scratch.split, src[4:]); err != nil {
			return err
		}
		dst.bools = make([]byte, (n+7)/8)
		for i, x := range c.scratch.split {
			dst.bools[i>>3] |= x << (i & 7)
		}
		return nil
	case format.DeltaBinaryPacked:
		if c.kind != parquet.Int32 && c.kind != parquet.Int64 {
			return errPage
		}
		x, _, err := unpackDeltas(dst.ints, src, n)
		if err != nil {
			return err
		}
		dst.ints = x
		if c.kind == parquet.Int32 {
			for i, v := range x {
				if x[i] = int64(int32(v)); c.unsigned {
					x[i] = int64(uint32(v))
				}
			}
		}
		return nil
	case format.DeltaLengthByteArray:
		if c.kind != parquet.ByteArray {
			return errPage
		}
		lengths, rest, err := unpackDeltas(c.scratch.lengths, src, n)
		if err != nil {
			return err
		}
		c.scratch.lengths = lengths
		dst.offs = resize(dst.offs, n+1)
		at := int64(0)
		dst.offs[0] = 0
		for i, l := range lengths {
			if l < 0 || l > int64(len(rest))-at {
				return errPage
			}
			at += l
			dst.offs[i+1] = uint32(at)
		}
		dst.data = rest[:at]
		return nil
	case format.DeltaByteArray:
		return c.prefixed(dst, src, n)
	case format.ByteStreamSplit:
		if size <= 0 || c.kind == parquet.Int96 || len(src)/size < n {
			return errPage
		}
		c.scratch.split = resize(c.scratch.split, n*size)
		for b := range size {
			for i, x := range src[b*n : b*n+n] {
				c.scratch.split[i*size+b] = x
			}
		}
		return c.fixed(dst, c.scratch.split, n)
	}
	return errs.New(errs.Unsupported, "values encoded as %s are not supported", enc)
}

// fixed reads n values of a fixed size; src has exactly their bytes.
func (c *cursor) fixed(dst *values, src []byte, n int) error {
	switch c.kind {
	case parquet.Int32:
		dst.ints = resize(dst.ints, n)
		for i := range dst.ints {
			x := binary.LittleEndian.Uint32(src[4*i:])
			if dst.ints[i] = int64(int32(x)); c.unsigned {
				dst.ints[i] = int64(x)
			}
		}
	case parquet.Int64:
		dst.ints = resize(dst.ints, n)
		for i := range dst.ints {
			dst.ints[i] = int64(binary.LittleEndian.Uint64(src[8*i:]))
		}
	case parquet.Int96:
		dst.ints = resize(dst.ints, n)
		for i := range dst.ints {
			const julian = 2440588 // the day of 1970-01-01
			days := int64(binary.LittleEndian.Uint32(src[12*i+8:])) - julian
			if days < -106751 || days > 106750 {
				return errs.New(errs.InvalidArguments, "a time %d days from 1970-01-01 does not fit nanoseconds", days)
			}
			dst.ints[i] = days*86400e9 + int64(binary.LittleEndian.Uint64(src[12*i:]))
		}
	case parquet.Float:
		dst.floats = resize(dst.floats, n)
		for i := range dst.floats {
			dst.floats[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:])))
		}
	case parquet.Double:
		dst.floats = resize(dst.floats, n)
		for i := range dst.floats {
			dst.floats[i] = math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:]))
		}
	case parquet.FixedLenByteArray:
		dst.data, dst.offs = src, resize(dst.offs, n+1)
		for i := range dst.offs {
			dst.offs[i] = uint32(i * c.width)
		}
	default:
		return errPage
	}
	return nil
}

// plainBytes reads n values that each follow their length.
func (v *values) plainBytes(src []byte, n int) error {
	if n > len(src)/4 {
		return errPage
	}
	v.own = resize(v.own, len(src)-4*n)[:0]
	v.offs = resize(v.offs, n+1)
	v.offs[0] = 0
	for i := range n {
		if len(src) < 4 {
			return errPage
		}
		l := binary.LittleEndian.Uint32(src)
		if uint64(l) > uint64(len(src)-4) {
			return errPage
		}
		v.own = append(v.own, src[4:4+l]...)
		src = src[4+l:]
		v.offs[i+1] = uint32(len(v.own))
	}
	v.data = v.own
	return nil
}

// prefixed reads values that each say how much of the one before they begin with.
func (c *cursor) prefixed(dst *values, src []byte, n int) error {
	if c.kind != parquet.ByteArray && c.kind != parquet.FixedLenByteArray {
		return errPage
	}
	prefixes, src, err := unpackDeltas(c.scratch.prefixes, src, n)
	if err != nil {
		return err
	}
	c.scratch.prefixes = prefixes
	lengths, src, err := unpackDeltas(c.scratch.lengths, src, n)
	if err != nil {
		return err
	}
	c.scratch.lengths = lengths
	dst.own, dst.offs = dst.own[:0], resize(dst.offs, n+1)
	dst.offs[0] = 0
	last := 0 // where the value before begins
	for i, l := range lengths {
		p := prefixes[i]
		if p < 0 || p > int64(len(dst.own)-last) || l < 0 || l > int64(len(src)) || p+l > int64(maxPage-len(dst.own)) {
			return errPage
		}
		if c.kind == parquet.FixedLenByteArray && p+l != int64(c.width) {
			return errPage
		}
		at := len(dst.own)
		dst.own = append(dst.own, dst.own[last:last+int(p)]...)
		dst.own = append(dst.own, src[:l]...)
		src = src[l:]
		last = at
		dst.offs[i+1] = uint32(len(dst.own))
	}
	dst.data = dst.own
	return nil
}
