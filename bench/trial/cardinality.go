package trial

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/goptimedb/goptimedb/bench/system"
	"github.com/goptimedb/goptimedb/bench/tsbs"
)

// scrapes is a source of one row per live series and time: series alive, alive+1 … of an endless row of pods.
type scrapes struct {
	from, n int // live series: from, from+1, …, n of them
	at      int
	time    int64
	step    int64 // between two times; the rows of one time are spread over it
	times   int   // left
}

const scrapeTable = "scrape"

// Next implements load.Source.
func (s *scrapes) Next(buf []byte, max int) ([]byte, int, error) {
	buf = buf[:0]
	n := 0
	for ; n < max && s.times > 0; n++ {
		i := s.from + s.at
		buf = append(buf, scrapeTable+",cluster=c"...)
		buf = strconv.AppendInt(buf, int64(i%7), 10)
		buf = append(buf, ",namespace=ns-"...)
		buf = strconv.AppendInt(buf, int64(i%211), 10)
		buf = append(buf, ",node=node-"...)
		buf = strconv.AppendInt(buf, int64(i%1009), 10)
		buf = append(buf, ",pod=pod-"...)
		buf = strconv.AppendInt(buf, int64(i), 10)
		buf = append(buf, " value="...)
		buf = strconv.AppendInt(buf, int64(i%1000), 10)
		buf = append(buf, ' ')
		buf = strconv.AppendInt(buf, s.time+int64(s.at)*s.step/int64(s.n), 10)
		buf = append(buf, '\n')
		if s.at++; s.at == s.n {
			s.at, s.times, s.time = 0, s.times-1, s.time+s.step
		}
	}
	if n == 0 {
		return buf, 0, io.EOF
	}
	return buf, n, nil
}

// cardinality writes one row a minute of many series, lets them rest, and then replaces them little by little over a day, of which only
// Steps times are written.
func cardinality(ctx context.Context, b *bench) error {
	s, err := b.start(ctx)
	if err != nil {
		return err
	}
	defer s.Stop()
	s.Table = scrapeTable
	empty, err := s.Heap(ctx)
	if err != nil {
		return err
	}
	// The first minute gives birth to the series, the others find them there.
	now := tsbs.Epoch
	for m := range b.Minutes {
		r, err := b.load(ctx, s, &scrapes{n: b.Series, time: now, step: int64(time.Minute), times: 1}, 0, b.Workers, b.Batch)
		if err != nil {
			return err
		}
		now += int64(time.Minute)
		switch m {
		case 0:
			b.figure(fmt.Sprintf("ingest, %d new series", b.Series), "", "%.0f rows/s, %.2f M rows/cpu-s of the server", r.RowRate, float64(r.Rows)/r.ServerCPU/1e6)
		case 1:
			b.figure("ingest, the same series again", "", "%.0f rows/s, %.2f M rows/cpu-s of the server", r.RowRate, float64(r.Rows)/r.ServerCPU/1e6)
		}
	}
	held, err := s.Heap(ctx)
	if err != nil {
		return err
	}
	rows, err := s.Gauge(ctx, "greptime_mito_write_buffer_bytes")
	if err != nil {
		return err
	}
	b.figure("memory before the flush", "", "%.0f MiB of heap more than when empty, of which memtables %.0f MiB", (held-empty)/(1<<20), rows/(1<<20))
	start := time.Now()
	if _, err := s.SQL(ctx, "ADMIN flush_table('"+scrapeTable+"')"); err != nil {
		return err
	}
	b.figure("flush", "", "%.1f s for what the memtables held", time.Since(start).Seconds())
	if _, err := s.Settle(ctx); err != nil {
		return err
	}
	pod := func(i int) (string, string) {
		p := (i*7919 + 13) % b.Series
		return fmt.Sprintf("SELECT count(*) FROM %s WHERE pod = 'pod-%d' AND cluster = 'c%d'", scrapeTable, p, p%7), fmt.Sprintf("[[%d]]", b.Minutes)
	}
	if err := b.points(ctx, s, "point query", pod); err != nil {
		return err
	}
	rest, err := s.Heap(ctx)
	if err != nil {
		return err
	}
	b.figure("memory of a series at rest, its tables in the cache", "<= 300 B", "%.0f B (heap %.0f MiB more than when empty)", (rest-empty)/float64(b.Series), (rest-empty)/(1<<20))

	if b.Churn <= b.Series || b.Steps <= 0 {
		return nil
	}
	from, last := 0, b.Series
	began, total := time.Now(), int64(0)
	var used float64
	for step := range b.Steps {
		from = (b.Churn - b.Series) * (step + 1) / b.Steps
		r, err := b.load(ctx, s, &scrapes{from: from, n: b.Series, time: now, step: int64(24 * time.Hour / time.Duration(b.Steps)), times: 1}, 0, b.Workers, b.Batch)
		if err != nil {
			return err
		}
		now += int64(24 * time.Hour / time.Duration(b.Steps))
		total, used, last = total+r.Rows, used+r.ServerCPU, from+b.Series
	}
	b.figure(fmt.Sprintf("ingest, churn to %d series over a day", last), "", "%.0f rows/s, %.2f M rows/cpu-s of the server", float64(total)/time.Since(began).Seconds(), float64(total)/used/1e6)
	took, err := s.Settle(ctx)
	if err != nil {
		return err
	}
	b.figure("flush and compaction after the churn", "", "%.1f s", took.Seconds())
	newest := func(i int) (string, string) {
		p := from + (i*7919+13)%b.Series
		return fmt.Sprintf("SELECT max(value) FROM %s WHERE pod = 'pod-%d' AND cluster = 'c%d'", scrapeTable, p, p%7), fmt.Sprintf("[[%d", p%1000)
	}
	if err := b.points(ctx, s, "point query after the churn, all times", newest); err != nil {
		return err
	}
	rest, err = s.Heap(ctx)
	if err != nil {
		return err
	}
	b.figure("memory of a series after the churn", "<= 300 B", "%.0f B (heap %.0f MiB more than when empty)", (rest-empty)/float64(last), (rest-empty)/(1<<20))
	return nil
}

// points asks for single series: the first time apart, which loads what the others find.
func (b *bench) points(ctx context.Context, s *system.System, name string, of func(int) (string, string)) error {
	cold, err := b.ask(ctx, s, 1, of)
	if err != nil {
		return err
	}
	warm, err := b.ask(ctx, s, b.Queries, of)
	if err != nil {
		return err
	}
	b.figure(name, "", "first %.0f ms, then %s", cold.Max, spread(warm))
	return nil
}
