package function

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// depth is how many lists are within one another in a type.
func depth(t model.Type) (n int) {
	for ; t.Kind == model.KindList; t = t.ElemType() {
		n++
	}
	return n
}

// depthFunctions look at lists within lists.
func depthFunctions() []*Scalar {
	measure := func(name string, most int, result model.Type, sql func(a []Arg) (string, error)) *Scalar {
		return &Scalar{Name: name, SQL: sql, Resolve: func(args []model.Type) ([]model.Type, model.Type, error) {
			if len(args) == 0 || len(args) > most {
				return nil, model.Null, NoMatch(name, args)
			}
			want := append([]model.Type(nil), args...)
			switch t := args[0]; {
			case t.Kind == model.KindNull:
				want[0] = model.Type{Kind: model.KindList}
			case t.Kind == model.KindMap && name == "cardinality", t.Kind == model.KindList:
			default:
				return nil, model.Null, NoMatch(name, args)
			}
			if len(args) > 1 {
				want[1] = model.Int64
			}
			return want, result, nil
		}}
	}
	return []*Scalar{
		measure("array_length", 2, model.Uint64, arrayLength),
		measure("array_dims", 1, model.ListOf(model.Uint64), func(a []Arg) (string, error) {
			parts := make([]string, max(1, depth(a[0].Type)))
			for d := range parts {
				parts[d] = "CAST(len(" + a[0].SQL + strings.Repeat("[1]", d) + ") AS UBIGINT)"
			}
			return "CASE WHEN " + a[0].SQL + " IS NOT NULL THEN [" + strings.Join(parts, ", ") + "] END", nil
		}),
		measure("array_ndims", 1, model.Uint64, func(a []Arg) (string, error) {
			return "CASE WHEN " + a[0].SQL + " IS NOT NULL THEN CAST(" + itoa(int64(max(1, depth(a[0].Type)))) + " AS UBIGINT) END", nil
		}),
		measure("cardinality", 1, model.Uint64, func(a []Arg) (string, error) {
			if a[0].Type.Kind == model.KindMap {
				return "CAST(cardinality(" + a[0].SQL + ") AS UBIGINT)", nil
			}
			n := max(1, depth(a[0].Type)) - 1
			return "CAST(len(" + strings.Repeat("flatten(", n) + a[0].SQL + strings.Repeat(")", n) + ") AS UBIGINT)", nil
		}),
	}
}

// arrayLength writes how long a list is, or the first of the lists in it, down to a dimension. Empty lists have no length.
func arrayLength(a []Arg) (string, error) {
	d := int64(1)
	if len(a) > 1 {
		l := a[1].Lit
		if l == nil {
			return "", errs.New(errs.Unsupported, "Not supported: array_length: the dimension must be a constant")
		}
		if l.Null() || l.Int < 1 || l.Int > int64(depth(a[0].Type)) {
			return "CAST(NULL AS UBIGINT)", nil
		}
		d = l.Int
	}
	n := "len(" + a[0].SQL + strings.Repeat("[1]", int(d-1)) + ")"
	return "CASE WHEN " + n + " > 0 THEN CAST(" + n + " AS UBIGINT) END", nil
}

// arrayPosition writes where an element is in a list, from a place on.
func arrayPosition(a []Arg) (string, error) {
	if len(a) == 2 {
		return "CAST(list_position(" + a[0].SQL + ", " + a[1].SQL + ") AS UBIGINT)", nil
	}
	return template("CASE WHEN $3 < 1 OR $3 > len($1) + 1 THEN error('Execution error: start_from out of bounds: ' || $3)" +
		" ELSE CAST(list_position($1[$3:], $2) + $3 - 1 AS UBIGINT) END")(a)
}

// nth are conditions on the element e, at place i of the list $1: that it is one of the first $n that equal $2.
func nth(n string) string {
	return "e IS NOT DISTINCT FROM $2 AND len(list_filter($1[:i], lambda x: x IS NOT DISTINCT FROM $2)) <= " + n
}

// absentFunctions are names that clients may know, with the reason why they are not there.
func absentFunctions() []def {
	absent := func(name, sigs, why string) def {
		return def{name: name, sigs: sigs, fn: func([]Arg) (string, error) { return "", errs.New(errs.Unsupported, "Not supported: %s: %s", name, why) }}
	}
	return []def{
		absent("rate", "aa:f", "it gives one row less than it reads; write (v - lag(v) OVER w) / (t - lag(t) OVER w), or use TQL and rate() of PromQL"),
		absent("decode_primary_key", "a*:ls", "tables keep their tags as columns, select those"),
		absent("union_extract", "as:a", "there are no values of union types"),
		absent("union_tag", "a:s", "there are no values of union types"),
	}
}
