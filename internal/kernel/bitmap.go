package kernel

import (
	"math/bits"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Words is the length of a bitmap of n bits.
func Words(n int) int { return (n + 63) >> 6 }

// tail is the mask of the bits in use in the last word of n bits.
func tail(n int) uint64 {
	if r := uint(n) & 63; r != 0 {
		return 1<<r - 1
	}
	return ^uint64(0)
}

// Fill sets the first n bits of dst (Words(n) long) and clears the rest of the last word.
func Fill(dst model.Bitmap, n int) {
	w := Words(n)
	for i := range dst[:w] {
		dst[i] = ^uint64(0)
	}
	if w > 0 {
		dst[w-1] = tail(n)
	}
}

// And keeps the bits of dst that src has, too.
func And(dst, src model.Bitmap) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] &= src[i]
	}
}

// Or adds the bits of src to dst.
func Or(dst, src model.Bitmap) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] |= src[i]
	}
}

// Not flips the first n bits of dst.
func Not(dst model.Bitmap, n int) {
	for i := range dst {
		dst[i] = ^dst[i]
	}
	if len(dst) > 0 {
		dst[len(dst)-1] &= tail(n)
	}
}

// word is 64 bits of src from bit off on, of which those before end are meant; the others may be anything. Words of src that lie past end
// as a whole are not touched: somebody may be writing them.
func word(src model.Bitmap, off, end int) uint64 {
	i, s := off>>6, uint(off)&63
	if off >= end {
		return 0
	}
	w := src[i] >> s
	if s != 0 && (i+1)<<6 < end {
		w |= src[i+1] << (64 - s)
	}
	return w
}

// AndFrom keeps the bits of dst (n bits) that src has from bit off on. A nil src is all set.
func AndFrom(dst, src model.Bitmap, off, n int) {
	if src == nil {
		return
	}
	for i := range dst[:Words(n)] {
		dst[i] &= word(src, off+i<<6, off+n)
	}
}

// CopyFrom writes n bits of src from bit off on to dst. A nil src is all set.
func CopyFrom(dst, src model.Bitmap, off, n int) {
	if src == nil {
		Fill(dst, n)
		return
	}
	w := Words(n)
	for i := range dst[:w] {
		dst[i] = word(src, off+i<<6, off+n)
	}
	if w > 0 {
		dst[w-1] &= tail(n)
	}
}

// CountRange is how many of the bits [from, to) are set; a nil bitmap is all set.
func CountRange(b model.Bitmap, from, to int) int {
	if b == nil {
		return to - from
	}
	c := 0
	for ; from < to; from += 64 {
		w := word(b, from, to)
		if r := to - from; r < 64 {
			w &= 1<<uint(r) - 1
		}
		c += bits.OnesCount64(w)
	}
	return c
}

// Indices appends the positions of the set bits to dst.
func Indices(dst []int32, b model.Bitmap) []int32 {
	for i, w := range b {
		base := int32(i << 6)
		if w == ^uint64(0) {
			for j := range int32(64) {
				dst = append(dst, base+j)
			}
			continue
		}
		for w != 0 {
			dst = append(dst, base+int32(bits.TrailingZeros64(w)))
			w &= w - 1
		}
	}
	return dst
}
