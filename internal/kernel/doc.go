// Package kernel holds the loops over columns: select rows by comparison, combine selections, cut sorted times into buckets, reduce
// ranges of values, gather rows, merge sorted runs. Nothing here does I/O, starts goroutines, or knows schemas.
//
// Selections are model.Bitmaps in which all bits at and past the row count, within the last word, are clear. Functions that take a
// validity bitmap take the row offset at which it starts, because columns are read as sub-ranges of shared chunks.
package kernel
