package analyze

import (
	"testing"

	"github.com/goptimedb/goptimedb/internal/model"
)

func TestMatchesTerm(t *testing.T) {
	f := func(text, term string, want bool) {
		t.Helper()
		if got := MatchesTerm(text, term); got != want {
			t.Errorf("matches_term(%q, %q) = %v", text, term, got)
		}
	}
	f("GET /app/start", "/start", true)
	f("GET /app/start", "start", true)
	f("GET /app/restart", "start", false)
	f("errors", "error", false)
	f("errors error", "error", true)
	f("my_error-1", "error", true)
	f("Error", "error", false)
	f("éstart", "start", true)
	f("übung", "bung", true)
	f("die übung!", "übung", true)
	f("die übungen", "übung", false)
	f("2übung", "übung", false)
	f("发生错误了", "错误", true)
	f("发生错误errors", "错误error", true)
	f("", "", true)
	f("x", "", false)
	f("a.b", ".", true)
	f("\xff\xfeerror\xff", "error", true)
	f("xx x", "x", true)
}

func TestQuery(t *testing.T) {
	f := func(query, text string, want bool) {
		t.Helper()
		q, err := ParseQuery(query)
		if err != nil {
			t.Errorf("%q: %v", query, err)
			return
		}
		if got := q.Match([]byte(text)); got != want {
			t.Errorf("matches(%q, %q) = %v", text, query, got)
		}
	}
	f("error", "an errors", true)
	f("error", "Error", false)
	f("a b", "xbx", true)
	f("a b", "c", false)
	f("+a -b", "a c", true)
	f("+a -b", "a b", false)
	f("+a b", "a", true)
	f("+a b", "b", false)
	f("-b", "a", true)
	f("-b", "b", false)
	f("a -b", "c", false)
	f("a -b", "a", true)
	f("a -b", "a b", false)
	f("a AND b OR c", "c", true)
	f("a AND b OR c", "a", false)
	f("a AND (b OR c)", "a c", true)
	f("a AND (b OR c)", "c", false)
	f("a AND -b", "a", true)
	f("a AND -b", "ab", false)
	f(`"two words"`, "the two words", true)
	f(`"two words"`, "two  words", false)
	f(`"say \"hi\""`, `say "hi"`, true)
	f("+(a b) -(c AND d)", "b c", true)
	f("+(a b) -(c AND d)", "b c d", false)
	f("foo-bar", "xfoo-barx", true)
	f("ANDy", "ANDy", true)
	for _, bad := range []string{"", " ", "(", ")", "a)", "(a", "()", `"a`, `""`, "+", "-", "a AND", "AND a", "a OR", "OR", "a AND OR b"} {
		if _, err := ParseQuery(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestPatternsWithOpenQuotes: what follows an unclosed \Q is literal, and nothing that is put around the pattern is.
func TestPatternsWithOpenQuotes(t *testing.T) {
	for _, c := range []struct {
		op      model.Op
		pattern string
		value   string
		want    bool
	}{
		{model.OpRegex, `\Qa.b`, "a.b", true}, {model.OpRegex, `\Qa.b`, "axb", false}, {model.OpRegex, `[xy]\Qa.b`, "xa.b", true},
		{model.OpRegex, `[xy]\Qa.b`, "xa.b)", false}, {model.OpContains, `[xy]\Qa.b`, "zxa.bz", true}, {model.OpNotRegex, `[xy]\Qa.b`, "ya.b", false},
	} {
		p, err := CompilePattern(c.op, c.pattern)
		if err != nil {
			t.Fatal(c.pattern, err)
		}
		if got := p.Match([]byte(c.value)); got != c.want {
			t.Errorf("%s %q of %q: %v", c.op, c.pattern, c.value, got)
		}
	}
}
