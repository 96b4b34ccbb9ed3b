package query

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/bind"
)

// generator writes random groupings over table T, of which every row that answers is determined.
type generator struct{ *rand.Rand }

func (g generator) of(xs ...string) string { return xs[g.IntN(len(xs))] }

func (g generator) cond(depth int) string {
	if depth > 0 && g.IntN(3) == 0 {
		return "(" + g.cond(depth-1) + g.of(" AND ", " OR ") + g.cond(depth-1) + ")"
	}
	c := g.of("n > 0", "n <= -2", "usage > 15", "usage < 30.5", "ok", "NOT ok", "host = 'h1'", "host != 'h2'", "host IN ('h0', 'h3')", "dc = 'east'", "dc IS NULL",
		"note LIKE '%a1'", "note IS NOT NULL", "n IN (1, 2, -3)", "n NOT IN (0, 4)", "big >= 12000000000", "ts > '2024-01-01 00:01:00'",
		"ts BETWEEN '2024-01-01 00:00:20' AND '2024-01-01 00:02:20'", "usage IS NULL", "n + 1 > 2", "usage / 2 > n", "upper(dc) = 'WEST'", "coalesce(n, 0) = 0")
	if g.IntN(12) == 0 {
		c = g.of("n = ANY([1, 2, -3])", "usage > ALL([10, n])", "{a: n, b: usage}['a'] > 0", "[n, 3][1] > 0", "ts::time > TIME '00:01:00'", "n <> ALL(ARRAY[0, 4])",
			"cardinality([n, 2][1:2]) = 2", "MAP {'a': n}['a'] < 2", "CASE WHEN ok THEN n ELSE 'none' END <> '1'")
	}
	if g.IntN(5) == 0 {
		return "NOT (" + c + ")"
	}
	return c
}

func (g generator) key() string {
	if g.IntN(12) == 0 {
		return g.of("[n, 1][1]", "named_struct('d', dc)['d']", "ts::time", "CASE WHEN ok THEN n ELSE dc END")
	}
	return g.of("host", "dc", "ok", "n", "note", "date_trunc('minute', ts)", "date_bin(INTERVAL '40 seconds', ts)", "date_trunc('month', ts)", "ts::date", "substr(host, 1, 1)",
		"coalesce(dc, 'none')", "1", "n % 2", "usage > 20")
}

func (g generator) number(depth int) string {
	if depth > 0 && g.IntN(2) == 0 {
		switch g.IntN(4) {
		case 0:
			return "CASE WHEN " + g.cond(1) + " THEN " + g.number(depth-1) + g.of(" END", " ELSE 0 END", " ELSE n END")
		case 1:
			return "-(" + g.number(depth-1) + ")"
		}
		return "(" + g.number(depth-1) + g.of(" + ", " - ", " * ") + g.number(0) + ")"
	}
	return g.of("n", "n", "usage", "big", "3", "0.5")
}

func (g generator) agg() string {
	x := ""
	switch g.IntN(11) {
	case 0:
		x = "count(*)"
	case 1:
		x = "count(" + g.of("n", "usage", "note", "dc", "1") + ")"
	case 2, 3: // small numbers: sums do not get past what doubles hold exactly
		x = "round(" + g.of("sum", "avg", "min", "max") + "(" + g.number(2) + ")"
		if g.IntN(3) == 0 {
			x += " FILTER (WHERE " + g.cond(1) + ")"
		}
		return x + ", 4)"
	case 4:
		x = g.of("min", "max") + "(" + g.of("note", "host", "ts", "ok", "n", "usage", "big") + ")"
	case 5:
		return g.of("first_value", "last_value") + "(" + g.of("n", "usage", "note", "host", "ts", "ok") + " ORDER BY ts" + g.of("", " DESC") + ")"
	case 6:
		return "count(DISTINCT " + g.of("host", "dc", "n", "note", "ok", "usage") + ")"
	case 7:
		return g.of("stddev", "stddev_pop", "var", "var_pop") + "(" + g.of("n", "usage", "n + usage") + ")"
	case 8:
		x = "count(CASE WHEN " + g.cond(1) + " THEN 1 END)"
	case 9: // of few values a digest is exact
		x = g.of("approx_median(n)", "approx_median(usage)", "approx_percentile_cont(n, 0.9)", "approx_distinct(usage)", "approx_distinct(note)", "uddsketch_state(16, 0.1, n)", "hll(usage)")
	case 10:
		return "round(" + g.of("regr_count", "regr_avgx", "covar_pop", "covar_samp", "regr_syy") + "(" + g.of("n, usage", "usage, n", "n + 1, n") + "), 4)"
	}
	if g.IntN(3) == 0 {
		x += " FILTER (WHERE " + g.cond(1) + ")"
	}
	return x
}

