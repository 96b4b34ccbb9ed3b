package query

import (
	"context"
	"fmt"
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

// on puts a table's alias before the columns of a condition or an expression of the generator.
func on(alias, text string) string {
	for _, c := range []string{"host", "dc", "usage", "note", "big", "ok", "ts", "n"} {
		var sb strings.Builder
		for i := 0; i < len(text); {
			word := func(b byte) bool {
				return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '_' || b == '\'' || b == '.' || b == '%'
			}
			if strings.HasPrefix(text[i:], c) && (i == 0 || !word(text[i-1])) && (i+len(c) == len(text) || !word(text[i+len(c)])) {
				sb.WriteString(alias + "." + c)
				i += len(c)
				continue
			}
			sb.WriteByte(text[i])
			i++
		}
		text = sb.String()
	}
	return text
}

// sum is an aggregate of which the order of its values makes no difference, of a table's columns.
func (g generator) sum(alias string) string {
	return on(alias, g.of("count(*)", "sum(n)", "round(avg(n), 6)", "max(usage)", "min(note)", "count(DISTINCT dc)", "round(stddev(n), 6)", "last_value(n ORDER BY ts)",
		"max(ts)", "count(n) FILTER (WHERE ok)", "sum(big)", "count(usage)", "round(var_pop(n), 6)", "approx_distinct(host)", "approx_distinct(usage)", "hll(n)", "approx_median(n)",
		"approx_percentile_cont(usage, 0.9)", "approx_percentile_cont_with_weight(n, 0.5) WITHIN GROUP (ORDER BY usage)", "uddsketch_state(16, 0.1, usage)", "round(corr(n, usage), 6)",
		"round(covar_pop(n, usage), 6)", "regr_count(n, usage)", "round(regr_slope(n, usage) FILTER (WHERE ok), 6)"))
}

// relation is something to read as a table with columns k, m and t.
func (g generator) relation(depth int) string {
	where := ""
	if g.IntN(3) > 0 {
		where = " WHERE " + g.cond(1)
	}
	switch g.IntN(9 + min(depth, 1)) {
	case 0:
		return "(SELECT host AS k, n AS m, ts AS t FROM T" + where + ")"
	case 1:
		return "(SELECT host AS k, max(n) AS m, max(ts) AS t FROM T" + where + " GROUP BY host)"
	case 2:
		return "(SELECT dc AS k, count(*) AS m, min(ts) AS t FROM T" + where + " GROUP BY dc)"
	case 3:
		return "(SELECT DISTINCT ON (host) host AS k, n AS m, ts AS t FROM T" + where + " ORDER BY host, ts DESC)"
	case 4:
		return "(SELECT k, m, t FROM (SELECT host AS k, n AS m, ts AS t, row_number() OVER (PARTITION BY host ORDER BY ts DESC) AS r FROM T" + where + ") WHERE r = 1)"
	case 5:
		return "(SELECT DISTINCT host AS k, n AS m, date_trunc('minute', ts) AS t FROM T" + where + ")"
	case 6:
		return "(SELECT host AS k, n AS m, ts AS t FROM T" + where + " UNION ALL SELECT dc, n + 1, ts FROM T WHERE " + g.cond(1) + ")"
	case 7:
		return "(SELECT dc AS k, sum(n) AS m, date_bin(INTERVAL '40 seconds', ts) AS t FROM T" + where + " GROUP BY dc, date_bin(INTERVAL '40 seconds', ts))"
	case 8:
		return "(SELECT host AS k, sum(n) OVER (PARTITION BY host ORDER BY ts) AS m, ts AS t FROM T" + where + ")"
	}
	return "(SELECT x.k, y.m, x.t FROM " + g.relation(depth-1) + " x JOIN " + g.relation(depth-1) + " y ON x.k = y.k WHERE " + g.relCond("x") + ")"
}

// relCond is a condition on a relation.
func (g generator) relCond(alias string) string {
	return alias + "." + g.of("k = 'h1'", "k != 'h2'", "k IN ('h0', 'east')", "m > 0", "m IS NOT NULL", "m < 3", "t > '2024-01-01 00:01:00'", "t <= '2024-01-01 00:02:00'", "k IS NULL",
		"date_trunc('minute', REL.t) = '2024-01-01 00:01:00'")
}

// shape is a statement whose rows are determined, in any order.
func (g generator) shape() string {
	fix := func(s string) string {
		return strings.ReplaceAll(s, "a.date_trunc('minute', REL.t)", "date_trunc('minute', a.t)")
	}
	rel := func(s string) string {
		for _, x := range []string{"a", "b", "x", "w"} {
			s = strings.ReplaceAll(s, x+".date_trunc('minute', REL.t)", "date_trunc('minute', "+x+".t)")
		}
		return fix(s)
	}
	join := g.of(" JOIN ", " JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN ", " LEFT SEMI JOIN ", " LEFT ANTI JOIN ")
	both := !strings.Contains(join, "SEMI") && !strings.Contains(join, "ANTI")
	equal := g.of("a.host = b.k", "a.host = b.k", "a.dc = b.k", "a.ts = b.t", "a.host = b.k AND a.ts = b.t", "a.n = b.m", "a.host = b.k AND a.n > b.m", "upper(a.host) = upper(b.k)")
	if strings.Contains(join, "FULL") { // the engine has no other
		equal = g.of("a.host = b.k", "a.n = b.m")
	}
	if g.IntN(4) == 0 && !strings.Contains(join, "FULL") {
		equal += " AND " + on("a", g.of("n > 0", "ok", "dc = 'east'"))
	}
	from := " FROM T a" + join + g.relation(1) + " b ON " + equal
	where := ""
	for range g.IntN(3) {
		c := on("a", g.cond(0))
		if both && g.IntN(2) == 0 {
			c = g.relCond("b")
		}
		where += g.sep(where) + c
	}
	a := "(a.usage < 1000 OR a.usage IS NULL)" // no NaN
	switch g.IntN(8) {
	case 0, 1: // rows of a join
		items := "a.host, a.n, a.ts"
		if both {
			items += ", b.k, b.m, b.t"
		}
		return rel("SELECT " + items + from + where)
	case 2, 3: // groups above a join
		key := g.of("a.dc", "a.host", "date_trunc('minute', a.ts)")
		if both && g.IntN(2) == 0 {
			key = g.of("b.k", "b.m")
		}
		where += g.sep(where) + a
		return rel("SELECT " + key + " AS key, " + g.sum("a") + " AS s1, " + g.sum("a") + " AS s2" + from + where + " GROUP BY key")
	case 4: // a common table expression, used twice
		return rel("WITH w AS " + g.relation(1) + " SELECT a.k, a.m, b.m, b.t FROM w a JOIN w b ON a.k = b.k AND a.t <= b.t WHERE " + g.relCond("a") + " AND " + g.relCond("b"))
	case 5: // whether there is one
		c := g.of("host IN (SELECT k FROM REL r)", "n IN (SELECT m FROM REL r)", "host NOT IN (SELECT k FROM REL r WHERE k IS NOT NULL)", "EXISTS (SELECT 1 FROM REL r WHERE r.k = a.host AND r.m > 0)",
			"NOT EXISTS (SELECT 1 FROM REL r WHERE r.k = a.host AND r.m > a.n)", "EXISTS (SELECT 1 FROM REL r WHERE r.t < a.ts AND r.k = a.dc)",
			"ts > (SELECT min(t) FROM REL r) + INTERVAL '30 seconds'", "n < (SELECT max(m) FROM REL r)", "n = (SELECT min(m) FROM REL r WHERE r.k = a.host)")
		c = strings.ReplaceAll(c, "REL", g.relation(1))
		if g.IntN(2) == 0 {
			return rel("SELECT host, n, ts FROM T a WHERE " + c + " AND " + on("a", g.cond(0)))
		}
		return rel("SELECT " + on("a", g.of("host", "dc", "ok")) + " AS key, " + g.sum("a") + " AS s1, " + g.sum("a") + " AS s2 FROM T a WHERE " + c + " AND " + a + " GROUP BY key")
	case 6: // windows over groups
		return "SELECT host, s, rank() OVER (ORDER BY s, host) AS r, sum(s) OVER (PARTITION BY dc) AS d FROM (SELECT host, dc, sum(n) AS s, " + g.sum("x") + " AS y FROM T x WHERE " +
			on("x", g.cond(1)) + " GROUP BY host, dc) WHERE " + g.of("host != 'h1'", "s > 0", "dc IS NOT NULL")
	}
	// a set operation under an order that tells all rows apart
	op := g.of(" UNION ALL ", " UNION ALL ", " UNION ", " EXCEPT ", " INTERSECT ")
	return rel("SELECT k, m, t FROM (SELECT k, m, t FROM " + g.relation(0) + " x" + op + "SELECT k, m, t FROM " + g.relation(1) + " y) a WHERE " + g.relCond("a") +
		" ORDER BY t DESC, k, m LIMIT " + strconv.Itoa(1+g.IntN(12)))
}

func (g generator) sep(where string) string {
	if where == "" {
		return " WHERE "
	}
	return " AND "
}

// TestRandomShapes compares joins, sub-queries, common table expressions, windows and set operations, as they are planned and asked in
// stages, with the relational half doing everything. RANDOM_QUERIES is how many.
func TestRandomShapes(t *testing.T) {
	n := 200
	if testing.Short() {
		n = 100
	}
	if s, err := strconv.Atoi(os.Getenv("RANDOM_QUERIES")); err == nil {
		n = s
	}
	from, _ := strconv.ParseUint(os.Getenv("RANDOM_FROM"), 10, 64)
	w := newWorld(t)
	ctx := context.Background()
	asked, staged, refused := 0, 0, 0
	for seed := range uint64(n) {
		seed += from
		q := generator{rand.New(rand.NewPCG(seed, 11))}.shape()
		var want []string
		var failed error
		for i, way := range []struct {
			name, table               string
			rules, staged, relational bool
		}{{"relational", "cpu", false, false, true}, {"staged", "cpu", true, true, false}, {"rules", "cpu", true, false, true}, {"two regions", "cpu2", true, true, false}} {
			text := strings.ReplaceAll(q, "FROM T", "FROM "+way.table)
			p, err := bind.Query(ctx, w.engine.env(w.sess, nil), w.parse(text))
			if err != nil {
				t.Fatalf("seed %d: %s: %v", seed, text, err)
			}
			r := &runner{engine: w.engine, sess: w.sess, mem: &budget.Lease{}}
			switch {
			case way.staged:
				if err = r.stage(ctx, p, false); err == nil && len(p.First) > 0 {
					staged++
				}
			case way.rules:
				p, err = w.engine.plan(ctx, w.sess, w.parse(text), nil)
			}
			var rows model.RowStream
			if err == nil {
				if way.relational {
					rows, err = r.relational(ctx, p)
				} else {
					rows, err = r.run(ctx, p)
				}
			}
			var b *model.Batch
			if err == nil {
				b, err = ReadAll(ctx, rows)
			}
			if i == 0 && err != nil { // the engine has no such join
				failed, refused = err, refused+1
				break
			}
			if err != nil {
				t.Errorf("seed %d, %s: %s: %v", seed, way.name, text, err)
				break
			}
			got := cells(b)
			slices.Sort(got)
			if i == 0 {
				want = got
				asked += min(1, len(want))
				continue
			}
			if !slices.Equal(got, want) {
				t.Errorf("seed %d, %s: %s:\ngot  %s\nwant %s", seed, way.name, text, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
				break
			}
		}
		if failed != nil && testing.Verbose() {
			fmt.Printf("seed %d: %s: %v\n", seed, q, failed)
		}
	}
	if asked < n/3 || staged < n/4 || refused > n/10 {
		t.Errorf("of %d queries %d had rows, %d asked parts first, %d were refused: that shows little", n, asked, staged, refused)
	}
}
