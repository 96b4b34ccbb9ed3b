package engine

import (
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/index"
	"github.com/goptimedb/goptimedb/internal/model"
)

// openings counts the files that are made.
type openings struct {
	vfs.FS
	n atomic.Int64
}

func (o *openings) OpenFile(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	if flag&os.O_CREATE != 0 {
		o.n.Add(1)
	}
	return o.FS.OpenFile(name, flag, perm)
}

// An inverted index over values that are all different outgrows its builder's memory, spills, and is there in the end.
func TestIndexOfManyValuesSpills(t *testing.T) {
	const rows = 150_000
	scratch, opened := t.TempDir(), &openings{FS: vfs.OS()}
	s := newIndexStory(t, 6, indexedMeta(contract.MergeAppend, map[model.ColumnID]map[string]string{colText: {"inverted_index": "true"}}), func(o *Options) {
		o.Index.Scratch = func(index.Kind) index.Scratch { return index.Scratch{MaxBytes: 256 << 10, FS: opened, Dir: scratch} }
	})
	const batch = 50_000
	id := func(i int) string { return fmt.Sprintf("%08x-%08x", uint32(i)*2654435761, i) }
	for at := 0; at < rows; at += batch {
		b := &model.Batch{Len: batch, Cols: []*model.Vector{model.NewVector(model.String, batch), model.NewVector(model.Timestamp(model.Millisecond), batch),
			model.NewVector(model.Float64, batch), model.NewVector(model.String, batch), model.NewVector(model.Int64, batch)}}
		for i := at; i < at+batch; i++ {
			b.Cols[0].AppendString("a")
			b.Cols[1].AppendInt(int64(i))
			b.Cols[2].AppendNull()
			b.Cols[3].AppendString(id(i))
			b.Cols[4].AppendNull()
		}
		s.send(contract.RegionWrite{Region: region0, Op: model.OpPut, Columns: indexedColumns, Rows: b})
	}
	s.flush()
	if opened.n.Load() == 0 {
		t.Error("nothing was spilled")
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("%d spilled files are left, %v", len(left), err)
	}
	for _, i := range []int{0, 1, rows / 2, rows - 1} {
		got, st := s.rows(model.Compare(model.OpEq, colText, model.StringValue(id(i))), model.AllTime)
		if len(got) != 1 || got[0][1].Int != int64(i) || st.Inverted.Files == 0 || st.Inverted.RowsAfter > 1024 {
			t.Errorf("value %d: %d rows, %+v", i, len(got), st.Inverted)
		}
	}
}
