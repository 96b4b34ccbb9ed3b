package sqlapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/promql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/server"
	"github.com/goptimedb/goptimedb/internal/server/httpd"
)

// Register adds the routes. memory, which may be nil, is where answers that are held whole are accounted for.
func Register(s *httpd.Server, sql server.SQL, memory *budget.Account) {
	a := &api{sql: sql, memory: memory}
	s.Handle(httpd.Route{Methods: "GET POST", Path: "/v1/sql", Handler: a.query, Elapsed: "greptime_servers_http_sql_elapsed"})
	s.Handle(httpd.Route{Methods: "GET POST", Path: "/v1/promql", Handler: a.promql, Elapsed: "greptime_servers_http_promql_elapsed"})
}

type api struct {
	sql    server.SQL
	memory *budget.Account
}

// options are the parameters that shape an answer.
type options struct {
	limit       int             // negative: none
	epoch       *model.TimeUnit // of influxdb_v1; nil: as the columns are
	compression string          // of arrow
}

type writeFunc func(context.Context, *sink, []model.Output, options) error

// format is one way to write results.
type format struct {
	name, contentType string
	many              bool // several statements fit one answer
	write             writeFunc
}

// formatOf finds a format by the name that requests give; names that nobody knows are the default, as clients rely on it.
func formatOf(name string) format {
	const jsonType, textType = "application/json", "text/plain; charset=utf-8"
	switch strings.ToLower(name) {
	case "influxdb_v1":
		return format{"influxdb_v1", jsonType, true, writeInflux}
	case "json":
		return format{"json", jsonType, false, writeJSON}
	case "csv":
		return format{"csv", "text/csv; charset=utf-8", false, csv(0)}
	case "csvwithnames":
		return format{"csv", "text/csv; charset=utf-8", false, csv(1)}
	case "csvwithnamesandtypes":
		return format{"csv", "text/csv; charset=utf-8", false, csv(2)}
	case "table":
		return format{"table", textType, false, writeTable}
	case "arrow":
		return format{"arrow", "application/arrow", false, writeArrow}
	case "null":
		return format{"null", textType, false, writeNull}
	}
	return format{"greptimedb_v1", jsonType, true, writeGreptime}
}

func (a *api) query(w http.ResponseWriter, r *httpd.Request) error {
	if err := r.ReadForm(); err != nil {
		return err
	}
	httpd.UseDatabase(r.Session, r.Param("db"))
	text := r.Param("sql")
	if text == "" {
		return errs.New(errs.InvalidArguments, "sql parameter is required.")
	}
	return a.run(w, r, text)
}

// promql runs a range query as the statement that means the same.
func (a *api) promql(w http.ResponseWriter, r *httpd.Request) error {
	if err := r.ReadForm(); err != nil {
		return err
	}
	httpd.UseDatabase(r.Session, r.Query().Get("db"))
	var args [4]string
	for i, name := range []string{"start", "end", "step", "lookback"} {
		v := r.Param(name)
		if v == "" && name == "lookback" {
			v = "5m"
		}
		if v == "" {
			return errs.New(errs.InvalidArguments, "%s parameter is required.", name)
		}
		if strings.ContainsAny(v, "'\\") {
			return errs.New(errs.InvalidArguments, "invalid %s: %q", name, v)
		}
		args[i] = "'" + v + "'"
	}
	if r.Param("query") == "" {
		return errs.New(errs.InvalidArguments, "query parameter is required.")
	}
	// What goes into the statement is an expression and nothing else: no alias, comment or second statement.
	expr, err := promql.NewParser().ParseExpr(r.Param("query"))
	if err != nil {
		return errs.Wrap(errs.InvalidSyntax, err, "invalid parameter \"query\"")
	}
	return a.run(w, r, "TQL EVAL ("+strings.Join(args[:], ", ")+") "+expr.String())
}

// run executes and answers.
func (a *api) run(w http.ResponseWriter, r *httpd.Request, text string) error {
	f := formatOf(r.Param("format"))
	o, err := parseOptions(r)
	if err != nil {
		return err
	}
	if d, ok := r.Context().Deadline(); ok {
		r.Session.Timeout = time.Until(d)
	}
	outs, err := a.sql.Execute(r.Context(), r.Session, text)
	if err != nil {
		return err
	}
	err = a.answer(w, r, f, o, outs)
	for _, out := range outs {
		if out.Rows != nil {
			if cerr := out.Rows.Close(); err == nil {
				err = cerr
			}
		}
	}
	return err
}

func (a *api) answer(w http.ResponseWriter, r *httpd.Request, f format, o options, outs []model.Output) error {
	if !f.many && len(outs) > 1 {
		return errs.New(errs.InvalidArguments, "cannot output multi-statements result in %s format", f.name)
	}
	if !f.many && len(outs) == 0 {
		outs = []model.Output{{}}
	}
	s := &sink{w: w, r: r, format: f.name, contentType: f.contentType, memory: a.memory.Lease(0)}
	if err := f.write(r.Context(), s, outs, o); err != nil {
		return err
	}
	return s.send()
}

func parseOptions(r *httpd.Request) (o options, err error) {
	o.limit = -1
	if v := r.Param("limit"); v != "" {
		if o.limit, err = strconv.Atoi(v); err != nil || o.limit < 0 {
			return o, errs.New(errs.InvalidArguments, "limit: %q is not a number of rows", v)
		}
	}
	switch v := r.Param("epoch"); v {
	case "":
	case "ns":
		o.epoch = new(model.TimeUnit(model.Nanosecond))
	case "u", "µ":
		o.epoch = new(model.TimeUnit(model.Microsecond))
	case "s":
		o.epoch = new(model.TimeUnit(model.Second))
	default:
		o.epoch = new(model.TimeUnit(model.Millisecond))
	}
	o.compression = strings.ToLower(r.Param("compression"))
	return o, nil
}
