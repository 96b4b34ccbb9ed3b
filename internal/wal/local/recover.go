package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/wal"
)

// recover brings the log back: lists the folder, orders the segments, reads them in parallel, and joins what was found in log
// order. It changes nothing but to remove files that never counted, and to make the newest segment's end durable.
func (l *Log) recover(ctx context.Context) error {
	if err := vfs.MkdirAllSync(l.opts.FS, l.opts.Dir); err != nil {
		return err
	}
	found, spares, err := l.list()
	if err != nil {
		return err
	}
	if l.mu.segments, err = l.chain(found); err != nil {
		return err
	}
	l.adoptSpares(spares)

	scans := make([]*segmentScan, len(l.mu.segments))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(l.opts.RecoveryParallelism)
	for i, s := range l.mu.segments {
		g.Go(func() error {
			sc, err := scanSegment(gctx, s)
			scans[i] = sc
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := l.makeTailDurable(scans); err != nil {
		return err
	}
	for i, sc := range scans {
		s := l.mu.segments[i]
		if sc.torn != "" {
			l.opts.Log.Warn("cut torn end of log segment", "file", s.path, "offset", sc.end, "reason", sc.torn)
		}
		if err := l.joinScan(s, sc); err != nil {
			return err
		}
		l.mu.trim = append(l.mu.trim, s)
	}
	return nil
}

// list opens the segments and names the spare files. Files that were being made are removed.
func (l *Log) list() (found []*segment, spares []string, err error) {
	entries, err := l.opts.FS.ReadDir(l.opts.Dir)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			for _, s := range found {
				s.f.Close()
			}
		}
	}()
	for _, e := range entries {
		path := filepath.Join(l.opts.Dir, e.Name())
		switch {
		case strings.HasSuffix(e.Name(), tempSuffix):
			if err := l.opts.FS.Remove(path); err != nil {
				return found, nil, err
			}
		case strings.HasSuffix(e.Name(), spareSuffix):
			spares = append(spares, path)
		default:
			seq, ok := parseSegmentName(e.Name())
			if !ok {
				continue // not ours
			}
			l.nextSeq = max(l.nextSeq, seq+1)
			f, err := openRW(l.opts.FS, path)
			if err != nil {
				return found, nil, err
			}
			s := &segment{path: path, f: f, sealed: true}
			found = append(found, s)
			if s.header, err = readSegmentHeader(f, path); err != nil {
				return found, nil, err
			}
		}
	}
	return found, spares, nil
}

// chain orders the segments by following, from the newest, which one each names as the one before, and gives them their lengths.
// A segment outside the chain was made but not used, because the step after its creation failed; it is removed. A missing link
// is damage.
func (l *Log) chain(found []*segment) (_ []*segment, err error) {
	closeAll := func(ss []*segment) {
		for _, s := range ss {
			s.f.Close()
		}
	}
	slices.SortFunc(found, func(a, b *segment) int { return compareSeq(a.header.seq, b.header.seq) })
	var chain []*segment
	var unused []*segment
	for i := len(found) - 1; i >= 0; i-- {
		s := found[i]
		if len(chain) == 0 {
			size, err := s.f.Size()
			if err != nil {
				closeAll(found)
				return nil, err
			}
			s.length, s.durable = size, 0 // where it really ends, its scan finds out
			chain = append(chain, s)
			continue
		}
		after := chain[len(chain)-1]
		switch {
		case s.header.seq > after.header.prevSeq:
			unused = append(unused, s)
		case s.header.seq < after.header.prevSeq:
			closeAll(found)
			return nil, &wal.CorruptError{File: filepath.Join(l.opts.Dir, segmentName(after.header.prevSeq)),
				Err: fmt.Errorf("segment is missing between %d and %d", s.header.seq, after.header.seq)}
		default:
			s.length, s.durable = int64(after.header.prevLength), int64(after.header.prevDurable)
			chain = append(chain, s)
		}
	}
	slices.Reverse(chain)
	for _, s := range unused {
		l.opts.Log.Info("remove unused log segment", "file", s.path)
		s.f.Close()
		if err := l.opts.FS.Remove(s.path); err != nil {
			closeAll(found)
			return nil, err
		}
	}
	return chain, nil
}

func compareSeq(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// adoptSpares keeps the spare files that can be used. A spare is worth nothing, so one that cannot is removed.
func (l *Log) adoptSpares(paths []string) {
	live := map[uint64]bool{}
	for _, s := range l.mu.segments {
		live[s.header.seq] = true
	}
	for _, path := range paths {
		var n uint64
		if _, err := fmt.Sscanf(filepath.Base(path), "%020d", &n); err == nil {
			l.mu.spareSeq = max(l.mu.spareSeq, n)
		}
		f, err := openRW(l.opts.FS, path)
		if err == nil {
			size, serr := f.Size()
			// A file system that lost half of a rename could show a segment under two names. Never write to such a file.
			h, herr := readSegmentHeader(f, path)
			if serr == nil && size >= l.opts.FileSize && !(herr == nil && live[h.seq]) && len(l.mu.spares) < l.maxSparesLocked() {
				l.mu.spares = append(l.mu.spares, spare{path: path, f: f})
				continue
			}
			f.Close()
		}
		if err := l.opts.FS.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			l.opts.Log.Warn("remove spare log file", "file", path, "error", err)
		}
	}
}

// segmentScan is what one segment holds, before it is joined with the others.
type segmentScan struct {
	snapshot map[wal.RegionID]uint64 // marks that replace all before; nil if the segment has none
	dropped  map[wal.RegionID]bool   // regions whose earlier segments are void
	marks    map[wal.RegionID]uint64
	runs     map[wal.RegionID]*scanRun
	end      int64  // where the records end
	torn     string // why what stands behind end was left out; empty if nothing did
	lastSync int64  // up to where the last record says that the segment was durable
}

type scanRun struct {
	first, last uint64
	start       int64 // offset of the first entry
	bytes       int64
	pos         positions
}

// scanSegment reads a segment up to its length. Only behind its durable length may it end early.
func scanSegment(ctx context.Context, s *segment) (*segmentScan, error) {
	out := &segmentScan{dropped: map[wal.RegionID]bool{}, marks: map[wal.RegionID]uint64{}, runs: map[wal.RegionID]*scanRun{}, lastSync: headerSize}
	sc := newScanner(s.f, s.header.generation, headerSize, s.length)
	for n := 0; sc.next(); n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err := out.take(sc); err != nil {
			return nil, &wal.CorruptError{File: s.path, Offset: sc.off, Err: err}
		}
		out.lastSync = int64(sc.meta.durable)
	}
	out.end = sc.pos
	if sc.err != nil {
		return nil, fmt.Errorf("read log segment %s: %w", s.path, sc.err)
	}
	if sc.fault == nil {
		return out, nil
	}
	f := *sc.fault
	if out.end < s.durable {
		return nil, f.corrupt(s.path, out.end)
	}
	damaged, torn, err := sc.provesDurable(out.end)
	if err != nil {
		return nil, fmt.Errorf("read log segment %s: %w", s.path, err)
	}
	if damaged {
		f.reason += ", followed by records written after it was durable"
		return nil, f.corrupt(s.path, out.end)
	}
	if torn {
		out.torn = f.reason
	}
	return out, nil
}

