package sst

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"unsafe"

	"github.com/parquet-go/parquet-go/encoding/bytestreamsplit"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goptimedb/goptimedb/internal/model"
)

// scratch is memory that decoding pages needs for a moment.
type scratch struct {
	file  []byte
	body  []byte
	ints  []int64
	flts  []float64
	i32   []int32
	f32   []float32
	offs  []uint32
	data  []byte
	delta delta.BinaryPackedEncoding
	split bytestreamsplit.Encoding
	dict  rle.DictionaryEncoding
	lens  delta.LengthByteArrayEncoding

	shared delta.ByteArrayEncoding
}

// decoder decodes pages of one chunk into its vector; the caller holds the chunk's lock.
type decoder struct {
	f    *File
	col  *column
	k    *chunkMeta
	rows int
	out  *chunk
	base int // row of the chunk that is the vector's first: a page's first
	s    *scratch

	// Rows [lo, hi) of the chunk are wanted of pages that can be decoded in part; zero: all. cut tells that the last page was one.
	lo, hi int
	cut    bool
}

// pages reads and decodes the pages of [from, to) that are not decoded yet, and the dictionary if it is not there.
func (d *decoder) pages(ctx context.Context, stats *Stats, from, to int) error {
	begin := d.k.pages[from].offset
	dict := d.k.enc == format.RLEDictionary && !d.out.loaded
	if dict && from > 0 && d.k.pages[from].offset-d.k.pages[0].offset > readGap { // far away: two reads
		n := d.k.pages[0].offset - d.k.dictOffset
		b, err := d.read(ctx, d.k.dictOffset, int(n))
		if err != nil {
			return err
		}
		if stats != nil {
			stats.BytesRead.Add(n)
		}
		if err := d.dictionary(b); err != nil {
			return err
		}
		dict = false
	} else if dict {
		begin = d.k.dictOffset
	}
	last := &d.k.pages[to-1]
	b, err := d.read(ctx, begin, int(last.offset+int64(last.size)-begin))
	if err != nil {
		return err
	}
	if stats != nil {
		stats.BytesRead.Add(int64(len(b)))
	}
	if dict {
		if err := d.dictionary(b[:d.k.pages[0].offset-begin]); err != nil {
			return err
		}
	}
	for i := from; i < to; i++ {
		if d.out.has(i) {
			continue
		}
		p := &d.k.pages[i]
		if err := d.page(i, b[p.offset-begin:][:p.size]); err != nil {
			return err
		}
		if stats != nil {
			stats.Pages.Add(1)
			stats.BytesDecoded.Add(int64(len(d.s.body)))
		}
		if d.cut {
			d.cut = false
			continue
		}
		d.out.mark(i)
	}
	return nil
}

// read is readRange into scratch memory.
func (d *decoder) read(ctx context.Context, off int64, n int) (_ []byte, err error) {
	d.s.file, err = readInto(ctx, d.s.file, d.f.name, d.f.blob, off, n)
	return d.s.file, err
}

// open checks a page and decompresses it into scratch memory.
func (d *decoder) open(b []byte) (h pageHeader, body []byte, err error) {
	h, n, err := parsePageHeader(b)
	if err != nil {
		return h, nil, err
	}
	if n+h.compressed != len(b) {
		return h, nil, fmt.Errorf("page of %d bytes, its header says %d", len(b), n+h.compressed)
	}
	if s := crc32.ChecksumIEEE(b[n:]); s != h.crc {
		return h, nil, fmt.Errorf("checksum of the page is %08x, not %08x", s, h.crc)
	}
	body, err = d.f.r.zstd.DecodeAll(b[n:], d.s.body[:0])
	if err != nil {
		return h, nil, err
	}
	if len(body) != h.uncompressed {
		return h, nil, fmt.Errorf("page holds %d bytes, its header says %d", len(body), h.uncompressed)
	}
	if cap(body)-len(body) < readPadding {
		body = append(body, make([]byte, readPadding)...)[:len(body)]
	}
	d.s.body = body
	return h, body, nil
}

