package promapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	lang "github.com/goptimedb/goptimedb/internal/lang/promql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/server/httpd"
)

type fake struct {
	value  parser.Value
	notes  annotations.Annotations
	err    error
	asked  string
	closed int
	timed  bool // the query had a deadline
}

func (f *fake) result() (*Result, error) {
	if f.err != nil {
		return nil, f.err
	}
	return &Result{Value: f.value, Warnings: f.notes, Close: func() { f.closed++ }}, nil
}
func (f *fake) Instant(ctx context.Context, s *model.Session, q InstantQuery) (*Result, error) {
	_, f.timed = ctx.Deadline()
	f.asked = fmt.Sprint(s.Database, " ", q.Expr, " ", q.Time.UnixMilli(), " ", q.Lookback)
	return f.result()
}
func (f *fake) Range(_ context.Context, s *model.Session, q RangeQuery) (*Result, error) {
	f.asked = fmt.Sprint(s.Database, " ", q.Expr, " ", q.Start.UnixMilli(), " ", q.End.UnixMilli(), " ", q.Step, " ", q.Lookback)
	return f.result()
}
func (f *fake) note(what string, s Selection) {
	f.asked = fmt.Sprint(what, " ", s.Matchers, " ", s.Start.Unix(), " ", s.End.Unix(), " ", s.Limit)
}
func (f *fake) Series(_ context.Context, _ *model.Session, s Selection) ([]labels.Labels, annotations.Annotations, error) {
	f.note("series", s)
	return []labels.Labels{labels.FromStrings("__name__", "up", "job", "a"), labels.FromStrings("__name__", "up", "job", "b")}, nil, f.err
}
func (f *fake) LabelNames(_ context.Context, _ *model.Session, s Selection) ([]string, annotations.Annotations, error) {
	f.note("names", s)
	return []string{"__name__", "job"}, f.notes, f.err
}
func (f *fake) LabelValues(_ context.Context, _ *model.Session, name string, s Selection) ([]string, annotations.Annotations, error) {
	f.note(name, s)
	return nil, nil, f.err
}
func (f *fake) Metadata(_ context.Context, _ *model.Session, metric string, limit int) (map[string][]Metadata, error) {
	f.asked = fmt.Sprint(metric, " ", limit)
	return map[string][]Metadata{"up": {{Type: "gauge"}}}, f.err
}

