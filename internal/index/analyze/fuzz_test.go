package analyze

import "testing"

// FuzzParseQuery reads any query; what it takes can be asked.
func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{"+a -b", `"two words" OR (c AND -d)`, `\"`, "a AND", "((((", `"`} {
		f.Add(s, "text a b")
	}
	f.Fuzz(func(t *testing.T, query, text string) {
		q, err := ParseQuery(query)
		if err != nil {
			return
		}
		q.Match([]byte(text))
		for _, a := range []Analyzer{English, Chinese} {
			(&needs{a}).query(q.root)
		}
	})
}

// FuzzTokens checks that a term that matches a text has all its needed tokens there.
func FuzzTokens(f *testing.F) {
	f.Add("GET /api/start", "api", byte(0))
	f.Add("发生错误 éſKelvin", "错误", byte(3))
	f.Fuzz(func(t *testing.T, text, term string, mode byte) {
		tok := Tokenizer{Analyzer: Analyzer(mode & 1), Fold: mode&2 != 0}
		if !MatchesTerm(text, term) {
			return
		}
		have := map[string]bool{}
		tok.Each([]byte(text), func(b []byte) { have[string(b)] = true })
		n := (&needs{tok.Analyzer}).term(term)
		if n == nil {
			return
		}
		if n.Part != nil {
			n = &Need{Args: []*Need{n}}
		}
		for _, a := range n.Args {
			part := a.Part
			if tok.Fold {
				part = tok.FoldToken(part)
			}
			if a.Begins && a.Ends && !have[string(part)] {
				t.Fatalf("%q is in %q, but its token %q is not", term, text, part)
			}
		}
	})
}
