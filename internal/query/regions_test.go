package query

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"sync"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/index/analyze"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
	"github.com/goptimedb/goptimedb/internal/sketch"
)

// plainRegions is a region server that does requests row by row, in the plainest way: what a plan's pushed parts must mean.
type plainRegions struct {
	contract.RegionServer
	regions map[model.RegionID]*plainRegion

	mu       sync.Mutex
	requests []contract.ScanRequest
	open     int
	outdated bool // all schemas have changed
}

type plainRegion struct {
	schema *model.Schema
	rows   [][]model.Value // by position in schema
	fail   error           // of the first Next
}

// plainCatalog finds tables by name.
type plainCatalog map[string]*plan.Table

func (c plainCatalog) Table(_ context.Context, _ *model.Session, catalog, database, table string) (*plan.Table, error) {
	if t := c[database+"."+table]; t != nil {
		return t, nil
	}
	return nil, errs.New(errs.TableNotFound, "Table not found: %s.%s.%s", catalog, database, table)
}

func (p *plainRegions) Statistics(_ context.Context, ids []model.RegionID) ([]contract.RegionStatistics, error) {
	var out []contract.RegionStatistics
	for _, id := range ids {
		out = append(out, contract.RegionStatistics{ID: id, Rows: uint64(len(p.regions[id].rows)), MinTime: base, MaxTime: base + 200_000})
	}
	return out, nil
}

func (p *plainRegions) Scan(_ context.Context, req contract.ScanRequest) (contract.Stream, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, req)
	if err := p.refuse(req); err != nil {
		return nil, err
	}
	r := p.regions[req.Region]
	if r == nil {
		return nil, errs.New(errs.RegionNotFound, "region %s", req.Region)
	}
	p.open++
	st := &plainStream{p: p, fail: r.fail}
	at := func(row []model.Value, id model.ColumnID) model.Value {
		for i := range r.schema.Columns {
			if r.schema.Columns[i].ID == id {
				return row[i]
			}
		}
		panic(fmt.Sprintf("column %d", id))
	}
	time := r.schema.TimeIndex
	var rows [][]model.Value
	for _, row := range r.rows {
		if req.TimeRange.Contains(at(row, time).Int) && (req.Predicate == nil || holds(req.Predicate, row, at)) {
			rows = append(rows, row)
		}
	}
	if req.LastRow {
		newest := map[string][]model.Value{}
		for _, row := range rows {
			k := fmt.Sprint(tagsOf(r.schema, row, at))
			if o, ok := newest[k]; !ok || at(o, time).Int <= at(row, time).Int {
				newest[k] = row
			}
		}
		rows = nil
		for _, row := range newest {
			rows = append(rows, row)
		}
	}
	if a := req.Aggregate; a != nil {
		st.fields, rows = aggregateRows(r.schema, a, rows, at)
		if a.Slots != 0 {
			rows = slotsOf(a, rows)
		}
	} else {
		switch req.Order {
		case contract.OrderTimeAsc, contract.OrderTimeDesc:
			sort.SliceStable(rows, func(i, j int) bool {
				x, y := at(rows[i], time).Int, at(rows[j], time).Int
				if req.Order == contract.OrderTimeDesc {
					return x > y
				}
				return x < y
			})
		}
		if req.Limit > 0 && int64(len(rows)) > req.Limit {
			rows = rows[:req.Limit]
		}
		var out [][]model.Value
		for _, id := range req.Projection {
			st.fields = append(st.fields, model.Field{Name: r.schema.Column(id).Name, Type: r.schema.Column(id).Type, ID: id})
		}
		for _, row := range rows {
			var o []model.Value
			for _, id := range req.Projection {
				o = append(o, at(row, id))
			}
			out = append(out, o)
		}
		rows = out
	}
	st.rows = rows
	return st, nil
}

// slotsOf is the groups of the newest or oldest slots, as few as hold so many groups.
func slotsOf(a *model.Aggregate, rows [][]model.Value) [][]model.Value {
	key := slices.IndexFunc(a.Keys, func(k model.GroupKey) bool { return k.Bucket != nil })
	n := max(a.Slots, -a.Slots)
	sort.SliceStable(rows, func(i, j int) bool {
		if a.Slots > 0 {
			i, j = j, i
		}
		return rows[i][key].Int < rows[j][key].Int
	})
	for n < len(rows) && rows[n][key].Int == rows[n-1][key].Int {
		n++
	}
	return rows[:min(n, len(rows))]
}

