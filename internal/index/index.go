package index

import (
	"context"
	"fmt"
	"io"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/index/blob"
	"github.com/goptimedb/goptimedb/internal/index/bloom"
	"github.com/goptimedb/goptimedb/internal/index/fulltext"
	"github.com/goptimedb/goptimedb/internal/index/inverted"
	"github.com/goptimedb/goptimedb/internal/index/rowset"
	"github.com/goptimedb/goptimedb/internal/index/terms"
	"github.com/goptimedb/goptimedb/internal/index/values"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Kind is a kind of index.
type Kind uint8

// The kinds. The numbers are in blobs.
const (
	Inverted         Kind = 1 + iota // sorted values, each with its segments
	Skipping                         // a bloom filter of values per segment
	FulltextBloom                    // a bloom filter of tokens per segment
	FulltextPostings                 // sorted tokens, each with its rows
)

var kinds = [...]struct{ name, blobType string }{
	Inverted:         {"inverted", "goptime-inverted-v1"},
	Skipping:         {"skipping", "goptime-bloom-v1"},
	FulltextBloom:    {"fulltext_bloom", "goptime-fulltext-bloom-v1"},
	FulltextPostings: {"fulltext_postings", "goptime-fulltext-postings-v1"},
}

func (k Kind) valid() bool { return k >= Inverted && k <= FulltextPostings }

// String is the name for people, e.g. "fulltext_bloom".
func (k Kind) String() string {
	if !k.valid() {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kinds[k].name
}

// BlobType is the type of the kind's blobs in a container; "" for no kind.
func (k Kind) BlobType() string {
	if !k.valid() {
		return ""
	}
	return kinds[k].blobType
}

// KindOf is the kind whose blobs have this type.
func KindOf(blobType string) (Kind, bool) {
	for k := Inverted; k.valid(); k++ {
		if kinds[k].blobType == blobType {
			return k, true
		}
	}
	return 0, false
}

// Scratch is where a builder may put what does not fit into memory.
type Scratch struct {
	// MaxBytes is how much memory one builder may hold before it spills, or without FS gives up. More makes fewer, longer runs to merge.
	// Zero: 64 MiB.
	MaxBytes int64
	// FS and Dir are for the files, which are removed by Close, or left by a crash: whoever owns Dir empties it at start. Names begin with
	// "index-". Nil FS: no spilling.
	FS  vfs.FS
	Dir string
}

// ErrTooLarge says that a builder outgrew its memory and may not spill. The file is written without this index.
var ErrTooLarge = blob.ErrTooLarge

// Builder makes the index of one column of one file. It is used by one goroutine.
type Builder interface {
	// Add takes the next v.Len rows of the file, in file order; bytes may be plain or coded. It keeps no reference to v. After an error
	// (ErrTooLarge among them) the builder is of no more use than to be closed.
	Add(v *model.Vector) error
	// Finish writes the blob. It is called once, after the last Add.
	Finish(w io.Writer) error
	// MemoryBytes is about how much memory the builder holds now.
	MemoryBytes() int64
	// Close releases memory and spilled files. It may follow anything, and be called twice.
	Close() error
}

// Rows is a set of rows as ranges, ascending, disjoint and not empty. It has And, Or and Not.
type Rows = rowset.Rows

// AllRows is rows [0, n).
func AllRows(n int) Rows { return rowset.All(n) }

// Blob is the bytes of one blob, wherever they lie: puffin.Part, or Bytes. It is safe for concurrent use.
type Blob = blob.Source

// Bytes is a blob in memory.
type Bytes = blob.Bytes

// CorruptError says that a blob is damaged, and where. The file can be read without it.
type CorruptError = blob.CorruptError

// Reader answers from one blob. It is immutable and safe for concurrent use, and holds what it needs for any search (a few bytes per
// block of the blob, see MemoryBytes) but no blocks: caching those is the business of the Blob.
type Reader interface {
	// Search says which rows may match a leaf, a comparison of the index's column. The ranges are ascending, disjoint and not empty, and
	// cover every row that matches; exact says that they cover no others. ok is false where this index cannot tell, and nothing else is
	// said then. Errors are *CorruptError, or the blob's.
	Search(ctx context.Context, leaf *model.Expr) (rows []model.RowRange, exact, ok bool, err error)
	// Rows is how many rows the index covers, from the first of the file on.
	Rows() int
	// MemoryBytes is about how much memory the reader holds; it does not change.
	MemoryBytes() int64
}

// NewBuilder makes a builder of a kind for a column of type t. Types that the kind has no order or tokens for are errs.Unsupported.
func NewBuilder(k Kind, o Options, t model.Type, s Scratch) (Builder, error) {
	o, err := o.checked(k)
	if err != nil {
		return nil, err
	}
	if s.MaxBytes == 0 {
		s.MaxBytes = terms.DefaultMaxBytes
	}
	switch {
	case k == Inverted && values.Indexable(t):
		return inverted.NewBuilder(t, o.Granularity, s.FS, s.Dir, s.MaxBytes), nil
	case k == Skipping && values.Indexable(t):
		return bloom.NewBuilder(t, o.Granularity, o.FalsePositiveRate, s.MaxBytes), nil
	case k == FulltextBloom && t.Kind == model.KindString:
		return fulltext.NewBloomBuilder(o.Analyzer, !o.CaseSensitive, o.Granularity, o.FalsePositiveRate, s.MaxBytes), nil
	case k == FulltextPostings && t.Kind == model.KindString:
		return fulltext.NewPostingsBuilder(o.Analyzer, s.FS, s.Dir, s.MaxBytes), nil
	}
	return nil, errs.New(errs.Unsupported, "%s index of %s", k, t)
}

// Open reads what all searches need of a blob that a builder of kind k wrote. Errors are *CorruptError, errs.Unsupported for a version
// of tomorrow, or the blob's.
func Open(ctx context.Context, k Kind, b Blob) (Reader, error) {
	switch k {
	case Inverted:
		return opened(inverted.OpenIndex(ctx, b))
	case Skipping:
		return opened(bloom.OpenIndex(ctx, b))
	case FulltextBloom:
		return opened(fulltext.OpenBloom(ctx, b))
	case FulltextPostings:
		return opened(fulltext.OpenPostings(ctx, b))
	}
	return nil, errs.New(errs.Unsupported, "%s index", k)
}

func opened[T Reader](r T, err error) (Reader, error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}
