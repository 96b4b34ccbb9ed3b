// Package index says which rows of a file may match a predicate, from blobs that are written beside the file: a value index (inverted),
// a bloom filter per segment of rows (skipping), and two kinds of full-text index. It knows columns and rows by number; files, caches and
// regions are the business of its callers. Nothing here starts goroutines or reads anything but the blob it is given.
//
// A builder is fed one column of a file, in file order, and writes one blob. A reader over that blob answers one comparison with ranges of
// rows. An answer names every row that matches; unless it is exact it may name others, which the caller judges row by row. A reader that
// cannot tell says so. So an index that is missing, damaged or unable changes how long an answer takes, never the answer.
//
//	index          the contract: kinds, options, builders, readers, trees of predicates
//	index/analyze  what a text condition means (matches_term, matches) and which tokens it needs: the one home of both
//	index/terms    sorted terms with their rows: what inverted and posting-list indexes are made of
//	index/inverted index/bloom index/fulltext   the kinds
//	index/blob     the frame of all blobs: how they are read, checksums, damage
//	index/puffin   the container file
package index
