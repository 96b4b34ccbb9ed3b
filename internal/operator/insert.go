package operator

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// insertTries bounds how often a write is matched anew, after it made or widened tables or lost a race against others that did.
const insertTries = 8

// Insert writes rows of a protocol; see server.Inserter. Everything that can be refused is refused before a table is made or a row
// written.
//
//	match   rows to tables: ids and types of columns; what is missing
//	make    the missing tables in one go, then the missing columns, table by table
//	write   all batches in one call
func (o *Operator) Insert(ctx context.Context, sess *model.Session, rows []*model.Rows, opts model.InsertOptions) (affected uint64, err error) {
	if !sess.Rights.CanWrite() {
		return 0, denied(sess, "write")
	}
	if err := writable(sess.Database); err != nil {
		return 0, err
	}
	w := insertion{o: o, sess: sess, opts: opts, rows: rows}
	for try := 1; ; try++ {
		if err := w.match(); err != nil {
			return 0, err
		}
		if len(w.create) == 0 && len(w.widen) == 0 {
			affected, err = o.regions.Write(ctx, contract.WriteRequest{Writes: w.writes})
			if errs.Is(err, errs.RequestOutdated) && try < insertTries {
				continue
			}
			return affected, err
		}
		if try == insertTries {
			return 0, errs.New(errs.RequestOutdated, "tables of this write keep changing; try again")
		}
		if err := w.make(ctx); err != nil {
			return 0, err
		}
	}
}

// insertion is one write on its way.
type insertion struct {
	o    *Operator
	sess *model.Session
	opts model.InsertOptions
	rows []*model.Rows

	writes []contract.RegionWrite
	create []*model.Rows // tables to make
	widen  []widening
}

// widening is columns that a table lacks.
type widening struct {
	table   string
	logical bool
	add     []model.RowColumn // vectors are for their types only
}

