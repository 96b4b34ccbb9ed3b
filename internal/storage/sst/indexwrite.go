package sst

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/goptimedb/goptimedb/internal/index"
	"github.com/goptimedb/goptimedb/internal/index/puffin"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// ColumnIndex is an index of one column of a file.
type ColumnIndex struct {
	Column model.ColumnID
	Spec   index.Spec
}

// String names the index by all that shapes it: "{column id}/{kind}/{options}". Two of one name are made alike.
func (x ColumnIndex) String() string {
	o := x.Spec.Options
	text := fmt.Sprintf("%d/%s", x.Column, x.Spec.Kind)
	if x.Spec.Kind != index.FulltextPostings {
		text += "/" + strconv.Itoa(o.Granularity)
	}
	switch x.Spec.Kind {
	case index.Skipping, index.FulltextBloom:
		text += "/" + strconv.FormatFloat(o.FalsePositiveRate, 'g', -1, 64)
	}
	switch x.Spec.Kind {
	case index.FulltextBloom:
		text += fmt.Sprintf("/%s/%t", o.Analyzer, o.CaseSensitive)
	case index.FulltextPostings:
		text += "/" + o.Analyzer.String()
	}
	return text
}

// DeclaredIndexes lists the indexes that a schema's columns ask for and files have. Tags are left out: the series of a file are an exact
// index of them. Options that cannot be read ask for nothing; statements refuse them.
func DeclaredIndexes(s *model.Schema) []ColumnIndex {
	var out []ColumnIndex
	for i := range s.Columns {
		c := &s.Columns[i]
		if len(c.Options) == 0 || c.Semantic == model.TagColumn {
			continue
		}
		specs, err := index.Declared(c)
		if err != nil {
			continue
		}
		for _, spec := range specs {
			out = append(out, ColumnIndex{c.ID, spec})
		}
	}
	return out
}

// IndexBuilding says which indexes a file gets, and who hears of it.
type IndexBuilding struct {
	Indexes []ColumnIndex
	// Scratch is the memory of a builder of a kind, and where it may spill; one that outgrows it is given up. Nil: 64 MiB, no spilling.
	Scratch func(k index.Kind) index.Scratch
	// Built is told of an index that was made, Failed of one that the file is written without. Either may be nil.
	Built  func(x ColumnIndex, rows int, size int64, took time.Duration)
	Failed func(x ColumnIndex, err error)
}

func (o *IndexBuilding) scratch(k index.Kind) index.Scratch {
	if o.Scratch == nil {
		return index.Scratch{}
	}
	return o.Scratch(k)
}

// indexWriter builds the indexes of one file, column by column, while its rows come in.
type indexWriter struct {
	opts IndexBuilding
	list []*building
}

type building struct {
	ColumnIndex
	typ   model.Type
	field int // position among the fields; -1: the time index
	b     index.Builder
	rows  int
	took  time.Duration
}

func newIndexWriter(s *model.Schema, o IndexBuilding) *indexWriter {
	if len(o.Indexes) == 0 {
		return nil
	}
	w := &indexWriter{opts: o}
	for _, x := range o.Indexes {
		c := s.Column(x.Column)
		if c == nil || c.Semantic == model.TagColumn {
			continue
		}
		n := &building{ColumnIndex: x, typ: c.Type, field: slices.IndexFunc(s.Fields(), func(f *model.Column) bool { return f.ID == c.ID })}
		var err error
		if n.b, err = index.NewBuilder(x.Spec.Kind, x.Spec.Options, c.Type, o.scratch(x.Spec.Kind)); err != nil {
			w.failed(n, err)
			continue
		}
		w.list = append(w.list, n)
	}
	return w
}

func (w *indexWriter) failed(n *building, err error) {
	if n.b != nil {
		_ = n.b.Close()
	}
	if w.opts.Failed != nil {
		w.opts.Failed(n.ColumnIndex, err)
	}
}

// segment is the longest segment of the filters of a column; 0 where it has none.
func (w *indexWriter) segment(id model.ColumnID) (rows int) {
	if w == nil {
		return 0
	}
	for _, n := range w.list {
		if k := n.Spec.Kind; n.Column == id && (k == index.Skipping || k == index.FulltextBloom) {
			rows = max(rows, n.Spec.Options.Granularity)
		}
	}
	return rows
}

// add takes in a batch of the file's rows.
func (w *indexWriter) add(b *Batch) {
	if w == nil {
		return
	}
	w.list = slices.DeleteFunc(w.list, func(n *building) bool {
		var v *model.Vector
		if n.field < 0 {
			v = &model.Vector{Type: n.typ, Len: b.Rows, Ints: b.Time}
		} else if v = b.Fields[n.field]; v == nil || v.Type.Kind == model.KindNull {
			v = model.ConstVector(model.NullOf(n.typ), b.Rows)
		}
		return w.feed(n, v) != nil
	})
}

// feed gives a builder more rows; one that fails is given up.
func (w *indexWriter) feed(n *building, v *model.Vector) error {
	t := time.Now()
	err := n.b.Add(v)
	n.rows += v.Len
	n.took += time.Since(t)
	if err != nil {
		w.failed(n, err)
	}
	return err
}

