package kernel

import "github.com/goptimedb/goptimedb/internal/model"

// Gather appends src[base+i] for each i of idx.
func Gather[T any](dst, src []T, base int, idx []int32) []T {
	n := len(dst)
	if cap(dst)-n < len(idx) {
		grown := make([]T, n, max(n+len(idx), 2*cap(dst)))
		copy(grown, dst)
		dst = grown
	}
	dst = dst[:n+len(idx)]
	out := dst[n:]
	src = src[base:]
	for k, i := range idx {
		out[k] = src[i]
	}
	return dst
}

// GatherVector appends rows base+i of src, for each i of idx, to dst, which has the same type. Coded bytes stay coded where both share
// a dictionary, else they arrive plain.
func GatherVector(dst, src *model.Vector, base int, idx []int32) {
	n := dst.Len
	switch dst.Type.Class() {
	case model.ClassBool:
		dst.Bools = Gather(dst.Bools, src.Bools, base, idx)
	case model.ClassInt:
		dst.Ints = Gather(dst.Ints, src.Ints, base, idx)
	case model.ClassFloat:
		dst.Floats = Gather(dst.Floats, src.Floats, base, idx)
	case model.ClassDecimal:
		dst.Decimals = Gather(dst.Decimals, src.Decimals, base, idx)
	case model.ClassInterval:
		dst.Intervals = Gather(dst.Intervals, src.Intervals, base, idx)
	case model.ClassBytes:
		if dst.Dict != nil && dst.Dict == src.Dict {
			dst.Codes = Gather(dst.Codes, src.Codes, base, idx)
			break
		}
		for _, i := range idx {
			if r := base + int(i); src.Null(r) {
				dst.AppendNull()
			} else {
				dst.AppendBytes(src.BytesAt(r))
			}
		}
		return
	}
	dst.Len = n + len(idx)
	if src.Valid == nil && dst.Valid == nil {
		return
	}
	if dst.Valid == nil {
		dst.Valid = model.NewBitmap(dst.Len)
		dst.Valid.SetRange(0, n)
	}
	dst.Valid = dst.Valid.Grow(dst.Len)
	if src.Valid == nil {
		dst.Valid.SetRange(n, dst.Len)
		return
	}
	for k, i := range idx {
		if src.Valid.Get(base + int(i)) {
			dst.Valid.Set(n + k)
		} else {
			dst.Valid.Clear(n + k)
		}
	}
}
