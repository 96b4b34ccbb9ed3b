package bloom

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/index/blob"
	"github.com/goptimedb/goptimedb/internal/model"
)

const (
	maxSegments = 1 << 26
	// wholeBytes is up to which size a group is read whole where many hashes are asked for.
	wholeBytes = 8 << 20
)

// Reader asks filters. It is immutable and safe for concurrent use.
type Reader struct {
	src     blob.Source
	groups  []groupRef
	filters int
	of      []uint32     // filter+1 of each segment, 0 for none
	nulls   model.Bitmap // segments with NULLs
}

// groupRef is at most maxFilters filters of one size.
type groupRef struct {
	off    int64
	blocks int
	first  int // number of its first filter
	n      int
}

func (g groupRef) slice() int64 { return int64(g.n)*blockBytes + 4 }

// Open reads the footer. meta is what Finish was given.
func Open(ctx context.Context, src blob.Source, kind byte) (*Reader, *blob.Decoder, error) {
	d, at, err := blob.ReadFooter(ctx, src, kind)
	if err != nil {
		return nil, nil, err
	}
	meta := blob.NewDecoder(d.Bytes(d.Uvarint()), at)
	r := &Reader{src: src}
	off := int64(blob.HeadSize)
	for range d.Upto(uint64(d.Len()/2), "number of sizes") {
		blocks := int(d.Upto(maxBlocks*2, "blocks of a filter"))
		n := int(d.Upto(maxSegments, "number of filters"))
		if d.Err() == nil && (blocks == 0 || n == 0) {
			d.Fail("%d filters of %d blocks", n, blocks)
		}
		for from := 0; from < n && d.Err() == nil; from += maxFilters {
			g := groupRef{off, blocks, r.filters, min(maxFilters, n-from)}
			r.groups = append(r.groups, g)
			r.filters += g.n
			if off += int64(blocks) * g.slice(); off > at {
				d.Fail("filters end at %d", off)
			}
		}
	}
	n := int(d.Upto(maxSegments, "number of segments"))
	if n > d.Len()*8 { // a bit for each is to come
		d.Fail("%d segments", n)
		n = 0
	}
	r.of = make([]uint32, 0, n)
	for len(r.of) < n && d.Err() == nil {
		count := d.Upto(uint64(n-len(r.of)), "run of segments")
		ref := d.Uvarint()
		first, step := ref>>1, ref&1
		if count == 0 || first > uint64(r.filters) || first+step*(count-1) > uint64(r.filters) {
			d.Fail("%d segments have filters from %d of %d", count, first, r.filters)
			break
		}
		for i := range count {
			r.of = append(r.of, uint32(first+step*i))
		}
	}
	r.nulls = model.NewBitmap(n)
	for i, c := range d.Bytes(uint64((n + 7) / 8)) {
		r.nulls[i/8] |= uint64(c) << (i % 8 * 8)
	}
	if n%64 != 0 && d.Err() == nil {
		r.nulls[n/64] &= 1<<(n%64) - 1
	}
	return r, meta, d.End()
}

// Segments is how many segments there are.
func (r *Reader) Segments() int { return len(r.of) }

// MemoryBytes is about how much memory the reader holds.
func (r *Reader) MemoryBytes() int64 {
	return int64(len(r.groups)*32+cap(r.of)*4+len(r.nulls)*8) + 128
}

// Nulls sets the segments with NULLs.
func (r *Reader) Nulls(dst model.Bitmap) { copy(dst, r.nulls) }

// Values sets the segments with values that are not NULL.
func (r *Reader) Values(dst model.Bitmap) {
	for i, f := range r.of {
		if f != 0 {
			dst.Set(i)
		}
	}
}

// Probe is one search: it remembers what it read. It is used by one goroutine.
type Probe struct {
	r     *Reader
	whole map[int][]byte // by group
	parts map[[2]int][]byte
	many  int
	hits  model.Bitmap
}

// Probe begins a search for about n hashes.
func (r *Reader) Probe(n int) *Probe {
	return &Probe{r: r, many: n, parts: map[[2]int][]byte{}, whole: map[int][]byte{}, hits: model.NewBitmap(r.filters + 1)}
}

// May sets the segments that may hold the hash.
func (p *Probe) May(ctx context.Context, hash uint64, dst model.Bitmap) error {
	if hash == 0 {
		hash = 1
	}
	clear(p.hits)
	m := mask(hash)
	found := false
	for i, g := range p.r.groups {
		b, err := p.part(ctx, i, blockOf(hash, g.blocks))
		if err != nil {
			return err
		}
		for f := range g.n {
			if holds(b[f*blockBytes:f*blockBytes+blockBytes], &m) {
				p.hits.Set(g.first + f + 1)
				found = true
			}
		}
	}
	if !found {
		return nil
	}
	for i, f := range p.r.of {
		if f != 0 && p.hits.Get(int(f)) {
			dst.Set(i)
		}
	}
	return nil
}

// part is one block of all filters of a group.
func (p *Probe) part(ctx context.Context, i, block int) ([]byte, error) {
	g := p.r.groups[i]
	size := g.slice()
	if all := int64(g.blocks) * size; p.many > 8 && int64(p.many)*(size+4096) > all && all <= wholeBytes {
		if p.whole[i] == nil {
			b, err := blob.Read(ctx, p.r.src, g.off, all)
			if err != nil {
				return nil, err
			}
			p.whole[i] = b
		}
		b := p.whole[i][int64(block)*size:][:size]
		return blob.CheckSum(b, g.off+int64(block)*size)
	}
	key := [2]int{i, block}
	b, ok := p.parts[key]
	if !ok {
		var err error
		if b, err = blob.ReadSum(ctx, p.r.src, g.off+int64(block)*size, size-4); err != nil {
			return nil, err
		}
		p.parts[key] = b
	}
	return b, nil
}
