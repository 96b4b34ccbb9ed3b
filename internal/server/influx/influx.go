// Package influx is the write side of InfluxDB over HTTP: line protocol to both versions' paths, ping and health. There is no
// InfluxQL and no Flux.
package influx

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/server"
	"github.com/goptimedb/goptimedb/internal/server/httpd"
	wire "github.com/goptimedb/goptimedb/internal/wire/influx"
)

// Options of the protocol. Zero members are the defaults.
type Options struct {
	MergeMode  string // of tables made by writes: "last_non_null" (empty) or "last_row"
	TimeColumn string // empty: "greptime_timestamp"
	Version    string // told by ping and health
}

// Register adds the routes.
func Register(s *httpd.Server, ins server.Inserter, opt Options) {
	a := &api{ins: ins, opt: opt}
	a.sets.New = func() any { return new(wire.RowSet) }
	for _, path := range []string{"/v1/influxdb/write", "/v1/influxdb/api/v2/write"} {
		s.Handle(httpd.Route{Methods: "POST", Path: path, Family: httpd.InfluxFamily, Protocol: "influxdb", Handler: a.write,
			Elapsed: "greptime_servers_http_influxdb_write_elapsed"})
	}
	s.Handle(httpd.Route{Methods: "GET", Path: "/v1/influxdb/ping", Family: httpd.InfluxFamily, Protocol: "influxdb", Handler: a.ping})
	s.Handle(httpd.Route{Methods: "GET", Path: "/v1/influxdb/health", Family: httpd.InfluxFamily, Protocol: "influxdb", Handler: a.health})
}

type api struct {
	ins  server.Inserter
	opt  Options
	sets sync.Pool // *wire.RowSet
}

// write takes a batch whole or not at all: a bad line, or two types for one column, refuses every line.
func (a *api) write(w http.ResponseWriter, r *httpd.Request) error {
	precision, err := wire.ParsePrecision(r.Query().Get("precision"))
	if err != nil {
		return err
	}
	body, err := r.DecodedBody()
	if err != nil {
		return err
	}
	set := a.sets.Get().(*wire.RowSet)
	defer func() {
		set.Reset() // also lets go of a body's worth of names
		a.sets.Put(set)
	}()
	if err := wire.Decode(set, body, wire.Options{Precision: precision, Now: r.Start.UnixNano(), TimeColumn: a.opt.TimeColumn}); err != nil {
		return err
	}
	start := time.Now()
	if len(set.Tables()) > 0 {
		opts := model.InsertOptions{Kind: model.LastNonNullTable, AutoTime: true, TableOptions: map[string]string{
			"greptime.semantic.signal_type": "metric", "greptime.semantic.source": "influxdb"}}
		if a.opt.MergeMode == "last_row" {
			opts.Kind = model.PlainTable
		}
		if _, err := a.ins.Insert(r.Context(), r.Session, set.Tables(), opts); err != nil {
			return err
		}
	}
	httpd.WriteCost(w, time.Since(start))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *api) ping(w http.ResponseWriter, _ *httpd.Request) error {
	w.Header().Set("X-Influxdb-Version", a.opt.Version)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *api) health(w http.ResponseWriter, _ *httpd.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write([]byte(`{"name":"influxdb","message":"ready for writes","status":"pass","checks":[],"version":` + strconv.Quote(a.opt.Version) + "}\n"))
	return errs.Wrap(errs.External, err, "answer health")
}
