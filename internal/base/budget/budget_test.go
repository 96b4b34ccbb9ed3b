package budget

import (
	"math/rand"
	"sync"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

func TestLimits(t *testing.T) {
	b := New(100)
	a := b.Account("a", Options{Soft: 20, Hard: 60})
	c := b.Account("c", Options{})
	if err := a.Reserve(61); !errs.Is(err, errs.RuntimeResourcesExhausted) {
		t.Fatal(err)
	}
	if err := a.Reserve(60); err != nil || !a.OverSoft() {
		t.Fatal(err)
	}
	if err := c.Reserve(41); !errs.Is(err, errs.RuntimeResourcesExhausted) {
		t.Fatal(err)
	}
	if b.Used() != 60 || a.Used() != 60 || c.Used() != 0 {
		t.Fatal("a refused reservation left something behind")
	}
	if err := c.Reserve(40); err != nil {
		t.Fatal(err)
	}
	a.Release(60)
	c.Release(40)
	c.Force(150)
	if a.TryReserve(1) || b.Used() != 150 {
		t.Fatal("forced memory does not count")
	}
}

// Whoever is furthest over its soft limit is asked first, and only for what is missing.
func TestShrinkOrder(t *testing.T) {
	b := New(100)
	var asked []string
	accounts := map[string]*Account{}
	hold := func(name string, soft, used int64) {
		accounts[name] = b.Account(name, Options{Soft: soft, Shrink: func(need int64) {
			asked = append(asked, name)
			n := min(need, accounts[name].Used())
			accounts[name].Release(n)
		}})
		if err := accounts[name].Reserve(used); err != nil {
			t.Fatal(err)
		}
	}
	hold("under", 50, 30)
	hold("over", 10, 40)
	hold("little", 0, 20)
	q := b.Account("query", Options{})
	if err := q.Reserve(40); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 1 || asked[0] != "over" || accounts["over"].Used() != 10 || accounts["under"].Used() != 30 {
		t.Fatal(asked, accounts["over"].Used())
	}
	if err := q.Reserve(60); err != nil || b.Used() != 100 {
		t.Fatal(err, b.Used())
	}
}

func TestConcurrent(t *testing.T) {
	b := New(1000)
	var wg sync.WaitGroup
	for i := range 8 {
		a := b.Account(string(rune('a'+i)), Options{Hard: 300})
		wg.Go(func() {
			r := rand.New(rand.NewSource(int64(i)))
			var held []int64
			for range 2000 {
				if n := 1 + r.Int63n(200); a.Reserve(n) == nil {
					held = append(held, n)
				}
				if a.Used() > 300 {
					// TryReserve adds before it looks, so others may see a moment's excess of the whole, but not of an account of one goroutine
					t.Error("over the hard limit")
				}
				if len(held) > 0 && r.Intn(2) == 0 {
					a.Release(held[0])
					held = held[1:]
				}
			}
			for _, n := range held {
				a.Release(n)
			}
		})
	}
	wg.Wait()
	if b.Used() != 0 {
		t.Fatal(b.Used())
	}
}

// Memory that cannot be refused pushes out what can be given back, and no more of it than needed.
func TestForcePushesCachesOut(t *testing.T) {
	b := New(1000)
	var cache *Account
	cache = b.Account("cache", Options{Shrink: func(need int64) { cache.Release(min(need, cache.Used())) }})
	rows := b.Account("rows", Options{})
	if err := cache.Reserve(900); err != nil {
		t.Fatal(err)
	}
	rows.Force(100)
	if cache.Used() != 900 {
		t.Errorf("the cache shrank to %d while there was room", cache.Used())
	}
	rows.Force(300)
	if cache.Used() != 600 || b.Used() != 1000 {
		t.Errorf("the cache holds %d, all hold %d", cache.Used(), b.Used())
	}
	rows.Force(2000)
	if cache.Used() != 0 || b.Used() != 2400 {
		t.Errorf("the cache holds %d, all hold %d", cache.Used(), b.Used())
	}
	got := b.Accounts()
	if len(got) != 2 || got[0] != (Usage{Name: "cache", Hard: 1000, Shrinks: true}) || got[1] != (Usage{Name: "rows", Used: 2400, Hard: 1000}) {
		t.Errorf("%+v", got)
	}
}
