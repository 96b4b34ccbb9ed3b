package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/goptimedb/goptimedb/internal/wal"
)

// The bytes of a segment, version 1, as docs/formats/wal.md specifies them. Integers are little-endian; checksums are CRC-32C.
//
//	segment   0      8  magic "GOPTWAL\n"
//	header    8      4  version, 1
//	         12      4  flags, 0
//	         16      8  sequence: number of the segment, also its file name
//	         24      8  generation: random, carried by every record of this segment
//	         32      8  sequence of the segment before, 0 if none
//	         40      8  length at which the segment before was closed, bytes
//	         48      8  length up to which the segment before is known to be durable, bytes
//	         56      4  reserved, 0
//	         60      4  checksum of bytes 0..59
//	         64         zeros up to 4096, where the first record starts
//
//	record    0      4  checksum of bytes 4..47
//	          4      4  checksum of bytes 48..end, padding included
//	          8      8  generation
//	         16      4  durable: bytes of the segment before this offset were durable when the record was written
//	         20      4  stored length of the payload, bytes
//	         24      4  length of the payload before compression, bytes
//	         28      1  kind
//	         29      1  codec of the payload
//	         30      2  reserved, 0
//	         32      8  region
//	         40      8  entry id
//	         48         payload, padded with zeros to a multiple of 8 bytes
const (
	magic   = "GOPTWAL\n"
	version = 1

	// headerSize is a whole page, so that no later write touches the page of the header.
	headerSize    = 4096
	headerUsed    = 64
	recordHeader  = 48
	recordAlign   = 8
	compressBytes = 8 << 10 // payloads from this size on are compressed: below, the gain is less than the cost of one more call
)

// Kinds of records.
const (
	kindData     = 1 // an entry
	kindObsolete = 2 // entries of the region up to the entry id are obsolete
	kindDrop     = 3 // all that stands before, of this region, is void: entries and marks
	kindSnapshot = 4 // first record of a segment; its payload replaces all marks that stand before
)

// Codecs of payloads.
const (
	codecNone = 0
	codecS2   = 1 // S2 block format
)

// castagnoli is a table, never changed; the standard library uses the processor's instruction with it.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// segmentHeader is the decoded header of a segment.
type segmentHeader struct {
	seq         uint64
	generation  uint64
	prevSeq     uint64 // 0: none
	prevLength  uint64 // bytes, header included
	prevDurable uint64 // bytes, at most prevLength
}

// appendTo appends the header with its zeros, headerSize bytes.
func (h segmentHeader) appendTo(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, version)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, h.seq)
	dst = binary.LittleEndian.AppendUint64(dst, h.generation)
	dst = binary.LittleEndian.AppendUint64(dst, h.prevSeq)
	dst = binary.LittleEndian.AppendUint64(dst, h.prevLength)
	dst = binary.LittleEndian.AppendUint64(dst, h.prevDurable)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
	return append(dst, make([]byte, headerSize-headerUsed)...)
}

// decodeSegmentHeader reads the header from the first bytes of a segment. An error is a *wal.CorruptError without a file.
func decodeSegmentHeader(b []byte) (segmentHeader, error) {
	if len(b) < headerSize {
		return segmentHeader{}, &wal.CorruptError{Err: fmt.Errorf("segment header has %d of %d bytes", len(b), headerSize)}
	}
	if string(b[:8]) != magic {
		return segmentHeader{}, &wal.CorruptError{Err: fmt.Errorf("not a log segment: starts with %q", b[:8])}
	}
	want, got := binary.LittleEndian.Uint32(b[60:]), crc32.Checksum(b[:60], castagnoli)
	if want != got {
		return segmentHeader{}, &wal.CorruptError{Want: want, Got: got, Err: errors.New("segment header")}
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != version {
		return segmentHeader{}, &wal.CorruptError{Err: fmt.Errorf("segment format version %d, this program knows %d", v, version)}
	}
	h := segmentHeader{
		seq:         binary.LittleEndian.Uint64(b[16:]),
		generation:  binary.LittleEndian.Uint64(b[24:]),
		prevSeq:     binary.LittleEndian.Uint64(b[32:]),
		prevLength:  binary.LittleEndian.Uint64(b[40:]),
		prevDurable: binary.LittleEndian.Uint64(b[48:]),
	}
	if h.prevDurable > h.prevLength || h.prevSeq >= h.seq {
		return segmentHeader{}, &wal.CorruptError{Err: fmt.Errorf("segment header contradicts itself: sequence %d after %d, length %d, durable %d",
			h.seq, h.prevSeq, h.prevLength, h.prevDurable)}
	}
	return h, nil
}

// recordMeta is the decoded header of a record.
type recordMeta struct {
	durable uint32
	stored  uint32 // bytes
	raw     uint32 // bytes
	kind    uint8
	codec   uint8
	region  wal.RegionID
	id      uint64
}

// size is the number of bytes the record takes in the segment.
func (m *recordMeta) size() int { return recordSize(int(m.stored)) }

func recordSize(stored int) int {
	return recordHeader + (stored+recordAlign-1)&^(recordAlign-1)
}

// putRecord writes the header of a record at b[0:48] except what only the writer of the segment knows (see finishRecord), and
// the checksum of the payload, which with its padding already stands behind.
func putRecord(b []byte, m recordMeta) {
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[recordHeader:m.size()], castagnoli))
	binary.LittleEndian.PutUint32(b[20:], m.stored)
	binary.LittleEndian.PutUint32(b[24:], m.raw)
	b[28], b[29], b[30], b[31] = m.kind, m.codec, 0, 0
	binary.LittleEndian.PutUint64(b[32:], uint64(m.region))
	binary.LittleEndian.PutUint64(b[40:], m.id)
}

