package scan

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/kernel"
	"github.com/goptimedb/goptimedb/internal/model"
)

// aggregateBlock is the most rows of a block when aggregating: blocks only share memory, so larger means fewer fixed costs.
const aggregateBlock = 32 << 10

// aggPlan is an aggregate bound to the schema.
type aggPlan struct {
	keys   []aggKey
	tags   []int // positions in the key of the tags that are grouped by
	bucket *model.TimeBucket
	others []colRef // keys that are looked at row by row
	byTags bool     // there are tags

	outs    []aggOut
	states  []stateSpec // one for each column that is reduced
	filters []*node     // of states
	printed []string    // filters in words
	partial bool
	inOrder bool // ranges must ascend in time: there is a first or a last
}

// aggKey is where an output key comes from: the bucket (refTime with bucket), a tag, or member other of others.
type aggKey struct {
	typ    model.Type
	bucket bool
	tag    int // -1: none
	other  int // -1: none
}

// aggOut is an output reduction: of state, or of rows alone where that is -1.
type aggOut struct {
	fn    model.AggFunc
	state int
	typ   model.Type
}

// stateSpec says which reductions of a column are kept. Counting is always.
type stateSpec struct {
	operand
	filter                     int  // of aggPlan.filters, -1: none
	count                      bool // rows are counted and nothing else
	rows                       bool // first and last are those of rows, NULLs included
	sum, min, max, first, last bool
	sumFloat                   bool // of an integer column
	moments                    bool
	summary                    *summarySpec // instead of all that
}

// operand is what is reduced.
type operand struct {
	ref colRef
	arg *scalar // instead of ref
	key string  // arg in words
	typ model.Type
}

// sharesWith reports that the reductions of both may be kept in one state.
func (s *stateSpec) sharesWith(o *stateSpec) bool {
	return o.ref == s.ref && o.key == s.key && o.filter == s.filter && o.count == s.count && o.rows == s.rows && o.summary == nil && s.summary == nil
}

// compileAggregate binds an aggregate and names its output.
func (p *plan) compileAggregate(a *model.Aggregate) (*aggPlan, []model.Field, error) {
	ap := &aggPlan{}
	var fields []model.Field
	for _, k := range a.Keys {
		ref, typ, err := p.ref(k.Column)
		if err != nil {
			return nil, nil, err
		}
		key := aggKey{typ: typ, tag: -1, other: -1}
		f := model.Field{Name: p.nameOf(k.Column), Type: typ, ID: k.Column}
		switch {
		case k.Bucket != nil:
			if ref != refTime || k.Bucket.Width <= 0 {
				return nil, nil, errs.New(errs.InvalidArguments, "scan: bucket of column %d, width %d: it must be the time index, and wide", k.Column, k.Bucket.Width)
			}
			if ap.bucket != nil && *ap.bucket != *k.Bucket {
				return nil, nil, errs.New(errs.Unsupported, "scan: two different time buckets in one grouping")
			}
			ap.bucket, key.bucket, f.ID = k.Bucket, true, 0
		case ref.isTag():
			key.tag = ref.tag()
			ap.tags = append(ap.tags, key.tag)
			ap.byTags = true
		default:
			key.other = len(ap.others)
			ap.others = append(ap.others, ref)
		}
		ap.keys = append(ap.keys, key)
		fields = append(fields, f)
	}
	ap.partial = a.Partial
	for _, g := range a.Aggs {
		want := stateSpec{filter: -1, count: g.Func == model.AggCountRows, rows: g.Func == model.AggFirstRow || g.Func == model.AggLastRow}
		name := g.Text(p.nameOf)
		if g.Filter != nil {
			var err error
			if want.filter, err = p.compileFilter(ap, g.Filter); err != nil {
				return nil, nil, err
			}
		} else if want.count {
			ap.outs = append(ap.outs, aggOut{g.Func, -1, model.Int64})
			fields = append(fields, model.Field{Name: name, Type: model.Int64})
			continue
		}
		switch {
		case want.count:
			want.typ = model.Int64
		default:
			var err error
			if want.operand, err = p.compileOperand(g.Column, g.Arg); err != nil {
				return nil, nil, err
			}
		}
		if g.Func.Summarizes() {
			var err error
			if want.summary, err = p.compileSummary(&g, name, want.typ); err != nil {
				return nil, nil, err
			}
		}
		at, typ := -1, want.typ
		for i := range ap.states {
			if ap.states[i].sharesWith(&want) {
				at = i
			}
		}
		if at < 0 {
			at = len(ap.states)
			ap.states = append(ap.states, want)
		}
		st := &ap.states[at]
		out := aggOut{g.Func, at, typ}
		switch g.Func {
		case model.AggCount:
			out.typ = model.Int64
		case model.AggCountRows:
			out.fn = model.AggCount
		case model.AggSum:
			switch {
			case typ.Signed():
				out.typ = model.Int64
			case typ.Unsigned():
				out.typ = model.Uint64
			case typ.Floating():
				out.typ = model.Float64
			default:
				return nil, nil, errs.New(errs.Unsupported, "scan: %s of %s", name, typ)
			}
			st.sum = true
		case model.AggSumFloat:
			switch {
			case typ.Integer():
				st.sumFloat = true
			case typ.Floating():
				st.sum, out.fn = true, model.AggSum
			default:
				return nil, nil, errs.New(errs.Unsupported, "scan: %s of %s", name, typ)
			}
			out.typ = model.Float64
		case model.AggMin:
			st.min = true
		case model.AggMax:
			st.max = true
		case model.AggFirst, model.AggFirstRow:
			st.first, ap.inOrder = true, true
		case model.AggLast, model.AggLastRow:
			st.last, ap.inOrder = true, true
		case model.AggMoments:
			if !typ.Integer() && !typ.Floating() {
				return nil, nil, errs.New(errs.Unsupported, "scan: %s of %s", name, typ)
			}
			st.moments, out.typ = true, model.Int64
		default:
			if g.Func.Summarizes() {
				out.typ = model.Binary
				break
			}
			return nil, nil, errs.New(errs.Unsupported, "scan: aggregate function %d", g.Func)
		}
		ap.outs = append(ap.outs, out)
		fields = append(fields, model.Field{Name: name, Type: out.typ})
		switch g.Width() {
		case 2:
			fields = append(fields, model.Field{Name: name + " time", Type: p.schema.Time().Type})
		case 3:
			fields = append(fields, model.Field{Name: name + " mean", Type: model.Float64}, model.Field{Name: name + " squares", Type: model.Float64})
		}
	}
	return ap, fields, nil
}

