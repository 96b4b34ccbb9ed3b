package local

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/goptimedb/goptimedb/internal/wal"
)

// keepLoop does what nobody waits for: it removes free segments, gives back the disk behind short ones, keeps a spare file ready,
// and sees that marks get written when nothing else is.
func (l *Log) keepLoop() {
	tick := time.NewTicker(l.opts.PurgeInterval)
	defer tick.Stop()
	spareFailed := false // then the next try waits for the tick
	for first := true; ; first = false {
		ticked := first
		if !first {
			select {
			case <-l.stopKeeper:
				return
			case <-l.wakeKeeper:
			case <-tick.C:
				ticked = true
			}
		}
		start := l.opts.Now()
		if err := l.purge(); err != nil {
			l.opts.Log.Warn("purge log", "error", err)
		}
		l.metrics.purged(l.opts.Now().Sub(start))
		l.trim()
		if !spareFailed || ticked {
			err := l.keepSpare()
			if spareFailed = err != nil; spareFailed {
				l.opts.Log.Warn("make spare log file", "error", err)
			}
		}
		if ticked {
			l.mu.Lock()
			l.mu.flushMarks = l.mu.flushMarks || len(l.mu.marks) > 0
			l.mu.Unlock()
			wake(l.wakeCommit)
		}
	}
}

// purge takes free segments off the front of the log. Each removal is durable before the next: the log never has a gap.
func (l *Log) purge() error {
	for {
		l.mu.Lock()
		if len(l.mu.segments) == 0 {
			l.mu.Unlock()
			return nil
		}
		s := l.mu.segments[0]
		free := s.sealed && s.live == 0 && s.pins == 0
		recycle := !l.opts.NoRecycle && len(l.mu.spares) < l.maxSparesLocked()
		l.mu.Unlock()
		if !free {
			return nil
		}
		// Nobody takes it up again: it is sealed, and replays leave segments without needed entries alone.
		if err := l.unname(s, recycle); err != nil {
			return err
		}
		l.mu.Lock()
		l.mu.segments = l.mu.segments[1:]
		l.mu.index.forget(s)
		if s.spareAs != "" {
			l.mu.spares = append(l.mu.spares, spare{path: s.spareAs, f: s.f})
		}
		n := len(l.mu.segments)
		l.mu.Unlock()
		if s.spareAs == "" {
			s.f.Close()
		}
		l.metrics.segments(n)
	}
}

// unname durably takes a segment's name away: the file becomes a spare, or goes. After an error it is called again.
func (l *Log) unname(s *segment, recycle bool) error {
	if !s.gone {
		if recycle {
			size, err := s.f.Size()
			recycle = err == nil && size >= l.opts.FileSize && size <= 2*l.opts.FileSize
		}
		if recycle {
			s.spareAs = filepath.Join(l.opts.Dir, fmt.Sprintf("%020d%s", l.spareNumber(), spareSuffix))
			if err := l.opts.FS.Rename(s.path, s.spareAs); err != nil {
				s.spareAs = ""
				return err
			}
		} else if err := l.opts.FS.Remove(s.path); err != nil {
			return err
		}
		s.gone = true
	}
	return l.opts.FS.SyncDir(l.opts.Dir)
}

// trim gives back the disk behind segments that were sealed far below their length, as those that were open when a process ended.
// Failing to is no harm.
func (l *Log) trim() {
	l.mu.Lock()
	list := l.mu.trim
	l.mu.trim = nil
	l.mu.Unlock()
	for _, s := range list {
		size, err := s.f.Size()
		if err != nil || s.length >= l.opts.FileSize/4*3 || size <= s.length || s.gone {
			continue
		}
		if err := s.f.Truncate(s.length); err != nil {
			l.opts.Log.Warn("trim log segment", "file", s.path, "error", err)
		}
	}
}

// keepSpare makes a spare file if there is none and the log is in use.
func (l *Log) keepSpare() error {
	l.mu.Lock()
	needed := len(l.mu.spares) == 0 && len(l.mu.segments) > 0 && !l.mu.segments[len(l.mu.segments)-1].sealed && !l.mu.closing
	l.mu.Unlock()
	if !needed {
		return nil
	}
	sp, err := makeSpare(l.opts.FS, l.opts.Dir, l.spareNumber(), l.opts.FileSize, l.opts.Prefill)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.mu.spares = append(l.mu.spares, sp)
	l.mu.Unlock()
	return nil
}

// maxSparesLocked is how many spare files may be kept. l.mu held.
func (l *Log) maxSparesLocked() int {
	return int(max(1, l.opts.PurgeThreshold/l.opts.FileSize-int64(len(l.mu.segments))))
}

// Laggards implements wal.Log.
func (l *Log) Laggards(maxBytes int64) []wal.Laggard {
	l.mu.Lock()
	defer l.mu.Unlock()
	var kept int64
	old := map[*segment]int{}
	for i := len(l.mu.segments) - 1; i >= 0; i-- {
		s := l.mu.segments[i]
		if kept += s.length; kept > maxBytes {
			old[s] = i
		}
	}
	if len(old) == 0 {
		return nil
	}
	return l.mu.index.laggards(old)
}

// Stats implements wal.Log.
func (l *Log) Stats() wal.Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	st := wal.Stats{Segments: len(l.mu.segments), Spares: len(l.mu.spares), QueueBytes: l.mu.queueBytes, Regions: l.mu.index.stats()}
	for _, s := range l.mu.segments {
		st.Bytes += s.length
	}
	return st
}
