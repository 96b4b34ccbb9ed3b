// Package local keeps the log in segment files of a folder on a local disk.
//
// All regions share the segments, so that one write and one sync serve all of them. The way of an append:
//
//	Append        the caller encodes, compresses and sums its entries, outside of any lock, and queues them
//	commit        one goroutine takes all that is queued, completes the record headers, and writes it with one write and one sync;
//	              meanwhile the next group gathers. Then it answers every caller of the group
//	rotate        a full segment is sealed, and the next one begins, in a recycled file if there is one: overwriting blocks that
//	              exist lets a sync do without a change of metadata, which halves its time
//	purge         segments whose entries are all obsolete go, oldest first, and become spare files
//
// What makes a segment trustworthy (bytes: docs/formats/wal.md):
//
//   - Every record carries the generation of its segment, a random number, so that what a recycled file held before is no record.
//   - Every record says up to where the segment was durable when it was written. A hole followed by a record that says the hole had
//     been durable is damage, and an error; any other hole is the torn end of a write that no caller was told had succeeded.
//   - The header of each segment says at which length the segment before was sealed. All before it counts, nothing behind it does.
//     So after a failed write or sync the segment is sealed at what is known to be durable and never trusted further, and the
//     log goes on in a new file; a sync that failed is never repeated on the same file, because it would succeed without having
//     written anything.
//
// A log never appends to a segment that an earlier process wrote.
package local

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/wal"
)

// Options of a log. Zero fields get the defaults.
type Options struct {
	// Dir holds the segments and nothing else; it is made if missing. One process at a time uses it, which the caller sees to.
	Dir string
	// FS is the file system. Nil: the operating system's.
	FS vfs.FS
	// FileSize is the length of a segment, in bytes. Larger means rarer rotation and coarser truncation. Zero: 128 MiB.
	FileSize int64
	// PurgeThreshold bounds, in bytes, the disk that spare files may take together with the segments. It is also the size that
	// callers of Laggards usually ask about. Zero: 1 GiB.
	PurgeThreshold int64
	// PurgeInterval is the time between looks for work left behind: marks to write, files to remove. Zero: 1 minute.
	PurgeInterval time.Duration
	// ReadBatchSize is the most entries that a replay reads at once. Zero: 128.
	ReadBatchSize int
	// NoSync acknowledges before the sync, which then happens every SyncPeriod: a power cut loses up to that much.
	NoSync bool
	// SyncPeriod is the time between syncs with NoSync. Zero: 5 seconds.
	SyncPeriod time.Duration
	// NoRecycle removes segments instead of keeping them as spare files.
	NoRecycle bool
	// Prefill writes zeros to new spare files, so that the first pass over a file syncs as fast as later ones.
	Prefill bool
	// NoCompress stores payloads as they are. Compression costs about a second of one core for 1.5 GB.
	NoCompress bool
	// RecoveryParallelism is the number of segments that are read at once when the log opens. Zero: 2.
	RecoveryParallelism int
	// QueueBytes bounds appends that wait or are being written, in bytes; further callers wait. Zero: 64 MiB.
	QueueBytes int64
	// Log takes what background work has to tell. Nil: nothing is told.
	Log *slog.Logger
	// Metrics takes the log's metrics. Nil: none.
	Metrics prometheus.Registerer
	// Rand gives the generations of segments. Nil: crypto/rand.
	Rand func() uint64
	// Now is the clock of the metrics. Nil: time.Now.
	Now func() time.Time
}

