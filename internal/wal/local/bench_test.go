package local

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand"
	"sync"
	"testing"

	"github.com/goptimedb/goptimedb/internal/wal"
)

// columns makes a payload like a batch of metrics: a time column, ten columns of doubles that wander by whole numbers.
func columns(n int) []byte {
	rng := rand.New(rand.NewSource(1))
	rows := n / 88
	b := make([]byte, 0, n)
	for i := range rows {
		b = binary.LittleEndian.AppendUint64(b, uint64(1_700_000_000_000+i/100*10_000))
	}
	for range 10 {
		v := 50.0
		for range rows {
			v += math.Round(rng.NormFloat64())
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	}
	return append(b, make([]byte, n-len(b))...)
}

// noise is a payload that does not compress.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.New(rand.NewSource(1)).Read(b)
	return b
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		name    string
		payload []byte
	}{{"1KB", columns(1 << 10)}, {"100KB", columns(100 << 10)}, {"100KBnoise", noise(100 << 10)}} {
		for _, writers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/writers=%d", c.name, writers), func(b *testing.B) {
				l := mustOpen(b, Options{Dir: b.TempDir()})
				defer l.Close()
				b.SetBytes(int64(len(c.payload)))
				b.ReportAllocs()
				b.ResetTimer()
				var wg sync.WaitGroup
				for w := range writers {
					wg.Go(func() {
						entries := []wal.Entry{{Region: wal.RegionID(w), Payload: c.payload}}
						for i := w; i < b.N; i += writers {
							entries[0].ID++
							if err := l.Append(context.Background(), entries); err != nil {
								b.Error(err)
								return
							}
							if entries[0].ID%256 == 0 {
								_ = l.Obsolete(context.Background(), entries[0].Region, entries[0].ID)
							}
						}
					})
				}
				wg.Wait()
			})
		}
	}
}

// BenchmarkReplay opens a log of 1 GiB of 100 regions and replays all of them, two at a time. The payloads do not compress.
func BenchmarkReplay(b *testing.B) {
	for _, size := range []int{1 << 10, 100 << 10} {
		b.Run(fmt.Sprintf("payload=%dKB", size>>10), func(b *testing.B) {
			o := Options{Dir: b.TempDir(), NoSync: true}
			l := mustOpen(b, o)
			const total, regions = 1 << 30, 100
			var batch []wal.Entry
			p := noise(size)
			for i := range total / size {
				batch = append(batch, wal.Entry{Region: wal.RegionID(i % regions), ID: uint64(i/regions + 1), Payload: p})
				if len(batch) == regions {
					if err := l.Append(context.Background(), batch); err != nil {
						b.Fatal(err)
					}
					batch = batch[:0]
				}
			}
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(total)
			b.ResetTimer()
			for range b.N {
				l := mustOpen(b, o)
				var wg sync.WaitGroup
				for w := range 2 {
					wg.Go(func() {
						for r := w; r < regions; r += 2 {
							if err := l.Replay(context.Background(), wal.RegionID(r), 1, func(wal.Entry) error { return nil }); err != nil {
								b.Error(err)
							}
						}
					})
				}
				wg.Wait()
				l.Close()
			}
		})
	}
}
