// Package finish does what is left above one scan when that is simple: merging the groups of several regions, conditions, arithmetic on
// groups, orders, limits and distinct rows. It stands beside relational, answers the same, and costs microseconds where preparing a
// statement there costs a good part of a millisecond; most queries of dashboards are such.
//
//	compile.go   a plan as a chain of operators, or nothing where one of them is not for this package
//	expr.go      expressions as functions of a batch: arith.go, compare.go, logic.go, cast.go
//	merge.go     groups        sort.go   orders        distinct.go   rows.go   conditions, projections, limits
//
// Operators that must see all rows hold them, up to Options.MaxBytes; beyond, and where a row makes an expression fail, the stream
// ends with an error that is ErrRelational: the plan is then to be run again by relational, which spills to disk, and knows the texts
// of errors.
package finish
