//go:build unix

package engine

import (
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/sst"
)

// The load of the time series benchmark suite: machines that report a table of counters every ten seconds.
const (
	cpuTags   = 10
	cpuFields = 10
	cpuTime   = model.ColumnID(1)
	cpuHost   = model.ColumnID(2) // the first tag
	cpuUser   = model.ColumnID(2 + cpuTags)
	cpuStep   = int64(10 * time.Second)
	cpuStart  = int64(1_700_006_400_000_000_000) // the start of an hour
)

var cpuNames = [cpuTags]string{"hostname", "region", "datacenter", "rack", "os", "arch", "team", "service", "service_version", "service_environment"}

func cpuMeta() contract.RegionMeta {
	s := &model.Schema{TimeIndex: cpuTime, NextColumn: 100, Columns: []model.Column{
		{ID: cpuTime, Name: "ts", Type: model.Timestamp(model.Nanosecond), Semantic: model.TimeColumn}}}
	for i, n := range cpuNames {
		id := cpuHost + model.ColumnID(i)
		s.PrimaryKey = append(s.PrimaryKey, id)
		s.Columns = append(s.Columns, model.Column{ID: id, Name: n, Type: model.String, Nullable: true, Semantic: model.TagColumn})
	}
	for i := range cpuFields {
		s.Columns = append(s.Columns, model.Column{ID: cpuUser + model.ColumnID(i), Name: fmt.Sprintf("usage_%d", i), Type: model.Int64, Nullable: true})
	}
	return contract.RegionMeta{ID: region0, Schema: s, Options: contract.RegionOptions{SkipWAL: true, TriggerFileNum: 1000, CompactionWindow: 24 * time.Hour}}
}

// envInt is a size that a benchmark may be given, to be run on more rows than the usual.
func envInt(name string, or int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return or
}

// cpuLoad makes the writes: four groups of hosts, each written by a client of its own, every one of which is a little behind the one before.
type cpuLoad struct {
	hosts int
	dicts [cpuTags]*model.Dict
	codes [cpuTags][]uint32 // per host
	usage []int64           // per host and field: a random walk
	rng   *rand.Rand
}

func newCPULoad(hosts int) *cpuLoad {
	l := &cpuLoad{hosts: hosts, rng: rand.New(rand.NewSource(1)), usage: make([]int64, hosts*cpuFields)}
	cards := [cpuTags]int{hosts, 9, 25, 100, 3, 2, 4, 20, 2, 3}
	for k := range cards {
		l.dicts[k] = &model.Dict{}
		for i := range cards[k] {
			l.dicts[k].AppendString(fmt.Sprintf("%s_%d", cpuNames[k], i))
		}
		l.codes[k] = make([]uint32, hosts)
		for h := range hosts {
			l.codes[k][h] = uint32(l.rng.Intn(cards[k]))
			if k == 0 {
				l.codes[k][h] = uint32(h)
			}
		}
	}
	for i := range l.usage {
		l.usage[i] = int64(l.rng.Intn(101))
	}
	return l
}

// write makes the rows of hosts [from, to) at a step.
func (l *cpuLoad) write(from, to, step int) contract.WriteRequest {
	n := to - from
	b := &model.Batch{Len: n}
	w := contract.RegionWrite{Region: region0, Op: model.OpPut, Rows: b}
	add := func(id model.ColumnID, v *model.Vector) { w.Columns, b.Cols = append(w.Columns, id), append(b.Cols, v) }
	ts := model.NewVector(model.Timestamp(model.Nanosecond), n)
	for range n {
		ts.AppendInt(cpuStart + int64(step)*cpuStep)
	}
	add(cpuTime, ts)
	for k := range cpuTags {
		add(cpuHost+model.ColumnID(k), &model.Vector{Type: model.String, Len: n, Dict: l.dicts[k], Codes: l.codes[k][from:to]})
	}
	for f := range cpuFields {
		v := model.NewVector(model.Int64, n)
		for h := from; h < to; h++ {
			u := &l.usage[h*cpuFields+f]
			*u = min(max(*u+int64(l.rng.Intn(3)-1), 0), 100)
			v.AppendInt(*u)
		}
		add(cpuUser+model.ColumnID(f), v)
	}
	return contract.WriteRequest{Writes: []contract.RegionWrite{w}}
}

