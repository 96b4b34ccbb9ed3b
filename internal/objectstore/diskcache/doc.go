// Package diskcache keeps objects of a far store on a local disk. It is a coat: what it holds is served from the disk, the rest is
// fetched in blocks and kept, and what is written goes to the disk first and to the store from there.
//
// It knows only one thing, the block: a piece of fixed length of an object that never changes. A file that was written through is an
// object all of whose blocks are there; a file that was read in parts is one of which some are.
//
//	Create, Write   blocks are staged on the disk, seen by nobody
//	Commit          the object is uploaded from there, its size asked for, and only then are its blocks published
//	ReadRange       blocks on the disk are read and checked; missing ones are fetched, neighbours together, each once however many wait
//
// Blocks of a kind (data, index, manifest) live in one file of slots, see pool. Nothing is synced: the store has everything, and a block
// whose bytes are not those of its checksum is fetched again. So losing the folder, flipped bits and a full disk cost time, never an
// answer and never a row.
//
// Only objects that are written once and never changed may be cached, because another process may write to the store as well. Classify
// tells which those are, by key.
package diskcache
