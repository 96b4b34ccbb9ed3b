package render

import (
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/query/plan"
)

func workingName(id int) string { return "working" + strconv.Itoa(id) }

// recursive writes a recursive query as an item of its own, so that its name is known nowhere else.
func (w *writer) recursive(n *plan.Recursive) (string, error) {
	side := func(in plan.Node) (string, error) {
		s, err := w.query(in)
		return "(" + s + ")", err
	}
	base, err := side(n.Base)
	if err != nil {
		return "", err
	}
	step, err := side(n.Step)
	if err != nil {
		return "", err
	}
	names := make([]string, len(n.Out))
	for i, c := range n.Out {
		names[i] = name(c.ID)
	}
	op := " UNION "
	if n.All {
		op = " UNION ALL "
	}
	t := workingName(n.ID)
	return "WITH RECURSIVE " + t + "(" + strings.Join(names, ", ") + ") AS (" + base + op + step + ") SELECT * FROM " + t, nil
}

func (w *writer) working(n *plan.Working) string {
	items := make([]string, len(n.Out))
	for i, c := range n.Out {
		items[i] = name(n.Of[i].ID) + " AS " + name(c.ID)
	}
	return "SELECT " + strings.Join(items, ", ") + " FROM " + workingName(n.ID)
}
