package query

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/bench/measure"
	"github.com/goptimedb/goptimedb/bench/tsbs"
)

// Panel is a query of a dashboard, in PromQL; M stands for the series of usage_user.
type Panel struct {
	Name   string
	Text   string
	Window time.Duration // up to the end of the data
	Step   time.Duration
}

// Panels are those that are run.
func Panels() []Panel {
	return []Panel{
		{"sum-by-region-rate-1h-15s", "sum by (region) (rate(M[5m]))", time.Hour, 15 * time.Second},
		{"topk-max-1h-1m", "topk(10, max_over_time(M[5m]))", time.Hour, time.Minute},
		{"one-host-1h-15s", `avg_over_time(M{hostname="host_1"}[1m])`, time.Hour, 15 * time.Second},
		{"avg-by-hostname-12h-1h", "avg by (hostname) (avg_over_time(M[1h]))", 12 * time.Hour, time.Hour},
	}
}

// RunPanel asks a panel n times, after once that does not count. Which series M is, and where the API is, depends on the dialect.
func (c *Client) RunPanel(ctx context.Context, p Panel, n int) Result {
	r := Result{Kind: p.Name}
	series, path := `cpu{__field__="usage_user"}`, "/v1/prometheus/api/v1/query_range"
	if _, ok := c.Dialect.(PromQL); ok {
		series, path = "cpu_usage_user", "/api/v1/query_range"
	}
	text := strings.ReplaceAll(p.Text, "M[", series+"[")
	if name, matchers, ok := strings.Cut(text, "M{"); ok {
		if base, more, ok := strings.Cut(series, "}"); ok && more == "" {
			text = name + base + "," + matchers
		} else {
			text = name + series + "{" + matchers
		}
	}
	end := c.Data.End()
	start := max(end-int64(p.Window), tsbs.Epoch)
	v := url.Values{"query": {text}, "start": {seconds(start)}, "end": {seconds(end)}, "step": {strconv.Itoa(int(p.Step / time.Second))},
		"db": {"public"}}
	var took []time.Duration
	for i := range n + 1 {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Base+path, strings.NewReader(v.Encode()))
		if err != nil {
			r.Error = err.Error()
			return r
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		d, size, err := c.do(req)
		if err != nil {
			r.Error = fmt.Sprintf("%v: %s", err, text)
			return r
		}
		if i > 0 {
			took = append(took, d)
			r.Bytes = float64(size)
		}
	}
	r.Latency = measure.Summarize(took)
	return r
}
