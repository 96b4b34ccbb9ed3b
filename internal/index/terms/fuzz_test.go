package terms

import (
	"testing"

	"github.com/goptimedb/goptimedb/internal/index/blob"
	"github.com/goptimedb/goptimedb/internal/model"
)

// FuzzBlock goes past checksums: entries and postings of any bytes.
func FuzzBlock(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 6, 4, 1, 2, 1, 1, 'b', 4, 4, 7}, 100)
	f.Add([]byte{0, 0, 7, 200, 1}, 1)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		if n < 0 || n > 1<<16 {
			return
		}
		r := &Reader{src: blob.Bytes(data)}
		b := model.NewBitmap(n)
		ref := blockRef{length: uint32(len(data)), sum: blob.Sum(data)}
		_, err := r.scanBlock(ref, data, nil, nil, func(term []byte, p Posting) (bool, error) {
			if len(term) > MaxTerm {
				t.Fatal(len(term))
			}
			if p.inline != nil {
				_ = orPosting(b, n, p.inline, 0)
			}
			return true, nil
		})
		_ = err
		_ = orPosting(b, n, data, 0)
		if n%64 != 0 && b[n/64]>>(n%64) != 0 {
			t.Fatal("a unit outside of the universe")
		}
	})
}
