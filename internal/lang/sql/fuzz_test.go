package sql

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse feeds the parser anything at all. What it accepts must print as text that it accepts again, as the same tree.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		d := Greptime
		switch name, _, _ := strings.Cut(filepath.Base(file), "_"); name {
		case "mysql":
			d = MySQL
		case "postgres":
			d = Postgres
		}
		for _, c := range strings.Split(string(raw), "\n\n") {
			input, _, _ := strings.Cut(c, "\n----\n")
			f.Add(input, uint8(d))
		}
	}
	for _, s := range []string{
		"SELECT MAP {'a': 1, b: [1, 2]}['a'], {x: {y: 1}}.x.y, (s).a, s['b'][1:2:3], a.b.c.d FROM t",
		"SELECT unnest([1, 2]), get_field(s, 'a') FROM unnest([1], ['x']) WITH ORDINALITY AS u(a, b, n), LATERAL generate_series(1, u.a) WITH ORDINALITY g",
		"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5 LIMIT 3) SELECT * FROM r",
		"SELECT TIME '10:00:00', '1'::TIME(6), x::INT[][], CAST(x AS STRUCT<a INT, b MAP<STRING, INT>>) FROM t",
		"SELECT v > ALL([1, 2]), v = SOME(SELECT 1), v < ANY(list) FROM t QUALIFY sum(v) OVER w > 1 WINDOW w AS (PARTITION BY h)",
		"SELECT DISTINCT ON (h, v) t.* EXCLUDE (a, b) REPLACE (1 AS c) FROM t GROUP BY GROUPING SETS ((a), ROLLUP (b), ()) FETCH FIRST 2 ROWS ONLY",
	} {
		for d := range uint8(3) {
			f.Add(s, d)
		}
	}
	f.Fuzz(func(t *testing.T, text string, dialect uint8) {
		d := Dialect(dialect % 3)
		stmts, err := Parse(text, d)
		if err != nil {
			return
		}
		for _, s := range stmts {
			if !strings.Contains(text, s.Source()) {
				t.Fatalf("source %q is not part of %q", s.Source(), text)
			}
			Walk(s, func(Node) bool { return true })
			checkRoundTrip(t, s, d)
		}
	})
}

// FuzzInterval feeds the interval reader anything at all.
func FuzzInterval(f *testing.F) {
	for _, s := range []string{"1 day 2 hours", "-1h5m", "P1Y2M3DT4H", "1.5 year", "04:05:06.7", "3y2mon4h"} {
		f.Add(s, "day")
	}
	f.Fuzz(func(t *testing.T, text, unit string) {
		_, _ = ParseInterval(text, unit)
		if ms, err := ParseDuration(text); err == nil && ms <= 0 {
			t.Fatalf("duration %q is %d ms", text, ms)
		}
	})
}
