package sst

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goptimedb/goptimedb/internal/model"
)

// fileMeta is the footer and page index of a file, checked.
type fileMeta struct {
	schema *model.Schema
	info   fileInfo
	cols   []column
	byID   map[model.ColumnID]int
	rows   int
	starts []int // per row group its first row, and the number of rows at the end
	groups []groupMeta
	weight int64 // bytes of the sections it was read from
}

type groupMeta struct {
	rows   int
	chunks []chunkMeta // per column
}

// chunkMeta is where a column chunk lies and what its pages hold.
type chunkMeta struct {
	enc          format.Encoding
	dictOffset   int64 // with RLE_DICTIONARY: its page ends where the first data page begins
	compressed   int64
	uncompressed int64
	pages        []pageMeta
	total        pageStat
}

type pageMeta struct {
	pageStat
	offset int64
	size   int32  // header included
	first  int32  // row of the chunk
	base   uint32 // of byte columns without dictionary: length of the values of all pages before
	bytes  uint32 // and of this page's
}

// bytes is about how much memory the metadata holds: sections are read into structures of about three times their size.
func (m *fileMeta) bytes() int64 { return 3*m.weight + 4096 }

// firstTail is how much of a file's end is read at once. Footers and page indexes of common files fit, so that opening is one read.
const firstTail = 64 << 10

func readMeta(ctx context.Context, name string, b Blob) (m *fileMeta, err error) {
	size := b.Size()
	if size < int64(len(magic)+checkSize+tailSize) {
		return nil, corrupt(name, 0, fmt.Errorf("%d bytes are no sst", size))
	}
	tail, err := readRange(ctx, name, b, max(0, size-firstTail), int(min(size, firstTail)))
	if err != nil {
		return nil, err
	}
	// more makes the tail hold at least the file's last n bytes.
	more := func(n int64) error {
		if n > size {
			return corrupt(name, size-tailSize, fmt.Errorf("footer of %d bytes in a file of %d", n, size))
		}
		if have := int64(len(tail)); n > have {
			head, err := readRange(ctx, name, b, size-n, int(n-have))
			if err != nil {
				return err
			}
			tail = append(head, tail...)
		}
		return nil
	}
	if string(tail[len(tail)-4:]) != magic {
		return nil, corrupt(name, size-4, errors.New("the end is not PAR1"))
	}
	footerLen := int64(binary.LittleEndian.Uint32(tail[len(tail)-tailSize:]))
	if err := more(footerLen + checkSize + tailSize); err != nil {
		return nil, err
	}
	check := tail[int64(len(tail))-tailSize-footerLen-checkSize:][:checkSize]
	checkAt := size - tailSize - footerLen - checkSize
	if string(check[:4]) != checkMagic {
		return nil, corrupt(name, checkAt, errors.New("no check block before the footer"))
	}
	indexSum, footerSum := binary.LittleEndian.Uint32(check[4:]), binary.LittleEndian.Uint32(check[8:])
	indexLen := int64(binary.LittleEndian.Uint32(check[12:]))
	if err := more(indexLen + footerLen + checkSize + tailSize); err != nil {
		return nil, err
	}
	end := int64(len(tail)) - tailSize
	footer := tail[end-footerLen : end]
	index := tail[end-footerLen-checkSize-indexLen:][:indexLen]
	table := crc32.MakeTable(crc32.Castagnoli)
	if s := crc32.Checksum(footer, table); s != footerSum {
		return nil, corrupt(name, checkAt+checkSize, fmt.Errorf("checksum of the footer is %08x, not %08x", s, footerSum))
	}
	if s := crc32.Checksum(index, table); s != indexSum {
		return nil, corrupt(name, checkAt-indexLen, fmt.Errorf("checksum of the page index is %08x, not %08x", s, indexSum))
	}
	defer guard(&err, name, checkAt+checkSize)
	m, err = parseMeta(footer, index, checkAt-indexLen)
	if err != nil {
		return nil, corrupt(name, checkAt+checkSize, err)
	}
	m.weight = indexLen + footerLen
	return m, nil
}

