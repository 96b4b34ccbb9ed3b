package sst

import (
	"runtime"
	"testing"
)

// raw gives memory of its own, of the length asked for, that lives as long as it is used.
func TestRaw(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 7, 100, 4096, 102_400} {
		var all [][]int64
		for i := range 4 {
			a, b, c := raw[int64](n), raw[float64](n), raw[uint32](n)
			if len(a) != n || cap(a) != n || len(b) != n || len(c) != n || len(raw[byte](n)) != n {
				t.Fatal(n, len(a), cap(a), len(b), len(c))
			}
			for j := range a {
				a[j], b[j], c[j] = int64(i), -1, 7
			}
			all = append(all, a)
			runtime.GC()
		}
		for i, a := range all {
			for j, x := range a {
				if x != int64(i) {
					t.Fatalf("%d of %d numbers is %d, not %d", j, n, x, i)
				}
			}
		}
	}
}
