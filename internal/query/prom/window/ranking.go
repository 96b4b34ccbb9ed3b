package window

import (
	"cmp"
	"math"
	"slices"
)

// Ranking is the k greatest, or least, values of a group of series at each moment. NaN is worse than any other value, and of equal ones
// those that came first stay.
type Ranking struct {
	k     int
	least bool
	// Each moment has a heap whose first place holds the worst: place j of moment i is values[j][i], of series ids[j][i]. There are as
	// many places as series have come, k at most. Where the least count, values are negated.
	values [][]float64
	ids    [][]int32
	used   []int32
}

// NewRanking makes the ranking of a group without series, for n moments; k > 0.
func NewRanking(k int, least bool, n int) *Ranking {
	return &Ranking{k: k, least: least, used: make([]int32, n)}
}

// Add takes the values of a series. held counts the places of each series, by id; a series that lost its last one to this one is
// appended to out, which is returned.
func (r *Ranking) Add(id int32, values []float64, held, out []int32) []int32 {
	for i, v := range values {
		if math.Float64bits(v) != absentBits {
			if r.least {
				v = -v
			}
			out = r.add(i, id, v, held, out)
		}
	}
	return out
}

func (r *Ranking) add(i int, id int32, v float64, held, out []int32) []int32 {
	n := int(r.used[i])
	switch {
	case n < r.k:
		if n == len(r.values) {
			r.values, r.ids = append(r.values, make([]float64, len(r.used))), append(r.ids, make([]int32, len(r.used)))
		}
		r.used[i]++
		held[id]++
		for n > 0 { // up
			up := (n - 1) / 2
			if !worse(v, r.values[up][i]) {
				break
			}
			r.values[n][i], r.ids[n][i] = r.values[up][i], r.ids[up][i]
			n = up
		}
		r.values[n][i], r.ids[n][i] = v, id
	case worse(r.values[0][i], v):
		old := r.ids[0][i]
		held[id]++
		if held[old]--; held[old] == 0 {
			out = append(out, old)
		}
		at := 0
		for { // down
			next := 2*at + 1
			if next >= n {
				break
			}
			if next+1 < n && worse(r.values[next+1][i], r.values[next][i]) {
				next++
			}
			if !worse(r.values[next][i], v) {
				break
			}
			r.values[at][i], r.ids[at][i] = r.values[next][i], r.ids[next][i]
			at = next
		}
		r.values[at][i], r.ids[at][i] = v, id
	}
	return out
}

// worse reports that b outranks a.
func worse(a, b float64) bool { return a < b || a != a && b == b }

// Place is a series in a ranking, with its value.
type Place struct {
	ID    int32
	Value float64
}

// Places appends the series at a moment to dst, the best first, equal ones as order has them.
func (r *Ranking) Places(dst []Place, moment int, order func(a, b int32) int) []Place {
	for j := range int(r.used[moment]) {
		dst = append(dst, Place{r.ids[j][moment], r.values[j][moment]})
	}
	slices.SortFunc(dst, func(a, b Place) int {
		switch {
		case worse(b.Value, a.Value):
			return -1
		case worse(a.Value, b.Value):
			return 1
		}
		return cmp.Compare(order(a.ID, b.ID), 0)
	})
	if r.least {
		for i := range dst {
			dst[i].Value = -dst[i].Value
		}
	}
	return dst
}

// Merge takes the places of other series of the group; id gives the series of o their numbers here.
func (r *Ranking) Merge(o *Ranking, id func(int32) int32, held func() []int32, out []int32) []int32 {
	for j := range o.values {
		for i, n := range o.used {
			if int32(j) < n {
				there := id(o.ids[j][i])
				out = r.add(i, there, o.values[j][i], held(), out)
			}
		}
	}
	return out
}
