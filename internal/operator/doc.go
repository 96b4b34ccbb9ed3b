// Package operator does statements and writes: it is where text and rows meet tables.
//
//	Insert    rows of protocols: the table is found, made or widened, columns are matched, all regions are written in one call
//	Execute   SQL text: parsed in the session's dialect, each statement done in order; queries go to query
//	Recover   what an earlier process began is finished, and all regions are opened
//
// Changes of tables run under a lock per table name and in steps of which each can be finished at the next start (see catalog). What
// a table is, catalog says; where its rows are, contract.RegionServer; no other room is asked.
package operator
