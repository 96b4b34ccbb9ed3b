// Package logentry is the payload of a log entry: the rows of one write, as columns.
//
// A write is encoded once, by the goroutine that brings it, before it queues for its region's worker; the worker only stamps the
// sequence. Numbers are stored as their difference to the column's smallest, in as few whole bytes as the largest difference
// needs, which costs two passes over the slice and makes most metrics one or two bytes a value. The bytes are specified in
// docs/formats/log-entry.md.
package logentry

import (
	"encoding/binary"
	"math"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Version of the format, the first byte of a payload.
const Version = 1

// MaxRows is the most rows of one entry; larger writes are split before.
const MaxRows = 1 << 24

// Entry is a decoded payload.
type Entry struct {
	Op            model.OpType
	SchemaVersion uint64
	FirstSequence model.Sequence // of the first row; the others follow by one each
	Columns       []model.ColumnID
	Rows          *model.Batch
}

// Offsets of the fixed header.
const (
	offVersion  = 0
	offOp       = 1
	offSchema   = 2
	offSequence = 10
	offRows     = 18
	offCols     = 22
	headerLen   = 24
)

// Encodings of a column's values.
const (
	encPlain = 0 // bool: a byte each; float: 8 bytes; bytes: lengths, then data; decimal and interval: 16 bytes
	encFrame = 1 // base (8 bytes), width (1 byte: 0, 1, 2, 4, 8), then differences
	encFloat = 2 // floats that are all whole numbers: as encFrame
	encDict  = 3 // dictionary (lengths, data), then codes as encFrame
)

// Append encodes a write, with sequence 0; Stamp sets the real one. The batch's vectors have the columns' exact types.
func Append(dst []byte, w *model.Batch, columns []model.ColumnID, op model.OpType, schemaVersion uint64) []byte {
	dst = append(dst, Version, byte(op))
	dst = binary.LittleEndian.AppendUint64(dst, schemaVersion)
	dst = binary.LittleEndian.AppendUint64(dst, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(w.Len))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(columns)))
	for i, id := range columns {
		dst = appendColumn(dst, id, w.Cols[i])
	}
	return dst
}

// Stamp sets the sequence of the first row in an encoded payload.
func Stamp(payload []byte, first model.Sequence) {
	binary.LittleEndian.PutUint64(payload[offSequence:], uint64(first))
}

func appendColumn(dst []byte, id model.ColumnID, v *model.Vector) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(id))
	dst = append(dst, byte(v.Type.Kind), byte(v.Type.Unit), v.Type.Precision, v.Type.Scale)
	dst = binary.LittleEndian.AppendUint32(dst, v.Type.Dim)
	if v.Valid == nil {
		dst = append(dst, 0)
	} else {
		dst = append(dst, 1)
		for i := range (v.Len + 63) / 64 {
			dst = binary.LittleEndian.AppendUint64(dst, v.Valid[i])
		}
	}
	switch v.Type.Class() {
	case model.ClassBool:
		dst = append(dst, encPlain)
		for _, b := range v.Bools[:v.Len] {
			if b {
				dst = append(dst, 1)
			} else {
				dst = append(dst, 0)
			}
		}
	case model.ClassInt:
		dst = appendFrame(append(dst, encFrame), v.Ints[:v.Len])
	case model.ClassFloat:
		dst = appendFloats(dst, v.Floats[:v.Len])
	case model.ClassBytes:
		if v.Coded() {
			dst = appendStrings(append(dst, encDict), v.Dict.Offsets, v.Dict.Data)
			dst = appendFrame(dst, v.Codes[:v.Len])
		} else {
			dst = appendStrings(append(dst, encPlain), v.Offsets[:v.Len+1], v.Data)
		}
	case model.ClassDecimal:
		dst = append(dst, encPlain)
		for _, d := range v.Decimals[:v.Len] {
			dst = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, d.Lo), uint64(d.Hi))
		}
	case model.ClassInterval:
		dst = append(dst, encPlain)
		for _, d := range v.Intervals[:v.Len] {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(d.Months))
			dst = binary.LittleEndian.AppendUint32(dst, uint32(d.Days))
			dst = binary.LittleEndian.AppendUint64(dst, uint64(d.Nanos))
		}
	}
	return dst
}

// appendFrame writes base, width, differences. The difference of any two int64 fits in a uint64, so every column has a frame.
func appendFrame[T int64 | uint32](dst []byte, xs []T) []byte {
	var lo, hi T
	if len(xs) > 0 {
		lo, hi = xs[0], xs[0]
		for _, x := range xs {
			lo, hi = min(lo, x), max(hi, x)
		}
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(int64(lo)))
	span := uint64(int64(hi)) - uint64(int64(lo))
	n := len(dst) + 1
	switch {
	case span == 0:
		return append(dst, 0)
	case span <= math.MaxUint8:
		dst = grow(append(dst, 1), len(xs))
		out := dst[n : n+len(xs)]
		for i, x := range xs {
			out[i] = byte(x - lo)
		}
	case span <= math.MaxUint16:
		dst = grow(append(dst, 2), 2*len(xs))
		out := dst[n : n+2*len(xs)]
		for i, x := range xs {
			binary.LittleEndian.PutUint16(out[2*i:], uint16(x-lo))
		}
	case span <= math.MaxUint32:
		dst = grow(append(dst, 4), 4*len(xs))
		out := dst[n : n+4*len(xs)]
		for i, x := range xs {
			binary.LittleEndian.PutUint32(out[4*i:], uint32(x-lo))
		}
	default:
		dst = grow(append(dst, 8), 8*len(xs))
		out := dst[n : n+8*len(xs)]
		for i, x := range xs {
			binary.LittleEndian.PutUint64(out[8*i:], uint64(x-lo))
		}
	}
	return dst
}

// appendFloats stores whole numbers as integers (encFloat), which metrics often are, and anything else as it is.
func appendFloats(dst []byte, xs []float64) []byte {
	whole := true
	for _, x := range xs {
		// -0 and NaN are not equal to themselves this way round; numbers beyond 2^53 keep their bits by being plain.
		if x != float64(int32(x)) || x == 0 && math.Signbit(x) {
			whole = false
			break
		}
	}
	if whole {
		ints := make([]int64, len(xs))
		for i, x := range xs {
			ints[i] = int64(x)
		}
		return appendFrame(append(dst, encFloat), ints)
	}
	dst = append(dst, encPlain)
	n := len(dst)
	dst = grow(dst, 8*len(xs))
	out := dst[n:]
	for i, x := range xs {
		binary.LittleEndian.PutUint64(out[8*i:], math.Float64bits(x))
	}
	return dst
}

// appendStrings writes count, total bytes, lengths (as a frame of their own), data.
func appendStrings(dst []byte, offsets []uint32, data []byte) []byte {
	if len(offsets) == 0 {
		offsets = []uint32{0}
	}
	lens := make([]uint32, len(offsets)-1)
	for i := range lens {
		lens[i] = offsets[i+1] - offsets[i]
	}
	first, last := offsets[0], offsets[len(offsets)-1]
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(lens)))
	dst = binary.LittleEndian.AppendUint32(dst, last-first)
	dst = appendFrame(dst, lens)
	return append(dst, data[first:last]...)
}

func grow(dst []byte, n int) []byte {
	if cap(dst)-len(dst) < n {
		dst = append(make([]byte, 0, 2*cap(dst)+n), dst...)
	}
	return dst[:len(dst)+n]
}
