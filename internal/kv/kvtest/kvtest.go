// Package kvtest holds every home of kv to its contract.
package kvtest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/kv"
)

// Run runs the suite. open gives a new empty store for each test and closes it in the end.
func Run(t *testing.T, open func(t *testing.T) kv.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, context.Context, kv.Store)
	}{
		{"put and get", putGet},
		{"range", ranges},
		{"delete", remove},
		{"compare and put", compareAndPut},
		{"compares", compares},
		{"transaction", txn},
		{"transaction sees itself", txnSeesItself},
		{"bad requests", badRequests},
		{"one winner", oneWinner},
		{"counter", counter},
		{"bank", bank},
		{"cancel", cancel},
		{"buffers", buffers},
		{"close", closed},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, t.Context(), open(t)) })
	}
	t.Run("model", func(t *testing.T) { model(t, open) })
}

func pairs(kvs ...string) (out []kv.Pair) {
	for i := 0; i < len(kvs); i += 2 {
		out = append(out, kv.Pair{Key: kvs[i], Value: []byte(kvs[i+1])})
	}
	return out
}

func requireAll(t *testing.T, ctx context.Context, s kv.Store, want ...string) {
	t.Helper()
	got, more, err := s.GetRange(ctx, kv.All(), 0)
	require.NoError(t, err)
	require.False(t, more)
	require.Equal(t, pairs(want...), got)
}

func put(t *testing.T, ctx context.Context, s kv.Store, kvs ...string) {
	t.Helper()
	for _, p := range pairs(kvs...) {
		require.NoError(t, s.Put(ctx, p.Key, p.Value))
	}
}

func putGet(t *testing.T, ctx context.Context, s kv.Store) {
	_, err := s.Get(ctx, "no/such")
	require.ErrorIs(t, err, kv.ErrNotFound)
	require.Contains(t, err.Error(), "no/such")
	big := strings.Repeat("v", kv.MaxValue)
	long := strings.Repeat("k", kv.MaxKey)
	for _, p := range pairs("a", "1", "a", "22", "empty", "", "bytes\x00\xff", "\x00\xff", "big", big, long, "x") {
		require.NoError(t, s.Put(ctx, p.Key, p.Value))
		got, err := s.Get(ctx, p.Key)
		require.NoError(t, err)
		require.NotNil(t, got)
		require.True(t, bytes.Equal(p.Value, got))
	}
	require.NoError(t, s.Put(ctx, "nil", nil))
	got, err := s.Get(ctx, "nil")
	require.NoError(t, err)
	require.NotNil(t, got)
}

func ranges(t *testing.T, ctx context.Context, s kv.Store) {
	requireAll(t, ctx, s)
	put(t, ctx, s, "b", "2", "a", "1", "b/x", "3", "c", "4", "b\xff", "5", "b0", "")
	requireAll(t, ctx, s, "a", "1", "b", "2", "b/x", "3", "b0", "", "b\xff", "5", "c", "4")
	f := func(r kv.Range, limit int, more bool, want ...string) {
		t.Helper()
		got, m, err := s.GetRange(ctx, r, limit)
		require.NoError(t, err)
		require.Equal(t, pairs(want...), got)
		require.Equal(t, more, m)
	}
	f(kv.Prefix("b"), 0, false, "b", "2", "b/x", "3", "b0", "", "b\xff", "5")
	f(kv.Prefix("b"), 4, false, "b", "2", "b/x", "3", "b0", "", "b\xff", "5")
	f(kv.Prefix("b"), 3, true, "b", "2", "b/x", "3", "b0", "")
	f(kv.Prefix("b\xff"), 0, false, "b\xff", "5")
	f(kv.Prefix("\xff"), 0, false)
	f(kv.Single("b"), 0, false, "b", "2")
	f(kv.Range{Start: "b", End: "b0"}, 0, false, "b", "2", "b/x", "3")
	f(kv.Range{Start: kv.After("b"), End: "c"}, 1, true, "b/x", "3")
	f(kv.Range{Start: "b0"}, 0, false, "b0", "", "b\xff", "5", "c", "4")
	f(kv.Range{End: "b"}, 0, false, "a", "1")
	f(kv.Range{Start: "c", End: "a"}, 0, false)
	f(kv.Range{Start: "b", End: "b"}, 0, false)
}

