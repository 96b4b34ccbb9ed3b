package bind

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// arrowCall answers the functions that speak of types by their names in Arrow.
func (b *binder) arrowCall(es *exprScope, name string, f *sql.FuncCall) (plan.Expr, bool, error) {
	least, most := 2, 2
	switch name {
	case "arrow_typeof":
		least, most = 1, 1
	case "arrow_metadata":
		least = 1
	}
	if n := len(f.Args); n < least || n > most {
		return nil, false, planError("Error during planning: Function '%s' expects %s, but received %d", name,
			[...]string{"1 argument", "1 to 2 arguments", "2 arguments"}[least+most-2], n)
	}
	x, err := b.expr(es, f.Args[0].Expr)
	if err != nil {
		return nil, false, err
	}
	switch name {
	case "arrow_typeof":
		return &plan.Lit{V: model.StringValue(arrowName(x.Type()))}, true, nil
	case "arrow_metadata": // columns have none
		if len(f.Args) == 2 {
			return &plan.Lit{V: model.NullOf(model.String)}, true, nil
		}
		none := &plan.Cast{X: &plan.List{T: model.ListOf(model.Null)}, T: model.ListOf(model.String)}
		m, err := b.callFn("map", none, none)
		return m, err == nil, err
	}
	l, ok := f.Args[1].Expr.(*sql.Literal)
	if !ok || l.Kind != sql.LitString {
		return nil, false, planError("Error during planning: %s requires its second argument to be a constant string", name)
	}
	t, ok := arrowType(l.Text, 0)
	if !ok {
		return nil, false, errs.New(errs.PlanQuery, "Failed to plan SQL: Error during planning: Unsupported type '%s'", l.Text)
	}
	y, err := b.castAs(x, t, name == "arrow_try_cast")
	return y, err == nil, err
}

var arrowUnits = [...]string{"s", "ms", "µs", "ns"}

// arrowName is the name that arrow_typeof gives a type.
func arrowName(t model.Type) string {
	switch t.Kind {
	case model.KindString, model.KindJSON:
		return "Utf8"
	case model.KindTimestamp:
		return "Timestamp(" + arrowUnits[t.Unit] + ")"
	case model.KindDuration:
		return "Duration(" + arrowUnits[t.Unit] + ")"
	case model.KindTime:
		return clockArrowName(t.Unit)
	case model.KindList, model.KindStruct, model.KindMap:
		return nestedArrowName(t)
	case model.KindDate:
		return "Date32"
	case model.KindInterval:
		return "Interval(MonthDayNano)"
	case model.KindDecimal:
		return fmt.Sprintf("Decimal128(%d, %d)", t.Precision, t.Scale)
	case model.KindVector:
		return "Binary"
	}
	return t.String()
}

func clockArrowName(u model.TimeUnit) string {
	if u <= model.Millisecond {
		return "Time32(" + arrowUnits[u] + ")"
	}
	return "Time64(" + arrowUnits[u] + ")"
}

func nestedArrowName(t model.Type) string {
	switch t.Kind {
	case model.KindList:
		return "List(" + arrowName(t.ElemType()) + ")"
	case model.KindMap:
		k, v := t.MapTypes()
		return `Map("entries": non-null Struct("keys": non-null ` + arrowName(k) + `, "values": ` + arrowName(v) + "), unsorted)"
	}
	parts := []string{}
	for _, m := range t.Members() {
		parts = append(parts, strconv.Quote(m.Name)+": "+arrowName(m.Type))
	}
	return "Struct(" + strings.Join(parts, ", ") + ")"
}

// maxArrowDepth bounds how deep the types nest that arrow_cast is given, as those in other casts do.
const maxArrowDepth = 128

// arrowType reads what arrow_cast is given, within depth other types. A dictionary is what its values are, and there is one kind of text and of binaries, however
// long. Times have no zones: what is said of UTC is dropped.
func arrowType(name string, depth int) (model.Type, bool) {
	if depth > maxArrowDepth {
		return model.Null, false
	}
	inner := func(prefix string) (string, bool) {
		rest, ok := strings.CutPrefix(name, prefix+"(")
		rest, end := strings.CutSuffix(rest, ")")
		return rest, ok && end
	}
	if value, ok := inner("Dictionary"); ok {
		_, value, ok = strings.Cut(value, ", ")
		if t, known := arrowType(value, depth+1); ok && known && !t.Nested() {
			return t, true
		}
		return model.Null, false
	}
	for _, list := range []string{"List", "LargeList"} {
		if elem, ok := inner(list); ok {
			t, ok := arrowType(strings.TrimPrefix(elem, "nullable "), depth+1)
			return model.ListOf(t), ok
		}
	}
	if unit, ok := strings.CutSuffix(name, `, Some("+00:00"))`); ok {
		name = unit + ", None)"
	}
	switch name {
	case "Utf8", "LargeUtf8", "Utf8View":
		return model.String, true
	case "LargeBinary", "BinaryView":
		return model.Binary, true
	case "Date32":
		return model.Date, true
	case "Interval(MonthDayNano)":
		return model.Interval, true
	}
	for u, n := range arrowUnits {
		unit := model.TimeUnit(u)
		if name == "Timestamp("+n+")" || name == "Timestamp("+unit.String()+", None)" || n == "µs" && name == "Timestamp(us)" {
			return model.Timestamp(unit), true
		}
		if name == "Duration("+n+")" || name == "Duration("+unit.String()+")" || n == "µs" && name == "Duration(us)" {
			return model.Duration(unit), true
		}
		if bits := map[bool]string{true: "Time32(", false: "Time64("}[unit <= model.Millisecond]; name == bits+n+")" || name == bits+unit.String()+")" || n == "µs" && name == "Time64(us)" {
			return model.TimeOf(unit), true
		}
	}
	var p, s uint8
	if _, err := fmt.Sscanf(name, "Decimal128(%d, %d)", &p, &s); err == nil && p >= 1 && p <= 38 && s <= p {
		t := model.Decimal(p, s)
		return t, arrowName(t) == name
	}
	t, err := model.ParseType(name)
	return t, err == nil
}
