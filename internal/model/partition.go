package model

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Partition says in which of a table's regions a row lives. Rule i is true of the rows of region i and of no others; of every row exactly
// one rule is true. Rules are ANDs and ORs of comparisons of Columns with constants, in which NULL is less than every value. It is immutable.
type Partition struct {
	Columns []ColumnID
	Rules   []*Expr
	Texts   []string // of the rules, for SHOW
}

// maxPoints bounds the combinations of literals that are looked at: more of them make the check of rules slow, and a condition that names
// many values not worth to be compared with rules.
const maxPoints = 1 << 18

// points are, for each column, the distinct literals in their order. A place 2i+1 is literal i, a place 2i is everything between it and
// the one before: whatever rules say of one value there, they say of all.
type points struct {
	columns []ColumnID
	values  [][]Value
}

func newPoints(columns []ColumnID) *points {
	return &points{columns: columns, values: make([][]Value, len(columns))}
}

func (p *points) index(c ColumnID) int { return slices.Index(p.columns, c) }

func (p *points) collect(e *Expr) {
	if e == nil {
		return
	}
	for _, a := range e.Args {
		p.collect(a)
	}
	if i := p.index(e.Column); i >= 0 && comparison(e.Op) {
		p.values[i] = append(p.values[i], e.Values...)
	}
}

func comparison(o Op) bool { return o >= OpEq && o <= OpNotIn }

// settle sorts the literals and gives the number of combinations of places; ok is false where they are too many.
func (p *points) settle() (total int, ok bool) {
	total = 1
	for i, vs := range p.values {
		slices.SortFunc(vs, Value.Compare)
		p.values[i] = slices.CompactFunc(vs, func(a, b Value) bool { return a.Compare(b) == 0 })
		if total *= 2*len(p.values[i]) + 1; total > maxPoints {
			return 0, false
		}
	}
	return total, true
}

// at fills in the places of combination n.
func (p *points) at(n int, places []int) {
	for i, vs := range p.values {
		k := 2*len(vs) + 1
		places[i] = n % k
		n /= k
	}
}

// describe names the combination: "a=10, b<3".
func (p *points) describe(places []int, names func(ColumnID) string) string {
	parts := make([]string, 0, len(places))
	for i, at := range places {
		vs := p.values[i]
		name := names(p.columns[i])
		switch {
		case at%2 == 1:
			parts = append(parts, name+"="+literalText(vs[at/2]))
		case len(vs) == 0:
		case at/2 == len(vs):
			parts = append(parts, name+">"+literalText(vs[len(vs)-1]))
		default:
			parts = append(parts, name+"<"+literalText(vs[at/2]))
		}
	}
	return strings.Join(parts, ", ")
}

func literalText(v Value) string {
	if v.Type.Class() == ClassBytes {
		return v.Bytes
	}
	return v.String()
}

// holds evaluates a predicate in a combination. Of what it cannot judge there it says unknown.
func (p *points) holds(e *Expr, places []int, unknown bool) bool {
	switch e.Op {
	case OpTrue:
		return true
	case OpFalse:
		return false
	case OpAnd:
		for _, a := range e.Args {
			if !p.holds(a, places, unknown) {
				return false
			}
		}
		return true
	case OpOr:
		for _, a := range e.Args {
			if p.holds(a, places, unknown) {
				return true
			}
		}
		return false
	}
	i := p.index(e.Column)
	if i < 0 || !comparison(e.Op) {
		return unknown
	}
	at := places[i]
	place := func(v Value) int {
		n, _ := slices.BinarySearchFunc(p.values[i], v, Value.Compare)
		return 2*n + 1
	}
	switch e.Op {
	case OpIn:
		return slices.ContainsFunc(e.Values, func(v Value) bool { return place(v) == at })
	case OpNotIn:
		return !slices.ContainsFunc(e.Values, func(v Value) bool { return place(v) == at })
	}
	return ordered(e.Op, at-place(e.Values[0]))
}

// ordered reports whether the operator is true of two values that compare so.
func ordered(o Op, c int) bool {
	switch o {
	case OpEq:
		return c == 0
	case OpNe:
		return c != 0
	case OpLt:
		return c < 0
	case OpLe:
		return c <= 0
	case OpGt:
		return c > 0
	}
	return c >= 0
}

// Check verifies that of every row exactly one rule is true. name prints columns.
func (p *Partition) Check(name func(ColumnID) string) error {
	pts := newPoints(p.Columns)
	for _, r := range p.Rules {
		pts.collect(r)
	}
	total, ok := pts.settle()
	if !ok {
		return errs.New(errs.InvalidArguments, "partition rules have too many combinations of values to be checked; use fewer columns or values")
	}
	places := make([]int, len(p.Columns))
	for n := range total {
		pts.at(n, places)
		hits := 0
		for _, r := range p.Rules {
			if pts.holds(r, places, false) {
				hits++
			}
		}
		if hits != 1 {
			what := "not covered"
			if hits > 1 {
				what = "overlapped"
			}
			return errs.New(errs.InvalidArguments, "Checkpoint `%s` is %s", pts.describe(places, name), what)
		}
	}
	return nil
}

// Candidates are the rules, by their numbers, of which some row can be true for which pred may be true too; all of them where that
// cannot be told.
func (p *Partition) Candidates(pred *Expr) []int {
	all := make([]int, len(p.Rules))
	for i := range all {
		all[i] = i
	}
	if pred == nil {
		return all
	}
	pts := newPoints(p.Columns)
	for _, r := range p.Rules {
		pts.collect(r)
	}
	pts.collect(pred)
	total, ok := pts.settle()
	if !ok {
		return all
	}
	hit := make([]bool, len(p.Rules))
	left := len(p.Rules)
	places := make([]int, len(p.Columns))
	for n := 0; n < total && left > 0; n++ {
		pts.at(n, places)
		if !pts.holds(pred, places, true) {
			continue
		}
		for i, r := range p.Rules {
			if !hit[i] && pts.holds(r, places, false) {
				hit[i] = true
				left--
			}
		}
	}
	return slices.DeleteFunc(all, func(i int) bool { return !hit[i] })
}

