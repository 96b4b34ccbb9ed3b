// Package wal is the write-ahead log as its callers see it: one log shared by all regions of a process.
//
// A region's worker puts what it is about to apply into the log, waits until it is durable, and only then changes memory and
// answers. After a restart the region asks for everything after what its manifest says was flushed. Words used here:
//
//	entry     the unit that is appended and replayed: a region, an id, opaque bytes
//	entry id  position of an entry in its region, from 1, strictly increasing, gaps allowed
//	obsolete  no longer needed, because its rows are in files the manifest names
//	laggard   a region whose oldest needed entry keeps the log from being shortened
//
// The homes are wal/local (segment files on a local disk) and wal/noop (keeps nothing). The interface is that of a shared log on
// purpose, so that a Kafka topic or an object store can be a home too; waltest holds the suite that every home passes.
package wal

import (
	"context"
	"errors"
	"fmt"

	"github.com/goptimedb/goptimedb/internal/model"
)

// RegionID is the region id of the model; repeated here so that callers of the log need one import.
type RegionID = model.RegionID

// Entry is one record of one region.
type Entry struct {
	Region RegionID
	// ID is the entry's position in its region. The caller of Append chooses it: at least 1 and above every id that it had
	// appended or replayed for the region, and above what the region's manifest has as flushed. A home whose positions are given
	// by someone else (a Kafka offset) may raise it; Append stores the final id here.
	ID uint64
	// Payload is the caller's bytes, opaque to the log. At most MaxPayload bytes; may be empty.
	Payload []byte
}

// MaxPayload is the largest payload of an entry, in bytes. It keeps every position inside a segment within 32 bits.
const MaxPayload = 512 << 20

// Log is a log shared by many regions. All methods may be called at once from many goroutines, except where said.
type Log interface {
	// Append writes entries, in order, and returns when all of them are durable (as durable as the home's options promise).
	// Entries of many regions belong in one call: they cost one write and one sync together, and calls that run at the same
	// time share a sync. For one region there is at most one Append under way.
	//
	// On an error none of the entries is acknowledged, and while the log goes on they will not be replayed; but if the process
	// ends right after, a later Replay may still deliver some of them. The same ids may be used again after an error.
	// Errors: errs.InvalidArguments for an id that does not increase or a payload too large; errs.StorageUnavailable when the
	// medium cannot take the entries now; ErrClosed; ctx's error if it ended before the entries were taken up.
	//
	// Append keeps no reference to entries or payloads after it returned.
	Append(ctx context.Context, entries []Entry) error

	// Replay calls fn with the entries of region whose id is at least from, in order of id, leaving out obsolete ones. It
	// delivers at least every entry acknowledged before the call. The payload belongs to the log and is valid until fn returns.
	// An error of fn stops the replay and is returned as it is. Replays of different regions may run at the same time and do
	// not read each other's entries. Damage is a *CorruptError.
	Replay(ctx context.Context, region RegionID, from uint64, fn func(Entry) error) error

	// Obsolete says that entries of region with id up to upTo, inclusive, are not needed any more. The mark is kept with the log,
	// but made durable together with later appends, on Close, or after a while: after a crash, entries may come back that had
	// been marked shortly before. Callers skip what their manifest has as flushed.
	Obsolete(ctx context.Context, region RegionID, upTo uint64) error

	// Drop forgets all entries of region and its mark; it returns when that is durable. The id may be used again afterwards,
	// with entry ids from 1. Not to be called while an Append for the region is under way.
	Drop(ctx context.Context, region RegionID) error

	// Laggards lists the regions that must be flushed (and marked obsolete) for the log to shrink to maxBytes, the most
	// pressing first. It is empty when the log is not larger than that.
	Laggards(maxBytes int64) []Laggard

	// Stats describes the log now.
	Stats() Stats

	// Close waits for running appends, makes everything durable, and releases the log. Later calls return ErrClosed.
	Close() error
}

// Laggard is a region that holds back truncation.
type Laggard struct {
	Region RegionID
	Oldest uint64 // id of its oldest entry not yet obsolete
	Bytes  int64  // log bytes of its entries in the part of the log that is to go
}

// Stats describes a log.
type Stats struct {
	Bytes      int64 // bytes used by segments that are still needed, spare ones left out
	Segments   int   // segments still needed, the one being written included
	Spares     int   // segments kept for reuse
	Regions    []RegionStats
	QueueBytes int64 // bytes of appends that wait or are being written
}

// RegionStats describes one region's share of a log. Regions without a needed entry are not listed.
type RegionStats struct {
	Region   RegionID
	Oldest   uint64 // id of the oldest entry not obsolete
	Newest   uint64 // id of the newest entry
	Bytes    int64  // log bytes in segments that hold needed entries of the region
	Obsolete uint64 // the mark; 0 when none was set
}

// ErrClosed is returned by calls on a closed log.
var ErrClosed = errors.New("wal: log is closed")

// CorruptError says that bytes which had been durable are not what was written. It is never retried away: the file is kept for
// inspection.
type CorruptError struct {
	File   string
	Offset int64  // where in File the damaged record starts, in bytes
	Want   uint32 // checksum found in the file; meaningful if Want != Got
	Got    uint32 // checksum computed from the bytes
	Err    error  // what is wrong
}

func (e *CorruptError) Error() string {
	s := fmt.Sprintf("wal: corrupt log file %s at offset %d: %v", e.File, e.Offset, e.Err)
	if e.Want != e.Got {
		s += fmt.Sprintf(" (checksum in file %08x, of the bytes %08x)", e.Want, e.Got)
	}
	return s
}

// Unwrap gives what is wrong.
func (e *CorruptError) Unwrap() error { return e.Err }
