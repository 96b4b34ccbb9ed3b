package series

import (
	"hash/maphash"
	"math"

	"github.com/goptimedb/goptimedb/internal/model"
)

// NoCode is what Interner.Code gives when the values would need more than 4 GiB.
const NoCode = math.MaxUint32

// Interner gives distinct byte strings dense codes, from 0, in order of first sight. It holds no pointers per value, and its hash is
// seeded at random, so that values chosen by a client cannot make it slow. It has one writer; see Dict for readers.
type Interner struct {
	seed   maphash.Seed
	dict   model.Dict
	hashes []uint32 // per code: low bits of the value's hash, so that growing does not hash again
	slots  []uint32 // open addressing, a power of two long, at most 3/4 full; 0 is free, else code+1
}

// NewInterner makes an empty one.
func NewInterner() *Interner {
	return &Interner{seed: maphash.MakeSeed(), slots: make([]uint32, 16)}
}

// Len is the number of values.
func (in *Interner) Len() int { return in.dict.Len() }

// Dict is the values so far, in the order of their codes. The copy stays as it is while more values are added, so it may be
// read by others once handed over properly.
func (in *Interner) Dict() *model.Dict {
	d := in.dict
	return &d
}

// At is the value of a code, valid as long as the Interner.
func (in *Interner) At(code uint32) []byte { return in.dict.At(code) }

// Bytes is how much memory the Interner holds.
func (in *Interner) Bytes() int64 {
	return int64(cap(in.dict.Data)) + 4*int64(cap(in.dict.Offsets)+cap(in.hashes)+cap(in.slots))
}

// Code is the code of v, which is copied if new.
func (in *Interner) Code(v []byte) uint32 {
	h := uint32(maphash.Bytes(in.seed, v))
	mask := uint32(len(in.slots) - 1)
	i := h & mask
	for {
		s := in.slots[i]
		if s == 0 {
			break
		}
		if in.hashes[s-1] == h && string(in.dict.At(s-1)) == string(v) {
			return s - 1
		}
		i = (i + 1) & mask
	}
	if uint64(len(in.dict.Data))+uint64(len(v)) > math.MaxUint32 {
		return NoCode
	}
	c := in.dict.Append(v)
	in.hashes = append(in.hashes, h)
	in.slots[i] = c + 1
	if len(in.hashes)*4 > len(in.slots)*3 {
		in.grow()
	}
	return c
}

// Find is the code of v, or NoCode if it was never seen.
func (in *Interner) Find(v []byte) uint32 {
	h := uint32(maphash.Bytes(in.seed, v))
	mask := uint32(len(in.slots) - 1)
	for i := h & mask; in.slots[i] != 0; i = (i + 1) & mask {
		if c := in.slots[i] - 1; in.hashes[c] == h && string(in.dict.At(c)) == string(v) {
			return c
		}
	}
	return NoCode
}

func (in *Interner) grow() {
	slots := make([]uint32, len(in.slots)*2)
	mask := uint32(len(slots) - 1)
	for c, h := range in.hashes {
		i := h & mask
		for slots[i] != 0 {
			i = (i + 1) & mask
		}
		slots[i] = uint32(c) + 1
	}
	in.slots = slots
}
