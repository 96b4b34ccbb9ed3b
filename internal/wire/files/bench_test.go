package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

// cpuRows are rows as a monitoring agent makes them: ten tags, a time, ten numbers.
func cpuRows(n int) ([]model.Field, *model.Batch) {
	var fields []model.Field
	for i := range 10 {
		fields = append(fields, model.Field{Name: fmt.Sprintf("tag%d", i), Type: model.String})
	}
	fields = append(fields, model.Field{Name: "ts", Type: model.Timestamp(model.Millisecond)})
	for i := range 10 {
		fields = append(fields, model.Field{Name: fmt.Sprintf("usage%d", i), Type: model.Float64})
	}
	b := model.NewBatch(fields, n)
	b.Len = n
	r := rand.New(rand.NewSource(1))
	for i := range n {
		for c := range 10 {
			b.Cols[c].AppendString(fmt.Sprintf("value_%d_%d", c, i/360%(10*(c+1))))
		}
		b.Cols[10].AppendInt(1700000000000 + int64(i%360)*10000)
		for c := 11; c < 21; c++ {
			b.Cols[c].AppendFloat(float64(r.Intn(101)))
		}
	}
	return fields, b
}

func BenchmarkRead(b *testing.B) {
	fields, rows := cpuRows(200_000)
	for _, f := range []Format{Parquet, CSV, JSON} {
		data := write(b, Options{Format: f}, fields, rows)
		b.Run(f.String(), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				r, err := NewReader(source(data), Options{Format: f}, columnsOf(fields))
				if err != nil {
					b.Fatal(err)
				}
				for {
					if _, err := r.Next(); errors.Is(err, io.EOF) {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.N)*float64(rows.Len)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	fields, rows := cpuRows(200_000)
	for _, f := range []Format{Parquet, CSV, JSON} {
		b.Run(f.String(), func(b *testing.B) {
			for b.Loop() {
				var buf bytes.Buffer
				w, err := NewWriter(&buf, Options{Format: f}, fields)
				if err != nil {
					b.Fatal(err)
				}
				if err := errors.Join(w.Write(rows), w.Close()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(rows.Len)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
