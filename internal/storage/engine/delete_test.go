package engine

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/contract"
	"github.com/goptimedb/goptimedb/internal/model"
)

// condition is a deletion by predicate, and what it means to the plain model.
type condition struct {
	times model.TimeRange
	pred  *model.Expr
	match func(k key, value string) bool
}

func randomCondition(rng *rand.Rand, fields bool) condition {
	c := condition{times: model.AllTime}
	tests := []func(k key, value string) bool{}
	var preds []*model.Expr
	if rng.IntN(2) == 0 {
		lo := rng.Int64N(40)
		c.times = model.TimeRange{Start: lo, End: lo + 1 + rng.Int64N(20)}
		tests = append(tests, func(k key, _ string) bool { return k.ts >= c.times.Start && k.ts < c.times.End })
	}
	if rng.IntN(2) == 0 {
		host := fmt.Sprint("h", rng.IntN(5))
		preds = append(preds, model.Compare(model.OpEq, colHost, model.StringValue(host)))
		tests = append(tests, func(k key, _ string) bool { return k.host == host })
	}
	if fields && rng.IntN(2) == 0 {
		limit := float64(rng.IntN(10))
		preds = append(preds, model.Compare(model.OpLt, colValue, model.FloatValue(limit)))
		tests = append(tests, func(_ key, value string) bool {
			v, _, _ := strings.Cut(value, " ")
			var f float64
			_, err := fmt.Sscan(v, &f)
			return err == nil && f < limit
		})
	}
	if fields && rng.IntN(4) == 0 {
		preds = append(preds, &model.Expr{Op: model.OpIsNull, Column: colText})
		tests = append(tests, func(_ key, value string) bool { return strings.HasSuffix(value, " NULL") })
	}
	c.pred = model.And(preds...)
	c.match = func(k key, value string) bool {
		return !slices.ContainsFunc(tests, func(t func(key, string) bool) bool { return !t(k, value) })
	}
	return c
}

// remove is the plain model of a deletion; it counts the rows.
func (s state) remove(c condition) (n uint64) {
	for k, values := range s {
		left := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return c.match(k, v) })
		n += uint64(len(values) - len(left))
		if s[k] = left; len(left) == 0 {
			delete(s, k)
		}
	}
	return n
}

// TestWritesAndDeletesAgainstModel does random writes (keys repeated within a request and across them), deletions by key and by
// predicate, flushes, compactions and restarts in each mode: what is read is what a plain map says.
func TestWritesAndDeletesAgainstModel(t *testing.T) {
	for _, mode := range []contract.MergeMode{contract.MergeLastRow, contract.MergeLastNonNull, contract.MergeAppend} {
		for seed := range uint64(4) {
			t.Run(fmt.Sprintf("%s/%d", mode, seed), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(seed, uint64(mode)))
				dir, ctx := t.TempDir(), t.Context()
				tune := func(o *Options) { o.RegionBufferBytes = 1 << 30 }
				n, err := start(t, vfs.OS(), dir, tune)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = n.stop() }()
				meta := testMeta(mode)
				meta.Options.RowGroupRows = 8
				if err := n.eng.Create(ctx, contract.CreateRegion{Meta: meta, TableDir: tableDir}); err != nil {
					t.Fatal(err)
				}
				want := state{}
				var history []string
				for step := range 100 {
					what := ""
					switch p := rng.IntN(20); {
					case p < 10:
						var rows []row
						for range 1 + rng.IntN(12) {
							r := row{host: fmt.Sprint("h", rng.IntN(5)), ts: rng.Int64N(50)}
							if rng.IntN(3) > 0 {
								v := float64(rng.IntN(10))
								r.v = &v
							}
							if rng.IntN(3) > 0 {
								text := fmt.Sprint("s", step)
								r.s = &text
							}
							rows = append(rows, r)
						}
						what = fmt.Sprint("put ", len(rows))
						if _, err = n.eng.Write(ctx, put(model.OpPut, rows...)); err == nil {
							want.apply(mode, model.OpPut, rows...)
						}
					case p < 12 && mode != contract.MergeAppend:
						rows := []row{{host: fmt.Sprint("h", rng.IntN(5)), ts: rng.Int64N(50)}, {host: fmt.Sprint("h", rng.IntN(5)), ts: rng.Int64N(50)}}
						what = "delete keys"
						if _, err = n.eng.Write(ctx, put(model.OpDelete, rows...)); err == nil {
							want.apply(mode, model.OpDelete, rows...)
						}
					case p < 15:
						c := randomCondition(rng, mode == contract.MergeAppend)
						what = fmt.Sprintf("delete where %v %+v", c.times, c.pred)
						var got uint64
						got, err = n.eng.DeleteWhere(ctx, contract.DeleteRequest{Region: region0, TimeRange: c.times, Predicate: c.pred, Count: true})
						if removed := want.remove(c); err == nil && got != removed {
							t.Fatalf("step %d, %s: %d rows affected, want %d\n%s", step, what, got, removed, strings.Join(history, "\n"))
						}
					case p < 17:
						what = "flush"
						err = n.eng.Flush(ctx, region0)
					case p < 18:
						what = "compact"
						err = n.eng.Compact(ctx, contract.CompactRequest{Region: region0})
					default:
						what = "restart"
						if err = n.stop(); err == nil {
							if n, err = start(t, vfs.OS(), dir, tune); err == nil {
								err = n.eng.Open(ctx, contract.OpenRegion{ID: region0, TableDir: tableDir})
							}
						}
					}
					history = append(history, what)
					if err != nil {
						t.Fatalf("step %d, %s: %v", step, what, err)
					}
					got, err := n.scanAll(ctx)
					if err != nil {
						t.Fatal(err)
					}
					if d := diff(got, want); d != "" {
						t.Fatalf("step %d, %s: %s\n%s", step, what, d, strings.Join(history, "\n"))
					}
					if d := n.checkReductions(t, want); d != "" {
						t.Fatalf("step %d, %s: %s\n%s", step, what, d, strings.Join(history, "\n"))
					}
				}
			})
		}
	}
}

