package index

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/index/analyze"
	"github.com/goptimedb/goptimedb/internal/index/blob"
	"github.com/goptimedb/goptimedb/internal/model"
)

var writeUpgrade = flag.Bool("write-upgrade", false, "write the files of the current version anew")

const upgradeDir = "../../tests/upgrade/index/v1"

// sample is a column of each kind, always the same.
func sample(k Kind, rows int) (typ model.Type, o Options, cols []*model.Vector) {
	r := rand.New(rand.NewSource(7))
	typ, o = model.String, Options{Granularity: 64, Analyzer: analyze.Chinese}
	value := func() model.Value { return model.StringValue(text(r, 8)) }
	if k <= Skipping {
		value = maker(r, typ)
	}
	v := model.NewVector(typ, rows)
	for i := range rows {
		if i%50 == 9 {
			v.AppendNull()
		} else {
			v.AppendValue(value())
		}
	}
	return typ, o, []*model.Vector{v}
}

// leaves are conditions of every kind on values of the column.
func leaves(cols []*model.Vector) (out []*model.Expr) {
	r := rand.New(rand.NewSource(3))
	for range 40 {
		v := cols[0].At(r.Intn(cols[0].Len))
		if v.Null() {
			continue
		}
		out = append(out, textLeaf(r, v.Bytes), model.Compare(model.OpEq, 1, v), model.Compare(model.OpGe, 1, v),
			&model.Expr{Op: model.OpMatchesTerm, Column: 1, Pattern: part(r, v.Bytes)})
	}
	return append(out, &model.Expr{Op: model.OpIsNull, Column: 1}, &model.Expr{Op: model.OpNotNull, Column: 1},
		&model.Expr{Op: model.OpIn, Column: 1, Values: []model.Value{cols[0].At(0), cols[0].At(1), cols[0].At(2), cols[0].At(3), cols[0].At(4), cols[0].At(5),
			cols[0].At(6), cols[0].At(7), cols[0].At(8), cols[0].At(10), cols[0].At(11), cols[0].At(12)}})
}

