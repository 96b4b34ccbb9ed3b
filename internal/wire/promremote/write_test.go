package promremote

import (
	"bytes"
	"fmt"
	"math"
	"sort"
	"strings"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/prompb"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// series makes a TimeSeries of "k=v" labels and time, value pairs.
func series(ls string, points ...float64) prompb.TimeSeries {
	var ts prompb.TimeSeries
	for _, l := range strings.Fields(ls) {
		k, v, _ := strings.Cut(l, "=")
		ts.Labels = append(ts.Labels, prompb.Label{Name: k, Value: v})
	}
	for i := 0; i < len(points); i += 2 {
		ts.Samples = append(ts.Samples, prompb.Sample{Timestamp: int64(points[i]), Value: points[i+1]})
	}
	return ts
}

func encode(t testing.TB, ts ...prompb.TimeSeries) []byte {
	b, err := (&prompb.WriteRequest{Timeseries: ts, Metadata: []prompb.MetricMetadata{{MetricFamilyName: "x", Help: "h"}}}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func dump(s *WriteSet) string {
	var b strings.Builder
	for _, g := range s.Groups() {
		for _, r := range g.Rows {
			fmt.Fprintf(&b, "%s|%s|%s:", g.Database, g.PhysicalTable, r.Table)
			for _, c := range r.Columns {
				fmt.Fprintf(&b, " %s/%s", c.Name, strings.ToLower(c.Semantic.String()[:1]))
				if c.Vector.Len != r.Len {
					fmt.Fprintf(&b, "(LEN %d)", c.Vector.Len)
				}
			}
			b.WriteByte('\n')
			for i := range r.Len {
				for _, c := range r.Columns {
					fmt.Fprintf(&b, " %s", c.Vector.At(i))
				}
				b.WriteByte('\n')
			}
		}
	}
	return b.String()
}

func TestDecodeWrite(t *testing.T) {
	var set WriteSet
	f := func(want string, ts ...prompb.TimeSeries) {
		t.Helper()
		if err := DecodeWrite(&set, encode(t, ts...), WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := dump(&set); got != strings.TrimLeft(want, "\n") {
			t.Fatalf("got\n%swant%s", got, want)
		}
	}
	for range 2 { // the second time with used memory
		f("")
		f(`
||up: instance/t job/t greptime_timestamp/t greptime_value/f
 "h1" "a" 1000 1
 "h1" "a" 2000 0
 "h2" "a" 1000 0.5
||go: job/t greptime_timestamp/t greptime_value/f
 "a" -5 7
`, series("__name__=up instance=h1 job=a", 1000, 1, 2000, 0), series("__name__=go job=a", -5, 7), series("__name__=up instance=h2 job=a", 1000, .5))
		// Labels that come later, are left out, or stand in another order; an empty value is no label.
		f(`
||m: a/t b/t c/t greptime_timestamp/t greptime_value/f
 NULL "1" NULL 1 1
 "x" "2" NULL 2 2
 NULL NULL NULL 3 3
 "y" NULL "z" 4 4
`, series("__name__=m b=1", 1, 1), series("b=2 a=x __name__=m", 2, 2), series("__name__=m a=", 3, 3), series("A= __name__=m c=z a=y", 4, 4))
		f(`
other|phys|m: a/t greptime_timestamp/t greptime_value/f
 "1" 1 1
other|phys|n: greptime_timestamp/t greptime_value/f
 1 3
||m: greptime_timestamp/t greptime_value/f
 1 2
`, series("__database__=other __name__=m __physical_table__=phys a=1", 1, 1), series("__name__=m", 1, 2),
			series("__name__=n x_greptime_database=other x_greptime_physical_table=phys", 1, 3))
	}
	// Series without samples make no table; histograms are counted.
	h := series("__name__=h")
	h.Histograms = []prompb.Histogram{{Sum: 1}, {Sum: 2}}
	e := series("__name__=e")
	e.Exemplars = []prompb.Exemplar{{Value: 1}}
	f("||m: greptime_timestamp/t greptime_value/f\n 1 1\n", h, e, series("__name__=m", 1, 1))
	if set.Histograms != 2 || set.Samples() != 1 {
		t.Fatalf("%d histograms, %d samples", set.Histograms, set.Samples())
	}
	stale := math.Float64frombits(value.StaleNaN)
	if err := DecodeWrite(&set, encode(t, series("__name__=m", 1, stale)), WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := set.Groups()[0].Rows[0].Columns[1].Vector.Floats[0]; !value.IsStaleNaN(got) {
		t.Fatal("the stale marker lost its bits")
	}
}

func TestBadWrite(t *testing.T) {
	var set WriteSet
	f := func(want string, opt WriteOptions, ts ...prompb.TimeSeries) {
		t.Helper()
		err := DecodeWrite(&set, encode(t, ts...), opt)
		if !errs.Is(err, errs.InvalidArguments) || !strings.Contains(err.Error(), want) || len(set.Groups()) != 0 {
			t.Fatalf("%v, want %s", err, want)
		}
	}
	f("series 1 has no label __name__", WriteOptions{}, series("__name__=a", 1, 1), series("job=a", 1, 1))
	f(`series 0 of metric "m": label name "a-b" does not match`, WriteOptions{}, series("__name__=m a-b=1", 1, 1))
	f(`label name "9a" does not match`, WriteOptions{}, series("__name__=m 9a=1", 1, 1))
	f(`has label "a" twice`, WriteOptions{}, series("__name__=m a=1 a=2", 1, 1))
	f(`value of label "a" is not valid UTF-8`, WriteOptions{}, series("__name__=m a=\xff", 1, 1))
	f(`is not valid UTF-8`, WriteOptions{}, series("__name__=m\xff", 1, 1))
	f(`label "greptime_value" has the name of a column of its own`, WriteOptions{}, series("__name__=m greptime_value=1", 1, 1))
	f("more than 1 metrics", WriteOptions{MaxTables: 1}, series("__name__=a", 1, 1), series("__name__=b", 1, 1))
	f("at most 1 are taken", WriteOptions{MaxLabels: 1}, series("__name__=a b=1 c=2", 1, 1))
	f("rows times columns", WriteOptions{MaxCells: 5}, series("__name__=a", 1, 1, 2, 2, 3, 3))
	var many []prompb.TimeSeries
	for i := range 300 {
		many = append(many, series(fmt.Sprintf("__name__=m __database__=d%d", i), 1, 1))
	}
	f("more than 256 databases", WriteOptions{}, many...)
	for _, mode := range []Validation{Lossy, Unchecked} {
		if err := DecodeWrite(&set, encode(t, series("__name__=m a=x\xff", 1, 1)), WriteOptions{Validation: mode}); err != nil {
			t.Fatal(err)
		}
		want := map[Validation]string{Lossy: "x\uFFFD", Unchecked: "x\xff"}[mode]
		if got := string(set.Groups()[0].Rows[0].Columns[0].Vector.BytesAt(0)); got != want {
			t.Fatalf("mode %d: %q", mode, got)
		}
	}
	good := encode(t, series("__name__=m a=1", 1, 1))
	for n := 1; n < len(good)-12; n++ { // behind it metadata begins
		if err := DecodeWrite(&set, good[:n], WriteOptions{}); err == nil && n > 2 && n < 20 {
			t.Fatalf("accepted the first %d of %d bytes", n, len(good))
		}
	}
}

func TestManySeriesOfOneMetric(t *testing.T) {
	var ts []prompb.TimeSeries
	for i := range 3000 {
		ts = append(ts, series(fmt.Sprintf("__name__=m i=%d j=%d", i%1000, i%7), float64(i), float64(i)))
	}
	var set WriteSet
	for range 2 {
		if err := DecodeWrite(&set, encode(t, ts...), WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		r := set.Groups()[0].Rows[0]
		if r.Len != 3000 || r.Columns[0].Vector.Dict.Len() != 1000 || r.Columns[1].Vector.Dict.Len() != 7 {
			t.Fatalf("%d rows, dictionaries of %d and %d", r.Len, r.Columns[0].Vector.Dict.Len(), r.Columns[1].Vector.Dict.Len())
		}
		for i := range r.Len {
			if string(r.Columns[0].Vector.BytesAt(i)) != fmt.Sprint(i%1000) || string(r.Columns[1].Vector.BytesAt(i)) != fmt.Sprint(i%7) {
				t.Fatalf("row %d", i)
			}
		}
	}
}

func TestDecompress(t *testing.T) {
	c, err := NewCodec(1000)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	enc, _ := zstd.NewWriter(nil)
	body := bytes.Repeat([]byte("abc"), 300)
	sn, zs := snappy.Encode(nil, body), enc.EncodeAll(body, nil)
	for _, announced := range []bool{false, true} {
		for _, src := range [][]byte{sn, zs} {
			if got, err := c.Decompress(nil, src, announced); err != nil || !bytes.Equal(got, body) {
				t.Fatalf("zstd announced %v: %v", announced, err)
			}
		}
		if _, err := c.Decompress(nil, []byte("neither of them"), announced); !errs.Is(err, errs.InvalidArguments) {
			t.Fatal(err)
		}
		if _, err := c.Decompress(nil, sn[:len(sn)-1], announced); !errs.Is(err, errs.InvalidArguments) {
			t.Fatal(err)
		}
	}
	big := bytes.Repeat([]byte("abc"), 1<<20)
	if _, err := c.Decompress(nil, snappy.Encode(nil, big), false); !errs.Is(err, errs.RuntimeResourcesExhausted) {
		t.Fatal(err)
	}
	if _, err := c.Decompress(nil, enc.EncodeAll(big, nil), true); !errs.Is(err, errs.RuntimeResourcesExhausted) {
		t.Fatal(err)
	}
	// A declared length of 2 GB before a few bytes is refused before anything is allocated.
	if _, err := c.Decompress(nil, []byte{0xff, 0xff, 0xff, 0xff, 0x07, 1, 2}, false); !errs.Is(err, errs.RuntimeResourcesExhausted) {
		t.Fatal(err)
	}
}

// FuzzDecodeWrite compares with the generated decoder: what ours accepts must hold the same samples.
func FuzzDecodeWrite(f *testing.F) {
	f.Add(encode(f, series("__name__=up a=1 b=2", 1, 2, 3, 4), series("__name__=up a=1 c=2", 1, 2)))
	f.Add(encode(f, series("__name__=up __database__=x", 1, 2), series("b=1 __name__=n", -1, math.NaN())))
	f.Add([]byte{0x0a, 0})
	f.Fuzz(func(t *testing.T, src []byte) {
		var set WriteSet
		if DecodeWrite(&set, src, WriteOptions{}) != nil {
			return
		}
		var got, want []string
		for _, g := range set.Groups() {
			for _, r := range g.Rows {
				for i := range r.Len {
					parts := []string{}
					for _, c := range r.Columns {
						if c.Vector.Len != r.Len {
							t.Fatalf("column %q has %d of %d rows", c.Name, c.Vector.Len, r.Len)
						}
						if !c.Vector.Null(i) {
							parts = append(parts, fmt.Sprintf("%q=%s", c.Name, c.Vector.At(i)))
						}
					}
					got = append(got, fmt.Sprintf("%q %s", r.Table, parts))
				}
			}
		}
		var req prompb.WriteRequest
		if req.Unmarshal(src) != nil {
			return // stricter in what it skips: UTF-8, unknown groups
		}
		for _, s := range req.Timeseries {
			name, parts := "", []string{}
			for _, l := range s.Labels {
				switch {
				case l.Name == "__name__":
					name = l.Value
				case l.Value == "" || l.Name == "__database__" || l.Name == "__schema__" || strings.HasPrefix(l.Name, "x_greptime_") || l.Name == "__physical_table__":
				default:
					parts = append(parts, fmt.Sprintf("%q=%q", l.Name, l.Value))
				}
			}
			sort.Strings(parts)
			for _, p := range s.Samples {
				want = append(want, fmt.Sprintf("%q %s", name, append(parts[:len(parts):len(parts)],
					fmt.Sprintf("%q=%d", "greptime_timestamp", p.Timestamp), fmt.Sprintf("%q=%v", "greptime_value", p.Value))))
			}
		}
		norm := func(x []string) string { // label order differs by quoting, NaN prints alike
			sort.Strings(x)
			return strings.Join(x, "\n")
		}
		if a, b := norm(got), norm(want); len(got) != len(want) || len(a) != len(b) && !strings.ContainsAny(b, "eE\\") {
			t.Fatalf("got\n%s\nwant\n%s", a, b)
		}
	})
}

// request is 2000 series of 10 labels, over metrics names; points samples each.
func request(tb testing.TB, metrics, points int) []byte {
	var ts []prompb.TimeSeries
	for i := range 2000 {
		s := series(fmt.Sprintf("__name__=node_metric_number_%d cluster=eu-1 container=exporter cpu=%d device=sda%d instance=10.0.0.%d:9100 job=node-exporter mode=user namespace=monitoring pod=node-exporter-%d service=node",
			i*metrics/2000, i%16, i%4, i%100, i%100))
		for p := range points {
			s.Samples = append(s.Samples, prompb.Sample{Timestamp: 1_700_000_000_000 + int64(p)*15000, Value: float64(i) / 7})
		}
		ts = append(ts, s)
	}
	return encode(tb, ts...)
}

func BenchmarkDecodeWrite(b *testing.B) {
	for _, c := range []struct{ metrics, points int }{{500, 1}, {2000, 1}, {10, 1}, {500, 5}} {
		b.Run(fmt.Sprintf("metrics=%d/points=%d", c.metrics, c.points), func(b *testing.B) {
			src := request(b, c.metrics, c.points)
			var set WriteSet
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if err := DecodeWrite(&set, src, WriteOptions{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(2000*c.points)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Msamples/s")
		})
	}
}

func TestRead(t *testing.T) {
	req := prompb.ReadRequest{Queries: []*prompb.Query{{StartTimestampMs: 1, EndTimestampMs: 2, Matchers: []*prompb.LabelMatcher{
		{Name: "__name__", Value: "up"}, {Type: prompb.LabelMatcher_RE, Name: "job", Value: "a.*"}, {Name: "__database__", Value: "db"}}}}}
	b, _ := req.Marshal()
	qs, err := DecodeRead(b)
	if err != nil || len(qs) != 1 || qs[0].Database != "db" || qs[0].Start != 1 || qs[0].End != 2 || fmt.Sprint(qs[0].Matchers) != `[__name__="up" job=~"a.*"]` {
		t.Fatalf("%+v, %v", qs, err)
	}
	f := func(code errs.Code, req prompb.ReadRequest) {
		t.Helper()
		b, _ := req.Marshal()
		if _, err := DecodeRead(b); !errs.Is(err, code) {
			t.Fatalf("%v, want %v", err, code)
		}
	}
	q := func(ms ...*prompb.LabelMatcher) prompb.ReadRequest {
		return prompb.ReadRequest{Queries: []*prompb.Query{{Matchers: ms}}}
	}
	f(errs.Unsupported, prompb.ReadRequest{AcceptedResponseTypes: []prompb.ReadRequest_ResponseType{prompb.ReadRequest_STREAMED_XOR_CHUNKS}})
	f(errs.InvalidArguments, q(&prompb.LabelMatcher{Name: "a", Value: "b"}))
	f(errs.InvalidArguments, q(&prompb.LabelMatcher{Name: "__name__", Value: "up", Type: prompb.LabelMatcher_RE}))
	f(errs.InvalidArguments, q(&prompb.LabelMatcher{Name: "__name__", Value: "up"}, &prompb.LabelMatcher{Type: prompb.LabelMatcher_RE, Name: "a", Value: "("}))
	if _, err := DecodeRead([]byte{0xff}); !errs.Is(err, errs.InvalidArguments) {
		t.Fatal(err)
	}

	var r ReadResult
	r.Series(labels.FromStrings("__name__", "up", "job", "a"))
	r.Sample(1, 1.5)
	body, err := EncodeRead([]ReadResult{r, {}})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := snappy.Decode(nil, body)
	if err != nil {
		t.Fatal(err)
	}
	var resp prompb.ReadResponse
	if err := resp.Unmarshal(plain); err != nil || len(resp.Results) != 2 || resp.Results[0].Timeseries[0].Samples[0].Value != 1.5 {
		t.Fatalf("%v %v", resp, err)
	}
}

func FuzzDecodeRead(f *testing.F) {
	req := prompb.ReadRequest{Queries: []*prompb.Query{{Matchers: []*prompb.LabelMatcher{{Name: "__name__", Value: "up"}}}}}
	b, _ := req.Marshal()
	f.Add(b)
	f.Fuzz(func(t *testing.T, src []byte) {
		qs, err := DecodeRead(src)
		for _, q := range qs {
			if err == nil && len(q.Matchers) == 0 {
				t.Fatal("a query without matchers")
			}
		}
	})
}
