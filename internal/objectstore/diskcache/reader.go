package diskcache

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

const (
	// fetchUnit is the least that is asked of a store: a request costs as long as a quarter of a megabyte takes to come.
	fetchUnit = 256 << 10
	// maxFetch is the most that one request asks for; longer ranges are asked for in pieces at the same time.
	maxFetch = 4 << 20
	// wholeData and wholeIndex are the sizes up to which objects are fetched whole by their first read.
	wholeData  = 1 << 20
	wholeIndex = maxFetch
	// parallel is how many requests one read has under way.
	parallel = 4
)

type flightKey struct {
	object objectID
	unit   int64
}

// flight is a piece of an object on its way from the store. All who want it wait for it.
type flight struct {
	off   int64
	n     int64
	done  chan struct{} // closed when data and err are there
	data  []byte
	err   error
	stale bool // the object was replaced or deleted meanwhile: not to be kept; guarded by the pool's lock
}

// reader reads ranges of one object.
type reader struct {
	s    *Store
	p    *pool
	key  string
	id   objectID
	size int64

	// Sequential reads fetch more and more ahead.
	next  atomic.Int64 // where the last fetch ended
	ahead atomic.Int64 // how much the next one takes at least, if it goes on there
}

// Size implements objectstore.Reader.
func (r *reader) Size() int64 { return r.size }

// Close implements objectstore.Reader.
func (r *reader) Close() error { return nil }

// ReadRange implements objectstore.Reader.
func (r *reader) ReadRange(ctx context.Context, dst []byte, off int64) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, objectstore.Fail(objectstore.OpRead, r.key, err)
	}
	if off < 0 {
		return 0, objectstore.Fail(objectstore.OpRead, r.key, errs.New(errs.InvalidArguments, "offset %d is negative", off))
	}
	n := int64(len(dst))
	if off+n > r.size {
		n = max(0, r.size-off)
	}
	missing := r.local(dst[:n], off)
	if len(missing) == 0 {
		r.p.met.hit.Inc()
	} else {
		r.p.met.miss.Inc()
		if err := r.remote(ctx, dst[:n], off, missing); err != nil {
			return 0, err
		}
	}
	if int(n) < len(dst) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// local reads what is on the disk into dst and gives the blocks that are not.
func (r *reader) local(dst []byte, off int64) (missing []uint32) {
	bs := int64(r.p.slotSize)
	for at := off; at < off+int64(len(dst)); {
		b := at / bs
		end := min((b+1)*bs, off+int64(len(dst)))
		if !r.p.read(blockKey{r.id, uint32(b)}, dst[at-off:end-off], int(at-b*bs)) {
			missing = append(missing, uint32(b))
		}
		at = end
	}
	return missing
}

// missing are the blocks of a range that are not on the disk.
func (r *reader) missing(off, n int64) (out []uint32) {
	bs := int64(r.p.slotSize)
	for b := off / bs; b*bs < off+n; b++ {
		if !r.p.has(blockKey{r.id, uint32(b)}) {
			out = append(out, uint32(b))
		}
	}
	return out
}

// remote fetches blocks and copies what of them belongs into dst.
func (r *reader) remote(ctx context.Context, dst []byte, off int64, missing []uint32) error {
	flights, err := r.fetch(ctx, missing)
	if err != nil {
		return err
	}
	bs := int64(r.p.slotSize)
	for _, b := range missing {
		from, to := max(off, int64(b)*bs), min(off+int64(len(dst)), (int64(b)+1)*bs)
		for _, f := range flights {
			lo, hi := max(from, f.off), min(to, f.off+f.n)
			if lo < hi {
				copy(dst[lo-off:hi-off], f.data[lo-f.off:hi-f.off])
			}
		}
	}
	return nil
}

// unit is the length of fetched pieces: whole blocks.
func (r *reader) unit() int64 {
	if r.size <= r.wholeSize() {
		return max(1, (r.size+int64(r.p.slotSize)-1)/int64(r.p.slotSize)) * int64(r.p.slotSize)
	}
	return max(fetchUnit, int64(r.p.slotSize))
}

