package terms

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
)

const (
	spillBuffer = 256 << 10 // of the writer
	readBuffer  = 64 << 10  // of each run
	maxNames    = 1 << 16
)

// spillFile holds sorted runs one after the other. An entry is the length of the term, the term, the number of its units, and the units as
// differences. It is read back by the process that wrote it, and needs no checksums or version.
type spillFile struct {
	fs    vfs.FS
	file  vfs.File
	out   *bufio.Writer
	off   int64
	runs  []int64 // where each ends
	buf   []byte
	wrote error
}

func newSpill(fsys vfs.FS, dir string) (*spillFile, error) {
	if err := fsys.MkdirAll(dir, 0o755); err != nil {
		return nil, vfs.Coded(err)
	}
	for i := range maxNames {
		f, err := fsys.OpenFile(filepath.Join(dir, fmt.Sprintf("index-%05d.spill", i)), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, vfs.Coded(err)
		}
		return &spillFile{fs: fsys, file: f, out: bufio.NewWriterSize(f, spillBuffer)}, nil
	}
	return nil, fmt.Errorf("spill index to %s: %d files are there already", dir, maxNames)
}

func (s *spillFile) add(term []byte, units []uint32) {
	b := binary.AppendUvarint(s.buf[:0], uint64(len(term)))
	b = append(b, term...)
	b = binary.AppendUvarint(b, uint64(len(units)))
	last := uint32(0)
	for _, u := range units {
		b = binary.AppendUvarint(b, uint64(u-last))
		last = u
	}
	n, err := s.out.Write(b)
	s.off += int64(n)
	if err != nil && s.wrote == nil {
		s.wrote = err
	}
	s.buf = b
}

func (s *spillFile) endRun() error {
	if err := s.out.Flush(); err != nil && s.wrote == nil {
		s.wrote = err
	}
	s.runs = append(s.runs, s.off)
	if s.wrote != nil {
		return fmt.Errorf("spill index: %w", vfs.Coded(s.wrote))
	}
	return nil
}

func (s *spillFile) open() ([]*cursor, error) {
	var out []*cursor
	from := int64(0)
	for _, end := range s.runs {
		out = append(out, &cursor{in: bufio.NewReaderSize(io.NewSectionReader(s.file, from, end-from), readBuffer)})
		from = end
	}
	return out, nil
}

func (s *spillFile) close() error {
	err := s.file.Close()
	if e := s.fs.Remove(s.file.Name()); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("remove spilled index: %w", vfs.Coded(err))
	}
	return nil
}

// cursor goes through a run, or what is in memory.
type cursor struct {
	in    *bufio.Reader
	mem   *Collector
	ids   []uint32
	term  []byte
	units []uint32
}

func (c *cursor) next() (bool, error) {
	c.units = c.units[:0]
	if c.mem != nil {
		if len(c.ids) == 0 {
			return false, nil
		}
		c.term = c.mem.term(c.ids[0])
		c.units = c.mem.units(c.units, c.ids[0])
		c.ids = c.ids[1:]
		return true, nil
	}
	n, err := binary.ReadUvarint(c.in)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err == nil && n > MaxTerm {
		err = fmt.Errorf("a term of %d bytes", n)
	}
	if err == nil {
		c.term = append(c.term[:0], make([]byte, n)...)
		_, err = io.ReadFull(c.in, c.term)
	}
	var count uint64
	if err == nil {
		count, err = binary.ReadUvarint(c.in)
	}
	u := uint32(0)
	for ; err == nil && count > 0; count-- {
		var d uint64
		if d, err = binary.ReadUvarint(c.in); err == nil {
			u += uint32(d)
			c.units = append(c.units, u)
		}
	}
	if err != nil {
		return false, fmt.Errorf("read spilled index: %w", vfs.Coded(err))
	}
	return true, nil
}
