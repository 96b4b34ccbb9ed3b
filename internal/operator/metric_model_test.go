package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// scanText is the rows of a scan, sorted where the request leaves the order open.
func (n *node) scanText(req contract.ScanRequest) string {
	n.t.Helper()
	st, err := n.regions.Scan(context.Background(), req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer st.Close()
	var lines []string
	var head []string
	for _, f := range st.Fields() {
		head = append(head, fmt.Sprintf("%s:%s#%d", f.Name, f.Type, f.ID))
	}
	for {
		b, err := st.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			n.t.Fatal(err)
		}
		for i := range b.Len {
			var cells []string
			for _, c := range b.Cols {
				cells = append(cells, c.At(i).String())
			}
			lines = append(lines, strings.Join(cells, " "))
		}
	}
	if req.Order == contract.OrderNone {
		slices.Sort(lines)
	}
	return strings.Join(head, " ") + "\n" + strings.Join(lines, "\n")
}

// TestLogicalTablesAnswerLikePlainOnes writes the same rows to plain and to logical tables, with labels that come later, NULLs, empty
// labels, rewritten samples, deletes, flushes, compactions and restarts, and asks both the same.
func TestLogicalTablesAnswerLikePlainOnes(t *testing.T) {
	for seed := range int64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { compareWithPlain(t, rand.New(rand.NewSource(seed))) })
	}
}

