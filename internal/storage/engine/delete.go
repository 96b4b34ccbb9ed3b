package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sync"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/logentry"
	"github.com/goptimedb/goptimedb/internal/storage/manifest"
	"github.com/goptimedb/goptimedb/internal/storage/scan"
	"github.com/goptimedb/goptimedb/internal/storage/source"
	"github.com/goptimedb/goptimedb/internal/wal"
)

// A deletion by predicate, in order:
//
//	log       one entry with the predicate takes one sequence: every row of a lower one that matches is deleted
//	apply     the memtable is frozen and the deletion joins the version: from here on no run of rows has both older and newer rows
//	          that were not judged yet, so a run is judged whole or not at all
//	flush     rows that it hides are left out; the deletion goes to the manifest if older files may hold such rows
//	realise   compactions leave such rows out too; a file that none takes is rewritten, or noted to hold none
//	forget    the manifest drops the deletion when no file needs it
//
// What was judged is noted with each file (manifest.File.Filtered) and never judged again: its columns may be others by then.

// maxDeletions is how many deletions a region may hold at a time: each costs every scan a look at the files that it was not made real in.
const maxDeletions = 256

// DeleteWhere implements contract.RegionServer.
func (e *Engine) DeleteWhere(ctx context.Context, req contract.DeleteRequest) (affected uint64, err error) {
	start := e.opts.Now()
	defer func() { e.met.requests.WithLabelValues("delete_where").Observe(e.opts.Now().Sub(start).Seconds()) }()
	r, err := e.region(req.Region)
	if err != nil {
		return 0, err
	}
	// No schema change between the check of the columns and the deletion's taking effect.
	r.alterMu.Lock()
	defer r.alterMu.Unlock()
	if err := r.writable(); err != nil {
		return 0, err
	}
	meta := r.meta()
	d, payload, err := newDeletion(meta, &req)
	if err != nil {
		return 0, err
	}
	v := r.pin()
	n := len(v.deletions)
	r.unpin(v)
	if n >= maxDeletions {
		e.askFlush(r, "delete")
		e.askCompaction(r)
		return 0, errs.New(errs.RateLimited, "region %s has %d deletions that are not made real in its files yet; compact the table or try again later", r.id, n)
	}
	if meta.Options.SkipWAL {
		payload = nil
	}
	q := &request{region: r, deletion: d, payload: payload}
	if err := r.work.submit(ctx, q); err != nil {
		return 0, err
	}
	<-q.done
	if q.before != nil {
		defer r.unpin(q.before)
	}
	if q.err != nil {
		return 0, q.err
	}
	e.askFlush(r, "delete") // it brings a compaction with it
	if !req.Count {
		return 0, nil
	}
	if affected, err = r.countMatching(ctx, q.before, d); err != nil {
		return 0, fmt.Errorf("rows were deleted, but not counted: %w", err)
	}
	e.met.rows.WithLabelValues("delete").Add(float64(affected))
	return affected, nil
}

// newDeletion checks a request and gives the deletion, without its sequence, and its log entry.
func newDeletion(meta contract.RegionMeta, req *contract.DeleteRequest) (*manifest.Deletion, []byte, error) {
	s := meta.Schema
	if req.SchemaVersion > s.Version {
		return nil, nil, errs.New(errs.RequestOutdated, "region %s has schema version %d, the deletion was made for %d", req.Region, s.Version, req.SchemaVersion)
	}
	if err := bound(s, &contract.ScanRequest{Region: req.Region, Bound: req.SchemaVersion + 1, Predicate: req.Predicate}); err != nil {
		return nil, nil, err
	}
	reads := map[model.ColumnID]bool{}
	var walk func(e *model.Expr)
	walk = func(e *model.Expr) {
		if e == nil {
			return
		}
		if e.Op >= model.OpEq {
			reads[e.Column] = true
		}
		for _, a := range e.Args {
			walk(a)
		}
	}
	walk(req.Predicate)
	small := &model.Schema{Version: s.Version, PrimaryKey: s.PrimaryKey, TimeIndex: s.TimeIndex, NextColumn: s.NextColumn}
	for _, c := range s.Columns {
		if c.Semantic == model.FieldColumn && !reads[c.ID] {
			continue
		}
		if c.Semantic == model.FieldColumn && meta.Options.Merge != contract.MergeAppend {
			return nil, nil, errs.New(errs.Unsupported, "delete from region %s: column %s is a field; rows of a table that merges equal keys are deleted by tags and time, or key by key", req.Region, c.Name)
		}
		delete(reads, c.ID)
		c.Comment, c.Options = "", nil
		small.Columns = append(small.Columns, c)
	}
	for id := range reads {
		return nil, nil, errs.New(errs.TableColumnNotFound, "region %s has no column %d", req.Region, id)
	}
	if err := scan.Check(small, req.Predicate); err != nil {
		return nil, nil, err
	}
	d := &logentry.Deletion{SchemaVersion: s.Version, Times: req.TimeRange, Predicate: req.Predicate, Schema: small}
	payload, err := logentry.AppendDeletion(nil, d)
	if err == nil {
		var back *logentry.Deletion
		if back, err = logentry.DecodeDeletion(payload); err == nil && !reflect.DeepEqual(back.Predicate, d.Predicate) {
			err = errors.New("a value of the condition cannot be stored")
		}
	}
	if err != nil {
		return nil, nil, errs.Wrap(errs.Unsupported, err, "delete from region %s", req.Region)
	}
	return &manifest.Deletion{Times: d.Times, Predicate: d.Predicate, Schema: small}, payload, nil
}

