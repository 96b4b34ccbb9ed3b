package prom

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	lang "github.com/goptimedb/goptimedb/internal/lang/promql"
	"github.com/goptimedb/goptimedb/internal/model"
)

func text(t testing.TB, rows model.RowStream) string {
	t.Helper()
	defer rows.Close()
	var b strings.Builder
	for _, f := range rows.Fields() {
		fmt.Fprintf(&b, "%s:%s|", f.Name, f.Type)
	}
	for {
		x, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range x.Len {
			b.WriteByte('\n')
			for j, c := range x.Cols {
				if j > 0 {
					b.WriteByte(' ')
				}
				b.WriteString(c.At(i).String())
			}
		}
	}
}

// cpu fills a table of two fields, ns time and an integer tag; host "b" has no idc.
func cpu(t testing.TB, n *node, sess *model.Session) {
	r := &model.Rows{Table: "cpu", Len: 4}
	host, idc, core := model.NewVector(model.String, 0), model.NewVector(model.String, 0), model.NewVector(model.Int64, 0)
	at, usr, sys, state := model.NewVector(model.Timestamp(model.Nanosecond), 0), model.NewVector(model.Float64, 0), model.NewVector(model.Int64, 0), model.NewVector(model.String, 0)
	for i, h := range []string{"a", "a", "b", "b"} {
		host.AppendString(h)
		if h == "a" {
			idc.AppendString("x")
		} else {
			idc.AppendNull()
		}
		core.AppendInt(int64(i / 2))
		at.AppendInt(int64(i%2)*10e9 + 999_999)
		if i == 3 {
			usr.AppendNull()
		} else {
			usr.AppendFloat(float64(i))
		}
		sys.AppendInt(int64(10 * i))
		state.AppendString([]string{"ok", "bad"}[i%2])
	}
	r.Columns = []model.RowColumn{{Name: "host", Semantic: model.TagColumn, Vector: host}, {Name: "idc", Semantic: model.TagColumn, Vector: idc},
		{Name: "core", Semantic: model.TagColumn, Vector: core}, {Name: "ts", Semantic: model.TimeColumn, Vector: at},
		{Name: "usr", Vector: usr}, {Name: "sys", Vector: sys}, {Name: "state", Vector: state}}
	if _, err := n.op.Insert(t.Context(), sess, []*model.Rows{r}, model.InsertOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestInstant(t *testing.T) {
	n := newNode(t, Options{})
	sess := n.database()
	cpu(t, n, sess)
	for _, c := range []struct{ expr, want string }{
		{`cpu`, `{__name__="cpu", core="0", host="a", idc="x"} 1; {__name__="cpu", core="1", host="b"} 2`},
		{`cpu{idc=""}`, `{__name__="cpu", core="1", host="b"} 2`},
		{`cpu{idc!="x"}`, `{__name__="cpu", core="1", host="b"} 2`},
		{`cpu{idc=~"x|"}`, `{__name__="cpu", core="0", host="a", idc="x"} 1; {__name__="cpu", core="1", host="b"} 2`},
		{`cpu{core="1"}`, `{__name__="cpu", core="1", host="b"} 2`},
		{`cpu{nothing=""}`, `{__name__="cpu", core="0", host="a", idc="x"} 1; {__name__="cpu", core="1", host="b"} 2`},
		{`cpu{nothing="x"}`, ``},
		{`missing`, ``},
		{`cpu{__field__="sys"}`, `{__name__="cpu", core="0", host="a", idc="x"} 10; {__name__="cpu", core="1", host="b"} 30`},
		{`cpu{__field__=~"s.*"}`, `{__name__="cpu", core="0", host="a", idc="x"} 10; {__name__="cpu", core="1", host="b"} 30`},
		{`cpu{__field__!="usr",sys="20"}`, `{__name__="cpu", core="1", host="b"} 20`},
		{`cpu{state="ok"}`, `{__name__="cpu", core="0", host="a", idc="x"} 0; {__name__="cpu", core="1", host="b"} 2`},
		{`{__name__=~"c.u",host="a"}`, `{__name__="cpu", core="0", host="a", idc="x"} 1`},
		{`{host="b"}`, `{__name__="cpu", core="1", host="b"} 2`},
		{`sum(count_over_time(cpu[1m]))`, `{} 3`},
		{`absent(missing)`, `{} 1`},
		{`cpu{__database__="nowhere"}`, ``},
		{`timestamp(cpu{host="a"})`, `{core="0", host="a", idc="x"} 10`},
	} {
		res, err := n.Instant(t.Context(), sess, lang.InstantQuery{Expr: c.expr, Time: time.Unix(30, 0)})
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		var got []string
		for _, s := range res.Value.(promql.Vector) {
			got = append(got, fmt.Sprintf("%s %v", s.Metric, s.F))
		}
		slices.Sort(got)
		if g := strings.Join(got, "; "); g != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.expr, g, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	n := newNode(t, Options{MaxSamples: 2})
	sess := n.database()
	cpu(t, n, sess)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		expr string
		want errs.Code
	}{
		{t.Context(), `cpu{`, errs.InvalidSyntax},
		{t.Context(), `rate(cpu)`, errs.InvalidSyntax},
		{t.Context(), `cpu{__schema__!="x"}`, errs.InvalidArguments},
		{t.Context(), `mad_over_time(cpu[1m])`, errs.RuntimeResourcesExhausted},
		{t.Context(), `sum by (host, core, idc) (cpu)`, errs.RuntimeResourcesExhausted},
		{gone, `cpu`, errs.Cancelled},
	} {
		if _, err := n.Instant(c.ctx, sess, lang.InstantQuery{Expr: c.expr, Time: time.Unix(30, 0)}); !errs.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.expr, err, c.want)
		}
	}
}