// compileFilter is the place of a filter among the aggregate's.
func (p *plan) compileFilter(ap *aggPlan, e *model.Expr) (int, error) {
	text := e.String()
	for i, t := range ap.printed {
		if t == text {
			return i, nil
		}
	}
	n, err := p.compile(e)
	if err != nil {
		return 0, err
	}
	ap.filters, ap.printed = append(ap.filters, n), append(ap.printed, text)
	return len(ap.filters) - 1, nil
}

func (p *plan) nameOf(id model.ColumnID) string {
	switch id {
	case model.ColumnSequence:
		return "__sequence"
	case model.ColumnOpType:
		return "__op_type"
	}
	if c := p.schema.Column(id); c != nil {
		return c.Name
	}
	return fmt.Sprintf("#%d", id)
}

// grouping tells the slot of a group; workers share it. A group is a combination of tag values (a tag group), a bucket, and other keys.
//
//	dense   slot = tag group * buckets + bucket     the usual case: no lookups at all
//	hashed  (tag group, bucket) → slot              too many combinations for a table of all
//	rowed   (tag group, bucket, other keys) → slot  looked up for each row, a column after another
type grouping struct {
	p       *plan
	a       *aggPlan
	al      *aligned // of all inputs, where tags are grouped by
	groupOf []uint32 // tag group of each series; nil: see each
	each    bool     // every series is a tag group, else there is but one
	sample  []uint32 // a series of each tag group; nil: the same number
	groups  int
	dense   bool
	first   int64 // dense: start of the first bucket
	buckets int   // dense
}

// maxDenseSlots bounds the table of all combinations: at 8 bytes a reduction, a few dozen megabytes for each worker.
const maxDenseSlots = 1 << 21

func newGrouping(p *plan, ins []*input, al *aligned, rows int) *grouping {
	g := &grouping{p: p, a: p.agg, al: al, groups: 1, buckets: 1}
	if p.agg.byTags {
		g.groupTags()
	}
	if g.dense = len(p.agg.others) == 0; !g.dense {
		return g
	}
	if b := p.agg.bucket; b != nil && len(ins) > 0 {
		lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
		for _, in := range ins {
			lo, hi = min(lo, max(in.min, p.times.Start)), max(hi, min(in.max, p.times.End-1))
		}
		g.first = b.Start(lo)
		n := uint64(hi-g.first)/uint64(b.Width) + 1
		if g.first > lo || n > maxDenseSlots { // the start of the first bucket would be before the least time there is
			g.dense = false
			return g
		}
		g.buckets = int(n)
	}
	slots := g.groups * g.buckets
	g.dense = slots <= maxDenseSlots && slots <= 4*rows+(1<<16)
	return g
}

