package files

import (
	"math"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goptimedb/goptimedb/internal/model"
)

// mayHold reports whether a row group may have rows for which a predicate is true, by the least and greatest values that its metadata
// names. Where that does not tell, it may.
func (r *parquetReader) mayHold(e *model.Expr, g *format.RowGroup) bool {
	switch e.Op {
	case model.OpFalse:
		return false
	case model.OpAnd:
		for _, a := range e.Args {
			if !r.mayHold(a, g) {
				return false
			}
		}
		return true
	case model.OpOr:
		for _, a := range e.Args {
			if r.mayHold(a, g) {
				return true
			}
		}
		return false
	case model.OpEq, model.OpIn, model.OpLt, model.OpLe, model.OpGt, model.OpGe:
	default:
		return true
	}
	for i, c := range r.columns {
		l := r.leaves[i]
		if c.ID != e.Column || l == nil || r.native[i] != c.Type || l.Index() >= len(g.Columns) {
			continue
		}
		m := &g.Columns[l.Index()].MetaData
		if m.Statistics.NullCount > 0 && m.Statistics.NullCount >= g.NumRows {
			return false // a comparison with NULL
		}
		lo, hi, ok := bounds(l, m, c.Type)
		if !ok {
			return true
		}
		for _, v := range e.Values {
			if v.Null() || v.Type != c.Type {
				return true
			}
			if c.Type.Floating() && r.mayBeNaN(e, v) {
				return true
			}
			var hold bool
			switch from, to := lo.Compare(v), hi.Compare(v); e.Op {
			case model.OpLt:
				hold = from < 0
			case model.OpLe:
				hold = from <= 0
			case model.OpGt:
				hold = to > 0
			case model.OpGe:
				hold = to >= 0
			default:
				hold = from <= 0 && to >= 0
			}
			if hold {
				return true
			}
		}
		return false
	}
	return true
}

// mayBeNaN reports a comparison that NaN, which is greater than all numbers, can make true. Bounds of other writers are silent about it.
func (r *parquetReader) mayBeNaN(e *model.Expr, v model.Value) bool {
	if math.IsNaN(v.Float) {
		return true
	}
	return (e.Op == model.OpGt || e.Op == model.OpGe) && !strings.HasPrefix(r.f.Metadata().CreatedBy, createdBy)
}

// bounds are the least and the greatest value of a column chunk, or values beyond them.
func bounds(l *parquet.Column, m *format.ColumnMetaData, t model.Type) (lo, hi model.Value, ok bool) {
	s := &m.Statistics
	if s.MinValue == nil || s.MaxValue == nil {
		return lo, hi, false
	}
	if t.Kind == model.KindString {
		return model.StringValue(string(s.MinValue)), model.StringValue(string(s.MaxValue)), l.Type().Kind() == parquet.ByteArray
	}
	c := &cursor{kind: l.Type().Kind(), unsigned: t.Kind == model.KindUint32}
	switch c.kind {
	case parquet.Int32, parquet.Int64, parquet.Float, parquet.Double:
	default:
		return lo, hi, false
	}
	size := bytesOf(c.kind, 0)
	if len(s.MinValue) != size || len(s.MaxValue) != size || t.Class() != model.ClassInt && t.Class() != model.ClassFloat {
		return lo, hi, false
	}
	var vals values
	if c.fixed(&vals, append(append([]byte(nil), s.MinValue...), s.MaxValue...), 2) != nil {
		return lo, hi, false
	}
	lo, hi = model.Value{Type: t}, model.Value{Type: t}
	if t.Class() == model.ClassInt {
		lo.Int, hi.Int = vals.ints[0], vals.ints[1]
		return lo, hi, true
	}
	lo.Float, hi.Float = vals.floats[0], vals.floats[1]
	return lo, hi, !math.IsNaN(lo.Float) && !math.IsNaN(hi.Float)
}
