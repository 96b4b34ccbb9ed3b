// Package load writes line protocol to a server over HTTP as fast as it takes it, and measures that.
package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goptimedb/goptimedb/bench/measure"
)

// Source gives batches of lines: tsbs.Lines, tsbs.Series, a Spool.
type Source interface {
	// Next overwrites buf, which it may replace, with the next rows, at most max; it returns how many those are, or io.EOF after the last.
	Next(buf []byte, max int) ([]byte, int, error)
}

// Options say how to load. URL, Workers and Batch are needed.
type Options struct {
	URL     string // takes lines by POST
	Workers int    // requests at a time
	Batch   int    // rows a request
	// Rate is how many rows a second are due; zero: as many as the server takes. With it a request's latency counts from when its rows were
	// due, so that rows which had to wait for others before them do not look fast.
	Rate float64
	// PID is the process whose memory and processor time are taken; zero for none.
	PID int
	// Progress is called about every ProgressEvery while the load runs; nil for not at all.
	Progress      func(Progress)
	ProgressEvery time.Duration
}

// Progress is how far a load is.
type Progress struct {
	Rows    int64
	Elapsed time.Duration
	RowRate float64 // rows a second since the last report
	RSS     int64   // bytes, of the server; zero where it is not known
}

// Result is a load that is done.
type Result struct {
	Rows         int64           `json:"rows"`
	Bytes        int64           `json:"bytes"` // of lines
	Requests     int             `json:"requests"`
	Retries      int             `json:"retries"` // requests that were answered with 429 or 503 and sent again
	Seconds      float64         `json:"seconds"` // from the first byte to the last acknowledgement
	RowRate      float64         `json:"rows_per_second"`
	Latency      measure.Summary `json:"latency"`         // of requests, with their retries
	GeneratorCPU float64         `json:"generator_cpu_s"` // processor seconds that went into making lines
	ClientCPU    float64         `json:"client_cpu_s"`    // processor seconds of this process, generator included
	ServerCPU    float64         `json:"server_cpu_s"`
	PeakRSS      int64           `json:"peak_rss_bytes"` // of the server, since its start
}

// firstBackoff is the wait before a refused request is sent again the first time; it doubles up to lastBackoff.
const (
	firstBackoff = 20 * time.Millisecond
	lastBackoff  = 2 * time.Second
)

type batch struct {
	lines []byte
	rows  int
	due   time.Time // zero: whenever a worker has time
}

// loader is one run. The generator goroutine fills batches from free and hands them on through full; workers post them and give them back.
type loader struct {
	opts    Options
	client  *http.Client
	free    chan []byte
	full    chan batch
	rows    atomic.Int64
	bytes   atomic.Int64
	retries atomic.Int64
	mu      struct {
		sync.Mutex
		latencies []time.Duration
	}
}

// Run loads all of src. It stops at the first request that fails for another reason than load.
func Run(ctx context.Context, src Source, o Options) (Result, error) {
	if o.Workers <= 0 || o.Batch <= 0 {
		return Result{}, fmt.Errorf("load with %d workers and batches of %d rows: both must be positive", o.Workers, o.Batch)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: o.Workers, MaxConnsPerHost: o.Workers, DisableCompression: true, WriteBufferSize: 256 << 10}
	defer transport.CloseIdleConnections()
	buffers := o.Workers + 2 // one at each worker, one ready, one being filled
	l := &loader{opts: o, client: &http.Client{Transport: transport}, free: make(chan []byte, buffers), full: make(chan batch, 1)}
	for range buffers {
		l.free <- make([]byte, 0, o.Batch*400)
	}

	run, cancel := context.WithCancel(ctx)
	defer cancel()
	var once sync.Once
	var failure error
	fail := func(err error) {
		once.Do(func() { failure = err })
		cancel()
	}
	var before measure.Usage
	if o.PID != 0 {
		before, _ = measure.OfProcess(o.PID)
	}
	ownBefore := measure.OwnCPU()
	start := time.Now()

	var generator, workers, watcher sync.WaitGroup
	var generatorCPU time.Duration
	generator.Go(func() {
		defer close(l.full)
		used, release := measure.PinThread()
		defer release()
		if err := l.generate(run, src); err != nil {
			fail(err)
		}
		generatorCPU = used()
	})
	for range o.Workers {
		workers.Go(func() {
			if err := l.post(run); err != nil {
				fail(err)
			}
		})
	}
	done := make(chan struct{})
	if o.Progress != nil && o.ProgressEvery > 0 {
		watcher.Go(func() { l.watch(done, start) })
	}
	workers.Wait()
	took := time.Since(start)
	cancel() // ends a generator that nobody listens to after a failure
	generator.Wait()
	close(done)
	watcher.Wait()

	r := Result{Rows: l.rows.Load(), Bytes: l.bytes.Load(), Requests: len(l.mu.latencies), Retries: int(l.retries.Load()),
		Seconds: took.Seconds(), RowRate: float64(l.rows.Load()) / took.Seconds(), Latency: measure.Summarize(l.mu.latencies),
		GeneratorCPU: generatorCPU.Seconds(), ClientCPU: (measure.OwnCPU() - ownBefore).Seconds()}
	if o.PID != 0 {
		if after, err := measure.OfProcess(o.PID); err == nil {
			r.ServerCPU, r.PeakRSS = (after.CPU - before.CPU).Seconds(), after.PeakRSS
		}
	}
	if failure != nil {
		return r, fmt.Errorf("load to %s after %d rows: %w", o.URL, r.Rows, failure)
	}
	return r, nil
}

