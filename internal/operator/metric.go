package operator

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/engines/metric"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// The options of metric tables.
const (
	physicalOption   = "physical_metric_table" // its presence makes a physical table
	onPhysicalOption = "on_physical_table"     // the physical table of a logical one, in the same database
	partitionsOption = "metric.partitions"     // regions of a physical table
)

// metricServer is what a region server with logical regions does for many of them at once; *metric.Server does.
type metricServer interface {
	CreateLogical(ctx context.Context, reqs ...contract.CreateRegion) error
	AlterLogical(ctx context.Context, reqs ...contract.AlterRegion) error
	DropLogical(ids ...model.RegionID)
	Retire(ctx context.Context, data model.RegionID, numbers ...uint32) error
}

func (o *Operator) metricRegions() (metricServer, error) {
	if m, ok := o.regions.(metricServer); ok {
		return m, nil
	}
	return nil, errs.New(errs.Unsupported, "Not supported: table engine metric on this kind of node")
}

// maxPartitions bounds the regions of a physical table.
const maxPartitions = 64

// partitions is how many data regions a physical table gets: its option, the configured number, or one per two processors but four at
// least, so that workers share the writes.
func (o *Operator) partitions(options map[string]string) (int, error) {
	if text, ok := options[partitionsOption]; ok {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxPartitions {
			return 0, errs.New(errs.InvalidArguments, "Invalid table option value, key: %s, value: %s: must be 1 to %d", partitionsOption, text, maxPartitions)
		}
		return n, nil
	}
	if n := o.opts.MetricPartitions; n > 0 {
		return min(n, maxPartitions), nil
	}
	return min(max(4, runtime.GOMAXPROCS(0)/2), 16), nil
}

// metricOption reports the options that only tables of the metric engine have.
func metricOption(key string) bool {
	switch key {
	case physicalOption, onPhysicalOption, partitionsOption, "index.type", "index.granularity", "index.false_positive_rate", "primary_key_encoding":
		return true
	}
	return false
}

// plainOptions refuses options of the metric engine on other tables.
func plainOptions(options map[string]string) error {
	for k := range options {
		if metricOption(k) && k != "primary_key_encoding" {
			return errs.New(errs.InvalidArguments, "table option %s is of engine metric: write ENGINE=metric", k)
		}
	}
	return nil
}

// logicalOptions refuses options that logical tables cannot have: those of storage are their physical table's.
func logicalOptions(options map[string]string) error {
	for _, k := range slices.Sorted(maps.Keys(options)) {
		switch {
		case k == onPhysicalOption, k == "comment", k == "table_data_model", k == "otlp_metric_compat", k == "timeout", k == "wait",
			strings.HasPrefix(k, semanticPrefix):
		default:
			return errs.New(errs.InvalidArguments, "Invalid table option of a logical table, key: %s: set it on the physical table %s", k, options[onPhysicalOption])
		}
	}
	return nil
}

// createMetricTable does CREATE TABLE … ENGINE=metric.
func (o *Operator) createMetricTable(ctx context.Context, sess *model.Session, s *sql.CreateTable, options map[string]string) error {
	_, physical := options[physicalOption]
	on, logical := options[onPhysicalOption]
	if physical == logical {
		return errs.New(errs.InvalidArguments, "a table of engine metric has one of the options %s and %s", physicalOption, onPhysicalOption)
	}
	schema, err := newSchema(sess, s)
	if err != nil {
		return err
	}
	if logical {
		if err := logicalOptions(options); err != nil {
			return err
		}
	}
	d, name, err := o.newTarget(sess, s.Name, s.IfNotExists)
	if err != nil || d == nil {
		return err
	}
	if physical {
		t, err := o.newPhysical(d, name, schema, options)
		if err != nil {
			return err
		}
		return o.createUnlessThere(ctx, t, s.IfNotExists)
	}
	_, shown, err := readOptions(options)
	if err != nil {
		return err
	}
	t := &catalog.Table{Database: d.Name, Name: name, Schema: schema, Options: shown, Comment: options["comment"]}
	err = o.createLogical(ctx, d.Name, on, t)
	if s.IfNotExists && errs.Is(err, errs.TableAlreadyExists) {
		return nil
	}
	return err
}

