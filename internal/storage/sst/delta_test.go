package sst

import (
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go/encoding/delta"
)

// The library decodes what alignedDelta packs.
func TestAlignedDelta(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	var enc delta.BinaryPackedEncoding
	var a alignedDelta
	for range 2000 {
		n := rnd.Intn(3000)
		vals := make([]int64, n)
		shape := rnd.Intn(5)
		for i := range vals {
			switch shape {
			case 0:
				vals[i] = int64(rnd.Intn(2))
			case 1:
				vals[i] = int64(i)*1000 + int64(rnd.Intn(300))
			case 2:
				vals[i] = int64(rnd.Uint64())
			case 3:
				vals[i] = []int64{math.MinInt64, math.MaxInt64, 0, -1, math.MinInt32, math.MaxInt32}[rnd.Intn(6)]
			case 4:
				vals[i] = int64(rnd.Intn(5)) << rnd.Intn(31)
			}
		}
		got, err := enc.DecodeInt64(nil, a.append(nil, vals, false))
		if err != nil || !slices.Equal(got, vals) && n > 0 {
			t.Fatalf("int64, shape %d, %d values: %v", shape, n, err)
		}
		small := make([]int32, n)
		for i := range vals {
			small[i] = int32(vals[i])
		}
		got32, err := enc.DecodeInt32(nil, a.append(nil, wrap32(vals), true))
		if err != nil || !slices.Equal(got32, small) && n > 0 {
			for i := range small {
				if got32[i] != small[i] {
					t.Errorf("at %d: %d, not %d", i, got32[i], small[i])
					break
				}
			}
			t.Fatalf("int32, shape %d, %d values: %v", shape, n, err)
		}
		dirty := make([]int32, n, n+100)
		for i := range dirty[:cap(dirty)] {
			dirty[:cap(dirty)][i] = -7
		}
		b, _ := enc.EncodeInt32(nil, small)
		got32, err = enc.DecodeInt32(dirty, b)
		if err != nil || !slices.Equal(got32, small) && n > 0 {
			t.Fatalf("library int32, shape %d, %d values: %v", shape, n, err)
		}
		dirty = make([]int32, n, n+100)
		for i := range dirty[:cap(dirty)] {
			dirty[:cap(dirty)][i] = -7
		}
		got32, err = enc.DecodeInt32(dirty, a.append(nil, wrap32(vals), true))
		if err != nil || !slices.Equal(got32, small) && n > 0 {
			t.Fatalf("int32 in a used slice, shape %d, %d values: %v", shape, n, err)
		}
	}
}

// readAligned agrees with the library wherever it takes a page, takes all that alignedDelta writes, and survives any bytes.
func TestReadAligned(t *testing.T) {
	rnd := rand.New(rand.NewSource(2))
	var enc delta.BinaryPackedEncoding
	var a alignedDelta
	for range 1000 {
		n := 1 + rnd.Intn(3000)
		vals, small := make([]int64, n), make([]int64, n)
		shift := rnd.Intn(64)
		for i := range vals {
			vals[i] = int64(rnd.Uint64()) >> shift
			small[i] = int64(int32(vals[i]))
		}
		got := make([]int64, n)
		page := a.append(nil, vals, false)
		if !readAligned(got, page, false) || !slices.Equal(got, vals) {
			t.Fatalf("%d values of %d bits", n, 64-shift)
		}
		if !readAligned(got, a.append(nil, small, true), true) || !slices.Equal(got, small) {
			t.Fatalf("%d values of 32 bits", n)
		}
		for range 10 { // damaged
			bad := slices.Clone(page[:len(page)-rnd.Intn(min(len(page), 20))])
			if len(bad) > 0 {
				bad[rnd.Intn(len(bad))] ^= 1 << rnd.Intn(8)
			}
			if !readAligned(got, bad, false) {
				continue
			}
			if want, err := enc.DecodeInt64(nil, append(bad, make([]byte, 64)...)); err != nil || !slices.Equal(got, want) {
				t.Fatalf("damaged page of %d values: %v", n, err)
			}
		}
	}
}

// A page decoded in part agrees with the page decoded whole, and nothing else of dst is written.
func TestReadAlignedPart(t *testing.T) {
	rnd := rand.New(rand.NewSource(3))
	var a alignedDelta
	for range 1000 {
		n := 1 + rnd.Intn(5000)
		vals := make([]int64, n)
		shift := rnd.Intn(64)
		for i := range vals {
			vals[i] = int64(rnd.Uint64()) >> shift
		}
		bits32 := rnd.Intn(2) == 0
		if bits32 {
			vals = wrap32(vals)
		}
		page := a.append(nil, vals, bits32)
		for range 5 {
			lo := rnd.Intn(n)
			hi := lo + 1 + rnd.Intn(n-lo)
			got := make([]int64, n)
			for i := range got {
				got[i] = -77
			}
			if !readAlignedPart(got, page, bits32, lo, hi) || !slices.Equal(got[lo:hi], vals[lo:hi]) {
				t.Fatalf("rows [%d,%d) of %d, values of %d bits", lo, hi, n, 64-shift)
			}
			for i, x := range got {
				if (i < lo-lo%deltaMini-deltaMini || i >= hi) && x != -77 {
					t.Fatalf("rows [%d,%d) were asked for, row %d was written", lo, hi, i)
				}
			}
		}
	}
}
