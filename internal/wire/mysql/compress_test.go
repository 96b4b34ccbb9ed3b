package mysql

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"strings"
	"testing"
	"testing/iotest"
)

var compressions = []Compression{{Algorithm: Compress}, {Algorithm: ZstdCompress, Level: 1}, {Algorithm: ZstdCompress, Level: 3}, {Algorithm: ZstdCompress, Level: 22}}

// TestCompressed: what is written comes out, however it is cut, and numbers go on.
func TestCompressed(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	noise := make([]byte, mostCompressed+17)
	rnd.Read(noise)
	pool := &Compressors{}
	for _, use := range compressions {
		var wire, want bytes.Buffer
		w := NewCompressedWriter(&wire, use, pool)
		w.Reset(250)
		for _, b := range [][]byte{[]byte("x"), bytes.Repeat([]byte("abc"), 1000), noise, bytes.Repeat([]byte("0"), 2*mostCompressed), nil, noise[:leastCompressed-1], noise[:leastCompressed]} {
			if n, err := w.Write(b); err != nil || n != len(b) {
				t.Fatal(n, err)
			}
			want.Write(b)
		}
		if most := len(noise) + 10000 + 100*compressedHeader; wire.Len() > most {
			t.Errorf("%v: %d bytes went over the wire", use, wire.Len())
		}
		packets := byte(1 + 1 + 2 + 2 + 1 + 1)
		for name, in := range map[string]io.Reader{"whole": bytes.NewReader(wire.Bytes()), "halves": iotest.HalfReader(bytes.NewReader(wire.Bytes()))} {
			r := NewCompressedReader(bufio.NewReader(in), use, pool, func() {})
			got, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(got, want.Bytes()) {
				t.Errorf("%v, %s: %d bytes of %d, %v", use, name, len(got), want.Len(), err)
			}
			if r.Seq() != 250+packets {
				t.Errorf("%v: %d packets, want %d", use, r.Seq()-250, packets)
			}
		}
	}
}

// TestCompressedDamage: packets that do not hold what they say are errors, and so is an end within one.
func TestCompressedDamage(t *testing.T) {
	pool := &Compressors{}
	read := func(use Compression, b string) error {
		r := NewCompressedReader(bufio.NewReader(strings.NewReader(b)), use, pool, func() {})
		_, err := io.Copy(io.Discard, r)
		return err
	}
	for _, use := range compressions {
		packed, err := pool.compress(use, nil, bytes.Repeat([]byte("abc"), 100))
		if err != nil {
			t.Fatal(err)
		}
		packet := func(packed string, plain int) string {
			n := len(packed)
			return string([]byte{byte(n), byte(n >> 8), byte(n >> 16), 0, byte(plain), byte(plain >> 8), byte(plain >> 16)}) + packed
		}
		good := packet(string(packed), 300)
		if err := read(use, good+good); err != nil {
			t.Error(err)
		}
		if err := read(use, packet("", 0)+good); err != nil {
			t.Errorf("an empty packet: %v", err)
		}
		broken := []byte(good)
		broken[compressedHeader+len(packed)-1] ^= 1
		for what, b := range map[string]string{"less than it says": packet(string(packed), 301), "more than it says": packet(string(packed), 299), "nothing": packet("", 1),
			"noise": packet(strings.Repeat("noise", 20), 300), "bytes behind": packet(string(packed)+"x", 300), "two": packet(string(packed)+string(packed), 300), "a wrong sum": string(broken)} {
			if err := read(use, b); !errors.Is(err, ErrCompressed) && !(use.Algorithm == ZstdCompress && what == "a wrong sum" && err == nil) {
				t.Errorf("%v, %s: %v", use, what, err)
			}
		}
		for n := 1; n < len(good); n++ {
			if err := read(use, good[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%v, %d bytes: %v", use, n, err)
			}
		}
		if err := read(use, good); err != nil {
			t.Errorf("%v, after errors: %v", use, err)
		}
	}
}

func FuzzCompressed(f *testing.F) {
	pool := &Compressors{}
	for _, use := range compressions {
		var b bytes.Buffer
		w := NewCompressedWriter(&b, use, pool)
		for _, s := range []string{"short", strings.Repeat("long", 100)} {
			if _, err := w.Write([]byte(s)); err != nil {
				f.Fatal(err)
			}
		}
		f.Add(b.Bytes(), use.Algorithm == ZstdCompress)
	}
	f.Fuzz(func(t *testing.T, b []byte, z bool) {
		use := Compression{Algorithm: Compress}
		if z {
			use.Algorithm = ZstdCompress
		}
		pool := &Compressors{}
		r := NewCompressedReader(bufio.NewReaderSize(bytes.NewReader(b), 16), use, pool, func() {})
		n, err := io.Copy(io.Discard, io.LimitReader(r, 1<<20))
		if err == nil && n < 1<<20 { // all of it was packets: once more, a byte at a time
			again, err := io.ReadAll(NewCompressedReader(bufio.NewReader(iotest.OneByteReader(bytes.NewReader(b))), use, pool, func() {}))
			if err != nil || int64(len(again)) != n {
				t.Error(fmt.Sprint(n, " bytes, then ", len(again)), err)
			}
		}
	})
}
