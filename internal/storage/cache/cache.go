// Package cache keeps what was costly to read or decode, as long as the memory budget has room for it.
//
// An entry that a caller uses stays alive when it is evicted: eviction only makes the cache forget it, and the garbage collector
// frees it when its last user is done.
package cache

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/budget"
)

// Metrics count what all caches of an engine do, by the cache's type.
type Metrics struct {
	Hit, Miss, Eviction *prometheus.CounterVec
	Bytes               *prometheus.GaugeVec
}

// NewMetrics makes the counters and registers them with reg, which may be nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	label := []string{"type"}
	m := &Metrics{
		Hit:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_mito_cache_hit", Help: "Cache lookups that found an entry"}, label),
		Miss:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_mito_cache_miss", Help: "Cache lookups that found none"}, label),
		Eviction: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greptime_mito_cache_eviction", Help: "Entries evicted from caches"}, label),
		Bytes:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "greptime_mito_cache_bytes", Help: "Bytes held by caches"}, label),
	}
	if reg != nil {
		reg.MustRegister(m.Hit, m.Miss, m.Eviction, m.Bytes)
	}
	return m
}

const shards = 16

// Cache maps keys to values of known size; the least recently used go first. All methods are safe for concurrent use.
type Cache[K comparable, V any] struct {
	seed    maphash.Seed
	account *budget.Account
	shards  [shards]shard[K, V]
	turn    atomic.Uint32 // of the shards, to be shrunk

	hit, miss, evicted prometheus.Counter
	bytes              prometheus.Gauge
}

type shard[K comparable, V any] struct {
	sync.Mutex
	entries map[K]*entry[K, V]
	root    entry[K, V] // ring: root.next is the newest, root.prev the oldest
	uses    sketch
}

type entry[K comparable, V any] struct {
	key        K
	value      V
	size       int64
	prev, next *entry[K, V]
}

// New makes a cache of a type ("page", "sst_meta" …) that holds its memory in an account of b with the given soft limit in bytes.
func New[K comparable, V any](typ string, b *budget.Budget, soft int64, m *Metrics) *Cache[K, V] {
	c := &Cache[K, V]{seed: maphash.MakeSeed(), hit: m.Hit.WithLabelValues(typ), miss: m.Miss.WithLabelValues(typ),
		evicted: m.Eviction.WithLabelValues(typ), bytes: m.Bytes.WithLabelValues(typ)}
	for i := range c.shards {
		s := &c.shards[i]
		s.entries = map[K]*entry[K, V]{}
		s.root.prev, s.root.next = &s.root, &s.root
	}
	c.account = b.Account("cache_"+typ, budget.Options{Soft: soft, Shrink: c.Shrink})
	return c
}

func (c *Cache[K, V]) shard(k K) (*shard[K, V], uint64) {
	h := maphash.Comparable(c.seed, k)
	return &c.shards[h%shards], h / shards
}

// Get finds a value and marks it as used.
func (c *Cache[K, V]) Get(k K) (v V, ok bool) {
	s, h := c.shard(k)
	s.Lock()
	e := s.entries[k]
	if e != nil {
		s.toFront(e)
		s.uses.again(h)
		v, ok = e.value, true
	}
	s.Unlock()
	if ok {
		c.hit.Inc()
	} else {
		c.miss.Inc()
	}
	return v, ok
}

// Peek is Get for who only wants to know: it counts as no use.
func (c *Cache[K, V]) Peek(k K) (v V, ok bool) {
	s, _ := c.shard(k)
	s.Lock()
	defer s.Unlock()
	if e := s.entries[k]; e != nil {
		return e.value, true
	}
	return v, false
}

// Add puts a value of size bytes in, unless the key is there already: then it gives the value that is there. Where the budget has no
// room, even after others shrank, the value is returned but not kept.
func (c *Cache[K, V]) Add(k K, v V, size int64) V {
	if c.account.Reserve(size) != nil {
		return v
	}
	s, _ := c.shard(k)
	s.Lock()
	if e := s.entries[k]; e != nil {
		s.toFront(e)
		v = e.value
		s.Unlock()
		c.account.Release(size)
		return v
	}
	e := &entry[K, V]{key: k, value: v, size: size}
	s.entries[k] = e
	s.link(e)
	s.Unlock()
	c.bytes.Add(float64(size))
	return v
}

// Remove forgets a key.
func (c *Cache[K, V]) Remove(k K) {
	s, _ := c.shard(k)
	s.Lock()
	e := s.entries[k]
	if e != nil {
		s.unlink(e)
	}
	s.Unlock()
	if e != nil {
		c.freed(e.size)
	}
}

// RemoveIf forgets all keys for which f is true; f is called under a lock and must not use the cache.
func (c *Cache[K, V]) RemoveIf(f func(K) bool) {
	for i := range c.shards {
		s := &c.shards[i]
		freed := int64(0)
		s.Lock()
		for k, e := range s.entries {
			if f(k) {
				s.unlink(e)
				freed += e.size
			}
		}
		s.Unlock()
		c.freed(freed)
	}
}

// Shrink evicts about need bytes, the oldest entries of each shard in turn.
func (c *Cache[K, V]) Shrink(need int64) {
	for need > 0 {
		before := need
		for range shards {
			s := &c.shards[c.turn.Add(1)%shards]
			s.Lock()
			e := s.root.prev
			if e == &s.root {
				s.Unlock()
				continue
			}
			s.unlink(e)
			s.Unlock()
			c.freed(e.size)
			c.evicted.Inc()
			if need -= e.size; need <= 0 {
				return
			}
		}
		if need == before {
			return
		}
	}
}

// Bytes is how much the cache holds.
func (c *Cache[K, V]) Bytes() int64 { return c.account.Used() }

// Len is how many entries the cache holds.
func (c *Cache[K, V]) Len() int {
	n := 0
	for i := range c.shards {
		s := &c.shards[i]
		s.Lock()
		n += len(s.entries)
		s.Unlock()
	}
	return n
}

func (c *Cache[K, V]) freed(size int64) {
	c.account.Release(size)
	c.bytes.Add(-float64(size))
}

func (s *shard[K, V]) link(e *entry[K, V]) {
	e.prev, e.next = &s.root, s.root.next
	e.prev.next, e.next.prev = e, e
}

func (s *shard[K, V]) unlink(e *entry[K, V]) {
	delete(s.entries, e.key)
	e.prev.next, e.next.prev = e.next, e.prev
}

func (s *shard[K, V]) toFront(e *entry[K, V]) {
	e.prev.next, e.next.prev = e.next, e.prev
	s.link(e)
}
