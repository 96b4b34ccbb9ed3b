package sst

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/bits"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/bytestreamsplit"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goptimedb/goptimedb/internal/model"
)

// choice is how the pages of one column chunk are encoded and compressed.
type choice struct {
	enc     format.Encoding
	aligned bool // DELTA_BINARY_PACKED with whole bytes, see appendAlignedDelta
	fast    bool // zstd's fastest level, which on narrow values is also the smaller one
}

// Candidates for numbers. A value of a zstd page of full-width values costs 7 ns or more to decode, one of deltas or dictionary codes
// about 1 ns: the wide encodings must be that much smaller to be worth it.
const widePenalty = 1.5

var (
	choiceDict    = choice{enc: format.RLEDictionary, fast: true}
	choiceAligned = choice{enc: format.DeltaBinaryPacked, aligned: true, fast: true}
	choiceDelta   = choice{enc: format.DeltaBinaryPacked, fast: true}
	choicePlain   = choice{enc: format.Plain}
	choiceSplit   = choice{enc: format.ByteStreamSplit}
	choiceLengths = choice{enc: format.DeltaLengthByteArray}
)

// sampleValues is how many neighbouring values of a chunk are encoded to choose the encoding of all.
const sampleValues = 4096

// chunkValues is the values of one column chunk without its NULLs: one of the members, by the column's physical type, and codes with
// a dictionary where the values are so coded.
type chunkValues struct {
	n       int
	bools   []bool
	ints    []int64
	floats  []float64
	decs    []model.Int128
	offsets []uint32 // n+1
	data    []byte
	codes   []int32
	values  *model.Dict // what the codes of byte values mean
	dict    []byte      // what the codes of numbers mean: a page of plain values
	dictLen int
}

// encoder turns values into pages. It belongs to one Writer.
type encoder struct {
	best, fast *zstd.Encoder
	body       []byte
	tmp        []byte
	i32        []int32
	f32        []float32
	bits       []uint64
	dict       numberDict
	delta      delta.BinaryPackedEncoding
	lengths    delta.LengthByteArrayEncoding
	split      bytestreamsplit.Encoding
}

func newEncoder() (*encoder, error) {
	best, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true),
		zstd.WithZeroFrames(true))
	if err != nil {
		return nil, err
	}
	fast, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true),
		zstd.WithZeroFrames(true))
	if err != nil {
		return nil, err
	}
	return &encoder{best: best, fast: fast}, nil
}

// close lets go of the compressors' memory.
func (e *encoder) close() {
	e.best.Close() // on memory only: nothing can fail
	e.fast.Close()
}

// choose picks the encoding of a chunk by encoding a sample of it in every way that fits. Where it picks a dictionary, vals has one.
func (e *encoder) choose(c *column, vals *chunkValues) (choice, error) {
	switch c.phys {
	case physBytes:
		if vals.values != nil {
			return choiceDict, nil
		}
		return choiceLengths, nil
	case physBool, physFixed:
		return choicePlain, nil
	}
	if vals.n == 0 {
		return choicePlain, nil
	}
	from := (vals.n - min(sampleValues, vals.n)) / 2
	to := from + min(sampleValues, vals.n)
	best, bestCost := choicePlain, math.Inf(1)
	try := func(ch choice, penalty float64) error {
		body, err := e.values(e.body[:0], c, ch, vals, from, to)
		if err != nil {
			return err
		}
		e.body = body
		e.tmp = e.zstd(ch).EncodeAll(body, e.tmp[:0])
		if cost := float64(len(e.tmp)+32) * penalty; cost < bestCost {
			best, bestCost = ch, cost
		}
		return nil
	}
	if err := try(choicePlain, widePenalty); err != nil {
		return best, err
	}
	integer := c.phys == physInt32 || c.phys == physInt64
	if integer {
		if err := try(choiceAligned, 1); err != nil {
			return best, err
		}
		if err := try(choiceDelta, 1); err != nil {
			return best, err
		}
	} else if err := try(choiceSplit, widePenalty); err != nil {
		return best, err
	}
	// A dictionary is weighed last: its codes exist only if the sample repeats itself.
	e.bits = bitsOf(e.bits[:0], c, vals, from, to)
	if e.dict.build(e.bits, len(e.bits)/4) {
		vals.codes = e.dict.codes
		body, err := e.values(e.body[:0], c, choiceDict, vals, 0, len(e.bits))
		vals.codes = nil
		if err != nil {
			return best, err
		}
		e.body = body
		e.tmp = e.zstd(choiceDict).EncodeAll(body, e.tmp[:0])
		share := 8 * float64(e.dict.len()) * float64(len(e.bits)) / float64(vals.n) // of the dictionary page
		if float64(len(e.tmp)+32)+share < bestCost {
			e.bits = bitsOf(e.bits[:0], c, vals, 0, vals.n)
			if e.dict.build(e.bits, min(vals.n/4, 1<<16)) {
				vals.codes, vals.dictLen = e.dict.codes, e.dict.len()
				vals.dict = e.plainBits(c, e.dict.values)
				best = choiceDict
			}
		}
	}
	return best, nil
}

func (e *encoder) zstd(ch choice) *zstd.Encoder {
	if ch.fast {
		return e.fast
	}
	return e.best
}

