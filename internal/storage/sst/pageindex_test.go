package sst

import (
	"math/rand"
	"reflect"
	"testing"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// randomPageIndex is the page index of a chunk, in bytes.
func randomPageIndex(rnd *rand.Rand) (columns, offsets []byte, err error) {
	var c format.ColumnIndex
	var o format.OffsetIndex
	bound := func() []byte {
		b := make([]byte, rnd.Intn(20))
		rnd.Read(b)
		return b
	}
	for range rnd.Intn(40) {
		c.NullPages = append(c.NullPages, rnd.Intn(2) == 0)
		c.MinValues, c.MaxValues = append(c.MinValues, bound()), append(c.MaxValues, bound())
		c.NullCounts = append(c.NullCounts, rnd.Int63n(1<<rnd.Intn(40)))
		o.PageLocations = append(o.PageLocations, format.PageLocation{Offset: rnd.Int63(), CompressedPageSize: int32(rnd.Uint32()), FirstRowIndex: rnd.Int63n(1 << 20)})
		if rnd.Intn(2) == 0 {
			o.UnencodedByteArrayDataBytes = append(o.UnencodedByteArrayDataBytes, rnd.Int63())
			c.RepetitionLevelHistogram = append(c.RepetitionLevelHistogram, rnd.Int63()) // unknown to the reader
		}
	}
	var protocol thrift.CompactProtocol
	if columns, err = thrift.Marshal(&protocol, &c); err == nil {
		offsets, err = thrift.Marshal(&protocol, &o)
	}
	return columns, offsets, err
}

// TestPageIndexes compares the decoder with the library's, one index after another in the same memory.
func TestPageIndexes(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	var x pageIndexes
	for i := range 500 {
		columns, offsets, err := randomPageIndex(rnd)
		if err != nil {
			t.Fatal(err)
		}
		var protocol thrift.CompactProtocol
		var c format.ColumnIndex
		var o format.OffsetIndex
		if err := thrift.Unmarshal(&protocol, columns, &c); err != nil {
			t.Fatal(err)
		}
		if err := thrift.Unmarshal(&protocol, offsets, &o); err != nil {
			t.Fatal(err)
		}
		if err := x.decode(columns, offsets); err != nil {
			t.Fatal(err)
		}
		same := func(name string, got, want any) {
			t.Helper()
			if g := reflect.ValueOf(got); g.Len() != reflect.ValueOf(want).Len() || g.Len() > 0 && !reflect.DeepEqual(got, want) {
				t.Fatalf("%d: %s: %v, want %v", i, name, got, want)
			}
		}
		same("null pages", x.columns.NullPages, c.NullPages)
		same("least values", x.columns.MinValues, c.MinValues)
		same("greatest values", x.columns.MaxValues, c.MaxValues)
		same("null counts", x.columns.NullCounts, c.NullCounts)
		same("places", x.offsets.PageLocations, o.PageLocations)
		same("lengths", x.offsets.UnencodedByteArrayDataBytes, o.UnencodedByteArrayDataBytes)
	}
}

// FuzzPageIndexes decodes foreign bytes: whatever they are, that ends, and no list is longer than they are.
func FuzzPageIndexes(f *testing.F) {
	rnd := rand.New(rand.NewSource(1))
	for range 10 {
		columns, offsets, err := randomPageIndex(rnd)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(columns, offsets)
	}
	f.Fuzz(func(t *testing.T, columns, offsets []byte) {
		var x pageIndexes
		if x.decode(columns, offsets) == nil && len(x.columns.MinValues)+len(x.columns.NullPages) > len(columns) {
			t.Errorf("%d and %d of %d bytes", len(x.columns.MinValues), len(x.columns.NullPages), len(columns))
		}
	})
}
