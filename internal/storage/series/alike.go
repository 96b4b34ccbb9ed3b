package series

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/goptimedb/goptimedb/internal/model"
)

// print is a digest of a table's series, made when first asked for. Runs of a region mostly have the same series, and comparing digests is how
// that is seen without a look at each.
type print struct {
	once sync.Once
	sum  [sha256.Size]byte
}

// Alike reports that both tables, of the same tags, have the same series, so that what Match selects of one it selects of the other.
func (t *Table) Alike(o *Table) bool {
	if t == o {
		return true
	}
	if t.Len() != o.Len() {
		return false
	}
	shared := true
	for k := range t.Tags {
		if t.Dicts[k].Len() != o.Dicts[k].Len() {
			return false
		}
		shared = shared && sameMemory(t.Codes[k], o.Codes[k]) && t.Dicts[k] == o.Dicts[k]
	}
	if shared { // fast path: runs of one memtable
		return true
	}
	// A sample first, so that a table that is compared once is rarely digested for nothing.
	step := t.Len()/32 + 1
	for k, c := range t.Codes {
		for i := 0; i < len(c); i += step {
			if c[i] != o.Codes[k][i] {
				return false
			}
		}
	}
	return t.digest() == o.digest()
}

func sameMemory(a, b []uint32) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func (t *Table) digest() [sha256.Size]byte {
	t.print.once.Do(func() {
		h := sha256.New()
		buf := make([]byte, 0, 4096)
		words := func(s []uint32) {
			for len(s) > 0 {
				n := min(len(s), cap(buf)/4)
				buf = buf[:0]
				for _, x := range s[:n] {
					buf = binary.LittleEndian.AppendUint32(buf, x)
				}
				h.Write(buf)
				s = s[n:]
			}
		}
		for k, c := range t.Codes {
			d := t.Dicts[k]
			words([]uint32{uint32(len(c)), uint32(d.Len())})
			words(c)
			if d.Len() > 0 {
				words(d.Offsets)
				h.Write(d.Data)
			}
		}
		h.Sum(t.print.sum[:0])
	})
	return t.print.sum
}

func sameDict(a, b *model.Dict) bool {
	return a == b || a.Len() == b.Len() && (a.Len() == 0 || slices.Equal(a.Offsets, b.Offsets) && string(a.Data) == string(b.Data))
}

// same reports that both select the same series, of tables that are alike.
func (s Selection) same(o Selection) bool {
	return s.From == o.From && s.To == o.To && slices.Equal(s.Bits, o.Bits)
}
