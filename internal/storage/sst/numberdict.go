package sst

import "math/bits"

// numberDict codes numbers by the order of their first appearance. It is reused from chunk to chunk.
type numberDict struct {
	values []uint64
	codes  []int32
	slots  []int32 // open addressing, code + 1
}

func (d *numberDict) len() int { return len(d.values) }

// build codes all of vals and reports false, leaving the codes unusable, if they have more than limit distinct values.
func (d *numberDict) build(vals []uint64, limit int) bool {
	d.values, d.codes = d.values[:0], d.codes[:0]
	if len(d.slots) == 0 {
		d.slots = make([]int32, 1024)
	}
	clear(d.slots)
	shift := 64 - bits.Len(uint(len(d.slots)-1))
	last, lastCode := uint64(0), int32(-1)
	for _, v := range vals {
		if v == last && lastCode >= 0 {
			d.codes = append(d.codes, lastCode)
			continue
		}
		i := v * 0x9e3779b97f4a7c15 >> shift
		for {
			c := d.slots[i]
			if c == 0 {
				if len(d.values) >= limit {
					return false
				}
				d.values = append(d.values, v)
				c = int32(len(d.values))
				d.slots[i] = c
				if 2*len(d.values) > len(d.slots) {
					d.grow()
					shift = 64 - bits.Len(uint(len(d.slots)-1))
				}
			} else if d.values[c-1] != v {
				i = (i + 1) & uint64(len(d.slots)-1)
				continue
			}
			last, lastCode = v, c-1
			d.codes = append(d.codes, c-1)
			break
		}
	}
	return true
}

func (d *numberDict) grow() {
	d.slots = make([]int32, 4*len(d.slots))
	shift := 64 - bits.Len(uint(len(d.slots)-1))
	for c, v := range d.values {
		i := v * 0x9e3779b97f4a7c15 >> shift
		for d.slots[i] != 0 {
			i = (i + 1) & uint64(len(d.slots)-1)
		}
		d.slots[i] = int32(c + 1)
	}
}