func parseMeta(footer, index []byte, indexAt int64) (*fileMeta, error) {
	var protocol thrift.CompactProtocol
	var fm format.FileMetaData
	if err := thrift.Unmarshal(&protocol, footer, &fm); err != nil {
		return nil, err
	}
	m := &fileMeta{byID: map[model.ColumnID]int{}, rows: int(fm.NumRows), starts: []int{0}}
	for _, kv := range fm.KeyValueMetadata {
		var err error
		switch kv.Key {
		case metadataKey:
			err = json.Unmarshal([]byte(kv.Value), &m.schema)
		case fileKey:
			err = json.Unmarshal([]byte(kv.Value), &m.info)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kv.Key, err)
		}
	}
	if m.schema == nil || m.info.Version == 0 {
		return nil, fmt.Errorf("%s or %s is missing", metadataKey, fileKey)
	}
	if m.info.Version > formatVersion {
		return nil, fmt.Errorf("version %d of the format is newer than this program", m.info.Version)
	}
	if err := m.schema.Validate(); err != nil {
		return nil, err
	}
	var err error
	if m.cols, err = layoutOf(m.schema); err != nil {
		return nil, err
	}
	if len(fm.Schema) != len(m.cols)+1 {
		return nil, fmt.Errorf("%d columns, its schema has %d", len(fm.Schema)-1, len(m.cols))
	}
	for i := range m.cols {
		e, c := &fm.Schema[i+1], &m.cols[i]
		if e.FieldID != fieldID(c.id) || e.Type.V != c.phys.parquet() || (e.RepetitionType.V == format.Optional) != c.optional {
			return nil, fmt.Errorf("column %q is not stored as its schema says", c.name)
		}
		m.byID[c.id] = i
	}
	section := func(off int64, n int32) ([]byte, error) {
		at := off - indexAt
		if at < 0 || n < 0 || at+int64(n) > int64(len(index)) {
			return nil, errors.New("page index lies outside of its section")
		}
		return index[at:][:n], nil
	}
	rows := 0
	var x pageIndexes
	for gi := range fm.RowGroups {
		rg := &fm.RowGroups[gi]
		if rg.NumRows <= 0 || rg.NumRows > 1<<31-1 || len(rg.Columns) != len(m.cols) {
			return nil, fmt.Errorf("row group %d: %d rows, %d columns", gi, rg.NumRows, len(rg.Columns))
		}
		g := groupMeta{rows: int(rg.NumRows), chunks: make([]chunkMeta, len(m.cols))}
		for ci := range rg.Columns {
			cc := &rg.Columns[ci]
			columns, err := section(cc.ColumnIndexOffset, cc.ColumnIndexLength)
			if err != nil {
				return nil, err
			}
			offsets, err := section(cc.OffsetIndexOffset, cc.OffsetIndexLength)
			if err != nil {
				return nil, err
			}
			if err = x.decode(columns, offsets); err == nil {
				err = g.chunks[ci].fill(&m.cols[ci], &cc.MetaData, &x, g.rows, indexAt)
			}
			if err != nil {
				return nil, fmt.Errorf("row group %d, column %q: %w", gi, m.cols[ci].name, err)
			}
		}
		rows += g.rows
		m.groups = append(m.groups, g)
		m.starts = append(m.starts, rows)
	}
	if rows != m.rows {
		return nil, fmt.Errorf("row groups of %d rows, the file says %d", rows, m.rows)
	}
	return m, nil
}

