//go:build unix

package sst

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand"
	"syscall"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// cpuSchema is the shape of the common cpu benchmark: one host tag and some more that depend on it, ten fields.
func cpuSchema(field model.Type) *model.Schema {
	s := &model.Schema{Version: 1, TimeIndex: 1}
	add := func(name string, t model.Type, sem model.Semantic) {
		id := model.ColumnID(len(s.Columns) + 1)
		s.Columns = append(s.Columns, model.Column{ID: id, Name: name, Type: t, Nullable: sem != model.TimeColumn, Semantic: sem})
		if sem == model.TagColumn {
			s.PrimaryKey = append(s.PrimaryKey, id)
		}
		s.NextColumn = id + 1
	}
	add("ts", model.Timestamp(model.Millisecond), model.TimeColumn)
	for _, n := range []string{"hostname", "region", "datacenter", "rack", "os", "arch", "team", "service", "service_version", "service_environment"} {
		add(n, model.String, model.TagColumn)
	}
	for i := range 10 {
		add(fmt.Sprintf("usage_%d", i), field, model.FieldColumn)
	}
	return s
}

// cpuBatch is hosts × per rows of random walks between 0 and 100, a reading every 10 s, all hosts' readings in turn. noise adds digits
// to floats.
func cpuBatch(s *model.Schema, hosts, per int, noise bool) *Batch {
	r := rand.New(rand.NewSource(42))
	ids, types := series.TagsOf(s)
	tb := series.NewBuilder(ids, types)
	b := &Batch{Rows: hosts * per}
	for h := range hosts {
		tb.AppendRun([][]byte{fmt.Appendf(nil, "host_%05d", h), fmt.Appendf(nil, "region_%d", h%9), fmt.Appendf(nil, "dc_%d", h%30),
			fmt.Appendf(nil, "%d", h%100), []byte("Ubuntu16.10"), []byte("x64"), fmt.Appendf(nil, "team_%d", h%5),
			fmt.Appendf(nil, "%d", h%20), fmt.Appendf(nil, "%d", h%2), []byte("production")}, per)
		b.Runs = append(b.Runs, Run{uint32(h), h * per, (h + 1) * per})
		for i := range per {
			b.Time = append(b.Time, 1_700_000_000_000+int64(i)*10_000)
			b.Seq = append(b.Seq, int64(i*hosts+h))
		}
	}
	var err error
	if b.Table, err = tb.Finish(); err != nil {
		panic(err)
	}
	for _, c := range s.Fields() {
		v := model.NewVector(c.Type, b.Rows)
		for range hosts {
			x := r.Float64() * 100
			for range per {
				x = min(100, max(0, x+r.NormFloat64()))
				switch {
				case c.Type.Class() == model.ClassInt:
					v.AppendInt(int64(x))
				case noise:
					v.AppendFloat(x)
				default:
					v.AppendFloat(math.Trunc(x))
				}
			}
		}
		b.Fields = append(b.Fields, v)
	}
	return b
}

// cpuTime is the processor time that the process has used: on a busy machine the clock on the wall says little.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// reportCPU reports rows (of one iteration) per second of processor time since begin.
func reportCPU(b *testing.B, begin time.Duration, rows int, unit string) {
	b.ReportMetric(float64(rows)*float64(b.N)/(cpuTime()-begin).Seconds()/1e6, unit)
}

var benchShapes = []struct {
	name  string
	typ   model.Type
	noise bool
}{{"int", model.Int64, false}, {"wholefloat", model.Float64, false}, {"float", model.Float64, true}}

