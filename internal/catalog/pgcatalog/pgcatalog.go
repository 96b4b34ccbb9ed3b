// Package pgcatalog holds the tables of pg_catalog, in which PostgreSQL's clients look for databases, tables, columns and types. What
// there is of them here is shown in PostgreSQL's form; what there is not is an empty table with PostgreSQL's columns.
//
// A table is its columns, written as "name T" where T is one of S string, C "char", O object id, I2 I4 I8 integers, B boolean, F4 float, one
// of them with [] for an array, V2 int2vector or VO oidvector, and a function that adds its rows. Rows are made anew for each query, as far
// as it asks for them. Vectors are text as clients read them, "1 2".
package pgcatalog

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/catalog/asked"
	"github.com/goptimedb/goptimedb/internal/catalog/infoschema"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// Name is the name of the database.
const Name = "pg_catalog"

// Source is where the rows come from.
type Source struct {
	Catalog *catalog.Catalog
	Info    *infoschema.Source
}

// Table is one table.
type Table struct {
	Name   string
	ID     model.TableID
	Schema *model.Schema // without time index
	fill   func(s *Source, w *writer)
}

// firstID is the number of the first table of pg_catalog; information_schema's are below.
const firstID = 200

// Table finds a table, or nil.
func (s *Source) Table(name string) *Table {
	if !strings.HasPrefix(name, "pg_") {
		return nil
	}
	for i, d := range definitions() {
		if d.name == name {
			return d.table(firstID + model.TableID(i))
		}
	}
	return nil
}

