// Package promremote holds the codecs of Prometheus remote write (version 1) and remote read (sampled): bytes to columns and back.
// It knows no sockets and no tables.
//
// A metric becomes a table; its labels string tags, in order of name; its samples greptime_timestamp (milliseconds) and
// greptime_value. Series of one metric are gathered wherever they stand in the request. The decoder keeps two layers of memory of
// its own past: the table of the previous series, and per table the label names of its previous series in their order, so that an
// ordinary request costs byte comparisons where otherwise maps would be asked.
package promremote