func (d *decoder) dictionary(b []byte) (err error) {
	defer guard(&err, d.f.name, d.k.dictOffset)
	h, body, err := d.open(b)
	if err == nil && (!h.dict || h.encoding != format.Plain) {
		err = errPageHeader
	}
	if err == nil {
		err = d.plainDictionary(body, h.values)
	}
	if err != nil {
		return corrupt(d.f.name, d.k.dictOffset, err)
	}
	d.out.loaded = true
	return nil
}

func (d *decoder) plainDictionary(body []byte, n int) error {
	if d.col.phys == physBytes {
		dict := model.Dict{Offsets: make([]uint32, 1, n+1), Data: make([]byte, 0, len(body))}
		for range n {
			if len(body) < 4 || uint64(binary.LittleEndian.Uint32(body)) > uint64(len(body)-4) {
				return errDamaged
			}
			l := binary.LittleEndian.Uint32(body)
			dict.Append(body[4 : 4+l])
			body = body[4+l:]
		}
		*d.out.vec.Dict = dict
	} else {
		w := boundSize(d.col)
		if n*w != len(body) {
			return errDamaged
		}
		for i := range n {
			x := body[i*w:][:w]
			if d.col.phys == physInt32 || d.col.phys == physInt64 {
				d.out.dict.ints = append(d.out.dict.ints, boundInt(d.col, x))
			} else {
				d.out.dict.floats = append(d.out.dict.floats, boundFloat(d.col, x))
			}
		}
		body = nil
	}
	if len(body) != 0 {
		return errDamaged
	}
	return nil
}

// page decodes page i.
func (d *decoder) page(i int, b []byte) (err error) {
	p := &d.k.pages[i]
	defer guard(&err, d.f.name, p.offset)
	if err := d.decode(i, b); err != nil {
		return corrupt(d.f.name, p.offset, err)
	}
	return nil
}

func (d *decoder) decode(i int, b []byte) error {
	h, body, err := d.open(b)
	if err != nil {
		return err
	}
	p := &d.k.pages[i]
	from, to := d.k.rowsOf(i, d.rows)
	from, to = from-d.base, to-d.base
	if h.dict || h.encoding != d.k.enc || h.values != to-from {
		return errPageHeader
	}
	v := d.out.vec
	if d.col.optional {
		if len(body) < 4 || uint64(binary.LittleEndian.Uint32(body)) > uint64(len(body)-4) {
			return errors.New("definition levels are cut short")
		}
		n := binary.LittleEndian.Uint32(body)
		levels := body[4 : 4+n]
		body = body[4+n:]
		switch {
		case p.nulls > 0:
			if err := readLevels(v.Valid, levels, from, to); err != nil {
				return err
			}
			if c := to - from - (v.Valid.Count(to) - v.Valid.Count(from)); c != p.nulls {
				return fmt.Errorf("page has %d NULLs, the page index says %d", c, p.nulls)
			}
		case v.Valid != nil:
			v.Valid.SetRange(from, to)
		}
	}
	if p.values == 0 {
		return nil
	}
	switch d.col.phys {
	case physBool:
		return d.bools(body, p, from, to)
	case physInt32, physInt64:
		return d.ints(body, p, from, to)
	case physFloat, physDouble:
		return d.floats(body, p, from, to)
	case physFixed:
		return d.decimals(body, p, from, to)
	}
	if d.k.enc == format.RLEDictionary {
		return d.codes(body, p, from, to)
	}
	return d.bytes(body, p, from, to)
}

// readLevels sets the validity of rows [from, to) from definition levels; from is a multiple of 64 and the bits are clear.
func readLevels(valid model.Bitmap, b []byte, from, to int) error {
	for at := from; at < to; {
		u, n := binary.Uvarint(b)
		if n <= 0 || u>>1 == 0 || u>>1 > uint64(to) {
			return errors.New("definition levels are damaged")
		}
		b = b[n:]
		count := int(u >> 1)
		if u&1 == 0 {
			if len(b) < 1 || b[0] > 1 || at+count > to {
				return errors.New("definition levels are damaged")
			}
			if b[0] == 1 {
				valid.SetRange(at, at+count)
			}
			b = b[1:]
			at += count
			continue
		}
		if len(b) < count || at&7 != 0 || at+8*count >= to+8 {
			return errors.New("definition levels are damaged")
		}
		for _, x := range b[:count] {
			if left := to - at; left < 8 {
				x &= 1<<left - 1
			}
			valid[at>>6] |= uint64(x) << (at & 63)
			at += 8
		}
		b = b[count:]
	}
	return nil
}

