package cache

// Admit counts a use of a key and reports whether Add is worth while: the key is there, or was asked for before and there is room for it
// without eviction, or it was asked for more often than the oldest, which make room for it then. A caller who is told no does without the cache, as Get's do
// after a miss, which it counts as.
//
// So what is asked for once does not drive out what is asked for again, and a scan of more than fits leaves in place what it found there,
// where least recently used alone would drive out each entry just before its turn.
func (c *Cache[K, V]) Admit(k K, size int64) bool {
	s, h := c.shard(k)
	room := c.account.Budget().Used()+size <= c.account.Budget().Total()
	freed := int64(0)
	defer func() { c.freed(freed) }()
	s.Lock()
	defer s.Unlock()
	if s.entries[k] != nil {
		return true
	}
	uses := s.uses.add(h)
	if uses > 1 && room {
		return true
	}
	for uses > 1 && freed < size {
		oldest := s.root.prev
		if oldest == &s.root {
			return true // others have to make room
		}
		if _, h := c.shard(oldest.key); uses <= s.uses.of(h) {
			break
		}
		s.unlink(oldest)
		freed += oldest.size
		c.evicted.Inc()
	}
	if freed >= size {
		return true
	}
	c.miss.Inc()
	return false
}

// sketch counts about how often keys were used of late: never too little, and too much only where both places of a key are shared.
type sketch struct {
	counts []uint8 // nil until Admit is used
	adds   int     // since all were halved
}

const (
	sketchSize = 16 << 10
	mostUses   = 15
	sketchAge  = sketchSize / 2 // after so many uses all that came before count half: few keys share places with others
)

func (s *sketch) places(h uint64) (a, b *uint8) {
	return &s.counts[h%sketchSize], &s.counts[h/sketchSize%sketchSize]
}

// of is how often a key was used.
func (s *sketch) of(h uint64) uint8 {
	if s.counts == nil {
		return 0
	}
	a, b := s.places(h)
	return min(*a, *b)
}

// again counts a use of what is in the cache; nothing where nobody asks Admit.
func (s *sketch) again(h uint64) {
	if s.counts != nil {
		s.add(h)
	}
}

// add counts a use and tells how many there were, this one included.
func (s *sketch) add(h uint64) uint8 {
	if s.counts == nil {
		s.counts = make([]uint8, sketchSize)
	}
	if s.adds++; s.adds > sketchAge {
		s.adds = 0
		for i := range s.counts {
			s.counts[i] /= 2
		}
	}
	a, b := s.places(h)
	n := min(*a, *b)
	if n < mostUses {
		*a, *b = max(*a, n+1), max(*b, n+1)
		n++
	}
	return n
}