// groupTags numbers the combinations of the tags that are grouped by.
func (g *grouping) groupTags() {
	al, tags := g.al, g.a.tags
	distinct := map[int]bool{}
	for _, k := range tags {
		distinct[k] = true
	}
	if len(distinct) == len(g.p.tags) { // Fast path: grouping by all tags, a series is a group.
		g.each, g.groups = true, al.n
		return
	}
	g.groupOf = make([]uint32, al.n)
	g.groups = 0
	add := func(s int) uint32 {
		g.sample = append(g.sample, uint32(s))
		g.groups++
		return uint32(g.groups)
	}
	codes := make([][]uint32, len(tags))
	for i, k := range tags {
		codes[i] = al.tagCodes(k)
	}
	product, width := uint64(1), 0
	for _, k := range tags {
		n := uint64(al.Dicts[k].Len()) + 1
		hi, lo := bits.Mul64(product, n)
		if product = lo; hi != 0 || product > math.MaxUint32 {
			product = math.MaxUint32
		}
		width += bits.Len32(uint32(n))
	}
	switch {
	case product <= uint64(4*al.n+(1<<16)): // few combinations: a table of all
		ids := make([]uint32, product)
		for s := range al.n {
			at := uint64(0)
			for i, k := range tags {
				at = at*uint64(al.Dicts[k].Len()+1) + uint64(codes[i][s])
			}
			if ids[at] == 0 {
				ids[at] = add(s)
			}
			g.groupOf[s] = ids[at] - 1
		}
	case width <= 64:
		ids := map[uint64]uint32{}
		for s := range al.n {
			key := uint64(0)
			for i, k := range tags {
				key = key<<bits.Len32(uint32(al.Dicts[k].Len()+1)) | uint64(codes[i][s])
			}
			id, ok := ids[key]
			if !ok {
				id = add(s)
				ids[key] = id
			}
			g.groupOf[s] = id - 1
		}
	default:
		ids := map[string]uint32{}
		var key []byte
		for s := range al.n {
			key = key[:0]
			for _, c := range codes {
				key = binary.LittleEndian.AppendUint32(key, c[s])
			}
			id, ok := ids[string(key)]
			if !ok {
				id = add(s)
				ids[string(key)] = id
			}
			g.groupOf[s] = id - 1
		}
	}
}

// tagGroup is the tag group of a series.
func (g *grouping) tagGroup(s uint32) uint32 {
	switch {
	case g.each:
		return s
	case g.groupOf != nil:
		return g.groupOf[s]
	}
	return 0
}

