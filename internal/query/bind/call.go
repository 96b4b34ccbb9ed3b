package bind

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// aggCalls collects the aggregate calls of a SELECT, each different one once.
type aggCalls struct {
	calls []plan.Agg
	ids   map[string]int
}

func (a *aggCalls) add(q *plan.Query, call plan.Agg, t model.Type, name string) *plan.Col {
	key := call.Key()
	if i, ok := a.ids[key]; ok {
		return a.calls[i].Col.Ref()
	}
	call.Col = q.NewColumn(name, t)
	if a.ids == nil {
		a.ids = map[string]int{}
	}
	a.ids[key] = len(a.calls)
	a.calls = append(a.calls, call)
	return call.Col.Ref()
}

// uses reports whether x reads the result of an aggregate call.
func (a *aggCalls) uses(x plan.Expr) bool {
	found := false
	plan.Uses(x, func(id plan.ColID) {
		for _, c := range a.calls {
			found = found || c.Col.ID == id
		}
	})
	return found
}

type windowCalls struct{ calls []windowCall }

type windowCall = plan.WindowCall

// call binds a function call.
func (b *binder) call(es *exprScope, f *sql.FuncCall) (plan.Expr, error) {
	name := strings.ToLower(f.FuncName())
	agg, isAgg := function.LookupAggregate(name)
	if f.Over != nil {
		if !isAgg {
			return nil, b.unknownFunction(name)
		}
		return b.windowCall(es, f, agg)
	}
	if isAgg {
		if agg.Window {
			return nil, planError("Error during planning: %s requires an OVER clause", name)
		}
		return b.aggregateCall(es, f, agg)
	}
	if x, ok, err := b.sessionCall(es, name, f); ok || err != nil {
		return x, err
	}
	fn, ok := function.Lookup(name)
	if !ok {
		if x := b.mysqlName(name, f); x != nil {
			return b.expr(es, x)
		}
	}
	if !ok || fn.Resolve == nil || strings.ContainsAny(name, " <>=!~+-*/%|&^") {
		return nil, b.unknownFunction(name)
	}
	args := make([]plan.Expr, len(f.Args))
	for i, a := range f.Args {
		x, err := b.expr(es, a.Expr)
		if err != nil {
			return nil, err
		}
		args[i] = x
	}
	if function.Zoned(fn.Name) {
		args = append(args, b.zone())
	}
	return b.apply(fn, args)
}

// apply converts arguments to what the function wants.
func (b *binder) apply(fn *function.Scalar, args []plan.Expr) (plan.Expr, error) {
	want, result, err := fn.Resolve(types(args))
	if err != nil {
		return nil, err
	}
	for i := range args {
		if args[i], err = b.cast(args[i], want[i]); err != nil {
			return nil, err
		}
	}
	if fn.Name == "date_part" {
		if l, ok := args[0].(*plan.Lit); ok {
			result = function.DatePartType(l.V.Bytes)
		}
	}
	if err := checkNested(result); err != nil {
		return nil, err
	}
	return b.fold(&plan.Call{Fn: fn.Name, Args: args, T: result}), nil
}

func types(es []plan.Expr) []model.Type {
	out := make([]model.Type, len(es))
	for i, e := range es {
		out[i] = e.Type()
	}
	return out
}

func (b *binder) unknownFunction(name string) error {
	return planError("Error during planning: Invalid function '%s'.%s", name, function.DidYouMean(name))
}

// aggregateArgs binds the arguments of an aggregate or window call.
func (b *binder) aggregateArgs(es *exprScope, f *sql.FuncCall, agg *function.Aggregate) (plan.Agg, model.Type, error) {
	call := plan.Agg{Fn: agg.Name, Distinct: f.Distinct, IgnoreNulls: f.Nulls == sql.NullsIgnored}
	var args []plan.Expr
	for _, a := range f.Args {
		if star, ok := a.Expr.(*sql.Star); ok && agg.Name == "count" && star.Qualifier == nil && len(f.Args) == 1 {
			continue
		}
		x, err := b.expr(es, a.Expr)
		if err != nil {
			return call, model.Null, err
		}
		args = append(args, x)
	}
	if agg.Name == "count" && len(args) == 1 {
		if l, ok := args[0].(*plan.Lit); ok && !l.V.Null() { // count(1) counts rows
			args, call.Distinct = nil, false
		}
	}
	order := f.OrderBy
	if len(f.WithinGroup) > 0 { // percentile_cont(0.5) WITHIN GROUP (ORDER BY x) is percentile_cont(x, 0.5)
		x, err := b.expr(es, f.WithinGroup[0].Expr)
		if err != nil {
			return call, model.Null, err
		}
		if len(args) > 0 && f.WithinGroup[0].Desc {
			at := 0
			if agg.Name == "approx_percentile_cont_with_weight" && len(args) > 1 { // the weight comes before
				at = 1
			}
			rest, err := b.arithmetic("-", &plan.Lit{V: model.FloatValue(1)}, args[at])
			if err != nil {
				return call, model.Null, err
			}
			args[at] = rest
		}
		args = append([]plan.Expr{x}, args...)
	}
	for _, o := range order {
		x, err := b.expr(es, o.Expr)
		if err != nil {
			return call, model.Null, err
		}
		call.OrderBy = append(call.OrderBy, sortKey(o, x))
	}
	if f.Filter != nil {
		x, err := b.condition(es, f.Filter)
		if err != nil {
			return call, model.Null, err
		}
		call.Filter = x
	}
	want, result, err := agg.Resolve(types(args))
	if err != nil {
		return call, model.Null, err
	}
	for i := range args {
		if args[i], err = b.cast(args[i], want[i]); err != nil {
			return call, model.Null, err
		}
	}
	call.Args = args
	return call, result, nil
}

