package relational

/*
#include "capi.h"
*/
import "C"

import (
	"unicode/utf8"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// filler copies rows of our vectors into DuckDB's. It belongs to one thread of one scan.
type filler struct {
	checked *model.Dict // the dictionary last found to be UTF-8
	reps    []uint32    // scratch: the codes of the runs of a piece
}

// fill writes rows [at, at+n) of v, a column declared as t, into vec; n is at most vectorSize and at a multiple of 64.
func (fl *filler) fill(vec duckdb.Vector, t model.Type, v *model.Vector, at, n int) error {
	class := v.Type.Class()
	if class == model.ClassNull {
		fillNulls(vec, n)
		return nil
	}
	if class != t.Class() {
		return errs.New(errs.Internal, "declared %s, got %s", t, v.Type)
	}
	if listed(t) {
		return fl.fillList(vec, t, v, at, n)
	}
	if class == model.ClassBytes {
		return fl.fillBytes(vec, t, v, at, n)
	}
	p := duckdb.VectorGetData(vec)
	switch class {
	case model.ClassBool:
		copy(unsafe.Slice((*bool)(p), n), v.Bools[at:at+n])
	case model.ClassInt:
		fillInts(p, t, v.Ints[at:at+n])
	case model.ClassFloat:
		if t.Kind == model.KindFloat32 {
			narrow(unsafe.Slice((*float32)(p), n), v.Floats[at:at+n])
		} else {
			copy(unsafe.Slice((*float64)(p), n), v.Floats[at:at+n])
		}
	case model.ClassDecimal:
		fillDecimals(p, t.Precision, v.Decimals[at:at+n])
	case model.ClassInterval:
		out := unsafe.Slice((*duckInterval)(p), n)
		for i, x := range v.Intervals[at : at+n] {
			out[i] = duckInterval{x.Months, x.Days, x.Nanos / 1000}
		}
	}
	fillValid(vec, v.Valid, at, n)
	return nil
}

// duckInterval is how an interval lies in a vector of DuckDB.
type duckInterval struct {
	months, days int32
	micros       int64
}

// duckHuge is how a 128-bit integer does.
type duckHuge struct {
	lower uint64
	upper int64
}

type number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

func narrow[D, S number](dst []D, src []S) {
	for i, x := range src[:len(dst)] {
		dst[i] = D(x)
	}
}

func fillInts(p unsafe.Pointer, t model.Type, src []int64) {
	n := len(src)
	switch t.Kind {
	case model.KindInt8, model.KindUint8:
		narrow(unsafe.Slice((*int8)(p), n), src)
	case model.KindInt16, model.KindUint16:
		narrow(unsafe.Slice((*int16)(p), n), src)
	case model.KindInt32, model.KindUint32, model.KindDate:
		narrow(unsafe.Slice((*int32)(p), n), src)
	default:
		copy(unsafe.Slice((*int64)(p), n), src)
	}
}

// fillDecimals writes unscaled values as wide as DuckDB keeps decimals of the precision.
func fillDecimals(p unsafe.Pointer, precision uint8, src []model.Int128) {
	n := len(src)
	switch {
	case precision <= 4:
		out := unsafe.Slice((*int16)(p), n)
		for i, x := range src {
			out[i] = int16(x.Lo)
		}
	case precision <= 9:
		out := unsafe.Slice((*int32)(p), n)
		for i, x := range src {
			out[i] = int32(x.Lo)
		}
	case precision <= 18:
		out := unsafe.Slice((*int64)(p), n)
		for i, x := range src {
			out[i] = int64(x.Lo)
		}
	default:
		out := unsafe.Slice((*duckHuge)(p), n)
		for i, x := range src {
			out[i] = duckHuge{x.Lo, x.Hi}
		}
	}
}

// fillValid copies the bits of rows [at, at+n), at a multiple of 64. A vector with no NULL in it is left as it came: all valid.
func fillValid(vec duckdb.Vector, valid model.Bitmap, at, n int) {
	if valid == nil || valid[at>>6:].Count(n) == n {
		return
	}
	copy(validity(vec, n), valid[at>>6:])
}

// validity makes the vector's validity bits writable: a word per 64 rows.
func validity(vec duckdb.Vector, n int) []uint64 {
	duckdb.VectorEnsureValidityWritable(vec)
	return unsafe.Slice((*uint64)(duckdb.VectorGetValidity(vec)), (n+63)/64)
}

func fillNulls(vec duckdb.Vector, n int) { clear(validity(vec, n)) }

// fillBytes writes strings or blobs. Coded ones stay coded where that is worth it, so that DuckDB hashes and compares each value
// once: the whole dictionary if it is small, else the values of the runs that rows sorted by series consist of.
func (fl *filler) fillBytes(vec duckdb.Vector, t model.Type, v *model.Vector, at, n int) error {
	text := t.Kind != model.KindBinary && t.Kind != model.KindVector
	if v.Dict == nil {
		if text && !validPlain(v, at, n) {
			return errNotText
		}
		C.relational_fill_bytes(vec.Ptr, stringSlots(vec), (*C.uint32_t)(&v.Offsets[at]), chars(v.Data), C.relational_index(n))
		fillValid(vec, v.Valid, at, n)
		return nil
	}
	if v.Dict.Len() == 0 {
		fillNulls(vec, n)
		return nil
	}
	if text && fl.checked != v.Dict {
		if !validDict(v.Dict) {
			return errNotText
		}
		fl.checked = v.Dict
	}
	codes := v.Codes[at : at+n]
	switch {
	case v.Dict.Len() < min(n, smallDict):
		fillDict(vec, v, at, codes)
	case fl.runs(v, at, codes):
		fl.fillRuns(vec, v, at, codes)
	default:
		fillCoded(vec, codes, v.Dict)
		fillValid(vec, v.Valid, at, n)
	}
	return nil
}

// smallDict is below how many values a dictionary is given to DuckDB whole, with every vector.
const smallDict = 256

var errNotText = errs.New(errs.EngineExecuteQuery, "a value is not valid UTF-8")

// fillDict writes the dictionary, and the codes as the selection; NULL is one more value.
func fillDict(vec duckdb.Vector, v *model.Vector, at int, codes []uint32) {
	d := v.Dict
	C.relational_fill_bytes(vec.Ptr, stringSlots(vec), (*C.uint32_t)(&d.Offsets[0]), chars(d.Data), C.relational_index(d.Len()))
	selectFrom(vec, len(codes), func(sel []uint32) {
		copy(sel, codes)
		if v.Valid == nil || v.Valid[at>>6:].Count(len(codes)) == len(codes) {
			return
		}
		null := uint32(d.Len())
		setNull(vec, null)
		for i := range sel {
			if !v.Valid.Get(at + i) {
				sel[i] = null
			}
		}
	})
}

// runs collects in fl.reps the code of each run of equal codes, and reports whether the runs are long enough to be used: half as many
// as rows at most. NULLs break it off; sorted tags have them in runs, but they are rare.
func (fl *filler) runs(v *model.Vector, at int, codes []uint32) bool {
	n := len(codes)
	if v.Valid != nil && v.Valid[at>>6:].Count(n) != n {
		return false
	}
	fl.reps = append(fl.reps[:0], codes[0])
	for i := 1; i < n; i++ {
		if codes[i] != codes[i-1] {
			if len(fl.reps) > n/2 {
				return false
			}
			fl.reps = append(fl.reps, codes[i])
		}
	}
	return true
}

func (fl *filler) fillRuns(vec duckdb.Vector, v *model.Vector, at int, codes []uint32) {
	fillCoded(vec, fl.reps, v.Dict)
	selectFrom(vec, len(codes), func(sel []uint32) {
		run, last := uint32(0), codes[0]
		for i, c := range codes {
			if c != last {
				run, last = run+1, c
			}
			sel[i] = run
		}
	})
}

func fillCoded(vec duckdb.Vector, codes []uint32, d *model.Dict) {
	C.relational_fill_coded(vec.Ptr, stringSlots(vec), (*C.uint32_t)(&codes[0]), (*C.uint32_t)(&d.Offsets[0]), chars(d.Data),
		C.relational_index(len(codes)))
}

// selectFrom turns the flat vector into one of n rows that point into it; set writes where to.
func selectFrom(vec duckdb.Vector, n int, set func(sel []uint32)) {
	sel := duckdb.CreateSelectionVector(duckdb.IdxT(n))
	defer duckdb.DestroySelectionVector(&sel)
	set(unsafe.Slice((*uint32)(unsafe.Pointer(duckdb.SelectionVectorGetDataPtr(sel))), n))
	duckdb.SliceVector(vec, sel, duckdb.IdxT(n))
}

func setNull(vec duckdb.Vector, slot uint32) {
	validity(vec, vectorSize)[slot>>6] &^= 1 << (slot & 63)
}

func stringSlots(vec duckdb.Vector) *C.relational_string {
	return (*C.relational_string)(duckdb.VectorGetData(vec))
}

func chars(b []byte) *C.char { return (*C.char)(unsafe.Pointer(unsafe.SliceData(b))) }

// validPlain and validDict check that every value is UTF-8: DuckDB takes it for granted. All of the bytes at once are fast, and enough
// where they are ASCII; else each value is looked at.
func validPlain(v *model.Vector, at, n int) bool {
	return validRange(v.Offsets[at:at+n+1], v.Data)
}

func validDict(d *model.Dict) bool { return validRange(d.Offsets, d.Data) }

func validRange(offsets []uint32, data []byte) bool {
	all := data[offsets[0]:offsets[len(offsets)-1]]
	if !utf8.Valid(all) {
		return false
	}
	if ascii(all) {
		return true
	}
	for i := 1; i < len(offsets); i++ {
		if !utf8.Valid(data[offsets[i-1]:offsets[i]]) {
			return false
		}
	}
	return true
}

func ascii(b []byte) bool {
	var or byte
	for _, c := range b {
		or |= c
	}
	return or < utf8.RuneSelf
}
