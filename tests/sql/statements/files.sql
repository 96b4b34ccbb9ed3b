-- What information_schema tells of regions and files.
CREATE TABLE f (host STRING, ts TIMESTAMP TIME INDEX, v DOUBLE, PRIMARY KEY (host)) WITH ('ttl' = '36500d', 'compaction.twcs.time_window' = '2h');

INSERT INTO f VALUES ('a', 1000, 1), ('b', 2000, 2);

SELECT region_rows, disk_size > 0, memtable_size > 0, manifest_size > 0, sst_num, r.engine, region_role FROM information_schema.region_statistics r JOIN information_schema.tables t ON r.table_id = t.table_id WHERE t.table_name = 'f';

ADMIN flush_table('f');

SELECT region_rows, disk_size > 0, manifest_size > 0, sst_num, sst_size > 0, index_size > 0, written_bytes_since_open > 0 FROM information_schema.region_statistics r JOIN information_schema.tables t ON r.table_id = t.table_id WHERE t.table_name = 'f';

SELECT level, num_rows, num_row_groups, num_series, min_ts, max_ts, sequence, visible, file_size > 0, primary_key_min < primary_key_max FROM information_schema.ssts_manifest s JOIN information_schema.tables t ON s.table_id = t.table_id WHERE t.table_name = 'f';

SELECT count(*) FROM information_schema.ssts_storage WHERE file_path LIKE '%.parquet';

SELECT region_number, region_group, region_sequence, state, role, writable, committed_sequence, flushed_sequence, compaction_time_window, region_options, sst_format FROM information_schema.region_info s JOIN information_schema.tables t ON s.table_id = t.table_id WHERE t.table_name = 'f';

SELECT count(*) FROM information_schema.ssts_index_meta s JOIN information_schema.tables t ON s.table_id = t.table_id WHERE t.table_name = 'f';

DROP TABLE f;
