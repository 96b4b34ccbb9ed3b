package infoschema

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goptimedb/goptimedb/internal/catalog"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

const cat = model.DefaultCatalog

// definitions are the tables. Those without a function are always empty: they are there because clients ask for them.
func definitions() []*definition {
	return []*definition{
		{"tables", 3, `table_catalog S, table_schema S, table_name S, table_type S, table_id U32, data_length U64, max_data_length U64, index_length U64,
			max_index_length U64, avg_row_length U64, engine S, version U64, row_format S, table_rows U64, data_free U64, auto_increment U64, create_time TsS,
			update_time TsS, check_time TsS, table_collation S, checksum U64, create_options S, table_comment S, temporary S`, tables},
		{"columns", 4, `table_catalog S, table_schema S, table_name S, column_name S, ordinal_position I64, character_maximum_length I64,
			character_octet_length I64, numeric_precision I64, numeric_scale I64, datetime_precision I64, character_set_name S, collation_name S,
			column_key S, extra S, privileges S, generation_expression S, greptime_data_type S, data_type S, semantic_type S, column_default S,
			is_nullable S, column_type S, column_comment S, srs_id I64`, columns},
		{"engines", 5, "engine S, support S, comment S, transactions S, xa S, savepoints S", func(_ context.Context, _ *Source, w *writer) error {
			w.add("mito", "DEFAULT", "Storage engine for time-series data", "NO", "NO", "NO")
			w.add("metric", "YES", "Storage engine for observability scenarios, many small tables on one wide one", "NO", "NO", "NO")
			return nil
		}},
		{"column_privileges", 6, "grantee S, table_catalog S, table_schema S, table_name S, column_name S, privilege_type S, is_grantable S", nil},
		{"column_statistics", 7, "schema_name S, table_name S, column_name S, histogram S", nil},
		{"build_info", 8, "git_branch S, git_commit S, git_commit_short S, git_clean S, pkg_version S", func(_ context.Context, s *Source, w *writer) error {
			w.add(s.Branch, s.Commit, s.Commit[:min(8, len(s.Commit))], "true", s.Version)
			return nil
		}},
		{"character_sets", 9, "character_set_name S, default_collate_name S, description S, maxlen I64", func(_ context.Context, _ *Source, w *writer) error {
			w.add("utf8", "utf8_bin", "UTF-8 Unicode", 4)
			return nil
		}},
		{"collations", 10, "collation_name S, character_set_name S, id I64, is_default S, is_compiled S, sortlen I64", func(_ context.Context, _ *Source, w *writer) error {
			w.add("utf8_bin", "utf8", 1, "Yes", "Yes", 1)
			return nil
		}},
		{"collation_character_set_applicability", 11, "collation_name S, character_set_name S", func(_ context.Context, _ *Source, w *writer) error {
			w.add("utf8_bin", "utf8")
			return nil
		}},
		{"check_constraints", 12, "constraint_catalog S, constraint_schema S, constraint_name S, check_clause S", nil},
		{"events", 13, `event_catalog S, event_schema S, event_name S, definer S, time_zone S, event_body S, event_definition S, event_type S, execute_at TsUs,
			interval_value I64, interval_field S, sql_mode S, starts TsUs, ends TsUs, status S, on_completion S, created TsUs, last_altered TsUs,
			last_executed TsUs, event_comment S, originator I64, character_set_client S, collation_connection S, database_collation S`, nil},
		{"files", 14, `file_id I64, file_name S, file_type S, tablespace_name S, table_catalog S, table_schema S, table_name S, logfile_group_name S,
			logfile_group_number I64, engine S, fulltext_keys S, deleted_rows I64, update_count I64, free_extents I64, total_extents I64, extent_size I64,
			initial_size I64, maximum_size I64, autoextend_size I64, creation_time TsUs, last_update_time TsUs, last_access_time TsUs, recover_time TsUs,
			transaction_counter I64, version S, row_format S, table_rows I64, avg_row_length I64, data_length I64, max_data_length I64, index_length I64,
			data_free I64, create_time TsUs, update_time TsUs, check_time TsUs, checksum S, status S, extra S`, nil},
		{"optimizer_trace", 17, "query S, trace S, missing_bytes_beyond_max_mem_size I64, insufficient_privileges I64", nil},
		{"parameters", 18, `specific_catalog S, specific_schema S, specific_name S, ordinal_position I64, parameter_mode S, parameter_name S, data_type S,
			character_maximum_length I64, character_octet_length I64, numeric_precision I64, numeric_scale I64, datetime_precision I64,
			character_set_name S, collation_name S, dtd_identifier S, routine_type S`, nil},
		{"profiling", 20, `query_id I64, seq I64, state S, duration I64, cpu_user I64, cpu_system I64, context_voluntary I64, context_involuntary I64,
			block_ops_in I64, block_ops_out I64, messages_sent I64, messages_received I64, page_faults_major I64, page_faults_minor I64, swaps I64,
			source_function S, source_file S, source_line I64`, nil},
		{"routines", 21, `specific_name S, routine_catalog S, routine_schema S, routine_name S, routine_type S, data_type S, character_maximum_length I64,
			character_octet_length I64, numeric_precision I64, numeric_scale I64, datetime_precision I64, character_set_name S, collation_name S,
			dtd_identifier S, routine_body S, routine_definition S, external_name S, external_language S, parameter_style S, is_deterministic S,
			sql_data_access S, sql_path S, security_type S, created TsUs, last_altered TsUs, sql_mode S, routine_comment S, definer S,
			character_set_client S, collation_connection S, database_collation S`, nil},
		{"triggers", 24, `trigger_catalog S, trigger_schema S, trigger_name S, event_manipulation S, event_object_catalog S, event_object_schema S,
			event_object_table S, action_order I64, action_condition S, action_statement S, action_orientation S, action_timing S,
			action_reference_old_table S, action_reference_new_table S, action_reference_old_row S, action_reference_new_row S, created TsUs, sql_mode S,
			definer S, character_set_client S, collation_connection S, database_collation S`, nil},
		{"key_column_usage", 16, `constraint_catalog S, constraint_schema S, constraint_name S, table_catalog S, real_table_catalog S, table_schema S, table_name S,
			column_name S, ordinal_position U32, position_in_unique_constraint U32, referenced_table_schema S, referenced_table_name S,
			referenced_column_name S, greptime_index_type S`, keyColumnUsage},
		{"referential_constraints", 19, `constraint_catalog S, constraint_schema S, constraint_name S, unique_constraint_catalog S, unique_constraint_schema S,
			unique_constraint_name S, match_option S, update_rule S, delete_rule S, table_name S, referenced_table_name S`, nil},
		{"schema_privileges", 22, "grantee S, table_catalog S, table_schema S, privilege_type S, is_grantable S", nil},
		{"table_privileges", 23, "grantee S, table_catalog S, table_schema S, table_name S, privilege_type S, is_grantable S", nil},
		{"schemata", 15, "catalog_name S, schema_name S, default_character_set_name S, default_collation_name S, sql_path S, options S", schemata},
		{"global_status", 25, "variable_name S, variable_value S", nil},
		{"session_status", 26, "variable_name S, variable_value S", nil},
		{"partitions", 28, `table_catalog S, table_schema S, table_name S, partition_name S, subpartition_name S, partition_ordinal_position I64,
			subpartition_ordinal_position I64, partition_method S, subpartition_method S, partition_expression S, subpartition_expression S,
			partition_description S, table_rows I64, avg_row_length I64, data_length I64, max_data_length I64, index_length I64, data_free I64,
			create_time TsS, update_time TsS, check_time TsS, checksum I64, partition_comment S, nodegroup S, tablespace_name S,
			greptime_partition_id U64`, partitions},
		{"region_peers", 29, `table_catalog S, table_schema S, table_name S, region_id U64, peer_id U64, peer_addr S, is_leader S, status S, down_seconds I64`, regionPeers},
		{"table_constraints", 30, `constraint_catalog S, constraint_schema S, constraint_name S, table_schema S, table_name S, constraint_type S, enforced S`, tableConstraints},
		{"cluster_info", 31, `peer_id I64, peer_type S, peer_addr S, peer_hostname S, total_cpu_millicores I64, total_memory_bytes I64, cpu_usage_millicores I64,
			memory_usage_bytes I64, version S, git_commit S, start_time TsMs, uptime S, active_time S, node_status S`, func(_ context.Context, s *Source, w *writer) error {
			w.add(0, "STANDALONE", "", "", nil, nil, nil, nil, s.Version, s.Commit, s.Started)
			return nil
		}},
		{"views", 32, `table_catalog S, table_schema S, table_name S, view_definition S, check_option S, is_updatable B, definer S, security_type S,
			character_set_client S, collation_connection S`, views},
		{"flows", 33, `flow_name S, flow_id U32, state_size U64, table_catalog S, flow_definition S, comment S, expire_after I64, source_table_ids S,
			sink_table_name S, flownode_ids S, options S, created_time TsMs, updated_time TsMs, last_execution_time TsMs, source_table_names S,
			flownode_addrs S`, nil},
		{"procedure_info", 34, "procedure_id S, procedure_type S, start_time TsMs, end_time TsMs, status S, lock_keys S", nil},
		{"region_statistics", 35, `region_id U64, table_id U32, region_number U32, region_rows U64, written_bytes_since_open U64, query_cpu_time_millis U64,
			query_scanned_bytes U64, disk_size U64, memtable_size U64, manifest_size U64, sst_size U64, sst_num U64, index_size U64, engine S,
			region_role S`, regionStatistics},
		{"region_info", 46, `region_id U64, table_id U32, region_number U32, region_group U8, region_sequence U32, state S, role S, writable B,
			committed_sequence U64, flushed_sequence U64, manifest_version U64, compaction_time_window S, region_options S, sst_format S, node_id U64`, regionInfo},
		{"ssts_manifest", 38, `table_dir S, region_id U64, table_id U32, region_number U32, region_group U8, region_sequence U32, file_id S, index_version U64,
			level U8, file_path S, file_size U64, index_file_path S, index_file_size U64, num_rows U64, num_row_groups U64, num_series U64, min_ts TsNs,
			max_ts TsNs, sequence U64, origin_region_id U64, node_id U64, visible B, primary_key_min Bin, primary_key_max Bin`, sstsManifest},
		{"ssts_storage", 39, "file_path S, file_size U64, last_modified_ms TsMs, node_id U64", sstsStorage},
		{"ssts_index_meta", 40, `table_dir S, index_file_path S, region_id U64, table_id U32, region_number U32, region_group U8, region_sequence U32, file_id S,
			index_file_size U64, index_type S, target_type S, target_key S, target_json S, blob_size U64, meta_json S, node_id U64`, sstsIndexMeta},
		{"process_list", 36, "id S, catalog S, schemas S, query S, client S, frontend S, start_timestamp TsMs, elapsed_time Dms", processes},
		{"statistics", 37, `table_catalog S, table_schema S, table_name S, non_unique I64, index_schema S, index_name S, seq_in_index I64, column_name S,
			collation S, cardinality I64, sub_part I64, packed S, nullable S, index_type S, comment S, index_comment S, is_visible S, expression S,
			greptime_index_type S`, statistics},
		{"memory_usage", 50, "account S, used_bytes U64, soft_limit_bytes U64, hard_limit_bytes U64, shrinks B", memoryUsage},
		{"table_semantics", 44, `table_catalog S, table_schema S, table_name S, table_id U32, signal_type S, source S, source_version S, pipeline S,
			metadata_quality S, semantic_options S`, tableSemantics},
		{"flow_statistics", 45, "flow_id U32, flow_name S, start_time TsMs, last_execution_time TsMs, uptime_seconds I64, state_size U64", nil},
	}
}

