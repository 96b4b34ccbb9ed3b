// Package puffin is the container of index files: blobs of any kind one after the other, and a JSON footer that lists them, so that
// one blob can be read without the others. See docs/formats/puffin.md.
//
//	PFA1 │ blob │ blob │ … │ PFA1 │ footer, JSON │ its length, 4 │ flags, 4 │ PFA1
package puffin

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
)

const (
	magic      = "PFA1"
	footerTail = 12 // length, flags, magic
	// flagCompressed says that the footer is LZ4-compressed. Nothing here writes that, and it is refused.
	flagCompressed = 1

	propFooterSum = "goptime.footer-crc32c"
	propBlobSum   = "goptime.crc32c"

	// CodecZstd is the only compression of blobs besides none.
	CodecZstd = "zstd"
)

// ErrNotFound says that a file has no blob of the wanted kind.
var ErrNotFound = errors.New("no such blob")

// CorruptError says that a file is damaged. What it indexes can be read without it.
type CorruptError struct {
	Offset int64
	Err    error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("puffin file is damaged at offset %d: %v", e.Offset, e.Err)
}

// Unwrap gives the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// Blob describes one blob of a file.
type Blob struct {
	// Type says what the bytes are, e.g. "greptime-bloom-filter-v1".
	Type string `json:"type"`
	// Fields are the ids of the columns that the blob is about.
	Fields         []uint32 `json:"fields"`
	SnapshotID     int64    `json:"snapshot-id"`     // always 0: of table formats that share the container
	SequenceNumber int64    `json:"sequence-number"` // always 0
	Offset         int64    `json:"offset"`
	Length         int64    `json:"length"` // bytes in the file
	// Codec is CodecZstd, or empty for bytes as they are.
	Codec string `json:"compression-codec,omitempty"`
	// Properties are the writer's own; names that begin with "goptime." are used by the container.
	Properties map[string]string `json:"properties,omitempty"`
}

type footer struct {
	Blobs      []Blob            `json:"blobs"`
	Properties map[string]string `json:"properties,omitempty"`
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

func sumText(sum uint32) string {
	return hex.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}

const zeroSum = "00000000"

// sumPlace finds the eight digits of the footer's checksum of itself, or gives -1.
func sumPlace(payload []byte) int {
	key := []byte(`"` + propFooterSum + `":"`)
	i := bytes.LastIndex(payload, key)
	if i < 0 || i+len(key)+len(zeroSum) > len(payload) {
		return -1
	}
	return i + len(key)
}
