package bind

import (
	"slices"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// unnestCalls collects the lists that a select list takes apart. Those of one level stand side by side; one that takes apart what another
// gives is of the next.
type unnestCalls struct {
	levels [][]plan.Item
}

// add gives the column of the elements of x, one for all mentions of the same list.
func (u *unnestCalls) add(q *plan.Query, x plan.Expr, name string) plan.Expr {
	at := 0
	for i, level := range u.levels {
		for _, it := range level {
			if plan.Key(it.X) == plan.Key(x) {
				return it.Col.Ref()
			}
		}
		if readsAny(x, level) {
			at = i + 1
		}
	}
	if at == len(u.levels) {
		u.levels = append(u.levels, nil)
	}
	it := plan.Item{Col: q.NewColumn(name, x.Type().ElemType()), X: x}
	u.levels[at] = append(u.levels[at], it)
	return it.Col.Ref()
}

func readsAny(x plan.Expr, items []plan.Item) bool {
	found := false
	plan.Uses(x, func(id plan.ColID) {
		found = found || slices.ContainsFunc(items, func(it plan.Item) bool { return it.Col.ID == id })
	})
	return found
}

// usedBy reports whether x reads elements.
func (u *unnestCalls) usedBy(x plan.Expr) bool {
	return slices.ContainsFunc(u.levels, func(level []plan.Item) bool { return readsAny(x, level) })
}

// above puts the lists that are taken apart on top of a node.
func (u *unnestCalls) above(n plan.Node) plan.Node {
	for _, level := range u.levels {
		n = &plan.Unnest{Input: n, Items: level}
	}
	return n
}

// rewrite replaces the lists by what f makes of them.
func (u *unnestCalls) rewrite(f func(plan.Expr) plan.Expr) {
	for _, level := range u.levels {
		for i := range level {
			level[i].X = f(level[i].X)
		}
	}
}

// unnestCall binds unnest(list) in a select list.
func (b *binder) unnestCall(es *exprScope, f *sql.FuncCall) (plan.Expr, error) {
	if es.unnests == nil {
		return nil, planError("Error during planning: unnest is not allowed here; put it into the select list or into FROM")
	}
	x, err := b.unnestArg(es, f)
	if err != nil {
		return nil, err
	}
	if x.Type().Kind == model.KindStruct {
		return nil, planError("Error during planning: unnest on struct can only be applied at the root level of select expression")
	}
	return es.unnests.add(b.out, x, b.display(es.scope, f)), nil
}

// unnestArg binds what a call of unnest with one argument takes apart: a list of known type, or a struct.
func (b *binder) unnestArg(es *exprScope, f *sql.FuncCall) (plan.Expr, error) {
	if len(f.Args) != 1 {
		return nil, planError("Error during planning: unnest() requires exactly one argument")
	}
	x, err := b.expr(es, f.Args[0].Expr)
	if err != nil {
		return nil, err
	}
	return b.unnestable(x)
}

func (b *binder) unnestable(x plan.Expr) (plan.Expr, error) {
	switch t := x.Type(); {
	case t.Kind == model.KindNull, t.Kind == model.KindList && t.Elem == model.KindNull: // of nothing, or of NULLs only
		return b.cast(x, model.ListOf(model.Int64))
	case t.Kind == model.KindList, t.Kind == model.KindStruct && len(t.Members()) > 0:
		return x, nil
	case t.Kind == model.KindStruct:
		return nil, errs.New(errs.Unsupported, "Not supported: unnest of a struct whose type is not known while planning")
	default:
		return nil, planError("Error during planning: unnest() can only be applied to array, struct and null, got %s", t)
	}
}

func isUnnest(e sql.Expr) (*sql.FuncCall, bool) {
	f, ok := e.(*sql.FuncCall)
	return f, ok && len(f.Name) == 1 && strings.EqualFold(f.FuncName(), "unnest")
}

// unnestStruct binds an item of the select list that is unnest(struct): an item for every member. ok is false where it is something else.
func (sb *selectBinder) unnestStruct(it sql.SelectItem) (ok bool, err error) {
	f, ok := isUnnest(it.Expr)
	if !ok || len(f.Args) != 1 {
		return false, nil
	}
	x, err := sb.b.expr(sb.es, f.Args[0].Expr)
	if err != nil || x.Type().Kind != model.KindStruct {
		return false, err
	}
	if x, err = sb.b.unnestable(x); err != nil {
		return true, err
	}
	if plan.Size(x)*len(x.Type().Members()) > plan.MaxSize {
		return true, planError("Error during planning: the expression is nested too deep")
	}
	name := "__unnest_placeholder(" + sb.b.display(sb.scope, f.Args[0].Expr) + ")."
	for _, m := range x.Type().Members() {
		member, err := sb.b.member(x, m.Name)
		if err != nil {
			return true, err
		}
		sb.items = append(sb.items, selected{name: name + m.Name, x: member})
	}
	return true, nil
}

// unnestTable binds unnest in FROM: lists side by side, or the members of a struct.
func (b *binder) unnestTable(es *exprScope, t *sql.TableFunc) (*relation, error) {
	f := &plan.TableFunc{Fn: "unnest", Ordinal: t.Ordinal}
	rel := &relation{node: f}
	show := func(name string, typ model.Type) {
		c := b.out.NewColumn(name, typ)
		f.Out = append(f.Out, c)
		rel.cols = append(rel.cols, shown{name, c})
	}
	for _, a := range t.Call.Args {
		x, err := b.expr(es, a.Expr)
		if err != nil {
			return nil, err
		}
		if x, err = b.unnestable(x); err != nil {
			return nil, err
		}
		name := "UNNEST(" + b.display(es.scope, a.Expr) + ")"
		if x.Type().Kind != model.KindStruct {
			f.Args = append(f.Args, x)
			show(name, x.Type().ElemType())
			continue
		}
		if len(t.Call.Args) > 1 {
			return nil, errs.New(errs.Unsupported, "Not supported: unnest of a struct beside other arguments in FROM")
		}
		return b.structTable(x, name, t.Ordinal)
	}
	if len(f.Args) == 0 {
		return nil, planError("Error during planning: unnest() requires at least one argument")
	}
	if t.Ordinal {
		show("ordinality", model.Int64)
	}
	return rel, nil
}

// structTable is the one row of a struct's members.
func (b *binder) structTable(x plan.Expr, name string, ordinal bool) (*relation, error) {
	p := &plan.Project{Input: &plan.Values{Rows: [][]plan.Expr{{}}}}
	rel := &relation{node: p}
	add := func(name string, x plan.Expr) {
		c := b.out.NewColumn(name, x.Type())
		p.Items = append(p.Items, plan.Item{Col: c, X: x})
		rel.cols = append(rel.cols, shown{name, c})
	}
	for _, m := range x.Type().Members() {
		member, err := b.member(x, m.Name)
		if err != nil {
			return nil, err
		}
		add(name+"."+m.Name, member)
	}
	if ordinal {
		add("ordinality", &plan.Lit{V: model.IntValue(model.Int64, 1)})
	}
	return rel, nil
}

// seriesArgs binds the arguments of generate_series and range: numbers, or two times or dates and an interval. It gives the type of what they
// count.
func (b *binder) seriesArgs(es *exprScope, f *plan.TableFunc, args []sql.Arg) (model.Type, error) {
	if len(args) < 1 || len(args) > 3 {
		return model.Null, planError("Error during planning: %s function requires 1 to 3 arguments", f.Fn)
	}
	for _, a := range args {
		x, err := b.expr(es, a.Expr)
		if err != nil {
			return model.Null, err
		}
		f.Args = append(f.Args, x)
	}
	t := f.Args[0].Type()
	times := t.IsTimestamp() || t.Kind == model.KindDate
	want := []model.Type{model.Int64, model.Int64, model.Int64}
	if times {
		if len(args) != 3 {
			return t, planError("Error during planning: %s of times needs a start, an end and a step, which is an interval", f.Fn)
		}
		want = []model.Type{t, t, model.Interval}
	} else {
		t = model.Int64
	}
	for i := range f.Args {
		x, err := b.cast(f.Args[i], want[i])
		if err != nil {
			return t, err
		}
		f.Args[i] = x
		if l, ok := x.(*plan.Lit); ok && i == 2 && (l.V.Null() || l.V.Int == 0 && l.V.Interval == (model.MonthDayNano{})) {
			return t, planError("Error during planning: the step of %s must not be NULL or zero", f.Fn)
		}
	}
	return t, nil
}
