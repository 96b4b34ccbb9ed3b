package puffin

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Source is the bytes of a file. objectstore.Reader is one.
type Source interface {
	// ReadRange fills p from offset off; an error whenever it reads less.
	ReadRange(ctx context.Context, p []byte, off int64) (int, error)
	// Size is the length of the file in bytes.
	Size() int64
}

// File is an opened file. It is immutable and safe for concurrent use.
type File struct {
	src  Source
	foot footer
}

const (
	firstTail = 16 << 10 // bytes read first from the end: common footers are shorter
	maxFooter = 64 << 20
	maxBlob   = 4 << 30 // decompressed
)

func read(ctx context.Context, src Source, off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || off+n > src.Size() {
		return nil, &CorruptError{off, fmt.Errorf("%d bytes are wanted of a file of %d", n, src.Size())}
	}
	p := make([]byte, n)
	if _, err := src.ReadRange(ctx, p, off); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, &CorruptError{off, err}
		}
		if errs.CodeOf(err) == errs.Internal {
			err = errs.Wrap(errs.StorageUnavailable, err, "read puffin file")
		}
		return nil, err
	}
	return p, nil
}

// Open reads the footer. Errors are *CorruptError or the source's.
func Open(ctx context.Context, src Source) (*File, error) {
	size := src.Size()
	if size < 2*int64(len(magic))+footerTail {
		return nil, &CorruptError{0, fmt.Errorf("%d bytes are no puffin file", size)}
	}
	n := min(size, firstTail)
	tail, err := read(ctx, src, size-n, n)
	if err != nil {
		return nil, err
	}
	end := tail[len(tail)-footerTail:]
	if string(end[8:]) != magic {
		return nil, &CorruptError{size - 4, errors.New("the end is not PFA1")}
	}
	if flags := binary.LittleEndian.Uint32(end[4:]); flags != 0 {
		if flags == flagCompressed {
			return nil, errs.New(errs.Unsupported, "puffin file with a compressed footer")
		}
		return nil, &CorruptError{size - 8, fmt.Errorf("unknown flags %x", flags)}
	}
	length := int64(binary.LittleEndian.Uint32(end))
	need := length + int64(len(magic)) + footerTail
	if need+int64(len(magic)) > size || length > maxFooter {
		return nil, &CorruptError{size - footerTail, fmt.Errorf("footer of %d bytes in a file of %d", length, size)}
	}
	if need > n {
		if tail, err = read(ctx, src, size-need, need); err != nil {
			return nil, err
		}
	}
	at := size - need
	tail = tail[int64(len(tail))-need:]
	if string(tail[:4]) != magic {
		return nil, &CorruptError{at, errors.New("the footer does not begin with PFA1")}
	}
	f := &File{src: src}
	if err := f.foot.parse(tail[4:4+length], at); err != nil {
		return nil, &CorruptError{at + 4, err}
	}
	return f, nil
}

// parse reads and checks a footer; blobs end before end.
func (t *footer) parse(payload []byte, end int64) error {
	at := sumPlace(payload)
	if at < 0 {
		return errors.New("footer has no checksum")
	}
	want := string(payload[at:][:len(zeroSum)])
	zeroed := bytes.Clone(payload)
	copy(zeroed[at:], zeroSum)
	if got := sumText(checksum(zeroed)); got != want {
		return fmt.Errorf("checksum of the footer is %s, not %s", got, want)
	}
	if err := json.Unmarshal(payload, t); err != nil {
		return err
	}
	for i := range t.Blobs {
		b := &t.Blobs[i]
		if b.Offset < int64(len(magic)) || b.Length < 0 || b.Offset > end || b.Length > end-b.Offset {
			return fmt.Errorf("blob %d (%s) lies at [%d,+%d)", i, b.Type, b.Offset, b.Length)
		}
	}
	return nil
}

// Blobs lists the blobs in file order. The list and its maps are read-only.
func (f *File) Blobs() []Blob { return f.foot.Blobs }

// Properties are those of the whole file, read-only.
func (f *File) Properties() map[string]string { return f.foot.Properties }

// Find gives the first blob of a type that is about all the given columns, or ErrNotFound.
func (f *File) Find(typ string, fields ...uint32) (Blob, error) {
	for _, b := range f.foot.Blobs {
		if b.Type == typ && !slices.ContainsFunc(fields, func(id uint32) bool { return !slices.Contains(b.Fields, id) }) {
			return b, nil
		}
	}
	return Blob{}, fmt.Errorf("%w: %s of columns %v", ErrNotFound, typ, fields)
}

// Read gives a whole blob, checked and decompressed.
func (f *File) Read(ctx context.Context, b Blob) ([]byte, error) {
	data, err := read(ctx, f.src, b.Offset, b.Length)
	if err != nil {
		return nil, err
	}
	if got, want := sumText(checksum(data)), b.Properties[propBlobSum]; got != want {
		return nil, &CorruptError{b.Offset, fmt.Errorf("checksum of blob %s is %s, not %q", b.Type, got, want)}
	}
	switch b.Codec {
	case "":
		return data, nil
	case CodecZstd:
		dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBlob))
		if err != nil {
			return nil, errs.Wrap(errs.Internal, err, "zstd decoder")
		}
		defer dec.Close()
		out, err := dec.DecodeAll(data, nil)
		if err != nil {
			return nil, &CorruptError{b.Offset, err}
		}
		return out, nil
	}
	return nil, errs.New(errs.Unsupported, "puffin blob codec %q", b.Codec)
}

// ReadAt gives n bytes from offset off of a blob that is not compressed. Their checksum is the business of the blob's kind: that of the
// container covers whole blobs only.
func (f *File) ReadAt(ctx context.Context, b Blob, off, n int64) ([]byte, error) {
	if b.Codec != "" {
		return nil, errs.New(errs.Unsupported, "a part of a compressed puffin blob")
	}
	if off < 0 || n < 0 || off > b.Length || n > b.Length-off {
		return nil, &CorruptError{b.Offset, fmt.Errorf("[%d,+%d) of a blob of %d bytes", off, n, b.Length)}
	}
	return read(ctx, f.src, b.Offset+off, n)
}

// Part is one uncompressed blob of a file as bytes to read parts of: what index readers are opened over.
type Part struct {
	file *File
	blob Blob
}

// Part gives a view of a blob.
func (f *File) Part(b Blob) Part { return Part{f, b} }

// ReadAt gives n bytes from offset off of the blob, with the errors of File.ReadAt.
func (p Part) ReadAt(ctx context.Context, off, n int64) ([]byte, error) {
	return p.file.ReadAt(ctx, p.blob, off, n)
}

// Size is the length of the blob in bytes.
func (p Part) Size() int64 { return p.blob.Length }
