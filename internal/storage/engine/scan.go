package engine

import (
	"context"
	"math"
	"time"

	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/scan"
	"github.com/goptimedb/goptimedb/internal/storage/source"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
)

// Scan implements contract.RegionServer.
func (e *Engine) Scan(ctx context.Context, req contract.ScanRequest) (contract.Stream, error) {
	r, err := e.region(req.Region)
	if err != nil {
		return nil, err
	}
	v := r.pin()
	if err := r.writable(); err != nil { // after pin: a region that is closed later keeps what was pinned
		r.unpin(v)
		return nil, err
	}
	if err := bound(v.meta.Schema, &req); err != nil {
		r.unpin(v)
		return nil, err
	}
	sources, memtables, stats, err := r.sources(ctx, v, req.TimeRange.Intersect(r.alive(v.meta)), req.Predicate)
	if err != nil {
		r.unpin(v)
		return nil, err
	}
	if req.Parallelism <= 0 {
		req.Parallelism = e.opts.ScanParallelism
	}
	e.met.scanning.Inc()
	// scan.Run calls Release in any case, once.
	s, err := scan.Run(ctx, scan.Options{Sources: sources, Memtables: memtables, Schema: v.meta.Schema, Merge: v.meta.Options.Merge, Times: r.alive(v.meta), Memory: e.opts.QueryAccount,
		Release: func() { e.met.scanning.Dec(); r.unpin(v) }}, req)
	if err != nil {
		return nil, err
	}
	return &countedStream{Stream: s, eng: e, files: stats, total: int64(len(v.files)), region: r}, nil
}

// alive are the times of rows that have not expired: expired rows are invisible at once, and go with their files later.
func (r *region) alive(meta contract.RegionMeta) model.TimeRange {
	switch {
	case meta.Options.TTL == contract.TTLInstant:
		return model.TimeRange{Start: math.MaxInt64, End: math.MinInt64} // none; the zero range would be no restriction
	case meta.Options.TTL <= 0:
		return model.AllTime
	}
	unit := meta.Schema.TimeUnit()
	oldest, ok := model.ConvertTime(r.eng.opts.Now().Add(-meta.Options.TTL).UnixMilli(), model.Millisecond, unit)
	if !ok {
		return model.AllTime
	}
	return model.TimeRange{Start: oldest, End: model.AllTime.End}
}

// sources are what a scan of a version reads: memtables, then files that may hold rows of the times. Of memtables they have at least the
// rows of which pred is true.
func (r *region) sources(ctx context.Context, v *version, times model.TimeRange, pred *model.Expr) (out []source.Source, memtables int, stats *sst.Stats, err error) {
	r.near(ctx, v, times)
	for _, f := range v.frozen {
		out = append(out, f.sources(v, times, pred)...)
	}
	out = append(out, v.mutable.Snapshot().SourcesOf(v.meta.Schema, times, pred)...)
	memtables = len(out)
	stats = &sst.Stats{}
	for _, f := range v.files {
		if !times.Overlaps(f.MinTime, f.MaxTime) {
			continue
		}
		s, err := f.view(ctx, v, stats)
		if err != nil {
			return nil, 0, nil, err
		}
		out = append(out, s)
	}
	return out, memtables, stats, nil
}

// countedStream adds what the files did to a scan's statistics.
type countedStream struct {
	contract.Stream
	eng   *Engine
	files *sst.Stats
	total int64
	rows  float64

	region  *region
	closed  bool
	batches int
}

// Next counts the rows that go out.
func (s *countedStream) Next(ctx context.Context) (*model.Batch, error) {
	b, err := s.Stream.Next(ctx)
	if err == nil {
		s.rows += float64(b.Len)
		s.batches++
	}
	return b, err
}

// Close hands the count to the metrics.
func (s *countedStream) Close() error {
	s.eng.met.readRows.Add(s.rows)
	if !s.closed {
		s.closed = true
		st := s.Stats()
		s.region.queried.nanos.Add(int64(st.Elapsed["prepare"] + st.Elapsed["scan"]))
		s.region.queried.bytes.Add(uint64(st.BytesRead))
		s.eng.met.reads.observe(&st, s.batches)
	}
	s.rows = 0
	return s.Stream.Close()
}

// Stats is the scan's, with the files'.
func (s *countedStream) Stats() contract.ScanStats {
	st := s.Stream.Stats()
	st.Files = s.total
	st.BytesRead, st.CacheHits, st.CacheMisses = s.files.BytesRead.Load(), s.files.Hits.Load(), s.files.Misses.Load()
	st.Pages, st.BytesDecoded = s.files.Pages.Load(), s.files.BytesDecoded.Load()
	st.Inverted, st.Bloom, st.Fulltext = s.files.Inverted.Get(), s.files.Bloom.Get(), s.files.Fulltext.Get()
	return st
}

// Meta implements contract.RegionServer.
func (e *Engine) Meta(_ context.Context, id model.RegionID) (contract.RegionMeta, error) {
	r, err := e.region(id)
	if err != nil {
		return contract.RegionMeta{}, err
	}
	return r.meta(), nil
}

// Statistics implements contract.RegionServer.
func (e *Engine) Statistics(_ context.Context, ids []model.RegionID) ([]contract.RegionStatistics, error) {
	regions := e.all()
	if ids != nil {
		regions = regions[:0]
		for _, id := range ids {
			r, err := e.region(id)
			if err != nil {
				return nil, err
			}
			regions = append(regions, r)
		}
	}
	out := make([]contract.RegionStatistics, 0, len(regions))
	for _, r := range regions {
		out = append(out, r.statistics())
	}
	return out, nil
}

func (r *region) statistics() contract.RegionStatistics {
	v := r.pin()
	defer r.unpin(v)
	s := contract.RegionStatistics{ID: r.id, SSTFiles: len(v.files), ManifestVer: r.manifest.State().Version, WrittenBytes: r.written.Load(), Role: "Leader",
		QueryTime: time.Duration(r.queried.nanos.Load()), QueryBytes: r.queried.bytes.Load(), Options: v.meta.Options, Deletions: len(v.deletions),
		Writable: r.state.Load() == stateOpen, CommittedSequence: model.Sequence(r.committed.Load()),
		MinTime: 1, MaxTime: 0}
	first := true
	span := func(lo, hi int64) {
		if first {
			s.MinTime, s.MaxTime, first = lo, hi, false
		}
		s.MinTime, s.MaxTime = min(s.MinTime, lo), max(s.MaxTime, hi)
	}
	m := r.manifest.State()
	s.FlushedSequence, s.CompactionWindow = m.FlushedSequence, v.meta.Options.CompactionWindow
	if s.CompactionWindow == 0 {
		s.CompactionWindow = m.CompactionWindow
	}
	s.CommittedSequence = max(s.CommittedSequence, s.FlushedSequence)
	s.ManifestBytes = r.manifest.Size()
	for _, m := range v.memtables() {
		st := m.Stats()
		s.Rows += uint64(st.Rows)
		s.MemtableBytes += st.Bytes
		s.Series += int64(st.Series)
		if st.Rows > 0 {
			span(st.MinTime, st.MaxTime)
		}
	}
	for _, f := range v.files {
		s.Rows += uint64(f.Rows)
		s.SSTBytes += f.Size
		s.IndexBytes += f.index.Load().size
		span(f.MinTime, f.MaxTime)
	}
	s.DiskBytes = s.SSTBytes + s.IndexBytes
	return s
}
