package files

import "unsafe"

// text lends bytes to parsers of numbers, which keep no reference.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
