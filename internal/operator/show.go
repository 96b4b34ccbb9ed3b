package operator

import (
	"context"
	"fmt"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/catalog/infoschema"
	"github.com/goptimedb/goptimedb/internal/catalog/pgcatalog"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query"
)

// listing says how a SHOW reads information_schema: "source AS Header" for each column, which conditions on the source, and the order,
// by headers.
type listing struct {
	from    string
	columns []string // "source Header"
	where   string
	order   string
	like    string // the header that LIKE tests; empty: the first
}

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// listingOf gives the listing of a SHOW; nil where it is not one.
func (o *Operator) listingOf(sess *model.Session, s *sql.Show) (*listing, error) {
	database := s.Database.Name
	if database == "" {
		database = sess.Database
	}
	table := ""
	if len(s.Table) > 0 {
		in, name, err := tableName(sess, s.Table)
		if err != nil {
			return nil, err
		}
		if table = name; len(s.Table) > 1 || s.Database.Name == "" {
			database = in
		}
	}
	if _, err := o.catalog.Database(database); err != nil && (!systemDatabase(database) || table == "" && database == pgcatalog.Name && sess.Dialect != model.DialectPostgres) {
		if table != "" || s.Kind == sql.ShowTables || s.Kind == sql.ShowTableStatus || s.Kind == sql.ShowViews {
			return nil, errs.New(errs.DatabaseNotFound, "Database not found: %s", database)
		}
	}
	ofDatabase := "table_schema = " + quoteText(database)
	ofTable := ofDatabase + " AND table_name = " + quoteText(table)
	if table != "" {
		if err := o.exists(database, table); err != nil {
			return nil, err
		}
	}
	full := func(base []string, more ...string) []string {
		if s.Full {
			return append(base, more...)
		}
		return base
	}
	switch s.Kind {
	case sql.ShowDatabases:
		return &listing{from: "schemata", columns: full([]string{"schema_name Database"}, "options Options")}, nil
	case sql.ShowTables:
		return &listing{from: "tables", columns: full([]string{"table_name Tables_in_" + database}, "table_type Table_type"), where: ofDatabase}, nil
	case sql.ShowTableStatus:
		return &listing{from: "tables", where: ofDatabase, columns: []string{"table_name Name", "engine Engine", "version Version", "row_format Row_format",
			"table_rows Rows", "avg_row_length Avg_row_length", "data_length Data_length", "max_data_length Max_data_length", "index_length Index_length",
			"data_free Data_free", "auto_increment Auto_increment", "create_time Create_time", "update_time Update_time", "check_time Check_time",
			"table_collation Collation", "checksum Checksum", "create_options Create_options", "table_comment Comment"}}, nil
	case sql.ShowColumns:
		c := []string{"column_name Field", "data_type Type"}
		c = append(full(c, "collation_name Collation"), "is_nullable Null", "column_key Key", "column_default Default")
		c = append(full(c, "column_comment Comment", "privileges Privileges"), "extra Extra", "greptime_data_type Greptime_type")
		return &listing{from: "columns", columns: c, where: ofTable}, nil
	case sql.ShowIndex:
		return &listing{from: "statistics", where: ofTable, like: "Key_name", order: `"Key_name", "Seq_in_index"`, columns: []string{"table_name Table",
			"non_unique Non_unique", "index_name Key_name", "seq_in_index Seq_in_index", "column_name Column_name", "collation Collation",
			"cardinality Cardinality", "sub_part Sub_part", "packed Packed", "nullable Null", "index_type Index_type", "comment Comment",
			"index_comment Index_comment", "is_visible Visible", "expression Expression"}}, nil
	case sql.ShowRegion:
		return &listing{from: "region_peers", where: ofTable, order: `"Region"`, columns: []string{"table_name Table", "region_id Region", "peer_id Peer", "is_leader Leader"}}, nil
	case sql.ShowViews:
		return &listing{from: "views", where: ofDatabase, columns: []string{"table_name Views"}}, nil
	case sql.ShowFlows:
		return &listing{from: "flows", columns: []string{"flow_name Flows"}}, nil
	case sql.ShowFlowStatus:
		return &listing{from: "flow_statistics", like: "flow_name", columns: []string{"flow_id flow_id", "flow_name flow_name", "start_time start_time",
			"last_execution_time last_execution_time", "uptime_seconds uptime_seconds", "state_size state_size"}}, nil
	case sql.ShowProcesslist:
		if s.Full {
			return &listing{from: "process_list", columns: []string{"id Id", "catalog Catalog", "schemas Schema", "client Client", "frontend Frontend",
				"start_timestamp Start Time", "elapsed_time Elapsed Time", "query Query"}}, nil
		}
		return &listing{from: "process_list", columns: []string{"id Id", "catalog Catalog", "query Query", "elapsed_time Elapsed Time"}}, nil
	case sql.ShowCharset:
		return &listing{from: "character_sets", columns: []string{"character_set_name Charset", "description Description",
			"default_collate_name Default collation", "maxlen Maxlen"}}, nil
	case sql.ShowCollation:
		return &listing{from: "collations", columns: []string{"collation_name Collation", "character_set_name Charset", "id Id", "is_default Default",
			"is_compiled Compiled", "sortlen Sortlen"}}, nil
	}
	return nil, nil
}

