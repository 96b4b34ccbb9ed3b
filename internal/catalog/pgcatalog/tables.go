package pgcatalog

import (
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/catalog/infoschema"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	wire "github.com/goptimedb/goptimedb/internal/wire/postgres"
)

// Tables that PostgreSQL has not and that are not listed: what functions of objects are written with.
const (
	// The texts that pg_get_indexdef, pg_get_constraintdef and pg_get_viewdef give, by object.
	indexDefinitions      = "pg_index_definitions"
	constraintDefinitions = "pg_constraint_definitions"
	viewDefinitions       = "pg_view_definitions"
	namesTable            = "pg_object_names" // the names by which tables are found, bare and with their database
	keywordsTable         = "pg_keywords"     // what pg_get_keywords() gives
)

func hidden(table string) bool {
	switch table {
	case indexDefinitions, constraintDefinitions, viewDefinitions, namesTable, keywordsTable:
		return true
	}
	return false
}

func definitions() []definition {
	return append([]definition{
		{"pg_namespace", "oid O, nspname S, nspowner O, nspacl S[]", namespaces},
		{"pg_class", `oid O, relname S, relnamespace O, reltype O, reloftype O, relowner O, relam O, relfilenode O, reltablespace O, relpages I4,
			reltuples F4, relallvisible I4, reltoastrelid O, relhasindex B, relisshared B, relpersistence C, relkind C, relnatts I2, relchecks I2,
			relhasrules B, relhastriggers B, relhassubclass B, relrowsecurity B, relforcerowsecurity B, relispopulated B, relreplident C,
			relispartition B, relrewrite O, relfrozenxid O, relminmxid O, relacl S[], reloptions S[], relpartbound S`, classes},
		{"pg_attribute", `attrelid O, attname S, atttypid O, attlen I2, attnum I2, attcacheoff I4, atttypmod I4, attndims I2, attbyval B, attalign C,
			attstorage C, attcompression C, attnotnull B, atthasdef B, atthasmissing B, attidentity C, attgenerated C, attisdropped B, attislocal B,
			attinhcount I2, attstattarget I2, attcollation O, attacl S[], attoptions S[], attfdwoptions S[], attmissingval S`, attributes},
		{"pg_type", `oid O, typname S, typnamespace O, typowner O, typlen I2, typbyval B, typtype C, typcategory C, typispreferred B, typisdefined B,
			typdelim C, typrelid O, typsubscript S, typelem O, typarray O, typinput S, typoutput S, typreceive S, typsend S, typmodin S, typmodout S,
			typanalyze S, typalign C, typstorage C, typnotnull B, typbasetype O, typtypmod I4, typndims I4, typcollation O, typdefaultbin S,
			typdefault S, typacl S[]`, types},
		{"pg_database", `oid O, datname S, datdba O, encoding I4, datlocprovider C, datistemplate B, datallowconn B, datconnlimit I4, datfrozenxid O,
			datminmxid O, dattablespace O, datcollate S, datctype S, daticulocale S, daticurules S, datcollversion S, datacl S[]`, databases},
		{"pg_tables", "schemaname S, tablename S, tableowner S, tablespace S, hasindexes B, hasrules B, hastriggers B, rowsecurity B", tables},
		{"pg_statio_all_tables", statioColumns, statio},
		{"pg_statio_user_tables", statioColumns, statio},
		{"pg_views", "schemaname S, viewname S, viewowner S, definition S", views},
		{"pg_roles", `rolname S, rolsuper B, rolinherit B, rolcreaterole B, rolcreatedb B, rolcanlogin B, rolreplication B, rolconnlimit I4,
			rolpassword S, rolvaliduntil S, rolbypassrls B, rolconfig S[], oid O`, roles},
		{"pg_authid", `oid O, rolname S, rolsuper B, rolinherit B, rolcreaterole B, rolcreatedb B, rolcanlogin B, rolreplication B, rolbypassrls B,
			rolconnlimit I4, rolpassword S, rolvaliduntil S`, roles},
		{"pg_user", "usename S, usesysid O, usecreatedb B, usesuper B, userepl B, usebypassrls B, passwd S, valuntil S, useconfig S[]", users},
		{"pg_settings", `name S, setting S, unit S, category S, short_desc S, extra_desc S, context S, vartype S, source S, min_val S, max_val S,
			enumvals S[], boot_val S, reset_val S, sourcefile S, sourceline I4, pending_restart B`, settings},
		{"pg_index", `indexrelid O, indrelid O, indnatts I2, indnkeyatts I2, indisunique B, indnullsnotdistinct B, indisprimary B, indisexclusion B,
			indimmediate B, indisclustered B, indisvalid B, indcheckxmin B, indisready B, indislive B, indisreplident B, indkey V2, indcollation VO,
			indclass VO, indoption V2, indexprs S, indpred S`, indexes},
		{"pg_indexes", "schemaname S, tablename S, indexname S, tablespace S, indexdef S", indexTexts},
		{"pg_constraint", `oid O, conname S, connamespace O, contype C, condeferrable B, condeferred B, convalidated B, conrelid O, contypid O,
			conindid O, conparentid O, confrelid O, confupdtype C, confdeltype C, confmatchtype C, conislocal B, coninhcount I2, connoinherit B,
			conkey I2[], confkey I2[], conpfeqop O[], conppeqop O[], conffeqop O[], confdelsetcols I2[], conexclop O[], conbin S`, constraints},
		{"pg_attrdef", "oid O, adrelid O, adnum I2, adbin S", defaults},
		{"pg_description", "objoid O, classoid O, objsubid I4, description S", descriptions},
		{"pg_am", "oid O, amname S, amhandler S, amtype C", func(_ *Source, w *writer) {
			w.add(cells{"oid": heapAM, "amname": "heap", "amhandler": "heap_tableam_handler", "amtype": "t"})
			w.add(cells{"oid": btreeAM, "amname": "btree", "amhandler": "bthandler", "amtype": "i"})
		}},
		{"pg_collation", `oid O, collname S, collnamespace O, collowner O, collprovider C, collisdeterministic B, collencoding I4, collcollate S,
			collctype S, colliculocale S, collicurules S, collversion S`, func(_ *Source, w *writer) {
			w.add(cells{"oid": 100, "collname": "default", "collnamespace": 11, "collowner": owner, "collprovider": "d", "collencoding": -1})
			w.add(cells{"oid": 950, "collname": "C", "collnamespace": 11, "collowner": owner, "collprovider": "c", "collencoding": -1})
		}},
		{"pg_tablespace", "oid O, spcname S, spcowner O, spcacl S[], spcoptions S[]", func(_ *Source, w *writer) {
			w.add(cells{"oid": defaultSpace, "spcname": "pg_default", "spcowner": owner})
		}},
		{"pg_language", "oid O, lanname S, lanowner O, lanispl B, lanpltrusted B, lanplcallfoid O, laninline O, lanvalidator O, lanacl S[]", func(_ *Source, w *writer) {
			w.add(cells{"oid": 14, "lanname": "sql", "lanowner": owner, "lanpltrusted": true})
		}},
		{indexDefinitions, "oid O, definition S", func(s *Source, w *writer) {
			s.keyed(func(r *relation) { w.definition(r.oid+indexOffset, func() string { return indexText(r) }) })
		}},
		{constraintDefinitions, "oid O, definition S", func(s *Source, w *writer) {
			s.keyed(func(r *relation) { w.definition(r.oid+constraintOffset, func() string { return constraintText(r) }) })
		}},
		{viewDefinitions, "oid O, definition S", func(s *Source, w *writer) {
			for _, v := range s.Catalog.AllViews() {
				w.definition(TableOID(v.ID), func() string { return v.Query })
			}
		}},
		{namesTable, "oid O, name S", names},
		{keywordsTable, "word S, catcode C, barelabel B, catdesc S, baredesc S", keywords},
	}, empties()...)
}

