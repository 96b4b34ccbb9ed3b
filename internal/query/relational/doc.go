// Package relational is the one home of DuckDB: it finishes what is left of a query once region scans have reduced the data.
//
// A Statement is SQL text in DuckDB's own dialect in which the scans stand as src(0), src(1), …; each is a Source, a stream of
// batches with a schema. DuckDB sees them as one table function of ours:
//
//	bind   (when the statement is prepared)  the Source's columns and row estimate; nothing is opened
//	init   (when it is executed)             which columns are wanted → Source.Open; an occurrence that is not reached never opens
//	fill   (any thread, 2048 rows a call)    copies slices of the current batch into DuckDB's vectors
//	free   (when the execution is destroyed) closes the stream, read to its end or not
//
// A DB holds a bounded number of sessions, each one DuckDB connection. Query lends a session to a goroutine of its own, the owner,
// which prepares, executes and fetches; the caller meets it over channels only. DuckDB may take half a second to notice an interrupt,
// so on cancellation the caller leaves at once and the owner stays behind to clean up; the session is free again after that. DB.Close
// waits for all owners.
//
// Errors of sources reach the caller as they are, never as DuckDB's text of them; DuckDB's own get errs codes in errors.go. A fatal
// error of DuckDB invalidates an instance; it is then replaced by a new one, as instances hold no data.
package relational
