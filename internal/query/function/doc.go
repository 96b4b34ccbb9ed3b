// Package function knows the functions and operators of the dialect: their names, what types they take and give, and how each is
// written in DuckDB's dialect.
//
// Values travel in DuckDB as what scans feed it, which is not always DuckDB's own type: a timestamp is a BIGINT of its unit, so that
// no unit loses digits and time buckets are integer arithmetic; a duration likewise; JSON is text and a vector a blob. Functions that
// need a TIMESTAMP convert there and back with the macros of macro.go.
//
// A family has a file: op (operators), math, text, time, cond, aggregate, window; cast holds conversions, types the rules by
// which operands of different types meet.
package function