// Split gives for each rule the rows, ascending, for which it is true. column gives the vector of a column; nil: all are NULL. Where all
// rows go to one rule, whole is its number and rows is nil; else whole is -1.
func (p *Partition) Split(n int, column func(ColumnID) *Vector) (rows [][]uint32, whole int, err error) {
	s := splitter{n: n, column: column}
	to := make([]int32, n)
	for i := range to {
		to[i] = -1
	}
	for i, r := range p.Rules {
		for row, ok := range s.eval(r) {
			if ok {
				to[row] = int32(i)
			}
		}
	}
	whole = -1
	if n > 0 {
		whole = int(to[0])
	}
	for _, i := range to {
		if i < 0 {
			return nil, -1, errs.New(errs.Unexpected, "no partition rule is true of a row")
		}
		if int(i) != whole {
			whole = -1
		}
	}
	if whole >= 0 {
		return nil, whole, nil
	}
	rows = make([][]uint32, len(p.Rules))
	for row, i := range to {
		rows[i] = append(rows[i], uint32(row))
	}
	return rows, -1, nil
}

// splitter evaluates rules over columns; leaves that several rules share are computed once.
type splitter struct {
	n      int
	column func(ColumnID) *Vector
	leaves map[string][]bool
}

func (s *splitter) eval(e *Expr) []bool {
	switch e.Op {
	case OpTrue, OpFalse:
		return slices.Repeat([]bool{e.Op == OpTrue}, s.n)
	case OpAnd, OpOr:
		out := slices.Clone(s.eval(e.Args[0]))
		for _, a := range e.Args[1:] {
			x := s.eval(a)
			if e.Op == OpAnd {
				for i := range out {
					out[i] = out[i] && x[i]
				}
			} else {
				for i := range out {
					out[i] = out[i] || x[i]
				}
			}
		}
		return out
	}
	key := fmt.Sprint(e.Column, " ", e.Op, " ", e.Values[0])
	if got, ok := s.leaves[key]; ok {
		return got
	}
	out := s.leaf(e)
	if s.leaves == nil {
		s.leaves = map[string][]bool{}
	}
	s.leaves[key] = out
	return out
}

func (s *splitter) leaf(e *Expr) []bool {
	out := make([]bool, s.n)
	v := s.column(e.Column)
	null := ordered(e.Op, -1)
	if v == nil {
		for i := range out {
			out[i] = null
		}
		return out
	}
	x := e.Values[0]
	text := []byte(x.Bytes)
	switch {
	case v.Coded(): // once a distinct value
		byCode := make([]bool, v.Dict.Len())
		for c := range byCode {
			byCode[c] = ordered(e.Op, bytes.Compare(v.Dict.At(uint32(c)), text))
		}
		for i := range out {
			if !v.Null(i) {
				out[i] = byCode[v.Codes[i]]
			} else {
				out[i] = null
			}
		}
		return out
	case v.Type.Class() == ClassInt && !v.Type.Unsigned():
		for i, y := range v.Ints[:s.n] {
			out[i] = ordered(e.Op, cmp3(y, x.Int))
		}
	case v.Type.Class() == ClassBytes:
		for i := range out {
			out[i] = ordered(e.Op, bytes.Compare(v.BytesAt(i), text))
		}
	default:
		for i := range out {
			if !v.Null(i) {
				out[i] = ordered(e.Op, v.At(i).Compare(x))
			}
		}
	}
	if v.Valid != nil {
		for i := range out {
			if v.Null(i) {
				out[i] = null
			}
		}
	}
	return out
}

// Take gives the rows of a batch, in that order, as a new one.
func (b *Batch) Take(rows []uint32) *Batch {
	out := &Batch{Len: len(rows), Cols: make([]*Vector, len(b.Cols))}
	for i, c := range b.Cols {
		out.Cols[i] = c.Take(rows)
	}
	return out
}

// Take gives the rows of a vector, in that order, as a new one; a dictionary is shared.
func (v *Vector) Take(rows []uint32) *Vector {
	out := &Vector{Type: v.Type, Len: len(rows)}
	if v.Valid != nil {
		out.Valid = NewBitmap(len(rows))
		for i, r := range rows {
			if !v.Null(int(r)) {
				out.Valid.Set(i)
			}
		}
	}
	switch v.Type.Class() {
	case ClassBool:
		out.Bools = take(v.Bools, rows)
	case ClassInt:
		out.Ints = take(v.Ints, rows)
	case ClassFloat:
		out.Floats = take(v.Floats, rows)
	case ClassDecimal:
		out.Decimals = take(v.Decimals, rows)
	case ClassInterval:
		out.Intervals = take(v.Intervals, rows)
	case ClassBytes:
		if v.Coded() {
			out.Codes, out.Dict = take(v.Codes, rows), v.Dict
			break
		}
		out.Offsets = make([]uint32, 1, len(rows)+1)
		for _, r := range rows {
			out.Data = append(out.Data, v.Data[v.Offsets[r]:v.Offsets[r+1]]...)
			out.Offsets = append(out.Offsets, uint32(len(out.Data)))
		}
	}
	return out
}

func take[T any](src []T, rows []uint32) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = src[r]
	}
	return out
}
