// Package waltest is the suite that every home of wal.Log passes.
package waltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand"
	"sync"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/wal"
)

// Run runs the suite. open opens a log; it is called again, after Close, to see what a restart finds: then with the same place,
// which belongs to one subtest.
func Run(t *testing.T, open func(t *testing.T, place string) wal.Log) {
	for _, c := range []struct {
		name string
		f    func(t *testing.T, open func() wal.Log)
	}{
		{"AppendReplay", appendReplay},
		{"ManyRegions", manyRegions},
		{"Obsolete", obsolete},
		{"Drop", drop},
		{"Refuses", refuses},
		{"Concurrent", concurrent},
		{"ReplayWhileAppending", replayWhileAppending},
		{"Laggards", laggards},
		{"Closed", closed},
		{"Context", canceled},
		{"Model", model},
	} {
		t.Run(c.name, func(t *testing.T) {
			place := t.TempDir()
			var opened []wal.Log
			c.f(t, func() wal.Log {
				l := open(t, place)
				opened = append(opened, l)
				return l
			})
			for _, l := range opened {
				_ = l.Close()
			}
		})
	}
}

// noise is what payloads are cut from: bytes that compress to about a third. Never changed.
var noise = sync.OnceValue(func() []byte {
	rng := rand.New(rand.NewSource(1))
	b := make([]byte, 64<<10)
	for i := range b {
		b[i] = byte(rng.Intn(4))
	}
	return b
})

// Payload is the content of an entry in these tests: it differs for every region and id, and every third is large. It is made for every
// entry that a replay delivers, so it is a copy of noise from a place of its own rather than drawn byte by byte.
func Payload(r wal.RegionID, id uint64) []byte {
	n := int(id % 100)
	if id%3 == 0 {
		n = 9000 + int(id%1000)
	}
	b := fmt.Appendf(make([]byte, 0, n+48), "%d/%d:", r, id)
	if len(b) >= n {
		return b
	}
	from := noise()
	at := int((uint64(r)*1000003 + id*7919) % uint64(len(from)-n))
	return append(b, from[at:at+n-len(b)]...)
}

// Entries makes entries from..to of a region.
func Entries(r wal.RegionID, from, to uint64) []wal.Entry {
	var out []wal.Entry
	for id := from; id <= to; id++ {
		out = append(out, wal.Entry{Region: r, ID: id, Payload: Payload(r, id)})
	}
	return out
}

