// Package prom answers PromQL over the tables of a database. Text is read and evaluated by the Prometheus engine; this room is the
// storage under it:
//
//	tables.go     matchers to tables, value columns and predicates
//	read.go       scans in series order to samples;  series.go  samples as the engine reads them
//	stream.go     the parts of an expression that are computed while series are read, without the engine;  plan.go  where they are found
//	evaluate.go   their regions;  sink.go  their series;  partial.go  their groups;  window  what they compute;  streaming.go  their place
//	meta.go       series, label names and values, metadata
//	tql.go        results as rows;  tql_shape.go  their columns;  explain.go
//
// A metric is a table, its labels are the tags as text (NULL is ""), a sample is the time index, in milliseconds, and one numeric field.
package prom

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	lang "github.com/goptimedb/goptimedb/internal/lang/promql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Catalog is what is asked of the catalog; *catalog.Catalog has it.
type Catalog interface {
	Databases() []*catalog.Database
	Tables(database string) []*catalog.Table
	// Table fails with errs.TableNotFound or errs.DatabaseNotFound.
	Table(database, name string) (*catalog.Table, error)
}

// Options of an Engine. Catalog and Regions are required.
type Options struct {
	Catalog Catalog
	Regions contract.RegionServer

	MaxSamples int           // that one query may hold in memory, of storage and of results each. Zero: 50 million
	Timeout    time.Duration // of one query. Zero: 2 min
	Lookback   time.Duration // where a query names none. Zero: 5 min
	// Memory is where queries account for the samples that they hold, and their results; one that does not get what it needs fails. Nil:
	// nobody counts.
	Memory *budget.Account

	Log     *slog.Logger          // may be nil
	Metrics prometheus.Registerer // of the engine (prometheus_engine_*); may be nil
}

// defaultStep is the step of a subquery that names none.
const defaultStep = time.Minute

// Engine answers PromQL. It is safe for concurrent use.
type Engine struct {
	opt      Options
	plain    bool // nothing is streamed, for tests
	eng      *promql.Engine
	parser   parser.Parser
	handover *handover
}

// New makes an engine. Close it when queries have ended.
func New(opt Options) *Engine {
	if opt.MaxSamples <= 0 {
		opt.MaxSamples = 50_000_000
	}
	if opt.Timeout <= 0 {
		opt.Timeout = 2 * time.Minute
	}
	if opt.Lookback <= 0 {
		opt.Lookback = 5 * time.Minute
	}
	e := &Engine{opt: opt, parser: lang.NewParser()}
	e.handover = &handover{Parser: e.parser}
	e.eng = promql.NewEngine(promql.EngineOpts{
		Logger: opt.Log, Reg: opt.Metrics, MaxSamples: opt.MaxSamples, Timeout: opt.Timeout, LookbackDelta: opt.Lookback,
		NoStepSubqueryIntervalFn: func(int64) int64 { return defaultStep.Milliseconds() },
		EnableAtModifier:         true, EnableNegativeOffset: true,
		// Selectors over many metrics keep series apart until the end, so that rate({__name__=~"…"}) is no error.
		EnableDelayedNameRemoval: true,
		Parser:                   e.handover,
	})
	return e
}

// Close gives back what the engine holds.
func (e *Engine) Close() error { return e.eng.Close() }

// Queryable is the series of the session's database, for remote read and for the engine.
func (e *Engine) Queryable(sess *model.Session) storage.Queryable {
	return &queryable{e: e, database: sess.Database, mem: e.lease(), owned: true}
}

func (e *Engine) lookback(d time.Duration) time.Duration {
	if d <= 0 {
		return e.opt.Lookback
	}
	return d
}

// Instant evaluates an expression at one time.
func (e *Engine) Instant(ctx context.Context, sess *model.Session, q lang.InstantQuery) (*lang.Result, error) {
	st := &queryable{e: e, database: sess.Database, lookback: e.lookback(q.Lookback), mem: e.lease()}
	res, err := e.instantOver(ctx, st, q)
	return releasing(st.mem, res, err)
}

func (e *Engine) instantOver(ctx context.Context, st *queryable, q lang.InstantQuery) (*lang.Result, error) {
	back := st.lookback
	m := moments{start: q.Time.UnixMilli(), step: 1, n: 1}
	all, whole, rest, notes, err := e.stream(ctx, st, q.Expr, m, back)
	if err != nil {
		return nil, err
	}
	if whole {
		return &lang.Result{Value: vector(all, m), Warnings: notes}, nil
	}
	query, err := e.eng.NewInstantQuery(ctx, st, promql.NewPrometheusQueryOpts(false, back), rest, q.Time)
	if err != nil {
		return nil, parseError(err)
	}
	return e.exec(ctx, st, query, notes)
}

