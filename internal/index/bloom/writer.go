package bloom

import (
	"bytes"
	"encoding/binary"
	"io"
	"maps"
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/index/blob"
	"github.com/goptimedb/goptimedb/internal/model"
)

// maxFilters bounds a group, and so what one probe reads at once: 32 KB.
const maxFilters = 1024

// Writer makes the filters of a file: Add the hashes of a segment, EndSegment, and so on, then Finish. It is used by one goroutine.
type Writer struct {
	perBlock float64
	seen     []uint64 // hashes of the segment, open addressing; 0 is free
	list     []uint64 // the same in order
	groups   map[int]*group
	segments []segment
	nulls    model.Bitmap // segments with NULLs
	null     bool
	bytes    int64
}

type group struct {
	blocks  int
	n       int
	filters []byte // n × blocks × blockBytes
}

// segment says where a segment's filter is; blocks 0 means that it holds nothing.
type segment struct{ blocks, filter uint32 }

// NewWriter makes filters of a rate of false positives, 0 < rate ≤ 1.
func NewWriter(rate float64) *Writer {
	return &Writer{perBlock: valuesPerBlock(rate), groups: map[int]*group{}}
}

// Add adds a hash to the segment.
func (w *Writer) Add(hash uint64) {
	if hash == 0 {
		hash = 1 // 0 is a free place; readers do the same
	}
	if 2*len(w.list) >= len(w.seen) {
		w.seen = make([]uint64, max(1024, 2*len(w.seen)))
		for _, h := range w.list {
			w.place(h)
		}
	}
	if w.place(hash) {
		w.list = append(w.list, hash)
	}
}

func (w *Writer) place(hash uint64) bool {
	m := uint64(len(w.seen) - 1)
	for i := hash & m; ; i = (i + 1) & m {
		switch w.seen[i] {
		case 0:
			w.seen[i] = hash
			return true
		case hash:
			return false
		}
	}
}

// Null says that the segment has a NULL.
func (w *Writer) Null() { w.null = true }

// EndSegment makes the segment's filter; one equal to that of the segment before is kept once.
func (w *Writer) EndSegment() {
	i := len(w.segments)
	w.nulls = w.nulls.Grow(i + 1)
	if w.null {
		w.nulls.Set(i)
	}
	w.null = false
	if len(w.list) == 0 {
		w.segments = append(w.segments, segment{})
		return
	}
	blocks := blocksFor(len(w.list), w.perBlock)
	g := w.groups[blocks]
	if g == nil {
		g = &group{blocks: blocks}
		w.groups[blocks] = g
	}
	size := blocks * blockBytes
	at := len(g.filters)
	g.filters = append(g.filters, make([]byte, size)...)
	filter := g.filters[at:]
	for _, h := range w.list {
		set(filter[blockOf(h, blocks)*blockBytes:], mask(h))
	}
	if 8*len(w.list) < len(w.seen)/8 {
		w.seen = make([]uint64, 1024) // an earlier segment was much larger
	} else {
		clear(w.seen)
	}
	w.list = w.list[:0]
	if at >= size && i > 0 && w.segments[i-1] == (segment{uint32(blocks), uint32(g.n - 1)}) && bytes.Equal(g.filters[at-size:at], filter) {
		g.filters = g.filters[:at]
	} else {
		g.n++
		w.bytes += int64(size)
	}
	w.segments = append(w.segments, segment{uint32(blocks), uint32(g.n - 1)})
}

// MemoryBytes is about how much memory the writer holds.
func (w *Writer) MemoryBytes() int64 {
	return w.bytes*5/4 + int64(cap(w.seen)+cap(w.list)+cap(w.segments))*8
}

// Finish writes the blob. What meta holds is the caller's business.
func (w *Writer) Finish(out io.Writer, kind byte, meta []byte) error {
	off := int64(0)
	var err error
	write := func(b []byte) {
		if err == nil {
			var n int
			n, err = out.Write(b)
			off += int64(n)
		}
	}
	write(blob.AppendHead(nil, kind))
	foot := binary.AppendUvarint(nil, uint64(len(meta)))
	foot = append(foot, meta...)
	sizes := slices.Sorted(maps.Keys(w.groups))
	foot = binary.AppendUvarint(foot, uint64(len(sizes)))
	base := map[uint32]uint32{} // number of the first filter of a size, among all filters in order of the blob
	total := uint32(0)
	var slice []byte
	for _, blocks := range sizes {
		g := w.groups[blocks]
		base[uint32(blocks)] = total
		total += uint32(g.n)
		foot = binary.AppendUvarint(foot, uint64(blocks))
		foot = binary.AppendUvarint(foot, uint64(g.n))
		for from := 0; from < g.n; from += maxFilters {
			to := min(g.n, from+maxFilters)
			for b := range blocks {
				slice = slice[:0]
				for f := from; f < to; f++ {
					at := (f*blocks + b) * blockBytes
					slice = append(slice, g.filters[at:at+blockBytes]...)
				}
				slice = blob.AppendSum(slice, 0)
				write(slice)
			}
		}
	}
	foot = appendSegments(foot, w.segments, base)
	foot = appendNulls(foot, w.nulls, len(w.segments))
	write(blob.AppendTail(nil, kind, foot))
	return errs.Wrap(errs.StorageUnavailable, err, "write index")
}

// appendSegments writes runs of segments: how many, and 0 for no filter, or the number of the filter of the first, plus 1, doubled, plus 1
// where the following have the following filters, or 0 where they share it.
func appendSegments(dst []byte, segs []segment, base map[uint32]uint32) []byte {
	number := func(s segment) uint64 {
		if s.blocks == 0 {
			return 0
		}
		return uint64(base[s.blocks]+s.filter) + 1
	}
	dst = binary.AppendUvarint(dst, uint64(len(segs)))
	for i := 0; i < len(segs); {
		first := number(segs[i])
		n, step := 1, uint64(0)
		if i+1 < len(segs) && first != 0 && number(segs[i+1]) == first+1 {
			step = 1
		}
		for i+n < len(segs) && number(segs[i+n]) == first+step*uint64(n) {
			n++
		}
		dst = binary.AppendUvarint(dst, uint64(n))
		dst = binary.AppendUvarint(dst, first*2+step)
		i += n
	}
	return dst
}

func appendNulls(dst []byte, nulls model.Bitmap, n int) []byte {
	for i := 0; i < n; i += 8 {
		dst = append(dst, byte(nulls[i/64]>>(i%64)))
	}
	return dst
}
