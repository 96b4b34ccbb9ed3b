package bind

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// atTimeZone binds x AT TIME ZONE zone: a timestamp is what a clock in the zone shows, and the result the instant at which it does; of an
// instant, the result is what the clock shows.
func (b *binder) atTimeZone(es *exprScope, xe, ze sql.Expr) (plan.Expr, error) {
	x, err := b.expr(es, xe)
	if err != nil {
		return nil, err
	}
	if t := x.Type(); !t.IsTimestamp() {
		to := model.Timestamp(model.Millisecond)
		if t.Kind == model.KindString {
			to = model.Timestamp(model.Microsecond)
		}
		if x, err = b.cast(x, to); err != nil {
			return nil, err
		}
	}
	zone, err := b.expr(es, ze)
	if err != nil {
		return nil, err
	}
	if l, ok := zone.(*plan.Lit); ok && !l.V.Null() && l.V.Type.Kind == model.KindString {
		if _, err := function.NamedZone(l.V.Bytes); err != nil {
			return nil, planError("Error during planning: %v", err)
		}
	}
	name := function.InstantName
	if isInstant(xe) {
		name = function.WallName
	}
	fn, _ := function.Lookup(name)
	return b.apply(fn, []plan.Expr{x, zone})
}

// isInstant reports an expression whose value PostgreSQL knows to be an instant: a TIMESTAMP WITH TIME ZONE.
func isInstant(e sql.Expr) bool {
	switch e := e.(type) {
	case *sql.AtTimeZone:
		return !isInstant(e.X)
	case *sql.Cast:
		return strings.EqualFold(e.Type.Name, "TIMESTAMPTZ")
	case *sql.TypedLit:
		return strings.EqualFold(e.Type.Name, "TIMESTAMPTZ")
	case *sql.FuncCall:
		switch strings.ToLower(e.FuncName()) {
		case "now", "current_timestamp", "to_timestamp":
			return true
		case "timezone":
			return len(e.Args) == 2 && !isInstant(e.Args[1].Expr)
		}
	}
	return false
}