// TestOldVersions reads files kept from each version.
func TestOldVersions(t *testing.T) {
	for k := Inverted; k.valid(); k++ {
		typ, o, cols := sample(k, 1000)
		path := filepath.Join(upgradeDir, k.String())
		if *writeUpgrade {
			if err := os.MkdirAll(upgradeDir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, build(t, k, o, typ, Scratch{}, cols), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		rd, err := Open(context.Background(), k, Bytes(b))
		if err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		told := 0
		for _, e := range leaves(cols) {
			if _, ok := check(t, rd, e, cols); ok {
				told++
			}
		}
		if told < 30 {
			t.Errorf("%s: %d conditions were answered", k, told)
		}
		if !bytes.Equal(b, build(t, k, o, typ, Scratch{}, cols)) {
			t.Errorf("%s: the same rows make other bytes now: raise the version, or keep the format", k)
		}
	}
}

// TestDamage flips and cuts bytes: every answer is an error or right.
func TestDamage(t *testing.T) {
	for k := Inverted; k.valid(); k++ {
		typ, o, cols := sample(k, 300)
		good := build(t, k, o, typ, Scratch{}, cols)
		es := leaves(cols)
		r := rand.New(rand.NewSource(1))
		caught := 0
		for i := range 1500 {
			bad := bytes.Clone(good)
			if i%3 == 0 {
				bad = bad[:r.Intn(len(bad))]
			} else {
				at := r.Intn(len(bad))
				if i%3 == 1 {
					at = len(bad) - 1 - r.Intn(min(len(bad), 400))
				}
				bad[at] ^= 1 << r.Intn(8)
			}
			rd, err := Open(context.Background(), k, Bytes(bad))
			if err == nil {
				for range 5 {
					e := es[r.Intn(len(es))]
					if _, _, _, err = rd.Search(context.Background(), e); err != nil {
						break
					}
					check(t, rd, e, cols)
				}
			}
			if c := (*CorruptError)(nil); err != nil && !errors.As(err, &c) && !errs.Is(err, errs.Unsupported) {
				t.Fatalf("%s: %v", k, err)
			}
			if err != nil {
				caught++
			}
		}
		if caught < 750 {
			t.Errorf("%s: %d of 1500 damages were noticed", k, caught)
		}
	}
}

// FuzzOpen takes bytes as a blob whose checksums of the footer are right, which random bytes hardly have.
func FuzzOpen(f *testing.F) {
	for k := Inverted; k.valid(); k++ {
		typ, o, cols := sample(k, 200)
		b := build(f, k, o, typ, Scratch{}, cols)
		n := int(binary.LittleEndian.Uint32(b[len(b)-16:]))
		foot := b[len(b)-16-n : len(b)-16]
		f.Add(byte(k), []byte(b[:len(b)-16-n]), []byte(foot))
	}
	_, _, cols := sample(Inverted, 200)
	es := leaves(cols)
	f.Fuzz(func(t *testing.T, kind byte, body, foot []byte) {
		k := Kind(kind)
		if !k.valid() {
			return
		}
		b := blob.AppendTail(bytes.Clone(body), kind, foot)
		rd, err := Open(context.Background(), k, Bytes(b))
		if err != nil || rd.Rows() > 1<<20 {
			return
		}
		for _, e := range es {
			rows, _, ok, err := rd.Search(context.Background(), e)
			if err != nil || !ok {
				continue
			}
			for i, r := range rows {
				if r.Start < 0 || r.Start >= r.End || r.End > rd.Rows() || i > 0 && r.Start <= rows[i-1].End {
					t.Fatalf("%s: ranges %v of %d rows", e, rows, rd.Rows())
				}
			}
		}
	})
}

func TestKinds(t *testing.T) {
	for k := Inverted; k.valid(); k++ {
		if got, ok := KindOf(k.BlobType()); !ok || got != k {
			t.Errorf("%s: blob type %q is of %s", k, k.BlobType(), got)
		}
		for _, typ := range []model.Type{model.Interval, model.Null} {
			if _, err := NewBuilder(k, Options{}, typ, Scratch{}); !errs.Is(err, errs.Unsupported) {
				t.Errorf("%s of %s: %v", k, typ, err)
			}
		}
	}
	if _, err := NewBuilder(FulltextBloom, Options{}, model.Int64, Scratch{}); !errs.Is(err, errs.Unsupported) {
		t.Error(err)
	}
	if _, err := NewBuilder(9, Options{}, model.Int64, Scratch{}); !errs.Is(err, errs.InvalidArguments) {
		t.Error(err)
	}
}

func TestDeclared(t *testing.T) {
	f := func(want string, options ...string) {
		t.Helper()
		c := &model.Column{Name: "c", Type: model.String, Options: map[string]string{}}
		for i := 0; i < len(options); i += 2 {
			c.Options[options[i]] = options[i+1]
		}
		specs, err := Declared(c)
		got := fmt.Sprint(specs)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%v: %s, not %s", options, got, want)
		}
	}
	f("[]")
	f("[{inverted {1024 0.01 English false}}]", "inverted_index", "true")
	f("[{skipping {100 0.001 English false}}]", "skipping_index", "true", "skipping_index.granularity", "100", "skipping_index.false_positive_rate", "0.001")
	f("[{fulltext_bloom {10240 0.01 Chinese true}}]", "fulltext_index", "true", "fulltext_index.analyzer", "chinese", "fulltext_index.case_sensitive", "true")
	f("[{fulltext_postings {10240 0.01 English false}}]", "fulltext_index", "true", "fulltext_index.backend", "tantivy")
	f(`column "c": index option skipping_index.granularity = "0", not a number of rows above 0`, "skipping_index", "true", "skipping_index.granularity", "0")
	f(`column "c": fulltext index backend "lucene", not bloom or tantivy`, "fulltext_index", "true", "fulltext_index.backend", "lucene")
}

func TestTooLarge(t *testing.T) {
	for k := Inverted; k.valid(); k++ {
		b, err := NewBuilder(k, Options{Granularity: 1000}, model.String, Scratch{MaxBytes: 20 << 10})
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewSource(1))
		for i := 0; i < 100 && err == nil; i++ {
			v := model.NewVector(model.String, 1000)
			for range 1000 {
				v.AppendString(fmt.Sprintf("%016x", r.Uint64()))
			}
			err = b.Add(v)
		}
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", k, err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}
