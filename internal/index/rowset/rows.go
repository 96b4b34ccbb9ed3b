// Package rowset is sets of rows as ranges, and the way there from a bit per segment.
package rowset

import (
	"math/bits"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Rows is a set of rows as ranges, ascending, disjoint and not empty.
type Rows []model.RowRange

// All is rows [0, n).
func All(n int) Rows {
	if n <= 0 {
		return nil
	}
	return Rows{{Start: 0, End: n}}
}

// Count is how many rows are in the set.
func (r Rows) Count() int {
	n := 0
	for _, x := range r {
		n += x.End - x.Start
	}
	return n
}

// And is the rows in both.
func (r Rows) And(s Rows) Rows {
	var out Rows
	for i, j := 0, 0; i < len(r) && j < len(s); {
		if from, to := max(r[i].Start, s[j].Start), min(r[i].End, s[j].End); from < to {
			out = append(out, model.RowRange{Start: from, End: to})
		}
		if r[i].End < s[j].End {
			i++
		} else {
			j++
		}
	}
	return out
}

// Or is the rows in either; ranges that touch become one.
func (r Rows) Or(s Rows) Rows {
	if len(r) == 0 {
		return s
	}
	if len(s) == 0 {
		return r
	}
	out := make(Rows, 0, len(r)+len(s))
	for i, j := 0, 0; i < len(r) || j < len(s); {
		var x model.RowRange
		if j == len(s) || i < len(r) && r[i].Start <= s[j].Start {
			x, i = r[i], i+1
		} else {
			x, j = s[j], j+1
		}
		if n := len(out); n > 0 && out[n-1].End >= x.Start {
			out[n-1].End = max(out[n-1].End, x.End)
		} else {
			out = append(out, x)
		}
	}
	return out
}

// Not is the rows of [0, n) that are not in the set.
func (r Rows) Not(n int) Rows {
	var out Rows
	at := 0
	for _, x := range r {
		if x.Start >= n {
			break
		}
		if x.Start > at {
			out = append(out, model.RowRange{Start: at, End: x.Start})
		}
		at = x.End
	}
	if at < n {
		out = append(out, model.RowRange{Start: at, End: n})
	}
	return out
}

// Of is the rows of the units whose bits are set: unit i is rows [i*size, (i+1)*size), as far as there are rows.
func Of(units model.Bitmap, size, rows int) Rows {
	var out Rows
	n := (rows + size - 1) / size
	for i := next(units, 0, n, 0); i < n; {
		end := next(units, i, n, ^uint64(0))
		out = append(out, model.RowRange{Start: i * size, End: min(end*size, rows)})
		i = next(units, end, n, 0)
	}
	return out
}

// next is the first of bits [from, n) that is set, or with flip all ones the first that is clear; n if there is none.
func next(b model.Bitmap, from, n int, flip uint64) int {
	for from < n {
		w := (b[from>>6] ^ flip) >> (from & 63)
		if w != 0 {
			return min(n, from+bits.TrailingZeros64(w))
		}
		from = from&^63 + 64
	}
	return n
}

// Coarsen joins ranges with less than gap rows between them.
func (r Rows) Coarsen(gap int) Rows {
	var out Rows
	for _, x := range r {
		if n := len(out); n > 0 && x.Start-out[n-1].End < gap {
			out[n-1].End = x.End
		} else {
			out = append(out, x)
		}
	}
	return out
}
