//go:build !amd64

package kernel

func sumIntBlocks(v []int64) int64 { return sumIntsPlain(v) }

func sumHalfBlocks(v []int64, flip int64) (hi, lo int64) { return sumHalvesPlain(v, flip) }

func sumFloatBlocks(v []float64) float64 { return sumFloatsPlain(v) }

func minIntBlocks(v []int64, flip int64) int64 { return minIntsPlain(v, flip) }

func maxIntBlocks(v []int64, flip int64) int64 { return maxIntsPlain(v, flip) }

func minFloatBlocks(v []float64) float64 { return minFloatsPlain(v) }

func maxFloatBlocks(v []float64) (m float64, nan bool) { return maxFloatsPlain(v) }

func selectIntBlocks(dst []uint64, v []int64, c, flip int64, op comparison) {
	selectIntsPlain(dst, v, c, flip, op)
}

func selectFloatBlocks(dst []uint64, v []float64, c float64, op comparison) {
	selectFloatsPlain(dst, v, c, op)
}

func addByteBlocks(dst []int64, src []byte, low, last int64) int64 {
	return addBytesPlain(dst, src, low, last)
}

func sumByteBlocks(v []byte) int64 { return sumBytesPlain(v) }