// memoryUsage is of this product alone: the accounts of the memory budget, and what is outside of it.
func memoryUsage(_ context.Context, s *Source, w *writer) error {
	if s.Memory == nil {
		return nil
	}
	limit := func(n int64) any {
		if n <= 0 {
			return nil // none
		}
		return n
	}
	for _, u := range s.Memory() {
		used := any(u.Used)
		if u.Used < 0 {
			used = nil // not known
		}
		w.add(u.Name, used, limit(u.Soft), limit(u.Hard), u.Shrinks)
	}
	return nil
}

func tables(ctx context.Context, s *Source, w *writer) error {
	var stats map[model.TableID]contract.RegionStatistics
	if w.Wants("data_length", "index_length", "avg_row_length", "table_rows") {
		var err error
		if stats, err = s.statistics(ctx); err != nil {
			return err
		}
	}
	for t := range s.system(w) {
		w.add(cat, Name, t.Name, "LOCAL TEMPORARY", int(t.ID), 0, 0, 0, 0, 0, "", 11, "Fixed", 0, 0, 0, nil, nil, nil, "utf8_bin", 0, "", nil, "Y")
	}
	for t := range s.tables(w) {
		st := stats[t.ID]
		var avg uint64
		if st.Rows > 0 {
			avg = uint64(st.SSTBytes) / st.Rows
		}
		w.add(t.Catalog, t.Database, t.Name, "BASE TABLE", int(t.ID), st.SSTBytes, 0, st.IndexBytes, 0, avg, t.Engine, 11, "Fixed", st.Rows, 0, 0,
			t.Created, t.Created, nil, "utf8_bin", 0, OptionText(t.Options), t.Comment, "N")
	}
	for v := range s.views(w) {
		w.add(v.Catalog, v.Database, v.Name, "VIEW", int(v.ID), 0, 0, 0, 0, 0, "", 11, "Fixed", 0, 0, 0, v.Created, v.Created, nil, "utf8_bin", 0, "", nil, "N")
	}
	return nil
}

