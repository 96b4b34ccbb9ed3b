package series

import (
	"cmp"
	"fmt"
	"math"
	"math/rand"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

// The plain model: a series is a slice of values, a table a sorted list of them.

type row []model.Value

func compareRows(a, b row) int {
	for i := range a {
		switch {
		case a[i].Null() && b[i].Null():
			continue
		case a[i].Null():
			return -1
		case b[i].Null():
			return 1
		}
		if c := a[i].Compare(b[i]); c != 0 {
			return c
		}
	}
	return 0
}

var testTags = []model.ColumnID{3, 1, 7, 9, 11}
var testTypes = []model.Type{model.String, model.Int32, model.Float64, model.Bool, model.String}

func randomValue(r *rand.Rand, t model.Type, card int) model.Value {
	if r.Intn(8) == 0 {
		return model.NullOf(t)
	}
	n := r.Intn(card)
	switch t.Class() {
	case model.ClassBytes:
		f := [...]string{"", "host_%d", "a%d", "host_longer_name_%d\x00", "\xff%d"}[n%5]
		return model.Value{Type: t, Bytes: strings.ReplaceAll(f, "%d", strconv.Itoa(n))}
	case model.ClassFloat:
		return model.Value{Type: t, Float: [...]float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(-1), -2.5, 7}[n%6]}
	case model.ClassBool:
		return model.Value{Type: t, Bool: n%2 == 0}
	}
	return model.IntValue(t, int64(n)-int64(card)/2)
}

func randomRows(r *rand.Rand, tags, n, card int) []row {
	var rows []row
	for range n {
		x := make(row, tags)
		for k := range x {
			x[k] = randomValue(r, testTypes[k], card)
		}
		rows = append(rows, x)
	}
	slices.SortFunc(rows, compareRows)
	return slices.CompactFunc(rows, func(a, b row) bool { return compareRows(a, b) == 0 })
}

