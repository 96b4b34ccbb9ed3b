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
	// The others of this list give summaries as Binary, too: NULL where no value, and asked for with Partial if they are large.
	AggDistinct  // a sketch that counts different values, by these themselves; never kept, as it merges with none of another type
	AggHLLMerge  // the sketch of what sketches have seen: the column's values are those of AggHLL, others are left out
	AggDigest    // a t-digest of Size of numbers, each weighted by By if there is one; a NULL of either leaves the row out
	AggUDD       // a sketch of quantiles with buckets, of Size and Error, of numbers but NaN
	AggUDDMerge  // the sketch of what such sketches have seen; one of another Size or Error, or what is none, is an error
	AggComoments // what correlations are made of, of the pairs (column, By) of which neither is NULL; it is small
)

var aggNames = [...]string{"count(*)", "count", "sum", "min", "max", "first", "last", "sum_float", "first_row", "last_row", "moments", "hll",
	"distinct", "hll_merge", "digest", "udd", "udd_merge", "comoments"}

func (f AggFunc) String() string { return aggNames[f] }

// Summarizes reports reductions that give a summary, of package sketch.
func (f AggFunc) Summarizes() bool { return f >= AggHLL && f <= AggComoments }

// Operand is a column, or what is computed of columns.
type Operand struct {
	Column ColumnID
	Arg    *Scalar `json:",omitempty"` // instead of Column
}

// Text prints the operand with names for the columns.
func (o Operand) Text(name func(ColumnID) string) string {
	if o.Arg != nil {
		return o.Arg.Text(name)
	}
	return name(o.Column)
}

// Columns adds the columns that the operand reads.
func (o Operand) Columns(to map[ColumnID]bool) {
	if o.Arg != nil {
		o.Arg.Columns(to)
		return
	}
	to[o.Column] = true
}

// Agg is one reduction of one column, or of what is computed of columns.
type Agg struct {
	Func   AggFunc
	Column ColumnID
	Arg    *Scalar `json:",omitempty"` // instead of Column
	Filter *Expr   `json:",omitempty"` // only rows for which it is true count; nil: all

	By    *Operand `json:",omitempty"` // of AggComoments, and AggDigest with weights: the second of a pair
	Size  int64    `json:",omitempty"` // of AggDigest: centroids; of AggUDD and AggUDDMerge: buckets
	Error float64  `json:",omitempty"` // of AggUDD and AggUDDMerge: relative
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
	if a.Func != AggCountRows {
		s += "(" + Operand{a.Column, a.Arg}.Text(name)
		if a.By != nil {
			s += ", " + a.By.Text(name)
		}
		if a.Size != 0 {
			s += fmt.Sprintf("; %d", a.Size)
		}
		if a.Error != 0 {
			s += fmt.Sprintf(", %v", a.Error)
		}
		s += ")"
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
