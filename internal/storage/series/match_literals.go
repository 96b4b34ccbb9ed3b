package series

import (
	"regexp/syntax"
	"unicode/utf8"
)

// maxLiterals bounds into how many strings a pattern is expanded; beyond, running the pattern is cheaper.
const maxLiterals = 1024

// literals lists the strings that a pattern matches as a whole, if they are finitely and reasonably many.
func literals(pattern string) ([]string, bool) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, false
	}
	return expand(re, 0)
}

func expand(re *syntax.Regexp, depth int) ([]string, bool) {
	if depth > 100 {
		return nil, false
	}
	switch re.Op {
	case syntax.OpEmptyMatch:
		return []string{""}, true
	case syntax.OpNoMatch:
		return nil, true
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return nil, false
		}
		for _, r := range re.Rune {
			if r == utf8.RuneError { // also matches bytes that are no UTF-8
				return nil, false
			}
		}
		return []string{string(re.Rune)}, true
	case syntax.OpCharClass:
		var out []string
		for i := 0; i+1 < len(re.Rune); i += 2 {
			if re.Rune[i] <= utf8.RuneError && utf8.RuneError <= re.Rune[i+1] || len(out)+int(re.Rune[i+1]-re.Rune[i]) > maxLiterals {
				return nil, false
			}
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				out = append(out, string(r))
			}
		}
		return out, true
	case syntax.OpCapture:
		return expand(re.Sub[0], depth+1)
	case syntax.OpQuest:
		out, ok := expand(re.Sub[0], depth+1)
		return append(out, ""), ok
	case syntax.OpAlternate:
		var out []string
		for _, s := range re.Sub {
			x, ok := expand(s, depth+1)
			if !ok || len(out)+len(x) > maxLiterals {
				return nil, false
			}
			out = append(out, x...)
		}
		return out, true
	case syntax.OpConcat:
		out := []string{""}
		for _, s := range re.Sub {
			x, ok := expand(s, depth+1)
			if !ok || len(out)*len(x) > maxLiterals {
				return nil, false
			}
			next := make([]string, 0, len(out)*len(x))
			for _, a := range out {
				for _, b := range x {
					next = append(next, a+b)
				}
			}
			out = next
		}
		return out, true
	}
	return nil, false
}
