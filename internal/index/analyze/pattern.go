package analyze

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/model"
)

// FewLiterals is the limit of Literals for indexes: more lookups cost more than a scan of what there is.
const FewLiterals = 256

// maxNesting bounds how deep a pattern is looked into.
const maxNesting = 100

// Literals lists the strings that a pattern (RE2) matches as a whole, if they are at most limit many: "a|b|c" as dashboards send it.
func Literals(pattern string, limit int) ([]string, bool) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, false
	}
	return expand(re, limit, 0)
}

func expand(re *syntax.Regexp, limit, depth int) ([]string, bool) {
	if depth > maxNesting {
		return nil, false
	}
	switch re.Op {
	case syntax.OpEmptyMatch:
		return []string{""}, true
	case syntax.OpNoMatch:
		return nil, true
	case syntax.OpLiteral:
		s, ok := literal(re)
		return []string{s}, ok
	case syntax.OpCharClass:
		var out []string
		for i := 0; i+1 < len(re.Rune); i += 2 {
			if re.Rune[i] <= utf8.RuneError && utf8.RuneError <= re.Rune[i+1] || len(out)+int(re.Rune[i+1]-re.Rune[i]) >= limit {
				return nil, false
			}
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				out = append(out, string(r))
			}
		}
		return out, true
	case syntax.OpCapture:
		return expand(re.Sub[0], limit, depth+1)
	case syntax.OpQuest:
		out, ok := expand(re.Sub[0], limit, depth+1)
		return append(out, ""), ok
	case syntax.OpAlternate:
		var out []string
		for _, s := range re.Sub {
			x, ok := expand(s, limit, depth+1)
			if !ok || len(out)+len(x) > limit {
				return nil, false
			}
			out = append(out, x...)
		}
		return out, true
	case syntax.OpConcat:
		out := []string{""}
		for _, s := range re.Sub {
			x, ok := expand(s, limit, depth+1)
			if !ok || len(out)*len(x) > limit {
				return nil, false
			}
			var next []string
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

// literal is the text of a literal of a fixed case. The replacement character also matches bytes that are no UTF-8, and is refused.
func literal(re *syntax.Regexp) (string, bool) {
	if re.Flags&syntax.FoldCase != 0 {
		return "", false
	}
	for _, r := range re.Rune {
		if r == utf8.RuneError {
			return "", false
		}
	}
	return string(re.Rune), true
}

// Pattern is a compiled pattern predicate (OpRegex, OpNotRegex, OpContains, OpNotContains). It is immutable.
type Pattern struct {
	// Prefix begins every value that matches; "" says nothing.
	Prefix string
	// Part is in every value that matches the pattern, whether or not the operator negates it; "" says nothing. With Exact there is no more to
	// the pattern.
	Part  string
	Exact bool
	match func([]byte) bool
}

// Match decides one value.
func (p *Pattern) Match(b []byte) bool { return p.match(b) }

// CompilePattern prepares a pattern for an operator. Patterns that only ask for a beginning, an end or a part, as those of LIKE mostly do,
// need no automaton.
func CompilePattern(op model.Op, pattern string) (*Pattern, error) {
	whole := op == model.OpRegex || op == model.OpNotRegex
	not := op == model.OpNotRegex || op == model.OpNotContains
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	p := &Pattern{}
	subs := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpConcat {
		subs = tree.Sub
	}
	// any at either end, of all characters, is as if the pattern were not tied to that end
	anyLeft, anyRight := !whole, !whole
	if len(subs) > 0 && anything(subs[0]) {
		anyLeft, subs = true, subs[1:]
	}
	if len(subs) > 0 && anything(subs[len(subs)-1]) {
		anyRight, subs = true, subs[:len(subs)-1]
	}
	if !anyLeft && len(subs) > 0 {
		if subs[0].Op == syntax.OpBeginText {
			subs = subs[1:]
		}
	} else if !whole && len(subs) > 0 && subs[0].Op == syntax.OpBeginText {
		anyLeft, subs = false, subs[1:]
	}
	lit := ""
	simple := len(subs) == 0
	if len(subs) > 0 && subs[0].Op == syntax.OpLiteral {
		if s, ok := literal(subs[0]); ok {
			lit, simple = s, len(subs) == 1
		}
	}
	if !anyLeft && !not {
		p.Prefix = lit
	}
	p.Part, p.Exact = longestPart(subs), simple && anyLeft && anyRight
	if simple {
		b := []byte(lit)
		switch {
		case anyLeft && anyRight:
			p.match = func(v []byte) bool { return bytes.Contains(v, b) }
		case anyRight:
			p.match = func(v []byte) bool { return bytes.HasPrefix(v, b) }
		case anyLeft:
			p.match = func(v []byte) bool { return bytes.HasSuffix(v, b) }
		default:
			p.match = func(v []byte) bool { return bytes.Equal(v, b) }
		}
	} else {
		if whole {
			pattern = `\A(?:` + tree.String() + `)\z` // printed again, because an unclosed \Q would swallow what follows
		}
		re, err := regexp.Compile(pattern)
		if err != nil {
			return nil, err
		}
		p.match = re.Match
	}
	if not {
		yes := p.match
		p.match = func(v []byte) bool { return !yes(v) }
	}
	return p, nil
}

// longestPart is the longest of the literals that must come one after another.
func longestPart(subs []*syntax.Regexp) string {
	part := ""
	for _, re := range subs {
		if re.Op != syntax.OpLiteral {
			continue
		}
		if s, ok := literal(re); ok && len(s) > len(part) {
			part = s
		}
	}
	return part
}

// anything reports a pattern that matches every string: (?s).*
func anything(re *syntax.Regexp) bool {
	return re.Op == syntax.OpStar && re.Sub[0].Op == syntax.OpAnyChar
}