// finish gives the blobs of the indexes that came to an end, in order, and their names.
func (w *indexWriter) finish() (blobs []extraBlob, names []string) {
	if w == nil {
		return nil, nil
	}
	for _, n := range w.list {
		var out bytes.Buffer
		t := time.Now()
		if err := n.b.Finish(&out); err != nil {
			w.failed(n, err)
			continue
		}
		n.took += time.Since(t)
		_ = n.b.Close()
		blobs = append(blobs, extraBlob{blobOf(n.ColumnIndex), out.Bytes()})
		names = append(names, n.String())
		if w.opts.Built != nil {
			w.opts.Built(n.ColumnIndex, n.rows, int64(out.Len()), n.took)
		}
	}
	w.list = nil
	return blobs, names
}

// abort gives up what is left.
func (w *indexWriter) abort() {
	if w == nil {
		return
	}
	for _, n := range w.list {
		_ = n.b.Close()
	}
	w.list = nil
}

func blobOf(x ColumnIndex) puffin.Blob {
	return puffin.Blob{Type: x.Spec.Kind.BlobType(), Fields: []uint32{uint32(x.Column)},
		Properties: map[string]string{"column": strconv.FormatUint(uint64(x.Column), 10), "kind": x.Spec.Kind.String(), "index": x.String()}}
}

// Reindex writes a new index file of the given version for the data file, with the indexes that o asks for: those that the present index
// file holds are copied, others are built from the columns. It gives the size and the indexes' names; the names include those of
// columns that the file lacks or has in another type, for which there is nothing to build. The present index file stays in use.
func (h *Handle) Reindex(ctx context.Context, version uint64, o IndexBuilding) (size int64, names []string, err error) {
	t, err := h.Table(ctx)
	if err != nil {
		return 0, nil, err
	}
	table, err := series.Append(nil, t)
	if err != nil {
		return 0, nil, err
	}
	blobs := []extraBlob{{seriesBlob(t), table}}
	old, err := h.presentBlobs(ctx)
	if err != nil {
		return 0, nil, err
	}
	w := &indexWriter{opts: o}
	defer w.abort()
	for _, x := range o.Indexes {
		if data := old[x.String()]; data != nil {
			blobs, names = append(blobs, extraBlob{blobOf(x), data}), append(names, x.String())
			continue
		}
		ci, ok := h.meta.byID[x.Column]
		if !ok || h.meta.cols[ci].tag >= 0 {
			names = append(names, x.String())
			continue
		}
		n := &building{ColumnIndex: x, typ: h.meta.cols[ci].typ}
		if n.b, err = index.NewBuilder(x.Spec.Kind, x.Spec.Options, n.typ, o.scratch(x.Spec.Kind)); err != nil {
			w.failed(n, err)
			continue
		}
		w.list = []*building{n}
		if err := h.feedColumn(ctx, w, n, ci); err != nil {
			return 0, nil, err
		}
		more, made := w.finish()
		blobs, names = append(blobs, more...), append(names, made...)
	}
	var out bytes.Buffer
	pw := puffin.NewWriter(&out)
	for _, b := range blobs {
		if err := pw.Add(b.meta, b.data); err != nil {
			return 0, nil, err
		}
	}
	if size, err = pw.Finish(nil); err != nil {
		return 0, nil, err
	}
	return size, names, h.store.Put(ctx, IndexKey(h.dir, h.id, version), out.Bytes())
}

// feedColumn reads a column of the whole file into a builder. A builder that fails leaves w's list; reading that fails is the error.
func (h *Handle) feedColumn(ctx context.Context, w *indexWriter, n *building, ci int) error {
	for g := range h.meta.groups {
		v, err := h.column(ctx, nil, g, ci, 0, h.meta.groups[g].rows)
		if err != nil {
			return err
		}
		if w.feed(n, v) != nil {
			w.list = nil
			return nil
		}
	}
	return nil
}

// presentBlobs reads the index blobs that the present index file holds, by the indexes' names. A file that is missing or damaged has none.
func (h *Handle) presentBlobs(ctx context.Context) (_ map[string][]byte, err error) {
	out := map[string][]byte{}
	blob, err := h.index.Load().open(ctx)
	if err != nil {
		return out, ctx.Err()
	}
	if c, ok := blob.(io.Closer); ok {
		defer func() { err = errors.Join(err, c.Close()) }()
	}
	pf, err := puffin.Open(ctx, blob)
	if err != nil {
		return out, ctx.Err()
	}
	for _, b := range pf.Blobs() {
		name := b.Properties["index"]
		if _, ok := index.KindOf(b.Type); !ok || name == "" {
			continue
		}
		if data, err := pf.Read(ctx, b); err == nil {
			out[name] = data
		} else if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return out, nil
}

// IndexIntact reads the present index file and reports whether it holds the indexes that are wanted of columns that the file has.
func (h *Handle) IndexIntact(ctx context.Context, wanted []ColumnIndex) bool {
	have, err := h.presentBlobs(ctx)
	if err != nil {
		return false
	}
	for _, x := range wanted {
		ci, ok := h.meta.byID[x.Column]
		if ok && h.meta.cols[ci].tag < 0 && have[x.String()] == nil {
			return false
		}
	}
	return true
}

func seriesBlob(t *series.Table) puffin.Blob {
	meta := puffin.Blob{Type: SeriesBlob}
	for _, id := range t.Tags {
		meta.Fields = append(meta.Fields, uint32(id))
	}
	return meta
}