func remove(t *testing.T, ctx context.Context, s kv.Store) {
	put(t, ctx, s, "a", "1", "b/1", "2", "b/2", "", "b/3", "4", "c", "5")
	found, err := s.Delete(ctx, "b/2")
	require.NoError(t, err)
	require.True(t, found)
	found, err = s.Delete(ctx, "b/2")
	require.NoError(t, err)
	require.False(t, found)
	n, err := s.DeleteRange(ctx, kv.Prefix("b/"))
	require.NoError(t, err)
	require.Equal(t, 2, n)
	requireAll(t, ctx, s, "a", "1", "c", "5")
	n, err = s.DeleteRange(ctx, kv.Range{Start: "c", End: "a"})
	require.NoError(t, err)
	require.Zero(t, n)
	for i := range 300 {
		put(t, ctx, s, fmt.Sprintf("many/%03d", i), strings.Repeat("v", 100))
	}
	n, err = s.DeleteRange(ctx, kv.Range{Start: "many/100"})
	require.NoError(t, err)
	require.Equal(t, 200, n)
	n, err = s.DeleteRange(ctx, kv.All())
	require.NoError(t, err)
	require.Equal(t, 102, n)
	requireAll(t, ctx, s)
}

func compareAndPut(t *testing.T, ctx context.Context, s kv.Store) {
	f := func(old, value []byte, wantOK bool, wantCurrent []byte) {
		t.Helper()
		ok, current, err := s.CompareAndPut(ctx, "k", old, value)
		require.NoError(t, err)
		require.Equal(t, wantOK, ok)
		require.Equal(t, wantCurrent, current)
	}
	f([]byte("x"), []byte("1"), false, nil)
	f([]byte{}, []byte("1"), false, nil)
	f(nil, []byte("1"), true, nil)
	f(nil, []byte("2"), false, []byte("1"))
	f([]byte("2"), []byte("3"), false, []byte("1"))
	f([]byte("1"), nil, true, nil)
	f(nil, []byte("2"), false, []byte{})
	f([]byte{}, []byte("4"), true, nil)
	requireAll(t, ctx, s, "k", "4")
}

func compares(t *testing.T, ctx context.Context, s kv.Store) {
	put(t, ctx, s, "k", "m", "empty", "")
	f := func(want bool, cs ...kv.Compare) {
		t.Helper()
		got, err := s.Txn(ctx, kv.Txn{If: cs})
		require.NoError(t, err)
		require.Equal(t, want, got.Succeeded, "%+v", cs)
	}
	b := func(s string) []byte { return []byte(s) }
	f(true)
	f(true, kv.Equal("k", b("m")))
	f(false, kv.Equal("k", b("n")))
	f(false, kv.Equal("none", nil))
	f(true, kv.Equal("empty", nil))
	f(false, kv.NotEqual("k", b("m")))
	f(true, kv.NotEqual("k", b("n")))
	f(true, kv.NotEqual("none", b("n")))
	f(true, kv.Less("k", b("n")))
	f(false, kv.Less("k", b("m")))
	f(false, kv.Less("none", b("n")))
	f(true, kv.Greater("k", b("a")))
	f(false, kv.Greater("k", b("m")))
	f(false, kv.Greater("none", nil))
	f(true, kv.Exists("k"))
	f(true, kv.Exists("empty"))
	f(false, kv.Exists("none"))
	f(false, kv.Missing("k"))
	f(true, kv.Missing("none"))
	f(true, kv.Exists("k"), kv.Missing("none"), kv.Equal("empty", nil))
	f(false, kv.Exists("k"), kv.Missing("empty"), kv.Equal("k", b("m")))
}

func txn(t *testing.T, ctx context.Context, s kv.Store) {
	put(t, ctx, s, "a", "1", "b", "2")
	create := kv.Txn{
		If:   []kv.Compare{kv.Missing("table/7"), kv.Equal("a", []byte("1"))},
		Then: []kv.Op{kv.Put("table/7", []byte("cpu")), kv.Put("name/cpu", []byte("7")), kv.Delete("b"), kv.Delete("none")},
		Else: []kv.Op{kv.Get("table/7"), kv.Get("none"), kv.GetRange(kv.All(), 2)},
	}
	got, err := s.Txn(ctx, create)
	require.NoError(t, err)
	require.Equal(t, kv.TxnResult{Succeeded: true, Results: []kv.OpResult{{}, {}, {Deleted: 1}, {}}}, got)
	requireAll(t, ctx, s, "a", "1", "name/cpu", "7", "table/7", "cpu")
	got, err = s.Txn(ctx, create)
	require.NoError(t, err)
	require.Equal(t, kv.TxnResult{Results: []kv.OpResult{
		{Pairs: pairs("table/7", "cpu")}, {}, {Pairs: pairs("a", "1", "name/cpu", "7"), More: true},
	}}, got)
	got, err = s.Txn(ctx, kv.Txn{If: []kv.Compare{kv.Missing("a")}, Else: []kv.Op{kv.DeleteRange(kv.All())}})
	require.NoError(t, err)
	require.Equal(t, kv.TxnResult{Results: []kv.OpResult{{Deleted: 3}}}, got)
	requireAll(t, ctx, s)
}

