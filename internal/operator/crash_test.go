package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/kv"
	"github.com/goptimedb/goptimedb/internal/model"
)

var errCut = errors.New("power is off")

// cutStore refuses all writes once left have been done.
type cutStore struct {
	kv.Store
	left int
}

func (c *cutStore) cut() bool { c.left--; return c.left < 0 }

func (c *cutStore) Put(ctx context.Context, key string, value []byte) error {
	if c.cut() {
		return errCut
	}
	return c.Store.Put(ctx, key, value)
}

func (c *cutStore) Delete(ctx context.Context, key string) (bool, error) {
	if c.cut() {
		return false, errCut
	}
	return c.Store.Delete(ctx, key)
}

func (c *cutStore) CompareAndPut(ctx context.Context, key string, old, value []byte) (bool, []byte, error) {
	if c.cut() {
		return false, nil, errCut
	}
	return c.Store.CompareAndPut(ctx, key, old, value)
}

func (c *cutStore) Txn(ctx context.Context, t kv.Txn) (kv.TxnResult, error) {
	if c.cut() {
		return kv.TxnResult{}, errCut
	}
	return c.Store.Txn(ctx, t)
}

// TestCrashBetweenSteps stops the catalog's store after each of its writes in turn, while tables are made, widened and dropped. After a
// restart catalog and regions agree, nothing is left over, and the same can be done again.
func TestCrashBetweenSteps(t *testing.T) {
	cols, types := []string{"tag host", "time ts", "field v"}, []model.Type{model.String, ms, model.Float64}
	story := func(n *node) error {
		if err := n.insert(model.InsertOptions{}, rows("a", cols, types, []any{"x", 1, 1.0}), rows("b", cols, types, []any{"x", 1, 1.0})); err != nil {
			return err
		}
		wide := rows("a", []string{"tag host", "time ts", "field w"}, types, []any{"x", 2, 2.0})
		if err := n.insert(model.InsertOptions{}, wide); err != nil {
			return err
		}
		if err := n.insert(onPhysical, rows("m1", metricCols, metricTypes, []any{"x", 1, 1.0}), rows("m2", metricCols, metricTypes, []any{"x", 1, 1.0})); err != nil {
			return err
		}
		labels := []string{"tag dc", "time greptime_timestamp", "field greptime_value"}
		if err := n.insert(onPhysical, rows("m1", labels, metricTypes, []any{"e", 2, 1.0}), rows("m2", labels, metricTypes, []any{"e", 2, 1.0})); err != nil {
			return err
		}
		if err := n.exec("TRUNCATE TABLE m1; DROP TABLE m2; ALTER TABLE m1 RENAME m3; ALTER TABLE m3 ADD COLUMN rack STRING PRIMARY KEY"); err != nil {
			return err
		}
		_, err := n.Execute(t.Context(), model.NewSession("test"), "DROP TABLE a; CREATE TABLE c (ts TIMESTAMP TIME INDEX); ALTER TABLE b ADD COLUMN x INT")
		return err
	}
	finished := false
	for writes := 0; !finished; writes++ {
		if writes > 60 {
			t.Fatal("the story does not end")
		}
		n := newNode(t, nil)
		plain := n.store
		n.stop()
		n.store = &cutStore{Store: plain, left: writes}
		n.start(nil)
		err := story(n)
		if err != nil && !errors.Is(err, errCut) {
			t.Fatalf("after %d writes: %v", writes, err)
		}
		finished = err == nil

		n.stop()
		n.store = plain
		n.start(nil)
		n.wantConsistent(fmt.Sprintf("after %d writes", writes))
		tables := n.catalog.AllTables()
		slices.SortFunc(tables, func(a, b *catalog.Table) int { return dropRank(a) - dropRank(b) })
		for _, table := range tables {
			if err := n.dropTable(t.Context(), table); err != nil {
				t.Fatal(err)
			}
		}
		if err := story(n); err != nil {
			t.Fatalf("after %d writes, again: %v", writes, err)
		}
		n.wantConsistent(fmt.Sprintf("after %d writes, again", writes))
	}
}

