// Package series knows the distinct tag tuples ("series") of a sorted run of rows, and where each one's rows are.
//
// Rows of a region are sorted by tags, so all rows of a series lie together in every sorted run. A Table records each series once:
// predicates on tags, grouping by tags, merging of runs, last rows and label listings work on it, once per series instead of once
// per row, and tag columns of files are hardly ever decoded.
package series

import "github.com/goptimedb/goptimedb/internal/model"

// Table is the series of one sorted run, in sort order. It is immutable and shared.
//
//	Tags    host        region
//	Dicts   [a b]       [eu us]
//	Codes   [1 1 2]     [0 2 1]      → (a,NULL) (a,us) (b,eu)
//	Start   [0 5 9 12]               → rows 0–4, 5–8, 9–11
//
// A series' order is that of its codes, compared tag by tag: dictionaries are sorted and 0 is NULL, which sorts first.
type Table struct {
	Tags  []model.ColumnID
	Types []model.Type
	Dicts []*model.Dict // per tag: distinct values in byte order, in the form of AppendSortable
	Codes [][]uint32    // per tag, then per series: 0 is NULL, k is value k-1 of the tag's dictionary
	Start []uint32      // Len()+1; rows [Start[i], Start[i+1]) are series i's

	print print
}

// Len is the number of series.
func (t *Table) Len() int {
	if len(t.Start) == 0 {
		return 0
	}
	return len(t.Start) - 1
}

// Rows is the number of rows of the run.
func (t *Table) Rows() int {
	if len(t.Start) == 0 {
		return 0
	}
	return int(t.Start[len(t.Start)-1])
}

// Bytes is about how much memory the table holds.
func (t *Table) Bytes() int64 {
	n := int64(len(t.Start)) * 4
	for i := range t.Codes {
		n += int64(len(t.Codes[i]))*4 + int64(len(t.Dicts[i].Data)) + int64(len(t.Dicts[i].Offsets))*4
	}
	return n
}