// Replayed gives the ids that a replay delivers, and checks their order and payloads.
func Replayed(l wal.Log, r wal.RegionID, from uint64) ([]uint64, error) {
	var ids []uint64
	err := l.Replay(context.Background(), r, from, func(e wal.Entry) error {
		switch {
		case e.Region != r:
			return fmt.Errorf("replay of region %s delivers entry of %s", r, e.Region)
		case e.ID < from || len(ids) > 0 && e.ID <= ids[len(ids)-1]:
			return fmt.Errorf("replay of region %s from %d delivers %d after %v", r, from, e.ID, ids)
		case !bytes.Equal(e.Payload, Payload(r, e.ID)):
			return fmt.Errorf("entry %d of region %s has another payload of %d bytes", e.ID, r, len(e.Payload))
		}
		ids = append(ids, e.ID)
		return nil
	})
	return ids, err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func appendIDs(t *testing.T, l wal.Log, r wal.RegionID, from, to uint64) {
	t.Helper()
	must(t, l.Append(context.Background(), Entries(r, from, to)))
}

func expect(t *testing.T, l wal.Log, r wal.RegionID, from uint64, first, last uint64) {
	t.Helper()
	ids, err := Replayed(l, r, from)
	must(t, err)
	var want []uint64
	for id := first; id <= last && last > 0; id++ {
		want = append(want, id)
	}
	if fmt.Sprint(ids) != fmt.Sprint(want) {
		t.Fatalf("replay of region %s from %d delivers %v, want %v", r, from, ids, want)
	}
}

func appendReplay(t *testing.T, open func() wal.Log) {
	l := open()
	expect(t, l, 7, 1, 0, 0)
	appendIDs(t, l, 7, 1, 10)
	must(t, l.Append(context.Background(), nil))
	must(t, l.Append(context.Background(), []wal.Entry{{Region: 8, ID: 100, Payload: Payload(8, 100)}}))
	for range 2 {
		expect(t, l, 7, 1, 1, 10)
		expect(t, l, 7, 5, 5, 10)
		expect(t, l, 7, 11, 0, 0)
		expect(t, l, 8, 0, 100, 100)
		must(t, l.Close())
		l = open()
	}
	stop := errors.New("stop")
	n := 0
	if err := l.Replay(context.Background(), 7, 1, func(wal.Entry) error { n++; return stop }); err != stop || n != 1 {
		t.Fatalf("replay stopped by its callback returns %v after %d entries", err, n)
	}
	appendIDs(t, l, 7, 11, 12)
	expect(t, l, 7, 1, 1, 12)
}

func manyRegions(t *testing.T, open func() wal.Log) {
	l := open()
	for id := uint64(1); id <= 20; id++ {
		var batch []wal.Entry
		for r := wal.RegionID(1); r <= 50; r++ {
			batch = append(batch, wal.Entry{Region: r, ID: id, Payload: Payload(r, id)})
		}
		must(t, l.Append(context.Background(), batch))
	}
	must(t, l.Close())
	l = open()
	var wg sync.WaitGroup
	for r := wal.RegionID(1); r <= 50; r++ {
		wg.Go(func() {
			if ids, err := Replayed(l, r, 3); err != nil || len(ids) != 18 {
				t.Errorf("region %s: %d entries, %v", r, len(ids), err)
			}
		})
	}
	wg.Wait()
}

func obsolete(t *testing.T, open func() wal.Log) {
	l := open()
	ctx := context.Background()
	appendIDs(t, l, 1, 1, 10)
	appendIDs(t, l, 2, 1, 10)
	must(t, l.Obsolete(ctx, 1, 4))
	must(t, l.Obsolete(ctx, 1, 3)) // a mark does not go back
	must(t, l.Obsolete(ctx, 99, 3))
	for range 2 {
		expect(t, l, 1, 1, 5, 10)
		expect(t, l, 2, 1, 1, 10)
		must(t, l.Close())
		l = open()
	}
	must(t, l.Obsolete(ctx, 1, 10))
	expect(t, l, 1, 1, 0, 0)
	appendIDs(t, l, 1, 11, 12)
	must(t, l.Close())
	l = open()
	expect(t, l, 1, 1, 11, 12)
	st := l.Stats()
	if len(st.Regions) != 2 || st.Regions[0].Region != 1 || st.Regions[0].Oldest != 11 || st.Regions[0].Newest != 12 || st.Regions[1].Oldest != 1 {
		t.Fatalf("stats %+v", st)
	}
}

func drop(t *testing.T, open func() wal.Log) {
	l := open()
	ctx := context.Background()
	appendIDs(t, l, 1, 1, 10)
	appendIDs(t, l, 2, 1, 10)
	must(t, l.Obsolete(ctx, 1, 8))
	must(t, l.Drop(ctx, 1))
	must(t, l.Drop(ctx, 3))
	expect(t, l, 1, 1, 0, 0)
	appendIDs(t, l, 1, 1, 3)
	for range 2 {
		expect(t, l, 1, 1, 1, 3)
		expect(t, l, 2, 1, 1, 10)
		must(t, l.Close())
		l = open()
	}
	must(t, l.Drop(ctx, 1))
	must(t, l.Close())
	l = open()
	expect(t, l, 1, 1, 0, 0)
}

func refuses(t *testing.T, open func() wal.Log) {
	l := open()
	ctx := context.Background()
	appendIDs(t, l, 1, 5, 6)
	for _, bad := range [][]wal.Entry{
		Entries(1, 6, 6),
		{{Region: 1, ID: 0}},
		{{Region: 2, ID: 3}, {Region: 2, ID: 3}},
		{{Region: 2, ID: 3}, {Region: 2, ID: 2}},
	} {
		if err := l.Append(ctx, bad); !errs.Is(err, errs.InvalidArguments) {
			t.Fatalf("append of %v: %v", bad, err)
		}
	}
	expect(t, l, 2, 1, 0, 0)
	must(t, l.Obsolete(ctx, 1, 20))
	if err := l.Append(ctx, Entries(1, 20, 20)); !errs.Is(err, errs.InvalidArguments) {
		t.Fatalf("append below the mark: %v", err)
	}
	appendIDs(t, l, 1, 21, 21)
	expect(t, l, 1, 1, 21, 21)
}

func concurrent(t *testing.T, open func() wal.Log) {
	l := open()
	var wg sync.WaitGroup
	for r := wal.RegionID(1); r <= 16; r++ {
		wg.Go(func() {
			for id := uint64(1); id <= 40; id++ {
				if err := l.Append(context.Background(), Entries(r, id, id)); err != nil {
					t.Error(err)
					return
				}
				if id%10 == 0 && r%2 == 0 {
					if err := l.Obsolete(context.Background(), r, id-5); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	for range 2 {
		for r := wal.RegionID(1); r <= 16; r++ {
			if r%2 == 0 {
				expect(t, l, r, 1, 36, 40)
			} else {
				expect(t, l, r, 1, 1, 40)
			}
		}
		must(t, l.Close())
		l = open()
	}
}

func replayWhileAppending(t *testing.T, open func() wal.Log) {
	l := open()
	appendIDs(t, l, 1, 1, 20)
	var wg sync.WaitGroup
	wg.Go(func() {
		for id := uint64(21); id <= 100; id++ {
			if err := l.Append(context.Background(), Entries(1, id, id)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 10 {
		ids, err := Replayed(l, 1, 1)
		must(t, err)
		if len(ids) < 20 || ids[0] != 1 || ids[len(ids)-1] != uint64(len(ids)) {
			t.Fatalf("replay beside appends delivers %v", ids)
		}
	}
	wg.Wait()
	expect(t, l, 1, 1, 1, 100)
}

func laggards(t *testing.T, open func() wal.Log) {
	l := open()
	appendIDs(t, l, 1, 1, 3)
	for id := uint64(1); id <= 200; id++ {
		appendIDs(t, l, 2, id, id)
	}
	if got := l.Laggards(1 << 40); len(got) != 0 {
		t.Fatalf("laggards of a small log: %+v", got)
	}
	got := l.Laggards(0)
	if len(got) != 2 || got[0].Oldest != 1 || got[0].Bytes == 0 {
		t.Fatalf("laggards: %+v", got)
	}
	must(t, l.Obsolete(context.Background(), 1, 3))
	must(t, l.Obsolete(context.Background(), 2, 200))
	if got := l.Laggards(0); len(got) != 0 {
		t.Fatalf("laggards of a log that nobody needs: %+v", got)
	}
}

func closed(t *testing.T, open func() wal.Log) {
	l := open()
	appendIDs(t, l, 1, 1, 1)
	must(t, l.Close())
	must(t, l.Close())
	ctx := context.Background()
	for name, err := range map[string]error{
		"append":   l.Append(ctx, Entries(1, 2, 2)),
		"replay":   l.Replay(ctx, 1, 1, func(wal.Entry) error { return nil }),
		"obsolete": l.Obsolete(ctx, 1, 1),
		"drop":     l.Drop(ctx, 1),
	} {
		if !errors.Is(err, wal.ErrClosed) {
			t.Errorf("%s on a closed log: %v", name, err)
		}
	}
}

func canceled(t *testing.T, open func() wal.Log) {
	l := open()
	appendIDs(t, l, 1, 1, 5)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.Replay(ctx, 1, 1, func(wal.Entry) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("replay with a cancelled context: %v", err)
	}
	// An append may be too far to be called back; if it says it failed, the entry is not there.
	err := l.Append(ctx, Entries(1, 6, 6))
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("append with a cancelled context: %v", err)
	}
	if err != nil {
		expect(t, l, 1, 1, 1, 5)
	} else {
		expect(t, l, 1, 1, 1, 6)
	}
}

// model compares a log with a plain one through random operations and restarts.
func model(t *testing.T, open func() wal.Log) {
	type region struct{ last, obsolete uint64 }
	rng := rand.New(rand.NewSource(1))
	regions := map[wal.RegionID]*region{}
	for r := wal.RegionID(1); r <= 5; r++ {
		regions[r] = &region{}
	}
	ctx := context.Background()
	l := open()
	entries := map[wal.RegionID][]uint64{}
	check := func() {
		t.Helper()
		for r, m := range regions {
			var want []uint64
			for _, id := range entries[r] {
				if id > m.obsolete {
					want = append(want, id)
				}
			}
			got, err := Replayed(l, r, 1)
			must(t, err)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("region %s: %v, want %v", r, got, want)
			}
		}
	}
	for range 600 {
		r := wal.RegionID(1 + rng.Intn(5))
		m := regions[r]
		switch rng.Intn(20) {
		case 0:
			check()
			must(t, l.Close())
			l = open()
			check()
		case 1:
			must(t, l.Drop(ctx, r))
			*m, entries[r] = region{}, nil
		case 2, 3, 4:
			upTo := m.obsolete + uint64(rng.Int63n(int64(m.last-m.obsolete)+1))
			must(t, l.Obsolete(ctx, r, upTo))
			m.obsolete = upTo
		default:
			var batch []wal.Entry
			for range 1 + rng.Intn(3) {
				r := wal.RegionID(1 + rng.Intn(5))
				m := regions[r]
				m.last += 1 + uint64(rng.Intn(2))
				batch = append(batch, wal.Entry{Region: r, ID: m.last, Payload: Payload(r, m.last)})
				entries[r] = append(entries[r], m.last)
			}
			must(t, l.Append(ctx, batch))
		}
	}
	check()
}
