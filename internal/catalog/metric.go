package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/engines/metric"
	"github.com/goptimedb/goptimedb/internal/kv"
	"github.com/goptimedb/goptimedb/internal/model"
)

// EngineMetric is Table.Engine of physical and logical metric tables.
const EngineMetric = "metric"

// Logical says where the rows of a logical table lie.
type Logical struct {
	Physical model.TableID  // the physical table
	Data     model.RegionID // one of its regions
	Number   uint32         // the table's rows there have this __table_id: a table id that was given out for it, anew when it is truncated
}

// Physical reports a physical metric table: its regions hold rows of logical tables, under columns of their own; its Schema is only what
// its definition gave.
func (t *Table) Physical() bool { return t.Engine == EngineMetric && t.Logical == nil }

// LogicalRegion is what the metric engine must know of a logical table's region.
func (t *Table) LogicalRegion() contract.CreateRegion {
	return contract.CreateRegion{Meta: contract.RegionMeta{ID: t.Regions[0], Schema: t.Schema}, TableDir: t.Dir(),
		Logical: &contract.LogicalRegion{Data: t.Logical.Data, Table: t.Logical.Number}}
}

// LogicalTables are the logical tables of a physical one, by database and name.
func (c *Catalog) LogicalTables(physical model.TableID) (out []*Table) {
	for _, t := range c.AllTables() {
		if t.Logical != nil && t.Logical.Physical == physical {
			out = append(out, t)
		}
	}
	return out
}

// Members are the logical tables of a physical one, as the metric engine shows them.
func (c *Catalog) Members(physical model.TableID) (out []metric.Member) {
	for _, t := range c.LogicalTables(physical) {
		out = append(out, metric.Member{Number: t.Logical.Number, Schema: t.Schema})
	}
	return out
}

// Shown is the schema that users see of a table: of a physical one, with the labels of all its logical tables.
func (c *Catalog) Shown(t *Table) *model.Schema {
	if !t.Physical() {
		return t.Schema
	}
	return metric.PhysicalSchema(t.Schema, c.Members(t.ID))
}

// CreateLogical makes logical tables visible: a transaction for as many of them as it holds. Their regions need nothing but memory, so
// there are no intents. If a name was taken meanwhile, none of the batch is made and the error is errs.TableAlreadyExists.
func (c *Catalog) CreateLogical(ctx context.Context, tables ...*Table) error {
	c.write.Lock()
	defer c.write.Unlock()
	made := make([]*Table, 0, len(tables))
	defer func() { c.install(made, nil) }()
	for batch := range slices.Chunk(tables, kv.MaxTxnOps/2) {
		var txn kv.Txn
		for _, t := range batch {
			b, err := json.Marshal(t)
			if err != nil {
				return err
			}
			txn.If = append(txn.If, kv.Missing(nameKey(t)))
			txn.Then = append(txn.Then, kv.Put(nameKey(t), []byte(strconv.Itoa(int(t.ID)))), kv.Put(tableKey(t), b))
		}
		res, err := c.store.Txn(ctx, txn)
		if err != nil {
			return fmt.Errorf("write catalog: %w", err)
		}
		if !res.Succeeded {
			return errs.New(errs.TableAlreadyExists, "Table already exists: `%s`", batch[0].FullName())
		}
		made = append(made, batch...)
	}
	return nil
}

// install puts made into the mirror and takes gone out of it, copying it once. c.write held.
func (c *Catalog) install(made, gone []*Table) {
	if len(made)+len(gone) == 0 {
		return
	}
	c.change(func(s *snapshot) {
		edited := map[string]map[string]*Table{}
		edit := func(database string) map[string]*Table {
			if edited[database] == nil {
				edited[database] = s.edit(database)
			}
			return edited[database]
		}
		for _, t := range gone {
			delete(edit(t.Database), t.Name)
			delete(s.byID, t.ID)
		}
		for _, t := range made {
			edit(t.Database)[t.Name] = t
			s.byID[t.ID] = t
		}
	})
}