func txnSeesItself(t *testing.T, ctx context.Context, s kv.Store) {
	put(t, ctx, s, "a", "1", "c", "3")
	got, err := s.Txn(ctx, kv.Txn{Then: []kv.Op{
		kv.GetRange(kv.All(), 0),
		kv.Put("b", []byte("2")),
		kv.GetRange(kv.All(), 0),
		kv.Delete("a"),
		kv.Get("a"),
		kv.DeleteRange(kv.Prefix("c")),
		kv.GetRange(kv.All(), 0),
	}})
	require.NoError(t, err)
	require.Equal(t, []kv.OpResult{
		{Pairs: pairs("a", "1", "c", "3")}, {}, {Pairs: pairs("a", "1", "b", "2", "c", "3")},
		{Deleted: 1}, {}, {Deleted: 1}, {Pairs: pairs("b", "2")},
	}, got.Results)
}

func badRequests(t *testing.T, ctx context.Context, s kv.Store) {
	bad := func(err error) {
		t.Helper()
		require.True(t, errs.Is(err, errs.InvalidArguments), "%v", err)
	}
	for _, key := range []string{"", strings.Repeat("k", kv.MaxKey+1)} {
		bad(s.Put(ctx, key, nil))
		_, err := s.Get(ctx, key)
		bad(err)
		_, err = s.Delete(ctx, key)
		bad(err)
		_, _, err = s.CompareAndPut(ctx, key, nil, nil)
		bad(err)
		_, err = s.Txn(ctx, kv.Txn{If: []kv.Compare{kv.Exists(key)}})
		bad(err)
		_, err = s.Txn(ctx, kv.Txn{Then: []kv.Op{kv.Put(key, nil)}})
		bad(err)
	}
	tooBig := make([]byte, kv.MaxValue+1)
	bad(s.Put(ctx, "k", tooBig))
	_, _, err := s.CompareAndPut(ctx, "k", nil, tooBig)
	bad(err)
	_, _, err = s.GetRange(ctx, kv.All(), -1)
	bad(err)
	many := make([]kv.Op, kv.MaxTxnOps+1)
	for i := range many {
		many[i] = kv.Get("k")
	}
	for _, txn := range []kv.Txn{
		{Then: []kv.Op{kv.Put("k", nil), kv.Put("k", nil)}},
		{Else: []kv.Op{kv.Put("k", nil), kv.Delete("k")}},
		{Then: []kv.Op{kv.DeleteRange(kv.Prefix("k")), kv.Put("kk", nil)}},
		{Then: []kv.Op{kv.Put("ok", nil), kv.Put("k", tooBig)}},
		{Then: []kv.Op{kv.Put("ok", nil), {}}},
		{Then: []kv.Op{kv.GetRange(kv.All(), -1)}},
		{If: []kv.Compare{{Key: "k"}}},
		{Else: many},
	} {
		_, err := s.Txn(ctx, txn)
		bad(err)
	}
	requireAll(t, ctx, s)
}

// oneWinner: of many who create a key at once exactly one does, whichever call they use.
func oneWinner(t *testing.T, ctx context.Context, s kv.Store) {
	for round := range 5 {
		key := fmt.Sprintf("lock/%d", round)
		wins := make([]bool, 16)
		errors := make([]error, 16)
		var wg sync.WaitGroup
		for g := range wins {
			wg.Go(func() {
				me := fmt.Appendf(nil, "owner %d", g)
				if g%2 == 0 {
					wins[g], _, errors[g] = s.CompareAndPut(ctx, key, nil, me)
					return
				}
				r, err := s.Txn(ctx, kv.Txn{If: []kv.Compare{kv.Missing(key)}, Then: []kv.Op{kv.Put(key, me)}})
				wins[g], errors[g] = r.Succeeded, err
			})
		}
		wg.Wait()
		got, err := s.Get(ctx, key)
		require.NoError(t, err)
		for g := range wins {
			require.NoError(t, errors[g])
			require.Equal(t, string(got) == fmt.Sprintf("owner %d", g), wins[g])
		}
	}
}