func (b *binder) aggregateCall(es *exprScope, f *sql.FuncCall, agg *function.Aggregate) (plan.Expr, error) {
	if es.ranges != nil {
		inner := *es
		inner.ranges, inner.inRange = nil, true // aggregates do not nest
		call, result, err := b.aggregateArgs(&inner, f, agg)
		if err != nil {
			return nil, err
		}
		return b.rangeAggregate(es, call, result, b.display(es.scope, f))
	}
	if es.aggs == nil {
		return nil, planError("Error during planning: Aggregate functions are not allowed here: %s", b.display(es.scope, f))
	}
	inner := *es
	inner.aggs, inner.wins, inner.unnests = nil, nil, nil // aggregates do not nest
	call, result, err := b.aggregateArgs(&inner, f, agg)
	if err != nil {
		return nil, err
	}
	return es.aggs.add(b.out, call, result, b.display(es.scope, f)), nil
}

func (b *binder) windowCall(es *exprScope, f *sql.FuncCall, agg *function.Aggregate) (plan.Expr, error) {
	if es.ranges != nil {
		return nil, rangeError("Window functions is not allowed in Range Query")
	}
	if es.wins == nil {
		return nil, planError("Error during planning: Window functions are not allowed here: %s", b.display(es.scope, f))
	}
	inner := *es
	inner.wins, inner.unnests = nil, nil
	call, result, err := b.aggregateArgs(&inner, f, agg)
	if err != nil {
		return nil, err
	}
	call.Col = b.out.NewColumn(b.display(es.scope, f), result)
	w := windowCall{Agg: call}
	if err := b.windowSpec(&inner, f.Over, &w, 0); err != nil {
		return nil, err
	}
	es.wins.calls = append(es.wins.calls, w)
	return call.Col.Ref(), nil
}

func (b *binder) windowSpec(es *exprScope, s *sql.WindowSpec, w *windowCall, depth int) error {
	if s.Base.Name != "" {
		base := es.scope.namedWindow(s.Base.Name)
		if base == nil || depth > 16 {
			return planError("Error during planning: The window %s is not defined!", s.Base.Name)
		}
		if err := b.windowSpec(es, base, w, depth+1); err != nil {
			return err
		}
	}
	for _, e := range s.PartitionBy {
		x, err := b.expr(es, e)
		if err != nil {
			return err
		}
		w.PartitionBy = append(w.PartitionBy, x)
	}
	for _, o := range s.OrderBy {
		x, err := b.expr(es, o.Expr)
		if err != nil {
			return err
		}
		w.Order = append(w.Order, sortKey(o, x))
	}
	if s.Frame == nil {
		return nil
	}
	fr := &plan.Frame{Unit: [...]string{"ROWS", "RANGE", "GROUPS"}[s.Frame.Unit]}
	for _, p := range []struct {
		from sql.Bound
		to   *plan.Bound
	}{{s.Frame.Start, &fr.Start}, {s.Frame.End, &fr.End}} {
		p.to.Kind = [...]string{"UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING"}[p.from.Kind]
		if p.from.N != nil {
			x, err := b.expr(es, p.from.N)
			if err != nil {
				return err
			}
			p.to.N = x
		}
	}
	if err := b.frameBounds(fr, w.Order); err != nil {
		return err
	}
	w.Frame = fr
	return nil
}

// sessionCall answers functions whose value is known while planning.
func (b *binder) sessionCall(es *exprScope, name string, f *sql.FuncCall) (plan.Expr, bool, error) {
	text := func(s string) (plan.Expr, bool, error) { return &plan.Lit{V: model.StringValue(s)}, true, nil }
	switch name {
	case "now", "current_timestamp", "localtimestamp":
		return &plan.Lit{V: model.IntValue(model.Timestamp(model.Nanosecond), b.env.Now.UnixNano())}, true, nil
	case "current_date", "today":
		return &plan.Lit{V: model.IntValue(model.Date, floorDiv(b.env.Now.Unix(), 86400))}, true, nil
	case "database", "current_schema":
		return text(b.env.Session.Database)
	case "current_database":
		return text(b.env.Session.Catalog)
	case "timezone":
		if len(f.Args) == 2 { // of PostgreSQL: the second AT TIME ZONE the first
			x, err := b.atTimeZone(es, f.Args[1].Expr, f.Args[0].Expr)
			return x, true, err
		}
		return text(b.env.Session.Timezone.String())
	case "version":
		return text(b.env.Version)
	case "build":
		return text("branch: main\nversion: " + b.env.Version)
	case "current_time":
		return &plan.Lit{V: model.IntValue(model.TimeOf(model.Nanosecond), b.env.Now.UnixNano()%86400e9)}, true, nil
	case "connection_id":
		return &plan.Lit{V: model.IntValue(model.Uint32, int64(b.env.Session.ID))}, true, nil
	case "pg_backend_pid":
		return &plan.Lit{V: model.IntValue(model.Uint64, int64(b.env.Session.ID))}, true, nil
	case "session_user", "current_user", "user":
		user := b.env.Session.User
		if user == "" {
			user = "greptime"
		}
		return text(user)
	case "read_preference":
		return text("LEADER")
	case "arrow_typeof", "arrow_cast", "arrow_try_cast", "arrow_metadata":
		return b.arrowCall(es, name, f)
	case "unnest":
		x, err := b.unnestCall(es, f)
		return x, true, err
	case "named_struct", "get_field":
		x, err := b.structCall(es, name, f)
		return x, true, err
	}
	return nil, false, nil
}

func floorDiv(a, d int64) int64 {
	q := a / d
	if a%d < 0 {
		q--
	}
	return q
}