// checkReductions compares counts and newest rows with the model's.
func (n *node) checkReductions(t *testing.T, want state) string {
	t.Helper()
	read := func(req contract.ScanRequest) *model.Batch {
		req.Region, req.TimeRange = region0, model.AllTime
		st, err := n.eng.Scan(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		all := model.NewBatch(st.Fields(), 0)
		for {
			b, err := st.Next(t.Context())
			if errors.Is(err, io.EOF) {
				return all
			}
			if err != nil {
				t.Fatal(err)
			}
			for i, c := range b.Cols {
				all.Cols[i].AppendVector(c, 0, b.Len)
			}
			all.Len += b.Len
		}
	}
	rows, newest := 0, map[string]int64{}
	for k, v := range want {
		rows += len(v)
		if at, ok := newest[k.host]; !ok || k.ts > at {
			newest[k.host] = k.ts
		}
	}
	if b := read(contract.ScanRequest{Aggregate: &model.Aggregate{Aggs: []model.Agg{{Func: model.AggCountRows}}}}); b.Cols[0].Ints[0] != int64(rows) {
		return fmt.Sprintf("%d rows counted, want %d", b.Cols[0].Ints[0], rows)
	}
	b := read(contract.ScanRequest{LastRow: true, Projection: []model.ColumnID{colHost, colTime}})
	if b.Len != len(newest) {
		return fmt.Sprintf("%d newest rows, want %d", b.Len, len(newest))
	}
	for i := range b.Len {
		if host := string(b.Cols[0].BytesAt(i)); newest[host] != b.Cols[1].Ints[i] {
			return fmt.Sprintf("newest row of %s is at %d, want %d", host, b.Cols[1].Ints[i], newest[host])
		}
	}
	return ""
}

// TestDeletionOutlivesItsColumn: a condition means what its columns were, though they are dropped, added again, or changed before files are
// rewritten; and rows of later are not touched.
func TestDeletionOutlivesItsColumn(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprintf("restart=%v", restart), func(t *testing.T) {
			s := newSchemaStory(t)
			five, ten := 5.0, 10.0
			s.write(0, row{host: "a", ts: 1, v: &five})
			s.write(0, row{host: "b", ts: 2, v: &ten})
			s.write(0, row{host: "c", ts: 3})
			if err := s.eng.Flush(t.Context(), region0); err != nil {
				t.Fatal(err)
			}
			s.write(0, row{host: "d", ts: 4, v: &five})
			for _, pred := range []*model.Expr{model.Compare(model.OpEq, colValue, model.FloatValue(5)), {Op: model.OpIsNull, Column: colValue}} {
				if n, err := s.eng.DeleteWhere(t.Context(), contract.DeleteRequest{Region: region0, TimeRange: model.AllTime, Predicate: pred, Count: true}); err != nil || n == 0 {
					t.Fatalf("%d rows, %v", n, err)
				}
			}
			s.alter(func(n *model.Schema) {
				n.Columns = slices.DeleteFunc(n.Columns, func(c model.Column) bool { return c.ID == colValue })
				n.Add(model.Column{Name: "v", Type: model.Float64, Nullable: true}, len(n.Columns))
			})
			s.write(1, row{host: "e", ts: 5})
			if restart {
				s.reopen()
			}
			s.same(map[string]string{"b 2": "", "e 5": ""})
			reg, err := s.eng.region(region0)
			if err != nil {
				t.Fatal(err)
			}
			if st := reg.manifest.State(); len(st.Deletions) != 0 {
				t.Errorf("%d deletions are left though all files were rewritten", len(st.Deletions))
			}
		})
	}
}

// TestDeleteWhereRefuses lists what is not taken.
func TestDeleteWhereRefuses(t *testing.T) {
	s := newSchemaStory(t)
	f := func(code errs.Code, change func(r *contract.DeleteRequest)) {
		t.Helper()
		r := contract.DeleteRequest{Region: region0, TimeRange: model.AllTime}
		change(&r)
		if _, err := s.eng.DeleteWhere(t.Context(), r); !errs.Is(err, code) {
			t.Errorf("got %v, want %v", err, code)
		}
	}
	f(errs.RegionNotFound, func(r *contract.DeleteRequest) { r.Region++ })
	f(errs.RequestOutdated, func(r *contract.DeleteRequest) { r.SchemaVersion = 9 })
	f(errs.TableColumnNotFound, func(r *contract.DeleteRequest) { r.Predicate = &model.Expr{Op: model.OpIsNull, Column: 77} })
	f(errs.InvalidArguments, func(r *contract.DeleteRequest) {
		r.Predicate = model.Compare(model.OpEq, colValue, model.StringValue("x"))
	})
	n, err := start(t, vfs.OS(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = n.stop() }()
	if err := n.eng.Create(t.Context(), contract.CreateRegion{Meta: testMeta(contract.MergeLastRow), TableDir: tableDir}); err != nil {
		t.Fatal(err)
	}
	_, err = n.eng.DeleteWhere(t.Context(), contract.DeleteRequest{Region: region0, TimeRange: model.AllTime, Predicate: model.Compare(model.OpEq, colValue, model.FloatValue(1))})
	if !errs.Is(err, errs.Unsupported) {
		t.Errorf("a condition on a field of a table that merges rows: %v", err)
	}
}