// fill takes over and checks what the footer says of a chunk. end is where the pages of the file end.
func (k *chunkMeta) fill(c *column, md *format.ColumnMetaData, in *pageIndexes, rows int, end int64) error {
	x, o := &in.columns, &in.offsets
	n := len(o.PageLocations)
	if n == 0 || len(x.NullPages) != n || len(x.MinValues) != n || len(x.MaxValues) != n || len(x.NullCounts) != n || len(md.Encoding) == 0 {
		return errors.New("page index is incomplete")
	}
	if md.Codec != format.Zstd {
		return fmt.Errorf("codec %s", md.Codec)
	}
	k.enc = md.Encoding[0]
	if !decodable(c, k.enc) {
		return fmt.Errorf("encoding %s of %s", k.enc, c.phys.parquet())
	}
	k.compressed, k.uncompressed = md.TotalCompressedSize, md.TotalUncompressedSize
	k.pages = make([]pageMeta, n)
	at := md.DataPageOffset
	if k.enc == format.RLEDictionary {
		if k.dictOffset = md.DictionaryPageOffset; k.dictOffset < int64(len(magic)) || k.dictOffset >= at {
			return errors.New("dictionary does not lie before the pages")
		}
	}
	plain := c.phys == physBytes && k.enc != format.RLEDictionary
	if plain && len(o.UnencodedByteArrayDataBytes) != n {
		return errors.New("lengths of byte values are missing")
	}
	base := int64(0)
	for i := range k.pages {
		loc, p := &o.PageLocations[i], &k.pages[i]
		to := rows
		if i+1 < n {
			to = int(o.PageLocations[i+1].FirstRowIndex)
		}
		from := int(loc.FirstRowIndex)
		if i == 0 && from != 0 || from%64 != 0 || to <= from || to > rows {
			return fmt.Errorf("page %d has rows [%d,%d) of %d", i, from, to, rows)
		}
		if loc.Offset != at || loc.CompressedPageSize <= 0 || at+int64(loc.CompressedPageSize) > end {
			return fmt.Errorf("page %d lies at [%d,+%d)", i, loc.Offset, loc.CompressedPageSize)
		}
		at += int64(loc.CompressedPageSize)
		nulls := x.NullCounts[i]
		if nulls < 0 || nulls > int64(to-from) || nulls > 0 && !c.optional || x.NullPages[i] != (nulls == int64(to-from)) {
			return fmt.Errorf("page %d has %d NULLs in %d rows", i, nulls, to-from)
		}
		*p = pageMeta{offset: loc.Offset, size: loc.CompressedPageSize, first: int32(from)}
		p.nulls, p.values = int(nulls), to-from-int(nulls)
		if p.values > 0 {
			p.min, p.max = x.MinValues[i], x.MaxValues[i]
			if size := boundSize(c); size >= 0 && (len(p.min) != size || len(p.max) != size) {
				return fmt.Errorf("page %d has bounds of %d and %d bytes", i, len(p.min), len(p.max))
			}
		}
		if plain {
			b := o.UnencodedByteArrayDataBytes[i]
			if b < 0 || base+b > 1<<32-1 {
				return fmt.Errorf("page %d has %d bytes of values", i, b)
			}
			p.base, p.bytes = uint32(base), uint32(b)
			base += b
		}
	}
	in.stats = in.stats[:0]
	for i := range k.pages {
		in.stats = append(in.stats, k.pages[i].pageStat)
	}
	k.total = mergeStats(c, in.stats)
	return nil
}

// decodable tells which encodings the reader knows for a column.
func decodable(c *column, e format.Encoding) bool {
	switch c.phys {
	case physBool, physFixed:
		return e == format.Plain
	case physInt32, physInt64:
		return e == format.Plain || e == format.DeltaBinaryPacked || e == format.RLEDictionary
	case physFloat, physDouble:
		return e == format.Plain || e == format.ByteStreamSplit || e == format.RLEDictionary
	}
	return e == format.DeltaLengthByteArray || e == format.DeltaByteArray || e == format.RLEDictionary
}

// pageOf is the page that a row of the chunk is in.
func (k *chunkMeta) pageOf(row int) int {
	lo, hi := 0, len(k.pages)-1
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if int(k.pages[mid].first) <= row {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return lo
}

// rowsOf is the rows of page i in a chunk of n rows.
func (k *chunkMeta) rowsOf(i, n int) (from, to int) {
	from, to = int(k.pages[i].first), n
	if i+1 < len(k.pages) {
		to = int(k.pages[i+1].first)
	}
	return from, to
}
