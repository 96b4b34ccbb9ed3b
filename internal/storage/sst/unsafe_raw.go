//go:build !race

package sst

import (
	"strings"
	"unsafe"
)

// raw gives n numbers of which none is read before it is written. It is make without the clearing: a query that wants one page of a
// column chunk would otherwise clear all the others first, and, where the data does not fit the cache, do so again each time.
//
// A strings.Builder is the one way of the standard library to memory that is not cleared. Nothing else holds its bytes. Numbers hold no
// pointers, and Go aligns memory of their size for them. The twin in raw_race.go is made in the ordinary way.
func raw[T int64 | float64 | uint32 | byte](n int) []T {
	if n == 0 {
		return []T{}
	}
	var zero T
	var b strings.Builder
	b.Grow(n * int(unsafe.Sizeof(zero)))
	b.WriteByte(0) // an empty string has no memory
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.StringData(b.String()))), n)
}
