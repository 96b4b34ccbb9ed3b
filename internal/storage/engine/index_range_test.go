package engine

import (
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Both bounds of a range are asked together: each of them alone holds somewhere in every segment.
func TestRangeIsOneQuestion(t *testing.T) {
	s := newIndexStory(t, 4, indexedMeta(contract.MergeAppend, map[model.ColumnID]map[string]string{colValue: {"inverted_index": "true"}, colNumber: {"inverted_index": "true"}}), nil)
	const n = 20_000
	b := &model.Batch{Len: n, Cols: []*model.Vector{model.NewVector(model.String, n), model.NewVector(model.Timestamp(model.Millisecond), n), model.NewVector(model.Float64, n),
		model.NewVector(model.String, n), model.NewVector(model.Int64, n)}}
	for i := range n {
		x := 1000 * (i % 2) // low and high in turn, and rarely between
		if i == 7000 {
			x = 500
		}
		b.Cols[0].AppendString("a")
		b.Cols[1].AppendInt(int64(i))
		b.Cols[2].AppendFloat(float64(x))
		b.Cols[3].AppendNull()
		b.Cols[4].AppendInt(int64(x))
	}
	s.send(contract.RegionWrite{Region: region0, Op: model.OpPut, Columns: indexedColumns, Rows: b})
	s.flush()
	number := func(op model.Op, x int64) *model.Expr {
		return model.Compare(op, colNumber, model.IntValue(model.Int64, x))
	}
	value := func(op model.Op, x float64) *model.Expr {
		return model.Compare(op, colValue, model.FloatValue(x))
	}
	between := model.And(number(model.OpGe, 400), number(model.OpLt, 600))
	for _, c := range []struct {
		pred *model.Expr
		want int
		most int64 // rows that the index may leave
	}{
		{between, 1, 1024},
		{model.And(number(model.OpGe, 400), value(model.OpGt, 400), number(model.OpLe, 600), value(model.OpLe, 500)), 1, 1024},
		{model.Or(between, model.And(value(model.OpGt, 1), value(model.OpLt, 2))), 1, 1024},
		{model.And(number(model.OpGe, 600), number(model.OpLt, 400)), 0, 0},
		{model.And(number(model.OpGe, 500), number(model.OpGe, 400), number(model.OpLe, 500)), 1, 1024},
		{model.And(number(model.OpGe, 400), value(model.OpLe, 500)), 1, n}, // two columns: each alone
	} {
		rows, st := s.rows(c.pred, model.AllTime)
		if len(rows) != c.want || st.Inverted.Files != 1 || st.Inverted.RowsAfter > c.most {
			t.Errorf("%s: %d rows, want %d; %+v", c.pred, len(rows), c.want, st.Inverted)
		}
	}
	for range 40 { // bounds of one column, in any number and order
		var args []*model.Expr
		for range 2 + s.rnd.Intn(3) {
			args = append(args, number(model.OpLt+model.Op(s.rnd.Intn(4)), int64(s.rnd.Intn(5)*250)))
		}
		pred, want := model.And(args...), 0
		holds := meaning(pred)
		for _, x := range b.Cols[4].Ints {
			if holds(columnsOf([]model.Value{{}, {}, {}, {}, model.IntValue(model.Int64, x)})) {
				want++
			}
		}
		if rows, _ := s.rows(pred, model.AllTime); len(rows) != want {
			t.Fatalf("%s: %d rows, want %d", pred, len(rows), want)
		}
	}
}
