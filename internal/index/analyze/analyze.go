// Package analyze says what text conditions mean, and which tokens a text must have for one to be true. The functions matches_term and
// matches, the scans that filter by them, and the indexes all ask here, so that none of them can disagree.
package analyze

import "strings"

// Analyzer is a way to cut texts into tokens. The numbers are in index blobs.
type Analyzer uint8

// The analyzers.
const (
	English Analyzer = iota // runs of letters and digits
	Chinese                 // the same, and Han characters by pairs
)

// String is the name in options.
func (a Analyzer) String() string {
	if a == Chinese {
		return "Chinese"
	}
	return "English"
}

// Parse reads a name, in any case.
func Parse(s string) (Analyzer, bool) {
	switch {
	case strings.EqualFold(s, "English"):
		return English, true
	case strings.EqualFold(s, "Chinese"):
		return Chinese, true
	}
	return 0, false
}
