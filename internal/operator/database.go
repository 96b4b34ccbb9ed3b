package operator

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

func schemaNotFound(name string) error {
	return errs.New(errs.InvalidArguments, "Failed to find schema, schema info: %s.%s", model.DefaultCatalog, name)
}

// databaseOption reports whether a database may have the option.
func databaseOption(key string) bool {
	switch key {
	case "ttl", "storage", "memtable.type", "append_mode", "merge_mode", "skip_wal", "compaction.type", "sst_format",
		"memtable.bulk.merge_threshold", "memtable.bulk.encode_row_threshold", "memtable.bulk.encode_bytes_threshold", "memtable.bulk.max_merge_groups",
		"compaction.twcs.fallback_to_local", "compaction.twcs.time_window", "compaction.twcs.trigger_file_num", "compaction.twcs.max_output_file_size":
		return true
	}
	return false
}

func (o *Operator) createDatabase(ctx context.Context, s *sql.CreateDatabase) error {
	name, err := databaseName(s.Name)
	if err != nil {
		return err
	}
	if !sql.ValidName(name) {
		return errs.New(errs.Unexpected, "Unexpected, violated: Invalid database name: %s", name)
	}
	options := map[string]string{}
	for _, x := range s.Options {
		if !databaseOption(x.Key) {
			return errs.New(errs.InvalidArguments, "Unrecognized database option key: %s", x.Key)
		}
		options[x.Key] = x.Value
	}
	if options["append_mode"] == "true" && options["merge_mode"] != "" {
		return errs.New(errs.InvalidArguments, "Unrecognized database option key: merge_mode")
	}
	if strings.EqualFold(options["ttl"], "instant") {
		return errs.New(errs.InvalidArguments, "Invalid set database option, key: ttl, value: instant")
	}
	_, shown, err := readOptions(options)
	if err != nil {
		return err
	}
	exists := systemDatabase(name)
	if !exists {
		err = o.catalog.CreateDatabase(ctx, name, shown)
		exists = errs.Is(err, errs.DatabaseAlreadyExists)
	}
	if exists {
		if s.IfNotExists {
			return nil
		}
		return errs.New(errs.InvalidArguments, "Schema %s already exists", name)
	}
	return err
}

// alterDatabase changes what the tables of a database take from it, and then the tables.
func (o *Operator) alterDatabase(ctx context.Context, s *sql.AlterDatabase) error {
	name, err := databaseName(s.Name)
	if err != nil {
		return err
	}
	if err := writable(name); err != nil {
		return err
	}
	d, err := o.catalog.Database(name)
	if err != nil {
		return schemaNotFound(name)
	}
	options := maps.Clone(d.Options)
	if options == nil {
		options = map[string]string{}
	}
	alterable := func(key string) bool {
		switch key {
		case "ttl", "compaction.twcs.time_window", "compaction.twcs.max_output_file_size", "compaction.twcs.trigger_file_num":
			return true
		}
		return false
	}
	for _, x := range s.Set {
		if !alterable(x.Key) || x.Key == "ttl" && strings.EqualFold(x.Value, "instant") {
			return errs.New(errs.InvalidArguments, "Invalid set database option, key: %s, value: %s", x.Key, x.Value)
		}
		if options[x.Key] = x.Value; x.Value == "" {
			delete(options, x.Key)
		}
	}
	for _, k := range s.Unset {
		if !alterable(k) {
			return errs.New(errs.InvalidArguments, "Invalid unset database option, key: %s", k)
		}
		delete(options, k)
	}
	_, shown, err := readOptions(options)
	if err != nil {
		return err
	}
	if err := o.catalog.AlterDatabase(ctx, name, shown); err != nil {
		return err
	}
	for _, t := range o.catalog.Tables(name) {
		if err := o.refreshOptions(ctx, shown, t); err != nil && !errs.Is(err, errs.TableNotFound) {
			return err
		}
	}
	return nil
}

// refreshOptions gives the regions of a table the options that its database now lends it.
func (o *Operator) refreshOptions(ctx context.Context, database map[string]string, t *catalog.Table) error {
	if t.Logical != nil { // has its physical table's
		return nil
	}
	defer o.locks.lock(lockName(t.Database, t.Name))()
	return o.alterTable(ctx, t.Database, t.Name, func(t *catalog.Table) (*catalog.Table, error) {
		r, err := engineOptions(database, t.Options)
		if err != nil || r == t.Region {
			return nil, err
		}
		next := *t
		next.Region = r
		return &next, nil
	})
}

func (o *Operator) dropDatabase(ctx context.Context, sess *model.Session, n sql.ObjectName, ifExists bool) error {
	name, err := databaseName(n)
	if err != nil {
		return err
	}
	if err := writable(name); err != nil {
		return err
	}
	switch name {
	case model.PrivateDatabase:
		return errs.New(errs.Unsupported, "Schema `%s` is read-only", name)
	case model.DefaultDatabase, sess.Database:
		return errs.New(errs.InvalidArguments, "Schema `%s` is in use", name)
	}
	if _, err := o.catalog.Database(name); err != nil {
		if ifExists {
			return nil
		}
		return schemaNotFound(name)
	}
	tables := o.catalog.Tables(name)
	slices.SortStableFunc(tables, func(a, b *catalog.Table) int { return cmp.Compare(dropRank(a), dropRank(b)) })
	for _, t := range tables {
		unlock := o.locks.lock(lockName(t.Database, t.Name))
		err := o.dropTable(ctx, t)
		unlock()
		if err != nil && !errs.Is(err, errs.TableNotFound) {
			return err
		}
	}
	for _, v := range o.catalog.Views(name) {
		if _, err := o.catalog.DropView(ctx, name, v.Name); err != nil {
			return err
		}
	}
	return o.catalog.DropDatabase(ctx, name)
}

// dropRank puts logical tables before the physical ones that they lie on.
func dropRank(t *catalog.Table) int {
	if t.Physical() {
		return 1
	}
	return 0
}

func (o *Operator) use(sess *model.Session, s *sql.Use) error {
	name, err := databaseName(s.Database)
	if err != nil {
		return err
	}
	if _, err := o.catalog.Database(name); err != nil && !systemDatabase(name) {
		return schemaNotFound(name)
	}
	sess.Database = name
	return nil
}