func BenchmarkWrite(b *testing.B) {
	for _, sh := range benchShapes {
		for _, size := range [][2]int{{4000, 100}, {100, 4000}} {
			b.Run(fmt.Sprintf("%s/%dx%d", sh.name, size[0], size[1]), func(b *testing.B) {
				s := cpuSchema(sh.typ)
				batch := cpuBatch(s, size[0], size[1], sh.noise)
				var info Info
				begin := cpuTime()
				for b.Loop() {
					w, err := NewWriter(io.Discard, s, WriterOptions{})
					if err == nil {
						err = w.Append(batch)
					}
					if err == nil {
						info, err = w.Finish()
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				reportCPU(b, begin, batch.Rows, "Mrows/cpu-s")
				b.ReportMetric(float64(info.Bytes)/float64(batch.Rows)/10, "B/value")
				b.ReportMetric(float64(info.Columns[10].Compressed)/float64(batch.Rows), "B/field")
			})
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, sh := range benchShapes {
		s := cpuSchema(sh.typ)
		batch := cpuBatch(s, 100, 4000, sh.noise)
		var out bytes.Buffer
		w, _ := NewWriter(&out, s, WriterOptions{})
		if err := w.Append(batch); err != nil {
			b.Fatal(err)
		}
		info, err := w.Finish()
		if err != nil {
			b.Fatal(err)
		}
		r := newReader(b)
		f, err := r.Open(context.Background(), "f", memBlob(out.Bytes()), nil)
		if err != nil {
			b.Fatal(err)
		}
		src := f.View(s, nil)
		cols := map[string]model.ColumnID{"field": 15}
		if sh.name == "int" {
			cols["time"], cols["tag"], cols["seq"] = 1, 2, model.ColumnSequence
		}
		for name, id := range cols {
			enc := ""
			for _, c := range info.Columns {
				if c.ID == id {
					enc = fmt.Sprint(c.Encodings)
				}
			}
			b.Run(sh.name+"/"+name+enc, func(b *testing.B) {
				begin := cpuTime()
				for b.Loop() {
					r.chunks.Shrink(1 << 40)
					for c := range len(src.Chunks()) - 1 {
						if _, err := src.Chunk(context.Background(), id, c, 0, src.Chunks()[c+1]-src.Chunks()[c]); err != nil {
							b.Fatal(err)
						}
					}
				}
				reportCPU(b, begin, batch.Rows, "Mvalues/cpu-s")
			})
		}
	}
}

// One page of each chunk, where nothing of the file is in the cache: what point queries of data larger than memory do.
func BenchmarkDecodeOnePage(b *testing.B) {
	s := cpuSchema(model.Float64)
	batch := cpuBatch(s, 100, 4000, true)
	var out bytes.Buffer
	w, _ := NewWriter(&out, s, WriterOptions{})
	if err := w.Append(batch); err != nil {
		b.Fatal(err)
	}
	if _, err := w.Finish(); err != nil {
		b.Fatal(err)
	}
	r := newReader(b)
	f, err := r.Open(context.Background(), "f", memBlob(out.Bytes()), nil)
	if err != nil {
		b.Fatal(err)
	}
	src := f.View(s, nil)
	begin := cpuTime()
	for b.Loop() {
		r.chunks.Shrink(1 << 40)
		for c := range len(src.Chunks()) - 1 {
			if _, err := src.Chunk(context.Background(), 15, c, 5000, 5001); err != nil {
				b.Fatal(err)
			}
		}
	}
	reportCPU(b, begin, len(src.Chunks())-1, "Mpages/cpu-s")
}

// The series table of a file, from its tag columns.
func BenchmarkRebuildSeries(b *testing.B) {
	s := cpuSchema(model.Int64)
	batch := cpuBatch(s, 4000, 100, false)
	var out bytes.Buffer
	w, _ := NewWriter(&out, s, WriterOptions{})
	if err := w.Append(batch); err != nil {
		b.Fatal(err)
	}
	if _, err := w.Finish(); err != nil {
		b.Fatal(err)
	}
	r := newReader(b)
	f, err := r.Open(context.Background(), "f", memBlob(out.Bytes()), nil)
	if err != nil {
		b.Fatal(err)
	}
	begin := cpuTime()
	for b.Loop() {
		if _, err := f.rebuildTable(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	reportCPU(b, begin, batch.Rows, "Mrows/cpu-s")
}

func BenchmarkOpen(b *testing.B) {
	s := cpuSchema(model.Int64)
	batch := cpuBatch(s, 4000, 250, false)
	var out bytes.Buffer
	w, _ := NewWriter(&out, s, WriterOptions{})
	if err := w.Append(batch); err != nil {
		b.Fatal(err)
	}
	if _, err := w.Finish(); err != nil {
		b.Fatal(err)
	}
	begin := cpuTime()
	for b.Loop() {
		if _, err := readMeta(context.Background(), "f", memBlob(out.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
	reportCPU(b, begin, 1, "Mopens/cpu-s")
}

// One row of each of many series, as a minute of a large fleet brings.
func BenchmarkWriteSeries(b *testing.B) {
	s := &model.Schema{Version: 1, TimeIndex: 1, NextColumn: 6, PrimaryKey: []model.ColumnID{2, 3, 4}, Columns: []model.Column{
		{ID: 1, Name: "ts", Type: model.Timestamp(model.Millisecond), Semantic: model.TimeColumn},
		{ID: 2, Name: "namespace", Type: model.String, Nullable: true, Semantic: model.TagColumn},
		{ID: 3, Name: "node", Type: model.String, Nullable: true, Semantic: model.TagColumn},
		{ID: 4, Name: "pod", Type: model.String, Nullable: true, Semantic: model.TagColumn},
		{ID: 5, Name: "value", Type: model.Float64, Nullable: true}}}
	const n = 500_000
	ids, types := series.TagsOf(s)
	tb := series.NewBuilder(ids, types)
	batch := &Batch{Rows: n, Fields: []*model.Vector{model.NewVector(model.Float64, n)}}
	for i := range n {
		// In order by namespace and node, and the pods of a node are anywhere among all.
		tb.AppendRun([][]byte{fmt.Appendf(nil, "ns-%03d", i/5000), fmt.Appendf(nil, "node-%04d", i/500%1000), fmt.Appendf(nil, "pod-%03d-%06d", i%500, i*7919%n)}, 1)
		batch.Runs = append(batch.Runs, Run{uint32(i), i, i + 1})
		batch.Time, batch.Seq = append(batch.Time, 1_700_000_000_000+int64(i%60_000)), append(batch.Seq, int64(i*7919%n))
		batch.Fields[0].AppendFloat(float64(i % 1000))
	}
	var err error
	if batch.Table, err = tb.Finish(); err != nil {
		b.Fatal(err)
	}
	begin := cpuTime()
	for b.Loop() {
		w, err := NewWriter(io.Discard, s, WriterOptions{})
		if err == nil {
			err = w.Append(batch)
		}
		if err == nil {
			_, err = w.Finish()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	reportCPU(b, begin, n, "Mrows/cpu-s")
}
