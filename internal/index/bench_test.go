package index

import (
	"bytes"
	"context"
	"fmt"
	"math/rand"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/model"
)

const benchRows = 1 << 20

// benchColumn makes rows as files have them: ids that are all different, a tag that changes seldom, a pod among thousands, lines of a log.
func benchColumn(kind string) (cols []*model.Vector, bytes int64) {
	r := rand.New(rand.NewSource(1))
	words := []string{"GET", "POST", "/api/v1/users", "/api/v2/orders", "status=200", "status=500", "connection", "reset", "by", "peer", "timeout", "after",
		"ms", "upstream", "request", "completed", "INFO", "WARN", "cache", "miss", "hit", "shard", "replica", "failed", "retrying"}
	var buf []byte
	for from := 0; from < benchRows; from += 8192 {
		v := model.NewVector(model.String, 8192)
		for i := range 8192 {
			buf = buf[:0]
			switch kind {
			case "ids":
				buf = fmt.Appendf(buf, "%016x%016x", r.Uint64(), r.Uint64())
			case "host":
				buf = fmt.Appendf(buf, "host-%05d", (from+i)/2000)
			case "pods":
				buf = fmt.Appendf(buf, "frontend-%05d-abc", r.Intn(5000))
			case "logs":
				buf = fmt.Appendf(buf, "2026-01-%02dT10:%02d:%02d.%03dZ ", 1+r.Intn(28), r.Intn(60), r.Intn(60), r.Intn(1000))
				for range 8 {
					buf = append(append(buf, words[r.Intn(len(words))]...), ' ')
				}
				buf = fmt.Appendf(buf, "id=%08x took %d", r.Uint32(), r.Intn(5000))
			}
			v.AppendBytes(buf)
			bytes += int64(len(buf))
		}
		cols = append(cols, v)
	}
	return cols, bytes
}

// cpu is the processor time of this process: builds are judged by it, since other work on the machine does not change it.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// counted counts what a reader reads.
type counted struct {
	Bytes
	reads, bytes *atomic.Int64
}

func (c counted) ReadAt(ctx context.Context, off, n int64) ([]byte, error) {
	c.reads.Add(1)
	c.bytes.Add(n)
	return c.Bytes.ReadAt(ctx, off, n)
}

func BenchmarkIndex(b *testing.B) {
	for _, c := range []struct {
		kind Kind
		col  string
		leaf func(cols []*model.Vector, i int) *model.Expr
	}{
		{Inverted, "ids", pick}, {Inverted, "host", pick}, {Inverted, "pods", pick},
		{Skipping, "ids", pick}, {Skipping, "host", pick},
		{FulltextBloom, "logs", term}, {FulltextPostings, "logs", term},
	} {
		b.Run(fmt.Sprintf("%s/%s", c.kind, c.col), func(b *testing.B) {
			cols, raw := benchColumn(c.col)
			var out bytes.Buffer
			b.Run("build", func(b *testing.B) {
				b.SetBytes(raw)
				held, n := int64(0), 0
				before := cpu()
				for b.Loop() {
					n++
					out.Reset()
					w, err := NewBuilder(c.kind, Options{}, model.String, Scratch{MaxBytes: 1 << 30})
					if err != nil {
						b.Fatal(err)
					}
					for _, v := range cols {
						if err := w.Add(v); err != nil {
							b.Fatal(err)
						}
					}
					held = w.MemoryBytes()
					if err := w.Finish(&out); err != nil {
						b.Fatal(err)
					}
					w.Close()
				}
				b.ReportMetric(float64(raw)*float64(n)/(cpu()-before).Seconds()/1e6, "MB/cpu-s")
				b.ReportMetric(float64(out.Len())/benchRows, "B/row")
				b.ReportMetric(float64(held)/(1<<20), "heldMB")
			})
			b.Run("probe", func(b *testing.B) {
				if out.Len() == 0 {
					b.Skip("nothing was built")
				}
				var reads, read atomic.Int64
				rd, err := Open(context.Background(), c.kind, counted{out.Bytes(), &reads, &read})
				if err != nil {
					b.Fatal(err)
				}
				reads.Store(0)
				read.Store(0)
				n, named := 0, 0
				for b.Loop() {
					rows, _, ok, err := rd.Search(context.Background(), c.leaf(cols, n))
					if !ok || err != nil {
						b.Fatal(ok, err)
					}
					named += Rows(rows).Count()
					n++
				}
				b.ReportMetric(float64(reads.Load())/float64(n), "reads/op")
				b.ReportMetric(float64(read.Load())/float64(n), "readB/op")
				b.ReportMetric(float64(named)/float64(n), "rows/op")
				b.ReportMetric(float64(rd.MemoryBytes()), "heldB")
			})
		})
	}
}

func pick(cols []*model.Vector, i int) *model.Expr {
	v := cols[i*7919%len(cols)]
	return model.Compare(model.OpEq, 1, v.At(i*104729%v.Len))
}

func term(cols []*model.Vector, i int) *model.Expr {
	s := cols[i*7919%len(cols)].At(i * 104729 % 8192).Bytes
	at := bytes.Index([]byte(s), []byte("id="))
	return &model.Expr{Op: model.OpMatchesTerm, Column: 1, Pattern: s[at+3 : at+11]}
}
