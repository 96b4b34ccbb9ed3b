package local

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/goptimedb/goptimedb/internal/wal"
)

// index knows where the entries of each region stand. It lives in memory, is rebuilt by the scan at open, and is guarded by
// Log.mu. A segment stays as long as one region needs an entry of it (segment.live), and segments go oldest first.
type index struct {
	regions map[wal.RegionID]*regionIndex
}

// regionIndex is the part of one region. It exists while a segment holds entries of the region, needed or not: as long as
// obsolete entries are on disk the mark must be known too.
type regionIndex struct {
	obsolete uint64 // entries up to this id, inclusive, are not needed
	last     uint64 // newest id
	runs     []*run // one per segment, in log order
}

// run is the entries of one region in one segment.
type run struct {
	seg         *segment
	first, last uint64
	bytes       int64
	dead        bool // all entries obsolete; pos is gone
	pos         positions
}

// positions is a compact list of (entry id, offset, size): three varints an entry, four to five bytes in practice.
type positions struct {
	buf     []byte // grows only at its end, so a copy of the header is a snapshot
	lastID  uint64
	lastEnd int64
}

func (p *positions) add(id uint64, off int64, size int) {
	p.buf = binary.AppendUvarint(p.buf, id-p.lastID)
	p.buf = binary.AppendUvarint(p.buf, uint64(off-p.lastEnd)/recordAlign)
	p.buf = binary.AppendUvarint(p.buf, uint64(size)/recordAlign)
	p.lastID, p.lastEnd = id, off+int64(size)
}

// posIter walks positions.
type posIter struct {
	buf  []byte
	id   uint64
	off  int64
	size int
}

func (it *posIter) next() bool {
	if len(it.buf) == 0 {
		return false
	}
	d, n := binary.Uvarint(it.buf)
	gap, m := binary.Uvarint(it.buf[n:])
	size, k := binary.Uvarint(it.buf[n+m:])
	it.buf = it.buf[n+m+k:]
	it.id += d
	it.off += int64(it.size) + int64(gap)*recordAlign
	it.size = int(size) * recordAlign
	return true
}

func newIndex() index { return index{regions: map[wal.RegionID]*regionIndex{}} }

// floor is the id that the next entry of region must exceed.
func (x *index) floor(region wal.RegionID) uint64 {
	if r := x.regions[region]; r != nil {
		return max(r.last, r.obsolete)
	}
	return 0
}

// add records an entry written to seg.
func (x *index) add(seg *segment, region wal.RegionID, id uint64, off int64, size int) {
	r := x.regions[region]
	if r == nil {
		r = &regionIndex{}
		x.regions[region] = r
	}
	if n := len(r.runs); n == 0 || r.runs[n-1].seg != seg {
		r.runs = append(r.runs, &run{seg: seg, first: id, dead: true})
		seg.regions = append(seg.regions, region)
	}
	u := r.runs[len(r.runs)-1]
	if u.dead { // new, or all before in this segment is obsolete and forgotten
		u.dead, u.first, u.pos, u.bytes = false, id, positions{}, 0
		seg.live++
	}
	u.pos.add(id, off, size)
	u.last, u.bytes, r.last = id, u.bytes+int64(size), id
}

// obsolete marks entries and reports whether a mark moved, and whether a segment became free of needed entries.
func (x *index) obsolete(region wal.RegionID, upTo uint64) (moved, freed bool) {
	r := x.regions[region]
	if r == nil || upTo <= r.obsolete {
		return false, false
	}
	r.obsolete = upTo
	for _, u := range r.runs {
		if u.last > upTo {
			break
		}
		freed = u.kill() || freed
	}
	return true, freed
}

// kill forgets the entries of a run and reports whether its segment became free.
func (u *run) kill() bool {
	if u.dead {
		return false
	}
	u.dead, u.pos = true, positions{}
	u.seg.live--
	return u.seg.live == 0
}

// drop forgets a region.
func (x *index) drop(region wal.RegionID) (freed bool) {
	r := x.regions[region]
	if r == nil {
		return false
	}
	for _, u := range r.runs {
		freed = u.kill() || freed
	}
	delete(x.regions, region)
	return freed
}

// forget removes a segment that is about to go. It is the oldest one, so its runs are the first of their regions.
func (x *index) forget(seg *segment) {
	for _, id := range seg.regions {
		r := x.regions[id]
		if r == nil || len(r.runs) == 0 || r.runs[0].seg != seg {
			continue // dropped since
		}
		if r.runs = slices.Delete(r.runs, 0, 1); len(r.runs) == 0 {
			delete(x.regions, id)
		}
	}
}

// marks is what a snapshot has to hold: the marks of regions with entries on disk.
func (x *index) marks() map[wal.RegionID]uint64 {
	m := map[wal.RegionID]uint64{}
	for id, r := range x.regions {
		if r.obsolete > 0 {
			m[id] = r.obsolete
		}
	}
	return m
}

// oldest is the id of the region's oldest needed entry.
func (r *regionIndex) oldest() (uint64, bool) {
	for _, u := range r.runs {
		if u.dead {
			continue
		}
		if u.first > r.obsolete {
			return u.first, true
		}
		for it := (posIter{buf: u.pos.buf}); it.next(); {
			if it.id > r.obsolete {
				return it.id, true
			}
		}
	}
	return 0, false
}

// stats describes the regions that need entries, by id.
func (x *index) stats() []wal.RegionStats {
	var out []wal.RegionStats
	for _, id := range slices.Sorted(maps.Keys(x.regions)) {
		r := x.regions[id]
		oldest, ok := r.oldest()
		if !ok {
			continue
		}
		s := wal.RegionStats{Region: id, Oldest: oldest, Newest: r.last, Obsolete: r.obsolete}
		for _, u := range r.runs {
			if !u.dead {
				s.Bytes += u.bytes
			}
		}
		out = append(out, s)
	}
	return out
}

// laggards lists regions with needed entries in the given segments, those with the oldest such segment first, then the largest.
func (x *index) laggards(old map[*segment]int) []wal.Laggard {
	type ranked struct {
		wal.Laggard
		rank int
	}
	var found []ranked
	for id, r := range x.regions {
		l := ranked{rank: -1}
		for _, u := range r.runs {
			k, in := old[u.seg]
			if u.dead || !in {
				continue
			}
			if l.rank < 0 {
				l.rank = k
			}
			l.Bytes += u.bytes
		}
		if l.rank < 0 {
			continue
		}
		l.Region = id
		l.Oldest, _ = r.oldest()
		found = append(found, l)
	}
	slices.SortFunc(found, func(a, b ranked) int {
		switch {
		case a.rank != b.rank:
			return a.rank - b.rank
		case a.Bytes != b.Bytes:
			if a.Bytes > b.Bytes {
				return -1
			}
			return 1
		case a.Region < b.Region:
			return -1
		}
		return 1
	})
	out := make([]wal.Laggard, len(found))
	for i, f := range found {
		out[i] = f.Laggard
	}
	return out
}
