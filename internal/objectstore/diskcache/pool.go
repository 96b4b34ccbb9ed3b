package diskcache

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
)

// objectID is a hash of the names of a store and of an object in it, long enough that no two are alike.
type objectID [16]byte

// blockKey names a block: bytes [block*slotSize, (block+1)*slotSize) of an object.
type blockKey struct {
	object objectID
	block  uint32
}

// slot is what is known of one place in the file of blocks. It holds no pointers: there may be hundreds of thousands.
type slot struct {
	blockKey
	length uint32 // bytes of the block
	sum    uint32 // checksum of its name and bytes
	size   int64  // bytes of the whole object
	at     int64  // unix seconds of its writing
	pins   int32  // readers and writers that are at it: it is not taken from them
	uses   uint8  // second chances that the clock hand gives it
	state  slotState
}

type slotState uint8

const (
	slotFree  slotState = iota
	slotTaken           // being written, or staged; in no map
	slotReady           // in pool.where
	slotDead            // forgotten while pinned: freed by the last unpin
)

// maxUses bounds how many turns of the hand a block survives unused; a scan that reads each block once does not push out what is used.
const maxUses = 3

// pool is two files in a folder: slots of blocks, and an index that says what is in them.
//
//	{name}.blocks   slot 0 │ slot 1 │ …                        each slotSize bytes
//	{name}.index    header, 48 │ entry of slot 0, 48 │ …       see entry
//
// The two are not kept in step by syncs. An entry is believed if its own checksum is right, and the block behind it if its is.
//
// The slot to be given up is found by a hand that goes round: used blocks lose a use and stay, unused ones go, pinned ones are passed.
type pool struct {
	name     string
	slotSize int
	ttl      time.Duration
	now      func() time.Time
	blocks   vfs.File
	index    vfs.File
	met      *poolMetrics

	mu struct {
		sync.Mutex
		slots    []slot // those that exist; grows up to limit
		limit    int
		free     []int32
		unbacked []int32 // writing to them failed: tried again after paused
		paused   time.Time
		failures int // writes that failed in a row
		hand     int
		staged   int
		where    map[blockKey]int32
		objects  map[objectID]held
		changes  uint64 // objects forgotten so far
	}
	scratch sync.Pool // *[]byte of slotSize
}

// held is an object of which some blocks are ready.
type held struct {
	size   int64
	blocks int32
}

