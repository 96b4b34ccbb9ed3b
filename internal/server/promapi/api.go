package promapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/promql"
	"github.com/goptimedb/goptimedb/internal/server/httpd"
)

// Base is the path that the API lies below; a Prometheus data source is given the part before "/api".
const Base = "/v1/prometheus/api/v1"

// maxSteps bounds the points of one series of a range query, before any work is done for them.
const maxSteps = 1_000_000

// BuildInfo is the answer of status/buildinfo. Grafana looks at Version.
type BuildInfo struct {
	Branch      string `json:"branch"`
	Commit      string `json:"commit"`
	CommitShort string `json:"commit_short"`
	Clean       bool   `json:"clean"`
	Rustc       string `json:"rustc"` // a key that clients know; here the version of Go
	Target      string `json:"target"`
	Version     string `json:"version"`
}

// Options of the API. Zero members are the defaults.
type Options struct {
	Lookback time.Duration // of queries that name none; zero: 5 minutes
	Build    BuildInfo
}

// Register adds the routes.
func Register(s *httpd.Server, eng Engine, opt Options) {
	if opt.Lookback == 0 {
		opt.Lookback = 5 * time.Minute
	}
	a := &api{eng: eng, opt: opt, parser: promql.NewParser()}
	handle := func(methods, path string, h httpd.Handler) {
		s.Handle(httpd.Route{Methods: methods, Path: Base + path, Family: httpd.PrometheusFamily, Protocol: "prometheus", Reads: true,
			Elapsed: "greptime_servers_http_prometheus_promql_elapsed", Handler: func(w http.ResponseWriter, r *httpd.Request) error {
				if err := r.ReadForm(); err != nil {
					return err
				}
				httpd.UseDatabase(r.Session, r.Query().Get("db"))
				return h(w, r)
			}})
	}
	handle("GET POST", "/query", a.query)
	handle("GET POST", "/query_range", a.queryRange)
	handle("GET POST", "/labels", a.labels)
	handle("GET POST", "/series", a.series)
	handle("GET POST", "/label/{name}/values", a.labelValues)
	handle("GET", "/metadata", a.metadata)
	handle("GET POST", "/format_query", a.formatQuery)
	handle("GET POST", "/parse_query", a.parseQuery)
	handle("GET", "/status/buildinfo", func(w http.ResponseWriter, _ *httpd.Request) error { return success(w, opt.Build) })
	for path, data := range empty {
		handle("GET POST", path, func(w http.ResponseWriter, _ *httpd.Request) error { return success(w, data) })
	}
}

// empty are the answers of what Prometheus has and a database has not: nothing, said in the right shape.
var empty = map[string]any{
	"/rules":              map[string]any{"groups": []any{}},
	"/alerts":             map[string]any{"alerts": []any{}},
	"/alertmanagers":      map[string]any{"activeAlertmanagers": []any{}, "droppedAlertmanagers": []any{}},
	"/targets":            map[string]any{"activeTargets": []any{}, "droppedTargets": []any{}, "droppedTargetCounts": map[string]any{}},
	"/targets/metadata":   []any{},
	"/scrape_pools":       map[string]any{"scrapePools": []any{}},
	"/query_exemplars":    []any{},
	"/status/config":      map[string]any{"yaml": ""},
	"/status/flags":       map[string]any{},
	"/status/runtimeinfo": map[string]any{},
	"/status/walreplay":   map[string]any{"min": 0, "max": 0, "current": 0, "state": "done"},
	"/notifications":      []any{},
	"/status/tsdb":        map[string]any{"headStats": map[string]any{}, "seriesCountByMetricName": []any{}, "labelValueCountByLabelName": []any{}, "memoryInBytesByLabelName": []any{}, "seriesCountByLabelValuePair": []any{}},
}

type api struct {
	eng    Engine
	opt    Options
	parser parser.Parser
}

func success(w http.ResponseWriter, data any) error { return successWith(w, data, nil, "") }

// successWith answers with data and what is to be said about it.
func successWith(w http.ResponseWriter, data any, notes annotations.Annotations, query string) error {
	warnings, infos := said(notes, query)
	return httpd.WriteJSON(w, struct {
		Status   string   `json:"status"`
		Data     any      `json:"data"`
		Warnings []string `json:"warnings,omitempty"`
		Infos    []string `json:"infos,omitempty"`
	}{"success", data, warnings, infos})
}

func said(notes annotations.Annotations, query string) (warnings, infos []string) {
	if len(notes) == 0 {
		return nil, nil
	}
	warnings, infos = notes.AsStrings(query, 10, 10)
	slices.Sort(warnings)
	slices.Sort(infos)
	return slices.Compact(warnings), slices.Compact(infos)
}

func (a *api) query(w http.ResponseWriter, r *httpd.Request) error {
	q := InstantQuery{Expr: r.Param("query")}
	var err error
	if q.Time, err = timeParam(r, "time", r.Start); err != nil {
		return err
	}
	var o options
	if o, err = a.options(r); err != nil {
		return err
	}
	q.Lookback = o.lookback
	if q.Expr == "" {
		return errs.New(errs.InvalidArguments, "query parameter is required")
	}
	ctx, cancel := o.context(r)
	defer cancel()
	res, err := a.eng.Instant(ctx, r.Session, q)
	if err != nil {
		return queryError(err)
	}
	o.cut(res)
	return answer(w, r, res, q.Expr)
}

