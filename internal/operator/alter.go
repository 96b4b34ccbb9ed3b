package operator

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/units"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// alterDeadline reads WITH (timeout = '5m', wait = true). A change is made when the statement returns, so there is nothing else to wait for.
func alterDeadline(ctx context.Context, options sql.Options) (context.Context, context.CancelFunc, error) {
	limit := time.Duration(0)
	for _, x := range options {
		var err error
		switch x.Key {
		case "timeout":
			if limit, err = units.ParseDuration(x.Value); err == nil && limit <= 0 {
				err = errors.New("must be positive")
			}
		case "wait":
			_, err = boolean(x.Value)
		default:
			return ctx, nil, errs.New(errs.InvalidArguments, "Unrecognized ALTER TABLE option: %s; timeout and wait are known", x.Key)
		}
		if err != nil {
			return ctx, nil, errs.New(errs.InvalidArguments, "Invalid ALTER TABLE option, key: %s, value: %s: %s", x.Key, x.Value, err)
		}
	}
	if limit == 0 {
		return ctx, func() {}, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errs.New(errs.DeadlineExceeded, "ALTER TABLE took longer than %s", limit))
	return ctx, cancel, nil
}

func (o *Operator) alter(ctx context.Context, sess *model.Session, s *sql.AlterTable) error {
	ctx, cancel, err := alterDeadline(ctx, s.Options)
	if err != nil {
		return err
	}
	defer cancel()
	database, name, err := tableName(sess, s.Name)
	if err != nil {
		return err
	}
	if err := writable(database); err != nil {
		return err
	}
	if t, err := o.catalog.Table(database, name); err == nil {
		if err := notExternal(t); err != nil {
			return err
		}
	}
	locks := []string{lockName(database, name)}
	for _, op := range s.Ops {
		if r, ok := op.(*sql.RenameTable); ok {
			if err := checkTableName(r.To.Name); err != nil {
				return err
			}
			locks = append(locks, lockName(database, r.To.Name))
		}
	}
	defer o.locks.lock(locks...)()
	return o.alterTable(ctx, database, name, func(t *catalog.Table) (*catalog.Table, error) {
		switch {
		case t.Logical != nil:
			if err := checkLogicalAlter(s); err != nil {
				return nil, err
			}
		case t.Physical():
			if err := o.checkPhysicalAlter(t, s); err != nil {
				return nil, err
			}
		}
		next := *t
		next.Schema = t.Schema.Clone()
		a := alteration{o: o, sess: sess, old: t, next: &next}
		for _, op := range s.Ops {
			if err := a.apply(op); err != nil {
				return nil, err
			}
		}
		if !a.schema {
			next.Schema = t.Schema
		}
		if !a.schema && !a.info {
			return nil, nil
		}
		return &next, nil
	})
}

// alteration is a table being changed: next is the change so far.
type alteration struct {
	o            *Operator
	sess         *model.Session
	old, next    *catalog.Table
	schema, info bool // what has changed
}

func (a *alteration) apply(op sql.AlterOp) error {
	switch op := op.(type) {
	case *sql.AddColumn:
		return a.addColumn(op)
	case *sql.DropColumn:
		return a.dropColumn(op.Name.Name)
	case *sql.SetDefault:
		return a.column(op.Name.Name, func(c *model.Column) (err error) {
			c.Default, err = newDefault(a.sess, c, op.Default)
			return err
		})
	case *sql.DropDefault:
		return a.column(op.Name.Name, func(c *model.Column) error {
			switch {
			case c.Default == nil:
				return errs.New(errs.InvalidArguments, "column %s does not have a default value", c.Name)
			case !c.Nullable:
				return errs.New(errs.InvalidArguments, "column %s is not nullable and `default` cannot be dropped", c.Name)
			}
			c.Default = nil
			return nil
		})
	case *sql.SetIndex:
		return a.column(op.Name.Name, func(c *model.Column) error {
			if op.Index.Kind == sql.FulltextIndex && c.Type.Kind != model.KindString {
				return errs.New(errs.InvalidArguments, "cannot change alter index options for non-string column %s", c.Name)
			}
			was := c.Options
			if err := setIndex(c, op.Index); err != nil {
				return err
			}
			key := indexKey(sql.FulltextIndex)
			if op.Index.Kind == sql.FulltextIndex && was[key] != "" &&
				(was[key+".analyzer"] != c.Options[key+".analyzer"] || was[key+".case_sensitive"] != c.Options[key+".case_sensitive"]) {
				return errs.New(errs.InvalidArguments, "Cannot change analyzer or case_sensitive if FULLTEXT index is set before. Previous analyzer: %s, previous case_sensitive: %s",
					was[key+".analyzer"], was[key+".case_sensitive"])
			}
			return nil
		})
	case *sql.UnsetIndex:
		return a.column(op.Name.Name, func(c *model.Column) error { clearIndex(c, op.Kind); return nil })
	case *sql.RenameTable:
		if _, err := a.o.catalog.Table(a.old.Database, op.To.Name); err == nil {
			return errs.New(errs.TableAlreadyExists, "Table already exists: `%s.%s.%s`", a.old.Catalog, a.old.Database, op.To.Name)
		}
		a.next.Name, a.info = op.To.Name, true
		return nil
	case *sql.SetOptions:
		return a.setOptions(op.Options)
	case *sql.UnsetOptions:
		return a.unsetOptions(op.Keys)
	case *sql.ModifyType:
		return a.modifyType(op)
	case *sql.PartitionTable:
		return errs.New(errs.Unsupported, "Not supported: ALTER TABLE … PARTITION ON COLUMNS")
	}
	return errs.New(errs.Unsupported, "Not supported: REPARTITION")
}

