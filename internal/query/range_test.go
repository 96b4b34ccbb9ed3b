package query

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

// rangeCase is one item of a range query, and what it is by hand.
type rangeCase struct {
	fn    string
	width int64 // ms
	fill  string
}

// aggregate computes the item over some values; ok is false for NULL.
func (c rangeCase) aggregate(vals []float64, nulls int) (float64, bool) {
	switch c.fn {
	case "count":
		return float64(len(vals)), true
	case "median":
		if len(vals) == 0 {
			return 0, false
		}
		s := slices.SortedFunc(slices.Values(vals), model.CompareFloat)
		return (s[(len(s)-1)/2] + s[len(s)/2]) / 2, true
	}
	if len(vals) == 0 {
		return 0, false
	}
	out := vals[0]
	for _, v := range vals[1:] {
		switch c.fn {
		case "sum", "avg":
			out += v
		case "min":
			if model.CompareFloat(v, out) < 0 {
				out = v
			}
		case "max":
			if model.CompareFloat(v, out) > 0 {
				out = v
			}
		}
	}
	if c.fn == "avg" {
		out /= float64(len(vals))
	}
	return out, true
}

// byHand answers a range query by looking at every row for every window.
func byHand(rows [][]model.Value, items []rangeCase, align, origin int64) []string {
	series := map[string][][]model.Value{}
	for _, r := range rows {
		k := r[0].String()
		series[k] = append(series[k], r)
	}
	filled := false
	for _, it := range items {
		filled = filled || it.fill != ""
	}
	var out []string
	for host, rows := range series {
		var widest int64
		lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
		for _, it := range items {
			widest = max(widest, it.width)
		}
		for _, r := range rows {
			lo, hi = min(lo, r[2].Int), max(hi, r[2].Int)
		}
		var slots []int64
		hit := func(s, width int64) bool {
			return slices.ContainsFunc(rows, func(r []model.Value) bool { return s <= r[2].Int && r[2].Int < s+width })
		}
		first := origin + (lo-widest-origin)/align*align - 2*align
		for s := first; s <= hi; s += align {
			if hit(s, widest) || filled && len(slots) > 0 {
				slots = append(slots, s)
			}
		}
		if filled {
			for len(slots) > 0 && !hit(slots[len(slots)-1], widest) {
				slots = slots[:len(slots)-1]
			}
		}
		cols := make([][]*float64, len(items))
		for i, it := range items {
			col := make([]*float64, len(slots))
			for j, s := range slots {
				var vals []float64
				n := 0
				for _, r := range rows {
					if s <= r[2].Int && r[2].Int < s+it.width {
						if r[3].Null() {
							n++
						} else {
							vals = append(vals, r[3].Float)
						}
					}
				}
				if v, ok := it.aggregate(vals, n); ok {
					col[j] = &v
				}
			}
			fillByHand(col, it.fill)
			cols[i] = col
		}
		for j, s := range slots {
			line := []string{host, fmt.Sprint(s)}
			for i := range items {
				if v := cols[i][j]; v == nil {
					line = append(line, "NULL")
				} else {
					line = append(line, fmt.Sprintf("%.6f", *v))
				}
			}
			out = append(out, strings.Join(line, "|"))
		}
	}
	slices.Sort(out)
	return out
}

func fillByHand(col []*float64, fill string) {
	orig := slices.Clone(col)
	var known []int
	for i, v := range orig {
		if v != nil {
			known = append(known, i)
		}
	}
	for i, v := range orig {
		if v != nil {
			continue
		}
		switch fill {
		case "PREV":
			for j := i - 1; j >= 0 && col[i] == nil; j-- {
				col[i] = orig[j]
			}
		case "7":
			x := 7.0
			col[i] = &x
		case "LINEAR":
			if len(known) < 2 {
				continue
			}
			b := 1
			for b < len(known)-1 && known[b] < i {
				b++
			}
			x0, x1 := known[b-1], known[b]
			y := *orig[x0] + (*orig[x1]-*orig[x0])*float64(i-x0)/float64(x1-x0)
			col[i] = &y
		}
	}
}

// TestRangeAgainstModel asks random range queries of a table with one region and one with two.
func TestRangeAgainstModel(t *testing.T) {
	w := newWorld(t)
	defer w.engine.Close()
	rnd := rand.New(rand.NewPCG(7, 11))
	pick := func(xs ...int64) int64 { return xs[rnd.IntN(len(xs))] }
	for n := range 300 {
		align := pick(5000, 7000, 20_000, 30_000, 60_000)
		origin := pick(0, 0, 1000, 3500)
		var items []rangeCase
		var list []string
		for range 1 + rnd.IntN(3) {
			it := rangeCase{fn: []string{"count", "sum", "min", "max", "avg", "median"}[rnd.IntN(6)], width: pick(align, align, 5000, 10_000, 45_000, 90_000),
				fill: []string{"", "", "NULL", "PREV", "LINEAR", "7"}[rnd.IntN(6)]}
			items = append(items, it)
			text := fmt.Sprintf("%s(usage) RANGE '%dms'", it.fn, it.width)
			if it.fill != "" {
				text += " FILL " + it.fill
			}
			list = append(list, fmt.Sprintf("%s AS c%d", text, len(list)))
		}
		rows := cpuRows()
		where := ""
		if n%3 == 0 {
			rows = slices.DeleteFunc(rows, func(r []model.Value) bool { return r[2].Int >= base+60_000 && r[2].Int < base+140_000 })
			where = " WHERE ts < '2024-01-01 00:01:00' OR ts >= '2024-01-01 00:02:20'"
		}
		want := byHand(rows, items, align, origin)
		for _, table := range []string{"cpu", "cpu2"} {
			text := fmt.Sprintf("SELECT host, ts, %s FROM %s%s ALIGN '%dms' TO (%d::timestamp_ms) BY (host)", strings.Join(list, ", "), table, where, align, origin)
			_, b, err := w.query(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			var got []string
			for i := range b.Len {
				line := []string{b.Cols[0].At(i).String(), fmt.Sprint(b.Cols[1].Ints[i])}
				for _, c := range b.Cols[2:] {
					if c.Null(i) {
						line = append(line, "NULL")
					} else {
						line = append(line, fmt.Sprintf("%.6f", c.Float(i)))
					}
				}
				got = append(got, strings.Join(line, "|"))
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Fatalf("%s:\ngot  %s\nwant %s", text, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			}
		}
	}
	if w.regions.open != 0 {
		t.Errorf("%d streams are open", w.regions.open)
	}
}

// TestRangeLimits: what makes windows without bound ends in an error, not in memory.
func TestRangeLimits(t *testing.T) {
	w := newWorld(t)
	defer w.engine.Close()
	for _, q := range []string{
		"SELECT count(usage) RANGE '10000d' FROM cpu ALIGN '1ms'",
		"SELECT median(usage) RANGE '1d' FROM cpu ALIGN '1ms'",
		"SELECT count(usage) RANGE '1ms' FILL 0 FROM (SELECT ts + INTERVAL '1 year' AS ts, usage FROM cpu) ALIGN '1ms' BY ()",
	} {
		if _, _, err := w.query(q); err == nil {
			t.Errorf("%s: no error", q)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	rows, err := w.engine.Query(ctx, w.sess, w.parse("SELECT count(usage) RANGE '10s' FILL 0 FROM cpu ALIGN '5s'"))
	if err == nil {
		_, err = ReadAll(ctx, rows)
	}
	if err == nil {
		t.Error("a cancelled query gave rows")
	}
}
