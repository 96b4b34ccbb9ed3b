// Package metric lets many small tables share the regions of one: a load of a thousand metrics has a thousand tables, and would otherwise
// have a thousand memtables, file sets and log streams.
//
// A physical table has a few data regions. A logical table has no storage of its own: its rows lie in one data region under a number that
// no other logical table has or had. A data region's key is that number and then labels by position: the first label of a logical
// table is in column __label_1, its second in __label_2, and so on, whatever they are called.
//
//	http_requests (number 1030)   host, path          →   __table_id  __label_1  __label_2  __label_3 …   time  value
//	{host="a", path="/x"} 7                               1030        a          /x         NULL          …     7
//	node_load1    (number 1031)   instance            →
//	{instance="b"} 0.5                                    1031        b          NULL       NULL          …     0.5
//
// So a series costs memory for as many labels as the widest table of its region has, not for as many names as all tables have together;
// predicates, groupings and sorting by labels are those of ordinary tags; the rows of a logical table are one range of every sorted run,
// found by binary search on the leading key; and the identity of a series is its labels, not a hash of them, so there are no collisions.
//
// Server is a contract.RegionServer before another one: requests for logical regions become requests for data regions, all others go
// through. What logical regions there are is told by the caller (CreateRegion.Logical), who keeps it; nothing here is durable except
// the data regions' schemas, which are widened before a logical region needs it.
//
// Dropping or truncating a logical table retires its number: its rows are unreachable from that moment.
package metric
