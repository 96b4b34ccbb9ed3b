package prom

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/stats"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	lang "github.com/goptimedb/goptimedb/internal/lang/promql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// queryEngine is an Engine as the script runner of Prometheus wants it, with all that is streamed.
type queryEngine struct{ e *Engine }

func (q queryEngine) NewInstantQuery(_ context.Context, st storage.Queryable, opts promql.QueryOpts, text string, at time.Time) (promql.Query, error) {
	if _, err := q.e.parser.ParseExpr(text); err != nil {
		return nil, err
	}
	return &query{text: text, run: func(ctx context.Context) (*lang.Result, error) {
		own := *st.(*testStorage).Queryable.(*queryable)
		return q.e.Instant(ctx, &model.Session{Database: own.database}, lang.InstantQuery{Expr: text, Time: at, Lookback: lookbackOf(opts)})
	}}, nil
}

func (q queryEngine) NewRangeQuery(_ context.Context, st storage.Queryable, opts promql.QueryOpts, text string, start, end time.Time, step time.Duration) (promql.Query, error) {
	if _, err := q.e.parser.ParseExpr(text); err != nil {
		return nil, err
	}
	return &query{text: text, run: func(ctx context.Context) (*lang.Result, error) {
		own := *st.(*testStorage).Queryable.(*queryable)
		return q.e.Range(ctx, &model.Session{Database: own.database}, lang.RangeQuery{Expr: text, Start: start, End: end, Step: step, Lookback: lookbackOf(opts)})
	}}, nil
}

func lookbackOf(opts promql.QueryOpts) time.Duration {
	if opts == nil {
		return 0
	}
	return opts.LookbackDelta()
}

type query struct {
	text  string
	run   func(context.Context) (*lang.Result, error)
	close func()
}

func (q *query) Exec(ctx context.Context) *promql.Result {
	r, err := q.run(ctx)
	if err != nil {
		var own *errs.Error
		if errors.As(err, &own) && errors.Unwrap(own) != nil {
			err = errors.Unwrap(own) // scripts compare the engine's words
		}
		return &promql.Result{Err: err}
	}
	q.close = r.Close
	return &promql.Result{Value: r.Value, Warnings: r.Warnings}
}

func (q *query) Close() {
	if q.close != nil {
		q.close()
	}
}
func (*query) Statement() parser.Statement { return nil }
func (*query) Stats() *stats.Statistics    { return nil }
func (*query) Cancel()                     {}
func (q *query) String() string            { return q.text }

// shown is a result as text, values rounded to 11 digits; sums are added up in other orders.
// With ties, among which the engine chooses as it likes, only values and their times are shown.
func shown(r *lang.Result, expr string, ties, sorted bool) string {
	var rows []string
	if m, ok := r.Value.(promql.Matrix); ok && ties {
		var all promql.Vector
		for _, s := range m {
			for _, p := range s.Floats {
				all = append(all, promql.Sample{T: p.T, F: p.F})
			}
		}
		r.Value, sorted = all, true
	} else if v, ok := r.Value.(promql.Vector); ok && ties {
		for i := range v {
			v[i].Metric = labels.EmptyLabels()
		}
	}
	number := func(f float64) string {
		if math.Abs(f) < 1e-9 {
			f = 0 // not -0 either
		}
		return fmt.Sprintf("%.10g", f)
	}
	switch v := r.Value.(type) {
	case promql.Vector:
		for _, s := range v {
			rows = append(rows, fmt.Sprintf("%s %s@%d", s.Metric, number(s.F), s.T))
		}
	case promql.Matrix:
		for _, s := range v {
			line := s.Metric.String()
			for _, p := range s.Floats {
				line += fmt.Sprintf(" %s@%d", number(p.F), p.T)
			}
			rows = append(rows, line)
		}
	default:
		rows = append(rows, r.Value.String())
	}
	if sorted {
		slices.Sort(rows)
	}
	warnings, infos := r.Warnings.AsStrings(expr, 0, 0)
	slices.Sort(warnings)
	slices.Sort(infos)
	return strings.Join(append(append(rows, warnings...), infos...), "\n")
}

