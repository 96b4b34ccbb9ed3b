package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/kv"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloud"
	"github.com/goptimedb/goptimedb/internal/objectstore/coats"
	"github.com/goptimedb/goptimedb/internal/objectstore/diskcache"
	objlocal "github.com/goptimedb/goptimedb/internal/objectstore/local"
	"github.com/goptimedb/goptimedb/internal/objectstore/meter"
	"github.com/goptimedb/goptimedb/internal/storage/cache"
)

// stores are the object stores of a process, dressed for service:
//
//	far:   engine → disk cache → retry → meter → bucket
//	near:  engine → retry → meter → folder
type stores struct {
	primary objectstore.Store
	named   map[string]objectstore.Store
	preload int64 // bytes of index files and footers that opened regions may fetch ahead

	cache   *diskcache.Cache // nil: no far store
	closers []func()
}

// opener opens the stores of a configuration one by one.
type opener struct {
	c      *config.Standalone
	meta   kv.Store
	log    *slog.Logger
	meter  *meter.Metrics
	cached *diskcache.Metrics
	mem    memory
	near   objectstore.Store
	s      *stores
}

func openStores(ctx context.Context, c *config.Standalone, meta kv.Store, mem memory, log *slog.Logger, reg prometheus.Registerer, shared *cache.Metrics) (_ *stores, err error) {
	o := &opener{c: c, meta: meta, log: log, mem: mem, s: &stores{named: map[string]objectstore.Store{}}}
	defer func() {
		if err != nil {
			_ = o.s.close()
		}
	}()
	if o.meter, err = meter.NewMetrics(reg); err != nil {
		return nil, err
	}
	if o.cached, err = diskcache.NewMetrics(reg, diskcache.Shared{Hit: shared.Hit, Miss: shared.Miss, Eviction: shared.Eviction, Bytes: shared.Bytes}); err != nil {
		return nil, err
	}
	if o.s.primary, err = o.open(ctx, &c.Storage.Provider); err != nil {
		return nil, fmt.Errorf("open storage: %w", err)
	}
	for i := range c.Storage.Providers {
		p := &c.Storage.Providers[i]
		if o.s.named[p.ID()], err = o.open(ctx, p); err != nil {
			return nil, fmt.Errorf("open storage provider %q: %w", p.ID(), err)
		}
	}
	if o.s.cache == nil && c.Mito().EnableWriteCache {
		log.Warn("enable_write_cache has no effect: all data is on a local disk")
	}
	return o.s, nil
}

func (o *opener) open(ctx context.Context, p *config.Provider) (objectstore.Store, error) {
	if p.Kind() == config.StoreFile {
		return o.openNear()
	}
	far, err := cloud.Open(ctx, cloud.Config{Provider: *p, Log: o.log})
	if err != nil {
		return nil, err
	}
	o.s.closers = append(o.s.closers, far.Close)
	dressed := coats.Wrap(far, coats.Options{Meter: meter.Options{Metrics: o.meter, Scheme: far.Scheme()}})
	if err := claim(ctx, dressed, far.String(), o.meta, o.c.Storage.DataHome, o.log); err != nil {
		return nil, err
	}
	if o.s.cache == nil {
		if err := o.openCache(); err != nil {
			return nil, err
		}
	}
	// With the endpoint in it: two servers may have buckets of the same name.
	return o.s.cache.Wrap(dressed, p.Endpoint+" "+far.String()), nil
}

// openNear is the folder of the process, opened once.
func (o *opener) openNear() (objectstore.Store, error) {
	if o.near == nil {
		home, err := objlocal.Open(o.c.Storage.DataHome, objlocal.Options{})
		if err != nil {
			return nil, err
		}
		o.near = coats.Wrap(home, coats.Options{Meter: meter.Options{Metrics: o.meter, Scheme: "fs"}})
	}
	return o.near, nil
}

