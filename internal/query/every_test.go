package query

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
	"github.com/goptimedb/goptimedb/internal/model"
	"github.com/goptimedb/goptimedb/internal/query/function"
)

// samples are expressions of every type at its extremes, as arguments for functions.
var samples = map[string][]string{
	"int":      {"0", "1", "-1", "2", "7", "300", "9223372036854775807", "-9223372036854775808", "(127::tinyint)", "((-128)::tinyint)", "((-2147483648)::int)", "(1::smallint)"},
	"unsigned": {"(0::bigint unsigned)", "18446744073709551615", "(255::tinyint unsigned)", "(3::int unsigned)", "581672437419081727", "9263763445276221387"},
	"float": {"0.0", "-0.5", "1.5", "1e308", "-1e308", "5e-324", "('NaN'::double)", "('Infinity'::double)", "('-Infinity'::double)", "(0.1::float)", "37.76938",
		"-122.3889"},
	"decimal":  {"(1.25::decimal(5,2))", "(-99999999999999999999999999999999999999::decimal(38,0))", "(0::decimal(38,38))"},
	"string":   {"''", "'a'", "' Abc é 一 '", "'12'", "'2024-02-29'", "'2024-02-29 23:59:59.123456789'", "'1 month'", "'%Y-%m-%d'", "'$.a[0]'", "'{\"a\":[1,{\"b\":null}]}'", "'[1,2,3]'", "'10.0.0.0/8'", "'::1'", "'POLYGON((0 0,1 0,1 1,0 0))'", "'POINT(1 2)'", "'(a|b)+'", "'('", "'i'", "'hex'", "'day'", "'81283ffffffffff'", "repeat('x', 5000)", "'true'", "'Int64'"},
	"binary":   {"x''", "x'ff00'", "x'0000803f'"},
	"bool":     {"true", "false"},
	"date":     {"('1970-01-01'::date)", "('2024-02-29'::date)", "('0001-01-01'::date)", "('9999-12-31'::date)"},
	"time":     {"('2024-02-29 23:59:59.123456789'::timestamp(9))", "((-9223372036854775808)::timestamp(9))", "((9223372036854775807)::timestamp(3))", "((9223372036854775807)::timestamp(0))", "('1600-01-01'::timestamp(6))", "(0::timestamp(0))"},
	"interval": {"(interval '1 month')", "(interval '-3 days')", "(interval '1 nanosecond')", "(interval '1 hour 5 seconds')", "(interval '178000000 years')"},
	"json":     {"parse_json('{\"a\":[1,{\"b\":null}]}')", "parse_json('null')", "parse_json('[]')"},
	"vector":   {"parse_vec('[1,2,3]')", "parse_vec('[]')"},
	"list":     {"[1,2,NULL]", "[]", "['a','b']", "[[1],[2,3]]", "[1.5]", "range(3)"},
	"nested":   {"struct(1,'a')", "named_struct('a',1)", "map(['a'],['x'])"},
	"null":     {"NULL", "(NULL::bigint)", "(NULL::string)", "(NULL::timestamp(3))", "(NULL::double)"},
}

var sampleKinds = []string{"int", "unsigned", "float", "decimal", "string", "string", "binary", "bool", "date", "time", "interval", "json", "vector", "list", "nested", "null"}

// foreign are words of the engine's that must not be in what users read.
var foreign = regexp.MustCompile(`\bgt_\w+|BIGINT|VARCHAR|HUGEINT|\bINT(8|16|32|64|128)\b|UBIGINT|\bDOUBLE\b|TINYINT|STRUCT\(|[Cc]andidate functions|TRY_CAST|lambda|\bblob\b|BLOB|[Dd]uck|Binder|LINE 1|explicit type casts|macro|list_|make_timestamp|\bepoch_us\b|\n`)

