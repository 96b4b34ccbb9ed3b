package operator

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// newTarget finds where a table is to be made: nil options mean that it is there already and that this is well.
func (o *Operator) newTarget(sess *model.Session, n sql.ObjectName, ifNotExists bool) (d *catalog.Database, name string, err error) {
	database, name, err := tableName(sess, n)
	if err != nil {
		return nil, "", err
	}
	if err := writable(database); err != nil {
		return nil, "", err
	}
	if err := checkTableName(name); err != nil {
		return nil, "", err
	}
	if d, err = o.catalog.Database(database); err != nil {
		return nil, "", err
	}
	if t, err := o.catalog.Table(database, name); err == nil {
		if ifNotExists {
			return nil, "", nil
		}
		return nil, "", errs.New(errs.TableAlreadyExists, "Table already exists: `%s`", t.FullName())
	}
	if v := o.catalog.View(database, name); v != nil {
		return nil, "", errs.New(errs.TableAlreadyExists, "View already exists: `%s`", v.FullName())
	}
	return d, name, nil
}

// createUnlessThere makes one table, under its lock.
func (o *Operator) createUnlessThere(ctx context.Context, t *catalog.Table, ifNotExists bool) error {
	defer o.locks.lock(lockName(t.Database, t.Name))()
	err := o.createTables(ctx, t)
	if ifNotExists && errs.Is(err, errs.TableAlreadyExists) {
		return nil
	}
	return err
}

func (o *Operator) createTable(ctx context.Context, sess *model.Session, s *sql.CreateTable) error {
	if s.External {
		return o.createExternal(ctx, sess, s)
	}
	switch s.Engine {
	case "", "mito", catalog.EngineMetric:
	default:
		return errs.New(errs.Unsupported, "Unrecognized table engine: %s", s.Engine)
	}
	options := map[string]string{}
	for _, x := range s.Options {
		options[x.Key] = x.Value
	}
	if _, _, err := readOptions(options); err != nil {
		return err
	}
	if s.Engine == catalog.EngineMetric {
		if s.Partitions != nil && len(s.Partitions.Rules) > 0 {
			return errs.New(errs.Unsupported, "Not supported: PARTITION ON COLUMNS of tables of the metric engine; option 'metric.partitions' of the physical table says how many regions it has")
		}
		return o.createMetricTable(ctx, sess, s, options)
	}
	if err := plainOptions(options); err != nil {
		return err
	}
	schema, err := newSchema(sess, s)
	if err != nil {
		return err
	}
	d, name, err := o.newTarget(sess, s.Name, s.IfNotExists)
	if err != nil || d == nil {
		return err
	}
	e, err := inherit(d.Options, options)
	if err != nil {
		return err
	}
	t := &catalog.Table{Database: d.Name, Name: name, Schema: schema, Options: e.shown, Region: e.region, Comment: options["comment"]}
	if t.Partition, err = newPartition(sess, schema, e.region.Merge, s.Partitions); err != nil {
		return err
	}
	return o.createUnlessThere(ctx, t, s.IfNotExists)
}

func (o *Operator) createTableLike(ctx context.Context, sess *model.Session, s *sql.CreateTableLike) error {
	database, name, err := tableName(sess, s.Like)
	if err != nil {
		return err
	}
	if systemDatabase(database) {
		return errs.New(errs.Unsupported, "Not supported: CREATE TABLE … LIKE a table of %s", database)
	}
	like, err := o.catalog.Table(database, name)
	if err != nil {
		return err
	}
	d, name, err := o.newTarget(sess, s.Name, s.IfNotExists)
	if err != nil || d == nil {
		return err
	}
	t := &catalog.Table{Database: d.Name, Name: name, Schema: like.Schema.Clone(), Options: like.Options, Comment: like.Comment, Partition: like.Partition}
	t.Schema.Version = 0
	if like.Logical != nil {
		err := o.createLogical(ctx, d.Name, like.Options[onPhysicalOption], t)
		if s.IfNotExists && errs.Is(err, errs.TableAlreadyExists) {
			return nil
		}
		return err
	}
	if err := notExternal(like); err != nil {
		return err
	}
	t.Engine = like.Engine
	if t.Region, err = engineOptions(d.Options, t.Options); err != nil {
		return err
	}
	return o.createUnlessThere(ctx, t, s.IfNotExists)
}

// newSchema makes a schema of a definition that the parser has checked.
func newSchema(sess *model.Session, s *sql.CreateTable) (*model.Schema, error) {
	out := &model.Schema{NextColumn: 1}
	for i := range s.Columns {
		c, err := newColumn(sess, &s.Columns[i])
		if err != nil {
			return nil, err
		}
		c.ID = out.NextColumn
		out.NextColumn++
		if c.Name == s.TimeIndex.Name {
			c.Semantic, c.Nullable, out.TimeIndex = model.TimeColumn, false, c.ID
		}
		out.Columns = append(out.Columns, c)
	}
	for _, k := range s.PrimaryKey {
		c := out.ByName(k.Name)
		c.Semantic = model.TagColumn
		out.PrimaryKey = append(out.PrimaryKey, c.ID)
	}
	return out, nil
}

