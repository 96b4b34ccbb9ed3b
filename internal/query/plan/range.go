package plan

import (
	"fmt"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Range is the windows of a range query: for each group of By and each slot of time that starts at Origin plus a multiple of Align,
// aggregates over the rows from the slot's start on, as long as each item is wide. Its inputs have grouped the rows already, so that
// regions can do that; what is left is to put windows together and to fill gaps. Times are milliseconds.
type Range struct {
	Parts  []RangePart
	By     []Column
	Time   Column // start of the slot, Timestamp(ms)
	Align  int64
	Origin int64
	Items  []RangeItem
	// Filled: every slot between a group's first and last gets a row, because an item has a fill.
	Filled bool
}

// RangePart is grouped rows.
type RangePart struct {
	Input Node
	By    []ColID // columns of Input that are By
	Slot  ColID   // start of a slot of time
	// Grain is how long the slots of Input are; windows consist of whole ones. Zero: Input has a row for each window.
	Grain int64
}

// RangeItem is one aggregate.
type RangeItem struct {
	Col   Column
	Part  int
	Fn    string  // how rows of the part are put together: count, sum, min, max, avg (sum and count), first, last; or value: there is one
	Args  []ColID // of the part's input
	Width int64
	Zero  bool // a window without rows has 0, not NULL
	Fill  RangeFill
	Value model.Value // of FillValue, of the column's type
}

// RangeFill says what becomes of NULLs.
type RangeFill uint8

// The fills. FillLinear gives Float64.
const (
	FillNone RangeFill = iota
	FillNull
	FillPrev
	FillLinear
	FillValue
)

func (f RangeFill) String() string { return [...]string{"", "NULL", "PREV", "LINEAR", ""}[f] }

func (n *Range) Cols() []Column {
	out := append([]Column(nil), n.By...)
	out = append(out, n.Time)
	for _, it := range n.Items {
		out = append(out, it.Col)
	}
	return out
}

func (n *Range) Inputs() []Node {
	out := make([]Node, len(n.Parts))
	for i, p := range n.Parts {
		out[i] = p.Input
	}
	return out
}

func (n *Range) SetInput(i int, x Node) { n.Parts[i].Input = x }

func (n *Range) describe() string {
	return fmt.Sprintf("RangeSelect: align=%dms, origin=%d, by=[%s], range_expr=[%s]", n.Align, n.Origin,
		join(n.By, func(c Column) string { return c.Name }), join(n.Items, func(it RangeItem) string { return it.Col.Name }))
}
