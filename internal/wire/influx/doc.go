// Package influx decodes the InfluxDB line protocol straight into columns: one model.Rows per measurement.
//
//	weather,city=Oslo,site=a\ b temp=4.5,ok=t,n=3i,note="x" 1700000000000000000
//	└table  └tags: dictionary-coded strings  └fields, typed by their spelling   └time index, nanoseconds here
//
// It knows no sockets, tables or regions. A RowSet owns all memory of a batch and is used again for the next one; what a batch
// holds is valid until the next Decode or Reset.
//
// Speed comes from agents repeating themselves: the lines of a measurement name the same keys in the same order, so each table
// remembers the raw keys of its previous line ("plan") and compares bytes; a map is asked only where a line differs.
//
// A batch is all or nothing: if any line is bad Decode reports the first bad lines and the row set must not be used, because
// a client that gets an error sends the batch again.
package influx
