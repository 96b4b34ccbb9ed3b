package function

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// arrayFunctions work on lists. A list is one of the engine's; what its elements are is in its type, where that is known.
func arrayFunctions() []*Scalar {
	return append(append(listFunctions(), rangeFunctions()...), depthFunctions()...)
}

func listFunctions() []*Scalar {
	list := func(t model.Type) bool { return t.Kind == model.KindList }
	null := func(t model.Type) bool { return t.Kind == model.KindNull }
	i, s, b, u := model.Int64, model.String, model.Bool, model.Uint64
	var out []*Scalar
	// add declares a function. Each letter of params is an argument: l a list, e an element of the first list, i a number, s a text, with
	// [ before what may be left out. The result is of one type, or where that is Null: "l" the list's, "e" its element's.
	add := func(name, params string, result model.Type, as byte, sql string) {
		letters := strings.ReplaceAll(params, "[", "")
		required := len(letters)
		if at := strings.IndexByte(params, '['); at >= 0 {
			required = at
		}
		out = append(out, &Scalar{Name: name,
			Resolve: func(args []model.Type) ([]model.Type, model.Type, error) {
				if len(args) < required || len(args) > len(letters) {
					return nil, model.Null, NoMatch(name, args)
				}
				want := append([]model.Type(nil), args...)
				elem, known := model.Null, false
				for k, t := range args {
					if letters[k] == 'l' && list(t) && t.Elem != model.KindNull {
						if !known {
							elem, known = t.ElemType(), true
						} else if c, ok := Common(elem, t.ElemType()); ok {
							elem = c
						}
					}
				}
				for k, t := range args {
					if letters[k] == 'e' && !null(t) {
						if c, ok := Common(elem, t); ok && (elem.Numeric() && t.Numeric() || !known) {
							elem, known = c, true
						}
					}
				}
				for k, t := range args {
					switch letters[k] {
					case 'l':
						if !list(t) && !null(t) {
							return nil, model.Null, NoMatch(name, args)
						}
						switch {
						case known:
							want[k] = model.ListOf(elem)
						case null(t):
							want[k] = model.Type{Kind: model.KindList}
						}
					case 'e':
						if known {
							want[k] = elem
						}
						if !CanCast(t, want[k]) {
							return nil, model.Null, NoMatch(name, args)
						}
					case 'i':
						want[k] = i
					case 's':
						want[k] = s
					}
				}
				switch as {
				case 'l':
					return want, model.ListOf(elem), nil
				case 'e':
					return want, elem, nil
				}
				return want, result, nil
			},
			SQL: typed(as, template(sql))})
	}
	add("array_append", "le", model.Null, 'l', "list_append($1, $2)")
	add("array_prepend", "el", model.Null, 'l', "list_prepend($1, $2)")
	add("array_has", "le", b, 0, "list_contains($1, $2)")
	add("array_has_all", "ll", b, 0, "list_has_all($1, $2)")
	add("array_has_any", "ll", b, 0, "list_has_any($1, $2)")
	add("empty", "l", b, 0, "(len($1) = 0)")
	add("array_position", "le[i", u, 0, "")
	out[len(out)-1].SQL = arrayPosition
	add("array_positions", "le", model.ListOf(u), 0, "list_transform(list_filter(range(1, len($1) + 1), lambda k: $1[k] IS NOT DISTINCT FROM $2), lambda k: CAST(k AS UBIGINT))")
	add("array_remove", "le", model.Null, 'l', firstOnly("list_position($1, $2)", "$1[:$at - 1] || $1[$at + 1:]"))
	add("array_remove_all", "le", model.Null, 'l', "list_filter($1, lambda e: e IS DISTINCT FROM $2)")
	add("array_remove_n", "lei", model.Null, 'l', "list_filter($1, lambda e, i: NOT ("+nth("$3")+"))")
	add("array_replace_n", "leei", model.Null, 'l', "list_transform($1, lambda e, i: CASE WHEN "+nth("$4")+" THEN $3 ELSE e END)")
	add("array_replace", "lee", model.Null, 'l', firstOnly("list_position($1, $2)", "$1[:$at - 1] || [$3] || $1[$at + 1:]"))
	add("array_replace_all", "lee", model.Null, 'l', "list_transform($1, lambda e: CASE WHEN e IS NOT DISTINCT FROM $2 THEN $3 ELSE e END)")
	add("array_slice", "lii[i", model.Null, 'l', "list_slice($*)")
	add("array_sort", "l[ss", model.Null, 'l', "")
	out[len(out)-1].SQL = arraySort
	add("array_distinct", "l", model.Null, 'l', "")
	out[len(out)-1].SQL = func(a []Arg) (string, error) {
		distinct, err := template("list_distinct($1) || CASE WHEN len(list_filter($1, lambda e: e IS NULL)) > 0 THEN [NULL] ELSE [] END")(a)
		return sortedList(distinct, a[0].Type, "ASC", "NULLS FIRST"), err
	}
	add("array_union", "ll", model.Null, 'l', "list_sort(list_distinct(list_concat($1, $2)))")
	add("array_intersect", "ll", model.Null, 'l', "list_sort(list_intersect($1, $2))")
	add("array_except", "ll", model.Null, 'l', "list_sort(list_distinct(list_filter($1, lambda e: NOT list_contains($2, e))))")
	add("array_element", "li", model.Null, 'e', "list_extract($1, $2)")
	add("array_pop_front", "l", model.Null, 'l', "$1[2:]")
	add("array_pop_back", "l", model.Null, 'l', "$1[:-2]")
	add("array_repeat", "ei", model.Null, 'l', "list_transform(range(gt_upto(0, $2, 1)), lambda k: $1)")
	add("array_resize", "li[e", model.Null, 'l', "")
	out[len(out)-1].SQL = func(a []Arg) (string, error) {
		b := append([]Arg(nil), a...)
		b[1].SQL = "gt_upto(0, " + b[1].SQL + ", 1)"
		return "list_resize(" + joined(b) + ")", nil
	}
	add("array_reverse", "l", model.Null, 'l', "list_reverse($1)")
	add("array_max", "l", model.Null, 'e', "list_max($1)")
	add("array_min", "l", model.Null, 'e', "list_min($1)")
	add("array_any_value", "l", model.Null, 'e', "list_filter($1, lambda e: e IS NOT NULL)[1]")
	add("array_to_string", "ls[s", s, 0, "")
	out[len(out)-1].SQL = arrayText
	add("array_distance", "ll", model.Float64, 0, "CAST(list_distance($1, $2) AS DOUBLE)")
	add("flatten", "l", model.Null, 0, "")
	out[len(out)-1].SQL = func(a []Arg) (string, error) {
		if a[0].Type.Kind == model.KindNull {
			return "CAST(NULL AS INTEGER[])", nil
		}
		if a[0].Type.ElemType().Kind != model.KindList {
			return a[0].SQL, nil
		}
		return "flatten(" + a[0].SQL + ")", nil
	}
	out[len(out)-1].Resolve = func(args []model.Type) ([]model.Type, model.Type, error) {
		if len(args) == 1 && null(args[0]) {
			return args, model.ListOf(model.Null), nil
		}
		if len(args) != 1 || !list(args[0]) {
			return nil, model.Null, NoMatch("flatten", args)
		}
		if e := args[0].ElemType(); e.Kind == model.KindList {
			return args, e, nil
		}
		return args, args[0], nil
	}
	for _, f := range []def{
		{name: "array_concat", sigs: "c*:1", sql: "list_concat($*)"},
		{name: "string_to_array", sigs: "ss[s:ls", fn: stringToArray},
	} {
		m := map[string]*Scalar{}
		f.add(m)
		out = append(out, m[f.name])
	}
	out = append(out, &Scalar{Name: "make_array", SQL: listValue, Resolve: func(args []model.Type) ([]model.Type, model.Type, error) {
		t, ok := UnionOf(args)
		if !ok {
			return nil, model.Null, NoMatch("make_array", args)
		}
		want := make([]model.Type, len(args))
		for i := range want {
			want[i] = t
		}
		return want, model.ListOf(t), nil
	}})
	out = append(out, &Scalar{Name: "arrays_zip", SQL: template("list_transform(list_zip($1, $2), lambda e: {'1': e[1], '2': e[2]})"),
		Resolve: func(args []model.Type) ([]model.Type, model.Type, error) {
			if len(args) != 2 || !list(args[0]) || !list(args[1]) {
				return nil, model.Null, NoMatch("arrays_zip", args)
			}
			return args, model.ListOf(model.StructOf([]model.Field{{Name: "1", Type: args[0].ElemType()}, {Name: "2", Type: args[1].ElemType()}})), nil
		}})
	out = append(out, mapFunctions()...)
	return append(out,
		&Scalar{Name: "struct", Resolve: resolveStruct, SQL: structValue},
		&Scalar{Name: "named_struct", Resolve: planner("named_struct"), Tier: Planned},
		&Scalar{Name: "get_field", Resolve: planner("get_field"), SQL: getField, Tier: Planned},
		&Scalar{Name: "unnest", Resolve: planner("unnest"), Tier: Planned},
	)
}

