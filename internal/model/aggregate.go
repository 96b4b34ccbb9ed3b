package model

import "fmt"

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
)

var aggNames = [...]string{"count(*)", "count", "sum", "min", "max", "first", "last", "sum_float"}

func (f AggFunc) String() string { return aggNames[f] }

// Agg is one reduction of one column.
type Agg struct {
	Func   AggFunc
	Column ColumnID
}

// Width is the number of output columns: 2 for first and last (value, then its time), else 1.
func (a Agg) Width() int {
	if a.Func == AggFirst || a.Func == AggLast {
		return 2
	}
	return 1
}

func (a Agg) String() string { return fmt.Sprintf("%s(#%d)", a.Func, a.Column) }

// TimeBucket cuts time into equal slots: floor((t-Origin)/Width)*Width + Origin is a slot's start and its name. Units are the time
// index's.
type TimeBucket struct {
	Width  int64 // > 0
	Origin int64
}

// Start is the start of the slot that holds t.
func (b TimeBucket) Start(t int64) int64 {
	d := t - b.Origin
	q := d / b.Width
	if d%b.Width < 0 {
		q--
	}
	return q*b.Width + b.Origin
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
}
