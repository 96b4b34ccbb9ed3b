package local

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"math/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/base/vfs/crashfs"
	"github.com/goptimedb/goptimedb/internal/wal"
	"github.com/goptimedb/goptimedb/internal/wal/waltest"
)

var writeUpgrade = flag.Bool("write-upgrade", false, "write the segment of this version into tests/upgrade; only for a new version")

// keptPayload is the content of an entry of the kept segments. They were written with it: it never changes.
func keptPayload(r wal.RegionID, id uint64) []byte {
	n := int(id % 100)
	if id%3 == 0 {
		n = 9000 + int(id%1000)
	}
	b := fmt.Appendf(nil, "%d/%d:", r, id)
	rng := rand.New(rand.NewSource(int64(uint64(r)*1000003 + id)))
	for len(b) < n {
		b = append(b, byte(rng.Intn(4)))
	}
	return b
}

func keptEntries(r wal.RegionID, from, to uint64) (out []wal.Entry) {
	for id := from; id <= to; id++ {
		out = append(out, wal.Entry{Region: r, ID: id, Payload: keptPayload(r, id)})
	}
	return out
}

// upgradeScript is what the kept segments hold: small and compressed entries of two regions, a mark, a drop, a failed tail.
func upgradeScript(t *testing.T, l *Log) {
	t.Helper()
	ctx := context.Background()
	for _, err := range []error{
		l.Append(ctx, append(keptEntries(1, 1, 4), keptEntries(2, 10, 12)...)),
		l.Append(ctx, keptEntries(3, 1, 2)),
		l.Obsolete(ctx, 1, 1),
		l.Drop(ctx, 3),
		l.Append(ctx, keptEntries(1, 5, 6)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestUpgrade reads the segments that each version of the format left behind.
func TestUpgrade(t *testing.T) {
	for _, v := range []string{"v1"} {
		dir := filepath.Join("..", "..", "..", "tests", "upgrade", "wal", v)
		name := segmentName(1)
		if *writeUpgrade && v == fmt.Sprintf("v%d", version) {
			o := small(t.TempDir())
			o.Rand = rand.New(rand.NewSource(1)).Uint64
			l := mustOpen(t, o)
			upgradeScript(t, l)
			end := l.mu.segments[0].length
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(filepath.Join(o.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), b[:end+100], 0o644); err != nil {
				t.Fatal(err)
			}
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		o := small(t.TempDir())
		if err := os.WriteFile(filepath.Join(o.Dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
		l := mustOpen(t, o)
		for r, want := range map[wal.RegionID]string{1: "[2 3 4 5 6]", 2: "[10 11 12]", 3: "[]"} {
			var got []uint64
			err := l.Replay(context.Background(), r, 1, func(e wal.Entry) error {
				if e.Region != r || !bytes.Equal(e.Payload, keptPayload(r, e.ID)) {
					return fmt.Errorf("entry %d of region %s has another payload of %d bytes", e.ID, e.Region, len(e.Payload))
				}
				got = append(got, e.ID)
				return nil
			})
			if err != nil || fmt.Sprint(got) != want {
				t.Errorf("%s: region %s: %v, %v; want %s", v, r, got, err, want)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHeaderBytes pins the header, byte by byte.
func TestHeaderBytes(t *testing.T) {
	h := segmentHeader{seq: 0x0102, generation: 0x1122334455667788, prevSeq: 0x0101, prevLength: 0x2000, prevDurable: 0x1ff8}
	b := h.appendTo(nil)
	want := "474f505457414c0a" + "01000000" + "00000000" + "0201000000000000" + "8877665544332211" + "0101000000000000" +
		"0020000000000000" + "f81f000000000000" + "00000000"
	if got := fmt.Sprintf("%x", b[:60]); got != want || len(b) != headerSize {
		t.Fatalf("%s\n%s, %d bytes", got, want, len(b))
	}
	if got, err := decodeSegmentHeader(b); err != nil || got != h {
		t.Fatalf("%+v, %v", got, err)
	}
	b[8] = 2
	b = append(b[:0], segmentHeader{seq: 1}.appendTo(nil)...)
	b[9]++
	if _, err := decodeSegmentHeader(b); err == nil {
		t.Fatal("a changed header is accepted")
	}
}

func TestPositions(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	var p positions
	type at struct {
		id   uint64
		off  int64
		size int
	}
	var want, got []at
	id, off := uint64(0), int64(headerSize)
	for range 1000 {
		id += 1 + uint64(rng.Intn(3))
		off += int64(rng.Intn(3)) * 8 * int64(rng.Intn(1000))
		size := 48 + 8*rng.Intn(10000)
		p.add(id, off, size)
		want = append(want, at{id, off, size})
		off += int64(size)
	}
	for it := (posIter{buf: p.buf}); it.next(); {
		got = append(got, at{it.id, it.off, it.size})
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatal("positions come back changed")
	}
}

// TestInspect looks at a log with a damaged record in its middle: it is shown, and so is what stands behind.
func TestInspect(t *testing.T) {
	disk := crashfs.New()
	l := mustOpen(t, crashOptions(disk))
	for id := uint64(1); id <= 6; id++ {
		if err := l.Append(context.Background(), waltest.Entries(1, id, id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Obsolete(context.Background(), 1, 2); err != nil {
		t.Fatal(err)
	}
	l.Close()
	list := func() (out []string) {
		err := Inspect(disk, crashDir, func(r Record) error {
			ce := (*wal.CorruptError)(nil)
			out = append(out, fmt.Sprintf("%d %s %d %v", r.Segment, r.Kind, r.ID, errors.As(r.Err, &ce)))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	whole := []string{"1 data 1 false", "1 data 2 false", "1 data 3 false", "1 data 4 false", "1 data 5 false", "1 data 6 false", "1 obsolete 2 false"}
	if got := list(); fmt.Sprint(got) != fmt.Sprint(whole) {
		t.Fatalf("%q", got)
	}
	var at int64
	_ = Inspect(disk, crashDir, func(r Record) error {
		if r.ID == 2 && r.Kind == "data" {
			at = r.Offset
		}
		return nil
	})
	file := segments(t, disk, crashDir)[0]
	flip(t, disk, file, at+50)
	whole[1] = "1 data 2 true"
	if got := list(); fmt.Sprint(got) != fmt.Sprint(whole) {
		t.Fatalf("%q", got)
	}
	flip(t, disk, file, at+44)
	whole[1] = "1  0 true"
	if got := list(); fmt.Sprint(got) != fmt.Sprint(whole) {
		t.Fatalf("%q", got)
	}
}

// FuzzSegment gives arbitrary bytes, behind a right header, to everything that reads a segment. Nothing may panic.
func FuzzSegment(f *testing.F) {
	h := segmentHeader{seq: 1, generation: 0x0807060504030201}
	var recs []byte
	add := func(kind uint8, region wal.RegionID, id uint64, payload []byte) {
		rec, _ := appendRecord(make([]byte, 0, encodeBound(len(payload))), kind, region, id, payload, true)
		finishRecord(rec, h.generation, uint32(headerSize+len(recs)))
		recs = append(recs, rec...)
	}
	add(kindSnapshot, 0, 0, appendMarks(nil, map[wal.RegionID]uint64{1: 3}))
	add(kindData, 1, 4, []byte("four"))
	add(kindData, 1, 5, make([]byte, compressBytes))
	f.Add(recs, false)
	add(kindObsolete, 1, 4, nil)
	add(kindDrop, 2, 0, nil)
	add(kindData, 2, 1, nil)
	f.Add(recs, true)
	f.Add(append(bytes.Clone(recs[:100]), recs[110:]...), false)
	f.Fuzz(func(t *testing.T, recs []byte, mend bool) {
		b := append(h.appendTo(nil), recs...)
		if mend {
			mendChecksums(b)
		}
		disk := crashfs.New()
		name := segmentName(1)
		file, err := vfs.Create(disk, name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, err := file.Write(b); err != nil {
			t.Fatal(err)
		}
		ce := (*wal.CorruptError)(nil)
		if err := Inspect(disk, name, func(Record) error { return nil }); err != nil && !errors.As(err, &ce) {
			t.Fatal(err)
		}
		s := &segment{path: name, f: file, length: int64(len(b))}
		if s.header, err = readSegmentHeader(file, name); err != nil {
			return
		}
		sc, err := scanSegment(context.Background(), s)
		if err != nil {
			if !errors.As(err, &ce) || ce.File != name {
				t.Fatal(err)
			}
			return
		}
		// No goroutine runs here: the fuzzer needs the same coverage for the same bytes.
		l := &Log{opts: Options{ReadBatchSize: 2}}
		var buf replayBuf
		for r, found := range sc.runs {
			n := 0
			err := l.replayRun(context.Background(), &run{seg: s, pos: found.pos}, r, 1, &buf, func(wal.Entry) error { n++; return nil })
			if err != nil && !errors.As(err, &ce) {
				t.Fatal(err)
			}
			if err == nil && n == 0 {
				t.Fatalf("region %s has no entry", r)
			}
		}
	})
}

// mendChecksums makes the checksums right again, so that the fuzzer gets behind them.
func mendChecksums(b []byte) {
	if len(b) < headerSize {
		return
	}
	h, err := decodeSegmentHeader(b)
	if err != nil {
		return
	}
	for at := headerSize; at+recordHeader <= len(b); {
		rec := b[at:]
		m := recordMeta{stored: uint32(rec[20]) | uint32(rec[21])<<8 | uint32(rec[22])<<16 | uint32(rec[23])<<24}
		if m.stored > maxStored || m.size() > len(rec) {
			return
		}
		sum := make([]byte, m.size())
		copy(sum, rec)
		putRecord(sum, recordMeta{stored: m.stored})
		copy(rec[4:8], sum[4:8])
		finishRecord(rec, h.generation, uint32(rec[16])|uint32(rec[17])<<8)
		at += m.size()
	}
}

// FuzzHeader gives arbitrary bytes to the decoder of the header: what it accepts it writes again the same.
func FuzzHeader(f *testing.F) {
	f.Add(segmentHeader{seq: 3, generation: 1, prevSeq: 2, prevLength: 5000, prevDurable: 4096}.appendTo(nil)[:headerUsed])
	f.Fuzz(func(t *testing.T, b []byte) {
		page := make([]byte, headerSize)
		copy(page, b)
		binary.LittleEndian.PutUint32(page[60:], crc32.Checksum(page[:60], castagnoli))
		h, err := decodeSegmentHeader(page)
		if err != nil {
			return
		}
		again, err := decodeSegmentHeader(h.appendTo(nil))
		if err != nil || again != h {
			t.Fatalf("%+v, %+v, %v", h, again, err)
		}
	})
}
