package operator

import (
	"context"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/bind"
)

// adminFunc is a function that ADMIN calls, and most of them SELECT too.
type adminFunc struct {
	min, max int        // of its arguments
	result   model.Type // the zero value: UInt64
	only     bool       // by ADMIN only
	call     func(o *Operator, ctx context.Context, sess *model.Session, args []string) (model.Value, error)
}

func (f *adminFunc) resultType() model.Type {
	if f.result.Kind == model.KindNull {
		return model.Uint64
	}
	return f.result
}

// many is the number of arguments of functions that take any number.
const many = 1 << 16

// adminFunction finds a function by its name, nil where there is none. Arguments are given as texts.
func adminFunction(name string) *adminFunc {
	switch name {
	case "flush_table", "flush_region":
		return &adminFunc{min: 1, max: 1, call: func(o *Operator, ctx context.Context, sess *model.Session, args []string) (model.Value, error) {
			return done(o.eachRegion(sess, regionsNamed(name), args[0], func(id model.RegionID) error { return o.regions.Flush(ctx, id) }))
		}}
	case "compact_table", "compact_region":
		return &adminFunc{min: 1, max: 3, call: func(o *Operator, ctx context.Context, sess *model.Session, args []string) (model.Value, error) {
			return o.adminCompact(ctx, sess, regionsNamed(name), args)
		}}
	case "build_index":
		return &adminFunc{min: 1, max: 1, call: func(o *Operator, ctx context.Context, sess *model.Session, args []string) (model.Value, error) {
			return done(o.eachRegion(sess, ofTable, args[0], func(id model.RegionID) error { return o.regions.BuildIndex(ctx, id) }))
		}}
	case "discard_unflushed":
		return &adminFunc{min: 1, max: 1, only: true, call: (*Operator).adminDiscard}
	case "gc_table":
		return &adminFunc{min: 1, max: 2, call: (*Operator).adminGCTable}
	case "gc_regions":
		return &adminFunc{min: 1, max: many, call: (*Operator).adminGCRegions}
	case "reconcile_table":
		return &adminFunc{min: 1, max: 2, result: model.String, call: (*Operator).adminReconcileTable}
	case "reconcile_database":
		return &adminFunc{min: 1, max: 3, result: model.String, call: (*Operator).adminReconcileDatabase}
	case "reconcile_catalog":
		return &adminFunc{min: 0, max: 2, result: model.String, call: (*Operator).adminReconcileCatalog}
	case "procedure_state":
		return &adminFunc{min: 1, max: 1, result: model.String, call: func(o *Operator, _ context.Context, _ *model.Session, args []string) (model.Value, error) {
			state, err := o.procedures.state(args[0])
			return model.StringValue(state), err
		}}
	case "flush_flow":
		return &adminFunc{min: 1, max: 1, call: func(_ *Operator, _ context.Context, _ *model.Session, args []string) (model.Value, error) {
			return model.Value{}, errs.New(errs.FlowNotFound, "Flow not found: %s", args[0])
		}}
	case "migrate_region":
		return &adminFunc{min: 3, max: 4, result: model.String, call: func(*Operator, context.Context, *model.Session, []string) (model.Value, error) {
			return model.Value{}, errs.New(errs.Unsupported, "Not supported: migrate_region: a standalone server has no other node to which a region could go")
		}}
	case "purge_table":
		return &adminFunc{min: 1, max: 1, call: func(*Operator, context.Context, *model.Session, []string) (model.Value, error) {
			return model.Value{}, errs.New(errs.Unsupported, "Not supported: purge_table: tables that are dropped are not kept")
		}}
	}
	return nil
}

// adminCall is a call that can be made: the function is known and has as many arguments as it takes.
type adminCall struct {
	f    *adminFunc
	args []string
}

