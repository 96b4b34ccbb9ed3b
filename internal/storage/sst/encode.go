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
	aligned bool // whole bytes: DELTA_BINARY_PACKED as alignedDelta writes it, dictionary codes of eight or sixteen bits
	level   level
}

// level is how hard the compressor looks. All of them write zstd frames.
type level uint8

const (
	levelDefault level = iota
	levelFast          // which on narrow values is also the smaller one
	levelEntropy       // looks for no repetitions at all, see entropyCoder
)

// String names the level as people set it elsewhere, or says what is special about it.
func (l level) String() string {
	return [...]string{"zstd-3", "zstd-1", "entropy"}[l]
}

// Candidates for numbers. A value of a zstd page of full-width values costs 7 ns or more to decode, one of deltas or dictionary codes
// about 1 ns: the wide encodings must be that much smaller to be worth it. A frame without repetitions is written and read in half the time
// of one with: it wins unless it is longer by more than a fiftieth.
const (
	widePenalty  = 1.5
	entropyBonus = 0.98
)

var (
	choiceDict           = choice{enc: format.RLEDictionary, level: levelFast}
	choiceDictEntropy    = choice{enc: format.RLEDictionary, aligned: true, level: levelEntropy}
	choiceAligned        = choice{enc: format.DeltaBinaryPacked, aligned: true, level: levelFast}
	choiceAlignedEntropy = choice{enc: format.DeltaBinaryPacked, aligned: true, level: levelEntropy}
	choiceDelta          = choice{enc: format.DeltaBinaryPacked, level: levelFast}
	choicePlain          = choice{enc: format.Plain}
	choiceSplit          = choice{enc: format.ByteStreamSplit}
	choiceSplitFast      = choice{enc: format.ByteStreamSplit, level: levelFast}
	choiceSplitEntropy   = choice{enc: format.ByteStreamSplit, level: levelEntropy}
	choiceLengths        = choice{enc: format.DeltaLengthByteArray}
	choiceShared         = choice{enc: format.DeltaByteArray}
	choiceLengthsFast    = choice{enc: format.DeltaLengthByteArray, level: levelFast}
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
	runs    []codeRun   // instead of codes, where equal ones follow each other; nil: there are codes
	spare   []codeRun   // memory for runs
	values  *model.Dict // what the codes of byte values mean
	dict    []byte      // what the codes of numbers mean: a page of plain values
	dictLen int
}

// codeRun is a stretch of equal codes, up to value end.
type codeRun struct {
	code int32
	end  int
}

// encoder turns values into pages. It belongs to one Writer.
type encoder struct {
	best, fast *zstd.Encoder
	entropy    entropyCoder
	body       []byte
	tmp        []byte
	i32        []int32
	f32        []float32
	bits       []uint64
	dict       numberDict
	aligned    alignedDelta
	delta      delta.BinaryPackedEncoding
	lengths    delta.LengthByteArrayEncoding
	shared     delta.ByteArrayEncoding
	offs       []uint32
	split      bytestreamsplit.Encoding
}

func newEncoder() (*encoder, error) {
	// Pages carry a checksum of their own: zstd's would be a second one.
	best, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithZeroFrames(true))
	if err != nil {
		return nil, err
	}
	fast, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
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

// candidate is a way to encode a chunk, and what a byte of it counts in the choice.
type candidate struct {
	choice
	weight float64
}

// The candidates of a chunk by what its values are, but for dictionaries.
var (
	wholeNumbers = []candidate{{choicePlain, widePenalty}, {choiceAligned, 1}, {choiceAlignedEntropy, entropyBonus}, {choiceDelta, 1}}
	// Coding every byte of wide values takes as long to undo as it saves little: it must gain a twentieth.
	realNumbers = []candidate{{choicePlain, widePenalty}, {choiceSplit, widePenalty}, {choiceSplitFast, widePenalty * 0.99}, {choiceSplitEntropy, widePenalty * 1.05}}
	// A better level makes text a tenth smaller and costs nothing to read; where it gains less, it is not worth its time.
	texts = []candidate{{choiceLengths, 1}, {choiceLengthsFast, 0.97}, {choiceShared, 1}}
)

