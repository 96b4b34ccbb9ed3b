package operator

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/catalog/infoschema"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
)

func (o *Operator) showCreate(sess *model.Session, s *sql.ShowCreate) (model.RowStream, error) {
	switch s.Kind {
	case sql.ObjDatabase:
		name, err := databaseName(s.Name)
		if err != nil {
			return nil, err
		}
		d, err := o.catalog.Database(name)
		if err != nil {
			return nil, err
		}
		return textRows([]string{"Database", "Create Database"}, []any{name, definition{dialect(sess)}.database(d)}), nil
	case sql.ObjTable:
		database, name, err := tableName(sess, s.Name)
		if err != nil {
			return nil, err
		}
		if systemDatabase(database) {
			if systemTable(sess, database, name) == nil {
				return nil, errs.New(errs.TableNotFound, "Table not found: %s.%s.%s", model.DefaultCatalog, database, name)
			}
			return nil, errs.New(errs.Unsupported, "Show create table only for base table. %s is TEMPORARY", objectText(s.Name))
		}
		if o.catalog.View(database, name) != nil {
			return nil, errs.New(errs.Unsupported, "Show create table only for base table. %s is VIEW", objectText(s.Name))
		}
		t, err := o.catalog.Table(database, name)
		if err != nil {
			return nil, err
		}
		d, err := o.catalog.Database(database)
		if err != nil {
			return nil, err
		}
		text := ""
		switch def := (definition{dialect(sess)}); strings.ToLower(s.Variant) {
		case "":
			text = def.table(d, t, o.catalog.Shown(t))
		case "postgres_foreign_table":
			text = def.foreignTable(t.Name, o.catalog.Shown(t))
		default:
			return nil, errs.New(errs.Unsupported, "Not supported: SHOW CREATE TABLE FOR %s", strings.ToUpper(s.Variant))
		}
		return textRows([]string{"Table", "Create Table"}, []any{name, text}), nil
	case sql.ObjFlow:
		return nil, errs.New(errs.FlowNotFound, "Flow not found: %s", objectText(s.Name))
	}
	return o.showCreateView(sess, s)
}

// definition prints the statements that make databases and tables again, in the dialect of whoever asks.
type definition struct{ dialect sql.Dialect }

func (d definition) quote(name string) string {
	p := sql.Printer{Dialect: d.dialect}
	return p.Ident(sql.Ident{Name: name, Quoted: true}).String()
}

// name quotes a name only where it would mean something else without.
func (d definition) name(name string) string {
	p := sql.Printer{Dialect: d.dialect}
	return p.Ident(sql.Ident{Name: name}).String()
}

func (d definition) text(s string) string {
	p := sql.Printer{Dialect: d.dialect}
	return p.Quote(s).String()
}

func (d definition) database(of *catalog.Database) string {
	return "CREATE DATABASE IF NOT EXISTS " + d.quote(of.Name) + d.options(of.Options)
}

// options prints the WITH block, by key; keys with a dot are in quotes.
func (d definition) options(options map[string]string) string {
	if len(options) == 0 {
		return "\n"
	}
	var lines []string
	for _, k := range slices.Sorted(maps.Keys(options)) {
		v := options[k]
		if (sql.Option{Key: k}).Secret() {
			v = "******"
		}
		shown := k
		if strings.Contains(k, ".") || k == "comment" {
			shown = d.text(k)
		}
		lines = append(lines, "  "+shown+" = "+d.text(v))
	}
	return "\nWITH(\n" + strings.Join(lines, ",\n") + "\n)"
}

func (d definition) table(of *catalog.Database, t *catalog.Table, schema *model.Schema) string {
	var lines []string
	for i := range schema.Columns {
		lines = append(lines, "  "+d.column(&schema.Columns[i]))
	}
	lines = append(lines, "  TIME INDEX ("+d.quote(schema.Time().Name)+")")
	if tags := schema.Tags(); len(tags) > 0 {
		names := make([]string, len(tags))
		for i, c := range tags {
			names[i] = d.quote(c.Name)
		}
		lines = append(lines, "  PRIMARY KEY ("+strings.Join(names, ", ")+")")
	}
	options := maps.Clone(t.Options)
	if v, ok := of.Options["ttl"]; ok && options["ttl"] == "" && t.Logical == nil {
		if options == nil {
			options = map[string]string{}
		}
		options["ttl"] = v
	}
	what := "TABLE"
	if external(t) {
		what = "EXTERNAL TABLE"
		delete(options, "ttl")
	}
	return "CREATE " + what + " IF NOT EXISTS " + d.quote(t.Name) + " (\n" + strings.Join(lines, ",\n") + "\n)\n" + d.partition(t) + "\nENGINE=" + t.Engine + d.options(options)
}

