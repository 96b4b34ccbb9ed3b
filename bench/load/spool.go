package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// Spool is a file of batches made beforehand, so that making lines takes no processor time from the server while it is measured. A record
// is the number of rows and of bytes, four bytes each, little-endian, and the lines. It does not outlive the benchmark.
type Spool struct {
	f    *os.File
	rows int64
	size int64
}

// NewSpool takes all batches of src into a file at path, max rows each, and is ready to give them again.
func NewSpool(path string, src Source, max int) (*Spool, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	s := &Spool{f: f}
	if err := s.fill(src, max); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Spool) fill(src Source, max int) error {
	var buf []byte
	var head [8]byte
	for {
		var n int
		var err error
		if buf, n, err = src.Next(buf, max); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("fill spool: %w", err)
		}
		binary.LittleEndian.PutUint32(head[:], uint32(n))
		binary.LittleEndian.PutUint32(head[4:], uint32(len(buf)))
		if _, err := s.f.Write(head[:]); err != nil {
			return fmt.Errorf("fill spool: %w", err)
		}
		if _, err := s.f.Write(buf); err != nil {
			return fmt.Errorf("fill spool: %w", err)
		}
		s.rows += int64(n)
		s.size += int64(len(buf))
	}
	if _, err := s.f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("rewind spool: %w", err)
	}
	return nil
}

// Rows is the number of rows of all batches.
func (s *Spool) Rows() int64 { return s.rows }

// Next overwrites buf with the next batch, which is as large as it was made.
func (s *Spool) Next(buf []byte, _ int) ([]byte, int, error) {
	var head [8]byte
	if _, err := io.ReadFull(s.f, head[:]); err != nil {
		return buf, 0, err // io.EOF at the end
	}
	size := int(binary.LittleEndian.Uint32(head[4:]))
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	if _, err := io.ReadFull(s.f, buf); err != nil {
		return buf, 0, fmt.Errorf("read spool: %w", err)
	}
	return buf, int(binary.LittleEndian.Uint32(head[:])), nil
}

// Close closes and removes the file.
func (s *Spool) Close() error { return errors.Join(s.f.Close(), os.Remove(s.f.Name())) }
