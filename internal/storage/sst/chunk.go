package sst

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/parquet-go/parquet-go/format"

	"github.com/goptimedb/goptimedb/internal/model"
)

// chunk is a decoded, or partly decoded, column chunk that all scans share.
//
// Its vector has the chunk's length from the beginning. A page's rows are written once, under mu, before its bit in done is set; who
// has seen the bit may read those rows and no others. Pages begin at multiples of 64 rows, so no two pages share a word of the
// validity bitmap. What pages share (dictionary, offsets at their borders) is written before the first bit is set.
type chunk struct {
	vec  *model.Vector
	done []atomic.Uint64 // bit per page

	mu     sync.Mutex
	dict   dictionary // guarded by mu
	loaded bool       // dict is there; guarded by mu
}

// dictionary is a decoded dictionary page of numbers; that of bytes is the vector's Dict.
type dictionary struct {
	ints   []int64
	floats []float64
}

func newChunk(c *column, k *chunkMeta, rows int) *chunk {
	v := &model.Vector{Type: c.typ, Len: rows}
	if k.total.nulls > 0 {
		v.Valid = model.NewBitmap(rows)
	}
	switch c.typ.Class() {
	case model.ClassBool:
		v.Bools = make([]bool, rows)
	case model.ClassInt:
		v.Ints = numbers[int64](k, rows)
	case model.ClassFloat:
		v.Floats = numbers[float64](k, rows)
	case model.ClassDecimal:
		v.Decimals = make([]model.Int128, rows)
	case model.ClassBytes:
		if k.enc == format.RLEDictionary {
			v.Codes = numbers[uint32](k, rows)
			v.Dict = &model.Dict{}
			break
		}
		last := k.pages[len(k.pages)-1]
		v.Offsets = make([]uint32, rows+1)
		v.Data = raw[byte](int(last.base + last.bytes))
		for _, p := range k.pages {
			v.Offsets[p.first] = p.base
		}
		v.Offsets[rows] = last.base + last.bytes
	}
	return &chunk{vec: v, done: make([]atomic.Uint64, (len(k.pages)+63)/64)}
}

// numbers is memory for a chunk's values. Rows that are NULL are not written, and loops look at their values before they look whether they
// are there: only a chunk without NULLs needs no clearing.
func numbers[T int64 | float64 | uint32](k *chunkMeta, rows int) []T {
	if k.total.nulls > 0 {
		return make([]T, rows)
	}
	return raw[T](rows)
}

func (c *chunk) has(page int) bool { return c.done[page>>6].Load()>>(page&63)&1 == 1 }

// mark is called under mu.
func (c *chunk) mark(page int) {
	w := &c.done[page>>6]
	w.Store(w.Load() | 1<<(page&63))
}

// hasAll reports whether pages [from, to) are decoded.
func (c *chunk) hasAll(from, to int) bool {
	for i := from; i < to; i++ {
		if !c.has(i) {
			return false
		}
	}
	return true
}

// readGap is how many unwanted bytes between two pages are read along: less than what a second request costs.
const readGap = 64 << 10

// column gives column ci of row group g in the file's own type, rows [from, to) decoded.
func (f *File) column(ctx context.Context, stats *Stats, g, ci, from, to int) (*model.Vector, error) {
	gm := &f.meta.groups[g]
	col, k := &f.meta.cols[ci], &gm.chunks[ci]
	key := chunkKey{file: f.name, group: g, column: col.id, typ: col.typ}
	c, ok := f.r.chunks.Get(key)
	if !ok {
		c = f.r.chunks.Add(key, newChunk(col, k, gm.rows), chunkSize(col, k, gm.rows))
	}
	if from >= to {
		return c.vec, nil
	}
	first, last := k.pageOf(from), k.pageOf(to-1)
	if c.hasAll(first, last+1) {
		if stats != nil {
			stats.Hits.Add(1)
		}
		return c.vec, nil
	}
	if stats != nil {
		stats.Misses.Add(1)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := f.r.scratch.Get().(*scratch)
	defer f.r.scratch.Put(s)
	d := decoder{f: f, col: col, k: k, rows: gm.rows, out: c, s: s}
	return c.vec, d.fill(ctx, stats, first, last)
}

// fill decodes pages [first, last] that are not decoded yet, reading together what lies together.
func (d *decoder) fill(ctx context.Context, stats *Stats, first, last int) error {
	for i := first; i <= last; i++ {
		if d.out.has(i) {
			continue
		}
		end := i + 1 // one read for pages [i, end)
		for j := end; j <= last; j++ {
			if d.out.has(j) {
				continue
			}
			if gap := d.k.pages[j].offset - d.k.pages[end-1].offset - int64(d.k.pages[end-1].size); gap > readGap {
				break
			}
			end = j + 1
		}
		if err := d.pages(ctx, stats, i, end); err != nil {
			return err
		}
		i = end - 1
	}
	return nil
}

// chunkSize is about how much memory a decoded chunk takes.
func chunkSize(c *column, k *chunkMeta, rows int) int64 {
	size := int64(256)
	if k.total.nulls > 0 {
		size += int64(rows) / 8
	}
	if k.enc == format.RLEDictionary {
		size += k.uncompressed
	}
	switch c.typ.Class() {
	case model.ClassBool:
		return size + int64(rows)
	case model.ClassInt, model.ClassFloat:
		return size + 8*int64(rows)
	case model.ClassDecimal:
		return size + 16*int64(rows)
	}
	if k.enc == format.RLEDictionary {
		return size + 4*int64(rows)
	}
	last := k.pages[len(k.pages)-1]
	return size + 4*int64(rows+1) + int64(last.base+last.bytes)
}
