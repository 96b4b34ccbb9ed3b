package local

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// scanWindow is how much a scan reads at once: large enough for sequential disks, small enough to stay in the processor's cache.
const scanWindow = 1 << 20

// scanner walks the records of a segment in order. After next returned false, fault says why no record stands at pos; nil means
// the end given to newScanner was reached.
type scanner struct {
	r   io.ReaderAt
	gen uint64
	end int64 // bytes of the segment that may hold records
	pos int64 // of the record that the next call looks at

	buf      []byte
	bufStart int64 // position of buf[0]

	off   int64      // of the record found
	meta  recordMeta // of the record found
	rec   []byte     // the whole record found, valid until the next call
	fault *fault
	err   error // reading failed
}

// newScanner scans bytes [pos, end) of a segment of the given generation.
func newScanner(r io.ReaderAt, gen uint64, pos, end int64) *scanner {
	return &scanner{r: r, gen: gen, pos: pos, end: end}
}

// fill makes n bytes at position at available, or as many as there are before the end, and returns them.
func (s *scanner) fill(at int64, n int) ([]byte, error) {
	if at+int64(n) > s.end {
		n = int(max(s.end-at, 0))
	}
	if at >= s.bufStart && at+int64(n) <= s.bufStart+int64(len(s.buf)) {
		i := int(at - s.bufStart)
		return s.buf[i : i+n], nil
	}
	want := int(min(int64(max(n, scanWindow)), s.end-at))
	if cap(s.buf) < want {
		s.buf = make([]byte, want)
	}
	s.buf, s.bufStart = s.buf[:want], at
	got, err := s.r.ReadAt(s.buf, at)
	s.buf = s.buf[:got]
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return s.buf[:min(n, got)], nil
}

// next finds the record at pos and moves behind it.
func (s *scanner) next() bool {
	s.fault, s.rec = nil, nil
	if s.pos >= s.end {
		return false
	}
	head, err := s.fill(s.pos, recordHeader)
	if err != nil {
		s.err = err
		return false
	}
	m, f := decodeRecord(head, s.gen)
	if f == nil && int64(m.size()) > s.end-s.pos {
		f = &fault{reason: m.String() + " is cut short"}
	}
	if f != nil {
		s.fault = f
		return false
	}
	rec, err := s.fill(s.pos, m.size())
	if err != nil {
		s.err = err
		return false
	}
	if len(rec) < m.size() {
		s.fault = &fault{reason: m.String() + " is cut short"}
		return false
	}
	if f := checkPayload(rec, &m); f != nil {
		s.fault, s.meta = f, m
		return false
	}
	s.off, s.meta, s.rec = s.pos, m, rec
	s.pos += int64(len(rec))
	return true
}

// find looks from position from on for the next thing that is the header of a record of this generation, and returns its
// position, or -1.
func (s *scanner) find(from int64) (int64, recordMeta, error) {
	for at := from; at+recordHeader <= s.end; {
		b, err := s.fill(at, scanWindow)
		if err != nil {
			return -1, recordMeta{}, err
		}
		i := 0
		for ; i+recordHeader <= len(b); i += recordAlign {
			if binary.LittleEndian.Uint64(b[i+8:]) != s.gen ||
				binary.LittleEndian.Uint32(b[i:]) != crc32.Checksum(b[i+4:i+recordHeader], castagnoli) {
				continue
			}
			if m, f := decodeRecord(b[i:], s.gen); f == nil {
				return at + int64(i), m, nil
			}
		}
		if i == 0 {
			break
		}
		at += int64(i)
	}
	return -1, recordMeta{}, nil
}

// provesDurable reports whether a record stands behind the hole at position at that was written after the bytes of the hole were
// durable. Then the hole is damage and not the torn end of a write that nobody was told had succeeded.
// torn reports whether anything of this generation stands at or behind the hole.
func (s *scanner) provesDurable(at int64) (proved, torn bool, err error) {
	for from := at; ; {
		p, m, err := s.find(from)
		if err != nil || p < 0 {
			return false, torn, err
		}
		torn = true
		if int64(m.durable) > at && int64(m.durable) <= p {
			return true, true, nil
		}
		from = p + recordAlign
	}
}