func namespaces(s *Source, w *writer) {
	names := []string{Name, infoschema.Name}
	for _, d := range s.Catalog.Databases() {
		names = append(names, d.Name)
	}
	for _, n := range names {
		w.add(cells{"oid": NamespaceOID(n), "nspname": n, "nspowner": owner})
	}
}

func classes(s *Source, w *writer) {
	for _, r := range s.relations() {
		space := NamespaceOID(r.database)
		if !w.Number("relnamespace", int64(space)) {
			continue
		}
		if w.Number("oid", int64(r.oid)) && w.Text("relname", r.name) {
			w.row(func(column string) any { return r.class(column, space) })
		}
		if key := r.oid + indexOffset; r.table != nil && w.Number("oid", int64(key)) && w.Text("relname", r.name+"_pkey") {
			w.row(func(column string) any { return r.keyClass(column, space) })
		}
	}
}

// class is a column of the row of pg_class of a table or view.
func (r *relation) class(column string, space uint32) any {
	switch column {
	case "oid":
		return r.oid
	case "relname":
		return r.name
	case "relnamespace":
		return space
	case "relowner":
		return owner
	case "relam":
		if r.kind != "v" {
			return heapAM
		}
	case "relfilenode":
		if r.kind != "v" {
			return r.oid
		}
	case "reltuples":
		return -1
	case "relpersistence":
		return "p"
	case "relkind":
		return r.kind
	case "relnatts":
		return len(r.columns())
	case "relispopulated":
		return true
	case "relreplident":
		return "d"
	case "relhasindex":
		return r.table != nil
	case "relhasrules":
		return r.kind == "v"
	}
	return nil
}

