package metric

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Member is a logical table as the physical one shows it.
type Member struct {
	Number uint32
	Schema *model.Schema
}

// The columns of PhysicalSchema that are not labels.
const (
	shownTime model.ColumnID = iota + 1
	shownValue
	shownTable
	shownTSID
)

// PhysicalSchema is what a physical table shows: its time index and value, __table_id and __tsid, and all labels of its members and of its
// own definition, by name. The ids are of this schema only.
func PhysicalSchema(own *model.Schema, members []Member) *model.Schema {
	value := own.Fields()[0]
	s := &model.Schema{Version: own.Version, TimeIndex: shownTime, NextColumn: shownTSID + 1, PrimaryKey: []model.ColumnID{shownTable, shownTSID}}
	t := *own.Time()
	t.ID = shownTime
	v := *value
	v.ID = shownValue
	s.Columns = []model.Column{t, v,
		{ID: shownTable, Name: TableIDColumn, Type: model.Uint32, Semantic: model.TagColumn},
		{ID: shownTSID, Name: TSIDColumn, Type: model.Uint64, Semantic: model.TagColumn}}
	seen := map[string]bool{t.Name: true, v.Name: true}
	var names []string
	for _, x := range append([]Member{{Schema: own}}, members...) {
		for _, c := range x.Schema.Tags() {
			if !seen[c.Name] {
				seen[c.Name] = true
				names = append(names, c.Name)
			}
		}
	}
	slices.Sort(names)
	for _, n := range names {
		s.Columns = append(s.Columns, model.Column{ID: s.NextColumn, Name: n, Type: model.String, Nullable: true, Semantic: model.TagColumn})
		s.PrimaryKey = append(s.PrimaryKey, s.NextColumn)
		s.NextColumn++
	}
	return s
}

// ScanPhysical gives rows of all members, in columns ids of schema, which is PhysicalSchema's, region by region. Rows for which pred, over
// columns of schema, is not true may be left out. A label that is called like the time index or the value of the physical table is not shown.
func ScanPhysical(regions contract.RegionServer, schema *model.Schema, data []model.RegionID, members []Member, ids []model.ColumnID, pred *model.Expr) model.RowStream {
	p := &physicalRows{regions: regions, ids: ids, members: make(map[uint32]*shown, len(members)), tsid: slices.Contains(ids, shownTSID)}
	for _, id := range ids {
		c := schema.Column(id)
		p.fields = append(p.fields, model.Field{Name: c.Name, Type: c.Type, ID: c.ID})
	}
	push := pushed{schema: schema, places: map[string]map[uint32]int{}}
	for _, m := range members {
		for k, c := range m.Schema.Tags() {
			if push.places[c.Name] == nil {
				push.places[c.Name] = map[uint32]int{}
			}
			push.places[c.Name][m.Number] = k
		}
		push.live = append(push.live, m.Number)
	}
	push.narrow(pred)
	if len(push.live) == 0 {
		return p
	}
	p.data = data
	wanted := make(map[uint32]bool, len(push.live))
	for _, n := range push.live {
		wanted[n] = true
	}
	live := &model.Expr{Op: model.OpIn, Column: colTable}
	for _, m := range members {
		if !wanted[m.Number] {
			continue
		}
		live.Values = append(live.Values, model.IntValue(model.Uint32, int64(m.Number)))
		x := &shown{}
		for k, c := range m.Schema.Tags() {
			to := -1
			if i := slices.IndexFunc(schema.Columns, func(x model.Column) bool { return x.Name == c.Name && x.Semantic == model.TagColumn }); i >= 0 {
				to = slices.Index(ids, schema.Columns[i].ID)
			}
			x.names, x.places = append(x.names, c.Name), append(x.places, to)
			if to >= 0 || p.tsid {
				p.labels = max(p.labels, k+1)
			}
		}
		p.members[m.Number] = x
	}
	p.pred = model.And(live, push.rewrite(pred))
	return p
}

// shown is where the labels of a member go: their names, and the output column of each, -1 for none.
type shown struct {
	names  []string
	places []int
}

