package local

import (
	"context"
	"fmt"
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/wal"
)

// groupBytes is the most that one group gathers, so that the callers of its first entries need not wait for an endless one.
const groupBytes = 16 << 20

// pooledBytes is the largest request buffer that is kept for reuse.
const pooledBytes = 4 << 20

// request is what one caller wants written: whole records, their headers not yet finished.
type request struct {
	buf  []byte
	recs []placed
	done chan error // capacity 1; one answer
}

// Append implements wal.Log. It waits for room in the queue, and then for the outcome; ctx ends the first wait, and the second one
// as long as nothing of the request has been written.
func (l *Log) Append(ctx context.Context, entries []wal.Entry) (err error) {
	defer l.metrics.observe(opAppend, l.opts.Now())(&err)
	if len(entries) == 0 {
		return nil
	}
	size, err := checkEntries(entries)
	if err != nil {
		return err
	}
	return l.submit(ctx, size, func(req *request) {
		for i := range entries {
			e := &entries[i]
			var p placed
			req.buf, p = appendRecord(req.buf, kindData, e.Region, e.ID, e.Payload, !l.opts.NoCompress)
			req.recs = append(req.recs, p)
		}
	})
}

// Drop implements wal.Log.
func (l *Log) Drop(ctx context.Context, region wal.RegionID) (err error) {
	defer l.metrics.observe(opDelete, l.opts.Now())(&err)
	return l.submit(ctx, encodeBound(0), func(req *request) {
		var p placed
		req.buf, p = appendRecord(req.buf, kindDrop, region, 0, nil, false)
		req.recs = append(req.recs, p)
	})
}

// Obsolete implements wal.Log. The mark counts at once; the committer writes it with what it writes next.
func (l *Log) Obsolete(ctx context.Context, region wal.RegionID, upTo uint64) (err error) {
	defer l.metrics.observe(opObsolete, l.opts.Now())(&err)
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.closing {
		return wal.ErrClosed
	}
	moved, freed := l.mu.index.obsolete(region, upTo)
	if moved {
		l.mu.marks[region] = upTo
	}
	if freed {
		wake(l.wakeKeeper)
	}
	return nil
}

// submit encodes a request of at most size bytes, queues it and waits for its outcome.
func (l *Log) submit(ctx context.Context, size int, encode func(*request)) error {
	reserve := min(int64(size), l.opts.QueueBytes)
	if err := l.room.Acquire(ctx, reserve); err != nil {
		return fmt.Errorf("wait for room in the log's queue: %w", err)
	}
	defer l.room.Release(reserve)

	req := l.reqs.Get().(*request)
	req.buf, req.recs = slices.Grow(req.buf[:0], size), req.recs[:0]
	encode(req)
	l.metrics.bytes(opAppend, len(req.buf))

	l.mu.Lock()
	if l.mu.closing {
		l.mu.Unlock()
		l.release(req)
		return wal.ErrClosed
	}
	l.mu.queue = append(l.mu.queue, req)
	l.mu.queueBytes += int64(len(req.buf))
	l.mu.Unlock()
	wake(l.wakeCommit)

	var err error
	select {
	case err = <-req.done:
	case <-ctx.Done():
		if l.withdraw(req) {
			err = fmt.Errorf("append to log: %w", ctx.Err())
		} else {
			err = <-req.done
		}
	}
	l.release(req)
	return err
}

// withdraw takes a request out of the queue, if it is still there.
func (l *Log) withdraw(req *request) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.mu.queue, req)
	if i < 0 {
		return false
	}
	l.mu.queue = slices.Delete(l.mu.queue, i, i+1)
	l.mu.queueBytes -= int64(len(req.buf))
	return true
}

func (l *Log) release(req *request) {
	if cap(req.buf) <= pooledBytes {
		l.reqs.Put(req)
	}
}

// takeGroup moves queued requests, and marks, to l.group. It reports false when there is nothing to write.
func (l *Log) takeGroup() (marks map[wal.RegionID]uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit, n, bytes := min(groupBytes, int(l.opts.FileSize)/4), 0, 0
	for n < len(l.mu.queue) && (n == 0 || bytes+len(l.mu.queue[n].buf) <= limit) {
		bytes += len(l.mu.queue[n].buf)
		n++
	}
	if n == 0 && !(l.mu.flushMarks && len(l.mu.marks) > 0) {
		l.mu.flushMarks = false
		return nil, false
	}
	l.group = append(l.group[:0], l.mu.queue[:n]...)
	l.mu.queue = slices.Delete(l.mu.queue, 0, n)
	if len(l.mu.marks) > 0 {
		marks, l.mu.marks = l.mu.marks, map[wal.RegionID]uint64{}
	}
	l.mu.flushMarks = false
	l.refuseLocked()
	return marks, true
}

// refuseLocked answers those requests of the group whose entry ids do not increase, and leaves them out. l.mu held.
func (l *Log) refuseLocked() {
	clear(l.floors)
	kept := l.group[:0]
next:
	for _, req := range l.group {
		for _, p := range req.recs {
			if p.kind != kindData {
				l.floors[p.region] = 0 // dropped: ids begin anew
				continue
			}
			floor, ok := l.floors[p.region]
			if !ok {
				floor = l.mu.index.floor(p.region)
			}
			if p.id <= floor {
				// Floors raised by this request's earlier entries stay: they can only refuse another append for the same
				// region at the same time, which the caller must not make.
				l.mu.queueBytes -= int64(len(req.buf))
				req.done <- errs.New(errs.InvalidArguments, "log entry %d of region %s does not follow entry %d", p.id, p.region, floor)
				continue next
			}
			l.floors[p.region] = p.id
		}
		kept = append(kept, req)
	}
	clear(l.group[len(kept):])
	l.group = kept
}