// typed writes a call that gives a list, or for as 'e' an element of it. The engine knows no type of a call with a constant NULL.
func typed(as byte, write func([]Arg) (string, error)) func([]Arg) (string, error) {
	return func(a []Arg) (string, error) {
		text, err := write(a)
		list, null := model.Null, false
		for _, x := range a {
			null = null || x.Lit != nil && x.Lit.Null()
			if list.Kind == model.KindNull && x.Type.Kind == model.KindList {
				list = x.Type
			}
		}
		if as == 0 || !null || err != nil {
			return text, err
		}
		switch {
		case list.Kind == model.KindNull: // a list of what comes first
			list = model.ListOf(a[0].Type)
		case as == 'e':
			list = list.ElemType()
		}
		return "CAST(" + text + " AS " + knownEngineType(list) + ")", nil
	}
}

// knownEngineType is EngineType, and for a list of which nothing is known some list.
func knownEngineType(t model.Type) string {
	if name := EngineType(t); name != "" {
		return name
	}
	return "INTEGER[]"
}

// firstOnly writes a change of a list at a place, where there is one; $at stands for the place.
func firstOnly(place, change string) string {
	return "CASE WHEN " + place + " IS NULL OR " + place + " = 0 THEN $1 ELSE " + strings.ReplaceAll(change, "$at", place) + " END"
}

