package series

import "github.com/goptimedb/goptimedb/internal/model"

// Values decodes the dictionary of a tag: row k-1 is the value of code k. Strings come coded on the table's own dictionary.
func (t *Table) Values(tag int) *model.Vector { return dictValues(t.Types[tag], t.Dicts[tag]) }

func dictValues(typ model.Type, d *model.Dict) *model.Vector {
	n := d.Len()
	v := &model.Vector{Type: typ, Len: n}
	if typ.Class() == model.ClassBytes {
		v.Dict, v.Codes = d, make([]uint32, n)
		for i := range v.Codes {
			v.Codes[i] = uint32(i)
		}
		return v
	}
	v = model.NewVector(typ, n)
	for i := range n {
		v.AppendValue(FromSortable(typ, d.At(uint32(i))))
	}
	return v
}

// TagVector makes a vector of one tag's values for the series whose codes are given, codes being those of Table.Codes or Alignment.Code
// in dictionary d. Series i stands counts[i] times (nil: once). Strings share d; other types are decoded once per run.
func TagVector(typ model.Type, d *model.Dict, codes, counts []uint32) *model.Vector {
	n := len(codes)
	if counts != nil {
		n = 0
		for _, c := range counts {
			n += int(c)
		}
	}
	v := &model.Vector{Type: typ, Len: n}
	at := 0
	next := func(i int) int {
		if counts == nil {
			return at + 1
		}
		return at + int(counts[i])
	}
	for i, c := range codes {
		end := next(i)
		if c == 0 && end > at && v.Valid == nil {
			v.Valid = model.NewBitmap(n)
			v.Valid.SetRange(0, n)
		}
		if c == 0 {
			for ; at < end; at++ {
				v.Valid.Clear(at)
			}
		}
		at = end
	}
	at = 0
	switch typ.Class() {
	case model.ClassBytes:
		v.Dict, v.Codes = d, make([]uint32, n)
		for i, c := range codes {
			end := next(i)
			if c > 0 {
				fill(v.Codes[at:end], c-1)
			}
			at = end
		}
	case model.ClassInt:
		v.Ints = make([]int64, n)
		for i, c := range codes {
			end := next(i)
			if c > 0 {
				fill(v.Ints[at:end], FromSortable(typ, d.At(c-1)).Int)
			}
			at = end
		}
	case model.ClassFloat:
		v.Floats = make([]float64, n)
		for i, c := range codes {
			end := next(i)
			if c > 0 {
				fill(v.Floats[at:end], FromSortable(typ, d.At(c-1)).Float)
			}
			at = end
		}
	case model.ClassBool:
		v.Bools = make([]bool, n)
		for i, c := range codes {
			end := next(i)
			if c > 0 {
				fill(v.Bools[at:end], FromSortable(typ, d.At(c-1)).Bool)
			}
			at = end
		}
	case model.ClassDecimal:
		v.Decimals = make([]model.Int128, n)
		for i, c := range codes {
			end := next(i)
			if c > 0 {
				fill(v.Decimals[at:end], FromSortable(typ, d.At(c-1)).Decimal)
			}
			at = end
		}
	}
	return v
}

func fill[T any](s []T, x T) {
	for i := range s {
		s[i] = x
	}
}

// TagRows is the tag column of rows [from, to), as a scan of the rows would read it.
func (t *Table) TagRows(tag, from, to int) *model.Vector {
	if from >= to {
		return TagVector(t.Types[tag], t.Dicts[tag], nil, nil)
	}
	first, last := t.SeriesOf(from), t.SeriesOf(to-1)
	counts := make([]uint32, 0, last-first+1)
	for i := first; i <= last; i++ {
		counts = append(counts, uint32(min(to, int(t.Start[i+1]))-max(from, int(t.Start[i]))))
	}
	return TagVector(t.Types[tag], t.Dicts[tag], t.Codes[tag][first:last+1], counts)
}

// Value is a series' value of a tag: for edges and tests, not for loops.
func (t *Table) Value(tag, series int) model.Value {
	c := t.Codes[tag][series]
	if c == 0 {
		return model.NullOf(t.Types[tag])
	}
	return FromSortable(t.Types[tag], t.Dicts[tag].At(c-1))
}
