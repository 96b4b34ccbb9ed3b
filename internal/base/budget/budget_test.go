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
