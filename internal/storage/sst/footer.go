package sst

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"strings"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// The end of a file:
//
//	… pages │ column indexes, offset indexes │ check block │ footer (thrift) │ footer length, 4 │ PAR1
//
// Parquet checks its pages only. The check block, which other readers step over, covers the rest:
//
//	"GTC1" │ crc32c of the index section, 4 │ crc32c of the footer, 4 │ length of the index section, 4      little-endian
const (
	magic         = "PAR1"
	checkMagic    = "GTC1"
	checkSize     = 16
	tailSize      = 8 // footer length and magic
	metadataKey   = "greptime:metadata"
	fileKey       = "goptime:file"
	createdBy     = "goptime sst version 1"
	formatVersion = 1
)

// fileInfo is what the footer says of the whole file beyond Parquet's own metadata, under fileKey.
type fileInfo struct {
	Version    int
	MinTime    int64
	MaxTime    int64
	MinSeq     model.Sequence
	MaxSeq     model.Sequence
	Series     int
	HasDeletes bool
	Unique     bool
	FirstKey   []byte `json:",omitempty"`
	LastKey    []byte `json:",omitempty"`
	// Stored says per column, in the file's order, how its chunks are encoded and compressed, for people; see choice.String.
	Stored []string `json:",omitempty"`
}

// storedSeparator stands between the ways in which the chunks of one column are stored.
const storedSeparator = ", "

func (w *Writer) stored() []string {
	var out []string
	for _, c := range w.info.Columns {
		out = append(out, strings.Join(c.Encodings, storedSeparator))
	}
	return out
}

// groupOut is a written row group.
type groupOut struct {
	rows   int
	chunks []chunkOut
}

// Finish writes what is left, and the footer. A file without rows is a valid one.
func (w *Writer) Finish() (Info, error) {
	if err := w.flushGroup(); err != nil {
		return Info{}, err
	}
	w.info.RowGroups = len(w.groups)
	w.info.Table = w.tags.table(w.info.Rows)
	w.info.Series = w.info.Table.Len()
	if n := w.info.Series; n > 0 {
		w.info.FirstKey, w.info.LastKey = AppendKey(nil, w.info.Table, 0), AppendKey(nil, w.info.Table, n-1)
	} else {
		w.info.MinSeq = 0
	}
	tail, err := w.footer()
	if err != nil {
		return Info{}, errs.Wrap(errs.Internal, err, "sst footer")
	}
	if err := w.write(tail); err != nil {
		return Info{}, err
	}
	w.info.Bytes = w.offset
	w.enc.close()
	return w.info, nil
}

