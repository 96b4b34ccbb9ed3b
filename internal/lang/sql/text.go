package sql

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// unquote decodes a tString or tIdent token. ok is false when an escape sequence is malformed or yields text that is
// not UTF-8. Where nothing is escaped the result is part of text.
func unquote(text string, d Dialect) (value string, ok bool) {
	switch c := text[0]; c {
	case '$':
		n := strings.IndexByte(text[1:], '$') + 2
		return text[n : len(text)-n], true
	case 'e', 'E':
		return undouble(text[2:len(text)-1], '\'', true, d == MySQL)
	case 'n', 'N':
		return undouble(text[2:len(text)-1], '\'', d == MySQL, true)
	default:
		return undouble(text[1:len(text)-1], c, d == MySQL && c != '`', true)
	}
}

func undouble(s string, q byte, escapes, mysql bool) (string, bool) {
	if strings.IndexByte(s, q) < 0 && (!escapes || strings.IndexByte(s, '\\') < 0) {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == q:
			b = append(b, q)
			i++ // the second of the pair
		case c == '\\' && escapes && i+1 < len(s):
			i++
			if mysql {
				b = appendMySQLEscape(b, s[i])
				continue
			}
			n, ok := appendPostgresEscape(&b, s[i:])
			if !ok {
				return "", false
			}
			i += n - 1
		default:
			b = append(b, c)
		}
	}
	return string(b), utf8.Valid(b)
}

func appendMySQLEscape(b []byte, c byte) []byte {
	switch c {
	case '0':
		return append(b, 0)
	case 'b':
		return append(b, '\b')
	case 'n':
		return append(b, '\n')
	case 'r':
		return append(b, '\r')
	case 't':
		return append(b, '\t')
	case 'Z':
		return append(b, 26)
	case '%', '_': // kept for LIKE
		return append(b, '\\', c)
	}
	return append(b, c)
}

// appendPostgresEscape decodes the escape whose part after the backslash starts s, and returns that part's length.
func appendPostgresEscape(b *[]byte, s string) (int, bool) {
	number := func(digits string, base int) (int, bool) {
		v, err := strconv.ParseUint(digits, base, 32)
		if err != nil {
			return 0, false
		}
		*b = utf8.AppendRune(*b, rune(v))
		return len(digits), utf8.ValidRune(rune(v))
	}
	span := func(from, most int, set string) string {
		n := from
		for n < len(s) && n < from+most && strings.IndexByte(set, s[n]) >= 0 {
			n++
		}
		return s[from:n]
	}
	const hex = "0123456789abcdefABCDEF"
	switch c := s[0]; c {
	case 'b':
		*b = append(*b, '\b')
	case 'f':
		*b = append(*b, '\f')
	case 'n':
		*b = append(*b, '\n')
	case 'r':
		*b = append(*b, '\r')
	case 't':
		*b = append(*b, '\t')
	case '0', '1', '2', '3', '4', '5', '6', '7':
		digits := span(0, 3, "01234567")
		v, err := strconv.ParseUint(digits, 8, 8)
		*b = append(*b, byte(v))
		return len(digits), err == nil
	case 'x':
		digits := span(1, 2, hex)
		v, err := strconv.ParseUint(digits, 16, 8)
		*b = append(*b, byte(v))
		return 1 + len(digits), err == nil
	case 'u', 'U':
		want := 4
		if c == 'U' {
			want = 8
		}
		digits := span(1, want, hex)
		if len(digits) != want {
			return 0, false
		}
		_, ok := number(digits, 16)
		return 1 + want, ok
	default:
		_, n := utf8.DecodeRuneInString(s)
		*b = append(*b, s[:n]...)
		return n, true
	}
	return 1, true
}

// unhex decodes X'0aff' or 0x0aff, which the lexer has checked. An odd digit at the start counts as one byte.
func unhex(text string) string {
	digits := text[2:]
	if text[0] == 'x' || text[0] == 'X' {
		digits = text[2 : len(text)-1]
	}
	if len(digits)%2 != 0 {
		digits = "0" + digits
	}
	b := make([]byte, len(digits)/2)
	for i := range b {
		v, _ := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
		b[i] = byte(v)
	}
	return string(b)
}

// fold is an unquoted identifier as catalogs know it.
func fold(word string) string {
	for i := 0; i < len(word); i++ {
		if c := word[i]; 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf {
			return strings.ToLower(word)
		}
	}
	return word
}