// checkAnswer runs a statement and complains of anything but an answer or a clean error.
func checkAnswer(t *testing.T, w *world, text string) {
	t.Helper()
	st, err := sql.ParseOne(text, sql.Greptime)
	if err != nil {
		return // ceil() and its like are not of the grammar
	}
	const bound = 2 * time.Minute // such that a slow machine does not come near it
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	rows, err := w.engine.Query(ctx, w.sess, st.(*sql.QueryStmt).Query)
	var b *model.Batch
	if err == nil {
		b, err = ReadAll(ctx, rows)
	}
	if ctx.Err() != nil {
		t.Errorf("%.300s: not done after %s", text, bound)
		return
	}
	if err == nil {
		fields := rows.Fields()
		for i, c := range b.Cols {
			if c.Type.Class() != fields[i].Type.Class() {
				t.Errorf("%.300s: column %d is %s, declared %s", text, i, c.Type, fields[i].Type)
			}
			for k := range b.Len {
				if x := c.At(k); !x.Null() && c.Type.Kind == model.KindString && !utf8.ValidString(x.Bytes) {
					t.Errorf("%.300s: text %q is no UTF-8", text, x.Bytes)
				}
			}
		}
		return
	}
	switch code := errs.CodeOf(err); code {
	case errs.PlanQuery, errs.EngineExecuteQuery, errs.InvalidArguments, errs.Unsupported, errs.RuntimeResourcesExhausted, errs.InvalidSyntax:
	default:
		t.Errorf("%.300s: code %v: %v", text, code, err)
	}
	msg := err.Error()
	if m := foreign.FindString(msg); m != "" || len(msg) > 1500 || !utf8.ValidString(msg) || strings.Contains(msg, "panic") {
		t.Errorf("%.300s: %q in error (%d bytes): %.600s", text, m, len(msg), msg)
	}
}

// TestEveryFunction calls every function with arguments of every type: there is an answer, or an error in the words of the interface.
// RANDOM_QUERIES is how many calls of each.
func TestEveryFunction(t *testing.T) {
	w := newWorld(t)
	n := 30
	if testing.Short() {
		n = 5
	}
	if s, err := strconv.Atoi(os.Getenv("RANDOM_QUERIES")); err == nil {
		n = s
	}
	for _, e := range function.Table() {
		switch e.Name {
		case "unnest":
			continue
		}
		t.Run(e.Name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(len(e.Name)), hashName(e.Name)))
			for range n {
				checkAnswer(t, w, randomCall(r, e))
			}
		})
	}
}

func hashName(s string) (h uint64) {
	for _, c := range s {
		h = h*31 + uint64(c)
	}
	return h
}

// randomCall makes a statement with a call of a function: of constants, or of columns that are NULL in some rows.
func randomCall(r *rand.Rand, e function.Entry) string {
	args := make([]string, r.IntN(5))
	for i := range args {
		kind := sampleKinds[r.IntN(len(sampleKinds))]
		args[i] = samples[kind][r.IntN(len(samples[kind]))]
	}
	name := e.Name
	if len(e.Aliases) > 0 && r.IntN(3) == 0 {
		name = e.Aliases[r.IntN(len(e.Aliases))]
	}
	if e.Kind == "scalar" && r.IntN(2) == 0 {
		return "SELECT " + name + "(" + strings.Join(args, ", ") + ") AS x"
	}
	var columns, names []string
	for i, a := range args {
		columns = append(columns, fmt.Sprintf("CASE WHEN usage > %d THEN %s END AS c%d", 10*r.IntN(4), a, i))
		names = append(names, fmt.Sprintf("c%d", i))
	}
	if r.IntN(2) == 0 && len(args) > 0 { // some arguments have to be constants
		k := r.IntN(len(args))
		for i := k; i < len(args); i++ {
			names[i] = args[i]
		}
	}
	columns = append(columns, "ts")
	call := name + "(" + strings.Join(names, ", ") + ")"
	switch {
	case e.Kind == "window", e.Kind == "aggregate" && r.IntN(4) == 0:
		call += " OVER (ORDER BY ts)"
	}
	return "SELECT " + call + " AS x FROM (SELECT " + strings.Join(columns, ", ") + " FROM cpu) t"
}