// newPhysical is a physical table that is not there yet.
func (o *Operator) newPhysical(d *catalog.Database, name string, schema *model.Schema, options map[string]string) (*catalog.Table, error) {
	// What SHOW CREATE TABLE prints can be read again.
	schema.Columns = slices.DeleteFunc(schema.Columns, func(c model.Column) bool {
		if c.Name != metric.TableIDColumn && c.Name != metric.TSIDColumn {
			return false
		}
		schema.PrimaryKey = slices.DeleteFunc(schema.PrimaryKey, func(id model.ColumnID) bool { return id == c.ID })
		return true
	})
	if _, err := metric.DataSchema(schema); err != nil {
		return nil, err
	}
	if _, err := o.partitions(options); err != nil {
		return nil, err
	}
	e, err := inherit(d.Options, options)
	if err != nil {
		return nil, err
	}
	if e.region.Merge == contract.MergeAppend {
		return nil, errs.New(errs.InvalidArguments, "a physical metric table cannot be in append mode: a sample is known by its labels and time")
	}
	return &catalog.Table{Database: d.Name, Name: name, Engine: catalog.EngineMetric, Schema: schema, Options: e.shown, Region: e.region,
		Comment: options["comment"]}, nil
}

// physical finds a physical table.
func (o *Operator) physical(database, name string) (*catalog.Table, error) {
	t, err := o.catalog.Table(database, name)
	if err != nil {
		return nil, err
	}
	if !t.Physical() {
		return nil, errs.New(errs.InvalidArguments, "table %s is not a physical metric table", t.FullName())
	}
	return t, nil
}

// createLogical makes logical tables of one database on a physical one, all in one go. Names are locked here.
func (o *Operator) createLogical(ctx context.Context, database, on string, tables ...*catalog.Table) error {
	names := []string{lockName(database, on)} // so that the physical table stays
	for _, t := range tables {
		names = append(names, lockName(database, t.Name))
	}
	defer o.locks.lock(names...)()
	return o.createLogicalLocked(ctx, database, on, tables...)
}

// createLogicalLocked is createLogical with the names locked, the physical table's too. The regions come first: they are in memory, and what
// they need of the data regions is durable before the catalog names the tables.
func (o *Operator) createLogicalLocked(ctx context.Context, database, on string, tables ...*catalog.Table) error {
	if len(tables) == 0 {
		return nil
	}
	regions, err := o.metricRegions()
	if err != nil {
		return err
	}
	p, err := o.physical(database, on)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if _, err := o.catalog.Table(database, t.Name); err == nil {
			return errs.New(errs.TableAlreadyExists, "Table already exists: `%s.%s.%s`", model.DefaultCatalog, database, t.Name)
		}
		if err := t.Schema.Validate(); err != nil {
			return err
		}
		if err := metric.CheckLogical(t.Schema, p.Schema); err != nil {
			return fmt.Errorf("create table %s: %w", t.Name, err)
		}
	}
	first, err := o.catalog.NewTableID(ctx, len(tables))
	if err != nil {
		return err
	}
	now := o.opts.Now().UTC()
	reqs, ids := make([]contract.CreateRegion, len(tables)), make([]model.RegionID, len(tables))
	for i, t := range tables {
		t.ID = first + model.TableID(i)
		t.Catalog, t.Database, t.Engine, t.Created = model.DefaultCatalog, database, catalog.EngineMetric, now
		t.Regions = []model.RegionID{model.NewRegionID(t.ID, 0)}
		t.Logical = &catalog.Logical{Physical: p.ID, Data: p.Regions[int(t.ID)%len(p.Regions)], Number: uint32(t.ID)}
		reqs[i], ids[i] = t.LogicalRegion(), t.Regions[0]
	}
	if err := regions.CreateLogical(ctx, reqs...); err != nil {
		return err
	}
	if err := o.catalog.CreateLogical(ctx, tables...); err != nil {
		var gone []model.RegionID
		for i, t := range tables {
			if o.catalog.ByID(t.ID) == nil {
				gone = append(gone, ids[i])
			}
		}
		regions.DropLogical(gone...)
		return err
	}
	o.created.Add(float64(len(tables)))
	return nil
}

