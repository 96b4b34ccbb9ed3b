package engine

import (
	"regexp"
	"slices"

	"github.com/goptimedb/goptimedb/internal/index/analyze"
	"github.com/goptimedb/goptimedb/internal/model"
)

// valueOf gives the value that one row has in a column.
type valueOf func(model.ColumnID) model.Value

// columnsOf is valueOf of a row of indexedColumns.
func columnsOf(row []model.Value) valueOf {
	return func(id model.ColumnID) model.Value { return row[slices.Index(indexedColumns, id)] }
}

// meaning is the plain meaning of a predicate: whether it holds of a row. Its patterns are read once, for rows are many.
func meaning(e *model.Expr) func(valueOf) bool {
	if e.Op == model.OpAnd || e.Op == model.OpOr {
		args := make([]func(valueOf) bool, len(e.Args))
		for i, a := range e.Args {
			args[i] = meaning(a)
		}
		decided := e.Op == model.OpOr // by the first argument that is so
		return func(value valueOf) bool {
			return slices.ContainsFunc(args, func(holds func(valueOf) bool) bool { return holds(value) == decided }) == decided
		}
	}
	matches := pattern(e)
	return func(value valueOf) bool {
		v := value(e.Column)
		if e.Op == model.OpIsNull || v.Null() {
			return e.Op == model.OpIsNull && v.Null()
		}
		if matches != nil {
			return matches(v.Bytes)
		}
		return compares(e, v)
	}
}

// pattern is what a predicate of a pattern says of a text, nil for other predicates.
func pattern(e *model.Expr) func(text string) bool {
	switch e.Op {
	case model.OpRegex, model.OpNotRegex:
		whole := regexp.MustCompile("^(?:" + e.Pattern + ")$")
		return func(text string) bool { return whole.MatchString(text) == (e.Op == model.OpRegex) }
	case model.OpContains, model.OpNotContains:
		part := regexp.MustCompile(e.Pattern)
		return func(text string) bool { return part.MatchString(text) == (e.Op == model.OpContains) }
	case model.OpMatchesTerm, model.OpNotMatchesTerm:
		return func(text string) bool { return analyze.MatchesTerm(text, e.Pattern) == (e.Op == model.OpMatchesTerm) }
	case model.OpMatches, model.OpNotMatches:
		q, err := analyze.ParseQuery(e.Pattern)
		if err != nil {
			panic(err)
		}
		return func(text string) bool { return q.Match([]byte(text)) == (e.Op == model.OpMatches) }
	}
	return nil
}

// compares is what any other predicate says of a value that is there.
func compares(e *model.Expr, v model.Value) bool {
	in := slices.ContainsFunc(e.Values, func(x model.Value) bool { return v.Compare(x) == 0 })
	c := 0
	if len(e.Values) > 0 {
		c = v.Compare(e.Values[0])
	}
	switch e.Op {
	case model.OpNotNull:
		return true
	case model.OpEq:
		return c == 0
	case model.OpNe:
		return c != 0
	case model.OpLt:
		return c < 0
	case model.OpLe:
		return c <= 0
	case model.OpGt:
		return c > 0
	case model.OpGe:
		return c >= 0
	case model.OpIn:
		return in
	case model.OpNotIn:
		return !in
	}
	panic("predicate " + e.String() + " has no meaning here")
}
