package operator

import (
	"context"
	"fmt"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Recover finishes what an earlier process began and opens the regions of all tables, at most parallelism at once. It is called once,
// before anything else. A region that does not open is logged by name and left out, so that one bad file does not keep all other tables
// away; using it is an error that says so. The error is the catalog's.
func (o *Operator) Recover(ctx context.Context, parallelism int) error {
	parallelism = max(parallelism, 1)
	intents, err := o.catalog.Intents(ctx)
	if err != nil {
		return err
	}
	each(ctx, len(intents), parallelism, func(i int) error { o.finishIntent(ctx, &intents[i].Table); return nil })

	tables := o.catalog.AllTables()
	type region struct {
		table *catalog.Table
		id    model.RegionID
	}
	var regions []region
	var logical []*catalog.Table
	for _, t := range tables {
		if t.Logical != nil { // after the regions that they lie in
			logical = append(logical, t)
			continue
		}
		for _, id := range t.Regions {
			regions = append(regions, region{t, id})
		}
	}
	failed := each(ctx, len(regions), parallelism, func(i int) error {
		r := regions[i]
		return o.regions.Open(ctx, contract.OpenRegion{ID: r.id, TableDir: r.table.Dir(), Storage: r.table.Region.Storage})
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, err := range failed {
		if err != nil {
			o.opts.Log.Error("open region", "region", regions[i].id, "table", regions[i].table.FullName(), "error", err)
		}
	}
	o.openLogical(ctx, logical)
	o.retire(ctx)
	for i, r := range regions {
		if failed[i] == nil {
			if err := o.catchUp(ctx, r.table); err != nil {
				return fmt.Errorf("recover table %s: %w", r.table.FullName(), err)
			}
		}
	}
	return nil
}

// finishIntent removes the regions, as far as there are any, of a table whose creation or removal was cut short.
func (o *Operator) finishIntent(ctx context.Context, t *catalog.Table) {
	if o.catalog.ByID(t.ID) != nil {
		o.opts.Log.Error("an intent names a table that exists; it is left alone", "table", t.FullName(), "id", t.ID)
		return
	}
	for _, id := range t.Regions {
		err := o.regions.Open(ctx, contract.OpenRegion{ID: id, TableDir: t.Dir(), Storage: t.Region.Storage}) // a region is dropped open
		if err != nil && !errs.Is(err, errs.RegionNotFound) {
			o.opts.Log.Error("finish intent: the next start will try again", "region", id, "table", t.FullName(), "error", err)
			return
		}
	}
	o.removeRegions(ctx, t)
}
