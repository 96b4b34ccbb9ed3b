package local

import (
	"path/filepath"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
)

// storageError gives a failed call of the file system the code that tells clients to come back later. path is named because a
// file that was renamed names itself by its old name.
func storageError(err error, what, path string) error {
	return errs.Wrap(errs.StorageUnavailable, vfs.Coded(err), "%s %s", what, path)
}

// active is the segment being written, nil if the newest is sealed. Called by the committer.
func (l *Log) active() *segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.mu.segments); n > 0 && !l.mu.segments[n-1].sealed {
		return l.mu.segments[n-1]
	}
	return nil
}

// segmentFor gives the segment that takes the next size bytes. A group larger than a segment gets one of its own, which grows.
func (l *Log) segmentFor(size int) (*segment, error) {
	seg := l.active()
	if seg != nil && (seg.length+int64(size) <= l.opts.FileSize || seg.length == seg.first) {
		return seg, nil
	}
	return l.rotate(seg)
}

// rotate seals the active segment, if there is one, and begins the next. Once it returned, the seal is durable: the new segment's
// header holds it.
func (l *Log) rotate(old *segment) (*segment, error) {
	if old != nil {
		// Without sync_write the segment may hold bytes that are not durable. If they cannot be made so, the header says
		// from where on the segment may have holes.
		if l.syncSegment(old) == nil {
			l.seal(old)
		}
	}
	h := segmentHeader{seq: l.nextSeq, generation: l.opts.Rand()}
	l.nextSeq++ // even if this fails: the name may exist from now on

	l.mu.Lock()
	if n := len(l.mu.segments); n > 0 {
		last := l.mu.segments[n-1]
		h.prevSeq, h.prevLength, h.prevDurable = last.header.seq, uint64(last.length), uint64(last.durable)
	}
	marks := l.mu.index.marks()
	var sp spare
	if n := len(l.mu.spares); n > 0 {
		sp, l.mu.spares = l.mu.spares[n-1], l.mu.spares[:n-1]
	}
	l.mu.Unlock()

	var first []byte
	if len(marks) > 0 {
		payload := appendMarks(nil, marks)
		first, _ = appendRecord(make([]byte, 0, encodeBound(len(payload))), kindSnapshot, 0, 0, payload, false)
		finishRecord(first, h.generation, headerSize)
	}
	var err error
	if sp.f == nil {
		if sp, err = makeSpare(l.opts.FS, l.opts.Dir, l.spareNumber(), l.opts.FileSize, false); err != nil {
			return nil, storageError(err, "make log segment in", l.opts.Dir)
		}
	}
	seg, err := sp.becomeSegment(l.opts.FS, l.opts.Dir, h, first)
	if err != nil {
		sp.f.Close()
		_ = l.opts.FS.Remove(sp.path) // gone already if it had been renamed
		return nil, storageError(err, "begin log segment", filepath.Join(l.opts.Dir, segmentName(h.seq)))
	}
	l.mu.Lock()
	l.mu.segments = append(l.mu.segments, seg)
	n := len(l.mu.segments)
	l.mu.Unlock()
	l.metrics.segments(n)
	wake(l.wakeKeeper)
	return seg, nil
}

func (l *Log) seal(s *segment) {
	l.mu.Lock()
	s.sealed = true
	l.mu.Unlock()
}

// suspect seals a segment whose write or sync failed. What it holds behind its durable length is not known and never will be.
func (l *Log) suspect(s *segment, err error) {
	if s.sealed {
		return
	}
	l.opts.Log.Error("log segment failed, the log goes on in a new one", "file", s.path, "sealed_at", s.length, "durable", s.durable, "error", err)
	l.seal(s)
}

// sync makes the segment's bytes durable.
func (l *Log) sync(s *segment) error {
	start := l.opts.Now()
	err := s.f.SyncData()
	l.metrics.synced(l.opts.Now().Sub(start))
	if err != nil {
		return storageError(err, "sync log segment", s.path)
	}
	return nil
}

// syncSegment syncs a segment if it needs it, outside of a group. After an error the segment is suspect.
func (l *Log) syncSegment(s *segment) error {
	if s.durable == s.length {
		return nil
	}
	if err := l.sync(s); err != nil {
		l.suspect(s, err)
		return err
	}
	l.mu.Lock()
	s.durable = s.length
	l.mu.Unlock()
	return nil
}

// syncActive is the sync of every period, and of Close.
func (l *Log) syncActive() error {
	if s := l.active(); s != nil {
		return l.syncSegment(s)
	}
	return nil
}

// syncTicker ticks every sync period if appends do not sync themselves.
func (l *Log) syncTicker() (<-chan time.Time, func()) {
	if !l.opts.NoSync {
		return nil, func() {}
	}
	t := time.NewTicker(l.opts.SyncPeriod)
	return t.C, t.Stop
}

func (l *Log) spareNumber() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.spareSeq++
	return l.mu.spareSeq
}
