package terms

import (
	"encoding/binary"
	"math/bits"

	"github.com/goptimedb/goptimedb/internal/index/blob"
	"github.com/goptimedb/goptimedb/internal/model"
)

// A posting is an ascending set of units, in whichever of three forms is the shortest. It begins with a uvarint, count<<2 | form:
//
//	list  count units: the first, then of each the gap to the one before, less 1
//	runs  count runs: the gap to the end of the run before (or from 0), the length less 1
//	bits  count bytes, a bit per unit, least significant first; before them, the first unit / 64 to begin at
const (
	formList = 0
	formRuns = 1
	formBits = 2
)

func uvarintLen(x uint32) int { return (bits.Len32(x|1) + 6) / 7 }

// AppendPosting encodes ascending units.
func AppendPosting(dst []byte, units []uint32) []byte {
	if len(units) == 1 { // fast path: most terms of an id column
		return binary.AppendUvarint(append(dst, 1<<2|formList), uint64(units[0]))
	}
	list, runs, nruns := 0, 0, 0
	for i := 0; i < len(units); {
		from := i
		gap := units[i]
		if i > 0 {
			gap -= units[i-1] + 1
		}
		for i++; i < len(units) && units[i] == units[i-1]+1; i++ {
		}
		nruns++
		list += uvarintLen(gap) + i - from - 1
		runs += uvarintLen(gap) + uvarintLen(uint32(i-from-1))
	}
	if len(units) == 0 {
		return append(dst, formList)
	}
	first := units[0] / 64
	size := int(units[len(units)-1]/8+1) - int(first)*8
	switch {
	case size < list && size < runs:
		dst = binary.AppendUvarint(dst, uint64(size)<<2|formBits)
		dst = binary.AppendUvarint(dst, uint64(first))
		at := len(dst)
		dst = append(dst, make([]byte, size)...)
		for _, u := range units {
			u -= first * 64
			dst[at+int(u/8)] |= 1 << (u % 8)
		}
	case runs < list:
		dst = binary.AppendUvarint(dst, uint64(nruns)<<2|formRuns)
		end := uint32(0)
		for i := 0; i < len(units); {
			from := i
			for i++; i < len(units) && units[i] == units[i-1]+1; i++ {
			}
			dst = binary.AppendUvarint(dst, uint64(units[from]-end))
			dst = binary.AppendUvarint(dst, uint64(i-from-1))
			end = units[i-1] + 1
		}
	default:
		dst = binary.AppendUvarint(dst, uint64(len(units))<<2|formList)
		next := uint32(0)
		for _, u := range units {
			dst = binary.AppendUvarint(dst, uint64(u-next))
			next = u + 1
		}
	}
	return dst
}

// orPosting sets the bits of a posting's units, all of which must be below n.
func orPosting(dst model.Bitmap, n int, enc []byte, off int64) error {
	d := blob.NewDecoder(enc, off)
	head := d.Uvarint()
	count := head >> 2
	at := uint64(0)
	switch head & 3 {
	case formList:
		for range count {
			at += d.Upto(uint64(n), "gap")
			if d.Err() != nil || at >= uint64(n) {
				d.Fail("unit %d of %d", at, n)
				return d.Err()
			}
			dst.Set(int(at))
			at++
		}
	case formRuns:
		for range count {
			from := at + d.Upto(uint64(n), "gap")
			at = from + d.Upto(uint64(n), "run") + 1
			if d.Err() != nil || at > uint64(n) {
				d.Fail("units [%d,%d) of %d", from, at, n)
				return d.Err()
			}
			dst.SetRange(int(from), int(at))
		}
	case formBits:
		w := d.Upto(uint64(n), "first word")
		b := d.Bytes(count)
		if d.Err() != nil {
			return d.Err()
		}
		for ; len(b) > 0; w++ {
			var x uint64
			k := min(len(b), 8)
			for i, c := range b[:k] {
				x |= uint64(c) << (8 * i)
			}
			b = b[k:]
			if x == 0 {
				continue
			}
			if w*64+uint64(bits.Len64(x)) > uint64(n) {
				d.Fail("a unit of %d or more", n)
				return d.Err()
			}
			dst[w] |= x
		}
	default:
		d.Fail("posting of form %d", head&3)
	}
	return d.End()
}

// AppendSet writes ascending units for the meta of a blob: a posting after its length.
func AppendSet(dst []byte, units []uint32) []byte {
	enc := AppendPosting(nil, units)
	return append(binary.AppendUvarint(dst, uint64(len(enc))), enc...)
}

// ReadSet reads what AppendSet wrote, of n units.
func ReadSet(d *blob.Decoder, n int) model.Bitmap {
	enc := d.Bytes(d.Uvarint())
	b := model.NewBitmap(n)
	if d.Err() == nil {
		if err := orPosting(b, n, enc, 0); err != nil {
			d.Fail("set of units: %v", err)
		}
	}
	return b
}
