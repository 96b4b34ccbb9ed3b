package operator

import (
	"fmt"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// maxRules bounds the regions of a table.
const maxRules = 1024

// newPartition reads and checks the rules of a table; nil where there are none.
func newPartition(sess *model.Session, schema *model.Schema, merge contract.MergeMode, s *sql.Partitions) (*model.Partition, error) {
	if s == nil {
		return nil, nil
	}
	p := &model.Partition{}
	for _, n := range s.Columns {
		c := schema.ByName(n.Name)
		if c == nil {
			return nil, errs.New(errs.InvalidSyntax, "Invalid SQL, error: Partition column %q not defined", n.Name)
		}
		switch c.Type.Class() {
		case model.ClassBool, model.ClassInt, model.ClassFloat, model.ClassBytes:
		default:
			return nil, errs.New(errs.InvalidArguments, "Invalid partition column %s: type %s has no order that rules could use", c.Name, c.Type)
		}
		if c.Semantic == model.FieldColumn && merge != contract.MergeAppend && len(s.Rules) > 1 {
			return nil, errs.New(errs.InvalidArguments, "Invalid partition column %s: rows with the same key could end up in different partitions, where nothing replaces the older one; use columns of the primary key or the time index, or append_mode = 'true'", c.Name)
		}
		p.Columns = append(p.Columns, c.ID)
	}
	if len(s.Rules) == 0 {
		return nil, nil
	}
	if len(s.Rules) > maxRules {
		return nil, errs.New(errs.InvalidArguments, "a table has at most %d partitions, not %d", maxRules, len(s.Rules))
	}
	r := ruleReader{sess: sess, schema: schema, p: p}
	for _, x := range s.Rules {
		e, err := r.rule(x)
		if err != nil {
			return nil, err
		}
		p.Rules = append(p.Rules, e)
		p.Texts = append(p.Texts, sql.Format(x))
	}
	if err := p.Check(func(id model.ColumnID) string { return schema.Column(id).Name }); err != nil {
		return nil, err
	}
	return p, nil
}

type ruleReader struct {
	sess   *model.Session
	schema *model.Schema
	p      *model.Partition
}

var ruleOps = map[sql.Op]model.Op{sql.OpEq: model.OpEq, sql.OpNe: model.OpNe, sql.OpLt: model.OpLt, sql.OpLe: model.OpLe, sql.OpGt: model.OpGt, sql.OpGe: model.OpGe}

var mirroredOps = map[model.Op]model.Op{model.OpEq: model.OpEq, model.OpNe: model.OpNe, model.OpLt: model.OpGt, model.OpLe: model.OpGe, model.OpGt: model.OpLt, model.OpGe: model.OpLe}

func (r *ruleReader) rule(x sql.Expr) (*model.Expr, error) {
	b, ok := x.(*sql.Binary)
	if !ok {
		return nil, errs.New(errs.InvalidSyntax, "Invalid SQL, error: Partition rule expr %s is not a binary expr", sql.Format(x))
	}
	if b.Op == sql.OpAnd || b.Op == sql.OpOr {
		left, err := r.rule(b.L)
		if err != nil {
			return nil, err
		}
		right, err := r.rule(b.R)
		if err != nil {
			return nil, err
		}
		op := model.OpAnd
		if b.Op == sql.OpOr {
			op = model.OpOr
		}
		return &model.Expr{Op: op, Args: []*model.Expr{left, right}}, nil
	}
	op, ok := ruleOps[b.Op]
	if !ok {
		return nil, errs.New(errs.InvalidSyntax, "Invalid SQL, error: Partition rule expr %s uses operator %s; only =, !=, <, <=, >, >=, AND, OR are allowed", sql.Format(x), b.Op)
	}
	name, value := b.L, b.R
	if _, ok := name.(*sql.ColumnRef); !ok {
		name, value, op = b.R, b.L, mirroredOps[op]
	}
	ref, ok := name.(*sql.ColumnRef)
	if !ok || len(ref.Name) != 1 {
		return nil, errs.New(errs.InvalidSyntax, "Invalid SQL, error: Partition rule expr %s does not compare a column with a constant", sql.Format(x))
	}
	c := r.schema.ByName(ref.Name[0].Name)
	if c == nil || !r.listed(c.ID) {
		return nil, errs.New(errs.InvalidSyntax, "Invalid SQL, error: Column %q in rule expr is not referenced in PARTITION ON", ref.Name[0].Name)
	}
	v, err := r.constant(c, value)
	if err != nil {
		return nil, err
	}
	return model.Compare(op, c.ID, v), nil
}

func (r *ruleReader) listed(id model.ColumnID) bool {
	for _, c := range r.p.Columns {
		if c == id {
			return true
		}
	}
	return false
}

func (r *ruleReader) constant(c *model.Column, x sql.Expr) (model.Value, error) {
	l, ok := x.(*sql.Literal)
	if !ok || l.Kind == sql.LitNull {
		return model.Value{}, errs.New(errs.InvalidSyntax, "Invalid SQL, error: Partition rule compares column %s with %s, which is not a constant", c.Name, sql.Format(x))
	}
	lits := literalsOf(r.sess)
	lits.loose = false // a definition means the same over every protocol
	return lits.value(c, l)
}

// route gives the writes of some rows: one for each region that gets any. Where that is one, the rows are not copied.
func route(t *catalog.Table, w contract.RegionWrite) ([]contract.RegionWrite, error) {
	if t.Partition == nil {
		w.Region = t.Regions[0]
		return []contract.RegionWrite{w}, nil
	}
	rows, whole, err := t.Partition.Split(w.Rows.Len, func(id model.ColumnID) *model.Vector {
		for i, c := range w.Columns {
			if c == id {
				return w.Rows.Cols[i]
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", t.FullName(), err)
	}
	if whole >= 0 {
		w.Region = t.Regions[whole]
		return []contract.RegionWrite{w}, nil
	}
	var out []contract.RegionWrite
	for i, list := range rows {
		if len(list) > 0 {
			one := w
			one.Region, one.Rows = t.Regions[i], w.Rows.Take(list)
			out = append(out, one)
		}
	}
	return out, nil
}
