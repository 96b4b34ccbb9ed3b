package node

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/catalog/process"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/operator"
	"github.com/goptimedb/goptimedb/internal/server"
	"github.com/goptimedb/goptimedb/internal/server/promapi"
)

const (
	slowQueue  = 1024 // queries that wait to be recorded; more are only counted
	slowTable  = "slow_queries"
	slowWaits  = 30 * time.Second // for one write of the table
	slowAtOnce = 256              // rows of one write
)

// slowLog records queries that took long, in a table or in the log.
type slowLog struct {
	cfg     config.SlowQuery
	insert  server.Inserter // set before the first query is told
	log     *slog.Logger
	dropped prometheus.Counter
	queue   chan operator.SlowQuery
	stop    chan struct{} // closed by close
	done    chan struct{}
	once    sync.Once
}

// newSlowLog starts recording; nil where it is switched off. close ends it.
func newSlowLog(cfg config.SlowQuery, log *slog.Logger, reg prometheus.Registerer) *slowLog {
	if !cfg.Enable {
		return nil
	}
	s := &slowLog{cfg: cfg, log: log, queue: make(chan operator.SlowQuery, slowQueue), stop: make(chan struct{}), done: make(chan struct{}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{Name: "greptime_slow_query_dropped_total", Help: "Slow queries that were not recorded, because too many were or the table could not be written."})}
	reg.MustRegister(s.dropped)
	go func() {
		defer close(s.done)
		s.run()
	}()
	return s
}

// record takes a query, or not, without waiting.
func (s *slowLog) record(q operator.SlowQuery) {
	if s.cfg.SampleRatio < 1 && rand.Float64() >= s.cfg.SampleRatio {
		return
	}
	select {
	case s.queue <- q:
	default:
		s.dropped.Inc()
	}
}

// close records what has been told so far; what comes later is lost.
func (s *slowLog) close() {
	s.once.Do(func() { close(s.stop) })
	<-s.done
}

func (s *slowLog) run() {
	for stopping := false; ; {
		var batch []operator.SlowQuery
		if !stopping {
			select {
			case q := <-s.queue:
				batch = append(batch, q)
			case <-s.stop:
				stopping = true
			}
		}
	drain:
		for len(batch) < slowAtOnce {
			select {
			case q := <-s.queue:
				batch = append(batch, q)
			default:
				break drain
			}
		}
		if len(batch) == 0 {
			if stopping {
				return
			}
			continue
		}
		if s.cfg.RecordType == "log" {
			for _, q := range batch {
				s.log.Warn("slow query", "cost", q.Took, "threshold", s.cfg.Threshold.Std(), "database", q.Database, "promql", q.PromQL != nil, "query", q.Text)
			}
			continue
		}
		if err := s.write(batch); err != nil {
			s.dropped.Add(float64(len(batch)))
			s.log.Error("slow queries were not recorded", "queries", len(batch), "err", err)
		}
	}
}

func (s *slowLog) write(batch []operator.SlowQuery) error {
	column := func(name string, t model.Type, semantic model.Semantic, value func(q *operator.SlowQuery) model.Value) model.RowColumn {
		v := model.NewVector(t, len(batch))
		for i := range batch {
			v.AppendValue(value(&batch[i]))
		}
		return model.RowColumn{Name: name, Semantic: semantic, Vector: v}
	}
	millis := func(d time.Duration) model.Value { return model.IntValue(model.Uint64, d.Milliseconds()) }
	ms := model.Timestamp(model.Millisecond)
	prom := func(q *operator.SlowQuery) operator.PromRange {
		if q.PromQL == nil {
			return operator.PromRange{}
		}
		return *q.PromQL
	}
	rows := &model.Rows{Table: slowTable, Len: len(batch), Columns: []model.RowColumn{
		column("cost", model.Uint64, model.FieldColumn, func(q *operator.SlowQuery) model.Value { return millis(q.Took) }),
		column("threshold", model.Uint64, model.FieldColumn, func(*operator.SlowQuery) model.Value { return millis(s.cfg.Threshold.Std()) }),
		column("query", model.String, model.FieldColumn, func(q *operator.SlowQuery) model.Value { return model.StringValue(q.Text) }),
		column("schema_name", model.String, model.FieldColumn, func(q *operator.SlowQuery) model.Value { return model.StringValue(q.Database) }),
		column("is_promql", model.Bool, model.FieldColumn, func(q *operator.SlowQuery) model.Value { return model.BoolValue(q.PromQL != nil) }),
		column("timestamp", model.Timestamp(model.Nanosecond), model.TimeColumn, func(q *operator.SlowQuery) model.Value {
			return model.IntValue(model.Timestamp(model.Nanosecond), q.At.UnixNano())
		}),
		column("promql_range", model.Uint64, model.FieldColumn, func(q *operator.SlowQuery) model.Value {
			return model.IntValue(model.Uint64, prom(q).End-prom(q).Start)
		}),
		column("promql_step", model.Uint64, model.FieldColumn, func(q *operator.SlowQuery) model.Value { return millis(prom(q).Step) }),
		column("promql_start", ms, model.FieldColumn, func(q *operator.SlowQuery) model.Value { return model.IntValue(ms, prom(q).Start) }),
		column("promql_end", ms, model.FieldColumn, func(q *operator.SlowQuery) model.Value { return model.IntValue(ms, prom(q).End) }),
	}}
	sess := model.NewSession("slow_queries")
	sess.Database = model.PrivateDatabase
	ctx, cancel := context.WithTimeout(context.Background(), slowWaits) // no client waits for it
	defer cancel()
	_, err := s.insert.Insert(ctx, sess, []*model.Rows{rows}, model.InsertOptions{Kind: model.LogTable, TableOptions: map[string]string{"ttl": s.cfg.TTL}})
	return err
}

// watchedPromQL puts the queries of Prometheus's interface on the list of processes, and tells of slow ones.
type watchedPromQL struct {
	promapi.Engine
	processes *process.List
	slow      func(operator.SlowQuery) // nil: nobody is told
	threshold time.Duration
}

func (w *watchedPromQL) begin(ctx context.Context, sess *model.Session, text string, over operator.PromRange) (context.Context, func(error) error) {
	ctx, p := w.processes.Begin(ctx, process.Info{Catalog: sess.Catalog, Database: sess.Database, Client: sess.ClientName(), Text: func() string { return text }})
	return ctx, func(err error) error {
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if took := p.End(); w.slow != nil && took >= w.threshold {
			w.slow(operator.SlowQuery{Text: text, Database: sess.Database, Took: took, At: time.Now(), PromQL: &over})
		}
		return err
	}
}

// Instant implements promapi.Engine.
func (w *watchedPromQL) Instant(ctx context.Context, sess *model.Session, q promapi.InstantQuery) (*promapi.Result, error) {
	at := q.Time.UnixMilli()
	ctx, end := w.begin(ctx, sess, q.Expr, operator.PromRange{Start: at, End: at})
	res, err := w.Engine.Instant(ctx, sess, q)
	return res, end(err)
}

// Range implements promapi.Engine.
func (w *watchedPromQL) Range(ctx context.Context, sess *model.Session, q promapi.RangeQuery) (*promapi.Result, error) {
	ctx, end := w.begin(ctx, sess, q.Expr, operator.PromRange{Start: q.Start.UnixMilli(), End: q.End.UnixMilli(), Step: q.Step})
	res, err := w.Engine.Range(ctx, sess, q)
	return res, end(err)
}
