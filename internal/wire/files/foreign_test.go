package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	codecs "github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Files of another writer are read in all encodings and compressions, with pages of both versions.
func TestForeignEncodings(t *testing.T) {
	type column struct {
		name string
		node parquet.Node
		encs []encoding.Encoding
		typ  model.Type
	}
	columns := []column{
		{"b", parquet.Leaf(parquet.BooleanType), []encoding.Encoding{&parquet.Plain, &parquet.RLE}, model.Bool},
		{"i32", parquet.Int(32), []encoding.Encoding{&parquet.Plain, &parquet.DeltaBinaryPacked, &parquet.RLEDictionary, &parquet.ByteStreamSplit}, model.Int32},
		{"u32", parquet.Uint(32), []encoding.Encoding{&parquet.Plain, &parquet.DeltaBinaryPacked, &parquet.RLEDictionary}, model.Uint32},
		{"i64", parquet.Int(64), []encoding.Encoding{&parquet.Plain, &parquet.DeltaBinaryPacked, &parquet.RLEDictionary, &parquet.ByteStreamSplit}, model.Int64},
		{"f32", parquet.Leaf(parquet.FloatType), []encoding.Encoding{&parquet.Plain, &parquet.ByteStreamSplit, &parquet.RLEDictionary}, model.Float32},
		{"f64", parquet.Leaf(parquet.DoubleType), []encoding.Encoding{&parquet.Plain, &parquet.ByteStreamSplit, &parquet.RLEDictionary}, model.Float64},
		{"s", parquet.String(), []encoding.Encoding{&parquet.Plain, &parquet.DeltaLengthByteArray, &parquet.DeltaByteArray, &parquet.RLEDictionary}, model.String},
		{"fix", parquet.Leaf(parquet.FixedLenByteArrayType(5)), []encoding.Encoding{&parquet.Plain, &parquet.DeltaByteArray, &parquet.RLEDictionary}, model.Binary},
	}
	rnd := rand.New(rand.NewSource(1))
	for _, codec := range []codecs.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Zstd, &parquet.Lz4Raw, &parquet.Brotli} {
		for _, version := range []int{1, 2} {
			for _, optional := range []bool{false, true} {
				for _, c := range columns {
					for _, enc := range c.encs {
						name := fmt.Sprintf("%s/v%d/%t/%s/%s", codec, version, optional, c.name, enc)
						node := parquet.Encoded(c.node, enc)
						if optional {
							node = parquet.Optional(node)
						}
						n := 3000
						var buf bytes.Buffer
						w := parquet.NewWriter(&buf, parquet.NewSchema("x", parquet.Group{"c": node}), parquet.Compression(codec), parquet.DataPageVersion(version), parquet.PageBufferSize(4000))
						want := model.NewVector(c.typ, n)
						base := rnd.Int63()
						for i := range n {
							v, level := parquet.NullValue(), 0
							if optional && (rnd.Intn(3) == 0 || i > 1000 && i < 2000) {
								want.AppendNull()
							} else {
								level = 1
								base += rnd.Int63n(1<<uint(rnd.Intn(63))) - 5
								x := base % 400
								if rnd.Intn(2) == 0 {
									x = base
								}
								switch c.name {
								case "b":
									want.AppendBool(x&1 == 1)
									v = parquet.BooleanValue(x&1 == 1)
								case "i32":
									want.AppendInt(int64(int32(x)))
									v = parquet.Int32Value(int32(x))
								case "u32":
									want.AppendInt(int64(uint32(x)))
									v = parquet.Int32Value(int32(x))
								case "i64":
									want.AppendInt(x)
									v = parquet.Int64Value(x)
								case "f32":
									want.AppendFloat(float64(float32(x)))
									v = parquet.FloatValue(float32(x))
								case "f64":
									want.AppendFloat(float64(x))
									v = parquet.DoubleValue(float64(x))
								case "s":
									s := strings.Repeat("ab", rnd.Intn(4)) + fmt.Sprint(x)
									want.AppendString(s)
									v = parquet.ByteArrayValue([]byte(s))
								case "fix":
									s := fmt.Sprintf("%05d", uint64(x)%100000)
									want.AppendString(s)
									v = parquet.FixedLenByteArrayValue([]byte(s))
								}
							}
							if optional {
								v = v.Level(0, level, 0)
							} else {
								v = v.Level(0, 0, 0)
							}
							if _, err := w.WriteRows([]parquet.Row{{v}}); err != nil {
								t.Fatal(name, err)
							}
						}
						if err := w.Close(); err != nil {
							t.Fatal(name, err)
						}
						got, err := readAll(source(buf.Bytes()), Options{}, []Column{{Name: "c", Type: c.typ}})
						if err != nil {
							t.Fatal(name, err)
						}
						if got.Len != n {
							t.Fatalf("%s: %d rows", name, got.Len)
						}
						for i := range n {
							a, b := got.Cols[0].At(i), want.At(i)
							if a.Null() != b.Null() || !a.Null() && a.Compare(b) != 0 {
								t.Fatalf("%s: row %d is %v, want %v", name, i, a, b)
							}
						}
					}
				}
			}
		}
	}
}

