package sst

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// memBlob is a file in memory.
type memBlob []byte

func (m memBlob) Size() int64 { return int64(len(m)) }
func (m memBlob) ReadRange(_ context.Context, p []byte, off int64) (int, error) {
	if off > int64(len(m)) {
		return 0, io.EOF
	}
	n := copy(p, m[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func newReader(t testing.TB) *Reader {
	t.Helper()
	r, err := NewReader(ReaderOptions{Budget: budget.New(1 << 30)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// allTypes is a schema with two tags and a field of every type that a column may have.
func allTypes() *model.Schema {
	s := &model.Schema{Version: 3, TimeIndex: 2, PrimaryKey: []model.ColumnID{3, 1}}
	add := func(id model.ColumnID, name string, t model.Type, sem model.Semantic) {
		s.Columns = append(s.Columns, model.Column{ID: id, Name: name, Type: t, Nullable: sem != model.TimeColumn, Semantic: sem})
		s.NextColumn = max(s.NextColumn, id+1)
	}
	add(1, "shard", model.Int32, model.TagColumn)
	add(2, "ts", model.Timestamp(model.Millisecond), model.TimeColumn)
	add(3, "host", model.String, model.TagColumn)
	types := []model.Type{model.Bool, model.Int8, model.Int16, model.Int32, model.Int64, model.Uint8, model.Uint16, model.Uint32, model.Uint64,
		model.Float32, model.Float64, model.String, model.Binary, model.JSON, model.Date, model.Timestamp(model.Second),
		model.Timestamp(model.Microsecond), model.Timestamp(model.Nanosecond), model.Duration(model.Millisecond),
		model.Decimal(10, 2), model.Decimal(38, 5), model.VectorOf(2)}
	for i, t := range types {
		add(model.ColumnID(10+i), fmt.Sprintf("f%d", i), t, model.FieldColumn)
	}
	return s
}

// randomValue draws from a mix of shapes: few values, runs, extremes, noise.
func randomValue(r *rand.Rand, t model.Type, shape, row int) model.Value {
	v := model.Value{Type: t}
	pick := r.Int63()
	switch shape {
	case 0:
		pick = int64(r.Intn(5))
	case 1:
		pick = int64(row * 3)
	case 2:
		pick = int64(r.Intn(2000) - 1000)
	}
	switch t.Class() {
	case model.ClassBool:
		v.Bool = pick&1 == 1
	case model.ClassInt:
		if t.Kind == model.KindUint64 {
			v.Int = int64(uint64(pick) << (r.Intn(2) & shape >> 1))
		} else if lo, hi, ok := t.IntRange(); ok && (lo != math.MinInt64) {
			v.Int = lo + int64(uint64(pick)%uint64(hi-lo+1))
			if shape == 3 && r.Intn(20) == 0 {
				v.Int = []int64{lo, hi}[r.Intn(2)]
			}
		} else {
			v.Int = pick
			if shape == 3 && r.Intn(20) == 0 {
				v.Int = []int64{math.MinInt64, math.MaxInt64, 0, -1}[r.Intn(4)]
			}
		}
	case model.ClassFloat:
		v.Float = float64(pick)
		if shape == 3 {
			v.Float = []float64{r.NormFloat64(), math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), 1e300}[r.Intn(7)]
		}
		if t.Kind == model.KindFloat32 {
			v.Float = float64(float32(v.Float))
		}
	case model.ClassBytes:
		switch {
		case t.Kind == model.KindVector:
			v.Bytes = "12345678"
		case shape == 0:
			v.Bytes = []string{"", "a", "bb", "ccc", "\x00ÿ"}[r.Intn(5)]
		default:
			v.Bytes = fmt.Sprintf("value %d", pick)
			if r.Intn(50) == 0 {
				v.Bytes = strings.Repeat([]string{"ÿ", "\U0010ffff", "x"}[r.Intn(3)], 1500)
			}
		}
		switch {
		case t.Kind == model.KindJSON:
			b, err := json.Marshal(v.Bytes)
			if err != nil {
				panic(err)
			}
			v.Bytes = string(b)
		case t.Kind == model.KindBinary && r.Intn(10) == 0:
			v.Bytes = strings.Repeat("\xff", 1+r.Intn(2)*1500)
		}
	case model.ClassDecimal:
		if t.Precision < 18 {
			pick %= int64(math.Pow10(int(t.Precision)))
		}
		v.Decimal = model.Int128{Hi: pick >> 63, Lo: uint64(pick)}
		if shape == 3 && t.Precision > 18 {
			v.Decimal.Hi = -pick >> 20
		}
	}
	return v
}

// testData is a sorted set of rows, as columns by id.
type testData struct {
	schema *model.Schema
	rows   int
	cols   map[model.ColumnID]*model.Vector
}

func randomData(r *rand.Rand, schema *model.Schema, hosts, perHost int, nulls float64) *testData {
	d := &testData{schema: schema, cols: map[model.ColumnID]*model.Vector{}}
	for i := range schema.Columns {
		d.cols[schema.Columns[i].ID] = model.NewVector(schema.Columns[i].Type, 0)
	}
	d.cols[model.ColumnSequence] = model.NewVector(model.Uint64, 0)
	d.cols[model.ColumnOpType] = model.NewVector(model.Uint8, 0)
	shapes := map[model.ColumnID]int{}
	coded := map[model.ColumnID]map[string]uint32{}
	for _, c := range schema.Fields() {
		shapes[c.ID] = r.Intn(4)
		if c.Type.Class() == model.ClassBytes && r.Intn(2) == 0 {
			d.cols[c.ID].Dict = &model.Dict{}
			d.cols[c.ID].Dict.AppendString("unused")
			coded[c.ID] = map[string]uint32{}
		}
	}
	for h := range hosts {
		ts := int64(1_700_000_000_000)
		for i := 0; i < perHost; {
			versions := 1
			if r.Intn(10) == 0 {
				versions = 2
			}
			for v := range versions {
				for id, tag := range map[model.ColumnID]model.Value{1: model.IntValue(model.Int32, int64(h%7)-3), 3: model.StringValue(fmt.Sprintf("host_%05d", h/7))} {
					if vec := d.cols[id]; vec != nil && h%7 == 0 && id == 1 || h/7 == 0 && id == 3 {
						vec.AppendNull()
					} else if vec != nil {
						vec.AppendValue(tag)
					}
				}
				d.cols[schema.TimeIndex].AppendInt(ts)
				d.cols[model.ColumnSequence].AppendInt(int64(1000 + r.Intn(1000) - v*2000 + 2000))
				d.cols[model.ColumnOpType].AppendInt(int64(1 - r.Intn(30)/29))
				for _, c := range schema.Fields() {
					vec := d.cols[c.ID]
					if r.Float64() < nulls {
						vec.AppendNull()
						continue
					}
					x := randomValue(r, c.Type, shapes[c.ID], d.rows)
					if m := coded[c.ID]; m != nil {
						k, ok := m[x.Bytes]
						if !ok {
							k = vec.Dict.AppendString(x.Bytes)
							m[x.Bytes] = k
						}
						vec.AppendCode(k)
						continue
					}
					vec.AppendValue(x)
				}
				d.rows++
				i++
			}
			ts += int64(1 + r.Intn(3)*10_000)
		}
	}
	return d
}

func (d *testData) table(t testing.TB, from, to int) (*series.Table, []Run) {
	t.Helper()
	ids, types := series.TagsOf(d.schema)
	b := series.NewBuilder(ids, types)
	tags := make([]*model.Vector, len(ids))
	for i, id := range ids {
		tags[i] = d.cols[id]
	}
	b.Append(tags, from, to)
	table, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	var runs []Run
	for i := range table.Len() {
		runs = append(runs, Run{uint32(i), int(table.Start[i]), int(table.Start[i+1])})
	}
	return table, runs
}

// write makes a file of the data, in batches of at most step rows.
func (d *testData) write(t testing.TB, opts WriterOptions, step int) ([]byte, Info) {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, d.schema, opts)
	if err != nil {
		t.Fatal(err)
	}
	for from := 0; from < d.rows; from += step {
		to := min(from+step, d.rows)
		b := &Batch{Rows: to - from, Time: d.cols[d.schema.TimeIndex].Ints[from:to], Seq: d.cols[model.ColumnSequence].Ints[from:to],
			Ops: d.cols[model.ColumnOpType].Ints[from:to]}
		b.Table, b.Runs = d.table(t, from, to)
		for _, c := range d.schema.Fields() {
			b.Fields = append(b.Fields, d.cols[c.ID].Slice(from, to))
		}
		if err := w.Append(b); err != nil {
			t.Fatal(err)
		}
	}
	info, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), info
}

func sameValue(a, b model.Value) bool {
	if a.Null() || b.Null() {
		return a.Null() && b.Null()
	}
	if a.Type.Class() == model.ClassFloat {
		return math.Float64bits(a.Float) == math.Float64bits(b.Float)
	}
	return a == b
}

// checkRows compares rows [from, to) of all columns of a source with the data.
func (d *testData) checkRows(src source.Source, from, to int) error {
	ids := slices.Sorted(func(yield func(model.ColumnID) bool) {
		for id := range d.cols {
			if !yield(id) {
				return
			}
		}
	})
	chunks := src.Chunks()
	for _, id := range ids {
		for c := 0; c+1 < len(chunks); c++ {
			lo, hi := max(from, chunks[c]), min(to, chunks[c+1])
			if lo >= hi {
				continue
			}
			v, err := src.Chunk(context.Background(), id, c, lo-chunks[c], hi-chunks[c])
			if err != nil {
				return err
			}
			if v.Len != chunks[c+1]-chunks[c] {
				return fmt.Errorf("column %d: chunk %d has %d rows", id, c, v.Len)
			}
			for r := lo; r < hi; r++ {
				if got, want := v.At(r-chunks[c]), d.cols[id].At(r); !sameValue(got, want) {
					return fmt.Errorf("column %d (%s) row %d is %v, not %v", id, v.Type, r, got, want)
				}
			}
		}
	}
	return nil
}

func testBudget() *budget.Budget { return budget.New(1 << 30) }
