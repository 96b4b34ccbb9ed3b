package series

import (
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// TagsOf are the ids and types of a schema's tags in key order.
func TagsOf(s *model.Schema) ([]model.ColumnID, []model.Type) {
	ids, types := make([]model.ColumnID, len(s.PrimaryKey)), make([]model.Type, len(s.PrimaryKey))
	for i, c := range s.Tags() {
		ids[i], types[i] = c.ID, c.Type
	}
	return ids, types
}

// Tag is the place of a tag column in the table, or -1.
func (t *Table) Tag(id model.ColumnID) int { return slices.Index(t.Tags, id) }

// Extend is t read through a newer key: tags that t lacks are NULL in all its series. Tags are only ever added at the end of a key, so the
// order of the series stays. With nothing to add it is t itself.
func Extend(t *Table, tags []model.ColumnID, types []model.Type) (*Table, error) {
	if slices.Equal(t.Tags, tags) && slices.Equal(t.Types, types) {
		return t, nil
	}
	x := &Table{Tags: tags, Types: types, Dicts: make([]*model.Dict, len(tags)), Codes: make([][]uint32, len(tags)), Start: t.Start}
	last, found := -1, 0
	var nulls []uint32
	for i, id := range tags {
		k := t.Tag(id)
		if k < 0 {
			if nulls == nil {
				nulls = make([]uint32, t.Len())
			}
			x.Dicts[i], x.Codes[i] = &model.Dict{}, nulls
			continue
		}
		if k < last {
			return nil, errs.New(errs.Internal, "tag column %d has changed its place in the key", id)
		}
		if t.Types[k].Class() != types[i].Class() {
			return nil, errs.New(errs.Unsupported, "tag column %d was %s, is %s", id, t.Types[k], types[i])
		}
		last = k
		found++
		x.Dicts[i], x.Codes[i] = t.Dicts[k], t.Codes[k]
	}
	if found != len(t.Tags) {
		return nil, errs.New(errs.Internal, "series have tags %v, of which the key %v lacks some", t.Tags, tags)
	}
	return x, nil
}

// SeriesOf is the series that a row, 0 … Rows()-1, belongs to.
func (t *Table) SeriesOf(row int) int {
	i, _ := slices.BinarySearch(t.Start, uint32(row)+1)
	return i - 1
}
