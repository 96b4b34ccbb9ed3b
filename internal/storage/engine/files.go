package engine

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
	"github.com/goptimedb/goptimedb/internal/storage/scan"
	"github.com/goptimedb/goptimedb/internal/storage/series"
	"github.com/goptimedb/goptimedb/internal/storage/source"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
)

// file is an SST that some version names. It is opened when a scan first needs it and closed when the last version lets go.
type file struct {
	manifest.File
	region *region
	refs   int // versions that name it; guarded by region.mu

	open struct {
		sync.Mutex
		handle *sst.Handle
	}
	masks    masks
	filtered atomic.Uint64           // instead of File.Filtered
	index    atomic.Pointer[indexed] // instead of what File says of the index
}

func (r *region) openFile(f manifest.File) *file {
	out := &file{File: f, region: r}
	out.index.Store(&indexed{f.IndexVersion, f.IndexSize, f.Indexes})
	out.filtered.Store(uint64(f.Filtered))
	return out
}

// view is the file as a source of a reader of v: read through its schema, without the rows that its deletions hide.
func (f *file) view(ctx context.Context, v *version, stats *sst.Stats) (source.Source, error) {
	h, err := f.opened(ctx)
	if err != nil {
		return nil, err
	}
	return f.masked(v, h.View(v.meta.Schema, stats)), nil
}

// opened is the handle, opened if it was not.
func (f *file) opened(ctx context.Context) (*sst.Handle, error) {
	f.open.Lock()
	defer f.open.Unlock()
	if f.open.handle == nil {
		o := &f.region.eng.opts
		h, err := o.Files.OpenFile(ctx, knownSizes{f.region.store, f}, f.region.dir, string(f.ID))
		if errors.Is(err, objectstore.ErrNotFound) {
			return nil, errs.Wrap(errs.StorageUnavailable, err, "data file %s of region %s is missing", f.ID, f.region.id)
		}
		if err != nil {
			return nil, err
		}
		f.open.handle = h
	}
	f.open.handle.UseIndex(f.index.Load().version)
	return f.open.handle, nil
}

// close frees the handle; nobody uses the file any more.
func (f *file) close() {
	f.open.Lock()
	defer f.open.Unlock()
	if f.open.handle != nil {
		_ = f.open.handle.Close() // read-only: nothing can be lost
		f.region.eng.opts.Files.Forget(f.open.handle.Name())
		f.open.handle = nil
	}
}

// run is a sorted run being written: the current file of it, and those that are finished.
type run struct {
	region    *region
	filtered  model.Sequence // the sources hide what deletions up to this one hide
	schema    *model.Schema
	level     uint8
	limit     int64                                     // bytes of a file before the next one begins
	groupRows int                                       // rows of a row group; 0: the writer's default
	pace      func(ctx context.Context, rows int) error // called after each batch; may be nil
	done      []manifest.File
	runs      []sst.Run // memory of append
	series    int64     // of the last row written, -1: none
	time      int64     // likewise

	id  manifest.FileID
	out *sst.FileWriter // nil between files
}

// writeRun merges sources of v by the region's mode and writes them as files of the level, none of which overlap. All are durable
// when it returns. On an error the files that were finished are returned too.
func (r *region) writeRun(ctx context.Context, v *version, sources []source.Source, level uint8, keepDeletes bool) ([]manifest.File, error) {
	return r.writeRunOf(ctx, v, sources, runOptions{level: level, keepDeletes: keepDeletes, times: model.AllTime, parallelism: 1})
}

// runOptions say what of the sources is written, and how.
type runOptions struct {
	level       uint8
	keepDeletes bool
	times       model.TimeRange // of the rows to write
	parallelism int             // goroutines that merge
	pace        func(ctx context.Context, rows int) error
}

// writeRunOf is writeRun with all options.
func (r *region) writeRunOf(ctx context.Context, v *version, sources []source.Source, o runOptions) ([]manifest.File, error) {
	meta := v.meta
	w := &run{region: r, filtered: v.newestDeletion(), schema: meta.Schema, level: o.level, limit: meta.Options.MaxOutputBytes, groupRows: meta.Options.RowGroupRows, pace: o.pace, series: -1}
	if w.limit <= 0 {
		w.limit = maxOutputBytes
	}
	merged, err := scan.Merge(ctx, scan.MergeOptions{Options: scan.Options{Sources: sources, Schema: meta.Schema, Merge: meta.Options.Merge, Times: o.times},
		KeepDeletes: o.keepDeletes, Parallelism: o.parallelism})
	if err != nil {
		return nil, err
	}
	defer merged.Close()
	defer w.abort()
	for {
		b, err := merged.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = w.append(ctx, b, merged.Table)
		}
		if err != nil {
			return w.done, err
		}
	}
	if err := w.finish(); err != nil || len(w.done) == 1 {
		return w.done, err
	}
	for i := range w.done {
		w.done[i].Run = w.done[0].ID
	}
	return w.done, nil
}

