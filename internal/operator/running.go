package operator

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog/process"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// SlowQuery is a query that took long.
type SlowQuery struct {
	Text     string
	Database string
	Took     time.Duration
	At       time.Time // it ended
	PromQL   *PromRange
}

// PromRange is what a PromQL query was evaluated over; Start and End in milliseconds since the epoch.
type PromRange struct {
	Start, End int64
	Step       time.Duration
}

// running is a statement that runs: on the list of processes, within its time, watched for slowness.
type running struct {
	o       *Operator
	sess    *model.Session
	st      sql.Statement
	ctx     context.Context
	cancel  context.CancelFunc // of the time limit; nil: none
	process *process.Process   // nil: no list
	started time.Time
	ended   bool
}

func (o *Operator) begin(ctx context.Context, sess *model.Session, st sql.Statement) *running {
	r := &running{o: o, sess: sess, st: st, ctx: ctx, started: o.opts.Now()}
	if o.opts.Processes != nil {
		r.ctx, r.process = o.opts.Processes.Begin(r.ctx, process.Info{Catalog: sess.Catalog, Database: sess.Database, Client: sess.ClientName(),
			Text: func() string { return sql.Loggable(st) }})
	}
	switch read, write := needs(st); {
	case sess.Timeout > 0:
		r.ctx, r.cancel = context.WithTimeout(r.ctx, sess.Timeout)
	case o.opts.Timeout > 0 && read && !write:
		r.ctx, r.cancel = context.WithTimeoutCause(r.ctx, o.opts.Timeout,
			errs.New(errs.DeadlineExceeded, "the query took longer than %s (query.timeout)", o.opts.Timeout))
	}
	return r
}

// end is called when the statement is done: with its rows, where it gave some.
func (r *running) end() {
	if r.ended {
		return
	}
	r.ended = true
	if r.cancel != nil {
		r.cancel()
	}
	if r.process != nil {
		r.process.End()
	}
	if r.o.opts.Slow == nil {
		return
	}
	switch r.st.(type) {
	case *sql.QueryStmt, *sql.TQL:
		now := r.o.opts.Now()
		if took := now.Sub(r.started); took >= r.o.opts.SlowThreshold {
			_, tql := r.st.(*sql.TQL)
			q := SlowQuery{Text: sql.Loggable(r.st), Database: r.sess.Database, Took: took, At: now}
			if tql {
				q.PromQL = &PromRange{}
			}
			r.o.opts.Slow(q)
		}
	}
}

// why gives the reason for which a statement's context ended in place of the bare error that this made.
func (r *running) why(err error) error {
	if over := r.ctx.Err(); err != nil && !errors.Is(err, io.EOF) && over != nil {
		return context.Cause(r.ctx)
	}
	return err
}

// runningRows are a statement's rows; it runs until they are closed.
type runningRows struct {
	model.RowStream
	r *running
}

func (t *runningRows) Next(ctx context.Context) (*model.Batch, error) {
	b, err := t.RowStream.Next(ctx)
	return b, t.r.why(err)
}

func (t *runningRows) Close() error {
	defer t.r.end()
	return t.RowStream.Close()
}

// kill ends a statement that runs.
func (o *Operator) kill(s *sql.Kill) (affected uint64, err error) {
	if o.opts.Processes == nil {
		return 0, unsupported(s)
	}
	ok, err := o.opts.Processes.Kill(s.ID)
	if ok {
		affected = 1
	}
	return affected, err
}