func (a *alteration) missing(name string) error {
	return errs.New(errs.TableColumnNotFound, "Column %s not exists in table %s", name, a.old.Name)
}

func (a *alteration) column(name string, change func(c *model.Column) error) error {
	c := a.next.Schema.ByName(name)
	if c == nil {
		return a.missing(name)
	}
	a.schema = true
	return change(c)
}

// notPartitioned refuses a change of a column that partition rules read.
func (a *alteration) notPartitioned(name string) error {
	if p, c := a.old.Partition, a.old.Schema.ByName(name); p != nil && c != nil && slices.Contains(p.Columns, c.ID) {
		return errs.New(errs.InvalidArguments, "Not allowed to change partition column %s of table %s", name, a.old.Name)
	}
	return nil
}

// modifyType changes the type of a field. Nothing is rewritten: what was stored is converted when it is read, to NULL where the new type
// cannot hold it.
func (a *alteration) modifyType(op *sql.ModifyType) error {
	name := op.Name.Name
	if err := a.notPartitioned(name); err != nil {
		return err
	}
	return a.column(name, func(c *model.Column) error {
		to, err := columnType(op.Type)
		if err != nil {
			return err
		}
		switch {
		case c.Semantic == model.TagColumn:
			return errs.New(errs.InvalidArguments, "Not allowed to change primary key index column '%s'", name)
		case c.Semantic == model.TimeColumn:
			return errs.New(errs.InvalidArguments, "Not allowed to change timestamp index column '%s' datatype", name)
		case !model.Convertible(c.Type, to):
			return errs.New(errs.InvalidArguments, "column '%s' cannot be cast automatically to type '%s'", name, to)
		case !c.Nullable:
			return errs.New(errs.InvalidArguments, "column '%s' must be nullable to ensure safe conversion.", name)
		case c.Type == to:
			return nil
		}
		if c.Default != nil && c.Default.Func == "" && c.Default.Value.Type != to {
			v, err := literals{zone: a.sess.Timezone, loose: true}.value(&model.Column{Name: name, Type: to, Nullable: true}, defaultLiteral(c.Default.Value, to))
			if err != nil {
				return errs.New(errs.InvalidArguments, "column '%s' cannot be cast automatically to type '%s': its default %s does not fit; drop the default first", name, to, c.Default.Value)
			}
			c.Default = &model.Default{Value: v}
		} else if c.Default != nil && c.Default.Func != "" && !to.IsTimestamp() && to.Kind != model.KindDate {
			return errs.New(errs.InvalidArguments, "column '%s' cannot be cast automatically to type '%s': its default is %s; drop the default first", name, to, c.Default.Func)
		}
		if to.Kind != model.KindString {
			clearIndex(c, sql.FulltextIndex)
		}
		c.Type, c.Changed = to, a.old.Schema.Version+1
		return nil
	})
}

// defaultLiteral writes a value as one writes a default.
func defaultLiteral(v model.Value, to model.Type) *sql.Literal {
	switch {
	case v.Null():
		return &sql.Literal{Kind: sql.LitNull}
	case v.Type.Class() == model.ClassBytes:
		return &sql.Literal{Kind: sql.LitString, Text: v.Bytes}
	case to.Class() == model.ClassBytes:
		return &sql.Literal{Kind: sql.LitString, Text: v.String()}
	case v.Type.Class() == model.ClassBool:
		return &sql.Literal{Kind: sql.LitBool, Text: v.String()}
	}
	return &sql.Literal{Kind: sql.LitFloat, Text: v.String()}
}

func (a *alteration) addColumn(op *sql.AddColumn) error {
	s := a.next.Schema
	c, err := newColumn(a.sess, &op.Column)
	if err != nil {
		return err
	}
	if there := s.ByName(c.Name); there != nil {
		if !op.IfNotExists {
			return errs.New(errs.TableColumnExists, "Column %s already exists in table %s", c.Name, a.old.Name)
		}
		if there.Type != c.Type {
			return errs.New(errs.InvalidArguments, "column %s already exists with different type", c.Name)
		}
		return nil
	}
	if op.Column.TimeIndex {
		return errs.New(errs.Unsupported, "Not supported: ADD CONSTRAINT")
	}
	if !c.Nullable && c.Default == nil {
		return errs.New(errs.InvalidArguments, "no default value for column %s", c.Name)
	}
	if op.Column.PrimaryKey {
		c.Semantic = model.TagColumn
	}
	at := len(s.Columns)
	switch {
	case op.First:
		at = 0
	case op.After.Name != "":
		i := slices.IndexFunc(s.Columns, func(x model.Column) bool { return x.Name == op.After.Name })
		if i < 0 {
			return a.missing(op.After.Name)
		}
		at = i + 1
	}
	s.Add(c, at)
	a.schema = true
	return nil
}

