CREATE TABLE t (host STRING PRIMARY KEY COMMENT 'where', ts TIMESTAMP TIME INDEX, v DOUBLE DEFAULT 1.5, s STRING FULLTEXT INDEX, k INT NOT NULL SKIPPING INDEX, z STRING INVERTED INDEX, d DECIMAL(10,2), b BINARY, dt DATE, u BIGINT UNSIGNED, t0 TIMESTAMP(0), bo BOOLEAN, j JSON) WITH (ttl = '7d', comment = 'a table')

CREATE VIEW w AS SELECT host, v FROM t

SELECT * FROM information_schema.schemata ORDER BY schema_name

SELECT table_catalog, table_schema, table_name, table_type, engine, version, row_format, table_collation, create_options, table_comment, temporary FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name

SELECT table_name, table_type, engine, temporary FROM information_schema.tables WHERE table_schema = 'information_schema' AND table_name IN ('tables', 'columns', 'engines') ORDER BY table_name

SELECT table_id >= 1024 FROM information_schema.tables WHERE table_name = 't'

SELECT table_id FROM information_schema.tables WHERE table_schema = 'information_schema' AND table_name IN ('tables', 'columns', 'engines', 'build_info') ORDER BY table_id

SELECT column_name, ordinal_position, data_type, column_type, greptime_data_type, semantic_type, column_key, is_nullable, column_default, column_comment FROM information_schema.columns WHERE table_name = 't' ORDER BY ordinal_position

SELECT column_name, character_maximum_length, character_octet_length, numeric_precision, numeric_scale, datetime_precision, character_set_name, collation_name, extra, privileges, generation_expression, srs_id FROM information_schema.columns WHERE table_name = 't' ORDER BY ordinal_position

SELECT * FROM information_schema.engines ORDER BY engine

SELECT * FROM information_schema.key_column_usage WHERE table_schema = 'public' ORDER BY constraint_name, column_name

SELECT * FROM information_schema.table_constraints WHERE table_schema = 'public' ORDER BY constraint_name

SELECT * FROM information_schema.statistics WHERE table_name = 't' ORDER BY index_name, seq_in_index

SELECT * FROM information_schema.views

SELECT table_catalog, table_schema, table_name, partition_name, partition_ordinal_position, partition_method, partition_expression, partition_description, greptime_partition_id FROM information_schema.partitions WHERE table_name = 't'

SELECT table_name, peer_id, peer_addr, is_leader, status, down_seconds FROM information_schema.region_peers WHERE table_name = 't'

SELECT region_number, region_rows, engine, region_role FROM information_schema.region_statistics

SELECT region_number, state, role, writable, sst_format FROM information_schema.region_info

SELECT peer_id, peer_type, peer_addr FROM information_schema.cluster_info

SELECT * FROM information_schema.character_sets

SELECT * FROM information_schema.collations

SELECT * FROM information_schema.collation_character_set_applicability

SELECT count(*) FROM information_schema.build_info

SELECT count(*) FROM information_schema.flows

SELECT catalog, query FROM information_schema.process_list

SELECT table_name FROM information_schema.tables WHERE table_schema = 'information_schema' ORDER BY table_name

SELECT count(*) FROM information_schema.check_constraints

SELECT * FROM information_schema.column_privileges

SELECT * FROM information_schema.column_statistics

SELECT * FROM information_schema.schema_privileges

SELECT * FROM information_schema.table_privileges

SELECT * FROM information_schema.global_status

SELECT * FROM information_schema.session_status

SELECT * FROM information_schema.optimizer_trace

SELECT * FROM information_schema.referential_constraints

SELECT * FROM information_schema.events

SELECT count(*) FROM information_schema.files

SELECT * FROM information_schema.parameters

SELECT * FROM information_schema.routines

SELECT * FROM information_schema.profiling

SELECT count(*) FROM information_schema.triggers

SELECT * FROM information_schema.procedure_info

SELECT * FROM information_schema.table_semantics

SELECT * FROM information_schema.nosuch

SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'public' ORDER BY 1

DESC information_schema.schemata

INSERT INTO information_schema.tables (table_name) VALUES ('x')

DELETE FROM information_schema.tables

CREATE VIEW information_schema.v AS SELECT 1

USE information_schema

SELECT schema_name FROM schemata WHERE schema_name = 'public'

SHOW TABLES LIKE 'eng%'
