package cache

import (
	"math/rand"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/budget"
)

// What is asked for once is not admitted, what is asked for again is, as long as there is room.
func TestAdmitsTheSecondTime(t *testing.T) {
	b := budget.New(1000)
	c := New[int, int]("x", b, 1000, NewMetrics(nil))
	for i := range 10 {
		if c.Admit(i, 100) {
			t.Fatalf("%d was admitted at once", i)
		}
	}
	for i := range 10 {
		if !c.Admit(i, 100) {
			t.Fatalf("%d was not admitted the second time", i)
		}
		c.Add(i, i, 100)
	}
	if !c.Admit(3, 100) {
		t.Fatal("what is there is not admitted")
	}
	if v, ok := c.Peek(3); !ok || v != 3 {
		t.Fatal(v, ok)
	}
	if _, ok := c.Peek(11); ok {
		t.Fatal("11 was never added")
	}
}

// A scan of ten times what fits, again and again, finds what fits; least recently used alone would find nothing.
func TestScanOfMoreThanFits(t *testing.T) {
	const entries, room = 2000, 200
	b := budget.New(room)
	c := New[int, int]("x", b, room, NewMetrics(nil))
	hits := 0
	for round := range 10 {
		for i := range entries {
			if c.Admit(i, 1) {
				if _, ok := c.Get(i); !ok {
					c.Add(i, i, 1)
				} else if round >= 5 {
					hits++
				}
			}
		}
	}
	if hits < 5*room/2 || c.Bytes() > room {
		t.Fatalf("%d hits of at most %d, %d bytes", hits, 5*room, c.Bytes())
	}
}

// Those asked for most often stay, whatever else comes by.
func TestKeepsTheFrequent(t *testing.T) {
	b := budget.New(100)
	c := New[int, int]("x", b, 100, NewMetrics(nil))
	rnd := rand.New(rand.NewSource(1))
	ask := func(k int) bool {
		if _, ok := c.Get(k); ok {
			return true
		}
		if c.Admit(k, 1) {
			c.Add(k, k, 1)
		}
		return false
	}
	hits, asked := 0, 0
	for i := range 200_000 {
		if i%2 == 0 {
			if hit := ask(rnd.Intn(80)); i > 100_000 {
				asked++
				if hit {
					hits++
				}
			}
		} else {
			ask(1000 + rnd.Intn(5000))
		}
	}
	if float64(hits) < 0.7*float64(asked) {
		t.Errorf("%d of %d questions for the frequent were answered", hits, asked)
	}
}

func BenchmarkAdmit(b *testing.B) {
	c := New[int, int]("x", budget.New(1<<20), 1<<20, NewMetrics(nil))
	i := 0
	for b.Loop() {
		i++
		c.Admit(i&0xffff, 8192)
	}
}
