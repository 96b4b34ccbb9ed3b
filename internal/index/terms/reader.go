package terms

import (
	"bytes"
	"context"
	"math"
	"sort"

	"github.com/goptimedb/goptimedb/internal/index/blob"
	"github.com/goptimedb/goptimedb/internal/model"
)

// scanBytes is how much of neighbouring blocks a scan reads at once.
const scanBytes = 256 << 10

// Reader finds terms in a blob. It is immutable and safe for concurrent use.
type Reader struct {
	src    blob.Source
	blocks []blockRef
	seps   []byte
	n      uint64
}

// Posting is the units of a term: beside the term, or elsewhere in the blob. It is valid as long as the call that gives it.
type Posting struct {
	inline []byte
	off    int64 // of inline, or of what is elsewhere
	length int64
}

// Open reads the footer. meta is what Finish was given.
func Open(ctx context.Context, src blob.Source, kind byte) (r *Reader, meta *blob.Decoder, err error) {
	d, at, err := blob.ReadFooter(ctx, src, kind)
	if err != nil {
		return nil, nil, err
	}
	meta = blob.NewDecoder(d.Bytes(d.Uvarint()), at)
	r = &Reader{src: src, n: d.Uvarint()}
	count := d.Upto(uint64(d.Len()/7), "number of blocks") // the least that one takes is 7 bytes
	r.blocks = make([]blockRef, count)
	end := int64(0)
	for i := range r.blocks {
		b := &r.blocks[i]
		b.off = end + int64(d.Upto(uint64(at), "gap before a block"))
		b.length = uint32(d.Upto(uint64(min(at, math.MaxInt32)), "block length"))
		b.sum = d.Uint32()
		sep := d.Bytes(d.Upto(MaxTerm, "separator"))
		if end = b.off + int64(b.length); end > at {
			d.Fail("block %d ends at %d", i, end)
		}
		if i > 1 && bytes.Compare(sep, r.sep(i-1)) <= 0 {
			d.Fail("block %d is out of order", i)
		}
		r.seps = append(r.seps, sep...)
		b.sepEnd = uint32(len(r.seps))
		if d.Err() != nil {
			break
		}
	}
	if err := d.End(); err != nil {
		return nil, nil, err
	}
	r.seps = bytes.Clone(r.seps)
	return r, meta, nil
}

// Len is the number of terms.
func (r *Reader) Len() int { return int(r.n) }

// MemoryBytes is about how much memory the reader holds.
func (r *Reader) MemoryBytes() int64 { return int64(len(r.blocks)*24+cap(r.seps)) + 128 }

func (r *Reader) sep(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = r.blocks[i-1].sepEnd
	}
	return r.seps[from:r.blocks[i].sepEnd]
}

// find is the only block that may hold the term; -1 for an empty dictionary.
func (r *Reader) find(term []byte) int {
	return max(0, sort.Search(len(r.blocks), func(i int) bool { return bytes.Compare(r.sep(i), term) > 0 })) - 1
}

// Get looks up one term.
func (r *Reader) Get(ctx context.Context, term []byte) (p Posting, found bool, err error) {
	err = r.Scan(ctx, term, nil, func(t []byte, q Posting) (bool, error) {
		if found = bytes.Equal(t, term); found {
			p = q
		}
		return false, nil
	})
	return p, found, err
}

// Scan calls fn for the terms from ≤ term < to in order until it says no more. A nil to is above all terms. The term is valid during the call.
func (r *Reader) Scan(ctx context.Context, from, to []byte, fn func(term []byte, p Posting) (more bool, err error)) error {
	if len(r.blocks) == 0 {
		return nil
	}
	first := max(0, r.find(from))
	last := len(r.blocks) - 1
	if to != nil {
		last = max(0, r.find(to))
	}
	step := 1 // a lookup reads one block, and most often is content with it
	for i := first; i <= last; {
		if err := ctx.Err(); err != nil {
			return err
		}
		j := i + 1
		for j <= last && j-i < step && r.blocks[j-1].off+int64(r.blocks[j-1].length) == r.blocks[j].off && r.blocks[j].off-r.blocks[i].off < scanBytes {
			j++
		}
		step *= 4
		start := r.blocks[i].off
		data, err := blob.Read(ctx, r.src, start, r.blocks[j-1].off+int64(r.blocks[j-1].length)-start)
		if err != nil {
			return err
		}
		for ; i < j; i++ {
			b := r.blocks[i]
			more, err := r.scanBlock(b, data[b.off-start:][:b.length], from, to, fn)
			if err != nil || !more {
				return err
			}
		}
	}
	return nil
}

func (r *Reader) scanBlock(b blockRef, data, from, to []byte, fn func([]byte, Posting) (bool, error)) (more bool, err error) {
	if got := blob.Sum(data); got != b.sum {
		return false, blob.Corrupt(b.off, "checksum of the block is %08x, not %08x", got, b.sum)
	}
	d := blob.NewDecoder(data, b.off)
	var buf [MaxTerm]byte
	term := buf[:0]
	for d.Len() > 0 {
		shared := d.Upto(uint64(len(term)), "shared prefix")
		rest := d.Bytes(d.Upto(MaxTerm-shared, "term length"))
		term = append(term[:shared], rest...)
		head := d.Uvarint()
		p := Posting{length: int64(head >> 1), off: b.off + int64(len(data)-d.Len())}
		if head&1 == 0 {
			p.inline = d.Bytes(head >> 1)
		} else {
			p.off = int64(d.Upto(uint64(r.src.Size()), "offset of a posting"))
		}
		if err := d.Err(); err != nil {
			return false, err
		}
		if bytes.Compare(term, from) < 0 {
			continue
		}
		if to != nil && bytes.Compare(term, to) >= 0 {
			return false, nil
		}
		if more, err := fn(term, p); err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// ScanPrefix is Scan of the terms that begin with p.
func (r *Reader) ScanPrefix(ctx context.Context, p []byte, fn func(term []byte, p Posting) (more bool, err error)) error {
	return r.Scan(ctx, p, PrefixEnd(p), fn)
}

// Or sets the bits of the units of a posting; there are n units.
func (r *Reader) Or(ctx context.Context, dst model.Bitmap, n int, p Posting) error {
	enc := p.inline
	if enc == nil {
		var err error
		if enc, err = blob.ReadSum(ctx, r.src, p.off, p.length); err != nil {
			return err
		}
	}
	return orPosting(dst, n, enc, p.off)
}

// Or of a posting outside of a Reader, as AppendPosting made it.
func Or(dst model.Bitmap, n int, enc []byte, off int64) error { return orPosting(dst, n, enc, off) }
