package influx

import (
	"encoding/binary"
	"math/bits"
)

// escaped reads a token again from its start, undoing "\x" where x is one of set; other backslashes stand for themselves. The text
// is valid until the next call.
func (d *decoder) escaped(i int, set string) ([]byte, int) {
	src := d.src
	out := d.set.scratch[:0]
loop:
	for i < len(src) {
		b := src[i]
		switch {
		case b == '\\' && i+1 < len(src) && isOneOf(src[i+1], set):
			out = append(out, src[i+1])
			i += 2
			continue
		case b <= ' ' || isOneOf(b, set):
			break loop
		}
		out = append(out, b)
		i++
	}
	d.set.scratch = out
	return out, i
}

func isOneOf(b byte, set string) bool {
	for j := range len(set) {
		if b == set[j] {
			return true
		}
	}
	return false
}

const (
	low  = 0x0101010101010101
	high = 0x8080808080808080
)

// scanTagValue finds the first byte at or after i that ends a plain tag value: ',', '=', '\\', a blank or a control character.
func scanTagValue(src []byte, i int) int {
	for i+8 <= len(src) {
		w := binary.LittleEndian.Uint64(src[i:])
		comma, equal, slash := w^(low*','), w^(low*'='), w^(low*'\\')
		hit := (comma-low)&^comma | (equal-low)&^equal | (slash-low)&^slash | (w-low*0x21)&^w
		// Bits above the lowest one set may be false (a borrow), the lowest never is.
		if hit &= high; hit != 0 {
			return i + bits.TrailingZeros64(hit)>>3
		}
		i += 8
	}
	for i < len(src) && src[i] > ' ' && src[i] != ',' && src[i] != '=' && src[i] != '\\' {
		i++
	}
	return i
}