func tagsOf(s *model.Schema, row []model.Value, at func([]model.Value, model.ColumnID) model.Value) []string {
	var out []string
	for _, id := range s.PrimaryKey {
		out = append(out, at(row, id).String())
	}
	return out
}

func holds(e *model.Expr, row []model.Value, at func([]model.Value, model.ColumnID) model.Value) bool {
	switch e.Op {
	case model.OpTrue:
		return true
	case model.OpFalse:
		return false
	case model.OpAnd:
		return !slices.ContainsFunc(e.Args, func(a *model.Expr) bool { return !holds(a, row, at) })
	case model.OpOr:
		return slices.ContainsFunc(e.Args, func(a *model.Expr) bool { return holds(a, row, at) })
	}
	v := at(row, e.Column)
	if e.Op == model.OpIsNull {
		return v.Null()
	}
	if v.Null() {
		return false
	}
	for _, x := range e.Values {
		if x.Type != v.Type {
			panic(fmt.Sprintf("value of %s for a column of %s", x.Type, v.Type))
		}
	}
	in := func() bool {
		return slices.ContainsFunc(e.Values, func(x model.Value) bool { return v.Compare(x) == 0 })
	}
	switch e.Op {
	case model.OpNotNull:
		return true
	case model.OpEq:
		return v.Compare(e.Values[0]) == 0
	case model.OpNe:
		return v.Compare(e.Values[0]) != 0
	case model.OpLt:
		return v.Compare(e.Values[0]) < 0
	case model.OpLe:
		return v.Compare(e.Values[0]) <= 0
	case model.OpGt:
		return v.Compare(e.Values[0]) > 0
	case model.OpGe:
		return v.Compare(e.Values[0]) >= 0
	case model.OpIn:
		return in()
	case model.OpNotIn:
		return !in()
	case model.OpRegex, model.OpNotRegex:
		return regexp.MustCompile(`^(?:`+e.Pattern+`)$`).MatchString(v.Bytes) == (e.Op == model.OpRegex)
	case model.OpContains, model.OpNotContains:
		return regexp.MustCompile(e.Pattern).MatchString(v.Bytes) == (e.Op == model.OpContains)
	case model.OpMatchesTerm, model.OpNotMatchesTerm:
		return analyze.MatchesTerm(v.Bytes, e.Pattern) == (e.Op == model.OpMatchesTerm)
	case model.OpMatches, model.OpNotMatches:
		q, err := analyze.ParseQuery(e.Pattern)
		if err != nil {
			panic(err)
		}
		return q.Match([]byte(v.Bytes)) == (e.Op == model.OpMatches)
	}
	panic(e.Op.String())
}

func aggregateRows(s *model.Schema, a *model.Aggregate, rows [][]model.Value, at func([]model.Value, model.ColumnID) model.Value) ([]model.Field, [][]model.Value) {
	var fields []model.Field
	for _, k := range a.Keys {
		fields = append(fields, model.Field{Name: "k", Type: s.Column(k.Column).Type})
	}
	for _, g := range a.Aggs {
		t := model.Int64
		if g.Arg != nil || s.Column(g.Column) != nil && g.Func != model.AggCount && g.Func != model.AggMoments {
			if g.Arg != nil {
				t = g.Arg.Type
			} else {
				t = s.Column(g.Column).Type
			}
			if g.Func == model.AggSum || g.Func == model.AggSumFloat {
				switch {
				case g.Func == model.AggSumFloat:
					t = model.Float64
				case t.Floating():
					t = model.Float64
				case t.Unsigned():
					t = model.Uint64
				default:
					t = model.Int64
				}
			}
		}
		if g.Func == model.AggCount || g.Func == model.AggMoments {
			t = model.Int64
		}
		if g.Func.Summarizes() {
			t = model.Binary
		}
		fields = append(fields, model.Field{Name: "a", Type: t})
		switch g.Width() {
		case 2:
			fields = append(fields, model.Field{Name: "at", Type: s.Time().Type})
		case 3:
			fields = append(fields, model.Field{Name: "mean", Type: model.Float64}, model.Field{Name: "squares", Type: model.Float64})
		}
	}
	groups := map[string][][]model.Value{}
	keys := map[string][]model.Value{}
	for _, row := range rows {
		var k []model.Value
		for _, g := range a.Keys {
			v := at(row, g.Column)
			if g.Bucket != nil {
				v.Int = g.Bucket.Start(v.Int)
			}
			k = append(k, v)
		}
		id := fmt.Sprint(k)
		keys[id] = k
		groups[id] = append(groups[id], row)
	}
	if len(a.Keys) == 0 && len(rows) == 0 {
		keys[""], groups[""] = nil, nil
	}
	var out [][]model.Value
	for id, g := range groups {
		row := slices.Clone(keys[id])
		for _, ag := range a.Aggs {
			part := g
			if ag.Filter != nil {
				part = nil
				for _, r := range g {
					if holds(ag.Filter, r, at) {
						part = append(part, r)
					}
				}
			}
			row = append(row, reduce(s, ag, fields[len(row)].Type, part, at)...)
		}
		out = append(out, row)
	}
	return fields, out
}

