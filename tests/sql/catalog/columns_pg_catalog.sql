-- PROTOCOLS postgres

-- SESSION postgres
DESC pg_catalog.pg_class

DESC pg_class

DESC pg_catalog.pg_nosuch

DESC pg_catalog.pg_aggregate

DESC pg_catalog.pg_am

DESC pg_catalog.pg_amop

DESC pg_catalog.pg_amproc

DESC pg_catalog.pg_attrdef

DESC pg_catalog.pg_attribute

DESC pg_catalog.pg_auth_members

DESC pg_catalog.pg_authid

DESC pg_catalog.pg_available_extensions

DESC pg_catalog.pg_cast

DESC pg_catalog.pg_collation

DESC pg_catalog.pg_constraint

DESC pg_catalog.pg_conversion

DESC pg_catalog.pg_cursors

DESC pg_catalog.pg_database

DESC pg_catalog.pg_db_role_setting

DESC pg_catalog.pg_default_acl

DESC pg_catalog.pg_depend

DESC pg_catalog.pg_description

DESC pg_catalog.pg_enum

DESC pg_catalog.pg_event_trigger

DESC pg_catalog.pg_extension

DESC pg_catalog.pg_foreign_data_wrapper

DESC pg_catalog.pg_foreign_server

DESC pg_catalog.pg_foreign_table

DESC pg_catalog.pg_index

DESC pg_catalog.pg_indexes

DESC pg_catalog.pg_inherits

DESC pg_catalog.pg_init_privs

DESC pg_catalog.pg_language

DESC pg_catalog.pg_largeobject

DESC pg_catalog.pg_largeobject_metadata

DESC pg_catalog.pg_locks

DESC pg_catalog.pg_matviews

DESC pg_catalog.pg_namespace

DESC pg_catalog.pg_opclass

DESC pg_catalog.pg_operator

DESC pg_catalog.pg_opfamily

DESC pg_catalog.pg_partitioned_table

DESC pg_catalog.pg_policy

DESC pg_catalog.pg_prepared_statements

DESC pg_catalog.pg_prepared_xacts

DESC pg_catalog.pg_proc

DESC pg_catalog.pg_publication

DESC pg_catalog.pg_publication_namespace

DESC pg_catalog.pg_publication_rel

DESC pg_catalog.pg_publication_tables

DESC pg_catalog.pg_range

DESC pg_catalog.pg_replication_origin

DESC pg_catalog.pg_replication_slots

DESC pg_catalog.pg_rewrite

DESC pg_catalog.pg_roles

DESC pg_catalog.pg_rules

DESC pg_catalog.pg_seclabel

DESC pg_catalog.pg_sequence

DESC pg_catalog.pg_sequences

DESC pg_catalog.pg_settings

DESC pg_catalog.pg_shdepend

DESC pg_catalog.pg_shdescription

DESC pg_catalog.pg_shseclabel

DESC pg_catalog.pg_stat_activity

DESC pg_catalog.pg_stat_gssapi

DESC pg_catalog.pg_stat_ssl

DESC pg_catalog.pg_stat_user_tables

DESC pg_catalog.pg_statistic

DESC pg_catalog.pg_statistic_ext

DESC pg_catalog.pg_statistic_ext_data

DESC pg_catalog.pg_stats

DESC pg_catalog.pg_subscription

DESC pg_catalog.pg_subscription_rel

DESC pg_catalog.pg_tables

DESC pg_catalog.pg_tablespace

DESC pg_catalog.pg_timezone_names

DESC pg_catalog.pg_trigger

DESC pg_catalog.pg_ts_config

DESC pg_catalog.pg_ts_dict

DESC pg_catalog.pg_ts_parser

DESC pg_catalog.pg_ts_template

DESC pg_catalog.pg_type

DESC pg_catalog.pg_user

DESC pg_catalog.pg_user_mapping

DESC pg_catalog.pg_views
