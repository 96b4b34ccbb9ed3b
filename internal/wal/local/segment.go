package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/wal"
)

const (
	segmentSuffix = ".wal"
	spareSuffix   = ".spare" // a file of full length, ready to become a segment; its content means nothing
	tempSuffix    = ".tmp"   // a spare that is being made
)

func segmentName(seq uint64) string { return fmt.Sprintf("%020d%s", seq, segmentSuffix) }

func parseSegmentName(name string) (seq uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, 10, 64)
	return seq, err == nil && seq > 0
}

// segment is a file of the log.
type segment struct {
	header segmentHeader
	path   string
	f      vfs.File

	// Changed by the committer only, with Log.mu held; read under Log.mu.
	first   int64 // where the first entry may stand, behind header and snapshot
	length  int64 // bytes of records that count, header included
	durable int64 // bytes known to be durable
	sealed  bool  // nothing more is written

	// Guarded by Log.mu.
	live    int // regions that need an entry of this segment
	pins    int // replays that read it
	regions []wal.RegionID

	// Used by the keeper only, while it takes the segment away.
	gone    bool   // the file has lost its name
	spareAs string // path as a spare file; empty if it was removed
}

// readSegmentHeader reads and checks the header of an open file named path.
func readSegmentHeader(f io.ReaderAt, path string) (segmentHeader, error) {
	b := make([]byte, headerSize)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return segmentHeader{}, fmt.Errorf("read log segment header: %w", err)
	}
	h, err := decodeSegmentHeader(b[:n])
	if ce := (*wal.CorruptError)(nil); errors.As(err, &ce) {
		ce.File = path
	}
	if err != nil {
		return h, err
	}
	if seq, ok := parseSegmentName(filepath.Base(path)); ok && seq != h.seq {
		return h, &wal.CorruptError{File: path, Err: fmt.Errorf("segment %d stands under the name of segment %d", h.seq, seq)}
	}
	return h, nil
}

// spare is a file of full length kept for the next segment.
type spare struct {
	path string
	f    vfs.File
}

// preallocate gives f its length and, where the file system can, its blocks, so that later syncs need not change metadata.
func preallocate(f vfs.File, size int64, prefill bool) error {
	if a, ok := f.(interface{ Allocate(size int64) error }); ok {
		if err := a.Allocate(size); err != nil {
			return err
		}
	} else if err := f.Truncate(size); err != nil {
		return err
	}
	if !prefill {
		return nil
	}
	zeros := make([]byte, min(size, scanWindow))
	for at := int64(0); at < size; {
		n, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at)
		if err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

// makeSpare makes a new spare file under a name that no other file has. The file is durable when it returns, its name is not.
func makeSpare(fsys vfs.FS, dir string, n uint64, size int64, prefill bool) (sp spare, err error) {
	base := filepath.Join(dir, fmt.Sprintf("%020d", n))
	f, err := vfs.Create(fsys, base+tempSuffix)
	if err != nil {
		return spare{}, err
	}
	defer func() {
		if err != nil {
			f.Close()
			_ = fsys.Remove(base + tempSuffix) // what stays behind is removed at the next open
		}
	}()
	if err = preallocate(f, size, prefill); err != nil {
		return spare{}, err
	}
	if err = f.Sync(); err != nil {
		return spare{}, err
	}
	if err = fsys.Rename(base+tempSuffix, base+spareSuffix); err != nil {
		return spare{}, err
	}
	return spare{path: base + spareSuffix, f: f}, nil
}

// becomeSegment turns a spare into the segment h. first is what follows the header: the snapshot record. When it returns without
// an error, header, first record and name are durable. The order matters: under its final name a file always has its header.
func (sp spare) becomeSegment(fsys vfs.FS, dir string, h segmentHeader, first []byte) (*segment, error) {
	b := append(h.appendTo(make([]byte, 0, headerSize+len(first))), first...)
	if _, err := sp.f.WriteAt(b, 0); err != nil {
		return nil, err
	}
	if err := sp.f.Sync(); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, segmentName(h.seq))
	if err := fsys.Rename(sp.path, path); err != nil {
		return nil, err
	}
	if err := fsys.SyncDir(dir); err != nil {
		_ = fsys.Remove(path) // if it stays, it is a segment without entries, which the next open passes over
		return nil, err
	}
	return &segment{header: h, path: path, f: sp.f, first: int64(len(b)), length: int64(len(b)), durable: int64(len(b))}, nil
}

// openRW opens an existing file for reading and writing.
func openRW(fsys vfs.FS, path string) (vfs.File, error) { return fsys.OpenFile(path, os.O_RDWR, 0) }
