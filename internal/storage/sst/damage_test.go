package sst

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// openAndCheck reads all of a file; an error says what failed.
func openAndCheck(r *Reader, name string, data []byte, d *testData) error {
	f, err := r.Open(context.Background(), name, memBlob(data), nil)
	if err != nil {
		return err
	}
	src := f.View(d.schema, nil)
	if src.Rows() != d.rows {
		return fmt.Errorf("%d rows", src.Rows())
	}
	if err := d.checkRows(src, 0, d.rows); err != nil {
		return err
	}
	_, err = src.Series(context.Background())
	return err
}

// A flipped bit anywhere is an error that names the file, or makes no difference; never a panic or another answer.
func TestBitFlips(t *testing.T) {
	rnd := rand.New(rand.NewSource(7))
	d := randomData(rnd, allTypes(), 10, 60, 0.1)
	data, _ := d.write(t, WriterOptions{RowGroupRows: 400, PageRows: 128}, 500)
	r := newReader(t)
	found, harmless := 0, 0
	flip := func(bit int) {
		broken := bytes.Clone(data)
		broken[bit/8] ^= 1 << (bit % 8)
		name := fmt.Sprint("flip", bit)
		err := openAndCheck(r, name, broken, d)
		r.Forget(name)
		var c *CorruptError
		switch {
		case err == nil:
			harmless++
		case errors.As(err, &c):
			found++
			if c.File != name || errs.CodeOf(err) != errs.Unexpected {
				t.Errorf("bit %d: error of file %q, code %s", bit, c.File, errs.CodeOf(err))
			}
		default:
			t.Errorf("bit %d of %d: %v", bit, 8*len(data), err)
		}
	}
	for range 1500 {
		flip(rnd.Intn(8 * len(data)))
	}
	for range 500 { // footer and page index
		flip(8*len(data) - 1 - rnd.Intn(8*12000))
	}
	for bit := range 8 * (tailSize + checkSize) {
		flip(8*len(data) - 1 - bit)
	}
	t.Logf("%d found, %d harmless", found, harmless)
	if harmless > 2 { // the magic at the file's head is not read
		t.Errorf("%d flips went unseen", harmless)
	}
}

// A file cut anywhere is an error.
func TestTruncated(t *testing.T) {
	rnd := rand.New(rand.NewSource(8))
	d := randomData(rnd, allTypes(), 5, 50, 0.1)
	data, _ := d.write(t, WriterOptions{}, 500)
	r := newReader(t)
	for i := range 300 {
		name := fmt.Sprint("cut", i)
		if err := openAndCheck(r, name, data[:rnd.Intn(len(data))], d); !errs.Is(err, errs.Unexpected) {
			t.Fatalf("cut %d: %v", i, err)
		}
	}
}

// failingBlob fails every read after the first few.
type failingBlob struct {
	memBlob
	left int
}

func (f *failingBlob) ReadRange(ctx context.Context, p []byte, off int64) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errors.New("the network is down")
	}
	return f.memBlob.ReadRange(ctx, p, off)
}

// A store that fails is not a damaged file, and what was read before does no harm to the next try.
func TestStoreFails(t *testing.T) {
	rnd := rand.New(rand.NewSource(9))
	d := randomData(rnd, allTypes(), 5, 100, 0.1)
	data, _ := d.write(t, WriterOptions{RowGroupRows: 200, PageRows: 64}, 500)
	r := newReader(t)
	for n := range 60 {
		blob := &failingBlob{memBlob: data, left: n}
		name := fmt.Sprint("fail", n)
		f, err := r.Open(context.Background(), name, blob, nil)
		if err == nil {
			err = d.checkRows(f.View(d.schema, nil), 0, d.rows)
		}
		if !errs.Is(err, errs.StorageUnavailable) {
			t.Fatalf("after %d reads: %v", n, err)
		}
		if f == nil {
			continue
		}
		blob.left = 1 << 30
		if err := d.checkRows(f.View(d.schema, nil), 0, d.rows); err != nil {
			t.Fatal(err)
		}
	}
}

// A page whose contents lie about themselves, with checksums that are right.
func FuzzPage(f *testing.F) {
	rnd := rand.New(rand.NewSource(10))
	d := randomData(rnd, allTypes(), 3, 60, 0.1)
	var t testing.T
	data, _ := d.write(&t, WriterOptions{PageRows: 64}, 500)
	r, err := NewReader(ReaderOptions{Budget: testBudget()})
	if err != nil {
		f.Fatal(err)
	}
	defer r.Close()
	file, err := r.Open(context.Background(), "fuzz", memBlob(data), nil)
	if err != nil {
		f.Fatal(err)
	}
	enc, _ := newEncoder()
	for ci := range file.meta.cols {
		k := &file.meta.groups[0].chunks[ci]
		dec := decoder{f: file, col: &file.meta.cols[ci], k: k, rows: d.rows, s: &scratch{}}
		p := k.pages[0]
		if _, body, err := dec.open(data[p.offset:][:p.size]); err == nil {
			f.Add(uint8(ci), bytes.Clone(body))
		}
	}
	f.Fuzz(func(t *testing.T, ci uint8, body []byte) {
		c := int(ci) % len(file.meta.cols)
		k := &file.meta.groups[0].chunks[c]
		out := newChunk(&file.meta.cols[c], k, d.rows)
		out.dict = dictionary{ints: make([]int64, 3), floats: make([]float64, 3)}
		if out.vec.Dict != nil {
			out.vec.Dict = &model.Dict{Offsets: []uint32{0, 0, 1}, Data: []byte("x")}
		}
		dec := decoder{f: file, col: &file.meta.cols[c], k: k, rows: d.rows, s: &scratch{}, out: out}
		from, to := k.rowsOf(0, d.rows)
		page, _ := enc.page(nil, body, choice{enc: k.enc}, to-from, 0, to-from, false)
		if err := dec.page(0, page); err != nil {
			return
		}
		for i := from; i < to; i++ {
			out.vec.At(i)
		}
	})
}
