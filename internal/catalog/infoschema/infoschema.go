// Package infoschema holds the tables of information_schema: what the catalog and the regions know, as rows that a query can read.
//
// A table is its columns, written as "name T" where T is one of S string, I64, U64, U32, U8 integers, B boolean, TsS TsMs TsUs TsNs
// timestamps, Dms duration in milliseconds, and a function that adds its rows. Rows are made anew for each query.
package infoschema

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/budget"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/catalog/asked"
	"github.com/goptimedb/goptimedb/internal/catalog/process"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// Name is the name of the database.
const Name = "information_schema"

// Source is where the rows come from. Catalog and Regions are required.
type Source struct {
	Catalog *catalog.Catalog
	Regions contract.RegionServer
	Version string // of the program
	Commit  string
	Branch  string
	Started time.Time
	Memory  func() []budget.Usage // who holds memory now; nil: not known
	// Processes lists the statements that run; nil: the table is empty.
	Processes *process.List
}

// Table is one table.
type Table struct {
	Name   string
	ID     model.TableID
	Schema *model.Schema // without time index
	fill   func(ctx context.Context, s *Source, w *writer) error
}

// Tables are all tables, by name.
func (s *Source) Tables() []*Table {
	defs := definitions()
	out := make([]*Table, 0, len(defs))
	for _, d := range defs {
		out = append(out, d.table())
	}
	slices.SortFunc(out, func(a, b *Table) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Table finds a table, or nil.
func (s *Source) Table(name string) *Table {
	for _, d := range definitions() {
		if d.name == name {
			return d.table()
		}
	}
	return nil
}

// Empty reports a table that never has rows.
func (t *Table) Empty() bool { return t.fill == nil }

// Rows are the rows of a table now, as far as they are asked for.
func (s *Source) Rows(ctx context.Context, t *Table, what *asked.Table) (*model.Batch, error) {
	w := &writer{batch: model.NewBatch(what.Fields(), 0), Table: what}
	if t.fill == nil {
		return w.batch, nil
	}
	if err := t.fill(ctx, s, w); err != nil {
		return nil, fmt.Errorf("read information_schema.%s: %w", t.Name, err)
	}
	return w.batch, nil
}

type definition struct {
	name    string
	id      model.TableID
	columns string
	fill    func(ctx context.Context, s *Source, w *writer) error
}

func (d *definition) table() *Table {
	t := &Table{Name: d.name, ID: d.id, fill: d.fill, Schema: &model.Schema{NextColumn: 1}}
	for c := range strings.SplitSeq(d.columns, ",") {
		name, typ, _ := strings.Cut(strings.TrimSpace(c), " ")
		t.Schema.Columns = append(t.Schema.Columns, model.Column{ID: t.Schema.NextColumn, Name: name, Type: columnType(typ), Nullable: true})
		t.Schema.NextColumn++
	}
	return t
}

func columnType(s string) model.Type {
	switch s {
	case "I64":
		return model.Int64
	case "U64":
		return model.Uint64
	case "U32":
		return model.Uint32
	case "U8":
		return model.Uint8
	case "B":
		return model.Bool
	case "TsS":
		return model.Timestamp(model.Second)
	case "TsMs":
		return model.Timestamp(model.Millisecond)
	case "TsUs":
		return model.Timestamp(model.Microsecond)
	case "TsNs":
		return model.Timestamp(model.Nanosecond)
	case "Bin":
		return model.Binary
	case "Dms":
		return model.Duration(model.Millisecond)
	}
	return model.String
}

// writer adds rows, of which it keeps the columns that are asked for.
type writer struct {
	*asked.Table
	batch *model.Batch
}

// wants reports whether rows of a table are asked for, where the table has the columns table_schema and table_name.
func (w *writer) wants(database, table string) bool {
	return w.Text("table_schema", database) && w.Text("table_name", table)
}

// tables are the users' tables that w wants rows of.
func (s *Source) tables(w *writer) iter.Seq[*catalog.Table] {
	return wanted(s.Catalog.AllTables(), func(t *catalog.Table) bool { return w.wants(t.Database, t.Name) })
}

// views are the views that w wants rows of.
func (s *Source) views(w *writer) iter.Seq[*catalog.View] {
	return wanted(s.Catalog.AllViews(), func(v *catalog.View) bool { return w.wants(v.Database, v.Name) })
}

// system are the tables of information_schema that w wants rows of.
func (s *Source) system(w *writer) iter.Seq[*Table] {
	return wanted(s.Tables(), func(t *Table) bool { return w.wants(Name, t.Name) })
}

func wanted[T any](all []T, want func(T) bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, x := range all {
			if want(x) && !yield(x) {
				return
			}
		}
	}
}

// add adds a row of all columns: nil is NULL, times are cut to the column's unit. What is left out at the end is NULL.
func (w *writer) add(cells ...any) {
	for i, v := range w.batch.Cols {
		at := w.Columns[i]
		if at >= len(cells) {
			v.AppendNull()
			continue
		}
		switch x := cells[at].(type) {
		case nil:
			v.AppendNull()
		case string:
			v.AppendString(x)
		case []byte:
			v.AppendString(string(x))
		case bool:
			v.AppendBool(x)
		case int:
			v.AppendInt(int64(x))
		case int64:
			v.AppendInt(x)
		case uint64:
			v.AppendInt(int64(x))
		case time.Time:
			t, _ := model.ConvertTime(x.UnixMicro(), model.Microsecond, v.Type.Unit)
			v.AppendInt(t)
		}
	}
	w.batch.Len++
}

// databases are the catalog's and the system's, by name.
func (s *Source) databases() []string {
	names := []string{Name}
	for _, d := range s.Catalog.Databases() {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return names
}

// statistics sums up the regions of each table.
func (s *Source) statistics(ctx context.Context) (map[model.TableID]contract.RegionStatistics, error) {
	all, err := s.Regions.Statistics(ctx, nil)
	if err != nil {
		return nil, err
	}
	out := map[model.TableID]contract.RegionStatistics{}
	for _, r := range all {
		t := out[r.ID.Table()]
		t.Rows += r.Rows
		t.SSTBytes += r.SSTBytes
		t.IndexBytes += r.IndexBytes
		out[r.ID.Table()] = t
	}
	return out, nil
}

// OptionText prints options as "k=v k=v", by key.
func OptionText(options map[string]string) string {
	parts := make([]string, 0, len(options))
	for _, k := range slices.Sorted(maps.Keys(options)) {
		parts = append(parts, k+"="+options[k])
	}
	return strings.Join(parts, " ")
}

// columnKey is "PRI", "TIME INDEX" or "".
func columnKey(c *model.Column) string {
	switch c.Semantic {
	case model.TagColumn:
		return "PRI"
	case model.TimeColumn:
		return "TIME INDEX"
	}
	return ""
}

// index is a secondary index of a column, as its options tell.
type index struct{ kind, name, style string }

func indexes(c *model.Column) (out []index) {
	for _, x := range []struct {
		option string
		index  index
	}{
		{"inverted_index", index{"INVERTED", "INVERTED_INDEX_", "greptime-inverted-index-v1"}},
		{"fulltext_index", index{"FULLTEXT", "FULLTEXT_INDEX_", "greptime-fulltext-index-bloom"}},
		{"skipping_index", index{"SKIPPING", "SKIPPING_INDEX_", "greptime-bloom-filter-v1"}},
	} {
		if _, ok := c.Options[x.option]; ok {
			if c.Options["fulltext_index.backend"] == "tantivy" && x.option == "fulltext_index" {
				x.index.style = "greptime-fulltext-index-v1"
			}
			out = append(out, x.index)
		}
	}
	return out
}

func yesNo(b bool) string {
	if b {
		return "YES"
	}
	return "NO"
}

// DefaultText prints a default as SHOW and DESCRIBE do; "" for none.
func DefaultText(c *model.Column) string {
	switch {
	case c.Default == nil:
		return ""
	case c.Default.Func != "":
		return c.Default.Func
	}
	v := c.Default.Value
	if v.Null() {
		return "NULL"
	}
	if v.Type.IsTimestamp() {
		s, _ := model.ConvertTime(v.Int, v.Type.Unit, model.Second)
		back, _ := model.ConvertTime(s, model.Second, v.Type.Unit)
		return time.Unix(s, (v.Int-back)*v.Type.Unit.Nanos()).UTC().Format("2006-01-02 15:04:05.999999999-0700")
	}
	if v.Type.Kind == model.KindDate {
		return time.Unix(v.Int*86400, 0).UTC().Format(time.DateOnly)
	}
	if v.Type.Class() == model.ClassBytes {
		return v.Bytes
	}
	return v.String()
}
