// Package catalog knows the databases and tables of a process: what a planner may see, and what statements change.
//
// Everything is kept in a key-value store and mirrored in memory; readers take the mirror, which is replaced whole, and never wait. A
// change is one transaction of the store. Changes that also touch regions are done in steps, each of which the next start can finish:
//
//	create   intent key → regions → transaction: name, info, intent gone
//	drop     transaction: name gone, intent key → regions → intent gone
//	alter    regions → info; a region that is ahead of the info brings the newer schema at the next start
//
// The regions themselves are the operator's business; the catalog keeps the intents. Keys:
//
//	database/{name}           Database
//	name/{database}/{table}   table id
//	table/{id}                Table
//	view/{database}/{view}    View
//	intent/{id}               Intent
//	next_table_id             the smallest id never given out
package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/engines/file"
	"github.com/goptimedb/goptimedb/internal/kv"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Database is a namespace of tables.
type Database struct {
	Name    string
	Options map[string]string `json:",omitempty"` // as given, keys in lower case
	Created time.Time
}

// Table is what is known of a table outside of its regions. It is immutable: a change makes a new one.
type Table struct {
	ID       model.TableID
	Catalog  string
	Database string
	Name     string
	Engine   string // "mito" or "metric"
	Schema   *model.Schema
	Options  map[string]string      `json:",omitempty"` // as given, for SHOW CREATE TABLE
	Region   contract.RegionOptions // what the options mean to the engine
	Regions  []model.RegionID
	// Partition says in which of the regions a row lives; nil where there is one region, or where an engine of its own knows.
	Partition *model.Partition `json:",omitempty"`
	Created   time.Time
	Comment   string           `json:",omitempty"`
	External  *file.Definition `json:",omitempty"` // of an external table, which has no regions
	Logical   *Logical         `json:",omitempty"` // of a logical table of the metric engine; it has one region, which exists in memory only
}

// FullName is catalog.database.table.
func (t *Table) FullName() string { return t.Catalog + "." + t.Database + "." + t.Name }

// Dir is the directory of the table's regions.
func (t *Table) Dir() string { return fmt.Sprintf("data/%s/%s/%d/", t.Catalog, t.Database, t.ID) }

// Intent is a create or drop that was begun. The table may or may not have regions.
type Intent struct {
	Table Table
}

// Catalog is the databases and tables of one catalog. All methods may be called at once.
type Catalog struct {
	store kv.Store
	now   func() time.Time

	write sync.Mutex               // held over each change
	snap  atomic.Pointer[snapshot] // replaced whole by the holder of write
}

// snapshot is the mirror in memory. It is immutable.
type snapshot struct {
	databases map[string]*Database
	tables    map[string]map[string]*Table // by database, then name
	byID      map[model.TableID]*Table
	views     map[string]map[string]*View // by database, then name; a database without views may be missing

	inOrder sync.Once
	ordered []*Table // see all
}

// all are the tables of all databases, by database and name. They are put in order by the first who asks, and never changed.
func (s *snapshot) all() []*Table {
	s.inOrder.Do(func() {
		s.ordered = make([]*Table, 0, len(s.byID))
		for _, d := range sorted(s.databases) {
			s.ordered = append(s.ordered, sorted(s.tables[d.Name])...)
		}
	})
	return s.ordered
}

