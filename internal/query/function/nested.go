package function

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// commonNested is the type for two nested types whose parts meet by a rule.
func commonNested(a, b model.Type, meet func(a, b model.Type) (model.Type, bool)) (model.Type, bool) {
	switch {
	case a.Kind != b.Kind:
		return model.Null, false
	case a.Kind == model.KindList:
		if a.Elem == model.KindNull {
			return b, true
		}
		if b.Elem == model.KindNull {
			return a, true
		}
		e, ok := meet(a.ElemType(), b.ElemType())
		return model.ListOf(e), ok
	case a.Kind == model.KindMap:
		ak, av := a.MapTypes()
		bk, bv := b.MapTypes()
		k, ok := meet(ak, bk)
		v, ok2 := meet(av, bv)
		return model.MapOf(k, v), ok && ok2
	}
	am, bm := a.Members(), b.Members()
	if len(am) != len(bm) || len(am) == 0 {
		return model.Null, false
	}
	out := make([]model.Field, len(am))
	for i := range am {
		t, ok := meet(am[i].Type, bm[i].Type)
		if !ok || am[i].Name != bm[i].Name {
			return model.Null, false
		}
		out[i] = model.Field{Name: am[i].Name, Type: t}
	}
	return model.StructOf(out), true
}

// nestedEngineType is EngineType of lists, structs and maps; empty where it is not known what they hold.
func nestedEngineType(t model.Type) string {
	part := func(t model.Type) string {
		if t.Kind == model.KindNull {
			return ""
		}
		return EngineType(t)
	}
	switch t.Kind {
	case model.KindList:
		if e := part(t.ElemType()); e != "" {
			return e + "[]"
		}
	case model.KindMap:
		k, v := t.MapTypes()
		if ks, vs := part(k), part(v); ks != "" && vs != "" {
			return "MAP(" + ks + ", " + vs + ")"
		}
	case model.KindStruct:
		var parts []string
		for _, m := range t.Members() {
			p := EngineType(m.Type)
			if p == "" {
				return ""
			}
			parts = append(parts, QuoteName(m.Name)+" "+p)
		}
		if len(parts) > 0 {
			return "STRUCT(" + strings.Join(parts, ", ") + ")"
		}
	}
	return ""
}

// QuoteName writes a name, such as a struct's member has.
func QuoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// CheckMembers reports members of a struct that cannot stand beside each other: the engine folds their letters.
func CheckMembers(members []model.Field) error {
	seen := map[string]string{}
	for _, m := range members {
		switch other, twice := seen[strings.ToLower(m.Name)]; {
		case m.Name == "", strings.IndexByte(m.Name, 0) >= 0:
			return errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: a member of a struct needs a name")
		case twice:
			return errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: a struct cannot have members named %q and %q; give one another name", other, m.Name)
		}
		seen[strings.ToLower(m.Name)] = m.Name
	}
	if len(members) == 0 {
		return errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: a struct needs at least one member")
	}
	return nil
}

// structMembers are the members of struct(a, b, …).
func structMembers(args []model.Type) []model.Field {
	out := make([]model.Field, len(args))
	for i, t := range args {
		out[i] = model.Field{Name: "c" + itoa(int64(i)), Type: t}
	}
	return out
}

func resolveStruct(args []model.Type) ([]model.Type, model.Type, error) {
	members := structMembers(args)
	return args, model.StructOf(members), CheckMembers(members)
}

func structValue(a []Arg) (string, error) {
	parts := make([]string, len(a))
	for k, x := range a {
		parts[k] = "c" + itoa(int64(k)) + ": " + x.SQL
	}
	return "{" + strings.Join(parts, ", ") + "}", nil
}

// planner says that a function is put in place by the binder, which knows its constant arguments.
func planner(name string) func([]model.Type) ([]model.Type, model.Type, error) {
	return func(args []model.Type) ([]model.Type, model.Type, error) { return nil, model.Null, NoMatch(name, args) }
}

// getField writes a member of a struct, whose name is a constant.
func getField(a []Arg) (string, error) {
	if len(a) != 2 || a[1].Lit == nil {
		return "", errs.New(errs.Internal, "get_field without a constant name")
	}
	return "struct_extract(" + a[0].SQL + ", " + Quote(a[1].Lit.Bytes) + ")", nil
}