// aggregate is the program of scans that aggregate.
func (sc *scan) aggregate(ins []*input, cs []*cluster, rows int) func(context.Context) error {
	p := sc.p
	var al *aligned
	if len(cs) > 0 {
		al = cs[0].al
	} else {
		al = &aligned{}
	}
	return func(ctx context.Context) error {
		if len(ins) == 0 {
			if len(p.agg.keys) > 0 {
				return nil
			}
			return newTable(&grouping{p: p, a: p.agg, groups: 1, buckets: 1, dense: true}).output(ctx, sc)
		}
		g := newGrouping(p, ins, al, rows)
		if g.fromSeries(ins) {
			t := newTable(g)
			fill(t.rows, 1)
			return t.output(ctx, sc)
		}
		var all *table
		err := sc.work(ctx, sc.tasks, func() sink { return &aggSink{g: g, sc: sc} }, func(s sink) error {
			switch t := s.(*aggSink).t; {
			case t == nil:
			case all == nil:
				all = t
			default:
				all.merge(t)
				sc.discharge(t)
				return sc.charge(all)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if all == nil {
			if len(p.agg.keys) > 0 && len(sc.counted) == 0 {
				return nil
			}
			all = newTable(g)
		}
		for _, c := range sc.counted {
			all.addCounted(c)
		}
		return all.output(ctx, sc)
	}
}

// fromSeries reports whether the groups are known without reading rows: distinct tags, of inputs all of whose rows count.
func (g *grouping) fromSeries(ins []*input) bool {
	if !g.dense || !g.a.byTags || g.a.bucket != nil || len(g.a.outs) > 0 || len(g.p.rowPred) > 0 {
		return false
	}
	for _, in := range ins {
		if in.deletes || in.hidden != nil || !in.covered {
			return false
		}
	}
	return true
}

// aggSink reduces the blocks of one worker into a table of its own.
type aggSink struct {
	g      *grouping
	sc     *scan
	t      *table
	ranges []kernel.Range
	part   []kernel.Range
	sets   []filtered // by filter

	// Of cutRows:
	ids    []uint32
	values []uint64
	others []*model.Vector
}

// filtered is the ranges whose rows pass a filter.
type filtered struct {
	ranges []kernel.Range
	known  bool
}

// partialGroups is how many groups a worker collects before it hands them on, where groups may come in parts.
const partialGroups = 1 << 16

// partialBytes is likewise how much a worker's summaries may take.
const partialBytes = 32 << 20

func (s *aggSink) begin(context.Context, *task) error {
	if s.t != nil {
		return nil
	}
	s.t = newTable(s.g)
	return s.sc.charge(s.t)
}

func (s *aggSink) end(context.Context) error { return nil }

func (s *aggSink) block(ctx context.Context, b *block) error {
	if err := s.cut(ctx, b); err != nil {
		return err
	}
	kernel.CountRows(s.t.rows, s.ranges)
	for i := range s.sets {
		s.sets[i].known = false
	}
	for _, st := range s.t.states {
		ranges := s.ranges
		if f := st.spec.filter; f >= 0 {
			var err error
			if ranges, err = s.filter(ctx, b, f); err != nil {
				return err
			}
		}
		if err := st.reduce(ctx, b, ranges); err != nil {
			return err
		}
	}
	err := s.sc.charge(s.t)
	full := err != nil || !s.g.dense && len(s.t.rows) >= partialGroups || s.t.summaryBytes() >= partialBytes
	if !s.g.a.partial || !full {
		return err
	}
	t := s.t
	s.sc.discharge(t)
	s.t = newTable(s.g)
	return t.output(ctx, s.sc)
}

// filter is the ranges' rows that pass a filter.
func (s *aggSink) filter(ctx context.Context, b *block, f int) ([]kernel.Range, error) {
	if s.sets == nil {
		s.sets = make([]filtered, len(s.g.a.filters))
	}
	set := &s.sets[f]
	if set.known {
		return set.ranges, nil
	}
	ev := &b.w.ev
	keep := ev.get(b.n)
	defer ev.put(keep)
	if err := ev.eval(ctx, b, s.g.a.filters[f], keep); err != nil {
		return nil, err
	}
	set.ranges, set.known = kernel.KeepRanges(set.ranges[:0], s.ranges, keep), true
	return set.ranges, nil
}

// cut divides the rows of a block into ranges of one group each.
func (s *aggSink) cut(ctx context.Context, b *block) (err error) {
	g := s.g
	s.ranges = s.ranges[:0]
	var times []int64
	if g.a.bucket != nil {
		if times, err = b.times(ctx); err != nil {
			return err
		}
	}
	if len(g.a.others) > 0 {
		return s.cutRows(ctx, b, times)
	}
	for _, r := range b.runs {
		dst := s.ranges
		if g.a.inOrder { // ranges of different series must not join: times begin anew
			dst = s.part[:0]
		}
		group := g.tagGroup(r.g)
		switch {
		case g.dense && times == nil:
			dst = kernel.AppendRange(dst, group, int(r.start), int(r.end))
		case g.dense:
			dst = kernel.Buckets(dst, times[r.start:r.end], int(r.start), g.first, g.a.bucket.Width, group*uint32(g.buckets))
		default:
			dst = s.cutHashed(dst, group, times, r)
		}
		if g.a.inOrder {
			s.part = dst
			dst = append(s.ranges, dst...)
		}
		s.ranges = dst
	}
	return nil
}

// cutHashed cuts one run where slots are looked up.
func (s *aggSink) cutHashed(dst []kernel.Range, group uint32, times []int64, r run) []kernel.Range {
	if times == nil {
		return kernel.AppendRange(dst, s.t.slot(slotKey{group: group}), int(r.start), int(r.end))
	}
	for i := int(r.start); i < int(r.end); {
		start := s.g.a.bucket.Start(times[i])
		end := i + kernel.Gallop(times[i:r.end], start+s.g.a.bucket.Width)
		if start+s.g.a.bucket.Width < start || end == i { // the bucket reaches past the last time there is
			end = int(r.end)
		}
		dst = kernel.AppendRange(dst, s.t.slot(slotKey{group, start}), i, end)
		i = end
	}
	return dst
}
