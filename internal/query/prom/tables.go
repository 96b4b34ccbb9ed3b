package prom

import (
	"math"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/model"
)

const (
	nameLabel  = "__name__"
	fieldLabel = "__field__"
)

// databaseLabel reports the names by which a matcher chooses the database.
func databaseLabel(name string) bool {
	return name == "__schema__" || name == "__database__" || name == "x_greptime_database"
}

// selector is a set of matchers, sorted by what they are about.
type selector struct {
	database string
	names    []*labels.Matcher
	fields   []*labels.Matcher
	columns  []*labels.Matcher
}

func newSelector(database string, ms []*labels.Matcher) (selector, error) {
	s := selector{database: database}
	for _, m := range ms {
		switch {
		case m.Name == nameLabel:
			s.names = append(s.names, m)
		case m.Name == fieldLabel:
			s.fields = append(s.fields, m)
		case databaseLabel(m.Name):
			if m.Type != labels.MatchEqual {
				return s, errs.New(errs.InvalidArguments, "Matcher operator %s is not supported for %s", m.Type, m.Name)
			}
			s.database = m.Value
		default:
			s.columns = append(s.columns, m)
		}
	}
	if len(slices.DeleteFunc(slices.Clone(s.names), func(m *labels.Matcher) bool { return m.Type != labels.MatchEqual })) > 1 {
		return s, errs.New(errs.InvalidArguments, "Found multiple metric matchers in selector")
	}
	return s, nil
}

// tables are the metrics that the selector names. A name that is no table gives none.
func (e *Engine) tables(s selector) ([]*catalog.Table, error) {
	for _, m := range s.names {
		if m.Type != labels.MatchEqual {
			continue
		}
		t, err := e.opt.Catalog.Table(s.database, m.Value)
		switch {
		case errs.Is(err, errs.TableNotFound), errs.Is(err, errs.DatabaseNotFound):
			return nil, nil
		case err != nil:
			return nil, err
		}
		if t.Physical() || !matchesAll(s.names, t.Name) {
			return nil, nil
		}
		return []*catalog.Table{t}, nil
	}
	var out []*catalog.Table
	for _, t := range e.opt.Catalog.Tables(s.database) {
		if isMetric(t) && matchesAll(s.names, t.Name) {
			out = append(out, t)
		}
	}
	return out, nil
}

func matchesAll(ms []*labels.Matcher, v string) bool {
	for _, m := range ms {
		if !m.Matches(v) {
			return false
		}
	}
	return true
}

// isMetric reports a table that can be listed as a metric: it has a number to show, and is not where others keep theirs.
func isMetric(t *catalog.Table) bool {
	if _, physical := t.Options["physical_metric_table"]; physical {
		return false
	}
	for _, c := range t.Schema.Fields() {
		if numeric(c) {
			return true
		}
	}
	return false
}

func numeric(c *model.Column) bool { return c.Type.Numeric() }

// labelColumns are the tags that are labels, in key order.
func labelColumns(s *model.Schema) []*model.Column {
	var out []*model.Column
	for _, c := range s.Tags() {
		if c.Name != "__table_id" && c.Name != "__tsid" {
			out = append(out, c)
		}
	}
	return out
}

// fieldsOf are the numeric fields that matchers of __field__ choose: "=" and "=~" are united, "!=" and "!~" taken away.
func fieldsOf(s *model.Schema, ms []*labels.Matcher) []*model.Column {
	var out []*model.Column
	for _, c := range s.Fields() {
		chosen, positive := false, false
		for _, m := range ms {
			if m.Type == labels.MatchEqual || m.Type == labels.MatchRegexp {
				positive = true
				chosen = chosen || m.Matches(c.Name)
			}
		}
		if positive && !chosen || !numeric(c) {
			continue
		}
		for _, m := range ms {
			if (m.Type == labels.MatchNotEqual || m.Type == labels.MatchNotRegexp) && !m.Matches(c.Name) {
				chosen = false
				positive = true
			}
		}
		if chosen || !positive {
			out = append(out, c)
		}
	}
	return out
}

