package query

import (
	"context"
	"io"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/bind"
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
	// Relational tunes the relational half; its Macros are set by the engine.
	Relational relational.Options
	// Now is the clock of now(). Nil: the system's.
	Now func() time.Time
	// Version is what version() says.
	Version string
}

// Engine answers queries. It is safe for concurrent use.
type Engine struct {
	opts Options
	db   *relational.DB
}

// Open makes an engine. Close it to stop its threads.
func Open(opts Options) (*Engine, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	opts.Relational.Macros = function.Macros()
	db, err := relational.Open(opts.Relational)
	if err != nil {
		return nil, err
	}
	return &Engine{opts: opts, db: db}, nil
}

// Close waits for queries that still run; cancel their contexts before.
func (e *Engine) Close() error { return e.db.Close() }

func (e *Engine) env(sess *model.Session, params []model.Value) bind.Env {
	return bind.Env{Catalog: e.opts.Catalog, Session: sess, Now: e.opts.Now(), Params: params, Version: e.opts.Version}
}

// Query starts a query. ctx governs the rows too; the caller closes them. params are the values of placeholders.
func (e *Engine) Query(ctx context.Context, sess *model.Session, q *sql.Query, params ...model.Value) (model.RowStream, error) {
	p, err := e.plan(ctx, sess, q, params)
	if err != nil {
		return nil, err
	}
	return e.run(ctx, sess, p, nil)
}

// Fields are the columns that Query's rows would have, without running it. Placeholders need values of the right types.
func (e *Engine) Fields(ctx context.Context, sess *model.Session, q *sql.Query, params ...model.Value) ([]model.Field, error) {
	p, err := bind.Query(ctx, e.env(sess, params), q)
	if err != nil {
		return nil, err
	}
	return p.Fields(), nil
}

// Value computes an expression that reads no table, such as a default or a parameter.
func (e *Engine) Value(ctx context.Context, sess *model.Session, x sql.Expr) (model.Value, error) {
	bound, err := bind.Const(ctx, e.env(sess, nil), x)
	if err != nil {
		return model.Value{}, err
	}
	if l, ok := bound.(*plan.Lit); ok {
		return l.V, nil
	}
	text, err := render.Expr(bound)
	if err != nil {
		return model.Value{}, err
	}
	_, b, err := e.db.All(ctx, relational.Statement{SQL: "SELECT " + text, Types: []model.Type{bound.Type()}})
	if err != nil {
		return model.Value{}, err
	}
	if b.Len != 1 {
		return model.Value{}, errs.New(errs.Internal, "an expression gave %d rows", b.Len)
	}
	return b.Cols[0].At(0), nil
}

func (e *Engine) plan(ctx context.Context, sess *model.Session, q *sql.Query, params []model.Value) (*plan.Query, error) {
	p, err := bind.Query(ctx, e.env(sess, params), q)
	if err != nil {
		return nil, err
	}
	return p, rule.Optimize(p)
}

// run executes a plan. watch, if not nil, is told what each scan did when it is closed.
func (e *Engine) run(ctx context.Context, sess *model.Session, p *plan.Query, watch func(*plan.Scan, contract.ScanStats)) (model.RowStream, error) {
	r := &runner{engine: e, sess: sess, watch: watch}
	if d := direct(p); d != nil {
		return r.direct(ctx, p, d)
	}
	st, err := render.Query(p)
	if err != nil {
		return nil, err
	}
	stmt := relational.Statement{SQL: st.SQL, Types: st.Types}
	for _, s := range st.Scans {
		stmt.Sources = append(stmt.Sources, r.source(s))
	}
	rows, err := e.db.Query(ctx, stmt)
	if err != nil {
		return nil, err
	}
	return &finished{Rows: rows, fields: p.Fields()}, nil
}

// finished is rows from the relational half under their own names.
type finished struct {
	*relational.Rows
	fields []model.Field
}

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
