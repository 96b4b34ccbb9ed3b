package finish

import (
	"encoding/binary"
	"math"

	"github.com/goptimedb/goptimedb/internal/model"
)

// groups numbers combinations of values in the order in which they are first seen.
type groups struct {
	run  *run
	ids  map[string]uint32
	vals []*model.Vector // of each group
	n    int
	key  []byte
}

// hashable reports the types that groups can tell apart.
func hashable(t model.Type) bool { return comparable(t) }

// find appends the number of each row's group to dst.
func (g *groups) find(dst []uint32, cols []*model.Vector, n int) ([]uint32, error) {
	if g.ids == nil {
		g.ids = map[string]uint32{}
		for _, v := range cols {
			g.vals = append(g.vals, model.NewVector(v.Type, 0))
		}
	}
	for i := range n {
		g.key = g.key[:0]
		for _, v := range cols {
			g.key = appendKey(g.key, v, i)
		}
		id, ok := g.ids[string(g.key)]
		if !ok {
			if err := g.run.take(int64(2*len(g.key) + 64)); err != nil {
				return nil, err
			}
			id = uint32(g.n)
			g.n++
			g.ids[string(g.key)] = id
			for c, v := range cols {
				g.vals[c].AppendVector(v, i, i+1)
			}
		}
		dst = append(dst, id)
	}
	return dst, nil
}

// appendKey appends a value so that equal values, and only they, have equal bytes.
func appendKey(dst []byte, v *model.Vector, i int) []byte {
	if v.Null(i) {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	switch v.Type.Class() {
	case model.ClassBool:
		return append(dst, byte(bit(v.Bools[i])))
	case model.ClassInt:
		return binary.LittleEndian.AppendUint64(dst, uint64(v.Ints[i]))
	case model.ClassFloat:
		f := v.Floats[i]
		switch {
		case f == 0:
			f = 0 // -0 is 0
		case f != f:
			f = math.NaN()
		}
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
	}
	x := v.BytesAt(i)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(x)))
	return append(dst, x...)
}