// wantConsistent checks that the regions are those of the catalog, with its schemas, and that nothing is half done.
func (n *node) wantConsistent(when string) {
	n.t.Helper()
	intents, err := n.catalog.Intents(n.t.Context())
	if err != nil || len(intents) != 0 {
		n.t.Errorf("%s: %d intents left, %v", when, len(intents), err)
	}
	retirements, err := n.catalog.Retirements(n.t.Context())
	if err != nil || len(retirements) != 0 {
		n.t.Errorf("%s: %d retirements left, %v", when, len(retirements), err)
	}
	n.wantNoStrayRows(when)
	stats, err := n.eng.Statistics(n.t.Context(), nil)
	if err != nil {
		n.t.Fatal(err)
	}
	tables, regions := n.catalog.AllTables(), 0
	for _, t := range tables {
		if t.Logical == nil {
			regions += len(t.Regions)
		}
	}
	if len(stats) != regions {
		n.t.Errorf("%s: %d regions, %d in the catalog", when, len(stats), regions)
	}
	for _, t := range tables {
		if t.Physical() {
			continue
		}
		m, err := n.regions.Meta(n.t.Context(), t.Regions[0])
		if err != nil {
			n.t.Errorf("%s: table %s: %v", when, t.Name, err)
			continue
		}
		if m.Schema.Version != t.Schema.Version || len(m.Schema.Columns) != len(t.Schema.Columns) {
			n.t.Errorf("%s: table %s has version %d in the catalog, %d in its region", when, t.Name, t.Schema.Version, m.Schema.Version)
		}
		n.dump(t.Name)
	}
}

// failOpen refuses to open one region.
type failOpen struct {
	contract.RegionServer
	id model.RegionID
}

func (f failOpen) Open(ctx context.Context, req contract.OpenRegion) error {
	if req.ID == f.id {
		return errors.New("a broken file")
	}
	return f.RegionServer.Open(ctx, req)
}

func TestRecoverGoesOnWithoutABrokenRegion(t *testing.T) {
	n := newNode(t, nil)
	cols, types := []string{"tag host", "time ts", "field v"}, []model.Type{model.String, ms, model.Float64}
	if err := n.insert(model.InsertOptions{}, rows("a", cols, types, []any{"x", 1, 1.0}), rows("b", cols, types, []any{"x", 1, 1.0})); err != nil {
		t.Fatal(err)
	}
	var a *catalog.Table
	a, _ = n.catalog.Table("public", "a")
	n.stop()
	n.start(func(o *Options) { o.Regions = failOpen{o.Regions, a.Regions[0]} })
	n.wantDump("b", "host:String ts:TimestampMillisecond v:Float64\n\"x\" 1 1\n")
	if _, err := n.eng.Meta(t.Context(), a.Regions[0]); err == nil {
		t.Error("the broken region is open")
	}
}

// wantNoStrayRows checks that the data regions of physical tables have rows of the logical tables that there are, and of no others.
func (n *node) wantNoStrayRows(when string) {
	n.t.Helper()
	live := map[int64]bool{}
	for _, t := range n.catalog.AllTables() {
		if t.Logical != nil {
			live[int64(t.Logical.Number)] = true
		}
	}
	for _, t := range n.catalog.AllTables() {
		if !t.Physical() {
			continue
		}
		for _, id := range t.Regions {
			st, err := n.regions.Scan(n.t.Context(), contract.ScanRequest{Region: id, TimeRange: model.AllTime, Projection: []model.ColumnID{1}})
			if err != nil {
				n.t.Fatal(err)
			}
			for {
				b, err := st.Next(n.t.Context())
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					n.t.Fatal(err)
				}
				for _, number := range b.Cols[0].Ints[:b.Len] {
					if !live[number] {
						n.t.Errorf("%s: region %s has rows of number %d", when, id, number)
					}
				}
			}
			if err := st.Close(); err != nil {
				n.t.Fatal(err)
			}
		}
	}
}