func serve(t *testing.T, f *fake, method, target, body string, hdr ...string) *httptest.ResponseRecorder {
	t.Helper()
	s, err := httpd.New(httpd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	Register(s, f, Options{Build: BuildInfo{Version: "2.99"}})
	r := httptest.NewRequest(method, Base+target, strings.NewReader(body))
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(hdr); i += 2 {
		r.Header.Set(hdr[i], hdr[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

var up = labels.FromStrings("__name__", "up", "job", "a\"\u00e9")

func TestValues(t *testing.T) {
	f := func(v parser.Value, want string) {
		t.Helper()
		e := &fake{value: v}
		w := serve(t, e, "GET", "/query?query=x", "")
		if got := strings.TrimSpace(w.Body.String()); w.Code != 200 || got != `{"status":"success","data":{"resultType":`+want+`}}` || e.closed != 1 {
			t.Fatalf("%d %s\nwant %s", w.Code, got, want)
		}
	}
	f(promql.Scalar{T: 1700000000123, V: 1}, `"scalar","result":[1700000000.123,"1"]`)
	f(promql.Scalar{T: -1500, V: math.Inf(1)}, `"scalar","result":[-1.500,"+Inf"]`)
	f(promql.String{T: 1000, V: "a\"b"}, `"string","result":[1,"a\"b"]`)
	f(promql.Vector{}, `"vector","result":[]`)
	f(promql.Vector{{T: 5, F: 0.1, Metric: up}, {T: 5, F: math.NaN()}}, `"vector","result":[{"metric":{"__name__":"up","job":"a\"é"},"value":[0.005,"0.1"]},{"metric":{},"value":[0.005,"NaN"]}]`)
	f(promql.Matrix{}, `"matrix","result":[]`)
	f(promql.Matrix{{Metric: up, Floats: []promql.FPoint{{T: 1000, F: 1e21}, {T: 2000, F: math.Copysign(0, -1)}, {T: 3000, F: 1e-7}, {T: 4000, F: 1e20}}}},
		`"matrix","result":[{"metric":{"__name__":"up","job":"a\"é"},"values":[[1,"1e+21"],[2,"-0"],[3,"1e-07"],[4,"100000000000000000000"]]}]`)
	h := &histogram.FloatHistogram{Count: 3, Sum: 1.5, ZeroThreshold: 0.5, ZeroCount: 1, PositiveSpans: []histogram.Span{{Offset: 1, Length: 1}}, PositiveBuckets: []float64{2}}
	f(promql.Vector{{T: 1000, H: h}}, `"vector","result":[{"metric":{},"histogram":[1,{"count":"3","sum":"1.5","buckets":[[3,"-0.5","0.5","1"],[0,"1","2","2"]]}]}]`)
}

// TestLargeAnswers: answers of many pieces are whole, plain and compressed.
func TestLargeAnswers(t *testing.T) {
	var all promql.Matrix
	for i := range 2000 {
		s := promql.Series{Metric: labels.FromStrings("__name__", "up", "instance", fmt.Sprint(i))}
		for k := range 30 {
			s.Floats = append(s.Floats, promql.FPoint{T: int64(k) * 1000, F: float64(i*k) / 8})
		}
		all = append(all, s)
	}
	for _, encoding := range []string{"", "gzip"} {
		e := &fake{value: all}
		w := serve(t, e, "GET", "/query?query=x", "", "Accept-Encoding", encoding)
		if w.Header().Get("Content-Encoding") != encoding || e.closed != 1 {
			t.Fatalf("encoding %q: headers %v, closed %d times", encoding, w.Header(), e.closed)
		}
		body := io.Reader(w.Body)
		if encoding == "gzip" {
			z, err := gzip.NewReader(body)
			if err != nil {
				t.Fatal(err)
			}
			body = z
		}
		var got struct {
			Status string
			Data   struct {
				Result []struct {
					Metric map[string]string
					Values [][2]any
				}
			}
		}
		if err := json.NewDecoder(body).Decode(&got); err != nil || got.Status != "success" || len(got.Data.Result) != len(all) {
			t.Fatalf("encoding %q: %s, %d series, %v", encoding, got.Status, len(got.Data.Result), err)
		}
		for i, s := range got.Data.Result {
			if s.Metric["instance"] != fmt.Sprint(i) || len(s.Values) != 30 || s.Values[29][1] != fmt.Sprint(float64(i*29)/8) {
				t.Fatalf("encoding %q: series %d is %v", encoding, i, s)
			}
		}
	}
}

func TestQueries(t *testing.T) {
	f := func(method, target, body, asked string) {
		t.Helper()
		e := &fake{value: promql.Vector{}}
		w := serve(t, e, method, target, body)
		if w.Code != 200 || e.asked != asked {
			t.Fatalf("%s: %d %s, asked %s\nwant %s", target, w.Code, w.Body, e.asked, asked)
		}
	}
	f("GET", "/query?query=up&time=1.5&lookback=90&db=x", "", "x up 1500 1m30s")
	f("POST", "/query?time=2", "query=sum(up%5B5m%5D)&time=3", "public sum(up[5m]) 2000 5m0s")
	f("GET", "/query?query=up&time=1970-01-01T00:00:01.5Z", "", "public up 1500 5m0s")
	f("GET", "/query_range?query=up&start=0&end=10&step=0.5", "", "public up 0 10000 500ms 5m0s")
	f("POST", "/query_range", "query=up&start=0&end=10&step=1m30s&lookback=1h", "public up 0 10000 1m30s 1h0m0s")
	f("GET", "/labels?match[]=up&match[]={job=~\"a.*\"}&start=1&end=2", "", `names [[__name__="up"] [job=~"a.*"]] 1 2 0`)
	f("GET", "/labels?end=86410", "", "names [] 10 86410 0")
	f("GET", "/label/job/values?start=1&end=2&limit=3", "", "job [] 1 2 4") // one more, to know whether there are more
	f("GET", "/label/U__a_2d_b/values?start=1&end=2", "", "a-b [] 1 2 0")
	f("GET", "/query?query=up&time=1&lookback_delta=90", "", "public up 1000 1m30s")
	f("GET", "/query?query=up&time=-292273086-05-16T16:47:06Z", "", "public up -4611686018000 5m0s")
	f("POST", "/series", "match[]=up&start=1&end=2", `series [[__name__="up"]] 1 2 0`)
	f("GET", "/metadata?metric=up&limit=1", "", "up 1")
}

func TestAnswers(t *testing.T) {
	f := func(target, want string) {
		t.Helper()
		if w := serve(t, &fake{}, "GET", target, ""); w.Code != 200 || strings.TrimSpace(w.Body.String()) != want {
			t.Fatalf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	f("/labels", `{"status":"success","data":["__name__","job"]}`)
	f("/labels?limit=1", `{"status":"success","data":["__name__"],"warnings":["results truncated due to limit"]}`)
	f("/labels?limit=2", `{"status":"success","data":["__name__","job"]}`)
	f("/label/job/values", `{"status":"success","data":[]}`)
	f("/series?match[]=up&limit=1", `{"status":"success","data":[{"__name__":"up","job":"a"}],"warnings":["results truncated due to limit"]}`)
	f("/metadata", `{"status":"success","data":{"up":[{"type":"gauge","unit":"","help":""}]}}`)
	f("/metadata?limit=0", `{"status":"success","data":{}}`)
	f("/format_query?query=sum(up)by(job)", `{"status":"success","data":"sum by (job) (up)"}`)
	f("/parse_query?query=-up", `{"status":"success","data":{"expr":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"up"}],"name":"up","offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"op":"-","type":"unaryExpr"}}`)
	f("/rules", `{"status":"success","data":{"groups":[]}}`)
	f("/status/flags", `{"status":"success","data":{}}`)
	f("/status/buildinfo", `{"status":"success","data":{"branch":"","commit":"","commit_short":"","clean":false,"rustc":"","target":"","version":"2.99"}}`)
	var notes annotations.Annotations
	notes.Add(errors.New("b"))
	notes.Add(errors.New("a"))
	w := serve(t, &fake{value: promql.Vector{}, notes: notes}, "GET", "/query?query=x", "")
	if !strings.HasSuffix(strings.TrimSpace(w.Body.String()), `"result":[]},"warnings":["a","b"]}`) {
		t.Fatal(w.Body)
	}
}

func TestParseQueryKnowsEveryNode(t *testing.T) {
	for _, q := range []string{`sum by (a) (rate(up[5m] offset 1m)) / on(a) group_left(b) x > bool 1`, `max_over_time(up[1h:5m] @ end())`, `topk(3, (up))`, `"text"`, `absent(up{a!="b"} @ 5)`, `rate(up[5m+step()] offset (1m*2))`, `time() + 1`} {
		if w := serve(t, &fake{}, "POST", "/parse_query", "query="+strings.NewReplacer("+", "%2B", "&", "%26").Replace(q)); w.Code != 200 || strings.Contains(w.Body.String(), `"data":null`) {
			t.Fatalf("%s: %s", q, w.Body)
		}
	}
}

func TestErrors(t *testing.T) {
	f := func(target string, err error, status int, kind string) {
		t.Helper()
		w := serve(t, &fake{err: err, value: promql.Vector{}}, "GET", target, "")
		if w.Code != status || !strings.HasPrefix(w.Body.String(), `{"status":"error","errorType":"`+kind+`","error":"`) {
			t.Fatalf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	f("/query", nil, 400, "bad_data")
	f("/query?query=up&time=soon", nil, 400, "bad_data")
	f("/query?query=up&time=NaN", nil, 400, "bad_data")
	f("/query?query=up&time=1e300", nil, 400, "bad_data")
	f("/query?query=up&lookback=-1", nil, 400, "bad_data")
	f("/query_range?query=up&start=0&end=10", nil, 400, "bad_data")
	f("/query_range?query=up&start=0&end=10&step=0", nil, 400, "bad_data")
	f("/query_range?query=up&start=10&end=0&step=1", nil, 400, "bad_data")
	f("/query_range?query=up&start=0&end=1000000000&step=1", nil, 400, "bad_data")
	f("/series", nil, 400, "bad_data")
	f("/series?match[]={", nil, 400, "bad_data")
	f("/series?match[]={a=~\".*\"}", nil, 400, "bad_data")
	f("/labels?limit=x", nil, 400, "bad_data")
	f("/format_query?query=(", nil, 400, "bad_data")
	f("/query?query=up", errs.New(errs.EngineExecuteQuery, "many-to-many"), 422, "execution")
	f("/query?query=up", context.DeadlineExceeded, 503, "timeout")
	f("/query?query=up", errs.New(errs.Cancelled, "gone"), 499, "canceled")
	f("/query?query=up", errors.New("x"), 500, "internal")
	f("/query?query=up&timeout=soon", nil, 400, "bad_data")
	f("/query?query=up&limit=-1", nil, 400, "bad_data")
	f("/metadata?limit_per_metric=x", nil, 400, "bad_data")
}

// TestMessages checks that errors are spelled as Prometheus spells them: tools look at them.
func TestMessages(t *testing.T) {
	_, syntax := lang.NewParser().ParseExpr("sum(")
	f := func(err error, want string) {
		t.Helper()
		if w := serve(t, &fake{err: err}, "GET", "/query?query=x", ""); !strings.Contains(w.Body.String(), `"error":"`+want) {
			t.Fatalf("%s\nwant %s", w.Body, want)
		}
	}
	f(errs.Wrap(errs.InvalidSyntax, syntax, "PromQL"), `invalid parameter \"query\": 1:5: parse error: unclosed left parenthesis`)
	f(errs.Wrap(errs.EngineExecuteQuery, errors.New("many-to-many"), "PromQL"), `many-to-many`)
}

func TestLimitAndTimeout(t *testing.T) {
	v := promql.Vector{{T: 1000, F: 1}, {T: 1000, F: 2}}
	f := func(limit, want string) {
		t.Helper()
		if w := serve(t, &fake{value: v}, "GET", "/query?query=x&timeout=1h&limit="+limit, ""); !strings.Contains(w.Body.String(), want) {
			t.Fatal(w.Body)
		}
	}
	f("2", `"value":[1,"2"]}]}}`)
	f("1", `"value":[1,"1"]}]},"warnings":["results truncated due to limit"]}`)
	e := &fake{value: v}
	if serve(t, e, "GET", "/query?query=x", ""); e.timed {
		t.Fatal("a query has a deadline that it did not ask for")
	}
	if serve(t, e, "GET", "/query?query=x&timeout=1h", ""); !e.timed {
		t.Fatal("timeout is not heeded")
	}
}

func TestGzip(t *testing.T) {
	var v promql.Vector
	for range 100 {
		v = append(v, promql.Sample{Metric: up, T: time.Now().UnixMilli(), F: 1})
	}
	w := serve(t, &fake{value: v}, "GET", "/query?query=x", "", "Accept-Encoding", "gzip, br")
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || strings.Count(string(b), "__name__") != 100 {
		t.Fatal(err)
	}
}

// TestSameLanguage checks that all paths read the language that is evaluated, experimental parts too.
func TestSameLanguage(t *testing.T) {
	for target, want := range map[string]string{
		"/format_query?query=limitk(2,up)%2Bmad_over_time(up[5m])": `"data":"limitk(2, up) + mad_over_time(up[5m])"`,
		"/parse_query?query=rate(up[5m]+smoothed)":                 `"smoothed":true`,
		"/label/__name__/values?match[]={__name__!=%22up%22}":      `"status":"success"`,
		"/label/job/values?match[]={job!=%22up%22}":                "at least one non-empty matcher",
	} {
		if w := serve(t, &fake{}, "GET", target, ""); !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}
