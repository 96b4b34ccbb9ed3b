package series

import (
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Split parts the conditions that must all hold into those on tags only (and constants), those on the time index only, and the rest. nil
// is no condition.
func Split(pred *model.Expr, tags []model.ColumnID, timeIndex model.ColumnID) (onTags, onTime, rest *model.Expr) {
	var a, b, c []*model.Expr
	for _, e := range pred.Conjuncts() {
		cols := map[model.ColumnID]bool{}
		e.Columns(cols)
		onlyTags, onlyTime := true, true
		for id := range cols {
			onlyTags = onlyTags && slices.Contains(tags, id)
			onlyTime = onlyTime && id == timeIndex
		}
		switch {
		case onlyTags:
			a = append(a, e)
		case onlyTime:
			b = append(b, e)
		default:
			c = append(c, e)
		}
	}
	return model.And(a...), model.And(b...), model.And(c...)
}