// randomSeries fills two metrics: gaps, resets, stale markers, NaN, infinities, large and small values, series that end.
func randomSeries(t testing.TB, n *node, sess *model.Session, rng *rand.Rand) {
	var samples []sample
	for _, m := range []string{"a_total", "b"} {
		for s := range 12 {
			l := labels.FromStrings(nameLabel, m, "job", fmt.Sprint(s%3), "inst", fmt.Sprint(s))
			if s == 5 {
				l = labels.FromStrings(nameLabel, m, "job", "2")
			}
			v, kind := 0.0, rng.IntN(5)
			for at := int64(rng.IntN(20000)); at < 1800_000; at += 10_000 + rng.Int64N(12_000) {
				switch x := rng.IntN(100); {
				case x < 2:
					at += rng.Int64N(400_000)
				case x < 4:
					v = 0
				case x < 5:
					samples = append(samples, sample{l, at, math.Float64frombits(value.StaleNaN)})
					continue
				case x < 7 && kind == 0:
					samples = append(samples, sample{l, at, []float64{math.NaN(), math.Inf(1), math.Inf(-1)}[rng.IntN(3)]})
					continue
				}
				switch kind {
				case 1:
					v = rng.NormFloat64()
				case 2:
					v = 5
				case 3:
					v += rng.Float64() * 1e9
				default:
					v += float64(rng.IntN(10))
				}
				samples = append(samples, sample{l, at, v})
			}
		}
	}
	rng.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
	for part := range slices.Chunk(samples, 700) {
		if err := n.insert(t.Context(), sess, part); err != nil {
			t.Fatal(err)
		}
	}
}

// randomExpr is an expression of which parts can be streamed; depth bounds it.
func randomExpr(rng *rand.Rand, depth int) string {
	pick := func(s ...string) string { return s[rng.IntN(len(s))] }
	sel := func() string {
		return pick("a_total", "b", `b{job="1"}`, `a_total{inst!=""}`, `{__name__=~"a_total|b"}`, "missing", `b{inst=~"1.*"}`)
	}
	mods := func() string {
		return pick("", "", "", " offset 2m", " offset -3m", " @ 600", " @ end()", " @ start() offset 1m")
	}
	if depth <= 0 {
		if rng.IntN(3) == 0 {
			return sel() + mods()
		}
		r := sel() + "[" + pick("30s", "1m", "5m", "10m", "1h") + "]" + mods()
		switch rng.IntN(8) {
		case 0:
			return "quantile_over_time(" + pick("0", "0.3", "0.5", "1") + "," + r + ")"
		case 1:
			return "predict_linear(" + r + ", 600)"
		}
		f := pick("rate", "increase", "delta", "irate", "idelta", "resets", "changes", "deriv", "sum_over_time", "avg_over_time", "min_over_time",
			"max_over_time", "count_over_time", "present_over_time", "first_over_time", "last_over_time", "stddev_over_time", "stdvar_over_time", "mad_over_time")
		return f + "(" + r + ")"
	}
	x := func() string { return randomExpr(rng, depth-1) }
	switch rng.IntN(16) {
	case 12:
		// Which of equal values stay is the engine's choice, but not how many and what they sum up to.
		by := pick("", " by (job)", " without (inst)")
		return pick("sum", "count", "max") + by + "(" + pick("topk", "bottomk") + by + "(" + pick("1", "2", "5", "100") + ", " + x() + "))"
	case 13:
		return "quantile" + pick("", " by (job)", " without (inst)") + "(" + pick("0", "0.3", "0.5", "0.99", "1", "2") + ", " + x() + ")"
	case 14, 15:
		sub := "(" + x() + ")[" + pick("5m", "10m", "7m", "90s") + ":" + pick("1m", "", "30s", "2m") + "]" + mods()
		if rng.IntN(6) == 0 {
			return "quantile_over_time(0.4, " + sub + ")"
		}
		return pick("max_over_time", "min_over_time", "avg_over_time", "sum_over_time", "count_over_time", "last_over_time", "first_over_time", "changes",
			"deriv", "delta", "rate", "stddev_over_time", "present_over_time") + "(" + sub + ")"
	case 0, 1, 2:
		return pick("sum", "avg", "count", "min", "max", "group", "stddev", "stdvar") + pick("", " by (job)", " without (inst)", " by (inst, job)", " by (nothing)", " by (__name__)") + "(" + x() + ")"
	case 3:
		return "(" + x() + ")" + pick("+", "*", "/", "-", ">", "<=", "== bool ", "% ", "^") + pick("2", "0.5", "-1", "(3)")
	case 4:
		return pick("10", "0") + pick("-", ">", "/", "!= bool ") + "(" + x() + ")"
	case 5:
		return "-(" + x() + ")"
	case 6:
		return pick("abs", "ceil", "sgn", "sqrt", "ln", "exp", "round") + "(" + x() + ")"
	case 7:
		return pick("clamp_max(", "clamp_min(") + x() + pick(", 1", ", 2 ") + ")"
	case 8:
		return "(" + x() + ")" + pick("/", "+ on (job) group_left () ", "and", "or", "unless") + "(sum by (job) (" + x() + "))"
	case 9:
		return "quantile(0.5, " + x() + ")"
	case 10:
		return "max_over_time((" + x() + ")[5m:1m])"
	}
	return `label_replace(` + x() + `, "n", "$1", "__name__", "(.*)")`
}

