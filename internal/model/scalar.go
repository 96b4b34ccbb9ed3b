package model

import (
	"fmt"
	"strings"
)

// ScalarOp is what a Scalar computes.
type ScalarOp uint8

// The operators. Arithmetic has two arguments of the result's type; a NULL argument makes a NULL.
const (
	ScalarColumn ScalarOp = iota // Column
	ScalarConst                  // Value
	ScalarCast                   // Args[0]: an integer as a wider one or as Float64, Float32 as Float64
	ScalarAdd                    // floats, and integers but Uint64: what does not fit the type wraps around
	ScalarSub                    //
	ScalarMul                    //
	ScalarDiv                    // floats only
	ScalarIf                     // Args[0] where Cond is true, else Args[1]
)

var scalarNames = [...]string{"column", "const", "cast", "+", "-", "*", "/", "if"}

// Scalar is a number computed of the columns of a row, as data: it can be serialised and means the same everywhere.
type Scalar struct {
	Op     ScalarOp
	Type   Type      // an integer or Float64
	Column ColumnID  `json:",omitempty"`
	Value  Value     `json:",omitempty"`
	Cond   *Expr     `json:",omitempty"`
	Args   []*Scalar `json:",omitempty"`
}

// Columns adds the columns that are read to set.
func (s *Scalar) Columns(set map[ColumnID]bool) {
	if s == nil {
		return
	}
	if s.Op == ScalarColumn {
		set[s.Column] = true
	}
	s.Cond.Columns(set)
	for _, a := range s.Args {
		a.Columns(set)
	}
}

// Map is a copy of s over other columns.
func (s *Scalar) Map(column func(ColumnID) ColumnID, expr func(*Expr) *Expr) *Scalar {
	if s == nil {
		return nil
	}
	to := *s
	if s.Op == ScalarColumn {
		to.Column = column(s.Column)
	}
	to.Cond = expr(s.Cond)
	to.Args = make([]*Scalar, len(s.Args))
	for i, a := range s.Args {
		to.Args[i] = a.Map(column, expr)
	}
	return &to
}

// String prints the expression with column ids and the types of what changes them.
func (s *Scalar) String() string {
	return s.Text(func(c ColumnID) string { return fmt.Sprintf("#%d", c) })
}

// Text is String with names for the columns, those of conditions apart.
func (s *Scalar) Text(name func(ColumnID) string) string {
	switch s.Op {
	case ScalarColumn:
		return name(s.Column)
	case ScalarConst:
		return s.Value.String()
	}
	args := make([]string, len(s.Args))
	for i, a := range s.Args {
		args[i] = a.Text(name)
	}
	switch {
	case s.Op == ScalarIf:
		return "if(" + s.Cond.String() + ", " + strings.Join(args, ", ") + ")"
	case s.Op == ScalarCast:
		return s.Type.String() + "(" + args[0] + ")"
	case int(s.Op) < len(scalarNames):
		return "(" + strings.Join(args, " "+scalarNames[s.Op]+" ") + ")"
	}
	return fmt.Sprintf("ScalarOp(%d)", s.Op)
}
