package puffin

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"maps"

	"github.com/klauspost/compress/zstd"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Writer makes one file: Add any number of blobs, then Finish. It is used by one goroutine, and is of no use after an error.
type Writer struct {
	out    io.Writer
	offset int64
	foot   footer
}

// NewWriter begins a file on out. The caller owns out, and makes durable what was written to it.
func NewWriter(out io.Writer) *Writer { return &Writer{out: out, foot: footer{Blobs: []Blob{}}} }

func (w *Writer) write(p []byte) error {
	n, err := w.out.Write(p)
	w.offset += int64(n)
	return errs.Wrap(errs.StorageUnavailable, err, "write puffin file")
}

// Add writes a blob: of b, Type, Fields, Codec and Properties are used. data is not kept.
func (w *Writer) Add(b Blob, data []byte) error {
	if w.offset == 0 {
		if err := w.write([]byte(magic)); err != nil {
			return err
		}
	}
	switch b.Codec {
	case "":
	case CodecZstd:
		enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return errs.Wrap(errs.Internal, err, "zstd encoder")
		}
		data = enc.EncodeAll(data, nil)
		if err := enc.Close(); err != nil {
			return errs.Wrap(errs.Internal, err, "zstd encoder")
		}
	default:
		return errs.New(errs.Unsupported, "puffin blob codec %q", b.Codec)
	}
	b.SnapshotID, b.SequenceNumber = 0, 0
	b.Offset, b.Length = w.offset, int64(len(data))
	if b.Fields == nil {
		b.Fields = []uint32{}
	}
	props := map[string]string{}
	maps.Copy(props, b.Properties)
	props[propBlobSum] = sumText(checksum(data))
	b.Properties = props
	w.foot.Blobs = append(w.foot.Blobs, b)
	return w.write(data)
}

// Finish writes the footer with properties of the whole file, and gives the file's size in bytes.
func (w *Writer) Finish(properties map[string]string) (int64, error) {
	if w.offset == 0 {
		if err := w.write([]byte(magic)); err != nil {
			return 0, err
		}
	}
	w.foot.Properties = map[string]string{}
	maps.Copy(w.foot.Properties, properties)
	w.foot.Properties[propFooterSum] = zeroSum
	payload, err := json.Marshal(w.foot)
	if err != nil {
		return 0, errs.Wrap(errs.Internal, err, "puffin footer")
	}
	at := sumPlace(payload)
	copy(payload[at:], sumText(checksum(payload)))
	tail := append([]byte(magic), payload...)
	tail = binary.LittleEndian.AppendUint32(tail, uint32(len(payload)))
	tail = binary.LittleEndian.AppendUint32(tail, 0)
	tail = append(tail, magic...)
	if err := w.write(tail); err != nil {
		return 0, err
	}
	return w.offset, nil
}