// TestStreamed asks random expressions of random series twice: streamed, and computed by Prometheus' engine from its samples.
func TestStreamed(t *testing.T) {
	n := newNode(t, Options{})
	for round := range 4 {
		rng := rand.New(rand.NewPCG(uint64(round), 7))
		n.insertAs = model.InsertOptions{Kind: model.PlainTable, AutoTime: true, AutoValue: true}
		if round%2 == 1 {
			n.insertAs = model.InsertOptions{Kind: model.MetricTable, AutoTime: true, AutoValue: true, PhysicalTable: "phy"}
		}
		sess := n.database()
		randomSeries(t, n, sess, rng)
		plain := *n.Engine
		plain.plain = true
		streamed := 0
		for range 700 {
			expr, ties := randomExpr(rng, rng.IntN(4)), false
			if ties = rng.IntN(10) == 0; ties {
				expr = []string{"topk", "bottomk", "topk by (job) ", "bottomk without (inst) "}[rng.IntN(4)] + "(2, " + expr + ")"
			}
			root, err := n.parser.ParseExpr(expr)
			if err != nil {
				t.Fatalf("%s: %v", expr, err)
			}
			if _, parts, whole := plan(root); whole != nil || len(parts) > 0 {
				streamed++
			}
			start := time.UnixMilli(rng.Int64N(1900_000))
			step := time.Duration(1+rng.IntN(90)) * time.Second
			q := lang.RangeQuery{Expr: expr, Start: start, End: start.Add(step * time.Duration(rng.IntN(60))), Step: step, Lookback: time.Duration(rng.IntN(3)) * 2 * time.Minute}
			got, err1 := n.Range(t.Context(), sess, q)
			want, err2 := plain.Range(t.Context(), sess, q)
			if (err1 != nil) != (err2 != nil) && !ties {
				t.Fatalf("round %d: %s from %v to %v by %v: %v, want %v", round, expr, start.Unix(), q.End.Unix(), step, err1, err2)
			}
			if err1 == nil && err2 == nil {
				if g, w := shown(got, expr, ties, false), shown(want, expr, ties, false); g != w {
					t.Fatalf("round %d: %s from %v to %v by %v:\n%s\nwant\n%s", round, expr, start.Unix(), q.End.Unix(), step, g, w)
				}
			}
			i := lang.InstantQuery{Expr: expr, Time: start, Lookback: q.Lookback}
			got, err1 = n.Instant(t.Context(), sess, i)
			want, err2 = plain.Instant(t.Context(), sess, i)
			if (err1 != nil) != (err2 != nil) && !ties {
				t.Fatalf("round %d: %s at %v: %v, want %v", round, expr, start.Unix(), err1, err2)
			}
			if err1 == nil && err2 == nil {
				if g, w := shown(got, expr, ties, true), shown(want, expr, ties, true); g != w {
					t.Fatalf("round %d: %s at %v:\n%s\nwant\n%s", round, expr, start.Unix(), g, w)
				}
			}
		}
		if streamed < 400 {
			t.Errorf("only %d of 700 expressions had something to stream", streamed)
		}
		n.handover.trees.Range(func(any, any) bool { t.Error("a tree was left behind"); return false })
	}
}

