package model

import (
	"fmt"
	"strings"
)

// Op is a predicate's operator.
type Op uint8

// The operators. There is no NOT: a planner pushes negation down to the leaves (as Ne, NotIn, NotRegex …), so that every leaf is
// either true or not true and NULL needs no third value.
const (
	OpTrue     Op = iota // keeps every row
	OpFalse              // keeps none
	OpAnd                // Args
	OpOr                 // Args
	OpEq                 // Column, Values[0]
	OpNe                 //
	OpLt                 //
	OpLe                 //
	OpGt                 //
	OpGe                 //
	OpIn                 // Column, Values (none NULL)
	OpNotIn              //
	OpIsNull             // Column
	OpNotNull            //
	OpRegex              // Column, Pattern: RE2 that must match the whole value; strings only
	OpNotRegex           //
	OpContains           // Column, Pattern: RE2 that must match somewhere in the value
	OpNotContains
	OpMatchesTerm // Column, Pattern: a term between boundaries (package index/analyze decides); strings only
	OpNotMatchesTerm
	OpMatches // Column, Pattern: a query of the full-text language (package index/analyze decides); strings only
	OpNotMatches
)

var opNames = [...]string{"true", "false", "and", "or", "=", "!=", "<", "<=", ">", ">=", "in", "not in", "is null", "is not null", "=~", "!~",
	"contains", "not contains", "matches_term", "not matches_term", "matches", "not matches"}

func (o Op) String() string {
	if int(o) >= len(opNames) {
		return fmt.Sprintf("Op(%d)", o)
	}
	return opNames[o]
}

// HasPattern reports an operator that looks at Pattern, not at Values. Each such operator is followed by its negation.
func (o Op) HasPattern() bool { return o >= OpRegex && o <= OpNotMatches }

// Expr is a predicate over the columns of a region, as data: it can be serialised and means the same everywhere. A comparison with
// a NULL row is not true (except IsNull). Values have the column's type exactly; the planner converts them.
type Expr struct {
	Op      Op
	Column  ColumnID `json:",omitempty"`
	Values  []Value  `json:",omitempty"`
	Pattern string   `json:",omitempty"`
	Args    []*Expr  `json:",omitempty"`
}

// And joins predicates; nil ones are left out, and none gives nil (no restriction).
func And(es ...*Expr) *Expr {
	var args []*Expr
	for _, e := range es {
		switch {
		case e == nil || e.Op == OpTrue:
		case e.Op == OpAnd:
			args = append(args, e.Args...)
		default:
			args = append(args, e)
		}
	}
	switch len(args) {
	case 0:
		return nil
	case 1:
		return args[0]
	}
	return &Expr{Op: OpAnd, Args: args}
}

// Or is true where any of the predicates is.
func Or(es ...*Expr) *Expr { return &Expr{Op: OpOr, Args: es} }

// Compare makes a leaf of a column and one value.
func Compare(op Op, c ColumnID, v Value) *Expr { return &Expr{Op: op, Column: c, Values: []Value{v}} }

// Conjuncts are the predicates that must all be true; nil for nil.
func (e *Expr) Conjuncts() []*Expr {
	switch {
	case e == nil || e.Op == OpTrue:
		return nil
	case e.Op == OpAnd:
		return e.Args
	}
	return []*Expr{e}
}

// Columns adds the columns that the predicate reads to set.
func (e *Expr) Columns(set map[ColumnID]bool) {
	if e == nil {
		return
	}
	if e.Op >= OpEq {
		set[e.Column] = true
	}
	for _, a := range e.Args {
		a.Columns(set)
	}
}

// String prints the predicate with column ids, for EXPLAIN and tests.
func (e *Expr) String() string {
	if e == nil {
		return "true"
	}
	switch e.Op {
	case OpTrue, OpFalse:
		return e.Op.String()
	case OpAnd, OpOr:
		parts := make([]string, len(e.Args))
		for i, a := range e.Args {
			parts[i] = a.String()
		}
		return "(" + strings.Join(parts, " "+e.Op.String()+" ") + ")"
	case OpIsNull, OpNotNull:
		return fmt.Sprintf("#%d %s", e.Column, e.Op)
	case OpRegex, OpNotRegex, OpContains, OpNotContains, OpMatchesTerm, OpNotMatchesTerm, OpMatches, OpNotMatches:
		return fmt.Sprintf("#%d %s %q", e.Column, e.Op, e.Pattern)
	case OpIn, OpNotIn:
		return fmt.Sprintf("#%d %s %v", e.Column, e.Op, e.Values)
	}
	return fmt.Sprintf("#%d %s %s", e.Column, e.Op, e.Values[0])
}