func (a *api) queryRange(w http.ResponseWriter, r *httpd.Request) error {
	q := RangeQuery{Expr: r.Param("query")}
	for _, need := range []string{"query", "start", "end", "step"} {
		if r.Param(need) == "" {
			return errs.New(errs.InvalidArguments, "%s parameter is required", need)
		}
	}
	var err error
	if q.Start, err = timeParam(r, "start", r.Start); err != nil {
		return err
	}
	if q.End, err = timeParam(r, "end", r.Start); err != nil {
		return err
	}
	if q.Step, err = durationParam(r, "step", 0); err != nil {
		return err
	}
	var o options
	if o, err = a.options(r); err != nil {
		return err
	}
	q.Lookback = o.lookback
	if q.End.Before(q.Start) {
		return errs.New(errs.InvalidArguments, "invalid parameter \"end\": end timestamp must not be before start time")
	}
	if q.End.Sub(q.Start)/q.Step > maxSteps {
		return errs.New(errs.InvalidArguments, "a range of %s in steps of %s has more than %d points: use a larger step", q.End.Sub(q.Start),
			q.Step, maxSteps)
	}
	ctx, cancel := o.context(r)
	defer cancel()
	res, err := a.eng.Range(ctx, r.Session, q)
	if err != nil {
		return queryError(err)
	}
	o.cut(res)
	return answer(w, r, res, q.Expr)
}

// selection reads match[], start, end and limit; metadata looks back one day where no start is named.
func (a *api) selection(r *httpd.Request) (s Selection, err error) {
	if s.End, err = timeParam(r, "end", r.Start); err != nil {
		return s, err
	}
	if s.Start, err = timeParam(r, "start", s.End.Add(-24*time.Hour)); err != nil {
		return s, err
	}
	for _, m := range r.Values("match[]") {
		ms, err := a.parser.ParseMetricSelector(m)
		if err != nil {
			return s, errs.Wrap(errs.InvalidSyntax, err, "invalid parameter \"match[]\"")
		}
		// Names are few, and never empty: {__name__!="x"} narrows as well as others do.
		if !slices.ContainsFunc(ms, func(m *labels.Matcher) bool { return m.Name == model.MetricNameLabel || !m.Matches("") }) {
			return s, errs.New(errs.InvalidArguments, "match[] must contain at least one non-empty matcher")
		}
		s.Matchers = append(s.Matchers, ms)
	}
	s.Limit, err = limitParam(r)
	return s, err
}

func (a *api) labels(w http.ResponseWriter, r *httpd.Request) error {
	return list(a, w, r, func(s Selection) ([]string, annotations.Annotations, error) {
		return a.eng.LabelNames(r.Context(), r.Session, s)
	})
}

func (a *api) labelValues(w http.ResponseWriter, r *httpd.Request) error {
	name := r.PathValue("name")
	if strings.HasPrefix(name, "U__") { // how clients spell what is no name in the classic way
		name = model.UnescapeName(name, model.ValueEncodingEscaping)
	}
	return list(a, w, r, func(s Selection) ([]string, annotations.Annotations, error) {
		return a.eng.LabelValues(r.Context(), r.Session, name, s)
	})
}

func (a *api) series(w http.ResponseWriter, r *httpd.Request) error {
	return list(a, w, r, func(s Selection) ([]labels.Labels, annotations.Annotations, error) {
		if len(s.Matchers) == 0 {
			return nil, nil, errs.New(errs.Unsupported, "match[] parameter is required")
		}
		return a.eng.Series(r.Context(), r.Session, s)
	})
}

// list answers a question about labels. One answer more than the limit is asked for, so that what is left out can be told.
func list[T any](a *api, w http.ResponseWriter, r *httpd.Request, ask func(Selection) ([]T, annotations.Annotations, error)) error {
	s, err := a.selection(r)
	if err != nil {
		return err
	}
	limit := s.Limit
	if limit > 0 {
		s.Limit++
	}
	all, notes, err := ask(s)
	if err != nil {
		return err
	}
	if all == nil {
		all = []T{} // clients want [], not null
	}
	if limit > 0 && len(all) > limit {
		all = all[:limit]
		notes = notes.Add(errTruncated)
	}
	return successWith(w, all, notes, "")
}

func (a *api) metadata(w http.ResponseWriter, r *httpd.Request) error {
	limit := -1
	if v := r.Param("limit"); v != "" {
		var err error
		if limit, err = strconv.Atoi(v); err != nil {
			return errs.New(errs.InvalidArguments, "invalid parameter \"limit\": %q is not a number", v)
		}
	}
	if limit == 0 {
		return success(w, struct{}{})
	}
	if v := r.Param("limit_per_metric"); v != "" { // a table has one description
		if _, err := strconv.Atoi(v); err != nil {
			return errs.New(errs.InvalidArguments, "invalid parameter \"limit_per_metric\": %q is not a number", v)
		}
	}
	all, err := a.eng.Metadata(r.Context(), r.Session, r.Param("metric"), limit)
	if err != nil {
		return err
	}
	if all == nil {
		all = map[string][]Metadata{}
	}
	return success(w, all)
}

func (a *api) parse(r *httpd.Request) (parser.Expr, error) {
	if r.Param("query") == "" {
		return nil, errs.New(errs.InvalidArguments, "query parameter is required")
	}
	e, err := a.parser.ParseExpr(r.Param("query"))
	return e, errs.Wrap(errs.InvalidSyntax, err, "invalid parameter \"query\"")
}

func (a *api) formatQuery(w http.ResponseWriter, r *httpd.Request) error {
	e, err := a.parse(r)
	if err != nil {
		return err
	}
	return success(w, e.Pretty(0))
}

func (a *api) parseQuery(w http.ResponseWriter, r *httpd.Request) error {
	e, err := a.parse(r)
	if err != nil {
		return err
	}
	return success(w, tree(e))
}
