package align

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math"
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/plan"
)

// loaded is the rows of all parts.
type loaded struct {
	groups int
	keys   []*model.Vector // of By: a row for each group
	parts  []part
}

// part is the rows of one part: of group g, those that order[start[g]:start[g+1]] names, by ascending slots.
type part struct {
	group  []uint32
	slot   []int64
	cols   map[plan.ColID]*model.Vector
	order  []uint32
	start  []uint32
	grain  int64 // zero: a row is a window
	widest int64 // item of the part
}

func (p *part) rows(g int) int {
	if g+1 >= len(p.start) {
		return 0
	}
	return int(p.start[g+1] - p.start[g])
}

func (p *part) of(g int) []uint32 { return p.order[p.start[g]:p.start[g+1]] }

// hits adds the starts of all windows that hold a row of the group.
func (p *part) hits(slots []int64, g int, n *plan.Range) ([]int64, error) {
	if p.grain == 0 {
		for _, r := range p.of(g) {
			slots = append(slots, p.slot[r])
		}
		return slots, nil
	}
	bucket := model.TimeBucket{Width: n.Align, Origin: n.Origin}
	next := int64(math.MinInt64) // the first start that is not yet there
	for _, r := range p.of(g) {
		t := p.slot[r]
		first := bucket.Start(t + p.grain - p.widest + n.Align - 1) // s > t - width, in steps of the grain
		for s := max(first, next); s <= t; s += n.Align {
			if len(slots) >= maxSlots {
				return nil, tooMany()
			}
			slots = append(slots, s)
			next = s + n.Align
		}
	}
	return slots, nil
}

// What a row takes beside its values: group, slot and place in the order; and a group beside its key's bytes.
const (
	rowBytes = 16
	keyBytes = 64
)

// room is the memory that the rows may still take.
type room struct {
	left    int64
	reserve func(int64) error
}

func (r *room) take(n int64) error {
	if r.left -= n; r.left < 0 {
		return errs.New(errs.EngineExecuteQuery, "Resources exhausted: the groups and windows of a range query do not fit into its memory; narrow the time range of WHERE, or make ALIGN longer")
	}
	return reserve(r.reserve, n)
}

// reserve takes memory of the process's, and says what to do where there is none.
func reserve(from func(int64) error, n int64) error {
	if err := from(n); err != nil {
		return errs.Wrap(errs.CodeOf(err), err, "the groups and windows of a range query: narrow the time range of WHERE, make ALIGN longer, or raise memory.limit")
	}
	return nil
}

// load reads all parts.
func load(ctx context.Context, n *plan.Range, open func(context.Context, int) (Source, error), opts Options) (*loaded, error) {
	l := &loaded{parts: make([]part, len(n.Parts))}
	for _, c := range n.By {
		l.keys = append(l.keys, model.NewVector(c.Type, 0))
	}
	byKey := map[string]uint32{}
	mem := &room{left: opts.MaxBytes, reserve: opts.Reserve}
	for i := range n.Parts {
		p := &l.parts[i]
		p.grain = n.Parts[i].Grain
		for _, it := range n.Items {
			if it.Part == i {
				p.widest = max(p.widest, it.Width)
			}
		}
		src, err := open(ctx, i)
		if err != nil {
			return nil, err
		}
		err = l.read(ctx, p, n, i, src, byKey, mem)
		if cerr := src.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return nil, err
		}
	}
	l.groups = len(byKey)
	for i := range l.parts {
		l.parts[i].sort(l.groups)
	}
	return l, nil
}

func (l *loaded) read(ctx context.Context, p *part, n *plan.Range, at int, src Source, byKey map[string]uint32, mem *room) error {
	in := n.Parts[at].Input.Cols()
	place := map[plan.ColID]int{}
	for i, c := range in {
		place[c.ID] = i
	}
	p.cols = map[plan.ColID]*model.Vector{}
	for _, it := range n.Items {
		if it.Part != at {
			continue
		}
		for _, id := range it.Args {
			p.cols[id] = model.NewVector(in[place[id]].Type, 0)
		}
	}
	var key, last []byte
	var group uint32
	keys := make([]*model.Vector, len(n.By))
	for {
		b, err := src.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := mem.take(rowBytes*int64(b.Len) + b.Bytes()); err != nil {
			return err
		}
		newKeys := int64(0)
		for i, id := range n.Parts[at].By {
			keys[i] = b.Cols[place[id]]
		}
		slot := b.Cols[place[n.Parts[at].Slot]]
		for r := range b.Len {
			if slot.Null(r) { // a time that no slot can be told of
				continue
			}
			key = key[:0]
			for _, k := range keys {
				key = appendKey(key, k, r)
			}
			if len(byKey) == 0 || !bytes.Equal(key, last) {
				var ok bool
				if group, ok = byKey[string(key)]; !ok {
					group = uint32(len(byKey))
					byKey[string(key)] = group
					newKeys += int64(len(key) + keyBytes)
					for i, k := range keys {
						l.keys[i].AppendVector(k, r, r+1)
					}
				}
				last = append(last[:0], key...)
			}
			p.group = append(p.group, group)
			p.slot = append(p.slot, slot.Ints[r])
		}
		if err := mem.take(newKeys); err != nil {
			return err
		}
		for id, v := range p.cols {
			src := b.Cols[place[id]]
			if slot.Valid == nil {
				v.AppendVector(src, 0, b.Len)
				continue
			}
			for r := range b.Len {
				if !slot.Null(r) {
					v.AppendVector(src, r, r+1)
				}
			}
		}
	}
}

// appendKey adds a value so that equal values, and no others, look the same.
func appendKey(key []byte, v *model.Vector, r int) []byte {
	if v.Null(r) {
		return append(key, 0)
	}
	key = append(key, 1)
	switch v.Type.Class() {
	case model.ClassBool:
		if v.Bools[r] {
			return append(key, 1)
		}
		return append(key, 0)
	case model.ClassInt:
		return binary.LittleEndian.AppendUint64(key, uint64(v.Ints[r]))
	case model.ClassFloat:
		f := v.Floats[r]
		switch {
		case f != f:
			f = math.NaN()
		case f == 0:
			f = 0
		}
		return binary.LittleEndian.AppendUint64(key, math.Float64bits(f))
	case model.ClassBytes:
		x := v.BytesAt(r)
		return append(binary.LittleEndian.AppendUint32(key, uint32(len(x))), x...)
	}
	x := v.At(r).String()
	return append(binary.LittleEndian.AppendUint32(key, uint32(len(x))), x...)
}

// sort brings the rows into the order of groups and slots: counted by group, then each group's by slot unless they are so already.
func (p *part) sort(groups int) {
	p.start = make([]uint32, groups+1)
	for _, g := range p.group {
		p.start[g+1]++
	}
	for g := range groups {
		p.start[g+1] += p.start[g]
	}
	next := slices.Clone(p.start)
	p.order = make([]uint32, len(p.group))
	for r, g := range p.group {
		p.order[next[g]] = uint32(r)
		next[g]++
	}
	p.group = nil
	bySlot := func(a, b uint32) int {
		switch {
		case p.slot[a] < p.slot[b]:
			return -1
		case p.slot[a] > p.slot[b]:
			return 1
		}
		return 0
	}
	for g := range groups {
		if rows := p.of(g); !slices.IsSortedFunc(rows, bySlot) {
			slices.SortFunc(rows, bySlot)
		}
	}
}
