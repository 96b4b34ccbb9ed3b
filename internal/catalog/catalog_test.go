package catalog

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/kv"
	"github.com/goptimedb/goptimedb/internal/kv/memory"
	"github.com/goptimedb/goptimedb/internal/model"
)

func now() time.Time { return time.Unix(1700000000, 0) }

func open(t testing.TB, store kv.Store) *Catalog {
	t.Helper()
	c, err := Open(t.Context(), store, now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newTable(t testing.TB, c *Catalog, database, name string) *Table {
	t.Helper()
	id, err := c.NewTableID(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return &Table{ID: id, Catalog: model.DefaultCatalog, Database: database, Name: name, Engine: "mito", Regions: []model.RegionID{model.NewRegionID(id, 0)},
		Schema: &model.Schema{TimeIndex: 1, NextColumn: 2, Columns: []model.Column{{ID: 1, Name: "ts", Type: model.Timestamp(model.Millisecond), Semantic: model.TimeColumn}}}}
}

func create(t testing.TB, c *Catalog, tables ...*Table) error {
	t.Helper()
	if err := c.BeginCreate(t.Context(), tables...); err != nil {
		return err
	}
	return c.FinishCreate(t.Context(), tables...)
}

func want(t testing.TB, err error, code errs.Code) {
	t.Helper()
	if errs.CodeOf(err) != code {
		t.Errorf("got %v (%v), want %v", err, errs.CodeOf(err), code)
	}
}

func TestDatabases(t *testing.T) {
	store := memory.New()
	c := open(t, store)
	want(t, c.CreateDatabase(t.Context(), "d", map[string]string{"ttl": "7d"}), errs.Success)
	want(t, c.CreateDatabase(t.Context(), "d", nil), errs.DatabaseAlreadyExists)
	want(t, create(t, c, newTable(t, c, "d", "t")), errs.Success)
	want(t, c.DropDatabase(t.Context(), "d"), errs.IllegalState)
	want(t, c.AlterDatabase(t.Context(), "d", map[string]string{"ttl": "1d"}), errs.Success)
	want(t, c.AlterDatabase(t.Context(), "nosuch", nil), errs.DatabaseNotFound)

	c = open(t, store)
	if d, err := c.Database("d"); err != nil || d.Options["ttl"] != "1d" || !d.Created.Equal(now()) {
		t.Errorf("after a restart: %+v, %v", d, err)
	}
	tb, err := c.Table("d", "t")
	want(t, err, errs.Success)
	want(t, c.BeginDrop(t.Context(), tb), errs.Success)
	want(t, c.DropDatabase(t.Context(), "d"), errs.Success)
	if n := len(open(t, store).Databases()); n != 2 {
		t.Errorf("%d databases, want public and greptime_private", n)
	}
}

func TestCreateAndDropLeaveIntentsInBetween(t *testing.T) {
	store := memory.New()
	c := open(t, store)
	a, b := newTable(t, c, "public", "a"), newTable(t, c, "public", "b")
	want(t, c.BeginCreate(t.Context(), a, b), errs.Success)
	if _, err := c.Table("public", "a"); !errs.Is(err, errs.TableNotFound) {
		t.Errorf("a table is visible before its regions are there: %v", err)
	}
	intents := func(c *Catalog, n int) {
		t.Helper()
		in, err := c.Intents(t.Context())
		if err != nil || len(in) != n {
			t.Errorf("%d intents, %v; want %d", len(in), err, n)
		}
	}
	intents(open(t, store), 2)
	want(t, c.FinishCreate(t.Context(), a, b), errs.Success)
	intents(c, 0)
	if c.ByID(a.ID) != a || len(c.Tables("public")) != 2 {
		t.Error("tables are not visible")
	}
	want(t, create(t, c, newTable(t, c, "public", "a")), errs.TableAlreadyExists)
	want(t, c.BeginCreate(t.Context(), newTable(t, c, "nosuch", "a")), errs.DatabaseNotFound)

	want(t, c.BeginDrop(t.Context(), a), errs.Success)
	want(t, c.BeginDrop(t.Context(), a), errs.TableNotFound)
	c = open(t, store)
	intents(c, 1)
	if _, err := c.Table("public", "a"); !errs.Is(err, errs.TableNotFound) {
		t.Errorf("a dropped table is there after a restart: %v", err)
	}
	want(t, c.EndIntent(t.Context(), a.ID), errs.Success)
	intents(c, 0)
}

func TestUpdate(t *testing.T) {
	store := memory.New()
	c := open(t, store)
	a, b := newTable(t, c, "public", "a"), newTable(t, c, "public", "b")
	want(t, create(t, c, a, b), errs.Success)
	renamed := *a
	renamed.Name = "b"
	want(t, c.Update(t.Context(), a, &renamed), errs.TableAlreadyExists)
	renamed.Name = "c"
	want(t, c.Update(t.Context(), a, &renamed), errs.Success)
	want(t, c.Update(t.Context(), a, &renamed), errs.RequestOutdated)
	for _, c := range []*Catalog{c, open(t, store)} {
		if x, err := c.Table("public", "c"); err != nil || x.ID != a.ID {
			t.Errorf("got %v, %v", x, err)
		}
		if _, err := c.Table("public", "a"); !errs.Is(err, errs.TableNotFound) {
			t.Errorf("the old name is still there: %v", err)
		}
	}
}

// TestManyAtOnce: two creators of the same names, and more tables than one transaction holds.
func TestManyAtOnce(t *testing.T) {
	store := memory.New()
	c := open(t, store)
	var made [2]int
	var wg sync.WaitGroup
	for w := range made {
		wg.Go(func() {
			for i := range 20 {
				id, err := c.NewTableID(t.Context(), 1)
				if err != nil {
					t.Error(err)
					return
				}
				x := &Table{ID: id, Catalog: model.DefaultCatalog, Database: "public", Name: fmt.Sprint("t", i), Schema: &model.Schema{}}
				if err := create(t, c, x); err == nil {
					made[w]++
				} else if !errs.Is(err, errs.TableAlreadyExists) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if made[0]+made[1] != 20 {
		t.Errorf("%d and %d tables of 20 were made", made[0], made[1])
	}
	var many []*Table
	for i := range 3*maxBatch + 1 {
		many = append(many, newTable(t, c, "public", fmt.Sprint("m", i)))
	}
	want(t, create(t, c, many...), errs.Success)
	if n := len(open(t, store).AllTables()); n != 20+len(many) {
		t.Errorf("%d tables after a restart, want %d", n, 20+len(many))
	}
}