// TestRanked compares topk and bottomk of values that all differ, labels and order too.
func TestRanked(t *testing.T) {
	n := newNode(t, Options{})
	rng := rand.New(rand.NewPCG(3, 7))
	sess := n.database()
	var samples []sample
	for s := range 60 {
		l := labels.FromStrings(nameLabel, "a_total", "job", fmt.Sprint(s%4), "inst", fmt.Sprint(s))
		v := 0.0
		for at := int64(rng.IntN(400_000)); at < 1800_000; at += 10_000 + rng.Int64N(20_000) {
			v += rng.ExpFloat64()
			samples = append(samples, sample{l, at, v})
			if rng.IntN(60) == 0 {
				at += 600_000
			}
		}
	}
	if err := n.insert(t.Context(), sess, samples); err != nil {
		t.Fatal(err)
	}
	plain := *n.Engine
	plain.plain = true
	for _, expr := range []string{"topk(3, a_total)", "bottomk(3, a_total)", "topk by (job) (2, rate(a_total[5m]))", "bottomk without (inst) (1, a_total * -1)",
		"topk(1000, a_total)", "topk(3.9, a_total offset 3m)", "topk(2, a_total @ 900)", "bottomk(2, max_over_time(rate(a_total[3m])[10m:1m]))",
		"topk(3, a_total) > 20", "topk(2, a_total) / on (inst) group_left () a_total", "topk(0, a_total)", "topk(-1, a_total)", "topk(1001, a_total)",
		`label_replace(topk(2, a_total), "n", "$1", "__name__", "(.*)")`, `label_replace(topk(2, rate(a_total[4m])), "n", "$1", "__name__", "(.*)")`,
		"sort_desc(topk(4, a_total))", "topk(scalar(count(a_total)) / 20, a_total)", "topk(5, sum by (job) (a_total))", "avg_over_time(topk(2, a_total)[10m:1m])",
		"topk by (job, inst) (1, a_total)", "topk by (nothing) (2, a_total)", "topk(2, {__name__=~\"a.*\"})"} {
		for at := int64(0); at < 2000; at += 133 {
			q := lang.RangeQuery{Expr: expr, Start: time.Unix(at, 0), End: time.Unix(at+at*3, 0), Step: 37 * time.Second}
			got, err1 := n.Range(t.Context(), sess, q)
			want, err2 := plain.Range(t.Context(), sess, q)
			if err1 != nil || err2 != nil {
				if err1 == nil || err2 == nil {
					t.Fatal(expr, err1, err2)
				}
				continue
			}
			if g, w := shown(got, expr, false, false), shown(want, expr, false, false); g != w {
				t.Fatalf("%s from %d:\n%s\nwant\n%s", expr, at, g, w)
			}
			i := lang.InstantQuery{Expr: expr, Time: q.Start}
			got, err1 = n.Instant(t.Context(), sess, i)
			want, err2 = plain.Instant(t.Context(), sess, i)
			if err1 != nil || err2 != nil {
				if err1 == nil || err2 == nil {
					t.Fatal(expr, err1, err2)
				}
				continue
			}
			// The best come first, and groups in the order of their first series; those of several moments have no order.
			any := strings.HasSuffix(expr, "[10m:1m])")
			if g, w := shown(got, expr, false, any), shown(want, expr, false, any); g != w {
				t.Fatalf("%s at %d:\n%s\nwant\n%s", expr, at, g, w)
			}
		}
	}
}