// Tables are all tables, by name.
func (s *Source) Tables() []*Table {
	var out []*Table
	for i, d := range definitions() {
		out = append(out, d.table(firstID+model.TableID(i)))
	}
	slices.SortFunc(out, func(a, b *Table) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Empty reports a table that never has rows.
func (t *Table) Empty() bool { return t.fill == nil }

// Rows are the rows of a table now, as far as they are asked for.
func (s *Source) Rows(t *Table, what *asked.Table) *model.Batch {
	w := &writer{batch: model.NewBatch(what.Fields(), 0), Table: what}
	for _, at := range what.Columns {
		w.names = append(w.names, t.Schema.Columns[at].Name)
	}
	if t.fill != nil {
		t.fill(s, w)
	}
	return w.batch
}

type definition struct {
	name    string
	columns string
	fill    func(s *Source, w *writer)
}

func (d *definition) table(id model.TableID) *Table {
	t := &Table{Name: d.name, ID: id, fill: d.fill, Schema: &model.Schema{NextColumn: 1}}
	for c := range strings.SplitSeq(d.columns, ",") {
		name, typ, _ := strings.Cut(strings.TrimSpace(c), " ")
		t.Schema.Columns = append(t.Schema.Columns, model.Column{ID: t.Schema.NextColumn, Name: name, Type: columnType(typ), Nullable: true})
		t.Schema.NextColumn++
	}
	return t
}

// Vector reports the name of a column that is an int2vector or an oidvector in PostgreSQL.
func Vector(column string) bool {
	oid := columnOIDs[column]
	return oid == wire.OIDInt2Vector || oid == wire.OIDOidVector
}

func columnType(s string) model.Type {
	if elem, ok := strings.CutSuffix(s, "[]"); ok {
		return model.ListOf(columnType(elem))
	}
	switch s {
	case "O", "I8":
		return model.Int64
	case "I4":
		return model.Int32
	case "I2":
		return model.Int16
	case "B":
		return model.Bool
	case "F4":
		return model.Float32
	}
	return model.String
}

// cells are the values of a row by the names of their columns; what is not named is the column's zero: 0, false, or NULL for text.
type cells map[string]any

// writer adds rows, of which it keeps the columns that are asked for.
type writer struct {
	*asked.Table
	batch *model.Batch
	names []string // of the batch's columns
}

func (w *writer) add(row cells) { w.row(func(column string) any { return row[column] }) }

// row adds a row whose values a function tells by their columns, as cells does: tables with many rows are made so, because a row costs what
// is asked of it.
func (w *writer) row(value func(column string) any) {
	for i, v := range w.batch.Cols {
		switch x := value(w.names[i]).(type) {
		case string:
			v.AppendString(x)
		case bool:
			v.AppendBool(x)
		case int:
			if v.Type.Class() == model.ClassFloat {
				v.AppendFloat(float64(x))
			} else {
				v.AppendInt(int64(x))
			}
		case uint32:
			v.AppendInt(int64(x))
		default:
			switch v.Type.Class() {
			case model.ClassInt:
				v.AppendInt(0)
			case model.ClassBool:
				v.AppendBool(false)
			case model.ClassFloat:
				v.AppendFloat(0)
			default:
				v.AppendNull()
			}
		}
	}
	w.batch.Len++
}

// Object ids. Those of PostgreSQL's own things are PostgreSQL's; ours begin at 16384.
const (
	owner         = 10 // of everything
	databaseOID   = 5
	heapAM        = 2
	btreeAM       = 403
	defaultSpace  = 1663
	classClass    = 1259
	firstOID      = 16384
	indexOffset   = 1 << 29 // from a table's id to that of its key
	systemOffset  = 1 << 28 // from a system table's number to its id
	defaultOffset = 1 << 27
)

// NamespaceOID is the id of a database.
func NamespaceOID(name string) uint32 {
	switch name {
	case "public":
		return 2200
	case Name:
		return 11
	case infoschema.Name:
		return 13000
	}
	h := fnv.New32a()
	h.Write([]byte(name))
	return firstOID + h.Sum32()>>3
}

// TableOID is the id of a table or view of a user.
func TableOID(id model.TableID) uint32 { return firstOID + uint32(id) }

// systemOID is the id of a table of information_schema or pg_catalog. Those whose ids clients know by heart have PostgreSQL's.
func systemOID(name string, id model.TableID) uint32 {
	switch name {
	case "pg_class":
		return classClass
	case "pg_type":
		return 1247
	case "pg_attribute":
		return 1249
	case "pg_proc":
		return 1255
	case "pg_namespace":
		return 2615
	case "pg_constraint":
		return 2606
	case "pg_database":
		return 1262
	case "pg_description":
		return 2609
	case "pg_index":
		return 2610
	case "pg_attrdef":
		return 2604
	}
	return systemOffset + uint32(id)
}

// relation is a table, view or system table.
type relation struct {
	oid      uint32
	database string
	name     string
	kind     string // r, v
	source   *Source
	schema   *model.Schema // of system tables
	view     *catalog.View
	table    *catalog.Table
}

// columns are the columns of a table, view or system table.
func (r *relation) columns() []model.Column {
	switch {
	case r.table != nil:
		return r.source.Catalog.Shown(r.table).Columns
	case r.view != nil:
		return infoschema.ViewColumns(r.view)
	}
	return r.schema.Columns
}

func (s *Source) ofTable(t *catalog.Table) *relation {
	return &relation{oid: TableOID(t.ID), database: t.Database, name: t.Name, kind: "r", source: s, table: t}
}

// key is the places and the names of the columns of a table's key.
func (r *relation) key() (places, names []string) { return keyColumns(r.table, r.columns()) }

// About is how many rows a table has, about: enough to tell large tables from small ones.
func (s *Source) About(t *Table) int64 {
	const perTable = 16 // columns
	tables, system := int64(s.Catalog.Len()), int64(len(definitions()))
	switch t.Name {
	case "pg_class", namesTable:
		return 2*tables + system
	case "pg_attribute":
		return perTable * (tables + system)
	case "pg_tables", "pg_index", "pg_indexes", "pg_constraint", "pg_description", indexDefinitions, constraintDefinitions:
		return max(tables, 1)
	}
	if t.fill == nil {
		return 1
	}
	return 100
}

// relations are all there are.
func (s *Source) relations() []relation {
	var out []relation
	for _, t := range s.Catalog.AllTables() {
		out = append(out, *s.ofTable(t))
	}
	for _, v := range s.Catalog.AllViews() {
		out = append(out, relation{oid: TableOID(v.ID), database: v.Database, name: v.Name, kind: "v", source: s, view: v})
	}
	for _, t := range s.Info.Tables() {
		out = append(out, relation{oid: systemOID(t.Name, t.ID), database: infoschema.Name, name: t.Name, kind: "v", source: s, schema: t.Schema})
	}
	for _, t := range s.Tables() {
		if !hidden(t.Name) {
			out = append(out, relation{oid: systemOID(t.Name, t.ID), database: Name, name: t.Name, kind: "r", source: s, schema: t.Schema})
		}
	}
	return out
}

// ClassOID finds a table by its name: table, database.table or catalog.database.table; database is where a bare name is looked for
// first.
func (s *Source) ClassOID(database, name string) (uint32, bool) {
	parts := splitName(name)
	table := parts[len(parts)-1]
	in := []string{database, Name}
	if len(parts) > 1 {
		in = parts[len(parts)-2 : len(parts)-1]
	}
	for _, db := range in {
		if db == Name {
			if t := s.Table(table); t != nil {
				return systemOID(t.Name, t.ID), true
			}
		}
		if db == infoschema.Name {
			if t := s.Info.Table(table); t != nil {
				return systemOID(t.Name, t.ID), true
			}
		}
		if t, err := s.Catalog.Table(db, table); err == nil {
			return TableOID(t.ID), true
		}
		if v := s.Catalog.View(db, table); v != nil {
			return TableOID(v.ID), true
		}
	}
	return 0, false
}

// splitName cuts a name at its dots; parts in double quotes are as written, others in lower case.
func splitName(s string) []string {
	var out []string
	var part strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' && quoted && i+1 < len(s) && s[i+1] == '"':
			part.WriteByte('"')
			i++
		case c == '"':
			quoted = !quoted
		case c == '.' && !quoted:
			out = append(out, part.String())
			part.Reset()
		case quoted:
			part.WriteByte(c)
		default:
			part.WriteString(strings.ToLower(string(c)))
		}
	}
	return append(out, part.String())
}

// keyColumns are the places, from 1, of a table's tags and time index: what makes a row one.
func keyColumns(t *catalog.Table, columns []model.Column) (places []string, names []string) {
	for _, c := range t.Schema.Tags() {
		for i := range columns {
			if columns[i].Name == c.Name {
				places, names = append(places, strconv.Itoa(i+1)), append(names, QuoteIdent(c.Name))
			}
		}
	}
	for i := range columns {
		if columns[i].Semantic == model.TimeColumn {
			places, names = append(places, strconv.Itoa(i+1)), append(names, QuoteIdent(columns[i].Name))
		}
	}
	return places, names
}

// QuoteIdent writes a name as PostgreSQL prints it: in quotes where it would not be read back as it is.
func QuoteIdent(name string) string {
	for i := range len(name) {
		if c := name[i]; c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9' || i == 0) {
			return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
	}
	return name
}

// array is a list of numbers as it lies in a column.
func array(items []string) string { return "[" + strings.Join(items, ",") + "]" }

// typeOID is PostgreSQL's type of a column.
func typeOID(t model.Type) (oid uint32, size int, modifier int) {
	o, s, m := wire.TypeOf(t)
	return o, int(s), int(m)
}

func defaultOID(table uint32, column int) uint32 { return defaultOffset + table<<6 + uint32(column) }
