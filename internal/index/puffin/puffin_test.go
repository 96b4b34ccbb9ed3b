package puffin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

type mem []byte

func (m mem) Size() int64 { return int64(len(m)) }
func (m mem) ReadRange(_ context.Context, p []byte, off int64) (int, error) {
	n := copy(p, m[min(off, int64(len(m))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func build(t testing.TB, n int) ([]byte, [][]byte) {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out)
	var blobs [][]byte
	for i := range n {
		data := bytes.Repeat([]byte{byte(i), 1}, 50*i)
		blobs = append(blobs, data)
		b := Blob{Type: fmt.Sprintf("kind-%d", i%3), Fields: []uint32{uint32(i)}, Properties: map[string]string{"n": fmt.Sprint(i)}}
		if i%2 == 1 {
			b.Codec = CodecZstd
		}
		if err := w.Add(b, data); err != nil {
			t.Fatal(err)
		}
	}
	size, err := w.Finish(map[string]string{"by": "test"})
	if err != nil || size != int64(out.Len()) {
		t.Fatal(size, err)
	}
	return out.Bytes(), blobs
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 7, 200} { // the last has a footer longer than the first read
		data, blobs := build(t, n)
		f, err := Open(context.Background(), mem(data))
		if err != nil {
			t.Fatal(err)
		}
		if f.Properties()["by"] != "test" || len(f.Blobs()) != n {
			t.Fatalf("%v, %d blobs", f.Properties(), len(f.Blobs()))
		}
		for i, want := range blobs {
			b, err := f.Find(fmt.Sprintf("kind-%d", i%3), uint32(i))
			if err != nil || b.Properties["n"] != fmt.Sprint(i) {
				t.Fatal(i, b, err)
			}
			got, err := f.Read(context.Background(), b)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatal(i, err)
			}
			part, err := f.ReadAt(context.Background(), b, int64(len(want)/2), 1)
			switch {
			case i%2 == 1:
				if !errs.Is(err, errs.Unsupported) {
					t.Fatal(i, err)
				}
			case i > 0:
				if err != nil || part[0] != want[len(want)/2] {
					t.Fatal(i, err)
				}
			}
		}
		if _, err := f.Find("other"); !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
	}
}

// Every flipped bit is found, in footers and blobs, whatever codec.
func TestBitFlips(t *testing.T) {
	data, blobs := build(t, 6)
	rnd := rand.New(rand.NewSource(1))
	for range 3000 {
		bit := rnd.Intn(8 * len(data))
		if bit < 8*len(magic) { // the head is not read
			continue
		}
		broken := bytes.Clone(data)
		broken[bit/8] ^= 1 << (bit % 8)
		if err := readAll(broken, blobs); err == nil {
			t.Errorf("bit %d went unseen", bit)
		}
	}
	for n := range len(data) {
		if readAll(data[:n], blobs) == nil {
			t.Errorf("a file cut to %d bytes went unseen", n)
		}
	}
}

func readAll(data []byte, want [][]byte) error {
	f, err := Open(context.Background(), mem(data))
	if err != nil {
		return err
	}
	for i, b := range f.Blobs() {
		got, err := f.Read(context.Background(), b)
		if err != nil {
			return err
		}
		if i >= len(want) || !bytes.Equal(got, want[i]) {
			return nil // an answer, and a wrong one
		}
	}
	return nil
}

func FuzzOpen(f *testing.F) {
	data, _ := build(f, 3)
	f.Add(data)
	empty, _ := build(f, 0)
	f.Add(empty)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Open(context.Background(), mem(data))
		if err != nil {
			return
		}
		for _, b := range file.Blobs() {
			if _, err := file.Read(context.Background(), b); err == nil && b.Length > int64(len(data)) {
				t.Fatal("a blob longer than the file")
			}
		}
	})
}
