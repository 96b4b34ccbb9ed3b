package scan

import (
	"cmp"
	"context"
	"slices"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
)

// merger merges the pieces of one series by time and, among equal times, newest first.
//
//	piece A  1 2 3       7       runs of one piece up to the next head of another go on as slices;
//	piece B      3 4 5 6         only at 3 are there two versions, and only for them is it asked which is newer
type merger struct {
	heads  []head
	active []head
	vers   []version
	keys   []seqVersion
	runs   []kernel.Run
	ranked bool // heads' sources cover disjoint sequences, so that heads of a tie are ordered by rank alone
}

// head is a piece and what is left of it.
type head struct {
	piece
	at    int32   // next row
	times []int64 // of rows at, at+1, …
	rank  int     // position among the pieces, newest sequences first
}

func (h *head) advance(n int) { h.at += int32(n); h.times = h.times[n:] }

type seqVersion struct {
	version
	seq uint64
}

// resolve merges the pieces (of one group in time) of series g.
func (m *merger) resolve(ctx context.Context, w *worker, pieces []piece, g uint32) error {
	m.heads = m.heads[:0]
	apart := true // in time order, without any time in common
	for i, pc := range pieces {
		r := w.readers[pc.rd]
		ts, err := r.timesOf(ctx, int(pc.need), int(pc.from), int(pc.to))
		if err != nil {
			return err
		}
		if apart = apart && !r.in.compare; apart && i > 0 {
			before := m.heads[i-1].times
			apart = before[len(before)-1] < ts[0]
		}
		m.heads = append(m.heads, head{piece: pc, at: pc.from, times: ts})
	}
	if apart { // Fast path: sources that follow one another in time, as flushes do.
		for _, pc := range pieces {
			if err := w.plain(ctx, pc, g); err != nil {
				return err
			}
		}
		return nil
	}
	slices.SortStableFunc(m.heads, func(a, b head) int { return cmp.Compare(a.times[0], b.times[0]) })
	all := m.heads
	for i := 0; i < len(all); {
		last := all[i].times[len(all[i].times)-1]
		j := i + 1
		for j < len(all) && all[j].times[0] <= last {
			last = max(last, all[j].times[len(all[j].times)-1])
			j++
		}
		part := all[i:j]
		i = j
		if len(part) == 1 && (!w.readers[part[0].rd].in.compare || kernel.AdjacentEqual(part[0].times) < 0) {
			if err := w.plain(ctx, part[0].piece, g); err != nil { // Fast path: no other piece has rows at these times.
				return err
			}
			continue
		}
		if err := m.mergeHeads(ctx, w, part, g); err != nil {
			return err
		}
	}
	return nil
}

// rank orders the heads newest first as far as their sources' sequences tell, and finds out whether that is all there is to know.
func (m *merger) rank(w *worker, heads []head) {
	slices.SortStableFunc(heads, func(a, b head) int {
		x, y := w.readers[a.rd].in, w.readers[b.rd].in
		if x == y {
			return cmp.Compare(a.from, b.from) // a source's own rows are in order
		}
		return cmp.Or(cmp.Compare(y.maxSeq, x.maxSeq), cmp.Compare(y.minSeq, x.minSeq), cmp.Compare(a.rd, b.rd))
	})
	m.ranked = true
	for i := range heads {
		heads[i].rank = i
		if i > 0 {
			x, y := w.readers[heads[i-1].rd].in, w.readers[heads[i].rd].in
			m.ranked = m.ranked && (x == y || x.minSeq > y.maxSeq)
		}
	}
}

// mergeHeads merges heads that do overlap.
func (m *merger) mergeHeads(ctx context.Context, w *worker, heads []head, g uint32) error {
	m.rank(w, heads)
	if len(heads) == 2 && m.ranked && w.p.mode == contract.MergeLastRow {
		if a, b := heads[0], heads[1]; a.rd != b.rd && !w.readers[a.rd].in.compare && !w.readers[b.rd].in.compare {
			return m.mergeTwo(ctx, w, a, b, g)
		}
	}
	// Of a chain of many sources each of which overlaps the next, few have rows at one time: a head joins when its first time comes.
	slices.SortStableFunc(heads, func(a, b head) int { return cmp.Compare(a.times[0], b.times[0]) })
	waiting, active := heads, m.active[:0]
	defer func() { m.active = active[:0] }()
	for len(active)+len(waiting) > 0 {
		// The head with the least time, and the least time of the others.
		lo, next, alone := 0, int64(0), true
		for i := 1; i < len(active); i++ {
			t := active[i].times[0]
			switch {
			case t < active[lo].times[0]:
				next, lo, alone = active[lo].times[0], i, false
			case alone || t < next:
				next, alone = t, false
			}
		}
		if len(waiting) > 0 {
			t := waiting[0].times[0]
			if len(active) == 0 || t <= active[lo].times[0] {
				i, _ := slices.BinarySearchFunc(active, waiting[0].rank, func(h head, rank int) int { return cmp.Compare(h.rank, rank) })
				active, waiting = slices.Insert(active, i, waiting[0]), waiting[1:]
				continue
			}
			if alone || t < next {
				next, alone = t, false
			}
		}
		h := &active[lo]
		n := len(h.times)
		if !alone {
			n = kernel.Gallop(h.times, next)
		}
		if n > 0 && w.readers[h.rd].in.compare {
			if d := kernel.AdjacentEqual(h.times[:n]); d >= 0 {
				n = d
			}
		}
		w.st.rowsMerged += int64(n)
		if n > 0 {
			if err := w.plain(ctx, piece{h.rd, h.need, h.at, h.at + int32(n)}, g); err != nil {
				return err
			}
			if h.advance(n); len(h.times) == 0 {
				active = slices.Delete(active, lo, lo+1)
			}
			continue
		}
		if err := m.tie(ctx, w, active, h.times[0], g); err != nil {
			return err
		}
		active = slices.DeleteFunc(active, func(h head) bool { return len(h.times) == 0 })
	}
	return nil
}

