package index

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand"
	"regexp"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/index/analyze"
	"github.com/goptimedb/goptimedb/internal/model"
)

var patterns = map[string]*regexp.Regexp{}

func compiled(p string) *regexp.Regexp {
	if patterns[p] == nil {
		patterns[p] = regexp.MustCompile(p)
	}
	return patterns[p]
}

// holds is the plain meaning of a leaf for one value: what every index is compared with.
func holds(e *model.Expr, v model.Value) bool {
	if v.Null() {
		return e.Op == model.OpIsNull
	}
	cmp := func() int { return v.Compare(e.Values[0]) }
	in := func() bool {
		for _, x := range e.Values {
			if !x.Null() && v.Compare(x) == 0 {
				return true
			}
		}
		return false
	}
	query := func() bool {
		q, err := analyze.ParseQuery(e.Pattern)
		if err != nil {
			panic(err)
		}
		return q.Match([]byte(v.Bytes))
	}
	switch e.Op {
	case model.OpTrue:
		return true
	case model.OpAnd:
		for _, a := range e.Args {
			if !holds(a, v) {
				return false
			}
		}
		return true
	case model.OpOr:
		for _, a := range e.Args {
			if holds(a, v) {
				return true
			}
		}
		return false
	case model.OpEq:
		return cmp() == 0
	case model.OpNe:
		return cmp() != 0
	case model.OpLt:
		return cmp() < 0
	case model.OpLe:
		return cmp() <= 0
	case model.OpGt:
		return cmp() > 0
	case model.OpGe:
		return cmp() >= 0
	case model.OpIn:
		return in()
	case model.OpNotIn:
		return !in()
	case model.OpNotNull:
		return true
	case model.OpRegex:
		return compiled("^(?:" + e.Pattern + ")$").MatchString(v.Bytes)
	case model.OpNotRegex:
		return !compiled("^(?:" + e.Pattern + ")$").MatchString(v.Bytes)
	case model.OpContains:
		return compiled(e.Pattern).MatchString(v.Bytes)
	case model.OpNotContains:
		return !compiled(e.Pattern).MatchString(v.Bytes)
	case model.OpMatchesTerm:
		return analyze.MatchesTerm(v.Bytes, e.Pattern)
	case model.OpNotMatchesTerm:
		return !analyze.MatchesTerm(v.Bytes, e.Pattern)
	case model.OpMatches:
		return query()
	case model.OpNotMatches:
		return !query()
	}
	return false
}

// column makes a column of rows, in batches that are plain or coded.
func column(r *rand.Rand, t model.Type, rows int, value func() model.Value) []*model.Vector {
	var out []*model.Vector
	var shared *model.Dict
	for done := 0; done < rows; {
		n := min(rows-done, 1+r.Intn(1000))
		v := model.NewVector(t, n)
		if t.Class() == model.ClassBytes && r.Intn(2) == 0 {
			v.Offsets = nil
			if shared == nil || r.Intn(2) == 0 {
				shared = &model.Dict{}
				shared.AppendString("unused")
				for range 20 {
					if x := value(); !x.Null() {
						shared.AppendString(x.Bytes)
					}
				}
			}
			v.Dict = shared
			for range n {
				if r.Intn(20) == 0 {
					v.AppendNull()
				} else {
					v.AppendCode(uint32(r.Intn(shared.Len()-1) + 1))
				}
			}
		} else {
			for range n {
				v.AppendValue(value())
			}
		}
		out = append(out, v)
		done += n
	}
	return out
}

