package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// readAll does a scan and gives its rows in order.
func readAll(ctx context.Context, e *Engine, req contract.ScanRequest) ([][]model.Value, []model.Field, error) {
	st, err := e.Scan(ctx, req)
	if err != nil {
		return nil, nil, err
	}
	defer st.Close()
	var out [][]model.Value
	for {
		b, err := st.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out, st.Fields(), nil
		}
		if err != nil {
			return nil, nil, err
		}
		if b.Len == 0 {
			return nil, nil, errors.New("an empty batch")
		}
		for i := range b.Len {
			row := make([]model.Value, len(b.Cols))
			for c := range row {
				row[c] = b.Cols[c].At(i)
			}
			out = append(out, row)
		}
	}
}

// everything is the scan of all rows and columns.
func (w *world) everything() contract.ScanRequest {
	req := contract.ScanRequest{Region: region0, TimeRange: model.AllTime}
	for _, c := range w.schema.Columns {
		req.Projection = append(req.Projection, c.ID)
	}
	return req
}

// compare does a scan and tells how its answer differs from the model's; err is the scan's own.
func (w *world) compare(ctx context.Context, e *Engine, req contract.ScanRequest) (difference string, err error) {
	got, fields, err := readAll(ctx, e, req)
	if err != nil {
		return "", err
	}
	if req.Aggregate == nil {
		for i, id := range req.Projection {
			if c := w.schema.Column(id); len(fields) != len(req.Projection) || fields[i].Name != c.Name || fields[i].Type != c.Type {
				return fmt.Sprintf("column %d is %v, want %s %s", i, fields, c.Name, c.Type), nil
			}
		}
	}
	return w.explain(&req, got), nil
}

// gen makes random values, predicates and scans of a world.
type gen struct {
	r     *rand.Rand
	w     *world
	hosts int
	base  int64 // smallest time
	slots int64 // different times
	step  int64 // between two of them
}

func (g *gen) time() int64 { return g.base + g.r.Int64N(g.slots)*g.step }

func (g *gen) words() string {
	s := ""
	for i := range g.r.IntN(4) {
		if i > 0 {
			s += []string{" ", ", ", "-"}[g.r.IntN(3)]
		}
		s += words[g.r.IntN(len(words))]
	}
	if g.r.IntN(3) == 0 {
		s += fmt.Sprintf(" id%04d", g.r.IntN(200))
	}
	return s
}

// value is a random value of a column, not NULL.
func (g *gen) value(c *model.Column) model.Value {
	switch {
	case c.Semantic == model.TimeColumn:
		return model.IntValue(c.Type, g.time())
	case c.Semantic == model.TagColumn:
		return model.StringValue(fmt.Sprint("h", g.r.IntN(g.hosts)))
	case c.Type == model.String:
		return model.StringValue(g.words())
	case c.Type == model.Int64:
		return model.IntValue(model.Int64, int64(g.r.IntN(60))-20)
	}
	if g.r.IntN(40) == 0 {
		return model.FloatValue(nan)
	}
	return model.FloatValue(float64(g.r.IntN(200)-50) / 4)
}

func (g *gen) column() *model.Column { return &g.w.schema.Columns[g.r.IntN(len(g.w.schema.Columns))] }