// counter: no increment by compare-and-put is lost.
func counter(t *testing.T, ctx context.Context, s kv.Store) {
	const workers, each = 8, 20
	var wg sync.WaitGroup
	bad := make(chan error, workers)
	for range workers {
		wg.Go(func() {
			var old []byte
			for done := 0; done < each; {
				n := 0
				fmt.Sscan(string(old), &n)
				next := fmt.Appendf(nil, "%d", n+1)
				ok, current, err := s.CompareAndPut(ctx, "n", old, next)
				if err != nil {
					bad <- err
					return
				}
				if old = current; ok {
					old = next
					done++
				}
			}
		})
	}
	wg.Wait()
	close(bad)
	require.NoError(t, <-bad)
	requireAll(t, ctx, s, "n", fmt.Sprint(workers*each))
}

// bank: transfers between two accounts are never seen half done.
func bank(t *testing.T, ctx context.Context, s kv.Store) {
	put(t, ctx, s, "acc/a", "50", "acc/b", "50")
	sum := func(ps []kv.Pair) int {
		a, b := 0, 0
		fmt.Sscan(string(ps[0].Value), &a)
		fmt.Sscan(string(ps[1].Value), &b)
		return a + b
	}
	var wg sync.WaitGroup
	bad := make(chan error, 6)
	for g := range 6 {
		wg.Go(func() {
			for i := range 20 {
				ps, _, err := s.GetRange(ctx, kv.Prefix("acc/"), 0)
				if err == nil && sum(ps) != 100 {
					err = fmt.Errorf("sum is %d", sum(ps))
				}
				if err == nil && g%2 == 0 {
					a := (i*7 + g) % 101
					_, err = s.Txn(ctx, kv.Txn{
						If:   []kv.Compare{kv.Equal("acc/a", ps[0].Value)},
						Then: []kv.Op{kv.Put("acc/a", fmt.Appendf(nil, "%d", a)), kv.Put("acc/b", fmt.Appendf(nil, "%d", 100-a))},
					})
				}
				if err != nil {
					bad <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(bad)
	require.NoError(t, <-bad)
}

func cancel(t *testing.T, ctx context.Context, s kv.Store) {
	put(t, ctx, s, "k", "1")
	gone, stop := context.WithCancel(ctx)
	stop()
	check := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, context.Canceled)
		require.True(t, errs.Is(err, errs.Cancelled))
	}
	check(s.Put(gone, "k", []byte("2")))
	_, err := s.Get(gone, "k")
	check(err)
	_, _, err = s.GetRange(gone, kv.All(), 0)
	check(err)
	_, err = s.Delete(gone, "k")
	check(err)
	_, err = s.DeleteRange(gone, kv.All())
	check(err)
	_, _, err = s.CompareAndPut(gone, "k", []byte("1"), []byte("2"))
	check(err)
	_, err = s.Txn(gone, kv.Txn{Then: []kv.Op{kv.Put("k", []byte("2"))}})
	check(err)
	requireAll(t, ctx, s, "k", "1")
}

func buffers(t *testing.T, ctx context.Context, s kv.Store) {
	v := []byte("aaaa")
	require.NoError(t, s.Put(ctx, "put", v))
	_, _, err := s.CompareAndPut(ctx, "cas", nil, v)
	require.NoError(t, err)
	_, err = s.Txn(ctx, kv.Txn{Then: []kv.Op{kv.Put("txn", v)}})
	require.NoError(t, err)
	copy(v, "bbbb")
	for range 2 {
		for _, key := range []string{"put", "cas", "txn"} {
			got, err := s.Get(ctx, key)
			require.NoError(t, err)
			require.Equal(t, "aaaa", string(got))
			copy(got, "cccc")
			_, current, err := s.CompareAndPut(ctx, key, nil, nil)
			require.NoError(t, err)
			copy(current, "cccc")
		}
		ps, _, err := s.GetRange(ctx, kv.All(), 0)
		require.NoError(t, err)
		for _, p := range ps {
			require.Equal(t, "aaaa", string(p.Value))
			copy(p.Value, "cccc")
		}
	}
}

func closed(t *testing.T, ctx context.Context, s kv.Store) {
	put(t, ctx, s, "k", "1")
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Put(ctx, "k", nil), kv.ErrClosed)
	_, err := s.Get(ctx, "k")
	require.ErrorIs(t, err, kv.ErrClosed)
	_, _, err = s.GetRange(ctx, kv.All(), 0)
	require.ErrorIs(t, err, kv.ErrClosed)
	_, err = s.Delete(ctx, "k")
	require.ErrorIs(t, err, kv.ErrClosed)
	_, _, err = s.CompareAndPut(ctx, "k", nil, nil)
	require.ErrorIs(t, err, kv.ErrClosed)
	_, err = s.Txn(ctx, kv.Txn{})
	require.ErrorIs(t, err, kv.ErrClosed)
}
