package sql

import (
	"fmt"
	"strings"
	"testing"
)

const tsbsSelect = `SELECT date_bin(INTERVAL '1 minute', ts) AS minute, max(usage_user), max(usage_system), max(usage_idle), max(usage_nice), max(usage_iowait)
FROM cpu WHERE hostname IN ('host_1', 'host_22', 'host_333', 'host_4', 'host_55', 'host_666', 'host_7', 'host_88')
AND ts >= '2023-06-11 10:00:00' AND ts < '2023-06-11 11:00:00' GROUP BY minute ORDER BY minute ASC LIMIT 1000`

func BenchmarkSelect(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(tsbsSelect)))
	for b.Loop() {
		if _, err := Parse(tsbsSelect, Greptime); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFormat(b *testing.B) {
	s, err := ParseOne(tsbsSelect, Greptime)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		Format(s)
	}
}

// BenchmarkInsert parses 1000 rows of ten values. The figure per value is what counts.
func BenchmarkInsert(b *testing.B) {
	const rows, width = 1000, 10
	var text strings.Builder
	text.WriteString("INSERT INTO cpu (ts, hostname, region, a, b, c, d, e, f, g) VALUES ")
	for i := range rows {
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "(%d, 'host_%d', 'eu-central-1', %d, %d.5, -%d, 58, 2, 24.125, 61)", 1686441600000+i*10000, i, i%100, i%77, i%13)
	}
	sql := text.String()
	b.ReportAllocs()
	b.SetBytes(int64(len(sql)))
	for b.Loop() {
		if _, err := Parse(sql, Greptime); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(rows*width), "ns/value")
}
