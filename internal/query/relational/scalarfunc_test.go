package relational

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

func TestFunctions(t *testing.T) {
	list := model.Type{Kind: model.KindList}
	db, err := Open(Options{Threads: 2, Functions: []Function{
		{Name: "twice", Args: []model.Type{model.Int64}, Result: model.Int64, Eval: func(a []*model.Vector, n int) (*model.Vector, error) {
			out := model.NewVector(model.Int64, n)
			for i := range n {
				if a[0].Null(i) {
					out.AppendNull()
				} else {
					out.AppendInt(2 * a[0].Ints[i])
				}
			}
			return out, nil
		}},
		{Name: "glue", Args: []model.Type{model.String}, Variadic: true, Result: model.String, Eval: func(a []*model.Vector, n int) (*model.Vector, error) {
			out := model.NewVector(model.String, n)
			for i := range n {
				s := ""
				for _, v := range a {
					s += string(v.BytesAt(i)) + "."
				}
				out.AppendString(s)
			}
			return out, nil
		}},
		{Name: "shown", Args: []model.Type{list}, ListOf: model.Int64, Result: model.String, Eval: func(a []*model.Vector, n int) (*model.Vector, error) {
			out := model.NewVector(model.String, n)
			for i := range n {
				out.AppendBytes(a[0].BytesAt(i))
			}
			return out, nil
		}},
		{Name: "broken", Args: []model.Type{model.Int64}, Result: model.Int64, Eval: func([]*model.Vector, int) (*model.Vector, error) {
			return nil, errors.New("it is broken")
		}},
		{Name: "panics", Args: []model.Type{model.Int64}, Result: model.Int64, Eval: func([]*model.Vector, int) (*model.Vector, error) {
			panic("oh")
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range []struct{ sql, want string }{
		{"SELECT sum(twice(x))::VARCHAR FROM range(100000) r(x)", "9999900000"},
		{"SELECT twice(NULL)::VARCHAR", "NULL"},
		{"SELECT glue('a', 'b', 'a long enough string')", "a.b.a long enough string."},
		{"SELECT max(glue(CAST(x AS VARCHAR), 'and a string of more than twelve bytes')) FROM range(5000) r(x)", "999.and a string of more than twelve bytes."},
		{"SELECT shown(list(x ORDER BY x)) FROM range(5) r(x)", "[0,1,2,3,4]"},
		{"SELECT broken(1)", "error: it is broken"},
		{"SELECT broken(x) FROM range(5) r(x)", "error: it is broken"},
		{"SELECT panics(x) FROM range(5) r(x)", "error: panic in a source: oh"},
	} {
		_, b, err := db.All(context.Background(), Statement{SQL: c.sql})
		got := ""
		switch {
		case err != nil:
			got = "error: " + err.Error()
		case b.Cols[0].Null(0):
			got = "NULL"
		default:
			got = string(b.Cols[0].BytesAt(0))
		}
		if got != c.want && !(strings.HasPrefix(c.want, "error") && strings.Contains(got, strings.TrimPrefix(c.want, "error: "))) {
			t.Errorf("%s = %s, want %s", c.sql, got, c.want)
		}
	}
}

// BenchmarkFunction is the cost of a row through a function of ours.
func BenchmarkFunction(b *testing.B) {
	db, err := Open(Options{Threads: 1, Functions: []Function{
		{Name: "plus", Args: []model.Type{model.Int64, model.Int64}, Result: model.Int64, Eval: func(a []*model.Vector, n int) (*model.Vector, error) {
			out := &model.Vector{Type: model.Int64, Len: n, Ints: make([]int64, n)}
			for i := range out.Ints {
				out.Ints[i] = a[0].Ints[i] + a[1].Ints[i]
			}
			return out, nil
		}}}})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for _, s := range []string{"x + x", "plus(x, x)", "coalesce(TRY(x + x), plus(x, x))", "TRY(x + x)"} {
		b.Run(s, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := db.All(context.Background(), Statement{SQL: "SELECT max(" + s + ") FROM range(1000000) r(x)"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