// Range evaluates an expression at many times.
func (e *Engine) Range(ctx context.Context, sess *model.Session, q lang.RangeQuery) (*lang.Result, error) {
	return e.rangeOver(ctx, &queryable{e: e, database: sess.Database}, q)
}

// rangeOver gives st a lease of its own.
func (e *Engine) rangeOver(ctx context.Context, st *queryable, q lang.RangeQuery) (*lang.Result, error) {
	st.mem = e.lease()
	res, err := e.evaluateRange(ctx, st, q)
	return releasing(st.mem, res, err)
}

func (e *Engine) evaluateRange(ctx context.Context, st *queryable, q lang.RangeQuery) (*lang.Result, error) {
	switch {
	case q.Step < time.Millisecond:
		return nil, errs.New(errs.InvalidArguments, "the step of a range query must be a millisecond at least, not %s", q.Step)
	case q.End.Before(q.Start):
		return nil, errs.New(errs.InvalidArguments, "The end time must be greater than start time, start: %d, end: %d", q.Start.UnixMilli(), q.End.UnixMilli())
	}
	back, step := e.lookback(q.Lookback), q.Step.Milliseconds()
	if n := (q.End.UnixMilli() - q.Start.UnixMilli()) / step; n >= int64(e.opt.MaxSamples) {
		return nil, errs.New(errs.RuntimeResourcesExhausted, "a range of %s in steps of %s has more than the %d points that a query may hold: use a larger step",
			q.End.Sub(q.Start), q.Step, e.opt.MaxSamples)
	}
	m := moments{start: q.Start.UnixMilli(), step: step, n: int((q.End.UnixMilli()-q.Start.UnixMilli())/step) + 1}
	all, whole, rest, notes, err := e.stream(ctx, st, q.Expr, m, back)
	if err != nil {
		return nil, err
	}
	if whole {
		return &lang.Result{Value: matrix(all, m), Warnings: notes}, nil
	}
	query, err := e.eng.NewRangeQuery(ctx, st, promql.NewPrometheusQueryOpts(false, back), rest, q.Start, q.End, q.Step)
	if err != nil {
		return nil, parseError(err)
	}
	return e.exec(ctx, st, query, notes)
}

func (e *Engine) exec(ctx context.Context, st *queryable, query promql.Query, notes annotations.Annotations) (*lang.Result, error) {
	res := query.Exec(ctx)
	if res.Err != nil {
		query.Close()
		return nil, runError(res.Err)
	}
	if err := reserve(st.mem, samplesOf(res.Value)); err != nil {
		query.Close()
		return nil, err
	}
	return note(&lang.Result{Value: res.Value, Warnings: res.Warnings, Close: query.Close}, notes), nil
}

// parseError gives the errors of a query that was never run.
func parseError(err error) error {
	if errors.Is(err, promql.ErrValidationAtModifierDisabled) || errors.Is(err, promql.ErrValidationNegativeOffsetDisabled) {
		return errs.Wrap(errs.InvalidArguments, err, "PromQL")
	}
	var own *errs.Error
	if errors.As(err, &own) {
		return err
	}
	return errs.Wrap(errs.InvalidSyntax, err, "PromQL")
}

// runError gives the errors of evaluation, and those of storage below it, their codes.
func runError(err error) error {
	var (
		own      *errs.Error
		timeout  promql.ErrQueryTimeout
		canceled promql.ErrQueryCanceled
		tooMany  promql.ErrTooManySamples
	)
	switch {
	case errors.As(err, &tooMany):
		return errs.Wrap(errs.RuntimeResourcesExhausted, err, "PromQL")
	case errors.As(err, &timeout), errors.Is(err, context.DeadlineExceeded):
		return errs.Wrap(errs.DeadlineExceeded, err, "PromQL")
	case errors.As(err, &canceled), errors.Is(err, context.Canceled):
		return errs.Wrap(errs.Cancelled, err, "PromQL")
	case errors.As(err, &own):
		return err
	}
	return errs.Wrap(errs.EngineExecuteQuery, err, "PromQL")
}
