package sst

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/index/puffin"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// DataKey is the object key of a data file: "{region dir}/{id}.parquet".
func DataKey(regionDir, id string) string {
	return strings.TrimSuffix(regionDir, "/") + "/" + id + ".parquet"
}

// IndexKey is the object key of the index file beside it: "{region dir}/index/{id}.puffin", and "{id}.{version}.puffin" for one that was
// built later than its data file.
func IndexKey(regionDir, id string, version uint64) string {
	key := strings.TrimSuffix(regionDir, "/") + "/index/" + id
	if version > 0 {
		key += "." + strconv.FormatUint(version, 10)
	}
	return key + ".puffin"
}

// SeriesBlob is the type of the index blob that holds a file's series table, in the form of docs/formats/series-index.md.
const SeriesBlob = "goptime-series-v1"

// FileWriter writes a data file and its index file into an object store.
type FileWriter struct {
	*Writer
	ctx   context.Context // of the two objects; kept no longer than they are being written
	store objectstore.Store
	index string
	data  objectstore.Writer
	blobs []extraBlob
}

type extraBlob struct {
	meta puffin.Blob
	data []byte
}

// Create begins the file id of a region. ctx counts until Commit or Abort, one of which must be called; Abort after Commit does nothing.
//
//	w, err := sst.Create(ctx, store, dir, id, schema, sst.WriterOptions{})
//	...
//	defer w.Abort()
//	... w.Append(batch) ...
//	info, err := w.Commit()
func Create(ctx context.Context, store objectstore.Store, regionDir, id string, schema *model.Schema, opts WriterOptions) (*FileWriter, error) {
	data, err := store.Create(ctx, DataKey(regionDir, id))
	if err != nil {
		return nil, err
	}
	w, err := NewWriter(data, schema, opts)
	if err != nil {
		data.Abort()
		return nil, err
	}
	return &FileWriter{Writer: w, ctx: ctx, store: store, index: IndexKey(regionDir, id, 0), data: data}, nil
}

// AddBlob puts a blob into the index file, which Commit writes.
func (w *FileWriter) AddBlob(b puffin.Blob, data []byte) {
	w.blobs = append(w.blobs, extraBlob{b, data})
}

// Commit finishes both files. When it returns nil both are durable and visible. After an error the data file is not visible, but an
// index file may be: it is of no harm without the other.
func (w *FileWriter) Commit() (Info, error) {
	info, err := w.Finish()
	if err != nil {
		return Info{}, err
	}
	blobs, names := w.indexes.finish()
	w.blobs, info.Indexes = append(w.blobs, blobs...), names
	if info.IndexBytes, err = w.writeIndex(info.Table); err != nil {
		return Info{}, err
	}
	if err := w.data.Commit(); err != nil {
		return Info{}, err
	}
	return info, nil
}

// Abort drops what was written, unless Commit succeeded.
func (w *FileWriter) Abort() {
	w.data.Abort()
	w.indexes.abort()
}

func (w *FileWriter) writeIndex(t *series.Table) (int64, error) {
	table, err := series.Append(nil, t)
	if err != nil {
		return 0, err
	}
	var out bytes.Buffer
	pw := puffin.NewWriter(&out)
	if err := pw.Add(seriesBlob(t), table); err != nil {
		return 0, err
	}
	for _, b := range w.blobs {
		if err := pw.Add(b.meta, b.data); err != nil {
			return 0, err
		}
	}
	size, err := pw.Finish(nil)
	if err != nil {
		return 0, err
	}
	return size, w.store.Put(w.ctx, w.index, out.Bytes())
}

// Handle is a File with the objects it reads.
type Handle struct {
	*File
	data  objectstore.Reader
	store objectstore.Store
	dir   string
	id    string

	indexes []*indexFile // all that were ever in use; scans that began before may still read them
}

// OpenFile opens file id of a region. The caller closes the handle after the last view of it is done.
func (r *Reader) OpenFile(ctx context.Context, store objectstore.Store, regionDir, id string) (*Handle, error) {
	key := DataKey(regionDir, id)
	data, err := store.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	f, err := r.Open(ctx, key, data, nil)
	if err != nil {
		return nil, errors.Join(err, data.Close())
	}
	h := &Handle{File: f, data: data, store: store, dir: regionDir, id: id}
	h.UseIndex(0)
	return h, nil
}

// UseIndex makes the index file of a version the one that is used from now on. OpenFile begins with version 0. One caller at a time.
func (h *Handle) UseIndex(version uint64) {
	x := h.index.Load()
	if x != nil && x.version == version {
		return
	}
	key := IndexKey(h.dir, h.id, version)
	x = &indexFile{name: key, version: version, open: func(ctx context.Context) (Blob, error) { return h.store.Open(ctx, key) }}
	h.indexes = append(h.indexes, x)
	h.index.Store(x)
}

// Close closes the data file and its index file. No read may be under way.
func (h *Handle) Close() error {
	err := h.data.Close()
	for _, x := range h.indexes {
		err = errors.Join(err, x.close())
		h.r.ForgetIndex(x.name)
	}
	return err
}

// indexedTable reads the series table from the index file, and checks that it is of this data file.
func (f *File) indexedTable(ctx context.Context, x *indexFile) (_ *series.Table, err error) {
	blob, err := x.open(ctx)
	if err != nil {
		return nil, err
	}
	if c, ok := blob.(io.Closer); ok {
		defer func() { err = errors.Join(err, c.Close()) }()
	}
	pf, err := puffin.Open(ctx, blob)
	if err != nil {
		return nil, err
	}
	meta, err := pf.Find(SeriesBlob)
	if err != nil {
		return nil, err
	}
	data, err := pf.Read(ctx, meta)
	if err != nil {
		return nil, err
	}
	t, err := series.Decode(data)
	if err != nil {
		return nil, err
	}
	ids, types := series.TagsOf(f.meta.schema)
	if t.Rows() != f.meta.rows || t.Len() != f.meta.info.Series || !slices.Equal(t.Tags, ids) || !slices.Equal(t.Types, types) {
		return nil, errs.New(errs.Unexpected, "the series table is of another file: %d rows of %d series", t.Rows(), t.Len())
	}
	return t, nil
}