// commitLoop is the one writer of segments. It ends when the log closes and all that was queued is answered.
func (l *Log) commitLoop() {
	tick, stop := l.syncTicker()
	defer stop()
	for {
		select {
		case <-l.wakeCommit:
		case <-tick:
			l.syncActive()
		}
		for {
			marks, ok := l.takeGroup()
			if !ok {
				break
			}
			l.commitGroup(marks)
		}
		if l.finishing() {
			return
		}
	}
}

// finishing reports whether the log closes and nothing is left; then it has written the marks and synced.
func (l *Log) finishing() bool {
	l.mu.Lock()
	done := l.mu.closing && len(l.mu.queue) == 0
	l.mu.flushMarks = done
	l.mu.Unlock()
	if !done {
		return false
	}
	var err error
	if marks, ok := l.takeGroup(); ok {
		err = l.commitGroup(marks)
	}
	if serr := l.syncActive(); err == nil {
		err = serr
	}
	l.mu.closeErr = err // read behind closeDone
	return true
}

// commitGroup writes and syncs the group, updates the index, and answers. The error is the one that its requests got.
func (l *Log) commitGroup(marks map[wal.RegionID]uint64) error {
	size := 0
	if len(marks) > 0 {
		l.group = slices.Insert(l.group, 0, markRequest(marks))
	}
	for _, req := range l.group {
		size += len(req.buf)
	}
	if size == 0 {
		return nil
	}
	seg, err := l.segmentFor(size)
	if err == nil {
		err = l.writeGroup(seg, size)
	}
	l.mu.Lock()
	if err == nil {
		l.indexGroupLocked(seg, size)
	} else {
		for r, id := range marks {
			l.mu.marks[r] = max(l.mu.marks[r], id)
		}
	}
	for i, req := range l.group {
		if i > 0 || len(marks) == 0 {
			l.mu.queueBytes -= int64(len(req.buf))
		}
	}
	l.mu.Unlock()
	for i, req := range l.group {
		req.done <- err
		l.group[i] = nil
	}
	return err
}

// markRequest makes marks a request of their own, the first of its group: a drop that follows in the same group then voids them.
func markRequest(marks map[wal.RegionID]uint64) *request {
	req := &request{buf: make([]byte, 0, len(marks)*encodeBound(0)), done: make(chan error, 1)}
	for r, id := range marks {
		var p placed
		req.buf, p = appendRecord(req.buf, kindObsolete, r, id, nil, false)
		req.recs = append(req.recs, p)
	}
	return req
}

// writeGroup writes the group to the segment and syncs it. After an error the segment is sealed at what counted before.
func (l *Log) writeGroup(seg *segment, size int) error {
	for _, req := range l.group {
		for _, p := range req.recs {
			finishRecord(req.buf[p.start:], seg.header.generation, uint32(seg.durable))
		}
	}
	err := l.writeBytes(seg)
	if err != nil {
		err = storageError(err, "write log segment", seg.path)
		_ = l.syncSegment(seg) // without sync_write: what was acknowledged before shall not be lost with it
	} else if !l.opts.NoSync {
		err = l.sync(seg)
	}
	if err != nil {
		l.suspect(seg, err)
		return err
	}
	l.metrics.written(size)
	return nil
}

// writeBytes puts the group's bytes behind what the segment holds: in one write if they are few, else in writes of about a window.
func (l *Log) writeBytes(seg *segment) error {
	at := seg.length
	put := func(b []byte) error {
		_, err := seg.f.WriteAt(b, at)
		at += int64(len(b))
		return err
	}
	if len(l.group) == 1 {
		return put(l.group[0].buf)
	}
	l.scratch = l.scratch[:0]
	for _, req := range l.group {
		if len(l.scratch) > 0 && len(l.scratch)+len(req.buf) > scanWindow {
			if err := put(l.scratch); err != nil {
				return err
			}
			l.scratch = l.scratch[:0]
		}
		if len(req.buf) > scanWindow {
			if err := put(req.buf); err != nil {
				return err
			}
			continue
		}
		l.scratch = append(l.scratch, req.buf...)
	}
	if len(l.scratch) == 0 {
		return nil
	}
	return put(l.scratch)
}

// indexGroupLocked makes the group part of the log. l.mu held.
func (l *Log) indexGroupLocked(seg *segment, size int) {
	at := seg.length
	for _, req := range l.group {
		for _, p := range req.recs {
			switch p.kind {
			case kindData:
				l.mu.index.add(seg, p.region, p.id, at+int64(p.start), p.size)
			case kindDrop:
				delete(l.mu.marks, p.region)
				if l.mu.index.drop(p.region) {
					wake(l.wakeKeeper)
				}
			}
		}
		at += int64(len(req.buf))
	}
	seg.length += int64(size)
	if !l.opts.NoSync {
		seg.durable = seg.length
	}
}
