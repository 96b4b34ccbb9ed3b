package metric

import (
	"errors"
	"fmt"
	"io"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// TestPhysicalPushdown asks a physical table with random predicates and columns: what comes, judged again, is what of all rows is judged
// true; and rows of members that cannot have any are not read.
func TestPhysicalPushdown(t *testing.T) {
	s, stop := server(t)
	defer stop()
	r := rand.New(rand.NewSource(3))
	ms := model.Timestamp(model.Millisecond)
	own := &model.Schema{TimeIndex: 1, NextColumn: 3, Columns: []model.Column{{ID: 1, Name: "ts", Type: ms, Semantic: model.TimeColumn}, {ID: 2, Name: "v", Type: model.Float64, Nullable: true}}}
	var members []Member
	for i, labels := range [][]string{{"host", "path"}, {"path", "host"}, {"zone"}, {}, {"host", "zone", "path"}} {
		schema := own.Clone()
		for _, l := range labels {
			schema.Columns = append(schema.Columns, model.Column{ID: schema.NextColumn, Name: l, Type: model.String, Nullable: true, Semantic: model.TagColumn})
			schema.PrimaryKey = append(schema.PrimaryKey, schema.NextColumn)
			schema.NextColumn++
		}
		id := model.NewRegionID(model.TableID(1030+i), 0)
		number := uint32(1030 + i)
		require.NoError(t, s.Create(t.Context(), contract.CreateRegion{Meta: contract.RegionMeta{ID: id, Schema: schema}, Logical: &contract.LogicalRegion{Data: dataID, Table: number}}))
		members = append(members, Member{number, schema})
		b := &model.Batch{Len: 40}
		w := contract.RegionWrite{Region: id, Op: model.OpPut, Rows: b}
		for _, c := range schema.Columns {
			v := model.NewVector(c.Type, 40)
			for k := range 40 {
				switch {
				case c.Semantic == model.TimeColumn:
					v.AppendInt(int64(k))
				case c.Semantic == model.FieldColumn:
					v.AppendFloat(float64(r.Intn(5)))
				case r.Intn(4) == 0:
					v.AppendNull()
				default:
					v.AppendString(string(rune('a' + r.Intn(3))))
				}
			}
			w.Columns, b.Cols = append(w.Columns, c.ID), append(b.Cols, v)
		}
		_, err := s.Write(t.Context(), contract.WriteRequest{Writes: []contract.RegionWrite{w}})
		require.NoError(t, err)
	}
	schema := PhysicalSchema(own, members)
	all := make([]model.ColumnID, len(schema.Columns))
	for i, c := range schema.Columns {
		all[i] = c.ID
	}
	read := func(ids []model.ColumnID, pred *model.Expr) (out []map[model.ColumnID]model.Value) {
		st := ScanPhysical(s, schema, []model.RegionID{dataID}, members, ids, pred)
		defer st.Close()
		require.Len(t, st.Fields(), len(ids))
		for {
			b, err := st.Next(t.Context())
			if errors.Is(err, io.EOF) {
				return out
			}
			require.NoError(t, err)
			for i := range b.Len {
				row := map[model.ColumnID]model.Value{}
				for k, c := range b.Cols {
					require.Equal(t, b.Len, c.Len)
					row[ids[k]] = c.At(i)
				}
				out = append(out, row)
			}
		}
	}
	show := func(rows []map[model.ColumnID]model.Value, ids []model.ColumnID, pred *model.Expr) (out []string) {
		for _, row := range rows {
			if !holds(row, pred) {
				continue
			}
			var b strings.Builder
			for _, id := range ids {
				fmt.Fprintf(&b, "%s ", row[id])
			}
			out = append(out, b.String())
		}
		slices.Sort(out)
		return out
	}
	var random func(depth int) *model.Expr
	random = func(depth int) *model.Expr {
		if depth > 0 && r.Intn(2) == 0 {
			e := &model.Expr{Op: []model.Op{model.OpAnd, model.OpOr}[r.Intn(2)]}
			for range 2 + r.Intn(2) {
				e.Args = append(e.Args, random(depth-1))
			}
			return e
		}
		c := schema.Columns[r.Intn(len(schema.Columns))]
		value := func() model.Value {
			switch {
			case c.ID == shownTable:
				return model.IntValue(c.Type, int64(1029+r.Intn(7)))
			case c.Type.Class() == model.ClassInt:
				return model.IntValue(c.Type, int64(r.Intn(40)))
			case c.Type.Class() == model.ClassFloat:
				return model.FloatValue(float64(r.Intn(5)))
			}
			return model.StringValue(string(rune('a' + r.Intn(4))))
		}
		switch op := []model.Op{model.OpEq, model.OpNe, model.OpLe, model.OpIn, model.OpNotIn, model.OpIsNull, model.OpNotNull}[r.Intn(7)]; op {
		case model.OpIn, model.OpNotIn:
			return &model.Expr{Op: op, Column: c.ID, Values: []model.Value{value(), value()}}
		case model.OpIsNull, model.OpNotNull:
			return &model.Expr{Op: op, Column: c.ID}
		default:
			return model.Compare(op, c.ID, value())
		}
	}
	everything := read(all, nil)
	require.Len(t, everything, 200)
	for range 400 {
		pred := random(2)
		got := read(all, pred)
		require.Equal(t, show(everything, all, pred), show(got, all, pred), "%s", pred)
		ids := append([]model.ColumnID(nil), all...)
		r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
		ids = ids[:r.Intn(len(ids)+1)]
		require.Equal(t, show(everything, ids, nil), show(read(ids, nil), ids, nil), "%v", ids)
	}
	zone := schema.ByName("zone").ID
	require.Equal(t, len(show(everything, all, model.Compare(model.OpEq, zone, model.StringValue("a")))), len(read(all, model.Compare(model.OpEq, zone, model.StringValue("a")))))
	require.Empty(t, read(all, model.Compare(model.OpEq, shownTable, model.IntValue(model.Uint32, 7))))
}

// holds judges a row.
func holds(row map[model.ColumnID]model.Value, e *model.Expr) bool {
	if e == nil {
		return true
	}
	v := row[e.Column]
	in := slices.ContainsFunc(e.Values, func(x model.Value) bool { return !v.Null() && v.Compare(x) == 0 })
	switch e.Op {
	case model.OpAnd:
		return !slices.ContainsFunc(e.Args, func(a *model.Expr) bool { return !holds(row, a) })
	case model.OpOr:
		return slices.ContainsFunc(e.Args, func(a *model.Expr) bool { return holds(row, a) })
	case model.OpEq, model.OpIn:
		return in
	case model.OpNe, model.OpNotIn:
		return !v.Null() && !in
	case model.OpLe:
		return !v.Null() && v.Compare(e.Values[0]) <= 0
	case model.OpIsNull:
		return v.Null()
	}
	return !v.Null()
}
