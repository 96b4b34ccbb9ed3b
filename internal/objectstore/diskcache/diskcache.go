package diskcache

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// Kind is what an object is to the cache.
type Kind uint8

// The kinds.
const (
	Uncached Kind = iota
	Data          // data files: large, read in pieces
	Index         // index files: small, read whole; they have room of their own, so that data does not push them out
	Manifest      // manifest edits and checkpoints: tiny
	kinds
)

var kindNames = [kinds]string{Data: "data", Index: "index", Manifest: "manifest"}

// KindOf is the kind of an object by the names that regions give: data and index files carry a uuid, manifest files a version that is
// written once. Everything else may change and is not cached.
func KindOf(key string) Kind {
	switch {
	case strings.HasSuffix(key, ".parquet"):
		return Data
	case strings.HasSuffix(key, ".puffin"):
		return Index
	case !strings.Contains(key, "/manifest/"):
		return Uncached
	case strings.HasSuffix(key, ".json"), strings.HasSuffix(key, ".checkpoint"):
		return Manifest
	}
	return Uncached
}

// Options of a Cache. Dir and Size are required.
type Options struct {
	// Dir is the cache's own folder: files in it that the cache does not know are removed.
	Dir string
	// FS is the file system. Nil: that of the operating system.
	FS vfs.FS
	// Size is how many bytes data and index files may take on the disk.
	Size int64
	// IndexPercent of Size is for index files. Zero: 20.
	IndexPercent int
	// ManifestSize is how many bytes manifest files may take. Zero: they are not cached.
	ManifestSize int64
	// TTL is how long a block is served after it was written to the disk. Zero: as long as there is room.
	TTL time.Duration
	// NoRefill keeps only what is written through, not what is read.
	NoRefill bool
	// Classify tells the kinds of objects by key. Nil: KindOf.
	Classify func(key string) Kind
	Log      *slog.Logger     // nil: silent
	Now      func() time.Time // nil: time.Now
	Metrics  *Metrics         // nil: not counted
}

// Cache is the disk space that the coats of a process share. All methods are safe for concurrent use.
type Cache struct {
	o     Options
	pools [kinds]*pool // nil: not cached
	lock  io.Closer
	met   *Metrics
}

// blockSize is the length of blocks: small wastes little and is checked quickly, large keeps the tables in memory small.
var blockSize = [kinds]int{Data: 64 << 10, Index: 16 << 10, Manifest: 4 << 10}

// maxSlots bounds the tables in memory: above that many blocks, blocks are larger. 1<<18 slots take about 32 MiB.
const maxSlots = 1 << 18

