// Package bloom keeps a bloom filter for each segment of rows, laid out so that asking all segments for one value is one small read.
//
// A filter is a number of 256-bit blocks; a value sets, and needs, 8 bits of one of them. Filters of equally many blocks form a group,
// and lie in it by block, not by filter:
//
//	block 0 of filter 0, of filter 1, … │ CRC │ block 1 of filter 0, of filter 1, … │ CRC │ …
//
// A value looks at the same block of all filters of a group: those are neighbours. A million rows of different values are 98 filters of
// 10240 rows, 1.3 MB, of which a probe reads 3.1 KB.
package bloom

import (
	"encoding/binary"
	"math"
	"math/bits"
)

const (
	blockBytes = 32
	maxBlocks  = 1 << 20 // of a filter
)

// salts spread one hash over the eight words of a block. They are part of the format: those of Parquet's filters.
var salts = [8]uint32{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31}

// blockOf is the block of a filter of n that a hash belongs to.
func blockOf(hash uint64, n int) int { return int((hash >> 32) * uint64(n) >> 32) }

// mask is the eight bits of a hash within its block, as four words of 64.
func mask(hash uint64) (m [4]uint64) {
	x := uint32(hash)
	for i, s := range salts {
		m[i/2] |= 1 << (x*s>>27 + uint32(i%2)*32)
	}
	return m
}

func set(block []byte, m [4]uint64) {
	for i, w := range m {
		b := block[8*i : 8*i+8]
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)|w)
	}
}

func holds(block []byte, m *[4]uint64) bool {
	_ = block[31]
	return m[0]&^binary.LittleEndian.Uint64(block) == 0 && m[1]&^binary.LittleEndian.Uint64(block[8:]) == 0 &&
		m[2]&^binary.LittleEndian.Uint64(block[16:]) == 0 && m[3]&^binary.LittleEndian.Uint64(block[24:]) == 0
}

// falseRate is how often a filter holds a value that it was not given, with so many values per block on average: blocks have Poisson
// distributed many.
func falseRate(perBlock float64) float64 {
	// Of a block with k values: p is how often there is one, unset how often one bit of a word is not set. Each value sets a bit in all 8
	// words. Products step by step, for powers by math.Pow made this the dearest part of writing a small file.
	rate, p, unset := 0.0, math.Exp(-perBlock), 1.0
	for k := 0; k < 40+int(3*perBlock); k++ {
		set := 1 - unset
		set *= set
		set *= set
		rate += p * set * set
		p *= perBlock / float64(k+1)
		unset *= 31.0 / 32
	}
	return rate
}

// valuesPerBlock is how many values a block may have on average for a rate of false positives.
func valuesPerBlock(rate float64) float64 {
	lo, hi := 0.05, 200.0
	for range 50 {
		if mid := (lo + hi) / 2; falseRate(mid) <= rate {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// blocksFor is the size of a filter of n values, n > 0. Sizes keep 4 significant bits, so that segments with about as many values
// share a group.
func blocksFor(n int, perBlock float64) int {
	b := min(max(1, int(math.Ceil(float64(n)/perBlock))), maxBlocks)
	if drop := bits.Len(uint(b)) - 4; drop > 0 {
		b = (b + 1<<drop - 1) >> drop << drop
	}
	return b
}