// scalarOf is what an expression is for a row.
func scalarOf(x *model.Scalar, row []model.Value, at func([]model.Value, model.ColumnID) model.Value) model.Value {
	switch x.Op {
	case model.ScalarColumn:
		return at(row, x.Column)
	case model.ScalarConst:
		return x.Value
	case model.ScalarIf:
		if holds(x.Cond, row, at) {
			return scalarOf(x.Args[0], row, at)
		}
		return scalarOf(x.Args[1], row, at)
	}
	l := scalarOf(x.Args[0], row, at)
	if l.Null() {
		return model.NullOf(x.Type)
	}
	if x.Op == model.ScalarCast {
		if x.Type.Floating() && l.Type.Integer() {
			return model.FloatValue(float64(l.Int))
		}
		return model.Value{Type: x.Type, Int: l.Int, Float: l.Float}
	}
	r := scalarOf(x.Args[1], row, at)
	if r.Null() {
		return model.NullOf(x.Type)
	}
	switch x.Op {
	case model.ScalarAdd:
		return model.Value{Type: x.Type, Int: l.Int + r.Int, Float: l.Float + r.Float}
	case model.ScalarSub:
		return model.Value{Type: x.Type, Int: l.Int - r.Int, Float: l.Float - r.Float}
	case model.ScalarMul:
		return model.Value{Type: x.Type, Int: l.Int * r.Int, Float: l.Float * r.Float}
	}
	return model.Value{Type: x.Type, Float: l.Float / r.Float}
}

func reduce(s *model.Schema, a model.Agg, t model.Type, rows [][]model.Value, at func([]model.Value, model.ColumnID) model.Value) []model.Value {
	if a.Func == model.AggCountRows {
		return []model.Value{model.IntValue(t, int64(len(rows)))}
	}
	if a.Func.Summarizes() {
		return []model.Value{summarize(a, rows, at)}
	}
	time := model.NullOf(s.Time().Type)
	out, n, mean, m2 := model.NullOf(t), int64(0), 0.0, 0.0
	for _, row := range rows {
		v := model.Value{}
		if a.Arg != nil {
			v = scalarOf(a.Arg, row, at)
		} else {
			v = at(row, a.Column)
		}
		if a.Func == model.AggFirstRow || a.Func == model.AggLastRow || (a.Func == model.AggFirst || a.Func == model.AggLast) && !v.Null() {
			when := at(row, s.TimeIndex)
			first := a.Func == model.AggFirst || a.Func == model.AggFirstRow
			if time.Null() || first && when.Int < time.Int || !first && when.Int > time.Int {
				time, out = when, v
			}
			continue
		}
		if v.Null() {
			continue
		}
		n++
		switch {
		case a.Func == model.AggMoments:
			x := v.Float
			if v.Type.Integer() {
				x = float64(v.Int)
			}
			d := x - mean
			mean += d / float64(n)
			m2 += d * (x - mean)
		case a.Func == model.AggSumFloat && v.Type.Kind == model.KindUint64:
			out = model.Value{Type: t, Float: out.Float + float64(uint64(v.Int))}
		case a.Func == model.AggSumFloat && v.Type.Integer():
			out = model.Value{Type: t, Float: out.Float + float64(v.Int)}
		case (a.Func == model.AggSum || a.Func == model.AggSumFloat) && t.Floating():
			out = model.Value{Type: t, Float: out.Float + v.Float}
		case a.Func == model.AggSum:
			out = model.Value{Type: t, Int: out.Int + v.Int}
		case a.Func == model.AggMin && (out.Null() || v.Compare(out) < 0), a.Func == model.AggMax && (out.Null() || v.Compare(out) > 0):
			out = v
		}
	}
	switch {
	case a.Func == model.AggCount:
		return []model.Value{model.IntValue(t, n)}
	case a.Func == model.AggMoments && n == 0:
		return []model.Value{model.IntValue(t, 0), model.NullOf(model.Float64), model.NullOf(model.Float64)}
	case a.Func == model.AggMoments:
		return []model.Value{model.IntValue(t, n), model.FloatValue(mean), model.FloatValue(m2)}
	case a.Width() == 2:
		return []model.Value{out, time}
	}
	return []model.Value{out}
}