func (g *gen) leaf(fields bool) *model.Expr {
	c := g.column()
	for !fields && c.Semantic == model.FieldColumn {
		c = g.column()
	}
	if c.Type == model.String && g.r.IntN(2) == 0 {
		w := words[g.r.IntN(len(words))]
		switch {
		case c.Semantic == model.TagColumn:
			w = fmt.Sprint("h", g.r.IntN(g.hosts))
		case g.r.IntN(2) == 0:
			w = fmt.Sprintf("id%04d", g.r.IntN(200))
		}
		ops := map[model.Op][]string{
			model.OpRegex:       {".*" + regexp.QuoteMeta(w) + ".*", w, "(?s)" + w + ".*", "h[0-2]", "h1|h3", ""},
			model.OpContains:    {regexp.QuoteMeta(w), "^" + w, "[0-3]$"},
			model.OpMatchesTerm: {w, "rror"},
			model.OpMatches:     {w, "error AND " + w, `"` + w + `"`},
		}
		op := []model.Op{model.OpRegex, model.OpContains, model.OpMatchesTerm, model.OpMatches}[g.r.IntN(4)]
		if c.Semantic == model.TagColumn && op >= model.OpMatchesTerm {
			op = model.OpRegex // full-text conditions of tags are not a scan's
		}
		e := &model.Expr{Op: op, Column: c.ID, Pattern: ops[op][g.r.IntN(len(ops[op]))]}
		if g.r.IntN(5) == 0 {
			e.Op++
		}
		return e
	}
	op := []model.Op{model.OpEq, model.OpEq, model.OpNe, model.OpLt, model.OpLe, model.OpGt, model.OpGe, model.OpIn, model.OpNotIn, model.OpIsNull, model.OpNotNull}[g.r.IntN(11)]
	e := &model.Expr{Op: op, Column: c.ID}
	switch op {
	case model.OpIsNull, model.OpNotNull:
	case model.OpIn, model.OpNotIn:
		for range 1 + g.r.IntN(3) {
			e.Values = append(e.Values, g.value(c))
		}
	default:
		e.Values = []model.Value{g.value(c)}
	}
	return e
}

func (g *gen) predicate(depth int, fields bool) *model.Expr {
	if depth == 0 || g.r.IntN(2) == 0 {
		return g.leaf(fields)
	}
	a, b := g.predicate(depth-1, fields), g.predicate(depth-1, fields)
	if g.r.IntN(2) == 0 {
		return model.And(a, b)
	}
	return model.Or(a, b)
}

func (g *gen) times() model.TimeRange {
	if g.r.IntN(2) == 0 {
		return model.AllTime
	}
	from := g.time()
	return model.TimeRange{Start: from, End: from + 1 + g.r.Int64N(g.slots*g.step)/(1+g.r.Int64N(8))}
}

// scan makes a random scan.
func (g *gen) scan() contract.ScanRequest {
	s := g.w.schema
	req := contract.ScanRequest{Region: region0, TimeRange: g.times(), Parallelism: g.r.IntN(3)}
	if g.r.IntN(3) > 0 {
		req.Predicate = g.predicate(2, true)
	}
	if g.r.IntN(3) == 0 {
		req.Aggregate = g.aggregate()
		return req
	}
	for _, i := range g.r.Perm(len(s.Columns)) {
		if g.r.IntN(3) > 0 {
			req.Projection = append(req.Projection, s.Columns[i].ID)
		}
	}
	req.Order = contract.Order(g.r.IntN(4))
	if g.r.IntN(3) == 0 {
		req.Limit = 1 + g.r.Int64N(20)
	}
	req.LastRow = g.r.IntN(4) == 0
	return req
}

func (g *gen) aggregate() *model.Aggregate {
	s, a := g.w.schema, &model.Aggregate{}
	for _, id := range s.PrimaryKey {
		if g.r.IntN(2) == 0 {
			a.Keys = append(a.Keys, model.GroupKey{Column: id})
		}
	}
	if g.r.IntN(2) == 0 {
		a.Keys = append(a.Keys, model.GroupKey{Column: s.TimeIndex, Bucket: &model.TimeBucket{Width: g.step * (1 + g.r.Int64N(20)), Origin: g.r.Int64N(3) * 1000}})
	}
	if f := s.Fields(); len(f) > 0 && g.r.IntN(6) == 0 {
		a.Keys = append(a.Keys, model.GroupKey{Column: f[g.r.IntN(len(f))].ID})
	}
	for range g.r.IntN(4) {
		c := g.column()
		f := model.AggFunc(g.r.IntN(8))
		if (f == model.AggSum || f == model.AggSumFloat) && (c.Type.Class() != model.ClassInt && c.Type.Class() != model.ClassFloat || c.Semantic == model.TimeColumn) {
			f = model.AggCount
		}
		if f == model.AggCountRows {
			a.Aggs = append(a.Aggs, model.Agg{Func: f})
			continue
		}
		a.Aggs = append(a.Aggs, model.Agg{Func: f, Column: c.ID})
	}
	if len(a.Keys)+len(a.Aggs) == 0 {
		a.Aggs = []model.Agg{{Func: model.AggCountRows}}
	}
	return a
}
