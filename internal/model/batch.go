package model

// Field names a column of a stream of batches.
type Field struct {
	Name string
	Type Type
	// ID is the table's column that the field carries unchanged; 0 where it was computed.
	ID ColumnID
}

// Batch is some rows as columns. All vectors have Len rows.
type Batch struct {
	Cols []*Vector
	Len  int

	// Series, set by scans in series order only, cuts the rows into runs of one series each, in row order, covering all rows. A
	// series that continues in the next batch has the same Ordinal there.
	Series []SeriesRun
}

// SeriesRun is rows [Start, End) of a batch, all of one series.
type SeriesRun struct {
	Ordinal    uint64 // rises within one stream
	Start, End int
}

// NewBatch makes an empty batch of the fields with room for n rows.
func NewBatch(fields []Field, n int) *Batch {
	b := &Batch{Cols: make([]*Vector, len(fields))}
	for i, f := range fields {
		b.Cols[i] = NewVector(f.Type, n)
	}
	return b
}

// Bytes is about how much memory the batch's vectors hold.
func (b *Batch) Bytes() int64 {
	var n int64
	for _, c := range b.Cols {
		n += c.Bytes()
	}
	return n
}

// Slice is rows [from, to), sharing memory; Series is dropped.
func (b *Batch) Slice(from, to int) *Batch {
	s := &Batch{Cols: make([]*Vector, len(b.Cols)), Len: to - from}
	for i, c := range b.Cols {
		s.Cols[i] = c.Slice(from, to)
	}
	return s
}
