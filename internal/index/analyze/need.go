package analyze

import (
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/goptimedb/goptimedb/internal/model"
)

// Need says what tokens a text must have for a condition to be true. A nil Need asks for nothing: any text may do.
type Need struct {
	// Part of a leaf is a token, or some of one; of others it is nil.
	Part []byte
	// Begins and Ends say that the token begins and ends where Part does. With both, Part is the token.
	Begins, Ends bool
	// Fold says that case does not matter. Part is ASCII then.
	Fold bool
	// Any makes an inner node true where one of Args is; otherwise all must be.
	Any  bool
	Args []*Need
}

// bound is what is known of the character beside a piece of text.
type bound uint8

const (
	anyBound   bound = iota
	asciiBound       // it is no ASCII letter or digit
	wordBound        // it is no letter or digit of any script
)

// Needs says what a predicate on a string column asks of the tokens that an analyzer makes.
func Needs(e *model.Expr, a Analyzer) *Need {
	n := needs{a}
	switch e.Op {
	case model.OpMatchesTerm:
		return n.term(e.Pattern)
	case model.OpMatches:
		q, err := ParseQuery(e.Pattern)
		if err != nil {
			return nil
		}
		return n.query(q.root)
	case model.OpEq, model.OpIn:
		var any []*Need
		for _, v := range e.Values {
			if !v.Null() {
				any = append(any, n.text(v.Bytes, wordBound, wordBound))
			}
		}
		return either(any)
	case model.OpRegex, model.OpContains:
		re, err := syntax.Parse(e.Pattern, syntax.Perl)
		if err != nil {
			return nil
		}
		if e.Op == model.OpRegex {
			return n.regex(re, wordBound, wordBound, 0)
		}
		return n.regex(re, anyBound, anyBound, 0)
	}
	return nil
}

func all(args []*Need) *Need {
	var out []*Need
	for _, a := range args {
		if a != nil {
			out = append(out, a)
		}
	}
	switch len(out) {
	case 0:
		return nil
	case 1:
		return out[0]
	}
	return &Need{Args: out}
}

func either(args []*Need) *Need {
	for _, a := range args {
		if a == nil {
			return nil
		}
	}
	switch len(args) {
	case 0:
		return nil
	case 1:
		return args[0]
	}
	return &Need{Any: true, Args: args}
}

type needs struct{ a Analyzer }

// ExactTerm reports a term that is one whole token: a text has the token if and only if it matches the term.
func ExactTerm(term string) bool {
	for i := range len(term) {
		if !asciiWord[term[i]] {
			return false
		}
	}
	return term != ""
}

func (n needs) term(term string) *Need {
	ascii, han := true, false
	for _, r := range term {
		ascii = ascii && r < utf8.RuneSelf
		han = han || unicode.Is(unicode.Han, r)
	}
	switch {
	case han:
		return n.text(term, anyBound, anyBound)
	case ascii:
		return n.text(term, asciiBound, asciiBound)
	}
	return n.text(term, wordBound, wordBound)
}

func (n needs) query(q *queryNode) *Need {
	switch q.op {
	case queryText:
		return n.text(string(q.text), anyBound, anyBound)
	case queryAnd, queryOr:
		args := make([]*Need, len(q.args))
		for i, a := range q.args {
			args[i] = n.query(a)
		}
		if q.op == queryAnd {
			return all(args)
		}
		return either(args)
	}
	return nil
}

// text is what a text asks for that holds s, with what is known of its neighbours there. The bounds hold for the first and last character
// of s if they are letters or digits; otherwise they are of no matter.
func (n needs) text(s string, left, right bound) *Need {
	if !utf8.ValidString(s) {
		return nil
	}
	var args []*Need
	b := slices.Clip([]byte(s))
	t := Tokenizer{Analyzer: n.a}
	t.Each(b, func(token []byte) {
		from := len(b) - cap(token) // tokens are parts of b
		to := from + len(token)
		p := &Need{Part: append([]byte(nil), token...), Begins: true, Ends: true}
		r, size := utf8.DecodeRune(token)
		need := wordBound
		if r < utf8.RuneSelf {
			need = asciiBound
		}
		han := n.a == Chinese && unicode.Is(unicode.Han, r)
		if han && size < len(token) { // a pair is a token wherever it stands
			args = append(args, p)
			return
		}
		if from == 0 && left < need || to == len(b) && right < need {
			p.Begins = from > 0 || left >= need
			p.Ends = to < len(b) || right >= need
			if han { // alone here, but maybe one of a pair there, first or second
				p.Begins, p.Ends = false, false
			}
		}
		args = append(args, p)
	})
	return all(args)
}

