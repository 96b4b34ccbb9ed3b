package model

// RowRange is rows [Start, End) of a sorted run or file, counted from its first row.
type RowRange struct{ Start, End int }
