package engine

import (
	"slices"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/fault"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
)

// What random programs found, each as short as it gets.

// found is a region on a disk that can lose power.
func found(t *testing.T, mode contract.MergeMode, tune func(*Options)) (*node, *crashfs.FS) {
	t.Helper()
	fs := crashfs.New()
	n, err := start(t, fs, "/d", tune)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.eng.Create(t.Context(), contract.CreateRegion{Meta: testMeta(mode), TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	return n, fs
}

// Distinct tags are not those of series all of whose rows a deletion hides.
func TestDistinctTagsOfDeletedRows(t *testing.T) {
	for _, flushed := range []bool{false, true} {
		n, _ := found(t, contract.MergeLastRow, nil)
		defer n.stop()
		ctx := t.Context()
		if _, err := n.eng.Write(ctx, put(model.OpPut, row{host: "a", ts: 1}, row{host: "b", ts: 2})); err != nil {
			t.Fatal(err)
		}
		if flushed {
			if err := n.eng.Flush(ctx, region0); err != nil {
				t.Fatal(err)
			}
			r := n.eng.all()[0]
			r.compactMu.Lock() // the background does not make the deletion real
			defer r.compactMu.Unlock()
		}
		if _, err := n.eng.DeleteWhere(ctx, contract.DeleteRequest{Region: region0, TimeRange: model.AllTime, Predicate: model.Compare(model.OpEq, colHost, model.StringValue("a"))}); err != nil {
			t.Fatal(err)
		}
		rows, _, err := readAll(ctx, n.eng, contract.ScanRequest{Region: region0, TimeRange: model.AllTime, Aggregate: &model.Aggregate{Keys: []model.GroupKey{{Column: colHost}}}})
		if err != nil || len(rows) != 1 || rows[0][0].Bytes != "b" {
			t.Errorf("flushed %v: %v, %v", flushed, rows, err)
		}
	}
}

// A deletion that only the log holds means what it did when its column is dropped, or a tag is added, and the power goes right then.
func TestDeletionInTheLogBeforeASchemaChange(t *testing.T) {
	changes := map[string]func(s *model.Schema){
		"drop": func(s *model.Schema) {
			s.Columns = slices.DeleteFunc(s.Columns, func(c model.Column) bool { return c.ID == colValue })
		},
		"tag": func(s *model.Schema) {
			s.Add(model.Column{Name: "zone", Type: model.String, Nullable: true, Semantic: model.TagColumn}, 0)
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			n, fs := found(t, contract.MergeAppend, nil)
			ctx := t.Context()
			one, two := 1.0, 2.0
			if _, err := n.eng.Write(ctx, put(model.OpPut, row{host: "a", ts: 1, v: &one}, row{host: "a", ts: 2, v: &two})); err != nil {
				t.Fatal(err)
			}
			r := n.eng.all()[0]
			r.flushMu.Lock() // no flush before the change
			if _, err := n.eng.DeleteWhere(ctx, contract.DeleteRequest{Region: region0, TimeRange: model.AllTime, Predicate: model.Compare(model.OpEq, colValue, model.FloatValue(1))}); err != nil {
				t.Fatal(err)
			}
			r.flushMu.Unlock()
			s := r.meta().Schema.Clone()
			change(s)
			s.Version++
			if err := n.eng.Alter(ctx, contract.AlterRegion{ID: region0, Schema: s}); err != nil {
				t.Fatal(err)
			}
			fs.Cut()
			_ = n.stop()
			n, err := start(t, fs.Reboot(nil), "/d", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer n.stop()
			if err := n.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
				t.Fatal(err)
			}
			rows, _, err := readAll(ctx, n.eng, contract.ScanRequest{Region: region0, TimeRange: model.AllTime, Projection: []model.ColumnID{colTime}})
			if err != nil || len(rows) != 1 || rows[0][0].Int != 2 {
				t.Fatal(rows, err)
			}
		})
	}
}

// A schema change whose commit failed and is made all the same later takes effect then, not with the next start.
func TestSettledSchemaChangeTakesEffect(t *testing.T) {
	far := fault.Wrap(memory.New(memory.Options{}))
	n, _ := found(t, contract.MergeLastRow, func(o *Options) { o.Store = far })
	defer n.stop()
	ctx := t.Context()
	s := testMeta(contract.MergeLastRow).Schema.Clone()
	s.Add(model.Column{Name: "n", Type: model.Int64, Nullable: true}, 0)
	s.Version++
	o := contract.RegionOptions{TriggerFileNum: 7}
	far.Add(fault.Rule{Op: objectstore.OpPutIfAbsent, Err: fault.ErrBroken})
	if err := n.eng.Alter(ctx, contract.AlterRegion{ID: region0, Schema: s, Options: &o}); err == nil {
		t.Fatal("altered on a broken store")
	}
	far.Clear()
	if err := n.eng.Flush(ctx, region0); err != nil {
		t.Fatal(err)
	}
	got, err := n.eng.Meta(ctx, region0)
	if err != nil {
		t.Fatal(err)
	}
	if r := n.eng.all()[0]; got.Schema.Version != r.manifest.State().Meta.Schema.Version || got.Options != r.manifest.State().Meta.Options {
		t.Errorf("readers see version %d, %+v; the manifest holds %d, %+v", got.Schema.Version, got.Options, r.manifest.State().Meta.Schema.Version, r.manifest.State().Meta.Options)
	}
}
