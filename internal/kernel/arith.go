package kernel

import "github.com/goptimedb/goptimedb/internal/model"

// The loops below compute dst[i] of a[i] and b[i]; the three have one length.

// AddFloats adds.
func AddFloats(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

// SubFloats subtracts.
func SubFloats(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

// MulFloats multiplies.
func MulFloats(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

// DivFloats divides.
func DivFloats(dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
}

// AddInts adds integers of 64 bits; results wrap around.
func AddInts(dst, a, b []int64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

// SubInts subtracts, see AddInts.
func SubInts(dst, a, b []int64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

// MulInts multiplies, see AddInts.
func MulInts(dst, a, b []int64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

// WrapInts brings integers into the range of a type of fewer bits, by their lowest bits.
func WrapInts(v []int64, t model.Type) {
	switch t.Kind {
	case model.KindInt8:
		wrapInts[int8](v)
	case model.KindInt16:
		wrapInts[int16](v)
	case model.KindInt32:
		wrapInts[int32](v)
	case model.KindUint8:
		wrapInts[uint8](v)
	case model.KindUint16:
		wrapInts[uint16](v)
	case model.KindUint32:
		wrapInts[uint32](v)
	}
}

func wrapInts[T int8 | int16 | int32 | uint8 | uint16 | uint32](v []int64) {
	for i, x := range v {
		v[i] = int64(T(x))
	}
}

// OutOfRange marks the integers that are less than lo or greater than hi.
func OutOfRange(bad model.Bitmap, v []int64, lo, hi int64) {
	out := false
	for _, x := range v {
		out = out || x < lo || x > hi
	}
	if !out {
		return
	}
	for i, x := range v {
		if x < lo || x > hi {
			bad.Set(i)
		}
	}
}

// IntsToFloats converts integers, unsigned ones as such.
func IntsToFloats(dst []float64, v []int64, unsigned bool) {
	v = v[:len(dst)]
	if unsigned {
		for i, x := range v {
			dst[i] = float64(uint64(x))
		}
		return
	}
	for i, x := range v {
		dst[i] = float64(x)
	}
}

// Moments folds rows into the counts, means and sums of squared distances from the mean of their slots, range by range: the mean of a range
// first, then the distances from it, so that a spread small beside the mean keeps its digits.
func Moments[T int64 | float64](n, mean, m2 []float64, v []T, unsigned bool, valid model.Bitmap, off int, ranges []Range) {
	for _, r := range ranges {
		a, b := off+int(r.Start), off+int(r.End)
		add := func(a, b int) {
			nb, mb, qb := momentsOf(v[a:b], unsigned)
			n[r.Slot], mean[r.Slot], m2[r.Slot] = JoinMoments(n[r.Slot], mean[r.Slot], m2[r.Slot], nb, mb, qb)
		}
		if valid == nil {
			if a < b {
				add(a, b)
			}
			continue
		}
		spans(valid, a, b, add)
	}
}

// momentsOf takes the mean from the distances to the first value, so that equal values have no spread at all.
func momentsOf[T int64 | float64](v []T, unsigned bool) (n, mean, m2 float64) {
	n = float64(len(v))
	if unsigned {
		first, sum := float64(uint64(v[0])), 0.0
		for _, x := range v {
			sum += float64(uint64(x)) - first
		}
		mean = first + sum/n
		for _, x := range v {
			d := float64(uint64(x)) - mean
			m2 += d * d
		}
		return n, mean, m2
	}
	// Two sums run side by side: an addition waits for the one before it.
	var a, b, c, d float64
	first, w := float64(v[0]), v
	for ; len(w) >= 2; w = w[2:] {
		a += float64(w[0]) - first
		b += float64(w[1]) - first
	}
	if len(w) > 0 {
		a += float64(w[0]) - first
	}
	mean = first + (a+b)/n
	for ; len(v) >= 2; v = v[2:] {
		x, y := float64(v[0])-mean, float64(v[1])-mean
		c += x * x
		d += y * y
	}
	if len(v) > 0 {
		x := float64(v[0]) - mean
		c += x * x
	}
	return n, mean, c + d
}

// JoinMoments are the moments of two sets of values together.
func JoinMoments(na, ma, qa, nb, mb, qb float64) (n, mean, m2 float64) {
	switch {
	case na == 0:
		return nb, mb, qb
	case nb == 0:
		return na, ma, qa
	}
	n = na + nb
	d := mb - ma
	return n, ma + d*nb/n, qa + qb + d*d*na*nb/n
}

// KeepRanges appends the parts of the ranges whose rows are in keep.
func KeepRanges(dst, ranges []Range, keep model.Bitmap) []Range {
	for _, r := range ranges {
		spans(keep, int(r.Start), int(r.End), func(a, b int) {
			dst = append(dst, Range{r.Slot, int32(a), int32(b)})
		})
	}
	return dst
}

// FirstRow keeps the value of the earliest row, NULL or not; null tells which it is. See First.
func FirstRow[T any](state []T, null []bool, at []int64, v []T, valid model.Bitmap, off int, times []int64, ranges []Range) {
	for _, r := range ranges {
		if i := int(r.Start); i < int(r.End) && times[i] < at[r.Slot] {
			at[r.Slot], state[r.Slot] = times[i], v[off+i]
			null[r.Slot] = valid != nil && !valid.Get(off+i)
		}
	}
}

// LastRow keeps the value of the latest row, NULL or not.
func LastRow[T any](state []T, null []bool, at []int64, v []T, valid model.Bitmap, off int, times []int64, ranges []Range) {
	for _, r := range ranges {
		if i := int(r.End) - 1; i >= int(r.Start) && times[i] >= at[r.Slot] {
			at[r.Slot], state[r.Slot] = times[i], v[off+i]
			null[r.Slot] = valid != nil && !valid.Get(off+i)
		}
	}
}
