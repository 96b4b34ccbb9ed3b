package sst

import (
	"encoding/binary"
	"math/bits"
	"sort"
)

// appendRuns appends codes [from, to) in the RLE form of dictionary pages: the bit width, then per run its length and code. Where equal
// codes follow each other, as tags of sorted rows do, that is shorter than what looks at eight values at a time, and takes no time a row.
func appendRuns(dst []byte, runs []codeRun, from, to int) []byte {
	first := runAt(runs, from)
	width := 1
	for i := first; i < len(runs); i++ {
		width = max(width, bits.Len32(uint32(runs[i].code)))
		if runs[i].end >= to {
			break
		}
	}
	dst = append(dst, byte(width))
	at := from
	for i := first; at < to; i++ {
		end := min(runs[i].end, to)
		dst = binary.AppendUvarint(dst, uint64(end-at)<<1)
		code := uint32(runs[i].code)
		for n := 0; n < width; n += 8 {
			dst = append(dst, byte(code>>n))
		}
		at = end
	}
	return dst
}

// runAt is the first run that ends after value at.
func runAt(runs []codeRun, at int) int {
	return sort.Search(len(runs), func(i int) bool { return runs[i].end > at })
}
