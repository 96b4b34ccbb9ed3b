package finish

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/sketch"
)

// mergeSketches is the function that makes one sketch of several.
const mergeSketches = "hll_merge"

// addSketches folds in the sketches of parts. NULLs and bytes that are no sketch are left out.
func (s *aggState) addSketches(r *run, v *model.Vector, ids []uint32, groups int) error {
	s.n, s.hll = extend(s.n, groups), extend(s.hll, groups)
	for i, g := range ids {
		if v.Null(i) {
			continue
		}
		h := s.hll[g]
		if h == nil {
			h = &sketch.HLL{}
		}
		before := h.Bytes()
		if !h.Merge(v.BytesAt(i)) {
			continue
		}
		s.hll[g] = h
		if err := r.take(2 * (h.Bytes() - before)); err != nil { // once more when it is written
			return err
		}
	}
	return nil
}

// sketches is the sketch of every group, as it is written.
func (s *aggState) sketches(n int) *model.Vector {
	v := model.NewVector(model.Binary, n)
	var b []byte
	for _, h := range s.hll {
		if h == nil {
			v.AppendNull()
			continue
		}
		b = h.AppendTo(b[:0])
		v.AppendBytes(b)
	}
	return v
}

// countSketch is the number of different values that sketches have seen; NULL for what is no sketch.
func countSketch(x eval) eval {
	return func(b *model.Batch) (*model.Vector, error) {
		v, err := x(b)
		if err != nil {
			return nil, err
		}
		out := model.NewVector(model.Uint64, b.Len)
		for i := range b.Len {
			var h sketch.HLL
			if v.Null(i) || !h.Merge(v.BytesAt(i)) {
				out.AppendNull()
				continue
			}
			out.AppendInt(int64(h.Count()))
		}
		return out, nil
	}
}
