package operator

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Reconciling brings the catalog and the manifests of the regions together where a crash, or a region restored from a copy, left them with
// different schemas. Regions that are not open are opened. Options are the catalog's, whatever the strategy: no region changes them alone.

// strategy says who is right.
type strategy int

const (
	useLatest       strategy = iota // the highest version of the schema
	useMetasrv                      // the catalog
	abortOnConflict                 // nobody: differences are an error
)

func readStrategy(args []string) (strategy, error) {
	if len(args) == 0 {
		return useLatest, nil
	}
	switch strings.ToLower(strings.TrimSpace(args[0])) {
	case "use_latest", "uselatest":
		return useLatest, nil
	case "use_metasrv", "usemetasrv":
		return useMetasrv, nil
	case "abort_on_conflict", "abortonconflict", "abort":
		return abortOnConflict, nil
	}
	return 0, errs.New(errs.InvalidArguments, "Invalid function args: Invalid resolve strategy: %s; use_latest, use_metasrv and abort_on_conflict are known", args[0])
}

// readParallelism reads how many tables are looked at at once.
func readParallelism(args []string) (int, error) {
	if len(args) == 0 {
		return 64, nil
	}
	n, err := strconv.Atoi(args[0])
	if err != nil || n < 1 {
		return 0, errs.New(errs.InvalidArguments, "Invalid function args: parallelism must be a positive integer, given: %s", args[0])
	}
	return min(n, regionParallelism), nil
}

func (o *Operator) adminReconcileTable(ctx context.Context, sess *model.Session, args []string) (model.Value, error) {
	how, err := readStrategy(args[1:])
	if err != nil {
		return model.Value{}, err
	}
	name, err := argName(args[0])
	if err != nil {
		return model.Value{}, err
	}
	t, err := o.target(sess, name)
	if err != nil {
		return model.Value{}, err
	}
	return o.reconcile(ctx, how, 1, []*catalog.Table{t})
}

func (o *Operator) adminReconcileDatabase(ctx context.Context, _ *model.Session, args []string) (model.Value, error) {
	if err := writable(args[0]); err != nil {
		return model.Value{}, err
	}
	if _, err := o.catalog.Database(args[0]); err != nil {
		return model.Value{}, err
	}
	return o.reconcileAll(ctx, args[1:], o.catalog.Tables(args[0]))
}

func (o *Operator) adminReconcileCatalog(ctx context.Context, _ *model.Session, args []string) (model.Value, error) {
	return o.reconcileAll(ctx, args, o.catalog.AllTables())
}

// reconcileAll reads [strategy[, parallelism]].
func (o *Operator) reconcileAll(ctx context.Context, args []string, tables []*catalog.Table) (model.Value, error) {
	how, err := readStrategy(args)
	if err != nil {
		return model.Value{}, err
	}
	parallelism, err := readParallelism(args[min(1, len(args)):])
	if err != nil {
		return model.Value{}, err
	}
	return o.reconcile(ctx, how, parallelism, tables)
}

// reconcile looks at tables, all of them whatever happens to some, and gives the id under which procedure_state tells how that ended.
func (o *Operator) reconcile(ctx context.Context, how strategy, parallelism int, tables []*catalog.Table) (model.Value, error) {
	id, err := o.procedures.run(func() error {
		for _, err := range each(ctx, len(tables), parallelism, func(i int) error { return o.reconcileTable(ctx, tables[i], how) }) {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.opts.Log.Warn("reconcile", "procedure", id, "error", err)
	}
	return model.StringValue(id), nil
}

func (o *Operator) reconcileTable(ctx context.Context, t *catalog.Table, how strategy) error {
	defer o.locks.lock(lockName(t.Database, t.Name))()
	if t = o.catalog.ByID(t.ID); t == nil || external(t) {
		return nil // dropped meanwhile, or without regions
	}
	if t.Logical != nil {
		return o.reconcileLogical(ctx, t)
	}
	metas, newest, differ := make([]contract.RegionMeta, len(t.Regions)), t.Schema, ""
	for i, id := range t.Regions {
		m, err := o.openedMeta(ctx, t, id)
		if err != nil {
			return fmt.Errorf("reconcile table %s: region %s: %w", t.FullName(), id, err)
		}
		metas[i] = m
		switch {
		case m.Options != t.Region:
			differ = fmt.Sprintf("region %s has options of its own", id)
		case t.Physical(): // its regions have columns of their own
		case m.Schema.Version != t.Schema.Version:
			differ = fmt.Sprintf("region %s has version %d of the schema, the catalog %d", id, m.Schema.Version, t.Schema.Version)
		}
		if m.Schema.Version > newest.Version && !t.Physical() {
			newest = m.Schema
		}
	}
	if differ == "" {
		return nil
	}
	if how == abortOnConflict {
		return errs.New(errs.IllegalState, "reconcile table %s: %s", t.FullName(), differ)
	}
	o.opts.Log.Info("reconcile table", "table", t.FullName(), "because", differ)
	next := *t
	if next.Schema = newest; how == useMetasrv && newest.Version > t.Schema.Version {
		next.Schema = t.Schema.Clone() // as the next version: regions only go on
		next.Schema.Version = newest.Version + 1
	}
	for i, id := range t.Regions {
		if err := o.bringUp(ctx, id, metas[i], t, next.Schema); err != nil {
			return fmt.Errorf("reconcile table %s: %w", t.FullName(), err)
		}
	}
	if next.Schema == t.Schema {
		return nil
	}
	return o.catalog.Update(ctx, t, &next)
}

// bringUp gives a region a schema, by as many steps as it is versions behind, and the options of its table.
func (o *Operator) bringUp(ctx context.Context, id model.RegionID, m contract.RegionMeta, t *catalog.Table, to *model.Schema) error {
	if !t.Physical() {
		for v := m.Schema.Version + 1; v <= to.Version; v++ {
			s := to.Clone()
			s.Version = v
			if err := o.regions.Alter(ctx, contract.AlterRegion{ID: id, Schema: s}); err != nil {
				return err
			}
		}
	}
	if m.Options == t.Region {
		return nil
	}
	return o.regions.Alter(ctx, contract.AlterRegion{ID: id, Options: &t.Region})
}

// openedMeta is what a region knows about itself, which is opened if it is not.
func (o *Operator) openedMeta(ctx context.Context, t *catalog.Table, id model.RegionID) (contract.RegionMeta, error) {
	m, err := o.regions.Meta(ctx, id)
	if !errs.Is(err, errs.RegionNotFound) {
		return m, err
	}
	if err := o.regions.Open(ctx, contract.OpenRegion{ID: id, TableDir: t.Dir(), Storage: t.Region.Storage}); err != nil {
		return m, err
	}
	return o.regions.Meta(ctx, id)
}

// reconcileLogical tells the regions of a logical table which is not known to them. What it is, is in the catalog alone.
func (o *Operator) reconcileLogical(ctx context.Context, t *catalog.Table) error {
	if _, err := o.regions.Meta(ctx, t.Regions[0]); !errs.Is(err, errs.RegionNotFound) {
		return err
	}
	regions, err := o.metricRegions()
	if err != nil {
		return err
	}
	return regions.CreateLogical(ctx, t.LogicalRegion())
}
