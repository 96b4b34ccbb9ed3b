package sst

import (
	"bytes"
	"math/rand"
	"testing"
	"unicode/utf8"
)

// Shortened bounds still bound, and those of text are text.
func TestBounds(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	for i := range 5000 {
		x := make([]byte, 0, 3000)
		text := i%2 == 0
		for n := maxBound - 10 + rnd.Intn(30); len(x) < n; {
			switch {
			case text:
				x = utf8.AppendRune(x, []rune{'a', 0x7f, 0xff, 0xd7ff, 0xffff, utf8.MaxRune}[rnd.Intn(6)])
			case rnd.Intn(3) == 0 || i%4 == 1:
				x = append(x, 0xff)
			default:
				x = append(x, byte(rnd.Intn(256)))
			}
		}
		lo, hi := lowBound(x), highBound(x)
		if bytes.Compare(lo, x) > 0 || bytes.Compare(hi, x) < 0 {
			t.Fatalf("%x is not within [%x, %x]", x, lo, hi)
		}
		if text && (!utf8.Valid(lo) || !utf8.Valid(hi)) {
			t.Fatalf("bounds of text: %x, %x", lo, hi)
		}
		if len(lo) > maxBound || text && len(hi) > maxBound+utf8.UTFMax {
			t.Fatalf("bounds of %d and %d bytes", len(lo), len(hi))
		}
	}
}
