package files

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

var everyType = []model.Type{model.Bool, model.Int8, model.Int16, model.Int32, model.Int64, model.Uint8, model.Uint16, model.Uint32, model.Uint64,
	model.Float32, model.Float64, model.String, model.Binary, model.Date, model.Timestamp(model.Second), model.Timestamp(model.Millisecond),
	model.Timestamp(model.Microsecond), model.Timestamp(model.Nanosecond), model.Decimal(38, 10), model.Decimal(5, 0), model.JSON, model.VectorOf(3)}

func fieldsOf(types []model.Type) (out []model.Field) {
	for i, t := range types {
		out = append(out, model.Field{Name: fmt.Sprintf("z%02d, \"%s\"", len(types)-i, t), Type: t})
	}
	return out
}

func columnsOf(fields []model.Field) (out []Column) {
	for _, f := range fields {
		out = append(out, Column{Name: f.Name, Type: f.Type})
	}
	return out
}

// randomBatch makes rows with NULLs, the ends of ranges and awkward strings.
func randomBatch(r *rand.Rand, fields []model.Field, n int) *model.Batch {
	b := model.NewBatch(fields, n)
	b.Len = n
	words := []string{"", "a", "x,y", "\"quoted\"", "two\nlines", "cr\r\nlf", " blank ", "ünï✓", "null", "NULL", "\\n", "\u2028", "\x00\x1f", "1"}
	for _, v := range b.Cols {
		lo, hi, _ := v.Type.IntRange()
		for range n {
			if r.Intn(6) == 0 {
				v.AppendNull()
				continue
			}
			switch t := v.Type; {
			case t.Kind == model.KindBool:
				v.AppendBool(r.Intn(2) == 0)
			case t.Kind == model.KindFloat32:
				v.AppendFloat(float64([]float32{0, 1.5, -3e38, 1e-40, float32(math.NaN()), float32(math.Inf(1)), r.Float32()}[r.Intn(7)]))
			case t.Kind == model.KindFloat64:
				v.AppendFloat([]float64{0, 1.5, math.MaxFloat64, 5e-324, math.NaN(), math.Inf(-1), r.NormFloat64()}[r.Intn(7)])
			case t.Kind == model.KindUint64:
				v.AppendInt(int64([]uint64{0, math.MaxUint64, r.Uint64()}[r.Intn(3)]))
			case t.IsTimestamp():
				valid := model.ValidTimes(t.Unit)
				v.AppendInt([]int64{valid.Start, valid.End - 1, 0, -1, 1700000000123, r.Int63n(1e11)}[r.Intn(6)] / 1)
			case t.Class() == model.ClassInt:
				v.AppendInt([]int64{lo, hi, 0, lo + r.Int63n(max(1, hi-max(lo, -hi)))}[r.Intn(4)])
			case t.Class() == model.ClassDecimal:
				d := fromBig(toBig(model.Int128{Lo: uint64(r.Int63n(100000))}))
				if r.Intn(2) == 0 {
					n := toBig(d)
					d = fromBig(n.Neg(n))
				}
				v.AppendValue(model.Value{Type: t, Decimal: d})
			case t.Kind == model.KindString:
				v.AppendString(words[r.Intn(len(words))])
			case t.Kind == model.KindBinary:
				x := make([]byte, r.Intn(5))
				r.Read(x)
				v.AppendBytes(x)
			case t.Kind == model.KindJSON:
				v.AppendString([]string{`{"a":[1,2.5,"x"]}`, `"text"`, `17`, `true`, `{}`}[r.Intn(5)])
			case t.Kind == model.KindVector:
				var x []byte
				for range t.Dim {
					x = binary.LittleEndian.AppendUint32(x, math.Float32bits(r.Float32()))
				}
				v.AppendBytes(x)
			}
		}
	}
	return b
}

func write(t testing.TB, o Options, fields []model.Field, batches ...*model.Batch) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := NewWriter(&buf, o, fields)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		if err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func source(b []byte) Source {
	return Source{Name: "test", ReaderAt: bytes.NewReader(b), Size: int64(len(b))}
}

func readAll(src Source, o Options, columns []Column) (*model.Batch, error) {
	r, err := NewReader(src, o, columns)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	all := newBatch(columns)
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		for i, v := range b.Cols {
			if v.Len != b.Len {
				return nil, fmt.Errorf("column %d has %d rows, the batch %d", i, v.Len, b.Len)
			}
			all.Cols[i].AppendVector(v, 0, b.Len)
		}
		all.Len += b.Len
	}
}

func same(t *testing.T, fields []model.Field, want, got *model.Batch) {
	t.Helper()
	if want.Len != got.Len {
		t.Fatalf("%d rows, want %d", got.Len, want.Len)
	}
	for c := range fields {
		for i := range want.Len {
			x, y := want.Cols[c].At(i), got.Cols[c].At(i)
			if x.IsNull != y.IsNull || x.String() != y.String() {
				t.Fatalf("row %d, column %s: %s, want %s", i+1, fields[c].Name, y, x)
			}
		}
	}
}

// Every type, with NULLs, comes back from every format and compression as it went.
func TestRoundTrip(t *testing.T) {
	for _, o := range []Options{{}, {Format: CSV}, {Format: CSV, Delimiter: ';', NoHeader: true}, {Format: CSV, Compression: Gzip}, {Format: CSV, Compression: Xz},
		{Format: JSON}, {Format: JSON, Compression: Zstd}} {
		for seed := range int64(20) {
			r := rand.New(rand.NewSource(seed))
			fields := fieldsOf(everyType)
			if seed > 5 { // a few of the columns
				r.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
				fields = fields[:1+r.Intn(5)]
			}
			a, b := randomBatch(r, fields, r.Intn(300)), randomBatch(r, fields, r.Intn(300))
			data := write(t, o, fields, a, b)
			want := model.NewBatch(fields, 0)
			for i := range fields {
				want.Cols[i].AppendVector(a.Cols[i], 0, a.Len)
				want.Cols[i].AppendVector(b.Cols[i], 0, b.Len)
			}
			want.Len = a.Len + b.Len
			got, err := readAll(source(data), o, columnsOf(fields))
			if err != nil {
				t.Fatalf("%+v seed %d: %v", o, seed, err)
			}
			same(t, fields, want, got)
		}
	}
}
