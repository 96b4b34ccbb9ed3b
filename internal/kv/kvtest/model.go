package kvtest

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/goptimedb/goptimedb/internal/kv"
)

// Model is a map that does what a store should, plainly.
type Model map[string]string

func (m Model) getRange(r kv.Range, limit int) (out []kv.Pair, more bool) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !r.Contains(k) {
			continue
		}
		if limit > 0 && len(out) == limit {
			return out, true
		}
		out = append(out, kv.Pair{Key: k, Value: []byte(m[k])})
	}
	return out, false
}

func (m Model) deleteRange(r kv.Range) int {
	before := len(m)
	maps.DeleteFunc(m, func(k, _ string) bool { return r.Contains(k) })
	return before - len(m)
}

func (m Model) txn(t kv.Txn) kv.TxnResult {
	out := kv.TxnResult{Succeeded: true}
	for _, c := range t.If {
		v, found := m[c.Key]
		switch c.Kind {
		case kv.CompareEqual:
			out.Succeeded = out.Succeeded && found && v == string(c.Value)
		case kv.CompareNotEqual:
			out.Succeeded = out.Succeeded && !(found && v == string(c.Value))
		case kv.CompareLess:
			out.Succeeded = out.Succeeded && found && v < string(c.Value)
		case kv.CompareGreater:
			out.Succeeded = out.Succeeded && found && v > string(c.Value)
		case kv.CompareExists:
			out.Succeeded = out.Succeeded && found
		case kv.CompareMissing:
			out.Succeeded = out.Succeeded && !found
		}
	}
	ops := t.Else
	if out.Succeeded {
		ops = t.Then
	}
	out.Results = []kv.OpResult{}
	for _, op := range ops {
		var r kv.OpResult
		switch op.Kind {
		case kv.OpGet:
			r.Pairs, r.More = m.getRange(op.Range, op.Limit)
		case kv.OpPut:
			m[op.Key] = string(op.Value)
		case kv.OpDelete:
			r.Deleted = m.deleteRange(op.Range)
		}
		out.Results = append(out.Results, r)
	}
	return out
}

// The generators draw from few keys and values, so that they meet.
var (
	genKey   = rapid.StringOfN(rapid.RuneFrom([]rune("ab/")), 1, 3, -1)
	genValue = rapid.Map(rapid.StringOfN(rapid.RuneFrom([]rune("xy")), 0, 2, -1), func(s string) []byte { return []byte(s) })
	genLimit = rapid.IntRange(0, 4)
	genRange = rapid.Custom(func(t *rapid.T) kv.Range {
		k := genKey.Draw(t, "start")
		switch rapid.IntRange(0, 3).Draw(t, "range") {
		case 0:
			return kv.Prefix(k)
		case 1:
			return kv.Single(k)
		case 2:
			return kv.Range{Start: k}
		}
		return kv.Range{Start: k, End: genKey.Draw(t, "end")}
	})
	genOp = rapid.Custom(func(t *rapid.T) kv.Op {
		switch kv.OpKind(rapid.IntRange(1, 3).Draw(t, "op")) {
		case kv.OpGet:
			return kv.GetRange(genRange.Draw(t, "range"), genLimit.Draw(t, "limit"))
		case kv.OpPut:
			return kv.Put(genKey.Draw(t, "key"), genValue.Draw(t, "value"))
		}
		return kv.DeleteRange(genRange.Draw(t, "range"))
	})
	genCompare = rapid.Custom(func(t *rapid.T) kv.Compare {
		return kv.Compare{Kind: kv.CompareKind(rapid.IntRange(1, 6).Draw(t, "kind")), Key: genKey.Draw(t, "key"), Value: genValue.Draw(t, "value")}
	})
	genTxn = rapid.Custom(func(t *rapid.T) kv.Txn {
		return kv.Txn{
			If:   rapid.SliceOfN(genCompare, 0, 2).Draw(t, "if"),
			Then: rapid.SliceOfN(genOp, 0, 3).Draw(t, "then"),
			Else: rapid.SliceOfN(genOp, 0, 3).Draw(t, "else"),
		}
	})
)

// model does the same random calls on a store and on a map and wants the same answers.
func model(t *testing.T, open func(t *testing.T) kv.Store) {
	rapid.Check(t, func(r *rapid.T) {
		s := open(t)
		defer s.Close()
		Drive(r, s, Model{}, rapid.IntRange(1, 15).Draw(r, "calls"))
	})
}

// Drive does n random calls on s and on m, which hold the same pairs, and fails r where the answers differ.
func Drive(r *rapid.T, s kv.Store, m Model, n int) {
	ctx := r.Context()
	for range n {
		switch rapid.IntRange(0, 4).Draw(r, "call") {
		case 0:
			key, value := genKey.Draw(r, "key"), genValue.Draw(r, "value")
			require.NoError(r, s.Put(ctx, key, value))
			m[key] = string(value)
		case 1:
			q := genRange.Draw(r, "range")
			got, err := s.DeleteRange(ctx, q)
			require.NoError(r, err)
			require.Equal(r, m.deleteRange(q), got)
		case 2:
			key, value := genKey.Draw(r, "key"), genValue.Draw(r, "value")
			var old []byte
			if rapid.Bool().Draw(r, "some") {
				old = genValue.Draw(r, "old")
			}
			v, found := m[key]
			ok, current, err := s.CompareAndPut(ctx, key, old, value)
			require.NoError(r, err)
			require.Equal(r, found == (old != nil) && v == string(old), ok)
			if ok {
				m[key] = string(value)
			} else {
				require.Equal(r, found, current != nil)
				require.True(r, bytes.Equal([]byte(v), current))
			}
		case 3:
			q := genTxn.Draw(r, "txn")
			if q.Validate() != nil {
				_, err := s.Txn(ctx, q)
				require.Error(r, err)
				continue
			}
			got, err := s.Txn(ctx, q)
			require.NoError(r, err)
			require.Equal(r, m.txn(q), got)
		case 4:
			q, limit := genRange.Draw(r, "range"), genLimit.Draw(r, "limit")
			want, wantMore := m.getRange(q, limit)
			got, more, err := s.GetRange(ctx, q, limit)
			require.NoError(r, err)
			require.Equal(r, wantMore, more)
			require.Equal(r, want, got)
		}
	}
	Same(r, s, m)
}

// Same fails r unless s holds what m holds.
func Same(r *rapid.T, s kv.Store, m Model) {
	want, _ := m.getRange(kv.All(), 0)
	got, _, err := s.GetRange(r.Context(), kv.All(), 0)
	require.NoError(r, err)
	require.Equal(r, want, got)
}