// tableOf builds the table of sorted rows, series i having i%3+1 rows.
func tableOf(t testing.TB, tags int, rows []row) *Table {
	t.Helper()
	b := NewBuilder(testTags[:tags], testTypes[:tags])
	for i, x := range rows {
		vals := make([][]byte, tags)
		for k, v := range x {
			if !v.Null() {
				vals[k] = append([]byte{}, AppendSortableValue(nil, v)...)
			}
		}
		b.AppendRun(vals, i%3+1)
	}
	tab, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func rowOf(t *Table, i int) row {
	x := make(row, len(t.Tags))
	for k := range x {
		x[k] = t.Value(k, i)
	}
	return x
}

func sameRow(a, b row) bool { return len(a) == len(b) && compareRows(a, b) == 0 }

// truth is a predicate decided value by value.
func truth(e *model.Expr, x row) bool {
	switch e.Op {
	case model.OpTrue:
		return true
	case model.OpFalse:
		return false
	case model.OpAnd:
		return !slices.ContainsFunc(e.Args, func(a *model.Expr) bool { return !truth(a, x) })
	case model.OpOr:
		return slices.ContainsFunc(e.Args, func(a *model.Expr) bool { return truth(a, x) })
	}
	v := x[slices.Index(testTags, e.Column)]
	if e.Op == model.OpIsNull || v.Null() {
		return e.Op == model.OpIsNull && v.Null()
	}
	is := func(w model.Value) bool { return v.Compare(w) == 0 }
	switch e.Op {
	case model.OpEq:
		return is(e.Values[0])
	case model.OpNe:
		return !is(e.Values[0])
	case model.OpLt:
		return v.Compare(e.Values[0]) < 0
	case model.OpLe:
		return v.Compare(e.Values[0]) <= 0
	case model.OpGt:
		return v.Compare(e.Values[0]) > 0
	case model.OpGe:
		return v.Compare(e.Values[0]) >= 0
	case model.OpIn:
		return slices.ContainsFunc(e.Values, is)
	case model.OpNotIn:
		return !slices.ContainsFunc(e.Values, is)
	case model.OpNotNull:
		return true
	case model.OpRegex, model.OpNotRegex:
		return regexp.MustCompile(`^(?:`+e.Pattern+`)$`).MatchString(v.Bytes) == (e.Op == model.OpRegex)
	}
	return regexp.MustCompile(e.Pattern).MatchString(v.Bytes) == (e.Op == model.OpContains)
}

var testPatterns = []string{"host_1|host_2|a5", "host_.*", "a[0-9]+", ".*", "", "host_(1|2)?", "(?i)HOST_1", "^a1$", "b.*", "host_longer.*\x00", "(a1|b)(2)?", ".+"}

func randomPred(r *rand.Rand, tags, card, depth int) *model.Expr {
	if depth > 0 && r.Intn(2) == 0 {
		args := make([]*model.Expr, 1+r.Intn(3))
		for i := range args {
			args[i] = randomPred(r, tags, card, depth-1)
		}
		return &model.Expr{Op: model.OpAnd + model.Op(r.Intn(2)), Args: args}
	}
	k := r.Intn(tags)
	e := &model.Expr{Op: model.OpTrue + model.Op(r.Intn(int(model.OpNotContains)+1)), Column: testTags[k]}
	value := func() model.Value {
		for {
			if v := randomValue(r, testTypes[k], card); !v.Null() {
				return v
			}
		}
	}
	switch {
	case e.Op <= model.OpFalse || e.Op == model.OpIsNull || e.Op == model.OpNotNull:
	case e.Op == model.OpAnd || e.Op == model.OpOr:
		return model.Compare(model.OpEq, e.Column, value())
	case e.Op <= model.OpGe:
		e.Values = []model.Value{value()}
	case e.Op == model.OpIn || e.Op == model.OpNotIn:
		for range 1 + r.Intn(4) {
			e.Values = append(e.Values, value())
		}
	default:
		if testTypes[k].Class() != model.ClassBytes {
			return model.Compare(model.OpGe, e.Column, value())
		}
		e.Pattern = testPatterns[r.Intn(len(testPatterns))]
	}
	return e
}

func TestMatchAgreesWithRowByRow(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 3000 {
		tags := 1 + r.Intn(len(testTags))
		card := 1 + r.Intn(30)
		rows := randomRows(r, tags, r.Intn(400), card)
		tab := tableOf(t, tags, rows)
		pred := randomPred(r, tags, card, 3)
		sel, err := Match(tab, pred)
		if err != nil {
			t.Fatalf("%s: %v", pred, err)
		}
		var want []uint32
		for i, x := range rows {
			if truth(pred, x) {
				want = append(want, uint32(i))
			}
			if sel.Contains(i) != truth(pred, x) {
				t.Fatalf("%s: series %d %v: selected %v", pred, i, x, sel.Contains(i))
			}
		}
		if got := sel.Ordinals(); !slices.Equal(got, want) || sel.Count() != len(want) || sel.Empty() != (len(want) == 0) {
			t.Fatalf("%s: got %v want %v", pred, got, want)
		}
		n := 0
		for _, rr := range tab.RowsOf(sel) {
			n += rr.End - rr.Start
		}
		for _, o := range want {
			n -= int(tab.Start[o+1] - tab.Start[o])
		}
		if n != 0 {
			t.Fatalf("%s: row ranges are off by %d", pred, n)
		}
	}
}

func TestMatchErrors(t *testing.T) {
	tab := tableOf(t, 2, randomRows(rand.New(rand.NewSource(1)), 2, 10, 5))
	for _, e := range []*model.Expr{
		{Op: model.OpRegex, Column: 3, Pattern: "("}, {Op: model.OpRegex, Column: 1, Pattern: "a"}, {Op: model.OpIsNull, Column: 99},
		model.Compare(model.OpEq, 1, model.StringValue("x")), {Op: model.OpEq, Column: 1}, {Op: 77, Column: 1},
	} {
		if _, err := Match(tab, e); err == nil {
			t.Errorf("op %d: no error", e.Op)
		}
	}
}

func TestSplit(t *testing.T) {
	eq := func(c model.ColumnID) *model.Expr {
		return model.Compare(model.OpEq, c, model.IntValue(model.Int64, 1))
	}
	a, b, c := Split(model.And(eq(1), eq(2), eq(5), model.Or(eq(1), eq(2)), model.Or(eq(1), eq(5)), model.Or(eq(5))), []model.ColumnID{1, 2}, 5)
	if got := fmt.Sprint(a, b, c); got != "(#1 = 1 and #2 = 1 and (#1 = 1 or #2 = 1)) (#5 = 1 and (#5 = 1)) (#1 = 1 or #5 = 1)" {
		t.Fatal(got)
	}
	if a, b, c = Split(nil, nil, 5); a != nil || b != nil || c != nil {
		t.Fatal("conditions out of nothing")
	}
}

func TestAlignAgreesWithMaps(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for round := range 2000 {
		tags := 1 + r.Intn(len(testTags))
		pool := randomRows(r, tags, 1+r.Intn(200), 1+r.Intn(40))
		tables := make([]*Table, 1+r.Intn(5))
		content := make([][]row, len(tables))
		var sels []Selection
		if r.Intn(2) == 0 {
			sels = make([]Selection, len(tables))
		}
		all := r.Intn(4) == 0
		for i := range tables {
			for _, x := range pool {
				if all || r.Intn(3) > 0 {
					content[i] = append(content[i], x)
				}
			}
			tables[i] = tableOf(t, tags, content[i])
			if sels != nil {
				s, err := Match(tables[i], randomPred(r, tags, 10, 2))
				if err != nil {
					t.Fatal(err)
				}
				sels[i] = s
			}
		}
		a, err := Align(tables, sels)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, x := range pool {
			s := ""
			for i := range tables {
				j, ok := slices.BinarySearchFunc(content[i], x, compareRows)
				if ok && (sels == nil || sels[i].Contains(j)) {
					s += fmt.Sprintf(" %d:%d", i, j)
				}
			}
			if s != "" {
				want = append(want, fmt.Sprint(x)+s)
			}
		}
		var got []string
		members := make([]string, a.Len())
		for i := range tables {
			numbers, selected := a.Numbers(i), a.Selected(i)
			n := a.Len() // nil numbers: it has all
			if numbers != nil {
				n = len(numbers)
			}
			for j := range n {
				g, o := j, j
				if numbers != nil {
					g = int(numbers[j])
				}
				if selected != nil {
					o = int(selected[j])
				}
				members[g] += fmt.Sprintf(" %d:%d", i, o)
			}
		}
		for g := range a.Len() {
			x := make(row, tags)
			for k := range x {
				x[k] = model.NullOf(testTypes[k])
				if c := a.Code(k, g); c > 0 {
					x[k] = FromSortable(testTypes[k], a.Dicts[k].At(c-1))
				}
			}
			s := fmt.Sprint(x)
			s += members[g]
			got = append(got, s)
		}
		norm := func(s []string) string { return strings.ReplaceAll(strings.Join(s, "\n"), "-0 ", "0 ") }
		if norm(got) != norm(want) && !strings.Contains(norm(want), "-0") {
			t.Fatalf("round %d\ngot\n%s\nwant\n%s", round, norm(got), norm(want))
		}
		checkTable(t, a)
	}
}

func checkTable(t *testing.T, a *Alignment) {
	t.Helper()
	tab := a.Table()
	if tab.Len() != a.Len() || tab.Rows() != a.Len() {
		t.Fatalf("table of %d series and %d rows, not %d", tab.Len(), tab.Rows(), a.Len())
	}
	for k := range a.Tags {
		for g := range a.Len() {
			if tab.Codes[k][g] != a.Code(k, g) {
				t.Fatalf("table's series %d differs in tag %d", g, k)
			}
		}
	}
	for g := 1; g < a.Len(); g++ {
		if tab.compare(g-1, g) >= 0 {
			t.Fatalf("table's series %d does not come after %d", g, g-1)
		}
	}
}

func TestBuilderForms(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	for range 500 {
		tags := 1 + r.Intn(len(testTags))
		rows := randomRows(r, tags, 1+r.Intn(100), 20)
		want := tableOf(t, tags, rows)
		// From vectors, plain and coded, in slices that cut series.
		b := NewBuilder(want.Tags, want.Types)
		coded := r.Intn(2) == 0
		vecs := make([]*model.Vector, tags)
		for k := range vecs {
			if coded {
				vecs[k] = want.TagRows(k, 0, want.Rows())
				continue
			}
			vecs[k] = model.NewVector(testTypes[k], 0)
			for i, x := range rows {
				for range i%3 + 1 {
					vecs[k].AppendValue(x[k])
				}
			}
		}
		for at := 0; at < want.Rows(); {
			end := min(want.Rows(), at+1+r.Intn(20))
			b.Append(vecs, at, end)
			at = end
		}
		got, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		sameTable(t, got, want)
		// Shuffled.
		b = NewBuilder(want.Tags, want.Types)
		perm := r.Perm(len(rows))
		for _, p := range perm {
			vals := make([]*model.Vector, tags)
			for k, v := range rows[p] {
				vals[k] = model.ConstVector(v, p%3+1)
			}
			b.Append(vals, 0, p%3+1)
		}
		got, order, err := b.FinishUnsorted()
		if err != nil {
			t.Fatal(err)
		}
		sameTable(t, got, want)
		for i, o := range order {
			if perm[o] != i {
				t.Fatalf("series %d arrived as %d", i, perm[o])
			}
		}
	}
	b := NewBuilder(testTags[:1], testTypes[:1])
	b.AppendRun([][]byte{[]byte("b")}, 1)
	b.AppendRun([][]byte{[]byte("a")}, 1)
	if _, err := b.Finish(); err == nil {
		t.Fatal("rows out of order were taken")
	}
}

func sameTable(t testing.TB, got, want *Table) {
	t.Helper()
	if !slices.Equal(got.Tags, want.Tags) || !slices.Equal(got.Types, want.Types) || !slices.Equal(got.Start, want.Start) {
		t.Fatalf("tables differ: %v %v", got.Start, want.Start)
	}
	for k := range want.Tags {
		if !sameDict(got.Dicts[k], want.Dicts[k]) || !slices.Equal(got.Codes[k], want.Codes[k]) {
			t.Fatalf("tables differ in tag %d", k)
		}
	}
}

func TestTagRowsAndExtend(t *testing.T) {
	r := rand.New(rand.NewSource(4))
	for range 300 {
		rows := randomRows(r, 5, 1+r.Intn(60), 20)
		full := tableOf(t, 5, rows)
		from := r.Intn(full.Rows() + 1)
		to := from + r.Intn(full.Rows()-from+1)
		for k := range full.Tags {
			v := full.TagRows(k, from, to)
			if v.Len != to-from {
				t.Fatal("length")
			}
			for i := range v.Len {
				if a, b := v.At(i), full.Value(k, full.SeriesOf(from+i)); a.Null() != b.Null() || !a.Null() && a.Compare(b) != 0 {
					t.Fatalf("tag %d row %d: %v, not %v", k, from+i, a, b)
				}
			}
			vals := full.Values(k)
			for c := range vals.Len {
				if vals.At(c).Compare(FromSortable(full.Types[k], full.Dicts[k].At(uint32(c)))) != 0 {
					t.Fatal("values")
				}
			}
		}
	}
	short := tableOf(t, 3, randomRows(r, 3, 20, 10))
	x, err := Extend(short, testTags, testTypes)
	if err != nil {
		t.Fatal(err)
	}
	for i := range x.Len() {
		if !sameRow(rowOf(x, i)[:3], rowOf(short, i)) || !x.Value(3, i).Null() || !x.Value(4, i).Null() {
			t.Fatal("extended series differ")
		}
	}
	if _, err := Extend(x, testTags[:2], testTypes[:2]); err == nil {
		t.Fatal("a tag was lost")
	}
}

func TestDecimalOrder(t *testing.T) {
	typ := model.Decimal(38, 2)
	vals := []model.Int128{{Hi: -5, Lo: 1}, {Hi: -1, Lo: 0}, {Hi: -1, Lo: math.MaxUint64}, {}, {Lo: 1}, {Lo: math.MaxUint64}, {Hi: 1}}
	slices.SortFunc(vals, func(a, b model.Int128) int { return cmp.Or(cmp.Compare(a.Hi, b.Hi), cmp.Compare(a.Lo, b.Lo)) })
	last := []byte{}
	for _, d := range vals {
		b := AppendSortableValue(nil, model.Value{Type: typ, Decimal: d})
		if string(b) <= string(last) || FromSortable(typ, b).Decimal != d {
			t.Fatalf("%v", d)
		}
		last = b
	}
}
