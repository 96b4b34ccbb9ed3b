package budget

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// TestLease: a lease takes whole steps while there is room for them, what is missing where there is not, and gives everything back.
func TestLease(t *testing.T) {
	a := New(100).Account("queries", Options{})
	l := a.Lease(40)
	expect := func(what string, used, held int64) {
		t.Helper()
		if l.Used() != used || a.Used() != held {
			t.Errorf("%s: %d used, %d held, want %d, %d", what, l.Used(), a.Used(), used, held)
		}
	}
	reserve := func(n int64, ok bool) {
		t.Helper()
		if err := l.Reserve(n); (err == nil) != ok || err != nil && !errs.Is(err, errs.RuntimeResourcesExhausted) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	reserve(1, true)
	expect("first step", 1, 40)
	reserve(39, true)
	expect("rest of it", 40, 40)
	reserve(41, true)
	expect("more than a step", 81, 81)
	reserve(10, true)
	expect("no room for a step", 91, 91)
	reserve(10, false)
	expect("refused", 91, 91)
	l.GiveBack(60)
	expect("given back", 31, 71)
	reserve(0, true)
	l.Release()
	l.Release()
	expect("released", 0, 0)
	for _, none := range []*Lease{nil, {}, (*Account)(nil).Lease(8)} {
		if err := none.Reserve(1 << 40); err != nil {
			t.Error(err)
		}
		none.GiveBack(1)
		none.Release()
	}
}

// TestLeasesAtOnce: whatever many holders do, what they hold is what the account says, and nothing stays.
func TestLeasesAtOnce(t *testing.T) {
	a := New(1<<20).Account("queries", Options{})
	var wg sync.WaitGroup
	for seed := range uint64(4) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, 1))
			l := a.Lease(r.Int64N(1000))
			var parts sync.WaitGroup
			for part := range uint64(3) {
				parts.Go(func() {
					r := rand.New(rand.NewPCG(seed, part))
					held := int64(0)
					for range 500 {
						if n := r.Int64N(4000); r.IntN(3) > 0 && l.Reserve(n) == nil {
							held += n
						} else if held > 0 {
							n = r.Int64N(held + 1)
							l.GiveBack(n)
							held -= n
						}
					}
				})
			}
			parts.Wait()
			l.Release()
		})
	}
	wg.Wait()
	if a.Used() != 0 || a.Budget().Used() != 0 {
		t.Errorf("%d bytes stay", a.Used())
	}
}