func (o *Options) setDefaults() error {
	def := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	def(&o.FileSize, 128<<20)
	def(&o.PurgeThreshold, 1<<30)
	def((*int64)(&o.PurgeInterval), int64(time.Minute))
	def((*int64)(&o.SyncPeriod), int64(5*time.Second))
	def(&o.QueueBytes, 64<<20)
	if o.ReadBatchSize == 0 {
		o.ReadBatchSize = 128
	}
	if o.RecoveryParallelism == 0 {
		o.RecoveryParallelism = 2
	}
	if o.FS == nil {
		o.FS = vfs.OS()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Rand == nil {
		o.Rand = randomGeneration
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(o.Dir == "", "wal dir is empty")
	fault(o.FileSize < 4*headerSize || o.FileSize > 2<<30, "wal file_size %d is not between 16 KiB and 2 GiB", o.FileSize)
	fault(o.PurgeThreshold < 0, "wal purge_threshold %d is negative", o.PurgeThreshold)
	fault(o.PurgeInterval < 0, "wal purge_interval %s is negative", o.PurgeInterval)
	fault(o.SyncPeriod < 0, "wal sync_period %s is negative", o.SyncPeriod)
	fault(o.ReadBatchSize < 0, "wal read_batch_size %d is negative", o.ReadBatchSize)
	fault(o.RecoveryParallelism < 0, "wal recovery_parallelism %d is negative", o.RecoveryParallelism)
	fault(o.QueueBytes < 0, "wal queue of %d bytes is negative", o.QueueBytes)
	if err := errors.Join(faults...); err != nil {
		return errs.Wrap(errs.InvalidArguments, err, "log options")
	}
	return nil
}

func randomGeneration() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}

// Log is the log in a folder. It implements wal.Log.
type Log struct {
	opts    Options
	metrics *metrics
	room    *semaphore.Weighted // QueueBytes
	reqs    sync.Pool           // *request
	bufs    sync.Pool           // *replayBuf

	wakeCommit chan struct{} // capacity 1: something is queued, or the log closes
	wakeKeeper chan struct{} // capacity 1: a segment became free, or spares are short
	stopKeeper chan struct{}
	committer  sync.WaitGroup
	keeper     sync.WaitGroup

	mu struct {
		sync.Mutex
		closing   bool
		closeErr  error
		closeDone chan struct{}

		queue      []*request
		queueBytes int64 // of queued and running requests
		flushMarks bool  // the committer writes marks even if nothing is queued

		index    index
		marks    map[wal.RegionID]uint64 // not yet in the log
		segments []*segment              // oldest first; the last one is being written unless sealed
		spares   []spare                 // the last one is used first
		trim     []*segment              // perhaps sealed far below their file's length
		spareSeq uint64                  // the last number given to a spare file
	}

	// Used by the committer only.
	group   []*request
	scratch []byte
	nextSeq uint64
	floors  map[wal.RegionID]uint64 // per group: the ids that the group's next entries must exceed
}

var _ wal.Log = (*Log)(nil)

// Open reads the segments of a folder, which takes as long as reading their bytes once, and starts the log. ctx ends the reading.
// Damage is a *wal.CorruptError. The torn end of the newest segment is left out, with a line in the log.
func Open(ctx context.Context, opts Options) (*Log, error) {
	if err := opts.setDefaults(); err != nil {
		return nil, err
	}
	l := &Log{
		opts:       opts,
		room:       semaphore.NewWeighted(opts.QueueBytes),
		wakeCommit: make(chan struct{}, 1),
		wakeKeeper: make(chan struct{}, 1),
		stopKeeper: make(chan struct{}),
		nextSeq:    1,
		floors:     map[wal.RegionID]uint64{},
	}
	l.reqs.New = func() any { return &request{done: make(chan error, 1)} }
	l.bufs.New = func() any { return &replayBuf{} }
	l.mu.index = newIndex()
	l.mu.marks = map[wal.RegionID]uint64{}
	l.mu.closeDone = make(chan struct{})
	var err error
	if l.metrics, err = newMetrics(opts.Metrics); err != nil {
		return nil, err
	}
	if err := l.recover(ctx); err != nil {
		l.closeFiles()
		l.metrics.unregister()
		return nil, fmt.Errorf("open log %s: %w", opts.Dir, vfs.Coded(err))
	}
	l.committer.Go(l.commitLoop)
	l.keeper.Go(l.keepLoop)
	return l, nil
}

// Close implements wal.Log.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.mu.closing {
		done := l.mu.closeDone
		l.mu.Unlock()
		<-done
		return l.mu.closeErr
	}
	l.mu.closing = true
	l.mu.Unlock()

	wake(l.wakeCommit)
	l.committer.Wait() // it writes what is queued, then the marks
	close(l.stopKeeper)
	l.keeper.Wait()
	l.closeFiles()
	l.metrics.unregister()
	close(l.mu.closeDone)
	return l.mu.closeErr
}

func (l *Log) closeFiles() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.mu.segments {
		// A replay may still read the file; its read then fails, and the replay says that the log is closed.
		s.f.Close()
	}
	for _, sp := range l.mu.spares {
		sp.f.Close()
	}
}

// wake fills a channel of capacity one.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