func (a *alteration) dropColumn(name string) error {
	s := a.next.Schema
	i := slices.IndexFunc(s.Columns, func(x model.Column) bool { return x.Name == name })
	if i < 0 {
		return a.missing(name)
	}
	if err := a.notPartitioned(name); err != nil {
		return err
	}
	if s.Columns[i].Semantic != model.FieldColumn {
		return errs.New(errs.InvalidArguments, "Not allowed to remove index column %s from table %s", name, a.old.Name)
	}
	s.Columns = slices.Delete(s.Columns, i, i+1)
	a.schema = true
	return nil
}

func (a *alteration) setOptions(set sql.Options) error {
	options := maps.Clone(a.old.Options)
	if options == nil {
		options = map[string]string{}
	}
	for _, x := range set {
		bad := errs.New(errs.InvalidArguments, "Invalid set table option request: Invalid set region option request, key: %s, value: %s", x.Key, x.Value)
		switch x.Key {
		case "ttl", "compaction.twcs.time_window", "compaction.twcs.max_output_file_size", "compaction.twcs.trigger_file_num", "sst_format",
			"write_buffer_size", "auto_flush_interval", "max_row_group_row_count":
		case "append_mode", "skip_wal": // on only, for ever
			if on, err := boolean(x.Value); err != nil || !on && options[x.Key] == "true" {
				return bad
			}
		default:
			if len(x.Key) <= len(semanticPrefix) || x.Key[:len(semanticPrefix)] != semanticPrefix {
				return bad
			}
		}
		if options[x.Key] = x.Value; x.Value == "" && x.Key != "ttl" {
			delete(options, x.Key)
		}
		if on, _ := boolean(options["append_mode"]); on && x.Key == "append_mode" {
			delete(options, "merge_mode") // rows are not merged any more
		}
		if _, _, err := readOptions(options); err != nil {
			return bad
		}
	}
	return a.replaceOptions(options)
}

func (a *alteration) unsetOptions(keys []string) error {
	options := maps.Clone(a.old.Options)
	for _, k := range keys {
		switch k {
		case "ttl", "write_buffer_size", "compaction.twcs.time_window", "compaction.twcs.max_output_file_size", "compaction.twcs.trigger_file_num",
			"max_row_group_row_count":
		default:
			return errs.New(errs.InvalidArguments, "Invalid unset table option request: Invalid unset region option request, key: %s", k)
		}
		delete(options, k)
	}
	return a.replaceOptions(options)
}

func (a *alteration) replaceOptions(options map[string]string) error {
	_, shown, err := readOptions(options)
	if err != nil {
		return err
	}
	d, err := a.o.catalog.Database(a.old.Database)
	if err != nil {
		return err
	}
	if a.next.Region, err = engineOptions(d.Options, shown); err != nil {
		return err
	}
	a.next.Options, a.info = shown, true
	return nil
}

func (o *Operator) commentOn(ctx context.Context, sess *model.Session, s *sql.CommentOn) error {
	name, column := s.Name, ""
	switch s.Kind {
	case sql.ObjTable:
	case sql.ObjColumn:
		if len(name) < 2 {
			return errs.New(errs.InvalidSyntax, "expect column name to be <table>.<column>, actual: %s", objectText(name))
		}
		column, name = name.Base(), name[:len(name)-1]
	default:
		return errs.New(errs.FlowNotFound, "Flow not found: %s", objectText(name))
	}
	database, table, err := tableName(sess, name)
	if err != nil {
		return err
	}
	if err := writable(database); err != nil {
		return err
	}
	defer o.locks.lock(lockName(database, table))()
	return o.alterTable(ctx, database, table, func(t *catalog.Table) (*catalog.Table, error) {
		next := *t
		if column != "" {
			next.Schema = t.Schema.Clone()
			c := next.Schema.ByName(column)
			if c == nil {
				return nil, errs.New(errs.TableColumnNotFound, "Column %s not exists in table %s", column, t.Name)
			}
			c.Comment = s.Text
			return &next, nil
		}
		next.Comment = s.Text
		if next.Options = maps.Clone(t.Options); next.Options == nil {
			next.Options = map[string]string{}
		}
		if next.Options["comment"] = s.Text; s.Null || s.Text == "" {
			delete(next.Options, "comment")
		}
		return &next, nil
	})
}