const (
	entrySize   = 48
	indexMagic  = "GTDC"
	indexFormat = 2
	// failuresToPause is how many writes in a row may fail before none is tried for pauseTime.
	failuresToPause = 16
	pauseTime       = time.Minute
	// slotMemory is about what a slot takes in memory, with its places in the maps.
	slotMemory = 128
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumOf is the checksum of a block together with its name, so that a block in the wrong place does not pass. bytes is that of its bytes.
func sumOf(k blockKey, size int64, bytes uint32) uint32 {
	var b [28]byte
	copy(b[:], k.object[:])
	binary.LittleEndian.PutUint32(b[16:], k.block)
	binary.LittleEndian.PutUint64(b[20:], uint64(size))
	return bytes ^ crc32.Checksum(b[:], castagnoli)
}

// checksum is the lower half of xxHash64. It is no CRC: files carry CRCs of their own parts, and where a part is followed by its CRC, the
// CRC over both is the same whatever the part says. A slot that still holds another file of the same shape would pass.
func checksum(b []byte) uint32 { return uint32(xxhash.Sum64(b)) }

// openPool opens the files of a pool and takes in what is in them, as far as it fits into limit bytes.
func openPool(fsys vfs.FS, dir, name string, slotSize int, limit int64, ttl time.Duration, now func() time.Time, met *poolMetrics) (*pool, error) {
	p := &pool{name: name, slotSize: slotSize, ttl: ttl, now: now, met: met}
	p.scratch.New = func() any { b := make([]byte, slotSize); return &b }
	p.mu.limit = int(max(1, limit/int64(slotSize)))
	p.mu.where, p.mu.objects = map[blockKey]int32{}, map[objectID]held{}
	open := func(suffix string) (vfs.File, error) {
		return fsys.OpenFile(filepath.Join(dir, name+suffix), os.O_RDWR|os.O_CREATE, 0o644)
	}
	var err error
	if p.blocks, err = open(blocksSuffix); err != nil {
		return nil, err
	}
	if p.index, err = open(indexSuffix); err != nil {
		return nil, errors.Join(err, p.blocks.Close())
	}
	if err := p.load(); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

const (
	blocksSuffix = ".blocks"
	indexSuffix  = ".index"
)

func (p *pool) close() error { return errors.Join(p.index.Close(), p.blocks.Close()) }

func (p *pool) header() []byte {
	b := make([]byte, entrySize)
	copy(b, indexMagic)
	b[4] = indexFormat
	binary.LittleEndian.PutUint32(b[8:], uint32(p.slotSize))
	binary.LittleEndian.PutUint32(b[entrySize-4:], crc32.Checksum(b[:entrySize-4], castagnoli))
	return b
}

// load reads the index. Files of another format or slot size are begun anew.
func (p *pool) load() error {
	size, err := p.index.Size()
	if err != nil {
		return err
	}
	blocks, err := p.blocks.Size()
	if err != nil {
		return err
	}
	most := int64(p.mu.limit+1) * entrySize
	b := make([]byte, min(size, most))
	if len(b) > 0 {
		if n, err := p.index.ReadAt(b, 0); n < len(b) {
			return fmt.Errorf("read index of %s cache: %w", p.name, err)
		}
	}
	if len(b) < entrySize || string(b[:entrySize]) != string(p.header()) {
		if err := errors.Join(p.index.Truncate(0), p.blocks.Truncate(0)); err != nil {
			return err
		}
		_, err := p.index.WriteAt(p.header(), 0)
		return err
	}
	for i := 1; (i+1)*entrySize <= len(b); i++ {
		s, ok := parseEntry(b[i*entrySize:][:entrySize])
		at := int32(i - 1)
		if ok && (int(s.length) > p.slotSize || s.length == 0 || int64(at)*int64(p.slotSize)+int64(s.length) > blocks) {
			ok = false
		}
		if ok {
			_, twice := p.mu.where[s.blockKey]
			ok = !twice
		}
		if !ok {
			s = slot{}
			p.mu.free = append(p.mu.free, at)
		}
		p.mu.slots = append(p.mu.slots, s)
		if ok {
			p.enterLocked(at)
		}
	}
	return p.blocks.Truncate(min(blocks, int64(p.mu.limit)*int64(p.slotSize))) // of a larger limit before
}

func appendEntry(dst []byte, s *slot) []byte {
	n := len(dst)
	dst = append(dst, s.object[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, s.block)
	dst = binary.LittleEndian.AppendUint32(dst, s.length)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(s.size))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(s.at))
	dst = binary.LittleEndian.AppendUint32(dst, s.sum)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[n:], castagnoli))
}

func parseEntry(b []byte) (s slot, ok bool) {
	if binary.LittleEndian.Uint32(b[44:]) != crc32.Checksum(b[:44], castagnoli) {
		return s, false
	}
	copy(s.object[:], b)
	s.block, s.length = binary.LittleEndian.Uint32(b[16:]), binary.LittleEndian.Uint32(b[20:])
	s.size, s.at = int64(binary.LittleEndian.Uint64(b[24:])), int64(binary.LittleEndian.Uint64(b[32:]))
	s.sum, s.state = binary.LittleEndian.Uint32(b[40:]), slotReady
	return s, s.size >= int64(s.length) && s.size > 0
}

// enterLocked publishes a ready slot.
func (p *pool) enterLocked(i int32) {
	s := &p.mu.slots[i]
	p.mu.where[s.blockKey] = i
	h := p.mu.objects[s.object]
	h.size = s.size
	h.blocks++
	p.mu.objects[s.object] = h
	p.met.bytes.Add(float64(s.length))
}

// dropLocked makes nobody find a slot any more. It is free when its last pin is gone.
func (p *pool) dropLocked(i int32) {
	s := &p.mu.slots[i]
	delete(p.mu.where, s.blockKey)
	if h := p.mu.objects[s.object]; h.blocks > 1 {
		h.blocks--
		p.mu.objects[s.object] = h
	} else {
		delete(p.mu.objects, s.object)
	}
	p.met.bytes.Add(-float64(s.length))
	s.state = slotDead
	if s.pins == 0 {
		p.freeLocked(i)
	}
}

func (p *pool) freeLocked(i int32) {
	p.mu.slots[i] = slot{}
	p.mu.free = append(p.mu.free, i)
}

