package query

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/bench/measure"
	"github.com/goptimedb/goptimedb/bench/tsbs"
)

// Result is what asking a kind of query took.
type Result struct {
	Kind    string          `json:"kind"`
	Latency measure.Summary `json:"latency"`
	// ColdMS is the first query after a restart with an empty page cache; zero where that was not asked for.
	ColdMS float64 `json:"cold_ms,omitempty"`
	// Rows and Bytes are those of an answer, on average; Rows is zero where answers do not say.
	Rows     float64 `json:"rows"`
	Bytes    float64 `json:"bytes"`
	Verified int     `json:"verified"` // answers that were compared with the data set, cell by cell
	// Error is why this kind has no figures, or wrong answers.
	Error string `json:"error,omitempty"`
}

// Client asks a system about a data set, one question at a time.
type Client struct {
	Base    string // scheme and authority of the system
	Dialect Dialect
	Data    *tsbs.Dataset
	// Patience ends a kind early, after the first few of its queries, once they took that long in all. Zero: never.
	Patience time.Duration
	http     http.Client
	tail     tail
	buf      []byte
}

// Unsupported is the error of a Result where the dialect has no words for the kind.
const Unsupported = "not expressible"

// atLeast is how many queries of a kind are asked whatever they take.
const atLeast = 3

// Run asks warm queries first, which are not counted, and then qs.
func (c *Client) Run(ctx context.Context, k Kind, warm, qs []Query) Result {
	r := Result{Kind: k.Name}
	for _, q := range warm {
		if _, _, _, err := c.ask(ctx, q); err != nil {
			r.Error = err.Error()
			return r
		}
	}
	var took []time.Duration
	var rows, size int64
	var sum time.Duration
	for i, q := range qs {
		if c.Patience > 0 && sum > c.Patience && i >= atLeast {
			break
		}
		d, n, bytes, err := c.ask(ctx, q)
		if err != nil {
			r.Error = err.Error()
			break
		}
		took = append(took, d)
		sum += d
		rows += int64(n)
		size += bytes
	}
	if len(took) > 0 {
		r.Latency = measure.Summarize(took)
		r.Rows, r.Bytes = float64(rows)/float64(len(took)), float64(size)/float64(len(took))
	}
	return r
}

// Ask asks one query and returns how long the answer took, in full.
func (c *Client) Ask(ctx context.Context, q Query) (time.Duration, error) {
	d, _, _, err := c.ask(ctx, q)
	return d, err
}

func (c *Client) ask(ctx context.Context, q Query) (took time.Duration, rows int, size int64, err error) {
	req, ok, err := c.Dialect.Request(ctx, c.Base, q)
	if err != nil {
		return 0, 0, 0, err
	}
	if !ok {
		return 0, 0, 0, errors.New(Unsupported)
	}
	took, size, err = c.do(req)
	if err != nil {
		return 0, 0, 0, err
	}
	if n, ok := c.Dialect.Rows(c.tail.bytes()); ok {
		rows = n
		if want, known := Count(c.Data, q); known && want != n {
			return 0, 0, 0, fmt.Errorf("%d rows, want %d: %s", n, want, describe(c.Dialect, q))
		}
	}
	return took, rows, size, nil
}

func (c *Client) do(req *http.Request) (time.Duration, int64, error) {
	if c.buf == nil {
		c.buf = make([]byte, 256<<10)
	}
	c.tail.reset()
	start := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	// The wrapper keeps the copy from choosing another way than through our buffer.
	n, err := io.CopyBuffer(&c.tail, struct{ io.Reader }{resp.Body}, c.buf)
	took := time.Since(start)
	if err != nil {
		return 0, 0, fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode >= 300 {
		return 0, 0, fmt.Errorf("status %d: %s", resp.StatusCode, strings.TrimSpace(string(c.tail.bytes())))
	}
	return took, n, nil
}

// Verify asks a query, in SQL where the dialect has no rows of its own, and compares every cell of the answer with the data set.
func (c *Client) Verify(ctx context.Context, q Query) error {
	dialect := Dialect(SQL{})
	if d, ok := c.Dialect.(DuckDB); ok {
		dialect = d
	}
	req, _, err := dialect.Request(ctx, c.Base, q)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return fmt.Errorf("status %d: %s: %s", resp.StatusCode, strings.TrimSpace(string(body)), SQL{}.Text(q))
	}
	if err := Expect(c.Data, q).Check(resp.Body); err != nil {
		return fmt.Errorf("wrong answer: %w: %s", err, SQL{}.Text(q))
	}
	return nil
}

// Close closes connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func describe(d Dialect, q Query) string {
	if t, ok := d.(interface{ Text(Query) string }); ok {
		return t.Text(q)
	}
	return q.Kind.Name
}

// tail keeps the last bytes written to it: enough for what follows the rows of an answer, and for an error.
type tail struct {
	kept []byte
}

const tailSize = 4096

func (t *tail) reset() { t.kept = t.kept[:0] }

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	if len(p) > tailSize {
		p = p[len(p)-tailSize:]
	}
	if over := len(t.kept) + len(p) - tailSize; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	t.kept = append(t.kept, p...)
	return n, nil
}

func (t *tail) bytes() []byte { return t.kept }

// VerifyCount asks a query and compares the number of rows of the answer with the data set, whatever that takes.
func (c *Client) VerifyCount(ctx context.Context, q Query) error {
	_, rows, _, err := c.ask(ctx, q)
	if err != nil {
		return err
	}
	if want := CountHigh(c.Data, q); rows != want {
		return fmt.Errorf("wrong answer: %d rows, want %d: %s", rows, want, describe(c.Dialect, q))
	}
	return nil
}