func (l *loader) generate(ctx context.Context, src Source) error {
	start, rows := time.Now(), 0
	for {
		var buf []byte
		var due time.Time
		if l.opts.Rate > 0 {
			due = start.Add(time.Duration(float64(rows) / l.opts.Rate * float64(time.Second)))
			if err := sleepUntil(ctx, due); err != nil {
				return err
			}
		}
		select {
		case buf = <-l.free:
		case <-ctx.Done():
			return ctx.Err()
		}
		buf, n, err := src.Next(buf, l.opts.Batch)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("next batch: %w", err)
		}
		rows += n
		select {
		case l.full <- batch{buf, n, due}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func sleepUntil(ctx context.Context, t time.Time) error {
	d := time.Until(t)
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// post sends batches until there are no more.
func (l *loader) post(ctx context.Context) error {
	var latencies []time.Duration
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.mu.latencies = append(l.mu.latencies, latencies...)
	}()
	for {
		var b batch
		var ok bool
		select {
		case b, ok = <-l.full:
			if !ok {
				return nil
			}
		case <-ctx.Done():
			return ctx.Err()
		}
		start := time.Now()
		if !b.due.IsZero() {
			start = b.due
		}
		if err := l.postUntilTaken(ctx, b.lines); err != nil {
			return err
		}
		latencies = append(latencies, time.Since(start))
		l.rows.Add(int64(b.rows))
		l.bytes.Add(int64(len(b.lines)))
		l.free <- b.lines // never blocks: as many places as buffers
	}
}

// postUntilTaken sends lines, and again with growing pauses while the server says that it is busy.
func (l *loader) postUntilTaken(ctx context.Context, lines []byte) error {
	for backoff := firstBackoff; ; backoff = min(2*backoff, lastBackoff) {
		busy, err := l.postOnce(ctx, lines)
		if !busy {
			return err
		}
		l.retries.Add(1)
		pause := time.NewTimer(backoff)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}

func (l *loader) postOnce(ctx context.Context, lines []byte) (busy bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.opts.URL, bytes.NewReader(lines))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	resp, err := l.client.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	switch {
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable:
		return true, nil
	case resp.StatusCode >= 300:
		return false, fmt.Errorf("status %d: %s", resp.StatusCode, strings.TrimSpace(string(body)))
	}
	return false, err
}

func (l *loader) watch(done <-chan struct{}, start time.Time) {
	tick := time.NewTicker(l.opts.ProgressEvery)
	defer tick.Stop()
	var lastRows int64
	last := start
	for {
		select {
		case <-done:
			return
		case now := <-tick.C:
			rows := l.rows.Load()
			p := Progress{Rows: rows, Elapsed: now.Sub(start), RowRate: float64(rows-lastRows) / now.Sub(last).Seconds()}
			if l.opts.PID != 0 {
				if u, err := measure.OfProcess(l.opts.PID); err == nil {
					p.RSS = u.RSS
				}
			}
			l.opts.Progress(p)
			lastRows, last = rows, now
		}
	}
}
