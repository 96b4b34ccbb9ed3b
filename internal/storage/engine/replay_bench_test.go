package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/wal/local"
)

// logLines is a write of log lines of forty services in turn, each with the id of a trace and a text.
func logLines(rng *rand.Rand, n int, start int64) contract.WriteRequest {
	ts, service := model.NewVector(model.Timestamp(model.Nanosecond), n), model.NewVector(model.String, n)
	trace, message := model.NewVector(model.String, n), model.NewVector(model.String, n)
	id := fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64())
	for i := range n {
		if i%5 == 0 {
			id = fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64())
		}
		ts.AppendInt(start + int64(i))
		service.AppendBytes(fmt.Appendf(nil, "service-%d", rng.IntN(40)))
		trace.AppendBytes([]byte(id))
		message.AppendBytes(fmt.Appendf(nil, "GET /api/v1/items/%d status=%d took=%dms trace=%s", rng.IntN(100_000), 200+100*rng.IntN(5), rng.IntN(3000), id))
	}
	return contract.WriteRequest{Writes: []contract.RegionWrite{{Region: region0, Op: model.OpPut, Columns: []model.ColumnID{1, 2, 3, 4},
		Rows: &model.Batch{Len: n, Cols: []*model.Vector{ts, service, trace, message}}}}}
}

// BenchmarkReplay opens a region whose log holds a million log lines.
func BenchmarkReplay(b *testing.B) {
	const rows, batch = 1_000_000, 4000
	dir := b.TempDir()
	begin := func() *node {
		n, err := start(b, vfs.OS(), dir, func(o *Options) {
			_ = o.WAL.Close()
			l, err := local.Open(b.Context(), local.Options{Dir: dir + "/wal", NoSync: true})
			if err != nil {
				b.Fatal(err)
			}
			o.WAL, o.WriteBufferBytes = l, 8<<30
		})
		if err != nil {
			b.Fatal(err)
		}
		n.log = n.eng.opts.WAL
		return n
	}
	n := begin()
	schema := &model.Schema{TimeIndex: 1, NextColumn: 5, PrimaryKey: []model.ColumnID{2}, Columns: []model.Column{
		{ID: 1, Name: "ts", Type: model.Timestamp(model.Nanosecond), Semantic: model.TimeColumn},
		{ID: 2, Name: "service", Type: model.String, Nullable: true, Semantic: model.TagColumn},
		{ID: 3, Name: "trace_id", Type: model.String, Nullable: true}, {ID: 4, Name: "message", Type: model.String, Nullable: true}}}
	if err := n.eng.Create(b.Context(), contract.CreateRegion{Meta: contract.RegionMeta{ID: region0, Schema: schema, Options: contract.RegionOptions{Merge: contract.MergeAppend}}, TableDir: tableDir}); err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for at := 0; at < rows; at += batch {
		if _, err := n.eng.Write(b.Context(), logLines(rng, batch, int64(at)*1_000_000)); err != nil {
			b.Fatal(err)
		}
	}
	if err := n.stop(); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		n := begin()
		if err := n.eng.Open(b.Context(), contract.OpenRegion{ID: region0, TableDir: tableDir}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := n.stop(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
