package local

import (
	"fmt"

	"github.com/klauspost/compress/s2"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/wal"
)

// placed says where a record stands in a request's bytes.
type placed struct {
	region wal.RegionID
	id     uint64
	start  int // offset in request.buf
	size   int // bytes, header and padding included
	kind   uint8
}

// encodeBound is the most bytes that an entry with a payload of n bytes needs while it is being encoded.
func encodeBound(n int) int {
	if n >= compressBytes {
		if m := s2.MaxEncodedLen(n); m > n {
			return recordHeader + m + recordAlign
		}
	}
	return recordHeader + n + recordAlign
}

// appendRecord appends one record to buf, whose capacity suffices (encodeBound), and returns buf and its place. The header is
// left to be finished by the committer.
func appendRecord(buf []byte, kind uint8, region wal.RegionID, id uint64, payload []byte, compress bool) ([]byte, placed) {
	start := len(buf)
	body := buf[start+recordHeader : start+recordHeader : cap(buf)]
	m := recordMeta{kind: kind, region: region, id: id, raw: uint32(len(payload)), codec: codecNone}
	if compress && len(payload) >= compressBytes {
		// A sixteenth is the least worth the work of undoing it.
		out := s2.Encode(body[:cap(body)], payload)
		if len(out) < len(payload)-len(payload)/16 {
			m.codec, body = codecS2, body[:len(out)]
		}
	}
	if m.codec == codecNone {
		body = append(body, payload...)
	}
	m.stored = uint32(len(body))
	rec := buf[start : start+m.size()]
	clear(rec[recordHeader+len(body):])
	putRecord(rec, m)
	return buf[:start+len(rec)], placed{region: region, id: id, start: start, size: len(rec), kind: kind}
}

// decodePayload gives the caller's payload of a whole, checked record. It decompresses into scratch, which it returns grown.
func decodePayload(rec []byte, m *recordMeta, scratch []byte) (payload, grown []byte, err error) {
	stored := rec[recordHeader : recordHeader+int(m.stored)]
	if m.codec == codecNone {
		return stored, scratch, nil
	}
	n, err := s2.DecodedLen(stored)
	if err == nil && n != int(m.raw) {
		err = fmt.Errorf("%d bytes announced, %d in the block", m.raw, n)
	}
	if err == nil {
		if cap(scratch) < n {
			scratch = make([]byte, n)
		}
		payload, err = s2.Decode(scratch[:n], stored)
	}
	if err != nil {
		return nil, scratch, fmt.Errorf("decompress %s: %w", m, err)
	}
	return payload, scratch, nil
}

// checkEntries validates the entries of one append and returns the bytes needed to encode them.
func checkEntries(entries []wal.Entry) (int, error) {
	total := 0
	for i := range entries {
		e := &entries[i]
		if len(e.Payload) > wal.MaxPayload {
			return 0, errs.New(errs.InvalidArguments, "log entry %d of region %s has %d bytes, at most %d are taken", e.ID, e.Region, len(e.Payload), wal.MaxPayload)
		}
		if e.ID == 0 {
			return 0, errs.New(errs.InvalidArguments, "log entry of region %s has no id", e.Region)
		}
		total += encodeBound(len(e.Payload))
	}
	if total > maxRequest {
		return 0, errs.New(errs.InvalidArguments, "append of %d bytes to the log, at most %d are taken at once", total, maxRequest)
	}
	return total, nil
}

// maxRequest bounds one append. With it a segment ends below 4 GiB, whatever is written last, so that offsets fit 32 bits.
const maxRequest = 1 << 30
