package files

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// lines reads a text file line by line.
type lines struct {
	name   string
	in     *bufio.Reader
	sec    *io.SectionReader
	close  func()
	max    int
	long   []byte // a line longer than the buffer
	record []byte
}

// lineBuffer is what is read ahead.
const lineBuffer = 256 << 10

func openLines(src Source, o *Options) (*lines, error) {
	l := &lines{name: src.Name, sec: io.NewSectionReader(src, 0, src.Size), max: o.maxRecord()}
	r, close, err := decompress(o.Compression, l.sec)
	if err != nil {
		return nil, dataError(src.Name, 0, "", fmt.Errorf("open the compressed stream: %w", err))
	}
	l.in, l.close = bufio.NewReaderSize(r, lineBuffer), close
	if b, _ := l.in.Peek(3); string(b) == "\xef\xbb\xbf" { // a byte order mark
		_, _ = l.in.Discard(3)
	}
	return l, nil
}

func (l *lines) offset() int64 {
	n, _ := l.sec.Seek(0, io.SeekCurrent)
	return n
}

var errTooLong = errors.New("a record is too long")

// next gives the next line with its end, valid until the following call; io.EOF at the end. room is how many bytes of the record are
// there already.
func (l *lines) next(room int) ([]byte, error) {
	b, err := l.in.ReadSlice('\n')
	if err == nil || errors.Is(err, io.EOF) && len(b) > 0 {
		if room+len(b) > l.max {
			return nil, l.tooLong()
		}
		return b, nil
	}
	if !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	l.long = append(l.long[:0], b...)
	for {
		b, err = l.in.ReadSlice('\n')
		if room+len(l.long)+len(b) > l.max {
			return nil, l.tooLong()
		}
		l.long = append(l.long, b...)
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return l.long, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

func (l *lines) tooLong() error {
	return fmt.Errorf("%w: more than %d bytes; is a quote or a line end missing?", errTooLong, l.max)
}

// trimEnd cuts the line end off.
func trimEnd(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}
