package httpd

import (
	"bufio"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// maxPooled is the largest buffer that goes back to the pool: a batch of ten thousand lines, not the largest body allowed.
const maxPooled = 16 << 20

// reserveStep is by how much a body of unknown size takes from the request memory.
const reserveStep = 1 << 20

// RawBody reads the body as sent. It is valid until the handler returns.
func (r *Request) RawBody() ([]byte, error) {
	limit := r.server.opt.BodyLimit
	if limit > 0 && r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	return r.readAll(r.paced(), max(r.ContentLength, 0), limit)
}

// DecodedBody reads the body and undoes its Content-Encoding: gzip, deflate, br or zstd. Encodings it does not know pass unchanged.
// It is valid until the handler returns.
func (r *Request) DecodedBody() ([]byte, error) {
	limit := r.server.opt.BodyLimit
	if limit > 0 && r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	src := &limited{r: r.paced(), left: limit, on: limit > 0}
	var plain io.Reader
	var err error
	switch strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))) {
	case "gzip":
		plain, err = gzip.NewReader(src)
	case "deflate":
		plain, err = inflate(src)
	case "br":
		plain = brotli.NewReader(src)
	case "zstd":
		var d *zstd.Decoder
		if d, err = zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20)); err == nil {
			defer d.Close()
			plain = d
		}
	default:
		return r.RawBody()
	}
	var out []byte
	if err == nil {
		out, err = r.readAll(plain, 0, r.server.opt.DecompressedLimit)
	}
	if se := (*StatusError)(nil); err != nil && !errors.As(err, &se) && errs.CodeOf(err) == errs.Internal {
		err = errs.Wrap(errs.InvalidArguments, err, "decompress %s body", r.Header.Get("Content-Encoding"))
	}
	return out, err
}

// inflate reads deflate as the standard means it, in a zlib wrapper, and as some clients send it, without.
func inflate(src io.Reader) (io.Reader, error) {
	b := bufio.NewReader(src)
	if h, err := b.Peek(2); err == nil && h[0]&0x0f == 8 && (uint(h[0])<<8|uint(h[1]))%31 == 0 {
		return zlib.NewReader(b)
	}
	return flate.NewReader(b), nil
}

func tooLarge(limit int64) error {
	return WithStatus(http.StatusRequestEntityTooLarge, "request body is larger than %d bytes", limit)
}

// Hold takes n bytes of the request memory until the handler returns.
func (r *Request) Hold(n int64) error {
	s := r.server
	if s.memory == nil || n <= 0 {
		return nil
	}
	if !s.memory.TryAcquire(n) {
		// Only the first bytes of a request wait: one that waited with bytes in hand could wait for another that does the same.
		if r.held > 0 || s.opt.RequestMemoryWait <= 0 || n > s.opt.RequestMemory {
			return r.rejected(n)
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.opt.RequestMemoryWait)
		defer cancel()
		if s.memory.Acquire(ctx, n) != nil {
			return r.rejected(n)
		}
	}
	r.held += n
	s.m.memoryInUse.Add(float64(n))
	return nil
}

func (r *Request) rejected(n int64) error {
	r.server.m.rejected.Inc()
	return errs.New(errs.RateLimited, "request memory is exhausted: %d bytes more than the limit of %d would be in hand", n, r.server.opt.RequestMemory)
}

func (r *Request) release() {
	for _, b := range r.bufs {
		if cap(*b) <= maxPooled {
			r.server.buffers.Put(b)
		}
	}
	r.bufs = nil
	if r.held > 0 {
		r.server.memory.Release(r.held)
		r.server.m.memoryInUse.Sub(float64(r.held))
		r.held = 0
	}
}

