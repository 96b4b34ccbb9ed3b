package sqlapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/server/httpd"
)

// stream gives batches, then fails or ends.
type stream struct {
	fields  []model.Field
	batches []*model.Batch
	err     error
	closed  int
}

func (s *stream) Fields() []model.Field { return s.fields }
func (s *stream) Close() error          { s.closed++; return nil }
func (s *stream) Next(ctx context.Context) (*model.Batch, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if len(s.batches) == 0 {
		if s.err != nil {
			return nil, s.err
		}
		return nil, io.EOF
	}
	b := s.batches[0]
	s.batches = s.batches[1:]
	return b, nil
}

// rows makes a stream with a batch per row.
func rows(fields []model.Field, values ...[]model.Value) *stream {
	s := &stream{fields: fields}
	for _, r := range values {
		b := model.NewBatch(fields, 1)
		for j, v := range r {
			b.Cols[j].AppendValue(v)
		}
		b.Len = 1
		s.batches = append(s.batches, b)
	}
	return s
}

type fake struct {
	outs []model.Output
	err  error
	sess *model.Session
	text string

	memory *budget.Account
}

func (f *fake) Execute(_ context.Context, sess *model.Session, text string) ([]model.Output, error) {
	f.sess, f.text = sess, text
	return f.outs, f.err
}

