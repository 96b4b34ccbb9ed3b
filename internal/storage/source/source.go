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

// Narrower is a Source that looks at no more than it must where few rows are asked about.
type Narrower interface {
	Source
	// PruneWithin is Prune, of the given rows (ascending and disjoint) alone.
	PruneWithin(ctx context.Context, pred *model.Expr, times model.TimeRange, rows []RowRange) ([]RowRange, error)
}

// Lender is a Source that has columns decoded for one reader alone where its cache would not keep them.
type Lender interface {
	Source
	// Lend is for who reads some of the rows [from, to) of a chunk's column, part by part and beginning at row at, and has nothing that
	// refers to them left when it returns the loan. It gives nil where Chunk shall be asked: because the cache has them, will keep them from now on, or knows no
	// better way.
	Lend(col model.ColumnID, chunk, from, to, at int) Lent
}

// Lent is a column on loan. One goroutine uses it.
type Lent interface {
	// Rows sees to it that rows [from, to) of the chunk are there and gives the vector they are in, always the same one, and which row
	// of the chunk is its first. Other rows of the vector hold anything.
	Rows(ctx context.Context, from, to int) (v *model.Vector, base int, err error)
	// Return ends the loan: the vector's memory is used for others.
	Return()
}