// applyDeletion makes a logged deletion take effect. It runs in the apply stage.
func (r *region) applyDeletion(req *request) {
	r.freeze()
	req.before = r.pin()
	req.deletion.Sequence = sequenceOf(req.sequence)
	r.applied.entry = max(r.applied.entry, req.entry)
	r.applied.sequence = req.sequence + 1
	r.committed.Store(r.applied.sequence)
	r.written.Add(uint64(len(req.payload)))
	r.mu.Lock()
	n := r.mu.version.clone()
	n.deletions = append(slices.Clone(n.deletions), *req.deletion)
	dead := r.installLocked(n)
	r.mu.Unlock()
	r.purge(dead)
}

// replayDeletion does the same for a region that is being opened.
func (r *region) replayDeletion(v *version, entry wal.Entry) error {
	le, err := logentry.DecodeDeletion(entry.Payload)
	if err != nil {
		return errs.Wrap(errs.Unexpected, err, "entry %d", entry.ID)
	}
	if v.mutable.Rows() > 0 {
		v.mutable.Freeze()
		v.frozen = append(v.frozen, frozen{table: v.mutable, bytes: r.applied.counted, entry: r.applied.entry, sequence: sequenceOf(r.applied.sequence)})
		r.eng.buffer.freeze(r.applied.counted)
		r.applied.counted = 0
		v.mutable = r.newMemtable(v.meta)
	}
	v.deletions = append(slices.Clone(v.deletions), manifest.Deletion{Sequence: le.Sequence, Times: le.Times, Predicate: le.Predicate, Schema: le.Schema})
	r.applied.entry = entry.ID
	r.applied.sequence = max(r.applied.sequence, uint64(le.Sequence)+1)
	return nil
}

// countMatching is how many rows of v a deletion hides, as a scan shows them.
func (r *region) countMatching(ctx context.Context, v *version, d *manifest.Deletion) (n uint64, err error) {
	alive := r.alive(v.meta)
	sources, memtables, _, err := r.sources(ctx, v, d.Times.Intersect(alive), d.Predicate)
	if err != nil {
		return 0, err
	}
	st, err := scan.Run(ctx, scan.Options{Sources: sources, Memtables: memtables, Schema: v.meta.Schema, Merge: v.meta.Options.Merge, Times: alive},
		contract.ScanRequest{Region: r.id, TimeRange: d.Times, Predicate: d.Predicate, Parallelism: r.eng.opts.ScanParallelism})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	for {
		b, err := st.Next(ctx)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return 0, err
		}
		n += uint64(b.Len)
	}
}

// newestDeletion is the sequence of the last deletion that v knows, 0 for none.
func (v *version) newestDeletion() model.Sequence {
	if n := len(v.deletions); n > 0 {
		return v.deletions[n-1].Sequence
	}
	return 0
}

// unsaved are the deletions of lower sequence than the given one that the flushed marks do not cover yet.
func (v *version) unsaved(below model.Sequence, s *manifest.State) (out []manifest.Deletion) {
	for _, d := range v.deletions {
		if d.Sequence >= s.FlushedSequence && d.Sequence < below {
			out = append(out, d)
		}
	}
	return out
}

// deletionToFlush reports that a flush of the frozen memtables would leave a deletion to the log alone.
func (v *version) deletionToFlush(s *manifest.State) bool {
	marks := s.FlushedSequence
	if n := len(v.frozen); n > 0 {
		marks = max(marks, v.frozen[n-1].sequence)
	}
	return len(v.deletions) > 0 && v.newestDeletion() >= marks
}

// masks are the rows of a file that deletions hide, by the deletions' sequences. A file does not change and neither does a deletion.
type masks struct {
	sync.Mutex
	rows map[model.Sequence][]source.RowRange
}

// masked is a source of the file without the rows that deletions of v hide.
func (f *file) masked(v *version, src source.Source) source.Source {
	m := f.current()
	ds := v.hiding(&m)
	if len(ds) == 0 {
		return src
	}
	return &maskedSource{src, func(ctx context.Context) ([]source.RowRange, error) { return f.hidden(ctx, ds) }}
}

