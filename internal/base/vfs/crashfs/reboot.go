package crashfs

import (
	"math/rand"
	"slices"
)

// sector is the most that a disk writes without the risk of tearing, in bytes.
const sector = 512

// syncDirLocked makes the changes that touch d durable, and with them every earlier change of the names they touch, so
// that an older state of a name never comes back over a newer one.
func (f *FS) syncDirLocked(d *node) {
	type place struct {
		dir  *node
		name string
	}
	touched := map[place]bool{}
	keep := make([]bool, len(f.mu.pending))
	for i := len(f.mu.pending) - 1; i >= 0; i-- {
		for _, e := range f.mu.pending[i] {
			keep[i] = keep[i] || e.dir == d || touched[place{e.dir, e.name}]
		}
		if keep[i] {
			for _, e := range f.mu.pending[i] {
				touched[place{e.dir, e.name}] = true
			}
		}
	}
	var left []change
	for i, c := range f.mu.pending {
		if !keep[i] {
			left = append(left, c)
			continue
		}
		for _, e := range c {
			set(e.dir.durableNames, e)
		}
	}
	f.mu.pending = left
}

// Reboot cuts the power, if it is still on, and gives the file system that is found afterwards; the old one stays dead.
// With a nil rng that is the worst case: only synced bytes and synced names. Otherwise each change of a name and each
// sector of each write that was not synced survives or not by chance; a lost sector inside the length reads as it did
// before, or as zeros.
func (f *FS) Reboot(rng *rand.Rand) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.cut = true
	out := New()
	out.mu.now = f.mu.now

	// Names first, on copies, so that Reboot may be called again with another rng.
	names := map[*node]map[string]*node{}
	of := func(d *node) map[string]*node {
		if names[d] == nil {
			names[d] = map[string]*node{}
			for k, v := range d.durableNames {
				names[d][k] = v
			}
		}
		return names[d]
	}
	if rng != nil {
		for _, c := range f.mu.pending {
			if rng.Intn(2) == 0 {
				continue
			}
			for _, e := range c {
				set(of(e.dir), e)
			}
		}
	}

	copies := map[*node]*node{}
	var visit func(n *node) *node
	visit = func(n *node) *node {
		if c := copies[n]; c != nil {
			return c
		}
		c := &node{modTime: n.modTime}
		copies[n] = c
		if !n.isDir() {
			c.data = n.afterCut(rng)
			c.durable = slices.Clone(c.data)
			return c
		}
		c.names, c.durableNames = map[string]*node{}, map[string]*node{}
		entries := of(n)
		sorted := make([]string, 0, len(entries))
		for name := range entries {
			sorted = append(sorted, name)
		}
		slices.Sort(sorted) // the same rng gives the same disk
		for _, name := range sorted {
			child := visit(entries[name])
			c.names[name], c.durableNames[name] = child, child
		}
		return c
	}
	out.mu.root = visit(f.mu.root)
	return out
}

// afterCut is what the disk holds of a file. The lengths that writes led to survive in order, up to a random one; bytes
// survive sector by sector.
func (n *node) afterCut(rng *rand.Rand) []byte {
	data := slices.Clone(n.durable)
	if rng == nil || len(n.writes) == 0 {
		return data
	}
	last := rng.Intn(len(n.writes) + 1) // writes from here on left no trace
	for _, w := range n.writes[:last] {
		if w.truncate {
			data = w.apply(data)
			continue
		}
		end := w.off + int64(len(w.data))
		if end > int64(len(data)) {
			data = append(data, make([]byte, end-int64(len(data)))...)
		}
		whole := rng.Intn(2) == 0
		for at := w.off; at < end; {
			next := min((at/sector+1)*sector, end)
			if whole || rng.Intn(2) == 0 {
				copy(data[at:next], w.data[at-w.off:next-w.off])
			}
			at = next
		}
	}
	if rng.Intn(2) == 0 && len(data) > len(n.durable) { // the last length may be lost too
		cut := len(n.durable) + rng.Intn(len(data)-len(n.durable)+1)
		data = data[:cut]
	}
	return data
}

// chances is how many random disks EachCut makes of each cut, besides the worst case.
const chances = 3

// EachCut does work on a new disk again and again: with the power cut before its first step, its second, and so on until it
// runs through. After each, check gets the disk as it is found: the worst case, then a few by chance (seeded, so that a
// failure repeats), and what that run of work had been promised (acked). work must return soon after a call failed with
// ErrPowerCut. n is the step before which the power was cut, for messages.
func EachCut[A any](work func(*FS) A, check func(n int, disk *FS, acked A)) {
	for n := 1; ; n++ {
		f := New()
		f.CutAt(n)
		acked := work(f)
		done := f.Steps() < n
		check(n, f.Reboot(nil), acked)
		for i := range chances {
			check(n, f.Reboot(rand.New(rand.NewSource(int64(n*chances+i)))), acked)
		}
		if done {
			return
		}
	}
}