// newColumn makes a field of a definition.
func newColumn(sess *model.Session, d *sql.ColumnDef) (c model.Column, err error) {
	if err := checkColumnName("", d.Name.Name); err != nil {
		return c, err
	}
	c = model.Column{Name: d.Name.Name, Nullable: !d.NotNull, Comment: d.Comment}
	if c.Type, err = columnType(d.Type); err != nil {
		return c, err
	}
	if d.Default != nil {
		if c.Default, err = newDefault(sess, &c, d.Default); err != nil {
			return c, err
		}
	}
	for _, x := range d.Indexes {
		if err := setIndex(&c, x); err != nil {
			return c, err
		}
	}
	return c, nil
}

func columnType(n *sql.TypeName) (model.Type, error) {
	t, err := n.Resolve()
	if err != nil {
		return model.Type{}, err
	}
	switch t.Kind {
	case sql.KindDecimal:
		return model.Decimal(uint8(t.P), uint8(t.S)), nil
	case sql.KindVector:
		return model.VectorOf(uint32(t.P)), nil
	case sql.KindJSON2:
		return model.Type{}, errs.New(errs.Unsupported, "Not supported: columns of type JSON2")
	}
	return model.ParseType(string(t.Kind))
}

// newDefault reads a default: a literal, taken in the session's time zone, or the time of the insert.
func newDefault(sess *model.Session, c *model.Column, x sql.Expr) (*model.Default, error) {
	bad := errs.New(errs.Unsupported, "Unsupported default constraint for column: '%s', reason: expr '%s' not supported", c.Name, sql.Format(x))
	switch x := x.(type) {
	case *sql.Literal:
		v, err := literalsOf(sess).value(c, x)
		if err != nil {
			return nil, err
		}
		if v.Null() && !c.Nullable {
			return nil, errs.New(errs.InvalidArguments, "Invalid default constraint for column: '%s', reason: default value is null, but the column is not", c.Name)
		}
		return &model.Default{Value: v}, nil
	case *sql.FuncCall:
		if len(x.Args) > 0 || !c.Type.IsTimestamp() && c.Type.Kind != model.KindDate {
			return nil, bad
		}
		switch strings.ToLower(x.FuncName()) {
		case "now":
			return &model.Default{Func: "now()"}, nil
		case "current_timestamp":
			return &model.Default{Func: "current_timestamp()"}, nil
		}
	}
	return nil, bad
}

// The options of a column that say which indexes it has: "fulltext_index" = "true", "fulltext_index.analyzer" = "English" and so on.
func indexKey(k sql.IndexKind) string { return strings.ToLower(k.String()) + "_index" }

// indexDefaults are the options of an index that are always shown.
func indexDefaults(k sql.IndexKind) map[string]string {
	switch k {
	case sql.SkippingIndex:
		return map[string]string{"type": "BLOOM", "granularity": "10240", "false_positive_rate": "0.01"}
	case sql.FulltextIndex:
		return map[string]string{"analyzer": "English", "case_sensitive": "false", "backend": "bloom", "granularity": "10240", "false_positive_rate": "0.01"}
	case sql.VectorIndex:
		return map[string]string{"engine": "usearch", "metric": "l2sq", "connectivity": "16", "expansion_add": "128", "expansion_search": "64"}
	}
	return nil
}

func setIndex(c *model.Column, x sql.IndexDef) error {
	bad := func(format string, args ...any) error {
		return errs.New(errs.InvalidArguments, "Invalid column option, column name: "+c.Name+", error: "+format, args...)
	}
	if x.Kind == sql.InvertedIndex && len(x.Options) > 0 {
		return bad("INVERTED index doesn't support options")
	}
	values := indexDefaults(x.Kind)
	for _, o := range x.Options {
		if _, ok := values[o.Key]; !ok {
			return bad("invalid %s INDEX option: %s", x.Kind, o.Key)
		}
		ok := true
		switch o.Key {
		case "connectivity":
			n, err := strconv.Atoi(o.Value)
			ok = err == nil && n >= 2 && n <= 2048
		case "engine":
			ok = o.Value == "usearch"
		case "metric":
			switch o.Value {
			case "inner_product":
				o.Value = "ip"
			case "l2sq", "cosine", "ip":
			default:
				ok = false
			}
		case "granularity", "expansion_add", "expansion_search":
			n, err := strconv.Atoi(o.Value)
			ok = err == nil && n > 0
		case "false_positive_rate":
			f, err := strconv.ParseFloat(o.Value, 64)
			ok = err == nil && f > 0 && f <= 1
		case "analyzer":
			ok = o.Value == "English" || o.Value == "Chinese"
		case "backend":
			ok = o.Value == "bloom" || o.Value == "tantivy"
		case "type":
			ok = o.Value == "BLOOM"
		case "case_sensitive":
			_, err := boolean(o.Value)
			ok = err == nil
		}
		if !ok {
			return bad("invalid value of %s INDEX option %s: %s", x.Kind, o.Key, o.Value)
		}
		values[o.Key] = o.Value
	}
	clearIndex(c, x.Kind)
	c.Options[indexKey(x.Kind)] = "true"
	for k, v := range values {
		c.Options[indexKey(x.Kind)+"."+k] = v
	}
	return nil
}

