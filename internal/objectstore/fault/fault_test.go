package fault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/fault"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
	"github.com/goptimedb/goptimedb/internal/objectstore/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) objectstore.Store { return fault.Wrap(memory.New(memory.Options{})) })
}

func TestRules(t *testing.T) {
	ctx := t.Context()
	f := fault.Wrap(memory.New(memory.Options{}))
	f.Add(fault.Rule{Op: objectstore.OpPut, Key: "a/*", Skip: 1, Times: 2, Err: fault.ErrBroken})
	f.Add(fault.Rule{Op: objectstore.OpPut, Key: "late", After: true})
	for i, fails := range []bool{false, true, true, false, false} {
		err := f.Put(ctx, "a/x", []byte{byte(i)})
		if fails {
			require.ErrorIs(t, err, fault.ErrBroken)
			require.ErrorContains(t, err, `put object "a/x"`)
		} else {
			require.NoError(t, err)
		}
		require.NoError(t, f.Put(ctx, "a/b/x", nil), "the star stops at a slash")
	}
	require.ErrorIs(t, f.Put(ctx, "late", []byte("1")), fault.ErrUnavailable)
	got, err := f.Get(ctx, "late")
	require.NoError(t, err)
	require.Equal(t, "1", string(got))
	require.Equal(t, 11, f.Calls(objectstore.OpPut))

	f.Clear()
	f.Add(fault.Rule{Op: objectstore.OpCommit})
	w, err := f.Create(ctx, "w")
	require.NoError(t, err)
	require.ErrorIs(t, w.Commit(), fault.ErrUnavailable)
	w.Abort()
	_, err = f.Get(ctx, "w")
	require.ErrorIs(t, err, objectstore.ErrNotFound)
}
