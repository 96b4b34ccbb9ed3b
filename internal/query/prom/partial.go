package prom

import (
	"cmp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/goptimedb/goptimedb/internal/query/prom/window"
)

// partial is what came of some regions.
type partial struct {
	job    *job
	byKey  map[string]int32 // groups, by labels; of no use where each series is a result
	groups []*group
	lsets  []labels.Labels // where each series is a result
	values [][]float64
	ranked ranked
	out    []int32         // scratch of rank
	seen   map[string]bool // metrics that had values, of rates
}

// group is what is aggregated to one result, or of rankings some.
type group struct {
	lset    labels.Labels
	sum     *window.Group
	ranking *window.Ranking
	members int // series, of rankings as far as it matters
	first   int // of rankings, where the first series came that has a value; 0: none
}

// placeWidth is how many numbers a place of a ranking has: a value and whose it is.
const placeWidth = 2

// ranked are the series that have a place in a ranking. The adder alone touches it.
type ranked struct {
	series []rankedSeries
	held   []int32 // places of each series
	free   []int32 // entries of series that have none any more
	next   int     // number of the next series
}

type rankedSeries struct {
	lset  labels.Labels
	order int // in which series came
}

// enter takes a series and gives its id.
func (r *ranked) enter(lset labels.Labels) int32 {
	s := rankedSeries{lset, r.next}
	r.next++
	if n := len(r.free); n > 0 {
		id := r.free[n-1]
		r.free = r.free[:n-1]
		r.series[id] = s
		return id
	}
	r.series, r.held = append(r.series, s), append(r.held, 0)
	return int32(len(r.series) - 1)
}

// leave takes entries back whose series have no place any more.
func (r *ranked) leave(ids ...int32) {
	for _, id := range ids {
		r.series[id].lset = labels.EmptyLabels()
	}
	r.free = append(r.free, ids...)
}

func (r *ranked) compare(a, b int32) int { return cmp.Compare(r.series[a].order, r.series[b].order) }

func present(v float64) bool { return !window.IsAbsent(v) }

func (j *job) newPartial() *partial {
	return &partial{job: j, byKey: map[string]int32{}, seen: map[string]bool{}}
}

// take adds what came of other regions, which is not used any more.
func (p *partial) take(o *partial) {
	for m := range o.seen {
		p.seen[m] = true
	}
	if p.job.agg == nil {
		p.lsets, p.values = append(p.lsets, o.lsets...), append(p.values, o.values...)
		return
	}
	if len(p.groups) == 0 {
		o.seen = p.seen
		*p = *o
		return
	}
	keys := make([]string, len(o.groups))
	for k, i := range o.byKey {
		keys[i] = k
	}
	m := &merging{p: p, o: o, ids: map[int32]int32{}, base: p.ranked.next}
	for i, g := range o.groups {
		at, ok := p.byKey[keys[i]]
		if !ok {
			at = int32(len(p.groups))
			p.byKey[keys[i]] = at
			n := &group{lset: g.lset, sum: g.sum}
			if g.ranking != nil {
				n.ranking = p.newRanking()
			}
			p.groups = append(p.groups, n)
			if g.ranking == nil {
				continue
			}
		}
		if g.ranking == nil {
			p.groups[at].sum.Merge(g.sum)
			p.job.q.drop(int64(p.job.n * p.job.agg.op.Width()))
			continue
		}
		m.group(p.groups[at], g)
	}
	m.end()
}

// merging is the taking over of rankings.
type merging struct {
	p, o *partial
	base int             // number of o's first series, in p
	ids  map[int32]int32 // of o's series, in p
	out  []int32         // series that lost their last place; they may have got another since
}

func (m *merging) group(g, from *group) {
	r := &m.p.ranked
	m.out = g.ranking.Merge(from.ranking, func(id int32) int32 {
		here, ok := m.ids[id]
		if !ok {
			old := m.o.ranked.series[id]
			here = r.enter(old.lset)
			r.series[here].order = m.base + old.order
			m.ids[id] = here
		}
		return here
	}, func() []int32 { return r.held }, m.out)
	members := min(m.p.job.agg.k, g.members+from.members)
	m.p.job.q.drop(int64((g.members + from.members - members) * placeWidth * m.p.job.n))
	g.members = members
	if g.first == 0 && from.first > 0 {
		g.first = m.base + from.first
	}
}

