package model

import (
	"slices"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// Semantic is a column's part in the data model.
type Semantic uint8

// A table has any number of tags (its primary key, in order), exactly one time index, and fields.
const (
	FieldColumn Semantic = iota // a value
	TagColumn                   // a member of the primary key
	TimeColumn                  // the time index
)

// String is the name that DESCRIBE shows.
func (s Semantic) String() string { return [...]string{"FIELD", "TAG", "TIMESTAMP"}[s] }

// Default is what an absent value becomes: a constant, or the time of the insert.
type Default struct {
	Value Value  `json:",omitzero"`
	Func  string `json:",omitempty"` // "current_timestamp()" or "now()"; then Value is not used
}

// Column describes one column.
type Column struct {
	ID       ColumnID
	Name     string
	Type     Type
	Nullable bool
	Semantic Semantic
	Default  *Default          `json:",omitempty"`
	Comment  string            `json:",omitempty"`
	Options  map[string]string `json:",omitempty"` // index options of the dialect, e.g. "inverted_index": "true"
	// Added is the version of the schema in which the column came to a table that was there already; 0: it came with the table. Rows of
	// an older version that lack the column read as Fill, nil being NULL, whatever becomes of Default later.
	Added uint64 `json:",omitempty"`
	Fill  *Value `json:",omitempty"`
	// Changed is the version of the schema in which Type was last changed; 0: never.
	Changed uint64 `json:",omitempty"`
}

// Schema is the columns of a table in their display order. It is immutable: changes make a new Schema of a higher Version.
type Schema struct {
	Version    uint64
	Columns    []Column
	PrimaryKey []ColumnID // tags, in key order
	TimeIndex  ColumnID
	NextColumn ColumnID // smallest id never used by the table
}

// Column finds a column by id, or nil.
func (s *Schema) Column(id ColumnID) *Column {
	for i := range s.Columns {
		if s.Columns[i].ID == id {
			return &s.Columns[i]
		}
	}
	return nil
}

// ByName finds a column by its exact name, or nil.
func (s *Schema) ByName(name string) *Column {
	for i := range s.Columns {
		if s.Columns[i].Name == name {
			return &s.Columns[i]
		}
	}
	return nil
}

// Time is the time index column.
func (s *Schema) Time() *Column { return s.Column(s.TimeIndex) }

// TimeUnit is the unit of the time index.
func (s *Schema) TimeUnit() TimeUnit { return s.Time().Type.Unit }

// Tags are the primary key columns in key order.
func (s *Schema) Tags() []*Column {
	out := make([]*Column, len(s.PrimaryKey))
	for i, id := range s.PrimaryKey {
		out[i] = s.Column(id)
	}
	return out
}

// Fields are the columns that are neither tag nor time index, in display order.
func (s *Schema) Fields() []*Column {
	var out []*Column
	for i := range s.Columns {
		if s.Columns[i].Semantic == FieldColumn {
			out = append(out, &s.Columns[i])
		}
	}
	return out
}

// Clone is a deep enough copy to be changed and given a new Version.
func (s *Schema) Clone() *Schema {
	c := *s
	c.Columns = slices.Clone(s.Columns)
	c.PrimaryKey = slices.Clone(s.PrimaryKey)
	return &c
}

// Add puts a new column at position at of the display order (len(Columns): at the end) and gives it its id. REQUIRES: s is a clone that
// is to become the version after s.Version. Rows that are there read as the column's constant default; rows of before a tag have NULL.
func (s *Schema) Add(c Column, at int) {
	c.ID, c.Added, c.Fill = s.NextColumn, s.Version+1, nil
	s.NextColumn++
	if c.Semantic == TagColumn {
		s.PrimaryKey = append(s.PrimaryKey, c.ID)
	} else if d := c.Default; d != nil && d.Func == "" && !d.Value.Null() && d.Value.Type == c.Type {
		v := d.Value
		c.Fill = &v
	}
	s.Columns = slices.Insert(s.Columns, at, c)
}

// Validate checks the invariants that every reader relies on: ids and names unique, one time index that is a non-null timestamp,
// primary key = the columns marked as tags.
func (s *Schema) Validate() error {
	ids, names := map[ColumnID]bool{}, map[string]bool{}
	times := 0
	for _, c := range s.Columns {
		if ids[c.ID] || names[c.Name] {
			return errs.New(errs.InvalidArguments, "column %q (id %d) is duplicated", c.Name, c.ID)
		}
		if c.ID.Internal() || c.ID >= s.NextColumn {
			return errs.New(errs.InvalidArguments, "column %q has id %d, outside of the table's ids", c.Name, c.ID)
		}
		ids[c.ID], names[c.Name] = true, true
		switch c.Semantic {
		case TimeColumn:
			times++
			if c.ID != s.TimeIndex || !c.Type.IsTimestamp() || c.Nullable {
				return errs.New(errs.InvalidArguments, "time index column %q must be a timestamp that is not null", c.Name)
			}
		case TagColumn:
			if !slices.Contains(s.PrimaryKey, c.ID) {
				return errs.New(errs.InvalidArguments, "tag column %q is not in the primary key", c.Name)
			}
		}
	}
	if times != 1 {
		return errs.New(errs.InvalidArguments, "a table has exactly one time index, not %d", times)
	}
	for i, id := range s.PrimaryKey {
		if c := s.Column(id); c == nil || c.Semantic != TagColumn || slices.Contains(s.PrimaryKey[:i], id) {
			return errs.New(errs.InvalidArguments, "primary key member %d is not a tag column, or repeated", id)
		}
	}
	return nil
}