// keyClass is a column of the row of pg_class of a table's key.
func (r *relation) keyClass(column string, space uint32) any {
	switch column {
	case "oid", "relfilenode":
		return r.oid + indexOffset
	case "relname":
		return r.name + "_pkey"
	case "relnamespace":
		return space
	case "relowner":
		return owner
	case "relam":
		return btreeAM
	case "reltuples":
		return -1
	case "relpersistence":
		return "p"
	case "relkind":
		return "i"
	case "relnatts":
		places, _ := r.key()
		return len(places)
	case "relispopulated":
		return true
	case "relreplident":
		return "n"
	}
	return nil
}

func attributes(s *Source, w *writer) {
	for _, r := range s.relations() {
		if w.Number("attrelid", int64(r.oid)) {
			columns := r.columns()
			for i := range columns {
				w.row(func(column string) any { return attribute(column, r.oid, i+1, &columns[i]) })
			}
		}
		if key := r.oid + indexOffset; r.table != nil && w.Number("attrelid", int64(key)) {
			columns := r.columns()
			places, _ := keyColumns(r.table, columns)
			for i, place := range places {
				n, _ := strconv.Atoi(place)
				c := model.Column{Name: columns[n-1].Name, Type: columns[n-1].Type, Nullable: true}
				w.row(func(column string) any { return attribute(column, key, i+1, &c) })
			}
		}
	}
}

// attribute is a column of a row of pg_attribute.
func attribute(column string, table uint32, n int, c *model.Column) any {
	switch column {
	case "attrelid":
		return table
	case "attname":
		return c.Name
	case "atttypid":
		oid, _, _ := typeOID(c.Type)
		return oid
	case "attlen":
		_, size, _ := typeOID(c.Type)
		return size
	case "attnum":
		return n
	case "attcacheoff", "attstattarget":
		return -1
	case "atttypmod":
		_, _, modifier := typeOID(c.Type)
		return modifier
	case "attbyval":
		_, size, _ := typeOID(c.Type)
		return size > 0 && size <= 8
	case "attalign":
		return "i"
	case "attstorage":
		if c.Type.Kind == model.KindString {
			return "x"
		}
		return "p"
	case "attcompression", "attidentity", "attgenerated":
		return ""
	case "attnotnull":
		return !c.Nullable
	case "atthasdef":
		return c.Default != nil
	case "attislocal":
		return true
	case "attcollation":
		if c.Type.Kind == model.KindString {
			return 100
		}
	}
	return nil
}

func databases(s *Source, w *writer) {
	w.add(cells{"oid": databaseOID, "datname": model.DefaultCatalog, "datdba": owner, "encoding": 6, "datlocprovider": "c", "datallowconn": true,
		"datconnlimit": -1, "dattablespace": defaultSpace, "datcollate": "C", "datctype": "C.UTF-8"})
}