// unpin gives a slot back after use; damaged ones are dropped.
func (p *pool) unpin(i int32, damaged bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.mu.slots[i]
	s.pins--
	switch {
	case s.state == slotDead && s.pins == 0:
		p.freeLocked(i)
	case s.state == slotReady && damaged:
		p.dropLocked(i)
	}
}

// read fills dst with the bytes of a block from off. It reports false where the block is not here, or was and is damaged.
func (p *pool) read(k blockKey, dst []byte, off int) bool {
	p.mu.Lock()
	i, ok := p.mu.where[k]
	if !ok {
		p.mu.Unlock()
		return false
	}
	s := &p.mu.slots[i]
	if p.ttl > 0 && p.now().Unix()-s.at > int64(p.ttl/time.Second) {
		if s.pins == 0 {
			p.dropLocked(i)
		}
		p.mu.Unlock()
		return false
	}
	s.pins++
	s.uses = min(s.uses+1, maxUses)
	copyOf := *s
	p.mu.Unlock()
	ok = p.readSlot(i, &copyOf, dst, off)
	if !ok {
		p.met.damaged.Inc()
	}
	p.unpin(i, !ok)
	return ok
}

// readSlot reads from a pinned slot, and checks the whole block.
func (p *pool) readSlot(i int32, s *slot, dst []byte, off int) bool {
	if off+len(dst) > int(s.length) {
		return false
	}
	whole := dst
	if off > 0 || len(dst) < int(s.length) {
		buf := p.scratch.Get().(*[]byte)
		defer p.scratch.Put(buf)
		whole = (*buf)[:s.length]
	}
	if n, _ := p.blocks.ReadAt(whole, int64(i)*int64(p.slotSize)); n < len(whole) {
		return false
	}
	if sumOf(s.blockKey, s.size, checksum(whole)) != s.sum {
		return false
	}
	if len(whole) != len(dst) || off > 0 {
		copy(dst, whole[off:])
	}
	return true
}

// has reports whether a block is here; it may turn out to be damaged.
func (p *pool) has(k blockKey) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.mu.where[k]
	return ok
}

// object tells the size of an object of which at least one block is here.
func (p *pool) object(id objectID) (size int64, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h, ok := p.mu.objects[id]
	return h.size, ok
}

// whole tells that all blocks of an object are here, its size, and a number that changes when any object is forgotten.
func (p *pool) whole(id objectID) (size int64, changes uint64, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h, ok := p.mu.objects[id]
	return h.size, p.mu.changes, ok && int64(h.blocks) == (h.size+int64(p.slotSize)-1)/int64(p.slotSize)
}

func (p *pool) changes() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mu.changes
}

// forget drops all blocks of an object. invalidate, if not nil, is run under the lock that publishing takes.
func (p *pool) forget(id objectID, invalidate func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.changes++
	if invalidate != nil {
		invalidate()
	}
	h, ok := p.mu.objects[id]
	if !ok {
		return
	}
	for b := range uint32((h.size + int64(p.slotSize) - 1) / int64(p.slotSize)) {
		if i, ok := p.mu.where[blockKey{id, b}]; ok {
			p.dropLocked(i)
			p.clearEntry(i)
		}
	}
}

// clearEntry makes the next start not find a slot. A failure leaves an entry whose object may be gone: nobody asks for it.
func (p *pool) clearEntry(i int32) {
	_, _ = p.index.WriteAt(make([]byte, entrySize), (int64(i)+1)*entrySize)
}

// take finds a slot to write to, pinned; false where there is none, or where the disk keeps failing.
func (p *pool) take(stage bool) (int32, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mu.failures >= failuresToPause || len(p.mu.unbacked) > 0 {
		if p.now().After(p.mu.paused) {
			p.mu.failures = 0
			p.mu.free = append(p.mu.free, p.mu.unbacked...)
			p.mu.unbacked = nil
		} else if p.mu.failures >= failuresToPause {
			return 0, false
		}
	}
	// Staged blocks cannot be evicted; the other half stays for readers.
	if stage && p.mu.staged >= max(1, p.mu.limit/2) {
		return 0, false
	}
	i := int32(-1)
	switch {
	case len(p.mu.free) > 0:
		i = p.mu.free[len(p.mu.free)-1]
		p.mu.free = p.mu.free[:len(p.mu.free)-1]
	case len(p.mu.slots) < p.mu.limit && len(p.mu.unbacked) == 0: // on a full disk the file does not grow
		i = int32(len(p.mu.slots))
		p.mu.slots = append(p.mu.slots, slot{})
	default:
		i = p.evictLocked()
	}
	if i < 0 {
		return 0, false
	}
	p.mu.slots[i] = slot{state: slotTaken, pins: 1}
	if stage {
		p.mu.staged++
	}
	return i, true
}

