// Package compat lets real clients of other databases talk to the built program: InfluxDB's Go client, Prometheus and its exporter.
package compat

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api/write"
	"github.com/klauspost/compress/zstd"

	"github.com/goptimedb/goptimedb/tests/harness"
)

var bin string

func TestMain(m *testing.M) { os.Exit(harness.Main(m, &bin)) }

// TestInfluxClient writes with InfluxDB's own client, in every precision it knows, and reads by SQL.
func TestInfluxClient(t *testing.T) {
	s := harness.Start(t, harness.Options{Bin: bin})
	ctx, cancel := context.WithTimeout(t.Context(), harness.Deadline)
	defer cancel()
	at := time.Unix(1700000000, 123456789)
	for name, unit := range map[string]time.Duration{"ns": time.Nanosecond, "us": time.Microsecond, "ms": time.Millisecond, "s": time.Second} {
		for _, gz := range []bool{false, true} {
			table := fmt.Sprintf("c_%s_%v", name, gz)
			client := influxdb2.NewClientWithOptions(s.URL("/v1/influxdb"), "", influxdb2.DefaultOptions().SetPrecision(unit).SetUseGZip(gz))
			w := client.WriteAPIBlocking("ignored", "public")
			var points []*write.Point
			for i := range 3 {
				points = append(points, influxdb2.NewPoint(table, map[string]string{"host": fmt.Sprintf("h %d,=", i)},
					map[string]any{"f": 1.5 * float64(i), "i": int64(-i), "u": uint64(i), "b": i == 1, "s": `say "hi", \ you`}, at.Add(time.Duration(i)*time.Hour)))
			}
			if err := w.WritePoint(ctx, points...); err != nil {
				t.Fatalf("%s: %v", table, err)
			}
			client.Close()
			r := s.MustSQL("SELECT host, f, i, u, b, s, greptime_timestamp FROM " + table + " ORDER BY greptime_timestamp")
			want := ""
			for i := range 3 {
				want += fmt.Sprintf("h %d,=,%s,%d,%d,%v,%s,%d\n", i, []string{"0.0", "1.5", "3.0"}[i], -i, i, i == 1, `say "hi", \ you`,
					at.Add(time.Duration(i)*time.Hour).Truncate(unit).UnixNano())
			}
			if got := r.Text(); got != want {
				t.Errorf("%s: got\n%swant\n%s", table, got, want)
			}
			if got := strings.Join(r.Types, " "); got != "String Float64 Int64 UInt64 Boolean String TimestampNanosecond" {
				t.Error(got)
			}
		}
	}
	client := influxdb2.NewClient(s.URL("/v1/influxdb"), "")
	defer client.Close()
	if up, err := client.Ping(ctx); err != nil || !up {
		t.Errorf("ping: %v %v", up, err)
	}
	if h, err := client.Health(ctx); err != nil || h.Status != "pass" {
		t.Errorf("health: %+v %v", h, err)
	}
	if err := client.WriteAPIBlocking("o", "nowhere").WriteRecord(ctx, "m v=1"); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a database that does not exist: %v", err)
	}
	if err := client.WriteAPIBlocking("o", "public").WriteRecord(ctx, "c_ns_true,host=x f=\"text\""); err == nil || !strings.Contains(err.Error(), "column f") {
		t.Errorf("a type that the column does not have: %v", err)
	}
}