// systemTable is the schema of a table of information_schema, or of pg_catalog where a session has it; or nil.
func systemTable(sess *model.Session, database, name string) *model.Schema {
	switch {
	case database == infoschema.Name:
		if t := (&infoschema.Source{}).Table(name); t != nil {
			return t.Schema
		}
	case sess.Dialect == model.DialectPostgres && (database == pgcatalog.Name || database == sess.Database):
		if t := (&pgcatalog.Source{}).Table(name); t != nil {
			return t.Schema
		}
	}
	return nil
}

// exists refuses a table that is in neither the catalog nor information_schema.
func (o *Operator) exists(database, table string) error {
	if database == infoschema.Name && (&infoschema.Source{}).Table(table) != nil {
		return nil
	}
	if o.catalog.View(database, table) != nil {
		return nil
	}
	_, err := o.catalog.Table(database, table)
	if systemDatabase(database) {
		return errs.New(errs.TableNotFound, "Table not found: %s.%s.%s", model.DefaultCatalog, database, table)
	}
	return err
}

func (o *Operator) show(ctx context.Context, sess *model.Session, s *sql.Show) (model.RowStream, error) {
	switch s.Kind {
	case sql.ShowStatus, sql.ShowVariables:
		return textRows([]string{"Variable_name", "Value"}), nil
	case sql.ShowWarnings:
		return textRows([]string{"Level", "Code", "Message"}), nil
	case sql.ShowSearchPath:
		return textRows([]string{"search_path"}, []any{sess.Database}), nil
	}
	l, err := o.listingOf(sess, s)
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, errs.New(errs.Unsupported, "Not supported: SHOW %s", s.Kind)
	}
	headers := make(map[string]string, len(l.columns))
	var text strings.Builder
	text.WriteString("SELECT * FROM (SELECT ")
	first := ""
	for i, c := range l.columns {
		source, header, _ := strings.Cut(c, " ")
		if i > 0 {
			text.WriteString(", ")
		} else {
			first = header
		}
		fmt.Fprintf(&text, "%s AS %s", source, quoteName(header))
		headers[strings.ToLower(header)] = header
	}
	fmt.Fprintf(&text, " FROM information_schema.%s", l.from)
	if l.where != "" {
		text.WriteString(" WHERE " + l.where)
	}
	text.WriteString(") AS shown")
	if s.HasLike {
		header := l.like
		if header == "" {
			header = first
		}
		fmt.Fprintf(&text, " WHERE %s LIKE %s", quoteName(header), quoteText(s.Like))
	}
	if l.order == "" {
		l.order = quoteName(first)
	}
	text.WriteString(" ORDER BY " + l.order)
	st, err := sql.ParseOne(text.String(), sql.Greptime)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text.String(), err)
	}
	q := st.(*sql.QueryStmt).Query
	if s.Where != nil {
		if s.Kind == sql.ShowTables {
			headers["tables"] = first
		}
		sql.Walk(s.Where, func(n sql.Node) bool {
			if c, ok := n.(*sql.ColumnRef); ok && len(c.Name) == 1 {
				if h, ok := headers[strings.ToLower(c.Name[0].Name)]; ok {
					c.Name[0] = sql.Ident{Name: h, Quoted: true}
				}
			}
			return true
		})
		q.Body.(*sql.Select).Where = s.Where
	}
	return o.query(query.Exempt(ctx), sess, q, nil) // whoever looks for what is too much must see it
}

// describe lists the columns of a table.
func (o *Operator) describe(ctx context.Context, sess *model.Session, s *sql.Describe) (model.RowStream, error) {
	database, name, err := tableName(sess, s.Table)
	if err != nil {
		return nil, err
	}
	var columns []model.Column
	if system := systemTable(sess, database, name); system != nil {
		columns = system.Columns
	} else if systemDatabase(database) {
		return nil, errs.New(errs.TableNotFound, "Table not found: %s.%s.%s", model.DefaultCatalog, database, name)
	} else if v := o.catalog.View(database, name); v != nil {
		columns = infoschema.ViewColumns(v)
	} else {
		t, err := o.catalog.Table(database, name)
		if err != nil {
			return nil, err
		}
		columns = o.catalog.Shown(t).Columns
	}
	rows := make([][]any, len(columns))
	for i := range columns {
		c := &columns[i]
		key, null := "", "NO"
		if c.Semantic != model.FieldColumn {
			key = "PRI"
		}
		if c.Nullable {
			null = "YES"
		}
		rows[i] = []any{c.Name, c.Type.String(), key, null, infoschema.DefaultText(c), c.Semantic.String()}
	}
	return textRows([]string{"Column", "Type", "Key", "Null", "Default", "Semantic Type"}, rows...), nil
}