// choose picks the encoding of a chunk by encoding a sample of it in every way that fits. Where it picks a dictionary, vals has one.
func (e *encoder) choose(c *column, vals *chunkValues) (choice, error) {
	if vals.n == 0 && vals.values == nil && c.phys != physBytes {
		return choicePlain, nil
	}
	switch c.phys {
	case physBytes:
		if vals.values != nil {
			return choiceDict, nil
		}
		best, _, err := e.cheapest(c, vals, texts, 0, e.textSample(vals))
		return best, err
	case physBool, physFixed:
		return choicePlain, nil
	}
	from := (vals.n - min(sampleValues, vals.n)) / 2
	to := from + min(sampleValues, vals.n)
	list := realNumbers
	if c.phys == physInt32 || c.phys == physInt64 {
		list = wholeNumbers
	}
	best, cost, err := e.cheapest(c, vals, list, from, to)
	if err != nil {
		return best, err
	}
	// A dictionary is weighed last: its codes exist only if the sample repeats itself.
	e.bits = bitsOf(e.bits[:0], c, vals, from, to)
	if !e.dict.build(e.bits, len(e.bits)/4) {
		return best, nil
	}
	distinct := float64(e.dict.len())
	vals.codes = e.dict.codes
	coded, codedCost, err := e.cheapest(c, vals, []candidate{{choiceDict, 1}, {choiceDictEntropy, entropyBonus}}, 0, len(e.bits))
	vals.codes = nil
	if err != nil {
		return best, err
	}
	share := 8 * distinct * float64(len(e.bits)) / float64(vals.n) // of the dictionary page
	if codedCost+share < cost {
		e.bits = bitsOf(e.bits[:0], c, vals, 0, vals.n)
		if e.dict.build(e.bits, min(vals.n/4, 1<<16)) {
			vals.codes, vals.dictLen = e.dict.codes, e.dict.len()
			vals.dict = e.plainBits(c, e.dict.values)
			best = coded
		}
	}
	return best, nil
}

// cheapest encodes values [from, to) in every way of the list.
func (e *encoder) cheapest(c *column, vals *chunkValues, list []candidate, from, to int) (choice, float64, error) {
	best, bestCost := list[0].choice, math.Inf(1)
	for _, x := range list {
		body, err := e.values(e.body[:0], c, x.choice, vals, from, to)
		if err != nil {
			return best, bestCost, err
		}
		e.body = body
		e.tmp = e.compress(e.tmp[:0], body, x.choice, 0, to-from)
		if cost := float64(len(e.tmp)+32) * x.weight; cost < bestCost {
			best, bestCost = x.choice, cost
		}
	}
	return best, bestCost, nil
}

// textBytes is how much text is encoded to choose its encoding.
const textBytes = 64 << 10

// textSample is how many of the first values are encoded to choose.
func (e *encoder) textSample(vals *chunkValues) int {
	n := min(vals.n, sampleValues)
	for n > 64 && int(vals.offsets[n]-vals.offsets[0]) > textBytes {
		n /= 2
	}
	return n
}

// compress appends a zstd frame of a page's body, whose first lead bytes are levels, and which holds so many values.
func (e *encoder) compress(dst, body []byte, ch choice, lead, values int) []byte {
	switch ch.level {
	case levelFast:
		return e.fast.EncodeAll(body, dst)
	case levelEntropy:
		plane := 0
		if ch.enc == format.ByteStreamSplit {
			plane = values
		}
		return e.entropy.append(dst, body, lead, plane)
	}
	return e.best.EncodeAll(body, dst)
}

// values appends the encoded values [from, to) of the chunk.
func (e *encoder) values(dst []byte, c *column, ch choice, vals *chunkValues, from, to int) ([]byte, error) {
	var err error
	if ch.enc == format.RLEDictionary {
		if vals.runs != nil {
			return appendRuns(dst, vals.runs, from, to), nil
		}
		width := 1
		for _, v := range vals.codes[from:to] {
			width = max(width, bits.Len32(uint32(v)))
		}
		if ch.aligned {
			width = (width + 7) &^ 7
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
			return e.aligned.append(dst, v, false), nil
		}
		e.tmp, err = e.delta.EncodeInt64(e.tmp[:0], v)
	case physInt32:
		v := vals.ints[from:to]
		if ch.aligned {
			return e.aligned.append(dst, wrap32(v), true), nil
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
		if ch.enc == format.DeltaByteArray {
			e.offs = e.offs[:0]
			for _, x := range o {
				e.offs = append(e.offs, x-o[0])
			}
			e.tmp, err = e.shared.EncodeByteArray(e.tmp[:0], vals.data[o[0]:o[len(o)-1]], e.offs)
			break
		}
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

// dictPage appends a dictionary page, header first, and gives the size of its body before compression.
func (e *encoder) dictPage(dst, body []byte, values int) ([]byte, int) {
	return e.page(dst, body, choice{enc: format.Plain, level: levelFast}, values, 0, values, true)
}

// page appends a page of rows rows, header first, and gives the size of its body before compression. The body begins with lead bytes of
// levels; values is how many values follow.
func (e *encoder) page(dst, body []byte, ch choice, rows, lead, values int, dict bool) ([]byte, int) {
	e.tmp = e.compress(e.tmp[:0], body, ch, lead, values)
	h := pageHeader{dict: dict, uncompressed: len(body), compressed: len(e.tmp), crc: crc32.ChecksumIEEE(e.tmp), values: rows, encoding: ch.enc}
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
