package engine

import (
	"slices"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
	"github.com/goptimedb/goptimedb/internal/storage/memtable"
)

// version is what a region consists of at one moment. It is immutable but for the memtable that takes writes; a change makes a new
// version. Readers pin one; the files that only old versions name are deleted when the last pin is gone.
type version struct {
	meta    contract.RegionMeta
	mutable *memtable.Memtable // the newest rows
	frozen  []frozen           // oldest first; being flushed
	files   []*file
	// deletions hide rows of frozen and files, oldest first; those that the manifest does not hold yet are durable in the log. No row of
	// mutable is older than any of them.
	deletions []manifest.Deletion
	refs      int // guarded by region.mu; the region's own reference counts as one
}

// frozen is a memtable that takes no more writes, and what is flushed when it is.
type frozen struct {
	table    *memtable.Memtable
	bytes    int64
	entry    uint64 // last log entry in it or in an older memtable
	sequence model.Sequence
}

// clone is a copy to be changed and installed.
func (v *version) clone() *version {
	n := *v
	n.frozen, n.files, n.refs = slices.Clone(v.frozen), slices.Clone(v.files), 0
	return &n
}

// memtables are all memtables with rows, oldest first.
func (v *version) memtables() []*memtable.Memtable {
	out := make([]*memtable.Memtable, 0, len(v.frozen)+1)
	for _, f := range v.frozen {
		out = append(out, f.table)
	}
	if v.mutable != nil {
		out = append(out, v.mutable)
	}
	return out
}

// pin takes the current version for reading; unpin gives it back.
func (r *region) pin() *version {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.version.refs++
	return r.mu.version
}

func (r *region) unpin(v *version) {
	r.mu.Lock()
	dead := r.derefLocked(v)
	r.mu.Unlock()
	r.purge(dead)
}

// installLocked makes v the current version and gives the files that nobody names any more. r.mu held.
func (r *region) installLocked(v *version) []*file {
	if r.mu.live == nil {
		r.mu.live = map[*file]struct{}{}
	}
	for _, f := range v.files {
		f.refs++
		r.mu.live[f] = struct{}{}
	}
	v.refs = 1
	old := r.mu.version
	r.mu.version = v
	if old == nil {
		return nil
	}
	return r.derefLocked(old)
}

func (r *region) derefLocked(v *version) (dead []*file) {
	if v.refs--; v.refs > 0 {
		return nil
	}
	for _, f := range v.files {
		if f.refs--; f.refs == 0 {
			dead = append(dead, f)
			delete(r.mu.live, f)
		}
	}
	if len(r.mu.live) == 0 && len(dead) > 0 && r.state.Load() == stateDropped {
		r.eng.drops.look()
	}
	return dead
}
