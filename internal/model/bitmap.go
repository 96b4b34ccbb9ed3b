package model

import "math/bits"

// Bitmap is a bit per row, least significant first, 64 rows a word: Arrow's order. A nil Bitmap used for validity means "all valid".
type Bitmap []uint64

// NewBitmap makes a bitmap of n clear bits.
func NewBitmap(n int) Bitmap { return make(Bitmap, (n+63)/64) }

// Get reports bit i.
func (b Bitmap) Get(i int) bool { return b[uint(i)>>6]>>(uint(i)&63)&1 == 1 }

// Set sets bit i.
func (b Bitmap) Set(i int) { b[uint(i)>>6] |= 1 << (uint(i) & 63) }

// Clear clears bit i.
func (b Bitmap) Clear(i int) { b[uint(i)>>6] &^= 1 << (uint(i) & 63) }

// SetRange sets bits [from, to).
func (b Bitmap) SetRange(from, to int) {
	for from < to && from&63 != 0 {
		b.Set(from)
		from++
	}
	for ; from+64 <= to; from += 64 {
		b[from>>6] = ^uint64(0)
	}
	for ; from < to; from++ {
		b.Set(from)
	}
}

// Count is how many of the first n bits are set.
func (b Bitmap) Count(n int) int {
	c := 0
	for _, w := range b[:n>>6] {
		c += bits.OnesCount64(w)
	}
	if r := uint(n) & 63; r != 0 {
		c += bits.OnesCount64(b[n>>6] & (1<<r - 1))
	}
	return c
}

// Grow returns b with room for n bits; new bits are clear.
func (b Bitmap) Grow(n int) Bitmap {
	for w := (n + 63) / 64; len(b) < w; {
		b = append(b, 0)
	}
	return b
}
