package asked

import (
	"slices"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

var schema = &model.Schema{Columns: []model.Column{{ID: 1, Name: "a", Type: model.String}, {ID: 2, Name: "b", Type: model.Int64}, {ID: 3, Name: "c", Type: model.String}}}

func text(s string) model.Value { return model.Value{Type: model.String, Bytes: s} }
func number(n int64) model.Value {
	return model.Value{Type: model.Int64, Int: n}
}

func TestOf(t *testing.T) {
	pred := model.And(model.Compare(model.OpEq, 1, text("x")), &model.Expr{Op: model.OpIn, Column: 2, Values: []model.Value{number(1), number(2)}},
		model.Compare(model.OpEq, 2, number(2)), model.Compare(model.OpGt, 3, text("q")), model.Compare(model.OpEq, 77, text("q")))
	a := Of(schema, []model.ColumnID{3, 99, 1}, pred)
	if !slices.Equal(a.Columns, []int{2, 0}) {
		t.Error(a.Columns)
	}
	if f := a.Fields(); len(f) != 2 || f[0].Name != "c" || f[1].ID != 1 {
		t.Error(f)
	}
	for _, c := range []struct {
		got, want bool
	}{{a.Text("a", "x"), true}, {a.Text("a", "y"), false}, {a.Number("b", 2), true}, {a.Number("b", 1), false}, {a.Text("c", "anything"), true},
		{a.Wants("b"), false}, {a.Wants("b", "c"), true}} {
		if c.got != c.want {
			t.Errorf("%+v", c)
		}
	}
	all := All(schema)
	if len(all.Columns) != 3 || !all.Text("a", "y") || !all.Number("b", 5) || !all.Wants("b") {
		t.Error(all)
	}
	if a := Of(schema, nil, nil); len(a.Columns) != 0 || !a.Text("a", "") {
		t.Error(a)
	}
	// An alternative says nothing of either column.
	either := Of(schema, nil, model.Or(model.Compare(model.OpEq, 1, text("x")), model.Compare(model.OpEq, 3, text("y"))))
	if !either.Text("a", "z") || !either.Text("c", "z") {
		t.Error("an alternative was taken for a condition")
	}
}
