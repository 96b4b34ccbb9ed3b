package index

import (
	"context"
	"fmt"
	"math/rand"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/base/vfs"
	"github.com/goptimedb/goptimedb/internal/index/analyze"
	"github.com/goptimedb/goptimedb/internal/model"
)

var textPieces = []string{"error", "Error", "ERROR", "errors", "GET", "get", "api", "v1", "start", "ſtart", "Kelvin", "Kelvin", "kelvin", "x", "naïve", "ï", "übung", "ÜBUNG",
	"тест", "Тест", "发生错误", "错误", "误", "错", "中文日志error", "の", "テスト", "42", "0x7f", "id", "_", "-", " ", " ", " ", " ", "/", ".", ",", ":", "\n", "\"", "(", "\xff", "\xe4\xb8", "é", "—", "Ⅷ", "々"}

func text(r *rand.Rand, n int) string {
	var sb strings.Builder
	for range r.Intn(n) {
		sb.WriteString(textPieces[r.Intn(len(textPieces))])
		if r.Intn(3) == 0 {
			sb.WriteByte(' ')
		}
	}
	if r.Intn(60) == 0 {
		sb.WriteString(strings.Repeat("verylong", 60+r.Intn(10)))
	}
	return sb.String()
}

// part is a piece of a text, at characters.
func part(r *rand.Rand, s string) string {
	var at []int
	for i := range s {
		at = append(at, i)
	}
	at = append(at, len(s))
	i := r.Intn(len(at))
	j := min(len(at)-1, i+r.Intn(12))
	return s[at[i]:at[j]]
}

// textLeaf draws a condition on texts like s.
func textLeaf(r *rand.Rand, s string) *model.Expr {
	p := part(r, s)
	if r.Intn(5) == 0 {
		p = textPieces[r.Intn(len(textPieces))]
	}
	e := &model.Expr{Column: 1, Pattern: p}
	q := ""
	if utf8.ValidString(p) {
		q = regexp.QuoteMeta(p)
	} else {
		p = "x"
	}
	switch r.Intn(14) {
	case 0, 1, 2:
		e.Op = model.OpMatchesTerm
	case 3:
		e.Op = model.OpNotMatchesTerm
	case 4:
		return model.Compare(model.OpEq, 1, model.StringValue(s))
	case 5:
		e.Op, e.Pattern = model.OpRegex, "(?s).*"+q+".*"
	case 6:
		e.Op, e.Pattern = model.OpRegex, "(?is).*"+q+".*"
	case 7:
		e.Op, e.Pattern = model.OpRegex, "(?s)"+q+".*"
	case 8:
		e.Op, e.Pattern = model.OpContains, []string{`\b` + q + `\b`, `(?i)\b` + q + `\b`, `(?:^|[^0-9A-Za-z])` + q + `(?:$|[^0-9A-Za-z])`, `(?m)^` + q,
			`[ /]` + q + `[,. ]`, `(?i)[^0-9a-z]` + q, `(` + q + `|error)s?`, q + `+ `, `\W` + q + `\W`, `(?:` + q + `){2}`, q + "$", ` (?i:` + q + `)x?`}[r.Intn(12)]
	case 9:
		e.Op, e.Pattern = model.OpContains, "(?i)"+q
	case 10:
		e.Op, e.Pattern = model.OpContains, q
	default:
		e.Op = model.OpMatches
		quoted := func() string {
			x := part(r, s)
			if x == "" {
				x = "error"
			}
			return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(x) + `"`
		}
		e.Pattern = []string{"+%s -%s", "%s %s", "%s AND %s", "+%s +%s", "(%s OR %s) AND error", "-%s %s"}[r.Intn(6)]
		e.Pattern = fmt.Sprintf(e.Pattern, quoted(), quoted())
	}
	return e
}

