package sql

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

func TestPositions(t *testing.T) {
	f := func(text string, wantErr string) {
		t.Helper()
		if _, err := Parse(text, Greptime); err == nil || !strings.HasSuffix(err.Error(), wantErr) {
			t.Errorf("%q: got %v, want … %s", text, err, wantErr)
		}
	}
	f("select\n  größe, 'ä' from", "found: EOF")
	f("select\n  größe, 'ä' where )", "found: ) at Line: 2, Column: 20")
	f("\n\nselect a from t where a = ;", "found: ; at Line: 3, Column: 27")
	f("select 'a", "Unterminated string literal at Line: 1, Column: 8")
	f("select \xff", "Invalid UTF-8 sequence at Line: 1, Column: 8")

	s, err := ParseOne("  select a, b + 1 from t -- end", Greptime)
	if err != nil {
		t.Fatal(err)
	}
	if s.Position() != 2 || s.Source() != "select a, b + 1 from t" {
		t.Errorf("position %d, source %q", s.Position(), s.Source())
	}
	var at []string
	Walk(s, func(n Node) bool {
		at = append(at, fmt.Sprintf("%T@%d", n, n.Position()))
		return true
	})
	want := "*sql.QueryStmt@2 *sql.Query@2 *sql.Select@2 *sql.ColumnRef@9 *sql.Binary@14 *sql.ColumnRef@12 *sql.Literal@16 *sql.TableRef@23"
	if got := strings.Join(at, " "); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestLimits(t *testing.T) {
	n := 100_000
	for name, text := range map[string]string{
		"parentheses": "select " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n),
		"open":        "select " + strings.Repeat("(", n),
		"unary":       "select " + strings.Repeat("- ", n) + "a",
		"not":         "select " + strings.Repeat("not ", n) + "a",
		"sum":         "select 1" + strings.Repeat(" + 1", n),
		"casts":       "select 1" + strings.Repeat("::int", n),
		"index":       "select a" + strings.Repeat("[1]", n),
		"is null":     "select a" + strings.Repeat(" is null", n),
		"fields":      "select (a)" + strings.Repeat(".b", n),
		"queries":     "select * from " + strings.Repeat("(select * from ", n),
		"joins":       "select * from a" + strings.Repeat(" join b on true", n),
		"join parens": "select * from " + strings.Repeat("(", n),
		"unions":      "select 1" + strings.Repeat(" union select 1", n),
		"union paren": strings.Repeat("(", n) + "select 1",
		"case":        "select " + strings.Repeat("case when ", n),
		"calls":       "select " + strings.Repeat("f(", n),
		"arrays":      "select " + strings.Repeat("[", n),
		"types":       "select a::int" + strings.Repeat("[]", n),
		"ctes":        strings.Repeat("with a as (", n),
		"values":      "insert into t values (1" + strings.Repeat(" + 1", n) + ")",
		"explain":     strings.Repeat("prepare s as ", n) + "select 1",
		"intervals":   "select " + strings.Repeat("interval (", n),
		"in":          "select " + strings.Repeat("a in (", n),
		"at":          "select a" + strings.Repeat(" at time zone 'x'", n),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(text, Greptime)
			if err == nil || !strings.Contains(err.Error(), "recursion limit exceeded") || !errs.Is(err, errs.InvalidSyntax) {
				t.Errorf("got %.100v", err)
			}
		})
	}
	ok := []string{
		"select " + strings.Repeat("(", 90) + "1" + strings.Repeat(")", 90),
		"select * from t where a = 1" + strings.Repeat(" or a = 2", 10_000),
		"select a in (1" + strings.Repeat(", 1", n) + ")",
		"insert into t values (1 + 1)" + strings.Repeat(", (1 + 1)", n),
		"select a" + strings.Repeat(", a", n),
		strings.Repeat("select 1 + 1;", MaxStatements),
	}
	for _, text := range ok {
		if _, err := Parse(text, Greptime); err != nil {
			t.Errorf("%.40s…: %v", text, err)
		}
	}
	if _, err := Parse(strings.Repeat("select 1;", n), Greptime); !errs.Is(err, errs.InvalidArguments) {
		t.Errorf("%d statements: %v", n, err)
	}
}

