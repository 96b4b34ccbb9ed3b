package query

import (
	"fmt"
	"strings"
)

// wide writes statements over the tables of a realWorld: of columns of every type.
type wide struct{ generator }

// cond is a condition. Times of '2024-01-01 …' move with the world, those with a T do not.
func (g wide) cond(depth int) string {
	switch {
	case depth > 0 && g.IntN(3) == 0:
		return "(" + g.cond(depth-1) + g.of(" AND ", " OR ") + g.cond(depth-1) + ")"
	case g.IntN(6) == 0:
		return "NOT (" + g.cond(0) + ")"
	case g.IntN(3) == 0:
		return g.generator.cond(0)
	}
	return g.of("u > 3", "u IN (1, 5)", "u <> 2", "u + 1 > 3", "u = n", "u BETWEEN 2 AND 4", "u IS NULL", "big / 1000000000 = u", "n IN (SELECT u FROM T)",
		"d > 0.5", "d <= -1.25", "d BETWEEN -0.5 AND 1", "d IS NULL", "d IN (0.1, 1, -0.2)", "d < n", "d > usage", "d = 0", "d * 2 > 1",
		"bin = x'ff01'", "bin IS NOT NULL", "bin <> x''", "bin IN (x'616263', x'00')", "js IS NULL", "vec IS NOT NULL",
		"day = '2024-01-01'", "day > '2023-12-31'::date", "day IN ('2024-01-01', '2024-01-02')", "day <> '2024-01-03'", "day - INTERVAL '1 day' < '2024-01-01'",
		"seen >= '2024-01-01T00:00:00'", "seen = '2024-01-01T00:00:01'", "seen < ts", "date_trunc('minute', seen) = '2024-01-01T00:00:00'",
		"rack IS NULL", "rack IS NOT NULL", "rack::string <> 'r1'", "host >= 'h2'", "host < 'h1'", "host LIKE 'h%'", "host LIKE '%1'", "host IS NULL", "host ~ 'h[12]'", "host !~ '0$'",
		"host IS DISTINCT FROM 'h1'", "coalesce(dc, host) = 'h3'", "concat(host, dc) LIKE '%east'", "host = 'h1' OR n > 0", "dc IN ('east', NULL)", "dc NOT IN ('east')",
		"note = ''", "note LIKE 'GET%'", "note ~ 'a[1-3]$'", "length(note) > 8", "matches_term(note, 'GET')", "note ILIKE '%get%'", "note NOT LIKE '%a2%'", "note > 'line 2'",
		"ts < now()", "ts > now() - INTERVAL '150 seconds'", "ts >= '2024-01-01 00:03:00'", "ts < '2024-01-01 00:02:30'", "ts = '2024-01-01 00:02:00'", "ts <> '2024-01-01 00:02:00'",
		"ts IN ('2024-01-01 00:02:00', '2024-01-01 00:04:20')", "ts > '2024-01-01 00:02:00.0005'", "ts + INTERVAL '1 minute' > '2024-01-01 00:05:00'", "extract(second FROM ts) < 20",
		"usage > n", "usage = 10.25", "usage::bigint = 3", "usage BETWEEN 5 AND 20", "round(usage) = 4", "abs(n) > 2", "n % 2 = 1", "n / 2 = 1", "n * n > 4", "-n > 1", "n IS NULL OR n > 2",
		"CASE WHEN ok THEN n ELSE u END > 1", "ok IS TRUE", "ok IS NOT FALSE", "ok = (n > 0)", "nullif(n, 1) IS NULL", "greatest(n, u) > 4", "n > (SELECT avg(n) FROM T)", "TRUE", "FALSE")
}

func (g wide) key() string {
	if g.IntN(2) == 0 {
		return g.generator.key()
	}
	return g.of("u", "d", "bin", "day", "seen", "rack", "n > 0", "d > 0", "u % 2", "date_trunc('hour', seen)", "extract(minute FROM ts)", "ts", "date_bin(INTERVAL '1 minute', ts)",
		"date_bin(INTERVAL '30 seconds', ts, '2024-01-01 00:00:10')", "ok IS NULL", "upper(note)", "usage", "length(host)", "date_trunc('day', ts)", "u + n", "NULL")
}

