package query

import (
	"fmt"
	"strings"
)

// ranges is a range query and, if it can be said in plain SQL, that: each row stands in the rows of every slot that it belongs to.
func (g wide) ranges() (text, plain string) {
	align := []int{7, 20, 45, 60, 120}[g.IntN(5)]
	origin := g.of("", "", "2024-01-01 00:00:03")
	by := g.of("host", "dc", "host, dc, rack", "upper(dc)", "n % 2", "")
	var keys []string
	if by != "" {
		for i, k := range strings.Split(by, ", ") {
			keys = append(keys, fmt.Sprintf("%s AS k%d", k, i))
		}
	}
	widths, filled := map[int]bool{}, false
	var items, aggs []string
	one := align * (1 + g.IntN(3))
	if g.IntN(4) == 0 {
		one = 1 + g.IntN(align)
	}
	for i := range 1 + g.IntN(3) {
		width := one
		if g.IntN(4) == 0 {
			width = align * (1 + g.IntN(4))
		}
		widths[width] = true
		a := g.of("sum(n)", "count(*)", "count(n)", "min(u)", "max(usage)", "avg(usage)", "last_value(n)", "first_value(d)", "last_value(note)", "count(DISTINCT n)", "max(day)", "sum(d)", "min(ts)",
			"stddev(n)", "sum(n + u)", "max(seen)", "first_value(n ORDER BY ts DESC)", "last_value(usage ORDER BY ts)", "median(n)", "max(ok)")
		fill := ""
		if g.IntN(3) == 0 {
			fill = g.of(" FILL NULL", " FILL PREV")
			if strings.HasPrefix(a, "sum(n") || strings.HasPrefix(a, "max(usage") || strings.HasPrefix(a, "count(*") {
				fill = g.of(fill, " FILL LINEAR", " FILL 6")
			}
			filled = true
		}
		items = append(items, fmt.Sprintf("%s RANGE '%ds'%s AS a%d", a, width, fill, i))
		aggs = append(aggs, fmt.Sprintf("%s AS a%d", orderedByTime(a), i))
	}
	where := " WHERE (" + strings.TrimPrefix(g.where(), " WHERE ") + ")"
	text = "SELECT ts, " + strings.Join(append(keys, items...), ", ") + " FROM T" + where + fmt.Sprintf(" ALIGN '%ds'", align)
	if origin != "" {
		text += " TO '" + origin + "'"
	}
	text += " BY (" + by + ")"
	if filled || !widths[one] || len(widths) > 1 {
		return text, ""
	}
	bin := fmt.Sprintf("date_bin(INTERVAL '%d seconds', ts)", align)
	if origin != "" {
		bin = fmt.Sprintf("date_bin(INTERVAL '%d seconds', ts, '%s')", align, origin)
	}
	var slots []string
	for back := 0; back < one; back += align {
		slot := fmt.Sprintf("%s - INTERVAL '%d seconds'", bin, back)
		slots = append(slots, fmt.Sprintf("SELECT *, %s AS slot FROM T%s AND ts < %s + INTERVAL '%d seconds'", slot, where, slot, one))
	}
	plain = "SELECT slot, " + strings.Join(append(keys, aggs...), ", ") + " FROM (" + strings.Join(slots, " UNION ALL ") + ") GROUP BY slot"
	for i := range keys {
		plain += fmt.Sprintf(", k%d", i)
	}
	return text, plain
}

// orderedByTime says of the first and last values what a range query means where it does not say so.
func orderedByTime(agg string) string {
	if strings.Contains(agg, "_value(") && !strings.Contains(agg, "ORDER BY") {
		return strings.TrimSuffix(agg, ")") + " ORDER BY ts)"
	}
	return agg
}
