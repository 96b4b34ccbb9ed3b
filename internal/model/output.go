package model

import "context"

// RowStream is the rows of a query. Next and Close are called by one goroutine at a time.
type RowStream interface {
	// Fields describe the columns of every batch.
	Fields() []Field
	// Next gives the next batch, never an empty one, valid until the following call of Next or Close; io.EOF at the end.
	Next(ctx context.Context) (*Batch, error)
	// Close releases everything the query holds; it may be called before the end.
	Close() error
}

// Output is what one statement gave: rows, or how many rows it changed.
type Output struct {
	Affected uint64
	Rows     RowStream // nil: the statement has a count only. The receiver closes it.
}
