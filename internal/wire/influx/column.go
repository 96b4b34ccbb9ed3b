package influx

import (
	"bytes"
	"hash/maphash"

	"github.com/goptimedb/goptimedb/internal/model"
)

// kind is what a column holds, decided by the first value seen.
type kind uint8

const (
	kindTag kind = iota
	kindTime
	kindInt
	kindUint
	kindFloat
	kindString
	kindBool
)

func (k kind) typ() model.Type {
	return [...]model.Type{model.String, model.Timestamp(model.Nanosecond), model.Int64, model.Uint64, model.Float64, model.String,
		model.Bool}[k]
}

func (k kind) what() string {
	return [...]string{"a tag", "the time index", "an integer (BIGINT)", "an unsigned integer (BIGINT UNSIGNED)", "a float (DOUBLE)",
		"a string (STRING)", "a boolean (BOOLEAN)"}[k]
}

// column is one column being filled. It may be shorter than its table: rows left out are padded with NULL when the next value
// comes, or at the end.
type column struct {
	name string
	kind kind
	vec  model.Vector
	dict model.Dict // of tags

	// Tags: an open-addressing table from value to code. len(slots) is a power of two, at most half full.
	slots []slot
	seed  maphash.Seed
}

type slot struct {
	hash uint32
	code uint32 // plus one; 0: free
}

func (c *column) bytes() int64 {
	return c.vec.Bytes() + int64(cap(c.dict.Offsets)*4+cap(c.dict.Data)+cap(c.slots)*8)
}

func (c *column) padTo(n int) {
	for c.vec.Len < n {
		c.vec.AppendNull()
	}
}

// code gives the dictionary code of a tag value, adding it if new.
func (c *column) code(v []byte) uint32 {
	h := uint32(maphash.Bytes(c.seed, v))
	if len(c.slots) == 0 {
		c.slots = make([]slot, 64)
	}
	mask := uint32(len(c.slots) - 1)
	i := h & mask
	for {
		s := c.slots[i]
		if s.code == 0 {
			break
		}
		if s.hash == h && bytes.Equal(c.dict.At(s.code-1), v) {
			return s.code - 1
		}
		i = (i + 1) & mask
	}
	code := c.dict.Append(v)
	c.slots[i] = slot{h, code + 1}
	if 2*(int(code)+1) >= len(c.slots) {
		c.grow()
	}
	return code
}

func (c *column) grow() {
	old := c.slots
	c.slots = make([]slot, 2*len(old))
	mask := uint32(len(c.slots) - 1)
	for _, s := range old {
		if s.code == 0 {
			continue
		}
		i := s.hash & mask
		for c.slots[i].code != 0 {
			i = (i + 1) & mask
		}
		c.slots[i] = s
	}
}

// dropLast takes back the newest value.
func (c *column) dropLast() {
	v := &c.vec
	v.Len--
	switch c.kind {
	case kindTag:
		v.Codes = v.Codes[:v.Len]
	case kindInt, kindUint, kindTime:
		v.Ints = v.Ints[:v.Len]
	case kindFloat:
		v.Floats = v.Floats[:v.Len]
	case kindBool:
		v.Bools = v.Bools[:v.Len]
	case kindString:
		v.Offsets = v.Offsets[:v.Len+1]
		v.Data = v.Data[:v.Offsets[v.Len]]
	}
}

func (c *column) clash(got kind) *fault {
	return bad(c.name, "two types in one request: %s here, %s before", got.what(), c.kind.what())
}
