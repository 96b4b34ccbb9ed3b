package promapi

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/server/httpd"
)

// options are what the two queries have in common.
type options struct {
	lookback time.Duration
	timeout  time.Duration // 0: the server's own
	limit    int           // of series; 0: none
}

func (a *api) options(r *httpd.Request) (o options, err error) {
	if o.limit, err = limitParam(r); err != nil {
		return o, err
	}
	if o.timeout, err = durationParam(r, "timeout", 0); err != nil {
		return o, err
	}
	if o.lookback, err = durationParam(r, "lookback_delta", a.opt.Lookback); err != nil { // Prometheus' name
		return o, err
	}
	o.lookback, err = durationParam(r, "lookback", o.lookback)
	return o, err
}

// context is the request's, with the time that the query may take. The time of the server holds beside it.
func (o options) context(r *httpd.Request) (context.Context, context.CancelFunc) {
	if o.timeout == 0 {
		return context.WithCancel(r.Context())
	}
	return context.WithTimeout(r.Context(), o.timeout)
}

// errTruncated is the warning that clients look for.
var errTruncated = errors.New("results truncated due to limit")

// cut leaves as many series as are wanted.
func (o options) cut(res *Result) {
	if o.limit == 0 {
		return
	}
	switch v := res.Value.(type) {
	case promql.Vector:
		if len(v) <= o.limit {
			return
		}
		res.Value = v[:o.limit]
	case promql.Matrix:
		if len(v) <= o.limit {
			return
		}
		res.Value = v[:o.limit]
	default:
		return
	}
	res.Warnings.Add(errTruncated)
}

// queryError spells the error of a query as Prometheus does.
func queryError(err error) error {
	switch code := errs.CodeOf(err); code {
	case errs.InvalidSyntax:
		if list := (parser.ParseErrors)(nil); errors.As(err, &list) {
			return errs.Wrap(code, list, "invalid parameter %q", "query")
		}
	case errs.EngineExecuteQuery, errs.RuntimeResourcesExhausted, errs.DeadlineExceeded, errs.Cancelled:
		var own *errs.Error
		if errors.As(err, &own) && own.Err != nil {
			return errs.New(code, "%v", own.Err)
		}
	}
	return err
}

// limitParam reads how many answers are wanted; 0 is all.
func limitParam(r *httpd.Request) (int, error) {
	v := r.Param("limit")
	if v == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n == math.MaxInt {
		return 0, errs.New(errs.InvalidArguments, "invalid parameter \"limit\": %q is not a number of answers", v)
	}
	return n, nil
}

// timeParam reads RFC 3339 or unix seconds.
func timeParam(r *httpd.Request, name string, absent time.Time) (time.Time, error) {
	v := r.Param(name)
	if v == "" {
		return absent, nil
	}
	if x, err := strconv.ParseFloat(v, 64); err == nil {
		if math.IsNaN(x) || math.Abs(x) > float64(maxSeconds) {
			return absent, errs.New(errs.InvalidArguments, "invalid parameter %q: time %s is out of range", name, v)
		}
		return time.UnixMilli(int64(math.Round(x * 1e3))).UTC(), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
		if math.Abs(float64(t.Unix())) > float64(maxSeconds) {
			return absent, errs.New(errs.InvalidArguments, "invalid parameter %q: time %s is out of range", name, v)
		}
		return t, nil
	}
	switch v { // Prometheus' least and greatest times, which Go does not read
	case "-292273086-05-16T16:47:06Z":
		return time.Unix(-maxSeconds, 0), nil
	case "292277025-08-18T07:12:54.999999999Z":
		return time.Unix(maxSeconds, 0), nil
	}
	return absent, errs.New(errs.InvalidArguments, "invalid parameter %q: cannot parse %q to a valid timestamp", name, v)
}

// maxSeconds keeps a time and what is added to it within 64 bits of nanoseconds.
const maxSeconds = math.MaxInt64 / int64(time.Second) / 2

// durationParam reads seconds, with fractions, or a PromQL duration; it must be positive.
func durationParam(r *httpd.Request, name string, absent time.Duration) (time.Duration, error) {
	v := r.Param(name)
	if v == "" {
		return absent, nil
	}
	var d time.Duration
	if x, err := strconv.ParseFloat(v, 64); err == nil && math.Abs(x) < float64(maxSeconds) {
		d = time.Duration(x * float64(time.Second))
	} else if p, err := model.ParseDuration(v); err == nil {
		d = time.Duration(p)
	} else {
		return 0, errs.New(errs.InvalidArguments, "invalid parameter %q: cannot parse %q to a valid duration", name, v)
	}
	if d < time.Millisecond {
		return 0, errs.New(errs.InvalidArguments, "invalid parameter %q: zero or negative durations are not accepted", name)
	}
	return d, nil
}
