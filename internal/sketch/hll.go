package sketch

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"github.com/cespare/xxhash/v2"
)

const (
	hllMagic     = 'H'
	hllVersion   = 1
	hllPrecision = 14
	hllRegisters = 1 << hllPrecision
	hllSparse    = 0
	hllDense     = 1
	hllMaxRank   = 64 - hllPrecision + 1

	// hllMaxTable is the most places of the table of a sketch with few registers: at twice as many, all registers are as small.
	hllMaxTable = 2048
	hllMinTable = 8
)

// Item is what one value brings to an HLL: the register that it belongs to, and below, in the lowest byte, the rank, which is never 0.
type Item uint32

// ItemOf hashes the text of a value.
func ItemOf(value []byte) Item { return itemOf(xxhash.Sum64(value)) }

// ItemOfInt hashes a number of 64 bits by these, which is cheaper than by its text. Sketches of such items count as well, but are of no use
// where texts count: they are never kept.
func ItemOfInt(x uint64) Item {
	x ^= x >> 32 // two rounds of a multiplication and a shift leave no bit of the sum without a part in every other
	x *= 0xd6e8feb86659fd93
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	x ^= x >> 32
	return itemOf(x)
}

// ItemOfFloat likewise; 0 and -0 are one value, and so are all NaN.
func ItemOfFloat(x float64) Item {
	switch {
	case x == 0:
		x = 0
	case x != x:
		x = math.NaN()
	}
	return ItemOfInt(math.Float64bits(x))
}

func itemOf(h uint64) Item {
	rank := min(bits.LeadingZeros64(h<<hllPrecision), hllMaxRank-1) + 1
	return Item(h>>(64-hllPrecision))<<8 | Item(rank)
}

func (i Item) register() uint32 { return uint32(i >> 8) }

// valid reports an item of a register and a rank that there are.
func (i Item) valid() bool { return i.register() < hllRegisters && i&0xff >= 1 && i&0xff <= hllMaxRank }

// HLL counts different values: for each of its registers it keeps the greatest rank. The zero HLL has seen none. While few registers are
// in use they lie in a hash table, so that groups of few values stay small; no HLL takes more than Bytes of a dense one, 16 KiB.
type HLL struct {
	table []Item // open-addressed by register; 0: a free place. nil: none yet, or dense
	used  int    // places of table that are not free
	dense []uint8
}

// Bytes is the memory that the sketch holds.
func (s *HLL) Bytes() int64 { return int64(cap(s.table))*4 + int64(cap(s.dense)) }

// Add takes in an item; what is none is left out.
func (s *HLL) Add(i Item) {
	switch {
	case !i.valid():
	case s.dense != nil:
		if r := i.register(); s.dense[r] < uint8(i) {
			s.dense[r] = uint8(i)
		}
	default:
		s.addSparse(i)
	}
}

func (s *HLL) addSparse(i Item) {
	if 2*s.used >= len(s.table) {
		if s.grow(); s.dense != nil {
			s.Add(i)
			return
		}
	}
	mask := uint32(len(s.table) - 1)
	for at := i.register() & mask; ; at = (at + 1) & mask {
		switch old := s.table[at]; {
		case old == 0:
			s.table[at] = i
			s.used++
			return
		case old.register() == i.register():
			s.table[at] = max(old, i)
			return
		}
	}
}

// grow makes the table twice as large, or a dense sketch of it.
func (s *HLL) grow() {
	old := s.table
	if s.used = 0; 2*len(old) > hllMaxTable {
		s.table, s.dense = nil, make([]uint8, hllRegisters)
	} else {
		s.table = make([]Item, max(2*len(old), hllMinTable))
	}
	for _, i := range old {
		if i != 0 {
			s.Add(i)
		}
	}
}

// Join takes in all that another sketch has seen.
func (s *HLL) Join(o *HLL) {
	for _, i := range o.table {
		if i != 0 {
			s.Add(i)
		}
	}
	if o.dense != nil {
		s.joinDense(o.dense)
	}
}

func (s *HLL) joinDense(ranks []uint8) {
	for s.dense == nil {
		s.grow()
	}
	for r, rank := range ranks {
		s.dense[r] = max(s.dense[r], rank)
	}
}

// AppendTo writes the sketch: the same registers give the same bytes.
func (s *HLL) AppendTo(dst []byte) []byte {
	items := slices.DeleteFunc(slices.Clone(s.table), func(i Item) bool { return i == 0 })
	slices.Sort(items)
	for r, rank := range s.dense {
		if rank > 0 {
			items = append(items, Item(r)<<8|Item(rank))
		}
	}
	if len(items)*3 >= hllRegisters {
		return append(append(dst, hllMagic, hllVersion, hllPrecision, hllDense), s.dense...)
	}
	dst = append(dst, hllMagic, hllVersion, hllPrecision, hllSparse)
	for _, i := range items {
		dst = append(binary.LittleEndian.AppendUint16(dst, uint16(i.register())), uint8(i))
	}
	return dst
}

// Merge takes in a written sketch; false, and nothing taken in, where the bytes are none.
func (s *HLL) Merge(b []byte) bool {
	if len(b) < 4 || b[0] != hllMagic || b[1] != hllVersion || b[2] != hllPrecision {
		return false
	}
	body := b[4:]
	switch {
	case b[3] == hllDense && len(body) == hllRegisters:
		if slices.Max(body) > hllMaxRank {
			return false
		}
		s.joinDense(body)
		return true
	case b[3] == hllSparse && len(body)%3 == 0:
		for at := 0; at < len(body); at += 3 {
			if r, rank := binary.LittleEndian.Uint16(body[at:]), body[at+2]; r >= hllRegisters || rank > hllMaxRank {
				return false
			}
		}
		for ; len(body) > 0; body = body[3:] {
			s.Add(Item(binary.LittleEndian.Uint16(body))<<8 | Item(body[2]))
		}
		return true
	}
	return false
}

// Count estimates, by how many registers have each rank, without tables of corrections: the estimator of O. Ertl, "New cardinality
// estimation algorithms for HyperLogLog sketches".
func (s *HLL) Count() uint64 {
	const q = hllMaxRank - 1
	var of [q + 2]float64
	for _, i := range s.table {
		of[i&0xff]++ // free places are told from registers below
	}
	for _, rank := range s.dense {
		of[rank]++
	}
	if s.dense == nil {
		of[0] = float64(hllRegisters - s.used)
	}
	m := float64(hllRegisters)
	z := m * tau(1-of[q+1]/m)
	for k := q; k >= 1; k-- {
		z = 0.5 * (z + of[k])
	}
	z += m * sigma(of[0]/m)
	if math.IsInf(z, 1) {
		return 0
	}
	return uint64(math.Round(m * m / (2 * math.Ln2 * z)))
}

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	z, y := x, 1.0
	for {
		x *= x
		before := z
		z += x * y
		y += y
		if z == before {
			return z
		}
	}
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	z, y := 1-x, 1.0
	for {
		x = math.Sqrt(x)
		before := z
		y *= 0.5
		z -= (1 - x) * (1 - x) * y
		if z == before {
			return z / 3
		}
	}
}
