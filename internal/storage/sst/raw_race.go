//go:build race

package sst

// raw is the safe twin of that in unsafe_raw.go. It fills the memory with what no test expects, so that tests under the race detector find
// whoever reads rows that were not decoded.
func raw[T int64 | float64 | uint32 | byte](n int) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = 171
	}
	return out
}