func serve(t testing.TB, f *fake, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	s, err := httpd.New(httpd.Options{BodyLimit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	Register(s, f, f.memory)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

var elapsed = regexp.MustCompile(`"execution_time_ms":\d+|Elapsed: [\d.]+`)

func get(t testing.TB, f *fake, query string) (int, string, http.Header) {
	t.Helper()
	w := serve(t, f, httptest.NewRequest("GET", "/v1/sql?"+query, nil))
	return w.Code, elapsed.ReplaceAllStringFunc(w.Body.String(), func(s string) string { return strings.TrimRight(s, "0123456789.") }), w.Header()
}

var two = []model.Field{{Name: "b", Type: model.Timestamp(model.Millisecond)}, {Name: "a,x", Type: model.String}}

func twoRows() *stream {
	ts := two[0].Type
	return rows(two, []model.Value{model.IntValue(ts, 1500), model.StringValue("q\"\n")}, []model.Value{model.NullOf(ts), model.NullOf(model.String)},
		[]model.Value{model.IntValue(ts, -1), model.StringValue("é")})
}

func TestFormats(t *testing.T) {
	f := func(query, want string) {
		t.Helper()
		s := twoRows()
		code, body, h := get(t, &fake{outs: []model.Output{{Rows: s}}}, "sql=x&"+query)
		if code != 200 || body != want {
			t.Fatalf("%s: %d\n%s\nwant\n%s", query, code, body, want)
		}
		if s.closed != 1 || h.Get("x-greptime-execution-time") == "" {
			t.Fatalf("%s: closed %d times, headers %v", query, s.closed, h)
		}
	}
	f("", `{"output":[{"records":{"schema":{"column_schemas":[{"name":"b","data_type":"TimestampMillisecond"},{"name":"a,x","data_type":"String"}]},`+
		`"rows":[[1500,"q\"\n"],[null,null],[-1,"é"]],"total_rows":3}}],"execution_time_ms":}`)
	f("limit=2&format=nobody", `{"output":[{"records":{"schema":{"column_schemas":[{"name":"b","data_type":"TimestampMillisecond"},{"name":"a,x","data_type":"String"}]},`+
		`"rows":[[1500,"q\"\n"],[null,null]],"total_rows":2}}],"execution_time_ms":}`)
	f("format=influxdb_v1", `{"results":[{"statement_id":0,"series":[{"name":"","columns":["b","a,x"],"values":[[1500,"q\"\n"],[null,null],[-1,"é"]]}]}],"execution_time_ms":}`)
	f("format=influxdb_v1&epoch=s", `{"results":[{"statement_id":0,"series":[{"name":"","columns":["b","a,x"],"values":[[1,"q\"\n"],[null,null],[-1,"é"]]}]}],"execution_time_ms":}`)
	f("format=influxdb_v1&epoch=ns&limit=1", `{"results":[{"statement_id":0,"series":[{"name":"","columns":["b","a,x"],"values":[[1500000000,"q\"\n"]]}]}],"execution_time_ms":}`)
	f("format=JSON", `{"data":[{"a,x":"q\"\n","b":1500},{"a,x":null,"b":null},{"a,x":"é","b":-1}],"execution_time_ms":}`)
	f("format=csv", "1500,\"q\"\"\n\"\r\n,\r\n-1,é\r\n")
	f("format=csvWithNames&limit=0", "b,\"a,x\"\r\n")
	f("format=csvWithNamesAndTypes&limit=1", "b,\"a,x\"\r\nTimestampMillisecond,String\r\n1500,\"q\"\"\n\"\r\n")
	f("format=table", "┌─b────┬─a,x─────┐\n│ 1500 │ \"q\\\"\\n\" │\n│ null │ null    │\n│ -1   │ \"é\"     │\n└──────┴─────────┘\n")
	f("format=null", "3 rows in set.\nElapsed:  sec.\n")
}

// TestTableMemory: what a table's text takes is accounted for, and too much of it is an error with nothing sent before.
func TestTableMemory(t *testing.T) {
	memory := budget.New(100).Account("queries", budget.Options{})
	code, body, _ := get(t, &fake{outs: []model.Output{{Rows: twoRows()}}, memory: memory}, "sql=x&format=table")
	if code != 500 || !strings.Contains(body, "6000") || !strings.Contains(body, "memory.limit") || memory.Used() != 0 {
		t.Errorf("%d %s, %d bytes stay", code, body, memory.Used())
	}
	for _, query := range []string{"sql=x&format=table&limit=1", "sql=x&format=csv"} {
		if code, body, _ := get(t, &fake{outs: []model.Output{{Rows: twoRows()}}, memory: memory}, query); code != 200 || memory.Used() != 0 {
			t.Errorf("%s: %d %s, %d bytes stay", query, code, body, memory.Used())
		}
	}
}

func TestWrites(t *testing.T) {
	f := func(query, want string) {
		t.Helper()
		code, body, _ := get(t, &fake{outs: []model.Output{{Affected: 2}}}, "sql=x&"+query)
		if code != 200 || body != want {
			t.Fatalf("%s: %d %s, want %s", query, code, body, want)
		}
	}
	f("", `{"output":[{"affectedrows":2}],"execution_time_ms":}`)
	f("format=influxdb_v1", `{"results":[{"statement_id":0,"series":[]}],"execution_time_ms":}`)
	f("format=json", `{"affected_rows":2,"data":[],"execution_time_ms":}`)
	f("format=csv", "2\n")
	f("format=table", "2\n")
	f("format=null", "2 rows affected.\nElapsed:  sec.\n")
	f("format=arrow", "")
}

func TestSeveralStatements(t *testing.T) {
	outs := func() []model.Output { return []model.Output{{Affected: 1}, {Rows: rows(two[:1])}} }
	code, body, _ := get(t, &fake{outs: outs()}, "sql=x")
	if want := `{"output":[{"affectedrows":1},{"records":{"schema":{"column_schemas":[{"name":"b","data_type":"TimestampMillisecond"}]},"rows":[],"total_rows":0}}],"execution_time_ms":}`; code != 200 || body != want {
		t.Fatalf("%d %s", code, body)
	}
	o := outs()
	code, body, h := get(t, &fake{outs: o}, "sql=x&format=csv")
	if code != 400 || body != `{"code":1004,"error":"cannot output multi-statements result in csv format","execution_time_ms":}`+"\n" ||
		h.Get("x-greptime-err-code") != "1004" || o[1].Rows.(*stream).closed != 1 {
		t.Fatalf("%d %s %v", code, body, h)
	}
	if code, body, _ := get(t, &fake{}, "sql=;"); code != 200 || body != `{"execution_time_ms":}` {
		t.Fatalf("%d %s", code, body)
	}
}

func TestArrow(t *testing.T) {
	for _, c := range []string{"", "zstd", "lz4"} {
		w := serve(t, &fake{outs: []model.Output{{Rows: twoRows()}}}, httptest.NewRequest("GET", "/v1/sql?sql=x&format=arrow&compression="+c, nil))
		if w.Code != 200 || w.Header().Get("Content-Type") != "application/arrow" {
			t.Fatal(w.Code, w.Header())
		}
		r, err := ipc.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		for r.Next() {
			n += r.RecordBatch().NumRows()
		}
		if n != 3 || r.Schema().Field(0).Type.String() != "timestamp[ms]" {
			t.Fatalf("%d rows of %s", n, r.Schema())
		}
		r.Release()
	}
}

func TestErrors(t *testing.T) {
	f := func(query string, err error, status int, want string) {
		t.Helper()
		code, body, _ := get(t, &fake{err: err}, query)
		if code != status || !strings.HasPrefix(body, want) {
			t.Fatalf("%d %s, want %d %s", code, body, status, want)
		}
	}
	f("", nil, 400, `{"code":1004,"error":"sql parameter is required."`)
	f("sql=x&limit=-1", nil, 400, `{"code":1004,"error":"limit: \"-1\" is not a number of rows"`)
	f("sql=x", errs.New(errs.TableNotFound, "Table not found: t"), 400, `{"code":4001,"error":"Table not found: t"`)
	f("sql=x", fmt.Errorf("secret"), 500, `{"code":1003,"error":"Internal error: 1003"`)
	f("sql=x", errs.New(errs.RateLimited, "slow"), 429, `{"code":6001`)
	// A stream that fails before anything has left is an error body.
	s := twoRows()
	s.err = errs.New(errs.StorageUnavailable, "disk")
	if code, body, _ := get(t, &fake{outs: []model.Output{{Rows: s}}}, "sql=x"); code != 503 || !strings.Contains(body, `"code":5000`) || s.closed != 1 {
		t.Fatal(code, body)
	}
}

// A stream that fails after the first piece cuts the connection: the client must not take it for the whole.
func TestLateErrorCuts(t *testing.T) {
	fields := []model.Field{{Name: "s", Type: model.String}}
	s := rows(fields, []model.Value{model.StringValue(strings.Repeat("x", 2*piece))})
	s.err = errs.New(errs.StorageUnavailable, "disk")
	defer func() {
		if recover() != http.ErrAbortHandler || s.closed != 1 {
			t.Fatal("the answer was ended as if it were whole")
		}
	}()
	serve(t, &fake{outs: []model.Output{{Rows: s}}}, httptest.NewRequest("GET", "/v1/sql?sql=x", nil))
}

func TestParameters(t *testing.T) {
	post := func(url, ct, body string, hdr ...string) (*fake, *httptest.ResponseRecorder) {
		r := httptest.NewRequest("POST", url, strings.NewReader(body))
		if ct != "" {
			r.Header.Set("Content-Type", ct)
		}
		for i := 0; i < len(hdr); i += 2 {
			r.Header.Set(hdr[i], hdr[i+1])
		}
		f := &fake{}
		return f, serve(t, f, r)
	}
	const form = "application/x-www-form-urlencoded"
	if f, w := post("/v1/sql?sql=url", form, "sql=form&db=d1", "x-greptime-db-name", "d2"); w.Code != 200 || f.text != "url" || f.sess.Database != "d1" {
		t.Fatalf("%d %+v", w.Code, f)
	}
	if f, w := post("/v1/sql?sql=a%20b", "", ""); w.Code != 200 || f.text != "a b" {
		t.Fatalf("%d %+v", w.Code, f)
	}
	if _, w := post("/v1/sql", "application/json", `{"sql":"x"}`); w.Code != 415 {
		t.Fatal(w.Code)
	}
	if _, w := post("/v1/sql", form, "sql="+strings.Repeat("x", 2<<20)); w.Code != 413 {
		t.Fatal(w.Code)
	}
	f, _ := post("/v1/sql?sql=x&db=cat-db-1", form, "", "x-greptime-timezone", "europe/berlin", "x-greptime-hints", "ttl=7d, append_mode=true")
	if f.sess.Catalog != "cat" || f.sess.Database != "db-1" || f.sess.Timezone.String() != "Europe/Berlin" || f.sess.Hints["ttl"] != "7d" || f.sess.Hints["append_mode"] != "true" {
		t.Fatalf("%+v", f.sess)
	}
	f = &fake{}
	serve(t, f, httptest.NewRequest("GET", "/v1/promql?"+url.Values{"query": {`up{a="b'c"}`}, "start": {"0"}, "end": {"10"}, "step": {"5s"}}.Encode(), nil))
	if f.text != `TQL EVAL ('0', '10', '5s', '5m') up{a="b'c"}` {
		t.Fatal(f.text)
	}
	// A query is an expression: no alias, no second statement, no comment that hides one.
	for _, q := range []string{"up; DROP TABLE up", "up AS v", "up #\n; DROP TABLE up"} {
		if w := serve(t, f, httptest.NewRequest("GET", "/v1/promql?"+url.Values{"query": {q}, "start": {"0"}, "end": {"10"}, "step": {"5s"}}.Encode(), nil)); w.Code != 400 {
			t.Errorf("%q: %d %s", q, w.Code, w.Body)
		}
	}
	f, w := post("/v1/promql?end=10", form, "query=up&start=0&end=7&step=5")
	if w.Code != 200 || f.text != "TQL EVAL ('0', '10', '5', '5m') up" {
		t.Errorf("POST: %d %q", w.Code, f.text)
	}
	if w := serve(t, f, httptest.NewRequest("GET", "/v1/promql?query=up&start=0'&end=10&step=5", nil)); w.Code != 400 {
		t.Fatal(w.Code)
	}
}

func TestValues(t *testing.T) {
	f := func(v model.Value, want string) {
		t.Helper()
		vec := model.NewVector(v.Type, 1)
		vec.AppendValue(v)
		got := string(appendJSON(nil, vec, 0))
		if got != want || !json.Valid([]byte(got)) {
			t.Fatalf("%v: %s, want %s", v, got, want)
		}
	}
	f(model.FloatValue(1), "1.0")
	f(model.FloatValue(math.Copysign(0, -1)), "-0.0")
	f(model.FloatValue(0.1), "0.1")
	f(model.FloatValue(1e-7), "1e-7")
	f(model.FloatValue(1.5e21), "1.5e21")
	f(model.FloatValue(1e100), "1e100")
	f(model.FloatValue(123456789012345680), "1.2345678901234568e17")
	f(model.FloatValue(math.NaN()), "null")
	f(model.FloatValue(math.Inf(1)), "null")
	f(model.Value{Type: model.Float32, Float: float64(float32(0.1))}, "0.1")
	f(model.IntValue(model.Uint64, -1), "18446744073709551615")
	f(model.IntValue(model.Date, -3), "-3")
	f(model.BoolValue(true), "true")
	f(model.StringValue("a\x00\x1f\u2028\"\\"), `"a\u0000\u001f`+"\u2028"+`\"\\"`)
	f(model.StringValue("a\xffb"), "\"a\uFFFDb\"")
	f(model.Value{Type: model.Binary, Bytes: "\x00\xff"}, "[0,255]")
	f(model.Value{Type: model.JSON, Bytes: `{"a":1}`}, `{"a":1}`)
	f(model.Value{Type: model.JSON, Bytes: `{oops`}, `"{oops"`)
	f(model.Value{Type: model.Decimal(10, 2), Decimal: model.Int128{Hi: -1, Lo: math.MaxUint64}}, `"-0.01"`)
	f(model.Value{Type: model.Decimal(10, 2), Decimal: model.Int128{Lo: 12345}}, `"123.45"`)
	f(model.Value{Type: model.Interval, Interval: model.MonthDayNano{Months: 1, Days: 1, Nanos: 1}}, "79228162532711081667253501953")
}

// Whatever the bytes, the text is JSON, and means what the standard library reads from the same bytes.
func FuzzString(f *testing.F) {
	f.Add([]byte("a\"\\\n\x00\xffé"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got string
		if err := json.Unmarshal(appendString(nil, b), &got); err != nil || got != string([]rune(string(b))) {
			t.Fatalf("%q: %q %v", b, got, err)
		}
	})
}

func BenchmarkJSON(b *testing.B) {
	fields := []model.Field{{Name: "ts", Type: model.Timestamp(model.Millisecond)}, {Name: "host", Type: model.String}}
	for i := range 10 {
		fields = append(fields, model.Field{Name: fmt.Sprint("f", i), Type: model.Float64})
	}
	const n = 10000
	batch := model.NewBatch(fields, n)
	for i := range n {
		batch.Cols[0].AppendInt(1700000000000 + int64(i))
		batch.Cols[1].AppendString(fmt.Sprint("host_", i%100))
		for j := range 10 {
			batch.Cols[2+j].AppendFloat(float64(i*j%1000) / 10)
		}
	}
	batch.Len = n
	s := &sink{w: httptest.NewRecorder(), begun: true}
	s.w = discard{}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.appendRows(batch, true); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*len(fields))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mvalues/s")
}

type discard struct{}

func (discard) Header() http.Header         { return nil }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
