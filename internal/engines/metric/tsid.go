package metric

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// Label is a name and a value that is not NULL.
type Label struct{ Name, Value string }

// TSID names a label set by 64 bits, for joining and counting series: XXH64 with seed 0 over the labels sorted by name, each as the
// lengths of name and value (uvarints) and their bytes. NULL labels are left out, so a label that a table gains later changes nothing. It
// is computed when it is read and identifies nothing inside: two label sets of one TSID remain two series. labels are sorted in place.
func TSID(labels []Label) uint64 {
	slices.SortFunc(labels, func(a, b Label) int { return cmp.Compare(a.Name, b.Name) })
	var buf [256]byte
	b := buf[:0]
	for _, l := range labels {
		b = binary.AppendUvarint(b, uint64(len(l.Name)))
		b = append(b, l.Name...)
		b = binary.AppendUvarint(b, uint64(len(l.Value)))
		b = append(b, l.Value...)
	}
	return xxhash.Sum64(b)
}