// Delta encoding holds any numbers.
func TestDeltas(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	for n := range 300 {
		v := make([]int64, n)
		for i := range v {
			v[i] = []int64{math.MaxInt64, math.MinInt64, 0, 1, rnd.Int63(), -rnd.Int63(), int64(i)}[rnd.Intn(7)]
		}
		b, err := parquet.DeltaBinaryPacked.EncodeInt64(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		got, rest, err := unpackDeltas(nil, b, n)
		if err != nil || len(rest) != 0 || fmt.Sprint(got) != fmt.Sprint(v) {
			t.Fatalf("%v: %v, %d bytes left, %v", v, got, len(rest), err)
		}
		if n > 0 {
			if _, _, err := unpackDeltas(nil, b[:len(b)/2], n); err == nil && n > 40 {
				t.Fatal("half of the bytes are enough")
			}
		}
	}
}

// A page that claims more than its bytes can hold is refused before memory is taken or a loop is run.
func TestLyingPages(t *testing.T) {
	field := func(n uint64, v ...byte) []byte { // an i32 after the field before
		z := n << 1
		b := []byte{0x15}
		for z >= 0x80 {
			b, z = append(b, byte(z)|0x80), z>>7
		}
		return append(append(b, byte(z)), v...)
	}
	header := func(uncompressed, compressed, values uint64, enc uint64) []byte {
		b := append(field(0), field(uncompressed)...)
		b = append(b, field(compressed)...)
		b = append(b, 0x2c) // field 5
		b = append(append(b, field(values)...), field(enc)...)
		b = append(b, field(3)...)
		return append(append(b, field(3)...), 0, 0)
	}
	fields := []model.Field{{Name: "c", Type: model.Int64}}
	rows := model.NewBatch(fields, 3)
	rows.Len = 3
	for i := range 3 {
		rows.Cols[0].AppendInt(int64(i))
	}
	data := write(t, Options{}, fields, rows)
	f, err := openParquet(source(data))
	if err != nil {
		t.Fatal(err)
	}
	meta := f.Metadata().RowGroups[0].Columns[0].MetaData
	for name, page := range map[string][]byte{
		"size":          header(1<<30, 5, 3, 0),
		"values":        header(5, 5, 1<<30, 0),
		"body":          header(5, 1<<20, 3, 0),
		"unpacked":      header(200<<20, 5, 3, 0),
		"values inside": header(200, 5, 1<<24, 0),
		"nothing":       {},
		"long varint":   bytes.Repeat([]byte{0xff}, 300),
		"nested":        bytes.Repeat([]byte{0x1c}, 300),
		"long list":     {0x19, 0xf3, 0xff, 0xff, 0xff, 0xff, 0x0f},
	} {
		x := append(append(bytes.Repeat([]byte{0}, 4), page...), "\x28\xb5\x2f\xfd\x00"...)
		x = append(x, make([]byte, 100)...)
		m := meta
		m.DictionaryPageOffset, m.DataPageOffset, m.TotalCompressedSize = 0, 4, int64(len(x)-4)
		held := int64(0)
		var u unpackers
		c, err := newCursor(source(x), f.Root().Column("c"), &m, model.Int64, &u, &held)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.read(model.Int64, 3); err == nil || errors.Is(err, io.EOF) && name != "nothing" {
			t.Errorf("%s: %v", name, err)
		}
		if held > 300<<20 {
			t.Errorf("%s: %d bytes are held", name, held)
		}
		u.close()
	}
}