// readAdminCall checks a call whose arguments are constants or placeholders.
func readAdminCall(f *adminFunc, x *sql.FuncCall, params []model.Value) (c adminCall, err error) {
	c = adminCall{f: f, args: make([]string, len(x.Args))}
	for i, a := range x.Args {
		switch e := a.Expr.(type) {
		case *sql.Literal:
			if e.Kind == sql.LitNull {
				return c, errs.New(errs.InvalidArguments, "Invalid function args: argument %d of %s is NULL", i+1, x.FuncName())
			}
			c.args[i] = e.Text
		case *sql.Placeholder:
			if e.Index < 1 || e.Index > len(params) {
				return c, errs.New(errs.InvalidArguments, "parameter $%d is not given", e.Index)
			}
			c.args[i] = plainText(params[e.Index-1])
		default:
			return c, errs.New(errs.InvalidArguments, "Invalid function args: %s is not a literal", sql.Format(a.Expr))
		}
	}
	if n := len(c.args); n < f.min || n > f.max {
		return c, errs.New(errs.InvalidArguments, "Invalid function args: The length of the args is not correct, expect %s, have: %d", f.arity(), n)
	}
	return c, nil
}

// arity is how many arguments a function takes: "1", "1 to 3", "at least 1".
func (f *adminFunc) arity() string {
	switch {
	case f.max == many:
		return "at least " + strconv.Itoa(f.min)
	case f.min == f.max:
		return strconv.Itoa(f.min)
	}
	return strconv.Itoa(f.min) + " to " + strconv.Itoa(f.max)
}

// admin calls a function of ADMIN. Its result is one row of one column that is named by the statement.
func (o *Operator) admin(ctx context.Context, sess *model.Session, s *sql.Admin, params []model.Value) (model.RowStream, error) {
	f := adminFunction(strings.ToLower(s.Call.FuncName()))
	if f == nil {
		return nil, errs.New(errs.InvalidArguments, "Admin function not found: %s", s.Call.FuncName())
	}
	c, err := readAdminCall(f, s.Call, params)
	if err != nil {
		return nil, err
	}
	v, err := f.call(o, ctx, sess, c.args)
	if err != nil {
		return nil, err
	}
	m := &memoryRows{fields: []model.Field{{Name: s.Source(), Type: f.resultType()}}}
	m.batch = model.NewBatch(m.fields, 1)
	m.batch.Cols[0].AppendValue(v)
	m.batch.Len = 1
	return m, nil
}

// adminItems are the items of a query that call functions of ADMIN: SELECT flush_table('t'). Where there is a FROM there are none, as
// nobody could say how often they were called.
func adminItems(q *sql.Query) (items []int) {
	s, ok := q.Body.(*sql.Select)
	if !ok || len(s.From) > 0 {
		return nil
	}
	for i := range s.Items {
		if x, ok := s.Items[i].Expr.(*sql.FuncCall); ok && len(x.Name) == 1 {
			if f := adminFunction(strings.ToLower(x.FuncName())); f != nil && !f.only {
				items = append(items, i)
			}
		}
	}
	return items
}

// adminValues puts the values that functions of ADMIN give into a query, under the calls' headers. For a description of the query the
// functions are not called.
func (o *Operator) adminValues(ctx context.Context, sess *model.Session, q *sql.Query, describe bool, params []model.Value) (*sql.Query, error) {
	items := adminItems(q)
	if len(items) == 0 {
		return q, nil
	}
	s := *q.Body.(*sql.Select)
	s.Items = append([]sql.SelectItem(nil), s.Items...)
	for _, i := range items {
		x := s.Items[i].Expr.(*sql.FuncCall)
		f := adminFunction(strings.ToLower(x.FuncName()))
		c, err := readAdminCall(f, x, params)
		if err != nil {
			return nil, err
		}
		v := &sql.Literal{Pos: x.Pos, Kind: sql.LitNull}
		if !describe {
			r, err := f.call(o, ctx, sess, c.args)
			if err != nil {
				return nil, err
			}
			v.Kind, v.Text = sql.LitString, plainText(r)
		}
		if s.Items[i].Alias.Name == "" {
			s.Items[i].Alias = sql.Ident{Name: bind.Header(x), Quoted: true}
		}
		s.Items[i].Expr = &sql.Cast{Pos: x.Pos, X: v, Type: typeName(f.resultType())}
	}
	with := *q
	with.Body = &s
	return &with, nil
}

