package series

import (
	"iter"
	"math/bits"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Selection is some of the series of a table: those of [From, To) whose bit is set. It is read-only.
type Selection struct {
	From, To int
	Bits     model.Bitmap // bit i is series From+i; nil: all of them
}

// All is every series of t.
func (t *Table) All() Selection { return Selection{To: t.Len()} }

// Count is how many series are selected.
func (s Selection) Count() int {
	if s.Bits == nil {
		return max(0, s.To-s.From)
	}
	return s.Bits.Count(s.To - s.From)
}

// Empty reports that nothing is selected.
func (s Selection) Empty() bool {
	for range s.Runs() {
		return false
	}
	return true
}

// Contains reports whether series i is selected.
func (s Selection) Contains(i int) bool {
	return i >= s.From && i < s.To && (s.Bits == nil || s.Bits.Get(i-s.From))
}

// Next is the first selected series from i on; To or more if there is none.
func (s Selection) Next(i int) int {
	i = max(i, s.From)
	if s.Bits == nil || i >= s.To {
		return i
	}
	return s.From + nextBit(s.Bits, i-s.From, s.To-s.From, 0)
}

// Whole reports that all n series of a table are selected.
func (s Selection) Whole(n int) bool {
	return s.From == 0 && s.To == n && (s.Bits == nil || s.Bits.Count(n) == n)
}

// Runs gives the selected series as ranges [from, to), ascending, not touching one another.
func (s Selection) Runs() iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		n := s.To - s.From
		if s.Bits == nil {
			if n > 0 {
				yield(s.From, s.To)
			}
			return
		}
		for i := 0; i < n; {
			i = nextBit(s.Bits, i, n, 0)
			if i >= n {
				return
			}
			j := nextBit(s.Bits, i, n, ^uint64(0))
			if !yield(s.From+i, s.From+j) {
				return
			}
			i = j
		}
	}
}

// nextBit is the first i ≥ from whose bit, after the word is changed by flip, is set; n if none.
func nextBit(b model.Bitmap, from, n int, flip uint64) int {
	w := from >> 6
	if from >= n {
		return n
	}
	x := (b[w] ^ flip) >> (from & 63) << (from & 63)
	for x == 0 {
		w++
		if w >= len(b) || w<<6 >= n {
			return n
		}
		x = b[w] ^ flip
	}
	return min(n, w<<6+bits.TrailingZeros64(x))
}

// Ordinals lists the selected series.
func (s Selection) Ordinals() []uint32 {
	out := make([]uint32, 0, s.Count())
	for from, to := range s.Runs() {
		for i := from; i < to; i++ {
			out = append(out, uint32(i))
		}
	}
	return out
}

// RowRange is rows [Start, End) of a run.
type RowRange = model.RowRange

// RowsOf gives the rows of the selected series, ascending and not touching one another.
func (t *Table) RowsOf(s Selection) []RowRange {
	var out []RowRange
	for from, to := range s.Runs() {
		r := RowRange{Start: int(t.Start[from]), End: int(t.Start[to])}
		if n := len(out); n > 0 && out[n-1].End == r.Start {
			out[n-1].End = r.End
		} else if r.Start < r.End {
			out = append(out, r)
		}
	}
	return out
}