func columns(_ context.Context, s *Source, w *writer) error {
	for t := range s.system(w) {
		for i := range t.Schema.Columns {
			column(w, Name, t.Name, i, &t.Schema.Columns[i])
		}
	}
	for t := range s.tables(w) {
		shown := s.Catalog.Shown(t)
		for i := range shown.Columns {
			column(w, t.Database, t.Name, i, &shown.Columns[i])
		}
	}
	for v := range s.views(w) {
		for i, c := range ViewColumns(v) {
			column(w, v.Database, v.Name, i, &c)
		}
	}
	return nil
}

// decimalDigits are how many digits integers of each kind have at most.
func decimalDigits(t model.Type) any {
	switch t.Kind {
	case model.KindInt8, model.KindUint8:
		return 3
	case model.KindInt16, model.KindUint16:
		return 5
	case model.KindInt32, model.KindUint32:
		return 10
	case model.KindInt64:
		return 19
	case model.KindUint64:
		return 20
	case model.KindFloat32:
		return 12
	case model.KindFloat64:
		return 22
	case model.KindDecimal:
		return int(t.Precision)
	}
	return nil
}

func column(w *writer, database, table string, i int, c *model.Column) {
	var length, scale, datetime, charset, collation, def any
	switch {
	case c.Type.Kind == model.KindString:
		length, charset, collation = 2147483647, "utf8", "utf8_bin"
	case c.Type.Kind == model.KindBinary:
		length = 2147483647
	case c.Type.Kind == model.KindDecimal:
		scale = int(c.Type.Scale)
	case c.Type.Numeric():
		scale = 0
	case c.Type.IsTimestamp():
		datetime = 3 * int(c.Type.Unit)
	}
	if c.Default != nil {
		def = DefaultText(c)
	}
	sqlType := strings.ToLower(c.Type.SQL())
	w.add(cat, database, table, c.Name, i+1, length, length, decimalDigits(c.Type), scale, datetime, charset, collation, columnKey(c), "",
		"select,insert", "", c.Type.String(), sqlType, c.Semantic.String(), def, yesNo(c.Nullable), sqlType, c.Comment)
}

