package sst

import (
	"bytes"
	"slices"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// Batch is rows for a Writer, in the file's order: by series, then time ascending, then sequence descending. The Writer copies what
// it keeps, except that it remembers Table itself until it is finished.
//
//	Table   (a,eu) (a,us) (b,eu)
//	Runs    {0,0,2}  {2,2,5}        → rows 0–1 are (a,eu), rows 2–4 are (b,eu)
type Batch struct {
	Rows int
	// Table holds the series that Runs name. Its tags are the primary key of the writer's schema, in key order and of its types.
	Table *series.Table
	// Runs cut the rows into series, in row order, without gaps; they rise in sort order, also from batch to batch, but a run may
	// continue the series of the one before.
	Runs []Run
	Time []int64
	Seq  []int64 // sequences; uint64 as the same bits
	Ops  []int64 // model.OpType of each row; nil: all model.OpPut
	// Fields are the field columns in the order of Schema.Fields; a nil vector is all NULL.
	Fields []*model.Vector
}

// Run is rows [Start, End) of a Batch, all of series Series of its Table.
type Run struct {
	Series     uint32
	Start, End int
}

// TableOf is the series of rows that are sorted by their tags already, and their runs: for callers that have tag columns and no
// table. The vectors' types are the tags' types.
func TableOf(ids []model.ColumnID, tags []*model.Vector, rows int) (*series.Table, []Run) {
	t := &series.Table{Tags: ids, Start: []uint32{0}}
	dicts := make([]map[string]uint32, len(tags))
	t.Codes = make([][]uint32, len(tags))
	for i, v := range tags {
		t.Types = append(t.Types, v.Type)
		t.Dicts = append(t.Dicts, &model.Dict{Offsets: []uint32{0}})
		dicts[i] = map[string]uint32{}
	}
	var runs []Run
	var a, b []byte
	for from := 0; from < rows; {
		to := from + 1
		for to < rows && !slices.ContainsFunc(tags, func(v *model.Vector) bool { return !sameTag(v, to-1, to, &a, &b) }) {
			to++
		}
		for i, v := range tags {
			code := uint32(0)
			if !v.Null(from) {
				a = series.AppendSortable(a[:0], v, from)
				k, ok := dicts[i][string(a)]
				if !ok {
					k = t.Dicts[i].Append(a) + 1
					dicts[i][string(a)] = k
				}
				code = k
			}
			t.Codes[i] = append(t.Codes[i], code)
		}
		runs = append(runs, Run{uint32(len(runs)), from, to})
		t.Start = append(t.Start, uint32(to))
		from = to
	}
	for i := range t.Dicts {
		sortDict(t.Dicts[i], t.Codes[i], &t.Dicts[i])
	}
	return t, runs
}

func sameTag(v *model.Vector, i, j int, a, b *[]byte) bool {
	if v.Null(i) || v.Null(j) {
		return v.Null(i) == v.Null(j)
	}
	if v.Coded() && v.Codes[i] == v.Codes[j] {
		return true
	}
	*a, *b = series.AppendSortable((*a)[:0], v, i), series.AppendSortable((*b)[:0], v, j)
	return bytes.Equal(*a, *b)
}

// sortDict puts a dictionary into byte order and rewrites the codes (0 stays NULL, k is value k-1) to match.
func sortDict(d *model.Dict, codes []uint32, out **model.Dict) {
	n := d.Len()
	sorted := true
	for i := 1; i < n && sorted; i++ {
		sorted = bytes.Compare(d.At(uint32(i-1)), d.At(uint32(i))) < 0
	}
	if sorted {
		return
	}
	order := make([]uint32, n)
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(x, y uint32) int { return bytes.Compare(d.At(x), d.At(y)) })
	place := make([]uint32, n+1)
	nd := &model.Dict{Offsets: make([]uint32, 1, n+1), Data: make([]byte, 0, len(d.Data))}
	for i, o := range order {
		place[o+1] = uint32(i + 1)
		nd.Append(d.At(o))
	}
	for i, c := range codes {
		codes[i] = place[c]
	}
	*out = nd
}
