package model

import (
	"fmt"
	"strconv"
	"strings"
)

// TableID identifies a table for ever; user tables start at FirstUserTableID.
type TableID uint32

// FirstUserTableID is the smallest id given to a table that a user creates.
const FirstUserTableID TableID = 1024

// RegionID names a region: table id in the upper 32 bits, region number in the lower. The number's top 8 bits are a group
// (used by the metric engine), its low 24 bits the sequence within the table.
type RegionID uint64

// NewRegionID builds the id of a table's n-th region.
func NewRegionID(t TableID, number uint32) RegionID { return RegionID(uint64(t)<<32 | uint64(number)) }

// Table is the id of the table that the region belongs to.
func (r RegionID) Table() TableID { return TableID(r >> 32) }

// Number is the region number within its table.
func (r RegionID) Number() uint32 { return uint32(r) }

// String prints table(number) as "1024.0", the form ParseRegionID reads.
func (r RegionID) String() string { return fmt.Sprintf("%d.%d", r.Table(), r.Number()) }

// DirName is the region's directory below its table's: "{table}_{sequence, 10 digits}".
func (r RegionID) DirName() string {
	return fmt.Sprintf("%d_%010d", r.Table(), r.Number()&0xffffff)
}

// ParseRegionID reads the form that String prints, or the plain 64-bit number.
func ParseRegionID(s string) (RegionID, error) {
	t, n, ok := strings.Cut(s, ".")
	if !ok {
		v, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("region id %q: %w", s, err)
		}
		return RegionID(v), nil
	}
	tv, err := strconv.ParseUint(t, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("region id %q: %w", s, err)
	}
	nv, err := strconv.ParseUint(n, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("region id %q: %w", s, err)
	}
	return NewRegionID(TableID(tv), uint32(nv)), nil
}

// ColumnID identifies a column within its table for ever, whatever it is named. Ids with the top bit set are internal.
type ColumnID uint32

// Internal columns, never visible to users.
const (
	ColumnSequence ColumnID = 1<<31 | 1 // __sequence, uint64
	ColumnOpType   ColumnID = 1<<31 | 2 // __op_type, uint8: OpDelete or OpPut
)

// Internal reports whether the id belongs to an internal column.
func (c ColumnID) Internal() bool { return c>>31 == 1 }

// Sequence orders the rows of one region by when they were written: one number a row, rising.
type Sequence uint64

// OpType says what a stored row does to older rows of the same key.
type OpType uint8

// A row is either a tombstone or a value.
const (
	OpDelete OpType = 0
	OpPut    OpType = 1
)
