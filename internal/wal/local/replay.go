package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/goptimedb/goptimedb/internal/wal"
)

const (
	// replayRead is the most bytes that a replay reads at once, except for one larger record.
	replayRead = 1 << 20
	// replayGap is the distance between two records below which reading what lies between costs less than another read.
	replayGap = 16 << 10
)

// replayBuf is the memory of one replay.
type replayBuf struct {
	read    []byte
	payload []byte
	batch   []location
}

// location is where an entry stands in its segment.
type location struct {
	id   uint64
	off  int64
	size int
}

// Replay implements wal.Log. It reads only the bytes of the region, in their order, so replays of all regions together read the
// log once.
func (l *Log) Replay(ctx context.Context, region wal.RegionID, from uint64, fn func(wal.Entry) error) (err error) {
	defer l.metrics.observe(opRead, l.opts.Now())(&err)
	runs, obsolete, err := l.pin(region, from)
	if err != nil {
		return err
	}
	defer l.unpin(runs)
	buf := l.bufs.Get().(*replayBuf)
	defer l.bufs.Put(buf)
	from = max(from, obsolete+1)
	for i := range runs {
		if err := l.replayRun(ctx, &runs[i], region, from, buf, fn); err != nil {
			if errors.Is(err, fs.ErrClosed) {
				return wal.ErrClosed
			}
			return err
		}
	}
	return nil
}

// pin takes a snapshot of where the region's needed entries are, and keeps their segments.
func (l *Log) pin(region wal.RegionID, from uint64) (runs []run, obsolete uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.closing {
		return nil, 0, wal.ErrClosed
	}
	r := l.mu.index.regions[region]
	if r == nil {
		return nil, 0, nil
	}
	for _, u := range r.runs {
		if u.dead || u.last < from {
			continue
		}
		u.seg.pins++
		runs = append(runs, *u)
	}
	return runs, r.obsolete, nil
}

func (l *Log) unpin(runs []run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, u := range runs {
		if u.seg.pins--; u.seg.pins == 0 && u.seg.live == 0 {
			wake(l.wakeKeeper)
		}
	}
}

// replayRun delivers the entries of one segment.
func (l *Log) replayRun(ctx context.Context, u *run, region wal.RegionID, from uint64, buf *replayBuf, fn func(wal.Entry) error) error {
	flush := func() error {
		if len(buf.batch) == 0 {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		err := l.readBatch(u.seg, region, buf, fn)
		buf.batch = buf.batch[:0]
		return err
	}
	buf.batch = buf.batch[:0]
	for it := (posIter{buf: u.pos.buf}); it.next(); {
		if it.id < from {
			continue
		}
		if n := len(buf.batch); n > 0 {
			first, last := buf.batch[0], buf.batch[n-1]
			if n >= l.opts.ReadBatchSize || it.off-(last.off+int64(last.size)) > replayGap || it.off+int64(it.size)-first.off > replayRead {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		buf.batch = append(buf.batch, location{id: it.id, off: it.off, size: it.size})
	}
	return flush()
}

// readBatch reads the records of the batch with one read, checks and delivers them.
func (l *Log) readBatch(seg *segment, region wal.RegionID, buf *replayBuf, fn func(wal.Entry) error) error {
	start := buf.batch[0].off
	last := buf.batch[len(buf.batch)-1]
	size := int(last.off - start + int64(last.size))
	buf.read = slices.Grow(buf.read[:0], size)[:size]
	if n, err := seg.f.ReadAt(buf.read, start); err != nil && (n < size || !errors.Is(err, io.EOF)) {
		if errors.Is(err, io.EOF) {
			return &wal.CorruptError{File: seg.path, Offset: start, Err: fmt.Errorf("file ends %d bytes before its records do", size-n)}
		}
		return fmt.Errorf("read log segment %s: %w", seg.path, err)
	}
	bytes := 0
	for _, p := range buf.batch {
		rec := buf.read[p.off-start:][:p.size]
		m, f := decodeRecord(rec, seg.header.generation)
		if f == nil && (m.size() != p.size || m.region != region || m.id != p.id || m.kind != kindData) {
			f = &fault{reason: fmt.Sprintf("%s where entry %d of region %s was", &m, p.id, region)}
		}
		if f == nil {
			f = checkPayload(rec, &m)
		}
		if f != nil {
			return f.corrupt(seg.path, p.off)
		}
		var payload []byte
		var err error
		if payload, buf.payload, err = decodePayload(rec, &m, buf.payload); err != nil {
			return &wal.CorruptError{File: seg.path, Offset: p.off, Err: err}
		}
		bytes += p.size
		if err := fn(wal.Entry{Region: region, ID: p.id, Payload: payload}); err != nil {
			return err
		}
	}
	l.metrics.bytes(opRead, bytes)
	return nil
}