// Open reads the catalog and makes the databases that are always there.
func Open(ctx context.Context, store kv.Store, now func() time.Time) (*Catalog, error) {
	c := &Catalog{store: store, now: now}
	s := &snapshot{databases: map[string]*Database{}, tables: map[string]map[string]*Table{}, byID: map[model.TableID]*Table{}, views: map[string]map[string]*View{}}
	err := c.scan(ctx, "database/", func(key string, value []byte) error {
		var d Database
		if err := json.Unmarshal(value, &d); err != nil {
			return err
		}
		s.databases[d.Name], s.tables[d.Name] = &d, map[string]*Table{}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = c.scan(ctx, "table/", func(key string, value []byte) error {
		var t Table
		if err := json.Unmarshal(value, &t); err != nil {
			return err
		}
		if s.tables[t.Database] == nil {
			return fmt.Errorf("table %s is in a database that does not exist", t.FullName())
		}
		s.tables[t.Database][t.Name], s.byID[t.ID] = &t, &t
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := c.readViews(ctx, s); err != nil {
		return nil, err
	}
	c.snap.Store(s)
	for _, name := range []string{model.DefaultDatabase, model.PrivateDatabase} {
		if err := c.CreateDatabase(ctx, name, nil); err != nil && !errs.Is(err, errs.DatabaseAlreadyExists) {
			return nil, err
		}
	}
	return c, nil
}

func (c *Catalog) scan(ctx context.Context, prefix string, fn func(key string, value []byte) error) error {
	r := kv.Prefix(prefix)
	for {
		pairs, more, err := c.store.GetRange(ctx, r, 1000)
		if err != nil {
			return fmt.Errorf("read catalog: %w", err)
		}
		for _, p := range pairs {
			if err := fn(p.Key, p.Value); err != nil {
				return errs.Wrap(errs.Unexpected, err, "read catalog: key %s", p.Key)
			}
			r.Start = kv.After(p.Key)
		}
		if !more {
			return nil
		}
	}
}

// Databases are all databases, by name.
func (c *Catalog) Databases() []*Database {
	s := c.snap.Load()
	return sorted(s.databases)
}

// Database finds a database, or errs.DatabaseNotFound.
func (c *Catalog) Database(name string) (*Database, error) {
	if d := c.snap.Load().databases[name]; d != nil {
		return d, nil
	}
	return nil, errs.New(errs.DatabaseNotFound, "Database not found: %s", name)
}

// Tables are the tables of a database, by name; none where there is no such database.
func (c *Catalog) Tables(database string) []*Table { return sorted(c.snap.Load().tables[database]) }

// AllTables are the tables of all databases, by database and name.
func (c *Catalog) AllTables() []*Table { return slices.Clone(c.snap.Load().all()) }

// Len is how many tables there are.
func (c *Catalog) Len() int { return len(c.snap.Load().byID) }

// Table finds a table, or errs.DatabaseNotFound, errs.TableNotFound.
func (c *Catalog) Table(database, name string) (*Table, error) {
	s := c.snap.Load()
	tables, ok := s.tables[database]
	if !ok {
		return nil, errs.New(errs.DatabaseNotFound, "Database not found: %s", database)
	}
	if t := tables[name]; t != nil {
		return t, nil
	}
	return nil, errs.New(errs.TableNotFound, "Table not found: %s.%s.%s", model.DefaultCatalog, database, name)
}

// ByID finds a table, or nil.
func (c *Catalog) ByID(id model.TableID) *Table { return c.snap.Load().byID[id] }

func sorted[V any](m map[string]V) []V {
	out := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

// CreateDatabase adds a database, or errs.DatabaseAlreadyExists.
func (c *Catalog) CreateDatabase(ctx context.Context, name string, options map[string]string) error {
	c.write.Lock()
	defer c.write.Unlock()
	if _, err := c.Database(name); err == nil {
		return errs.New(errs.DatabaseAlreadyExists, "Schema %s already exists", name)
	}
	return c.putDatabase(ctx, &Database{Name: name, Options: options, Created: c.now().UTC()})
}

// AlterDatabase replaces a database's options.
func (c *Catalog) AlterDatabase(ctx context.Context, name string, options map[string]string) error {
	c.write.Lock()
	defer c.write.Unlock()
	d, err := c.Database(name)
	if err != nil {
		return err
	}
	n := *d
	n.Options = options
	return c.putDatabase(ctx, &n)
}

func (c *Catalog) putDatabase(ctx context.Context, d *Database) error {
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if err := c.store.Put(ctx, "database/"+d.Name, b); err != nil {
		return fmt.Errorf("write catalog: %w", err)
	}
	c.change(func(s *snapshot) {
		s.databases[d.Name] = d
		if s.tables[d.Name] == nil {
			s.tables[d.Name] = map[string]*Table{}
		}
	})
	return nil
}

// DropDatabase removes a database without tables.
func (c *Catalog) DropDatabase(ctx context.Context, name string) error {
	c.write.Lock()
	defer c.write.Unlock()
	if _, err := c.Database(name); err != nil {
		return err
	}
	if n := len(c.snap.Load().tables[name]); n > 0 {
		return errs.New(errs.IllegalState, "database %s has %d tables", name, n)
	}
	if n := len(c.snap.Load().views[name]); n > 0 {
		return errs.New(errs.IllegalState, "database %s has %d views", name, n)
	}
	if _, err := c.store.Delete(ctx, "database/"+name); err != nil {
		return fmt.Errorf("write catalog: %w", err)
	}
	c.change(func(s *snapshot) { delete(s.databases, name); delete(s.tables, name); delete(s.views, name) })
	return nil
}

// change installs a changed copy of the mirror. c.write held. Only the maps that f may touch are copied: the outer ones, and the inner
// ones through edit.
func (c *Catalog) change(f func(s *snapshot)) {
	old := c.snap.Load()
	s := &snapshot{databases: maps.Clone(old.databases), tables: maps.Clone(old.tables), byID: maps.Clone(old.byID), views: maps.Clone(old.views)}
	f(s)
	c.snap.Store(s)
}

func (s *snapshot) edit(database string) map[string]*Table {
	s.tables[database] = maps.Clone(s.tables[database])
	return s.tables[database]
}

const nextIDKey = "next_table_id"

// NewTableID gives out ids, each once for ever, n of them from the one returned.
func (c *Catalog) NewTableID(ctx context.Context, n int) (model.TableID, error) {
	c.write.Lock()
	defer c.write.Unlock()
	next := uint64(model.FirstUserTableID)
	var old []byte
	b, err := c.store.Get(ctx, nextIDKey)
	switch {
	case errors.Is(err, kv.ErrNotFound):
	case err != nil:
		return 0, fmt.Errorf("read catalog: %w", err)
	default:
		old = b
		if next, err = strconv.ParseUint(string(b), 10, 32); err != nil {
			return 0, errs.Wrap(errs.Unexpected, err, "read catalog: key %s", nextIDKey)
		}
	}
	ok, _, err := c.store.CompareAndPut(ctx, nextIDKey, old, strconv.AppendUint(nil, next+uint64(n), 10))
	if err != nil {
		return 0, fmt.Errorf("write catalog: %w", err)
	}
	if !ok {
		return 0, errs.New(errs.RegionBusy, "table ids are being given out by another process; try again")
	}
	return model.TableID(next), nil
}

func nameKey(t *Table) string  { return "name/" + t.Database + "/" + t.Name }
func tableKey(t *Table) string { return "table/" + strconv.Itoa(int(t.ID)) }
func intentKey(id model.TableID) string {
	return "intent/" + strconv.Itoa(int(id))
}

// maxBatch is how many tables one transaction changes; each takes up to three operations.
const maxBatch = kv.MaxTxnOps / 3

// BeginCreate records that the tables' regions are about to be made. Names are checked: a table that exists is errs.TableAlreadyExists.
func (c *Catalog) BeginCreate(ctx context.Context, tables ...*Table) error {
	for batch := range slices.Chunk(tables, maxBatch) {
		var txn kv.Txn
		for _, t := range batch {
			if _, err := c.Table(t.Database, t.Name); err == nil {
				return errs.New(errs.TableAlreadyExists, "Table already exists: `%s`", t.FullName())
			} else if !errs.Is(err, errs.TableNotFound) {
				return err
			}
			if v := c.View(t.Database, t.Name); v != nil {
				return errs.New(errs.TableAlreadyExists, "View already exists: `%s`", v.FullName())
			}
			b, err := json.Marshal(Intent{Table: *t})
			if err != nil {
				return err
			}
			txn.Then = append(txn.Then, kv.Put(intentKey(t.ID), b))
		}
		if _, err := c.store.Txn(ctx, txn); err != nil {
			return fmt.Errorf("write catalog: %w", err)
		}
	}
	return nil
}

// FinishCreate makes tables visible whose regions are there. If a name was taken meanwhile, none of the batch is made and the error is
// errs.TableAlreadyExists.
func (c *Catalog) FinishCreate(ctx context.Context, tables ...*Table) error {
	c.write.Lock()
	defer c.write.Unlock()
	for batch := range slices.Chunk(tables, maxBatch) {
		var txn kv.Txn
		for _, t := range batch {
			b, err := json.Marshal(t)
			if err != nil {
				return err
			}
			txn.If = append(txn.If, kv.Missing(nameKey(t)))
			txn.Then = append(txn.Then, kv.Put(nameKey(t), []byte(strconv.Itoa(int(t.ID)))), kv.Put(tableKey(t), b), kv.Delete(intentKey(t.ID)))
		}
		res, err := c.store.Txn(ctx, txn)
		if err != nil {
			return fmt.Errorf("write catalog: %w", err)
		}
		if !res.Succeeded {
			return errs.New(errs.TableAlreadyExists, "Table already exists: `%s`", batch[0].FullName())
		}
		c.change(func(s *snapshot) {
			edited := map[string]map[string]*Table{}
			for _, t := range batch {
				if edited[t.Database] == nil {
					edited[t.Database] = s.edit(t.Database)
				}
				edited[t.Database][t.Name] = t
				s.byID[t.ID] = t
			}
		})
	}
	return nil
}

// BeginDrop makes a table invisible and records that its regions are to be removed.
func (c *Catalog) BeginDrop(ctx context.Context, t *Table) error {
	c.write.Lock()
	defer c.write.Unlock()
	if now, err := c.Table(t.Database, t.Name); err != nil {
		return err
	} else if now.ID != t.ID {
		return errs.New(errs.TableNotFound, "Table not found: %s", t.FullName())
	}
	b, err := json.Marshal(Intent{Table: *t})
	if err != nil {
		return err
	}
	if _, err := c.store.Txn(ctx, kv.Txn{Then: []kv.Op{kv.Delete(nameKey(t)), kv.Delete(tableKey(t)), kv.Put(intentKey(t.ID), b)}}); err != nil {
		return fmt.Errorf("write catalog: %w", err)
	}
	c.change(func(s *snapshot) { delete(s.edit(t.Database), t.Name); delete(s.byID, t.ID) })
	return nil
}

// EndIntent forgets an intent whose regions are gone.
func (c *Catalog) EndIntent(ctx context.Context, id model.TableID) error {
	_, err := c.store.Delete(ctx, intentKey(id))
	return err
}

// Intents are the creates and drops that were begun and not finished: the next start removes their regions and ends them.
func (c *Catalog) Intents(ctx context.Context) (out []Intent, err error) {
	err = c.scan(ctx, "intent/", func(_ string, value []byte) error {
		var i Intent
		if err := json.Unmarshal(value, &i); err != nil {
			return err
		}
		out = append(out, i)
		return nil
	})
	return out, err
}

// Update replaces the info of a table: a new schema, options, or name (in the same database). old is what the change was made from; if
// the table changed meanwhile the error is errs.RequestOutdated.
func (c *Catalog) Update(ctx context.Context, old, t *Table) error {
	c.write.Lock()
	defer c.write.Unlock()
	if c.ByID(old.ID) != old {
		return errs.New(errs.RequestOutdated, "table %s was changed at the same time; try again", old.FullName())
	}
	b, err := json.Marshal(t)
	if err != nil {
		return err
	}
	txn := kv.Txn{Then: []kv.Op{kv.Put(tableKey(t), b)}}
	if old.Logical != nil && t.Logical != nil && *t.Logical != *old.Logical { // truncated
		txn.Then = append(txn.Then, retirement(old))
	}
	if t.Name != old.Name {
		txn.If = []kv.Compare{kv.Missing(nameKey(t))}
		txn.Then = append(txn.Then, kv.Delete(nameKey(old)), kv.Put(nameKey(t), []byte(strconv.Itoa(int(t.ID)))))
	}
	res, err := c.store.Txn(ctx, txn)
	if err != nil {
		return fmt.Errorf("write catalog: %w", err)
	}
	if !res.Succeeded {
		return errs.New(errs.TableAlreadyExists, "Table already exists: `%s`", t.FullName())
	}
	c.change(func(s *snapshot) {
		tables := s.edit(t.Database)
		delete(tables, old.Name)
		tables[t.Name] = t
		s.byID[t.ID] = t
	})
	return nil
}
