package sqlapi

import (
	"context"
	"slices"
	"strconv"

	"github.com/goptimedb/goptimedb/internal/model"
)

// appendRows appends the rows of b as arrays, each but the first of the result after a comma.
func (s *sink) appendRows(b *model.Batch, first bool) error {
	s.rows.begin(b)
	for i := range b.Len {
		if !first || i > 0 {
			s.buf = append(s.buf, ',')
		}
		s.buf = s.rows.append(s.buf, i)
		if len(s.buf) >= piece {
			if err := s.send(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *sink) elapsed() {
	s.buf = append(s.buf, `"execution_time_ms":`...)
	s.buf = strconv.AppendInt(s.buf, s.r.ElapsedMillis(), 10)
	s.buf = append(s.buf, '}')
}

func writeGreptime(ctx context.Context, s *sink, outs []model.Output, o options) error {
	s.buf = append(s.buf, '{')
	for n, out := range outs {
		if n == 0 {
			s.buf = append(s.buf, `"output":[`...)
		} else {
			s.buf = append(s.buf, ',')
		}
		if out.Rows == nil {
			s.buf = append(s.buf, `{"affectedrows":`...)
			s.buf = append(strconv.AppendUint(s.buf, out.Affected, 10), '}')
			continue
		}
		s.buf = append(s.buf, `{"records":{"schema":{"column_schemas":[`...)
		for j, f := range out.Rows.Fields() {
			if j > 0 {
				s.buf = append(s.buf, ',')
			}
			s.buf = append(s.buf, `{"name":`...)
			s.buf = appendString(s.buf, []byte(f.Name))
			s.buf = append(s.buf, `,"data_type":`...)
			s.buf = appendString(s.buf, []byte(f.Type.String()))
			s.buf = append(s.buf, '}')
		}
		s.buf = append(s.buf, `]},"rows":[`...)
		first := true
		total, err := each(ctx, out.Rows, o.limit, func(b *model.Batch) error {
			defer func() { first = false }()
			return s.appendRows(b, first)
		})
		if err != nil {
			return err
		}
		s.buf = append(s.buf, `],"total_rows":`...)
		s.buf = append(strconv.AppendInt(s.buf, int64(total), 10), "}}"...)
	}
	if len(outs) > 0 {
		s.buf = append(s.buf, "],"...)
	}
	s.elapsed()
	return nil
}

func writeInflux(ctx context.Context, s *sink, outs []model.Output, o options) error {
	s.buf = append(s.buf, `{"results":[`...)
	for n, out := range outs {
		if n > 0 {
			s.buf = append(s.buf, ',')
		}
		s.buf = append(s.buf, `{"statement_id":`...)
		s.buf = strconv.AppendInt(s.buf, int64(n), 10)
		if out.Rows == nil {
			s.buf = append(s.buf, `,"series":[]}`...)
			continue
		}
		s.buf = append(s.buf, `,"series":[{"name":"","columns":[`...)
		for j, f := range out.Rows.Fields() {
			if j > 0 {
				s.buf = append(s.buf, ',')
			}
			s.buf = appendString(s.buf, []byte(f.Name))
		}
		s.buf = append(s.buf, `],"values":[`...)
		first := true
		if _, err := each(ctx, out.Rows, o.limit, func(b *model.Batch) error {
			defer func() { first = false }()
			if o.epoch != nil {
				b = inUnit(b, *o.epoch)
			}
			return s.appendRows(b, first)
		}); err != nil {
			return err
		}
		s.buf = append(s.buf, `]}]}`...)
	}
	s.buf = append(s.buf, "],"...)
	s.elapsed()
	return nil
}

// inUnit gives b with its timestamps in another unit, rounded towards the past; those that do not fit become NULL.
func inUnit(b *model.Batch, u model.TimeUnit) *model.Batch {
	out := &model.Batch{Cols: slices.Clone(b.Cols), Len: b.Len}
	for j, v := range b.Cols {
		if !v.Type.IsTimestamp() || v.Type.Unit == u {
			continue
		}
		w := model.NewVector(model.Timestamp(u), v.Len)
		for i := range v.Len {
			if v.Null(i) {
				w.AppendNull()
				continue
			}
			x := v.Ints[i]
			if from, to := v.Type.Unit.PerSecond(), u.PerSecond(); from > to {
				d := from / to
				q := x / d
				if x%d < 0 {
					q--
				}
				w.AppendInt(q)
			} else if m := to / from; x*m/m == x {
				w.AppendInt(x * m)
			} else {
				w.AppendNull()
			}
		}
		out.Cols[j] = w
	}
	return out
}

// writeJSON writes an object per row with keys in order of the alphabet; of columns of one name the last counts.
func writeJSON(ctx context.Context, s *sink, outs []model.Output, o options) error {
	s.buf = append(s.buf, '{')
	rows := outs[0].Rows
	if rows == nil {
		s.buf = append(s.buf, `"affected_rows":`...)
		s.buf = strconv.AppendUint(s.buf, outs[0].Affected, 10)
		s.buf = append(s.buf, `,"data":[],`...)
		s.elapsed()
		return nil
	}
	type member struct {
		key []byte // quoted, with its colon
		col int
	}
	last := map[string]int{}
	for j, f := range rows.Fields() {
		last[f.Name] = j
	}
	names := make([]string, 0, len(last))
	for n := range last {
		names = append(names, n)
	}
	slices.Sort(names)
	members := make([]member, len(names))
	for k, n := range names {
		members[k] = member{append(appendString(nil, []byte(n)), ':'), last[n]}
	}
	s.buf = append(s.buf, `"data":[`...)
	first := true
	if _, err := each(ctx, rows, o.limit, func(b *model.Batch) error {
		for i := range b.Len {
			if !first {
				s.buf = append(s.buf, ',')
			}
			first = false
			s.buf = append(s.buf, '{')
			for k, m := range members {
				if k > 0 {
					s.buf = append(s.buf, ',')
				}
				s.buf = append(s.buf, m.key...)
				s.buf = appendJSON(s.buf, b.Cols[m.col], i)
			}
			s.buf = append(s.buf, '}')
			if err := s.room(); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	s.buf = append(s.buf, "],"...)
	s.elapsed()
	return nil
}
