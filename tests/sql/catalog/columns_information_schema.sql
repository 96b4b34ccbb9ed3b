-- PROTOCOLS http mysql

DESC information_schema.build_info

DESC information_schema.character_sets

DESC information_schema.check_constraints

DESC information_schema.cluster_info

DESC information_schema.collation_character_set_applicability

DESC information_schema.collations

DESC information_schema.column_privileges

DESC information_schema.column_statistics

DESC information_schema.columns

DESC information_schema.engines

DESC information_schema.events

DESC information_schema.files

DESC information_schema.flow_statistics

DESC information_schema.flows

DESC information_schema.global_status

DESC information_schema.key_column_usage

DESC information_schema.memory_usage

DESC information_schema.optimizer_trace

DESC information_schema.parameters

DESC information_schema.partitions

DESC information_schema.procedure_info

DESC information_schema.process_list

DESC information_schema.profiling

DESC information_schema.referential_constraints

DESC information_schema.region_info

DESC information_schema.region_peers

DESC information_schema.region_statistics

DESC information_schema.routines

DESC information_schema.schema_privileges

DESC information_schema.schemata

DESC information_schema.session_status

DESC information_schema.ssts_index_meta

DESC information_schema.ssts_manifest

DESC information_schema.ssts_storage

DESC information_schema.statistics

DESC information_schema.table_constraints

DESC information_schema.table_privileges

DESC information_schema.table_semantics

DESC information_schema.tables

DESC information_schema.triggers

DESC information_schema.views

DESC information_schema.nosuch

-- outside of PostgreSQL nobody has pg_catalog
DESC pg_catalog.pg_class

SELECT * FROM pg_catalog.pg_class

SHOW COLUMNS FROM pg_class FROM pg_catalog

SHOW INDEX FROM pg_class FROM pg_catalog

SHOW CREATE TABLE pg_catalog.pg_class
