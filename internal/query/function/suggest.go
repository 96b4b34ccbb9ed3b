package function

import "strings"

// DidYouMean is " Did you mean 'x'?" for the function whose name is most like name, or nothing where none is.
func DidYouMean(name string) string {
	best, at := "", len(name)/2+1
	consider := func(n string) {
		if strings.ContainsAny(n, " <>=!~+-*/%|&^") {
			return
		}
		if d := distance(name, n); d < at || d == at && best != "" && n < best {
			best, at = n, d
		}
	}
	for n := range scalars {
		consider(n)
	}
	for n := range aggregates {
		consider(n)
	}
	if best == "" {
		return ""
	}
	return " Did you mean '" + best + "'?"
}

// distance is how many letters must be put in, taken out or changed to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