// partition prints the rules of a table, with names as they are where that is possible; "" where there are none.
func (d definition) partition(t *catalog.Table) string {
	p := t.Partition
	if p == nil {
		return ""
	}
	names := make([]string, len(p.Columns))
	for i, id := range p.Columns {
		names[i] = d.name(t.Schema.Column(id).Name)
	}
	rules := make([]string, len(p.Texts))
	for i, text := range p.Texts {
		rules[i] = text
		if x, err := sql.ParseExpr(text, sql.Greptime); err == nil && d.dialect != sql.Greptime {
			out := sql.Printer{Dialect: d.dialect}
			rules[i] = out.Node(x).String()
		}
	}
	return "PARTITION ON COLUMNS (" + strings.Join(names, ", ") + ") (\n  " + strings.Join(rules, ",\n  ") + "\n)"
}

func (d definition) column(c *model.Column) string {
	var b strings.Builder
	b.WriteString(d.quote(c.Name) + " " + c.Type.SQL())
	if c.Nullable {
		b.WriteString(" NULL")
	} else {
		b.WriteString(" NOT NULL")
	}
	if c.Default != nil {
		b.WriteString(" DEFAULT " + d.defaultOf(c))
	}
	if c.Comment != "" {
		b.WriteString(" COMMENT " + d.text(c.Comment))
	}
	for _, k := range []sql.IndexKind{sql.FulltextIndex, sql.SkippingIndex, sql.InvertedIndex, sql.VectorIndex} {
		key := indexKey(k)
		if c.Options[key] == "" {
			continue
		}
		b.WriteString(" " + k.String() + " INDEX")
		var with []string
		for _, o := range slices.Sorted(maps.Keys(c.Options)) {
			if name, ok := strings.CutPrefix(o, key+"."); ok {
				with = append(with, name+" = "+d.text(c.Options[o]))
			}
		}
		if len(with) > 0 {
			b.WriteString(" WITH(" + strings.Join(with, ", ") + ")")
		}
	}
	return b.String()
}

// defaultOf prints a default that is there as one writes it. Bytes that are no text are a literal of their own.
func (d definition) defaultOf(c *model.Column) string {
	text := infoschema.DefaultText(c)
	v := c.Default.Value
	switch {
	case c.Default.Func != "", v.Null():
		return text
	case v.Type.Kind == model.KindBinary && !utf8.ValidString(v.Bytes):
		return "X'" + hex.EncodeToString([]byte(v.Bytes)) + "'"
	case v.Type.Class() == model.ClassBytes, v.Type.IsTimestamp(), v.Type.Kind == model.KindDate:
		return d.text(text)
	}
	return text
}

// foreignTable prints what makes a table of a PostgreSQL server a window on one of ours.
func (d definition) foreignTable(name string, schema *model.Schema) string {
	lines := make([]string, len(schema.Columns))
	for i := range schema.Columns {
		lines[i] = "  " + quoteName(schema.Columns[i].Name) + " " + postgresType(schema.Columns[i].Type)
	}
	return "CREATE FOREIGN TABLE " + definition{sql.Postgres}.name("ft_"+name) + " (\n" + strings.Join(lines, ",\n") +
		"\n)\nSERVER greptimedb\nOPTIONS (table_name " + quoteText(name) + ")"
}

// postgresType is the type of PostgreSQL as which it sees one of ours.
func postgresType(t model.Type) string {
	switch t.Kind {
	case model.KindBool:
		return "BOOL"
	case model.KindInt8, model.KindInt16, model.KindUint8:
		return "INT2"
	case model.KindInt32, model.KindUint16:
		return "INT4"
	case model.KindInt64, model.KindUint32:
		return "INT8"
	case model.KindUint64, model.KindDecimal:
		return "NUMERIC"
	case model.KindFloat32:
		return "FLOAT4"
	case model.KindFloat64:
		return "FLOAT8"
	case model.KindBinary, model.KindVector:
		return "BYTEA"
	case model.KindDate:
		return "DATE"
	case model.KindTimestamp:
		return "TIMESTAMP"
	case model.KindJSON:
		return "JSON"
	}
	return "VARCHAR"
}