// readAll reads src into a buffer of the pool; size is what is known beforehand, limit 0 is none.
func (r *Request) readAll(src io.Reader, size, limit int64) ([]byte, error) {
	if err := r.Hold(size); err != nil {
		return nil, err
	}
	held := size
	p := r.server.buffers.Get().(*[]byte)
	r.bufs = append(r.bufs, p)
	buf := (*p)[:0]
	if int64(cap(buf)) <= size {
		buf = make([]byte, 0, size+1) // one more, so that the end is seen without growing
	}
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := src.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		*p = buf
		if limit > 0 && int64(len(buf)) > limit {
			return nil, tooLarge(limit)
		}
		if int64(len(buf)) > held {
			if err := r.Hold(reserveStep); err != nil {
				return nil, err
			}
			held += reserveStep
			if more := int64(len(buf)) - held; more > 0 {
				if err := r.Hold(more); err != nil {
					return nil, err
				}
				held += more
			}
		}
		if err == io.EOF {
			r.unpaced()
			return buf, nil
		}
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return nil, WithStatus(http.StatusRequestTimeout, "request body: fewer than %d bytes came within %s", paceBytes, r.server.opt.ReadTimeout)
			}
			if ctxErr := r.Context().Err(); ctxErr != nil {
				return nil, ctxErr
			}
			if se := (*StatusError)(nil); errors.As(err, &se) {
				return nil, se
			}
			return nil, errs.Wrap(errs.InvalidArguments, err, "read request body")
		}
	}
}

// paceBytes is how much of a body has to come within the server's ReadTimeout.
const paceBytes = 64 << 10

// paced is the body of a client that is cut if it dawdles: bodies hold request memory.
func (r *Request) paced() io.Reader { return &pacedReader{r: r} }

type pacedReader struct {
	r    *Request
	left int // bytes until the time limit begins anew
}

func (p *pacedReader) Read(b []byte) (int, error) {
	if p.left <= 0 {
		p.left = paceBytes
		_ = p.r.control.SetReadDeadline(time.Now().Add(p.r.server.opt.ReadTimeout)) // not every connection has deadlines: tests
	}
	n, err := p.r.Request.Body.Read(b[:min(len(b), p.left)])
	p.left -= n
	return n, err
}

// unpaced ends the time limit: from now on the server reads only to see whether the client is there. Where a body was not read to its end the
// limit stays, as the server discards the rest before it answers.
func (r *Request) unpaced() { _ = r.control.SetReadDeadline(time.Time{}) }

// limited fails where more than the limit is read, unlike io.LimitReader.
type limited struct {
	r    io.Reader
	left int64
	on   bool
	max  int64
}

func (l *limited) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	if l.on {
		if l.max == 0 {
			l.max = l.left
		}
		if l.left -= int64(n); l.left < 0 {
			return 0, tooLarge(l.max)
		}
	}
	return n, err
}

// Values gives all values of a parameter, those of the URL before those of a form in the body. The form is read once; an error of
// reading it is told by Form.
func (r *Request) Values(name string) []string {
	q := r.Query()[name]
	if f := r.form[name]; len(f) > 0 {
		return append(q[:len(q):len(q)], f...)
	}
	return q
}

// Param gives a parameter; the URL's beats the form's. Empty: absent.
func (r *Request) Param(name string) string {
	if v := r.Values(name); len(v) > 0 {
		return v[0]
	}
	return ""
}

// ReadForm reads the form of a POST, which Param and Values then see too. A body of another type is refused with 415; one that is
// empty is as good as no body, so that a POST with all parameters in the URL works.
func (r *Request) ReadForm() error {
	if r.Method != http.MethodPost || r.form != nil {
		return nil
	}
	ct, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if ct != "application/x-www-form-urlencoded" && ct != "" {
		if r.ContentLength == 0 {
			return nil
		}
		return WithStatus(http.StatusUnsupportedMediaType, "Form requests must have `Content-Type: application/x-www-form-urlencoded`")
	}
	body, err := r.RawBody()
	if err != nil {
		return err
	}
	if ct == "" && len(body) > 0 {
		return WithStatus(http.StatusUnsupportedMediaType, "Form requests must have `Content-Type: application/x-www-form-urlencoded`")
	}
	r.form = parseForm(string(body))
	return nil
}

// Now is the server's time, for lines without a timestamp and queries without a time.
func (r *Request) Now() time.Time { return r.Start }