func compareWithPlain(t *testing.T, r *rand.Rand) {
	n := newNode(t, func(o *Options) { o.MetricPartitions = 1 + r.Intn(3) })
	plain := model.InsertOptions{Kind: model.MetricTable, AutoTime: true, AutoValue: true}
	const metrics = 4
	labels := []string{"az", "dc", "host", "job", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "zone"}
	known := [metrics]int{}
	for m := range known {
		known[m] = r.Intn(3)
	}
	value := func() any {
		switch r.Intn(6) {
		case 0:
			return nil
		case 1:
			return ""
		}
		return string('a' + rune(r.Intn(4)))
	}
	write := func() {
		var ps, ls []*model.Rows
		for range 1 + r.Intn(2*metrics) {
			m := r.Intn(metrics)
			if r.Intn(6) == 0 {
				known[m] = min(known[m]+1+r.Intn(3), len(labels))
			}
			cols, types := []string{}, []model.Type{}
			for _, l := range labels[:known[m]] {
				cols, types = append(cols, "tag "+l), append(types, model.String)
			}
			cols, types = append(cols, metricCols[1:]...), append(types, metricTypes[1:]...)
			var values [][]any
			for range 1 + r.Intn(5) {
				var v []any
				for range known[m] {
					v = append(v, value())
				}
				v = append(v, r.Intn(10), float64(r.Intn(100)))
				if r.Intn(10) == 0 {
					v[len(v)-1] = nil
				}
				values = append(values, v)
			}
			ps, ls = append(ps, rows(fmt.Sprintf("p%d", m), cols, types, values...)), append(ls, rows(fmt.Sprintf("l%d", m), cols, types, values...))
		}
		if r.Intn(2) == 0 { // coded vectors, as senders make them
			for _, x := range ls {
				for i := range x.Columns {
					if x.Columns[i].Vector.Type == model.String {
						coded := &model.Vector{Type: model.String, Dict: &model.Dict{}}
						for j := range x.Len {
							coded.AppendValue(x.Columns[i].Vector.At(j))
						}
						x.Columns[i].Vector = coded
					}
				}
			}
		}
		if err := n.insert(plain, ps...); err != nil {
			t.Fatal(err)
		}
		if err := n.insert(onPhysical, ls...); err != nil {
			t.Fatal(err)
		}
	}
	tables := func(m int) (region [2]model.RegionID, s *model.Schema, ok bool) {
		p, err1 := n.catalog.Table("public", fmt.Sprintf("p%d", m))
		l, err2 := n.catalog.Table("public", fmt.Sprintf("l%d", m))
		if err1 != nil || err2 != nil {
			return region, nil, false
		}
		return [2]model.RegionID{p.Regions[0], l.Regions[0]}, p.Schema, true
	}
	remove := func(m int) {
		region, s, ok := tables(m)
		if !ok {
			return
		}
		b := &model.Batch{Len: 3}
		var ids []model.ColumnID
		for _, c := range s.Tags() {
			v := model.NewVector(model.String, 3)
			for range 3 {
				if x := value(); x == nil {
					v.AppendNull()
				} else {
					v.AppendString(x.(string))
				}
			}
			ids, b.Cols = append(ids, c.ID), append(b.Cols, v)
		}
		v := model.NewVector(ms, 3)
		for range 3 {
			v.AppendInt(int64(r.Intn(10)))
		}
		ids, b.Cols = append(ids, s.TimeIndex), append(b.Cols, v)
		for _, id := range region {
			if _, err := n.regions.Write(t.Context(), contract.WriteRequest{Writes: []contract.RegionWrite{{Region: id, Op: model.OpDelete, Columns: ids, Rows: b}}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	ask := func(m int) {
		region, s, ok := tables(m)
		if !ok {
			return
		}
		req := contract.ScanRequest{TimeRange: model.AllTime}
		for _, c := range s.Columns {
			req.Projection = append(req.Projection, c.ID)
		}
		if r.Intn(2) == 0 {
			req.TimeRange = model.TimeRange{Start: int64(r.Intn(6)), End: int64(4 + r.Intn(8))}
		}
		leaf := func() *model.Expr {
			c := s.Columns[r.Intn(len(s.Columns))]
			if c.Semantic != model.TagColumn {
				if c.Type != model.Float64 {
					return model.Compare(model.OpLt, c.ID, model.IntValue(c.Type, 5))
				}
				return model.Compare(model.OpGt, c.ID, model.Value{Type: model.Float64, Float: 50})
			}
			switch r.Intn(5) {
			case 0:
				return &model.Expr{Op: model.OpIsNull, Column: c.ID}
			case 1:
				return &model.Expr{Op: model.OpRegex, Column: c.ID, Pattern: "[bc]?"}
			case 2:
				return &model.Expr{Op: model.OpIn, Column: c.ID, Values: []model.Value{model.StringValue("a"), model.StringValue("c")}}
			case 3:
				return model.Compare(model.OpNe, c.ID, model.StringValue("b"))
			}
			return model.Compare(model.OpEq, c.ID, model.StringValue("a"))
		}
		switch r.Intn(3) {
		case 0:
			req.Predicate = leaf()
		case 1:
			req.Predicate = model.And(leaf(), model.Or(leaf(), leaf()))
		}
		switch r.Intn(4) {
		case 0:
			req.Order = contract.OrderSeries
		case 1:
			req.LastRow = true
		case 2:
			a := &model.Aggregate{Aggs: []model.Agg{{Func: model.AggCountRows}, {Func: model.AggMax, Column: s.Fields()[0].ID}, {Func: model.AggSum, Column: s.Fields()[0].ID}}}
			for _, id := range s.PrimaryKey {
				if r.Intn(3) == 0 {
					a.Keys = append(a.Keys, model.GroupKey{Column: id})
				}
			}
			if r.Intn(2) == 0 {
				a.Keys = append(a.Keys, model.GroupKey{Column: s.TimeIndex, Bucket: &model.TimeBucket{Width: 4}})
			}
			req.Aggregate, req.Projection = a, nil
		}
		p, l := req, req
		p.Region, l.Region = region[0], region[1]
		if want, got := n.scanText(p), n.scanText(l); want != got {
			t.Fatalf("metric %d, %+v, predicate %s: the plain table gives\n%s\n\nthe logical one\n%s", m, req, req.Predicate, want, got)
		}
	}
	for range 60 {
		switch r.Intn(10) {
		case 0, 1, 2, 3:
			write()
		case 4:
			remove(r.Intn(metrics))
		case 5:
			if region, _, ok := tables(r.Intn(metrics)); ok {
				for _, id := range region {
					if err := n.regions.Flush(t.Context(), id); err != nil {
						t.Fatal(err)
					}
				}
			}
		case 6:
			if region, _, ok := tables(r.Intn(metrics)); ok && r.Intn(2) == 0 {
				if err := n.regions.Compact(t.Context(), contract.CompactRequest{Region: region[1]}); err != nil {
					t.Fatal(err)
				}
			} else if r.Intn(2) == 0 {
				n.stop()
				n.start(nil)
			}
		default:
			ask(r.Intn(metrics))
		}
	}
	for m := range metrics {
		if _, _, ok := tables(m); ok {
			if want, got := n.dump(fmt.Sprintf("p%d", m)), n.dump(fmt.Sprintf("l%d", m)); want != got {
				t.Errorf("metric %d: the plain table is\n%s\nthe logical one\n%s", m, want, got)
			}
		}
	}
}