// dropLogical makes logical tables invisible. Their rows are out of reach at once.
func (o *Operator) dropLogical(ctx context.Context, tables ...*catalog.Table) error {
	regions, err := o.metricRegions()
	if err != nil {
		return err
	}
	if err := o.catalog.DropLogical(ctx, tables...); err != nil {
		return err
	}
	for _, t := range tables {
		regions.DropLogical(t.Regions...)
	}
	o.retire(context.WithoutCancel(ctx), dataRegions(tables...)...)
	return nil
}

// dataRegions are the regions that logical tables lie in, each once.
func dataRegions(tables ...*catalog.Table) (out []model.RegionID) {
	for _, t := range tables {
		out = append(out, t.Logical.Data)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// retire removes the rows of dropped and truncated logical tables, which are out of reach already, from data regions; none: from all. What
// fails, or a crash cuts off, stays recorded: the next drop in the region, or the next start, goes on with it.
func (o *Operator) retire(ctx context.Context, data ...model.RegionID) {
	pending, err := o.catalog.Retirements(ctx)
	if err != nil {
		o.opts.Log.Warn("rows of dropped logical tables are not removed yet", "error", err)
		return
	}
	if len(pending) == 0 {
		return
	}
	live := map[catalog.Retirement]bool{}
	for _, t := range o.catalog.AllTables() {
		if t.Logical != nil {
			live[catalog.Retirement{Data: t.Logical.Data, Number: t.Logical.Number}] = true
		}
	}
	byData := map[model.RegionID][]catalog.Retirement{}
	for _, r := range pending {
		switch {
		case live[r]: // numbers are never given out twice
			o.opts.Log.Error("a retirement names a logical table that exists; it is left alone", "region", r.Data, "number", r.Number)
		case len(data) == 0 || slices.Contains(data, r.Data):
			byData[r.Data] = append(byData[r.Data], r)
		}
	}
	for id, rs := range byData {
		if err := o.retireIn(ctx, id, rs); err != nil {
			o.opts.Log.Warn("rows of dropped logical tables are not removed yet: the next drop or start tries again", "region", id, "tables", len(rs), "error", err)
		}
	}
}

// retireIn does retirements of one data region.
func (o *Operator) retireIn(ctx context.Context, data model.RegionID, rs []catalog.Retirement) error {
	if o.catalog.ByID(data.Table()) != nil {
		regions, err := o.metricRegions()
		if err != nil {
			return err
		}
		numbers := make([]uint32, len(rs))
		for i, r := range rs {
			numbers[i] = r.Number
		}
		if err := regions.Retire(ctx, data, numbers...); err != nil {
			return err
		}
	}
	return o.catalog.Retired(ctx, rs...)
}

// truncateLogical gives a logical table a new number, under which there are no rows.
func (o *Operator) truncateLogical(ctx context.Context, t *catalog.Table) error {
	defer o.locks.lock(lockName(t.Database, t.Name))()
	regions, err := o.metricRegions()
	if err != nil {
		return err
	}
	old, err := o.catalog.Table(t.Database, t.Name)
	if err != nil {
		return err
	}
	if old.Logical == nil {
		return errs.New(errs.RequestOutdated, "table %s was changed at the same time; try again", t.FullName())
	}
	id, err := o.catalog.NewTableID(ctx, 1)
	if err != nil {
		return err
	}
	next := *old
	at := *old.Logical
	at.Number = uint32(id)
	next.Logical = &at
	if err := o.catalog.Update(ctx, old, &next); err != nil {
		return err
	}
	if err := regions.CreateLogical(ctx, next.LogicalRegion()); err != nil {
		return err
	}
	o.retire(context.WithoutCancel(ctx), old.Logical.Data)
	return nil
}

// openLogical tells the regions of all logical tables after a start, those whose data region did not open left out.
func (o *Operator) openLogical(ctx context.Context, tables []*catalog.Table) {
	if len(tables) == 0 {
		return
	}
	regions, err := o.metricRegions()
	if err != nil {
		o.opts.Log.Error("open logical tables", "tables", len(tables), "error", err)
		return
	}
	byData := map[model.RegionID][]*catalog.Table{}
	for _, t := range tables {
		byData[t.Logical.Data] = append(byData[t.Logical.Data], t)
	}
	for data, ts := range byData {
		reqs := make([]contract.CreateRegion, len(ts))
		for i, t := range ts {
			reqs[i] = t.LogicalRegion()
		}
		if err := regions.CreateLogical(ctx, reqs...); err != nil {
			o.opts.Log.Error("open logical tables", "region", data, "tables", len(ts), "first", ts[0].FullName(), "error", err)
		}
	}
}

// checkLogicalAlter refuses what logical tables cannot do.
func checkLogicalAlter(s *sql.AlterTable) error {
	for _, op := range s.Ops {
		switch op := op.(type) {
		case *sql.AddColumn:
			if !op.Column.PrimaryKey {
				return errs.New(errs.InvalidArguments, "Alter logical tables invalid arguments: column %s must be a label: write STRING PRIMARY KEY", op.Column.Name.Name)
			}
			if op.First || op.After.Name != "" {
				return errs.New(errs.InvalidArguments, "Alter logical tables invalid arguments: column %s is added at the end", op.Column.Name.Name)
			}
		case *sql.RenameTable:
		default:
			return errs.New(errs.InvalidArguments, "Alter logical tables invalid arguments: Only support add columns operation")
		}
	}
	return nil
}

// checkPhysicalAlter refuses what physical tables cannot do: their columns are those of their logical tables.
func (o *Operator) checkPhysicalAlter(t *catalog.Table, s *sql.AlterTable) error {
	for _, op := range s.Ops {
		switch op.(type) {
		case *sql.SetOptions, *sql.UnsetOptions:
		case *sql.RenameTable:
			return errs.New(errs.Unsupported, "Not supported: ALTER TABLE %s RENAME: its logical tables name it", t.Name)
		default:
			return errs.New(errs.Unsupported, "Alter request to physical region is forbidden: alter the logical tables on %s", t.Name)
		}
	}
	return nil
}

func physicalWrite(t *catalog.Table) error {
	return errs.New(errs.Unsupported, "Write request to physical region is forbidden: write to the logical tables on %s", t.FullName())
}

// droppable refuses to drop a physical table that has logical ones, unless they are dropped with it.
func (o *Operator) droppable(t *catalog.Table, with []*catalog.Table) error {
	if !t.Physical() {
		return nil
	}
	n, example := 0, ""
	for _, l := range o.catalog.LogicalTables(t.ID) {
		if !slices.Contains(with, l) {
			n, example = n+1, l.Name
		}
	}
	if n > 0 {
		return errs.New(errs.RegionBusy, "Physical table %s is busy, there are still %d logical tables using it, such as %s: drop them first", t.FullName(), n, example)
	}
	return nil
}

// logicalTable is a logical table that a write makes.
func (w *insertion) logicalTable(r *model.Rows, options map[string]string, comment string) *catalog.Table {
	own := map[string]string{onPhysicalOption: w.opts.PhysicalTable}
	for k, v := range options {
		if k == "comment" || strings.HasPrefix(k, semanticPrefix) {
			own[k] = v
		}
	}
	return &catalog.Table{Name: r.Table, Schema: w.newSchema(r), Options: own, Comment: comment}
}

// makeLogical makes the missing tables of a write as logical ones, and their physical table if that is missing too.
func (w *insertion) makeLogical(ctx context.Context, d *catalog.Database, options map[string]string, comment string) error {
	on := w.opts.PhysicalTable
	names := []string{lockName(d.Name, on)}
	for _, r := range w.create {
		names = append(names, lockName(d.Name, r.Table))
	}
	defer w.o.locks.lock(names...)()
	if _, err := w.o.catalog.Table(d.Name, on); errs.Is(err, errs.TableNotFound) {
		if err := w.makePhysical(ctx, d, options); err != nil {
			return err
		}
	}
	var tables []*catalog.Table
	seen := make(map[string]bool, len(w.create))
	for _, r := range w.create {
		if _, err := w.o.catalog.Table(d.Name, r.Table); err == nil || seen[r.Table] {
			continue // somebody else made it; or the same table came twice, and the next match widens it
		}
		seen[r.Table] = true
		tables = append(tables, w.logicalTable(r, options, comment))
	}
	return w.o.createLogicalLocked(ctx, d.Name, on, tables...)
}

// makePhysical makes the physical table of a write, with the options of the write that are about storage.
func (w *insertion) makePhysical(ctx context.Context, d *catalog.Database, options map[string]string) error {
	if err := checkTableName(w.opts.PhysicalTable); err != nil {
		return err
	}
	own := map[string]string{physicalOption: "true", "comment": "Created on insertion"}
	for k, v := range options {
		if k != "comment" && !strings.HasPrefix(k, semanticPrefix) {
			own[k] = v
		}
	}
	schema := &model.Schema{NextColumn: 3, TimeIndex: 1, Columns: []model.Column{
		{ID: 1, Name: w.o.columnName("timestamp"), Type: model.Timestamp(model.Millisecond), Semantic: model.TimeColumn},
		{ID: 2, Name: w.o.columnName("value"), Type: model.Float64, Nullable: true, Semantic: model.FieldColumn}}}
	t, err := w.o.newPhysical(d, w.opts.PhysicalTable, schema, own)
	if err != nil {
		return err
	}
	return w.o.createTables(ctx, t)
}

// makeLabels adds the columns that logical tables lack, for all tables of the write at once.
func (w *insertion) makeLabels(ctx context.Context, xs []widening) error {
	names := make([]string, len(xs))
	for i, x := range xs {
		names[i] = lockName(w.sess.Database, x.table)
	}
	defer w.o.locks.lock(names...)()
	regions, err := w.o.metricRegions()
	if err != nil {
		return err
	}
	byName := map[string]int{} // place in next
	var old, next []*catalog.Table
	for _, x := range xs {
		i, ok := byName[x.table]
		if !ok {
			t, err := w.o.catalog.Table(w.sess.Database, x.table)
			if err != nil {
				return err
			}
			n := *t
			n.Schema = t.Schema.Clone()
			i = len(next)
			byName[x.table] = i
			old, next = append(old, t), append(next, &n)
		}
		for _, c := range x.add {
			if c.Semantic != model.TagColumn {
				return errs.New(errs.InvalidArguments, "Alter logical tables invalid arguments: column %s of logical table %s must be a label", c.Name, x.table)
			}
			if next[i].Schema.ByName(c.Name) == nil {
				addColumn(next[i].Schema, c)
			}
		}
	}
	var reqs []contract.AlterRegion
	var from, to []*catalog.Table
	for i, t := range next {
		if t.Logical == nil || len(t.Schema.Columns) == len(old[i].Schema.Columns) {
			continue // changed meanwhile: the next match looks again
		}
		t.Schema.Version++
		if err := t.Schema.Validate(); err != nil {
			return err
		}
		from, to = append(from, old[i]), append(to, t)
		reqs = append(reqs, contract.AlterRegion{ID: t.Regions[0], Schema: t.Schema})
	}
	if len(reqs) == 0 {
		return nil
	}
	err = regions.AlterLogical(ctx, reqs...)
	if errs.Is(err, errs.RequestOutdated) { // regions are ahead of the catalog since an update of it failed
		for _, t := range from {
			if err := w.o.catchUp(ctx, t); err != nil {
				return err
			}
		}
		return nil
	}
	if err != nil {
		return err
	}
	if err := w.o.catalog.UpdateAll(ctx, from, to); err != nil && !errs.Is(err, errs.RequestOutdated) {
		return err
	}
	w.o.altered.Add(float64(len(to)))
	return nil
}