func schemata(_ context.Context, s *Source, w *writer) error {
	for _, name := range s.databases() {
		var options []string
		if d, err := s.Catalog.Database(name); err == nil {
			for _, k := range slices.Sorted(maps.Keys(d.Options)) {
				options = append(options, fmt.Sprintf("%s='%s'", k, d.Options[k]))
			}
		}
		w.add(cat, name, "utf8", "utf8_bin", nil, strings.Join(options, "\n"))
	}
	return nil
}

func keyColumnUsage(_ context.Context, s *Source, w *writer) error {
	for t := range s.tables(w) {
		add := func(constraint string, c *model.Column, position int, style string) {
			w.add("def", t.Database, constraint, "def", t.Catalog, t.Database, t.Name, c.Name, position, nil, nil, nil, nil, style)
		}
		add("TIME INDEX", t.Schema.Time(), 1, "")
		for i, c := range t.Schema.Tags() {
			add("PRIMARY", c, i+1, "dense")
		}
		for i := range t.Schema.Columns {
			c := &t.Schema.Columns[i]
			for _, x := range indexes(c) {
				add(x.kind+" INDEX", c, i+1, x.style)
			}
		}
	}
	return nil
}

func tableConstraints(_ context.Context, s *Source, w *writer) error {
	for t := range s.tables(w) {
		w.add("def", t.Database, "TIME INDEX", t.Database, t.Name, "TIME INDEX", "YES")
		if len(t.Schema.PrimaryKey) > 0 {
			w.add("def", t.Database, "PRIMARY", t.Database, t.Name, "PRIMARY KEY", "YES")
		}
	}
	return nil
}

