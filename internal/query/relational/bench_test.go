package relational

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

// cpu is rows sorted by host, then time: hosts × rowsPerHost rows of a time, a coded tag and a double.
func cpu(hosts, rowsPerHost, perBatch int) *table {
	tb := &table{fields: []model.Field{{Name: "ts", Type: model.Timestamp(model.Millisecond)}, {Name: "host", Type: model.String}, {Name: "v", Type: model.Float64}}}
	d := &model.Dict{}
	for h := range hosts {
		d.AppendString(fmt.Sprintf("host_%d", h))
	}
	var b *model.Batch
	for h := range hosts {
		for i := range rowsPerHost {
			if b == nil || b.Len == perBatch {
				b = model.NewBatch(tb.fields, perBatch)
				b.Cols[1].Offsets, b.Cols[1].Dict = nil, d
				tb.batches = append(tb.batches, b)
			}
			b.Cols[0].AppendInt(int64(i) * 10000)
			b.Cols[1].AppendCode(uint32(h))
			b.Cols[2].AppendFloat(float64(i % 100))
			b.Len++
		}
	}
	return tb
}

func drain(b *testing.B, db *DB, stmt Statement) int {
	rows, err := db.Query(context.Background(), stmt)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for {
		batch, err := rows.Next(context.Background())
		if err == io.EOF {
			return n
		}
		if err != nil {
			b.Fatal(err)
		}
		n += batch.Len
	}
}

func BenchmarkSmall(b *testing.B) {
	db := open(b, Options{})
	src := cpu(10, 100, 1000).source()
	for _, c := range []struct{ name, sql string }{
		{"select1", "SELECT 1"},
		{"filter1000", "SELECT ts, v * 2 FROM src(0) WHERE host = 'host_3' AND v > 50"},
		{"group1000", "SELECT host, avg(v), max(v) FROM src(0) GROUP BY host ORDER BY host"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				drain(b, db, Statement{SQL: c.sql, Sources: []Source{src}})
			}
		})
		b.Run(c.name+"/parallel", func(b *testing.B) {
			b.SetParallelism(4)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					drain(b, db, Statement{SQL: c.sql, Sources: []Source{src}})
				}
			})
		})
	}
}

func BenchmarkLarge(b *testing.B) {
	const hosts, per = 1000, 4320
	db := open(b, Options{})
	src := cpu(hosts, per, 100000).source()
	for _, c := range []struct{ name, sql string }{
		{"count", "SELECT count(*) FROM src(0)"},
		{"sum", "SELECT sum(v) FROM src(0)"},
		{"group_by_tag", "SELECT host, avg(v) FROM src(0) GROUP BY host"},
		{"group_by_tag_hour", "SELECT host, ts::TIMESTAMP_MS, avg(v) FROM src(0) WHERE epoch_ms(ts) % 3600000 = 0 GROUP BY host, ts"},
		{"all_rows", "SELECT ts, host, v FROM src(0)"},
		{"order_limit", "SELECT ts, host, v FROM src(0) ORDER BY v DESC, ts LIMIT 10"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				drain(b, db, Statement{SQL: c.sql, Sources: []Source{src}})
			}
			b.ReportMetric(float64(hosts*per*b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}