// spread moves compact values to the rows of [from, to) that are valid.
func spread[T any](dst []T, vals []T, valid model.Bitmap, from, to int) {
	n := 0
	for r := from; r < to; r++ {
		if valid.Get(r) {
			dst[r] = vals[n]
			n++
		}
	}
}

var errCount = errors.New("page holds another number of values than the page index says")

// place gives where n decoded values of a page go: straight into the column, or into *tmp to be spread later.
func place[T any](col []T, tmp *[]T, p *pageMeta, from, to int) []T {
	if p.nulls == 0 {
		return col[from:to:to]
	}
	if cap(*tmp) < p.values {
		*tmp = make([]T, p.values)
	}
	return (*tmp)[:p.values:p.values]
}

func (d *decoder) ints(body []byte, p *pageMeta, from, to int) error {
	v := d.out.vec
	dst := place(v.Ints, &d.s.ints, p, from, to)
	switch {
	case d.k.enc == format.RLEDictionary:
		if err := d.indexes(body, p.values); err != nil {
			return err
		}
		dict := d.out.dict.ints
		for i, c := range d.s.i32 {
			if uint(c) >= uint(len(dict)) {
				return errDamaged
			}
			dst[i] = dict[c]
		}
	case d.k.enc == format.Plain && d.col.phys == physInt64:
		if len(body) != 8*len(dst) {
			return errCount
		}
		for i := range dst {
			dst[i] = int64(binary.LittleEndian.Uint64(body[8*i:]))
		}
	case d.k.enc == format.Plain:
		if len(body) != 4*len(dst) {
			return errCount
		}
		for i := range dst {
			dst[i] = int64(int32(binary.LittleEndian.Uint32(body[4*i:])))
		}
	case d.part(&dst, body, p, from, to):
	case readAligned(dst, body, d.col.phys == physInt32):
	case d.col.phys == physInt64:
		out, err := d.s.delta.DecodeInt64(dst, body)
		if err != nil {
			return err
		}
		if len(out) != len(dst) {
			return errCount
		}
		if unsafe.SliceData(out) != unsafe.SliceData(dst) {
			copy(dst, out)
		}
	default:
		out, err := d.s.delta.DecodeInt32(d.s.i32, body)
		if err != nil {
			return err
		}
		d.s.i32 = out
		if len(out) != len(dst) {
			return errCount
		}
		for i, x := range out {
			dst[i] = int64(x)
		}
	}
	if d.col.phys == physInt32 && d.col.unsigned {
		for i, x := range dst {
			dst[i] = int64(uint32(x))
		}
	}
	if p.nulls > 0 {
		spread(v.Ints, dst, v.Valid, from, to)
	}
	return nil
}

// part decodes the wanted rows of a page alone, and makes dst them. It reports false for pages that are wanted as a whole, or cannot be
// decoded in part.
func (d *decoder) part(dst *[]int64, body []byte, p *pageMeta, from, to int) bool {
	lo, hi := max(d.lo-d.base, from)-from, min(d.hi-d.base, to)-from
	if d.hi == 0 || p.nulls > 0 || hi-lo == to-from || lo >= hi {
		return false
	}
	if d.cut = readAlignedPart(*dst, body, d.col.phys == physInt32, lo, hi); d.cut {
		*dst = (*dst)[lo:hi]
	}
	return d.cut
}

