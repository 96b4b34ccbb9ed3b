package sst

import (
	"bytes"
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/model"
)

// pageStat is what the page index says of one page.
type pageStat struct {
	min, max []byte // plain-encoded bounds, inclusive; nil where there is no value
	nulls    int
	values   int // that are not NULL
}

// maxBound is the longest byte value that stands in statistics as it is; a longer one is replaced by a shorter bound.
const maxBound = 1024

// statOf gives the bounds of values [from, to) of a chunk.
//
// Floats: NaN cannot stand in Parquet statistics. A page with a NaN has +Inf as its maximum, which readers that order NaN first, last
// or not at all can live with; our own takes +Inf for "perhaps NaN" (prune.go).
func statOf(c *column, vals *chunkValues, from, to int) pageStat {
	s := pageStat{values: to - from}
	if from == to {
		return s
	}
	switch c.phys {
	case physBool:
		lo, hi := true, false
		for _, v := range vals.bools[from:to] {
			lo, hi = lo && v, hi || v
		}
		s.min, s.max = boolBound(lo), boolBound(hi)
	case physInt32, physInt64:
		v := vals.ints[from:to]
		lo, hi := v[0], v[0]
		if c.typ.Kind == model.KindUint64 {
			for _, x := range v {
				if uint64(x) < uint64(lo) {
					lo = x
				} else if uint64(x) > uint64(hi) {
					hi = x
				}
			}
		} else {
			lo, hi = intRange(v)
		}
		s.min, s.max = intBound(c, lo), intBound(c, hi)
	case physFloat, physDouble:
		lo, hi := floatRange(vals.floats[from:to])
		s.min, s.max = floatBound(c, lo), floatBound(c, hi)
	case physFixed:
		v := vals.decs[from:to]
		lo, hi := v[0], v[0]
		for _, x := range v {
			if lessDecimal(x, lo) {
				lo = x
			}
			if lessDecimal(hi, x) {
				hi = x
			}
		}
		s.min, s.max = appendDecimal(nil, lo), appendDecimal(nil, hi)
	case physBytes:
		if vals.values != nil {
			s.min, s.max = codedRange(vals, from, to)
			break
		}
		at := func(i int) []byte { return vals.data[vals.offsets[i]:vals.offsets[i+1]] }
		lo, hi := at(from), at(from)
		for i := from + 1; i < to; i++ {
			if x := at(i); bytes.Compare(x, lo) < 0 {
				lo = x
			} else if bytes.Compare(x, hi) > 0 {
				hi = x
			}
		}
		s.min, s.max = lowBound(lo), highBound(hi)
	}
	return s
}

// codedRange compares each value that occurs once.
func codedRange(vals *chunkValues, from, to int) (lo, hi []byte) {
	d := vals.values
	seen := model.NewBitmap(d.Len())
	last := int32(-1)
	look := func(c int32) {
		if c == last || seen.Get(int(c)) {
			return
		}
		seen.Set(int(c))
		x := d.At(uint32(c))
		if last < 0 || bytes.Compare(x, lo) < 0 {
			lo = x
		}
		if last < 0 || bytes.Compare(x, hi) > 0 {
			hi = x
		}
		last = c
	}
	if vals.runs == nil {
		for _, c := range vals.codes[from:to] {
			look(c)
		}
		return lowBound(lo), highBound(hi)
	}
	for _, r := range vals.runs[runAt(vals.runs, from):] {
		look(r.code)
		if r.end >= to {
			break
		}
	}
	return lowBound(lo), highBound(hi)
}

// intRange is the range of values, of which there is one at least.
func intRange(v []int64) (lo, hi int64) {
	lo, hi = v[0], v[0]
	lo2, hi2 := lo, hi // two ranges side by side: each comparison waits for the one before in its own only
	for ; len(v) >= 2; v = v[2:] {
		x, y := v[0], v[1]
		lo, hi = min(lo, x), max(hi, x)
		lo2, hi2 = min(lo2, y), max(hi2, y)
	}
	for _, x := range v {
		lo, hi = min(lo, x), max(hi, x)
	}
	return min(lo, lo2), max(hi, hi2)
}

