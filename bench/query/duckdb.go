package query

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/goptimedb/goptimedb/bench/tsbs"
)

// DuckDB is SQL as DuckDB has it, over a relation cpu whose greptime_timestamp is a timestamp. Times of answers are nanoseconds, and columns
// are named as in SQL's.
type DuckDB struct{}

// Text is the statement for q.
func (DuckDB) Text(q Query) string {
	const ts = "greptime_timestamp"
	where := fmt.Sprintf("%s >= '%s' AND %s < '%s'", ts, stamp(q.From), ts, stamp(q.To))
	if len(q.Hosts) > 0 {
		where = "hostname IN (" + hostNames(q.Hosts, ", ", func(n string) string { return "'" + n + "'" }) + ") AND " + where
	}
	largest := each(q.Kind.Fields, ", ", func(n string) string { return "max(" + n + ") AS max_" + n })
	slots := func(unit, keys, aggs, where, order string) string {
		return fmt.Sprintf("SELECT * REPLACE (epoch_ns(%s) AS %s) FROM (SELECT date_trunc('%s', %s) AS %s%s, %s FROM cpu WHERE %s GROUP BY ALL) ORDER BY %s",
			unit, unit, unit, ts, unit, keys, aggs, where, order)
	}
	switch q.Kind.Shape {
	case MaxPerMinute:
		return slots("minute", "", largest, where, "minute")
	case MaxPerHour:
		return slots("hour", "", largest, where, "hour")
	case MeanPerHostHour:
		return slots("hour", ", hostname", each(q.Kind.Fields, ", ", func(n string) string { return "avg(" + n + ") AS mean_" + n }), where, "hour")
	case HighCPU:
		return fmt.Sprintf("SELECT %s, %s, epoch_ns(%s) AS %s FROM cpu WHERE usage_user > %d AND %s", strings.Join(tsbs.Tags[:], ", "),
			strings.Join(tsbs.Fields[:], ", "), ts, ts, HighCPULimit, where)
	case LastPoint:
		// Many times faster there than as many arg_max.
		return fmt.Sprintf("SELECT %s, %s, epoch_ns(%s) AS %s FROM cpu JOIN (SELECT hostname, max(%s) AS %s FROM cpu GROUP BY hostname) USING (hostname, %s)",
			strings.Join(tsbs.Tags[:], ", "), strings.Join(tsbs.Fields[:], ", "), ts, ts, ts, ts, ts)
	default:
		return slots("minute", "", largest, fmt.Sprintf("%s < '%s'", ts, stamp(q.To)), fmt.Sprintf("minute DESC LIMIT %d", NewestLimit))
	}
}

// Request is always possible.
func (s DuckDB) Request(ctx context.Context, base string, q Query) (*http.Request, bool, error) {
	req, err := form(ctx, base+"/v1/sql", url.Values{"sql": {s.Text(q)}})
	return req, true, err
}

// Rows reads total_rows.
func (DuckDB) Rows(tail []byte) (int, bool) { return SQL{}.Rows(tail) }
