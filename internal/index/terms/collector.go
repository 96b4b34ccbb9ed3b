package terms

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/index/blob"
)

// DefaultMaxBytes is how much memory a Collector holds unless told otherwise.
const DefaultMaxBytes = 64 << 20

// maxBytes keeps offsets within 32 bits.
const maxBytes = 1 << 30

// Collector gathers terms and the units they are in. Units come in ascending order. It is used by one goroutine.
//
// All is in a few large slices without pointers. A term has a dense number, by which callers may remember it until Check says that terms
// were spilled. Its units, from the second on, are differences in chunks of growing size:
//
//	chunk: uvarints … │ offset of the next chunk, 4 (only of full chunks)
type Collector struct {
	fs  vfs.FS
	dir string
	max int64

	table []uint32 // number+1 of a term by hash, 0 for none; a power of two long
	infos []info
	arena []byte // terms
	posts []byte // chunks

	spill *spillFile // nil until the first spill
}

type info struct {
	hash  uint32
	term  uint32 // where it begins in arena; it ends where the next one begins
	first uint32 // unit
	last  uint32 // unit
	count uint32
	chunk uint32 // of the first chunk, offset+1; 0 for none
	at    uint32 // where the next difference goes
	end   uint32 // of the present chunk without its link
}

const infoBytes = 32

// NewCollector makes a collector that spills to dir above max bytes (0: DefaultMaxBytes), or without fsys gives up.
func NewCollector(fsys vfs.FS, dir string, max int64) *Collector {
	if max <= 0 {
		max = DefaultMaxBytes
	}
	return &Collector{fs: fsys, dir: dir, max: min(max, maxBytes), table: make([]uint32, 1024)}
}

// MemoryBytes is about how much memory the collector holds.
func (c *Collector) MemoryBytes() int64 {
	return int64(cap(c.table)*4 + cap(c.infos)*infoBytes + cap(c.arena) + cap(c.posts))
}

func (c *Collector) term(id uint32) []byte {
	end := uint32(len(c.arena))
	if int(id)+1 < len(c.infos) {
		end = c.infos[id+1].term
	}
	return c.arena[c.infos[id].term:end]
}

// Term gives the number of a term, which is copied. REQUIRES: len(term) ≤ MaxTerm, and Post before the next new term.
func (c *Collector) Term(term []byte) uint32 {
	h := uint32(xxh3.Hash(term))
	mask := uint32(len(c.table) - 1)
	i := h & mask
	for ; c.table[i] != 0; i = (i + 1) & mask {
		id := c.table[i] - 1
		if c.infos[id].hash == h && bytes.Equal(c.term(id), term) {
			return id
		}
	}
	id := uint32(len(c.infos))
	c.table[i] = id + 1
	c.infos = append(c.infos, info{hash: h, term: uint32(len(c.arena))})
	c.arena = append(c.arena, term...)
	if len(c.infos)*2 > len(c.table) {
		c.grow()
	}
	return id
}

func (c *Collector) grow() {
	c.table = make([]uint32, 2*len(c.table))
	mask := uint32(len(c.table) - 1)
	for id := range c.infos {
		i := c.infos[id].hash & mask
		for c.table[i] != 0 {
			i = (i + 1) & mask
		}
		c.table[i] = uint32(id) + 1
	}
}

const (
	firstChunk = 8    // with its link: most terms have few units
	lastChunk  = 1024 // chunks grow by doubling up to here
)

// Post says that a unit holds term id. The same unit again is no news.
func (c *Collector) Post(id, unit uint32) {
	x := &c.infos[id]
	if x.count == 0 {
		x.first, x.last, x.count = unit, unit, 1
		return
	}
	if x.last == unit {
		return
	}
	d := unit - x.last
	x.last = unit
	x.count++
	for {
		if x.at == x.end {
			c.chunk(x)
		}
		if d < 0x80 {
			c.posts[x.at] = byte(d)
			x.at++
			return
		}
		c.posts[x.at] = byte(d) | 0x80
		x.at++
		d >>= 7
	}
}

// chunk begins the next chunk of a term.
func (c *Collector) chunk(x *info) {
	at := uint32(len(c.posts))
	size := uint32(firstChunk)
	if x.chunk == 0 {
		x.chunk = at + 1
	} else {
		binary.LittleEndian.PutUint32(c.posts[x.end:], at)
		// The size doubles with what the term has: its count says about how much.
		for size < lastChunk && size < x.count {
			size *= 2
		}
	}
	c.posts = append(c.posts, make([]byte, size)...)
	x.at, x.end = at, at+size-4
}