// values appends the encoded values [from, to) of the chunk.
func (e *encoder) values(dst []byte, c *column, ch choice, vals *chunkValues, from, to int) ([]byte, error) {
	var err error
	if ch.enc == format.RLEDictionary {
		width := 1
		for _, v := range vals.codes[from:to] {
			width = max(width, bits.Len32(uint32(v)))
		}
		e.tmp, err = (&rle.Encoding{BitWidth: width}).EncodeInt32(e.tmp[:0], vals.codes[from:to])
		return append(append(dst, byte(width)), e.tmp...), err
	}
	switch c.phys {
	case physBool:
		return appendBits(dst, vals.bools[from:to]), nil
	case physInt64:
		v := vals.ints[from:to]
		switch {
		case ch.enc == format.Plain:
			for _, x := range v {
				dst = binary.LittleEndian.AppendUint64(dst, uint64(x))
			}
			return dst, nil
		case ch.aligned:
			return appendAlignedDelta(dst, v, false), nil
		}
		e.tmp, err = e.delta.EncodeInt64(e.tmp[:0], v)
	case physInt32:
		v := vals.ints[from:to]
		if ch.aligned {
			return appendAlignedDelta(dst, wrap32(v), true), nil
		}
		e.i32 = e.i32[:0]
		for _, x := range v {
			e.i32 = append(e.i32, int32(x))
		}
		if ch.enc == format.Plain {
			for _, x := range e.i32 {
				dst = binary.LittleEndian.AppendUint32(dst, uint32(x))
			}
			return dst, nil
		}
		e.tmp, err = e.delta.EncodeInt32(e.tmp[:0], e.i32)
	case physDouble:
		if ch.enc == format.Plain {
			for _, x := range vals.floats[from:to] {
				dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
			}
			return dst, nil
		}
		e.tmp, err = e.split.EncodeDouble(e.tmp[:0], vals.floats[from:to])
	case physFloat:
		e.f32 = e.f32[:0]
		for _, x := range vals.floats[from:to] {
			e.f32 = append(e.f32, float32(x))
		}
		if ch.enc == format.Plain {
			for _, x := range e.f32 {
				dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(x))
			}
			return dst, nil
		}
		e.tmp, err = e.split.EncodeFloat(e.tmp[:0], e.f32)
	case physFixed:
		for _, x := range vals.decs[from:to] {
			dst = appendDecimal(dst, x)
		}
		return dst, nil
	case physBytes:
		o := vals.offsets[from : to+1]
		e.tmp, err = e.lengths.EncodeByteArray(e.tmp[:0], vals.data[o[0]:o[len(o)-1]], o)
	}
	return append(dst, e.tmp...), err
}

// wrap32 gives the values as an INT32 column holds them; only uint32 columns have others.
func wrap32(v []int64) []int64 {
	for i, x := range v {
		if x != int64(int32(x)) {
			w := append([]int64(nil), v...)
			for k := i; k < len(w); k++ {
				w[k] = int64(int32(w[k]))
			}
			return w
		}
	}
	return v
}

func appendDecimal(dst []byte, x model.Int128) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, uint64(x.Hi)), x.Lo)
}

func appendBits(dst []byte, v []bool) []byte {
	for i := 0; i < len(v); i += 8 {
		b := byte(0)
		for k, x := range v[i:min(i+8, len(v))] {
			if x {
				b |= 1 << k
			}
		}
		dst = append(dst, b)
	}
	return dst
}

// bitsOf appends the bits of numbers [from, to).
func bitsOf(dst []uint64, c *column, vals *chunkValues, from, to int) []uint64 {
	if c.phys == physInt32 || c.phys == physInt64 {
		for _, x := range vals.ints[from:to] {
			dst = append(dst, uint64(x))
		}
		return dst
	}
	for _, x := range vals.floats[from:to] {
		dst = append(dst, math.Float64bits(x))
	}
	return dst
}

// plainBits is a dictionary page of numbers given by their bits.
func (e *encoder) plainBits(c *column, values []uint64) []byte {
	var dst []byte
	for _, u := range values {
		switch c.phys {
		case physInt32:
			dst = binary.LittleEndian.AppendUint32(dst, uint32(u))
		case physFloat:
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(math.Float64frombits(u))))
		default:
			dst = binary.LittleEndian.AppendUint64(dst, u)
		}
	}
	return dst
}

// page appends a page, header first, and gives the size of its body before compression.
func (e *encoder) page(dst, body []byte, ch choice, values int, dict bool) ([]byte, int) {
	enc := ch.enc
	if dict {
		enc = format.Plain
	}
	e.tmp = e.zstd(ch).EncodeAll(body, e.tmp[:0])
	h := pageHeader{dict: dict, uncompressed: len(body), compressed: len(e.tmp), crc: crc32.ChecksumIEEE(e.tmp), values: values, encoding: enc}
	n := len(dst)
	dst = h.append(dst)
	head := len(dst) - n
	return append(dst, e.tmp...), head + len(body)
}

// appendLevels appends the definition levels of rows [from, to): a length, then one run.
func appendLevels(dst []byte, valid model.Bitmap, from, to int) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	n := to - from
	if valid == nil {
		dst = binary.AppendUvarint(dst, uint64(n)<<1)
		dst = append(dst, 1)
	} else {
		groups := (n + 7) / 8
		dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
		for g := range groups { // pages begin at multiples of 64 rows, so the bits lie byte by byte
			r := from + 8*g
			b := byte(valid[r>>6] >> (r & 63))
			if left := to - r; left < 8 {
				b &= 1<<left - 1
			}
			dst = append(dst, b)
		}
	}
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}
