package files

import (
	"bytes"
	"math/rand"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// fuzzed reads a file as a user's: errors are fine, panics and rows without columns are not.
func fuzzed(t *testing.T, o Options, data []byte) {
	o.MaxRecord = 64 << 10
	src := source(data)
	metas, err := Infer(src, o, 10)
	if err != nil {
		return
	}
	var columns []Column
	for i, m := range metas {
		null := model.NullOf(m.Type)
		if i < 8 {
			columns = append(columns, Column{Name: m.Name, Type: m.Type, Missing: &null}, Column{Name: m.Name, Type: model.String, Missing: &model.Value{Type: model.String, IsNull: true}})
		}
	}
	r, err := NewReader(src, o, columns)
	if err != nil {
		return
	}
	defer r.Close()
	for range 32 { // a few bytes may stand for a great many rows of the same value
		b, err := r.Next()
		if err != nil {
			break
		}
		if b.Len == 0 || len(b.Cols) != len(columns) {
			t.Fatalf("a batch of %d rows", b.Len)
		}
		for _, v := range b.Cols {
			if v.Len != b.Len {
				t.Fatalf("%d values in a batch of %d rows", v.Len, b.Len)
			}
			for _, i := range []int{0, v.Len / 2, v.Len - 1} {
				_ = v.At(i)
			}
		}
	}
}

func seeds() (fields []model.Field, b *model.Batch) {
	fields = fieldsOf(everyType)
	return fields, randomBatch(rand.New(rand.NewSource(1)), fields, 20)
}

func FuzzCSV(f *testing.F) {
	fields, b := seeds()
	f.Add(write(f, Options{Format: CSV}, fields, b))
	f.Add([]byte("a,b\n\"x\n\"\"y\",1\r\n,\n"))
	f.Add([]byte("a\n\"never closed"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzed(t, Options{Format: CSV}, data)
		fuzzed(t, Options{Format: CSV, NoHeader: true, SkipBad: true}, data)
	})
}

func FuzzJSON(f *testing.F) {
	fields, b := seeds()
	f.Add(write(f, Options{Format: JSON}, fields, b))
	f.Add([]byte(`{"a":1,"a":2}` + "\n" + `{"a":{"b":[1e400,"\ud800"]}}`))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzed(t, Options{Format: JSON}, data) })
}

func FuzzParquet(f *testing.F) {
	fields, b := seeds()
	f.Add(write(f, Options{}, fields, b))
	f.Add(write(f, Options{}, fields[:2], &model.Batch{Len: b.Len, Cols: b.Cols[:2]}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 1<<20 {
			fuzzed(t, Options{}, data)
		}
	})
}

// A small file that unpacks to a huge record is refused before it fills memory.
func TestBombs(t *testing.T) {
	for _, c := range []Compression{Gzip, Zstd, Xz} {
		for _, f := range []Format{CSV, JSON} {
			var buf bytes.Buffer
			w, err := compress(c, &buf)
			if err != nil {
				t.Fatal(err)
			}
			start := "a\n\""
			if f == JSON {
				start = `{"a":"`
			}
			_, _ = w.Write([]byte(start))
			zeros := bytes.Repeat([]byte("x"), 1<<20)
			for range 24 {
				_, _ = w.Write(zeros)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			o := Options{Format: f, Compression: c, MaxRecord: 1 << 20}
			_, err = readAll(source(buf.Bytes()), o, []Column{{Name: "a", Type: model.String}})
			if !errs.Is(err, errs.InvalidArguments) || !strings.Contains(err.Error(), "too long") {
				t.Errorf("%v of compression %d: %v", f, c, err)
			}
		}
	}
}

// Flipped bits of a Parquet file give an error or rows, never a panic.
func TestDamagedParquet(t *testing.T) {
	fields, b := seeds()
	data := write(t, Options{}, fields, b)
	r := rand.New(rand.NewSource(2))
	for range 500 {
		x := bytes.Clone(data)
		x[r.Intn(len(x))] ^= 1 << r.Intn(8)
		fuzzed(t, Options{}, x)
		fuzzed(t, Options{}, x[:r.Intn(len(x))])
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	for _, c := range []struct {
		o          Options
		data, want string
	}{
		{Options{Format: CSV}, "a\n1\n2\nx\n", `file test, row 3, column a: cannot read "x" as Int8`},
		{Options{Format: CSV}, "a,b\n1,2\n3\n", "file test, row 2: 1 fields, expected 2"},
		{Options{Format: CSV}, "b\n1\n", "file test, column a: the file has no such column"},
		{Options{Format: JSON}, "{\"a\":1}\n{\"a\":300}\n", `file test, row 2, column a: cannot read "300" as Int8`},
		{Options{Format: JSON}, "[1]\n", "file test, row 1: \"[1]\" is not an object"},
	} {
		_, err := readAll(source([]byte(c.data)), c.o, []Column{{Name: "a", Type: model.Int8}})
		if err == nil || !strings.Contains(err.Error(), c.want) || !errs.Is(err, errs.InvalidArguments) {
			t.Errorf("%q: %v, want %s", c.data, err, c.want)
		}
	}
}