func (w *Writer) footer() ([]byte, error) {
	schema, err := json.Marshal(w.schema)
	if err != nil {
		return nil, err
	}
	file, err := json.Marshal(fileInfo{Version: formatVersion, MinTime: w.info.MinTime, MaxTime: w.info.MaxTime, MinSeq: w.info.MinSeq,
		MaxSeq: w.info.MaxSeq, Series: w.info.Series, HasDeletes: w.info.HasDeletes, Unique: w.info.Unique,
		FirstKey: w.info.FirstKey, LastKey: w.info.LastKey, Stored: w.stored()})
	if err != nil {
		return nil, err
	}
	meta := format.FileMetaData{Version: 2, Schema: elements(w.cols), NumRows: int64(w.info.Rows), CreatedBy: createdBy,
		RowGroups:        make([]format.RowGroup, 0, len(w.groups)),
		KeyValueMetadata: []format.KeyValue{{Key: metadataKey, Value: string(schema)}, {Key: fileKey, Value: string(file)}}}
	for range w.cols {
		meta.ColumnOrders = append(meta.ColumnOrders, format.ColumnOrder{Value: &format.TypeDefinedOrder{}})
	}
	var protocol thrift.CompactProtocol
	var tail []byte
	section := func(v any) (offset int64, length int32, err error) {
		b, err := thrift.Marshal(&protocol, v)
		offset, length = w.offset+int64(len(tail)), int32(len(b))
		tail = append(tail, b...)
		return offset, length, err
	}
	for i, g := range w.groups {
		rg := format.RowGroup{NumRows: int64(g.rows), Ordinal: int16(min(i, math.MaxInt16)), Columns: make([]format.ColumnChunk, len(w.cols))}
		for j := range w.schema.PrimaryKey {
			rg.SortingColumns = append(rg.SortingColumns, format.SortingColumn{ColumnIdx: int32(j), NullsFirst: true})
		}
		rg.SortingColumns = append(rg.SortingColumns, format.SortingColumn{ColumnIdx: int32(len(w.cols) - 3)},
			format.SortingColumn{ColumnIdx: int32(len(w.cols) - 2), Descending: true})
		for j := range w.cols {
			o := &g.chunks[j]
			rg.Columns[j] = chunkMetaData(&w.cols[j], o, g.rows)
			rg.TotalByteSize += o.uncompressed
			rg.TotalCompressedSize += o.compressed
			cc := &rg.Columns[j]
			if cc.ColumnIndexOffset, cc.ColumnIndexLength, err = section(columnIndex(o)); err != nil {
				return nil, err
			}
		}
		rg.FileOffset = rg.Columns[0].MetaData.DataPageOffset
		if d := rg.Columns[0].MetaData.DictionaryPageOffset; d != 0 {
			rg.FileOffset = d
		}
		meta.RowGroups = append(meta.RowGroups, rg)
	}
	for i, g := range w.groups {
		for j := range w.cols {
			cc := &meta.RowGroups[i].Columns[j]
			x := &format.OffsetIndex{PageLocations: g.chunks[j].pages, UnencodedByteArrayDataBytes: g.chunks[j].bytes}
			if cc.OffsetIndexOffset, cc.OffsetIndexLength, err = section(x); err != nil {
				return nil, err
			}
		}
	}
	footer, err := thrift.Marshal(&protocol, &meta)
	if err != nil {
		return nil, err
	}
	tail = appendCheck(tail, tail, footer)
	tail = append(tail, footer...)
	tail = binary.LittleEndian.AppendUint32(tail, uint32(len(footer)))
	return append(tail, magic...), nil
}

func appendCheck(dst, index, footer []byte) []byte {
	n := len(index)
	table := crc32.MakeTable(crc32.Castagnoli)
	a, b := crc32.Checksum(index, table), crc32.Checksum(footer, table)
	dst = append(dst, checkMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, a)
	dst = binary.LittleEndian.AppendUint32(dst, b)
	return binary.LittleEndian.AppendUint32(dst, uint32(n))
}

func chunkMetaData(c *column, o *chunkOut, rows int) format.ColumnChunk {
	m := format.ColumnMetaData{Type: c.phys.parquet(), PathInSchema: []string{c.name}, Codec: format.Zstd, NumValues: int64(rows),
		TotalUncompressedSize: o.uncompressed, TotalCompressedSize: o.compressed, DataPageOffset: o.dataOffset,
		Encoding:   []format.Encoding{o.choice.enc, format.RLE},
		Statistics: format.Statistics{NullCount: int64(o.total.nulls), MinValue: o.total.min, MaxValue: o.total.max},
		EncodingStats: []format.PageEncodingStats{{PageType: format.DataPage, Encoding: o.choice.enc,
			Count: int32(len(o.pages))}}}
	if o.choice.enc == format.RLEDictionary {
		m.DictionaryPageOffset = o.dictOffset
		m.Encoding = append(m.Encoding, format.Plain)
		m.EncodingStats = append(m.EncodingStats, format.PageEncodingStats{PageType: format.DictionaryPage, Encoding: format.Plain, Count: 1})
	}
	return format.ColumnChunk{MetaData: m}
}

func columnIndex(o *chunkOut) *format.ColumnIndex {
	x := &format.ColumnIndex{BoundaryOrder: format.Unordered}
	for _, s := range o.stats {
		x.NullPages = append(x.NullPages, s.values == 0)
		x.MinValues = append(x.MinValues, s.min)
		x.MaxValues = append(x.MaxValues, s.max)
		x.NullCounts = append(x.NullCounts, int64(s.nulls))
	}
	return x
}
