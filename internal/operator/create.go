package operator

import (
	"context"
	"errors"
	"fmt"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/engines/metric"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

// regionParallelism bounds how many regions are made or dropped at once: each waits for a few syncs, most of which disks do together.
const regionParallelism = 16

func checkTableName(name string) error {
	if !sql.ValidName(name) {
		return errs.New(errs.InvalidArguments, "Invalid table name: %s", name)
	}
	return nil
}

// createTables makes tables whose names are locked, all in one go: ids, intents, regions side by side, then the catalog. ID, Regions,
// Engine and Created are filled in. On an error none is visible, except after a failure of the catalog's store, whose outcome may be unknown;
// then the next start tidies up.
func (o *Operator) createTables(ctx context.Context, tables ...*catalog.Table) error {
	if len(tables) == 0 {
		return nil
	}
	first, err := o.catalog.NewTableID(ctx, len(tables))
	if err != nil {
		return err
	}
	now := o.opts.Now().UTC()
	for i, t := range tables {
		t.ID = first + model.TableID(i)
		n := 1
		if t.Physical() {
			if n, err = o.partitions(t.Options); err != nil {
				return err
			}
		}
		switch {
		case external(t):
			n = 0
		case t.Partition != nil:
			n = len(t.Partition.Rules)
		}
		t.Regions = make([]model.RegionID, n)
		for r := range t.Regions {
			t.Regions[r] = model.NewRegionID(t.ID, uint32(r))
		}
		t.Created = now
		if t.Engine == "" {
			t.Engine = "mito"
		}
		if t.Catalog == "" {
			t.Catalog = model.DefaultCatalog
		}
		if err := t.Schema.Validate(); err != nil {
			return err
		}
		if name := t.Region.Storage; name != "" && o.opts.HasStore != nil && !o.opts.HasStore(name) {
			return errs.New(errs.InvalidArguments, "Object store not found: %s; add it to [[storage.providers]], or choose another storage option", name)
		}
	}
	if err := o.catalog.BeginCreate(ctx, tables...); err != nil {
		return err
	}
	failed := errors.Join(each(ctx, len(tables), regionParallelism, func(i int) error {
		t := tables[i]
		schema := t.Schema
		if t.Physical() {
			var err error
			if schema, err = metric.DataSchema(t.Schema); err != nil {
				return err
			}
		}
		for _, id := range t.Regions {
			err := o.regions.Create(ctx, contract.CreateRegion{TableDir: t.Dir(), Meta: contract.RegionMeta{ID: id, Schema: schema, Options: t.Region}})
			if err != nil {
				return fmt.Errorf("create table %s: %w", t.FullName(), err)
			}
		}
		return nil
	})...)
	if failed == nil {
		if failed = o.catalog.FinishCreate(ctx, tables...); failed == nil {
			o.created.Add(float64(len(tables)))
			return nil
		}
		if !errs.Is(failed, errs.TableAlreadyExists) {
			return failed // perhaps the change was made: regions must stay
		}
	}
	ctx = context.WithoutCancel(ctx)
	each(ctx, len(tables), regionParallelism, func(i int) error {
		if o.catalog.ByID(tables[i].ID) == nil {
			o.removeRegions(ctx, tables[i])
		}
		return nil
	})
	return failed
}

// removeRegions drops the regions of a table that is out of the catalog and forgets its intent. What fails is left to the next start.
func (o *Operator) removeRegions(ctx context.Context, t *catalog.Table) {
	for _, id := range t.Regions {
		if err := o.regions.Drop(ctx, id); err != nil && !errs.Is(err, errs.RegionNotFound) {
			o.opts.Log.Error("drop region: the next start will try again", "region", id, "table", t.FullName(), "error", err)
			return
		}
	}
	if err := o.catalog.EndIntent(ctx, t.ID); err != nil {
		o.opts.Log.Error("drop table: the next start will try again", "table", t.FullName(), "error", err)
	}
}

// dropTable makes a table invisible, which is the moment from which it is gone, and removes its regions.
func (o *Operator) dropTable(ctx context.Context, t *catalog.Table) error {
	if t.Logical != nil {
		return o.dropLogical(ctx, t)
	}
	if err := o.droppable(t, nil); err != nil {
		return err
	}
	if err := o.catalog.BeginDrop(ctx, t); err != nil {
		return err
	}
	o.removeRegions(context.WithoutCancel(ctx), t)
	return nil
}

// alterTries is how often a change is made anew because the table changed under it.
const alterTries = 8

// alterTable changes a table: change makes the new one from the current one, or gives nil where there is nothing to change. It may be
// called several times. The schema's version is raised here. The regions are changed first; where one is ahead of the catalog, after a
// crash in between, the catalog catches up and the change is made anew. The name is locked.
func (o *Operator) alterTable(ctx context.Context, database, name string, change func(t *catalog.Table) (*catalog.Table, error)) error {
	for try := 1; ; try++ {
		old, err := o.catalog.Table(database, name)
		if err != nil {
			return err
		}
		next, err := change(old)
		if err != nil || next == nil {
			return err
		}
		err = o.alterRegions(ctx, old, next)
		if err == nil {
			err = o.catalog.Update(ctx, old, next)
		} else if caught := o.catchUp(ctx, old); caught != nil && errs.Is(err, errs.RequestOutdated) {
			return caught // after other errors it was an attempt to leave the regions of one schema
		}
		if err == nil {
			o.altered.Inc()
			return nil
		}
		if !errs.Is(err, errs.RequestOutdated) || try == alterTries {
			return err
		}
	}
}

func (o *Operator) alterRegions(ctx context.Context, old, next *catalog.Table) error {
	req := contract.AlterRegion{}
	if next.Schema != old.Schema {
		next.Schema.Version = old.Schema.Version + 1
		if err := next.Schema.Validate(); err != nil {
			return err
		}
		if !old.Physical() { // whose regions have columns of their own
			req.Schema = next.Schema
		}
	}
	if next.Region != old.Region {
		req.Options = &next.Region
	}
	if req.Schema == nil && req.Options == nil {
		return nil
	}
	for _, id := range old.Regions {
		req.ID = id
		if err := o.regions.Alter(ctx, req); err != nil {
			return err
		}
	}
	return nil
}

// catchUp brings the newest schema that a region of the table has to the other regions and into the catalog.
func (o *Operator) catchUp(ctx context.Context, t *catalog.Table) error {
	if t.Physical() {
		return nil
	}
	newest := t.Schema
	behind := make([]uint64, len(t.Regions))
	for i, id := range t.Regions {
		m, err := o.regions.Meta(ctx, id)
		if err != nil {
			return err
		}
		behind[i] = m.Schema.Version
		if m.Schema.Version > newest.Version {
			newest = m.Schema
		}
	}
	if newest == t.Schema {
		return nil
	}
	for i, id := range t.Regions {
		if behind[i] < newest.Version {
			if err := o.regions.Alter(ctx, contract.AlterRegion{ID: id, Schema: newest}); err != nil {
				return err
			}
		}
	}
	next := *t
	next.Schema = newest
	if err := o.catalog.Update(ctx, t, &next); err != nil && !errs.Is(err, errs.RequestOutdated) {
		return err
	}
	return nil
}