func floatRange(v []float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	nan := false
	for _, x := range v {
		if x < lo {
			lo = x
		}
		if x > hi {
			hi = x
		}
		nan = nan || x != x
	}
	if nan {
		hi = math.Inf(1)
		if lo == hi { // nothing but NaN, and perhaps +Inf
			lo = math.Inf(-1)
		}
	}
	if lo == 0 {
		lo = math.Copysign(0, -1) // as the format asks: zero bounds cover both zeros
	}
	if hi == 0 {
		hi = 0
	}
	return lo, hi
}

func lessDecimal(a, b model.Int128) bool { return a.Hi < b.Hi || a.Hi == b.Hi && a.Lo < b.Lo }

func boolBound(b bool) []byte {
	if b {
		return []byte{1}
	}
	return []byte{0}
}

func intBound(c *column, v int64) []byte {
	if c.phys == physInt32 {
		return binary.LittleEndian.AppendUint32(nil, uint32(v))
	}
	return binary.LittleEndian.AppendUint64(nil, uint64(v))
}

func floatBound(c *column, v float64) []byte {
	if c.phys == physFloat {
		return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(v)))
	}
	return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v))
}

// lowBound is x, or a prefix of it, which sorts before it. That of text is text: some readers refuse files whose bounds are not.
func lowBound(x []byte) []byte {
	n := min(len(x), maxBound)
	for n < len(x) && n > maxBound-utf8.UTFMax && !utf8.RuneStart(x[n]) {
		n--
	}
	return append([]byte{}, x[:n]...)
}

// highBound is x, or a short value after everything that begins like x; of text it is text.
func highBound(x []byte) []byte {
	if len(x) <= maxBound {
		return append([]byte{}, x...)
	}
	b := lowBound(x)
	if utf8.Valid(b) {
		for len(b) > 0 {
			r, n := utf8.DecodeLastRune(b)
			b = b[:len(b)-n]
			switch {
			case r == utf8.MaxRune: // nothing follows it; the one before must give way
			case r == 0xd7ff: // surrogates are no text
				return utf8.AppendRune(b, 0xe000)
			default:
				return utf8.AppendRune(b, r+1)
			}
		}
		return append(b, x...)
	}
	for n := len(b); n > 0; n-- {
		if b[n-1] != 0xff {
			b[n-1]++
			return b[:n]
		}
	}
	return append([]byte{}, x...)
}

// compareBounds orders two bounds of a column.
func compareBounds(c *column, a, b []byte) int {
	switch c.phys {
	case physInt32, physInt64:
		return model.IntValue(c.typ, boundInt(c, a)).Compare(model.IntValue(c.typ, boundInt(c, b)))
	case physFloat, physDouble:
		return model.CompareFloat(boundFloat(c, a), boundFloat(c, b))
	case physFixed:
		x, y := decimalAt(a), decimalAt(b)
		switch {
		case lessDecimal(x, y):
			return -1
		case lessDecimal(y, x):
			return 1
		}
		return 0
	}
	return bytes.Compare(a, b)
}

func boundInt(c *column, b []byte) int64 {
	if c.phys == physInt32 {
		u := binary.LittleEndian.Uint32(b)
		if c.unsigned {
			return int64(u)
		}
		return int64(int32(u))
	}
	return int64(binary.LittleEndian.Uint64(b))
}

func boundFloat(c *column, b []byte) float64 {
	if c.phys == physFloat {
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

func decimalAt(b []byte) model.Int128 {
	return model.Int128{Hi: int64(binary.BigEndian.Uint64(b)), Lo: binary.BigEndian.Uint64(b[8:])}
}

// boundSize is the length of a column's bounds, or -1 where it varies.
func boundSize(c *column) int {
	switch c.phys {
	case physBool:
		return 1
	case physInt32, physFloat:
		return 4
	case physInt64, physDouble:
		return 8
	case physFixed:
		return fixedLen
	}
	return -1
}

// mergeStats gives the bounds of a chunk from those of its pages.
func mergeStats(c *column, pages []pageStat) pageStat {
	var s pageStat
	for _, p := range pages {
		s.nulls += p.nulls
		s.values += p.values
		if p.values == 0 {
			continue
		}
		if s.min == nil || compareBounds(c, p.min, s.min) < 0 {
			s.min = p.min
		}
		if s.max == nil || compareBounds(c, p.max, s.max) > 0 {
			s.max = p.max
		}
	}
	return s
}