func (g wide) agg() string {
	if g.IntN(3) == 0 {
		return g.generator.agg()
	}
	any := func() string {
		return g.of("n", "u", "d", "bin", "day", "seen", "js", "rack", "usage", "note", "ts", "host", "ok")
	}
	order := " ORDER BY ts" + g.of("", " DESC") + ")"
	x := ""
	switch g.IntN(9) {
	case 0:
		x = g.of("sum", "avg", "min", "max") + "(" + g.of("u", "d", "n", "usage", "big", "u + n", "d * 2", "n * 2 - u") + ")"
	case 1:
		x = g.of("min", "max") + "(" + g.of("u", "d", "bin", "day", "seen", "rack", "note", "ts", "host", "ok") + ")"
	case 2:
		x = "count(" + g.of("rack", "js", "vec", "bin", "d", "u", "ts", "*") + ")"
	case 3, 4:
		return g.of("first_value", "last_value") + "(" + any() + order
	case 5:
		x = "count(DISTINCT " + g.of("u", "d", "bin", "day", "rack", "seen", "date_trunc('minute', ts)", "n % 2") + ")"
	case 6:
		x = g.of("bool_and(ok)", "bool_or(n > 0)", "sum(DISTINCT n)", "max(ts) - min(ts)", "sum(n) + count(*)", "max(n) - min(n)", "sum(u) * 2", "count(*) % 3")
		return x
	case 7:
		return g.of("string_agg(note, ','", "array_agg(n", "string_agg(host, '|'") + order
	case 8:
		return g.of("approx_distinct(u)", "approx_distinct(note)", "hll(day)", "var_pop(u)", "stddev(big)", "median(n)")
	}
	if g.IntN(3) == 0 {
		x += " FILTER (WHERE " + g.cond(1) + ")"
	}
	return x
}

func (g wide) where() string {
	text := " WHERE (usage < 1000 OR usage IS NULL)"
	if g.IntN(3) == 0 {
		text = " WHERE " + g.cond(1)
	}
	for range g.IntN(3) {
		text += " AND " + g.cond(2)
	}
	return text
}

// statement is a statement, another that means the same to the relational half, and whether its rows come in an order.
func (g wide) statement() (text, plain string, ordered bool) {
	if g.IntN(6) == 0 {
		if text, plain = g.ranges(); plain != "" {
			return text, plain, false
		}
		return text, text, false
	}
	text, ordered = g.query()
	return text, text, ordered
}

func (g wide) query() (text string, ordered bool) {
	switch g.IntN(12) {
	case 0:
		return g.generator.query()
	case 1, 2:
		return g.shape(), false
	case 3, 4, 5:
		return g.groups()
	case 6, 7:
		return g.rows()
	case 8:
		cols := g.columns(1 + g.IntN(3))
		return "SELECT DISTINCT " + cols + " FROM T" + g.where(), false
	case 9:
		return "SELECT host, dc, rack, " + g.ends() + " FROM T" + g.where() + " GROUP BY host, dc, rack", false
	case 10:
		return g.windows(), false
	}
	// groups of groups
	return fmt.Sprintf("SELECT k, %s AS s FROM (SELECT %s AS k, %s AS b, %s AS v, count(*) AS c FROM T%s GROUP BY k, b) GROUP BY k", g.of("max(v)", "min(b)", "count(*)", "sum(c)", "max(c)"),
		g.of("host", "dc", "rack"), g.of("date_trunc('minute', ts)", "n", "date_bin(INTERVAL '40 seconds', ts)"), g.of("sum(n)", "max(usage)", "min(ts)", "count(d)"), g.where()), false
}

// ends are the newest or oldest values of a series.
func (g wide) ends() string {
	var items []string
	f, order := "last_value", ""
	if g.IntN(3) == 0 {
		f, order = "first_value", g.of("", " ASC")
	}
	for i := range 1 + g.IntN(3) {
		items = append(items, fmt.Sprintf("%s(%s ORDER BY ts%s) AS e%d", f, g.of("n", "usage", "ts", "note", "d", "u", "bin", "ok", "day"), order, i))
	}
	return strings.Join(items, ", ")
}

