package local

import (
	"fmt"
	"path/filepath"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/wal"
)

// Record is what Inspect tells about a record of a segment.
type Record struct {
	File    string
	Segment uint64 // sequence of the segment
	Offset  int64  // bytes from the start of the file
	Bytes   int    // in the file, header and padding included; 0 for a fault whose header cannot be read
	Kind    string // data, obsolete, drop, snapshot; empty if the header cannot be read
	Region  wal.RegionID
	ID      uint64
	Stored  uint32 // bytes of the payload as stored
	Raw     uint32 // bytes of the payload before compression
	Durable uint32 // bytes of the segment that were durable when the record was written
	Counts  bool   // false behind the length at which the segment was sealed
	Err     error  // nil if the checksums are right
}

// Inspect calls fn with every record of the segment file path, or of all segments if path is the folder, in order. It goes on
// behind damage where it finds a record again, and shows records behind a segment's sealed length too (for a single file the
// length is not known). An error of fn ends it and is returned. It changes nothing, and must not run on the folder of an open log.
func Inspect(fsys vfs.FS, path string, fn func(Record) error) error {
	info, err := fsys.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return inspectFile(fsys, path, -1, fn)
	}
	entries, err := fsys.ReadDir(path)
	if err != nil {
		return err
	}
	var files []string
	for _, e := range entries {
		if _, ok := parseSegmentName(e.Name()); ok {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	for i, file := range files {
		sealed := int64(-1)
		if i+1 < len(files) {
			if h, err := inspectHeader(fsys, files[i+1]); err == nil && segmentName(h.prevSeq) == filepath.Base(file) {
				sealed = int64(h.prevLength)
			}
		}
		if err := inspectFile(fsys, file, sealed, fn); err != nil {
			return err
		}
	}
	return nil
}

func inspectHeader(fsys vfs.FS, path string) (segmentHeader, error) {
	f, err := vfs.Open(fsys, path)
	if err != nil {
		return segmentHeader{}, err
	}
	defer f.Close()
	return readSegmentHeader(f, path)
}

// inspectFile lists a segment; sealed is its length, -1 if that is not known.
func inspectFile(fsys vfs.FS, path string, sealed int64, fn func(Record) error) error {
	f, err := vfs.Open(fsys, path)
	if err != nil {
		return err
	}
	defer f.Close()
	h, err := readSegmentHeader(f, path)
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err != nil {
		return err
	}
	sc := newScanner(f, h.generation, headerSize, size)
	for {
		for sc.next() {
			m := &sc.meta
			if err := fn(Record{File: path, Segment: h.seq, Offset: sc.off, Bytes: len(sc.rec), Kind: kindName(m.kind), Region: m.region, ID: m.id,
				Stored: m.stored, Raw: m.raw, Durable: m.durable, Counts: sealed < 0 || sc.off < sealed}); err != nil {
				return err
			}
		}
		if sc.err != nil {
			return fmt.Errorf("read log segment %s: %w", path, sc.err)
		}
		if sc.fault == nil {
			return nil
		}
		hole, fault := sc.pos, *sc.fault
		next, _, err := sc.find(hole + recordAlign)
		if err != nil {
			return fmt.Errorf("read log segment %s: %w", path, err)
		}
		if next < 0 && hole == sealed {
			return nil
		}
		r := Record{File: path, Segment: h.seq, Offset: hole, Counts: hole < sealed, Err: fault.corrupt(path, hole)}
		b, err := sc.fill(hole, recordHeader)
		if err != nil {
			return fmt.Errorf("read log segment %s: %w", path, err)
		}
		if m, f := decodeRecord(b, h.generation); f == nil {
			r.Bytes, r.Kind, r.Region, r.ID, r.Stored, r.Raw, r.Durable = m.size(), kindName(m.kind), m.region, m.id, m.stored, m.raw, m.durable
		} else if next < 0 {
			return nil // nothing of this segment stands here or later: it ends
		}
		if err := fn(r); err != nil {
			return err
		}
		if next < 0 {
			return nil
		}
		sc.pos = next
	}
}
