package scan

import (
	"math"
	"strconv"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/sketch"
)

// hasText reports types whose values have texts that are known here.
func hasText(t model.Type) bool {
	return t.Integer() || t.Kind == model.KindFloat64 || t.Kind == model.KindBool || t.Kind == model.KindString
}

// hashing is what sketches that count different values keep between values.
type hashing struct {
	text  []byte
	known []knownFloat  // by hash
	items []sketch.Item // of a block's dictionary; 0: not hashed yet; empty: it is too long to be worth it
	ready bool          // items are those of the block at hand
}

func (h *hashing) summaries(add func(s *sketch.HLL, v *model.Vector, from, to int)) summaries {
	return &slotted[sketch.HLL, *sketch.HLL]{
		fresh: func() *sketch.HLL { return new(sketch.HLL) },
		begin: func() { h.ready = false },
		add: func(s *sketch.HLL, rows *summaryRows, from, to int) error {
			add(s, rows.x, rows.xOff+from, rows.xOff+to)
			return nil
		},
	}
}

// newTexts makes sketches of values' texts.
func newTexts() summaries {
	k := &hashing{}
	return k.summaries(func(s *sketch.HLL, v *model.Vector, from, to int) {
		switch v.Type.Class() {
		case model.ClassInt:
			k.ints(s, v, from, to)
		case model.ClassFloat:
			k.floats(s, v, from, to)
		case model.ClassBool:
			k.bools(s, v, from, to)
		default:
			k.bytes(s, v, from, to)
		}
	})
}

// newDistinct makes sketches of values as they are.
func newDistinct() summaries {
	k := &hashing{}
	return k.summaries(func(s *sketch.HLL, v *model.Vector, from, to int) {
		switch v.Type.Class() {
		case model.ClassInt:
			eachValue(v, v.Ints, from, to, func(x int64) { s.Add(sketch.ItemOfInt(uint64(x))) })
		case model.ClassFloat:
			eachValue(v, v.Floats, from, to, func(x float64) { s.Add(sketch.ItemOfFloat(x)) })
		case model.ClassBool:
			k.bools(s, v, from, to)
		default:
			k.bytes(s, v, from, to)
		}
	})
}

// eachValue calls f for values that are not NULL; one that repeats, which adds nothing, is called for once. So is a 0 after a -0.
func eachValue[T comparable](v *model.Vector, xs []T, from, to int, f func(T)) {
	var last T
	some := false
	for i := from; i < to; i++ {
		x := xs[i]
		if some && x == last || v.Null(i) {
			continue
		}
		last, some = x, true
		f(x)
	}
}

func (k *hashing) ints(s *sketch.HLL, v *model.Vector, from, to int) {
	unsigned := v.Type.Kind == model.KindUint64
	eachValue(v, v.Ints, from, to, func(x int64) {
		if unsigned {
			k.text = strconv.AppendUint(k.text[:0], uint64(x), 10)
		} else {
			k.text = strconv.AppendInt(k.text[:0], x, 10)
		}
		s.Add(sketch.ItemOf(k.text))
	})
}

func (k *hashing) floats(s *sketch.HLL, v *model.Vector, from, to int) {
	last, some := 0.0, false
	for i := from; i < to; i++ {
		x := v.Floats[i]
		if v.Null(i) || some && x == last && x != 0 { // 0 and -0 are two texts
			continue
		}
		last, some = x, true
		s.Add(k.floatItem(x))
	}
}

// knownFloats is how many floats are remembered, for their texts cost more than all else: 256 KiB, and a power of two.
const knownFloats = 1 << 14

// knownFloat is a float and its item; 0: none.
type knownFloat struct {
	bits uint64
	item sketch.Item
}

func (k *hashing) floatItem(x float64) sketch.Item {
	if k.known == nil {
		k.known = make([]knownFloat, knownFloats)
	}
	bits := math.Float64bits(x)
	f := &k.known[bits*0x9e3779b97f4a7c15>>(64-14)]
	if f.bits != bits || f.item == 0 {
		k.text = sketch.AppendFloat(k.text[:0], x)
		*f = knownFloat{bits, sketch.ItemOf(k.text)}
	}
	return f.item
}

func (k *hashing) bools(s *sketch.HLL, v *model.Vector, from, to int) {
	var seen [2]bool
	for i := from; i < to; i++ {
		if v.Null(i) {
			continue
		}
		at := 0
		if v.Bools[i] {
			at = 1
		}
		if !seen[at] {
			seen[at] = true
			s.Add(sketch.ItemOf(strconv.AppendBool(k.text[:0], v.Bools[i])))
		}
	}
}

// bytes hashes a value of a dictionary once, unless that has more values than rows make it worth.
func (k *hashing) bytes(s *sketch.HLL, v *model.Vector, from, to int) {
	if !k.ready {
		k.items, k.ready = k.items[:0], true
		if n := v.Dict.Len(); v.Coded() && n <= 2*v.Len {
			k.items = extend(k.items, n, 0)
		}
	}
	for i := from; i < to; i++ {
		switch {
		case v.Null(i):
		case len(k.items) == 0:
			s.Add(sketch.ItemOf(v.BytesAt(i)))
		default:
			c := v.Codes[i]
			if k.items[c] == 0 {
				k.items[c] = sketch.ItemOf(v.Dict.At(c))
			}
			s.Add(k.items[c])
		}
	}
}