// query is a statement and whether its rows come in an order.
func (g generator) query() (text string, ordered bool) {
	var items, keys []string
	for i := range g.IntN(3) {
		k := fmt.Sprintf("k%d", i)
		items, keys = append(items, g.key()+" AS "+k), append(keys, k)
	}
	for i := range 1 + g.IntN(3) {
		items = append(items, fmt.Sprintf("%s AS a%d", g.agg(), i))
	}
	text = "SELECT " + strings.Join(items, ", ") + " FROM T WHERE (usage < 1000 OR usage IS NULL)" // no NaN, of which sums differ
	for range g.IntN(3) {
		text += " AND " + g.cond(2)
	}
	if len(keys) > 0 {
		text += " GROUP BY " + strings.Join(keys, ", ")
		if g.IntN(4) == 0 {
			text += " HAVING " + g.of("count(*) > 1", "max(n) > 0", "min(note) IS NOT NULL")
		}
		if ordered = g.IntN(2) == 0; ordered {
			for i := range keys {
				keys[i] += g.of("", " DESC")
			}
			text += " ORDER BY " + strings.Join(keys, ", ")
			if g.IntN(2) == 0 {
				text += fmt.Sprintf(" LIMIT %d", 1+g.IntN(4))
			}
		}
	}
	return text, ordered
}

// TestRandomGroupings compares reductions in scans of one region and of two, finished by either half, with the relational half doing
// everything.
func TestRandomGroupings(t *testing.T) {
	n := 300
	if testing.Short() {
		n = 100
	}
	if s, err := strconv.Atoi(os.Getenv("RANDOM_QUERIES")); err == nil {
		n = s
	}
	w := newWorld(t)
	ctx := context.Background()
	pushed := 0
	for seed := range uint64(n) {
		q, ordered := generator{rand.New(rand.NewPCG(seed, 7))}.query()
		var want []string
		for _, way := range []struct {
			name, table       string
			rules, relational bool
		}{{"relational", "cpu", false, true}, {"rules", "cpu", true, true}, {"finisher", "cpu", true, false}, {"two regions", "cpu2", true, false}, {"two regions, relational", "cpu2", true, true}} {
			text := strings.Replace(q, "FROM T", "FROM "+way.table, 1)
			p, err := bind.Query(ctx, w.engine.env(w.sess, nil), w.parse(text))
			if err == nil && way.rules {
				p, err = w.engine.plan(ctx, w.sess, w.parse(text), nil)
			}
			if err != nil {
				t.Fatalf("seed %d: %s: %v", seed, text, err)
			}
			ask := w.engine.run
			r := &runner{engine: w.engine, sess: w.sess, mem: &budget.Lease{}}
			w.regions.requests = nil
			var rows model.RowStream
			if way.relational {
				rows, err = r.relational(ctx, p)
			} else {
				rows, err = ask(ctx, w.sess, p, nil)
			}
			var b *model.Batch
			if err == nil {
				b, err = ReadAll(ctx, rows)
			}
			if err != nil {
				t.Errorf("seed %d, %s: %s: %v", seed, way.name, text, err)
				break
			}
			got := cells(b)
			if !ordered {
				slices.Sort(got)
			}
			if !way.rules {
				want = got
				continue
			}
			if reqs := w.regions.requests; len(reqs) > 0 && reqs[0].Aggregate != nil {
				pushed++
			}
			if !slices.EqualFunc(got, want, alike) {
				t.Errorf("seed %d, %s: %s:\ngot  %s\nwant %s", seed, way.name, text, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
				break
			}
		}
	}
	if pushed < n {
		t.Errorf("only %d of %d scans reduced: that shows little", pushed, 4*n)
	}
}

// alike reports rows that differ, if at all, in the last digits of numbers that were added up in another order.
func alike(a, b string) bool {
	if a == b {
		return true
	}
	x, y := strings.Split(a, "|"), strings.Split(b, "|")
	return slices.EqualFunc(x, y, func(s, t string) bool {
		f, err1 := strconv.ParseFloat(s, 64)
		g, err2 := strconv.ParseFloat(t, 64)
		return s == t || err1 == nil && err2 == nil && math.Abs(f-g) <= 1e-12*max(1, math.Abs(f))
	})
}
