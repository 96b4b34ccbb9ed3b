package render

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

func (w *writer) texts(es []plan.Expr) ([]string, error) {
	args, err := w.args(es)
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = a.SQL
	}
	return parts, err
}

func (w *writer) tableFunc(n *plan.TableFunc) (string, error) {
	args, err := w.texts(n.Args)
	if err != nil {
		return "", err
	}
	if n.Fn == "unnest" {
		return unnestLists(n, args), nil
	}
	out, t := name(n.Out[0].ID), n.Out[0].Type
	v := "CAST(v AS " + function.EngineType(t) + ")"
	if t.IsTimestamp() || t.Kind == model.KindDate { // which count as the engine's times
		v = function.FromStamp("v", t)
		for i := range 2 {
			args[i] = function.ToStamp(args[i], t)
		}
	}
	items := v + " AS " + out
	if n.Ordinal {
		items += ", row_number() OVER () AS " + name(n.Out[1].ID)
	}
	return "SELECT " + items + " FROM " + n.Fn + "(" + strings.Join(args, ", ") + ") f(v)", nil
}

// unnestLists puts the elements of lists side by side.
func unnestLists(n *plan.TableFunc, lists []string) string {
	items := make([]string, len(n.Out))
	for i, l := range lists {
		items[i] = "unnest(" + l + ") AS " + name(n.Out[i].ID)
	}
	if n.Ordinal {
		lengths := make([]string, len(lists))
		for i, l := range lists {
			lengths[i] = "coalesce(len(" + l + "), 0)"
		}
		items[len(lists)] = "unnest(range(1, greatest(" + strings.Join(lengths, ", ") + ") + 1)) AS " + name(n.Out[len(lists)].ID)
	}
	return "SELECT " + strings.Join(items, ", ")
}

func (w *writer) unnest(n *plan.Unnest) (string, error) {
	items := "*"
	for _, it := range n.Items {
		x, err := w.expr(it.X)
		if err != nil {
			return "", err
		}
		items += ", unnest(" + x + ") AS " + name(it.Col.ID)
	}
	return w.around(n.Input, items, func(sel string) (string, error) { return sel, nil })
}
