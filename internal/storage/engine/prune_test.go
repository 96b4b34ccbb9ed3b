package engine

import (
	"testing"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// On a table whose rows replace one another a condition on a field prunes a file as far as no other source can hold versions of its rows:
// sources of other times or other keys are no hindrance, one of the same keys and times is.
func TestFieldsPruneWhereNoVersionCanHide(t *testing.T) {
	pred := model.Compare(model.OpEq, colNumber, model.IntValue(model.Int64, 10_000))
	write := func(s *indexStory, host string, from, n int64, number int64) {
		b := &model.Batch{Len: int(n), Cols: []*model.Vector{model.NewVector(model.String, 0), model.NewVector(model.Timestamp(model.Millisecond), 0), model.NewVector(model.Int64, 0)}}
		for i := range n {
			b.Cols[0].AppendString(host)
			b.Cols[1].AppendInt(from + i)
			b.Cols[2].AppendInt(number + i)
		}
		s.send(contract.RegionWrite{Region: region0, Op: model.OpPut, Columns: []model.ColumnID{colHost, colTime, colNumber}, Rows: b})
	}
	for _, c := range []struct {
		name   string
		beside func(s *indexStory)
		pruned bool
	}{
		{"alone", func(*indexStory) {}, true},
		{"later in memory", func(s *indexStory) { write(s, "h1", 4000, 10, 0) }, true},
		{"other keys in memory", func(s *indexStory) { write(s, "h2", 0, 4000, 0) }, true},
		{"other keys in a file", func(s *indexStory) { write(s, "h0", 0, 4000, 0); s.flush() }, true},
		{"the end of it again", func(s *indexStory) { write(s, "h1", 3900, 200, 0) }, true},
		{"all of it again", func(s *indexStory) { write(s, "h1", 0, 4000, 0) }, false},
		{"all of it again, merged", func(s *indexStory) { write(s, "h1", 0, 4000, 7000); s.flush(); s.compact() }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newIndexStory(t, 1, indexedMeta(contract.MergeLastRow, allIndexes), nil)
			write(s, "h1", 0, 4000, 7000) // numbers 7000 to 10999, ascending with time, in row groups of 700
			s.flush()
			c.beside(s)
			rows, st := s.rows(pred, model.AllTime)
			want := 1
			if c.name == "all of it again" {
				want = 0 // its number is another now
			}
			if len(rows) != want {
				t.Errorf("%d rows, want %d", len(rows), want)
			}
			if pruned := st.RowGroupsAfterStats <= 3; pruned != c.pruned {
				t.Errorf("pruned: %t; %d row groups of %d left", pruned, st.RowGroupsAfterStats, st.RowGroups)
			}
		})
	}
}
