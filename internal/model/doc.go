// Package model holds the words every room shares: identities, data types, values, schemas, columnar batches, and the
// expression and aggregate requests that travel between a planner and a region.
//
// Columns in memory are Vectors: plain typed slices with a validity bitmap, laid out as Arrow lays them out, so that they
// convert to Arrow arrays at the edges without reshaping, yet loops can fill and reuse them. To keep loops few, all types fall
// into six physical classes (Class): every integer, date and timestamp is an int64 in memory, every float a float64.
//
// The package imports only base rooms, and nothing here does I/O or starts goroutines.
package model
