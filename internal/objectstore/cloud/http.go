package cloud

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/config"
)

// minSpeed is what a transfer must reach on the whole, in bytes a second. A store that sends a byte now and then is as good as one that
// hangs; the slowest link worth having still carries a part of 8 MiB in a minute.
const minSpeed = 128 << 10

// stalledError is the cause of a request that was given up.
type stalledError struct {
	bytes   int64
	after   time.Duration
	timeout time.Duration
}

func (e *stalledError) Error() string {
	return fmt.Sprintf("gave up after %s, %d bytes (http_client.timeout is %s)", e.after.Round(time.Millisecond), e.bytes, e.timeout)
}

// newClient makes the client of one store. Nothing retries in it: whoever calls knows what may be done twice.
func newClient(h config.HTTPClient) (*http.Client, *http.Transport) {
	h = h.WithDefaults()
	dial := &net.Dialer{Timeout: h.ConnectTimeout.Std(), KeepAlive: 30 * time.Second}
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dial.DialContext,
		TLSHandshakeTimeout:   h.ConnectTimeout.Std(),
		MaxIdleConns:          0, // bounded per host: a store is one host or few
		MaxIdleConnsPerHost:   h.PoolMaxIdlePerHost,
		IdleConnTimeout:       h.PoolIdleTimeout.Std(),
		ExpectContinueTimeout: time.Second,
		DisableCompression:    true, // objects are bytes as they are; a length that changes on the way cannot be checked
		WriteBufferSize:       64 << 10,
		ReadBufferSize:        64 << 10,
	}
	if h.SkipSSLValidation {
		t.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // asked for by name
	}
	return &http.Client{
		Transport: &watched{next: t, timeout: h.Timeout.Std()},
		// A redirect would carry the signature of another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, t
}

// watched ends requests that stand still: none lasts longer than timeout without moving a byte, nor than timeout and the time that its
// bytes take at minSpeed.
type watched struct {
	next    http.RoundTripper
	timeout time.Duration
}

func (w *watched) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	p := &progress{timeout: w.timeout, start: time.Now(), cancel: cancel}
	p.timer.Store(time.AfterFunc(w.timeout, p.look))
	r = r.WithContext(ctx)
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = p.lend(r.Body)
		if again := r.GetBody; again != nil { // the transport's, when a connection it kept turns out to be dead
			r.GetBody = func() (io.ReadCloser, error) {
				b, err := again()
				if err != nil {
					return nil, err
				}
				return p.lend(b), nil
			}
		}
	}
	resp, err := w.next.RoundTrip(r)
	if err != nil {
		err = p.explain(ctx, err)
		p.stop()
		return nil, err
	}
	p.moved(0)
	resp.Body = &body{ReadCloser: resp.Body, p: p, ctx: ctx, last: true}
	return resp, nil
}

// progress is how far one request is.
type progress struct {
	timeout time.Duration
	start   time.Time
	cancel  context.CancelCauseFunc
	timer   atomic.Pointer[time.Timer]
	last    atomic.Int64 // when a byte moved, since start
	bytes   atomic.Int64
	done    atomic.Bool
	sent    *lent // the request's body, the one last asked for; nil: it has none
}

// lend gives the transport a body to send, until stop.
func (p *progress) lend(from io.ReadCloser) io.ReadCloser {
	p.sent = &lent{from: from}
	return &body{ReadCloser: p.sent, p: p}
}

func (p *progress) moved(n int) {
	p.bytes.Add(int64(n))
	p.last.Store(int64(time.Since(p.start)))
}

// look runs when the request would have to be given up if nothing had moved since it was last looked at.
func (p *progress) look() {
	if p.done.Load() {
		return
	}
	still := time.Duration(p.last.Load()) + p.timeout
	slow := p.timeout + time.Duration(float64(p.bytes.Load())/minSpeed*float64(time.Second))
	left := min(still, slow) - time.Since(p.start)
	if left > 0 {
		// The pointer may not be stored yet if the timeout is tiny.
		if t := p.timer.Load(); t != nil {
			t.Reset(left)
			return
		}
	}
	p.cancel(&stalledError{bytes: p.bytes.Load(), after: time.Since(p.start), timeout: p.timeout})
}

// stop ends the watch. The request's context ends too, and nobody reads its body from here on.
func (p *progress) stop() {
	if p.sent != nil {
		_ = p.sent.Close()
	}
	p.done.Store(true)
	if t := p.timer.Load(); t != nil {
		t.Stop()
	}
	p.cancel(nil)
}

// explain replaces the error of a request that was given up by the reason.
func (p *progress) explain(ctx context.Context, err error) error {
	if s := (*stalledError)(nil); errors.As(context.Cause(ctx), &s) {
		return s
	}
	return err
}

// errTakenBack is what the transport gets when it reads on in the body of a request that has ended.
var errTakenBack = errors.New("request has ended")

// lent is the body of a request, whose bytes are the caller's again when the request has ended. A store may answer before it has read all
// of them, mostly with an error, and the transport goes on reading for a while then.
type lent struct {
	mu   sync.Mutex
	from io.ReadCloser // nil: taken back
}

func (l *lent) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.from == nil {
		return 0, errTakenBack
	}
	return l.from.Read(p)
}

func (l *lent) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.from == nil {
		return nil
	}
	err := l.from.Close()
	l.from = nil
	return err
}

// body counts what is read through it.
type body struct {
	io.ReadCloser
	p    *progress
	ctx  context.Context //nolint:containedctx // the request's, to ask why it ended
	last bool            // of the answer: with it the request ends
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.p.moved(n)
	}
	if err != nil && err != io.EOF && b.last {
		err = b.p.explain(b.ctx, err)
	}
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	if b.last {
		b.p.stop()
	}
	return err
}
