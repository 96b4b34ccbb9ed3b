package series

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
)

// SortDict gives the values of d in byte order without the repeated ones, and for each code of d its code in the sorted dictionary
// plus one: to[0] = 0 stands for NULL and to[k] is for code k-1, the form of Table.Codes. A dictionary that is in order comes back
// itself.
func SortDict(d *model.Dict) (sorted *model.Dict, to []uint32) {
	n := d.Len()
	to = make([]uint32, n+1)
	if strictlySorted(d) {
		for i := range to {
			to[i] = uint32(i)
		}
		if d == nil {
			d = &model.Dict{}
		}
		return d, to
	}
	order := dictOrder(d)
	sorted = &model.Dict{Offsets: make([]uint32, 1, n+1), Data: make([]byte, 0, len(d.Data))}
	for i, c := range order {
		v := d.At(c)
		if i == 0 || !bytes.Equal(v, sorted.At(uint32(sorted.Len()-1))) {
			sorted.Append(v)
		}
		to[c+1] = uint32(sorted.Len())
	}
	return sorted, to
}

func strictlySorted(d *model.Dict) bool {
	for i := 1; i < d.Len(); i++ {
		if bytes.Compare(d.At(uint32(i-1)), d.At(uint32(i))) >= 0 {
			return false
		}
	}
	return true
}

// dictOrder lists the codes of d by value. Values mostly share a prefix ("host_"), so the eight bytes after the common one are
// sorted as an integer, and only what is equal there is compared in full.
func dictOrder(d *model.Dict) []uint32 {
	n := d.Len()
	first := d.At(0)
	common := len(first)
	for i := 1; i < n && common > 0; i++ {
		v := d.At(uint32(i))
		if len(v) < common {
			common = len(v)
		}
		for common > 0 && string(v[:common]) != string(first[:common]) {
			common--
		}
	}
	keys, order := make([]uint64, n), make([]uint32, n)
	for i := range order {
		order[i] = uint32(i)
		v := d.At(uint32(i))[common:]
		if len(v) >= 8 {
			keys[i] = binary.BigEndian.Uint64(v)
			continue
		}
		var pad [8]byte
		copy(pad[:], v)
		keys[i] = binary.BigEndian.Uint64(pad[:])
	}
	keys, order = radixSort(keys, order)
	forTies(keys, func(from, to int) {
		slices.SortFunc(order[from:to], func(a, b uint32) int { return bytes.Compare(d.At(a), d.At(b)) })
	})
	return order
}

// forTies calls fn for each range of two or more equal keys.
func forTies(keys []uint64, fn func(from, to int)) {
	for i := 1; i < len(keys); {
		if keys[i] != keys[i-1] {
			i++
			continue
		}
		from := i - 1
		for i < len(keys) && keys[i] == keys[from] {
			i++
		}
		fn(from, i)
	}
}

// radixSort sorts keys, and order with them, keeping the order of equal keys. The slices given are used as room; the results may be
// other ones.
func radixSort(keys []uint64, order []uint32) ([]uint64, []uint32) {
	n := len(keys)
	if n < 2 || slices.IsSorted(keys) {
		return keys, order
	}
	if n <= 64 {
		for i := 1; i < n; i++ {
			k, o := keys[i], order[i]
			j := i
			for ; j > 0 && keys[j-1] > k; j-- {
				keys[j], order[j] = keys[j-1], order[j-1]
			}
			keys[j], order[j] = k, o
		}
		return keys, order
	}
	var differ uint64 // bits that are not the same in all keys
	for _, k := range keys[1:] {
		differ |= k ^ keys[0]
	}
	k2, o2 := make([]uint64, n), make([]uint32, n)
	const width = 11
	for differ != 0 {
		shift := bits.TrailingZeros64(differ)
		differ &^= (1<<width - 1) << shift
		var at [1 << width]uint32
		for _, k := range keys {
			at[k>>shift&(1<<width-1)]++
		}
		sum := uint32(0)
		for i, c := range at {
			at[i] = sum
			sum += c
		}
		for i, k := range keys {
			p := &at[k>>shift&(1<<width-1)]
			k2[*p], o2[*p] = k, order[i]
			*p++
		}
		keys, k2, order, o2 = k2, keys, o2, order
	}
	return keys, order
}

// packing lays the codes of a tuple side by side in as few 64-bit words as they need, so that tuples compare as words do. A tag
// is never cut.
//
//	tags of 1000, 3, 2^40 values:  word 0 = host(10 bits)|region(2) 0…   word 1 = id(41 bits) 0…
type packing struct {
	words int
	word  []uint8 // per tag
	shift []uint8
	mask  []uint64
}

// newPacking is for tags with the given numbers of codes besides 0.
func newPacking(cards []int) packing {
	p := packing{words: 1, word: make([]uint8, len(cards)), shift: make([]uint8, len(cards)), mask: make([]uint64, len(cards))}
	free := 64
	for k, c := range cards {
		w := bits.Len(uint(c))
		if w > free {
			p.words++
			free = 64
		}
		free -= w
		p.word[k], p.shift[k], p.mask[k] = uint8(p.words-1), uint8(free), 1<<w-1
	}
	return p
}

func (p *packing) code(words [][]uint64, tag, i int) uint32 {
	return uint32(words[p.word[tag]][i] >> (p.shift[tag] & 63) & p.mask[tag])
}

// add puts the codes of a tag, each changed by to (nil: as they are), into the words; words are zero where not yet added.
func (p *packing) add(words [][]uint64, tag int, codes, to []uint32) {
	w, shift := words[p.word[tag]], p.shift[tag]&63
	if p.mask[tag] == 0 {
		return
	}
	w = w[:len(codes)]
	if to == nil {
		for i, c := range codes {
			w[i] |= uint64(c) << shift
		}
		return
	}
	for i, c := range codes {
		w[i] |= uint64(to[c]) << shift
	}
}

func (p *packing) make(n int) [][]uint64 {
	words := make([][]uint64, p.words)
	for i := range words {
		words[i] = make([]uint64, n)
	}
	return words
}

// sortTuples lists n tuples, given as codes per tag, in their order.
func sortTuples(codes [][]uint32, cards []int, n int) []uint32 {
	p := newPacking(cards)
	words := p.make(n)
	for k := range codes {
		p.add(words, k, codes[k][:n], nil)
	}
	order := make([]uint32, n)
	for i := range order {
		order[i] = uint32(i)
	}
	first, order := radixSort(words[0], order)
	if p.words > 1 {
		forTies(first, func(from, to int) {
			slices.SortStableFunc(order[from:to], func(a, b uint32) int {
				for _, w := range words[1:] {
					if w[a] != w[b] {
						if w[a] < w[b] {
							return -1
						}
						return 1
					}
				}
				return 0
			})
		})
	}
	return order
}
