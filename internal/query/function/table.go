package function

import (
	"sort"
	"strings"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Tier is where a function is computed.
type Tier uint8

// The tiers.
const (
	Rewrite Tier = iota // written as an expression of several of the engine's functions, or as a macro
	Native              // a function of the engine's, called as it is
	Ours                // a function over columns of this package, see Column
	Planned             // known while planning: the binder puts the value, or another expression, in place
)

func (t Tier) String() string { return [...]string{"rewrite", "native", "ours", "planned"}[t] }

// tierOf tells it by what is written; text made by code is Rewrite unless a sample call shows otherwise.
func tierOf(sql string) Tier {
	switch {
	case sql == "":
		return Rewrite
	case callsOurs(sql):
		return Ours
	}
	name, args, ok := strings.Cut(sql, "(")
	if ok && strings.HasSuffix(args, ")") && !strings.ContainsAny(name, " $'") && strings.Trim(args, "$*123456789, )") == "" {
		return Native
	}
	return Rewrite
}

// callsOurs reports text that calls one of Columns, which have names that macros have not.
func callsOurs(sql string) bool {
	for i := strings.Index(sql, "gt_"); i >= 0; {
		rest := sql[i:]
		name := rest[:len(rest)-len(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyz0123456789_$#"))]
		if isColumn(name) {
			return true
		}
		next := strings.Index(rest[3:], "gt_")
		if next < 0 {
			return false
		}
		i += 3 + next
	}
	return false
}

func isColumn(name string) bool {
	switch {
	case strings.HasPrefix(name, "gt_ts_"), strings.HasPrefix(name, "gt_to_"), strings.HasPrefix(name, "gt_add_"):
		return false
	}
	switch name {
	case "gt_floordiv", "gt_span", "gt_similar", "gt_quick_bin", "gt_low", "gt_lowu", "":
		return false
	}
	return true
}

// Entry is a function as the documentation lists it.
type Entry struct {
	Family  string // of functions.md, e.g. "Text"
	Name    string // canonical
	Aliases []string
	Kind    string // "scalar", "aggregate", "window"
	Tier    Tier
}

// planned are the functions that the binder answers.
var planned = []string{"arrow_cast", "arrow_metadata", "arrow_try_cast", "arrow_typeof", "build", "connection_id", "current_database", "current_date", "current_schema",
	"current_time", "current_timestamp", "current_user", "database", "localtimestamp", "now", "pg_backend_pid", "read_preference", "session_user",
	"timezone", "today", "user", "version"}

// plannedAliases are other names of those of planned that have some.
var plannedAliases = map[string]string{"current_timestamp": "now", "today": "current_date"}

// PlannedName is the name by which a function that the binder answers is known, given in lower case.
func PlannedName(name string) string {
	if canonical, ok := plannedAliases[name]; ok {
		return canonical
	}
	return name
}

// Table lists every function that users can call, by family and name.
func Table() []Entry {
	var out []Entry
	family := func(name string, of ...def) {
		for _, d := range of {
			out = append(out, Entry{Family: name, Name: d.name, Kind: "scalar", Tier: scalarTier(scalars[d.name])})
		}
	}
	one := func(name string, fs ...*Scalar) {
		for _, f := range fs {
			if !strings.Contains(f.Name, " ") {
				out = append(out, Entry{Family: name, Name: f.Name, Kind: "scalar", Tier: scalarTier(f)})
			}
		}
	}
	family("Conditional", condFunctions()...)
	family("Math", mathFunctions()...)
	one("Math", modFunction())
	family("Text", textFunctions()...)
	family("JSON", jsonFunctions()...)
	one("Date and time", timeFunctions()...)
	family("Vector", vectorFunctions()...)
	family("Addresses, places and sketches", placeFunctions()...)
	one("Lists, structs and maps", arrayFunctions()...)
	family("System", systemFunctions()...)
	for _, n := range planned {
		if plannedAliases[n] != "" {
			continue
		}
		out = append(out, Entry{Family: "System", Name: n, Kind: "scalar", Tier: Planned})
	}
	for name, f := range aggregates {
		if name == f.Name {
			e := Entry{Family: "Aggregates", Name: name, Kind: "aggregate", Tier: aggregateTier(f)}
			if f.Window {
				e.Family, e.Kind = "Window functions", "window"
			}
			out = append(out, e)
		}
	}
	names := map[string][]string{}
	for alias, f := range scalars {
		if alias != f.Name {
			names[f.Name] = append(names[f.Name], alias)
		}
	}
	for alias, name := range plannedAliases {
		names[name] = append(names[name], alias)
	}
	for alias, f := range aggregates {
		if alias != f.Name {
			names[f.Name] = append(names[f.Name], alias)
		}
	}
	for i := range out {
		out[i].Aliases = names[out[i].Name]
		sort.Strings(out[i].Aliases)
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		return a.Family < b.Family || a.Family == b.Family && a.Name < b.Name
	})
	return out
}

// scalarTier looks at sample calls where code writes the text.
func scalarTier(f *Scalar) Tier {
	if f.Tier != Rewrite || f.Resolve == nil {
		return f.Tier
	}
	samples := []model.Type{model.Int64, model.Float64, model.String, model.Timestamp(model.Millisecond), model.ListOf(model.Int64)}
	for n := 0; n <= 4; n++ {
		for _, t := range samples {
			args := make([]model.Type, n)
			for i := range args {
				args[i] = t
			}
			want, _, err := f.Resolve(args)
			if err != nil {
				continue
			}
			call := make([]Arg, n)
			for i := range call {
				call[i] = Arg{SQL: "x", Type: want[i]}
			}
			if text, err := f.SQL(call); err == nil && callsOurs(text) {
				return Ours
			}
		}
	}
	return Rewrite
}

func aggregateTier(f *Aggregate) Tier {
	for n := 0; n <= 3; n++ {
		args := make([]model.Type, n)
		for i := range args {
			args[i] = model.Float64
		}
		want, result, err := f.Resolve(args)
		if err != nil {
			for i := range args {
				args[i] = model.String
			}
			if want, result, err = f.Resolve(args); err != nil {
				continue
			}
		}
		c := Call{Result: result}
		for i := range args {
			a := Arg{SQL: "x", Type: want[i]}
			if want[i] == model.Float64 { // ranks must be constants
				half := model.FloatValue(0.5)
				a.Lit = &half
			}
			c.Args = append(c.Args, a)
		}
		text, err := f.SQL(c)
		switch {
		case err != nil:
			continue
		case callsOurs(text):
			return Ours
		case strings.Count(text, "(") == 1:
			return Native
		}
		return Rewrite
	}
	return Rewrite
}
