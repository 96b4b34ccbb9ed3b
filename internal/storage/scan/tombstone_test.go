package scan

import (
	"context"
	"io"
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// TestTombstonesAcrossChunks merges a series that goes on from one chunk into the next, where every fifth row is a tombstone that drops out: what
// is handed on of the one chunk asks for columns while the other's tombstones are looked for.
func TestTombstonesAcrossChunks(t *testing.T) {
	const chunk, n = 3000, 9000
	s := testSchema(1)
	var rows []*row
	want := int64(0)
	for i := range n {
		x := &row{ts: int64(i), seq: uint64(i + 1), op: model.OpPut, tags: []model.Value{model.StringValue("a")}}
		for _, c := range s.Fields() {
			x.fields = append(x.fields, model.NullOf(c.Type))
		}
		if i > chunk && i%5 == 0 {
			x.op = model.OpDelete
		} else {
			want += int64(i)
		}
		rows = append(rows, x)
	}
	src := newPlainSource(t, "chunks", s, rows, chunk)
	m, err := Merge(context.Background(), MergeOptions{Options: Options{Sources: []source.Source{src}, Schema: s, Merge: contract.MergeLastRow, Times: model.AllTime}, Parallelism: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	got := int64(0)
	for {
		b, err := m.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		ops := b.Cols[len(b.Cols)-1]
		for i, ts := range b.Cols[0].Ints {
			if got += ts; ops.Ints[i] != int64(model.OpPut) {
				t.Fatalf("the tombstone at %d is left", ts)
			}
		}
	}
	if got != want {
		t.Errorf("the sum of times is %d, want %d", got, want)
	}
}
