// Package asked tells the makers of system tables what a query wants of them: which columns, and which values some columns must have.
// Their rows are made as they are read, so what nobody asked for is not made at all.
//
// It is advice: rows that are not wanted may be made all the same, because the query judges every row itself.
package asked

import (
	"github.com/goptimedb/goptimedb/internal/model"
)

// Table is what is wanted of one table. The zero value wants all of nothing; see Of and All.
type Table struct {
	// Columns are the places, in the table's schema, of the columns that rows shall have, in the order wanted.
	Columns []int
	names   *model.Schema
	only    map[string][]model.Value // by column: the values it may have
}

// All wants every column and every row.
func All(s *model.Schema) *Table {
	t := &Table{names: s}
	for i := range s.Columns {
		t.Columns = append(t.Columns, i)
	}
	return t
}

// Of wants some columns, by id, of the rows for which a predicate is true; nil: of all rows. Ids that the schema does not have are
// left out.
func Of(s *model.Schema, ids []model.ColumnID, pred *model.Expr) *Table {
	t := &Table{names: s, only: map[string][]model.Value{}}
	places := make(map[model.ColumnID]int, len(s.Columns))
	for i := range s.Columns {
		places[s.Columns[i].ID] = i
	}
	for _, id := range ids {
		if at, ok := places[id]; ok {
			t.Columns = append(t.Columns, at)
		}
	}
	for _, e := range pred.Conjuncts() {
		if e.Op != model.OpEq && e.Op != model.OpIn {
			continue
		}
		at, ok := places[e.Column]
		if !ok {
			continue
		}
		name := s.Columns[at].Name
		if before, twice := t.only[name]; twice { // the shorter list leaves out more
			if len(before) <= len(e.Values) {
				continue
			}
		}
		t.only[name] = e.Values
	}
	return t
}

// Fields are the columns of the rows.
func (t *Table) Fields() []model.Field {
	out := make([]model.Field, len(t.Columns))
	for i, at := range t.Columns {
		c := &t.names.Columns[at]
		out[i] = model.Field{Name: c.Name, Type: c.Type, ID: c.ID}
	}
	return out
}

// Wants reports whether one of these columns is wanted, or all that the table has.
func (t *Table) Wants(columns ...string) bool {
	for _, at := range t.Columns {
		for _, name := range columns {
			if t.names.Columns[at].Name == name {
				return true
			}
		}
	}
	return false
}

// Text reports whether rows with this value in a column of strings are wanted.
func (t *Table) Text(column, value string) bool {
	values, ok := t.only[column]
	if !ok {
		return true
	}
	for i := range values {
		if values[i].Bytes == value {
			return true
		}
	}
	return false
}

// Number is Text for a column of integers.
func (t *Table) Number(column string, value int64) bool {
	values, ok := t.only[column]
	if !ok {
		return true
	}
	for i := range values {
		if values[i].Int == value {
			return true
		}
	}
	return false
}