// Open opens the cache in a folder and takes in what earlier processes left there. The folder belongs to one process at a time.
func Open(o Options) (_ *Cache, err error) {
	if o.FS == nil {
		o.FS = vfs.OS()
	}
	if o.IndexPercent <= 0 || o.IndexPercent >= 100 {
		o.IndexPercent = 20
	}
	if o.Classify == nil {
		o.Classify = KindOf
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Metrics == nil {
		if o.Metrics, err = NewMetrics(nil, Shared{}); err != nil {
			return nil, err
		}
	}
	c := &Cache{o: o, met: o.Metrics}
	defer func() {
		if err != nil {
			_ = c.Close()
			err = errs.Wrap(errs.StorageUnavailable, err, "open cache %s; make it writable, or choose another write_cache_path", o.Dir)
		}
	}()
	limits := [kinds]int64{Data: o.Size - o.Size/100*int64(o.IndexPercent), Index: o.Size / 100 * int64(o.IndexPercent), Manifest: o.ManifestSize}
	if err := prepare(o.FS, o.Dir, kindNames[1:]); err != nil {
		return nil, err
	}
	if c.lock, err = o.FS.Lock(filepath.Join(o.Dir, lockName)); err != nil {
		return nil, err
	}
	for k := Data; k < kinds; k++ {
		if limits[k] <= 0 {
			continue
		}
		size := blockSize[k]
		for limits[k]/int64(size) > maxSlots {
			size *= 2
		}
		if c.pools[k], err = openPool(o.FS, o.Dir, kindNames[k], size, limits[k], o.TTL, o.Now, o.Metrics.pool(k)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Close closes the files. No coat may be in use any more.
func (c *Cache) Close() (err error) {
	for _, p := range c.pools {
		if p != nil {
			err = errors.Join(err, p.close())
		}
	}
	if c.lock != nil {
		err = errors.Join(err, c.lock.Close())
	}
	return err
}

// MemoryBytes is about how much memory the tables of a full cache take.
func (c *Cache) MemoryBytes() (n int64) {
	for _, p := range c.pools {
		if p != nil {
			n += int64(p.mu.limit) * slotMemory
		}
	}
	return n
}

// Usage is what a pool of the cache holds.
type Usage struct {
	Kind          string
	Bytes, Limit  int64 // on the disk
	Blocks        int
	Objects       int
	BlockSize     int
	StagedBlocks  int
	BrokenBlocks  int
	FailuresInRow int
}

// Usage describes the pools.
func (c *Cache) Usage() (out []Usage) {
	for k, p := range c.pools {
		if p == nil {
			continue
		}
		p.mu.Lock()
		u := Usage{Kind: kindNames[k], Limit: int64(p.mu.limit) * int64(p.slotSize), Blocks: len(p.mu.where), Objects: len(p.mu.objects), BlockSize: p.slotSize,
			StagedBlocks: p.mu.staged, BrokenBlocks: len(p.mu.unbacked), FailuresInRow: p.mu.failures}
		for _, i := range p.mu.where {
			u.Bytes += int64(p.mu.slots[i].length)
		}
		p.mu.Unlock()
		out = append(out, u)
	}
	return out
}

func (c *Cache) pool(key string) *pool {
	if k := c.o.Classify(key); k < kinds {
		return c.pools[k]
	}
	return nil
}

// Wrap puts the coat on a store. name tells the store from others that use the same cache, now and after a restart: with the address of
// the bucket in it, a change of configuration never serves one bucket's objects for another's. The coat goes on last, over retries.
func (c *Cache) Wrap(s objectstore.Store, name string) *Store {
	st := &Store{Store: s, c: c, name: name}
	st.mu.flights = map[flightKey]*flight{}
	return st
}

func (s *Store) id(key string) (id objectID) {
	h := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s", s.name, key))
	copy(id[:], h[:])
	return id
}

// Shared are counters with the label "type" that other caches of the process count in too; each may be nil.
type Shared struct {
	Hit, Miss, Eviction *prometheus.CounterVec
	Bytes               *prometheus.GaugeVec
}

// Metrics count what a cache does.
type Metrics struct {
	pools     [kinds]poolMetrics
	fetches   prometheus.Counter
	fetched   prometheus.Counter
	uploads   prometheus.Counter
	uploaded  prometheus.Counter
	reuploads prometheus.Counter
}

type poolMetrics struct {
	hit, miss, evicted, damaged, bypassed, writeFailed prometheus.Counter
	bytes                                              prometheus.Gauge
}

func (m *Metrics) pool(k Kind) *poolMetrics { return &m.pools[k] }

// NewMetrics makes the metrics and registers them with reg, which may be nil.
func NewMetrics(reg prometheus.Registerer, shared Shared) (*Metrics, error) {
	m := &Metrics{}
	var all []prometheus.Collector
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		all = append(all, c)
		return c
	}
	vec := func(name, help string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"type"})
		all = append(all, c)
		return c
	}
	lent := func(v *prometheus.CounterVec) *prometheus.CounterVec {
		if v == nil {
			return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "unregistered", Help: "of tests"}, []string{"type"})
		}
		return v
	}
	shared.Hit, shared.Miss, shared.Eviction = lent(shared.Hit), lent(shared.Miss), lent(shared.Eviction)
	if shared.Bytes == nil {
		shared.Bytes = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "unregistered", Help: "of tests"}, []string{"type"})
	}
	damaged := vec("greptime_mito_write_cache_damaged_total", "Blocks on the cache's disk that were not what was written; they are fetched again.")
	bypassed := vec("greptime_mito_write_cache_bypass_total", "Reads and writes that the disk cache had no room for, or could not write.")
	failed := vec("greptime_mito_write_cache_write_failure_total", "Writes to the cache's disk that failed.")
	for k := Data; k < kinds; k++ {
		label := "file_" + kindNames[k]
		m.pools[k] = poolMetrics{hit: shared.Hit.WithLabelValues(label), miss: shared.Miss.WithLabelValues(label),
			evicted: shared.Eviction.WithLabelValues(label), bytes: shared.Bytes.WithLabelValues(label),
			damaged: damaged.WithLabelValues(label), bypassed: bypassed.WithLabelValues(label), writeFailed: failed.WithLabelValues(label)}
	}
	m.fetches = counter("greptime_mito_write_cache_fetch_total", "Requests by which the disk cache read from object stores.")
	m.fetched = counter("greptime_mito_write_cache_fetch_bytes_total", "Bytes that the disk cache read from object stores.")
	m.uploads = counter("greptime_mito_upload_total", "Files that were uploaded from the disk cache.")
	m.uploaded = counter("greptime_mito_upload_bytes_total", "Bytes that were uploaded from the disk cache.")
	m.reuploads = counter("greptime_mito_upload_retry_total", "Uploads that failed or did not verify, and were begun again.")
	if reg != nil {
		for _, c := range all {
			if err := reg.Register(c); err != nil {
				return nil, fmt.Errorf("register cache metrics: %w", err)
			}
		}
	}
	return m, nil
}