// end takes entries back only now: while places are merged, a series that lost its last one may get another.
func (m *merging) end() {
	r := &m.p.ranked
	r.next = max(r.next, m.base+m.o.ranked.next)
	for _, id := range m.ids {
		m.out = append(m.out, id)
	}
	slices.Sort(m.out)
	r.leave(slices.DeleteFunc(slices.Compact(m.out), func(id int32) bool { return r.held[id] > 0 })...)
}

func (p *partial) newRanking() *window.Ranking {
	return window.NewRanking(p.job.agg.k, p.job.agg.least, p.job.windows.N)
}

// rank gives a series its places in the ranking of its group.
func (p *partial) rank(g *group, lset labels.Labels, values []float64) {
	r := &p.ranked
	id := r.enter(lset)
	if g.first == 0 && slices.ContainsFunc(values, present) {
		g.first = r.next
	}
	out := g.ranking.Add(id, values, r.held, p.out[:0])
	if r.held[id] == 0 {
		out = append(out, id)
	}
	r.leave(out...)
	p.out = out
}

// reserve takes room for so many numbers of each moment.
func (p *partial) reserve(width int) error {
	return p.job.q.hold(int64(width * p.job.n))
}

// join takes room for what a series adds to its group.
func (p *partial) join(g *group) error {
	switch {
	case p.job.agg.op == window.OpQuantile:
		return p.reserve(1)
	case g.ranking != nil && g.members < p.job.agg.k:
		g.members++
		return p.reserve(placeWidth)
	}
	return nil
}

// group is the group of a key, which labels make where it is new.
func (p *partial) group(key []byte, make func() labels.Labels) (*group, error) {
	if i, ok := p.byKey[string(key)]; ok {
		return p.groups[i], nil
	}
	g := &group{}
	if p.job.agg.k > 0 {
		g.ranking = p.newRanking()
	} else {
		if err := p.reserve(p.job.agg.op.Width()); err != nil {
			return nil, err
		}
		g.lset, g.sum = make(), window.NewGroup(p.job.agg.op, p.job.agg.q, p.job.windows.N)
	}
	p.byKey[string(key)] = int32(len(p.groups))
	p.groups = append(p.groups, g)
	return g, nil
}

// results are the groups or series that have a value at some moment.
func (p *partial) results() (out []result, err error) {
	give := func(lset labels.Labels, values []float64) {
		if p.job.fixed { // at all moments the same
			values = slices.Repeat(values, p.job.n)
		}
		if slices.ContainsFunc(values, present) {
			out = append(out, result{lset, values})
		}
	}
	for i, lset := range p.lsets {
		give(lset, p.values[i])
	}
	if p.job.agg != nil && p.job.agg.k > 0 { // as the engine has them, which looks at series that have a value
		slices.SortStableFunc(p.groups, func(a, b *group) int { return cmp.Compare(a.first, b.first) })
	}
	var scratch window.Scratch
	for _, g := range p.groups {
		switch {
		case g.ranking != nil:
			if err := p.places(g.ranking, give); err != nil {
				return nil, err
			}
		case g.sum.Overflow:
			return nil, errUnfit
		default:
			give(g.lset, g.sum.Values(&scratch))
		}
	}
	return out, nil
}

// places gives the series of a ranking. Of one moment the best comes first.
func (p *partial) places(r *window.Ranking, give func(labels.Labels, []float64)) error {
	n := p.job.windows.N
	at := map[int32]int{}
	var ids []int32
	var all [][]float64
	var places []window.Place
	for k := range n {
		places = r.Places(places[:0], k, p.ranked.compare)
		for _, x := range places {
			i, ok := at[x.ID]
			if !ok {
				if err := p.reserve(1); err != nil {
					return err
				}
				i = len(all)
				at[x.ID] = i
				values := make([]float64, n)
				for j := range values {
					values[j] = window.Absent()
				}
				ids, all = append(ids, x.ID), append(all, values)
			}
			all[i][k] = x.Value
		}
	}
	for i, values := range all {
		give(p.ranked.series[ids[i]].lset, values)
	}
	return nil
}

// notes are what the engine would say of rates of metrics that are not counters by their names.
func (p *partial) notes() (notes annotations.Annotations) {
	for m := range p.seen {
		if !strings.HasSuffix(m, "_total") && !strings.HasSuffix(m, "_sum") && !strings.HasSuffix(m, "_count") && !strings.HasSuffix(m, "_bucket") {
			notes.Add(annotations.NewPossibleNonCounterInfo(m, p.job.at))
		}
	}
	return notes
}
