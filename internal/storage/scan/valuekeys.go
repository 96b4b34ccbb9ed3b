package scan

import (
	"context"
	"encoding/binary"
	"math"
	"slices"

	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
)

// valueKey is one column that is grouped by row by row, as a table sees it: its values as numbers, and the pairs that they make with the
// groups of the keys before.
type valueKey struct {
	pairs kernel.Pairs
	vals  *model.Vector // of each slot

	// Values that are no numbers are numbered in the order in which they come.
	texts     map[string]uint32
	textBytes int64       // that they take
	from      *model.Dict // the dictionary that known is about
	known     []uint32    // of each code of from: the number of its text plus 1; zero: not looked up yet
	text      []byte
}

// mapEntryBytes is what an entry of texts takes beside the bytes of the text.
const mapEntryBytes = 48

// number replaces the ids of rows [off, off+len(ids)) of v by those of the pairs with its values.
func (k *valueKey) number(ids []uint32, v *model.Vector, off int, tmp []uint64) []uint64 {
	n := len(ids)
	tmp = slices.Grow(tmp[:0], n)[:n]
	switch v.Type.Class() {
	case model.ClassInt:
		for i, x := range v.Ints[off : off+n] {
			tmp[i] = uint64(x)
		}
	case model.ClassFloat:
		for i, x := range v.Floats[off : off+n] {
			if x == 0 {
				x = 0 // -0 is 0
			} else if x != x {
				x = math.NaN()
			}
			tmp[i] = math.Float64bits(x)
		}
	case model.ClassBool:
		for i, x := range v.Bools[off : off+n] {
			tmp[i] = 0
			if x {
				tmp[i] = 1
			}
		}
	case model.ClassBytes:
		if v.Coded() {
			k.codes(tmp, v, off)
			break
		}
		k.plain(tmp, v, off)
	case model.ClassNull:
	default:
		for i := range tmp {
			k.text = appendValue(k.text[:0], v, off+i)
			tmp[i] = uint64(k.numberOf(k.text))
		}
	}
	if v.Valid != nil || v.Type.Kind == model.KindNull {
		for i := range ids {
			if v.Null(off + i) {
				ids[i], tmp[i] = ids[i]|kernel.NullID, 0
			}
		}
	}
	k.pairs.Number(ids, tmp)
	return tmp
}

// codes numbers strings that are coded: each of a dictionary is looked up once.
func (k *valueKey) codes(dst []uint64, v *model.Vector, off int) {
	if k.from != v.Dict {
		k.from, k.known = v.Dict, slices.Grow(k.known[:0], v.Dict.Len())[:v.Dict.Len()]
		clear(k.known)
	}
	known := k.known
	for i, c := range v.Codes[off : off+len(dst)] {
		if int(c) >= len(known) { // a NULL's
			continue
		}
		if known[c] == 0 {
			known[c] = k.numberOf(v.Dict.At(c)) + 1
		}
		dst[i] = uint64(known[c] - 1)
	}
}

func (k *valueKey) plain(dst []uint64, v *model.Vector, off int) {
	var last []byte
	n := uint64(0)
	for i := range dst {
		if v.Null(off + i) {
			continue
		}
		if x := v.BytesAt(off + i); last == nil || string(x) != string(last) {
			last, n = x, uint64(k.numberOf(x))
		}
		dst[i] = n
	}
}

func (k *valueKey) numberOf(text []byte) uint32 {
	n, ok := k.texts[string(text)]
	if !ok {
		if k.texts == nil {
			k.texts = map[string]uint32{}
		}
		n = uint32(len(k.texts))
		k.texts[string(text)] = n
		k.textBytes += int64(len(text)) + mapEntryBytes
	}
	return n
}

// appendValue appends a value of the classes that are neither numbers nor strings, so that equal values, and only they, have equal bytes.
func appendValue(dst []byte, v *model.Vector, i int) []byte {
	if v.Null(i) {
		return dst
	}
	if v.Type.Class() == model.ClassDecimal {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(v.Decimals[i].Hi))
		return binary.LittleEndian.AppendUint64(dst, v.Decimals[i].Lo)
	}
	x := v.Intervals[i]
	dst = binary.LittleEndian.AppendUint32(dst, uint32(x.Months))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(x.Days))
	return binary.LittleEndian.AppendUint64(dst, uint64(x.Nanos))
}

// cutRows cuts a block where slots depend on columns that are looked at row by row, one column after another.
func (s *aggSink) cutRows(ctx context.Context, b *block, times []int64) error {
	s.ids = slices.Grow(s.ids[:0], b.n)[:b.n]
	for _, r := range b.runs {
		s.t.baseIDs(s.ids[r.start:r.end], s.g.tagGroup(r.g), times, int(r.start))
	}
	for j, ref := range s.g.a.others {
		v, err := b.vector(ctx, ref)
		if err != nil {
			return err
		}
		s.others = append(s.others[:j], v)
		s.values = s.t.others[j].number(s.ids, v, 0, s.values)
	}
	known := uint32(len(s.t.keys))
	for _, r := range b.runs {
		for i := int(r.start); i < int(r.end); {
			slot, end := s.ids[i], i+1
			for end < int(r.end) && s.ids[end] == slot {
				end++
			}
			if slot == known { // numbers are given in the order of rows
				k := slotKey{group: s.g.tagGroup(r.g)}
				if times != nil {
					k.bucket = s.g.a.bucket.Start(times[i])
				}
				s.t.add(k)
				s.t.addValues(s.others, i)
				known++
			}
			if s.g.a.inOrder { // ranges of different series must not join: times begin anew
				s.ranges = append(s.ranges, kernel.Range{Slot: slot, Start: int32(i), End: int32(end)})
			} else {
				s.ranges = kernel.AppendRange(s.ranges, slot, i, end)
			}
			i = end
		}
	}
	return nil
}

// baseIDs gives the rows of one series, whose times, where slots depend on them, are from row at on, the numbers of their tag group and
// bucket.
func (t *table) baseIDs(ids []uint32, group uint32, times []int64, at int) {
	if times == nil {
		fill(ids, t.base.One(group, 0))
		return
	}
	bucket := t.g.a.bucket
	for i := 0; i < len(ids); {
		start := bucket.Start(times[at+i])
		end := len(ids)
		if next := start + bucket.Width; next > start { // else the bucket reaches past the last time there is
			end = i + max(kernel.Gallop(times[at+i:at+len(ids)], next), 1)
		}
		fill(ids[i:end], t.base.One(group, uint64(start)))
		i = end
	}
}

// addValues keeps the values of row i as those of the slot that was added last.
func (t *table) addValues(others []*model.Vector, i int) {
	for j, v := range others {
		t.others[j].vals.AppendVector(v, i, i+1)
	}
}

// mergeKeys gives the slots in t of another table's.
func (t *table) mergeKeys(o *table) []uint32 {
	to := make([]uint32, len(o.keys))
	if len(t.others) == 0 {
		for i, k := range o.keys {
			to[i] = t.slot(k)
		}
		return to
	}
	for i, k := range o.keys {
		to[i] = t.base.One(k.group, uint64(k.bucket))
	}
	var tmp []uint64
	vals := make([]*model.Vector, len(t.others))
	for j := range t.others {
		vals[j] = o.others[j].vals
		tmp = t.others[j].number(to, vals[j], 0, tmp)
	}
	for i, slot := range to {
		if int(slot) == len(t.keys) {
			t.add(o.keys[i])
			t.addValues(vals, i)
		}
	}
	return to
}
