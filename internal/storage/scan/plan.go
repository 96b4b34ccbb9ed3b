package scan

import (
	"math"
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// colRef says where a column's values come from: refTime, a tag (tagRef), or the index of a loaded column.
type colRef int32

const refTime colRef = -1

func tagRef(k int) colRef { return colRef(-2 - k) }

// tag is the position of the tag in the key, or -1.
func (r colRef) tag() int { return int(-2 - r) }

func (r colRef) isTag() bool { return r <= -2 }

// loadCol is a column that is read from the sources' chunks.
type loadCol struct {
	id  model.ColumnID
	typ model.Type
}

// plan is a request resolved against the schema; it does not change once made, and all workers share it.
type plan struct {
	schema *model.Schema
	mode   contract.MergeMode
	tags   []*model.Column

	times   model.TimeRange // request, time predicates and the TTL cut in one
	tagPred *model.Expr     // conjuncts over tags alone
	rowPred []*node         // the other conjuncts, the cheapest first
	keyExpr []*model.Expr   // conjuncts over times, or times and tags, beside those in times: Prune may always see them
	rowExpr []*model.Expr   // conjuncts that Prune may see only where no older version can come to light

	cols     []loadCol // columns that come from chunks
	opCol    int       // position of ColumnOpType in cols; always there, loaded only where there are deletes
	seqCol   int       // of ColumnSequence; loaded only where keys collide
	fields   []model.Field
	out      []colRef // projection
	order    contract.Order
	limit    int64
	lastRow  bool
	agg      *aggPlan
	batch    int  // rows of a batch
	tails    bool // only the last rows of each series are looked at: lastRow where nothing can hide or drop them
	keepDels bool // tombstones are output like rows
	exactSeq bool // rows of equal key that all stay come newest first
}

// dedup reports whether of equal keys only one row stays.
func (p *plan) dedup() bool { return p.mode != contract.MergeAppend }

// newPlan checks and resolves a request.
func newPlan(o *Options, req *contract.ScanRequest) (*plan, error) {
	p := &plan{schema: o.Schema, mode: o.Merge, tags: o.Schema.Tags(), times: req.TimeRange, order: req.Order, limit: req.Limit,
		lastRow: req.LastRow, batch: o.BatchRows}
	if p.batch <= 0 {
		p.batch = defaultBatchRows
	}
	if o.Times != (model.TimeRange{}) {
		p.times = p.times.Intersect(o.Times)
	}
	p.opCol = int(p.column(model.ColumnOpType, model.Uint8))
	p.seqCol = int(p.column(model.ColumnSequence, model.Uint64))
	if req.Limit < 0 {
		return nil, errs.New(errs.InvalidArguments, "scan of region %s: negative limit %d", req.Region, req.Limit)
	}
	if req.LastRow && req.Aggregate != nil {
		return nil, errs.New(errs.InvalidArguments, "scan of region %s: last row and aggregate exclude each other", req.Region)
	}
	var rows []*node
	var tags []*model.Expr
	for _, e := range req.Predicate.Conjuncts() {
		if r, ok := p.timeConjunct(e); ok {
			p.times = p.times.Intersect(r)
			continue
		}
		n, err := p.compile(e)
		if err != nil {
			return nil, err
		}
		switch n.reads() {
		case readsTags:
			tags = append(tags, e)
		case readsKey:
			rows = append(rows, n)
			p.keyExpr = append(p.keyExpr, e)
		default:
			rows = append(rows, n)
			p.rowExpr = append(p.rowExpr, e)
		}
	}
	p.tagPred = model.And(tags...)
	slices.SortStableFunc(rows, func(a, b *node) int { return a.cost() - b.cost() })
	p.rowPred = rows
	if req.Aggregate != nil {
		var err error
		p.agg, p.fields, err = p.compileAggregate(req.Aggregate)
		p.order, p.limit = contract.OrderNone, 0
		return p, err
	}
	return p, p.project(req.Projection)
}

// project resolves the output columns.
func (p *plan) project(ids []model.ColumnID) error {
	for _, id := range ids {
		ref, typ, err := p.ref(id)
		if err != nil {
			return err
		}
		name := "__sequence"
		if c := p.schema.Column(id); c != nil {
			name = c.Name
		} else if id == model.ColumnOpType {
			name = "__op_type"
		}
		p.fields = append(p.fields, model.Field{Name: name, Type: typ, ID: id})
		p.out = append(p.out, ref)
	}
	return nil
}

// ref finds a column and makes sure that it is loaded.
func (p *plan) ref(id model.ColumnID) (colRef, model.Type, error) {
	switch id {
	case model.ColumnSequence:
		return colRef(p.seqCol), model.Uint64, nil
	case model.ColumnOpType:
		return colRef(p.opCol), model.Uint8, nil
	}
	c := p.schema.Column(id)
	if c == nil {
		return 0, model.Type{}, errs.New(errs.TableColumnNotFound, "scan: no column has id %d", id)
	}
	switch c.Semantic {
	case model.TimeColumn:
		return refTime, c.Type, nil
	case model.TagColumn:
		return tagRef(slices.Index(p.schema.PrimaryKey, id)), c.Type, nil
	}
	return p.column(id, c.Type), c.Type, nil
}

// column is the position of a loaded column, added where new.
func (p *plan) column(id model.ColumnID, t model.Type) colRef {
	for i := range p.cols {
		if p.cols[i].id == id {
			return colRef(i)
		}
	}
	p.cols = append(p.cols, loadCol{id, t})
	return colRef(len(p.cols) - 1)
}

// timeConjunct turns a comparison of the time index with a constant into a range.
func (p *plan) timeConjunct(e *model.Expr) (model.TimeRange, bool) {
	r := model.AllTime
	if e.Column != p.schema.TimeIndex || len(e.Values) != 1 {
		return r, false
	}
	v := e.Values[0].Int
	next := v // v+1, or the greatest there is: no row is at MaxInt64
	if v < math.MaxInt64 {
		next++
	}
	switch e.Op {
	case model.OpEq, model.OpIn:
		return model.TimeRange{Start: v, End: next}, !e.Values[0].Null()
	case model.OpLt:
		r.End = v
	case model.OpLe:
		r.End = next
	case model.OpGt:
		r.Start = next
	case model.OpGe:
		r.Start = v
	default:
		return r, false
	}
	return r, !e.Values[0].Null()
}