func statistics(_ context.Context, s *Source, w *writer) error {
	for t := range s.tables(w) {
		add := func(unique int, name string, seq int, c *model.Column, kind, style string) {
			nullable := ""
			if c.Nullable {
				nullable = "YES"
			}
			w.add(t.Catalog, t.Database, t.Name, unique, t.Database, name, seq, c.Name, "A", nil, nil, nil, nullable, kind, "", "", "YES", nil, style)
		}
		for i, c := range t.Schema.Tags() {
			add(0, "PRIMARY", i+1, c, "PRIMARY", "dense")
		}
		add(1, "TIME INDEX", 1, t.Schema.Time(), "TIME", "")
		for i := range t.Schema.Columns {
			c := &t.Schema.Columns[i]
			for _, x := range indexes(c) {
				add(1, x.name+c.Name, 1, c, x.kind, x.style)
			}
		}
	}
	return nil
}

func eachRegion(s *Source, w *writer, f func(t *catalog.Table, n int, id model.RegionID)) {
	for t := range s.tables(w) {
		for i, id := range t.Regions {
			f(t, i, id)
		}
	}
}

func partitions(_ context.Context, s *Source, w *writer) error {
	eachRegion(s, w, func(t *catalog.Table, n int, id model.RegionID) {
		var columns, rule any
		if p := t.Partition; p != nil {
			names := make([]string, len(p.Columns))
			for i, id := range p.Columns {
				if c := t.Schema.Column(id); c != nil {
					names[i] = c.Name
				}
			}
			columns, rule = strings.Join(names, ", "), p.Texts[n]
		}
		w.add(t.Catalog, t.Database, t.Name, fmt.Sprintf("p%d", n), nil, n+1, nil, "RANGE", nil, columns, nil, rule, nil, nil, nil, nil, nil, nil,
			t.Created, nil, nil, nil, nil, nil, nil, uint64(id))
	})
	return nil
}

func regionPeers(_ context.Context, s *Source, w *writer) error {
	eachRegion(s, w, func(t *catalog.Table, _ int, id model.RegionID) {
		w.add(t.Catalog, t.Database, t.Name, uint64(id), 0, "", "Yes", "ALIVE", nil)
	})
	return nil
}

func regionStatistics(ctx context.Context, s *Source, w *writer) error {
	all, err := s.Regions.Statistics(ctx, nil)
	if err != nil {
		return err
	}
	for _, r := range all {
		w.add(uint64(r.ID), int(r.ID.Table()), int(r.ID.Number()), r.Rows, r.WrittenBytes, r.QueryTime.Milliseconds(), r.QueryBytes, r.DiskBytes, r.MemtableBytes, r.ManifestBytes,
			r.SSTBytes, r.SSTFiles, r.IndexBytes, "mito", r.Role)
	}
	return nil
}

func tableSemantics(_ context.Context, s *Source, w *writer) error {
	const prefix = "greptime.semantic."
	for _, t := range s.Catalog.AllTables() {
		options := map[string]string{}
		for k, v := range t.Options {
			if name, ok := strings.CutPrefix(k, prefix); ok {
				options[name] = v
			}
		}
		if len(options) == 0 {
			continue
		}
		get := func(k string) any {
			if v, ok := options[k]; ok {
				return v
			}
			return nil
		}
		parts := make([]string, 0, len(options))
		for _, k := range slices.Sorted(maps.Keys(options)) {
			parts = append(parts, fmt.Sprintf("%q:%q", prefix+k, options[k]))
		}
		w.add(t.Catalog, t.Database, t.Name, int(t.ID), get("signal_type"), get("source"), get("source_version"), get("pipeline"),
			get("metric.metadata_quality"), "{"+strings.Join(parts, ",")+"}")
	}
	return nil
}