// mapFunctions work on maps.
func mapFunctions() []*Scalar {
	// on declares a function whose first argument is a map; result is what it gives for the types of keys and values.
	on := func(name string, n int, result func(k, v model.Type) model.Type, sql string) *Scalar {
		return &Scalar{Name: name, SQL: template(sql), Resolve: func(args []model.Type) ([]model.Type, model.Type, error) {
			if len(args) != n || args[0].Kind != model.KindMap {
				return nil, model.Null, NoMatch(name, args)
			}
			k, v := args[0].MapTypes()
			want := append([]model.Type(nil), args...)
			if n == 2 {
				want[1] = k
				if !CanCast(args[1], k) {
					return nil, model.Null, NoMatch(name, args)
				}
			}
			return want, result(k, v), nil
		}}
	}
	entries := func(k, v model.Type) model.Type {
		return model.ListOf(model.StructOf([]model.Field{{Name: "key", Type: k}, {Name: "value", Type: v}}))
	}
	return []*Scalar{
		{Name: "map", SQL: template("map($1, $2)"), Resolve: func(args []model.Type) ([]model.Type, model.Type, error) {
			if len(args) != 2 || args[0].Kind != model.KindList || args[1].Kind != model.KindList {
				return nil, model.Null, NoMatch("map", args)
			}
			return args, model.MapOf(args[0].ElemType(), args[1].ElemType()), nil
		}},
		on("map_keys", 1, func(k, _ model.Type) model.Type { return model.ListOf(k) }, "map_keys($1)"),
		on("map_values", 1, func(_, v model.Type) model.Type { return model.ListOf(v) }, "map_values($1)"),
		on("map_entries", 1, entries, "map_entries($1)"),
		on("map_extract", 2, func(_, v model.Type) model.Type { return model.ListOf(v) }, "map_extract($1, $2)"),
		on("map value", 2, func(_, v model.Type) model.Type { return v }, "map_extract($1, $2)[1]"),
	}
}

// castNested writes the conversion of a list, struct or map, part by part where the engine's own way would count in other units.
func castNested(x string, from, to model.Type, try bool, depth int) (string, error) {
	if EngineType(to) == "" || EngineType(from) == "" {
		return x, nil
	}
	if from.Kind == model.KindList {
		v := "e" + itoa(int64(depth))
		e, err := castPart(v, from.ElemType(), to.ElemType(), try, depth)
		return "list_transform(" + x + ", lambda " + v + ": " + e + ")", err
	}
	if from.Kind == model.KindMap {
		fk, fv := from.MapTypes()
		tk, tv := to.MapTypes()
		k, err := castPart("map_keys("+x+")", model.ListOf(fk), model.ListOf(tk), try, depth)
		if err != nil {
			return "", err
		}
		v, err := castPart("map_values("+x+")", model.ListOf(fv), model.ListOf(tv), try, depth)
		return "CASE WHEN " + x + " IS NOT NULL THEN map(" + k + ", " + v + ") END", err
	}
	fm, tm := from.Members(), to.Members()
	parts := make([]string, len(tm))
	for i := range tm {
		p, err := castPart("struct_extract("+x+", "+Quote(fm[i].Name)+")", fm[i].Type, tm[i].Type, try, depth)
		if err != nil {
			return "", err
		}
		parts[i] = QuoteName(tm[i].Name) + ": " + p
	}
	return "CASE WHEN " + x + " IS NOT NULL THEN {" + strings.Join(parts, ", ") + "} END", nil
}

func castPart(x string, from, to model.Type, try bool, depth int) (string, error) {
	if from.Nested() && to.Nested() && from != to {
		return castNested(x, from, to, try, depth+1)
	}
	return CastSQL(x, from, to, try)
}

// canCastNested reports whether the parts of one nested type can be converted to those of another.
func canCastNested(from, to model.Type) bool {
	switch {
	case from.Kind != to.Kind:
		return false
	case from.Kind == model.KindList:
		return from.Elem == model.KindNull || to.Elem == model.KindNull || CanCast(from.ElemType(), to.ElemType())
	case from.Kind == model.KindMap:
		fk, fv := from.MapTypes()
		tk, tv := to.MapTypes()
		return CanCast(fk, tk) && CanCast(fv, tv)
	}
	fm, tm := from.Members(), to.Members()
	if len(fm) != len(tm) {
		return false
	}
	for i := range fm {
		if !CanCast(fm[i].Type, tm[i].Type) {
			return false
		}
	}
	return true
}
