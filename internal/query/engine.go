package query

import (
	"context"
	"errors"
	"io"
	"runtime"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/align"
	"github.com/goptimedb/goptimedb/internal/query/bind"
	"github.com/goptimedb/goptimedb/internal/query/finish"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/query/relational"
	"github.com/goptimedb/goptimedb/internal/query/render"
	"github.com/goptimedb/goptimedb/internal/query/rule"
)

// Options are the parts that an Engine stands on. Catalog and Regions are required.
type Options struct {
	Catalog bind.Catalog
	Regions contract.RegionServer
	// Relational tunes the relational half; its Macros and Functions are set by the engine.
	Relational relational.Options
	// Memory is where queries account for what they hold: groups and sorted rows of the finisher, rows asked for first. One that does not get
	// it goes another way, which spills. Nil: nobody counts.
	Memory *budget.Account
	// Finish bounds the finisher.
	Finish finish.Options
	// KeepBytes is how large the smaller side of a join may be to be asked first, so that its keys narrow the other side. Larger narrows
	// more joins, and holds that much for each that runs. Zero: 64 MiB.
	KeepBytes int64
	// Align bounds range queries.
	Align align.Options
	// Parallelism is how many regions of a table are read at once. More need more memory: a few batches each. Zero: as many as there
	// are processors.
	Parallelism int
	// MaxConcurrent is how many queries may run at once, rows being read included; others wait for LimitWait and then fail with
	// RateLimited. Zero: any number.
	MaxConcurrent int
	// LimitWait is how long a query waits for its turn. Zero: 100 ms.
	LimitWait time.Duration
	// MaxSetOps bounds the queries of one chain of set operations. Zero: 4096.
	MaxSetOps int
	// Now is the clock of now(). Nil: the system's.
	Now func() time.Time
	// Version is what version() says.
	Version string
	// TQL evaluates PromQL within queries, see bind.Env.
	TQL func(ctx context.Context, sess *model.Session, st *sql.TQL) (*plan.Table, error)
}

// Engine answers queries. It is safe for concurrent use.
type Engine struct {
	opts  Options
	db    *relational.DB
	turns chan struct{} // holds a token for each query that runs; nil: no limit
}

// Open makes an engine. Close it to stop its threads.
func Open(opts Options) (*Engine, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Parallelism <= 0 {
		opts.Parallelism = runtime.GOMAXPROCS(0)
	}
	if opts.KeepBytes <= 0 {
		opts.KeepBytes = 64 << 20
	}
	if opts.LimitWait <= 0 {
		opts.LimitWait = 100 * time.Millisecond
	}
	opts.Relational.Macros = function.Macros()
	for _, c := range function.Columns() {
		opts.Relational.Functions = append(opts.Relational.Functions, relational.Function{Name: c.Name, Args: c.Args, ListOf: c.ListOf, Variadic: c.Variadic, Result: c.Result,
			Volatile: c.Volatile, Eval: c.Eval})
	}
	for _, r := range function.Reductions() {
		opts.Relational.Aggregates = append(opts.Relational.Aggregates, relational.Aggregate{Name: r.Name, Args: r.Args, New: func() relational.State { return r.New() }})
	}
	db, err := relational.Open(opts.Relational)
	if err != nil {
		return nil, err
	}
	e := &Engine{opts: opts, db: db}
	if opts.MaxConcurrent > 0 {
		e.turns = make(chan struct{}, opts.MaxConcurrent)
	}
	return e, nil
}

// Close waits for queries that still run; cancel their contexts before.
func (e *Engine) Close() error { return e.db.Close() }

func (e *Engine) env(sess *model.Session, params []model.Value) bind.Env {
	return bind.Env{Catalog: e.opts.Catalog, Session: sess, Now: e.opts.Now(), Params: params, Version: e.opts.Version, MaxSetOps: e.opts.MaxSetOps, TQL: e.opts.TQL}
}

// Query starts a query. ctx governs the rows too; the caller closes them. params are the values of placeholders.
func (e *Engine) Query(ctx context.Context, sess *model.Session, q *sql.Query, params ...model.Value) (model.RowStream, error) {
	done, err := e.admit(ctx)
	if err != nil {
		return nil, err
	}
	mem := e.opts.Memory.Lease(0)
	rows, err := e.rebound(ctx, sess, q, params, mem)
	if err != nil {
		done()
		mem.Release()
		return nil, err
	}
	return &admitted{RowStream: rows, done: func() { done(); mem.Release() }}, nil
}

// bindTries is how often a statement is bound anew because a table changes under it.
const bindTries = 50

// rebound plans and starts a query, again where a table's columns changed between the two: nothing of it was given out until then.
func (e *Engine) rebound(ctx context.Context, sess *model.Session, q *sql.Query, params []model.Value, mem *budget.Lease) (model.RowStream, error) {
	for try := 1; ; try++ {
		p, err := bind.Query(ctx, e.env(sess, params), q)
		if err != nil {
			return nil, err
		}
		var rows model.RowStream
		r := &runner{engine: e, sess: sess, mem: mem}
		mem.Release() // of the try before
		if err := holdTables(mem, p); err != nil {
			return nil, err
		}
		if err = r.stage(ctx, p, false); err == nil {
			rows, err = r.run(ctx, p)
		}
		if err != nil && r.full.Load() {
			if again, ok := r.spilling(ctx, sess, q, params); ok {
				mem.Release()
				if err = holdTables(mem, again); err == nil {
					rows, err = r.relational(ctx, again)
				}
			}
		}
		if !errs.Is(err, errs.RequestOutdated) || try == bindTries {
			return rows, err
		}
		// Regions change first, the catalog a moment later.
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(time.Duration(min(try, 10)) * rebindPause):
		}
	}
}

