package metric

import (
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
)

// pushed turns a predicate over a physical table's columns into one over those of its data regions, which lets through at least the same
// rows. A label lies in different columns for different members: what is asked of it is asked of each, in the column where it has it.
type pushed struct {
	schema *model.Schema             // PhysicalSchema's
	places map[string]map[uint32]int // by label: the members that have it, by number, and its position there
	live   []uint32                  // members of which rows may be wanted
}

// narrow leaves out members of which no row can be wanted.
func (p *pushed) narrow(pred *model.Expr) {
	for _, e := range pred.Conjuncts() {
		if e.Op < model.OpEq {
			continue
		}
		has := p.has(e)
		switch {
		case e.Column == shownTable && (e.Op == model.OpEq || e.Op == model.OpIn):
			p.live = slices.DeleteFunc(p.live, func(n uint32) bool {
				return !slices.ContainsFunc(e.Values, func(v model.Value) bool { return !v.Null() && v.Int == int64(n) })
			})
		case e.Column > shownTSID && e.Op != model.OpIsNull: // true of values only
			p.live = slices.DeleteFunc(p.live, func(n uint32) bool { _, ok := has[n]; return !ok })
		}
	}
}

// has is the members that have the label of a leaf; nil if it is not on a label.
func (p *pushed) has(e *model.Expr) map[uint32]int {
	c := p.schema.Column(e.Column)
	if c == nil || e.Column <= shownTSID {
		return nil
	}
	return p.places[c.Name]
}

// rewrite is e over the data regions' columns; nil: every row may be wanted.
func (p *pushed) rewrite(e *model.Expr) *model.Expr {
	if e == nil {
		return nil
	}
	switch e.Op {
	case model.OpTrue:
		return nil
	case model.OpFalse:
		return e
	case model.OpAnd, model.OpOr:
		var args []*model.Expr
		for _, a := range e.Args {
			x := p.rewrite(a)
			if x == nil && e.Op == model.OpOr {
				return nil
			}
			args = append(args, x)
		}
		if e.Op == model.OpAnd {
			return model.And(args...)
		}
		return model.Or(args...)
	}
	to := *e
	switch e.Column {
	case shownTime:
		to.Column = colTime
	case shownValue:
		to.Column = colValue
	case shownTable:
		to.Column = colTable
	case shownTSID:
		return nil // it is computed of rows that are read
	default:
		return p.label(e)
	}
	return &to
}

// label asks each live member, in the column where it has the label.
func (p *pushed) label(e *model.Expr) *model.Expr {
	has := p.has(e)
	if has == nil {
		return nil
	}
	byPlace := map[int][]model.Value{}
	var without []model.Value
	for _, n := range p.live {
		v := model.IntValue(model.Uint32, int64(n))
		if k, ok := has[n]; ok {
			byPlace[k] = append(byPlace[k], v)
		} else if e.Op == model.OpIsNull {
			without = append(without, v)
		}
	}
	var any []*model.Expr
	for k, numbers := range byPlace {
		leaf := *e
		leaf.Column = colLabels + model.ColumnID(k)
		if len(byPlace) == 1 && len(numbers) == len(p.live) {
			return &leaf
		}
		any = append(any, model.And(&model.Expr{Op: model.OpIn, Column: colTable, Values: numbers}, &leaf))
	}
	if len(without) > 0 {
		any = append(any, &model.Expr{Op: model.OpIn, Column: colTable, Values: without})
	}
	switch len(any) {
	case 0:
		return &model.Expr{Op: model.OpFalse}
	case 1:
		return any[0]
	}
	return model.Or(any...)
}
