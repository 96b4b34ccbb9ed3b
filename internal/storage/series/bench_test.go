package series

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

var benchIDs = []model.ColumnID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}

// hosts is a table of the shape of a fleet of hosts with ten tags; keep says which hosts are in it.
func hosts(tb testing.TB, n int, keep func(i int) bool) *Table {
	r := rand.New(rand.NewSource(1))
	cards := []int{0, 9, 27, 100, 3, 2, 8, 20, 2, 3}
	dicts := make([]*model.Dict, len(cards))
	codes := make([][]uint32, len(cards))
	types := make([]model.Type, len(cards))
	for k, c := range cards {
		types[k] = model.String
		dicts[k] = &model.Dict{}
		for v := range c {
			dicts[k].AppendString(fmt.Sprintf("tag_%d_value_%d", k, v))
		}
	}
	for i := range n {
		one := make([]uint32, len(cards))
		for k, c := range cards[1:] {
			one[k+1] = uint32(r.Intn(c)) + 1
		}
		if keep != nil && !keep(i) {
			continue
		}
		one[0] = dicts[0].AppendString(fmt.Sprintf("host_%d", i)) + 1
		for k := range codes {
			codes[k] = append(codes[k], one[k])
		}
	}
	t, _ := FromTuples(benchIDs, types, dicts, codes, nil)
	return t
}

var benchSizes = []int{4000, 1000000}

func BenchmarkMatch(b *testing.B) {
	str := func(op model.Op, c model.ColumnID, s string) *model.Expr {
		return model.Compare(op, c, model.StringValue(s))
	}
	for _, n := range benchSizes {
		t := hosts(b, n, nil)
		for _, c := range []struct {
			name string
			pred *model.Expr
		}{
			{"host", str(model.OpEq, 1, "host_777")},
			{"hostRegexWords", &model.Expr{Op: model.OpRegex, Column: 1, Pattern: "host_777|host_778|host_3"}},
			{"hostRegexPrefix", &model.Expr{Op: model.OpRegex, Column: 1, Pattern: "host_77.*"}},
			{"hostRegexAll", &model.Expr{Op: model.OpRegex, Column: 1, Pattern: ".*_[0-9]*7"}},
			{"region", str(model.OpEq, 2, "tag_1_value_3")},
			{"regionOrTeamRegex", model.Or(str(model.OpEq, 2, "tag_1_value_3"), &model.Expr{Op: model.OpRegex, Column: 7, Pattern: ".*_[56]"})},
		} {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if s, err := Match(t, c.pred); err != nil || s.Empty() {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkAlign(b *testing.B) {
	for _, n := range benchSizes {
		one := hosts(b, n, nil)
		same := []*Table{one, hosts(b, n, nil), hosts(b, n, nil), hosts(b, n, nil)}
		overlap, disjoint := make([]*Table, 4), make([]*Table, 4)
		for i := range 4 {
			r := rand.New(rand.NewSource(int64(i)))
			overlap[i] = hosts(b, n, func(int) bool { return r.Intn(10) > 0 })
			disjoint[i] = hosts(b, n, func(h int) bool { return h%4 == i })
		}
		point := make([]Selection, 4)
		for i := range point {
			point[i], _ = Match(overlap[i], model.Compare(model.OpEq, 1, model.StringValue("host_777")))
		}
		for _, c := range []struct {
			name   string
			tables []*Table
			sels   []Selection
		}{{"one", same[:1], nil}, {"same4", same, nil}, {"overlap4", overlap, nil}, {"disjoint4", disjoint, nil}, {"point4", overlap, point}} {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Align(c.tables, c.sels); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkFromTuples(b *testing.B) {
	for _, n := range benchSizes {
		t := hosts(b, n, nil)
		perm := rand.New(rand.NewSource(1)).Perm(n)
		codes := make([][]uint32, len(t.Tags))
		for k := range codes {
			codes[k] = make([]uint32, n)
			for i, p := range perm {
				codes[k][i] = t.Codes[k][p]
			}
		}
		dicts := append([]*model.Dict{}, t.Dicts...)
		dicts[0] = &model.Dict{}
		for i := range n {
			dicts[0].AppendString(fmt.Sprintf("host_%d", i))
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				FromTuples(t.Tags, t.Types, dicts, codes, nil)
			}
		})
	}
}

func BenchmarkCodec(b *testing.B) {
	for _, n := range benchSizes {
		t := hosts(b, n, nil)
		blob, err := Append(nil, t)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("append/%d", n), func(b *testing.B) {
			for b.Loop() {
				blob, _ = Append(blob[:0], t)
			}
			b.ReportMetric(float64(len(blob))/float64(n), "bytes/series")
		})
		b.Run(fmt.Sprintf("decode/%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := Decode(blob); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
