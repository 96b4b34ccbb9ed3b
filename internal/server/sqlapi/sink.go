package sqlapi

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/server/httpd"
)

// piece is how many bytes leave at once: large enough that most dashboard answers are one piece, and so still can become errors.
const piece = 256 << 10

// sink gathers an answer and sends it in pieces.
type sink struct {
	w           http.ResponseWriter
	r           *httpd.Request
	format      string // x-greptime-format
	contentType string
	buf         []byte
	rows        rowParts
	memory      *budget.Lease // of what is held beside buf
	begun       bool
}

// room sends what is gathered if it is a piece.
func (s *sink) room() error {
	if len(s.buf) < piece {
		return nil
	}
	return s.send()
}

func (s *sink) send() error {
	if !s.begun {
		h := s.w.Header()
		h.Set("Content-Type", s.contentType)
		h.Set("x-greptime-format", s.format)
		h.Set("x-greptime-execution-time", strconv.FormatInt(s.r.ElapsedMillis(), 10))
		s.begun = true
	}
	_, err := s.w.Write(s.buf)
	s.buf = s.buf[:0]
	return err
}

// Write serves encoders that want a writer.
func (s *sink) Write(b []byte) (int, error) {
	s.buf = append(s.buf, b...)
	return len(b), s.room()
}

// each calls f with every batch of rows until limit rows are seen (negative: all), cutting the last batch.
func each(ctx context.Context, rows model.RowStream, limit int, f func(*model.Batch) error) (total int, err error) {
	for limit < 0 || total < limit {
		b, err := rows.Next(ctx)
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		if limit >= 0 && b.Len > limit-total {
			b = b.Slice(0, limit-total)
		}
		total += b.Len
		if err := f(b); err != nil {
			return total, err
		}
	}
	return total, nil
}