func tables(s *Source, w *writer) {
	for _, r := range s.relations() {
		if r.kind == "r" && w.Text("schemaname", r.database) && w.Text("tablename", r.name) {
			w.add(cells{"schemaname": r.database, "tablename": r.name, "tableowner": "greptime", "hasindexes": r.table != nil})
		}
	}
}

// statioColumns are those of views about the reading of tables, of which only the tables are known.
const statioColumns = `relid O, schemaname S, relname S, heap_blks_read I8, heap_blks_hit I8, idx_blks_read I8, idx_blks_hit I8, toast_blks_read I8,
	toast_blks_hit I8, tidx_blks_read I8, tidx_blks_hit I8`

func statio(s *Source, w *writer) {
	s.keyed(func(r *relation) {
		if w.Text("schemaname", r.database) && w.Text("relname", r.name) && w.Number("relid", int64(r.oid)) {
			w.add(cells{"relid": r.oid, "schemaname": r.database, "relname": r.name})
		}
	})
}

func viewText(r *relation) string {
	if r.view != nil {
		return r.view.Query
	}
	return ""
}

func views(s *Source, w *writer) {
	for _, r := range s.relations() {
		if r.kind == "v" {
			w.add(cells{"schemaname": r.database, "viewname": r.name, "viewowner": "greptime", "definition": viewText(&r)})
		}
	}
}

func roles(_ *Source, w *writer) {
	w.add(cells{"rolname": "greptime", "rolsuper": true, "rolinherit": true, "rolcreaterole": true, "rolcreatedb": true, "rolcanlogin": true,
		"rolconnlimit": -1, "rolpassword": "********", "oid": owner})
}

func users(_ *Source, w *writer) {
	w.add(cells{"usename": "greptime", "usesysid": owner, "usecreatedb": true, "usesuper": true, "passwd": "********"})
}

func settings(_ *Source, w *writer) {
	for _, kv := range [][2]string{{"max_index_keys", "32"}, {"max_identifier_length", "63"}, {"server_encoding", "UTF8"}, {"client_encoding", "UTF8"},
		{"server_version_num", "160003"}, {"standard_conforming_strings", "on"}, {"integer_datetimes", "on"}, {"block_size", "8192"},
		{"default_transaction_isolation", "read committed"}} {
		w.add(cells{"name": kv[0], "setting": kv[1], "category": "Preset Options", "short_desc": "", "context": "internal", "vartype": "string",
			"source": "default", "boot_val": kv[1], "reset_val": kv[1]})
	}
}

// keyed calls f for every table that has a key.
func (s *Source) keyed(f func(r *relation)) {
	for _, t := range s.Catalog.AllTables() {
		f(s.ofTable(t))
	}
}

func indexes(s *Source, w *writer) {
	s.keyed(func(r *relation) {
		if !w.Number("indexrelid", int64(r.oid+indexOffset)) || !w.Number("indrelid", int64(r.oid)) {
			return
		}
		var places []string
		if w.Wants("indnatts", "indnkeyatts", "indkey", "indcollation", "indclass", "indoption") {
			places, _ = r.key()
		}
		zeros := strings.TrimSuffix(strings.Repeat("0 ", len(places)), " ")
		w.add(cells{"indexrelid": r.oid + indexOffset, "indrelid": r.oid, "indnatts": len(places), "indnkeyatts": len(places), "indisunique": true,
			"indisprimary": true, "indimmediate": true, "indisvalid": true, "indisready": true, "indislive": true,
			"indkey": strings.Join(places, " "), "indcollation": zeros, "indclass": zeros, "indoption": zeros})
	})
}

func indexText(r *relation) string {
	_, names := r.key()
	return "CREATE UNIQUE INDEX " + QuoteIdent(r.name+"_pkey") + " ON " + QuoteIdent(r.database) + "." + QuoteIdent(r.name) + " USING btree (" +
		strings.Join(names, ", ") + ")"
}

func indexTexts(s *Source, w *writer) {
	s.keyed(func(r *relation) {
		if !w.Text("schemaname", r.database) || !w.Text("tablename", r.name) {
			return
		}
		w.row(func(column string) any {
			switch column {
			case "schemaname":
				return r.database
			case "tablename":
				return r.name
			case "indexname":
				return r.name + "_pkey"
			case "indexdef":
				return indexText(r)
			}
			return nil
		})
	})
}

