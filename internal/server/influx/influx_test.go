package influx

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/server/httpd"
)

type fake struct {
	got  string
	opts model.InsertOptions
	err  error
}

func (f *fake) Insert(_ context.Context, sess *model.Session, rows []*model.Rows, opts model.InsertOptions) (uint64, error) {
	f.opts = opts
	n := 0
	for _, r := range rows {
		f.got += sess.Database + "." + r.Table
		for _, c := range r.Columns {
			f.got += fmt.Sprintf(" %s=%s", c.Name, c.Vector.At(r.Len-1))
		}
		f.got += ";"
		n += r.Len
	}
	return uint64(n), f.err
}

func TestWrite(t *testing.T) {
	f := func(target, body string, ins *fake, status int, want string, hdr ...string) string {
		t.Helper()
		s, err := httpd.New(httpd.Options{})
		if err != nil {
			t.Fatal(err)
		}
		Register(s, ins, Options{})
		r := httptest.NewRequest("POST", target, strings.NewReader(body))
		for i := 0; i < len(hdr); i += 2 {
			r.Header.Set(hdr[i], hdr[i+1])
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != status || ins.got != want {
			t.Fatalf("%s: %d %s\n%s\nwant\n%s", target, w.Code, w.Body, ins.got, want)
		}
		if status == 204 && !strings.Contains(w.Header().Get("x-greptime-metrics"), "greptime_exec_write_cost") {
			t.Fatal(w.Header())
		}
		return w.Body.String()
	}
	ins := &fake{}
	f("/v1/influxdb/write?db=d&precision=ms", "m,a=b f=1i 5\nk f=t 6", ins, 204, `d.m a="b" f=1 greptime_timestamp=5000000;d.k f=true greptime_timestamp=6000000;`)
	if ins.opts.Kind != model.LastNonNullTable || !ins.opts.AutoTime || ins.opts.TableOptions["greptime.semantic.source"] != "influxdb" {
		t.Fatalf("%+v", ins.opts)
	}
	f("/v1/influxdb/api/v2/write?org=o&bucket=b&precision=s", "m f=1 5", &fake{}, 204, `b.m f=1 greptime_timestamp=5000000000;`)
	var z bytes.Buffer
	g := gzip.NewWriter(&z)
	g.Write([]byte("m f=1 5"))
	g.Close()
	f("/v1/influxdb/write", z.String(), &fake{}, 204, `public.m f=1 greptime_timestamp=5;`, "Content-Encoding", "gzip")
	f("/v1/influxdb/write", "# nothing\n", &fake{}, 204, "")
	// One bad line refuses the batch.
	if b := f("/v1/influxdb/write", "m f=1 5\nm f=oops 6\n", &fake{}, 400, ""); b != `{"error":"invalid line protocol: line 2, column \"f\": unexpected 'o' where a field value should be","code":"invalid","message":"invalid line protocol: line 2, column \"f\": unexpected 'o' where a field value should be"}`+"\n" {
		t.Fatal(b)
	}
	f("/v1/influxdb/write?precision=d", "m f=1 5", &fake{}, 400, "")
	f("/v1/influxdb/write", "m f=1 5", &fake{err: errs.New(errs.DatabaseNotFound, "Database not found: public")}, 400, `public.m f=1 greptime_timestamp=5;`)
	f("/v1/influxdb/write", "m f=1 5", &fake{err: errs.New(errs.RegionBusy, "stalled")}, 503, `public.m f=1 greptime_timestamp=5;`)
	f("/v1/influxdb/query", "", &fake{}, 404, "")
}

func TestPingAndHealth(t *testing.T) {
	s, err := httpd.New(httpd.Options{Authenticate: func(context.Context, string, string) (model.Rights, error) {
		return 0, errs.New(errs.UserNotFound, "no")
	}})
	if err != nil {
		t.Fatal(err)
	}
	Register(s, &fake{}, Options{Version: "v1"})
	for path, status := range map[string]int{"/v1/influxdb/ping": 204, "/v1/influxdb/health": 200, "/v1/influxdb/nothing": 404} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != status {
			t.Fatalf("%s: %d", path, w.Code)
		}
	}
}
