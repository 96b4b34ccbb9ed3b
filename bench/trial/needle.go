package trial

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/bench/measure"
	"github.com/goptimedb/goptimedb/bench/system"
	"github.com/goptimedb/goptimedb/bench/tsbs"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloudtest"
)

// logs is a source of log lines of 40 services; five of them, next to each other in time, belong to one trace.
type logs struct {
	n, at int
	rnd   *rand.Rand
}

const (
	logTable     = "applogs"
	rowsPerTrace = 5
)

func newLogs(n int) *logs { return &logs{n: n, rnd: rand.New(rand.NewPCG(1, 2))} }

// trace is the id of a trace: 32 hex digits that tell nothing of their neighbours.
func trace(i int) string {
	x := uint64(i)*0x9e3779b97f4a7c15 + 1
	x ^= x >> 31
	y := x * 0xbf58476d1ce4e5b9
	return fmt.Sprintf("%016x%016x", x*0x94d049bb133111eb, y^y>>27)
}

var verbs = []string{"GET", "POST", "PUT"}

// Next implements load.Source.
func (l *logs) Next(buf []byte, max int) ([]byte, int, error) {
	buf = buf[:0]
	n := 0
	id := ""
	for ; n < max && l.at < l.n; n++ {
		if id == "" || l.at%rowsPerTrace == 0 {
			id = trace(l.at / rowsPerTrace)
		}
		buf = append(buf, logTable+",service=service-"...)
		buf = strconv.AppendInt(buf, int64(l.rnd.IntN(40)), 10)
		buf = append(buf, " trace_id=\""...)
		buf = append(buf, id...)
		buf = append(buf, "\",message=\""...)
		buf = append(buf, verbs[l.rnd.IntN(3)]...)
		buf = append(buf, " /api/v1/items/"...)
		buf = strconv.AppendInt(buf, int64(l.rnd.IntN(100_000)), 10)
		buf = append(buf, " status="...)
		buf = strconv.AppendInt(buf, int64(200+l.rnd.IntN(5)*100), 10)
		buf = append(buf, " took="...)
		buf = strconv.AppendInt(buf, int64(l.rnd.IntN(3000)), 10)
		buf = append(buf, "ms trace="...)
		buf = append(buf, id...)
		buf = append(buf, "\" "...)
		buf = strconv.AppendInt(buf, tsbs.Epoch+int64(l.at)*int64(time.Millisecond), 10)
		buf = append(buf, '\n')
		l.at++
	}
	if n == 0 {
		return buf, 0, io.EOF
	}
	return buf, n, nil
}

const createLogs = "CREATE TABLE " + logTable + ` (greptime_timestamp TIMESTAMP(9) TIME INDEX, service STRING PRIMARY KEY,
	trace_id STRING SKIPPING INDEX, message STRING FULLTEXT INDEX) WITH ('append_mode' = 'true')`

// needle looks for one trace: by its id, and by a word of the message. Cold is a server that has just started, with an empty page cache, or
// on an object store with nothing on the local disk.
func needle(ctx context.Context, b *bench) error {
	var settings []string
	if b.Remote {
		store, err := cloudtest.StartS3()
		if err != nil {
			return err
		}
		defer store.Close()
		p := store.Provider()
		settings = []string{"STORAGE__TYPE=S3", "STORAGE__BUCKET=" + p.Bucket, "STORAGE__ROOT=needle", "STORAGE__ENDPOINT=" + p.Endpoint, "STORAGE__REGION=" + p.Region,
			"STORAGE__ACCESS_KEY_ID=" + p.AccessKeyID, "STORAGE__SECRET_ACCESS_KEY=" + p.SecretAccessKey.Reveal()}
	}
	s, err := b.start(ctx, settings...)
	if err != nil {
		return err
	}
	defer func() { _ = s.Stop() }()
	s.Table = logTable
	if _, err := s.SQL(ctx, createLogs); err != nil {
		return err
	}
	r, err := b.load(ctx, s, newLogs(b.Rows), 0, b.Workers, b.Batch)
	if err != nil {
		return err
	}
	b.figure("load", "", "%d rows, %.0f rows/s, %.2f M rows/cpu-s of the server", r.Rows, r.RowRate, float64(r.Rows)/r.ServerCPU/1e6)
	if _, err := s.SQL(ctx, "ADMIN flush_table('"+logTable+"')"); err != nil {
		return err
	}
	if _, err := s.Settle(ctx); err != nil {
		return err
	}
	data, _, err := s.Sizes()
	if err != nil {
		return err
	}
	b.figure("local disk", "", "%.2f GiB", float64(data)/(1<<30))
	question := func(where string) func(int) (string, string) {
		return func(i int) (string, string) {
			id := trace((i*7919 + 17) % (b.Rows / rowsPerTrace))
			return fmt.Sprintf("SELECT count(*) FROM %s WHERE %s", logTable, strings.ReplaceAll(where, "?", id)), fmt.Sprintf("[[%d]]", rowsPerTrace)
		}
	}
	kinds := []struct{ name, where string }{{"trace_id = '…', skipping index", "trace_id = '?'"}, {"matches_term(message, '…'), full-text index", "matches_term(message, '?')"}}
	place, coldGoal := "local disk", ""
	if b.Remote {
		place, coldGoal = "object store", "<= 300 ms"
	}
	for _, k := range kinds {
		var cold []time.Duration
		for i := range 5 {
			took, err := b.coldAsk(ctx, s, i, question(k.where))
			if err != nil {
				return err
			}
			cold = append(cold, took)
		}
		b.figure(k.name+", first after a start, nothing near, "+place, coldGoal, "%s", spread(measure.Summarize(cold)))
		if _, err := b.ask(ctx, s, 3, question(k.where)); err != nil {
			return err
		}
		warm, err := b.ask(ctx, s, b.Queries, func(i int) (string, string) { return question(k.where)(i + 100) })
		if err != nil {
			return err
		}
		b.figure(k.name+", warm, "+place, "<= 30 ms", "%s", spread(warm))
	}
	return nil
}

// coldAsk restarts the server with empty caches and asks once.
func (b *bench) coldAsk(ctx context.Context, s *system.System, i int, of func(int) (string, string)) (time.Duration, error) {
	if err := s.Stop(); err != nil {
		return 0, err
	}
	if b.Remote {
		if err := os.RemoveAll(filepath.Join(s.Dir(), "cache")); err != nil {
			return 0, err
		}
	} else if err := measure.DropCaches(); err != nil && i == 0 {
		b.say("cold only as far as the process goes: %v", err)
	}
	if err := s.Start(ctx); err != nil {
		return 0, err
	}
	if _, err := s.SQL(ctx, "SELECT 1"); err != nil { // the table's definition and the connection are no part of it
		return 0, err
	}
	x, err := b.ask(ctx, s, 1, func(int) (string, string) { return of(i) })
	return time.Duration(x.Max * float64(time.Millisecond)), err
}