func TestLineProtocolOverHTTP(t *testing.T) {
	s := harness.Start(t, harness.Options{Bin: bin})
	var gz, zs bytes.Buffer
	w := gzip.NewWriter(&gz)
	_, _ = w.Write([]byte("body,enc=gzip v=1 1"))
	_ = w.Close()
	z, _ := zstd.NewWriter(&zs)
	_, _ = z.Write([]byte("body,enc=zstd v=2 1"))
	_ = z.Close()
	nano := map[string]int64{"n": 1, "ns": 1, "u": 1e3, "us": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9}
	for precision, unit := range nano {
		for _, path := range []string{"/v1/influxdb/write?db=public", "/v1/influxdb/api/v2/write?bucket=public&org=o"} {
			status, _, body, err := s.Request("POST", path+"&precision="+precision, []byte("precisions,p="+precision+" v=1i 400000"))
			if err != nil || status != 204 {
				t.Fatalf("%s %s: %d %s %v", path, precision, status, body, err)
			}
		}
		if got, want := s.MustSQL("SELECT greptime_timestamp FROM precisions WHERE p = '"+precision+"'").Text(), fmt.Sprintln(400000*unit); got != want {
			t.Errorf("precision %s: got %swant %s", precision, got, want)
		}
	}
	for _, c := range []struct {
		name, path, encoding string
		body                 []byte
		status               int
		message              string
	}{
		{"gzip", "/v1/influxdb/write", "gzip", gz.Bytes(), 204, ""},
		{"zstd", "/v1/influxdb/write", "zstd", zs.Bytes(), 204, ""},
		{"broken gzip", "/v1/influxdb/write", "gzip", gz.Bytes()[:12], 400, ""},
		{"precision", "/v1/influxdb/write?precision=week", "", []byte("m v=1"), 400, "week"},
		{"no field", "/v1/influxdb/write", "", []byte("ok v=1 1\nm,a=b 1"), 400, "line 2"},
		{"tag type", "/v1/influxdb/write", "", []byte("body,v=x enc=1 1"), 400, "column v expect"},
		{"field type", "/v1/influxdb/write", "", []byte("body,enc=q v=\"text\" 1"), 400, "v"},
		{"bad text", "/v1/influxdb/write", "", []byte("m,a=\xff v=1 1"), 400, "UTF-8"},
		{"time", "/v1/influxdb/write?precision=h", "", []byte("m v=1 9223372036854775807"), 400, "line 1"},
		{"database", "/v1/influxdb/write?db=nowhere", "", []byte("m v=1 1"), 400, "nowhere"},
		{"InfluxQL", "/v1/influxdb/query?q=x", "", nil, 404, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h []string
			if c.encoding != "" {
				h = []string{"Content-Encoding", c.encoding}
			}
			status, _, body, err := s.Request("POST", c.path, c.body, h...)
			if err != nil || status != c.status || !strings.Contains(string(body), c.message) {
				t.Errorf("got %d %s %v, want %d with %q", status, body, err, c.status, c.message)
			}
		})
	}
	if got := s.MustSQL("SELECT enc, v FROM body ORDER BY enc").Text(); got != "gzip,1.0\nzstd,2.0\n" {
		t.Error(got)
	}
	if _, err := s.SQL("SELECT * FROM ok"); err == nil || !strings.Contains(err.Error(), "4001") {
		t.Errorf("a batch with a bad line left a table behind: %v", err)
	}
}

func TestSQLFormats(t *testing.T) {
	s := harness.Start(t, harness.Options{Bin: bin})
	if err := s.Write("cpu,host=a usage=0.5 1700000000000000000\ncpu,host=b usage=2 1700000000000000000"); err != nil {
		t.Fatal(err)
	}
	q := "/v1/sql?sql=" + url.QueryEscape("SELECT host, usage, greptime_timestamp AS ts FROM cpu ORDER BY host")
	for _, c := range []struct{ format, kind, want string }{
		{"", "application/json", `"rows":[["a",0.5,1700000000000000000],["b",2.0,1700000000000000000]],"total_rows":2`},
		{"json", "application/json", `{"data":[{"host":"a","ts":1700000000000000000,"usage":0.5},{"host":"b","ts":1700000000000000000,"usage":2.0}]`},
		{"influxdb_v1", "application/json", `"columns":["host","usage","ts"],"values":[["a",0.5,`},
		{"csv", "text/csv; charset=utf-8", "a,0.5,1700000000000000000\r\nb,2.0,1700000000000000000\r\n"},
		{"csvWithNames", "text/csv; charset=utf-8", "host,usage,ts\r\na,0.5,"},
		{"csvWithNamesAndTypes", "text/csv; charset=utf-8", "host,usage,ts\r\nString,Float64,TimestampNanosecond\r\na,"},
		{"table", "text/plain; charset=utf-8", `│ "a"`},
		{"null", "text/plain; charset=utf-8", "2 rows in set."},
		{"arrow", "application/arrow", "\xff\xff\xff\xff"},
	} {
		status, h, body, err := s.Request("GET", q+"&format="+c.format, nil)
		if err != nil || status != 200 || h.Get("Content-Type") != c.kind || !strings.Contains(string(body), c.want) {
			t.Errorf("format %q: %d %q %v\ngot  %s\nwant %s", c.format, status, h.Get("Content-Type"), err, body, c.want)
		}
	}
	for text, code := range map[string]int{"SELECT * FROM nowhere": 4001, "SELEKT 1": 1001, "SELECT FROM WHERE": 2000, "SELECT nothing FROM cpu": 3000, "CREATE TABLE x (a INT)": 2000, "": 1004} {
		status, h, body, _ := s.Request("POST", "/v1/sql", []byte(url.Values{"sql": {text}}.Encode()), "Content-Type", "application/x-www-form-urlencoded")
		var e struct {
			Code  int
			Error string
		}
		if err := json.Unmarshal(body, &e); err != nil || status != 400 || e.Code != code || e.Error == "" || h.Get("x-greptime-err-code") != fmt.Sprint(code) {
			t.Errorf("%q: status %d, header %q, body %s; want code %d", text, status, h.Get("x-greptime-err-code"), body, code)
		}
	}
}