func listValue(a []Arg) (string, error) {
	parts := make([]string, len(a))
	for i, x := range a {
		parts[i] = x.SQL
	}
	return "[" + strings.Join(parts, ", ") + "]", nil
}

func arraySort(a []Arg) (string, error) {
	order, nulls := "ASC", "NULLS FIRST"
	for k, x := range a[1:] {
		if x.Lit == nil {
			return "", errs.New(errs.Unsupported, "array_sort: the order must be a constant")
		}
		if x.Lit.Null() {
			return "CAST(NULL AS " + knownEngineType(a[0].Type) + ")", nil
		}
		w := strings.ToUpper(x.Lit.Bytes)
		switch {
		case k == 0 && (w == "ASC" || w == "DESC"):
			order = w
		case k == 1 && (w == "NULLS FIRST" || w == "NULLS LAST"):
			nulls = w
		default:
			return "", errs.New(errs.EngineExecuteQuery, "Execution error: array_sort: '%s' is no order", x.Lit.Bytes)
		}
	}
	return sortedList(a[0].SQL, a[0].Type, order, nulls), nil
}

// sortedList writes a list in order. Of a list of which nothing is known the engine makes a plain NULL without the cast.
func sortedList(x string, t model.Type, order, nulls string) string {
	x = "list_sort(" + x + ", '" + order + "', '" + nulls + "')"
	if t.Elem == model.KindNull {
		return "CAST(" + x + " AS INTEGER[])"
	}
	return x
}

// arrayText joins elements; NULLs are left out, or printed as the third argument.
func arrayText(a []Arg) (string, error) {
	l := "list_transform(" + a[0].SQL + ", lambda e: CAST(e AS VARCHAR))"
	if len(a) == 3 {
		l = "list_transform(" + l + ", lambda e: coalesce(e, " + a[2].SQL + "))"
	}
	return "CASE WHEN " + a[1].SQL + " IS NOT NULL THEN array_to_string(" + l + ", " + a[1].SQL + ") END", nil
}

// stringToArray cuts a text at separators: into characters where that is NULL, not at all where it is empty.
func stringToArray(a []Arg) (string, error) {
	text := "CASE WHEN $1 IS NULL THEN NULL WHEN $2 IS NULL THEN string_split($1, '') WHEN $2 = '' THEN [$1] ELSE string_split($1, $2) END"
	if len(a) == 3 {
		text = "list_transform(" + text + ", lambda e: nullif(e, $3))"
	}
	return template(text)(a)
}
