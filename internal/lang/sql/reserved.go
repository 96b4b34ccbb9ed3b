package sql

import (
	"slices"
	"strings"
)

// ReservedWords are the words that a column cannot be named with unless it is quoted, in lower case and in order.
func ReservedWords() []string {
	var out []string
	for word, k := range keywords {
		if k.class&notColumn != 0 {
			out = append(out, strings.ToLower(word))
		}
	}
	slices.Sort(out)
	return out
}