func (r *reader) wholeSize() int64 {
	if r.p.name == kindNames[Index] {
		return wholeIndex
	}
	return wholeData
}

// fetch gets pieces that hold the blocks, each from whoever is fetching it already, or from the store.
func (r *reader) fetch(ctx context.Context, missing []uint32) ([]*flight, error) {
	for {
		flights, mine := r.depart(missing)
		r.land(ctx, mine)
		again := false
		for _, f := range flights {
			select {
			case <-f.done:
			case <-ctx.Done():
				return nil, objectstore.Fail(objectstore.OpRead, r.key, ctx.Err())
			}
			switch {
			case f.err == nil:
			case objectstore.KindOf(f.err) == objectstore.KindCancelled && ctx.Err() == nil:
				again = true // whoever fetched for us went away
			default:
				return nil, f.err
			}
		}
		if !again {
			return flights, nil
		}
	}
}

// depart finds the flights that hold the blocks; those of them that are not under way are mine to bring home.
func (r *reader) depart(missing []uint32) (flights, mine []*flight) {
	unit, bs := r.unit(), int64(r.p.slotSize)
	var units []int64
	for _, b := range missing {
		if u := int64(b) * bs / unit; len(units) == 0 || units[len(units)-1] != u {
			units = append(units, u)
		}
	}
	units = r.extend(units, unit)
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	var last *flight // mine, and its end may be moved
	for _, u := range units {
		k := flightKey{r.id, u}
		if f := r.s.mu.flights[k]; f != nil {
			if !slices.Contains(flights, f) {
				flights = append(flights, f)
			}
			last = nil
			continue
		}
		n := min(unit, r.size-u*unit)
		if last != nil && last.off+last.n == u*unit && last.n+n <= maxFetch {
			last.n += n
		} else {
			last = &flight{off: u * unit, n: n, done: make(chan struct{})}
			flights, mine = append(flights, last), append(mine, last)
		}
		r.s.mu.flights[k] = last
	}
	return flights, mine
}

// extend adds the units that a sequential reader will want next.
func (r *reader) extend(units []int64, unit int64) []int64 {
	first, last := units[0], units[len(units)-1]
	ahead := int64(0)
	if next := r.next.Load(); next > 0 && first*unit <= next && next <= (last+1)*unit {
		ahead = min(max(2*r.ahead.Load(), 2*unit), maxFetch)
	}
	r.ahead.Store(ahead)
	for u := last + 1; u*unit < r.size && (u-first+1)*unit <= ahead; u++ {
		if r.p.has(blockKey{r.id, uint32(u * unit / int64(r.p.slotSize))}) {
			break
		}
		units = append(units, u)
	}
	r.next.Store((units[len(units)-1] + 1) * unit)
	return units
}

// land brings flights home, a few at a time, and keeps what they carry.
func (r *reader) land(ctx context.Context, mine []*flight) {
	if len(mine) == 0 {
		return
	}
	var wg sync.WaitGroup
	gate := make(chan struct{}, parallel)
	for _, f := range mine[1:] {
		wg.Go(func() {
			gate <- struct{}{}
			r.get(ctx, f)
			<-gate
		})
	}
	r.get(ctx, mine[0])
	wg.Wait()
}

func (r *reader) get(ctx context.Context, f *flight) {
	f.data, f.err = r.s.Store.GetRange(ctx, r.key, f.off, f.n)
	if f.err == nil && int64(len(f.data)) != f.n {
		f.err = short(r.key, int64(len(f.data)), f.n)
	}
	var e *objectstore.Error
	if errors.As(f.err, &e) {
		f.err = &objectstore.Error{Op: objectstore.OpRead, Key: r.key, Err: e.Err}
	}
	r.s.c.met.fetches.Inc()
	r.s.c.met.fetched.Add(float64(len(f.data)))
	close(f.done)
	if f.err == nil && !r.s.c.o.NoRefill {
		r.p.keep(r.id, r.size, f.off, f.data, 0, f.valid)
	}
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	unit := r.unit()
	for u := f.off / unit; u*unit < f.off+f.n; u++ {
		if k := (flightKey{r.id, u}); r.s.mu.flights[k] == f {
			delete(r.s.mu.flights, k)
		}
	}
}
