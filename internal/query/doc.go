// Package query answers queries: it finds out what a query means, lets regions reduce their rows as far as they can, and has the rest
// finished by relational.
//
//	text → lang/sql → *sql.Query
//	                    bind      names, types, functions          → plan.Query
//	                    rule      conditions, groupings, limits into scans
//	                    render    what is left as SQL over src(i)  → relational (DuckDB)
//	                    scan.go   src(i) = the regions of a table through contract.RegionServer
//	                    align     … or the windows of a range query, over a plan of its own
//
// Where nothing is left but to pick columns, the scan's rows are handed out as they come (direct.go). Rows stream from the regions to
// the caller in every case; only sorts, joins and groupings hold them, within relational's memory limit.
package query
