package promremote

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/server/httpd"
)

type fake struct{ got string }

func (f *fake) Insert(_ context.Context, sess *model.Session, rows []*model.Rows, opts model.InsertOptions) (uint64, error) {
	f.got += fmt.Sprintf("%s/%s/%d:", sess.Database, opts.PhysicalTable, opts.Kind)
	for _, r := range rows {
		f.got += fmt.Sprintf("%s(%d)", r.Table, r.Len)
	}
	f.got += ";"
	return 1, nil
}

// Queryable: one series of the asked database with samples at 1, 2 and 3.
func (f *fake) Queryable(sess *model.Session) storage.Queryable {
	return storage.QueryableFunc(func(mint, maxt int64) (storage.Querier, error) { return querier{sess.Database}, nil })
}

type querier struct{ db string }

func (q querier) Select(_ context.Context, _ bool, _ *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	var points []chunks.Sample
	for t := range int64(3) {
		points = append(points, point(t+1))
	}
	return &oneSeries{s: storage.NewListSeries(labels.FromStrings("__name__", ms[0].Value, "db", q.db), points)}
}
func (querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}
func (querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}
func (querier) Close() error { return nil }

// point is a sample whose value is its time.
type point int64

func (p point) T() int64                      { return int64(p) }
func (p point) ST() int64                     { return 0 }
func (p point) F() float64                    { return float64(p) }
func (p point) H() *histogram.Histogram       { return nil }
func (p point) FH() *histogram.FloatHistogram { return nil }
func (p point) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (p point) Copy() chunks.Sample           { return p }

type oneSeries struct {
	s    storage.Series
	done bool
}

func (o *oneSeries) Next() bool                        { d := o.done; o.done = true; return !d }
func (o *oneSeries) At() storage.Series                { return o.s }
func (o *oneSeries) Err() error                        { return nil }
func (o *oneSeries) Warnings() annotations.Annotations { return nil }

func serve(t *testing.T, f *fake, target string, body []byte, hdr ...string) *httptest.ResponseRecorder {
	t.Helper()
	s, err := httpd.New(httpd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := Register(s, f, f, Options{MaxBody: 10000})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	r := httptest.NewRequest("POST", target, bytes.NewReader(body))
	for i := 0; i < len(hdr); i += 2 {
		r.Header.Set(hdr[i], hdr[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func request(t *testing.T, series ...string) []byte {
	var req prompb.WriteRequest
	for _, s := range series {
		ts := prompb.TimeSeries{Samples: []prompb.Sample{{Timestamp: 1, Value: 1}}}
		for _, l := range strings.Fields(s) {
			k, v, _ := strings.Cut(l, "=")
			ts.Labels = append(ts.Labels, prompb.Label{Name: k, Value: v})
		}
		req.Timeseries = append(req.Timeseries, ts)
	}
	b, err := req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWrite(t *testing.T) {
	f := func(target string, body []byte, status int, want string, hdr ...string) {
		t.Helper()
		ins := &fake{}
		if w := serve(t, ins, target, body, hdr...); w.Code != status || ins.got != want {
			t.Fatalf("%d %s %q, want %d %q", w.Code, w.Body, ins.got, status, want)
		}
	}
	msg := request(t, "__name__=up a=1", "__name__=up a=2", "__name__=go", "__name__=x __database__=other __physical_table__=p")
	sn := snappy.Encode(nil, msg)
	enc, _ := zstd.NewWriter(nil)
	zs := enc.EncodeAll(msg, nil)
	kind := model.MetricTable
	all := fmt.Sprintf("public/greptime_physical_table/%d:up(2)go(1);other/p/%d:x(1);", kind, kind)
	f("/v1/prometheus/write", sn, 204, all, "Content-Encoding", "snappy")
	f("/v1/prometheus/write", sn, 204, all, "Content-Encoding", "snappy", "Content-Type", "application/x-protobuf;proto=prometheus.WriteRequest")
	f("/v1/prometheus/write", zs, 204, all, "Content-Encoding", "zstd", "Content-Type", "application/x-protobuf")
	f("/v1/prometheus/write", sn, 204, all, "Content-Encoding", "zstd")
	f("/v1/prometheus/write?db=d&physical_table=q", snappy.Encode(nil, request(t, "__name__=up")), 204, fmt.Sprintf("d/q/%d:up(1);", kind), "Content-Encoding", "snappy")
	f("/v1/prometheus/write", sn, 400, "")
	f("/v1/prometheus/write", sn, 415, "", "Content-Encoding", "snappy", "Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request")
	f("/v1/prometheus/write", sn, 415, "", "Content-Encoding", "snappy", "Content-Type", "application/json")
	f("/v1/prometheus/write", sn[:len(sn)-1], 400, "", "Content-Encoding", "snappy")
	f("/v1/prometheus/write", snappy.Encode(nil, request(t, "a=1")), 400, "", "Content-Encoding", "snappy")
	f("/v1/prometheus/write", snappy.Encode(nil, make([]byte, 20000)), 413, "", "Content-Encoding", "snappy")
	if w := serve(t, &fake{}, "/v1/prometheus/write?get_vm_proto_version=1", nil); w.Code != 200 || w.Body.String() != "1" {
		t.Fatal(w.Code, w.Body)
	}
}

func TestRead(t *testing.T) {
	req := prompb.ReadRequest{Queries: []*prompb.Query{
		{StartTimestampMs: 2, EndTimestampMs: 3, Matchers: []*prompb.LabelMatcher{{Name: "__name__", Value: "up"}}},
		{StartTimestampMs: 1, EndTimestampMs: 1, Matchers: []*prompb.LabelMatcher{{Name: "__name__", Value: "go"}, {Name: "__schema__", Value: "d"}}}}}
	b, _ := req.Marshal()
	w := serve(t, &fake{}, "/v1/prometheus/read", snappy.Encode(nil, b))
	if w.Code != 200 || w.Header().Get("Content-Encoding") != "snappy" || w.Header().Get("Content-Type") != "application/x-protobuf" {
		t.Fatal(w.Code, w.Body, w.Header())
	}
	plain, err := snappy.Decode(nil, w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var resp prompb.ReadResponse
	if err := resp.Unmarshal(plain); err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, r := range resp.Results {
		for _, s := range r.Timeseries {
			got += fmt.Sprint(s.Labels, s.Samples)
		}
	}
	if len(resp.Results) != 2 || len(resp.Results[0].Timeseries[0].Samples) != 2 || len(resp.Results[1].Timeseries[0].Samples) != 1 || !strings.Contains(got, "d") {
		t.Fatal(got)
	}
	if w := serve(t, &fake{}, "/v1/prometheus/read", []byte("x")); w.Code != 400 {
		t.Fatal(w.Code)
	}
}
