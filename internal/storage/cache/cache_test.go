package cache

import (
	"math/rand"
	"sync"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/budget"
)

func TestKeepsTheUsed(t *testing.T) {
	b := budget.New(1000)
	c := New[int, *int]("x", b, 1000, NewMetrics(nil))
	for i := range 100 {
		c.Add(i, &i, 10)
	}
	if c.Bytes() != 1000 || c.Len() != 100 {
		t.Fatal(c.Bytes(), c.Len())
	}
	for range 10 {
		c.Get(7)
		c.Add(1000+rand.Int(), new(int), 10)
	}
	if v, ok := c.Get(7); !ok || *v != 7 {
		t.Fatal("an entry in use was evicted before idle ones")
	}
	if c.Bytes() > 1000 {
		t.Fatal(c.Bytes())
	}
	x := new(int)
	if c.Add(7, x, 10) == x {
		t.Fatal("a second Add replaced the entry")
	}
	if c.Add(-1, x, 2000) != x || c.Bytes() > 1000 {
		t.Fatal("a value larger than the budget")
	}
	if _, ok := c.Get(-1); ok {
		t.Fatal("a value larger than the budget was kept")
	}
	c.Remove(7)
	if _, ok := c.Get(7); ok {
		t.Fatal("removed, but there")
	}
	c.RemoveIf(func(int) bool { return true })
	if c.Len() != 0 || c.Bytes() != 0 || b.Used() != 0 {
		t.Fatal(c.Len(), c.Bytes())
	}
}

// What caches hold is for the taking by others.
func TestGivesWay(t *testing.T) {
	b := budget.New(1000)
	c := New[int, int]("x", b, 0, NewMetrics(nil))
	for i := range 100 {
		c.Add(i, i, 10)
	}
	q := b.Account("query", budget.Options{})
	if err := q.Reserve(700); err != nil {
		t.Fatal(err)
	}
	if c.Bytes() > 300 || c.Bytes() == 0 {
		t.Fatal(c.Bytes())
	}
}

// Bytes held are the sum of the entries, whatever happens at once.
func TestConcurrent(t *testing.T) {
	b := budget.New(5000)
	c := New[int, int]("x", b, 0, NewMetrics(nil))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewSource(int64(g)))
			for range 5000 {
				k := r.Intn(300)
				switch r.Intn(10) {
				case 0:
					c.Remove(k)
				case 1:
					c.Shrink(100)
				default:
					if v, ok := c.Get(k); ok && v != k {
						t.Error("another key's value")
					} else if !ok {
						c.Add(k, k, int64(k+1))
					}
				}
			}
		})
	}
	wg.Wait()
	c.Shrink(1 << 40)
	if c.Len() != 0 || b.Used() != 0 {
		t.Fatal(c.Len(), b.Used())
	}
}