// finishRecord completes the header that putRecord began, for its place in a segment.
func finishRecord(b []byte, generation uint64, durable uint32) {
	binary.LittleEndian.PutUint64(b[8:], generation)
	binary.LittleEndian.PutUint32(b[16:], durable)
	binary.LittleEndian.PutUint32(b, crc32.Checksum(b[4:recordHeader], castagnoli))
}

// fault says why bytes are not a record.
type fault struct {
	want, got uint32
	reason    string
}

func (f *fault) corrupt(file string, off int64) error {
	return &wal.CorruptError{File: file, Offset: off, Want: f.want, Got: f.got, Err: errors.New(f.reason)}
}

// decodeRecord reads the header of a record of the given generation. It looks at no payload byte.
func decodeRecord(b []byte, generation uint64) (recordMeta, *fault) {
	if len(b) < recordHeader {
		return recordMeta{}, &fault{reason: "record header is cut short"}
	}
	if g := binary.LittleEndian.Uint64(b[8:]); g != generation {
		return recordMeta{}, &fault{reason: "no record of this segment's generation"}
	}
	want, got := binary.LittleEndian.Uint32(b), crc32.Checksum(b[4:recordHeader], castagnoli)
	if want != got {
		return recordMeta{}, &fault{want: want, got: got, reason: "record header"}
	}
	m := recordMeta{
		durable: binary.LittleEndian.Uint32(b[16:]),
		stored:  binary.LittleEndian.Uint32(b[20:]),
		raw:     binary.LittleEndian.Uint32(b[24:]),
		kind:    b[28],
		codec:   b[29],
		region:  wal.RegionID(binary.LittleEndian.Uint64(b[32:])),
		id:      binary.LittleEndian.Uint64(b[40:]),
	}
	switch {
	case m.stored > maxStored || m.raw > wal.MaxPayload:
		return m, &fault{reason: fmt.Sprintf("record of %d bytes (%d uncompressed) is larger than any that is written", m.stored, m.raw)}
	case m.kind < kindData || m.kind > kindSnapshot:
		return m, &fault{reason: fmt.Sprintf("record of unknown kind %d", m.kind)}
	case m.codec > codecS2:
		return m, &fault{reason: fmt.Sprintf("record with unknown codec %d", m.codec)}
	case m.codec == codecNone && m.raw != m.stored:
		return m, &fault{reason: fmt.Sprintf("uncompressed record of %d bytes claims %d", m.stored, m.raw)}
	case m.id == 0 && (m.kind == kindData || m.kind == kindObsolete):
		return m, &fault{reason: "record with entry id 0"}
	}
	return m, nil
}

// maxStored bounds the stored length; compression is only kept where it makes a payload smaller.
const maxStored = wal.MaxPayload

// checkPayload verifies the payload of a whole record b whose header is m.
func checkPayload(b []byte, m *recordMeta) *fault {
	want, got := binary.LittleEndian.Uint32(b[4:]), crc32.Checksum(b[recordHeader:m.size()], castagnoli)
	if want != got {
		return &fault{want: want, got: got, reason: fmt.Sprintf("payload of %s", m)}
	}
	return nil
}

func (m *recordMeta) String() string {
	return fmt.Sprintf("%s record of region %s, entry %d", kindName(m.kind), m.region, m.id)
}

func kindName(k uint8) string {
	switch k {
	case kindData:
		return "data"
	case kindObsolete:
		return "obsolete"
	case kindDrop:
		return "drop"
	case kindSnapshot:
		return "snapshot"
	}
	return fmt.Sprintf("kind %d", k)
}

// appendMarks appends the payload of a snapshot: for each region with a mark, region and entry id, 16 bytes.
func appendMarks(dst []byte, marks map[wal.RegionID]uint64) []byte {
	for r, id := range marks {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(r))
		dst = binary.LittleEndian.AppendUint64(dst, id)
	}
	return dst
}

func decodeMarks(b []byte) (map[wal.RegionID]uint64, error) {
	if len(b)%16 != 0 {
		return nil, fmt.Errorf("snapshot of %d bytes is not a multiple of 16", len(b))
	}
	m := make(map[wal.RegionID]uint64, len(b)/16)
	for ; len(b) > 0; b = b[16:] {
		m[wal.RegionID(binary.LittleEndian.Uint64(b))] = binary.LittleEndian.Uint64(b[8:])
	}
	return m, nil
}
