package terms

import (
	"bytes"
	"encoding/binary"
	"io"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/index/blob"
)

const (
	// blockBytes is what a lookup reads. Larger blocks make a shorter index of them, which readers hold: 1 M random ids of 32 bytes
	// make 4,100 blocks, and 128 KB to hold.
	blockBytes = 8 << 10
	// inlineBytes is up to which length a posting lies beside its term: where lookups get it with the block.
	inlineBytes = 64
	// groupBytes of blocks are gathered before they are written, so that scans of terms do not read the longer postings between.
	groupBytes = 1 << 20
)

// Writer lays out one blob. Terms are added in ascending order, then Finish.
type Writer struct {
	out    io.Writer
	kind   byte
	off    int64
	err    error
	block  []byte // entries of the block being made
	sep    []byte // the block's separator: above the last term of the block before, up to its first
	last   []byte
	n      uint64
	group  []byte // whole blocks, not written yet
	starts []blockRef
	seps   []byte
	placed int // blocks before this one have their offset
	posts  []byte
}

// blockRef says where a block is. Until placed, off is within the group.
type blockRef struct {
	off    int64
	length uint32
	sum    uint32
	sepEnd uint32 // in seps; the separator begins where the one before ends
}

// NewWriter begins a blob of a kind.
func NewWriter(out io.Writer, kind byte) *Writer {
	w := &Writer{out: out, kind: kind}
	w.write(blob.AppendHead(nil, kind))
	return w
}

func (w *Writer) write(b []byte) {
	if w.err != nil {
		return
	}
	n, err := w.out.Write(b)
	w.off += int64(n)
	w.err = errs.Wrap(errs.StorageUnavailable, err, "write index")
}

// Add adds a term, above all before and at most MaxTerm long, with the units it is in. It keeps neither.
func (w *Writer) Add(term []byte, units []uint32) {
	if len(w.block) == 0 {
		w.sep = w.sep[:0]
		if w.n > 0 {
			shared := commonPrefix(w.last, term)
			w.sep = append(w.sep, term[:shared+1]...)
		}
		w.last = w.last[:0]
	}
	shared := commonPrefix(w.last, term)
	w.block = binary.AppendUvarint(w.block, uint64(shared))
	w.block = binary.AppendUvarint(w.block, uint64(len(term)-shared))
	w.block = append(w.block, term[shared:]...)
	w.posts = AppendPosting(w.posts[:0], units)
	if len(w.posts) <= inlineBytes {
		w.block = binary.AppendUvarint(w.block, uint64(len(w.posts))<<1)
		w.block = append(w.block, w.posts...)
	} else {
		w.block = binary.AppendUvarint(w.block, uint64(len(w.posts))<<1|1)
		w.block = binary.AppendUvarint(w.block, uint64(w.off))
		w.write(blob.AppendSum(w.posts, 0))
	}
	w.last = append(w.last[:0], term...)
	w.n++
	if len(w.block) >= blockBytes {
		w.endBlock()
	}
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

func (w *Writer) endBlock() {
	if len(w.block) == 0 {
		return
	}
	w.seps = append(w.seps, w.sep...)
	w.starts = append(w.starts, blockRef{int64(len(w.group)), uint32(len(w.block)), blob.Sum(w.block), uint32(len(w.seps))})
	w.group = append(w.group, w.block...)
	w.block = w.block[:0]
	if len(w.group) >= groupBytes {
		w.endGroup()
	}
}

func (w *Writer) endGroup() {
	for i := range w.starts[w.placed:] {
		w.starts[w.placed+i].off += w.off
	}
	w.placed = len(w.starts)
	w.write(w.group)
	w.group = w.group[:0]
}

// Finish ends the blob. What meta holds is the caller's business.
func (w *Writer) Finish(meta []byte) error {
	w.endBlock()
	w.endGroup()
	foot := binary.AppendUvarint(nil, uint64(len(meta)))
	foot = append(foot, meta...)
	foot = binary.AppendUvarint(foot, w.n)
	foot = binary.AppendUvarint(foot, uint64(len(w.starts)))
	end, from := int64(0), uint32(0)
	for _, b := range w.starts {
		foot = binary.AppendUvarint(foot, uint64(b.off-end))
		foot = binary.AppendUvarint(foot, uint64(b.length))
		foot = binary.LittleEndian.AppendUint32(foot, b.sum)
		foot = binary.AppendUvarint(foot, uint64(b.sepEnd-from))
		foot = append(foot, w.seps[from:b.sepEnd]...)
		end, from = b.off+int64(b.length), b.sepEnd
	}
	w.write(blob.AppendTail(nil, w.kind, foot))
	return w.err
}

// PrefixEnd is the least bytes above all that begin with p; nil if there are none.
func PrefixEnd(p []byte) []byte {
	e := bytes.Clone(p)
	for len(e) > 0 && e[len(e)-1] == 0xff {
		e = e[:len(e)-1]
	}
	if len(e) == 0 {
		return nil
	}
	e[len(e)-1]++
	return e
}