const constraintOffset = indexOffset + 1<<28

func constraints(s *Source, w *writer) {
	s.keyed(func(r *relation) {
		if !w.Number("oid", int64(r.oid+constraintOffset)) || !w.Number("conrelid", int64(r.oid)) {
			return
		}
		var places []string
		if w.Wants("conkey") {
			places, _ = r.key()
		}
		w.add(cells{"oid": r.oid + constraintOffset, "conname": r.name + "_pkey", "connamespace": NamespaceOID(r.database), "contype": "p",
			"convalidated": true, "conrelid": r.oid, "conindid": r.oid + indexOffset, "confupdtype": " ", "confdeltype": " ", "confmatchtype": " ",
			"conislocal": true, "connoinherit": true, "conkey": array(places)})
	})
}

func defaults(s *Source, w *writer) {
	for _, r := range s.relations() {
		if !w.Number("adrelid", int64(r.oid)) {
			continue
		}
		for i, c := range r.columns() {
			if c.Default != nil {
				w.add(cells{"oid": defaultOID(r.oid, i+1), "adrelid": r.oid, "adnum": i + 1, "adbin": defaultText(&c)})
			}
		}
	}
}

// defaultText is a default as PostgreSQL's pg_get_expr prints it: what is not a number with its type.
func defaultText(c *model.Column) string {
	text := infoschema.DefaultText(c)
	if c.Default.Func != "" || c.Default.Value.Null() {
		return text
	}
	switch {
	case c.Type.Kind == model.KindString, c.Type.IsTimestamp(), c.Type.Kind == model.KindDate, c.Type.Kind == model.KindJSON:
		oid, _, _ := typeOID(c.Type)
		return "'" + strings.ReplaceAll(text, "'", "''") + "'::" + TypeNames()[oid]
	}
	return text
}

func descriptions(s *Source, w *writer) {
	for _, r := range s.relations() {
		if r.table == nil || !w.Number("objoid", int64(r.oid)) {
			continue
		}
		if text := r.table.Options["comment"]; text != "" {
			w.add(cells{"objoid": r.oid, "classoid": classClass, "description": text})
		}
		for i, c := range r.columns() {
			if text := c.Comment; text != "" {
				w.add(cells{"objoid": r.oid, "classoid": classClass, "objsubid": i + 1, "description": text})
			}
		}
	}
}

// definition adds the text of an object.
func (w *writer) definition(oid uint32, text func() string) {
	if !w.Number("oid", int64(oid)) {
		return
	}
	w.row(func(column string) any {
		if column == "oid" {
			return oid
		}
		return text()
	})
}

func constraintText(r *relation) string {
	_, names := r.key()
	return "PRIMARY KEY (" + strings.Join(names, ", ") + ")"
}

// names are those that a cast to regclass reads: with their database, and those of pg_catalog without it too.
func names(s *Source, w *writer) {
	for _, r := range s.relations() {
		for _, oid := range []uint32{r.oid, r.oid + indexOffset} {
			name := r.name
			if oid != r.oid {
				if r.table == nil {
					continue
				}
				name += "_pkey"
			}
			w.add(cells{"oid": oid, "name": QuoteIdent(r.database) + "." + QuoteIdent(name)})
			if r.database == Name {
				w.add(cells{"oid": oid, "name": QuoteIdent(name)})
			}
		}
	}
}

func keywords(_ *Source, w *writer) {
	for _, word := range sql.ReservedWords() {
		w.add(cells{"word": word, "catcode": "R", "catdesc": "reserved", "baredesc": "can be bare label", "barelabel": true})
	}
}

// baseType is a type of PostgreSQL that clients may meet.
type baseType struct {
	oid      uint32
	name     string
	size     int
	category string
	array    uint32
	display  string // as format_type prints it
}

