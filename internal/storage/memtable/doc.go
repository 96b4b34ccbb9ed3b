// Package memtable keeps the newest rows of a region in memory, as columns, until they are flushed.
//
// Words used here:
//
//	series      a distinct tag tuple; a dense number, given by the memtable's dictionary in order of first sight
//	window      a slot of time; rows of different windows never share a chunk, so each window flushes to files of its own
//	chunk       up to Options.ChunkRows rows in the order in which they were written; the last one of a window is being appended to
//	run         rows of a chunk that no longer change: a whole chunk, or an aligned block of the one being appended to. It can be sorted
//	snapshot    the runs that make up the memtable at one moment
//
// Writing never sorts: Write finds each row's series number (one hash lookup on small codes per run of equal tags) and appends to typed
// slices. Slices only grow, a run holds their headers, so that a reader and the writer touch different memory and no row is copied for
// a snapshot.
//
// Reading sorts, once: a run asked for its rows makes a permutation by (series in tag order, time, newest first), and each column it
// is asked for is put into that order. Of a whole chunk the sorted column then replaces the written one, so that a queried memtable needs
// little more memory than one that is not. Of the chunk being appended to, complete blocks of 1/16 and 1/4 of a chunk are sorted and kept, so
// that a query has to sort less than 1/16 of a chunk anew, however large the memtable is.
//
// A reader that wants one value of the leading tag only (a logical table of the metric engine) has the rows of that value sorted, not all:
// see Snapshot.SourcesOf.
//
// Flush is a single counting sort over all chunks of a window. Rows of equal key all stay in; what merges sources drops the older ones.
package memtable