// cpuNode is an engine with the load's region, empty.
func cpuNode(b testing.TB) *node {
	b.Helper()
	files, err := sst.NewReader(sst.ReaderOptions{Budget: budget.New(4 << 30)}) // room for everything: queries are measured warm
	if err != nil {
		b.Fatal(err)
	}
	n, err := start(b, vfs.OS(), b.TempDir(), func(o *Options) {
		o.Files.Close()
		o.WriteBufferBytes, o.Files = 8<<30, files
	})
	if err != nil {
		b.Fatal(err)
	}
	n.files = files
	b.Cleanup(func() { _ = n.stop() })
	if err := n.eng.Create(b.Context(), contract.CreateRegion{Meta: cpuMeta(), TableDir: tableDir}); err != nil {
		b.Fatal(err)
	}
	return n
}

// load writes rows of steps [from, to), the later groups of hosts lagging behind.
func (n *node) load(b testing.TB, l *cpuLoad, from, to int) {
	b.Helper()
	const groups, lag = 4, 4
	for step := from; step < to; step++ {
		for g := range groups {
			at := step - g*lag
			if at < 0 {
				continue
			}
			if _, err := n.eng.Write(b.Context(), l.write(l.hosts*g/groups, l.hosts*(g+1)/groups, at)); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkEngineScan asks a region of four files, overlapping a little in time, and half a million rows in memory.
func BenchmarkEngineScan(b *testing.B) {
	const hosts = 4000
	steps := envInt("ENGINE_BENCH_ROWS", 4_000_000) / hosts
	mem := 500_000 / hosts
	n := cpuNode(b)
	l := newCPULoad(hosts)
	for i := range 4 {
		n.load(b, l, (steps-mem)*i/4, (steps-mem)*(i+1)/4)
		if err := n.eng.Flush(b.Context(), region0); err != nil {
			b.Fatal(err)
		}
	}
	n.load(b, l, steps-mem, steps)

	hour, minute := &model.TimeBucket{Width: int64(time.Hour)}, &model.TimeBucket{Width: int64(time.Minute)}
	byHost := model.GroupKey{Column: cpuHost}
	times := func(from, to int) model.TimeRange {
		return model.TimeRange{Start: cpuStart + int64(from)*cpuStep, End: cpuStart + int64(to)*cpuStep}
	}
	end := steps
	all := []model.ColumnID{cpuTime}
	for i := range cpuTags + cpuFields {
		all = append(all, cpuHost+model.ColumnID(i))
	}
	aggs := func(fields int, fs ...model.AggFunc) (out []model.Agg) {
		for i := range fields {
			for _, f := range fs {
				out = append(out, model.Agg{Func: f, Column: cpuUser + model.ColumnID(i)})
			}
		}
		return out
	}
	hostIs := func(n int) *model.Expr {
		e := &model.Expr{Op: model.OpIn, Column: cpuHost}
		for i := range n {
			e.Values = append(e.Values, model.StringValue(fmt.Sprintf("hostname_%d", 17+i*487)))
		}
		return e
	}
	bucketed := func(bucket *model.TimeBucket, keys ...model.GroupKey) []model.GroupKey {
		return append(keys, model.GroupKey{Column: cpuTime, Bucket: bucket})
	}
	double := func(fields int) contract.ScanRequest {
		return contract.ScanRequest{TimeRange: model.AllTime, Aggregate: &model.Aggregate{Keys: bucketed(hour, byHost), Aggs: aggs(fields, model.AggSum, model.AggCount)}}
	}
	hot := model.Compare(model.OpGt, cpuUser, model.IntValue(model.Int64, 90))
	for _, q := range []struct {
		name string
		req  contract.ScanRequest
	}{
		{"single-groupby-1-1-1", contract.ScanRequest{TimeRange: times(100, 460), Predicate: hostIs(1), Aggregate: &model.Aggregate{Keys: bucketed(minute), Aggs: aggs(1, model.AggMax)}}},
		{"single-groupby-1-1-1-newest", contract.ScanRequest{TimeRange: times(end-360, end), Predicate: hostIs(1), Aggregate: &model.Aggregate{Keys: bucketed(minute), Aggs: aggs(1, model.AggMax)}}},
		{"single-groupby-5-8-1", contract.ScanRequest{TimeRange: times(100, 460), Predicate: hostIs(8), Aggregate: &model.Aggregate{Keys: bucketed(minute), Aggs: aggs(5, model.AggMax)}}},
		{"cpu-max-all-8", contract.ScanRequest{TimeRange: times(0, end), Predicate: hostIs(8), Aggregate: &model.Aggregate{Keys: bucketed(hour), Aggs: aggs(10, model.AggMax)}}},
		{"double-groupby-1", double(1)},
		{"double-groupby-5", double(5)},
		{"double-groupby-all", double(10)},
		{"lastpoint", contract.ScanRequest{TimeRange: model.AllTime, LastRow: true, Projection: all}},
		{"lastpoint-last", contract.ScanRequest{TimeRange: model.AllTime, Aggregate: &model.Aggregate{Keys: []model.GroupKey{byHost}, Aggs: aggs(1, model.AggLast)}}},
		{"count", contract.ScanRequest{TimeRange: model.AllTime, Aggregate: &model.Aggregate{Aggs: []model.Agg{{Func: model.AggCountRows}}}}},
		{"newest-5-rows", contract.ScanRequest{TimeRange: times(0, end-1), Order: contract.OrderTimeDesc, Limit: 5, Projection: all}},
		{"orderby-limit", contract.ScanRequest{TimeRange: times(end-360, end-30), Aggregate: &model.Aggregate{Keys: bucketed(minute), Aggs: aggs(1, model.AggMax)}}},
		{"high-cpu-1", contract.ScanRequest{TimeRange: times(0, end), Predicate: model.And(hot, hostIs(1)), Projection: all}},
		{"high-cpu-all", contract.ScanRequest{TimeRange: times(0, end), Predicate: hot, Projection: all}},
		{"series-order", contract.ScanRequest{TimeRange: model.AllTime, Order: contract.OrderSeries, Projection: []model.ColumnID{cpuHost, cpuTime, cpuUser}}},
	} {
		q.req.Region = region0
		b.Run(q.name, func(b *testing.B) {
			if _, err := n.drain(b, q.req); err != nil { // the caches fill
				b.Fatal(err)
			}
			b.ReportAllocs()
			rows := 0
			began := processor()
			for b.Loop() {
				var err error
				if rows, err = n.drain(b, q.req); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rows), "rows")
			b.ReportMetric((processor()-began)*1e3/float64(b.N), "cpu-ms/op")
		})
	}
	// Each query after a write finds rows that nobody has sorted yet.
	b.Run("single-groupby-after-write", func(b *testing.B) {
		step := steps
		req := contract.ScanRequest{Region: region0, TimeRange: times(end-360, end), Predicate: hostIs(1), Aggregate: &model.Aggregate{Keys: bucketed(minute), Aggs: aggs(1, model.AggMax)}}
		for b.Loop() {
			b.StopTimer()
			if _, err := n.eng.Write(b.Context(), l.write(0, 1000, step)); err != nil {
				b.Fatal(err)
			}
			step++
			b.StartTimer()
			if _, err := n.drain(b, req); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// processor is the seconds that all threads together have run: what a busy machine does not distort.
func processor() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

// drain runs a scan and counts its rows.
func (n *node) drain(b testing.TB, req contract.ScanRequest) (rows int, err error) {
	s, err := n.eng.Scan(b.Context(), req)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	for {
		x, err := s.Next(b.Context())
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows += x.Len
	}
}

// BenchmarkFlush writes a memtable of a million rows to a file.
func BenchmarkFlush(b *testing.B) {
	const hosts = 4000
	steps := envInt("ENGINE_BENCH_ROWS", 1_000_000) / hosts
	n := cpuNode(b)
	l := newCPULoad(hosts)
	at, spent := 0, 0.0
	for b.Loop() {
		b.StopTimer()
		n.load(b, l, at, at+steps)
		at += steps
		b.StartTimer()
		began := processor()
		if err := n.eng.Flush(b.Context(), region0); err != nil {
			b.Fatal(err)
		}
		spent += processor() - began
	}
	b.ReportMetric(float64(steps*hosts)*float64(b.N)/spent, "rows/cpu-s")
}

// BenchmarkCompaction merges four files, which overlap a little in time, into one.
func BenchmarkCompaction(b *testing.B) {
	const hosts = 4000
	steps := envInt("ENGINE_BENCH_ROWS", 4_000_000) / hosts
	spent := 0.0
	for b.Loop() {
		b.StopTimer()
		n := cpuNode(b)
		l := newCPULoad(hosts)
		for i := range 4 {
			n.load(b, l, steps*i/4, steps*(i+1)/4)
			if err := n.eng.Flush(b.Context(), region0); err != nil {
				b.Fatal(err)
			}
		}
		st, err := n.eng.Statistics(b.Context(), []model.RegionID{region0})
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(st[0].SSTBytes)
		b.StartTimer()
		began := processor()
		if err := n.eng.Compact(b.Context(), contract.CompactRequest{Region: region0}); err != nil {
			b.Fatal(err)
		}
		spent += processor() - began
		b.StopTimer()
		if st, err = n.eng.Statistics(b.Context(), []model.RegionID{region0}); err != nil || st[0].SSTFiles != 1 {
			b.Fatalf("%d files, %v", st[0].SSTFiles, err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(steps*hosts)*float64(b.N)/spent, "rows/cpu-s")
}
