package sst

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
	"github.com/goptimedb/goptimedb/internal/storage/source"
)

// view is a File read through a schema, which may be newer or older than the file's.
type view struct {
	*File
	schema *model.Schema
	stats  *Stats

	consts struct { // columns that the file lacks, as long as its longest row group
		sync.Mutex
		m map[model.ColumnID]*model.Vector
	}
}

// View reads the file through a schema of the same table. Columns are found by id: one that the file lacks reads as its constant
// default, or NULL; one whose type was changed is converted, and is NULL where a value has no counterpart. stats may be nil.
func (f *File) View(schema *model.Schema, stats *Stats) source.Source {
	v := &view{File: f, schema: schema, stats: stats}
	v.consts.m = map[model.ColumnID]*model.Vector{}
	return v
}

func (v *view) Rows() int                   { return v.meta.rows }
func (v *view) TimeRange() (min, max int64) { return v.meta.info.MinTime, v.meta.info.MaxTime }
func (v *view) Sequences() (min, max model.Sequence) {
	return v.meta.info.MinSeq, v.meta.info.MaxSeq
}
func (v *view) HasDeletes() bool { return v.meta.info.HasDeletes }
func (v *view) Unique() bool     { return v.meta.info.Unique }
func (v *view) Chunks() []int    { return v.meta.starts }

// typeOf is the type as which the view shows a column, and whether it shows it at all.
func (v *view) typeOf(id model.ColumnID) (model.Type, *model.Column, error) {
	switch id {
	case model.ColumnSequence:
		return model.Uint64, nil, nil
	case model.ColumnOpType:
		return model.Uint8, nil, nil
	}
	c := v.schema.Column(id)
	if c == nil {
		return model.Type{}, nil, errs.New(errs.TableColumnNotFound, "sst %s: column %d is not in the schema it is read through", v.name, id)
	}
	return c.Type, c, nil
}

// Chunk is source.Source's. Of the vector's rows, those outside of [from, to) may be written by others at the same time.
func (v *view) Chunk(ctx context.Context, id model.ColumnID, chunk, from, to int) (*model.Vector, error) {
	if chunk < 0 || chunk >= len(v.meta.groups) {
		return nil, errs.New(errs.InvalidArguments, "sst %s has no chunk %d", v.name, chunk)
	}
	rows := v.meta.groups[chunk].rows
	if from < 0 || to > rows {
		return nil, errs.New(errs.InvalidArguments, "sst %s: rows [%d,%d) of a chunk of %d", v.name, from, to, rows)
	}
	typ, col, err := v.typeOf(id)
	if err != nil {
		return nil, err
	}
	ci, ok := v.meta.byID[id]
	if !ok {
		return v.constant(col, rows), nil
	}
	if typ == v.meta.cols[ci].typ {
		return v.column(ctx, v.stats, chunk, ci, from, to)
	}
	return v.cast(ctx, chunk, ci, typ)
}

func (v *view) constant(c *model.Column, rows int) *model.Vector {
	v.consts.Lock()
	defer v.consts.Unlock()
	x := v.consts.m[c.ID]
	if x == nil {
		longest := 0
		for _, g := range v.meta.groups {
			longest = max(longest, g.rows)
		}
		x = source.Missing(c, longest)
		v.consts.m[c.ID] = x
	}
	if x.Len == rows {
		return x
	}
	return x.Slice(0, rows)
}

// cast gives a whole chunk in another type than the file's.
func (v *view) cast(ctx context.Context, g, ci int, typ model.Type) (*model.Vector, error) {
	key := chunkKey{file: v.name, group: g, column: v.meta.cols[ci].id, typ: typ}
	if c, ok := v.r.chunks.Get(key); ok {
		if v.stats != nil {
			v.stats.Hits.Add(1)
		}
		return c.vec, nil
	}
	raw, err := v.column(ctx, v.stats, g, ci, 0, v.meta.groups[g].rows)
	if err != nil {
		return nil, err
	}
	out, err := source.Convert(raw, typ)
	if err != nil {
		return nil, fmt.Errorf("sst %s, column %d: %w", v.name, v.meta.cols[ci].id, err)
	}
	return v.r.chunks.Add(key, &chunk{vec: out}, out.Bytes()+256).vec, nil
}

// Series is source.Source's.
func (v *view) Series(ctx context.Context) (*series.Table, error) {
	t, err := v.Table(ctx)
	if err != nil {
		return nil, err
	}
	ids, types := series.TagsOf(v.schema)
	for i, id := range t.Tags {
		if k := slices.Index(ids, id); k < 0 || types[k] != t.Types[i] {
			return nil, errs.New(errs.Unsupported, "sst %s: tag %d was removed or changed its type since it was written", v.name, id)
		}
	}
	return series.Extend(t, ids, types)
}

// Table is the series of the file with the tags it was written with: from the cache, from the index file beside it, or, where that is
// missing or broken, from the tag columns.
func (f *File) Table(ctx context.Context) (*series.Table, error) {
	if t, ok := f.r.tables.Get(f.name); ok {
		return t, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if t, ok := f.r.tables.Get(f.name); ok { // made by whoever held the lock before
		return t, nil
	}
	var t *series.Table
	var err error
	if x := f.index.Load(); x != nil {
		if t, err = f.indexedTable(ctx, x); err != nil {
			f.r.rebuilt.Inc()
			f.r.log.Warn("series table of a file is rebuilt from its columns", "file", f.name, "err", err)
		}
	}
	if t == nil {
		if t, err = f.rebuildTable(ctx); err != nil {
			return nil, err
		}
	}
	return f.r.tables.Add(f.name, t, t.Bytes()), nil
}

// rebuildTable makes the series table from the tag columns.
func (f *File) rebuildTable(ctx context.Context) (*series.Table, error) {
	m := f.meta
	ids, types := series.TagsOf(m.schema)
	b := series.NewBuilder(ids, types)
	for g := range m.groups {
		vecs := make([]*model.Vector, len(ids))
		for i := range ids {
			var err error
			if vecs[i], err = f.column(ctx, nil, g, i, 0, m.groups[g].rows); err != nil {
				return nil, err
			}
		}
		b.Append(vecs, 0, m.groups[g].rows)
	}
	t, err := b.Finish()
	if err != nil {
		return nil, corrupt(f.name, 0, err)
	}
	return t, nil
}
