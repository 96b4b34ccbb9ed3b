// Package sst writes and reads sorted files of rows: Parquet that any reader understands, and that this one reads fast.
//
// A Writer takes rows sorted by (tags, time, sequence descending) and makes one file. Columns stand in the order tags, fields, time
// index, __sequence, __op_type. Each column chunk gets the encoding that measured smallest on a sample of it. A File is an opened
// file: its footer and page index in memory. A view of it through a schema is a source.Source; it decodes only the pages that are
// asked for, into chunk-long vectors that all scans share (see docs/formats/sst.md for the bytes).
//
// The library's row and struct readers and writers are not used: rows would cost more than everything else together. Pages are
// encoded and decoded here with its encodings, because the encoding is a choice per column chunk and a tag's dictionary is known
// before the first row; the footer is its thrift. Bytes from a disk never panic past Open, Chunk or Series: what the library does
// with damaged input is caught at the door and becomes a CorruptError.
package sst