// hidden are the rows of the file that any of the deletions hides.
func (f *file) hidden(ctx context.Context, ds []manifest.Deletion) (out []source.RowRange, err error) {
	h, err := f.opened(ctx)
	if err != nil {
		return nil, err
	}
	f.masks.Lock() // one scan finds out, others wait for it
	defer f.masks.Unlock()
	for i := range ds {
		d := &ds[i]
		rows, ok := f.masks.rows[d.Sequence]
		if !ok {
			if rows, err = scan.Matching(ctx, h.View(d.Schema, nil), d.Schema, d.Times, d.Predicate); err != nil {
				return nil, fmt.Errorf("find deleted rows of %s: %w", f.ID, err)
			}
			if f.masks.rows == nil {
				f.masks.rows = map[model.Sequence][]source.RowRange{}
			}
			f.masks.rows[d.Sequence] = rows
		}
		out = scan.Union(out, rows)
	}
	return out, nil
}

// maskedSource implements source.Masked.
type maskedSource struct {
	source.Source
	hidden func(ctx context.Context) ([]source.RowRange, error)
}

// Hidden implements source.Masked.
func (m *maskedSource) Hidden(ctx context.Context) ([]source.RowRange, error) { return m.hidden(ctx) }

// newer are the deletions of v that came after the memtable was frozen.
func (f *frozen) newer(v *version) (out []manifest.Deletion) {
	for _, d := range v.deletions {
		if d.Sequence >= f.sequence {
			out = append(out, d)
		}
	}
	return out
}

// mask hides rows of sources of a frozen memtable; same are the same sources, read through another schema.
func mask(sources []source.Source, ds []manifest.Deletion, same func(schema *model.Schema) ([]source.Source, error)) []source.Source {
	for i, src := range sources {
		var mine []manifest.Deletion
		lo, hi := src.TimeRange()
		for _, d := range ds {
			if d.Times.Overlaps(lo, hi) {
				mine = append(mine, d)
			}
		}
		if len(mine) == 0 {
			continue
		}
		sources[i] = &maskedSource{src, func(ctx context.Context) (out []source.RowRange, err error) {
			for _, d := range mine {
				as, err := same(d.Schema)
				if err != nil {
					return nil, err
				}
				rows, err := scan.Matching(ctx, as[i], d.Schema, d.Times, d.Predicate)
				if err != nil {
					return nil, fmt.Errorf("find deleted rows of %s: %w", src.Name(), err)
				}
				out = scan.Union(out, rows)
			}
			return out, nil
		}}
	}
	return sources
}

// sources are the memtable's rows for a scan of v, at least those of which pred is true.
func (f *frozen) sources(v *version, times model.TimeRange, pred *model.Expr) []source.Source {
	snap := f.table.Snapshot()
	out := snap.SourcesOf(v.meta.Schema, times, pred)
	if ds := f.newer(v); len(ds) > 0 {
		mask(out, ds, func(s *model.Schema) ([]source.Source, error) { return snap.SourcesOf(s, times, pred), nil })
	}
	return out
}

// flushSources are the memtable's rows for a flush of v.
func (f *frozen) flushSources(v *version) ([]source.Source, error) {
	out, err := f.table.FlushSources(v.meta.Schema)
	if ds := f.newer(v); err == nil && len(ds) > 0 {
		mask(out, ds, f.table.FlushSources)
	}
	return out, err
}

// realise makes the deletions of v real in one file, if they hide rows of it, or notes that they hide none of those files that it looked at;
// it reports whether it did anything. compactMu is held.
func (r *region) realise(ctx context.Context, v *version) (did bool, err error) {
	edit := &manifest.Edit{}
	for _, f := range v.files {
		m := f.current()
		ds := v.hiding(&m)
		if len(ds) == 0 {
			continue
		}
		rows, err := f.hidden(ctx, ds)
		if err != nil {
			return false, err
		}
		if len(rows) > 0 {
			if len(edit.Filtered) > 0 {
				break // first what costs nothing
			}
			_, err := r.rewrite(ctx, v, &rewriting{files: []manifest.File{m}, keepDeletes: true, parallelism: 1})
			return err == nil, err
		}
		edit.Filtered = append(edit.Filtered, manifest.Filtered{ID: f.ID, Sequence: v.newestDeletion()})
	}
	if len(edit.Filtered) == 0 {
		return false, nil
	}
	if err := r.commit(ctx, "compact.commit", manifest.Action{Edit: edit}); err != nil {
		return false, err
	}
	r.sync()
	return true, nil
}

// hiding are the deletions of v that may hide rows of a file.
func (v *version) hiding(m *manifest.File) (out []manifest.Deletion) {
	for _, d := range v.deletions {
		if d.Hides(m) {
			out = append(out, d)
		}
	}
	return out
}