func build(t testing.TB, k Kind, o Options, typ model.Type, s Scratch, cols []*model.Vector) Bytes {
	t.Helper()
	b, err := NewBuilder(k, o, typ, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range cols {
		if err := b.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	var buf bytes.Buffer
	if err := b.Finish(&buf); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// check compares an answer with the rows themselves, and gives how many it names.
func check(t testing.TB, rd Reader, e *model.Expr, cols []*model.Vector) (named int, ok bool) {
	t.Helper()
	rows, exact, ok, err := rd.Search(context.Background(), e)
	if err != nil {
		t.Fatalf("%s: %v", e, err)
	}
	if !ok {
		return 0, false
	}
	at := 0
	in := func(i int) bool {
		for at < len(rows) && rows[at].End <= i {
			at++
		}
		return at < len(rows) && rows[at].Start <= i
	}
	for i, r := range rows {
		if r.Start >= r.End || i > 0 && rows[i-1].End >= r.Start || r.End > rd.Rows() {
			t.Fatalf("%s: ranges %v", e, rows)
		}
	}
	i := 0
	for _, v := range cols {
		for j := range v.Len {
			want, got := holds(e, v.At(j)), in(i)
			if want && !got {
				t.Fatalf("%s: row %d, %s, is lost", e, i, v.At(j))
			}
			if exact && got && !want {
				t.Fatalf("%s: row %d, %s, is named exactly", e, i, v.At(j))
			}
			i++
		}
	}
	if i != rd.Rows() {
		t.Fatalf("%d rows, not %d", rd.Rows(), i)
	}
	return Rows(rows).Count(), true
}

var valueTypes = []model.Type{model.Bool, model.Int8, model.Int64, model.Uint64, model.Float64, model.String, model.Binary, model.Date,
	model.Timestamp(model.Millisecond), model.Decimal(20, 3)}

// maker makes values of a type, few enough to meet again.
func maker(r *rand.Rand, t model.Type) func() model.Value {
	spread := []int{3, 50, 100000}[r.Intn(3)]
	nulls := []int{0, 0, 3}[r.Intn(3)]
	base := 0
	return func() model.Value {
		if nulls > 0 && r.Intn(nulls) == 0 {
			return model.NullOf(t)
		}
		if r.Intn(1000) == 0 {
			base += spread
		}
		x := base + r.Intn(spread)
		v := model.Value{Type: t}
		switch t.Class() {
		case model.ClassBool:
			v.Bool = x%2 == 0
		case model.ClassInt:
			v.Int = int64(x - spread/2)
			if r.Intn(50) == 0 {
				v.Int = []int64{math.MinInt64, math.MaxInt64, -1, 0}[r.Intn(4)]
			}
		case model.ClassFloat:
			v.Float = float64(x-spread/2) / 4
			if r.Intn(50) == 0 {
				v.Float = []float64{math.NaN(), math.Inf(-1), math.Inf(1), math.Copysign(0, -1), 0}[r.Intn(5)]
			}
		case model.ClassBytes:
			v.Bytes = fmt.Sprintf("pod-%d.a", x)
			switch r.Intn(200) {
			case 0:
				v.Bytes = ""
			case 1:
				v.Bytes = strings.Repeat("long", 100+x%60)
			case 2:
				v.Bytes = "\xff\x00" + v.Bytes
			}
		case model.ClassDecimal:
			v.Decimal = model.Int128{Hi: int64(x%3 - 1), Lo: uint64(x)}
		}
		return v
	}
}

func TestValuesAgainstRows(t *testing.T) {
	for _, k := range []Kind{Inverted, Skipping} {
		for _, typ := range valueTypes {
			for seed := range int64(3) {
				t.Run(fmt.Sprintf("%s/%s/%d", k, typ, seed), func(t *testing.T) {
					r := rand.New(rand.NewSource(seed))
					value := maker(r, typ)
					cols := column(r, typ, r.Intn(4000), value)
					s := Scratch{}
					if k == Inverted && seed == 1 {
						s = Scratch{MaxBytes: 40 << 10, FS: vfs.OS(), Dir: t.TempDir()}
					}
					o := Options{Granularity: []int{1, 100, 1024}[r.Intn(3)], FalsePositiveRate: []float64{0.001, 0.01, 0.5, 1}[r.Intn(4)]}
					rd, err := Open(context.Background(), k, build(t, k, o, typ, s, cols))
					if err != nil {
						t.Fatal(err)
					}
					draw := func() model.Value {
						if len(cols) == 0 || r.Intn(3) == 0 {
							return value()
						}
						v := cols[r.Intn(len(cols))]
						return v.At(r.Intn(v.Len))
					}
					real := func() model.Value {
						for {
							if v := draw(); !v.Null() {
								return v
							}
						}
					}
					f := func(e *model.Expr, must bool) {
						t.Helper()
						if _, ok := check(t, rd, e, cols); must && !ok {
							t.Errorf("%s is not answered", e)
						}
					}
					f(&model.Expr{Op: model.OpIsNull, Column: 1}, true)
					f(&model.Expr{Op: model.OpNotNull, Column: 1}, true)
					for range 8 {
						f(model.Compare(model.OpEq, 1, real()), true)
						f(&model.Expr{Op: model.OpIn, Column: 1, Values: []model.Value{real(), real(), real()}}, true)
						for op := model.OpNe; op <= model.OpGe; op++ {
							f(model.Compare(op, 1, real()), k == Inverted)
						}
						f(&model.Expr{Op: model.OpNotIn, Column: 1, Values: []model.Value{real(), real()}}, k == Inverted)
						if k == Inverted {
							f(model.And(model.Compare(model.OpGe, 1, real()), model.Compare(model.OpLt, 1, real())), true)
						}
					}
					if typ.Class() != model.ClassBytes {
						return
					}
					for _, p := range []string{"pod-1.*", "pod-(1|2)[.]a", "(?s).*1[.]a", "(?s)pod-1.*", "(?s).*-12.*", "pod-1.a|", "(?i)POD-2.*", "", ".*", "long.*g"} {
						for op := model.OpRegex; op <= model.OpNotContains; op++ {
							f(&model.Expr{Op: op, Column: 1, Pattern: p}, k == Inverted)
						}
					}
					for _, p := range []string{"pod", "a", "1"} {
						for op := model.OpMatchesTerm; op <= model.OpNotMatches; op++ {
							f(&model.Expr{Op: op, Column: 1, Pattern: p}, k == Inverted)
						}
					}
				})
			}
		}
	}
}
