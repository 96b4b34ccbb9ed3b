package prom

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	lang "github.com/goptimedb/goptimedb/internal/lang/promql"
)

// TestMemory: queries account for the samples they hold until their results are closed, and fail where these do not fit; whether they are
// streamed or the engine's.
func TestMemory(t *testing.T) {
	for _, total := range []int64{1 << 30, 4 << 10} {
		account := budget.New(total).Account("queries", budget.Options{})
		n := newNode(t, Options{Memory: account})
		sess := n.database()
		var samples []sample
		for s := range 50 {
			l := labels.FromStrings(nameLabel, "requests", "job", fmt.Sprint(s%10), "instance", fmt.Sprint(s))
			for i := range 40 {
				samples = append(samples, sample{l, int64(i) * 15000, float64(i * (s + 1))})
			}
		}
		if err := n.insert(t.Context(), sess, samples); err != nil {
			t.Fatal(err)
		}
		check := func(what string, res *lang.Result, err error) {
			t.Helper()
			switch {
			case total < 1<<30:
				if !errs.Is(err, errs.RuntimeResourcesExhausted) || !strings.Contains(err.Error(), "memory.limit") {
					t.Errorf("%s with %d bytes: %v", what, total, err)
				}
			case err != nil:
				t.Errorf("%s: %v", what, err)
			case account.Used() == 0:
				t.Errorf("%s: nothing is accounted for", what)
			}
			if res != nil {
				res.Close()
			}
			if used := account.Used(); used != 0 {
				t.Errorf("%s with %d bytes keeps %d", what, total, used)
			}
		}
		for _, plain := range []bool{false, true} {
			n.plain = plain
			for _, expr := range []string{"rate(requests[1m])", "sum by (instance) (requests)", "requests or vector(1)"} {
				res, err := n.Range(t.Context(), sess, lang.RangeQuery{Expr: expr, Start: time.Unix(0, 0), End: time.Unix(600, 0), Step: 15 * time.Second})
				check(fmt.Sprint(expr, plain), res, err)
			}
			res, err := n.Instant(t.Context(), sess, lang.InstantQuery{Expr: "sum_over_time(requests[10m] @ 600)", Time: time.Unix(600, 0)})
			if total == 1<<30 || plain {
				check(fmt.Sprint("instant", plain), res, err)
			} else if err != nil { // streamed, it holds one number a series
				t.Error(err)
			} else {
				res.Close()
			}
		}
		// Remote read gives back with the querier.
		q, err := n.Queryable(sess).Querier(0, 600_000)
		if err != nil {
			t.Fatal(err)
		}
		set := q.Select(t.Context(), true, &storage.SelectHints{End: 600_000}, labels.MustNewMatcher(labels.MatchEqual, nameLabel, "requests"))
		found := 0
		for set.Next() {
			for it := set.At().Iterator(nil); it.Next() != chunkenc.ValNone; {
				found++
			}
		}
		if total == 1<<30 && (set.Err() != nil || found != len(samples) || account.Used() == 0) || total < 1<<30 && !errs.Is(set.Err(), errs.RuntimeResourcesExhausted) {
			t.Errorf("remote read with %d bytes: %d samples, %d bytes held, %v", total, found, account.Used(), set.Err())
		}
		if err := q.Close(); err != nil || account.Used() != 0 {
			t.Errorf("%d bytes stay of remote read, %v", account.Used(), err)
		}
	}
}
