package scan

import (
	"math"
	"strconv"

	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/sketch"
)

// sketchBatch is the most groups of a batch with sketches, of up to 16 KiB each.
const sketchBatch = 256

// sketching is what the making of a state's sketches keeps between blocks.
type sketching struct {
	bytes int64 // that the sketches take
	text  []byte
	known []knownFloat  // by hash
	items []sketch.Item // of a block's dictionary; 0: not hashed yet; empty: it is too long to be worth it
}

// sketchable reports types whose values have texts that are known here.
func sketchable(t model.Type) bool {
	return t.Integer() || t.Kind == model.KindFloat64 || t.Kind == model.KindBool || t.Kind == model.KindString
}

// sketchBytes is what the sketches of all groups take.
func (t *table) sketchBytes() (n int64) {
	for _, st := range t.states {
		n += st.sketching.bytes
	}
	return n
}

// sketchOf is the sketch of a slot.
func (s *state) sketchOf(slot uint32) *sketch.HLL {
	if s.hll[slot] == nil {
		s.hll[slot] = &sketch.HLL{}
	}
	return s.hll[slot]
}

// sketch folds the values of ranges into the slots' sketches.
func (s *state) sketch(v *model.Vector, off int, ranges []kernel.Range) {
	k := &s.sketching
	k.items = k.items[:0]
	if n := v.Dict.Len(); v.Coded() && n <= 2*v.Len {
		k.items = extend(k.items, n, 0)
	}
	for _, r := range ranges {
		from, to := off+int(r.Start), off+int(r.End)
		if kernel.FirstValid(v.Valid, off, int(r.Start), int(r.End)) < 0 {
			continue
		}
		h := s.sketchOf(r.Slot)
		k.bytes -= h.Bytes()
		switch v.Type.Class() {
		case model.ClassInt:
			k.ints(h, v, from, to)
		case model.ClassFloat:
			k.floats(h, v, from, to)
		case model.ClassBool:
			k.bools(h, v, from, to)
		default:
			k.strings(h, v, from, to)
		}
		k.bytes += h.Bytes()
	}
}

func (k *sketching) ints(h *sketch.HLL, v *model.Vector, from, to int) {
	unsigned := v.Type.Kind == model.KindUint64
	last, some := int64(0), false
	for i := from; i < to; i++ {
		x := v.Ints[i]
		if v.Null(i) || some && x == last { // a value that repeats adds nothing
			continue
		}
		if last, some = x, true; unsigned {
			k.text = strconv.AppendUint(k.text[:0], uint64(x), 10)
		} else {
			k.text = strconv.AppendInt(k.text[:0], x, 10)
		}
		h.Add(sketch.ItemOf(k.text))
	}
}

func (k *sketching) floats(h *sketch.HLL, v *model.Vector, from, to int) {
	last, some := 0.0, false
	for i := from; i < to; i++ {
		x := v.Floats[i]
		if v.Null(i) || some && x == last && x != 0 { // 0 and -0 are two texts
			continue
		}
		last, some = x, true
		h.Add(k.floatItem(x))
	}
}

// knownFloats is how many floats are remembered, for their texts cost more than all else: 256 KiB, and a power of two.
const knownFloats = 1 << 14

// knownFloat is a float and its item; 0: none.
type knownFloat struct {
	bits uint64
	item sketch.Item
}

func (k *sketching) floatItem(x float64) sketch.Item {
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

func (k *sketching) bools(h *sketch.HLL, v *model.Vector, from, to int) {
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
			h.Add(sketch.ItemOf(strconv.AppendBool(k.text[:0], v.Bools[i])))
		}
	}
}

func (k *sketching) strings(h *sketch.HLL, v *model.Vector, from, to int) {
	for i := from; i < to; i++ {
		switch {
		case v.Null(i):
		case len(k.items) == 0:
			h.Add(sketch.ItemOf(v.BytesAt(i)))
		default:
			c := v.Codes[i]
			if k.items[c] == 0 {
				k.items[c] = sketch.ItemOf(v.Dict.At(c))
			}
			h.Add(k.items[c])
		}
	}
}

// joinSketch takes in the sketch of another worker's slot, which is its own no more; nil: it has none.
func (s *state) joinSketch(slot uint32, o *sketch.HLL) {
	switch {
	case o == nil:
	case s.hll[slot] == nil:
		s.hll[slot] = o
		s.sketching.bytes += o.Bytes()
	default:
		h := s.hll[slot]
		s.sketching.bytes -= h.Bytes()
		h.Join(o)
		s.sketching.bytes += h.Bytes()
	}
}

// sketches is the sketches as they are written; slots without a value are NULL.
func (s *state) sketches(slots []int32) *model.Vector {
	v := model.NewVector(model.Binary, len(slots))
	var b []byte
	for _, i := range slots {
		if s.hll[i] == nil {
			v.AppendNull()
			continue
		}
		b = s.hll[i].AppendTo(b[:0])
		v.AppendBytes(b)
	}
	return v
}
