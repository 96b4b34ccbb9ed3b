package retry_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/fault"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
	"github.com/goptimedb/goptimedb/internal/objectstore/retry"
	"github.com/goptimedb/goptimedb/internal/objectstore/storetest"
)

// dressed is a store in memory that fails by rule and is retried without real waits.
type dressed struct {
	objectstore.Store
	fault *fault.Store
	waits []time.Duration
}

func dress(rules ...fault.Rule) *dressed {
	d := &dressed{fault: fault.Wrap(memory.New(memory.Options{}))}
	for _, r := range rules {
		d.fault.Add(r)
	}
	d.Store = retry.Wrap(d.fault, retry.Options{
		Attempts: 4, MinWait: 100 * time.Millisecond, MaxWait: 300 * time.Millisecond,
		Rand: func() float64 { return 0.5 },
		Sleep: func(ctx context.Context, w time.Duration) error {
			d.waits = append(d.waits, w)
			return ctx.Err()
		},
	})
	return d
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) objectstore.Store { return dress().Store })
}

// TestEveryOperationIsRetried: three failures, before or after the operation happened, are not noticed; a fourth is.
func TestEveryOperationIsRetried(t *testing.T) {
	ctx := t.Context()
	for _, op := range objectstore.Ops {
		for _, after := range []bool{false, true} {
			if op == objectstore.OpWrite || op == objectstore.OpCommit {
				continue
			}
			d := dress()
			require.NoError(t, d.Put(ctx, "k", []byte("v")))
			before := d.fault.Calls(op)
			d.fault.Add(fault.Rule{Op: op, Times: 3, After: after})
			do := map[objectstore.Op]func() error{
				objectstore.OpGet:         func() error { _, err := d.Get(ctx, "k"); return err },
				objectstore.OpGetRange:    func() error { _, err := d.GetRange(ctx, "k", 0, 1); return err },
				objectstore.OpOpen:        func() error { _, err := d.Open(ctx, "k"); return err },
				objectstore.OpPut:         func() error { return d.Put(ctx, "k2", nil) },
				objectstore.OpPutIfAbsent: func() error { return d.PutIfAbsent(ctx, "k2", nil) },
				objectstore.OpCreate:      func() error { _, err := d.Create(ctx, "k2"); return err },
				objectstore.OpStat:        func() error { _, err := d.Stat(ctx, "k"); return err },
				objectstore.OpList:        func() error { _, err := d.List(ctx, "", "", 0); return err },
				objectstore.OpDelete:      func() error { return d.Delete(ctx, "k") },
				objectstore.OpRead: func() error {
					r, err := d.Open(ctx, "k")
					require.NoError(t, err)
					_, err = r.ReadRange(ctx, make([]byte, 1), 0)
					return err
				},
			}[op]
			require.NoError(t, do(), "%s after=%v", op, after)
			if after && op == objectstore.OpPutIfAbsent {
				require.Equal(t, 2, d.fault.Calls(op)-before, "the second try finds that the first won")
			} else {
				require.Equal(t, 4, d.fault.Calls(op)-before, op)
				require.Equal(t, []time.Duration{75 * time.Millisecond, 150 * time.Millisecond, 225 * time.Millisecond}, d.waits, op)
			}
			d.fault.Clear()
			d.fault.Add(fault.Rule{Op: op})
			err := do()
			require.ErrorIs(t, err, fault.ErrUnavailable, "%s gives up", op)
			require.True(t, errs.Is(err, errs.StorageUnavailable))
		}
	}
}

func TestShortReadIsReadAgain(t *testing.T) {
	d := dress(fault.Rule{Op: objectstore.OpRead, Times: 2, Short: true})
	require.NoError(t, d.Put(t.Context(), "k", []byte("0123456789")))
	r, err := d.Open(t.Context(), "k")
	require.NoError(t, err)
	p := make([]byte, 6)
	n, err := r.ReadRange(t.Context(), p, 2)
	require.NoError(t, err)
	require.Equal(t, 6, n)
	require.Equal(t, "234567", string(p))
}

func TestNotRetried(t *testing.T) {
	d := dress(fault.Rule{Op: objectstore.OpList, Err: fault.ErrBroken})
	_, err := d.List(t.Context(), "", "", 0)
	require.ErrorIs(t, err, fault.ErrBroken)
	_, err = d.Get(t.Context(), "none")
	require.ErrorIs(t, err, objectstore.ErrNotFound)
	require.NoError(t, d.Put(t.Context(), "k", nil))
	require.ErrorIs(t, d.PutIfAbsent(t.Context(), "k", nil), objectstore.ErrExists, "the same content, but not by us")
	require.True(t, errs.Is(d.Put(t.Context(), "..", nil), errs.InvalidArguments))
	require.Empty(t, d.waits)
}

func TestPutIfAbsentKnowsItsOwn(t *testing.T) {
	ctx := t.Context()
	lostAnswer := fault.Rule{Op: objectstore.OpPutIfAbsent, Times: 1, After: true}
	d := dress(lostAnswer)
	require.NoError(t, d.PutIfAbsent(ctx, "m", []byte("mine")), "its first try won")

	d = dress()
	d.fault.Add(fault.Rule{Op: objectstore.OpPutIfAbsent, Times: 1})
	require.NoError(t, d.Put(ctx, "m", []byte("theirs")))
	require.ErrorIs(t, d.PutIfAbsent(ctx, "m", []byte("mine")), objectstore.ErrExists)

	// While nobody can tell who won, neither "won" nor "lost" is the answer.
	d = dress(lostAnswer, fault.Rule{Op: objectstore.OpGet})
	err := d.PutIfAbsent(ctx, "m", []byte("mine"))
	require.Error(t, err)
	require.NotErrorIs(t, err, objectstore.ErrExists)
	require.ErrorIs(t, err, fault.ErrUnavailable)

	d = dress(lostAnswer, fault.Rule{Op: objectstore.OpGet, Times: 2})
	require.NoError(t, d.PutIfAbsent(ctx, "m", []byte("mine")))
}

func TestCancelledWhileWaiting(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	f := fault.Wrap(memory.New(memory.Options{}))
	f.Add(fault.Rule{})
	s := retry.Wrap(f, retry.Options{OnRetry: func(objectstore.Op, error) { stop() }, MinWait: time.Hour, MaxWait: time.Hour})
	_, err := s.Get(ctx, "k")
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, objectstore.KindCancelled, objectstore.KindOf(err))
	require.ErrorContains(t, err, "store is not available")
}
