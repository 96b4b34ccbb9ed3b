package operator

import (
	"context"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Loading is rows of one table that a client sends in columns: COPY … FROM STDIN. It is on the list of processes until End. It is used by
// one goroutine at a time.
type Loading struct {
	o     *Operator
	sess  *model.Session
	st    *sql.CopyStream
	table *catalog.Table
	cols  []*model.Column // of table
	begun []model.Column  // cols as they were at the start: what the rows are made for
	lits  literals
	run   *running
}

// Load begins to write rows to a table. The caller ends it.
func (o *Operator) Load(ctx context.Context, sess *model.Session, st *sql.CopyStream) (*Loading, error) {
	if err := allow(sess, st); err != nil {
		return nil, err
	}
	l := &Loading{o: o, sess: sess, st: st, lits: literalsOf(sess)}
	if err := l.resolve(); err != nil {
		return nil, err
	}
	for _, c := range l.cols {
		l.begun = append(l.begun, *c)
	}
	l.run = o.begin(ctx, sess, st)
	return l, nil
}

// resolve finds the table and its columns as they are now.
func (l *Loading) resolve() (err error) {
	if l.table, err = l.o.rowTarget(l.sess, l.st.Table); err != nil {
		return err
	}
	l.cols, err = insertColumns(l.table, l.st.Columns)
	return err
}

// Columns are those that a row gives, in order, as the loading began. They are not to be changed.
func (l *Loading) Columns() []model.Column { return l.begun }

// Append appends a constant to a vector of column i by the rules of INSERT.
func (l *Loading) Append(v *model.Vector, i int, x *sql.Literal) error {
	return l.lits.append(v, &l.begun[i], x)
}

// Write writes rows, which are durable when it returns. It keeps nothing of b. It may be called while Append is.
func (l *Loading) Write(_ context.Context, b *model.Batch) (uint64, error) {
	for try := 1; ; try++ {
		n, err := l.o.writeRetrying(l.run.ctx, l.table, l.cols, b)
		if !errs.Is(err, errs.RequestOutdated) || try == insertTries || n > 0 {
			return n, l.run.why(err)
		}
		if err := l.resolve(); err != nil {
			return 0, err
		}
		if len(l.cols) != len(l.begun) {
			return 0, errs.New(errs.RequestOutdated, "table %s got or lost columns while rows were loaded", l.table.FullName())
		}
		for i, c := range l.cols {
			if c.Type != l.begun[i].Type {
				return 0, errs.New(errs.RequestOutdated, "the columns of table %s changed while rows were loaded", l.table.FullName())
			}
		}
	}
}

// End is called when no more rows come.
func (l *Loading) End() { l.run.end() }