func (g wide) columns(n int) string {
	var items []string
	for i := range n {
		items = append(items, fmt.Sprintf("%s AS c%d", g.of("host", "dc", "rack", "n", "u", "d", "bin", "day", "seen", "ok", "usage", "note", "big", "n + u", "d * 2", "upper(host)", "date_trunc('minute', ts)",
			"coalesce(dc, 'x')", "n > 0", "usage / 2", "CASE WHEN ok THEN n END", "substr(note, 2, 3)", "ts"), i))
	}
	return strings.Join(items, ", ")
}

func (g wide) groups() (text string, ordered bool) {
	var items, keys []string
	for i := range g.IntN(4) {
		k := fmt.Sprintf("k%d", i)
		items, keys = append(items, g.key()+" AS "+k), append(keys, k)
	}
	for i := range 1 + g.IntN(3) {
		items = append(items, fmt.Sprintf("%s AS a%d", g.agg(), i))
	}
	text = "SELECT " + strings.Join(items, ", ") + " FROM T" + g.where()
	if len(keys) == 0 {
		return text, false
	}
	text += " GROUP BY " + strings.Join(keys, ", ")
	if g.IntN(4) == 0 {
		text += " HAVING " + g.of("count(*) > 1", "max(n) > 0", "min(note) IS NOT NULL", "sum(u) > 5", "count(d) = count(*)", "max(ts) > '2024-01-01 00:03:00'")
	}
	if ordered = g.IntN(2) == 0; ordered {
		for i := range keys {
			keys[i] += g.of("", " DESC", " NULLS FIRST", " DESC NULLS LAST")
		}
		text += " ORDER BY " + strings.Join(keys, ", ")
		if g.IntN(2) == 0 {
			text += fmt.Sprintf(" LIMIT %d", 1+g.IntN(4))
		}
		if g.IntN(4) == 0 {
			text += fmt.Sprintf(" OFFSET %d", g.IntN(3))
		}
	}
	return text, ordered
}

// rows are rows as they are, in an order that tells them apart.
func (g wide) rows() (text string, ordered bool) {
	items := g.of("*", "host, dc, rack, ts", g.columns(1+g.IntN(4))+", ts")
	text = "SELECT " + items + " FROM T"
	if g.IntN(5) > 0 {
		text += g.where()
	}
	text += " ORDER BY "
	if g.IntN(2) == 0 {
		text += g.of("n", "u", "host", "d", "day", "usage", "ok", "rack", "note", "date_trunc('minute', ts)") + g.of("", " DESC", " NULLS FIRST") + ", "
	}
	text += "ts" + g.of("", " DESC")
	if g.IntN(3) > 0 {
		text += fmt.Sprintf(" LIMIT %d", g.IntN(20))
	}
	if g.IntN(4) == 0 {
		text += fmt.Sprintf(" OFFSET %d", g.IntN(10))
	}
	return text, true
}

// windows are functions over windows of rows. The windows of a statement have one order: rows that are alike, of which there are some where
// rows are appended, have their places in each.
func (g wide) windows() string {
	order := g.of("PARTITION BY host ", "PARTITION BY dc, rack ", "", "PARTITION BY n ") + "ORDER BY ts" + g.of("", " DESC")
	frame := g.of("", " ROWS BETWEEN 2 PRECEDING AND CURRENT ROW", " ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING", " RANGE BETWEEN INTERVAL '1 minute' PRECEDING AND CURRENT ROW")
	var items []string
	for i := range 1 + g.IntN(2) {
		items = append(items, fmt.Sprintf("%s OVER (%s%s) AS w%d", g.of("sum(n)", "count(*)", "max(usage)", "min(u)", "first_value(d)", "last_value(note)", "avg(n)", "max(day)"), order, frame, i))
	}
	items = append(items, g.of("row_number()", "lag(n)", "lead(d)", "rank()", "ntile(3)", "lag(usage, 2)")+" OVER ("+order+") AS p")
	text := "SELECT ts, " + strings.Join(items, ", ") + " FROM T" + g.where()
	if g.IntN(3) == 0 {
		return "SELECT * FROM (" + text + ") WHERE p IS NOT NULL"
	}
	return text
}
