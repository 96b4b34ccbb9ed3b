// Package server says what the protocol rooms below it need from the rest of the database. Each protocol is a room: http (the
// listener, sessions, limits, bodies, errors), sqlapi, influx, promremote, promapi, ops. A room turns requests into calls of these
// interfaces and answers into its protocol's form; it knows nothing of tables, plans or regions.
package server

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/model"
)

// SQL runs statements. It is called by many goroutines at once.
type SQL interface {
	// Execute runs the statements of a text one after the other in sess, which a USE among them may change. It gives an output per
	// statement, in order. If one fails, the error is returned alone: outputs before it are closed by the callee, and what they
	// changed stays changed. Streams read until ctx ends; the caller closes each.
	Execute(ctx context.Context, sess *model.Session, text string) ([]model.Output, error)
}

// Inserter writes rows. It is called by many goroutines at once.
type Inserter interface {
	// Insert makes or widens tables as opts and the hints of sess say, and writes all rows, which are durable when it returns. It
	// keeps nothing of rows after it returned: the caller fills the same memory again. Names may be empty or strange; whoever knows
	// tables judges them. An unknown database is errs.DatabaseNotFound. With an error some tables may have been written.
	Insert(ctx context.Context, sess *model.Session, rows []*model.Rows, opts model.InsertOptions) (affected uint64, err error)
}