// filter is a matcher that the scan cannot apply: of a column that is not text.
type filter struct {
	column  *model.Column
	matcher *labels.Matcher
}

// narrowed is what a selector's matchers mean to one table.
type narrowed struct {
	predicate *model.Expr
	tags      []filter // looked at once a series
	rows      []filter // looked at once a row
}

// narrow translates matchers. ok is false where no row can match. Matchers see NULL, and a column that is not there, as "".
func narrow(s *model.Schema, ms []*labels.Matcher) (n narrowed, ok bool) {
	var exprs []*model.Expr
	for _, m := range ms {
		c := s.ByName(m.Name)
		switch {
		case c == nil || c.Semantic == model.TimeColumn:
			if !m.Matches("") {
				return n, false
			}
		case c.Type.Kind == model.KindString:
			exprs = append(exprs, textPredicate(c.ID, m))
		case c.Semantic == model.TagColumn:
			n.tags = append(n.tags, filter{c, m})
		default:
			n.rows = append(n.rows, filter{c, m})
		}
	}
	n.predicate = model.And(exprs...)
	return n, true
}

// textPredicate says of a text column what the matcher says; nil where it says nothing.
func textPredicate(c model.ColumnID, m *labels.Matcher) *model.Expr {
	e := &model.Expr{Column: c}
	switch m.Type {
	case labels.MatchEqual:
		e.Op, e.Values = model.OpEq, []model.Value{model.StringValue(m.Value)}
	case labels.MatchNotEqual:
		e.Op, e.Values = model.OpNe, []model.Value{model.StringValue(m.Value)}
	case labels.MatchRegexp, labels.MatchNotRegexp:
		if m.Value == ".*" {
			if m.Type == labels.MatchRegexp {
				return nil // has no line breaks to stumble over: matchers let "." be any character
			}
			return &model.Expr{Op: model.OpFalse}
		}
		if set := m.SetMatches(); len(set) > 0 {
			e.Op = model.OpIn
			if m.Type == labels.MatchNotRegexp {
				e.Op = model.OpNotIn
			}
			for _, v := range set {
				e.Values = append(e.Values, model.StringValue(v))
			}
			break
		}
		e.Op = model.OpRegex
		if m.Type == labels.MatchNotRegexp {
			e.Op = model.OpNotRegex
		}
		e.Pattern = "(?s:" + m.Value + ")"
	}
	if m.Matches("") {
		return model.Or(&model.Expr{Op: model.OpIsNull, Column: c}, e)
	}
	return e
}

// timeRange is the inclusive span of milliseconds in units of a time index.
func timeRange(mint, maxt int64, u model.TimeUnit) model.TimeRange {
	if mint > maxt {
		return model.TimeRange{}
	}
	r := model.AllTime
	if u == model.Second {
		r.Start, _ = model.ConvertTime(mint, model.Millisecond, u)
		if mint%1000 != 0 { // rounded down
			r.Start++
		}
		end, _ := model.ConvertTime(maxt, model.Millisecond, u)
		r.End = end + 1
		return r
	}
	if v, ok := model.ConvertTime(mint, model.Millisecond, u); ok {
		r.Start = v
	} else if mint > 0 {
		return model.TimeRange{}
	}
	if maxt < math.MaxInt64 {
		if v, ok := model.ConvertTime(maxt+1, model.Millisecond, u); ok {
			r.End = v
		} else if maxt < 0 {
			return model.TimeRange{}
		}
	}
	return r
}

// textOf is row i of a column as a label value; "" for NULL.
func textOf(v *model.Vector, i int) string {
	if v.Null(i) {
		return ""
	}
	switch {
	case v.Type.Class() == model.ClassBytes:
		return string(v.BytesAt(i))
	case v.Type.IsTimestamp():
		return model.FormatTime(v.Ints[i], v.Type.Unit)
	case v.Type.Kind == model.KindDate:
		text, _, _ := strings.Cut(model.FormatTime(v.Ints[i]*86400, model.Second), "T")
		return text
	case v.Type.Class() == model.ClassDecimal:
		return decimalText(v.Decimals[i], v.Type.Scale)
	}
	return v.At(i).String()
}
