package kernel

import (
	"bytes"

	"github.com/goptimedb/goptimedb/internal/model"
)

// SelectInt writes to dst which of v compare with c. Unsigned columns, whose bits lie in int64, pass unsigned.
func SelectInt(dst model.Bitmap, v []int64, op model.Op, c int64, unsigned bool) {
	var flip int64
	if unsigned { // flipping the top bit makes signed comparison order unsigned numbers
		flip = -1 << 63
		c ^= flip
	}
	ask, not := same, false
	switch op {
	case model.OpNe:
		not = true
	case model.OpGt, model.OpLe:
		ask, not = greater, op == model.OpLe
	case model.OpLt, model.OpGe:
		ask, not = less, op == model.OpGe
	}
	if words := len(v) >> 6; words > 0 {
		selectIntBlocks(dst[:words], v[:words<<6], c, flip, ask)
	}
	if end := v[len(v)&^63:]; len(end) > 0 {
		var w uint64
		for j, x := range end {
			x ^= flip
			w |= bit(ask == same && x == c || ask == greater && x > c || ask == less && x < c) << (uint(j) & 63)
		}
		dst[len(v)>>6] = w
	}
	if not {
		Not(dst[:Words(len(v))], len(v))
	}
}

// SelectFloat writes to dst which of v compare with c, in the order of model.CompareFloat: NaN is the greatest and equals itself.
func SelectFloat(dst model.Bitmap, v []float64, op model.Op, c float64) {
	if c != c {
		selectNaN(dst, v, op)
		return
	}
	// What is greater is what is not less or equal, so that NaN is in.
	ask, not := same, op == model.OpNe
	switch op {
	case model.OpLe, model.OpGt:
		ask, not = notAbove, op == model.OpGt
	case model.OpLt, model.OpGe:
		ask, not = less, op == model.OpGe
	}
	if words := len(v) >> 6; words > 0 {
		selectFloatBlocks(dst[:words], v[:words<<6], c, ask)
	}
	if end := v[len(v)&^63:]; len(end) > 0 {
		var w uint64
		for j, x := range end {
			w |= bit(ask == same && x == c || ask == notAbove && x <= c || ask == less && x < c) << (uint(j) & 63)
		}
		dst[len(v)>>6] = w
	}
	if not {
		Not(dst[:Words(len(v))], len(v))
	}
}

// selectNaN is SelectFloat against NaN: every operator is either "is NaN", "is not NaN", all or nothing.
func selectNaN(dst model.Bitmap, v []float64, op model.Op) {
	for i := 0; i < len(v); i += 64 {
		var w uint64
		for j, x := range v[i:min(i+64, len(v))] {
			w |= bit(op == model.OpLe || (x == x) == (op == model.OpLt || op == model.OpNe)) << (uint(j) & 63)
		}
		if op == model.OpGt {
			w = 0
		}
		dst[i>>6] = w
	}
}

// SelectBool writes to dst which of v compare with c; false is less than true.
func SelectBool(dst model.Bitmap, v []bool, op model.Op, c bool) {
	onTrue, onFalse := compared(op, int(bit(true))-int(bit(c))), compared(op, 0-int(bit(c)))
	for i := 0; i < len(v); i += 64 {
		var w uint64
		for j, x := range v[i:min(i+64, len(v))] {
			w |= bit(x && onTrue || !x && onFalse) << (uint(j) & 63)
		}
		dst[i>>6] = w
	}
}

// SelectBytes writes to dst which of the n plain strings that offsets cut from data compare with c.
func SelectBytes(dst model.Bitmap, offsets []uint32, data []byte, op model.Op, c []byte) {
	n := len(offsets) - 1
	for i := 0; i < n; i += 64 {
		var w uint64
		for j := i; j < min(i+64, n); j++ {
			x := data[offsets[j]:offsets[j+1]]
			var ok bool
			switch op {
			case model.OpEq:
				ok = bytes.Equal(x, c)
			case model.OpNe:
				ok = !bytes.Equal(x, c)
			default:
				ok = compared(op, bytes.Compare(x, c))
			}
			w |= bit(ok) << (uint(j-i) & 63)
		}
		dst[i>>6] = w
	}
}

// SelectContains writes to dst which of the plain strings that offsets cut from data contain part, which is not empty. It looks for the part
// in all of them at once: where it is rare, most strings are not looked at one by one.
func SelectContains(dst model.Bitmap, offsets []uint32, data, part []byte) {
	n := len(offsets) - 1
	clear(dst[:Words(n)])
	row, at, end := 0, int(offsets[0]), int(offsets[n])
	for at < end {
		hit := bytes.Index(data[at:end], part)
		if hit < 0 {
			return
		}
		at += hit
		row = rowOf(offsets, row, uint32(at))
		if at+len(part) > int(offsets[row+1]) { // it reaches into the next row
			at++
			continue
		}
		dst[row>>6] |= 1 << (uint(row) & 63)
		at = int(offsets[row+1])
	}
}

// rowOf is the row, row or a later one, that holds a byte; its cost grows with how much later.
func rowOf(offsets []uint32, row int, at uint32) int {
	step := 1
	for row+step < len(offsets) && offsets[row+step] <= at {
		row += step
		step *= 2
	}
	for hi := min(row+step, len(offsets)-1); row+1 < hi; { // offsets[row] <= at < offsets[hi]
		if m := int(uint(row+hi) >> 1); offsets[m] <= at {
			row = m
		} else {
			hi = m
		}
	}
	return row
}

// SelectFunc writes to dst for which rows ok is true: the way of last resort.
func SelectFunc(dst model.Bitmap, n int, ok func(i int) bool) {
	for i := 0; i < n; i += 64 {
		var w uint64
		for j := i; j < min(i+64, n); j++ {
			w |= bit(ok(j)) << (uint(j-i) & 63)
		}
		dst[i>>6] = w
	}
}

// SelectCodes writes to dst for which codes match holds. Codes outside of match (those of NULLs, where the dictionary is empty) are not
// selected.
func SelectCodes(dst model.Bitmap, codes []uint32, match []bool) {
	for i := 0; i < len(codes); i += 64 {
		var w uint64
		for j, c := range codes[i:min(i+64, len(codes))] {
			if int(c) < len(match) {
				w |= bit(match[c]) << (uint(j) & 63)
			}
		}
		dst[i>>6] = w
	}
}

// Compared reports whether a comparison that came out as cmp (negative, zero, positive) satisfies op.
func Compared(op model.Op, cmp int) bool { return compared(op, cmp) }

func compared(op model.Op, cmp int) bool {
	switch op {
	case model.OpEq:
		return cmp == 0
	case model.OpNe:
		return cmp != 0
	case model.OpLt:
		return cmp < 0
	case model.OpLe:
		return cmp <= 0
	case model.OpGt:
		return cmp > 0
	case model.OpGe:
		return cmp >= 0
	}
	return false
}

// bit compiles to a flag-to-register move, no branch.
func bit(b bool) uint64 {
	var u uint64
	if b {
		u = 1
	}
	return u
}