// plainText is a value as one writes it within quotes.
func plainText(v model.Value) string {
	if v.Type.Class() == model.ClassBytes {
		return v.Bytes
	}
	return v.String()
}

// done is the value of a function that has nothing to tell but how it ended.
func done(err error) (model.Value, error) { return model.IntValue(model.Uint64, 0), err }

// regionsOf says what an argument names.
type regionsOf int

const (
	ofTable  regionsOf = iota // a table: all of its regions
	ofRegion                  // a region, by its id
	ofEither
)

func regionsNamed(function string) regionsOf {
	if strings.HasSuffix(function, "_region") {
		return ofRegion
	}
	return ofTable
}

// adminRegions are the regions that an argument names.
func (o *Operator) adminRegions(sess *model.Session, of regionsOf, arg string) ([]model.RegionID, error) {
	if of != ofTable {
		id, err := model.ParseRegionID(arg)
		switch {
		case err == nil:
			return []model.RegionID{id}, nil
		case of == ofRegion:
			return nil, errs.New(errs.InvalidArguments, "Invalid function args: %s is not a region id", arg)
		}
	}
	name, err := argName(arg)
	if err != nil {
		return nil, err
	}
	t, err := o.target(sess, name)
	if err != nil {
		return nil, err
	}
	return t.Regions, nil
}

// argName reads the name of a table that is given as a text.
func argName(arg string) (name sql.ObjectName, err error) {
	for part := range strings.SplitSeq(arg, ".") {
		if part = strings.Trim(part, "`\""); part == "" {
			return nil, errs.New(errs.InvalidArguments, "Invalid function args: %q is not the name of a table", arg)
		}
		name = append(name, sql.Ident{Name: part})
	}
	return name, nil
}

// eachRegion calls f for the regions that an argument names, one after the other.
func (o *Operator) eachRegion(sess *model.Session, of regionsOf, arg string, f func(id model.RegionID) error) error {
	ids, err := o.adminRegions(sess, of, arg)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := f(id); err != nil {
			return err
		}
	}
	return nil
}

func (o *Operator) adminDiscard(ctx context.Context, sess *model.Session, args []string) (model.Value, error) {
	var rows uint64
	err := o.eachRegion(sess, ofEither, args[0], func(id model.RegionID) error {
		n, err := o.regions.DiscardUnflushed(ctx, id)
		rows += n
		return err
	})
	return model.IntValue(model.Uint64, int64(rows)), err
}

// adminGC collects the garbage of regions and tells how many it looked at.
func (o *Operator) adminGC(ctx context.Context, ids []model.RegionID, full bool) (model.Value, error) {
	for _, id := range ids {
		if _, err := o.regions.CollectGarbage(ctx, id, full); err != nil {
			return model.Value{}, err
		}
	}
	return model.IntValue(model.Uint64, int64(len(ids))), nil
}

func (o *Operator) adminGCTable(ctx context.Context, sess *model.Session, args []string) (model.Value, error) {
	full := false
	if len(args) > 1 {
		var err error
		if full, err = boolean(args[1]); err != nil {
			return model.Value{}, errs.New(errs.InvalidArguments, "Invalid function args: full must be true or false, given: %s", args[1])
		}
	}
	ids, err := o.adminRegions(sess, ofTable, args[0])
	if err != nil {
		return model.Value{}, err
	}
	return o.adminGC(ctx, ids, full)
}

func (o *Operator) adminGCRegions(ctx context.Context, sess *model.Session, args []string) (model.Value, error) {
	full := false
	if last := len(args) - 1; last > 0 {
		if on, err := boolean(args[last]); err == nil && args[last] != "0" && args[last] != "1" {
			full, args = on, args[:last]
		}
	}
	var ids []model.RegionID
	for _, a := range args {
		id, err := o.adminRegions(sess, ofRegion, a)
		if err != nil {
			return model.Value{}, err
		}
		ids = append(ids, id...)
	}
	return o.adminGC(ctx, ids, full)
}
