package mysql

import (
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// plainIntroducers writes strings that clients marked with a character set, _binary'…' or _utf8mb4'…', as the dialect has them: bytes as
// X'…', which may hold any, text without the mark. What is in quotes and no UTF-8 is bytes too. Drivers write parameters of bytes so into
// the texts that they send.
func plainIntroducers(text string) string {
	valid := utf8.ValidString(text)
	if valid && !contains(text, "binary") && !contains(text, "utf8") {
		return text
	}
	var out strings.Builder
	from := 0 // of what was not copied yet
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\'' || c == '"' || c == '`':
			begin, closed := i, false
			if i, closed = endOfQuoted(text, i); !valid && closed && c != '`' && !utf8.ValidString(text[begin:i]) {
				out.WriteString(text[from:begin] + bytesLiteral(text[begin:i]))
				from = i
			}
		case c == '#' || c == '-' && strings.HasPrefix(text[i:], "--") && (i+2 == len(text) || text[i+2] <= ' '):
			i = endOfLine(text, i)
		case c == '/' && strings.HasPrefix(text[i:], "/*"):
			i = endOfComment(text, i)
		case isWord(c):
			word := i
			for i < len(text) && isWord(text[i]) {
				i++
			}
			mark := strings.ToLower(text[word:min(i, word+len("_utf8mb4"))])
			if c != '_' || i-word > len(mark) || mark != "_binary" && mark != "_utf8" && mark != "_utf8mb3" && mark != "_utf8mb4" {
				continue
			}
			quote := i
			for quote < len(text) && (text[quote] == ' ' || text[quote] == '\t') {
				quote++
			}
			if quote == len(text) || text[quote] != '\'' && text[quote] != '"' {
				continue
			}
			closed := false
			if i, closed = endOfQuoted(text, quote); !closed {
				continue // for the parser to refuse
			}
			out.WriteString(text[from:word])
			from = quote
			if mark == "_binary" {
				out.WriteString(bytesLiteral(text[quote:i]))
				from = i
			}
		default:
			i++
		}
	}
	out.WriteString(text[from:])
	return out.String()
}

// bytesLiteral writes a string in quotes as one of bytes.
func bytesLiteral(quoted string) string { return "X'" + hex.EncodeToString(unquote(quoted)) + "'" }

// endOfLine is the place behind the line that i is in.
func endOfLine(text string, i int) int {
	if k := strings.IndexByte(text[i:], '\n'); k >= 0 {
		return i + k + 1
	}
	return len(text)
}

// endOfComment is the place behind a comment that begins at i, and may hold others, as in the dialect; where nothing closes it, that of the
// text's end.
func endOfComment(text string, i int) int {
	for depth := 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(text[i:], "*/"):
			i++
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// endOfQuoted is the place behind a quoted token that begins at i; where nothing closes it, that of the text's end.
func endOfQuoted(text string, i int) (end int, closed bool) {
	q := text[i]
	for i++; i < len(text); i++ {
		switch {
		case text[i] == '\\' && q != '`':
			i++
		case text[i] == q && i+1 < len(text) && text[i+1] == q:
			i++
		case text[i] == q:
			return i + 1, true
		}
	}
	return len(text), false
}

// unquote gives the bytes of a string in quotes, by MySQL's escapes.
func unquote(s string) []byte {
	q, s := s[0], s[1:]
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == q:
			if i+1 == len(s) {
				return out
			}
			i++ // doubled
			out = append(out, q)
		case c == '\\' && i+1 < len(s):
			i++
			switch e := s[i]; e {
			case '0':
				out = append(out, 0)
			case 'b':
				out = append(out, '\b')
			case 'n':
				out = append(out, '\n')
			case 'r':
				out = append(out, '\r')
			case 't':
				out = append(out, '\t')
			case 'Z':
				out = append(out, 0x1a)
			default:
				out = append(out, e)
			}
		default:
			out = append(out, c)
		}
	}
	return out
}
