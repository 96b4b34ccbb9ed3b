package relational

import (
	"context"
	"io"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Statement is one query in DuckDB's dialect.
type Statement struct {
	// SQL is a single query; src(i) in it is Sources[i], a constant i.
	SQL     string
	Sources []Source
	// Params are the values of $1, $2, ….
	Params []model.Value
	// Types, if set, are the types that the result's columns are to be given, one each; those that DuckDB produces must be of the same
	// class. A planner that lets timestamps travel as BIGINT gets them back as what they are.
	Types []model.Type
}

// Source is a relation that a statement reads.
type Source struct {
	// Fields are its columns. Names must differ in more than letter case, as DuckDB folds it.
	Fields []model.Field
	// Rows is about how many rows there are, for the order of joins. Zero: not known.
	Rows int64
	// Open starts reading. columns are indexes into Fields: those that are needed, in the order in which the batches must bring
	// them; it may be empty, and then only the batches' lengths count. ctx ends with the statement. Open is called once for every
	// occurrence of the source that the plan keeps: not at all where DuckDB can prove the result empty, and more than once where the
	// text names src(i) twice, or names a common table expression twice that contains it. Open and the streams of one statement may
	// be called by several threads at once, each stream by one at a time.
	Open func(ctx context.Context, columns []int) (Stream, error)
}

// Stream is the rows of a source. contract.Stream is one.
type Stream interface {
	// Next gives the next batch, valid until the following call of Next or Close, and io.EOF at the end.
	Next(ctx context.Context) (*model.Batch, error)
	// Close is called exactly once, whether the end was reached or not. Its error fails the statement only if it is seen before the
	// statement's end.
	Close() error
}

// Query starts a statement and returns once its columns are known. It waits while all sessions are busy. The caller reads Rows to io.EOF
// or an error, or closes them; ctx governs the rows too, not only the call.
func (db *DB) Query(ctx context.Context, stmt Statement) (*Rows, error) {
	s, err := db.lend(ctx)
	if err != nil {
		return nil, err
	}
	x := &execution{
		sources: stmt.Sources,
		ready:   make(chan struct{}),
		batches: make(chan *model.Batch),
		done:    make(chan struct{}),
	}
	x.ctx, x.cancel = context.WithCancelCause(ctx)
	go x.run(db, s, stmt) // waited for by DB.Close

	select {
	case <-x.ready:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if x.fields == nil {
		<-x.done
		return nil, x.err
	}
	return &Rows{x: x}, nil
}

// All runs a statement whose result is known to be small and gives its rows as one batch.
func (db *DB) All(ctx context.Context, stmt Statement) ([]model.Field, *model.Batch, error) {
	rows, err := db.Query(ctx, stmt)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	all := model.NewBatch(rows.Fields(), 0)
	for {
		b, err := rows.Next(ctx)
		if err == io.EOF {
			return rows.Fields(), all, nil
		}
		if err != nil {
			return nil, nil, err
		}
		for i, c := range b.Cols {
			all.Cols[i].AppendVector(c, 0, b.Len)
		}
		all.Len += b.Len
	}
}

// errClosed is why a statement was cancelled whose rows were closed early.
var errClosed = errs.New(errs.Cancelled, "rows are closed")

// Rows is the result of a statement, read by one goroutine.
type Rows struct {
	x   *execution
	err error // sticky
}

// Fields are the result's columns. Names are DuckDB's unless the statement has aliases.
func (r *Rows) Fields() []model.Field { return r.x.fields }

// Next gives the next batch, not empty, which belongs to the caller; io.EOF at the end. It returns when ctx ends, or the one given to
// Query, though the statement may take a little longer to stop.
func (r *Rows) Next(ctx context.Context) (*model.Batch, error) {
	if r.err != nil {
		return nil, r.err
	}
	select {
	case b := <-r.x.batches:
		return b, nil
	case <-r.x.done:
		r.err = r.x.err
		if r.err == nil {
			r.err = io.EOF
		}
	case <-r.x.ctx.Done():
		r.err = r.ended()
	case <-ctx.Done():
		r.err = context.Cause(ctx)
		r.x.cancel(r.err)
	}
	return nil, r.err
}

// ended tells apart the two reasons for the execution's context to end. The owner closes done before it cancels.
func (r *Rows) ended() error {
	select {
	case <-r.x.done:
	default:
		return context.Cause(r.x.ctx)
	}
	if r.x.err == nil {
		return io.EOF
	}
	return r.x.err
}

// Close ends the statement if it still runs. It does not wait; sources are closed a little later, at the latest when DB.Close returns.
func (r *Rows) Close() error {
	if r.err == nil {
		r.err = errClosed
	}
	r.x.cancel(errClosed)
	return nil
}
