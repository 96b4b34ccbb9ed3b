package mysql

import (
	"io"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

func benchmarkRows(b *testing.B, binary bool) {
	fields := []model.Field{{Type: model.String}, {Type: model.Timestamp(model.Millisecond)}, {Type: model.Float64}, {Type: model.Int64}}
	const n = 4096
	batch := model.NewBatch(fields, n)
	for i := range n {
		batch.Cols[0].AppendString("host_17")
		batch.Cols[1].AppendInt(1700000000000 + int64(i)*10007)
		batch.Cols[2].AppendFloat(float64(i%100) / 4)
		batch.Cols[3].AppendInt(int64(i))
	}
	batch.Len = n
	w := NewWriter(io.Discard)
	r := NewRows(fields, nil)
	b.ReportAllocs()
	for b.Loop() {
		for i := range n {
			var row []byte
			var err error
			if binary {
				row, err = r.AppendBinary(w.Begin(), batch, i)
			} else {
				row, err = r.AppendText(w.Begin(), batch, i)
			}
			if err == nil {
				err = w.End(row)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func BenchmarkTextRows(b *testing.B)   { benchmarkRows(b, false) }
func BenchmarkBinaryRows(b *testing.B) { benchmarkRows(b, true) }
