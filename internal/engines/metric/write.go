package metric

import (
	"context"
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Write implements contract.RegionServer. Batches of logical regions that lie in one data region become one batch, so that a request of
// a thousand metrics is one entry of the log, and one write of a memtable, per data region. Rows of one key keep their order: writes
// of one logical region are merged in the order of the request, and a delete after a put (or the other way round) begins a new batch.
func (s *Server) Write(ctx context.Context, req contract.WriteRequest) (uint64, error) {
	r := s.snap.Load()
	if len(r.data) == 0 {
		return s.inner.Write(ctx, req)
	}
	var out []contract.RegionWrite
	var groups []*group
	open := map[model.RegionID]*group{}
	for i := range req.Writes {
		w := &req.Writes[i]
		l := r.logical[w.Region]
		if l == nil {
			if _, data := r.data[w.Region]; data {
				return 0, errs.New(errs.Unsupported, "Write request to physical region is forbidden: region %s", w.Region)
			}
			out = append(out, *w)
			continue
		}
		if w.SchemaVersion > l.schema.Version {
			return 0, errs.New(errs.RequestOutdated, "logical region %s has schema version %d, the rows are of %d", l.id, l.schema.Version, w.SchemaVersion)
		}
		if w.Rows.Len == 0 {
			continue
		}
		g := open[l.data]
		if g == nil || g.op != w.Op {
			g = &group{data: l.data, op: w.Op, version: r.data[l.data].schema.Version}
			open[l.data] = g
			groups = append(groups, g)
		}
		g.writes, g.logical = append(g.writes, w), append(g.logical, l)
		g.rows += w.Rows.Len
	}
	mergers := make([]*merger, 0, len(groups))
	defer func() {
		for _, m := range mergers {
			s.pool.Put(m)
		}
	}()
	for _, g := range groups {
		m := s.pool.Get().(*merger)
		mergers = append(mergers, m)
		w, err := m.merge(g)
		if err != nil {
			return 0, err
		}
		out = append(out, w)
	}
	return s.inner.Write(ctx, contract.WriteRequest{Writes: out})
}

// group is the writes of one request that become one write of a data region.
type group struct {
	data    model.RegionID
	op      model.OpType
	version uint64
	rows    int
	writes  []*contract.RegionWrite
	logical []*logical // of each write
}

// merger makes one batch of the batches of a group. Its memory is used again.
type merger struct {
	table, time, value model.Vector
	labels             []*model.Vector // by position; plain memory of the merger, coded
	dicts              []*model.Dict
	byLabel            []*model.Vector // of the write at hand
	columns            []model.ColumnID
	batch              model.Batch
}

// merge makes the batch. It keeps nothing of the group, but a batch of one write shares its vectors.
func (m *merger) merge(g *group) (contract.RegionWrite, error) {
	m.columns, m.batch = m.columns[:0], model.Batch{Len: g.rows, Cols: m.batch.Cols[:0]}
	m.table.Reset(model.Uint32)
	m.table.Ints = slices.Grow(m.table.Ints, g.rows)
	for i, w := range g.writes {
		for range w.Rows.Len {
			m.table.Ints = append(m.table.Ints, int64(g.logical[i].table))
		}
	}
	m.table.Len = g.rows
	m.add(colTable, &m.table)
	if len(g.writes) == 1 { // fast path: the columns as they are, under other ids
		w, l := g.writes[0], g.logical[0]
		if err := l.check(w); err != nil {
			return contract.RegionWrite{}, err
		}
		for i, id := range w.Columns {
			m.add(l.columns[id], w.Rows.Cols[i])
		}
	} else if err := m.concatenate(g); err != nil {
		return contract.RegionWrite{}, err
	}
	return contract.RegionWrite{Region: g.data, SchemaVersion: g.version, Op: g.op, Columns: m.columns, Rows: &m.batch}, nil
}

func (m *merger) add(id model.ColumnID, v *model.Vector) {
	m.columns, m.batch.Cols = append(m.columns, id), append(m.batch.Cols, v)
}

// check looks at what the loops of concatenate rely on.
func (l *logical) check(w *contract.RegionWrite) error {
	if len(w.Columns) != len(w.Rows.Cols) {
		return errs.New(errs.InvalidArguments, "write of %d columns has %d vectors", len(w.Columns), len(w.Rows.Cols))
	}
	timed := false
	for i, id := range w.Columns {
		v := w.Rows.Cols[i]
		c := l.schema.Column(id)
		switch {
		case c == nil:
			return errs.New(errs.TableColumnNotFound, "logical region %s has no column %d", l.id, id)
		case v.Type != c.Type:
			return errs.New(errs.InvalidArguments, "write has column %q as %s, not %s", c.Name, v.Type, c.Type)
		case v.Len != w.Rows.Len:
			return errs.New(errs.InvalidArguments, "write of %d rows has %d values in column %q", w.Rows.Len, v.Len, c.Name)
		case slices.Contains(w.Columns[:i], id):
			return errs.New(errs.InvalidArguments, "write has column %q twice", c.Name)
		}
		timed = timed || c.Semantic == model.TimeColumn
	}
	if !timed {
		return errs.New(errs.InvalidArguments, "write lacks the time index of logical region %s", l.id)
	}
	return nil
}

func (m *merger) concatenate(g *group) error {
	width, values := 0, false
	for i, w := range g.writes {
		l := g.logical[i]
		if err := l.check(w); err != nil {
			return err
		}
		for _, id := range w.Columns {
			switch to := l.columns[id]; {
			case to == colValue:
				values = true
			case to >= colLabels:
				width = max(width, int(to-colLabels)+1)
			}
		}
	}
	for len(m.labels) < width {
		m.labels, m.dicts = append(m.labels, &model.Vector{}), append(m.dicts, &model.Dict{})
	}
	for k := range width {
		d := m.dicts[k]
		d.Offsets, d.Data = append(d.Offsets[:0], 0), d.Data[:0]
		codes := slices.Grow(m.labels[k].Codes[:0], g.rows)
		*m.labels[k] = model.Vector{Type: model.String, Codes: codes, Dict: d}
	}
	first := g.logical[0]
	m.time.Reset(first.schema.Time().Type)
	m.value.Reset(model.Float64)
	at := 0
	for i, w := range g.writes {
		l, n := g.logical[i], w.Rows.Len
		m.byLabel = append(m.byLabel[:0], make([]*model.Vector, width)...)
		var value *model.Vector
		for j, id := range w.Columns {
			switch to := l.columns[id]; to {
			case colTime:
				m.time.AppendVector(w.Rows.Cols[j], 0, n)
			case colValue:
				value = w.Rows.Cols[j]
			default:
				m.byLabel[to-colLabels] = w.Rows.Cols[j]
			}
		}
		for k, v := range m.byLabel {
			appendLabel(m.labels[k], v, at, n)
		}
		if values {
			appendValue(&m.value, value, at, n)
		}
		at += n
	}
	for k := range width {
		v := m.labels[k]
		if v.Dict.Len() == 0 { // a NULL's code must be within the dictionary, or the dictionary empty: the latter
			for i := range v.Codes {
				v.Codes[i] = 0
			}
		}
		m.add(colLabels+model.ColumnID(k), v)
	}
	m.add(colTime, &m.time)
	if values {
		m.add(colValue, &m.value)
	}
	return nil
}

// appendLabel appends n rows of src, nil for NULL, to a coded vector that has at rows: codes are shifted behind those of the dictionaries
// before, so that no value is looked at.
func appendLabel(dst, src *model.Vector, at, n int) {
	dst.Len = at + n
	if src == nil || src.Dict != nil && src.Dict.Len() == 0 {
		setValid(dst, nil, at, n)
		for range n {
			dst.Codes = append(dst.Codes, 0)
		}
		return
	}
	if src.Valid != nil || dst.Valid != nil {
		setValid(dst, src, at, n)
	}
	d := dst.Dict
	base, bytes := uint32(d.Len()), uint32(len(d.Data))
	if src.Dict != nil && src.Dict.Len() <= 2*n {
		s := src.Dict
		for _, o := range s.Offsets[1:] {
			d.Offsets = append(d.Offsets, bytes+o-s.Offsets[0])
		}
		d.Data = append(d.Data, s.Data[s.Offsets[0]:s.Offsets[len(s.Offsets)-1]]...)
		for _, c := range src.Codes[:n] {
			dst.Codes = append(dst.Codes, base+c)
		}
		return
	}
	// Plain values, or a dictionary that is much larger than what is used of it: runs of one value become one code.
	var last []byte
	code, have := uint32(0), false
	for i := range n {
		if src.Null(i) {
			dst.Codes = append(dst.Codes, 0)
			continue
		}
		if b := src.BytesAt(i); !have || string(b) != string(last) {
			code, last, have = d.Append(b), b, true
		}
		dst.Codes = append(dst.Codes, code)
	}
}

// appendValue appends n rows of src, nil for NULL, to a vector that has at rows.
func appendValue(dst, src *model.Vector, at, n int) {
	if src != nil {
		dst.AppendVector(src, 0, n)
		return
	}
	setValid(dst, nil, at, n)
	dst.Floats = append(dst.Floats, make([]float64, n)...)
	dst.Len = at + n
}

// setValid writes the validity of rows [at, at+n): that of src, or NULL.
func setValid(dst, src *model.Vector, at, n int) {
	if dst.Valid == nil {
		dst.Valid = model.NewBitmap(at + n)
		dst.Valid.SetRange(0, at)
	}
	dst.Valid = dst.Valid.Grow(at + n)
	switch {
	case src == nil:
		for i := at; i < at+n; i++ {
			dst.Valid.Clear(i)
		}
	case src.Valid == nil:
		dst.Valid.SetRange(at, at+n)
	default:
		for i := range n {
			if src.Valid.Get(i) {
				dst.Valid.Set(at + i)
			} else {
				dst.Valid.Clear(at + i)
			}
		}
	}
}
