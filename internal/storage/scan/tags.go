package scan

import (
	"bytes"
	"sort"

	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/storage/series"
)

// matchSeries gives the series of a table for which all predicates (over tags alone) hold; nil means all of them.
func matchSeries(t *series.Table, preds []*node) model.Bitmap {
	if len(preds) == 0 {
		return nil
	}
	live := model.NewBitmap(t.Len())
	kernel.Fill(live, t.Len())
	tmp := model.NewBitmap(t.Len())
	for _, n := range preds {
		matchNode(t, n, tmp)
		kernel.And(live, tmp)
	}
	if live.Count(t.Len()) == t.Len() {
		return nil
	}
	return live
}

// matchNode writes to dst for which series n holds.
func matchNode(t *series.Table, n *node, dst model.Bitmap) {
	switch n.op {
	case model.OpTrue:
		kernel.Fill(dst, t.Len())
		return
	case model.OpFalse:
		clear(dst)
		return
	case model.OpAnd, model.OpOr:
		if n.op == model.OpAnd {
			kernel.Fill(dst, t.Len())
		} else {
			clear(dst)
		}
		tmp := model.NewBitmap(t.Len())
		for _, a := range n.args {
			matchNode(t, a, tmp)
			if n.op == model.OpAnd {
				kernel.And(dst, tmp)
			} else {
				kernel.Or(dst, tmp)
			}
		}
		return
	}
	k := n.ref.tag()
	codes := t.Codes[k]
	if lo, hi, ok := codeRange(t.Dicts[k], n); ok {
		if k == 0 { // the first tag's codes ascend with the series
			from := sort.Search(len(codes), func(i int) bool { return codes[i] >= lo })
			to := sort.Search(len(codes), func(i int) bool { return codes[i] >= hi })
			clear(dst)
			dst.SetRange(from, max(from, to))
			return
		}
		kernel.SelectCodeRange(dst, codes, lo, hi)
		return
	}
	kernel.SelectCodes(dst, codes, decideCodes(t.Dicts[k], n))
}

// codeRange turns a comparison into the codes [lo, hi) that satisfy it, by binary search in the sorted dictionary.
func codeRange(d *model.Dict, n *node) (lo, hi uint32, ok bool) {
	end := uint32(d.Len()) + 1
	if n.op == model.OpIsNull {
		return 0, 1, true
	}
	if n.op == model.OpNotNull {
		return 1, end, true
	}
	if n.op < model.OpEq || n.op > model.OpGe || n.op == model.OpNe {
		return 0, 0, false
	}
	v := series.AppendSortableValue(nil, n.vals[0])
	i := uint32(sort.Search(d.Len(), func(i int) bool { return bytes.Compare(d.At(uint32(i)), v) >= 0 }))
	after := i
	if int(i) < d.Len() && bytes.Equal(d.At(i), v) {
		after++
	}
	switch n.op {
	case model.OpEq:
		return i + 1, after + 1, true
	case model.OpLt:
		return 1, i + 1, true
	case model.OpLe:
		return 1, after + 1, true
	case model.OpGt:
		return after + 1, end, true
	}
	return i + 1, end, true
}

// decideCodes decides a leaf for each code of a tag: 0 is NULL, k is value k-1.
func decideCodes(d *model.Dict, n *node) []bool {
	match := make([]bool, d.Len()+1)
	match[0] = n.op == model.OpIsNull
	plain := n.typ.Class() == model.ClassBytes
	for i := range d.Len() {
		if b := d.At(uint32(i)); plain {
			match[i+1] = n.matchBytes(b)
		} else {
			match[i+1] = n.matchValue(series.FromSortable(n.typ, b))
		}
	}
	return match
}