// fold is text for a literal whose case does not matter. Its ends need a neighbour that is no letter at all: beside one of the letters
// that fold to ASCII, both readings of a text (see Tokenizer) would be needed at once.
func (n needs) fold(s string, left, right bound) *Need {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return nil
		}
	}
	if left < wordBound {
		left = anyBound
	}
	if right < wordBound {
		right = anyBound
	}
	need := n.text(s, left, right)
	need.fold()
	return need
}

func (n *Need) fold() {
	if n == nil {
		return
	}
	n.Fold = true
	for _, a := range n.Args {
		a.fold()
	}
}

// regex is what a text asks for that has a match of re between characters of which left and right are known.
func (n needs) regex(re *syntax.Regexp, left, right bound, depth int) *Need {
	if depth > maxNesting {
		return nil
	}
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return n.fold(string(re.Rune), left, right)
		}
		if s, ok := literal(re); ok {
			return n.text(s, left, right)
		}
	case syntax.OpCapture:
		return n.regex(re.Sub[0], left, right, depth+1)
	case syntax.OpPlus:
		return n.regex(re.Sub[0], anyBound, anyBound, depth+1)
	case syntax.OpRepeat:
		if re.Min > 0 {
			return n.regex(re.Sub[0], anyBound, anyBound, depth+1)
		}
	case syntax.OpAlternate:
		args := make([]*Need, len(re.Sub))
		for i, s := range re.Sub {
			args[i] = n.regex(s, left, right, depth+1)
		}
		return either(args)
	case syntax.OpConcat:
		var args []*Need
		for i, s := range re.Sub {
			l, r := left, right
			if i > 0 {
				l = edge(re.Sub[i-1], false, depth+1)
			}
			if i+1 < len(re.Sub) {
				r = edge(re.Sub[i+1], true, depth+1)
			}
			args = append(args, n.regex(s, l, r, depth+1))
		}
		return all(args)
	}
	return nil
}

// edge is what is known of the first, or last, character of a match of re, where it is beside a literal. A match that may be empty
// says nothing, unless it is empty because the text ends there.
func edge(re *syntax.Regexp, first bool, depth int) bound {
	if depth > maxNesting {
		return anyBound
	}
	switch re.Op {
	case syntax.OpBeginText, syntax.OpBeginLine:
		if !first {
			return wordBound
		}
	case syntax.OpEndText, syntax.OpEndLine:
		if first {
			return wordBound
		}
	case syntax.OpWordBoundary:
		// Only an ASCII letter, digit or underscore can make one with a neighbour that is none; where the literal's own end is no ASCII
		// letter or digit, this bound is of no matter or too little.
		return asciiBound
	case syntax.OpLiteral:
		r := re.Rune[len(re.Rune)-1]
		if first {
			r = re.Rune[0]
		}
		return boundOf(r, r)
	case syntax.OpCharClass:
		out := wordBound
		for i := 0; i+1 < len(re.Rune); i += 2 {
			out = min(out, boundOf(re.Rune[i], re.Rune[i+1]))
		}
		return out
	case syntax.OpCapture, syntax.OpPlus:
		return edge(re.Sub[0], first, depth+1)
	case syntax.OpAlternate:
		out := wordBound
		for _, s := range re.Sub {
			out = min(out, edge(s, first, depth+1))
		}
		return out
	case syntax.OpConcat:
		if first {
			return edge(re.Sub[0], first, depth+1)
		}
		return edge(re.Sub[len(re.Sub)-1], first, depth+1)
	}
	return anyBound
}

// boundOf is what is known of a character of [lo, hi].
func boundOf(lo, hi rune) bound {
	for r := lo; r <= min(hi, utf8.RuneSelf-1); r++ {
		if r >= 0 && asciiWord[byte(r)] {
			return anyBound
		}
	}
	if hi < utf8.RuneSelf || lo == hi && !isWord(lo) {
		return wordBound
	}
	return asciiBound
}
