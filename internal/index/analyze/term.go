package analyze

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// Term is a compiled argument of matches_term. It is immutable.
//
// A term matches a text that contains it between boundaries. What a boundary is depends on the term:
//
//	ASCII only            the neighbour is no ASCII letter or digit
//	with other characters the neighbour is no letter or digit of any script
//	with Han characters   anything, for words are not set apart
//
// An end of the term that is no letter or digit itself needs no boundary. The empty term matches the empty text only.
type Term struct {
	term        []byte
	left, right func([]byte) bool // whether a word reaches to the end, or begins at the start, of what is beside the term; nil: no matter
}

// CompileTerm prepares a term.
func CompileTerm(term string) *Term {
	t := &Term{term: []byte(term)}
	ascii, han := true, false
	for _, r := range term {
		ascii = ascii && r < utf8.RuneSelf
		han = han || unicode.Is(unicode.Han, r)
	}
	switch {
	case term == "" || han:
	case ascii:
		if asciiWord[term[0]] {
			t.left = func(b []byte) bool { return asciiWord[b[len(b)-1]] }
		}
		if asciiWord[term[len(term)-1]] {
			t.right = func(b []byte) bool { return asciiWord[b[0]] }
		}
	default:
		if r, _ := utf8.DecodeRuneInString(term); isWord(r) {
			t.left = func(b []byte) bool { r, _ := utf8.DecodeLastRune(b); return isWord(r) }
		}
		if r, _ := utf8.DecodeLastRuneInString(term); isWord(r) {
			t.right = func(b []byte) bool { r, _ := utf8.DecodeRune(b); return isWord(r) }
		}
	}
	return t
}

// Match decides one text.
func (t *Term) Match(text []byte) bool {
	if len(t.term) == 0 {
		return len(text) == 0
	}
	for at := 0; ; {
		i := bytes.Index(text[at:], t.term)
		if i < 0 {
			return false
		}
		from, to := at+i, at+i+len(t.term)
		if (t.left == nil || from == 0 || !t.left(text[:from])) && (t.right == nil || to == len(text) || !t.right(text[to:])) {
			return true
		}
		at = from + 1
	}
}

// MatchesTerm is matches_term for one text: for edges and tests. Loops compile the term.
func MatchesTerm(text, term string) bool { return CompileTerm(term).Match([]byte(text)) }

// asciiWord says which bytes are ASCII letters or digits.
var asciiWord = func() (w [256]bool) {
	for c := range w {
		w[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	return w
}()

// isWord reports a letter or digit of any script. Bytes that are no UTF-8 are none.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 0 && asciiWord[byte(r)]
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r))
}
