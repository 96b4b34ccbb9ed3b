package sqlapi

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

// tagged is n rows of some hosts with tags that stay the same for a while, and of small numbers.
func tagged(rnd *rand.Rand, n, tags, fields, stay int) *model.Batch {
	b := &model.Batch{Len: n}
	for range tags {
		d := &model.Dict{}
		for i := range 20 {
			d.AppendString(fmt.Sprintf("value_\"%d", i))
		}
		v := &model.Vector{Type: model.String, Dict: d, Len: n}
		for i := range n {
			c := uint32(rnd.Intn(20))
			if i > 0 && rnd.Intn(stay) > 0 {
				c = v.Codes[i-1]
			}
			v.Codes = append(v.Codes, c)
		}
		b.Cols = append(b.Cols, v)
	}
	for range fields {
		v := model.NewVector(model.Int64, n)
		for range n {
			v.AppendInt(int64(rnd.Intn(100)))
		}
		b.Cols = append(b.Cols, v)
	}
	return b
}

// Rows whose texts are kept from row to row read as rows spelled value by value, whatever the columns are and were.
func TestRowParts(t *testing.T) {
	var r rowParts
	for seed := range 300 {
		rnd := rand.New(rand.NewSource(int64(seed)))
		n := 1 + rnd.Intn(50)
		b := tagged(rnd, n, rnd.Intn(4), rnd.Intn(3), 1+rnd.Intn(10))
		for range rnd.Intn(4) {
			plain, numbers := model.NewVector(model.String, n), model.NewVector([]model.Type{model.Int64, model.Uint64, model.Timestamp(model.Millisecond), model.Float64}[rnd.Intn(4)], n)
			for range n {
				plain.AppendString(fmt.Sprint(rnd.Intn(5)))
				switch {
				case rnd.Intn(5) == 0:
					numbers.AppendNull()
				case numbers.Type == model.Float64:
					numbers.AppendFloat(rnd.Float64())
				default:
					numbers.AppendInt(int64(rnd.Uint64()) >> rnd.Intn(64))
				}
			}
			b.Cols = append(b.Cols, plain, numbers)
			if len(b.Cols) > 2 && b.Cols[0].Coded() { // with NULLs
				v := *b.Cols[0]
				v.Valid = model.NewBitmap(n)
				v.Valid.SetRange(0, n/2)
				b.Cols = append(b.Cols, &v)
			}
		}
		rnd.Shuffle(len(b.Cols), func(i, j int) { b.Cols[i], b.Cols[j] = b.Cols[j], b.Cols[i] })
		r.begin(b)
		for i := range n {
			want := "["
			for j, v := range b.Cols {
				if j > 0 {
					want += ","
				}
				want += string(appendJSON(nil, v, i))
			}
			if got := string(r.append([]byte("x"), i)); got != "x"+want+"]" {
				t.Fatalf("seed %d, row %d: %s, not %s]", seed, i, got, want)
			}
		}
	}
}

func BenchmarkRows(b *testing.B) {
	const n = 8192
	batch := tagged(rand.New(rand.NewSource(1)), n, 10, 10, 500)
	b.Run("parts", func(b *testing.B) {
		var r rowParts
		var buf []byte
		for b.Loop() {
			r.begin(batch)
			buf = buf[:0]
			for i := range n {
				buf = r.append(buf, i)
			}
			b.SetBytes(int64(len(buf)))
		}
	})
	b.Run("value by value", func(b *testing.B) {
		var buf []byte
		for b.Loop() {
			buf = buf[:0]
			for i := range n {
				for _, v := range batch.Cols {
					buf = appendJSON(append(buf, ','), v, i)
				}
			}
			b.SetBytes(int64(len(buf)))
		}
	})
}
