package series

import (
	"bytes"
	"errors"
	"flag"
	"math/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

func TestCodecRoundTrip(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	for range 300 {
		tags := r.Intn(len(testTags) + 1)
		rows := randomRows(r, tags, r.Intn(300), 1+r.Intn(100))
		want := tableOf(t, tags, rows)
		b, err := Append([]byte("before"), want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(b[len("before"):])
		if err != nil {
			t.Fatal(err)
		}
		sameTable(t, got, want)
	}
}

func TestDecodeNoticesDamage(t *testing.T) {
	tab := tableOf(t, 5, randomRows(rand.New(rand.NewSource(6)), 5, 50, 20))
	b, err := Append(nil, tab)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		if _, err := Decode(b[:i]); err == nil {
			t.Fatalf("cut at %d: no error", i)
		}
		bad := bytes.Clone(b)
		bad[i] ^= 0x10
		_, err := Decode(bad)
		if err == nil {
			t.Fatalf("changed at %d: no error", i)
		}
		if ce := (*CorruptError)(nil); i != 4 && !errors.As(err, &ce) {
			t.Fatalf("changed at %d: %v", i, err)
		}
	}
}

func TestBodyExample(t *testing.T) {
	b := NewBuilder([]model.ColumnID{1}, []model.Type{model.String})
	b.AppendRun([][]byte{[]byte("a")}, 3)
	tab, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := appendBody(nil, tab), "\x01\x01\x01\x0c\x00\x00\x00\x00\x01\x00\x01a\x01\x01\x03"; string(got) != want {
		t.Fatalf("%x, documented is %x", got, want)
	}
}

var writeUpgrade = flag.Bool("write-upgrade", false, "write the file of the current version anew")

// TestOldVersions reads a file kept from each version.
func TestOldVersions(t *testing.T) {
	path := filepath.Join("..", "..", "..", "tests", "upgrade", "series", "v1")
	want := tableOf(t, 5, randomRows(rand.New(rand.NewSource(7)), 5, 200, 30))
	if *writeUpgrade {
		b, err := Append(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	sameTable(t, got, want)
}

// FuzzDecodeBody goes past compression and checksum, which random bytes hardly pass.
func FuzzDecodeBody(f *testing.F) {
	for seed := range int64(4) {
		r := rand.New(rand.NewSource(seed))
		f.Add(appendBody(nil, tableOf(f, 5, randomRows(r, 5, 20, 10))))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		tab, err := decodeBody(b)
		if err != nil {
			return
		}
		// What was taken is a table: everything can be looked at, and it comes back the same.
		for i := range tab.Len() {
			rowOf(tab, i)
		}
		again, err := decodeBody(appendBody(nil, tab))
		if err != nil {
			t.Fatal(err)
		}
		sameTable(t, again, tab)
	})
}

func FuzzDecode(f *testing.F) {
	b, err := Append(nil, tableOf(f, 5, randomRows(rand.New(rand.NewSource(1)), 5, 20, 10)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if tab, err := Decode(b); err == nil && tab.Len() > len(b)<<16 {
			t.Fatal("more series than the bytes can hold")
		}
	})
}