// take adds the record the scanner stands on.
func (out *segmentScan) take(sc *scanner) error {
	m := &sc.meta
	switch m.kind {
	case kindData:
		r := out.runs[m.region]
		if r == nil {
			r = &scanRun{first: m.id, start: sc.off}
			out.runs[m.region] = r
		} else if m.id <= r.last {
			return fmt.Errorf("%s follows entry %d", m, r.last)
		}
		r.pos.add(m.id, sc.off, len(sc.rec))
		r.last, r.bytes = m.id, r.bytes+int64(len(sc.rec))
	case kindObsolete:
		out.marks[m.region] = max(out.marks[m.region], m.id)
	case kindDrop:
		out.dropped[m.region] = true
		delete(out.marks, m.region)
		delete(out.runs, m.region)
		delete(out.snapshot, m.region)
	case kindSnapshot:
		payload, _, err := decodePayload(sc.rec, m, nil)
		if err != nil {
			return err
		}
		if out.snapshot, err = decodeMarks(payload); err != nil {
			return err
		}
	}
	return nil
}

// joinScan adds the newest segment yet to the index.
func (l *Log) joinScan(s *segment, sc *segmentScan) error {
	x := &l.mu.index
	s.length = sc.end
	for r := range sc.dropped {
		x.drop(r)
	}
	for id, run0 := range sc.runs {
		r := x.regions[id]
		if r == nil {
			r = &regionIndex{}
			x.regions[id] = r
		}
		if run0.first <= r.last {
			return &wal.CorruptError{File: s.path, Offset: run0.start,
				Err: fmt.Errorf("entry %d of region %s follows entry %d of an older segment", run0.first, id, r.last)}
		}
		r.runs = append(r.runs, &run{seg: s, first: run0.first, last: run0.last, bytes: run0.bytes, pos: run0.pos})
		r.last = max(r.last, run0.last)
		s.live++
		s.regions = append(s.regions, id)
	}
	for id, upTo := range sc.snapshot {
		x.obsolete(id, upTo)
	}
	for id, upTo := range sc.marks {
		x.obsolete(id, upTo)
	}
	return nil
}

// makeTailDurable settles the end of the newest segment. What a process wrote just before it ended may be readable and yet not be
// durable, and if its sync failed, another sync would not make it so: the same bytes are written again first. From here on
// everything before the end counts as durable.
func (l *Log) makeTailDurable(scans []*segmentScan) error {
	if len(scans) == 0 {
		return nil
	}
	s, sc := l.mu.segments[len(scans)-1], scans[len(scans)-1]
	if from := sc.lastSync; from < sc.end {
		buf := make([]byte, min(scanWindow, sc.end-from))
		for from < sc.end {
			b := buf[:min(int64(len(buf)), sc.end-from)]
			if _, err := s.f.ReadAt(b, from); err != nil {
				return err
			}
			if _, err := s.f.WriteAt(b, from); err != nil {
				return err
			}
			from += int64(len(b))
		}
		if err := s.f.Sync(); err != nil {
			return err
		}
	}
	s.durable = sc.end
	return nil
}
