package node

import (
	"log/slog"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/units"
	"github.com/goptimedb/goptimedb/internal/catalog/infoschema"
)

// memory is how the process's memory is divided.
//
//	limit                      what the process should not exceed
//	├─ relational  a fifth     DuckDB's, outside of Go's heap
//	├─ budget      half        memtables, decoded columns, file metadata, series tables: whatever registers with it
//	│  └─ writeBuffer          what of it memtables may take before writers wait
//	└─ the rest                requests, queries in Go, and the garbage collector's head room
type memory struct {
	limit       int64
	relational  int64
	writeBuffer int64
	insertHold  int64 // what one INSERT … SELECT may hold, of queries
	budget      *budget.Budget
	queries     *budget.Account // of budget: what queries hold
}

const (
	fallbackMemory = 4 << 30  // where neither the cgroup nor the system says how much there is
	maxWriteBuffer = 1 << 30  // larger memtables only make flushes and restarts longer
	maxInsertHold  = 64 << 20 // several may run at once
)

func divideMemory(c *config.Standalone, log *slog.Logger) (memory, error) {
	m := memory{limit: int64(c.Memory.Limit)}
	if m.limit == 0 {
		total, err := memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)()
		if err != nil || total == 0 {
			log.Warn("the machine's memory is not known; set memory.limit", "assumed", units.Size(fallbackMemory))
			total = fallbackMemory
		}
		m.limit = int64(total / 2)
	}
	pool, err := poolSize(c.Query.MemoryPoolSize, m.limit)
	if err != nil {
		return m, err
	}
	m.relational = min(pool, m.limit/5)
	m.budget = budget.New(m.limit / 2)
	m.queries = m.budget.Account("queries", budget.Options{})
	m.writeBuffer = min(m.limit/4, maxWriteBuffer)
	m.insertHold = min(m.limit/32, maxInsertHold)
	// A soft limit: near it the collector works harder instead of letting the heap double.
	debug.SetMemoryLimit(m.limit - m.relational)
	return m, nil
}

// show makes information_schema.memory_usage tell of the budget, and of what is outside of it.
func (m memory) show(s *infoschema.Source) {
	s.Memory = func() []budget.Usage {
		heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(heap)
		used := int64(0)
		for _, a := range m.budget.Accounts() {
			used += a.Used
		}
		return append(m.budget.Accounts(),
			budget.Usage{Name: "total:budget", Used: used, Hard: m.budget.Total()},
			budget.Usage{Name: "total:go_heap", Used: int64(heap[0].Value.Uint64()), Soft: m.limit - m.relational}, // with all of the budget, and requests and queries
			budget.Usage{Name: "total:relational", Used: -1, Hard: m.relational})
	}
}

// poolSize reads query.memory_pool_size: a size, or a percentage of limit. 0 means no limit of its own.
func poolSize(s string, limit int64) (int64, error) {
	if p, ok := strings.CutSuffix(strings.TrimSpace(s), "%"); ok {
		n, err := strconv.ParseFloat(p, 64)
		if err != nil || n <= 0 || n > 100 {
			return 0, errs.New(errs.InvalidArguments, "query.memory_pool_size: %q is not a percentage", s)
		}
		return int64(float64(limit) * n / 100), nil
	}
	n, err := units.ParseSize(s)
	if err != nil {
		return 0, errs.Wrap(errs.InvalidArguments, err, "query.memory_pool_size")
	}
	if n == 0 {
		return limit, nil
	}
	return int64(n), nil
}