func TestMeta(t *testing.T) {
	n := newNode(t, Options{})
	sess := n.database()
	cpu(t, n, sess)
	all := lang.Selection{Start: time.Unix(-1000, 0), End: time.Unix(1000, 0)}
	sel := all
	sel.Matchers = [][]*labels.Matcher{{labels.MustNewMatcher(labels.MatchEqual, "core", "1")}}
	series, _, err := n.Series(t.Context(), sess, sel)
	names, _, err2 := n.LabelNames(t.Context(), sess, all)
	some, _, err3 := n.LabelNames(t.Context(), sess, sel)
	hosts, _, err4 := n.LabelValues(t.Context(), sess, "host", all)
	one, _, err5 := n.LabelValues(t.Context(), sess, "host", sel)
	fields, _, err6 := n.LabelValues(t.Context(), sess, "__field__", all)
	tables, _, err7 := n.LabelValues(t.Context(), sess, "__name__", sel)
	if err := errors.Join(err, err2, err3, err4, err5, err6, err7); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(series, names, some, hosts, one, fields, tables)
	const want = `[{__name__="cpu", core="1", host="b"}] [__name__ core host idc] [__name__ core host] [a b] [b] [sys usr] [cpu]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTQL(t *testing.T) {
	n := newNode(t, Options{})
	sess := n.database()
	cpu(t, n, sess)
	for _, c := range []struct{ expr, alias, want string }{
		{`cpu{__field__="usr"}`, "", "host:String|idc:String|core:String|ts:TimestampMillisecond|usr:Float64|\n" +
			`"a" "x" "0" 10000 1` + "\n" + `"a" "x" "0" 20000 1` + "\n" + `"b" NULL "1" 10000 2` + "\n" + `"b" NULL "1" 20000 2`},
		{`sum by (host) (cpu{__field__="usr"})`, "", "host:String|ts:TimestampMillisecond|sum(cpu.usr):Float64|\n" +
			`"a" 10000 1` + "\n" + `"a" 20000 1` + "\n" + `"b" 10000 2` + "\n" + `"b" 20000 2`},
		{`count(cpu{__field__="usr"})`, "", "ts:TimestampMillisecond|count(cpu.usr):Int64|\n10000 2\n20000 2"},
		{`cpu{host="a"} + 1`, "", "host:String|idc:String|core:String|ts:TimestampMillisecond|usr + Float64(1):Float64|sys + Float64(1):Float64|\n" +
			`"a" "x" "0" 10000 2 11` + "\n" + `"a" "x" "0" 20000 2 11`},
		{`sum(cpu{__field__="sys"})`, "total", "total:Float64|ts:TimestampMillisecond|\n40 10000\n40 20000"},
		{`missing`, "", "time:TimestampMillisecond|value:Float64|"},
		{`1`, "", "time:TimestampMillisecond|value:Float64|\n10000 1\n20000 1"},
		{`"x"`, "", "time:TimestampMillisecond|value:String|\n10000 \"x\"\n20000 \"x\""},
		{`absent(missing)`, "", "time:TimestampMillisecond|value:Float64|\n10000 1\n20000 1"},
	} {
		rows, err := n.TQL(t.Context(), sess, lang.TableQuery{RangeQuery: lang.RangeQuery{Expr: c.expr, Start: time.Unix(10, 0), End: time.Unix(20, 0), Step: 10 * time.Second}, Alias: c.alias}, nil)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		if got := text(t, rows); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.expr, got, c.want)
		}
	}
	if _, err := n.TQL(t.Context(), sess, lang.TableQuery{RangeQuery: lang.RangeQuery{Expr: `topk(1, cpu)`, Start: time.Unix(10, 0), End: time.Unix(20, 0), Step: time.Second}}, nil); !errs.Is(err, errs.Unsupported) {
		t.Errorf("topk of two fields: %v", err)
	}
}

// TestMatchers checks random matchers against a plain filter over the label sets.
func TestMatchers(t *testing.T) {
	n := newNode(t, Options{})
	sess := n.database()
	rng := rand.New(rand.NewPCG(1, 2))
	values := []string{"", "a", "b", "ab", "a\nb", "ü", "1"}
	var sets []labels.Labels
	var samples []sample
	seen := map[string]bool{}
	for i := range 300 {
		b := labels.NewBuilder(labels.FromStrings(nameLabel, fmt.Sprintf("m%d", i%3)))
		for _, name := range []string{"x", "y", "z"} {
			b.Set(name, values[rng.IntN(len(values))])
		}
		l := b.Labels()
		if seen[l.String()] {
			continue
		}
		seen[l.String()] = true
		sets, samples = append(sets, l), append(samples, sample{l, 1000, float64(i)})
	}
	for part := range slices.Chunk(samples, 50) {
		if err := n.insert(t.Context(), sess, part); err != nil {
			t.Fatal(err)
		}
	}
	patterns := []string{"", ".*", ".+", "a|b", "a.*", "a.b", ".*b", "[^a]*", "a|", "(?i)A", "ü|1"}
	for range 1000 {
		var ms []*labels.Matcher
		for range 1 + rng.IntN(3) {
			name := []string{"x", "y", "z", "absent", nameLabel}[rng.IntN(5)]
			typ := labels.MatchType(rng.IntN(4))
			v := values[rng.IntN(len(values))]
			if typ >= labels.MatchRegexp {
				v = patterns[rng.IntN(len(patterns))]
			}
			if name == nameLabel {
				v = []string{"m0", "m1", "m.*", "m2"}[rng.IntN(4)]
			}
			if name == nameLabel && slices.ContainsFunc(ms, func(m *labels.Matcher) bool { return m.Name == nameLabel }) {
				continue // two names are an error
			}
			ms = append(ms, labels.MustNewMatcher(typ, name, v))
		}
		var want, got []string
		for _, l := range sets {
			ok := true
			for _, m := range ms {
				ok = ok && m.Matches(l.Get(m.Name))
			}
			if ok {
				want = append(want, l.String())
			}
		}
		slices.Sort(want)
		q, err := n.Queryable(sess).Querier(0, 2000)
		if err != nil {
			t.Fatal(err)
		}
		set := q.Select(t.Context(), true, nil, ms...)
		for set.Next() {
			got = append(got, set.At().Labels().String())
		}
		if set.Err() != nil {
			t.Fatal(set.Err())
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%v: got %d series, want %d\n%q\n%q", ms, len(got), len(want), got, want)
		}
	}
}

// TestSeek compares seeks with a walk.
func TestSeek(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		s := &series{}
		at := int64(0)
		for range rng.IntN(40) {
			at += 1 + rng.Int64N(10)
			s.times, s.values = append(s.times, at), append(s.values, float64(at))
		}
		it := s.Iterator(nil)
		want := 0
		for to := int64(-1); ; to += rng.Int64N(30) {
			for want < len(s.times) && s.times[want] < to {
				want++
			}
			if typ := it.Seek(to); (typ == chunkenc.ValNone) != (want == len(s.times)) || typ != chunkenc.ValNone && it.AtT() != s.times[want] {
				t.Fatalf("seek %d in %v", to, s.times)
			}
			if want == len(s.times) {
				break
			}
		}
	}
}

var _ storage.Queryable = (*queryable)(nil)

// BenchmarkRate is a dashboard's query over 1000 series of an hour, a sample every 15 s: flushed, and in memory; of a table of its own, and
// of one of 50 logical tables of a physical one.
func BenchmarkRate(b *testing.B) {
	b.Run("plain", func(b *testing.B) {
		benchRate(b, model.InsertOptions{Kind: model.PlainTable, AutoTime: true, AutoValue: true})
	})
	b.Run("logical", func(b *testing.B) {
		benchRate(b, model.InsertOptions{Kind: model.MetricTable, AutoTime: true, AutoValue: true, PhysicalTable: "phy"})
	})
}

func benchRate(b *testing.B, as model.InsertOptions) {
	n := newNode(b, Options{})
	n.insertAs = as
	sess := n.database()
	for from := range 24 {
		var samples []sample
		for s := range 1000 {
			l := labels.FromStrings(nameLabel, "requests", "job", fmt.Sprint(s%10), "instance", fmt.Sprint(s))
			for i := range 10 {
				k := from*10 + i
				samples = append(samples, sample{l, int64(k) * 15000, float64(k * (s + 1))})
				if m := s % 50; m > 0 { // neighbours
					samples = append(samples, sample{labels.FromStrings(nameLabel, fmt.Sprintf("other_%d", m), "instance", fmt.Sprint(s)), int64(k) * 15000, float64(k)})
				}
			}
		}
		if err := n.insert(b.Context(), sess, samples); err != nil {
			b.Fatal(err)
		}
	}
	run := func(expr string) func(b *testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				res, err := n.Range(b.Context(), sess, lang.RangeQuery{Expr: expr, Start: time.Unix(0, 0), End: time.Unix(3600, 0), Step: time.Minute})
				if err != nil || len(res.Value.(promql.Matrix)) != 10 {
					b.Fatal(err, res)
				}
				if res.Close != nil {
					res.Close()
				}
			}
		}
	}
	instant := func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			res, err := n.Instant(b.Context(), sess, lang.InstantQuery{Expr: `sum by (job) (requests)`, Time: time.Unix(3600, 0)})
			if err != nil || len(res.Value.(promql.Vector)) != 10 {
				b.Fatal(err, res)
			}
			if res.Close != nil {
				res.Close()
			}
		}
	}
	const expr = `sum by (job) (rate(requests[5m]))`
	b.Run("memory", run(expr))
	b.Run("memory/instant", instant)
	t, err := n.catalog.Table(sess.Database, "requests")
	if err != nil {
		b.Fatal(err)
	}
	if err := n.regions.Flush(b.Context(), t.Regions[0]); err != nil {
		b.Fatal(err)
	}
	b.Run("files", run(expr))
	b.Run("files/regex", run(`sum by (job) (rate({__name__=~"requests|other_.*", job!=""}[5m]))`))
	b.Run("files/instant", instant)
	b.Run("files/scan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			q, _ := n.Queryable(sess).Querier(0, 3600_000)
			set := q.Select(b.Context(), false, nil, labels.MustNewMatcher(labels.MatchEqual, nameLabel, "requests"))
			for set.Next() {
			}
			if set.Err() != nil {
				b.Fatal(set.Err())
			}
		}
	})
}
