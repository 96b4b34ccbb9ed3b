package engine

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/storage/manifest"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
)

// indexed is the index file that a data file has now. A new one takes the old one's place while scans run: those that began before may
// find theirs gone, and read the rows instead.
type indexed struct {
	version uint64
	size    int64
	names   []string // of the indexes in it, see manifest.File
}

// current is what the manifest says of the file.
func (f *file) current() manifest.File {
	m, x := f.File, f.index.Load()
	m.IndexVersion, m.IndexSize, m.Indexes = x.version, x.size, x.names
	return m
}

// reindexed takes in that the manifest names another index file than before; was is what it said before.
func (f *file) reindexed(m manifest.File) (was manifest.File, changed bool) {
	was = f.current()
	if was.IndexVersion == m.IndexVersion {
		return was, false
	}
	f.index.Store(&indexed{m.IndexVersion, m.IndexSize, m.Indexes})
	return was, true
}

// indexPath is the object key of a file's index.
func (r *region) indexPath(f manifest.File) string {
	return sst.IndexKey(r.dir, string(f.ID), f.IndexVersion)
}

// deleteIndexes removes index files that were replaced. A failure leaves orphans, which the next open deletes.
func (r *region) deleteIndexes(keys []string) {
	if len(keys) == 0 {
		return
	}
	if err := r.store.Delete(context.Background(), keys...); err != nil {
		r.log.Warn("delete replaced index files", "files", keys, "err", err)
	}
}
