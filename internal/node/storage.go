package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/kv"
	"github.com/goptimedb/goptimedb/internal/storage/cache"
	"github.com/goptimedb/goptimedb/internal/storage/engine"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
	"github.com/goptimedb/goptimedb/internal/wal"
	"github.com/goptimedb/goptimedb/internal/wal/local"
	"github.com/goptimedb/goptimedb/internal/wal/noop"
)

// regionStorage is the region engine of a process with what it stands on.
type regionStorage struct {
	engine *engine.Engine
	log    wal.Log
	files  *sst.Reader
	stores *stores
}

func openStorage(ctx context.Context, c *config.Standalone, meta kv.Store, mem memory, log *slog.Logger, reg prometheus.Registerer) (_ *regionStorage, err error) {
	s := &regionStorage{} // not the named result: a return of nil would take it from the deferred close
	defer func() {
		if err != nil {
			_ = s.close()
		}
	}()
	caches := cache.NewMetrics(reg)
	if s.stores, err = openStores(ctx, c, meta, mem, log, reg, caches); err != nil {
		return nil, err
	}
	if s.log, err = openLog(ctx, c, log, reg); err != nil {
		return nil, fmt.Errorf("open write-ahead log: %w", err)
	}
	if s.files, err = sst.NewReader(sst.ReaderOptions{Budget: mem.budget, Metrics: caches, Log: log, Registerer: reg,
		Index: indexReading(c.Mito())}); err != nil {
		return nil, err
	}
	m := c.Mito()
	indexes, err := indexMaking(m, mem)
	if err != nil {
		return nil, err
	}
	limit := int64(m.GlobalWriteBufferSize)
	if limit == 0 {
		limit = mem.writeBuffer
	}
	compactionMemory, err := m.CompactionMemory(mem.limit)
	if err != nil {
		return nil, err
	}
	compactionWait, err := m.CompactionWait()
	if err != nil {
		return nil, err
	}
	s.engine = engine.New(engine.Options{
		Store: s.stores.primary, Stores: s.stores.named, PreloadBytes: s.stores.preload, WAL: s.log, Files: s.files,
		Workers: m.NumWorkers, QueueLen: m.WorkerChannelSize, BatchLen: m.WorkerRequestBatchSize,
		FlushJobs: m.MaxBackgroundFlushes, CompactionJobs: m.MaxBackgroundCompactions, AutoFlush: m.AutoFlushInterval.Std(),
		WALPurgeBytes: int64(c.WAL.PurgeThreshold), WriteBufferBytes: limit, WriteBufferRejectBytes: int64(m.GlobalWriteBufferRejectSize),
		RegionBufferBytes: int64(m.DefaultRegionWriteBufferSize) / 2, WriteBufferAccount: mem.budget.Account("write_buffer", budget.Options{}), QueryAccount: mem.queries,
		CheckpointDistance: m.ManifestCheckpointDistance, ScanParallelism: c.Query.Parallelism, Log: log, Metrics: reg, Index: indexes,
		MinCompactionInterval: m.MinCompactionInterval.Std(), CompactionMemoryBytes: compactionMemory, CompactionMemoryWait: compactionWait,
		GC: engine.GCOptions{Disabled: m.GC.Enable != nil && !*m.GC.Enable, Lingering: m.GC.LingeringTime.Std(),
			UnknownLingering: m.GC.UnknownFileLingeringTime.Std(), Regions: m.GC.MaxConcurrentGCJob},
	})
	return s, nil
}

func openLog(ctx context.Context, c *config.Standalone, log *slog.Logger, reg prometheus.Registerer) (wal.Log, error) {
	w := c.WAL
	if strings.EqualFold(w.Provider, "noop") {
		log.Warn("wal.provider is noop: rows that are not flushed are lost when the process ends")
		return &noop.Log{}, nil
	}
	dir, err := filepath.Abs(w.Dir)
	if err != nil {
		return nil, err
	}
	l, err := local.Open(ctx, local.Options{Dir: dir, FileSize: int64(w.FileSize), PurgeThreshold: int64(w.PurgeThreshold), PurgeInterval: w.PurgeInterval.Std(),
		ReadBatchSize: w.ReadBatchSize, NoSync: !w.SyncWrite, SyncPeriod: w.SyncPeriod.Std(), NoRecycle: !w.EnableLogRecycle, Prefill: w.PrefillLogFiles,
		RecoveryParallelism: w.RecoveryParallelism, Log: log, Metrics: reg})
	if err != nil {
		return nil, err // a nil interface, not an interface that holds a nil log
	}
	return l, nil
}

// close stops the engine, then the log that its rows are in. It can be called after half an open.
func (s *regionStorage) close() (err error) {
	if s.engine != nil {
		s.engine.Stop()
	}
	if s.log != nil {
		err = s.log.Close()
	}
	if s.files != nil {
		s.files.Close()
	}
	if s.stores != nil {
		err = errors.Join(err, s.stores.close())
	}
	return err
}