func (d *decoder) floats(body []byte, p *pageMeta, from, to int) error {
	v := d.out.vec
	dst := place(v.Floats, &d.s.flts, p, from, to)
	switch {
	case d.k.enc == format.RLEDictionary:
		if err := d.indexes(body, p.values); err != nil {
			return err
		}
		dict := d.out.dict.floats
		for i, c := range d.s.i32 {
			if uint(c) >= uint(len(dict)) {
				return errDamaged
			}
			dst[i] = dict[c]
		}
	case d.col.phys == physDouble:
		if len(body) != 8*len(dst) {
			return errCount
		}
		if d.k.enc == format.Plain {
			for i := range dst {
				dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(body[8*i:]))
			}
			break
		}
		out, err := d.s.split.DecodeDouble(dst, body)
		if err != nil {
			return err
		}
		if unsafe.SliceData(out) != unsafe.SliceData(dst) {
			copy(dst, out)
		}
	default:
		if len(body) != 4*len(dst) {
			return errCount
		}
		if d.k.enc == format.Plain {
			for i := range dst {
				dst[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:])))
			}
			break
		}
		out, err := d.s.split.DecodeFloat(d.s.f32, body)
		if err != nil {
			return err
		}
		d.s.f32 = out
		for i, x := range out[:len(dst)] {
			dst[i] = float64(x)
		}
	}
	if p.nulls > 0 {
		spread(v.Floats, dst, v.Valid, from, to)
	}
	return nil
}

// indexes decodes n dictionary codes into scratch memory.
func (d *decoder) indexes(body []byte, n int) error {
	out, err := d.s.dict.DecodeInt32(d.s.i32, body)
	if err != nil {
		return err
	}
	d.s.i32 = out
	if len(out) < n || len(out) >= n+8 { // packed runs are padded to eight
		return errCount
	}
	d.s.i32 = out[:n]
	return nil
}

func (d *decoder) codes(body []byte, p *pageMeta, from, to int) error {
	if err := d.indexes(body, p.values); err != nil {
		return err
	}
	v := d.out.vec
	limit := uint(v.Dict.Len())
	if p.nulls == 0 {
		dst := v.Codes[from:to]
		for i, c := range d.s.i32 {
			if uint(c) >= limit {
				return errDamaged
			}
			dst[i] = uint32(c)
		}
		return nil
	}
	n := 0
	for r := from; r < to; r++ {
		if v.Valid.Get(r) {
			c := d.s.i32[n]
			if uint(c) >= limit {
				return errDamaged
			}
			v.Codes[r] = uint32(c)
			n++
		}
	}
	return nil
}

func (d *decoder) bytes(body []byte, p *pageMeta, from, to int) error {
	decode := d.s.lens.DecodeByteArray
	if d.k.enc == format.DeltaByteArray {
		decode = d.s.shared.DecodeByteArray
	}
	data, offs, err := decode(d.s.data, body, d.s.offs)
	if err != nil {
		return err
	}
	d.s.data, d.s.offs = data, offs
	if len(offs) != p.values+1 || uint64(len(data)) != uint64(p.bytes) {
		return errCount
	}
	v := d.out.vec
	copy(v.Data[p.base:], data)
	// The offsets at the page's borders were set when the chunk was made; other pages' readers may look at them.
	if p.nulls == 0 {
		dst := v.Offsets[from+1 : to]
		for i := range dst {
			dst[i] = p.base + offs[i+1]
		}
		return nil
	}
	n := 0
	for r := from; r < to-1; r++ {
		if v.Valid.Get(r) {
			n++
		}
		v.Offsets[r+1] = p.base + offs[n]
	}
	return nil
}

func (d *decoder) bools(body []byte, p *pageMeta, from, to int) error {
	if len(body) != (p.values+7)/8 {
		return errCount
	}
	v, n := d.out.vec, 0
	for r := from; r < to; r++ {
		if p.nulls > 0 && !v.Valid.Get(r) {
			continue
		}
		v.Bools[r] = body[n>>3]>>(n&7)&1 == 1
		n++
	}
	return nil
}

func (d *decoder) decimals(body []byte, p *pageMeta, from, to int) error {
	if len(body) != fixedLen*p.values {
		return errCount
	}
	v, n := d.out.vec, 0
	for r := from; r < to; r++ {
		if p.nulls > 0 && !v.Valid.Get(r) {
			continue
		}
		v.Decimals[r] = decimalAt(body[n*fixedLen:])
		n++
	}
	return nil
}
