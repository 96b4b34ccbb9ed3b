package sst

import (
	"context"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/parquet-go/parquet-go/format"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// lent is a column chunk, or the pages of it that hold some rows, decoded for one task of a scan: the cache would not keep it. Its memory is
// used again by the next one. Fresh memory would cost more than decoding does, because the system clears it page by page as it is touched,
// and the garbage collector comes the sooner for it.
type lent struct {
	v     *view
	g, ci int
	base  int // row of the chunk that is the vector's first
	c     chunk
	vec   model.Vector
	seen  []uint64 // bit per page: was decoded in part
	class int      // of memory

	ints   []int64
	floats []float64
	codes  []uint32
}

// Memory is kept in classes of powers of two, in rows: from a page's to those of a chunk.
const (
	leastLent   = 13
	lentClasses = 5
)

// lentMemory is what was given back. Each has its own memory for one kind of values or more.
type lentMemory [lentClasses]sync.Pool // *lent

// classOf is the class of memory for so many rows; ok is false for more than the largest.
func classOf(rows int) (class int, ok bool) {
	class = max(0, bits.Len(uint(rows-1))-leastLent)
	return class, class < lentClasses
}

// Lend implements source.Lender.
func (v *view) Lend(id model.ColumnID, chunk, from, to, at int) source.Lent {
	ci, ok := v.meta.byID[id]
	if !ok || from >= to {
		return nil
	}
	typ, _, err := v.typeOf(id)
	if col := &v.meta.cols[ci]; err != nil || typ != col.typ {
		return nil
	}
	k := &v.meta.groups[chunk].chunks[ci]
	rows := v.meta.groups[chunk].rows
	switch typ.Class() {
	case model.ClassInt, model.ClassFloat:
	case model.ClassBytes:
		if k.enc != format.RLEDictionary {
			return nil
		}
	default:
		return nil
	}
	first, last := k.pageOf(from), k.pageOf(to-1)
	base, _ := k.rowsOf(first, rows)
	_, end := k.rowsOf(last, rows)
	class, ok := classOf(end - base)
	if !ok || v.keeps(k, chunkKey{file: v.name, group: chunk, column: id, typ: typ}, first, last, at) {
		return nil
	}
	l, _ := v.r.lent[class].Get().(*lent)
	if l == nil {
		l = &lent{class: class}
	}
	l.v, l.g, l.ci, l.base = v, chunk, ci, base
	l.prepare(typ, k, end-base)
	return l
}

// partRows is about how many rows are a part of a chunk, of which the cache counts the uses: as many as a query of one series may ask for.
const partRows = 1024

// keeps reports whether pages [first, last] of a chunk, asked for from row at on, shall be asked of the cache. It counts uses of each part
// of a chunk on its own, the chunk as a whole being one: a chunk has the rows of many series, and even a page has those of several; who asks
// for one of them is not about to ask for the others.
func (v *view) keeps(k *chunkMeta, key chunkKey, first, last, at int) bool {
	c, ok := v.r.chunks.Peek(key)
	if ok && c.hasAll(first, last+1) {
		return true
	}
	size := chunkSize(&v.meta.cols[v.meta.byID[key.column]], k, v.meta.groups[key.group].rows)
	if 2*(last+1-first) > len(k.pages) {
		return ok || v.r.chunks.Admit(key, size)
	}
	if ok { // its memory is there
		size = 0
	}
	key.part = 1 + at/partRows
	return v.r.chunks.Admit(key, size)
}

// prepare makes the vector of n rows, none of them decoded.
func (l *lent) prepare(typ model.Type, k *chunkMeta, n int) {
	l.vec = model.Vector{Type: typ, Len: n}
	if k.total.nulls > 0 {
		l.vec.Valid = model.NewBitmap(n)
	}
	switch typ.Class() {
	case model.ClassInt:
		l.vec.Ints = lentValues(&l.ints, l.class, k, n)
	case model.ClassFloat:
		l.vec.Floats = lentValues(&l.floats, l.class, k, n)
	case model.ClassBytes:
		l.vec.Codes, l.vec.Dict = lentValues(&l.codes, l.class, k, n), &model.Dict{}
	}
	words := (len(k.pages) + 63) / 64
	if cap(l.seen) < words {
		l.seen, l.c.done = make([]uint64, words), make([]atomic.Uint64, words)
	}
	l.seen, l.c.done = l.seen[:words], l.c.done[:words]
	clear(l.seen)
	for i := range l.c.done {
		l.c.done[i].Store(0)
	}
	l.c.vec, l.c.loaded = &l.vec, false
	l.c.dict.ints, l.c.dict.floats = l.c.dict.ints[:0], l.c.dict.floats[:0]
}

// lentValues is n values, cleared where not all of them will be written.
func lentValues[T int64 | float64 | uint32](have *[]T, class int, k *chunkMeta, n int) []T {
	if *have == nil {
		*have = make([]T, 1<<(leastLent+class))
	}
	out := (*have)[:n:n]
	if k.total.nulls > 0 {
		clear(out)
	}
	return out
}

// Rows implements source.Lent.
func (l *lent) Rows(ctx context.Context, from, to int) (*model.Vector, int, error) {
	f := l.v.File
	gm := &f.meta.groups[l.g]
	k := &gm.chunks[l.ci]
	first, last := k.pageOf(from), k.pageOf(to-1)
	if l.c.hasAll(first, last+1) {
		return &l.vec, l.base, nil
	}
	if st := l.v.stats; st != nil {
		st.Misses.Add(1)
	}
	s := f.r.scratch.Get().(*scratch)
	defer f.r.scratch.Put(s)
	d := decoder{f: f, col: &f.meta.cols[l.ci], k: k, rows: gm.rows, out: &l.c, base: l.base, s: s, lo: from, hi: to}
	for i := first; i <= last; i++ {
		if w, b := &l.seen[i>>6], uint64(1)<<(i&63); *w&b != 0 {
			d.lo, d.hi = 0, 0 // who comes back to a page wants more of it
		} else {
			*w |= b
		}
	}
	return &l.vec, l.base, d.fill(ctx, l.v.stats, first, last)
}

// Return implements source.Lent.
func (l *lent) Return() {
	r := l.v.r
	l.v = nil
	l.vec = model.Vector{}
	r.lent[l.class].Put(l)
}
