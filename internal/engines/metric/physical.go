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

// PhysicalSchema is what a physical table shows: its time index and value, __table_id and __tsid, and all labels of its members and of its
// own definition, by name. The ids are of this schema only.
func PhysicalSchema(own *model.Schema, members []Member) *model.Schema {
	value := own.Fields()[0]
	s := &model.Schema{Version: own.Version, TimeIndex: 1, NextColumn: 5, PrimaryKey: []model.ColumnID{3, 4}}
	t := *own.Time()
	t.ID = 1
	v := *value
	v.ID = 2
	s.Columns = []model.Column{t, v,
		{ID: 3, Name: TableIDColumn, Type: model.Uint32, Semantic: model.TagColumn},
		{ID: 4, Name: TSIDColumn, Type: model.Uint64, Semantic: model.TagColumn}}
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

// ScanPhysical gives the rows of all members, in the columns of PhysicalSchema, region by region. A label that is called like the time
// index or the value of the physical table is not shown.
func ScanPhysical(regions contract.RegionServer, schema *model.Schema, data []model.RegionID, members []Member) model.RowStream {
	p := &physicalRows{regions: regions, data: data, members: make(map[uint32][]int, len(members)), names: map[uint32][]string{}}
	for _, c := range schema.Columns {
		p.fields = append(p.fields, model.Field{Name: c.Name, Type: c.Type, ID: c.ID})
	}
	for _, m := range members {
		places := make([]int, len(m.Schema.PrimaryKey))
		names := make([]string, len(places))
		for k, c := range m.Schema.Tags() {
			names[k] = c.Name
			places[k] = slices.IndexFunc(schema.Columns, func(x model.Column) bool { return x.Name == c.Name && x.Semantic == model.TagColumn })
		}
		p.members[m.Number], p.names[m.Number] = places, names
		p.labels = max(p.labels, len(places))
		p.live = append(p.live, model.IntValue(model.Uint32, int64(m.Number)))
	}
	return p
}

// physicalRows is the rows of a physical table.
type physicalRows struct {
	regions contract.RegionServer
	fields  []model.Field
	data    []model.RegionID
	members map[uint32][]int // by number: the output column of each label, -1 for none
	names   map[uint32][]string
	live    []model.Value
	labels  int // most labels of a member
	at      int // the next data region
	cur     contract.Stream
	scratch []Label
}

// Fields implements model.RowStream.
func (p *physicalRows) Fields() []model.Field { return p.fields }

// Next implements model.RowStream.
func (p *physicalRows) Next(ctx context.Context) (*model.Batch, error) {
	for {
		if p.cur == nil {
			if p.at >= len(p.data) || len(p.live) == 0 {
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
	req := contract.ScanRequest{Region: id, TimeRange: model.AllTime, Order: contract.OrderSeries,
		Projection: append([]model.ColumnID{colTime, colValue}, m.Schema.PrimaryKey[:min(len(m.Schema.PrimaryKey), p.labels+1)]...),
		Predicate:  &model.Expr{Op: model.OpIn, Column: colTable, Values: p.live}}
	p.cur, err = p.regions.Scan(ctx, req)
	return err
}

// show turns a batch of a data region into columns by name, series by series.
func (p *physicalRows) show(b *model.Batch) (*model.Batch, error) {
	out := model.NewBatch(p.fields, b.Len)
	out.Len = b.Len
	out.Cols[0], out.Cols[1] = b.Cols[0], b.Cols[1]
	labels := b.Cols[3:]
	for _, run := range b.Series {
		number := uint32(b.Cols[2].Ints[run.Start])
		places, ok := p.members[number]
		if !ok {
			return nil, errs.New(errs.Internal, "a row of logical table number %d, which was not asked for", number)
		}
		p.scratch = p.scratch[:0]
		for k, to := range places {
			if k >= len(labels) || labels[k].Null(run.Start) {
				continue
			}
			p.scratch = append(p.scratch, Label{p.names[number][k], string(labels[k].BytesAt(run.Start))})
			if to >= 0 {
				v := out.Cols[to]
				v.AppendNulls(run.Start - v.Len)
				v.AppendVector(labels[k], run.Start, run.End)
			}
		}
		tsid := int64(TSID(p.scratch))
		for range run.End - run.Start {
			out.Cols[2].AppendInt(int64(number))
			out.Cols[3].AppendInt(tsid)
		}
	}
	for _, v := range out.Cols[4:] {
		v.AppendNulls(b.Len - v.Len)
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