// summarize is the summary of some rows.
func summarize(a model.Agg, rows [][]model.Value, at func([]model.Value, model.ColumnID) model.Value) model.Value {
	of := func(row []model.Value, o model.Operand) model.Value {
		if o.Arg != nil {
			return scalarOf(o.Arg, row, at)
		}
		return at(row, o.Column)
	}
	number := func(v model.Value) float64 {
		switch {
		case v.Type.Kind == model.KindUint64:
			return float64(uint64(v.Int))
		case v.Type.Integer():
			return float64(v.Int)
		}
		return v.Float
	}
	var hll sketch.HLL
	var co sketch.Comoments
	var digest sketch.Digest
	var udd sketch.UDD
	var sum sketch.Summary
	for _, row := range rows {
		v, w := of(row, model.Operand{Column: a.Column, Arg: a.Arg}), model.IntValue(model.Int64, 1)
		if a.By != nil {
			w = of(row, *a.By)
		}
		if v.Null() || w.Null() {
			continue
		}
		var err error
		switch a.Func {
		case model.AggHLL:
			sum = &hll
			hll.Add(sketch.ItemOf(textOf(v)))
		case model.AggDistinct:
			sum = &hll
			switch v.Type.Class() {
			case model.ClassInt:
				hll.Add(sketch.ItemOfInt(uint64(v.Int)))
			case model.ClassFloat:
				hll.Add(sketch.ItemOfFloat(v.Float))
			default:
				hll.Add(sketch.ItemOf(textOf(v)))
			}
		case model.AggHLLMerge:
			sum = &hll
			hll.Merge([]byte(v.Bytes))
		case model.AggDigest:
			sum = &digest
			err = digest.Init(a.Size)
			digest.AddWeighted(number(v), number(w))
		case model.AggUDD:
			sum = &udd
			err = udd.Init(a.Size, a.Error)
			udd.Add(number(v))
		case model.AggUDDMerge:
			sum = &udd
			_, err = udd.Take([]byte(v.Bytes))
		case model.AggComoments:
			sum = &co
			co.Add([]float64{number(v)}, []float64{number(w)})
		}
		if err != nil {
			panic(err)
		}
	}
	if sum == nil || sum.None() {
		return model.NullOf(model.Binary)
	}
	return model.Value{Type: model.Binary, Bytes: string(sum.AppendTo(nil))}
}

// textOf is how a value is cast to a string.
func textOf(v model.Value) []byte {
	switch {
	case v.Type.Kind == model.KindUint64:
		return strconv.AppendUint(nil, uint64(v.Int), 10)
	case v.Type.Integer():
		return strconv.AppendInt(nil, v.Int, 10)
	case v.Type.Floating():
		return sketch.AppendFloat(nil, v.Float)
	case v.Type.Kind == model.KindBool:
		return strconv.AppendBool(nil, v.Bool)
	}
	return []byte(v.Bytes)
}

// plainStream gives rows in batches of three.
type plainStream struct {
	p      *plainRegions
	fields []model.Field
	rows   [][]model.Value
	fail   error
}

func (s *plainStream) Fields() []model.Field { return s.fields }

func (s *plainStream) Next(context.Context) (*model.Batch, error) {
	if s.fail != nil {
		return nil, s.fail
	}
	if len(s.rows) == 0 {
		return nil, io.EOF
	}
	n := min(3, len(s.rows))
	b := model.NewBatch(s.fields, n)
	for _, row := range s.rows[:n] {
		for i, v := range row {
			if v.Null() {
				b.Cols[i].AppendNull()
			} else {
				b.Cols[i].AppendValue(v)
			}
		}
		b.Len++
	}
	s.rows = s.rows[n:]
	return b, nil
}

func (s *plainStream) Close() error {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.p.open--
	return nil
}

func (s *plainStream) Stats() contract.ScanStats { return contract.ScanStats{RowsOut: 1} }