// maxOutputBytes is where a file ends and the next one begins, if the table does not say.
const maxOutputBytes = 512 << 20

// append writes a batch of scan.Merge: time, fields, sequence, operation, of series of the table. A file of the largest size ends with a
// series, so that files of a run have no key in common; where a series is too long for that, with a time, as two versions of one row must
// not be in two files of a run.
func (w *run) append(ctx context.Context, b *model.Batch, table *series.Table) error {
	if w.out != nil && w.out.Size() >= w.limit {
		at := w.cut(b, w.out.Size() >= w.limit+w.limit/4)
		if at > 0 {
			if err := w.write(ctx, sliceRun(b, 0, at), table); err != nil {
				return err
			}
		}
		if at == b.Len {
			return nil
		}
		if err := w.finish(); err != nil {
			return err
		}
		b = sliceRun(b, at, b.Len)
	}
	return w.write(ctx, b, table)
}

// cut is the first row of the batch with which a file may begin, or all rows.
func (w *run) cut(b *model.Batch, withinSeries bool) int {
	last, at := w.series, w.time
	for _, s := range b.Series {
		if int64(s.Ordinal) != last {
			return s.Start
		}
		if withinSeries {
			for i := s.Start; i < s.End; i++ {
				if t := b.Cols[0].Ints[i]; t != at {
					return i
				}
			}
		}
	}
	return b.Len
}

// sliceRun is rows [from, to) of a batch with its series.
func sliceRun(b *model.Batch, from, to int) *model.Batch {
	if from == 0 && to == b.Len {
		return b
	}
	out := b.Slice(from, to)
	out.Series = nil
	for _, s := range b.Series {
		if s.Start, s.End = max(s.Start, from), min(s.End, to); s.Start < s.End {
			s.Start, s.End = s.Start-from, s.End-from
			out.Series = append(out.Series, s)
		}
	}
	return out
}

func (w *run) write(ctx context.Context, b *model.Batch, table *series.Table) error {
	if w.out == nil {
		if err := w.begin(ctx); err != nil {
			return err
		}
	}
	last := len(b.Cols) - 1
	batch := sst.Batch{Rows: b.Len, Table: table, Time: b.Cols[0].Ints, Fields: b.Cols[1 : last-1], Seq: b.Cols[last-1].Ints, Ops: b.Cols[last].Ints}
	w.runs = w.runs[:0]
	for _, run := range b.Series {
		w.runs = append(w.runs, sst.Run{Series: uint32(run.Ordinal), Start: run.Start, End: run.End})
	}
	batch.Runs = w.runs
	w.series, w.time = int64(w.runs[len(w.runs)-1].Series), batch.Time[b.Len-1]
	if err := w.out.Append(&batch); err != nil {
		return err
	}
	if w.pace != nil {
		return w.pace(ctx, b.Len)
	}
	return nil
}

func (w *run) begin(ctx context.Context) (err error) {
	w.id = manifest.FileID(uuid.NewString())
	w.region.claim(w.id)
	w.out, err = sst.Create(ctx, w.region.store, w.region.dir, string(w.id), w.schema, sst.WriterOptions{RowGroupRows: w.groupRows, Indexes: w.region.withFile(w.schema, w.level)})
	return err
}

// finish makes the current file and its index durable.
func (w *run) finish() error {
	if w.out == nil {
		return nil
	}
	info, err := w.out.Commit()
	if err != nil {
		return err
	}
	w.out = nil
	data, _ := w.region.paths(w.id)
	w.region.eng.opts.Files.Keep(data, info.Table)
	w.done = append(w.done, manifest.File{ID: w.id, Level: w.level, Rows: int64(info.Rows), RowGroups: info.RowGroups, Size: info.Bytes,
		IndexSize: info.IndexBytes, Series: int64(info.Series), MinTime: info.MinTime, MaxTime: info.MaxTime, MinSequence: info.MinSeq,
		MaxSequence: info.MaxSeq, MinKey: info.FirstKey, MaxKey: info.LastKey, HasDeletes: info.HasDeletes, Unique: info.Unique,
		Filtered: w.filtered, SchemaVersion: w.schema.Version, Indexes: info.Indexes})
	return nil
}

// abort drops a file that was begun and not finished.
func (w *run) abort() {
	if w.out != nil {
		w.out.Abort()
		w.region.unclaim([]manifest.File{{ID: w.id}})
	}
}
