//go:build unix

package engine

import (
	"errors"
	"fmt"
	"io"
	"math/rand"
	"syscall"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Columns of the log table: ts, service (tag), trace_id, message.
const (
	logTime model.ColumnID = iota + 1
	logService
	logTrace
	logMessage
)

func logMeta(trace, message map[string]string) contract.RegionMeta {
	return contract.RegionMeta{ID: region0, Options: contract.RegionOptions{Merge: contract.MergeAppend, SkipWAL: true, TriggerFileNum: 1000}, Schema: &model.Schema{
		PrimaryKey: []model.ColumnID{logService}, TimeIndex: logTime, NextColumn: 5,
		Columns: []model.Column{
			{ID: logTime, Name: "ts", Type: model.Timestamp(model.Nanosecond), Semantic: model.TimeColumn},
			{ID: logService, Name: "service", Type: model.String, Nullable: true, Semantic: model.TagColumn},
			{ID: logTrace, Name: "trace_id", Type: model.String, Nullable: true, Options: trace},
			{ID: logMessage, Name: "message", Type: model.String, Nullable: true, Options: message},
		}}}
}

// traceOf is the id of a trace: 32 hex digits that tell nothing of their neighbours.
func traceOf(i int) string {
	x := uint64(i)*0x9e3779b97f4a7c15 + 1
	x ^= x >> 31
	y := x * 0xbf58476d1ce4e5b9
	return fmt.Sprintf("%016x%016x", x*0x94d049bb133111eb, y^y>>27)
}

const rowsPerTrace = 5

// loadLogs writes rows of 40 services, five a trace, a message of about 100 bytes each with the trace's id in it, and flushes them.
func loadLogs(b testing.TB, n *node, rows int) {
	verbs, rnd := []string{"GET", "POST", "PUT"}, rand.New(rand.NewSource(1))
	const step = 8192
	services := &model.Dict{}
	for i := range 40 {
		services.AppendString(fmt.Sprintf("service-%02d", i))
	}
	for from := 0; from < rows; from += step {
		m := min(step, rows-from)
		batch := &model.Batch{Len: m, Cols: []*model.Vector{model.NewVector(model.Timestamp(model.Nanosecond), m), {Type: model.String, Len: m, Dict: services},
			model.NewVector(model.String, m), model.NewVector(model.String, m)}}
		for i := from; i < from+m; i++ {
			trace := traceOf(i / rowsPerTrace)
			batch.Cols[0].AppendInt(1_700_000_000_000_000_000 + int64(i)*1_000_000)
			batch.Cols[1].Codes = append(batch.Cols[1].Codes, uint32(rnd.Intn(40)))
			batch.Cols[2].AppendString(trace)
			batch.Cols[3].AppendString(fmt.Sprintf("%s /api/v1/items/%d status=%d took=%dms trace=%s", verbs[rnd.Intn(3)], rnd.Intn(100000), 200+rnd.Intn(5)*100, rnd.Intn(3000), trace))
		}
		if _, err := n.eng.Write(b.Context(), contract.WriteRequest{Writes: []contract.RegionWrite{{Region: region0, Op: model.OpPut,
			Columns: []model.ColumnID{logTime, logService, logTrace, logMessage}, Rows: batch}}}); err != nil {
			b.Fatal(err)
		}
	}
	if err := n.eng.Flush(b.Context(), region0); err != nil {
		b.Fatal(err)
	}
}

// processorTime is what the process has used so far: of a search on a busy machine it says more than the clock.
func processorTime(b testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkNeedle looks for one trace among many log rows: by its id, or by a word of the message.
//
//	go test -run - -bench Needle -benchtime 20x ./internal/storage/engine
//	ENGINE_BENCH_ROWS=20000000 go test -run - -bench Needle -timeout 1h ./internal/storage/engine
func BenchmarkNeedle(b *testing.B) {
	rows := envInt("ENGINE_BENCH_ROWS", 1_000_000)
	on := func(kind string, more ...string) map[string]string {
		m := map[string]string{kind: "true"}
		for i := 0; i < len(more); i += 2 {
			m[kind+"."+more[i]] = more[i+1]
		}
		return m
	}
	for _, c := range []struct {
		name           string
		trace, message map[string]string
		byWord         bool
	}{
		{"trace/none", nil, nil, false},
		{"trace/skipping", on("skipping_index"), nil, false},
		{"trace/inverted", on("inverted_index"), nil, false},
		{"message/none", nil, nil, true},
		{"message/fulltext_bloom", nil, on("fulltext_index", "backend", "bloom"), true},
		{"message/fulltext_postings", nil, on("fulltext_index", "backend", "tantivy"), true},
	} {
		b.Run(c.name, func(b *testing.B) {
			n, err := start(b, vfs.OS(), b.TempDir(), nil)
			if err != nil {
				b.Fatal(err)
			}
			defer n.stop()
			if err := n.eng.Create(b.Context(), contract.CreateRegion{Meta: logMeta(c.trace, c.message), TableDir: tableDir}); err != nil {
				b.Fatal(err)
			}
			began := time.Now()
			loadLogs(b, n, rows)
			load := time.Since(began)
			st, err := n.eng.Statistics(b.Context(), []model.RegionID{region0})
			if err != nil {
				b.Fatal(err)
			}
			search := func(i int) contract.ScanStats {
				trace := traceOf(i * 7919 % (rows / rowsPerTrace))
				pred := model.Compare(model.OpEq, logTrace, model.StringValue(trace))
				if c.byWord {
					pred = &model.Expr{Op: model.OpMatchesTerm, Column: logMessage, Pattern: trace}
				}
				s, err := n.eng.Scan(b.Context(), contract.ScanRequest{Region: region0, TimeRange: model.AllTime, Predicate: pred,
					Projection: []model.ColumnID{logTime, logService, logTrace, logMessage}})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				got := 0
				for {
					x, err := s.Next(b.Context())
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						b.Fatal(err)
					}
					got += x.Len
				}
				if got != rowsPerTrace {
					b.Fatalf("%d rows of trace %s", got, trace)
				}
				return s.Stats()
			}
			cold := func() {
				if err := n.eng.Close(b.Context(), region0); err != nil {
					b.Fatal(err)
				}
				if err := n.eng.Open(b.Context(), contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(0, "ns/op")
			for _, warm := range []bool{false, true} {
				var took, cpu time.Duration
				var scanned int64
				search(0)
				for i := range b.N {
					if !warm {
						cold()
					}
					t, used := time.Now(), processorTime(b)
					stats := search(i + 1)
					took += time.Since(t)
					cpu += processorTime(b) - used
					scanned += stats.RowsScanned
				}
				name := map[bool]string{false: "cold-ms", true: "warm-ms"}[warm]
				b.ReportMetric(float64(took.Microseconds())/1000/float64(b.N), name)
				b.ReportMetric(float64(cpu.Microseconds())/1000/float64(b.N), "cpu-"+name)
				b.ReportMetric(float64(scanned)/float64(b.N), "scanned-rows")
			}
			b.ReportMetric(load.Seconds(), "load-s")
			b.ReportMetric(float64(st[0].SSTBytes)/1e6, "data-MB")
			b.ReportMetric(float64(st[0].IndexBytes)/1e6, "index-MB")
		})
	}
}
