// Package noop is the log that keeps nothing: appends succeed at once, replays are empty. A restart loses what was not flushed.
// It serves tables that are told to skip the log, and loads that can be repeated.
package noop

import (
	"context"
	"sync/atomic"

	"github.com/goptimedb/goptimedb/internal/wal"
)

// Log implements wal.Log. The zero value is ready.
type Log struct{ closed atomic.Bool }

var _ wal.Log = (*Log)(nil)

// check is the error common to all calls.
func (l *Log) check(ctx context.Context) error {
	if l.closed.Load() {
		return wal.ErrClosed
	}
	return ctx.Err()
}

// Append forgets the entries.
func (l *Log) Append(ctx context.Context, _ []wal.Entry) error { return l.check(ctx) }

// Replay delivers nothing.
func (l *Log) Replay(ctx context.Context, _ wal.RegionID, _ uint64, _ func(wal.Entry) error) error {
	return l.check(ctx)
}

// Obsolete does nothing.
func (l *Log) Obsolete(ctx context.Context, _ wal.RegionID, _ uint64) error { return l.check(ctx) }

// Drop does nothing.
func (l *Log) Drop(ctx context.Context, _ wal.RegionID) error { return l.check(ctx) }

// Laggards is always empty.
func (l *Log) Laggards(int64) []wal.Laggard { return nil }

// Stats is always zero.
func (l *Log) Stats() wal.Stats { return wal.Stats{} }

// Close makes later calls fail.
func (l *Log) Close() error {
	l.closed.Store(true)
	return nil
}
