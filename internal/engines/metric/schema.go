package metric

import (
	"strconv"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// The columns of a data region. Label k (from 0) of a logical table is in column colLabels+k.
const (
	colTable  model.ColumnID = 1 // __table_id: the number of the logical table
	colTime   model.ColumnID = 2
	colValue  model.ColumnID = 3
	colLabels model.ColumnID = 4
)

// Names that physical tables show beside labels.
const (
	TableIDColumn = "__table_id"
	TSIDColumn    = "__tsid"
)

// labelStep is by how many label columns a data region is widened at a time. A column that nobody uses costs four bytes a series in
// memory; widening freezes the memtable.
const labelStep = 8

// maxLabels is how many labels a logical table may have: so that a sender that puts values where names belong is told so.
const maxLabels = 1024

// DataSchema is the schema of the data regions of a physical table with the given time index and value column.
func DataSchema(physical *model.Schema) (*model.Schema, error) {
	if err := checkPhysical(physical); err != nil {
		return nil, err
	}
	s := &model.Schema{PrimaryKey: []model.ColumnID{colTable}, TimeIndex: colTime, NextColumn: colLabels, Columns: []model.Column{
		{ID: colTable, Name: TableIDColumn, Type: model.Uint32, Semantic: model.TagColumn},
		{ID: colTime, Name: dataName(colTime), Type: physical.Time().Type, Semantic: model.TimeColumn},
		{ID: colValue, Name: dataName(colValue), Type: model.Float64, Nullable: true, Semantic: model.FieldColumn},
	}}
	widen(s, labelStep)
	return s, nil
}

// dataName is the name of a data region's column.
func dataName(id model.ColumnID) string {
	switch id {
	case colTable:
		return TableIDColumn
	case colTime:
		return "__time"
	case colValue:
		return "__value"
	}
	return "__label_" + strconv.Itoa(int(id-colLabels)+1)
}

// widen gives a data region's schema n label columns in all.
func widen(s *model.Schema, n int) {
	for k := len(s.PrimaryKey) - 1; k < n; k++ {
		id := colLabels + model.ColumnID(k)
		s.Columns = append(s.Columns, model.Column{ID: id, Name: dataName(id), Type: model.String, Nullable: true, Semantic: model.TagColumn})
		s.PrimaryKey = append(s.PrimaryKey, id)
		s.NextColumn = id + 1
	}
}

func checkPhysical(s *model.Schema) error {
	fields := s.Fields()
	if len(fields) != 1 || fields[0].Type != model.Float64 {
		return errs.New(errs.InvalidArguments, "a physical metric table has one time index and one DOUBLE field")
	}
	return checkLabels(s)
}

func checkLabels(s *model.Schema) error {
	if len(s.PrimaryKey) > maxLabels {
		return errs.New(errs.InvalidArguments, "a metric table has %d labels at most, not %d", maxLabels, len(s.PrimaryKey))
	}
	for _, c := range s.Tags() {
		if c.Type != model.String {
			return errs.New(errs.InvalidArguments, "label column %s of a metric table must be a STRING, not %s", c.Name, c.Type)
		}
		if c.Default != nil || !c.Nullable {
			return errs.New(errs.InvalidArguments, "label column %s of a metric table must be nullable and have no default", c.Name)
		}
		if c.Name == TableIDColumn || c.Name == TSIDColumn {
			return errs.New(errs.InvalidArguments, "column %s is the metric engine's own: choose another name", c.Name)
		}
	}
	return nil
}

// CheckLogical checks the schema of a logical table on a physical one: string tags, the same time index type, one DOUBLE field.
func CheckLogical(s, physical *model.Schema) error {
	fields := s.Fields()
	if len(fields) != 1 || fields[0].Type != model.Float64 {
		return errs.New(errs.InvalidArguments, "a logical metric table has one time index and one DOUBLE field")
	}
	if want, have := physical.Time().Type, s.Time().Type; want != have {
		return errs.New(errs.InvalidArguments, "time index %s of a logical table must be a %s like that of its physical table, not %s", s.Time().Name, want, have)
	}
	return checkLabels(s)
}
