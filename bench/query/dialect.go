package query

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/bench/tsbs"
)

// Dialect puts a question to a system.
type Dialect interface {
	// Request is the question as a request to the system at base (scheme and authority); false where the system cannot be asked that.
	Request(ctx context.Context, base string, q Query) (*http.Request, bool, error)
	// Rows reads the number of rows from the last bytes of an answer; false where an answer does not say.
	Rows(tail []byte) (int, bool)
}

// SQL is GoptimeDB's /v1/sql.
type SQL struct{}

// InfluxQL is InfluxDB's /query, over the database of InfluxDB.
type InfluxQL struct{}

// PromQL is the Prometheus API of VictoriaMetrics, whose series are named table_field.
type PromQL struct{}

// InfluxDatabase is the database that InfluxQL asks.
const InfluxDatabase = "benchmark"

func form(ctx context.Context, target string, v url.Values) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(v.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

// each joins a piece of text per field.
func each(fields int, sep string, f func(name string) string) string {
	parts := make([]string, fields)
	for i := range parts {
		parts[i] = f(tsbs.Fields[i])
	}
	return strings.Join(parts, sep)
}

func hostNames(hosts []int, sep string, f func(name string) string) string {
	parts := make([]string, len(hosts))
	for i, h := range hosts {
		parts[i] = f("host_" + strconv.Itoa(h))
	}
	return strings.Join(parts, sep)
}

func stamp(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02 15:04:05.999") }

// Text is the statement for q.
func (SQL) Text(q Query) string {
	const ts = "greptime_timestamp"
	where := fmt.Sprintf("%s >= '%s' AND %s < '%s'", ts, stamp(q.From), ts, stamp(q.To))
	if len(q.Hosts) > 0 {
		where = "hostname IN (" + hostNames(q.Hosts, ", ", func(n string) string { return "'" + n + "'" }) + ") AND " + where
	}
	largest := each(q.Kind.Fields, ", ", func(n string) string { return "max(" + n + ") AS max_" + n })
	switch q.Kind.Shape {
	case MaxPerMinute:
		return fmt.Sprintf("SELECT date_trunc('minute', %s) AS minute, %s FROM cpu WHERE %s GROUP BY minute ORDER BY minute", ts, largest, where)
	case MaxPerHour:
		return fmt.Sprintf("SELECT date_trunc('hour', %s) AS hour, %s FROM cpu WHERE %s GROUP BY hour ORDER BY hour", ts, largest, where)
	case MeanPerHostHour:
		means := each(q.Kind.Fields, ", ", func(n string) string { return "avg(" + n + ") AS mean_" + n })
		return fmt.Sprintf("SELECT date_trunc('hour', %s) AS hour, hostname, %s FROM cpu WHERE %s GROUP BY hour, hostname ORDER BY hour", ts,
			means, where)
	case HighCPU:
		return fmt.Sprintf("SELECT * FROM cpu WHERE usage_user > %d AND %s", HighCPULimit, where)
	case LastPoint:
		var sb strings.Builder
		sb.WriteString("SELECT hostname")
		for _, n := range append(append([]string{ts}, tsbs.Tags[1:]...), tsbs.Fields[:]...) {
			fmt.Fprintf(&sb, ", last_value(%s ORDER BY %s) AS %s", n, ts, n)
		}
		sb.WriteString(" FROM cpu GROUP BY hostname")
		return sb.String()
	default:
		return fmt.Sprintf("SELECT date_trunc('minute', %s) AS minute, %s FROM cpu WHERE %s < '%s' GROUP BY minute ORDER BY minute DESC LIMIT %d",
			ts, largest, ts, stamp(q.To), NewestLimit)
	}
}

// Request is always possible.
func (s SQL) Request(ctx context.Context, base string, q Query) (*http.Request, bool, error) {
	req, err := form(ctx, base+"/v1/sql", url.Values{"db": {"public"}, "sql": {s.Text(q)}})
	return req, true, err
}

// Rows reads total_rows.
func (SQL) Rows(tail []byte) (int, bool) {
	const key = `"total_rows":`
	i := bytes.LastIndex(tail, []byte(key))
	if i < 0 {
		return 0, false
	}
	digits := tail[i+len(key):]
	end := 0
	for end < len(digits) && digits[end] >= '0' && digits[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(string(digits[:end]))
	return n, err == nil
}

// Text is the statement for q.
func (InfluxQL) Text(q Query) string {
	where := fmt.Sprintf("time >= %d AND time < %d", q.From, q.To)
	if len(q.Hosts) > 0 {
		where = "(" + hostNames(q.Hosts, " OR ", func(n string) string { return "hostname = '" + n + "'" }) + ") AND " + where
	}
	largest := each(q.Kind.Fields, ", ", func(n string) string { return "max(" + n + ")" })
	switch q.Kind.Shape {
	case MaxPerMinute:
		return fmt.Sprintf("SELECT %s FROM cpu WHERE %s GROUP BY time(1m)", largest, where)
	case MaxPerHour:
		return fmt.Sprintf("SELECT %s FROM cpu WHERE %s GROUP BY time(1h)", largest, where)
	case MeanPerHostHour:
		return fmt.Sprintf("SELECT %s FROM cpu WHERE %s GROUP BY time(1h), hostname",
			each(q.Kind.Fields, ", ", func(n string) string { return "mean(" + n + ")" }), where)
	case HighCPU:
		return fmt.Sprintf("SELECT * FROM cpu WHERE usage_user > %d AND %s", HighCPULimit, where)
	case LastPoint:
		return "SELECT * FROM cpu GROUP BY hostname ORDER BY time DESC LIMIT 1"
	default:
		// InfluxQL wants a lower bound for groups of time.
		return fmt.Sprintf("SELECT %s FROM cpu WHERE time >= %d AND time < %d GROUP BY time(1m) ORDER BY time DESC LIMIT %d", largest, q.From,
			q.To, NewestLimit)
	}
}

// Request is always possible.
func (s InfluxQL) Request(ctx context.Context, base string, q Query) (*http.Request, bool, error) {
	req, err := form(ctx, base+"/query", url.Values{"db": {InfluxDatabase}, "epoch": {"ns"}, "q": {s.Text(q)}})
	return req, true, err
}

// Rows is not said by an answer.
func (InfluxQL) Rows([]byte) (int, bool) { return 0, false }

// Request asks for a range of steps as long as the groups, except for the newest rows, which it asks for at the end. Rows chosen by one of
// their fields cannot be asked for: a row is ten unconnected series.
func (PromQL) Request(ctx context.Context, base string, q Query) (*http.Request, bool, error) {
	names := each(q.Kind.Fields, "|", func(n string) string { return tsbs.Table + "_" + n })
	matchers := `__name__=~"` + names + `"`
	if len(q.Hosts) > 0 {
		matchers += `,hostname=~"` + hostNames(q.Hosts, "|", func(n string) string { return n }) + `"`
	}
	var text string
	step := q.Kind.Shape.bucket() / int64(time.Second)
	from, to := q.From, q.To
	switch q.Kind.Shape {
	case MaxPerMinute, MaxPerHour:
		text = fmt.Sprintf("max(max_over_time({%s}[%ds])) by (__name__)", matchers, step)
	case MeanPerHostHour:
		text = fmt.Sprintf("avg(avg_over_time({%s}[%ds])) by (__name__, hostname)", matchers, step)
	case NewestMinutes:
		text = fmt.Sprintf("max(max_over_time({%s}[%ds]))", matchers, step)
		from = to - (NewestLimit-1)*q.Kind.Shape.bucket()
	case LastPoint:
		req, err := form(ctx, base+"/api/v1/query", url.Values{"query": {"{" + matchers + "}"}, "time": {seconds(to - 1)}})
		return req, true, err
	default:
		return nil, false, nil
	}
	req, err := form(ctx, base+"/api/v1/query_range", url.Values{"query": {text}, "start": {seconds(from)}, "end": {seconds(to)},
		"step": {strconv.FormatInt(step, 10)}, "nocache": {"1"}})
	return req, true, err
}

func seconds(ns int64) string { return strconv.FormatFloat(float64(ns)/1e9, 'f', 3, 64) }

// Rows is not said by an answer.
func (PromQL) Rows([]byte) (int, bool) { return 0, false }