// units appends the units of a term to dst.
func (c *Collector) units(dst []uint32, id uint32) []uint32 {
	x := &c.infos[id]
	if x.count == 0 {
		return dst
	}
	u := x.first
	dst = append(dst, u)
	if x.chunk == 0 {
		return dst
	}
	at, n := x.chunk-1, uint32(1)
	size := uint32(firstChunk)
	end := at + size - 4
	for n < x.count {
		var d uint32
		for shift := 0; ; shift += 7 {
			if at == end {
				at = binary.LittleEndian.Uint32(c.posts[end:])
				size = firstChunk
				// n+1: Post counts a unit before it makes room for it.
				for size < lastChunk && size < n+1 {
					size *= 2
				}
				end = at + size - 4
			}
			b := c.posts[at]
			at++
			d |= uint32(b&0x7f) << shift
			if b < 0x80 {
				break
			}
		}
		u += d
		dst = append(dst, u)
		n++
	}
	return dst
}

// sorted lists all terms in order.
func (c *Collector) sorted() []uint32 {
	type key struct {
		prefix uint64 // the first bytes, so that most comparisons need no more
		id     uint32
	}
	keys := make([]key, len(c.infos))
	for i := range keys {
		var p [8]byte
		copy(p[:], c.term(uint32(i)))
		keys[i] = key{binary.BigEndian.Uint64(p[:]), uint32(i)}
	}
	slices.SortFunc(keys, func(a, b key) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return bytes.Compare(c.term(a.id), c.term(b.id))
	})
	ids := make([]uint32, len(keys))
	for i, k := range keys {
		ids[i] = k.id
	}
	return ids
}

// Check is called every few thousand rows. It spills what is in memory where that is too much; then all numbers of terms are void. Without
// a place to spill to it fails with blob.ErrTooLarge.
func (c *Collector) Check() (spilled bool, err error) {
	// Sorting takes 20 bytes per term more.
	if c.MemoryBytes()+int64(len(c.infos))*20 <= c.max {
		return false, nil
	}
	if c.fs == nil {
		return false, blob.ErrTooLarge
	}
	if c.spill == nil {
		if c.spill, err = newSpill(c.fs, c.dir); err != nil {
			return false, err
		}
	}
	var units []uint32
	for _, id := range c.sorted() {
		units = c.units(units[:0], id)
		c.spill.add(c.term(id), units)
	}
	if err := c.spill.endRun(); err != nil {
		return false, err
	}
	clear(c.table)
	c.infos, c.arena, c.posts = c.infos[:0], c.arena[:0], c.posts[:0]
	return true, nil
}

// WriteTo adds all terms to w in order.
func (c *Collector) WriteTo(w *Writer) error {
	var units []uint32
	if c.spill == nil || len(c.spill.runs) == 0 {
		for _, id := range c.sorted() {
			units = c.units(units[:0], id)
			w.Add(c.term(id), units)
		}
		return w.err
	}
	return c.merge(w)
}

// merge is WriteTo where runs were spilled. The units of the runs follow one another; a unit may be in two neighbours.
func (c *Collector) merge(w *Writer) error {
	sources, err := c.spill.open()
	if err != nil {
		return err
	}
	sources = append(sources, &cursor{mem: c, ids: c.sorted()})
	live := sources[:0]
	for _, s := range sources {
		ok, err := s.next()
		if err != nil {
			return err
		}
		if ok {
			live = append(live, s)
		}
	}
	var units []uint32
	var term []byte
	for len(live) > 0 {
		least := live[0]
		for _, s := range live[1:] {
			if bytes.Compare(s.term, least.term) < 0 {
				least = s
			}
		}
		term = append(term[:0], least.term...)
		units = units[:0]
		keep := live[:0]
		for _, s := range live { // in order of time
			ok := true
			if bytes.Equal(s.term, term) {
				u := s.units
				if len(units) > 0 && len(u) > 0 && u[0] == units[len(units)-1] {
					u = u[1:]
				}
				units = append(units, u...)
				if ok, err = s.next(); err != nil {
					return err
				}
			}
			if ok {
				keep = append(keep, s)
			}
		}
		live = keep
		w.Add(term, units)
		if w.err != nil {
			return w.err
		}
	}
	return w.err
}

// Close releases memory and the spilled runs.
func (c *Collector) Close() error {
	c.table, c.infos, c.arena, c.posts = nil, nil, nil, nil
	s := c.spill
	c.spill = nil
	if s == nil {
		return nil
	}
	return s.close()
}