// UpdateAll replaces the info of several tables under their names: a transaction for as many as it holds. old[i] is what next[i] was made
// from; if one of them changed meanwhile none is replaced and the error is errs.RequestOutdated.
func (c *Catalog) UpdateAll(ctx context.Context, old, next []*Table) error {
	c.write.Lock()
	defer c.write.Unlock()
	for i, t := range old {
		if c.ByID(t.ID) != t {
			return errs.New(errs.RequestOutdated, "table %s was changed at the same time; try again", t.FullName())
		}
		if next[i].Name != t.Name || next[i].Database != t.Database {
			return errs.New(errs.Internal, "table %s changes its name in an update of several tables", t.FullName())
		}
	}
	made := make([]*Table, 0, len(next))
	defer func() { c.install(made, nil) }()
	for batch := range slices.Chunk(next, kv.MaxTxnOps) {
		var txn kv.Txn
		for _, t := range batch {
			b, err := json.Marshal(t)
			if err != nil {
				return err
			}
			txn.Then = append(txn.Then, kv.Put(tableKey(t), b))
		}
		if _, err := c.store.Txn(ctx, txn); err != nil {
			return fmt.Errorf("write catalog: %w", err)
		}
		made = append(made, batch...)
	}
	return nil
}

// DropLogical removes logical tables: from then on nothing but their retirements knows their numbers, and their rows are gone for every
// reader.
func (c *Catalog) DropLogical(ctx context.Context, tables ...*Table) error {
	c.write.Lock()
	defer c.write.Unlock()
	for _, t := range tables {
		if now, err := c.Table(t.Database, t.Name); err != nil {
			return err
		} else if now.ID != t.ID || now.Logical == nil {
			return errs.New(errs.TableNotFound, "Table not found: %s", t.FullName())
		}
	}
	gone := make([]*Table, 0, len(tables))
	defer func() { c.install(nil, gone) }()
	for batch := range slices.Chunk(tables, kv.MaxTxnOps/3) {
		var txn kv.Txn
		for _, t := range batch {
			txn.Then = append(txn.Then, kv.Delete(nameKey(t)), kv.Delete(tableKey(t)), retirement(t))
		}
		if _, err := c.store.Txn(ctx, txn); err != nil {
			return fmt.Errorf("write catalog: %w", err)
		}
		gone = append(gone, batch...)
	}
	return nil
}

// Retirement says that the rows of a number in a data region are out of reach and to be removed: a logical table had it that was dropped or
// truncated.
type Retirement struct {
	Data   model.RegionID
	Number uint32
}

func retireKey(r Retirement) string {
	return "retire/" + r.Data.String() + "/" + strconv.FormatUint(uint64(r.Number), 10)
}

// retirement records that a logical table's number is to be retired.
func retirement(t *Table) kv.Op {
	r := Retirement{t.Logical.Data, t.Logical.Number}
	return kv.Put(retireKey(r), []byte(t.FullName()))
}

// Retirements are the numbers whose rows were not removed yet, as far as is known.
func (c *Catalog) Retirements(ctx context.Context) (out []Retirement, err error) {
	err = c.scan(ctx, "retire/", func(key string, _ []byte) error {
		data, number, _ := strings.Cut(strings.TrimPrefix(key, "retire/"), "/")
		id, err := model.ParseRegionID(data)
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return err
		}
		out = append(out, Retirement{id, uint32(n)})
		return nil
	})
	return out, err
}

// Retired forgets retirements: the rows are removed, or their region is.
func (c *Catalog) Retired(ctx context.Context, rs ...Retirement) error {
	for batch := range slices.Chunk(rs, kv.MaxTxnOps) {
		var txn kv.Txn
		for _, r := range batch {
			txn.Then = append(txn.Then, kv.Delete(retireKey(r)))
		}
		if _, err := c.store.Txn(ctx, txn); err != nil {
			return fmt.Errorf("write catalog: %w", err)
		}
	}
	return nil
}
