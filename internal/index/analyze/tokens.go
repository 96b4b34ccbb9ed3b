package analyze

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// Tokens of a text, as indexes keep them, are runs:
//
//	ASCII letters and digits           "GET /api/v1_x" → GET api v1 x
//	letters and digits of other scripts  "naïve" → na ï ve
//	Chinese only: Han characters, by overlapping pairs, one alone by itself    "发生错误" → 发生 生错 错误
//
// ASCII stands apart from other scripts because a term of ASCII does (see Term): "start" is a term of "éstart". Pairs need no dictionary,
// and cover every string of two or more Han characters wherever it stands, which words that a dictionary finds do not: they depend on what
// is around. Bytes that are no UTF-8 belong to no token.

// Tokenizer cuts texts. It is used by one goroutine.
type Tokenizer struct {
	Analyzer Analyzer
	// Fold makes tokens lower-case. Texts with one of the two characters outside of ASCII that are ASCII letters but for case (ſ and the
	// Kelvin sign) have the tokens of both readings then.
	Fold  bool
	buf   []byte
	plain []byte
}

// asciiLower is the lower case of ASCII letters and digits, and 0 of all other bytes.
var asciiLower = func() (w [256]byte) {
	for c := range w {
		if asciiWord[c] {
			w[c] = byte(c)
			if c >= 'A' && c <= 'Z' {
				w[c] += 'a' - 'A'
			}
		}
	}
	return w
}()

// Each calls fn for the tokens of a text in order, repeated ones too. A token is valid during the call.
func (t *Tokenizer) Each(text []byte, fn func(token []byte)) {
	if t.each(text, fn) && t.Fold {
		if cap(t.plain) < len(text) {
			t.plain = make([]byte, 0, len(text))
		}
		t.plain = unsign(t.plain[:0], text)
		t.each(t.plain, fn)
	}
}

// Unsign is the reading of a text with FoldsToASCII in which those characters are ASCII letters, in lower case.
func Unsign(text []byte) []byte { return unsign(nil, text) }

// FoldsToASCII reports a text with characters that only case sets apart from ASCII.
func FoldsToASCII(text []byte) bool {
	return bytes.Contains(text, []byte("ſ")) || bytes.Contains(text, []byte("\u212a"))
}

func unsign(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		switch {
		case bytes.HasPrefix(text[i:], []byte("ſ")):
			dst, i = append(dst, 's'), i+2
		case bytes.HasPrefix(text[i:], []byte("\u212a")):
			dst, i = append(dst, 'k'), i+3
		default:
			dst, i = append(dst, text[i]), i+1
		}
	}
	return dst
}

func (t *Tokenizer) each(text []byte, fn func(token []byte)) (signs bool) {
	for i := 0; i < len(text); {
		c := text[i]
		if asciiWord[c] { // fast path
			from := i
			if t.Fold {
				b := t.buf[:0]
				for ; i < len(text); i++ {
					l := asciiLower[text[i]]
					if l == 0 {
						break
					}
					b = append(b, l)
				}
				t.buf = b
				fn(b)
				continue
			}
			for i++; i < len(text) && asciiWord[text[i]]; i++ {
			}
			fn(text[from:i])
			continue
		}
		if c < utf8.RuneSelf {
			i++
			continue
		}
		i = t.other(text, i, fn, &signs)
	}
	return signs
}

// other takes a run of letters outside of ASCII, or skips one character that is none; it gives where it ends.
func (t *Tokenizer) other(text []byte, i int, fn func(token []byte), signs *bool) int {
	r, size := utf8.DecodeRune(text[i:])
	if !isWord(r) {
		return i + size
	}
	if t.Analyzer == Chinese && unicode.Is(unicode.Han, r) {
		prev, chars := i, 0
		for {
			next := i + size
			if chars++; chars > 1 {
				fn(text[prev:next])
				prev = i
			}
			r, size = utf8.DecodeRune(text[next:])
			if r < utf8.RuneSelf || !isWord(r) || !unicode.Is(unicode.Han, r) {
				if chars == 1 {
					fn(text[prev:next])
				}
				return next
			}
			i = next
		}
	}
	from := i
	b := t.buf[:0]
	for size > 0 && r >= utf8.RuneSelf && isWord(r) && !(t.Analyzer == Chinese && unicode.Is(unicode.Han, r)) {
		if r == 'ſ' || r == '\u212a' {
			*signs = true
		}
		if t.Fold {
			b = utf8.AppendRune(b, unicode.ToLower(r))
		}
		i += size
		r, size = utf8.DecodeRune(text[i:])
	}
	if t.Fold {
		t.buf = b
		fn(b)
	} else {
		fn(text[from:i])
	}
	return i
}

// FoldToken gives a token in the form that Fold makes of it.
func (t *Tokenizer) FoldToken(token []byte) []byte {
	out := make([]byte, 0, len(token))
	for i := 0; i < len(token); {
		if l := asciiLower[token[i]]; l != 0 {
			out, i = append(out, l), i+1
			continue
		}
		r, size := utf8.DecodeRune(token[i:])
		if t.Analyzer == Chinese && unicode.Is(unicode.Han, r) {
			out = append(out, token[i:i+size]...)
		} else {
			out = utf8.AppendRune(out, unicode.ToLower(r))
		}
		i += size
	}
	return out
}