// match fills writes, create and widen.
func (w *insertion) match() error {
	w.writes, w.create, w.widen = w.writes[:0], w.create[:0], w.widen[:0]
	for _, r := range w.rows {
		t, err := w.o.catalog.Table(w.sess.Database, r.Table)
		switch {
		case errs.Is(err, errs.TableNotFound):
			if err := w.checkNew(r); err != nil {
				return err
			}
			w.create = append(w.create, r)
		case err != nil:
			return err
		case t.Physical():
			return physicalWrite(t)
		default:
			if err := w.matchTable(t, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// auto tells whether this write may make and widen tables, as an error.
func (w *insertion) auto(what, name string) error {
	if !w.o.opts.AutoCreateTable {
		return errs.New(errs.InvalidArguments, "%s `%s` does not exist, and auto-create table is disabled by frontend config", what, name)
	}
	hint, ok := w.sess.Hints["auto_create_table"]
	if !ok {
		return nil
	}
	on, err := strconv.ParseBool(hint)
	if err != nil {
		return errs.New(errs.InvalidArguments, "`auto_create_table` hint must be a boolean, given: %s", hint)
	}
	if !on {
		return errs.New(errs.InvalidArguments, "%s `%s` does not exist, and `auto_create_table` hint is disabled", what, name)
	}
	return nil
}

func checkColumnName(table, name string) error {
	switch name {
	case "", "__sequence", "__op_type", "__primary_key":
		return errs.New(errs.InvalidArguments, "Invalid column name: %q of table %s", name, table)
	}
	return nil
}

func (w *insertion) checkNew(r *model.Rows) error {
	if err := w.auto("Table", r.Table); err != nil {
		return err
	}
	if err := checkTableName(r.Table); err != nil {
		return err
	}
	for _, c := range r.Columns {
		if err := checkColumnName(r.Table, c.Name); err != nil {
			return err
		}
		if c.Semantic == model.TimeColumn && !c.Vector.Type.IsTimestamp() {
			return mismatch(r.Table, c.Name, model.Timestamp(model.Millisecond), c.Vector.Type)
		}
		if c.Semantic == model.TimeColumn {
			if err := model.CheckTimes(c.Name, c.Vector); err != nil {
				return err
			}
		}
	}
	return nil
}

func mismatch(table, column string, want, given model.Type) error {
	return errs.New(errs.InvalidArguments, "table %s: column %s expect type %s, given: %s", table, column, want, given)
}

// columnFinder finds columns by name. Rows of one source come in the same order as the table's columns most of the time, so each
// search goes on where the last one ended.
type columnFinder struct {
	columns []model.Column
	next    int
	index   map[string]int // made for wide tables when the order does not help
}

func (f *columnFinder) find(name string) int {
	n := len(f.columns)
	if f.next < n && f.columns[f.next].Name == name {
		f.next++
		return f.next - 1
	}
	if n > 32 {
		if f.index == nil {
			f.index = make(map[string]int, n)
			for i := range f.columns {
				f.index[f.columns[i].Name] = i
			}
		}
		if i, ok := f.index[name]; ok {
			f.next = i + 1
			return i
		}
		return -1
	}
	for i := range f.columns {
		if f.columns[i].Name == name {
			f.next = i + 1
			return i
		}
	}
	return -1
}

// matchTable adds a write for a table that is there, or what the table lacks.
func (w *insertion) matchTable(t *catalog.Table, r *model.Rows) error {
	if err := notExternal(t); err != nil {
		return err
	}
	s := t.Schema
	find := columnFinder{columns: s.Columns}
	b := &model.Batch{Len: r.Len, Cols: make([]*model.Vector, 0, len(s.Columns))}
	ids := make([]model.ColumnID, 0, len(s.Columns))
	given := make([]bool, len(s.Columns))
	var add []model.RowColumn
	for _, c := range r.Columns {
		name := c.Name
		switch {
		case c.Semantic == model.TimeColumn && w.opts.AutoTime:
			name = s.Time().Name
		case c.Semantic == model.FieldColumn && w.opts.AutoValue:
			if only := onlyField(s); only != "" {
				name = only
			}
		}
		i := find.find(name)
		if i < 0 {
			if c.Semantic == model.TimeColumn {
				return errs.New(errs.InvalidArguments, "column %s is not the time index of table %s, which is %s", name, t.FullName(), s.Time().Name)
			}
			if err := checkColumnName(r.Table, name); err != nil {
				return err
			}
			if c.Vector.Type.Kind == model.KindNull {
				continue
			}
			if err := w.auto("Column", name); err != nil {
				return err
			}
			add = append(add, c)
			continue
		}
		col := &s.Columns[i]
		if given[i] {
			return errs.New(errs.InvalidArguments, "column %s of table %s is given twice", name, t.FullName())
		}
		v := c.Vector
		if v.Type.Kind == model.KindNull && col.Nullable {
			v = model.ConstVector(model.NullOf(col.Type), r.Len)
		}
		if c.Semantic != col.Semantic {
			return errs.New(errs.InvalidArguments, "table %s: column %s expect semantic type %s, given: %s", r.Table, name, col.Semantic, c.Semantic)
		}
		if v.Type != col.Type {
			if c.Semantic != model.TimeColumn || !w.opts.AutoTime || !v.Type.IsTimestamp() {
				return mismatch(r.Table, name, col.Type, v.Type)
			}
			var err error
			if v, err = convertTimes(name, v, col.Type); err != nil {
				return err
			}
		}
		if c.Semantic == model.TimeColumn {
			if err := model.CheckTimes(name, v); err != nil {
				return err
			}
		}
		given[i] = true
		ids, b.Cols = append(ids, col.ID), append(b.Cols, v)
	}
	if len(add) > 0 {
		w.widen = append(w.widen, widening{t.Name, t.Logical != nil, add})
		return nil
	}
	for i, ok := range given {
		if ok {
			continue
		}
		v, err := w.o.absent(&s.Columns[i], r.Len)
		if err != nil {
			return err
		}
		if v != nil {
			ids, b.Cols = append(ids, s.Columns[i].ID), append(b.Cols, v)
		}
	}
	writes, err := route(t, contract.RegionWrite{SchemaVersion: s.Version, Op: model.OpPut, Columns: ids, Rows: b})
	if err != nil {
		return err
	}
	w.writes = append(w.writes, writes...)
	return nil
}

// onlyField is the name of the only field of a table, or "".
func onlyField(s *model.Schema) (name string) {
	for i := range s.Columns {
		if s.Columns[i].Semantic == model.FieldColumn {
			if name != "" {
				return ""
			}
			name = s.Columns[i].Name
		}
	}
	return name
}

// absent is n values for a column that was not given: its default, or nil for NULL.
func (o *Operator) absent(c *model.Column, n int) (*model.Vector, error) {
	switch {
	case c.Default != nil:
		v := o.defaultValue(c)
		if !v.Null() {
			return model.ConstVector(v, n), nil
		}
	case c.Semantic == model.TimeColumn:
		return nil, errs.New(errs.InvalidArguments, "Invalid request for region, reason: missing required time index column %s", c.Name)
	}
	if !c.Nullable {
		return nil, errs.New(errs.InvalidArguments, "No valid default value can be built automatically, column: %s", c.Name)
	}
	return nil, nil
}

// defaultValue is what a column's default means now.
func (o *Operator) defaultValue(c *model.Column) model.Value {
	if c.Default.Func == "" {
		return c.Default.Value
	}
	now := o.opts.Now()
	switch {
	case c.Type.IsTimestamp():
		whole, _ := model.ConvertTime(now.Unix(), model.Second, c.Type.Unit)
		return model.IntValue(c.Type, whole+int64(now.Nanosecond())/c.Type.Unit.Nanos())
	case c.Type.Kind == model.KindDate:
		return model.IntValue(c.Type, now.Unix()/(24*3600))
	}
	return model.NullOf(c.Type)
}

// convertTimes gives the times in the unit of to.
func convertTimes(column string, v *model.Vector, to model.Type) (*model.Vector, error) {
	out := &model.Vector{Type: to, Len: v.Len, Valid: v.Valid, Ints: make([]int64, v.Len)}
	from := v.Type.Unit
	if from < to.Unit {
		m := to.Unit.PerSecond() / from.PerSecond()
		for i, t := range v.Ints[:v.Len] {
			p := t * m
			if p/m != t {
				if v.Null(i) {
					continue
				}
				return nil, errs.New(errs.InvalidArguments, "Converting timestamp %d to unit %s overflow, column: %s", t, to.Unit, column)
			}
			out.Ints[i] = p
		}
		return out, nil
	}
	for i, t := range v.Ints[:v.Len] {
		out.Ints[i], _ = model.ConvertTime(t, from, to.Unit) // to a coarser unit: cannot overflow
	}
	return out, nil
}

// make creates the tables and columns that match found missing. Others may do the same meanwhile: what is there already is left for the
// next match to judge.
func (w *insertion) make(ctx context.Context) error {
	if len(w.create) > 0 {
		if err := w.makeTables(ctx); err != nil {
			return err
		}
	}
	var labels []widening
	for _, x := range w.widen {
		if x.logical {
			labels = append(labels, x)
			continue
		}
		if err := w.makeColumns(ctx, x); err != nil {
			return err
		}
	}
	if len(labels) > 0 {
		if err := w.makeLabels(ctx, labels); err != nil {
			return fmt.Errorf("add labels to %d logical tables: %w", len(labels), err)
		}
	}
	return nil
}

func (w *insertion) makeTables(ctx context.Context) error {
	db, err := w.o.catalog.Database(w.sess.Database)
	if err != nil {
		return err
	}
	options, comment := w.tableOptions()
	if w.opts.Kind == model.MetricTable && w.opts.PhysicalTable != "" {
		return w.makeLogical(ctx, db, options, comment)
	}
	effective, err := inherit(db.Options, options)
	if err != nil {
		return err
	}
	names := make([]string, len(w.create))
	for i, r := range w.create {
		names[i] = lockName(db.Name, r.Table)
	}
	defer w.o.locks.lock(names...)()
	var tables []*catalog.Table
	seen := make(map[string]bool, len(w.create))
	for _, r := range w.create {
		if _, err := w.o.catalog.Table(db.Name, r.Table); err == nil || seen[r.Table] {
			continue // somebody else made it; or the same table came twice, and the next match widens it
		}
		seen[r.Table] = true
		tables = append(tables, &catalog.Table{Catalog: model.DefaultCatalog, Database: db.Name, Name: r.Table, Schema: w.newSchema(r),
			Options: effective.shown, Region: effective.region, Comment: comment})
	}
	return w.o.createTables(ctx, tables...)
}

// hintOptions are the hints of a session that become table options.
var hintOptions = []string{"ttl", "append_mode", "merge_mode", "skip_wal", "storage", "write_buffer_size", "sst_format", "compaction.twcs.time_window"}

// tableOptions are the options of tables that this write makes, and their comment.
func (w *insertion) tableOptions() (options map[string]string, comment string) {
	options = maps.Clone(w.opts.TableOptions)
	if options == nil {
		options = map[string]string{}
	}
	switch w.opts.Kind {
	case model.LogTable, model.TraceTable:
		options["append_mode"] = "true"
	case model.LastNonNullTable:
		options["merge_mode"] = "last_non_null"
	}
	for _, k := range hintOptions {
		if v, ok := w.sess.Hints[k]; ok {
			options[k] = v
		}
	}
	for k, v := range w.sess.Hints {
		if strings.HasPrefix(k, semanticPrefix) {
			options[k] = v
		}
	}
	if options["append_mode"] == "true" && w.sess.Hints["merge_mode"] == "" {
		delete(options, "merge_mode")
	}
	if w.opts.Kind == model.LogTable {
		options["append_mode"] = "true"
	}
	comment = "Created on insertion"
	if c, ok := w.sess.Hints["comment"]; ok {
		comment = c
	}
	options["comment"] = comment
	return options, comment
}

// newSchema makes the schema of a table from the first rows that it is to hold.
func (w *insertion) newSchema(r *model.Rows) *model.Schema {
	s := &model.Schema{NextColumn: 1}
	cols := make([]model.RowColumn, 0, len(r.Columns)+1)
	cols = append(cols, r.Columns...)
	if !slices.ContainsFunc(cols, func(c model.RowColumn) bool { return c.Semantic == model.TimeColumn }) {
		cols = append(cols, model.RowColumn{Name: w.o.columnName("timestamp"), Semantic: model.TimeColumn,
			Vector: &model.Vector{Type: model.Timestamp(model.Millisecond)}})
	}
	if w.opts.Kind == model.MetricTable {
		slices.SortStableFunc(cols, func(a, b model.RowColumn) int { return cmp.Compare(a.Name, b.Name) })
	}
	for _, c := range cols {
		addColumn(s, c)
		if c.Semantic == model.TimeColumn && !slices.ContainsFunc(r.Columns, func(c model.RowColumn) bool { return c.Semantic == model.TimeColumn }) {
			s.Columns[len(s.Columns)-1].Default = &model.Default{Func: "current_timestamp()"}
		}
	}
	return s
}

// columnName puts the configured prefix before the name of an automatic column.
func (o *Operator) columnName(name string) string {
	if o.opts.ColumnPrefix == "" {
		return name
	}
	return o.opts.ColumnPrefix + "_" + name
}

// addColumn puts a column of rows at the end of a schema.
func addColumn(s *model.Schema, c model.RowColumn) {
	t := c.Vector.Type
	if t.Kind == model.KindNull {
		return // no value says what it is
	}
	col := model.Column{ID: s.NextColumn, Name: c.Name, Type: t, Nullable: c.Semantic != model.TimeColumn, Semantic: c.Semantic}
	s.NextColumn++
	s.Columns = append(s.Columns, col)
	switch c.Semantic {
	case model.TagColumn:
		s.PrimaryKey = append(s.PrimaryKey, col.ID)
	case model.TimeColumn:
		s.TimeIndex = col.ID
	}
}

func (w *insertion) makeColumns(ctx context.Context, x widening) error {
	defer w.o.locks.lock(lockName(w.sess.Database, x.table))()
	err := w.o.alterTable(ctx, w.sess.Database, x.table, func(t *catalog.Table) (*catalog.Table, error) {
		s := t.Schema.Clone()
		for _, c := range x.add {
			if s.ByName(c.Name) == nil && c.Vector.Type.Kind != model.KindNull {
				s.Add(model.Column{Name: c.Name, Type: c.Vector.Type, Nullable: c.Semantic != model.TimeColumn, Semantic: c.Semantic}, len(s.Columns))
			}
		}
		if len(s.Columns) == len(t.Schema.Columns) {
			return nil, nil
		}
		next := *t
		next.Schema = s
		return &next, nil
	})
	if err != nil {
		return fmt.Errorf("add columns to table %s: %w", x.table, err)
	}
	return nil
}
