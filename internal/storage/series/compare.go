package series

import (
	"bytes"
	"cmp"
)

// CompareSeries orders series i of a and series j of b, tables of the same tags, as runs are sorted.
func CompareSeries(a *Table, i int, b *Table, j int) int {
	for k := range a.Tags {
		x, y := a.Codes[k][i], b.Codes[k][j]
		if x == 0 || y == 0 { // NULL is first
			if c := cmp.Compare(x, y); c != 0 {
				return c
			}
			continue
		}
		if c := bytes.Compare(a.Dicts[k].At(x-1), b.Dicts[k].At(y-1)); c != 0 {
			return c
		}
	}
	return 0
}

// Last is the last selected series, or -1 where there is none.
func (s Selection) Last() int {
	if s.Bits == nil {
		return max(s.To, s.From) - 1
	}
	for i := s.To - 1; i >= s.From; i-- {
		if s.Bits.Get(i - s.From) {
			return i
		}
	}
	return -1
}