func TestRewrite(t *testing.T) {
	s, err := ParseOne(`select a, max(b + ?) over (partition by a order by ?) from t join u on t.x = ? where a in (select ? from v)
		group by grouping sets ((a, ?)) having ? limit ?`, MySQL)
	if err != nil {
		t.Fatal(err)
	}
	err = Rewrite(s, func(e Expr) (Expr, error) {
		if p, ok := e.(*Placeholder); ok {
			return &Literal{Pos: p.Pos, Kind: LitInt, Text: fmt.Sprint(p.Index * 10)}, nil
		}
		return e, nil
	}, func(te TableExpr) (TableExpr, error) {
		if r, ok := te.(*TableRef); ok {
			r.Name = append(ObjectName{{Name: "db"}}, r.Name...)
		}
		return te, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "SELECT a, max(b + 10) OVER (PARTITION BY a ORDER BY 20) FROM db.t JOIN db.u ON t.x = 30 WHERE a IN (SELECT 40 FROM db.v) " +
		"GROUP BY GROUPING SETS ((a, 50)) HAVING 60 LIMIT 70"
	if got := Format(s); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	fail := errs.New(errs.PlanQuery, "no")
	calls := 0
	if err := Rewrite(s, func(e Expr) (Expr, error) { calls++; return e, fail }, nil); err != fail || calls != 1 {
		t.Errorf("got %v after %d calls", err, calls)
	}
	e, err := ParseExpr("a + b", Greptime)
	if err != nil {
		t.Fatal(err)
	}
	e, _ = RewriteExpr(e, func(e Expr) (Expr, error) {
		if c, ok := e.(*ColumnRef); ok && c.Name.Base() == "b" {
			return &Binary{Op: OpSub, L: c, R: &Literal{Kind: LitInt, Text: "1"}}, nil
		}
		return e, nil
	})
	if got := Format(e); got != "a + (b - 1)" {
		t.Errorf("got %s", got)
	}
}

// TestPrintedParens prints random operator trees: what is read back must be the same tree, whichever operators meet.
func TestPrintedParens(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	var tree func(depth int) Expr
	tree = func(depth int) Expr {
		if depth == 0 {
			switch r.Intn(4) {
			case 0:
				return &Literal{Kind: LitInt, Text: "-3"}
			case 1:
				return &Literal{Kind: LitString, Text: "s"}
			}
			return &ColumnRef{Name: ObjectName{{Name: string(rune('a' + r.Intn(5)))}}}
		}
		x := func() Expr { return tree(r.Intn(depth)) }
		switch r.Intn(18) {
		case 0:
			return &Unary{Op: OpNot, X: x()}
		case 1:
			return &Unary{Op: []Op{OpNeg, OpPos, OpBitNot}[r.Intn(3)], X: x()}
		case 2:
			return &IsTest{X: x(), Not: r.Intn(2) == 0, What: Truth(r.Intn(4))}
		case 3:
			return &Between{X: x(), Low: x(), High: x(), Not: r.Intn(2) == 0}
		case 4:
			return &InList{X: x(), List: []Expr{x(), x()}, Not: r.Intn(2) == 0}
		case 5:
			return &Like{X: x(), Pattern: x(), Kind: LikeKind(r.Intn(4)), Not: r.Intn(2) == 0}
		case 6:
			return &IsDistinct{L: x(), R: x(), Not: r.Intn(2) == 0}
		case 7:
			return &AtTimeZone{X: x(), Zone: x()}
		case 8:
			return &Cast{X: x(), Type: &TypeName{Name: "INT"}}
		case 9:
			return &Index{X: x(), I: x()}
		case 10:
			return &Case{Whens: []When{{x(), x()}}, Else: x()}
		case 11:
			return &FuncCall{Name: ObjectName{{Name: "f"}}, Args: []Arg{{Expr: x()}, {Expr: x()}}}
		case 12:
			return &Collate{X: x(), Name: ObjectName{{Name: "c"}}}
		case 13:
			return &Row{Elems: []Expr{x(), x()}}
		}
		op := OpOr + Op(r.Intn(int(OpConcat-OpOr+1)))
		if op == OpNot {
			op = OpAnd
		}
		return &Binary{Op: op, L: x(), R: x()}
	}
	for range 20_000 {
		e := tree(1 + r.Intn(5))
		text := Format(e)
		again, err := ParseExpr(text, Greptime)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if a, b := dump(e), dump(again); a != b {
			t.Fatalf("%s\n was %s\n now %s", text, a, b)
		}
	}
}

func TestInterval(t *testing.T) {
	f := func(text, unit string, months, days int32, d time.Duration) {
		t.Helper()
		got, err := ParseInterval(text, unit)
		if want := (Interval{months, days, int64(d)}); err != nil || got != want {
			t.Errorf("%q %s: got %+v, %v; want %+v", text, unit, got, err, want)
		}
	}
	f("1 day 2 hours", "", 0, 1, 2*time.Hour)
	f("1 year", "", 12, 0, 0)
	f("1.5 year", "", 18, 0, 0)
	f("1.5 months", "", 1, 15, 0)
	f("1.5 days", "", 0, 1, 12*time.Hour)
	f("-1.5 days", "", 0, -1, -12*time.Hour)
	f("2 weeks", "", 0, 14, 0)
	f("1 century 1 decade", "", 1320, 0, 0)
	f("5", "minute", 0, 0, 5*time.Minute)
	f("5", "", 0, 0, 5*time.Second)
	f("1", "YEARS", 12, 0, 0)
	f("3y2mon4h", "", 38, 0, 4*time.Hour)
	f("-1h5m", "", 0, 0, -55*time.Minute)
	f("1w2d", "", 0, 9, 0)
	f("10millis5ms3us2ns", "", 0, 0, 15*time.Millisecond+3*time.Microsecond+2)
	f("1 year 2 months 04:05:06.5", "", 14, 0, 4*time.Hour+5*time.Minute+6500*time.Millisecond)
	f("-04:05", "", 0, 0, -(4*time.Hour + 5*time.Minute))
	f("P1Y2M3DT4H", "", 0, 0, (365+60+3)*24*time.Hour+4*time.Hour)
	f("-pt1.5s", "", 0, 0, -1500*time.Millisecond)
	f("PT0.0015S", "", 0, 0, time.Millisecond)
	f("1 nanosecond", "", 0, 0, 1)
	f("0.5 us", "", 0, 0, 500)
	f("1 month -1 day", "", 1, -1, 0)

	bad := func(text string) {
		t.Helper()
		if v, err := ParseInterval(text, ""); !errs.Is(err, errs.InvalidArguments) || !strings.HasPrefix(err.Error(), "Invalid interval provided: ") {
			t.Errorf("%q: got %+v, %v", text, v, err)
		}
	}
	for _, s := range []string{"", " ", "soon", "1 fortnight", "P", "PT", "P1", "P1H", "1 day x", "-", "1:99", "1:2:3:4", "99999999999 years",
		"9223372036854775807 hours", "9999999999999999999999 s", "9223372036 s 9223372036 s", "1.2.3 s"} {
		bad(s)
	}
}

func TestDuration(t *testing.T) {
	f := func(text string, want time.Duration) {
		t.Helper()
		got, err := ParseDuration(text)
		if err != nil || got != want.Milliseconds() {
			t.Errorf("%q: got %d, %v; want %d", text, got, err, want.Milliseconds())
		}
	}
	f("5s", 5*time.Second)
	f("1h30m", 90*time.Minute)
	f("1d", 24*time.Hour)
	f("1y2w3d4h5m6s7ms", (365+14+3)*24*time.Hour+4*time.Hour+5*time.Minute+6*time.Second+7*time.Millisecond)
	for _, s := range []string{"", "5", "s", "1.5h", "-5s", "30m1h", "1h1h", "1 h", "5S", "99999999999999y", "0s", "0"} {
		if ms, err := ParseDuration(s); err == nil {
			t.Errorf("%q: got %d", s, ms)
		}
	}
}

func TestTypes(t *testing.T) {
	f := func(text, native, show string) {
		t.Helper()
		e, err := ParseExpr("cast(x as "+text+")", Greptime)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		got, err := e.(*Cast).Type.Resolve()
		if err != nil || got.String() != native || got.SQL() != show {
			t.Errorf("%s: got %s, %s, %v; want %s, %s", text, got, got.SQL(), err, native, show)
		}
	}
	f("bool", "Boolean", "BOOLEAN")
	f("tinyint", "Int8", "TINYINT")
	f("int2", "Int16", "SMALLINT")
	f("INTEGER", "Int32", "INT")
	f("int8", "Int64", "BIGINT")
	f("int unsigned", "UInt32", "INT UNSIGNED")
	f("bigint(20) unsigned", "UInt64", "BIGINT UNSIGNED")
	f("uint8", "UInt8", "TINYINT UNSIGNED")
	f("float", "Float32", "FLOAT")
	f("double precision", "Float64", "DOUBLE")
	f("varchar(255)", "String", "STRING")
	f("character varying(3)", "String", "STRING")
	f("longtext", "String", "STRING")
	f("bytea", "Binary", "VARBINARY")
	f("date", "Date", "DATE")
	f("timestamp", "TimestampMillisecond", "TIMESTAMP(3)")
	f("timestamp(0)", "TimestampSecond", "TIMESTAMP(0)")
	f("timestamp(6) with time zone", "TimestampMicrosecond", "TIMESTAMP(6)")
	f("datetime", "TimestampMicrosecond", "TIMESTAMP(6)")
	f("TimestampNanosecond", "TimestampNanosecond", "TIMESTAMP(9)")
	f("timestamp_sec", "TimestampSecond", "TIMESTAMP(0)")
	f("decimal", "Decimal(38, 10)", "DECIMAL(38,10)")
	f("decimal(5)", "Decimal(5, 0)", "DECIMAL(5,0)")
	f("numeric(5, 2)", "Decimal(5, 2)", "DECIMAL(5,2)")
	f("json", "Json", "JSON")
	f("json2(a.b int)", "Json2", "JSON2")
	f("vector(3)", "Vector(3)", "VECTOR(3)")
	f("interval", "Interval", "INTERVAL")
}

func TestValidName(t *testing.T) {
	f := func(name string, want bool) {
		t.Helper()
		if got := ValidName(name); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
	f("cpu", true)
	f("_a:b-c.d@e#f0", true)
	f("-x", true)
	f("", false)
	f("1a", false)
	f(".a", false)
	f("a b", false)
	f("größe", false)
	f("a/b", false)
}

func TestLoggable(t *testing.T) {
	s, err := ParseOne("copy t from 's3://x' connection (secret_access_key = 'hunter2')", Greptime)
	if err != nil {
		t.Fatal(err)
	}
	if text := Loggable(s); strings.Contains(text, "hunter2") || !strings.Contains(text, "******") {
		t.Errorf("got %s", text)
	}
	s, _ = ParseOne("copy  t to 'x'", Greptime)
	if text := Loggable(s); text != "copy  t to 'x'" {
		t.Errorf("got %s", text)
	}
}

func TestPrinterHook(t *testing.T) {
	e, err := ParseExpr("a::int + b @@ 'x'", Greptime)
	if err != nil {
		t.Fatal(err)
	}
	p := Printer{Hook: func(p *Printer, n Node) bool {
		switch n := n.(type) {
		case *Cast:
			p.Text("conv(").Node(n.X).Text(", ").Quote(n.Type.String()).Text(")")
			return true
		case *Binary:
			if n.Op == OpMatches {
				p.Text("matches_term(").Node(n.L).Text(", ").Node(n.R).Text(")")
				return true
			}
		}
		return false
	}}
	if got, want := p.Node(e).String(), "matches_term(conv(a, 'INT') + b, 'x')"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestErrorPositions: clients point at the place of an error, whether its text has it or not.
func TestErrorPositions(t *testing.T) {
	for text, want := range map[string]int{
		"SELEC 1":                   0,
		"  SELEC 1":                 2,
		"SELECT 1 +":                10,
		"SELECT a FROM t WHERE > 1": 22,
		"SELECT 'open":              7,
	} {
		_, err := ParseOne(text, Greptime)
		if at, ok := ErrorPosition(err); !ok || at != want {
			t.Errorf("%s: %v at %d, %v, want %d", text, err, at, ok, want)
		}
	}
}

// TestBytea: bytes as PostgreSQL's clients write them are bytes in its dialect, and text elsewhere.
func TestBytea(t *testing.T) {
	for _, c := range []struct {
		text    string
		dialect Dialect
		want    string
	}{
		{`SELECT '\x00fF'::bytea`, Postgres, `SELECT X'00ff'`},
		{`SELECT CAST('\x' AS BYTEA)`, Postgres, `SELECT X''`},
		{`SELECT '\x0'::bytea`, Postgres, `SELECT CAST('\x0' AS BYTEA)`},
		{`SELECT '00'::bytea`, Postgres, `SELECT CAST('00' AS BYTEA)`},
		{`SELECT '\x00'::text`, Postgres, `SELECT CAST('\x00' AS TEXT)`},
		{`SELECT '\x00'::bytea`, Greptime, `SELECT CAST('\x00' AS BYTEA)`},
	} {
		st, err := ParseOne(c.text, c.dialect)
		if err != nil {
			t.Fatal(err)
		}
		p := Printer{Dialect: c.dialect}
		if got := strings.ToUpper(p.Node(st).String()); got != strings.ToUpper(c.want) {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
}
