package model

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// holdsOf evaluates a predicate over one row, NULL below everything: slow and plain. As a predicate of a query, NULL makes a leaf untrue.
func holdsOf(e *Expr, row map[ColumnID]Value, rule bool) bool {
	switch e.Op {
	case OpTrue:
		return true
	case OpFalse:
		return false
	case OpAnd:
		for _, a := range e.Args {
			if !holdsOf(a, row, rule) {
				return false
			}
		}
		return true
	case OpOr:
		for _, a := range e.Args {
			if holdsOf(a, row, rule) {
				return true
			}
		}
		return false
	}
	v := row[e.Column]
	switch {
	case e.Op == OpIsNull:
		return v.Null()
	case e.Op == OpNotNull:
		return !v.Null()
	case v.Null():
		return rule && ordered(e.Op, -1)
	case e.Op == OpIn || e.Op == OpNotIn:
		found := false
		for _, x := range e.Values {
			found = found || v.Compare(x) == 0
		}
		return found == (e.Op == OpIn)
	}
	return ordered(e.Op, v.Compare(e.Values[0]))
}

func iv(n int64) Value { return IntValue(Int64, n) }

func randomPredicate(r *rand.Rand, depth int) *Expr {
	if depth > 0 && r.IntN(2) == 0 {
		op := []Op{OpAnd, OpOr}[r.IntN(2)]
		return &Expr{Op: op, Args: []*Expr{randomPredicate(r, depth-1), randomPredicate(r, depth-1)}}
	}
	c := ColumnID(1 + r.IntN(3)) // 3 is no partition column
	value := func() Value {
		if c == 2 {
			return StringValue(string(rune('a' + r.IntN(5))))
		}
		return iv(int64(r.IntN(8)))
	}
	switch op := []Op{OpEq, OpNe, OpLt, OpLe, OpGt, OpGe, OpIn, OpNotIn, OpIsNull, OpNotNull, OpTrue}[r.IntN(11)]; op {
	case OpIn, OpNotIn:
		return &Expr{Op: op, Column: c, Values: []Value{value(), value()}}
	case OpIsNull, OpNotNull:
		return &Expr{Op: op, Column: c}
	case OpTrue:
		return &Expr{Op: op}
	default:
		return Compare(op, c, value())
	}
}

// TestPartitionsAgainstRows: rows go where exactly one rule is true, and no region is left out that holds a row of which a predicate is true.
func TestPartitionsAgainstRows(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 5))
	a, b := ColumnID(1), ColumnID(2)
	lit := StringValue("c")
	p := &Partition{Columns: []ColumnID{a, b}, Rules: []*Expr{
		Compare(OpLt, a, iv(3)),
		And(Compare(OpGe, a, iv(3)), Compare(OpLt, b, lit)),
		And(Compare(OpGe, a, iv(3)), Compare(OpGe, b, lit), Compare(OpLt, a, iv(6))),
		And(Compare(OpGe, a, iv(6)), Compare(OpGe, b, lit)),
	}}
	if err := p.Check(func(c ColumnID) string { return fmt.Sprint(c) }); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		n := 1 + rnd.IntN(20)
		va, vb := NewVector(Int64, n), NewVector(String, n)
		coded := rnd.IntN(2) == 0
		if coded {
			vb = &Vector{Type: String, Dict: &Dict{}}
			for c := range 5 {
				vb.Dict.AppendString(string(rune('a' + c)))
			}
		}
		var rows []map[ColumnID]Value
		for range n {
			row := map[ColumnID]Value{1: iv(int64(rnd.IntN(8))), 2: StringValue(string(rune('a' + rnd.IntN(5)))), 3: iv(int64(rnd.IntN(8)))}
			for c := ColumnID(1); c <= 3; c++ {
				if rnd.IntN(6) == 0 {
					row[c] = NullOf(row[c].Type)
				}
			}
			va.AppendValue(row[1])
			switch {
			case row[2].Null():
				vb.AppendNull()
			case coded:
				vb.AppendCode(uint32(row[2].Bytes[0] - 'a'))
			default:
				vb.AppendString(row[2].Bytes)
			}
			rows = append(rows, row)
		}
		split, whole, err := p.Split(n, func(c ColumnID) *Vector { return map[ColumnID]*Vector{1: va, 2: vb}[c] })
		if err != nil {
			t.Fatal(err)
		}
		of := make([]int, n)
		for i := range of {
			of[i] = whole
		}
		for i, list := range split {
			for _, r := range list {
				of[r] = i
			}
		}
		pred := randomPredicate(rnd, 3)
		keep := map[int]bool{}
		for _, i := range p.Candidates(pred) {
			keep[i] = true
		}
		for i, row := range rows {
			if !holdsOf(p.Rules[of[i]], row, true) {
				t.Fatalf("row %v is not of rule %d", row, of[i])
			}
			if holdsOf(pred, row, false) && !keep[of[i]] {
				t.Fatalf("%s is true of row %v in region %d, which was left out", pred, row, of[i])
			}
		}
	}
	if got := p.Candidates(Compare(OpEq, a, iv(1))); len(got) != 1 || got[0] != 0 {
		t.Error(got)
	}
}

func TestPartitionCheck(t *testing.T) {
	name := func(ColumnID) string { return "a" }
	for want, rules := range map[string][]*Expr{
		"`a=10` is not covered": {Compare(OpLt, 1, iv(10)), Compare(OpGt, 1, iv(10))},
		"`a=10` is overlapped":  {Compare(OpLe, 1, iv(10)), Compare(OpGe, 1, iv(10))},
		"`a>10` is not covered": {Compare(OpLe, 1, iv(10))},
		"`a<10` is overlapped":  {Compare(OpLt, 1, iv(10)), Compare(OpLt, 1, iv(10)), Compare(OpGe, 1, iv(10))},
		"":                      {Compare(OpLt, 1, iv(10)), Compare(OpGe, 1, iv(10))},
	} {
		err := (&Partition{Columns: []ColumnID{1}, Rules: rules}).Check(name)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", rules, err, want)
		}
	}
}