// physicalRows is the rows of a physical table.
type physicalRows struct {
	regions contract.RegionServer
	ids     []model.ColumnID
	fields  []model.Field
	data    []model.RegionID
	members map[uint32]*shown // by number
	pred    *model.Expr       // over columns of data regions
	labels  int               // how many label columns are read
	tsid    bool              // __tsid is wanted
	at      int               // the next data region
	cur     contract.Stream
	scratch []Label
}

// Fields implements model.RowStream.
func (p *physicalRows) Fields() []model.Field { return p.fields }

// Next implements model.RowStream.
func (p *physicalRows) Next(ctx context.Context) (*model.Batch, error) {
	for {
		if p.cur == nil {
			if p.at >= len(p.data) {
				return nil, io.EOF
			}
			if err := p.open(ctx); err != nil {
				return nil, err
			}
		}
		b, err := p.cur.Next(ctx)
		if errors.Is(err, io.EOF) {
			st := p.cur
			p.cur = nil
			if err := st.Close(); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		return p.show(b)
	}
}

func (p *physicalRows) open(ctx context.Context) error {
	id := p.data[p.at]
	p.at++
	m, err := p.regions.Meta(ctx, id)
	if err != nil {
		return err
	}
	if err := checkData(m.Schema); err != nil {
		return err
	}
	// __table_id, then labels, then time and value as far as they are wanted.
	columns := slices.Clone(m.Schema.PrimaryKey[:min(len(m.Schema.PrimaryKey), p.labels+1)])
	for i, id := range []model.ColumnID{shownTime, shownValue} {
		if slices.Contains(p.ids, id) {
			columns = append(columns, []model.ColumnID{colTime, colValue}[i])
		}
	}
	p.cur, err = p.regions.Scan(ctx, contract.ScanRequest{Region: id, TimeRange: model.AllTime, Order: contract.OrderSeries, Projection: columns, Predicate: p.pred})
	return err
}

// show turns a batch of a data region into columns by name, series by series.
func (p *physicalRows) show(b *model.Batch) (*model.Batch, error) {
	out := model.NewBatch(p.fields, b.Len)
	out.Len = b.Len
	rest := len(b.Cols)
	for _, id := range []model.ColumnID{shownValue, shownTime} { // they come last, time first
		if to := slices.Index(p.ids, id); to >= 0 {
			rest--
			out.Cols[to] = b.Cols[rest]
		}
	}
	labels := b.Cols[1:rest]
	numbers, tsids := slices.Index(p.ids, shownTable), slices.Index(p.ids, shownTSID)
	for _, run := range b.Series {
		number := uint32(b.Cols[0].Ints[run.Start])
		m, ok := p.members[number]
		if !ok {
			return nil, errs.New(errs.Internal, "a row of logical table number %d, which was not asked for", number)
		}
		p.scratch = p.scratch[:0]
		for k, to := range m.places {
			if k >= len(labels) || labels[k].Null(run.Start) {
				continue
			}
			if p.tsid {
				p.scratch = append(p.scratch, Label{m.names[k], string(labels[k].BytesAt(run.Start))})
			}
			if to >= 0 {
				v := out.Cols[to]
				v.AppendNulls(run.Start - v.Len)
				v.AppendVector(labels[k], run.Start, run.End)
			}
		}
		if tsids >= 0 {
			tsid := int64(TSID(p.scratch))
			for range run.End - run.Start {
				out.Cols[tsids].AppendInt(tsid)
			}
		}
	}
	if numbers >= 0 {
		out.Cols[numbers] = b.Cols[0]
	}
	for i, id := range p.ids {
		if first := slices.Index(p.ids, id); first < i { // asked for twice
			out.Cols[i] = out.Cols[first]
		} else if v := out.Cols[i]; v.Len < b.Len {
			v.AppendNulls(b.Len - v.Len)
		}
	}
	return out, nil
}

// Close implements model.RowStream.
func (p *physicalRows) Close() error {
	p.at = len(p.data)
	if p.cur == nil {
		return nil
	}
	st := p.cur
	p.cur = nil
	return st.Close()
}
