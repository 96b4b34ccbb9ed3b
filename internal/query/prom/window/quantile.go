package window

import "math"

// quantileOf is the quantile q, from 0 to 1, of values, at least one, whose order it changes. NaN is the least value.
func quantileOf(q float64, values []float64) float64 {
	rank := q * float64(len(values)-1)
	below := int(math.Floor(rank))
	weight := rank - math.Floor(rank)
	choose(values, below)
	lower, upper := values[below], values[below]
	if rest := values[below+1:]; len(rest) > 0 { // what is not below
		upper = rest[0]
		for _, v := range rest[1:] {
			if v < upper || v != v {
				upper = v
			}
		}
	}
	return lower*(1-weight) + upper*weight
}

// choose puts the value that would be at position n were values sorted there, none greater before it, and none less behind it.
func choose(values []float64, n int) {
	lo, hi := 0, len(values)-1
	// NaN to the front, where it does not disturb comparisons.
	for i, v := range values {
		if v != v {
			values[i], values[lo] = values[lo], v
			lo++
		}
	}
	if n < lo {
		return
	}
	for lo < hi {
		mid := lo + (hi-lo)/2 // the middle one of three, so that what is sorted already takes no longer
		if values[mid] < values[lo] {
			values[mid], values[lo] = values[lo], values[mid]
		}
		if values[hi] < values[lo] {
			values[hi], values[lo] = values[lo], values[hi]
		}
		if values[hi] < values[mid] {
			values[hi], values[mid] = values[mid], values[hi]
		}
		pivot := values[mid]
		i, j := lo, hi
		for i <= j {
			for values[i] < pivot {
				i++
			}
			for pivot < values[j] {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			hi = j
		case n >= i:
			lo = i
		default:
			return
		}
	}
}
