package function

import "github.com/goptimedb/goptimedb/internal/model"

// Macros are statements that an instance of DuckDB must have run before it can run what this package writes.
func Macros() []string {
	return append([]string{
		"SET TimeZone = 'UTC'",
		// gt_floordiv divides as time does: towards the past.
		"CREATE MACRO gt_floordiv(a, b) AS a // b - CASE WHEN a % b < 0 THEN 1 ELSE 0 END",
		// gt_ts_… make a TIMESTAMP of a number of a unit, and gt_to_… the way back.
		"CREATE MACRO gt_ts_s(x) AS make_timestamp(x * 1000000)",
		"CREATE MACRO gt_ts_ms(x) AS make_timestamp(x * 1000)",
		"CREATE MACRO gt_ts_us(x) AS make_timestamp(x)",
		"CREATE MACRO gt_ts_ns(x) AS make_timestamp(gt_floordiv(x, 1000))",
		"CREATE MACRO gt_to_s(t) AS gt_floordiv(epoch_us(t), 1000000)",
		"CREATE MACRO gt_to_ms(t) AS gt_floordiv(epoch_us(t), 1000)",
		"CREATE MACRO gt_to_us(t) AS epoch_us(t)",
		"CREATE MACRO gt_to_ns(t) AS epoch_us(t) * 1000",
		// gt_add_… move a time of a unit by an interval; nanoseconds below a microsecond stay.
		"CREATE MACRO gt_add_s(x, i) AS gt_to_s(gt_ts_s(x) + i)",
		"CREATE MACRO gt_add_ms(x, i) AS gt_to_ms(gt_ts_ms(x) + i)",
		"CREATE MACRO gt_add_us(x, i) AS gt_to_us(gt_ts_us(x) + i)",
		"CREATE MACRO gt_add_ns(x, i) AS gt_to_ns(gt_ts_ns(x) + i) + (x - gt_floordiv(x, 1000) * 1000)",
		// gt_similar makes a regular expression of a pattern of SIMILAR TO.
		"CREATE MACRO gt_similar(p) AS replace(replace(p, '%', '.*'), '_', '.')",
		// gt_quick_bin is the start of the slot of x, where nothing can overflow; gt_bin is a function of ours that knows what then.
		"CREATE MACRO gt_quick_bin(x, w, o) AS gt_floordiv(x - o, w) * w + o",
		// gt_low is the lowest 64 bits of a sum, as a signed number, and gt_lowu as an unsigned one: sums wrap around.
		"CREATE MACRO gt_low(h) AS CAST(((h & 18446744073709551615::HUGEINT) + 9223372036854775808::HUGEINT) % 18446744073709551616::HUGEINT - 9223372036854775808::HUGEINT AS BIGINT)",
		"CREATE MACRO gt_lowu(h) AS CAST(h & 18446744073709551615::HUGEINT AS UBIGINT)",
		// gt_span is an interval as its months, days and microseconds, which compare in that order; NULL for NULL.
		`CREATE MACRO gt_span(i) AS CASE WHEN i IS NOT NULL THEN [date_part('year', i) * 12 + date_part('month', i), date_part('day', i),
			date_part('hour', i) * 3600000000 + date_part('minute', i) * 60000000 + date_part('microsecond', i)] END`,
	}, momentMacros...)
}

func suffix(u model.TimeUnit) string { return [...]string{"s", "ms", "us", "ns"}[u] }

// stamp writes x, a time or date, as a TIMESTAMP.
func stamp(x string, t model.Type) string {
	if t.IsTimestamp() {
		return "gt_ts_" + suffix(t.Unit) + "(" + x + ")"
	}
	return "CAST(" + x + " AS TIMESTAMP)"
}

// unstamp writes x, a TIMESTAMP, as a value of t, a timestamp or date type.
func unstamp(x string, t model.Type) string {
	if t.IsTimestamp() {
		return "gt_to_" + suffix(t.Unit) + "(" + x + ")"
	}
	return "CAST(" + x + " AS DATE)"
}

// ToStamp writes x, a time or date, as a time of the engine's, which counts microseconds.
func ToStamp(x string, t model.Type) string { return stamp(x, t) }

// FromStamp writes x, a time of the engine's, as a value of t.
func FromStamp(x string, t model.Type) string { return unstamp(x, t) }
