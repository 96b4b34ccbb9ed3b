// Package scan reads rows out of sorted runs: it prunes, merges, removes old versions, filters and reduces. Run does a region's scans;
// Merge gives flush and compaction the merged rows that they write.
//
// Words: an input is one Source of the scan; a cluster is inputs that must be merged with one another; a task is a part of a cluster
// that one worker does at a time; a need is rows of one column chunk that a task will look at; a piece is rows of one series within
// a need; a block is the rows, of one or of many series, that a sink is handed. DESIGN.md walks the path.
package scan