// clearIndex takes an index away, in a map of options of the column's own.
func clearIndex(c *model.Column, k sql.IndexKind) {
	options := map[string]string{}
	for name, v := range c.Options {
		if name != indexKey(k) && !strings.HasPrefix(name, indexKey(k)+".") {
			options[name] = v
		}
	}
	c.Options = options
}

func (o *Operator) drop(ctx context.Context, sess *model.Session, s *sql.Drop) error {
	switch s.Kind {
	case sql.ObjDatabase:
		return o.dropDatabase(ctx, sess, s.Names[0], s.IfExists)
	case sql.ObjTable:
		return o.dropTables(ctx, sess, s)
	case sql.ObjFlow:
		if s.IfExists {
			return nil
		}
		return errs.New(errs.FlowNotFound, "Flow not found: %s", objectText(s.Names[0]))
	}
	return o.dropViews(ctx, sess, s)
}

// dropTables checks all names before it drops the first.
func (o *Operator) dropTables(ctx context.Context, sess *model.Session, s *sql.Drop) error {
	var locks []string
	for _, n := range s.Names {
		database, name, err := tableName(sess, n)
		if err != nil {
			return err
		}
		if err := writable(database); err != nil {
			return err
		}
		locks = append(locks, lockName(database, name))
	}
	defer o.locks.lock(locks...)()
	var tables []*catalog.Table
	for _, n := range s.Names {
		database, name, err := tableName(sess, n)
		if err != nil {
			return err
		}
		t, err := o.catalog.Table(database, name)
		if err != nil && s.IfExists && (errs.Is(err, errs.TableNotFound) || errs.Is(err, errs.DatabaseNotFound)) {
			continue
		}
		if err != nil {
			return err
		}
		if !slices.Contains(tables, t) {
			tables = append(tables, t)
		}
	}
	var logical, others []*catalog.Table
	for _, t := range tables {
		if err := o.droppable(t, tables); err != nil {
			return err
		}
		if t.Logical != nil {
			logical = append(logical, t)
		} else {
			others = append(others, t)
		}
	}
	if len(logical) > 0 {
		if err := o.dropLogical(ctx, logical...); err != nil {
			return err
		}
	}
	for _, t := range others {
		if err := o.dropTable(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (o *Operator) truncate(ctx context.Context, sess *model.Session, s *sql.Truncate) error {
	t, err := o.rowTarget(sess, s.Table)
	if err != nil {
		return err
	}
	if len(s.Ranges) > 0 {
		return o.truncateFiles(ctx, sess, t, s.Ranges)
	}
	if t.Logical != nil {
		return o.truncateLogical(ctx, t)
	}
	for _, id := range t.Regions {
		if err := o.regions.Truncate(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// truncateFiles drops the data files all of whose rows are in one of the ranges, which include their first time and not their last.
func (o *Operator) truncateFiles(ctx context.Context, sess *model.Session, t *catalog.Table, ranges []sql.FileRange) error {
	var req contract.DropFilesRequest
	for _, r := range ranges {
		var at [2]int64
		for i, x := range []sql.Expr{r.From, r.To} {
			v, err := o.computed(ctx, sess, t.Schema.Time(), x, nil)
			if err != nil {
				return err
			}
			if v.Null() {
				return errs.New(errs.InvalidArguments, "Invalid file range: a bound is NULL")
			}
			at[i] = v.Int
		}
		if at[0] >= at[1] {
			return errs.New(errs.InvalidArguments, "Invalid file range: (%s, %s) holds no time", sql.Format(r.From), sql.Format(r.To))
		}
		req.Ranges = append(req.Ranges, model.TimeRange{Start: at[0], End: at[1]})
	}
	for _, id := range t.Regions {
		req.Region = id
		if _, err := o.regions.DropFiles(ctx, req); err != nil {
			return err
		}
	}
	return nil
}
