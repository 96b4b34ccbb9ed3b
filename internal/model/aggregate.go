package model

import (
	"fmt"
	"math"
)

// AggFunc is a reduction that a region scan can do. All of them merge: partial results of several regions reduce to the whole.
// What is not here (avg, stddev, …) a planner writes as several of these.
type AggFunc uint8

// The reductions. NULLs are skipped, except by AggCountRows.
const (
	AggCountRows AggFunc = iota // rows; Column unused → Int64
	AggCount                    // non-NULL values → Int64
	AggSum                      // integers wrap: Int64 for signed, Uint64 for unsigned; floats: Float64; NULL where no value
	AggMin                      // column's type; NULL where no value; NaN is the greatest
	AggMax                      //
	AggFirst                    // value of the earliest row whose value is not NULL, and that row's time: two output columns
	AggLast                     // likewise the latest
	// AggSumFloat is the sum as a Float64, of integers too, so that nothing wraps: what an average divides. Whole numbers are added
	// exactly within runs of rows and rounded when the runs are; NULL where no value.
	AggSumFloat
	AggFirstRow // value of the earliest row, which may be NULL, and that row's time: two output columns; both NULL where no row
	AggLastRow  // likewise the latest
	// AggMoments is what variances are made of: the number of values, their mean, and the sum of their squared distances from it, as
	// Int64, Float64, Float64. The last two are NULL where no value.
	AggMoments
	// AggHLL is a sketch that counts different values, by their texts → Binary, of docs/formats/sketches.md; NULL where no value. It is of
	// integers, floats of 64 bits, booleans and strings; and as a group's sketch may take 16 KiB, it is asked for with Partial.
	AggHLL
)

var aggNames = [...]string{"count(*)", "count", "sum", "min", "max", "first", "last", "sum_float", "first_row", "last_row", "moments", "hll"}

func (f AggFunc) String() string { return aggNames[f] }

// Agg is one reduction of one column, or of what is computed of columns.
type Agg struct {
	Func   AggFunc
	Column ColumnID
	Arg    *Scalar `json:",omitempty"` // instead of Column
	Filter *Expr   `json:",omitempty"` // only rows for which it is true count; nil: all
}

// Width is the number of output columns: 2 for first and last (value, then its time), 3 for moments, else 1.
func (a Agg) Width() int {
	switch a.Func {
	case AggFirst, AggLast, AggFirstRow, AggLastRow:
		return 2
	case AggMoments:
		return 3
	}
	return 1
}

// String prints the reduction with column ids; two that print alike are alike.
func (a Agg) String() string {
	return a.Text(func(c ColumnID) string { return fmt.Sprintf("#%d", c) })
}

// Text is String with names for the columns, those of a filter apart.
func (a Agg) Text(name func(ColumnID) string) string {
	s := a.Func.String()
	switch {
	case a.Func == AggCountRows:
	case a.Arg != nil:
		s += "(" + a.Arg.Text(name) + ")"
	default:
		s += "(" + name(a.Column) + ")"
	}
	if a.Filter != nil {
		s += " filter " + a.Filter.String()
	}
	return s
}

// TimeBucket cuts time into equal slots: floor((t-Origin)/Width)*Width + Origin is a slot's start and its name. Units are the time
// index's.
type TimeBucket struct {
	Width  int64 // > 0
	Origin int64
}

// Start is the start of the slot that holds t. The slot that reaches below the first time of 64 bits starts there.
func (b TimeBucket) Start(t int64) int64 {
	d := t - b.Origin
	q := d / b.Width
	if d%b.Width < 0 {
		q--
	}
	start := q*b.Width + b.Origin
	if start > t {
		return math.MinInt64
	}
	return start
}

// GroupKey is one key of a grouping: a column, or a slot of the time index.
type GroupKey struct {
	Column ColumnID
	Bucket *TimeBucket `json:",omitempty"` // only with the time index
}

// Aggregate groups the rows of a scan. With no keys there is one group; it is output even when no row matched (counts 0, others NULL)
// — with keys, only groups that hold a row are. Output columns: keys, then the columns of each Agg; groups come in no set order, and
// the same group comes once. No Aggs: the distinct keys.
type Aggregate struct {
	Keys []GroupKey
	Aggs []Agg
	// Partial allows that a group comes several times, each with part of its rows: then a scan need not hold more groups than it has room
	// for. The reader puts them together.
	Partial bool `json:",omitempty"`
	// Slots lets a scan leave groups out that nobody asks for: of the newest slots of time, or with a negative number the oldest, it gives
	// all groups, as many slots as it takes to have so many groups. Zero: all. It is for groupings with a Bucket.
	Slots int `json:",omitempty"`
}
