package engine

import (
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// TestAddedColumnAfterReplay: rows from before a column was added have its default, and later rows what they were written with, whether they
// are read from memory, from replayed memory or from the file that is flushed from it.
func TestAddedColumnAfterReplay(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	n, err := start(t, vfs.OS(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = n.stop() }()
	if err := n.eng.Create(ctx, contract.CreateRegion{Meta: testMeta(contract.MergeAppend), TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.eng.Write(ctx, put(model.OpPut, row{host: "a", ts: 1})); err != nil {
		t.Fatal(err)
	}
	schema := testMeta(contract.MergeAppend).Schema.Clone()
	schema.Version++
	added := schema.NextColumn
	schema.NextColumn++
	schema.Columns = append(schema.Columns, model.Column{ID: added, Name: "added", Type: model.Int64, Nullable: true,
		Default: &model.Default{Value: model.Value{Type: model.Int64, Int: 3}}})
	if err := n.eng.Alter(ctx, contract.AlterRegion{ID: region0, Schema: schema}); err != nil {
		t.Fatal(err)
	}
	later := put(model.OpPut, row{host: "b", ts: 2})
	later.Writes[0].SchemaVersion = schema.Version // without the column: NULL
	if _, err := n.eng.Write(ctx, later); err != nil {
		t.Fatal(err)
	}

	check := func(when string) {
		t.Helper()
		st, err := n.eng.Scan(ctx, contract.ScanRequest{Region: region0, TimeRange: model.AllTime, Projection: []model.ColumnID{colHost, added}})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		rows := 0
		for {
			b, err := st.Next(ctx)
			if err != nil {
				break
			}
			for i := range b.Len {
				rows++
				v := b.Cols[1]
				switch host := string(b.Cols[0].BytesAt(i)); {
				case host == "a" && (v.Null(i) || v.Ints[i] != 3):
					t.Errorf("%s: the row from before the change does not have the default", when)
				case host == "b" && !v.Null(i):
					t.Errorf("%s: the row from after the change has %d, want NULL", when, v.Ints[i])
				}
			}
		}
		if rows != 2 {
			t.Errorf("%s: %d rows, want 2", when, rows)
		}
	}
	check("in memory")
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	if n, err = start(t, vfs.OS(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if err := n.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	check("replayed")
	if err := n.eng.Flush(ctx, region0); err != nil {
		t.Fatal(err)
	}
	check("flushed")
}
