// Package source is the one shape in which a scan, a flush and a compaction see rows: a run sorted by tags, time and, newest first,
// sequence. Memtables and SSTs both are Sources; what merges them knows neither.
package source

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// RowRange is rows [Start, End) of a Source.
type RowRange = series.RowRange

// Masked is a Source some of whose rows are deleted though they are there: readers leave them out, before they merge.
type Masked interface {
	Source
	// Hidden is these rows, ascending and disjoint.
	Hidden(ctx context.Context) ([]RowRange, error)
}

// Source is one sorted run of rows, read through one schema (the scan's): columns that the run lacks read as their default or NULL,
// columns whose type was changed are converted. It is immutable and safe for concurrent use; it stays valid until the owner of the
// snapshot that it came from lets go.
type Source interface {
	// Name tells what it is, for EXPLAIN and errors: "memtable 3", a file name.
	Name() string
	// Rows is the number of rows; row numbers below are 0 … Rows-1 in sort order.
	Rows() int
	// TimeRange is the inclusive range of the rows' times.
	TimeRange() (min, max int64)
	// Sequences is the inclusive range of the rows' sequences.
	Sequences() (min, max model.Sequence)
	// HasDeletes tells whether any row may be a tombstone.
	HasDeletes() bool
	// Unique tells that no two rows have the same series and time.
	Unique() bool

	// Series is the run's series, with all tags of the schema in key order. Loaded when first asked for.
	Series(ctx context.Context) (*series.Table, error)

	// Chunks cuts the rows into column chunks (row groups): chunk i is rows [Chunks()[i], Chunks()[i+1]). A memtable has one.
	Chunks() []int
	// Chunk decodes a column of a chunk and returns it with the chunk's length. Only rows [from, to), relative to the chunk, are
	// sure to be filled in. The vector is shared and read-only. col is any field, the time index, a tag, or ColumnSequence or
	// ColumnOpType. Strings are coded or plain as the source likes.
	Chunk(ctx context.Context, col model.ColumnID, chunk, from, to int) (*model.Vector, error)

	// Prune gives the rows that may match, ascending and disjoint, from what is known without decoding (statistics, indexes): a
	// superset. pred may contain any columns; field predicates are the caller's risk, see engine rules on pruning before dedup.
	Prune(ctx context.Context, pred *model.Expr, times model.TimeRange) ([]RowRange, error)
}