func (o *opener) openCache() (err error) {
	m := o.c.Mito()
	opts := diskcache.Options{Dir: filepath.Join(m.WriteCachePath, "cache", "object", "write"), Size: int64(m.WriteCacheSize), IndexPercent: m.IndexCachePercent,
		ManifestSize: int64(m.ManifestCacheSize), TTL: m.WriteCacheTTL.Std(), NoRefill: m.EnableRefillCacheOnRead != nil && !*m.EnableRefillCacheOnRead,
		Log: o.log, Metrics: o.cached}
	if opts.Dir, err = filepath.Abs(opts.Dir); err != nil {
		return err
	}
	if o.s.cache, err = diskcache.Open(opts); err != nil {
		return err
	}
	o.mem.budget.Account("disk_cache_tables", budget.Options{}).Force(o.s.cache.MemoryBytes())
	if m.PreloadIndexCache == nil || *m.PreloadIndexCache {
		// Half of what there is room for: what is written and read meanwhile needs some, too.
		o.s.preload = opts.Size / 100 * int64(opts.IndexPercent) / 2
	}
	for _, u := range o.s.cache.Usage() {
		o.log.Info("disk cache", "dir", opts.Dir, "kind", u.Kind, "bytes", u.Bytes, "limit", u.Limit, "objects", u.Objects)
	}
	return nil
}

// has tells whether tables may name a store.
func (s *stores) has(name string) bool {
	for n := range s.named {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func (s *stores) close() (err error) {
	if s.cache != nil {
		err = s.cache.Close()
	}
	for _, f := range s.closers {
		f()
	}
	return err
}

// ownerKey is the object that says whose tables a bucket holds, and the metadata's key of the same.
const (
	ownerKey  = "goptimedb.json"
	ownerMeta = "node/owner"
)

// owner is the content of the object.
type owner struct {
	Product string    `json:"product"`
	Layout  int       `json:"layout"`
	Owner   string    `json:"owner"` // a uuid that the metadata holds as well
	Since   time.Time `json:"since"`
}

// claim makes sure that a bucket and the metadata of this process belong together. The names of tables are in the metadata only: new
// metadata over a bucket with tables would hide them all and write new tables into their places, so that is refused.
func claim(ctx context.Context, s objectstore.Store, where string, meta kv.Store, home string, log *slog.Logger) error {
	mine := ""
	if v, err := meta.Get(ctx, ownerMeta); err == nil {
		mine = string(v)
	} else if !errors.Is(err, kv.ErrNotFound) {
		return err
	}
	var o owner
	b, err := s.Get(ctx, ownerKey)
	switch {
	case errors.Is(err, objectstore.ErrNotFound):
		if mine == "" {
			mine = uuid.NewString()
			if err := meta.Put(ctx, ownerMeta, []byte(mine)); err != nil {
				return err
			}
		}
		page, err := s.List(ctx, "data/", "", 1)
		if err != nil {
			return err
		}
		if len(page) > 0 {
			return errs.New(errs.InvalidArguments, "%s holds tables (%s) but no %s that says whose: put that object back, or choose another root",
				where, page[0].Key, ownerKey)
		}
		o = owner{Product: "goptimedb", Layout: layoutVersion, Owner: mine, Since: time.Now().UTC()}
		if b, err = json.MarshalIndent(o, "", "  "); err != nil {
			return err
		}
		if err = s.PutIfAbsent(ctx, ownerKey, append(b, '\n')); errors.Is(err, objectstore.ErrExists) {
			return errs.Wrap(errs.IllegalState, err, "%s was taken by another process at this moment", where)
		} else if err != nil {
			return err
		}
		log.Info("object store is now this process's", "store", where, "owner", mine)
		return nil
	case err != nil:
		return err
	}
	if err := json.Unmarshal(b, &o); err != nil || o.Product != "goptimedb" || o.Owner == "" {
		return errs.New(errs.InvalidArguments, "%s of %s is not ours; choose another root", ownerKey, where)
	}
	if o.Layout != layoutVersion {
		return errs.New(errs.Unsupported, "%s has layout %d, this program reads %d; start the version that wrote it", where, o.Layout, layoutVersion)
	}
	if o.Owner != mine {
		return errs.New(errs.InvalidArguments, "%s holds the tables of another data directory (owner %s, since %s), and their names are in its %s: bring that file to %s, or choose another root or bucket",
			where, o.Owner, o.Since.Format(time.DateOnly), metaName, home)
	}
	return nil
}
