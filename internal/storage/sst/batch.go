package sst

import (
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// Batch is rows for a Writer, in the file's order: by series, then time ascending, then sequence descending. The Writer copies what
// it keeps, except that it remembers Table itself until it is finished.
//
//	Table   (a,eu) (a,us) (b,eu)
//	Runs    {0,0,2}  {2,2,5}        → rows 0–1 are (a,eu), rows 2–4 are (b,eu)
type Batch struct {
	Rows int
	// Table holds the series that Runs name. Its tags are the primary key of the writer's schema, in key order and of its types.
	Table *series.Table
	// Runs cut the rows into series, in row order, without gaps; they rise in sort order, also from batch to batch, but a run may
	// continue the series of the one before.
	Runs []Run
	Time []int64
	Seq  []int64 // sequences; uint64 as the same bits
	Ops  []int64 // model.OpType of each row; nil: all model.OpPut
	// Fields are the field columns in the order of Schema.Fields; a nil vector is all NULL.
	Fields []*model.Vector
}

// Run is rows [Start, End) of a Batch, all of series Series of its Table.
type Run struct {
	Series     uint32
	Start, End int
}