// TestTextsAgainstRows also counts what was answered, so that an index that never tells does not pass.
func TestTextsAgainstRows(t *testing.T) {
	for _, k := range []Kind{FulltextBloom, FulltextPostings} {
		for _, a := range []analyze.Analyzer{analyze.English, analyze.Chinese} {
			for seed := range int64(6) {
				t.Run(fmt.Sprintf("%s/%s/%d", k, a, seed), func(t *testing.T) {
					r := rand.New(rand.NewSource(seed))
					cols := column(r, model.String, 500+r.Intn(500), func() model.Value {
						if r.Intn(20) == 0 {
							return model.NullOf(model.String)
						}
						return model.StringValue(text(r, 10))
					})
					s := Scratch{}
					if seed%2 == 1 && k == FulltextPostings {
						s = Scratch{MaxBytes: 30 << 10, FS: vfs.OS(), Dir: t.TempDir()}
					}
					o := Options{Granularity: []int{1, 7, 100}[r.Intn(3)], FalsePositiveRate: 0.01, Analyzer: a, CaseSensitive: seed%3 == 0}
					rd, err := Open(context.Background(), k, build(t, k, o, model.String, s, cols))
					if err != nil {
						t.Fatal(err)
					}
					told, saved := 0, 0
					for range 250 {
						v := cols[r.Intn(len(cols))]
						named, ok := check(t, rd, textLeaf(r, v.At(r.Intn(v.Len)).Bytes), cols)
						if ok {
							told++
							if named < rd.Rows()/2 {
								saved++
							}
						}
					}
					if told < 30 || saved < 10 {
						t.Errorf("of 250 conditions %d were answered, %d with profit", told, saved)
					}
					check(t, rd, &model.Expr{Op: model.OpIsNull, Column: 1}, cols)
					check(t, rd, &model.Expr{Op: model.OpNotNull, Column: 1}, cols)
				})
			}
		}
	}
}

func TestExactTerms(t *testing.T) {
	v := model.NewVector(model.String, 4)
	for _, s := range []string{"an error", "errors", "my_error!", "Error"} {
		v.AppendString(s)
	}
	v.AppendNull()
	f := func(op model.Op, term string, want string, wantExact bool) {
		t.Helper()
		rd, err := Open(context.Background(), FulltextPostings, build(t, FulltextPostings, Options{}, model.String, Scratch{}, []*model.Vector{v}))
		if err != nil {
			t.Fatal(err)
		}
		rows, exact, ok, err := rd.Search(context.Background(), &model.Expr{Op: op, Column: 1, Pattern: term})
		if got := fmt.Sprint(rows); !ok || err != nil || got != want || exact != wantExact {
			t.Errorf("%s %q: %s, exact %v, ok %v, %v", op, term, got, exact, ok, err)
		}
	}
	f(model.OpMatchesTerm, "error", "[{0 1} {2 3}]", true)
	f(model.OpNotMatchesTerm, "error", "[{1 2} {3 4}]", true)
	f(model.OpMatchesTerm, "an error", "[{0 1}]", false)
	f(model.OpMatchesTerm, "nothing", "[]", true)
	f(model.OpMatches, "rror", "[{0 4}]", false)
	f(model.OpContains, "(?i)ERROR", "[{0 4}]", false)
}

// TestFrequentTerm has a term in every other row: too many ranges to name.
func TestFrequentTerm(t *testing.T) {
	v := model.NewVector(model.String, 0)
	for i := range 100000 {
		v.AppendString([]string{"info", "error"}[i%2])
	}
	cols := []*model.Vector{v}
	rd, err := Open(context.Background(), FulltextPostings, build(t, FulltextPostings, Options{}, model.String, Scratch{}, cols))
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range []model.Op{model.OpMatchesTerm, model.OpNotMatchesTerm} {
		e := &model.Expr{Op: op, Column: 1, Pattern: "error"}
		if _, ok := check(t, rd, e, cols); !ok {
			t.Error("not answered")
		}
		if rows, exact, _, _ := rd.Search(context.Background(), e); exact || len(rows) != 1 {
			t.Errorf("%s: %d ranges, exact %v", e, len(rows), exact)
		}
	}
}