func (p *pool) evictLocked() int32 {
	n := len(p.mu.slots)
	for range (maxUses + 2) * n {
		i := int32(p.mu.hand % n)
		p.mu.hand++
		s := &p.mu.slots[i]
		if s.state != slotReady || s.pins > 0 {
			continue
		}
		if s.uses > 0 {
			s.uses--
			continue
		}
		p.dropLocked(i)
		p.mu.free = p.mu.free[:len(p.mu.free)-1] // dropLocked put it there last
		p.met.evicted.Inc()
		return i
	}
	return -1
}

// write puts the bytes of a block into a slot that was taken. On false the slot is gone.
func (p *pool) write(i int32, k blockKey, data []byte, stage bool) bool {
	_, err := p.blocks.WriteAt(data, int64(i)*int64(p.slotSize))
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.mu.slots[i]
	if err != nil {
		*s = slot{}
		if stage {
			p.mu.staged--
		}
		p.mu.failures++
		p.mu.paused = p.now().Add(pauseTime)
		p.mu.unbacked = append(p.mu.unbacked, i)
		p.met.writeFailed.Inc()
		return false
	}
	p.mu.failures = 0
	s.blockKey, s.length, s.at = k, uint32(len(data)), p.now().Unix()
	return true
}

// publish makes a written slot, whose bytes have the checksum sum, one that readers find, unless valid, run under the lock, says no, or the block is here already.
func (p *pool) publish(i int32, size int64, sum uint32, uses uint8, stage bool, valid func() bool) {
	p.mu.Lock()
	s := &p.mu.slots[i]
	s.pins--
	if stage {
		p.mu.staged--
	}
	if _, there := p.mu.where[s.blockKey]; there || valid != nil && !valid() {
		p.freeLocked(i)
		p.mu.Unlock()
		return
	}
	s.size, s.sum, s.uses, s.state = size, sumOf(s.blockKey, size, sum), uses, slotReady
	p.enterLocked(i)
	s.pins++ // over the writing of its entry
	entry := appendEntry(nil, s)
	p.mu.Unlock()
	if _, err := p.index.WriteAt(entry, (int64(i)+1)*entrySize); err != nil {
		p.met.writeFailed.Inc() // the next start does not find the block
	}
	p.unpin(i, false)
}

// readStaged reads back a slot that was staged with length bytes of the checksum sum.
func (p *pool) readStaged(i int32, dst []byte, sum uint32) error {
	if n, err := p.blocks.ReadAt(dst, int64(i)*int64(p.slotSize)); n < len(dst) {
		return errs.Wrap(errs.StorageUnavailable, err, "read back block of the write cache")
	}
	if checksum(dst) != sum {
		p.met.damaged.Inc()
		return errs.New(errs.StorageUnavailable, "block of the write cache is not what was written")
	}
	return nil
}

// abandon gives up slots that were staged.
func (p *pool) abandon(slots []int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, i := range slots {
		p.mu.staged--
		p.freeLocked(i)
	}
}

// keep stores the blocks of a piece of an object; data begins at a block's beginning and ends at one's end or the object's.
func (p *pool) keep(id objectID, size, off int64, data []byte, uses uint8, valid func() bool) {
	for len(data) > 0 {
		n := min(len(data), p.slotSize)
		k := blockKey{id, uint32(off / int64(p.slotSize))}
		if !p.has(k) {
			i, ok := p.take(false)
			if !ok {
				p.met.bypassed.Inc()
				return
			}
			if !p.write(i, k, data[:n], false) {
				p.met.bypassed.Inc()
				return
			}
			p.publish(i, size, checksum(data[:n]), uses, false, valid)
		}
		data = data[n:]
		off += int64(n)
	}
}

// prepare makes the folder of pools, and removes files that are none of theirs.
func prepare(fsys vfs.FS, dir string, names []string) error {
	if err := fsys.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return err
	}
	known := map[string]bool{lockName: true}
	for _, n := range names {
		known[n+blocksSuffix], known[n+indexSuffix] = true, true
	}
	for _, e := range entries {
		if !known[e.Name()] && !e.IsDir() {
			if err := fsys.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

const lockName = "LOCK"
