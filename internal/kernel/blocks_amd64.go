package kernel

import "golang.org/x/sys/cpu"

// The functions below are loops over whole blocks of values. Where the processor has AVX2 they are those of blocks_amd64.s, else their twins
// of blocks.go. Both give the same: floats are added in the same order.

var hasAVX2 = cpu.X86.HasAVX2

//go:noescape
func sumIntsAVX2(v *int64, n int) int64

//go:noescape
func sumHalvesAVX2(v *int64, n int, flip int64) (hi, lo int64)

//go:noescape
func sumFloatsAVX2(v *float64, n int) float64

//go:noescape
func minIntsAVX2(v *int64, n int, flip int64) int64

//go:noescape
func maxIntsAVX2(v *int64, n int, flip int64) int64

//go:noescape
func minFloatsAVX2(v *float64, n int) float64

//go:noescape
func maxFloatsAVX2(v *float64, n int) (max float64, nan int64)

//go:noescape
func selectIntsAVX2(dst *uint64, v *int64, words int, c, flip int64, op int)

//go:noescape
func selectFloatsAVX2(dst *uint64, v *float64, words int, c float64, op int)

//go:noescape
func addBytesAVX2(dst *int64, src *byte, n int, low, last int64) int64

//go:noescape
func sumBytesAVX2(v *byte, n int) int64

func sumIntBlocks(v []int64) int64 {
	if hasAVX2 {
		return sumIntsAVX2(&v[0], len(v))
	}
	return sumIntsPlain(v)
}

func sumHalfBlocks(v []int64, flip int64) (hi, lo int64) {
	if hasAVX2 {
		return sumHalvesAVX2(&v[0], len(v), flip)
	}
	return sumHalvesPlain(v, flip)
}

func sumFloatBlocks(v []float64) float64 {
	if hasAVX2 {
		return sumFloatsAVX2(&v[0], len(v))
	}
	return sumFloatsPlain(v)
}

func minIntBlocks(v []int64, flip int64) int64 {
	if hasAVX2 {
		return minIntsAVX2(&v[0], len(v), flip)
	}
	return minIntsPlain(v, flip)
}

func maxIntBlocks(v []int64, flip int64) int64 {
	if hasAVX2 {
		return maxIntsAVX2(&v[0], len(v), flip)
	}
	return maxIntsPlain(v, flip)
}

func minFloatBlocks(v []float64) float64 {
	if hasAVX2 {
		return minFloatsAVX2(&v[0], len(v))
	}
	return minFloatsPlain(v)
}

func maxFloatBlocks(v []float64) (m float64, nan bool) {
	if hasAVX2 {
		m, n := maxFloatsAVX2(&v[0], len(v))
		return m, n != 0
	}
	return maxFloatsPlain(v)
}

func selectIntBlocks(dst []uint64, v []int64, c, flip int64, op comparison) {
	if hasAVX2 {
		selectIntsAVX2(&dst[0], &v[0], len(dst), c, flip, int(op))
		return
	}
	selectIntsPlain(dst, v, c, flip, op)
}

func selectFloatBlocks(dst []uint64, v []float64, c float64, op comparison) {
	if hasAVX2 {
		selectFloatsAVX2(&dst[0], &v[0], len(dst), c, int(op))
		return
	}
	selectFloatsPlain(dst, v, c, op)
}

func addByteBlocks(dst []int64, src []byte, low, last int64) int64 {
	if hasAVX2 {
		return addBytesAVX2(&dst[0], &src[0], len(dst), low, last)
	}
	return addBytesPlain(dst, src, low, last)
}

func sumByteBlocks(v []byte) int64 {
	if hasAVX2 {
		return sumBytesAVX2(&v[0], len(v))
	}
	return sumBytesPlain(v)
}
