package operator

import (
	"context"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// target finds the table of a statement that writes rows.
func (o *Operator) target(sess *model.Session, n sql.ObjectName) (*catalog.Table, error) {
	database, name, err := tableName(sess, n)
	if err != nil {
		return nil, err
	}
	if err := writable(database); err != nil {
		return nil, err
	}
	t, err := o.catalog.Table(database, name)
	if err == nil {
		err = notExternal(t)
	} else if v := o.catalog.View(database, name); v != nil {
		err = errs.New(errs.Unsupported, "Not supported: %s is a view, which is read-only", v.FullName())
	}
	return t, err
}

// rowTarget is target for a table that is to have rows of its own.
func (o *Operator) rowTarget(sess *model.Session, n sql.ObjectName) (*catalog.Table, error) {
	t, err := o.target(sess, n)
	if err == nil && t.Physical() {
		return nil, physicalWrite(t)
	}
	return t, err
}

func (o *Operator) insert(ctx context.Context, sess *model.Session, s *sql.Insert, params []model.Value) (uint64, error) {
	for try := 1; ; try++ {
		t, err := o.rowTarget(sess, s.Table)
		if err != nil {
			return 0, err
		}
		cols, err := insertColumns(t, s.Columns)
		if err != nil {
			return 0, err
		}
		var n uint64
		if s.Query != nil {
			n, err = o.insertQuery(ctx, sess, t, cols, s.Query, params)
		} else {
			n, err = o.insertValues(ctx, sess, t, cols, s.Rows, params)
		}
		if !errs.Is(err, errs.RequestOutdated) || try == insertTries || n > 0 {
			return n, err
		}
	}
}

// insertColumns are the columns that an INSERT gives, in its order.
func insertColumns(t *catalog.Table, names []sql.Ident) ([]*model.Column, error) {
	var out []*model.Column
	if names == nil {
		for i := range t.Schema.Columns {
			out = append(out, &t.Schema.Columns[i])
		}
		return out, nil
	}
	seen := map[string]bool{}
	for _, n := range names {
		c := t.Schema.ByName(n.Name)
		if c == nil {
			return nil, errs.New(errs.InvalidArguments, "Cannot find column by name: %s", n.Name)
		}
		if seen[n.Name] {
			return nil, errs.New(errs.InvalidArguments, "Invalid SQL, error: column %s is given twice", n.Name)
		}
		seen[n.Name] = true
		out = append(out, c)
	}
	return out, nil
}

// insertValues converts column by column, so that what depends on the column is decided once.
func (o *Operator) insertValues(ctx context.Context, sess *model.Session, t *catalog.Table, cols []*model.Column, rows [][]sql.Expr, params []model.Value) (uint64, error) {
	for _, r := range rows {
		if len(r) != len(cols) {
			return 0, errs.New(errs.InvalidArguments, "Invalid SQL, error: column count mismatch, columns: %d, values: %d", len(cols), len(r))
		}
	}
	lits := literalsOf(sess)
	b := &model.Batch{Len: len(rows)}
	for i, c := range cols {
		v := model.NewVector(c.Type, len(rows))
		for _, r := range rows {
			if l, ok := r[i].(*sql.Literal); ok { // fast path
				if err := lits.append(v, c, l); err != nil {
					return 0, err
				}
				continue
			}
			x, err := o.computed(ctx, sess, c, r[i], params)
			if err != nil {
				return 0, err
			}
			v.AppendValue(x)
		}
		b.Cols = append(b.Cols, v)
	}
	return o.writeColumns(ctx, t, cols, b)
}

// computed is the value of an expression that is not a literal.
func (o *Operator) computed(ctx context.Context, sess *model.Session, c *model.Column, x sql.Expr, params []model.Value) (model.Value, error) {
	switch x := x.(type) {
	case *sql.Default:
		switch {
		case c.Default != nil:
			return o.defaultValue(c), nil
		case c.Nullable:
			return model.NullOf(c.Type), nil
		}
		return model.Value{}, errs.New(errs.InvalidArguments, "No valid default value can be built automatically, column: %s", c.Name)
	case *sql.Placeholder:
		if x.Index < 1 || x.Index > len(params) {
			return model.Value{}, errs.New(errs.InvalidArguments, "parameter $%d is not given", x.Index)
		}
		return o.parameter(sess, c, params[x.Index-1])
	case *sql.Cast: // of a parameter to what the column is: drivers write the types of all of them
		if ph, ok := x.X.(*sql.Placeholder); ok && ph.Index >= 1 && ph.Index <= len(params) && castsTo(x, c) {
			return o.parameter(sess, c, params[ph.Index-1])
		}
	}
	if o.opts.Query == nil {
		return model.Value{}, errs.New(errs.Unsupported, "Not supported: expression %s in VALUES", sql.Format(x))
	}
	v, err := o.opts.Query.Value(ctx, sess, &sql.Cast{X: x, Type: typeName(c.Type)}, params...)
	if err != nil {
		return v, err
	}
	if v.Null() {
		return model.NullOf(c.Type), nil
	}
	if v.Type.Class() != c.Type.Class() {
		return v, wrongType(c, typeText(v.Type))
	}
	return v, nil
}

// castsTo reports a cast after which a value is as it would be in the column without it.
func castsTo(x *sql.Cast, c *model.Column) bool {
	r, err := x.Type.Resolve()
	if err != nil {
		return false
	}
	t, err := model.ParseType(string(r.Kind))
	return err == nil && (t.Kind == c.Type.Kind && t.Unit == c.Type.Unit || t.Kind == model.KindFloat64 && c.Type.Floating())
}

// parameter converts the value of a placeholder: through its text where the types differ.
func (o *Operator) parameter(sess *model.Session, c *model.Column, p model.Value) (model.Value, error) {
	switch {
	case p.Null():
		return model.NullOf(c.Type), nil
	case p.Type == c.Type:
		return p, nil
	case p.Type.IsTimestamp() && c.Type.IsTimestamp():
		n, ok := model.ConvertTime(p.Int, p.Type.Unit, c.Type.Unit)
		if !ok {
			return p, errs.New(errs.InvalidArguments, "Converting timestamp %d to unit %s overflow, column: %s", p.Int, c.Type.Unit, c.Name)
		}
		return model.IntValue(c.Type, n), nil
	}
	l := literals{zone: sess.Timezone, loose: true}
	switch p.Type.Class() {
	case model.ClassBool:
		return l.value(c, &sql.Literal{Kind: sql.LitBool, Text: strconv.FormatBool(p.Bool)})
	case model.ClassInt:
		return l.value(c, &sql.Literal{Kind: sql.LitFloat, Text: p.String()})
	case model.ClassFloat, model.ClassDecimal: // clients whose numbers are of one type send 3 as 3.0
		text := p.String()
		if whole, fraction, ok := strings.Cut(text, "."); ok && c.Type.Integer() && strings.Trim(fraction, "0") == "" {
			text = whole
		}
		return l.value(c, &sql.Literal{Kind: sql.LitFloat, Text: text})
	case model.ClassBytes:
		return l.value(c, &sql.Literal{Kind: sql.LitString, Text: p.Bytes})
	}
	return p, wrongType(c, typeText(p.Type))
}

// typeName writes a type as a cast does.
func typeName(t model.Type) *sql.TypeName {
	switch t.Kind {
	case model.KindTimestamp:
		return &sql.TypeName{Name: "TIMESTAMP", Args: []string{strconv.Itoa(3 * int(t.Unit))}}
	case model.KindDecimal:
		return &sql.TypeName{Name: "DECIMAL", Args: []string{strconv.Itoa(int(t.Precision)), strconv.Itoa(int(t.Scale))}}
	case model.KindVector:
		return &sql.TypeName{Name: "VECTOR", Args: []string{strconv.Itoa(int(t.Dim))}}
	}
	return &sql.TypeName{Name: t.SQL()}
}

// writeColumns writes rows of some columns of a table, the others filled with their defaults.
func (o *Operator) writeColumns(ctx context.Context, t *catalog.Table, cols []*model.Column, b *model.Batch) (uint64, error) {
	if b.Len == 0 {
		return 0, nil
	}
	given := make(map[model.ColumnID]bool, len(cols))
	w := contract.RegionWrite{SchemaVersion: t.Schema.Version, Op: model.OpPut,
		Rows: &model.Batch{Len: b.Len, Cols: append([]*model.Vector(nil), b.Cols...)}}
	for i, c := range cols {
		given[c.ID] = true
		w.Columns = append(w.Columns, c.ID)
		if !c.Nullable && b.Cols[i].NullCount() > 0 {
			return 0, errs.New(errs.InvalidArguments, "Invalid request for region, reason: column %s is not null but input has null", c.Name)
		}
	}
	for i := range t.Schema.Columns {
		c := &t.Schema.Columns[i]
		if given[c.ID] {
			continue
		}
		v, err := o.absent(c, b.Len)
		if err != nil {
			return 0, err
		}
		if v != nil {
			w.Columns, w.Rows.Cols = append(w.Columns, c.ID), append(w.Rows.Cols, v)
		}
	}
	writes, err := route(t, w)
	if err != nil {
		return 0, err
	}
	return o.regions.Write(ctx, contract.WriteRequest{Writes: writes})
}

// delete removes the rows of a statement, which is made anew where the table changes under it.
func (o *Operator) delete(ctx context.Context, sess *model.Session, s *sql.Delete, params []model.Value) (uint64, error) {
	for try := 1; ; try++ {
		t, err := o.rowTarget(sess, s.Table)
		if err != nil {
			return 0, err
		}
		n, err := o.deleteFrom(ctx, sess, t, s, params)
		if !errs.Is(err, errs.RequestOutdated) || try == insertTries || n > 0 {
			return n, err
		}
	}
}