// mergeTwo is mergeHeads for the usual case: two runs, one of which is newer as a whole. Rows of the other that it repeats are dropped; a
// tombstone drops out by itself after it has hidden its row.
func (m *merger) mergeTwo(ctx context.Context, w *worker, a, b head, g uint32) error {
	m.runs = kernel.MergeNewest(m.runs[:0], a.times, b.times)
	w.st.rowsMerged += int64(len(a.times) + len(b.times))
	for _, r := range m.runs {
		h := &a
		if r.Second {
			h = &b
		}
		if err := w.plain(ctx, piece{h.rd, h.need, h.at + r.Start, h.at + r.End}, g); err != nil {
			return err
		}
	}
	return nil
}

// tie resolves all versions at one time, which heads have in the order of their ranks.
func (m *merger) tie(ctx context.Context, w *worker, heads []head, t int64, g uint32) error {
	m.vers = m.vers[:0]
	sources := 0
	for i := range heads {
		h := &heads[i]
		if h.times[0] != t {
			continue
		}
		sources++
		for len(h.times) > 0 && h.times[0] == t {
			m.vers = append(m.vers, version{h.rd, h.at})
			h.advance(1)
		}
	}
	w.st.rowsMerged += int64(len(m.vers))
	if sources > 1 && !m.ranked && (w.p.dedup() || w.p.exactSeq) {
		if err := m.sortBySequence(ctx, w); err != nil {
			return err
		}
	}
	switch w.p.mode {
	case contract.MergeAppend:
		for _, v := range m.vers {
			if err := w.row(ctx, []version{v}, g); err != nil {
				return err
			}
		}
		return nil
	case contract.MergeLastRow:
		m.vers = m.vers[:1]
	}
	// A tombstone ends the versions that count.
	dead := -1
	for i, v := range m.vers {
		del, err := w.deleted(ctx, v)
		if err != nil {
			return err
		}
		if del {
			dead = i
			break
		}
	}
	vers := m.vers
	if dead >= 0 {
		vers = vers[:dead]
	}
	if len(vers) > 0 {
		if err := w.row(ctx, vers, g); err != nil {
			return err
		}
	}
	if dead >= 0 && w.p.keepDels { // it still hides what older runs, not merged here, may hold
		return w.row(ctx, m.vers[dead:dead+1], g)
	}
	return nil
}

// sortBySequence orders the versions by their sequences, newest first.
func (m *merger) sortBySequence(ctx context.Context, w *worker) error {
	m.keys = m.keys[:0]
	for _, v := range m.vers {
		win, err := w.readers[v.rd].column(ctx, colRef(w.p.seqCol), int(v.row))
		if err != nil {
			return err
		}
		m.keys = append(m.keys, seqVersion{v, uint64(win.vec.Ints[int(v.row)-win.base])})
	}
	slices.SortStableFunc(m.keys, func(a, b seqVersion) int { return cmp.Compare(b.seq, a.seq) })
	for i, k := range m.keys {
		m.vers[i] = k.version
	}
	return nil
}

// deleted reports whether a version is a tombstone.
func (w *worker) deleted(ctx context.Context, v version) (bool, error) {
	r := w.readers[v.rd]
	if !r.in.deletes {
		return false, nil
	}
	win, err := r.column(ctx, colRef(w.p.opCol), int(v.row))
	if err != nil {
		return false, err
	}
	return win.vec.Ints[int(v.row)-win.base] == int64(model.OpDelete), nil
}

// row hands on one row made of stored versions, newest first.
func (w *worker) row(ctx context.Context, vers []version, g uint32) error {
	multi := -1
	if len(vers) > 1 {
		ln := w.common()
		if len(ln.slices) == 1 && ln.n >= w.direct || ln.n >= gatherRows { // now, because flushing forgets the versions
			if err := w.flush(ctx, ln); err != nil {
				return err
			}
		}
		n := len(ln.versions)
		ln.versions = append(ln.versions, vers...)
		multi = len(ln.multis)
		ln.multis = append(ln.multis, ln.versions[n:len(ln.versions):len(ln.versions)])
	}
	v := vers[0]
	return w.emit(ctx, slice{v.rd, w.readers[v.rd].needOf(int(v.row)), v.row, v.row + 1, int32(multi)}, g)
}