// baseTypes is never changed.
var baseTypes = []baseType{
	{16, "bool", 1, "B", 1000, "boolean"}, {17, "bytea", -1, "U", 1001, "bytea"}, {18, "char", 1, "Z", 1002, `"char"`}, {19, "name", 64, "S", 1003, "name"},
	{20, "int8", 8, "N", 1016, "bigint"}, {21, "int2", 2, "N", 1005, "smallint"}, {22, "int2vector", -1, "A", 1006, "int2vector"},
	{23, "int4", 4, "N", 1007, "integer"}, {24, "regproc", 4, "N", 1008, "regproc"}, {25, "text", -1, "S", 1009, "text"}, {26, "oid", 4, "N", 1028, "oid"},
	{28, "xid", 4, "U", 1011, "xid"}, {30, "oidvector", -1, "A", 1013, "oidvector"}, {114, "json", -1, "U", 199, "json"},
	{700, "float4", 4, "N", 1021, "real"}, {701, "float8", 8, "N", 1022, "double precision"}, {705, "unknown", -2, "X", 0, "unknown"},
	{1042, "bpchar", -1, "S", 1014, "character"}, {1043, "varchar", -1, "S", 1015, "character varying"}, {1082, "date", 4, "D", 1182, "date"},
	{1083, "time", 8, "D", 1183, "time without time zone"}, {1114, "timestamp", 8, "D", 1115, "timestamp without time zone"},
	{1184, "timestamptz", 8, "D", 1185, "timestamp with time zone"}, {1186, "interval", 16, "T", 1187, "interval"},
	{1700, "numeric", -1, "N", 1231, "numeric"}, {2205, "regclass", 4, "N", 2210, "regclass"}, {2206, "regtype", 4, "N", 2211, "regtype"},
	{2249, "record", -1, "P", 2287, "record"}, {2278, "void", 4, "P", 0, "void"}, {2950, "uuid", 16, "U", 2951, "uuid"},
	{3802, "jsonb", -1, "U", 3807, "jsonb"}, {4089, "regnamespace", 4, "N", 4090, "regnamespace"},
}

// TypeNames gives what format_type prints, by OID.
func TypeNames() map[uint32]string {
	m := map[uint32]string{}
	for _, t := range baseTypes {
		m[t.oid] = t.display
		if t.array != 0 {
			m[t.array] = t.display + "[]"
		}
	}
	return m
}

// TypeOID finds a type by either of its names.
func TypeOID(name string) (uint32, bool) {
	name = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(name), "pg_catalog."))
	elem, isArray := strings.CutSuffix(name, "[]")
	for _, t := range baseTypes {
		if t.name == elem || t.display == elem || elem == "int" && t.oid == 23 || elem == "string" && t.oid == 1043 || elem == "double" && t.oid == 701 {
			if isArray {
				return t.array, t.array != 0
			}
			return t.oid, true
		}
	}
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return uint32(n), true
	}
	return 0, false
}

func types(_ *Source, w *writer) {
	row := func(oid uint32, name string, size int, kind, category string, elem, array uint32) {
		sub := ""
		if elem != 0 {
			sub = "array_subscript_handler"
		}
		in, out := name+"in", name+"out"
		if name[0] == '_' {
			in, out = "array_in", "array_out"
		}
		collation := 0
		if category == "S" {
			collation = 100
		}
		w.add(cells{"typcollation": collation, "oid": oid, "typname": name, "typnamespace": 11, "typowner": owner, "typlen": size, "typbyval": size > 0 && size <= 8, "typtype": kind,
			"typcategory": category, "typispreferred": oid == 16 || oid == 25 || oid == 701 || oid == 1184 || oid == 1186, "typisdefined": true, "typdelim": ",",
			"typsubscript": sub, "typelem": elem, "typarray": array, "typinput": in, "typoutput": out, "typreceive": name + "recv", "typsend": name + "send",
			"typalign": "i", "typstorage": "p", "typtypmod": -1})
	}
	for _, t := range baseTypes {
		kind := "b"
		if t.category == "P" {
			kind = "p"
		}
		elem := uint32(0)
		switch t.oid {
		case wire.OIDInt2Vector:
			elem = wire.OIDInt2
		case wire.OIDOidVector:
			elem = wire.OIDOid
		}
		row(t.oid, t.name, t.size, kind, t.category, elem, t.array)
		if t.array != 0 {
			row(t.array, "_"+t.name, -1, "b", "A", t.oid, 0)
		}
	}
}
