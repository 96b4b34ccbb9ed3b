package files

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Row groups are left out only where none of their rows can be wanted.
func TestPrune(t *testing.T) {
	types := []model.Type{model.Int8, model.Uint32, model.Uint64, model.Int64, model.Float32, model.Float64, model.String, model.Date,
		model.Timestamp(model.Millisecond), model.Timestamp(model.Nanosecond)}
	fields := fieldsOf(types)
	rnd := rand.New(rand.NewSource(5))
	value := func(typ model.Type, near int) model.Value {
		x := int64(near + rnd.Intn(10))
		switch {
		case rnd.Intn(12) == 0:
			return model.NullOf(typ)
		case typ.Floating() && rnd.Intn(30) == 0:
			return model.Value{Type: typ, Float: []float64{math.NaN(), math.Inf(1), math.Copysign(0, -1), 0}[rnd.Intn(4)]}
		case typ.Floating():
			return model.Value{Type: typ, Float: float64(x) / 2}
		case typ.Kind == model.KindString:
			return model.StringValue(string(rune('a'+x%26)) + "x")
		case typ.Kind == model.KindUint64 && near > 60:
			return model.Value{Type: typ, Int: -x} // above all of int64
		case !typ.Unsigned():
			x -= 50
		}
		return model.Value{Type: typ, Int: x}
	}
	pruned, kept := 0, 0
	for range 300 {
		var buf bytes.Buffer
		w, err := newParquetWriter(&buf, Options{}, fields)
		if err != nil {
			t.Fatal(err)
		}
		var all []*model.Batch
		for range 6 { // row groups
			b := model.NewBatch(fields, 5)
			b.Len = 5
			for _, v := range b.Cols {
				near := rnd.Intn(90)
				for range b.Len {
					if x := value(v.Type, near); x.Null() {
						v.AppendNull()
					} else {
						v.AppendValue(x)
					}
				}
			}
			all = append(all, b)
			if err := errors.Join(w.Write(b), w.(*parquetWriter).flush()); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		columns := columnsOf(fields)
		for i := range columns {
			columns[i].ID = model.ColumnID(i + 1)
		}
		i := rnd.Intn(len(columns))
		x := value(columns[i].Type, rnd.Intn(90))
		if x.Null() {
			continue
		}
		e := model.Compare(model.OpEq+model.Op(rnd.Intn(6)), columns[i].ID, x)
		var want, got []int
		for g, b := range all {
			for row := range b.Len {
				v := b.Cols[i].At(row)
				if v.Null() {
					continue
				}
				c := v.Compare(x)
				if (e.Op == model.OpEq && c == 0) || (e.Op == model.OpNe && c != 0) || (e.Op == model.OpLt && c < 0) || (e.Op == model.OpLe && c <= 0) ||
					(e.Op == model.OpGt && c > 0) || (e.Op == model.OpGe && c >= 0) {
					want = append(want, g)
					break
				}
			}
		}
		r, err := newParquetReader(source(buf.Bytes()), columns, e)
		if err != nil {
			t.Fatal(err)
		}
		for {
			b, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for g := range all { // which group is it? its rows tell
				same := true
				for c := range columns {
					for row := range b.Len {
						p, q := b.Cols[c].At(row), all[g].Cols[c].At(row)
						same = same && p.Null() == q.Null() && (p.Null() || p.Compare(q) == 0)
					}
				}
				if same {
					got = append(got, g)
				}
			}
		}
		kept += len(got)
		pruned += r.(*parquetReader).pruned
		for _, g := range want {
			found := false
			for _, h := range got {
				found = found || g == h
			}
			if !found {
				t.Fatalf("%s: row group %d is left out; kept %v, wanted %v", e, g, got, want)
			}
		}
	}
	if pruned < kept/10 {
		t.Errorf("%d row groups were left out, %d read", pruned, kept)
	}
}