// rebindPause is how long the catalog may be behind the regions, times the number of the try, up to ten.
const rebindPause = 2 * time.Millisecond

// Fields are the columns that Query's rows would have, without running it. Placeholders need values of the right types.
func (e *Engine) Fields(ctx context.Context, sess *model.Session, q *sql.Query, params ...model.Value) ([]model.Field, error) {
	p, err := bind.Query(ctx, e.env(sess, params), q)
	if err != nil {
		return nil, err
	}
	return p.Fields(), nil
}

// Value computes an expression without columns, such as a default or a parameter; its sub-queries may read tables.
func (e *Engine) Value(ctx context.Context, sess *model.Session, x sql.Expr, params ...model.Value) (model.Value, error) {
	bound, err := bind.Const(ctx, e.env(sess, params), x)
	if err != nil {
		return model.Value{}, err
	}
	if l, ok := bound.(*plan.Lit); ok {
		return l.V, nil
	}
	if plan.HasSub(bound) {
		return e.single(ctx, sess, x, params)
	}
	return e.constant(ctx, bound)
}

// single is the value of SELECT x.
func (e *Engine) single(ctx context.Context, sess *model.Session, x sql.Expr, params []model.Value) (v model.Value, err error) {
	r, err := e.Query(ctx, sess, &sql.Query{Body: &sql.Select{Items: []sql.SelectItem{{Expr: x}}}}, params...)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	v = model.NullOf(r.Fields()[0].Type)
	for {
		b, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return v, nil
		}
		if err != nil {
			return v, err
		}
		if b.Len > 0 {
			v = b.Cols[0].At(0)
		}
	}
}

// plan binds a query and applies the rules that need no look at rows.
func (e *Engine) plan(ctx context.Context, sess *model.Session, q *sql.Query, params []model.Value) (*plan.Query, error) {
	p, err := bind.Query(ctx, e.env(sess, params), q)
	if err != nil {
		return nil, err
	}
	return p, rule.Optimize(p)
}

// run executes a plan.
func (r *runner) run(ctx context.Context, p *plan.Query) (model.RowStream, error) {
	if v, ok := p.Root.(*plan.Values); ok && len(v.Rows) == 0 {
		return &memoryRows{fields: p.Fields(), rows: model.NewBatch(p.Fields(), 0)}, nil
	}
	if d := direct(p); d != nil {
		return r.direct(ctx, p, d)
	}
	if prog := finish.Compile(p); prog != nil {
		rows, err := r.finish(ctx, prog)
		if !errors.Is(err, finish.ErrRelational) {
			return rows, err
		}
	}
	return r.relational(ctx, p)
}

// relational runs a plan there.
func (r *runner) relational(ctx context.Context, p *plan.Query) (model.RowStream, error) {
	st, err := render.Query(p)
	if err != nil {
		return nil, err
	}
	stmt := relational.Statement{SQL: st.SQL, Types: st.Types}
	pinned, err := r.pin(ctx, st.Scans)
	if err != nil {
		return nil, err
	}
	for _, s := range st.Scans {
		stmt.Sources = append(stmt.Sources, pinned.source(s, r.source(s)))
	}
	rows, err := r.engine.db.Query(ctx, stmt)
	if err != nil {
		return nil, errors.Join(err, pinned.close())
	}
	f := &finished{Rows: rows, fields: p.Fields(), pins: pinned}
	// Up to the first batch, so that a scan which finds its table changed is known before rows are given out.
	f.first, f.err = rows.Next(ctx)
	if f.err != nil && f.err != io.EOF {
		err := f.err
		f.Close()
		return nil, err
	}
	return f, nil
}

// finished is rows from the relational half under their own names.
type finished struct {
	*relational.Rows
	fields []model.Field
	pins   *pins
	first  *model.Batch
	err    error // of the first Next
}

// Next gives the batch that was read ahead, then the others.
func (f *finished) Next(ctx context.Context) (*model.Batch, error) {
	if b := f.first; b != nil {
		f.first = nil
		return b, nil
	}
	if f.err != nil {
		return nil, f.err
	}
	return f.Rows.Next(ctx)
}

// Close ends the statement and lets go of the snapshots that it did not open.
func (f *finished) Close() error { return errors.Join(f.Rows.Close(), f.pins.close()) }

func (f *finished) Fields() []model.Field { return f.fields }

// ReadAll reads a stream to its end and closes it: for results known to be small.
func ReadAll(ctx context.Context, rows model.RowStream) (*model.Batch, error) {
	defer rows.Close()
	all := model.NewBatch(rows.Fields(), 0)
	for {
		b, err := rows.Next(ctx)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		for i, c := range b.Cols {
			all.Cols[i].AppendVector(c, 0, b.Len)
		}
		all.Len += b.Len
	}
}
